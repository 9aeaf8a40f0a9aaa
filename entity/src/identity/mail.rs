//! Mail that waits to be sent, and what became of it.

use plimsoll::{Beside, TableBuilder};
use sea_orm::entity::prelude::*;

/// What a mail is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(30))", rename_all = "snake_case")]
pub enum MailKind {
    /// The way to a new password, which the person has asked for.
    PasswordReset,
    /// The way to show that the address is the person's.
    EmailVerification,
    PasswordChanged,
    /// Goes to the address that the person had until then.
    EmailChanged,
    SecondFactorDisabled,
    ApiKeyCreated,
}

/// One row of `mails`. What the mail says is not in it: a token is made when the mail is sent.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "mails")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(indexed)]
    pub user_id: i64,
    pub kind: MailKind,
    /// Where it goes, as the person had it when the mail was put here.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub address: String,
    /// How often it was taken to be sent.
    #[sea_orm(default_value = 0)]
    pub attempts: i32,
    /// When it is to be sent; while somebody sends it, when anybody may again. Null when it is over.
    #[sea_orm(indexed)]
    pub due_at: Option<DateTimeUtc>,
    pub sent_at: Option<DateTimeUtc>,
    /// Why it was not sent, without any token.
    #[sea_orm(column_type = "String(StringLen::N(500))")]
    pub last_error: Option<String>,
    #[sea_orm(indexed, default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "user_id", to = "id", on_delete = "Cascade")]
    pub user: BelongsTo<super::user::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {
    fn beside(table: TableBuilder) -> TableBuilder {
        table.one_of("kind", MailKind::values()).at_least("attempts", 0)
    }
}
