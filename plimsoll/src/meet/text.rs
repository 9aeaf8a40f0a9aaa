//! Whether two expressions are the same but for blanks, case, quotes and idle parentheses.

use crate::dialect::{
    Dialect,
    token::{Kind, Token, bare, closing, tokens},
};

pub(super) fn is_same(one: &str, other: &str, dialect: Dialect) -> bool {
    one == other || plain(one, dialect) == plain(other, dialect)
}

fn plain(sql: &str, dialect: Dialect) -> Vec<Kind> {
    let found = tokens(dialect, sql);
    let mut plain = Vec::new();
    collect(bare(&found), dialect, &mut plain);
    plain
}

/// The tokens without the parentheses that stand around one token alone and call nothing.
fn collect(tokens: &[Token], dialect: Dialect, plain: &mut Vec<Kind>) {
    let mut at = 0;
    while at < tokens.len() {
        let calls = at > 0 && matches!(tokens[at - 1].kind, Kind::Word(_) | Kind::Name(_));
        if tokens[at].is_sign("(") && !calls && closing(tokens, at) == Some(at + 2) {
            plain.push(kind(&tokens[at + 1], dialect));
            at += 3;
        } else {
            plain.push(kind(&tokens[at], dialect));
            at += 1;
        }
    }
}

fn kind(token: &Token, dialect: Dialect) -> Kind {
    match &token.kind {
        Kind::Word(word) => Kind::Word(word.to_lowercase()),
        // PostgreSQL alone tells names apart by their case.
        Kind::Name(name) if dialect == Dialect::Postgres => Kind::Word(name.clone()),
        Kind::Name(name) => Kind::Word(name.to_lowercase()),
        Kind::Sign("!=") => Kind::Sign("<>"),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spelling_does_not_count_and_meaning_does() {
        for (one, other, dialect, same) in [
            ("lower( name )", "LOWER(name)", Dialect::Sqlite, true),
            ("(\"a\" > 1)", "a>1", Dialect::Sqlite, true),
            ("`a` != (1)", "A <> 1", Dialect::Mysql, true),
            ("\"A\" > 1", "a > 1", Dialect::Postgres, false),
            ("\"A\" > 1", "a > 1", Dialect::Sqlite, true),
            ("a = 'X'", "a = 'x'", Dialect::Sqlite, false),
            ("(a OR b) AND c", "a OR (b AND c)", Dialect::Sqlite, false),
            ("(a) + (b)", "a + b", Dialect::Sqlite, true),
            ("f(a)", "f a", Dialect::Sqlite, false),
            ("a > 1", "a >= 1", Dialect::Sqlite, false),
        ] {
            assert_eq!(is_same(one, other, dialect), same, "{one} and {other}");
        }
    }
}
