//! Passwords, tokens and throttles by the clock.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
};

use chrono::{DateTime, TimeDelta, Utc};
use entity::identity::{access_token, login_throttle, password_reset, refresh_token, user};
use futures_util::future::{join, join_all};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseConnection, EntityTrait, IntoActiveModel,
    PaginatorTrait, QueryFilter,
};
use secrecy::{ExposeSecret, SecretString};
use service::{
    Error, Result, Rights, World,
    identity::{
        api_key::{self, NewKey},
        caller::{self, Caller},
        password::Hasher,
        reset,
        session::{self, ABSOLUTE, ACCESS, Client, IDLE, Login, Tokens},
        totp,
        user::{NewUser, create},
    },
    rights::{Actor, CreateUsers, ReadSettings, UpdateSettings},
    rule::Rule,
    seal::Keyring,
    settings,
};

use crate::mail::{reset_for, verified};
use crate::people::{admin, person};
use crate::worlds::world;

plimsoll::on_every_database!(migration::app:
    a_password_hashed_with_less_is_hashed_anew_at_the_login,
    of_two_exchanges_at_once_one_succeeds_and_the_session_ends,
    tokens_end_by_the_clock_and_a_session_has_an_absolute_end,
    a_clock_that_jumps_lets_nobody_in_and_shuts_nobody_out,
    attempts_at_once_are_counted_each,
    of_the_first_attempts_from_an_address_none_is_one_too_many,
    an_account_under_attack_from_everywhere_stays_open,
    a_reset_is_good_once_and_for_an_hour,
    a_key_has_no_more_than_its_owner_and_ends,
    of_two_keys_at_once_none_is_above_the_limit,
    a_second_factor_is_asked_for_and_each_password_taken_once,
    a_login_beside_a_shut_out_leaves_no_session,
    whoever_guesses_by_two_names_of_one_person_has_no_more_attempts,
    whoever_has_a_session_cannot_try_all_one_time_passwords,
    what_has_expired_is_removed_now_and_then,
);

const PASSWORD: &str = "correct horse battery";
const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

fn hasher() -> Hasher {
    Hasher::with(8, 1, 2)
}

async fn ana(db: &DatabaseConnection, world: &World) -> user::Model {
    let by = &admin::<CreateUsers>(db).await;
    let password = hasher().hash(world, &PASSWORD.into(), &[]).await.unwrap();
    let new = &NewUser {
        username: "Ana".to_owned(),
        email: Some("ana@example.org".to_owned()),
        password: Some(password),
        ..NewUser::default()
    };
    let rights = Rights::new(world.clone());
    rights.change(db, |change, _| Box::pin(create(change, by, new.clone()))).await.unwrap()
}

async fn login(db: &DatabaseConnection, world: &World, password: &str) -> Result<Tokens> {
    login_from(db, world, password, "192.0.2.1", None).await
}

async fn login_from(
    db: &DatabaseConnection,
    world: &World,
    password: &str,
    address: &str,
    otp: Option<&str>,
) -> Result<Tokens> {
    let login = Login {
        name: "ANA".to_owned(),
        password: password.into(),
        otp: otp.map(SecretString::from),
    };
    let client = Client { ip: Some(address.parse().unwrap()), user_agent: None };
    let keys = Keyring::read(Some(&KEY.into())).unwrap();
    session::login(db, world, &hasher(), &keys, &login, &client).await
}

async fn refresh(db: &DatabaseConnection, world: &World, token: &SecretString) -> Result<Tokens> {
    session::refresh(db, world, token.expose_secret(), &Client::default()).await
}

async fn ask(db: &DatabaseConnection, world: &World, token: &SecretString) -> Result<Caller> {
    caller::authenticate(db, world, token.expose_secret(), Client::default()).await
}

async fn a_password_hashed_with_less_is_hashed_anew_at_the_login(db: &DatabaseConnection) {
    let (world, _) = world();
    let ana = ana(db, &world).await;
    let weak = ana.password_hash.clone().unwrap();
    let keys = Keyring::default();
    let with = Login { name: "ana".to_owned(), password: PASSWORD.into(), otp: None };

    let stronger = Hasher::with(16, 2, 1);
    session::login(db, &world, &stronger, &keys, &with, &Client::default()).await.unwrap();

    let row = user::Entity::find_by_id(ana.id).one(db).await.unwrap().unwrap();
    let strong = row.password_hash.unwrap();
    assert_ne!(strong, weak);
    assert!(strong.expose().starts_with("$argon2id$v=19$m=16,t=2,p=1$"), "{}", strong.expose());
    // With it, and by the older parameters, it stays as it is.
    session::login(db, &world, &stronger, &keys, &with, &Client::default()).await.unwrap();
    login(db, &world, PASSWORD).await.unwrap();
    let row = user::Entity::find_by_id(ana.id).one(db).await.unwrap().unwrap();
    assert_eq!((row.password_hash.unwrap(), row.login_count), (strong, 3));
}

