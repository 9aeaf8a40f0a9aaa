//! Hosts that osquery watches through Fleet: what they are asked, and what raises an alarm.

pub mod alert_history;
pub mod fleet_alert;
pub mod fleet_host;
pub mod fleet_query;
pub mod fleetdm_config;
pub mod osquery_result;
pub mod query_execution;
