//! Idempotency keys: what is asked twice under one is done once, and its answer told again.

use std::{fmt, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, TimeDelta, Utc};
use entity::identity::idempotency_key::{ActiveModel, Column, Entity, Model};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, DatabaseConnection,
    EntityTrait as _, QueryFilter as _, sea_query::Expr,
};
use secrecy::SecretString;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{caller::Caller, prune, secret::hash};
use crate::{
    Error, Result, World,
    lookup::by_text,
    seal::{Keyring, Place},
    transaction,
};

/// How long a key is remembered.
pub const LASTS: TimeDelta = TimeDelta::hours(24);

/// The largest body of an answer that is kept, in bytes.
pub const LARGEST: usize = 256 * 1024;

/// How often a row that went while it was looked at is put in anew.
const ATTEMPTS: usize = 3;

/// What is asked under a key.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// Who asks.
    pub caller: &'a Caller,
    /// The token or the API key that they proved themselves with.
    pub proof: &'a str,
    /// The key, which only they know.
    pub key: &'a str,
    /// The method.
    pub method: &'a str,
    /// The path and the query.
    pub target: &'a str,
    /// The body.
    pub body: &'a [u8],
}

impl fmt::Debug for Asked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asked").field("method", &self.method).finish_non_exhaustive()
    }
}

impl Asked<'_> {
    /// Who asks, as one who has keys of their own: a person in whichever session, or one API key,
    /// which may do less than its owner and is told nothing that its owner was.
    fn principal(&self) -> String {
        match self.caller.session {
            Some(_) => format!("user {}", self.caller.user.id),
            None => format!("key {}", hash(self.proof)),
        }
    }

    /// What the key is found by, what tells this request from others, and what seals its answer: all
    /// from the key, and none of it gives the key away. No part can hold a line break.
    fn marks(&self) -> Result<Marks> {
        let whose = format!("{}\n{}", self.principal(), self.key);
        let body = STANDARD.encode(Sha256::digest(self.body));
        let sealing = STANDARD.encode(Sha256::digest(format!("answer\n{whose}")));
        Ok(Marks {
            key: hash(&format!("key\n{whose}")),
            request: hash(&format!("request\n{whose}\n{}\n{}\n{body}", self.method, self.target)),
            ring: Keyring::read(Some(&SecretString::from(sealing)))?,
        })
    }
}

struct Marks {
    key: String,
    request: String,
    ring: Keyring,
}

/// What was answered.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers that belong to what was asked.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("status", &self.status).finish_non_exhaustive()
    }
}

impl Answer {
    fn written(&self) -> Vec<u8> {
        let mut bytes = json!([self.status, self.headers]).to_string().into_bytes();
        bytes.push(b'\n');
        bytes.extend_from_slice(&self.body);
        bytes
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let end = bytes.iter().position(|byte| *byte == b'\n')?;
        let (status, headers) = serde_json::from_slice(&bytes[..end]).ok()?;
        Some(Self { status, headers, body: bytes[end + 1..].to_vec() })
    }
}

/// What is to be done about a request with a key.
#[derive(Debug)]
pub enum Turn {
    /// It is the first: do it, and say what came of it.
    First(Doing),
    /// It was done, and this was the answer.
    Again(Answer),
    /// It was done, and the answer was too large to be kept.
    NotKept {
        /// The status of the answer.
        status: u16,
    },
    /// It is being done.
    Running,
    /// It was begun, and nobody knows whether it was done.
    Lost,
    /// The key came with another request before.
    Other,
}

/// A key whose request is being done.
#[derive(Debug)]
pub struct Doing {
    id: i64,
    ring: Keyring,
}

/// Looks up what is known under the key, and takes the key when that is nothing. Of several who come
/// at once, on whichever nodes, one gets [`Turn::First`].
///
/// Whatever was begun has ended after `patience`, or has no end any more.
///
/// # Errors
/// [`Error::Sealed`] and [`Error::Malformed`] for a row that somebody changed behind the program.
pub async fn begin(
    db: &DatabaseConnection,
    world: &World,
    asked: &Asked<'_>,
    patience: Duration,
) -> Result<Turn> {
    let now = world.clock.now();
    let patience = TimeDelta::from_std(patience).unwrap_or(TimeDelta::MAX);
    let Marks { key, request, ring } = asked.marks()?;
    let row = ActiveModel {
        user_id: Set(asked.caller.user.id),
        key_hash: Set(key.clone().into()),
        request_hash: Set(request.clone().into()),
        created_at: Set(now),
        expires_at: Set(now + LASTS),
        ..Default::default()
    };
    for _ in 0..ATTEMPTS {
        match insert(db, &row).await {
            Ok(Model { id, .. }) => {
                prune::now_and_then(db, world).await;
                return Ok(Turn::First(Doing { id, ring }));
            }
            Err(Error::AlreadyExists { .. }) => {}
            Err(error) => return Err(error),
        }
        let known =
            by_text::<Entity>(db, Column::KeyHash, &key, |row| Some(row.key_hash.expose())).await?;
        let Some(known) = known else { continue };
        match state(&known, &request, now, patience) {
            State::Expired => remove(db, known.id, &Column::ExpiresAt.lte(now)).await?,
            State::Other => return Ok(Turn::Other),
            State::Running => return Ok(Turn::Running),
            State::Lost => return Ok(Turn::Lost),
            State::Ended => return ended(&known, &ring),
        }
    }
    // Others take the same key and let it go, again and again.
    Ok(Turn::Running)
}

