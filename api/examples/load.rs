//! Asks a running server as fast as it answers, and says how fast that was: `scripts/bench-api`.
//!
//! ```text
//! load serve                                        the same queries behind axum alone
//! load compare API BARE CONNECTIONS SECONDS ROUNDS  both by turns, operation by operation
//! load send API CONNECTIONS REQUESTS                some of everything
//! ```
//!
//! `API` and `BARE` are addresses such as `127.0.0.1:8080`. The database is the one that the
//! environment names; who logs in is `ADMIN_USERNAME`, with `ADMIN_PASSWORD`.
#![expect(clippy::print_stdout, reason = "what it prints is what it is run for")]

#[path = "load/asked.rs"]
mod asked;
#[path = "load/bare.rs"]
mod bare;
#[path = "load/client.rs"]
mod client;
#[path = "load/compare.rs"]
mod compare;
#[path = "load/measure.rs"]
mod measure;

use std::env;

use self::compare::Plan;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve"] => bare::serve().await,
        ["compare", api, bare, connections, seconds, rounds] => {
            let plan = Plan {
                api: api.parse()?,
                bare: bare.parse()?,
                connections: connections.parse()?,
                seconds: seconds.parse()?,
                rounds: rounds.parse()?,
            };
            compare::run(&plan).await
        }
        ["send", api, connections, requests] => {
            compare::send(api.parse()?, connections.parse()?, requests.parse()?).await
        }
        _ => anyhow::bail!("expected serve, compare or send; the head of the file says with what"),
    }
}
