//! Shells: who opens and ends them, and who sees that.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use entity::{
    access::{
        access_agent::{self, AccessAgentStatus},
        shell_session,
    },
    teams::{resource_assignment, resource_team, team_member},
};
use futures_util::future::{join, join_all};
use plimsoll::retry::BoxFuture;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, DatabaseConnection, EntityTrait,
    PaginatorTrait, QueryFilter, sea_query::Expr,
};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use service::{
    Error, Result, World,
    access::{
        agent::{self, Enrolled},
        shell::{self, Asked, Whose},
    },
    audit::audited,
    identity::fold::fold,
    records,
    rights::{self, Actor, DeleteAccess, EndShells, ReadShells, UpdateAccess},
    rule::Rule,
    teams::access::Resource,
};

use super::{change, enrolled, told, world};
use crate::people::{admin, person};

plimsoll::on_every_database!(migration::app:
    a_team_that_gives_a_shell_is_kept_with_it,
    whoever_may_open_shells_everywhere_needs_no_team,
    nobody_else_opens_a_shell,
    a_shell_needs_a_reason_and_an_agent_that_is_there_and_can_open_it,
    a_shell_is_closed_by_who_has_it_or_ended_by_others_who_may,
    of_those_who_end_a_shell_at_once_one_does,
    a_shell_that_began_later_than_now_does_not_end_before,
    an_agent_says_when_its_shells_end_and_where_they_were_recorded,
    an_agent_that_is_suspended_loses_its_shells,
    no_shell_stays_open_that_was_opened_beside_a_suspension,
    everybody_sees_their_own_shells_and_who_may_those_of_all,
    an_api_key_sees_and_closes_shells_by_its_scopes,
);

fn machine(id: &str) -> Resource {
    Resource::new("cloud_machine", id).unwrap()
}

/// A person without a right of their own, in a team that may do that with the machine.
async fn member(
    db: &DatabaseConnection,
    name: &str,
    resource: &Resource,
    permissions: Value,
) -> (Actor, i64) {
    let user = person(db, name, &[]).await;
    let team = format!("team of {name}");
    let team = resource_team::ActiveModel {
        name_key: Set(fold(&team)),
        name: Set(team),
        ..Default::default()
    };
    let team = team.insert(db).await.unwrap();
    let belongs = team_member::ActiveModel {
        team_id: Set(team.id),
        user_id: Set(user.id),
        role: Set(team_member::TeamRole::Member),
        ..Default::default()
    };
    belongs.insert(db).await.unwrap();
    let assigned = resource_assignment::ActiveModel {
        team_id: Set(team.id),
        resource_type: Set(resource.kind().to_owned()),
        resource_id: Set(resource.id().to_owned()),
        permissions: Set(permissions),
        ..Default::default()
    };
    assigned.insert(db).await.unwrap();
    (Actor::of(&user), team.id)
}

fn asked(agent_id: i64) -> Asked {
    Asked {
        agent_id,
        resource: machine("7"),
        session_type: "ssh".to_owned(),
        reason: "ticket 4711: the disk is full".to_owned(),
        client_ip: Some("::ffff:198.51.100.4".parse().unwrap()),
    }
}

async fn open(
    db: &DatabaseConnection,
    world: &World,
    actor: &Actor,
    asked: &Asked,
) -> Result<shell::Model> {
    audited(db, world, |unit, _| {
        Box::pin(shell::open(unit, world, actor, asked)) as BoxFuture<'_, _>
    })
    .await
}

async fn close(
    db: &DatabaseConnection,
    world: &World,
    actor: &Actor,
    session: &str,
    end_reason: &str,
) -> Result<shell::Model> {
    audited(db, world, |unit, _| {
        Box::pin(shell::close(unit, actor, session, end_reason)) as BoxFuture<'_, _>
    })
    .await
}

