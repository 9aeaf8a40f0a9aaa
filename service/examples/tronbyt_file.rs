//! Writes the file of a tronbyt server with so many people, the same each time: one in ten has four
//! displays and ten apps, the others have none. `scripts/bench-import` brings it in.
//!
//! ```text
//! cargo run --release -p service --example tronbyt_file -- usersdb.sqlite 100000
//! ```

#[path = "../tests/it/imports/invented.rs"]
mod invented;
#[path = "../tests/it/imports/written.rs"]
mod written;

use std::path::Path;

use plimsoll::testing::block_on;
use serde_json::Value;

use self::{
    invented::{display, person},
    written::write,
};

/// How many apps are on each display of somebody who has some.
const APPS: [u32; 4] = [3, 3, 2, 2];

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, people] = &arguments[..] else {
        anyhow::bail!("the arguments are FILE and the number of PEOPLE");
    };
    let people: u32 = people.parse()?;
    block_on(write(Path::new(file), (0..people).map(somebody), 4))?;
    Ok(())
}

fn somebody(number: u32) -> (String, String) {
    let displays: Vec<Value> = if number.is_multiple_of(10) {
        (4 * number..).zip(APPS).map(|(id, apps)| display(id, apps, id.is_multiple_of(2))).collect()
    } else {
        Vec::new()
    };
    person(number, displays)
}
