//! Shells on machines: the agents that open them, what signs for them, and who had one.

pub mod access_agent;
pub mod enrollment_key;
pub mod shell_session;
pub mod ssh_ca_config;
