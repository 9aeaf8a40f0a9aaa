//! What the columns of a row get.

use std::{
    collections::{BTreeMap, BTreeSet},
    mem,
};

use plimsoll::schema::{Column, OnDelete, Table};
use sea_orm::{
    ConnectionTrait,
    sea_query::{Expr, ExprTrait as _},
};
use serde_json::{Value as Json, json};

use super::{
    super::{
        fields::Fields,
        look::{Looked, Rest, referred},
        server::bytes,
        unit::{Cell, Label, Row, Weight},
        write::{Values, select, with_key},
    },
    Batch, Resolved, below,
    secret::{Secret, Secrets},
};
use crate::{Result, identity::fold::fold, tables};

impl<'o> Batch<'o> {
    /// A row with its columns as the database would give them back; nothing when it does not come in.
    pub(super) fn resolved(
        &mut self,
        table: &'static Table,
        unit: usize,
        row: &'o Row,
        named: &BTreeMap<String, Vec<Json>>,
    ) -> Option<Resolved<'o>> {
        let mut looked = row.look.take(table, row);
        let (mut fresh, mut secrets) = (Vec::new(), Secrets::default());
        for rest in mem::take(&mut looked.rest) {
            let column = match rest {
                Rest::Later(column) => column,
                Rest::Wrong { column, value, why } => {
                    self.refuse(unit, row, &column, &value, &why);
                    return None;
                }
            };
            let cell = &row.cells[&Label::from(&*column.name)];
            let json = match self.said(unit, row, (table, column), cell, named) {
                Said::Is(json) => json,
                Said::Secret(secret) => {
                    secrets.keep(&column.name, secret);
                    continue;
                }
                Said::Nothing => continue,
                Said::Out => return None,
            };
            if self.is_fresh(table, column, cell) {
                fresh.push(&*column.name);
            }
            if let Err(problem) = looked.is(table, column, &json) {
                self.refuse(unit, row, &column.name, &json, &problem);
                return None;
            }
        }
        let Looked { mut fields, mut values, own, is_own_said, .. } = looked;
        // Who is called otherwise has another name than the source says.
        let own = (is_own_said && self.doing.names.is_empty()).then_some(own);
        if let Some(problem) = self.server.refuses(|| fields.values().map(bytes).sum()) {
            let largest = fields.iter().max_by_key(|(_, json)| bytes(json));
            let column = largest.map_or("", |(name, _)| *name);
            self.refuse(unit, row, column, &Json::Null, &problem);
            return None;
        }
        if table.name == "users" {
            self.rename(&mut fields, &mut values);
        }
        Some(Resolved { unit, row, fields, values, fresh, secrets, own })
    }

    /// What a column gets.
    fn said(
        &mut self,
        unit: usize,
        row: &Row,
        (table, column): (&'static Table, &Column),
        cell: &Cell,
        named: &BTreeMap<String, Vec<Json>>,
    ) -> Said {
        let to = referred(table, column);
        let missing = match cell {
            // What it says was looked at with the row.
            Cell::Is(json) => return Said::Is(json.clone()),
            Cell::Row(key) => match self.there(key, to) {
                Some(Some(key)) => return Said::Is(key),
                Some(None) => return Said::Nothing,
                None => json!(key),
            },
            Cell::Text(before, key) => match self.there(key, None) {
                Some(Some(key)) => return Said::Is(format!("{before}{key}").into()),
                Some(None) => return Said::Nothing,
                None => json!(key),
            },
            Cell::Rows(keys) => {
                let there: Option<Vec<Json>> =
                    keys.iter().filter_map(|key| self.there(key, None)).collect();
                return there.map_or(Said::Nothing, |keys| Said::Is(keys.into()));
            }
            Cell::Named(of, by, text) => {
                match named.get(&format!("{of}.{by}.{text}")).and_then(|key| key.first()) {
                    Some(key) => return Said::Is(key.clone()),
                    None => json!(text),
                }
            }
            Cell::Secret(_) | Cell::Sealed { .. } => {
                return self.secret(unit, row, column, cell);
            }
        };
        let why = "what it refers to is not there, or was refused";
        if can_be_empty(table, column) {
            let why = format!("{why}; the row comes without it");
            self.say(unit, Weight::Warning, below(row, &column.name), &missing, why);
            return Said::Is(Json::Null);
        }
        if cell.refers_to().iter().any(|key| self.dropped.contains(key)) {
            // It is a part of what was refused, which was told.
            self.dropped.insert(row.key.clone());
        } else {
            self.refuse(unit, row, &column.name, &missing, why);
        }
        Said::Out
    }

    /// Whether the column refers by a foreign key to a row that this batch has made.
    fn is_fresh(&self, table: &Table, column: &Column, cell: &Cell) -> bool {
        let Cell::Row(key) = cell else { return false };
        self.keys.get(&**key).is_some_and(|here| here.is_fresh) && referred(table, column).is_some()
    }

    fn secret(&mut self, unit: usize, row: &Row, column: &Column, cell: &Cell) -> Said {
        let problem = match self.opened(&row.table, column, cell) {
            Ok(secret) => return Said::Secret(secret),
            Err(problem) => problem,
        };
        if column.nullable {
            let why = format!("{problem}; the row comes without it");
            self.say(unit, Weight::Warning, below(row, &column.name), &Json::Null, why);
            return Said::Nothing;
        }
        self.refuse(unit, row, &column.name, &Json::Null, &problem);
        Said::Out
    }

    /// The key of a row that is referred to, of the table that is meant: nothing if there is none, and
    /// none yet where it would be made.
    #[expect(clippy::option_option, reason = "there being no row is not its having no key yet")]
    fn there(&self, key: &str, of: Option<&str>) -> Option<Option<Json>> {
        if self.dropped.contains(key) {
            return None;
        }
        let is_meant = |table: &str| of.is_none_or(|of| of == table);
        if let Some(here) = self.keys.get(key) {
            return is_meant(here.table).then(|| here.key.as_ref().map(|key| key[0].clone()));
        }
        let row = self.pass.foreseen(key).filter(|row| is_meant(row.table));
        row.map(|row| row.key.clone())
    }

    /// Gives a person the name that they are to have here.
    fn rename(&self, fields: &mut Fields, values: &mut Values) {
        let old = fields.get("username").and_then(Json::as_str).unwrap_or_default();
        if let Some(new) = self.doing.names.get(old) {
            for (column, text) in [("username_key", fold(new)), ("username", new.clone())] {
                fields.insert(column, text.clone().into());
                values.insert(column, text.into());
            }
        }
    }
}

