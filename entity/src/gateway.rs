//! The APIs that the gateway offers, and how much each is used.

pub mod api_definition;
pub mod api_usage;
