//! Sets of packages that are installed on a machine together.

use plimsoll::Beside;
use sea_orm::entity::prelude::*;

/// One row of `package_configs`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "package_configs")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(unique, column_type = "String(StringLen::N(100))")]
    pub name: String,
    #[sea_orm(column_type = "Text")]
    pub description: Option<String>,
    /// A list of names.
    #[sea_orm(column_type = "JsonBinary", default_value = "[]")]
    pub packages: Json,
    /// A list of what to install from, besides the system's own.
    #[sea_orm(column_type = "JsonBinary", default_value = "[]")]
    pub repositories: Json,
    /// Run by a shell before the first package.
    #[sea_orm(column_type = "Text")]
    pub pre_install_scripts: Option<String>,
    /// Run by a shell after the last package.
    #[sea_orm(column_type = "Text")]
    pub post_install_scripts: Option<String>,
    /// Taken where a job names none; the service keeps it to one.
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

impl Beside for Entity {}
