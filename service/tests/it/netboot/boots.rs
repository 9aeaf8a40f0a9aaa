//! What a machine is told when it boots.

use entity::netboot::{
    egg::EggArchitecture, egg_group, ipxe_boot_config, ipxe_config, ipxe_image, ipxe_machine,
};
use plimsoll::retry::BoxFuture;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, sea_query::Expr,
};
use serde_json::json;
use service::{
    Error, Result, World,
    audit::audited,
    netboot::boot::{self, Boots, Plan},
    records,
    rights::{DeleteNetboot, ReadNetboot},
    rule::Rule,
};

use super::{
    MAC, choose_config, choose_group, choose_image, config, egg, group, image, is_no_egg,
    is_refused, machine, network,
};
use crate::{
    people::admin,
    plainly::{create, update},
};

plimsoll::on_every_database!(migration::app:
    a_machine_boots_what_its_configuration_says,
    a_machine_that_nothing_is_said_of_is_told_what_the_network_says,
    an_egg_that_cannot_be_put_on_a_machine_is_told_when_it_boots,
);

async fn plan(db: &DatabaseConnection, address: &str) -> Result<Plan> {
    let by = &admin::<ReadNetboot>(db).await;
    boot::plan(db, by, address).await
}

fn names(plan: &Plan) -> Vec<&str> {
    plan.eggs.iter().map(|egg| egg.name.as_str()).collect()
}

fn kernel(plan: &Plan) -> &str {
    match &plan.boots {
        Boots::System(system) => &system.kernel,
        other => panic!("{other:?}"),
    }
}

async fn a_machine_boots_what_its_configuration_says(db: &DatabaseConnection) {
    for (name, needed) in [("lxd", &[][..]), ("docker", &["lxd"][..]), ("app", &["docker"][..])] {
        create::<egg::Entity>(db, egg(name, needed)).await.unwrap();
    }
    let updates = egg::ActiveModel { is_default: Set(true), ..egg("updates", &[]) };
    create::<egg::Entity>(db, updates).await.unwrap();
    let firmware = egg::ActiveModel {
        is_default: Set(true),
        required_architecture: Set(EggArchitecture::Arm64),
        ..egg("firmware", &[])
    };
    create::<egg::Entity>(db, firmware).await.unwrap();
    let base = create::<egg_group::Entity>(db, group("base", &["docker"])).await.unwrap();
    choose_group(db, base.id).await.unwrap();
    let nothing = create::<egg_group::Entity>(db, group("nothing", &[])).await.unwrap();
    let noble = create::<ipxe_image::Entity>(db, image("noble")).await.unwrap();
    choose_image(db, noble.id).await.unwrap();
    let jammy = create::<ipxe_image::Entity>(db, image("jammy")).await.unwrap();
    let all = create::<ipxe_boot_config::Entity>(db, config("all")).await.unwrap();
    choose_config(db, all.id).await.unwrap();
    let own = ipxe_boot_config::ActiveModel {
        default_image_id: Set(Some(jammy.id)),
        assigned_egg_group_id: Set(Some(nothing.id)),
        kernel_params: Set(Some("quiet".to_owned())),
        timeout_seconds: Set(0),
        ..config("own")
    };
    let own = create::<ipxe_boot_config::Entity>(db, own).await.unwrap();
    create::<ipxe_config::Entity>(db, network("lab")).await.unwrap();
    create::<ipxe_machine::Entity>(db, machine(MAC)).await.unwrap();
    let special = ipxe_machine::ActiveModel {
        boot_config_id: Set(Some(own.id)),
        assigned_eggs: Set(json!(["app"])),
        ..machine("aa:bb:cc:dd:ee:00")
    };
    create::<ipxe_machine::Entity>(db, special).await.unwrap();

    let usual = plan(db, "AA-BB-CC-DD-EE-FF").await.unwrap();
    let special = plan(db, "aa:bb:cc:dd:ee:00").await.unwrap();

    assert_eq!(kernel(&usual), "http://boot.example.org/noble/vmlinuz");
    assert_eq!((names(&usual), usual.timeout_seconds), (vec!["updates", "lxd", "docker"], 30));
    assert_eq!(kernel(&special), "http://boot.example.org/jammy/vmlinuz");
    assert_eq!(names(&special), ["updates", "lxd", "docker", "app"]);
    assert_eq!(
        boot::render(&special),
        "#!ipxe\nkernel http://boot.example.org/jammy/vmlinuz quiet\nboot\n"
    );

    // What its configuration named is gone: it falls back on what is default.
    let by = &admin::<DeleteNetboot>(db).await;
    let (jammy, nothing) = (jammy.id, nothing.id);
    audited(db, &World::system(), |unit, _| {
        Box::pin(async move {
            records::delete::<ipxe_image::Entity>(unit, by, jammy).await?;
            records::delete::<egg_group::Entity>(unit, by, nothing).await
        }) as BoxFuture<'_, _>
    })
    .await
    .unwrap();
    let special = plan(db, "aa:bb:cc:dd:ee:00").await.unwrap();
    assert_eq!(kernel(&special), "http://boot.example.org/noble/vmlinuz");
    assert_eq!(names(&special), ["updates", "lxd", "docker", "app"]);

    let off = ipxe_image::ActiveModel { is_active: Set(false), ..image("old") };
    let old = create::<ipxe_image::Entity>(db, off).await.unwrap();
    let with_old =
        ipxe_boot_config::ActiveModel { default_image_id: Set(Some(old.id)), ..Default::default() };
    update::<ipxe_boot_config::Entity>(db, own.id, with_old).await.unwrap();
    let refused = plan(db, "aa:bb:cc:dd:ee:00").await;
    assert!(is_refused(&refused, Rule::Inactive), "{refused:?}");
}

