//! People of a tronbyt server whom nobody knows: the same for the same number each time.

use serde_json::{Map, Value, json};

/// The name of a person with these displays, and their document.
pub(crate) fn person(number: u32, displays: Vec<Value>) -> (String, String) {
    let name = format!("person-{number:06}");
    let email = match number % 3 {
        0 => String::new(),
        _ => format!("{name}@example.org"),
    };
    let theme = ["light", "dark", "system"][number as usize % 3];
    let devices: Map<String, Value> = displays
        .into_iter()
        .map(|display| (display["id"].as_str().unwrap_or_default().to_owned(), display))
        .collect();
    let document = json!({
        "username": name,
        "password": format!("scrypt:32768:8:1${number:016}${}", "5e".repeat(64)),
        "email": email,
        "api_key": format!("{number:032}"),
        "theme_preference": theme,
        "system_repo_url": "",
        "app_repo_url": format!("https://example.org/{name}/apps.git"),
        "devices": devices,
    });
    (name, document.to_string())
}

/// A display with so many apps; a fifth of them recur on days of the week.
pub(crate) fn display(number: u32, apps: u32, has_place: bool) -> Value {
    let id = format!("{number:08x}");
    let kind = ["tidbyt_gen1", "tronbyt_s3_wide", "other"][number as usize % 3];
    let apps: Map<String, Value> = (0..apps).map(|at| (at.to_string(), app(number, at))).collect();
    json!({
        "id": id,
        "name": format!("Display {number}"),
        "type": kind,
        "api_key": format!("key-of-{id}"),
        "img_url": format!("http://server.example:8000/{id}/next"),
        "ws_url": format!("ws://server.example:8000/{id}/ws"),
        "notes": "",
        "brightness": number % 101,
        "night_brightness": 3,
        "night_mode_enabled": number.is_multiple_of(2),
        "night_start": "22:00",
        "night_end": "06:30",
        "dim_time": null,
        "default_interval": 15,
        "timezone": "Europe/Berlin",
        "locale": "de_DE",
        "last_seen": "2025-11-23T12:00:00",
        "info": {"firmware_version": "v1.2.3", "mac_address": format!("00:00:{id}")},
        "location": has_place.then(|| place(number)),
        "apps": apps,
    })
}

fn place(number: u32) -> Value {
    json!({
        "name": null,
        "locality": "Berlin",
        "description": format!("House {number}, Berlin, Germany"),
        "place_id": format!("place-{number}"),
        "timezone": "Europe/Berlin",
        "lat": f64::from(number % 180) - 89.75,
        "lng": f64::from(number % 360) - 179.75,
    })
}

fn app(display: u32, at: u32) -> Value {
    let name = ["bigclock", "weather", "transit"][at as usize % 3];
    let recurs = (display + at).is_multiple_of(5);
    let weekdays = if recurs { &["monday", "sunday"][..] } else { &[] };
    json!({
        "iname": at.to_string(),
        "name": name,
        "uinterval": 10,
        "display_time": 0,
        "notes": "",
        "enabled": true,
        "pushed": false,
        "order": at,
        "last_render": 1_763_900_000 + at,
        "last_render_duration": format!("PT0.{:03}S", (display + at) % 1_000),
        "path": "system-apps/apps/bigclock/big_clock.star",
        "start_time": "08:00:00",
        "end_time": null,
        "days": ["monday", "friday"],
        "use_custom_recurrence": recurs,
        "recurrence_type": "weekly",
        "recurrence_pattern": {"weekdays": weekdays},
        "recurrence_start_date": "2025-11-03",
        "config": {"is_24_hour": "true", "display": display},
        "render_messages": [],
    })
}
