//! One file with one of each kind of fault.

use entity::identity::user;
use sea_orm::{DatabaseConnection, EntityTrait};
use serde_json::{Value, json};
use service::{
    Error,
    displays::display::load_all,
    imports::{Options, Remark, Weight},
    rights::Actor,
    rule::Rule,
};

use super::file::{File, bring, counts, made, refused, run};

plimsoll::on_every_database!(migration::app:
    each_kind_of_fault_is_told_and_takes_nothing_good_with_it,
);

/// A record of the file: what comes of it, and what is told.
struct Case {
    name: String,
    document: String,
    /// How many people, displays, apps, places and patterns.
    comes: [u64; 5],
    /// Path and value of what is left out.
    refused: Vec<(String, String)>,
    /// Paths of what is understood in another way.
    warned: Vec<String>,
}

impl Case {
    fn refuses(mut self, path: &str, value: &str) -> Self {
        self.refused.push((path.to_owned(), value.to_owned()));
        self
    }

    fn warns(mut self, paths: &[&str]) -> Self {
        self.warned.extend(paths.iter().map(|path| (*path).to_owned()));
        self
    }
}

fn case(name: &str, document: impl Into<String>, comes: [u64; 5]) -> Case {
    let (name, document) = (name.to_owned(), document.into());
    Case { name, document, comes, refused: Vec::new(), warned: Vec::new() }
}

/// An object with more in it.
fn with(mut object: Value, more: Value) -> Value {
    let (Value::Object(into), Value::Object(more)) = (&mut object, more) else {
        unreachable!("both are objects")
    };
    into.extend(more);
    object
}

fn person(name: &str, more: Value) -> String {
    let password = format!("scrypt:32768:8:1$salt${}", "5e".repeat(64));
    with(json!({"username": name, "password": password}), more).to_string()
}

/// Somebody with one display, on which there is an app unless it says otherwise.
fn owner(name: &str, id: &str, more: Value) -> String {
    let display = with(json!({"id": id, "apps": {"a": app("a", json!({}))}}), more);
    person(name, json!({"devices": {id: display}}))
}

/// Somebody with one app on one display.
fn viewer(name: &str, id: &str, more: Value) -> String {
    owner(name, id, json!({"apps": {"a": app("a", more)}}))
}

fn app(iname: &str, more: Value) -> Value {
    with(json!({"iname": iname, "name": "clock"}), more)
}

/// What is shown of a long text.
fn beginning(of: &str) -> String {
    format!("\"{}…", of.repeat(79))
}

fn good() -> Case {
    let display = json!({
        "id": "00000001",
        "api_key": "key of a display",
        "apps": {"a": app("a", json!({}))},
        "location": {"lat": 1, "lng": 2},
    });
    let more = json!({
        "email": "good@example.org",
        "api_key": "A".repeat(32),
        "devices": {"00000001": display},
    });
    case("good", person("good", more), [1, 1, 1, 1, 0])
}

