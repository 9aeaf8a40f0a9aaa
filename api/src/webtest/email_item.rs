//! Items of mail, which workers take and process.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use serde::Deserialize;
use service::{
    audit::audited,
    entity::webtest::email_item::Entity,
    records::Document,
    rights::{CreateWebtest, UpdateWebtest, WorkEmails},
    webtest::email_item::{self, EmailSystem, NewItem},
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    auth::By,
    extract::{Json, Path},
    plain::{Plain, document},
};

const SHOWN: &[&str] = &[
    "id",
    "email_item_id",
    "multi_item_email_ids",
    "email_system",
    "test_name",
    "claimed_by",
    "multi_email_flag",
    "multi_attachment_flag",
    "requires_processing",
    "claimed_at",
    "last_processed_at",
    "created_at",
    "updated_at",
];

const UPDATED: &[&str] = &[
    "multi_item_email_ids",
    "email_system",
    "test_name",
    "multi_email_flag",
    "multi_attachment_flag",
];

pub(super) fn routes() -> OpenApiRouter<App> {
    let about = "An item of mail that tests have sent and that waits to be processed.";
    Plain::<Entity>::new("/api/v1/email-items", ("EmailItem", "EmailItems"), about, SHOWN)
        .filters(&[
            "id",
            "email_item_id",
            "email_system",
            "test_name",
            "claimed_by",
            "multi_email_flag",
            "multi_attachment_flag",
            "requires_processing",
            "claimed_at",
            "last_processed_at",
            "created_at",
            "updated_at",
        ])
        .sorts(&["id", "test_name", "claimed_at", "last_processed_at", "created_at", "updated_at"])
        .updates(UPDATED)
        .deletes()
        .routes()
        .routes(routes!(add))
        .routes(routes!(take))
        .routes(routes!(processed))
        .routes(routes!(give_back))
        .routes(routes!(reopen))
}

/// Which system under test is to read the mail.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum EmailReader {
    MinerOcr,
    TrueSourceOcr,
}

impl From<EmailReader> for EmailSystem {
    fn from(reader: EmailReader) -> Self {
        match reader {
            EmailReader::MinerOcr => Self::MinerOcr,
            EmailReader::TrueSourceOcr => Self::TrueSourceOcr,
        }
    }
}

/// An item of mail to add.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EmailItemIn {
    /// What the tracker that it comes from calls it.
    email_item_id: i64,
    /// The items that came in the same mail, by what the tracker calls them.
    #[serde(default)]
    multi_item_email_ids: Vec<i64>,
    email_system: Option<EmailReader>,
    /// The test that sent it.
    #[schema(max_length = 255)]
    test_name: Option<String>,
    #[serde(default)]
    multi_email_flag: bool,
    #[serde(default)]
    multi_attachment_flag: bool,
    /// Whether a worker is to take it.
    #[serde(default)]
    requires_processing: bool,
}

/// Adds an item; one that the tracker calls so already is given back as it is.
#[utoipa::path(post, path = "/api/v1/email-items", operation_id = "addEmailItem", tag = "webtest", responses((status = 200, body = ref("#/components/schemas/EmailItem"))))]
async fn add(
    State(app): State<App>,
    By(by): By<CreateWebtest>,
    Json(input): Json<EmailItemIn>,
) -> Result<Json<Document>, Problem> {
    let new = &NewItem {
        email_item_id: input.email_item_id,
        multi_item_email_ids: input.multi_item_email_ids,
        email_system: input.email_system.map(Into::into),
        test_name: input.test_name,
        multi_email_flag: input.multi_email_flag,
        multi_attachment_flag: input.multi_attachment_flag,
        requires_processing: input.requires_processing,
    };
    let by = &by;
    let row =
        audited(&app.db, &app.world, |unit, _| Box::pin(email_item::add(unit, by, new.clone())));
    Ok(document::<Entity>(&row.await?, SHOWN))
}

/// Who is at work.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EmailWorker {
    /// The name of the worker.
    #[schema(min_length = 1, max_length = 255)]
    worker: String,
}

/// Takes the oldest item that requires processing and that nobody has, for fifteen minutes; 204
/// where there is none.
#[utoipa::path(post, path = "/api/v1/email-items/take", operation_id = "takeEmailItem", tag = "webtest", responses((status = 200, body = ref("#/components/schemas/EmailItem")), (status = 204)))]
async fn take(
    State(app): State<App>,
    By(by): By<WorkEmails>,
    Json(input): Json<EmailWorker>,
) -> Result<Response, Problem> {
    let taken = email_item::take(&app.db, &app.world, &by, &input.worker).await?;
    Ok(match taken {
        Some(row) => document::<Entity>(&row, SHOWN).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    })
}

/// Says that a worker has processed the item that they have.
#[utoipa::path(post, path = "/api/v1/email-items/{id}/processed", operation_id = "finishEmailItem", tag = "webtest", params(("id" = i64, Path)), responses((status = 204)))]
async fn processed(
    State(app): State<App>,
    By(by): By<WorkEmails>,
    Path(id): Path<i64>,
    Json(input): Json<EmailWorker>,
) -> Result<StatusCode, Problem> {
    email_item::processed(&app.db, &app.world, &by, &input.worker, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives the item back that a worker has, for whoever asks next.
#[utoipa::path(post, path = "/api/v1/email-items/{id}/give-back", operation_id = "giveBackEmailItem", tag = "webtest", params(("id" = i64, Path)), responses((status = 204)))]
async fn give_back(
    State(app): State<App>,
    By(by): By<WorkEmails>,
    Path(id): Path<i64>,
    Json(input): Json<EmailWorker>,
) -> Result<StatusCode, Problem> {
    email_item::give_back(&app.db, &by, &input.worker, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lets an item be processed again. One that waits, or that a worker is at, stays as it is.
#[utoipa::path(post, path = "/api/v1/email-items/{id}/reopen", operation_id = "reopenEmailItem", tag = "webtest", params(("id" = i64, Path)), responses((status = 200, body = ref("#/components/schemas/EmailItem"))))]
async fn reopen(
    State(app): State<App>,
    By(by): By<UpdateWebtest>,
    Path(id): Path<i64>,
) -> Result<Json<Document>, Problem> {
    let by = &by;
    let row = audited(&app.db, &app.world, |unit, _| Box::pin(email_item::reopen(unit, by, id)));
    Ok(document::<Entity>(&row.await?, SHOWN))
}
