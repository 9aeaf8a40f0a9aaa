//! A statement of a dump, by its beginning, and whether it stays within the database.

use std::ops::Range;

/// How many pieces of a statement are looked at: what it is about stands at its beginning.
pub(super) const PIECES: usize = 64;

const KINDS: [&str; 9] =
    ["TABLE", "VIEW", "TRIGGER", "PROCEDURE", "FUNCTION", "EVENT", "SEQUENCE", "PACKAGE", "INDEX"];
/// What belongs to the whole server.
const OF_THE_SERVER: [&str; 9] =
    ["DATABASE", "SCHEMA", "USER", "ROLE", "SERVER", "TABLESPACE", "LOGFILE", "UNDO", "CATALOG"];

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Word,
    Name,
    Text,
    Sign,
}

#[derive(Debug)]
pub(super) struct Piece {
    pub(super) kind: Kind,
    /// Words in capitals.
    pub(super) text: String,
    pub(super) at: Range<u64>,
}

/// A statement, as far as it is kept.
#[derive(Debug, Default)]
pub(super) struct Statement {
    pub(super) pieces: Vec<Piece>,
    pub(super) is_long: bool,
    /// Whether what comes before it belongs to the body of a routine.
    pub(super) is_behind_routine: bool,
    pub(super) line: u64,
    pub(super) from: u64,
}

impl Statement {
    pub(super) fn word(&self, at: usize) -> &str {
        match self.pieces.get(at) {
            Some(piece) if piece.kind == Kind::Word => &piece.text,
            _ => "",
        }
    }

    fn is_sign(&self, at: usize, sign: &str) -> bool {
        self.pieces.get(at).is_some_and(|it| it.kind == Kind::Sign && it.text == sign)
    }

    /// Whether the name there has one before it.
    fn is_qualified(&self, at: usize) -> bool {
        self.is_sign(at + 1, ".")
    }

    fn has_dot(&self) -> bool {
        (0..self.pieces.len()).any(|at| self.is_sign(at, "."))
    }

    /// The first place from `at` on where none of these words stands.
    fn behind(&self, mut at: usize, words: &[&str]) -> usize {
        while words.contains(&self.word(at)) {
            at += 1;
        }
        at
    }

    /// What it creates, and where the word for it stands.
    fn created(&self) -> Option<(&str, usize)> {
        let known = |word: &&str| KINDS.contains(word) || OF_THE_SERVER.contains(word);
        (1..self.pieces.len()).map(|at| (self.word(at), at)).find(|(word, _)| known(word))
    }

    pub(super) fn is_routine(&self) -> bool {
        let made = self.created().map(|(kind, _)| kind);
        self.word(0) == "CREATE"
            && matches!(made, Some("TRIGGER" | "PROCEDURE" | "FUNCTION" | "EVENT" | "PACKAGE"))
    }

    /// Whether it stays within the database that it is in, as far as its beginning tells.
    pub(super) fn stays(&self) -> bool {
        if self.is_behind_routine {
            let on_all = OF_THE_SERVER.contains(&self.word(1));
            return match self.word(0) {
                "USE" | "GRANT" | "REVOKE" | "SHUTDOWN" => false,
                "CREATE" | "DROP" | "ALTER" => !on_all,
                _ => true,
            };
        }
        match self.word(0) {
            "SET" => {
                let begins = |at: &usize| *at == 1 || self.is_sign(at - 1, ",");
                let mut named = (1..self.pieces.len()).filter(begins).map(|at| self.word(at));
                let of_all = |word: &str| {
                    let words =
                        ["GLOBAL", "PERSIST", "PERSIST_ONLY", "PASSWORD", "ROLE", "DEFAULT"];
                    let word = word.trim_start_matches("@@");
                    words.contains(&word) || word == "STATEMENT"
                };
                !self.is_long && !named.any(of_all)
            }
            "INSERT" | "REPLACE" => {
                let before = ["IGNORE", "DELAYED", "LOW_PRIORITY", "HIGH_PRIORITY", "INTO"];
                !self.is_qualified(self.behind(1, &before))
            }
            "LOCK" | "UNLOCK" => matches!(self.word(1), "TABLE" | "TABLES") && self.is_here(),
            "TRUNCATE" | "ANALYZE" | "START" | "COMMIT" => self.is_here(),
            "DROP" => KINDS.contains(&self.word(self.behind(1, &["TEMPORARY"]))) && self.is_here(),
            "CREATE" => self.creates_here(),
            "ALTER" => match self.word(1) {
                "TABLE" => {
                    let is_renaming = (0..self.pieces.len()).any(|at| self.word(at) == "RENAME");
                    !self.is_qualified(2) && !is_renaming
                }
                "DATABASE" | "SCHEMA" => true,
                _ => false,
            },
            "DO" | "SELECT" => self.word(1) == "SETVAL" && self.is_here(),
            "" => self.pieces.is_empty(),
            _ => false,
        }
    }

    fn is_here(&self) -> bool {
        !self.is_long && !self.has_dot()
    }

    fn creates_here(&self) -> bool {
        let Some((kind, at)) = self.created() else { return false };
        let name = self.behind(at + 1, &["BODY", "IF", "NOT", "EXISTS"]);
        let on = (name..self.pieces.len()).find(|at| self.word(*at) == "ON");
        let is_library = (name..self.pieces.len()).any(|at| self.word(at) == "SONAME");
        let is_elsewhere = self.is_qualified(name)
            || match kind {
                "FUNCTION" => is_library,
                "TRIGGER" | "INDEX" => on.is_none_or(|on| self.is_qualified(on + 1)),
                _ => false,
            };
        KINDS.contains(&kind) && !is_elsewhere
    }

    /// Where `ALTER DATABASE` names one.
    pub(super) fn named_database(&self) -> Option<Range<u64>> {
        let piece = self.pieces.get(2)?;
        let of_what = ["CHARACTER", "CHARSET", "COLLATE", "DEFAULT", "COMMENT"];
        let is_name = piece.kind == Kind::Name || !of_what.contains(&&*piece.text);
        let is_database = matches!(self.word(1), "DATABASE" | "SCHEMA");
        (self.word(0) == "ALTER" && is_database && is_name).then(|| piece.at.clone())
    }

    pub(super) fn definer(&self) -> Option<String> {
        if self.word(0) != "CREATE" {
            return None;
        }
        let at = (1..self.pieces.len())
            .find(|at| self.word(*at) == "DEFINER" && self.is_sign(at + 1, "="))?;
        let user = self.pieces.get(at + 2)?;
        let host = (self.word(at + 3) == "@").then(|| self.pieces.get(at + 4)).flatten();
        Some(format!("{}@{}", user.text, host.map_or("%", |it| &it.text)))
    }

    /// Its beginning, for a person.
    pub(super) fn shown(&self, pieces: usize) -> String {
        let shown = self.pieces.iter().take(pieces).map(|piece| match piece.kind {
            Kind::Text => "'…'".to_owned(),
            _ => piece.text.clone(),
        });
        shown.collect::<Vec<_>>().join(" ").replace(" . ", ".")
    }
}
