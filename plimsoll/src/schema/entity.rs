//! Tables read from SeaORM entities: what the code wants.

use sea_orm::{DbBackend, EntityTrait};
use sea_query::{ColumnDef, ForeignKeyAction, PostgresQueryBuilder, TableBuilder as _, TableRef};

use super::{
    Column, Definition, ForeignKey, Index, IntoColumn as _, OnDelete, OnUpdate, Table,
    TableBuilder, Type,
};
use crate::names;

/// What SeaORM's attributes cannot say about an entity's table, said beside the entity: CHECKs,
/// composite, partial and expression indexes, generated columns, comments, collations, former
/// names.
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
    read::<E>(E::beside).0
}

/// The table of an entity, and what the entity says that cannot be read.
pub(super) fn read<E: EntityTrait>(
    beside: impl FnOnce(TableBuilder) -> TableBuilder,
) -> (Table, Vec<String>) {
    // For SQLite SeaORM keeps what the other two turn into text (enumerations).
    let schema = sea_orm::Schema::new(DbBackend::Sqlite);
    let create = schema.create_table_from_entity(E::default());
    let name = E::default().table_name().to_owned();

    let mut builder = TableBuilder::new(&name);
    for column in create.get_columns() {
        builder = builder.column(of_entity(column));
    }
    let (mut table, unsupported) = builder.finish();
    table.columns.iter_mut().for_each(Column::take_former_name);
    for key in create.get_indexes().iter().filter(|index| index.is_primary_key()) {
        table.primary_key = key.get_index_spec().get_column_names();
    }
    for statement in create.get_foreign_key_create_stmts() {
        let key = statement.get_foreign_key();
        let columns = key.get_columns();
        let name = key.get_name().map(str::to_owned);
        table.foreign_keys.push(ForeignKey {
            name: Some(name.unwrap_or_else(|| names::derived("fk", &table.name, &columns))),
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
        if let Some(name) = index.get_index_spec().get_name() {
            name.clone_into(&mut read.name);
        }
        table.indexes.push(read);
    }
    if let Some(comment) = E::default().comment() {
        table.comment = Some(comment.to_owned());
    }
    let (table, more) = beside(TableBuilder::from_table(table)).finish();
    (table, [unsupported, more].concat())
}

/// The column as an entity has it: a type that only PostgreSQL has keeps its name there.
fn of_entity(column: &ColumnDef) -> Definition {
    let mut definition = column.into_column();
    if let (Type::Unsupported(what), Some(ty)) = (&definition.column.ty, column.get_column_type()) {
        let mut text = String::new();
        PostgresQueryBuilder.prepare_column_type(ty, &mut text);
        definition.unsupported.retain(|it| it != what);
        definition.column.ty = Type::Custom(text);
    }
    definition
}

impl Column {
    /// Takes the former name out of the comment, where SeaORM hides it.
    pub(crate) fn take_former_name(&mut self) {
        let Some(comment) = &self.comment else { return };
        let Some((before, rest)) = comment.rsplit_once("renamed_from \"") else { return };
        let Some(former) = rest.strip_suffix('"').filter(|name| !name.is_empty()) else { return };
        // A comment that only looks like it has something else before the word.
        if !before.is_empty() && !before.ends_with("; ") {
            return;
        }
        let former = former.to_owned();
        let before = before.strip_suffix("; ").unwrap_or(before);
        self.comment = Some(before.to_owned()).filter(|text| !text.is_empty());
        self.renamed_from = Some(former);
    }
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
