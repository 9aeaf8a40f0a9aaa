//! What comes to a table in the migration that creates it, and what it must not go before.

use plimsoll::{
    App, History, Schema, Steps, introspect, plan::statements, prelude::*, testing::Scratch,
};

use crate::{made::changes, support::*};

plimsoll::on_every_empty_database!(
    what_comes_to_it_is_part_of_its_creation,
    names_that_another_table_frees_are_taken_behind_it,
    values_that_come_behind_it_are_there_before_a_column_has_them,
);

fn pets() -> Steps {
    Steps::new().create_table("pets", |t| t.column(big_pk_auto("id")).column(integer_null("age")))
}

/// The steps make in the database what they make of a schema, forward and back.
async fn holds(scratch: &Scratch, have: fn() -> Steps, steps: fn() -> Steps) -> Vec<String> {
    let mut before = Schema::default();
    have().apply(&mut before).unwrap();
    let mut after = before.clone();
    steps().apply(&mut after).unwrap();
    let history = History::new().declared("m01", have).declared("m02", steps);
    let app = App::new(history);
    let db = session(scratch).await;
    let left = async |want: &Schema| {
        let mut found = introspect(&db).await.unwrap();
        let is_kept = |name: &String| name.starts_with("plimsoll_") || name == "seaql_migrations";
        found.tables.retain(|name, _| !is_kept(name));
        changes(scratch, &found, want).await
    };

    app.up_on(&db).await.unwrap_or_else(|error| panic!("{}", chain(&error)));
    assert_eq!(left(&after).await, []);
    app.on(&db).down(&to("m01"), None).await.unwrap_or_else(|error| panic!("{}", chain(&error)));
    assert_eq!(left(&before).await, []);

    db.close().await.unwrap();
    let planned = statements(dialect(&scratch.db), &steps(), &before).unwrap();
    planned.into_iter().map(|it| it.sql).collect()
}

async fn what_comes_to_it_is_part_of_its_creation(scratch: &Scratch) {
    let planned = holds(scratch, pets, || {
        Steps::new()
            .create_table("owners", |t| t.column(big_pk_auto("id")).column(integer("pet")))
            .alter("owners", |t| {
                t.add(|t| t.column(string_len("name", 80)))
                    .change(|t| t.column(integer("pet")), |t| t.column(big_integer("pet")))
                    .add(|t| {
                        t.unique(["name"]).foreign_key(["pet"], "pets", ["id"], OnDelete::Cascade)
                    })
                    .add(|t| t.at_least("pet", 1))
            })
    })
    .await;

    assert_eq!(planned.len(), 1, "{planned:#?}");
}

/// An index has its name once in all tables on two of them, and a foreign key on the third.
async fn names_that_another_table_frees_are_taken_behind_it(scratch: &Scratch) {
    fn named() -> Index {
        Index::over("pets", ["age"]).named("by_age")
    }
    fn key() -> ForeignKey {
        ForeignKey::new("of_pet", ["pet"], "pets", ["id"])
    }
    let have = || {
        pets().add_index("pets", named()).create_table("toys", |t| {
            t.column(big_pk_auto("id")).column(big_integer_null("pet")).add_foreign_key(key())
        })
    };

    holds(scratch, have, || {
        let table = || "pets".to_owned();
        Steps::new()
            .create_table("owners", |t| {
                t.column(big_pk_auto("id"))
                    .column(integer_null("age"))
                    .column(big_integer_null("pet"))
            })
            .change(Change::DropIndex { table: table(), index: named() })
            .change(Change::DropForeignKey { table: "toys".to_owned(), key: key() })
            .add_index("owners", Index::over("owners", ["age"]).named("by_age"))
            .change(Change::AddForeignKey { table: "owners".to_owned(), key: key() })
    })
    .await;
}

async fn values_that_come_behind_it_are_there_before_a_column_has_them(scratch: &Scratch) {
    fn mood() -> Steps {
        Steps::new().create_enum("mood", ["calm"])
    }
    fn owners(steps: Steps) -> Steps {
        let moods = ["calm", "wild"];
        let wild = ColumnDef::new("mood").enumeration("mood", moods).default("wild").take();
        steps
            .create_table("owners", |t| t.column(big_pk_auto("id")))
            .alter_enum("mood", vec!["calm"], moods.to_vec())
            .alter("owners", |t| t.add(|t| t.column(wild)))
    }

    // An enumeration that is as new as the migration gets its values in their turn, and not ahead.
    holds(scratch, Steps::new, || owners(mood())).await;
}
