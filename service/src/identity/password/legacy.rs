//! Hashes that werkzeug (`method$salt$hex`) and bcrypt made, as tronbyt, `MarchProxy` and others have them:
//! good for logging in once, and replaced then.

use pbkdf2::pbkdf2_hmac;
use scrypt::scrypt;
use sha2::{Sha256, Sha512};

/// The most memory that comparing with a foreign hash takes, in bytes.
const MOST_MEMORY: u64 = 64 * 1024 * 1024;
/// The most rounds that comparing with a foreign hash takes.
const MOST_ROUNDS: u32 = 5_000_000;
/// The highest cost of bcrypt that is compared with: 2^14 rounds, a second or so.
const MOST_COST: u32 = 14;

/// A hash that a password can be compared with.
#[derive(Debug)]
pub(super) struct Legacy<'h> {
    method: Method,
    salt: &'h str,
    expected: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
enum Method {
    Scrypt {
        log_n: u8,
        r: u32,
        p: u32,
    },
    Pbkdf2Sha256 {
        rounds: u32,
    },
    Pbkdf2Sha512 {
        rounds: u32,
    },
    /// The whole hash stands in the place of the salt.
    Bcrypt,
}

/// Whether somebody with the right password gets in by that hash, a PHC string of Argon2 or one of
/// werkzeug or bcrypt.
///
/// # Errors
/// Why not, without the hash.
pub(crate) fn looks_verifiable(hash: &str) -> Result<(), String> {
    if hash.starts_with("$argon2") {
        return Ok(());
    }
    Legacy::read(hash).map(drop)
}

impl<'h> Legacy<'h> {
    /// Whether it has the form of such a hash at all.
    pub(super) fn is_meant(hash: &str) -> bool {
        hash.starts_with("scrypt:") || hash.starts_with("pbkdf2:") || bcrypt_cost(hash).is_some()
    }

    pub(super) fn read(hash: &'h str) -> Result<Self, String> {
        let unknown = || "the hash cannot be verified: its method is not known".to_owned();
        if let Some(cost) = bcrypt_cost(hash) {
            return match hash.parse::<bcrypt::HashParts>() {
                Err(_) => Err("the hash cannot be verified: it is cut off".to_owned()),
                Ok(_) if cost > MOST_COST => {
                    Err("the hash cannot be verified: it takes too long".to_owned())
                }
                Ok(_) => Ok(Self { method: Method::Bcrypt, salt: hash, expected: Vec::new() }),
            };
        }
        let mut parts = hash.splitn(3, '$');
        let (Some(method), Some(salt), Some(hex)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(unknown());
        };
        let fields: Vec<&str> = method.split(':').collect();
        let number = |text: &str| text.parse::<u32>().map_err(|_| unknown());
        let method = match fields[..] {
            ["scrypt", n, r, p] => {
                let (n, r, p) = (number(n)?, number(r)?, number(p)?);
                let memory = 128 * u64::from(n) * u64::from(r);
                if !n.is_power_of_two() || n < 2 || r == 0 || p == 0 || p > 16 {
                    return Err(unknown());
                }
                if memory > MOST_MEMORY {
                    return Err("the hash cannot be verified: it takes too much memory".to_owned());
                }
                let log_n = u8::try_from(n.trailing_zeros()).map_err(|_| unknown())?;
                Method::Scrypt { log_n, r, p }
            }
            ["pbkdf2", kind, rounds] => {
                let rounds = number(rounds)?;
                if rounds == 0 || rounds > MOST_ROUNDS {
                    return Err("the hash cannot be verified: it takes too long".to_owned());
                }
                match kind {
                    "sha256" => Method::Pbkdf2Sha256 { rounds },
                    "sha512" => Method::Pbkdf2Sha512 { rounds },
                    _ => return Err(unknown()),
                }
            }
            _ => return Err(unknown()),
        };
        let expected = bytes(hex).ok_or_else(|| {
            "the hash cannot be verified: it is cut off, or is no hexadecimal number".to_owned()
        })?;
        let length = match method {
            Method::Pbkdf2Sha256 { .. } => 32,
            _ => 64,
        };
        if salt.is_empty() || expected.len() != length {
            return Err("the hash cannot be verified: it has not the length of one".to_owned());
        }
        Ok(Self { method, salt, expected })
    }

