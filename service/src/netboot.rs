//! Network boot: machines that have no system yet, what they boot, and what is put on them.
//!
//! A boot server asks [`boot::plan`] what a machine boots and tells [`boot_event::report`] what it
//! was seen doing, which moves the machine from one state to the next ([`machine::allows`]). Eggs
//! are named by lists in other rows, and so are removed by [`egg::delete`] only; what machines were
//! seen doing nobody writes but the boot servers. To do so plainly takes a right that [`Nobody`]
//! has.

pub mod boot;
pub mod boot_config;
pub mod boot_event;
pub mod egg;
pub mod egg_group;
pub mod image;
mod line;
pub mod machine;
mod names;
mod network;
mod order;
mod subnet;

use crate::{
    records::Domain,
    rights::{CreateNetboot, DeleteNetboot, Nobody, ReadNetboot, UpdateNetboot},
};

/// The tables of this domain that are written plainly, and the rights to them.
#[derive(Clone, Copy, Debug)]
pub enum Netboot {}

impl Domain for Netboot {
    const NAME: &'static str = "netboot";
    type Create = CreateNetboot;
    type Read = ReadNetboot;
    type Update = UpdateNetboot;
    type Delete = DeleteNetboot;
}

/// The eggs, which go by [`egg::delete`] only.
#[derive(Clone, Copy, Debug)]
pub enum Eggs {}

impl Domain for Eggs {
    const NAME: &'static str = "netboot";
    type Create = CreateNetboot;
    type Read = ReadNetboot;
    type Update = UpdateNetboot;
    type Delete = Nobody;
}

/// What machines were seen doing, which comes by [`boot_event::report`] only.
#[derive(Clone, Copy, Debug)]
pub enum BootEvents {}

impl Domain for BootEvents {
    const NAME: &'static str = "netboot";
    type Create = Nobody;
    type Read = ReadNetboot;
    type Update = Nobody;
    type Delete = Nobody;
}