/// Documents that are none.
fn documents() -> Vec<Case> {
    let (down, up) = ("[".repeat(200), "]".repeat(200));
    let abyss = format!(r#"{{"username": "abyss", "devices": {down}{up}}}"#);
    vec![
        case("broken", "{", [0; 5]).refuses("", ""),
        case("list", "[1]", [0; 5]).refuses("", "[1]"),
        case("abyss", abyss, [0; 5]).refuses("", ""),
    ]
}

/// People who are nobody, or somebody else.
fn people() -> Vec<Case> {
    let nobody = |name: &str, more: Value| case(name, person(name, more), [0; 5]);
    let somebody = |name: &str, more: Value| case(name, person(name, more), [1, 0, 0, 0, 0]);
    let (long, email) = ("x".repeat(256), format!("{}@example.org", "e".repeat(256)));
    vec![
        case("", r#"{"password": ""}"#, [0; 5]).refuses("username", "").warns(&["username"]),
        case("renamed", person("somebody else", json!({})), [0; 5])
            .refuses("username", "\"somebody else\""),
        nobody("Jürgen", json!({})).refuses("username", "\"Jürgen\""),
        nobody(&long, json!({})).refuses("username", &beginning("x")),
        case("GOOD", owner("GOOD", "0000000a", json!({})), [0; 5]).refuses("", ""),
        nobody("post", json!({"email": "Good@Example.org"})).refuses("", ""),
        nobody("long-post", json!({"email": email})).refuses("email", &beginning("e")),
        somebody("empty", json!({"email": ""})),
        somebody("blank", json!({"email": "  "})),
        somebody("keyed", json!({"api_key": "A".repeat(32)})).refuses("api_key", ""),
        somebody("guessed", json!({"api_key": "secret"})).warns(&["api_key"]),
        somebody("pink", json!({"theme_preference": "pink"})).warns(&["theme_preference"]),
        case("mute", r#"{"username": "mute"}"#, [1, 0, 0, 0, 0]).warns(&["password"]),
        somebody("none", json!({"devices": 5})).refuses("devices", "5"),
    ]
}

/// Displays that are none, or another's, or have something that none has.
fn no_displays() -> Vec<Case> {
    let odd = |name: &str, display: Value| {
        case(name, person(name, json!({"devices": {"x": display}})), [1, 0, 0, 0, 0])
    };
    let left =
        |name: &str, id: &str, more: Value| case(name, owner(name, id, more), [1, 0, 0, 0, 0]);
    let twins = json!({"devices": {
        "a": {"id": "0000000b", "apps": {"a": app("a", json!({}))}},
        "b": {"id": "0000000B", "name": "the other", "apps": {"b": app("b", json!({}))}},
    }});
    vec![
        odd("listed", json!([1])).refuses("devices.x", "[1]"),
        odd("unnamed", json!({"name": "Hall"})).refuses("devices.x.id", ""),
        odd("short", json!({"id": "123"})).refuses("devices.x.id", "\"123\""),
        case("twins", person("twins", twins), [1, 1, 1, 0, 0])
            .refuses("devices.b.id", "\"0000000B\""),
        left("thief", "00000001", json!({})).refuses("devices.00000001", ""),
        left("forger", "0000000c", json!({"api_key": "key of a display"}))
            .refuses("devices.0000000c", ""),
        left("bright", "00000010", json!({"brightness": 101}))
            .refuses("devices.00000010.brightness", "101"),
        left("blinding", "00000011", json!({"brightness": 4_294_967_296_i64}))
            .refuses("devices.00000011.brightness", "4294967296"),
        left("long", "00000013", json!({"name": "n".repeat(256)}))
            .refuses("devices.00000013.name", &beginning("n")),
        left("nul", "00000014", json!({"notes": "a\0b"}))
            .refuses("devices.00000014.notes", r#""a\u0000b""#),
    ]
}

/// Displays of which something is left out.
fn odd_displays() -> Vec<Case> {
    let comes =
        |name: &str, id: &str, more: Value| case(name, owner(name, id, more), [1, 1, 1, 0, 0]);
    let beyond = owner("beyond", "00000012", json!({"brightness": 77}));
    let times = json!({
        "night_start": "25:00",
        "night_end": 22.5,
        "dim_time": 99,
        "timezone": "Mars/Olympus",
        "last_seen": "yesterday",
    });
    let mixed = json!({
        "apps": "none",
        "info": 5,
        "brightness": "bright",
        "night_mode_enabled": "yes",
        "name": {},
    });
    vec![
        case("beyond", beyond.replace("77", "100000000000000000000"), [1, 1, 1, 0, 0])
            .warns(&["devices.00000012.brightness"]),
        comes("toaster", "00000015", json!({"type": "toaster"})).warns(&["devices.00000015.type"]),
        comes("dim", "00000016", json!({"custom_brightness_scale": "1,2,3"}))
            .warns(&["devices.00000016.custom_brightness_scale"]),
        comes("timeless", "00000017", times).warns(&[
            "devices.00000017.night_start",
            "devices.00000017.night_end",
            "devices.00000017.dim_time",
            "devices.00000017.timezone",
            "devices.00000017.last_seen",
        ]),
        case("mixed", owner("mixed", "00000018", mixed), [1, 1, 0, 0, 0])
            .refuses("devices.00000018.apps", "\"none\"")
            .refuses("devices.00000018.info", "5")
            .warns(&[
                "devices.00000018.brightness",
                "devices.00000018.night_mode_enabled",
                "devices.00000018.name",
            ]),
        comes("north", "00000020", json!({"location": {"lat": "north", "lng": 0}}))
            .refuses("devices.00000020.location", "")
            .warns(&["devices.00000020.location.lat"]),
        comes("pole", "00000021", json!({"location": {"lat": 91, "lng": 0}}))
            .refuses("devices.00000021.location.lat", "91.0"),
        comes("nowhere", "00000022", json!({"location": []}))
            .refuses("devices.00000022.location", "[]"),
    ]
}

/// Apps that are none, or have something that none has.
fn no_apps() -> Vec<Case> {
    let odd = |name: &str, id: &str, app: Value| {
        case(name, owner(name, id, json!({"apps": {"x": app}})), [1, 1, 0, 0, 0])
    };
    let left =
        |name: &str, id: &str, more: Value| case(name, viewer(name, id, more), [1, 1, 0, 0, 0]);
    let twice = json!({"apps": {
        "a": app("a", json!({"recurrence_pattern": {"day_of_month": 3}})),
        "b": app("a", json!({"notes": "the other"})),
    }});
    let backwards = json!({
        "recurrence_start_date": "2025-11-03",
        "recurrence_end_date": "2025-11-02",
    });
    let deep = (0..40).fold(json!("deep"), |deep, _| json!([deep]));
    vec![
        odd("seven", "00000030", json!(7)).refuses("devices.00000030.apps.x", "7"),
        odd("anon", "00000031", json!({"name": "clock"}))
            .refuses("devices.00000031.apps.x.iname", ""),
        case("twice", owner("twice", "00000032", twice), [1, 1, 1, 0, 1])
            .refuses("devices.00000032.apps.b.iname", "\"a\""),
        left("never", "00000033", json!({"recurrence_interval": 0}))
            .refuses("devices.00000033.apps.a.recurrence_interval", "0"),
        left("backwards", "00000034", backwards)
            .refuses("devices.00000034.apps.a.recurrence_end_date", "\"2025-11-02\""),
        left("config", "00000035", json!({"config": {"key": "\0"}}))
            .refuses("devices.00000035.apps.a.config", ""),
        left("deep", "00000036", json!({"config": {"at": deep}}))
            .refuses("devices.00000036.apps.a.config", ""),
    ]
}

/// Apps of which something is left out.
fn odd_apps() -> Vec<Case> {
    let comes =
        |name: &str, id: &str, more: Value| case(name, viewer(name, id, more), [1, 1, 1, 0, 0]);
    let late = json!({
        "start_time": "not-a-time",
        "recurrence_type": "hourly",
        "recurrence_start_date": "2025-02-30",
        "days": ["monday", "someday"],
        "last_render": 1_000_000_000_000_000_000_i64,
        "last_render_duration": "long",
    });
    // The sixtieth second is taken for the one before it.
    let out_of_time = json!({
        "start_time": "12:00:60",
        "recurrence_start_date": "-0044-03-15",
        "recurrence_end_date": "+12345-01-01",
        "render_messages": ["a text", 5, [], "another"],
    });
    let odd = json!({
        "config": 5,
        "enabled": "yes",
        "uinterval": [1],
        "recurrence_pattern": 5,
    });
    let week = json!({"recurrence_pattern": {"day_of_week": "someday", "weekdays": ["monday"]}});
    vec![
        comes("late", "00000037", late).warns(&[
            "devices.00000037.apps.a.start_time",
            "devices.00000037.apps.a.recurrence_type",
            "devices.00000037.apps.a.recurrence_start_date",
            "devices.00000037.apps.a.days",
            "devices.00000037.apps.a.last_render",
            "devices.00000037.apps.a.last_render_duration",
        ]),
        comes("out-of-time", "0000003b", out_of_time).warns(&[
            "devices.0000003b.apps.a.recurrence_start_date",
            "devices.0000003b.apps.a.recurrence_end_date",
            "devices.0000003b.apps.a.render_messages.1",
            "devices.0000003b.apps.a.render_messages.2",
        ]),
        comes("talks", "0000003c", json!({"render_messages": "a text"}))
            .warns(&["devices.0000003c.apps.a.render_messages"]),
        comes("odd", "00000038", odd)
            .refuses("devices.00000038.apps.a.recurrence_pattern", "5")
            .warns(&[
                "devices.00000038.apps.a.config",
                "devices.00000038.apps.a.enabled",
                "devices.00000038.apps.a.uinterval",
            ]),
        comes("month", "00000039", json!({"recurrence_pattern": {"day_of_month": 32}}))
            .refuses("devices.00000039.apps.a.recurrence_pattern.day_of_month", "32"),
        case("week", viewer("week", "0000003a", week), [1, 1, 1, 0, 1])
            .warns(&["devices.0000003a.apps.a.recurrence_pattern.day_of_week"]),
    ]
}

fn cases() -> Vec<Case> {
    [vec![good()], documents(), people(), no_displays(), odd_displays(), no_apps(), odd_apps()]
        .into_iter()
        .flatten()
        .collect()
}

async fn each_kind_of_fault_is_told_and_takes_nothing_good_with_it(db: &DatabaseConnection) {
    let cases = cases();
    let documents: Vec<(&str, String)> =
        cases.iter().map(|case| (case.name.as_str(), case.document.clone())).collect();
    let file = File::of(&documents, 4).await;
    // SQLite keeps what it is given.
    file.execute("INSERT INTO json_data (username, data) VALUES ('bytes', X'FF00')").await;

    let all = Options { all_or_nothing: true, ..Options::default() };
    let nothing = run(db, &file, &all).await;
    assert!(matches!(nothing, Err(Error::Refused { rule: Rule::AllOrNothing, .. })), "{nothing:?}");
    assert_eq!(counts(db).await, [0; 7]);
    let dry = Options { dry_run: true, ..Options::default() };
    let foreseen = run(db, &file, &dry).await.unwrap();
    assert_eq!(counts(db).await, [0; 7]);

    let report = bring(db, &file).await;

    let told = |remark: &Remark| (remark.unit.clone(), remark.path.clone(), remark.value.clone());
    let mut told: Vec<(String, String, String)> = refused(&report).into_iter().map(told).collect();
    let mut expected = vec![("bytes".to_owned(), String::new(), String::new())];
    for case in &cases {
        let unit: String = case.name.chars().take(255).collect();
        let of = |(path, value): &(String, String)| (unit.clone(), path.clone(), value.clone());
        expected.extend(case.refused.iter().map(of));
    }
    told.sort();
    expected.sort();
    assert_eq!(told, expected);
    let is_warning = |remark: &&Remark| remark.weight == Weight::Warning;
    let warnings = report.remarks.iter().filter(is_warning);
    let mut warned: Vec<(&str, &str)> =
        warnings.map(|remark| (remark.unit.as_str(), remark.path.as_str())).collect();
    let mut expected: Vec<(&str, &str)> = cases
        .iter()
        .flat_map(|case| case.warned.iter().map(move |path| (case.name.as_str(), path.as_str())))
        .collect();
    warned.sort_unstable();
    expected.sort_unstable();
    assert_eq!(warned, expected);
    assert_eq!((&foreseen.tables, &foreseen.remarks), (&report.tables, &report.remarks));

    the_good_is_there(db, &cases).await;
    let again = bring(db, &file).await;
    assert_eq!(again.faults, report.faults, "{:?}", again.remarks);
    assert!(made(&again).values().all(|made| *made == 0), "{:?}", again.tables);
    the_good_is_there(db, &cases).await;
}

/// Everything that is good has come, and can be read.
async fn the_good_is_there(db: &DatabaseConnection, cases: &[Case]) {
    let sum = |at: usize| cases.iter().map(|case| case.comes[at]).sum::<u64>();
    assert_eq!(counts(db).await[..5], [sum(0), sum(1), sum(2), sum(3), sum(4)]);
    let people = user::Entity::find().all(db).await.unwrap();
    for case in cases {
        let Some(person) = people.iter().find(|person| person.username == case.name) else {
            assert_eq!(case.comes[0], 0, "{}", case.name);
            continue;
        };
        let loaded = load_all(db, &Actor::of(person), person.id).await;
        let loaded = loaded.unwrap_or_else(|error| panic!("{}: {error}", case.name));
        let apps = loaded.iter().map(|display| display.apps.len() as u64).sum::<u64>();
        let found = [1, loaded.len() as u64, apps];
        assert_eq!(found, case.comes[..3], "{}", case.name);
    }
}
