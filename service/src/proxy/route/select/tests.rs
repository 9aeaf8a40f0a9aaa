//! The choice of an endpoint, also against a slow and obvious one.

use std::collections::BTreeMap;

use chrono::DateTime;
use proptest::prelude::*;

use super::*;

fn endpoint(address: &str) -> Endpoint {
    Endpoint { address: address.to_owned(), weight: 1, cost: None, region: None }
}

fn state(address: &str, is_healthy: bool, rtt_ms: Option<f64>) -> Health {
    Health {
        id: 0,
        route_table_id: 0,
        endpoint: address.to_owned(),
        is_healthy,
        last_check_at: DateTime::UNIX_EPOCH,
        rtt_ms,
        consecutive_failures: 0,
        consecutive_successes: 0,
        last_error: None,
    }
}

fn plan(algorithm: RouteAlgorithm, endpoints: Vec<Endpoint>) -> Plan {
    Plan { algorithm, auto_failover: true, endpoints }
}

fn ask<'p>(
    plan: &'p Plan,
    health: &[Health],
    region: Option<&str>,
    chance: f64,
) -> Option<&'p str> {
    let asked = Asked { region: region.map(str::to_owned), chance };
    select(plan, health, &asked).map(|one| one.address.as_str())
}

#[test]
fn the_fastest_is_chosen_and_what_was_never_measured_comes_last() {
    let plan = plan(RouteAlgorithm::Latency, ["a", "b", "c", "d"].map(endpoint).to_vec());
    let health =
        [state("b", true, Some(20.0)), state("c", true, Some(5.0)), state("d", false, Some(1.0))];

    assert_eq!(ask(&plan, &health, None, 0.0), Some("c"));
    assert_eq!(ask(&plan, &health[..1], None, 0.0), Some("b"));
    assert_eq!(ask(&plan, &[], None, 0.0), Some("a"));
}

#[test]
fn the_cheapest_is_chosen_and_what_has_no_price_comes_last() {
    let of = |address: &str, cost| Endpoint { cost, ..endpoint(address) };
    let endpoints = vec![of("a", None), of("b", Some(0.2)), of("c", Some(0.1)), of("d", Some(0.1))];
    let plan = plan(RouteAlgorithm::Cost, endpoints);

    assert_eq!(ask(&plan, &[], None, 0.0), Some("c"));
    assert_eq!(ask(&plan, &[state("c", false, None)], None, 0.0), Some("d"));
}

#[test]
fn the_region_comes_first_and_the_fastest_of_all_where_it_has_none() {
    let of = |address: &str, region: &str| Endpoint {
        region: Some(region.to_owned()),
        ..endpoint(address)
    };
    let endpoints = vec![endpoint("a"), of("b", "us"), of("c", "eu"), of("d", "eu")];
    let plan = plan(RouteAlgorithm::Geo, endpoints);
    let health =
        [state("b", true, Some(1.0)), state("c", true, Some(9.0)), state("d", true, Some(8.0))];

    assert_eq!(ask(&plan, &health, Some("eu"), 0.0), Some("d"));
    assert_eq!(ask(&plan, &health, Some("asia"), 0.0), Some("b"));
    assert_eq!(ask(&plan, &health, None, 0.0), Some("b"));
    let ill = [state("c", false, None), state("d", false, None)];
    assert_eq!(ask(&plan, &ill, Some("eu"), 0.0), Some("a"));
}

#[test]
fn the_first_that_is_healthy_is_chosen() {
    let plan = plan(RouteAlgorithm::Failover, ["a", "b", "c"].map(endpoint).to_vec());

    assert_eq!(ask(&plan, &[], None, 0.0), Some("a"));
    assert_eq!(ask(&plan, &[state("a", false, None)], None, 0.0), Some("b"));
    let ill = ["a", "b", "c"].map(|address| state(address, false, None));
    assert_eq!(ask(&plan, &ill, None, 0.0), None);
}

