//! How another key comes to seal what is sealed.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use aes_gcm::{
    Nonce,
    aead::{Aead, Payload},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use entity::{
    audit::{audit_chain, system_log},
    identity::user,
    secrets::encrypted_secret,
};
use futures_timer::Delay;
use futures_util::future::{join, join_all};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseConnection, EntityTrait,
    IntoActiveModel, QueryFilter, QueryOrder, TryGetable,
    sea_query::{Expr, ExprTrait, Query},
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use service::{
    Error, World,
    audit::audited,
    rights::{CreateSecrets, RevealSecrets, UpdateSecrets},
    seal::SEALED,
    secrets::{self, Resealed, secret},
};

use super::{NEW, both, change, keyring, put, reveal, store, stored};
use crate::{
    people::admin,
    sealed::{OLD, cipher, sealed_everywhere},
};

plimsoll::on_every_database!(migration::app:
    rotation_seals_every_column_anew_and_changes_nothing_else,
    what_is_sealed_anew_is_told_with_it_or_stays_as_it_was,
    what_cannot_be_opened_is_told_and_left_as_it_is,
    rotation_beside_writers_loses_nothing,
    what_changes_between_reading_and_writing_is_not_overwritten,
);

/// The secret that the new key sealed at a place.
fn opened_with_new(place: &str, sealed: &str) -> Vec<u8> {
    let bytes = URL_SAFE_NO_PAD.decode(sealed.strip_prefix("v1.new.").unwrap()).unwrap();
    let (nonce, msg) = bytes.split_at(12);
    let nonce: [u8; 12] = nonce.try_into().unwrap();
    let payload = Payload { msg, aad: place.as_bytes() };
    cipher(NEW).decrypt(&Nonce::from(nonce), payload).unwrap()
}

async fn text(
    db: &DatabaseConnection,
    (table, column): (&'static str, &'static str),
    row: i64,
) -> String {
    let query =
        Query::select().column(column).from(table).and_where(Expr::col("id").eq(row)).take();
    let row = db.query_one(&query).await.unwrap().unwrap();
    String::try_get_by(&row, 0_usize).unwrap()
}

async fn rotation_seals_every_column_anew_and_changes_nothing_else(db: &DatabaseConnection) {
    // No text: a seed is random bytes.
    let secret = b"a secret, \xff\0";
    let places = sealed_everywhere(db, secret).await;
    system_log::Entity::delete_many().exec(db).await.unwrap();
    let rows = async || {
        let secret = encrypted_secret::Entity::find().one(db).await.unwrap().unwrap();
        (secret, user::Entity::find().one(db).await.unwrap().unwrap())
    };
    let before = rows().await;
    let world = World::system();

    let first = secrets::rotate(db, &world, &both()).await.unwrap();
    let second = secrets::rotate(db, &world, &both()).await.unwrap();

    let counted = |resealed, kept| {
        SEALED.map(|(table, column)| Resealed { table, column, resealed, kept }).to_vec()
    };
    assert!(first.unopened.is_empty() && second.unopened.is_empty(), "{first:?} {second:?}");
    assert_eq!(first.key, "new");
    assert_eq!((first.columns, second.columns), (counted(1, 0), counted(0, 1)));
    for (table, column, row) in places {
        let sealed = text(db, (table, column), row).await;
        assert_eq!(opened_with_new(&format!("{table}/{column}/{row}"), &sealed), secret);
    }
    let mut after = rows().await;
    after.0.encrypted_data = before.0.encrypted_data.clone();
    after.1.totp_secret = before.1.totp_secret.clone();
    assert_eq!(after, before);

    let log = rotations(db).await;
    assert_eq!(log, SEALED.map(|(table, column)| told_of(table, column, 1)));
}

/// What the audit log tells of rotations, in the order in which they were done.
async fn rotations(db: &DatabaseConnection) -> Vec<serde_json::Value> {
    let log = system_log::Entity::find().order_by_asc(system_log::Column::Id);
    let log = log.filter(system_log::Column::Action.eq("rotate")).all(db).await.unwrap();
    log.into_iter()
        .map(|row| {
            assert_eq!(row.message, "rotate by the system (rotation of keys)");
            row.details.unwrap()
        })
        .collect()
}

