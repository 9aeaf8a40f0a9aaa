//! Mail that goes out by SMTP.

use std::{fmt, time::Duration};

use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor,
    address::{Address, Envelope},
};
use plimsoll::retry::BoxFuture;
use service::mail::{Failure, Message, Sender};
use url::Url;

/// How long the server may take for all of a message.
const LONGEST: Duration = Duration::from_mins(1);

/// What an address of a server may be.
pub(crate) const ALLOWED: &str = "smtps://user:password@host:465, or smtp://user:password@host:587?tls=required; without TLS only smtp://localhost";

/// A server that takes messages. Each message has a connection of its own.
pub(crate) struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
}

impl Smtp {
    /// The server at that address; none for an address that is none, or by which a password or a
    /// token would go over the network in clear.
    pub(crate) fn at(address: &str) -> Option<Self> {
        let url = Url::parse(address).ok().filter(is_protected)?;
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.as_str()).ok()?;
        Some(Self { transport: builder.timeout(Some(LONGEST)).build() })
    }
}

/// TLS from the beginning, or begun before anything is said, or no network in between. TLS that is
/// only used when the server offers it is none: whoever is in between does not offer it.
fn is_protected(url: &Url) -> bool {
    match (url.scheme(), url.query()) {
        ("smtps", None) | ("smtp", Some("tls=required")) => url.has_host(),
        ("smtp", None) => {
            matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
        }
        _ => false,
    }
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Smtp").finish_non_exhaustive()
    }
}

impl Sender for Smtp {
    fn send<'s>(&'s self, message: &'s Message) -> BoxFuture<'s, Result<(), Failure>> {
        Box::pin(async move {
            let envelope = envelope(message)?;
            let sent = self.transport.send_raw(&envelope, message.text());
            match tokio::time::timeout(LONGEST, sent).await {
                Ok(Ok(_)) => Ok(()),
                Ok(Err(error)) => Err(Failure { because: error.to_string() }),
                Err(_elapsed) => Err(Failure { because: "the server took too long".to_owned() }),
            }
        })
    }
}

fn envelope(message: &Message) -> Result<Envelope, Failure> {
    let read = |text: &str| {
        text.parse::<Address>()
            .map_err(|error| Failure { because: format!("`{text}` is no address: {error}") })
    };
    Envelope::new(Some(read(message.from())?), vec![read(message.to())?])
        .map_err(|error| Failure { because: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_goes_over_a_network_in_clear() {
        for good in [
            "smtps://user:geheim@mail.example.org:465",
            "smtps://mail.example.org",
            "smtp://user:geheim@mail.example.org:587?tls=required",
            "smtp://localhost:1025",
            "smtp://127.0.0.1",
            "smtp://[::1]:25",
        ] {
            assert!(is_protected(&Url::parse(good).unwrap()), "{good}");
        }
        for wrong in [
            "smtp://mail.example.org",
            "smtp://user:geheim@mail.example.org:587?tls=opportunistic",
            "smtp://localhost.example.org",
            "smtps://mail.example.org?tls=none",
            "smtps:mail.example.org",
            "https://mail.example.org",
        ] {
            assert!(!is_protected(&Url::parse(wrong).unwrap()), "{wrong}");
        }
    }

    #[test]
    fn a_server_on_this_machine_needs_no_certificate_and_shows_no_password() {
        let smtp = Smtp::at("smtp://user:geheim@localhost:1025").unwrap();

        assert!(!format!("{smtp:?}").contains("geheim"));
        assert!(Smtp::at("localhost").is_none());
    }
}
