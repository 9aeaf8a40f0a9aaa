//! What stands behind the proxies of a cluster: services, and what receives their traces.

use chrono::TimeDelta;
use entity::proxy::{
    qos_policy, service as services, service::ServiceAuth, tracing_config, tracing_stat,
};
use plimsoll::retry::BoxFuture;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, DatabaseConnection, EntityTrait, PaginatorTrait,
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use service::{
    Error, Result, World,
    audit::audited,
    proxy::tracing::{self, Stats},
    records,
    rights::{CreateProxies, ReadProxies, RevealSecrets, UpdateProxies},
    rule::Rule,
    seal::Keyring,
};

use super::{make, world};
use crate::people::admin;

plimsoll::on_every_database!(migration::app:
    a_service_is_not_used_with_what_it_has_not,
    a_service_does_not_leave_its_policies_behind,
    who_limits_traces_says_to_how_many,
    traces_go_to_a_host_and_no_password_is_kept_or_repeated,
    traces_are_counted_by_the_proxies_of_the_cluster,
);

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

pub(super) fn service_of(cluster_id: i64, name: &str) -> services::ActiveModel {
    services::ActiveModel {
        cluster_id: Set(cluster_id),
        name: Set(name.to_owned()),
        ip_fqdn: Set(format!("{name}.internal")),
        port: Set(8080),
        ..Default::default()
    }
}

pub(super) async fn add_service(
    db: &DatabaseConnection,
    row: services::ActiveModel,
    secrets: &[(services::Column, SecretString)],
) -> Result<services::Model> {
    let by = &admin::<CreateProxies>(db).await;
    let (world, keys) = (&World::system(), &Keyring::read(Some(&KEY.into())).unwrap());
    let row = &row;
    audited(db, world, |unit, _| {
        let with = (keys, world);
        Box::pin(records::create_with_secrets::<services::Entity>(
            unit,
            by,
            with,
            row.clone(),
            secrets,
        )) as BoxFuture<'_, _>
    })
    .await
}

async fn change_service(
    db: &DatabaseConnection,
    id: i64,
    changes: services::ActiveModel,
) -> Result<services::Model> {
    let by = &admin::<UpdateProxies>(db).await;
    let changes = &changes;
    audited(db, &World::system(), |unit, _| {
        let changes = changes.clone();
        Box::pin(records::update::<services::Entity>(unit, by, id, changes)) as BoxFuture<'_, _>
    })
    .await
}

async fn seal(
    db: &DatabaseConnection,
    id: i64,
    column: services::Column,
    secret: Option<&str>,
) -> Result<services::Model> {
    let by = &admin::<UpdateProxies>(db).await;
    let (world, keys) = (&World::system(), &Keyring::read(Some(&KEY.into())).unwrap());
    let secret = &secret.map(SecretString::from);
    audited(db, world, |unit, _| {
        let (with, secret) = ((keys, world), secret.as_ref());
        Box::pin(records::seal::<services::Entity>(unit, by, with, id, column, secret))
            as BoxFuture<'_, _>
    })
    .await
}

fn tracing_of(cluster_id: i64) -> tracing_config::ActiveModel {
    tracing_config::ActiveModel {
        cluster_id: Set(cluster_id),
        name: Set("traces".to_owned()),
        endpoint: Set("jaeger:4317".to_owned()),
        ..Default::default()
    }
}

async fn add_tracing(
    db: &DatabaseConnection,
    row: tracing_config::ActiveModel,
) -> Result<tracing_config::Model> {
    let by = &admin::<CreateProxies>(db).await;
    let row = &row;
    audited(db, &World::system(), |unit, _| {
        let row = row.clone();
        Box::pin(records::create::<tracing_config::Entity>(unit, by, row)) as BoxFuture<'_, _>
    })
    .await
}

async fn a_service_is_not_used_with_what_it_has_not(db: &DatabaseConnection) {
    let (cluster, _) = make(db, "north").await;
    let with = |name: &str, auth| services::ActiveModel {
        auth_type: Set(auth),
        ..service_of(cluster.id, name)
    };

    let empty = add_service(db, with("a", ServiceAuth::Base64), &[]).await;
    let other = (services::Column::JwtSecret, "secret".into());
    let wrong = add_service(db, with("a", ServiceAuth::Base64), &[other]).await;
    let token = (services::Column::Token, "token".into());
    let made = add_service(db, with("a", ServiceAuth::Base64), &[token]).await.unwrap();
    let change = |auth| change_service(db, made.id, with("a", auth));
    let unsigned = change(ServiceAuth::Jwt).await;
    let emptied = seal(db, made.id, services::Column::Token, None).await;
    seal(db, made.id, services::Column::JwtSecret, Some("secret")).await.unwrap();
    let signed = change(ServiceAuth::Jwt).await.unwrap();
    seal(db, made.id, services::Column::Token, None).await.unwrap();

    for refused in [empty, wrong, unsigned, emptied] {
        assert!(matches!(refused, Err(Error::Invalid { kind: "auth_type", .. })), "{refused:?}");
    }
    assert_eq!(signed.auth_type, ServiceAuth::Jwt);
    assert_ne!(made.token.unwrap().expose(), "token");
    let by = &admin::<RevealSecrets>(db).await;
    let keys = &Keyring::read(Some(&KEY.into())).unwrap();
    let column = services::Column::JwtSecret;
    let revealed: Option<SecretString> = audited(db, &World::system(), |unit, _| {
        Box::pin(records::reveal::<services::Entity>(unit, by, keys, made.id, column))
            as BoxFuture<'_, _>
    })
    .await
    .unwrap();
    assert_eq!(revealed.unwrap().expose_secret(), "secret");
    let weak =
        services::ActiveModel { jwt_algorithm: Set("none".to_owned()), ..Default::default() };
    let weak = change_service(db, made.id, weak).await;
    assert!(matches!(weak, Err(Error::Invalid { kind: "jwt_algorithm", .. })), "{weak:?}");
}

