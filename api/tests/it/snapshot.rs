//! Files that are kept in `tests/snapshots` and compared with what is there now, so that a change
//! of the API is seen by whoever reads the change of the code.

use std::{collections::BTreeMap, fs, path::Path};

use plimsoll::config::{Env, Variable};
use sea_orm::Database;
use serde_json::Value;

use crate::client::{app, ask, get};

/// Whether the files are written and not compared.
const UPDATE_SNAPSHOTS: Variable = Variable {
    name: "UPDATE_SNAPSHOTS",
    aliases: &[],
    about: "true or 1 lets tests write the files that they would compare with.",
    default: Some("false"),
};

/// How far apart two texts are followed before the rest of both counts as different.
const FARTHEST: usize = 1_000;
/// How many lines must be the same for two texts to have come together again.
const TOGETHER: usize = 3;
/// How many differences are shown.
const SHOWN: usize = 200;

/// Compares a text with the file of that name, or writes the file when `UPDATE_SNAPSHOTS` is set.
///
/// # Panics
/// If the file is not there or is another text, with the lines that differ.
pub(crate) fn is_as_kept(name: &str, now: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots").join(name);
    if Env::load().unwrap().read(&UPDATE_SNAPSHOTS).unwrap() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, now).unwrap();
        return;
    }
    let how = "`UPDATE_SNAPSHOTS=1 cargo test -p api kept` writes it";
    let kept = fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}; {how}", path.display()));
    let mut lines = differences(&kept, now);
    let count = lines.len();
    lines.truncate(SHOWN);
    assert!(count == 0, "{name} differs in {count} lines; {how}\n{}", lines.join("\n"));
}

/// The lines that only one of two texts has, in their order: `-` those that are gone, `+` those
/// that came.
fn differences(kept: &str, now: &str) -> Vec<String> {
    let (kept, now): (Vec<&str>, Vec<&str>) = (kept.lines().collect(), now.lines().collect());
    let (mut kept, mut now, mut found) = (&kept[..], &now[..], Vec::new());
    loop {
        let same = kept.iter().zip(now).take_while(|(one, other)| one == other).count();
        (kept, now) = (&kept[same..], &now[same..]);
        if kept.is_empty() && now.is_empty() {
            return found;
        }
        let (gone, come) = until_together(kept, now);
        found.extend(kept[..gone].iter().map(|line| format!("- {line}")));
        found.extend(now[..come].iter().map(|line| format!("+ {line}")));
        (kept, now) = (&kept[gone..], &now[come..]);
    }
}

/// How many lines of each come before both are the same again.
fn until_together(kept: &[&str], now: &[&str]) -> (usize, usize) {
    for apart in 1..=FARTHEST.min(kept.len() + now.len()) {
        for gone in apart.saturating_sub(now.len())..=apart.min(kept.len()) {
            let come = apart - gone;
            let (before, after) = (kept[gone..].iter(), now[come..].iter());
            if before.take(TOGETHER).eq(after.take(TOGETHER)) {
                return (gone, come);
            }
        }
    }
    (kept.len(), now.len())
}

/// The same document with the members of every object in the order of their names.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let members: BTreeMap<String, Value> =
                members.into_iter().map(|(name, member)| (name, sorted(member))).collect();
            Value::Object(members.into_iter().collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        other => other,
    }
}

#[tokio::test]
async fn the_description_of_the_routes_is_the_one_that_is_kept() {
    let router = api::router(app(&Database::connect("sqlite::memory:").await.unwrap()));

    let description = ask(&router, get("/openapi.json")).await.json();

    let text = serde_json::to_string_pretty(&sorted(description)).unwrap();
    is_as_kept("openapi.json", &format!("{text}\n"));
}

#[test]
fn what_differs_is_told_line_by_line() {
    let kept = "a\nb\nc\nd\ne\nf\ng\nh";

    assert_eq!(differences(kept, kept), [""; 0]);
    assert_eq!(differences(kept, "a\nb\nX\nd\ne\nf\ng\nh"), ["- c", "+ X"]);
    assert_eq!(differences(kept, "a\nb\nc\nd\nX\nY\ne\nf\ng\nh"), ["+ X", "+ Y"]);
    assert_eq!(differences(kept, "a\ne\nf\ng\nh\ni"), ["- b", "- c", "- d", "+ i"]);
    assert_eq!(differences(kept, ""), ["- a", "- b", "- c", "- d", "- e", "- f", "- g", "- h"]);
    assert_eq!(differences("", "x"), ["+ x"]);
}
