//! Reads roles, settings and people of the database that the environment names.
//!
//! `cargo run -p service --example query_users` brings the database up to date first, as
//! `cargo run -p migration -- up` does. After a first deploy there are no people: a few are made
//! inside a transaction that is rolled back at the end, so that nothing stays behind.
#![expect(clippy::print_stdout, reason = "it is what the example is for")]

use anyhow::Result;
use entity::identity::{user, user_role};
use plimsoll::config::{Database, Env};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ConnectionTrait, TransactionTrait};
use service::{
    identity::{fold::fold, permission, role, user as people},
    rights::{self, Actor, ReadPermissions, ReadRoles, ReadSettings, ReadUsers},
    settings,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let env = Env::load()?;
    let database = Database::from_env(&env)?;
    migration::app().up(&database).await?;
    let db = plimsoll::connect::pool(&database).await?;

    let transaction = db.begin().await?;
    let ada = crew(&transaction).await?;
    show_roles(&transaction, &ada).await?;
    show_settings(&transaction, &ada).await?;
    show_people(&transaction, &ada).await?;
    transaction.rollback().await?;
    println!("\nThe people above were made for this example and are gone again.");

    db.close().await?;
    Ok(())
}

/// Makes some people; the first one, an administrator, is who asks for everything below.
async fn crew(db: &impl ConnectionTrait) -> Result<Actor> {
    let mut admin = None;
    for (name, roles) in [
        ("Ada (example)", &["admin"][..]),
        ("Blaise (example)", &["user", "viewer"]),
        ("Čeněk (example)", &["viewer"]),
        ("Dorothea (example)", &[]),
        ("Émilie (example)", &["user"]),
    ] {
        let person = user::ActiveModel {
            username: Set(name.to_owned()),
            username_key: Set(fold(name)),
            ..Default::default()
        }
        .insert(db)
        .await?;
        for role in roles {
            give(db, &person, role).await?;
        }
        admin.get_or_insert(Actor::of(&person));
    }
    Ok(admin.expect("the list above is not empty"))
}

async fn give(db: &impl ConnectionTrait, person: &user::Model, name: &str) -> Result<()> {
    use entity::identity::role::{Column, Entity};
    use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

    let role = Entity::find().filter(Column::NameKey.eq(name)).one(db).await?;
    let role = role.ok_or_else(|| anyhow::anyhow!("the seeds hold a role `{name}`"))?;
    let row = user_role::ActiveModel {
        user_id: Set(person.id),
        role_id: Set(role.id),
        ..Default::default()
    };
    user_role::Entity::insert(row).exec_without_returning(db).await?;
    Ok(())
}

async fn show_roles(db: &impl ConnectionTrait, actor: &Actor) -> Result<()> {
    let may_read_roles = rights::check::<ReadRoles>(db, actor).await?;
    let may_read_permissions = rights::check::<ReadPermissions>(db, actor).await?;

    println!("Roles and what they allow");
    for (role, permissions) in
        role::list_with_permissions(db, &may_read_roles, &may_read_permissions).await?
    {
        let codes: Vec<_> = permissions.iter().map(|it| it.code.as_str()).collect();
        println!("  {:<12} {}", role.name, role.description.unwrap_or_default());
        for line in codes.chunks(5) {
            println!("  {:<12}   {}", "", line.join(", "));
        }
    }
    Ok(())
}

async fn show_settings(db: &impl ConnectionTrait, actor: &Actor) -> Result<()> {
    let may_read = rights::check::<ReadSettings>(db, actor).await?;

    println!("\nSettings by category");
    for category in settings::categories(db, &may_read).await? {
        println!("  {category}");
        for setting in settings::by_category(db, &may_read, Some(&category)).await? {
            let fixed = if setting.is_mutable { "" } else { "  (fixed)" };
            let value = setting.value.to_text().unwrap_or_default();
            println!("    {:<34} {value}{fixed}", setting.key);
        }
    }
    Ok(())
}

async fn show_people(db: &impl ConnectionTrait, actor: &Actor) -> Result<()> {
    let may_read_users = rights::check::<ReadUsers>(db, actor).await?;
    let may_read_roles = rights::check::<ReadRoles>(db, actor).await?;

    println!("\nPeople, two on a page");
    let mut from = None;
    for number in 1.. {
        let page = people::list(db, &may_read_users, from, 2).await?;
        let ids = page.rows.iter().map(|person| person.id);
        let roles = role::of_users(db, &may_read_roles, ids).await?;
        println!("  page {number}");
        for person in &page.rows {
            let names: Vec<_> = roles
                .get(&person.id)
                .into_iter()
                .flatten()
                .map(|role| role.name.as_str())
                .collect();
            let names = if names.is_empty() { "no role".to_owned() } else { names.join(", ") };
            println!("    {:<20} {names}", person.username);
        }
        from = page.next;
        if from.is_none() {
            break;
        }
    }

    let found = people::by_username(db, &may_read_users, "ADA (EXAMPLE)").await?;
    let may_read_permissions = rights::check::<ReadPermissions>(db, actor).await?;
    let allowed = permission::of_user(db, &may_read_permissions, found.id).await?;
    println!("\nAsked for `ADA (EXAMPLE)`, found `{}`.", found.username);
    println!("Their roles allow {} things, `{}` first.", allowed.len(), allowed[0].code);
    Ok(())
}
