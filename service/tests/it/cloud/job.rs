//! Deployments are asked for, cancelled and removed.

use entity::{
    cloud::{cloud_init_template::CloudInitTemplateType, deployment_job, lxd_cluster},
    netboot::{egg, ipxe_image, ipxe_machine},
};
use plimsoll::retry::BoxFuture;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, DatabaseConnection, EntityTrait, PaginatorTrait,
};
use serde_json::json;
use service::{
    Error, Result, World,
    audit::audited,
    cloud::{
        job::{self, DeploymentJobStatus, NewJob, Target},
        machine::MachineStatus::Terminated,
    },
    deletion::Deletion,
    rights::{
        Actor, CancelDeployments, CreateDeployments, DeleteDeployments, Granted, ReadDeployments,
        UpdateCloud, WorkDeployments,
    },
    rule::Rule,
};

use super::{
    change,
    defaults::{choose_packages, choose_template, packages, template},
    is_refused, machine, put_out_of_use, rack, told,
};
use crate::people::admin;

plimsoll::on_every_database!(migration::app:
    who_names_nothing_gets_the_defaults,
    who_names_something_gets_that,
    a_deployment_is_for_one_machine_of_any_kind,
    what_is_not_there_or_out_of_use_is_not_deployed,
    a_job_that_waits_or_runs_is_cancelled_and_then_removed,
);

async fn ask(
    db: &DatabaseConnection,
    by: &Granted<CreateDeployments>,
    new: NewJob,
) -> Result<deployment_job::Model> {
    let (world, new) = (&World::system(), &new);
    audited(db, world, |unit, _| {
        Box::pin(job::request(unit, by, world, new.clone())) as BoxFuture<'_, _>
    })
    .await
}

pub(super) async fn cancel(db: &DatabaseConnection, id: i64) -> Result<deployment_job::Model> {
    let by = &admin::<CancelDeployments>(db).await;
    audited(db, &World::system(), |unit, _| Box::pin(job::cancel(unit, by, id))).await
}

async fn delete(db: &DatabaseConnection, id: i64) -> Result<Deletion> {
    let by = &admin::<DeleteDeployments>(db).await;
    audited(db, &World::system(), |unit, _| Box::pin(job::delete(unit, by, id))).await
}

async fn image(db: &DatabaseConnection, name: &str, is_active: bool) -> i64 {
    let row = ipxe_image::ActiveModel {
        name: Set(name.to_owned()),
        display_name: Set(name.to_owned()),
        is_active: Set(is_active),
        ..Default::default()
    };
    row.insert(db).await.unwrap().id
}

async fn lay(db: &DatabaseConnection, name: &str, is_active: bool) {
    let row = egg::ActiveModel {
        name: Set(name.to_owned()),
        display_name: Set(name.to_owned()),
        egg_type: Set(egg::EggType::Snap),
        is_active: Set(is_active),
        ..Default::default()
    };
    row.insert(db).await.unwrap();
}

async fn who_names_nothing_gets_the_defaults(db: &DatabaseConnection) {
    let by = &admin::<CreateDeployments>(db).await;
    let update = &admin::<UpdateCloud>(db).await;
    let machine = machine(db, "a").await;
    let new = NewJob::of(Target::Machine(machine.id));

    let bare = ask(db, by, new.clone()).await.unwrap();
    let user_data = template(db, "user data", CloudInitTemplateType::UserData).await;
    let meta_data = template(db, "meta data", CloudInitTemplateType::MetaData).await;
    let set = packages(db, "base").await;
    choose_template(db, update, meta_data).await.unwrap();
    choose_template(db, update, user_data).await.unwrap();
    choose_packages(db, update, set).await.unwrap();
    let job = ask(db, by, new).await.unwrap();

    assert_eq!((bare.cloud_init_template_id, bare.package_config_id), (None, None));
    assert_eq!(job.cloud_init_template_id, Some(user_data));
    assert_eq!(job.package_config_id, Some(set));
    assert_eq!((job.status, job.progress_percent), (DeploymentJobStatus::Pending, 0));
    assert_eq!((job.job_type.as_str(), job.eggs_to_deploy), ("provision", json!([])));
    assert_eq!((job.claimed_by, job.started_at, job.completed_at), (None, None, None));
    assert_eq!(job.created_by_id, by.actor().map(Actor::user_id));
    assert_eq!(job.job_id.len(), 36);
    assert_ne!(job.job_id, bare.job_id);
    assert_eq!(told(db, "request").await, 2);
    let read = &admin::<ReadDeployments>(db).await;
    assert_eq!(job::by_job_id(db, read, &job.job_id).await.unwrap().id, job.id);
    let missing = job::by_job_id(db, read, "no such job").await;
    assert!(matches!(missing, Err(Error::NotFound { kind: "deployment job", .. })), "{missing:?}");
}

