//! What goes, and what moves.

use plimsoll::{
    Answers, Open, Steps, TableBuilder,
    prelude::{
        ColumnDef, Expr, big_pk_auto, integer, integer_null, pk_auto, string_len, string_len_null,
    },
};

use crate::{beginning, defaults, drafted, drops, one, open, refusal, steps, table};

#[test]
fn a_drop_that_names_nothing_says_what_goes() {
    let it = beginning(&one("pets", &["age", "fax"]), &one("pets", &["age", "mail"]));

    for name in ["age", "mail", "pets", "pets.phone", "cats.fax"] {
        assert_eq!(
            refusal(&it, &drops([name])),
            format!("`--drop {name}` names nothing that goes with what it holds: `pets.fax` go")
        );
    }
}

#[test]
fn what_two_tables_lose_is_named_with_its_table() {
    let two = |columns: &[&str]| table(one("cats", columns), "dogs", columns);
    let it = beginning(&two(&["fax"]), &two(&[]));

    let why = refusal(&it, &drops(["fax"]));

    assert_eq!(why, "`--drop fax` could be of `cats` and of `dogs`: write `--drop cats.fax`");
    assert_eq!(open(&it, &drops(["cats.fax"])), ["dogs.fax"]);
    assert_eq!(steps(&it, &drops(["cats.fax", "dogs.fax", "dogs.fax"])).len(), 2);
}

/// What is asked of the table is asked by its name alone, which a column may have, too.
#[test]
fn a_table_goes_by_its_name_though_a_column_that_goes_is_called_so_too() {
    let have = table(one("fax", &["number", "tone"]), "pets", &["fax"]);
    let it = beginning(&have, &one("pets", &[]));

    assert_eq!(open(&it, &Answers::default()), ["fax", "pets.fax"]);
    assert_eq!(open(&it, &drops(["fax"])), ["pets.fax"]);
    assert_eq!(
        steps(&it, &drops(["fax", "pets.fax"])),
        ["- drop table `fax`", "- drop column `pets.fax`"]
    );
}

#[test]
fn a_column_with_the_name_of_its_table_before_a_point_is_not_taken_for_another() {
    let it = beginning(&one("t", &["x", "t.x"]), &one("t", &[]));

    assert_eq!(open(&it, &drops(["t.x"])), ["t.t.x"]);
    assert_eq!(steps(&it, &drops(["t.x", "t.t.x"])).len(), 2);
}

#[test]
fn what_has_one_name_with_its_table_is_refused() {
    let have = table(one("a", &["b.c", "k"]), "a.b", &["c", "k"]);
    let want = table(one("a", &["k"]), "a.b", &["k"]);

    let why = refusal(&beginning(&have, &want), &drops(["a.b.c"]));

    assert_eq!(why, "`--drop a.b.c` could be of `a` and of `a.b`");
}

#[test]
fn a_table_that_goes_and_one_that_comes_are_two_things() {
    let have = one("pets", &["age", "weight"]);
    let alike = beginning(&have, &one("animals", &["age", "weight"]));
    let other = beginning(&have, &one("ships", &["tons", "length"]));

    let Open::Gone { candidates, .. } = &drafted(&alike, &Answers::default()).open[0] else {
        panic!("it is asked about")
    };
    let [(to, because)] = &candidates[..] else { panic!("{candidates:?}") };
    assert_eq!(to, "animals");
    assert_eq!(because[..], ["3 of 3 columns have the same name and type: id, age, weight"]);
    assert_eq!(open(&other, &Answers::default()), ["pets"]);
    for (it, name) in [(alike, "animals"), (other, "ships")] {
        let expected = ["- drop table `pets`".to_owned(), format!("+ create table `{name}`")];
        let mut made = steps(&it, &drops(["pets"]));
        made.sort_by_key(|step| !step.starts_with('-'));
        assert_eq!(made, expected);
        let draft = drafted(&it, &drops(["pets"]));
        assert_eq!(draft.steps.allowed_loss(), Some("`pets` may go"));
        assert_eq!(draft.notes, ["What `pets` held does not come back with the way back."]);
    }
}

/// Whoever sees no way to say that it was renamed might drop it.
#[test]
fn what_got_more_than_another_name_may_be_renamed_all_the_same() {
    let of = |table: &str, key: ColumnDef, column: ColumnDef| {
        Steps::new().create_table(table, |t| t.column(key).column(column))
    };
    let columns = beginning(
        &of("pets", pk_auto("id"), string_len_null("fax", 20)),
        &of("pets", pk_auto("id"), string_len_null("mail", 80)),
    );
    let tables = beginning(
        &of("pets", pk_auto("id"), string_len_null("fax", 20)),
        &of("animals", big_pk_auto("id"), string_len_null("fax", 80)),
    );
    let said = |it| match &drafted(it, &Answers::default()).open[..] {
        [Open::Gone { candidates, .. }] => candidates.clone(),
        open => panic!("{open:?}"),
    };

    let expected = ("mail".to_owned(), vec!["it was string(20), and is string(80)".to_owned()]);
    assert_eq!(said(&columns), [expected]);
    let expected = ("animals".to_owned(), vec!["2 of 2 columns have the same name".to_owned()]);
    assert_eq!(said(&tables), [expected]);
    assert_eq!(
        steps(&columns, &crate::renames(["pets.fax:mail"])),
        [
            "~ rename column `pets.fax` to `mail`",
            "~ change column `pets.mail`: string(20) -> string(80)"
        ]
    );
}

