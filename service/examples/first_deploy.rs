//! A first deployment in one go: migrate, seed, add a person, give a role, check a right, explain
//! the answer.
//!
//! ```text
//! cargo run -p service --example first_deploy
//! ```
//!
//! On a database in memory, or on that of `DATABASE_URL` if it has no administrator yet.

use plimsoll::{
    Dialect,
    config::{Database, Env},
};
use sea_orm::DatabaseConnection;
use secrecy::SecretString;
use service::{
    Error, Rights, World,
    identity::{
        password::Hasher,
        role,
        setup::{self, NewAdministrator},
        user::{self, NewUser},
    },
    rights::{
        self, Actor, AssignRoles, CreateDocuments, CreateUsers, Granted, ReadPermissions,
        ReadRoles, ReadUsers,
    },
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let env = Env::load()?;
    let database = match env.get(&plimsoll::config::DATABASE_URL)? {
        Some(_) => Database::from_env(&env)?,
        None => Database::from_url("sqlite::memory:", env.folder())?,
    };
    let db = plimsoll::connect::pool(&database).await?;
    // A database in memory is in one connection, and nowhere else.
    let in_memory = database.dialect() == Dialect::Sqlite && database.file().is_none();
    let app = migration::app();
    let report = if in_memory { app.up_on(&db).await? } else { app.up(&database).await? };
    say(&format!("migrations applied: {}", report.applied.len()));

    let world = World::system();
    let rights = Rights::new(world.clone());
    let boss = administrator(&db, &rights, &world).await?;
    let ana = person(&db, &rights, &boss, "ana").await?;
    let actor = Actor::of(&ana);

    let by: Granted<ReadRoles> = rights.check(&db, &boss).await?;
    let role = role::by_name(&db, &by, "user").await?;
    let by = &rights.check::<AssignRoles>(&db, &boss).await?;
    rights.change(&db, |change, _| Box::pin(role::assign(change, by, ana.id, role.id))).await?;
    say(&format!("`{}` has the role `{}`", ana.username, role.name));

    // What needs the right takes the proof of it, and there is no other way to one.
    let proof = rights.check::<CreateDocuments>(&db, &actor).await;
    say(&format!("may `ana` add documents? {}", if proof.is_ok() { "yes" } else { "no" }));
    let refused = rights.check::<ReadUsers>(&db, &actor).await;
    say(&format!("may `ana` see people? {}", if refused.is_ok() { "yes" } else { "no" }));

    let by = rights.check::<ReadPermissions>(&db, &boss).await?;
    for code in ["document:create", "user:read"] {
        say(&rights::explain(&db, &by, ana.id, code).await?.to_string());
    }
    db.close().await?;
    Ok(())
}

async fn administrator(
    db: &DatabaseConnection,
    rights: &Rights,
    world: &World,
) -> anyhow::Result<Actor> {
    let new = NewAdministrator {
        username: "captain".to_owned(),
        email: Some("captain@example.org".to_owned()),
        password: SecretString::from("correct horse battery"),
    };
    let hasher = Hasher::new();
    match setup::create_administrator(db, rights, world, &hasher, &new, false).await {
        Ok(user) => Ok(Actor::of(&user)),
        Err(Error::AlreadySetUp) => {
            anyhow::bail!("this database has an administrator: the example wants one of its own")
        }
        Err(error) => Err(error.into()),
    }
}

async fn person(
    db: &DatabaseConnection,
    rights: &Rights,
    boss: &Actor,
    name: &str,
) -> anyhow::Result<user::Model> {
    let by = &rights.check::<CreateUsers>(db, boss).await?;
    let new = &NewUser { username: name.to_owned(), ..NewUser::default() };
    let user =
        rights.change(db, |change, _| Box::pin(user::create(change, by, new.clone()))).await?;
    say(&format!("`{}` was added", user.username));
    Ok(user)
}

#[expect(clippy::print_stdout, reason = "an example talks to whoever runs it")]
fn say(text: &str) {
    println!("{text}");
}
