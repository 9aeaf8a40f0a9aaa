//! What is registered with Elder, the inventory of hosts and applications.

pub mod elder_app;
pub mod elder_config;
pub mod elder_host;
