//! Webtest: what tests look up, whose passwords are where, and who processes which mail.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use entity::{
    audit::system_log,
    webtest::{
        email_item,
        environment::{
            self,
            EnvironmentDesignation::{self, Auto, Dev, Prod, Qa},
        },
        environment_user::{self, SecretProvider},
        page,
        page_identifier::{self, LocatorStrategy},
    },
};
use futures_util::future::join_all;
use plimsoll::retry::BoxFuture;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseConnection, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder,
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use service::{
    Error, Result, World,
    audit::audited,
    rights::{
        CreateSecrets, CreateWebtest, DeleteSecrets, ReadWebtest, RevealSecrets, UpdateWebtest,
        WorkEmails,
    },
    rule::Rule,
    seal::Keyring,
    secrets::secret,
    webtest::{
        self,
        email_item::{CLAIM, EmailSystem, NewItem},
    },
};

use crate::people::admin;
use crate::{
    plainly::{create, update},
    worlds::world,
};

plimsoll::on_every_database!(migration::app:
    a_page_is_found_by_its_name_and_where_there_is_one,
    an_element_is_found_on_its_page,
    environments_that_are_active_are_offered,
    what_can_be_no_page_element_or_environment_is_refused,
    a_test_user_is_found_in_their_environment,
    a_password_is_read_from_where_it_is_kept,
    a_password_is_kept_in_one_place,
    an_item_that_is_there_already_is_given_back,
    of_items_that_are_added_at_once_one_is_made,
    of_workers_who_ask_at_once_each_takes_other_items,
    the_oldest_item_that_requires_processing_is_taken_first,
    a_claim_that_is_too_old_is_taken_over_by_one,
    only_who_has_an_item_ends_its_claim,
    an_item_can_be_processed_again,
    items_are_listed_and_found_by_what_the_tracker_calls_them,
    claims_are_not_written_plainly,
);

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

fn page(name: &str, environments: &[&str]) -> page::ActiveModel {
    page::ActiveModel {
        name: Set(name.to_owned()),
        url: Set(format!("/{name}")),
        environments: Set(json!(environments)),
        ..Default::default()
    }
}

fn element(page_id: i64, name: &str, query: &str) -> page_identifier::ActiveModel {
    page_identifier::ActiveModel {
        page_id: Set(page_id),
        element_name: Set(name.to_owned()),
        locator_strategy: Set(LocatorStrategy::Css),
        locator_query: Set(query.to_owned()),
        environments: Set(json!(["dev", "qa"])),
        ..Default::default()
    }
}

fn environment(name: &str, designation: EnvironmentDesignation) -> environment::ActiveModel {
    environment::ActiveModel {
        name: Set(name.to_owned()),
        designation: Set(designation),
        url: Set(format!("https://{name}.example.org/")),
        ..Default::default()
    }
}

fn user(environment_id: i64, username: &str) -> environment_user::ActiveModel {
    environment_user::ActiveModel {
        environment_id: Set(environment_id),
        username: Set(username.to_owned()),
        email: Set(format!("{username}@example.org")),
        ..Default::default()
    }
}

/// A user whose password a provider keeps.
fn user_outside(environment_id: i64, username: &str) -> environment_user::ActiveModel {
    environment_user::ActiveModel {
        secret_provider: Set(Some(SecretProvider::Azure)),
        secret_url: Set(Some("https://vault.example.org".to_owned())),
        secret_name: Set(Some(format!("tests/{username}"))),
        ..user(environment_id, username)
    }
}

async fn store(db: &DatabaseConnection, keys: &Keyring, path: &str, value: &str) -> i64 {
    let (by, value) = (&admin::<CreateSecrets>(db).await, &SecretString::from(value));
    let world = &World::system();
    let stored: secret::Secret = audited(db, world, |unit, _| {
        Box::pin(secret::store(unit, by, (keys, world), path, None, value)) as BoxFuture<'_, _>
    })
    .await
    .unwrap();
    stored.id
}

