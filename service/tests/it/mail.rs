//! Mail: who gets which, that each is sent once, and that nothing stored opens anything.

use std::{
    collections::BTreeSet,
    fs,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
};

use chrono::{DateTime, TimeDelta, Utc};
use entity::{
    identity::{email_verification, login_throttle, mail as row, password_reset, user},
    settings::application_setting,
};
use futures_util::future::{join, join_all};
use plimsoll::retry::BoxFuture;
use sea_orm::{
    ActiveValue::Set, DatabaseConnection, EntityTrait, IntoActiveModel, PaginatorTrait, QueryOrder,
    sea_query::Expr,
};
use secrecy::{ExposeSecret, SecretString};
use service::{
    Error, Result, Rights, World,
    identity::{
        api_key::{self, NewKey},
        caller::{self, Caller},
        password::Hasher,
        registration::{self, Registration},
        reset,
        session::{self, Client, Login},
        user::{NewUser, UserChanges, create, set_active, update},
        verification,
    },
    mail::{self, Delivered, Failure, Folder, MailKind, Message, Post, Sender},
    rights::{Actor, CreateUsers, UpdateSettings, UpdateUsers},
    rule::Rule,
    seal::Keyring,
    settings,
};

use crate::people::{admin, insert, person, someone_at};
use crate::worlds::world;

plimsoll::on_every_database!(migration::app:
    a_reset_comes_by_mail_and_nothing_that_is_stored_opens_anything,
    whoever_asks_for_a_reset_is_told_the_same_and_only_some_get_one,
    of_many_who_deliver_at_once_each_mail_is_sent_by_one,
    what_cannot_be_sent_is_tried_again_and_given_up,
    a_mail_that_waits_is_needless_when_what_it_is_about_has_changed,
    a_verification_is_good_once_for_a_day_and_for_that_address,
    what_is_changed_is_told_to_the_verified_address,
    whoever_registers_is_let_in_when_the_address_is_verified,
    whoever_registers_sends_five_mails_a_day_and_is_no_administrator,
    registration_is_closed_at_first_and_ends_at_the_limit,
    a_setting_that_is_not_there_is_as_it_is_at_first,
);

const PASSWORD: &str = "correct horse battery";

/// Keeps what it is given, or refuses it.
#[derive(Debug, Default)]
struct Memory {
    sent: Mutex<Vec<Message>>,
    refuses: AtomicBool,
}

impl Sender for Memory {
    fn send<'s>(&'s self, message: &'s Message) -> BoxFuture<'s, Result<(), Failure>> {
        Box::pin(async move {
            if self.refuses.load(SeqCst) {
                let text = String::from_utf8_lossy(message.text()).into_owned();
                return Err(Failure { because: format!("refused: {text}") });
            }
            self.sent.lock().unwrap().push(message.clone());
            Ok(())
        })
    }
}

fn post(sender: Arc<dyn Sender>) -> Post {
    Post::new(sender, "post@example.org", Some("https://app.example.org")).unwrap()
}

/// Delivers all that is due.
async fn delivered(db: &DatabaseConnection, world: &World) -> Vec<Message> {
    let memory = Arc::new(Memory::default());
    let post = post(memory.clone());
    while mail::deliver(db, world, &post).await.unwrap().is_some() {}
    let sent = memory.sent.lock().unwrap();
    sent.clone()
}

fn subject(message: &Message) -> String {
    let text = String::from_utf8(message.text().to_vec()).unwrap();
    text.lines().find_map(|line| line.strip_prefix("Subject: ")).unwrap().to_owned()
}

fn token_in(text: &[u8]) -> SecretString {
    let text = String::from_utf8(text.to_vec()).unwrap();
    let (_, token) = text.split_once("#token=").unwrap();
    token.split_whitespace().next().unwrap().into()
}

