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
    if ctrlc::try_set_handler(asked).is_err() {
        #[cfg(target_os = "linux")]
        rest::watch();
    }
    stop
}

/// What the process does when it is asked to end.
fn asked() {
    let current = CURRENT.lock().unwrap_or_else(PoisonError::into_inner).clone();
    match current {
        Some(stop) if stop.is_heeded() && !stop.is_asked() => {
            stop.ask();
            let said = "stopping when the running statement has ended; once more ends it at once";
            let _ = writeln!(stderr(), "\n{said}");
        }
        _ => exit(i32::from(INTERRUPTED)),
    }
}

/// The signals of a process that was told to ignore some of them: a shell has what it starts in the
/// background ignore Ctrl-C, and `nohup` that the terminal goes. `ctrlc` takes all or none, and one that is
/// ignored for one that has a handler.
#[cfg(target_os = "linux")]
mod rest {
    use std::{fs, thread};

    use signal_hook::{
        consts::{SIGHUP, SIGINT, SIGTERM},
        iterator::Signals,
    };

    /// Takes those that are not ignored, unless one of them has a handler.
    pub(super) fn watch() {
        const ALL: [i32; 3] = [SIGINT, SIGTERM, SIGHUP];

        let Ok(status) = fs::read_to_string("/proc/self/status") else { return };
        let (ignored, handled) = (of(&status, "SigIgn:"), of(&status, "SigCgt:"));
        let is_among = |signals: u64, signal: i32| signals >> (signal - 1) & 1 == 1;
        if ALL.iter().any(|signal| is_among(handled, *signal)) {
            return;
        }
        let heeded = ALL.into_iter().filter(|signal| !is_among(ignored, *signal));
        if let Ok(mut signals) = Signals::new(heeded) {
            thread::spawn(move || signals.forever().for_each(|_| super::asked()));
        }
    }

    /// The signals of that line, each a bit (proc(5)).
    fn of(status: &str, line: &str) -> u64 {
        let bits = status.lines().find_map(|it| it.strip_prefix(line)).unwrap_or_default();
        u64::from_str_radix(bits.trim(), 16).unwrap_or_default()
    }
}
