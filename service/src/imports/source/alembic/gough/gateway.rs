//! The APIs that are offered through the gateway.

use entity::gateway::api_definition;

use super::{super::map::Map, form};

pub(super) fn maps() -> Vec<Map> {
    vec![
        Map::record::<api_definition::Entity>("api_definitions")
            .same(["name", "version", "path", "description", "openapi_spec", "enabled"])
            .same(["created_at", "updated_at"])
            .through("method", "method", form::upper)
            .may_be_missing(),
    ]
}
