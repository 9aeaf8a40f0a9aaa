//! Displays: whose they are, which apps they show, and what each shows now.
//!
//! Everybody does with their own displays what they like and needs no right for it; the rights of this
//! domain are to those of others. An API key does with its owner's what is among its scopes. A display is
//! loaded and saved as one, with its apps and its place ([`display`]); which app it shows at a moment is
//! worked out from nothing but that ([`due`]). The display itself, and what sends it pictures, proves
//! itself by a key ([`key`]).

pub mod app;
mod authority;
pub mod brightness;
pub mod day;
pub mod display;
pub mod due;
pub mod key;
mod recurrence;
pub mod zone;

use entity::displays::{location, recurrence_pattern};
use sea_orm::ActiveValue::Set;

pub use self::authority::By;
use self::day::DayOfWeek;
use crate::{
    Result,
    records::{Domain, Record},
    rights::{CreateDisplays, DeleteDisplays, ReadDisplays, UpdateDisplays},
};

/// The tables of this domain, and the rights to them.
#[derive(Clone, Copy, Debug)]
pub enum Displays {}

impl Domain for Displays {
    const NAME: &'static str = "displays";
    type Create = CreateDisplays;
    type Read = ReadDisplays;
    type Update = UpdateDisplays;
    type Delete = DeleteDisplays;
}

impl Record for location::Entity {
    type Domain = Displays;
    const KIND: &'static str = "location of a display";

    fn settle(row: &mut location::ActiveModel) -> Result<()> {
        if let Set(Some(name)) = &row.timezone {
            zone::known(name)?;
        }
        Ok(())
    }
}

impl Record for recurrence_pattern::Entity {
    type Domain = Displays;
    const KIND: &'static str = "recurrence of an app";

    fn settle(row: &mut recurrence_pattern::ActiveModel) -> Result<()> {
        if let Set(Some(text)) = &row.day_of_week {
            text.parse::<DayOfWeek>()?;
        }
        if let Set(stored) = &row.weekdays {
            day::read(stored)?;
        }
        Ok(())
    }
}
