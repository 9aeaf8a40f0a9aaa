//! Tables read from SeaORM entities: what the code wants.

use sea_orm::{DbBackend, EntityTrait};
use sea_query::{ForeignKeyAction, TableRef};

use super::{ForeignKey, Index, OnDelete, OnUpdate, Table, TableBuilder};
use crate::names;

/// What SeaORM's attributes cannot say about an entity's table, said beside the entity: CHECKs,
/// composite indexes.
///
/// ```
/// # mod page {
/// # use plimsoll::{Beside, TableBuilder};
/// use sea_orm::entity::prelude::*;
///
/// #[sea_orm::model]
/// #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
/// #[sea_orm(table_name = "pages")]
/// pub struct Model {
///     #[sea_orm(primary_key)]
///     pub id: i64,
///     pub state: String,
/// }
///
/// impl ActiveModelBehavior for ActiveModel {}
///
/// impl Beside for Entity {
///     fn beside(table: TableBuilder) -> TableBuilder {
///         table.one_of("state", ["draft", "published"])
///     }
/// }
/// # }
/// let table = plimsoll::table_of::<page::Entity>();
/// assert_eq!(table.checks[0].name.as_deref(), Some("ck-pages-state"));
/// ```
pub trait Beside: EntityTrait {
    /// Adds to the table that SeaORM's attributes gave.
    fn beside(table: TableBuilder) -> TableBuilder {
        table
    }
}

/// The table that an entity wants: its attributes, and what is said beside it.
///
/// SeaORM keeps no values of an enumeration that is stored as text, no names of unique constraints
/// and no conditions; those come from [`Beside`].
pub fn table_of<E: Beside>() -> Table {
    // For SQLite SeaORM keeps what the other two turn into text (enumerations).
    let schema = sea_orm::Schema::new(DbBackend::Sqlite);
    let create = schema.create_table_from_entity(E::default());
    let name = E::default().table_name().to_owned();

    let mut builder = TableBuilder::new(&name);
    for column in create.get_columns() {
        builder = builder.column(column);
    }
    let (mut table, _) = builder.finish();
    for key in create.get_indexes().iter().filter(|index| index.is_primary_key()) {
        table.primary_key = key.get_index_spec().get_column_names();
    }
    for statement in create.get_foreign_key_create_stmts() {
        let key = statement.get_foreign_key();
        let columns = key.get_columns();
        table.foreign_keys.push(ForeignKey {
            name: Some(names::derived("fk", &name, &columns)),
            columns,
            references: key.get_ref_table().map(table_name).unwrap_or_default(),
            referenced_columns: key.get_ref_columns(),
            on_delete: on_delete(key.get_on_delete()),
            on_update: on_update(key.get_on_update()),
        });
    }
    for index in schema.create_index_from_entity(E::default()) {
        let columns = index.get_index_spec().get_column_names();
        let mut read = Index::over(&name, columns);
        read.unique = index.is_unique_key();
        table.indexes.push(read);
    }
    E::beside(TableBuilder::from_table(table)).finish().0
}

fn table_name(table: &TableRef) -> String {
    match table {
        TableRef::Table(name, _) => name.1.to_string(),
        _ => String::new(),
    }
}

fn on_delete(action: Option<ForeignKeyAction>) -> OnDelete {
    match action {
        Some(ForeignKeyAction::Cascade) => OnDelete::Cascade,
        Some(ForeignKeyAction::Restrict) => OnDelete::Restrict,
        Some(ForeignKeyAction::SetNull) => OnDelete::SetNull,
        Some(ForeignKeyAction::SetDefault) => OnDelete::SetDefault,
        _ => OnDelete::NoAction,
    }
}

fn on_update(action: Option<ForeignKeyAction>) -> OnUpdate {
    match action {
        Some(ForeignKeyAction::Cascade) => OnUpdate::Cascade,
        Some(ForeignKeyAction::Restrict) => OnUpdate::Restrict,
        Some(ForeignKeyAction::SetNull) => OnUpdate::SetNull,
        Some(ForeignKeyAction::SetDefault) => OnUpdate::SetDefault,
        _ => OnUpdate::NoAction,
    }
}
