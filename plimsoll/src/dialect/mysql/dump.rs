//! What a dump would do when a client reads it, found out before anything is sent: a dump of several
//! databases names its own, and the server would go there, wherever the client was told to begin.
//!
//! It is read as the client and the server read it, a piece at a time, however large it is. Only the
//! statements that such dumps have are let through. What code in triggers and routines does is not read.

mod statement;

use std::{
    collections::BTreeSet,
    io::{self, Read},
    ops::Range,
};

use statement::{Kind, PIECES, Piece, Statement};

/// How much of a word or a text is kept.
const KEPT: usize = 256;
/// How far one looks ahead of where one is.
const AHEAD: usize = 32;
const CHUNK: usize = 1 << 16;
/// From this version on a server may leave out what a comment for it says.
const LEFT_OUT: u32 = 50_700;
/// A version that no server has: what is in such a comment is for the client.
const NOBODYS: u32 = 999_999;

/// What has to be known of a dump to bring it back.
#[derive(Debug, Default)]
pub(crate) struct Said {
    /// Where it names the database in `ALTER DATABASE`, which means the one that it is in without a name.
    pub(crate) names: Vec<Range<u64>>,
    /// In whose name its views, triggers and routines work: `user@host`.
    pub(crate) definers: BTreeSet<String>,
    /// How many bytes its longest statement has, and how that begins.
    pub(crate) longest: (u64, String),
}

/// Reads a dump to its end. What it must not do is the inner error.
///
/// # Errors
/// Those of reading.
pub(crate) fn read(dump: impl Read) -> io::Result<Result<Said, String>> {
    let mut reader = Reader::new(dump);
    match reader.run() {
        Ok(()) => Ok(Ok(reader.said)),
        Err(Trouble::Refused(problem)) => Ok(Err(problem)),
        Err(Trouble::Io(error)) => Err(error),
    }
}

enum Trouble {
    Io(io::Error),
    Refused(String),
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

type Outcome<T = ()> = Result<T, Trouble>;

struct Reader<R> {
    from: R,
    buffer: Vec<u8>,
    /// Where in the buffer one is.
    at: usize,
    is_at_end: bool,
    /// How much came before the buffer.
    before: u64,
    line: u64,
    delimiter: Vec<u8>,
    /// Whether a backslash in a text takes the meaning of the next sign away.
    escapes: bool,
    /// The version that the comment is for, whose content is read.
    comment: Option<u32>,
    depth: u32,
    was_end: bool,
    statement: Statement,
    said: Said,
}

impl<R: Read> Reader<R> {
    fn new(from: R) -> Self {
        Self {
            from,
            buffer: Vec::with_capacity(CHUNK + AHEAD),
            at: 0,
            is_at_end: false,
            before: 0,
            line: 1,
            delimiter: b";".to_vec(),
            escapes: true,
            comment: None,
            depth: 0,
            was_end: false,
            statement: Statement::default(),
            said: Said::default(),
        }
    }

    /// Sees to it that what is looked at is there.
    fn fill(&mut self) -> io::Result<()> {
        if self.is_at_end || self.at + AHEAD <= self.buffer.len() {
            return Ok(());
        }
        self.buffer.drain(..self.at);
        self.before += self.at as u64;
        self.at = 0;
        while self.buffer.len() < AHEAD && !self.is_at_end {
            let read = (&mut self.from).take(CHUNK as u64).read_to_end(&mut self.buffer)?;
            self.is_at_end = read == 0;
        }
        Ok(())
    }

    fn rest(&self) -> &[u8] {
        &self.buffer[self.at..]
    }

    fn next(&mut self) -> io::Result<Option<u8>> {
        self.fill()?;
        let Some(byte) = self.buffer.get(self.at).copied() else { return Ok(None) };
        self.at += 1;
        self.line += u64::from(byte == b'\n');
        Ok(Some(byte))
    }

    fn skip(&mut self, count: usize) -> io::Result<()> {
        for _ in 0..count {
            self.next()?;
        }
        Ok(())
    }

