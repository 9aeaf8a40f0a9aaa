//! When a certificate is renewed, and what takes its place.

use chrono::{DateTime, TimeDelta, Utc};
use entity::proxy::certificate::{ActiveModel, CertificateSource, Column, Entity, Model};
use sea_orm::{
    ActiveValue::{self, Set},
    IntoActiveModel as _,
};
use secrecy::SecretString;
use serde_json::json;

use super::{is_sound, pem};
use crate::{
    Result, World,
    audit::Audited,
    records::{self, Record as _},
    rights::{Granted, UpdateProxies},
    seal::Keyring,
    text::invalid,
    world::is_kept,
};

/// How many days before its end a certificate is due where nothing is said, as the table has it.
const DAYS: i32 = 30;

/// How many characters of a failure are kept.
const TOLD: usize = 1000;

/// What takes the place of a certificate.
#[derive(Clone, Debug)]
pub struct Renewal {
    /// The new certificate, in PEM.
    pub cert_data: String,
    /// Its private key, in PEM; none where it has the key of the one before, or the key is kept
    /// where the certificate comes from.
    pub key_data: Option<SecretString>,
    /// What signed it, in PEM.
    pub ca_chain: Option<String>,
}

/// Puts another certificate in the place of the one before, with its key and what signed it.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound) if there is no such certificate,
/// [`Error::Invalid`](crate::Error::Invalid) for a text that is none, one that is not good for
/// longer than the one before or not good any more, and a key that is none;
/// [`Error::Sealed`](crate::Error::Sealed) if the key cannot be sealed.
pub async fn renewed(
    unit: &Audited<'_>,
    by: &Granted<UpdateProxies>,
    (keys, world): (&Keyring, &World),
    id: i64,
    new: Renewal,
) -> Result<Model> {
    let before = records::locked::<Entity>(unit.tx(), id).await?;
    let until = pem::facts(&new.cert_data)?.valid_until;
    if until <= before.valid_until || until < unit.now() {
        let problem = "it is not good for longer than the one before";
        return Err(invalid(Entity::KIND, &until.to_rfc3339(), problem));
    }
    is_sound(new.key_data.as_ref())?;
    let mut row = before.into_active_model();
    row.cert_data = Set(new.cert_data);
    row.ca_chain = Set(new.ca_chain);
    row.last_renewed_at = Set(Some(unit.now()));
    row.renewal_error = Set(None);
    let mut model = records::write::<Entity>(unit.tx(), unit.now(), row).await?;
    if let Some(key) = &new.key_data {
        model =
            records::put::<Entity>(unit, (keys, world), model, Column::KeyData, Some(key)).await?;
    }
    let details = json!({
        "valid_until": model.valid_until.to_rfc3339(),
        "has_new_key": new.key_data.is_some(),
    });
    unit.record(records::did::<Entity>(by.to(), "renew", &model).with(details));
    Ok(model)
}

/// Takes down why a certificate could not be renewed. It stays as it is, and is due still.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound) if there is no such certificate.
pub async fn renewal_failed(
    unit: &Audited<'_>,
    by: &Granted<UpdateProxies>,
    id: i64,
    why: &str,
) -> Result<Model> {
    let before = records::locked::<Entity>(unit.tx(), id).await?;
    let mut row = before.into_active_model();
    let told = why.chars().filter(|c| *c != '\0').take(TOLD).collect();
    row.renewal_error = Set(Some(told));
    let model = records::write::<Entity>(unit.tx(), unit.now(), row).await?;
    unit.record(records::did::<Entity>(by.to(), "fail_to_renew", &model));
    Ok(model)
}

/// When the certificate is due: never, unless it renews itself and is in use.
///
/// # Errors
/// [`Error::Invalid`](crate::Error::Invalid) if it cannot renew itself, or the time is none that is
/// kept.
pub(super) fn due_at(row: &ActiveModel) -> Result<Option<DateTime<Utc>>> {
    if row.auto_renew.try_as_ref() != Some(&true) {
        return Ok(None);
    }
    if let Some(problem) = why_not(row) {
        return Err(invalid("auto_renew", "true", problem));
    }
    let is_active = row.is_active.try_as_ref().is_none_or(|is_active| *is_active);
    let until = row.valid_until.try_as_ref().filter(|until| is_active && is_kept(**until));
    let Some(until) = until else { return Ok(None) };
    let days = row.renew_before_days.try_as_ref().copied().unwrap_or(DAYS);
    let at = until.checked_sub_signed(TimeDelta::days(days.into())).filter(|at| is_kept(*at));
    if at.is_none() {
        return Err(invalid("renew_before_days", &days.to_string(), "it leads before 1970"));
    }
    Ok(at)
}

