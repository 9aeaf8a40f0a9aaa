//! What the shell of SQLite reads otherwise than SQLite.

use super::render::Sqlite;
use crate::dialect::{
    Dialect,
    client::{Client, NUL, ended, tellable},
    render::Render as _,
    token::{Kind, Token},
};

const LINE_END: &str = "it has a line end of CR and LF where only a constant may stand, and the shell leaves the CR out";

/// What a statement begins with whose texts may all be expressions.
const OF_ROWS: [&str; 6] = ["insert", "replace", "update", "delete", "select", "with"];

impl Client for Sqlite {
    fn command(&self) -> &'static str {
        "sqlite3 -bail FILE < SCRIPT"
    }

    fn at_errors(&self) -> Option<&'static str> {
        Some(".bail on")
    }

    /// Another that writes is waited for, and not found out on the way.
    fn begin(&self) -> &'static str {
        "BEGIN IMMEDIATE"
    }

    fn statement(&self, sql: &str) -> Result<String, &'static str> {
        if sql.contains('\0') {
            return Err(NUL);
        }
        let tokens = tellable(Dialect::Sqlite, sql)?;
        let is_of_rows = tokens.first().is_some_and(|it| OF_ROWS.iter().any(|word| it.is(word)));
        let mut edits = Vec::new();
        for (at, token) in tokens.iter().enumerate() {
            let text = &sql[token.at.clone()];
            if text.contains("\r\n") {
                if !is_of_rows || !matches!(token.kind, Kind::Text(_)) {
                    return Err(LINE_END);
                }
                let joined = text.replace("\r\n", "' || char(13) || '\n");
                edits.push((token.at.clone(), format!("({joined})")));
            } else if let Some(next) = tokens.get(at + 1)
                && is_end_of_statement(sql, token)
            {
                edits.push((token.at.end..next.at.start, " ".to_owned()));
            }
        }
        Ok(ended(Dialect::Sqlite, sql, &tokens, edits, ";"))
    }

    /// It has no statement for that but one that cannot be.
    fn stop(&self, why: &str) -> String {
        format!("SELECT * FROM {}", self.quote(why))
    }
}

/// Whether the shell takes it for the end of what stands before, because it has its line for itself.
fn is_end_of_statement(sql: &str, token: &Token) -> bool {
    let before = sql[..token.at.start].rsplit('\n').next().unwrap_or_default();
    let behind = sql[token.at.end..].split('\n').next().unwrap_or_default().trim_start();
    (token.is_sign("/") || token.is("go"))
        && before.trim().is_empty()
        && (behind.is_empty() || behind.starts_with("--") || behind.starts_with("/*"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_end_of_two_characters_is_kept_where_that_can_be() {
        let told = Sqlite.statement("INSERT INTO a VALUES ('x\r\ny', 'z\r')").unwrap();

        assert_eq!(told, "INSERT INTO a VALUES (('x' || char(13) || '\ny'), 'z\r');");
        assert!(Sqlite.statement("CREATE TABLE a (b text DEFAULT 'x\r\ny')").is_err());
        assert!(Sqlite.statement("SELECT \"x\r\ny\"").is_err());
        assert!(Sqlite.statement("CREATE TABLE\r\na (b)").is_ok());
    }

    #[test]
    fn what_ends_a_statement_of_the_shell_does_not_stand_alone() {
        let told = |sql| Sqlite.statement(sql).unwrap();

        assert_eq!(told("SELECT a\n/\nb"), "SELECT a\n/ b;");
        assert_eq!(told("SELECT a AS\n go -- x\nFROM b"), "SELECT a AS\n go FROM b;");
        assert_eq!(told("SELECT '\n/\n'"), "SELECT '\n/\n';");
    }

    #[test]
    fn comments_swallow_nothing() {
        let told = |sql| Sqlite.statement(sql).unwrap();

        assert_eq!(told("SELECT 1 -- one"), "SELECT 1 -- one\n;");
        assert_eq!(told("SELECT 1 /* one */"), "SELECT 1 /* one */\n;");
        assert_eq!(told("SELECT 1 -- a\n /* one"), "SELECT 1 -- a\n /* one */\n;");
        assert_eq!(told("-- nothing"), "-- nothing");
    }
}
