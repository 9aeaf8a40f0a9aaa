//! Where the database is: found, named, and said when it is not there.

use std::{fs, net::TcpListener, path::Path, process::Command};

use plimsoll::{Dialect, testing::Scratch};
use secrecy::ExposeSecret as _;

use crate::{
    database::*,
    process::{Said, known, migration, migration_in, says},
};

plimsoll::on_every_empty_database!(
    an_option_wins_over_the_environment,
    a_database_that_is_not_there_comes_with_the_line_that_creates_it,
    a_user_who_is_refused_is_told_so,
    a_password_is_never_printed,
    parts_name_the_same_database,
    a_schema_is_refused_where_there_is_none,
    a_log_that_cannot_be_read_is_said_to_be_so,
    a_schema_that_may_not_be_used_comes_with_the_grant_to_type,
);

const PASSWORD: &str = "ge/heim@%geheim";

async fn an_option_wins_over_the_environment(scratch: &Scratch) {
    let url = scratch.database.url();
    let mut command = migration(scratch, &["up", "-u", url.expose_secret()]);
    command.env("DATABASE_URL", "sqlite:/nowhere/at/all.db").env("DB_TYPE", "mssql");

    Said::of(&mut command).with(0);

    assert_eq!(recorded(&scratch.db).await, known());
}

/// The URL of a server's database as another user or for another database.
fn other(scratch: &Scratch, change: impl FnOnce(&mut url::Url)) -> String {
    let mut url = url::Url::parse(scratch.database.url().expose_secret()).unwrap();
    change(&mut url);
    url.into()
}

fn with_url(url: &str, arguments: &[&str]) -> Said {
    let mut command = migration_in(&std::env::temp_dir(), arguments);
    Said::of(command.env("DATABASE_URL", url))
}

async fn a_database_that_is_not_there_comes_with_the_line_that_creates_it(scratch: &Scratch) {
    let name = format!("{}_new", scratch.database.name());
    if dialect(&scratch.db) == Dialect::Sqlite {
        // Files are made without a word.
        return;
    }
    let url = other(scratch, |url| url.set_path(&name));

    let said = with_url(&url, &["up"]).with(1);

    assert!(said.err.contains("error[PLM0014]"), "{said:#?}");
    let create = said.err.lines().find_map(|line| line.trim().strip_prefix("next: create it: "));
    let create = create.unwrap_or_else(|| panic!("{said:#?}"));
    let shell = Command::new("sh").args(["-c", create]).output().unwrap();
    assert!(shell.status.success(), "{create}: {shell:?}");
    with_url(&url, &["up"]).with(0);
    run(&scratch.db, &format!("DROP DATABASE {}", quote(&scratch.db, &name))).await;
}

async fn a_user_who_is_refused_is_told_so(scratch: &Scratch) {
    if dialect(&scratch.db) == Dialect::Sqlite {
        return;
    }
    let url = other(scratch, |url| {
        url.set_username("nobody_of_that_name").unwrap();
        url.set_password(Some("geheim")).unwrap();
    });

    for arguments in [&["up"][..], &["status"], &["down", "--yes"]] {
        let said = with_url(&url, arguments).with(1);
        assert!(said.err.contains("error[PLM0013]"), "{said:#?}");
        assert!(
            said.err.contains("nobody_of_that_name") && !said.err.contains("geheim"),
            "{said:#?}"
        );
    }
}

