//! Rows that are read and written plainly.

use chrono::{DateTime, Utc};
use entity::{
    access::ssh_ca_config::{self, SshCaType},
    audit::system_log,
    cloud::{
        cloud_machine::{self, MachineStatus},
        cloud_provider::{self, CloudProviderType},
        server,
    },
    inventory::elder_config,
};
use plimsoll::retry::BoxFuture;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, DatabaseConnection, EntityTrait, PaginatorTrait,
    QueryOrder,
};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use service::{
    Error, Result, World,
    audit::audited,
    deletion::Deletion,
    records::{self, Create, Read, Update},
    rights::RevealSecrets,
    rule::Rule,
    seal::Keyring,
};

use crate::{
    people::admin,
    plainly::{create, delete, update},
};

plimsoll::on_every_database!(migration::app:
    a_row_is_added_read_changed_and_removed,
    what_will_not_do_is_refused_in_the_same_words_on_every_database,
    what_is_there_already_is_named,
    columns_that_do_not_fit_together_are_refused,
    columns_with_rules_of_their_own_are_not_written_plainly,
    a_change_says_which_columns_it_changed,
    what_is_in_use_is_not_removed,
    a_list_goes_in_pages_and_by_a_condition,
    a_secret_is_written_and_read_apart_from_the_row,
    a_secret_that_is_needed_comes_with_its_row,
    what_is_missing_is_named,
    a_document_is_as_deep_as_every_database_takes,
    of_a_parent_that_goes_and_a_child_that_comes_one_is_refused,
);

fn provider(name: &str) -> cloud_provider::ActiveModel {
    cloud_provider::ActiveModel {
        name: Set(name.to_owned()),
        provider_type: Set(CloudProviderType::Aws),
        ..Default::default()
    }
}

fn machine(provider_id: i64, external_id: &str) -> cloud_machine::ActiveModel {
    cloud_machine::ActiveModel {
        provider_id: Set(provider_id),
        external_id: Set(external_id.to_owned()),
        ..Default::default()
    }
}

async fn told(db: &DatabaseConnection) -> Vec<system_log::Model> {
    system_log::Entity::find().order_by_asc(system_log::Column::Id).all(db).await.unwrap()
}

async fn a_row_is_added_read_changed_and_removed(db: &DatabaseConnection) {
    let made = create::<cloud_provider::Entity>(db, provider("aws")).await.unwrap();
    let by = admin::<Read<cloud_provider::Entity>>(db).await;

    let read = records::by_id::<cloud_provider::Entity>(db, &by, made.id).await.unwrap();
    assert_eq!(read, made);
    assert_eq!(read.created_at, read.updated_at);

    let region = cloud_provider::ActiveModel {
        region: Set(Some("eu-central-1".to_owned())),
        ..Default::default()
    };
    let changed = update::<cloud_provider::Entity>(db, made.id, region).await.unwrap();
    assert_eq!(changed.region.as_deref(), Some("eu-central-1"));
    assert_eq!((changed.name.as_str(), changed.created_at), ("aws", made.created_at));
    assert!(changed.updated_at > made.updated_at);

    let gone = delete::<cloud_provider::Entity>(db, made.id).await.unwrap();
    assert_eq!(gone, Deletion::default());
    let missing = records::by_id::<cloud_provider::Entity>(db, &by, made.id).await;
    assert!(matches!(missing, Err(Error::NotFound { kind: "provider", .. })), "{missing:?}");
    for missing in [
        delete::<cloud_provider::Entity>(db, made.id).await.map(drop),
        update::<cloud_provider::Entity>(db, made.id, provider("b")).await.map(drop),
    ] {
        assert!(matches!(missing, Err(Error::NotFound { .. })), "{missing:?}");
    }
}

