//! What an entity leaves open, taken as the database has it.

use sea_query::{
    ColumnType, MysqlQueryBuilder, PostgresQueryBuilder, SqliteQueryBuilder, StringLen,
    TableBuilder as _,
};

use crate::{
    dialect::{
        Dialect,
        token::{Kind, Token, tokens},
    },
    names::derived,
    render::reader,
    schema::{Column, Default, ForeignKey, Index, Table, Type, Unique},
};

/// Takes over what `want`, read from an entity, does not insist on.
pub(super) fn adopt(have: &Table, want: &mut Table, dialect: Dialect) {
    if want.options.is_empty() {
        want.options.clone_from(&have.options);
    }
    for column in &mut want.columns {
        let before = column.renamed_from.as_ref();
        if let Some(found) = have.column(&column.name).or_else(|| have.column(before?)) {
            of_column(found, column, dialect);
        }
    }
    let prefix = format!("ck-{}-", want.name);
    for check in &mut want.checks {
        let is_open = check.name.as_ref().is_none_or(|name| name.starts_with(&prefix));
        let mut same = have.checks.iter().filter(|found| found.rule == check.rule);
        if is_open && let Some(found) = same.next() {
            check.name.clone_from(&found.name);
        }
    }
    for key in &mut want.foreign_keys {
        let is_open = is_open(key.name.as_ref(), "fk", &want.name, &key.columns);
        let mut same = have.foreign_keys.iter().filter(|found| is_same_way(found, key));
        if is_open && let Some(found) = same.next() {
            key.name.clone_from(&found.name);
        }
    }
    uniqueness(have, want);
    for index in &mut want.indexes {
        let is_open = index.name == Index::over(&want.name, index.columns.clone()).name;
        let is_there = have.indexes.iter().any(|found| found == index);
        if is_open && !is_there {
            let mut same = have.indexes.iter().filter(|found| found.is_renamed(index));
            if let Some(found) = same.next() {
                index.name.clone_from(&found.name);
            }
        }
    }
}

/// Whether nobody chose the name.
fn is_open(name: Option<&String>, kind: &str, table: &str, columns: &[String]) -> bool {
    name.is_none_or(|name| *name == derived(kind, table, columns))
}

/// Whether both foreign keys lead from the same columns to the same ones.
fn is_same_way(one: &ForeignKey, other: &ForeignKey) -> bool {
    (&one.columns, &one.references, &one.referenced_columns)
        == (&other.columns, &other.references, &other.referenced_columns)
}

/// Whoever says no more than that columns are unique takes a constraint or an index for it.
fn uniqueness(have: &Table, want: &mut Table) {
    let table = want.name.clone();
    let mut as_indexes: Vec<Index> = Vec::new();
    want.uniques.retain_mut(|unique| {
        if !is_open(unique.name.as_ref(), "uq", &table, &unique.columns) {
            return true;
        }
        if let Some(found) = have.uniques.iter().find(|found| found.columns == unique.columns) {
            unique.name.clone_from(&found.name);
            return true;
        }
        let found =
            have.indexes.iter().find(|it| columns_alone(it).as_ref() == Some(&unique.columns));
        as_indexes.extend(found.cloned());
        found.is_none()
    });
    let mut as_constraints: Vec<Unique> = Vec::new();
    want.indexes.retain(|index| {
        let is_open = index.name == Index::over(&table, index.columns.clone()).name;
        let (true, Some(columns)) = (is_open, columns_alone(index)) else { return true };
        let is_there = have.indexes.iter().any(|it| columns_alone(it).as_ref() == Some(&columns));
        let found = have.uniques.iter().find(|it| !is_there && it.columns == columns);
        as_constraints.extend(found.cloned());
        found.is_none()
    });
    for index in as_indexes {
        if !want.indexes.contains(&index) {
            want.indexes.push(index);
        }
    }
    for unique in as_constraints {
        if !want.uniques.contains(&unique) {
            want.uniques.push(unique);
        }
    }
}

/// The columns of an index that demands no more than that they are unique together.
fn columns_alone(index: &Index) -> Option<Vec<String>> {
    let is_plain = index.unique
        && index.predicate.is_none()
        && index.include.is_empty()
        && index.method.is_none();
    let columns = index
        .columns
        .iter()
        .map(|part| part.column().filter(|_| !part.descending && part.prefix.is_none()).cloned());
    if is_plain { columns.collect() } else { None }
}

fn of_column(have: &Column, want: &mut Column, dialect: Dialect) {
    if have.ty != want.ty && of_seaorm(&want.ty, dialect).contains(&have.ty) {
        want.ty = have.ty.clone();
    }
    if let (Some(Default::Sql(found)), Some(Default::Now)) = (&have.default, &want.default)
        && is_now(found.text(dialect), dialect)
    {
        want.default.clone_from(&have.default);
    }
}

/// The database's own words for the present time, whatever zone they mean.
fn is_now(text: &str, dialect: Dialect) -> bool {
    let found = tokens(dialect, text);
    let words: Vec<&Token> =
        found.iter().filter(|it| !it.is_sign("(") && !it.is_sign(")")).collect();
    let names = [
        "current_timestamp",
        "now",
        "current_date",
        "current_time",
        "curdate",
        "curtime",
        "localtimestamp",
    ];
    match &*words {
        [now] => names.iter().any(|name| now.is(name)),
        // With the digits of a second.
        [now, digits] => {
            names.iter().any(|name| now.is(name)) && matches!(digits.kind, Kind::Number(_))
        }
        _ => false,
    }
}

