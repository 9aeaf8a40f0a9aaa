//! Displays as they are answered, and what became of a save.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};
use service::displays::{
    self,
    display::{self, App, Display, Part, Saved},
};
use utoipa::ToSchema;

use super::{body::DisplayBody, installed::DisplayApp};
use crate::{Problem, extract::Json};

/// A display as it is.
#[derive(Serialize, ToSchema)]
pub(super) struct DisplayOut {
    id: String,
    /// Whose it is.
    user_id: i64,
    /// What people say about it, as a save takes it.
    display: DisplayBody,
    seen: DisplaySeen,
    /// How its apps were rendered.
    rendered: Vec<DisplayRendered>,
}

/// What came from a display itself.
#[derive(Serialize, ToSchema)]
struct DisplaySeen {
    /// Whether it has a key to prove itself by.
    has_key: bool,
    /// How far it has come in the round of its apps.
    last_app_position: i32,
    /// What it says of itself.
    #[schema(value_type = Object)]
    info: Map<String, Value>,
    last_seen_at: Option<DateTime<Utc>>,
    created_at: Option<DateTime<Utc>>,
    updated_at: Option<DateTime<Utc>>,
}

/// How an app was last rendered.
#[derive(Serialize, ToSchema)]
struct DisplayRendered {
    iname: String,
    /// Never, without.
    at: Option<DateTime<Utc>>,
    duration_ms: i32,
    /// Whether there was nothing to see.
    was_empty: bool,
    /// What there was to say.
    messages: Vec<String>,
}

impl DisplayOut {
    /// The display of that person.
    pub(super) fn of(display: &Display, user_id: i64) -> Self {
        let seen = display.seen.clone();
        Self {
            id: display.device.id.clone().unwrap_or_default(),
            user_id,
            display: display.into(),
            seen: DisplaySeen {
                has_key: seen.has_key,
                last_app_position: seen.last_app_position,
                info: seen.info,
                last_seen_at: seen.last_seen_at,
                created_at: seen.created_at,
                updated_at: seen.updated_at,
            },
            rendered: display.apps.iter().map(Into::into).collect(),
        }
    }
}

impl From<&App> for DisplayRendered {
    fn from(app: &App) -> Self {
        let rendered = app.rendered.clone();
        Self {
            iname: app.iname.clone(),
            at: rendered.at,
            duration_ms: rendered.duration_ms,
            was_empty: rendered.was_empty,
            messages: rendered.messages,
        }
    }
}

/// The display that somebody asks for.
pub(super) async fn shown(
    app: &crate::App,
    by: displays::By<'_>,
) -> Result<Json<DisplayOut>, Problem> {
    let display = display::load(&app.db, by).await?;
    let user_id = display::owner(&app.db, by).await?;
    Ok(Json(DisplayOut::of(&display, user_id)))
}

/// An app of a display as it is.
#[derive(Serialize, ToSchema)]
pub(super) struct DisplayAppOut {
    /// What people say about it, as a save takes it.
    app: DisplayApp,
    rendered: DisplayRendered,
}

impl From<App> for DisplayAppOut {
    fn from(app: App) -> Self {
        Self { app: (&app).into(), rendered: (&app).into() }
    }
}

/// What a save did. What was as it should be is not named.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DisplaysSaved {
    added: Vec<DisplayPart>,
    changed: Vec<DisplayPart>,
    removed: Vec<DisplayPart>,
}

/// A part of a save: a display, its place, or one of its apps.
#[derive(Debug, Serialize, ToSchema)]
struct DisplayPart {
    kind: DisplayPartKind,
    /// The id of the display.
    device_id: String,
    /// The installation, of an app.
    iname: Option<String>,
}

/// What a part is.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum DisplayPartKind {
    Display,
    Location,
    App,
}

impl From<Saved> for DisplaysSaved {
    fn from(saved: Saved) -> Self {
        let Saved { added, changed, removed } = saved;
        Self { added: parts(added), changed: parts(changed), removed: parts(removed) }
    }
}

fn parts(parts: Vec<Part>) -> Vec<DisplayPart> {
    parts.into_iter().map(Into::into).collect()
}

impl From<Part> for DisplayPart {
    fn from(part: Part) -> Self {
        let (kind, device_id, iname) = match part {
            Part::Display(id) => (DisplayPartKind::Display, id, None),
            Part::Location(id) => (DisplayPartKind::Location, id, None),
            Part::App(id, iname) => (DisplayPartKind::App, id, Some(iname)),
        };
        Self { kind, device_id, iname }
    }
}
