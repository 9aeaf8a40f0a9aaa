//! A run that fails or is killed leaves both the migration and its line in the list, or neither.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::Path,
    process::{Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{ANSWERED, Workspace, path, program};

fn said(output: &Output) -> String {
    let both = [&output.stdout[..], &output.stderr[..]].concat();
    format!("{} {}", output.status, String::from_utf8(both).unwrap())
}

fn refused(workspace: &Workspace, mut command: Command) -> String {
    let before = workspace.files();

    let output = command.output().unwrap();

    let said = said(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_eq!(workspace.files(), before, "{said}");
    assert!(said.contains("error[PLM0064]: cannot write `"), "{said}");
    said
}

/// The command as a user whom permissions stop; they do not stop root.
fn as_somebody(workspace: &Workspace) -> Command {
    let folder = workspace.0.path();
    if fs::metadata(folder).unwrap().uid() != 0 {
        return workspace.command(&ANSWERED);
    }
    let nobody = "65534";
    let chown = Command::new("chown").args(["-R", nobody]).arg(folder).status().unwrap();
    assert!(chown.success());
    // The program may stand where others cannot go.
    let copy = folder.join("program");
    fs::copy(program(), &copy).unwrap();
    let plain = workspace.command(&ANSWERED);
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid", nobody, "--regid", nobody, "--clear-groups", "--"])
        .arg(copy)
        .args(ANSWERED)
        .env_clear()
        .envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .current_dir(folder)
        .stdin(Stdio::null());
    command
}

fn permit(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_folder_that_is_not_writable_leaves_neither() {
    for folder in ["", "versions"] {
        let workspace = Workspace::new();
        let command = as_somebody(&workspace);
        permit(&workspace.source(folder), 0o555);

        let said = refused(&workspace, command);

        assert!(said.contains("Permission denied"), "{said}");
        permit(&workspace.source(folder), 0o755);
    }
}

#[test]
fn a_list_that_is_not_writable_leaves_neither() {
    let workspace = Workspace::new();
    permit(&workspace.source("lib.rs"), 0o444);

    // Also root, who could.
    let said = refused(&workspace, workspace.command(&ANSWERED));

    assert!(said.contains("lib.rs`") && said.contains("let this user read and write it"), "{said}");
}

#[test]
fn a_list_that_cannot_be_written_beside_leaves_neither() {
    let workspace = Workspace::new();
    fs::create_dir(workspace.source("lib.rs.new")).unwrap();

    let said = refused(&workspace, workspace.command(&ANSWERED));

    assert!(said.contains("lib.rs.new"), "{said}");
}

/// Git keeps no empty folder, so that a clone of a crate without migrations has none.
#[test]
fn a_folder_that_is_not_there_is_made() {
    let workspace = Workspace::new();
    fs::remove_dir_all(workspace.source("versions")).unwrap();

    let output = workspace.command(&ANSWERED).output().unwrap();

    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(workspace.files().len(), 2, "the list and the migration");
    assert_ne!(workspace.list(), crate::LIST);
}

/// A write that fails behind its first bytes, as on a disk that is full: first that of the
/// migration, then that of the list, which is longer.
#[test]
fn a_disk_that_is_full_leaves_neither() {
    for (limit, long) in [(0, 0), (2, 4096)] {
        let workspace = Workspace::new();
        let list = format!("{}{}", "// Long.\n".repeat(long), workspace.list());
        fs::write(workspace.source("lib.rs"), list).unwrap();
        let plain = workspace.command(&ANSWERED);
        let mut command = Command::new("sh");
        let limited = format!("trap '' XFSZ; ulimit -f {limit}; exec \"$0\" \"$@\"");
        command
            .args(["-c", &limited])
            .arg(program())
            .args(ANSWERED)
            .env_clear()
            .envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))))
            .current_dir(workspace.0.path());

        let said = refused(&workspace, command);

        assert!(said.contains("File too large"), "{said}");
    }
}

#[test]
fn a_list_keeps_its_permissions_and_what_was_written_to_it_meanwhile() {
    let workspace = Workspace::new();
    permit(&workspace.source("lib.rs"), 0o640);
    // Somebody writes to it while rustfmt runs.
    let tools = rustfmt("sed -i 's/^use versions/\\/\\/ Ours.\\nuse versions/' src/lib.rs; cat");

    let output = with_tools(&workspace, tools.path()).output().unwrap();

    assert!(output.status.success(), "{}", said(&output));
    workspace.migration();
    assert!(workspace.list().contains("// Ours.\nuse versions::*;"), "{}", workspace.list());
    let mode = fs::metadata(workspace.source("lib.rs")).unwrap().mode();
    assert_eq!(mode & 0o777, 0o640);
}

