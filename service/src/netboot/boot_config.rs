//! Boot configurations: what a machine is told when it asks how to start.

pub use entity::netboot::ipxe_boot_config::Model;
use entity::netboot::ipxe_boot_config::{ActiveModel, Column, Entity};
use sea_orm::{ActiveValue::Set, Condition};

use super::{Netboot, line, names};
use crate::{
    Result,
    audit::Audited,
    records::{self, Record},
    rights::{Granted, UpdateNetboot},
    text::invalid,
};

impl Record for Entity {
    type Domain = Netboot;

    const KIND: &'static str = "boot configuration";
    const GUARDED: &'static [Column] = &[Column::IsDefault];

    fn settle(row: &mut ActiveModel) -> Result<()> {
        if let Set(Some(script)) = &row.ipxe_script {
            begins_well("ipxe_script", script)?;
        }
        if let Set(Some(text)) = &row.kernel_params {
            line::words("kernel_params", text)?;
        }
        if let Set(devices) = &row.boot_order {
            names::settled("boot_order", devices)?;
        }
        Ok(())
    }
}

/// Makes sure that a machine takes the text for a script: its first line is `#!ipxe`.
///
/// # Errors
/// [`Error::Invalid`](crate::Error::Invalid) for any other.
pub(super) fn begins_well(column: &'static str, script: &str) -> Result<()> {
    match script.lines().next() {
        Some("#!ipxe") => Ok(()),
        _ => Err(invalid(column, script, "the first line of a script is `#!ipxe`")),
    }
}

/// Makes a boot configuration the one of machines that have none of their own; the one before is it
/// no more.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound) if there is no such boot configuration.
pub async fn make_default(
    unit: &Audited<'_>,
    by: &Granted<UpdateNetboot>,
    id: i64,
) -> Result<Model> {
    records::make_default::<Entity>(unit, by.to(), id, |_| Condition::all()).await
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_script_says_in_its_first_line_that_it_is_one() {
        for good in ["#!ipxe", "#!ipxe\n", "#!ipxe\nshell\n", "#!ipxe\r\nshell"] {
            assert!(begins_well("ipxe_script", good).is_ok(), "{good:?}");
        }
        for wrong in ["", "shell", "\n#!ipxe", " #!ipxe", "#!ipxe2\n", "#!/bin/sh\n"] {
            assert!(begins_well("ipxe_script", wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn parameters_stay_in_their_line_and_devices_are_a_list() {
        let none = || ActiveModel::default();
        let params = |text: &str| Set(Some(text.to_owned()));

        let good = ActiveModel { boot_order: Set(json!(["net", "disk"])), ..none() };
        assert!(Entity::settle(&mut good.clone()).is_ok());
        for mut wrong in [
            ActiveModel { kernel_params: params("quiet\nshell"), ..none() },
            ActiveModel { ipxe_script: params("shell"), ..none() },
            ActiveModel { boot_order: Set(json!("disk")), ..none() },
        ] {
            assert!(Entity::settle(&mut wrong).is_err(), "{wrong:?}");
        }
    }
}
