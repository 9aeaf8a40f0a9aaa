//! Bringing the rows of a display in line with what it shall be.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use entity::displays::{app, device, location, recurrence_pattern};
use sea_orm::{
    ActiveModelTrait as _,
    ActiveValue::{self, Set},
    DatabaseTransaction, EntityTrait, IntoActiveModel, Iterable as _,
};

use super::{
    App, Device, Display,
    places::places,
    rows::{self, AppRows, Stored},
    save::{Part, Saved},
    settle,
};
use crate::{
    Error, Result, World,
    displays::authority::{self, KIND},
    records::{self, Record, sound},
};

/// A save on its way.
pub(super) struct Saving<'t> {
    tx: &'t DatabaseTransaction,
    now: DateTime<Utc>,
    pub(super) saved: Saved,
}

impl<'t> Saving<'t> {
    pub(super) fn new(tx: &'t DatabaseTransaction, now: DateTime<Utc>) -> Self {
        Self { tx, now, saved: Saved::default() }
    }

    /// Makes a display of a person.
    ///
    /// # Errors
    /// [`Error::AlreadyExists`] if there is one with its id; [`Error::Invalid`] for what will not do.
    pub(super) async fn add(
        &mut self,
        world: &World,
        user_id: i64,
        wanted: &Display,
    ) -> Result<()> {
        let id = match &wanted.device.id {
            Some(id) if authority::by_id(self.tx, id).await?.is_some() => {
                return Err(Error::AlreadyExists { kind: KIND, key: id.clone() });
            }
            Some(id) => id.clone(),
            None => fresh(self.tx, world).await?,
        };
        let row = device::ActiveModel {
            id: Set(id.clone()),
            user_id: Set(user_id),
            created_at: Set(self.now),
            updated_at: Set(self.now),
            ..rows::device(&wanted.device)
        };
        settle::look_at_device(&row)?;
        sound::look::<device::Entity>(self.tx, &row).await?;
        device::Entity::insert(row)
            .exec_without_returning(self.tx)
            .await
            .map_err(Error::on_duplicate(KIND, &id))?;
        for (place, app) in (0..).zip(&wanted.apps) {
            insert_app(self.tx, self.now, &id, place, app).await?;
        }
        if let Some(place) = &wanted.location {
            let row = location::ActiveModel { device_id: Set(id.clone()), ..rows::location(place) };
            records::insert::<location::Entity>(self.tx, self.now, row).await?;
        }
        self.saved.added.push(Part::Display(id));
        Ok(())
    }

    /// Brings what is stored of a display in line with what is wanted.
    ///
    /// # Errors
    /// [`Error::Invalid`] for what will not do.
    pub(super) async fn change(&mut self, stored: Stored, wanted: &Display) -> Result<()> {
        let Stored { device, location, apps } = stored;
        let id = device.id.clone();
        let gone = self.apps(&id, apps, &wanted.apps).await?;
        let place = wanted.location.as_ref().map(|place| location::ActiveModel {
            device_id: Set(id.clone()),
            ..rows::location(place)
        });
        match self.part::<location::Entity>(location, place).await? {
            Step::None => {}
            Step::Added => self.saved.added.push(Part::Location(id.clone())),
            Step::Changed => self.saved.changed.push(Part::Location(id.clone())),
            Step::Removed => self.saved.removed.push(Part::Location(id.clone())),
        }
        let said = rows::device(&without(&wanted.device, &gone));
        if let Some(mut row) = differing::<device::Entity>(device, &said) {
            row.updated_at = Set(self.now);
            settle::look_at_device(&row)?;
            sound::look::<device::Entity>(self.tx, &row).await?;
            row.update_without_returning(self.tx).await?;
            self.saved.changed.push(Part::Display(id));
        }
        Ok(())
    }

    /// Brings the apps of a display in line, and gives the names of those that have gone.
    async fn apps(
        &mut self,
        id: &str,
        stored: Vec<AppRows>,
        wanted: &[App],
    ) -> Result<BTreeSet<String>> {
        let mut before: BTreeMap<String, AppRows> =
            stored.into_iter().map(|rows| (rows.0.iname.clone(), rows)).collect();
        let own = |app: &App| before.get(&app.iname).map(|(row, _)| (row.position, row.id));
        let places = places(&wanted.iter().map(own).collect::<Vec<_>>());
        for (app, place) in wanted.iter().zip(places) {
            let part = Part::App(id.to_owned(), app.iname.clone());
            if let Some(rows) = before.remove(&app.iname) {
                if self.app(rows, place, app).await? {
                    self.saved.changed.push(part);
                }
            } else {
                insert_app(self.tx, self.now, id, place, app).await?;
                self.saved.added.push(part);
            }
        }
        for (row, _) in before.values() {
            app::Entity::delete_by_id(row.id).exec(self.tx).await?;
            self.saved.removed.push(Part::App(id.to_owned(), row.iname.clone()));
        }
        Ok(before.into_keys().collect())
    }

