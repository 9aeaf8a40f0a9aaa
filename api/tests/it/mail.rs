//! Mail over HTTP: from the request for a new password to the login with it.

use std::{
    fs,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use api::{
    App, Work,
    mail::{Bell, Delivery},
};
use axum::{Router, http::Method};
use sea_orm::{
    ActiveModelTrait as _,
    ActiveValue::{Set, Unchanged},
    DatabaseConnection, EntityTrait as _, PaginatorTrait as _,
};
use serde_json::{Value, json};
use service::{
    entity::identity::{mail, user},
    mail::{Folder, Post},
};
use tempfile::TempDir;

use crate::{
    client::{Answer, app, ask, from, send},
    people::{PASSWORD, call, login, somebody, try_login, with_boss},
};

plimsoll::on_every_database!(migration::app:
    a_forgotten_password_is_replaced_by_mail,
    whoever_asks_is_answered_the_same_whomever_they_name,
    an_address_is_verified_by_what_came_by_mail,
);

const PATIENCE: Duration = Duration::from_secs(30);

/// A server, an administrator's token, and the folder into which its mail is written.
pub(crate) struct Posting {
    pub(crate) router: Router,
    pub(crate) boss: String,
    folder: TempDir,
    delivery: Delivery,
}

impl Posting {
    pub(crate) async fn begin(db: &DatabaseConnection) -> Self {
        let (_, boss) = with_boss(db).await;
        let folder = tempfile::tempdir().unwrap();
        let bell = Bell::default();
        let sender = Arc::new(Folder::new(folder.path()));
        let post = Post::new(sender, "post@example.org", Some("https://app.example.org")).unwrap();
        let app = App { bell: bell.clone(), ..app(db) };
        let delivery = Delivery::begin(db.clone(), app.world.clone(), post, bell);
        Self { router: api::router(app), boss, folder, delivery }
    }

    /// The mail to that address with that in its subject, when it has come.
    pub(crate) async fn mail(&self, to: &str, subject: &str) -> String {
        let began = Instant::now();
        loop {
            let found = texts(self.folder.path())
                .into_iter()
                .find(|text| text.contains(&format!("\r\nTo: {to}\r\n")) && text.contains(subject));
            if let Some(text) = found {
                return text;
            }
            assert!(began.elapsed() < PATIENCE, "no mail to {to}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Lets the database be dropped.
    pub(crate) async fn end(self) {
        self.delivery.end().await;
    }
}

fn texts(folder: &Path) -> Vec<String> {
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let whole = files.filter(|path| path.extension().is_some_and(|it| it == "eml"));
    whole.map(|path| fs::read_to_string(path).unwrap()).collect()
}

pub(crate) fn token_in(text: &str) -> String {
    let (_, token) = text.split_once("#token=").unwrap();
    token.split_whitespace().next().unwrap().to_owned()
}

pub(crate) async fn public(router: &Router, path: &str, input: Value) -> Answer {
    ask(router, send(Method::POST, &format!("/api/v1/{path}"), "", &input)).await
}

async fn give(db: &DatabaseConnection, id: i64, email: &str, is_verified: bool) {
    let row = user::ActiveModel {
        id: Unchanged(id),
        email: Set(Some(email.to_owned())),
        email_key: Set(Some(email.to_owned())),
        is_verified: Set(is_verified),
        ..Default::default()
    };
    row.update(db).await.unwrap();
}

async fn a_forgotten_password_is_replaced_by_mail(db: &DatabaseConnection) {
    let posting = Posting::begin(db).await;
    let router = &posting.router;
    let (id, _) = somebody(router, &posting.boss, "ana", &[]).await;
    give(db, id, "ana@example.org", true).await;

    let asked = public(router, "password-reset-request", json!({"name": "ANA"})).await;
    let mail = posting.mail("ana@example.org", "choose a new password").await;
    let input = json!({"token": token_in(&mail), "password": "another password"});
    let chosen = public(router, "password-reset", input.clone()).await;
    let again = public(router, "password-reset", input).await;

    assert_eq!((asked.status.as_u16(), asked.body.as_str()), (202, ""));
    assert!(mail.contains("https://app.example.org/reset-password#token=plp_"), "{mail}");
    assert_eq!((chosen.status.as_u16(), again.status.as_u16()), (204, 401));
    assert_eq!(try_login(router, "ana", PASSWORD).await.status, 401);
    login(router, "ana", "another password").await;
    posting.mail("ana@example.org", "your password was changed").await;
    posting.end().await;
}

async fn whoever_asks_is_answered_the_same_whomever_they_name(db: &DatabaseConnection) {
    let (_, boss) = with_boss(db).await;
    let (work, ended) = Work::watched();
    let router = api::router(App { work, ..app(db) });
    let (id, _) = somebody(&router, &boss, "ana", &[]).await;
    give(db, id, "ana@example.org", true).await;
    mail::Entity::delete_many().exec(db).await.unwrap();
    let request = |address: &str, name: &str| {
        let input = json!({"name": name});
        from(address, send(Method::POST, "/api/v1/password-reset-request", "", &input))
    };
    let shown = |answer: &Answer| {
        let mut names: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
        names.sort();
        (answer.status, answer.body.clone(), names)
    };

    let nobody = ask(&router, request("192.0.2.1", "nobody")).await;
    let began = Instant::now();
    let known = ask(&router, request("192.0.2.2", "ana")).await;
    while mail::Entity::find().count(db).await.unwrap() == 0 {
        assert!(began.elapsed() < PATIENCE, "the request is lost");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let rested = began.elapsed();
    let mut refused = Vec::new();
    for (address, name) in [("192.0.2.3", "nobody"), ("192.0.2.4", "ana")] {
        let mut times = 0;
        while ask(&router, request(address, name)).await.status != 429 {
            times += 1;
            assert!(times < 100);
        }
        refused.push(times);
    }
    drop(router);
    assert!(ended.within(PATIENCE).await, "what was asked for is still being done");

    assert_eq!(known.status, 202);
    let least = Duration::from_millis(250);
    assert!(rested >= least, "the next request is beside the work for this one: {rested:?}");
    assert_eq!(shown(&nobody), shown(&known));
    assert_eq!(refused[0], refused[1]);
    assert_eq!(mail::Entity::find().count(db).await.unwrap(), 1, "one within five minutes");
}

async fn an_address_is_verified_by_what_came_by_mail(db: &DatabaseConnection) {
    let posting = Posting::begin(db).await;
    let (router, boss) = (&posting.router, &posting.boss);
    let (id, ana) = somebody(router, boss, "ana", &[]).await;
    let path = format!("/api/v1/users/{id}");
    let me = async || {
        let me = call(router, &ana, Method::GET, "/api/v1/me", Value::Null).await;
        me.json()["user"]["is_verified"].clone()
    };
    let again = async || {
        let path = "/api/v1/me/email-verification";
        call(router, &ana, Method::POST, path, Value::Null).await.status.as_u16()
    };

    let without = again().await;
    let change = json!({"email": "Ana@example.org"});
    let changed = call(router, boss, Method::PATCH, &path, change).await;
    let mail = posting.mail("ana@example.org", "confirm your e-mail address").await;
    let too_soon = again().await;
    let before = me().await;
    let input = json!({"token": token_in(&mail)});
    let verified = public(router, "email-verification", input.clone()).await;
    let twice = public(router, "email-verification", input).await;

    assert_eq!((without, changed.status.as_u16(), too_soon), (404, 200, 429));
    assert!(mail.contains("https://app.example.org/verify-email#token=plv_"), "{mail}");
    assert_eq!(before, false);
    assert_eq!((verified.status.as_u16(), twice.status.as_u16()), (204, 401));
    assert_eq!(me().await, true);
    assert_eq!(again().await, 404);
    posting.end().await;
}
