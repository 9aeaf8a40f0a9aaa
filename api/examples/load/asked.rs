//! What is asked: of the API, and of the bare server the same.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use anyhow::{Context as _, ensure};
use plimsoll::config::Env;
use serde_json::{Value, json};
use service::config::{ADMIN_PASSWORD, ADMIN_USERNAME};

use crate::{
    client::{Connection, request},
    measure::Make,
};

/// How many pages there are at least, so that a list is a whole one.
const PAGES: u64 = 60;

/// Somebody who has logged in, and a page that they can read.
pub(crate) struct Asker {
    pub(crate) name: String,
    pub(crate) password: String,
    pub(crate) token: String,
    pub(crate) user_id: i64,
    pub(crate) page_id: i64,
}

impl Asker {
    /// Logs in, and makes some pages.
    pub(crate) async fn new(api: SocketAddr) -> anyhow::Result<Self> {
        let env = Env::load()?;
        let name = env.get(&ADMIN_USERNAME)?.context("ADMIN_USERNAME is not set")?;
        let password = env.get(&ADMIN_PASSWORD)?.context("ADMIN_PASSWORD is not set")?;
        let mut connection = Connection::open(api).await?;
        let (login, _) = login("/api/v1/login", &name, &password)(0);
        let answer = told(&mut connection, &login, 200).await?;
        let token = answer["access_token"].as_str().context("there is no token")?.to_owned();
        let user_id = answer["user"]["id"].as_i64().context("nobody has logged in")?;
        let mut page_id = 0;
        let create = create("/api/v1/pages", &token);
        for number in 0..PAGES {
            let (request, status) = create(number);
            let answer = told(&mut connection, &request, status).await?;
            page_id = answer["id"].as_i64().context("a page has no key")?;
        }
        Ok(Self { name, password, token, user_id, page_id })
    }
}

async fn told(connection: &mut Connection, request: &[u8], expected: u16) -> anyhow::Result<Value> {
    let status = connection.ask(request).await?;
    ensure!(status == expected, "answered with {status}: {}", connection.text());
    connection.json()
}

/// The same each time.
pub(crate) fn always(request: Vec<u8>) -> Make {
    Arc::new(move |_: u64| (request.clone(), 200_u16))
}

pub(crate) fn login(path: &str, name: &str, password: &str) -> Make {
    let body = json!({"name": name, "password": password});
    always(request("POST", path, "", Some(&body)))
}

/// A page that there is none of yet.
pub(crate) fn create(path: &'static str, token: &str) -> Make {
    static MADE: AtomicU64 = AtomicU64::new(0);
    let token = token.to_owned();
    let process = std::process::id();
    Arc::new(move |_: u64| {
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("page {process} {number}");
        let body = json!({"name": name, "url": format!("https://app.example.org/{number}")});
        (request("POST", path, &token, Some(&body)), 201_u16)
    })
}

/// Of ten requests four for a page, two for a list, three for a permission, and one that writes.
pub(crate) fn mixed(asker: &Asker) -> Make {
    let Asker { token, page_id, .. } = asker;
    let show = request("GET", &format!("/api/v1/pages/{page_id}"), token, None);
    let list = request("GET", "/api/v1/pages?limit=50", token, None);
    let check = request("POST", "/api/v1/authz/check", token, Some(&question()));
    let create = create("/api/v1/pages", token);
    Arc::new(move |number: u64| match number % 10 {
        0..=3 => (show.clone(), 200_u16),
        4 | 5 => (list.clone(), 200),
        6..=8 => (check.clone(), 200),
        _ => create(number),
    })
}

/// Whether who asks may read people.
pub(crate) fn question() -> Value {
    json!({"questions": [{"permission": "user:read"}]})
}
