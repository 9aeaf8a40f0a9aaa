//! Deciding what a machine boots, from the rows about it.

use entity::netboot::{egg, egg_group, ipxe_boot_config, ipxe_config, ipxe_image, ipxe_machine};
use sea_orm::ActiveEnum as _;

use super::{Boots, Plan, System, listed};
use crate::{
    Result,
    netboot::order::{Known, in_order, misfit},
    rule::Rule,
};

/// The rows about a machine that is known.
#[derive(Debug)]
pub(super) struct Rows {
    pub(super) machine: ipxe_machine::Model,
    /// Its own boot configuration, or the default one.
    pub(super) config: Option<ipxe_boot_config::Model>,
    /// The image that the configuration names, or the default one.
    pub(super) image: Option<ipxe_image::Model>,
    /// The group of eggs that the configuration names, or the default one.
    pub(super) group: Option<egg_group::Model>,
    pub(super) network: Option<ipxe_config::Model>,
    /// The eggs that may be meant.
    pub(super) known: Known,
}

/// What the machine boots, and the eggs that are put on it.
///
/// # Errors
/// Those of [`plan`](super::plan()).
pub(super) fn decide(rows: &Rows) -> Result<Plan> {
    let boots = match &rows.config {
        None => elsewhere(rows.network.as_ref()),
        Some(ipxe_boot_config::Model { ipxe_script: Some(script), .. }) => {
            Boots::Script(script.clone())
        }
        Some(config) => Boots::System(system(rows, config)?),
    };
    Ok(Plan {
        machine_id: Some(rows.machine.id),
        boots,
        timeout_seconds: rows.config.as_ref().map_or(0, |config| config.timeout_seconds),
        eggs: eggs(rows)?,
    })
}

/// What a machine boots that no boot configuration applies to.
pub(super) fn elsewhere(network: Option<&ipxe_config::Model>) -> Boots {
    match network {
        Some(ipxe_config::Model { chain_url: Some(url), .. }) => Boots::Chain(url.clone()),
        Some(ipxe_config::Model { default_boot_script: Some(script), .. }) => {
            Boots::Script(script.clone())
        }
        _ => Boots::Disk,
    }
}

fn system(rows: &Rows, config: &ipxe_boot_config::Model) -> Result<System> {
    let Some(image) = &rows.image else {
        let because =
            format!("boot configuration `{}` has no image, nor is one default", config.name);
        return Err(Rule::Unsuitable.refuses(because));
    };
    if !image.is_active {
        return Err(Rule::Inactive.refuses(format!("image `{}` is out of use", image.name)));
    }
    let (needed, has) = (image.architecture, rows.machine.architecture);
    if needed != has {
        let (needed, has) = (needed.to_value(), has.to_value());
        let because = format!("image `{}` needs {needed}, and the machine has {has}", image.name);
        return Err(Rule::Unsuitable.refuses(because));
    }
    let Some(kernel) = &image.kernel_path else {
        return Err(Rule::Unsuitable.refuses(format!("image `{}` has no kernel", image.name)));
    };
    let network = rows.network.as_ref();
    let base = network.and_then(|network| network.http_boot_url.as_deref());
    let bucket = network.and_then(|network| network.minio_bucket.as_deref());
    let bucket = image.minio_bucket.as_deref().or(bucket);
    let fetched = |path: &String| address(base, bucket, path);
    let params = [&image.kernel_params, &config.kernel_params].into_iter().flatten();
    let params = params.map(|params| params.trim()).filter(|params| !params.is_empty());
    Ok(System {
        kernel: fetched(kernel),
        initrd: image.initrd_path.as_ref().map(fetched),
        squashfs: image.squashfs_path.as_ref().map(fetched),
        kernel_params: params.collect::<Vec<_>>().join(" "),
    })
}

/// Where a path of an image is fetched from. A path that is an address already stays one.
fn address(base: Option<&str>, bucket: Option<&str>, path: &str) -> String {
    if path.contains("://") {
        return path.to_owned();
    }
    let base = base.map(|base| base.trim_end_matches('/'));
    let bucket = bucket.map(|bucket| bucket.trim_matches('/'));
    let parts = [base, bucket, Some(path.trim_start_matches('/'))];
    parts.into_iter().flatten().collect::<Vec<_>>().join("/")
}

