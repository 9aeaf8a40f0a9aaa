//! Whose database it is, by its tables, and whether it has the shape that is known.

use super::{
    fenrir, gough,
    map::{Map, System},
    marchproxy, rag_fortress,
    reads::Tables,
};

/// Where Alembic notes down the revision of a database.
pub(super) const REVISIONS: &str = "alembic_version";

/// The history of a database of this system.
const OURS: &str = "plimsoll_history";

/// How many tables of an unknown database are named.
const NAMED: usize = 10;

/// The systems that are known.
pub(super) fn systems() -> [System; 4] {
    [rag_fortress::system(), marchproxy::system(), fenrir::system(), gough::system()]
}

/// The system whose tables these are.
///
/// # Errors
/// Why it is none that is known: other tables, another revision, a table or a column that is
/// missing.
pub(super) fn recognised(there: &Tables, revisions: &[String]) -> Result<System, String> {
    if there.contains_key(OURS) {
        let hint = "`export` and `import json` take its rows elsewhere";
        return Err(format!("it is a database of this very system; {hint}"));
    }
    let is_needed = |map: &&Map| !map.may_be_missing;
    let has = |map: &&Map| there.contains_key(map.from);
    let needed = |system: &System| system.maps.iter().filter(is_needed).count();
    let found = |system: &System| system.maps.iter().filter(is_needed).filter(has).count();
    let likely = systems().into_iter().filter(|system| found(system) * 2 > needed(system));
    let is_whole = |system: &System| found(system) == needed(system);
    let Some(mut system) = likely.max_by_key(|system| (is_whole(system), found(system))) else {
        return Err(foreign(there));
    };
    let name = system.name;
    if let Some(unknown) = revisions.iter().find(|it| !system.revisions.contains(&it.as_str())) {
        let known: Vec<String> = system.revisions.iter().map(|it| format!("`{it}`")).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        return Err(format!("it is of revision `{unknown}` of {name}, and {known} is known"));
    }
    for map in &system.maps {
        let Some(columns) = there.get(map.from) else {
            if map.may_be_missing {
                continue;
            }
            return Err(format!(
                "it is like a database of {name}, and has no table `{}`",
                map.from
            ));
        };
        let needed = map.key.iter().chain(map.columns.iter().map(|(name, _)| name));
        let is_missing = |it: &&&str| !columns.iter().any(|column| column == **it);
        let mut missing = needed.filter(is_missing).filter(|it| !map.may_lack.contains(*it));
        if let Some(missing) = missing.next() {
            let table = map.from;
            return Err(format!("the table `{table}` of {name} has no column `{missing}`"));
        }
    }
    system.maps.retain(|map| there.contains_key(map.from));
    Ok(system)
}

fn foreign(there: &Tables) -> String {
    let known = systems().map(|system| system.name).join(", ");
    let names: Vec<String> = there.keys().take(NAMED).map(|name| format!("`{name}`")).collect();
    let names = match (names.join(", "), there.len()) {
        (_, 0) => "it has none".to_owned(),
        (names, count) if count > NAMED => format!("it has {names} and others"),
        (names, _) => format!("it has {names}"),
    };
    format!("its tables are those of none of {known}: {names}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tables_of(system: &System) -> Tables {
        let columns = |map: &Map| -> Vec<String> {
            let names = map.key.iter().chain(map.columns.iter().map(|(name, _)| name));
            names.map(|name| (*name).to_owned()).collect()
        };
        system.maps.iter().map(|map| (map.from.to_owned(), columns(map))).collect()
    }

    #[test]
    fn each_system_is_recognised_by_its_tables() {
        for system in systems() {
            let mut there = tables_of(&system);
            there.insert("audit_trail".to_owned(), vec!["id".to_owned()]);
            for revision in system.revisions {
                let known = recognised(&there, &[(*revision).to_owned()]).unwrap();
                assert_eq!(known.name, system.name);
            }
            assert_eq!(recognised(&there, &[]).unwrap().name, system.name);
        }
    }

    #[test]
    fn what_is_missing_or_unknown_is_named() {
        let system = marchproxy::system();
        let there = tables_of(&system);
        let refused =
            |there: &Tables, revision: &str| recognised(there, &[revision.to_owned()]).unwrap_err();

        let revision = refused(&there, "002");
        assert!(revision.contains("`002`") && revision.contains("`001` is known"), "{revision}");
        let mut without = there.clone();
        without.remove("certificates");
        assert!(refused(&without, "001").contains("no table `certificates`"));
        let mut without = there.clone();
        without.get_mut("services").unwrap().retain(|name| name != "port");
        let column = refused(&without, "001");
        assert!(column.contains("`services`") && column.contains("`port`"), "{column}");
        let foreign = refused(&Tables::from([("shop".to_owned(), Vec::new())]), "1");
        assert!(foreign.contains("`shop`") && foreign.contains("MarchProxy"), "{foreign}");
        let ours = Tables::from([(OURS.to_owned(), Vec::new())]);
        assert!(refused(&ours, "1").contains("this very system"));
    }

    #[test]
    fn a_system_whose_history_is_empty_has_no_revision_and_may_lack_tables() {
        let whole = gough::system();
        let mut there = tables_of(&whole);

        let later = recognised(&there, &["20260805_1000".to_owned()]).unwrap_err();
        for map in whole.maps.iter().filter(|map| map.may_be_missing) {
            there.remove(map.from);
        }
        let system = recognised(&there, &[]).unwrap();

        assert!(later.contains("`20260805_1000` of Gough") && later.contains("none"), "{later}");
        assert_eq!((system.name, system.maps.len()), ("Gough", there.len()));
        assert!(system.maps.len() < whole.maps.len());
    }
}
