//! What the tables of a system become: where each of their columns goes.

use std::fmt;

use plimsoll::schema::Table;
use sea_orm::EntityTrait;
use serde_json::Value as Json;

use super::{
    find::Find,
    passage::Passage,
    reads::Said,
    settle::{Settle, settle},
};
use crate::{
    records::Record,
    tables::{self, TABLES},
};

/// A system whose databases are known.
#[derive(Debug)]
pub(super) struct System {
    /// What it is called: `MarchProxy`.
    pub(super) name: &'static str,
    /// The same for programs: `marchproxy`.
    pub(super) kind: &'static str,
    /// The revisions whose tables are those of the maps, as Alembic notes them down.
    pub(super) revisions: &'static [&'static str],
    /// What its tables become, each behind those that it refers to.
    pub(super) maps: Vec<Map>,
    /// Its tables that stay behind, and why.
    pub(super) left: &'static [(&'static str, &'static str)],
}

/// What a table becomes: each of its rows a row of one table here.
pub(super) struct Map {
    /// Its name in the other system.
    pub(super) from: &'static str,
    /// The table here.
    pub(super) to: &'static Table,
    /// The columns of its key, which are whole numbers. They are not brought here.
    pub(super) key: &'static [&'static str],
    /// The columns that it has to have, and where each goes.
    pub(super) columns: Vec<(&'static str, Goes)>,
    /// Columns that some of its databases lack.
    pub(super) may_lack: &'static [&'static str],
    /// What looks at the whole row, in their order.
    pub(super) looks: Vec<fn(&mut Passage<'_>)>,
    /// Puts the row in order, as the domain has it.
    pub(super) settle: Option<Settle>,
    /// What its rows name in other tables, which is looked up there.
    pub(super) finds: Vec<Find>,
    /// Whether some of its databases lack the whole table.
    pub(super) may_be_missing: bool,
    /// Whether it comes behind all others, as one that names their rows without a foreign key.
    pub(super) is_last: bool,
}

