//! What the planners make of the queries of our rules, where there are very many rows: each goes by an
//! index. `SQLite` is not asked; its planner knows less of the data.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use chrono::{DateTime, TimeDelta, Utc};
use entity::{
    gateway::api_definition::HttpMethod, identity::user, inventory::elder_host,
    webtest::environment::EnvironmentDesignation,
};
use plimsoll::{clock::ManualClock, testing};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, EntityTrait, Statement, TryGetable};
use secrecy::SecretString;
use service::{
    World, access, audit, cloud, displays, fleet, gateway, inventory, netboot, proxy,
    rights::Actor, secrets, teams, webtest,
};

use crate::{
    many::{MANY, filled_with_many, is_large},
    people::admin,
};

#[test]
fn every_rule_that_reads_many_rows_goes_by_an_index_postgres() {
    testing::run(plimsoll::Dialect::Postgres, &migration::app(), every_rule_goes_by_an_index);
}

#[test]
fn every_rule_that_reads_many_rows_goes_by_an_index_mysql() {
    testing::run(plimsoll::Dialect::Mysql, &migration::app(), every_rule_goes_by_an_index);
}

/// A connection that remembers what was sent through it.
struct Watched {
    db: DatabaseConnection,
    sent: Arc<Mutex<Vec<Statement>>>,
    faults: Vec<String>,
    judged: usize,
}

impl Watched {
    fn of(db: &DatabaseConnection) -> Self {
        let (mut db, sent) = (db.clone(), Arc::new(Mutex::new(Vec::new())));
        let into = sent.clone();
        db.set_metric_callback(move |info| into.lock().unwrap().push(info.statement.clone()));
        Self { db, sent, faults: Vec::new(), judged: 0 }
    }

    /// Looks at the plans of what was sent since the last time.
    async fn judge(&mut self, rule: &str, db: &DatabaseConnection) {
        let sent = std::mem::take(&mut *self.sent.lock().unwrap());
        let mut judged = 0;
        for statement in sent {
            let verb = statement.sql.split_whitespace().next().unwrap_or_default().to_uppercase();
            if !["SELECT", "UPDATE", "DELETE", "WITH"].contains(&&*verb) {
                continue;
            }
            judged += 1;
            for scanned in scanned(db, &statement).await {
                self.faults.push(format!("{rule}: all of `{scanned}`: {}", statement.sql));
            }
        }
        assert!(judged > 0, "{rule} asks the database nothing");
        self.judged += judged;
    }
}

/// The large tables that a statement reads from one end to the other.
async fn scanned(db: &DatabaseConnection, statement: &Statement) -> Vec<String> {
    let sql = format!("EXPLAIN {}", statement.sql);
    let explain = Statement { sql, ..statement.clone() };
    let rows = db.query_all_raw(explain).await.unwrap();
    let text = |row, name: &str| Option::<String>::try_get(row, "", name).unwrap_or_default();
    if db.get_database_backend() == DbBackend::Postgres {
        let lines = rows.iter().filter_map(|row| text(row, "QUERY PLAN"));
        let tables = lines.filter_map(|line| {
            let (_, table) = line.split_once("Seq Scan on ")?;
            Some(table.split_whitespace().next()?.to_owned())
        });
        return tables.filter(|table| is_large(table)).collect();
    }
    rows.iter()
        .filter(|row| {
            let rows = Option::<i64>::try_get(row, "", "rows").ok().flatten().unwrap_or_default();
            let kind = text(row, "type").unwrap_or_default();
            kind == "ALL" || kind == "index" && rows > MANY / 2
        })
        .filter_map(|row| text(row, "table"))
        // What a query has worked out itself is no table.
        .filter(|table| !table.starts_with('<') && is_large(table))
        .collect()
}

/// Asks by each of the rules, and looks at the plans.
macro_rules! look {
    ($asked:ident; $($rule:literal => $call:expr;)+) => {
        $(
            let _ = $call.await;
            $asked.watched.judge($rule, $asked.db).await;
        )+
    };
}

/// Who asks what database, and when.
struct Asked<'a> {
    db: &'a DatabaseConnection,
    many: DatabaseConnection,
    watched: Watched,
    world: World,
    actor: Actor,
}

