//! Doing jobs. What workers say comes often, and is not in the audit log.

use std::fmt;

use chrono::TimeDelta;
use entity::cloud::deployment_job::{
    ActiveModel, Column, DeploymentJobStatus as Status, Entity, Model,
};
use sea_orm::{
    ActiveEnum as _, ActiveValue::Set, ColumnTrait as _, Condition, DatabaseConnection,
    DatabaseTransaction, EntityTrait as _, IntoActiveModel as _, QueryFilter as _,
};

use super::{KIND, end};
use crate::{
    Result, World,
    claim::first,
    records,
    rights::{Granted, WorkDeployments},
    rule::Rule,
    text::invalid,
    transaction,
    world::is_kept,
};

/// The most characters of its log that a job keeps: the end of it.
pub const LONGEST_LOG: usize = 100_000;

/// The most characters that a job keeps of why it failed: the beginning.
pub const LONGEST_ERROR: usize = 10_000;

/// What a worker says of a job that it has. What is `None` is as it was.
#[derive(Clone, Default)]
pub struct Progress {
    /// What it is at, in up to 255 characters.
    pub phase: Option<String>,
    /// How far it is, from 0 to 100. It never goes back: a lesser number than before changes
    /// nothing.
    pub percent: Option<u8>,
    /// What is put behind the log.
    pub log: Option<String>,
    /// What the machine was told. There can be passwords in it.
    pub rendered_cloud_init: Option<String>,
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told = self.rendered_cloud_init.as_ref().map(|_| "***");
        f.debug_struct("Progress")
            .field("phase", &self.phase)
            .field("percent", &self.percent)
            .field("log", &self.log)
            .field("rendered_cloud_init", &told)
            .finish()
    }
}

/// Takes the job that has waited for longest, if any waits; it runs from then on. Of workers that
/// ask at once each takes another. A job whose machine is gone fails instead.
///
/// # Errors
/// [`Error::Invalid`](crate::Error::Invalid) for a worker whose name is not of 1 to 255 characters.
pub async fn claim(
    db: &DatabaseConnection,
    world: &World,
    _by: &Granted<WorkDeployments>,
    worker: &str,
) -> Result<Option<Model>> {
    let worker = &crate::claim::worker(worker)?;
    let clock = &world.clock;
    transaction::committed()
        .transaction(db, |tx, _| {
            Box::pin(async move {
                let now = clock.now();
                loop {
                    let waits = Condition::all().add(Column::Status.eq(Status::Pending));
                    let order = [Column::CreatedAt, Column::Id];
                    let taken = first::<Entity>(tx, waits, Column::Id, &order, |jobs| {
                        jobs.set(ActiveModel {
                            status: Set(Status::Running),
                            claimed_by: Set(Some(worker.clone())),
                            claimed_at: Set(Some(now)),
                            started_at: Set(Some(now)),
                            ..Default::default()
                        })
                    })
                    .await?;
                    match taken {
                        Some(job) if !has_target(&job) => {
                            let error = Some("the machine is gone".to_owned());
                            end(tx, now, job, Status::Failed, error).await?;
                        }
                        taken => return Ok(taken),
                    }
                }
            })
        })
        .await
}

/// Says how a job goes, and that its worker is there still.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound) if there is no such job, [`Rule::Transition`] if it
/// does not run (any more), [`Rule::Claimed`] if another worker has it,
/// [`Error::Invalid`](crate::Error::Invalid) for a phase that is too long or a number above 100.
pub async fn progress(
    db: &DatabaseConnection,
    world: &World,
    _by: &Granted<WorkDeployments>,
    worker: &str,
    id: i64,
    said: &Progress,
) -> Result<Model> {
    let clock = &world.clock;
    transaction::committed()
        .transaction(db, |tx, _| {
            Box::pin(async move {
                let job = held(tx, worker, id).await?;
                let percent = said.percent.map(|percent| job.progress_percent.max(percent.into()));
                let log = said.log.as_deref();
                let log = log.map(|more| appended(job.log_output.as_deref(), more));
                let now = clock.now();
                let mut row = job.into_active_model();
                row.claimed_at = Set(Some(now));
                if let Some(phase) = &said.phase {
                    row.current_phase = Set(Some(phase.clone()));
                }
                if let Some(percent) = percent {
                    row.progress_percent = Set(percent);
                }
                if log.is_some() {
                    row.log_output = Set(log);
                }
                if let Some(told) = &said.rendered_cloud_init {
                    row.rendered_cloud_init = Set(Some(without_nul(told)));
                }
                records::write::<Entity>(tx, now, row).await
            })
        })
        .await
}