/// The token of the reset that comes by mail to whoever has that name, if one comes.
pub(crate) async fn reset_for(
    db: &DatabaseConnection,
    world: &World,
    name: &str,
) -> Option<SecretString> {
    delivered(db, world).await;
    ask(db, world, name).await.unwrap();
    delivered(db, world).await.first().map(|message| token_in(message.text()))
}

async fn ask(db: &DatabaseConnection, world: &World, name: &str) -> Result<()> {
    let request = reset::request(db, world, name, &Client::default()).await?;
    reset::accept(db, world, &request).await
}

/// The person with a verified address.
pub(crate) async fn verified(db: &DatabaseConnection, user: user::Model) -> user::Model {
    let mut row = user.into_active_model();
    row.is_verified = Set(true);
    user::Entity::update(row).exec(db).await.unwrap()
}

async fn reread(db: &DatabaseConnection, id: i64) -> user::Model {
    user::Entity::find_by_id(id).one(db).await.unwrap().unwrap()
}

async fn mails(db: &DatabaseConnection) -> Vec<row::Model> {
    row::Entity::find().order_by_asc(row::Column::Id).all(db).await.unwrap()
}

fn hasher() -> Hasher {
    Hasher::with(8, 1, 2)
}

async fn complete(db: &DatabaseConnection, world: &World, token: &SecretString) -> Result<()> {
    reset::complete(db, world, &hasher(), token.expose_secret(), &"another password".into()).await
}

async fn login(db: &DatabaseConnection, world: &World, password: &str) -> Result<Caller> {
    let login = Login { name: "ana".to_owned(), password: password.into(), otp: None };
    let (keys, client) = (Keyring::default(), Client::default());
    let tokens = session::login(db, world, &hasher(), &keys, &login, &client).await?;
    caller::authenticate(db, world, tokens.access.expose_secret(), client).await
}

async fn a_reset_comes_by_mail_and_nothing_that_is_stored_opens_anything(db: &DatabaseConnection) {
    let (world, _) = world();
    let ana = verified(db, insert(db, someone_at("ana", "ana@example.org")).await.unwrap()).await;
    let folder = std::env::temp_dir().join(format!("plimsoll-mail-{}", uuid(&world)));
    let post = post(Arc::new(Folder::new(&folder)));

    ask(db, &world, "ANA@example.org").await.unwrap();
    let before = password_reset::Entity::find().count(db).await.unwrap();
    let sent = mail::deliver(db, &world, &post).await.unwrap();
    let files: Vec<_> = fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path()).collect();
    let text = fs::read(&files[0]).unwrap();
    fs::remove_dir_all(&folder).unwrap();
    let token = token_in(&text);
    let stored = (mails(db).await, password_reset::Entity::find().all(db).await.unwrap());
    complete(db, &world, &token).await.unwrap();

    assert_eq!((sent, files.len(), before), (Some(Delivered::Sent), 1, 0));
    assert!(String::from_utf8_lossy(&text).contains("\r\nTo: ana@example.org\r\n"));
    assert!(!format!("{stored:?}").contains(token.expose_secret()));
    assert!(!stored.1[0].token_hash.expose().contains(token.expose_secret()));
    assert!(matches!(complete(db, &world, &token).await, Err(Error::Unauthenticated)));
    login(db, &world, "another password").await.unwrap();
    assert_eq!(mail::deliver(db, &world, &post).await.unwrap(), Some(Delivered::Sent));
    fs::remove_dir_all(&folder).unwrap();
    assert_eq!(mails(db).await.last().unwrap().kind, MailKind::PasswordChanged);
    assert_eq!(reread(db, ana.id).await.email.as_deref(), Some("ana@example.org"));
}

/// Something that no other test has.
fn uuid(world: &World) -> String {
    let mut bits = [0; 8];
    world.random.fill(&mut bits);
    format!("{:016x}", u64::from_be_bytes(bits))
}

