//! What only copies of MySQL and MariaDB have to do: no transaction brings them back, and a dump is a program.

use std::time::Duration;

use super::*;

/// There is no transaction for it: what stopped on the way says so until it is brought to its end.
#[test]
fn mysql_knows_that_a_copy_is_half_there() {
    plimsoll::testing::run_empty(Dialect::Mysql, async |scratch: &Scratch| {
        fill(scratch).await;
        let (before, copy) = (whole(scratch).await, Copy::new());
        copy.make(scratch).await;
        run(&scratch.db, "CREATE TABLE plimsoll_restoring (file text) CHARACTER SET utf8mb4").await;
        run(&scratch.db, "INSERT INTO plimsoll_restoring VALUES ('the copy')").await;
        run(&scratch.db, "DROP TABLE seaql_migrations").await;

        let error = up(scratch, &app()).await.unwrap_err();

        assert_eq!(error.code(), "PLM0079", "{}", chain(&error));
        let db = session(scratch).await;
        let backup = Backup::to_file(&scratch.database, copy.folder.path().join("half"));
        assert_eq!(app().on(&db).back_up(&backup).await.unwrap_err().code(), "PLM0079");
        assert_eq!(app().standings(&db).await.unwrap_err().code(), "PLM0079");
        let _ = db.close().await;
        assert!(error.hint().unwrap().contains("restore the copy"), "{:?}", error.hint());
        copy.restore(scratch).await.unwrap();
        pretty(&whole(scratch).await, &before);
        up(scratch, &app()).await.unwrap();
    });
}

/// What nobody is asked for is not done: a dump of several databases names its own.
#[test]
fn mysql_refuses_a_dump_that_leads_elsewhere_before_anything_is_sent() {
    plimsoll::testing::run_empty(Dialect::Mysql, async |scratch: &Scratch| {
        let other = format!("{}_other", scratch.database.name());
        fill(scratch).await;
        run(&scratch.db, &format!("CREATE DATABASE {other}")).await;
        run(&scratch.db, &format!("CREATE TABLE {other}.kept AS SELECT 1 AS one")).await;
        let copy = Copy::new();
        copy.make(scratch).await;
        fs::remove_file(copy.folder.path().join("it's a copy.sha256")).unwrap();
        let (before, good) = (whole(scratch).await, fs::read_to_string(copy.file()).unwrap());
        let (head, rest) = good.split_at(good.find("\n--\n-- Table structure").unwrap());

        for hidden in [
            format!("CREATE DATABASE /*!32312 IF NOT EXISTS*/ `{other}`;\nUSE `{other}`;\n"),
            format!("/*!40000 DROP DATABASE IF EXISTS `{other}`*/;\n"),
            format!("INSERT INTO `{other}`.`kept` VALUES (2);\n"),
            format!("DELIMITER ;;\nSELECT 1; DROP TABLE {other}.kept;;\nDELIMITER ;\n"),
        ] {
            fs::write(copy.file(), format!("{head}\n{hidden}{rest}")).unwrap();
            let error = copy.restore(scratch).await.unwrap_err();
            assert_eq!(error.code(), "PLM0077", "{hidden}: {}", chain(&error));
            assert!(chain(&error).contains("leads out of the database"), "{}", chain(&error));
            assert_eq!(
                all::<i32>(&scratch.db, &format!("SELECT one FROM {other}.kept")).await,
                [1]
            );
            assert_eq!(whole(scratch).await, before);
        }
        fs::write(copy.file(), &good).unwrap();
        copy.restore(scratch).await.unwrap_or_else(|error| panic!("{}", chain(&error)));
        run(&scratch.db, &format!("DROP DATABASE {other}")).await;
    });
}

/// A dump names the database where its character set is not the one that a routine was made in.
#[test]
fn mysql_brings_a_copy_back_in_a_database_of_another_name_and_leaves_the_first_alone() {
    plimsoll::testing::run_empty(Dialect::Mysql, async |scratch: &Scratch| {
        let name = scratch.database.name();
        let charset = format!(
            "SELECT CAST(default_collation_name AS CHAR) FROM information_schema.schemata WHERE schema_name = '{name}'"
        );
        run(&scratch.db, &format!("ALTER DATABASE {name} COLLATE latin1_danish_ci")).await;
        run(&scratch.db, "CREATE PROCEDURE sail() SELECT 1").await;
        run(&scratch.db, &format!("ALTER DATABASE {name} COLLATE utf8mb4_bin")).await;
        let copy = Copy::new();
        copy.make(scratch).await;
        assert!(
            fs::read_to_string(copy.file()).unwrap().contains(&format!("ALTER DATABASE `{name}`"))
        );

        run(&scratch.db, "DROP PROCEDURE sail").await;
        run(&scratch.db, &format!("ALTER DATABASE {name} COLLATE utf8mb4_danish_ci")).await;
        let db = session(scratch).await;
        app().on(&db).check_copy(&scratch.database, &copy.file()).await.unwrap();
        let _ = db.close().await;

        assert_eq!(one::<String>(&scratch.db, &charset).await, "utf8mb4_danish_ci");
        copy.restore(scratch).await.unwrap_or_else(|error| panic!("{}", chain(&error)));
        let made = rows(&scratch.db, "SHOW CREATE PROCEDURE sail").await;
        let collation: String = made[0].try_get_by_index(5).unwrap();
        assert_eq!(collation, "latin1_danish_ci");
    });
}

