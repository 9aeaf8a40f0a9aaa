//! What happened, and the chain by which a change of what was written is noticed.

pub mod audit_chain;
pub mod system_log;
