//! People to test with.

use entity::identity::{role, user, user_role};
use sea_orm::{ActiveValue::Set, ColumnTrait, DatabaseConnection, DbErr, EntityTrait, QueryFilter};
use service::{
    identity::fold::fold,
    rights::{self, Actor, Granted, Permission},
};

/// A person who is not in the database yet.
pub(crate) fn someone(username: &str) -> user::ActiveModel {
    user::ActiveModel {
        username: Set(username.to_owned()),
        username_key: Set(fold(username)),
        ..Default::default()
    }
}

/// Somebody with an e-mail address.
pub(crate) fn someone_at(username: &str, email: &str) -> user::ActiveModel {
    user::ActiveModel {
        email: Set(Some(email.to_lowercase())),
        email_key: Set(Some(fold(email))),
        ..someone(username)
    }
}

pub(crate) async fn insert(
    db: &DatabaseConnection,
    person: user::ActiveModel,
) -> Result<user::Model, DbErr> {
    user::Entity::insert(person).exec_with_returning(db).await
}

/// A new person with these roles.
pub(crate) async fn person(db: &DatabaseConnection, username: &str, roles: &[&str]) -> user::Model {
    let person = insert(db, someone(username)).await.unwrap();
    for name in roles {
        let role = role::Entity::find()
            .filter(role::Column::NameKey.eq(fold(name)))
            .one(db)
            .await
            .unwrap()
            .unwrap();
        give(db, person.id, role.id).await;
    }
    person
}

pub(crate) async fn give(db: &DatabaseConnection, user_id: i64, role_id: i64) {
    let row = user_role::ActiveModel {
        user_id: Set(user_id),
        role_id: Set(role_id),
        ..Default::default()
    };
    user_role::Entity::insert(row).exec_without_returning(db).await.unwrap();
}

/// A right of an administrator, who is made when first needed.
pub(crate) async fn admin<P: Permission>(db: &DatabaseConnection) -> Granted<P> {
    let found =
        user::Entity::find().filter(user::Column::UsernameKey.eq("boss")).one(db).await.unwrap();
    let boss = match found {
        Some(boss) => boss,
        None => person(db, "boss", &["admin"]).await,
    };
    rights::check(db, &Actor::of(&boss)).await.unwrap()
}
