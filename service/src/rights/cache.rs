//! What people hold, remembered; and how it is noticed that it changed.

use std::{
    fmt,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use entity::identity::{
    authz_version::{Column, Entity},
    permission, role,
};
use moka::sync::Cache;
use plimsoll::retry::{self, Borrows, BoxFuture};
use sea_orm::{
    ColumnTrait as _, DatabaseConnection, EntityTrait as _, QueryFilter as _, QuerySelect as _,
};

use super::{
    ALL, Actor, Change, Granted, Held, Permission, ReadPermissions,
    change::{GLOBAL, Scope},
    proof,
};
use crate::{Error, Result, World, audit, identity::fold::sought, lookup::by_text};

/// Answers what people may do, mostly from memory, and makes the changes of it.
///
/// One of them serves a process, for one database; clones share what they remember. An answer is
/// never older than the last [`change`](Self::change) that this process has finished, and never
/// older than [`MAX_AGE`](Self::MAX_AGE) as to the changes of others. What somebody writes into the
/// tables behind the services (the seeds of a new release) is noticed within [`Self::REREAD`].
#[derive(Clone)]
pub struct Rights {
    inner: Arc<Inner>,
}

struct Inner {
    world: World,
    held: Cache<i64, Arc<Held>>,
    seen: RwLock<Seen>,
    /// Raised when a change of this process has ended: what was known before is not enough then.
    ended: AtomicU64,
    /// Held by whoever asks the database whether something changed; the others wait for it.
    look: async_lock::Mutex<()>,
    hits: AtomicU64,
    misses: AtomicU64,
    looks: AtomicU64,
}

/// How much of what is asked for is remembered, by one process since its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remembered {
    /// How often what somebody holds was remembered.
    pub hits: u64,
    /// How often it was read from the database.
    pub misses: u64,
    /// How often the database was asked whether something changed.
    pub looks: u64,
    /// Of how many people something is remembered now.
    pub people: u64,
}

/// The last change that what is remembered takes into account.
#[derive(Clone, Copy)]
struct Seen {
    number: Option<i64>,
    /// When that was true, and how many changes of this process had ended then.
    at: Option<(Instant, u64)>,
}

/// Marks the end of a change, however it ends; its outcome may be unknown.
struct Ended<'a>(&'a AtomicU64);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Rights {
    /// For how long a process answers without asking the database whether another process changed
    /// something. By the machine's steady clock, which no administrator sets.
    pub const MAX_AGE: Duration = Duration::from_secs(1);

    /// After how long it reads again what somebody holds even when nothing says that it changed.
    pub const REREAD: Duration = Duration::from_mins(1);

    /// The most people of whom it remembers something; of others it asks again.
    pub const MOST: u64 = 100_000;

    /// Remembers nothing yet.
    pub fn new(world: World) -> Self {
        Self {
            inner: Arc::new(Inner {
                world,
                held: Cache::builder()
                    .max_capacity(Self::MOST)
                    .time_to_live(Self::REREAD)
                    .support_invalidation_closures()
                    .build(),
                seen: RwLock::new(Seen { number: None, at: None }),
                ended: AtomicU64::new(0),
                look: async_lock::Mutex::new(()),
                hits: AtomicU64::new(0),
                misses: AtomicU64::new(0),
                looks: AtomicU64::new(0),
            }),
        }
    }

    /// Proves that the actor is active and that one of their roles carries `P`. Refusals are
    /// audited.
    ///
    /// # Errors
    /// [`Error::Forbidden`] if not.
    pub async fn check<P: Permission>(
        &self,
        db: &DatabaseConnection,
        actor: &Actor,
    ) -> Result<Granted<P>> {
        proof(actor, &*self.held(db, actor.user_id).await?)
    }

    /// Whether the actor has the permission with that code, by any of their roles and within what
    /// they are limited to.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a code that no permission has: a misspelt question is no refusal.
    pub async fn has_permission(
        &self,
        db: &DatabaseConnection,
        actor: &Actor,
        code: &str,
    ) -> Result<bool> {
        Ok(self.holds(db, actor.user_id, code).await? && actor.may_use(code))
    }