async fn a_password_is_never_printed(scratch: &Scratch) {
    let db = &scratch.db;
    let user = format!("p{}", scratch.database.name().rsplit('_').next().unwrap());
    let database = quote(db, &scratch.database.name());
    match dialect(db) {
        Dialect::Sqlite => return,
        Dialect::Postgres => {
            run(db, &format!("CREATE ROLE {user} LOGIN PASSWORD '{PASSWORD}'")).await;
            run(db, &format!("ALTER DATABASE {database} OWNER TO {user}")).await;
        }
        Dialect::Mysql => {
            run(db, &format!("CREATE USER {user} IDENTIFIED BY '{PASSWORD}'")).await;
            run(db, &format!("GRANT ALL ON {database}.* TO {user}")).await;
        }
    }
    let mut url = other(scratch, |url| {
        url.set_username(&user).unwrap();
        url.set_password(Some("PASSWORD")).unwrap();
    });
    url = url.replace("PASSWORD", "ge%2Fheim%40%25geheim");
    let nowhere = other(scratch, |url| {
        url.set_password(Some("PASSWORD")).unwrap();
        url.set_port(Some(TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()))
            .unwrap();
    });
    let nowhere = nowhere.replace("PASSWORD", "ge%2Fheim%40%25geheim");
    let unescaped = url.replace("%2F", "/");

    let mut all_said = Vec::new();
    for (url, code, arguments) in [
        (&url, 0, &["up", "-v"][..]),
        (&url, 2, &["status", "--json", "-v"]),
        (&url, 0, &["down", "--yes", "--json"]),
        (&url, 0, &["up", "--json"]),
        (&url, 1, &["up", "nowhere"]),
        (&nowhere, 1, &["up"]),
        (&nowhere, 1, &["status", "--json"]),
        (&unescaped, 1, &["up"]),
    ] {
        let mut command = migration_in(&std::env::temp_dir(), arguments);
        command.env("DATABASE_URL", url).env("DB_ECHO", "true").env("RUST_LOG", "debug");
        let said = Said::of(&mut command);
        all_said.push((code, said));
        let mut command = migration_in(&std::env::temp_dir(), &[arguments, &["-u", url]].concat());
        all_said.push((code, Said::of(&mut command)));
    }
    if dialect(db) == Dialect::Postgres {
        run(db, &format!("ALTER DATABASE {database} OWNER TO CURRENT_USER")).await;
        run(db, &format!("REASSIGN OWNED BY {user} TO CURRENT_USER")).await;
    }
    run(db, &format!("DROP USER {user}")).await;

    for (at, (code, said)) in all_said.into_iter().enumerate() {
        // `up` and `down` before it leave nothing pending for the second `status`.
        let is_code = said.code == Some(code) || (code == 2 && said.code == Some(0));
        assert!(is_code, "{at}: {said:#?}");
        assert!(!said.err.contains("heim") && !said.out.contains("heim"), "{at}: {said:#?}");
    }
}

async fn parts_name_the_same_database(scratch: &Scratch) {
    let mut command = migration_in(&std::env::temp_dir(), &["up"]);
    if let Some(file) = scratch.database.file() {
        command.env("DB_TYPE", "sqlite").env("SQLITE_PATH", file);
    } else {
        let url = url::Url::parse(scratch.database.url().expose_secret()).unwrap();
        command
            .env("DATABASE_PROVIDER", url.scheme())
            .env("DB_HOST", url.host_str().unwrap())
            .env("DB_NAME", scratch.database.name())
            .env("DB_USER", url.username());
        if let Some(port) = url.port() {
            command.env("DB_PORT", port.to_string());
        }
        if let Some(password) = url.password() {
            command.env("DB_PASSWORD", password);
        }
    }

    Said::of(&mut command).with(0);

    says(scratch, 0, &["status"]);
}

async fn a_schema_is_refused_where_there_is_none(scratch: &Scratch) {
    if dialect(&scratch.db) == Dialect::Postgres {
        return;
    }
    for arguments in [&["up"][..], &["status"], &["seed", "--verify"]] {
        let said = says(scratch, 1, &[arguments, &["-s", "shop"]].concat());
        assert!(said.err.contains("error[PLM0066]: `shop` cannot be the schema"), "{said:#?}");
        assert!(said.err.contains("leave --database-schema out"), "{said:#?}");
    }
    assert!(fingerprint(&scratch.db).await.is_empty());
}

async fn a_schema_that_may_not_be_used_comes_with_the_grant_to_type(scratch: &Scratch) {
    let db = &scratch.db;
    if dialect(db) != Dialect::Postgres {
        return;
    }
    says(scratch, 0, &["up"]);
    let user = format!("u{}", scratch.database.name().rsplit('_').next().unwrap());
    run(db, "REVOKE USAGE ON SCHEMA public FROM PUBLIC").await;
    run(db, &format!("CREATE ROLE {user} LOGIN PASSWORD 'geheim'")).await;
    run(db, &format!("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {user}")).await;
    let url = other(scratch, |url| {
        url.set_username(&user).unwrap();
        url.set_password(Some("geheim")).unwrap();
    });

    let refused: Vec<Said> = [
        &["status"][..],
        &["current"],
        &["up"],
        &["seed", "--verify"],
        &["status", "-s", "public"],
    ]
    .map(|arguments| with_url(&url, arguments))
    .into();
    let elsewhere = with_url(&url, &["status", "-s", "nowhere"]);
    let grant = format!("GRANT USAGE ON SCHEMA \"public\" TO \"{user}\"");
    run(db, &grant).await;
    let status = with_url(&url, &["status"]);
    run(db, &format!("DROP OWNED BY {user}")).await;
    run(db, &format!("DROP ROLE {user}")).await;

    for said in refused {
        assert_eq!(said.code, Some(1), "{said:#?}");
        let message = format!("error[PLM0028]: the user `{user}` may not use the schema `public`");
        assert!(said.err.contains(&message) && said.err.contains(&grant), "{said:#?}");
    }
    assert!(elsewhere.err.contains("error[PLM0027]: the schema `nowhere`"), "{elsewhere:#?}");
    assert_eq!(status.code, Some(0), "{status:#?}");
}

