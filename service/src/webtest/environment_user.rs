//! Test users: whom tests log in as, and where their passwords are.

pub use entity::webtest::environment_user::{Model, SecretProvider};
use entity::{
    secrets::encrypted_secret,
    webtest::environment_user::{ActiveModel, Column, Entity},
};
use sea_orm::{
    ActiveEnum as _,
    ActiveValue::{self, Set},
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, Value,
};
use secrecy::SecretString;

use super::Webtest;
use crate::{
    Error, Result,
    audit::Audited,
    records::{self, Record},
    rights::{Granted, ReadWebtest, RevealSecrets},
    rule::Rule,
    seal::Keyring,
    secrets::secret,
    text::{self, invalid},
};

impl Record for Entity {
    type Domain = Webtest;

    const KIND: &'static str = "test user";

    fn settle(row: &mut ActiveModel) -> Result<()> {
        if let Set(name) = &row.username {
            text::key("name of a test user", name, 96)?;
        }
        if let Set(Some(url)) = &row.secret_url {
            text::address("secret_url", url)?;
        }
        if let Set(Some(name)) = &row.secret_name {
            text::key("secret_name", name, 1024)?;
        }
        let outside = [has(&row.secret_provider), has(&row.secret_url), has(&row.secret_name)];
        let problem = match (has(&row.secret_id), outside) {
            (_, [false, false, false]) | (false, [true, true, true]) => return Ok(()),
            (false, _) => "a provider, an address and a name go together",
            (true, _) => "a password is kept here or by a provider, not both",
        };
        Err(invalid(Self::KIND, "secret_id", problem))
    }
}

fn has<V>(value: &ActiveValue<Option<V>>) -> bool
where
    Option<V>: Into<Value>,
{
    value.try_as_ref().is_some_and(Option::is_some)
}

/// The user of that name in an environment.
///
/// # Errors
/// [`Error::NotFound`] if there is none.
pub async fn by_name(
    db: &impl ConnectionTrait,
    _by: &Granted<ReadWebtest>,
    environment_id: i64,
    username: &str,
) -> Result<Model> {
    let missing = || Error::not_found(Entity::KIND, username);
    // PostgreSQL refuses even a question with such a character.
    if username.contains('\0') {
        return Err(missing());
    }
    let found = Entity::find()
        .filter(Column::EnvironmentId.eq(environment_id))
        .filter(Column::Username.eq(username))
        .one(db)
        .await?;
    // MySQL takes a text for equal to itself with spaces behind it.
    found.filter(|user| user.username == username).ok_or_else(missing)
}

/// Reads the password of a test user in clear, which is written to the audit log; none of one who
/// has none.
///
/// # Errors
/// [`Error::NotFound`] if there is no such user, [`Rule::Elsewhere`] with the place if a provider
/// keeps the password, [`Error::Sealed`] if the key that sealed it is not there,
/// [`Error::Malformed`] if it is no text.
pub async fn password(
    unit: &Audited<'_>,
    by: &Granted<RevealSecrets>,
    keys: &Keyring,
    id: i64,
) -> Result<Option<SecretString>> {
    let user = records::found::<Entity>(unit.tx(), id).await?;
    if let (Some(provider), Some(url), Some(name)) =
        (user.secret_provider, &user.secret_url, &user.secret_name)
    {
        let because = format!(
            "the password of test user `{}` is kept by `{}` at `{url}` under `{name}`",
            user.username,
            provider.to_value()
        );
        return Err(Rule::Elsewhere.refuses(because));
    }
    let Some(secret_id) = user.secret_id else { return Ok(None) };
    let kept = encrypted_secret::Entity::find_by_id(secret_id).one(unit.tx()).await?;
    let kept = kept.ok_or_else(|| Error::not_found("secret", secret_id.to_string()))?;
    let password = secret::reveal(unit, by, keys, &kept.path).await?;
    unit.record(records::did::<Entity>(by.to(), "reveal", &user));
    Ok(Some(password))
}

#[cfg(test)]
mod tests {
    use sea_orm::ActiveValue::Unchanged;

    use super::*;

    #[test]
    fn a_password_is_kept_here_or_by_a_provider_or_not_at_all() {
        let text = |text: &str| Set(Some(text.to_owned()));
        let nobody = ActiveModel {
            username: Set("admin".to_owned()),
            secret_id: Set(None),
            secret_url: Set(None),
            ..Default::default()
        };
        let here = ActiveModel { secret_id: Unchanged(Some(7)), ..nobody.clone() };
        let outside = ActiveModel {
            secret_provider: Set(Some(SecretProvider::Azure)),
            secret_url: text("https://vault.example.org"),
            secret_name: text("admin"),
            ..nobody.clone()
        };

        for mut good in [nobody.clone(), here.clone(), outside.clone()] {
            assert!(Entity::settle(&mut good).is_ok(), "{good:?}");
        }
        for mut wrong in [
            ActiveModel { secret_id: Set(Some(7)), ..outside.clone() },
            ActiveModel { secret_name: text("admin"), ..here },
            ActiveModel { secret_name: text("admin"), ..nobody.clone() },
            ActiveModel { secret_provider: Set(None), ..outside.clone() },
            ActiveModel { secret_url: Set(None), ..outside.clone() },
            ActiveModel { secret_url: text("https://ana:geheim@vault"), ..outside.clone() },
            ActiveModel { secret_name: text(""), ..outside },
            ActiveModel { username: Set(" admin".to_owned()), ..nobody },
        ] {
            assert!(matches!(Entity::settle(&mut wrong), Err(Error::Invalid { .. })), "{wrong:?}");
        }
    }
}