#[test]
fn without_failover_what_would_go_to_an_ill_endpoint_goes_nowhere() {
    let endpoints = ["a", "b"].map(endpoint).to_vec();
    let ill = [state("a", false, Some(1.0)), state("b", true, Some(2.0))];
    for (algorithm, chance, chosen) in [
        (RouteAlgorithm::Failover, 0.0, None),
        (RouteAlgorithm::Latency, 0.0, None),
        (RouteAlgorithm::WeightedRr, 0.0, None),
        (RouteAlgorithm::WeightedRr, 0.5, Some("b")),
    ] {
        let with = plan(algorithm, endpoints.clone());
        let without = Plan { auto_failover: false, ..with.clone() };

        assert_eq!(ask(&without, &ill, None, chance), chosen, "{algorithm:?}");
        assert_eq!(ask(&with, &ill, None, chance), Some("b"), "{algorithm:?}");
    }
}

#[test]
fn what_weighs_nothing_is_never_chosen_by_weight() {
    let of = |address: &str, weight| Endpoint { weight, ..endpoint(address) };
    let mixed = plan(RouteAlgorithm::WeightedRr, vec![of("a", 0), of("b", 1), of("c", 0)]);
    let none = plan(RouteAlgorithm::WeightedRr, vec![of("a", 0)]);

    for chance in [0.0, 0.5, 1.0 - f64::EPSILON / 2.0, 1.0] {
        assert_eq!(ask(&mixed, &[], None, chance), Some("b"), "{chance}");
        assert_eq!(ask(&none, &[], None, chance), None, "{chance}");
    }
    assert_eq!(ask(&plan(RouteAlgorithm::WeightedRr, Vec::new()), &[], None, 0.5), None);
}

#[test]
fn chance_is_from_nothing_to_less_than_one() {
    for _ in 0..1000 {
        let chance = chance(&World::system());

        assert!((0.0..1.0).contains(&chance), "{chance}");
    }
}

fn algorithms() -> impl Strategy<Value = RouteAlgorithm> {
    prop_oneof![
        Just(RouteAlgorithm::Latency),
        Just(RouteAlgorithm::Cost),
        Just(RouteAlgorithm::Geo),
        Just(RouteAlgorithm::WeightedRr),
        Just(RouteAlgorithm::Failover),
    ]
}

/// Few different numbers, so that some are alike.
fn number() -> impl Strategy<Value = Option<f64>> {
    proptest::option::of((0_u32..4).prop_map(|number| f64::from(number) / 2.0))
}

fn regions() -> impl Strategy<Value = Option<String>> {
    proptest::option::of(prop_oneof![Just("eu".to_owned()), Just("us".to_owned())])
}

/// A plan, and how its endpoints are doing, as far as that is known.
fn situation() -> impl Strategy<Value = (Plan, Vec<Health>)> {
    let one = (0_u32..4, number(), regions(), proptest::option::of((any::<bool>(), number())));
    let all = proptest::collection::vec(one, 0..7);
    (algorithms(), any::<bool>(), all).prop_map(|(algorithm, auto_failover, all)| {
        let (mut endpoints, mut health) = (Vec::new(), Vec::new());
        for (at, (weight, cost, region, known)) in all.into_iter().enumerate() {
            let address = format!("host-{at}:1");
            // In another order than the endpoints.
            if let Some((is_healthy, rtt_ms)) = known {
                health.insert(0, state(&address, is_healthy, rtt_ms));
            }
            endpoints.push(Endpoint { address, weight, cost, region });
        }
        (Plan { algorithm, auto_failover, endpoints }, health)
    })
}

