//! What a deletion takes along, and what it leaves.

use std::collections::BTreeSet;

use entity::identity::{permission, refresh_token, role, role_permission, user};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseConnection, EntityTrait, PaginatorTrait, QueryFilter,
    TryGetable,
    sea_query::{Asterisk, Expr, ExprTrait, Query},
};

use crate::{
    furnished::{furnished, refresh_token, ship},
    people::person,
};

plimsoll::on_every_database!(migration::app:
    a_user_takes_along_everything_of_theirs,
    a_role_takes_along_who_had_it_and_what_it_carried,
    a_permission_takes_along_its_grants,
    a_refresh_token_forgets_a_successor_that_is_gone,
);

async fn count(db: &DatabaseConnection, table: &str) -> i64 {
    let query = Query::select().expr(Expr::col(Asterisk).count()).from(table.to_owned()).to_owned();
    let row = db.query_one(&query).await.unwrap().unwrap();
    i64::try_get_by(&row, 0_usize).unwrap()
}

/// The tables with a foreign key that refers to `table`.
fn tables_with_references_to(table: &str) -> BTreeSet<String> {
    entity::schema()
        .into_iter()
        .filter(|from| from.foreign_keys.iter().any(|key| key.references == table))
        .map(|from| from.name)
        .collect()
}

async fn a_user_takes_along_everything_of_theirs(db: &DatabaseConnection) {
    let user = furnished(db).await;
    let tables = tables_with_references_to("users");
    for table in &tables {
        assert!(count(db, table).await > 0, "`{table}` has a row of the user");
    }

    user::Entity::delete_by_id(user.id).exec(db).await.unwrap();

    assert_eq!(tables.len(), 6);
    for table in &tables {
        assert_eq!(count(db, table).await, 0, "`{table}`");
    }
}

async fn a_role_takes_along_who_had_it_and_what_it_carried(db: &DatabaseConnection) {
    furnished(db).await;
    let crew = role::Entity::find()
        .filter(role::Column::NameKey.eq(ship("crew")))
        .one(db)
        .await
        .unwrap()
        .unwrap();
    let grants = role_permission::Entity::find();
    let grants = grants.filter(role_permission::Column::RoleId.eq(crew.id));
    assert_eq!(grants.clone().count(db).await.unwrap(), 1);

    role::Entity::delete_by_id(crew.id).exec(db).await.unwrap();

    let tables = tables_with_references_to("roles").into_iter().collect::<Vec<_>>();
    assert_eq!(tables, ["role_permissions", "user_roles"]);
    assert_eq!(grants.count(db).await.unwrap(), 0);
    assert_eq!(count(db, "user_roles").await, 0);
    assert_eq!(count(db, "users").await, 1);
}

async fn a_permission_takes_along_its_grants(db: &DatabaseConnection) {
    furnished(db).await;
    let sail = permission::Entity::find()
        .filter(permission::Column::Code.eq(ship("ship:sail")))
        .one(db)
        .await
        .unwrap()
        .unwrap();
    let (grants, roles) = (count(db, "role_permissions").await, count(db, "roles").await);

    permission::Entity::delete_by_id(sail.id).exec(db).await.unwrap();

    let tables = tables_with_references_to("permissions").into_iter().collect::<Vec<_>>();
    assert_eq!(tables, ["role_permissions"]);
    assert_eq!(count(db, "role_permissions").await, grants - 1);
    assert_eq!(count(db, "roles").await, roles);
}

async fn a_refresh_token_forgets_a_successor_that_is_gone(db: &DatabaseConnection) {
    let user = person(db, "somebody", &[]).await;
    let second = refresh_token(db, user.id, "second", None).await;
    let first = refresh_token(db, user.id, "first", Some(second)).await;

    refresh_token::Entity::delete_by_id(second).exec(db).await.unwrap();

    assert_eq!(tables_with_references_to("refresh_tokens").len(), 1);
    let first = refresh_token::Entity::find_by_id(first).one(db).await.unwrap().unwrap();
    assert_eq!(first.replaced_by_id, None);
}
