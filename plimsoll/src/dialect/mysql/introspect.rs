//! The schema that a MySQL or MariaDB database has, in eight queries. It is the current database.
//!
//! The two say many things differently: MariaDB knows no indexes over expressions, writes defaults
//! as SQL, and has the table of a CHECK with it.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::{ConnectionTrait, DbErr, QueryResult};

use super::{
    render::{COLLATION, ENGINE, Mysql},
    shown,
};
use crate::{
    dialect::{
        introspect::{on_delete, on_update, rows},
        read::Read as _,
        render::Render as _,
    },
    schema::{
        Beyond, Check, Column, Default, ForeignKey, Generated, Index, IndexKey, IndexPart, Schema,
        Sql, Table, TableOption, Type, Unique, Value,
    },
};

const VERSION: &str = "SELECT CAST(VERSION() AS CHAR)";

const TABLES: &str = "SELECT CAST(table_name AS CHAR), CAST(table_type AS CHAR), \
       CAST(engine AS CHAR), CAST(table_collation AS CHAR), CAST(table_comment AS CHAR), \
       CAST(create_options AS CHAR) \
     FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY table_name";

const COLUMNS: &str = "SELECT CAST(table_name AS CHAR), CAST(column_name AS CHAR), \
       CAST(column_type AS CHAR), CAST(is_nullable AS CHAR), CAST(column_default AS CHAR), \
       CAST(extra AS CHAR), CAST(collation_name AS CHAR), CAST(column_comment AS CHAR), \
       CAST(generation_expression AS CHAR) \
     FROM information_schema.columns WHERE table_schema = DATABASE() \
     ORDER BY table_name, ordinal_position";

/// With the place of `expression`, which MariaDB does not have.
fn indexes(is_mariadb: bool) -> String {
    let expression = if is_mariadb { "NULL" } else { "CAST(expression AS CHAR)" };
    format!(
        "SELECT CAST(table_name AS CHAR), CAST(index_name AS CHAR), CAST(non_unique AS SIGNED), \
           CAST(column_name AS CHAR), CAST(collation AS CHAR), CAST(sub_part AS SIGNED), \
           CAST(index_type AS CHAR), {expression} \
         FROM information_schema.statistics WHERE table_schema = DATABASE() \
         ORDER BY table_name, index_name, seq_in_index"
    )
}

const KEYS: &str = "SELECT CAST(table_name AS CHAR), CAST(constraint_name AS CHAR), \
       CAST(column_name AS CHAR), CAST(referenced_table_name AS CHAR), \
       CAST(referenced_column_name AS CHAR), referenced_table_schema = table_schema \
     FROM information_schema.key_column_usage \
     WHERE table_schema = DATABASE() AND referenced_table_name IS NOT NULL \
     ORDER BY table_name, constraint_name, ordinal_position";

// Joined to the one above in SQL, it takes a hundred times as long.
const ACTIONS: &str = "SELECT CAST(table_name AS CHAR), CAST(constraint_name AS CHAR), \
       CAST(delete_rule AS CHAR), CAST(update_rule AS CHAR) \
     FROM information_schema.referential_constraints WHERE constraint_schema = DATABASE()";

fn checks(is_mariadb: bool) -> &'static str {
    if is_mariadb {
        "SELECT CAST(table_name AS CHAR), CAST(constraint_name AS CHAR), \
           CAST(check_clause AS CHAR), CAST(level AS CHAR) \
         FROM information_schema.check_constraints WHERE constraint_schema = DATABASE() \
         ORDER BY table_name, constraint_name"
    } else {
        "SELECT CAST(t.table_name AS CHAR), CAST(c.constraint_name AS CHAR), \
           CAST(c.check_clause AS CHAR), 'Table' \
         FROM information_schema.check_constraints c JOIN information_schema.table_constraints t \
           ON t.constraint_schema = c.constraint_schema AND t.constraint_name = c.constraint_name \
           AND t.constraint_type = 'CHECK' \
         WHERE c.constraint_schema = DATABASE() ORDER BY t.table_name, c.constraint_name"
    }
}

const BEYOND: &str = "SELECT CAST(event_object_table AS CHAR), 'trigger', CAST(trigger_name AS CHAR) \
       FROM information_schema.triggers WHERE trigger_schema = DATABASE() \
     UNION ALL SELECT NULL, LOWER(CAST(routine_type AS CHAR)), CAST(routine_name AS CHAR) \
       FROM information_schema.routines WHERE routine_schema = DATABASE() \
     UNION ALL SELECT NULL, 'event', CAST(event_name AS CHAR) \
       FROM information_schema.events WHERE event_schema = DATABASE()";

type Tables = BTreeMap<String, Table>;

