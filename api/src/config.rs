//! What the server is told from outside.

use std::{
    net::{IpAddr, SocketAddr},
    num::NonZeroU32,
    sync::Arc,
};

use axum::http::HeaderValue;
use ipnet::IpNet;
use plimsoll::config::{Database, Env, Setting, Variable};
use secrecy::SecretString;
use service::{
    mail::{Folder, Post, Sender},
    seal::Keyring,
};

use crate::{
    cors,
    mail::{ALLOWED, Smtp},
};

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
/// Whether browsers are told to come by TLS only.
pub const TLS_IN_FRONT: Variable = Variable {
    name: "TLS_IN_FRONT",
    aliases: &[],
    about: "true says that clients come by TLS, which ends in front of the server: browsers are told to come in no other way.",
    default: Some("false"),
};
/// Whose pages may read the answers.
pub const CORS_ORIGINS: Variable = Variable {
    name: "CORS_ORIGINS",
    aliases: &[],
    about: "The origins whose pages may use the server from a browser, with commas between, such as https://app.example.org.",
    default: None,
};
/// How much one address may ask.
pub const RATE_LIMIT_PER_MINUTE: Variable = Variable {
    name: "RATE_LIMIT_PER_MINUTE",
    aliases: &[],
    about: "How many requests a minute one address may send to one process; 0 lets it send as many as it likes.",
    default: Some("600"),
};
/// What opens `/metrics`.
pub const METRICS_TOKEN: Variable = Variable {
    name: "METRICS_TOKEN",
    aliases: &[],
    about: "The token, of 16 characters or more, that Prometheus reads /metrics with; there is no /metrics when not set.",
    default: None,
};

/// Where mail is written as files.
pub const MAIL_DIR: Variable = Variable {
    name: "MAIL_DIR",
    aliases: &[],
    about: "The folder into which mail is written as files, relative to the folder of .env, else to the working folder; not read with MAIL_SMTP_URL.",
    default: Some("mail"),
};
/// The server that mail is sent by.
pub const MAIL_SMTP_URL: Variable = Variable {
    name: "MAIL_SMTP_URL",
    aliases: &[],
    about: "The server that mail is sent by: smtps://user:password@host:465, or smtp://user:password@host:587?tls=required; mail is written into MAIL_DIR when not set.",
    default: None,
};
/// Whom mail is from.
pub const MAIL_FROM: Variable = Variable {
    name: "MAIL_FROM",
    aliases: &[],
    about: "The address that mail is from, such as Plimsoll <post@example.org>; required with MAIL_SMTP_URL.",
    default: None,
};
/// Where the pages are that mail leads to.
pub const PUBLIC_URL: Variable = Variable {
    name: "PUBLIC_URL",
    aliases: &[],
    about: "The address of the front end, such as https://app.example.org: mail has links to its pages reset-password and verify-email; without it, the tokens.",
    default: None,
};

/// What only this server reads; what it shares with the other programs is in
/// [`plimsoll::config::VARIABLES`].
pub const VARIABLES: &[Variable] = &[
    BIND_ADDR,
    AUTO_MIGRATE,
    TRUSTED_PROXIES,
    TLS_IN_FRONT,
    CORS_ORIGINS,
    RATE_LIMIT_PER_MINUTE,
    METRICS_TOKEN,
    MAIL_DIR,
    MAIL_SMTP_URL,
    MAIL_FROM,
    PUBLIC_URL,
];

/// Whom mail in files is from.
const NOBODY: &str = "plimsoll@localhost";

/// The shortest token that opens `/metrics`.
const SHORTEST: usize = 16;

/// What the server needs to know to start.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen. Port 0 lets the system choose.
    pub bind: SocketAddr,
    /// Whether to migrate and seed first.
    pub auto_migrate: bool,
    /// The proxies in front of the server.
    pub proxies: Vec<IpNet>,
    /// Whether TLS ends in front of the server.
    pub tls_in_front: bool,
    /// The origins whose pages may use the server.
    pub origins: Vec<HeaderValue>,
    /// How many requests a minute one address may send, if there is an end to it.
    pub rate: Option<NonZeroU32>,
    /// What opens `/metrics`.
    pub metrics_token: Option<SecretString>,
    /// What mail is delivered with.
    pub post: Post,
    /// What secrets are sealed with.
    pub keys: Keyring,
    /// Where the data is.
    pub database: Database,
}

