//! How MySQL and MariaDB alter what is there: one ALTER for a change wherever they can, because it
//! is done whole or not at all.

use super::render::{COLLATION, ENGINE, Mysql};
use crate::{
    change::Change,
    dialect::render::{Effect, Render as _, Statement, Unrenderable},
    schema::{Check, ForeignKey, Index, TableOption, Unique},
};

/// The statements of a change that is neither a table nor an index appearing or disappearing.
pub(super) fn statements(change: &Change) -> Result<Vec<Statement>, Unrenderable> {
    let table = change.table();
    let of = Mysql.quote(table);
    let alter = |rest: String| format!("ALTER TABLE {of} {rest}");
    let texts = match change {
        Change::RenameTable { from, to } => {
            vec![format!("RENAME TABLE {} TO {}", Mysql.quote(from), Mysql.quote(to))]
        }
        // The values of an enumeration are its columns'.
        Change::CreateEnum { .. } | Change::DropEnum { .. } | Change::AlterEnum { .. } => {
            Vec::new()
        }
        Change::AlterForeignKey { table, from, to } => {
            // In one ALTER the name would still be taken.
            let drop = Change::DropForeignKey { table: table.clone(), key: (**from).clone() };
            let add = Change::AddForeignKey { table: table.clone(), key: (**to).clone() };
            return Ok([statements(&drop)?, statements(&add)?].concat());
        }
        _ => vec![alter(clauses(change)?.join(", "))],
    };
    let statement = |sql| Statement {
        sql,
        table: table.to_owned(),
        effect: Effect::Change(Box::new(change.clone())),
    };
    Ok(texts.into_iter().map(statement).collect())
}

/// What stands behind ALTER TABLE.
fn clauses(change: &Change) -> Result<Vec<String>, Unrenderable> {
    Ok(match change {
        Change::CommentTable { to, .. } => {
            vec![format!("COMMENT = {}", Mysql.text(to.as_deref().unwrap_or_default()))]
        }
        Change::AlterOptions { table, to, .. } => options(table, to)?,
        Change::AddColumn { column, .. } => {
            vec![format!("ADD COLUMN {}", Mysql.any_column(column)?)]
        }
        Change::DropColumn { column, .. } => {
            vec![format!("DROP COLUMN {}", Mysql.quote(&column.name))]
        }
        Change::RenameColumn { from, to, .. } => {
            vec![format!("RENAME COLUMN {} TO {}", Mysql.quote(from), Mysql.quote(to))]
        }
        // What is not repeated here would be gone.
        Change::AlterColumn { from, to, .. }
            if from.generated.is_some() != to.generated.is_some() =>
        {
            vec![
                format!("DROP COLUMN {}", Mysql.quote(&from.name)),
                format!("ADD COLUMN {}", Mysql.any_column(to)?),
            ]
        }
        Change::AlterColumn { to, .. } => vec![format!("MODIFY COLUMN {}", Mysql.any_column(to)?)],
        Change::AlterPrimaryKey { from, to, .. } => {
            let drop = (!from.is_empty()).then(|| "DROP PRIMARY KEY".to_owned());
            let add = (!to.is_empty()).then(|| format!("ADD PRIMARY KEY ({})", Mysql.quoted(to)));
            drop.into_iter().chain(add).collect()
        }
        Change::AddUnique { unique, .. } => vec![add_unique(unique)],
        Change::DropUnique { unique, .. } => vec![drop_unique(unique)?],
        Change::AlterUnique { from, to, .. } => match (&from.name, &to.name) {
            (Some(old), Some(new)) if from.columns == to.columns => vec![rename_index(old, new)],
            _ => vec![drop_unique(from)?, add_unique(to)],
        },
        Change::AddCheck { check, .. } => vec![add_check(check)],
        Change::DropCheck { check, .. } => vec![drop_check(check)?],
        Change::AlterCheck { from, to, .. } => vec![drop_check(from)?, add_check(to)],
        Change::AddForeignKey { key, .. } => vec![add_key(key)],
        Change::DropForeignKey { key, .. } => vec![drop_key(key)?],
        Change::AlterIndex { from, to, .. } if from.is_renamed(to) => {
            vec![rename_index(&from.name, &to.name)]
        }
        Change::AlterIndex { from, to, .. } => {
            vec![drop_index(from), format!("ADD {}", Mysql.key(to)?)]
        }
        other => return Err(Mysql.refuse(format!("`{}`", other.describe()))),
    })
}

