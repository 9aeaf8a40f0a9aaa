//! The way out for what a migration cannot say as data: code that its steps call.

use std::pin::Pin;

use sea_orm::DbErr;
use sea_orm_migration::SchemaManager;

/// A call of the code that a migration has beside it.
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "SeaORM's manager has none")]
pub struct Call<'c> {
    /// Which step calls it, by the name that [`Steps::code`](crate::Steps::code) gave it.
    pub step: &'c str,
    /// Whether it is to take back what it did.
    pub is_back: bool,
    /// What it works with: the transaction of this step.
    pub manager: &'c SchemaManager<'c>,
}

/// What code that was called does until it has ended.
pub type Running<'c> = Pin<Box<dyn Future<Output = Result<(), DbErr>> + Send + 'c>>;

/// The code that a migration has beside it: an ordinary function, `fn run(call: Call<'_>) -> Running<'_>`, whose
/// body is `Box::pin(async move { … })`.
pub type CallCode = for<'c> fn(Call<'c>) -> Running<'c>;
