//! Keys that rows of other tables refer to change, with rows in all of them.

use plimsoll::{
    App, History, Schema, diff,
    prelude::*,
    schema::{Column, ForeignKey, Table, Type, Unique},
    testing::Scratch,
};

use crate::{
    crash::each_killed_run_is_finished,
    filled::{creation_of, steps_of},
    pairs::becomes,
    support::*,
};

plimsoll::on_every_empty_database!(
    a_key_and_what_refers_to_it_become_wider,
    a_key_of_numbers_becomes_one_of_text,
    a_text_that_is_referred_to_becomes_longer,
    a_primary_key_takes_another_column_while_what_is_referred_to_stays_unique,
    a_primary_key_is_replaced_and_what_referred_to_it_follows,
    a_unique_that_is_referred_to_gets_another_name,
    a_key_to_the_own_table_becomes_wider,
    a_chain_of_keys_becomes_wider,
    a_key_that_is_the_primary_key_as_well_becomes_wider,
    a_key_takes_no_null_any_more,
    a_key_refers_to_another_column_whose_unique_comes_while_the_other_goes,
    a_table_and_its_key_get_other_names_and_another_type,
    a_key_of_another_type_is_referred_to_by_a_table_that_comes,
    a_column_and_its_unique_come_with_a_table_that_refers_to_them,
    a_key_that_would_refer_to_what_is_not_unique_is_refused_and_nothing_happens,
    a_run_that_is_killed_while_keys_are_set_aside_is_finished_by_the_next,
);

/// A table whose first column is its key.
fn table(name: &str, columns: &[(&str, Type)]) -> Table {
    let mut table = Table::new(name);
    table.columns = columns.iter().map(|(name, ty)| Column::new(*name, ty.clone())).collect();
    table.primary_key = vec![columns[0].0.to_owned()];
    table
}

fn refers(table: &mut Table, column: &str, to: (&str, &str)) {
    let name = format!("fk-{}-{column}", table.name);
    let key = ForeignKey::new(name, [column], to.0, [to.1]).on_delete(OnDelete::Cascade);
    table.foreign_keys.push(key);
}

/// Ports with a key of that type, ships that refer to them, and crews that refer to both.
fn ports(key: &Type) -> Schema {
    let ports = table("ports", &[("id", key.clone()), ("name", Type::String(Some(20)))]);
    let mut ships = table("ships", &[("id", Type::Integer), ("port_id", key.clone())]);
    refers(&mut ships, "port_id", ("ports", "id"));
    let mut crew =
        table("crew", &[("id", Type::Integer), ("ship_id", Type::Integer), ("home", key.clone())]);
    refers(&mut crew, "ship_id", ("ships", "id"));
    refers(&mut crew, "home", ("ports", "id"));
    Schema::of([ports, ships, crew])
}

async fn a_key_and_what_refers_to_it_become_wider(scratch: &Scratch) {
    becomes(scratch, &ports(&Type::Integer), &ports(&Type::BigInteger)).await;
}

async fn a_key_of_numbers_becomes_one_of_text(scratch: &Scratch) {
    becomes(scratch, &ports(&Type::Integer), &ports(&Type::String(Some(40)))).await;
}

async fn a_text_that_is_referred_to_becomes_longer(scratch: &Scratch) {
    let of = |length| ports(&Type::String(Some(length)));
    becomes(scratch, &of(20), &of(400)).await;
}

async fn a_primary_key_takes_another_column_while_what_is_referred_to_stays_unique(
    scratch: &Scratch,
) {
    let mut have = ports(&Type::Integer);
    let ports = have.tables.get_mut("ports").unwrap();
    ports.uniques.push(Unique::new("uq-ports-id", ["id"]));
    let mut want = have.clone();
    let ports = want.tables.get_mut("ports").unwrap();
    ports.primary_key = vec!["name".to_owned(), "id".to_owned()];

    becomes(scratch, &have, &want).await;
}

async fn a_primary_key_is_replaced_and_what_referred_to_it_follows(scratch: &Scratch) {
    let of = |key: &str| {
        let mut ports = table("ports", &[("id", Type::Integer), ("code", Type::Integer)]);
        ports.primary_key = vec![key.to_owned()];
        let mut ships = table("ships", &[("id", Type::Integer), ("port", Type::Integer)]);
        refers(&mut ships, "port", ("ports", key));
        Schema::of([ports, ships])
    };
    becomes(scratch, &of("id"), &of("code")).await;
}

async fn a_key_of_another_type_is_referred_to_by_a_table_that_comes(scratch: &Scratch) {
    let ty = Type::String(Some(40));
    let mut want = ports(&ty);
    let mut calls = table("calls", &[("id", Type::Integer), ("port", ty)]);
    refers(&mut calls, "port", ("ports", "id"));
    want.tables.insert("calls".to_owned(), calls);

    becomes(scratch, &ports(&Type::Integer), &want).await;
}

async fn a_column_and_its_unique_come_with_a_table_that_refers_to_them(scratch: &Scratch) {
    let have = ports(&Type::Integer);
    let mut want = have.clone();
    let to = want.tables.get_mut("ports").unwrap();
    to.columns.push(Column { nullable: true, ..Column::new("code", Type::Integer) });
    to.uniques.push(Unique::new("uq-ports-code", ["code"]));
    let mut calls = table("calls", &[("id", Type::Integer), ("port", Type::Integer)]);
    refers(&mut calls, "port", ("ports", "code"));
    want.tables.insert("calls".to_owned(), calls);

    becomes(scratch, &have, &want).await;
}

