//! How MySQL and MariaDB alter what is there: one ALTER for a change wherever they can, because it
//! is done whole or not at all.

use super::render::{COLLATION, ENGINE, Mysql};
use crate::{
    change::Change,
    dialect::render::{Render as _, Statement, Unrenderable},
    schema::{Check, Column, ForeignKey, Index, Schema, Table, TableOption, Unique},
};

/// The statements of a change that is neither a table nor an index appearing or disappearing.
pub(super) fn statements(change: &Change) -> Result<Vec<Statement>, Unrenderable> {
    together(&[change], None, None)
}

/// The statements of changes that stand together, of a table that is `before` and will be `after`,
/// as far as it is known.
pub(crate) fn together(
    changes: &[&Change],
    before: Option<&Table>,
    after: Option<&Table>,
) -> Result<Vec<Statement>, Unrenderable> {
    match changes {
        [change @ (Change::CreateTable(_) | Change::DropTable(_))] => return Mysql.change(change),
        [Change::RenameTable { from, to }] => {
            let sql = format!("RENAME TABLE {} TO {}", Mysql.quote(from), Mysql.quote(to));
            return Ok(vec![Statement::of(sql, changes)]);
        }
        // The values of an enumeration are its columns'.
        [Change::CreateEnum { .. } | Change::DropEnum { .. } | Change::AlterEnum { .. }] => {
            return Ok(Vec::new());
        }
        [Change::AlterForeignKey { table, from, to }] => {
            // In one ALTER the name would still be taken.
            let drop = Change::DropForeignKey { table: table.clone(), key: (**from).clone() };
            let add = Change::AddForeignKey { table: table.clone(), key: (**to).clone() };
            return Ok([statements(&drop)?, statements(&add)?].concat());
        }
        _ => {}
    }
    let Some(table) = changes.first().map(|change| change.table()) else { return Ok(Vec::new()) };
    let mut besides = Vec::new();
    if let (Some(before), Some(after)) = (before, after) {
        besides.extend(own_indexes(before, after));
        besides.extend(released(changes, after)?);
        if collation(&before.options) != collation(&after.options) {
            besides.extend(converted(after)?);
        }
    }
    if let ([change @ (Change::CreateIndex { .. } | Change::DropIndex { .. })], []) =
        (changes, &*besides)
    {
        return Mysql.change(change);
    }
    let mut parts = Vec::new();
    for change in changes {
        parts.extend(clauses(change)?);
    }
    parts.extend(besides);
    let sql = format!("ALTER TABLE {} {}", Mysql.quote(table), parts.join(", "));
    Ok(vec![Statement::of(sql, changes)])
}

/// The statements that give every column of an enumeration its values: they stand in the columns.
pub(crate) fn enumeration(
    name: &str,
    before: &Schema,
    after: &Schema,
) -> Result<Vec<Statement>, Unrenderable> {
    let mut statements = Vec::new();
    for (of, table) in &before.tables {
        let is_of_it = |column: &&Column| column.ty.named_enum().is_some_and(|(it, _)| it == name);
        let columns = table.columns.iter().filter(is_of_it).filter_map(|from| {
            let to = after.tables.get(of)?.column(&from.name)?;
            let (from, to) = (Box::new(from.clone()), Box::new(to.clone()));
            Some(Change::AlterColumn { table: of.clone(), from, to })
        });
        let columns: Vec<Change> = columns.collect();
        let columns: Vec<&Change> = columns.iter().collect();
        statements.extend(together(&columns, None, None)?);
    }
    Ok(statements)
}

/// What lets the columns that leave a primary key take NULL again, if they did before they were in
/// it: a key takes none, and the server leaves them so.
fn released(changes: &[&Change], after: &Table) -> Result<Vec<String>, Unrenderable> {
    let is_altered = |name: &String| {
        let mut changes = changes.iter();
        changes.any(|it| matches!(it, Change::AlterColumn { to, .. } if to.name == *name))
    };
    let left = changes.iter().flat_map(|change| change.leaves_key());
    let columns = left.filter(|name| !is_altered(name)).filter_map(|name| after.column(name));
    let columns = columns.filter(|column| column.nullable);
    columns.map(|column| Ok(format!("MODIFY COLUMN {}", Mysql.any_column(column)?))).collect()
}

fn collation(options: &[TableOption]) -> &str {
    let named = options.iter().find_map(|option| match option {
        TableOption::Collation(name) => Some(name.as_str()),
        _ => None,
    });
    named.unwrap_or(COLLATION)
}

/// What takes the columns along to another collation of their table, but for those that have one of
/// their own.
fn converted(table: &Table) -> Result<Vec<String>, Unrenderable> {
    let collation = collation(&table.options);
    let charset = charset(collation);
    let mut parts = vec![format!("CONVERT TO CHARACTER SET {charset} COLLATE {collation}")];
    for column in table.columns.iter().filter(|column| column.collation.is_some()) {
        parts.push(format!("MODIFY COLUMN {}", Mysql.any_column(column)?));
    }
    Ok(parts)
}

/// The character set of a collation, with which its name begins.
fn charset(collation: &str) -> &str {
    collation.split('_').next().unwrap_or(collation)
}

/// `InnoDB` wants an index behind each foreign key and makes one, under the key's name, where there
/// is none. It stays when the key goes, and another index cannot go that the key stands on.
fn own_indexes(before: &Table, after: &Table) -> Vec<String> {
    let left = before.foreign_keys.iter().filter(|key| {
        has_own_index(before, key) && !after.foreign_keys.iter().any(|it| it.name == key.name)
    });
    let left = left.filter_map(|key| key.name.as_ref());
    let left = left.filter(|name| !after.indexes.iter().any(|index| index.name == **name));
    let drops = left.map(|name| format!("DROP INDEX {}", Mysql.quote(name)));
    let bare = after.foreign_keys.iter().filter(|key| {
        has_own_index(after, key)
            && before.foreign_keys.iter().any(|it| it == *key && !has_own_index(before, it))
    });
    let adds = bare.filter_map(|key| {
        let name = Mysql.quote(key.name.as_ref()?);
        Some(format!("ADD KEY {name} ({})", Mysql.quoted(&key.columns)))
    });
    drops.chain(adds).collect()
}

/// Whether no index that was declared begins with the columns of the key.
fn has_own_index(table: &Table, key: &ForeignKey) -> bool {
    let begins = |columns: &[String]| columns.starts_with(&key.columns);
    let of_index = |index: &Index| {
        let named: Vec<String> = index
            .columns
            .iter()
            .map_while(|part| part.column().filter(|_| part.prefix.is_none()).cloned())
            .collect();
        begins(&named)
    };
    !(begins(&table.primary_key)
        || table.uniques.iter().any(|unique| begins(&unique.columns))
        || table.indexes.iter().any(of_index))
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
            if from.generated.as_ref().map(|it| it.stored)
                != to.generated.as_ref().map(|it| it.stored) =>
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
        Change::CreateIndex { index, .. } => vec![format!("ADD {}", Mysql.key(index)?)],
        Change::DropIndex { index, .. } => vec![drop_index(index)],
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
    let charset = charset(collation);
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
