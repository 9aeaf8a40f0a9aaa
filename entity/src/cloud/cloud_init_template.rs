//! Templates of what cloud-init is told on a machine's first start.

use plimsoll::{Beside, TableBuilder};
use sea_orm::entity::prelude::*;

/// Which of cloud-init's files a template becomes; stored as cloud-init names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(50))")]
pub enum CloudInitTemplateType {
    #[sea_orm(string_value = "user-data")]
    UserData,
    #[sea_orm(string_value = "meta-data")]
    MetaData,
    #[sea_orm(string_value = "network-config")]
    NetworkConfig,
}

/// One row of `cloud_init_templates`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "cloud_init_templates")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(unique, column_type = "String(StringLen::N(100))")]
    pub name: String,
    #[sea_orm(column_type = "Text")]
    pub description: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub template_content: String,
    #[sea_orm(default_value = "user-data")]
    pub template_type: CloudInitTemplateType,
    #[sea_orm(column_type = "String(StringLen::N(20))", default_value = "1.0")]
    pub version: String,
    /// Taken where a job names none; the service keeps it to one of each type.
    #[sea_orm(default_value = false)]
    pub is_default: bool,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeUtc,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub updated_at: DateTimeUtc,
    #[sea_orm(has_many)]
    pub deployment_jobs: HasMany<super::deployment_job::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {
    fn beside(table: TableBuilder) -> TableBuilder {
        table.one_of("template_type", CloudInitTemplateType::values())
    }
}