async fn whoever_asks_for_a_reset_is_told_the_same_and_only_some_get_one(db: &DatabaseConnection) {
    let (world, clock) = world();
    let password = Some("$argon2id$".into());
    let known = |name: &str| someone_at(name, &format!("{name}@example.org"));
    let invited = insert(db, known("invited")).await.unwrap();
    let stranger = user::ActiveModel { password_hash: Set(password), ..known("stranger") };
    insert(db, stranger).await.unwrap();
    let shut = user::ActiveModel { is_active: Set(false), ..known("shut") };
    verified(db, insert(db, shut).await.unwrap()).await;
    person(db, "without", &[]).await;

    for name in ["nobody", "stranger", "shut", "without", "x\0y", "nobody@example.org"] {
        ask(db, &world, name).await.unwrap();
    }
    assert!(mails(db).await.is_empty());
    ask(db, &world, "invited").await.unwrap();
    ask(db, &world, "INVITED@example.org").await.unwrap();
    let one = mails(db).await;
    clock.advance(reset::PAUSE);
    ask(db, &world, "invited").await.unwrap();

    assert_eq!(one.iter().map(|mail| mail.user_id).collect::<Vec<_>>(), [invited.id]);
    assert_eq!(mails(db).await.len(), 2);
    // The mail shows that the address is theirs.
    let token = token_in(delivered(db, &world).await.last().unwrap().text());
    complete(db, &world, &token).await.unwrap();
    assert!(reread(db, invited.id).await.is_verified);
    // Each of both kinds can be asked for as often.
    let mut refused = Vec::new();
    for name in ["nobody", "invited"] {
        login_throttle::Entity::delete_many().exec(db).await.unwrap();
        let mut times = 0;
        while ask(db, &world, name).await.is_ok() {
            times += 1;
            assert!(times < 100);
        }
        refused.push(times);
    }
    assert_eq!(refused[0], refused[1]);
}

async fn of_many_who_deliver_at_once_each_mail_is_sent_by_one(db: &DatabaseConnection) {
    let (world, clock) = world();
    let memory = Arc::new(Memory::default());
    let post = &post(memory.clone());
    for at in 0..20_u8 {
        let name = format!("p{at}");
        insert(db, someone_at(&name, &format!("{name}@example.org"))).await.unwrap();
        // Another address for each, or they would use up what one has.
        let client = Client { ip: Some([192, 0, 2, at].into()), user_agent: None };
        let request = reset::request(db, &world, &name, &client).await.unwrap();
        reset::accept(db, &world, &request).await.unwrap();
    }

    let world = &world;
    join_all(
        (0..4).map(
            |_| async move { while mail::deliver(db, world, post).await.unwrap().is_some() {} },
        ),
    )
    .await;
    clock.advance(mail::LEASE);
    let rest = mail::deliver(db, world, post).await.unwrap();

    let sent = memory.sent.lock().unwrap();
    let to: BTreeSet<&str> = sent.iter().map(Message::to).collect();
    assert_eq!((sent.len(), to.len(), rest), (20, 20, None));
}

