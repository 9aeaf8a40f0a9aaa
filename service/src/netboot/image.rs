//! Images: the systems that machines boot.

pub use entity::netboot::ipxe_image::Model;
use entity::netboot::ipxe_image::{ActiveModel, Column, Entity};
use sea_orm::{ActiveValue::Set, Condition};

use super::{Netboot, line};
use crate::{
    Result,
    audit::Audited,
    records::{self, Record},
    rights::{Granted, UpdateNetboot},
};

impl Record for Entity {
    type Domain = Netboot;

    const KIND: &'static str = "image";
    const GUARDED: &'static [Column] = &[Column::IsDefault];

    fn settle(row: &mut ActiveModel) -> Result<()> {
        for (column, text) in [
            ("minio_bucket", &row.minio_bucket),
            ("kernel_path", &row.kernel_path),
            ("initrd_path", &row.initrd_path),
            ("squashfs_path", &row.squashfs_path),
        ] {
            if let Set(Some(text)) = text {
                line::word(column, text)?;
            }
        }
        if let Set(Some(text)) = &row.kernel_params {
            line::words("kernel_params", text)?;
        }
        records::default_stays_in_use::<Entity>(row, "image")
    }
}

/// Makes an image the one that is taken where a boot configuration names none; the one before is it
/// no more.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound) if there is no such image, [`Rule::Inactive`](crate::rule::Rule::Inactive) if it
/// is out of use.
pub async fn make_default(
    unit: &Audited<'_>,
    by: &Granted<UpdateNetboot>,
    id: i64,
) -> Result<Model> {
    records::make_default::<Entity>(unit, by.to(), id, |_| Condition::all()).await
}

#[cfg(test)]
mod tests {
    use sea_orm::ActiveValue::Unchanged;

    use super::*;

    #[test]
    fn what_becomes_a_part_of_a_script_stays_in_its_line() {
        let text = |text: &str| Set(Some(text.to_owned()));
        let mut good = ActiveModel {
            minio_bucket: text("images"),
            kernel_path: text("ubuntu/24.04/vmlinuz"),
            initrd_path: text("https://images.example.org/initrd"),
            kernel_params: text("ip=dhcp fetch=${squashfs}"),
            ..Default::default()
        };

        Entity::settle(&mut good).unwrap();

        for mut wrong in [
            ActiveModel { minio_bucket: text("a b"), ..Default::default() },
            ActiveModel { kernel_path: text(""), ..Default::default() },
            ActiveModel { initrd_path: text("initrd\nshell"), ..Default::default() },
            ActiveModel { squashfs_path: text("#"), ..Default::default() },
            ActiveModel { kernel_params: text("quiet\nshell"), ..Default::default() },
        ] {
            assert!(Entity::settle(&mut wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn the_default_stays_in_use() {
        for (is_default, is_active, is_good) in
            [(true, true, true), (false, false, true), (true, false, false)]
        {
            let mut row = ActiveModel {
                is_default: Unchanged(is_default),
                is_active: Set(is_active),
                ..Default::default()
            };

            assert_eq!(Entity::settle(&mut row).is_ok(), is_good, "{is_default} {is_active}");
        }
    }
}
