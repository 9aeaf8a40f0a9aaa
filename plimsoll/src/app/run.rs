//! Every way to bring a database where it is wanted, on one session.

use std::{
    fmt,
    time::{Duration, Instant},
};

use sea_orm::DatabaseConnection;

use super::{App, Choice, Report};
use crate::{
    backup::Backup,
    catalog,
    dialect::{Dialect, postgres::elsewhere::Dropped},
    error::{MigrationError, Result},
    history::Revisions,
    limits::Limits,
    lock,
    progress::Progress,
    records::{Records, Took, Way},
    render::renderer,
    revisions::{self, Standing, State, Target, TargetError},
    runner::{
        Ran, Rehearsed, Runner, Stamp, Unfinished, only_one, rehearse, resume_first, still_open,
        unfinished, without_missing,
    },
    seed::{self, Difference, Mode, Seeded, Seeder, Seeds},
    stop::Stop,
    terms::Terms,
};

/// One run on one session: every way to bring a database where it is wanted.
pub struct Run<'r> {
    pub(super) app: &'r App,
    pub(super) db: &'r DatabaseConnection,
    pub(super) terms: Terms<'r>,
    /// Whether what loses rows or values need not say that it may.
    pub(super) may_lose: bool,
    /// The copy that is made before anything changes.
    pub(super) backup: Option<Backup>,
}

impl fmt::Debug for Run<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run")
            .field("app", self.app)
            .field("lock", &self.terms.lock)
            .field("limits", &self.terms.limits)
            .finish_non_exhaustive()
    }
}

impl<'r> Run<'r> {
    /// Tells `progress` what happens.
    #[must_use]
    pub fn telling(mut self, progress: &'r dyn Progress) -> Self {
        self.terms.progress = progress;
        self
    }

    /// Waits for the lock for so long; without a limit there is no lock, and nobody else may
    /// migrate meanwhile.
    #[must_use]
    pub fn locked_within(mut self, limit: Option<Duration>) -> Self {
        self.terms.lock = limit;
        self
    }

    /// Lets statements wait and work so long; without limits the session is left as it is, and waits for
    /// others as long as it did.
    #[must_use]
    pub fn within(mut self, limits: Option<Limits>) -> Self {
        self.terms.limits = limits;
        self
    }

    /// Lets a migration run that was added before the last applied, whatever [`App::in_order`] says.
    #[must_use]
    pub fn out_of_order(mut self) -> Self {
        self.terms.in_order = false;
        self
    }

    /// Stops when somebody asks for it.
    #[must_use]
    pub fn until(mut self, stop: &Stop) -> Self {
        self.terms.stop = stop.clone();
        self
    }

    /// Lets migrations lose rows and values that do not say that they may: somebody was asked.
    #[must_use]
    pub fn losing(mut self) -> Self {
        self.may_lose = true;
        self
    }

    /// Applies what is pending as far as `target`, then offers the default rows, under the lock.
    ///
    /// # Errors
    /// Those of [`App::up`].
    pub async fn up(&self, target: &Target, choice: &Choice) -> Result<Report> {
        let began = Instant::now();
        let revisions = self.app.history.load()?;
        let all = self.app.seeders()?;
        let chosen = choose(&all, choice)?;
        let seeds = self.seeds(&revisions, &all);
        only_one(self.db)?;
        // The usual case, found out by reading: nothing to do, and so no lock and no right needed.
        let (is_done, standings) = self.look(&revisions, &seeds, &chosen).await?;
        if *target == Target::Head && is_done {
            return Ok(Report { took: began.elapsed(), ..Report::default() });
        }
        // Before the records are prepared: nothing is changed in a database that is ahead.
        without_missing(standings)?;
        let runner = self.start(&revisions).await?;
        let report = async {
            seeds.forget_gone().await?;
            let (applied, pending) = runner.up(target, self.may_lose).await?;
            let seeded = seeds.run(&chosen, Mode::Offer).await?;
            Ok(Report { applied, seeded, pending, took: began.elapsed() })
        };
        let report = runner.locked(report).await;
        runner.finish(report).await
    }

