//! Taking out when something came later that looks like what the import brought.

use std::{
    collections::{BTreeMap, BTreeSet},
    future::pending,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use entity::{
    displays::device,
    identity::{permission, role, role_permission, user_role},
    imports::import,
};
use futures_timer::Delay;
use futures_util::future::{Either, join, select};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, TransactionTrait,
};
use serde_json::json;
use service::{
    Error, Result, Rights, World, identity,
    imports::{self, Cell, ImportStatus, Options, Report, Row, Source, Undone, Unit},
    rights::{AssignRoles, GrantPermissions, Permission, ReadUsers, UpdateUsers},
    rule::Rule,
};

use super::file::{File, bring, counts, named, person_with, run};
use crate::people::admin;

plimsoll::on_every_database!(migration::app:
    rights_that_somebody_gave_again_stay,
    a_row_that_an_import_changed_is_still_its_own,
    what_an_import_only_changed_stays_and_is_told,
    what_keeps_all_or_nothing_is_not_gone_on_with,
    who_comes_just_behind_another_is_told,
);

/// A role with two permissions, and a person who has it since then.
struct Crew {
    since: &'static str,
}

fn row<const N: usize>(table: &str, key: &str, cells: [(&str, Cell); N]) -> Row {
    Row {
        table: table.to_owned().into(),
        key: key.to_owned(),
        path: key.to_owned(),
        cells: cells.into_iter().map(|(name, cell)| (name.to_owned().into(), cell)).collect(),
        ..Row::default()
    }
}

fn text(value: &str) -> Cell {
    Cell::Is(json!(value))
}

fn to(key: &str) -> Cell {
    Cell::Row(key.to_owned())
}

/// That the role has a permission.
fn grant(code: &str) -> Row {
    let permission = Cell::Named("permissions", "code", code.to_owned());
    let cells = [("role_id", to("roles/crew")), ("permission_id", permission)];
    row("role_permissions", &format!("role_permissions/{code}"), cells)
}

impl Source for Crew {
    type Place = i64;

    fn kind(&self) -> &'static str {
        "crew"
    }

    fn origin(&self) -> String {
        "nowhere".to_owned()
    }

    async fn count(&self) -> Result<u64> {
        Ok(1)
    }

    async fn some(&self, _from: Option<i64>, _limit: usize) -> Result<(Vec<Unit>, Option<i64>)> {
        let member = [
            ("user_id", to("users/ana")),
            ("role_id", to("roles/crew")),
            ("created_at", text(self.since)),
        ];
        let rows = vec![
            row("roles", "roles/crew", [("name", text("crew")), ("name_key", text("crew"))]),
            grant(ReadUsers::CODE),
            grant(UpdateUsers::CODE),
            row("users", "users/ana", [("username", text("ana")), ("username_key", text("ana"))]),
            row("user_roles", "user_roles/ana", member),
        ];
        Ok((vec![Unit { key: "crew".to_owned(), rows, ..Unit::default() }], None))
    }
}

async fn crew(db: &DatabaseConnection, since: &'static str, options: &Options) -> Report {
    let report = imports::run(db, &World::system(), &Crew { since }, options, &|_| {}).await;
    let report = report.unwrap();
    assert_eq!(report.faults, 0, "{:?}", report.remarks);
    report
}

async fn undo(db: &DatabaseConnection, report: &Report) -> Undone {
    imports::undo(db, &World::system(), report.import_id.unwrap()).await.unwrap()
}

async fn permission_of(db: &DatabaseConnection, code: &str) -> i64 {
    let found = permission::Entity::find().filter(permission::Column::Code.eq(code));
    found.one(db).await.unwrap().unwrap().id
}

async fn rights_that_somebody_gave_again_stay(db: &DatabaseConnection) {
    let report = crew(db, "2020-01-01T00:00:00Z", &Options::default()).await;
    let role = role::Entity::find().filter(role::Column::NameKey.eq("crew")).one(db).await;
    let (role, ana) = (role.unwrap().unwrap().id, named(db, "ana").await.id);
    let (read, update) =
        (permission_of(db, ReadUsers::CODE).await, permission_of(db, UpdateUsers::CODE).await);
    let assigning = &admin::<AssignRoles>(db).await;
    let granting = &admin::<GrantPermissions>(db).await;
    let rights = Rights::new(World::system());
    let taken = rights.change(db, |change, _| {
        Box::pin(async move {
            identity::role::revoke(change, assigning, ana, role).await?;
            identity::permission::withdraw(change, granting, role, read).await
        })
    });
    taken.await.unwrap();
    let given = rights.change(db, |change, _| {
        Box::pin(async move {
            identity::role::assign(change, assigning, ana, role).await?;
            identity::permission::grant(change, granting, role, read).await
        })
    });
    given.await.unwrap();

    let undone = undo(db, &report).await;

    let kept: BTreeSet<(&str, &str)> =
        undone.kept.iter().map(|kept| (&*kept.source, &*kept.because)).collect();
    let later = "another row has its key now";
    let expected = [
        (&*format!("role_permissions/{}", ReadUsers::CODE), later),
        ("roles/crew", "rows of `role_permissions`, `user_roles` belong to it"),
        ("user_roles/ana", later),
        ("users/ana", "rows of `user_roles` belong to it"),
    ]
    .map(|(source, because)| (source.to_owned(), because.to_owned()));
    let expected: BTreeSet<(&str, &str)> =
        expected.iter().map(|(source, because)| (&**source, &**because)).collect();
    assert_eq!(kept, expected);
    assert_eq!((undone.removed.len(), undone.removed["role_permissions"]), (1, 1));
    let carries = async |permission: i64| {
        let row = role_permission::Entity::find_by_id((role, permission)).one(db).await;
        row.unwrap().is_some()
    };
    assert_eq!((carries(read).await, carries(update).await), (true, false));
    let has = user_role::Entity::find_by_id((ana, role)).one(db).await.unwrap();
    assert!(has.is_some());
}