async fn end(db: &DatabaseConnection, world: &World, session: &str) -> Result<shell::Model> {
    let by = &admin::<EndShells>(db).await;
    audited(db, world, |unit, _| {
        Box::pin(shell::end(unit, by, session, "cut by the night shift")) as BoxFuture<'_, _>
    })
    .await
}

async fn a_team_that_gives_a_shell_is_kept_with_it(db: &DatabaseConnection) {
    let (world, _) = world();
    let agent = enrolled(db, &world, "web-1").await.agent;
    let (ana, team_id) = member(db, "ana", &machine("7"), json!(["shell"])).await;

    let session = open(db, &world, &ana, &asked(agent.id)).await.unwrap();

    assert_eq!((session.user_id, session.team_id), (ana.user_id(), Some(team_id)));
    assert_eq!((session.agent_id, session.ended_at), (agent.id, None));
    assert_eq!(session.started_at, world.clock.now());
    assert_eq!(session.resource_type, "cloud_machine");
    assert_eq!(session.resource_id, "7");
    assert_eq!(session.client_ip.as_deref(), Some("198.51.100.4"));
    assert_eq!(session.session_id.len(), 36);
    let entry = &told(db).await[0];
    assert_eq!(entry.action.as_deref(), Some("open"));
    assert_eq!(entry.actor_id, Some(ana.user_id()));
    assert_eq!(entry.subject_id, Some(session.id.to_string()));
    let details = entry.details.as_ref().unwrap();
    assert_eq!(details["reason"], "ticket 4711: the disk is full");
    assert_eq!(details["team_id"], team_id);
}

async fn whoever_may_open_shells_everywhere_needs_no_team(db: &DatabaseConnection) {
    let (world, _) = world();
    let agent = enrolled(db, &world, "web-1").await.agent;
    let chief = Actor::of(&person(db, "chief", &["admin"]).await);
    let key = chief.clone().limited_to(BTreeSet::from(["access:read".to_owned()]));
    let (ana, _) = member(db, "ana", &machine("7"), json!(["shell"])).await;
    let anas_key = ana.clone().limited_to(BTreeSet::from(["team:read".to_owned()]));
    let good_key = ana.limited_to(BTreeSet::from(["shell:open".to_owned()]));

    let session = open(db, &world, &chief, &asked(agent.id)).await.unwrap();

    assert_eq!(session.team_id, None);
    for key in [&key, &anas_key] {
        let refused = open(db, &world, key, &asked(agent.id)).await;
        assert!(
            matches!(refused, Err(Error::Forbidden { permission: "shell:open" })),
            "{refused:?}"
        );
    }
    assert!(open(db, &world, &good_key, &asked(agent.id)).await.unwrap().team_id.is_some());
}

async fn nobody_else_opens_a_shell(db: &DatabaseConnection) {
    let (world, clock) = world();
    let agent = enrolled(db, &world, "web-1").await.agent;
    let (admin_there, _) = member(db, "a", &machine("7"), json!(["admin"])).await;
    let (elsewhere, _) = member(db, "b", &machine("8"), json!(["shell"])).await;
    let (former, team_id) = member(db, "c", &machine("7"), json!(["shell"])).await;
    let end = world.clock.now() + TimeDelta::minutes(1);
    team_member::Entity::update_many()
        .col_expr(team_member::Column::ExpiresAt, Expr::value(end))
        .filter(team_member::Column::TeamId.eq(team_id))
        .exec(db)
        .await
        .unwrap();
    open(db, &world, &former, &asked(agent.id)).await.unwrap();
    clock.advance(TimeDelta::minutes(1));
    let stranger = Actor::of(&person(db, "stranger", &[]).await);

    for actor in [&admin_there, &elsewhere, &former, &stranger] {
        let refused = open(db, &world, actor, &asked(agent.id)).await;

        assert!(
            matches!(refused, Err(Error::NoAccess { permission: "shell", .. })),
            "{actor}: {refused:?}"
        );
    }
    assert_eq!(shell_session::Entity::find().count(db).await.unwrap(), 1);
}

