//! Who may do what: every operation that is described, asked by everybody, as a table that people
//! read.

use std::collections::{BTreeMap, BTreeSet};

use api::App;
use axum::{Router, http::Method};
use sea_orm::Database;
use secrecy::SecretString;
use serde_json::{Value, json};
use service::seal::Keyring;

use crate::{
    client::{Answer, app, ask, get, send},
    people::{PASSWORD, call, login, role_id, somebody, with_boss},
    rights_objects,
    snapshot::is_as_kept,
};

/// The roles that a deployment begins with, from the least to the most.
const ROLES: [&str; 4] = ["viewer", "user", "maintainer", "admin"];
/// The name of somebody who has none of them.
const WITHOUT: &str = "without";

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// Keys that nothing has: one that is a number, and one that also could be that of a display.
const NO_NUMBER: i64 = 4_000_000_000;
const NO_NAME: &str = "ffffffff";

const ABOUT: &str = "\
# Who may do what

Written by `UPDATE_SNAPSHOTS=1 cargo test -p api kept` on a fresh database, and compared by the same
test without. The roles are those that a deployment begins with.

## Every operation

Asked about a key that nothing has, with the least body that the description allows.

| an answer | means |
|---|---|
| `401` | nobody can tell who asks |
| `403` | a right is missing |
| `yes` | whatever came, the request was not refused for want of a right: also 404, 409, 412, 422 |

`by` is what the operation is asked by: the token of a person or an API key (`token`), the key of a
machine (`key`, which no person has), or nothing (`-`). Where the right depends on what it is about,
a key that nothing has says nothing: see the second part.
";

/// Somebody who asks.
#[derive(Clone, Debug)]
pub(crate) struct Asker {
    /// Their name, which is also that of their role.
    pub(crate) name: String,
    pub(crate) id: i64,
    pub(crate) token: String,
}

impl Asker {
    /// Logs in again where what was asked for has ended the session.
    pub(crate) async fn stay(&mut self, router: &Router) {
        let me = call(router, &self.token, Method::GET, "/api/v1/me", Value::Null).await;
        if me.status == 401 {
            self.token = login(router, &self.name, PASSWORD).await;
        }
    }
}

/// An operation, and how it is asked for.
struct Operation {
    tag: String,
    method: Method,
    path: String,
    /// The same with keys that nothing has.
    asked: String,
    body: Value,
    by: &'static str,
}

#[tokio::test]
async fn who_may_do_what_is_as_it_is_kept() {
    let db = Database::connect("sqlite::memory:").await.unwrap();
    migration::app().up_on(&db).await.unwrap();
    let (_, boss) = with_boss(&db).await;
    let key = SecretString::from(format!("{}=", "A".repeat(43)));
    let keys = Keyring::read(Some(&key)).unwrap();
    let router = api::router(App { keys, ..app(&db) });
    let description = ask(&router, get("/openapi.json")).await.json();
    let mut askers = askers(&router, &boss).await;

    let mut lines: Vec<String> = ABOUT.lines().map(str::to_owned).collect();
    lines.extend(every_operation(&router, &description, &mut askers).await);
    lines.extend(rights_objects::own_and_foreign(&router, &boss, &mut askers).await);

    is_as_kept("rights.md", &format!("{}\n", lines.join("\n")));
}

/// Somebody without a role, and somebody of each role alone.
async fn askers(router: &Router, boss: &str) -> Vec<Asker> {
    let all = call(router, boss, Method::GET, "/api/v1/roles", Value::Null).await.json();
    let all: BTreeSet<&str> =
        all.as_array().unwrap().iter().map(|role| role["name"].as_str().unwrap()).collect();
    assert_eq!(all, BTreeSet::from(ROLES), "the table has a column for each role");
    // Everybody new is a viewer.
    let viewer = role_id(router, boss, "viewer").await;
    let mut askers = Vec::new();
    for name in [WITHOUT].into_iter().chain(ROLES) {
        let roles = if name == WITHOUT { Vec::new() } else { vec![name] };
        let (id, token) = somebody(router, boss, name, &roles).await;
        if name != "viewer" {
            let path = format!("/api/v1/users/{id}/roles/{viewer}");
            let answer = call(router, boss, Method::DELETE, &path, Value::Null).await;
            assert_eq!(answer.status, 204, "{answer:?}");
        }
        askers.push(Asker { name: name.to_owned(), id, token });
    }
    askers
}

