//! How PostgreSQL alters what is there.

use super::render::{Postgres, count_on};
use crate::{
    change::{Change, is_same_type},
    dialect::render::{Render as _, Statement, Unrenderable},
    schema::{Check, Column, ForeignKey, Index, Table, TableOption, Type, Unique},
};

/// The statements of a change that is neither a table nor an index appearing or disappearing.
pub(super) fn statements(change: &Change) -> Result<Vec<Statement>, Unrenderable> {
    let table = change.table();
    let of = Postgres.quote(table);
    let alter = |rest: String| format!("ALTER TABLE {of} {rest}");
    let texts = match change {
        Change::RenameTable { from, to } => {
            let (from, to) = (Postgres.quote(from), Postgres.quote(to));
            vec![format!("ALTER TABLE {from} RENAME TO {to}")]
        }
        Change::CommentTable { to, .. } => vec![comment(&format!("TABLE {of}"), to.as_deref())],
        Change::AlterOptions { to, .. } => vec![alter(options(table, to)?)],
        Change::AddColumn { column, .. } => add_column(&of, column)?,
        Change::DropColumn { column, .. } => {
            vec![alter(format!("DROP COLUMN {}", Postgres.quote(&column.name)))]
        }
        Change::RenameColumn { from, to, .. } => {
            let (from, to) = (Postgres.quote(from), Postgres.quote(to));
            vec![alter(format!("RENAME COLUMN {from} TO {to}"))]
        }
        Change::AlterColumn { from, to, .. } => alter_column(table, from, to)?,
        Change::AlterPrimaryKey { from, to, .. } => {
            let drop = (!from.is_empty()).then(|| drop_primary_key(&of));
            let add = || alter(format!("ADD PRIMARY KEY ({})", Postgres.quoted(to)));
            drop.into_iter().chain((!to.is_empty()).then(add)).collect()
        }
        Change::AlterIndex { from, to, .. } => alter_index(table, from, to)?,
        Change::CreateEnum { name, values } => {
            let values: Vec<String> = values.iter().map(|value| Postgres.text(value)).collect();
            vec![format!("CREATE TYPE {} AS ENUM ({})", Postgres.quote(name), values.join(", "))]
        }
        Change::DropEnum { name, .. } => vec![format!("DROP TYPE {}", Postgres.quote(name))],
        _ => constraint(change)?.into_iter().map(alter).collect(),
    };
    Ok(texts.into_iter().map(|sql| Statement::of(sql, &[change])).collect())
}

/// What stands behind ALTER TABLE for a change of a constraint.
fn constraint(change: &Change) -> Result<Vec<String>, Unrenderable> {
    let drop = |name: &Option<String>| match name {
        Some(name) => Ok(format!("DROP CONSTRAINT {}", Postgres.quote(name))),
        None => Err(Postgres.refuse("dropping a constraint without a name")),
    };
    let rename = |from: &Option<String>, to: &Option<String>| match (from, to) {
        (Some(from), Some(to)) => {
            let (from, to) = (Postgres.quote(from), Postgres.quote(to));
            Ok(vec![format!("RENAME CONSTRAINT {from} TO {to}")])
        }
        _ => Err(Postgres.refuse("giving a name to a constraint without one, or taking it")),
    };
    Ok(match change {
        Change::AddUnique { unique, .. } => vec![add_unique(unique)],
        Change::DropUnique { unique, .. } => vec![drop(&unique.name)?],
        Change::AlterUnique { from, to, .. } if from.columns == to.columns => {
            rename(&from.name, &to.name)?
        }
        Change::AlterUnique { from, to, .. } => vec![drop(&from.name)?, add_unique(to)],
        Change::AddCheck { check, .. } => vec![add_check(check)],
        Change::DropCheck { check, .. } => vec![drop(&check.name)?],
        Change::AlterCheck { from, to, .. } if from.rule == to.rule => {
            rename(&from.name, &to.name)?
        }
        Change::AlterCheck { from, to, .. } => vec![drop(&from.name)?, add_check(to)],
        Change::AddForeignKey { key, .. } => vec![add_key(key)],
        Change::DropForeignKey { key, .. } => vec![drop(&key.name)?],
        Change::AlterForeignKey { from, to, .. } if from.is_renamed(to) => {
            rename(&from.name, &to.name)?
        }
        Change::AlterForeignKey { from, to, .. } => vec![drop(&from.name)?, add_key(to)],
        other => return Err(Postgres.refuse(format!("`{}`", other.describe()))),
    })
}

