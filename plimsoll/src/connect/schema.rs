//! The schema that a `PostgreSQL` session works in.
//!
//! The server takes a search path of whose schemas none is there, or none may be used, without a
//! word. It fails at the first table that is made, and a table that is there is not found: a
//! database that was migrated looks empty.

use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend, QueryResult, Statement, sqlx};

use super::options::search_path;
use crate::{Error, Result, retry::of_query};

/// Whether the session has a schema to work in. `given` is the search path that was asked for,
/// where it is not the server's.
///
/// # Errors
/// [`Error::NoSuchSchema`], [`Error::SchemaDenied`], [`Error::SchemaIgnored`].
pub(super) async fn is_there(db: &DatabaseConnection, given: Option<&str>) -> Result<()> {
    let ask = "SELECT current_schema()::text, current_setting('search_path'), current_user::text";
    // As plain text: what is prepared has a name, which a pooler that shares sessions has seen before.
    let asked = sqlx::raw_sql(ask).fetch_optional(db.get_postgres_connection_pool()).await;
    let Some(row) = asked.map_err(of_query)?.map(QueryResult::from) else { return Ok(()) };
    let current: Option<String> = row.try_get_by_index(0)?;
    let (path, user): (String, String) = (row.try_get_by_index(1)?, row.try_get_by_index(2)?);
    if let Some(schema) = given.filter(|given| !is_in_force(given, &path)) {
        return Err(Error::SchemaIgnored { schema: schema.to_owned(), path });
    }
    if current.is_some() {
        return Ok(());
    }
    let ask = Statement::from_string(DbBackend::Postgres, "SELECT nspname::text FROM pg_namespace");
    let mut there = Vec::new();
    for row in db.query_all_raw(ask).await? {
        there.push(row.try_get_by_index::<String>(0)?);
    }
    let wanted = names(&path);
    let as_user = |name: &String| if name == "$user" { user.clone() } else { name.clone() };
    if let Some(schema) = wanted.iter().map(as_user).find(|name| there.contains(name)) {
        return Err(Error::SchemaDenied { schema, user });
    }
    let schema = given.map_or_else(
        || wanted.into_iter().filter(|name| name != "$user").collect::<Vec<_>>().join(","),
        str::to_owned,
    );
    Err(Error::NoSuchSchema { schema })
}

/// Whether the session has the search path that was asked for: a pooler may not have handed it on.
fn is_in_force(given: &str, path: &str) -> bool {
    names(&search_path(given)) == names(path)
}

/// The names in a search path, as the server shows it.
fn names(path: &str) -> Vec<String> {
    let mut names = vec![String::new()];
    let mut quoted = false;
    let mut rest = path.chars().peekable();
    while let Some(c) = rest.next() {
        let name = names.last_mut().expect("the list begins with a name");
        match c {
            '"' if quoted && rest.peek() == Some(&'"') => name.extend(rest.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => names.push(String::new()),
            ' ' if !quoted => {}
            c if quoted => name.push(c),
            c => name.extend(c.to_lowercase()),
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_a_search_path_are_read_with_and_without_quotes() {
        assert_eq!(names("\"$user\", public"), ["$user", "public"]);
        assert_eq!(names("Shop,\"The \"\"Shop\"\", a\""), ["shop", "The \"Shop\", a"]);
        assert_eq!(names("\"\""), Vec::<String>::new());
    }

    #[test]
    fn a_search_path_is_in_force_when_the_session_has_just_that() {
        assert!(is_in_force("shop", "\"shop\""));
        assert!(is_in_force("shop", "shop"));
        assert!(is_in_force("The Shop, public", "\"The Shop\",\"public\""));
        assert!(!is_in_force("Shop", "shop"));
        assert!(!is_in_force("shop", "\"$user\", public"));
        assert!(!is_in_force("shop", "shop, public"));
    }
}
