//! Machines at a provider.

use plimsoll::{Beside, TableBuilder};
use sea_orm::entity::prelude::*;

/// What a machine is doing, in the words of all providers together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(50))", rename_all = "snake_case")]
pub enum MachineStatus {
    New,
    Commissioning,
    Ready,
    Allocated,
    Deploying,
    Deployed,
    Releasing,
    DiskErasing,
    Failed,
    Broken,
    Running,
    Stopped,
    /// The provider has it no more.
    Terminated,
}

/// One row of `cloud_machines`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "cloud_machines")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub provider_id: i64,
    /// The cluster that it runs in.
    #[sea_orm(indexed)]
    pub lxd_cluster_id: Option<i64>,
    /// What the provider calls it.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub external_id: String,
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub hostname: Option<String>,
    #[sea_orm(column_type = "String(StringLen::N(64))")]
    pub ip_address: Option<String>,
    #[sea_orm(column_type = "String(StringLen::N(64))")]
    pub private_ip: Option<String>,
    #[sea_orm(indexed, default_value = "new")]
    pub status: MachineStatus,
    /// The provider's name for its size.
    #[sea_orm(column_type = "String(StringLen::N(100))")]
    pub machine_type: Option<String>,
    #[sea_orm(column_type = "String(StringLen::N(50))", default_value = "amd64")]
    pub architecture: String,
    /// Null while the provider has not said, like the two after it.
    pub cpu_count: Option<i32>,
    pub memory_mb: Option<i32>,
    pub storage_gb: Option<i32>,
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub os_image: Option<String>,
    #[sea_orm(column_type = "String(StringLen::N(100))")]
    pub zone: Option<String>,
    #[sea_orm(column_type = "JsonBinary", default_value = "[]")]
    pub tags: Json,
    /// What else the provider says.
    #[sea_orm(column_type = "JsonBinary", default_value = "{}")]
    pub attributes: Json,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeUtc,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub updated_at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "provider_id", to = "id", on_delete = "Restrict")]
    pub provider: BelongsTo<super::cloud_provider::Entity>,
    #[sea_orm(belongs_to, from = "lxd_cluster_id", to = "id", on_delete = "SetNull")]
    pub lxd_cluster: BelongsTo<Option<super::lxd_cluster::Entity>>,
    #[sea_orm(has_many)]
    pub lxd_cluster_members: HasMany<super::lxd_cluster_member::Entity>,
    #[sea_orm(has_many)]
    pub deployment_jobs: HasMany<super::deployment_job::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {
    fn beside(table: TableBuilder) -> TableBuilder {
        table
            .unique(["provider_id", "external_id"])
            .one_of("status", MachineStatus::values())
            .at_least("cpu_count", 0)
            .at_least("memory_mb", 0)
            .at_least("storage_gb", 0)
    }
}
