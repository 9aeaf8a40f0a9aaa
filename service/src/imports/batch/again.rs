//! Rows that are there: brought in before, or meant by the source.

use std::collections::BTreeSet;

use plimsoll::schema::Table;
use sea_orm::ConnectionTrait;
use serde_json::Value as Json;

use super::{
    super::{
        fields::Fields,
        known::{Made, Target},
        unit::{Cell, Weight},
        write::{self, read_back, unread},
    },
    Batch, Here, Resolved, below,
    compare::compared,
    mark,
    same::is_same,
};
use crate::{Result, identity::fold::fold, records};

/// How a row that is there compares with what the source says of it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Now {
    Same,
    Different,
    Updated,
    /// It was removed.
    Gone,
}

/// The digest of a row that the source says otherwise: it is compared each time.
const DIFFERENT: &str = "different";

impl<'o> Batch<'o> {
    /// A row that was brought in before.
    pub(super) async fn again(
        &mut self,
        db: &impl ConnectionTrait,
        table: &'static Table,
        resolved: Resolved<'_>,
        target: Target,
    ) -> Result<()> {
        let (unit, row) = (resolved.unit, resolved.row);
        let digest = row.digest().to_owned();
        let now = if target.digest == digest && resolved.secrets.is_empty() {
            self.look_at_name(db, table, &resolved, &target).await?;
            Now::Same
        } else {
            self.compare(db, table, &resolved, &target).await?
        };
        let tally = self.report.tally(&table.name);
        let (mut made, mut changed) = (target.made.clone(), target.changed.clone());
        let digest = match now {
            Now::Same => {
                tally.same += 1;
                digest
            }
            Now::Updated => {
                tally.updated += 1;
                changed.extend(self.doing.import_id);
                // The row is the same one, with what the source says of its beginning.
                let said = mark(table).and_then(|name| resolved.fields.get(name)?.as_str());
                made = Made { mark: said.map(str::to_owned).or(made.mark), ..made };
                digest
            }
            Now::Different => {
                tally.different += 1;
                target.digest.clone()
            }
            Now::Gone => {
                self.dropped.insert(row.key.clone());
                return Ok(());
            }
        };
        self.targets[unit].push(Target { digest, made, changed, ..target });
        Ok(())
    }

    /// Tells of a person who was to get another name here, and came in by theirs before.
    async fn look_at_name(
        &mut self,
        db: &impl ConnectionTrait,
        table: &'static Table,
        resolved: &Resolved<'_>,
        target: &Target,
    ) -> Result<()> {
        let Some(Cell::Is(Json::String(old))) = resolved.row.cells.get("username") else {
            return Ok(());
        };
        let Some(new) = self.doing.names.get(old).filter(|_| table.name == "users") else {
            return Ok(());
        };
        let column = BTreeSet::from(["username_key"]);
        let back = read_back(db, table, &column, &[&target.key]).await?;
        let now = back.values().next().and_then(|person| person["username_key"].as_str());
        if now.is_some_and(|now| now != fold(new)) {
            let (path, new) = (below(resolved.row, "username"), Json::from(&**new));
            let why = "the person came in before; they are not called so by it";
            self.say(resolved.unit, Weight::Warning, path, &new, why.to_owned());
        }
        Ok(())
    }

    /// A row that the source means and that was there before. It stays as it is; the value of a setting
    /// can be taken from the source.
    pub(super) async fn matched(
        &mut self,
        db: &impl ConnectionTrait,
        table: &'static Table,
        resolved: &Resolved<'o>,
        key: Vec<Json>,
    ) -> Result<()> {
        let Resolved { unit, row, .. } = resolved;
        let mut target = Target::of(row, key.clone(), None);
        let now = if is_setting(table) {
            self.compare(db, table, resolved, &target).await?
        } else {
            Now::Same
        };
        let tally = self.report.tally(&table.name);
        tally.matched += 1;
        match now {
            Now::Same | Now::Gone => {}
            Now::Updated => {
                tally.updated += 1;
                target.changed.extend(self.doing.import_id);
            }
            Now::Different => {
                tally.different += 1;
                DIFFERENT.clone_into(&mut target.digest);
            }
        }
        let here = Here { table: &table.name, key: Some(key), is_fresh: false };
        self.keys.insert((&*row.key).into(), here);
        self.strange.insert(row.key.clone());
        self.targets[*unit].push(target);
        Ok(())
    }

