//! Words that stand for one of a few values.

use sea_orm::ActiveEnum;
use service::displays::{
    day::{self, WEEK},
    display::{DeviceType, RecurrenceType},
};
use utoipa::openapi::{
    RefOr, Schema,
    schema::{ArrayBuilder, ObjectBuilder, Type},
};

use crate::Problem;

/// The value that a word stands for in a field.
pub(super) fn read<T: ActiveEnum<Value = String>>(field: &str, word: &str) -> Result<T, Problem> {
    T::try_from_value(&word.to_owned())
        .map_err(|_| Problem::invalid(&format!("`{field}` is one of {}", T::values().join(", "))))
}

pub(super) fn device_types() -> RefOr<Schema> {
    one_of(DeviceType::values())
}

pub(super) fn recurrence_types() -> RefOr<Schema> {
    one_of(RecurrenceType::values())
}

pub(super) fn weekdays() -> RefOr<Schema> {
    let names = WEEK.into_iter().map(|day| day::name(day).to_owned());
    RefOr::T(Schema::Array(ArrayBuilder::new().items(one_of(names)).build()))
}

fn one_of(words: impl IntoIterator<Item = String>) -> RefOr<Schema> {
    let words = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).build();
    RefOr::T(Schema::Object(words))
}