async fn password(db: &DatabaseConnection, keys: &Keyring, id: i64) -> Result<Option<String>> {
    let by = &admin::<RevealSecrets>(db).await;
    let password: Option<SecretString> = audited(db, &World::system(), |unit, _| {
        Box::pin(webtest::environment_user::password(unit, by, keys, id)) as BoxFuture<'_, _>
    })
    .await?;
    Ok(password.map(|password| password.expose_secret().to_owned()))
}

fn waiting(email_item_id: i64) -> NewItem {
    NewItem { email_item_id, requires_processing: true, ..NewItem::default() }
}

async fn add(db: &DatabaseConnection, world: &World, item: NewItem) -> Result<email_item::Model> {
    let (by, item) = (&admin::<CreateWebtest>(db).await, &item);
    audited(db, world, |unit, _| {
        Box::pin(webtest::email_item::add(unit, by, item.clone())) as BoxFuture<'_, _>
    })
    .await
}

async fn take(
    db: &DatabaseConnection,
    world: &World,
    worker: &str,
) -> Result<Option<email_item::Model>> {
    let by = &admin::<WorkEmails>(db).await;
    webtest::email_item::take(db, world, by, worker).await
}

async fn reopen(db: &DatabaseConnection, id: i64) -> Result<email_item::Model> {
    let by = &admin::<UpdateWebtest>(db).await;
    audited(db, &World::system(), |unit, _| {
        Box::pin(webtest::email_item::reopen(unit, by, id)) as BoxFuture<'_, _>
    })
    .await
}

async fn stored(db: &DatabaseConnection, id: i64) -> email_item::Model {
    email_item::Entity::find_by_id(id).one(db).await.unwrap().unwrap()
}

fn is_claimed<T>(outcome: &Result<T>) -> bool {
    matches!(outcome, Err(Error::Refused { rule: Rule::Claimed, .. }))
}

async fn a_page_is_found_by_its_name_and_where_there_is_one(db: &DatabaseConnection) {
    let by = &admin::<ReadWebtest>(db).await;
    for (name, environments) in
        [("login", &["dev", "qa"][..]), ("admin", &["dev"][..]), ("home", &["prod", "qa"][..])]
    {
        create::<page::Entity>(db, page(name, environments)).await.unwrap();
    }

    let found = webtest::page::by_name(db, by, "login").await.unwrap();
    let first = webtest::page::in_environments(db, by, Qa, None, 2).await.unwrap();
    let rest = webtest::page::in_environments(db, by, Qa, first.next, 2).await.unwrap();
    let none = webtest::page::in_environments(db, by, Auto, None, 10).await.unwrap();

    assert_eq!((found.name.as_str(), found.url.as_str()), ("login", "/login"));
    for name in ["Login", "login ", "log\0in", "signup"] {
        let missing = webtest::page::by_name(db, by, name).await;
        assert!(matches!(missing, Err(Error::NotFound { kind: "page", .. })), "{missing:?}");
    }
    let names: Vec<&str> =
        first.rows.iter().chain(&rest.rows).map(|page| page.name.as_str()).collect();
    assert_eq!(names, ["login", "home"]);
    assert_eq!((first.rows.len(), rest.next), (1, None));
    assert_eq!((none.rows.len(), none.next), (0, None));
}

