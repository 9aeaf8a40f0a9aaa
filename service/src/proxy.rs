//! Clusters of proxies, the services behind them, and what the proxies are told and report.
//!
//! People who have no right to all clusters see those that they are assigned to. A proxy proves
//! itself by the key of its cluster and says its name: whoever has the key speaks for every proxy
//! of the cluster.

pub mod assignment;
pub mod certificate;
pub mod cluster;
pub mod qos;
pub mod route;
pub mod server;
pub mod service;
pub mod tracing;

use crate::{
    records::Domain,
    rights::{CreateProxies, DeleteProxies, ReadProxies, UpdateProxies},
};

/// The tables of this domain, and the rights to them.
#[derive(Clone, Copy, Debug)]
pub enum Proxy {}

impl Domain for Proxy {
    const NAME: &'static str = "proxy";
    type Create = CreateProxies;
    type Read = ReadProxies;
    type Update = UpdateProxies;
    type Delete = DeleteProxies;
}
