//! `alembic/testing/suite/test_autogen_fks.py`.

use plimsoll::{Dialect, Steps, TableBuilder, prelude::*, schema::ForeignKey};

use crate::{
    case::Case,
    class::{Class, classes},
    declare::{int, key, of, table, tables, text},
};

const FILE: &str = "alembic/testing/suite/test_autogen_fks.py";

classes!(keys, hooks, options);

/// `some_table` with a key of `ids`, and `user` with the columns `others` and foreign keys.
fn users<const N: usize, const M: usize>(
    ids: [&str; N],
    others: [&str; M],
    keys: impl IntoIterator<Item = ForeignKey>,
) -> Steps {
    let user = [
        key("id"),
        of("name").string_len(50).not_null().take(),
        of("a1").string_len(10).default("x").take(),
    ];
    let others = others.map(|name| text(name, 10));
    let user = table("user", user.into_iter().chain(others));
    tables([
        table("some_table", ids.map(|id| text(id, 10).not_null().take())).primary_key(ids),
        keys.into_iter().fold(user, TableBuilder::add_foreign_key),
    ])
}

fn one(key: Option<ForeignKey>) -> Steps {
    users(["test"], ["test2"], key)
}

fn composite(key: Option<ForeignKey>) -> Steps {
    users(["id_1", "id_2"], ["other_id_1", "other_id_2"], key)
}

fn keys() -> Class {
    let to_test =
        |name: &str, column: &str| Some(ForeignKey::new(name, [column], "some_table", ["test"]));
    let with = one(to_test("fk-user-test2", "test2"));
    let columns = ["other_id_1", "other_id_2"];
    let to_both = ForeignKey::new("fk_test_name", columns, "some_table", ["id_1", "id_2"]);
    let with_composite = composite(Some(to_both));
    Class::alembic(FILE, "AutogenerateForeignKeysTest")
        .same(
            "remove_fk",
            Case::of(&with).to(&one(None)).finds(&[
                "- drop foreign key `fk-user-test2` on `user`: (test2) references `some_table` (test) \
                 on delete no action on update no action",
            ]),
        )
        .same(
            "add_fk",
            Case::of(&one(None)).to(&with).finds(&[
                "+ add foreign key `fk-user-test2` on `user`: (test2) references `some_table` (test) \
                 on delete no action on update no action",
            ]),
        )
        .same("no_change", Case::of(&with))
        .same("no_change_composite_fk", Case::of(&with_composite))
        .same(
            "casing_convention_changed_so_put_drops_first",
            Case::of(&one(to_test("MyFK", "test2")))
                .to(&one(to_test("myfk", "a1")))
                .finds(&[
                    "- drop foreign key `MyFK` on `user`: (test2) references `some_table` (test) \
                     on delete no action on update no action",
                    "+ add foreign key `myfk` on `user`: (a1) references `some_table` (test) \
                     on delete no action on update no action",
                ]),
        )
        .same(
            "add_composite_fk_with_name",
            Case::of(&composite(None)).to(&with_composite).finds(&[
                "+ add foreign key `fk_test_name` on `user`: (other_id_1, other_id_2) \
                 references `some_table` (id_1, id_2) on delete no action on update no action",
            ]),
        )
        .same(
            "remove_composite_fk",
            Case::of(&with_composite).to(&composite(None)).finds(&[
                "- drop foreign key `fk_test_name` on `user`: (other_id_1, other_id_2) \
                 references `some_table` (id_1, id_2) on delete no action on update no action",
            ]),
        )
        .does_not_apply(
            "the names of fields in the program are not compared: an entity gives the column's own",
            ["add_fk_colkeys", "no_change_colkeys"],
        )
}

fn hooks() -> Class {
    Class::alembic(FILE, "IncludeHooksTest").does_not_apply(
        "no hook leaves single constraints out: whole tables are left out, by their names",
        ["remove_connection_fk", "add_metadata_fk", "change_fk"],
    )
}

/// What a foreign key does.
type Actions = (OnDelete, OnUpdate);

const PLAIN: Actions = (OnDelete::NoAction, OnUpdate::NoAction);

/// `user` refers to `some_table` with these actions.
fn acting((on_delete, on_update): Actions) -> Steps {
    let to_table = ForeignKey::new("fk", ["tid"], "some_table", ["id"]);
    tables([
        table("some_table", [key("id"), text("test", 10)]),
        table("user", [key("id"), of("name").string_len(50).not_null().take(), int("tid")])
            .add_foreign_key(to_table.on_delete(on_delete).on_update(on_update)),
    ])
}

fn stays(actions: Actions) -> Case {
    Case::of(&acting(actions))
}

