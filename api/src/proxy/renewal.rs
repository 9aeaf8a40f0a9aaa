//! Which certificates end, and what takes their place.

use axum::extract::State;
use chrono::TimeDelta;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use service::{
    audit::audited,
    entity::proxy::certificate::Entity,
    proxy::certificate::{self, Model, Renewal},
    records::{self, Document},
    rights::{Granted, ReadProxies, UpdateProxies},
};
use utoipa::{
    IntoParams, ToSchema,
    openapi::{Array, Ref},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::certificate::SHOWN;
use crate::{
    App, Problem,
    auth::By,
    extract::{Json, Path, Query},
    paged,
    plain::document,
};

/// The most days that are looked ahead.
const FARTHEST: u16 = 3650;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(expiring))
        .routes(routes!(expired))
        .routes(routes!(due))
        .routes(routes!(renew))
        .routes(routes!(fail))
}

/// Some certificates by a time, and where to go on.
#[derive(Debug, Serialize, ToSchema)]
struct TimedCertificates {
    #[schema(schema_with = rows)]
    certificates: Vec<Document>,
    /// For the parameter `after`; null behind the last ones.
    next: Option<i64>,
}

fn rows() -> Array {
    Array::new(Ref::from_schema_name("Certificate"))
}

impl TimedCertificates {
    fn of(rows: &[Model], limit: u64) -> Self {
        let is_full = rows.len() as u64 == limit;
        Self {
            certificates: rows.iter().map(|row| document::<Entity>(row, SHOWN).0).collect(),
            next: rows.last().filter(|_| is_full).map(|last| last.id),
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Soon {
    /// How many days are looked ahead: up to 3650; 30 without.
    #[param(minimum = 0, maximum = 3650)]
    within_days: Option<u16>,
    /// `next` of the list before.
    after: Option<i64>,
    /// How many at most: 1 to 100; 50 without.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u64>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Behind {
    /// `next` of the list before.
    after: Option<i64>,
    /// How many at most: 1 to 100; 50 without.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u64>,
}

/// The certificate that the list before ended with.
async fn last(
    app: &App,
    by: &Granted<ReadProxies>,
    id: Option<i64>,
) -> Result<Option<Model>, Problem> {
    match id {
        Some(id) => Ok(Some(records::by_id::<Entity>(&app.db, by, id).await?)),
        None => Ok(None),
    }
}

/// Certificates in use that will end soon, those that end first in front.
#[utoipa::path(get, path = "/api/v1/certificates/expiring", operation_id = "listExpiringCertificates", tag = "proxy", params(Soon), responses((status = 200, body = TimedCertificates)))]
async fn expiring(
    State(app): State<App>,
    By(by): By<ReadProxies>,
    Query(soon): Query<Soon>,
) -> Result<Json<TimedCertificates>, Problem> {
    let days = soon.within_days.unwrap_or(30);
    if days > FARTHEST {
        return Err(Problem::invalid(&format!("`within_days` goes up to {FARTHEST}")));
    }
    let within = TimeDelta::days(days.into());
    let (_, limit) = paged::place(None, soon.limit)?;
    let after = last(&app, &by, soon.after).await?;
    let rows =
        certificate::expiring(&app.db, &by, &app.world, within, after.as_ref(), limit).await?;
    Ok(Json(TimedCertificates::of(&rows, limit)))
}

/// Certificates in use that have ended, those that ended first in front.
#[utoipa::path(get, path = "/api/v1/certificates/expired", operation_id = "listExpiredCertificates", tag = "proxy", params(Behind), responses((status = 200, body = TimedCertificates)))]
async fn expired(
    State(app): State<App>,
    By(by): By<ReadProxies>,
    Query(behind): Query<Behind>,
) -> Result<Json<TimedCertificates>, Problem> {
    let (_, limit) = paged::place(None, behind.limit)?;
    let after = last(&app, &by, behind.after).await?;
    let rows = certificate::expired(&app.db, &by, &app.world, after.as_ref(), limit).await?;
    Ok(Json(TimedCertificates::of(&rows, limit)))
}

/// Certificates that renew themselves and are due, those that have been for longest in front.
#[utoipa::path(get, path = "/api/v1/certificates/due", operation_id = "listDueCertificates", tag = "proxy", params(Behind), responses((status = 200, body = TimedCertificates)))]
async fn due(
    State(app): State<App>,
    By(by): By<ReadProxies>,
    Query(behind): Query<Behind>,
) -> Result<Json<TimedCertificates>, Problem> {
    let (_, limit) = paged::place(None, behind.limit)?;
    let after = last(&app, &by, behind.after).await?;
    let rows = certificate::due(&app.db, &by, &app.world, after.as_ref(), limit).await?;
    Ok(Json(TimedCertificates::of(&rows, limit)))
}

/// What takes the place of a certificate.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RenewalIn {
    /// One certificate in PEM, which is good for longer than the one before.
    cert_data: String,
    /// Its private key in PEM, without a password; absent where it has that of the one before.
    #[schema(value_type = Option<String>, write_only)]
    key_data: Option<SecretString>,
    /// What signed it, in PEM.
    ca_chain: Option<String>,
}

/// Puts another certificate in the place of the one before, with its key and what signed it.
#[utoipa::path(post, path = "/api/v1/certificates/{id}/renewal", operation_id = "renewCertificate", tag = "proxy", params(("id" = i64, Path)), responses((status = 200, body = ref("#/components/schemas/Certificate"))))]
async fn renew(
    State(app): State<App>,
    By(by): By<UpdateProxies>,
    Path(id): Path<i64>,
    Json(input): Json<RenewalIn>,
) -> Result<Json<Document>, Problem> {
    let RenewalIn { cert_data, key_data, ca_chain } = input;
    let new = &Renewal { cert_data, key_data, ca_chain };
    let (by, keys) = (&by, (&app.keys, &app.world));
    let row = audited(&app.db, &app.world, |unit, _| {
        Box::pin(certificate::renewed(unit, by, keys, id, new.clone()))
    });
    Ok(document::<Entity>(&row.await?, SHOWN))
}

/// Why a certificate could not be renewed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RenewalFailure {
    /// The first 1000 characters are kept.
    because: String,
}

/// Takes down why a certificate could not be renewed. It stays as it is, and is due still.
#[utoipa::path(post, path = "/api/v1/certificates/{id}/renewal-failure", operation_id = "failCertificateRenewal", tag = "proxy", params(("id" = i64, Path)), responses((status = 200, body = ref("#/components/schemas/Certificate"))))]
async fn fail(
    State(app): State<App>,
    By(by): By<UpdateProxies>,
    Path(id): Path<i64>,
    Json(input): Json<RenewalFailure>,
) -> Result<Json<Document>, Problem> {
    let (by, because) = (&by, input.because.as_str());
    let row = audited(&app.db, &app.world, |unit, _| {
        Box::pin(certificate::renewal_failed(unit, by, id, because))
    });
    Ok(document::<Entity>(&row.await?, SHOWN))
}
