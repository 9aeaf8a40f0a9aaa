//! What has another name.

use plimsoll::{
    Answers, Schema, Steps,
    diff::diff,
    plan::statements,
    prelude::{ColumnDef, integer_null, pk_auto, string_len_null, text_null},
};

use crate::{beginning, drafted, one, open, refusal, renames, schema_of, steps, table};

/// The steps of the draft lead to what is wanted and back again, in as many statements as each
/// database takes.
fn holds(have: &Steps, want: &Steps, answers: &Answers) -> Vec<String> {
    let beginning = beginning(have, want);
    let draft = drafted(&beginning, answers);
    let (have, want) = (schema_of(have), schema_of(want));
    let left = |now: &Schema, want: &Schema| diff(now, want, &[]).changes;
    let mut now = have.clone();
    draft.steps.apply(&mut now).unwrap();
    assert_eq!(left(&now, &want), []);
    draft.steps.reverse().apply(&mut now).unwrap();
    assert_eq!(left(&now, &have), []);
    for dialect in plimsoll::Dialect::ALL {
        statements(dialect, &draft.steps, &have).unwrap();
    }
    steps(&beginning, answers)
}

#[test]
fn a_rename_that_names_nothing_says_what_goes_and_what_comes() {
    let it = beginning(&one("pets", &["age", "fax"]), &one("pets", &["age", "mail"]));

    for typed in ["fax:post", "phone:mail", "cats:dogs", "pets.fax:cats.mail", "age:mail"] {
        assert_eq!(
            refusal(&it, &renames([typed])),
            format!(
                "`--rename {typed}` names nothing that goes and something that comes for it: \
                 `pets.fax` go, `pets.mail` come"
            )
        );
    }
    let same = beginning(&one("pets", &["age"]), &one("pets", &["age"]));
    assert_eq!(
        refusal(&same, &renames(["age:years"])),
        "`--rename age:years` names nothing that goes and something that comes for it: nothing go, \
         nothing come"
    );
}

#[test]
fn a_column_that_two_tables_have_is_named_with_its_table() {
    let two = |column| table(one("cats", &[column]), "dogs", &[column]);
    let it = beginning(&two("fax"), &two("mail"));

    let why = refusal(&it, &renames(["fax:mail"]));

    assert_eq!(
        why,
        "`--rename fax:mail` could be of `cats` and of `dogs`: write `--rename cats.fax:mail`"
    );
    assert_eq!(
        steps(&it, &renames(["cats.fax:mail", "dogs.fax:dogs.mail"])),
        ["~ rename column `cats.fax` to `mail`", "~ rename column `dogs.fax` to `mail`"]
    );
    assert_eq!(open(&it, &renames(["cats.fax:mail"])), ["dogs.fax"]);
}

#[test]
fn what_is_said_twice_is_done_once() {
    let columns = beginning(&one("pets", &["fax"]), &one("pets", &["mail"]));
    let tables = beginning(&one("pets", &["age"]), &one("animals", &["age"]));

    for typed in [["fax:mail", "fax:mail"], ["fax:mail", "pets.fax:mail"]] {
        assert_eq!(steps(&columns, &renames(typed)), ["~ rename column `pets.fax` to `mail`"]);
    }
    let twice = renames(["pets:animals", "pets:animals"]);
    assert_eq!(steps(&tables, &twice), ["~ rename table `pets` to `animals`"]);
    // On a terminal and beforehand.
    let mut both = renames(["pets:animals"]);
    both.renames.push(("pets".to_owned(), "animals".to_owned()));
    assert_eq!(steps(&tables, &both), ["~ rename table `pets` to `animals`"]);
}

#[test]
fn answers_that_cannot_both_be_are_refused() {
    let split = beginning(&one("pets", &["a"]), &one("pets", &["b", "c"]));
    let join = beginning(&one("pets", &["a", "b"]), &one("pets", &["c"]));
    let two = table(one("b", &["x"]), "c", &["x"]);
    let tables = beginning(&one("a", &["x"]), &two);

    assert_eq!(
        refusal(&split, &renames(["a:b", "pets.a:c"])),
        "`--rename pets.a:b` and `--rename pets.a:c` cannot both be"
    );
    assert_eq!(
        refusal(&join, &renames(["a:c", "b:c"])),
        "`--rename pets.a:c` and `--rename pets.b:c` cannot both be"
    );
    assert_eq!(
        refusal(&tables, &renames(["a:b", "a:c"])),
        "`--rename a:b` and `--rename a:c` cannot both be"
    );
}

#[test]
fn a_column_with_another_name_and_another_type_is_renamed_and_changed() {
    let want = Steps::new()
        .create_table("pets", |t| t.column(pk_auto("id")).column(string_len_null("label", 40)));

    let made = holds(&one("pets", &["age"]), &want, &renames(["age:label"]));

    assert_eq!(
        made,
        [
            "~ rename column `pets.age` to `label`",
            "~ change column `pets.label`: integer -> string(40)"
        ]
    );
}

#[test]
fn a_table_and_a_column_of_it_are_renamed_in_one_go() {
    let (have, want) = (one("pets", &["fax", "age"]), one("animals", &["mail", "age"]));
    let expected =
        ["~ rename table `pets` to `animals`", "~ rename column `animals.fax` to `mail`"];

    for column in [
        "fax:mail",
        "pets.fax:mail",
        "animals.fax:mail",
        "pets.fax:animals.mail",
        "pets.fax:pets.mail",
        "animals.fax:animals.mail",
    ] {
        assert_eq!(holds(&have, &want, &renames(["pets:animals", column])), expected, "{column}");
        assert_eq!(holds(&have, &want, &renames([column, "pets:animals"])), expected, "{column}");
    }
}