/// The forms that SeaORM's own migrations give a type: `TIMESTAMP` on MySQL, where this engine
/// makes a `DATETIME(6)`.
fn of_seaorm(ty: &Type, dialect: Dialect) -> Vec<Type> {
    let forms: Vec<ColumnType> = match ty {
        Type::TinyInteger => vec![ColumnType::TinyInteger],
        Type::SmallInteger => vec![ColumnType::SmallInteger],
        Type::TinyUnsigned => vec![ColumnType::TinyUnsigned],
        Type::SmallUnsigned => vec![ColumnType::SmallUnsigned],
        Type::Unsigned => vec![ColumnType::Unsigned],
        Type::BigUnsigned => vec![ColumnType::BigUnsigned],
        Type::Float => vec![ColumnType::Float],
        Type::Decimal(digits) => vec![ColumnType::Decimal(*digits), ColumnType::Money(*digits)],
        Type::String(None) => vec![ColumnType::String(StringLen::None)],
        Type::Text => vec![ColumnType::Text, ColumnType::String(StringLen::Max)],
        Type::Binary(length) => vec![ColumnType::Binary(*length)],
        Type::VarBinary(length) => {
            vec![ColumnType::VarBinary(StringLen::N(*length)), ColumnType::Blob]
        }
        Type::Blob => vec![ColumnType::Blob, ColumnType::VarBinary(StringLen::Max)],
        Type::Time => vec![ColumnType::Time],
        Type::DateTime => vec![ColumnType::DateTime, ColumnType::Timestamp],
        Type::Timestamp => vec![ColumnType::TimestampWithTimeZone],
        Type::Json => vec![ColumnType::Json],
        Type::JsonBinary => vec![ColumnType::JsonBinary],
        Type::Uuid => vec![ColumnType::Uuid],
        Type::Year => vec![ColumnType::Year],
        _ => Vec::new(),
    };
    let written = |form: &ColumnType| {
        let mut text = String::new();
        match dialect {
            Dialect::Sqlite => SqliteQueryBuilder.prepare_column_type(form, &mut text),
            Dialect::Postgres => PostgresQueryBuilder.prepare_column_type(form, &mut text),
            Dialect::Mysql => MysqlQueryBuilder.prepare_column_type(form, &mut text),
        }
        reader(dialect).read_type(&text)
    };
    forms.iter().map(written).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{OnDelete, OnUpdate};

    fn named(name: &str, columns: &[&str]) -> Unique {
        let columns = columns.iter().map(|it| (*it).to_owned()).collect();
        Unique { name: Some(name.to_owned()), columns }
    }

    #[test]
    fn the_forms_that_seaorm_writes_are_the_same_types() {
        let timestamp = Type::Custom("timestamp".to_owned());

        assert!(of_seaorm(&Type::Timestamp, Dialect::Mysql).contains(&timestamp));
        assert!(of_seaorm(&Type::Blob, Dialect::Mysql).contains(&Type::Custom("blob".to_owned())));
        assert!(!of_seaorm(&Type::DateTime, Dialect::Postgres).contains(&Type::Timestamp));
    }

    #[test]
    fn names_that_nobody_chose_are_taken_as_they_are_and_chosen_ones_are_not() {
        let mut have = Table::new("users");
        have.uniques.push(named("users_email_key", &["email"]));
        have.uniques.push(named("other", &["name"]));
        let mut want = Table::new("users");
        want.uniques.push(named("uq-users-email", &["email"]));
        want.uniques.push(named("one name", &["name"]));

        adopt(&have, &mut want, Dialect::Postgres);

        assert_eq!(want.uniques[0], have.uniques[0]);
        assert_eq!(want.uniques[1], named("one name", &["name"]));
    }

    #[test]
    fn a_unique_index_is_as_good_as_a_constraint_where_nobody_chose() {
        let mut have = Table::new("users");
        have.indexes.push(Index::over("users", ["email"]).unique().named("by email"));
        let mut want = Table::new("users");
        want.uniques.push(named("uq-users-email", &["email"]));

        adopt(&have, &mut want, Dialect::Sqlite);

        assert_eq!(want, have);
    }

    #[test]
    fn a_foreign_key_keeps_its_name_when_its_actions_differ() {
        let key = |name: Option<&str>, on_delete| ForeignKey {
            name: name.map(str::to_owned),
            columns: vec!["a".to_owned()],
            references: "p".to_owned(),
            referenced_columns: vec!["id".to_owned()],
            on_delete,
            on_update: OnUpdate::NoAction,
        };
        let mut have = Table::new("c");
        have.foreign_keys.push(key(None, OnDelete::Cascade));
        let mut want = Table::new("c");
        want.foreign_keys.push(key(Some("fk-c-a"), OnDelete::SetNull));

        adopt(&have, &mut want, Dialect::Sqlite);

        assert_eq!(want.foreign_keys[0], key(None, OnDelete::SetNull));
    }

    #[test]
    fn the_present_time_in_the_words_of_each_database_is_known() {
        for text in ["CURRENT_TIMESTAMP", "current_timestamp()", "now()", "current_timestamp(6)"] {
            assert!(is_now(text, Dialect::Mysql), "{text}");
        }
        assert!(!is_now("now() + 1", Dialect::Postgres));
    }
}
