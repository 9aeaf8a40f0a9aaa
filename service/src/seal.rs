//! Secrets that must be read again, sealed: AES-256-GCM, bound to the place where they are stored.

use std::fmt;

use aes_gcm::{
    Aes256Gcm, KeyInit as _, Nonce,
    aead::{Aead as _, Payload},
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use crate::{Error, Result, World};

/// Where a secret is stored. What was sealed for one place cannot be opened at another, so that
/// nobody moves the secret of somebody else to where they can use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) table: &'static str,
    pub(crate) column: &'static str,
    pub(crate) row: i64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.table, self.column, self.row)
    }
}

/// Every column that holds something sealed: its table and its name, in the order in which another
/// key comes to seal them.
pub const SEALED: [(&str, &str); 8] = [
    ("users", "totp_secret"),
    ("encrypted_secrets", "encrypted_data"),
    ("services", "token"),
    ("services", "jwt_secret"),
    ("certificates", "key_data"),
    ("maas_configs", "api_key"),
    ("servers", "power_parameters"),
    ("elder_configs", "api_key"),
];

/// The keys that secrets are sealed with: the first seals, all of them open.
///
/// Made from `ENCRYPTION_KEY`: 32 bytes in base64, or several of them as `id:base64`, separated by
/// commas. Without one everything works that needs no secret.
#[derive(Clone, Default)]
pub struct Keyring {
    keys: Vec<(String, Aes256Gcm)>,
}

impl Keyring {
    /// The keys in the text; none in none.
    ///
    /// # Errors
    /// [`Error::Sealed`] for a text that is no list of keys; it is not repeated.
    pub fn read(text: Option<&SecretString>) -> Result<Self> {
        let mut keys: Vec<(String, Aes256Gcm)> = Vec::new();
        let text = text.map_or("", |text| text.expose_secret());
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (id, key) = part.split_once(':').unwrap_or(("1", part));
            if !is_id(id) {
                return Err(unsealable("seal", "the id of a key is 1 to 16 letters or digits"));
            }
            if keys.iter().any(|(known, _)| known == id) {
                return Err(unsealable("seal", &format!("two keys have the id `{id}`")));
            }
            let bytes = Zeroizing::new(STANDARD.decode(key.trim()).unwrap_or_default());
            let Ok(cipher) = Aes256Gcm::new_from_slice(&bytes) else {
                let problem = format!("the key `{id}` is not 32 bytes in base64");
                return Err(unsealable("seal", &problem));
            };
            keys.push((id.to_owned(), cipher));
        }
        Ok(Self { keys })
    }

    /// The id of the key that seals.
    ///
    /// # Errors
    /// [`Error::Sealed`] without a key.
    pub(crate) fn first(&self) -> Result<&str> {
        self.sealing().map(|(id, _)| id.as_str())
    }

    /// Seals a secret for a place: `v1.<id of the key>.<nonce and ciphertext in base64>`.
    ///
    /// # Errors
    /// [`Error::Sealed`] without a key.
    pub(crate) fn seal(&self, world: &World, place: Place, secret: &[u8]) -> Result<String> {
        let (id, cipher) = self.sealing()?;
        let mut nonce = [0; 12];
        world.random.fill(&mut nonce);
        let place = place.to_string();
        let payload = Payload { msg: secret, aad: place.as_bytes() };
        let sealed = cipher
            .encrypt(&Nonce::from(nonce), payload)
            .map_err(|_| unsealable("seal", "it is too long"))?;
        let body = URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat());
        Ok(format!("v1.{id}.{body}"))
    }

    /// Opens what was sealed for that place.
    ///
    /// # Errors
    /// [`Error::Sealed`] if the key is not there any more, or the text was sealed for another place
    /// or changed since.
    pub(crate) fn open(&self, place: Place, sealed: &str) -> Result<Zeroizing<Vec<u8>>> {
        let unreadable = || unsealable("open", "it is not of the form that sealing gives");
        let (id, body) = parts(sealed).ok_or_else(unreadable)?;
        let Some((_, cipher)) = self.keys.iter().find(|(known, _)| known == id) else {
            let problem = format!("ENCRYPTION_KEY has no key with the id `{id}`");
            return Err(Error::Sealed { doing: "open", lacks_key: true, problem });
        };
        let body = URL_SAFE_NO_PAD.decode(body).map_err(|_| unreadable())?;
        let (nonce, message) = body.split_at_checked(12).ok_or_else(unreadable)?;
        let nonce = Nonce::try_from(nonce).map_err(|_| unreadable())?;
        let place = place.to_string();
        let payload = Payload { msg: message, aad: place.as_bytes() };
        cipher
            .decrypt(&nonce, payload)
            .map(Zeroizing::new)
            .map_err(|_| unsealable("open", "another key sealed it, or for another place"))
    }

    fn sealing(&self) -> Result<&(String, Aes256Gcm)> {
        self.keys.first().ok_or_else(|| Error::Sealed {
            doing: "seal",
            lacks_key: true,
            problem: "ENCRYPTION_KEY is not set".to_owned(),
        })
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|(id, _)| id)).finish()
    }
}

