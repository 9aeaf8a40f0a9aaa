use std::path::Path;

use secrecy::ExposeSecret;

use super::*;
use crate::config::differences;

/// What is shown, and what the URL is that reads back as the same.
fn from_url(url: &str) -> (String, String) {
    let database = Database::from_url(url, Path::new("/home/app")).unwrap();
    let again =
        Database::from_url(database.url().expose_secret(), Path::new("/elsewhere")).unwrap();
    assert_eq!(database.to_string(), again.to_string(), "{url}");
    assert_eq!(database.url().expose_secret(), again.url().expose_secret(), "{url}");
    (database.to_string(), database.url().expose_secret().to_owned())
}

fn from_parts(pairs: &[(&str, &str)]) -> Result<Database> {
    Database::from_env(&Env::from_pairs(pairs.iter().copied(), "/home/app"))
}

#[test]
fn sqlite_urls_mean_what_their_authors_mean() {
    let urls = [
        ("sqlite:a.db", "/home/app/a.db"),
        ("sqlite://a.db", "/home/app/a.db"),
        ("sqlite://data/a.db?mode=rwc", "/home/app/data/a.db"),
        ("sqlite:///var/a.db", "/var/a.db"),
        ("sqlite:/var/a.db", "/var/a.db"),
        ("sqlite:a%20b%3Fc%23d%25e.db", "/home/app/a b?c#d%e.db"),
        ("sqlite:a b#c.db", "/home/app/a b#c.db"),
        ("SQLite:a.db", "/home/app/a.db"),
        ("sqlite::memory:", ":memory:"),
        ("sqlite://:memory:", ":memory:"),
        ("sqlite://", ":memory:"),
        ("sqlite://?mode=memory", ":memory:"),
        ("sqlite+aiosqlite:///data/a.db", "/home/app/data/a.db"),
        ("sqlite+aiosqlite:////var/a.db", "/var/a.db"),
        ("sqlite+pysqlite:///a%20b.db?check_same_thread=false", "/home/app/a%20b.db"),
        ("sqlite+aiosqlite://", ":memory:"),
        ("sqlite+aiosqlite:///:memory:", ":memory:"),
    ];
    for (url, path) in urls {
        assert_eq!(from_url(url).0, path, "{url}");
    }
}

#[test]
fn the_mode_of_an_sqlite_url_says_what_may_be_done() {
    let access = |url: &str| match Database::from_url(url, Path::new("/")).unwrap().place {
        Place::Sqlite(file) => file.access,
        Place::Server(_) => unreachable!("the URLs are SQLite's"),
    };
    assert_eq!(access("sqlite:a.db"), Access::Create);
    assert_eq!(access("sqlite:a.db?mode=rwc"), Access::Create);
    assert_eq!(access("sqlite:a.db?mode=rw"), Access::Write);
    assert_eq!(access("sqlite:a.db?mode=ro"), Access::Read);
    assert_eq!(from_url("sqlite:a.db?mode=ro").1, "sqlite:/home/app/a.db?mode=ro");
}

#[test]
fn server_urls_are_shown_without_the_password() {
    let urls = [
        ("postgres://ann:geheim@db:5433/shop", "postgres://ann:***@db:5433/shop"),
        ("postgresql://ann@db/shop", "postgres://ann@db:5432/shop"),
        ("postgresql+asyncpg://ann:geheim@db/shop?ssl=require", "postgres://ann:***@db:5432/shop"),
        ("mysql+pymysql://ann:geheim@db/shop?charset=utf8mb4", "mysql://ann:***@db:3306/shop"),
        ("mysql+aiomysql://ann@db/shop", "mysql://ann@db:3306/shop"),
        ("mariadb://ann@db/shop", "mysql://ann@db:3306/shop"),
        ("postgres://ann%40x:ge%2Fh%3A@db/sh%20op", "postgres://ann%40x:***@db:5432/sh%20op"),
        ("postgres://ann:ge@heim@db/shop", "postgres://ann:***@db:5432/shop"),
        ("postgres://ann@[::1]:6000/shop", "postgres://ann@[::1]:6000/shop"),
        ("postgres://localhost/shop", "postgres://localhost:5432/shop"),
        ("postgres:///shop", "postgres://localhost:5432/shop"),
        ("postgres://ann@/shop?host=/run/pg", "postgres://ann@%2Frun%2Fpg:5432/shop"),
        ("postgres://ann@%2Frun%2Fpg/shop", "postgres://ann@%2Frun%2Fpg:5432/shop"),
        (
            "postgres:///?user=ann&password=geheim&dbname=shop&host=db&port=7",
            "postgres://ann:***@db:7/shop",
        ),
        ("mysql://ann@db/shop?unix_socket=/run/my.sock", "mysql://ann@%2Frun%2Fmy.sock:3306/shop"),
    ];
    for (url, shown) in urls {
        assert_eq!(from_url(url).0, shown, "{url}");
    }
}

