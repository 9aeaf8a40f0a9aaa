//! What a deletion takes along, and what it leaves.

use std::collections::BTreeMap;

use entity::{access::shell_session, audit::system_log, identity::refresh_token};
use plimsoll::schema::OnDelete;
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ConnectionTrait, DatabaseConnection, DbErr, EntityName, EntityTrait, TransactionTrait,
    TryGetable, Value,
    sea_query::{Asterisk, Expr, ExprTrait, Query},
};
use service::{
    Error, Rights, World,
    deletion::{self, Deletion},
    identity::user,
    rights::DeleteUsers,
    rule::Rule,
};

use crate::{
    filled::filled,
    people::{admin, person},
};

plimsoll::on_every_database!(migration::app:
    every_foreign_key_does_what_it_says,
    what_goes_with_a_row_is_told_beforehand,
    who_had_a_shell_is_kept_and_who_had_none_says_what_went_along,
    a_refresh_token_forgets_a_successor_that_is_gone,
);

/// The rows of each table, and of each column that refers to something those with a value.
async fn counts(db: &impl ConnectionTrait) -> BTreeMap<String, i64> {
    let mut counts = BTreeMap::new();
    for table in entity::schema() {
        let mut of = vec![(table.name.clone(), Expr::col(Asterisk).count())];
        for key in &table.foreign_keys {
            let column = key.columns[0].clone();
            of.push((format!("{}.{column}", table.name), Expr::col(column).count()));
        }
        for (name, count) in of {
            let query = Query::select().expr(count).from(table.name.clone()).take();
            let row = db.query_one(&query).await.unwrap().unwrap();
            counts.insert(name, i64::try_get_by(&row, 0_usize).unwrap());
        }
    }
    counts
}

/// Each row that others refer to is deleted, in a transaction that is taken back: as it is, and where
/// something keeps it once more without what does.
async fn every_foreign_key_does_what_it_says(db: &DatabaseConnection) {
    let keys = filled(db).await;
    let all = counts(db).await;
    let (mut tried, mut kept) = (BTreeMap::<&str, usize>::new(), 0);
    for (table, key) in &keys {
        let tx = db.begin().await.unwrap();
        let is_kept = delete(&tx, table, key).await.is_err();
        if is_kept {
            tx.rollback().await.unwrap();
            kept += 1;
        } else {
            check(&tx, table, &all, &mut tried).await;
            tx.rollback().await.unwrap();
            continue;
        }
        let tx = db.begin().await.unwrap();
        for holder in entity::schema() {
            if holder.foreign_keys.iter().any(|key| key.on_delete == OnDelete::Restrict) {
                let all = Query::delete().from_table(holder.name).take();
                tx.execute(&all).await.unwrap();
            }
        }
        let before = counts(&tx).await;
        delete(&tx, table, key).await.unwrap();
        check(&tx, table, &before, &mut tried).await;
        tx.rollback().await.unwrap();
    }
    assert_eq!(counts(db).await, all);
    let of = |action: OnDelete| {
        let tables = entity::schema().into_iter();
        let keys = tables.flat_map(|table| table.foreign_keys);
        keys.filter(|key| key.on_delete == action).count()
    };
    assert!(kept >= of(OnDelete::Restrict), "{kept}");
    assert!(tried["cascade"] > 30 && tried["set null"] > 30, "{tried:?}");
}

async fn delete(tx: &impl ConnectionTrait, table: &str, key: &Value) -> Result<(), DbErr> {
    let row = Expr::col(primary(table)).eq(key.clone());
    let delete = Query::delete().from_table(table.to_owned()).and_where(row).take();
    tx.execute(&delete).await.map(drop)
}

/// What referred to the row of the table is gone with it, or refers to nothing.
async fn check(
    tx: &impl ConnectionTrait,
    table: &str,
    before: &BTreeMap<String, i64>,
    tried: &mut BTreeMap<&str, usize>,
) {
    let after = counts(tx).await;
    for from in entity::schema().into_iter().filter(|from| from.name != table) {
        for key in from.foreign_keys.iter().filter(|key| key.references == table) {
            let column = format!("{}.{}", from.name, key.columns[0]);
            if before[&column] == 0 {
                continue;
            }
            let (action, what) = match key.on_delete {
                OnDelete::Cascade => ("cascade", &from.name),
                _ => ("set null", &column),
            };
            assert_eq!(after[what], before[what] - 1, "`{what}` with `{table}`");
            *tried.entry(action).or_default() += 1;
        }
    }
}

fn primary(table: &str) -> String {
    let table = entity::schema().into_iter().find(|of| of.name == table).unwrap();
    table.primary_key[0].clone()
}