async fn an_element_is_found_on_its_page(db: &DatabaseConnection) {
    let by = &admin::<ReadWebtest>(db).await;
    let login = create::<page::Entity>(db, page("login", &["dev"])).await.unwrap().id;
    let home = create::<page::Entity>(db, page("home", &["dev"])).await.unwrap().id;
    for row in [
        element(login, "button", "#login"),
        element(login, "same_button", "#login"),
        element(home, "button", "#start"),
        page_identifier::ActiveModel {
            environments: Set(json!(["prod"])),
            ..element(login, "captcha", "#captcha")
        },
    ] {
        create::<page_identifier::Entity>(db, row).await.unwrap();
    }
    let names = |rows: &[page_identifier::Model]| {
        rows.iter().map(|row| row.element_name.clone()).collect::<Vec<_>>()
    };

    let found = webtest::page_identifier::by_element_name(db, by, login, "button").await.unwrap();
    let other = webtest::page_identifier::by_element_name(db, by, home, "button").await.unwrap();
    let missing = webtest::page_identifier::by_element_name(db, by, home, "button ").await;
    let in_qa = webtest::page_identifier::in_environments(db, by, login, Qa).await.unwrap();
    let in_prod = webtest::page_identifier::in_environments(db, by, login, Prod).await.unwrap();
    let by_query =
        webtest::page_identifier::by_locator_query(db, by, login, "#login").await.unwrap();
    let nowhere = webtest::page_identifier::by_locator_query(db, by, home, "#login").await;
    let again = create::<page_identifier::Entity>(db, element(login, "button", "#x")).await;

    assert_eq!((found.locator_query.as_str(), other.locator_query.as_str()), ("#login", "#start"));
    assert!(matches!(missing, Err(Error::NotFound { .. })), "{missing:?}");
    assert_eq!(names(&in_qa), ["button", "same_button"]);
    assert_eq!(names(&in_prod), ["captcha"]);
    assert_eq!(names(&by_query), ["button", "same_button"]);
    assert!(nowhere.unwrap().is_empty());
    assert!(matches!(again, Err(Error::AlreadyExists { .. })), "{again:?}");
}

async fn environments_that_are_active_are_offered(db: &DatabaseConnection) {
    let by = &admin::<ReadWebtest>(db).await;
    for row in [
        environment("dev-1", Dev),
        environment("qa-1", Qa),
        environment::ActiveModel { is_active: Set(false), ..environment("dev-2", Dev) },
        environment("dev-3", Dev),
    ] {
        create::<environment::Entity>(db, row).await.unwrap();
    }

    let offered = webtest::environment::offered(db, by, Dev).await.unwrap();
    let off = webtest::environment::by_name(db, by, "dev-2").await.unwrap();
    let missing = webtest::environment::by_name(db, by, "dev-4").await;

    let names: Vec<&str> = offered.iter().map(|environment| environment.name.as_str()).collect();
    assert_eq!(names, ["dev-1", "dev-3"]);
    assert!(!off.is_active);
    assert!(matches!(missing, Err(Error::NotFound { kind: "environment", .. })), "{missing:?}");
    assert!(webtest::environment::offered(db, by, Auto).await.unwrap().is_empty());
}

async fn what_can_be_no_page_element_or_environment_is_refused(db: &DatabaseConnection) {
    let good = create::<page::Entity>(db, page("good", &[])).await.unwrap();

    for (wrong, kind) in [
        (page("staging", &["staging"]), "environments"),
        (page("twice", &["dev", "dev"]), "environments"),
        (page::ActiveModel { url: Set("login".to_owned()), ..page("url", &[]) }, "url"),
        (page(" name", &[]), "name of a page"),
    ] {
        let refused = create::<page::Entity>(db, wrong).await;

        assert!(
            matches!(&refused, Err(Error::Invalid { kind: of, .. }) if *of == kind),
            "{refused:?}"
        );
    }
    let elsewhere = page::ActiveModel { environments: Set(json!(["moon"])), ..Default::default() };
    let elsewhere = update::<page::Entity>(db, good.id, elsewhere).await;
    let nothing = create::<page_identifier::Entity>(db, element(good.id, "button", " ")).await;
    let url = environment::ActiveModel { url: Set("/".to_owned()), ..environment("url", Dev) };
    let url = create::<environment::Entity>(db, url).await;
    let api = environment::ActiveModel {
        api_url: Set(Some("https://ana:geheim@api".to_owned())),
        ..environment("api", Dev)
    };
    let api = create::<environment::Entity>(db, api).await;

    assert!(matches!(elsewhere, Err(Error::Invalid { .. })), "{elsewhere:?}");
    assert!(matches!(nothing, Err(Error::Invalid { kind: "locator_query", .. })), "{nothing:?}");
    assert!(matches!(url, Err(Error::Invalid { kind: "url", .. })), "{url:?}");
    assert!(matches!(api, Err(Error::Invalid { kind: "api_url", .. })), "{api:?}");
    assert_eq!(environment::Entity::find().count(db).await.unwrap(), 0);
}

