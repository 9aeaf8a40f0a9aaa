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
    names::{MAX_BYTES, derived},
    render::reader,
    schema::{Column, Default, ForeignKey, Index, IndexPart, Table, Type, Unique},
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
    let prefix = derived("ck", &want.name, &[""]);
    for check in &mut want.checks {
        let starts = |name: &String| {
            name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(&prefix))
                || is_derived(name, &prefix)
        };
        let is_open = check.name.as_ref().is_none_or(starts);
        let same = have.checks.iter().find(|found| found.rule == check.rule);
        let alike = || have.checks.iter().find(|it| it.rule.is_about_the_same(&check.rule));
        if is_open && let Some(found) = same.or_else(alike) {
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
        let is_open = is_derived(&index.name, &Index::over(&want.name, index.columns.clone()).name);
        let is_there = have.indexes.iter().any(|found| found == index);
        if is_open && !is_there {
            let mut same = have.indexes.iter().filter(|found| found.is_renamed(index));
            if let Some(found) = same.next() {
                index.name.clone_from(&found.name);
            }
        }
    }
    if dialect == Dialect::Mysql {
        indexes_of_keys(have, want);
    }
}

/// Leaves the indexes alone that `InnoDB` made for foreign keys without a name.
fn indexes_of_keys(have: &Table, want: &mut Table) {
    for index in &have.indexes {
        let columns: Vec<&String> = index.columns.iter().filter_map(IndexPart::column).collect();
        let Some(first) = columns.first() else { continue };
        let number = index.name.strip_prefix(first.as_str());
        let is_made_up = number.is_some_and(|rest| {
            let number = rest.strip_prefix('_').unwrap_or("0");
            (rest.is_empty() || rest.len() > number.len())
                && number.bytes().all(|it| it.is_ascii_digit())
        });
        let needs = |table: &Table| {
            table.foreign_keys.iter().any(|key| key.columns.iter().eq(columns.iter().copied()))
        };
        let is_new = want.indexes.iter().all(|it| it.columns != index.columns);
        if is_made_up && !index.unique && is_new && needs(have) && needs(want) {
            want.indexes.push(index.clone());
        }
    }
}

/// Whether nobody chose the name.
fn is_open(name: Option<&String>, kind: &str, table: &str, columns: &[String]) -> bool {
    name.is_none_or(|name| is_derived(name, &derived(kind, table, columns)))
}

/// Whether it is the derived name, maybe of a column that others write in capitals.
fn is_derived(name: &str, derived: &str) -> bool {
    name.eq_ignore_ascii_case(derived) || (stem(name).is_some() && stem(name) == stem(derived))
}

/// The beginning of a derived name that was cut and has a digest at its end. The digest is of a whole
/// that PostgreSQL has cut before, where the table's own name is too long.
fn stem(name: &str) -> Option<&str> {
    let (stem, digest) = name.rsplit_once('_')?;
    let is_digest = digest.len() == 8 && digest.bytes().all(|it| it.is_ascii_hexdigit());
    // No character takes more than four bytes.
    (is_digest && name.len() + 4 > MAX_BYTES).then_some(stem)
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
        // To MySQL a unique index is one, too.
        let is_open =
            ["uq", "idx"].map(|kind| is_open(unique.name.as_ref(), kind, &table, &unique.columns));
        if !is_open.contains(&true) {
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
        let is_open = is_derived(&index.name, &Index::over(&table, index.columns.clone()).name);
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
    if of_seaorm(&want.ty, dialect).contains(&have.ty)
        || (dialect == Dialect::Sqlite && is_same_to_sqlite(&have.ty, &want.ty))
    {
        want.ty = have.ty.clone();
    }
    if let (Some(Default::Sql(found)), Some(Default::Now)) = (&have.default, &want.default)
        && is_now(found.text(dialect), dialect)
    {
        want.default.clone_from(&have.default);
    }
    // SeaORM's own tables keep a former name in the comment, long after it has gone.
    let mut plain = have.clone();
    plain.take_former_name();
    if plain.renamed_from.is_some() && plain.comment == want.comment {
        want.comment.clone_from(&have.comment);
    }
}

/// Whether SQLite keeps the same values in both: all whole numbers, and all texts without a length.
fn is_same_to_sqlite(have: &Type, want: &Type) -> bool {
    let is_whole =
        |ty: &Type| matches!(ty, Type::TinyInteger | Type::SmallInteger | Type::BigInteger);
    let is_text = |ty: &Type| matches!(ty, Type::Text | Type::String(None));
    (is_whole(have) && is_whole(want)) || (is_text(have) && is_text(want))
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
        // What SeaORM leaves open has the length that this engine chose.
        Type::Decimal(Some((19, 4))) => {
            vec![ColumnType::Money(None), ColumnType::Money(Some((19, 4)))]
        }
        Type::Decimal(digits) => vec![ColumnType::Decimal(*digits), ColumnType::Money(*digits)],
        Type::Char(1) => vec![ColumnType::Char(None)],
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
        // sea-query panics at it on the other two.
        Type::Year if dialect == Dialect::Mysql => vec![ColumnType::Year],
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
        assert!(of_seaorm(&Type::Year, Dialect::Sqlite).is_empty());
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
