//! The rows that declared migrations leave behind, worked out without running any.

use std::{collections::BTreeSet, mem::discriminant};

use crate::{
    change::Change,
    history::{Kind, Revisions},
    schema::{Column, ForeignKey, Schema, Table, Value},
    steps::{Rows, Step},
};

/// What a history does beside making a schema.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Left {
    /// The rows that are there in the end, in the order in which they come.
    pub(super) rows: Vec<Rows>,
    /// The migrations of which something else than that would have to run, in their order.
    pub(super) not_run: Vec<String>,
}

/// The rows that the history leaves in tables as `want` has them.
pub(super) fn left(revisions: &Revisions<'_>, want: &Schema) -> Left {
    let mut way = Way::default();
    for (at, revision) in revisions.list.iter().enumerate() {
        match &revision.kind {
            Kind::Declared { steps, .. } => {
                steps.steps().iter().for_each(|step| way.take(at, step));
            }
            Kind::Imperative(_) => {
                way.not_run.insert(at);
            }
        }
    }
    let Way { held, mut not_run } = way;
    let mut rows = Vec::new();
    for (at, some) in held {
        if some.rows.is_empty() {
            continue;
        }
        if want.tables.get(&some.table).is_some_and(|table| fits(&some, table, &rows)) {
            rows.push(some);
        } else {
            not_run.insert(at);
        }
    }
    let not_run = not_run.into_iter().map(|at| revisions.list[at].name.clone()).collect();
    Left { rows, not_run }
}

/// What is known on the way through the history.
#[derive(Default)]
struct Way {
    /// The rows, and where in the history they are inserted.
    held: Vec<(usize, Rows)>,
    not_run: BTreeSet<usize>,
}

impl Way {
    fn take(&mut self, at: usize, step: &Step) {
        match step {
            Step::Insert(rows) => self.held.push((at, rows.clone())),
            Step::Delete(rows) => self.delete(at, rows),
            Step::Change(change) => self.change(change),
            Step::Sql(_) | Step::Update(_) | Step::Code(_) => {
                self.not_run.insert(at);
            }
        }
    }

    /// Those rows go that agree with these in their first column.
    fn delete(&mut self, at: usize, gone: &Rows) {
        let Some(key) = gone.columns.first() else { return };
        let keys: Vec<&Value> = gone.rows.iter().filter_map(|row| row.first()).collect();
        for (_, rows) in self.held.iter_mut().filter(|(_, rows)| rows.table == gone.table) {
            match place(rows, key) {
                Some(place) => rows.rows.retain(|row| !keys.contains(&&row[place])),
                // What they have there only the database knows.
                None => {
                    self.not_run.insert(at);
                }
            }
        }
    }

    fn change(&mut self, change: &Change) {
        let of_table = |rows: &Rows| rows.table == change.table();
        match change {
            Change::DropTable(_) => self.held.retain(|(_, rows)| !of_table(rows)),
            Change::RenameTable { from, to } => {
                let them = self.held.iter_mut().filter(|(_, rows)| rows.table == *from);
                them.for_each(|(_, rows)| to.clone_into(&mut rows.table));
            }
            Change::RenameColumn { from, to, .. } => {
                for (_, rows) in self.held.iter_mut().filter(|(_, rows)| of_table(rows)) {
                    if let Some(place) = place(rows, from) {
                        to.clone_into(&mut rows.columns[place]);
                    }
                }
            }
            Change::DropColumn { column, .. } => {
                for (_, rows) in self.held.iter_mut().filter(|(_, rows)| of_table(rows)) {
                    if let Some(place) = place(rows, &column.name) {
                        rows.columns.remove(place);
                        rows.rows.iter_mut().for_each(|row| drop(row.remove(place)));
                    }
                }
            }
            Change::AlterColumn { from, to, .. }
                if discriminant(&from.ty) != discriminant(&to.ty) =>
            {
                // What becomes of the values only the database knows.
                let is_lost = |rows: &Rows| of_table(rows) && place(rows, &from.name).is_some();
                let lost = self.held.iter().filter(|(_, rows)| is_lost(rows));
                self.not_run.extend(lost.map(|(at, _)| *at));
                self.held.retain(|(_, rows)| !is_lost(rows));
            }
            _ => {}
        }
    }
}