async fn of_two_exchanges_at_once_one_succeeds_and_the_session_ends(db: &DatabaseConnection) {
    let (world, _) = world();
    ana(db, &world).await;
    for _ in 0..5 * plimsoll::testing::cases(1) {
        let tokens = login(db, &world, PASSWORD).await.unwrap();

        let (one, other) =
            join(refresh(db, &world, &tokens.refresh), refresh(db, &world, &tokens.refresh)).await;

        let won = [one, other].into_iter().filter_map(Result::ok).collect::<Vec<_>>();
        assert_eq!(won.len(), 1);
        assert!(matches!(refresh(db, &world, &won[0].refresh).await, Err(Error::Unauthenticated)));
        assert!(matches!(ask(db, &world, &won[0].access).await, Err(Error::Unauthenticated)));
    }
    let reused = refresh_token::Column::RevokedReason.eq("reuse");
    let reused = refresh_token::Entity::find().filter(reused).count(db).await.unwrap();
    assert!(reused > 0);
}

async fn tokens_end_by_the_clock_and_a_session_has_an_absolute_end(db: &DatabaseConnection) {
    let (world, clock) = world();
    ana(db, &world).await;
    let began = clock.advance(TimeDelta::zero());
    let tokens = login(db, &world, PASSWORD).await.unwrap();

    clock.set(began + ACCESS - TimeDelta::seconds(1));
    assert!(ask(db, &world, &tokens.access).await.is_ok());
    clock.set(began + ACCESS);
    assert!(matches!(ask(db, &world, &tokens.access).await, Err(Error::Unauthenticated)));
    let idle = login(db, &world, PASSWORD).await.unwrap();
    clock.advance(IDLE);
    assert!(matches!(refresh(db, &world, &idle.refresh).await, Err(Error::Unauthenticated)));

    // A session of its own: what expired up to now may have been removed meanwhile.
    let began = clock.advance(TimeDelta::zero());
    let mut tokens = login(db, &world, PASSWORD).await.unwrap();
    let mut at: DateTime<Utc> = began;
    while at + IDLE - TimeDelta::hours(1) < began + ABSOLUTE {
        at = at + IDLE - TimeDelta::hours(1);
        clock.set(at);
        tokens = refresh(db, &world, &tokens.refresh).await.unwrap();
        assert!(tokens.refresh_expires_at <= began + ABSOLUTE);
    }
    clock.set(began + ABSOLUTE);
    assert!(matches!(refresh(db, &world, &tokens.refresh).await, Err(Error::Unauthenticated)));
    assert!(matches!(ask(db, &world, &tokens.access).await, Err(Error::Unauthenticated)));
}

async fn a_clock_that_jumps_lets_nobody_in_and_shuts_nobody_out(db: &DatabaseConnection) {
    let (world, clock) = world();
    ana(db, &world).await;
    let began = clock.advance(TimeDelta::zero());
    for _ in 0..20 {
        let _ = login_from(db, &world, "guess", "203.0.113.9", None).await;
    }
    let refused = login_from(db, &world, PASSWORD, "203.0.113.9", None).await;
    assert!(matches!(refused, Err(Error::TooManyAttempts { .. })), "{refused:?}");

    // Set back by a year: what was used up lies further ahead than it could, and counts no more.
    clock.set(began - TimeDelta::days(365));
    let tokens = login_from(db, &world, PASSWORD, "203.0.113.9", None).await.unwrap();
    assert!(ask(db, &world, &tokens.access).await.is_ok());

    // Set ahead by ten years: everything has ended, and one can log in.
    clock.set(began + TimeDelta::days(3650));
    assert!(matches!(ask(db, &world, &tokens.access).await, Err(Error::Unauthenticated)));
    assert!(matches!(refresh(db, &world, &tokens.refresh).await, Err(Error::Unauthenticated)));
    let tokens = login(db, &world, PASSWORD).await.unwrap();

    // And back again: what was made in the future is no older than it says.
    clock.set(began);
    let caller = ask(db, &world, &tokens.access).await.unwrap();
    session::end_others(db, &world, &caller).await.unwrap();
    login(db, &world, PASSWORD).await.unwrap();
    for at in [DateTime::UNIX_EPOCH, DateTime::<Utc>::from_timestamp(-1_000_000, 0).unwrap()] {
        clock.set(at);
        let outcome = login(db, &world, "guess").await;
        assert!(
            matches!(
                outcome,
                Err(Error::WrongCredentials | Error::TooManyAttempts { .. } | Error::Database(_))
            ),
            "{outcome:?}"
        );
    }
}

