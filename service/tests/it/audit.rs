//! What is written to the audit log, and how it is noticed that somebody changed it.

use std::{collections::BTreeSet, sync::Arc};

use chrono::{TimeDelta, Utc};
use entity::audit::{audit_chain, system_log};
use futures_util::future::join_all;
use plimsoll::clock::ManualClock;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ConnectionTrait, DatabaseConnection, EntityTrait,
    IntoActiveModel, PaginatorTrait, QueryOrder, sea_query::Expr,
};
use serde_json::json;
use service::{
    Error, Rights, World,
    audit::{self, Fault, Filter, Verified},
    identity::{
        api_key::{self, NewKey},
        permission, role as roles,
        user::{self, NewUser},
    },
    retention,
    rights::{Actor, AssignRoles, CreateUsers, GrantPermissions, ReadAudit, UpdateSettings},
    settings,
};

use crate::people::{admin, person};

plimsoll::on_every_database!(migration::app:
    every_change_of_people_rights_and_settings_writes_a_row,
    what_is_refused_writes_nothing,
    a_chain_that_nobody_touched_is_whole,
    every_column_of_a_row_is_sealed,
    a_row_that_is_gone_is_noticed_wherever_it_was,
    a_chain_that_was_cut_or_prolonged_at_its_end_is_noticed,
    changes_at_once_make_one_chain,
    the_log_is_read_the_newest_first_and_by_what_is_asked,
    pruning_moves_the_checkpoint_and_leaves_a_whole_chain,
    pruning_hides_nothing_that_was_altered,
);

async fn actions(db: &DatabaseConnection) -> Vec<String> {
    let rows = system_log::Entity::find().order_by_asc(system_log::Column::Position);
    rows.all(db).await.unwrap().into_iter().filter_map(|row| row.action).collect()
}

async fn set_name(db: &DatabaseConnection, world: &World, name: &str) {
    let by = admin::<UpdateSettings>(db).await;
    settings::set(db, &by, world, "app.name", name).await.unwrap();
}

/// A chain of that many rows.
async fn chain(db: &DatabaseConnection, rows: i64) {
    let world = World::system();
    for row in 0..rows {
        set_name(db, &world, &format!("name {row}")).await;
    }
}

async fn verify(db: &DatabaseConnection) -> Verified {
    let by = admin::<ReadAudit>(db).await;
    audit::verify(db, &by).await.unwrap()
}

async fn every_change_of_people_rights_and_settings_writes_a_row(db: &DatabaseConnection) {
    let (world, rights) = (World::system(), Rights::new(World::system()));
    let boss = admin::<CreateUsers>(db).await;
    let actor = boss.actor().unwrap();
    let new = &NewUser { username: "Bo".to_owned(), ..NewUser::default() };
    let bo = rights
        .change(db, |change, _| Box::pin(user::create(change, &boss, new.clone())))
        .await
        .unwrap();
    let by = admin::<AssignRoles>(db).await;
    let grants = admin::<GrantPermissions>(db).await;
    rights.change(db, |change, _| Box::pin(roles::assign(change, &by, bo.id, 1))).await.unwrap();
    // A second time changes nothing.
    rights.change(db, |change, _| Box::pin(roles::assign(change, &by, bo.id, 1))).await.unwrap();
    let last = entity::identity::permission::Entity::find()
        .order_by_desc(entity::identity::permission::Column::Id)
        .one(db)
        .await
        .unwrap()
        .unwrap();
    rights
        .change(db, |change, _| Box::pin(permission::withdraw(change, &grants, 1, last.id)))
        .await
        .unwrap();
    set_name(db, &world, "Ship").await;
    let key = NewKey { name: "laptop".to_owned(), scopes: BTreeSet::new(), expires_at: None };
    let key = api_key::create(db, &rights, &world, actor, key).await.unwrap();
    api_key::revoke(db, &world, actor, key.info.id).await.unwrap();

    assert_eq!(
        actions(db).await,
        [
            "user.create",
            "role.assign",
            "permission.withdraw",
            "setting.set",
            "api_key.create",
            "api_key.revoke"
        ]
    );
    let rows = system_log::Entity::find().order_by_asc(system_log::Column::Position);
    let rows = rows.all(db).await.unwrap();
    let set = &rows[3];
    assert_eq!(set.details, Some(json!({"from": "Plimsoll", "to": "Ship"})));
    assert_eq!((set.component.as_str(), set.actor_id), ("settings", Some(actor.user_id())));
    assert_eq!(set.subject_id.as_deref(), Some("app.name"));
    assert_eq!(set.message, "setting.set on setting app.name by boss");
    let everything = format!("{rows:?}");
    assert!(!everything.contains("plk_"), "no key is in the log");
    assert_eq!(verify(db).await, Verified { from: 1, to: 6, fault: None });
}