    /// Whether a person has the permission with that code, by any of their roles; not while they
    /// are not active, or not there.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a code that no permission has.
    pub async fn has_permission_of(
        &self,
        db: &DatabaseConnection,
        _by: &Granted<ReadPermissions>,
        user_id: i64,
        code: &str,
    ) -> Result<bool> {
        self.holds(db, user_id, code).await
    }

    async fn holds(&self, db: &DatabaseConnection, user_id: i64, code: &str) -> Result<bool> {
        if self.held(db, user_id).await?.codes.contains(code) {
            return Ok(true);
        }
        if ALL.contains(&code) {
            return Ok(false);
        }
        // Permissions can be added while the program runs.
        let known = by_text::<permission::Entity>(db, permission::Column::Code, code, |row| {
            Some(&row.code)
        });
        match known.await? {
            Some(_) => Ok(false),
            None => Err(Error::not_found("permission", code)),
        }
    }

    /// Whether the actor has the role of that name, in whatever case it is written.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such role.
    pub async fn has_role(
        &self,
        db: &DatabaseConnection,
        actor: &Actor,
        name: &str,
    ) -> Result<bool> {
        let key = sought(name);
        if self.held(db, actor.user_id).await?.roles.values().any(|held| *held == key) {
            return Ok(true);
        }
        match by_text::<role::Entity>(db, role::Column::NameKey, &key, |row| Some(&row.name_key))
            .await?
        {
            Some(_) => Ok(false),
            None => Err(Error::not_found("role", name)),
        }
    }

    /// What a person holds; nothing for somebody who is not active or not there.
    ///
    /// # Errors
    /// Only [`Error::Database`].
    pub async fn held(&self, db: &DatabaseConnection, user_id: i64) -> Result<Arc<Held>> {
        loop {
            let number = self.look(db).await?;
            if let Some(held) = self.inner.held.get(&user_id) {
                self.inner.hits.fetch_add(1, Ordering::Relaxed);
                return Ok(held);
            }
            self.inner.misses.fetch_add(1, Ordering::Relaxed);
            let held = Arc::new(Held::by(db, user_id).await?);
            // Kept, and believed, only if nothing changed while it was read. The lock is held so
            // that nobody forgets it between the question and the insertion.
            let seen = self.inner.seen.read().unwrap_or_else(PoisonError::into_inner);
            if seen.number == Some(number) {
                self.inner.held.insert(user_id, Arc::clone(&held));
                return Ok(held);
            }
        }
    }

    /// How much of what was asked for was remembered until now.
    pub fn remembered(&self) -> Remembered {
        let Inner { held, hits, misses, looks, .. } = &*self.inner;
        // What was forgotten is counted until the cache has tidied up.
        held.run_pending_tasks();
        let [hits, misses, looks] = [hits, misses, looks].map(|it| it.load(Ordering::Relaxed));
        Remembered { hits, misses, looks, people: held.entry_count() }
    }

    /// Does `work` as one transaction that may change rights, again when the database asks for it;
    /// when it returns, this process answers by what the change has left.
    ///
    /// Functions that change rights take the [`Change`] that `work` is given:
    ///
    /// ```
    /// # use sea_orm::DatabaseConnection;
    /// # use service::{Result, Rights, identity::role, rights::{AssignRoles, Granted}};
    /// async fn promote(
    ///     db: &DatabaseConnection,
    ///     rights: &Rights,
    ///     by: &Granted<AssignRoles>,
    ///     user_id: i64,
    ///     role_id: i64,
    /// ) -> Result<()> {
    ///     rights.change(db, |change, _| Box::pin(role::assign(change, by, user_id, role_id))).await
    /// }
    /// ```
    ///
    /// # Errors
    /// What `work` returned last, or [`Error::Database`]; nothing of it is kept then, except when
    /// the connection was lost during `COMMIT`: that outcome is unknown.
    pub async fn change<'w, T, F>(&self, db: &DatabaseConnection, work: F) -> Result<T>
    where
        F: for<'c> Fn(&'c Change<'c>, Borrows<'c, 'w>) -> BoxFuture<'c, Result<T>> + Send + Sync,
        T: Send,
    {
        let _ended = Ended(&self.inner.ended);
        let (work, clock) = (&work, &self.inner.world.clock);
        let (done, deeds) = retry::transaction(db, |tx, _| {
            Box::pin(async move {
                let change = Change::begin(tx, clock.now()).await?;
                let done = work(&change, Borrows::new()).await?;
                Ok::<_, Error>((done, change.write().await?))
            })
        })
        .await?;
        audit::tell(&deeds);
        Ok(done)
    }

