//! In which order eggs are put on a machine, and whether they are for it.

use std::{
    collections::{BTreeMap, BTreeSet},
    vec,
};

use entity::netboot::{
    egg::{EggArchitecture, Entity, Model},
    ipxe_image::NetbootArchitecture,
    ipxe_machine,
};
use sea_orm::ActiveEnum as _;

use super::names;
use crate::{Error, Result, records::Record as _, rule::Rule};

/// Eggs by their names.
pub(super) type Known = BTreeMap<String, Model>;

pub(super) fn by_name(eggs: impl IntoIterator<Item = Model>) -> Known {
    eggs.into_iter().map(|egg| (egg.name.clone(), egg)).collect()
}

/// The eggs of those names and all that they need, in the order of the names but each behind what
/// it needs, and none twice.
///
/// # Errors
/// [`Error::NotFound`] for a name that is of no egg, [`Rule::Unsuitable`] for eggs that need each
/// other in a circle, [`Error::Malformed`] if what is stored is no list of names.
pub(super) fn in_order<'n, 'k>(
    names: impl IntoIterator<Item = &'n str>,
    known: &'k Known,
) -> Result<Vec<&'k Model>> {
    let mut order: Vec<&Model> = Vec::new();
    let mut done: BTreeSet<&str> = BTreeSet::new();
    for name in names {
        if done.contains(name) {
            continue;
        }
        let mut path = vec![enter(name, known)?];
        while let Some((egg, needed)) = path.last_mut() {
            let egg = *egg;
            match needed.next() {
                None => {
                    order.push(egg);
                    done.insert(&egg.name);
                    path.pop();
                }
                Some(next) if done.contains(next) => {}
                Some(next) => {
                    circle(&path, next)?;
                    path.push(enter(next, known)?);
                }
            }
        }
    }
    Ok(order)
}

/// An egg, and what of the eggs that it needs has not been looked at yet.
type Step<'k> = (&'k Model, vec::IntoIter<&'k str>);

fn enter<'k>(name: &str, known: &'k Known) -> Result<Step<'k>> {
    let egg = known.get(name).ok_or_else(|| Error::not_found(Entity::KIND, name))?;
    Ok((egg, names::read(Entity::KIND, &egg.name, &egg.dependencies)?.into_iter()))
}