async fn what_is_refused_writes_nothing(db: &DatabaseConnection) {
    let by = admin::<UpdateSettings>(db).await;

    let refused = settings::set(db, &by, &World::system(), "app.name", 7_i64).await;

    assert!(matches!(refused, Err(Error::WrongType { .. })), "{refused:?}");
    assert_eq!(system_log::Entity::find().count(db).await.unwrap(), 0);
    assert_eq!(verify(db).await, Verified { from: 1, to: 0, fault: None });
}

async fn a_chain_that_nobody_touched_is_whole(db: &DatabaseConnection) {
    chain(db, 5).await;
    // A row that is no part of it.
    let loose = system_log::ActiveModel {
        level: Set(system_log::LogLevel::Error),
        component: Set("worker".to_owned()),
        message: Set("lost its way".to_owned()),
        ..Default::default()
    };
    system_log::Entity::insert(loose).exec(db).await.unwrap();

    assert_eq!(verify(db).await, Verified { from: 1, to: 5, fault: None });
}

async fn every_column_of_a_row_is_sealed(db: &DatabaseConnection) {
    chain(db, 3).await;
    let second = system_log::Entity::find()
        .order_by_asc(system_log::Column::Position)
        .all(db)
        .await
        .unwrap()
        .swap_remove(1);
    let columns = entity::schema().into_iter().find(|table| table.name == "system_logs").unwrap();
    let mut tried = 0;

    for column in columns.columns.iter().filter(|column| column.name != "id") {
        let name = column.name.as_str();
        let other = match name {
            "level" => "'error'".to_owned(),
            "details" => r#"'{"from":"x","to":"y"}'"#.to_owned(),
            "actor_id" => "77".to_owned(),
            "created_at" => "'2026-01-01T00:00:00.000000+00:00'".to_owned(),
            "hash" => format!("'{}'", "0".repeat(64)),
            // Another place would be missing at this one.
            "position" => continue,
            _ => "'other'".to_owned(),
        };
        let id = second.id;
        let time = |literal: String| match db.get_database_backend() {
            sea_orm::DbBackend::MySql => "'2026-01-01 00:00:00'".to_owned(),
            _ => literal,
        };
        let other = if name == "created_at" { time(other) } else { other };
        db.execute_unprepared(&format!("UPDATE system_logs SET {name} = {other} WHERE id = {id}"))
            .await
            .unwrap();

        let found = verify(db).await;

        assert_eq!(found.fault, Some(Fault::Changed { position: 2, id }), "{name}");
        let back = second.clone().into_active_model().reset_all();
        system_log::Entity::update(back).exec(db).await.unwrap();
        assert_eq!(verify(db).await.fault, None, "{name}");
        tried += 1;
    }
    assert_eq!(tried, 11);
}

async fn a_row_that_is_gone_is_noticed_wherever_it_was(db: &DatabaseConnection) {
    chain(db, 4).await;
    for position in 1..=4_i64 {
        let found = system_log::Entity::find()
            .order_by_asc(system_log::Column::Position)
            .all(db)
            .await
            .unwrap();
        let row = found.into_iter().find(|row| row.position == Some(position)).unwrap();
        system_log::Entity::delete_by_id(row.id).exec(db).await.unwrap();

        assert_eq!(verify(db).await.fault, Some(Fault::Missing { position }));

        let back = row.into_active_model().reset_all();
        system_log::Entity::insert(back).exec_without_returning(db).await.unwrap();
        assert_eq!(verify(db).await.fault, None);
    }
}

async fn a_chain_that_was_cut_or_prolonged_at_its_end_is_noticed(db: &DatabaseConnection) {
    chain(db, 3).await;
    let end = audit_chain::Entity::find_by_id("main").one(db).await.unwrap().unwrap();
    let back = async |position: i64| {
        audit_chain::Entity::update_many()
            .col_expr(audit_chain::Column::Position, Expr::value(position))
            .exec(db)
            .await
            .unwrap();
    };

    // Whoever shortens the chain's own row forgets the hash, or the row that is beyond.
    back(2).await;
    assert!(verify(db).await.fault.is_some());
    back(3).await;
    assert_eq!(verify(db).await.fault, None);
    let forged = system_log::ActiveModel {
        level: Set(system_log::LogLevel::Info),
        component: Set("identity".to_owned()),
        message: Set("nothing happened".to_owned()),
        position: Set(Some(4)),
        hash: Set(Some(end.hash)),
        ..Default::default()
    };
    system_log::Entity::insert(forged).exec(db).await.unwrap();

    assert_eq!(verify(db).await.fault, Some(Fault::End { found: 4, recorded: 3 }));
}

