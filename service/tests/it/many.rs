//! A database with very many rows: for looking at what its planner makes of our queries.

use std::fmt::Write as _;

use plimsoll::schema::{Column, IndexKey, Rule, Table, Type};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend};

/// How many rows there are of what there can be many of.
pub(crate) const MANY: i64 = 100_000;

/// How many there are of the rest.
const FEW: i64 = 200;

/// What comes with the migrations, and what tells of one thing only.
const LEFT: [&str; 18] = [
    "application_settings",
    "roles",
    "permissions",
    "user_roles",
    "role_permissions",
    "access_tokens",
    "refresh_tokens",
    "password_resets",
    "api_keys",
    "recovery_codes",
    "authz_versions",
    "login_throttles",
    "email_verifications",
    "mails",
    "setup_tokens",
    "idempotency_keys",
    "audit_chains",
    "secret_backends",
];

/// What is configured by hand, and so there are few of.
const CONFIGURED: [&str; 20] = [
    "clusters",
    "tracing_configs",
    "ipxe_images",
    "eggs",
    "egg_groups",
    "ipxe_boot_configs",
    "ipxe_configs",
    "cloud_providers",
    "lxd_clusters",
    "maas_configs",
    "storage_backends",
    "cloud_init_templates",
    "package_configs",
    "fleetdm_configs",
    "fleet_queries",
    "fleet_alerts",
    "elder_configs",
    "ssh_ca_configs",
    "api_definitions",
    "environments",
];

/// Whether the table has very many rows.
pub(crate) fn is_large(table: &str) -> bool {
    !LEFT.contains(&table) && !CONFIGURED.contains(&table)
}

fn rows_of(table: &str) -> i64 {
    if is_large(table) { MANY } else { FEW }
}

/// Fills every table but those that are [`LEFT`], and lets the database count.
pub(crate) async fn filled_with_many(db: &DatabaseConnection) {
    let postgres = db.get_database_backend() == DbBackend::Postgres;
    for table in entity::schema() {
        if LEFT.contains(&&*table.name) {
            continue;
        }
        let rows = rows_of(&table.name);
        let (names, values): (Vec<_>, Vec<_>) = table
            .columns
            .iter()
            .filter_map(|column| Some((column.name.clone(), value(&table, column, postgres)?)))
            .unzip();
        let numbers = if postgres {
            format!("generate_series(1, {rows}) AS numbers(n)")
        } else {
            format!("(SELECT CAST(seq AS SIGNED) AS n FROM seq_1_to_{rows}) numbers")
        };
        let (name, names, values) = (&table.name, names.join(", "), values.join(", "));
        let insert = format!("INSERT INTO {name} ({names}) SELECT {values} FROM {numbers}");
        if let Err(error) = db.execute_unprepared(&insert).await {
            panic!("{insert}: {error}");
        }
        let count = if postgres { "ANALYZE" } else { "ANALYZE TABLE" };
        db.execute_unprepared(&format!("{count} {name}")).await.unwrap();
    }
}

/// The column of the row `n`, as SQL; nothing where the database counts up or leaves it empty.
fn value(table: &Table, column: &Column, postgres: bool) -> Option<String> {
    if column.auto_increment {
        return None;
    }
    let is_in = |columns: &[String]| columns.contains(&column.name);
    let key = table.foreign_keys.iter().find(|key| key.columns == [column.name.clone()]);
    if let Some(key) = key {
        return (key.references != table.name).then(|| {
            let row = format!("((n - 1) % {} + 1)", rows_of(&key.references));
            if key.references == "devices" { device(&row, postgres) } else { row }
        });
    }
    let is_indexed = table
        .indexes
        .iter()
        .flat_map(|index| &index.columns)
        .any(|part| matches!(&part.key, IndexKey::Column(name) if *name == column.name))
        || table.uniques.iter().any(|unique| unique.columns.len() > 1 && is_in(&unique.columns));
    if column.nullable && !is_indexed {
        return None;
    }
    let rule = table.checks.iter().find_map(|check| match &check.rule {
        Rule::OneOf { column: of, values } if *of == column.name => Some(rarely(values)),
        Rule::Range { column: of, min: Some(min), max } if *of == column.name => {
            let span = max.map_or(10, |max| (max - min + 1).min(10));
            Some(format!("({min} + n % {span})"))
        }
        _ => None,
    });
    Some(match (&column.ty, rule) {
        (_, Some(rule)) => rule,
        (Type::String(Some(8)), None) => device("n", postgres),
        (Type::String(_) | Type::Text, None) => "CONCAT('x', n)".to_owned(),
        (Type::Json | Type::JsonBinary, None) if postgres => "'[]'::jsonb".to_owned(),
        (Type::Json | Type::JsonBinary, None) => "'[]'".to_owned(),
        // What is on by default is rarely off, and the other way round.
        (Type::Boolean, None) => {
            let mostly = format!("{:?}", column.default).contains("true");
            format!("(CASE WHEN n % 1000 = 0 THEN {} ELSE {mostly} END)", !mostly)
        }
        (Type::Integer | Type::SmallInteger | Type::BigInteger, None) => "(n + 1000)".to_owned(),
        (Type::Double | Type::Float, None) => "(n / 10.0)".to_owned(),
        (Type::Timestamp, None) if postgres => {
            "(TIMESTAMPTZ '2026-01-01 00:00:00+00' + n * INTERVAL '1 minute')".to_owned()
        }
        (Type::Timestamp, None) => {
            "(TIMESTAMP'2026-01-01 00:00:00' + INTERVAL n MINUTE)".to_owned()
        }
        (other, None) => panic!("`{}`.`{}` is of {other:?}", table.name, column.name),
    })
}

/// Eight hexadecimal digits.
fn device(number: &str, postgres: bool) -> String {
    let digits = if postgres { "TO_HEX" } else { "HEX" };
    format!("LPAD(LOWER({digits}({number})), 8, '0')")
}

/// Nearly always the last value, and each of the others now and then: what waits is little, what is done
/// is much.
fn rarely(values: &[String]) -> String {
    let last = values.last().expect("an enumeration has values");
    let mut whens = String::new();
    for (at, value) in values.iter().enumerate().take(values.len() - 1) {
        write!(whens, "WHEN n % 1000 = {at} THEN '{value}' ").unwrap();
    }
    if whens.is_empty() { format!("'{last}'") } else { format!("(CASE {whens}ELSE '{last}' END)") }
}
