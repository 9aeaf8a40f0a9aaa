//! People: who they are, how they prove it, what roles they have, and what these allow.

pub mod api_key;
pub mod caller;
pub mod fold;
mod name;
pub mod password;
pub mod permission;
mod prune;
pub mod reset;
pub mod role;
pub(crate) mod secret;
pub mod session;
pub mod setup;
mod throttle;
pub mod totp;
pub mod user;
