//! The time zone that a display is in, and what its clock says.

use chrono::{DateTime, NaiveDateTime, Utc};
use chrono_tz::Tz;

use super::display::Display;
use crate::{Result, text::invalid};

/// The zone of a display: its own, else that of its place, else UTC. A name that no zone has counts as
/// none.
pub fn of(display: &Display) -> Tz {
    let own = display.device.timezone.as_deref();
    let place = display.location.as_ref().and_then(|place| place.timezone.as_deref());
    own.into_iter().chain(place).find_map(|name| name.parse().ok()).unwrap_or(Tz::UTC)
}

/// What a clock beside the display says. One hour of a year is not to be seen on it where clocks are set
/// forward, and one is to be seen twice where they are set back.
pub fn local(display: &Display, now: DateTime<Utc>) -> NaiveDateTime {
    now.with_timezone(&of(display)).naive_local()
}

/// Makes sure that a zone has that name.
pub(super) fn known(name: &str) -> Result<()> {
    if name.parse::<Tz>().is_ok() {
        return Ok(());
    }
    Err(invalid("timezone", name, "it is no name of a zone, such as `Europe/Berlin`"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::displays::display::Location;

    fn display(own: Option<&str>, place: Option<&str>) -> Display {
        let mut display = Display::default();
        display.device.timezone = own.map(str::to_owned);
        display.location =
            Some(Location { timezone: place.map(str::to_owned), ..Location::at(52.5, 13.4) });
        display
    }

    #[test]
    fn the_own_zone_comes_before_that_of_the_place_and_an_unknown_one_is_none() {
        for (own, place, zone) in [
            (Some("Asia/Tokyo"), Some("Europe/Berlin"), Tz::Asia__Tokyo),
            (None, Some("Europe/Berlin"), Tz::Europe__Berlin),
            (Some("Mars/Olympus"), Some("Europe/Berlin"), Tz::Europe__Berlin),
            (Some("asia/tokyo"), None, Tz::UTC),
            (None, None, Tz::UTC),
        ] {
            assert_eq!(of(&display(own, place)), zone, "{own:?} {place:?}");
        }
        assert_eq!(of(&Display::default()), Tz::UTC);
    }

    #[test]
    fn the_clock_goes_with_summer_time() {
        let berlin = display(Some("Europe/Berlin"), None);
        for (moment, says) in [
            ("2026-03-29T00:59:59Z", "2026-03-29 01:59:59"),
            ("2026-03-29T01:00:00Z", "2026-03-29 03:00:00"),
            ("2026-10-25T00:30:00Z", "2026-10-25 02:30:00"),
            ("2026-10-25T01:30:00Z", "2026-10-25 02:30:00"),
        ] {
            assert_eq!(local(&berlin, moment.parse().unwrap()).to_string(), says, "{moment}");
        }
    }

    #[test]
    fn a_zone_is_known_by_its_exact_name() {
        assert!(known("Europe/Berlin").is_ok() && known("UTC").is_ok());
        for wrong in ["", "europe/berlin", "Berlin", "Europe/Berlin ", "+01:00"] {
            assert!(known(wrong).is_err(), "{wrong}");
        }
    }
}
