//! SQL cut into tokens, as far as catalogs need to be understood: which words, names, texts and
//! numbers there are, and where in the text each stands.

use std::ops::Range;

use super::Dialect;

/// A token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A keyword, or a name without quotes, as it is written.
    Word(String),
    /// A name between quotes, without them.
    Name(String),
    /// A constant text, without its quotes.
    Text(String),
    /// A constant of bytes, as its hexadecimal digits.
    Hex(String),
    /// A number without sign.
    Number(String),
    /// Anything else: one character, but for `::`, `<=`, `>=`, `<>`, `!=` and `||`.
    Sign(&'static str),
    /// A character of no known meaning.
    Other(char),
}

/// A token and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) at: Range<usize>,
}

impl Token {
    /// Whether it is this keyword, in whatever case.
    pub(crate) fn is(&self, word: &str) -> bool {
        matches!(&self.kind, Kind::Word(text) if text.eq_ignore_ascii_case(word))
    }

    pub(crate) fn is_sign(&self, sign: &str) -> bool {
        matches!(&self.kind, Kind::Sign(text) if *text == sign)
    }

    /// The name that it is, with or without quotes.
    pub(crate) fn name(&self) -> Option<&str> {
        match &self.kind {
            Kind::Word(text) | Kind::Name(text) => Some(text),
            _ => None,
        }
    }
}

const SIGNS: [&str; 22] = [
    "::", "<=", ">=", "<>", "!=", "||", "(", ")", "[", "]", ",", ".", "=", "<", ">", "+", "-", "*",
    "/", "%", ";", ":",
];

/// Cuts `sql` into tokens; comments and blanks are left out.
pub(crate) fn tokens(dialect: Dialect, sql: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = sql[at..].chars().next() {
        let rest = &sql[at..];
        let start = at;
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        if let Some(length) = comment(dialect, rest) {
            at += length;
            continue;
        }
        let (kind, length) = token(dialect, first, rest);
        at += length;
        tokens.push(Token { kind, at: start..at });
    }
    tokens
}

/// How long the comment is that the text begins with.
pub(crate) fn comment(dialect: Dialect, rest: &str) -> Option<usize> {
    let is_mysql = dialect == Dialect::Mysql;
    let of_a_line = match rest.strip_prefix("--") {
        // There two signs of minus are no more than that.
        Some(behind) => {
            !is_mysql || behind.starts_with(|it: char| it.is_whitespace()) || behind.is_empty()
        }
        None => is_mysql && rest.starts_with('#'),
    };
    if of_a_line {
        let is_end = |it| it == '\n' || (it == '\r' && dialect == Dialect::Postgres);
        return Some(rest.find(is_end).unwrap_or(rest.len()));
    }
    let inner = rest.strip_prefix("/*")?;
    if dialect != Dialect::Postgres {
        return Some(inner.find("*/").map_or(rest.len(), |end| end + 4));
    }
    // There comments stand within comments.
    let (mut depth, mut at) = (1, 2);
    while depth > 0 {
        let (open, close) = (rest[at..].find("/*"), rest[at..].find("*/"));
        let Some(end) = close else { return Some(rest.len()) };
        (depth, at) = match open {
            Some(open) if open < end => (depth + 1, at + open + 2),
            _ => (depth - 1, at + end + 2),
        };
    }
    Some(at)
}

/// The text between dollars that is begun here, which PostgreSQL alone has, and how long it is with them.
fn between_dollars(rest: &str) -> Option<(Kind, usize)> {
    let tag = rest[1..].find('$').map(|end| &rest[..end + 2])?;
    let name = &tag[1..tag.len() - 1];
    let is_tag = !name.starts_with(|it: char| it.is_ascii_digit())
        && name.chars().all(|it| is_word(it) && it != '$');
    if !is_tag {
        return None;
    }
    let inner = &rest[tag.len()..];
    let end = inner.find(tag).unwrap_or(inner.len());
    Some((Kind::Text(inner[..end].to_owned()), (end + 2 * tag.len()).min(rest.len())))
}

