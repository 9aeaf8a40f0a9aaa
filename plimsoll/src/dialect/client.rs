//! What a database's own client reads otherwise than its server: the lines of a script are its own
//! commands, too.

use std::ops::Range;

use super::{
    Dialect,
    token::{Kind, Token, comment, tokens},
};

/// What a script says to the client of a database.
pub(crate) trait Client {
    /// How the client is told to run a script.
    fn command(&self) -> &'static str;

    /// The client's own command to stop at the first error; nothing where it does.
    fn at_errors(&self) -> Option<&'static str>;

    /// What begins a transaction that will write.
    fn begin(&self) -> &'static str;

    /// A statement with what ends it, of which the client sends to the server what is meant.
    ///
    /// # Errors
    /// Why the client cannot be told.
    fn statement(&self, sql: &str) -> Result<String, &'static str>;

    /// A statement that fails with these words, behind which a script is not to go on.
    fn stop(&self, why: &str) -> String;
}

pub(super) const NUL: &str = "it has a character NUL, with which the client ends its line";
pub(super) const COMMAND: &str =
    "it has a backslash outside of quotes, which the client takes for a command of its own";

/// The statement with other texts in the place of some, and with what ends it, behind its last comment.
pub(super) fn ended(
    dialect: Dialect,
    sql: &str,
    tokens: &[Token],
    edits: Vec<(Range<usize>, String)>,
    end: &str,
) -> String {
    let mut text = String::with_capacity(sql.len() + 2);
    let mut at = 0;
    for (range, instead) in edits {
        text.push_str(&sql[at..range.start]);
        text.push_str(&instead);
        at = range.end;
    }
    text.push_str(&sql[at..]);
    let behind = sql[tokens.last().map_or(0, |last| last.at.end)..].trim();
    let text = text.trim_end();
    if tokens.is_empty() {
        return text.to_owned();
    }
    if behind.is_empty() {
        return format!("{text}{end}");
    }
    let open = if is_open(dialect, behind) { " */" } else { "" };
    format!("{text}{open}\n{end}")
}

/// Whether the last of these comments has no end, which is one to a server that reads no further.
fn is_open(dialect: Dialect, comments: &str) -> bool {
    let mut rest = comments;
    while let Some(length) = comment(dialect, rest) {
        let (this, behind) = rest.split_at(length);
        if behind.trim().is_empty() {
            return this.starts_with("/*") && (this.len() < 4 || !this.ends_with("*/"));
        }
        rest = behind.trim_start();
    }
    false
}

/// The tokens of a statement that the client can be told.
///
/// # Errors
/// Why it cannot.
pub(super) fn tellable(dialect: Dialect, sql: &str) -> Result<Vec<Token>, &'static str> {
    let tokens = tokens(dialect, sql);
    let is_command = |it: &Token| it.kind == Kind::Other('\\');
    if dialect != Dialect::Sqlite && tokens.iter().any(is_command) {
        return Err(COMMAND);
    }
    Ok(tokens)
}
