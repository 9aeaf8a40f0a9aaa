//! Sending what is due: each mail by one, however many deliver at once.

use chrono::{DateTime, TimeDelta, Utc};
use entity::identity::{
    mail::{ActiveModel, Column, Entity, MailKind, Model},
    user,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait as _, Condition, ConnectionTrait, DatabaseConnection, DatabaseTransaction,
    EntityTrait as _, QueryFilter as _, QuerySelect as _,
    sea_query::{Expr, ExprTrait as _},
};
use secrecy::{ExposeSecret, SecretString};

use super::{
    Failure, Post,
    letter::{Content, message},
    outbox::NEEDLESS,
};
use crate::{
    Result, World, claim,
    identity::{reset, verification},
    records::{Domain, Record},
    rights::Nobody,
    settings, transaction,
};

/// How long a mail is with whoever took it. Then it is anybody's again: the process has died.
pub const LEASE: TimeDelta = TimeDelta::minutes(5);

/// How often it is tried to send a mail: for some four hours altogether.
pub const MOST: i32 = 10;

/// The longest that it rests between two attempts.
const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(1);

/// The most characters that are kept of why a mail was not sent.
const LONGEST_ERROR: usize = 500;

/// The setting that has the name of the application.
const APP: &str = "app.name";

/// What became of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Delivered {
    /// The sender has it.
    Sent,
    /// It was not sent, and will be tried again.
    Later,
    /// It was not sent, and is not tried again.
    GivenUp,
    /// Nobody wants it any more: the address or the password is another, or the address is verified
    /// already.
    Needless,
}

/// The mails, which are written by this module only.
#[derive(Clone, Copy, Debug)]
pub enum Mails {}

impl Domain for Mails {
    const NAME: &'static str = "identity";
    type Create = Nobody;
    type Read = Nobody;
    type Update = Nobody;
    type Delete = Nobody;
}

impl Record for Entity {
    type Domain = Mails;

    const KIND: &'static str = "mail";
}

/// Sends the mail that has been due for longest; nothing when none is due.
///
/// The sender is asked outside of any transaction. A process that dies between its answer and the
/// note of it leaves a mail that is sent a second time, with another token.
///
/// # Errors
/// [`Error::Database`](crate::Error::Database), and that the setting `app.name` cannot be read; the
/// mail is due again then after [`LEASE`]. What the sender says is no error.
pub async fn deliver(
    db: &DatabaseConnection,
    world: &World,
    post: &Post,
) -> Result<Option<Delivered>> {
    let Some(mail) = take(db, world).await? else { return Ok(None) };
    let outcome = attempt(db, world, post, &mail).await?;
    let (row, delivered) = after(&mail, outcome, world.clock.now());
    let (mail_id, kind, error) = (mail.id, mail.kind, row.last_error.as_ref());
    match delivered {
        Delivered::GivenUp => tracing::error!(mail_id, ?kind, ?error, "a mail was given up"),
        Delivered::Later => tracing::warn!(mail_id, ?kind, ?error, "a mail was not sent yet"),
        Delivered::Sent | Delivered::Needless => {}
    }
    // Not if somebody else has taken it meanwhile, because this took longer than the lease.
    let mut note = Entity::update_many()
        .set(row)
        .filter(Column::Id.eq(mail.id))
        .filter(Column::Attempts.eq(mail.attempts));
    if delivered == Delivered::Later {
        // What was withdrawn meanwhile is not tried again.
        note = note.filter(Column::DueAt.is_not_null());
    }
    note.exec(db).await?;
    Ok(Some(delivered))
}

/// Takes a mail that is due. The table is only written to when there is one.
async fn take(db: &DatabaseConnection, world: &World) -> Result<Option<Model>> {
    if !is_any_due(db, world.clock.now()).await? {
        return Ok(None);
    }
    let clock = &world.clock;
    transaction::committed()
        .transaction(db, |tx, _| {
            Box::pin(async move {
                let now = clock.now();
                let order = [Column::DueAt, Column::Id];
                claim::first::<Entity>(tx, due(now), Column::Id, &order, |mails| {
                    mails
                        .col_expr(Column::DueAt, Expr::value(now + LEASE))
                        .col_expr(Column::Attempts, Expr::col(Column::Attempts).add(1))
                })
                .await
            })
        })
        .await
}

