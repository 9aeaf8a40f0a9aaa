//! How many requests an address may send: a bucket of tokens for each, in memory.
//!
//! Each process counts for itself. What must hold on all nodes, the attempts at logging in, is
//! counted in the database by `service`.

use std::{
    collections::HashMap,
    mem,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use ipnet::IpNet;

use crate::{Problem, address};

/// The headers that tell a client how it stands (draft-ietf-httpapi-ratelimit-headers, as of its
/// sixth edition, which programs know).
pub(crate) const HEADERS: [HeaderName; 3] = [
    HeaderName::from_static("ratelimit-limit"),
    HeaderName::from_static("ratelimit-remaining"),
    HeaderName::from_static("ratelimit-reset"),
];

/// How long an empty bucket takes to be full.
const WINDOW: Duration = Duration::from_mins(1);

/// How many buckets one generation of them holds.
const MOST: usize = 1 << 16;

/// Counts the requests of each address. Clones count together.
#[derive(Clone, Debug)]
pub struct Limiter {
    rate: NonZeroU32,
    buckets: Arc<Mutex<Buckets>>,
}

impl Limiter {
    /// Lets an address send `rate` requests a minute, all at once if it likes.
    pub fn new(rate: NonZeroU32) -> Self {
        Self { rate, buckets: Arc::new(Mutex::new(Buckets::new(Instant::now()))) }
    }

    /// Takes a token from the bucket of that address, if there is one.
    fn take(&self, address: IpAddr, now: Instant) -> Standing {
        let token = WINDOW / self.rate.get();
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets.of(network(address), now);
        let mut full_at = (*bucket).max(now);
        let wait = (full_at + token).saturating_duration_since(now + WINDOW);
        if wait.is_zero() {
            full_at += token;
        }
        *bucket = full_at;
        let left = (now + WINDOW).saturating_duration_since(full_at);
        Standing {
            remaining: u32::try_from(left.as_nanos() / token.as_nanos()).unwrap_or(u32::MAX),
            full_in: full_at.saturating_duration_since(now),
            wait: (!wait.is_zero()).then_some(wait),
        }
    }
}

/// How an address stands after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Standing {
    remaining: u32,
    full_in: Duration,
    /// How long until there is a token, when there was none.
    wait: Option<Duration>,
}

/// When the bucket of each address will be full. One that was not touched for a [`WINDOW`] is full
/// and need not be known: two generations take turns, and the older one is forgotten as a whole.
/// From more addresses than a generation holds, buckets are forgotten early.
#[derive(Debug)]
struct Buckets {
    young: HashMap<IpAddr, Instant>,
    old: HashMap<IpAddr, Instant>,
    turned: Instant,
}

impl Buckets {
    fn new(now: Instant) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), turned: now }
    }

    fn of(&mut self, address: IpAddr, now: Instant) -> &mut Instant {
        if now.saturating_duration_since(self.turned) >= WINDOW || self.young.len() >= MOST {
            self.old = mem::take(&mut self.young);
            self.turned = now;
        }
        let known = self.old.remove(&address);
        self.young.entry(address).or_insert(known.unwrap_or(now))
    }
}

/// What counts as one address: of IPv6 a client has a whole network to choose from.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(ip) => Ipv6Addr::from_bits((ip.to_bits() >> 64) << 64).into(),
    }
}

/// Lets the request through or refuses it, and says how its address stands either way. Whether the
/// process lives can always be asked: who gets no answer ends it.
pub(crate) async fn admit(
    State((limiter, proxies)): State<(Limiter, Arc<[IpNet]>)>,
    request: Request,
    next: Next,
) -> Response {
    if request.uri().path() == "/livez" {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    // Whoever comes from nowhere shares a bucket.
    let address = address::of(&parts, &proxies).unwrap_or(Ipv4Addr::UNSPECIFIED.into());
    let standing = limiter.take(address, Instant::now());
    let mut response = match standing.wait {
        None => next.run(Request::from_parts(parts, body)).await,
        Some(wait) => Problem::too_many_requests(whole(wait)).into_response(),
    };
    let values = [
        HeaderValue::from(limiter.rate.get()),
        HeaderValue::from(standing.remaining),
        HeaderValue::from(whole(standing.full_in).as_secs()),
    ];
    for (name, value) in HEADERS.into_iter().zip(values) {
        response.headers_mut().insert(name, value);
    }
    response
}

/// In seconds, and never too early.
fn whole(duration: Duration) -> Duration {
    Duration::from_secs(duration.as_secs() + u64::from(duration.subsec_nanos() > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter(rate: u32) -> Limiter {
        Limiter::new(NonZeroU32::new(rate).unwrap())
    }

    fn at(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    const fn seconds(number: u64) -> Duration {
        Duration::from_secs(number)
    }

    #[test]
    fn a_bucket_is_emptied_and_fills_up_again() {
        let (limiter, now) = (limiter(3), Instant::now());
        let take = |later: u64| limiter.take(at("203.0.113.9"), now + seconds(later));

        let first = [take(0), take(0), take(0)];
        assert_eq!(first.map(|standing| standing.remaining), [2, 1, 0]);
        assert_eq!(first.map(|standing| standing.full_in.as_secs()), [20, 40, 60]);
        assert!(first.iter().all(|standing| standing.wait.is_none()));

        let refused = Standing { remaining: 0, full_in: seconds(60), wait: Some(seconds(20)) };
        assert_eq!(take(0), refused);
        assert_eq!(take(19).wait, Some(seconds(1)));
        assert_eq!(take(20).wait, None);
        assert_eq!(take(20).wait, Some(seconds(20)));
        assert_eq!(take(1000).remaining, 2);
    }

    #[test]
    fn addresses_do_not_share_but_networks_of_ipv6_do() {
        let (limiter, now) = (limiter(1), Instant::now());
        let is_refused = |address: &str| limiter.take(at(address), now).wait.is_some();

        assert!(!is_refused("203.0.113.9"));
        assert!(is_refused("203.0.113.9"));
        assert!(!is_refused("203.0.113.8"));
        assert!(!is_refused("2001:db8:0:1::1"));
        assert!(is_refused("2001:db8:0:1:ffff::2"));
        assert!(!is_refused("2001:db8:0:2::1"));
    }

    #[test]
    fn a_bucket_that_is_not_full_is_not_forgotten() {
        let (limiter, now) = (limiter(1), Instant::now());
        let take = |later: u64| limiter.take(at("203.0.113.9"), now + seconds(later));

        assert_eq!(take(59).wait, None);
        assert_eq!(take(61).wait, Some(seconds(58)));
        assert_eq!(take(118).wait, Some(seconds(1)));
        assert_eq!(take(119).wait, None);
    }

    #[test]
    fn memory_has_an_end_whoever_comes() {
        let (limiter, now) = (limiter(1), Instant::now());

        for number in 0..200_000 {
            limiter.take(Ipv4Addr::from_bits(number).into(), now);
        }

        let buckets = limiter.buckets.lock().unwrap();
        assert!(buckets.young.len() <= MOST && buckets.old.len() <= MOST);
    }

    #[test]
    fn the_highest_rates_give_what_they_say() {
        for rate in [1, 7, 600, 99_991, 100_000] {
            let standing = limiter(rate).take(at("203.0.113.9"), Instant::now());
            assert_eq!(standing.remaining, rate - 1);
        }
    }

    #[test]
    fn nobody_is_told_to_come_too_early() {
        let some = [seconds(0), Duration::from_millis(1), seconds(2), Duration::from_millis(2001)];

        assert_eq!(some.map(|duration| whole(duration).as_secs()), [0, 1, 2, 3]);
    }
}
