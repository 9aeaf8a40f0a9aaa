//! All that an import brings, without the keys and moments that are made up on the way.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use entity::{
    displays::{app, device, location, recurrence_pattern},
    identity::{api_key, user, user_role},
};
use sea_orm::{DatabaseConnection, EntityTrait};

/// What takes the place of a moment that nobody chose.
const NEVER: DateTime<Utc> = DateTime::UNIX_EPOCH;

/// People and what is theirs, in the order of their names.
#[derive(Debug, PartialEq)]
pub(super) struct State {
    people: Vec<user::Model>,
    /// Who has which role.
    roles: Vec<(String, i64)>,
    /// Whose the keys are, and the displays.
    keys: Vec<(String, api_key::Model)>,
    displays: Vec<(String, device::Model)>,
    apps: Vec<app::Model>,
    places: Vec<location::Model>,
    /// Of which app of which display the patterns are.
    patterns: Vec<((String, String), recurrence_pattern::Model)>,
}

impl State {
    pub(super) async fn of(db: &DatabaseConnection) -> Self {
        let people = user::Entity::find().all(db).await.unwrap();
        let names: BTreeMap<i64, String> =
            people.iter().map(|person| (person.id, person.username.clone())).collect();
        let apps = app::Entity::find().all(db).await.unwrap();
        let installed: BTreeMap<i64, (String, String)> =
            apps.iter().map(|app| (app.id, (app.device_id.clone(), app.iname.clone()))).collect();
        let roles = user_role::Entity::find().all(db).await.unwrap();
        let keys = api_key::Entity::find().all(db).await.unwrap();
        let displays = device::Entity::find().all(db).await.unwrap();
        let locations = location::Entity::find().all(db).await.unwrap();
        let patterns = recurrence_pattern::Entity::find().all(db).await.unwrap();
        let mut state = Self {
            people: people.into_iter().map(of_person).collect(),
            roles: roles.iter().map(|row| (names[&row.user_id].clone(), row.role_id)).collect(),
            keys: keys.into_iter().map(|row| (names[&row.user_id].clone(), of_key(row))).collect(),
            displays: displays
                .into_iter()
                .map(|row| (names[&row.user_id].clone(), of_display(row)))
                .collect(),
            apps: apps.into_iter().map(of_app).collect(),
            places: locations.into_iter().map(|row| location::Model { id: 0, ..row }).collect(),
            patterns: patterns
                .into_iter()
                .map(|row| (installed[&row.app_id].clone(), of_pattern(row)))
                .collect(),
        };
        state.sort();
        state
    }

    fn sort(&mut self) {
        self.people.sort_by(|one, other| one.username.cmp(&other.username));
        self.roles.sort();
        self.keys.sort_by(|(one, key), (other, another)| {
            (one, key.key_hash.expose()).cmp(&(other, another.key_hash.expose()))
        });
        self.displays.sort_by(|(_, one), (_, other)| one.id.cmp(&other.id));
        self.apps.sort_by(|one, other| {
            (&one.device_id, &one.iname).cmp(&(&other.device_id, &other.iname))
        });
        self.places.sort_by(|one, other| one.device_id.cmp(&other.device_id));
        self.patterns.sort_by(|(one, _), (other, _)| one.cmp(other));
    }

    /// The first line in which the two differ.
    pub(super) fn difference(&self, other: &Self) -> Option<String> {
        if self == other {
            return None;
        }
        let (one, two) = (format!("{self:#?}"), format!("{other:#?}"));
        let differs = one.lines().zip(two.lines()).find(|(one, two)| one != two);
        Some(match differs {
            Some((one, two)) => format!("`{}` and `{}`", one.trim(), two.trim()),
            None => "a secret, or one has more".to_owned(),
        })
    }
}

fn of_person(row: user::Model) -> user::Model {
    user::Model { id: 0, created_at: NEVER, updated_at: NEVER, ..row }
}

fn of_key(row: api_key::Model) -> api_key::Model {
    api_key::Model { id: 0, user_id: 0, created_at: NEVER, ..row }
}

fn of_display(row: device::Model) -> device::Model {
    device::Model { user_id: 0, created_at: NEVER, updated_at: NEVER, ..row }
}

fn of_app(row: app::Model) -> app::Model {
    app::Model { id: 0, created_at: NEVER, updated_at: NEVER, ..row }
}

fn of_pattern(row: recurrence_pattern::Model) -> recurrence_pattern::Model {
    recurrence_pattern::Model { id: 0, app_id: 0, ..row }
}
