//! Secrets of the rows: sealed for the row that they are in, once its key is known.

use std::{borrow::Cow, collections::BTreeMap, mem};

use plimsoll::schema::{Column, Table};
use sea_orm::ConnectionTrait;
use secrecy::ExposeSecret as _;
use serde_json::Value as Json;
use zeroize::Zeroizing;

use super::{
    super::{
        fields::Fields,
        unit::Cell,
        write::{self, New, read_back},
    },
    Batch, Resolved,
};
use crate::{
    Error, Result,
    identity::totp,
    records::LONGEST,
    seal::{Place, SEALED},
};

/// The secrets of a row, by their columns.
#[derive(Default)]
pub(super) struct Secrets(BTreeMap<&'static str, Secret>);

/// A secret in clear: a text, or bytes as the seeds of one-time passwords are.
pub(super) type Secret = Zeroizing<Vec<u8>>;

impl Secrets {
    pub(super) fn keep(&mut self, column: &'static str, secret: Secret) {
        self.0.insert(column, secret);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Resolved<'_> {
    /// The row on its way in, with something in the place of what is sealed when its key is known.
    pub(super) fn going_in(&mut self) -> New<'_> {
        let (mut fields, mut values) = (Cow::Borrowed(&self.fields), mem::take(&mut self.values));
        for name in self.secrets.0.keys() {
            fields.to_mut().insert(name, "".into());
            values.insert(name, "".into());
        }
        New { fields, values }
    }
}

impl Batch<'_> {
    /// The secret of a cell, in clear.
    ///
    /// # Errors
    /// Why there is none, in a few words.
    pub(super) fn opened(
        &self,
        table: &str,
        column: &Column,
        cell: &Cell,
    ) -> Result<Secret, String> {
        let seals = self.doing.seals;
        seals
            .first()
            .map_err(|_| "ENCRYPTION_KEY is not set, and this is kept sealed".to_owned())?;
        let at = |row| place(table, &column.name, row).ok_or("this column holds no secret");
        let secret = match cell {
            Cell::Sealed { text, row } => {
                seals.open(at(*row)?, text).map_err(|error| error.to_string())?
            }
            Cell::Secret(secret) => {
                let place = at(0)?;
                let text = secret.expose_secret();
                if (place.table, place.column) == ("users", "totp_secret") {
                    totp::seed(text).ok_or("it is no seed in base32")?
                } else {
                    Zeroizing::new(text.as_bytes().to_vec())
                }
            }
            _ => return Err("it is no secret".to_owned()),
        };
        match secret.len() {
            0 => Err("a secret is not empty".to_owned()),
            1..=LONGEST => Ok(secret),
            _ => Err(format!("{LONGEST} bytes are the most")),
        }
    }

    /// Seals the secrets of a row that has its key now, and opens them as they are stored.
    pub(super) async fn seal(
        &self,
        db: &impl ConnectionTrait,
        table: &'static Table,
        resolved: &Resolved<'_>,
        key: &[Json],
    ) -> Result<()> {
        if resolved.secrets.is_empty() {
            return Ok(());
        }
        let mut sealed = Fields::default();
        for (name, secret) in &resolved.secrets.0 {
            let place = placed(table, name, key)?;
            let text = self.doing.seals.seal(self.doing.world, place, secret)?;
            sealed.insert(name, text.into());
        }
        write::update(db, table, key, &sealed).await?;
        match self.changed_secrets(db, table, resolved, key).await?.first() {
            None => Ok(()),
            Some(name) => Err(Error::Malformed {
                kind: "row that was brought in",
                key: format!("{} of `{}`", resolved.row.key, table.name),
                problem: format!("`{name}` was not kept as it was written"),
            }),
        }
    }

    /// The columns in which another secret is stored than the row has, or none that can be opened.
    pub(super) async fn changed_secrets(
        &self,
        db: &impl ConnectionTrait,
        table: &'static Table,
        resolved: &Resolved<'_>,
        key: &[Json],
    ) -> Result<Vec<&'static str>> {
        let secrets = &resolved.secrets.0;
        let columns = secrets.keys().copied().collect();
        let back = read_back(db, table, &columns, &[key]).await?;
        let back = back.into_values().next().unwrap_or_default();
        let mut changed = Vec::new();
        for (name, secret) in secrets {
            let stored = back.get(*name).and_then(Json::as_str).unwrap_or_default();
            let opened = self.doing.seals.open(placed(table, name, key)?, stored);
            if !opened.is_ok_and(|opened| opened == *secret) {
                changed.push(*name);
            }
        }
        Ok(changed)
    }
}

/// Where the secret of a row is, if the column is one that holds some.
fn place(table: &str, column: &str, row: i64) -> Option<Place> {
    let at = SEALED.iter().find(|(of, name)| *of == table && *name == column);
    at.map(|&(table, column)| Place { table, column, row })
}

fn placed(table: &Table, column: &str, key: &[Json]) -> Result<Place> {
    let row = key.first().and_then(Json::as_i64).unwrap_or_default();
    let unknown = || Error::not_found("secret column", format!("{}.{column}", table.name));
    place(&table.name, column, row).ok_or_else(unknown)
}