/// What a column gets.
enum Said {
    Is(Json),
    Secret(Secret),
    /// Nothing that is known yet: the key of a row that would be made, or a secret that cannot be kept.
    Nothing,
    /// The row does not come in.
    Out,
}

/// Whether the column is emptied when what it refers to goes.
fn can_be_empty(table: &Table, column: &Column) -> bool {
    let mut keys = table.foreign_keys.iter();
    let key = keys.find(|key| key.columns == [column.name.as_str()]);
    column.nullable && key.is_some_and(|key| key.on_delete == OnDelete::SetNull)
}

/// The keys of rows that are there whatever the source says, by what they are named by.
pub(super) async fn named(
    db: &impl ConnectionTrait,
    rows: &[(usize, &Row)],
) -> Result<BTreeMap<String, Vec<Json>>> {
    let mut wanted = BTreeMap::<(&'static str, &'static str), BTreeSet<&str>>::new();
    for cell in rows.iter().flat_map(|(_, row)| row.cells.values()) {
        if let Cell::Named(table, column, text) = cell {
            wanted.entry((*table, *column)).or_default().insert(text);
        }
    }
    let mut found = BTreeMap::new();
    for ((table, by), texts) in wanted {
        let of = tables::named(table)?;
        let names = with_key(of, [by]);
        let texts = texts.into_iter().filter(|text| !text.contains('\0'));
        let which = Expr::col(by.to_owned()).is_in(texts);
        for row in select(db, of, &names, which).await? {
            let key = of.primary_key.iter().map(|name| row[&**name].clone()).collect();
            let text = row[by].as_str().unwrap_or_default();
            found.insert(format!("{table}.{by}.{text}"), key);
        }
    }
    Ok(found)
}
