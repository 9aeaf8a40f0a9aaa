//! `tests/migrations/test_optimizer.py`: what is over two columns together.

use plimsoll::{
    Steps, TableBuilder,
    prelude::*,
    schema::{Index, Unique},
};

use super::{FILE, NAME, RENAMED, RUN, TWICE, add, change, drop_of, none, remove, rename};
use crate::{
    class::{Class, classes},
    declare::{Named as _, int, key, of, table, tables},
    planned::Planned,
};

classes!(optimizer_together);

fn optimizer_together() -> Class {
    Class::django(FILE, NAME)
        .differs("alter_alter_unique_model", TWICE, alter_alter(Part::Unique, [2, 3, 2]))
        .differs("alter_alter_index_model", TWICE, alter_alter(Part::Index, [3, 3, 2]))
        .differs("create_alter_unique_delete_model", RUN, create_delete(Part::Unique))
        .differs("create_alter_index_delete_model", RUN, create_delete(Part::Index))
        .differs("create_alter_unique_field", RENAMED, create_field(Part::Unique, [1; 3]))
        .differs("create_alter_index_field", RENAMED, create_field(Part::Index, [2, 2, 1]))
}

/// What is over two columns together.
#[derive(Clone, Copy)]
enum Part {
    Unique,
    Index,
}

impl Part {
    fn unique(columns: [&str; 2]) -> Unique {
        Unique::new("foo_together", columns)
    }

    fn index(columns: [&str; 2]) -> Index {
        Index::over("foo", columns).named("foo_together")
    }

    fn on(self, table: TableBuilder, columns: [&str; 2]) -> TableBuilder {
        match self {
            Self::Unique => table.add_unique(Self::unique(columns)),
            Self::Index => table.add_index(Self::index(columns)),
        }
    }

    fn comes(self, steps: Steps, table: &str, columns: [&str; 2]) -> Steps {
        match self {
            Self::Unique => steps.unique_named(table, "foo_together", columns),
            Self::Index => steps.add_index(table, Self::index(columns)),
        }
    }

    fn changes(self, steps: Steps, from: [&str; 2], to: [&str; 2]) -> Steps {
        let table = "foo".to_owned();
        steps.change(match self {
            Self::Unique => {
                Change::AlterUnique { table, from: Self::unique(from), to: Self::unique(to) }
            }
            Self::Index => Change::AlterIndex {
                table,
                from: Box::new(Self::index(from)),
                to: Box::new(Self::index(to)),
            },
        })
    }
}

fn letters<const N: usize>(columns: [&str; N]) -> TableBuilder {
    columns.iter().map(|name| int(name)).fold(table("foo", [key("id")]), TableBuilder::column)
}

fn alter_alter(part: Part, most: [usize; 3]) -> Planned {
    let have = letters(["a", "b", "c"]);
    let steps = part.changes(part.comes(none(), "foo", ["a", "b"]), ["a", "b"], ["a", "c"]);
    let want = part.on(letters(["a", "b", "c"]), ["a", "c"]);
    Planned::of(&tables([have]), steps, &tables([want]), most)
}

fn create_delete(part: Part) -> Planned {
    let steps = tables([letters(["a", "b"])]).rename_table("foo", "woohoo");
    let steps = part.comes(steps, "woohoo", ["a", "b"]);
    let gone = part.on(table("woohoo", [key("id"), int("a"), int("b")]), ["a", "b"]);
    Planned::of(&none(), drop_of(steps, gone), &none(), [4; 3])
}

/// A table that is created with a column besides what is over two of them: all one statement, but
/// for other names.
fn create_field(part: Part, most: [usize; 3]) -> Planned {
    let made = |columns: &[&str]| {
        let columns = columns.iter().map(|name| int(name));
        let made = columns.fold(table("foo", [key("id")]), TableBuilder::column);
        part.comes(tables([made]), "foo", ["a", "b"])
    };
    let want = |table: TableBuilder, columns| tables([part.on(table, columns)]);
    let more = |number: usize| most.map(|it| it + number);
    let wide = || table("foo", [key("id"), int("a"), of("b").big_integer().take()]);
    Planned::of(
        &none(),
        add(made(&["a", "b"]), "foo", int("c")),
        &want(letters(["a", "b", "c"]), ["a", "b"]),
        most,
    )
    .and(Planned::of(
        &none(),
        change(made(&["a", "b"]), "foo", int("b"), of("b").big_integer().take()),
        &want(wide(), ["a", "b"]),
        most,
    ))
    .and(Planned::of(
        &none(),
        rename(made(&["a", "b"]), "foo", "b", "c"),
        &want(letters(["a", "c"]), ["a", "c"]),
        more(1),
    ))
    .and(Planned::of(
        &none(),
        rename(rename(made(&["a", "b"]), "foo", "b", "x"), "foo", "x", "c"),
        &want(letters(["a", "c"]), ["a", "c"]),
        more(2),
    ))
    .and(Planned::of(
        &none(),
        rename(made(&["a", "b", "c"]), "foo", "c", "d"),
        &want(letters(["a", "b", "d"]), ["a", "b"]),
        more(1),
    ))
    .and(Planned::of(
        &none(),
        remove(made(&["a", "b", "c"]), "foo", int("c")),
        &want(letters(["a", "b"]), ["a", "b"]),
        most,
    ))
}