#[test]
fn the_embedded_database_is_beside_the_dotenv_that_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap();
    fs::write(folder.join(".env"), "SQLITE_PATH='my data/app.db'\n").unwrap();
    let deep = folder.join("a/b");
    fs::create_dir_all(&deep).unwrap();
    let file = folder.join("my data/app.db");

    let status = Said::of(&mut migration_in(&deep, &["status"])).with(2);
    assert!(status.err.starts_with(&format!("database: {}\n", file.display())), "{status:#?}");
    Said::of(&mut migration_in(&deep, &["up", "--dry-run"])).with(0);
    assert!(!file.exists(), "looking makes no file");
    let up = Said::of(&mut migration_in(&deep, &["up"])).with(0);
    assert!(up.err.starts_with(&format!("database: {}\n", file.display())), "{up:#?}");

    assert!(file.exists());
    Said::of(&mut migration_in(&folder, &["status"])).with(0);
    let mut elsewhere = migration_in(&folder, &["up"]);
    Said::of(elsewhere.env("SQLITE_PATH", "other.db")).with(0);
    assert!(folder.join("other.db").exists(), "what is set in the process wins");
}

#[test]
fn without_a_dotenv_the_embedded_database_is_in_the_working_folder() {
    let folder = tempfile::tempdir().unwrap();

    Said::of(&mut migration_in(folder.path(), &["up"])).with(0);

    assert!(folder.path().join("data/plimsoll.db").exists());
}

#[test]
fn a_kind_of_database_that_is_unknown_is_named() {
    let folder = tempfile::tempdir().unwrap();
    for (kind, code, part) in [
        ("oracle9", "PLM0005", "one of sqlite, postgres (postgresql), mysql (mariadb)"),
        ("mssql", "PLM0007", "`mssql`, which is not supported"),
        ("postgres", "PLM0006", "`DB_USER` is not set"),
    ] {
        let said = Said::of(migration_in(folder.path(), &["up"]).env("DB_TYPE", kind)).with(1);
        assert!(
            said.err.contains(&format!("error[{code}]")) && said.err.contains(part),
            "{said:#?}"
        );
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn an_environment_that_is_unknown_is_named_by_every_command() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [&["up"][..], &["status"], &["heads"], &["init"], &["seed", "--list"]] {
        let said =
            Said::of(migration_in(folder.path(), arguments).env("APP_ENV", "staging")).with(1);
        assert!(said.err.contains("error[PLM0005]"), "{said:#?}");
        assert!(said.err.contains("set `APP_ENV` to development or production"), "{said:#?}");
    }
}

#[test]
fn a_server_that_is_not_there_is_said_at_once() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for scheme in ["postgres", "mysql"] {
        let url = format!("{scheme}://u:geheim@127.0.0.1:{port}/shop");
        for arguments in [&["up"][..], &["status"]] {
            let said = with_url(&url, arguments).with(1);
            assert!(said.err.contains("error[PLM0011]"), "{said:#?}");
            assert!(said.err.contains(&format!("127.0.0.1:{port}")), "{said:#?}");
            assert!(!said.err.contains("geheim"));
        }
    }
}

/// The command as a user who may not write everything, with a copy of the program that this user
/// can reach.
#[cfg(unix)]
fn as_nobody(folder: &Path, arguments: &[&str]) -> Command {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

    let is_root = fs::metadata("/proc/self").is_ok_and(|it| it.uid() == 0);
    if !is_root {
        return migration_in(folder, arguments);
    }
    let programs = folder.join("bin");
    let program = programs.join("migration");
    if !program.exists() {
        fs::create_dir_all(&programs).unwrap();
        // By a process of its own: a file that this one had open for writing would be busy as long
        // as a child of another test has inherited it.
        let copy =
            Command::new("cp").arg(env!("CARGO_BIN_EXE_migration")).arg(&program).status().unwrap();
        assert!(copy.success());
        for it in [folder, &programs, &program] {
            fs::set_permissions(it, fs::Permissions::from_mode(0o755)).unwrap();
        }
    }
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .arg(program)
        .args(arguments)
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .current_dir(folder);
    command
}

