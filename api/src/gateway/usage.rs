//! How often APIs are called: counted by gateways, told by day and by API.

use axum::extract::State;
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use service::{
    entity::gateway::api_definition,
    gateway::usage::{self, Call, Day, Top},
    page::MOST_PER_PAGE,
    records,
    rights::{CountUsage, ReadGateway},
};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::method::Method;
use crate::{
    App, Problem,
    auth::By,
    extract::{Json, Path, Query, objects},
};

/// How many APIs are told when nothing is said.
const USUAL: u64 = 10;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(count)).routes(routes!(by_day)).routes(routes!(top))
}

/// A call of an API that a gateway let through.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ApiCall {
    /// The key of the API's definition.
    api_id: i64,
    method: Method,
    #[schema(minimum = 100, maximum = 599)]
    status_code: i32,
    /// The key of the person who called; nobody is anonymous.
    caller: Option<i64>,
    /// How long it took, up to a day.
    #[schema(minimum = 0)]
    response_time_ms: i64,
}

impl From<ApiCall> for Call {
    fn from(call: ApiCall) -> Self {
        let ApiCall { api_id, method, status_code, caller, response_time_ms } = call;
        Self { api_id, method: method.into(), status_code, caller, response_time_ms }
    }
}

/// Calls to count, all or none of them.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ApiCalls {
    #[schema(max_items = 10000)]
    #[serde(deserialize_with = "objects")]
    calls: Vec<ApiCall>,
}

/// How many calls were counted.
#[derive(Debug, Serialize, ToSchema)]
struct CallsCounted {
    /// Without those of an API that is there no more.
    counted: u64,
}

/// Counts calls, now.
#[utoipa::path(post, path = "/api/v1/api-usage", operation_id = "countApiCalls", tag = "gateway", responses((status = 200, body = CallsCounted)))]
async fn count(
    State(app): State<App>,
    By(by): By<CountUsage>,
    Json(input): Json<ApiCalls>,
) -> Result<Json<CallsCounted>, Problem> {
    let calls: Vec<Call> = input.calls.into_iter().map(Into::into).collect();
    let counted = usage::count_many(&app.db, &app.world, &by, &calls).await?;
    Ok(Json(CallsCounted { counted }))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Span {
    /// When the first hour begins.
    from: DateTime<Utc>,
    /// Before when the last hour begins; a year later at most.
    to: DateTime<Utc>,
}

/// The calls of an API on one day that had the same kind of end.
#[derive(Debug, Serialize, ToSchema)]
struct ApiDay {
    /// In UTC.
    date: NaiveDate,
    /// The first digit of the status: 2 for 200 to 299.
    class: i32,
    calls: i64,
    /// How long they took together.
    response_time_ms_sum: i64,
    /// How long the longest took.
    response_time_ms_max: i64,
}

impl From<Day> for ApiDay {
    fn from(day: Day) -> Self {
        let Day { date, class, calls, response_time_ms_sum, response_time_ms_max } = day;
        Self { date, class, calls, response_time_ms_sum, response_time_ms_max }
    }
}

/// The calls of an API by day and kind of end. Days without a call are left out.
#[utoipa::path(get, path = "/api/v1/api-definitions/{id}/usage", operation_id = "showApiUsage", tag = "gateway", params(("id" = i64, Path), Span), responses((status = 200, body = [ApiDay])))]
async fn by_day(
    State(app): State<App>,
    By(by): By<ReadGateway>,
    Path(id): Path<i64>,
    Query(span): Query<Span>,
) -> Result<Json<Vec<ApiDay>>, Problem> {
    records::by_id::<api_definition::Entity>(&app.db, &by, id).await?;
    let days = usage::by_day(&app.db, &by, id, span.from, span.to).await?;
    Ok(Json(days.into_iter().map(Into::into).collect()))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Busiest {
    /// When the first hour begins.
    from: DateTime<Utc>,
    /// Before when the last hour begins; a year later at most.
    to: DateTime<Utc>,
    /// How many at most: 1 to 100; 10 without.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u64>,
}

/// How often an API was called.
#[derive(Debug, Serialize, ToSchema)]
struct ApiTop {
    /// The key of its definition.
    api_id: i64,
    calls: i64,
    /// How long they took together.
    response_time_ms_sum: i64,
    /// How long the longest took.
    response_time_ms_max: i64,
}

impl From<Top> for ApiTop {
    fn from(top: Top) -> Self {
        let Top { api_id, calls, response_time_ms_sum, response_time_ms_max } = top;
        Self { api_id, calls, response_time_ms_sum, response_time_ms_max }
    }
}

/// The APIs that were called most often; of those that were called as often, the oldest first.
#[utoipa::path(get, path = "/api/v1/api-usage/top", operation_id = "listBusiestApis", tag = "gateway", params(Busiest), responses((status = 200, body = [ApiTop])))]
async fn top(
    State(app): State<App>,
    By(by): By<ReadGateway>,
    Query(asked): Query<Busiest>,
) -> Result<Json<Vec<ApiTop>>, Problem> {
    let limit = asked.limit.unwrap_or(USUAL);
    if !(1..=MOST_PER_PAGE).contains(&limit) {
        return Err(Problem::invalid(&format!("`limit` goes from 1 to {MOST_PER_PAGE}")));
    }
    let top = usage::top(&app.db, &by, asked.from, asked.to, limit).await?;
    Ok(Json(top.into_iter().map(Into::into).collect()))
}
