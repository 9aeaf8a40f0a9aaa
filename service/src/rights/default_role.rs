//! The role that a new person gets.

use entity::identity::role;
use sea_orm::ConnectionTrait;

use super::{Grantee, exceed};
use crate::{Error, Result, identity::fold::sought, lookup::by_text};

/// The setting that names it.
pub(crate) const SETTING: &str = "users.default_role";

/// The role of that name, in whatever case.
pub(crate) async fn named(db: &impl ConnectionTrait, name: &str) -> Result<Option<role::Model>> {
    by_text::<role::Entity>(db, role::Column::NameKey, &sought(name), |role| Some(&role.name_key))
        .await
}

/// Refuses a name that no role has, and a role that has more rights than who chooses it: whoever is
/// added by somebody else would have them.
///
/// # Errors
/// [`Error::Invalid`], [`Error::Exceeds`].
pub(crate) async fn choose(db: &impl ConnectionTrait, by: &Grantee, name: &str) -> Result<()> {
    let role = named(db, name).await?.ok_or_else(|| Error::Invalid {
        kind: "default role",
        input: name.chars().take(80).collect(),
        problem: "there is no such role".to_owned(),
    })?;
    exceed::role(db, by, &role).await
}
