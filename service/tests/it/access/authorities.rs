//! Authorities, and what their certificates get.

use std::collections::BTreeSet;

use entity::access::ssh_ca_config::{self, SshCaType};
use plimsoll::retry::BoxFuture;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, DatabaseConnection, EntityTrait, IntoActiveModel,
};
use serde_json::json;
use service::{
    Error, Result, World,
    access::ca,
    audit::audited,
    records,
    rights::{CreateAccess, ReadAccess},
    rule::Rule,
};

use crate::people::admin;

plimsoll::on_every_database!(migration::app:
    an_authority_is_a_known_key_and_a_list_of_names,
    a_certificate_gets_what_its_authority_gives,
);

const PUBLIC: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINzyqgKREZSKbYsIVzYyj/VBE7ZrMhzEIPvH3cQkygnL";

fn authority(name: &str) -> ssh_ca_config::ActiveModel {
    ssh_ca_config::ActiveModel {
        ca_name: Set(name.to_owned()),
        ca_type: Set(SshCaType::User),
        public_key: Set(format!("{PUBLIC}  people \n")),
        private_key_vault_path: Set(Some("ssh/people".to_owned())),
        cert_validity_seconds: Set(600),
        max_validity_seconds: Set(3_600),
        principals_allowed: Set(json!(["deploy", "ana", "ana"])),
        ..Default::default()
    }
}

async fn create(
    db: &DatabaseConnection,
    new: ssh_ca_config::ActiveModel,
) -> Result<ssh_ca_config::Model> {
    let by = &admin::<CreateAccess>(db).await;
    let new = &new;
    audited(db, &World::system(), |unit, _| {
        Box::pin(records::create::<ssh_ca_config::Entity>(unit, by, new.clone()))
            as BoxFuture<'_, _>
    })
    .await
}

async fn an_authority_is_a_known_key_and_a_list_of_names(db: &DatabaseConnection) {
    let made = create(db, authority("people")).await.unwrap();

    assert_eq!(made.public_key, format!("{PUBLIC} people"));
    assert_eq!(made.principals_allowed, json!(["ana", "deploy"]));
    let good = authority("hosts");
    for wrong in [
        ssh_ca_config::ActiveModel { public_key: Set("ssh-rsa AAAA".to_owned()), ..good.clone() },
        ssh_ca_config::ActiveModel { public_key: Set(String::new()), ..good.clone() },
        ssh_ca_config::ActiveModel { ca_name: Set(" hosts".to_owned()), ..good.clone() },
        ssh_ca_config::ActiveModel {
            private_key_vault_path: Set(Some(String::new())),
            ..good.clone()
        },
        ssh_ca_config::ActiveModel { principals_allowed: Set(json!("ana")), ..good.clone() },
        ssh_ca_config::ActiveModel { principals_allowed: Set(json!(["a b"])), ..good.clone() },
        ssh_ca_config::ActiveModel { cert_validity_seconds: Set(0), ..good.clone() },
        ssh_ca_config::ActiveModel { cert_validity_seconds: Set(3_601), ..good.clone() },
    ] {
        let refused = create(db, wrong.clone()).await;

        assert!(matches!(refused, Err(Error::Invalid { .. })), "{wrong:?}: {refused:?}");
    }
    let again = create(db, authority("people")).await;
    assert!(matches!(again, Err(Error::AlreadyExists { .. })), "{again:?}");
}

async fn a_certificate_gets_what_its_authority_gives(db: &DatabaseConnection) {
    let id = create(db, authority("people")).await.unwrap().id;
    let by = admin::<ReadAccess>(db).await;
    let ana = BTreeSet::from(["ana".to_owned()]);
    let root = BTreeSet::from(["ana".to_owned(), "root".to_owned()]);

    let usual = ca::validity(db, &by, id, None, &ana).await.unwrap();
    let longest = ca::validity(db, &by, id, Some(3_600), &ana).await.unwrap();
    let longer = ca::validity(db, &by, id, Some(3_601), &ana).await;
    let others = ca::validity(db, &by, id, None, &root).await;
    let missing = ca::validity(db, &by, 404, None, &ana).await;

    assert_eq!((usual.seconds, &usual.principals), (600, &ana));
    assert_eq!(longest.seconds, 3_600);
    assert!(matches!(longer, Err(Error::Invalid { .. })), "{longer:?}");
    assert!(matches!(others, Err(Error::Invalid { kind: "principal", .. })), "{others:?}");
    assert!(matches!(missing, Err(Error::NotFound { .. })), "{missing:?}");
    let mut row =
        ssh_ca_config::Entity::find_by_id(id).one(db).await.unwrap().unwrap().into_active_model();
    row.is_active = Set(false);
    row.update(db).await.unwrap();
    let inactive = ca::validity(db, &by, id, None, &ana).await;
    assert!(matches!(inactive, Err(Error::Refused { rule: Rule::Inactive, .. })), "{inactive:?}");
}
