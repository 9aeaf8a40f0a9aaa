use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let customer = Table::create()
            .table("customer")
            .if_not_exists()
            .col(pk_auto("id"))
            .col(string_uniq("email"))
            .col(string_null("name"))
            .col(boolean("active").default(true))
            .col(timestamp_with_time_zone("created_at").default(Expr::current_timestamp()))
            .take();
        manager.create_table(customer).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("customer").take()).await
    }
}
