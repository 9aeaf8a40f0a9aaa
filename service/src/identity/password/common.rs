//! The passwords that people choose most, which guessers try first.
//!
//! `common.txt` has those of Django's list (5.2.19, `django/contrib/auth/common-passwords.txt.gz`,
//! the 20 000 commonest in lower case, gathered by Royce Williams) that are long enough to be a
//! password here, in the order of their bytes. Django's licence, the BSD one of three clauses, is
//! `common.txt.license`.

use std::{collections::HashSet, sync::LazyLock};

static COMMON: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| include_str!("common.txt").lines().collect());

/// Whether a password is one of them, by the form in which names are compared.
pub(super) fn is_common(folded: &str) -> bool {
    COMMON.contains(folded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::{fold::fold, password::SHORTEST};

    #[test]
    fn each_is_there_once_as_it_is_looked_for_and_is_long_enough() {
        let lines: Vec<&str> = include_str!("common.txt").lines().collect();

        // ASVS 5, 6.2.4.
        assert!(lines.len() >= 3_000, "{}", lines.len());
        assert!(lines.is_sorted());
        assert_eq!(COMMON.len(), lines.len());
        for line in lines {
            assert_eq!(fold(line), line);
            assert!(line.chars().count() >= SHORTEST, "{line}");
        }
    }
}