fn eggs(rows: &Rows) -> Result<Vec<egg::Model>> {
    let machine = &rows.machine;
    let is_for_it =
        |egg: &&egg::Model| egg.is_default && egg.is_active && misfit(egg, machine).is_none();
    let mut defaults: Vec<&egg::Model> = rows.known.values().filter(is_for_it).collect();
    defaults.sort_by_key(|egg| egg.id);
    let names = defaults.into_iter().map(|egg| egg.name.as_str());
    let order = in_order(names.chain(listed(machine, rows.group.as_ref())?), &rows.known)?;
    for egg in &order {
        if !egg.is_active {
            return Err(Rule::Inactive.refuses(format!("egg `{}` is out of use", egg.name)));
        }
        if let Some(why) = misfit(egg, machine) {
            return Err(Rule::Unsuitable.refuses(why));
        }
    }
    Ok(order.into_iter().cloned().collect())
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use entity::netboot::{
        egg::EggArchitecture,
        ipxe_config::DhcpMode,
        ipxe_image::{IpxeImageType, NetbootArchitecture},
    };
    use serde_json::json;

    use super::*;
    use crate::{
        Error,
        netboot::order::{
            by_name,
            tests::{egg, machine},
        },
    };

    fn config() -> ipxe_boot_config::Model {
        ipxe_boot_config::Model {
            id: 1,
            default_image_id: None,
            assigned_egg_group_id: None,
            name: "servers".to_owned(),
            description: None,
            ipxe_script: None,
            kernel_params: Some("console=ttyS0".to_owned()),
            boot_order: json!([]),
            timeout_seconds: 5,
            is_default: true,
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
        }
    }

    fn image() -> ipxe_image::Model {
        ipxe_image::Model {
            id: 1,
            name: "noble".to_owned(),
            display_name: "Noble".to_owned(),
            os_name: "ubuntu".to_owned(),
            os_version: "24.04".to_owned(),
            architecture: NetbootArchitecture::Amd64,
            image_type: IpxeImageType::Minimal,
            minio_bucket: None,
            kernel_path: Some("/noble/vmlinuz".to_owned()),
            initrd_path: Some("noble/initrd".to_owned()),
            squashfs_path: None,
            kernel_params: Some("ip=dhcp quiet".to_owned()),
            checksum: None,
            size_bytes: 0,
            is_default: true,
            is_active: true,
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
        }
    }

    fn network() -> ipxe_config::Model {
        ipxe_config::Model {
            id: 1,
            name: "lab".to_owned(),
            dhcp_mode: DhcpMode::Proxy,
            dhcp_interface: None,
            dhcp_subnet: None,
            dhcp_range_start: None,
            dhcp_range_end: None,
            dhcp_gateway: None,
            dns_servers: json!([]),
            tftp_enabled: true,
            http_boot_url: Some("http://boot.example.org/".to_owned()),
            minio_bucket: Some("images".to_owned()),
            default_boot_script: None,
            chain_url: None,
            is_active: true,
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
        }
    }

    fn group(eggs: &[&str]) -> egg_group::Model {
        egg_group::Model {
            id: 1,
            name: "base".to_owned(),
            display_name: "Base".to_owned(),
            description: None,
            eggs: json!(eggs),
            is_default: true,
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
        }
    }

    fn rows() -> Rows {
        Rows {
            machine: machine(),
            config: Some(config()),
            image: Some(image()),
            group: None,
            network: Some(network()),
            known: Known::new(),
        }
    }

    fn refusal(rows: &Rows) -> (Rule, String) {
        match decide(rows) {
            Err(Error::Refused { rule, because }) => (rule, because),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_image_is_fetched_from_the_network_and_told_its_parameters_first() {
        let plan = decide(&rows()).unwrap();

        assert_eq!((plan.machine_id, plan.timeout_seconds), (Some(7), 5));
        assert!(plan.eggs.is_empty());
        let expected = System {
            kernel: "http://boot.example.org/images/noble/vmlinuz".to_owned(),
            initrd: Some("http://boot.example.org/images/noble/initrd".to_owned()),
            squashfs: None,
            kernel_params: "ip=dhcp quiet console=ttyS0".to_owned(),
        };
        assert_eq!(plan.boots, Boots::System(expected));
    }

    #[test]
    fn a_path_is_looked_up_in_the_bucket_at_the_address_of_the_network() {
        let base = Some("http://a/");
        for (base, bucket, path, expected) in [
            (base, Some("images"), "noble/vmlinuz", "http://a/images/noble/vmlinuz"),
            (base, Some("/images/"), "/noble/vmlinuz", "http://a/images/noble/vmlinuz"),
            (base, None, "vmlinuz", "http://a/vmlinuz"),
            (None, Some("images"), "vmlinuz", "images/vmlinuz"),
            (None, None, "vmlinuz", "vmlinuz"),
            (base, Some("images"), "https://b/vmlinuz", "https://b/vmlinuz"),
        ] {
            assert_eq!(address(base, bucket, path), expected);
        }
    }

    #[test]
    fn a_script_is_said_instead_of_an_image() {
        let script = Some("#!ipxe\nshell\n".to_owned());
        let config = ipxe_boot_config::Model { ipxe_script: script, ..config() };

        let plan = decide(&Rows { config: Some(config), image: None, ..rows() }).unwrap();

        assert_eq!(plan.boots, Boots::Script("#!ipxe\nshell\n".to_owned()));
    }

    #[test]
    fn a_machine_that_no_boot_configuration_applies_to_is_sent_on() {
        let script = Some("#!ipxe\nexit\n".to_owned());
        let chain = Some("http://other/".to_owned());
        let with_script =
            || ipxe_config::Model { default_boot_script: script.clone(), ..network() };
        let with_both = ipxe_config::Model { chain_url: chain, ..with_script() };

        for (network, expected) in [
            (None, Boots::Disk),
            (Some(network()), Boots::Disk),
            (Some(with_script()), Boots::Script("#!ipxe\nexit\n".to_owned())),
            (Some(with_both), Boots::Chain("http://other/".to_owned())),
        ] {
            assert_eq!(elsewhere(network.as_ref()), expected);
            let plan = decide(&Rows { config: None, network, ..rows() }).unwrap();
            assert_eq!((plan.boots, plan.timeout_seconds), (expected, 0));
        }
    }

    #[test]
    fn an_image_that_cannot_be_booted_is_told() {
        let with = |image: ipxe_image::Model| Rows { image: Some(image), ..rows() };
        let arm = ipxe_image::Model { architecture: NetbootArchitecture::Arm64, ..image() };

        for (rows, rule, because) in [
            (
                Rows { image: None, ..rows() },
                Rule::Unsuitable,
                "boot configuration `servers` has no image, nor is one default",
            ),
            (
                with(ipxe_image::Model { is_active: false, ..image() }),
                Rule::Inactive,
                "image `noble` is out of use",
            ),
            (with(arm), Rule::Unsuitable, "image `noble` needs arm64, and the machine has amd64"),
            (
                with(ipxe_image::Model { kernel_path: None, ..image() }),
                Rule::Unsuitable,
                "image `noble` has no kernel",
            ),
        ] {
            assert_eq!(refusal(&rows), (rule, because.to_owned()));
        }
    }

    #[test]
    fn eggs_come_from_the_defaults_the_group_and_the_machine() {
        let eggs = [
            egg::Model { id: 2, is_default: true, ..egg("monitor", &[]) },
            egg::Model { id: 1, is_default: true, ..egg("updates", &[]) },
            egg::Model {
                is_default: true,
                required_architecture: EggArchitecture::Arm64,
                ..egg("firmware", &[])
            },
            egg::Model { is_default: true, is_active: false, ..egg("old", &[]) },
            egg("docker", &["lxd"]),
            egg("lxd", &[]),
            egg("app", &["docker"]),
        ];
        let mut rows = rows();
        rows.known = by_name(eggs);
        rows.group = Some(group(&["docker", "monitor"]));
        rows.machine.assigned_eggs = json!(["app", "docker"]);

        let plan = decide(&rows).unwrap();

        let names: Vec<&str> = plan.eggs.iter().map(|egg| egg.name.as_str()).collect();
        assert_eq!(names, ["updates", "monitor", "lxd", "docker", "app"]);
    }

    #[test]
    fn an_egg_that_cannot_be_put_on_the_machine_is_told() {
        let mut rows = rows();
        rows.machine.assigned_eggs = json!(["app"]);
        let off = egg::Model { is_active: false, ..egg("docker", &[]) };
        let arm =
            egg::Model { required_architecture: EggArchitecture::Arm64, ..egg("docker", &[]) };

        rows.known = by_name([egg("app", &["docker"]), off]);
        assert_eq!(refusal(&rows), (Rule::Inactive, "egg `docker` is out of use".to_owned()));
        rows.known = by_name([egg("app", &["docker"]), arm]);
        assert_eq!(
            refusal(&rows),
            (Rule::Unsuitable, "egg `docker` needs arm64, and the machine has amd64".to_owned())
        );
        rows.known = by_name([egg("app", &["docker"])]);
        let missing = decide(&rows);
        assert!(
            matches!(&missing, Err(Error::NotFound { kind: "egg", key }) if key == "docker"),
            "{missing:?}"
        );
        rows.machine.assigned_eggs = json!({"app": 1});
        let malformed = decide(&rows);
        assert!(matches!(malformed, Err(Error::Malformed { .. })), "{malformed:?}");
    }
}
