//! What the server is told from outside.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;
use plimsoll::config::{Database, Env, Variable};
use service::seal::Keyring;

/// Where the server listens.
pub const BIND_ADDR: Variable = Variable {
    name: "BIND_ADDR",
    aliases: &[],
    about: "The address and port on which the server listens.",
    default: Some("127.0.0.1:8080"),
};
/// Whether the server migrates before it serves.
pub const AUTO_MIGRATE: Variable = Variable {
    name: "AUTO_MIGRATE",
    aliases: &[],
    about: "true lets the server migrate and seed at its start; else it refuses while migrations are pending.",
    default: Some("false"),
};

/// Whose word about the client's address is taken.
pub const TRUSTED_PROXIES: Variable = Variable {
    name: "TRUSTED_PROXIES",
    aliases: &[],
    about: "The proxies in front of the server, as addresses or networks with commas between; only they are believed in X-Forwarded-For.",
    default: None,
};

/// What only this server reads; what it shares with the other programs is in
/// [`plimsoll::config::VARIABLES`].
pub const VARIABLES: &[Variable] = &[BIND_ADDR, AUTO_MIGRATE, TRUSTED_PROXIES];

/// What the server needs to know to start.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen. Port 0 lets the system choose.
    pub bind: SocketAddr,
    /// Whether to migrate and seed first.
    pub auto_migrate: bool,
    /// The proxies in front of the server.
    pub proxies: Vec<IpNet>,
    /// What secrets are sealed with.
    pub keys: Keyring,
    /// Where the data is.
    pub database: Database,
}

impl Config {
    /// Reads the variables.
    ///
    /// # Errors
    /// Those of [`Env::read`] for a value that cannot be, those of [`Database::from_env`], and those
    /// of [`service::config::keyring`].
    pub fn from_env(env: &Env) -> crate::Result<Self> {
        Ok(Self {
            bind: env.read(&BIND_ADDR)?,
            auto_migrate: env.read(&AUTO_MIGRATE)?,
            proxies: proxies(env)?,
            keys: service::config::keyring(env)?,
            database: Database::from_env(env)?,
        })
    }
}

fn proxies(env: &Env) -> plimsoll::Result<Vec<IpNet>> {
    let text = env.get(&TRUSTED_PROXIES)?.unwrap_or_default();
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts
        .map(|part| {
            part.parse().or_else(|_| part.parse().map(|ip: IpAddr| IpNet::from(ip))).map_err(|_| {
                plimsoll::Error::InvalidVariable {
                    name: TRUSTED_PROXIES.name,
                    value: part.to_owned(),
                    allowed: "an address or a network, such as 10.0.0.0/8".to_owned(),
                }
            })
        })
        .collect()
}