async fn a_test_user_is_found_in_their_environment(db: &DatabaseConnection) {
    let by = &admin::<ReadWebtest>(db).await;
    let dev = create::<environment::Entity>(db, environment("dev", Dev)).await.unwrap().id;
    let qa = create::<environment::Entity>(db, environment("qa", Qa)).await.unwrap().id;
    let in_dev = create::<environment_user::Entity>(db, user(dev, "admin")).await.unwrap();
    let in_qa = create::<environment_user::Entity>(db, user(qa, "admin")).await.unwrap();

    let again = create::<environment_user::Entity>(db, user(dev, "admin")).await;

    for user in [&in_dev, &in_qa] {
        let found = webtest::environment_user::by_name(db, by, user.environment_id, "admin");
        assert_eq!(&found.await.unwrap(), user);
    }
    for (environment_id, name) in [(dev, "admin "), (dev, "Admin"), (dev, "a\0"), (404, "admin")] {
        let missing = webtest::environment_user::by_name(db, by, environment_id, name).await;
        assert!(matches!(missing, Err(Error::NotFound { kind: "test user", .. })), "{missing:?}");
    }
    assert!(matches!(again, Err(Error::AlreadyExists { kind: "test user", .. })), "{again:?}");
}

async fn a_password_is_read_from_where_it_is_kept(db: &DatabaseConnection) {
    let keys = &Keyring::read(Some(&SecretString::from(KEY))).unwrap();
    let dev = create::<environment::Entity>(db, environment("dev", Dev)).await.unwrap().id;
    let secret_id = store(db, keys, "tests/dev/admin", "hunter2").await;
    let here =
        environment_user::ActiveModel { secret_id: Set(Some(secret_id)), ..user(dev, "admin") };
    let here = create::<environment_user::Entity>(db, here).await.unwrap().id;
    let without = create::<environment_user::Entity>(db, user(dev, "guest")).await.unwrap().id;
    let outside = user_outside(dev, "ana");
    let outside = create::<environment_user::Entity>(db, outside).await.unwrap().id;

    let kept_here = password(db, keys, here).await.unwrap();
    let none = password(db, keys, without).await.unwrap();
    let elsewhere = password(db, keys, outside).await;
    let missing = password(db, keys, 404).await;
    let without_key = password(db, &Keyring::default(), here).await;
    let by = &admin::<DeleteSecrets>(db).await;
    let held = audited(db, &World::system(), |unit, _| {
        Box::pin(secret::delete(unit, by, "tests/dev/admin")) as BoxFuture<'_, _>
    })
    .await;

    assert_eq!((kept_here.as_deref(), none), (Some("hunter2"), None));
    let Err(Error::Refused { rule: Rule::Elsewhere, because }) = &elsewhere else {
        panic!("{elsewhere:?}");
    };
    assert_eq!(
        because,
        "the password of test user `ana` is kept by `azure` at `https://vault.example.org` under \
         `tests/ana`"
    );
    assert!(matches!(missing, Err(Error::NotFound { kind: "test user", .. })), "{missing:?}");
    assert!(matches!(without_key, Err(Error::Sealed { .. })), "{without_key:?}");
    assert!(matches!(held, Err(Error::Refused { rule: Rule::InUse, .. })), "{held:?}");
    let told = system_log::Entity::find().order_by_desc(system_log::Column::Id).all(db).await;
    let told: Vec<String> = told.unwrap().into_iter().take(2).map(|row| row.message).collect();
    assert_eq!(told[0], format!("reveal on test user {here} by boss"));
    assert_eq!(told[1], format!("reveal on secret {secret_id} by boss"));
    assert!(!told.concat().contains("hunter2"), "{told:?}");
}

