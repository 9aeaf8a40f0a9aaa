//! Where other rows name a secret.

use entity::{
    fleet::fleet_alert,
    secrets::encrypted_secret::Model,
    webtest::environment_user::{Column, Entity},
};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait as _, DatabaseTransaction, EntityTrait as _,
    QueryFilter as _, QuerySelect as _,
    sea_query::{Asterisk, Expr, ExprTrait as _, Query},
};
use serde_json::Value;

use crate::Result;

/// The columns that name a secret by its path. The paths of a certificate lie in Infisical or Vault
/// (`source_type`), never here.
const PATHS: [(&str, &str); 7] = [
    ("cloud_providers", "credentials_path"),
    ("fleetdm_configs", "api_token_path"),
    ("fleetdm_configs", "enroll_secret_path"),
    ("lxd_clusters", "admin_cert_path"),
    ("lxd_clusters", "cluster_key_path"),
    ("ssh_ca_configs", "private_key_vault_path"),
    ("storage_backends", "credentials_path"),
];

/// How many rows name the secret, for each column that does.
pub(super) async fn holders(tx: &DatabaseTransaction, secret: &Model) -> Result<Vec<String>> {
    let mut all = by_path(tx, &secret.path).await?;
    let alerts: Vec<Value> = fleet_alert::Entity::find()
        .select_only()
        .column(fleet_alert::Column::NotificationChannels)
        .into_tuple()
        .all(tx)
        .await?;
    let alerts = alerts.iter().filter(|channels| names(channels, &secret.path)).count();
    if alerts > 0 {
        all.push(format!("{alerts} of `fleet_alerts`.`notification_channels`"));
    }
    // Held, and so as they are now, whatever the transaction has seen before.
    let users: Vec<i64> = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::SecretId.eq(secret.id))
        .lock_exclusive()
        .into_tuple()
        .all(tx)
        .await?;
    if !users.is_empty() {
        all.push(format!("{} of `environment_users`.`secret_id`", users.len()));
    }
    Ok(all)
}

/// One query for all columns.
async fn by_path(tx: &DatabaseTransaction, path: &str) -> Result<Vec<String>> {
    let mut query = Query::select();
    for (table, column) in PATHS {
        let count = Query::select()
            .expr(Expr::col(Asterisk).count())
            .from(table)
            .and_where(Expr::col(column).eq(path))
            .take();
        query.expr(Expr::SubQuery(None, Box::new(count.into())));
    }
    let mut all = Vec::new();
    if let Some(counts) = tx.query_one(&query).await? {
        for (at, (table, column)) in PATHS.into_iter().enumerate() {
            let rows: i64 = counts.try_get_by_index(at)?;
            if rows > 0 {
                all.push(format!("{rows} of `{table}`.`{column}`"));
            }
        }
    }
    Ok(all)
}

/// Whether the path stands anywhere in the document.
fn names(document: &Value, path: &str) -> bool {
    match document {
        Value::String(text) => text == path,
        Value::Array(parts) => parts.iter().any(|part| names(part, path)),
        Value::Object(parts) => parts.values().any(|part| names(part, path)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// What ends in `_path` and names no secret of this database.
    const OTHERS: [(&str, &str); 7] = [
        ("certificates", "infisical_secret_path"),
        ("certificates", "vault_path"),
        ("ipxe_images", "initrd_path"),
        ("ipxe_images", "kernel_path"),
        ("ipxe_images", "squashfs_path"),
        ("services", "health_check_path"),
        ("shell_sessions", "audit_log_path"),
    ];

    #[test]
    fn every_column_that_is_a_path_is_known_to_name_secrets_or_none() {
        let schema: Vec<_> = entity::schema().into_iter().collect();
        let mut paths: Vec<(&str, &str)> = schema
            .iter()
            .flat_map(|table| table.columns.iter().map(move |column| (&*table.name, &*column.name)))
            .filter(|(_, column)| column.ends_with("_path"))
            .collect();
        paths.sort_unstable();

        let mut known: Vec<(&str, &str)> = PATHS.into_iter().chain(OTHERS).collect();
        known.sort_unstable();

        assert_eq!(paths, known);
    }

    #[test]
    fn test_users_alone_refer_to_secrets_by_key() {
        let schema: Vec<_> = entity::schema().into_iter().collect();
        let keys: Vec<(&str, &str)> = schema
            .iter()
            .flat_map(|table| table.foreign_keys.iter().map(move |key| (&*table.name, key)))
            .filter(|(_, key)| key.references == "encrypted_secrets")
            .map(|(table, key)| (table, &*key.columns[0]))
            .collect();

        assert_eq!(keys, [("environment_users", "secret_id")]);
    }

    #[test]
    fn a_path_is_found_wherever_it_stands_in_a_document() {
        for document in [json!("a/b"), json!(["c", "a/b"]), json!([{"token": {"path": "a/b"}}])] {
            assert!(names(&document, "a/b"), "{document}");
        }
        for document in [json!("a/b/c"), json!({"a/b": "c"}), json!([null, 1, true])] {
            assert!(!names(&document, "a/b"), "{document}");
        }
    }
}
