//! What the clients of MySQL and MariaDB read otherwise than the server.

use super::render::Mysql;
use crate::dialect::{
    Dialect,
    client::{Client, NUL, ended, tellable},
    render::Render as _,
    token::Kind,
};

const LINE_END: &str = "a name in it has a line end that the client would alter";

/// What a message of SIGNAL takes.
const MESSAGE: usize = 128;

impl Client for Mysql {
    fn command(&self) -> &'static str {
        "mariadb DATABASE < SCRIPT, or mysql"
    }

    /// It does, unless it reads what somebody types.
    fn at_errors(&self) -> Option<&'static str> {
        None
    }

    fn begin(&self) -> &'static str {
        "BEGIN"
    }

    fn statement(&self, sql: &str) -> Result<String, &'static str> {
        let tokens = tellable(Dialect::Mysql, sql)?;
        let mut edits = Vec::new();
        let mut nuls = sql.matches('\0').count();
        for token in &tokens {
            let text = &sql[token.at.clone()];
            match &token.kind {
                // It leaves a CR before a LF out, and takes no NUL.
                Kind::Text(_) if text.contains(['\r', '\0']) => {
                    nuls -= text.matches('\0').count();
                    edits.push((token.at.clone(), escaped(text)));
                }
                Kind::Name(_) if text.contains('\r') => return Err(LINE_END),
                // Wherever it stands, the client takes it for its own command.
                Kind::Word(word)
                    if word.eq_ignore_ascii_case("delimiter")
                        && sql[token.at.end..].starts_with(' ') =>
                {
                    edits.push((token.at.end..token.at.end + 1, "\n".to_owned()));
                }
                _ => {}
            }
        }
        if nuls > 0 {
            return Err(NUL);
        }
        if !tokens.iter().any(|token| token.is_sign(";")) {
            return Ok(ended(Dialect::Mysql, sql, &tokens, edits, ";"));
        }
        // A compound statement, or several: they go to the server as they are.
        let mut end = "//".to_owned();
        while sql.contains(&end) {
            end.push('/');
        }
        let text = ended(Dialect::Mysql, sql, &tokens, edits, &end);
        Ok(format!("DELIMITER {end}\n{text}\nDELIMITER ;"))
    }

    fn stop(&self, why: &str) -> String {
        let why: String = why.chars().take(MESSAGE).collect();
        format!("SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = {}", self.text(&why))
    }
}

/// A text between its quotes, in which these two characters are said by their escapes.
fn escaped(text: &str) -> String {
    let mut said = String::with_capacity(text.len() + 2);
    let mut is_escaped = false;
    for it in text.chars() {
        match it {
            '\r' | '\0' => {
                // A backslash before it means nothing.
                if !is_escaped {
                    said.push('\\');
                }
                said.push(if it == '\r' { 'r' } else { '0' });
            }
            other => said.push(other),
        }
        is_escaped = it == '\\' && !is_escaped;
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(sql: &str) -> String {
        Mysql.statement(sql).unwrap()
    }

    #[test]
    fn what_the_client_would_alter_is_said_by_escapes() {
        assert_eq!(told("SELECT 'a\r\nb\0'"), "SELECT 'a\\r\nb\\0';");
        assert_eq!(told("SELECT 'a\\\\\r\n\\\r'"), "SELECT 'a\\\\\\r\n\\r';");
        assert!(Mysql.statement("SELECT 1\0").is_err());
        assert!(Mysql.statement("SELECT `a\r\nb`").is_err());
    }

    #[test]
    fn a_statement_with_others_in_it_has_an_end_of_its_own() {
        assert_eq!(told("BEGIN a; END -- x"), "DELIMITER //\nBEGIN a; END -- x\n//\nDELIMITER ;");
        assert_eq!(
            told("SELECT 1; SELECT '//'"),
            "DELIMITER ///\nSELECT 1; SELECT '//'///\nDELIMITER ;"
        );
        assert_eq!(told("SELECT ';' # ;"), "SELECT ';' # ;\n;");
    }

    #[test]
    fn what_is_the_clients_own_command_is_not_said() {
        assert_eq!(told("SELECT delimiter FROM a"), "SELECT delimiter\nFROM a;");
        assert!(Mysql.statement("SELECT 1 \\g").is_err());
    }
}