    /// Compares a row with what the source says, tells what is different, and changes it when that is
    /// asked for.
    async fn compare(
        &mut self,
        db: &impl ConnectionTrait,
        table: &'static Table,
        resolved: &Resolved<'_>,
        target: &Target,
    ) -> Result<Now> {
        let Resolved { unit, row, fields, .. } = resolved;
        let marked = mark(table);
        let columns = fields.keys().copied().chain(marked).collect();
        let back = read_back(db, table, &columns, &[&target.key]).await?;
        let Some(here) = back.into_values().next() else {
            let why = "it was brought in and removed here since; it stays away".to_owned();
            self.say(*unit, Weight::Warning, row.path.clone(), &Json::Null, why);
            return Ok(Now::Gone);
        };
        if let (Some(name), Some(mark)) = (marked, &target.made.mark)
            && here[name].as_str() != Some(mark.as_str())
        {
            let why = "it was removed here since, and another row has its key now, which stays";
            self.say(*unit, Weight::Warning, row.path.clone(), &Json::Null, why.to_owned());
            return Ok(Now::Gone);
        }
        let is_compared = |name: &str| target.is_made || !is_setting(table) || name == "value";
        let different: Fields = fields
            .iter()
            .filter(|(name, said)| is_compared(name) && !is_same(&here[**name], said))
            .map(|(name, said)| (*name, said.clone()))
            .collect();
        let secrets = if target.is_made {
            self.changed_secrets(db, table, resolved, &target.key).await?
        } else {
            Vec::new()
        };
        if different.is_empty() && secrets.is_empty() {
            return Ok(Now::Same);
        }
        let may_change = target.is_made || is_setting(table) && is_open(&here, fields);
        let update = self.doing.update && may_change;
        let verb = match (update, may_change) {
            (true, _) => "it is changed",
            (false, true) => "--update changes it",
            (false, false) => "it was there before the import and stays",
        };
        for (name, said) in &different {
            let (here, said) = (shown(table, name, &here[*name]), shown(table, name, said));
            let why = format!("here it is {here}, the source says {said}: {verb}");
            self.say(*unit, Weight::Warning, below(row, name), &Json::Null, why);
        }
        for name in &secrets {
            let why = format!("the source has another one: {verb}");
            self.say(*unit, Weight::Warning, below(row, name), &Json::Null, why);
        }
        if !update {
            return Ok(Now::Different);
        }
        if self.doing.import_id.is_some() {
            if !different.is_empty() {
                write::update(db, table, &target.key, &different).await?;
                let columns = different.keys().copied().collect();
                let back = unread(db, table, &columns, &[&target.key]).await?.read()?;
                compared(table, &row.key, &different, back.row(&target.key))?;
            }
            if !secrets.is_empty() {
                self.seal(db, table, resolved, &target.key).await?;
            }
        }
        Ok(Now::Updated)
    }
}

fn is_setting(table: &Table) -> bool {
    table.name == "application_settings"
}

/// Whether a setting takes a value of that type.
fn is_open(here: &Fields, said: &Fields) -> bool {
    here.get("data_type") == said.get("data_type")
        && here.get("is_mutable") != Some(&Json::from(false))
}

fn shown(table: &Table, column: &str, value: &Json) -> String {
    if records::is_secret(&table.name, column) { "***".to_owned() } else { value.to_string() }
}
