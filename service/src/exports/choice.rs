//! What an export takes along: whole domains, but for the tables that mean nothing elsewhere.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use plimsoll::schema::{ForeignKey, Table, Type};

use super::by_key;
use crate::{
    Error, Result, records,
    tables::{self, TABLES},
    text::invalid,
};

/// The word for all domains.
pub const ALL: &str = "all";

const REPEATS: &str = "it tells for a day what one database has done";
const SESSION: &str = "a session or a secret of an hour is of the database that began it";
const RIGHTS: &str = "it tells the processes of one database that rights have changed there";
const SENT: &str = "it is sent by the database that it waits in, once";
const CHAIN: &str = "the audit chain is bound to its database; a backup keeps it readable";
const IMPORTS: &str = "which import brought what is known of one database only";

/// The tables that are not exported, and why.
pub const LEFT_OUT: [(&str, &str); 13] = [
    ("access_tokens", SESSION),
    ("refresh_tokens", SESSION),
    ("password_resets", SESSION),
    ("setup_tokens", SESSION),
    ("login_throttles", SESSION),
    ("idempotency_keys", REPEATS),
    ("email_verifications", SESSION),
    ("mails", SENT),
    ("authz_versions", RIGHTS),
    ("system_logs", CHAIN),
    ("audit_chains", CHAIN),
    ("imports", IMPORTS),
    ("import_records", IMPORTS),
];

/// The domain of each table, by the table.
static DOMAINS: LazyLock<BTreeMap<String, String>> =
    LazyLock::new(|| entity::schema().domains().clone());

/// The domains of which something is exported.
pub fn domains() -> BTreeSet<&'static str> {
    TABLES.iter().filter(|table| is_exported(&table.name)).map(domain_of).collect()
}

/// What one export has.
#[derive(Debug)]
pub(super) struct Choice {
    pub(super) domains: BTreeSet<&'static str>,
    /// None comes before one that it refers to.
    pub(super) tables: Vec<&'static Table>,
}

impl Choice {
    /// The tables of these domains.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a domain that there is not, of which nothing is exported, or whose
    /// rows refer to those of another that has to come along.
    pub(super) fn of(names: &[String]) -> Result<Self> {
        let mut chosen = BTreeSet::new();
        for name in names {
            if name == ALL {
                chosen.extend(domains());
            } else {
                chosen.insert(domain(name)?);
            }
        }
        let is_chosen =
            |table: &&Table| is_exported(&table.name) && chosen.contains(domain_of(table));
        let mut tables: Vec<&Table> = TABLES.iter().filter(is_chosen).collect();
        // What names rows without a foreign key comes behind all that it can name.
        tables.sort_by_key(|table| by_key::names_rows(table) && !tables::is_referred(table));
        let choice = Self { domains: chosen, tables };
        for table in &choice.tables {
            for key in &table.foreign_keys {
                choice.reaches(table, key)?;
            }
        }
        Ok(choice)
    }

    /// Whether the table comes along.
    pub(super) fn has(&self, table: &str) -> bool {
        self.tables.iter().any(|of| of.name == table)
    }

    /// Whether what the key refers to comes along, or has a name of its own.
    fn reaches(&self, table: &Table, key: &ForeignKey) -> Result<()> {
        let to = tables::named(&key.references)?;
        if self.has(&to.name) || name_of(to).is_some() {
            return Ok(());
        }
        Err(needs(table, to, "which have no name of their own"))
    }
}

/// That a table cannot be exported without another.
pub(super) fn needs(table: &Table, to: &Table, why: &str) -> Error {
    let (domain, other) = (domain_of(table), domain_of(to));
    let (table, to) = (&table.name, &to.name);
    let problem =
        format!("rows of `{table}` refer to rows of `{to}`, {why}: export `{other}` along with it");
    invalid("domain", domain, &problem)
}

/// The domain of that name, if something of it is exported.
fn domain(name: &str) -> Result<&'static str> {
    let known = domains();
    if let Some(domain) = known.iter().find(|domain| **domain == name) {
        return Ok(*domain);
    }
    let is_of = |table: &str| DOMAINS.get(table).is_some_and(|domain| domain == name);
    let problem = if let Some((_, why)) = LEFT_OUT.iter().find(|(table, _)| is_of(table)) {
        format!("nothing of it is exported: {why}")
    } else {
        let known: Vec<&str> = known.into_iter().collect();
        format!("there are {} and `{ALL}`", known.join(", "))
    };
    Err(invalid("domain", name, &problem))
}

fn domain_of(table: &Table) -> &'static str {
    DOMAINS.get(&table.name).expect("every entity is in the module of its domain")
}

/// Whether the table comes along with its domain.
pub(crate) fn is_exported(table: &str) -> bool {
    LEFT_OUT.iter().all(|(name, _)| *name != table)
}

/// The column by which rows of the table are named where their keys say nothing: a text that is
/// unique, always there, and no secret.
pub(crate) fn name_of(table: &'static Table) -> Option<&'static str> {
    let is_name = |name: &&'static String| {
        tables::column(table, name).is_some_and(|column| {
            !column.nullable && matches!(column.ty, Type::String(_) | Type::Text)
        }) && !records::is_secret(&table.name, name)
            && table.foreign_keys.iter().all(|key| !key.columns.contains(name))
    };
    let alone = table.uniques.iter().filter_map(|unique| match &unique.columns[..] {
        [name] => Some(name),
        _ => None,
    });
    alone.filter(|_| is_exported(&table.name)).find(is_name).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_has_a_domain_and_what_is_left_out_is_a_table() {
        for table in TABLES.iter() {
            assert!(DOMAINS.contains_key(&table.name), "{}", table.name);
        }
        for (table, _) in LEFT_OUT {
            assert!(tables::named(table).is_ok(), "{table}");
        }
        assert_eq!(domains().len(), 13);
    }

    #[test]
    fn what_is_exported_refers_neither_to_what_is_left_out_nor_to_itself() {
        for table in TABLES.iter().filter(|table| is_exported(&table.name)) {
            for key in &table.foreign_keys {
                let shown = format!("{}.{:?}", table.name, key.columns);
                assert!(is_exported(&key.references), "{shown}");
                assert_ne!(key.references, table.name, "{shown}");
                assert_eq!(key.columns.len(), 1, "{shown}");
            }
        }
    }

    #[test]
    fn people_roles_and_machines_have_names_and_machines_of_clouds_have_none() {
        let name = |table: &str| name_of(tables::named(table).unwrap());

        assert_eq!(name("users"), Some("username_key"));
        assert_eq!(name("roles"), Some("name_key"));
        assert_eq!(name("ipxe_machines"), Some("system_id"));
        assert_eq!(name("cloud_machines"), None);
        assert_eq!(name("api_keys"), None);
        assert_eq!(name("access_tokens"), None);
    }

    #[test]
    fn a_domain_that_needs_another_says_which() {
        let of = |names: &[&str]| {
            Choice::of(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())
        };

        let alone = of(&["fleet"]).unwrap_err().to_string();
        assert!(alone.contains("export `cloud` along with it"), "{alone}");
        assert!(of(&["fleet", "cloud"]).is_ok());
        let audit = of(&["audit"]).unwrap_err().to_string();
        assert!(audit.contains("nothing of it is exported"), "{audit}");
        let unknown = of(&["weather"]).unwrap_err().to_string();
        assert!(unknown.contains("access, cloud"), "{unknown}");
        let all = of(&[ALL]).unwrap();
        assert_eq!(all.tables.len() + LEFT_OUT.len(), TABLES.len());
    }
}