impl Doing {
    /// Keeps the answer, for whoever asks again.
    ///
    /// # Errors
    /// Only [`Error::Database`]: nobody knows then what became of the request.
    pub async fn end(self, db: &DatabaseConnection, world: &World, answer: &Answer) -> Result<()> {
        let (id, now, status) = (self.id, world.clock.now(), i32::from(answer.status));
        let sealed = (answer.body.len() <= LARGEST)
            .then(|| self.ring.seal(world, place(id), &answer.written()))
            .transpose()?;
        let sealed = &sealed;
        transaction::committed()
            .transaction(db, |tx, _| {
                Box::pin(async move {
                    Entity::update_many()
                        .col_expr(Column::Status, Expr::value(status))
                        .col_expr(Column::Answer, Expr::value(sealed.clone()))
                        .col_expr(Column::EndedAt, Expr::value(now))
                        .filter(Column::Id.eq(id))
                        .filter(Column::EndedAt.is_null())
                        .exec(tx)
                        .await?;
                    Ok::<_, Error>(())
                })
            })
            .await
    }

    /// Gives the key back: nothing was done.
    ///
    /// # Errors
    /// Only [`Error::Database`]: the key is taken then, as if nobody knew.
    pub async fn undo(self, db: &DatabaseConnection) -> Result<()> {
        remove(db, self.id, &Column::EndedAt.is_null()).await
    }
}

async fn insert(db: &DatabaseConnection, row: &ActiveModel) -> Result<Model> {
    transaction::committed()
        .transaction(db, |tx, _| {
            Box::pin(async move {
                let inserted = row.clone().insert(tx).await;
                inserted.map_err(Error::on_duplicate("idempotency key", "of the request"))
            })
        })
        .await
}

/// Removes that row if the condition still holds.
async fn remove(db: &DatabaseConnection, id: i64, still: &Expr) -> Result<()> {
    transaction::committed()
        .transaction(db, |tx, _| {
            Box::pin(async move {
                let row = Entity::delete_many().filter(Column::Id.eq(id)).filter(still.clone());
                row.exec(tx).await?;
                Ok::<_, Error>(())
            })
        })
        .await
}

/// Where an answer is sealed for.
fn place(id: i64) -> Place {
    Place { table: "idempotency_keys", column: "answer", row: id }
}

fn ended(row: &Model, ring: &Keyring) -> Result<Turn> {
    let malformed = |problem: &str| Error::Malformed {
        kind: "idempotency key",
        key: row.id.to_string(),
        problem: problem.to_owned(),
    };
    let Some(sealed) = &row.answer else {
        let status = row.status.and_then(|status| u16::try_from(status).ok());
        let status = status.ok_or_else(|| malformed("it ended without a status"))?;
        return Ok(Turn::NotKept { status });
    };
    let opened = ring.open(place(row.id), sealed.expose())?;
    let answer = Answer::read(&opened).ok_or_else(|| malformed("its answer is none"))?;
    Ok(Turn::Again(answer))
}

/// What a row says of a request that comes with its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Expired,
    Other,
    Ended,
    Running,
    Lost,
}

fn state(row: &Model, request: &str, now: DateTime<Utc>, patience: TimeDelta) -> State {
    if row.expires_at <= now {
        State::Expired
    } else if row.request_hash.expose() != request {
        State::Other
    } else if row.ended_at.is_some() {
        State::Ended
    } else if (now - row.created_at).abs() < patience {
        State::Running
    } else {
        State::Lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(request: &str) -> Model {
        let created_at = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
        Model {
            id: 1,
            user_id: 1,
            key_hash: "k".into(),
            request_hash: request.into(),
            status: None,
            answer: None,
            created_at,
            ended_at: None,
            expires_at: created_at + LASTS,
        }
    }

    #[test]
    fn a_row_says_what_became_of_its_request() {
        let begun = row("r");
        let ended = Model { status: Some(201), ended_at: Some(begun.created_at), ..row("r") };
        let patience = TimeDelta::seconds(20);
        let after = |row: &Model, request: &str, seconds: i64| {
            state(row, request, row.created_at + TimeDelta::seconds(seconds), patience)
        };
        let day = LASTS.num_seconds();

        assert_eq!(after(&begun, "r", 0), State::Running);
        assert_eq!(after(&begun, "r", 19), State::Running);
        assert_eq!(after(&begun, "r", 20), State::Lost);
        assert_eq!(after(&begun, "r", day - 1), State::Lost);
        // Another node's clock is a little behind, or one was set back.
        assert_eq!(after(&begun, "r", -3), State::Running);
        assert_eq!(after(&begun, "r", -3600), State::Lost);
        assert_eq!(after(&ended, "r", 0), State::Ended);
        assert_eq!(after(&ended, "r", day - 1), State::Ended);
        for row in [&begun, &ended] {
            assert_eq!(after(row, "other", 0), State::Other);
            assert_eq!(after(row, "other", day), State::Expired);
        }
    }

    #[test]
    fn an_answer_is_read_as_it_was_written() {
        let headers = vec![("location".to_owned(), "/a\nb".to_owned())];
        for body in [&b""[..], b"{\"a\":\n1}", b"\n", &[0, 255, 10, 128]] {
            let answer = Answer { status: 201, headers: headers.clone(), body: body.to_vec() };

            assert_eq!(Answer::read(&answer.written()), Some(answer));
        }
        for wrong in [&b""[..], b"[]", b"\n", b"[201]\n", b"[201,[\"a\"]]\n"] {
            assert_eq!(Answer::read(wrong), None);
        }
    }
}
