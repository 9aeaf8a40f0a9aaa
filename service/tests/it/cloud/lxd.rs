//! Who belongs to an LXD cluster, and who leads it.

use entity::cloud::{cloud_machine, lxd_cluster, lxd_cluster_member as members};
use futures_util::future::join_all;
use plimsoll::retry::BoxFuture;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, DatabaseConnection, EntityTrait,
    PaginatorTrait, QueryFilter, QueryOrder,
};
use service::{
    Error, Result, World,
    audit::audited,
    cloud::lxd::{self, NewMember},
    records,
    rights::{CreateCloud, DeleteCloud, Granted, UpdateCloud},
    rule::Rule,
};

use super::{is_refused, machine, stored, told, world};
use crate::people::admin;

plimsoll::on_every_database!(migration::app:
    the_first_member_leads_and_the_machines_follow,
    a_machine_is_a_member_once_and_where_its_cluster_is,
    who_leads_others_does_not_leave,
    of_members_that_are_to_lead_at_once_one_does,
    of_members_that_join_and_leave_at_once_one_leads,
    what_lxd_says_of_a_member_is_kept_in_lower_case,
    of_a_member_its_address_alone_is_written_plainly,
    a_cluster_that_is_deleted_leaves_its_machines,
);

async fn cluster(db: &DatabaseConnection, name: &str) -> i64 {
    let row = lxd_cluster::ActiveModel { name: Set(name.to_owned()), ..Default::default() };
    row.insert(db).await.unwrap().id
}

fn member(name: &str, machine_id: Option<i64>) -> NewMember {
    NewMember { name: name.to_owned(), machine_id, api_url: None }
}

async fn join(
    db: &DatabaseConnection,
    by: &Granted<UpdateCloud>,
    cluster_id: i64,
    new: NewMember,
) -> Result<members::Model> {
    let new = &new;
    audited(db, &World::system(), |unit, _| Box::pin(lxd::join(unit, by, cluster_id, new.clone())))
        .await
}

async fn leave(
    db: &DatabaseConnection,
    by: &Granted<UpdateCloud>,
    cluster_id: i64,
    member_id: i64,
) -> Result<()> {
    audited(db, &World::system(), |unit, _| Box::pin(lxd::leave(unit, by, cluster_id, member_id)))
        .await
}

async fn lead(
    db: &DatabaseConnection,
    by: &Granted<UpdateCloud>,
    cluster_id: i64,
    member_id: i64,
) -> Result<members::Model> {
    audited(db, &World::system(), |unit, _| Box::pin(lxd::lead(unit, by, cluster_id, member_id)))
        .await
}

/// Says plainly in which cluster a machine runs.
async fn put(
    db: &DatabaseConnection,
    by: &Granted<UpdateCloud>,
    machine_id: i64,
    cluster_id: Option<i64>,
) -> Result<cloud_machine::Model> {
    audited(db, &World::system(), |unit, _| {
        let lxd_cluster_id = Set(cluster_id);
        let row = cloud_machine::ActiveModel { lxd_cluster_id, ..Default::default() };
        Box::pin(records::update::<cloud_machine::Entity>(unit, by, machine_id, row))
            as BoxFuture<'_, _>
    })
    .await
}

/// The names of those who lead.
async fn leaders(db: &DatabaseConnection, cluster_id: i64) -> Vec<String> {
    let leaders = members::Entity::find()
        .filter(members::Column::ClusterId.eq(cluster_id))
        .filter(members::Column::IsLeader.eq(true))
        .order_by_asc(members::Column::Id);
    leaders.all(db).await.unwrap().into_iter().map(|member| member.member_name).collect()
}

async fn count(db: &DatabaseConnection, cluster_id: i64) -> u64 {
    let members = members::Entity::find().filter(members::Column::ClusterId.eq(cluster_id));
    members.count(db).await.unwrap()
}

async fn the_first_member_leads_and_the_machines_follow(db: &DatabaseConnection) {
    let by = &admin::<UpdateCloud>(db).await;
    let id = cluster(db, "lab").await;
    let (a, b) = (machine(db, "a").await, machine(db, "b").await);

    let one = join(db, by, id, member("one", Some(a.id))).await.unwrap();
    let two = join(db, by, id, member("two", Some(b.id))).await.unwrap();
    let three = join(db, by, id, member("three", None)).await.unwrap();

    assert_eq!([one.is_leader, two.is_leader, three.is_leader], [true, false, false]);
    assert!(one.joined_at.is_some() && one.last_seen_at.is_none());
    for machine in [&a, &b] {
        assert_eq!(stored(db, machine.id).await.lxd_cluster_id, Some(id));
    }
    let lead_now = lead(db, by, id, two.id).await.unwrap();
    lead(db, by, id, two.id).await.unwrap();
    leave(db, by, id, one.id).await.unwrap();
    assert!(lead_now.is_leader);
    assert_eq!(leaders(db, id).await, ["two"]);
    assert_eq!(stored(db, a.id).await.lxd_cluster_id, None);
    assert_eq!((told(db, "join").await, told(db, "lead").await), (3, 1));
    assert_eq!(told(db, "leave").await, 1);
}