/// Makes sure that the way to an egg does not lead over the egg itself.
fn circle(path: &[Step<'_>], next: &str) -> Result<()> {
    let names = path.iter().map(|(egg, _)| egg.name.as_str());
    let circle: Vec<&str> = names.skip_while(|name| *name != next).collect();
    if circle.is_empty() {
        return Ok(());
    }
    let because = format!("`{}` need each other in a circle", circle.join("`, `"));
    Err(Rule::Unsuitable.refuses(because))
}

/// Why the egg is not for the machine, if it is not. What is not known of a machine rules out
/// nothing.
pub(super) fn misfit(egg: &Model, machine: &ipxe_machine::Model) -> Option<String> {
    let runs = match egg.required_architecture {
        EggArchitecture::Any => true,
        EggArchitecture::Amd64 => machine.architecture == NetbootArchitecture::Amd64,
        EggArchitecture::Arm64 => machine.architecture == NetbootArchitecture::Arm64,
    };
    let is_less = |has: i32, needed: i32| has > 0 && has < needed;
    let (needed, has) = if !runs {
        (egg.required_architecture.to_value(), machine.architecture.to_value())
    } else if is_less(machine.memory_mb, egg.min_ram_mb) {
        (format!("{} MB of memory", egg.min_ram_mb), machine.memory_mb.to_string())
    } else if is_less(machine.storage_gb, egg.min_disk_gb) {
        (format!("{} GB of disk", egg.min_disk_gb), machine.storage_gb.to_string())
    } else {
        return None;
    };
    Some(format!("egg `{}` needs {needed}, and the machine has {has}", egg.name))
}

#[cfg(test)]
pub(super) mod tests {
    use chrono::DateTime;
    use entity::netboot::{
        egg::EggType,
        ipxe_machine::{IpxeBootMode, IpxeMachineStatus, IpxePowerType},
    };
    use serde_json::json;

    use super::*;

    /// An egg that needs others.
    pub(in crate::netboot) fn egg(name: &str, needed: &[&str]) -> Model {
        Model {
            id: 1,
            name: name.to_owned(),
            display_name: name.to_owned(),
            description: None,
            egg_type: EggType::Snap,
            version: None,
            category: None,
            snap_name: Some(name.to_owned()),
            snap_channel: None,
            snap_classic: false,
            cloud_init_content: None,
            lxd_image_alias: None,
            lxd_image_url: None,
            lxd_profiles: json!([]),
            dependencies: json!(needed),
            min_ram_mb: 0,
            min_disk_gb: 0,
            required_architecture: EggArchitecture::Any,
            checksum: None,
            size_bytes: 0,
            is_hypervisor_config: false,
            is_active: true,
            is_default: false,
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
        }
    }

    /// A machine of which little is known.
    pub(in crate::netboot) fn machine() -> ipxe_machine::Model {
        ipxe_machine::Model {
            id: 7,
            boot_config_id: None,
            system_id: "4y3h7n".to_owned(),
            hostname: None,
            mac_address: "aa:bb:cc:dd:ee:ff".to_owned(),
            ip_address: None,
            status: IpxeMachineStatus::Ready,
            boot_mode: IpxeBootMode::Uefi,
            architecture: NetbootArchitecture::Amd64,
            cpu_count: 0,
            memory_mb: 0,
            storage_gb: 0,
            bmc_address: None,
            power_type: IpxePowerType::Manual,
            zone: None,
            pool: None,
            tags: json!([]),
            hardware_info: json!({}),
            assigned_eggs: json!([]),
            last_boot_at: None,
            last_seen_at: None,
            deployed_at: None,
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
        }
    }

    fn ordered(names: &[&str], eggs: Vec<Model>) -> Result<Vec<String>> {
        let known = by_name(eggs);
        let order = in_order(names.iter().copied(), &known)?;
        Ok(order.into_iter().map(|egg| egg.name.clone()).collect())
    }

    #[test]
    fn each_egg_comes_behind_what_it_needs_and_once() {
        let eggs = || {
            vec![
                egg("app", &["docker", "certificates"]),
                egg("docker", &["lxd"]),
                egg("certificates", &[]),
                egg("lxd", &[]),
                egg("monitor", &["docker"]),
                egg("unused", &["missing"]),
            ]
        };

        for (names, expected) in [
            (vec![], vec![]),
            (vec!["lxd", "certificates"], vec!["lxd", "certificates"]),
            (vec!["app"], vec!["lxd", "docker", "certificates", "app"]),
            (vec!["certificates", "app", "app"], vec!["certificates", "lxd", "docker", "app"]),
            (vec!["monitor", "app"], vec!["lxd", "docker", "monitor", "certificates", "app"]),
        ] {
            assert_eq!(ordered(&names, eggs()).unwrap(), expected, "{names:?}");
        }
    }

    #[test]
    fn an_egg_that_is_missing_is_named() {
        for names in [["ghost"], ["a"], ["b"]] {
            let refused = ordered(&names, vec![egg("a", &["b"]), egg("b", &["ghost"])]);

            assert!(
                matches!(&refused, Err(Error::NotFound { kind: "egg", key }) if key == "ghost"),
                "{refused:?}"
            );
        }
    }

    #[test]
    fn eggs_that_need_each_other_are_named() {
        let eggs = vec![egg("a", &["b"]), egg("b", &["c"]), egg("c", &["d", "b"]), egg("d", &[])];

        let refused = ordered(&["a"], eggs).unwrap_err();
        let itself = ordered(&["a"], vec![egg("a", &["a"])]).unwrap_err();

        let Error::Refused { rule: Rule::Unsuitable, because } = &refused else {
            panic!("{refused}");
        };
        assert_eq!(because, "`b`, `c` need each other in a circle");
        assert!(matches!(itself, Error::Refused { rule: Rule::Unsuitable, .. }), "{itself}");
    }

    #[test]
    fn a_very_long_chain_of_eggs_is_followed_to_its_end() {
        let name = |at: usize| format!("egg {at}");
        let mut eggs = vec![egg(&name(3_000), &[])];
        eggs.extend((0..3_000).map(|at| egg(&name(at), &[&name(at + 1)])));

        let order = ordered(&[&name(0)], eggs).unwrap();

        assert_eq!((order.len(), order[0].as_str()), (3_001, "egg 3000"));
    }

    #[test]
    fn an_egg_is_for_machines_that_have_what_it_needs() {
        use EggArchitecture::{Amd64, Any, Arm64};

        let large = ipxe_machine::Model { memory_mb: 4096, storage_gb: 100, ..machine() };
        let arm = ipxe_machine::Model { architecture: NetbootArchitecture::Arm64, ..machine() };
        let needs = |ram, disk, required_architecture| Model {
            min_ram_mb: ram,
            min_disk_gb: disk,
            required_architecture,
            ..egg("docker", &[])
        };

        for (egg, machine) in [
            (needs(4096, 100, Any), &large),
            (needs(0, 0, Amd64), &large),
            (needs(0, 0, Any), &arm),
            (needs(1 << 20, 1 << 20, Arm64), &arm),
        ] {
            assert_eq!(misfit(&egg, machine), None, "{egg:?}");
        }
        for (egg, machine, expected) in [
            (needs(4097, 0, Any), &large, "4097 MB of memory, and the machine has 4096"),
            (needs(0, 101, Any), &large, "101 GB of disk, and the machine has 100"),
            (needs(0, 0, Arm64), &large, "arm64, and the machine has amd64"),
            (needs(0, 0, Amd64), &arm, "amd64, and the machine has arm64"),
        ] {
            let expected = format!("egg `docker` needs {expected}");

            assert_eq!(misfit(&egg, machine), Some(expected));
        }
    }
}
