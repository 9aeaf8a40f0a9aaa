//! The default rows, by the command.

use plimsoll::testing::Scratch;

use crate::{
    database::*,
    process::{Said, migration, says},
};

plimsoll::on_every_empty_database!(
    a_withdrawn_grant_stays_withdrawn_until_it_is_reset,
    seeders_are_left_out_by_option_and_environment,
    two_that_seed_at_once_seed_once,
    what_a_reset_cannot_restore_is_said,
    a_setting_that_is_set_back_is_restored_and_not_new,
);

const GRANT: &str = "DELETE FROM role_permissions WHERE role_id = (SELECT id FROM roles WHERE name_key = 'viewer') \
     AND permission_id IN (SELECT id FROM permissions WHERE code IN ('document:read', 'settings:read'))";

async fn a_withdrawn_grant_stays_withdrawn_until_it_is_reset(scratch: &Scratch) {
    says(scratch, 0, &["up"]);
    let grants = count(&scratch.db, "role_permissions").await;
    run(&scratch.db, GRANT).await;
    run(&scratch.db, "UPDATE roles SET description = 'ours' WHERE name_key = 'user'").await;

    says(scratch, 0, &["up"]);
    says(scratch, 0, &["seed"]);
    assert_eq!(count(&scratch.db, "role_permissions").await, grants - 2);
    let verify = says(scratch, 2, &["seed", "--verify"]);
    assert_eq!(
        verify.out.lines().collect::<Vec<_>>(),
        [
            "roles: `user` differs in description",
            "grants: `viewer/document:read` was offered and taken away",
            "grants: `viewer/settings:read` was offered and taken away",
        ]
    );
    let document = says(scratch, 2, &["seed", "--verify", "--json"]).document();
    assert_eq!(document["differences"][0]["columns"], serde_json::json!(["description"]));
    assert_eq!(document["differences"][1]["kind"], "withdrawn");

    let reset = says(scratch, 0, &["seed", "--reset", "grants"]);
    assert!(reset.out.starts_with("grants: 2 rows inserted"), "{reset:#?}");
    assert_eq!(count(&scratch.db, "role_permissions").await, grants);
    says(scratch, 0, &["seed", "--reset", "roles"]);
    says(scratch, 0, &["seed", "--verify"]);
    assert!(says(scratch, 1, &["seed", "--reset", "ports"]).err.contains("PLM0051"));
}

async fn seeders_are_left_out_by_option_and_environment(scratch: &Scratch) {
    says(scratch, 0, &["up", "--skip", "roles", "--skip", "grants"]);
    assert_eq!(count(&scratch.db, "roles").await, 0);
    let with = |name: &str, value: &str| {
        let mut command = migration(scratch, &["seed"]);
        command.env(name, value);
        Said::of(&mut command)
    };

    assert!(with("ENABLED_SEEDERS", "ports").with(1).err.contains("PLM0051"));
    assert!(with("DISABLED_SEEDERS", "ports").with(1).err.contains("name one of: settings, roles"));
    with("DISABLED_SEEDERS", "roles, grants").with(0);
    assert_eq!(count(&scratch.db, "roles").await, 0);
    let said = with("DISABLED_SEEDERS", "settings,roles,permissions,grants").with(0);
    assert_eq!(said.out, "no seeder is left to run\n");
    with("ENABLED_SEEDERS", "roles").with(0);
    assert_eq!(count(&scratch.db, "roles").await, 4);
    assert_eq!(count(&scratch.db, "role_permissions").await, 0);
    says(scratch, 0, &["seed", "grants"]);
    assert!(count(&scratch.db, "role_permissions").await > 0);
}

async fn two_that_seed_at_once_seed_once(scratch: &Scratch) {
    let skip = ["settings", "roles", "permissions", "grants"];
    let skip: Vec<&str> = skip.iter().flat_map(|name| ["--skip", name]).collect();
    says(scratch, 0, &[&["up"][..], &skip].concat());
    assert_eq!(count(&scratch.db, "roles").await, 0);

    let both = [(); 2].map(|()| migration(scratch, &["seed", "--json"]).spawn().unwrap());
    let mut inserted = 0;
    for child in both {
        let document = Said::from(child.wait_with_output().unwrap()).with(0).document();
        for seeder in document["seeded"].as_array().unwrap() {
            inserted += seeder["inserted"].as_array().unwrap().len();
        }
    }

    assert_eq!(i64::try_from(inserted).unwrap(), count(&scratch.db, "plimsoll_seeds").await);
    says(scratch, 0, &["seed", "--verify"]);
}

async fn what_a_reset_cannot_restore_is_said(scratch: &Scratch) {
    says(scratch, 0, &["up"]);
    let grants = count(&scratch.db, "role_permissions").await;
    run(&scratch.db, "DELETE FROM roles WHERE name_key = 'viewer'").await;
    let left = count(&scratch.db, "role_permissions").await;

    let reset = says(scratch, 2, &["seed", "--reset", "grants"]);
    let document = says(scratch, 2, &["seed", "--reset", "grants", "--json"]).document();

    let lines: Vec<&str> = reset.out.lines().collect();
    assert_eq!(lines[0], format!("grants: 0 rows inserted, {left} as before"));
    assert_eq!(
        lines[1],
        "grants: `viewer/document:read` not restored: `roles` has no row whose `name_key` is 'viewer'; \
         type `seed --reset roles` first"
    );
    assert_eq!(i64::try_from(lines.len()).unwrap(), grants - left + 1);
    let lost = &document["seeded"][0]["unrestored"];
    assert_eq!(
        (&lost[1]["row"], &lost[1]["needs"]),
        (&"viewer/settings:read".into(), &"roles".into())
    );
    says(scratch, 0, &["seed", "--reset", "roles"]);
    says(scratch, 0, &["seed", "--reset", "grants"]);
    assert_eq!(count(&scratch.db, "role_permissions").await, grants);
}

async fn a_setting_that_is_set_back_is_restored_and_not_new(scratch: &Scratch) {
    let changed = "SELECT count(*) FROM application_settings WHERE updated_at > created_at";
    says(scratch, 0, &["up"]);
    run(&scratch.db, "UPDATE application_settings SET value = 'ours' WHERE value = 'Plimsoll'")
        .await;
    assert_eq!(one::<i64>(&scratch.db, changed).await, 0);

    let reset = says(scratch, 0, &["seed", "--reset", "settings"]);

    assert!(reset.err.contains("seeds: settings: 0 new, 1 restored, "), "{reset:#?}");
    assert!(reset.out.starts_with("settings: 0 rows inserted, 1 restored, "), "{reset:#?}");
    assert_eq!(one::<i64>(&scratch.db, changed).await, 1);
}
