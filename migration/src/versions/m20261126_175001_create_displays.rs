//! Creates displays, their apps, and when each is shown.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new()
        .create_table("devices", devices)
        .create_table("apps", apps)
        .create_table("locations", |t| {
            t.column(big_pk_auto("id"))
                .column(string_len("device_id", 8))
                .column(string_len_null("locality", 255))
                .column(text_null("description"))
                .column(string_len_null("place_id", 512))
                .column(string_len_null("timezone", 64))
                .column(double("lat"))
                .column(double("lng"))
                .unique(["device_id"])
                .between("lat", -90, 90)
                .between("lng", -180, 180)
                .foreign_key(["device_id"], "devices", ["id"], OnDelete::Cascade)
        })
        .create_table("recurrence_patterns", |t| {
            t.column(big_pk_auto("id"))
                .column(big_integer("app_id"))
                .column(integer_null("day_of_month"))
                .column(string_len_null("day_of_week", 20))
                .column(json_binary("weekdays").default("[]"))
                .unique(["app_id"])
                .between("day_of_month", 1, 31)
                .foreign_key(["app_id"], "apps", ["id"], OnDelete::Cascade)
        })
}

fn devices(t: TableBuilder) -> TableBuilder {
    t.column(string_len("id", 8))
        .column(big_integer("user_id"))
        .column(string_len_null("name", 255))
        .column(string_len("device_type", 30).default("tidbyt_gen1"))
        .column(string_len_null("api_key_hash", 64))
        .column(string_len_null("img_url", 2048))
        .column(string_len_null("ws_url", 2048))
        .column(text_null("notes"))
        .column(string_len_null("timezone", 64))
        .column(integer("brightness").default(100))
        .column(string_len_null("custom_brightness_scale", 64))
        .column(integer("night_brightness").default(0))
        .column(integer_null("dim_brightness"))
        .column(string_len_null("night_mode_app", 64))
        .column(time_null("night_start"))
        .column(time_null("night_end"))
        .column(time_null("dim_time"))
        .column(integer("default_interval_seconds").default(15))
        .column(string_len_null("pinned_app", 64))
        .column(string_len_null("interstitial_app", 64))
        .column(integer("last_app_position").default(0))
        .column(json_binary("info").default("{}"))
        .column(boolean("night_mode_enabled").default(false))
        .column(boolean("interstitial_enabled").default(false))
        .column(timestamp_with_time_zone_null("last_seen_at"))
        .column(timestamp_with_time_zone("created_at").default(Expr::current_timestamp()))
        .column(timestamp_with_time_zone("updated_at").default(Expr::current_timestamp()))
        .primary_key(["id"])
        .unique(["api_key_hash"])
        .one_of(
            "device_type",
            [
                "tidbyt_gen1",
                "tidbyt_gen2",
                "pixoticker",
                "raspberrypi",
                "raspberrypi_wide",
                "tronbyt_s3",
                "tronbyt_s3_wide",
                "matrixportal_s3",
                "matrixportal_s3_waveshare",
                "other",
            ],
        )
        .between("brightness", 0, 100)
        .between("night_brightness", 0, 100)
        .between("dim_brightness", 0, 100)
        .at_least("default_interval_seconds", 0)
        .at_least("last_app_position", 0)
        .index(["user_id"])
        .foreign_key(["user_id"], "users", ["id"], OnDelete::Cascade)
}

fn apps(t: TableBuilder) -> TableBuilder {
    t.column(big_pk_auto("id"))
        .column(string_len("device_id", 8))
        .column(string_len("iname", 64))
        .column(string_len("name", 255))
        .column(string_len_null("path", 1024))
        .column(text_null("notes"))
        .column(integer("position").default(0))
        .column(integer("render_interval_minutes").default(0))
        .column(integer("display_seconds").default(0))
        .column(time_null("start_time"))
        .column(time_null("end_time"))
        .column(json_binary("days").default("[]"))
        .column(string_len("recurrence_type", 10).default("daily"))
        .column(integer("recurrence_interval").default(1))
        .column(date_null("recurrence_start_date"))
        .column(date_null("recurrence_end_date"))
        .column(json_binary("config").default("{}"))
        .column(json_binary("render_messages").default("[]"))
        .column(integer("last_render_duration_ms").default(0))
        .column(boolean("enabled").default(true))
        .column(boolean("pushed").default(false))
        .column(boolean("autopin").default(false))
        .column(boolean("use_custom_recurrence").default(false))
        .column(boolean("last_render_was_empty").default(false))
        .column(timestamp_with_time_zone_null("last_rendered_at"))
        .column(timestamp_with_time_zone("created_at").default(Expr::current_timestamp()))
        .column(timestamp_with_time_zone("updated_at").default(Expr::current_timestamp()))
        .unique(["device_id", "iname"])
        .one_of("recurrence_type", ["daily", "weekly", "monthly", "yearly"])
        .at_least("position", 0)
        .at_least("render_interval_minutes", 0)
        .at_least("display_seconds", 0)
        .at_least("recurrence_interval", 1)
        .at_least("last_render_duration_ms", 0)
        .check("recurrence_dates", "recurrence_end_date >= recurrence_start_date")
        .foreign_key(["device_id"], "devices", ["id"], OnDelete::Cascade)
}
