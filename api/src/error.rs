//! Why the server did not start, or stopped.

use std::{io, net::SocketAddr};

/// The result of starting and serving.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why the server did not start, or stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The database is behind the code, and the server may not change that.
    #[error("migrations are pending: {}", names.join(", "))]
    Pending {
        /// The migrations, in their order.
        names: Vec<String>,
    },
    /// Nobody can listen there, or somebody does already.
    #[error("cannot listen on `{address}`")]
    Bind {
        /// `BIND_ADDR`.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The system took the socket or the signals away.
    #[error("cannot go on serving")]
    Serve {
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The services cannot do what the start needs.
    #[error(transparent)]
    Service(#[from] service::Error),
    /// The configuration, the database or a migration is at fault.
    #[error(transparent)]
    Database(#[from] plimsoll::Error),
}

impl Error {
    /// What to type or change next, when there is something to say.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Pending { .. } => Some(
                "run `cargo run -p migration -- up`, or set AUTO_MIGRATE=true to have the server do it"
                    .to_owned(),
            ),
            Self::Bind { address, source } => Some(match source.kind() {
                io::ErrorKind::AddrInUse => format!(
                    "another process listens on port {}: end it, or choose another port by BIND_ADDR",
                    address.port()
                ),
                io::ErrorKind::PermissionDenied => {
                    "ports below 1024 need a privilege: choose another by BIND_ADDR".to_owned()
                }
                _ => "set BIND_ADDR to an address of this machine, or to 0.0.0.0 for all of them"
                    .to_owned(),
            }),
            Self::Service(service::Error::Sealed { .. }) => Some(
                "set ENCRYPTION_KEY to 32 random bytes in base64: `openssl rand -base64 32` makes them"
                    .to_owned(),
            ),
            Self::Serve { .. } | Self::Service(_) => None,
            Self::Database(error) => error.hint(),
        }
    }
}
