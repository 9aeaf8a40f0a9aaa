//! Which places apps have among those of their display.

/// The places of apps in the order that they shall have, by the place and the key that each has already:
/// an app keeps its place where it is behind the one before, so that as few as can be are written.
pub(super) fn places(before: &[Option<(i32, i64)>]) -> Vec<i32> {
    kept(before).unwrap_or_else(|| (0..).take(before.len()).collect())
}

/// Nothing where there is no place behind the highest.
fn kept(before: &[Option<(i32, i64)>]) -> Option<Vec<i32>> {
    let mut last: Option<(i32, i64)> = None;
    let mut places = Vec::with_capacity(before.len());
    for own in before {
        // Of two with one place the lower key comes first; what is new gets the highest.
        let key = own.map_or(i64::MAX, |(_, key)| key);
        let next = match (*own, last) {
            (Some(own), None) => own,
            (Some(own), Some(last)) if own > last => own,
            (_, Some((place, _))) => (place.checked_add(1)?, key),
            (None, None) => (0, key),
        };
        places.push(next.0);
        last = Some(next);
    }
    Some(places)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn as_few_as_can_be_get_another_place() {
        for (before, after) in [
            (vec![], vec![]),
            (vec![None, None], vec![0, 1]),
            (vec![Some((0, 1)), Some((5, 2)), Some((9, 3))], vec![0, 5, 9]),
            (vec![Some((0, 1)), None, Some((5, 2))], vec![0, 1, 5]),
            (vec![Some((5, 2)), Some((0, 1)), Some((9, 3))], vec![5, 6, 9]),
            (vec![Some((3, 1)), Some((3, 2)), Some((3, 7))], vec![3, 3, 3]),
            (vec![Some((3, 2)), Some((3, 1))], vec![3, 4]),
            (vec![Some((i32::MAX, 1)), None], vec![0, 1]),
        ] {
            assert_eq!(places(&before), after, "{before:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            ..ProptestConfig::with_cases(plimsoll::testing::cases(500))
        })]

        #[test]
        fn places_put_apps_in_that_order(
            own in proptest::collection::vec(proptest::option::of((0..6_i32, 0..50_i64)), 0..8),
        ) {
            // Keys are distinct, and those of new apps come behind all others.
            let before: Vec<Option<(i32, i64)>> = (0..)
                .zip(&own)
                .map(|(at, own): (i64, _)| own.map(|(place, key)| (place, key * 10 + at)))
                .collect();

            let after = places(&before);

            let keys = (1_000..).zip(&before).map(|(new, own)| own.map_or(new, |(_, key)| key));
            let rows: Vec<(i32, i64)> = after.into_iter().zip(keys).collect();
            prop_assert!(rows.is_sorted_by(|a, b| a < b), "{before:?}: {rows:?}");
        }
    }
}
