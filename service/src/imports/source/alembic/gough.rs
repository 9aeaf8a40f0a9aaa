//! Gough: its 35 tables that `SQLAlchemy` made, and those for network boot and the gateway that
//! only `PyDAL` knew, where a database has them. Of three tables there are two shapes; either is
//! understood.

mod access;
mod audit;
mod cloud;
mod config;
mod fleet;
mod form;
mod gateway;
mod inventory;
mod netboot;
mod people;
mod resource;
mod secrets;
mod teams;

use serde_json::Value as Json;

use super::{map::System, passage::Passage};

/// Its tables that stay behind, and why.
const LEFT: [(&str, &str); 1] = [(
    "api_usage",
    "a row there is one call, here the calls of an hour, which are counted from now on",
)];

pub(super) fn system() -> System {
    let maps = [
        people::maps(),
        audit::maps(),
        teams::maps(),
        secrets::maps(),
        netboot::maps(),
        cloud::maps(),
        fleet::maps(),
        inventory::maps(),
        access::maps(),
        gateway::maps(),
    ];
    let maps = maps.into_iter().flatten().collect();
    System::of("Gough", "gough", &[], maps).leaving(&LEFT)
}

/// There is one default of a kind here at most, and which it is may be known already.
fn default(passage: &mut Passage<'_>) {
    if passage.is("is_default") {
        let why = "which one is the default here is chosen here";
        passage.warn("is_default", &Json::Bool(true), why);
    }
}
