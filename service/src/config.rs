//! What the services are told from outside.

use plimsoll::config::{Env, Variable};
use secrecy::SecretString;

use crate::{Result, seal::Keyring};

/// What secrets are sealed with.
pub const ENCRYPTION_KEY: Variable = Variable {
    name: "ENCRYPTION_KEY",
    aliases: &[],
    about: "Seals stored secrets: 32 bytes in base64, or several as id:base64 with commas between; the first seals, all open.",
    default: None,
};
/// The name of the administrator that `create-admin` makes.
pub const ADMIN_USERNAME: Variable = Variable {
    name: "ADMIN_USERNAME",
    aliases: &[],
    about: "The name of the administrator that `cargo run -p service -- create-admin` makes; asked for when not set.",
    default: None,
};
/// The e-mail address of the administrator that `create-admin` makes.
pub const ADMIN_EMAIL: Variable = Variable {
    name: "ADMIN_EMAIL",
    aliases: &[],
    about: "The e-mail address of that administrator.",
    default: None,
};
/// The password of the administrator that `create-admin` makes.
pub const ADMIN_PASSWORD: Variable = Variable {
    name: "ADMIN_PASSWORD",
    aliases: &[],
    about: "The password of that administrator; asked for when not set.",
    default: None,
};

/// What the services read, besides what the engine reads.
pub const VARIABLES: &[Variable] = &[ENCRYPTION_KEY, ADMIN_USERNAME, ADMIN_EMAIL, ADMIN_PASSWORD];

/// The keys that secrets are sealed with; none when `ENCRYPTION_KEY` is not set.
///
/// # Errors
/// [`Error::Config`](crate::Error::Config) for a value that is not UTF-8,
/// [`Error::Sealed`](crate::Error::Sealed) for one that is no list of keys.
pub fn keyring(env: &Env) -> Result<Keyring> {
    let text = env.get(&ENCRYPTION_KEY)?.map(SecretString::from);
    Keyring::read(text.as_ref())
}
