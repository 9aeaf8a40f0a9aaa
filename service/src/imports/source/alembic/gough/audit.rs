//! What parts of the system had to say.

use entity::audit::system_log;
use serde_json::{Map as Object, Value as Json, json};

use super::{
    super::{
        map::Map,
        passage::{Passage, named},
    },
    form,
};
use crate::imports::Cell;

/// What a row may be about: the column, what it is called here, and the table there; the narrowest
/// first.
const SUBJECTS: [(&str, &str, &str); 3] = [
    ("job_id", "deployment_job", "deployment_jobs"),
    ("machine_id", "cloud_machine", "cloud_machines"),
    ("server_id", "server", "servers"),
];

pub(super) fn maps() -> Vec<Map> {
    vec![
        Map::of::<system_log::Entity>("system_logs")
            .same(["component", "message", "created_at"])
            .through("level", "level", level)
            .looked(["user_id"], actor)
            .looked(["details", "machine_id", "server_id", "job_id"], about)
            .last(),
    ]
}

/// A level, also as other loggers call it.
fn level(json: &Json) -> Result<Json, String> {
    let level = form::lower(json)?;
    Ok(match level.as_str() {
        Some("warn") => json!("warning"),
        Some("fatal") => json!("critical"),
        Some("notice") => json!("info"),
        _ => level,
    })
}

fn actor(passage: &mut Passage<'_>) {
    if let Some(id) = passage.json("user_id").as_i64() {
        passage.cell("actor_id", Cell::Row(named("auth_user", &[id])));
    }
}

/// A row is about one thing here; what else it names stands in its details, by what Gough called
/// it.
fn about(passage: &mut Passage<'_>) {
    let mut subject = None;
    let mut others = Object::new();
    for (column, kind, table) in SUBJECTS {
        let Some(id) = passage.json(column).as_i64() else { continue };
        let row = named(table, &[id]);
        if subject.is_none() {
            subject = Some((kind, row));
        } else {
            others.insert(column.to_owned(), json!(row));
        }
    }
    if let Some((kind, row)) = subject {
        passage.set("subject_kind", kind);
        passage.cell("subject_id", Cell::Text(String::new(), row));
    }
    let details = passage.json("details").clone();
    let mut details = match form::object(&details) {
        Ok(Json::Object(details)) => details,
        _ => Object::new(),
    };
    if !others.is_empty() {
        details.insert("gough".to_owned(), Json::Object(others));
    }
    if !details.is_empty() {
        passage.set("details", details);
    }
}
