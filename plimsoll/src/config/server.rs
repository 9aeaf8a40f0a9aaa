//! A server's database: where it is, and how the connection to it is made.

use std::{net::IpAddr, path::PathBuf};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};

use crate::Dialect;

/// What needs no escape in a part of a URL.
pub(super) const IN_PART: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

#[derive(Clone, Debug)]
pub(crate) struct Server {
    pub(crate) dialect: Dialect,
    pub(crate) host: Host,
    pub(crate) port: u16,
    pub(crate) user: Option<String>,
    pub(crate) password: Option<SecretString>,
    pub(crate) name: String,
    pub(crate) tls: Tls,
    pub(crate) application_name: Option<String>,
    /// PostgreSQL settings that the session starts with.
    pub(crate) options: Vec<(String, String)>,
    pub(crate) statement_cache: Option<usize>,
}

#[derive(Clone, Debug)]
pub(crate) enum Host {
    Tcp(String),
    /// The folder of a PostgreSQL socket, the file of a MySQL one.
    Socket(PathBuf),
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Tls {
    pub(crate) mode: Option<SslMode>,
    pub(crate) authority: Option<PathBuf>,
    pub(crate) certificate: Option<PathBuf>,
    pub(crate) key: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SslMode {
    Disable,
    Allow,
    Prefer,
    Require,
    VerifyAuthority,
    VerifyHost,
}

impl Server {
    /// Host and port, or the path of the socket.
    pub(crate) fn address(&self) -> String {
        match &self.host {
            Host::Tcp(host) if host.contains(':') => format!("[{host}]:{}", self.port),
            Host::Tcp(host) => format!("{host}:{}", self.port),
            Host::Socket(path) => path.display().to_string(),
        }
    }

    /// The mode that is set, else encryption wherever the server offers it.
    ///
    /// PostgreSQL on this very machine is left unencrypted unless a mode is set: nothing crosses a
    /// wire, and each handshake waits two times 40 ms for delayed acknowledgements. `MySQL` 8 takes
    /// passwords over TLS alone, so that it is encrypted there too.
    pub(crate) fn ssl_mode(&self) -> SslMode {
        let is_local = match &self.host {
            Host::Tcp(host) => {
                let address = host.parse::<IpAddr>();
                host == "localhost" || address.is_ok_and(|address| address.is_loopback())
            }
            Host::Socket(_) => true,
        };
        let otherwise = match self.dialect {
            Dialect::Postgres if is_local => SslMode::Disable,
            _ => SslMode::Prefer,
        };
        self.tls.mode.unwrap_or(otherwise)
    }

    pub(super) fn shown(&self, with_password: bool) -> String {
        let part = |text: &str| utf8_percent_encode(text, IN_PART).to_string();
        let mut url = format!("{}://", self.dialect);
        if let Some(user) = &self.user {
            url.push_str(&part(user));
            if let Some(password) = &self.password {
                let secret =
                    if with_password { part(password.expose_secret()) } else { "***".to_owned() };
                url.extend([":", &secret]);
            }
            url.push('@');
        }
        match &self.host {
            Host::Tcp(_) => url.push_str(&self.address()),
            Host::Socket(path) => {
                url.extend([&part(&path.to_string_lossy()), ":", &self.port.to_string()]);
            }
        }
        format!("{url}/{}", part(&self.name))
    }

    /// What stands behind the `?` of the URL.
    pub(super) fn parameters(&self) -> Vec<(String, String)> {
        let mysql = self.dialect == Dialect::Mysql;
        let mut all: Vec<(String, String)> = Vec::new();
        let mut add = |name: &str, value: Option<String>| {
            all.extend(value.map(|value| (name.to_owned(), value)));
        };
        let path =
            |path: &Option<PathBuf>| path.as_ref().map(|path| path.to_string_lossy().into_owned());
        let mode = self.tls.mode.map(|mode| mode.name(self.dialect).to_owned());
        add(if mysql { "ssl-mode" } else { "sslmode" }, mode);
        add(if mysql { "ssl-ca" } else { "sslrootcert" }, path(&self.tls.authority));
        add(if mysql { "ssl-cert" } else { "sslcert" }, path(&self.tls.certificate));
        add(if mysql { "ssl-key" } else { "sslkey" }, path(&self.tls.key));
        add("statement-cache-capacity", self.statement_cache.map(|size| size.to_string()));
        add("application_name", self.application_name.clone());
        all.extend(
            self.options.iter().map(|(name, value)| (format!("options[{name}]"), value.clone())),
        );
        all
    }
}

const POSTGRES_MODES: [(&str, SslMode); 6] = [
    ("disable", SslMode::Disable),
    ("allow", SslMode::Allow),
    ("prefer", SslMode::Prefer),
    ("require", SslMode::Require),
    ("verify-ca", SslMode::VerifyAuthority),
    ("verify-full", SslMode::VerifyHost),
];
const MYSQL_MODES: [(&str, SslMode); 5] = [
    ("disabled", SslMode::Disable),
    ("preferred", SslMode::Prefer),
    ("required", SslMode::Require),
    ("verify-ca", SslMode::VerifyAuthority),
    ("verify-identity", SslMode::VerifyHost),
];

impl SslMode {
    /// The mode that a database of this kind calls `value`.
    pub(crate) fn read(dialect: Dialect, value: &str) -> Option<Self> {
        let value = value.trim().to_ascii_lowercase().replace('_', "-");
        Self::modes(dialect).iter().find(|(name, _)| *name == value).map(|(_, mode)| *mode)
    }

    /// What is allowed, to be read after "which is not".
    pub(crate) fn allowed(dialect: Dialect) -> &'static str {
        match dialect {
            Dialect::Mysql => "one of disabled, preferred, required, verify-ca, verify-identity",
            _ => "one of disable, allow, prefer, require, verify-ca, verify-full",
        }
    }

    fn name(self, dialect: Dialect) -> &'static str {
        let named = Self::modes(dialect).iter().find(|(_, mode)| *mode == self);
        named.map_or("prefer", |(name, _)| *name)
    }

    fn modes(dialect: Dialect) -> &'static [(&'static str, Self)] {
        if dialect == Dialect::Mysql { &MYSQL_MODES } else { &POSTGRES_MODES }
    }
}

pub(super) fn default_port(dialect: Dialect) -> u16 {
    if dialect == Dialect::Mysql { 3306 } else { 5432 }
}

pub(super) fn host(text: &str) -> Host {
    if text.starts_with('/') {
        return Host::Socket(text.into());
    }
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    Host::Tcp(bare.unwrap_or(text).to_owned())
}
