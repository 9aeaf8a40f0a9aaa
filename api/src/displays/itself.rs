//! A display for itself: it, and what sends it pictures, proves itself by its key.

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value};
use service::displays::{By, app, display, key};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    app::DisplayRendering,
    due::{self, DisplayDue, DisplayShowing, Moment},
    out::{self, DisplayAppOut, DisplayOut},
};
use crate::{
    App, Problem,
    auth::Key,
    extract::{Json, Path, Query},
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(show))
        .routes(routes!(next))
        .routes(routes!(due_now))
        .routes(routes!(seen))
        .routes(routes!(says))
        .routes(routes!(show_app))
        .routes(routes!(push))
        .routes(routes!(rendered))
}

/// The display that has the key, with its place and its apps.
#[utoipa::path(get, path = "/api/v1/display", operation_id = "showDisplayItself", tag = "displays", responses((status = 200, body = DisplayOut)))]
async fn show(State(app): State<App>, Key(key): Key) -> Result<Json<DisplayOut>, Problem> {
    out::shown(&app, By::Key(&key)).await
}

/// What the display shows now; it goes on from there when it asks again.
#[utoipa::path(post, path = "/api/v1/display/next", operation_id = "goOnOnDisplay", tag = "displays", responses((status = 200, body = DisplayShowing)))]
async fn next(State(app): State<App>, Key(key): Key) -> Result<Json<DisplayShowing>, Problem> {
    let showing = display::shows(&app.db, &app.world, &key).await?;
    Ok(Json(showing.into()))
}

/// What is due on the display at a moment. Nothing changes by the question.
#[utoipa::path(get, path = "/api/v1/display/due", operation_id = "showDueOnDisplayItself", tag = "displays", params(Moment), responses((status = 200, body = DisplayDue)))]
async fn due_now(
    State(app): State<App>,
    Key(key): Key,
    Query(moment): Query<Moment>,
) -> Result<Json<DisplayDue>, Problem> {
    due::of(&app, By::Key(&key), &moment).await
}

/// Writes down that the display was heard of now.
#[utoipa::path(post, path = "/api/v1/display/seen", operation_id = "recordDisplaySeen", tag = "displays", responses((status = 204)))]
async fn seen(State(app): State<App>, Key(key): Key) -> Result<StatusCode, Problem> {
    key::last_seen(&app.db, &app.world, &key).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What a display says of itself: its firmware, its protocol, its address.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DisplayInfo {
    #[schema(value_type = Object)]
    info: Map<String, Value>,
}

/// Writes down what the display says of itself, in place of what it said before.
#[utoipa::path(put, path = "/api/v1/display/info", operation_id = "recordDisplayInfo", tag = "displays", responses((status = 204)))]
async fn says(
    State(app): State<App>,
    Key(key): Key,
    Json(input): Json<DisplayInfo>,
) -> Result<StatusCode, Problem> {
    key::says(&app.db, &app.world, &key, &input.info).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// An app of the display.
#[utoipa::path(get, path = "/api/v1/display/apps/{iname}", operation_id = "showAppOnDisplayItself", tag = "displays", params(("iname" = String, Path)), responses((status = 200, body = DisplayAppOut)))]
async fn show_app(
    State(app): State<App>,
    Key(key): Key,
    Path(iname): Path<String>,
) -> Result<Json<DisplayAppOut>, Problem> {
    let found = app::by_iname(&app.db, By::Key(&key), &iname).await?;
    Ok(Json(found.into()))
}

/// Takes down that a picture was sent to be shown under that name. Where nothing has the name, an
/// app is installed that shows what is sent.
#[utoipa::path(post, path = "/api/v1/display/apps/{iname}/push", operation_id = "pushAppToDisplayItself", tag = "displays", params(("iname" = String, Path)), responses((status = 204)))]
async fn push(
    State(app): State<App>,
    Key(key): Key,
    Path(iname): Path<String>,
) -> Result<StatusCode, Problem> {
    app::push(&app.db, &app.world, By::Key(&key), &iname).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes down how an app was rendered. What pins itself is pinned by a rendering with something to
/// see, and unpinned by one without.
#[utoipa::path(post, path = "/api/v1/display/apps/{iname}/rendering", operation_id = "recordRenderingOnDisplayItself", tag = "displays", params(("iname" = String, Path)), responses((status = 204)))]
async fn rendered(
    State(app): State<App>,
    Key(key): Key,
    Path(iname): Path<String>,
    Json(input): Json<DisplayRendering>,
) -> Result<StatusCode, Problem> {
    let rendering = input.read()?;
    app::rendered(&app.db, &app.world, By::Key(&key), &iname, &rendering).await?;
    Ok(StatusCode::NO_CONTENT)
}
