//! What each mail says, and the message that it becomes.
//!
//! A header holds nothing that somebody typed, but for the address, which was read as one, and the
//! name of the application, from which whatever ends a line is taken.

use std::time::SystemTime;

use chrono::{DateTime, Utc};
use lettre::{
    Address,
    message::{
        Body, Mailbox, SinglePart,
        header::{ContentTransferEncoding, HeaderName, HeaderValue},
    },
};

use super::{MailKind, Message, Model, Post, sender::Failure};
use crate::settings::LONGEST_NAME;

/// The most characters of a line of a mail (RFC 5322, 2.1.1).
const LONGEST_LINE: usize = 998;

/// What is to be said in a mail.
#[derive(Clone, Debug)]
pub(super) struct Content<'c> {
    pub(super) kind: MailKind,
    /// The name of the application.
    pub(super) app: &'c str,
    /// The name of the person.
    pub(super) username: &'c str,
    /// What the person is to send back, for the kinds that have it.
    pub(super) token: Option<&'c str>,
}

/// The message of that mail.
///
/// # Errors
/// A [`Failure`] for an address that no mail can go to: it will be none tomorrow either.
pub(super) fn message(
    post: &Post,
    mail: &Model,
    content: &Content<'_>,
    now: DateTime<Utc>,
) -> Result<Message, Failure> {
    let failure = |because: &str| Failure { because: because.to_owned() };
    let to: Option<Address> =
        mail.address.parse().ok().filter(|_| !mail.address.contains(char::is_control));
    let to = to.ok_or_else(|| failure("no mail can go to that address"))?;
    // A longer one may be there from before there was a limit.
    let app: String = line(content.app).chars().take(LONGEST_NAME).collect();
    // Another one at each attempt, for it has another token.
    let (id, attempt, at) = (mail.id, mail.attempts, mail.created_at.timestamp_micros());
    let id = format!("<{id}.{attempt}.{at}@{}>", post.from.email.domain());
    let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
    let message = lettre::Message::builder()
        .from(post.from.clone())
        .to(Mailbox::new(None, to))
        .subject(format!("{app}: {}", subject(content.kind)))
        .date(SystemTime::from(now.max(DateTime::UNIX_EPOCH)))
        .message_id(Some(id))
        .raw_header(HeaderValue::new(automatic, "auto-generated".to_owned()))
        .singlepart(SinglePart::plain(body(text(content, &app, post.front.as_deref()))))
        .map_err(|error| failure(&error.to_string()))?;
    Ok(Message {
        from: post.from.email.to_string(),
        to: mail.address.clone(),
        text: message.formatted(),
    })
}

fn subject(kind: MailKind) -> &'static str {
    match kind {
        MailKind::PasswordReset => "choose a new password",
        MailKind::EmailVerification => "confirm your e-mail address",
        MailKind::PasswordChanged => "your password was changed",
        MailKind::EmailChanged => "your e-mail address was changed",
        MailKind::SecondFactorDisabled => "your second factor was turned off",
        MailKind::ApiKeyCreated => "an API key was made",
    }
}

fn text(content: &Content<'_>, app: &str, front: Option<&str>) -> String {
    let Content { kind, username, token, .. } = content;
    let username = line(username);
    let token = token.unwrap_or_default();
    let said = match kind {
        MailKind::PasswordReset => format!(
            "Somebody has asked for a new password for this account.\n\
             If it was you, {}\n\n\
             It is good for an hour, once. If it was not you, nothing need be done:\n\
             the password stays as it is.",
            way(front, "reset-password", "/api/v1/password-reset, with the new password", token),
        ),
        MailKind::EmailVerification => format!(
            "This address was given for an account.\n\
             If the account is yours, {}\n\n\
             It is good for a day. If you know nothing of it, do nothing.",
            way(front, "verify-email", "/api/v1/email-verification", token),
        ),
        MailKind::PasswordChanged => changed(
            "The password of this account was changed, and its other sessions have\n\
             ended.",
        ),
        MailKind::EmailChanged => changed(
            "The e-mail address of this account was changed. No more mail about it\n\
             comes to this one.",
        ),
        MailKind::SecondFactorDisabled => changed(
            "The second factor of this account was turned off: a login needs the\n\
             password alone.",
        ),
        MailKind::ApiKeyCreated => changed(
            "An API key was made for this account. Whoever has it can do what its\n\
             scopes allow.",
        ),
    };
    // Whoever registers chooses a name, and somebody else's address: no word of theirs goes there.
    let account = if *kind == MailKind::EmailVerification {
        String::new()
    } else {
        format!("Account: {username}\n\n")
    };
    format!("{account}{said}\n\n-- \n{app}\n")
}

/// As it is where that can be: a link that is cut into lines and put together again by the reader is
/// copied wrongly by people.
fn body(text: String) -> Body {
    if text.is_ascii() && text.lines().all(|line| line.len() <= LONGEST_LINE) {
        let lines = text.replace('\n', "\r\n").into_bytes();
        return Body::dangerous_pre_encoded(lines, ContentTransferEncoding::SevenBit);
    }
    Body::new(text)
}

/// How the token goes back: behind a `#`, which no browser sends and so no server logs.
fn way(front: Option<&str>, page: &str, route: &str, token: &str) -> String {
    match front {
        Some(front) => format!("open this page:\n\n{front}/{page}#token={token}"),
        None => format!("send this token to {route}:\n\n{token}"),
    }
}

