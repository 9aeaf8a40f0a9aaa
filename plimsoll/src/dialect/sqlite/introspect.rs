//! The schema that an SQLite database has, in four queries.

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait, DbErr, QueryResult};

use super::{
    parse::{self, Parsed, ParsedIndex},
    render::Sqlite,
};
use crate::{
    dialect::{
        introspect::{on_delete, on_update, rows},
        read::Read as _,
    },
    schema::{
        Beyond, Check, Column, ForeignKey, Generated, Index, IndexKey, IndexPart, Schema, Sql,
        Table, TableOption, Unique,
    },
};

// Materialized: joined as it is, the list would be made anew for every row of the schema.
const OBJECTS: &str = "WITH l AS MATERIALIZED (\
       SELECT name, type, wr, strict FROM pragma_table_list WHERE schema = 'main') \
     SELECT s.type, s.name, s.tbl_name, s.sql, coalesce(l.type, ''), \
       coalesce(l.wr, 0), coalesce(l.strict, 0) \
     FROM sqlite_schema s LEFT JOIN l ON l.name = s.name AND s.type = 'table' \
     WHERE s.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY s.name";

const COLUMNS: &str = "SELECT s.name, x.name, x.type, x.\"notnull\", x.dflt_value, x.pk, x.hidden \
     FROM sqlite_schema s JOIN pragma_table_xinfo(s.name) x \
     WHERE s.type = 'table' ORDER BY s.name, x.cid";

const INDEXES: &str = "SELECT s.name, l.name, l.\"unique\", l.origin, x.cid, x.name, x.\"desc\", x.coll \
     FROM sqlite_schema s JOIN pragma_index_list(s.name) l JOIN pragma_index_xinfo(l.name) x \
     WHERE s.type = 'table' AND x.key = 1 ORDER BY s.name, l.seq DESC, x.seqno";

const FOREIGN_KEYS: &str = "SELECT s.name, f.id, f.\"table\", f.\"from\", f.\"to\", f.on_update, f.on_delete \
     FROM sqlite_schema s JOIN pragma_foreign_key_list(s.name) f \
     WHERE s.type = 'table' ORDER BY s.name, f.id DESC, f.seq";

/// A table whose rows of the catalog are being gathered.
struct Reading {
    table: Table,
    parsed: Parsed,
    /// The columns of the very type that a key has which is the number of its row.
    integers: Vec<String>,
}

type Tables = BTreeMap<String, Reading>;

pub(crate) async fn schema(db: &impl ConnectionTrait) -> Result<Schema, DbErr> {
    let mut schema = Schema::default();
    let mut tables = Tables::new();
    let mut indexes = BTreeMap::new();
    for row in rows(db, OBJECTS).await? {
        object(&row, &mut tables, &mut indexes, &mut schema)?;
    }
    for row in rows(db, COLUMNS).await? {
        if let Some(reading) = tables.get_mut(&row.try_get_by_index::<String>(0)?) {
            column(&row, reading)?;
        }
    }
    for row in rows(db, FOREIGN_KEYS).await? {
        if let Some(reading) = tables.get_mut(&row.try_get_by_index::<String>(0)?) {
            foreign_key(&row, reading)?;
        }
    }
    for row in rows(db, INDEXES).await? {
        if let Some(reading) = tables.get_mut(&row.try_get_by_index::<String>(0)?) {
            index(&row, &indexes, reading, &mut schema.beyond)?;
        }
    }
    for (name, reading) in tables {
        schema.tables.insert(name, finished(reading, &mut schema.beyond));
    }
    // A key that names no columns means the primary key there.
    let keys: BTreeMap<String, Vec<String>> =
        schema.tables.iter().map(|(name, it)| (name.clone(), it.primary_key.clone())).collect();
    for key in schema.tables.values_mut().flat_map(|table| &mut table.foreign_keys) {
        if key.referenced_columns.is_empty()
            && let Some(columns) = keys.get(&key.references)
        {
            key.referenced_columns.clone_from(columns);
        }
    }
    Ok(schema)
}

