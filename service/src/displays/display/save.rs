//! Saving displays: what is there no more goes, what is new is made, and of the rest is written what
//! differs.
//!
//! Whoever saves holds the person and their displays: of two saves at once the second finds what the
//! first has left, and makes of it what it says itself. Nothing that came from a display is written.

use std::{collections::BTreeMap, slice};

use entity::displays::device;
use sea_orm::{DatabaseConnection, DatabaseTransaction, EntityTrait as _};

use super::{Display, Rendered, Seen, load, rows::Stored, saving::Saving, settle};
use crate::{
    Result, World,
    deletion::{self, Deletion},
    displays::authority::{self, KIND},
    rights::{Actor, CreateDisplays, DeleteDisplays, UpdateDisplays},
    rule::Rule,
    transaction,
};

/// A part of what is saved, which is written by itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// A display, by its id. When it is added or removed, then with all that belongs to it.
    Display(String),
    /// The place of the display with that id.
    Location(String),
    /// The app of that name on the display with that id.
    App(String, String),
}

/// What a save did. What was as it should be is not named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Saved {
    /// What was made.
    pub added: Vec<Part>,
    /// What was changed.
    pub changed: Vec<Part>,
    /// What has gone.
    pub removed: Vec<Part>,
}

/// Makes or changes a display of a person. `expected` is what whoever saves started from, where that
/// shall be there still.
///
/// An app that the display names and that goes by this is named no more.
///
/// # Errors
/// [`Error::Forbidden`](crate::Error::Forbidden) to whoever may not change (add) displays of others, if
/// it is another's; [`Error::NotFound`](crate::Error::NotFound) if there is no such person;
/// [`Error::AlreadyExists`](crate::Error::AlreadyExists) if somebody else's display has the id, or two
/// apps one name; [`Error::Invalid`](crate::Error::Invalid) for what can be no such thing;
/// [`Rule::Stale`] if something else is there than was expected.
pub async fn save(
    db: &DatabaseConnection,
    world: &World,
    actor: &Actor,
    user_id: i64,
    display: &Display,
    expected: Option<&Display>,
) -> Result<Saved> {
    let wanted = &settle::settled(display)?;
    transaction::committed()
        .transaction(db, |tx, _| Box::pin(save_one(tx, world, actor, user_id, wanted, expected)))
        .await
}

/// Makes these the displays of a person: those that are not among them go. `expected` is what whoever
/// saves started from, where that shall be there still.
///
/// # Errors
/// As for [`save()`]; [`Error::Forbidden`](crate::Error::Forbidden) also to whoever may not remove
/// displays of others, if one goes; [`Error::AlreadyExists`](crate::Error::AlreadyExists) also if two
/// have one id.
pub async fn save_all(
    db: &DatabaseConnection,
    world: &World,
    actor: &Actor,
    user_id: i64,
    displays: &[Display],
    expected: Option<&[Display]>,
) -> Result<Saved> {
    let wanted = &settle::all_settled(displays)?;
    transaction::committed()
        .transaction(db, |tx, _| Box::pin(replace(tx, world, actor, user_id, wanted, expected)))
        .await
}

/// Removes a display, and says what went with it.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound) if there is no such display,
/// [`Error::Forbidden`](crate::Error::Forbidden) to whoever may not remove those of others, if it is
/// another's or there is none.
pub async fn delete(db: &DatabaseConnection, actor: &Actor, id: &str) -> Result<Deletion> {
    transaction::committed().transaction(db, |tx, _| Box::pin(remove(tx, actor, id))).await
}

/// Changes a display as `how` says.
///
/// # Errors
/// Those of `how`, and of [`save()`] where there is such a display;
/// [`Error::NotFound`](crate::Error::NotFound) if there is none.
pub(in crate::displays) async fn edit<F>(
    db: &DatabaseConnection,
    world: &World,
    actor: &Actor,
    id: &str,
    how: F,
) -> Result<Saved>
where
    F: Fn(&mut Display) -> Result<()> + Send + Sync,
{
    let how = &how;
    transaction::committed()
        .transaction(db, |tx, _| Box::pin(change(tx, world, actor, id, how)))
        .await
}