async fn what_cannot_be_sent_is_tried_again_and_given_up(db: &DatabaseConnection) {
    let (world, clock) = world();
    let ana = insert(db, someone_at("ana", "ana@example.org")).await.unwrap();
    let memory = Arc::new(Memory::default());
    let post = post(memory.clone());
    memory.refuses.store(true, SeqCst);
    ask(db, &world, "ana").await.unwrap();

    let mut outcomes = Vec::new();
    for _ in 0..mail::MOST {
        outcomes.push(mail::deliver(db, &world, &post).await.unwrap());
        assert_eq!(mail::deliver(db, &world, &post).await.unwrap(), None, "it rests");
        clock.advance(TimeDelta::hours(1));
    }
    let given_up = &mails(db).await[0];

    let (last, before) = outcomes.split_last().unwrap();
    assert_eq!(*last, Some(Delivered::GivenUp));
    assert!(before.iter().all(|outcome| *outcome == Some(Delivered::Later)), "{outcomes:?}");
    assert_eq!((given_up.attempts, given_up.due_at, given_up.sent_at), (mail::MOST, None, None));
    let error = given_up.last_error.as_deref().unwrap();
    assert!(error.starts_with("refused: ") && !error.contains("plp_"), "{error}");

    // A mail that is due for somebody whose address is another by then is needless.
    ask(db, &world, "ana").await.unwrap();
    let mut row = ana.into_active_model();
    row.email = Set(Some("other@example.org".to_owned()));
    row.email_key = Set(Some("other@example.org".to_owned()));
    user::Entity::update(row).exec(db).await.unwrap();
    memory.refuses.store(false, SeqCst);
    assert_eq!(mail::deliver(db, &world, &post).await.unwrap(), Some(Delivered::Needless));
    assert!(memory.sent.lock().unwrap().is_empty());
    assert_eq!(mail::deliver(db, &world, &post).await.unwrap(), None);
}

/// Ana as somebody adds her, and the token that is mailed to her.
async fn added(db: &DatabaseConnection, world: &World) -> (user::Model, SecretString) {
    let by = &admin::<CreateUsers>(db).await;
    let password = hasher().hash(world, &PASSWORD.into(), &[]).await.unwrap();
    let new = &NewUser {
        username: "ana".to_owned(),
        email: Some("Ana@Example.org".to_owned()),
        password: Some(password),
        ..NewUser::default()
    };
    let rights = Rights::new(world.clone());
    let ana = rights.change(db, |change, _| Box::pin(create(change, by, new.clone()))).await;
    let sent = delivered(db, world).await;
    assert_eq!(sent.iter().map(Message::to).collect::<Vec<_>>(), ["ana@example.org"]);
    (ana.unwrap(), token_in(sent[0].text()))
}

async fn move_to(db: &DatabaseConnection, world: &World, id: i64, email: &str) {
    let by = &admin::<UpdateUsers>(db).await;
    let changes = &UserChanges { email: Some(Some(email.to_owned())), ..UserChanges::default() };
    let rights = Rights::new(world.clone());
    rights.change(db, |change, _| Box::pin(update(change, by, id, changes.clone()))).await.unwrap();
}

/// Refuses what it is given, when it has been withdrawn.
#[derive(Debug)]
struct Withdrawn(DatabaseConnection);

impl Sender for Withdrawn {
    fn send<'s>(&'s self, _: &'s Message) -> BoxFuture<'s, Result<(), Failure>> {
        Box::pin(async move {
            let never = Expr::value(Option::<DateTime<Utc>>::None);
            let withdraw = row::Entity::update_many().col_expr(row::Column::DueAt, never);
            withdraw.exec(&self.0).await.unwrap();
            Err(Failure { because: "away".to_owned() })
        })
    }
}

async fn let_in(db: &DatabaseConnection, world: &World, id: i64, active: bool) {
    let by = &admin::<UpdateUsers>(db).await;
    let rights = Rights::new(world.clone());
    rights.change(db, |change, _| Box::pin(set_active(change, by, id, active))).await.unwrap();
}