async fn every_rule_goes_by_an_index(db: &DatabaseConnection) {
    filled_with_many(db).await;
    // The rows are of the first weeks of 2026; somebody asks on the second day.
    let now: DateTime<Utc> = "2026-01-02T00:00:00Z".parse().unwrap();
    let clock = Arc::new(ManualClock::new(now));
    let person = user::Entity::find_by_id(500).one(db).await.unwrap().unwrap();
    let sql = "SELECT id FROM cloud_machines WHERE zone = 'nowhere'";
    let without = Statement::from_string(db.get_database_backend(), sql);
    assert_eq!(scanned(db, &without).await, ["cloud_machines"], "what has no index is seen");
    let watched = Watched::of(db);
    let mut asked = Asked {
        db,
        many: watched.db.clone(),
        watched,
        world: World { clock, random: World::system().random },
        actor: Actor::of(&person),
    };

    people(&mut asked).await;
    machines(&mut asked).await;
    traffic(&mut asked).await;
    tests_and_displays(&mut asked).await;

    let watched = asked.watched;
    let distinct: BTreeSet<&String> = watched.faults.iter().collect();
    assert!(distinct.is_empty(), "{distinct:#?}");
    assert!(watched.judged >= 60, "{}", watched.judged);
}

/// A token that is well-formed and nobody's.
fn service_key() -> String {
    format!("plg_{}", "A".repeat(43))
}

async fn people(asked: &mut Asked<'_>) {
    let (db, many, world, actor) =
        (asked.db, &asked.many.clone(), &asked.world.clone(), &asked.actor.clone());
    let by = &admin(db).await;
    let resource = &teams::access::Resource::new("x700", "x700").unwrap();
    look! {
        asked;
        "teams by name" => teams::team::by_name(many, by, "x700");
        "a page of teams" => teams::team::list(many, by, None, 50);
        "members" => teams::member::list(many, by, 700);
        "own members" => teams::member::list_own(many, world, actor, 700);
        "resources of a team" => teams::assignment::of_team(many, by, 700);
        "own access" => teams::access::own(many, world, actor, resource);
        "access explained" => teams::access::explain(many, world, by, 500, resource);
    }
    let by = &admin(db).await;
    let filter = |change: &dyn Fn(&mut audit::Filter)| {
        let mut filter = audit::Filter::default();
        change(&mut filter);
        filter
    };
    let of_actor = filter(&|it| it.actor_id = Some(700));
    let of_subject = filter(&|it| it.subject = Some(("x700".to_owned(), "x700".to_owned())));
    look! {
        asked;
        "a page of the log" => audit::list(many, by, &audit::Filter::default(), None, 50);
        "the log of a person" => audit::list(many, by, &of_actor, None, 50);
        "the log of a thing" => audit::list(many, by, &of_subject, None, 50);
    }
    let by = &admin(db).await;
    look! {
        asked;
        "secret by path" => secrets::secret::by_path(many, by, "x700");
        "a page of secrets" => secrets::secret::list(many, by, None, 50);
    }
}

async fn machines(asked: &mut Asked<'_>) {
    let (db, many, world, actor) =
        (asked.db, &asked.many.clone(), &asked.world.clone(), &asked.actor.clone());
    let day = TimeDelta::days(1);
    let resource = &teams::access::Resource::new("x700", "x700").unwrap();
    let (by, work) = (&admin(db).await, &admin(db).await);
    look! {
        asked;
        "job by name" => cloud::job::by_job_id(many, by, "x700");
        "claiming a job" => cloud::job::claim(many, world, work, "worker");
        "stale jobs" => cloud::job::release_stale(many, world, work, day);
    }

    let (by, report) = (&admin(db).await, &admin(db).await);
    look! {
        asked;
        "answers of a host" => fleet::answer::results(many, by, 700, None, 50);
        "changed answers" => fleet::answer::changed(many, by, 700, "x700");
        "open alerts" => fleet::alarm::open(many, by, None, 50);
        "claiming an execution" => fleet::execution::claim(many, report);
        "silent hosts" => fleet::host::silent(many, world, report, day - TimeDelta::minutes(10));
        "due queries" => fleet::schedule::due(many, world, report);
    }
    let by = &admin(db).await;
    look! {
        asked;
        "pending hosts" => inventory::sync::pending::<elder_host::Entity>(many, by, None, 50);
    }

    let (read, update) = (&admin(db).await, &admin(db).await);
    let key = service_key();
    look! {
        asked;
        "agent by token" => access::agent::authenticate(many, &key);
        "silent agents" => access::agent::silent(many, world, update, day - TimeDelta::minutes(10));
        "shell by name" => access::shell::by_name(many, read, "x700");
        "shells of a person" =>
            access::shell::list(many, read, &access::shell::Whose::Person(700), None, 50);
        "open shells of an agent" =>
            access::shell::open_now(many, read, &access::shell::Whose::Agent(700), None, 50);
        "shells on a resource" => access::shell::list(
            many, read, &access::shell::Whose::Resource(resource.clone()), None, 50
        );
        "own shells" => access::shell::list_own(many, actor, None, 50);
    }

    let by = &admin(db).await;
    look! {
        asked;
        "machine by address" => netboot::machine::by_mac(many, by, "00:00:5e:00:53:01");
        "what a machine boots" => netboot::boot::plan(many, by, "00:00:5e:00:53:01");
        "events of a machine" => netboot::boot_event::of_machine(many, by, 700, None, 50);
    }
}

