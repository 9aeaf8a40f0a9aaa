//! Texts that become a part of a line of an iPXE script: none of them begins another line or
//! command.

use crate::{Result, text::invalid};

/// Makes sure that a text is one word: a path, a bucket.
///
/// # Errors
/// [`Error::Invalid`](crate::Error::Invalid) for any other.
pub(super) fn word(column: &'static str, text: &str) -> Result<()> {
    let problem = if text.is_empty() {
        "it is empty"
    } else if text.contains(is_gap) {
        "it has a space or a control character in it"
    } else if text.starts_with('-') || ends_command(text) {
        "a script takes it for something else"
    } else {
        return Ok(());
    };
    Err(invalid(column, text, problem))
}

/// Makes sure that a text is words of one command: parameters.
///
/// # Errors
/// [`Error::Invalid`](crate::Error::Invalid) for any other.
pub(super) fn words(column: &'static str, text: &str) -> Result<()> {
    let problem = if text.chars().any(char::is_control) {
        "it has a control character in it"
    } else if text.split_whitespace().any(ends_command) {
        "it has a word in it that ends a command: `&&`, `||`, `;` or one with `#` before it"
    } else {
        return Ok(());
    };
    Err(invalid(column, text, problem))
}

/// Makes sure that a text is an address by one of those schemes, without a name or a password.
///
/// # Errors
/// [`Error::Invalid`](crate::Error::Invalid) for any other.
pub(super) fn address(column: &'static str, text: &str, schemes: &[&str]) -> Result<()> {
    word(column, text)?;
    let by_scheme = text.split_once("://").filter(|(scheme, _)| schemes.contains(scheme));
    let Some((_, rest)) = by_scheme else {
        let problem = format!("it is an address by {}", schemes.join(", "));
        return Err(invalid(column, text, &problem));
    };
    match rest.split(['/', '?', '#']).next() {
        Some(host) if host.contains('@') => {
            Err(invalid(column, "***", "it has a name or a password in it"))
        }
        None | Some("") => Err(invalid(column, text, "there is no host in it")),
        Some(_) => Ok(()),
    }
}

/// The text as one word, whatever it is.
pub(super) fn one_word(text: &str) -> String {
    text.chars().filter(|c| !is_gap(*c)).collect()
}

/// The words of the text that end no command, whatever it is.
pub(super) fn its_words(text: &str) -> String {
    let words = text.split(is_gap).filter(|word| !word.is_empty() && !ends_command(word));
    words.collect::<Vec<_>>().join(" ")
}

fn is_gap(c: char) -> bool {
    c.is_whitespace() || c.is_control()
}

/// Whether iPXE takes the word for the end of a command, or for the beginning of a comment.
fn ends_command(word: &str) -> bool {
    matches!(word, "&&" | "||" | ";") || word.starts_with('#')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_one() {
        for good in ["vmlinuz", "ubuntu/24.04/vmlinuz", "a;b", "a#b", "a-b", "ü"] {
            assert!(word("kernel_path", good).is_ok(), "{good}");
        }
        for wrong in ["", "a b", "a\nb", "a\tb", "a\u{a0}b", "a\0", "--timeout", "#a", "&&", ";"] {
            assert!(word("kernel_path", wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn parameters_stay_in_their_command() {
        for good in ["", "quiet splash", "ds=nocloud-net;s=http://a/ --- ${net0/mac}", "a=b||c"] {
            assert!(words("kernel_params", good).is_ok(), "{good}");
        }
        for wrong in ["a\nshell", "a\rshell", "a || shell", "a && shell", "a ; shell", "a #b"] {
            assert!(words("kernel_params", wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn an_address_has_a_scheme_and_a_host() {
        let schemes = &["http", "https"];
        for good in
            ["http://a", "https://boot.example.org:8080/ipxe/?a=b@c", "http://[2001:db8::1]/"]
        {
            assert!(address("http_boot_url", good, schemes).is_ok(), "{good}");
        }
        for wrong in
            ["a", "http://", "http:///a", "ftp://a", "HTTP://a", "http://a b", "http://a\n"]
        {
            assert!(address("http_boot_url", wrong, schemes).is_err(), "{wrong:?}");
        }
        let told = address("http_boot_url", "http://ana:geheim@a", schemes).unwrap_err();
        assert!(!told.to_string().contains("geheim"), "{told}");
    }

    #[test]
    fn whatever_was_stored_begins_no_other_line_or_command() {
        assert_eq!(one_word("vm\nlinuz\r \0"), "vmlinuz");
        assert_eq!(
            its_words(" quiet\n shell || reboot && x ; y #z\u{2028}w"),
            "quiet shell reboot x y w"
        );
    }
}
