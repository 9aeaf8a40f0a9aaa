//! What is sealed: which columns are, and a database with a secret in each of them.

use std::{collections::BTreeSet, fs, path::Path};

use aes_gcm::{
    Aes256Gcm, KeyInit, Nonce,
    aead::{Aead, Payload},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, Value,
    sea_query::{Expr, ExprTrait, Query},
};
use service::seal::SEALED;

use crate::filled::filled;

/// The key that has sealed what [`sealed_everywhere`] puts there.
pub(crate) const OLD: &str = "old:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// What seals and opens by a key that has an id of three letters.
pub(crate) fn cipher(key: &str) -> Aes256Gcm {
    Aes256Gcm::new_from_slice(&STANDARD.decode(&key[4..]).unwrap()).unwrap()
}

/// What the old key makes of a secret at a place: the form in which secrets are kept for years.
fn sealed_with_old(place: &str, secret: &[u8]) -> String {
    let nonce = [7_u8; 12];
    let payload = Payload { msg: secret, aad: place.as_bytes() };
    let sealed = cipher(OLD).encrypt(&Nonce::from(nonce), payload).unwrap();
    format!("v1.old.{}", URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat()))
}

/// Fills every table with a row, and each column of it that is sealed with what [`OLD`] makes of the
/// secret. Tells table, column and row of each.
pub(crate) async fn sealed_everywhere(
    db: &DatabaseConnection,
    secret: &[u8],
) -> Vec<(&'static str, &'static str, i64)> {
    let keys = filled(db).await;
    let mut places = Vec::new();
    for (table, column) in SEALED {
        let Value::BigInt(Some(row)) = keys[table] else { panic!("{table}") };
        let sealed: Value = sealed_with_old(&format!("{table}/{column}/{row}"), secret).into();
        let mut update = Query::update();
        update.table(table).value(column, sealed).and_where(Expr::col("id").eq(row));
        assert_eq!(db.execute(&update).await.unwrap().rows_affected(), 1, "{table}.{column}");
        places.push((table, column, row));
    }
    places
}

/// The columns that hold an [`entity::Secret`], by their tables: to the schema they are texts as
/// others are.
fn secrets() -> BTreeSet<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../entity/src");
    let domains = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
    let files = domains.filter(|path| path.is_dir()).flat_map(|path| fs::read_dir(path).unwrap());
    let mut secrets = BTreeSet::new();
    for file in files {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        let Some((_, text)) = text.split_once("table_name = \"") else { continue };
        let (table, text) = text.split_once('"').unwrap();
        let fields = text.lines().filter_map(|line| line.trim().strip_prefix("pub "));
        for (column, of) in fields.filter_map(|field| field.split_once(": ")) {
            if ["Secret,", "Option<Secret>,"].contains(&of) {
                secrets.insert((table.to_owned(), column.to_owned()));
            }
        }
    }
    secrets
}

#[test]
fn every_secret_of_an_entity_is_a_hash_or_is_listed_as_sealed() {
    let mut secrets = secrets();

    secrets.retain(|(_, column)| !column.ends_with("_hash"));
    // It is sealed with what the idempotency key gives, which is not there.
    let answer = ("idempotency_keys".to_owned(), "answer".to_owned());
    assert!(secrets.remove(&answer));
    let listed = SEALED.map(|(table, column)| (table.to_owned(), column.to_owned()));
    assert_eq!(secrets, BTreeSet::from(listed));
}