async fn a_password_is_kept_in_one_place(db: &DatabaseConnection) {
    let keys = &Keyring::read(Some(&SecretString::from(KEY))).unwrap();
    let dev = create::<environment::Entity>(db, environment("dev", Dev)).await.unwrap().id;
    let secret_id = store(db, keys, "tests/dev/admin", "hunter2").await;
    let outside = user_outside(dev, "ana");
    let kept = create::<environment_user::Entity>(db, outside.clone()).await.unwrap();

    let here =
        || environment_user::ActiveModel { secret_id: Set(Some(secret_id)), ..Default::default() };
    let both = update::<environment_user::Entity>(db, kept.id, here()).await;
    let half = environment_user::ActiveModel { secret_url: Set(None), ..outside };
    let half = environment_user::ActiveModel { username: Set("bo".to_owned()), ..half };
    let half = create::<environment_user::Entity>(db, half).await;
    let secret_url = Set(Some("https://ana:geheim@vault.example.org".to_owned()));
    let shown = environment_user::ActiveModel { secret_url, ..Default::default() };
    let shown = update::<environment_user::Entity>(db, kept.id, shown).await;
    let moved = environment_user::ActiveModel {
        secret_provider: Set(None),
        secret_url: Set(None),
        secret_name: Set(None),
        ..here()
    };
    let moved = update::<environment_user::Entity>(db, kept.id, moved).await;

    for refused in [both, half] {
        assert!(matches!(refused, Err(Error::Invalid { kind: "test user", .. })), "{refused:?}");
    }
    assert!(matches!(shown, Err(Error::Invalid { kind: "secret_url", .. })), "{shown:?}");
    assert_eq!(moved.unwrap().secret_id, Some(secret_id));
    assert_eq!(password(db, keys, kept.id).await.unwrap().as_deref(), Some("hunter2"));
}

async fn an_item_that_is_there_already_is_given_back(db: &DatabaseConnection) {
    let (world, clock) = world();
    let new = NewItem {
        email_item_id: i64::MAX,
        multi_item_email_ids: vec![1, 2],
        email_system: Some(EmailSystem::MinerOcr),
        test_name: Some("invoices".to_owned()),
        multi_email_flag: true,
        multi_attachment_flag: true,
        requires_processing: false,
    };
    let first = add(db, &world, new).await.unwrap();
    clock.advance(TimeDelta::hours(1));

    let again = add(db, &world, waiting(i64::MAX)).await.unwrap();
    let long = NewItem { test_name: Some("n".repeat(256)), ..waiting(7) };
    let long = add(db, &world, long).await;

    assert_eq!(again, first);
    assert_eq!(
        (&first.multi_item_email_ids, first.email_system, first.requires_processing),
        (&json!([1, 2]), Some(EmailSystem::MinerOcr), false)
    );
    assert!(first.multi_email_flag && first.multi_attachment_flag);
    assert!(matches!(long, Err(Error::Invalid { .. })), "{long:?}");
    assert_eq!(system_log::Entity::find().count(db).await.unwrap(), 1);
}

async fn of_items_that_are_added_at_once_one_is_made(db: &DatabaseConnection) {
    let world = &World::system();
    admin::<CreateWebtest>(db).await;
    for round in 0..plimsoll::testing::cases(3) {
        let outcomes =
            join_all((0..6).map(|_| add(db, world, waiting(i64::from(round) + 1)))).await;

        let ids: BTreeSet<i64> = outcomes.into_iter().map(|outcome| outcome.unwrap().id).collect();
        assert_eq!(ids.len(), 1);
        let made = email_item::Entity::find().count(db).await.unwrap();
        assert_eq!(made, u64::from(round) + 1);
    }
}

async fn of_workers_who_ask_at_once_each_takes_other_items(db: &DatabaseConnection) {
    let (world, _) = world();
    let (by, world) = (&admin::<WorkEmails>(db).await, &world);
    let rows = (0..100).map(|at| email_item::ActiveModel {
        email_item_id: Set(at),
        requires_processing: Set(true),
        ..Default::default()
    });
    email_item::Entity::insert_many(rows).exec_without_returning(db).await.unwrap();

    let taken = join_all((0..8).map(|at| async move {
        let worker = format!("worker {at}");
        let mut items = Vec::new();
        while let Some(item) = webtest::email_item::take(db, world, by, &worker).await.unwrap() {
            assert_eq!(item.claimed_by.as_deref(), Some(worker.as_str()));
            assert_eq!(item.claimed_at, Some(world.clock.now()));
            items.push(item.id);
        }
        items
    }))
    .await;

    let all: Vec<i64> = taken.into_iter().flatten().collect();
    assert_eq!(all.len(), 100);
    assert_eq!(all.into_iter().collect::<BTreeSet<_>>().len(), 100);
}

