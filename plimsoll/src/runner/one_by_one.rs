//! The migrations of a run in their order: each to its end before the next.

use std::{
    collections::VecDeque,
    mem,
    sync::PoisonError,
    time::{Duration, Instant},
};

use tracing::{Instrument as _, Span};

use super::{
    Ran, Runner,
    did::Seen,
    one::{Ahead, Next, One},
    rehearse::{Rendered, render},
    session_id,
    together::{Planned, together},
    unfinished::{is_settled, resume_first},
};
use crate::{
    dialect::Dialect,
    error::{MigrationError, Result},
    history::{Kind, Revision},
    progress::Event,
    records::{Open, Way},
    revisions::Standing,
    terms::or_stopped,
};

/// A migration that a run brought to its end.
struct Migrated {
    ran: Ran,
    /// How far the one behind it is.
    ahead: Ahead,
}

impl Runner<'_> {
    pub(super) async fn run(
        &self,
        standings: &[Standing],
        open: Option<Open>,
        positions: Vec<usize>,
        way: Way,
    ) -> Result<Vec<Ran>> {
        let ran = self.run_one_by_one(standings, open, positions, way).await;
        // Whoever goes on asks the pool.
        drop(self.held());
        ran
    }

    async fn run_one_by_one(
        &self,
        standings: &[Standing],
        mut open: Option<Open>,
        mut positions: Vec<usize>,
        way: Way,
    ) -> Result<Vec<Ran>> {
        if open.take_if(|open| is_settled(open, standings)).is_some() {
            self.close().await?;
        }
        if let Some(open) = &open {
            resume_first(open, way, standings, &mut positions)?;
        }
        // All of them are rendered before the first runs: what the database has no form for is
        // refused before anything has changed.
        let mut plan = VecDeque::new();
        for at in positions {
            let revision = &self.revisions.list[at];
            // Behind code it is known when its turn comes.
            let rendered = match render(self.dialect(), revision, way, None) {
                Err(_) if !revision.is_known() => Rendered::default(),
                rendered => rendered?,
            };
            plan.push_back(Planned { revision, rendered });
        }
        self.terms.progress.tell(Event::Planned { migrations: plan.len() });
        let stale = self.stale.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let was_open = open.is_some();
        let is_first = |name: &str| way == Way::Up && !was_open && !stale.contains(name);
        let (mut done, mut seen) = (Vec::<Ran>::new(), Seen::default());
        let (mut ahead, mut is_refused) = (Ahead::Nothing, false);
        while let Some(Planned { revision, .. }) = plan.front() {
            let names = || done.iter().map(|ran| ran.name.clone()).collect::<Vec<_>>();
            // Of one that has begun itself knows what is left.
            if self.terms.stop.is_asked() && !matches!(ahead, Ahead::Ran(_)) {
                if ahead == Ahead::Begun {
                    // Nothing of it has run. If this fails, the next run looks and finds that.
                    let _ = self.close().await;
                }
                return Err(MigrationError::stopped(names()).into());
            }
            self.still_the_same_session(names).await?;
            self.before(revision, way, &mut seen).await;
            if self.dialect() == Dialect::Sqlite && !is_refused {
                let many = together(&plan, is_first);
                if many > 1 {
                    let some: Vec<_> = plan.iter().take(many).collect();
                    let ran = self.all_at_once(&some).await;
                    is_refused = ran.len() < many;
                    plan.drain(..ran.len());
                    done.extend(ran);
                    continue;
                }
            }
            let Some(Planned { revision, rendered }) = plan.pop_front() else { break };
            let began = if let Ahead::Ran(since) = ahead { since } else { Instant::now() };
            let next = plan.front().and_then(|Planned { revision: next, rendered }| {
                Next::behind(revision, next, rendered).filter(|_| self.dialect() == Dialect::Mysql)
            });
            let is_first = is_first(&revision.name);
            let one =
                One { runner: self, revision, way, began, is_first, ahead, next, done: &done };
            // What was refused among others has begun.
            let has_begun = mem::take(&mut is_refused);
            let span = if has_begun { span(revision, way) } else { self.begun(revision, way) };
            let ran = self.migrate(&one, rendered, open.take()).instrument(span).await;
            let Migrated { ran, ahead: next } =
                ran.map_err(|error| or_stopped(error, &self.terms.stop))?;
            ahead = next;
            self.record_what_it_did(revision, &mut seen).await;
            done.push(ran);
        }
        self.terms.progress.tell(Event::Done);
        Ok(done)
    }

    /// Tells that the migration begins, and gives its span.
    pub(super) fn begun(&self, revision: &Revision<'_>, way: Way) -> Span {
        let (migration, reverting) = (&*revision.name, way == Way::Down);
        let span = span(revision, way);
        span.in_scope(|| self.terms.progress.tell(Event::Began { migration, reverting }));
        span
    }

    /// Brings one migration to its end. `left` is where an earlier run was interrupted in it.
    async fn migrate(
        &self,
        one: &One<'_>,
        mut rendered: Rendered,
        left: Option<Open>,
    ) -> Result<Migrated> {
        let One { revision, way, began, .. } = one;
        let mut ahead = Ahead::Nothing;
        if !revision.is_known() {
            let found = one.look().await?;
            rendered = render(self.dialect(), revision, *way, Some(&found))?;
        }
        match (&revision.kind, &rendered, left) {
            // It was data when it was interrupted.
            (Kind::Imperative(_), _, Some(left)) => return Err(one.changed(&left).into()),
            (Kind::Imperative(migration), _, None) => one.imperative(*migration).await?,
            (Kind::Declared { .. }, rendered, left) => match self.dialect() {
                Dialect::Mysql => ahead = one.journaled(rendered, left).await?,
                Dialect::Sqlite | Dialect::Postgres => one.in_parts(rendered, left).await?,
            },
        }
        let took = match ahead {
            Ahead::Ran(since) => since.duration_since(*began),
            Ahead::Nothing | Ahead::Begun => began.elapsed(),
        };
        Ok(Migrated { ran: self.tell_end(revision, took), ahead })
    }

    /// Tells that the migration has ended.
    pub(super) fn tell_end(&self, revision: &Revision<'_>, took: Duration) -> Ran {
        let name = &revision.name;
        self.terms.progress.tell(Event::Ended { migration: name, took });
        Ran { name: name.clone(), took }
    }

    /// A pool replaces a connection that broke, and the lock would be gone with the old one.
    async fn still_the_same_session(&self, done: impl Fn() -> Vec<String>) -> Result<()> {
        let is_held = self.held.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        if is_held {
            // It never went back to the pool.
            return Ok(());
        }
        match session_id(self.db()).await {
            Ok(session) if session == self.session => Ok(()),
            Ok(_) => Err(MigrationError::ConnectionLost { done: done(), source: None }.into()),
            Err(source) => {
                Err(MigrationError::ConnectionLost { done: done(), source: Some(source) }.into())
            }
        }
    }
}

fn span(revision: &Revision<'_>, way: Way) -> Span {
    tracing::info_span!("migration", name = &*revision.name, way = way.name())
}
