use futures_timer::Delay;
use plimsoll::{
    config::{Database, TEST_MYSQL_URL},
    connect, retry,
};
use sea_orm::{ConnectionTrait, DbErr, sqlx};

use crate::{asked, chain, hex, on_a_database_of, one, refusal, run, server};

fn on_mysql(test: impl AsyncFnOnce(Database)) {
    on_a_database_of(&TEST_MYSQL_URL, test);
}

#[test]
fn every_session_has_the_settings() {
    on_mysql(async |database| {
        let pool = connect::pool(&database).await.unwrap();
        let session = connect::session(&database).await.unwrap();

        for db in [&pool, &session] {
            let mode = one::<String>(db, "SELECT @@SESSION.sql_mode").await;
            let mut mode: Vec<&str> = mode.split(',').collect();
            mode.sort_unstable();
            assert_eq!(
                mode,
                [
                    "ERROR_FOR_DIVISION_BY_ZERO",
                    "NO_ENGINE_SUBSTITUTION",
                    "NO_ZERO_DATE",
                    "NO_ZERO_IN_DATE",
                    "PIPES_AS_CONCAT",
                    "STRICT_TRANS_TABLES"
                ]
            );
            assert_eq!(one::<String>(db, "SELECT @@SESSION.time_zone").await, "+00:00");
            for name in ["client", "connection", "results"] {
                let sql = format!("SELECT @@SESSION.character_set_{name}");
                assert_eq!(one::<String>(db, &sql).await, "utf8mb4");
            }
            assert_eq!(one::<String>(db, "SELECT '🌊' || \"é\"").await, "🌊é");
        }
        pool.close().await.unwrap();
        session.close().await.unwrap();
    });
}

#[test]
fn a_value_that_does_not_fit_is_refused() {
    on_mysql(async |database| {
        let db = connect::pool(&database).await.unwrap();
        db.execute_unprepared("CREATE TABLE a (short varchar(2))").await.unwrap();

        let refused = db.execute_unprepared("INSERT INTO a VALUES ('long')").await.unwrap_err();

        assert!(refused.to_string().contains("too long"), "{refused}");
        db.close().await.unwrap();
    });
}

#[test]
fn a_session_keeps_the_statements_of_a_long_migration() {
    on_mysql(async |database| {
        let session = connect::session(&database).await.unwrap();
        for number in 0..600 {
            one::<i64>(&session, &format!("SELECT {number}")).await;
        }

        let pool = session.get_mysql_connection_pool();
        let (_, dropped): (String, String) =
            sqlx::query_as("SHOW SESSION STATUS LIKE 'Com_stmt_close'")
                .fetch_one(pool)
                .await
                .unwrap();

        assert_eq!(dropped, "0");
        session.close().await.unwrap();
    });
}

#[test]
fn a_session_that_the_server_ends_is_not_replaced() {
    on_mysql(async |database| {
        let pool = connect::pool(&database).await.unwrap();
        for pause in crate::PAUSES {
            let session = connect::session(&database).await.unwrap();
            let id: u64 = one(&session, "SELECT connection_id()").await;
            assert_eq!(one::<u64>(&session, "SELECT connection_id()").await, id);
            Delay::new(pause).await;
            pool.execute_unprepared(&format!("KILL {id}")).await.unwrap();

            for _ in 0..3 {
                let next = asked::<u64>(&session, "SELECT connection_id()").await;
                assert!(next.is_err(), "{next:?}");
            }
            session.close().await.unwrap();
        }
        pool.close().await.unwrap();
    });
}

#[test]
fn nothing_listens_is_said_at_once() {
    run(crate::nothing_listens_is_said_at_once("mysql", "mysql"));
}

#[test]
fn an_unknown_host_is_named() {
    run(crate::an_unknown_host_is_named("mysql"));
}

#[test]
fn a_silent_server_is_given_up_after_the_limit() {
    run(crate::a_silent_server_is_given_up_after_the_limit("mysql", "mysql"));
}

#[test]
fn a_certificate_that_is_not_there_is_named() {
    run(crate::a_certificate_that_is_not_there_is_named("mysql", "ssl-ca"));
}

