//! What tests of web applications need to know: pages, environments, test users, mail.

pub mod email_item;
pub mod environment;
pub mod environment_user;
pub mod page;
pub mod page_identifier;
