//! An expression as the text that each database gets.

use sea_query::{
    Expr, MysqlQueryBuilder, PostgresQueryBuilder, QueryBuilder as _, SqliteQueryBuilder,
};
use serde::{Deserialize, Serialize};

use crate::dialect::{
    Dialect,
    token::{Kind, tokens},
};

/// An expression: the text for each database, which is most often the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sql {
    sqlite: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    postgres: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mysql: Option<String>,
}

impl Sql {
    /// The same text on all three.
    pub fn new(text: impl Into<String>) -> Self {
        Self { sqlite: text.into(), postgres: None, mysql: None }
    }

    /// A text for each.
    pub fn each(
        sqlite: impl Into<String>,
        postgres: impl Into<String>,
        mysql: impl Into<String>,
    ) -> Self {
        let sqlite = sqlite.into();
        let postgres = Some(postgres.into()).filter(|text| *text != sqlite);
        let mysql = Some(mysql.into()).filter(|text| *text != sqlite);
        Self { sqlite, postgres, mysql }
    }

    /// The text for `dialect`.
    pub fn text(&self, dialect: Dialect) -> &str {
        let own = match dialect {
            Dialect::Sqlite => &None,
            Dialect::Postgres => &self.postgres,
            Dialect::Mysql => &self.mysql,
        };
        own.as_ref().unwrap_or(&self.sqlite)
    }
}

impl Sql {
    /// The same expression with a column under another name. What is called like the column and is
    /// no function counts as the column.
    #[must_use]
    pub(crate) fn renaming(&self, from: &str, to: &str) -> Self {
        // A text that all share can become one for each: a name may need quotes now.
        let text = |dialect| renaming(self.text(dialect), dialect, from, to);
        Self::each(text(Dialect::Sqlite), text(Dialect::Postgres), text(Dialect::Mysql))
    }

    /// Whether it names the column on one of them. A type that is called like the column, or a
    /// constant of it, does not count.
    pub(crate) fn names(&self, column: &str) -> bool {
        Dialect::ALL.into_iter().any(|dialect| {
            let found = tokens(dialect, self.text(dialect));
            let is_it = |at: usize| match &found[at].kind {
                Kind::Name(name) => name == column,
                Kind::Word(word) => {
                    let is_type = at > 0 && (found[at - 1].is_sign("::") || found[at - 1].is("as"));
                    let next = found.get(at + 1);
                    let is_other =
                        next.is_some_and(|it| it.is_sign("(") || matches!(it.kind, Kind::Text(_)));
                    word == column && !is_type && !is_other
                }
                _ => false,
            };
            (0..found.len()).any(is_it)
        })
    }
}

fn renaming(sql: &str, dialect: Dialect, from: &str, to: &str) -> String {
    let found = tokens(dialect, sql);
    let mut renamed = String::new();
    let mut end = 0;
    for (at, token) in found.iter().enumerate() {
        let is_function = found.get(at + 1).is_some_and(|next| next.is_sign("("));
        let (is_column, quotes) = match &token.kind {
            Kind::Word(word) => (word == from && !is_function, None),
            Kind::Name(name) => (name == from, sql[token.at.clone()].chars().next()),
            _ => (false, None),
        };
        if !is_column {
            continue;
        }
        renamed.push_str(&sql[end..token.at.start]);
        let is_plain = to.starts_with(|it: char| it.is_ascii_lowercase() || it == '_')
            && to.chars().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '_');
        let in_backticks = quotes == Some('`') || dialect == Dialect::Mysql;
        let name = match quotes {
            None if is_plain => to.to_owned(),
            _ if in_backticks => format!("`{}`", to.replace('`', "``")),
            _ => format!("\"{}\"", to.replace('"', "\"\"")),
        };
        renamed.push_str(&name);
        end = token.at.end;
    }
    renamed.push_str(&sql[end..]);
    renamed
}

impl From<&str> for Sql {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<&Expr> for Sql {
    fn from(expr: &Expr) -> Self {
        fn text(write: impl FnOnce(&mut String)) -> String {
            let mut sql = String::new();
            write(&mut sql);
            sql
        }
        Self::each(
            text(|sql| SqliteQueryBuilder.prepare_expr(expr, sql)),
            text(|sql| PostgresQueryBuilder.prepare_expr(expr, sql)),
            text(|sql| MysqlQueryBuilder.prepare_expr(expr, sql)),
        )
    }
}

impl From<Expr> for Sql {
    fn from(expr: Expr) -> Self {
        Self::from(&expr)
    }
}

#[cfg(test)]
mod tests {
    use sea_query::ExprTrait as _;

    use super::*;

    #[test]
    fn a_column_is_renamed_and_nothing_that_only_looks_like_it() {
        let sql = Sql::each(
            "lower(name) <> 'name' AND \"name\" > name2",
            "lower(name) <> 'name'::text",
            "`name` <> name(1)",
        );

        let renamed = sql.renaming("name", "The name");

        assert_eq!(
            renamed.text(Dialect::Sqlite),
            "lower(\"The name\") <> 'name' AND \"The name\" > name2"
        );
        assert_eq!(renamed.text(Dialect::Postgres), "lower(\"The name\") <> 'name'::text");
        assert_eq!(renamed.text(Dialect::Mysql), "`The name` <> name(1)");
        assert_eq!(
            renamed.renaming("The name", "label").text(Dialect::Mysql),
            "`label` <> name(1)"
        );
        let shared = Sql::new("size > 1").renaming("size", "the size");
        assert_eq!(shared.text(Dialect::Postgres), "\"the size\" > 1");
        assert_eq!(shared.text(Dialect::Mysql), "`the size` > 1");
    }

    #[test]
    fn a_column_is_named_and_no_type_or_function_that_is_called_like_it() {
        let sql = Sql::new("date > 1 AND \"Size\" > 2 AND kind = 'crew'");
        let other = Sql::new("a::date > date '2026-01-02' AND CAST(b AS date) > date(c)");

        assert!(sql.names("date") && sql.names("Size") && sql.names("kind"));
        assert!(!sql.names("crew"));
        assert!(!other.names("date"));
        assert!(Sql::each("a > 1", "b > 1", "`c` > 1").names("c"));
    }

    #[test]
    fn an_expression_becomes_the_text_of_each_database() {
        let sql = Sql::from(Expr::col("it's").gte(5));

        assert_eq!(sql.text(Dialect::Sqlite), r#""it's" >= 5"#);
        assert_eq!(sql.text(Dialect::Postgres), r#""it's" >= 5"#);
        assert_eq!(sql.text(Dialect::Mysql), "`it's` >= 5");
    }
}
