//! The API and the bare server by turns, so that what else the machine does meets both.

use std::{net::SocketAddr, time::Duration};

use serde_json::json;

use crate::{
    asked::{Asker, always, create, login, mixed, question},
    client::request,
    measure::{Load, Make, Sample, Until},
};

/// How many log in at once. More than ten attempts at one account would be refused (decision 13).
const LOGINS: usize = 4;

/// For how long a server is asked before it is measured.
const WARM: Duration = Duration::from_secs(1);

/// How many requests there are between two logins: a token is good for a quarter of an hour.
const LEG: u64 = 20_000;

/// What is measured, and for how long.
pub(crate) struct Plan {
    pub(crate) api: SocketAddr,
    pub(crate) bare: SocketAddr,
    pub(crate) connections: usize,
    pub(crate) seconds: u64,
    pub(crate) rounds: u32,
}

/// Measures each operation and prints a line for it.
pub(crate) async fn run(plan: &Plan) -> anyhow::Result<()> {
    println!("operation api_rps api_p50_us api_p99_us bare_rps bare_p50_us bare_p99_us api/bare");
    let Asker { name, password, .. } = Asker::new(plan.api).await?;
    let few = LOGINS.min(plan.connections);
    let api = login("/api/v1/login", &name, &password);
    let bare = login("/login", &name, &password);
    compared(plan, "login", few, api, bare).await?;

    let Asker { token, user_id, .. } = Asker::new(plan.api).await?;
    let api = always(request("POST", "/api/v1/authz/check", &token, Some(&question())));
    let asked = json!({"user_id": user_id, "permission": "user:read"});
    let bare = always(request("POST", "/check", "", Some(&asked)));
    compared(plan, "check", plan.connections, api, bare).await?;

    let Asker { token, .. } = Asker::new(plan.api).await?;
    let api = always(request("GET", "/api/v1/pages?limit=50", &token, None));
    let bare = always(request("GET", "/pages", "", None));
    compared(plan, "list", plan.connections, api, bare).await?;

    get(plan).await?;

    let Asker { token, .. } = Asker::new(plan.api).await?;
    let api = create("/api/v1/pages", &token);
    let bare = create("/pages", "");
    compared(plan, "create", plan.connections, api, bare).await
}

/// A row by its key; and what of it is finding out who asks and whether they may.
async fn get(plan: &Plan) -> anyhow::Result<()> {
    let Asker { token, page_id, .. } = Asker::new(plan.api).await?;
    let path = format!("/pages/{page_id}");
    let sides = [
        side(plan.api, plan.connections, always(shown(&format!("/api/v1{path}"), &token))),
        side(plan.bare, plan.connections, always(shown(&path, ""))),
        side(plan.bare, plan.connections, always(shown(&format!("/allowed{path}"), &token))),
    ];
    let [api, bare, allowed] = by_turns(plan, &sides).await?;
    print("get", &api, &bare);
    let (whole, without, with) = (api.percentile(50), bare.percentile(50), allowed.percentile(50));
    let rights = with.saturating_sub(without);
    println!(
        "of a get of {whole} us, {rights} us are for who asks and whether they may: {:.0} %",
        100.0 * f64::from(rights) / f64::from(whole.max(1))
    );
    Ok(())
}

fn shown(path: &str, token: &str) -> Vec<u8> {
    request("GET", path, token, None)
}

fn side(address: SocketAddr, connections: usize, make: Make) -> Load {
    Load { address, connections, make }
}

async fn compared(
    plan: &Plan,
    name: &str,
    connections: usize,
    api: Make,
    bare: Make,
) -> anyhow::Result<()> {
    let sides = [side(plan.api, connections, api), side(plan.bare, connections, bare)];
    let [api, bare] = by_turns(plan, &sides).await?;
    print(name, &api, &bare);
    Ok(())
}

/// Each side in each round, after all of them have been asked for a moment.
async fn by_turns<const SIDES: usize>(
    plan: &Plan,
    sides: &[Load; SIDES],
) -> anyhow::Result<[Sample; SIDES]> {
    for side in sides {
        side.run(Until::Time(WARM)).await?;
    }
    let mut samples: [Sample; SIDES] = std::array::from_fn(|_| Sample::default());
    for _ in 0..plan.rounds {
        for (side, sample) in sides.iter().zip(&mut samples) {
            sample.add(side.run(Until::Time(Duration::from_secs(plan.seconds))).await?);
        }
    }
    samples.iter_mut().for_each(Sample::sort);
    Ok(samples)
}

fn print(name: &str, api: &Sample, bare: &Sample) {
    println!(
        "{name} {:.0} {} {} {:.0} {} {} {:.2}",
        api.per_second(),
        api.percentile(50),
        api.percentile(99),
        bare.per_second(),
        bare.percentile(50),
        bare.percentile(99),
        api.per_second() / bare.per_second(),
    );
}

/// Sends so many requests of all kinds to the API.
pub(crate) async fn send(api: SocketAddr, connections: usize, requests: u64) -> anyhow::Result<()> {
    let mut left = requests;
    while left > 0 {
        let leg = left.min(LEG);
        let asker = Asker::new(api).await?;
        let load = side(api, connections, mixed(&asker));
        load.run(Until::Requests(leg)).await?;
        left -= leg;
    }
    Ok(())
}
