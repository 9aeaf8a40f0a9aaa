//! What is wanted, said in the words in which it was declared before: what no database tells apart is
//! no difference, whichever of them is used.

use crate::{
    dialect::Dialect,
    diff::{Rename, renamed},
    meet::{Wanted, meet},
    normal::normal,
    schema::{Check, Column, ForeignKey, Index, Schema, Table, Unique},
};

/// Where two schemas are the same thing in other words.
pub(crate) struct Words<'w> {
    /// The databases that must not tell the one from the other.
    pub(crate) dialects: &'w [Dialect],
    /// How much the wanted schema says.
    pub(crate) wanted: Wanted,
    /// Whether a part of a table (both by name) was found the same by a server that was asked.
    pub(crate) is_same: &'w dyn Fn(&str, &str) -> bool,
}

/// `want` in the words of `have`, and what entities want with a name for every constraint: a
/// comparison of the two as they were declared finds what is another thing to one of the databases,
/// and nothing else.
pub(crate) fn in_words_of(
    have: &Schema,
    want: &Schema,
    renames: &[Rename],
    words: &Words<'_>,
) -> Schema {
    let mut want = want.clone();
    let now = renamed(have, &want, renames);
    for table in want.tables.values_mut() {
        if words.wanted == Wanted::ByEntities {
            *table = table.named(Dialect::Postgres);
        }
        if let Some(found) = now.tables.get(&table.name)
            && found != table
        {
            words.adopt(found, table);
        }
    }
    want
}

/// A constraint or an index.
#[derive(Clone, Debug, PartialEq)]
enum Part {
    Unique(Unique),
    Check(Check),
    Key(ForeignKey),
    Index(Index),
}

impl Part {
    fn of(table: &Table) -> Vec<Self> {
        let uniques = table.uniques.iter().cloned().map(Self::Unique);
        let checks = table.checks.iter().cloned().map(Self::Check);
        let keys = table.foreign_keys.iter().cloned().map(Self::Key);
        let indexes = table.indexes.iter().cloned().map(Self::Index);
        uniques.chain(checks).chain(keys).chain(indexes).collect()
    }

    fn put_into(self, table: &mut Table) {
        match self {
            Self::Unique(part) => table.uniques.push(part),
            Self::Check(part) => table.checks.push(part),
            Self::Key(part) => table.foreign_keys.push(part),
            Self::Index(part) => table.indexes.push(part),
        }
    }

    fn name(&self) -> Option<&String> {
        match self {
            Self::Unique(part) => part.name.as_ref(),
            Self::Check(part) => part.name.as_ref(),
            Self::Key(part) => part.name.as_ref(),
            Self::Index(part) => Some(&part.name),
        }
    }

    /// The same part under the name of another.
    fn under(&self, name: &str) -> Self {
        let mut part = self.clone();
        match &mut part {
            Self::Unique(part) => part.name = Some(name.to_owned()),
            Self::Check(part) => part.name = Some(name.to_owned()),
            Self::Key(part) => part.name = Some(name.to_owned()),
            Self::Index(part) => name.clone_into(&mut part.name),
        }
        part
    }
}

impl Words<'_> {
    fn adopt(&self, found: &Table, table: &mut Table) {
        if table.options.is_empty() && self.wanted == Wanted::ByEntities {
            table.options.clone_from(&found.options);
        }
        let (of_found, of_table) = (bare(found, &table.name), bare(table, &table.name));
        for column in &mut table.columns {
            if let Some(found) = found.column(&column.name) {
                self.adopt_column((&of_found, found), (&of_table, column));
            }
        }
        let mut open = Part::of(found);
        let wanted = Part::of(table);
        open.retain(|part| !wanted.contains(part));
        let settled: Vec<Part> = wanted
            .into_iter()
            .map(|part| {
                if open.is_empty() {
                    part
                } else {
                    self.adopt_part((&of_found, &mut open), (&of_table, &part), found)
                }
            })
            .collect();
        table.uniques.clear();
        table.checks.clear();
        table.foreign_keys.clear();
        table.indexes.clear();
        for part in settled {
            part.put_into(table);
        }
    }

    /// Takes over of a column what means the same.
    fn adopt_column(
        &self,
        (of_found, found): (&Table, &Column),
        (of, wanted): (&Table, &mut Column),
    ) {
        if found == wanted {
            return;
        }
        if (self.is_same)(&of.name, &wanted.name) {
            let former = wanted.renamed_from.take();
            *wanted = Column { renamed_from: former, ..found.clone() };
            return;
        }
        let takes: [fn(&mut Column, &Column); 6] = [
            |column, found| column.ty = found.ty.clone(),
            |column, found| column.nullable = found.nullable,
            |column, found| column.default.clone_from(&found.default),
            |column, found| column.generated.clone_from(&found.generated),
            |column, found| column.collation.clone_from(&found.collation),
            |column, found| column.comment.clone_from(&found.comment),
        ];
        for take in takes {
            let mut candidate = wanted.clone();
            take(&mut candidate, found);
            // Beside what is found, so that a key is a key in both.
            if candidate != *wanted
                && self.is_one(&with_column(of_found, &candidate), &with_column(of, wanted))
            {
                *wanted = candidate;
            }
        }
    }

    /// The part in the words of one of those that are found, which is no longer open then.
    fn adopt_part(
        &self,
        (of_found, open): (&Table, &mut Vec<Part>),
        (of, part): (&Table, &Part),
        found: &Table,
    ) -> Part {
        let with = |table: &Table, part: &Part| {
            let mut table = table.clone();
            part.clone().put_into(&mut table);
            table
        };
        let wanted = with(of, part);
        if let Some(at) = open.iter().position(|it| self.is_one(&with(of_found, it), &wanted)) {
            return open.remove(at);
        }
        if let Some(name) = part.name()
            && let Some(at) = open.iter().position(|it| it.name() == Some(name))
            && (self.is_same)(&of.name, name)
        {
            return open.remove(at);
        }
        // The same thing otherwise, whose name nobody chose, keeps the name that it has.
        let renamed = open.iter().find_map(|it| {
            let name = it.name().filter(|name| Some(*name) != part.name())?;
            let is_free =
                !Part::of(found).iter().any(|other| other != it && other.name() == Some(name));
            let candidate = part.under(name);
            let is_about = std::mem::discriminant(it) == std::mem::discriminant(part)
                && self.takes_name(&with(of_found, it), &wanted, name);
            (is_about && is_free).then_some(candidate)
        });
        renamed.unwrap_or_else(|| part.clone())
    }

    /// Whether no database tells the two apart.
    fn is_one(&self, have: &Table, want: &Table) -> bool {
        self.dialects.iter().all(|dialect| {
            let (have, want) = self.met(have, want, *dialect);
            have == want
        })
    }

    /// Whether every database gives what is wanted the name of what is there.
    fn takes_name(&self, have: &Table, want: &Table, name: &str) -> bool {
        self.dialects.iter().all(|dialect| {
            let (_, want) = self.met(have, want, *dialect);
            Part::of(&want).iter().any(|part| part.name().is_some_and(|it| it == name))
        })
    }

    /// Both in the normal form of a database, in one spelling.
    fn met(&self, have: &Table, want: &Table, dialect: Dialect) -> (Table, Table) {
        let have = normal(&Schema::of([have.clone()]), dialect);
        let mut want = normal(&Schema::of([want.clone()]), dialect);
        meet(&have, &mut want, dialect, self.wanted);
        let only = |schema: Schema| schema.tables.into_values().next().expect("a table was put in");
        (only(have), only(want))
    }
}

