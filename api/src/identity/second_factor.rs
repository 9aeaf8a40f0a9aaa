//! The caller's second factor, and the recovery codes in its place; and ending that of others.

use axum::{extract::State, http::StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use service::{
    identity::{recovery_code, second_factor, session, totp},
    rights::UpdateUsers,
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    auth::{By, InPerson},
    extract::{Json, Path},
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(show, enrol))
        .routes(routes!(confirm))
        .routes(routes!(remove))
        .routes(routes!(replace_codes))
        .routes(routes!(remove_of))
}

/// How it stands with the caller's second factor.
#[derive(Debug, Serialize, ToSchema)]
struct SecondFactor {
    /// Whether a login needs it.
    is_enabled: bool,
    /// How many recovery codes are good still.
    recovery_codes_left: u64,
}

/// Whether the caller has a second factor, and how many recovery codes.
#[utoipa::path(get, path = "/api/v1/me/second-factor", operation_id = "showMySecondFactor", tag = "me", responses((status = 200, body = SecondFactor)))]
async fn show(
    State(app): State<App>,
    InPerson(caller): InPerson,
) -> Result<Json<SecondFactor>, Problem> {
    let second_factor::State { is_enabled, recovery_codes } =
        second_factor::state(&app.db, &caller).await?;
    Ok(Json(SecondFactor { is_enabled, recovery_codes_left: recovery_codes }))
}

/// The caller's password, once more.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EnrolIn {
    #[schema(value_type = String, write_only)]
    password: SecretString,
}

/// What the caller's device is told. Not shown again.
#[derive(Serialize, ToSchema)]
struct EnrolmentOut {
    /// An `otpauth:` URI, as devices read it from a QR code.
    uri: String,
}

/// Begins a second factor, which counts from its confirmation on. One that was not confirmed is
/// replaced.
#[utoipa::path(post, path = "/api/v1/me/second-factor", operation_id = "enrolMySecondFactor", tag = "me", responses((status = 200, body = EnrolmentOut)))]
async fn enrol(
    State(app): State<App>,
    InPerson(caller): InPerson,
    Json(input): Json<EnrolIn>,
) -> Result<Json<EnrolmentOut>, Problem> {
    let App { db, world, hasher, keys, .. } = &app;
    session::prove(db, world, hasher, &caller, &input.password).await?;
    let enrolment = totp::enrol(db, world, keys, &caller).await?;
    Ok(Json(EnrolmentOut { uri: enrolment.uri.expose_secret().to_owned() }))
}

/// What shows that the caller has the second factor.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct FactorIn {
    /// A one-time password; where a second factor is in use, a recovery code will do.
    #[schema(value_type = String, write_only)]
    otp: SecretString,
}

/// Recovery codes. Not shown again.
#[derive(Serialize, ToSchema)]
struct RecoveryCodes {
    /// Each is good for one login in the place of a one-time password.
    recovery_codes: Vec<String>,
}

impl From<Vec<SecretString>> for RecoveryCodes {
    fn from(codes: Vec<SecretString>) -> Self {
        let recovery_codes = codes.iter().map(|code| code.expose_secret().to_owned()).collect();
        Self { recovery_codes }
    }
}

/// Takes the second factor into use, by a one-time password of it: from now on a login needs one.
#[utoipa::path(post, path = "/api/v1/me/second-factor/confirmation", operation_id = "confirmMySecondFactor", tag = "me", responses((status = 200, body = RecoveryCodes)))]
async fn confirm(
    State(app): State<App>,
    InPerson(caller): InPerson,
    Json(input): Json<FactorIn>,
) -> Result<Json<RecoveryCodes>, Problem> {
    let App { db, world, hasher, keys, .. } = &app;
    let codes = second_factor::confirm(db, world, hasher, keys, &caller, &input.otp).await?;
    Ok(Json(codes.into()))
}

/// Ends the second factor, with its recovery codes.
#[utoipa::path(post, path = "/api/v1/me/second-factor/removal", operation_id = "removeMySecondFactor", tag = "me", responses((status = 204)))]
async fn remove(
    State(app): State<App>,
    InPerson(caller): InPerson,
    Json(input): Json<FactorIn>,
) -> Result<StatusCode, Problem> {
    let App { db, world, hasher, keys, bell, .. } = &app;
    second_factor::remove(db, world, hasher, keys, &caller, &input.otp).await?;
    bell.ring();
    Ok(StatusCode::NO_CONTENT)
}

/// Makes new recovery codes; those that there were are good no more.
#[utoipa::path(post, path = "/api/v1/me/second-factor/recovery-codes", operation_id = "replaceMyRecoveryCodes", tag = "me", responses((status = 200, body = RecoveryCodes)))]
async fn replace_codes(
    State(app): State<App>,
    InPerson(caller): InPerson,
    Json(input): Json<FactorIn>,
) -> Result<Json<RecoveryCodes>, Problem> {
    let App { db, world, hasher, keys, .. } = &app;
    let codes = recovery_code::replace(db, world, hasher, keys, &caller, &input.otp).await?;
    Ok(Json(codes.into()))
}

/// Ends the second factor of somebody who has lost it with the recovery codes, and all their
/// sessions. One's own is ended by showing it.
#[utoipa::path(delete, path = "/api/v1/users/{id}/second-factor", operation_id = "removeUserSecondFactor", tag = "users", params(("id" = i64, Path)), responses((status = 204)))]
async fn remove_of(
    State(app): State<App>,
    By(by): By<UpdateUsers>,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    let by = &by;
    app.rights
        .change(&app.db, |change, _| Box::pin(second_factor::remove_of(change, by, id)))
        .await?;
    app.bell.ring();
    Ok(StatusCode::NO_CONTENT)
}