async fn attempts_at_once_are_counted_each(db: &DatabaseConnection) {
    let (world, clock) = world();
    ana(db, &world).await;

    let attempts = (0..40).map(|_| login_from(db, &world, "guess", "203.0.113.9", None));
    let outcomes = join_all(attempts).await;

    let looked_at =
        outcomes.iter().filter(|outcome| matches!(outcome, Err(Error::WrongCredentials))).count();
    assert_eq!(looked_at, 10, "what the pair may at once");
    let waits = outcomes.iter().filter_map(|outcome| match outcome {
        Err(Error::TooManyAttempts { retry_after }) => Some(retry_after.as_secs()),
        _ => None,
    });
    assert!(waits.clone().count() == 30 && waits.clone().all(|wait| (1..=31).contains(&wait)));
    // After the wait that was told one attempt is looked at, and the next is not.
    clock.advance(TimeDelta::seconds(i64::try_from(waits.max().unwrap()).unwrap()));
    let next = login_from(db, &world, "guess", "203.0.113.9", None).await;
    assert!(matches!(next, Err(Error::WrongCredentials)), "{next:?}");
    let another = login_from(db, &world, "guess", "203.0.113.9", None).await;
    assert!(matches!(another, Err(Error::TooManyAttempts { .. })), "{another:?}");
    // Rows that say nothing any more go.
    clock.advance(TimeDelta::days(2));
    for _ in 0..400 {
        let _ = login_from(db, &world, "guess", "198.51.100.7", None).await;
    }
    assert!(login_throttle::Entity::find().count(db).await.unwrap() <= 5);
}

async fn of_the_first_attempts_from_an_address_none_is_one_too_many(db: &DatabaseConnection) {
    let (world, _) = world();

    for at in 0..20 {
        let address = &format!("203.0.113.{at}");
        let attempts = (0..4).map(|_| login_from(db, &world, "guess", address, None));

        for outcome in join_all(attempts).await {
            assert!(matches!(outcome, Err(Error::WrongCredentials)), "{outcome:?}");
        }
    }
}

async fn an_account_under_attack_from_everywhere_stays_open(db: &DatabaseConnection) {
    let (world, _) = world();
    ana(db, &world).await;
    login_from(db, &world, PASSWORD, "192.0.2.1", None).await.unwrap();
    let (looked_at, refused) = (AtomicU64::new(0), AtomicU64::new(0));

    for at in 0..60 {
        for _ in 0..4 {
            let address = format!("203.0.113.{at}");
            match login_from(db, &world, "guess", &address, None).await {
                Err(Error::WrongCredentials) => looked_at.fetch_add(1, SeqCst),
                Err(Error::TooManyAttempts { .. }) => refused.fetch_add(1, SeqCst),
                outcome => panic!("{outcome:?}"),
            };
        }
    }

    // A hundred, and then one from each address.
    let looked_at = looked_at.load(SeqCst);
    assert!((100..=140).contains(&looked_at), "{looked_at}");
    assert_eq!(looked_at + refused.load(SeqCst), 240);
    login_from(db, &world, PASSWORD, "192.0.2.1", None).await.unwrap();
    login_from(db, &world, PASSWORD, "198.51.100.200", None).await.unwrap();
    login_from(db, &world, PASSWORD, "2001:db8::1", None).await.unwrap();
}

