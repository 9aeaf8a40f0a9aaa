//! Starting machines over the network: what they boot, what is put on them, and what they reported.

pub mod boot_event;
pub mod egg;
pub mod egg_group;
pub mod ipxe_boot_config;
pub mod ipxe_config;
pub mod ipxe_image;
pub mod ipxe_machine;