    /// Whether it is the hash of that password.
    pub(super) fn is_of(&self, password: &str) -> bool {
        let (password, salt) = (password.as_bytes(), self.salt.as_bytes());
        let mut made = vec![0; self.expected.len()];
        match self.method {
            Method::Scrypt { log_n, r, p } => {
                let Ok(params) = scrypt::Params::new(log_n, r, p) else { return false };
                if scrypt(password, salt, &params, &mut made).is_err() {
                    return false;
                }
            }
            Method::Pbkdf2Sha256 { rounds } => {
                pbkdf2_hmac::<Sha256>(password, salt, rounds, &mut made);
            }
            Method::Pbkdf2Sha512 { rounds } => {
                pbkdf2_hmac::<Sha512>(password, salt, rounds, &mut made);
            }
            Method::Bcrypt => return bcrypt::verify(password, self.salt).unwrap_or_default(),
        }
        // In constant time.
        let differ =
            made.iter().zip(&self.expected).fold(0, |all, (one, other)| all | (one ^ other));
        differ == 0
    }
}

/// The cost in a hash of bcrypt: `$2b$12$…`.
fn bcrypt_cost(hash: &str) -> Option<u32> {
    let (_, rest) = ["$2a$", "$2b$", "$2x$", "$2y$"]
        .iter()
        .find_map(|mark| Some((mark, hash.strip_prefix(mark)?)))?;
    rest.split('$').next()?.parse().ok()
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    if !hex.len().is_multiple_of(2) || !hex.is_ascii() {
        return None;
    }
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    // `python3 -c "import hashlib as h; print(h.scrypt(b'secret', salt=b'salt', n=32768, r=8, p=1, maxmem=2**26, dklen=64).hex())"`
    const SCRYPT: &str = "fe2c14d42965d292019755b7f7afade5854120d07806951a23ee52c8e8116aeaa01a2b564ae166926c584cee9b6173c243061463ba23a7147a2459b179fc9c4c";
    const PBKDF2: &str = "a8df899f3c4f204d967e0ad63c092987c10055ebb017b3d9d28add218d4f7aad";

    #[test]
    fn the_right_password_is_that_of_the_hash_and_no_other_is() {
        for hash in
            [format!("scrypt:32768:8:1$salt${SCRYPT}"), format!("pbkdf2:sha256:1000$salt${PBKDF2}")]
        {
            let legacy = Legacy::read(&hash).unwrap();

            assert!(legacy.is_of("secret") && !legacy.is_of("Secret"), "{hash}");
        }
    }

    /// From the test vectors of Openwall's `crypt_blowfish`.
    #[test]
    fn a_hash_of_bcrypt_is_that_of_its_password() {
        let hash = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
        let legacy = Legacy::read(hash).unwrap();

        assert!(legacy.is_of("U*U") && !legacy.is_of("U*V"));
        assert_eq!(looks_verifiable(hash), Ok(()));
    }

    #[test]
    fn what_cannot_be_verified_says_why() {
        for hash in [
            "",
            "plain",
            "scrypt:x$y$02",
            "scrypt:32768:8:1$salt$00",
            "scrypt:32767:8:1$salt$00",
            "scrypt:1073741824:8:1$salt$00",
            "pbkdf2:md5:1000$salt$00",
            "pbkdf2:sha256:0$salt$00",
            "pbkdf2:sha256:1000$salt$zz",
            "$2b$12$cutoff",
            "$2b$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        ] {
            let refused = looks_verifiable(hash).unwrap_err();

            assert!(refused.starts_with("the hash cannot be verified"), "{hash}: {refused}");
        }
        assert_eq!(looks_verifiable("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA"), Ok(()));
    }
}
