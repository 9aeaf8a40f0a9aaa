//! Alerts: which answers to a query somebody must hear of.

use service::entity::fleet::fleet_alert::Entity;
use utoipa_axum::router::OpenApiRouter;

use crate::{App, plain::Plain};

const PATH: &str = "/api/v1/fleet-alerts";

const SHOWN: &[&str] = &[
    "id",
    "query_id",
    "name",
    "description",
    "alert_condition",
    "condition_parameters",
    "notification_channels",
    "severity",
    "cooldown_minutes",
    "is_active",
    "last_triggered_at",
    "created_at",
    "updated_at",
];

const WRITTEN: &[&str] = &[
    "query_id",
    "name",
    "description",
    "alert_condition",
    "condition_parameters",
    "notification_channels",
    "severity",
    "cooldown_minutes",
    "is_active",
];

pub(super) fn routes() -> OpenApiRouter<App> {
    let about = "Conditions on the rows that a query finds, and who must hear of it.";
    Plain::<Entity>::new(PATH, ("FleetAlert", "FleetAlerts"), about, SHOWN)
        .filters(&[
            "id",
            "query_id",
            "name",
            "alert_condition",
            "severity",
            "cooldown_minutes",
            "is_active",
            "last_triggered_at",
            "created_at",
            "updated_at",
        ])
        .sorts(&["id", "name", "last_triggered_at", "created_at", "updated_at"])
        .creates(WRITTEN)
        .updates(WRITTEN)
        .deletes()
        .routes()
}
