//! People who can be allowed or refused.

use plimsoll::{Beside, TableBuilder};
use sea_orm::entity::prelude::*;

use crate::Secret;

/// Which colours a person wants to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(10))", rename_all = "snake_case")]
pub enum ThemePreference {
    Light,
    Dark,
    /// What the person's device says.
    System,
}

/// One row of `users`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    /// As it was typed; for showing.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub username: String,
    /// `username` without case; for finding, and what makes it unique.
    #[sea_orm(unique, column_type = "String(StringLen::N(255))")]
    pub username_key: String,
    /// Lower-cased; the address that mail is sent to.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub email: Option<String>,
    /// `email` without case; present exactly when `email` is.
    #[sea_orm(unique, column_type = "String(StringLen::N(255))")]
    pub email_key: Option<String>,
    /// A PHC string. Without one nobody can log in by password: the person was invited and has
    /// not chosen one yet.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub password_hash: Option<Secret>,
    #[sea_orm(column_type = "String(StringLen::N(300))")]
    pub full_name: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub bio: Option<String>,
    #[sea_orm(default_value = true)]
    pub is_active: bool,
    #[sea_orm(default_value = false)]
    pub is_verified: bool,
    /// May be unknown for people who came from an older system.
    pub verified_at: Option<DateTimeUtc>,
    /// The seed of the one-time passwords, sealed; never in clear.
    #[sea_orm(column_type = "Text")]
    pub totp_secret: Option<Secret>,
    #[sea_orm(default_value = false)]
    pub totp_enabled: bool,
    /// The last time step that was accepted: a one-time password is not taken twice.
    pub totp_last_step: Option<i64>,
    /// When the login before the current one was.
    pub last_login_at: Option<DateTimeUtc>,
    pub current_login_at: Option<DateTimeUtc>,
    #[sea_orm(column_type = "String(StringLen::N(64))")]
    pub last_login_ip: Option<String>,
    #[sea_orm(column_type = "String(StringLen::N(64))")]
    pub current_login_ip: Option<String>,
    #[sea_orm(default_value = 0)]
    pub login_count: i64,
    #[sea_orm(default_value = "system")]
    pub theme_preference: ThemePreference,
    /// Where this person's display apps are fetched from.
    #[sea_orm(column_type = "String(StringLen::N(2048))")]
    pub app_repo_url: Option<String>,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeUtc,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub updated_at: DateTimeUtc,
    /// Where the apps are fetched from that everybody has, instead of what the setting
    /// `displays.system_repo_url` says.
    #[sea_orm(column_type = "String(StringLen::N(2048))")]
    pub system_repo_url: Option<String>,
    /// Whether the person registered by themselves, and nobody added them.
    #[sea_orm(default_value = false)]
    pub self_registered: bool,
    #[sea_orm(has_many, via = "user_role")]
    pub roles: HasMany<super::role::Entity>,
    #[sea_orm(has_many)]
    pub access_tokens: HasMany<super::access_token::Entity>,
    #[sea_orm(has_many)]
    pub refresh_tokens: HasMany<super::refresh_token::Entity>,
    #[sea_orm(has_many)]
    pub password_resets: HasMany<super::password_reset::Entity>,
    #[sea_orm(has_many)]
    pub api_keys: HasMany<super::api_key::Entity>,
    #[sea_orm(has_many)]
    pub recovery_codes: HasMany<super::recovery_code::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {
    fn beside(table: TableBuilder) -> TableBuilder {
        table
            .one_of("theme_preference", ThemePreference::values())
            .at_least("login_count", 0)
            .check("email_key", "(email IS NULL) = (email_key IS NULL)")
    }
}
