//! Schemas that a database makes and keeps, and what a comparison with others finds. The tests of
//! what other tools find include this file, too.

use plimsoll::{
    Change, Dialect, How, Schema, Wanted, compare, diff, introspect,
    render::{Unrenderable, statements_of},
    testing::Scratch,
};
use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbErr};

use crate::database::dialect;

/// What makes a schema of nothing.
pub(crate) fn creation(dialect: Dialect, schema: &Schema) -> Result<Vec<String>, Unrenderable> {
    let schema = Schema::of(schema.tables.values().cloned());
    let changes = match dialect {
        // A table may refer there to one that comes later, and gets no foreign key afterwards.
        Dialect::Sqlite => schema.tables.into_values().map(Change::CreateTable).collect(),
        Dialect::Postgres | Dialect::Mysql => diff(&Schema::default(), &schema, &[]).changes,
    };
    let mut made = Vec::new();
    for change in changes {
        made.extend(statements_of(dialect, &change)?.into_iter().map(|it| it.sql));
    }
    Ok(made)
}

pub(crate) async fn create(
    db: &DatabaseConnection,
    statements: &[String],
) -> Result<Schema, DbErr> {
    for statement in statements {
        db.execute_unprepared(statement).await?;
    }
    introspect(db).await
}

pub(crate) async fn changes(scratch: &Scratch, have: &Schema, want: &Schema) -> Vec<Change> {
    changes_as(scratch, have, want, Wanted::Exactly).await
}

pub(crate) async fn changes_as(
    scratch: &Scratch,
    have: &Schema,
    want: &Schema,
    wanted: Wanted,
) -> Vec<Change> {
    let how = How {
        asking: Some((&scratch.db, &scratch.database)),
        dialect: dialect(&scratch.db),
        wanted,
        renames: &[],
    };
    let compared = compare(have, want, &how).await;
    assert_eq!(compared.unread, [], "the server could tell");
    compared.diff.changes
}

pub(crate) fn lines(changes: &[Change]) -> Vec<String> {
    changes.iter().map(|change| format!("{} {}", change.sign(), change.describe())).collect()
}