    /// Makes sure that what is remembered takes every change into account that it must, and says
    /// which was the last.
    async fn look(&self, db: &DatabaseConnection) -> Result<i64> {
        if let Some(number) = self.fresh() {
            return Ok(number);
        }
        let _turn = self.inner.look.lock().await;
        if let Some(number) = self.fresh() {
            return Ok(number);
        }

        self.inner.looks.fetch_add(1, Ordering::Relaxed);
        // Both are read before the question goes out: what ends or ages while it is on its way
        // needs another.
        let at = (Instant::now(), self.inner.ended.load(Ordering::SeqCst));
        let number = number(db).await?;
        let before = self.seen().number;
        let touched = match before {
            Some(before) if before == number => Vec::new(),
            // A smaller number than before is that of another database: a backup was restored.
            Some(before) if before < number => touched_since(db, before).await?,
            _ => vec![None],
        };

        let mut seen = self.inner.seen.write().unwrap_or_else(PoisonError::into_inner);
        for scope in touched {
            self.forget(scope);
        }
        *seen = Seen { number: Some(number), at: Some(at) };
        Ok(number)
    }

    fn fresh(&self) -> Option<i64> {
        let Seen { number, at } = self.seen();
        let (at, ended) = at?;
        let is_fresh =
            ended == self.inner.ended.load(Ordering::SeqCst) && at.elapsed() < Self::MAX_AGE;
        number.filter(|_| is_fresh)
    }

    fn seen(&self) -> Seen {
        *self.inner.seen.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets what the change touched; everything when it is not known what that was.
    fn forget(&self, scope: Option<Scope>) {
        let held = &self.inner.held;
        match scope {
            Some(Scope::User(id)) => held.invalidate(&id),
            Some(Scope::Role(role)) => {
                // Refused only without support for it, which the builder asked for.
                if held
                    .invalidate_entries_if(move |_, held| held.roles.contains_key(&role))
                    .is_err()
                {
                    held.invalidate_all();
                }
            }
            None => held.invalidate_all(),
        }
    }
}

impl fmt::Debug for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rights").field("last_change", &self.seen().number).finish_non_exhaustive()
    }
}

/// The number of the last change.
async fn number(db: &DatabaseConnection) -> Result<i64> {
    let number: Option<i64> = Entity::find_by_id(GLOBAL)
        .select_only()
        .column(Column::Version)
        .into_tuple()
        .one(db)
        .await?;
    number.ok_or_else(|| Error::Malformed {
        kind: "version of rights",
        key: GLOBAL.to_owned(),
        problem: "its row is not in `authz_versions`".to_owned(),
    })
}

/// What was touched by the changes after that one; `None` for a scope that this code does not know.
async fn touched_since(db: &DatabaseConnection, number: i64) -> Result<Vec<Option<Scope>>> {
    let names: Vec<String> = Entity::find()
        .select_only()
        .column(Column::Scope)
        .filter(Column::Version.gt(number))
        .filter(Column::Scope.ne(GLOBAL))
        .into_tuple()
        .all(db)
        .await?;
    Ok(names.iter().map(|name| Scope::read(name)).collect())
}