#[test]
fn parameters_of_a_url_are_kept_in_their_dialects_words() {
    let urls = [
        (
            "postgres://db/a?sslmode=verify-full&sslrootcert=ca.pem",
            "postgres://db:5432/a?sslmode=verify-full&sslrootcert=%2Fhome%2Fapp%2Fca.pem",
        ),
        ("postgresql+asyncpg://db/a?ssl=true", "postgres://db:5432/a?sslmode=require"),
        (
            "postgresql+asyncpg://db/a?ssl=verify-ca&prepared_statement_cache_size=50",
            "postgres://db:5432/a?sslmode=verify-ca&statement-cache-capacity=50",
        ),
        (
            "postgres://db/a?application_name=x&schema=s",
            "postgres://db:5432/a?application_name=x&search_path=s",
        ),
        (
            "postgres://db/a?options=-c%20statement_timeout%3D5s%20--geqo%3Doff",
            "postgres://db:5432/a?options[statement_timeout]=5s&options[geqo]=off",
        ),
        (
            "postgres://db/a?options[lock_timeout]=5s",
            "postgres://db:5432/a?options[lock_timeout]=5s",
        ),
        (
            "mysql://db/a?ssl-mode=VERIFY_IDENTITY&ssl_ca=/ca.pem",
            "mysql://db:3306/a?ssl-mode=verify-identity&ssl-ca=%2Fca.pem",
        ),
        (
            "mysql+pymysql://db/a?ssl=false&use_unicode=1&time_zone=UTC",
            "mysql://db:3306/a?ssl-mode=disabled",
        ),
    ];
    for (url, whole) in urls {
        assert_eq!(from_url(url).1, whole, "{url}");
    }
}

