//! A change of rights: a transaction that takes its number first, so that all of them stand in one
//! order and every process learns of each.

use std::{future::Future, ops::Deref};

use chrono::{DateTime, Utc};
use entity::identity::{
    authz_version::{ActiveModel, Column, Entity},
    password_reset,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _,
    sea_query::{Expr, ExprTrait as _, OnConflict},
};

use super::{Granted, Permission, check, has_administrator, held::holders};
use crate::{Error, Result, audit::Audited};

/// The row that numbers the changes.
pub(super) const GLOBAL: &str = "global";

/// What a change of rights touches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// What a person holds.
    User(i64),
    /// What a role carries, and so what all hold who have it.
    Role(i64),
}

impl Scope {
    fn name(self) -> String {
        match self {
            Self::User(id) => format!("user:{id}"),
            Self::Role(id) => format!("role:{id}"),
        }
    }

    pub(super) fn read(name: &str) -> Option<Self> {
        let (kind, id) = name.split_once(':')?;
        let id = id.parse().ok()?;
        match kind {
            "user" => Some(Self::User(id)),
            "role" => Some(Self::Role(id)),
            _ => None,
        }
    }
}

/// A transaction that may change rights. Only [`Rights::change`](super::Rights::change) makes one.
///
/// Its first statement raises the one row that numbers the changes, which locks it until the end:
/// changes of rights happen one after the other, on all processes together, and each sees what the
/// one before has left. Every function that takes one and the proof of a right refuses with
/// [`Error::Forbidden`] when the right is gone since it was proved.
#[derive(Debug)]
pub struct Change<'c> {
    audited: Audited<'c>,
    number: i64,
}

impl<'c> Deref for Change<'c> {
    type Target = Audited<'c>;

    fn deref(&self) -> &Audited<'c> {
        &self.audited
    }
}

impl<'c> Change<'c> {
    pub(super) async fn begin(tx: &'c DatabaseTransaction, now: DateTime<Utc>) -> Result<Self> {
        let malformed = || Error::Malformed {
            kind: "version of rights",
            key: GLOBAL.to_owned(),
            problem: "its row is not in `authz_versions`".to_owned(),
        };
        let raised = Entity::update_many()
            .col_expr(Column::Version, Expr::col(Column::Version).add(1))
            .col_expr(Column::UpdatedAt, Expr::value(now))
            .filter(Column::Scope.eq(GLOBAL))
            .exec(tx)
            .await?;
        if raised.rows_affected == 0 {
            return Err(malformed());
        }
        let row = Entity::find_by_id(GLOBAL).one(tx).await?.ok_or_else(malformed)?;
        Ok(Self { audited: Audited::new(tx, now), number: row.version })
    }

    /// Makes sure that whoever proved a right has it still, now that nobody else changes rights: of
    /// two who take it from each other the second is refused.
    ///
    /// # Errors
    /// [`Error::Forbidden`] if not.
    pub(crate) async fn confirm<P: Permission>(&self, by: &Granted<P>) -> Result<()> {
        match by.actor() {
            Some(actor) => check::<P>(self.tx(), actor).await.map(|_| ()),
            None => Ok(()),
        }
    }

    /// Gives the change's number to what it touches, and ends the password resets that are on their
    /// way to those whose rights it touches or were started by them: who may do what was looked at
    /// when they were started, and not when they are used.
    pub(crate) async fn touch(&self, scope: Scope) -> Result<()> {
        let row = ActiveModel {
            scope: Set(scope.name()),
            version: Set(self.number),
            updated_at: Set(self.now()),
        };
        Entity::insert(row)
            .on_conflict(
                OnConflict::column(Column::Scope)
                    .update_columns([Column::Version, Column::UpdatedAt])
                    .to_owned(),
            )
            .exec_without_returning(self.tx())
            .await?;
        let of = |column: password_reset::Column| match scope {
            Scope::User(id) => column.eq(id),
            Scope::Role(id) => column.in_subquery(holders(id)),
        };
        password_reset::Entity::delete_many()
            .filter(of(password_reset::Column::UserId).or(of(password_reset::Column::StartedById)))
            .exec(self.tx())
            .await?;
        Ok(())
    }

    /// Does `work`, and refuses it when it leaves nobody who administers where there was somebody
    /// before. Whatever can take a right away goes through here.
    ///
    /// # Errors
    /// Those of `work`, and [`Error::LastAdministrator`].
    pub(crate) async fn keeping_an_administrator<T>(
        &self,
        work: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        let had = has_administrator(self.tx()).await?;
        let done = work.await?;
        if had && !has_administrator(self.tx()).await? {
            return Err(Error::LastAdministrator);
        }
        Ok(done)
    }
}