async fn a_machine_is_a_member_once_and_where_its_cluster_is(db: &DatabaseConnection) {
    let by = &admin::<UpdateCloud>(db).await;
    let (lab, shop) = (cluster(db, "lab").await, cluster(db, "shop").await);
    let (member_of_lab, guest) = (machine(db, "a").await, machine(db, "b").await);
    join(db, by, lab, member("one", Some(member_of_lab.id))).await.unwrap();

    for cluster_id in [lab, shop] {
        let again = join(db, by, cluster_id, member("two", Some(member_of_lab.id))).await;
        assert!(is_refused(&again, Rule::InUse), "{again:?}");
    }
    for to in [Some(shop), None] {
        let moved = put(db, by, member_of_lab.id, to).await;
        assert!(is_refused(&moved, Rule::InUse), "{moved:?}");
    }
    for to in [Some(shop), None] {
        assert_eq!(put(db, by, guest.id, to).await.unwrap().lxd_cluster_id, to);
    }

    assert_eq!(stored(db, member_of_lab.id).await.lxd_cluster_id, Some(lab));
    let same_name = join(db, by, lab, member("one", None)).await;
    assert!(
        matches!(same_name, Err(Error::AlreadyExists { kind: "LXD member", .. })),
        "{same_name:?}"
    );
    let elsewhere = join(db, by, shop, member("one", None)).await;
    assert!(elsewhere.is_ok(), "{elsewhere:?}");
    let nowhere = join(db, by, 404, member("one", None)).await;
    assert!(matches!(nowhere, Err(Error::NotFound { kind: "LXD cluster", .. })), "{nowhere:?}");
    let nothing = join(db, by, lab, member("two", Some(404))).await;
    assert!(matches!(nothing, Err(Error::NotFound { kind: "machine", .. })), "{nothing:?}");
    for name in ["", " one", "a\0b"] {
        let nameless = join(db, by, lab, member(name, None)).await;
        assert!(matches!(nameless, Err(Error::Invalid { .. })), "{nameless:?}");
    }
}

async fn who_leads_others_does_not_leave(db: &DatabaseConnection) {
    let by = &admin::<UpdateCloud>(db).await;
    let (lab, shop) = (cluster(db, "lab").await, cluster(db, "shop").await);
    let one = join(db, by, lab, member("one", None)).await.unwrap();
    let two = join(db, by, lab, member("two", None)).await.unwrap();

    let refused = leave(db, by, lab, one.id).await;

    assert!(is_refused(&refused, Rule::NoLeader), "{refused:?}");
    for stranger in [leave(db, by, shop, one.id).await, lead(db, by, shop, two.id).await.map(drop)]
    {
        assert!(matches!(stranger, Err(Error::NotFound { kind: "LXD member", .. })));
    }
    leave(db, by, lab, two.id).await.unwrap();
    leave(db, by, lab, one.id).await.unwrap();
    assert_eq!(count(db, lab).await, 0);
}

async fn of_members_that_are_to_lead_at_once_one_does(db: &DatabaseConnection) {
    let by = &admin::<UpdateCloud>(db).await;
    for round in 0..plimsoll::testing::cases(3) {
        let id = cluster(db, &format!("lab {round}")).await;
        let mut ids = Vec::new();
        for name in ["a", "b", "c", "d"] {
            ids.push(join(db, by, id, member(name, None)).await.unwrap().id);
        }

        let outcomes = join_all(ids.iter().map(|member| lead(db, by, id, *member))).await;

        assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
        assert_eq!(leaders(db, id).await.len(), 1);
    }
}