/// URLs, and the code and message of what is wrong with them.
const BAD_URLS: &[(&str, &str, &str)] = &[
    ("localhost/geheim", "PLM0008", "cannot read the database URL: it has no scheme"),
    ("ann:geheim@db/shop", "PLM0007", "the database URL asks for `ann`, which is not supported"),
    (
        "mssql://sa:geheim@db/shop",
        "PLM0007",
        "the database URL asks for `mssql`, which is not supported",
    ),
    (
        "mssql+pyodbc://sa:geheim@db/shop",
        "PLM0007",
        "the database URL asks for `mssql`, which is not supported",
    ),
    ("mongodb://db/shop", "PLM0007", "the database URL asks for `mongodb`, which is not supported"),
    (
        "postgres:db/shop",
        "PLM0008",
        "cannot read the database URL: `//` is missing after the scheme",
    ),
    (
        "postgres://ann:geheim@db:54x/shop",
        "PLM0008",
        "cannot read the database URL: invalid port number",
    ),
    (
        "postgres://ann:geheim@db:70000/shop",
        "PLM0008",
        "cannot read the database URL: invalid port number",
    ),
    (
        "postgres://ann:12#geheim@db/shop",
        "PLM0008",
        "cannot read the database URL: a `#` that is not percent-encoded",
    ),
    (
        "postgres://ann:12/geheim@db/shop",
        "PLM0008",
        "cannot read the database URL: a `/` or `@` that is not percent-encoded",
    ),
    (
        "postgres://ann:12/geheim@db",
        "PLM0008",
        "cannot read the database URL: a `/` or `@` that is not percent-encoded",
    ),
    (
        "postgres://ann:12?geheim@db/shop",
        "PLM0008",
        "cannot read the database URL: a `?` that is not percent-encoded, or a parameter without a name",
    ),
    (
        "postgres://ann:12?geheim=1@db/shop",
        "PLM0008",
        "cannot read the database URL: a `?` that is not percent-encoded, or a parameter without a name",
    ),
    (
        "mysql://ann:12?geheim&a=@db/shop",
        "PLM0008",
        "cannot read the database URL: a `?` that is not percent-encoded, or a parameter without a name",
    ),
    (
        "postgres://ann:geheim@db",
        "PLM0008",
        "cannot read the database URL: it names no database: append `/name`",
    ),
    (
        "postgres://ann:geheim@db/%ff",
        "PLM0008",
        "cannot read the database URL: percent-encoded text that is not UTF-8",
    ),
    (
        "mysql://ann:geheim@db/shop?charset=latin1",
        "PLM0009",
        "the parameter `charset` of the database URL can only be utf8mb4",
    ),
    (
        "mysql://ann:geheim@db/shop?time_zone=SYSTEM",
        "PLM0009",
        "the parameter `time_zone` of the database URL can only be +00:00",
    ),
    (
        "mysql://ann:geheim@db/shop?ssl-mode=verify-full",
        "PLM0009",
        "the parameter `ssl-mode` of the database URL is not one of disabled, preferred, required, verify-ca, verify-identity",
    ),
    (
        "postgres://ann:geheim@db/shop?sslmode=required",
        "PLM0009",
        "the parameter `sslmode` of the database URL is not one of disable, allow, prefer, require, verify-ca, verify-full",
    ),
    (
        "postgres://db/shop?port=x",
        "PLM0009",
        "the parameter `port` of the database URL is not a number in its range",
    ),
    (
        "postgres://db/shop?options=geqo",
        "PLM0009",
        "the parameter `options` of the database URL is not of the form `-c name=value -c name=value`",
    ),
    (
        "postgres://db/shop?statement-cache-capacity=0",
        "PLM0009",
        "the parameter `statement-cache-capacity` of the database URL cannot be 0: the server would keep every statement",
    ),
    (
        "postgres://db/shop?channel_binding=require",
        "PLM0009",
        "the parameter `channel_binding` of the database URL is not known; known are sslmode, ssl, sslrootcert, sslcert, sslkey, host, port, dbname, user, password, application_name, search_path, options, statement-cache-capacity",
    ),
    (
        "sqlite:a.db?mode=rx",
        "PLM0009",
        "the parameter `mode` of the database URL is not one of ro, rw, rwc, memory",
    ),
    (
        "sqlite:a.db?cache=shared",
        "PLM0009",
        "the parameter `cache` of the database URL can only be private for a file",
    ),
    (
        "sqlite:a.db?timeout=3",
        "PLM0009",
        "the parameter `timeout` of the database URL is not known; known are mode",
    ),
    (
        "sqlite+aiosqlite://a.db",
        "PLM0008",
        "cannot read the database URL: an SQLite file has no host: write three slashes, or four before an absolute path",
    ),
];

#[test]
fn urls_that_cannot_be_read_say_why_and_show_no_password() {
    for &(url, code, message) in BAD_URLS {
        let error = Database::from_url(url, Path::new("/")).unwrap_err();
        assert_eq!((error.code(), error.to_string().as_str()), (code, message), "{url}");
        assert!(!format!("{error:?}{:?}", error.hint()).contains("geheim"), "{url}");
        assert!(error.hint().is_some(), "{url}");
    }
}

#[test]
fn a_servers_url_need_not_name_a_database() {
    let server = |url: &str| Database::from_server_url(url, Path::new("/")).unwrap().name();
    assert_eq!(server("postgres://ann@db"), "postgres");
    assert_eq!(server("mysql://ann@db/"), "information_schema");
    assert_eq!(server("mysql://ann@db/shop"), "shop");
}

#[test]
fn nothing_configured_is_the_embedded_database() {
    assert_eq!(from_parts(&[]).unwrap().to_string(), "/home/app/data/plimsoll.db");
    assert_eq!(
        from_parts(&[("SQLITE_PATH", "a b%20?#.db")]).unwrap().to_string(),
        "/home/app/a b%20?#.db"
    );
    assert_eq!(
        from_parts(&[("SQLITE_PATH", "/var/a.db"), ("DB_TYPE", "sqlite")]).unwrap().to_string(),
        "/var/a.db"
    );
}

