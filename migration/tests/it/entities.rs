//! What the entities want is what the migrations make.

use plimsoll::{
    Schema, introspect,
    normal::normal,
    schema::{Rule, Sql},
};
use sea_orm::DatabaseConnection;

use crate::database::dialect;

plimsoll::on_every_database!(migration::app: the_entities_want_what_the_database_has);

async fn the_entities_want_what_the_database_has(db: &DatabaseConnection) {
    let tables = entity::schema().into_iter().map(|table| (table.name.clone(), table));
    let wanted = Schema { tables: tables.collect(), ..Schema::default() };

    let mut found = introspect(db).await.unwrap();

    let kept = |name: &str| name.starts_with("plimsoll_") || name == "seaql_migrations";
    found.tables.retain(|name, _| !kept(name));
    let wanted = normal(&wanted, dialect(db));
    assert_eq!(found.beyond, []);
    assert!(found.tables.keys().eq(wanted.tables.keys()));
    for (name, mut table) in found.tables {
        let mut wanted = wanted.tables[&name].clone();
        // An entity's columns stand in another order.
        table.columns.sort_by(|a, b| a.name.cmp(&b.name));
        wanted.columns.sort_by(|a, b| a.name.cmp(&b.name));
        // Whether two conditions of no known form mean the same, only the database can tell.
        for check in table.checks.iter_mut().chain(&mut wanted.checks) {
            if let Rule::Sql(sql) = &mut check.rule {
                *sql = Sql::new("any");
            }
        }
        assert_eq!(table, wanted);
    }
}
