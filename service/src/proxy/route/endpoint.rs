//! The endpoints that a route table lists.

use std::collections::BTreeSet;

use sea_orm::prelude::Json;
use serde_json::json;

use crate::{
    Result,
    proxy::{cluster, qos::document::Document},
    text::{self, invalid},
};

const KIND: &str = "endpoint";

/// The most endpoints that one table lists.
const MOST: usize = 20;

/// Where a service can be reached.
#[derive(Clone, Debug, PartialEq)]
pub struct Endpoint {
    /// `host:port`, or a URL.
    pub address: String,
    /// How often it is chosen beside others, by weight: never with 0.
    pub weight: u32,
    /// What it costs; unknown is dearer than everything.
    pub cost: Option<f64>,
    /// Where it is.
    pub region: Option<String>,
}

/// The endpoints in a list.
///
/// # Errors
/// [`Error::Invalid`](crate::Error::Invalid) for anything else, and for a list with one of them
/// twice.
pub(super) fn read(routes: &Json) -> Result<Vec<Endpoint>> {
    let Json::Array(list) = routes else {
        return Err(invalid("routes", "***", "it is no list"));
    };
    if list.len() > MOST {
        return Err(invalid("routes", "***", &format!("{MOST} are the most")));
    }
    let read = |given: &Json| one(given).map_err(cluster::unrepeated(&given.to_string()));
    let endpoints: Vec<Endpoint> = list.iter().map(read).collect::<Result<_>>()?;
    let mut seen = BTreeSet::new();
    for Endpoint { address, .. } in &endpoints {
        if !seen.insert(address) {
            return Err(invalid(KIND, address, "it is in the list twice"));
        }
    }
    Ok(endpoints)
}

/// The list of endpoints, each with all that can be said of one.
pub(super) fn write(endpoints: &[Endpoint]) -> Json {
    let written = endpoints.iter().map(|Endpoint { address, weight, cost, region }| {
        json!({"endpoint": address, "weight": weight, "cost": cost, "region": region})
    });
    written.collect()
}

fn one(given: &Json) -> Result<Endpoint> {
    let by_itself = json!({"endpoint": null, "weight": 1, "cost": null, "region": null});
    let document = Document::read("route", given, by_itself)?;
    let endpoint = document.text("endpoint")?.unwrap_or_default();
    address(endpoint)?;
    Ok(Endpoint {
        address: endpoint.to_owned(),
        weight: document.number("weight", 0..=100)?.unsigned_abs(),
        cost: document.amount("cost")?,
        region: document.text("region")?.map(|name| text::key("region", name, 50)).transpose()?,
    })
}

/// Makes sure that it is `host:port` or a URL, in which no name or password stands.
fn address(text: &str) -> Result<()> {
    text::key(KIND, text, 255)?;
    if text.contains(char::is_whitespace) {
        return Err(invalid(KIND, text, "there is a space in it"));
    }
    let Some((scheme, rest)) = text.split_once("://") else {
        return cluster::address(KIND, text);
    };
    let sound = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "+-.".contains(c);
    if !scheme.starts_with(|c: char| c.is_ascii_lowercase()) || !scheme.chars().all(sound) {
        return Err(invalid(KIND, text, "what stands before `://` is no scheme"));
    }
    if !cluster::begins_with_host(rest) {
        return Err(invalid(KIND, text, "there is no host in it"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    #[test]
    fn an_endpoint_is_a_host_and_a_port_or_a_url() {
        for good in [
            "a:1",
            "192.0.2.1:443",
            "[2001:db8::1]:443",
            "https://a.example.org",
            "https://a.example.org/path?q=a:b@c",
            "https://a.example.org:8443",
            "https://[2001:db8::1]/",
            "grpc+tls://a:1",
        ] {
            assert!(address(good).is_ok(), "{good}: {:?}", address(good));
        }
        for wrong in [
            "",
            " a:1",
            "a:1 ",
            "a b:1",
            "a",
            "a:",
            ":1",
            "a:0",
            "a:65536",
            "a:+1",
            "https://",
            "https:///path",
            "HTTPS://a",
            "://a",
            "https://a:99999",
            "https://ana:geheim@a",
            "https://a b",
            "https://a/b c",
            "a\n:1",
            "a\0:1",
            &format!("{}:1", "a.".repeat(127)),
        ] {
            assert!(matches!(address(wrong), Err(Error::Invalid { .. })), "{wrong}");
        }
    }

    #[test]
    fn a_list_is_read_as_it_was_written() {
        let list = json!([
            {"endpoint": "b:1", "weight": 0, "cost": 0.05, "region": "eu-1"},
            {"endpoint": "a:1"},
        ]);

        let endpoints = read(&list).unwrap();

        let of = |address: &str, weight, cost, region: Option<&str>| Endpoint {
            address: address.to_owned(),
            weight,
            cost,
            region: region.map(str::to_owned),
        };
        assert_eq!(endpoints, [of("b:1", 0, Some(0.05), Some("eu-1")), of("a:1", 1, None, None)]);
        assert_eq!(read(&write(&endpoints)).unwrap(), endpoints);
    }

    #[test]
    fn a_list_that_is_none_is_refused() {
        let many: Vec<Json> =
            (0..21).map(|at| json!({"endpoint": format!("a:{}", at + 1)})).collect();
        for wrong in [
            json!(null),
            json!({}),
            json!(["a:1"]),
            json!([{}]),
            json!([{"endpoint": null}]),
            json!([{"endpoint": 1}]),
            json!([{"endpoint": "a:1"}, {"endpoint": "a:1", "weight": 2}]),
            json!([{"endpoint": "a:1", "weight": -1}]),
            json!([{"endpoint": "a:1", "weight": 101}]),
            json!([{"endpoint": "a:1", "weight": null}]),
            json!([{"endpoint": "a:1", "cost": -0.5}]),
            json!([{"endpoint": "a:1", "cost": "1"}]),
            json!([{"endpoint": "a:1", "region": ""}]),
            json!([{"endpoint": "a:1", "region": "r".repeat(51)}]),
            json!([{"endpoint": "a:1", "provider": "aws"}]),
            Json::from(many),
        ] {
            assert!(matches!(read(&wrong), Err(Error::Invalid { .. })), "{wrong}");
        }
        assert!(read(&json!([])).unwrap().is_empty());
    }
}
