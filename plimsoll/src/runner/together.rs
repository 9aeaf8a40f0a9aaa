//! Migrations of new tables one behind the other, which SQLite gets in one message, each in a transaction of
//! its own: they take less time than its thread takes to be woken.

use std::time::{Duration, Instant};

use super::{
    Ran, Runner,
    at_once::{is_at_once, whole},
    one::{Ahead, HANDED, Keeping, One},
    rehearse::Rendered,
    seen::is_lost,
};
use crate::{
    history::{Kind, Revision},
    records::{Took, Way},
};

/// How many at most go in one message: all of it may run before the database hears that somebody asked to
/// stop.
const MOST: usize = 16;

/// A migration that is on its way with others.
pub(super) struct Planned<'r> {
    pub(super) revision: &'r Revision<'r>,
    pub(super) rendered: Rendered,
}

impl Planned<'_> {
    fn length(&self) -> usize {
        self.rendered.run.iter().map(|statement| statement.sql.len()).sum()
    }

    /// Whether all that it does goes in one message, and nothing has to be asked before.
    fn is_at_once(&self) -> bool {
        let Self { revision, rendered } = self;
        matches!(revision.kind, Kind::Declared { .. })
            && revision.is_known()
            && rendered.guards.is_empty()
            && is_at_once(rendered, &(0..rendered.run.len()))
    }
}

/// How many of those that come next may go together. Of each must hold that `is_first`: the records have
/// nothing of it.
pub(super) fn together<'p, 'r: 'p>(
    next: impl IntoIterator<Item = &'p Planned<'r>>,
    is_first: impl Fn(&str) -> bool,
) -> usize {
    let mut length = 0;
    let goes = |it: &&Planned<'_>| {
        length += it.length();
        length <= HANDED && is_first(&it.revision.name) && it.is_at_once()
    };
    next.into_iter().take(MOST).take_while(goes).count()
}

impl Runner<'_> {
    /// Applies the migrations, up to the first that is refused, or to where somebody asked to stop. What it
    /// comes to is known of those that it gives; what kept the next from running tells its own turn.
    pub(super) async fn all_at_once(&self, some: &[&Planned<'_>]) -> Vec<Ran> {
        let one = |revision| One {
            runner: self,
            revision,
            way: Way::Up,
            began: Instant::now(),
            is_first: true,
            ahead: Ahead::Nothing,
            next: None,
            done: &[],
        };
        let Ok(mut plain) = self.plain().await else { return Vec::new() };
        let mut keeps = Vec::with_capacity(some.len());
        for (at, Planned { revision, rendered }) in some.iter().enumerate() {
            // When a later one begins only the answers tell.
            let took = if at == 0 { Took::AndOn } else { Took::Exactly };
            let range = 0..rendered.run.len();
            let keep = one(revision).keep(rendered, &range, Keeping::Record, took(Duration::ZERO));
            let Ok(keep) = keep else { return Vec::new() };
            keeps.push(keep);
        }
        // How many statements have ended with each of them.
        let (mut all, mut ends) = (Vec::new(), Vec::with_capacity(some.len()));
        for (it, keep) in some.iter().zip(&keeps) {
            all.extend(whole(self.dialect(), &it.rendered.run, keep));
            ends.push(all.len());
        }
        let (mut ran, mut since) = (Vec::with_capacity(some.len()), Instant::now());
        let mut span = some.first().map(|it| self.begun(it.revision, Way::Up));
        let outcome = plain.run_while(&all, None, |ended| {
            if ends.get(ran.len()) == Some(&ended) {
                let it = some[ran.len()];
                let end = || self.ended(&one(it.revision), it, since);
                ran.push(span.take().map_or_else(end, |span| span.in_scope(end)));
                since = Instant::now();
                span = some.get(ran.len()).map(|it| self.begun(it.revision, Way::Up));
            }
            !self.terms.stop.is_asked()
        });
        let outcome = outcome.await;
        let is_lost = outcome.as_ref().is_err_and(|failure| is_lost(&failure.source));
        if ran.len() < some.len() && !is_lost {
            // Mostly there is one to take back.
            let _ = plain.run(&["ROLLBACK"], None).await;
        }
        if !is_lost {
            self.hold(plain);
        }
        if ran.len() < some.len()
            && outcome.is_ok()
            && let Ok(standings) = self.standings().await
        {
            // It was to stop, and some more may have run before the database heard of it.
            let is_applied = |it: &&&Planned<'_>| {
                standings.iter().any(|of| of.name == it.revision.name && of.is_applied())
            };
            for it in some[ran.len()..].iter().take_while(is_applied) {
                let span = span.take().unwrap_or_else(|| self.begun(it.revision, Way::Up));
                ran.push(span.in_scope(|| self.ended(&one(it.revision), it, since)));
                since = Instant::now();
            }
        }
        self.took(&ran).await;
        ran
    }

    /// Tells that the migration, and so each of its steps, has ended.
    fn ended(&self, one: &One<'_>, it: &Planned<'_>, since: Instant) -> Ran {
        let took = since.elapsed();
        let mut since = since;
        for at in 1..=it.rendered.run.len() {
            one.tell_ended(&it.rendered, at, &mut since);
        }
        self.tell_end(it.revision, took)
    }

    /// Writes down how long those behind the first took, if that is anything.
    async fn took(&self, ran: &[Ran]) {
        let behind = ran.iter().skip(1).filter(|ran| ran.took.as_millis() > 0);
        let statements: Vec<String> =
            behind.map(|ran| self.records.took(&ran.name, ran.took)).collect();
        if statements.is_empty() {
            return;
        }
        let Ok(mut plain) = self.plain().await else { return };
        let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
        match plain.run_whole(&statements).await {
            Ok(()) => self.hold(plain),
            // Nothing depends on it.
            Err(error) => tracing::debug!(%error, "how long migrations took is not recorded"),
        }
    }
}
