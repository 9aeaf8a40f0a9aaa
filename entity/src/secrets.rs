//! Where secrets are kept, and those that are kept here, sealed.

pub mod encrypted_secret;
pub mod secret_backend;
