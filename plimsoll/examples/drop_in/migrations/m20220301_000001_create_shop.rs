use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut customer = ForeignKey::create()
            .from("order", "customer_id")
            .to("customer", "id")
            .on_delete(ForeignKeyAction::Cascade)
            .take();
        let order = Table::create()
            .table("order")
            .col(big_pk_auto("id"))
            .col(integer("customer_id"))
            .col(string_len("state", 16))
            .col(decimal_len("total", 12, 2))
            .col(date_time("placed_at"))
            .col(string_null("note"))
            .foreign_key(&mut customer)
            .take();
        manager.create_table(order).await?;
        let by_customer =
            Index::create().name("orders_by_customer").table("order").col("customer_id").take();
        manager.create_index(by_customer).await?;

        let product = Table::create()
            .table("product")
            .col(pk_uuid("id"))
            .col(string("vendor"))
            .col(string("code"))
            .col(text("description"))
            .col(var_binary_null("picture", 255))
            .col(float_null("weight"))
            .col(unsigned("stock"))
            .col(date("since"))
            .take();
        manager.create_table(product).await?;
        let by_code = Index::create()
            .name("idx-product-vendor_code")
            .table("product")
            .col("vendor")
            .col("code")
            .unique()
            .take();
        manager.create_index(by_code).await?;

        let mut of_order = ForeignKey::create()
            .name("fk_order_product_order")
            .from("order_product", "order_id")
            .to("order", "id")
            .on_delete(ForeignKeyAction::Cascade)
            .take();
        let mut of_product = ForeignKey::create()
            .name("fk_order_product_product")
            .from("order_product", "product_id")
            .to("product", "id")
            .on_delete(ForeignKeyAction::Restrict)
            .take();
        let order_product = Table::create()
            .table("order_product")
            .col(big_integer("order_id"))
            .col(uuid("product_id"))
            .col(small_integer("amount").default(1))
            .primary_key(Index::create().col("order_id").col("product_id"))
            .foreign_key(&mut of_order)
            .foreign_key(&mut of_product)
            .take();
        manager.create_table(order_product).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["order_product", "product", "order"] {
            manager.drop_table(Table::drop().table(table).take()).await?;
        }
        Ok(())
    }
}