/// Slow and obvious: everything is sorted, and the first taken.
fn reference(plan: &Plan, health: &[Health], asked: &Asked) -> Option<String> {
    let by_address: BTreeMap<&str, &Health> =
        health.iter().map(|row| (row.endpoint.as_str(), row)).collect();
    let row = |one: &Endpoint| by_address.get(one.address.as_str()).copied();
    let is_ill = |one: &Endpoint| row(one).is_some_and(|row| !row.is_healthy);
    let rtt = |one: &Endpoint| row(one).and_then(|row| row.rtt_ms).unwrap_or(1e9);
    let mut sorted = plan.endpoints.clone();
    if plan.auto_failover {
        sorted.retain(|one| !is_ill(one));
    }
    match plan.algorithm {
        RouteAlgorithm::Latency => sorted.sort_by(|a, b| rtt(a).total_cmp(&rtt(b))),
        RouteAlgorithm::Cost => {
            let cost = |one: &Endpoint| one.cost.unwrap_or(1e9);
            sorted.sort_by(|a, b| cost(a).total_cmp(&cost(b)));
        }
        RouteAlgorithm::Geo => {
            let is_far = |one: &Endpoint| asked.region.is_none() || one.region != asked.region;
            sorted.sort_by(|a, b| rtt(a).total_cmp(&rtt(b)));
            sorted.sort_by_key(is_far);
        }
        RouteAlgorithm::WeightedRr => {
            let tickets = sorted.iter().flat_map(|one| vec![one.clone(); one.weight as usize]);
            let tickets: Vec<Endpoint> = tickets.collect();
            let count = f64::from(u32::try_from(tickets.len()).unwrap());
            let drawn = (0_u32..).take(tickets.len()).zip(&tickets);
            let drawn = drawn.filter(|(at, _)| f64::from(*at) <= asked.chance * count);
            sorted = drawn.map(|(_, one)| one.clone()).last().into_iter().collect();
        }
        RouteAlgorithm::Failover => {}
    }
    sorted.first().filter(|one| !is_ill(one)).map(|one| one.address.clone())
}

fn cases(base: u32) -> ProptestConfig {
    let cases = plimsoll::testing::cases(base);
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) }
}

proptest! {
    #![proptest_config(cases(2_000))]

    #[test]
    fn no_endpoint_is_chosen_that_is_not_healthy(
        (plan, health) in situation(),
        region in regions(),
        chance in 0.0_f64..1.0,
    ) {
        let chosen = select(&plan, &health, &Asked { region, chance });

        if let Some(chosen) = chosen {
            let row = health.iter().find(|row| row.endpoint == chosen.address);
            prop_assert!(row.is_none_or(|row| row.is_healthy));
        }
    }

    #[test]
    fn what_is_chosen_is_what_sorting_finds(
        (plan, health) in situation(),
        region in regions(),
        chance in 0.0_f64..1.0,
    ) {
        let asked = Asked { region, chance };

        let chosen = select(&plan, &health, &asked).map(|one| one.address.clone());

        prop_assert_eq!(chosen, reference(&plan, &health, &asked));
    }

    #[test]
    fn each_is_chosen_as_often_as_its_weight_says((plan, health) in situation()) {
        let plan = Plan { algorithm: RouteAlgorithm::WeightedRr, auto_failover: true, ..plan };
        let healthy = |one: &&Endpoint| known(&health, one).is_none_or(|row| row.is_healthy);
        let weights = plan.endpoints.iter().filter(healthy).map(|one| one.weight);
        let draws = 8 * weights.sum::<u32>();
        let mut counted = BTreeMap::new();

        for draw in 0..draws {
            let chance = (f64::from(draw) + 0.5) / f64::from(draws);
            let chosen = select(&plan, &health, &Asked { region: None, chance }).unwrap();
            *counted.entry(chosen.address.as_str()).or_insert(0) += 1;
        }

        for one in &plan.endpoints {
            let expected = if healthy(&one) { 8 * one.weight } else { 0 };
            let times = counted.get(one.address.as_str()).copied().unwrap_or(0);
            prop_assert_eq!(times, expected, "{}", &one.address);
        }
    }
}
