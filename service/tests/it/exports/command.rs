//! `export` and `import json`, as they are typed.

use std::process::{Command, Output};

use plimsoll::testing::Scratch;
use sea_orm::ConnectionTrait;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::File;

plimsoll::on_every_empty_database!(an_export_is_a_file_of_its_own_and_is_not_written_over);

fn manage(scratch: &Scratch, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_manage"))
        .args(arguments)
        .env_clear()
        .env("DATABASE_URL", scratch.database.url().expose_secret())
        .current_dir(std::env::temp_dir())
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

async fn an_export_is_a_file_of_its_own_and_is_not_written_over(scratch: &Scratch) {
    migration::app().up(&scratch.database).await.unwrap();
    let file = File::of("something else\n");
    let path = file.path.to_str().unwrap();
    let export = ["export", "--format", "json", "all"];

    let taken = manage(scratch, &[&export[..], &["--to", path]].concat());
    assert_eq!(taken.status.code(), Some(1));
    assert!(text(&taken.stderr).contains("--force"), "{}", text(&taken.stderr));
    assert_eq!(std::fs::read_to_string(&file.path).unwrap(), "something else\n");

    let written = manage(scratch, &[&export[..], &["--to", path, "--force", "--json"]].concat());
    assert_eq!(written.status.code(), Some(0), "{}", text(&written.stderr));
    let document: Value = serde_json::from_slice(&written.stdout).unwrap();
    assert_eq!(document["file"], path);
    assert!(document["tables"]["roles"].as_u64().is_some_and(|rows| rows > 0), "{document}");
    assert!(document["left_out"]["access_tokens"].is_string(), "{document}");
    assert_eq!(document["unknown"], json!([]));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;

        let mode = std::fs::metadata(&file.path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    let printed = manage(scratch, &export);
    assert_eq!(printed.status.code(), Some(0), "{}", text(&printed.stderr));
    assert_eq!(printed.stdout, std::fs::read(&file.path).unwrap());
    assert!(text(&printed.stderr).contains("not exported: access_tokens"));
    let both = manage(scratch, &[&export[..], &["--json"]].concat());
    assert_eq!(both.status.code(), Some(1));

    let brought = manage(scratch, &["import", "json", "--from", path, "--dry-run", "--json"]);
    assert_eq!(brought.status.code(), Some(0), "{}", text(&brought.stderr));
    let document: Value = serde_json::from_slice(&brought.stdout).unwrap();
    assert_eq!(document["import"], Value::Null);
    assert_eq!(document["tables"]["roles"]["made"], 0, "{document}");

    for sql in [
        "ALTER TABLE users ADD COLUMN shoe_size INTEGER",
        "ALTER TABLE access_tokens ADD COLUMN shoe_size INTEGER",
        "CREATE TABLE ships (id INTEGER)",
    ] {
        scratch.db.execute_unprepared(sql).await.unwrap();
    }
    let written = manage(scratch, &[&export[..], &["--to", path, "--force", "--json"]].concat());
    let document: Value = serde_json::from_slice(&written.stdout).unwrap();
    let column = json!({"table": "users", "column": "shoe_size"});
    assert_eq!(document["unknown"], json!([column, {"table": "ships", "column": null}]));
    let printed = manage(scratch, &export);
    assert_eq!(printed.status.code(), Some(0), "{}", text(&printed.stderr));
    let said = text(&printed.stderr);
    for what in ["column `shoe_size` of `users`", "table `ships`"] {
        let line = format!("warning: {what} is not exported");
        assert_eq!(said.matches(&line).count(), 1, "{said}");
    }
    assert_eq!(said.matches("warning: ").count(), 2, "{said}");
    let alone = manage(scratch, &["export", "--format", "json", "settings"]);
    assert!(!text(&alone.stderr).contains("warning: "), "{}", text(&alone.stderr));
}