    /// Whether there is nothing to do for [`Run::up`]. Needs no right but to read.
    ///
    /// # Errors
    /// Those of [`App::pending`] and [`MigrationError::UnknownSeeder`].
    pub async fn is_done(&self, choice: &Choice) -> Result<bool> {
        let revisions = self.app.history.load()?;
        let all = self.app.seeders()?;
        let seeds = self.seeds(&revisions, &all);
        Ok(self.look(&revisions, &seeds, &choose(&all, choice)?).await?.0)
    }

    /// Whether every default row was offered already. Needs no right but to read.
    ///
    /// # Errors
    /// [`MigrationError::UnknownSeeder`], [`MigrationError::Record`], [`crate::Error::Database`].
    pub async fn is_seeded(&self, choice: &Choice) -> Result<bool> {
        let revisions = self.app.history.load()?;
        let all = self.app.seeders()?;
        self.seeds(&revisions, &all).all_offered(&choose(&all, choice)?).await
    }

    /// Whether everything is applied and offered and nothing was interrupted; and how every revision
    /// stands. One question to the database.
    async fn look(
        &self,
        revisions: &Revisions<'_>,
        seeds: &Seeds<'_>,
        chosen: &[&Seeder],
    ) -> Result<(bool, Vec<Standing>)> {
        let read = Records::of(revisions, self.dialect()).read(self.db, !chosen.is_empty()).await?;
        let standings = read.standings(revisions);
        let is_done = standings.iter().all(|it| it.state == State::Applied)
            && read.open.is_none()
            && seeds.are_offered(chosen, &read);
        Ok((is_done, standings))
    }

    /// The migration that was begun and not ended, with how every revision stands: it is recorded
    /// as it was before it was begun. Needs no right but to read.
    ///
    /// # Errors
    /// Those of [`App::standings`].
    pub async fn unfinished(&self) -> Result<(Vec<Standing>, Option<Unfinished>)> {
        let revisions = self.app.history.load()?;
        let records = Records::of(&revisions, self.dialect());
        let (standings, open) = records.look(self.db, &revisions).await?;
        let open = unfinished(self.db, &standings, open).await?;
        Ok((standings, open))
    }

