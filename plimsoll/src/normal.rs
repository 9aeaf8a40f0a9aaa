//! What a wanted schema looks like to the database that has it, as far as text alone decides.
//!
//! A database keeps less than is said to it: SQLite knows one width of whole numbers, MySQL makes a
//! unique index of a unique constraint, PostgreSQL has no comment on how a default was written.
//! Two schemas are compared in this form, in which introspection gives what is there.

use crate::{
    dialect::{Dialect, mysql::render::COLLATION},
    names::cut,
    render::{reader, renderer},
    schema::{
        Check, Column, Default, Index, IndexKey, OnDelete, OnUpdate, Rule, Schema, Sql, Table,
        TableOption, Type, Unique, Value,
    },
};

/// The schema as introspection of a `dialect` database that has it gives it.
///
/// Conditions, defaults and expressions that are neither constants nor one of the forms that the
/// model knows keep their text: whether two of them mean the same only the database can tell.
pub fn normal(schema: &Schema, dialect: Dialect) -> Schema {
    let mut schema = schema.clone();
    if dialect == Dialect::Postgres {
        schema.gather_enums();
    } else {
        schema.enums.clear();
    }
    schema.tables = std::mem::take(&mut schema.tables)
        .into_values()
        .map(|table| normal_table(table.named(dialect), dialect))
        .map(|table| (table.name.clone(), table))
        .collect();
    schema
}

fn normal_table(mut table: Table, dialect: Dialect) -> Table {
    let of_table = table.options.iter().find_map(|option| match option {
        TableOption::Collation(name) => Some(name.clone()),
        _ => None,
    });
    let usual = match dialect {
        Dialect::Sqlite => "BINARY",
        Dialect::Postgres => "default",
        Dialect::Mysql => of_table.as_deref().unwrap_or(COLLATION),
    };
    for column in &mut table.columns {
        normal_column(column, dialect);
        column.collation.take_if(|name| is_same_collation(name, usual, dialect));
        if dialect == Dialect::Sqlite {
            // Its PRAGMAs know no comments.
            column.comment = None;
        }
        let is_never_null = match dialect {
            // The number of a row.
            Dialect::Sqlite => {
                column.ty == Type::BigInteger && table.primary_key == [column.name.clone()]
            }
            Dialect::Mysql | Dialect::Postgres => table.primary_key.contains(&column.name),
        };
        if is_never_null {
            column.nullable = false;
        }
    }
    if dialect == Dialect::Sqlite {
        table.comment = None;
    }
    for check in &mut table.checks {
        check.rule = normal_rule(check, dialect);
    }
    for index in &mut table.indexes {
        normal_index(index, dialect);
    }
    match dialect {
        Dialect::Mysql => {
            cut_parts(&mut table);
            mysql_keys(&mut table);
        }
        Dialect::Postgres => cut_names(&mut table),
        Dialect::Sqlite => {}
    }
    settle(&mut table, dialect);
    table
}

fn normal_column(column: &mut Column, dialect: Dialect) {
    let (writer, reader) = (renderer(dialect), reader(dialect));
    let default = writer.default(column);
    // What the database has no form for stays as it is, and differs from whatever is there.
    if let Ok(text) = writer.ty(&column.ty) {
        let enumeration = matches!(column.ty, Type::Enum { .. }) && dialect == Dialect::Postgres;
        if !enumeration {
            column.ty = reader.read_type(&text);
        }
    }
    if let Ok(default) = default {
        column.default = default.and_then(|text| reader.read_default(&text, &column.ty));
    }
    if let (Dialect::Mysql, Type::Char(_), Some(Default::Value(Value::Text(text)))) =
        (dialect, &column.ty, &mut column.default)
    {
        // A text of a fixed length is padded, and its end is not kept.
        text.truncate(text.trim_end_matches(' ').len());
    }
    if let Some(Default::Sql(sql)) = &mut column.default {
        *sql = own(sql, dialect);
    }
    if let Some(generated) = &mut column.generated {
        generated.expr = own(&generated.expr, dialect);
    }
}

/// Whether both are names of one collation, which alone PostgreSQL tells apart by their case.
pub(crate) fn is_same_collation(one: &str, other: &str, dialect: Dialect) -> bool {
    one == other || (dialect != Dialect::Postgres && one.eq_ignore_ascii_case(other))
}

/// The text for this database alone.
fn own(sql: &Sql, dialect: Dialect) -> Sql {
    Sql::new(sql.text(dialect))
}

fn normal_rule(check: &Check, dialect: Dialect) -> Rule {
    match &check.rule {
        Rule::Sql(sql) => reader(dialect).read_rule(sql.text(dialect)),
        rule => rule.clone(),
    }
}

