//! Exchanging a refresh token for the next pair.

use entity::identity::refresh_token::{self, RevokedReason};
use plimsoll::retry;
use sea_orm::{
    ColumnTrait as _, DatabaseConnection, DatabaseTransaction, EntityTrait as _, QueryFilter as _,
    sea_query::Expr,
};

use super::{Client, Family, Tokens, end::end_one, issue, locked};
use crate::{
    Error, Result, World,
    identity::{prune, secret::Purpose},
    lookup::by_text,
};

/// Exchanges a refresh token for the next pair of its session. A token is good for one exchange: a
/// second one ends the session, because the token is in two hands and nobody knows which is right.
///
/// # Errors
/// [`Error::Unauthenticated`] for a token that is unknown, used, ended or expired, or whose person
/// is not active.
pub async fn refresh(
    db: &DatabaseConnection,
    world: &World,
    token: &str,
    client: &Client,
) -> Result<Tokens> {
    let hash = Purpose::Refresh.read(token).ok_or(Error::Unauthenticated)?;
    let found =
        by_text::<refresh_token::Entity>(db, refresh_token::Column::TokenHash, &hash, |token| {
            Some(token.token_hash.expose())
        });
    let token = &found.await?.ok_or(Error::Unauthenticated)?;
    let renewed =
        retry::transaction(db, |tx, _| Box::pin(exchange(tx, world, token, client))).await?;
    prune::now_and_then(db, world).await;
    // Outside of the transaction: what a second use ends must be kept.
    renewed.ok_or(Error::Unauthenticated)
}

async fn exchange(
    tx: &DatabaseTransaction,
    world: &World,
    token: &refresh_token::Model,
    client: &Client,
) -> Result<Option<Tokens>> {
    let now = world.clock.now();
    let (id, user_id) = (token.id, token.user_id);
    let Some(user) = locked(tx, user_id).await? else { return Ok(None) };
    // Read again: the lock is what makes it true until the end.
    let Some(token) = refresh_token::Entity::find_by_id(id).one(tx).await? else {
        return Ok(None);
    };
    if token.revoked_at.is_some() || token.expires_at <= now || !user.is_active {
        return Ok(None);
    }
    let exchanged = refresh_token::Entity::update_many()
        .col_expr(refresh_token::Column::UsedAt, Expr::value(now))
        .filter(refresh_token::Column::Id.eq(id))
        .filter(refresh_token::Column::UsedAt.is_null())
        .exec(tx)
        .await?;
    if exchanged.rows_affected == 0 {
        end_one(tx, now, user_id, &token.family_id, RevokedReason::Reuse).await?;
        tracing::warn!(target: "audit", user_id, ip = ?client.ip, "refresh token used twice");
        return Ok(None);
    }
    let family = Family { id: token.family_id, started_at: token.family_started_at };
    let (tokens, successor) = issue(tx, world, user, family, client).await?;
    refresh_token::Entity::update_many()
        .col_expr(refresh_token::Column::ReplacedById, Expr::value(successor))
        .filter(refresh_token::Column::Id.eq(id))
        .exec(tx)
        .await?;
    Ok(Some(tokens))
}