#[test]
fn names_that_move_up_are_renamed_in_an_order_that_can_be() {
    let (have, want) = (one("pets", &["a", "b", "c"]), one("pets", &["b", "c", "d"]));

    for typed in [["a:b", "b:c", "c:d"], ["c:d", "b:c", "a:b"], ["b:c", "a:b", "c:d"]] {
        let made = holds(&have, &want, &renames(typed));

        assert_eq!(
            made,
            [
                "~ rename column `pets.c` to `d`",
                "~ rename column `pets.b` to `c`",
                "~ rename column `pets.a` to `b`"
            ]
        );
    }
    let (have, want) = (table(one("a", &["x"]), "b", &["y"]), table(one("b", &["x"]), "c", &["y"]));
    let made = holds(&have, &want, &renames(["a:b", "b:c"]));
    assert_eq!(made, ["~ rename table `b` to `c`", "~ rename table `a` to `b`"]);
}

#[test]
fn names_that_are_exchanged_are_renamed_by_way_of_a_third() {
    let of = |a, b| {
        Steps::new().create_table("pets", |t| {
            t.column(pk_auto("id")).column(integer_null(a)).column(text_null(b))
        })
    };

    let made = holds(&of("a", "b"), &of("b", "a"), &renames(["a:b", "b:a"]));

    assert_eq!(
        made,
        [
            "~ rename column `pets.a` to `plimsoll_aside`",
            "~ rename column `pets.b` to `a`",
            "~ rename column `pets.plimsoll_aside` to `b`"
        ]
    );
    let circle = one("pets", &["a", "b", "c"]);
    assert_eq!(holds(&circle, &circle, &renames(["a:b", "b:c", "c:a"])).len(), 4);
    let tables = |a, b| table(one(a, &["x"]), b, &["y"]);
    let made = holds(&tables("a", "b"), &tables("b", "a"), &renames(["a:b", "b:a"]));
    assert_eq!(made.len(), 3, "{made:?}");
}

#[test]
fn of_an_exchange_one_half_alone_is_refused() {
    let it = beginning(&one("pets", &["a", "b"]), &one("pets", &["a", "b"]));

    let why = refusal(&it, &renames(["a:b"]));

    assert!(why.contains("names nothing that goes and something that comes"), "{why}");
}

#[test]
fn an_exchange_in_one_of_two_tables_says_which() {
    let both = table(one("cats", &["a", "b"]), "dogs", &["a", "b"]);

    let why = refusal(&beginning(&both, &both), &renames(["a:b", "b:a"]));
    let made = holds(&both, &both, &renames(["dogs.a:b", "dogs.b:a"]));

    assert!(why.ends_with("write `--rename cats.a:b`"), "{why}");
    assert!(made.iter().all(|step| step.contains("`dogs.")), "{made:?}");
}

#[test]
fn names_may_have_points_and_colons_of_their_own() {
    let have = table(one("a:b", &["x.y", "k:l"]), "t.u", &["v"]);
    let want = table(one("c:d", &["x:z", "m"]), "t:u", &["v"]);

    let made = holds(&have, &want, &renames(["a:b:c:d", "a:b.x.y:x:z", "c:d.k:l:m", "t.u:t:u"]));

    assert_eq!(
        made,
        [
            "~ rename table `a:b` to `c:d`",
            "~ rename table `t.u` to `t:u`",
            "~ rename column `c:d.x.y` to `x:z`",
            "~ rename column `c:d.k:l` to `m`"
        ]
    );
}

#[test]
fn a_colon_that_can_be_in_either_name_is_asked_about() {
    let it = beginning(&one("pets", &["a", "a:b"]), &one("pets", &["b:c", "c"]));

    let why = refusal(&it, &renames(["a:b:c"]));

    assert_eq!(
        why,
        "`--rename a:b:c` could be `a` to `b:c` and `a:b` to `c`: leave it out, and answer on a \
         terminal"
    );
    let pair = |from: &str, to: &str| (from.to_owned(), to.to_owned());
    let on_a_terminal = Answers {
        renames: vec![pair("pets.a", "b:c"), pair("pets.a:b", "c")],
        ..Answers::default()
    };
    assert_eq!(
        steps(&it, &on_a_terminal),
        ["~ rename column `pets.a` to `b:c`", "~ rename column `pets.a:b` to `c`"]
    );
}

/// The column `b.c` of `a` and the column `c` of `a.b` have one name.
#[test]
fn a_column_without_its_table_is_meant_only_where_nothing_else_is_called_so() {
    let of = |plain, pointed| {
        Steps::new().create_table("t", |t| {
            let column = |name: &'static str| ColumnDef::new(name).integer().null().take();
            t.column(pk_auto("id")).column(column(plain)).column(column(pointed))
        })
    };
    let it = beginning(&of("x", "t.x"), &of("y", "t.y"));

    let made = steps(&it, &renames(["t.x:y", "t.t.x:t.t.y"]));

    assert_eq!(made, ["~ rename column `t.x` to `y`", "~ rename column `t.t.x` to `t.y`"]);
}
