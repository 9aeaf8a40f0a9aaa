//! Loading displays: as many queries for all of a person's as for one.

use std::collections::BTreeMap;

use entity::displays::{app, device, location, recurrence_pattern};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, JoinType, QueryFilter as _,
    QuerySelect as _, RelationTrait as _, sea_query::SimpleExpr,
};

use super::{
    Display,
    rows::{AppRows, Stored},
};
use crate::{
    Result,
    displays::authority::{self, By},
    rights::{Actor, ReadDisplays},
};

/// A display with its apps and its place. Four queries, beside those for a right to another's.
///
/// # Errors
/// [`Error::Unauthenticated`](crate::Error::Unauthenticated) for a key that no display has, or whose
/// person is not active; [`Error::NotFound`](crate::Error::NotFound) if there is no such display,
/// [`Error::Forbidden`](crate::Error::Forbidden) to whoever may not see those of others, if it is
/// another's or there is none; [`Error::Malformed`](crate::Error::Malformed) if what is stored of it
/// cannot be read.
pub async fn load(db: &impl ConnectionTrait, by: By<'_>) -> Result<Display> {
    let device = by.device::<ReadDisplays>(db).await?;
    of(db, device).await
}

/// All displays of a person with their apps and places, the oldest first. Four queries, however many
/// displays and apps there are.
///
/// # Errors
/// [`Error::Forbidden`](crate::Error::Forbidden) to whoever may not see those of others, if they are
/// another's; [`Error::Malformed`](crate::Error::Malformed) if what is stored cannot be read.
pub async fn load_all(
    db: &impl ConnectionTrait,
    actor: &Actor,
    user_id: i64,
) -> Result<Vec<Display>> {
    authority::person::<ReadDisplays>(db, actor, user_id).await?;
    of_person(db, user_id).await?.iter().map(Stored::read).collect()
}

/// Whose display it is: the key of their row.
///
/// # Errors
/// As for [`load()`].
pub async fn owner(db: &impl ConnectionTrait, by: By<'_>) -> Result<i64> {
    Ok(by.device::<ReadDisplays>(db).await?.user_id)
}

/// The display of that row, for whoever has proved a right to it already.
pub(in crate::displays) async fn of(
    db: &impl ConnectionTrait,
    device: device::Model,
) -> Result<Display> {
    stored(db, device).await?.read()
}

/// The rows that belong to that of a display, and itself.
pub(super) async fn stored(db: &impl ConnectionTrait, device: device::Model) -> Result<Stored> {
    let which = device::Column::Id.eq(device.id.as_str());
    let mut parts = Parts::load(db, which).await?;
    Ok(parts.of(device))
}

/// The rows of all displays of a person, the oldest first.
pub(super) async fn of_person(db: &impl ConnectionTrait, user_id: i64) -> Result<Vec<Stored>> {
    let which = device::Column::UserId.eq(user_id);
    let mut devices = device::Entity::find().filter(which.clone()).all(db).await?;
    devices.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
    let mut parts = Parts::load(db, which).await?;
    Ok(devices.into_iter().map(|device| parts.of(device)).collect())
}

/// What belongs to displays, by their ids.
struct Parts {
    locations: BTreeMap<String, location::Model>,
    apps: BTreeMap<String, Vec<AppRows>>,
}

impl Parts {
    async fn load(db: &impl ConnectionTrait, which: SimpleExpr) -> Result<Self> {
        let locations = location::Entity::find()
            .join(JoinType::InnerJoin, location::Relation::Device.def())
            .filter(which.clone())
            .all(db)
            .await?;
        let patterns = recurrence_pattern::Entity::find()
            .join(JoinType::InnerJoin, recurrence_pattern::Relation::App.def())
            .join(JoinType::InnerJoin, app::Relation::Device.def())
            .filter(which.clone())
            .all(db)
            .await?;
        let rows = app::Entity::find()
            .join(JoinType::InnerJoin, app::Relation::Device.def())
            .filter(which)
            .all(db)
            .await?;
        let mut patterns: BTreeMap<i64, recurrence_pattern::Model> =
            patterns.into_iter().map(|row| (row.app_id, row)).collect();
        let mut apps: BTreeMap<String, Vec<AppRows>> = BTreeMap::new();
        for row in rows {
            let pattern = patterns.remove(&row.id);
            apps.entry(row.device_id.clone()).or_default().push((row, pattern));
        }
        let locations = locations.into_iter().map(|row| (row.device_id.clone(), row)).collect();
        Ok(Self { locations, apps })
    }

    fn of(&mut self, device: device::Model) -> Stored {
        let mut apps = self.apps.remove(&device.id).unwrap_or_default();
        apps.sort_by_key(|(app, _)| (app.position, app.id));
        Stored { location: self.locations.remove(&device.id), apps, device }
    }
}