async fn a_reset_is_good_once_and_for_an_hour(db: &DatabaseConnection) {
    let (world, clock) = world();
    let ana = ana(db, &world).await;
    let tokens = login(db, &world, PASSWORD).await.unwrap();
    let complete = async |token: &SecretString, password: &str| {
        reset::complete(db, &world, &hasher(), token.expose_secret(), &password.into()).await
    };

    assert!(reset_for(db, &world, "nobody").await.is_none());
    verified(db, ana.clone()).await;
    let first = reset_for(db, &world, "ANA@example.org").await.unwrap();
    clock.advance(reset::PAUSE);
    let second = reset_for(db, &world, "ana").await.unwrap();
    assert!(matches!(complete(&first, "another password").await, Err(Error::Unauthenticated)));
    assert!(matches!(complete(&second, "ana").await, Err(Error::WeakPassword { .. })));
    let (one, other) =
        join(complete(&second, "another password"), complete(&second, "a third password")).await;
    assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
    assert!(matches!(ask(db, &world, &tokens.access).await, Err(Error::Unauthenticated)));
    assert!(matches!(refresh(db, &world, &tokens.refresh).await, Err(Error::Unauthenticated)));

    clock.advance(reset::PAUSE);
    let late = reset_for(db, &world, "ana").await.unwrap();
    clock.advance(reset::LASTS);
    assert!(matches!(complete(&late, "another password").await, Err(Error::Unauthenticated)));
    let mut row = ana.into_active_model();
    row.is_active = Set(false);
    user::Entity::update(row).exec(db).await.unwrap();
    assert!(reset_for(db, &world, "ana").await.is_none());
}

async fn a_key_has_no_more_than_its_owner_and_ends(db: &DatabaseConnection) {
    let (world, clock) = world();
    let owner = person(db, "bo", &["viewer"]).await;
    let actor = &Actor::of(&owner);
    let rights = Rights::new(world.clone());
    let new = |scopes: &[&str], days: Option<i64>| NewKey {
        name: "laptop".to_owned(),
        scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        expires_at: days.map(|days| world.clock.now() + TimeDelta::days(days)),
    };
    let make = async |new| api_key::create(db, &rights, &world, actor, new).await;

    let unknown = make(new(&["settings:reed"], None)).await;
    assert!(matches!(unknown, Err(Error::NotFound { kind: "permission", .. })), "{unknown:?}");
    let above = make(new(&["user:delete"], None)).await;
    assert!(matches!(above, Err(Error::Exceeds { .. })), "{above:?}");
    for days in [-1, 0, 4000] {
        let refused = make(new(&[], Some(days))).await;
        assert!(matches!(refused, Err(Error::Invalid { .. })), "{refused:?}");
    }
    clock.set(DateTime::from_timestamp(2_000_000_000, 0).unwrap());
    let unkept = make(new(&[], Some(3_000))).await;
    assert!(matches!(unkept, Err(Error::Invalid { .. })), "{unkept:?}");
    clock.set(DateTime::from_timestamp(1_790_000_000, 0).unwrap());
    let leap = DateTime::from_timestamp(1_790_000_039, 1_000_000_000);
    let leap = make(NewKey { expires_at: leap, ..new(&[], None) }).await;
    assert!(matches!(leap, Err(Error::Invalid { kind: "end of a key", .. })), "{leap:?}");
    let laptop = make(new(&["settings:read"], Some(30))).await.unwrap();
    let empty = make(new(&[], None)).await.unwrap();
    let far = make(new(&[], Some(3649))).await.unwrap();

    assert!(laptop.key.expose_secret().starts_with(&laptop.info.prefix));
    assert!(!format!("{laptop:?}").contains(laptop.key.expose_secret()));
    let caller = ask(db, &world, &laptop.key).await.unwrap();
    assert_eq!((caller.user.id, caller.session), (owner.id, None));
    assert!(rights.check::<ReadSettings>(db, &caller.actor).await.is_ok());
    let caller = ask(db, &world, &empty.key).await.unwrap();
    assert!(rights.check::<ReadSettings>(db, &caller.actor).await.is_err());
    let listed = api_key::list(db, actor).await.unwrap();
    assert_eq!(listed.len(), 3);
    assert_eq!(listed[0].expires_at, far.info.expires_at);

    api_key::revoke(db, &world, actor, empty.info.id).await.unwrap();
    assert!(matches!(ask(db, &world, &empty.key).await, Err(Error::Unauthenticated)));
    let stranger = Actor::of(&person(db, "cleo", &[]).await);
    let refused = api_key::revoke(db, &world, &stranger, laptop.info.id).await;
    assert!(matches!(refused, Err(Error::NotFound { kind: "API key", .. })), "{refused:?}");
    clock.advance(TimeDelta::days(30));
    assert!(matches!(ask(db, &world, &laptop.key).await, Err(Error::Unauthenticated)));
}