async fn a_service_does_not_leave_its_policies_behind(db: &DatabaseConnection) {
    let (north, _) = make(db, "north").await;
    let (south, _) = make(db, "south").await;
    let service = add_service(db, service_of(north.id, "a"), &[]).await.unwrap();
    let policy = qos_policy::ActiveModel {
        service_id: Set(service.id),
        cluster_id: Set(north.id),
        name: Set("gold".to_owned()),
        ..Default::default()
    };
    let policy = policy.insert(db).await.unwrap();
    let moved = || services::ActiveModel { cluster_id: Set(south.id), ..Default::default() };

    let refused = change_service(db, service.id, moved()).await;
    qos_policy::Entity::delete_by_id(policy.id).exec(db).await.unwrap();
    let gone = change_service(db, service.id, moved()).await.unwrap();

    assert!(matches!(refused, Err(Error::Refused { rule: Rule::InUse, .. })), "{refused:?}");
    assert_eq!(gone.cluster_id, south.id);
}

async fn who_limits_traces_says_to_how_many(db: &DatabaseConnection) {
    use tracing_config::{ActiveModel, SamplingStrategy};

    let (cluster, _) = make(db, "north").await;
    let limited = |max_traces_per_second| ActiveModel {
        sampling_strategy: Set(SamplingStrategy::RateLimit),
        max_traces_per_second: Set(max_traces_per_second),
        ..tracing_of(cluster.id)
    };

    let unsaid = add_tracing(db, limited(None)).await;
    let none = add_tracing(db, limited(Some(0))).await;
    let some = add_tracing(db, limited(Some(1))).await;
    let tags = ActiveModel { custom_tags: Set(json!({"env": 1})), ..tracing_of(cluster.id) };
    let tags = add_tracing(db, tags).await;

    for refused in [unsaid, none, tags] {
        assert!(matches!(refused, Err(Error::Invalid { .. })), "{refused:?}");
    }
    assert_eq!(some.unwrap().max_traces_per_second, Some(1));
}

async fn traces_go_to_a_host_and_no_password_is_kept_or_repeated(db: &DatabaseConnection) {
    let (cluster, _) = make(db, "north").await;

    for (endpoint, told) in [
        ("http://?", "http://?"),
        ("https://ana:hunter2@host", "***"),
        ("https://ana:hunter2@host:4317/v1", "***"),
        ("ftp://ana:hunter2@host", "***"),
        ("ana:hunter2@host:4317", "***"),
    ] {
        let row = tracing_config::ActiveModel {
            endpoint: Set(endpoint.to_owned()),
            ..tracing_of(cluster.id)
        };
        let refused = add_tracing(db, row).await;

        let Err(Error::Invalid { kind: "endpoint of traces", input, .. }) = &refused else {
            panic!("{endpoint}: {refused:?}");
        };
        assert_eq!(input, told);
        assert!(!format!("{refused:?}").contains("hunter2"), "{refused:?}");
    }
    assert_eq!(tracing_config::Entity::find().count(db).await.unwrap(), 0);
}

async fn traces_are_counted_by_the_proxies_of_the_cluster(db: &DatabaseConnection) {
    let (cluster, key) = make(db, "north").await;
    let (_, other_key) = make(db, "south").await;
    let config = add_tracing(db, tracing_of(cluster.id)).await.unwrap();
    let (world, clock) = world();
    let counted = Stats { total_spans: 100, sampled_spans: 10, ..Stats::default() };
    let record =
        async |key: &str, stats| tracing::record_stats(db, &world, key, config.id, stats).await;

    record(&key, counted).await.unwrap();
    let now = clock.advance(TimeDelta::minutes(1));
    record(&key, Stats { last_export_at: Some(now), ..counted }).await.unwrap();
    let foreign = record(&other_key, counted).await;
    let unknown = record("plc_", counted).await;
    let negative = record(&key, Stats { dropped_spans: -1, ..counted }).await;

    let read = admin::<ReadProxies>(db).await;
    let kept = tracing::stats(db, &read, config.id, 10).await.unwrap();
    assert_eq!(kept.iter().map(|row| row.total_spans).collect::<Vec<_>>(), [100, 100]);
    assert_eq!((kept[0].recorded_at, kept[0].last_export_at), (now, Some(now)));
    let missing = matches!(foreign, Err(Error::NotFound { kind: "tracing configuration", .. }));
    assert!(missing, "{foreign:?}");
    assert!(matches!(unknown, Err(Error::Unauthenticated)), "{unknown:?}");
    assert!(matches!(negative, Err(Error::Invalid { .. })), "{negative:?}");
    assert_eq!(tracing_stat::Entity::find().count(db).await.unwrap(), 2);
}