fn becomes(from: Actions, to: Actions) -> Case {
    let said = |(on_delete, on_update): Actions, restricts: bool| {
        // InnoDB has one action for both.
        let on_delete = match on_delete {
            OnDelete::Cascade => "cascade",
            OnDelete::SetNull => "set null",
            OnDelete::Restrict if restricts => "restrict",
            _ => "no action",
        };
        let on_update = match on_update {
            OnUpdate::Cascade => "cascade",
            OnUpdate::Restrict if restricts => "restrict",
            _ => "no action",
        };
        format!("(tid) references `some_table` (id) on delete {on_delete} on update {on_update}")
    };
    let changed = |restricts| {
        let (from, to) = (said(from, restricts), said(to, restricts));
        [format!("~ change foreign key `fk` on `user`: {from} -> {to}")]
    };
    stays(from).to(&acting(to)).finds(&changed(true)).finds_on(Dialect::Mysql, &changed(false))
}

/// A key that somebody made with `deferral` behind it, and that is wanted without.
fn deferred(deferral: [&'static [&'static str]; 2]) -> Case {
    let [sqlite, postgres] = deferral;
    Case::by_hand([sqlite, postgres, &[]])
        .to(&acting(PLAIN))
        .tells_on(Dialect::Postgres, &["deferrable constraint fk"])
        .not_on(Dialect::Mysql, "a key cannot be deferred")
}

macro_rules! deferred {
    ($deferral:literal) => {
        deferred([
            &[
                "CREATE TABLE some_table (id integer PRIMARY KEY NOT NULL, test varchar(10))",
                concat!(
                    "CREATE TABLE user (id integer PRIMARY KEY NOT NULL, name varchar(50) NOT NULL, \
                     tid integer, CONSTRAINT fk FOREIGN KEY (tid) REFERENCES some_table (id) ",
                    $deferral,
                    ")"
                ),
            ],
            &[
                "CREATE TABLE some_table (id integer PRIMARY KEY, test varchar(10))",
                concat!(
                    "CREATE TABLE \"user\" (id integer PRIMARY KEY, name varchar(50) NOT NULL, \
                     tid integer, CONSTRAINT fk FOREIGN KEY (tid) REFERENCES some_table (id) ",
                    $deferral,
                    ")"
                ),
            ],
        ])
    };
}

fn options() -> Class {
    let cascades = (OnDelete::Cascade, OnUpdate::NoAction);
    let follows = (OnDelete::NoAction, OnUpdate::Cascade);
    let restricts = (OnDelete::Restrict, OnUpdate::NoAction);
    let restricts_update = (OnDelete::NoAction, OnUpdate::Restrict);
    let told = "when a key is checked is beyond the model: it is told, and never changed";
    // SQLite keeps nothing of the words unless they put the check off.
    let put_off = || {
        let case = deferred!("DEFERRABLE INITIALLY DEFERRED");
        case.tells_on(Dialect::Sqlite, &["deferred foreign key fk"])
    };
    Class::alembic(FILE, "AutogenerateFKOptionsTest")
        .same("add_ondelete", becomes(PLAIN, cascades))
        .same("remove_ondelete", becomes(cascades, PLAIN))
        .same("nochange_ondelete", stays(cascades))
        .same("add_onupdate", becomes(PLAIN, follows))
        .same("remove_onupdate", becomes(follows, PLAIN))
        .same("nochange_onupdate", stays(follows))
        .same("nochange_ondelete_restrict", stays(restricts))
        .same("nochange_onupdate_restrict", stays(restricts_update))
        .same("nochange_ondelete_noaction", stays(PLAIN))
        .same("nochange_onupdate_noaction", stays(PLAIN))
        .same("change_ondelete_from_restrict", becomes(restricts, cascades))
        .same("change_onupdate_from_restrict", becomes(restricts_update, follows))
        .same(
            "ondelete_onupdate_combo",
            becomes(
                (OnDelete::SetNull, OnUpdate::Cascade),
                (OnDelete::Restrict, OnUpdate::Restrict),
            ),
        )
        .does_not_apply(
            "when a key is checked is beyond the model, and cannot be wanted",
            ["add_initially_deferred", "add_initially_immediate_plus_deferrable", "add_deferrable"],
        )
        .differs("remove_initially_deferred", told, put_off())
        .differs(
            "remove_initially_immediate_plus_deferrable",
            told,
            deferred!("DEFERRABLE INITIALLY IMMEDIATE"),
        )
        .same("add_initially_deferrable_nochange_one", deferred!("DEFERRABLE INITIALLY IMMEDIATE"))
        .same("add_initially_deferrable_nochange_two", put_off())
        .same("add_initially_deferrable_nochange_three", put_off())
        .differs("remove_deferrable", told, deferred!("DEFERRABLE"))
}
