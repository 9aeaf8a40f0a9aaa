//! Ctrl-C and the signals that ask a process to end.

use std::{
    io::{Write as _, stderr},
    process::exit,
    sync::{Mutex, PoisonError},
};

use crate::stop::Stop;

/// The exit code of a command that was interrupted.
pub(super) const INTERRUPTED: u8 = 130;

/// The wish of the command that runs now. There is one handler a process, however many commands a
/// program runs.
static CURRENT: Mutex<Option<Stop>> = Mutex::new(None);

/// Lets the command stop when the process is asked to end: a run when its statement has ended, anything
/// else at once, and whoever is asked twice at once as well.
pub(super) fn watch() -> Stop {
    let stop = Stop::new();
    *CURRENT.lock().unwrap_or_else(PoisonError::into_inner) = Some(stop.clone());
    // A program that this is a part of may have a handler of its own: that one stays.
    let _ = ctrlc::try_set_handler(|| {
        let current = CURRENT.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match current {
            Some(stop) if stop.is_heeded() && !stop.is_asked() => {
                stop.ask();
                let said =
                    "stopping when the running statement has ended; once more ends it at once";
                let _ = writeln!(stderr(), "\n{said}");
            }
            _ => exit(i32::from(INTERRUPTED)),
        }
    });
    stop
}
