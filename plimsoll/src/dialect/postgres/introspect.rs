//! The schema that a PostgreSQL database has, in six queries. It is the current schema, the first
//! of the search path that exists; what an extension owns is left out.

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait, DbErr, QueryResult};

use super::render::Postgres;
use crate::{
    dialect::{
        introspect::{on_delete, on_update, rows},
        read::Read as _,
    },
    schema::{
        Beyond, Check, Column, ForeignKey, Generated, Index, IndexKey, IndexPart, Schema, Sql,
        Table, TableOption, Type, Unique,
    },
};

// Partitions and what is inherited belong to another table.
const TABLES: &str = "SELECT c.oid::bigint, c.relname::text, c.relkind::text, c.relpersistence::text, \
       obj_description(c.oid, 'pg_class'), c.relispartition, \
       EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = c.oid), c.relrowsecurity \
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
     WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p', 'v', 'm', 'f') \
       AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass \
         AND d.objid = c.oid AND d.deptype = 'e') \
     ORDER BY 2";

const COLUMNS: &str = "SELECT a.attrelid::bigint, a.attnum::int, a.attname::text, \
       format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity::text, \
       a.attgenerated::text, pg_get_expr(d.adbin, d.adrelid), \
       CASE WHEN a.attcollation <> t.typcollation THEN l.collname::text END, \
       col_description(a.attrelid, a.attnum), \
       CASE WHEN t.typtype = 'e' THEN t.typname::text END, \
       EXISTS (SELECT FROM pg_depend s JOIN pg_class q ON q.oid = s.objid AND q.relkind = 'S' \
         WHERE s.classid = 'pg_class'::regclass AND s.refclassid = 'pg_class'::regclass \
           AND s.refobjid = a.attrelid AND s.refobjsubid = a.attnum AND s.deptype = 'a') \
     FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid \
     JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_type t ON t.oid = a.atttypid \
     LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum \
     LEFT JOIN pg_collation l ON l.oid = a.attcollation \
     WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p') \
       AND a.attnum > 0 AND NOT a.attisdropped \
     ORDER BY 1, 2";

const CONSTRAINTS: &str = "SELECT k.conrelid::bigint, k.conname::text, k.contype::text, \
       array_to_string(k.conkey, ' '), r.relname::text, k.confrelid::bigint, \
       array_to_string(k.confkey, ' '), k.confdeltype::text, k.confupdtype::text, \
       pg_get_expr(k.conbin, k.conrelid), k.condeferrable, k.convalidated, \
       k.confmatchtype = 'f', r.relnamespace = k.connamespace, \
       coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, false), k.connoinherit, \
       CASE WHEN r.relnamespace <> k.connamespace THEN array_to_json(ARRAY( \
         SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY u(attnum, place) \
         JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.attnum \
         ORDER BY u.place))::text END \
     FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace \
     LEFT JOIN pg_class r ON r.oid = k.confrelid LEFT JOIN pg_index i ON i.indexrelid = k.conindid \
     WHERE n.nspname = current_schema() AND k.conrelid <> 0 AND k.conparentid = 0 \
     ORDER BY k.conrelid, k.oid";

const INDEXES: &str = "SELECT i.indrelid::bigint, c.relname::text, m.amname::text, i.indisunique, \
       i.indisvalid, array_to_string(i.indkey, ' '), i.indnkeyatts::int, \
       array_to_string(i.indoption, ' '), pg_get_expr(i.indpred, i.indrelid), \
       array_to_json(ARRAY(SELECT pg_get_indexdef(i.indexrelid, k, true) \
         FROM generate_series(1, i.indnkeyatts) k))::text, \
       EXISTS (SELECT FROM unnest(i.indclass) o(oid) JOIN pg_opclass p ON p.oid = o.oid \
         WHERE NOT p.opcdefault), \
       EXISTS (SELECT FROM generate_series(0, i.indnkeyatts - 1) k \
         JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k] \
         WHERE a.attcollation <> i.indcollation[k] AND i.indcollation[k] <> 0), \
       coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, false), \
       c.reloptions IS NOT NULL \
     FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid \
     JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_am m ON m.oid = c.relam \
     WHERE n.nspname = current_schema() AND NOT EXISTS (SELECT FROM pg_constraint k \
       WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x')) \
     ORDER BY i.indrelid, i.indexrelid";

