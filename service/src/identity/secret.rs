//! Tokens and keys: what they look like, and how they are stored.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::SecretString;
use sha2::{Digest as _, Sha256};

use crate::World;

/// What a token is for. Each has a prefix, so that a token that is found somewhere tells what it is,
/// and none is taken for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Access,
    Refresh,
    PasswordReset,
    EmailVerification,
    ApiKey,
    Setup,
    /// What proxies register with.
    Cluster,
    /// What agents enrol with.
    Enrollment,
    /// What an agent proves itself with.
    Agent,
    /// What a display proves itself with.
    Display,
}

impl Purpose {
    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Self::Access => "pla_",
            Self::Refresh => "plr_",
            Self::PasswordReset => "plp_",
            Self::EmailVerification => "plv_",
            Self::ApiKey => "plk_",
            Self::Setup => "pls_",
            Self::Cluster => "plc_",
            Self::Enrollment => "ple_",
            Self::Agent => "plg_",
            Self::Display => "pld_",
        }
    }

    /// A new token: the prefix, and 256 random bits as 43 characters of URL-safe base64.
    pub(crate) fn make(self, world: &World) -> SecretString {
        let mut bits = [0; 32];
        world.random.fill(&mut bits);
        SecretString::from(format!("{}{}", self.prefix(), URL_SAFE_NO_PAD.encode(bits)))
    }

    /// The hash under which a token of this purpose is stored; `None` for a text that is none.
    pub(crate) fn read(self, text: &str) -> Option<String> {
        let digits = text.strip_prefix(self.prefix())?;
        let bits = URL_SAFE_NO_PAD.decode(digits).ok()?;
        (bits.len() == 32).then(|| hash(text))
    }
}

/// Whether the text is an API key that can have been brought in from elsewhere: 32 letters and digits,
/// as tronbyt makes them. A shorter one could be found by its hash.
pub(crate) fn is_brought_key(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// SHA-256 in hexadecimal: enough for what nobody can guess.
pub(crate) fn hash(text: &str) -> String {
    let halves = |byte: u8| [byte >> 4, byte & 15];
    let digits = Sha256::digest(text.as_bytes()).into_iter().flat_map(halves);
    let mut hash = String::with_capacity(64);
    hash.extend(digits.filter_map(|digit| char::from_digit(digit.into(), 16)));
    hash
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn a_token_is_read_for_its_own_purpose_only() {
        let token = Purpose::Access.make(&World::system());
        let token = token.expose_secret();

        assert_eq!(token.len(), 47);
        assert_eq!(Purpose::Access.read(token), Some(hash(token)));
        assert_eq!(Purpose::Refresh.read(token), None);
        for wrong in ["", "pla_", &token[..46], &format!("{token}A"), &token.replace("pla", "PLA")]
        {
            assert_eq!(Purpose::Access.read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn no_two_tokens_are_alike() {
        let [one, other] = [(); 2].map(|()| Purpose::Refresh.make(&World::system()));

        assert_ne!(one.expose_secret(), other.expose_secret());
    }

    #[test]
    fn the_hash_is_sha_256() {
        assert_eq!(hash("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
