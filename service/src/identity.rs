//! People: who they are, how they prove it, what roles they have, and what these allow.

pub mod api_key;
pub mod caller;
pub mod fold;
pub mod idempotency;
mod name;
pub mod password;
pub mod permission;
mod prune;
pub mod recovery_code;
pub mod registration;
pub mod reset;
pub mod role;
pub mod second_factor;
pub(crate) mod secret;
pub mod session;
pub mod setup;
mod throttle;
pub mod totp;
pub mod user;
pub mod verification;
