//! Entities as `sea-orm-cli` writes them, and as people write them by hand.

pub(crate) mod customer;
pub(crate) mod order;
pub(crate) mod order_product;
pub(crate) mod product;