    fn position(&self) -> u64 {
        self.before + self.at as u64
    }

    fn refused<T>(&self, why: &str) -> Outcome<T> {
        Err(Trouble::Refused(format!("line {}: {why}", self.line)))
    }

    fn run(&mut self) -> Outcome {
        loop {
            self.fill()?;
            let rest = self.rest();
            let Some(&first) = rest.first() else { break };
            if first.is_ascii_whitespace() || first == 0 {
                self.next()?;
            } else if first == b'#'
                || (rest.starts_with(b"--") && rest.get(2).is_none_or(|it| *it <= b' '))
            {
                self.line_comment()?;
            } else if rest.starts_with(b"/*") {
                self.comment()?;
            } else if rest.starts_with(b"*/") && self.comment.is_some() {
                self.comment = None;
                self.skip(2)?;
            } else if rest.starts_with(&self.delimiter) {
                self.skip(self.delimiter.len())?;
                self.end()?;
                self.statement.is_behind_routine = false;
                (self.depth, self.was_end) = (0, false);
            } else if first == b';' {
                // The client sends it on, and the server takes it for an end.
                self.next()?;
                self.was_end = false;
                let is_routine = self.statement.is_behind_routine || self.statement.is_routine();
                if self.depth == 0 {
                    self.end()?;
                }
                self.statement.is_behind_routine = is_routine;
            } else if matches!(first, b'\'' | b'"' | b'`') {
                self.quoted(first)?;
            } else if first == b'\\' {
                return self.refused("a command of the client, which a dump has not");
            } else if is_word(first) {
                self.word()?;
            } else {
                let at = self.position();
                self.next()?;
                self.was_end = false;
                self.keep(Kind::Sign, &[first], at);
            }
        }
        self.end()
    }

    fn keep(&mut self, kind: Kind, bytes: &[u8], from: u64) {
        let at = from..self.position();
        let statement = &mut self.statement;
        if statement.pieces.is_empty() {
            statement.line = self.line;
            statement.from = at.start;
        }
        if statement.pieces.len() == PIECES {
            statement.is_long = true;
            return;
        }
        let text = String::from_utf8_lossy(bytes).into_owned();
        statement.pieces.push(Piece { kind, text, at });
    }

    fn line_comment(&mut self) -> Outcome {
        let mut last = 0;
        while let Some(byte) = self.next()? {
            if byte == b'\n' {
                break;
            }
            if self.comment.is_some() && [last, byte] == *b"*/" {
                return self.refused("a comment whose end cannot be told");
            }
            last = byte;
        }
        Ok(())
    }

    /// A comment that is one, or the beginning of one that is read from a version on.
    fn comment(&mut self) -> Outcome {
        let rest = self.rest();
        let head = if rest.starts_with(b"/*!") {
            3
        } else if rest.starts_with(b"/*M!") {
            4
        } else {
            0
        };
        if head > 0 {
            let digits: Vec<u8> =
                rest[head..].iter().copied().take(6).take_while(u8::is_ascii_digit).collect();
            let version = digits.iter().fold(0, |all, it| all * 10 + u32::from(it - b'0'));
            if version < NOBODYS {
                if self.comment.is_some() {
                    return self.refused("a comment in a comment");
                }
                self.skip(head + digits.len())?;
                self.comment = Some(version);
                return Ok(());
            }
        }
        self.skip(2)?;
        let mut last = 0;
        while let Some(byte) = self.next()? {
            if [last, byte] == *b"*/" {
                return Ok(());
            }
            last = byte;
        }
        Ok(())
    }

