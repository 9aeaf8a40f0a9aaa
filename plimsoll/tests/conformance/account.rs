//! Every case of the other tools is accounted for, and the documentation says how.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::PathBuf,
};

use crate::{
    alembic,
    class::{Class, Restated, Verdict},
    django,
};

/// The classes, each once: some stand in several files.
fn classes() -> Vec<Class> {
    let classes = [
        alembic::differences::all(),
        alembic::uniques::all(),
        alembic::indexes::all(),
        alembic::foreign_keys::all(),
        alembic::checks::all(),
        alembic::columns::all(),
        alembic::defaults::all(),
        alembic::batch::all(),
        django::models::all(),
        django::fields::all(),
        django::constraints::all(),
        django::introspection::all(),
        django::optimizer::all(),
        django::optimizer::together::all(),
        django::questioner::all(),
    ];
    let mut merged: Vec<Class> = Vec::new();
    for class in classes.into_iter().flatten() {
        let is_it =
            |it: &&mut Class| (it.suite, it.file, it.name) == (class.suite, class.file, class.name);
        match merged.iter_mut().find(is_it) {
            Some(it) => it.verdicts.extend(class.verdicts),
            None => merged.push(class),
        }
    }
    merged
}

fn tests() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// `names.txt` has a class in a line: suite, file and class, a colon, and the names.
#[test]
fn every_case_of_the_other_tools_has_its_verdict() {
    let listed = fs::read_to_string(tests().join("conformance/names.txt")).unwrap();
    let listed: BTreeMap<String, Vec<String>> = listed
        .lines()
        .map(|line| {
            let (class, names) = line.split_once(": ").unwrap();
            (class.to_owned(), names.split(", ").map(str::to_owned).collect())
        })
        .collect();
    let mut open: BTreeSet<String> = listed
        .iter()
        .flat_map(|(class, names)| names.iter().map(move |name| format!("{class} {name}")))
        .collect();

    for class in classes() {
        let Class { suite, file, name, verdicts } = class;
        for (case, verdict) in verdicts {
            let case = format!("{suite} {file} {name} {case}");
            assert!(open.remove(&case), "{case} is not listed, or twice here");
            if let Verdict::ShownBy(file, test) = verdict {
                let text = fs::read_to_string(tests().join(file)).unwrap();
                assert!(text.contains(&format!("fn {test}(")), "{file} has no test {test}");
            }
        }
    }

    assert_eq!(open, BTreeSet::new(), "these have no verdict");
}

/// The tables of the documentation.
fn written() -> String {
    let mut text = String::from("| Suite | Class | Cases | The same | Otherwise | Not here |\n");
    text.push_str("|---|---|---|---|---|---|\n");
    let classes = classes();
    let mut sum = [0; 4];
    for Class { suite, file, name, verdicts } in &classes {
        let of = |is: fn(&Verdict) -> bool| verdicts.iter().filter(|(_, it)| is(it)).count();
        let counts = [
            verdicts.len(),
            of(|it| matches!(it, Verdict::Same(_) | Verdict::ShownBy(..))),
            of(|it| matches!(it, Verdict::Differs(..))),
            of(|it| matches!(it, Verdict::DoesNotApply(_))),
        ];
        let [cases, same, differs, not] = counts;
        writeln!(text, "| {suite} | `{file}` {name} | {cases} | {same} | {differs} | {not} |")
            .unwrap();
        for (sum, count) in sum.iter_mut().zip(counts) {
            *sum += count;
        }
    }
    let [cases, same, differs, not] = sum;
    writeln!(text, "| | all | {cases} | {same} | {differs} | {not} |").unwrap();

    text.push_str("\n## Found otherwise, on purpose\n\n| Case | Why |\n|---|---|\n");
    for Class { suite, name, verdicts, .. } in &classes {
        for (case, verdict) in verdicts {
            if let Verdict::Differs(_, why) = verdict {
                writeln!(text, "| {suite} {name}.{case} | {why} |").unwrap();
            }
        }
    }

    text.push_str("\n## Said by another test\n\n| Case | Test |\n|---|---|\n");
    for Class { suite, name, verdicts, .. } in &classes {
        for (case, verdict) in verdicts {
            if let Verdict::ShownBy(file, test) = verdict {
                writeln!(text, "| {suite} {name}.{case} | `{file}` {test} |").unwrap();
            }
        }
    }

    text.push_str("\n## On fewer than three databases\n\n| Case | Not on | Why |\n|---|---|---|\n");
    for Class { suite, name, verdicts, .. } in &classes {
        for (case, verdict) in verdicts {
            let none: BTreeSet<_> = verdict.cases().iter().flat_map(Restated::no_notions).collect();
            for (dialect, why) in none {
                writeln!(text, "| {suite} {name}.{case} | {dialect} | {why} |").unwrap();
            }
        }
    }

    text.push_str("\n## Nothing to restate\n\n| Cases | Why |\n|---|---|\n");
    for Class { suite, name, verdicts, .. } in &classes {
        let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
        for (case, verdict) in verdicts {
            if let Verdict::DoesNotApply(why) = verdict {
                match reasons.iter_mut().find(|(it, _)| it == why) {
                    Some((_, cases)) => cases.push(case),
                    None => reasons.push((why, vec![case])),
                }
            }
        }
        for (why, cases) in reasons {
            writeln!(text, "| {suite} {name}: {} | {why} |", cases.join(", ")).unwrap();
        }
    }
    text
}

/// What the tables of the documentation stand behind.
const MARK: &str = "## What was found\n\n";

fn documentation() -> PathBuf {
    tests().join("../../docs/conformance.md")
}

#[test]
fn the_documentation_counts_them() {
    let text = fs::read_to_string(documentation()).unwrap();

    let (_, tables) = text.split_once(MARK).unwrap();

    assert_eq!(tables, written(), "`cargo test --test conformance -- --ignored` writes them anew");
}

#[test]
#[ignore = "it writes the tables of the documentation"]
fn the_documentation_is_written_anew() {
    let text = fs::read_to_string(documentation()).unwrap();
    let (head, _) = text.split_once(MARK).unwrap();

    fs::write(documentation(), format!("{head}{MARK}{}", written())).unwrap();
}
