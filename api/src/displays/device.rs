//! Displays of people. Everybody does with their own what they like; whoever does it with those of
//! others has a right to it.

use axum::{extract::State, http::StatusCode};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use service::{
    audit::audited,
    displays::{
        By,
        display::{self, Display, Part},
        key,
    },
    merge::merged,
    records::Document,
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    body::DisplayBody,
    out::{self, DisplayOut, DisplaysSaved},
};
use crate::{
    App, Problem,
    auth::Who,
    created::Created,
    extract::{Json, Path, object, objects, some_object, some_objects},
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, add, save_all))
        .routes(routes!(save))
        .routes(routes!(show, update, delete))
        .routes(routes!(new_key))
}

/// All displays of a person, the oldest first.
#[utoipa::path(get, path = "/api/v1/users/{id}/devices", operation_id = "listDisplays", tag = "displays", params(("id" = i64, Path)), responses((status = 200, body = [DisplayOut])))]
async fn list(
    State(app): State<App>,
    Who(caller): Who,
    Path(user_id): Path<i64>,
) -> Result<Json<Vec<DisplayOut>>, Problem> {
    let displays = display::load_all(&app.db, &caller.actor, user_id).await?;
    Ok(Json(displays.iter().map(|display| DisplayOut::of(display, user_id)).collect()))
}

/// Makes a display of a person. It gets an id that is free.
#[utoipa::path(post, path = "/api/v1/users/{id}/devices", operation_id = "addDisplay", tag = "displays", params(("id" = i64, Path)), responses((status = 201, body = DisplaysSaved, headers(("location" = String, description = "The path of what was made.")))))]
async fn add(
    State(app): State<App>,
    Who(caller): Who,
    Path(user_id): Path<i64>,
    Json(input): Json<DisplayBody>,
) -> Result<Created<DisplaysSaved>, Problem> {
    let display = input.read(None)?;
    let App { db, world, .. } = &app;
    let saved = display::save(db, world, &caller.actor, user_id, &display, None).await?;
    let id = saved.added.iter().find_map(|part| match part {
        Part::Display(id) => Some(id.as_str()),
        _ => None,
    });
    let path = format!("/api/v1/devices/{}", id.unwrap_or_default());
    Ok(Created { path, body: saved.into() })
}

/// A display among those of a person.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DisplayNamed {
    /// Eight hexadecimal digits; none where it is to be made and gets one.
    #[schema(pattern = "^[0-9A-Fa-f]{8}$")]
    id: Option<String>,
    #[serde(deserialize_with = "object")]
    display: DisplayBody,
}

impl DisplayNamed {
    fn read(self) -> Result<Display, Problem> {
        self.display.read(self.id.map(|id| id.to_ascii_lowercase()))
    }
}

/// What the displays of a person are to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DisplaysSave {
    #[serde(deserialize_with = "objects")]
    displays: Vec<DisplayNamed>,
    /// What this started from, where that shall be there still.
    #[serde(default, deserialize_with = "some_objects")]
    expected: Option<Vec<DisplayNamed>>,
}

/// Makes these the displays of a person: those that are not among them go.
#[utoipa::path(put, path = "/api/v1/users/{id}/devices", operation_id = "saveDisplays", tag = "displays", params(("id" = i64, Path)), responses((status = 200, body = DisplaysSaved)))]
async fn save_all(
    State(app): State<App>,
    Who(caller): Who,
    Path(user_id): Path<i64>,
    Json(input): Json<DisplaysSave>,
) -> Result<Json<DisplaysSaved>, Problem> {
    let DisplaysSave { displays, expected } = input;
    let displays = read_all(displays)?;
    let expected = expected.map(read_all).transpose()?;
    let (App { db, world, .. }, actor) = (&app, &caller.actor);
    let saved = display::save_all(db, world, actor, user_id, &displays, expected.as_deref());
    Ok(Json(saved.await?.into()))
}

fn read_all(displays: Vec<DisplayNamed>) -> Result<Vec<Display>, Problem> {
    displays.into_iter().map(DisplayNamed::read).collect()
}