fn told_of(table: &str, column: &str, resealed: u64) -> serde_json::Value {
    json!({"key": "new", "table": table, "column": column, "resealed": resealed})
}

/// Without the row of the chain nothing can be written to the audit log.
async fn what_is_sealed_anew_is_told_with_it_or_stays_as_it_was(db: &DatabaseConnection) {
    let (world, old) = (&World::system(), &keyring(OLD));
    let by = &admin::<CreateSecrets>(db).await;
    audited(db, world, |unit, _| {
        Box::pin(async move {
            for n in 0..130 {
                let (path, value) = (format!("a/{n}"), &SecretString::from("value"));
                secret::store(unit, by, (old, world), &path, None, value).await?;
            }
            Ok(())
        })
    })
    .await
    .unwrap();
    let chain = audit_chain::Entity::find().one(db).await.unwrap().unwrap();
    audit_chain::Entity::delete_many().exec(db).await.unwrap();
    let rows = || encrypted_secret::Entity::find().order_by_asc(encrypted_secret::Column::Id);
    let before = rows().all(db).await.unwrap();

    let untold = secrets::rotate(db, world, &both()).await;
    let after = rows().all(db).await.unwrap();
    let chain = audit_chain::Entity::insert(chain.into_active_model().reset_all());
    chain.exec_without_returning(db).await.unwrap();
    secrets::rotate(db, world, &both()).await.unwrap();

    assert!(matches!(untold, Err(Error::Malformed { .. })), "{untold:?}");
    assert_eq!(after, before);
    let of = |resealed| told_of("encrypted_secrets", "encrypted_data", resealed);
    assert_eq!(rotations(db).await, [of(100), of(30)]);
}

async fn what_cannot_be_opened_is_told_and_left_as_it_is(db: &DatabaseConnection) {
    let (world, keys) = (World::system(), keyring(OLD));
    let at = (db, &world, &keys);
    for path in ["a", "moved", "clear", "lost"] {
        store(at, path, "value").await.unwrap();
    }
    let column = ("encrypted_secrets", "encrypted_data");
    let (a, moved) = (stored(db, "a").await, stored(db, "moved").await);
    let (clear, lost) = (stored(db, "clear").await, stored(db, "lost").await);
    put(db, column, Some(moved.id), a.encrypted_data.expose()).await;
    put(db, column, Some(clear.id), "hunter2").await;
    put(db, column, Some(lost.id), lost.encrypted_data.expose().replace("v1.old", "v1.gone")).await;

    let rotated = secrets::rotate(db, &world, &both()).await.unwrap();

    let counts = rotated.columns.iter().find(|of| of.table == "encrypted_secrets").unwrap();
    assert_eq!((counts.resealed, counts.kept), (1, 0));
    let told: Vec<_> = rotated.unopened.iter().map(|of| (of.table, of.column, of.row)).collect();
    assert_eq!(told, [moved.id, clear.id, lost.id].map(|row| (column.0, column.1, row)));
    assert!(rotated.unopened[0].problem.contains("for another place"), "{rotated:?}");
    assert!(rotated.unopened[1].problem.contains("not of the form"), "{rotated:?}");
    assert!(rotated.unopened[2].problem.contains("no key with the id `gone`"), "{rotated:?}");
    assert!(!format!("{rotated:?}").contains("hunter2"));
    assert_eq!(stored(db, "moved").await.encrypted_data, a.encrypted_data);
    assert_eq!(stored(db, "clear").await.encrypted_data.expose(), "hunter2");

    // Another key by the same name is noticed, too.
    let other = keyring(&NEW.replace("new:", "old:"));
    put(db, column, Some(lost.id), lost.encrypted_data.expose()).await;
    let rotated = secrets::rotate(db, &world, &other).await.unwrap();
    assert_eq!(rotated.unopened.len(), 4);
    assert_eq!(stored(db, "lost").await.encrypted_data, lost.encrypted_data);
}

