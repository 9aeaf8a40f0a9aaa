//! Apps of a display, one at a time: installing them, and what becomes of their pictures.

use std::time::Duration;

use chrono::{DateTime, Utc};
use entity::displays::{app, device, recurrence_pattern};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, DatabaseConnection, DatabaseTransaction,
    EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use serde_json::Value;

use super::{
    authority::{self, By},
    display::{App, Saved, edit, insert_app, read_app},
};
use crate::{
    Error, Result, World,
    records::sound,
    rights::{Actor, ReadDisplays, UpdateDisplays},
    transaction,
};

const KIND: &str = "app";

/// What is called so that was pushed under a name which nothing was installed by.
const PUSHED: &str = "pushed";

/// How a rendering went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rendering {
    /// How long it took.
    pub took: Duration,
    /// Whether there was nothing to see.
    pub was_empty: bool,
    /// What there was to say.
    pub messages: Vec<String>,
}

/// The app of that name on a display. Three queries, beside those for a right to another's.
///
/// # Errors
/// [`Error::NotFound`] if there is no such app; those of [`load`](super::display::load()).
pub async fn by_iname(db: &impl ConnectionTrait, by: By<'_>, iname: &str) -> Result<App> {
    let device = by.device::<ReadDisplays>(db).await?;
    let row = found(db, &device.id, iname).await?;
    let pattern = recurrence_pattern::Entity::find()
        .filter(recurrence_pattern::Column::AppId.eq(row.id))
        .one(db)
        .await?;
    read_app(&row, pattern.as_ref())
}

/// Installs an app behind the others of a display, or changes the one of that name where it is.
///
/// # Errors
/// Those of [`save`](super::display::save()); [`Error::NotFound`] if there is no such display.
pub async fn save(
    db: &DatabaseConnection,
    world: &World,
    actor: &Actor,
    device_id: &str,
    app: &App,
) -> Result<Saved> {
    edit(db, world, actor, device_id, |display| {
        match display.apps.iter_mut().find(|one| one.iname == app.iname) {
            Some(one) => *one = app.clone(),
            None => display.apps.push(app.clone()),
        }
        Ok(())
    })
    .await
}

/// Takes an app from a display, which names it no more then.
///
/// # Errors
/// [`Error::NotFound`] if there is no such app or display, [`Error::Forbidden`] to whoever may not
/// change displays of others, if it is another's or there is none.
pub async fn delete(
    db: &DatabaseConnection,
    world: &World,
    actor: &Actor,
    device_id: &str,
    iname: &str,
) -> Result<Saved> {
    edit(db, world, actor, device_id, |display| {
        let before = display.apps.len();
        display.apps.retain(|one| one.iname != iname);
        if display.apps.len() == before { Err(Error::not_found(KIND, iname)) } else { Ok(()) }
    })
    .await
}

/// Takes down that a picture was sent to be shown under that name. Where nothing has the name, an app is
/// installed behind the others that shows what is sent.
///
/// # Errors
/// [`Error::AlreadyExists`] if an app has the name that is rendered here, [`Error::Invalid`] for a name
/// that can be none; [`Error::Unauthenticated`] for a key that is no display's; [`Error::NotFound`] if
/// there is no such display, [`Error::Forbidden`] to whoever may not change those of others, if it is
/// another's or there is none.
pub async fn push(db: &DatabaseConnection, world: &World, by: By<'_>, iname: &str) -> Result<()> {
    let now = world.clock.now();
    transaction::committed().transaction(db, |tx, _| Box::pin(take_push(tx, now, by, iname))).await
}

/// Takes down how an app was rendered. What pins itself is pinned by a rendering with something to see,
/// and unpinned by one without.
///
/// # Errors
/// [`Error::NotFound`] if there is no such app or display; [`Error::Unauthenticated`] for a key that is
/// no display's; [`Error::Forbidden`] to whoever may not change displays of others, if it is another's
/// or there is none; [`Error::Invalid`] for a message that not every database keeps.
pub async fn rendered(
    db: &DatabaseConnection,
    world: &World,
    by: By<'_>,
    iname: &str,
    rendering: &Rendering,
) -> Result<()> {
    let now = world.clock.now();
    transaction::committed()
        .transaction(db, |tx, _| Box::pin(take_rendering(tx, now, by, iname, rendering)))
        .await
}

