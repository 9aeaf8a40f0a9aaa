//! Keep what tronbyt lost.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new()
        .alter("devices", |t| t.add(|t| t.column(string_len_null("locale", 35))))
        .alter("locations", |t| t.add(|t| t.column(string_len_null("name", 255))))
        .alter("users", |t| t.add(|t| t.column(string_len_null("system_repo_url", 2048))))
}
