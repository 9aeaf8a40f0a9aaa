//! A column of every kind that SeaORM knows.

use sea_orm::entity::prelude::*;

/// An enumeration stored as text.
#[derive(Clone, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(20))")]
pub enum State {
    /// It swims.
    #[sea_orm(string_value = "afloat")]
    Afloat,
    /// It does not.
    #[sea_orm(string_value = "it's sunk")]
    Sunk,
}

/// An enumeration stored as a number.
#[derive(Clone, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i32", db_type = "Integer")]
pub enum Rank {
    /// The lowest.
    #[sea_orm(num_value = 0)]
    Sailor,
    /// The highest.
    #[sea_orm(num_value = 1)]
    Captain,
}

/// A native enumeration, where the database has them.
#[derive(Clone, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Enum", enum_name = "mood")]
pub enum Mood {
    /// Well.
    #[sea_orm(string_value = "calm")]
    Calm,
    /// Unwell.
    #[sea_orm(string_value = "mutinous")]
    Mutinous,
}

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "kinds", comment = "one of each")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub boolean: bool,
    pub tiny: i8,
    pub small: i16,
    pub int: i32,
    pub big: i64,
    pub tiny_unsigned: u8,
    pub small_unsigned: u16,
    pub unsigned: u32,
    pub big_unsigned: u64,
    pub float: f32,
    pub double: f64,
    #[sea_orm(column_type = "Decimal(None)")]
    pub decimal: f64,
    #[sea_orm(column_type = "Decimal(Some((12, 3)))")]
    pub decimal_len: f64,
    #[sea_orm(column_type = "Money(None)")]
    pub money: f64,
    pub string: String,
    #[sea_orm(column_type = "String(StringLen::N(40))", comment = "it's \"of\" 40")]
    pub string_len: String,
    #[sea_orm(column_type = "Text")]
    pub text: String,
    #[sea_orm(column_type = "Char(Some(3))")]
    pub char_len: String,
    #[sea_orm(column_type = "Char(None)")]
    pub char: String,
    pub bytes: Vec<u8>,
    #[sea_orm(column_type = "Binary(16)")]
    pub binary: Vec<u8>,
    #[sea_orm(column_type = "VarBinary(StringLen::N(32))")]
    pub var_binary: Vec<u8>,
    #[sea_orm(column_type = "Blob")]
    pub blob: Vec<u8>,
    pub date: Date,
    pub time: Time,
    pub date_time: DateTime,
    #[sea_orm(column_type = "Timestamp")]
    pub timestamp: DateTime,
    pub utc: DateTimeUtc,
    pub with_zone: DateTimeWithTimeZone,
    #[sea_orm(column_type = "Json")]
    pub json: Json,
    #[sea_orm(column_type = "JsonBinary")]
    pub json_binary: Json,
    pub uuid: Uuid,
    pub state: State,
    pub rank: Rank,
    pub mood: Mood,
    pub maybe_boolean: Option<bool>,
    pub maybe_int: Option<i32>,
    pub maybe_unsigned: Option<u64>,
    pub maybe_double: Option<f64>,
    pub maybe_string: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub maybe_text: Option<String>,
    pub maybe_bytes: Option<Vec<u8>>,
    pub maybe_date: Option<Date>,
    pub maybe_time: Option<Time>,
    pub maybe_date_time: Option<DateTime>,
    pub maybe_utc: Option<DateTimeUtc>,
    pub maybe_json: Option<Json>,
    pub maybe_uuid: Option<Uuid>,
    pub maybe_state: Option<State>,
    pub maybe_mood: Option<Mood>,
}

impl ActiveModelBehavior for ActiveModel {}

/// What SeaORM writes in a way that not every database takes.
pub(crate) mod wide {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "wide")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: u32,
        #[sea_orm(column_type = "Money(Some((10, 2)))")]
        pub money_len: f64,
        #[sea_orm(column_type = "String(StringLen::Max)")]
        pub string_max: String,
        #[sea_orm(column_type = "VarBinary(StringLen::Max)")]
        pub var_binary_max: Vec<u8>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}
