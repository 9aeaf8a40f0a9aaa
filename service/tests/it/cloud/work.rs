//! Workers take jobs and say how they go.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use entity::cloud::{cloud_machine, deployment_job};
use futures_util::future::join_all;
use sea_orm::{ActiveModelTrait, ActiveValue::Set, DatabaseConnection, EntityTrait};
use service::{
    Error, World,
    cloud::job::{self, DeploymentJobStatus::*, LONGEST_ERROR, Progress},
    rights::WorkDeployments,
    rule::Rule,
};

use super::{is_refused, job::cancel, machine, world};
use crate::people::admin;

plimsoll::on_every_database!(migration::app:
    of_workers_that_ask_at_once_each_takes_other_jobs,
    the_job_that_has_waited_for_longest_is_taken_first,
    who_has_a_job_says_how_it_goes_and_nobody_else,
    a_job_that_cannot_be_done_says_why,
    a_worker_learns_that_its_job_is_cancelled,
    a_job_whose_worker_is_silent_for_too_long_waits_again,
    a_job_whose_machine_is_gone_is_given_to_nobody,
);

async fn waiting(
    db: &DatabaseConnection,
    name: &str,
    machine_id: Option<i64>,
) -> deployment_job::Model {
    let row = deployment_job::ActiveModel {
        job_id: Set(name.to_owned()),
        machine_id: Set(machine_id),
        ..Default::default()
    };
    row.insert(db).await.unwrap()
}

async fn stored(db: &DatabaseConnection, id: i64) -> deployment_job::Model {
    deployment_job::Entity::find_by_id(id).one(db).await.unwrap().unwrap()
}

async fn of_workers_that_ask_at_once_each_takes_other_jobs(db: &DatabaseConnection) {
    let by = &admin::<WorkDeployments>(db).await;
    let machine = machine(db, "a").await;
    let (workers, each) = (8, 25);
    let rows = (0..workers * each).map(|at| deployment_job::ActiveModel {
        job_id: Set(format!("job {at}")),
        machine_id: Set(Some(machine.id)),
        ..Default::default()
    });
    deployment_job::Entity::insert_many(rows).exec_without_returning(db).await.unwrap();
    let world = &World::system();

    let taken = join_all((0..workers).map(|at| async move {
        let (name, mut ids) = (format!("worker {at}"), Vec::new());
        while let Some(job) = job::claim(db, world, by, &name).await.unwrap() {
            assert_eq!((job.status, job.claimed_by.as_deref()), (Running, Some(name.as_str())));
            job::complete(db, world, by, &name, job.id).await.unwrap();
            ids.push(job.id);
        }
        ids
    }))
    .await
    .concat();

    assert_eq!(taken.len(), workers * each);
    assert_eq!(taken.iter().collect::<BTreeSet<_>>().len(), workers * each);
    let jobs = deployment_job::Entity::find().all(db).await.unwrap();
    assert!(jobs.iter().all(|job| job.status == Completed && job.progress_percent == 100));
}

async fn the_job_that_has_waited_for_longest_is_taken_first(db: &DatabaseConnection) {
    let by = &admin::<WorkDeployments>(db).await;
    let (world, _) = world();
    let (machine, now) = (machine(db, "a").await, world.clock.now());
    for (name, minutes) in [("second", 2), ("third", 1), ("first", 3)] {
        let row = deployment_job::ActiveModel {
            job_id: Set(name.to_owned()),
            machine_id: Set(Some(machine.id)),
            created_at: Set(now - TimeDelta::minutes(minutes)),
            ..Default::default()
        };
        row.insert(db).await.unwrap();
    }

    for name in ["first", "second", "third"] {
        let job = job::claim(db, &world, by, "one").await.unwrap().unwrap();

        assert_eq!(job.job_id, name);
        assert_eq!((job.started_at, job.claimed_at), (Some(now), Some(now)));
    }
    assert_eq!(job::claim(db, &world, by, "one").await.unwrap(), None);
    let nameless = job::claim(db, &world, by, "").await;
    assert!(matches!(nameless, Err(Error::Invalid { kind: "worker", .. })), "{nameless:?}");
}

async fn who_has_a_job_says_how_it_goes_and_nobody_else(db: &DatabaseConnection) {
    let by = &admin::<WorkDeployments>(db).await;
    let (world, clock) = world();
    let id = waiting(db, "job", Some(machine(db, "a").await.id)).await.id;
    let nothing = &Progress::default();
    let early = job::progress(db, &world, by, "one", id, nothing).await;
    assert!(is_refused(&early, Rule::Transition), "{early:?}");
    let claimed = job::claim(db, &world, by, "one").await.unwrap().unwrap();

    for other in [
        job::progress(db, &world, by, "two", id, nothing).await,
        job::complete(db, &world, by, "two", id).await,
        job::fail(db, &world, by, "two", id, "no").await,
    ] {
        assert!(is_refused(&other, Rule::Claimed), "{other:?}");
    }
    let now = clock.advance(TimeDelta::minutes(1));
    let said = Progress {
        phase: Some("os_install".to_owned()),
        percent: Some(40),
        log: Some("one\0\n".to_owned()),
        rendered_cloud_init: Some("#cloud-config".to_owned()),
    };
    let there = job::progress(db, &world, by, "one", id, &said).await.unwrap();
    let said = Progress { percent: Some(20), log: Some("two\n".to_owned()), ..Progress::default() };
    let back = job::progress(db, &world, by, "one", id, &said).await.unwrap();

    assert_eq!((there.started_at, there.claimed_at), (claimed.started_at, Some(now)));
    assert_eq!((there.current_phase.as_deref(), there.progress_percent), (Some("os_install"), 40));
    assert_eq!(there.rendered_cloud_init.as_deref(), Some("#cloud-config"));
    assert_eq!((back.current_phase, back.progress_percent), (there.current_phase, 40));
    assert_eq!(back.log_output.as_deref(), Some("one\ntwo\n"));
    let beyond = Progress { percent: Some(101), ..Progress::default() };
    let beyond = job::progress(db, &world, by, "one", id, &beyond).await;
    assert!(matches!(beyond, Err(Error::Invalid { kind: "progress_percent", .. })), "{beyond:?}");
    let done = job::complete(db, &world, by, "one", id).await.unwrap();
    assert_eq!((done.status, done.progress_percent), (Completed, 100));
    assert_eq!((done.completed_at, done.claimed_by.as_deref()), (Some(now), Some("one")));
    for late in [
        job::progress(db, &world, by, "one", id, nothing).await,
        job::complete(db, &world, by, "one", id).await,
        job::fail(db, &world, by, "one", id, "no").await,
        cancel(db, id).await,
    ] {
        assert!(is_refused(&late, Rule::Transition), "{late:?}");
    }
    assert_eq!(stored(db, id).await, done);
    let missing = job::complete(db, &world, by, "one", 404).await;
    assert!(matches!(missing, Err(Error::NotFound { kind: "deployment job", .. })), "{missing:?}");
}

