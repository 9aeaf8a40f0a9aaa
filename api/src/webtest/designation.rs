//! What an environment is for, as an address names it.

use serde::Deserialize;
use service::webtest::environment::EnvironmentDesignation;
use utoipa::{IntoParams, ToSchema};

/// What an environment is for.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Designation {
    Local,
    Dev,
    Qa,
    Auto,
    Uat,
    Prod,
}

/// Which environments are meant.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Designated {
    /// What they are for.
    #[param(inline)]
    pub(super) designation: Designation,
}

impl From<Designation> for EnvironmentDesignation {
    fn from(designation: Designation) -> Self {
        match designation {
            Designation::Local => Self::Local,
            Designation::Dev => Self::Dev,
            Designation::Qa => Self::Qa,
            Designation::Auto => Self::Auto,
            Designation::Uat => Self::Uat,
            Designation::Prod => Self::Prod,
        }
    }
}
