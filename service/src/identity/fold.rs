//! Names without case: what makes two spellings of a name the same person.

use unicase::UniCase;
use unicode_normalization::UnicodeNormalization as _;

/// The form of a name that is compared and kept unique: without case, without differences that
/// only the encoding makes, without what nobody sees, without spaces around it. Accents stay: `ana`
/// and `ANA` are one, `ana` and `aná` are two.
///
/// It is Unicode's caseless form of identifiers (D147), composed. Folding and normalising are done
/// twice because each can bring out something that the other changes.
///
/// ```
/// use service::identity::fold::fold;
///
/// assert_eq!(fold("ANA"), "ana");
/// assert_eq!(fold("Straße"), fold("STRASSE"));
/// assert_ne!(fold("ana"), fold("aná"));
/// ```
pub fn fold(name: &str) -> String {
    // Of these each has one form, and all are seen.
    if name.is_ascii() {
        return name.trim().to_ascii_lowercase();
    }
    let canonical: String = name.nfd().collect();
    let once = UniCase::unicode(&canonical).to_folded_case();
    let once: String = once.nfkd().filter(|c| !is_ignorable(*c)).collect();
    let twice: String = UniCase::unicode(&once).to_folded_case().nfkc().collect();
    twice.trim().to_owned()
}

/// The most characters that a folded name can have; the columns keep no more.
pub(crate) const LONGEST: usize = 255;

/// The folded form of a name that is looked for. One that is longer than any can be is folded to
/// nothing, which nobody is called: folding a megabyte of it would take seconds.
pub(crate) fn sought(name: &str) -> String {
    if name.chars().nth(LONGEST).is_some() { String::new() } else { fold(name) }
}

/// Unicode's `Default_Ignorable_Code_Point`: what is not seen and is no space, such as joiners,
/// marks of direction, soft hyphens and variation selectors.
fn is_ignorable(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_name_are_one() {
        let same = [
            ("ana", "ANA"),
            ("ana", " Ana\u{a0}"),
            ("jos\u{e9}", "JOSE\u{301}"),
            ("straße", "STRASSE"),
            ("straẞe", "strasse"),
            ("ΣΊΣΥΦΟΣ", "σίσυφος"),
            ("ﬁsh", "FISH"),
            ("Ａｎａ", "ana"),
            ("ЖЕНЯ", "женя"),
            ("ana", "a\u{200b}na\u{2060}"),
            ("ana", "\u{202e}ana\u{202c}"),
            ("ana", "a\u{ad}na\u{e0061}"),
            ("ana", "\u{200b} ana \u{feff}"),
            ("kelvin", "\u{212a}elvin"),
        ];
        for (one, other) in same {
            assert_eq!(fold(one), fold(other), "{one} {other}");
        }
    }

    #[test]
    fn an_accent_or_another_alphabet_makes_another_name() {
        let different = [("ana", "aná"), ("pena", "peña"), ("a", "а"), ("oe", "ö"), ("🚢", "🚤")];
        for (one, other) in different {
            assert_ne!(fold(one), fold(other), "{one} {other}");
        }
    }

    #[test]
    fn a_name_in_ascii_is_folded_as_among_other_letters() {
        for c in '\0'..='\x7f' {
            let (alone, beside) = (fold(&format!("x{c}x")), fold(&format!("x{c}xé")));

            assert_eq!(format!("{alone}é"), beside, "U+{:04X}", u32::from(c));
        }
    }

    #[test]
    fn a_name_that_is_too_long_to_be_one_is_looked_for_as_nothing() {
        assert_eq!(sought(&"X".repeat(LONGEST)), "x".repeat(LONGEST));
        assert_eq!(sought(&"ﷺ".repeat(300_000)), "");
    }

    #[test]
    fn folding_what_is_folded_changes_nothing() {
        // Behind these three planes nothing has case or another form.
        for c in '\0'..='\u{2ffff}' {
            let folded = fold(&format!("x{c}x"));

            assert_eq!(fold(&folded), folded, "U+{:04X}", u32::from(c));
        }
    }
}
