//! `--map OLD=NEW`: whether there is such a person in the source, and here.

use std::collections::BTreeSet;

use entity::identity::user::{Column, Entity};
use sea_orm::{ColumnTrait as _, DatabaseConnection, EntityTrait as _, QueryFilter as _};
use service::{
    Error, Result,
    identity::fold::fold,
    imports::{Cell, Remark, Report, Source, Unit, Weight},
};

/// How many records are looked at in one go.
const AT_ONCE: usize = 200;

/// Looks at the names before anything is written. Gives a remark for each that nobody has here yet.
///
/// # Errors
/// [`Error::Invalid`] for a person who gets two names, and for a name that cannot be seen;
/// [`Error::NotFound`] for a person whom the source has not.
pub(super) async fn look<S: Source + Sync>(
    db: &DatabaseConnection,
    source: &S,
    map: &[(String, String)],
) -> Result<Vec<Remark>> {
    if map.is_empty() {
        return Ok(Vec::new());
    }
    sound(map)?;
    let sought: BTreeSet<&str> = map.iter().map(|(old, _)| old.as_str()).collect();
    if let Some(unknown) = unknown(source, sought).await? {
        return Err(Error::NotFound { kind: "person of the source", key: unknown });
    }
    let keys = map.iter().map(|(_, new)| fold(new));
    let there = Entity::find().filter(Column::UsernameKey.is_in(keys)).all(db).await?;
    let there: BTreeSet<String> = there.into_iter().map(|person| person.username_key).collect();
    let new = map.iter().filter(|(_, new)| !there.contains(&fold(new)));
    Ok(new.map(|(old, new)| remark(old, new)).collect())
}

/// The report with these remarks before its own.
pub(super) fn before(mut remarks: Vec<Remark>, report: Report) -> Report {
    let warnings = report.warnings + remarks.len() as u64;
    remarks.extend(report.remarks);
    remarks.truncate(Report::MOST);
    Report { warnings, remarks, ..report }
}

fn remark(old: &str, new: &str) -> Remark {
    Remark {
        unit: old.to_owned(),
        path: "username".to_owned(),
        value: String::new(),
        reason: format!("nobody is called `{new}` here; the person comes in by that name"),
        weight: Weight::Warning,
    }
}

fn sound(map: &[(String, String)]) -> Result<()> {
    let mut seen = BTreeSet::new();
    for (old, new) in map {
        let problem = if !seen.insert(old) {
            format!("`{old}` has another name already")
        } else if fold(new).is_empty() {
            "there is nothing to be seen in the new name".to_owned()
        } else {
            continue;
        };
        return Err(Error::Invalid { kind: "--map", input: format!("{old}={new}"), problem });
    }
    Ok(())
}

/// One of the names that no person of the source has.
async fn unknown<S: Source + Sync>(
    source: &S,
    mut sought: BTreeSet<&str>,
) -> Result<Option<String>> {
    let mut place = None;
    loop {
        let (units, next) = source.some(place, AT_ONCE).await?;
        for name in units.iter().filter_map(username) {
            sought.remove(name);
        }
        if sought.is_empty() || next.is_none() {
            return Ok(sought.first().map(|name| (*name).to_owned()));
        }
        place = next;
    }
}

/// What the person is called that a record becomes.
fn username(unit: &Unit) -> Option<&str> {
    let person = unit.rows.iter().find(|row| row.table == "users")?;
    match person.cells.get("username")? {
        Cell::Is(json) => json.as_str(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(old, new)| ((*old).to_owned(), (*new).to_owned())).collect()
    }

    #[test]
    fn a_person_gets_one_name_that_can_be_seen() {
        assert!(sound(&map(&[("ana", "anna"), ("bo", "bob")])).is_ok());
        for wrong in [&[("ana", "anna"), ("ana", "bob")][..], &[("ana", "\u{200b}")]] {
            let refused = sound(&map(wrong));

            assert!(matches!(refused, Err(Error::Invalid { kind: "--map", .. })), "{refused:?}");
        }
    }

    #[test]
    fn remarks_come_before_those_of_the_import() {
        let of_import =
            Report { warnings: 1, remarks: vec![remark("bo", "bob")], ..Report::default() };

        let report = before(vec![remark("ana", "anna")], of_import);

        let units: Vec<&str> = report.remarks.iter().map(|remark| remark.unit.as_str()).collect();
        assert_eq!((report.warnings, &units[..]), (2, &["ana", "bo"][..]));
    }
}