#[test]
fn a_url_wins_over_parts_and_an_option_wins_over_both() {
    let env = Env::from_pairs(
        [("DATABASE_URL", "mysql://db/a"), ("DB_TYPE", "oops"), ("DB_POOL_SIZE", "3")],
        "/home/app",
    );
    assert_eq!(Database::from_env(&env).unwrap().to_string(), "mysql://db:3306/a");
    let other = Database::resolve(&env, Some("sqlite:b.db")).unwrap();
    assert_eq!(other.to_string(), "/home/app/b.db");
    assert_eq!(other.pool().size.get(), 3);
}

#[test]
fn parts_are_taken_as_they_are() {
    let parts = [
        ("DATABASE_PROVIDER", "PostgreSQL"),
        ("DB_HOST", "db.example"),
        ("POSTGRES_DB", "sh/op"),
        ("POSTGRES_USER", "a@b:c"),
        ("POSTGRES_PASSWORD", "ge/h#e?i%20m@"),
    ];
    let database = from_parts(&parts).unwrap();

    assert_eq!(database.dialect(), Dialect::Postgres);
    assert_eq!(database.to_string(), "postgres://a%40b%3Ac:***@db.example:5432/sh%2Fop");
    assert_eq!(
        database.url().expose_secret(),
        "postgres://a%40b%3Ac:ge%2Fh%23e%3Fi%2520m%40@db.example:5432/sh%2Fop"
    );
    from_url(database.url().expose_secret());
}

#[test]
fn parts_have_the_ports_and_host_of_their_dialect() {
    let shown = |kind| {
        from_parts(&[("DB_TYPE", kind), ("DB_NAME", "a"), ("DB_USER", "u")]).unwrap().to_string()
    };
    assert_eq!(shown("postgres"), "postgres://u@localhost:5432/a");
    assert_eq!(shown("mysql"), "mysql://u@localhost:3306/a");
    assert_eq!(shown("mariadb"), "mysql://u@localhost:3306/a");
    let socket = from_parts(&[
        ("DB_TYPE", "postgres"),
        ("DB_NAME", "a"),
        ("DB_USER", "u"),
        ("DB_HOST", "/run/pg"),
        ("DB_PORT", "6000"),
    ]);
    assert_eq!(socket.unwrap().to_string(), "postgres://u@%2Frun%2Fpg:6000/a");
}

