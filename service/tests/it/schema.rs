//! What the tables hold and refuse, whatever the program does.

use chrono::{DateTime, TimeDelta, Utc};
use entity::identity::{authz_version, user, user_role};
use plimsoll::schema::{Rule, Type};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder, SqlErr,
    TryGetable,
    sea_query::{Expr, ExprTrait, Query},
};

use crate::{
    filled::{SHIP, filled},
    people::{insert, person, someone},
};

plimsoll::on_every_database!(migration::app:
    every_text_keeps_an_emoji,
    an_enumeration_refuses_what_it_does_not_know,
    numbers_out_of_range_are_refused,
    an_email_without_its_key_is_refused,
    the_database_gives_the_defaults,
    times_by_default_and_by_query_compare_together,
    what_refers_to_nothing_is_refused,
    the_global_version_is_there_from_the_start,
);

async fn every_text_keeps_an_emoji(db: &DatabaseConnection) {
    filled(db).await;

    for table in entity::schema() {
        for column in &table.columns {
            let is_text = matches!(column.ty, Type::String(_) | Type::Text);
            let is_enumeration = table.checks.iter().any(
                |check| matches!(&check.rule, Rule::OneOf { column: of, .. } if *of == column.name),
            );
            if is_text && !is_enumeration {
                let query = Query::select()
                    .column(column.name.clone())
                    .from(table.name.clone())
                    .and_where(Expr::col(column.name.clone()).like(format!("{SHIP}%")))
                    .to_owned();
                let kept = db.query_all(&query).await.unwrap();

                assert!(!kept.is_empty(), "`{}`.`{}`", table.name, column.name);
                let text = String::try_get_by(&kept[0], 0_usize).unwrap();
                assert!(text.starts_with(SHIP), "`{}`.`{}`: {text}", table.name, column.name);
            }
        }
    }
}

async fn an_enumeration_refuses_what_it_does_not_know(db: &DatabaseConnection) {
    filled(db).await;
    let mut tried = 0;
    for table in entity::schema() {
        for check in &table.checks {
            let Rule::OneOf { column, values } = &check.rule else { continue };
            tried += 1;
            for known in values {
                set(db, &table.name, column, &format!("'{known}'")).await.unwrap();
            }
            let other_case = match values[0].to_uppercase() {
                upper if upper == values[0] => values[0].to_lowercase(),
                upper => upper,
            };
            for unknown in ["''", "'purple'", &format!("'{other_case}'")] {
                let refused = set(db, &table.name, column, unknown).await;

                assert!(refused.is_err(), "`{}`.`{column}` took {unknown}", table.name);
            }
        }
    }
    assert!(tried >= 30, "{tried}");
}

/// Updates all rows of a table, of which there is at least one.
async fn set(
    db: &DatabaseConnection,
    table: &str,
    column: &str,
    literal: &str,
) -> Result<(), sea_orm::DbErr> {
    let updated =
        db.execute_unprepared(&format!("UPDATE {table} SET {column} = {literal}")).await?;
    assert!(updated.rows_affected() > 0, "`{table}` has rows");
    Ok(())
}

async fn numbers_out_of_range_are_refused(db: &DatabaseConnection) {
    filled(db).await;
    let mut tried = 0;
    for table in entity::schema() {
        for check in &table.checks {
            let Rule::Range { column, min: Some(min), .. } = &check.rule else { continue };
            tried += 1;

            set(db, &table.name, column, &min.to_string()).await.unwrap();
            let refused = set(db, &table.name, column, &(min - 1).to_string()).await;

            assert!(refused.is_err(), "`{}`.`{column}` took {}", table.name, min - 1);
        }
    }
    assert!(tried >= 30, "{tried}");
}

async fn an_email_without_its_key_is_refused(db: &DatabaseConnection) {
    let without_key = user::ActiveModel { email: Set(Some("a@b.c".to_owned())), ..someone("a") };
    let without_email =
        user::ActiveModel { email_key: Set(Some("a@b.c".to_owned())), ..someone("a") };

    assert!(insert(db, without_key).await.is_err());
    assert!(insert(db, without_email).await.is_err());
    assert!(insert(db, someone("a")).await.is_ok());
}

async fn the_database_gives_the_defaults(db: &DatabaseConnection) {
    db.execute_unprepared("INSERT INTO users (username, username_key) VALUES ('A', 'a')")
        .await
        .unwrap();
    let hour = TimeDelta::hours(1);

    let user = user::Entity::find().one(db).await.unwrap().unwrap();

    assert_eq!((user.is_active, user.is_verified, user.totp_enabled), (true, false, false));
    assert_eq!((user.login_count, user.theme_preference), (0, user::ThemePreference::System));
    assert!((Utc::now() - user.created_at).abs() < hour, "{}", user.created_at);
    assert!((Utc::now() - user.updated_at).abs() < hour, "{}", user.updated_at);
}

async fn times_by_default_and_by_query_compare_together(db: &DatabaseConnection) {
    let by_default = person(db, "by default", &[]).await;
    let moment = by_default.created_at;
    // Steps that give zero, three and six digits behind the point, where times are text.
    for (name, at) in [
        ("a second before", moment - TimeDelta::seconds(1)),
        ("a microsecond before", moment - TimeDelta::microseconds(1)),
        ("at the same time", moment),
        ("a microsecond after", moment + TimeDelta::microseconds(1)),
        ("a millisecond after", moment + TimeDelta::milliseconds(1)),
        ("a whole second after", DateTime::from_timestamp(moment.timestamp() + 1, 0).unwrap()),
    ] {
        let row = user::ActiveModel { created_at: Set(at), ..someone(name) };
        assert_eq!(insert(db, row).await.unwrap().created_at, at);
    }
    let named = async |condition| -> Vec<String> {
        let users = user::Entity::find()
            .filter(sea_orm::Condition::all().add(condition))
            .order_by_asc(user::Column::CreatedAt)
            .order_by_asc(user::Column::Id);
        users.all(db).await.unwrap().into_iter().map(|user| user.username).collect()
    };

    let same = named(user::Column::CreatedAt.eq(moment)).await;
    let before = named(user::Column::CreatedAt.lt(moment)).await;
    let after = named(user::Column::CreatedAt.gte(moment)).await;

    assert_eq!(same, ["by default", "at the same time"]);
    assert_eq!(before, ["a second before", "a microsecond before"]);
    assert_eq!(
        after,
        [
            "by default",
            "at the same time",
            "a microsecond after",
            "a millisecond after",
            "a whole second after"
        ]
    );
}

async fn what_refers_to_nothing_is_refused(db: &DatabaseConnection) {
    let row = user_role::ActiveModel { user_id: Set(404), role_id: Set(404), ..Default::default() };

    let refused = user_role::Entity::insert(row).exec_without_returning(db).await.unwrap_err();

    assert!(
        matches!(refused.sql_err(), Some(SqlErr::ForeignKeyConstraintViolation(_))),
        "{refused:?}"
    );
}

async fn the_global_version_is_there_from_the_start(db: &DatabaseConnection) {
    let rows = authz_version::Entity::find().all(db).await.unwrap();

    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].scope.as_str(), rows[0].version), ("global", 0));
}
