//! Migrations that are code, as any SeaORM project has them.

use std::future::Future;

use sea_orm::{ConnectionTrait as _, DbErr};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};
use sea_query::{ColumnDef, Index, Table};

/// A migration that sends statements.
#[derive(Clone, Copy)]
pub(crate) struct Guest {
    pub(crate) name: &'static str,
    pub(crate) transaction: Option<bool>,
    pub(crate) up: &'static [&'static str],
    pub(crate) down: &'static [&'static str],
}

/// A migration of that name that sends these statements in whatever transaction SeaORM would use.
pub(crate) fn guest(name: &'static str, up: &'static [&'static str]) -> Guest {
    Guest { name, transaction: None, up, down: &[] }
}

impl Guest {
    pub(crate) fn transaction(self, transaction: Option<bool>) -> Self {
        Self { transaction, ..self }
    }

    pub(crate) fn down(self, down: &'static [&'static str]) -> Self {
        Self { down, ..self }
    }
}

async fn send(manager: &SchemaManager<'_>, statements: &[&str]) -> Result<(), DbErr> {
    for statement in statements {
        manager.get_connection().execute_unprepared(statement).await?;
    }
    Ok(())
}

impl MigrationName for Guest {
    fn name(&self) -> &str {
        self.name
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Guest {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        send(manager, self.up).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        send(manager, self.down).await
    }

    fn use_transaction(&self) -> Option<bool> {
        self.transaction
    }
}

/// A migration as SeaORM's book writes it.
pub(crate) struct CreateHarbours;

impl MigrationName for CreateHarbours {
    fn name(&self) -> &'static str {
        "m02_create_harbours"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for CreateHarbours {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("harbours")
            .col(ColumnDef::new("id").big_integer().not_null().auto_increment().primary_key())
            .col(ColumnDef::new("name").string_len(80).not_null())
            .take();
        let index = Index::create().name("idx-harbours-name").table("harbours").col("name").take();
        manager.create_table(table).await?;
        manager.create_index(index).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("harbours").take()).await
    }
}

/// A migration that panics where it is told to.
pub(crate) struct Panics {
    pub(crate) at: At,
    pub(crate) transaction: Option<bool>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum At {
    /// Before its future is made.
    Call,
    Up,
    Down,
    UseTransaction,
}

impl MigrationName for Panics {
    fn name(&self) -> &'static str {
        "m02_panics"
    }
}

type Outcome<'f> = std::pin::Pin<Box<dyn Future<Output = Result<(), DbErr>> + Send + 'f>>;

impl MigrationTrait for Panics {
    fn up<'s, 'm, 'f>(&'s self, manager: &'m SchemaManager) -> Outcome<'f>
    where
        's: 'f,
        'm: 'f,
        Self: 'f,
    {
        assert!(self.at != At::Call, "no future today");
        Box::pin(async move {
            send(manager, &["CREATE TABLE panicked (id bigint)"]).await?;
            assert!(self.at != At::Up, "no {} today", "up");
            Ok(())
        })
    }

    fn down<'s, 'm, 'f>(&'s self, manager: &'m SchemaManager) -> Outcome<'f>
    where
        's: 'f,
        'm: 'f,
        Self: 'f,
    {
        Box::pin(async move {
            assert!(self.at != At::Down, "no down today");
            send(manager, &["DROP TABLE panicked"]).await
        })
    }

    fn use_transaction(&self) -> Option<bool> {
        assert!(self.at != At::UseTransaction, "no answer today");
        self.transaction
    }
}
