//! Where secrets are read from. What Gough sealed stays with Gough's key.

use entity::secrets::{encrypted_secret, secret_backend};
use serde_json::json;

use super::{
    super::{map::Map, passage::Passage},
    config::config,
    default,
};

pub(super) fn maps() -> Vec<Map> {
    vec![
        Map::record::<secret_backend::Entity>("secrets_config")
            .same(["name", "backend_type", "is_active", "created_at", "updated_at"])
            .looked(["config_data"], config)
            .looked(["is_default"], default),
        Map::of::<encrypted_secret::Entity>("encrypted_secrets")
            .same(["path", "created_at", "updated_at"])
            .renamed([("created_by", "created_by_id")])
            .looked(["encrypted_data"], sealed),
    ]
}

fn sealed(passage: &mut Passage<'_>) {
    let path = passage.text("path").unwrap_or_default();
    let why = "Gough sealed it with a key that is not here; store it anew under its path";
    passage.refuse("path", &json!(path), why);
}