    /// Brings an app in line; whether it was not.
    async fn app(&self, (app, pattern): AppRows, place: i32, wanted: &App) -> Result<bool> {
        let id = app.id;
        let said = app::ActiveModel { position: Set(place), ..rows::app(wanted) };
        let row = differing::<app::Entity>(app, &said);
        let differs = row.is_some();
        if let Some(mut row) = row {
            row.updated_at = Set(self.now);
            settle::look_at_app(&row)?;
            sound::look::<app::Entity>(self.tx, &row).await?;
            let said = row.clone();
            row.update_without_returning(self.tx)
                .await
                .map_err(|error| sound::read::<app::Entity>("app", error, &said))?;
        }
        let days = wanted.recurrence.pattern.as_ref().map(|pattern| {
            recurrence_pattern::ActiveModel { app_id: Set(id), ..rows::pattern(pattern) }
        });
        let step = self.part::<recurrence_pattern::Entity>(pattern, days).await?;
        Ok(differs || step != Step::None)
    }

    /// Brings a row that is there or not in line.
    async fn part<E: Record>(
        &self,
        stored: Option<E::Model>,
        wanted: Option<E::ActiveModel>,
    ) -> Result<Step> {
        match (stored, wanted) {
            (None, None) => Ok(Step::None),
            (None, Some(row)) => {
                records::insert::<E>(self.tx, self.now, row).await?;
                Ok(Step::Added)
            }
            (Some(model), None) => {
                E::delete_by_id(records::id_of::<E>(&model)).exec(self.tx).await?;
                Ok(Step::Removed)
            }
            (Some(model), Some(wanted)) => {
                let Some(row) = differing::<E>(model, &wanted) else { return Ok(Step::None) };
                records::write::<E>(self.tx, self.now, row).await?;
                Ok(Step::Changed)
            }
        }
    }
}

/// What was done to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    None,
    Added,
    Changed,
    Removed,
}

/// Installs an app on a display.
///
/// # Errors
/// [`Error::AlreadyExists`] if the display has one of that name, [`Error::Invalid`] for what will not
/// do.
pub(in crate::displays) async fn insert_app(
    tx: &DatabaseTransaction,
    now: DateTime<Utc>,
    device_id: &str,
    place: i32,
    app: &App,
) -> Result<app::Model> {
    let row = app::ActiveModel {
        device_id: Set(device_id.to_owned()),
        position: Set(place),
        created_at: Set(now),
        updated_at: Set(now),
        ..rows::app(app)
    };
    settle::look_at_app(&row)?;
    sound::look::<app::Entity>(tx, &row).await?;
    let said = row.clone();
    let model =
        row.insert(tx).await.map_err(|error| sound::read::<app::Entity>("app", error, &said))?;
    if let Some(pattern) = &app.recurrence.pattern {
        let row =
            recurrence_pattern::ActiveModel { app_id: Set(model.id), ..rows::pattern(pattern) };
        records::insert::<recurrence_pattern::Entity>(tx, now, row).await?;
    }
    Ok(model)
}

/// The row with those columns set that are to have another value; nothing if there are none.
fn differing<E>(model: E::Model, wanted: &E::ActiveModel) -> Option<E::ActiveModel>
where
    E: EntityTrait,
    E::Model: IntoActiveModel<E::ActiveModel>,
{
    let mut row = model.into_active_model();
    for column in E::Column::iter() {
        if let ActiveValue::Set(value) = wanted.get(column) {
            row.set_if_not_equals(column, value);
        }
    }
    row.is_changed().then_some(row)
}

/// What people say about a display that names none of the apps which have gone.
fn without(device: &Device, gone: &BTreeSet<String>) -> Device {
    let still = |name: &Option<String>| name.clone().filter(|name| !gone.contains(name));
    Device {
        night_mode_app: still(&device.night_mode_app),
        pinned_app: still(&device.pinned_app),
        interstitial_app: still(&device.interstitial_app),
        ..device.clone()
    }
}

/// An id that no display has.
async fn fresh(tx: &DatabaseTransaction, world: &World) -> Result<String> {
    loop {
        let mut bits = [0; 4];
        world.random.fill(&mut bits);
        let id = format!("{:08x}", u32::from_be_bytes(bits));
        if authority::by_id(tx, &id).await?.is_none() {
            return Ok(id);
        }
    }
}
