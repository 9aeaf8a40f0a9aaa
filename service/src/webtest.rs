//! Webtest: what automatic tests of web applications look up, and mail that waits to be processed.
//!
//! Pages, what is found on them, environments and whom to log in as there are written plainly. The
//! items of mail are taken by workers, each by one ([`email_item`]).

pub mod email_item;
pub mod environment;
pub mod environment_user;
pub mod page;
pub mod page_identifier;
mod settle;

use crate::{
    records::Domain,
    rights::{CreateWebtest, DeleteWebtest, ReadWebtest, UpdateWebtest},
};

/// The tables of this domain, and the rights to them.
#[derive(Clone, Copy, Debug)]
pub enum Webtest {}

impl Domain for Webtest {
    const NAME: &'static str = "webtest";
    type Create = CreateWebtest;
    type Read = ReadWebtest;
    type Update = UpdateWebtest;
    type Delete = DeleteWebtest;
}
