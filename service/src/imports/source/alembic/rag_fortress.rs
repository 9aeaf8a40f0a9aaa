//! RAG Fortress, revision 002: people with roles and permissions, and settings.

use entity::{
    identity::{permission, role, role_permission, user, user_role},
    settings::application_setting::{self, DataType},
};
use sea_orm::ActiveEnum as _;
use serde_json::{Value as Json, json};

use super::{
    map::{Map, System},
    passage::Passage,
    person,
};
use crate::settings::Value;

pub(super) fn system() -> System {
    let maps = vec![
        Map::of::<user::Entity>("users")
            .looked(["username", "email"], person::name)
            .looked(["password_hash"], person::password)
            .same(["full_name", "bio", "is_active", "is_verified", "created_at", "updated_at"]),
        Map::of::<role::Entity>("roles").looked(["name"], person::role_name).same([
            "description",
            "is_system",
            "created_at",
            "updated_at",
        ]),
        Map::of::<permission::Entity>("permissions").same([
            "code",
            "resource",
            "action",
            "description",
            "created_at",
            "updated_at",
        ]),
        Map::of::<user_role::Entity>("user_roles")
            .keyed(&["user_id", "role_id"])
            .same(["user_id", "role_id"]),
        Map::of::<role_permission::Entity>("role_permissions")
            .keyed(&["role_id", "permission_id"])
            .same(["role_id", "permission_id"]),
        Map::of::<application_setting::Entity>("application_settings")
            .same(["key", "description", "is_mutable", "category", "created_at", "updated_at"])
            .looked(["value", "data_type"], setting),
    ];
    System::of("RAG Fortress", "rag-fortress", &["002"], maps)
}

/// The value of a setting in the one form that it has here.
fn setting(passage: &mut Passage<'_>) {
    let kind = passage.text("data_type").unwrap_or_else(|| "string".to_owned()).to_lowercase();
    let given = passage.json("value").clone();
    let Ok(data_type) = DataType::try_from_value(&kind) else {
        let why = format!("it is none of {}", DataType::values().join(", "));
        return passage.refuse("data_type", &json!(kind), &why);
    };
    let text = given.as_str().unwrap_or_default();
    match canonical(data_type, text) {
        Ok(value) => {
            passage.set("data_type", kind);
            passage.set("value", value);
        }
        // What it is worth can be a secret of whoever wrote it.
        Err(why) => passage.refuse("value", &Json::Null, &why),
    }
}

/// The text that stands for a value that Python has written.
fn canonical(data_type: DataType, text: &str) -> Result<String, String> {
    let trimmed = text.trim();
    let value = match data_type {
        DataType::String => Value::String(text.to_owned()),
        DataType::Boolean => match trimmed.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Value::Boolean(true),
            "false" | "0" | "no" | "off" => Value::Boolean(false),
            _ => return Err("it is neither true nor false".to_owned()),
        },
        DataType::Integer => {
            Value::Integer(trimmed.parse().map_err(|_| "it is no whole number".to_owned())?)
        }
        DataType::Float => Value::Float(trimmed.parse().map_err(|_| "it is no number".to_owned())?),
        DataType::Json => {
            let document = serde_json::from_str(trimmed);
            Value::Json(document.map_err(|error| format!("it is no JSON: {error}"))?)
        }
    };
    value.to_text().map_err(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_written_in_its_one_form() {
        for (data_type, text, expected) in [
            (DataType::String, " True ", " True "),
            (DataType::Boolean, "True", "true"),
            (DataType::Boolean, "0", "false"),
            (DataType::Integer, "007", "7"),
            (DataType::Float, "1.50", "1.5"),
            (DataType::Float, "5", "5.0"),
            (DataType::Json, "{\"b\": 1, \"a\": [ ]}", "{\"a\":[],\"b\":1}"),
        ] {
            assert_eq!(canonical(data_type, text).as_deref(), Ok(expected), "{text}");
        }
        for (data_type, text) in [
            (DataType::Boolean, "maybe"),
            (DataType::Integer, "1.5"),
            (DataType::Float, "inf"),
            (DataType::Json, "{'a': 1}"),
        ] {
            assert!(canonical(data_type, text).is_err(), "{text}");
        }
    }
}