async fn the_oldest_item_that_requires_processing_is_taken_first(db: &DatabaseConnection) {
    let (world, clock) = world();
    let done = NewItem { requires_processing: false, ..waiting(1) };
    add(db, &world, done).await.unwrap();
    let later = clock.advance(TimeDelta::hours(2));
    let last = add(db, &world, waiting(2)).await.unwrap();
    clock.set(later - TimeDelta::hours(1));
    let first = add(db, &world, waiting(3)).await.unwrap();
    let second = add(db, &world, waiting(4)).await.unwrap();
    clock.set(later);

    let mut taken = Vec::new();
    while let Some(item) = take(db, &world, "ocr-1").await.unwrap() {
        taken.push(item.id);
    }
    let nameless = take(db, &world, "").await;

    assert_eq!(taken, [first.id, second.id, last.id]);
    assert!(matches!(nameless, Err(Error::Invalid { kind: "worker", .. })), "{nameless:?}");
}

async fn a_claim_that_is_too_old_is_taken_over_by_one(db: &DatabaseConnection) {
    let (world, clock) = world();
    let item = add(db, &world, waiting(1)).await.unwrap();
    let (by, world) = (&admin::<WorkEmails>(db).await, &world);
    take(db, world, "ocr 0").await.unwrap().unwrap();

    for round in 1..=plimsoll::testing::cases(3) {
        clock.advance(CLAIM);
        let too_early = take(db, world, "ocr 9").await.unwrap();
        clock.advance(TimeDelta::seconds(1));
        let outcomes =
            join_all((0..8).map(|at| async move {
                take(db, world, &format!("ocr {round} {at}")).await.unwrap()
            }))
            .await;

        assert_eq!(too_early, None);
        let taken: Vec<&email_item::Model> = outcomes.iter().flatten().collect();
        assert_eq!(taken.len(), 1, "{outcomes:?}");
        assert_eq!(&stored(db, item.id).await, taken[0]);
    }
    let late = webtest::email_item::processed(db, world, by, "ocr 0", item.id).await;
    assert!(is_claimed(&late), "{late:?}");
}

async fn only_who_has_an_item_ends_its_claim(db: &DatabaseConnection) {
    let (world, clock) = world();
    let by = &admin::<WorkEmails>(db).await;
    let item = add(db, &world, waiting(1)).await.unwrap();
    let unclaimed = webtest::email_item::processed(db, &world, by, "ana", item.id).await;
    take(db, &world, "ana").await.unwrap().unwrap();

    let by_another = webtest::email_item::processed(db, &world, by, "bo", item.id).await;
    let given_by_another = webtest::email_item::give_back(db, by, "bo", item.id).await;
    let missing = webtest::email_item::give_back(db, by, "ana", 404).await;
    webtest::email_item::give_back(db, by, "ana", item.id).await.unwrap();
    let given_back = stored(db, item.id).await;
    let taken = take(db, &world, "bo").await.unwrap().unwrap();
    let processed_at = clock.advance(TimeDelta::seconds(5));
    webtest::email_item::processed(db, &world, by, "bo", item.id).await.unwrap();
    let again = webtest::email_item::processed(db, &world, by, "bo", item.id).await;

    for refused in [unclaimed, by_another, given_by_another, again] {
        assert!(is_claimed(&refused), "{refused:?}");
    }
    assert!(matches!(missing, Err(Error::NotFound { kind: "e-mail item", .. })), "{missing:?}");
    assert_eq!((given_back.claimed_by, given_back.claimed_at), (None, None));
    assert!(given_back.requires_processing);
    assert_eq!(taken.id, item.id);
    let done = stored(db, item.id).await;
    assert_eq!((done.claimed_by, done.claimed_at, done.requires_processing), (None, None, false));
    assert_eq!((done.last_processed_at, done.updated_at), (Some(processed_at), processed_at));
    assert_eq!(take(db, &world, "bo").await.unwrap(), None);
}