impl Config {
    /// Reads the variables.
    ///
    /// # Errors
    /// Those of [`Env::read`] for a value that cannot be, those of [`Database::from_env`], those of
    /// [`service::config::keyring`], and those of [`Post::new`].
    pub fn from_env(env: &Env) -> crate::Result<Self> {
        Ok(Self {
            bind: env.read(&BIND_ADDR)?,
            auto_migrate: env.read(&AUTO_MIGRATE)?,
            proxies: proxies(env)?,
            tls_in_front: env.read(&TLS_IN_FRONT)?,
            origins: origins(env)?,
            rate: NonZeroU32::new(env.read::<Rate>(&RATE_LIMIT_PER_MINUTE)?.0),
            metrics_token: metrics_token(env)?,
            post: post(env)?,
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

fn origins(env: &Env) -> plimsoll::Result<Vec<HeaderValue>> {
    let text = env.get(&CORS_ORIGINS)?.unwrap_or_default();
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts
        .map(|part| {
            cors::origin(part).ok_or_else(|| plimsoll::Error::InvalidVariable {
                name: CORS_ORIGINS.name,
                value: part.to_owned(),
                allowed: "an origin as browsers send it, such as https://app.example.org"
                    .to_owned(),
            })
        })
        .collect()
}

/// The token is not repeated when it is too short.
fn metrics_token(env: &Env) -> plimsoll::Result<Option<SecretString>> {
    let Some(text) = env.get(&METRICS_TOKEN)? else { return Ok(None) };
    let token = text.trim();
    if token.len() < SHORTEST || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(plimsoll::Error::InvalidVariable {
            name: METRICS_TOKEN.name,
            value: "…".to_owned(),
            allowed: format!("{SHORTEST} visible ASCII characters or more"),
        });
    }
    Ok(Some(token.into()))
}

/// What mail is sent with. The address of a server has a password in it, and is not repeated.
fn post(env: &Env) -> crate::Result<Post> {
    let server = env.get(&MAIL_SMTP_URL)?;
    let from = env.get(&MAIL_FROM)?;
    let sender: Arc<dyn Sender> = match &server {
        Some(address) => {
            Arc::new(Smtp::at(address.trim()).ok_or_else(|| plimsoll::Error::InvalidVariable {
                name: MAIL_SMTP_URL.name,
                value: "…".to_owned(),
                allowed: ALLOWED.to_owned(),
            })?)
        }
        None => Arc::new(Folder::new(env.folder().join(env.read::<String>(&MAIL_DIR)?))),
    };
    let from = match from {
        Some(from) => from,
        None if server.is_none() => NOBODY.to_owned(),
        None => {
            return Err(plimsoll::Error::MissingVariable {
                name: MAIL_FROM.name,
                because: format!("{} is set", MAIL_SMTP_URL.name),
            }
            .into());
        }
    };
    let front = env.get(&PUBLIC_URL)?;
    Ok(Post::new(sender, from.trim(), front.as_deref().map(str::trim))?)
}

/// Requests a minute.
struct Rate(u32);

impl Setting for Rate {
    const ALLOWED: &'static str = "a whole number from 0, for no limit, to 100000";

    fn read(value: &str) -> Option<Self> {
        value.parse().ok().filter(|rate| *rate <= 100_000).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(name: &str, value: &str) -> Env {
        Env::from_pairs([(name, value)], ".")
    }

    #[test]
    fn origins_are_exact() {
        let two = env("CORS_ORIGINS", "https://app.example.org , http://localhost:5173,");
        let wrong = env("CORS_ORIGINS", "https://app.example.org,*");

        assert_eq!(origins(&two).unwrap(), ["https://app.example.org", "http://localhost:5173"]);
        assert_eq!(origins(&env("CORS_ORIGINS", "")).unwrap(), [""; 0]);
        assert!(origins(&wrong).unwrap_err().to_string().contains("`*`"));
    }

    #[test]
    fn a_token_that_is_too_short_is_refused_and_not_repeated() {
        let refused = metrics_token(&env("METRICS_TOKEN", "geheim")).unwrap_err().to_string();
        let spaced = metrics_token(&env("METRICS_TOKEN", "0123456789 abcdef"));

        assert!(!refused.contains("geheim"), "{refused}");
        assert!(spaced.is_err());
        assert!(metrics_token(&env("METRICS_TOKEN", "0123456789abcdef")).unwrap().is_some());
        assert!(metrics_token(&env("METRICS_TOKEN", "")).unwrap().is_none());
    }

    #[test]
    fn mail_by_a_server_is_from_somebody_and_the_password_is_not_repeated() {
        let of = |pairs: &[(&str, &str)]| post(&Env::from_pairs(pairs.iter().copied(), "."));
        let clear = ("MAIL_SMTP_URL", "smtp://user:geheim@mail.example.org");
        let server = ("MAIL_SMTP_URL", "smtp://user:geheim@localhost:1025");

        assert!(of(&[]).is_ok());
        assert!(of(&[("MAIL_FROM", "The Post <post@example.org>"), server]).is_ok());
        for (wrong, named) in [
            (of(&[server]), "MAIL_FROM"),
            (of(&[clear, ("MAIL_FROM", "post@example.org")]), "MAIL_SMTP_URL"),
            (of(&[("MAIL_FROM", "post")]), "sender of mail"),
            (of(&[("PUBLIC_URL", "app.example.org")]), "address of the front end"),
        ] {
            let error = format!("{:#}", anyhow::Error::from(wrong.unwrap_err()));
            assert!(error.contains(named), "{error}");
            assert!(!error.contains("geheim"), "{error}");
        }
    }

    #[test]
    fn a_rate_has_an_end() {
        let rate = |value| env("RATE_LIMIT_PER_MINUTE", value).read::<Rate>(&RATE_LIMIT_PER_MINUTE);

        assert_eq!(rate("0").unwrap().0, 0);
        assert_eq!(rate("").unwrap().0, 600);
        assert_eq!(rate("100000").unwrap().0, 100_000);
        assert!(["-1", "100001", "many"].into_iter().all(|wrong| rate(wrong).is_err()));
    }
}