    pub(super) async fn start<'s>(&'s self, revisions: &'s Revisions<'s>) -> Result<Runner<'s>> {
        let runner = Runner::start(self.db, revisions, self.terms.clone()).await?;
        Ok(runner.with_backup(self.backup.clone()))
    }

    pub(super) fn dialect(&self) -> Dialect {
        self.db.get_database_backend().into()
    }

    /// Reverts what is applied, newest first, as far as `target`, under the lock; nothing unless
    /// that is what is `expected`.
    ///
    /// # Errors
    /// Those of [`App::up`]; [`MigrationError::ChangedMeanwhile`] when it is not what is expected.
    pub async fn down(&self, target: &Target, expected: Option<&[String]>) -> Result<Vec<Ran>> {
        let revisions = self.app.history.load()?;
        let all = self.app.seeders()?;
        without_missing(self.app.standings_of(self.db, &revisions).await?)?;
        let runner = self.start(&revisions).await?;
        let reverted = async {
            let reverted = runner.down(target, expected).await?;
            self.seeds(&revisions, &all).forget_gone().await?;
            Ok(reverted)
        };
        let reverted = runner.locked(reverted).await;
        runner.finish(reverted).await
    }

    /// What [`Run::up`] would do to each revision, with the database as it is now.
    ///
    /// # Errors
    /// Those of [`App::pending`], and a target that cannot be reached.
    pub async fn rehearse_up(&self, target: &Target) -> Result<Vec<Rehearsed>> {
        self.rehearse(Way::Up, |standings| revisions::to_apply(standings, target)).await
    }

    /// What [`Run::down`] would do to each revision, with the database as it is now.
    ///
    /// # Errors
    /// Those of [`App::pending`], and a target that cannot be reached.
    pub async fn rehearse_down(&self, target: &Target) -> Result<Vec<Rehearsed>> {
        self.rehearse(Way::Down, |standings| revisions::to_revert(standings, target)).await
    }

    /// What [`Run::fresh`] would do, with the database as it is now.
    ///
    /// # Errors
    /// Those of [`Run::fresh`].
    pub async fn rehearse_fresh(&self) -> Result<Vec<Rehearsed>> {
        let revisions = self.app.history.load()?;
        catalog::keep_elsewhere(self.db, Dropped::Tables).await?;
        let dropped = catalog::drops(self.db).await;
        let [before, drops, behind] = dropped.map_err(catalog::not_dropped)?;
        let records = Records::of(&revisions, self.dialect()).creation()?;
        let mut plan = vec![
            Rehearsed::by_itself("every table goes", [before, drops, behind].concat()),
            Rehearsed::by_itself("the records begin anew", records),
        ];
        plan.extend(self.rehearse_all(&revisions)?);
        Ok(plan)
    }

    /// What [`Run::redo`] would do, with the database as it is now.
    ///
    /// # Errors
    /// Those of [`Run::rehearse_down`].
    pub async fn rehearse_redo(&self, target: &Target) -> Result<Vec<Rehearsed>> {
        let mut plan = self.rehearse_down(target).await?;
        let revisions = self.app.history.load()?;
        let is_reverted = |name: &String| plan.iter().any(|it| it.name == *name);
        let again = revisions.list.iter().enumerate().filter(|(_, it)| is_reverted(&it.name));
        let positions: Vec<usize> = again.map(|(at, _)| at).collect();
        plan.extend(rehearse(self.dialect(), &revisions, &positions, Way::Up, None)?);
        Ok(plan)
    }

    /// What [`Run::refresh`] would do, with the database as it is now.
    ///
    /// # Errors
    /// Those of [`Run::refresh`].
    pub async fn rehearse_refresh(&self) -> Result<Vec<Rehearsed>> {
        let mut plan = self.rehearse_down(&Target::Base).await?;
        plan.extend(self.rehearse_forgetting().await?);
        plan.extend(self.rehearse_all(&self.app.history.load()?)?);
        Ok(plan)
    }

    /// What [`Run::reset`] would do, with the database as it is now.
    ///
    /// # Errors
    /// Those of [`Run::reset`].
    pub async fn rehearse_reset(&self) -> Result<Vec<Rehearsed>> {
        let revisions = self.app.history.load()?;
        let mut plan = self.rehearse_down(&Target::Base).await?;
        plan.extend(self.rehearse_forgetting().await?);
        let records = Records::of(&revisions, self.dialect());
        if records.missing(self.db).await?.is_empty() {
            plan.push(Rehearsed::by_itself("the history is forgotten", records.forgetting()));
        }
        Ok(plan)
    }

    /// What forgets the offers of default rows when no table is left that they could be in.
    async fn rehearse_forgetting(&self) -> Result<Option<Rehearsed>> {
        if !catalog::has_table(self.db, seed::JOURNAL).await? {
            return Ok(None);
        }
        let history = renderer(self.dialect()).text(&self.app.history.load()?.table);
        let forget = format!("DELETE FROM {} WHERE history = {history}", seed::JOURNAL);
        Ok(Some(Rehearsed::by_itself("the default rows are to be offered again", vec![forget])))
    }

    /// What is done to each revision from the first to the last.
    fn rehearse_all(&self, revisions: &Revisions<'_>) -> Result<Vec<Rehearsed>> {
        let positions: Vec<usize> = (0..revisions.list.len()).collect();
        rehearse(self.dialect(), revisions, &positions, Way::Up, None)
    }

    /// The statements by which a run would first create the tables of its records.
    ///
    /// # Errors
    /// [`MigrationError::Record`].
    pub async fn rehearse_records(&self) -> Result<Vec<String>> {
        let revisions = self.app.history.load()?;
        Records::of(&revisions, self.dialect()).missing(self.db).await
    }

    async fn rehearse(
        &self,
        way: Way,
        choose: impl FnOnce(&[Standing]) -> Result<Vec<usize>, TargetError>,
    ) -> Result<Vec<Rehearsed>> {
        let revisions = self.app.history.load()?;
        let records = Records::of(&revisions, self.dialect());
        let (standings, open) = records.look(self.db, &revisions).await?;
        let standings = without_missing(standings)?;
        let mut positions = choose(&standings).map_err(MigrationError::from)?;
        let open = match still_open(self.db, open, &standings).await? {
            // It is being done: whoever goes on waits for that, and looks again.
            Some(_) if lock::is_held(self.db).await? => None,
            open => open,
        };
        if let Some(open) = &open {
            resume_first(open, way, &standings, &mut positions)?;
        }
        rehearse(self.dialect(), &revisions, &positions, way, open.as_ref())
    }

    /// Drops every table, then applies everything.
    ///
    /// # Errors
    /// Those of [`App::up`]; [`MigrationError::DropTables`].
    pub async fn fresh(&self, choice: &Choice) -> Result<Report> {
        let revisions = self.app.history.load()?;
        let all = self.app.seeders()?;
        let chosen = choose(&all, choice)?;
        let runner = self.start(&revisions).await?;
        let report = async {
            runner.drop_tables().await?;
            self.refill(&runner, &revisions, &all, &chosen).await
        };
        let report = runner.locked(report).await;
        runner.finish(report).await
    }

    /// Reverts everything, then applies everything.
    ///
    /// # Errors
    /// Those of [`App::up`].
    pub async fn refresh(&self, choice: &Choice) -> Result<(Vec<Ran>, Report)> {
        let revisions = self.app.history.load()?;
        let all = self.app.seeders()?;
        let chosen = choose(&all, choice)?;
        without_missing(self.app.standings_of(self.db, &revisions).await?)?;
        let runner = self.start(&revisions).await?;
        let done = async {
            let reverted = runner.down(&Target::Base, None).await?;
            self.seeds(&revisions, &all).forget_gone().await?;
            Ok((reverted, self.refill(&runner, &revisions, &all, &chosen).await?))
        };
        let done = runner.locked(done).await;
        runner.finish(done).await
    }

    /// Reverts as far as `target`, then applies again what was reverted, and offers the default rows
    /// of tables that are new; nothing unless what is reverted is what is `expected`.
    ///
    /// # Errors
    /// Those of [`Run::down`] and [`App::up`].
    pub async fn redo(
        &self,
        target: &Target,
        expected: Option<&[String]>,
        choice: &Choice,
    ) -> Result<(Vec<Ran>, Report)> {
        let began = Instant::now();
        let revisions = self.app.history.load()?;
        let all = self.app.seeders()?;
        let chosen = choose(&all, choice)?;
        without_missing(self.app.standings_of(self.db, &revisions).await?)?;
        let runner = self.start(&revisions).await?;
        let done = async {
            let reverted = runner.down(target, expected).await?;
            let seeds = self.seeds(&revisions, &all);
            seeds.forget_gone().await?;
            // The newest was reverted first.
            let (applied, pending) = match reverted.first() {
                Some(newest) => runner.up(&Target::Revision(newest.name.clone()), true).await?,
                None => (Vec::new(), runner.pending().await?),
            };
            let seeded = seeds.run(&chosen, Mode::Offer).await?;
            Ok((reverted, Report { applied, seeded, pending, took: began.elapsed() }))
        };
        let done = runner.locked(done).await;
        runner.finish(done).await
    }

    /// Records the revisions up to `target` as applied and forgets the later ones, without running any:
    /// for a database that has what they make already, or has it no more. Nothing unless that is what
    /// is `expected`.
    ///
    /// # Errors
    /// Those of [`Run::down`]; [`MigrationError::Interrupted`] while a migration is half done.
    pub async fn stamp(&self, target: &Target, expected: Option<&Stamp>) -> Result<Stamp> {
        let revisions = self.app.history.load()?;
        without_missing(self.app.standings_of(self.db, &revisions).await?)?;
        let runner = self.start(&revisions).await?;
        let stamped = runner.locked(runner.stamp(target, expected)).await;
        runner.finish(stamped).await
    }

    /// What [`Run::stamp`] would do, and its statements.
    ///
    /// # Errors
    /// Those of [`App::pending`], and a target that names no revision or several.
    pub async fn rehearse_stamp(&self, target: &Target) -> Result<(Stamp, Vec<String>)> {
        let revisions = self.app.history.load()?;
        let standings = without_missing(self.app.standings_of(self.db, &revisions).await?)?;
        let stamp = Stamp::of(&revisions, &standings, target)?;
        let records = Records::of(&revisions, self.dialect());
        let mut statements = records.missing(self.db).await?;
        statements.extend(stamp.statements(&revisions, &records, Took::InScript));
        Ok((stamp, statements))
    }

    /// Reverts everything, and forgets that there was a history.
    ///
    /// # Errors
    /// Those of [`App::up`].
    pub async fn reset(&self) -> Result<Vec<Ran>> {
        let revisions = self.app.history.load()?;
        let all = self.app.seeders()?;
        without_missing(self.app.standings_of(self.db, &revisions).await?)?;
        let runner = self.start(&revisions).await?;
        let reverted = async {
            let reverted = runner.down(&Target::Base, None).await?;
            self.seeds(&revisions, &all).forget_gone().await?;
            runner.uninstall().await?;
            Ok(reverted)
        };
        let reverted = runner.locked(reverted).await;
        runner.finish(reverted).await
    }

    async fn refill(
        &self,
        runner: &Runner<'_>,
        revisions: &Revisions<'_>,
        all: &[Seeder],
        chosen: &[&Seeder],
    ) -> Result<Report> {
        let began = Instant::now();
        let (applied, pending) = runner.up(&Target::Head, true).await?;
        let seeded = self.seeds(revisions, all).run(chosen, Mode::Offer).await?;
        Ok(Report { applied, seeded, pending, took: began.elapsed() })
    }

    /// Runs the seeders, under the lock unless there is nothing to write.
    ///
    /// # Errors
    /// [`MigrationError::UnknownSeeder`], [`MigrationError::BadSeed`],
    /// [`MigrationError::SeedReference`], [`MigrationError::SeedFailed`], and those of the lock.
    pub async fn seed(&self, choice: &Choice, mode: Mode) -> Result<Vec<Seeded>> {
        let revisions = self.app.history.load()?;
        let all = self.app.seeders()?;
        let chosen = choose(&all, choice)?;
        let seeds = self.seeds(&revisions, &all);
        if mode == Mode::Rehearse {
            return seeds.run(&chosen, mode).await;
        }
        if mode == Mode::Offer && seeds.all_offered(&chosen).await? {
            return Ok(chosen.iter().map(|seeder| seeder.nothing_to_do()).collect());
        }
        let runner = self.start(&revisions).await?;
        let seeded = async {
            runner.back_up().await?;
            seeds.run(&chosen, mode).await
        };
        let seeded = runner.locked(seeded).await;
        runner.finish(seeded).await
    }

    /// How the default rows and the database differ. Changes nothing.
    ///
    /// # Errors
    /// [`MigrationError::UnknownSeeder`], [`MigrationError::BadSeed`], [`crate::Error::Database`].
    pub async fn verify_seeds(&self, choice: &Choice) -> Result<Vec<Difference>> {
        let revisions = self.app.history.load()?;
        let all = self.app.seeders()?;
        self.seeds(&revisions, &all).verify(&choose(&all, choice)?).await
    }

    pub(super) fn seeds<'s>(
        &'s self,
        revisions: &'s Revisions<'s>,
        all: &'s [Seeder],
    ) -> Seeds<'s> {
        Seeds { db: self.db, all, terms: &self.terms, revisions }
    }
}

/// The seeders that are meant, in their order.
///
/// # Errors
/// [`MigrationError::UnknownSeeder`] for a name that none has.
pub(crate) fn choose<'s>(all: &'s [Seeder], choice: &Choice) -> Result<Vec<&'s Seeder>> {
    for name in choice.only.iter().chain(&choice.skip) {
        if !all.iter().any(|seeder| seeder.name == *name) {
            return Err(MigrationError::UnknownSeeder {
                name: name.clone(),
                known: all.iter().map(|seeder| seeder.name.clone()).collect(),
            }
            .into());
        }
    }
    let wanted = |seeder: &&Seeder| {
        (choice.only.is_empty() || choice.only.contains(&seeder.name))
            && !choice.skip.contains(&seeder.name)
    };
    Ok(all.iter().filter(wanted).collect())
}