async fn of_members_that_join_and_leave_at_once_one_leads(db: &DatabaseConnection) {
    let by = &admin::<UpdateCloud>(db).await;
    for round in 0..plimsoll::testing::cases(3) {
        let id = cluster(db, &format!("lab {round}")).await;
        let names = ["a", "b", "c", "d"];

        let joined = join_all(names.map(|name| join(db, by, id, member(name, None)))).await;
        let ids: Vec<i64> = joined.into_iter().map(|member| member.unwrap().id).collect();
        let first = leaders(db, id).await;
        let left = join_all(ids.iter().map(|member| leave(db, by, id, *member))).await;

        assert_eq!(first.len(), 1, "{first:?}");
        let refused = left.iter().filter(|&outcome| is_refused(outcome, Rule::NoLeader)).count();
        let gone = left.iter().filter(|outcome| outcome.is_ok()).count();
        assert_eq!(refused + gone, names.len(), "{left:?}");
        // Who leads is refused, unless all others were gone before.
        let rest = count(db, id).await;
        assert_eq!((rest, refused), if refused == 0 { (0, 0) } else { (1, 1) }, "{left:?}");
        assert_eq!(leaders(db, id).await.len() as u64, rest);
    }
}

async fn what_lxd_says_of_a_member_is_kept_in_lower_case(db: &DatabaseConnection) {
    let by = &admin::<UpdateCloud>(db).await;
    let (world, _) = world();
    let id = cluster(db, "lab").await;
    let one = join(db, by, id, member("one", None)).await.unwrap();
    assert_eq!(one.status, "pending");
    let before = told(db, "update").await;

    lxd::seen(db, &world, by, id, "one", " Fully Operational ").await.unwrap();
    let missing = lxd::seen(db, &world, by, id, "two", "Online").await;
    let silent = lxd::seen(db, &world, by, id, "one", " ").await;

    let row = members::Entity::find_by_id(one.id).one(db).await.unwrap().unwrap();
    assert_eq!(row.status, "fully operational");
    assert_eq!(row.last_seen_at, Some(world.clock.now()));
    assert!(matches!(missing, Err(Error::NotFound { kind: "LXD member", .. })), "{missing:?}");
    assert!(matches!(silent, Err(Error::Invalid { kind: "status", .. })), "{silent:?}");
    assert_eq!(told(db, "update").await, before);
    let by = &admin::<CreateCloud>(db).await;
    let other: lxd_cluster::Model = audited(db, &world, |unit, _| {
        let row = lxd_cluster::ActiveModel {
            name: Set("shop".to_owned()),
            status: Set("Online".to_owned()),
            ..Default::default()
        };
        Box::pin(records::create::<lxd_cluster::Entity>(unit, by, row)) as BoxFuture<'_, _>
    })
    .await
    .unwrap();
    assert_eq!((other.status.as_str(), other.api_port), ("online", 8443));
}

async fn of_a_member_its_address_alone_is_written_plainly(db: &DatabaseConnection) {
    let by = &admin::<UpdateCloud>(db).await;
    let id = cluster(db, "lab").await;
    let one = join(db, by, id, member("one", None)).await.unwrap();
    let url = "https://192.0.2.1:8443";

    let changed = [
        members::ActiveModel { api_url: Set(Some(url.to_owned())), ..Default::default() },
        members::ActiveModel { is_leader: Set(false), ..Default::default() },
        members::ActiveModel { machine_id: Set(None), ..Default::default() },
        members::ActiveModel { status: Set("online".to_owned()), ..Default::default() },
    ];
    let world = World::system();
    let mut outcomes: Vec<Result<members::Model>> = Vec::new();
    for row in &changed {
        let outcome = audited(db, &world, |unit, _| {
            Box::pin(records::update::<members::Entity>(unit, by, one.id, row.clone()))
                as BoxFuture<'_, _>
        });
        outcomes.push(outcome.await);
    }

    assert_eq!(outcomes[0].as_ref().unwrap().api_url.as_deref(), Some(url));
    for refused in &outcomes[1..] {
        assert!(matches!(refused, Err(Error::Invalid { kind: "LXD member", .. })), "{refused:?}");
    }
    let api_url = Some("https://ana:geheim@192.0.2.2:8443".to_owned());
    let two = join(db, by, id, NewMember { api_url, ..member("two", None) }).await;
    assert!(matches!(two, Err(Error::Invalid { kind: "api_url", .. })), "{two:?}");
}

async fn a_cluster_that_is_deleted_leaves_its_machines(db: &DatabaseConnection) {
    let by = &admin::<UpdateCloud>(db).await;
    let id = cluster(db, "lab").await;
    let machine = machine(db, "a").await;
    join(db, by, id, member("one", Some(machine.id))).await.unwrap();
    let delete = &admin::<DeleteCloud>(db).await;

    let gone = audited(db, &World::system(), |unit, _| {
        Box::pin(records::delete::<lxd_cluster::Entity>(unit, delete, id))
    })
    .await
    .unwrap();

    assert_eq!(
        gone.to_string(),
        "with it went 1 of `lxd_cluster_members`; 1 of `cloud_machines` refer to it no more"
    );
    assert_eq!(stored(db, machine.id).await.lxd_cluster_id, None);
}