fn options(table: &str, to: &[TableOption]) -> Result<Vec<String>, Unrenderable> {
    let (mut engine, mut collation) = (ENGINE, COLLATION);
    for option in to {
        match option {
            TableOption::Engine(name) => engine = name,
            TableOption::Collation(name) => collation = name,
            other => {
                return Err(Mysql.refuse(format!("the option {other:?} of the table `{table}`")));
            }
        }
    }
    let charset = collation.split('_').next().unwrap_or(collation);
    Ok(vec![
        format!("ENGINE = {engine}"),
        format!("DEFAULT CHARSET = {charset} COLLATE = {collation}"),
    ])
}

fn rename_index(from: &str, to: &str) -> String {
    format!("RENAME INDEX {} TO {}", Mysql.quote(from), Mysql.quote(to))
}

fn drop_index(index: &Index) -> String {
    format!("DROP INDEX {}", Mysql.quote(&index.name))
}

fn add_unique(unique: &Unique) -> String {
    let name = Mysql.constraint(unique.name.as_ref());
    format!("ADD {name}UNIQUE ({})", Mysql.quoted(&unique.columns))
}

fn drop_unique(unique: &Unique) -> Result<String, Unrenderable> {
    named(unique.name.as_ref(), "DROP INDEX")
}

fn add_check(check: &Check) -> String {
    format!("ADD {}", Mysql.check(check))
}

fn drop_check(check: &Check) -> Result<String, Unrenderable> {
    named(check.name.as_ref(), "DROP CONSTRAINT")
}

fn add_key(key: &ForeignKey) -> String {
    format!("ADD {}", Mysql.foreign_key(key))
}

fn drop_key(key: &ForeignKey) -> Result<String, Unrenderable> {
    named(key.name.as_ref(), "DROP FOREIGN KEY")
}

fn named(name: Option<&String>, doing: &str) -> Result<String, Unrenderable> {
    match name {
        Some(name) => Ok(format!("{doing} {}", Mysql.quote(name))),
        None => Err(Mysql.refuse("dropping a constraint without a name")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Column, Default, Type, Value};

    #[test]
    fn a_column_is_modified_with_all_that_it_has() {
        let from = Column::new("name", Type::String(Some(20)));
        let mut to = Column::new("name", Type::String(Some(80)));
        to.default = Some(Default::Value(Value::from("it's")));
        to.comment = Some("what it is called".to_owned());
        let change = Change::AlterColumn {
            table: "ships".to_owned(),
            from: Box::new(from),
            to: Box::new(to),
        };

        let statements = statements(&change).unwrap();

        assert_eq!(
            statements[0].sql,
            "ALTER TABLE `ships` MODIFY COLUMN `name` varchar(80) NOT NULL DEFAULT 'it''s' \
             COMMENT 'what it is called'"
        );
    }

    #[test]
    fn what_is_dropped_and_made_again_is_one_statement() {
        let index = Index::over("ships", ["name"]);
        let change = Change::AlterIndex {
            table: "ships".to_owned(),
            from: Box::new(index.clone()),
            to: Box::new(index.unique()),
        };

        let statements = statements(&change).unwrap();

        assert_eq!(
            statements.iter().map(|it| &*it.sql).collect::<Vec<_>>(),
            [
                "ALTER TABLE `ships` DROP INDEX `idx-ships-name`, ADD UNIQUE KEY `idx-ships-name` (`name`)"
            ]
        );
    }
}