/// What a display is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DisplaySave {
    #[serde(deserialize_with = "object")]
    display: DisplayBody,
    /// What this started from, where that shall be there still.
    #[serde(default, deserialize_with = "some_object")]
    expected: Option<DisplayBody>,
}

/// Makes or changes the display of a person that has that id: eight hexadecimal digits.
#[utoipa::path(put, path = "/api/v1/users/{id}/devices/{device_id}", operation_id = "saveDisplay", tag = "displays", params(("id" = i64, Path), ("device_id" = String, Path)), responses((status = 200, body = DisplaysSaved)))]
async fn save(
    State(app): State<App>,
    Who(caller): Who,
    Path((user_id, device_id)): Path<(i64, String)>,
    Json(input): Json<DisplaySave>,
) -> Result<Json<DisplaysSaved>, Problem> {
    let id = device_id.to_ascii_lowercase();
    let display = input.display.read(Some(id.clone()))?;
    let expected = input.expected.map(|body| body.read(Some(id))).transpose()?;
    let (App { db, world, .. }, actor) = (&app, &caller.actor);
    let saved = display::save(db, world, actor, user_id, &display, expected.as_ref()).await?;
    Ok(Json(saved.into()))
}

/// A display, with its place and its apps.
#[utoipa::path(get, path = "/api/v1/devices/{id}", operation_id = "showDisplay", tag = "displays", params(("id" = String, Path)), responses((status = 200, body = DisplayOut)))]
async fn show(
    State(app): State<App>,
    Who(caller): Who,
    Path(id): Path<String>,
) -> Result<Json<DisplayOut>, Problem> {
    out::shown(&app, By::Actor(&caller.actor, &id)).await
}

/// What changes of a display, as RFC 7396 has it: what is absent stays, null is what a new display
/// has.
#[derive(Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = Object)]
struct DisplayChanges(Document);

/// Changes a display. A list of apps takes the place of all of them.
#[utoipa::path(patch, path = "/api/v1/devices/{id}", operation_id = "updateDisplay", tag = "displays", params(("id" = String, Path)), responses((status = 200, body = DisplaysSaved)))]
async fn update(
    State(app): State<App>,
    Who(caller): Who,
    Path(id): Path<String>,
    Json(input): Json<DisplayChanges>,
) -> Result<Json<DisplaysSaved>, Problem> {
    let (App { db, world, .. }, actor) = (&app, &caller.actor);
    let before = display::load(db, By::Actor(actor, &id)).await?;
    let user_id = display::owner(db, By::Actor(actor, &id)).await?;
    let document = serde_json::to_value(DisplayBody::from(&before))
        .expect("what people say about a display is a document");
    let document = merged(document, &Value::Object(input.0));
    let body: DisplayBody =
        serde_json::from_value(document).map_err(|error| Problem::invalid(&error.to_string()))?;
    let display = body.read(before.device.id.clone())?;
    let saved = display::save(db, world, actor, user_id, &display, Some(&before)).await?;
    Ok(Json(saved.into()))
}

/// Removes a display with all that belongs to it.
#[utoipa::path(delete, path = "/api/v1/devices/{id}", operation_id = "deleteDisplay", tag = "displays", params(("id" = String, Path)), responses((status = 204)))]
async fn delete(
    State(app): State<App>,
    Who(caller): Who,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    display::delete(&app.db, &caller.actor, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The new key of a display, which is shown this once. All that there is of the display can be read
/// with it.
#[derive(Serialize, ToSchema)]
struct DisplayKey {
    key: String,
}

/// Gives a display a new key; the one before lets nobody in any more.
#[utoipa::path(post, path = "/api/v1/devices/{id}/key", operation_id = "renewDisplayKey", tag = "displays", params(("id" = String, Path)), responses((status = 200, body = DisplayKey)))]
async fn new_key(
    State(app): State<App>,
    Who(caller): Who,
    Path(id): Path<String>,
) -> Result<Json<DisplayKey>, Problem> {
    let (actor, world, id) = (&caller.actor, &app.world, id.as_str());
    let made = audited(&app.db, world, |unit, _| Box::pin(key::make(unit, world, actor, id)));
    Ok(Json(DisplayKey { key: made.await?.expose_secret().to_owned() }))
}