/// A folder with a program that is taken for rustfmt.
fn rustfmt(script: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("rustfmt");
    fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
    permit(&program, 0o755);
    folder
}

fn with_tools(workspace: &Workspace, tools: &Path) -> Command {
    let mut command = workspace.command(&ANSWERED);
    let mut paths = tools.as_os_str().to_owned();
    paths.push(":");
    paths.push(path());
    command.env("PATH", paths);
    command
}

/// Told a folder without settings, it refuses: it looks for them where it runs.
#[test]
fn rustfmt_runs_in_the_crate_and_is_told_no_settings() {
    let workspace = Workspace::new();
    let tools = rustfmt("pwd -P; echo \"$@\"; cat");

    let output = with_tools(&workspace, tools.path()).output().unwrap();

    assert!(output.status.success(), "{}", said(&output));
    let text = workspace.migration();
    let folder = fs::canonicalize(workspace.source("..")).unwrap();
    let expected = format!("{}\n--edition 2024 --emit stdout\n//! Contact.", folder.display());
    assert!(text.starts_with(&expected), "{text}");
}

#[test]
fn a_rustfmt_that_fails_is_done_without() {
    for script in ["exit 1", "cat > /dev/null", "printf 'fn'; exit 1", "printf '\\377'; cat"] {
        let workspace = Workspace::new();
        let tools = rustfmt(script);

        let output = with_tools(&workspace, tools.path()).output().unwrap();

        assert!(output.status.success(), "{script}: {}", said(&output));
        let text = workspace.migration();
        assert!(text.starts_with("//! Contact.\n") && text.ends_with("}\n"), "{script}: {text}");
    }
}

#[test]
fn a_run_that_is_killed_while_rustfmt_runs_leaves_neither() {
    for signal in ["KILL", "INT", "TERM"] {
        let workspace = Workspace::new();
        let before = workspace.files();
        let tools = rustfmt("echo $$ > \"$(dirname \"$0\")/runs\"; exec sleep 60");
        let runs = tools.path().join("runs");
        let mut child = with_tools(&workspace, tools.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let began = Instant::now();
        let rustfmt = loop {
            let pid = fs::read_to_string(&runs).unwrap_or_default();
            if pid.ends_with('\n') {
                break pid.trim().to_owned();
            }
            assert!(began.elapsed() < Duration::from_secs(30), "rustfmt does not run");
            thread::sleep(Duration::from_millis(10));
        };

        kill(signal, &child.id().to_string());

        assert!(!child.wait().unwrap().success());
        assert_eq!(workspace.files(), before, "{signal}");
        kill("KILL", &rustfmt);
    }
}

fn kill(signal: &str, process: &str) {
    let kill = Command::new("kill").args([&format!("-{signal}"), process]).status().unwrap();
    assert!(kill.success());
}

/// Killed at whatever moment: no file is half, and none is listed that is not there.
#[test]
fn a_run_that_is_killed_at_any_moment_leaves_no_half_file() {
    let began = Instant::now();
    let whole = Workspace::new();
    let tools = rustfmt("cat");
    assert!(with_tools(&whole, tools.path()).output().unwrap().status.success());
    let text = whole.migration();
    let rounds = 40;
    let step = began.elapsed() * 2 / rounds;
    for round in 0..rounds {
        let workspace = Workspace::new();
        let mut child = with_tools(&workspace, tools.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        thread::sleep(step * round);
        let _ = child.kill();
        child.wait().unwrap();

        let files = workspace.files();
        let list = workspace.list();
        for (name, found) in &files {
            let name = name.as_str();
            if name.ends_with("_contact.rs") {
                assert_eq!(*found, text, "{name}");
            }
        }
        let listed = list
            .lines()
            .find_map(|line| line.trim().strip_prefix("declared m20")?.strip_suffix("_contact,"));
        match listed {
            Some(at) => assert!(files.contains_key(&format!("m20{at}_contact.rs")), "{files:#?}"),
            None => assert_eq!(list, crate::LIST),
        }
    }
}

/// What is left where a run is killed between putting the one in its place and the other.
#[test]
fn a_migration_that_no_list_knows_is_told() {
    let workspace = Workspace::new();
    let stray = workspace.source("versions/m20260102_000000_lost.rs");
    fs::write(&stray, "// Lost.\n").unwrap();
    fs::write(workspace.source("versions/more.rs"), "// No migration.\n").unwrap();

    let output = workspace.command(&ANSWERED).output().unwrap();

    let said = said(&output);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("m20260102_000000_lost.rs` is in no list"), "{said}");
    assert_eq!(said.matches("is in no list").count(), 1, "{said}");
    assert!(!workspace.list().contains("lost"), "it is not for a program to guess");
}
