//! `MarchProxy`: people, clusters, services and certificates.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use entity::{
    identity::{role, user, user_role},
    proxy::{
        certificate, cluster, proxy_metric, proxy_server, qos_policy, route_table,
        service as services, tracing_config, user_cluster_assignment,
    },
};
use plimsoll::retry::BoxFuture;
use sea_orm::{
    ActiveEnum, ColumnTrait, DatabaseConnection, EntityTrait, PaginatorTrait, QueryFilter,
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use service::{
    Error, Result, World,
    audit::audited,
    identity::{
        password::Hasher,
        session::{self, Client, Login, Tokens},
    },
    imports::{Options, Weight},
    records,
    rights::RevealSecrets,
};

use super::database::{File, MARCHPROXY, PRIVATE, bring, keys, refused, run, said};
use crate::people::admin;

plimsoll::on_every_database!(migration::app:
    clusters_and_what_is_in_them_are_what_they_were,
    secrets_are_sealed_and_those_that_cannot_be_are_told,
    a_second_factor_lets_its_person_in,
    certificates_are_read_from_their_text_and_due_as_any,
    people_get_the_role_that_people_get,
    what_no_domain_takes_is_refused_row_by_row,
);

async fn ops(db: &DatabaseConnection) -> user::Model {
    let found = user::Entity::find().filter(user::Column::Username.eq("ops"));
    found.one(db).await.unwrap().unwrap()
}

async fn service(db: &DatabaseConnection, name: &str) -> services::Model {
    let found = services::Entity::find().filter(services::Column::Name.eq(name));
    found.one(db).await.unwrap().unwrap()
}

async fn cluster(db: &DatabaseConnection, name: &str) -> cluster::Model {
    let found = cluster::Entity::find().filter(cluster::Column::Name.eq(name));
    found.one(db).await.unwrap().unwrap()
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

async fn clusters_and_what_is_in_them_are_what_they_were(db: &DatabaseConnection) {
    bring(db, File::of(MARCHPROXY).await.from()).await;

    let (edge, core) = (cluster(db, "edge").await, cluster(db, "core").await);
    assert_eq!(edge.description.as_deref(), Some("südlich"));
    assert_eq!(edge.attributes, json!({"region": "süd", "of": [1, 2.5, null]}));
    assert_eq!((edge.max_proxies, edge.is_default, edge.api_key_hash), (5, false, None));
    let late = user::Entity::find_by_id(edge.created_by_id.unwrap()).one(db).await.unwrap();
    assert_eq!(late.unwrap().username, "late");
    assert_eq!((core.attributes, core.max_proxies, core.is_active), (json!({}), 3, true));
    assert_eq!((core.created_at, core.updated_at), (core.updated_at, at("2025-01-02T03:04:05Z")));
    let database = service(db, "db").await;
    assert_eq!((database.cluster_id, database.port), (edge.id, 5432));
    assert_eq!(database.protocol.to_value(), "tcp");
    assert_eq!((database.jwt_expiry_seconds, database.tls_verify), (600, false));
    assert_eq!(service(db, "web").await.auth_type.to_value(), "base64");
    let servers = proxy_server::Entity::find().all(db).await.unwrap();
    let told: Vec<_> = servers
        .iter()
        .map(|server| (server.name.as_str(), server.port, server.status.to_value()))
        .collect();
    let expected = [("edge-1", 8443, "pending".to_owned()), ("edge-3", 8080, "active".to_owned())];
    assert_eq!(told, expected);
    let metric = proxy_metric::Entity::find().filter(proxy_metric::Column::BytesSent.is_not_null());
    let metric = metric.one(db).await.unwrap().unwrap();
    assert_eq!(metric.bytes_sent, Some(9_007_199_254_740_993));
    assert_eq!(metric.requests_per_second, Some(0.300_000_000_000_000_04));
    assert_eq!(metric.recorded_at, at("2025-01-02T03:04:05.000001Z"));
    let assigned = user_cluster_assignment::Entity::find()
        .filter(user_cluster_assignment::Column::ClusterId.eq(edge.id))
        .one(db)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(assigned.role.to_value(), "service_owner");
    assert_eq!(assigned.assigned_by_id, edge.created_by_id);
    let policy = qos_policy::Entity::find().one(db).await.unwrap().unwrap();
    assert_eq!(policy.bandwidth_config["burst_size_kb"], 1024);
    let table = route_table::Entity::find().one(db).await.unwrap().unwrap();
    assert_eq!(table.health_probe_config["interval_seconds"], 30);
    let tracing = tracing_config::Entity::find().one(db).await.unwrap().unwrap();
    assert_eq!((tracing.backend.to_value(), tracing.sampling_rate), ("otlp".to_owned(), 0.25));
}

async fn of_service(
    db: &DatabaseConnection,
    id: i64,
    column: services::Column,
) -> Option<SecretString> {
    let by = &admin::<RevealSecrets>(db).await;
    let keys = &keys();
    audited(db, &World::system(), |unit, _| {
        Box::pin(records::reveal::<services::Entity>(unit, by, keys, id, column))
            as BoxFuture<'_, _>
    })
    .await
    .unwrap()
}

async fn key_of_certificate(db: &DatabaseConnection, id: i64) -> Option<SecretString> {
    let by = &admin::<RevealSecrets>(db).await;
    let keys = &keys();
    let column = certificate::Column::KeyData;
    audited(db, &World::system(), |unit, _| {
        Box::pin(records::reveal::<certificate::Entity>(unit, by, keys, id, column))
            as BoxFuture<'_, _>
    })
    .await
    .unwrap()
}

async fn secrets_are_sealed_and_those_that_cannot_be_are_told(db: &DatabaseConnection) {
    bring(db, File::of(MARCHPROXY).await.from()).await;

    let database = service(db, "db").await;
    let secret = of_service(db, database.id, services::Column::JwtSecret).await;
    assert_eq!(secret.unwrap().expose_secret(), "sign me");
    let web = service(db, "web").await;
    let token = of_service(db, web.id, services::Column::Token).await;
    assert_eq!(token.unwrap().expose_secret(), "dG9rZW4=");
    assert!(web.token.unwrap().expose().starts_with("v1."));
    let row = certificate::Entity::find().one(db).await.unwrap().unwrap();
    let key = key_of_certificate(db, row.id).await;
    assert_eq!(key.unwrap().expose_secret(), PRIVATE);

    let file = File::of(MARCHPROXY).await;
    let dry = Options { dry_run: true, scope: Some("keyless".to_owned()), ..Options::default() };
    let without = run(db, file.from(), &dry).await.unwrap();
    let told = said(&without, "auth_user/2");
    assert!(told.iter().any(|remark| remark.path.contains("totp_enabled")), "{told:?}");
    assert!(without.remarks.iter().all(|remark| !remark.value.contains("sign me")));
}

async fn login(db: &DatabaseConnection, otp: Option<String>) -> Result<Tokens> {
    let login = Login {
        name: "ops".to_owned(),
        password: "secret".into(),
        otp: otp.map(SecretString::from),
    };
    let client = Client { ip: Some("192.0.2.1".parse().unwrap()), user_agent: None };
    let hasher = Hasher::with(8, 1, 2);
    session::login(db, &World::system(), &hasher, &keys(), &login, &client).await
}

async fn a_second_factor_lets_its_person_in(db: &DatabaseConnection) {
    bring(db, File::of(MARCHPROXY).await.from()).await;
    let seed = totp_rs::Secret::try_from_base32("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP").unwrap();
    let device = totp_rs::Builder::new().with_secret(seed).build_noncompliant();
    let now = u64::try_from(Utc::now().timestamp()).unwrap();

    let without = login(db, None).await;
    let with = login(db, Some(device.generate(now).to_string())).await;

    assert!(matches!(without, Err(Error::SecondFactorRequired)), "{without:?}");
    assert!(with.is_ok(), "{with:?}");
}

async fn certificates_are_read_from_their_text_and_due_as_any(db: &DatabaseConnection) {
    bring(db, File::of(MARCHPROXY).await.from()).await;

    let row = certificate::Entity::find().one(db).await.unwrap().unwrap();

    assert_eq!(row.common_name.as_deref(), Some("web.example.org"));
    assert_eq!(row.valid_until, at("2026-04-01T00:00:00Z"));
    assert_eq!(row.renew_at, Some(at("2026-03-02T00:00:00Z")));
    assert_eq!(row.last_renewed_at, Some(at("2025-01-02T03:04:05Z")));
    assert_eq!(row.attributes, json!({"owner": "ops"}));
}

async fn people_get_the_role_that_people_get(db: &DatabaseConnection) {
    let report = bring(db, File::of(MARCHPROXY).await.from()).await;

    let ops = ops(db).await;
    assert_eq!(ops.full_name.as_deref(), Some("Olga Peña"));
    assert_eq!(ops.email.as_deref(), Some("ops@example.org"));
    assert_eq!(ops.last_login_at, Some(at("2025-06-07T08:09:10Z")));
    let viewer = role::Entity::find().filter(role::Column::NameKey.eq("viewer"));
    let viewer = viewer.one(db).await.unwrap().unwrap();
    let has = user_role::Entity::find().filter(user_role::Column::UserId.eq(ops.id));
    let has = has.all(db).await.unwrap();
    assert_eq!(has.iter().map(|row| row.role_id).collect::<Vec<_>>(), [viewer.id]);
    let told = said(&report, "auth_user/2");
    let admin = told.iter().find(|remark| remark.path == "is_admin").unwrap();
    assert_eq!(admin.weight, Weight::Warning);
    assert_eq!(user_role::Entity::find().count(db).await.unwrap(), 3);
}

async fn what_no_domain_takes_is_refused_row_by_row(db: &DatabaseConnection) {
    let report = bring(db, File::of(MARCHPROXY).await.from()).await;

    let expected = [
        "auth_user/11",
        "certificates/2",
        "clusters/6",
        "proxy_metrics/12",
        "proxy_servers/4",
        "qos_policies/2",
        "route_health_status/2",
        "route_tables/3",
        "services/5",
        "services/7",
        "tracing_configs/2",
    ];
    assert_eq!(refused(&report), BTreeSet::from(expected), "{:#?}", report.remarks);
    let address = said(&report, "clusters/6").into_iter().find(|it| it.weight == Weight::Fault);
    assert!(address.unwrap().reason.contains("syslog endpoint"), "{address:?}");
    assert!(report.remarks.iter().all(|remark| !remark.value.contains("geheim")));
}