/// Says that a job is done.
///
/// # Errors
/// As for [`progress`], but for what is said there.
pub async fn complete(
    db: &DatabaseConnection,
    world: &World,
    _by: &Granted<WorkDeployments>,
    worker: &str,
    id: i64,
) -> Result<Model> {
    ended(db, world, worker, id, Status::Completed, None).await
}

/// Says that a job cannot be done, and why.
///
/// # Errors
/// As for [`complete`].
pub async fn fail(
    db: &DatabaseConnection,
    world: &World,
    _by: &Granted<WorkDeployments>,
    worker: &str,
    id: i64,
    error: &str,
) -> Result<Model> {
    let error = without_nul(error).chars().take(LONGEST_ERROR).collect();
    ended(db, world, worker, id, Status::Failed, Some(error)).await
}

/// Lets those jobs wait again whose workers have said nothing for so long, and says how many that
/// were. They begin anew; their logs stay.
///
/// # Errors
/// [`Error::Invalid`](crate::Error::Invalid) for a time that is not longer than none, or that goes
/// back before 1970.
pub async fn release_stale(
    db: &DatabaseConnection,
    world: &World,
    _by: &Granted<WorkDeployments>,
    older_than: TimeDelta,
) -> Result<u64> {
    let now = world.clock.now();
    let since = now.checked_sub_signed(older_than).filter(|since| *since < now && is_kept(*since));
    let Some(since) = since else {
        let problem = "it is longer than none, and does not go back before 1970";
        return Err(invalid("time without a word", &older_than.to_string(), problem));
    };
    transaction::committed()
        .transaction(db, |tx, _| {
            Box::pin(async move {
                let again = ActiveModel {
                    status: Set(Status::Pending),
                    current_phase: Set(None),
                    progress_percent: Set(0),
                    claimed_by: Set(None),
                    claimed_at: Set(None),
                    started_at: Set(None),
                    ..Default::default()
                };
                let released = Entity::update_many()
                    .set(again)
                    .filter(Column::Status.eq(Status::Running))
                    .filter(Column::ClaimedAt.lt(since))
                    .exec(tx)
                    .await?;
                Ok(released.rows_affected)
            })
        })
        .await
}

/// Ends a job that the worker has.
async fn ended(
    db: &DatabaseConnection,
    world: &World,
    worker: &str,
    id: i64,
    to: Status,
    error: Option<String>,
) -> Result<Model> {
    let (clock, error) = (&world.clock, &error);
    transaction::committed()
        .transaction(db, |tx, _| {
            Box::pin(async move {
                let job = held(tx, worker, id).await?;
                end(tx, clock.now(), job, to, error.clone()).await
            })
        })
        .await
}

/// The job, held, if it runs and the worker has it.
async fn held(tx: &DatabaseTransaction, worker: &str, id: i64) -> Result<Model> {
    let job = records::locked::<Entity>(tx, id).await?;
    if job.status != Status::Running {
        let because = format!("{KIND} `{id}` is {}, and does not run", job.status.to_value());
        return Err(Rule::Transition.refuses(because));
    }
    if job.claimed_by.as_deref() != Some(worker) {
        let because = format!("another worker than `{worker}` has {KIND} `{id}`");
        return Err(Rule::Claimed.refuses(because));
    }
    Ok(job)
}

fn has_target(job: &Model) -> bool {
    job.machine_id.or(job.server_id).or(job.ipxe_machine_id).is_some()
}

/// A log with more behind it. Of one that becomes too long the beginning goes.
fn appended(log: Option<&str>, more: &str) -> String {
    let mut log = format!("{}{}", log.unwrap_or_default(), without_nul(more));
    let cut = log.char_indices().rev().nth(LONGEST_LOG - 1).map_or(0, |(at, _)| at);
    log.split_off(cut)
}

/// What machines write can have anything in it, and `PostgreSQL` keeps no NUL character.
fn without_nul(text: &str) -> String {
    text.replace('\0', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_machine_was_told_is_not_shown() {
        let told = Some("chpasswd: root:hunter2".to_owned());
        let said = Progress { percent: Some(7), rendered_cloud_init: told, ..Progress::default() };

        let shown = format!("{said:?}");

        assert!(shown.contains("percent: Some(7)") && !shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn of_a_log_that_becomes_too_long_the_end_is_kept() {
        let long = "ñ".repeat(LONGEST_LOG);

        assert_eq!(appended(None, "one\0\n"), "one\n");
        assert_eq!(appended(Some("one\n"), "two\n"), "one\ntwo\n");
        assert_eq!(appended(Some("one\n"), &long), long);
        let cut = appended(Some(&long), "end");
        assert_eq!(cut.chars().count(), LONGEST_LOG);
        assert!(cut.starts_with('ñ') && cut.ends_with("ñend"));
    }
}
