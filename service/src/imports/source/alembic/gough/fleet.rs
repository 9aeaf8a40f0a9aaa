//! Hosts that run osquery, what they are asked, what they answer, and what raises an alarm.

use entity::fleet::{
    alert_history, fleet_alert, fleet_host, fleet_query, fleetdm_config, osquery_result,
    query_execution,
};
use sea_orm::ActiveEnum as _;
use serde_json::{Map as Object, Value as Json, json};

use super::{
    super::{
        map::Map,
        passage::{Passage, named},
        value,
    },
    form,
};
use crate::imports::Cell;

pub(super) fn maps() -> Vec<Map> {
    [asked(), alerts()].into_iter().flatten().collect()
}

fn asked() -> Vec<Map> {
    vec![
        Map::record::<fleetdm_config::Entity>("fleetdm_config")
            .same(["name", "fleet_url", "api_token_path", "is_active", "osquery_version"])
            .same(["enroll_secret_path", "created_at", "updated_at"]),
        Map::record::<fleet_host::Entity>("fleet_hosts")
            .same(["fleet_host_id", "hostname", "uuid", "machine_id", "server_id", "status"])
            .same(["last_seen_at", "platform", "osquery_version", "enrolled_at"])
            .same(["created_at", "updated_at"]),
        Map::record::<fleet_query::Entity>("fleet_queries")
            .same(["name", "description", "query", "fleet_query_id", "category", "is_scheduled"])
            .same(["interval_seconds", "created_at", "updated_at"])
            .renamed([("created_by", "created_by_id")]),
        Map::record::<query_execution::Entity>("query_executions")
            .same(["query_id", "campaign_id", "status", "results_count", "execution_time_ms"])
            .same(["error_message", "executed_at", "completed_at"])
            .renamed([("executed_by", "executed_by_id")])
            .looked(["target_hosts"], hosts),
        Map::record::<osquery_result::Entity>("osquery_results")
            .same(["host_id", "query_name", "result_hash", "created_at"])
            .renamed([("execution_time", "recorded_at")])
            .through("result_data", "result_data", form::document)
            .looked([], recorded),
    ]
}

fn alerts() -> Vec<Map> {
    vec![
        Map::record::<fleet_alert::Entity>("fleet_alerts")
            .same(["name", "description", "query_id", "is_active", "severity"])
            .same(["cooldown_minutes", "last_triggered_at", "created_at", "updated_at"])
            .through("notification_channels", "notification_channels", form::list)
            .looked(["alert_condition", "condition_parameters"], condition),
        Map::record::<alert_history::Entity>("alert_history")
            .same(["alert_id", "triggered_by", "notification_sent", "resolution_notes"])
            .same(["triggered_at", "resolved_at"])
            .renamed([("resolved_by", "resolved_by_id")])
            .through("trigger_data", "trigger_data", form::document)
            .through("notification_channels_used", "notification_channels_used", form::list)
            .looked(["resolved"], resolved),
    ]
}

/// The hosts in a list of keys; those that do not come are not in it.
fn hosts(passage: &mut Passage<'_>) {
    let given = passage.json("target_hosts").clone();
    let list = match form::list(&given) {
        Ok(Json::Array(list)) => list,
        Ok(_) => return,
        Err(why) => return passage.refuse("target_hosts", &given, &why),
    };
    let mut rows = Vec::with_capacity(list.len());
    for host in list {
        match value::text(&host).and_then(|text| text.trim().parse::<i64>().ok()) {
            Some(key) => rows.push(named("fleet_hosts", &[key])),
            None => passage.warn("target_hosts", &host, "it is no key of a host; it is left out"),
        }
    }
    passage.cell("target_hosts", Cell::Rows(rows));
}

/// An answer of which no time is known was heard when it was kept.
fn recorded(passage: &mut Passage<'_>) {
    if !passage.gets("recorded_at")
        && let Some(kept) = passage.moment("created_at")
    {
        passage.set("recorded_at", kept);
    }
}

/// The condition as one of those that can be told from the rows of a query. An alert with another
/// comes out of use, with what it said.
fn condition(passage: &mut Passage<'_>) {
    let mut parameters = match value::document(passage.json("condition_parameters")) {
        Ok(Json::Object(parameters)) => parameters,
        Ok(Json::Null) => Object::new(),
        _ => {
            let why = "they are no object in JSON";
            return passage.refuse("condition_parameters", &Json::Null, why);
        }
    };
    let said = passage.text("alert_condition").unwrap_or_default();
    if let Some(condition) = known(&said.trim().to_lowercase(), &mut parameters) {
        passage.set("alert_condition", condition);
    } else {
        let why = "no such condition is known; the alert comes out of use until it has one";
        passage.warn("alert_condition", &json!(said), why);
        parameters.insert("alert_condition".to_owned(), json!(said));
        passage.set("alert_condition", "any_row");
        passage.set("is_active", false);
    }
    passage.set("condition_parameters", parameters);
}

/// The condition of that name, or what a comparison with a number of rows is called here.
fn known(name: &str, parameters: &mut Object<String, Json>) -> Option<String> {
    let conditions = fleet_alert::FleetAlertCondition::values();
    if let Some(known) = conditions.into_iter().find(|condition| condition == name) {
        return Some(known);
    }
    if name != "query_results_count" {
        return None;
    }
    let condition = match parameters.get("operator")?.as_str()? {
        ">" => "row_count_above",
        "<" => "row_count_below",
        _ => return None,
    };
    if !parameters.contains_key("threshold") {
        let threshold = parameters.get("value")?.clone();
        parameters.insert("threshold".to_owned(), threshold);
    }
    Some(condition.to_owned())
}

/// One that is settled has a time at which it was; where none is known, that at which it was
/// raised.
fn resolved(passage: &mut Passage<'_>) {
    if !passage.is("resolved") {
        return passage.set("resolved_at", Json::Null);
    }
    if !passage.gets("resolved_at")
        && let Some(raised) = passage.moment("triggered_at")
    {
        passage.set("resolved_at", raised);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comparison_with_a_number_of_rows_is_a_condition_of_its_own() {
        let of = |name: &str, parameters: Json| {
            let Json::Object(mut parameters) = parameters else { unreachable!() };
            (known(name, &mut parameters), parameters.get("threshold").cloned())
        };

        let above = of("query_results_count", json!({"operator": ">", "value": 5}));
        let below = of("query_results_count", json!({"operator": "<", "threshold": 2}));

        assert_eq!(above, (Some("row_count_above".to_owned()), Some(json!(5))));
        assert_eq!(below, (Some("row_count_below".to_owned()), Some(json!(2))));
        assert_eq!(of("no_row", json!({})).0.as_deref(), Some("no_row"));
        for (name, parameters) in [
            ("query_results_count", json!({"operator": "==", "value": 5})),
            ("query_results_count", json!({"operator": ">"})),
            ("host_offline", json!({})),
        ] {
            assert_eq!(of(name, parameters).0, None, "{name}");
        }
    }
}
