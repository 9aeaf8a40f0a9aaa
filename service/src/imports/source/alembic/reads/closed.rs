//! What a user of a database of PostgreSQL may not read there, and what lets them.

use std::collections::BTreeSet;

use super::malformed;
use crate::Error;

/// What may not be read.
#[derive(Debug, Default)]
pub(super) struct Closed {
    pub(super) tables: BTreeSet<String>,
    /// Tables of which some rows may be hidden: those with row level security.
    pub(super) in_part: BTreeSet<String>,
    pub(super) schema: String,
    pub(super) user: String,
}

impl Closed {
    /// Whether all may be read.
    pub(super) fn is_empty(&self) -> bool {
        self.tables.is_empty() && self.in_part.is_empty()
    }

    /// Why the table may not be read, or not all of it, and what lets the user; nothing where it may.
    pub(super) fn why(&self, table: &str) -> Option<String> {
        let Self { tables, in_part, schema, user } = self;
        let (to, schema) = (quoted(user), quoted(schema));
        if tables.contains(table) {
            let grant = format!("GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {to}");
            let why = format!("`{user}` may not read the table `{table}`");
            return Some(format!("{why}: let its owner type `{grant}`"));
        }
        in_part.contains(table).then(|| {
            let why = format!("row level security hides rows of the table `{table}` from `{user}`");
            let alter = format!("ALTER ROLE {to} BYPASSRLS");
            format!("{why}: read it as its owner, or let a superuser type `{alter}`")
        })
    }
}

/// That the server would not let anybody in; a schema that may not be used is told with what lets the
/// user.
pub(super) fn refused(origin: &str, error: plimsoll::Error) -> Error {
    match error {
        plimsoll::Error::SchemaDenied { schema, user } => {
            let (in_it, to) = (quoted(&schema), quoted(&user));
            let problem = format!(
                "`{user}` may not use the schema `{schema}`: let its owner type `GRANT USAGE ON \
                 SCHEMA {in_it} TO {to}` and `GRANT SELECT ON ALL TABLES IN SCHEMA {in_it} TO {to}`"
            );
            malformed(origin, problem)
        }
        other => other.into(),
    }
}

/// A name of `PostgreSQL` as it is typed.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_that_may_not_be_read_is_named_with_what_to_do() {
        let closed = Closed {
            tables: BTreeSet::from(["page".to_owned()]),
            in_part: BTreeSet::from(["page".to_owned(), "environment".to_owned()]),
            schema: "fen\"rir".to_owned(),
            user: "reader".to_owned(),
        };

        let why = closed.why("page").unwrap();

        assert!(why.starts_with("`reader` may not read the table `page`"), "{why}");
        assert!(why.contains("IN SCHEMA \"fen\"\"rir\" TO \"reader\""), "{why}");
        let part = closed.why("environment").unwrap();
        assert!(part.starts_with("row level security hides rows of the table `environment`"));
        assert!(part.contains("`ALTER ROLE \"reader\" BYPASSRLS`"), "{part}");
        assert_eq!(closed.why("user"), None);
    }

    #[test]
    fn a_schema_that_may_not_be_used_is_named_with_what_to_do() {
        let (schema, user) = ("fenrir".to_owned(), "reader".to_owned());

        let error = refused("postgres://db/x", plimsoll::Error::SchemaDenied { schema, user });

        assert!(matches!(error, Error::Malformed { kind: "source", .. }), "{error:?}");
        let said = error.to_string();
        assert!(said.contains("`GRANT USAGE ON SCHEMA \"fenrir\" TO \"reader\"`"), "{said}");
    }
}
