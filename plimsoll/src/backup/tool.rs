//! The programs that come with a server, started for what only they can do.
//!
//! A password never stands among the arguments, which every user of the machine can see. Waiting for a
//! program blocks the thread where the run has nothing else to do: its session holds the lock meanwhile.

use std::{
    io::Read,
    process::{Child, Command, ExitStatus, Stdio},
    thread::{self, JoinHandle},
    time::Duration,
};

use futures_timer::Delay;

use crate::error::{MigrationError, Result};

/// How late it is noticed that a program has ended.
const LOOKING: Duration = Duration::from_millis(20);
/// How much of what a program complains about is shown.
const SHOWN: usize = 2000;

/// A program that is installed.
#[derive(Debug)]
pub(crate) struct Tool {
    pub(crate) name: &'static str,
    /// What it says of its version.
    pub(crate) version: String,
}

impl Tool {
    /// The first of these programs that is installed.
    ///
    /// # Errors
    /// [`MigrationError::Tool`] that says what to install.
    pub(crate) fn find(names: &[&'static str], install: &'static str) -> Result<Self> {
        for &name in names {
            let asked = Command::new(name).arg("--version").stdin(Stdio::null()).output();
            if let Ok(asked) = asked
                && asked.status.success()
            {
                let version = String::from_utf8_lossy(&asked.stdout).trim().to_owned();
                return Ok(Self { name, version });
            }
        }
        let tool = names.join("` or `");
        let problem = "is not installed, or not in PATH".to_owned();
        Err(MigrationError::Tool { tool, problem, install }.into())
    }

    /// It to be started, speaking English and with nothing to read.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(self.name);
        command.env("LC_ALL", "C").stdin(Stdio::null()).stdout(Stdio::null());
        command
    }

    /// The number that its version begins with.
    pub(crate) fn major(&self) -> Option<u32> {
        let number = |word: &str| word.split('.').next()?.parse().ok();
        self.version.split_whitespace().find_map(number)
    }

    /// Starts it and waits for its end.
    ///
    /// # Errors
    /// [`MigrationError::ToolFailed`].
    pub(crate) fn run(&self, doing: &'static str, command: &mut Command) -> Result<()> {
        self.start(doing, command)?.finish()
    }

    /// As [`Tool::run`], and does not block the thread: a lease of the lock is renewed meanwhile.
    ///
    /// # Errors
    /// [`MigrationError::ToolFailed`].
    pub(crate) async fn run_beside(
        &self,
        doing: &'static str,
        command: &mut Command,
    ) -> Result<()> {
        let mut started = self.start(doing, command)?;
        while matches!(started.child.try_wait(), Ok(None)) {
            Delay::new(LOOKING).await;
        }
        started.finish()
    }

    /// Starts it.
    ///
    /// # Errors
    /// [`MigrationError::ToolFailed`].
    pub(crate) fn start(&self, doing: &'static str, command: &mut Command) -> Result<Started> {
        let mut child = command
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| self.failed(doing, error.to_string()))?;
        let complaints = child.stderr.take().map(|stderr| thread::spawn(move || tail(stderr)));
        Ok(Started { tool: self.name, doing, child, complaints })
    }

    fn failed(&self, doing: &'static str, said: String) -> MigrationError {
        MigrationError::ToolFailed { tool: self.name, doing, said }
    }
}

/// A program that runs. What it complains about is read meanwhile, so that it never waits for that.
#[derive(Debug)]
pub(crate) struct Started {
    tool: &'static str,
    doing: &'static str,
    pub(crate) child: Child,
    complaints: Option<JoinHandle<String>>,
}

impl Started {
    /// Waits for its end.
    ///
    /// # Errors
    /// [`MigrationError::ToolFailed`] with what it said.
    pub(crate) fn finish(mut self) -> Result<()> {
        // Whoever reads to the end of its input waits for that.
        drop(self.child.stdin.take());
        let status = self.child.wait();
        let said = self.complaints.take().and_then(|it| it.join().ok()).unwrap_or_default();
        match status {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(self.failed(ended(status, &said))),
            Err(error) => Err(self.failed(error.to_string())),
        }
    }

    /// Ends it at once.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    fn failed(&self, said: String) -> crate::Error {
        MigrationError::ToolFailed { tool: self.tool, doing: self.doing, said }.into()
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        self.kill();
    }
}

fn ended(status: ExitStatus, said: &str) -> String {
    if said.is_empty() { status.to_string() } else { format!("{said} ({status})") }
}

/// The end of what a program said.
fn tail(mut from: impl Read) -> String {
    let mut said = Vec::new();
    let mut chunk = [0; 1024];
    while let Ok(read) = from.read(&mut chunk) {
        if read == 0 {
            break;
        }
        said.extend_from_slice(&chunk[..read]);
        let more = said.len().saturating_sub(SHOWN);
        said.drain(..more);
    }
    String::from_utf8_lossy(&said).trim().to_owned()
}