async fn who_names_something_gets_that(db: &DatabaseConnection) {
    let by = &admin::<CreateDeployments>(db).await;
    let update = &admin::<UpdateCloud>(db).await;
    let machine = machine(db, "a").await;
    let default = template(db, "default", CloudInitTemplateType::UserData).await;
    choose_template(db, update, default).await.unwrap();
    let named = template(db, "named", CloudInitTemplateType::UserData).await;
    let row = lxd_cluster::ActiveModel { name: Set("lab".to_owned()), ..Default::default() };
    let lab = row.insert(db).await.unwrap().id;
    for name in ["docker", "node-exporter"] {
        lay(db, name, true).await;
    }

    let new = NewJob {
        job_type: Some("deploy_lxd".to_owned()),
        lxd_cluster_id: Some(lab),
        cloud_init_template_id: Some(named),
        image_id: Some(image(db, "noble", true).await),
        ansible_playbook: Some("site.yml".to_owned()),
        eggs: vec!["node-exporter".to_owned(), "docker".to_owned()],
        ..NewJob::of(Target::Machine(machine.id))
    };
    let job = ask(db, by, new.clone()).await.unwrap();

    assert_eq!(job.job_type, "deploy_lxd");
    assert_eq!((job.lxd_cluster_id, job.image_id), (new.lxd_cluster_id, new.image_id));
    assert_eq!(job.cloud_init_template_id, Some(named));
    assert_eq!(job.ansible_playbook, new.ansible_playbook);
    assert_eq!(job.eggs_to_deploy, json!(["node-exporter", "docker"]));
}

async fn a_deployment_is_for_one_machine_of_any_kind(db: &DatabaseConnection) {
    let by = &admin::<CreateDeployments>(db).await;
    let machine = machine(db, "a").await;
    let server = rack(db, "rack-1", "52:54:00:00:00:01").await.unwrap();
    let row = ipxe_machine::ActiveModel {
        system_id: Set("4y3h7n".to_owned()),
        mac_address: Set("52:54:00:00:00:02".to_owned()),
        ..Default::default()
    };
    let booting = row.insert(db).await.unwrap();

    for (target, keys) in [
        (Target::Machine(machine.id), (Some(machine.id), None, None)),
        (Target::Server(server.id), (None, Some(server.id), None)),
        (Target::NetworkMachine(booting.id), (None, None, Some(booting.id))),
    ] {
        let job = ask(db, by, NewJob::of(target)).await.unwrap();

        assert_eq!((job.machine_id, job.server_id, job.ipxe_machine_id), keys);
    }
}

async fn what_is_not_there_or_out_of_use_is_not_deployed(db: &DatabaseConnection) {
    let by = &admin::<CreateDeployments>(db).await;
    let update = &admin::<UpdateCloud>(db).await;
    let (good, ended, unused) =
        (machine(db, "a").await, machine(db, "b").await, machine(db, "c").await);
    change(db, update, ended.id, Terminated).await.unwrap();
    put_out_of_use(db, unused.provider_id).await;
    lay(db, "new", true).await;
    lay(db, "old", false).await;
    let new = NewJob::of(Target::Machine(good.id));
    let named = |name: &str| NewJob { eggs: vec![name.to_owned()], ..new.clone() };

    for refused in [
        NewJob::of(Target::Machine(ended.id)),
        NewJob::of(Target::Machine(unused.id)),
        NewJob { image_id: Some(image(db, "old", false).await), ..new.clone() },
        named("old"),
    ] {
        let outcome = ask(db, by, refused.clone()).await;
        assert!(is_refused(&outcome, Rule::Inactive), "{refused:?}: {outcome:?}");
    }
    for missing in [
        NewJob::of(Target::Machine(404)),
        NewJob::of(Target::Server(404)),
        NewJob::of(Target::NetworkMachine(404)),
        named("none"),
        named("OLD"),
    ] {
        let outcome = ask(db, by, missing.clone()).await;
        assert!(matches!(outcome, Err(Error::NotFound { .. })), "{missing:?}: {outcome:?}");
    }
    for wrong in [
        NewJob { image_id: Some(404), ..new.clone() },
        NewJob { cloud_init_template_id: Some(404), ..new.clone() },
        NewJob { job_type: Some("Provision".to_owned()), ..new.clone() },
        NewJob { job_type: Some("x".repeat(51)), ..new.clone() },
        NewJob { eggs: vec!["new".to_owned(), "new".to_owned()], ..new.clone() },
        NewJob { eggs: (0..1_001).map(|at| format!("egg {at}")).collect(), ..new.clone() },
        named("a\0b"),
    ] {
        let outcome = ask(db, by, wrong.clone()).await;
        assert!(matches!(outcome, Err(Error::Invalid { .. })), "{wrong:?}: {outcome:?}");
    }

    assert_eq!(deployment_job::Entity::find().count(db).await.unwrap(), 0);
}

async fn a_job_that_waits_or_runs_is_cancelled_and_then_removed(db: &DatabaseConnection) {
    let by = &admin::<CreateDeployments>(db).await;
    let work = &admin::<WorkDeployments>(db).await;
    let world = World::system();
    let new = NewJob::of(Target::Machine(machine(db, "a").await.id));
    let (runs, waits) = (ask(db, by, new.clone()).await.unwrap(), ask(db, by, new).await.unwrap());
    let claimed = job::claim(db, &world, work, "one").await.unwrap().unwrap();
    assert_eq!(claimed.id, runs.id);

    for id in [waits.id, runs.id] {
        let early = delete(db, id).await;
        assert!(is_refused(&early, Rule::InUse), "{early:?}");
        let cancelled = cancel(db, id).await.unwrap();
        assert_eq!(cancelled.status, DeploymentJobStatus::Cancelled);
        assert!(cancelled.completed_at.is_some());
        let again = cancel(db, id).await;
        assert!(is_refused(&again, Rule::Transition), "{again:?}");
    }

    assert_eq!(job::claim(db, &world, work, "two").await.unwrap(), None);
    for id in [waits.id, runs.id] {
        assert_eq!(delete(db, id).await.unwrap(), Deletion::default());
        let again = delete(db, id).await;
        assert!(matches!(again, Err(Error::NotFound { .. })), "{again:?}");
    }
    assert_eq!((told(db, "cancel").await, told(db, "delete").await), (2, 2));
}
