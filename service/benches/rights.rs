//! How many questions about rights are answered in a second: from memory, and by the database.
//!
//! ```text
//! TEST_POSTGRES_URL=… TEST_MYSQL_URL=… cargo bench -p service --bench rights
//! ```
//!
//! The person who asks has one role with ten permissions; the tables hold nothing else, or a
//! million grants of other roles. A third holds a thousand permissions out of that million.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on has failed")]

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use entity::identity::{permission, role, role_permission, user, user_role};
use plimsoll::{Dialect, testing};
use sea_orm::{ActiveValue::Set, ConnectionTrait, DatabaseConnection, EntityTrait};
use service::{
    Rights, World,
    rights::{self, Actor, ReadUsers},
};
use tokio::{runtime::Handle, task};

/// The statements that one insertion of many rows is split into stay below every bind limit.
const CHUNK: usize = 1_000;

fn main() {
    for (name, dialect) in
        [("sqlite", Dialect::Sqlite), ("postgres", Dialect::Postgres), ("mysql", Dialect::Mysql)]
    {
        // Without the default rows: the grants are counted.
        testing::run(dialect, &plimsoll::App::new(migration::history()), async |db| {
            compare(name, db).await;
        });
    }
    Criterion::default().configure_from_args().final_summary();
}

async fn compare(database: &str, db: &DatabaseConnection) {
    let few = asker(db, 10).await;
    measure(database, "10 grants", db, &few).await;
    fill(db, 1_000, 1_000).await;
    measure(database, "1000000 grants", db, &few).await;
    let many = asker(db, 1_000).await;
    measure(database, "1000000 grants, 1000 held", db, &many).await;
}

async fn measure(database: &str, case: &str, db: &DatabaseConnection, asker: &Actor) {
    let (handle, db, asker) = (Handle::current(), db.clone(), asker.clone());
    let (cached, stored) =
        (format!("{database}/cached/{case}"), format!("{database}/stored/{case}"));
    // Criterion waits for each answer; the connections are served by this thread meanwhile.
    task::spawn_blocking(move || {
        let mut criterion = Criterion::default().configure_from_args();
        let mut group = criterion.benchmark_group("rights");
        group.throughput(Throughput::Elements(1));
        let rights = Rights::new(World::system());
        group.bench_function(cached, |bencher| {
            bencher.iter(|| {
                let check = rights.check::<ReadUsers>(&db, &asker);
                black_box(handle.block_on(check).unwrap());
            });
        });
        group.bench_function(stored, |bencher| {
            bencher.iter(|| {
                let check = rights::check::<ReadUsers>(&db, &asker);
                black_box(handle.block_on(check).unwrap());
            });
        });
        group.finish();
    })
    .await
    .unwrap();
}

/// A person with one role of so many permissions, among them the one that is asked for.
async fn asker(db: &DatabaseConnection, permissions: usize) -> Actor {
    let name = format!("asker-{permissions}");
    let person = user::ActiveModel {
        username: Set(name.clone()),
        username_key: Set(name.clone()),
        ..Default::default()
    };
    let person = user::Entity::insert(person).exec_with_returning(db).await.unwrap();
    let role = new_role(name);
    let role = role::Entity::insert(role).exec_with_returning(db).await.unwrap();
    let has = user_role::ActiveModel {
        user_id: Set(person.id),
        role_id: Set(role.id),
        ..Default::default()
    };
    user_role::Entity::insert(has).exec_without_returning(db).await.unwrap();

    let known = permission::Entity::find().all(db).await.unwrap();
    let mut ids: Vec<i64> =
        known.iter().filter(|row| row.code == "user:read").map(|row| row.id).collect();
    if ids.is_empty() {
        let row = new_permission("user", "read");
        ids.push(permission::Entity::insert(row).exec(db).await.unwrap().last_insert_id);
    }
    ids.extend(known.iter().filter(|row| row.code != "user:read").map(|row| row.id));
    for at in ids.len()..permissions {
        let row = new_permission("mine", &at.to_string());
        ids.push(permission::Entity::insert(row).exec(db).await.unwrap().last_insert_id);
    }
    let grants = ids[..permissions].iter().map(|id| role_permission::ActiveModel {
        role_id: Set(role.id),
        permission_id: Set(*id),
        ..Default::default()
    });
    role_permission::Entity::insert_many(grants).exec_without_returning(db).await.unwrap();
    Actor::of(&person)
}

/// So many roles with so many permissions each, which the asker has nothing to do with.
async fn fill(db: &DatabaseConnection, roles: usize, permissions: usize) {
    let rows: Vec<_> = (0..roles).map(|at| new_role(format!("other-{at}"))).collect();
    for chunk in rows.chunks(CHUNK) {
        role::Entity::insert_many(chunk.to_vec()).exec_without_returning(db).await.unwrap();
    }
    let rows: Vec<_> =
        (0..permissions).map(|at| new_permission("other", &at.to_string())).collect();
    for chunk in rows.chunks(CHUNK) {
        permission::Entity::insert_many(chunk.to_vec()).exec_without_returning(db).await.unwrap();
    }
    let grants = "INSERT INTO role_permissions (role_id, permission_id) \
         SELECT r.id, p.id FROM roles r CROSS JOIN permissions p \
         WHERE r.name LIKE 'other-%' AND p.resource = 'other'";
    db.execute_unprepared(grants).await.unwrap();
}

fn new_role(name: String) -> role::ActiveModel {
    role::ActiveModel { name: Set(name.clone()), name_key: Set(name), ..Default::default() }
}

fn new_permission(resource: &str, action: &str) -> permission::ActiveModel {
    permission::ActiveModel {
        code: Set(format!("{resource}:{action}")),
        resource: Set(resource.to_owned()),
        action: Set(action.to_owned()),
        ..Default::default()
    }
}