async fn a_unique_that_is_referred_to_gets_another_name(scratch: &Scratch) {
    let of = |name: &str| {
        let mut ports = table("ports", &[("id", Type::Integer), ("code", Type::Integer)]);
        ports.uniques.push(Unique::new(name, ["code"]));
        let mut ships = table("ships", &[("id", Type::Integer), ("port", Type::Integer)]);
        refers(&mut ships, "port", ("ports", "code"));
        Schema::of([ports, ships])
    };
    becomes(scratch, &of("uq-ports-code"), &of("uq-ports-number")).await;
}

async fn a_key_to_the_own_table_becomes_wider(scratch: &Scratch) {
    let of = |ty: &Type| {
        let mut ships = table("ships", &[("id", ty.clone()), ("flagship", ty.clone())]);
        refers(&mut ships, "flagship", ("ships", "id"));
        Schema::of([ships])
    };
    becomes(scratch, &of(&Type::Integer), &of(&Type::BigInteger)).await;
}

async fn a_chain_of_keys_becomes_wider(scratch: &Scratch) {
    let of = |ty: &Type| {
        let a = table("a", &[("id", ty.clone())]);
        let mut b = table("b", &[("id", ty.clone()), ("note", Type::Text)]);
        refers(&mut b, "id", ("a", "id"));
        let mut c = table("c", &[("id", ty.clone())]);
        refers(&mut c, "id", ("b", "id"));
        Schema::of([a, b, c])
    };
    becomes(scratch, &of(&Type::Integer), &of(&Type::BigInteger)).await;
}

async fn a_key_that_is_the_primary_key_as_well_becomes_wider(scratch: &Scratch) {
    let of = |keys: &[&str]| {
        let ports = table("ports", &[("id", Type::Integer)]);
        let mut calls = table("calls", &[("port", Type::Integer), ("day", Type::Date)]);
        calls.primary_key = keys.iter().map(|it| (*it).to_owned()).collect();
        refers(&mut calls, "port", ("ports", "id"));
        Schema::of([ports, calls])
    };
    becomes(scratch, &of(&["port"]), &of(&["day", "port"])).await;
}

async fn a_key_takes_no_null_any_more(scratch: &Scratch) {
    let of = |nullable| {
        let mut schema = ports(&Type::Integer);
        let ships = schema.tables.get_mut("ships").unwrap();
        ships.columns[1] = Column { nullable, ..ships.columns[1].clone() };
        schema
    };
    becomes(scratch, &of(true), &of(false)).await;
}

async fn a_key_refers_to_another_column_whose_unique_comes_while_the_other_goes(scratch: &Scratch) {
    let of = |column: &str| {
        let mut ports = table(
            "ports",
            &[("id", Type::Integer), ("code", Type::Integer), ("number", Type::Integer)],
        );
        ports.uniques.push(Unique::new(format!("uq-ports-{column}"), [column]));
        let mut ships = table("ships", &[("id", Type::Integer), ("port", Type::Integer)]);
        refers(&mut ships, "port", ("ports", column));
        Schema::of([ports, ships])
    };
    becomes(scratch, &of("code"), &of("number")).await;
}

async fn a_table_and_its_key_get_other_names_and_another_type(scratch: &Scratch) {
    let mut want = ports(&Type::BigInteger);
    let mut harbours = want.tables.remove("ports").unwrap();
    "harbours".clone_into(&mut harbours.name);
    harbours.renamed_from = Some("ports".to_owned());
    "number".clone_into(&mut harbours.columns[0].name);
    harbours.columns[0].renamed_from = Some("id".to_owned());
    harbours.primary_key = vec!["number".to_owned()];
    for key in want.tables.values_mut().flat_map(|table| &mut table.foreign_keys) {
        if key.references == "ports" {
            "harbours".clone_into(&mut key.references);
            key.referenced_columns = vec!["number".to_owned()];
        }
    }
    want.tables.insert(harbours.name.clone(), harbours);
    becomes(scratch, &ports(&Type::Integer), &want).await;
}

/// The primary key is another, and what referred to it still does.
async fn a_key_that_would_refer_to_what_is_not_unique_is_refused_and_nothing_happens(
    scratch: &Scratch,
) {
    let have = ports(&Type::Integer);
    let mut want = have.clone();
    want.tables.get_mut("ports").unwrap().primary_key = vec!["name".to_owned()];
    let changes = diff(&have, &want, &[]).changes;
    let history = History::new()
        .declared("m01", creation_of(&have))
        .declared("m02", move || steps_of(changes.clone()));
    let app = App::new(history);
    heard_up(scratch, &app, "m01").await.0.unwrap();
    let before = fingerprint(&scratch.db).await;

    let error = up(scratch, &app).await.unwrap_err();

    let said = chain(&error);
    let expected = "a foreign key to columns that nothing holds unique any more (`fk-crew-home` of \
                    `crew` to `id` of `ports`)";
    assert!(said.contains(expected), "{said}");
    assert_eq!(fingerprint(&scratch.db).await, before);
    assert_eq!(open(&scratch.db).await, 0);
}

async fn a_run_that_is_killed_while_keys_are_set_aside_is_finished_by_the_next(scratch: &Scratch) {
    let db = &scratch.db;
    let rows = async || {
        let sql = "SELECT dock_id FROM berths ORDER BY id";
        let docks: Vec<i64> = all(db, sql).await;
        docks.iter().map(ToString::to_string).collect()
    };

    let killed = each_killed_run_is_finished(scratch, "widening", rows).await;

    assert!(killed > 10, "{killed}");
    refused(db, "INSERT INTO berths (id, dock_id) VALUES (3, 9)").await;
}
