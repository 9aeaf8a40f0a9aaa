//! No dry run changes anything in the database.

use std::collections::BTreeSet;

use plimsoll::{Dialect, testing::Scratch};

use crate::{
    client::{connected, program, tried_by_client},
    database::*,
    process::{Said, known, migration, migration_in, says},
};

plimsoll::on_every_empty_database!(a_dry_run_of_any_command_changes_nothing);

/// Each command that has the flag, with what it needs besides, and the codes with which it ends on a
/// database that is up to date, and on one that was interrupted.
const COMMANDS: &[(&[&str], [i32; 2])] = &[
    (&["up"], [0, 1]),
    (&["up", "base"], [1, 1]),
    (&["down"], [0, 0]),
    (&["down", "base"], [0, 0]),
    (&["redo", "2"], [0, 0]),
    (&["fresh"], [0, 0]),
    (&["refresh"], [0, 0]),
    (&["reset"], [0, 0]),
    (&["stamp", "base"], [0, 0]),
    (&["baseline"], [0, 0]),
    (&["repair", "--done"], [1, 0]),
    (&["repair", "--undo"], [1, 0]),
    (&["seed"], [0, 0]),
    (&["drop-all"], [0, 0]),
    (&["create-all"], [1, 1]),
    (&["generate", "nothing", "--empty", "--migration-dir", env!("CARGO_MANIFEST_DIR")], [0, 0]),
];

/// All that is in the database, as its own program writes it down.
fn dumped(scratch: &Scratch) -> String {
    let output = match scratch.database.dialect() {
        Dialect::Sqlite => tried_by_client(scratch, ".dump\nPRAGMA user_version;\n"),
        Dialect::Postgres => connected(scratch, program(&["pg_dump"])).output().unwrap(),
        Dialect::Mysql => {
            let mut command = connected(scratch, program(&["mariadb-dump", "mysqldump"]));
            command.args(["--skip-dump-date", "--routines", "--triggers", "--events"]);
            command.output().unwrap()
        }
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    // Of which each dump has another.
    let is_key = |line: &&str| line.starts_with("\\restrict") || line.starts_with("\\unrestrict");
    text.lines().filter(|line| !is_key(line)).collect::<Vec<_>>().join("\n")
}

async fn a_dry_run_of_any_command_changes_nothing(scratch: &Scratch) {
    assert_eq!(with_the_flag(), COMMANDS.iter().map(|(it, _)| it[0].to_owned()).collect());
    let empty = dumped(scratch);
    for (arguments, _) in COMMANDS {
        Said::of(&mut migration(scratch, &[arguments, &["--dry-run"][..]].concat()));
        assert_eq!(dumped(scratch), empty, "{arguments:?} of nothing");
    }
    says(scratch, 0, &["up"]);
    for (state, name) in ["up to date", "interrupted"].into_iter().enumerate() {
        if state == 1 {
            let last = known().pop().unwrap();
            let open = format!(
                "INSERT INTO plimsoll_journal (history, version, way, finished, finished_digest, statement) \
                 VALUES ('seaql_migrations', '{last}', 'down', 0, \
                 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', '')"
            );
            run(&scratch.db, &open).await;
        }
        let before = dumped(scratch);
        assert!(before.contains("viewer"), "rows are in it: {before}");
        for (arguments, codes) in COMMANDS {
            let said = Said::of(&mut migration(scratch, &[arguments, &["--dry-run"][..]].concat()));
            assert_eq!(dumped(scratch), before, "{arguments:?} {name}");
            assert_eq!(said.code, Some(codes[state]), "{arguments:?} {name}: {said:#?}");
        }
    }
}

/// The commands whose help names the flag.
fn with_the_flag() -> BTreeSet<String> {
    let help = |arguments: &[&str]| {
        Said::of(&mut migration_in(&std::env::temp_dir(), arguments)).with(0).out
    };
    let all = help(&["--help"]);
    let behind = all.split_once("Commands:\n").unwrap().1;
    let lines = behind.lines().take_while(|line| !line.is_empty());
    let names = lines.filter(|line| !line.starts_with("   ")).filter_map(|line| {
        let name = line.split_whitespace().next()?;
        (name != "help" && help(&[name, "--help"]).contains("--dry-run")).then(|| name.to_owned())
    });
    names.collect()
}
