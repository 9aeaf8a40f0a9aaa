//! The command `manage`, as a process.
#![cfg(feature = "command")]

use std::process::{Command, Stdio};

use chrono::{TimeDelta, Utc};
use entity::{
    audit::system_log::{self, LogLevel},
    identity::user::{Column, Entity},
};
use plimsoll::{retry::BoxFuture, testing::Scratch};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait,
    QueryFilter,
};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use service::{
    World,
    audit::audited,
    identity::fold::fold,
    rights::{CreateSecrets, has_administrator},
    seal::Keyring,
    secrets::secret,
};

use crate::people::admin;

plimsoll::on_every_empty_database!(
    create_admin_makes_the_first_administrator_and_no_second,
    two_at_once_make_one_administrator,
    create_admin_says_what_is_missing,
    prune_says_what_it_removed,
    audit_verify_fails_when_a_row_was_altered,
    secrets_rotate_fails_when_something_cannot_be_opened,
);

struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

fn manage(scratch: &Scratch, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
    let url = scratch.database.url();
    let mut command = Command::new(env!("CARGO_BIN_EXE_manage"));
    command
        .args(arguments)
        .env_clear()
        .env("DATABASE_URL", url.expose_secret())
        .envs(variables.iter().copied())
        .current_dir(std::env::temp_dir())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn said(mut command: Command) -> Said {
    let output = command.output().unwrap();
    Said {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

const ANA: [(&str, &str); 3] = [
    ("ADMIN_USERNAME", "Ana"),
    ("ADMIN_EMAIL", "Ana@Example.org"),
    ("ADMIN_PASSWORD", "correct horse battery"),
];

async fn create_admin_makes_the_first_administrator_and_no_second(scratch: &Scratch) {
    migration::app().up(&scratch.database).await.unwrap();

    let made = said(manage(scratch, &["create-admin"], &ANA));
    assert_eq!(
        (made.code, made.out.as_str()),
        (Some(0), "`Ana` administers now\n"),
        "{}",
        made.err
    );
    assert!(
        made.err.contains("audit") && made.err.contains("user.create on user 1"),
        "{}",
        made.err
    );
    assert!(has_administrator(&scratch.db).await.unwrap());

    let again = said(manage(scratch, &["create-admin"], &ANA));
    assert_eq!(again.code, Some(1));
    assert!(
        again.err.starts_with("error[SRV0013]: there is an administrator already"),
        "{}",
        again.err
    );
    assert!(again.err.contains("--another"), "{}", again.err);
    let content = said(manage(scratch, &["create-admin", "--if-none", "--json"], &ANA));
    assert_eq!(content.code, Some(0), "{}", content.err);
    let document: Value = serde_json::from_str(&content.out).unwrap();
    assert_eq!(document, serde_json::json!({"schema": 1, "administrator": null}));

    let clash = said(manage(scratch, &["create-admin", "--another", "--json"], &ANA));
    assert_eq!(clash.code, Some(1));
    let document: Value = serde_json::from_str(&clash.out).unwrap();
    assert_eq!(document["error"]["code"], "SRV0021");
    let bo = [("ADMIN_USERNAME", "bo"), ANA[2]];
    let another = said(manage(scratch, &["create-admin", "--another", "--json"], &bo));
    let document: Value = serde_json::from_str(&another.out).unwrap();
    assert_eq!(document["administrator"]["username"], "bo");
}

async fn two_at_once_make_one_administrator(scratch: &Scratch) {
    migration::app().up(&scratch.database).await.unwrap();
    let start = |name: &'static str| {
        let variables = [("ADMIN_USERNAME", name), ANA[2]];
        manage(scratch, &["create-admin"], &variables).spawn().unwrap()
    };

    let children = ["ana", "bo", "cleo"].map(start);
    let codes = children.map(|child| child.wait_with_output().unwrap().status.code());

    assert_eq!(codes.iter().filter(|code| **code == Some(0)).count(), 1, "{codes:?}");
    assert_eq!(codes.iter().filter(|code| **code == Some(1)).count(), 2, "{codes:?}");
    let names = ["ana", "bo", "cleo"].map(fold);
    let made = Entity::find().filter(Column::UsernameKey.is_in(names)).all(&scratch.db).await;
    assert_eq!(made.unwrap().len(), 1);
}

async fn create_admin_says_what_is_missing(scratch: &Scratch) {
    let empty = said(manage(scratch, &["create-admin"], &ANA));
    assert_eq!(empty.code, Some(1));
    assert!(empty.err.contains("cargo run -p migration -- status"), "{}", empty.err);

    migration::app().up(&scratch.database).await.unwrap();
    for (variables, part) in [
        (&[][..], "there is no terminal to ask on: set ADMIN_USERNAME"),
        (&ANA[..1], "there is no terminal to ask on: set ADMIN_PASSWORD"),
        (&[ANA[0], ("ADMIN_PASSWORD", "short")], "error[SRV0023]: the password is not acceptable"),
        (&[ANA[0], ("ADMIN_PASSWORD", "ANA     ")], "error[SRV0023]"),
        (&[("ADMIN_USERNAME", "a@b.c"), ANA[2]], "error[SRV0022]"),
        (&[ANA[0], ("ADMIN_EMAIL", "nowhere"), ANA[2]], "error[SRV0022]"),
    ] {
        let refused = said(manage(scratch, &["create-admin"], variables));

        assert_eq!(refused.code, Some(1));
        assert!(refused.err.contains(part), "{}", refused.err);
        assert!(refused.out.is_empty());
    }
    assert!(!has_administrator(&scratch.db).await.unwrap());
}

async fn prune_says_what_it_removed(scratch: &Scratch) {
    migration::app().up(&scratch.database).await.unwrap();
    let old = system_log::ActiveModel {
        level: Set(LogLevel::Warning),
        component: Set("scheduler".to_owned()),
        message: Set("late".to_owned()),
        created_at: Set(Utc::now() - TimeDelta::days(500)),
        ..Default::default()
    };
    old.insert(&scratch.db).await.unwrap();

    let pruned = said(manage(scratch, &["prune"], &[]));
    let again = said(manage(scratch, &["prune", "--json"], &[]));

    assert_eq!(pruned.code, Some(0), "{}", pruned.err);
    let first = pruned.out.lines().next();
    assert_eq!(first, Some("system_logs: 1 older than 400 days removed"));
    let document: Value = serde_json::from_str(&again.out).unwrap();
    assert_eq!(
        document["pruned"][0],
        serde_json::json!({
            "table": "system_logs",
            "setting": "retention.system_logs_days",
            "days": 400,
            "rows": 0,
        })
    );
    assert_eq!(system_log::Entity::find().count(&scratch.db).await.unwrap(), 0);
}

async fn audit_verify_fails_when_a_row_was_altered(scratch: &Scratch) {
    migration::app().up(&scratch.database).await.unwrap();
    let empty = said(manage(scratch, &["audit", "verify"], &[]));
    assert_eq!((empty.code, empty.out.as_str()), (Some(0), "nothing is in the audit log\n"));
    said(manage(scratch, &["create-admin"], &ANA));

    let whole = said(manage(scratch, &["audit", "verify"], &[]));
    scratch.db.execute_unprepared("UPDATE system_logs SET message = 'nothing'").await.unwrap();
    let broken = said(manage(scratch, &["audit", "verify", "--json"], &[]));

    assert_eq!(whole.code, Some(0), "{}", whole.err);
    assert!(whole.out.starts_with("rows 1 to "), "{}", whole.out);
    assert_eq!(broken.code, Some(1));
    let document: Value = serde_json::from_str(&broken.out).unwrap();
    let fault = document["fault"].as_str().unwrap();
    assert!(fault.starts_with("row 1 (id ") && fault.ends_with("not what was written"), "{fault}");
}

async fn secrets_rotate_fails_when_something_cannot_be_opened(scratch: &Scratch) {
    const OLD: &str = "old:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    const NEW: &str = "new:ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=";

    migration::app().up(&scratch.database).await.unwrap();
    let (world, keys) = (&World::system(), &Keyring::read(Some(&OLD.into())).unwrap());
    let (by, value) = (&admin::<CreateSecrets>(&scratch.db).await, &SecretString::from("hunter2"));
    let kept: secret::Secret = audited(&scratch.db, world, |unit, _| {
        Box::pin(secret::store(unit, by, (keys, world), "a/b", None, value)) as BoxFuture<'_, _>
    })
    .await
    .unwrap();
    let rotate = |arguments: &[&str], keys: &str| {
        let arguments = [&["secrets", "rotate"][..], arguments].concat();
        said(manage(scratch, &arguments, &[("ENCRYPTION_KEY", keys)]))
    };

    let unset = said(manage(scratch, &["secrets", "rotate"], &[]));
    let done = rotate(&[], &format!("{NEW},{OLD}"));
    let again = rotate(&["--json"], NEW);
    let lost = rotate(&[], OLD);
    let lost_again = rotate(&["--json"], OLD);

    assert_eq!(unset.code, Some(1));
    assert!(
        unset.err.contains("error[SRV0041]: cannot seal a secret: ENCRYPTION_KEY is not set"),
        "{}",
        unset.err
    );
    assert_eq!(done.code, Some(0), "{}", done.err);
    assert!(done.out.starts_with("the key `new` seals\n"), "{}", done.out);
    let line = "\nencrypted_secrets.encrypted_data: 1 sealed anew, 0 were already\n";
    assert!(done.out.contains(line), "{}", done.out);
    assert!(done.err.contains("rotate by the system"), "{}", done.err);
    assert_eq!(again.code, Some(0), "{}", again.err);
    let document: Value = serde_json::from_str(&again.out).unwrap();
    assert_eq!(document["schema"], 1);
    assert_eq!(document["key"], "new");
    assert_eq!(
        document["rotated"][1],
        serde_json::json!({
            "table": "encrypted_secrets",
            "column": "encrypted_data",
            "resealed": 0,
            "kept": 1,
        })
    );
    assert_eq!(document["unopened"], serde_json::json!([]));
    assert_eq!((lost.code, lost_again.code), (Some(1), Some(1)));
    let problem = "cannot open a secret: ENCRYPTION_KEY has no key with the id `new`";
    let line = format!("\n`encrypted_secrets`.`encrypted_data` of row {}: {problem}\n", kept.id);
    assert!(lost.out.ends_with(&line), "{}", lost.out);
    let document: Value = serde_json::from_str(&lost_again.out).unwrap();
    assert_eq!(
        document["unopened"],
        serde_json::json!([{
            "table": "encrypted_secrets",
            "column": "encrypted_data",
            "row": kept.id,
            "problem": problem,
        }])
    );
}
