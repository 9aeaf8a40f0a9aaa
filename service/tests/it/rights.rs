//! Rights are what the database says now.

use entity::identity::{permission, user};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, DatabaseConnection, EntityTrait, IntoActiveModel,
    TransactionTrait,
};
use service::{
    Error,
    identity::role,
    rights::{self, Actor, Grantee, ReadRoles, ReadSettings, ReadUsers, UpdateSettings},
};

use crate::people::{admin, person};

plimsoll::on_every_database!(migration::app:
    the_codes_of_the_program_are_the_codes_of_the_seeds,
    a_right_comes_from_a_role,
    somebody_who_is_not_active_has_no_rights,
    a_role_given_in_a_transaction_counts_there_and_not_after_its_rollback,
);

async fn the_codes_of_the_program_are_the_codes_of_the_seeds(db: &DatabaseConnection) {
    let seeded = permission::Entity::find().all(db).await.unwrap();

    let mut codes: Vec<_> = seeded.iter().map(|row| row.code.as_str()).collect();
    let mut known = rights::ALL.to_vec();
    codes.sort_unstable();
    known.sort_unstable();
    assert_eq!(codes, known);
    for row in &seeded {
        assert_eq!(row.code, format!("{}:{}", row.resource, row.action));
    }
}

async fn a_right_comes_from_a_role(db: &DatabaseConnection) {
    let nobody = Actor::of(&person(db, "nobody", &[]).await);
    let viewer = Actor::of(&person(db, "viewer", &["viewer"]).await);

    let of_nobody = rights::check::<ReadSettings>(db, &nobody).await;
    let to_read = rights::check::<ReadSettings>(db, &viewer).await;
    let to_write = rights::check::<UpdateSettings>(db, &viewer).await;

    assert!(matches!(of_nobody, Err(Error::Forbidden { permission: "settings:read" })));
    assert_eq!(to_read.unwrap().to(), &Grantee::Person(viewer));
    assert!(matches!(to_write, Err(Error::Forbidden { permission: "settings:update" })));
}

async fn somebody_who_is_not_active_has_no_rights(db: &DatabaseConnection) {
    let model = person(db, "ex", &["admin"]).await;
    let actor = Actor::of(&model);
    rights::check::<ReadUsers>(db, &actor).await.unwrap();

    user::ActiveModel { is_active: Set(false), ..model.into_active_model() }
        .update(db)
        .await
        .unwrap();

    let refused = rights::check::<ReadUsers>(db, &actor).await;
    assert!(matches!(refused, Err(Error::Forbidden { .. })));
}

async fn a_role_given_in_a_transaction_counts_there_and_not_after_its_rollback(
    db: &DatabaseConnection,
) {
    let by = admin::<ReadRoles>(db).await;
    let viewer = role::by_name(db, &by, "viewer").await.unwrap();
    let model = person(db, "newcomer", &[]).await;
    let actor = Actor::of(&model);

    let transaction = db.begin().await.unwrap();
    let row = entity::identity::user_role::ActiveModel {
        user_id: Set(model.id),
        role_id: Set(viewer.id),
        ..Default::default()
    };
    row.insert(&transaction).await.unwrap();
    let inside = rights::check::<ReadSettings>(&transaction, &actor).await;
    transaction.rollback().await.unwrap();
    let after = rights::check::<ReadSettings>(db, &actor).await;

    assert!(inside.is_ok());
    assert!(matches!(after, Err(Error::Forbidden { .. })));
}