/// Four who give secrets other values and read them back for as long as keys are exchanged, forth
/// and back, and more rows than are gone over at once.
async fn rotation_beside_writers_loses_nothing(db: &DatabaseConnection) {
    let world = &World::system();
    let (old, new, both) = (&keyring(OLD), &keyring(NEW), &both());
    let back = &keyring(&format!("{OLD},{NEW}"));
    let by = &admin::<CreateSecrets>(db).await;
    let mut last: BTreeMap<String, String> =
        (0..130).map(|n| (format!("still/{n}"), format!("value {n}"))).collect();
    last.extend((0..20).map(|n| (format!("task{}/{}", n / 5, n % 5), "first".to_owned())));
    let all = &last;
    audited(db, world, |unit, _| {
        Box::pin(async move {
            for (path, value) in all {
                let value = &SecretString::from(value.as_str());
                secret::store(unit, by, (old, world), path, None, value).await?;
            }
            Ok(())
        })
    })
    .await
    .unwrap();
    let done = &AtomicBool::new(false);

    let writers = join_all((0..4).map(|task| async move {
        let (at, mut written) = ((db, world, both), BTreeMap::new());
        for turn in 0.. {
            let path = format!("task{task}/{}", turn % 5);
            let value = format!("{path} in turn {turn}");
            change(at, &path, &value).await.unwrap();
            assert_eq!(reveal(at, &path).await.unwrap(), value);
            written.insert(path, value);
            if done.load(SeqCst) {
                break;
            }
        }
        written
    }));
    let rotation = async {
        let mut rotated = vec![secrets::rotate(db, world, both).await];
        for _ in 0..plimsoll::testing::cases(3) {
            rotated.push(secrets::rotate(db, world, back).await);
            rotated.push(secrets::rotate(db, world, both).await);
        }
        done.store(true, SeqCst);
        rotated
    };
    let (written, rotated) = join(writers, rotation).await;

    for rotated in rotated {
        assert!(rotated.unwrap().unopened.is_empty());
    }
    last.extend(written.into_iter().flatten());
    let rows = &encrypted_secret::Entity::find().all(db).await.unwrap();
    for row in rows {
        assert!(row.encrypted_data.expose().starts_with("v1.new."), "{}", row.path);
    }
    let by = &admin::<RevealSecrets>(db).await;
    let kept = audited(db, world, |unit, _| {
        Box::pin(async move {
            let mut kept = BTreeMap::new();
            for row in rows {
                let value = secret::reveal(unit, by, new, &row.path).await?;
                kept.insert(row.path.clone(), value.expose_secret().to_owned());
            }
            Ok(kept)
        })
    })
    .await
    .unwrap();
    assert_eq!(kept, last);
}

/// The rotation reads a row that somebody has changed and not committed, who commits then.
async fn what_changes_between_reading_and_writing_is_not_overwritten(db: &DatabaseConnection) {
    let (world, old, both) = (World::system(), keyring(OLD), both());
    store((db, &world, &old), "a/b", "first").await.unwrap();
    let (world, both) = (&world, &both);
    let (by, second) = (&admin::<UpdateSecrets>(db).await, &SecretString::from("second"));
    let (changed, read) = (&AtomicBool::new(false), Arc::new(AtomicBool::new(false)));
    let mut watched = db.clone();
    let seen = read.clone();
    watched.set_metric_callback(move |info| {
        if info.statement.sql.contains("encrypted_secrets") {
            seen.store(true, SeqCst);
        }
    });
    let pause = || Delay::new(Duration::from_millis(5));
    let read = &read;

    let writing = audited(db, world, |unit, _| {
        Box::pin(async move {
            secret::change(unit, by, (both, world), "a/b", second).await?;
            changed.store(true, SeqCst);
            while !read.load(SeqCst) {
                pause().await;
            }
            Ok(())
        })
    });
    let rotation = async {
        while !changed.load(SeqCst) {
            pause().await;
        }
        let rotated = secrets::rotate(&watched, world, both).await;
        read.store(true, SeqCst);
        rotated
    };
    let (written, rotated) = join(writing, rotation).await;

    written.unwrap();
    let rotated = rotated.unwrap();
    let counts = rotated.columns.iter().find(|of| of.table == "encrypted_secrets").unwrap();
    assert_eq!((counts.resealed, counts.kept), (0, 1));
    assert_eq!(reveal((db, world, &keyring(NEW)), "a/b").await.unwrap(), "second");
}
