//! Schemas that are made, read back and compared.

use plimsoll::{Schema, introspect, normal::normal, plan::statements, prelude::*};
use sea_orm::DatabaseConnection;

use crate::support::*;

/// Does what `steps` say, without a runner.
pub(crate) async fn create(db: &DatabaseConnection, steps: &Steps) {
    for statement in statements(dialect(db), steps, &Schema::default()).unwrap() {
        run(db, &statement.sql).await;
    }
}

/// The schema that `steps` make of nothing.
pub(crate) fn schema(steps: &Steps) -> Schema {
    let mut schema = Schema::default();
    steps.apply(&mut schema).unwrap();
    schema
}

/// The first line in which the two differ, when they are written as JSON.
pub(crate) fn difference(have: &Schema, want: &Schema) -> Option<String> {
    let lines = |schema: &Schema| -> Vec<String> {
        serde_json::to_string_pretty(schema).unwrap().lines().map(str::to_owned).collect()
    };
    let (have, want) = (lines(have), lines(want));
    let at = (0..have.len().max(want.len())).find(|at| have.get(*at) != want.get(*at))?;
    let from = at.saturating_sub(6);
    let part = |lines: &[String]| {
        lines.iter().skip(from).take(at + 4 - from).cloned().collect::<Vec<_>>().join("\n")
    };
    Some(format!("there is\n{}\nand wanted was\n{}", part(&have), part(&want)))
}

/// Makes what `steps` say, and finds nothing more and nothing less.
pub(crate) async fn is_read_back(db: &DatabaseConnection, steps: &Steps) {
    let wanted = normal(&schema(steps), dialect(db));

    create(db, steps).await;
    let found = introspect(db).await.unwrap();

    if let Some(difference) = difference(&found, &wanted) {
        panic!("{difference}");
    }
    // In the form of the database already.
    assert_eq!(normal(&found, dialect(db)), found);
    let text = serde_json::to_string(&found).unwrap();
    assert_eq!(serde_json::from_str::<Schema>(&text).unwrap(), found);
}