pub(crate) async fn schema(db: &impl ConnectionTrait) -> Result<Schema, DbErr> {
    let version: Option<String> =
        rows(db, VERSION).await?.first().map(|row| row.try_get_by_index(0)).transpose()?;
    let is_mariadb = version.is_some_and(|it| it.contains("MariaDB"));
    let mut beyond = Vec::new();
    let mut tables = Tables::new();
    let mut collations = BTreeMap::new();
    for row in rows(db, TABLES).await? {
        table(&row, &mut tables, &mut collations, &mut beyond)?;
    }
    for row in rows(db, COLUMNS).await? {
        let of: String = row.try_get_by_index(0)?;
        if let Some(table) = tables.get_mut(&of) {
            column(&row, is_mariadb, collations.get(&of), table, &mut beyond)?;
        }
    }
    for row in rows(db, checks(is_mariadb)).await? {
        if let Some(table) = tables.get_mut(&row.try_get_by_index::<String>(0)?) {
            check(&row, is_mariadb, table)?;
        }
    }
    let mut actions = BTreeMap::new();
    for row in rows(db, ACTIONS).await? {
        let of: (String, String) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        let taken: (String, String) = (row.try_get_by_index(2)?, row.try_get_by_index(3)?);
        actions.insert(of, taken);
    }
    let keys = rows(db, KEYS).await?;
    hidden_actions(db, &keys, &mut actions).await?;
    for row in keys {
        if let Some(table) = tables.get_mut(&row.try_get_by_index::<String>(0)?) {
            foreign_key(&row, &actions, table, &mut beyond)?;
        }
    }
    for row in rows(db, &indexes(is_mariadb)).await? {
        if let Some(table) = tables.get_mut(&row.try_get_by_index::<String>(0)?) {
            index(&row, table)?;
        }
    }
    for table in tables.values_mut() {
        settle(table);
    }
    for row in rows(db, BEYOND).await? {
        beyond.push(Beyond {
            table: row.try_get_by_index(0)?,
            kind: row.try_get_by_index(1)?,
            name: row.try_get_by_index(2)?,
        });
    }
    Ok(Schema { tables, beyond, ..Schema::default() })
}

/// Asks for the tables whose foreign keys are listed without their actions, one by one: for a user
/// who may do no more than read there is no other way.
async fn hidden_actions(
    db: &impl ConnectionTrait,
    keys: &[QueryResult],
    actions: &mut BTreeMap<(String, String), (String, String)>,
) -> Result<(), DbErr> {
    let mut tables = BTreeSet::new();
    for row in keys {
        let key: (String, String) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        if !actions.contains_key(&key) {
            tables.insert(key.0);
        }
    }
    for table in tables {
        let show = format!("SHOW CREATE TABLE {}", Mysql.quote(&table));
        for row in rows(db, &show).await? {
            let create: String = row.try_get_by_index(1)?;
            let shown = shown::actions(&create).into_iter();
            actions.extend(shown.map(|(name, taken)| ((table.clone(), name), taken)));
        }
    }
    Ok(())
}

fn table(
    row: &QueryResult,
    tables: &mut Tables,
    collations: &mut BTreeMap<String, String>,
    beyond: &mut Vec<Beyond>,
) -> Result<(), DbErr> {
    let name: String = row.try_get_by_index(0)?;
    let kind: String = row.try_get_by_index(1)?;
    let mut more = |kind: &str| {
        beyond.push(Beyond::new(None, kind, &*name));
    };
    match &*kind {
        "BASE TABLE" => {}
        "SYSTEM VERSIONED" => more("system versioned table"),
        other => {
            more(&other.to_lowercase());
            return Ok(());
        }
    }
    let created: Option<String> = row.try_get_by_index(5)?;
    if created.is_some_and(|options| options.contains("partitioned")) {
        more("partitioned table");
    }
    let mut table = Table::new(&name);
    let engine: Option<String> = row.try_get_by_index(2)?;
    table.options.extend(engine.filter(|it| it != ENGINE).map(TableOption::Engine));
    let collation: Option<String> = row.try_get_by_index(3)?;
    if let Some(collation) = collation {
        collations.insert(name.clone(), collation.clone());
        table
            .options
            .extend(Some(collation).filter(|it| it != COLLATION).map(TableOption::Collation));
    }
    table.comment =
        row.try_get_by_index::<Option<String>>(4)?.filter(|comment| !comment.is_empty());
    tables.insert(name, table);
    Ok(())
}