/// Also when the clock of whoever ends it is behind.
async fn a_job_that_cannot_be_done_says_why(db: &DatabaseConnection) {
    let by = &admin::<WorkDeployments>(db).await;
    let (world, clock) = world();
    let id = waiting(db, "job", Some(machine(db, "a").await.id)).await.id;
    let began = job::claim(db, &world, by, "one").await.unwrap().unwrap().started_at;
    clock.advance(TimeDelta::seconds(-5));

    let why = format!("no\0 power: {}", "x".repeat(LONGEST_ERROR));
    let failed = job::fail(db, &world, by, "one", id, &why).await.unwrap();

    assert_eq!((failed.status, failed.completed_at), (Failed, began));
    let why = failed.error_message.unwrap();
    assert!(why.starts_with("no power: x") && why.len() == LONGEST_ERROR, "{}", why.len());
    assert_eq!(job::claim(db, &world, by, "one").await.unwrap(), None);
}

async fn a_worker_learns_that_its_job_is_cancelled(db: &DatabaseConnection) {
    let by = &admin::<WorkDeployments>(db).await;
    let (world, _) = world();
    let id = waiting(db, "job", Some(machine(db, "a").await.id)).await.id;
    job::claim(db, &world, by, "one").await.unwrap().unwrap();
    cancel(db, id).await.unwrap();

    let told = job::progress(db, &world, by, "one", id, &Progress::default()).await;

    let Err(Error::Refused { rule: Rule::Transition, because }) = &told else {
        panic!("{told:?}");
    };
    assert!(because.contains("is cancelled"), "{because}");
    assert_eq!(stored(db, id).await.status, Cancelled);
}

async fn a_job_whose_worker_is_silent_for_too_long_waits_again(db: &DatabaseConnection) {
    let by = &admin::<WorkDeployments>(db).await;
    let (world, clock) = world();
    let id = waiting(db, "job", Some(machine(db, "a").await.id)).await.id;
    let limit = TimeDelta::minutes(5);
    let said = &Progress {
        phase: Some("power_on".to_owned()),
        percent: Some(10),
        log: Some("on\n".to_owned()),
        ..Progress::default()
    };
    job::claim(db, &world, by, "one").await.unwrap().unwrap();
    clock.advance(TimeDelta::minutes(4));
    job::progress(db, &world, by, "one", id, said).await.unwrap();
    clock.advance(TimeDelta::minutes(4));

    let early = job::release_stale(db, &world, by, limit).await.unwrap();
    let now = clock.advance(TimeDelta::minutes(4));
    let late = job::release_stale(db, &world, by, limit).await.unwrap();

    assert_eq!((early, late), (0, 1));
    let row = stored(db, id).await;
    assert_eq!((row.status, row.progress_percent), (Pending, 0));
    assert_eq!((row.claimed_by, row.claimed_at, row.started_at), (None, None, None));
    assert_eq!((row.current_phase, row.log_output.as_deref()), (None, Some("on\n")));
    let gone = job::progress(db, &world, by, "one", id, said).await;
    assert!(is_refused(&gone, Rule::Transition), "{gone:?}");
    let again = job::claim(db, &world, by, "two").await.unwrap().unwrap();
    assert_eq!((again.id, again.started_at), (id, Some(now)));
    let gone = job::progress(db, &world, by, "one", id, said).await;
    assert!(is_refused(&gone, Rule::Claimed), "{gone:?}");
    for wrong in [TimeDelta::zero(), -limit, TimeDelta::days(365 * 300), TimeDelta::MAX] {
        let wrong = job::release_stale(db, &world, by, wrong).await;
        assert!(matches!(wrong, Err(Error::Invalid { .. })), "{wrong:?}");
    }
}

async fn a_job_whose_machine_is_gone_is_given_to_nobody(db: &DatabaseConnection) {
    let by = &admin::<WorkDeployments>(db).await;
    let (world, _) = world();
    let (gone, there) = (machine(db, "a").await, machine(db, "b").await);
    let orphan = waiting(db, "orphan", Some(gone.id)).await;
    let next = waiting(db, "next", Some(there.id)).await;
    cloud_machine::Entity::delete_by_id(gone.id).exec(db).await.unwrap();

    let taken = job::claim(db, &world, by, "one").await.unwrap().unwrap();

    assert_eq!(taken.id, next.id);
    let orphan = stored(db, orphan.id).await;
    assert_eq!((orphan.status, orphan.machine_id), (Failed, None));
    assert_eq!(orphan.error_message.as_deref(), Some("the machine is gone"));
}
