//! Who may do what with whose: what depends on the object, asked about one's own and another's.

use axum::{Router, http::Method};
use chrono::TimeDelta;
use serde_json::{Value, json};
use service::World;

use crate::{
    client::{ask, send},
    people::{PASSWORD, call, login, somebody},
    rights_table::{Asker, is_sound, names, table},
    teams::{add, assign, team},
};

const ABOUT: &str = "\
## Own and foreign

The same people, about what is theirs and about what is another's, with something there and a sound
body: the status of the answer about their own, then of that about another's. Each request has an
object of its own.
";

/// What a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    Display,
    Session,
    ApiKey,
    Team,
    Machine,
    Shell,
    Person,
}

/// Method, path and body; what stands in braces is put in for each request.
type Row = (&'static str, &'static str, &'static str);

/// Whoever removes themselves asks nothing any more: that row is the last one.
const GROUPS: [(Of, &str, &[Row]); 7] = [
    (
        Of::Display,
        "Displays of people",
        &[
            ("GET", "/api/v1/users/{owner}/devices", ""),
            ("POST", "/api/v1/users/{owner}/devices", "{}"),
            ("PUT", "/api/v1/users/{owner}/devices", r#"{"displays": []}"#),
            ("PUT", "/api/v1/users/{owner}/devices/{display}", r#"{"display": {}}"#),
            ("GET", "/api/v1/devices/{display}", ""),
            ("PATCH", "/api/v1/devices/{display}", r#"{"name": "hall"}"#),
            ("DELETE", "/api/v1/devices/{display}", ""),
            ("POST", "/api/v1/devices/{display}/key", ""),
            ("GET", "/api/v1/devices/{display}/due", ""),
            ("GET", "/api/v1/devices/{display}/apps/clock", ""),
            (
                "PUT",
                "/api/v1/devices/{display}/apps/clock",
                r#"{"iname": "clock", "name": "clock", "display_seconds": 9}"#,
            ),
            ("DELETE", "/api/v1/devices/{display}/apps/clock", ""),
            ("POST", "/api/v1/devices/{display}/apps/clock/push", ""),
            ("POST", "/api/v1/devices/{display}/apps/clock/rendering", r#"{"took_ms": 1}"#),
        ],
    ),
    (
        Of::Session,
        "Sessions of people",
        &[
            ("DELETE", "/api/v1/me/sessions/{session}", ""),
            ("DELETE", "/api/v1/users/{owner}/sessions/{session}", ""),
        ],
    ),
    (
        Of::ApiKey,
        "API keys of people",
        &[
            ("GET", "/api/v1/users/{owner}/api-keys", ""),
            ("DELETE", "/api/v1/me/api-keys/{key}", ""),
            ("DELETE", "/api/v1/users/{owner}/api-keys/{key}", ""),
        ],
    ),
    (
        Of::Team,
        "Teams: one's own is one that one is an owner of",
        &[
            ("GET", "/api/v1/teams/{team}", ""),
            ("GET", "/api/v1/teams/{team}/members", ""),
            ("GET", "/api/v1/me/teams/{team}/members", ""),
            ("PATCH", "/api/v1/teams/{team}", r#"{"description": "on call"}"#),
            ("POST", "/api/v1/teams/{team}/members", r#"{"user_id": {third}, "role": "member"}"#),
            ("DELETE", "/api/v1/teams/{team}/members/{owner}", ""),
            (
                "PUT",
                "/api/v1/teams/{team}/resources/cloud_machine/disk",
                r#"{"permissions": ["read"]}"#,
            ),
            ("DELETE", "/api/v1/teams/{team}/resources/cloud_machine/disk", ""),
            ("DELETE", "/api/v1/teams/{team}", ""),
        ],
    ),
    (
        Of::Machine,
        "Machines: one's own is one that a team gives a shell on",
        &[
            ("GET", "/api/v1/me/resources/cloud_machine/{machine}", ""),
            (
                "POST",
                "/api/v1/shell-sessions",
                r#"{"agent_id": {agent}, "session_type": "ssh", "reason": "disk is full",
                    "resource_type": "cloud_machine", "resource_id": "{machine}"}"#,
            ),
        ],
    ),
    (
        Of::Shell,
        "Shells that people have opened",
        &[
            ("GET", "/api/v1/shell-sessions/{shell}", ""),
            ("POST", "/api/v1/me/shell-sessions/{shell}/end", r#"{"end_reason": "done"}"#),
            ("POST", "/api/v1/shell-sessions/{shell}/end", r#"{"end_reason": "done"}"#),
        ],
    ),
    (
        Of::Person,
        "People: oneself, and somebody who is a viewer",
        &[
            ("GET", "/api/v1/users/{owner}", ""),
            ("PATCH", "/api/v1/users/{owner}", r#"{"bio": "here"}"#),
            ("GET", "/api/v1/users/{owner}/roles", ""),
            ("GET", "/api/v1/users/{owner}/permissions", ""),
            ("GET", "/api/v1/users/{owner}/sessions", ""),
            ("GET", "/api/v1/users/{owner}/resources/cloud_machine/web", ""),
            ("DELETE", "/api/v1/users/{owner}/second-factor", ""),
            ("POST", "/api/v1/users/{owner}/password-reset", ""),
            ("DELETE", "/api/v1/users/{owner}", ""),
        ],
    ),
];

/// Asks everybody about what is theirs and what is not: a table for each kind of object.
pub(crate) async fn own_and_foreign(
    router: &Router,
    boss: &str,
    askers: &mut [Asker],
) -> Vec<String> {
    let mut stage = Stage::new(router, boss, askers).await;
    let mut lines = vec![String::new()];
    lines.extend(ABOUT.lines().map(str::to_owned));
    let head = [&["method", "path"][..], &names(askers)[..]].concat();
    for (of, title, rows) in GROUPS {
        let mut answers = Vec::new();
        for row in rows {
            let mut cells = vec![row.0.to_owned(), row.1.to_owned()];
            for asker in askers.iter_mut() {
                // Who asks about themselves may be gone behind it.
                let foreign = stage.status(asker, of, *row, false).await;
                let own = stage.status(asker, of, *row, true).await;
                cells.push(format!("{own} {foreign}"));
            }
            answers.push(cells);
        }
        lines.extend([String::new(), format!("### {title}"), String::new()]);
        lines.extend(table(&head, &answers));
    }
    lines
}

/// What there is to ask about, and whoever makes it.
struct Stage<'a> {
    router: &'a Router,
    boss: &'a str,
    /// Whose everything is that is not the asker's.
    other: Asker,
    /// Somebody to put into teams.
    third: i64,
    /// What opens shells.
    agent: i64,
    /// How many objects there are, for names that nothing has yet.
    made: usize,
}

impl<'a> Stage<'a> {
    /// With a team that gives everybody a shell on the machine `web`.
    async fn new(router: &'a Router, boss: &'a str, askers: &[Asker]) -> Self {
        let (id, token) = somebody(router, boss, "other", &[]).await;
        let other = Asker { name: "other".to_owned(), id, token };
        let shells = team(router, boss, "shells").await;
        for member in askers.iter().chain([&other]) {
            let added = add(router, boss, &shells, member.id, "member").await;
            assert_eq!(added.status, 201, "{added:?}");
        }
        let given = assign(router, boss, &shells, "cloud_machine/web", &["shell"]).await;
        assert_eq!(given.status, 200, "{given:?}");
        let agent = agent(router, boss).await;
        let mut stage = Self { router, boss, other, third: 0, agent, made: 0 };
        stage.third = stage.stranger("third").await;
        stage
    }

    /// The answer to a request about an object that is made for it.
    async fn status(&mut self, asker: &mut Asker, of: Of, row: Row, is_own: bool) -> u16 {
        asker.stay(self.router).await;
        self.made += 1;
        let mut owner = if is_own { asker.clone() } else { self.other.clone() };
        if of == Of::Person && !is_own {
            owner.id = self.stranger(&format!("stranger {}", self.made)).await;
        }
        let names = self.names(of, &owner, is_own).await;
        let filled = |text: &str| {
            names.iter().fold(text.to_owned(), |text, (name, value)| text.replace(*name, value))
        };
        let (method, path, body) = (row.0, filled(row.1), filled(row.2));
        let body = if body.is_empty() { Value::Null } else { serde_json::from_str(&body).unwrap() };
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = send(method, &path, &asker.token, &body);
        request.headers_mut().insert("if-match", "*".parse().unwrap());
        let answer = ask(self.router, request).await;
        assert!(is_sound(&answer), "{row:?} {} {answer:?}", asker.name);
        answer.status.as_u16()
    }

    /// Makes what a row is about: what stands in braces, and what is put in for it.
    async fn names(&self, of: Of, owner: &Asker, is_own: bool) -> Vec<(&'static str, String)> {
        let made = match of {
            Of::Person => None,
            Of::Machine => Some(("{machine}", (if is_own { "web" } else { "db" }).to_owned())),
            Of::Display => {
                let path = format!("/api/v1/users/{}/devices", owner.id);
                let body = json!({"apps": [{"iname": "clock", "name": "clock"}]});
                Some(("{display}", self.make(self.boss, &path, body).await))
            }
            Of::Session => Some(("{session}", self.session(owner).await)),
            Of::ApiKey => Some(("{key}", self.api_key(owner).await)),
            Of::Team => {
                let path = team(self.router, self.boss, &format!("team {}", self.made)).await;
                let added = add(self.router, self.boss, &path, owner.id, "owner").await;
                assert_eq!(added.status, 201, "{added:?}");
                Some(("{team}", last(&path)))
            }
            Of::Shell => {
                let body = json!({
                    "agent_id": self.agent,
                    "resource_type": "cloud_machine",
                    "resource_id": "web",
                    "session_type": "ssh",
                    "reason": "disk is full",
                });
                let made = self.make(&owner.token, "/api/v1/shell-sessions", body).await;
                Some(("{shell}", made))
            }
        };
        let mut names = vec![
            ("{owner}", owner.id.to_string()),
            ("{third}", self.third.to_string()),
            ("{agent}", self.agent.to_string()),
        ];
        names.extend(made);
        names
    }

    /// Makes something: its key.
    async fn make(&self, token: &str, path: &str, body: Value) -> String {
        let made = call(self.router, token, Method::POST, path, body).await;
        assert_eq!(made.status, 201, "{path} {made:?}");
        last(made.header("location"))
    }

    /// A person of that name, who never logs in: their key.
    async fn stranger(&self, name: &str) -> i64 {
        let made = self.make(self.boss, "/api/v1/users", json!({"username": name})).await;
        made.parse().unwrap()
    }

    /// A new API key of somebody, which may do nothing.
    async fn api_key(&self, of: &Asker) -> String {
        let body = json!({"name": format!("tool {}", self.made), "scopes": []});
        let path = "/api/v1/me/api-keys";
        let made = call(self.router, &of.token, Method::POST, path, body).await;
        assert_eq!(made.status, 201, "{made:?}");
        made.json()["api_key"]["id"].to_string()
    }

    /// A new session of somebody.
    async fn session(&self, of: &Asker) -> String {
        let token = login(self.router, &of.name, PASSWORD).await;
        let path = "/api/v1/me/sessions";
        let all = call(self.router, &token, Method::GET, path, Value::Null).await.json();
        let new = all.as_array().unwrap().iter().find(|it| it["is_current"] == true).unwrap();
        new["id"].as_str().unwrap().to_owned()
    }
}

fn last(path: &str) -> String {
    path.rsplit('/').next().unwrap_or_default().to_owned()
}

/// An agent that can open shells by SSH: its key.
async fn agent(router: &Router, boss: &str) -> i64 {
    let end = World::system().clock.now() + TimeDelta::hours(1);
    let input = json!({"name": "rack", "max_uses": 1, "expires_at": end.to_rfc3339()});
    let made = call(router, boss, Method::POST, "/api/v1/enrollment-keys", input).await;
    assert_eq!(made.status, 201, "{made:?}");
    let made = made.json();
    let key = made["key"].as_str().unwrap();
    let input = json!({"hostname": "web", "ip_address": "192.0.2.7", "capabilities": ["ssh"]});
    let enrolled = call(router, key, Method::POST, "/api/v1/access-agents/enroll", input).await;
    assert_eq!(enrolled.status, 201, "{enrolled:?}");
    enrolled.json()["agent"]["id"].as_i64().unwrap()
}