/// Whoever reads is waited for before anything goes, not in the middle.
#[test]
fn mysql_drops_nothing_while_somebody_reads() {
    plimsoll::testing::run_empty(Dialect::Mysql, async |scratch: &Scratch| {
        fill(scratch).await;
        let copy = Copy::new();
        copy.make(scratch).await;
        let before = whole(scratch).await;
        let reader = session(scratch).await;
        run(&reader, "BEGIN").await;
        assert_eq!(count(&reader, "seas").await, 1);

        let error = copy.restore(scratch).await.unwrap_err();

        assert_eq!(error.code(), "PLM0026", "{}", chain(&error));
        assert_eq!(whole(scratch).await, before, "the mark has gone, too");
        run(&reader, "COMMIT").await;
        let _ = reader.close().await;
        copy.restore(scratch).await.unwrap();
        pretty(&whole(scratch).await, &before);
    });
}

/// The session of a client goes on for a while when whoever started it was killed.
#[test]
fn mysql_waits_for_a_client_that_still_loads() {
    plimsoll::testing::run_empty(Dialect::Mysql, async |scratch: &Scratch| {
        fill(scratch).await;
        let copy = Copy::new();
        copy.make(scratch).await;
        let before = whole(scratch).await;
        let loading = session(scratch).await;
        run(&loading, "DO GET_LOCK(CONCAT('plimsoll-load:', SHA1(DATABASE())), 0)").await;

        let stop = plimsoll::Stop::new();
        let db = session(scratch).await;
        let asked = stop.clone();
        let asking = thread::spawn(move || {
            thread::sleep(Duration::from_secs(6));
            asked.ask();
        });
        let app = app();
        let stopped = app.on(&db).until(&stop).restore(&scratch.database, &copy.file()).await;
        asking.join().unwrap();

        assert_eq!(stopped.unwrap_err().code(), "PLM0091");
        assert_eq!(whole(scratch).await, before);
        let _ = (db.close().await, loading.close().await);
        copy.restore(scratch).await.unwrap();
        pretty(&whole(scratch).await, &before);
    });
}

/// The text of a FLOAT has six digits there, and a statement has a longest length.
#[test]
fn mysql_says_what_a_copy_cannot_have() {
    plimsoll::testing::run_empty(Dialect::Mysql, async |scratch: &Scratch| {
        for sql in [
            "CREATE TABLE ports (depth float, `a b` float, wide float AS (depth * 3))",
            "INSERT INTO ports (depth, `a b`) VALUES (16777216, 0.1), (1.5, NULL)",
        ] {
            run(&scratch.db, sql).await;
        }
        let (db, copy) = (session(scratch).await, Copy::new());
        let backup = Backup::to_file(&scratch.database, copy.file());
        let app = app();

        let made = app.on(&db).back_up(&backup).await.unwrap();
        run(&db, "CREATE TABLE charts (body longblob)").await;
        let most = one::<i64>(&db, "SELECT CAST(@@GLOBAL.max_allowed_packet AS SIGNED)").await;
        let half = most / 2 + 1;
        run(&db, &format!("INSERT INTO charts VALUES (REPEAT('x', {half}))")).await;
        let second = Backup::to_file(&scratch.database, copy.folder.path().join("second"));
        let error = app.on(&db).back_up(&second).await.unwrap_err();

        assert_eq!(made.rounded, ["ports.depth"]);
        assert_eq!(error.code(), "PLM0076", "{}", chain(&error));
        let said = chain(&error);
        assert!(
            said.contains("max_allowed_packet") && said.contains("INSERT INTO charts"),
            "{said}"
        );
        assert_eq!(fs::read_dir(copy.folder.path()).unwrap().count(), 2);
        run(&db, "UPDATE charts SET body = LEFT(body, 1000)").await;
        app.on(&db).back_up(&second).await.unwrap();
        let _ = db.close().await;
    });
}

/// What tried a copy and was killed leaves all rows of it behind.
#[test]
fn mysql_removes_what_was_left_of_a_copy_that_was_tried() {
    plimsoll::testing::run_empty(Dialect::Mysql, async |scratch: &Scratch| {
        let name = scratch.database.name();
        let (left, used) = (format!("{name}_copy00ff"), format!("{name}_copy11ff"));
        run(&scratch.db, "CREATE TABLE ports (id int)").await;
        let copy = Copy::new();
        copy.make(scratch).await;
        let holder = session(scratch).await;
        run(&holder, "DO GET_LOCK('plimsoll:copy11ff', 0)").await;
        for name in [&left, &used] {
            run(&scratch.db, &format!("CREATE DATABASE {name}")).await;
        }

        copy.restore(scratch).await.unwrap();

        let there = format!(
            "SELECT CAST(schema_name AS CHAR) FROM information_schema.schemata \
             WHERE schema_name IN ('{left}', '{used}')"
        );
        assert_eq!(all::<String>(&scratch.db, &there).await, std::slice::from_ref(&used));
        run(&scratch.db, &format!("DROP DATABASE {used}")).await;
        let _ = holder.close().await;
    });
}
