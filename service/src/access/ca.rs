//! Authorities that SSH certificates are signed by: what one may sign, and for how long.
//!
//! Nothing is signed here. Whoever signs asks [`validity`] first, and has the private key from the
//! secrets store.

use std::collections::BTreeSet;

use entity::access::ssh_ca_config::{ActiveModel, Entity};
pub use entity::access::ssh_ca_config::{Model, SshCaType};
use sea_orm::{ActiveValue::Set, ConnectionTrait};
use serde_json::Value;

use super::{Access, public_key};
use crate::{
    Result,
    records::{self, Record},
    rights::{Granted, ReadAccess},
    rule::Rule,
    text::{self, invalid},
};

impl Record for Entity {
    type Domain = Access;

    const KIND: &'static str = "SSH authority";

    fn settle(row: &mut ActiveModel) -> Result<()> {
        if let Set(name) = &row.ca_name {
            row.ca_name = Set(text::key("ca_name", name, 255)?);
        }
        if let Set(key) = &row.public_key {
            row.public_key = Set(public_key::line(key)?);
        }
        if let Set(Some(path)) = &row.private_key_vault_path {
            row.private_key_vault_path = Set(Some(text::key("private_key_vault_path", path, 500)?));
        }
        if let Set(names) = &row.principals_allowed {
            row.principals_allowed = Set(principals(names)?);
        }
        Ok(())
    }
}

/// The names in a list, each once and in order. `ssh-keygen` puts commas between names.
fn principals(list: &Value) -> Result<Value> {
    let refuse = |problem: &str| invalid("principals_allowed", &list.to_string(), problem);
    let names: BTreeSet<String> =
        serde_json::from_value(list.clone()).map_err(|_| refuse("it is a list of names"))?;
    for name in &names {
        text::key("principal", name, 255)?;
        if name.chars().any(|c| c.is_whitespace() || c == ',') {
            return Err(invalid("principal", name, "it has a space or a comma in it"));
        }
    }
    Ok(names.into_iter().collect())
}

/// What a certificate may get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validity {
    /// For how many seconds it is good.
    pub seconds: i32,
    /// The names that stand in it.
    pub principals: BTreeSet<String>,
}

/// What a certificate gets that an authority is asked for: so many seconds, or as many as the
/// authority gives who asks for none, and these names.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound) if there is no such authority, [`Rule::Inactive`]
/// for one that is out of use or has no private key; [`Error::Invalid`](crate::Error::Invalid) for
/// a time that is longer than the authority's longest, for no name, and for one that it does not
/// sign for.
pub async fn validity(
    db: &impl ConnectionTrait,
    by: &Granted<ReadAccess>,
    id: i64,
    asked: Option<i32>,
    principals: &BTreeSet<String>,
) -> Result<Validity> {
    given(&records::by_id::<Entity>(db, by, id).await?, asked, principals)
}

fn given(ca: &Model, asked: Option<i32>, principals: &BTreeSet<String>) -> Result<Validity> {
    let name = &ca.ca_name;
    if !ca.is_active {
        return Err(Rule::Inactive.refuses(format!("SSH authority `{name}` is out of use")));
    }
    if ca.private_key_vault_path.is_none() {
        let because = format!("SSH authority `{name}` has no private key to sign with");
        return Err(Rule::Inactive.refuses(because));
    }
    let (seconds, longest) = (asked.unwrap_or(ca.cert_validity_seconds), ca.max_validity_seconds);
    if !(1..=longest).contains(&seconds) {
        let problem = format!("it goes from 1 to {longest} seconds");
        return Err(invalid("validity of a certificate", &seconds.to_string(), &problem));
    }
    if principals.is_empty() {
        // `sshd` takes a certificate without a name for one that is good for all.
        return Err(invalid("principal", "", "a certificate has one at least"));
    }
    // A list that cannot be read allows nothing.
    let allowed: BTreeSet<String> =
        serde_json::from_value(ca.principals_allowed.clone()).unwrap_or_default();
    if let Some(other) = principals.difference(&allowed).next() {
        let problem = format!("SSH authority `{name}` does not sign for it");
        return Err(invalid("principal", other, &problem));
    }
    Ok(Validity { seconds, principals: principals.clone() })
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use serde_json::json;

    use super::*;
    use crate::Error;

    fn ca() -> Model {
        Model {
            id: 1,
            ca_name: "people".to_owned(),
            ca_type: SshCaType::User,
            public_key: String::new(),
            private_key_vault_path: Some("ssh/people".to_owned()),
            cert_validity_seconds: 600,
            max_validity_seconds: 3600,
            principals_allowed: json!(["ana", "deploy"]),
            is_active: true,
            created_at: DateTime::UNIX_EPOCH,
        }
    }

    fn names(names: &[&str]) -> BTreeSet<String> {
        names.iter().copied().map(str::to_owned).collect()
    }

    #[test]
    fn a_certificate_gets_what_it_asks_for_up_to_the_longest() {
        for (asked, expected) in [(None, 600), (Some(1), 1), (Some(3600), 3600)] {
            let given = given(&ca(), asked, &names(&["ana"])).unwrap();

            assert_eq!(given, Validity { seconds: expected, principals: names(&["ana"]) });
        }
        for beyond in [3601, 0, -1, i32::MAX, i32::MIN] {
            let refused = given(&ca(), Some(beyond), &names(&["ana"]));

            assert!(matches!(refused, Err(Error::Invalid { .. })), "{beyond}: {refused:?}");
        }
    }

    #[test]
    fn an_authority_signs_for_the_names_on_its_list_and_none_without_one() {
        given(&ca(), None, &names(&["ana", "deploy"])).unwrap();
        for other in [&["root"][..], &["ana", "root"], &["Ana"], &[""], &[]] {
            let refused = given(&ca(), None, &names(other));

            assert!(
                matches!(refused, Err(Error::Invalid { kind: "principal", .. })),
                "{other:?}: {refused:?}"
            );
        }
        for list in [json!([]), json!("ana"), json!(null)] {
            let ca = Model { principals_allowed: list, ..ca() };

            assert!(given(&ca, None, &names(&["ana"])).is_err());
        }
    }

    #[test]
    fn who_is_out_of_use_or_has_no_private_key_signs_nothing() {
        for ca in
            [Model { is_active: false, ..ca() }, Model { private_key_vault_path: None, ..ca() }]
        {
            let refused = given(&ca, None, &names(&["ana"]));

            assert!(
                matches!(refused, Err(Error::Refused { rule: Rule::Inactive, .. })),
                "{refused:?}"
            );
        }
    }

    #[test]
    fn principals_are_names_without_spaces_each_once() {
        assert_eq!(principals(&json!(["b", "a", "b"])).unwrap(), json!(["a", "b"]));
        for wrong in [
            json!("a"),
            json!(null),
            json!([1]),
            json!([""]),
            json!(["a b"]),
            json!(["a,b"]),
            json!([" a"]),
            json!(["a\n"]),
            json!(["x".repeat(256)]),
        ] {
            assert!(matches!(principals(&wrong), Err(Error::Invalid { .. })), "{wrong}");
        }
    }
}
