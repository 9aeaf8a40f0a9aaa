//! `create-admin`: the first administrator, without a server.

use std::{
    fmt,
    io::{self, BufRead as _, IsTerminal as _, Write as _},
};

use anyhow::{Context as _, bail};
use clap::Args;
use plimsoll::config::{Env, Variable};
use sea_orm::DatabaseConnection;
use secrecy::{ExposeSecret as _, SecretString};
use service::{
    Error, Rights, World,
    config::{ADMIN_EMAIL, ADMIN_PASSWORD, ADMIN_USERNAME},
    identity::{
        password::Hasher,
        setup::{self, NewAdministrator},
    },
    rights::has_administrator,
};

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Make one more when there is an administrator already.
    #[arg(long, conflicts_with = "if_none")]
    another: bool,
    /// Do nothing, and succeed, when there is an administrator already: for deployments.
    #[arg(long)]
    if_none: bool,
}

/// What was done.
pub(super) enum Said {
    Made { id: i64, username: String },
    Nothing,
}

impl super::Said for Said {
    fn json(&self) -> serde_json::Value {
        let made = match self {
            Self::Made { id, username } => serde_json::json!({"id": id, "username": username}),
            Self::Nothing => serde_json::Value::Null,
        };
        serde_json::json!({"schema": 1, "administrator": made})
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Made { username, .. } => write!(f, "`{username}` administers now"),
            Self::Nothing => f.write_str("nothing to do: there is an administrator already"),
        }
    }
}

pub(super) async fn run(
    db: &DatabaseConnection,
    env: &Env,
    options: &Options,
) -> anyhow::Result<Said> {
    // Before anything is asked: nobody likes to choose a password for nothing.
    if !options.another && has_administrator(db).await? {
        return if options.if_none { Ok(Said::Nothing) } else { Err(Error::AlreadySetUp.into()) };
    }
    let new = NewAdministrator {
        username: match env.get(&ADMIN_USERNAME)? {
            Some(username) => username,
            None => ask("name to log in by", &ADMIN_USERNAME)?,
        },
        email: match env.get(&ADMIN_EMAIL)? {
            Some(email) => Some(email),
            None if io::stdin().is_terminal() => {
                Some(ask("e-mail address (may stay empty)", &ADMIN_EMAIL)?)
                    .filter(|email| !email.is_empty())
            }
            None => None,
        },
        password: match env.get(&ADMIN_PASSWORD)? {
            Some(password) => password.into(),
            None => ask_password()?,
        },
    };
    let (world, hasher) = (World::system(), Hasher::new());
    let rights = Rights::new(world.clone());
    let another = options.another;
    let user = setup::create_administrator(db, &rights, &world, &hasher, &new, another).await?;
    Ok(Said::Made { id: user.id, username: user.username })
}

/// Asks on the terminal; without one it is an error that says how to answer beforehand.
fn ask(what: &str, variable: &Variable) -> anyhow::Result<String> {
    if !io::stdin().is_terminal() {
        bail!("there is no terminal to ask on: set {}", variable.name);
    }
    let mut err = anstream::stderr();
    write!(err, "{what}: ").and_then(|()| err.flush()).context("cannot ask")?;
    let mut answer = String::new();
    if io::stdin().lock().read_line(&mut answer).context("cannot read the answer")? == 0 {
        bail!("there was no answer: set {}", variable.name);
    }
    Ok(answer.trim().to_owned())
}

fn ask_password() -> anyhow::Result<SecretString> {
    if !io::stdin().is_terminal() {
        bail!("there is no terminal to ask on: set {}", ADMIN_PASSWORD.name);
    }
    let read = |prompt: &str| {
        rpassword::prompt_password(prompt)
            .map(SecretString::from)
            .context("cannot read the password")
    };
    let password = read("password: ")?;
    if password.expose_secret() != read("the same again: ")?.expose_secret() {
        bail!("the two passwords differ");
    }
    Ok(password)
}