const ENUMS: &str = "SELECT t.typname::text, e.enumlabel::text \
     FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace \
     JOIN pg_enum e ON e.enumtypid = t.oid \
     WHERE n.nspname = current_schema() AND NOT EXISTS (SELECT FROM pg_depend d \
       WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e') \
     ORDER BY t.typname, e.enumsortorder";

const BEYOND: &str = "SELECT c.relname::text, 'trigger', t.tgname::text \
       FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid \
       JOIN pg_namespace n ON n.oid = c.relnamespace \
       WHERE n.nspname = current_schema() AND NOT t.tgisinternal AND t.tgparentid = 0 \
     UNION ALL SELECT c.relname::text, 'rule', r.rulename::text \
       FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class \
       JOIN pg_namespace n ON n.oid = c.relnamespace \
       WHERE n.nspname = current_schema() AND r.rulename <> '_RETURN' \
     UNION ALL SELECT c.relname::text, 'policy', p.polname::text \
       FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid \
       JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = current_schema() \
     UNION ALL SELECT c.relname::text, 'statistics', s.stxname::text \
       FROM pg_statistic_ext s JOIN pg_class c ON c.oid = s.stxrelid \
       JOIN pg_namespace n ON n.oid = s.stxnamespace WHERE n.nspname = current_schema() \
     UNION ALL SELECT NULL, 'sequence', c.relname::text \
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
       WHERE n.nspname = current_schema() AND c.relkind = 'S' AND NOT EXISTS (SELECT FROM pg_depend d \
         WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i', 'e')) \
     UNION ALL SELECT NULL, CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' \
         ELSE 'function' END, p.oid::regprocedure::text \
       FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace \
       WHERE n.nspname = current_schema() AND NOT EXISTS (SELECT FROM pg_depend d \
         WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype IN ('e', 'i')) \
     UNION ALL SELECT NULL, CASE t.typtype WHEN 'd' THEN 'domain' WHEN 'r' THEN 'range type' \
         ELSE 'composite type' END, t.typname::text \
       FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace \
       LEFT JOIN pg_class c ON c.oid = t.typrelid \
       WHERE n.nspname = current_schema() \
         AND (t.typtype IN ('d', 'r') OR (t.typtype = 'c' AND c.relkind = 'c')) \
         AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_type'::regclass \
           AND d.objid = t.oid AND d.deptype = 'e')";

/// A table whose rows of the catalog are being gathered: the number that stands for each column.
struct Reading {
    table: Table,
    numbers: BTreeMap<i32, String>,
}

impl Reading {
    /// The columns whose numbers `list` holds.
    fn columns(&self, list: Option<&str>) -> Vec<String> {
        let numbers = list.unwrap_or_default().split(' ').filter_map(|it| it.parse::<i32>().ok());
        numbers.filter_map(|number| self.numbers.get(&number).cloned()).collect()
    }
}

type Tables = BTreeMap<i64, Reading>;

pub(crate) async fn schema(db: &impl ConnectionTrait) -> Result<Schema, DbErr> {
    let mut schema = Schema::default();
    let mut tables = Tables::new();
    for row in rows(db, TABLES).await? {
        table(&row, &mut tables, &mut schema.beyond)?;
    }
    for row in rows(db, ENUMS).await? {
        let values = schema.enums.entry(row.try_get_by_index(0)?).or_default();
        values.push(row.try_get_by_index(1)?);
    }
    for row in rows(db, COLUMNS).await? {
        if let Some(reading) = tables.get_mut(&row.try_get_by_index::<i64>(0)?) {
            column(&row, &schema.enums, reading, &mut schema.beyond)?;
        }
    }
    for row in rows(db, CONSTRAINTS).await? {
        constraint(&row, &mut tables, &mut schema.beyond)?;
    }
    for row in rows(db, INDEXES).await? {
        if let Some(reading) = tables.get_mut(&row.try_get_by_index::<i64>(0)?) {
            index(&row, reading, &mut schema.beyond)?;
        }
    }
    for row in rows(db, BEYOND).await? {
        schema.beyond.push(Beyond {
            table: row.try_get_by_index(0)?,
            kind: row.try_get_by_index(1)?,
            name: row.try_get_by_index(2)?,
        });
    }
    schema.tables = tables.into_values().map(|it| (it.table.name.clone(), it.table)).collect();
    Ok(schema)
}

fn table(row: &QueryResult, tables: &mut Tables, beyond: &mut Vec<Beyond>) -> Result<(), DbErr> {
    let name: String = row.try_get_by_index(1)?;
    let kind: String = row.try_get_by_index(2)?;
    let persistence: String = row.try_get_by_index(3)?;
    let is_partition: bool = row.try_get_by_index(5)?;
    let inherits: bool = row.try_get_by_index(6)?;
    let mut more = |kind: &str| {
        beyond.push(Beyond::new(None, kind, &*name));
    };
    let other = match &*kind {
        "v" => Some("view"),
        "m" => Some("materialized view"),
        "f" => Some("foreign table"),
        _ if is_partition => Some("partition"),
        _ => None,
    };
    if let Some(other) = other {
        more(other);
        return Ok(());
    }
    if kind == "p" {
        more("partitioned table");
    } else if inherits {
        more("inheriting table");
    }
    if row.try_get_by_index(7)? {
        more("row security");
    }
    let mut table = Table::new(&name);
    table.comment = row.try_get_by_index(4)?;
    if persistence == "u" {
        table.options.push(TableOption::Unlogged);
    }
    let reading = Reading { table, numbers: BTreeMap::new() };
    tables.insert(row.try_get_by_index(0)?, reading);
    Ok(())
}

fn column(
    row: &QueryResult,
    enums: &BTreeMap<String, Vec<String>>,
    reading: &mut Reading,
    beyond: &mut Vec<Beyond>,
) -> Result<(), DbErr> {
    let name: String = row.try_get_by_index(2)?;
    let ty: String = row.try_get_by_index(3)?;
    let not_null: bool = row.try_get_by_index(4)?;
    let identity: String = row.try_get_by_index(5)?;
    let is_generated = !row.try_get_by_index::<String>(6)?.is_empty();
    let expr: Option<String> = row.try_get_by_index(7)?;
    let enumeration: Option<String> = row.try_get_by_index(10)?;
    let owns_sequence: bool = row.try_get_by_index(11)?;
    let ty = match enumeration.and_then(|name| Some((enums.get(&name)?.clone(), name))) {
        Some((values, name)) => Type::Enum { name, values },
        None => Postgres.read_type(&ty),
    };
    // `serial` is an identity as it was before there were any.
    let is_serial = owns_sequence && expr.as_ref().is_some_and(|expr| expr.starts_with("nextval("));
    if identity == "a" {
        beyond.push(Beyond::new(
            Some(&reading.table.name),
            "identity that is generated always",
            &*name,
        ));
    }
    reading.numbers.insert(row.try_get_by_index(1)?, name.clone());
    let default = expr.as_ref().filter(|_| !is_generated && !is_serial);
    reading.table.columns.push(Column {
        renamed_from: None,
        name,
        nullable: !not_null,
        default: default.and_then(|text| Postgres.read_default(text, &ty)),
        auto_increment: !identity.is_empty() || is_serial,
        generated: expr
            .filter(|_| is_generated)
            .map(|expr| Generated { expr: Sql::new(expr), stored: true }),
        collation: row.try_get_by_index(8)?,
        comment: row.try_get_by_index(9)?,
        ty,
    });
    Ok(())
}

fn constraint(
    row: &QueryResult,
    tables: &mut Tables,
    beyond: &mut Vec<Beyond>,
) -> Result<(), DbErr> {
    let of: i64 = row.try_get_by_index(0)?;
    let name: String = row.try_get_by_index(1)?;
    let kind: String = row.try_get_by_index(2)?;
    let keys: Option<String> = row.try_get_by_index(3)?;
    let there: i64 = row.try_get_by_index(5)?;
    let keys_there: Option<String> = row.try_get_by_index(6)?;
    let elsewhere: Option<String> = row.try_get_by_index(16)?;
    let referenced_columns = match (elsewhere, tables.get(&there)) {
        (Some(names), _) => serde_json::from_str(&names).unwrap_or_default(),
        (None, Some(table)) => table.columns(keys_there.as_deref()),
        (None, None) => Vec::new(),
    };
    let Some(reading) = tables.get_mut(&of) else { return Ok(()) };
    let columns = reading.columns(keys.as_deref());
    let table = &mut reading.table;
    let mut more = |kind: &str| {
        beyond.push(Beyond::new(Some(&table.name), kind, &*name));
    };
    if row.try_get_by_index(10)? {
        more("deferrable constraint");
    }
    if !row.try_get_by_index::<bool>(11)? {
        more("constraint that is not validated");
    }
    match &*kind {
        "p" => table.primary_key = columns,
        "u" => {
            if row.try_get_by_index(14)? {
                more("unique constraint in which NULLs are equal");
            }
            table.uniques.push(Unique { name: Some(name), columns });
        }
        "c" => {
            if row.try_get_by_index(15)? {
                more("constraint that is not inherited");
            }
            let text: Option<String> = row.try_get_by_index(9)?;
            let rule = Postgres.read_rule(&text.unwrap_or_default());
            table.checks.push(Check { name: Some(name), rule });
        }
        "f" => {
            let references: Option<String> = row.try_get_by_index(4)?;
            if row.try_get_by_index(12)? {
                more("foreign key with MATCH FULL");
            }
            if !row.try_get_by_index::<Option<bool>>(13)?.unwrap_or_default() {
                more("foreign key into another schema");
            }
            table.foreign_keys.push(ForeignKey {
                name: Some(name),
                columns,
                references: references.unwrap_or_default(),
                referenced_columns,
                on_delete: on_delete(action(&row.try_get_by_index::<String>(7)?)),
                on_update: on_update(action(&row.try_get_by_index::<String>(8)?)),
            });
        }
        "x" => more("exclusion constraint"),
        "t" => more("constraint trigger"),
        // NOT NULL, which later versions keep here too, is the column's.
        _ => {}
    }
    Ok(())
}

/// The action that a letter of the catalog stands for.
fn action(letter: &str) -> &'static str {
    match letter {
        "c" => "CASCADE",
        "r" => "RESTRICT",
        "n" => "SET NULL",
        "d" => "SET DEFAULT",
        _ => "NO ACTION",
    }
}

