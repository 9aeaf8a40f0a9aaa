//! Whether entities, migrations and database agree.

use std::collections::BTreeSet;

use sea_orm::{DatabaseConnection, DbErr};
use serde::Serialize;

use super::{
    App, Run, Source,
    replay::{self, Made},
};
use crate::{
    compare::{Comparison, How, compare},
    config::Database,
    dialect::{Dialect, lock::row},
    error::Result,
    history::{Kind, Revisions},
    introspect::introspect,
    meet::Wanted,
    names::cut,
    records::is_own,
    revisions::{self, Standing, State},
    runner::Unfinished,
    schema::{Beyond, Entities, Schema, Table},
    words::{Unread, told},
};

/// How entities, migrations and database agree, and what keeps them from being compared.
#[derive(Clone, Debug)]
pub struct Agreement {
    /// How every revision stands.
    pub standings: Vec<Standing>,
    /// The migration that was begun and not ended.
    pub unfinished: Option<Unfinished>,
    /// What the migrations lack of what the entities want: the changes that a new migration would
    /// make. Nothing when no entities are registered.
    pub entities: Option<Compared>,
    /// What the database differs in from what the migrations made that it has: the changes that
    /// would undo what somebody altered by hand.
    pub database: Compared,
    /// Tables of the database that no entity and no migration knows.
    pub unknown: Vec<String>,
    /// What the database holds and the model has no place for.
    pub beyond: Vec<Beyond>,
    /// What the entities say that cannot be read, as sentences.
    pub problems: Vec<String>,
    /// Remarks on what was not looked at, as sentences.
    pub remarks: Vec<String>,
}

/// A comparison, or why there is none.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Compared {
    /// What came out.
    Made(Comparison),
    /// Why nothing did.
    Impossible(String),
}

impl Compared {
    /// The comparison, if there is one.
    pub fn comparison(&self) -> Option<&Comparison> {
        match self {
            Self::Made(comparison) => Some(comparison),
            Self::Impossible(_) => None,
        }
    }

    fn is_clean(&self) -> bool {
        self.comparison().is_none_or(|it| it.diff.is_empty())
    }

    fn is_whole(&self) -> bool {
        self.comparison().is_some_and(|it| it.unread.is_empty())
    }
}

impl Agreement {
    /// Whether nothing is off, as far as it could be compared.
    pub fn is_clean(&self) -> bool {
        self.unfinished.is_none()
            && self.standings.iter().all(|it| it.state == State::Applied)
            && self.entities.as_ref().is_none_or(Compared::is_clean)
            && self.database.is_clean()
    }

    /// Whether everything could be compared.
    pub fn is_whole(&self) -> bool {
        self.problems.is_empty()
            && self.entities.as_ref().is_none_or(Compared::is_whole)
            && self.database.is_whole()
    }
}

/// Which of the three schemas is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// What is there.
    Database,
    /// What all migrations make.
    Migrations,
    /// What the entities want.
    Entities,
}

