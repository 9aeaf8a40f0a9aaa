//! Which passwords will do as new ones.

use super::{LONGEST, SHORTEST, common::is_common};
use crate::{Error, Result, identity::fold::fold};

/// What this program is called.
const PRODUCT: &str = "plimsoll";

/// Whether a password will do as a new one: by its length, and by being neither one of the
/// commonest nor a name; and by nothing else (ASVS 5, 6.2.5: no rules of composition).
pub(super) fn acceptable(password: &str, names: &[&str]) -> Result<()> {
    let refuse = |problem: String| Err(Error::WeakPassword { problem });
    let length = password.chars().count();
    if length < SHORTEST {
        return refuse(format!("it has {length} characters, and needs at least {SHORTEST}"));
    }
    if length > LONGEST {
        return refuse(format!("it has {length} characters, and {LONGEST} are the most"));
    }
    let folded = fold(password);
    if is_common(&folded) {
        return refuse("it is one of the commonest, which are tried first".to_owned());
    }
    if is_of(&folded, PRODUCT) {
        return refuse("it is the name of this program".to_owned());
    }
    if names.iter().any(|name| is_of(&folded, &fold(name))) {
        return refuse("it is the name or the e-mail address itself".to_owned());
    }
    Ok(())
}

/// Whether the password is the name, or what an address has before its `@`, as it is or with
/// nothing but digits and signs around it.
fn is_of(password: &str, name: &str) -> bool {
    let local = name.rsplit_once('@').map(|(local, _)| local);
    [Some(name), local].into_iter().flatten().any(|word| {
        let is_bare = letters(word).is_empty();
        password == word || (!is_bare && letters(password) == letters(word))
    })
}

/// From the first letter to the last.
fn letters(text: &str) -> &str {
    text.trim_matches(|c: char| !c.is_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 2] = ["Ana.Ángel", "zeemeeuw@example.org"];

    fn refusal(password: &str) -> Option<String> {
        acceptable(password, &NAMES).err().map(|error| error.to_string())
    }

    #[test]
    fn what_guessers_try_first_is_refused_however_it_is_written() {
        for common in [
            "12345678",
            "Password",
            "PASSWORD1",
            "1qaz2wsx",
            "Ｐａｓｓｗｏｒｄ",
            " password ",
            "pass\u{200b}word",
        ] {
            let refused = refusal(common).unwrap_or_default();

            assert!(refused.contains("one of the commonest"), "{common}: {refused}");
        }
    }

    #[test]
    fn a_name_is_no_password_and_digits_around_it_make_none() {
        for name in [
            "ana.ángel",
            "ANA.A\u{301}NGEL",
            "ana.ángel2026!",
            "zeemeeuw@example.org",
            "Zeemeeuw1",
            "#zeemeeuw#",
            "1zeemeeuw@example.org",
        ] {
            let refused = refusal(name).unwrap_or_default();

            assert!(refused.contains("the name or the e-mail address"), "{name}: {refused}");
        }
        for product in ["plimsoll", "Plimsoll!", "2026-Plimsoll"] {
            let refused = refusal(product).unwrap_or_default();

            assert!(refused.contains("the name of this program"), "{product}: {refused}");
        }
    }

    #[test]
    fn whatever_else_is_long_enough_will_do() {
        for right in [
            "correct horse battery",
            "        ",
            "42424242 42",
            "zeemeeuw of the plimsoll",
            "ana.ángel and bo",
            "example.org",
            "🚢🚢🚢🚢🚢🚢🚢🚢",
        ] {
            assert_eq!(refusal(right), None, "{right}");
        }
        // A name without letters is compared as it is.
        assert!(acceptable("20260101", &["20260101"]).is_err());
        assert!(acceptable("20260101 ok 20260101", &["20260101"]).is_ok());
    }

    #[test]
    fn a_password_has_so_many_characters() {
        let long = "geheim".repeat(50);
        for (wrong, length) in [("", 0), ("geheim!", 7), (long.as_str(), 300)] {
            let refused = refusal(wrong).unwrap_or_default();

            assert!(refused.contains(&format!("it has {length} characters")), "{refused}");
            assert!(!refused.contains("geheim"), "{refused}");
        }
    }
}