/// Where a column goes.
#[derive(Clone, Copy)]
pub(super) enum Goes {
    /// To a column here. What refers to a row of another table refers to what that has become.
    To(&'static str),
    /// To a column here, read by a function: what it holds becomes something else, or is wrong.
    Through(&'static str, Read),
    /// To a column here that is sealed.
    Sealed(&'static str),
    /// To what one of the functions makes of it that look at the whole row.
    Looked,
    /// Nowhere, and why.
    Nowhere(&'static str),
    /// Nowhere, and why; each row that has something in it is told.
    Told(&'static str),
}

/// Reads a value that is not null, or says what is wrong with it.
pub(super) type Read = fn(&Json) -> Result<Json, String>;

impl System {
    /// A system with these tables; they are put in an order in which none comes before one that it
    /// refers to.
    pub(super) fn of(
        name: &'static str,
        kind: &'static str,
        revisions: &'static [&'static str],
        mut maps: Vec<Map>,
    ) -> Self {
        let place = |map: &Map| TABLES.iter().position(|table| table.name == map.to.name);
        maps.sort_by_key(|map| (map.is_last, place(map)));
        Self { name, kind, revisions, maps, left: &[] }
    }

    /// The same; these tables stay behind, and why.
    pub(super) fn leaving(self, left: &'static [(&'static str, &'static str)]) -> Self {
        Self { left, ..self }
    }

    /// The table of the system that becomes that table here.
    pub(super) fn source_of(&self, table: &str) -> Option<&'static str> {
        self.maps.iter().find(|map| map.to.name == table).map(|map| map.from)
    }
}

impl Map {
    /// A table that becomes the table of `E`, whose key is `id`.
    pub(super) fn of<E: EntityTrait>(from: &'static str) -> Self {
        Self {
            from,
            to: tables::of::<E>(),
            key: &["id"],
            columns: Vec::new(),
            may_lack: &[],
            looks: Vec::new(),
            settle: None,
            finds: Vec::new(),
            may_be_missing: false,
            is_last: false,
        }
    }

    /// The same; its rows are put in order as any that are written plainly.
    pub(super) fn record<E: Record>(from: &'static str) -> Self {
        Self { settle: Some(settle::<E>), ..Self::of::<E>(from) }
    }

    /// Its key is another.
    pub(super) fn keyed(self, key: &'static [&'static str]) -> Self {
        Self { key, ..self }
    }

    /// Columns that have the same name here.
    pub(super) fn same<const N: usize>(mut self, names: [&'static str; N]) -> Self {
        self.columns.extend(names.map(|name| (name, Goes::To(name))));
        self
    }

    /// Columns that have another name here.
    pub(super) fn renamed<const N: usize>(
        mut self,
        names: [(&'static str, &'static str); N],
    ) -> Self {
        self.columns.extend(names.map(|(from, to)| (from, Goes::To(to))));
        self
    }

    /// A column whose values are read by a function.
    pub(super) fn through(mut self, from: &'static str, to: &'static str, read: Read) -> Self {
        self.columns.push((from, Goes::Through(to, read)));
        self
    }

    /// A column whose values are sealed here.
    pub(super) fn sealed(mut self, from: &'static str, to: &'static str) -> Self {
        self.columns.push((from, Goes::Sealed(to)));
        self
    }

    /// Columns that a function looks at together with the whole row.
    pub(super) fn looked<const N: usize>(
        mut self,
        names: [&'static str; N],
        look: fn(&mut Passage<'_>),
    ) -> Self {
        self.columns.extend(names.map(|name| (name, Goes::Looked)));
        self.looks.push(look);
        self
    }

    /// Columns that stay behind, and why.
    pub(super) fn without<const N: usize>(
        mut self,
        names: [&'static str; N],
        why: &'static str,
    ) -> Self {
        self.columns.extend(names.map(|name| (name, Goes::Nowhere(why))));
        self
    }

    /// A column that stays behind, and why; each row that has something in it is told.
    pub(super) fn told(mut self, name: &'static str, why: &'static str) -> Self {
        self.columns.push((name, Goes::Told(why)));
        self
    }

    /// Columns of the map that some databases lack.
    pub(super) fn may_lack(self, names: &'static [&'static str]) -> Self {
        Self { may_lack: names, ..self }
    }

    /// Some databases lack the whole table.
    pub(super) fn may_be_missing(self) -> Self {
        Self { may_be_missing: true, ..self }
    }

    /// It comes behind all others.
    pub(super) fn last(self) -> Self {
        Self { is_last: true, ..self }
    }

    /// What a function says that rows name in another table by one column there, of which another
    /// is to be known.
    pub(super) fn finding(
        mut self,
        table: &'static str,
        [by, gives]: [&'static str; 2],
        names: fn(&Said) -> Vec<String>,
    ) -> Self {
        self.finds.push(Find { table, by, gives, names });
        self
    }
}

impl fmt::Debug for Map {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {}", self.from, self.to.name)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{super::shape, *};
    use crate::{seal::SEALED, tables::column};

    #[test]
    fn every_column_goes_to_one_that_is_there_and_once() {
        for map in shape::systems().into_iter().flat_map(|system| system.maps) {
            let mut names = BTreeSet::new();
            for (from, goes) in &map.columns {
                assert!(names.insert(*from), "{map:?}: `{from}` is named twice");
                match goes {
                    Goes::To(to) | Goes::Through(to, _) => {
                        assert!(column(map.to, to).is_some(), "{map:?}: `{to}`");
                    }
                    Goes::Sealed(to) => {
                        assert!(SEALED.contains(&(map.to.name.as_str(), *to)), "{map:?}: `{to}`");
                    }
                    Goes::Looked | Goes::Nowhere(_) | Goes::Told(_) => {}
                }
            }
        }
    }

    #[test]
    fn what_is_referred_to_comes_first() {
        for system in shape::systems() {
            for (at, map) in system.maps.iter().enumerate() {
                let goes = map.columns.iter().filter_map(|(_, goes)| match goes {
                    Goes::To(to) => Some(*to),
                    _ => None,
                });
                for to in goes {
                    let key = map.to.foreign_keys.iter().find(|key| key.columns == [to]);
                    let Some(key) = key else { continue };
                    let before = system.maps[..at].iter().any(|one| one.to.name == key.references);
                    assert!(before, "{map:?}: `{to}` refers to `{}`", key.references);
                }
            }
        }
    }
}