impl Run<'_> {
    /// Compares entities with migrations, and migrations with the database. Changes nothing that
    /// stays: what only the server can tell is asked in temporary tables or a scratch database, and
    /// migrations that are code run on a scratch database. With `shallow` nothing of that is made,
    /// and what cannot be told without is listed in the comparisons.
    ///
    /// # Errors
    /// Those of [`App::standings`], and a database that does not answer.
    pub async fn agreement(&self, database: &Database, shallow: bool) -> Result<Agreement> {
        let revisions = self.app.history.load()?;
        let (mut standings, unfinished) = self.unfinished().await?;
        let dialect = self.dialect();
        let mut remarks = Vec::new();
        let entities = match &self.app.entities {
            Some(_) => Some(self.wanted(database, &revisions, shallow, &mut remarks).await?),
            None => None,
        };
        let mut found = introspect(self.db).await?;
        self.leave_out(&mut found, &revisions);

        let names = |is_wanted: &dyn Fn(&Standing) -> bool| -> Vec<String> {
            let known = revisions.list.iter().map(|it| &it.name);
            let is_wanted =
                |name: &&String| standings.iter().any(|it| it.name == **name && is_wanted(it));
            known.filter(is_wanted).cloned().collect()
        };
        let applied = names(&|it| it.is_applied());
        let all = names(&|_| true);
        let made_all = self.made(database, &revisions, &all, shallow).await;
        let made = if applied == all {
            made_all.clone()
        } else {
            self.made(database, &revisions, &applied, shallow).await
        };
        if let Ok(made) = &made {
            revisions::did_otherwise(&mut standings, &made.again);
        }
        let (made_all, made) = (made_all.map(|it| it.schema), made.map(|it| it.schema));
        let how = self.exactly(database);
        let how = How { asking: how.asking.filter(|_| !shallow), ..how };
        let of_entities = match (&entities, &made_all) {
            (None, _) => None,
            (Some(Ok(want)), Ok(have)) => {
                let how = How { wanted: Wanted::ByEntities, ..how };
                Some(Compared::Made(compare(have, want, &how).await))
            }
            (Some(Err(because)), _) | (_, Err(because)) => {
                Some(Compared::Impossible(because.clone()))
            }
        };
        let known = [made_all.as_ref().ok(), made.as_ref().ok()]
            .into_iter()
            .flatten()
            .chain(entities.as_ref().and_then(|it| it.as_ref().ok()));
        let unknown = unknown(&found, known, dialect);
        let of_database = match (&made, blocked(&standings, unfinished.as_ref())) {
            (_, Some(because)) => Compared::Impossible(because),
            (Err(because), None) => Compared::Impossible(because.clone()),
            (Ok(made), None) => {
                let have = within(&found, &unknown, made);
                Compared::Made(compare(&have, made, &how).await)
            }
        };
        let (beyond, problems) = (found.beyond, self.problems());
        Ok(Agreement {
            standings,
            unfinished,
            entities: of_entities,
            database: of_database,
            // Without the other side there is no telling what is known.
            unknown: if made_all.is_ok() { unknown } else { Vec::new() },
            beyond,
            problems,
            remarks,
        })
    }

    /// How what is there is compared with what migrations make: nothing is left open, and the server is asked
    /// for its own words.
    pub(super) fn exactly<'h>(&'h self, database: &'h Database) -> How<'h> {
        How {
            asking: Some((self.db, database)),
            dialect: self.dialect(),
            wanted: Wanted::Exactly,
            renames: &[],
        }
    }

    /// One of the three schemas, in the normal form of the database.
    ///
    /// # Errors
    /// Those of [`Run::agreement`]; [`MigrationError::NotComparable`](crate::MigrationError) when no
    /// scratch database can be made for migrations that are code.
    pub async fn schema(&self, database: &Database, whose: Whose) -> Result<Schema> {
        let revisions = self.app.history.load()?;
        let schema = match whose {
            Whose::Database => {
                let mut found = introspect(self.db).await?;
                self.leave_out(&mut found, &revisions);
                Ok(found)
            }
            Whose::Migrations => {
                let all: Vec<String> = revisions.list.iter().map(|it| it.name.clone()).collect();
                self.made(database, &revisions, &all, false).await.map(|it| it.schema)
            }
            Whose::Entities => self.wanted(database, &revisions, false, &mut Vec::new()).await?,
        };
        let schema = schema.map_err(|because| crate::MigrationError::NotComparable { because })?;
        Ok(crate::normal::normal(&schema, self.dialect()))
    }

    /// What the entities say that cannot be read.
    pub(super) fn problems(&self) -> Vec<String> {
        match &self.app.entities {
            Some(Source::Listed(entities)) => {
                let mut problems = entities.problems().to_vec();
                if self.dialect() != Dialect::Postgres {
                    // There they come together in one database.
                    let twice = |name| format!("table `{name}` is described twice");
                    problems.extend(entities.namesakes().map(twice));
                }
                problems
            }
            _ => Vec::new(),
        }
    }

    /// What the entities want in the schema that the session works in, or why nobody knows.
    pub(super) async fn wanted(
        &self,
        database: &Database,
        revisions: &Revisions<'_>,
        shallow: bool,
        remarks: &mut Vec<String>,
    ) -> Result<Result<Schema, String>> {
        let mut wanted = match &self.app.entities {
            Some(Source::Listed(entities)) => {
                let here = current_schema(self.db).await?;
                // What names no schema is where a session works that was sent to none.
                let is_elsewhere = database.schema().is_some()
                    && entities.schemas().any(|schema| Some(schema) == here.as_deref());
                let mut tables: Vec<Table> = Vec::new();
                for (table, schema) in entities.in_schemas() {
                    match schema {
                        Some(schema) if Some(schema) == here.as_deref() => {
                            tables.push(table.clone());
                        }
                        Some(schema) if self.dialect() == Dialect::Postgres => {
                            remarks.push(format!(
                                "table `{}` is in the schema `{schema}`, which is compared with \
                                 `--database-schema {schema}`",
                                table.name
                            ));
                        }
                        None if is_elsewhere => {}
                        _ => tables.push(table.clone()),
                    }
                }
                Schema::of(tables)
            }
            Some(Source::Registered(builder)) => {
                if shallow {
                    let because = "a registry of entities is read by making its tables on a \
                                   scratch database, which a shallow comparison does not"
                        .to_owned();
                    return Ok(Err(because));
                }
                match Box::pin(replay::registered(database, &**builder)).await {
                    Ok(schema) => schema,
                    Err(error) => {
                        let because = told(&error);
                        return Ok(Err(format!(
                            "the registered entities could not be made on a scratch database: {because}"
                        )));
                    }
                }
            }
            None => Schema::default(),
        };
        self.leave_out(&mut wanted, revisions);
        Ok(Ok(wanted))
    }

    /// What the revisions of these names make, or why nobody knows.
    pub(super) async fn made(
        &self,
        database: &Database,
        revisions: &Revisions<'_>,
        names: &[String],
        shallow: bool,
    ) -> Result<Made, String> {
        let chosen = || revisions.list.iter().filter(|it| names.contains(&it.name));
        let code = chosen().find(|it| matches!(it.kind, Kind::Imperative(_)));
        let mut made = match code {
            None => {
                let mut made = Made::default();
                for revision in chosen() {
                    if let Kind::Declared { steps, .. } = &revision.kind {
                        let fits = steps.apply(&mut made.schema);
                        fits.map_err(|why| format!("migration `{}`: {why}", revision.name))?;
                    }
                }
                made
            }
            Some(code) if shallow => {
                return Err(format!(
                    "migration `{}` is code: what it makes is known after it has run on a scratch \
                     database, which a shallow comparison does not do",
                    code.name
                ));
            }
            Some(_) => {
                Box::pin(replay::migrations(database, revisions, names)).await.map_err(|error| {
                    format!("the migrations could not run on a scratch database: {}", told(&error))
                })?
            }
        };
        self.leave_out(&mut made.schema, revisions);
        Ok(made)
    }

    fn leave_out(&self, schema: &mut Schema, revisions: &Revisions<'_>) {
        self.app.leave_out(schema, revisions);
    }
}

