//! Certificates: what they say, when they end, and what takes their place.

use chrono::{DateTime, TimeDelta, Utc};
use entity::{
    audit::system_log,
    proxy::certificate::{self as certificates, CertificateSource},
};
use plimsoll::retry::BoxFuture;
use sea_orm::{
    ActiveModelBehavior, ActiveModelTrait, ActiveValue::Set, DatabaseConnection, EntityTrait,
    PaginatorTrait, Value,
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use service::{
    Error, Result, World,
    audit::audited,
    proxy::certificate::{self, Renewal},
    records::{self, Record},
    rights::{CreateProxies, ReadProxies, RevealSecrets, UpdateProxies},
    seal::Keyring,
};

use super::{at, world_at};
use crate::people::admin;

plimsoll::on_every_database!(migration::app:
    a_certificate_is_read_from_its_text,
    nobody_says_beside_it_what_a_certificate_says,
    a_text_that_is_no_certificate_is_refused,
    a_certificate_that_ends_when_no_database_keeps_the_time_is_refused,
    it_is_due_while_it_renews_itself_and_is_in_use,
    what_ends_is_listed_and_what_ends_first_comes_first,
    a_list_goes_on_behind_the_one_before,
    a_renewal_takes_the_place_of_what_was_there,
    a_renewal_that_is_none_changes_nothing,
    a_certificate_that_could_not_be_renewed_stays_and_is_due,
);

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

const CA: &str = include_str!("../certificates/ca.pem");
const WEB: &str = include_str!("../certificates/web.pem");
const RENEWED: &str = include_str!("../certificates/web-renewed.pem");
const PAST: &str = include_str!("../certificates/past.pem");
const DISTANT: &str = include_str!("../certificates/distant.pem");

/// Texts that look like private keys.
const OLD_KEY: &str = "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n";
const NEW_KEY: &str = "-----BEGIN EC PRIVATE KEY-----\nMAA=\n-----END EC PRIVATE KEY-----\n";

fn keys() -> Keyring {
    Keyring::read(Some(&KEY.into())).unwrap()
}

/// A certificate that somebody brought.
fn brought(name: &str, text: &str) -> certificates::ActiveModel {
    certificates::ActiveModel {
        name: Set(name.to_owned()),
        cert_data: Set(text.to_owned()),
        source_type: Set(CertificateSource::Upload),
        ..Default::default()
    }
}

/// A certificate that renews itself.
fn renewing(name: &str, text: &str) -> certificates::ActiveModel {
    certificates::ActiveModel {
        source_type: Set(CertificateSource::Vault),
        vault_path: Set(Some("pki/issue/web".to_owned())),
        auto_renew: Set(true),
        ..brought(name, text)
    }
}

async fn add(
    db: &DatabaseConnection,
    row: certificates::ActiveModel,
) -> Result<certificates::Model> {
    let by = &admin::<CreateProxies>(db).await;
    let row = &row;
    audited(db, &World::system(), |unit, _| {
        Box::pin(records::create::<certificates::Entity>(unit, by, row.clone())) as BoxFuture<'_, _>
    })
    .await
}

async fn change(
    db: &DatabaseConnection,
    id: i64,
    changes: certificates::ActiveModel,
) -> Result<certificates::Model> {
    let by = &admin::<UpdateProxies>(db).await;
    let changes = &changes;
    audited(db, &World::system(), |unit, _| {
        let changes = changes.clone();
        Box::pin(records::update::<certificates::Entity>(unit, by, id, changes)) as BoxFuture<'_, _>
    })
    .await
}

async fn renew(
    db: &DatabaseConnection,
    world: &World,
    id: i64,
    new: Renewal,
) -> Result<certificates::Model> {
    let by = &admin::<UpdateProxies>(db).await;
    let (keys, new) = (&keys(), &new);
    audited(db, world, |unit, _| {
        let with = (keys, world);
        Box::pin(certificate::renewed(unit, by, with, id, new.clone())) as BoxFuture<'_, _>
    })
    .await
}

fn to(text: &str, key: Option<&str>) -> Renewal {
    Renewal {
        cert_data: text.to_owned(),
        key_data: key.map(SecretString::from),
        ca_chain: Some(CA.to_owned()),
    }
}

async fn fail(
    db: &DatabaseConnection,
    world: &World,
    id: i64,
    why: &str,
) -> Result<certificates::Model> {
    let by = &admin::<UpdateProxies>(db).await;
    audited(db, world, |unit, _| {
        Box::pin(certificate::renewal_failed(unit, by, id, why)) as BoxFuture<'_, _>
    })
    .await
}

async fn reveal(db: &DatabaseConnection, id: i64) -> Option<String> {
    let by = &admin::<RevealSecrets>(db).await;
    let (keys, column) = (&keys(), certificates::Column::KeyData);
    let secret: Option<SecretString> = audited(db, &World::system(), |unit, _| {
        Box::pin(records::reveal::<certificates::Entity>(unit, by, keys, id, column))
            as BoxFuture<'_, _>
    })
    .await
    .unwrap();
    secret.map(|secret| secret.expose_secret().to_owned())
}

fn names(rows: &[certificates::Model]) -> Vec<&str> {
    rows.iter().map(|row| row.name.as_str()).collect()
}

async fn a_certificate_is_read_from_its_text(db: &DatabaseConnection) {
    let chained =
        certificates::ActiveModel { ca_chain: Set(Some(CA.to_owned())), ..brought("web", WEB) };

    let row = add(db, chained).await.unwrap();

    assert_eq!(row.common_name.as_deref(), Some("web.example.org"));
    assert_eq!(row.issuer.as_deref(), Some("CN=Testing CA, O=Plimsoll"));
    assert_eq!(
        row.subject_alt_names,
        json!([
            "web.example.org",
            "*.web.example.org",
            "192.0.2.7",
            "2001:db8::7",
            "web@example.org",
            "https://web.example.org/",
        ])
    );
    let (from, until) = (at("2026-01-01T00:00:00Z"), at("2026-04-01T00:00:00Z"));
    assert_eq!((row.valid_from, row.valid_until), (Some(from), until));
    assert_eq!((row.renew_at, row.key_data), (None, None));
    let other = certificates::ActiveModel { cert_data: Set(PAST.to_owned()), ..Default::default() };
    let row = change(db, row.id, other).await.unwrap();
    assert_eq!(row.common_name.as_deref(), Some("past.example.org"));
    assert_eq!(row.subject_alt_names, json!([]));
    assert_eq!(row.valid_until, at("2025-04-01T00:00:00Z"));
}

async fn nobody_says_beside_it_what_a_certificate_says(db: &DatabaseConnection) {
    let row = add(db, brought("web", WEB)).await.unwrap();
    let later = Some(at("2030-01-01T00:00:00Z"));

    for column in certificates::Entity::GUARDED {
        let value = match column {
            certificates::Column::CommonName
            | certificates::Column::Issuer
            | certificates::Column::RenewalError => Value::from("mine"),
            certificates::Column::SubjectAltNames => Value::from(json!(["mine"])),
            _ => Value::from(later),
        };
        let mut said = certificates::ActiveModel::new();
        said.set(*column, value.clone());
        let mut new = brought("another", WEB);
        new.set(*column, value);

        for refused in [change(db, row.id, said).await, add(db, new).await] {
            assert!(
                matches!(refused, Err(Error::Invalid { kind: "certificate", .. })),
                "{column:?}: {refused:?}"
            );
        }
    }
    assert_eq!(certificates::Entity::find().count(db).await.unwrap(), 1);
}

async fn a_text_that_is_no_certificate_is_refused(db: &DatabaseConnection) {
    let row = add(db, brought("web", WEB)).await.unwrap();

    for wrong in ["", "web.example.org", OLD_KEY, &format!("{WEB}{CA}"), &format!("{OLD_KEY}{WEB}")]
    {
        let text =
            certificates::ActiveModel { cert_data: Set(wrong.to_owned()), ..Default::default() };
        for refused in [add(db, brought("new", wrong)).await, change(db, row.id, text).await] {
            let Err(Error::Invalid { kind: "certificate", input, .. }) = &refused else {
                panic!("{wrong}: {refused:?}")
            };
            assert_eq!(input, "***");
        }
    }
    for wrong in ["", "ca", OLD_KEY] {
        let chain = certificates::ActiveModel {
            ca_chain: Set(Some(wrong.to_owned())),
            ..Default::default()
        };
        let refused = change(db, row.id, chain).await;
        assert!(
            matches!(refused, Err(Error::Invalid { kind: "chain of a certificate", .. })),
            "{wrong}: {refused:?}"
        );
    }
    assert_eq!(certificates::Entity::find().count(db).await.unwrap(), 1);
}

async fn a_certificate_that_ends_when_no_database_keeps_the_time_is_refused(
    db: &DatabaseConnection,
) {
    for row in [brought("distant", DISTANT), renewing("distant", DISTANT)] {
        let refused = add(db, row).await;

        let Err(Error::Invalid { kind: "valid_until", problem, .. }) = &refused else {
            panic!("{refused:?}")
        };
        assert!(problem.contains("2037"), "{problem}");
    }
}

async fn it_is_due_while_it_renews_itself_and_is_in_use(db: &DatabaseConnection) {
    let row = add(db, renewing("web", WEB)).await.unwrap();
    let due = Some(at("2026-03-02T00:00:00Z"));
    assert_eq!(row.renew_at, due);
    let change = async |changes| change(db, row.id, changes).await;
    let nothing = certificates::ActiveModel::new;

    let ten = certificates::ActiveModel { renew_before_days: Set(10), ..nothing() };
    assert_eq!(change(ten).await.unwrap().renew_at, Some(at("2026-03-22T00:00:00Z")));
    let off = certificates::ActiveModel { is_active: Set(false), ..nothing() };
    assert_eq!(change(off).await.unwrap().renew_at, None);
    let thirty = certificates::ActiveModel { renew_before_days: Set(30), ..nothing() };
    assert_eq!(change(thirty).await.unwrap().renew_at, None);
    let on = certificates::ActiveModel { is_active: Set(true), ..nothing() };
    assert_eq!(change(on).await.unwrap().renew_at, due);
    let renewed = certificates::ActiveModel { cert_data: Set(RENEWED.to_owned()), ..nothing() };
    assert_eq!(change(renewed).await.unwrap().renew_at, Some(at("2026-05-02T00:00:00Z")));

    // What cannot renew itself does not begin to, whichever way it is tried.
    let source =
        |source_type| certificates::ActiveModel { source_type: Set(source_type), ..nothing() };
    for wrong in [
        source(CertificateSource::Upload),
        source(CertificateSource::Infisical),
        certificates::ActiveModel { vault_path: Set(None), ..nothing() },
    ] {
        let refused = change(wrong).await;
        assert!(matches!(refused, Err(Error::Invalid { kind: "auto_renew", .. })), "{refused:?}");
    }
    let once = certificates::ActiveModel { auto_renew: Set(false), ..nothing() };
    assert_eq!(change(once).await.unwrap().renew_at, None);
    change(source(CertificateSource::Upload)).await.unwrap();
}

/// Certificates that ended long ago, and that end in spring, in summer and in years.
async fn some(db: &DatabaseConnection) {
    for row in [
        renewing("years", CA),
        renewing("summer", RENEWED),
        renewing("spring", WEB),
        renewing("ago", PAST),
        certificates::ActiveModel { is_active: Set(false), ..renewing("out of use", WEB) },
        brought("brought", WEB),
    ] {
        add(db, row).await.unwrap();
    }
}

async fn what_ends_is_listed_and_what_ends_first_comes_first(db: &DatabaseConnection) {
    some(db).await;
    let by = &admin::<ReadProxies>(db).await;
    let (world, clock) = &world_at("2026-03-15T00:00:00Z");
    let expiring = async |within| {
        let rows = certificate::expiring(db, by, world, within, None, 100).await.unwrap();
        names(&rows).join(", ")
    };
    let expired =
        async || names(&certificate::expired(db, by, world, None, 100).await.unwrap()).join(", ");
    let due = async || names(&certificate::due(db, by, world, None, 100).await.unwrap()).join(", ");

    assert_eq!(expiring(TimeDelta::days(30)).await, "spring, brought");
    assert_eq!(expiring(TimeDelta::days(100)).await, "spring, brought, summer");
    for always in [TimeDelta::days(40_000), TimeDelta::MAX] {
        assert_eq!(expiring(always).await, "spring, brought, summer, years");
    }
    for never in [TimeDelta::zero(), TimeDelta::days(-40_000), TimeDelta::MIN] {
        assert_eq!(expiring(never).await, "");
    }
    assert_eq!(expired().await, "ago");
    assert_eq!(due().await, "ago, spring");

    // It is good to the very end.
    clock.set(at("2026-04-01T00:00:00Z"));
    assert_eq!(expiring(TimeDelta::zero()).await, "spring, brought");
    assert_eq!(expired().await, "ago");
    clock.advance(TimeDelta::seconds(1));
    assert_eq!(expiring(TimeDelta::days(1)).await, "");
    assert_eq!(expired().await, "ago, spring, brought");
    clock.set(at("2026-05-02T00:00:00Z"));
    assert_eq!(due().await, "ago, spring, summer");
}

/// The names in a list that is asked for row by row.
async fn walked(
    list: impl AsyncFn(Option<&certificates::Model>) -> Vec<certificates::Model>,
) -> Vec<String> {
    let (mut names, mut end) = (Vec::new(), None);
    loop {
        let mut rows = list(end.as_ref()).await;
        let Some(row) = rows.pop() else { return names };
        assert!(rows.is_empty(), "{rows:?}");
        names.push(row.name.clone());
        end = Some(row);
    }
}

async fn a_list_goes_on_behind_the_one_before(db: &DatabaseConnection) {
    some(db).await;
    let by = &admin::<ReadProxies>(db).await;
    let (world, clock) = &world_at("2026-03-15T00:00:00Z");

    let expiring = walked(async |last| {
        certificate::expiring(db, by, world, TimeDelta::MAX, last, 1).await.unwrap()
    });
    assert_eq!(expiring.await, ["spring", "brought", "summer", "years"]);
    clock.set(at("2026-05-02T00:00:00Z"));
    let expired = walked(async |last| certificate::expired(db, by, world, last, 1).await.unwrap());
    assert_eq!(expired.await, ["ago", "spring", "brought"]);
    let due = walked(async |last| certificate::due(db, by, world, last, 1).await.unwrap());
    assert_eq!(due.await, ["ago", "spring", "summer"]);
    // Nobody asks for none, or for everything at once.
    let one = certificate::due(db, by, world, None, 0).await.unwrap();
    assert_eq!(names(&one), ["ago"]);
}

async fn a_renewal_takes_the_place_of_what_was_there(db: &DatabaseConnection) {
    let by = &admin::<CreateProxies>(db).await;
    let (world, _) = &world_at("2026-03-15T00:00:00Z");
    let (keys, row) = (&keys(), &renewing("web", WEB));
    let secrets = &[(certificates::Column::KeyData, SecretString::from(OLD_KEY))];
    let row: certificates::Model = audited(db, world, |unit, _| {
        let (with, row) = ((keys, world), row.clone());
        Box::pin(records::create_with_secrets::<certificates::Entity>(unit, by, with, row, secrets))
            as BoxFuture<'_, _>
    })
    .await
    .unwrap();
    fail(db, world, row.id, "the vault is sealed").await.unwrap();

    let renewed = renew(db, world, row.id, to(RENEWED, Some(NEW_KEY))).await.unwrap();

    assert_eq!(renewed.cert_data, RENEWED);
    assert_eq!(renewed.ca_chain.as_deref(), Some(CA));
    assert_eq!(renewed.valid_until, at("2026-06-01T00:00:00Z"));
    assert_eq!(renewed.renew_at, Some(at("2026-05-02T00:00:00Z")));
    assert_eq!(renewed.last_renewed_at, Some(world.clock.now()));
    assert_eq!(renewed.renewal_error, None);
    assert_eq!(reveal(db, row.id).await.as_deref(), Some(NEW_KEY));
    // A renewal without a key is one of the same key.
    let again = Renewal { ca_chain: None, ..to(CA, None) };
    let again = renew(db, world, row.id, again).await.unwrap();
    assert_eq!(again.common_name.as_deref(), Some("Testing CA"));
    assert_eq!(again.ca_chain, None);
    assert_eq!(reveal(db, row.id).await.as_deref(), Some(NEW_KEY));
    let told = system_log::Entity::find().all(db).await.unwrap();
    assert!(told.iter().all(|row| !format!("{row:?}").contains("PRIVATE KEY")), "{told:?}");
}

async fn a_renewal_that_is_none_changes_nothing(db: &DatabaseConnection) {
    let row = add(db, renewing("web", RENEWED)).await.unwrap();
    let (world, clock) = &world_at("2026-03-15T00:00:00Z");

    for (text, key, kind) in [
        (RENEWED, None, "certificate"),
        (WEB, None, "certificate"),
        ("nothing", None, "certificate"),
        (DISTANT, None, "valid_until"),
        (CA, Some("nothing"), "key_data"),
        (CA, Some(CA), "key_data"),
    ] {
        let refused = renew(db, world, row.id, to(text, key)).await;

        assert!(
            matches!(&refused, Err(Error::Invalid { kind: of, .. }) if *of == kind),
            "{kind}: {refused:?}"
        );
    }
    let old = add(db, renewing("old", PAST)).await.unwrap();
    clock.set(at("2026-06-01T00:00:01Z"));
    let past = renew(db, world, old.id, to(RENEWED, None)).await;
    assert!(matches!(past, Err(Error::Invalid { kind: "certificate", .. })), "{past:?}");
    let missing = renew(db, world, 404, to(CA, None)).await;
    assert!(matches!(missing, Err(Error::NotFound { kind: "certificate", .. })), "{missing:?}");
    for before in [row, old] {
        let after = certificates::Entity::find_by_id(before.id).one(db).await.unwrap();
        assert_eq!(after, Some(before));
    }
}

async fn a_certificate_that_could_not_be_renewed_stays_and_is_due(db: &DatabaseConnection) {
    let before = add(db, renewing("web", WEB)).await.unwrap();
    let (world, _) = &world_at("2026-03-15T00:00:00Z");
    let by = &admin::<ReadProxies>(db).await;

    fail(db, world, before.id, "the vault is sealed").await.unwrap();
    let failed = fail(db, world, before.id, &"\0no answer".repeat(500)).await.unwrap();

    let error = failed.renewal_error.unwrap();
    assert!(error.starts_with("no answerno") && error.len() == 1000, "{error}");
    assert_eq!(failed.cert_data, before.cert_data);
    assert_eq!(
        (failed.valid_until, failed.renew_at, failed.last_renewed_at),
        (before.valid_until, before.renew_at, None::<DateTime<Utc>>)
    );
    let due = certificate::due(db, by, world, None, 100).await.unwrap();
    assert_eq!(names(&due), ["web"]);
    let missing = fail(db, world, 404, "nothing").await;
    assert!(matches!(missing, Err(Error::NotFound { kind: "certificate", .. })), "{missing:?}");
}
