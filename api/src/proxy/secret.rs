//! Secrets of services and certificates, as they come in and go out.

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A secret to seal.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewProxySecret {
    /// Not empty; 32 KiB at most.
    #[schema(value_type = String, write_only)]
    pub(super) value: SecretString,
}

/// A secret in clear.
#[derive(Serialize, ToSchema)]
pub(super) struct RevealedProxySecret {
    /// Null where there is none.
    pub(super) value: Option<String>,
}