async fn a_shell_needs_a_reason_and_an_agent_that_is_there_and_can_open_it(
    db: &DatabaseConnection,
) {
    let (world, clock) = world();
    let Enrolled { agent, token } = enrolled(db, &world, "web-1").await;
    let (ana, _) = member(db, "ana", &machine("7"), json!(["shell"])).await;
    let good = asked(agent.id);

    for wrong in [
        Asked { reason: "debugging".to_owned(), ..good.clone() },
        Asked { reason: String::new(), ..good.clone() },
        Asked { reason: "a\0 b c".to_owned(), ..good.clone() },
        Asked { session_type: "kubectl".to_owned(), ..good.clone() },
        Asked { session_type: "SSH".to_owned(), ..good.clone() },
        Asked { session_type: String::new(), ..good.clone() },
    ] {
        let refused = open(db, &world, &ana, &wrong).await;
        assert!(matches!(refused, Err(Error::Invalid { .. })), "{wrong:?}: {refused:?}");
    }
    let missing = open(db, &world, &ana, &asked(404)).await;
    assert!(matches!(missing, Err(Error::NotFound { kind: "agent", .. })), "{missing:?}");

    clock.advance(TimeDelta::minutes(9));
    let by = admin::<UpdateAccess>(db).await;
    agent::silent(db, &world, &by, TimeDelta::minutes(5)).await.unwrap();
    let offline = open(db, &world, &ana, &good).await;
    assert!(matches!(offline, Err(Error::Refused { rule: Rule::Inactive, .. })), "{offline:?}");
    agent::heartbeat(db, &world, token.expose_secret()).await.unwrap();
    open(db, &world, &ana, &good).await.unwrap();
    change(db, &world, agent.id, AccessAgentStatus::Suspended).await.unwrap();
    let suspended = open(db, &world, &ana, &good).await;
    assert!(matches!(suspended, Err(Error::Refused { rule: Rule::Inactive, .. })), "{suspended:?}");
}

async fn a_shell_is_closed_by_who_has_it_or_ended_by_others_who_may(db: &DatabaseConnection) {
    let (world, clock) = world();
    let agent = enrolled(db, &world, "web-1").await.agent;
    let (ana, _) = member(db, "ana", &machine("7"), json!(["shell"])).await;
    let (bo, _) = member(db, "bo", &machine("7"), json!(["shell"])).await;
    let one = open(db, &world, &ana, &asked(agent.id)).await.unwrap();
    let other = open(db, &world, &ana, &asked(agent.id)).await.unwrap();
    clock.advance(TimeDelta::minutes(3));

    let not_his = close(db, &world, &bo, &one.session_id, "done").await;
    for wrong in ["", "  ", "a\0", "a\nb", &"x".repeat(101)] {
        let refused = close(db, &world, &ana, &one.session_id, wrong).await;
        assert!(matches!(refused, Err(Error::Invalid { .. })), "{wrong:?}: {refused:?}");
    }
    let closed = close(db, &world, &ana, &one.session_id, " done ").await.unwrap();
    let ended = end(db, &world, &other.session_id).await.unwrap();

    assert!(matches!(not_his, Err(Error::NotFound { kind: "shell session", .. })), "{not_his:?}");
    assert_eq!(closed.end_reason.as_deref(), Some("done"));
    assert_eq!(closed.ended_at, Some(world.clock.now()));
    assert_eq!(ended.end_reason.as_deref(), Some("cut by the night shift"));
    for again in [
        close(db, &world, &ana, &one.session_id, "done").await,
        close(db, &world, &ana, &other.session_id, "done").await,
        end(db, &world, &one.session_id).await,
    ] {
        assert!(matches!(again, Err(Error::Refused { rule: Rule::Transition, .. })), "{again:?}");
    }
    for missing in ["", "nothing", "a\0", &format!("{} ", one.session_id)] {
        let missing = close(db, &world, &ana, missing, "done").await;
        assert!(matches!(missing, Err(Error::NotFound { .. })), "{missing:?}");
    }
    let told = told(db).await;
    assert_eq!(told[0].action.as_deref(), Some("end"));
    assert_eq!(told[1].action.as_deref(), Some("close"));
    assert_eq!(told[1].actor_id, Some(ana.user_id()));
}

