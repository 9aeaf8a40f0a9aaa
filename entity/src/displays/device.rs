//! Displays: whose they are, how bright they are when, and what is shown in between.

use plimsoll::{Beside, TableBuilder};
use sea_orm::entity::prelude::*;

use crate::Secret;

/// What a display is built from, which says how large its picture is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(30))", rename_all = "snake_case")]
pub enum DeviceType {
    TidbytGen1,
    TidbytGen2,
    Pixoticker,
    Raspberrypi,
    RaspberrypiWide,
    TronbytS3,
    TronbytS3Wide,
    MatrixportalS3,
    MatrixportalS3Waveshare,
    Other,
}

/// One row of `devices`.
///
/// `night_mode_app`, `pinned_app` and `interstitial_app` name apps of this device by their `iname`.
/// There is no foreign key: a name may outlive its app, and `service` resolves it when it is needed.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "devices")]
pub struct Model {
    /// Eight hexadecimal digits in lower case; part of the address that the display asks at.
    #[sea_orm(primary_key, auto_increment = false, column_type = "String(StringLen::N(8))")]
    pub id: String,
    #[sea_orm(indexed)]
    pub user_id: i64,
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub name: Option<String>,
    #[sea_orm(default_value = "tidbyt_gen1")]
    pub device_type: DeviceType,
    /// SHA-256 of the key that the display sends, in hexadecimal.
    #[sea_orm(unique, column_type = "String(StringLen::N(64))")]
    pub api_key_hash: Option<Secret>,
    /// Where the display fetches its next picture.
    #[sea_orm(column_type = "String(StringLen::N(2048))")]
    pub img_url: Option<String>,
    /// Where a display that keeps a connection open connects to.
    #[sea_orm(column_type = "String(StringLen::N(2048))")]
    pub ws_url: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub notes: Option<String>,
    /// An IANA name.
    #[sea_orm(column_type = "String(StringLen::N(64))")]
    pub timezone: Option<String>,
    /// Percent.
    #[sea_orm(default_value = 100)]
    pub brightness: i32,
    /// Six percentages with commas between them, for the levels 0 to 5; `0,3,5,12,35,100` without.
    #[sea_orm(column_type = "String(StringLen::N(64))")]
    pub custom_brightness_scale: Option<String>,
    /// Percent, from `night_start` to `night_end`.
    #[sea_orm(default_value = 0)]
    pub night_brightness: i32,
    /// Percent, from `dim_time` on.
    pub dim_brightness: Option<i32>,
    /// The only app that is shown at night.
    #[sea_orm(column_type = "String(StringLen::N(64))")]
    pub night_mode_app: Option<String>,
    /// In the device's time zone, as the other two are.
    pub night_start: Option<Time>,
    /// Earlier than `night_start` where the night goes beyond midnight.
    pub night_end: Option<Time>,
    pub dim_time: Option<Time>,
    /// How long an app is shown that does not say so itself.
    #[sea_orm(default_value = 15)]
    pub default_interval_seconds: i32,
    /// The only app that is shown, until it is unpinned.
    #[sea_orm(column_type = "String(StringLen::N(64))")]
    pub pinned_app: Option<String>,
    /// Shown between any two others.
    #[sea_orm(column_type = "String(StringLen::N(64))")]
    pub interstitial_app: Option<String>,
    /// How far the device has come in the round of its apps.
    #[sea_orm(default_value = 0)]
    pub last_app_position: i32,
    /// What the display says of itself: `firmware_version`, `firmware_type`, `protocol_version`,
    /// `protocol_type` (`HTTP` or `WS`), `mac_address`.
    #[sea_orm(column_type = "JsonBinary", default_value = "{}")]
    pub info: Json,
    #[sea_orm(default_value = false)]
    pub night_mode_enabled: bool,
    #[sea_orm(default_value = false)]
    pub interstitial_enabled: bool,
    pub last_seen_at: Option<DateTimeUtc>,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeUtc,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub updated_at: DateTimeUtc,
    /// The language and country of what is shown: `de_DE`.
    #[sea_orm(column_type = "String(StringLen::N(35))")]
    pub locale: Option<String>,
    #[sea_orm(belongs_to, from = "user_id", to = "id", on_delete = "Cascade")]
    pub user: BelongsTo<crate::identity::user::Entity>,
    #[sea_orm(has_many)]
    pub apps: HasMany<super::app::Entity>,
    #[sea_orm(has_one)]
    pub location: HasOne<super::location::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {
    fn beside(table: TableBuilder) -> TableBuilder {
        table
            .one_of("device_type", DeviceType::values())
            .between("brightness", 0, 100)
            .between("night_brightness", 0, 100)
            .between("dim_brightness", 0, 100)
            .at_least("default_interval_seconds", 0)
            .at_least("last_app_position", 0)
    }
}
