//! A database in which every table that belongs to people has a row.

use chrono::{DateTime, Utc};
use entity::identity::{
    access_token, api_key, login_throttle, password_reset, permission, recovery_code,
    refresh_token, role, role_permission, setup_token, user, user_role,
};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, DatabaseConnection};

pub(crate) const SHIP: &str = "🚢";

/// A text that begins with the emoji.
pub(crate) fn ship(what: &str) -> String {
    format!("{SHIP}{what}")
}

fn later() -> DateTime<Utc> {
    DateTime::from_timestamp(1_900_000_000, 0).unwrap()
}

/// A person with one row in every table that belongs to people, each text with an emoji.
pub(crate) async fn furnished(db: &DatabaseConnection) -> user::Model {
    let user = user::ActiveModel {
        username: Set(ship("name")),
        username_key: Set(ship("name")),
        email: Set(Some(ship("@example.org"))),
        email_key: Set(Some(ship("@example.org"))),
        password_hash: Set(Some(ship("hash").into())),
        full_name: Set(Some(ship("full"))),
        bio: Set(Some(ship("bio"))),
        totp_secret: Set(Some(ship("sealed").into())),
        last_login_ip: Set(Some(ship("::1"))),
        current_login_ip: Set(Some(ship("::2"))),
        app_repo_url: Set(Some(ship("repo"))),
        ..Default::default()
    }
    .insert(db)
    .await
    .unwrap();
    let role = role::ActiveModel {
        name: Set(ship("crew")),
        name_key: Set(ship("crew")),
        description: Set(Some(ship("who sails"))),
        ..Default::default()
    }
    .insert(db)
    .await
    .unwrap();
    let permission = permission::ActiveModel {
        code: Set(ship("ship:sail")),
        resource: Set(ship("ship")),
        action: Set(ship("sail")),
        description: Set(Some(ship("may sail"))),
        ..Default::default()
    }
    .insert(db)
    .await
    .unwrap();
    user_role::ActiveModel { user_id: Set(user.id), role_id: Set(role.id), ..Default::default() }
        .insert(db)
        .await
        .unwrap();
    role_permission::ActiveModel {
        role_id: Set(role.id),
        permission_id: Set(permission.id),
        ..Default::default()
    }
    .insert(db)
    .await
    .unwrap();
    tokens(db, user.id).await;
    user
}

async fn tokens(db: &DatabaseConnection, user_id: i64) {
    access_token::ActiveModel {
        user_id: Set(user_id),
        family_id: Set(ship("family")),
        token_hash: Set(ship("access").into()),
        ip: Set(Some(ship("::1"))),
        user_agent: Set(Some(ship("browser"))),
        expires_at: Set(later()),
        ..Default::default()
    }
    .insert(db)
    .await
    .unwrap();
    let second = refresh_token(db, user_id, &ship("second"), None).await;
    refresh_token(db, user_id, &ship("first"), Some(second)).await;
    password_reset::ActiveModel {
        user_id: Set(user_id),
        token_hash: Set(ship("reset").into()),
        expires_at: Set(later()),
        ..Default::default()
    }
    .insert(db)
    .await
    .unwrap();
    api_key::ActiveModel {
        user_id: Set(user_id),
        name: Set(ship("laptop")),
        prefix: Set(ship("plm_")),
        key_hash: Set(ship("key").into()),
        scopes: Set(serde_json::json!([ship("ship:sail")])),
        ..Default::default()
    }
    .insert(db)
    .await
    .unwrap();
    recovery_code::ActiveModel {
        user_id: Set(user_id),
        code_hash: Set(ship("code").into()),
        ..Default::default()
    }
    .insert(db)
    .await
    .unwrap();
}

pub(crate) async fn refresh_token(
    db: &DatabaseConnection,
    user_id: i64,
    hash: &str,
    replaced_by_id: Option<i64>,
) -> i64 {
    let token = refresh_token::ActiveModel {
        user_id: Set(user_id),
        family_id: Set(ship("family")),
        family_started_at: Set(later()),
        token_hash: Set(hash.into()),
        replaced_by_id: Set(replaced_by_id),
        ip: Set(Some(ship("::1"))),
        user_agent: Set(Some(ship("browser"))),
        expires_at: Set(later()),
        ..Default::default()
    };
    token.insert(db).await.unwrap().id
}

/// One row in each table that belongs to nobody.
pub(crate) async fn strangers(db: &DatabaseConnection) {
    login_throttle::ActiveModel {
        key: Set(ship("pair")),
        arrives_at: Set(1),
        ..Default::default()
    }
    .insert(db)
    .await
    .unwrap();
    setup_token::ActiveModel {
        token_hash: Set(ship("setup").into()),
        expires_at: Set(later()),
        ..Default::default()
    }
    .insert(db)
    .await
    .unwrap();
}
