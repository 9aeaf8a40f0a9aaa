//! Deployment jobs: asked for by people, taken and done by workers.
//!
//! A job waits until one worker takes it (`pending`), runs (`running`), and ends once: `completed`,
//! `failed` or `cancelled`. Only the worker that has it says how it goes; one that says nothing for
//! too long loses it, and the job waits again.

mod request;
mod work;

use chrono::{DateTime, Utc};
use entity::cloud::deployment_job::{Column, Entity};
pub use entity::cloud::deployment_job::{DeploymentJobStatus, Model};
use sea_orm::{
    ActiveEnum as _, ActiveValue::Set, ConnectionTrait, DatabaseTransaction, IntoActiveModel as _,
};

pub use self::{
    request::{NewJob, Target, request},
    work::{LONGEST_ERROR, LONGEST_LOG, Progress, claim, complete, fail, progress, release_stale},
};
use super::Deployments;
use crate::{
    Error, Result,
    audit::Audited,
    deletion::{self, Deletion},
    lookup::by_text,
    records::{self, Record},
    rights::{CancelDeployments, DeleteDeployments, Granted, ReadDeployments},
    rule::Rule,
};

const KIND: &str = "deployment job";

impl Record for Entity {
    type Domain = Deployments;

    const KIND: &'static str = KIND;
}

/// The job that other systems know by that name.
///
/// # Errors
/// [`Error::NotFound`] if there is none.
pub async fn by_job_id(
    db: &impl ConnectionTrait,
    _by: &Granted<ReadDeployments>,
    job_id: &str,
) -> Result<Model> {
    by_text::<Entity>(db, Column::JobId, job_id, |job| Some(&job.job_id))
        .await?
        .ok_or_else(|| Error::not_found(KIND, job_id))
}

/// Cancels a job that waits or runs. The worker that has it is told when it next says how it goes.
///
/// # Errors
/// [`Error::NotFound`] if there is no such job, [`Rule::Transition`] if it has ended.
pub async fn cancel(unit: &Audited<'_>, by: &Granted<CancelDeployments>, id: i64) -> Result<Model> {
    let job = records::locked::<Entity>(unit.tx(), id).await?;
    if has_ended(job.status) {
        let because = format!("{KIND} `{id}` is {} already", job.status.to_value());
        return Err(Rule::Transition.refuses(because));
    }
    let job = end(unit.tx(), unit.now(), job, DeploymentJobStatus::Cancelled, None).await?;
    unit.record(records::did::<Entity>(by.to(), "cancel", &job));
    Ok(job)
}

/// Removes a job that has ended, and says what went with it.
///
/// # Errors
/// [`Error::NotFound`] if there is no such job, [`Rule::InUse`] if it waits or runs.
pub async fn delete(
    unit: &Audited<'_>,
    by: &Granted<DeleteDeployments>,
    id: i64,
) -> Result<Deletion> {
    let job = records::locked::<Entity>(unit.tx(), id).await?;
    if !has_ended(job.status) {
        let because = format!("{KIND} `{id}` is {}: cancel it first", job.status.to_value());
        return Err(Rule::InUse.refuses(because));
    }
    let deletion = deletion::delete::<Entity>(unit.tx(), KIND, id).await?;
    unit.record(records::did::<Entity>(by.to(), "delete", &job));
    Ok(deletion)
}

fn has_ended(status: DeploymentJobStatus) -> bool {
    match status {
        DeploymentJobStatus::Pending | DeploymentJobStatus::Running => false,
        DeploymentJobStatus::Completed
        | DeploymentJobStatus::Failed
        | DeploymentJobStatus::Cancelled => true,
    }
}

/// Writes down how a job that is held has ended.
async fn end(
    tx: &DatabaseTransaction,
    now: DateTime<Utc>,
    job: Model,
    status: DeploymentJobStatus,
    error: Option<String>,
) -> Result<Model> {
    // The clock of the process that it began by can be ahead of ours.
    let ended = job.started_at.map_or(now, |started| started.max(now));
    let mut row = job.into_active_model();
    row.status = Set(status);
    row.completed_at = Set(Some(ended));
    row.error_message.set_ne(error);
    if status == DeploymentJobStatus::Completed {
        row.progress_percent.set_ne(100);
    }
    records::write::<Entity>(tx, now, row).await
}