async fn a_mail_that_waits_is_needless_when_what_it_is_about_has_changed(db: &DatabaseConnection) {
    let (world, clock) = world();
    let (ana, _) = added(db, &world).await;
    let ana = verified(db, ana).await;
    let away = Arc::new(Memory::default());
    away.refuses.store(true, SeqCst);
    let away = post(away);
    // A reset that was asked for while no mail could go out.
    let waits = async || {
        clock.advance(TimeDelta::hours(1));
        ask(db, &world, "ana").await.unwrap();
        assert_eq!(mail::deliver(db, &world, &away).await.unwrap(), Some(Delivered::Later));
    };
    let sent = async || {
        clock.advance(TimeDelta::hours(1));
        let sent = delivered(db, &world).await;
        let sent = sent.iter().map(|message| format!("{} to {}", subject(message), message.to()));
        sent.collect::<BTreeSet<String>>()
    };

    waits().await;
    let caller = login(db, &world, PASSWORD).await.unwrap();
    let (old, new) = (SecretString::from(PASSWORD), SecretString::from("a second password"));
    session::change_password(db, &world, &hasher(), &caller, &old, &new).await.unwrap();
    let after_the_password = sent().await;
    waits().await;
    let_in(db, &world, ana.id, false).await;
    let_in(db, &world, ana.id, true).await;
    let after_the_shutting_out = sent().await;
    waits().await;
    move_to(db, &world, ana.id, "new@example.org").await;
    move_to(db, &world, ana.id, "ana@example.org").await;
    let after_the_address = sent().await;

    let changed = "Plimsoll: your password was changed to ana@example.org";
    assert_eq!(after_the_password, BTreeSet::from([changed.to_owned()]));
    assert_eq!(after_the_shutting_out, BTreeSet::new());
    let both = [
        "Plimsoll: confirm your e-mail address to ana@example.org",
        "Plimsoll: your e-mail address was changed to ana@example.org",
    ];
    assert_eq!(after_the_address, BTreeSet::from(both.map(str::to_owned)));
    assert_eq!(password_reset::Entity::find().count(db).await.unwrap(), 0);
    // One that is withdrawn while it is being sent is not tried again.
    verified(db, ana).await;
    ask(db, &world, "ana").await.unwrap();
    let post = post(Arc::new(Withdrawn(db.clone())));
    assert_eq!(mail::deliver(db, &world, &post).await.unwrap(), Some(Delivered::Later));
    assert_eq!(sent().await, BTreeSet::new());
}

async fn a_verification_is_good_once_for_a_day_and_for_that_address(db: &DatabaseConnection) {
    let (world, clock) = world();
    let (ana, first) = added(db, &world).await;
    let verify = async |token: &SecretString| {
        verification::complete(db, &world, token.expose_secret()).await
    };

    clock.advance(verification::LASTS);
    assert!(matches!(verify(&first).await, Err(Error::Unauthenticated)), "too late");
    let caller = login(db, &world, PASSWORD).await.unwrap();
    verification::again(db, &world, &caller).await.unwrap();
    let again = verification::again(db, &world, &caller).await;
    assert!(matches!(again, Err(Error::TooManyAttempts { .. })), "{again:?}");
    let second = token_in(delivered(db, &world).await[0].text());
    move_to(db, &world, ana.id, "new@example.org").await;
    assert!(matches!(verify(&second).await, Err(Error::Unauthenticated)), "another address");
    let sent = delivered(db, &world).await;
    // The old one was not verified, and hears nothing.
    assert_eq!(sent.iter().map(Message::to).collect::<Vec<_>>(), ["new@example.org"]);
    let third = token_in(sent[0].text());
    let (one, other) = join(verify(&third), verify(&third)).await;

    assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
    let row = reread(db, ana.id).await;
    assert!(row.is_verified && row.verified_at.is_some());
    assert_eq!(email_verification::Entity::find().count(db).await.unwrap(), 0);
    for wrong in ["", "plv_", third.expose_secret(), &third.expose_secret().replace("plv", "plp")] {
        let refused = verification::complete(db, &world, wrong).await;
        assert!(matches!(refused, Err(Error::Unauthenticated)), "{wrong}");
    }
    clock.advance(verification::PAUSE);
    let needless = verification::again(db, &world, &caller).await;
    assert!(matches!(needless, Err(Error::NotFound { .. })), "{needless:?}");
    move_to(db, &world, ana.id, "newer@example.org").await;
    let told: BTreeSet<String> =
        delivered(db, &world).await.iter().map(|message| message.to().to_owned()).collect();
    let both = ["new@example.org", "newer@example.org"].map(str::to_owned);
    assert_eq!(told, BTreeSet::from(both));
    assert!(!reread(db, ana.id).await.is_verified);
}

