//! `generate` as a command: into this crate's form, and into that of any SeaORM project.

use std::{fs, path::Path};

use crate::process::{Said, migration_in};

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// A workspace with a copy of this crate.
fn workspace() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    copy(&here.join("src"), &folder.path().join("migration/src"));
    folder
}

fn generated(said: &Said) -> String {
    said.document()["name"].as_str().unwrap().to_owned()
}

#[test]
fn a_migration_is_written_and_added_to_the_list() {
    let folder = workspace();
    let list = folder.path().join("migration/src/lib.rs");
    let before = fs::read_to_string(&list).unwrap();
    let run = |arguments: &[&str]| Said::of(&mut migration_in(folder.path(), arguments));

    let dry = run(&["generate", "add nickname", "--empty", "--dry-run"]).with(0);
    assert!(dry.out.contains("pub(crate) fn steps() -> Steps {"), "{dry:#?}");
    assert_eq!(fs::read_to_string(&list).unwrap(), before);
    let name = generated(&run(&["generate", "add nickname", "--empty", "--json"]).with(0));

    assert!(name.starts_with("m20") && name.ends_with("_add_nickname"), "{name}");
    let text = fs::read_to_string(&list).unwrap();
    assert!(text.contains(&format!("    pub(crate) mod {name};\n}}")), "{text}");
    assert!(text.contains(&format!("    declared {name},\n}}")), "{text}");
    let expected: Vec<&str> = text.lines().filter(|line| !line.contains(&name)).collect();
    assert_eq!(expected, before.lines().collect::<Vec<_>>(), "nothing else has changed");
    let file = folder.path().join(format!("migration/src/versions/{name}.rs"));
    let file = fs::read_to_string(file).unwrap();
    assert!(file.starts_with("//! Add nickname.\n\nuse plimsoll::prelude::*;"), "{file}");
    let leftovers = fs::read_dir(folder.path().join("migration/src")).unwrap();
    assert!(leftovers.map(Result::unwrap).all(|it| !it.path().to_string_lossy().ends_with(".new")));

    for arguments in
        [&["revision", "-m", "other one", "--empty"][..], &["makemigration", "third", "--empty"]]
    {
        run(arguments).with(0);
    }
    let text = fs::read_to_string(&list).unwrap();
    assert!(text.contains("_other_one,") && text.contains("_third,"), "{text}");
}

/// What `sea-orm-cli migrate init` writes.
const SEAORM: &str = "pub use sea_orm_migration::prelude::*;\n\n\
    mod m20220101_000001_create_table;\n\n\
    pub struct Migrator;\n\n\
    #[async_trait::async_trait]\n\
    impl MigratorTrait for Migrator {\n    \
        fn migrations() -> Vec<Box<dyn MigrationTrait>> {\n        \
            vec![Box::new(m20220101_000001_create_table::Migration)]\n    \
        }\n\
    }\n";

#[test]
fn an_ordinary_seaorm_project_gets_its_own_form() {
    let folder = tempfile::tempdir().unwrap();
    let src = folder.path().join("migration/src");
    fs::create_dir_all(&src).unwrap();
    fs::write(src.join("lib.rs"), SEAORM).unwrap();
    let deep = folder.path().join("service/src");
    fs::create_dir_all(&deep).unwrap();

    let run = |folder: &Path| {
        Said::of(&mut migration_in(folder, &["generate", "first", "--empty", "--json"]))
    };
    let first = generated(&run(&deep).with(0));
    let other = tempfile::tempdir().unwrap();
    let there = src.parent().unwrap().to_str().unwrap();
    let arguments = ["generate", "second", "--empty", "--json", "-d", there];
    let second = generated(&Said::of(&mut migration_in(other.path(), &arguments)).with(0));

    let text = fs::read_to_string(src.join("lib.rs")).unwrap();
    let list = format!(
        "        vec![\n            Box::new(m20220101_000001_create_table::Migration),\n            \
         Box::new({first}::Migration),\n            Box::new({second}::Migration),\n        ]\n"
    );
    assert!(text.contains(&list), "{text}");
    assert!(
        text.contains(&format!(
            "mod m20220101_000001_create_table;\nmod {first};\nmod {second};\n"
        ))
    );
    let file = fs::read_to_string(src.join(format!("{first}.rs"))).unwrap();
    assert!(file.contains("#[derive(DeriveMigrationName)]\npub struct Migration;"), "{file}");
}

#[test]
fn what_cannot_be_written_is_said() {
    let nowhere = tempfile::tempdir().unwrap();
    let folder = workspace();
    let refused =
        |folder: &Path, arguments: &[&str]| Said::of(&mut migration_in(folder, arguments)).with(1);

    let said = refused(nowhere.path(), &["generate", "x", "--empty"]);
    assert!(
        said.err.contains("error[PLM0063]") && said.err.contains("--migration-dir"),
        "{said:#?}"
    );
    let said = refused(folder.path(), &["generate", "../../evil", "--empty"]);
    assert!(said.err.contains("error[PLM0062]"), "{said:#?}");
    let said = refused(folder.path(), &["generate", "add_nickname", "--drop", "users.fax"]);
    assert!(said.err.contains("error[PLM0068]") && said.err.contains("users.fax"), "{said:#?}");
}

#[test]
fn entities_that_have_not_changed_need_no_migration_and_no_database() {
    let folder = workspace();
    let before = fs::read_to_string(folder.path().join("migration/src/lib.rs")).unwrap();

    // Nothing listens there: nobody is asked.
    let url = "postgres://nobody@127.0.0.1:1/nowhere";
    let said = Said::of(&mut migration_in(folder.path(), &["generate", "x", "-u", url])).with(0);

    assert!(said.out.contains("nothing has changed"), "{said:#?}");
    let after = fs::read_to_string(folder.path().join("migration/src/lib.rs")).unwrap();
    assert_eq!(after, before);
}

/// What `git merge` makes of two branches that each wrote a migration.
#[test]
fn two_branches_that_each_write_a_migration_conflict_and_lose_none() {
    let (mine, theirs) = (workspace(), workspace());
    let list = |of: &tempfile::TempDir| of.path().join("migration/src/lib.rs");
    let base = tempfile::tempdir().unwrap();
    let base = base.path().join("lib.rs");
    fs::copy(list(&mine), &base).unwrap();
    let run = |of: &tempfile::TempDir, name: &str| {
        let arguments = ["generate", name, "--empty", "--json"];
        generated(&Said::of(&mut migration_in(of.path(), &arguments)).with(0))
    };
    let (one, other) = (run(&mine, "one"), run(&theirs, "other"));

    let merged = std::process::Command::new("git")
        .args(["merge-file", "-p"])
        .args([list(&mine), base, list(&theirs)])
        .output()
        .unwrap();

    let text = String::from_utf8(merged.stdout).unwrap();
    assert!(!merged.status.success() && text.contains("<<<<<<<"), "{text}");
    for name in [one, other] {
        assert!(text.contains(&format!("mod {name};")), "{text}");
        assert!(text.contains(&format!("declared {name},")), "{text}");
    }
}
