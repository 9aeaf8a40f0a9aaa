//! Apps of people's displays, one at a time, and what becomes of their pictures.

use std::time::Duration;

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use service::displays::{
    By,
    app::{self, Rendering},
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    installed::DisplayApp,
    out::{DisplayAppOut, DisplaysSaved},
};
use crate::{
    App, Problem,
    auth::Who,
    extract::{Json, Path},
};

/// How much a rendering may have to say.
const MOST_MESSAGES: usize = 100;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(show, save, delete))
        .routes(routes!(push))
        .routes(routes!(rendered))
}

/// An app of a display.
#[utoipa::path(get, path = "/api/v1/devices/{id}/apps/{iname}", operation_id = "showDisplayApp", tag = "displays", params(("id" = String, Path), ("iname" = String, Path)), responses((status = 200, body = DisplayAppOut)))]
async fn show(
    State(app): State<App>,
    Who(caller): Who,
    Path((id, iname)): Path<(String, String)>,
) -> Result<Json<DisplayAppOut>, Problem> {
    let found = app::by_iname(&app.db, By::Actor(&caller.actor, &id), &iname).await?;
    Ok(Json(found.into()))
}

/// Installs an app behind the others of a display, or changes the one of that name where it is.
#[utoipa::path(put, path = "/api/v1/devices/{id}/apps/{iname}", operation_id = "saveDisplayApp", tag = "displays", params(("id" = String, Path), ("iname" = String, Path)), responses((status = 200, body = DisplaysSaved)))]
async fn save(
    State(app): State<App>,
    Who(caller): Who,
    Path((id, iname)): Path<(String, String)>,
    Json(input): Json<DisplayApp>,
) -> Result<Json<DisplaysSaved>, Problem> {
    if input.iname != iname {
        return Err(Problem::invalid("`iname` is not that of the path"));
    }
    let wanted = input.read()?;
    let saved = app::save(&app.db, &app.world, &caller.actor, &id, &wanted).await?;
    Ok(Json(saved.into()))
}

/// Takes an app from a display, which names it no more then.
#[utoipa::path(delete, path = "/api/v1/devices/{id}/apps/{iname}", operation_id = "deleteDisplayApp", tag = "displays", params(("id" = String, Path), ("iname" = String, Path)), responses((status = 204)))]
async fn delete(
    State(app): State<App>,
    Who(caller): Who,
    Path((id, iname)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    app::delete(&app.db, &app.world, &caller.actor, &id, &iname).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes down that a picture was sent to be shown under that name. Where nothing has the name, an
/// app is installed that shows what is sent.
#[utoipa::path(post, path = "/api/v1/devices/{id}/apps/{iname}/push", operation_id = "pushDisplayApp", tag = "displays", params(("id" = String, Path), ("iname" = String, Path)), responses((status = 204)))]
async fn push(
    State(app): State<App>,
    Who(caller): Who,
    Path((id, iname)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    app::push(&app.db, &app.world, By::Actor(&caller.actor, &id), &iname).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How a rendering went.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DisplayRendering {
    /// How long it took, in milliseconds.
    #[schema(value_type = i64, minimum = 0, maximum = 2_147_483_647)]
    took_ms: u32,
    /// Whether there was nothing to see.
    #[serde(default)]
    was_empty: bool,
    /// What there was to say.
    #[serde(default)]
    #[schema(max_items = 100)]
    messages: Vec<String>,
}

impl DisplayRendering {
    /// The rendering that it describes.
    pub(super) fn read(self) -> Result<Rendering, Problem> {
        let Self { took_ms, was_empty, messages } = self;
        if messages.len() > MOST_MESSAGES {
            return Err(Problem::invalid(&format!("{MOST_MESSAGES} messages are the most")));
        }
        if i32::try_from(took_ms).is_err() {
            return Err(Problem::invalid(&format!("{} milliseconds are the most", i32::MAX)));
        }
        Ok(Rendering { took: Duration::from_millis(took_ms.into()), was_empty, messages })
    }
}

/// Takes down how an app was rendered. What pins itself is pinned by a rendering with something to
/// see, and unpinned by one without.
#[utoipa::path(post, path = "/api/v1/devices/{id}/apps/{iname}/rendering", operation_id = "recordDisplayRendering", tag = "displays", params(("id" = String, Path), ("iname" = String, Path)), responses((status = 204)))]
async fn rendered(
    State(app): State<App>,
    Who(caller): Who,
    Path((id, iname)): Path<(String, String)>,
    Json(input): Json<DisplayRendering>,
) -> Result<StatusCode, Problem> {
    let (by, rendering) = (By::Actor(&caller.actor, &id), input.read()?);
    app::rendered(&app.db, &app.world, by, &iname, &rendering).await?;
    Ok(StatusCode::NO_CONTENT)
}