fn object(
    row: &QueryResult,
    tables: &mut Tables,
    indexes: &mut BTreeMap<String, ParsedIndex>,
    schema: &mut Schema,
) -> Result<(), DbErr> {
    let kind: String = row.try_get_by_index(0)?;
    let name: String = row.try_get_by_index(1)?;
    let of: String = row.try_get_by_index(2)?;
    let sql: String = row.try_get_by_index::<Option<String>>(3)?.unwrap_or_default();
    let listed: String = row.try_get_by_index(4)?;
    let mut beyond = |table: Option<String>, kind: &str| {
        schema.beyond.push(Beyond { table, kind: kind.to_owned(), name: name.clone() });
    };
    match (&*kind, &*listed) {
        ("table", "virtual") => beyond(None, "virtual table"),
        // It comes and goes with its virtual table.
        ("table", "shadow") => {}
        ("table", _) => {
            let mut table = Table::new(&name);
            if row.try_get_by_index::<i64>(5)? != 0 {
                table.options.push(TableOption::WithoutRowid);
            }
            if row.try_get_by_index::<i64>(6)? != 0 {
                table.options.push(TableOption::Strict);
            }
            table.options.sort();
            tables
                .insert(name, Reading { table, parsed: parse::table(&sql), integers: Vec::new() });
        }
        ("index", _) => {
            indexes.insert(name, parse::index(&sql));
        }
        ("view", _) => beyond(None, "view"),
        (other, _) => beyond(Some(of), other),
    }
    Ok(())
}

fn column(row: &QueryResult, reading: &mut Reading) -> Result<(), DbErr> {
    let name: String = row.try_get_by_index(1)?;
    let ty: String = row.try_get_by_index(2)?;
    let not_null: i64 = row.try_get_by_index(3)?;
    let default: Option<String> = row.try_get_by_index(4)?;
    let key: i64 = row.try_get_by_index(5)?;
    let hidden: i64 = row.try_get_by_index(6)?;
    let at = reading.table.columns.len();
    let parsed = reading.parsed.columns.get(at);
    if ty.eq_ignore_ascii_case("integer") {
        reading.integers.push(name.clone());
    }
    let ty = Sqlite.read_type(generated_apart(&ty));
    let generated =
        parsed.and_then(|it| it.generated.clone()).filter(|_| hidden == 2 || hidden == 3);
    reading.table.columns.push(Column {
        renamed_from: None,
        nullable: not_null == 0,
        default: default.and_then(|text| Sqlite.read_default(&text, &ty)),
        auto_increment: parsed.is_some_and(|it| it.auto_increment),
        generated: generated.map(|expr| Generated { expr: Sql::new(expr), stored: hidden == 3 }),
        // `BINARY` is what a column has that names none.
        collation: parsed
            .and_then(|it| it.collation.clone())
            .filter(|name| !name.eq_ignore_ascii_case("binary")),
        comment: None,
        ty,
        name: name.clone(),
    });
    if let Ok(place) = usize::try_from(key)
        && place > 0
    {
        let columns = &mut reading.table.primary_key;
        if columns.len() < place {
            columns.resize(place, String::new());
        }
        columns[place - 1] = name;
    }
    Ok(())
}

/// SQLite takes the words GENERATED ALWAYS for a part of the type.
fn generated_apart(ty: &str) -> &str {
    let end = ty.len().saturating_sub("GENERATED ALWAYS".len());
    match ty.get(end..) {
        Some(words) if words.eq_ignore_ascii_case("generated always") => ty[..end].trim_end(),
        _ => ty,
    }
}

