//! Removing tokens and keys that have expired and say nothing any more.

use chrono::{DateTime, Utc};
use entity::identity::{
    access_token, email_verification, idempotency_key, password_reset, refresh_token,
};
use sea_orm::DatabaseConnection;

use crate::{Result, World, retention::older};

/// How many rows of a table one call removes: whoever logs in does not wait for years of them.
const AT_ONCE: u64 = 500;

/// Removes expired tokens, resets, verifications and idempotency keys in one call of 64, up to 500 of
/// each: more than 64 logins, renewals and keys make. What goes wrong is logged, and no matter of whoever made
/// the call.
pub(super) async fn now_and_then(db: &DatabaseConnection, world: &World) {
    let mut dice = [0];
    world.random.fill(&mut dice);
    if dice[0] % 64 == 0
        && let Err(error) = expired(db, world.clock.now()).await
    {
        tracing::warn!(%error, "expired tokens were not removed");
    }
}

/// Removes some of what expired before `now`.
async fn expired(db: &DatabaseConnection, now: DateTime<Utc>) -> Result<()> {
    use access_token::Column as Access;
    use email_verification::Column as Verification;
    use idempotency_key::Column as Idempotency;
    use password_reset::Column as Reset;
    use refresh_token::Column as Refresh;

    older::<access_token::Entity>(db, Access::Id, Access::ExpiresAt, now, AT_ONCE).await?;
    older::<refresh_token::Entity>(db, Refresh::Id, Refresh::ExpiresAt, now, AT_ONCE).await?;
    older::<password_reset::Entity>(db, Reset::Id, Reset::ExpiresAt, now, AT_ONCE).await?;
    let (id, end) = (Verification::Id, Verification::ExpiresAt);
    older::<email_verification::Entity>(db, id, end, now, AT_ONCE).await?;
    let (id, end) = (Idempotency::Id, Idempotency::ExpiresAt);
    older::<idempotency_key::Entity>(db, id, end, now, AT_ONCE).await?;
    Ok(())
}
