//! Which texts will do, whatever they are for.

use crate::{
    Error, Result,
    identity::fold::{LONGEST, fold},
};

/// A text as it is kept, and as it is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) shown: String,
    pub(crate) key: String,
}

/// A word for programs: a part of a permission's code, a kind of resource.
pub(crate) fn word(kind: &'static str, input: &str) -> Result<String> {
    let sound = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-.".contains(c);
    if input.is_empty() || input.len() > 100 || !input.chars().all(sound) {
        let problem = "it needs 1 to 100 of the characters a-z, 0-9, `_`, `-` and `.`";
        return Err(invalid(kind, input, problem));
    }
    Ok(input.to_owned())
}

/// A text for people, which may be absent. Not every database enforces the length of its column.
pub(crate) fn optional(
    kind: &'static str,
    input: Option<String>,
    longest: usize,
) -> Result<Option<String>> {
    let Some(input) = input else { return Ok(None) };
    if input.contains('\0') {
        return Err(invalid(kind, &input, "it has a NUL character in it"));
    }
    if input.chars().count() > longest {
        return Err(invalid(kind, &input, &format!("{longest} characters are the most")));
    }
    Ok(Some(input))
}

/// A name as people type it: what surrounds it is taken off, and it has something to be seen.
pub(crate) fn name(kind: &'static str, input: &str, longest: usize) -> Result<Name> {
    let shown = input.trim();
    let too_long = || Err(invalid(kind, input, &format!("{longest} characters are the most")));
    if shown.chars().nth(longest).is_some() {
        return too_long();
    }
    let key = fold(shown);
    if key.is_empty() {
        return Err(invalid(kind, input, "there is nothing to be seen in it"));
    }
    if shown.chars().any(char::is_control) {
        return Err(invalid(kind, input, "it has a control character in it"));
    }
    // The folded form can be longer: `ﷺ` becomes eighteen characters.
    if key.chars().count() > LONGEST {
        return too_long();
    }
    Ok(Name { shown: shown.to_owned(), key })
}

/// The input can be nothing of that kind.
pub(crate) fn invalid(kind: &'static str, input: &str, problem: &str) -> Error {
    // A whole book is no better told than its beginning.
    let input = input.chars().take(80).collect();
    Error::Invalid { kind, input, problem: problem.to_owned() }
}

/// A key of something of another system or domain: 1 to `longest` characters, none of them a control
/// character, and no space around it, which not every database tells apart.
pub(crate) fn key(kind: &'static str, input: &str, longest: usize) -> Result<String> {
    let problem = if input.is_empty() {
        "it is empty"
    } else if input.chars().count() > longest {
        "it is too long"
    } else if input.trim() != input {
        "there is a space around it"
    } else if input.chars().any(char::is_control) {
        "it has a control character in it"
    } else {
        return Ok(input.to_owned());
    };
    Err(invalid(kind, input, problem))
}

/// An address of the web: `http` or `https`, with a host and without a name or a password. One that is
/// refused is not shown where there may be a password in it.
pub(crate) fn address(kind: &'static str, input: &str) -> Result<()> {
    let rest = input.strip_prefix("https://").or_else(|| input.strip_prefix("http://"));
    let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next());
    let problem = match host {
        None => "it begins with neither `http://` nor `https://`",
        Some("") => "there is no host in it",
        Some(host) if host.contains('@') => "it has a name or a password in it",
        Some(_) if input.contains(is_gap) => "it has a space or a control character in it",
        Some(_) => return Ok(()),
    };
    Err(invalid(kind, if input.contains('@') { "***" } else { input }, problem))
}

/// Whether the character is none that can be seen: a space of any kind, or one that controls.
pub(crate) fn is_gap(c: char) -> bool {
    c.is_whitespace() || c.is_control()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_scheme_of_the_web_and_a_host() {
        for good in ["http://a", "https://a.example.org:8443/b?c=d@e", "http://[2001:db8::1]/"] {
            assert!(address("url", good).is_ok(), "{good}");
        }
        for wrong in [
            "",
            "a",
            "a.example.org",
            "ftp://a",
            "javascript:alert(1)",
            "http://",
            "https:///a",
            "http://?a",
            "http://a b",
            "http://a\n",
            " http://a",
            "//a/b",
        ] {
            let refused = address("url", wrong);

            assert!(
                matches!(&refused, Err(Error::Invalid { kind: "url", input, .. }) if input == wrong),
                "{refused:?}"
            );
        }
    }

    #[test]
    fn a_password_in_an_address_is_refused_and_not_shown() {
        for wrong in [
            "https://ana:geheim@a/",
            "https://ana@a",
            "ftp://ana:geheim@a",
            "ana:geheim@a",
            " https://ana:geheim@a",
            "https:///ana:geheim@a",
        ] {
            let refused = address("url", wrong);

            assert!(
                matches!(&refused, Err(Error::Invalid { input, .. }) if input == "***"),
                "{refused:?}"
            );
        }
    }
}
