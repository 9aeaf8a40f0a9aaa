//! What several tables hold alike: addresses of pages, and lists of designations.

use entity::webtest::environment::EnvironmentDesignation;
use sea_orm::{ActiveEnum as _, prelude::Json};

use crate::{
    Result,
    text::{address, invalid, is_gap},
};

/// Makes sure that a text is an address of the web, or a path on whatever host there is.
///
/// # Errors
/// [`Error::Invalid`](crate::Error::Invalid) for any other.
pub(super) fn url_or_path(column: &'static str, text: &str) -> Result<()> {
    // What begins with two is a host, and not a path.
    if !text.starts_with('/') || text.starts_with("//") {
        return address(column, text);
    }
    if text.contains(is_gap) {
        return Err(invalid(column, text, "it has a space or a control character in it"));
    }
    Ok(())
}

/// Makes sure that a document is a list of designations, none of them twice.
///
/// # Errors
/// [`Error::Invalid`](crate::Error::Invalid) for any other.
pub(super) fn designations(column: &'static str, list: &Json) -> Result<()> {
    let known = EnvironmentDesignation::values();
    let refused = |problem: &str| Err(invalid(column, &list.to_string(), problem));
    let Some(items) = list.as_array() else { return refused("it is not a list") };
    for (at, item) in items.iter().enumerate() {
        if !known.iter().any(|name| item.as_str() == Some(name.as_str())) {
            return refused(&format!("it is a list of {}", known.join(", ")));
        }
        if items[..at].contains(item) {
            return refused("it has a designation in it twice");
        }
    }
    Ok(())
}

/// Whether the designation is in a stored list.
pub(super) fn is_in(list: &Json, designation: EnvironmentDesignation) -> bool {
    let name = designation.to_value();
    let is_it = |item: &Json| item.as_str() == Some(name.as_str());
    list.as_array().is_some_and(|list| list.iter().any(is_it))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_page_may_be_a_path() {
        for good in ["/", "/login", "/login?next=/a#b"] {
            assert!(address("url", good).is_err() && url_or_path("url", good).is_ok(), "{good}");
        }
        assert!(url_or_path("url", "https://a.example.org/login").is_ok());
        for wrong in ["login", "/a b", "/a\n", "//a/b", "ftp://a", "http://a b"] {
            assert!(url_or_path("url", wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_list_of_designations_has_known_ones_and_none_twice() {
        for good in [json!([]), json!(["prod"]), json!(["local", "dev", "qa", "auto", "uat"])] {
            assert!(designations("environments", &good).is_ok(), "{good}");
        }
        for wrong in [
            json!(null),
            json!("dev"),
            json!({"dev": true}),
            json!(["DEV"]),
            json!(["dev", "staging"]),
            json!(["dev", "qa", "dev"]),
            json!([1]),
        ] {
            assert!(designations("environments", &wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_designation_is_looked_for_in_whatever_was_stored() {
        assert!(is_in(&json!(["dev", "qa"]), EnvironmentDesignation::Qa));
        for list in [json!(["dev"]), json!([]), json!("qa"), json!({"qa": "qa"}), json!([["qa"]])] {
            assert!(!is_in(&list, EnvironmentDesignation::Qa), "{list}");
        }
    }
}
