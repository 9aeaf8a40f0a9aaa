//! What several do to a team at once.

use std::{
    sync::atomic::{AtomicBool, Ordering::SeqCst},
    time::Duration,
};

use entity::{identity::user, teams::team_member};
use futures_timer::Delay;
use futures_util::future::{join, join_all};
use plimsoll::retry;
use sea_orm::{ColumnTrait, DatabaseConnection, DbErr, EntityTrait, PaginatorTrait, QueryFilter};
use service::{
    Error, World,
    audit::audited,
    rights::AssignResources,
    rule::Rule,
    teams::{
        access::ResourcePermission::Read,
        member::TeamRole,
        team::{self, TeamChanges},
    },
};

use super::{actor, add, assign, change, machine, make, remove};
use crate::people::admin;

plimsoll::on_every_database!(migration::app:
    who_takes_a_name_at_once_with_another_is_told_which,
    a_person_who_is_deleted_meanwhile_comes_into_no_team,
    of_those_who_add_or_assign_the_same_at_once_each_is_told,
    of_owners_who_go_at_once_one_stays,
);

/// Until the other has gone as far as it does.
async fn waited_for(reached: &AtomicBool) {
    while !reached.load(SeqCst) {
        Delay::new(Duration::from_millis(5)).await;
    }
}

/// Long enough for the other to come to what it has to wait for.
async fn a_while() {
    Delay::new(Duration::from_millis(300)).await;
}

async fn who_takes_a_name_at_once_with_another_is_told_which(db: &DatabaseConnection) {
    let (ops, ops_owner) = make(db, "ops").await;
    let (dev, dev_owner) = make(db, "dev").await;
    let (ops_id, dev_id, ops_owner, dev_owner) = (ops.id, dev.id, &ops_owner, &dev_owner);
    let to = &TeamChanges { name: Some("infra".to_owned()), ..TeamChanges::default() };
    let (world, renamed) = (&World::system(), &AtomicBool::new(false));

    let first = audited(db, world, |unit, _| {
        Box::pin(async move {
            team::update(unit, ops_owner, ops_id, to.clone()).await?;
            renamed.store(true, SeqCst);
            a_while().await;
            Ok(())
        })
    });
    let second = async {
        waited_for(renamed).await;
        audited(db, world, |unit, _| Box::pin(team::update(unit, dev_owner, dev_id, to.clone())))
            .await
    };
    let (first, second) = join(first, second).await;

    first.unwrap();
    let Err(Error::AlreadyExists { kind: "team", key }) = &second else { panic!("{second:?}") };
    assert_eq!(key, "infra");
}

async fn a_person_who_is_deleted_meanwhile_comes_into_no_team(db: &DatabaseConnection) {
    let (team, owner) = make(db, "ops").await;
    let ana = &actor(db, "ana").await;
    let deleted = &AtomicBool::new(false);

    let deleting = retry::transaction(db, |tx, _| {
        Box::pin(async move {
            user::Entity::delete_by_id(ana.user_id()).exec(tx).await?;
            deleted.store(true, SeqCst);
            a_while().await;
            Ok::<_, DbErr>(())
        })
    });
    let adding = async {
        waited_for(deleted).await;
        add(db, &owner, team.id, ana, TeamRole::Viewer).await
    };
    let (gone, refused) = join(deleting, adding).await;

    gone.unwrap();
    assert!(matches!(refused, Err(Error::NotFound { kind: "user", .. })), "{refused:?}");
}

async fn of_those_who_add_or_assign_the_same_at_once_each_is_told(db: &DatabaseConnection) {
    let (team, owner) = make(db, "ops").await;
    for round in 0..plimsoll::testing::cases(3) {
        let ana = actor(db, &format!("ana {round}")).await;
        let resource = machine(&round.to_string());
        admin::<AssignResources>(db).await;

        let added = join_all((0..5).map(|_| add(db, &owner, team.id, &ana, TeamRole::Viewer)));
        let assigned = join_all((0..5).map(|_| assign(db, team.id, &resource, &[Read])));
        let (added, _) = join(added, assigned).await;

        let refused: Vec<_> = added.iter().filter_map(|outcome| outcome.as_ref().err()).collect();
        assert_eq!(refused.len(), 4, "{added:?}");
        for refused in refused {
            assert!(matches!(refused, Error::AlreadyExists { .. }), "{refused:?}");
        }
    }
}

/// Each with a check of its own, as in processes that know nothing of each other.
async fn of_owners_who_go_at_once_one_stays(db: &DatabaseConnection) {
    for round in 0..plimsoll::testing::cases(3) {
        let (team, owner) = make(db, &format!("team {round}")).await;
        let mut owners = vec![owner];
        for at in 0..5 {
            let next = actor(db, &format!("owner {round} {at}")).await;
            add(db, &owners[0], team.id, &next, TeamRole::Owner).await.unwrap();
            owners.push(next);
        }

        let outcomes = join_all(owners.iter().enumerate().map(|(at, owner)| async move {
            if at % 2 == 0 {
                remove(db, owner, team.id, owner).await
            } else {
                change(db, owner, team.id, owner, TeamRole::Admin).await.map(drop)
            }
        }))
        .await;

        let refused: Vec<_> =
            outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).collect();
        assert_eq!(refused.len(), 1, "{outcomes:?}");
        assert!(matches!(refused[0], Error::Refused { rule: Rule::LastOwner, .. }), "{refused:?}");
        let left = team_member::Entity::find()
            .filter(team_member::Column::TeamId.eq(team.id))
            .filter(team_member::Column::Role.eq(TeamRole::Owner));
        assert_eq!(left.count(db).await.unwrap(), 1);
    }
}
