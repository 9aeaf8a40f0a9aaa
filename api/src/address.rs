//! The address of the client, also when proxies stand in front of the server.

use std::net::{IpAddr, SocketAddr};

use axum::http::request::Parts;
use ipnet::IpNet;

/// The address that a connection comes from. The server puts it into each request.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

const FORWARDED_FOR: &str = "x-forwarded-for";

/// Where the request comes from: the peer, or, as far as the peers are trusted proxies, what they
/// say. `X-Forwarded-For` is read from its end; what stands before the first address that is no
/// trusted proxy was written by the client, and proves nothing.
pub(crate) fn of(parts: &Parts, proxies: &[IpNet]) -> Option<IpAddr> {
    let peer = parts.extensions.get::<Peer>()?.0.ip().to_canonical();
    let is_proxy = |ip: &IpAddr| proxies.iter().any(|net| net.contains(ip));
    // A line may hold bytes that are no text. They spoil the entry that they stand in, and no other:
    // a client could else hide behind the proxy by writing them into its own.
    let entries = parts.headers.get_all(FORWARDED_FOR).iter().rev().flat_map(|line| {
        let line = String::from_utf8_lossy(line.as_bytes());
        line.rsplit(',').map(address).collect::<Vec<_>>()
    });
    let mut client = peer;
    for entry in entries {
        if !is_proxy(&client) {
            break;
        }
        let Some(ip) = entry else { break };
        client = ip;
    }
    Some(client)
}

/// An address as proxies write it, with or without a port.
fn address(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim();
    let bare = entry.trim_start_matches('[').trim_end_matches(']');
    let ip = bare.parse().or_else(|_| entry.parse().map(|with_port: SocketAddr| with_port.ip()));
    ip.ok().map(|ip: IpAddr| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn client(peer: &str, forwarded: &[&str], proxies: &[&str]) -> String {
        let lines: Vec<&[u8]> = forwarded.iter().map(|line| line.as_bytes()).collect();
        client_of_bytes(peer, &lines, proxies)
    }

    fn client_of_bytes(peer: &str, forwarded: &[&[u8]], proxies: &[&str]) -> String {
        let mut request = Request::builder();
        for line in forwarded {
            request = request.header(FORWARDED_FOR, *line);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        parts.extensions.insert(Peer(peer.parse().unwrap()));
        let proxies: Vec<IpNet> = proxies.iter().map(|net| net.parse().unwrap()).collect();
        of(&parts, &proxies).unwrap().to_string()
    }

    #[test]
    fn without_trusted_proxies_nobody_can_say_where_they_are() {
        assert_eq!(client("203.0.113.9:5", &["10.0.0.1"], &[]), "203.0.113.9");
        assert_eq!(client("203.0.113.9:5", &["10.0.0.1"], &["192.0.2.0/24"]), "203.0.113.9");
    }

    #[test]
    fn a_trusted_proxy_says_where_the_client_is() {
        let proxies = ["10.0.0.0/8"];

        assert_eq!(client("10.0.0.1:5", &["203.0.113.9"], &proxies), "203.0.113.9");
        assert_eq!(client("10.0.0.1:5", &["198.51.100.1, 203.0.113.9"], &proxies), "203.0.113.9");
        assert_eq!(
            client("10.0.0.1:5", &["198.51.100.1", "203.0.113.9, 10.0.0.2"], &proxies),
            "203.0.113.9"
        );
        assert_eq!(client("10.0.0.1:5", &["[2001:db8::1]:443"], &proxies), "2001:db8::1");
        assert_eq!(client("[::ffff:10.0.0.1]:5", &["203.0.113.9:80"], &proxies), "203.0.113.9");
    }

    #[test]
    fn what_is_no_address_is_not_believed() {
        let proxies = ["10.0.0.0/8"];

        assert_eq!(client("10.0.0.1:5", &["unknown"], &proxies), "10.0.0.1");
        assert_eq!(client("10.0.0.1:5", &["203.0.113.9, unknown"], &proxies), "10.0.0.1");
        assert_eq!(client("10.0.0.1:5", &[""], &proxies), "10.0.0.1");
    }
    #[test]
    fn bytes_that_are_no_text_hide_nobody() {
        let proxies = ["10.0.0.0/8"];
        let client = |forwarded: &[&[u8]]| client_of_bytes("10.0.0.1:5", forwarded, &proxies);

        assert_eq!(client(&[b"\xff, 203.0.113.9"]), "203.0.113.9");
        assert_eq!(client(&[b"\xff, 203.0.113.9, 10.0.0.2"]), "203.0.113.9");
        assert_eq!(client(&[b"\xff", b"203.0.113.9"]), "203.0.113.9");
        assert_eq!(client(&[b"198.51.100.1, 203.0.113.9\xff"]), "10.0.0.1");
    }
}
