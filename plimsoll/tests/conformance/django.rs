//! The cases of Django.

#[path = "django/constraints.rs"]
pub(crate) mod constraints;
#[path = "django/fields.rs"]
pub(crate) mod fields;
#[path = "django/introspection.rs"]
pub(crate) mod introspection;
#[path = "django/models.rs"]
pub(crate) mod models;
#[path = "django/optimizer.rs"]
pub(crate) mod optimizer;
#[path = "django/questioner.rs"]
pub(crate) mod questioner;

use plimsoll::{TableBuilder, schema::ForeignKey};

/// The autodetector, whose cases stand in three files here.
const FILE: &str = "tests/migrations/test_autodetector.py";
const NAME: &str = "AutodetectorTests";

/// The same table with a foreign key from that column.
fn refers(table: TableBuilder, column: &str, to: &str) -> TableBuilder {
    let name = format!("fk_{}_{column}", table.name());
    table.add_foreign_key(ForeignKey::new(name, [column], to, ["id"]))
}