async fn is_any_due(db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<bool> {
    let query = Entity::find().select_only().column(Column::Id).filter(due(now)).limit(1);
    let found: Option<i64> = query.into_tuple().one(db).await?;
    Ok(found.is_some())
}

fn due(now: DateTime<Utc>) -> Condition {
    Condition::all().add(Column::DueAt.lte(now))
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    Sent,
    Needless,
    Failed { because: String, for_good: bool },
}

async fn attempt(
    db: &DatabaseConnection,
    world: &World,
    post: &Post,
    mail: &Model,
) -> Result<Outcome> {
    if mail.attempts > MOST {
        let because = "whoever tried to send it did not say how that ended".to_owned();
        return Ok(Outcome::Failed { because, for_good: true });
    }
    let written =
        transaction::committed().transaction(db, |tx, _| Box::pin(write(tx, world, mail))).await?;
    let Some(Written { username, token }) = written else { return Ok(Outcome::Needless) };
    let app = settings::read_or(db, APP, "Plimsoll".to_owned()).await?;
    let token = token.as_ref().map(ExposeSecret::expose_secret);
    let content = Content { kind: mail.kind, app: &app, username: &username, token };
    let message = match message(post, mail, &content, world.clock.now()) {
        Ok(message) => message,
        Err(Failure { because }) => return Ok(Outcome::Failed { because, for_good: true }),
    };
    Ok(match post.sender.send(&message).await {
        Ok(()) => Outcome::Sent,
        Err(Failure { because }) => {
            Outcome::Failed { because: kept(&because, token), for_good: false }
        }
    })
}

/// What goes into a mail besides what all of its kind say.
struct Written {
    username: String,
    token: Option<SecretString>,
}

/// Makes the token that the mail carries; nothing when nobody wants the mail any more.
async fn write(tx: &DatabaseTransaction, world: &World, mail: &Model) -> Result<Option<Written>> {
    let user = user::Entity::find_by_id(mail.user_id).lock_exclusive().one(tx).await?;
    let Some(user) = user else { return Ok(None) };
    // It is withdrawn by whoever held the person's row before.
    let waits = Entity::find_by_id(mail.id).filter(Column::DueAt.is_not_null()).one(tx).await?;
    if waits.is_none() {
        return Ok(None);
    }
    let token = match mail.kind {
        MailKind::PasswordReset => reset::by_mail(tx, world, &user, &mail.address).await?,
        MailKind::EmailVerification => {
            verification::by_mail(tx, world, &user, &mail.address).await?
        }
        MailKind::PasswordChanged
        | MailKind::EmailChanged
        | MailKind::SecondFactorDisabled
        | MailKind::ApiKeyCreated => {
            return Ok(Some(Written { username: user.username, token: None }));
        }
    };
    Ok(token.map(|token| Written { username: user.username, token: Some(token) }))
}

/// What of a sender's words is kept.
fn kept(because: &str, token: Option<&str>) -> String {
    let because = match token {
        Some(token) => because.replace(token, "***"),
        None => because.to_owned(),
    };
    because.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST_ERROR).collect()
}

/// What is written of a mail when the attempt is over, and what has become of it.
fn after(mail: &Model, outcome: Outcome, now: DateTime<Utc>) -> (ActiveModel, Delivered) {
    let over = ActiveModel { due_at: Set(None), ..Default::default() };
    match outcome {
        Outcome::Sent => {
            let row = ActiveModel { sent_at: Set(Some(now)), last_error: Set(None), ..over };
            (row, Delivered::Sent)
        }
        Outcome::Needless => {
            let because = Some(NEEDLESS.to_owned());
            (ActiveModel { last_error: Set(because), ..over }, Delivered::Needless)
        }
        Outcome::Failed { because, for_good } if for_good || mail.attempts >= MOST => {
            (ActiveModel { last_error: Set(Some(because)), ..over }, Delivered::GivenUp)
        }
        Outcome::Failed { because, .. } => {
            let row = ActiveModel {
                due_at: Set(Some(now + pause(mail.attempts))),
                last_error: Set(Some(because)),
                ..Default::default()
            };
            (row, Delivered::Later)
        }
    }
}

/// How long a mail rests after that many attempts: a minute, and twice as long each time.
fn pause(attempts: i32) -> TimeDelta {
    let doublings = Ord::min(u32::try_from(attempts - 1).unwrap_or(0), 6);
    (TimeDelta::minutes(1) * 2_i32.pow(doublings)).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_have_an_end() {
        let minutes = [1, 2, 3, 6, 7, 8, 9].map(|attempts| pause(attempts).num_minutes());

        assert_eq!(minutes, [1, 2, 4, 32, 60, 60, 60]);
        let all: i64 = (1..MOST).map(|attempts| pause(attempts).num_minutes()).sum();
        assert!((200..300).contains(&all), "{all}");
        assert_eq!(pause(i32::MAX), LONGEST_PAUSE);
        assert_eq!(pause(0), TimeDelta::minutes(1));
    }

    #[test]
    fn what_a_sender_says_is_kept_without_the_token_and_not_whole() {
        let said = format!("550 <x>\r\nthe line was: plp_token {}", "x".repeat(1000));

        let kept = kept(&said, Some("plp_token"));

        assert!(kept.starts_with("550 <x>  the line was: *** xxx"), "{kept}");
        assert_eq!(kept.chars().count(), LONGEST_ERROR);
    }
}
