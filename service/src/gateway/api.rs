//! Definitions of APIs: a path, a method and a version, and what is offered there.

use entity::gateway::api_definition::{ActiveModel, Column, Entity};
pub use entity::gateway::api_definition::{HttpMethod, Model};
use sea_orm::{
    ActiveEnum as _, ActiveValue::Set, ColumnTrait as _, ConnectionTrait, EntityTrait as _,
    QueryFilter as _,
};

use super::Gateway;
use crate::{
    Error, Result,
    records::Record,
    rights::{CountUsage, Granted},
    rule::Rule,
    text::{self, invalid},
};

impl Record for Entity {
    type Domain = Gateway;

    const KIND: &'static str = "API";

    fn settle(row: &mut ActiveModel) -> Result<()> {
        if let Set(name) = &row.name {
            row.name = Set(text::name("name of an API", name, 255)?.shown);
        }
        if let Set(version) = &row.version {
            row.version = Set(text::key("version", version, 50)?);
        }
        if let Set(path) = &row.path {
            row.path = Set(normal(path)?);
        }
        if let Set(Some(spec)) = &row.openapi_spec
            && !spec.is_object()
        {
            return Err(invalid("openapi_spec", &spec.to_string(), "it is no object"));
        }
        Ok(())
    }
}

/// What is offered at a path, by a method, in a version: what a gateway asks before it lets a call
/// through. A slash at the end of the path makes no difference.
///
/// # Errors
/// [`Error::NotFound`] if nothing is, [`Rule::Inactive`] if what is offered there is switched off.
pub async fn find(
    db: &impl ConnectionTrait,
    _by: &Granted<CountUsage>,
    path: &str,
    method: HttpMethod,
    version: &str,
) -> Result<Model> {
    let called = format!("{} {path} {version}", method.to_value());
    let sought = normal(path).and_then(|path| Ok((path, text::key("version", version, 50)?)));
    // What can be no definition is none.
    let Ok((path, version)) = sought else { return Err(Error::not_found(Entity::KIND, called)) };
    let found = Entity::find()
        .filter(Column::Path.eq(path.as_str()))
        .filter(Column::Method.eq(method))
        .filter(Column::Version.eq(version.as_str()))
        .one(db)
        .await?;
    match found {
        None => Err(Error::not_found(Entity::KIND, called)),
        Some(api) if !api.enabled => {
            Err(Rule::Inactive.refuses(format!("API `{called}` is switched off")))
        }
        Some(api) => Ok(api),
    }
}

/// A path as it is kept: from the root, without a slash at its end.
fn normal(path: &str) -> Result<String> {
    let refuse = |problem: &str| Err(invalid("path", path, problem));
    if path.chars().any(|c| c.is_whitespace() || c.is_control() || c == '?' || c == '#') {
        return refuse("it has a space, a control character, `?` or `#` in it");
    }
    let Some(parts) = path.strip_prefix('/') else { return refuse("it begins with `/`") };
    let parts = parts.trim_end_matches('/');
    if parts.split('/').any(|part| part == "." || part == "..") {
        return refuse("it has a part that leads elsewhere");
    }
    if !parts.is_empty() && parts.split('/').any(str::is_empty) {
        return refuse("it has an empty part");
    }
    Ok(format!("/{parts}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_kept_without_a_slash_at_its_end() {
        for (path, kept) in [
            ("/", "/"),
            ("///", "/"),
            ("/orders", "/orders"),
            ("/orders/", "/orders"),
            ("/orders//", "/orders"),
            ("/Orders/{id}/items.json", "/Orders/{id}/items.json"),
            ("/café/🚢", "/café/🚢"),
        ] {
            assert_eq!(normal(path).unwrap(), kept);
            assert_eq!(normal(kept).unwrap(), kept);
        }
    }

    #[test]
    fn what_begins_elsewhere_or_leads_elsewhere_is_no_path() {
        for wrong in [
            "",
            "orders",
            "https://example.org/",
            "/a b",
            "/a\0",
            "/a\n",
            " /a",
            "/a?b=c",
            "/a#b",
            "/a//b",
            "//a",
            "/a/../b",
            "/./a",
            "/..",
        ] {
            assert!(matches!(normal(wrong), Err(Error::Invalid { .. })), "{wrong:?}");
        }
    }
}
