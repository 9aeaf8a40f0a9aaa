//! Idempotency keys by the clock: what is asked twice is done once.

use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use entity::identity::{idempotency_key, user};
use futures_util::future::join_all;
use sea_orm::{DatabaseConnection, EntityTrait, PaginatorTrait};
use service::{
    World,
    identity::{
        caller::Caller,
        idempotency::{self, Answer, Asked, Doing, LARGEST, LASTS, Turn},
        session::Client,
    },
    rights::Actor,
};

use crate::{people::person, worlds::world};

plimsoll::on_every_database!(migration::app:
    what_was_done_is_told_again_for_a_day,
    what_was_not_done_is_asked_anew_and_what_nobody_knows_is_not,
    of_several_at_once_one_is_the_first,
    each_person_and_each_api_key_has_keys_of_its_own,
    old_keys_are_removed_now_and_then,
);

const KEY: &str = "8e03978e-40d5-43e8-bc93-6894a57f9324";
const PATIENCE: Duration = Duration::from_secs(20);

/// Somebody who has logged in, or a program with an API key of theirs.
fn caller(user: &user::Model, session: Option<&str>) -> Caller {
    Caller {
        actor: Actor::of(user),
        user: user.clone(),
        session: session.map(str::to_owned),
        client: Client::default(),
    }
}

async fn ask(db: &DatabaseConnection, world: &World, caller: &Caller, body: &str) -> Turn {
    ask_by(db, world, caller, (KEY, "pla_one"), body).await
}

async fn ask_by(
    db: &DatabaseConnection,
    world: &World,
    caller: &Caller,
    (key, proof): (&str, &str),
    body: &str,
) -> Turn {
    let (method, target, body) = ("POST", "/api/v1/clusters?a=b", body.as_bytes());
    let asked = Asked { caller, proof, key, method, target, body };
    idempotency::begin(db, world, &asked, PATIENCE).await.unwrap()
}

fn first(turn: Turn) -> Doing {
    match turn {
        Turn::First(doing) => doing,
        other => panic!("{other:?}"),
    }
}

fn answer(body: Vec<u8>) -> Answer {
    let headers = vec![("location".to_owned(), "/api/v1/clusters/7".to_owned())];
    Answer { status: 201, headers, body }
}

async fn rows(db: &DatabaseConnection) -> u64 {
    idempotency_key::Entity::find().count(db).await.unwrap()
}

async fn what_was_done_is_told_again_for_a_day(db: &DatabaseConnection) {
    let (world, clock) = world();
    let ana = &caller(&person(db, "ana", &[]).await, Some("s1"));
    let other = KEY.replace('8', "9");
    let large = (other.as_str(), "pla_one");

    let doing = first(ask(db, &world, ana, "{}").await);
    assert!(matches!(ask(db, &world, ana, "{}").await, Turn::Running));
    assert!(matches!(ask(db, &world, ana, "{ }").await, Turn::Other));
    doing.end(db, &world, &answer(b"plk_geheim".to_vec())).await.unwrap();
    let doing = first(ask_by(db, &world, ana, large, "{}").await);
    doing.end(db, &world, &answer(vec![b'x'; LARGEST + 1])).await.unwrap();

    let kept = idempotency_key::Entity::find().one(db).await.unwrap().unwrap();
    assert_eq!((kept.status, kept.ended_at.is_some()), (Some(201), true));
    let sealed = kept.answer.unwrap();
    assert!(sealed.expose().starts_with("v1."), "{}", sealed.expose());
    assert!(!sealed.expose().contains("geheim"));
    for wait in [TimeDelta::zero(), LASTS - TimeDelta::seconds(1)] {
        clock.advance(wait);
        let again = ask(db, &world, ana, "{}").await;
        assert!(
            matches!(&again, Turn::Again(told) if *told == answer(b"plk_geheim".to_vec())),
            "{again:?}"
        );
        let again = ask_by(db, &world, ana, large, "{}").await;
        assert!(matches!(again, Turn::NotKept { status: 201 }), "{again:?}");
        assert!(matches!(ask(db, &world, ana, "{ }").await, Turn::Other));
    }
    clock.advance(TimeDelta::seconds(1));
    first(ask(db, &world, ana, "{ }").await);
    assert_eq!(rows(db).await, 2);
}