async fn save_one(
    tx: &DatabaseTransaction,
    world: &World,
    actor: &Actor,
    user_id: i64,
    wanted: &Display,
    expected: Option<&Display>,
) -> Result<Saved> {
    authority::hold::<UpdateDisplays>(tx, actor, user_id).await?;
    let mut saving = Saving::new(tx, world.clock.now());
    let expected = expected.map(slice::from_ref);
    let found = match &wanted.device.id {
        Some(id) => authority::by_id(tx, id).await?,
        None => None,
    };
    if let Some(device) = found.filter(|device| device.user_id == user_id) {
        let stored = load::stored(tx, device).await?;
        is_as_expected(slice::from_ref(&stored), expected)?;
        saving.change(stored, wanted).await?;
    } else {
        is_as_expected(&[], expected)?;
        authority::person::<CreateDisplays>(tx, actor, user_id).await?;
        saving.add(world, user_id, wanted).await?;
    }
    Ok(saving.saved)
}

async fn replace(
    tx: &DatabaseTransaction,
    world: &World,
    actor: &Actor,
    user_id: i64,
    wanted: &[Display],
    expected: Option<&[Display]>,
) -> Result<Saved> {
    authority::hold::<UpdateDisplays>(tx, actor, user_id).await?;
    let stored = load::of_person(tx, user_id).await?;
    is_as_expected(&stored, expected)?;
    let mut stored: BTreeMap<String, Stored> =
        stored.into_iter().map(|stored| (stored.device.id.clone(), stored)).collect();
    let is_there =
        |display: &Display| display.device.id.as_ref().is_some_and(|id| stored.contains_key(id));
    if !wanted.iter().all(is_there) {
        authority::person::<CreateDisplays>(tx, actor, user_id).await?;
    }
    let mut saving = Saving::new(tx, world.clock.now());
    for display in wanted {
        match display.device.id.as_ref().and_then(|id| stored.remove(id)) {
            Some(stored) => saving.change(stored, display).await?,
            None => saving.add(world, user_id, display).await?,
        }
    }
    if !stored.is_empty() {
        authority::person::<DeleteDisplays>(tx, actor, user_id).await?;
    }
    for id in stored.into_keys() {
        device::Entity::delete_by_id(id.as_str()).exec(tx).await?;
        saving.saved.removed.push(Part::Display(id));
    }
    Ok(saving.saved)
}

async fn remove(tx: &DatabaseTransaction, actor: &Actor, id: &str) -> Result<Deletion> {
    let device = authority::device::<DeleteDisplays>(tx, actor, id).await?;
    authority::hold::<DeleteDisplays>(tx, actor, device.user_id).await?;
    deletion::delete::<device::Entity>(tx, KIND, device.id).await
}

async fn change<F>(
    tx: &DatabaseTransaction,
    world: &World,
    actor: &Actor,
    id: &str,
    how: &F,
) -> Result<Saved>
where
    F: Fn(&mut Display) -> Result<()> + Send + Sync,
{
    let device = authority::device::<UpdateDisplays>(tx, actor, id).await?;
    authority::hold::<UpdateDisplays>(tx, actor, device.user_id).await?;
    let device = authority::locked(tx, &device.id).await?;
    let stored = load::stored(tx, device).await?;
    let mut display = stored.read()?;
    how(&mut display)?;
    let mut saving = Saving::new(tx, world.clock.now());
    saving.change(stored, &settle::settled(&display)?).await?;
    Ok(saving.saved)
}

/// Makes sure that what is stored is what whoever saves started from, as far as people say it.
fn is_as_expected(stored: &[Stored], expected: Option<&[Display]>) -> Result<()> {
    let Some(expected) = expected else { return Ok(()) };
    let stored: Vec<Display> = stored.iter().map(Stored::read).collect::<Result<_>>()?;
    if said(&stored) == said(expected) {
        return Ok(());
    }
    Err(Rule::Stale.refuses("the displays are not any more what this save started from"))
}

/// The displays by their ids, without what came from themselves.
fn said(displays: &[Display]) -> BTreeMap<Option<String>, Display> {
    let mut all = BTreeMap::new();
    for display in displays {
        let mut display = Display { seen: Seen::default(), ..display.clone() };
        for app in &mut display.apps {
            app.rendered = Rendered::default();
        }
        all.insert(display.device.id.clone(), display);
    }
    all
}