/// Asks for every operation: how many of them each may do, and a table for each tag.
async fn every_operation(
    router: &Router,
    description: &Value,
    askers: &mut [Asker],
) -> Vec<String> {
    let mut columns = vec!["nobody"];
    columns.extend(names(askers));
    let mut counts = BTreeMap::<(usize, &str), usize>::new();
    let mut of_tags: Vec<(String, Vec<Vec<String>>)> = Vec::new();
    for operation in operations(description) {
        let method = operation.method.to_string();
        let mut row = vec![method, operation.path.clone(), operation.by.to_owned()];
        for at in 0..columns.len() {
            let asker = at.checked_sub(1).map(|at| &mut askers[at]);
            let token = asker.as_ref().map_or("", |asker| asker.token.as_str());
            let answer = answer_to(router, token, &operation).await;
            if let Some(asker) = asker
                && operation.method != Method::GET
            {
                asker.stay(router).await;
            }
            *counts.entry((at, answer)).or_default() += 1;
            row.push(answer.to_owned());
        }
        if of_tags.last().is_none_or(|(tag, _)| *tag != operation.tag) {
            of_tags.push((operation.tag, Vec::new()));
        }
        of_tags.last_mut().unwrap().1.push(row);
    }

    let asked: usize = of_tags.iter().map(|(_, rows)| rows.len()).sum();
    let mut lines = vec![String::new(), format!("{asked} operations:"), String::new()];
    let counted = |at, answer: &'static str| counts.get(&(at, answer)).copied().unwrap_or_default();
    let rows: [Vec<String>; 3] = ["yes", "403", "401"].map(|answer| {
        let numbers = (0..columns.len()).map(|at| counted(at, answer).to_string());
        [answer.to_owned()].into_iter().chain(numbers).collect()
    });
    lines.extend(table(&[&["answer"][..], &columns[..]].concat(), &rows));
    let head = [&["method", "path", "by"][..], &columns[..]].concat();
    for (tag, rows) in of_tags {
        lines.extend([String::new(), format!("### {tag}"), String::new()]);
        lines.extend(table(&head, &rows));
    }
    lines
}

/// What the columns of those who ask are called.
pub(crate) fn names(askers: &[Asker]) -> Vec<&'static str> {
    assert_eq!(askers.len(), ROLES.len() + 1);
    ["no role"].into_iter().chain(ROLES).collect()
}

async fn answer_to(router: &Router, token: &str, operation: &Operation) -> &'static str {
    let Operation { method, asked, body, .. } = operation;
    let mut request = send(method.clone(), asked, token, body);
    request.headers_mut().insert("if-match", "*".parse().unwrap());
    let answer = ask(router, request).await;
    assert!(is_sound(&answer), "{method} {asked} {body} {answer:?}");
    match answer.status.as_u16() {
        // A wrong password is one, too.
        401 if answer.json()["type"] == "/problems/unauthenticated" => "401",
        403 => "403",
        _ => "yes",
    }
}

/// Whether an answer says something about rights: neither the server is at fault, nor was it asked
/// too often.
pub(crate) fn is_sound(answer: &Answer) -> bool {
    !answer.status.is_server_error() && answer.status != 429
}

/// The operations, tag by tag in the order of the description, and by path.
fn operations(description: &Value) -> Vec<Operation> {
    let mut operations = Vec::new();
    for (path, item) in description["paths"].as_object().unwrap() {
        for method in METHODS {
            let Some(operation) = item.get(method) else { continue };
            let by = match operation["security"][0].as_object() {
                None => "-",
                Some(schemes) if schemes.contains_key("key") => "key",
                Some(_) => "token",
            };
            operations.push(Operation {
                tag: operation["tags"][0].as_str().unwrap().to_owned(),
                method: Method::from_bytes(method.to_uppercase().as_bytes()).unwrap(),
                path: path.clone(),
                asked: filled(path, operation),
                body: body(description, operation, by),
                by,
            });
        }
    }
    let tags = description["tags"].as_array().unwrap();
    let place = |tag: &str| tags.iter().position(|it| it["name"] == tag);
    operations.sort_by_cached_key(|it| (place(&it.tag), it.tag.clone(), it.path.clone()));
    operations
}

