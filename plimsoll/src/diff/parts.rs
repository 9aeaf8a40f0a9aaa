//! Which constraint or index of the one table is which of the other: by what it is first, by its
//! name second.

use crate::{
    change::Change,
    schema::{Check, ForeignKey, Index, Table, Unique},
};

/// What two tables have of one kind, paired.
struct Pairs<'p, P> {
    /// The same one, or the same but for something.
    both: Vec<(&'p P, &'p P)>,
    gone: Vec<&'p P>,
    new: Vec<&'p P>,
}

/// Pairs what is equal, then what `alike` finds alike, the stronger likeness first.
fn pair<'p, P: PartialEq>(
    have: &'p [P],
    want: &'p [P],
    alike: &[fn(&P, &P) -> bool],
) -> Pairs<'p, P> {
    let mut gone: Vec<&P> = have.iter().collect();
    let mut new: Vec<&P> = want.iter().collect();
    let mut both = Vec::new();
    let equal: fn(&P, &P) -> bool = |a, b| a == b;
    for is_alike in std::iter::once(&equal).chain(alike) {
        new.retain(|wanted| match gone.iter().position(|found| is_alike(found, wanted)) {
            Some(at) => {
                both.push((gone.remove(at), *wanted));
                false
            }
            None => true,
        });
    }
    both.retain(|(have, want)| have != want);
    Pairs { both, gone, new }
}

impl<P> Pairs<'_, P> {
    /// Takes apart the pairs whose new name something else of the table has as yet: one after the
    /// other they could not run.
    fn without_clashes(mut self, have: &[P], name: fn(&P) -> Option<&String>) -> Self {
        let is_taken = |from: &P, to: &P| {
            name(to).is_some()
                && name(from) != name(to)
                && have.iter().any(|other| name(other) == name(to))
        };
        let (apart, both): (Vec<_>, Vec<_>) =
            self.both.into_iter().partition(|(from, to)| is_taken(from, to));
        self.both = both;
        for (from, to) in apart {
            self.gone.push(from);
            self.new.push(to);
        }
        self
    }
}

pub(super) fn uniques(have: &Table, want: &Table, changes: &mut Vec<Change>) {
    let table = || want.name.clone();
    let pairs = pair(
        &have.uniques,
        &want.uniques,
        &[|a, b| a.columns == b.columns, |a, b| a.name.is_some() && a.name == b.name],
    );
    let pairs = pairs.without_clashes(&have.uniques, |it: &Unique| it.name.as_ref());
    changes.extend(pairs.both.into_iter().map(|(from, to)| Change::AlterUnique {
        table: table(),
        from: from.clone(),
        to: to.clone(),
    }));
    changes.extend(
        pairs.gone.into_iter().map(|it| Change::DropUnique { table: table(), unique: it.clone() }),
    );
    changes.extend(
        pairs.new.into_iter().map(|it| Change::AddUnique { table: table(), unique: it.clone() }),
    );
}

pub(super) fn checks(have: &Table, want: &Table, changes: &mut Vec<Change>) {
    let table = || want.name.clone();
    let pairs = pair(
        &have.checks,
        &want.checks,
        &[
            |a, b| a.rule == b.rule,
            |a, b| a.name.is_some() && a.name == b.name,
            |a, b| (a.name.is_none() || b.name.is_none()) && a.rule.is_about_the_same(&b.rule),
        ],
    );
    let pairs = pairs.without_clashes(&have.checks, |it: &Check| it.name.as_ref());
    changes.extend(pairs.both.into_iter().map(|(from, to)| Change::AlterCheck {
        table: table(),
        from: from.clone(),
        to: to.clone(),
    }));
    changes.extend(
        pairs.gone.into_iter().map(|it| Change::DropCheck { table: table(), check: it.clone() }),
    );
    changes.extend(
        pairs.new.into_iter().map(|it| Change::AddCheck { table: table(), check: it.clone() }),
    );
}

pub(super) fn foreign_keys(have: &Table, want: &Table, changes: &mut Vec<Change>) {
    let table = || want.name.clone();
    let pairs = pair(
        &have.foreign_keys,
        &want.foreign_keys,
        &[
            |a, b| a.is_renamed(b),
            // Into another table, it is another one: the old table may go before the new one comes.
            |a, b| a.name.is_some() && a.name == b.name && a.references == b.references,
            // Other actions, without a name to know it by.
            |a, b| {
                (&a.columns, &a.references, &a.referenced_columns)
                    == (&b.columns, &b.references, &b.referenced_columns)
            },
        ],
    );
    let pairs = pairs.without_clashes(&have.foreign_keys, |it: &ForeignKey| it.name.as_ref());
    changes.extend(pairs.both.into_iter().map(|(from, to)| Change::AlterForeignKey {
        table: table(),
        from: Box::new(from.clone()),
        to: Box::new(to.clone()),
    }));
    changes.extend(
        pairs.gone.into_iter().map(|it| Change::DropForeignKey { table: table(), key: it.clone() }),
    );
    changes.extend(
        pairs.new.into_iter().map(|it| Change::AddForeignKey { table: table(), key: it.clone() }),
    );
}

pub(super) fn indexes(have: &Table, want: &Table, changes: &mut Vec<Change>) {
    let table = || want.name.clone();
    let pairs =
        pair(&have.indexes, &want.indexes, &[|a, b| a.is_renamed(b), |a, b| a.name == b.name]);
    let pairs = pairs.without_clashes(&have.indexes, |it: &Index| Some(&it.name));
    changes.extend(pairs.both.into_iter().map(|(from, to)| Change::AlterIndex {
        table: table(),
        from: Box::new(from.clone()),
        to: Box::new(to.clone()),
    }));
    changes.extend(
        pairs.gone.into_iter().map(|it| Change::DropIndex { table: table(), index: it.clone() }),
    );
    changes.extend(
        pairs.new.into_iter().map(|it| Change::CreateIndex { table: table(), index: it.clone() }),
    );
}
