//! Import records: what became of each record of a source, so that none is brought in twice.

use plimsoll::{Beside, TableBuilder};
use sea_orm::entity::prelude::*;

/// One row of `import_records`: a whole record of the source, with all the rows that it became.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "import_records")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(indexed)]
    pub import_id: i64,
    #[sea_orm(column_type = "String(StringLen::N(100))")]
    pub scope: String,
    /// What the source calls the record.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub record_key: String,
    /// SHA-256 of what the source said, in hexadecimal: whether it says something else now.
    #[sea_orm(column_type = "String(StringLen::N(64))")]
    pub digest: String,
    /// A list of rows: table, key in the source, key here, digest, whether it was made or there
    /// before, and which imports changed it since.
    #[sea_orm(column_type = "JsonBinary", default_value = "[]")]
    pub targets: Json,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "import_id", to = "id", on_delete = "Cascade")]
    pub import: BelongsTo<super::import::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {
    fn beside(table: TableBuilder) -> TableBuilder {
        table.unique(["scope", "record_key"])
    }
}
