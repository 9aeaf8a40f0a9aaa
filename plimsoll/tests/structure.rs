//! The arrows between the crates of the workspace, and the levels inside this one.
//!
//! Reads manifests and sources as text. What it cannot see are names that a macro makes up.
#![cfg(feature = "migrate")]

#[path = "structure/source.rs"]
mod source;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use source::{code, imports, is_of_word, tree, words};

/// Which crate of the workspace may depend on which, and which its tests may use besides.
const ARROWS: &[(&str, &[&str], &[&str])] = &[
    ("plimsoll", &[], &[]),
    ("entity", &["plimsoll"], &[]),
    ("migration", &["entity", "plimsoll"], &[]),
    ("service", &["entity", "plimsoll"], &["migration"]),
    ("api", &["migration", "plimsoll", "service"], &[]),
];

/// The modules of the engine in their order, each with its level: a module imports those above it
/// and its own submodules. What stands in one row is one idea in several files.
const LEVELS: &[(u8, &[&str])] = &[
    (0, &["names"]),
    (0, &["dialect", "dialect::mysql", "dialect::postgres", "dialect::sqlite"]),
    (0, &["dialect::token"]),
    (0, &["schema"]),
    (0, &["change"]),
    (0, &["steps"]),
    (1, &["diff"]),
    (1, &["write"]),
    (1, &["revisions"]),
    (1, &["misfit"]),
    (1, &["error"]),
    (1, &["dialect::render"]),
    (
        1,
        &[
            "dialect::mysql::render",
            "dialect::mysql::alter",
            "dialect::postgres::render",
            "dialect::postgres::alter",
            "dialect::sqlite::render",
            "dialect::sqlite::alter",
            "dialect::sqlite::rebuild",
            "dialect::postgres::enums",
        ],
    ),
    (1, &["dialect::client"]),
    (1, &["dialect::mysql::client", "dialect::postgres::client", "dialect::sqlite::client"]),
    (1, &["dialect::read"]),
    (1, &["dialect::mysql::read", "dialect::postgres::read", "dialect::sqlite::read"]),
    (1, &["dialect::sqlite::parse"]),
    (1, &["diagram"]),
    (1, &["dialect::mysql::shown"]),
    (1, &["render"]),
    (1, &["guard"]),
    (1, &["plan"]),
    (1, &["normal"]),
    (1, &["meet"]),
    (1, &["want"]),
    (1, &["draft"]),
    (2, &["clock"]),
    (2, &["random"]),
    (2, &["config"]),
    (2, &["telemetry"]),
    (2, &["retry"]),
    (2, &["connect"]),
    (2, &["limits"]),
    (2, &["plain"]),
    (2, &["who"]),
    (2, &["stop"]),
    (2, &["dialect::mysql::lease"]),
    (2, &["dialect::lock"]),
    (2, &["dialect::postgres::pooler"]),
    (2, &["dialect::mysql::lock", "dialect::postgres::lock", "dialect::sqlite::lock"]),
    (2, &["lock"]),
    (2, &["dialect::introspect"]),
    (
        2,
        &[
            "dialect::mysql::introspect",
            "dialect::postgres::introspect",
            "dialect::sqlite::introspect",
        ],
    ),
    (2, &["introspect"]),
    (3, &["fits"]),
    (3, &["rebuild"]),
    (3, &["code"]),
    (3, &["alter"]),
    (3, &["history"]),
    (3, &["dialect::postgres::elsewhere"]),
    (3, &["catalog"]),
    (3, &["scratch"]),
    (3, &["words"]),
    (3, &["compare"]),
    (3, &["backup::file", "backup::tool"]),
    (3, &["dialect::mysql::dump"]),
    (3, &["dialect::mysql::backup", "dialect::postgres::backup", "dialect::sqlite::backup"]),
    (3, &["backup"]),
    (3, &["records"]),
    (3, &["loss"]),
    (3, &["progress"]),
    (3, &["terms"]),
    (3, &["seed"]),
    (3, &["runner"]),
    (3, &["app"]),
    (4, &["prelude"]),
    (4, &["cli"]),
    (4, &["testing"]),
];

