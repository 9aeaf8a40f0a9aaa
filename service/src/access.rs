//! Access: agents that open shells on machines, the keys that they enrol with, the authorities that
//! sign for people, and who had which shell.
//!
//! Agents and keys are made by [`agent::enroll`] and [`key::make`] only. The sessions of [`shell`]
//! are evidence: nobody writes or removes one plainly, whatever their rights.

pub mod agent;
pub mod ca;
pub mod key;
mod public_key;
pub mod shell;

use uuid::Builder;

use crate::{
    World,
    records::Domain,
    rights::{CreateAccess, DeleteAccess, ReadAccess, UpdateAccess},
};

/// The agents, their keys and the authorities, and the rights to them.
#[derive(Clone, Copy, Debug)]
pub enum Access {}

impl Domain for Access {
    const NAME: &'static str = "access";
    type Create = CreateAccess;
    type Read = ReadAccess;
    type Update = UpdateAccess;
    type Delete = DeleteAccess;
}

/// A name to the outside, which tells nothing: 122 random bits in the form of a UUID.
fn new_name(world: &World) -> String {
    let mut bits = [0; 16];
    world.random.fill(&mut bits);
    Builder::from_random_bytes(bits).into_uuid().to_string()
}