fn changed(what: &str) -> String {
    format!("{what}\n\nIf it was not you, tell whoever administers it, at once.")
}

/// The text on one line.
fn line(text: &str) -> String {
    let breaks = |c: char| c.is_control() || c == '\u{2028}' || c == '\u{2029}';
    text.replace(breaks, " ").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::mail::Folder;

    const TOKEN: &str = "plp_0123456789012345678901234567890123456789012";

    fn post(front: Option<&str>) -> Post {
        Post::new(Arc::new(Folder::new("mail")), "The Post <post@example.org>", front).unwrap()
    }

    fn mail(address: &str) -> Model {
        Model {
            id: 7,
            user_id: 1,
            kind: MailKind::PasswordReset,
            address: address.to_owned(),
            attempts: 1,
            due_at: None,
            sent_at: None,
            last_error: None,
            created_at: DateTime::UNIX_EPOCH,
        }
    }

    fn written(app: &str, username: &str, front: Option<&str>) -> String {
        let kind = MailKind::PasswordReset;
        let content = Content { kind, app, username, token: Some(TOKEN) };
        let message =
            message(&post(front), &mail("ana@example.org"), &content, DateTime::UNIX_EPOCH);
        String::from_utf8(message.unwrap().text().to_vec()).unwrap()
    }

    /// The names of the headers.
    fn headers(text: &str) -> Vec<&str> {
        let (head, _) = text.split_once("\r\n\r\n").unwrap();
        let lines = head.lines().filter(|line| !line.starts_with([' ', '\t']));
        lines.map(|line| line.split_once(':').unwrap().0).collect()
    }

    #[test]
    fn a_link_has_the_token_behind_the_hash() {
        let with = written("Plimsoll", "ana", Some("https://app.example.org"));
        let without = written("Plimsoll", "ana", None);

        let link = format!("\r\nhttps://app.example.org/reset-password#token={TOKEN}\r\n");
        assert!(with.contains(&link), "{with}");
        assert!(without.contains(&format!("\r\n{TOKEN}\r\n")), "{without}");
        assert!(without.contains("/api/v1/password-reset"), "{without}");
    }

    /// ASVS 5, 1.3.11.
    #[test]
    fn what_people_are_called_makes_no_header_and_no_recipient() {
        let plain = written("Plimsoll", "ana", None);
        for wrong in [
            "x\r\nBcc: eve@example.org",
            "x\nBcc: eve@example.org",
            "x\rBcc: eve@example.org",
            "x\r\n\r\nanother body",
            "x\u{2028}Bcc: eve@example.org",
        ] {
            let text = written(wrong, wrong, None);

            assert_eq!(headers(&text), headers(&plain), "{text}");
            assert!(!text.to_lowercase().contains("\nbcc"), "{text}");
        }
    }

    #[test]
    fn no_word_of_a_stranger_goes_to_an_address_that_is_not_verified() {
        let (kind, username) = (MailKind::EmailVerification, "You have won: https://evil.example");
        let content = Content { kind, app: "Plimsoll", username, token: Some(TOKEN) };

        let text = text(&content, "Plimsoll", Some("https://app.example.org"));

        assert!(!text.contains("won") && !text.contains("evil"), "{text}");
        assert!(text.contains("https://app.example.org/verify-email#token="), "{text}");
    }

    #[test]
    fn a_long_name_of_the_application_makes_no_long_line() {
        let text = written(&"x".repeat(3000), "ana", None);

        let longest = text.lines().map(str::len).max().unwrap();
        assert!(longest < 200, "{longest}: {text}");
        assert!(text.contains(&"x".repeat(LONGEST_NAME)), "{text}");
    }

    #[test]
    fn an_address_with_a_line_in_it_is_none() {
        let content =
            Content { kind: MailKind::PasswordChanged, app: "a", username: "b", token: None };
        for wrong in ["", "ana", "ana@example.org\r\nBcc: eve@example.org", "a@b, c@d", "<a@b>"] {
            let refused = message(&post(None), &mail(wrong), &content, DateTime::UNIX_EPOCH);

            assert!(refused.is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_mail_says_that_a_program_wrote_it_and_to_whom() {
        let text = written("Plimsöll", "ana", None);

        for expected in [
            "<post@example.org>\r\n",
            "To: ana@example.org\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "Date: Thu, 01 Jan 1970 00:00:00 +0000\r\n",
            "Message-ID: <7.1.0@example.org>\r\n",
        ] {
            assert!(text.contains(expected), "{expected}: {text}");
        }
        assert!(text.is_ascii(), "{text}");
    }

    #[test]
    fn every_kind_says_something_of_its_own() {
        use sea_orm::Iterable as _;

        let texts: std::collections::BTreeSet<String> = MailKind::iter()
            .map(|kind| {
                let content = Content { kind, app: "a", username: "ana", token: Some(TOKEN) };
                let text = text(&content, "a", None);
                let is_named = kind != MailKind::EmailVerification;
                assert_eq!(text.contains("Account: ana\n"), is_named, "{text}");
                format!("{}{text}", subject(kind))
            })
            .collect();

        assert_eq!(texts.len(), MailKind::iter().count());
    }
}