async fn an_item_can_be_processed_again(db: &DatabaseConnection) {
    let (world, _) = world();
    let by = &admin::<WorkEmails>(db).await;
    let item = add(db, &world, waiting(1)).await.unwrap();
    let taken = take(db, &world, "ana").await.unwrap().unwrap();

    let with_worker = reopen(db, item.id).await.unwrap();
    webtest::email_item::processed(db, &world, by, "ana", item.id).await.unwrap();
    let reopened = reopen(db, item.id).await.unwrap();
    let missing = reopen(db, 404).await;

    assert_eq!(with_worker, taken);
    assert!(reopened.requires_processing);
    assert_eq!(reopened.last_processed_at, Some(world.clock.now()));
    assert_eq!(take(db, &world, "bo").await.unwrap().map(|item| item.id), Some(item.id));
    assert!(matches!(missing, Err(Error::NotFound { kind: "e-mail item", .. })), "{missing:?}");
    // It was added and reopened once.
    assert_eq!(system_log::Entity::find().count(db).await.unwrap(), 2);
}

async fn items_are_listed_and_found_by_what_the_tracker_calls_them(db: &DatabaseConnection) {
    let (world, _) = world();
    let by = &admin::<ReadWebtest>(db).await;
    for id in [30, 10, 20] {
        add(db, &world, waiting(id)).await.unwrap();
    }
    let done = NewItem { requires_processing: false, ..waiting(40) };
    add(db, &world, done).await.unwrap();
    take(db, &world, "ana").await.unwrap().unwrap();

    let first = webtest::email_item::item_ids(db, by, None, 3).await.unwrap();
    let rest = webtest::email_item::item_ids(db, by, first.next, 3).await.unwrap();
    let open = webtest::email_item::unprocessed(db, by, None, 2).await.unwrap();
    let more = webtest::email_item::unprocessed(db, by, open.next, 2).await.unwrap();
    let found = webtest::email_item::by_item_id(db, by, 20).await.unwrap();
    let missing = webtest::email_item::by_item_id(db, by, 50).await;

    assert_eq!((first.rows, rest.rows, rest.next), (vec![30, 10, 20], vec![40], None));
    let ids: Vec<i64> = open.rows.iter().chain(&more.rows).map(|item| item.email_item_id).collect();
    assert_eq!((ids, more.next), (vec![30, 10, 20], None));
    assert_eq!(found.email_item_id, 20);
    assert!(
        matches!(&missing, Err(Error::NotFound { kind: "e-mail item", key }) if key == "50"),
        "{missing:?}"
    );
}

async fn claims_are_not_written_plainly(db: &DatabaseConnection) {
    let (world, clock) = world();
    let item = add(db, &world, waiting(1)).await.unwrap();
    let now = Some(clock.advance(TimeDelta::seconds(1)));

    for row in [
        email_item::ActiveModel { claimed_by: Set(Some("ana".to_owned())), ..Default::default() },
        email_item::ActiveModel { claimed_at: Set(now), ..Default::default() },
        email_item::ActiveModel { requires_processing: Set(false), ..Default::default() },
        email_item::ActiveModel { last_processed_at: Set(now), ..Default::default() },
        email_item::ActiveModel { multi_item_email_ids: Set(json!(["1"])), ..Default::default() },
    ] {
        let refused = update::<email_item::Entity>(db, item.id, row).await;

        assert!(matches!(refused, Err(Error::Invalid { .. })), "{refused:?}");
    }
    let named =
        email_item::ActiveModel { test_name: Set(Some("mail".to_owned())), ..Default::default() };
    update::<email_item::Entity>(db, item.id, named).await.unwrap();
    let unclaimed = email_item::Entity::find().filter(email_item::Column::ClaimedBy.is_null());
    assert_eq!(unclaimed.count(db).await.unwrap(), 1);
}