/// Why the database cannot be what the migrations made, known without looking.
fn blocked(standings: &[Standing], open: Option<&Unfinished>) -> Option<String> {
    if let Some(open) = open {
        return Some(format!("migration `{}` was begun and not ended", open.name));
    }
    let missing = standings.iter().find(|it| it.state == State::Missing)?;
    Some(format!("the database has migration `{}`, which this code does not know", missing.name))
}

/// The tables that none of these schemas has.
pub(super) fn unknown<'s>(
    found: &Schema,
    known: impl Iterator<Item = &'s Schema>,
    dialect: Dialect,
) -> Vec<String> {
    let known: BTreeSet<&str> = known
        .flat_map(|schema| schema.tables.keys())
        .map(|name| if dialect == Dialect::Postgres { cut(name) } else { name })
        .collect();
    found.tables.keys().filter(|name| !known.contains(name.as_str())).cloned().collect()
}

/// What is there of what somebody knows.
pub(super) fn within(found: &Schema, unknown: &[String], made: &Schema) -> Schema {
    let mut have = found.clone();
    have.tables.retain(|name, _| !unknown.contains(name));
    // An enumeration that nothing known is of belongs to what nobody knows.
    let used: BTreeSet<String> = have
        .tables
        .values()
        .chain(made.tables.values())
        .flat_map(|table| &table.columns)
        .filter_map(|column| column.ty.named_enum().map(|(name, _)| name.clone()))
        .collect();
    have.enums.retain(|name, _| used.contains(name) || made.enums.contains_key(name));
    have
}

/// The schema that the session works in; none where a database has none inside it.
async fn current_schema(db: &DatabaseConnection) -> Result<Option<String>, DbErr> {
    if Dialect::from(db.get_database_backend()) != Dialect::Postgres {
        return Ok(None);
    }
    let row = row(db, "SELECT current_schema()::text".to_owned()).await?;
    Ok(row.map(|row| row.try_get_by_index::<Option<String>>(0)).transpose()?.flatten())
}

impl App {
    /// Leaves out what the engine and SeaORM keep for themselves, and what nobody is to look at.
    pub(super) fn leave_out(&self, schema: &mut Schema, revisions: &Revisions<'_>) {
        schema.tables.retain(|name, _| !self.is_left_alone(name, revisions));
    }

    /// Whether a table belongs to the engine or to SeaORM, or nobody is to look at it.
    pub(super) fn is_left_alone(&self, table: &str, revisions: &Revisions<'_>) -> bool {
        is_own(table, &revisions.table) || self.unmanaged.iter().any(|it| it == table)
    }

    /// Whether entities are registered, listed or not.
    pub fn has_entities(&self) -> bool {
        self.entities.is_some()
    }

    /// The entities that were listed.
    pub fn listed(&self) -> Option<&Entities> {
        match &self.entities {
            Some(Source::Listed(entities)) => Some(entities),
            _ => None,
        }
    }
}

/// What was asked of the server and not answered, of both comparisons.
impl Agreement {
    /// The tables of which expressions could not be compared.
    pub fn unread(&self) -> impl Iterator<Item = &Unread> {
        let of_entities = self.entities.as_ref().and_then(Compared::comparison);
        let comparisons = of_entities.into_iter().chain(self.database.comparison());
        comparisons.flat_map(|it| &it.unread)
    }
}
