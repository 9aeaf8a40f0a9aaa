//! Recovery codes: each lets a person in once in the place of a one-time password.
//!
//! A person has ten of them at a time. They are short enough to be written down, and so only their
//! Argon2 hashes are stored; a new set replaces the old one.

use chrono::{DateTime, Utc};
use entity::identity::{
    recovery_code::{ActiveModel, Column, Entity},
    user,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, DatabaseConnection, DatabaseTransaction,
    EntityTrait as _, PaginatorTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    sea_query::Expr,
};
use secrecy::{ExposeSecret as _, SecretString};

use super::{
    caller::Caller,
    password::{Hasher, Verdict},
    second_factor::{self, Then},
};
use crate::{
    Error, Result, World,
    audit::{Deed, audited},
    seal::Keyring,
};

/// How many codes a set has.
pub const MANY: usize = 10;

/// How many letters a code has: 50 random bits.
const LENGTH: usize = 10;

/// The letters of a code (Crockford's base32): none is taken for another.
const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Gives the caller, who must still have the second factor, a new set of codes, shown this once.
/// The codes that there were are good no more.
///
/// # Errors
/// [`Error::TooManyAttempts`], as at the login; [`Error::NotFound`] if no second factor is in use,
/// [`Error::SecondFactorRequired`] for what is neither a one-time password nor a code of theirs.
pub async fn replace(
    db: &DatabaseConnection,
    world: &World,
    hasher: &Hasher,
    keys: &Keyring,
    caller: &Caller,
    shown: &SecretString,
) -> Result<Vec<SecretString>> {
    second_factor::show(db, world, Some(hasher), keys, caller, shown, Then::Stay).await?;
    make(db, world, hasher, caller).await
}

/// Makes a set for the caller, who has just shown the second factor.
///
/// # Errors
/// [`Error::NotFound`] if it is not in use any more.
pub(super) async fn make(
    db: &DatabaseConnection,
    world: &World,
    hasher: &Hasher,
    caller: &Caller,
) -> Result<Vec<SecretString>> {
    let (mut codes, mut kept) = (Vec::new(), Vec::new());
    for _ in 0..MANY {
        let code = random(world);
        kept.push(hasher.rehash(world, &code).await?);
        codes.push(hyphenated(&code));
    }
    let (person, kept) = (&caller.user, &kept);
    audited(db, world, |unit, _| {
        Box::pin(async move {
            let row = user::Entity::find_by_id(person.id).lock_exclusive().one(unit.tx()).await?;
            if !row.is_some_and(|row| row.totp_enabled) {
                return Err(Error::not_found("second factor of user", &person.username));
            }
            forget(unit.tx(), person.id).await?;
            let rows = kept.iter().map(|hash| ActiveModel {
                user_id: Set(person.id),
                code_hash: Set(hash.clone()),
                created_at: Set(unit.now()),
                ..Default::default()
            });
            Entity::insert_many(rows).exec_without_returning(unit.tx()).await?;
            let deed = Deed::by(&caller.actor, "identity", "recovery_code.make");
            unit.record(deed.on("user", &person.id));
            Ok(())
        })
    })
    .await?;
    Ok(codes)
}

/// How many codes a person has that are good still.
pub(super) async fn left(db: &impl ConnectionTrait, user_id: i64) -> Result<u64> {
    let good = Entity::find().filter(Column::UserId.eq(user_id)).filter(Column::UsedAt.is_null());
    Ok(good.count(db).await?)
}

/// The code that a text is meant as, in whatever way its letters are written; nothing for a text
/// that can be none, such as a one-time password.
pub(super) fn read(text: &str) -> Option<SecretString> {
    let letters: Option<String> = text
        .chars()
        .filter(|letter| !letter.is_whitespace() && *letter != '-')
        .take(LENGTH + 1)
        .map(|letter| match letter.to_ascii_lowercase() {
            'o' => Some('0'),
            'i' | 'l' => Some('1'),
            letter => LETTERS.iter().map(|of| char::from(*of)).find(|of| *of == letter),
        })
        .collect();
    letters.filter(|letters| letters.len() == LENGTH).map(SecretString::from)
}

/// The row of a code that is good still, if the person has it. Their codes are compared one by one.
pub(super) async fn find(
    db: &impl ConnectionTrait,
    hasher: &Hasher,
    user_id: i64,
    code: &SecretString,
) -> Result<Option<i64>> {
    let good = Entity::find().filter(Column::UserId.eq(user_id)).filter(Column::UsedAt.is_null());
    for row in good.order_by_asc(Column::Id).all(db).await? {
        if hasher.verify(code, Some(&row.code_hash)).await? != Verdict::Wrong {
            return Ok(Some(row.id));
        }
    }
    Ok(None)
}

/// Uses a code up.
///
/// # Errors
/// [`Error::SecondFactorRequired`] if it was used or replaced meanwhile.
pub(super) async fn use_up(
    tx: &DatabaseTransaction,
    now: DateTime<Utc>,
    user_id: i64,
    id: i64,
) -> Result<()> {
    let used = Entity::update_many()
        .col_expr(Column::UsedAt, Expr::value(now))
        .filter(Column::Id.eq(id))
        .filter(Column::UserId.eq(user_id))
        .filter(Column::UsedAt.is_null())
        .exec(tx)
        .await?;
    if used.rows_affected == 0 {
        return Err(Error::SecondFactorRequired);
    }
    tracing::info!(target: "audit", user_id, "recovery code used");
    Ok(())
}

/// Removes all codes of a person.
pub(super) async fn forget(tx: &DatabaseTransaction, user_id: i64) -> Result<()> {
    Entity::delete_many().filter(Column::UserId.eq(user_id)).exec(tx).await?;
    Ok(())
}

fn random(world: &World) -> SecretString {
    let mut bytes = [0; LENGTH];
    world.random.fill(&mut bytes);
    let letters = bytes.map(|byte| char::from(LETTERS[usize::from(byte % 32)]));
    SecretString::from(letters.iter().collect::<String>())
}

/// As people write it down.
fn hyphenated(code: &SecretString) -> SecretString {
    let (first, second) = code.expose_secret().split_at(LENGTH / 2);
    SecretString::from(format!("{first}-{second}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_as_it_is_shown_and_as_people_write_it() {
        let code = random(&World::system());
        let shown = hyphenated(&code);

        let read_back = |text: &str| read(text).map(|code| code.expose_secret().to_owned());
        assert_eq!(read_back(shown.expose_secret()).as_deref(), Some(code.expose_secret()));
        assert_eq!(read_back(" ABCDE fghjk\n").as_deref(), Some("abcdefghjk"));
        assert_eq!(read_back("OiL00-00000").as_deref(), Some("0110000000"));
    }

    #[test]
    fn what_can_be_no_code_is_none() {
        for text in ["", "123456", "abcde-fghj", "abcde-fghjkm", "abcde-fghju", "äbcde-fghjk"] {
            assert!(read(text).is_none(), "{text}");
        }
    }
}
