//! Confirmations: asked on a terminal, refused without one, and never waited for.

use std::{
    io::Write as _,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use plimsoll::testing::Scratch;

use crate::{
    database::*,
    process::{Said, migration, says},
};

plimsoll::on_every_empty_database!(
    without_a_terminal_nothing_is_destroyed_and_nothing_waits,
    on_a_terminal_the_answer_counts,
    everything_goes_only_for_the_name_of_the_database,
    production_needs_two_words,
);

const DESTRUCTIVE: [&str; 6] = ["down", "redo", "fresh", "refresh", "reset", "drop-all"];

async fn without_a_terminal_nothing_is_destroyed_and_nothing_waits(scratch: &Scratch) {
    says(scratch, 0, &["up"]);
    let before = fingerprint(&scratch.db).await;

    for command in DESTRUCTIVE {
        for stdin in [Stdio::null(), Stdio::piped()] {
            let began = Instant::now();
            let mut child = migration(scratch, &[command]).stdin(stdin).spawn().unwrap();
            // A pipe stays open and says nothing, or says yes: it is no terminal all the same.
            let pipe = child.stdin.take();
            if let Some(mut pipe) = pipe.as_ref() {
                // The command may have refused and ended before anybody could say a word.
                let _ = pipe.write_all(b"yes\n");
            }
            let said = Said::from(child.wait_with_output().unwrap()).with(1);
            drop(pipe);

            assert!(said.err.contains("error[PLM0060]"), "{said:#?}");
            assert!(said.err.contains(&format!("type `{command} --yes`")), "{said:#?}");
            assert!(said.out.is_empty());
            assert!(began.elapsed() < Duration::from_secs(5));
        }
    }

    assert_eq!(fingerprint(&scratch.db).await, before);
}

/// Runs the command on a terminal of its own, on which somebody types.
fn on_a_terminal(scratch: &Scratch, arguments: &str, typed: &str) -> Said {
    let line = format!("{} {arguments}", env!("CARGO_BIN_EXE_migration"));
    let bare = migration(scratch, &[]);
    let mut command = Command::new("script");
    command
        .args(["--quiet", "--return", "--command", &line, "/dev/null"])
        .env_clear()
        .envs(bare.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .env("SHELL", "/bin/sh")
        .env("TERM", "xterm")
        .current_dir(std::env::temp_dir())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("`script` of util-linux is installed");
    child.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
    child.wait_with_output().unwrap().into()
}

async fn on_a_terminal_the_answer_counts(scratch: &Scratch) {
    says(scratch, 0, &["up"]);
    let before = fingerprint(&scratch.db).await;

    for (arguments, refusal) in
        [("down base", "no\n"), ("down base", "\n"), ("down base --quiet", "Y E S\n")]
    {
        let said = on_a_terminal(scratch, arguments, refusal).with(1);
        assert!(said.out.contains("- table `roles`: 4 rows"), "it says what is lost: {said:#?}");
        assert!(said.out.contains("with --backup a copy"), "{said:#?}");
        assert!(said.out.contains("Go on with `down`? Type yes:"), "{said:#?}");
        assert!(said.out.contains("cancelled; nothing was changed"), "{said:#?}");
    }
    assert_eq!(fingerprint(&scratch.db).await, before);
    for command in ["refresh", "fresh", "reset"] {
        on_a_terminal(scratch, command, "yes\n").with(0);
    }

    assert!(tables(&scratch.db).await.is_empty());
    says(scratch, 0, &["up"]);
    on_a_terminal(scratch, "down base", "yes\n").with(0);
    assert!(tables(&scratch.db).await.is_empty());
}

async fn everything_goes_only_for_the_name_of_the_database(scratch: &Scratch) {
    says(scratch, 0, &["up"]);
    run(&scratch.db, "CREATE TABLE of_others (id int)").await;
    let before = fingerprint(&scratch.db).await;
    let name = match scratch.database.file() {
        Some(file) => file.file_name().unwrap().to_string_lossy().into_owned(),
        None => scratch.database.name(),
    };

    for answer in ["yes\n", "y\n", "\n", "of_others\n"] {
        let said = on_a_terminal(scratch, "drop-all", answer).with(1);
        assert!(said.out.contains("- table `of_others`: 0 rows"), "{said:#?}");
        assert!(
            said.out.contains(&format!("type the name of the database, `{name}`:")),
            "{said:#?}"
        );
        assert!(said.out.contains("cancelled; nothing was changed"), "{said:#?}");
    }
    assert_eq!(fingerprint(&scratch.db).await, before);
    let said = on_a_terminal(scratch, "drop-all", &format!("{name}\n")).with(0);

    assert!(said.out.contains("the database is empty"), "{said:#?}");
    assert!(fingerprint(&scratch.db).await.is_empty());
}

async fn production_needs_two_words(scratch: &Scratch) {
    says(scratch, 0, &["up"]);
    let run = |command: &str, yes: bool, allowed: bool| {
        let mut arguments = vec![command];
        arguments.extend(yes.then_some("--yes"));
        let mut process = migration(scratch, &arguments);
        process.env("APP_ENV", "production");
        if allowed {
            process.env("ALLOW_DESTRUCTIVE", "1");
        }
        Said::of(&mut process)
    };
    let before = fingerprint(&scratch.db).await;

    for command in ["fresh", "refresh", "reset", "drop-all"] {
        for (yes, allowed) in [(false, false), (true, false), (false, true)] {
            let said = run(command, yes, allowed).with(1);
            assert!(said.err.contains("error[PLM0061]"), "{said:#?}");
            assert!(said.err.contains("ALLOW_DESTRUCTIVE=1"), "{said:#?}");
        }
    }
    assert_eq!(fingerprint(&scratch.db).await, before);

    run("up", false, false).with(0);
    run("fresh", true, true).with(0);
    run("reset", true, true).with(0);
    assert!(tables(&scratch.db).await.is_empty());
}
