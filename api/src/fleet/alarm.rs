//! Alerts that were raised: who was told, and how it ended.

use axum::extract::State;
use serde::Deserialize;
use service::{
    audit::audited,
    entity::fleet::alert_history::Entity,
    fleet::alarm::{self, Model},
    records::Document,
    rights::{ReportResults, UpdateFleet},
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    auth::By,
    extract::{Json, Path},
    plain::{Plain, document},
};

const PATH: &str = "/api/v1/alert-history";

/// By how many channels one message goes.
const MOST_CHANNELS: usize = 100;

const SHOWN: &[&str] = &[
    "id",
    "alert_id",
    "resolved_by_id",
    "triggered_by",
    "trigger_data",
    "notification_channels_used",
    "resolution_notes",
    "notification_sent",
    "triggered_at",
    "resolved_at",
];

pub(super) fn routes() -> OpenApiRouter<App> {
    let about = "Alerts that were raised. One is open while `resolved_at` is empty.";
    Plain::<Entity>::new(PATH, ("RaisedAlert", "RaisedAlerts"), about, SHOWN)
        .filters(&[
            "id",
            "alert_id",
            "resolved_by_id",
            "triggered_by",
            "notification_sent",
            "triggered_at",
            "resolved_at",
        ])
        .sorts(&["id", "triggered_at", "resolved_at"])
        .routes()
        .routes(routes!(notified))
        .routes(routes!(resolve))
}

/// Raised alerts as they are sent.
pub(super) fn shown(raised: &[Model]) -> Vec<Document> {
    raised.iter().map(|row| document::<Entity>(row, SHOWN).0).collect()
}

/// The channels that took a message.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct UsedChannels {
    /// Their names, of up to 255 characters each.
    #[schema(min_items = 1, max_items = 100)]
    channels: Vec<String>,
}

/// Notes by which channels the message about a raised alert went, besides those before.
#[utoipa::path(post, path = "/api/v1/alert-history/{id}/notified", operation_id = "reportAlertNotified", tag = "fleet", params(("id" = i64, Path)), responses((status = 200, body = ref("#/components/schemas/RaisedAlert"))))]
async fn notified(
    State(app): State<App>,
    By(by): By<ReportResults>,
    Path(id): Path<i64>,
    Json(input): Json<UsedChannels>,
) -> Result<Json<Document>, Problem> {
    if input.channels.len() > MOST_CHANNELS {
        return Err(Problem::invalid(&format!("{MOST_CHANNELS} `channels` are the most")));
    }
    let row = alarm::notified(&app.db, &app.world, &by, id, &input.channels).await?;
    Ok(document::<Entity>(&row, SHOWN))
}

/// How a raised alert ended.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AlertSettled {
    /// Up to 10 000 characters.
    notes: Option<String>,
}

/// Settles a raised alert, once and for good.
#[utoipa::path(post, path = "/api/v1/alert-history/{id}/resolve", operation_id = "resolveAlert", tag = "fleet", params(("id" = i64, Path)), responses((status = 200, body = ref("#/components/schemas/RaisedAlert"))))]
async fn resolve(
    State(app): State<App>,
    By(by): By<UpdateFleet>,
    Path(id): Path<i64>,
    Json(input): Json<AlertSettled>,
) -> Result<Json<Document>, Problem> {
    let (by, notes) = (&by, &input.notes);
    let row = audited(&app.db, &app.world, |unit, _| {
        Box::pin(alarm::resolve(unit, by, id, notes.clone()))
    });
    Ok(document::<Entity>(&row.await?, SHOWN))
}