async fn what_will_not_do_is_refused_in_the_same_words_on_every_database(db: &DatabaseConnection) {
    let id = create::<cloud_provider::Entity>(db, provider("aws")).await.unwrap().id;
    let of = |row: cloud_machine::ActiveModel| row;
    let late: DateTime<Utc> = "2038-01-19T03:14:08Z".parse().unwrap();
    for (row, column, problem) in [
        (of(machine(id, &"x".repeat(256))), "external_id", "255 characters are the most"),
        (of(machine(id, "a\0b")), "external_id", "it has a NUL character in it"),
        (of(machine(404, "a")), "provider_id", "`cloud_providers` has no row with that key"),
        (
            cloud_machine::ActiveModel { cpu_count: Set(Some(-1)), ..machine(id, "a") },
            "cpu_count",
            "0 is the least",
        ),
        (
            cloud_machine::ActiveModel { tags: Set(json!(["a", {"b": "\0"}])), ..machine(id, "a") },
            "tags",
            "it has a NUL character in it",
        ),
    ] {
        let refused = create::<cloud_machine::Entity>(db, row).await;

        let Err(Error::Invalid { kind, problem: said, .. }) = refused else {
            panic!("{refused:?}");
        };
        assert_eq!((kind, said.as_str()), (column, problem));
    }
    let ca = ssh_ca_config::ActiveModel {
        ca_name: Set("users".to_owned()),
        ca_type: Set(SshCaType::User),
        public_key: Set(PUBLIC_KEY.to_owned()),
        created_at: Set(late),
        ..Default::default()
    };
    let refused = create::<ssh_ca_config::Entity>(db, ca).await;
    assert!(matches!(refused, Err(Error::Invalid { .. })), "{refused:?}");
    assert_eq!(cloud_machine::Entity::find().count(db).await.unwrap(), 0);
}

async fn what_is_there_already_is_named(db: &DatabaseConnection) {
    let id = create::<cloud_provider::Entity>(db, provider("aws")).await.unwrap().id;
    create::<cloud_machine::Entity>(db, machine(id, "i-1")).await.unwrap();

    let twice = create::<cloud_provider::Entity>(db, provider("aws")).await.unwrap_err();
    let machine_twice = create::<cloud_machine::Entity>(db, machine(id, "i-1")).await.unwrap_err();

    assert_eq!(twice.to_string(), "provider `aws` exists already");
    assert_eq!(machine_twice.to_string(), format!("machine `{id}, i-1` exists already"));
    let other = create::<cloud_provider::Entity>(db, provider("gcp")).await.unwrap();
    let renamed = update::<cloud_provider::Entity>(db, other.id, provider("aws")).await;
    assert!(matches!(renamed, Err(Error::AlreadyExists { .. })), "{renamed:?}");
}

const PUBLIC_KEY: &str = "ssh-ed25519 \
    AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f ca";

async fn columns_that_do_not_fit_together_are_refused(db: &DatabaseConnection) {
    let ca = ssh_ca_config::ActiveModel {
        ca_name: Set("users".to_owned()),
        ca_type: Set(SshCaType::User),
        public_key: Set(PUBLIC_KEY.to_owned()),
        cert_validity_seconds: Set(20),
        max_validity_seconds: Set(10),
        ..Default::default()
    };

    let refused = create::<ssh_ca_config::Entity>(db, ca.clone()).await.unwrap_err();

    assert!(refused.to_string().contains("its columns do not fit together"), "{refused}");
    let fits = ssh_ca_config::ActiveModel { max_validity_seconds: Set(20), ..ca };
    create::<ssh_ca_config::Entity>(db, fits).await.unwrap();
}

async fn columns_with_rules_of_their_own_are_not_written_plainly(db: &DatabaseConnection) {
    let id = create::<cloud_provider::Entity>(db, provider("aws")).await.unwrap().id;
    let now = Utc::now();
    for (column, row) in [
        (
            "status",
            cloud_machine::ActiveModel { status: Set(MachineStatus::Deployed), ..machine(id, "a") },
        ),
        ("id", cloud_machine::ActiveModel { id: Set(7), ..machine(id, "a") }),
        ("created_at", cloud_machine::ActiveModel { created_at: Set(now), ..machine(id, "a") }),
    ] {
        let refused = create::<cloud_machine::Entity>(db, row).await;

        let is_it = matches!(&refused, Err(Error::Invalid { input, .. }) if input == column);
        assert!(is_it, "{column}: {refused:?}");
    }
    let config = elder_config::ActiveModel {
        name: Set("elder".to_owned()),
        elder_url: Set("https://elder.example.org".to_owned()),
        api_key: Set("in clear".into()),
        ..Default::default()
    };
    let refused = create::<elder_config::Entity>(db, config).await;
    let is_it = matches!(&refused, Err(Error::Invalid { input, .. }) if input == "api_key");
    assert!(is_it, "{refused:?}");
}