/// The id of the key that sealed the text; none for what sealing does not give.
pub(crate) fn key_of(sealed: &str) -> Option<&str> {
    parts(sealed).map(|(id, _)| id)
}

/// The id of the key, and the nonce and ciphertext in base64.
fn parts(sealed: &str) -> Option<(&str, &str)> {
    sealed.strip_prefix("v1.")?.split_once('.').filter(|(id, _)| is_id(id))
}

fn is_id(text: &str) -> bool {
    let sound = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    (1..=16).contains(&text.len()) && text.chars().all(sound)
}

/// The refusal, where no key is missing.
pub(crate) fn unsealable(doing: &'static str, problem: &str) -> Error {
    Error::Sealed { doing, lacks_key: false, problem: problem.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "old:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    const NEW: &str = "new:ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=";
    const PLACE: Place = Place { table: "users", column: "totp_secret", row: 7 };

    fn keyring(text: &str) -> Keyring {
        Keyring::read(Some(&SecretString::from(text))).unwrap()
    }

    #[test]
    fn what_is_sealed_is_opened_by_the_same_key_at_the_same_place() {
        let keys = keyring(OLD);

        let sealed = keys.seal(&World::system(), PLACE, b"seed").unwrap();

        assert!(sealed.starts_with("v1.old."), "{sealed}");
        assert_eq!(keys.open(PLACE, &sealed).unwrap().as_slice(), b"seed");
        assert_ne!(keys.seal(&World::system(), PLACE, b"seed").unwrap(), sealed);
        for other in [
            Place { row: 8, ..PLACE },
            Place { column: "bio", ..PLACE },
            Place { table: "roles", ..PLACE },
        ] {
            let refused = keys.open(other, &sealed);
            assert!(
                matches!(refused, Err(Error::Sealed { doing: "open", lacks_key: false, .. })),
                "{other}"
            );
        }
    }

    #[test]
    fn the_first_key_seals_and_all_of_them_open() {
        let sealed = keyring(OLD).seal(&World::system(), PLACE, b"seed").unwrap();
        let both = keyring(&format!("{NEW}, {OLD}"));

        assert_eq!(both.open(PLACE, &sealed).unwrap().as_slice(), b"seed");
        assert!(both.seal(&World::system(), PLACE, b"seed").unwrap().starts_with("v1.new."));
        let refused = keyring(NEW).open(PLACE, &sealed).unwrap_err();
        assert!(refused.to_string().contains("`old`"), "{refused}");
        assert!(matches!(refused, Error::Sealed { lacks_key: true, .. }), "{refused}");
    }

    #[test]
    fn what_is_sealed_tells_by_which_key_and_nothing_else_tells_any() {
        let both = keyring(&format!("{NEW},{OLD}"));

        let sealed = both.seal(&World::system(), PLACE, b"seed").unwrap();

        assert_eq!((both.first().unwrap(), key_of(&sealed)), ("new", Some("new")));
        for other in ["", "seed", "v1.old", "v2.old.AAAA", "v1..AAAA", "v1.a seed.AAAA"] {
            assert_eq!(key_of(other), None, "{other}");
        }
        assert!(matches!(Keyring::default().first(), Err(Error::Sealed { doing: "seal", .. })));
    }

    #[test]
    fn what_was_changed_is_not_opened() {
        let keys = keyring(OLD);
        let sealed = keys.seal(&World::system(), PLACE, b"seed").unwrap();

        for at in 0..sealed.len() {
            let mut changed = sealed.clone().into_bytes();
            changed[at] = if changed[at] == b'B' { b'C' } else { b'B' };
            let changed = String::from_utf8(changed).unwrap();

            // The last character of base64 has bits that mean nothing; they must be zero.
            assert!(keys.open(PLACE, &changed).is_err(), "{at}");
        }
        for wrong in ["", "v1", "v1.old", "v1.old.", "v1.old.AAAA", "seed"] {
            assert!(keys.open(PLACE, wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn keys_that_are_none_are_refused_without_being_repeated() {
        for wrong in ["geheim", "1:geheim", "a b:geheim", &format!("{OLD},{OLD}"), ":geheim"] {
            let refused = Keyring::read(Some(&SecretString::from(wrong))).unwrap_err();

            assert!(!refused.to_string().contains("geheim"), "{refused}");
        }
        let none = Keyring::read(None).unwrap();
        let refused = none.seal(&World::system(), PLACE, b"seed");
        assert!(matches!(refused, Err(Error::Sealed { doing: "seal", lacks_key: true, .. })));
    }
}
