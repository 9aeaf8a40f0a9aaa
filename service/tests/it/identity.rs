//! People are found and listed; roles and permissions are read.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use entity::identity::{role as role_row, role_permission, user as user_row};
use sea_orm::{ActiveValue::Set, DatabaseConnection, EntityTrait, SqlErr};
use service::{
    Error,
    identity::{fold::fold, permission, role, user},
    page::Cursor,
    rights::{self, Granted, ReadPermissions, ReadRoles, ReadUsers},
};

use crate::people::{admin, give, insert, person, someone, someone_at};

plimsoll::on_every_database!(migration::app:
    names_that_differ_in_case_are_one_person,
    names_that_differ_by_an_accent_are_two_people,
    a_person_is_found_in_whatever_case_they_are_asked_for,
    any_number_of_people_have_no_email,
    who_does_not_exist_is_not_found,
    hostile_names_are_nobodys,
    names_that_look_alike_are_one_person_or_two,
    pages_list_everybody_once_while_others_come_and_go,
    a_page_holds_at_least_one_and_at_most_a_hundred,
    a_role_is_found_in_whatever_case_it_is_asked_for,
    permissions_of_a_person_are_those_of_all_their_roles_each_once,
    an_administrator_has_every_permission_of_the_program,
    roles_of_a_page_of_people_are_those_of_each,
    roles_with_permissions_take_one_query,
);

async fn names_that_differ_in_case_are_one_person(db: &DatabaseConnection) {
    insert(db, someone_at("ana", "Ana@Example.org")).await.unwrap();

    let same_name = insert(db, someone("ANA")).await.unwrap_err();
    let same_email = insert(db, someone_at("other", "ANA@example.ORG")).await.unwrap_err();

    for error in [same_name, same_email] {
        assert!(matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))), "{error:?}");
    }
}

async fn names_that_differ_by_an_accent_are_two_people(db: &DatabaseConnection) {
    let by = admin::<ReadUsers>(db).await;
    let plain = insert(db, someone_at("ana", "ana@example.org")).await.unwrap();
    let accented = insert(db, someone_at("aná", "aná@example.org")).await.unwrap();

    assert_ne!(plain.id, accented.id);
    assert_eq!(user::by_username(db, &by, "ana").await.unwrap(), plain);
    assert_eq!(user::by_username(db, &by, "ANA\u{301}").await.unwrap(), accented);
    assert_eq!(user::by_email(db, &by, "ANÁ@example.org").await.unwrap(), accented);
}

async fn a_person_is_found_in_whatever_case_they_are_asked_for(db: &DatabaseConnection) {
    let by = admin::<ReadUsers>(db).await;
    let grete = insert(db, someone_at("Grete", "Grete@Straße.example")).await.unwrap();

    assert_eq!(grete.username, "Grete");
    assert_eq!(grete.email.as_deref(), Some("grete@straße.example"));
    assert_eq!(user::by_id(db, &by, grete.id).await.unwrap(), grete);
    assert_eq!(user::by_username(db, &by, "gRETE").await.unwrap(), grete);
    assert_eq!(user::by_email(db, &by, "GRETE@STRASSE.EXAMPLE").await.unwrap(), grete);
}

async fn any_number_of_people_have_no_email(db: &DatabaseConnection) {
    for name in ["one", "two", "three"] {
        let person = insert(db, someone(name)).await.unwrap();

        assert_eq!((person.email, person.email_key), (None, None));
    }
}

async fn who_does_not_exist_is_not_found(db: &DatabaseConnection) {
    let users = admin::<ReadUsers>(db).await;
    let roles = admin::<ReadRoles>(db).await;
    let permissions = admin::<ReadPermissions>(db).await;

    let errors = [
        (user::by_id(db, &users, 404).await.unwrap_err(), "user", "404"),
        (user::by_username(db, &users, "Nemo").await.unwrap_err(), "user", "Nemo"),
        (user::by_email(db, &users, "n@e.mo").await.unwrap_err(), "user", "n@e.mo"),
        (role::by_name(db, &roles, "pirate").await.unwrap_err(), "role", "pirate"),
        (role::of_user(db, &roles, 404).await.unwrap_err(), "user", "404"),
        (permission::by_code(db, &permissions, "a:b").await.unwrap_err(), "permission", "a:b"),
        (permission::of_user(db, &permissions, 404).await.unwrap_err(), "user", "404"),
        (permission::of_role(db, &permissions, 404).await.unwrap_err(), "role", "404"),
    ];

    for (error, wanted_kind, wanted_key) in errors {
        assert!(
            matches!(&error, Error::NotFound { kind, key } if *kind == wanted_kind && key == wanted_key),
            "{error}"
        );
    }
}

