//! A program whose entities want something else than its migrations make: to see what `generate`
//! asks, and for the tests, which answer.
//!
//! ```text
//! cargo run -p plimsoll --features cli,runtime-tokio-rustls --example differing -- generate contact --dry-run
//! ```

use std::process::ExitCode;

use plimsoll::{App, History, prelude::*};
use sea_orm::entity::prelude::*;

fn pets() -> Steps {
    Steps::new().create_table("pets", |t| {
        t.column(big_pk_auto("id"))
            .column(string_len_null("fax", 20))
            .column(string_len_null("name", 4))
    })
}

mod pet {
    use super::*;

    /// An animal, and how its owner is reached.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "pets")]
    pub(crate) struct Model {
        #[sea_orm(primary_key)]
        pub(crate) id: i64,
        #[sea_orm(column_type = "String(StringLen::N(20))")]
        pub(crate) mail: Option<String>,
        #[sea_orm(column_type = "String(StringLen::N(4))")]
        pub(crate) name: String,
        pub(crate) age: i16,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

fn app() -> App {
    App::new(History::new().declared("m20260101_000000_create_pets", pets))
        .entities(plimsoll::entities![pet::Entity])
}

fn main() -> ExitCode {
    #[cfg(feature = "runtime-tokio-rustls")]
    return match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(app().run()),
        Err(_) => ExitCode::FAILURE,
    };
    #[cfg(all(feature = "runtime-async-std-rustls", not(feature = "runtime-tokio-rustls")))]
    return async_std::task::block_on(app().run());
    #[cfg(not(any(feature = "runtime-tokio-rustls", feature = "runtime-async-std-rustls")))]
    {
        drop(app());
        ExitCode::FAILURE
    }
}