async fn of_those_who_end_a_shell_at_once_one_does(db: &DatabaseConnection) {
    let world = World::system();
    let Enrolled { agent, token } = enrolled(db, &world, "web-1").await;
    let (ana, _) = member(db, "ana", &machine("7"), json!(["shell"])).await;
    for _ in 0..plimsoll::testing::cases(3) {
        let name = open(db, &world, &ana, &asked(agent.id)).await.unwrap().session_id;

        let outcomes = join_all((0..6).map(|at| {
            let (world, ana, name, token) = (&world, &ana, name.as_str(), token.expose_secret());
            async move {
                match at % 3 {
                    0 => close(db, world, ana, name, &format!("by {at}")).await,
                    1 => end(db, world, name).await,
                    _ => shell::ended(db, world, token, name, &format!("by {at}")).await,
                }
            }
        }))
        .await;

        let done: Vec<_> = outcomes.iter().filter_map(|outcome| outcome.as_ref().ok()).collect();
        assert_eq!(done.len(), 1, "{outcomes:?}");
        for refused in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
            assert!(
                matches!(refused, Error::Refused { rule: Rule::Transition, .. }),
                "{refused:?}"
            );
        }
        let by = admin::<ReadShells>(db).await;
        assert_eq!(&shell::by_name(db, &by, &name).await.unwrap(), done[0]);
    }
}

/// Clocks of two processes differ.
async fn a_shell_that_began_later_than_now_does_not_end_before(db: &DatabaseConnection) {
    let (world, clock) = world();
    let agent = enrolled(db, &world, "web-1").await.agent;
    let (ana, _) = member(db, "ana", &machine("7"), json!(["shell"])).await;
    let one = open(db, &world, &ana, &asked(agent.id)).await.unwrap();
    let other = open(db, &world, &ana, &asked(agent.id)).await.unwrap();
    clock.advance(TimeDelta::seconds(-2));

    let closed = close(db, &world, &ana, &one.session_id, "done").await.unwrap();
    change(db, &world, agent.id, AccessAgentStatus::Revoked).await.unwrap();

    assert_eq!(closed.ended_at, Some(closed.started_at));
    let by = admin::<ReadShells>(db).await;
    let other = shell::by_name(db, &by, &other.session_id).await.unwrap();
    assert_eq!(other.ended_at, Some(other.started_at));
}

async fn an_agent_says_when_its_shells_end_and_where_they_were_recorded(db: &DatabaseConnection) {
    let (world, _) = world();
    let (own, other) = (enrolled(db, &world, "web-1").await, enrolled(db, &world, "web-2").await);
    let (token, strange) = (own.token.expose_secret(), other.token.expose_secret());
    let (ana, _) = member(db, "ana", &machine("7"), json!(["shell"])).await;
    let session = open(db, &world, &ana, &asked(own.agent.id)).await.unwrap();
    let name = session.session_id.as_str();
    let path = "s3://recordings/7.cast";

    let listed = shell::of_agent(db, token).await.unwrap();
    let not_its = shell::ended(db, &world, strange, name, "gone").await;
    let not_told = shell::recorded(db, strange, name, path).await;
    let unknown = shell::ended(db, &world, "plg_", name, "gone").await;
    let ended = shell::ended(db, &world, token, name, "the connection broke").await.unwrap();
    shell::recorded(db, token, name, path).await.unwrap();
    let again = shell::recorded(db, token, name, "s3://elsewhere").await;

    assert_eq!(listed, std::slice::from_ref(&session));
    assert!(matches!(not_its, Err(Error::NotFound { .. })), "{not_its:?}");
    assert!(matches!(not_told, Err(Error::NotFound { .. })), "{not_told:?}");
    assert!(matches!(unknown, Err(Error::Unauthenticated)), "{unknown:?}");
    assert_eq!(ended.end_reason.as_deref(), Some("the connection broke"));
    assert!(matches!(again, Err(Error::Refused { rule: Rule::Transition, .. })), "{again:?}");
    for wrong in ["", " x", "a\0"] {
        let refused = shell::recorded(db, token, name, wrong).await;
        assert!(matches!(refused, Err(Error::Invalid { .. })), "{refused:?}");
    }
    let by = admin::<ReadShells>(db).await;
    let kept = shell::by_name(db, &by, name).await.unwrap();
    assert_eq!(kept.audit_log_path.as_deref(), Some(path));
    assert!(shell::of_agent(db, token).await.unwrap().is_empty());
    let entry = &told(db).await[0];
    assert_eq!(entry.action.as_deref(), Some("end"));
    assert_eq!(entry.actor_name.as_deref(), Some("the system (the agent of the shell)"));
}

