//! The renames that somebody answered.

use std::collections::BTreeSet;

use super::{Answers, Thing, all, is_whole_name, quoted};
use crate::{
    diff::{Diff, Rename, renamed},
    schema::Schema,
};

/// An answer, in every way in which it can be read.
#[derive(Clone, PartialEq)]
struct Said {
    text: String,
    readings: Vec<(String, String)>,
}

impl Said {
    /// What is typed, with each colon once as the one between the names.
    fn typed(text: &str) -> Self {
        let readings = text.match_indices(':').map(|(at, _)| (&text[..at], &text[at + 1..]));
        let readings = readings.filter(|(from, to)| !from.is_empty() && !to.is_empty());
        let readings = readings.map(|(from, to)| (from.to_owned(), to.to_owned())).collect();
        Self { text: text.to_owned(), readings }
    }
}

/// A rename that an answer can mean.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Candidate {
    /// Which answer.
    of: usize,
    /// The table of a column, by its new name; nothing for a table.
    table: Option<String>,
    from: String,
    to: String,
    /// Whether what it was called was said with its table.
    is_whole: bool,
}

impl Candidate {
    fn thing<'c>(&'c self, name: &'c str) -> Thing<'c> {
        match &self.table {
            Some(table) => Thing { table, column: Some(name) },
            None => Thing { table: name, column: None },
        }
    }

    fn is_beside(&self, other: &Self) -> bool {
        self.table == other.table
    }

    fn rename(&self) -> Rename {
        let (from, to) = (self.from.clone(), self.to.clone());
        match self.table.clone() {
            Some(table) => Rename::Column { table, from, to },
            None => Rename::Table { from, to },
        }
    }

    /// The answer that means this and nothing else.
    fn precise(&self) -> String {
        format!("--rename {}:{}", self.thing(&self.from).name(), self.to)
    }
}

impl Answers {
    /// The renames that are meant: of tables first, because the columns of a renamed table are
    /// compared only then.
    pub(in crate::draft) fn renames(
        &self,
        [have, want]: [&Schema; 2],
        compare: impl Fn(&Vec<Rename>) -> Diff,
    ) -> Result<Vec<Rename>, String> {
        let exact = self.renames.iter().map(|(from, to)| Said {
            text: format!("{from}:{to}"),
            readings: vec![(from.clone(), to.clone())],
        });
        let mut said: Vec<Said> = Vec::new();
        for it in exact.chain(self.typed_renames.iter().map(|text| Said::typed(text))) {
            // Said twice it is said.
            if !said.contains(&it) {
                said.push(it);
            }
        }
        let mut renames = Vec::new();
        if said.is_empty() {
            return Ok(renames);
        }
        let found = compare(&renames);
        let tables = possible(tables(&said, have, want), &found);
        let tables = chosen(&said, &tables)?;
        renames.extend(tables.iter().map(Candidate::rename));

        let found = compare(&renames);
        let now = renamed(have, want, &renames);
        let mut columns = columns(&said, &now, want, &renames);
        columns.retain(|column| tables.iter().all(|table| table.of != column.of));
        let columns = chosen(&said, &possible(columns, &found))?;
        renames.extend(columns.iter().map(Candidate::rename));

        let meant: BTreeSet<usize> = tables.iter().chain(&columns).map(|it| it.of).collect();
        match said.iter().enumerate().find(|(of, _)| !meant.contains(of)) {
            None => Ok(renames),
            Some((_, Said { text, .. })) => Err(format!(
                "`--rename {text}` names nothing that goes and something that comes for it: {} go, \
                 {} come",
                quoted(&all(&found, false)),
                quoted(&all(&found, true))
            )),
        }
    }
}