async fn hostile_names_are_nobodys(db: &DatabaseConnection) {
    let users = admin::<ReadUsers>(db).await;
    let roles = admin::<ReadRoles>(db).await;
    let permissions = admin::<ReadPermissions>(db).await;
    insert(db, someone_at("ana", "ana@example.org")).await.unwrap();
    let long = "🚢".repeat(100_000);

    for name in ["", "\0", "ana\0", "a\0na", "ana%", "an_", "' OR 1=1 --", "\u{fffd}", &long] {
        let errors = [
            user::by_username(db, &users, name).await.unwrap_err(),
            user::by_email(db, &users, name).await.unwrap_err(),
            role::by_name(db, &roles, name).await.unwrap_err(),
            permission::by_code(db, &permissions, name).await.unwrap_err(),
        ];
        for error in errors {
            assert!(matches!(&error, Error::NotFound { key, .. } if key == name), "{error:?}");
        }
    }
    for code in ["user:read ", " user:read", "USER:READ", "user:read\0", "user:re\u{301}ad"] {
        let error = permission::by_code(db, &permissions, code).await.unwrap_err();
        assert!(matches!(error, Error::NotFound { .. }), "{code:?}: {error:?}");
    }
}

async fn names_that_look_alike_are_one_person_or_two(db: &DatabaseConnection) {
    let by = admin::<ReadUsers>(db).await;
    let ana = insert(db, someone("ana")).await.unwrap();
    // A dotless and a dotted i, a Cyrillic letter, an accent, a space within.
    let others = ["anı", "ani", "аna", "aná", "an a", "ana.", "\u{5d0}\u{5e0}\u{5d4}"];
    for other in others {
        insert(db, someone(other)).await.unwrap();
    }

    for same in ["Ana", "ａｎａ", " ana ", "ana\u{200b}", "\u{feff}ana", "a\u{ad}na", "ᵃna"] {
        let again = insert(db, someone(same)).await.unwrap_err();
        assert!(
            matches!(again.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))),
            "{same:?}: {again:?}"
        );
        assert_eq!(user::by_username(db, &by, same).await.unwrap(), ana, "{same:?}");
    }
    for other in others {
        assert_eq!(user::by_username(db, &by, other).await.unwrap().username, other);
    }
}

async fn pages_list_everybody_once_while_others_come_and_go(db: &DatabaseConnection) {
    let by = admin::<ReadUsers>(db).await;
    for n in 0..7 {
        person(db, &format!("p{n}"), &[]).await;
    }
    let everybody = names_from(db, &by, None, 100).await;

    let first = user::list(db, &by, None, 3).await.unwrap();
    let seen = &first.rows[0];
    user_row::Entity::delete_by_id(first.rows[2].id).exec(db).await.unwrap();
    person(db, "late", &[]).await;
    // As it comes back from a client.
    let next: Cursor = first.next.unwrap().to_string().parse().unwrap();
    let mut listed: Vec<String> = first.rows.iter().map(|user| user.username.clone()).collect();
    listed.extend(names_from(db, &by, Some(next), 3).await);

    assert_eq!(seen.username, "boss");
    assert_eq!(listed[..8], everybody[..]);
    assert_eq!(listed[8..], ["late"]);
}

async fn names_from(
    db: &DatabaseConnection,
    by: &Granted<ReadUsers>,
    from: Option<Cursor>,
    limit: u64,
) -> Vec<String> {
    let mut names = Vec::new();
    let mut page = user::list(db, by, from, limit).await.unwrap();
    loop {
        assert!(page.rows.len() as u64 <= limit);
        names.extend(page.rows.into_iter().map(|user| user.username));
        let Some(next) = page.next else { return names };
        page = user::list(db, by, Some(next), limit).await.unwrap();
    }
}

async fn a_page_holds_at_least_one_and_at_most_a_hundred(db: &DatabaseConnection) {
    let by = admin::<ReadUsers>(db).await;
    let crowd = (0..100).map(|n| someone(&format!("p{n}")));
    user_row::Entity::insert_many(crowd).exec(db).await.unwrap();

    let least = user::list(db, &by, None, 0).await.unwrap();
    let most = user::list(db, &by, None, u64::MAX).await.unwrap();
    let rest = user::list(db, &by, most.next, u64::MAX).await.unwrap();

    assert_eq!(least.rows.len(), 1);
    assert_eq!(most.rows.len(), 100);
    assert_eq!((rest.rows.len(), rest.next), (1, None));
}

