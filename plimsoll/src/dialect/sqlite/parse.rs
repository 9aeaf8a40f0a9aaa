//! What only the text of CREATE TABLE and CREATE INDEX says: SQLite's PRAGMAs know no names of
//! constraints, no conditions, no collations and no expressions.
//!
//! SQLite keeps the text only when it could read it, so that it is known to be well-formed.

use crate::dialect::{
    Dialect,
    token::{Token, bare, closing, split, text, tokens},
};

/// What the text of a table says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Parsed {
    pub(super) columns: Vec<ParsedColumn>,
    /// Name and condition.
    pub(super) checks: Vec<(Option<String>, String)>,
    /// Name and columns.
    pub(super) uniques: Vec<(Option<String>, Vec<String>)>,
    /// Name, columns, and whether it is checked at the end of the transaction.
    pub(super) foreign_keys: Vec<(Option<String>, Vec<String>, bool)>,
    /// The clauses that say what happens on a conflict: `ON CONFLICT REPLACE`.
    pub(super) conflicts: bool,
    /// Whether a key or a unique constraint sorts otherwise than its columns: `UNIQUE (a COLLATE
    /// NOCASE)`, `PRIMARY KEY (a DESC)`.
    pub(super) is_sorted: bool,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ParsedColumn {
    pub(super) name: String,
    pub(super) collation: Option<String>,
    pub(super) auto_increment: bool,
    pub(super) generated: Option<String>,
}

/// What the text of an index says: its parts in order, and its condition.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ParsedIndex {
    pub(super) parts: Vec<String>,
    pub(super) predicate: Option<String>,
}

/// Reads a CREATE TABLE.
pub(super) fn table(sql: &str) -> Parsed {
    let found = tokens(Dialect::Sqlite, sql);
    let mut parsed = Parsed::default();
    let Some(open) = found.iter().position(|token| token.is_sign("(")) else { return parsed };
    let Some(end) = closing(&found, open) else { return parsed };
    for part in split(&found[open + 1..end]) {
        let is_constraint = part.first().is_some_and(|first| {
            ["constraint", "primary", "unique", "check", "foreign"].iter().any(|it| first.is(it))
        });
        match part.first() {
            Some(_) if is_constraint => constraints(sql, part, None, &mut parsed),
            Some(first) => {
                let name = first.name().unwrap_or_default().to_owned();
                parsed.columns.push(ParsedColumn { name: name.clone(), ..ParsedColumn::default() });
                constraints(sql, &part[1..], Some(&name), &mut parsed);
            }
            None => {}
        }
    }
    parsed
}

/// Reads the constraints of a column, or of the table when `column` is none.
fn constraints(sql: &str, part: &[Token], column: Option<&str>, parsed: &mut Parsed) {
    let mut name: Option<String> = None;
    let mut at = 0;
    while at < part.len() {
        let token = &part[at];
        let next = part.get(at + 1);
        let in_parentheses = |from: usize| -> Option<(Vec<Token>, usize)> {
            let open = (from..part.len()).find(|at| part[*at].is_sign("("))?;
            let end = closing(part, open)?;
            Some((part[open + 1..end].to_vec(), end))
        };
        let of_column = |parsed: &mut Parsed, set: &dyn Fn(&mut ParsedColumn)| {
            if column.is_some()
                && let Some(last) = parsed.columns.last_mut()
            {
                set(last);
            }
        };
        if token.is("constraint") {
            name = next.and_then(Token::name).map(str::to_owned);
            at += 2;
            continue;
        }
        if token.is("check") {
            if let Some((inner, end)) = in_parentheses(at) {
                parsed.checks.push((name.take(), text(sql, bare(&inner)).to_owned()));
                at = end;
            }
        } else if token.is("unique") {
            let columns = if let Some(column) = column {
                vec![column.to_owned()]
            } else {
                let found = in_parentheses(at);
                at = found.as_ref().map_or(at, |(_, end)| *end);
                let inner = found.map(|(inner, _)| inner).unwrap_or_default();
                parsed.is_sorted |= is_sorted(&inner);
                names(&inner)
            };
            parsed.uniques.push((name.take(), columns));
        } else if token.is("primary") {
            name = None;
            if column.is_some() {
                parsed.is_sorted |= part.get(at + 2).is_some_and(|it| it.is("desc"));
            } else if let Some((inner, end)) = in_parentheses(at) {
                parsed.is_sorted |= is_sorted(&inner);
                at = end;
            }
        } else if token.is("autoincrement") {
            of_column(parsed, &|it| it.auto_increment = true);
        } else if token.is("collate") {
            let collation = next.and_then(Token::name).map(str::to_owned);
            of_column(parsed, &|it| it.collation.clone_from(&collation));
            at += 1;
        } else if token.is("as") {
            if let Some((inner, end)) = in_parentheses(at) {
                let expr = text(sql, bare(&inner)).to_owned();
                of_column(parsed, &|it| it.generated = Some(expr.clone()));
                at = end;
            }
        } else if token.is("default") && next.is_some_and(|it| it.is_sign("(")) {
            if let Some((_, end)) = in_parentheses(at) {
                at = end;
            }
        } else if token.is("foreign") {
            if let Some((inner, end)) = in_parentheses(at) {
                parsed.foreign_keys.push((name.take(), names(&inner), false));
                at = end;
            }
        } else if token.is("references") {
            if let Some(column) = column {
                parsed.foreign_keys.push((name.take(), vec![column.to_owned()], false));
            }
        } else if token.is("deferrable") && !(at > 0 && part[at - 1].is("not")) {
            if let Some(key) = parsed.foreign_keys.last_mut() {
                key.2 = next.is_some_and(|it| it.is("initially"))
                    && part.get(at + 2).is_some_and(|it| it.is("deferred"));
            }
        } else if token.is("conflict") {
            parsed.conflicts = true;
        } else if token.is_sign("(")
            && let Some(end) = closing(part, at)
        {
            at = end;
        }
        at += 1;
    }
}