async fn a_change_says_which_columns_it_changed(db: &DatabaseConnection) {
    let id = create::<cloud_provider::Entity>(db, provider("aws")).await.unwrap().id;
    let changes = cloud_provider::ActiveModel {
        region: Set(Some("eu".to_owned())),
        description: Set(None),
        ..provider("aws")
    };

    update::<cloud_provider::Entity>(db, id, changes).await.unwrap();
    delete::<cloud_provider::Entity>(db, id).await.unwrap();

    let told = told(db).await;
    let actions: Vec<_> =
        told.iter().map(|row| row.action.as_deref().unwrap_or_default()).collect();
    assert_eq!(actions, ["create", "update", "delete"]);
    assert_eq!(told[1].details, Some(json!({"changed": ["region"]})));
    for row in &told {
        assert_eq!(row.component, "cloud");
        assert_eq!(row.subject_kind.as_deref(), Some("provider"));
        assert_eq!(row.subject_id.as_deref(), Some(&*id.to_string()));
        assert_eq!(row.actor_name.as_deref(), Some("boss"));
    }
}

async fn what_is_in_use_is_not_removed(db: &DatabaseConnection) {
    let id = create::<cloud_provider::Entity>(db, provider("aws")).await.unwrap().id;
    let machine = create::<cloud_machine::Entity>(db, machine(id, "i-1")).await.unwrap();

    let refused = delete::<cloud_provider::Entity>(db, id).await;

    assert!(matches!(refused, Err(Error::Refused { rule: Rule::InUse, .. })), "{refused:?}");
    delete::<cloud_machine::Entity>(db, machine.id).await.unwrap();
    delete::<cloud_provider::Entity>(db, id).await.unwrap();
}

async fn a_list_goes_in_pages_and_by_a_condition(db: &DatabaseConnection) {
    let id = create::<cloud_provider::Entity>(db, provider("aws")).await.unwrap().id;
    for at in 0..5 {
        create::<cloud_machine::Entity>(db, machine(id, &format!("i-{at}"))).await.unwrap();
    }
    let by = admin::<Read<cloud_machine::Entity>>(db).await;
    let list = async |which: Condition, from| {
        records::list::<cloud_machine::Entity>(db, &by, which, from, 2).await.unwrap()
    };

    let first = list(Condition::all(), None).await;
    let second = list(Condition::all(), first.next).await;
    let third = list(Condition::all(), second.next).await;
    let one = cloud_machine::Column::ExternalId.eq("i-3");
    let one = list(Condition::all().add(one), None).await;

    let names = |rows: &[cloud_machine::Model]| -> Vec<String> {
        rows.iter().map(|row| row.external_id.clone()).collect()
    };
    assert_eq!(names(&first.rows), ["i-0", "i-1"]);
    assert_eq!(names(&second.rows), ["i-2", "i-3"]);
    assert_eq!(names(&third.rows), ["i-4"]);
    assert_eq!(third.next, None);
    assert_eq!(names(&one.rows), ["i-3"]);
}