async fn a_role_is_found_in_whatever_case_it_is_asked_for(db: &DatabaseConnection) {
    let by = admin::<ReadRoles>(db).await;

    let admin = role::by_name(db, &by, "ADMIN").await.unwrap();

    assert_eq!(admin.name, "admin");
    assert!(admin.is_system);
}

async fn permissions_of_a_person_are_those_of_all_their_roles_each_once(db: &DatabaseConnection) {
    let roles = admin::<ReadRoles>(db).await;
    let permissions = admin::<ReadPermissions>(db).await;
    let read = permission::by_code(db, &permissions, "document:read").await.unwrap();
    let update = permission::by_code(db, &permissions, "document:update").await.unwrap();
    let writers = new_role(db, "Writers", &[update.id, read.id]).await;
    let readers = new_role(db, "Readers", &[read.id]).await;
    let model = person(db, "both", &[]).await;
    give(db, model.id, writers).await;
    give(db, model.id, readers).await;

    let has = role::of_user(db, &roles, model.id).await.unwrap();
    let may = permission::of_user(db, &permissions, model.id).await.unwrap();
    let carried = permission::of_role(db, &permissions, writers).await.unwrap();

    let names: Vec<_> = has.iter().map(|role| role.name.as_str()).collect();
    assert_eq!(names, ["Readers", "Writers"]);
    assert_eq!(may, [read.clone(), update.clone()]);
    assert_eq!(carried, [read, update]);
}

async fn roles_of_a_page_of_people_are_those_of_each(db: &DatabaseConnection) {
    let by = admin::<ReadRoles>(db).await;
    let both = person(db, "both", &["viewer", "user"]).await.id;
    let none = person(db, "none", &[]).await.id;

    let of_page = role::of_users(db, &by, [both, none, 404]).await.unwrap();
    let of_nobody = role::of_users(db, &by, []).await.unwrap();

    assert_eq!(of_page[&both], role::of_user(db, &by, both).await.unwrap());
    assert_eq!(of_page[&both].len(), 2);
    assert_eq!(of_page.keys().collect::<Vec<_>>(), [&both]);
    assert!(of_nobody.is_empty());
}

async fn new_role(db: &DatabaseConnection, name: &str, permissions: &[i64]) -> i64 {
    let role = role_row::ActiveModel {
        name: Set(name.to_owned()),
        name_key: Set(fold(name)),
        ..Default::default()
    };
    let role_id = role_row::Entity::insert(role).exec(db).await.unwrap().last_insert_id;
    let grants = permissions.iter().map(|&permission_id| role_permission::ActiveModel {
        role_id: Set(role_id),
        permission_id: Set(permission_id),
        ..Default::default()
    });
    role_permission::Entity::insert_many(grants).exec_without_returning(db).await.unwrap();
    role_id
}

async fn an_administrator_has_every_permission_of_the_program(db: &DatabaseConnection) {
    let by = admin::<ReadPermissions>(db).await;
    let boss = by.actor().unwrap().user_id();

    let may = permission::of_user(db, &by, boss).await.unwrap();

    let codes: Vec<_> = may.iter().map(|permission| permission.code.as_str()).collect();
    let mut all = rights::ALL.to_vec();
    all.sort_unstable();
    assert_eq!(codes, all);
}

async fn roles_with_permissions_take_one_query(db: &DatabaseConnection) {
    let roles = admin::<ReadRoles>(db).await;
    let permissions = admin::<ReadPermissions>(db).await;
    new_role(db, "Empty", &[]).await;
    let queries = Arc::new(AtomicUsize::new(0));
    let mut counted = db.clone();
    let seen = Arc::clone(&queries);
    counted.set_metric_callback(move |_| {
        seen.fetch_add(1, Ordering::Relaxed);
    });

    let all = role::list_with_permissions(&counted, &roles, &permissions).await.unwrap();

    assert_eq!(queries.load(Ordering::Relaxed), 1);
    let names: Vec<_> = all.iter().map(|(role, _)| role.name.as_str()).collect();
    assert_eq!(names, ["admin", "Empty", "maintainer", "user", "viewer"]);
    assert_eq!(role::list(db, &roles).await.unwrap().len(), all.len());
    for (role, carried) in all {
        assert_eq!(permission::of_role(db, &permissions, role.id).await.unwrap(), carried);
    }
}