fn normal_index(index: &mut Index, dialect: Dialect) {
    for part in &mut index.columns {
        if let IndexKey::Expr(expr) = &mut part.key {
            *expr = own(expr, dialect);
        }
    }
    if let Some(predicate) = &mut index.predicate {
        *predicate = own(predicate, dialect);
    }
    if let Some(method) = &mut index.method {
        *method = method.to_lowercase();
    }
}

/// Cuts the names of constraints and indexes where PostgreSQL does, without a word.
fn cut_names(table: &mut Table) {
    let columns = table.columns.iter_mut().map(|it| &mut it.name);
    let of_uniques = table.uniques.iter_mut().flat_map(|it| &mut it.columns);
    let of_keys = table.foreign_keys.iter_mut().flat_map(|it| {
        it.columns.iter_mut().chain(&mut it.referenced_columns).chain([&mut it.references])
    });
    let of_checks = table.checks.iter_mut().filter_map(|it| match &mut it.rule {
        Rule::OneOf { column, .. } | Rule::Range { column, .. } => Some(column),
        Rule::Sql(_) => None,
    });
    let of_indexes = table.indexes.iter_mut().flat_map(|index| {
        let parts = index.columns.iter_mut().filter_map(|part| match &mut part.key {
            IndexKey::Column(column) => Some(column),
            IndexKey::Expr(_) => None,
        });
        parts.chain(&mut index.include)
    });
    let names = columns.chain(&mut table.primary_key).chain(of_uniques).chain(of_keys);
    for name in names.chain(of_checks).chain(of_indexes).chain([&mut table.name]) {
        name.truncate(cut(name).len());
    }
    let uniques = table.uniques.iter_mut().filter_map(|it| it.name.as_mut());
    let checks = table.checks.iter_mut().filter_map(|it| it.name.as_mut());
    let keys = table.foreign_keys.iter_mut().filter_map(|it| it.name.as_mut());
    let indexes = table.indexes.iter_mut().map(|it| &mut it.name);
    for name in uniques.chain(checks).chain(keys).chain(indexes) {
        name.truncate(cut(name).len());
    }
}

/// Cuts what an index sorts by where MariaDB does, with a note that nobody reads: after 3 072 bytes.
fn cut_parts(table: &mut Table) {
    const BYTES: u32 = 3_072;
    for index in table.indexes.iter_mut().filter(|index| !index.unique) {
        for part in &mut index.columns {
            let IndexKey::Column(name) = &part.key else { continue };
            let Some(column) = table.columns.iter().find(|column| column.name == *name) else {
                continue;
            };
            let collation = column.collation.as_deref().unwrap_or(COLLATION);
            let characters = if collation.starts_with("utf8mb4") { BYTES / 4 } else { return };
            let longest = match column.ty {
                Type::String(Some(length)) if length > characters => characters,
                Type::VarBinary(length) if length > BYTES => BYTES,
                Type::Text => characters,
                Type::Blob => BYTES,
                _ => continue,
            };
            part.prefix.get_or_insert(longest);
        }
    }
}

/// Makes unique constraints of the unique indexes that are the same to MySQL.
fn mysql_keys(table: &mut Table) {
    let (uniques, indexes) =
        std::mem::take(&mut table.indexes).into_iter().partition::<Vec<_>, _>(|index| {
            index.unique
                && index.method.is_none()
                && index
                    .columns
                    .iter()
                    .all(|it| it.column().is_some() && !it.descending && it.prefix.is_none())
        });
    table.indexes = indexes;
    table.uniques.extend(uniques.into_iter().map(|index| Unique {
        columns: index.columns.iter().filter_map(|it| it.column().cloned()).collect(),
        name: Some(index.name),
    }));
}

/// Puts in order what has no order of its own, and makes one of what means the same.
pub(crate) fn settle(table: &mut Table, dialect: Dialect) {
    if dialect == Dialect::Mysql {
        // There RESTRICT is NO ACTION.
        for key in &mut table.foreign_keys {
            if key.on_delete == OnDelete::Restrict {
                key.on_delete = OnDelete::NoAction;
            }
            if key.on_update == OnUpdate::Restrict {
                key.on_update = OnUpdate::NoAction;
            }
        }
    }
    table.options.sort();
    table.uniques.sort_by(|a, b| (&a.columns, &a.name).cmp(&(&b.columns, &b.name)));
    table.foreign_keys.sort_by(|a, b| {
        (&a.columns, &a.references, &a.name).cmp(&(&b.columns, &b.references, &b.name))
    });
    table.indexes.sort_by(|a, b| a.name.cmp(&b.name));
    table.checks.sort_by_cached_key(|check| (check.name.clone(), format!("{:?}", check.rule)));
}