fn add_unique(unique: &Unique) -> String {
    let name = Postgres.constraint(unique.name.as_ref());
    format!("ADD {name}UNIQUE ({})", Postgres.quoted(&unique.columns))
}

fn add_check(check: &Check) -> String {
    format!("ADD {}", Postgres.check(check))
}

fn add_key(key: &ForeignKey) -> String {
    format!("ADD {}", Postgres.foreign_key(key))
}

fn comment(what: &str, text: Option<&str>) -> String {
    let text = text.map_or_else(|| "NULL".to_owned(), |text| Postgres.text(text));
    format!("COMMENT ON {what} IS {text}")
}

/// Drops the primary key, whatever it is called: somebody gave it a name, or it has that of the table
/// from when the table had another.
fn drop_primary_key(of: &str) -> String {
    format!(
        "DO $key$ BEGIN EXECUTE (SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', \
         conrelid::regclass, conname) FROM pg_constraint \
         WHERE conrelid = {}::regclass AND contype = 'p'); END $key$",
        Postgres.text(of)
    )
}

/// What lets the columns that leave a primary key take NULL again, if they did before they were in
/// it: a key takes none, and the server leaves them so.
pub(crate) fn released(change: &Change, table: &Table) -> Vec<Statement> {
    let of = Postgres.quote(&table.name);
    let columns = change.leaves_key().filter_map(|name| table.column(name));
    let texts = columns.filter(|column| column.nullable).map(|column| {
        let name = Postgres.quote(&column.name);
        format!("ALTER TABLE {of} ALTER COLUMN {name} DROP NOT NULL")
    });
    texts.map(|sql| Statement::of(sql, &[change])).collect()
}

fn options(table: &str, to: &[TableOption]) -> Result<String, Unrenderable> {
    match to {
        [] => Ok("SET LOGGED".to_owned()),
        [TableOption::Unlogged] => Ok("SET UNLOGGED".to_owned()),
        other => Err(Postgres.refuse(format!("the options {other:?} of the table `{table}`"))),
    }
}

fn add_column(of: &str, column: &Column) -> Result<Vec<String>, Unrenderable> {
    let mut texts = vec![format!("ALTER TABLE {of} ADD COLUMN {}", Postgres.any_column(column)?)];
    if let Some(text) = &column.comment {
        texts.push(comment(&format!("COLUMN {of}.{}", Postgres.quote(&column.name)), Some(text)));
    }
    Ok(texts)
}

fn alter_column(table: &str, from: &Column, to: &Column) -> Result<Vec<String>, Unrenderable> {
    let of = &Postgres.quote(table);
    let name = Postgres.quote(&to.name);
    let alter = |rest: &str| format!("ALTER TABLE {of} ALTER COLUMN {name} {rest}");
    if from.generated != to.generated && to.generated.is_some() {
        // The values are computed anew; the expression of a column cannot be altered.
        let mut texts = vec![format!("ALTER TABLE {of} DROP COLUMN {name}")];
        texts.extend(add_column(of, to)?);
        return Ok(texts);
    }
    let mut texts = Vec::new();
    if from.generated.is_some() && to.generated.is_none() {
        texts.push(alter("DROP EXPRESSION"));
    }
    if from.auto_increment && !to.auto_increment {
        texts.push(alter("DROP IDENTITY IF EXISTS"));
        // A `serial` of somebody else's counts by a default.
        texts.push(alter("DROP DEFAULT"));
    }
    let is_other = !is_same_type(&from.ty, &to.ty);
    let is_anew = is_other || from.default != to.default;
    if from.default.is_some() && is_anew {
        texts.push(alter("DROP DEFAULT"));
    }
    if is_other || from.collation != to.collation {
        let ty = Postgres.ty(&to.ty)?;
        let collation = match (&from.collation, &to.collation) {
            (_, Some(collation)) => format!(" COLLATE {}", Postgres.quote(collation)),
            (Some(_), None) => " COLLATE \"default\"".to_owned(),
            (None, None) => String::new(),
        };
        let way = way(&from.ty, &to.ty);
        texts.push(alter(&format!("TYPE {ty}{collation} USING {name}{way}::{ty}")));
        if is_other && from.auto_increment && to.auto_increment {
            texts.push(counts_as(of, &to.name, &ty));
        }
    }
    if let Some(default) = Postgres.default(to)?
        && is_anew
    {
        texts.push(alter(&format!("SET DEFAULT {default}")));
    }
    match (from.nullable, to.nullable) {
        (true, false) => texts.push(alter("SET NOT NULL")),
        (false, true) => texts.push(alter("DROP NOT NULL")),
        _ => {}
    }
    if !from.auto_increment && to.auto_increment {
        texts.push(alter("ADD GENERATED BY DEFAULT AS IDENTITY"));
        // It would begin with the keys of the rows that are there.
        texts.push(count_on(table, &to.name));
    }
    if from.comment != to.comment {
        texts.push(comment(&format!("COLUMN {of}.{name}"), to.comment.as_deref()));
    }
    Ok(texts)
}