async fn traffic(asked: &mut Asked<'_>) {
    let (db, many, world, actor) =
        (asked.db, &asked.many.clone(), &asked.world.clone(), &asked.actor.clone());
    let day = TimeDelta::days(1);
    let now = world.clock.now();
    let (read, count) = (&admin(db).await, &admin(db).await);
    let (from, to) = (now - TimeDelta::days(7), now);
    look! {
        asked;
        "api by path" => gateway::api::find(many, count, "/x7", HttpMethod::Get, "x7");
        "usage by day" => gateway::usage::by_day(many, read, 7, from, to);
        "top apis" => gateway::usage::top(many, read, now - day, to, 10);
    }

    let by = &admin(db).await;
    let update = &admin(db).await;
    look! {
        asked;
        "assignments of a cluster" => proxy::assignment::list_cluster(many, by, 7, None, 50);
        "assignments of a service" => proxy::assignment::list_service(many, by, 700, None, 50);
        "sight of a cluster" => proxy::assignment::of_cluster(many, actor, 7);
        "sight of a service" => proxy::assignment::of_service(many, actor, 700);
        "visible clusters" => proxy::assignment::visible_clusters(many, actor, None, 50);
        "visible services" => proxy::assignment::visible_services(many, actor, None, 50);
        "expiring certificates" => proxy::certificate::expiring(many, by, world, day, None, 50);
        "expired certificates" => proxy::certificate::expired(many, by, world, None, 50);
        "due certificates" => proxy::certificate::due(many, by, world, None, 50);
        "policies of a cluster" => proxy::qos::in_order(many, by, 7);
        "policies of a service" => proxy::qos::in_order_of_service(many, by, 700);
        "choosing a route" => proxy::route::choose(many, world, by, 700, None);
        "silent proxies" => proxy::server::silent(many, world, update, day - TimeDelta::minutes(10));
        "what a proxy reported" => proxy::server::reported(many, by, 700, 50);
        "traces" => proxy::tracing::stats(many, by, 7, 50);
    }
}

async fn tests_and_displays(asked: &mut Asked<'_>) {
    let (db, many, world, actor) =
        (asked.db, &asked.many.clone(), &asked.world.clone(), &asked.actor.clone());
    let (read, work) = (&admin(db).await, &admin(db).await);
    let qa = EnvironmentDesignation::Qa;
    look! {
        asked;
        "item by number" => webtest::email_item::by_item_id(many, read, 700);
        "unprocessed items" => webtest::email_item::unprocessed(many, read, None, 50);
        "numbers of items" => webtest::email_item::item_ids(many, read, None, 50);
        "taking an item" => webtest::email_item::take(many, world, work, "worker");
        "environment by name" => webtest::environment::by_name(many, read, "x7");
        "user of an environment" => webtest::environment_user::by_name(many, read, 7, "x700");
        "page by name" => webtest::page::by_name(many, read, "x700");
        "pages of an environment" => webtest::page::in_environments(many, read, qa, None, 50);
        "elements of a page" => webtest::page_identifier::in_environments(many, read, 700, qa);
        "element by name" => webtest::page_identifier::by_element_name(many, read, 700, "x700");
    }

    let key = &SecretString::from("x700");
    let own = displays::By::Actor(actor, "000001f4");
    look! {
        asked;
        "display by key" => displays::key::by_key(many, key);
        "a display" => displays::display::load(many, own);
        "all displays of a person" => displays::display::load_all(many, actor, 500);
        "an app" => displays::app::by_iname(many, own, "x500");
    }
}
