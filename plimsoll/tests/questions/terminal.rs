//! Questions on a terminal, and what is said without one.

use std::{io::Write as _, process::Stdio};

use rexpect::{
    process::{Signal, WaitStatus},
    reader::Options,
    session::{PtySession, spawn_with_options},
};

use crate::{ANSWERED, Workspace};

/// The command on a terminal of its own.
struct Asked {
    session: PtySession,
    workspace: Workspace,
}

impl Asked {
    fn of(arguments: &[&str]) -> Self {
        let workspace = Workspace::new();
        // Nothing of it is waited for in vain.
        let options = Options::new().timeout_ms(Some(30_000));
        let mut command = workspace.command(arguments);
        command.stdin(Stdio::inherit());
        let session = spawn_with_options(command, options).unwrap();
        Self { session, workspace }
    }

    /// Waits until it has said that, and gives what it said before.
    fn says(&mut self, text: &str) -> String {
        self.session.exp_string(text).unwrap_or_else(|error| panic!("`{text}`: {error}"))
    }

    fn answer(&mut self, line: &str) {
        self.session.send_line(line).unwrap();
    }

    fn type_control(&mut self, letter: char) {
        self.session.send_control(letter).unwrap();
    }

    /// The code that it ended with and all that it said meanwhile.
    fn ends(&mut self) -> (Option<i32>, String) {
        let said = self.session.exp_eof().unwrap();
        match self.session.process().wait().unwrap() {
            WaitStatus::Exited(_, code) => (Some(code), said),
            // A shell says 130 of it.
            WaitStatus::Signaled(_, Signal::SIGINT, _) => (Some(130), said),
            other => panic!("{other:?}: {said}"),
        }
    }

    fn wrote(mut self) -> String {
        let (code, said) = self.ends();
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains("wrote "), "{said}");
        self.workspace.migration()
    }

    /// Nothing was written, and the code.
    fn stopped(mut self) -> (Option<i32>, String) {
        let (code, said) = self.ends();
        assert_eq!(self.workspace.files(), Workspace::new().files());
        (code, said)
    }

    fn answer_age(&mut self) {
        self.says("`pets.age` is new, takes no NULL and has no default (small integer).");
        self.says("Type what the rows that are there get:");
        self.answer("3");
    }

    fn answer_fax(&mut self, number: &str) {
        let said = self.says("Type a number from 1 to 3:");
        let choice = "1) it is called `mail` now (both are string(20), nullable)";
        assert!(said.contains("`pets.fax` is in no entity any more."), "{said}");
        assert!(said.contains(choice) && said.contains("2) it goes, with what it holds"), "{said}");
        assert!(said.contains("3) stop, nothing is written"), "{said}");
        self.answer(number);
    }

    fn answer_name(&mut self, value: &str) {
        self.says("`pets.name` takes no NULL any more (string(4)).");
        self.says("Type what rows get that have none (nothing: such rows are refused):");
        self.answer(value);
    }
}

fn contact() -> Asked {
    Asked::of(&["generate", "contact"])
}

#[test]
fn what_is_chosen_as_renamed_is_renamed() {
    let mut asked = contact();

    asked.answer_age();
    asked.answer_fax("1");
    asked.answer_name("Rex");

    let text = asked.wrote();
    assert!(text.contains("rename_column(\"fax\", \"mail\")"), "{text}");
    assert!(text.contains("add_filled(small_integer(\"age\"), 3)"), "{text}");
    assert!(text.contains("u.set(\"name\", \"Rex\").where_null(\"name\")"), "{text}");
    assert!(!text.contains("allow_loss"), "{text}");
}

#[test]
fn what_is_chosen_to_go_goes_and_the_migration_says_so() {
    let mut asked = contact();

    asked.answer_age();
    asked.answer_fax("2");
    asked.answer_name("");

    let text = asked.wrote();
    assert!(text.contains("drop") && text.contains("string_len_null(\"fax\", 20)"), "{text}");
    assert!(text.contains("string_len_null(\"mail\", 20)"), "{text}");
    assert!(text.contains(".allow_loss(\"`pets.fax` may go\")"), "{text}");
    assert!(!text.contains("where_null"), "nothing was typed, and nothing is set: {text}");
}

#[test]
fn whoever_stops_has_written_nothing_and_is_told_the_options() {
    let mut asked = contact();

    asked.answer_age();
    asked.answer_fax("3");

    let (code, said) = asked.stopped();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("error[PLM0067]"), "{said}");
    assert!(said.contains("`--rename pets.fax:mail`"), "{said}");
    assert!(said.contains("`--drop pets.fax`"), "{said}");
}

