//! What psql reads otherwise than PostgreSQL.

use super::render::Postgres;
use crate::dialect::{
    Dialect,
    client::{Client, NUL, ended, tellable},
    render::Render as _,
    token::{Kind, Token},
};

impl Client for Postgres {
    fn command(&self) -> &'static str {
        "psql -X -v ON_ERROR_STOP=1 -f SCRIPT URL"
    }

    fn at_errors(&self) -> Option<&'static str> {
        Some("\\set ON_ERROR_STOP on")
    }

    fn begin(&self) -> &'static str {
        "BEGIN"
    }

    fn statement(&self, sql: &str) -> Result<String, &'static str> {
        if sql.contains('\0') {
            return Err(NUL);
        }
        let tokens = tellable(Dialect::Postgres, sql)?;
        // A name that stands directly behind a colon is a variable of psql's.
        let is_variable = |pair: &&[Token]| {
            pair[0].is_sign(":")
                && pair[0].at.end == pair[1].at.start
                && match &pair[1].kind {
                    Kind::Word(_) | Kind::Name(_) | Kind::Text(_) => true,
                    other => *other == Kind::Other('{'),
                }
        };
        let apart = tokens.windows(2).filter(is_variable).map(|pair| {
            let at = pair[0].at.end;
            (at..at, " ".to_owned())
        });
        let edits = apart.collect();
        Ok(ended(Dialect::Postgres, sql, &tokens, edits, ";"))
    }

    fn stop(&self, why: &str) -> String {
        let raise = format!("BEGIN RAISE EXCEPTION USING MESSAGE = {}; END", self.text(why));
        format!("DO {}", self.text(&raise))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colon_before_a_name_is_no_variable() {
        let told = |sql| Postgres.statement(sql).unwrap();

        assert_eq!(told("SELECT a[1:USER], b::text, ':x'"), "SELECT a[1: USER], b::text, ':x';");
        assert_eq!(told("SELECT a[1:\"USER\"]"), "SELECT a[1: \"USER\"];");
        assert_eq!(told("SELECT f(a:=1) -- :x"), "SELECT f(a:=1) -- :x\n;");
    }

    #[test]
    fn what_psql_would_run_itself_is_refused() {
        assert!(Postgres.statement("SELECT 1 \\! ls").is_err());
        assert!(Postgres.statement("SELECT 'a\0'").is_err());
        assert!(Postgres.statement("SELECT E'\\\\! ls', $$\\q$$ /* \\q */").is_ok());
    }
}