fn tables(said: &[Said], have: &Schema, want: &Schema) -> Vec<Candidate> {
    let readings = said
        .iter()
        .enumerate()
        .flat_map(|(of, said)| said.readings.iter().map(move |(from, to)| (of, from, to)));
    let are_there = readings.filter(|(_, from, to)| {
        from != to && have.tables.contains_key(*from) && want.tables.contains_key(*to)
    });
    let candidate = |(of, from, to): (usize, &String, &String)| Candidate {
        of,
        table: None,
        from: from.clone(),
        to: to.clone(),
        is_whole: true,
    };
    are_there.map(candidate).collect()
}

fn columns(said: &[Said], now: &Schema, want: &Schema, renames: &[Rename]) -> Vec<Candidate> {
    let mut candidates = Vec::new();
    for (of, said) in said.iter().enumerate() {
        for (from, to) in &said.readings {
            for (table, wanted) in &want.tables {
                let olds = now.tables.get(table).into_iter().flat_map(|it| &it.columns);
                for old in olds {
                    let is_whole = is_whole_name(from, Thing::column(table, old), renames);
                    if !is_whole && *from != old.name {
                        continue;
                    }
                    let news = wanted.columns.iter().filter(|new| {
                        new.name != old.name
                            && (new.name == *to
                                || is_whole_name(to, Thing::column(table, new), renames))
                    });
                    candidates.extend(news.map(|new| Candidate {
                        of,
                        table: Some(table.clone()),
                        from: old.name.clone(),
                        to: new.name.clone(),
                        is_whole,
                    }));
                }
            }
        }
    }
    candidates
}

/// Those that can be together: what has another name is gone, unless another takes the name, and the
/// name is new, unless another leaves it.
fn possible(mut candidates: Vec<Candidate>, found: &Diff) -> Vec<Candidate> {
    let of = |is_new: bool| -> BTreeSet<String> { all(found, is_new).into_iter().collect() };
    let (gone, new) = (of(false), of(true));
    loop {
        let before = candidates.clone();
        candidates.retain(|it| {
            let mut beside = before.iter().filter(|other| it.is_beside(other));
            let leaves = |it: &Candidate| gone.contains(&it.thing(&it.from).name());
            let comes = |it: &Candidate| new.contains(&it.thing(&it.to).name());
            (leaves(it) || beside.clone().any(|other| other.to == it.from))
                && (comes(it) || beside.any(|other| other.from == it.to))
        });
        if candidates == before {
            return candidates;
        }
    }
}

/// The one that each answer means.
///
/// # Errors
/// An answer that can mean two, and two answers that cannot be together.
fn chosen(said: &[Said], candidates: &[Candidate]) -> Result<Vec<Candidate>, String> {
    let mut chosen: Vec<Candidate> = Vec::new();
    for (number, said) in said.iter().enumerate() {
        let mut of: Vec<&Candidate> = candidates.iter().filter(|it| it.of == number).collect();
        if of.iter().any(|it| it.is_whole) {
            of.retain(|it| it.is_whole);
        }
        let text = &said.text;
        match of[..] {
            [] => {}
            [one] => {
                let other = chosen
                    .iter()
                    .find(|it| it.is_beside(one) && (it.from == one.from || it.to == one.to));
                if let Some(other) = other.filter(|it| it.rename() != one.rename()) {
                    let (other, one) = (other.precise(), one.precise());
                    return Err(format!("`{other}` and `{one}` cannot both be"));
                }
                chosen.push(one.clone());
            }
            [one, other, ..] => {
                let (of, and) = match (&one.table, &other.table) {
                    (Some(table), Some(other)) if table != other => (table, other),
                    _ => {
                        return Err(format!(
                            "`--rename {text}` could be `{}` to `{}` and `{}` to `{}`: leave it \
                             out, and answer on a terminal",
                            one.from, one.to, other.from, other.to
                        ));
                    }
                };
                return Err(format!(
                    "`--rename {text}` could be of `{of}` and of `{and}`: write `{}`",
                    one.precise()
                ));
            }
        }
    }
    Ok(chosen)
}