async fn changes_at_once_make_one_chain(db: &DatabaseConnection) {
    let world = World::system();
    let by = admin::<UpdateSettings>(db).await;
    let rights = Rights::new(World::system());
    let people = admin::<CreateUsers>(db).await;
    let news: Vec<NewUser> = (0..8)
        .map(|at| NewUser { username: format!("person {at}"), ..NewUser::default() })
        .collect();
    let (rights, people) = (&rights, &people);

    let named = (0..12).map(|at| settings::set(db, &by, &world, "app.name", format!("n {at}")));
    let added = news.iter().map(|new| {
        rights.change(db, move |change, _| Box::pin(user::create(change, people, new.clone())))
    });
    let (named, added) = futures_util::future::join(join_all(named), join_all(added)).await;

    assert!(named.iter().all(Result::is_ok), "{named:?}");
    assert!(added.iter().all(Result::is_ok), "{added:?}");
    assert_eq!(verify(db).await, Verified { from: 1, to: 20, fault: None });
}

async fn the_log_is_read_the_newest_first_and_by_what_is_asked(db: &DatabaseConnection) {
    chain(db, 5).await;
    let by = admin::<ReadAudit>(db).await;
    let everything = Filter::default();

    let first = audit::list(db, &by, &everything, None, 3).await.unwrap();
    let rest = audit::list(db, &by, &everything, first.next, 3).await.unwrap();
    let of = |page: &[audit::Entry]| page.iter().map(|row| row.position).collect::<Vec<_>>();

    assert_eq!(of(&first.rows), [Some(5), Some(4), Some(3)]);
    assert_eq!((of(&rest.rows), rest.next), (vec![Some(2), Some(1)], None));
    let subject = Some(("setting".to_owned(), "app.name".to_owned()));
    let counts = [
        (Filter { subject, ..Filter::default() }, 5),
        (Filter { component: Some("identity".to_owned()), ..Filter::default() }, 0),
        (Filter { component: Some("a\0b".to_owned()), ..Filter::default() }, 0),
        (Filter { actor_id: by.actor().map(Actor::user_id), ..Filter::default() }, 5),
        (Filter { actor_id: Some(404), ..Filter::default() }, 0),
        (Filter { since: Some(Utc::now() + TimeDelta::hours(1)), ..Filter::default() }, 0),
        (Filter { until: Some(Utc::now() + TimeDelta::hours(1)), ..Filter::default() }, 5),
    ];
    for (filter, expected) in counts {
        let page = audit::list(db, &by, &filter, None, 100).await.unwrap();

        assert_eq!(page.rows.len(), expected, "{filter:?}");
    }
    let nobody = person(db, "nobody", &["viewer"]).await;
    let refused = service::rights::check::<ReadAudit>(db, &Actor::of(&nobody)).await;
    assert!(matches!(refused, Err(Error::Forbidden { .. })));
}

/// A world whose clock stands that many days before now.
fn days_ago(days: i64) -> World {
    let clock = Arc::new(ManualClock::new(Utc::now() - TimeDelta::days(days)));
    World { clock, ..World::system() }
}

async fn pruning_moves_the_checkpoint_and_leaves_a_whole_chain(db: &DatabaseConnection) {
    for (days, name) in [(500, "a"), (450, "b"), (10, "c"), (460, "d"), (1, "e")] {
        set_name(db, &days_ago(days), name).await;
    }

    let pruned = retention::prune(db, &World::system()).await.unwrap();

    assert_eq!((pruned[0].table, pruned[0].rows), ("system_logs", 2));
    // What is old and comes after what is young stays.
    assert_eq!(verify(db).await, Verified { from: 3, to: 5, fault: None });
    set_name(db, &World::system(), "f").await;
    assert_eq!(verify(db).await, Verified { from: 3, to: 6, fault: None });
    let later = World {
        clock: Arc::new(ManualClock::new(Utc::now() + TimeDelta::days(800))),
        ..World::system()
    };
    retention::prune(db, &later).await.unwrap();
    assert_eq!(system_log::Entity::find().count(db).await.unwrap(), 0);
    assert_eq!(verify(db).await, Verified { from: 7, to: 6, fault: None });
    set_name(db, &World::system(), "g").await;
    assert_eq!(verify(db).await, Verified { from: 7, to: 7, fault: None });
}

async fn pruning_hides_nothing_that_was_altered(db: &DatabaseConnection) {
    for days in [500, 490, 480] {
        set_name(db, &days_ago(days), &format!("{days}")).await;
    }
    db.execute_unprepared("UPDATE system_logs SET message = 'nothing' WHERE position = 2")
        .await
        .unwrap();

    let refused = retention::prune(db, &World::system()).await;

    assert!(matches!(refused, Err(Error::Malformed { kind: "audit chain", .. })), "{refused:?}");
    assert!(matches!(verify(db).await.fault, Some(Fault::Changed { position: 2, .. })));
}