fn foreign_key(row: &QueryResult, reading: &mut Reading) -> Result<(), DbErr> {
    let id: i64 = row.try_get_by_index(1)?;
    let references: String = row.try_get_by_index(2)?;
    let from: String = row.try_get_by_index(3)?;
    let to: Option<String> = row.try_get_by_index(4)?;
    // They come in the order in which they were declared, the last one with the id 0.
    let keys = &mut reading.table.foreign_keys;
    let declared = reading.parsed.foreign_keys.len();
    let at = usize::try_from(id).ok().and_then(|id| declared.checked_sub(id + 1));
    if at.is_none_or(|at| at >= keys.len()) {
        keys.push(ForeignKey {
            name: at.and_then(|at| reading.parsed.foreign_keys.get(at)?.0.clone()),
            columns: Vec::new(),
            references,
            referenced_columns: Vec::new(),
            on_update: on_update(&row.try_get_by_index::<String>(5)?),
            on_delete: on_delete(&row.try_get_by_index::<String>(6)?),
        });
    }
    if let Some(key) = keys.last_mut() {
        key.columns.push(from);
        key.referenced_columns.extend(to);
    }
    Ok(())
}

fn index(
    row: &QueryResult,
    parsed: &BTreeMap<String, ParsedIndex>,
    reading: &mut Reading,
    beyond: &mut Vec<Beyond>,
) -> Result<(), DbErr> {
    let name: String = row.try_get_by_index(1)?;
    let unique: i64 = row.try_get_by_index(2)?;
    let origin: String = row.try_get_by_index(3)?;
    let column: Option<String> = row.try_get_by_index(5)?;
    let descending: i64 = row.try_get_by_index(6)?;
    let collation: Option<String> = row.try_get_by_index(7)?;
    // A primary key's or a unique constraint's own: the constraints are read from the text.
    let Some(parsed) = parsed.get(&name).filter(|_| origin == "c") else { return Ok(()) };
    let table = &mut reading.table;
    if table.indexes.last().is_none_or(|last| last.name != name) {
        table.indexes.push(Index {
            name: name.clone(),
            columns: Vec::new(),
            unique: unique != 0,
            predicate: parsed.predicate.as_deref().map(Sql::new),
            include: Vec::new(),
            method: None,
        });
    }
    let Some(index) = table.indexes.last_mut() else { return Ok(()) };
    let at = index.columns.len();
    let of_column = column
        .as_ref()
        .and_then(|column| table.columns.iter().find(|it| it.name == *column))
        .map(|column| column.collation.as_deref().unwrap_or("BINARY"));
    let of_index = collation.as_deref().unwrap_or("BINARY");
    if !of_index.eq_ignore_ascii_case(of_column.unwrap_or("BINARY")) {
        beyond.push(Beyond::new(
            Some(&table.name),
            format!("collation {of_index} in an index"),
            name,
        ));
    }
    let key = match column {
        Some(column) => IndexKey::Column(column),
        None => IndexKey::Expr(Sql::new(parsed.parts.get(at).cloned().unwrap_or_default())),
    };
    index.columns.push(IndexPart { key, descending: descending != 0, prefix: None });
    Ok(())
}

fn finished(reading: Reading, beyond: &mut Vec<Beyond>) -> Table {
    let Reading { mut table, parsed, integers } = reading;
    if let [key] = &*table.primary_key
        && integers.contains(key)
    {
        // A number of a row is never NULL, whether that was said or not.
        table.columns.iter_mut().filter(|it| it.name == *key).for_each(|it| it.nullable = false);
    }
    let mut more = |kind: &str, name: Option<String>| {
        let name = name.unwrap_or_default();
        beyond.push(Beyond::new(Some(&table.name), kind, name));
    };
    for (name, _, deferred) in &parsed.foreign_keys {
        if *deferred {
            more("deferred foreign key", name.clone());
        }
    }
    if parsed.conflicts {
        more("ON CONFLICT clause", None);
    }
    if parsed.is_sorted {
        more("key with a collation or a direction of its own", None);
    }
    table.checks = parsed
        .checks
        .into_iter()
        .map(|(name, condition)| Check { name, rule: Sqlite.read_rule(&condition) })
        .collect();
    table.uniques =
        parsed.uniques.into_iter().map(|(name, columns)| Unique { name, columns }).collect();
    table
}
