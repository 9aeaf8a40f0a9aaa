//! Keys, and the agents that enrol with them.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta};
use entity::access::{
    access_agent::{self, AccessAgentStatus},
    enrollment_key,
};
use futures_util::future::join_all;
use plimsoll::retry::BoxFuture;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, Condition, DatabaseConnection, EntityTrait,
    PaginatorTrait, QueryFilter,
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use service::{
    Error, World,
    access::{
        agent::{self, Enrolled, NewAgent},
        key::{self, LONGEST, MOST_USES, NewKey},
    },
    audit::audited,
    records,
    rights::{CreateAccess, ReadAccess, UpdateAccess},
    rule::Rule,
};

use super::{change, enroll, enrolled, make, new_agent, new_key, status, told, world};
use crate::people::admin;

plimsoll::on_every_database!(migration::app:
    a_key_is_shown_once_and_kept_as_a_hash,
    a_key_has_its_limits,
    what_a_key_allows_is_not_changed_plainly,
    an_agent_enrols_with_a_key_and_proves_itself_with_its_token,
    a_key_that_has_ended_in_whatever_way_lets_nobody_in,
    of_agents_that_enrol_at_once_as_many_get_in_as_the_key_says,
    an_agent_that_is_refused_uses_nothing_up,
    an_agent_is_not_made_plainly_and_says_what_it_can_do,
    an_agent_that_is_silent_is_offline_until_it_is_heard_of,
    an_agent_that_is_suspended_or_revoked_proves_nothing,
    an_agent_without_a_token_does_not_become_active,
);

