//! What sends a message.

use std::fmt;

use plimsoll::retry::BoxFuture;

/// A message as it goes out: who it is from and to, and its text as RFC 5322 has it.
///
/// There can be a token in the text. `Debug` shows none of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) text: Vec<u8>,
}

impl Message {
    /// The address that it is from, for the envelope.
    pub fn from(&self) -> &str {
        &self.from
    }

    /// The one address that it goes to.
    pub fn to(&self) -> &str {
        &self.to
    }

    /// Headers and body; lines end with CR LF.
    pub fn text(&self) -> &[u8] {
        &self.text
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("from", &self.from)
            .field("to", &self.to)
            .finish_non_exhaustive()
    }
}

/// Why a message was not sent. It is kept with the mail, and shown to whoever operates the server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{because}")]
pub struct Failure {
    /// What went wrong, without the text of the message.
    pub because: String,
}

/// Sends messages: by SMTP, into a folder, through the interface of a provider.
///
/// It is asked for one message at a time by each process. What it could not send is asked for again
/// later, and after [`MOST`](super::MOST) times no more. It has [`LEASE`](super::LEASE) for one: a
/// sender that takes longer can be asked by another process for the same mail meanwhile.
///
/// ```
/// use plimsoll::retry::BoxFuture;
/// use service::mail::{Failure, Message, Sender};
///
/// /// Sends nothing, and says so.
/// #[derive(Debug)]
/// struct Silent;
///
/// impl Sender for Silent {
///     fn send<'s>(&'s self, message: &'s Message) -> BoxFuture<'s, Result<(), Failure>> {
///         Box::pin(async move {
///             if message.to().ends_with(".invalid") {
///                 return Err(Failure { because: "nobody is there".to_owned() });
///             }
///             println!("{} bytes for {}", message.text().len(), message.to());
///             Ok(())
///         })
///     }
/// }
/// ```
pub trait Sender: fmt::Debug + Send + Sync {
    /// Sends a message. `Ok` says that it is out of our hands.
    fn send<'s>(&'s self, message: &'s Message) -> BoxFuture<'s, Result<(), Failure>>;
}
