//! Recovery codes: each good once, in the place of a one-time password.

use chrono::TimeDelta;
use entity::identity::recovery_code;
use futures_util::future::join;
use sea_orm::{DatabaseConnection, EntityTrait, PaginatorTrait};
use secrecy::{ExposeSecret, SecretString};
use service::{
    Error, Result, Rights, World,
    identity::{
        caller::{self, Caller},
        password::Hasher,
        recovery_code::{MANY, replace},
        second_factor,
        session::{self, Client, Login, Tokens},
        totp,
        user::{NewUser, create},
    },
    rights::CreateUsers,
    seal::Keyring,
};
use totp_rs::Totp;

use crate::people::admin;
use crate::worlds::world;

plimsoll::on_every_database!(migration::app:
    of_two_logins_at_once_by_one_code_one_is_let_in,
    a_new_set_needs_the_factor_and_replaces_the_old_one,
    codes_are_of_their_person_and_go_with_the_factor,
    whoever_knows_the_password_has_no_more_attempts_at_the_codes,
);

const PASSWORD: &str = "correct horse battery";
const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

fn hasher() -> Hasher {
    Hasher::with(8, 1, 2)
}

fn keys() -> Keyring {
    Keyring::read(Some(&KEY.into())).unwrap()
}

async fn login(
    db: &DatabaseConnection,
    world: &World,
    name: &str,
    otp: Option<&SecretString>,
) -> Result<Tokens> {
    let login = Login { name: name.to_owned(), password: PASSWORD.into(), otp: otp.cloned() };
    session::login(db, world, &hasher(), &keys(), &login, &Client::default()).await
}

/// Somebody who has logged in.
async fn somebody(db: &DatabaseConnection, world: &World, name: &str) -> Caller {
    let by = &admin::<CreateUsers>(db).await;
    let password = Some(hasher().hash(world, &PASSWORD.into(), &[]).await.unwrap());
    let new = &NewUser { username: name.to_owned(), password, ..NewUser::default() };
    let rights = Rights::new(world.clone());
    rights.change(db, |change, _| Box::pin(create(change, by, new.clone()))).await.unwrap();
    let tokens = login(db, world, name, None).await.unwrap();
    let token = tokens.access.expose_secret();
    caller::authenticate(db, world, token, Client::default()).await.unwrap()
}

/// Takes a second factor into use: the device and the codes.
async fn confirmed(
    db: &DatabaseConnection,
    world: &World,
    caller: &Caller,
) -> (Totp, Vec<SecretString>) {
    let enrolled = totp::enrol(db, world, &keys(), caller).await.unwrap();
    let device = Totp::from_url(enrolled.uri.expose_secret()).unwrap();
    let otp = shown(&device, world);
    let codes = second_factor::confirm(db, world, &hasher(), &keys(), caller, &otp).await.unwrap();
    (device, codes)
}

/// What the device shows now.
fn shown(device: &Totp, world: &World) -> SecretString {
    let now = u64::try_from(world.clock.now().timestamp()).unwrap();
    device.generate(now).to_string().into()
}

async fn of_two_logins_at_once_by_one_code_one_is_let_in(db: &DatabaseConnection) {
    let (world, _) = world();
    let ana = somebody(db, &world, "ana").await;
    let (_, codes) = confirmed(db, &world, &ana).await;
    assert_eq!(codes.len(), MANY);

    for code in &codes[..3] {
        let (one, other) =
            join(login(db, &world, "ana", Some(code)), login(db, &world, "ana", Some(code))).await;

        assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
        let refused = one.err().or(other.err()).unwrap();
        assert!(matches!(refused, Error::SecondFactorRequired), "{refused:?}");
    }
    let rows = recovery_code::Entity::find().all(db).await.unwrap();
    assert_eq!(rows.iter().filter(|row| row.used_at.is_some()).count(), 3);
    assert!(rows.iter().all(|row| row.code_hash.expose().starts_with("$argon2id$")));
    let wrong = SecretString::from("00000-00000");
    let refused = login(db, &world, "ana", Some(&wrong)).await;
    assert!(matches!(refused, Err(Error::SecondFactorRequired)), "{refused:?}");
}

async fn a_new_set_needs_the_factor_and_replaces_the_old_one(db: &DatabaseConnection) {
    let (world, clock) = world();
    let ana = somebody(db, &world, "ana").await;
    let make =
        async |shown: &SecretString| replace(db, &world, &hasher(), &keys(), &ana, shown).await;
    let none = make(&"123456".into()).await;
    assert!(matches!(none, Err(Error::NotFound { .. })), "{none:?}");
    let (device, first) = confirmed(db, &world, &ana).await;

    let refused = make(&"no number".into()).await;
    assert!(matches!(refused, Err(Error::SecondFactorRequired)), "{refused:?}");
    clock.advance(TimeDelta::seconds(60));
    let second = make(&shown(&device, &world)).await.unwrap();
    let third = make(&second[0]).await.unwrap();

    for (codes, is_good) in [(&first, false), (&second, false), (&third, true)] {
        assert_eq!(login(db, &world, "ana", Some(&codes[1])).await.is_ok(), is_good);
    }
    assert_eq!(recovery_code::Entity::find().count(db).await.unwrap(), 10);
}

async fn codes_are_of_their_person_and_go_with_the_factor(db: &DatabaseConnection) {
    let (world, _) = world();
    let ana = somebody(db, &world, "ana").await;
    let bob = somebody(db, &world, "bob").await;
    let (_, of_ana) = confirmed(db, &world, &ana).await;
    let (_, of_bob) = confirmed(db, &world, &bob).await;

    let refused = login(db, &world, "bob", Some(&of_ana[0])).await;
    assert!(matches!(refused, Err(Error::SecondFactorRequired)), "{refused:?}");
    second_factor::remove(db, &world, &hasher(), &keys(), &ana, &of_ana[0]).await.unwrap();

    assert_eq!(second_factor::state(db, &ana).await.unwrap().recovery_codes, 0);
    assert_eq!(second_factor::state(db, &bob).await.unwrap().recovery_codes, 10);
    login(db, &world, "ana", None).await.unwrap();
    login(db, &world, "bob", Some(&of_bob[0])).await.unwrap();
    let gone = second_factor::remove(db, &world, &hasher(), &keys(), &ana, &of_ana[1]).await;
    assert!(matches!(gone, Err(Error::SecondFactorRequired)), "{gone:?}");
}

async fn whoever_knows_the_password_has_no_more_attempts_at_the_codes(db: &DatabaseConnection) {
    let (world, _) = world();
    let ana = somebody(db, &world, "ana").await;
    let (_, codes) = confirmed(db, &world, &ana).await;
    let remove = async |shown: &SecretString| {
        second_factor::remove(db, &world, &hasher(), &keys(), &ana, shown).await
    };
    let mut looked_at = 0;

    for _ in 0..20 {
        match remove(&"00000-00000".into()).await {
            Err(Error::SecondFactorRequired) => looked_at += 1,
            Err(Error::TooManyAttempts { .. }) => {}
            other => panic!("{other:?}"),
        }
        // What is known is given back, and gives nothing else back.
        session::prove(db, &world, &hasher(), &ana, &PASSWORD.into()).await.unwrap();
    }

    assert_eq!(looked_at, 10);
    let refused = remove(&codes[0]).await;
    assert!(matches!(refused, Err(Error::TooManyAttempts { .. })), "{refused:?}");
}
