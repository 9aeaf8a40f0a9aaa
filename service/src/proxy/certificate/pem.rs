//! What the text of a certificate says, and whether a text is a private key.

use std::net::{Ipv4Addr, Ipv6Addr};

use chrono::{DateTime, Utc};
use x509_parser::{
    certificate::X509Certificate, extensions::GeneralName, objects::oid_registry,
    parse_x509_certificate, pem::Pem, time::ASN1Time,
};

use crate::{Error, Result, records::LONGEST, text::invalid};

const CERTIFICATE: &str = "certificate";
const CHAIN: &str = "chain of a certificate";

/// The most characters of a name that are kept.
const SHOWN: usize = 255;

/// What a certificate says about itself.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) common_name: Option<String>,
    pub(super) subject_alt_names: Vec<String>,
    pub(super) issuer: Option<String>,
    pub(super) valid_from: DateTime<Utc>,
    pub(super) valid_until: DateTime<Utc>,
}

/// What the one certificate in the text says.
///
/// # Errors
/// [`Error::Invalid`] for any other text.
pub(super) fn facts(text: &str) -> Result<Facts> {
    let blocks = blocks(CERTIFICATE, text)?;
    let [block] = blocks.as_slice() else {
        return Err(unfit(
            CERTIFICATE,
            "it is one certificate; what signed it goes into the chain",
        ));
    };
    let certificate = parsed(CERTIFICATE, block)?;
    let names = certificate
        .subject_alternative_name()
        .map_err(|_| unfit(CERTIFICATE, "its alternative names cannot be read"))?;
    let names = names.iter().flat_map(|names| &names.value.general_names);
    let validity = certificate.validity();
    let (valid_from, valid_until) = (moment(validity.not_before)?, moment(validity.not_after)?);
    if valid_until <= valid_from {
        return Err(unfit(CERTIFICATE, "it ends before it begins"));
    }
    let common_name = certificate.subject().iter_common_name().next();
    let issuer = certificate.issuer().to_string_with_registry(oid_registry()).ok();
    Ok(Facts {
        common_name: common_name.and_then(|name| name.as_str().ok()).and_then(shown),
        subject_alt_names: names.filter_map(name).collect(),
        issuer: issuer.as_deref().and_then(shown),
        valid_from,
        valid_until,
    })
}

/// Whether the text holds certificates, and nothing else.
///
/// # Errors
/// [`Error::Invalid`] if not.
pub(super) fn chain(text: &str) -> Result<()> {
    let blocks = blocks(CHAIN, text)?;
    if blocks.is_empty() {
        return Err(unfit(CHAIN, "there is no certificate in it"));
    }
    blocks.iter().try_for_each(|block| parsed(CHAIN, block).map(drop))
}

/// Whether the text looks like a private key that needs no password.
pub(super) fn is_key(text: &str) -> bool {
    // It is not decoded: what is decoded lies about in memory.
    let is_of = |kind: &&str| {
        let begin = text.find(&format!("-----BEGIN {kind}-----"));
        let end = text.find(&format!("-----END {kind}-----"));
        begin.is_some() && begin < end
    };
    !text.contains("ENCRYPTED")
        && ["PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY"].iter().any(is_of)
}

/// The certificates in the text, not looked into.
fn blocks(kind: &'static str, text: &str) -> Result<Vec<Pem>> {
    if text.len() > LONGEST {
        return Err(unfit(kind, &format!("{LONGEST} bytes are the most")));
    }
    if text.contains("PRIVATE KEY") {
        return Err(unfit(kind, "a private key is kept apart, sealed"));
    }
    let blocks: Vec<Pem> = Pem::iter_from_buffer(text.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|error| unfit(kind, &format!("it is not in PEM: {error}")))?;
    if blocks.iter().any(|block| block.label != "CERTIFICATE") {
        return Err(unfit(kind, "only certificates belong into it"));
    }
    Ok(blocks)
}

fn parsed<'b>(kind: &'static str, block: &'b Pem) -> Result<X509Certificate<'b>> {
    match parse_x509_certificate(&block.contents) {
        Ok(([], certificate)) => Ok(certificate),
        _ => Err(unfit(kind, "there is no certificate in it")),
    }
}

fn moment(time: ASN1Time) -> Result<DateTime<Utc>> {
    DateTime::from_timestamp(time.timestamp(), 0)
        .ok_or_else(|| unfit(CERTIFICATE, "its times cannot be read"))
}

/// An alternative name as a text; none for the kinds that are not.
fn name(general: &GeneralName<'_>) -> Option<String> {
    match general {
        GeneralName::DNSName(text) | GeneralName::RFC822Name(text) | GeneralName::URI(text) => {
            Some((*text).to_owned())
        }
        GeneralName::IPAddress(bytes) => address(bytes),
        _ => None,
    }
}

fn address(bytes: &[u8]) -> Option<String> {
    if let Ok(bytes) = <[u8; 4]>::try_from(bytes) {
        return Some(Ipv4Addr::from(bytes).to_string());
    }
    <[u8; 16]>::try_from(bytes).ok().map(|bytes| Ipv6Addr::from(bytes).to_string())
}

