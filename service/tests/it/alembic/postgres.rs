//! Sources on PostgreSQL, whose types are its own.

use entity::{
    proxy::{cluster, proxy_metric},
    webtest::page,
};
use plimsoll::{Dialect, testing::Scratch};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use secrecy::ExposeSecret as _;
use serde_json::json;

use super::database::{FENRIR, GOUGH, MARCHPROXY, RAG_FORTRESS, accounted, bring, whole};

mod a_source_on_postgres_is_taken_over {
    #[test]
    fn postgres() {
        plimsoll::testing::run_empty(super::Dialect::Postgres, super::it_is_taken_over);
    }
}

/// The source is in a schema beside that of the target.
async fn it_is_taken_over(scratch: &Scratch) {
    migration::app().up(&scratch.database).await.unwrap();
    let sources =
        [("rag", RAG_FORTRESS), ("march", MARCHPROXY), ("fenrir", FENRIR), ("gough", GOUGH)];
    for (schema, sql) in sources {
        scratch.db.execute_unprepared(&format!("CREATE SCHEMA {schema}")).await.unwrap();
        let database = scratch.database.clone().with_schema(Some(schema.to_owned()));
        let source = plimsoll::connect::session(&database).await.unwrap();
        source.execute_unprepared(&whole(sql)).await.unwrap();
        source.close().await.unwrap();
        let url = database.url();
        let from = url.expose_secret();

        let report = bring(&scratch.db, from).await;

        accounted(from, &report).await;
    }
    let edge = cluster::Entity::find().filter(cluster::Column::Name.eq("edge"));
    let edge = edge.one(&scratch.db).await.unwrap().unwrap();
    assert_eq!(edge.attributes, json!({"region": "süd", "of": [1, 2.5, null]}));
    let metric = proxy_metric::Entity::find().filter(proxy_metric::Column::BytesSent.is_not_null());
    let metric = metric.one(&scratch.db).await.unwrap().unwrap();
    assert_eq!(metric.bytes_sent, Some(9_007_199_254_740_993));
    assert_eq!(metric.requests_per_second, Some(0.300_000_000_000_000_04));
    let pages = page::Entity::find().order_by_asc(page::Column::Id).all(&scratch.db).await.unwrap();
    assert_eq!(pages[0].environments, json!(["local", "prod"]));
}