fn keys() -> Keyring {
    let key = SecretString::from("k:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
    Keyring::read(Some(&key)).unwrap()
}

async fn a_secret_is_written_and_read_apart_from_the_row(db: &DatabaseConnection) {
    let (keys, world) = (&keys(), &World::system());
    let rack = server::ActiveModel {
        hostname: Set("rack-1".to_owned()),
        mac_address: Set("00:00:5e:00:53:01".to_owned()),
        ..Default::default()
    };
    let rack = create::<server::Entity>(db, rack).await.unwrap();
    let by = &admin::<Update<server::Entity>>(db).await;
    let column = server::Column::PowerParameters;
    let seal = async |secret: Option<&SecretString>| -> Result<server::Model> {
        audited(db, world, |unit, _| {
            let with = (keys, world);
            Box::pin(records::seal::<server::Entity>(unit, by, with, rack.id, column, secret))
                as BoxFuture<'_, _>
        })
        .await
    };
    let reveal = async |column: server::Column| -> Result<Option<SecretString>> {
        let by = &admin::<RevealSecrets>(db).await;
        audited(db, world, |unit, _| {
            Box::pin(records::reveal::<server::Entity>(unit, by, keys, rack.id, column))
                as BoxFuture<'_, _>
        })
        .await
    };

    let sealed = seal(Some(&SecretString::from("ipmi password"))).await.unwrap();
    let read = reveal(column).await.unwrap().unwrap();

    assert_eq!(read.expose_secret(), "ipmi password");
    assert!(sealed.power_parameters.unwrap().expose().starts_with("v1.k."));
    let said = format!("{:?}", told(db).await);
    assert!(said.contains("power_parameters") && !said.contains("ipmi password"), "{said}");
    let no_secret = reveal(server::Column::Hostname).await;
    assert!(matches!(no_secret, Err(Error::Invalid { .. })), "{no_secret:?}");
    for unfit in ["", &"x".repeat(records::LONGEST + 1)] {
        let refused = seal(Some(&SecretString::from(unfit))).await;
        assert!(matches!(refused, Err(Error::Invalid { .. })), "{refused:?}");
    }
    seal(None).await.unwrap();
    assert!(reveal(column).await.unwrap().is_none());
}

async fn a_secret_that_is_needed_comes_with_its_row(db: &DatabaseConnection) {
    let (keys, world) = (&keys(), &World::system());
    let by = &admin::<Create<elder_config::Entity>>(db).await;
    let config = &elder_config::ActiveModel {
        name: Set("elder".to_owned()),
        elder_url: Set("https://elder.example.org".to_owned()),
        ..Default::default()
    };
    let column = elder_config::Column::ApiKey;
    let secrets = &[(column, SecretString::from("elder key"))];

    let made: elder_config::Model = audited(db, world, |unit, _| {
        let with = (keys, world);
        Box::pin(records::create_with_secrets::<elder_config::Entity>(
            unit,
            by,
            with,
            config.clone(),
            secrets,
        )) as BoxFuture<'_, _>
    })
    .await
    .unwrap();

    assert!(made.api_key.expose().starts_with("v1.k."));
    let by = &admin::<Update<elder_config::Entity>>(db).await;
    let emptied: Result<elder_config::Model> = audited(db, world, |unit, _| {
        let with = (keys, world);
        Box::pin(records::seal::<elder_config::Entity>(unit, by, with, made.id, column, None))
            as BoxFuture<'_, _>
    })
    .await;
    assert!(matches!(emptied, Err(Error::Invalid { .. })), "{emptied:?}");
}

async fn what_is_missing_is_named(db: &DatabaseConnection) {
    let nameless = cloud_provider::ActiveModel {
        provider_type: Set(CloudProviderType::Aws),
        ..Default::default()
    };

    let refused = create::<cloud_provider::Entity>(db, nameless).await;

    let is_it = matches!(&refused, Err(Error::Invalid { input, .. }) if input == "name");
    assert!(is_it, "{refused:?}");
}

async fn a_document_is_as_deep_as_every_database_takes(db: &DatabaseConnection) {
    let id = create::<cloud_provider::Entity>(db, provider("aws")).await.unwrap().id;
    let nested = |levels: usize| (0..levels).fold(json!("s3cr3t"), |inner, _| json!([inner]));
    let deep = |name: &str, levels: usize| cloud_machine::ActiveModel {
        tags: Set(nested(levels)),
        ..machine(id, name)
    };

    let made = create::<cloud_machine::Entity>(db, deep("a", 31)).await.unwrap();
    let refused = create::<cloud_machine::Entity>(db, deep("b", 32)).await;

    let by = admin::<Read<cloud_machine::Entity>>(db).await;
    let read = records::by_id::<cloud_machine::Entity>(db, &by, made.id).await.unwrap();
    assert_eq!(read.tags, nested(31));
    let Err(Error::Invalid { input, problem, .. }) = refused else { panic!("{refused:?}") };
    assert_eq!((input.as_str(), problem.as_str()), ("***", "31 levels are the most"));
}

/// What is deleted while something that refers to it comes is kept, or what comes is refused.
async fn of_a_parent_that_goes_and_a_child_that_comes_one_is_refused(db: &DatabaseConnection) {
    for round in 0..plimsoll::testing::cases(3) {
        let name = format!("aws {round}");
        let id = create::<cloud_provider::Entity>(db, provider(&name)).await.unwrap().id;

        let (gone, come) = futures_util::future::join(
            delete::<cloud_provider::Entity>(db, id),
            create::<cloud_machine::Entity>(db, machine(id, "i-1")),
        )
        .await;

        match (gone, come) {
            (Ok(_), Err(Error::Invalid { .. }))
            | (Err(Error::Refused { rule: Rule::InUse, .. }), Ok(_)) => {}
            (gone, come) => panic!("{gone:?} {come:?}"),
        }
    }
}
