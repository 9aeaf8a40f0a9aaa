//! What is due on a display at a moment.

use axum::extract::State;
use chrono::{DateTime, Datelike as _, Utc};
use serde::{Deserialize, Serialize};
use service::displays::{
    By, display,
    due::{self, Showing},
};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    auth::Who,
    extract::{Json, Path, Query},
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show))
}

/// Which moment is meant.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Moment {
    /// Now, without; from 1970 to 2100.
    at: Option<DateTime<Utc>>,
}

impl Moment {
    /// The moment, at which a calendar can tell the days around it.
    fn read(&self, app: &App) -> Result<DateTime<Utc>, Problem> {
        let at = self.at.unwrap_or_else(|| app.world.clock.now());
        if (1970..=2100).contains(&at.year()) {
            return Ok(at);
        }
        Err(Problem::invalid("`at` goes from 1970 to 2100"))
    }
}

/// What a display shows.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DisplayShowing {
    /// The installation that is shown; none where there is nothing to show.
    iname: Option<String>,
    /// For how long.
    seconds: i32,
    /// Percent.
    brightness: i32,
    /// How far the display has come in its round with this.
    position: i32,
}

impl From<Showing> for DisplayShowing {
    fn from(showing: Showing) -> Self {
        let Showing { iname, seconds, brightness, position } = showing;
        Self { iname, seconds, brightness, position }
    }
}

/// What is due on a display at a moment.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DisplayDue {
    /// What it would show next if it asked then.
    next: DisplayShowing,
    /// The installations that are due, in the order of their turns.
    due: Vec<String>,
    /// Those that wait to be rendered.
    to_render: Vec<String>,
    /// Its brightness as a level: that of 0 to 5 which comes closest.
    level: usize,
}

/// What is due on the display that somebody asks about.
pub(super) async fn of(
    app: &App,
    by: By<'_>,
    moment: &Moment,
) -> Result<Json<DisplayDue>, Problem> {
    let at = moment.read(app)?;
    let display = display::load(&app.db, by).await?;
    Ok(Json(DisplayDue {
        due: names(&due::due(&display, at)),
        to_render: names(&due::to_render(&display, at)),
        level: display.device.scale().level(due::brightness(&display, at)),
        next: due::next(&display, at).into(),
    }))
}

fn names(apps: &[&display::App]) -> Vec<String> {
    apps.iter().map(|app| app.iname.clone()).collect()
}

/// What is due on a display at a moment, and what it would show. Nothing changes by the question.
#[utoipa::path(get, path = "/api/v1/devices/{id}/due", operation_id = "showDisplayDue", tag = "displays", params(("id" = String, Path), Moment), responses((status = 200, body = DisplayDue)))]
async fn show(
    State(app): State<App>,
    Who(caller): Who,
    Path(id): Path<String>,
    Query(moment): Query<Moment>,
) -> Result<Json<DisplayDue>, Problem> {
    of(&app, By::Actor(&caller.actor, &id), &moment).await
}