/// Whether a part of a list has a collation or a direction of its own.
fn is_sorted(list: &[Token]) -> bool {
    list.iter().any(|token| token.is("collate") || token.is("desc"))
}

/// The first name of each part of a list.
fn names(list: &[Token]) -> Vec<String> {
    split(list)
        .into_iter()
        .filter_map(|part| part.first().and_then(Token::name))
        .map(str::to_owned)
        .collect()
}

/// Reads a CREATE INDEX.
pub(super) fn index(sql: &str) -> ParsedIndex {
    let found = tokens(Dialect::Sqlite, sql);
    let Some(open) = found.iter().position(|token| token.is_sign("(")) else {
        return ParsedIndex::default();
    };
    let Some(end) = closing(&found, open) else { return ParsedIndex::default() };
    let parts = split(&found[open + 1..end]).into_iter().map(|part| {
        let mut part = part;
        while let [rest @ .., last] = part {
            if last.is("asc") || last.is("desc") {
                part = rest;
            } else if let [rest @ .., collate, _] = part
                && collate.is("collate")
            {
                part = rest;
            } else {
                break;
            }
        }
        text(sql, bare(part)).to_owned()
    });
    let condition = found[end + 1..].split_first().filter(|(word, _)| word.is("where"));
    ParsedIndex {
        parts: parts.collect(),
        predicate: condition.map(|(_, condition)| text(sql, bare(condition)).to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_gives_all_that_its_text_says() {
        let parsed = table(
            r#"CREATE TABLE "a (b" ( -- ), CHECK (no)
              id integer NOT NULL PRIMARY KEY AUTOINCREMENT,
              [name] varchar(80) COLLATE NOCASE CONSTRAINT "uq" UNIQUE ON CONFLICT REPLACE,
              size real(10, 2) DEFAULT (max(1, 2)) CHECK (size > 0),
              `twice` integer GENERATED ALWAYS AS (size * (2)) STORED,
              parent integer CONSTRAINT fk REFERENCES "p" (id) DEFERRABLE INITIALLY DEFERRED,
              "check" text DEFAULT 'CHECK (x)',
              CONSTRAINT "c, d" CHECK (name <> ')' AND size IN (1, 2)),
              UNIQUE (name, "size" DESC),
              FOREIGN KEY (id, size) REFERENCES q (a, b) ON DELETE SET NULL NOT DEFERRABLE
            ) STRICT"#,
        );

        let names: Vec<&str> = parsed.columns.iter().map(|column| &*column.name).collect();
        assert_eq!(names, ["id", "name", "size", "twice", "parent", "check"]);
        assert!(parsed.columns[0].auto_increment && !parsed.columns[1].auto_increment);
        assert_eq!(parsed.columns[1].collation.as_deref(), Some("NOCASE"));
        assert_eq!(parsed.columns[3].generated.as_deref(), Some("size * (2)"));
        assert_eq!(
            parsed.checks,
            [
                (None, "size > 0".to_owned()),
                (Some("c, d".to_owned()), "name <> ')' AND size IN (1, 2)".to_owned()),
            ]
        );
        assert_eq!(
            parsed.uniques,
            [
                (Some("uq".to_owned()), vec!["name".to_owned()]),
                (None, vec!["name".to_owned(), "size".to_owned()]),
            ]
        );
        assert_eq!(
            parsed.foreign_keys,
            [
                (Some("fk".to_owned()), vec!["parent".to_owned()], true),
                (None, vec!["id".to_owned(), "size".to_owned()], false),
            ]
        );
        assert!(parsed.conflicts && parsed.is_sorted);
    }

    #[test]
    fn a_key_that_sorts_otherwise_than_its_columns_is_told() {
        let is_sorted = |sql: &str| table(sql).is_sorted;

        assert!(is_sorted("CREATE TABLE t (a integer PRIMARY KEY DESC)"));
        assert!(is_sorted("CREATE TABLE t (a text, UNIQUE (a COLLATE NOCASE))"));
        assert!(is_sorted("CREATE TABLE t (a text, PRIMARY KEY (a DESC))"));
        assert!(!is_sorted(
            "CREATE TABLE t (a integer PRIMARY KEY, \"desc\" text COLLATE NOCASE, UNIQUE (\"desc\"))"
        ));
    }

    #[test]
    fn an_index_gives_its_expressions_and_its_condition() {
        let parsed = index(
            "CREATE UNIQUE INDEX i ON t (a, lower(b) COLLATE NOCASE DESC, (c + 1)) WHERE (d > 0)",
        );

        assert_eq!(parsed.parts, ["a", "lower(b)", "c + 1"]);
        assert_eq!(parsed.predicate.as_deref(), Some("d > 0"));
        assert_eq!(index("CREATE INDEX i ON \"t(\" (a)").predicate, None);
    }
}
