//! Migrations as SeaORM's documentation shows them: code, nothing of this engine.

mod m20220101_000001_create_customer;
mod m20220301_000001_create_shop;
mod m20230101_000001_customers_have_preferences;

use sea_orm_migration::prelude::*;

pub(crate) struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20220101_000001_create_customer::Migration),
            Box::new(m20220301_000001_create_shop::Migration),
            Box::new(m20230101_000001_customers_have_preferences::Migration),
        ]
    }
}
