//! Hardware addresses of network cards, in the one form in which they are kept.

use crate::{Result, text::invalid};

/// The address as it is kept: `aa:bb:cc:dd:ee:ff`. It may be given with colons or hyphens between
/// pairs of digits, with dots between fours, or with nothing between them, in whatever case.
///
/// # Errors
/// [`Error::Invalid`](crate::Error::Invalid) for what is no such address.
pub(crate) fn mac(kind: &'static str, text: &str) -> Result<String> {
    folded(text).ok_or_else(|| invalid(kind, text, "it is not six pairs of hexadecimal digits"))
}

fn folded(text: &str) -> Option<String> {
    let between = text.chars().find(|c| !c.is_ascii_hexdigit());
    let (count, length) = match between {
        None => (1, 12),
        Some(':' | '-') => (6, 2),
        Some('.') => (3, 4),
        Some(_) => return None,
    };
    let parts: Vec<&str> = text.split(|c| Some(c) == between).collect();
    let sound = |part: &&str| part.len() == length && part.chars().all(|c| c.is_ascii_hexdigit());
    if parts.len() != count || !parts.iter().all(sound) {
        return None;
    }
    let digits = parts.concat().to_ascii_lowercase();
    let pairs: Vec<&str> = (0..12).step_by(2).map(|at| &digits[at..at + 2]).collect();
    Some(pairs.join(":"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    #[test]
    fn an_address_is_kept_in_one_form_however_it_is_given() {
        for given in [
            "aa:bb:cc:dd:ee:0f",
            "AA:BB:CC:DD:EE:0F",
            "AA-BB-CC-DD-EE-0F",
            "aabb.ccdd.ee0f",
            "AABBCCDDEE0F",
        ] {
            assert_eq!(mac("mac_address", given).unwrap(), "aa:bb:cc:dd:ee:0f", "{given}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for wrong in [
            "",
            "aa:bb:cc:dd:ee",
            "aa:bb:cc:dd:ee:ff:00",
            "aa:bb:cc:dd:ee:",
            ":aa:bb:cc:dd:ee:ff",
            "aa:bb-cc:dd-ee:ff",
            "aa:bb:cc:dd:ee:fg",
            "aaa:b:cc:dd:ee:ff",
            "aa bb cc dd ee ff",
            " aabbccddeeff",
            "aabbccddeeff ",
            "aabbccddeef",
            "aabb.ccdd",
            "aabb.ccdd.eeff.0011",
            "aab.bccdd.eeff",
            "ａa:bb:cc:dd:ee:ff",
            "aa:bb:cc:dd:ee:ff\0",
        ] {
            let refused = mac("mac_address", wrong);

            assert!(
                matches!(refused, Err(Error::Invalid { kind: "mac_address", .. })),
                "{wrong:?}"
            );
        }
    }
}
