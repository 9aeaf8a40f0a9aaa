//! Shells: who opens one on what, by which agent, and why.
//!
//! A session is opened, ended once, and told once where its recording is; nothing else of it
//! changes, and nothing but pruning removes it, if a setting says so.

mod end;
mod list;
mod open;

pub use entity::access::shell_session::Model;
use entity::access::shell_session::{Column, Entity};
use sea_orm::ConnectionTrait;

pub(super) use self::end::end_all;
pub use self::{
    end::{close, end, ended, recorded},
    list::{Whose, by_name, list, list_own, of_agent, open_now},
    open::{Asked, FEWEST_WORDS, open},
};
use crate::{Error, Result, lookup::by_text};

const KIND: &str = "shell session";

/// The session of that name to the outside.
async fn named(db: &impl ConnectionTrait, name: &str) -> Result<Model> {
    by_text::<Entity>(db, Column::SessionId, name, |session| Some(&session.session_id))
        .await?
        .ok_or_else(|| Error::not_found(KIND, name))
}
