//! What the rules of the schema demand of every table.

use plimsoll::schema::{OnDelete, Table, Type};

#[test]
fn no_table_is_listed_twice() {
    let mut names: Vec<_> = entity::schema().into_iter().map(|table| table.name).collect();
    let listed = names.len();
    names.sort();
    names.dedup();

    assert_eq!(names.len(), listed);
}

#[test]
fn every_foreign_key_says_what_a_deletion_does() {
    for (table, key) in foreign_keys() {
        assert_ne!(key.on_delete, OnDelete::NoAction, "{:?} of `{}`", key.name, table.name);
    }
}

#[test]
fn every_foreign_key_has_an_index_that_starts_with_its_columns() {
    for (table, key) in foreign_keys() {
        let served = indexes(&table).into_iter().any(|columns| columns.starts_with(&key.columns));

        assert!(served, "{:?} of `{}`", key.name, table.name);
    }
}

#[test]
fn no_index_is_the_beginning_of_another() {
    for table in entity::schema() {
        let all = indexes(&table);
        for (at, columns) in all.iter().enumerate() {
            let doubled = all
                .iter()
                .enumerate()
                .any(|(other, more)| other != at && more.starts_with(columns.as_slice()));

            assert!(!doubled, "{columns:?} of `{}`", table.name);
        }
    }
}

#[test]
fn unique_keys_fit_what_innodb_takes() {
    const MOST_BYTES: u32 = 3072;
    const BYTES_PER_CHARACTER: u32 = 4;

    for table in entity::schema() {
        for columns in indexes(&table) {
            let bytes: u32 = columns
                .iter()
                .map(|column| match table.column(column).expect("the index's column").ty {
                    Type::String(length) => length.unwrap_or(255) * BYTES_PER_CHARACTER,
                    _ => 8,
                })
                .sum();

            assert!(bytes <= MOST_BYTES, "{columns:?} of `{}` takes {bytes}", table.name);
        }
    }
}

#[test]
fn every_text_has_a_length_or_says_that_it_has_none() {
    for table in entity::schema() {
        for column in &table.columns {
            assert_ne!(column.ty, Type::String(None), "`{}`.`{}`", table.name, column.name);
        }
    }
}

fn foreign_keys() -> Vec<(Table, plimsoll::schema::ForeignKey)> {
    let keys: Vec<_> = entity::schema()
        .into_iter()
        .flat_map(|table| {
            table.foreign_keys.clone().into_iter().map(move |key| (table.clone(), key))
        })
        .collect();
    assert!(!keys.is_empty());
    keys
}

/// The columns of everything that the database can search by.
fn indexes(table: &Table) -> Vec<Vec<String>> {
    let primary = std::iter::once(table.primary_key.clone());
    let uniques = table.uniques.iter().map(|unique| unique.columns.clone());
    let indexes = table
        .indexes
        .iter()
        .map(|index| index.columns.iter().filter_map(|part| part.column().cloned()).collect());
    primary.chain(uniques).chain(indexes).collect()
}