/// Variables, and the code and message of what is wrong with them.
type BadParts = (&'static [(&'static str, &'static str)], &'static str, &'static str);
const BAD_PARTS: &[BadParts] = &[
    (&[("DB_TYPE", "mssql")], "PLM0007", "DB_TYPE asks for `mssql`, which is not supported"),
    (
        &[("DATABASE_TYPE", "db2")],
        "PLM0005",
        "`DATABASE_TYPE` is `db2`, which is not one of sqlite, postgres (postgresql), mysql (mariadb)",
    ),
    (
        &[("DB_TYPE", "postgres"), ("DB_USER", "u")],
        "PLM0006",
        "`DB_NAME` is not set, and `DB_TYPE` is `postgres`",
    ),
    (
        &[("DB_TYPE", "mysql"), ("DB_NAME", "a")],
        "PLM0006",
        "`DB_USER` is not set, and `DB_TYPE` is `mysql`",
    ),
    (
        &[("DB_HOST", "db")],
        "PLM0006",
        "`DB_TYPE` is not set, and `DB_HOST` is: the kind of database is needed with it",
    ),
    (
        &[("POSTGRES_DB", "shop"), ("POSTGRES_PASSWORD", "geheim")],
        "PLM0006",
        "`DB_TYPE` is not set, and `POSTGRES_DB` is: the kind of database is needed with it",
    ),
    (
        &[("DB_PASSWORD", "geheim")],
        "PLM0006",
        "`DB_TYPE` is not set, and `DB_PASSWORD` is: the kind of database is needed with it",
    ),
    (
        &[("DB_PORT", "54x")],
        "PLM0005",
        "`DB_PORT` is `54x`, which is not a port number from 1 to 65535",
    ),
    (
        &[("DB_PORT", "0")],
        "PLM0005",
        "`DB_PORT` is `0`, which is not a port number from 1 to 65535",
    ),
    (
        &[("DB_SSL_MODE", "verify-full")],
        "PLM0005",
        "`DB_SSL_MODE` is `verify-full`, which is not one of disabled, preferred, required, verify-ca, verify-identity",
    ),
    (
        &[("DB_POOL_SIZE", "0")],
        "PLM0005",
        "`DB_POOL_SIZE` is `0`, which is not a whole number from 1 to 65535",
    ),
    (
        &[("DATABASE_POOL_SIZE", "many")],
        "PLM0005",
        "`DATABASE_POOL_SIZE` is `many`, which is not a whole number from 1 to 65535",
    ),
    (
        &[("DB_POOL_TIMEOUT", "0")],
        "PLM0005",
        "`DB_POOL_TIMEOUT` is `0`, which is not a number of seconds above 0 and at most 31536000, such as 30",
    ),
    (
        &[("DB_MAX_LIFETIME", "1h")],
        "PLM0005",
        "`DB_MAX_LIFETIME` is `1h`, which is not a number of seconds above 0 and at most 31536000, such as 30",
    ),
    (
        &[("DB_ECHO", "maybe")],
        "PLM0005",
        "`DB_ECHO` is `maybe`, which is not true or false (also 1, 0, yes, no, on, off)",
    ),
];

#[test]
fn parts_that_are_wrong_or_missing_are_named() {
    let whole = [("DB_TYPE", "mysql"), ("DB_NAME", "a"), ("DB_USER", "u")];
    for &(pairs, code, message) in BAD_PARTS {
        let complete = message.starts_with("`DB_TYPE` is not set")
            || pairs.iter().any(|(name, _)| matches!(*name, "DB_TYPE" | "DATABASE_TYPE"));
        let pairs = if complete { pairs.to_vec() } else { [&whole[..], pairs].concat() };
        let error = from_parts(&pairs).unwrap_err();
        assert_eq!((error.code(), error.to_string().as_str()), (code, message));
        assert!(error.hint().is_some());
    }
}

#[test]
fn the_ssl_mode_of_the_environment_fills_what_a_url_leaves_open() {
    let url = |url| {
        let env = Env::from_pairs([("DATABASE_URL", url), ("DB_SSL_MODE", "require")], "/");
        Database::from_env(&env).unwrap().url().expose_secret().to_owned()
    };
    assert_eq!(url("postgres://db/a"), "postgres://db:5432/a?sslmode=require");
    assert_eq!(url("postgres://db/a?sslmode=disable"), "postgres://db:5432/a?sslmode=disable");
    assert_eq!(url("sqlite:/a.db"), "sqlite:/a.db");
}

#[test]
fn another_database_is_on_the_same_server_or_in_the_same_folder() {
    let database = |url| Database::from_url(url, Path::new("/home/app")).unwrap();
    let server = database("postgres://ann:geheim@db/a?sslmode=require").with_name("b c");
    assert_eq!(server.url().expose_secret(), "postgres://ann:geheim@db:5432/b%20c?sslmode=require");
    assert_eq!(server.name(), "b c");
    let file = database("sqlite:data/a.db");
    assert_eq!(file.with_name("b.db").name(), "/home/app/data/b.db");
    assert_eq!(file.with_name(&file.name()).name(), file.name());
    assert_eq!(file.with_name(":memory:").file(), None);
}

#[test]
fn no_way_of_showing_a_database_shows_its_password() {
    let database = Database::from_url("mysql://ann:geheim@db/a", Path::new("/")).unwrap();
    assert!(!format!("{database}{database:?}").contains("geheim"));
}

#[test]
fn default_pool_settings_are_the_documented_ones() {
    assert_eq!(*from_parts(&[]).unwrap().pool(), PoolSettings::default());
}

#[test]
fn the_example_says_of_each_variable_of_this_crate_what_the_list_says() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../.env.example");
    let example = std::fs::read_to_string(file).unwrap();
    let differences = differences(&example, &[crate::config::VARIABLES]);
    let ours: Vec<&String> =
        differences.iter().filter(|sentence| !sentence.ends_with("nothing reads it")).collect();
    assert_eq!(ours, Vec::<&String>::new());
}