#[test]
fn a_database_that_is_not_there_comes_with_the_command_that_creates_it() {
    run(async {
        let database = server(&TEST_MYSQL_URL).with_name("plimsoll no such");

        let (error, _) = refusal(&database).await;

        assert_eq!(error.code(), "PLM0014", "{}", chain(&error));
        let hint = error.hint().unwrap();
        assert!(hint.starts_with("create it: mariadb -h "), "{hint}");
        assert!(
            hint.ends_with(
                "-e 'CREATE DATABASE `plimsoll no such` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin'"
            ),
            "{hint}"
        );
    });
}

#[test]
fn a_wrong_password_is_refused_and_not_shown() {
    on_mysql(async |database| {
        let admin = connect::session(&database).await.unwrap();
        let user = format!("plimsoll_{}", hex(6));
        let name = database.name();
        admin
            .execute_unprepared(&format!("CREATE USER {user}@'%' IDENTIFIED BY 'right'"))
            .await
            .unwrap();
        admin.execute_unprepared(&format!("GRANT ALL ON {name}.* TO {user}@'%'")).await.unwrap();
        let shown = database.to_string();
        let address = shown.rsplit_once('@').map_or("", |(_, address)| address);
        let as_user = |password: &str| crate::url(&format!("mysql://{user}:{password}@{address}"));

        let right = connect::pool(&as_user("right")).await;
        let (error, _) = refusal(&as_user("geheim")).await;
        let (other, _) = refusal(&as_user("right").with_name("mysql")).await;

        admin.execute_unprepared(&format!("DROP USER {user}@'%'")).await.unwrap();
        right.unwrap().close().await.unwrap();
        assert_eq!(error.code(), "PLM0013", "{}", chain(&error));
        assert_eq!(
            error.to_string(),
            format!("the server refused the user of `mysql://{user}:***@{address}`")
        );
        assert!(!chain(&error).contains("geheim") && !format!("{error:?}").contains("geheim"));
        assert_eq!(other.code(), "PLM0013", "no right to the database: {}", chain(&other));
        admin.close().await.unwrap();
    });
}

#[test]
fn encryption_that_cannot_be_verified_is_said() {
    run(async {
        let server = server(&TEST_MYSQL_URL).to_string();
        let (error, _) = refusal(&crate::url(&format!("{server}?ssl-mode=verify-identity"))).await;

        assert_eq!(error.code(), "PLM0016", "{}", chain(&error));
        assert!(error.hint().unwrap().contains("?ssl-mode="));
    });
}

#[test]
fn a_transaction_given_up_at_any_moment_is_not_left_open() {
    on_mysql(crate::a_transaction_given_up_at_any_moment_is_not_left_open);
}

#[test]
fn work_that_panics_is_rolled_back() {
    on_mysql(crate::work_that_panics_is_rolled_back);
}

#[test]
fn a_deadlock_is_tried_again() {
    on_mysql(async |database| {
        let db = connect::pool(&database).await.unwrap();
        crate::two_that_deadlock_both_succeed(&db).await;
        db.close().await.unwrap();
    });
}

#[test]
fn a_lock_that_is_waited_for_too_long_is_transient() {
    on_mysql(async |database| {
        let holder = connect::session(&database).await.unwrap();
        let waiter = connect::session(&database).await.unwrap();
        holder.execute_unprepared("CREATE TABLE a (id int PRIMARY KEY)").await.unwrap();
        holder.execute_unprepared("INSERT INTO a VALUES (1)").await.unwrap();
        holder.execute_unprepared("BEGIN").await.unwrap();
        holder.execute_unprepared("UPDATE a SET id = 2").await.unwrap();
        waiter.execute_unprepared("SET SESSION innodb_lock_wait_timeout = 1").await.unwrap();

        let refused: DbErr = waiter.execute_unprepared("UPDATE a SET id = 3").await.unwrap_err();

        assert!(retry::is_transient(&refused), "{refused}");
        holder.execute_unprepared("ROLLBACK").await.unwrap();
        holder.close().await.unwrap();
        waiter.close().await.unwrap();
    });
}
