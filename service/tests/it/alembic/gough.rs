//! Gough: all of its domains, in both shapes of the tables that have two.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use entity::{
    access::{access_agent, enrollment_key, shell_session, ssh_ca_config},
    audit::system_log,
    cloud::{
        cloud_init_template, cloud_machine, cloud_provider, deployment_job, lxd_cluster_member,
        maas_config, package_config, server, storage_backend,
    },
    fleet::{alert_history, fleet_alert, fleet_host, osquery_result, query_execution},
    gateway::api_definition,
    identity::{
        api_key, password_reset, permission, refresh_token, role, role_permission, user, user_role,
    },
    inventory::{elder_app, elder_config, elder_host},
    netboot::{boot_event, egg, egg_group, ipxe_boot_config, ipxe_config, ipxe_machine},
    secrets::{encrypted_secret, secret_backend},
    teams::{resource_assignment, resource_team, team_member},
};
use plimsoll::retry::BoxFuture;
use sea_orm::{
    ActiveEnum, ColumnTrait, DatabaseConnection, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder,
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use service::{Error, World, audit::audited, imports::Options, records, rights::RevealSecrets};

use super::database::{
    File, GOUGH, accounted, bring, keys, made, open, refused, run, said, sealing,
};
use crate::people::admin;

plimsoll::on_every_database!(migration::app:
    people_come_with_their_roles_and_what_they_prove_themselves_with,
    what_gough_sealed_is_told_and_what_it_left_in_clear_is_sealed,
    machines_and_jobs_are_what_they_were,
    eggs_are_known_by_their_names,
    the_fleet_and_the_inventory_are_what_they_were,
    teams_and_shells_name_the_resources_that_came,
    the_log_is_about_what_came,
    what_no_domain_takes_is_refused_row_by_row,
    a_database_that_only_sqlalchemy_made_is_taken_over,
    the_other_shapes_are_understood,
    what_stays_behind_is_said_with_the_reason,
    a_revision_of_gough_is_refused,
);

/// The tables that only `PyDAL` knew.
const OF_PYDAL: [&str; 10] = [
    "api_definitions",
    "api_keys",
    "api_usage",
    "boot_events",
    "egg_groups",
    "eggs",
    "ipxe_boot_configs",
    "ipxe_config",
    "ipxe_images",
    "ipxe_machines",
];

/// The three tables that `PyDAL` declared again, in their other shape.
const OTHER_SHAPES: &str = include_str!("gough_pydal.sql");

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

async fn person(db: &DatabaseConnection, email: &str) -> user::Model {
    let found = user::Entity::find().filter(user::Column::EmailKey.eq(email));
    found.one(db).await.unwrap().unwrap()
}

async fn machine(db: &DatabaseConnection, external_id: &str) -> cloud_machine::Model {
    let found = cloud_machine::Entity::find();
    let found = found.filter(cloud_machine::Column::ExternalId.eq(external_id));
    found.one(db).await.unwrap().unwrap()
}

async fn rack(db: &DatabaseConnection, hostname: &str) -> server::Model {
    let found = server::Entity::find().filter(server::Column::Hostname.eq(hostname));
    found.one(db).await.unwrap().unwrap()
}

async fn people_come_with_their_roles_and_what_they_prove_themselves_with(db: &DatabaseConnection) {
    let report = bring(db, File::of(GOUGH).await.from()).await;

    let opera = person(db, "ópera@gough.example").await;
    assert_eq!(opera.username, "ópera@gough.example");
    assert_eq!(opera.email.as_deref(), Some("ópera@gough.example"));
    assert_eq!(opera.full_name.as_deref(), Some("Ópera Núñez"));
    assert_eq!((opera.is_verified, opera.totp_enabled, opera.login_count), (true, true, 12));
    assert_eq!(opera.verified_at, Some(at("2025-02-03T00:00:00Z")));
    assert_eq!(opera.current_login_at, Some(at("2025-06-07T08:09:10.5Z")));
    let mail = person(db, "mail@gough.example").await;
    assert_eq!((mail.is_active, mail.is_verified, mail.totp_enabled), (false, false, false));
    assert_eq!((mail.password_hash, mail.totp_secret), (None, None));
    let told: BTreeSet<&str> =
        said(&report, "auth_user/5").into_iter().map(|it| it.path.as_str()).collect();
    assert_eq!(told, BTreeSet::from(["password", "tf_primary_method", "tf_totp_secret"]));
    let roles = user_role::Entity::find().filter(user_role::Column::UserId.eq(opera.id));
    let roles = roles.find_also_related(role::Entity).all(db).await.unwrap();
    let names: Vec<_> = roles.into_iter().filter_map(|(_, role)| Some(role?.name)).collect();
    assert_eq!(names, ["maintainer"]);
    let maintainer = role::Entity::find().filter(role::Column::NameKey.eq("maintainer"));
    let maintainer = maintainer.one(db).await.unwrap().unwrap();
    let may = role_permission::Entity::find()
        .filter(role_permission::Column::RoleId.eq(maintainer.id))
        .find_also_related(permission::Entity)
        .all(db)
        .await
        .unwrap();
    let may: BTreeSet<_> = may.into_iter().filter_map(|(_, of)| Some(of?.code)).collect();
    // A role that is here carries what it carried before.
    assert!(may.contains("audit:read") && may.len() > 10, "{may:?}");
    assert_eq!((report.tables["roles"].made, report.tables["roles"].matched), (0, 3));
    assert!(said(&report, "auth_role/1")[0].value.contains("server.explode"));

    let tokens = refresh_token::Entity::find().order_by_asc(refresh_token::Column::Id);
    let tokens = tokens.all(db).await.unwrap();
    assert_eq!(tokens.len(), 2);
    assert_ne!(tokens[0].family_id, tokens[1].family_id);
    assert_eq!((tokens[0].revoked_at, tokens[1].revoked_at), (None, Some(tokens[1].created_at)));
    let resets = password_reset::Entity::find().order_by_asc(password_reset::Column::Id);
    let resets = resets.all(db).await.unwrap();
    assert_eq!((resets[0].used_at, resets[1].used_at), (None, Some(resets[1].created_at)));
    let keys = api_key::Entity::find().order_by_asc(api_key::Column::Id).all(db).await.unwrap();
    let told: Vec<_> =
        keys.iter().map(|key| (key.name.as_str(), key.revoked_at.is_some())).collect();
    assert_eq!(told, [("ci", false), ("alt", true), ("aus", true)]);
    assert_eq!((keys[0].user_id, &keys[0].scopes), (opera.id, &json!(["user:read"])));
}

async fn what_gough_sealed_is_told_and_what_it_left_in_clear_is_sealed(db: &DatabaseConnection) {
    let report = bring(db, File::of(GOUGH).await.from()).await;

    assert_eq!(encrypted_secret::Entity::find().count(db).await.unwrap(), 0);
    assert!(said(&report, "encrypted_secrets/4")[0].reason.contains("key"));
    let backends = secret_backend::Entity::find().order_by_asc(secret_backend::Column::Id);
    let backends = backends.all(db).await.unwrap();
    let config = json!({"url": "https://vault.example.org", "mount": "kv"});
    assert_eq!(backends[1].config_data, config);
    assert_eq!((backends[0].is_default, &backends[0].config_data), (false, &json!({})));
    assert_eq!(said(&report, "secrets_config/3")[0].path, "config_data.token");
    let by = &admin::<RevealSecrets>(db).await;
    let keys = &keys();
    let maas = maas_config::Entity::find().one(db).await.unwrap().unwrap();
    let key: Option<SecretString> = audited(db, &World::system(), |unit, _| {
        let column = maas_config::Column::ApiKey;
        Box::pin(records::reveal::<maas_config::Entity>(unit, by, keys, maas.id, column))
            as BoxFuture<'_, _>
    })
    .await
    .unwrap();
    assert_eq!(key.unwrap().expose_secret(), "geheim:a:b");
    let parameters = rack(db, "rack-1").await.power_parameters.unwrap();
    assert!(parameters.expose().starts_with("v1."));
    assert!(report.remarks.iter().all(|remark| !remark.value.contains("geheim")));

    let dry = Options { dry_run: true, scope: Some("keyless".to_owned()), ..Options::default() };
    let without = run(db, File::of(GOUGH).await.from(), &dry).await.unwrap();
    assert!(refused(&without).contains("elder_config/1"));
    let told = said(&without, "auth_user/4");
    assert!(told.iter().any(|remark| remark.path == "tf_primary_method"), "{told:?}");
}

async fn machines_and_jobs_are_what_they_were(db: &DatabaseConnection) {
    bring(db, File::of(GOUGH).await.from()).await;

    let (web, container) = (machine(db, "i-1").await, machine(db, "c-1").await);
    assert_eq!((web.status.to_value(), web.tags), ("running".to_owned(), json!(["web", "süd"])));
    assert_eq!(web.attributes, json!({"text": "{'owner': 'ops'}"}));
    assert_eq!(container.status.to_value(), "disk_erasing");
    assert_eq!(container.attributes, json!({"rack": 7}));
    assert_eq!(container.architecture, "amd64");
    let provider = cloud_provider::Entity::find_by_id(container.provider_id).one(db).await.unwrap();
    assert_eq!(provider.unwrap().name, "Köln");
    let members = lxd_cluster_member::Entity::find().order_by_asc(lxd_cluster_member::Column::Id);
    let members = members.all(db).await.unwrap();
    assert_eq!(members.iter().filter(|member| member.is_leader).count(), 1);
    assert_eq!(members[0].machine_id, Some(container.id));
    assert_eq!(Some(members[0].cluster_id), container.lxd_cluster_id);
    let rack = rack(db, "rack-1").await;
    assert_eq!((rack.mac_address.as_str(), rack.zone.as_str()), ("aa:bb:cc:dd:ee:0f", "default"));
    assert_eq!(rack.status.to_value(), "new");
    let stores = storage_backend::Entity::find().order_by_asc(storage_backend::Column::Id);
    let stores = stores.all(db).await.unwrap();
    assert_eq!(stores[0].provider_type.to_value(), "aws_s3");
    assert_eq!((stores[0].is_default, &stores[0].config_data), (false, &json!({"acl": "private"})));
    let template = cloud_init_template::Entity::find();
    let template = template.filter(cloud_init_template::Column::Name.eq("netz"));
    let template = template.one(db).await.unwrap().unwrap();
    assert_eq!(template.template_type.to_value(), "network-config");
    let packages = package_config::Entity::find().order_by_asc(package_config::Column::Id);
    let packages = packages.all(db).await.unwrap();
    assert_eq!(packages[0].packages, json!(["vim", "curl"]));
    assert_eq!(packages[1].repositories, json!(["ppa:a/b"]));
    let jobs = deployment_job::Entity::find().order_by_asc(deployment_job::Column::Id);
    let jobs = jobs.all(db).await.unwrap();
    assert_eq!((jobs[0].machine_id, jobs[0].ipxe_machine_id), (Some(web.id), None));
    assert_eq!(jobs[0].status.to_value(), "completed");
    assert_eq!(jobs[0].package_config_id, Some(packages[1].id));
    assert_eq!(jobs[1].server_id, Some(rack.id));
    assert_eq!(jobs[1].status.to_value(), "running");
    assert_eq!(jobs[1].cloud_init_template_id, Some(template.id));
}

async fn eggs_are_known_by_their_names(db: &DatabaseConnection) {
    let report = bring(db, File::of(GOUGH).await.from()).await;

    let eggs = egg::Entity::find().order_by_asc(egg::Column::Id).all(db).await.unwrap();
    assert_eq!((eggs[0].name.as_str(), eggs[0].snap_classic), ("docker", true));
    assert_eq!(eggs[0].required_architecture.to_value(), "any");
    assert_eq!((eggs[1].name.as_str(), &eggs[1].dependencies), ("kueche", &json!(["docker"])));
    assert_eq!(said(&report, "eggs/7")[0].value, "99");
    let groups = egg_group::Entity::find().order_by_asc(egg_group::Column::Id);
    let groups = groups.all(db).await.unwrap();
    assert_eq!(groups[0].eggs, json!(["docker", "kueche"]));
    assert_eq!(groups[1].eggs, json!(["docker"]));
    let machines = ipxe_machine::Entity::find().order_by_asc(ipxe_machine::Column::Id);
    let machines = machines.all(db).await.unwrap();
    assert_eq!(machines[0].assigned_eggs, json!(["kueche"]));
    assert_eq!(machines[0].boot_mode.to_value(), "uefi_http");
    assert_eq!(machines[1].mac_address, "aa:bb:cc:00:11:23");
    let boots = ipxe_boot_config::Entity::find().order_by_asc(ipxe_boot_config::Column::Id);
    let boots = boots.all(db).await.unwrap();
    assert_eq!(boots[0].assigned_egg_group_id, Some(groups[0].id));
    assert_eq!((boots[0].is_default, machines[0].boot_config_id), (false, Some(boots[0].id)));
    let network = ipxe_config::Entity::find().filter(ipxe_config::Column::Name.eq("labor"));
    let network = network.one(db).await.unwrap().unwrap();
    assert_eq!((network.dhcp_mode.to_value(), network.is_active), ("full".to_owned(), true));
    let events = boot_event::Entity::find().order_by_asc(boot_event::Column::Id);
    let events = events.all(db).await.unwrap();
    assert_eq!(events[0].machine_id, Some(machines[0].id));
    assert_eq!(events[0].details, json!({"ms": 5}));
    assert_eq!(events[1].mac_address, "aa:bb:cc:00:11:99");
    let api = api_definition::Entity::find().filter(api_definition::Column::Version.eq("v1"));
    let api = api.one(db).await.unwrap().unwrap();
    assert_eq!((api.path.as_str(), api.method.to_value()), ("/orders", "GET".to_owned()));
}

async fn the_fleet_and_the_inventory_are_what_they_were(db: &DatabaseConnection) {
    let report = bring(db, File::of(GOUGH).await.from()).await;

    let hosts = fleet_host::Entity::find().order_by_asc(fleet_host::Column::Id);
    let hosts = hosts.all(db).await.unwrap();
    assert_eq!((hosts[0].hostname.as_str(), hosts[0].uuid.as_deref()), ("web-1", Some("abcd-1")));
    assert_eq!(hosts[0].machine_id, Some(machine(db, "i-1").await.id));
    let runs = query_execution::Entity::find().order_by_asc(query_execution::Column::Id);
    let runs = runs.all(db).await.unwrap();
    assert_eq!(runs[0].target_hosts, json!([hosts[1].id, hosts[0].id]));
    assert_eq!(said(&report, "query_executions/1")[0].value, "\"web\"");
    let alerts = fleet_alert::Entity::find().order_by_asc(fleet_alert::Column::Id);
    let alerts = alerts.all(db).await.unwrap();
    let told: Vec<_> =
        alerts.iter().map(|one| (one.alert_condition.to_value(), one.is_active)).collect();
    assert_eq!(told, [("row_count_above".to_owned(), true), ("any_row".to_owned(), false)]);
    assert_eq!(alerts[0].condition_parameters["threshold"], 5);
    assert_eq!(alerts[1].condition_parameters["alert_condition"], "host_offline");
    assert_eq!(alerts[1].notification_channels, json!(["ops", "chef"]));
    let raised = alert_history::Entity::find().order_by_asc(alert_history::Column::Id);
    let raised = raised.all(db).await.unwrap();
    assert_eq!(raised[0].resolved_at, Some(raised[0].triggered_at));
    assert_eq!((raised[1].resolved_at, &raised[1].trigger_data), (None, &Some(json!("unlesbar"))));
    let answers = osquery_result::Entity::find().order_by_asc(osquery_result::Column::Id);
    let answers = answers.all(db).await.unwrap();
    assert_eq!(answers[0].recorded_at, at("2025-02-03T00:00:00Z"));
    assert_eq!(answers[1].recorded_at, answers[1].created_at);
    assert_eq!(answers[1].result_data, json!([]));

    let elders = elder_config::Entity::find().order_by_asc(elder_config::Column::Id);
    let elders = elders.all(db).await.unwrap();
    assert_eq!((elders[0].timeout_seconds, elders[0].max_retries), (15, 3));
    assert_eq!(elders[1].last_error.as_deref(), Some("kaputt"));
    let listed = elder_host::Entity::find().order_by_asc(elder_host::Column::Id);
    let listed = listed.all(db).await.unwrap();
    assert_eq!(listed[0].hostname, "web-1");
    assert_eq!(listed[0].ip_address, "2001:db8::1");
    assert_eq!((listed[0].elder_registered, listed[1].elder_registered), (true, false));
    assert_eq!(listed[0].tags, json!({"prod": ""}));
    let apps = elder_app::Entity::find().order_by_asc(elder_app::Column::Id).all(db).await.unwrap();
    assert_eq!((&apps[0].hosts, apps[0].protocol.as_str()), (&json!(["web-1"]), "https"));
    assert_eq!(apps[1].hosts, json!(["web-1", "rack-1"]));
}

async fn teams_and_shells_name_the_resources_that_came(db: &DatabaseConnection) {
    let report = bring(db, File::of(GOUGH).await.from()).await;

    let teams = resource_team::Entity::find().order_by_asc(resource_team::Column::Id);
    let teams = teams.all(db).await.unwrap();
    let names: Vec<_> = teams.iter().map(|team| team.name.as_str()).collect();
    assert_eq!(names, ["Ops", "Nächte"]);
    assert_eq!(teams[0].attributes, json!({"text": "{'floor': 2}"}));
    let members = team_member::Entity::find().order_by_asc(team_member::Column::Id);
    let members = members.all(db).await.unwrap();
    assert_eq!((members[0].role.to_value(), members[0].expires_at), ("owner".to_owned(), None));
    assert_eq!(members[1].expires_at, Some(at("2030-01-01T00:00:00Z")));
    assert_eq!(said(&report, "team_members/1")[0].path, "expires_at");
    let shared = resource_assignment::Entity::find();
    let shared = shared.order_by_asc(resource_assignment::Column::Id).all(db).await.unwrap();
    let told: Vec<_> = shared
        .iter()
        .map(|one| (one.resource_type.as_str(), one.resource_id.clone(), one.permissions.clone()))
        .collect();
    let (server, container) = (rack(db, "rack-1").await.id, machine(db, "c-1").await.id);
    let expected = [
        ("server", server.to_string(), json!(["read", "shell"])),
        ("cloud_machine", container.to_string(), json!(["admin"])),
        ("vm", "vm-17".to_owned(), json!(["write"])),
    ];
    assert_eq!(told, expected);

    let keys = enrollment_key::Entity::find().order_by_asc(enrollment_key::Column::Id);
    let keys = keys.all(db).await.unwrap();
    assert_eq!((keys.len(), keys[0].use_count, keys[0].max_uses), (2, 1, 1));
    let agents = access_agent::Entity::find().order_by_asc(access_agent::Column::Id);
    let agents = agents.all(db).await.unwrap();
    let told: Vec<_> =
        agents.iter().map(|agent| (agent.enrollment_key_id, agent.enrolled_at.is_some())).collect();
    assert_eq!(told, [(Some(keys[0].id), true), (Some(keys[1].id), false)]);
    assert_eq!(agents[1].status.to_value(), "pending");
    let authorities = ssh_ca_config::Entity::find().order_by_asc(ssh_ca_config::Column::Id);
    let authorities = authorities.all(db).await.unwrap();
    assert_eq!(authorities[0].principals_allowed, json!(["admin", "ops"]));
    let longest: Vec<_> = authorities.iter().map(|one| one.max_validity_seconds).collect();
    assert_eq!(longest, [28_800, 86_400]);
    let shells = shell_session::Entity::find().order_by_asc(shell_session::Column::Id);
    let shells = shells.all(db).await.unwrap();
    assert_eq!(shells[0].resource_id, server.to_string());
    assert_eq!((shells[0].team_id, shells[1].agent_id), (Some(teams[0].id), agents[1].id));
    assert_eq!(shells[1].reason, "imported from Gough");
}

async fn the_log_is_about_what_came(db: &DatabaseConnection) {
    bring(db, File::of(GOUGH).await.from()).await;

    let log = system_log::Entity::find().filter(system_log::Column::Component.eq("deploy"));
    let log = log.one(db).await.unwrap().unwrap();
    let job = deployment_job::Entity::find().filter(deployment_job::Column::JobId.eq("job-1"));
    let job = job.one(db).await.unwrap().unwrap();
    assert_eq!((log.level.to_value(), log.message.as_str()), ("warning".to_owned(), "übel"));
    assert_eq!(log.actor_id, Some(person(db, "ópera@gough.example").await.id));
    assert_eq!(log.subject_kind.as_deref(), Some("deployment_job"));
    assert_eq!(log.subject_id, Some(job.id.to_string()));
    let others = json!({"machine_id": "cloud_machines/2", "server_id": "servers/1"});
    assert_eq!(log.details, Some(json!({"code": 7, "gough": others})));
    assert_eq!((log.position, log.hash), (None, None));
}

async fn what_no_domain_takes_is_refused_row_by_row(db: &DatabaseConnection) {
    let report = bring(db, File::of(GOUGH).await.from()).await;

    let expected = [
        "alert_history/3",
        "api_definitions/3",
        "api_keys/6",
        "auth_refresh_tokens/4",
        "auth_role/9",
        "auth_user/9",
        "auth_user_roles/8",
        "boot_events/3",
        "cloud_machines/7",
        "cloud_providers/4",
        "deployment_jobs/6",
        "eggs/8",
        "elder_apps/3",
        "encrypted_secrets/1",
        "encrypted_secrets/4",
        "enrollment_keys/5",
        "fleet_alerts/4",
        "fleet_hosts/6",
        "ipxe_boot_configs/3",
        "lxd_clusters/3",
        "maas_config/3",
        "osquery_results/3",
        "query_executions/3",
        "resource_assignments/4",
        "resource_assignments/6",
        "resource_teams/3",
        "secrets_config/4",
        "servers/5",
        "storage_config/5",
        "system_logs/5",
    ];
    assert_eq!(refused(&report), BTreeSet::from(expected), "{:#?}", report.remarks);
}

async fn a_database_that_only_sqlalchemy_made_is_taken_over(db: &DatabaseConnection) {
    let file = File::of(GOUGH).await;
    for table in OF_PYDAL {
        file.execute(&format!("DROP TABLE {table}")).await;
    }
    file.execute("DROP TABLE alembic_version").await;

    let plan = open(file.from(), &sealing()).await.unwrap().plan().clone();
    let report = bring(db, file.from()).await;

    assert_eq!((plan.system, plan.revision, plan.tables.len()), ("Gough", None, 35));
    accounted(file.from(), &report).await;
    assert_eq!(made(&report)["deployment_jobs"], 2);
    assert!(!report.tables.contains_key("eggs"));
}

async fn the_other_shapes_are_understood(db: &DatabaseConnection) {
    let file = File::of(GOUGH).await;
    file.execute(OTHER_SHAPES).await;

    let report = bring(db, file.from()).await;

    accounted(file.from(), &report).await;
    let jobs = deployment_job::Entity::find().order_by_asc(deployment_job::Column::Id);
    let jobs = jobs.all(db).await.unwrap();
    let told: Vec<_> =
        jobs.iter().map(|job| (job.status.to_value(), job.current_phase.as_deref())).collect();
    let expected =
        [("running".to_owned(), Some("pxe_boot")), ("completed".to_owned(), Some("done"))];
    assert_eq!(told, expected);
    assert_eq!(jobs[0].eggs_to_deploy, json!(["kueche", "docker"]));
    let booted = ipxe_machine::Entity::find().filter(ipxe_machine::Column::SystemId.eq("sys-1"));
    let booted = booted.one(db).await.unwrap().unwrap();
    assert_eq!((jobs[0].ipxe_machine_id, jobs[0].machine_id), (Some(booted.id), None));
    let stores = storage_backend::Entity::find().order_by_asc(storage_backend::Column::Id);
    let stores = stores.all(db).await.unwrap();
    assert_eq!((stores[0].path_style, stores[0].is_active), (true, false));
    assert_eq!(stores[1].provider_type.to_value(), "do_spaces");
    let elders = elder_config::Entity::find().order_by_asc(elder_config::Column::Id);
    let elders = elders.all(db).await.unwrap();
    assert_eq!((elders[0].name.as_str(), elders[0].sync_enabled), ("elder.example.org", false));
    assert_eq!((elders[0].sync_interval_seconds, elders[1].timeout_seconds), (60, 10));
}

async fn what_stays_behind_is_said_with_the_reason(_db: &DatabaseConnection) {
    let file = File::of(GOUGH).await;

    let source = open(file.from(), &sealing()).await.unwrap();

    let plan = source.plan();
    let why = |what: &str| {
        let left = plan.left.iter().find(|left| left.what == what);
        left.map(|left| left.why.as_str()).unwrap_or_default()
    };
    assert!(why("api_usage").contains("one call"), "{:?}", plan.left);
    assert!(why("access_agents.jwt_token_id").contains("enrols anew"), "{:?}", plan.left);
    assert_eq!(why("alembic_version"), "");
}

async fn a_revision_of_gough_is_refused(_db: &DatabaseConnection) {
    let later = File::of(GOUGH).await;
    later.execute("INSERT INTO alembic_version VALUES ('20260805_1000')").await;

    match open(later.from(), &sealing()).await {
        Err(Error::Malformed { kind: "source", problem, .. }) => {
            assert!(problem.contains("`20260805_1000` of Gough"), "{problem}");
        }
        other => panic!("{other:?}"),
    }
}