async fn what_was_not_done_is_asked_anew_and_what_nobody_knows_is_not(db: &DatabaseConnection) {
    let (world, clock) = world();
    let ana = &caller(&person(db, "ana", &[]).await, Some("s1"));

    first(ask(db, &world, ana, "{}").await).undo(db).await.unwrap();
    let doing = first(ask(db, &world, ana, "{ }").await);
    clock.advance(TimeDelta::from_std(PATIENCE).unwrap());
    let lost = ask(db, &world, ana, "{ }").await;

    assert!(matches!(lost, Turn::Lost), "{lost:?}");
    // Whoever did it was only slow.
    doing.end(db, &world, &answer(b"{}".to_vec())).await.unwrap();
    assert!(matches!(ask(db, &world, ana, "{ }").await, Turn::Again(_)));
}

async fn of_several_at_once_one_is_the_first(db: &DatabaseConnection) {
    let (world, clock) = world();
    let ana = &caller(&person(db, "ana", &[]).await, Some("s1"));

    // There is none at first, and one that is too old behind that.
    for _ in 0..2 {
        let turns = join_all((0..6).map(|_| ask(db, &world, ana, "{}"))).await;

        let firsts = turns.iter().filter(|turn| matches!(turn, Turn::First(_))).count();
        let others = turns.iter().filter(|turn| matches!(turn, Turn::Running)).count();
        assert_eq!((firsts, others), (1, 5), "{turns:?}");
        assert_eq!(rows(db).await, 1);
        clock.advance(LASTS);
    }
}

async fn each_person_and_each_api_key_has_keys_of_its_own(db: &DatabaseConnection) {
    let (world, _) = world();
    let (ana, bob) = (person(db, "ana", &[]).await, person(db, "bob", &[]).await);

    for (caller, proof) in [
        (caller(&ana, Some("s1")), "pla_one"),
        (caller(&bob, Some("s2")), "pla_two"),
        (caller(&ana, None), "plk_one"),
        (caller(&ana, None), "plk_two"),
    ] {
        first(ask_by(db, &world, &caller, (KEY, proof), "{}").await);
    }

    let later = caller(&ana, Some("s3"));
    let again = ask_by(db, &world, &later, (KEY, "pla_three"), "{}").await;
    assert!(matches!(again, Turn::Running), "{again:?}");
    assert_eq!(rows(db).await, 4);
    user::Entity::delete_by_id(ana.id).exec(db).await.unwrap();
    assert_eq!(rows(db).await, 1, "what was asked goes with whoever asked");
}

#[derive(Debug)]
struct Always(u8);

impl plimsoll::random::Random for Always {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(self.0);
    }
}

async fn old_keys_are_removed_now_and_then(db: &DatabaseConnection) {
    let (world, clock) = world();
    let ana = &caller(&person(db, "ana", &[]).await, Some("s1"));
    let [seldom, now] =
        [1, 0].map(|dice| World { random: Arc::new(Always(dice)), ..world.clone() });
    for at in 0..3 {
        let key = format!("old-{at}-{KEY}");
        first(ask_by(db, &seldom, ana, (&key, "pla_one"), "{}").await);
    }

    clock.advance(LASTS + TimeDelta::seconds(1));
    first(ask_by(db, &seldom, ana, (KEY, "pla_one"), "{}").await);
    assert_eq!(rows(db).await, 4);
    first(ask_by(db, &now, ana, (&KEY.replace('8', "9"), "pla_one"), "{}").await);

    assert_eq!(rows(db).await, 2);
}
