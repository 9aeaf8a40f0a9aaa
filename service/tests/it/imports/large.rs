//! Sources with very much in one record, or in one statement.

use entity::displays::app;
use plimsoll::Dialect;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, EntityTrait, PaginatorTrait, QuerySelect, TryGetable,
    sea_query::{Expr, Query},
};
use serde_json::{Map, Value, json};
use service::imports::{Source, source::tronbyt::Tronbyt};

use super::file::{File, bring, person_with, refused};

/// A display with an app for each of these configurations.
fn with(id: &str, configs: impl IntoIterator<Item = Value>) -> Value {
    let apps: Map<String, Value> = configs
        .into_iter()
        .enumerate()
        .map(|(at, config)| {
            let iname = at.to_string();
            (iname.clone(), json!({"iname": iname, "name": "clock", "config": config}))
        })
        .collect();
    json!({"id": id, "apps": apps})
}

mod what_a_server_does_not_take_at_once_comes_in_several_statements {
    #[test]
    fn mysql() {
        plimsoll::testing::run(super::Dialect::Mysql, &migration::app(), super::it_comes);
    }
}

async fn it_comes(db: &DatabaseConnection) {
    let asked = Query::select().expr(Expr::cust("CAST(@@max_allowed_packet AS UNSIGNED)")).take();
    let row = db.query_one(&asked).await.unwrap().unwrap();
    let most = usize::try_from(u64::try_get_by(&row, 0_usize).unwrap()).unwrap();
    let quarter = || json!({"text": "x".repeat(most / 4)});
    let whole = json!({"text": "x".repeat(most)});
    let many = with("0000000a", (0..5).map(|_| quarter()));
    let large = with("0000000b", [json!({}), whole]);
    let documents = [person_with("ana", &many), person_with("bo", &large)];
    let file = File::of(&documents, 4).await;

    let report = bring(db, &file).await;

    assert_eq!((report.faults, report.tables["apps"].made), (1, 6), "{:?}", report.tables);
    let told = refused(&report)[0];
    assert_eq!((&*told.unit, &*told.path), ("bo", "devices.0000000b.apps.1.config"));
    assert!(told.reason.contains("`max_allowed_packet`"), "{told}");
    assert_eq!(app::Entity::find().count(db).await.unwrap(), 6);
    let found = app::Entity::find().select_only().column(app::Column::Config);
    let configs: Vec<Value> = found.into_tuple().all(db).await.unwrap();
    assert_eq!(configs.iter().filter(|config| **config == quarter()).count(), 5);
}

#[test]
fn records_with_many_rows_come_few_at_a_time() {
    plimsoll::testing::block_on(async {
        let names: Vec<String> = (0..40).map(|number| format!("p{number}")).collect();
        let display = with("0000000a", (0..600).map(|_| json!({})));
        let documents: Vec<(&str, String)> =
            names.iter().map(|name| person_with(name, &display)).collect();
        let file = File::of(&documents, 4).await;
        let source = Tronbyt::open(&file.path, "viewer".to_owned()).await.unwrap();
        let (mut found, mut place) = (Vec::new(), None);

        loop {
            let (units, next) = source.some(place, 200).await.unwrap();
            let rows: usize = units.iter().map(|unit| unit.rows.len()).sum();
            assert!(rows < 6_000, "{rows} rows at once");
            found.extend(units.into_iter().map(|unit| unit.key));
            if next.is_none() {
                break;
            }
            place = next;
        }

        assert_eq!(found, names);
        assert_eq!(source.some(None, 3).await.unwrap().0.len(), 3);
    });
}