fn column(
    row: &QueryResult,
    is_mariadb: bool,
    of_table: Option<&String>,
    table: &mut Table,
    beyond: &mut Vec<Beyond>,
) -> Result<(), DbErr> {
    let name: String = row.try_get_by_index(1)?;
    let ty: String = row.try_get_by_index(2)?;
    let nullable: String = row.try_get_by_index(3)?;
    let default: Option<String> = row.try_get_by_index(4)?;
    let extra = row.try_get_by_index::<Option<String>>(5)?.unwrap_or_default().to_lowercase();
    let collation: Option<String> = row.try_get_by_index(6)?;
    let comment: Option<String> = row.try_get_by_index(7)?;
    let expr: Option<String> = row.try_get_by_index(8)?;
    let ty = Mysql.read_type(&ty);
    let generated = expr.filter(|expr| !expr.is_empty()).map(|expr| Generated {
        expr: Sql::new(plain(expr, is_mariadb)),
        stored: extra.contains("stored") || extra.contains("persistent"),
    });
    for (sign, kind) in [
        ("on update", "ON UPDATE of a column"),
        ("invisible", "invisible column"),
        ("without system versioning", "column without versions"),
    ] {
        if extra.contains(sign) {
            beyond.push(Beyond::new(Some(&table.name), kind, &*name));
        }
    }
    let is_expression = is_mariadb || extra.contains("default_generated");
    let default = default.filter(|_| generated.is_none()).and_then(|text| {
        let text = if is_expression { plain(text, is_mariadb) } else { text };
        read_default(&text, &ty, is_expression)
    });
    table.columns.push(Column {
        renamed_from: None,
        nullable: nullable == "YES",
        default,
        auto_increment: extra.contains("auto_increment"),
        collation: collation.filter(|it| Some(it) != of_table),
        comment: comment.filter(|comment| !comment.is_empty()),
        generated,
        ty,
        name,
    });
    Ok(())
}

/// An expression as SQL: MySQL puts a backslash before every quote of those in its catalog.
fn plain(expr: String, is_mariadb: bool) -> String {
    if is_mariadb { expr } else { expr.replace("\\'", "'") }
}

/// A default; MySQL tells constants as they are, without quotes, where MariaDB tells SQL.
fn read_default(text: &str, ty: &Type, is_sql: bool) -> Option<Default> {
    if is_sql || Mysql.is_now(text, ty) {
        return Mysql.read_default(text, ty);
    }
    match ty {
        Type::Char(_)
        | Type::String(_)
        | Type::Enum { .. }
        | Type::Date
        | Type::Time
        | Type::DateTime
        | Type::Binary(_)
        | Type::VarBinary(_) => Some(Default::Value(Value::Text(text.to_owned()))),
        _ => Mysql.read_default(text, ty),
    }
}

fn check(row: &QueryResult, is_mariadb: bool, table: &mut Table) -> Result<(), DbErr> {
    let name: String = row.try_get_by_index(1)?;
    let clause = plain(row.try_get_by_index(2)?, is_mariadb);
    let level: String = row.try_get_by_index(3)?;
    let of_column = level.eq_ignore_ascii_case("column");
    // MariaDB's JSON is a text with this CHECK. It is called as the column was at first, whatever
    // the column is called now.
    let is_json = |column: &Column| {
        column.ty == Type::Text && clause == format!("json_valid({})", Mysql.quote(&column.name))
    };
    if of_column && let Some(column) = table.columns.iter_mut().find(|it| is_json(it)) {
        column.ty = Type::Json;
        column.collation = None;
        return Ok(());
    }
    // The CHECK of a column has no name of its own.
    let name = Some(name).filter(|_| !of_column);
    table.checks.push(Check { name, rule: Mysql.read_rule(&clause) });
    Ok(())
}

fn foreign_key(
    row: &QueryResult,
    actions: &BTreeMap<(String, String), (String, String)>,
    table: &mut Table,
    beyond: &mut Vec<Beyond>,
) -> Result<(), DbErr> {
    let name: String = row.try_get_by_index(1)?;
    let is_new = table.foreign_keys.last().is_none_or(|last| last.name.as_ref() != Some(&name));
    if is_new {
        if !row.try_get_by_index::<Option<bool>>(5)?.unwrap_or_default() {
            beyond.push(Beyond::new(
                Some(&table.name),
                "foreign key into another database",
                &*name,
            ));
        }
        let taken = actions.get(&(table.name.clone(), name.clone()));
        let (delete, update) = taken.map_or(("", ""), |(delete, update)| (delete, update));
        table.foreign_keys.push(ForeignKey {
            name: Some(name),
            columns: Vec::new(),
            references: row.try_get_by_index(3)?,
            referenced_columns: Vec::new(),
            on_delete: on_delete(delete),
            on_update: on_update(update),
        });
    }
    if let Some(key) = table.foreign_keys.last_mut() {
        key.columns.push(row.try_get_by_index(2)?);
        key.referenced_columns.push(row.try_get_by_index(4)?);
    }
    Ok(())
}

