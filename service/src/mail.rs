//! Mail: what is to be sent waits in the table `mails`, and whoever delivers takes it from there.
//!
//! Whatever wants somebody to be told puts a row there, in its own transaction: the mail is sent if
//! and only if that is kept. [`deliver`] takes one that is due, writes it, and hands it to the
//! [`Sender`] of the [`Post`]. Of any number who deliver at once each takes another.
//!
//! No secret is stored: the token that a mail carries is made when the mail is written, and its hash
//! is all that stays.

mod deliver;
mod folder;
mod letter;
mod outbox;
mod sender;

use std::sync::Arc;

pub use entity::identity::mail::{MailKind, Model};
use lettre::message::Mailbox;

pub(crate) use self::outbox::{last, notice, notify_at, put, recent, withdraw};
pub use self::{
    deliver::{Delivered, LEASE, MOST, Mails, deliver},
    folder::Folder,
    sender::{Failure, Message, Sender},
};
use crate::{
    Result,
    text::{self, invalid},
};

/// What mail is delivered with.
#[derive(Clone, Debug)]
pub struct Post {
    sender: Arc<dyn Sender>,
    from: Mailbox,
    front: Option<String>,
}

impl Post {
    /// Sends by `sender`, as from `from` (`post@example.org`, `Plimsoll <post@example.org>`). Links
    /// lead to pages below `front`; without it a mail says the token itself.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) for an address that mail cannot come from, and for
    /// one that pages cannot be below.
    pub fn new(sender: Arc<dyn Sender>, from: &str, front: Option<&str>) -> Result<Self> {
        let wrong = || invalid("sender of mail", from, "it is not of the form name@domain");
        let mailbox = from.parse::<Mailbox>().ok().filter(|_| !from.contains(char::is_control));
        let from = mailbox.ok_or_else(wrong)?;
        let front = front.map(page).transpose()?;
        Ok(Self { sender, from, front })
    }
}

/// The address that pages are below, without the `/` at its end.
fn page(address: &str) -> Result<String> {
    text::address("address of the front end", address)?;
    if address.contains(['?', '#']) {
        return Err(invalid("address of the front end", address, "it has a `?` or a `#` in it"));
    }
    Ok(address.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_below_an_address_of_the_web() {
        assert_eq!(page("https://app.example.org/").unwrap(), "https://app.example.org");
        assert_eq!(page("http://localhost:5173/a").unwrap(), "http://localhost:5173/a");
        for wrong in ["app.example.org", "https://a/#b", "https://a/?b", "https://a:b@c"] {
            assert!(page(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn mail_comes_from_an_address() {
        let post = |from: &str| Post::new(Arc::new(Folder::new("mail")), from, None);

        assert!(post("post@example.org").is_ok());
        assert!(post("The Post <post@example.org>").is_ok());
        for wrong in ["", "post", "a@b\r\nBcc: c@d.example", "The Post"] {
            assert!(post(wrong).is_err(), "{wrong:?}");
        }
    }
}
