//! People, what they may do, and what proves that it is they who ask.

pub mod access_token;
pub mod api_key;
pub mod authz_version;
pub mod email_verification;
pub mod idempotency_key;
pub mod login_throttle;
pub mod mail;
pub mod password_reset;
pub mod permission;
pub mod recovery_code;
pub mod refresh_token;
pub mod role;
pub mod role_permission;
pub mod setup_token;
pub mod user;
pub mod user_role;