async fn of_two_keys_at_once_none_is_above_the_limit(db: &DatabaseConnection) {
    let (world, clock) = world();
    let (rights, by) = (Rights::new(world.clone()), &admin::<UpdateSettings>(db).await);
    settings::set(db, by, &world, "api_keys.max_per_user", 3_i64).await.unwrap();
    let [bo, cleo] = [person(db, "bo", &[]).await, person(db, "cleo", &[]).await];
    let (bo, cleo) = (&Actor::of(&bo), &Actor::of(&cleo));
    let make = async |actor: &Actor, days: Option<i64>| {
        let expires_at = days.map(|days| world.clock.now() + TimeDelta::days(days));
        let new = NewKey { name: "laptop".to_owned(), scopes: BTreeSet::new(), expires_at };
        api_key::create(db, &rights, &world, actor, new).await
    };
    make(bo, Some(1)).await.unwrap();
    let lasting = make(bo, None).await.unwrap();

    let (one, other) = join(make(bo, None), make(bo, None)).await;

    assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
    let refused = one.err().or(other.err()).unwrap();
    assert!(matches!(refused, Error::Refused { rule: Rule::KeyLimit, .. }), "{refused:?}");
    let because = "user `bo` has 3 keys that are good, and may have 3, by the rule `key-limit`";
    assert_eq!(refused.to_string(), because);
    make(cleo, None).await.unwrap();
    // What is good no more does not count.
    clock.advance(TimeDelta::days(1));
    make(bo, None).await.unwrap();
    assert!(make(bo, None).await.is_err());
    api_key::revoke(db, &world, bo, lasting.info.id).await.unwrap();
    make(bo, None).await.unwrap();
    assert_eq!(api_key::list(db, bo).await.unwrap().len(), 5);
}

async fn a_second_factor_is_asked_for_and_each_password_taken_once(db: &DatabaseConnection) {
    let (world, clock) = world();
    ana(db, &world).await;
    let keys = Keyring::read(Some(&KEY.into())).unwrap();
    let tokens = login(db, &world, PASSWORD).await.unwrap();
    let caller = ask(db, &world, &tokens.access).await.unwrap();
    let now = || u64::try_from(world.clock.now().timestamp()).unwrap();

    let without_key = totp::enrol(db, &world, &Keyring::default(), &caller).await;
    assert!(matches!(without_key, Err(Error::Sealed { .. })), "{without_key:?}");
    let enrolled = totp::enrol(db, &world, &keys, &caller).await.unwrap();
    let device = totp_rs::Totp::from_url(enrolled.uri.expose_secret()).unwrap();
    let code = |at: u64| device.generate(at).to_string();
    // It counts from the confirmation on.
    login(db, &world, PASSWORD).await.unwrap();
    let wrong = totp::confirm(db, &world, &keys, &caller, &"000000".into()).await;
    assert!(matches!(wrong, Err(Error::SecondFactorRequired)), "{wrong:?}");
    totp::confirm(db, &world, &keys, &caller, &code(now()).into()).await.unwrap();
    let again = totp::enrol(db, &world, &keys, &caller).await;
    assert!(matches!(again, Err(Error::AlreadyExists { .. })), "{again:?}");
    let row = user::Entity::find_by_id(caller.user.id).one(db).await.unwrap().unwrap();
    assert!(row.totp_secret.unwrap().expose().starts_with("v1.1."));

    let with = async |otp: Option<String>| {
        login_from(db, &world, PASSWORD, "192.0.2.1", otp.as_deref()).await
    };
    assert!(matches!(with(None).await, Err(Error::SecondFactorRequired)));
    assert!(matches!(with(Some(code(now()))).await, Err(Error::SecondFactorRequired)), "taken");
    clock.advance(TimeDelta::seconds(60));
    let next = code(now());
    let (one, other) = join(with(Some(next.clone())), with(Some(next))).await;
    assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
    clock.advance(TimeDelta::seconds(300));
    assert!(matches!(with(Some(code(now() - 300))).await, Err(Error::SecondFactorRequired)));
    let late = code(now() - 30);
    with(Some(late)).await.unwrap();
    // Nothing of it helps whoever has not the password.
    clock.advance(TimeDelta::seconds(300));
    let otp = code(now());
    let wrong = login_from(db, &world, "guess", "192.0.2.1", Some(&otp)).await;
    assert!(matches!(wrong, Err(Error::WrongCredentials)), "{wrong:?}");
    totp::disable(db, &world, &keys, &caller, &otp.into()).await.unwrap();
    login(db, &world, PASSWORD).await.unwrap();
}

