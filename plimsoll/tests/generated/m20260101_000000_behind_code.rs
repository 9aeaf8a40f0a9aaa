//! Behind code.
//!
//! What `product.weight` held does not come back with the way back.

use plimsoll::prelude::*;
use sea_orm_migration::prelude::{
    DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait,
};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        plimsoll::make(manager, &steps()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        plimsoll::make(manager, &steps().reverse()).await
    }
}

fn steps() -> Steps {
    Steps::new()
        .alter("order", |t| {
            t.rename_column("note", "remark").change(
                |t| t.column(decimal_len("total", 12, 2)),
                |t| t.column(decimal_len("total", 14, 2)),
            )
        })
        .create_table("review", |t| {
            t.column(big_pk_auto("id")).column(uuid("product_id")).column(text("text")).foreign_key(
                ["product_id"],
                "product",
                ["id"],
                OnDelete::Cascade,
            )
        })
        .alter("customer", |t| {
            t.add(|t| t.column(string_len_null("nickname", 40)).index(["nickname"]))
        })
        .alter("product", |t| t.drop(|t| t.column(float_null("weight"))))
        .allow_loss("`product.weight` may go")
}
