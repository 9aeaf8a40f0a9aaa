//! Hosts as they are told to Elder.

use plimsoll::Beside;
use sea_orm::entity::prelude::*;

/// One row of `elder_hosts`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "elder_hosts")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(indexed)]
    pub machine_id: Option<i64>,
    #[sea_orm(indexed)]
    pub server_id: Option<i64>,
    #[sea_orm(unique, column_type = "String(StringLen::N(255))")]
    pub hostname: String,
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub fqdn: String,
    #[sea_orm(column_type = "String(StringLen::N(64))")]
    pub ip_address: String,
    /// A list of names, which may be of applications that are not in `elder_apps`.
    #[sea_orm(column_type = "JsonBinary", default_value = "[]")]
    pub apps: Json,
    #[sea_orm(column_type = "String(StringLen::N(100))", default_value = "default")]
    pub zone: String,
    #[sea_orm(column_type = "String(StringLen::N(100))", default_value = "default")]
    pub pool: String,
    /// Labels with a text each: Elder takes no list.
    #[sea_orm(column_type = "JsonBinary", default_value = "{}")]
    pub tags: Json,
    #[sea_orm(column_type = "JsonBinary", default_value = "{}")]
    pub attributes: Json,
    #[sea_orm(default_value = false)]
    pub elder_registered: bool,
    pub last_sync_at: Option<DateTimeUtc>,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeUtc,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub updated_at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "machine_id", to = "id", on_delete = "SetNull")]
    pub machine: BelongsTo<Option<crate::cloud::cloud_machine::Entity>>,
    #[sea_orm(belongs_to, from = "server_id", to = "id", on_delete = "SetNull")]
    pub server: BelongsTo<Option<crate::cloud::server::Entity>>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {}