async fn an_agent_that_is_suspended_loses_its_shells(db: &DatabaseConnection) {
    let (world, clock) = world();
    let (bad, good) = (enrolled(db, &world, "bad").await, enrolled(db, &world, "good").await);
    let (ana, _) = member(db, "ana", &machine("7"), json!(["shell"])).await;
    for agent in [&bad, &bad, &bad, &good] {
        open(db, &world, &ana, &asked(agent.agent.id)).await.unwrap();
    }
    let by = admin::<ReadShells>(db).await;
    let all = shell::list_own(db, &ana, None, 10).await.unwrap().rows;
    close(db, &world, &ana, &all[3].session_id, "done").await.unwrap();
    clock.advance(TimeDelta::minutes(1));

    change(db, &world, bad.agent.id, AccessAgentStatus::Suspended).await.unwrap();

    assert_eq!(told(db).await[0].details.as_ref().unwrap()["shells_ended"], 2);
    let of_bad = Whose::Agent(bad.agent.id);
    let left = shell::open_now(db, &by, &of_bad, None, 10).await.unwrap().rows;
    assert!(left.is_empty(), "{left:?}");
    let all = shell::list(db, &by, &of_bad, None, 10).await.unwrap().rows;
    let reasons: Vec<_> = all.iter().map(|session| session.end_reason.as_deref()).collect();
    let cut = Some("the agent is suspended");
    assert_eq!(reasons, [cut, cut, Some("done")]);
    let of_good = Whose::Agent(good.agent.id);
    assert_eq!(shell::open_now(db, &by, &of_good, None, 10).await.unwrap().rows.len(), 1);
    // What had a shell stays as evidence.
    let by = &admin::<DeleteAccess>(db).await;
    let refused = audited(db, &world, |unit, _| {
        Box::pin(records::delete::<access_agent::Entity>(unit, by, bad.agent.id))
            as BoxFuture<'_, _>
    })
    .await;
    assert!(matches!(refused, Err(Error::Refused { rule: Rule::InUse, .. })), "{refused:?}");
}

async fn no_shell_stays_open_that_was_opened_beside_a_suspension(db: &DatabaseConnection) {
    let world = World::system();
    let (ana, _) = member(db, "ana", &machine("7"), json!(["shell"])).await;
    let by = admin::<ReadShells>(db).await;
    for round in 0..plimsoll::testing::cases(3) {
        let agent = enrolled(db, &world, &format!("web-{round}")).await.agent;
        let asked = &asked(agent.id);

        let opening = join_all((0..5).map(|_| open(db, &world, &ana, asked)));
        let suspending = change(db, &world, agent.id, AccessAgentStatus::Suspended);
        let (opened, suspended) = join(opening, suspending).await;

        suspended.unwrap();
        for refused in opened.iter().filter_map(|outcome| outcome.as_ref().err()) {
            assert!(matches!(refused, Error::Refused { rule: Rule::Inactive, .. }), "{refused:?}");
        }
        let left = shell::open_now(db, &by, &Whose::Agent(agent.id), None, 10).await.unwrap();
        assert!(left.rows.is_empty(), "{left:?}");
    }
}

