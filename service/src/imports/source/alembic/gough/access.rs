//! Agents that open shells, what lets them in, authorities that sign, and who had a shell.

use entity::access::{access_agent, enrollment_key, shell_session, ssh_ca_config};
use serde_json::{Value as Json, json};

use super::{
    super::{
        map::Map,
        passage::{Passage, named},
        reads::Said,
        value,
    },
    form,
    resource::resource,
};
use crate::imports::Cell;

/// The table of what lets agents in.
const KEYS: &str = "enrollment_keys";

/// Why people had a shell of whom Gough did not ask it.
const REASON: &str = "imported from Gough";

/// For how long a certificate is good at most, unless an authority says otherwise.
const LONGEST: i64 = 28_800;

pub(super) fn maps() -> Vec<Map> {
    vec![
        Map::record::<enrollment_key::Entity>(KEYS)
            .same(["expires_at", "created_at"])
            .renamed([("created_by", "created_by_id")])
            .through("metadata", "attributes", form::object)
            .looked(["key_hash"], key_hash)
            .looked(["is_used"], uses)
            .without(["used_by_agent"], "the agent says here by which key it came"),
        Map::record::<access_agent::Entity>("access_agents")
            .same(["agent_id", "hostname", "ip_address", "status", "created_at", "updated_at"])
            .renamed([("last_heartbeat", "last_heartbeat_at")])
            .through("capabilities", "capabilities", form::list)
            .looked(["enrollment_key_hash"], key)
            .looked(["enrollment_completed"], enrolled)
            .without(["jwt_token_id"], "an agent has a token of its own here, and enrols anew")
            .finding(KEYS, ["key_hash", "id"], hash_named)
            .finding(KEYS, ["used_by_agent", "id"], agent_named),
        Map::record::<ssh_ca_config::Entity>("ssh_ca_config")
            .same(["ca_name", "ca_type", "public_key", "private_key_vault_path"])
            .same(["cert_validity_seconds", "max_validity_seconds", "is_active", "created_at"])
            .through("principals_allowed", "principals_allowed", form::list)
            .looked([], longest),
        Map::of::<shell_session::Entity>("shell_sessions")
            .same(["session_id", "user_id", "team_id", "agent_id", "session_type"])
            .same(["started_at", "ended_at", "client_ip", "audit_log_path"])
            .looked(["resource_type", "resource_id"], resource)
            .looked([], reason)
            .last(),
    ]
}

fn key_hash(passage: &mut Passage<'_>) {
    let hash = passage.text("key_hash").unwrap_or_default().trim().to_lowercase();
    if form::is_hash(&hash) {
        return passage.set("key_hash", hash);
    }
    let why = "no key can be looked up by a hash of its kind; make a new key";
    passage.refuse("key_hash", &Json::Null, why);
}

fn uses(passage: &mut Passage<'_>) {
    let uses = i32::from(passage.is("is_used"));
    passage.set("use_count", uses);
}

/// The key by which an agent came: that which has its hash, or else that which says so.
fn key(passage: &mut Passage<'_>) {
    let by_hash = passage.text("enrollment_key_hash");
    let by_hash = by_hash.and_then(|hash| passage.found(KEYS, "key_hash", &hash));
    let own = passage.json("id").to_string();
    let key = by_hash.or_else(|| passage.found(KEYS, "used_by_agent", &own));
    if let Some(key) = key.and_then(|key| key.parse::<i64>().ok()) {
        passage.cell("enrollment_key_id", Cell::Row(named(KEYS, &[key])));
    }
}

fn hash_named(said: &Said) -> Vec<String> {
    said.get("enrollment_key_hash").and_then(value::text).into_iter().collect()
}

fn agent_named(said: &Said) -> Vec<String> {
    said.get("id").and_then(value::text).into_iter().collect()
}

fn enrolled(passage: &mut Passage<'_>) {
    if passage.is("enrollment_completed")
        && let Some(made) = passage.moment("created_at")
    {
        passage.set("enrolled_at", made);
    }
}

/// An authority always has a longest time here, which is no shorter than its usual one.
fn longest(passage: &mut Passage<'_>) {
    let usual = passage.json("cert_validity_seconds").as_i64().unwrap_or_default();
    if !passage.gets("max_validity_seconds") {
        passage.set("max_validity_seconds", usual.max(LONGEST));
    }
}

fn reason(passage: &mut Passage<'_>) {
    passage.set("reason", json!(REASON));
}