#[test]
fn what_is_renamed_does_not_go() {
    let it = beginning(&one("pets", &["age", "fax"]), &one("animals", &["age", "fax"]));
    let both = Answers { drops: vec!["pets".to_owned()], ..crate::renames(["pets:animals"]) };

    let why = refusal(&it, &both);

    assert_eq!(why, "`--drop pets` names nothing that goes with what it holds: nothing go");
}

#[test]
fn a_column_of_a_renamed_table_goes_by_either_name_of_the_table() {
    let it = beginning(&one("pets", &["age", "fax"]), &one("animals", &["age"]));

    for name in ["fax", "pets.fax", "animals.fax"] {
        let both = Answers { drops: vec![name.to_owned()], ..crate::renames(["pets:animals"]) };
        assert_eq!(
            steps(&it, &both),
            ["~ rename table `pets` to `animals`", "- drop column `animals.fax`"]
        );
    }
}

fn people(with: Option<ColumnDef>, staff: Option<ColumnDef>) -> Steps {
    let of = |steps: Steps, name: &str, column: Option<ColumnDef>| {
        steps.create_table(name, |table| {
            let table = table.column(pk_auto("id"));
            column.into_iter().fold(table, TableBuilder::column)
        })
    };
    of(of(Steps::new(), "people", with), "staff", staff)
}

#[test]
fn a_column_that_comes_in_another_table_is_asked_about_and_never_moved() {
    let column = || Some(string_len_null("badge", 20));
    let it = beginning(&people(column(), None), &people(None, column()));

    let draft = drafted(&it, &Answers::default());

    let [Open::Gone { name, candidates, moved, is_computed: false }] = &draft.open[..] else {
        panic!("{:?}", draft.open)
    };
    assert_eq!(name, "people.badge");
    assert_eq!(candidates[..], [], "a rename stays in its table");
    assert_eq!(moved[..], ["staff.badge"]);
    assert_eq!(
        steps(&it, &drops(["badge"])),
        ["+ add column `staff.badge`: string(20), nullable", "- drop column `people.badge`"]
    );
    for typed in ["people.badge:staff.badge", "badge:badge", "people.badge:badge"] {
        let why = refusal(&it, &crate::renames([typed]));
        assert!(why.contains("names nothing that goes and something that comes"), "{why}");
    }
}

#[test]
fn a_column_that_is_to_be_filled_where_it_comes_is_asked_about_on_both_sides() {
    let column = || Some(string_len("badge", 20).take());
    let it = beginning(&people(column(), None), &people(None, column()));
    let all = Answers { drops: vec!["badge".to_owned()], ..defaults([("staff.badge", "none")]) };

    let mut asked = open(&it, &Answers::default());
    asked.sort();

    assert_eq!(asked, ["people.badge", "staff.badge"]);
    assert_eq!(open(&it, &all), [""; 0]);
    // It takes no NULL in either, and both get a value: one now, and one on the way back.
    let why = refusal(&it, &defaults([("badge", "none")]));
    assert!(why.contains("could be of `people` and of `staff`"), "{why}");
}

#[test]
fn a_column_of_another_type_in_another_table_is_no_move() {
    let it = beginning(
        &people(Some(integer("badge").take()), None),
        &people(None, Some(string_len_null("badge", 20))),
    );

    let draft = drafted(&it, &Answers::default());

    let [Open::Gone { moved, .. }] = &draft.open[..] else { panic!("{:?}", draft.open) };
    assert_eq!(moved[..], [""; 0]);
}

#[test]
fn a_column_that_is_computed_from_now_on_stays_without_what_it_held() {
    let have = one("pets", &["age", "months"]);
    let want = Steps::new().create_table("pets", |t| {
        let months = Expr::cust("age * 12");
        t.column(pk_auto("id"))
            .column(integer_null("age"))
            .column(ColumnDef::new("months").integer().null().generated(months, true))
    });
    let it = beginning(&have, &want);

    let draft = drafted(&it, &Answers::default());

    let [Open::Gone { name, candidates, is_computed: true, .. }] = &draft.open[..] else {
        panic!("{:?}", draft.open)
    };
    assert_eq!((&**name, candidates.len()), ("pets.months", 0));
    assert_eq!(steps(&it, &drops(["months"])).len(), 1);
}
