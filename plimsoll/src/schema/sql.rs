//! An expression as the text that each database gets.

use sea_query::{
    Expr, MysqlQueryBuilder, PostgresQueryBuilder, QueryBuilder as _, SqliteQueryBuilder,
};
use serde::{Deserialize, Serialize};

use crate::dialect::Dialect;

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
    fn an_expression_becomes_the_text_of_each_database() {
        let sql = Sql::from(Expr::col("it's").gte(5));

        assert_eq!(sql.text(Dialect::Sqlite), r#""it's" >= 5"#);
        assert_eq!(sql.text(Dialect::Postgres), r#""it's" >= 5"#);
        assert_eq!(sql.text(Dialect::Mysql), "`it's` >= 5");
    }
}
