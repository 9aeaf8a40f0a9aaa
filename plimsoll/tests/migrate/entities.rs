//! Entities with everything that SeaORM has for columns: no difference straight after their tables
//! are made, whether by this engine or by SeaORM.

#![expect(unreachable_pub, reason = "what SeaORM derives for an entity is public as the model is")]

#[path = "entities/defaults.rs"]
mod defaults;
#[path = "entities/keys.rs"]
mod keys;
#[path = "entities/kinds.rs"]
mod kinds;

use plimsoll::{
    Dialect, Entities, How, Schema, Wanted, compare, diff, entities, introspect,
    render::statements_of, testing::Scratch,
};
use sea_orm::{ConnectionTrait as _, EntityTrait};

use crate::support::*;

plimsoll::on_every_empty_database!(
    entities_differ_in_nothing_from_the_tables_that_the_engine_makes,
    entities_differ_in_nothing_from_the_tables_that_seaorm_makes,
    entities_differ_from_the_tables_of_seaorm_in_what_it_has_no_attribute_for,
);

/// Those of which SeaORM says everything, in an order in which they can be made.
pub(crate) fn plain() -> Entities {
    entities![
        kinds::Entity,
        defaults::Entity,
        keys::harbour::Entity,
        keys::ship::Entity,
        keys::berth::Entity,
    ]
}

pub(crate) async fn differences(scratch: &Scratch, entities: &Entities) -> Vec<String> {
    assert_eq!(entities.problems(), [""; 0]);
    let mut found = introspect(&scratch.db).await.unwrap();
    let are_kept = |name: &str| name.starts_with("plimsoll_") || name == "seaql_migrations";
    found.tables.retain(|name, _| !are_kept(name));
    let how = How {
        asking: Some((&scratch.db, &scratch.database)),
        dialect: dialect(&scratch.db),
        wanted: Wanted::ByEntities,
        renames: &[],
    };
    let compared = compare(&found, &entities.schema(), &how).await;
    assert_eq!(compared.unread, []);
    let lines = compared.diff.changes.iter();
    lines.map(|change| format!("{} {}", change.sign(), change.describe())).collect()
}

async fn entities_differ_in_nothing_from_the_tables_that_the_engine_makes(scratch: &Scratch) {
    let db = &scratch.db;
    let entities = plain().and(entities![kinds::wide::Entity, keys::checked::Entity]);
    let mut schema = entities.schema();
    if dialect(db) != Dialect::Postgres {
        schema.enums.clear();
    }

    for change in diff(&Schema::default(), &schema, &[]).changes {
        for statement in statements_of(dialect(db), &change).unwrap() {
            run(db, &statement.sql).await;
        }
    }

    assert_eq!(differences(scratch, &entities).await, [""; 0]);
}

#[test]
fn a_table_that_two_entities_describe_is_a_problem() {
    let twice = entities![kinds::Entity].and(entities![kinds::Entity]);

    assert_eq!(twice.problems(), ["table `kinds` is described twice"]);
}

/// Makes the table of an entity with SeaORM alone.
async fn make_by_seaorm<E: EntityTrait>(scratch: &Scratch, entity: E) {
    let db = &scratch.db;
    let schema = sea_orm::Schema::new(db.get_database_backend());
    for create in schema.create_enum_from_entity(entity) {
        // The second entity with an enumeration finds it there.
        let _ = db.execute(&create).await;
    }
    db.execute(&schema.create_table_from_entity(entity)).await.unwrap();
    for create in schema.create_index_from_entity(entity) {
        db.execute(&create).await.unwrap();
    }
}

async fn make_plain_by_seaorm(scratch: &Scratch) {
    make_by_seaorm(scratch, kinds::Entity).await;
    make_by_seaorm(scratch, defaults::Entity).await;
    make_by_seaorm(scratch, keys::harbour::Entity).await;
    make_by_seaorm(scratch, keys::ship::Entity).await;
    make_by_seaorm(scratch, keys::berth::Entity).await;
    if dialect(&scratch.db) == Dialect::Postgres {
        // SeaORM writes no comments there.
        for comment in [
            "TABLE kinds IS 'one of each'",
            "COLUMN kinds.string_len IS 'it''s \"of\" 40'",
            "COLUMN harbours.beam IS 'in metres'",
        ] {
            run(&scratch.db, &format!("COMMENT ON {comment}")).await;
        }
    }
}

async fn entities_differ_in_nothing_from_the_tables_that_seaorm_makes(scratch: &Scratch) {
    make_plain_by_seaorm(scratch).await;

    assert_eq!(differences(scratch, &plain()).await, [""; 0]);
}

async fn entities_differ_from_the_tables_of_seaorm_in_what_it_has_no_attribute_for(
    scratch: &Scratch,
) {
    make_by_seaorm(scratch, keys::checked::Entity).await;

    let found = differences(scratch, &entities![keys::checked::Entity]).await;

    let mut expected = vec![
        "~ change column `checked.twice`: generated none -> (crew * 2) stored",
        "+ add check `ck-checked-crew` on `checked`: crew from 1 to 400",
        "+ add check `ck-checked-state` on `checked`: state in ('afloat', 'it''s sunk')",
        "+ add check `ck-checked-thirteen` on `checked`: crew <> 13 OR masts IS NULL",
    ];
    match dialect(&scratch.db) {
        Dialect::Sqlite => expected.push("+ create index `by state` on `checked`"),
        // SeaORM writes no comments there.
        Dialect::Postgres => {
            expected.insert(
                0,
                "~ change column `checked.masts`: comment none -> \"none on a steamer\"",
            );
            expected.push("+ create index `by state` on `checked`");
            expected.push("~ change comment of table `checked`: none -> \"with conditions\"");
        }
        Dialect::Mysql => {
            expected.insert(
                0,
                "~ change column `checked.masts`: comment none -> \"none on a steamer\"",
            );
            expected.insert(2, "+ add unique `by state` on `checked`: (state, crew)");
        }
    }
    assert_eq!(found, expected);
}