/// Whether a database would take the rows into the table, behind those that are there.
fn fits(rows: &Rows, table: &Table, there: &[Rows]) -> bool {
    let is_known = |name: &String| table.column(name).is_some();
    let is_needed = |column: &&Column| {
        !column.nullable
            && column.default.is_none()
            && !column.auto_increment
            && column.generated.is_none()
    };
    !rows.columns.is_empty()
        && rows.columns.iter().all(is_known)
        && table.columns.iter().filter(is_needed).all(|it| place(rows, &it.name).is_some())
        && table.foreign_keys.iter().all(|key| leads_somewhere(rows, key, there))
}

/// Whether what the rows refer to by a foreign key is among those that are there, or among themselves.
fn leads_somewhere(rows: &Rows, key: &ForeignKey, there: &[Rows]) -> bool {
    let Some(from) = places(rows, &key.columns) else { return true };
    let targets = || there.iter().chain([rows]).filter(move |it| it.table == key.references);
    rows.rows.iter().all(|row| {
        let values = || from.iter().map(move |at| &row[*at]);
        let is_there = |target: &Rows| {
            places(target, &key.referenced_columns).is_some_and(|to| {
                target.rows.iter().any(|row| to.iter().map(|at| &row[*at]).eq(values()))
            })
        };
        values().any(|value| *value == Value::Null) || targets().any(is_there)
    })
}

fn place(rows: &Rows, column: &str) -> Option<usize> {
    rows.columns.iter().position(|name| name == column)
}

/// Where the columns stand; nothing when the rows do not name each of them.
fn places(rows: &Rows, columns: &[String]) -> Option<Vec<usize>> {
    columns.iter().map(|name| place(rows, name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{History, prelude::*};

    fn told(history: &History) -> (Vec<String>, Vec<String>) {
        let mut want = Schema::default();
        let revisions = history.load().unwrap();
        for revision in &revisions.list {
            let Kind::Declared { steps, .. } = &revision.kind else { continue };
            steps.apply(&mut want).unwrap();
        }
        let Left { rows, not_run } = left(&revisions, &want);
        let shown = |it: Rows| format!("{} {:?} {}", it.table, it.columns, shown(&it.rows));
        (rows.into_iter().map(shown).collect(), not_run)
    }

    fn shown(rows: &[Vec<Value>]) -> String {
        let cell = |value: &Value| match value {
            Value::Int(number) => number.to_string(),
            Value::Text(text) => text.clone(),
            other => format!("{other:?}"),
        };
        let row = |row: &Vec<Value>| row.iter().map(cell).collect::<Vec<_>>().join(" ");
        rows.iter().map(row).collect::<Vec<_>>().join(", ")
    }

    fn ports() -> Steps {
        Steps::new()
            .create_table("ports", |t| {
                t.column(big_pk_auto("id"))
                    .column(string_len("name", 80))
                    .column(string_len_null("note", 80))
            })
            .insert("ports", ["name", "note"], [row!["Kiel", "deep"], row!["Rostock", "old"]])
    }

    #[test]
    fn rows_go_along_with_their_tables_and_columns() {
        let history = History::new().declared("m1", ports).declared("m2", || {
            Steps::new()
                .rename_table("ports", "harbours")
                .alter("harbours", |t| {
                    t.rename_column("name", "title").drop(|t| t.column(string_len_null("note", 80)))
                })
                .and_step(Step::Delete(Rows {
                    table: "harbours".to_owned(),
                    columns: vec!["title".to_owned()],
                    rows: vec![row!["Kiel"]],
                }))
        });

        let (rows, not_run) = told(&history);

        assert_eq!(rows, [r#"harbours ["title"] Rostock"#]);
        assert_eq!(not_run, [""; 0]);
    }

    #[test]
    fn what_only_a_database_knows_is_named() {
        let history = History::new()
            .declared("m1", ports)
            .declared("m2", || {
                Steps::new()
                    .create_table("ships", |t| {
                        t.column(big_pk_auto("id")).column(big_integer("port_id")).foreign_key(
                            ["port_id"],
                            "ports",
                            ["id"],
                            OnDelete::Cascade,
                        )
                    })
                    .insert("ships", ["port_id"], [row![1]])
            })
            .declared("m3", || Steps::new().sql("ports", "UPDATE ports SET note = 'x'"))
            .declared("m4", || {
                Steps::new().insert("ports", ["id", "name"], [row![7, "Wismar"]]).insert(
                    "ships",
                    ["port_id"],
                    [row![7]],
                )
            });

        let (rows, not_run) = told(&history);

        let expected = [
            r#"ports ["name", "note"] Kiel deep, Rostock old"#,
            r#"ports ["id", "name"] 7 Wismar"#,
            r#"ships ["port_id"] 7"#,
        ];
        assert_eq!(rows, expected);
        assert_eq!(not_run, ["m2", "m3"]);
    }
}
