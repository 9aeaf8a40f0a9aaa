//! Gateway: the APIs that are offered, and how often each is called.
//!
//! What is counted is written by [`usage`] only: nobody adds, changes or removes a count plainly.

pub mod api;
pub mod usage;

use crate::{
    records::Domain,
    rights::{CreateGateway, DeleteGateway, ReadGateway, UpdateGateway},
};

/// The definitions of APIs, and the rights to them.
#[derive(Clone, Copy, Debug)]
pub enum Gateway {}

impl Domain for Gateway {
    const NAME: &'static str = "gateway";
    type Create = CreateGateway;
    type Read = ReadGateway;
    type Update = UpdateGateway;
    type Delete = DeleteGateway;
}
