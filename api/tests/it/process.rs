//! The program: when it refuses to start, and how it ends.

use std::{
    io::{BufRead as _, BufReader, PipeWriter, Read as _, Write as _, pipe},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use plimsoll::testing::Scratch;
use sea_orm::ConnectionTrait as _;
use secrecy::ExposeSecret as _;
use serde_json::Value;
use tempfile::TempDir;

plimsoll::on_every_empty_database!(
    it_refuses_to_start_while_migrations_are_pending,
    it_migrates_when_told_to_and_serves_until_a_signal,
    what_the_database_said_stands_in_the_log_and_in_no_answer,
);

const PATIENCE: Duration = Duration::from_mins(1);

/// The program with nothing of this process's environment, in a folder of its own.
struct Program {
    command: Command,
    folder: TempDir,
}

struct Ended {
    status: ExitStatus,
    stdout: String,
    stderr: String,
}

struct Serving {
    child: Child,
    address: SocketAddr,
    seen: Vec<String>,
    rest: mpsc::Receiver<String>,
    _folder: TempDir,
}

impl Program {
    fn new(variables: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_api"));
        command
            .env_clear()
            .env("BIND_ADDR", "127.0.0.1:0")
            .envs(variables.iter().copied())
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Self { command, folder }
    }

    fn on(scratch: &Scratch, variables: &[(&str, &str)]) -> Self {
        let url = scratch.database.url();
        let mut all = vec![("DATABASE_URL", url.expose_secret())];
        all.extend_from_slice(variables);
        Self::new(&all)
    }

    /// Runs it to its end, which it must come to by itself.
    fn fails(mut self) -> Ended {
        let mut child = self.command.spawn().unwrap();
        let mut stderr = child.stderr.take().unwrap();
        let reader = thread::spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).unwrap();
            text
        });
        let status = wait(&mut child);
        Ended { status, stdout: printed(&mut child), stderr: reader.join().unwrap() }
    }

    /// Starts it, and waits until it says that it listens.
    fn serves(mut self) -> Serving {
        self.command.env("LOG_FORMAT", "json");
        let mut child = self.command.spawn().unwrap();
        let stderr = child.stderr.take().unwrap();
        let (lines, rest) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(stderr).lines() {
                let _ = lines.send(line.unwrap());
            }
        });
        let mut seen = Vec::new();
        let address = loop {
            let line = rest.recv_timeout(PATIENCE).unwrap_or_else(|error| {
                let _ = child.kill();
                panic!("{error}: {}", seen.join("\n"));
            });
            match serde_json::from_str::<Value>(&line) {
                Ok(entry) if entry["fields"]["message"] == "listening" => {
                    break entry["fields"]["address"].as_str().unwrap().parse().unwrap();
                }
                _ => seen.push(line),
            }
        };
        Serving { child, address, seen, rest, _folder: self.folder }
    }
}

impl Serving {
    fn get(&self, path: &str) -> String {
        self.ask(&format!("GET {path} HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n"))
    }

