//! Pixel displays, the apps that they show, and when.

pub mod app;
pub mod device;
pub mod location;
pub mod recurrence_pattern;