async fn revoke(db: &DatabaseConnection, world: &World, id: i64) -> enrollment_key::Model {
    let by = &admin::<UpdateAccess>(db).await;
    audited(db, world, |unit, _| Box::pin(key::revoke(unit, by, id)) as BoxFuture<'_, _>)
        .await
        .unwrap()
}

async fn key_row(db: &DatabaseConnection, id: i64) -> enrollment_key::Model {
    enrollment_key::Entity::find_by_id(id).one(db).await.unwrap().unwrap()
}

async fn a_key_is_shown_once_and_kept_as_a_hash(db: &DatabaseConnection) {
    let (world, _) = world();

    let made = make(db, &world, new_key(&world, 3)).await.unwrap();

    let key = made.key.expose_secret();
    assert!(key.starts_with("ple_") && key.len() == 47, "{}", key.len());
    assert_eq!(made.row.key_hash.expose().len(), 64);
    assert_ne!(made.row.key_hash.expose(), key);
    assert_eq!((made.row.max_uses, made.row.use_count), (3, 0));
    assert!(made.row.created_by_id.is_some());
    assert!(!format!("{made:?}").contains(&key[4..]));
    let by = admin::<ReadAccess>(db).await;
    let all = records::list::<enrollment_key::Entity>(db, &by, Condition::all(), None, 10).await;
    assert_eq!(all.unwrap().rows, std::slice::from_ref(&made.row));
    let entry = &told(db).await[0];
    assert_eq!(entry.action.as_deref(), Some("create"));
    assert_eq!(entry.subject_id, Some(made.row.id.to_string()));
    let details = entry.details.as_ref().unwrap().to_string();
    assert!(!details.contains(key) && !details.contains(made.row.key_hash.expose()), "{details}");
}

async fn a_key_has_its_limits(db: &DatabaseConnection) {
    let (world, clock) = world();
    let now = world.clock.now();
    let good = new_key(&world, 1);

    for wrong in [
        NewKey { max_uses: 0, ..good.clone() },
        NewKey { max_uses: -1, ..good.clone() },
        NewKey { max_uses: MOST_USES + 1, ..good.clone() },
        NewKey { expires_at: now, ..good.clone() },
        NewKey { expires_at: now - TimeDelta::days(1), ..good.clone() },
        NewKey { expires_at: now + LONGEST + TimeDelta::seconds(1), ..good.clone() },
        NewKey { name: Some(" ".to_owned()), ..good.clone() },
        NewKey { name: Some("n".repeat(101)), ..good.clone() },
        NewKey { attributes: json!(["north"]), ..good.clone() },
        NewKey { attributes: json!({"site": "a\0"}), ..good.clone() },
    ] {
        let refused = make(db, &world, wrong.clone()).await;

        assert!(matches!(refused, Err(Error::Invalid { .. })), "{wrong:?}: {refused:?}");
    }
    make(db, &world, NewKey { max_uses: MOST_USES, ..good.clone() }).await.unwrap();
    make(db, &world, NewKey { expires_at: now + LONGEST, name: None, ..good }).await.unwrap();
    // A time that not every database keeps.
    clock.set(DateTime::from_timestamp((1 << 31) - 60, 0).unwrap());
    let refused = make(db, &world, new_key(&world, 1)).await;
    assert!(matches!(refused, Err(Error::Invalid { kind: "end of a key", .. })), "{refused:?}");
}

async fn what_a_key_allows_is_not_changed_plainly(db: &DatabaseConnection) {
    use enrollment_key::{ActiveModel, Entity};

    let (world, _) = world();
    let made = make(db, &world, new_key(&world, 1)).await.unwrap();
    let (id, by) = (made.row.id, &admin::<UpdateAccess>(db).await);
    let update = async |changes: ActiveModel| {
        let changes = &changes;
        let outcome: service::Result<enrollment_key::Model> = audited(db, &world, |unit, _| {
            Box::pin(records::update::<Entity>(unit, by, id, changes.clone())) as BoxFuture<'_, _>
        })
        .await;
        outcome
    };

    let now = world.clock.now();
    for changes in [
        ActiveModel { max_uses: Set(9), ..Default::default() },
        ActiveModel { use_count: Set(0), ..Default::default() },
        ActiveModel { expires_at: Set(now), ..Default::default() },
        ActiveModel { revoked_at: Set(None), ..Default::default() },
        ActiveModel { key_hash: Set("0".repeat(64).into()), ..Default::default() },
        ActiveModel { attributes: Set(json!(1)), ..Default::default() },
    ] {
        let refused = update(changes.clone()).await;
        assert!(matches!(refused, Err(Error::Invalid { .. })), "{changes:?}: {refused:?}");
    }
    let renamed = ActiveModel { name: Set(Some(" rack 8 ".to_owned())), ..Default::default() };
    assert_eq!(update(renamed).await.unwrap().name.as_deref(), Some("rack 8"));

    let by = &admin::<CreateAccess>(db).await;
    let plain = &ActiveModel { name: Set(Some("plain".to_owned())), ..Default::default() };
    let refused = audited(db, &world, |unit, _| {
        Box::pin(records::create::<Entity>(unit, by, plain.clone())) as BoxFuture<'_, _>
    })
    .await;
    assert!(matches!(refused, Err(Error::Invalid { .. })), "{refused:?}");
}

async fn an_agent_enrols_with_a_key_and_proves_itself_with_its_token(db: &DatabaseConnection) {
    let (world, _) = world();
    let made = make(db, &world, new_key(&world, 2)).await.unwrap();

    let one = enroll(db, &world, &made.key, "web-1").await.unwrap();
    let other = enroll(db, &world, &made.key, "web-2").await.unwrap();

    let token = one.token.expose_secret();
    assert!(token.starts_with("plg_"));
    assert_ne!(token, other.token.expose_secret());
    assert_ne!(one.agent.agent_id, other.agent.agent_id);
    assert_eq!(one.agent.agent_id.len(), 36);
    assert_eq!(one.agent.status, AccessAgentStatus::Active);
    assert_eq!(one.agent.enrollment_key_id, Some(made.row.id));
    assert_eq!(one.agent.enrolled_at, Some(world.clock.now()));
    assert_eq!(one.agent.ip_address.as_deref(), Some("192.0.2.7"));
    assert_eq!(one.agent.capabilities, json!(["docker", "ssh"]));
    assert!(!format!("{one:?}").contains(&token[4..]));
    assert_eq!(agent::authenticate(db, token).await.unwrap(), one.agent);
    assert_eq!(key_row(db, made.row.id).await.use_count, 2);
    let key = made.key.expose_secret();
    for wrong in ["", "plg_", key, &token[..46], &token.replace("plg_", "ple_")] {
        let refused = agent::authenticate(db, wrong).await;
        assert!(matches!(refused, Err(Error::Unauthenticated)), "{wrong}: {refused:?}");
        let refused = agent::heartbeat(db, &world, wrong).await;
        assert!(matches!(refused, Err(Error::Unauthenticated)), "{wrong}: {refused:?}");
    }
    let entry = &told(db).await[0];
    assert_eq!(entry.action.as_deref(), Some("enroll"));
    assert_eq!(entry.subject_id, Some(other.agent.id.to_string()));
    assert_eq!(entry.actor_id, None);
    assert_eq!(entry.actor_name.as_deref(), Some("the system (an enrolment key)"));
}

async fn a_key_that_has_ended_in_whatever_way_lets_nobody_in(db: &DatabaseConnection) {
    let (world, clock) = world();
    let used = make(db, &world, new_key(&world, 1)).await.unwrap();
    enroll(db, &world, &used.key, "web-1").await.unwrap();
    let revoked = make(db, &world, new_key(&world, 5)).await.unwrap();
    let before = enroll(db, &world, &revoked.key, "web-2").await.unwrap();
    let row = revoke(db, &world, revoked.row.id).await;
    clock.advance(TimeDelta::minutes(1));
    assert_eq!(revoke(db, &world, revoked.row.id).await.revoked_at, row.revoked_at);
    let ending = make(db, &world, new_key(&world, 5)).await.unwrap();

    let refused = async |key: &SecretString| {
        let refused = enroll(db, &world, key, "web-9").await;
        let Err(Error::Refused { rule: Rule::KeySpent, because }) = refused else {
            panic!("{refused:?}");
        };
        because
    };
    assert!(refused(&used.key).await.ends_with("is used up: it was good for 1"));
    assert!(refused(&revoked.key).await.ends_with("was revoked"));
    clock.advance(TimeDelta::hours(1));
    assert!(refused(&ending.key).await.ends_with("has expired"));
    // Who came by it before stays.
    agent::authenticate(db, before.token.expose_secret()).await.unwrap();
    let token = before.token.expose_secret();
    for unknown in ["", "ple_", "nonsense", "a\0b", &token.replace("plg_", "ple_"), token] {
        let refused = agent::enroll(db, &world, unknown, new_agent("web-9")).await;
        assert!(matches!(refused, Err(Error::Unauthenticated)), "{unknown}: {refused:?}");
    }
    assert_eq!(access_agent::Entity::find().count(db).await.unwrap(), 2);
    assert_eq!(key_row(db, ending.row.id).await.use_count, 0);
}

async fn of_agents_that_enrol_at_once_as_many_get_in_as_the_key_says(db: &DatabaseConnection) {
    let world = World::system();
    for round in 0..plimsoll::testing::cases(3) {
        let made = make(db, &world, new_key(&world, 3)).await.unwrap();

        let outcomes = join_all((0..10).map(|at| {
            let (world, key) = (&world, &made.key);
            async move { enroll(db, world, key, &format!("web-{round}-{at}")).await }
        }))
        .await;

        let outside: Vec<_> = outcomes.iter().filter_map(|one| one.as_ref().err()).collect();
        assert_eq!(outside.len(), 7, "{outcomes:?}");
        for refused in outside {
            assert!(matches!(refused, Error::Refused { rule: Rule::KeySpent, .. }), "{refused:?}");
        }
        assert_eq!(key_row(db, made.row.id).await.use_count, 3);
        let by_key = access_agent::Column::EnrollmentKeyId.eq(made.row.id);
        let agents = access_agent::Entity::find().filter(by_key);
        assert_eq!(agents.count(db).await.unwrap(), 3);
    }
}

async fn an_agent_that_is_refused_uses_nothing_up(db: &DatabaseConnection) {
    let (world, _) = world();
    let made = make(db, &world, new_key(&world, 1)).await.unwrap();
    let key = made.key.expose_secret();

    for wrong in [
        new_agent(""),
        new_agent(" web-1"),
        new_agent("web\n1"),
        new_agent(&"w".repeat(256)),
        NewAgent { capabilities: BTreeSet::from(["SSH".to_owned()]), ..new_agent("web-1") },
    ] {
        let refused = agent::enroll(db, &world, key, wrong.clone()).await;
        assert!(matches!(refused, Err(Error::Invalid { .. })), "{wrong:?}: {refused:?}");
    }

    assert_eq!(key_row(db, made.row.id).await.use_count, 0);
    agent::enroll(db, &world, key, new_agent("web-1")).await.unwrap();
}

async fn an_agent_is_not_made_plainly_and_says_what_it_can_do(db: &DatabaseConnection) {
    use access_agent::{ActiveModel, Entity};

    let (world, _) = world();
    let id = enrolled(db, &world, "web-1").await.agent.id;
    let by = &admin::<CreateAccess>(db).await;
    let new = ActiveModel { hostname: Set("web-2".to_owned()), ..Default::default() };
    let named = ActiveModel { agent_id: Set("web-2".to_owned()), ..new.clone() };
    for new in [&new, &named] {
        let refused = audited(db, &world, |unit, _| {
            Box::pin(records::create::<Entity>(unit, by, new.clone())) as BoxFuture<'_, _>
        })
        .await;
        assert!(matches!(refused, Err(Error::Invalid { .. })), "{refused:?}");
    }

    let by = &admin::<UpdateAccess>(db).await;
    let update = async |changes: ActiveModel| {
        let changes = &changes;
        let outcome: service::Result<access_agent::Model> = audited(db, &world, |unit, _| {
            Box::pin(records::update::<Entity>(unit, by, id, changes.clone())) as BoxFuture<'_, _>
        })
        .await;
        outcome
    };
    for changes in [
        ActiveModel { status: Set(AccessAgentStatus::Revoked), ..Default::default() },
        ActiveModel { agent_id: Set("other".to_owned()), ..Default::default() },
        ActiveModel { token_hash: Set(None), ..Default::default() },
        ActiveModel { enrollment_key_id: Set(None), ..Default::default() },
        ActiveModel { last_heartbeat_at: Set(None), ..Default::default() },
        ActiveModel { capabilities: Set(json!("ssh")), ..Default::default() },
        ActiveModel { ip_address: Set(Some("here".to_owned())), ..Default::default() },
    ] {
        let refused = update(changes.clone()).await;
        assert!(matches!(refused, Err(Error::Invalid { .. })), "{changes:?}: {refused:?}");
    }
    let changed = update(ActiveModel {
        capabilities: Set(json!(["kubectl", "ssh", "kubectl"])),
        ip_address: Set(Some("::ffff:192.0.2.8".to_owned())),
        ..Default::default()
    })
    .await
    .unwrap();
    assert_eq!(changed.capabilities, json!(["kubectl", "ssh"]));
    assert_eq!(changed.ip_address.as_deref(), Some("192.0.2.8"));
}

async fn an_agent_that_is_silent_is_offline_until_it_is_heard_of(db: &DatabaseConnection) {
    let (world, clock) = world();
    let (quiet, loud) = (enrolled(db, &world, "q").await, enrolled(db, &world, "l").await);
    let by = admin::<UpdateAccess>(db).await;
    let after = TimeDelta::minutes(5);
    clock.advance(TimeDelta::minutes(6));
    agent::heartbeat(db, &world, loud.token.expose_secret()).await.unwrap();

    let silent = agent::silent(db, &world, &by, after).await.unwrap();
    let again = agent::silent(db, &world, &by, after).await.unwrap();

    assert_eq!((silent, again), (1, 0));
    assert_eq!(status(db, quiet.agent.id).await, AccessAgentStatus::Offline);
    assert_eq!(status(db, loud.agent.id).await, AccessAgentStatus::Active);
    // Its token is good still, and heard of it is active again.
    let found = agent::authenticate(db, quiet.token.expose_secret()).await.unwrap();
    assert_eq!(found.id, quiet.agent.id);
    agent::heartbeat(db, &world, quiet.token.expose_secret()).await.unwrap();
    let found = agent::authenticate(db, quiet.token.expose_secret()).await.unwrap();
    assert_eq!(found.status, AccessAgentStatus::Active);
    assert_eq!(found.last_heartbeat_at, Some(world.clock.now()));
    assert_eq!(agent::silent(db, &world, &by, TimeDelta::days(40_000)).await.unwrap(), 0);
    for wrong in [TimeDelta::zero(), TimeDelta::seconds(-1)] {
        let refused = agent::silent(db, &world, &by, wrong).await;
        assert!(matches!(refused, Err(Error::Invalid { kind: "silence", .. })), "{refused:?}");
    }
}

async fn an_agent_that_is_suspended_or_revoked_proves_nothing(db: &DatabaseConnection) {
    let (world, _) = world();
    let Enrolled { token, agent } = enrolled(db, &world, "web-1").await;
    let token = token.expose_secret();
    let proves_nothing = async || {
        let refused = agent::authenticate(db, token).await;
        assert!(matches!(refused, Err(Error::Unauthenticated)), "{refused:?}");
        let refused = agent::heartbeat(db, &world, token).await;
        assert!(matches!(refused, Err(Error::Unauthenticated)), "{refused:?}");
    };

    change(db, &world, agent.id, AccessAgentStatus::Suspended).await.unwrap();
    proves_nothing().await;
    assert_eq!(status(db, agent.id).await, AccessAgentStatus::Suspended);
    let before = told(db).await.len();
    change(db, &world, agent.id, AccessAgentStatus::Suspended).await.unwrap();
    assert_eq!(told(db).await.len(), before);
    change(db, &world, agent.id, AccessAgentStatus::Active).await.unwrap();
    agent::heartbeat(db, &world, token).await.unwrap();
    for to in [AccessAgentStatus::Offline, AccessAgentStatus::Pending] {
        let refused = change(db, &world, agent.id, to).await;
        assert!(
            matches!(refused, Err(Error::Refused { rule: Rule::Transition, .. })),
            "{refused:?}"
        );
    }

    let revoked = change(db, &world, agent.id, AccessAgentStatus::Revoked).await.unwrap();
    assert_eq!(revoked.token_hash, None);
    proves_nothing().await;
    for to in [AccessAgentStatus::Active, AccessAgentStatus::Suspended] {
        let refused = change(db, &world, agent.id, to).await;
        assert!(
            matches!(refused, Err(Error::Refused { rule: Rule::Transition, .. })),
            "{refused:?}"
        );
    }
    let missing = change(db, &world, 404, AccessAgentStatus::Revoked).await;
    assert!(matches!(missing, Err(Error::NotFound { kind: "agent", .. })), "{missing:?}");
    assert_eq!(told(db).await[0].action.as_deref(), Some("change_status"));
}

/// One that was brought in from elsewhere.
async fn an_agent_without_a_token_does_not_become_active(db: &DatabaseConnection) {
    let (world, _) = world();
    let brought = access_agent::ActiveModel {
        agent_id: Set("old-1".to_owned()),
        hostname: Set("old".to_owned()),
        status: Set(AccessAgentStatus::Suspended),
        ..Default::default()
    };
    let id = brought.insert(db).await.unwrap().id;

    let refused = change(db, &world, id, AccessAgentStatus::Active).await;

    assert!(matches!(refused, Err(Error::Refused { rule: Rule::Transition, .. })), "{refused:?}");
    change(db, &world, id, AccessAgentStatus::Revoked).await.unwrap();
}