fn token(dialect: Dialect, first: char, rest: &str) -> (Kind, usize) {
    let escapes = dialect == Dialect::Mysql;
    match first {
        '\'' => quoted(rest, '\'', escapes, Kind::Text),
        '"' if dialect == Dialect::Mysql => quoted(rest, '"', escapes, Kind::Text),
        '"' => quoted(rest, '"', false, Kind::Name),
        '`' => quoted(rest, '`', false, Kind::Name),
        '[' if dialect == Dialect::Sqlite => {
            let inner = &rest[1..];
            match inner.find(']') {
                Some(end) => (Kind::Name(inner[..end].to_owned()), end + 2),
                None => (Kind::Name(inner.to_owned()), rest.len()),
            }
        }
        'x' | 'X' if rest[1..].starts_with('\'') => {
            let (kind, length) = quoted(&rest[1..], '\'', false, Kind::Hex);
            (kind, length + 1)
        }
        'E' | 'e' if dialect == Dialect::Postgres && rest[1..].starts_with('\'') => {
            let (kind, length) = quoted(&rest[1..], '\'', true, Kind::Text);
            (kind, length + 1)
        }
        '$' if dialect == Dialect::Postgres
            && let Some(text) = between_dollars(rest) =>
        {
            text
        }
        '0'..='9' => number(rest),
        '.' if rest[1..].starts_with(|next: char| next.is_ascii_digit()) => number(rest),
        _ if is_word(first) => {
            let end = rest.find(|it| !is_word(it)).unwrap_or(rest.len());
            (Kind::Word(rest[..end].to_owned()), end)
        }
        _ => match SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
            Some(sign) => (Kind::Sign(sign), sign.len()),
            None => (Kind::Other(first), first.len_utf8()),
        },
    }
}

fn is_word(it: char) -> bool {
    it.is_alphanumeric() || it == '_' || it == '$' || !it.is_ascii()
}

fn number(rest: &str) -> (Kind, usize) {
    let mut end = 0;
    let mut before = ' ';
    for it in rest.chars() {
        let in_exponent = matches!(before, 'e' | 'E') && matches!(it, '+' | '-');
        if !(it.is_ascii_alphanumeric() || it == '.' || in_exponent) {
            break;
        }
        end += 1;
        before = it;
    }
    (Kind::Number(rest[..end].to_owned()), end)
}

/// What stands between two `quote`s, a doubled one meaning one; with `escapes` also after a
/// backslash.
fn quoted(rest: &str, quote: char, escapes: bool, kind: fn(String) -> Kind) -> (Kind, usize) {
    let mut text = String::new();
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((at, it)) = chars.next() {
        if it == quote {
            if chars.next_if(|(_, next)| *next == quote).is_none() {
                return (kind(text), at + it.len_utf8());
            }
            text.push(quote);
        } else if it == '\\' && escapes {
            match chars.next() {
                Some((_, 'n')) => text.push('\n'),
                Some((_, 't')) => text.push('\t'),
                Some((_, 'r')) => text.push('\r'),
                Some((_, '0')) => text.push('\0'),
                Some((_, other)) => text.push(other),
                None => {}
            }
        } else {
            text.push(it);
        }
    }
    (kind(text), rest.len())
}

/// Where the tokens that stand outside all parentheses are cut by commas.
#[cfg(any(feature = "connect", test))]
pub(crate) fn split(tokens: &[Token]) -> Vec<&[Token]> {
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0_usize, 0);
    for (at, token) in tokens.iter().enumerate() {
        if token.is_sign("(") || token.is_sign("[") {
            depth += 1;
        } else if token.is_sign(")") || token.is_sign("]") {
            depth = depth.saturating_sub(1);
        } else if token.is_sign(",") && depth == 0 {
            parts.push(&tokens[start..at]);
            start = at + 1;
        }
    }
    if start < tokens.len() {
        parts.push(&tokens[start..]);
    }
    parts
}

/// The position of the parenthesis that closes the one at `open`.
pub(crate) fn closing(tokens: &[Token], open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        if token.is_sign("(") {
            depth += 1;
        } else if token.is_sign(")") {
            depth = depth.checked_sub(1)?;
            if depth == 0 {
                return Some(at);
            }
        }
    }
    None
}

