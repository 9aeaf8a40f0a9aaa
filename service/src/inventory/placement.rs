//! On which hosts an application runs.

use std::collections::BTreeSet;

use entity::inventory::{elder_app, elder_host};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, prelude::Json,
};

use super::{app_name, host_name};
use crate::{
    Error, Result,
    lookup::by_text,
    records::Record as _,
    rights::{Granted, ReadInventory},
};

/// How many hosts one statement reads.
const AT_ONCE: u64 = 1_000;

/// The hosts that an application runs on, by who says so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Placement {
    /// Those that the application names, and that name the application.
    pub agreed: BTreeSet<String>,
    /// Those that only the application names.
    pub by_app: BTreeSet<String>,
    /// Those that only name the application themselves.
    pub by_host: BTreeSet<String>,
}

impl Placement {
    fn of(by_app: &BTreeSet<String>, by_host: &BTreeSet<String>) -> Self {
        Self { agreed: by_app & by_host, by_app: by_app - by_host, by_host: by_host - by_app }
    }

    /// All of them.
    pub fn all(&self) -> BTreeSet<String> {
        &(&self.agreed | &self.by_app) | &self.by_host
    }
}

/// The hosts that an application runs on: those that its own list names, and those whose list names it.
/// Either list may name what has no row. Hosts are compared by their names, without case.
///
/// The lists of hosts are read through, because no database finds a name in a list as the others do.
///
/// # Errors
/// [`Error::NotFound`] if there is no such application, and no host names it.
pub async fn app_on(
    db: &impl ConnectionTrait,
    _by: &Granted<ReadInventory>,
    app: &str,
) -> Result<Placement> {
    let row = by_text::<elder_app::Entity>(db, elder_app::Column::AppName, app, |row| {
        Some(&row.app_name)
    })
    .await?;
    let by_host = naming(db, app).await?;
    let by_app = match row {
        Some(row) => listed(&row.hosts, host_name),
        None if by_host.is_empty() => {
            return Err(Error::not_found(elder_app::Entity::KIND, app));
        }
        None => BTreeSet::new(),
    };
    Ok(Placement::of(&by_app, &by_host))
}

/// The hosts whose list names the application.
async fn naming(db: &impl ConnectionTrait, app: &str) -> Result<BTreeSet<String>> {
    use elder_host::{Column, Entity};

    let mut hosts = BTreeSet::new();
    let mut last = 0_i64;
    loop {
        let rows: Vec<(i64, String, Json)> = Entity::find()
            .select_only()
            .column(Column::Id)
            .column(Column::Hostname)
            .column(Column::Apps)
            .filter(Column::Id.gt(last))
            .order_by_asc(Column::Id)
            .limit(AT_ONCE)
            .into_tuple()
            .all(db)
            .await?;
        match rows.last() {
            Some((id, ..)) => last = *id,
            None => return Ok(hosts),
        }
        for (_, hostname, apps) in rows {
            if listed(&apps, app_name).contains(app) {
                hosts.insert(hostname.to_lowercase());
            }
        }
    }
}

/// The names in a list that is stored. What somebody stored in it that is no name is none.
fn listed(list: &Json, put: impl Fn(&str) -> Result<String>) -> BTreeSet<String> {
    let names = list.as_array().into_iter().flatten().filter_map(Json::as_str);
    names.filter_map(|name| put(name).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn what_is_no_name_in_a_list_hides_no_other() {
        let stored = serde_json::json!(["Web-1", 7, "", null, "web-2"]);

        assert_eq!(listed(&stored, host_name), set(&["web-1", "web-2"]));
        assert_eq!(listed(&serde_json::json!({"web-1": true}), host_name), set(&[]));
    }

    #[test]
    fn a_host_is_told_by_who_names_it() {
        let placement = Placement::of(&set(&["web-1", "web-2"]), &set(&["web-2", "web-3"]));

        assert_eq!(placement.agreed, set(&["web-2"]));
        assert_eq!(placement.by_app, set(&["web-1"]));
        assert_eq!(placement.by_host, set(&["web-3"]));
        assert_eq!(placement.all(), set(&["web-1", "web-2", "web-3"]));
    }
}
