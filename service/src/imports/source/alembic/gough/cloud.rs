//! Machines at providers and in racks, what they are reached by, and what is put on them.

use entity::cloud::{
    cloud_init_template, cloud_machine, cloud_provider, deployment_job, lxd_cluster,
    lxd_cluster_member, maas_config, package_config, server, storage_backend,
};
use serde_json::{Value as Json, json};

use super::{
    super::{
        map::Map,
        passage::{Passage, named},
        reads::Said,
    },
    config::config,
    default, form,
    netboot::{self, EGGS},
};
use crate::imports::Cell;

/// What network machines go through while they are deployed, each a part of a job that runs.
const PHASES: [&str; 4] = ["power_on", "pxe_boot", "os_install", "egg_deploy"];

pub(super) fn maps() -> Vec<Map> {
    [machines(), clusters(), files(), vec![jobs()]].into_iter().flatten().collect()
}

fn machines() -> Vec<Map> {
    vec![
        Map::record::<cloud_provider::Entity>("cloud_providers")
            .same(["name", "provider_type", "description", "region", "credentials_path"])
            .same(["is_active", "last_sync_at", "created_at", "updated_at"])
            .looked(["config_data"], config),
        Map::record::<cloud_machine::Entity>("cloud_machines")
            .same(["provider_id", "external_id", "hostname", "ip_address", "private_ip", "status"])
            .same(["machine_type", "architecture", "cpu_count", "memory_mb", "storage_gb"])
            .same(["os_image", "zone", "lxd_cluster_id", "created_at", "updated_at"])
            .through("tags", "tags", form::list)
            .through("metadata", "attributes", form::object)
            .without(["fleet_host_id"], "the host of the fleet says which machine it is"),
        Map::record::<maas_config::Entity>("maas_config")
            .same(["name", "maas_url", "username", "is_active", "created_at", "updated_at"])
            .sealed("api_key", "api_key"),
        Map::record::<server::Entity>("servers")
            .same(["hostname", "maas_system_id", "mac_address", "ip_address", "status"])
            .same(["architecture", "memory_mb", "cpu_count", "storage_gb", "power_type"])
            .same(["zone", "pool", "created_at", "updated_at"])
            .sealed("power_parameters", "power_parameters")
            .through("tags", "tags", form::list),
    ]
}

fn clusters() -> Vec<Map> {
    vec![
        Map::record::<lxd_cluster::Entity>("lxd_clusters")
            .same(["name", "description", "cluster_key_path", "admin_cert_path", "api_endpoint"])
            .same(["api_port", "status", "storage_pool", "network_bridge"])
            .same(["created_at", "updated_at"])
            .without(["member_count"], "the members can be counted"),
        Map::record::<lxd_cluster_member::Entity>("lxd_cluster_members")
            .same(["cluster_id", "machine_id", "member_name", "api_url", "is_leader"])
            .same(["joined_at", "last_seen_at", "created_at"])
            .through("status", "status", form::lower),
    ]
}

fn files() -> Vec<Map> {
    vec![
        Map::record::<storage_backend::Entity>("storage_config")
            .same(["name", "endpoint_url", "region", "bucket_name", "credentials_path"])
            .same(["use_ssl", "path_style", "is_active", "created_at", "updated_at"])
            .renamed([("created_by", "created_by_id")])
            .through("provider_type", "provider_type", store)
            .looked(["config_data"], config)
            .looked(["is_default"], default)
            .may_lack(&["path_style"]),
        Map::record::<cloud_init_template::Entity>("cloud_init_templates")
            .same(["name", "description", "template_content", "version"])
            .same(["created_at", "updated_at"])
            .through("template_type", "template_type", form::lower)
            .looked(["is_default"], default),
        Map::record::<package_config::Entity>("package_configs")
            .same(["name", "description", "pre_install_scripts", "post_install_scripts"])
            .same(["created_at", "updated_at"])
            .through("packages", "packages", form::list)
            .through("repositories", "repositories", form::list)
            .looked(["is_default"], default),
    ]
}

/// Gough has the table in two shapes: for machines at providers and in racks, and for those that
/// boot from the network.
fn jobs() -> Map {
    Map::record::<deployment_job::Entity>("deployment_jobs")
        .same(["job_id", "log_output", "error_message", "progress_percent", "started_at"])
        .same(["completed_at", "created_at"])
        .renamed([("created_by", "created_by_id")])
        .same(["server_id", "cloud_init_template_id", "package_config_id", "lxd_cluster_id"])
        .same(["job_type", "ansible_playbook"])
        .same(["image_id", "boot_config_id", "rendered_cloud_init", "current_phase"])
        .looked(["machine_id"], machine)
        .looked(["status"], status)
        .looked(["eggs_to_deploy"], eggs)
        .finding(EGGS, ["id", "name"], eggs_named)
        .may_lack(&[
            "server_id",
            "cloud_init_template_id",
            "package_config_id",
            "lxd_cluster_id",
            "job_type",
            "ansible_playbook",
            "image_id",
            "boot_config_id",
            "rendered_cloud_init",
            "current_phase",
            "eggs_to_deploy",
        ])
}

/// Whose object store it is; one of the two shapes calls that of AWS by a shorter name.
fn store(json: &Json) -> Result<Json, String> {
    let kind = form::lower(json)?;
    Ok(if kind == "s3" { json!("aws_s3") } else { kind })
}

/// Only jobs of network machines have an image.
fn machine(passage: &mut Passage<'_>) {
    let given = passage.json("machine_id").clone();
    if given.is_null() {
        return;
    }
    let Some(id) = given.as_i64() else {
        return passage.refuse("machine_id", &given, "it is no key");
    };
    let (column, table) = if passage.has("image_id") {
        ("ipxe_machine_id", "ipxe_machines")
    } else {
        ("machine_id", "cloud_machines")
    };
    passage.cell(column, Cell::Row(named(table, &[id])));
}

fn status(passage: &mut Passage<'_>) {
    let Some(given) = passage.text("status") else { return };
    let given = given.trim().to_lowercase();
    let is_phase = PHASES.contains(&given.as_str());
    let status = match given.as_str() {
        "complete" => "completed",
        "canceled" => "cancelled",
        _ if is_phase => "running",
        other => other,
    };
    if status == "running" {
        let why = "no worker has it here; it stays as it is until somebody cancels it";
        passage.warn("status", &json!(given), why);
    }
    passage.set("status", status);
    if is_phase && !passage.gets("current_phase") {
        passage.set("current_phase", given);
    }
}

fn eggs(passage: &mut Passage<'_>) {
    netboot::eggs(passage, "eggs_to_deploy");
}

fn eggs_named(said: &Said) -> Vec<String> {
    netboot::eggs_named(said, "eggs_to_deploy")
}