async fn a_login_beside_a_shut_out_leaves_no_session(db: &DatabaseConnection) {
    let (world, clock) = world();
    let ana = ana(db, &world).await;
    let by = &admin::<service::rights::UpdateUsers>(db).await;
    let rights = Rights::new(world.clone());
    let set = async |active: bool| {
        rights
            .change(db, |change, _| {
                Box::pin(service::identity::user::set_active(change, by, ana.id, active))
            })
            .await
            .unwrap();
    };
    for _ in 0..5 * plimsoll::testing::cases(1) {
        let tokens = login(db, &world, PASSWORD).await.unwrap();

        let ((), beside, renewed) = futures_util::future::join3(
            set(false),
            login(db, &world, PASSWORD),
            refresh(db, &world, &tokens.refresh),
        )
        .await;
        set(true).await;

        for tokens in [Some(tokens), beside.ok(), renewed.ok()].into_iter().flatten() {
            assert!(ask(db, &world, &tokens.access).await.is_err());
            assert!(refresh(db, &world, &tokens.refresh).await.is_err());
        }
        clock.advance(TimeDelta::minutes(5));
    }
}

async fn whoever_guesses_by_two_names_of_one_person_has_no_more_attempts(db: &DatabaseConnection) {
    let (world, _) = world();
    ana(db, &world).await;
    let (hasher, keys) = (hasher(), Keyring::default());
    let mut looked_at = 0;

    for name in ["ana", "ANA@example.org"].into_iter().cycle().take(30) {
        let login = Login { name: name.to_owned(), password: "wrong".into(), otp: None };
        let client = Client { ip: Some("198.51.100.7".parse().unwrap()), user_agent: None };
        let refused = session::login(db, &world, &hasher, &keys, &login, &client);
        match refused.await {
            Err(Error::WrongCredentials) => looked_at += 1,
            Err(Error::TooManyAttempts { .. }) => {}
            other => panic!("{other:?}"),
        }
    }

    assert_eq!(looked_at, 10);
}

async fn whoever_has_a_session_cannot_try_all_one_time_passwords(db: &DatabaseConnection) {
    let (world, clock) = world();
    let keys = Keyring::read(Some(&KEY.into())).unwrap();
    ana(db, &world).await;
    let tokens = login(db, &world, PASSWORD).await.unwrap();
    let mut caller = ask(db, &world, &tokens.access).await.unwrap();
    totp::enrol(db, &world, &keys, &caller).await.unwrap();
    let mut looked_at = 0;

    for last in 1..=40 {
        caller.client.ip = Some(format!("198.51.100.{last}").parse().unwrap());
        match totp::confirm(db, &world, &keys, &caller, &"no number".into()).await {
            Err(Error::SecondFactorRequired) => looked_at += 1,
            Err(Error::TooManyAttempts { .. }) => {}
            other => panic!("{other:?}"),
        }
    }

    assert_eq!(looked_at, 10);
    clock.advance(TimeDelta::seconds(30));
    let refused = totp::confirm(db, &world, &keys, &caller, &"no number".into()).await;
    assert!(matches!(refused, Err(Error::SecondFactorRequired)), "{refused:?}");
}

/// Chance that always falls on one side.
#[derive(Debug)]
struct Always(u8);

impl plimsoll::random::Random for Always {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(self.0);
    }
}

async fn what_has_expired_is_removed_now_and_then(db: &DatabaseConnection) {
    let (world, clock) = world();
    verified(db, ana(db, &world).await).await;
    for _ in 0..3 {
        login(db, &world, PASSWORD).await.unwrap();
    }
    reset_for(db, &world, "ana").await.unwrap();
    clock.advance(IDLE);
    let rows = async || {
        (
            access_token::Entity::find().count(db).await.unwrap(),
            refresh_token::Entity::find().count(db).await.unwrap(),
            password_reset::Entity::find().count(db).await.unwrap(),
        )
    };

    let seldom = World { random: Arc::new(Always(1)), ..world.clone() };
    let kept = login(db, &seldom, PASSWORD).await.unwrap();
    assert_eq!(rows().await, (4, 4, 1));
    clock.advance(TimeDelta::seconds(1));
    let now = World { random: Arc::new(Always(0)), ..world.clone() };
    login(db, &now, PASSWORD).await.unwrap();

    assert_eq!(rows().await, (2, 2, 0));
    assert!(ask(db, &world, &kept.access).await.is_ok());
}
