//! Imports: each run that brought data in, or was interrupted while it did.

use plimsoll::{Beside, TableBuilder};
use sea_orm::entity::prelude::*;

/// How far an import is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(20))", rename_all = "snake_case")]
pub enum ImportStatus {
    /// At work, or interrupted.
    Running,
    /// Came to its end; single records may have been refused.
    Finished,
    /// What it brought is being taken out again, or was interrupted at that.
    Undoing,
    /// What it brought was taken out again.
    Undone,
}

/// One row of `imports`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "imports")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    /// Which source it is, among several of its kind; its kind, where nobody named it.
    #[sea_orm(indexed, column_type = "String(StringLen::N(100))")]
    pub scope: String,
    /// What kind of source: `tronbyt`, `alembic`, `json`.
    #[sea_orm(column_type = "String(StringLen::N(50))")]
    pub kind: String,
    /// The file or the address, without credentials.
    #[sea_orm(column_type = "String(StringLen::N(2048))")]
    pub origin: String,
    #[sea_orm(default_value = "running")]
    pub status: ImportStatus,
    /// What was counted, by table, when it ended; until then whether it keeps all or nothing.
    #[sea_orm(column_type = "JsonBinary", default_value = "{}")]
    pub counts: Json,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub started_at: DateTimeUtc,
    pub ended_at: Option<DateTimeUtc>,
    #[sea_orm(has_many)]
    pub records: HasMany<super::import_record::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {
    fn beside(table: TableBuilder) -> TableBuilder {
        table.one_of("status", ImportStatus::values())
    }
}
