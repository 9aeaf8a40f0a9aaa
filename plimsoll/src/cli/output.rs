//! What is printed: the result on standard output, the progress on standard error.

use std::{
    io::{self, IsTerminal as _, Write as _, stderr, stdout},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    thread,
    time::Duration,
};

use anstream::{
    AutoStream, ColorChoice,
    adapter::strip_str,
    stream::{AsLockedWrite, RawStream},
};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use sea_orm::{
    DbErr,
    sqlx::{self, postgres::PgDatabaseError},
};
use serde::Serialize;

use super::{
    args::{Color, Common},
    lost::{self, Entry},
};
use crate::{
    backup::Copied,
    error::{Error, MigrationError},
    loss::Loss,
    progress::{Event, Progress},
    retry,
};

/// The version of the JSON documents.
const SCHEMA: u32 = 1;

/// Work that takes less than this is not worth a bar.
const BAR_AFTER: Duration = Duration::from_secs(1);

/// Where a command prints, and how.
#[derive(Debug)]
pub(super) struct Output {
    json: bool,
    quiet: bool,
    verbose: bool,
    /// Whether there are colours in what is printed, and in what is told on the way.
    out: ColorChoice,
    err: ColorChoice,
    bar: Mutex<Option<ProgressBar>>,
    heard: Mutex<Heard>,
    /// Why the result could not be written.
    unwritten: Mutex<Option<io::Error>>,
}

/// What was told on the way and belongs into the result, too.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Heard {
    /// What is lost.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    losses: Vec<Entry>,
    /// The copy that was made before.
    #[serde(skip_serializing_if = "Option::is_none")]
    backup: Option<PathBuf>,
}

/// How far a run is. It appears by itself when the work has taken long enough: a migration that
/// takes its time tells nothing meanwhile.
fn bar(total: usize) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(total as u64), ProgressDrawTarget::hidden());
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {elapsed} {msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let hidden = bar.downgrade();
    thread::spawn(move || {
        thread::sleep(BAR_AFTER);
        if let Some(bar) = hidden.upgrade().filter(|bar| !bar.is_finished()) {
            bar.set_draw_target(ProgressDrawTarget::stderr());
            bar.enable_steady_tick(Duration::from_millis(200));
        }
    });
    bar
}

/// A JSON document: what the command says, under the version of its form.
#[derive(Serialize)]
struct Document<'d, T> {
    schema: u32,
    #[serde(flatten)]
    content: &'d T,
}

#[derive(Serialize)]
struct Failure {
    error: FailureDetails,
    #[serde(flatten)]
    heard: Heard,
}

#[derive(Serialize)]
struct FailureDetails {
    code: &'static str,
    message: String,
    causes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    statement: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

impl Output {
    pub(super) fn new(common: &Common) -> Self {
        let color = match common.color {
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        };
        let is_auto = color == ColorChoice::Auto;
        Self {
            json: common.json,
            quiet: common.quiet,
            verbose: common.verbose > 0,
            // Asked once: it is asked of the terminal and of six variables.
            out: if is_auto { AutoStream::choice(&stdout()) } else { color },
            err: if is_auto { AutoStream::choice(&stderr()) } else { color },
            bar: Mutex::new(None),
            heard: Mutex::default(),
            unwritten: Mutex::default(),
        }
    }

    /// Keeps why the result could not be written. Whoever reads no more of it has had enough.
    fn keep(&self, written: io::Result<()>) {
        if let Err(error) = written
            && error.kind() != io::ErrorKind::BrokenPipe
        {
            self.unwritten.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        }
    }

    /// Whether all of the result could be written; says why not.
    pub(super) fn is_written(&self) -> bool {
        let unwritten = self.unwritten.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(error) = unwritten else { return true };
        self.note(format!("\x1b[1;31merror\x1b[0m: the result could not be written: {error}"));
        false
    }

    pub(super) fn is_verbose(&self) -> bool {
        self.verbose
    }

    /// A line of the result, for people.
    pub(super) fn line(&self, line: impl AsRef<str>) {
        self.lines([line]);
    }

    /// Lines of the result, for people, in one piece.
    pub(super) fn lines(&self, lines: impl IntoIterator<Item: AsRef<str>>) {
        if !self.json {
            self.keep(write_lines(stdout(), self.out, lines));
        }
    }