/// A name as it is kept: long ones by their beginning.
fn shown(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.chars().take(SHOWN).collect())
}

/// What was given is not repeated: somebody may have taken a key for a certificate.
fn unfit(kind: &'static str, problem: &str) -> Error {
    invalid(kind, "***", problem)
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::STANDARD};

    use super::*;

    const CA: &str = include_str!("../../../tests/it/certificates/ca.pem");
    const WEB: &str = include_str!("../../../tests/it/certificates/web.pem");
    const NAMELESS: &str = include_str!("../../../tests/it/certificates/nameless.pem");
    const BACKWARDS: &str = include_str!("../../../tests/it/certificates/backwards.pem");

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn problem<T: std::fmt::Debug>(of: Result<T>) -> String {
        match of {
            Err(Error::Invalid { input, problem, .. }) if input == "***" => problem,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_certificate_says_whose_it_is_who_signed_it_and_how_long_it_is_good() {
        let read = facts(WEB).unwrap();

        let names = [
            "web.example.org",
            "*.web.example.org",
            "192.0.2.7",
            "2001:db8::7",
            "web@example.org",
            "https://web.example.org/",
        ];
        assert_eq!(
            read,
            Facts {
                common_name: Some("web.example.org".to_owned()),
                subject_alt_names: names.map(str::to_owned).to_vec(),
                issuer: Some("CN=Testing CA, O=Plimsoll".to_owned()),
                valid_from: at("2026-01-01T00:00:00Z"),
                valid_until: at("2026-04-01T00:00:00Z"),
            }
        );
        let nameless = facts(NAMELESS).unwrap();
        assert_eq!(nameless.common_name, None);
        assert_eq!(nameless.subject_alt_names, ["nameless.example.org"]);
        assert_eq!(facts(CA).unwrap().common_name.as_deref(), Some("Testing CA"));
    }

    #[test]
    fn text_around_a_certificate_does_no_harm() {
        let around = format!("subject=CN = web.example.org\r\n{}\nbye", WEB.replace('\n', "\r\n"));

        assert_eq!(facts(&around).unwrap(), facts(WEB).unwrap());
    }

    #[test]
    fn what_is_no_certificate_is_refused_and_not_repeated() {
        let key = "-----BEGIN PRIVATE KEY-----\ngeheim\n-----END PRIVATE KEY-----\n";
        let list = "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n";
        let empty = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
        let longer = empty.replace("MAA=", &"A".repeat(LONGEST));
        let der = blocks(CERTIFICATE, WEB).unwrap().remove(0).contents;
        let more = empty.replace("MAA=", &STANDARD.encode([der.as_slice(), &[0]].concat()));
        for (text, why) in [
            (String::new(), "one certificate"),
            ("web.example.org".to_owned(), "one certificate"),
            (format!("{WEB}{CA}"), "one certificate"),
            (format!("{WEB}{key}"), "kept apart"),
            (key.to_owned(), "kept apart"),
            (list.to_owned(), "only certificates"),
            (empty.to_owned(), "no certificate"),
            (more, "no certificate"),
            (longer, "bytes"),
            (WEB[..WEB.len() - 40].to_owned(), "PEM"),
            (WEB.replacen('M', "!", 1), "PEM"),
            (BACKWARDS.to_owned(), "ends before"),
        ] {
            let problem = problem(facts(&text));

            assert!(problem.contains(why), "{text}: {problem}");
        }
    }

    #[test]
    fn a_chain_is_one_certificate_or_several() {
        for good in [CA, &format!("{CA}{WEB}")] {
            assert!(chain(good).is_ok(), "{good}");
        }
        let broken = format!("{CA}-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n");
        for wrong in ["", "ca", &broken, &CA.replace("CERTIFICATE", "PRIVATE KEY")] {
            problem(chain(wrong));
        }
    }

    #[test]
    fn a_key_is_one_in_pem_without_a_password() {
        let pem = |kind: &str| format!("-----BEGIN {kind}-----\nAAAA\n-----END {kind}-----\n");
        for kind in ["PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY"] {
            assert!(is_key(&pem(kind)), "{kind}");
        }
        assert!(is_key(&format!("{}{}", pem("EC PARAMETERS"), pem("EC PRIVATE KEY"))));
        let reversed = "-----END PRIVATE KEY-----\n-----BEGIN PRIVATE KEY-----\n";
        let begun = "-----BEGIN PRIVATE KEY-----\nAAAA\n";
        let locked = pem("RSA PRIVATE KEY").replace("AAAA", "Proc-Type: 4,ENCRYPTED\n\nAAAA");
        let public = pem("PUBLIC KEY");
        for wrong in ["", "AAAA", reversed, begun, &locked, &pem("ENCRYPTED PRIVATE KEY"), &public]
        {
            assert!(!is_key(wrong), "{wrong}");
        }
        assert!(!is_key(WEB));
    }
}