#[test]
fn nonsense_is_asked_about_again() {
    let mut asked = contact();
    asked.answer_age();

    for nonsense in ["", "yes", "0", "4", "-1", "1.0", "mail", "99999999999999999999999"] {
        asked.says("Type a number from 1 to 3:");
        asked.answer(nonsense);
    }
    asked.says("Type a number from 1 to 3:");
    asked.answer(" 1 ");
    asked.answer_name("");

    let text = asked.wrote();
    assert!(text.contains("rename_column(\"fax\", \"mail\")"), "{text}");
}

#[test]
fn bytes_that_are_no_text_are_asked_about_again() {
    let mut asked = contact();
    asked.says("Type what the rows that are there get:");
    let mut terminal = asked.session.process().get_file_handle().unwrap();
    terminal.write_all(b"\xff\xfe\n").unwrap();

    asked.says("nothing was typed");
    asked.says("Type what the rows that are there get:");
    asked.answer("3");
    asked.answer_fax("1");
    asked.answer_name("");

    asked.wrote();
}

#[test]
fn a_value_that_does_not_fit_is_asked_for_again_with_the_reason() {
    let mut asked = contact();

    for (value, why) in [
        ("", "nothing was typed"),
        ("three", "`--default pets.age=three`: it is no whole number"),
        ("40000", "`--default pets.age=40000`: it is beyond a small integer"),
    ] {
        asked.says("Type what the rows that are there get:");
        asked.answer(value);
        asked.says(why);
    }
    asked.answer_age();
    asked.answer_fax("1");
    asked.answer_name("Rexy!");
    asked.says("`--default pets.name=Rexy!`: it has 5 characters, and 4 fit");
    asked.answer_name("Rexy");

    let text = asked.wrote();
    assert!(text.contains("add_filled(small_integer(\"age\"), 3)"), "{text}");
    assert!(text.contains("u.set(\"name\", \"Rexy\")"), "{text}");
}

#[test]
fn what_was_answered_beforehand_is_not_asked() {
    let mut asked = Asked::of(&["generate", "contact", "--rename", "pets.fax:mail"]);

    asked.answer_age();
    let said = asked.says("takes no NULL any more (string(4)).");
    assert!(!said.contains("fax"), "{said}");
    asked.says("such rows are refused):");
    asked.answer("");

    asked.wrote();
    let said = Asked::of(&ANSWERED).wrote();
    assert!(said.contains("rename_column"), "{said}");
}

#[test]
fn a_wrong_option_is_refused_before_anything_is_asked() {
    let asked = Asked::of(&["generate", "contact", "--drop", "pets.mail"]);

    let (code, said) = asked.stopped();

    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("error[PLM0068]") && !said.contains("Type"), "{said}");
}

#[test]
fn the_end_of_the_input_stops_it_at_each_question() {
    for questions in 0..3 {
        let mut asked = contact();
        if questions > 0 {
            asked.answer_age();
        }
        if questions > 1 {
            asked.answer_fax("1");
        }
        asked.says(["rows that are there get:", "from 1 to 3:", "are refused):"][questions]);

        asked.type_control('d');

        let (code, said) = asked.stopped();
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("error[PLM0067]"), "{said}");
        let name = ["--default pets.age=VALUE", "--drop pets.fax", "--default pets.name=VALUE"];
        assert!(said.contains(name[questions]), "{said}");
    }
}

#[test]
fn an_interrupt_ends_it_and_nothing_is_written() {
    let mut asked = contact();
    asked.answer_age();
    asked.says("Type a number from 1 to 3:");

    asked.type_control('c');

    let (code, said) = asked.stopped();
    assert_eq!(code, Some(130), "{said}");
}

#[test]
fn without_a_terminal_nothing_is_asked_and_the_options_are_told() {
    let arguments: [&[&str]; 4] = [
        &["generate", "contact"],
        &["generate", "contact", "--dry-run"],
        &["generate", "contact", "--yes"],
        &["generate", "contact", "--json"],
    ];
    for arguments in arguments {
        for stdin in [Stdio::null(), Stdio::piped()] {
            let workspace = Workspace::new();
            let mut command = workspace.command(arguments);
            let output = command.stdin(stdin).output().unwrap();

            assert_eq!(output.status.code(), Some(1));
            let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
            assert!(said.contains("PLM0067"), "{said}");
            for option in ["--default pets.age=VALUE", "--rename pets.fax:mail", "--drop pets.fax"]
            {
                assert!(said.contains(option), "{said}");
            }
            assert_eq!(workspace.files(), Workspace::new().files());
        }
    }
}

/// `--yes` and `--json` are said by programs, which nobody types anything into.
#[test]
fn on_a_terminal_that_nobody_looks_at_nothing_is_asked() {
    for option in ["--yes", "--json"] {
        let (code, said) = Asked::of(&["generate", "contact", option]).stopped();

        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("PLM0067") && !said.contains("Type a number"), "{said}");
    }
}