fn index(row: &QueryResult, reading: &mut Reading, beyond: &mut Vec<Beyond>) -> Result<(), DbErr> {
    let name: String = row.try_get_by_index(1)?;
    let method: String = row.try_get_by_index(2)?;
    let keys: String = row.try_get_by_index(5)?;
    let sorted: usize = usize::try_from(row.try_get_by_index::<i32>(6)?).unwrap_or_default();
    let options: String = row.try_get_by_index(7)?;
    let texts: String = row.try_get_by_index(9)?;
    let texts: Vec<String> = serde_json::from_str(&texts).unwrap_or_default();
    let options: Vec<u32> = options.split(' ').filter_map(|it| it.parse().ok()).collect();
    let keys: Vec<i32> = keys.split(' ').filter_map(|it| it.parse().ok()).collect();
    let mut more = |kind: &str| {
        beyond.push(Beyond::new(Some(&reading.table.name), kind, &*name));
    };
    if !row.try_get_by_index::<bool>(4)? {
        more("index that is not valid");
    }
    if row.try_get_by_index(10)? {
        more("operator class of an index");
    }
    if row.try_get_by_index(11)? {
        more("collation of an index");
    }
    if row.try_get_by_index(12)? {
        more("unique index in which NULLs are equal");
    }
    if row.try_get_by_index(13)? {
        more("storage parameters of an index");
    }
    let mut columns = Vec::new();
    for (at, number) in keys.iter().take(sorted).enumerate() {
        let option = options.get(at).copied().unwrap_or_default();
        let (descending, nulls_first) = (option & 1 != 0, option & 2 != 0);
        if descending != nulls_first {
            more("place of the NULLs in an index");
        }
        let key = match reading.numbers.get(number) {
            Some(column) => IndexKey::Column(column.clone()),
            None => IndexKey::Expr(Sql::new(texts.get(at).cloned().unwrap_or_default())),
        };
        columns.push(IndexPart { key, descending, prefix: None });
    }
    let include = keys.iter().skip(sorted).filter_map(|it| reading.numbers.get(it).cloned());
    reading.table.indexes.push(Index {
        columns,
        unique: row.try_get_by_index(3)?,
        predicate: row.try_get_by_index::<Option<String>>(8)?.map(Sql::new),
        include: include.collect(),
        method: Some(method).filter(|method| method != "btree"),
        name,
    });
    Ok(())
}