/// Why the certificate cannot renew itself, if it cannot.
fn why_not(row: &ActiveModel) -> Option<&'static str> {
    let lacks = |column: &ActiveValue<Option<String>>| {
        column.try_as_ref().and_then(Option::as_deref).is_none_or(str::is_empty)
    };
    match row.source_type.try_as_ref()? {
        CertificateSource::Upload => Some("what was brought cannot renew itself"),
        CertificateSource::Vault if lacks(&row.vault_path) => Some("`vault_path` is missing"),
        CertificateSource::Infisical if lacks(&row.infisical_secret_path) => {
            Some("`infisical_secret_path` is missing")
        }
        CertificateSource::Infisical if lacks(&row.infisical_project_id) => {
            Some("`infisical_project_id` is missing")
        }
        CertificateSource::Vault | CertificateSource::Infisical => None,
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::ActiveValue::Unchanged;

    use super::*;
    use crate::Error;

    const WEB: &str = include_str!("../../../tests/it/certificates/web.pem");

    fn vault() -> ActiveModel {
        ActiveModel {
            name: Set("web".to_owned()),
            cert_data: Set(WEB.to_owned()),
            source_type: Set(CertificateSource::Vault),
            vault_path: Set(Some("pki/issue/web".to_owned())),
            auto_renew: Set(true),
            ..Default::default()
        }
    }

    fn settled(row: &mut ActiveModel) -> Option<DateTime<Utc>> {
        Entity::settle(row).unwrap();
        *row.renew_at.try_as_ref().unwrap()
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn it_is_due_so_many_days_before_its_end() {
        assert_eq!(settled(&mut vault()), Some(at("2026-03-02T00:00:00Z")));
        for (days, due) in [
            (0, at("2026-04-01T00:00:00Z")),
            (1, at("2026-03-31T00:00:00Z")),
            (90, at("2026-01-01T00:00:00Z")),
        ] {
            let mut row = ActiveModel { renew_before_days: Set(days), ..vault() };

            assert_eq!(settled(&mut row), Some(due), "{days}");
        }
        for days in [20_545, i32::MAX] {
            let mut row = ActiveModel { renew_before_days: Set(days), ..vault() };

            let refused = Entity::settle(&mut row);

            assert!(
                matches!(refused, Err(Error::Invalid { kind: "renew_before_days", .. })),
                "{days}: {refused:?}"
            );
        }
    }

    #[test]
    fn what_is_out_of_use_or_does_not_renew_itself_is_never_due() {
        for mut row in [
            ActiveModel { is_active: Set(false), ..vault() },
            ActiveModel { auto_renew: Set(false), ..vault() },
            ActiveModel { auto_renew: ActiveValue::NotSet, ..vault() },
        ] {
            assert_eq!(settled(&mut row), None, "{row:?}");
        }
    }

    #[test]
    fn what_lacks_the_way_to_a_new_one_does_not_renew_itself() {
        use CertificateSource::{Infisical, Upload, Vault};

        let path = || Set(Some("/web".to_owned()));
        let empty = ActiveModel { vault_path: ActiveValue::NotSet, ..vault() };
        let complete = ActiveModel {
            source_type: Set(Infisical),
            infisical_secret_path: path(),
            infisical_project_id: path(),
            ..empty.clone()
        };
        for (mut row, is_good) in [
            (ActiveModel { source_type: Set(Upload), ..vault() }, false),
            (ActiveModel { source_type: Set(Vault), ..empty.clone() }, false),
            (ActiveModel { vault_path: Set(Some(String::new())), ..vault() }, false),
            (ActiveModel { vault_path: Unchanged(None), ..vault() }, false),
            (ActiveModel { vault_path: Unchanged(Some("pki".to_owned())), ..vault() }, true),
            (ActiveModel { infisical_secret_path: Set(None), ..complete.clone() }, false),
            (ActiveModel { infisical_project_id: Set(None), ..complete.clone() }, false),
            (complete, true),
        ] {
            let settled = Entity::settle(&mut row);

            assert_eq!(settled.is_ok(), is_good, "{row:?}: {settled:?}");
            row.auto_renew = Set(false);
            assert!(Entity::settle(&mut row).is_ok(), "{row:?}");
        }
    }

    #[test]
    fn what_has_not_changed_is_not_written_again() {
        let mut row = vault();
        Entity::settle(&mut row).unwrap();
        let mut row = ActiveModel {
            cert_data: Unchanged(WEB.to_owned()),
            valid_until: Unchanged(row.valid_until.unwrap()),
            renew_at: Unchanged(row.renew_at.unwrap()),
            auto_renew: Unchanged(true),
            ..vault()
        };

        Entity::settle(&mut row).unwrap();

        assert!(row.renew_at.is_unchanged() && row.valid_until.is_unchanged(), "{row:?}");
    }
}
