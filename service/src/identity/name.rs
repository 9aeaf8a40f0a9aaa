//! Which names and addresses will do.

use email_address::{EmailAddress, Options};

use super::fold::LONGEST;
use crate::{
    Result,
    text::{self, Name, invalid},
};

/// The name of a person. One with an `@` in it is an e-mail address, and must be the person's own:
/// people log in by either, and nobody may take the address of another for a name.
pub(super) fn username(input: &str, email: Option<&Name>) -> Result<Name> {
    let name = text::name("username", input, LONGEST)?;
    // Asked of the folded name: `＠` is an `@` to whoever compares.
    if name.key.contains('@') && email.is_none_or(|email| email.key != name.key) {
        return Err(invalid("username", input, "with an `@` in it must be the e-mail address"));
    }
    Ok(name)
}

/// An e-mail address, lower-cased.
pub(super) fn email(input: &str) -> Result<Name> {
    let name = text::name("e-mail address", input, LONGEST)?;
    let options = Options::default().without_display_text().without_domain_literal();
    let has_form = EmailAddress::parse_with_options(&name.shown, options).is_ok();
    // What is within quotes can be anything, and most of the post carries none.
    let is_plain = !name.shown.contains(['"', '\u{2028}', '\u{2029}']);
    if !has_form || !is_plain || name.shown.parse::<lettre::Address>().is_err() {
        return Err(invalid("e-mail address", input, "it is not of the form name@domain"));
    }
    Ok(Name { shown: name.shown.to_lowercase(), key: name.key })
}

/// An address that was found acceptable when it was stored.
pub(super) fn stored(email: Option<&String>, key: Option<&String>) -> Option<Name> {
    email.zip(key).map(|(email, key)| Name { shown: email.clone(), key: key.clone() })
}

/// The name of a role.
pub(super) fn role(input: &str) -> Result<Name> {
    text::name("role name", input, 100)
}

/// What an API key is known by.
pub(super) fn key(input: &str) -> Result<String> {
    Ok(text::name("name of a key", input, LONGEST)?.shown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    #[test]
    fn a_name_is_kept_as_typed_and_compared_without_case() {
        let name = username("  Ana Ángel ", None).unwrap();

        assert_eq!((name.shown.as_str(), name.key.as_str()), ("Ana Ángel", "ana ángel"));
    }

    #[test]
    fn what_cannot_be_a_name_is_refused() {
        for wrong in ["", "  ", "\u{200b}", "a\nb", "a\0b", &"x".repeat(256), &"ﷺ".repeat(200)] {
            assert!(matches!(username(wrong, None), Err(Error::Invalid { .. })), "{wrong:?}");
        }
    }

    #[test]
    fn the_address_of_another_is_no_name() {
        let own = email("Ana@Example.org").unwrap();

        assert!(username("ANA@example.org", Some(&own)).is_ok());
        assert!(matches!(username("bo@example.org", Some(&own)), Err(Error::Invalid { .. })));
        for other in ["bo@example.org", "bo＠example.org", "bo﹫example.org"] {
            assert!(matches!(username(other, None), Err(Error::Invalid { .. })), "{other}");
        }
    }

    #[test]
    fn an_address_is_lower_cased() {
        assert_eq!(email("Ana@Example.ORG").unwrap().shown, "ana@example.org");
        for wrong in [
            "ana",
            "ana@",
            "@example.org",
            "ana@b@c",
            "Ana <ana@example.org>",
            "a b@c.d",
            "\"a b\"@example.org",
            "a\u{2028}b@example.org",
        ] {
            assert!(matches!(email(wrong), Err(Error::Invalid { .. })), "{wrong}");
        }
    }
}
