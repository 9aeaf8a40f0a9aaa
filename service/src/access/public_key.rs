//! SSH public keys, as lines of `authorized_keys`.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{Result, text::invalid};

/// The kinds of key that an authority may have, and of how many parts each is made, its name the
/// first.
const KINDS: [(&str, usize); 7] = [
    ("ssh-ed25519", 2),
    ("ssh-rsa", 3),
    ("ecdsa-sha2-nistp256", 3),
    ("ecdsa-sha2-nistp384", 3),
    ("ecdsa-sha2-nistp521", 3),
    ("sk-ssh-ed25519@openssh.com", 3),
    ("sk-ecdsa-sha2-nistp256@openssh.com", 4),
];

/// The key in a line: its kind, the key itself in base64, and what else there is behind it, each
/// with one space between.
///
/// # Errors
/// [`Error::Invalid`](crate::Error::Invalid) for a text that is no such line, of which nothing but
/// the kind is repeated: it could be a private key.
pub(super) fn line(text: &str) -> Result<String> {
    let line = text.trim();
    let mut words = line.split(' ').filter(|word| !word.is_empty());
    let (kind, key) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let Some((kind, count)) = KINDS.into_iter().find(|(known, _)| *known == kind) else {
        return Err(invalid("public key", "***", "it begins with no kind of key that is known"));
    };
    let problem = if line.chars().any(char::is_control) {
        "it is more than one line"
    } else {
        match STANDARD.decode(key) {
            Err(_) => "what follows the kind is no base64",
            Ok(bytes) if !is_of(&bytes, kind, count) => "what follows the kind is no such key",
            Ok(_) => {
                let mut whole = vec![kind, key];
                whole.extend(words);
                return Ok(whole.join(" "));
            }
        }
    };
    Err(invalid("public key", kind, problem))
}

/// Whether a key names that kind itself and has as many parts, none of them empty.
fn is_of(bytes: &[u8], kind: &str, count: usize) -> bool {
    parts(bytes).is_some_and(|parts| {
        parts.len() == count
            && parts[0] == kind.as_bytes()
            && parts.iter().all(|part| !part.is_empty())
    })
}

/// The parts of a key, each with its length in four bytes before it; none if they do not come out
/// even.
fn parts(bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let (mut parts, mut rest) = (Vec::new(), bytes);
    while !rest.is_empty() {
        let (length, behind) = rest.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (part, behind) = behind.split_at_checked(length)?;
        parts.push(part);
        rest = behind;
    }
    Some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    const KEY: &str = "AAAAC3NzaC1lZDI1NTE5AAAAINzyqgKREZSKbYsIVzYyj/VBE7ZrMhzEIPvH3cQkygnL";

    fn encoded(parts: &[&[u8]]) -> String {
        let mut bytes = Vec::new();
        for part in parts {
            bytes.extend(u32::try_from(part.len()).unwrap().to_be_bytes());
            bytes.extend_from_slice(part);
        }
        STANDARD.encode(bytes)
    }

    #[test]
    fn a_key_as_ssh_keygen_writes_it_is_taken_with_its_comment_and_without() {
        for (text, expected) in [
            (format!("ssh-ed25519 {KEY}"), format!("ssh-ed25519 {KEY}")),
            (format!("ssh-ed25519 {KEY}\n"), format!("ssh-ed25519 {KEY}")),
            (format!(" ssh-ed25519  {KEY}  ca of  ops "), format!("ssh-ed25519 {KEY} ca of ops")),
        ] {
            assert_eq!(line(&text).unwrap(), expected);
        }
    }

    #[test]
    fn every_kind_has_its_number_of_parts() {
        for (kind, count) in KINDS {
            let mut parts: Vec<&[u8]> = vec![kind.as_bytes()];
            parts.resize(count, b"part");
            let whole = encoded(&parts);
            let (fewer, more) = (encoded(&parts[..count - 1]), {
                parts.push(b"part");
                encoded(&parts)
            });

            line(&format!("{kind} {whole}")).unwrap();
            assert!(line(&format!("{kind} {fewer}")).is_err(), "{kind}");
            assert!(line(&format!("{kind} {more}")).is_err(), "{kind}");
        }
    }

    #[test]
    fn what_is_no_such_line_is_refused_and_not_repeated() {
        let other = encoded(&[b"ssh-rsa", b"e", b"n"]);
        let empty = encoded(&[b"ssh-ed25519", b""]);
        for wrong in [
            "",
            "ssh-ed25519",
            KEY,
            "ssh-ed25519 secret",
            "ssh-ed25519 AAAA",
            "ssh-dss AAAA",
            &format!("ssh-ed25519 {other}"),
            &format!("ssh-ed25519 {empty}"),
            &format!("ssh-ed25519 {}", &KEY[..KEY.len() - 4]),
            &format!("SSH-ED25519 {KEY}"),
            &format!("cert-authority ssh-ed25519 {KEY}"),
            &format!("ssh-ed25519 {KEY}\nssh-ed25519 {KEY}"),
            &format!("ssh-ed25519\t{KEY}"),
            "-----BEGIN OPENSSH PRIVATE KEY-----\nsecret",
        ] {
            let refused = line(wrong);

            let Err(Error::Invalid { kind: "public key", input, .. }) = refused else {
                panic!("{wrong:?}: {refused:?}");
            };
            assert!(input == "***" || KINDS.iter().any(|(kind, _)| *kind == input), "{input}");
        }
    }
}
