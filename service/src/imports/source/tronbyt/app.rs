//! What a document of tronbyt says of an app.

use std::collections::BTreeSet;

use chrono::DateTime;
use entity::displays::app::RecurrenceType;
use sea_orm::ActiveEnum as _;
use serde_json::Value as Json;

use super::{cells::Cells, document::Shape, member, part::Part};
use crate::{cell::shown, imports::unit::Unit};

impl Shape {
    /// An app on a display, and when it is shown. `seen` has the keys of those before.
    pub(super) fn app(
        &self,
        unit: &mut Unit,
        seen: &mut BTreeSet<String>,
        (within, device): (&str, &str),
        (map_key, json): (&str, &Json),
    ) {
        let path = format!("{within}.apps.{map_key}");
        let Some(app) = Part::of(unit, path, json) else { return };
        app.knows(unit, &member::APP);
        let (iname, name) = (app.text(unit, "iname"), app.text(unit, "name"));
        let (Some(iname), Some(name)) = (&iname, &name) else {
            let lacks = if iname.is_none() { "iname" } else { "name" };
            app.fault(unit, lacks, "an app has an iname and a name; it is left out");
            return;
        };
        let key = format!("apps/{}/{iname}", &device["devices/".len()..]);
        if seen.contains(&key) {
            app.fault(unit, "iname", "another app of the display has it; this one is left out");
            return;
        }
        let mut cells = Cells::default();
        cells.row("device_id", device);
        cells.set("iname", iname.clone());
        cells.set("name", name.clone());
        cells.maybe("path", app.text(unit, "path"));
        cells.maybe("notes", app.text(unit, "notes"));
        for (name, column) in [
            ("order", "position"),
            ("uinterval", "render_interval_minutes"),
            ("display_time", "display_seconds"),
            ("recurrence_interval", "recurrence_interval"),
        ] {
            cells.maybe(column, app.number(unit, name));
            cells.called(column, name);
        }
        for (name, column) in [
            ("enabled", "enabled"),
            ("pushed", "pushed"),
            ("autopin", "autopin"),
            ("use_custom_recurrence", "use_custom_recurrence"),
            ("empty_last_render", "last_render_was_empty"),
        ] {
            cells.maybe(column, app.flag(unit, name));
            cells.called(column, name);
        }
        for name in ["start_time", "end_time"] {
            cells.maybe(name, app.hour(unit, name));
        }
        cells.maybe(
            "recurrence_type",
            app.one_of(unit, "recurrence_type", &RecurrenceType::values()),
        );
        let began = app.date(unit, "recurrence_start_date");
        let ended = app.date(unit, "recurrence_end_date");
        if began.is_some() && ended.is_some() && ended < began {
            let why = "it is before `recurrence_start_date`; the app is left out";
            app.fault(unit, "recurrence_end_date", why);
            return;
        }
        cells.maybe("recurrence_start_date", began.map(|day| day.to_string()));
        cells.maybe("recurrence_end_date", ended.map(|day| day.to_string()));
        cells.set("days", app.weekdays(unit, "days"));
        let config = app.object.get("config").filter(|json| !json.is_null());
        match config {
            Some(Json::Object(config)) => cells.set("config", Json::Object(config.clone())),
            Some(_) if self.version < 1 => {
                let why = "it was kept in a file beside the database; install the app anew";
                app.warn(unit, "config", why);
            }
            Some(_) => app.warn(unit, "config", "it is no object; it is left out"),
            None => {}
        }
        cells.set("render_messages", app.texts(unit, "render_messages"));
        let rendered = app.number(unit, "last_render").filter(|seconds| *seconds > 0);
        let moment = rendered.and_then(|seconds| DateTime::from_timestamp(seconds, 0));
        if rendered.is_some() && moment.is_none() {
            app.warn(unit, "last_render", "it is no moment; it is left out");
        }
        cells.maybe("last_rendered_at", moment.map(shown));
        cells.maybe("last_render_duration_ms", app.milliseconds(unit, "last_render_duration"));
        seen.insert(key.clone());
        unit.push("apps", &key, &app.path, cells);
        pattern(unit, &app, &key);
    }
}

/// The days on which an app recurs; a row only where one of the three says something.
fn pattern(unit: &mut Unit, app: &Part<'_>, key: &str) {
    let json = match app.object.get("recurrence_pattern") {
        None | Some(Json::Null) => return,
        // Documents before shape 4 had a list, and nothing in it.
        Some(Json::Array(list)) if list.is_empty() => return,
        Some(Json::Array(_)) => {
            app.warn(
                unit,
                "recurrence_pattern",
                "a list with something in it was never used; it is left out",
            );
            return;
        }
        Some(json) => json,
    };
    let Some(part) = Part::of(unit, format!("{}.recurrence_pattern", app.path), json) else {
        return;
    };
    part.knows(unit, &member::PATTERN);
    let day_of_month = part.number(unit, "day_of_month").filter(|day| *day != 0);
    let day_of_week = part.day_of_week(unit, "day_of_week");
    let weekdays = part.weekdays(unit, "weekdays");
    let is_nothing = day_of_month.is_none()
        && day_of_week.is_none()
        && weekdays.as_array().is_some_and(Vec::is_empty);
    if is_nothing {
        return;
    }
    let mut cells = Cells::default();
    cells.row("app_id", key);
    cells.maybe("day_of_month", day_of_month);
    cells.maybe("day_of_week", day_of_week);
    cells.set("weekdays", weekdays);
    let pattern = format!("recurrence_patterns/{}", &key["apps/".len()..]);
    unit.push("recurrence_patterns", &pattern, &part.path, cells);
}
