//! Templates of what cloud-init is told, and the one of each type that is taken where none is
//! named.

pub use entity::cloud::cloud_init_template::{CloudInitTemplateType, Model};
use entity::cloud::cloud_init_template::{Column, Entity};
use sea_orm::{
    ActiveEnum as _, ColumnTrait as _, Condition, DatabaseTransaction, EntityTrait as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, Select,
};

use super::Cloud;
use crate::{
    Result,
    audit::Audited,
    records::{self, Record},
    rights::{Granted, UpdateCloud},
    rule::Rule,
};

impl Record for Entity {
    type Domain = Cloud;

    const KIND: &'static str = "template of cloud-init";
    const GUARDED: &'static [Column] = &[Column::IsDefault];

    /// A default can be given another type, unless that has a default.
    async fn agree(tx: &DatabaseTransaction, row: &Model) -> Result<()> {
        if !row.is_default {
            return Ok(());
        }
        // Of two defaults that are given one type at once the second sees what the first has become.
        hold(tx).await?;
        match defaults(row.template_type).filter(Column::Id.ne(row.id)).one(tx).await? {
            None => Ok(()),
            Some(other) => Err(Rule::InUse.refuses(format!(
                "template `{}` is the default for `{}`",
                other.name,
                row.template_type.to_value()
            ))),
        }
    }
}

/// Makes a template the one that is taken where none of its type is named; the one before is it no
/// more.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound) if there is no such template.
pub async fn make_default(unit: &Audited<'_>, by: &Granted<UpdateCloud>, id: i64) -> Result<Model> {
    hold(unit.tx()).await?;
    records::make_default::<Entity>(unit, by.to(), id, |template| {
        Condition::all().add(Column::TemplateType.eq(template.template_type))
    })
    .await
}

/// Holds all templates until the transaction ends, whatever their type: it could change until it is
/// looked at.
async fn hold(tx: &DatabaseTransaction) -> Result<()> {
    let held = Entity::find().select_only().column(Column::Id).order_by_asc(Column::Id);
    held.lock_exclusive().into_tuple::<i64>().all(tx).await?;
    Ok(())
}

/// The key of the default of that type, if there is one.
pub(super) async fn default_id(
    tx: &DatabaseTransaction,
    template_type: CloudInitTemplateType,
) -> Result<Option<i64>> {
    let query = defaults(template_type).select_only().column(Column::Id);
    Ok(query.into_tuple().one(tx).await?)
}

fn defaults(template_type: CloudInitTemplateType) -> Select<Entity> {
    Entity::find().filter(Column::TemplateType.eq(template_type)).filter(Column::IsDefault.eq(true))
}
