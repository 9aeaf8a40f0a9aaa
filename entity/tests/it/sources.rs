//! Every column of the five source systems has a home here, or a reason why it has none: the
//! inventories in `docs/sources` against what `docs/domains` says about them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// A table of a source system: which one, and what it is called there.
type Source = (String, String);

/// The inventories, and under which of their headings the tables stand that are brought together.
const INVENTORIES: &[(&str, &str, &str, usize)] = &[
    ("gough.md", "Tables created by SQLAlchemy", "Gough", 35),
    ("gough.md", "PyDAL iPXE tables", "Gough PyDAL", 10),
    ("gough.md", "PyDAL gateway tables", "Gough PyDAL", 3),
    ("fenrir.md", "A. Target schema", "Fenrir", 5),
    ("tronbyt.md", "Tables", "tronbyt", 6),
    ("rag-fortress.md", "Stage 1 tables", "RAG Fortress", 6),
    ("marchproxy.md", "Tables of revision 001", "MarchProxy", 13),
];

/// What a document says about one table of a source.
#[derive(Debug)]
struct Mapping {
    document: String,
    targets: Vec<String>,
    rows: Vec<(Vec<String>, String)>,
}

#[test]
fn every_source_column_has_a_home_or_a_reason() {
    let inventory = inventory();
    let mappings = mappings();
    let here = tables();
    let mut wrong = Vec::new();

    for (source, columns) in &inventory {
        let Some(mapping) = mappings.get(source) else {
            wrong.push(format!("{source:?}: no document has it"));
            continue;
        };
        let named: Vec<&String> = mapping.rows.iter().flat_map(|(columns, _)| columns).collect();
        for column in columns {
            let times = named.iter().filter(|name| *name == &column).count();
            if times != 1 {
                wrong.push(format!("{source:?}.{column}: named {times} times"));
            }
        }
        wrong.extend(
            named
                .iter()
                .filter(|name| !columns.contains(**name))
                .map(|name| format!("{source:?}.{name}: the source has no such column")),
        );
        wrong.extend(homeless(source, mapping, &here));
    }
    wrong.extend(
        mappings
            .keys()
            .filter(|source| !inventory.contains_key(*source))
            .map(|source| format!("{source:?}: no inventory has it")),
    );

    let columns: usize = inventory.values().map(BTreeSet::len).sum();
    println!("{} source tables, {columns} columns", inventory.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_inventories_have_as_many_tables_as_they_say() {
    let mut names = BTreeSet::new();
    for (file, section, system, count) in INVENTORIES {
        let tables = section_of(file, section);

        assert_eq!(tables.len(), *count, "{file}: {section}");
        let system = system.split(' ').next().unwrap();
        names.extend(tables.into_iter().map(|(table, _)| (system.to_owned(), table)));
    }
    assert_eq!(names.len(), 75, "three of PyDAL's are defined by SQLAlchemy as well");
}

#[test]
fn every_table_of_a_domain_is_told_in_its_document() {
    let root = root().join("docs/domains");
    let mut untold = Vec::new();
    for table in entity::schema() {
        let told = fs::read_dir(&root).unwrap().any(|document| {
            let text = fs::read_to_string(document.unwrap().path()).unwrap();
            text.lines().any(|line| line.starts_with(&format!("| `{}` |", table.name)))
        });
        if !told {
            untold.push(table.name);
        }
    }
    assert!(untold.is_empty(), "{untold:?}");
}

/// What in the mapping leads nowhere.
fn homeless(
    source: &Source,
    mapping: &Mapping,
    here: &BTreeMap<String, BTreeSet<String>>,
) -> Vec<String> {
    let has = |table: &str, column: &str| here.get(table).is_some_and(|of| of.contains(column));
    let targeted = |column: &str| mapping.targets.iter().any(|table| has(table, column));
    let mut wrong: Vec<String> = mapping
        .targets
        .iter()
        .filter(|table| !here.contains_key(*table))
        .map(|table| {
            format!("{}: {source:?} goes to `{table}`, which is not there", mapping.document)
        })
        .collect();
    for (columns, home) in &mapping.rows {
        let found = if home == "the same" {
            columns.iter().all(|column| targeted(column))
        } else if let Some(reason) = home.strip_prefix("dropped: ") {
            reason.len() > 10
        } else {
            quoted(home).first().is_some_and(|first| match first.split_once('.') {
                Some((table, column)) => has(table, column),
                None => targeted(first),
            })
        };
        if !found {
            wrong.push(format!("{}: {source:?} {columns:?}: `{home}`", mapping.document));
        }
    }
    wrong
}

fn tables() -> BTreeMap<String, BTreeSet<String>> {
    entity::schema()
        .into_iter()
        .map(|table| (table.name, table.columns.into_iter().map(|column| column.name).collect()))
        .collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn inventory() -> BTreeMap<Source, BTreeSet<String>> {
    let mut all = BTreeMap::new();
    for (file, section, system, _) in INVENTORIES {
        for (table, columns) in section_of(file, section) {
            let twice = all.insert(((*system).to_owned(), table.clone()), columns);
            assert!(twice.is_none(), "{system} has `{table}` twice");
        }
    }
    all
}

/// The tables below a heading of the second level.
fn section_of(file: &str, section: &str) -> Vec<(String, BTreeSet<String>)> {
    let text = fs::read_to_string(root().join("docs/sources").join(file)).unwrap();
    let mut tables: Vec<(String, BTreeSet<String>)> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            inside = heading.starts_with(section);
        } else if let Some(heading) = line.strip_prefix("### ").filter(|_| inside) {
            tables.push((quoted(heading).swap_remove(0), BTreeSet::new()));
        } else if let Some(cell) = cells(line).first().filter(|_| inside)
            && let Some((_, columns)) = tables.last_mut()
            && cell != "column"
        {
            columns.insert(cell.clone());
        }
    }
    tables
}

fn mappings() -> BTreeMap<Source, Mapping> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(root().join("docs/domains")).unwrap() {
        let path = entry.unwrap().path();
        let document = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).unwrap();
        let mut current: Option<Source> = None;
        for line in text.lines() {
            if line.starts_with('#') {
                current = None;
            }
            if let Some(heading) = line.strip_prefix("### ") {
                let (system, rest) =
                    heading.split_once(" `").unwrap_or_else(|| panic!("{heading}"));
                let mut names = quoted(&format!("`{rest}"));
                let source = (system.to_owned(), names.remove(0));
                let mapping =
                    Mapping { document: document.clone(), targets: names, rows: Vec::new() };
                let twice = all.insert(source.clone(), mapping);
                assert!(twice.is_none(), "{document}: {source:?} is told twice");
                current = Some(source);
            } else if let [columns, home] = &cells(line)[..]
                && let Some(mapping) = current.as_ref().and_then(|source| all.get_mut(source))
                && columns != "column"
            {
                mapping.rows.push((quoted(columns), home.clone()));
            }
        }
    }
    all
}

/// The cells of a row of a table; none of another line, nor of the line below a table's head.
fn cells(line: &str) -> Vec<String> {
    let Some(inside) = line.strip_prefix("| ").and_then(|rest| rest.strip_suffix('|')) else {
        return Vec::new();
    };
    inside.split('|').map(|cell| cell.trim().to_owned()).collect()
}

/// What stands between backticks.
fn quoted(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}