async fn what_goes_with_a_row_is_told_beforehand(db: &DatabaseConnection) {
    let keys = filled(db).await;
    let before = counts(db).await;
    let mut told = 0;
    macro_rules! foretold {
        ($($entity:path),+) => {$({
            let key = keys[<$entity>::default().table_name()].clone();
            told += foretold::<$entity>(db, key, &before).await;
        })+};
    }

    foretold!(
        entity::identity::user::Entity,
        entity::identity::role::Entity,
        entity::teams::resource_team::Entity,
        entity::proxy::cluster::Entity,
        entity::proxy::service::Entity,
        entity::cloud::cloud_provider::Entity,
        entity::cloud::cloud_machine::Entity,
        entity::fleet::fleet_host::Entity,
        entity::fleet::fleet_query::Entity,
        entity::access::access_agent::Entity,
        entity::displays::device::Entity,
        entity::webtest::environment::Entity
    );

    assert!(told >= 8, "{told}");
}

/// 1 if the row could be deleted, and what happened is what was told.
async fn foretold<E: EntityTrait>(
    db: &DatabaseConnection,
    key: Value,
    before: &BTreeMap<String, i64>,
) -> usize {
    let table = E::default().table_name().to_owned();
    let Deletion { removed, emptied, held } =
        deletion::foresee::<E>(db, key.clone()).await.unwrap();
    let tx = db.begin().await.unwrap();
    let deleted = delete(&tx, &table, &key).await;

    assert_eq!(deleted.is_err(), !held.is_empty(), "`{table}`: {held:?}");
    if deleted.is_err() {
        tx.rollback().await.unwrap();
        return 0;
    }
    let after = counts(&tx).await;
    tx.rollback().await.unwrap();
    for part in entity::schema() {
        let gone = before[&part.name] - after[&part.name] - i64::from(part.name == table);
        let told = removed.get(&part.name).copied().unwrap_or_default();
        assert_eq!(u64::try_from(gone).unwrap(), told, "`{}` with `{table}`", part.name);
        if gone == 0 && part.name != table {
            let emptied_here = part.foreign_keys.iter().any(|key| {
                let column = format!("{}.{}", part.name, key.columns[0]);
                before[&column] != after[&column]
            });
            assert_eq!(emptied.contains_key(&part.name), emptied_here, "`{}`", part.name);
        }
    }
    1
}

async fn who_had_a_shell_is_kept_and_who_had_none_says_what_went_along(db: &DatabaseConnection) {
    let keys = filled(db).await;
    let Value::BigInt(Some(id)) = keys["users"] else { unreachable!("a whole number") };
    // It stands where the chain would begin.
    system_log::Entity::delete_many().exec(db).await.unwrap();
    let by = &admin::<DeleteUsers>(db).await;
    let rights = Rights::new(World::system());

    let refused =
        rights.change(db, |change, _| Box::pin(user::delete(change, by, id))).await.unwrap_err();
    shell_session::Entity::delete_many().exec(db).await.unwrap();
    let gone = rights.change(db, |change, _| Box::pin(user::delete(change, by, id))).await.unwrap();

    assert!(matches!(refused, Error::Refused { rule: Rule::InUse, .. }), "{refused:?}");
    assert!(refused.to_string().contains("1 of `shell_sessions`"), "{refused}");
    assert_eq!(gone.removed["devices"], 1);
    assert_eq!(gone.removed["apps"], 1);
    assert_eq!(gone.removed["api_keys"], 1);
    assert_eq!(gone.emptied["clusters"], 1);
    assert!(gone.held.is_empty());
}

async fn a_refresh_token_forgets_a_successor_that_is_gone(db: &DatabaseConnection) {
    let user = person(db, "somebody", &[]).await;
    let second = refresh_token(db, user.id, "second", None).await;
    let first = refresh_token(db, user.id, "first", Some(second)).await;

    refresh_token::Entity::delete_by_id(second).exec(db).await.unwrap();

    let first = refresh_token::Entity::find_by_id(first).one(db).await.unwrap().unwrap();
    assert_eq!(first.replaced_by_id, None);
}

async fn refresh_token(
    db: &DatabaseConnection,
    user_id: i64,
    hash: &str,
    replaced_by_id: Option<i64>,
) -> i64 {
    let moment = chrono::DateTime::from_timestamp(1_900_000_000, 0).unwrap();
    let token = refresh_token::ActiveModel {
        user_id: Set(user_id),
        family_id: Set("family".to_owned()),
        family_started_at: Set(moment),
        token_hash: Set(hash.into()),
        replaced_by_id: Set(replaced_by_id),
        expires_at: Set(moment),
        ..Default::default()
    };
    token.insert(db).await.unwrap().id
}
