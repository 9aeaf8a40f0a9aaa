//! Names of constraints and indexes: SeaORM's form, cut to what every database takes.

use sha2::{Digest as _, Sha256};

/// The longest name that all three take, in bytes: PostgreSQL cuts at 63, MySQL refuses above 64
/// characters.
pub(crate) const MAX_BYTES: usize = 63;

/// `<kind>-<table>-<columns>`, as SeaORM names them.
pub(crate) fn derived(kind: &str, table: &str, columns: &[impl AsRef<str>]) -> String {
    let columns: Vec<&str> = columns.iter().map(AsRef::as_ref).collect();
    fit(format!("{kind}-{table}-{}", columns.join("-")))
}

/// As [`derived`], numbered behind the columns where such a name is taken already.
pub(crate) fn free(
    kind: &str,
    table: &str,
    columns: &[String],
    mut is_free: impl FnMut(&String) -> bool,
) -> String {
    let mut words = columns.to_vec();
    let mut name = derived(kind, table, &words);
    for number in 2.. {
        if is_free(&name) {
            break;
        }
        words.truncate(columns.len());
        words.push(number.to_string());
        name = derived(kind, table, &words);
    }
    name
}

/// Cuts a name that is too long and ends it with a digest of the whole, so that two long names
/// with the same beginning stay two.
pub(crate) fn fit(name: String) -> String {
    if name.len() <= MAX_BYTES {
        return name;
    }
    let digest = hex(&Sha256::digest(name.as_bytes())[..4]);
    let mut end = MAX_BYTES - digest.len() - 1;
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}_{digest}", &name[..end])
}

/// What `PostgreSQL` leaves of an identifier, without a word.
pub(crate) fn cut(name: &str) -> &str {
    &name[..name.floor_char_boundary(MAX_BYTES)]
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;

    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_name_is_the_one_that_seaorm_gives() {
        assert_eq!(derived("idx", "articles", &["author_id"]), "idx-articles-author_id");
    }

    #[test]
    fn long_names_fit_and_stay_different() {
        let one = derived("fk", &"té".repeat(40), &["a"]);
        let two = derived("fk", &"té".repeat(40), &["b"]);

        assert!(one.len() <= MAX_BYTES && two.len() <= MAX_BYTES);
        assert_ne!(one, two);
    }
}
