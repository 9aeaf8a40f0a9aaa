//! What a declared migration writes with.

pub use sea_orm_migration::{
    schema::*,
    sea_orm::sea_query::{ColumnDef, Expr, ExprTrait},
};

pub use crate::{
    change::Change,
    row,
    schema::{Index, OnDelete, OnUpdate, Sql, TableBuilder, Value},
    steps::Steps,
};