async fn what_is_changed_is_told_to_the_verified_address(db: &DatabaseConnection) {
    let (world, _) = world();
    let (ana, _) = added(db, &world).await;
    let rights = Rights::new(world.clone());
    let change = async |from: &str, to: &str| {
        let caller = login(db, &world, from).await.unwrap();
        let (from, to) = (SecretString::from(from), SecretString::from(to));
        session::change_password(db, &world, &hasher(), &caller, &from, &to).await.unwrap();
        let new = NewKey { name: "laptop".to_owned(), scopes: BTreeSet::new(), expires_at: None };
        api_key::create(db, &rights, &world, &Actor::of(&caller.user), new).await.unwrap();
    };

    change(PASSWORD, "a second password").await;
    let unverified = delivered(db, &world).await;
    verified(db, ana).await;
    change("a second password", "a third password").await;
    let sent = delivered(db, &world).await;

    assert!(unverified.is_empty(), "the address may be a stranger's: {unverified:?}");
    assert_eq!(
        sent.iter().map(subject).collect::<Vec<_>>(),
        ["Plimsoll: your password was changed", "Plimsoll: an API key was made"]
    );
    assert!(sent.iter().all(|message| message.to() == "ana@example.org"));
}

async fn set<V: Into<settings::Value>>(db: &DatabaseConnection, key: &str, value: V) {
    let by = admin::<UpdateSettings>(db).await;
    settings::set(db, &by, &World::system(), key, value).await.unwrap();
}

async fn register(db: &DatabaseConnection, world: &World, name: &str) -> Result<user::Model> {
    let new = Registration {
        username: name.to_owned(),
        email: format!("{name}@example.org"),
        full_name: None,
        password: PASSWORD.into(),
    };
    let rights = Rights::new(world.clone());
    registration::register(db, &rights, world, &hasher(), &new, &Client::default()).await
}

async fn whoever_registers_is_let_in_when_the_address_is_verified(db: &DatabaseConnection) {
    let (world, clock) = world();
    set(db, "users.registration_enabled", true).await;

    let ana = register(db, &world, "ana").await.unwrap();
    let first = delivered(db, &world).await;
    let wrong = login(db, &world, "guess").await.unwrap_err();
    let early = login(db, &world, PASSWORD).await.unwrap_err();
    let within_a_minute = delivered(db, &world).await;
    clock.advance(verification::PAUSE);
    let again = login(db, &world, PASSWORD).await.unwrap_err();
    let second = delivered(db, &world).await;

    assert!(ana.self_registered && ana.is_active && !ana.is_verified);
    assert!(matches!(wrong, Error::WrongCredentials), "a stranger hears nothing: {wrong:?}");
    assert!(matches!((&early, &again), (Error::Unverified, Error::Unverified)), "{early:?}");
    assert_eq!((first.len(), within_a_minute.len(), second.len()), (1, 0, 1));
    let token = token_in(first[0].text());
    verification::complete(db, &world, token.expose_secret()).await.unwrap();
    login(db, &world, PASSWORD).await.unwrap();
    // Nobody has to be verified while the setting does not say so.
    move_to(db, &world, ana.id, "new@example.org").await;
    assert!(matches!(login(db, &world, PASSWORD).await, Err(Error::Unverified)));
    set(db, "users.registration_needs_verification", false).await;
    login(db, &world, PASSWORD).await.unwrap();
}

