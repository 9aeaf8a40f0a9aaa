//! Deployment jobs: work that a worker takes up, and the record of how it went.

use plimsoll::{Beside, TableBuilder};
use sea_orm::entity::prelude::*;

/// How far a job has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(50))", rename_all = "snake_case")]
pub enum DeploymentJobStatus {
    /// No worker has taken it yet.
    Pending,
    /// `current_phase` says with what.
    Running,
    Completed,
    Failed,
    Cancelled,
}

/// One row of `deployment_jobs`. It outlives everything that it refers to.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "deployment_jobs")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(indexed)]
    pub machine_id: Option<i64>,
    #[sea_orm(indexed)]
    pub server_id: Option<i64>,
    #[sea_orm(indexed)]
    pub ipxe_machine_id: Option<i64>,
    #[sea_orm(indexed)]
    pub image_id: Option<i64>,
    #[sea_orm(indexed)]
    pub boot_config_id: Option<i64>,
    #[sea_orm(indexed)]
    pub cloud_init_template_id: Option<i64>,
    #[sea_orm(indexed)]
    pub package_config_id: Option<i64>,
    #[sea_orm(indexed)]
    pub lxd_cluster_id: Option<i64>,
    #[sea_orm(indexed)]
    pub created_by_id: Option<i64>,
    /// The name that other systems know it by; refers to no row.
    #[sea_orm(unique, column_type = "String(StringLen::N(64))")]
    pub job_id: String,
    #[sea_orm(column_type = "String(StringLen::N(50))", default_value = "provision")]
    pub job_type: String,
    #[sea_orm(default_value = "pending")]
    pub status: DeploymentJobStatus,
    /// What a job that runs is at: `power_on`, `pxe_boot`, `os_install`, `egg_deploy`, …
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub current_phase: Option<String>,
    #[sea_orm(default_value = 0)]
    pub progress_percent: i32,
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub ansible_playbook: Option<String>,
    /// A list of the names of eggs, as it was when the job was made.
    #[sea_orm(column_type = "JsonBinary", default_value = "[]")]
    pub eggs_to_deploy: Json,
    /// What the machine was really told. Templates may put passwords into it: not for logs.
    #[sea_orm(column_type = "Text")]
    pub rendered_cloud_init: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub log_output: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub error_message: Option<String>,
    /// The name of the worker that has it.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub claimed_by: Option<String>,
    /// When that worker was last heard of; present exactly when `claimed_by` is.
    pub claimed_at: Option<DateTimeUtc>,
    pub started_at: Option<DateTimeUtc>,
    /// When it ended, however it did.
    pub completed_at: Option<DateTimeUtc>,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "machine_id", to = "id", on_delete = "SetNull")]
    pub machine: BelongsTo<Option<super::cloud_machine::Entity>>,
    #[sea_orm(belongs_to, from = "server_id", to = "id", on_delete = "SetNull")]
    pub server: BelongsTo<Option<super::server::Entity>>,
    #[sea_orm(belongs_to, from = "ipxe_machine_id", to = "id", on_delete = "SetNull")]
    pub ipxe_machine: BelongsTo<Option<crate::netboot::ipxe_machine::Entity>>,
    #[sea_orm(belongs_to, from = "image_id", to = "id", on_delete = "SetNull")]
    pub image: BelongsTo<Option<crate::netboot::ipxe_image::Entity>>,
    #[sea_orm(belongs_to, from = "boot_config_id", to = "id", on_delete = "SetNull")]
    pub boot_config: BelongsTo<Option<crate::netboot::ipxe_boot_config::Entity>>,
    #[sea_orm(belongs_to, from = "cloud_init_template_id", to = "id", on_delete = "SetNull")]
    pub cloud_init_template: BelongsTo<Option<super::cloud_init_template::Entity>>,
    #[sea_orm(belongs_to, from = "package_config_id", to = "id", on_delete = "SetNull")]
    pub package_config: BelongsTo<Option<super::package_config::Entity>>,
    #[sea_orm(belongs_to, from = "lxd_cluster_id", to = "id", on_delete = "SetNull")]
    pub lxd_cluster: BelongsTo<Option<super::lxd_cluster::Entity>>,
    #[sea_orm(belongs_to, from = "created_by_id", to = "id", on_delete = "SetNull")]
    pub created_by: BelongsTo<Option<crate::identity::user::Entity>>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {
    fn beside(table: TableBuilder) -> TableBuilder {
        table
            .one_of("status", DeploymentJobStatus::values())
            .between("progress_percent", 0, 100)
            .check("claimed_at", "(claimed_by IS NULL) = (claimed_at IS NULL)")
            .check("completed_at", "completed_at IS NULL OR completed_at >= started_at")
            .index(["status", "created_at"])
    }
}
