//! Every kind of change by a script: the database's own client makes of it what the engine makes, with
//! rows in the tables, and takes it back.

use plimsoll::{Dialect, diff};
use sea_orm::DatabaseConnection;

use crate::{
    cases::{WITHOUT_ROWS, gathered, is_named, kinds_of, schema},
    filled::{creation_of, fill, steps_of},
    scripts::same_by_script,
};

/// Writes the tests of each folder, a module with one for each database.
macro_rules! cases {
    ($($case:ident),+ $(,)?) => {
        $(mod $case {
            use plimsoll::Dialect;

            #[test]
            fn sqlite() {
                super::is_made_by_a_script(stringify!($case), Dialect::Sqlite);
            }

            #[test]
            fn postgres() {
                super::is_made_by_a_script(stringify!($case), Dialect::Postgres);
            }

            #[test]
            fn mysql() {
                super::is_made_by_a_script(stringify!($case), Dialect::Mysql);
            }
        })+
    };
}

each_case!(cases);

fn is_made_by_a_script(case: &str, dialect: Dialect) {
    // What is no notion of the database no migration changes.
    if kinds_of(case, dialect).is_err() {
        return;
    }
    let (have, want) = (schema(case, "have", dialect), schema(case, "want", dialect));
    let (have, want) = (gathered(&have), gathered(&want));
    // A migration names every constraint, so that none without a name is one's own to change.
    if !is_named(&have) || !is_named(&want) {
        return;
    }
    let changes = diff(&have, &want, &[]).changes;
    let history = [("m01", creation_of(&have)()), ("m02", steps_of(changes))];

    same_by_script(dialect, &history, &async |db: &DatabaseConnection| {
        if !WITHOUT_ROWS.contains(&case) {
            fill(db, &have, &want, 3).await;
        }
    });
}