async fn a_machine_that_nothing_is_said_of_is_told_what_the_network_says(db: &DatabaseConnection) {
    let nothing = plan(db, MAC).await.unwrap();
    let off = ipxe_config::ActiveModel {
        is_active: Set(false),
        chain_url: Set(Some("http://off.example.org/".to_owned())),
        ..network("off")
    };
    create::<ipxe_config::Entity>(db, off).await.unwrap();
    let lab = create::<ipxe_config::Entity>(db, network("lab")).await.unwrap();
    let second = ipxe_config::ActiveModel {
        chain_url: Set(Some("http://second.example.org/".to_owned())),
        ..network("second")
    };
    create::<ipxe_config::Entity>(db, second).await.unwrap();
    let script = plan(db, MAC).await.unwrap();
    create::<egg::Entity>(db, egg("docker", &[])).await.unwrap();
    let known = ipxe_machine::ActiveModel { assigned_eggs: Set(json!(["docker"])), ..machine(MAC) };
    let known = create::<ipxe_machine::Entity>(db, known).await.unwrap();
    let without_config = plan(db, MAC).await.unwrap();
    let chain = ipxe_config::ActiveModel {
        chain_url: Set(Some("http://other.example.org/".to_owned())),
        ..Default::default()
    };
    update::<ipxe_config::Entity>(db, lab.id, chain).await.unwrap();
    let sent_on = plan(db, "aa:bb:cc:dd:ee:00").await.unwrap();
    let wrong = plan(db, "aa:bb").await;

    assert_eq!(boot::render(&nothing), "#!ipxe\nexit\n");
    assert_eq!(boot::render(&script), "#!ipxe\nshell\n");
    assert_eq!((script.machine_id, names(&script)), (None, vec![]));
    assert_eq!(boot::render(&without_config), "#!ipxe\nshell\n");
    assert_eq!(without_config.machine_id, Some(known.id));
    assert_eq!(names(&without_config), ["docker"]);
    assert_eq!(boot::render(&sent_on), "#!ipxe\nchain http://other.example.org/\n");
    assert!(matches!(wrong, Err(Error::Invalid { kind: "mac_address", .. })), "{wrong:?}");
}

async fn an_egg_that_cannot_be_put_on_a_machine_is_told_when_it_boots(db: &DatabaseConnection) {
    let lxd = create::<egg::Entity>(db, egg("lxd", &[])).await.unwrap();
    create::<egg::Entity>(db, egg("docker", &["lxd"])).await.unwrap();
    let row = ipxe_machine::ActiveModel {
        assigned_eggs: Set(json!(["docker"])),
        memory_mb: Set(1024),
        ..machine(MAC)
    };
    create::<ipxe_machine::Entity>(db, row).await.unwrap();
    assert_eq!(names(&plan(db, MAC).await.unwrap()), ["lxd", "docker"]);

    let large = egg::ActiveModel { min_ram_mb: Set(2048), ..Default::default() };
    update::<egg::Entity>(db, lxd.id, large).await.unwrap();
    let too_large = plan(db, MAC).await;
    let off = egg::ActiveModel { is_active: Set(false), min_ram_mb: Set(0), ..Default::default() };
    update::<egg::Entity>(db, lxd.id, off).await.unwrap();
    let out_of_use = plan(db, MAC).await;
    // Behind the program, which lets neither happen.
    egg::Entity::update_many()
        .col_expr(egg::Column::Dependencies, Expr::value(json!(["docker"])))
        .filter(egg::Column::Id.eq(lxd.id))
        .exec(db)
        .await
        .unwrap();
    let circle = plan(db, MAC).await;
    egg::Entity::delete_by_id(lxd.id).exec(db).await.unwrap();
    let missing = plan(db, MAC).await;

    assert!(is_refused(&too_large, Rule::Unsuitable), "{too_large:?}");
    assert!(is_refused(&out_of_use, Rule::Inactive), "{out_of_use:?}");
    assert!(is_refused(&circle, Rule::Unsuitable), "{circle:?}");
    assert!(is_no_egg(&missing, "lxd"), "{missing:?}");
}