/// The table under that name with nothing in it but what all its parts depend on.
fn bare(table: &Table, name: &str) -> Table {
    let mut bare = Table::new(name);
    bare.primary_key.clone_from(&table.primary_key);
    bare
}

fn with_column(table: &Table, column: &Column) -> Table {
    let mut table = table.clone();
    table.columns.push(Column { renamed_from: None, ..column.clone() });
    table
}

#[cfg(test)]
mod tests {
    use sea_query::{ColumnDef, Expr};

    use super::*;
    use crate::{
        diff::diff,
        schema::{OnDelete, TableBuilder, Type},
    };

    fn table(build: impl FnOnce(TableBuilder) -> TableBuilder) -> Schema {
        Schema::of([build(TableBuilder::new("users")).finish().0])
    }

    fn said(have: &Schema, want: &Schema) -> Vec<String> {
        let words =
            Words { dialects: &Dialect::ALL, wanted: Wanted::ByEntities, is_same: &|_, _| false };
        let want = in_words_of(have, want, &[], &words);
        diff(have, &want, &[]).changes.iter().map(crate::Change::describe).collect()
    }

    fn text(name: &str) -> ColumnDef {
        ColumnDef::new(name.to_owned()).string_len(80).not_null().take()
    }

    #[test]
    fn what_is_the_same_to_all_three_is_no_difference() {
        let have = table(|t| {
            t.column(text("name"))
                .column(
                    ColumnDef::new("seen")
                        .timestamp_with_time_zone()
                        .default(Expr::current_timestamp()),
                )
                .unique(["name"])
                .check("named", "name <> ''")
                .foreign_key(["name"], "people", ["name"], OnDelete::Cascade)
        });
        let want = table(|t| {
            t.column(text("name"))
                .column(
                    ColumnDef::new("seen")
                        .timestamp_with_time_zone()
                        .default(Expr::current_timestamp()),
                )
                .add_index(Index::over("users", ["name"]).unique())
                .check("named", "(name<>'')")
                .foreign_key(["name"], "people", ["name"], OnDelete::Cascade)
        });

        assert_eq!(said(&have, &want), [""; 0]);
    }

    #[test]
    fn what_one_of_them_tells_apart_is_a_difference() {
        let have = table(|t| t.column(ColumnDef::new("size").big_integer().not_null()));
        let want = table(|t| t.column(ColumnDef::new("size").integer().not_null()));

        assert_eq!(said(&have, &want), ["change column `users.size`: big integer -> integer"]);
    }

    #[test]
    fn a_constraint_whose_name_nobody_chose_keeps_the_one_that_it_has() {
        let have = table(|t| {
            t.column(text("state")).add_check(Check::new(
                "chk_state",
                crate::schema::Rule::OneOf {
                    column: "state".to_owned(),
                    values: vec!["a".to_owned()],
                },
            ))
        });
        let want = table(|t| t.column(text("state")).one_of("state", ["a", "b"]));

        assert_eq!(
            said(&have, &want),
            ["change check `chk_state` on `users`: state in ('a') -> state in ('a', 'b')"]
        );
    }

    #[test]
    fn types_that_are_spelled_alike_on_one_database_stay_apart() {
        let mut have = table(|t| t.column(text("at")));
        have.tables.get_mut("users").expect("it is there").columns[0].ty = Type::DateTime;
        let mut want = have.clone();
        want.tables.get_mut("users").expect("it is there").columns[0].ty = Type::Timestamp;

        assert_eq!(
            said(&have, &want),
            ["change column `users.at`: datetime -> timestamp with zone"]
        );
    }
}