/// The path with keys that nothing has.
fn filled(path: &str, operation: &Value) -> String {
    let mut filled = path.to_owned();
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        if parameter["in"] == "path" {
            let is_number = parameter["schema"]["type"] == "integer";
            let key = if is_number { NO_NUMBER.to_string() } else { NO_NAME.to_owned() };
            let name = parameter["name"].as_str().unwrap();
            filled = filled.replace(&format!("{{{name}}}"), &key);
        }
    }
    filled
}

/// The least body. What proves somebody by its body gets an empty one: a proof that is no good
/// would be refused like one that is missing.
fn body(description: &Value, operation: &Value, by: &str) -> Value {
    match &operation["requestBody"]["content"]["application/json"]["schema"] {
        Value::Null => Value::Null,
        _ if by == "-" => json!({}),
        schema => least(description, schema),
    }
}

/// The least that fits a schema.
fn least(description: &Value, schema: &Value) -> Value {
    if let Some(place) = schema["$ref"].as_str() {
        return least(description, description.pointer(place.trim_start_matches('#')).unwrap());
    }
    if let Some(words) = schema["enum"].as_array() {
        return words[0].clone();
    }
    for word in ["oneOf", "anyOf"] {
        let mut choices = schema[word].as_array().into_iter().flatten();
        if let Some(choice) = choices.find(|choice| choice["type"] != "null") {
            return least(description, choice);
        }
    }
    if let Some(parts) = schema["allOf"].as_array() {
        let parts = parts.iter().map(|part| least(description, part));
        let members = parts.filter_map(|part| part.as_object().cloned()).flatten();
        return Value::Object(members.collect());
    }
    let kind = schema["type"].as_array().map_or(&schema["type"], |kinds| &kinds[0]);
    match kind.as_str() {
        Some("string") => json!(text(schema)),
        Some("integer") => json!(integer(schema)),
        Some("number") => json!(schema["minimum"].as_f64().unwrap_or(0.5)),
        Some("boolean") => json!(false),
        Some("array") if schema["minItems"].as_u64() > Some(0) => {
            json!([least(description, &schema["items"])])
        }
        Some("array") => json!([]),
        _ => object(description, schema),
    }
}

fn object(description: &Value, schema: &Value) -> Value {
    let required = schema["required"].as_array().into_iter().flatten();
    let member = |name: &Value| {
        let name = name.as_str().unwrap();
        (name.to_owned(), least(description, &schema["properties"][name]))
    };
    Value::Object(required.map(member).collect())
}

fn text(schema: &Value) -> &'static str {
    match schema["format"].as_str() {
        Some("date-time") => "2030-01-02T03:04:05Z",
        Some("date") => "2030-01-02",
        Some("uuid") => "01890a5d-ac96-774b-bcce-b302099a8057",
        _ => NO_NAME,
    }
}

fn integer(schema: &Value) -> i64 {
    let usual = if schema["format"] == "int64" { NO_NUMBER } else { 1 };
    schema["minimum"].as_i64().unwrap_or(usual)
}

/// A table in Markdown whose columns also stand under each other as it is.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>]) -> Vec<String> {
    let width = |at: usize| {
        let cells = rows.iter().map(|row| row[at].chars().count());
        cells.chain([head[at].chars().count()]).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let line = |cells: &[String]| {
        let cells = cells.iter().zip(&widths);
        let cells: Vec<String> = cells.map(|(cell, &width)| format!("{cell:<width$}")).collect();
        format!("| {} |", cells.join(" | "))
    };
    let names: Vec<String> = head.iter().map(|name| (*name).to_owned()).collect();
    let rule: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
    let rows = rows.iter().map(|row| line(row));
    [line(&names), line(&rule)].into_iter().chain(rows).collect()
}
