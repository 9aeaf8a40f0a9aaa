//! How many people log in in a second, with the parameters that new passwords are hashed with.
//!
//! ```text
//! cargo bench -p service --bench logins
//! ```
//!
//! Each login is the whole of it, on an SQLite file: throttle, hash, session. Beside it the bare
//! hash, in the same run, so that what the rest costs is seen.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on has failed")]

use criterion::{Criterion, Throughput};
use futures_util::future::join_all;
use plimsoll::{Dialect, testing};
use sea_orm::DatabaseConnection;
use secrecy::SecretString;
use service::{
    Rights, World,
    identity::{
        password::Hasher,
        session::{self, Client, Login},
        setup::{self, NewAdministrator},
    },
    seal::Keyring,
};
use tokio::{runtime::Handle, task};

/// As many at once as keep every place busy, and the throttle lets through.
const AT_ONCE: usize = 8;

fn main() {
    testing::run(Dialect::Sqlite, &migration::app(), async |db| measure(db).await);
    Criterion::default().configure_from_args().final_summary();
}

async fn measure(db: &DatabaseConnection) {
    let (world, hasher) = (World::system(), Hasher::new());
    let password = SecretString::from("correct horse battery");
    let new = NewAdministrator {
        username: "captain".to_owned(),
        email: None,
        password: password.clone(),
    };
    let rights = Rights::new(world.clone());
    setup::create_administrator(db, &rights, &world, &hasher, &new, false).await.unwrap();
    let login = Login { name: "captain".to_owned(), password: password.clone(), otp: None };
    let (handle, db) = (Handle::current(), db.clone());

    task::spawn_blocking(move || {
        let mut criterion = Criterion::default().configure_from_args().sample_size(10);
        let mut group = criterion.benchmark_group("logins");
        group.throughput(Throughput::Elements(AT_ONCE as u64));
        let (keys, client) = (Keyring::default(), Client::default());
        let memory = hasher.most_memory() / 1024 / 1024;
        group.bench_function(format!("login, {memory} MiB at most"), |bencher| {
            bencher.iter(|| {
                let logins = (0..AT_ONCE)
                    .map(|_| session::login(&db, &world, &hasher, &keys, &login, &client));
                for outcome in handle.block_on(join_all(logins)) {
                    outcome.unwrap();
                }
            });
        });
        group.bench_function("hash alone", |bencher| {
            bencher.iter(|| {
                let alone = (0..AT_ONCE).map(|_| hasher.hash(&world, &password, &[]));
                for outcome in handle.block_on(join_all(alone)) {
                    outcome.unwrap();
                }
            });
        });
        group.finish();
    })
    .await
    .unwrap();
}