async fn take_push(
    tx: &DatabaseTransaction,
    now: DateTime<Utc>,
    by: By<'_>,
    iname: &str,
) -> Result<()> {
    let device = held(tx, by).await?;
    let app = match installed(tx, &device.id, iname).await? {
        Some(app) if app.pushed => app,
        Some(app) => return Err(Error::AlreadyExists { kind: KIND, key: app.iname }),
        None => {
            let new = App { pushed: true, ..App::new(iname, PUSHED) };
            let place = behind(tx, &device.id).await?;
            insert_app(tx, now, &device.id, place, &new).await?
        }
    };
    write(tx, now, &device, &app, &Rendering::default()).await
}

async fn take_rendering(
    tx: &DatabaseTransaction,
    now: DateTime<Utc>,
    by: By<'_>,
    iname: &str,
    rendering: &Rendering,
) -> Result<()> {
    let device = held(tx, by).await?;
    let app = found(tx, &device.id, iname).await?;
    write(tx, now, &device, &app, rendering).await
}

/// The display, held until the transaction ends, for whoever may change it.
async fn held(tx: &DatabaseTransaction, by: By<'_>) -> Result<device::Model> {
    let device = by.device::<UpdateDisplays>(tx).await?;
    authority::locked(tx, &device.id).await
}

async fn write(
    tx: &DatabaseTransaction,
    now: DateTime<Utc>,
    device: &device::Model,
    app: &app::Model,
    rendering: &Rendering,
) -> Result<()> {
    let row = app::ActiveModel {
        last_rendered_at: Set(Some(now)),
        last_render_duration_ms: Set(i32::try_from(rendering.took.as_millis()).unwrap_or(i32::MAX)),
        last_render_was_empty: Set(rendering.was_empty),
        render_messages: Set(rendering.messages.iter().cloned().collect::<Value>()),
        ..Default::default()
    };
    sound::look::<app::Entity>(tx, &row).await?;
    app::Entity::update_many().set(row).filter(app::Column::Id.eq(app.id)).exec(tx).await?;
    let is_pinned = device.pinned_app.as_ref() == Some(&app.iname);
    let pins = app.autopin && app.enabled && !rendering.was_empty;
    let unpins = app.autopin && rendering.was_empty;
    if pins && !is_pinned || unpins && is_pinned {
        let row = device::ActiveModel {
            pinned_app: Set(pins.then(|| app.iname.clone())),
            updated_at: Set(now),
            ..Default::default()
        };
        let update = device::Entity::update_many().set(row);
        update.filter(device::Column::Id.eq(device.id.as_str())).exec(tx).await?;
    }
    Ok(())
}

/// The place behind the last app of a display.
async fn behind(tx: &DatabaseTransaction, device_id: &str) -> Result<i32> {
    let last: Option<i32> = app::Entity::find()
        .select_only()
        .column(app::Column::Position)
        .filter(app::Column::DeviceId.eq(device_id))
        .order_by_desc(app::Column::Position)
        .limit(1)
        .into_tuple()
        .one(tx)
        .await?;
    Ok(last.map_or(0, |last| last.saturating_add(1)))
}

async fn found(db: &impl ConnectionTrait, device_id: &str, iname: &str) -> Result<app::Model> {
    let app = installed(db, device_id, iname).await?;
    app.ok_or_else(|| Error::not_found(KIND, iname))
}

/// The app of exactly that name. `PostgreSQL` refuses even a question with a NUL character; `MySQL` takes
/// a text for equal to itself with spaces behind it.
async fn installed(
    db: &impl ConnectionTrait,
    device_id: &str,
    iname: &str,
) -> Result<Option<app::Model>> {
    if iname.contains('\0') {
        return Ok(None);
    }
    let row = app::Entity::find()
        .filter(app::Column::DeviceId.eq(device_id))
        .filter(app::Column::Iname.eq(iname))
        .one(db)
        .await?;
    Ok(row.filter(|row| row.iname == iname))
}