async fn whoever_registers_sends_five_mails_a_day_and_is_no_administrator(db: &DatabaseConnection) {
    let (world, clock) = world();
    set(db, "users.registration_enabled", true).await;
    register(db, &world, "ana").await.unwrap();
    let again = async || {
        clock.advance(verification::PAUSE);
        let refused = login(db, &world, PASSWORD).await;
        assert!(matches!(refused, Err(Error::Unverified)), "{refused:?}");
    };

    for _ in 0..10 {
        again().await;
    }
    let on_one_day = delivered(db, &world).await;
    clock.advance(TimeDelta::days(1));
    again().await;
    let on_the_next = delivered(db, &world).await;
    set(db, "users.default_role", "admin").await;
    let above = register(db, &world, "bo").await;

    assert_eq!((on_one_day.len(), on_the_next.len()), (5, 1));
    assert!(matches!(above, Err(Error::RegistrationClosed)), "{above:?}");
}

async fn a_setting_that_is_not_there_is_as_it_is_at_first(db: &DatabaseConnection) {
    let (world, _) = world();
    set(db, "users.registration_enabled", true).await;
    let ana = register(db, &world, "ana").await.unwrap();
    application_setting::Entity::delete_many().exec(db).await.unwrap();
    let rights = Rights::new(world.clone());

    let early = login(db, &world, PASSWORD).await;
    let closed = register(db, &world, "bo").await;
    let new = NewKey { name: "laptop".to_owned(), scopes: BTreeSet::new(), expires_at: None };
    let key = api_key::create(db, &rights, &world, &Actor::of(&ana), new).await;
    let by = &admin::<CreateUsers>(db).await;
    let new = &NewUser { username: "cy".to_owned(), ..NewUser::default() };
    let without_role =
        rights.change(db, |change, _| Box::pin(create(change, by, new.clone()))).await;
    let sent = delivered(db, &world).await;

    assert!(matches!(early, Err(Error::Unverified)), "{early:?}");
    assert!(matches!(closed, Err(Error::RegistrationClosed)), "{closed:?}");
    assert!(key.is_ok(), "{key:?}");
    assert!(matches!(without_role, Err(Error::Malformed { .. })), "{without_role:?}");
    assert_eq!(
        sent.iter().map(subject).collect::<Vec<_>>(),
        ["Plimsoll: confirm your e-mail address"]
    );
}

async fn registration_is_closed_at_first_and_ends_at_the_limit(db: &DatabaseConnection) {
    let (world, _) = world();

    let closed = register(db, &world, "ana").await;
    set(db, "users.registration_enabled", true).await;
    // The administrator is one.
    set(db, "users.max_count", 2_i64).await;
    let (one, other) = join(register(db, &world, "ana"), register(db, &world, "bo")).await;

    assert!(matches!(closed, Err(Error::RegistrationClosed)), "{closed:?}");
    assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
    let refused = [one, other].into_iter().find_map(Result::err).unwrap();
    assert!(matches!(refused, Error::Refused { rule: Rule::UserLimit, .. }), "{refused:?}");
    assert_eq!(user::Entity::find().count(db).await.unwrap(), 2);
    let by = &admin::<CreateUsers>(db).await;
    let new = &NewUser { username: "cy".to_owned(), ..NewUser::default() };
    let rights = Rights::new(world.clone());
    let added = rights.change(db, |change, _| Box::pin(create(change, by, new.clone()))).await;
    assert!(matches!(added, Err(Error::Refused { rule: Rule::UserLimit, .. })), "{added:?}");
    set(db, "users.max_count", 0_i64).await;
    register(db, &world, "dee").await.unwrap();
    let short = Registration {
        username: "eve".to_owned(),
        email: "eve@example.org".to_owned(),
        full_name: None,
        password: "short".into(),
    };
    let client = Client::default();
    let weak = registration::register(db, &rights, &world, &hasher(), &short, &client).await;
    assert!(matches!(weak, Err(Error::WeakPassword { .. })), "{weak:?}");
    let mut times = 0;
    while !matches!(register(db, &world, "dee").await, Err(Error::TooManyAttempts { .. })) {
        times += 1;
        assert!(times < 50, "it is slowed down");
    }
}
