//! Certificates that the proxies show, and how each is renewed.

use plimsoll::{Beside, TableBuilder};
use sea_orm::entity::prelude::*;

use crate::Secret;

/// Where a certificate comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(20))", rename_all = "snake_case")]
pub enum CertificateSource {
    Infisical,
    Vault,
    /// Somebody brought it; it cannot renew itself.
    Upload,
}

/// One row of `certificates`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "certificates")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(indexed)]
    pub created_by_id: Option<i64>,
    #[sea_orm(unique, column_type = "String(StringLen::N(100))")]
    pub name: String,
    #[sea_orm(column_type = "Text")]
    pub description: Option<String>,
    /// PEM.
    #[sea_orm(column_type = "Text")]
    pub cert_data: String,
    /// The private key in PEM, sealed; never in clear. Without one it is where `source_type` says.
    #[sea_orm(column_type = "Text")]
    pub key_data: Option<Secret>,
    /// PEM.
    #[sea_orm(column_type = "Text")]
    pub ca_chain: Option<String>,
    pub source_type: CertificateSource,
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub common_name: Option<String>,
    /// A list of names.
    #[sea_orm(column_type = "JsonBinary", default_value = "[]")]
    pub subject_alt_names: Json,
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub issuer: Option<String>,
    pub valid_from: Option<DateTimeUtc>,
    pub valid_until: DateTimeUtc,
    #[sea_orm(default_value = false)]
    pub auto_renew: bool,
    #[sea_orm(default_value = 30)]
    pub renew_before_days: i32,
    /// `valid_until` less `renew_before_days`, when it renews itself and is in use; for finding what
    /// is due. `service` writes it.
    #[sea_orm(indexed)]
    pub renew_at: Option<DateTimeUtc>,
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub infisical_secret_path: Option<String>,
    #[sea_orm(column_type = "String(StringLen::N(100))")]
    pub infisical_project_id: Option<String>,
    #[sea_orm(column_type = "String(StringLen::N(50))")]
    pub infisical_environment: Option<String>,
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub vault_path: Option<String>,
    #[sea_orm(column_type = "String(StringLen::N(100))")]
    pub vault_role: Option<String>,
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub vault_common_name: Option<String>,
    #[sea_orm(default_value = true)]
    pub is_active: bool,
    pub last_renewed_at: Option<DateTimeUtc>,
    #[sea_orm(column_type = "Text")]
    pub renewal_error: Option<String>,
    #[sea_orm(column_type = "JsonBinary", default_value = "{}")]
    pub attributes: Json,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeUtc,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub updated_at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "created_by_id", to = "id", on_delete = "SetNull")]
    pub created_by: BelongsTo<Option<crate::identity::user::Entity>>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {
    fn beside(table: TableBuilder) -> TableBuilder {
        table
            .index(["is_active", "valid_until"])
            .one_of("source_type", CertificateSource::values())
            .at_least("renew_before_days", 0)
            .check("validity", "valid_from IS NULL OR valid_from < valid_until")
    }
}
