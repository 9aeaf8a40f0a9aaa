//! Teams, who belongs to them, and what they share.

use std::collections::BTreeSet;

use entity::teams::{resource_assignment, resource_team, team_member};
use serde_json::{Value as Json, json};

use super::{
    super::{map::Map, passage::Passage, person},
    form,
    resource::resource,
};
use crate::{teams::access::ResourcePermission, text};

/// The longest name of a team.
const LONGEST: usize = 255;

pub(super) fn maps() -> Vec<Map> {
    vec![
        Map::of::<resource_team::Entity>("resource_teams")
            .looked(["name"], name)
            .same(["description", "is_active", "created_at", "updated_at"])
            .renamed([("created_by", "created_by_id")])
            .through("metadata", "attributes", form::object),
        Map::of::<team_member::Entity>("team_members")
            .same(["team_id", "user_id", "role", "added_at", "expires_at"])
            .renamed([("added_by", "added_by_id")])
            .looked([], end),
        Map::of::<resource_assignment::Entity>("resource_assignments")
            .same(["team_id", "assigned_at"])
            .renamed([("assigned_by", "assigned_by_id")])
            .through("permissions", "permissions", permissions)
            .looked(["resource_type", "resource_id"], resource)
            .last(),
    ]
}

fn name(passage: &mut Passage<'_>) {
    let name = passage.text("name").unwrap_or_default();
    match text::name("name of a team", &name, LONGEST) {
        Ok(name) => {
            passage.set("name", name.shown);
            passage.set("name_key", name.key);
        }
        Err(error) => person::refuse(passage, "name", error),
    }
}

/// The membership of an owner has no end.
fn end(passage: &mut Passage<'_>) {
    let is_owner = passage.text("role").is_some_and(|role| role.trim().to_lowercase() == "owner");
    if is_owner && passage.gets("expires_at") {
        let end = passage.json("expires_at").clone();
        passage.warn("expires_at", &end, "the membership of an owner has no end here");
        passage.set("expires_at", Json::Null);
    }
}

/// What a team may do, each once and in order.
fn permissions(json: &Json) -> Result<Json, String> {
    let Json::Array(words) = form::list(json)? else { return Err("it is no list".to_owned()) };
    let permission = |word: &Json| {
        let word = word.as_str().unwrap_or_default().trim().to_lowercase();
        ResourcePermission::named(&word).ok()
    };
    let permissions: Option<BTreeSet<_>> = words.iter().map(permission).collect();
    let permissions = permissions.filter(|some| !some.is_empty()).ok_or_else(|| {
        let known = ResourcePermission::ALL.map(ResourcePermission::name).join(", ");
        format!("it is a list of {known}, and not empty")
    })?;
    Ok(json!(permissions.into_iter().map(ResourcePermission::name).collect::<Vec<_>>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permissions_are_read_in_whatever_form_they_were_kept() {
        let json = "[\"write\", \"read\"]";
        for text in [json, "write,read", "WRITE, Read, read", "['read', 'write']"] {
            assert_eq!(permissions(&json!(text)), Ok(json!(["read", "write"])), "{text}");
        }
        for text in ["", "[]", "own", "read,own"] {
            assert!(permissions(&json!(text)).is_err(), "{text}");
        }
    }
}