fn index(row: &QueryResult, table: &mut Table) -> Result<(), DbErr> {
    let name: String = row.try_get_by_index(1)?;
    let not_unique: i64 = row.try_get_by_index(2)?;
    let column: Option<String> = row.try_get_by_index(3)?;
    let direction: Option<String> = row.try_get_by_index(4)?;
    let prefix: Option<i64> = row.try_get_by_index(5)?;
    let method: String = row.try_get_by_index(6)?;
    let expression: Option<String> = row.try_get_by_index(7)?;
    if name == "PRIMARY" {
        table.primary_key.extend(column);
        return Ok(());
    }
    if table.indexes.last().is_none_or(|last| last.name != name) {
        table.indexes.push(Index {
            columns: Vec::new(),
            unique: not_unique == 0,
            predicate: None,
            include: Vec::new(),
            method: Some(method.to_lowercase()).filter(|method| method != "btree"),
            name,
        });
    }
    if let Some(index) = table.indexes.last_mut() {
        let key = match (column, expression) {
            (Some(column), _) => IndexKey::Column(column),
            (None, expression) => IndexKey::Expr(Sql::new(expression.unwrap_or_default())),
        };
        let is_spatial = index.method.as_deref() == Some("spatial");
        index.columns.push(IndexPart {
            key,
            descending: direction.as_deref() == Some("D"),
            prefix: prefix.filter(|_| !is_spatial).and_then(|it| u32::try_from(it).ok()),
        });
    }
    Ok(())
}

/// Tells apart what the catalog keeps as indexes alone: unique constraints, and the indexes that
/// foreign keys brought with them.
fn settle(table: &mut Table) {
    let keys = std::mem::take(&mut table.indexes);
    for index in keys {
        let columns: Option<Vec<String>> = index
            .columns
            .iter()
            .map(|part| {
                part.column().filter(|_| !part.descending && part.prefix.is_none()).cloned()
            })
            .collect();
        match columns {
            // MariaDB keeps a hash of what is too long for a tree.
            Some(columns)
                if index.unique && matches!(index.method.as_deref(), None | Some("hash")) =>
            {
                table.uniques.push(Unique { name: Some(index.name), columns });
            }
            Some(columns)
                if table.foreign_keys.iter().any(|key| {
                    key.name.as_ref() == Some(&index.name) && key.columns == columns
                }) => {}
            _ => table.indexes.push(index),
        }
    }
}

/// What MySQL 8 keeps, as its catalog was recorded to have it; there is none to be asked here.
#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Rule;

    fn default(text: &str, extra: &str, ty: &str) -> Option<Default> {
        let is_expression = extra.contains("DEFAULT_GENERATED");
        let text = if is_expression { plain(text.to_owned(), false) } else { text.to_owned() };
        read_default(&text, &Mysql.read_type(ty), is_expression)
    }

    fn value(value: impl Into<Value>) -> Default {
        Default::Value(value.into())
    }

    #[test]
    fn constants_of_mysql_come_without_quotes() {
        assert_eq!(default("it's", "", "varchar(80)"), Some(value("it's")));
        assert_eq!(default("", "", "varchar(80)"), Some(value("")));
        assert_eq!(default("NULL", "", "varchar(80)"), Some(value("NULL")));
        assert_eq!(default("5", "", "int"), Some(value(5_i64)));
        assert_eq!(default("1", "", "tinyint(1)"), Some(value(true)));
        assert_eq!(
            default("1.50", "", "decimal(10,2)"),
            Some(Default::Value(Value::Number("1.5".to_owned())))
        );
        assert_eq!(default("2026-11-20", "", "date"), Some(value("2026-11-20")));
    }

    #[test]
    fn expressions_of_mysql_come_with_their_character_set_and_backslashes() {
        assert_eq!(default(r"_utf8mb4\'{}\'", "DEFAULT_GENERATED", "json"), Some(value("{}")));
        assert_eq!(
            default("utc_timestamp(6)", "DEFAULT_GENERATED", "datetime(6)"),
            Some(Default::Now)
        );
        assert_eq!(
            default(r"concat(_utf8mb4\'a\',1)", "DEFAULT_GENERATED", "varchar(9)"),
            Some(Default::Sql(Sql::new("concat(_utf8mb4'a',1)")))
        );
        let clause =
            plain(r"(`state` in (_utf8mb4\'draft\',_utf8mb4\'it\'\'s\'))".to_owned(), false);
        assert_eq!(
            Mysql.read_rule(&clause),
            Rule::OneOf {
                column: "state".to_owned(),
                values: vec!["draft".to_owned(), "it's".to_owned()],
            }
        );
    }
}
