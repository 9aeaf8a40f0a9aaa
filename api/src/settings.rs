//! Settings.

use axum::{extract::State, http::HeaderMap};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value as Document;
use service::{
    rights::{ReadSettings, UpdateSettings},
    seen::Seen,
    settings::{self, Setting, Value},
};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    auth::By,
    extract::{Json, Path, Query},
    tagged::{self, Tagged},
};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(show, set))
}

/// A setting as it stands.
#[derive(Debug, Serialize, ToSchema)]
struct SettingOut {
    key: String,
    /// Of the type that `data_type` says.
    #[schema(value_type = serde_json::Value)]
    value: Document,
    /// `string`, `integer`, `float`, `boolean` or `json`.
    data_type: &'static str,
    description: Option<String>,
    /// Whether it may be changed while the system runs.
    is_mutable: bool,
    category: Option<String>,
    updated_at: DateTime<Utc>,
}

impl From<Setting> for SettingOut {
    fn from(setting: Setting) -> Self {
        let Setting { key, value, description, is_mutable, category, updated_at } = setting;
        let (data_type, value) = match value {
            Value::String(text) => ("string", text.into()),
            Value::Integer(number) => ("integer", number.into()),
            Value::Float(number) => ("float", number.into()),
            Value::Boolean(is_so) => ("boolean", is_so.into()),
            Value::Json(document) => ("json", document),
        };
        Self { key, value, data_type, description, is_mutable, category, updated_at }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Which {
    /// Only those of this category.
    category: Option<String>,
}

/// Settings by category, then by key.
#[utoipa::path(get, path = "/api/v1/settings", operation_id = "listSettings", tag = "settings", params(Which), responses((status = 200, body = [SettingOut])))]
async fn list(
    State(app): State<App>,
    By(by): By<ReadSettings>,
    Query(which): Query<Which>,
) -> Result<Json<Vec<SettingOut>>, Problem> {
    let settings = match which.category {
        Some(category) => settings::by_category(&app.db, &by, Some(&category)).await?,
        None => settings::list(&app.db, &by).await?,
    };
    Ok(Json(settings.into_iter().map(Into::into).collect()))
}

/// A setting.
#[utoipa::path(get, path = "/api/v1/settings/{key}", operation_id = "showSetting", tag = "settings", params(("key" = String, Path)), responses((status = 200, body = SettingOut, headers(("etag" = String, description = "Which state of it this is, for `If-Match`.")))))]
async fn show(
    State(app): State<App>,
    By(by): By<ReadSettings>,
    Path(key): Path<String>,
) -> Result<Tagged<SettingOut>, Problem> {
    Ok(Tagged(settings::by_key(&app.db, &by, &key).await?.into()))
}

/// A value of the type that the setting holds.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewValue {
    #[schema(value_type = serde_json::Value)]
    value: Document,
}

/// Sets a setting; only while it is as `If-Match` says.
#[utoipa::path(put, path = "/api/v1/settings/{key}", operation_id = "setSetting", tag = "settings", params(("key" = String, Path), ("If-Match" = String, Header, description = "The `ETag` of the state that is to be changed; any, when it is `*`.")), responses((status = 200, body = SettingOut, headers(("etag" = String, description = "Which state of it this is, for `If-Match`.")))))]
async fn set(
    State(app): State<App>,
    By(by): By<UpdateSettings>,
    Path(key): Path<String>,
    headers: HeaderMap,
    Json(input): Json<NewValue>,
) -> Result<Tagged<SettingOut>, Problem> {
    let tags = tagged::wanted(&headers, true)?;
    let seen = tags.as_deref().map(|tags| Seen { tag: tagged::of::<Setting, SettingOut>, tags });
    let (App { db, world, .. }, value) = (&app, input.value);
    let set = settings::set_json(db, &by, world, &key, value, seen.as_ref()).await;
    Ok(Tagged(set.map_err(|error| tagged::refused(error, tags.is_some()))?.into()))
}
