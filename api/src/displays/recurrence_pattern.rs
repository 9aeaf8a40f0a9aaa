//! On which days apps recur, of all of them. A pattern is written with its app.

use service::entity::displays::recurrence_pattern::Entity;
use utoipa_axum::router::OpenApiRouter;

use crate::{App, plain::Plain};

const SHOWN: &[&str] = &["id", "app_id", "day_of_month", "day_of_week", "weekdays"];

pub(super) fn routes() -> OpenApiRouter<App> {
    let about = "On which days of its weeks, months or years an app recurs; written with the app.";
    let names = ("RecurrencePattern", "RecurrencePatterns");
    Plain::<Entity>::new("/api/v1/recurrence-patterns", names, about, SHOWN)
        .filters(&["id", "app_id", "day_of_month", "day_of_week"])
        .sorts(&["id", "app_id"])
        .routes()
}
