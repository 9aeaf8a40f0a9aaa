//! What a declared migration writes with.

pub use sea_orm_migration::{
    schema::*,
    sea_orm::sea_query::{ColumnDef, ColumnType, Expr, ExprTrait},
};

pub use crate::{
    change::Change,
    code::{Call, Running},
    row,
    schema::{
        Check, ForeignKey, Index, IndexPart, OnDelete, OnUpdate, Rule, Sql, TableBuilder,
        TableOption, Unique, Value,
    },
    steps::Steps,
};
