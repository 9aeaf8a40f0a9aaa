//! Keys: what a display proves itself by, and what it says of itself then.

use entity::audit::system_log;
use plimsoll::retry::BoxFuture;
use secrecy::{ExposeSecret, SecretString};
use service::{audit::audited, displays::key};

use super::*;

plimsoll::on_every_database!(migration::app:
    a_display_proves_itself_by_its_key_and_the_log_has_who_made_it,
    who_makes_a_key_may_see_what_it_opens,
    a_key_that_was_brought_in_is_a_text_of_any_form,
    the_display_of_who_is_not_active_is_nobodys,
    a_display_says_what_it_is_and_is_heard_of,
);

async fn make(db: &DatabaseConnection, actor: &Actor, id: &str) -> Result<SecretString> {
    let world = &world().0;
    audited(db, world, |unit, _| Box::pin(key::make(unit, world, actor, id)) as BoxFuture<'_, _>)
        .await
}

/// Gives a display the key that it had in another system.
async fn bring(db: &DatabaseConnection, id: &str, hash: &str) {
    let row = device::ActiveModel { api_key_hash: Set(Some(hash.into())), ..Default::default() };
    device::Entity::update_many()
        .set(row)
        .filter(device::Column::Id.eq(id))
        .exec(db)
        .await
        .unwrap();
}

/// SHA-256 of `devkey-0001`.
const DEVKEY: &str = "afe5561d25c63b731207834d3d8fd5e06345caff9987744ad701d80d411b15bd";

async fn a_display_proves_itself_by_its_key_and_the_log_has_who_made_it(db: &DatabaseConnection) {
    let (ana, bo, id) = (actor(db, "ana").await, actor(db, "bo").await, "a1b2c3d4");
    keep(db, &ana, &showing(id, &["a"])).await.unwrap();
    let first = make(db, &ana, id).await.unwrap();
    assert_eq!(key::by_key(db, &first).await.unwrap(), id);

    let second = make(db, &ana, "A1B2C3D4").await.unwrap();
    let refused = make(db, &bo, id).await;

    assert!(second.expose_secret().starts_with("pld_"));
    assert_eq!(key::by_key(db, &second).await.unwrap(), id);
    assert_eq!(load(db, By::Key(&second)).await.unwrap().apps.len(), 1);
    for wrong in [first, "".into(), "pld_".into(), id.into()] {
        let unknown = key::by_key(db, &wrong).await;
        assert!(matches!(unknown, Err(Error::Unauthenticated)), "{unknown:?}");
    }
    assert!(matches!(refused, Err(Error::Forbidden { .. })), "{refused:?}");
    let log = system_log::Entity::find()
        .filter(system_log::Column::Action.eq("key.make"))
        .all(db)
        .await
        .unwrap();
    assert_eq!(log.len(), 2);
    assert_eq!(log[0].subject_id.as_deref(), Some(id));
    assert_eq!(log[0].actor_id, Some(ana.user_id()));
    assert!(!format!("{log:?}").contains(second.expose_secret()));
}

async fn who_makes_a_key_may_see_what_it_opens(db: &DatabaseConnection) {
    let (ana, id) = (actor(db, "ana").await, "a1b2c3d4");
    let chief = Actor::of(&person(db, "chief", &["maintainer"]).await);
    keep(db, &ana, &showing(id, &["a"])).await.unwrap();
    let limited = |actor: &Actor, codes: &[&str]| {
        actor
            .clone()
            .limited_to(codes.iter().map(|code| (*code).to_owned()).collect::<BTreeSet<_>>())
    };

    for actor in [&ana, &chief] {
        let refused = make(db, &limited(actor, &["display:update"]), id).await;

        assert!(
            matches!(refused, Err(Error::Forbidden { permission: "display:read" })),
            "{refused:?}"
        );
        make(db, &limited(actor, &["display:read", "display:update"]), id).await.unwrap();
    }
}

async fn a_key_that_was_brought_in_is_a_text_of_any_form(db: &DatabaseConnection) {
    let (ana, id) = (actor(db, "ana").await, "a1b2c3d4");
    keep(db, &ana, &showing(id, &["a"])).await.unwrap();
    bring(db, id, DEVKEY).await;

    let found = key::by_key(db, &"devkey-0001".into()).await.unwrap();

    assert_eq!(found, id);
    for wrong in ["devkey-0001 ", "DEVKEY-0001", "devkey-0001\0", DEVKEY] {
        let unknown = key::by_key(db, &wrong.into()).await;
        assert!(matches!(unknown, Err(Error::Unauthenticated)), "{wrong:?}: {unknown:?}");
    }
}

async fn the_display_of_who_is_not_active_is_nobodys(db: &DatabaseConnection) {
    let (ana, id) = (actor(db, "ana").await, "a1b2c3d4");
    keep(db, &ana, &showing(id, &["a"])).await.unwrap();
    let key = make(db, &ana, id).await.unwrap();
    let users = entity::identity::user::Entity::find_by_id(ana.user_id());
    let mut row = users.one(db).await.unwrap().unwrap().into_active_model();
    row.is_active = Set(false);
    row.update(db).await.unwrap();

    let unknown = key::by_key(db, &key).await;
    let unheard = key::last_seen(db, &world().0, &key).await;

    assert!(matches!(unknown, Err(Error::Unauthenticated)), "{unknown:?}");
    assert!(matches!(unheard, Err(Error::Unauthenticated)), "{unheard:?}");
}

async fn a_display_says_what_it_is_and_is_heard_of(db: &DatabaseConnection) {
    let (world, clock) = world();
    let (ana, id) = (actor(db, "ana").await, "a1b2c3d4");
    keep(db, &ana, &showing(id, &["a"])).await.unwrap();
    keep(db, &ana, &showing("00000002", &[])).await.unwrap();
    let key = make(db, &ana, id).await.unwrap();
    let before = load(db, By::Key(&key)).await.unwrap();
    let info = json!({"firmware_version": "1.2.3", "protocol_version": 2, "protocol_type": "WS"});

    let first = clock.advance(TimeDelta::minutes(1));
    key::last_seen(db, &world, &key).await.unwrap();
    let heard = load(db, By::Key(&key)).await.unwrap();
    let second = clock.advance(TimeDelta::minutes(1));
    key::says(db, &world, &key, info.as_object().unwrap()).await.unwrap();
    let said = load(db, By::Key(&key)).await.unwrap();

    assert_eq!(before.seen.last_seen_at, None);
    assert_eq!(heard.seen.last_seen_at, Some(first));
    assert_eq!(said.seen.last_seen_at, Some(second));
    assert_eq!(json!(said.seen.info), info);
    // None of it is a change by people.
    assert_eq!(said.seen.updated_at, before.seen.updated_at);
    let other = load(db, By::Actor(&ana, "00000002")).await.unwrap();
    assert_eq!(other.seen.last_seen_at, None);
    let wrong = json!({"firmware_version": "\0"});
    let refused = key::says(db, &world, &key, wrong.as_object().unwrap()).await;
    assert!(matches!(refused, Err(Error::Invalid { .. })), "{refused:?}");
    let unknown = key::says(db, &world, &"none".into(), info.as_object().unwrap()).await;
    assert!(matches!(unknown, Err(Error::Unauthenticated)), "{unknown:?}");
}
