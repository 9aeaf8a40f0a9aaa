//! What an administrator can change without a new release.

pub mod application_setting;
