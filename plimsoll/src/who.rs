//! Who runs this process.

use std::sync::LazyLock;

/// As many characters as the records have room for.
const LONGEST: usize = 255;

/// The user of the operating system, the machine and the process: `deploy@web-1, process 4711`.
pub(crate) fn who() -> String {
    static WHO: LazyLock<String> = LazyLock::new(|| {
        let user = whoami::username();
        let host = whoami::hostname();
        said(user.ok().as_deref(), host.ok().as_deref(), std::process::id())
    });
    WHO.clone()
}

/// The process and its machine, as whoever waits for it is told: `process 4711 on web-1`.
pub(crate) fn process() -> String {
    format!("process {} on {}", std::process::id(), host())
}

/// The name of the machine.
pub(crate) fn host() -> String {
    known(whoami::hostname().ok().as_deref())
}

fn known(name: Option<&str>) -> String {
    match name.map(str::trim) {
        // A container's user need not have a name.
        None | Some("") => "unknown".to_owned(),
        Some(name) => name.to_owned(),
    }
}

fn said(user: Option<&str>, host: Option<&str>, process: u32) -> String {
    let process = format!(", process {process}");
    let place = format!("{}@{}", known(user), known(host));
    place.chars().take(LONGEST - process.len()).chain(process.chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_without_a_name_is_unknown() {
        assert_eq!(said(None, Some("web-1"), 7), "unknown@web-1, process 7");
        assert_eq!(said(Some("deploy"), Some(""), 7), "deploy@unknown, process 7");
    }

    #[test]
    fn the_process_is_there_when_the_name_of_the_machine_is_cut() {
        let long = said(Some("deploy"), Some(&"w".repeat(300)), 4711);

        assert_eq!(long.chars().count(), LONGEST);
        assert!(long.ends_with("w, process 4711"), "{long}");
    }
}
