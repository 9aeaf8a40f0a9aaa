//! What a machine is told, in the words of iPXE.

use super::{Boots, Plan, System};
use crate::netboot::line::{its_words, one_word};

/// What a script begins with.
const FIRST: &str = "#!ipxe";

/// The script that does what the plan says.
///
/// Scripts that somebody has written are said as they are. Of an image the parts are fetched and
/// booted; its file system is not, but parameters can say `${squashfs}` for its address. Before
/// that the machine waits, if it is to, and pressing Escape lets it boot from its disk. Whatever
/// stands in the rows, nothing of an image or an address begins another line or command.
pub fn render(plan: &Plan) -> String {
    let lines = match &plan.boots {
        Boots::Script(script) => return whole(script),
        Boots::Chain(url) => vec![format!("chain {}", one_word(url))],
        Boots::Disk => vec!["exit".to_owned()],
        Boots::System(system) => booted(system, plan.timeout_seconds),
    };
    format!("{FIRST}\n{}\n", lines.join("\n"))
}

fn booted(system: &System, timeout_seconds: i32) -> Vec<String> {
    let System { kernel, initrd, squashfs, kernel_params } = system;
    let mut lines = Vec::new();
    if timeout_seconds > 0 {
        let wait = i64::from(timeout_seconds) * 1000;
        let prompt = "Escape boots from the disk";
        lines.push(format!("prompt --key 0x1b --timeout {wait} {prompt} && exit ||"));
    }
    if let Some(url) = squashfs {
        lines.push(format!("set squashfs {}", one_word(url)));
    }
    let mut parts = vec!["kernel".to_owned(), one_word(kernel)];
    // A kernel that starts by UEFI finds its disk by this name.
    parts.extend(initrd.is_some().then(|| "initrd=initrd".to_owned()));
    parts.extend(Some(its_words(kernel_params)).filter(|words| !words.is_empty()));
    lines.push(parts.join(" "));
    if let Some(url) = initrd {
        lines.push(format!("initrd --name initrd {}", one_word(url)));
    }
    lines.push("boot".to_owned());
    lines
}

/// The script with the line that makes it one.
fn whole(script: &str) -> String {
    let script = script.trim_end();
    match script.lines().next() {
        Some(FIRST) => format!("{script}\n"),
        _ => format!("{FIRST}\n{script}\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(boots: Boots) -> Plan {
        Plan { machine_id: Some(7), boots, timeout_seconds: 0, eggs: Vec::new() }
    }

    fn system() -> System {
        System {
            kernel: "http://boot/noble/vmlinuz".to_owned(),
            initrd: Some("http://boot/noble/initrd".to_owned()),
            squashfs: Some("http://boot/noble/squashfs".to_owned()),
            kernel_params: "ip=dhcp fetch=${squashfs}".to_owned(),
        }
    }

    #[test]
    fn an_image_is_fetched_and_booted() {
        let waits = Plan { timeout_seconds: 30, ..plan(Boots::System(system())) };

        assert_eq!(
            render(&waits),
            "#!ipxe\n\
             prompt --key 0x1b --timeout 30000 Escape boots from the disk && exit ||\n\
             set squashfs http://boot/noble/squashfs\n\
             kernel http://boot/noble/vmlinuz initrd=initrd ip=dhcp fetch=${squashfs}\n\
             initrd --name initrd http://boot/noble/initrd\n\
             boot\n"
        );
    }

    #[test]
    fn a_kernel_alone_is_booted_at_once() {
        let system =
            System { initrd: None, squashfs: None, kernel_params: String::new(), ..system() };

        let script = render(&plan(Boots::System(system)));

        assert_eq!(script, "#!ipxe\nkernel http://boot/noble/vmlinuz\nboot\n");
    }

    #[test]
    fn whoever_boots_no_image_is_sent_on_or_back() {
        for (boots, expected) in [
            (Boots::Disk, "#!ipxe\nexit\n"),
            (Boots::Chain("http://other/a".to_owned()), "#!ipxe\nchain http://other/a\n"),
            (Boots::Script("#!ipxe\nshell".to_owned()), "#!ipxe\nshell\n"),
            (Boots::Script("#!ipxe\n\nshell\n\n".to_owned()), "#!ipxe\n\nshell\n"),
            (Boots::Script("shell\n".to_owned()), "#!ipxe\nshell\n"),
        ] {
            assert_eq!(render(&plan(boots)), expected);
        }
    }

    #[test]
    fn nothing_in_the_rows_adds_a_line_or_a_command() {
        let bad = |text: &str| format!("{text}\nshell\r\nreboot && shell || shell ; shell #x");
        let system = System {
            kernel: bad("http://boot/vmlinuz"),
            initrd: Some(bad("http://boot/initrd")),
            squashfs: Some(bad("http://boot/squashfs")),
            kernel_params: bad("quiet"),
        };

        let script = render(&plan(Boots::System(system)));
        let chain = render(&plan(Boots::Chain(bad("http://other"))));

        let commands: Vec<&str> =
            script.lines().filter_map(|line| line.split(' ').next()).collect();
        assert_eq!(commands, ["#!ipxe", "set", "kernel", "initrd", "boot"]);
        for line in script.lines().chain(chain.lines()).filter(|line| *line != FIRST) {
            for word in line.split(' ') {
                assert!(!["&&", "||", ";"].contains(&word) && !word.starts_with('#'), "{line}");
            }
        }
        assert_eq!(chain.lines().count(), 2);
    }
}