/// The tokens without the parentheses around all of them.
pub(crate) fn bare(mut tokens: &[Token]) -> &[Token] {
    while tokens.len() > 1 && tokens[0].is_sign("(") && closing(tokens, 0) == Some(tokens.len() - 1)
    {
        tokens = &tokens[1..tokens.len() - 1];
    }
    tokens
}

/// The text that the tokens were cut from.
pub(crate) fn text<'s>(sql: &'s str, tokens: &[Token]) -> &'s str {
    match (tokens.first(), tokens.last()) {
        (Some(first), Some(last)) => &sql[first.at.start..last.at.end],
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(dialect: Dialect, sql: &str) -> Vec<Kind> {
        tokens(dialect, sql).into_iter().map(|token| token.kind).collect()
    }

    #[test]
    fn quotes_comments_and_numbers_are_told_apart() {
        assert_eq!(
            kinds(Dialect::Sqlite, "a/* ( */ 'it''s' \"b\"\"c\" [d e] x'0F' -1.5e-3 -- )\n||"),
            [
                Kind::Word("a".to_owned()),
                Kind::Text("it's".to_owned()),
                Kind::Name("b\"c".to_owned()),
                Kind::Name("d e".to_owned()),
                Kind::Hex("0F".to_owned()),
                Kind::Sign("-"),
                Kind::Number("1.5e-3".to_owned()),
                Kind::Sign("||"),
            ]
        );
        assert_eq!(kinds(Dialect::Mysql, r"'a\'b\\'"), [Kind::Text(r"a'b\".to_owned())]);
        assert_eq!(
            kinds(Dialect::Postgres, r"'a\' E'\\'"),
            [Kind::Text(r"a\".to_owned()), Kind::Text(r"\".to_owned())]
        );
    }

    #[test]
    fn each_database_has_its_own_comments_and_texts() {
        let words = |dialect, sql| -> Vec<String> {
            let found = tokens(dialect, sql);
            found.iter().map(|token| sql[token.at.clone()].to_owned()).collect()
        };

        assert_eq!(words(Dialect::Postgres, "a/* b /* c */ d */e"), ["a", "e"]);
        assert_eq!(words(Dialect::Sqlite, "a/* b /* c */ d"), ["a", "d"]);
        assert_eq!(words(Dialect::Mysql, "a # b\nc--1 -- d\n"), ["a", "c", "-", "-", "1"]);
        assert_eq!(words(Dialect::Sqlite, "c--1 # d\re"), ["c"]);
        assert_eq!(words(Dialect::Postgres, "c--1 # d\re"), ["c", "e"]);
        assert_eq!(
            words(Dialect::Postgres, "$$a;'$$ $b$ $$ $b$ $1"),
            ["$$a;'$$", "$b$ $$ $b$", "$1"]
        );
        assert_eq!(words(Dialect::Sqlite, "$1"), ["$1"]);
    }

    #[test]
    fn what_ends_too_soon_is_taken_as_far_as_it_goes() {
        for sql in ["'abc", "\"", "`a", "[", "x'", "/*", "/*/", "--", "(", "é'", "$$", "$a$ $"] {
            for dialect in Dialect::ALL {
                let found = tokens(dialect, sql);
                assert!(found.iter().all(|token| token.at.end <= sql.len()), "{sql}");
                assert!(bare(&found).len() <= found.len());
            }
        }
    }

    #[test]
    fn commas_in_parentheses_do_not_split() {
        let sql = "a, f(b, c), (d)";
        let found = tokens(Dialect::Sqlite, sql);
        let parts: Vec<&str> = split(&found).into_iter().map(|part| text(sql, part)).collect();

        assert_eq!(parts, ["a", "f(b, c)", "(d)"]);
        assert_eq!(text(sql, bare(split(&found)[2])), "d");
        let two = tokens(Dialect::Sqlite, "(a) + (b)");
        assert_eq!(bare(&two).len(), two.len());
    }
}