/// Lets what the column counts by count as far as the column does: that of a `serial` would end where
/// the old type did.
fn counts_as(of: &str, column: &str, ty: &str) -> String {
    let sequence =
        format!("pg_get_serial_sequence({}, {})", Postgres.text(of), Postgres.text(column));
    format!(
        "DO $counts$ BEGIN IF {sequence} IS NOT NULL THEN \
         EXECUTE format('ALTER SEQUENCE %s AS {ty}', {sequence}); END IF; END $counts$"
    )
}

/// What stands between a value and its new type: text, where there is no way from the one to the
/// other.
fn way(from: &Type, to: &Type) -> &'static str {
    #[derive(PartialEq)]
    enum Kind {
        Number,
        Text,
        Time,
        Json,
        Other,
    }
    let kind = |ty: &Type| match ty {
        ty if ty.is_number() => Kind::Number,
        Type::Char(_) | Type::String(_) | Type::Text => Kind::Text,
        Type::Date | Type::Time | Type::DateTime | Type::Timestamp => Kind::Time,
        Type::Json | Type::JsonBinary => Kind::Json,
        _ => Kind::Other,
    };
    match (from, to) {
        (Type::Enum { .. }, _) | (_, Type::Enum { .. }) => "::text",
        (Type::Boolean, _) if kind(to) == Kind::Number => "::integer",
        (_, Type::Boolean) if kind(from) == Kind::Number => "::integer",
        (Type::Custom(_), _) | (_, Type::Custom(_)) | (Type::Array(_), Type::Array(_)) => "",
        _ if kind(from) == Kind::Text || kind(to) == Kind::Text => "",
        _ if kind(from) == kind(to) && kind(from) != Kind::Other => "",
        _ => "::text",
    }
}

fn alter_index(table: &str, from: &Index, to: &Index) -> Result<Vec<String>, Unrenderable> {
    let (old, new) = (Postgres.quote(&from.name), Postgres.quote(&to.name));
    if from.is_renamed(to) {
        return Ok(vec![format!("ALTER INDEX {old} RENAME TO {new}")]);
    }
    Ok(vec![format!("DROP INDEX {old}"), Postgres.create_index(table, to)?.sql])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_changed_without_the_default_that_would_be_in_its_way() {
        use crate::schema::{Default, Value};

        let mut from = Column::new("size", Type::Text);
        from.default = Some(Default::Value(Value::from("1")));
        let mut to = Column::new("size", Type::Integer);
        to.default = Some(Default::Value(Value::from(1)));

        assert_eq!(
            alter_column("t", &from, &to).unwrap(),
            [
                r#"ALTER TABLE "t" ALTER COLUMN "size" DROP DEFAULT"#,
                r#"ALTER TABLE "t" ALTER COLUMN "size" TYPE integer USING "size"::integer"#,
                r#"ALTER TABLE "t" ALTER COLUMN "size" SET DEFAULT 1"#,
            ]
        );
    }
}