    /// A text of the result for people, byte for byte: what looks like a colour in it is none of ours.
    pub(super) fn verbatim(&self, text: &str) {
        if !self.json {
            let mut out = stdout();
            self.keep(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
        }
    }

    /// The whole result, for programs.
    pub(super) fn document(&self, content: &impl Serialize) {
        if self.json {
            let document = Document { schema: SCHEMA, content };
            let text =
                serde_json::to_string_pretty(&document).unwrap_or_else(|why| why.to_string());
            self.keep(writeln!(stdout(), "{text}"));
        }
    }

    /// A line on the way.
    pub(super) fn progress(&self, line: impl AsRef<str>) {
        if !self.quiet && !self.json {
            self.note(line);
        }
    }

    /// A line that is printed whatever the options are.
    pub(super) fn note(&self, line: impl AsRef<str>) {
        // Nobody can be told that it is closed.
        let write = || drop(write_lines(stderr(), self.err, [line]));
        self.with_bar(|bar| match bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        });
    }

    /// What was told on the way and belongs into the result.
    pub(super) fn heard(&self) -> Heard {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Keeps for the result what is lost.
    pub(super) fn keep_losses(&self, losses: &[Loss]) {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.losses.extend(losses.iter().map(Entry::of));
    }

    /// Says what brings a copy back, and what it may lack.
    pub(super) fn tell_copy(&self, copy: &Copied) {
        for table in &copy.loose {
            self.note(format!(
                "\x1b[1;33mwarning\x1b[0m: table `{table}` is not InnoDB's: of what others wrote meanwhile \
                 the copy may have a part"
            ));
        }
        for column in &copy.rounded {
            self.note(format!(
                "\x1b[1;33mwarning\x1b[0m: column `{column}` is a FLOAT, of which a copy has six digits: not every \
                 number there comes back as it is"
            ));
        }
        self.progress(format!("`{}` brings it back", bring_back(&copy.file)));
    }

    /// Keeps for the result that a copy was made.
    fn keep_copy(&self, copy: &Copied) {
        self.progress(format!("copied to {} ({})", copy.file.display(), size(copy.bytes)));
        self.tell_copy(copy);
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.backup = Some(copy.file.clone());
    }

    fn with_bar(&self, work: impl FnOnce(&mut Option<ProgressBar>)) {
        work(&mut self.bar.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Takes the bar away: what is printed from here on is the result.
    fn clear_bar(&self) {
        self.with_bar(|bar| {
            if let Some(bar) = bar.take() {
                bar.finish_and_clear();
            }
        });
    }

    pub(super) fn error(&self, error: &Error) {
        self.clear_bar();
        let message = error.to_string();
        let line = source_line(error);
        let mut causes = Vec::new();
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            let text = cause.to_string();
            let text = line.as_ref().and_then(|line| text.strip_suffix(line)).unwrap_or(&text);
            // Drivers repeat what they wrap.
            let said = causes.iter().chain([&message]).any(|said: &String| said.contains(text));
            if !said {
                causes.push(text.to_owned());
            }
            source = cause.source();
        }
        let heard = self.heard();
        let mut hint = error.hint();
        if let Some(copy) = &heard.backup {
            let copy = format!("`{}` brings back the copy that was made before", bring_back(copy));
            hint = Some(hint.map_or_else(|| copy.clone(), |hint| format!("{hint}; {copy}")));
        }
        let statement = match error {
            Error::Migration(MigrationError::Failed { statement, .. }) => statement.clone(),
            _ => None,
        };
        if self.json {
            self.document(&Failure {
                error: FailureDetails { code: error.code(), message, causes, statement, hint },
                heard,
            });
            return;
        }
        self.note(format!("\x1b[1;31merror\x1b[0m[{}]: {error}", error.code()));
        for cause in causes {
            self.note(format!("  because: {cause}"));
        }
        if let Some(statement) = statement {
            self.note(format!("  statement: {}", statement.replace('\n', "\n    ")));
        }
        if let Some(hint) = hint {
            self.note(format!("  next: {hint}"));
        }
    }
}

impl Progress for Output {
    fn tell(&self, event: Event<'_>) {
        match event {
            Event::Waiting { holder } => {
                self.progress(format!("waiting for the migration lock, held by {holder}"));
            }
            Event::Hindered { because, pause } => self.progress(format!(
                "others are in the way ({because}); tried again in {}",
                duration(pause)
            )),
            Event::Resuming { migration, finished } => self.progress(format!(
                "resuming `{migration}`, which was interrupted after {finished} statements"
            )),
            Event::Planned { migrations } => self.with_bar(|slot| {
                if !self.quiet && !self.json && stderr().is_terminal() && migrations > 0 {
                    *slot = Some(bar(migrations));
                }
            }),
            Event::Losing { losses } => {
                for loss in losses {
                    self.progress(format!("lost: {}", lost::line(loss)));
                }
                self.keep_losses(losses);
            }
            Event::Copied { copy } => self.keep_copy(copy),
            Event::Began { migration, reverting } => {
                self.with_bar(|bar| {
                    if let Some(bar) = bar {
                        bar.set_message(migration.to_owned());
                    }
                });
                let how = if reverting { " (reverting)" } else { "" };
                self.progress(format!("{migration}{how}"));
            }
            Event::Step { sign, sentence, took } => {
                let color = if sign == '-' { 31 } else { 32 };
                let took = duration(took);
                self.progress(format!("  \x1b[{color}m{sign}\x1b[0m {sentence} in {took}"));
            }
            Event::Rows { table, done, of } => self.with_bar(|slot| {
                if let Some(bar) = slot {
                    bar.set_message(format!("{table}: {done} of {of} rows"));
                }
            }),
            Event::Ended { took, .. } => {
                self.with_bar(|bar| {
                    if let Some(bar) = bar {
                        bar.inc(1);
                    }
                });
                self.progress(format!("  done in {}", duration(took)));
            }
            Event::Done => self.clear_bar(),
            Event::SeederSkipped { seeder, because } => {
                self.progress(format!("seeds: {seeder} skipped, {because}"));
            }
            Event::Seeded { seeder, inserted, restored, left } => {
                if inserted + restored > 0 || self.verbose {
                    let restored = match restored {
                        0 => String::new(),
                        _ => format!("{restored} restored, "),
                    };
                    self.progress(format!(
                        "seeds: {seeder}: {inserted} new, {restored}{left} as before"
                    ));
                }
            }
            Event::Warning { sentence } => {
                self.note(format!("\x1b[1;33mwarning\x1b[0m: {sentence}"));
            }
        }
    }
}

/// Writes lines in one piece.
fn write_lines(
    mut to: impl RawStream + AsLockedWrite,
    color: ColorChoice,
    lines: impl IntoIterator<Item: AsRef<str>>,
) -> io::Result<()> {
    let mut text = String::new();
    for line in lines {
        text.push_str(line.as_ref());
        text.push('\n');
    }
    if color == ColorChoice::Never {
        // A stream that leaves the colours out writes what stands between them piece by piece.
        to.write_all(strip_str(&text).to_string().as_bytes())
    } else {
        AutoStream::new(to, color).write_all(text.as_bytes())
    }
}

/// What the driver puts behind the words of PostgreSQL: the line of the server's own source, which
/// is nothing to the reader.
fn source_line(error: &Error) -> Option<String> {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if let Some(sqlx::Error::Database(refused)) =
            cause.downcast_ref::<DbErr>().and_then(retry::driver_error)
        {
            let line = refused.try_downcast_ref::<PgDatabaseError>()?.line()?;
            return Some(format!(" at line {line}"));
        }
        source = cause.source();
    }
    None
}

/// The command that brings a copy back, as a shell reads it.
fn bring_back(copy: &Path) -> String {
    let path = copy.to_string_lossy();
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+:@%=\\".contains(c);
    if path.chars().all(is_plain) {
        format!("restore {path}")
    } else {
        format!("restore '{}'", path.replace('\'', "'\\''"))
    }
}

/// A size as a person reads it.
pub(super) fn size(bytes: u64) -> String {
    let mut whole = bytes;
    let mut tenths = 0;
    for unit in ["bytes", "KiB", "MiB", "GiB"] {
        if whole < 1024 {
            return if unit == "bytes" {
                format!("{whole} bytes")
            } else {
                format!("{whole}.{tenths} {unit}")
            };
        }
        tenths = whole % 1024 * 10 / 1024;
        whole /= 1024;
    }
    format!("{whole}.{tenths} TiB")
}

/// A time as a person reads it.
pub(super) fn duration(took: Duration) -> String {
    if took < Duration::from_secs(1) {
        format!("{} ms", took.as_millis())
    } else {
        format!("{:.1} s", took.as_secs_f64())
    }
}

/// `1 migration`, `2 migrations`.
pub(super) fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