async fn everybody_sees_their_own_shells_and_who_may_those_of_all(db: &DatabaseConnection) {
    let (world, clock) = world();
    let agent = enrolled(db, &world, "web-1").await.agent;
    let (ana, anas_team) = member(db, "ana", &machine("7"), json!(["shell"])).await;
    let (bo, _) = member(db, "bo", &machine("8"), json!(["shell"])).await;
    let on_8 = Asked { resource: machine("8"), ..asked(agent.id) };
    let first = open(db, &world, &ana, &asked(agent.id)).await.unwrap();
    clock.advance(TimeDelta::minutes(1));
    let second = open(db, &world, &ana, &asked(agent.id)).await.unwrap();
    let of_bo = open(db, &world, &bo, &on_8).await.unwrap();
    close(db, &world, &ana, &first.session_id, "done").await.unwrap();
    let by = admin::<ReadShells>(db).await;

    let own = shell::list_own(db, &ana, None, 10).await.unwrap().rows;
    let ids = |rows: &[shell::Model]| rows.iter().map(|row| row.id).collect::<Vec<_>>();

    assert_eq!(ids(&own), [second.id, first.id]);
    for (whose, all, open) in [
        (Whose::Person(ana.user_id()), vec![second.id, first.id], vec![second.id]),
        (Whose::Person(404), vec![], vec![]),
        (Whose::Team(anas_team), vec![second.id, first.id], vec![second.id]),
        (Whose::Resource(machine("8")), vec![of_bo.id], vec![of_bo.id]),
        (Whose::Resource(machine("9")), vec![], vec![]),
        (Whose::Agent(agent.id), vec![of_bo.id, second.id, first.id], vec![of_bo.id, second.id]),
    ] {
        let listed = shell::list(db, &by, &whose, None, 10).await.unwrap().rows;
        assert_eq!(ids(&listed), all, "{whose:?}");
        let listed = shell::open_now(db, &by, &whose, None, 10).await.unwrap().rows;
        assert_eq!(ids(&listed), open, "{whose:?}");
    }
    let whose = Whose::Agent(agent.id);
    let page = shell::list(db, &by, &whose, None, 2).await.unwrap();
    let rest = shell::list(db, &by, &whose, page.next, 2).await.unwrap();
    assert_eq!((ids(&page.rows), ids(&rest.rows)), (vec![of_bo.id, second.id], vec![first.id]));
    let viewer = Actor::of(&person(db, "viewer", &["viewer"]).await);
    let refused = rights::check::<ReadShells>(db, &viewer).await;
    assert!(matches!(refused, Err(Error::Forbidden { .. })), "{refused:?}");
}

async fn an_api_key_sees_and_closes_shells_by_its_scopes(db: &DatabaseConnection) {
    let (world, _) = world();
    let agent = enrolled(db, &world, "web-1").await.agent;
    let (ana, _) = member(db, "ana", &machine("7"), json!(["shell"])).await;
    let session = open(db, &world, &ana, &asked(agent.id)).await.unwrap().session_id;
    let key = |scope: &str| ana.clone().limited_to(BTreeSet::from([scope.to_owned()]));
    let (reader, opener) = (key("shell:read"), key("shell:open"));

    let unseen = shell::list_own(db, &opener, None, 10).await;
    let unclosed = close(db, &world, &reader, &session, "done").await;

    assert!(matches!(unseen, Err(Error::Forbidden { permission: "shell:read" })), "{unseen:?}");
    assert!(matches!(unclosed, Err(Error::Forbidden { permission: "shell:open" })), "{unclosed:?}");
    assert_eq!(shell::list_own(db, &reader, None, 10).await.unwrap().rows.len(), 1);
    close(db, &world, &opener, &session, "done").await.unwrap();
}