#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_written_is_named() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let closed = folder.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o555)).unwrap();

    for (path, code) in [("closed/data/app.db", "PLM0019"), ("closed/app.db", "PLM0020")] {
        let said = Said::of(as_nobody(folder.path(), &["up"]).env("SQLITE_PATH", path)).with(1);
        assert!(said.err.contains(&format!("error[{code}]")), "{said:#?}");
        assert!(said.err.contains(closed.to_str().unwrap()), "{said:#?}");
        assert!(said.err.contains("SQLITE_PATH"), "{said:#?}");
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_may_only_be_read_can_be_looked_at() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let file = data.join("plimsoll.db");
    Said::of(&mut migration_in(folder.path(), &["up"])).with(0);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o444)).unwrap();
    fs::set_permissions(&data, fs::Permissions::from_mode(0o777)).unwrap();
    let said = |arguments: &[&str]| Said::of(&mut as_nobody(folder.path(), arguments));

    for arguments in
        [&["status"][..], &["current"], &["history"], &["seed", "--verify"], &["up", "--dry-run"]]
    {
        said(arguments).with(0);
    }
    let up = said(&["up"]).with(0);
    assert!(up.out.starts_with("nothing to do"), "{up:#?}");
    is_refused(&said(&["down", "--yes"]));
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    Said::of(&mut migration_in(folder.path(), &["down", "--yes"])).with(0);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o444)).unwrap();
    said(&["status"]).with(2);
    is_refused(&said(&["up"]));
}

#[cfg(unix)]
#[test]
fn a_file_in_a_folder_that_may_only_be_read_can_be_looked_at() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    Said::of(&mut migration_in(folder.path(), &["up"])).with(0);
    let listing = || fs::read_dir(&data).unwrap().count();
    let before = listing();
    fs::set_permissions(&data, fs::Permissions::from_mode(0o555)).unwrap();

    let mut all_said = Vec::new();
    for url in ["sqlite:data/plimsoll.db", "sqlite:data/plimsoll.db?mode=ro"] {
        for arguments in
            [&["status"][..], &["current"], &["seed", "--verify"], &["up", "--dry-run"], &["up"]]
        {
            let mut command = as_nobody(folder.path(), arguments);
            all_said.push(Said::of(command.env("DATABASE_URL", url)));
        }
    }
    let down = Said::of(&mut as_nobody(folder.path(), &["down", "--yes"]));
    let after = listing();
    fs::set_permissions(&data, fs::Permissions::from_mode(0o755)).unwrap();

    assert_eq!(before, after);
    for said in &all_said {
        assert_eq!(said.code, Some(0), "{said:#?}");
    }
    assert!(all_said[4].out.starts_with("nothing to do"), "{:#?}", all_said[4]);
    is_refused(&down);
}

#[cfg(unix)]
async fn a_log_that_cannot_be_read_is_said_to_be_so(scratch: &Scratch) {
    use std::os::unix::fs::PermissionsExt as _;

    let Some(file) = scratch.database.file() else { return };
    says(scratch, 0, &["up"]);
    run(&scratch.db, "UPDATE roles SET description = 'only in the log'").await;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::copy(file, data.join("plimsoll.db")).unwrap();
    let log = format!("{}-wal", file.display());
    assert!(fs::copy(log, data.join("plimsoll.db-wal")).unwrap() > 0);
    fs::set_permissions(&data, fs::Permissions::from_mode(0o555)).unwrap();

    let status = Said::of(&mut as_nobody(folder.path(), &["status"]));
    fs::set_permissions(&data, fs::Permissions::from_mode(0o755)).unwrap();
    Said::of(&mut migration_in(folder.path(), &["up"])).with(0);

    assert_eq!(status.code, Some(1), "{status:#?}");
    assert!(status.err.contains("error[PLM0029]"), "{status:#?}");
    assert!(status.err.contains("next: let this user write the folder of"), "{status:#?}");
    assert_eq!(fs::metadata(data.join("plimsoll.db-wal")).map_or(0, |it| it.len()), 0);
}

#[cfg(not(unix))]
async fn a_log_that_cannot_be_read_is_said_to_be_so(_: &Scratch) {}

/// Whether it was said which file cannot be written: the database's, or that of the lock.
fn is_refused(said: &Said) {
    assert_eq!(said.code, Some(1), "{said:#?}");
    let (database, lock) = ("error[PLM0020]", "error[PLM0033]");
    assert!(said.err.contains(database) || said.err.contains(lock), "{said:#?}");
    assert!(said.err.contains("plimsoll.db"), "{said:#?}");
}