    fn quoted(&mut self, quote: u8) -> Outcome {
        let from = self.position();
        let mut text = Vec::new();
        let (mut last, mut ends_comment) = (0, false);
        self.next()?;
        while let Some(mut byte) = self.next()? {
            if byte == quote {
                if self.buffer.get(self.at) != Some(&quote) {
                    break;
                }
                self.next()?;
            } else if byte == b'\\' && self.escapes && quote != b'`' {
                let Some(escaped) = self.next()? else { break };
                byte = escaped;
            }
            ends_comment |= [last, byte] == *b"*/";
            last = byte;
            if text.len() < KEPT {
                text.push(byte);
            }
        }
        if ends_comment && self.comment.is_some_and(|version| version >= LEFT_OUT) {
            return self.refused("a comment whose end cannot be told");
        }
        self.was_end = false;
        let kind = if quote == b'`' { Kind::Name } else { Kind::Text };
        self.keep(kind, &text, from);
        Ok(())
    }

    fn word(&mut self) -> Outcome {
        let from = self.position();
        let mut word = Vec::new();
        while self.buffer.get(self.at).copied().is_some_and(is_word) {
            // A delimiter may be made of what words are made of.
            if !word.is_empty() && self.rest().starts_with(&self.delimiter) {
                break;
            }
            let Some(byte) = self.next()? else { break };
            if word.len() < KEPT {
                word.push(byte.to_ascii_uppercase());
            }
            self.fill()?;
        }
        if word == b"DELIMITER" && self.statement.pieces.is_empty() && self.comment.is_none() {
            return self.delimiter();
        }
        match &*word {
            b"BEGIN" => self.depth += 1,
            b"CASE" if !self.was_end => self.depth += 1,
            b"IF" | b"LOOP" | b"WHILE" | b"REPEAT" | b"FOR" if self.was_end => self.depth += 1,
            b"END" => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        self.was_end = word == b"END";
        self.keep(Kind::Word, &word, from);
        Ok(())
    }

    fn delimiter(&mut self) -> Outcome {
        let mut rest = Vec::new();
        while let Some(byte) = self.next()?.filter(|byte| *byte != b'\n') {
            if rest.len() < KEPT {
                rest.push(byte);
            }
        }
        let word = rest.split(u8::is_ascii_whitespace).find(|it| !it.is_empty());
        match word {
            Some(word) if word.len() < AHEAD && !word.contains(&b'\\') => {
                self.delimiter = word.to_vec();
                Ok(())
            }
            _ => self.refused("a delimiter that cannot be one"),
        }
    }

    /// The statement ends here.
    fn end(&mut self) -> Outcome {
        let statement = std::mem::take(&mut self.statement);
        if !statement.stays() {
            return Err(Trouble::Refused(format!(
                "line {}: `{}` leads out of the database, or is no statement of a copy of one database",
                statement.line,
                statement.shown(8)
            )));
        }
        self.said.names.extend(statement.named_database());
        self.said.definers.extend(statement.definer());
        let length = self.position() - statement.from;
        if !statement.pieces.is_empty() && length > self.said.longest.0 {
            // Its rows are nobody's business.
            self.said.longest = (length, statement.shown(3));
        }
        let mode = (0..statement.pieces.len()).find(|at| statement.word(*at) == "SQL_MODE");
        if let Some(mode) = mode.filter(|_| statement.word(0) == "SET") {
            let value = statement.pieces.get(mode + 2);
            self.escapes = !value.is_some_and(|it| it.text.to_uppercase().contains("NO_BACKSLASH"));
        }
        Ok(())
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'@') || !byte.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of a dump that is read a byte at a time, too.
    fn said(dump: &str) -> Result<Said, String> {
        struct Slow<'s>(&'s [u8]);
        impl Read for Slow<'_> {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                let length = buffer.len().min(1);
                self.0.read(&mut buffer[..length])
            }
        }
        let (at_once, slowly) =
            (read(dump.as_bytes()).unwrap(), read(Slow(dump.as_bytes())).unwrap());
        assert_eq!(at_once.is_ok(), slowly.is_ok());
        at_once
    }

    #[test]
    fn what_leads_out_of_the_database_is_found_wherever_it_hides() {
        for dump in [
            "CREATE DATABASE /*!32312 IF NOT EXISTS*/ `a`;",
            "-- one\nUSE `a`;",
            "/*!40000 DROP DATABASE IF EXISTS `a`*/;",
            "use a",
            "INSERT INTO a.b VALUES (1);",
            "INSERT IGNORE INTO `a` . `b` VALUES (1);",
            "CREATE TABLE IF NOT EXISTS `a`.`b` (i int);",
            "DROP TABLE b, a.b;",
            "LOCK TABLES b WRITE, `a`.`b` WRITE;",
            "/*!50003 CREATE*/ /*!50017 DEFINER=`r`@`%`*/ /*!50003 TRIGGER t AFTER INSERT ON a.b FOR EACH ROW SET @a = 1 */;",
            "DELIMITER ;;\nSELECT 1; USE a;;\n",
            "DELIMITER ;;\nCREATE PROCEDURE p() BEGIN IF 1 THEN SELECT 1; END IF; END; DROP DATABASE a;;\n",
            "DELIMITER $$\nINSERT INTO b VALUES (';'); INSERT INTO a.b VALUES (1)$$",
            "INSERT INTO b VALUES ('it''s \\' ;'); USE a;",
            "/*!80000 ' */; USE a; -- '",
            "/*!40000 # */; USE a;",
            "\\! touch a",
            "SYSTEM touch a;",
            "SOURCE a;",
            "SET GLOBAL a = 1;",
            "SET @a = 1, @@global.b = 2;",
            "SET STATEMENT max_statement_time = 1 FOR DROP DATABASE a;",
            "GRANT ALL ON *.* TO a;",
            "BEGIN NOT ATOMIC DROP DATABASE a; END;",
            "SELECT 1 INTO OUTFILE '/a';",
            "SET sql_mode = 'NO_BACKSLASH_ESCAPES'; INSERT INTO b VALUES ('\\'); USE a; -- ');",
        ] {
            assert!(said(dump).is_err(), "{dump}");
        }
    }

    #[test]
    fn what_only_looks_like_it_is_let_through() {
        for dump in [
            "/*M!999999\\- enable the sandbox mode */ \n-- USE a;\n# USE a;\n/* USE a; */\n",
            "INSERT INTO `b` VALUES (1.5,'; USE `a`; \\'','\nUSE a;\n\\! rm\n',0x4A2E,\"a.b\");",
            "CREATE TABLE `a.b` (`USE a;` int, CONSTRAINT c FOREIGN KEY (d) REFERENCES e (f));",
            "DELIMITER ;;\nCREATE DEFINER=`a`@`b` PROCEDURE p()\nBEGIN CASE 1 WHEN 1 THEN INSERT INTO a.b VALUES (1); END CASE;\n\
             IF 1 THEN SELECT CASE 1 WHEN 1 THEN 2 END; END IF; END;;\nDELIMITER ;\n",
            "DO SETVAL(`s`, 1, 0);",
            "/*!50001 CREATE ALGORITHM=UNDEFINED */\n/*!50013 DEFINER=`a`@`b` SQL SECURITY DEFINER */\n\
             /*!50001 VIEW `v` AS select `o`.`t`.`i` AS `i` from `o`.`t` */;",
            "/*!40000 ALTER TABLE `a` DISABLE KEYS */;",
            "/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;",
        ] {
            assert_eq!(said(dump).map(drop), Ok(()), "{dump}");
        }
    }

    #[test]
    fn what_names_the_database_and_who_it_works_for_are_found() {
        let dump = "ALTER DATABASE `my``app` CHARACTER SET latin1 ;\nALTER DATABASE CHARACTER SET utf8mb4;\n\
                    /*!50003 CREATE*/ /*!50017 DEFINER=`root`@`10.%`*/ /*!50003 TRIGGER t BEFORE INSERT ON b FOR EACH ROW SET @a = 1 */;";

        let said = said(dump).unwrap();

        let names: Vec<&str> = said
            .names
            .iter()
            .map(|it| &dump[usize::try_from(it.start).unwrap()..usize::try_from(it.end).unwrap()])
            .collect();
        assert_eq!(names, ["`my``app`"]);
        assert_eq!(Vec::from_iter(said.definers), ["root@10.%"]);
    }
}