    fn post(&self, path: &str, body: &str) -> String {
        let length = body.len();
        self.ask(&format!(
            "POST {path} HTTP/1.1\r\nhost: here\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        ))
    }

    fn ask(&self, request: &str) -> String {
        let mut socket = TcpStream::connect(self.address).unwrap();
        socket.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Ends it by a signal: how it ended, and all that it said.
    fn end(mut self, signal: &str) -> Ended {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([&format!("-{signal}"), &id]).status().unwrap();
        assert!(sent.success());
        let status = wait(&mut self.child);
        self.seen.extend(self.rest.iter());
        Ended { status, stdout: printed(&mut self.child), stderr: self.seen.join("\n") }
    }
}

/// What a child that has ended left on standard output; a pipe holds more than it ever prints.
fn printed(child: &mut Child) -> String {
    let mut text = String::new();
    if let Some(mut stdout) = child.stdout.take() {
        stdout.read_to_string(&mut text).unwrap();
    }
    text
}

/// A pipe whose other end is gone.
fn closed_pipe() -> PipeWriter {
    let (_, writer) = pipe().unwrap();
    writer
}

fn wait(child: &mut Child) -> ExitStatus {
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if began.elapsed() > PATIENCE {
            let _ = child.kill();
            panic!("the program did not end by itself");
        }
        thread::sleep(Duration::from_millis(10));
    }
}

async fn it_refuses_to_start_while_migrations_are_pending(scratch: &Scratch) {
    let ended = Program::on(scratch, &[]).fails();

    assert_eq!(ended.status.code(), Some(1), "{}", ended.stderr);
    assert_eq!(ended.stdout, "");
    for expected in [
        "error: migrations are pending: m20261120_090000_create_application_settings, ",
        "cargo run -p migration -- up",
        "AUTO_MIGRATE=true",
    ] {
        assert!(ended.stderr.contains(expected), "{}", ended.stderr);
    }
    let standings = migration::app().standings(&scratch.db).await.unwrap();
    assert!(standings.iter().all(|standing| !standing.is_applied()));
}

async fn it_migrates_when_told_to_and_serves_until_a_signal(scratch: &Scratch) {
    let migrating = Program::on(scratch, &[("AUTO_MIGRATE", "true")]).serves();
    let ready = migrating.get("/readyz");
    let unknown = migrating.get("/unknown?token=geheim");
    let first = migrating.end("TERM");
    let second = Program::on(scratch, &[]).serves();
    let ready_again = second.get("/readyz");
    let second = second.end("INT");

    assert!(ready.starts_with("HTTP/1.1 200"), "{ready}");
    assert!(unknown.starts_with("HTTP/1.1 401"), "{unknown}");
    assert!(ready_again.starts_with("HTTP/1.1 200"), "{ready_again}");
    for ended in [&first, &second] {
        assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
        assert!(ended.stderr.contains("stopped"), "{}", ended.stderr);
    }
    // Each start prints a token of its own while there is no administrator, once, and not into the
    // log, which is nothing but JSON.
    for ended in [&first, &second] {
        assert_eq!(ended.stdout.matches("pls_").count(), 1, "{}", ended.stdout);
        assert!(!ended.stderr.contains("pls_"), "{}", ended.stderr);
        for line in ended.stderr.lines() {
            assert!(serde_json::from_str::<Value>(line).is_ok(), "{line}");
        }
    }
    assert!(first.stderr.contains("/unknown"), "{}", first.stderr);
    assert!(!first.stderr.contains("geheim"), "{}", first.stderr);
    assert!(migration::app().pending(&scratch.db).await.unwrap().is_empty());
}

async fn what_the_database_said_stands_in_the_log_and_in_no_answer(scratch: &Scratch) {
    let serving = Program::on(scratch, &[("AUTO_MIGRATE", "true")]).serves();
    scratch.db.execute_unprepared("ALTER TABLE users RENAME TO lost").await.unwrap();

    let answer = serving.post("/api/v1/login", r#"{"name": "captain", "password": "geheim"}"#);
    let ended = serving.end("TERM");

    assert!(answer.starts_with("HTTP/1.1 500"), "{answer}");
    assert!(!answer.contains("users"), "{answer}");
    let mut lines = ended.stderr.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let failed = lines.find(|line| line["fields"]["message"] == "the service failed");
    let failed = failed.unwrap_or_else(|| panic!("{}", ended.stderr));
    assert_eq!(failed["fields"]["error"], "database error");
    let [cause] = failed["fields"]["error.sources"].as_array().unwrap().as_slice() else {
        panic!("{failed}");
    };
    assert!(cause.as_str().unwrap().contains("users"), "{cause}");
    assert!(!ended.stderr.contains("geheim"), "{}", ended.stderr);
}

#[test]
fn a_database_in_memory_is_migrated_where_it_is_served_from() {
    let variables = [("DATABASE_URL", "sqlite::memory:"), ("AUTO_MIGRATE", "true")];

    let serving = Program::new(&variables).serves();
    let ready = serving.get("/readyz");
    let ended = serving.end("TERM");

    assert!(ready.starts_with("HTTP/1.1 200"), "{ready}");
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
}

#[test]
fn nobody_need_read_what_is_printed() {
    let variables = [("DATABASE_URL", "sqlite::memory:"), ("AUTO_MIGRATE", "true")];
    let mut program = Program::new(&variables);
    program.command.stdout(closed_pipe());

    let serving = program.serves();
    let ready = serving.get("/readyz");
    let ended = serving.end("TERM");

    assert!(ready.starts_with("HTTP/1.1 200"), "{ready}");
    assert!(ended.stderr.contains("the setup token could not be printed"), "{}", ended.stderr);
}

#[test]
fn a_port_in_use_is_named_with_the_variable_that_chooses_it() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let variables = [("AUTO_MIGRATE", "true"), ("BIND_ADDR", &address)];

    let ended = Program::new(&variables).fails();

    assert_eq!(ended.status.code(), Some(1));
    assert!(ended.stderr.contains(&format!("cannot listen on `{address}`")), "{}", ended.stderr);
    assert!(ended.stderr.contains("BIND_ADDR"), "{}", ended.stderr);
}

#[test]
fn an_address_that_is_none_is_named_with_what_is_allowed() {
    let ended = Program::new(&[("BIND_ADDR", "localhost")]).fails();

    assert_eq!(ended.status.code(), Some(1));
    assert!(
        ended.stderr.contains(
            "error: `BIND_ADDR` is `localhost`, which is not an address and a port, such as 127.0.0.1:8080"
        ),
        "{}",
        ended.stderr
    );
}

#[test]
fn a_server_that_cannot_be_reached_is_named_without_the_password() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("postgres://user:geheim@{free}/name");

    let ended = Program::new(&[("DATABASE_URL", &url), ("RUST_LOG", "off")]).fails();

    assert_eq!(ended.status.code(), Some(1));
    assert!(ended.stderr.contains(&free.to_string()), "{}", ended.stderr);
    assert!(!ended.stderr.contains("geheim"), "{}", ended.stderr);
}