async fn a_row_that_an_import_changed_is_still_its_own(db: &DatabaseConnection) {
    let first = crew(db, "2020-01-01T00:00:00Z", &Options::default()).await;
    let update = Options { update: true, ..Options::default() };
    let second = crew(db, "2021-01-01T00:00:00Z", &update).await;
    assert_eq!(second.tables["user_roles"].updated, 1, "{:?}", second.tables);

    let undone = undo(db, &first).await;

    assert!(undone.kept.is_empty(), "{undone:?}");
    assert_eq!((undone.removed["user_roles"], undone.removed["users"]), (1, 1));
}

async fn what_an_import_only_changed_stays_and_is_told(db: &DatabaseConnection) {
    let file = File::sample().await;
    let first = bring(db, &file).await;
    file.change("admin", "\"brightness\":35", "\"brightness\":50").await;
    let second = run(db, &file, &Options { update: true, ..Options::default() }).await.unwrap();
    let before = counts(db).await;

    let undone = undo(db, &second).await;

    assert_eq!(undone.changed, BTreeMap::from([("devices".to_owned(), 1)]));
    assert!(undone.removed.is_empty() && undone.kept.is_empty(), "{undone:?}");
    assert_eq!(counts(db).await, before);
    let display = device::Entity::find_by_id("a1b2c3d4").one(db).await.unwrap().unwrap();
    assert_eq!(display.brightness, 50);
    assert_eq!(bring(db, &file).await.tables["devices"].same, 3);
    let undone = undo(db, &first).await;
    assert_eq!((undone.removed["devices"], undone.changed.len()), (3, 0), "{undone:?}");
}

/// A source that gives its records once, and then never again.
struct Stalled {
    given: AtomicBool,
}

impl Source for Stalled {
    type Place = i64;

    fn kind(&self) -> &'static str {
        "crew"
    }

    fn origin(&self) -> String {
        "nowhere".to_owned()
    }

    async fn count(&self) -> Result<u64> {
        Ok(1)
    }

    async fn some(&self, from: Option<i64>, limit: usize) -> Result<(Vec<Unit>, Option<i64>)> {
        if self.given.swap(true, Ordering::SeqCst) {
            pending::<()>().await;
        }
        Crew { since: "2020-01-01T00:00:00Z" }.some(from, limit).await
    }
}

async fn what_keeps_all_or_nothing_is_not_gone_on_with(db: &DatabaseConnection) {
    let world = World::system();
    let all = Options { all_or_nothing: true, ..Options::default() };
    let stalled = Stalled { given: AtomicBool::new(false) };
    let running = async { imports::run(db, &world, &stalled, &all, &|_| {}).await };
    let begun = async {
        loop {
            if let Some(import) = import::Entity::find().one(db).await.unwrap() {
                return import.id;
            }
            Delay::new(Duration::from_millis(20)).await;
        }
    };
    // As if it were killed: it is given up in the middle.
    let Either::Right((id, _)) = select(Box::pin(running), Box::pin(begun)).await else {
        panic!("it has ended")
    };
    let source = Crew { since: "2020-01-01T00:00:00Z" };
    let run = async |options: &Options| {
        imports::run(db, &world, &source, options, &|_| {}).await.map(|report| report.faults)
    };

    for options in [&Options { resume: true, ..Options::default() }, &all, &Options::default()] {
        let refused = run(options).await;

        let Err(Error::Refused { rule: Rule::Interrupted, .. }) = refused else {
            panic!("{refused:?}")
        };
        let told = refused.unwrap_err().to_string();
        assert!(told.contains("all or nothing") && !told.contains("--resume"), "{told}");
    }
    imports::undo(db, &world, id).await.unwrap();
    assert_eq!(run(&all).await.unwrap(), 0);
}

async fn who_comes_just_behind_another_is_told(db: &DatabaseConnection) {
    let file = File::of(&[person_with("ana", &json!({"id": "0000000a"}))], 4).await;
    let id = bring(db, &file).await.import_id.unwrap();
    // The other one is about to end.
    let tx = db.begin().await.unwrap();
    let undone = import::ActiveModel { status: Set(ImportStatus::Undone), ..Default::default() };
    let other = import::Entity::update_many().set(undone).filter(import::Column::Id.eq(id));
    other.exec(&tx).await.unwrap();

    let world = World::system();
    let ends = async {
        Delay::new(Duration::from_millis(200)).await;
        tx.commit().await.unwrap();
    };
    let (refused, ()) = join(imports::undo(db, &world, id), ends).await;

    assert!(matches!(refused, Err(Error::Refused { rule: Rule::Transition, .. })), "{refused:?}");
    assert_eq!(counts(db).await[..2], [1, 1]);
}