/// The highest level at which everything is a plain function over plain data.
const PURE: u8 = 1;

/// What a pure module has no use for.
const IMPURE: &[&str] =
    &["async", "await", "sqlx", "ConnectionTrait", "DatabaseConnection", "DatabaseTransaction"];

/// What a crate that runs on tokio and on async-std does not name; [`testing`](plimsoll) and the
/// `main` of a program start whichever there is.
const EXECUTORS: &[&str] = &["tokio", "async_std", "smol"];
const MAY_NAME_EXECUTORS: &[&str] = &["plimsoll/src/testing.rs", "service/src/main.rs"];

#[test]
fn crates_depend_only_where_an_arrow_leads() {
    let mut wrong = Vec::new();
    for member in members() {
        let Some((_, normal, dev)) = ARROWS.iter().find(|(name, ..)| *name == member) else {
            wrong.push(format!("`{member}` has no line in ARROWS"));
            continue;
        };
        let manifest = manifest(&member);
        let in_tests: Vec<&str> = [*normal, *dev].concat();
        for (table, allowed) in [
            ("dependencies", *normal),
            ("build-dependencies", *normal),
            ("dev-dependencies", &in_tests),
        ] {
            for dependency in ours(&manifest, table) {
                if !allowed.contains(&dependency.as_str()) {
                    wrong.push(format!("`{member}` must not have `{dependency}` in its {table}"));
                }
            }
        }
    }

    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn entities_see_only_the_pure_model() {
    let manifest = manifest("entity");
    let plimsoll = &manifest["dependencies"]["plimsoll"];

    assert_eq!(plimsoll.get("features"), None, "a feature of the engine brings drivers to entity");
}

#[test]
fn a_version_never_imports_an_entity() {
    let mut wrong = Vec::new();
    for file in sources("migration/src") {
        let text = code(&read(&file));
        if file != "migration/src/main.rs" && words(&text).contains("entity") {
            wrong.push(file);
        }
    }

    assert!(wrong.is_empty(), "history moves when entities do: {}", wrong.join(", "));
    assert!(!sources("migration/src/versions").is_empty(), "the versions are somewhere else now");
}

#[test]
fn modules_import_only_what_stands_above_them() {
    let exports = exports();
    let mut wrong = Vec::new();
    for (module, text) in modules() {
        let Some(own) = row_of(&module) else {
            wrong.push(format!("`{module}` has no place in LEVELS"));
            continue;
        };
        for import in imports(&module, &text) {
            let first = import.split("::").next().unwrap_or_default();
            let import = match exports.get(first) {
                Some(source) => source.clone(),
                None => import,
            };
            match row_of(&import) {
                Some(row) if row > own => wrong.push(format!("`{module}` imports `{import}`")),
                Some(_) => {}
                None => wrong.push(format!("`{module}` imports `{import}`, which nothing exports")),
            }
        }
    }

    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_place_in_the_levels_is_taken() {
    let present: BTreeSet<String> = modules().into_iter().map(|(module, _)| module).collect();
    let listed = LEVELS.iter().flat_map(|(_, modules)| modules.iter().copied());
    let gone: Vec<&str> = listed.filter(|module| !present.contains(*module)).collect();
    let levels: Vec<u8> = LEVELS.iter().map(|(level, _)| *level).collect();

    assert_eq!(gone, Vec::<&str>::new());
    assert!(levels.is_sorted(), "LEVELS is not in the order of the levels");
}

#[test]
fn what_decides_neither_waits_nor_connects() {
    let mut wrong = Vec::new();
    for (module, text) in modules() {
        let Some(row) = row_of(&module).filter(|row| LEVELS[*row].0 <= PURE) else { continue };
        let found = words(&text);
        for word in IMPURE.iter().filter(|word| found.contains(**word)) {
            wrong.push(format!("`{module}` is at level {} and says `{word}`", LEVELS[row].0));
        }
    }

    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn libraries_name_no_executor() {
    let mut wrong = Vec::new();
    for folder in ["plimsoll/src", "entity/src", "service/src"] {
        for file in sources(folder) {
            if MAY_NAME_EXECUTORS.contains(&file.as_str()) {
                continue;
            }
            let text = code(&read(&file));
            let found = words(&text);
            for word in EXECUTORS.iter().filter(|word| found.contains(**word)) {
                wrong.push(format!("`{file}` says `{word}`"));
            }
        }
    }

    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the engine is a folder of the workspace")
}

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn table_of(file: &str) -> toml::Table {
    read(file).parse().unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn manifest(member: &str) -> toml::Table {
    table_of(&format!("{member}/Cargo.toml"))
}

fn members() -> Vec<String> {
    let workspace = table_of("Cargo.toml");
    let members = workspace["workspace"]["members"].as_array().expect("members are a list");
    members.iter().map(|member| member.as_str().expect("a member is a path").to_owned()).collect()
}

/// The crates of the workspace in a table of dependencies, also of those for one target only.
fn ours(manifest: &toml::Table, table: &str) -> BTreeSet<String> {
    let of_targets = manifest.get("target").and_then(toml::Value::as_table);
    let of_targets =
        of_targets.into_iter().flat_map(toml::Table::values).filter_map(|of| of.get(table));
    let tables = manifest.get(table).into_iter().chain(of_targets);
    let members = members();
    tables
        .flat_map(|table| table.as_table().expect("dependencies are a table").keys().cloned())
        .filter(|name| members.contains(name))
        .collect()
}

/// The Rust files below a folder, relative to the workspace.
fn sources(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from(folder)];
    while let Some(folder) = folders.pop() {
        let listing = fs::read_dir(root().join(&folder));
        for entry in listing.unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let entry = entry.expect("a folder can be read to its end");
            let path = folder.join(entry.file_name());
            if entry.file_type().expect("a file has a type").is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
                found.push(parts.join("/"));
            }
        }
    }
    found.sort();
    found
}

/// The engine's modules with their code. Files of tests only are left out.
fn modules() -> Vec<(String, String)> {
    let mut modules = Vec::new();
    for file in sources("plimsoll/src") {
        let module = file["plimsoll/src/".len()..file.len() - ".rs".len()].replace('/', "::");
        if module != "lib" && !module.ends_with("tests") {
            modules.push((module, code(&read(&file))));
        }
    }
    modules
}

/// The row of the longest prefix of `path` that is in [`LEVELS`].
fn row_of(path: &str) -> Option<usize> {
    let length = |module: &str| {
        let below = path.strip_prefix(module)?;
        (below.is_empty() || below.starts_with("::")).then_some(module.len())
    };
    let rows = LEVELS.iter().enumerate();
    rows.flat_map(|(row, (_, modules))| modules.iter().map(move |module| (length(module), row)))
        .filter(|(length, _)| length.is_some())
        .max()
        .map(|(_, row)| row)
}

/// Where the names at the root of the crate come from: `pub use` in `lib.rs`, and macros.
fn exports() -> BTreeMap<String, String> {
    let mut exports = BTreeMap::new();
    for statement in code(&read("plimsoll/src/lib.rs")).split("pub use ").skip(1) {
        let end = statement.find(';').expect("a `use` ends");
        for path in tree(&statement[..end]).0 {
            if let Some((module, name)) = path.rsplit_once("::") {
                exports.insert(name.to_owned(), module.to_owned());
            }
        }
    }
    for (module, text) in modules() {
        for definition in text.split("macro_rules!").skip(1) {
            let name = definition.trim_start().split(|c: char| !is_of_word(c)).next();
            exports.insert(name.unwrap_or_default().to_owned(), module.clone());
        }
    }
    // A crate that the engine hands on to those who use its macros.
    exports.insert("sea_orm_migration".to_owned(), "names".to_owned());
    exports
}
