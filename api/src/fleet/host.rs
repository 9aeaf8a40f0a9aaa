//! Hosts as Fleet knows them, and which of them are heard of.

use axum::extract::State;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use service::{
    entity::fleet::fleet_host::Entity,
    fleet::{
        answer,
        host::{self, Sighting, Silent},
    },
    records::Document,
    rights::{ReadFleet, ReportResults},
};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    auth::By,
    extract::{Json, Path, Query},
    plain::{Plain, document},
};

const PATH: &str = "/api/v1/fleet-hosts";

const SHOWN: &[&str] = &[
    "id",
    "machine_id",
    "server_id",
    "fleet_host_id",
    "hostname",
    "uuid",
    "status",
    "platform",
    "osquery_version",
    "enrolled_at",
    "last_seen_at",
    "created_at",
    "updated_at",
];

const WRITTEN: &[&str] = &[
    "machine_id",
    "server_id",
    "fleet_host_id",
    "hostname",
    "uuid",
    "platform",
    "osquery_version",
    "enrolled_at",
];

pub(super) fn routes() -> OpenApiRouter<App> {
    let about = "Hosts as Fleet knows them.";
    Plain::<Entity>::new(PATH, ("FleetHost", "FleetHosts"), about, SHOWN)
        .filters(SHOWN)
        .sorts(&["id", "hostname", "enrolled_at", "last_seen_at", "created_at", "updated_at"])
        .creates(WRITTEN)
        .updates(WRITTEN)
        .deletes()
        .routes()
        .routes(routes!(seen))
        .routes(routes!(silent))
        .routes(routes!(changed))
}

/// What Fleet says of a host. What is absent stays as it was.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct HostSeen {
    /// The number that Fleet gave it.
    fleet_host_id: i64,
    /// Up to 255 characters; kept in lower case.
    hostname: String,
    /// The hardware's, up to 64 characters; kept in lower case.
    uuid: Option<String>,
    /// What it runs: `ubuntu`, `darwin`, …
    platform: Option<String>,
    osquery_version: Option<String>,
    /// When Fleet first heard of it.
    enrolled_at: Option<DateTime<Utc>>,
}

/// Notes that Fleet heard of a host, which is online then, and is added where it is new.
#[utoipa::path(post, path = "/api/v1/fleet-hosts/seen", operation_id = "reportFleetHost", tag = "fleet", responses((status = 200, body = ref("#/components/schemas/FleetHost"))))]
async fn seen(
    State(app): State<App>,
    By(by): By<ReportResults>,
    Json(input): Json<HostSeen>,
) -> Result<Json<Document>, Problem> {
    let HostSeen { fleet_host_id, hostname, uuid, platform, osquery_version, enrolled_at } = input;
    let sighting =
        Sighting { fleet_host_id, hostname, uuid, platform, osquery_version, enrolled_at };
    let row = host::seen(&app.db, &app.world, &by, &sighting).await?;
    Ok(document::<Entity>(&row, SHOWN))
}

/// For how long a host was not heard of that is taken for offline.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct HostSilence {
    #[schema(value_type = i64, minimum = 1, maximum = 4_294_967_295_i64)]
    after_seconds: u32,
}

/// How many hosts were not heard of.
#[derive(Debug, Serialize, ToSchema)]
struct SilentHosts {
    /// Those that are offline now, and were not before.
    offline: u64,
    /// Those that are given up (`mia`) now, and were not before.
    given_up: u64,
}

/// Takes the hosts for offline that were not heard of for so long, and those for lost that were not
/// for thirty days.
#[utoipa::path(post, path = "/api/v1/fleet-hosts/silent", operation_id = "markSilentFleetHosts", tag = "fleet", responses((status = 200, body = SilentHosts)))]
async fn silent(
    State(app): State<App>,
    By(by): By<ReportResults>,
    Json(input): Json<HostSilence>,
) -> Result<Json<SilentHosts>, Problem> {
    let after = TimeDelta::seconds(input.after_seconds.into());
    let Silent { offline, given_up } = host::silent(&app.db, &app.world, &by, after).await?;
    Ok(Json(SilentHosts { offline, given_up }))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Answered {
    /// The name of the query.
    query_name: String,
}

/// Whether the last answer of a host to a query is another one than that before it.
#[derive(Debug, Serialize, ToSchema)]
struct ChangedAnswer {
    /// Null while there are not two.
    has_changed: Option<bool>,
}

/// Whether the last two answers of a host to a query differ, the last by its own clock.
#[utoipa::path(get, path = "/api/v1/fleet-hosts/{id}/changed", operation_id = "showWhetherAnswerChanged", tag = "fleet", params(("id" = i64, Path), Answered), responses((status = 200, body = ChangedAnswer)))]
async fn changed(
    State(app): State<App>,
    By(by): By<ReadFleet>,
    Path(id): Path<i64>,
    Query(of): Query<Answered>,
) -> Result<Json<ChangedAnswer>, Problem> {
    let has_changed = answer::changed(&app.db, &by, id, &of.query_name).await?;
    Ok(Json(ChangedAnswer { has_changed }))
}
