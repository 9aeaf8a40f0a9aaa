//! Eggs: what is put on machines. Groups, machines and other eggs name them in lists.

pub use entity::netboot::egg::{EggArchitecture, EggType, Model};
use entity::netboot::{
    egg::{ActiveModel, Column, Entity},
    egg_group, ipxe_machine,
};
use sea_orm::{
    ActiveValue::{self, Set},
    ColumnTrait as _, DatabaseTransaction, EntityTrait, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
    prelude::Json,
};

use super::{Eggs, line, names, order};
use crate::{
    Error, Result,
    audit::Audited,
    deletion::{self, Deletion},
    records::{self, Record},
    rights::{DeleteNetboot, Granted},
    rule::Rule,
    text::{self, invalid},
};

impl Record for Entity {
    type Domain = Eggs;

    const KIND: &'static str = "egg";

    fn settle(row: &mut ActiveModel) -> Result<()> {
        if let Set(name) = &row.name {
            if row.id.is_unchanged() {
                return Err(invalid("name", name, "an egg keeps its name: lists name it so"));
            }
            text::key("name", name, 255)?;
        }
        if let Set(profiles) = &row.lxd_profiles {
            names::settled("lxd_profiles", profiles)?;
        }
        if let Set(needed) = &row.dependencies {
            let own = row.name.try_as_ref().map(String::as_str);
            if names::settled("dependencies", needed)?.into_iter().any(|name| Some(name) == own) {
                return Err(invalid("dependencies", &needed.to_string(), "it would need itself"));
            }
        }
        if let Set(Some(url)) = &row.lxd_image_url {
            line::address("lxd_image_url", url, &["http", "https"])?;
        }
        whole(row)
    }

    /// What it needs is there, and does not need it.
    async fn agree(tx: &DatabaseTransaction, row: &Model) -> Result<()> {
        let needed = names::read(Self::KIND, &row.name, &row.dependencies)?;
        if needed.is_empty() {
            return Ok(());
        }
        // All are held before they are looked at, so that of eggs that come to need each other at once
        // the last sees what the others have become.
        let held = Entity::find().select_only().column(Column::Id).order_by_asc(Column::Id);
        held.lock_exclusive().into_tuple::<i64>().all(tx).await?;
        are_there(tx, &needed).await?;
        let all = Entity::find().all(tx).await?;
        order::in_order([row.name.as_str()], &order::by_name(all)).map(drop)
    }
}

/// Makes sure that the columns say what the egg is, for the type that it has.
fn whole(row: &ActiveModel) -> Result<()> {
    let says = |column: &ActiveValue<Option<String>>| {
        let text = column.try_as_ref().and_then(Option::as_deref);
        text.is_some_and(|text| !text.trim().is_empty())
    };
    let missing = match row.egg_type.try_as_ref() {
        None => "egg_type",
        Some(EggType::Snap) if !says(&row.snap_name) => "snap_name",
        Some(EggType::CloudInit) if !says(&row.cloud_init_content) => "cloud_init_content",
        Some(EggType::LxdContainer | EggType::LxdVm)
            if !says(&row.lxd_image_alias) && !says(&row.lxd_image_url) =>
        {
            "lxd_image_alias"
        }
        Some(_) => return Ok(()),
    };
    Err(invalid(Entity::KIND, missing, "an egg of its type has that column"))
}

/// Removes an egg that no list names. All groups, machines and eggs are read for that.
///
/// # Errors
/// [`Error::NotFound`] if there is no such egg, [`Rule::InUse`] while a group, a machine or another
/// egg names it.
pub async fn delete(unit: &Audited<'_>, by: &Granted<DeleteNetboot>, id: i64) -> Result<Deletion> {
    let egg = records::locked::<Entity>(unit.tx(), id).await?;
    let holders = holders(unit.tx(), &egg.name).await?;
    if !holders.is_empty() {
        let because = format!("egg `{}` is named by {}", egg.name, holders.join(", "));
        return Err(Rule::InUse.refuses(because));
    }
    let deletion = deletion::delete::<Entity>(unit.tx(), Entity::KIND, id).await?;
    unit.record(records::did::<Entity>(by.to(), "delete", &egg));
    Ok(deletion)
}

/// Makes sure that there are eggs of all those names, and holds them until the transaction ends, so
/// that none goes before what names it is there.
///
/// # Errors
/// [`Error::NotFound`] for the first that there is none of.
pub(super) async fn are_there(tx: &DatabaseTransaction, names: &[&str]) -> Result<()> {
    if names.is_empty() {
        return Ok(());
    }
    let there: Vec<String> = Entity::find()
        .select_only()
        .column(Column::Name)
        .filter(Column::Name.is_in(names.iter().copied()))
        .order_by_asc(Column::Id)
        .lock_exclusive()
        .into_tuple()
        .all(tx)
        .await?;
    match names.iter().find(|name| !there.iter().any(|there| there == *name)) {
        None => Ok(()),
        Some(name) => Err(Error::not_found(Entity::KIND, *name)),
    }
}

/// How many rows name the egg, for each list that does.
async fn holders(tx: &DatabaseTransaction, name: &str) -> Result<Vec<String>> {
    let groups = all::<egg_group::Entity>(tx, egg_group::Column::Eggs).await?;
    let machines = all::<ipxe_machine::Entity>(tx, ipxe_machine::Column::AssignedEggs).await?;
    let eggs = all::<Entity>(tx, Column::Dependencies).await?;
    let mut holders = Vec::new();
    for (table, lists) in [("egg_groups", groups), ("ipxe_machines", machines), ("eggs", eggs)] {
        let rows = lists.iter().filter(|list| names::contains(list, name)).count();
        if rows > 0 {
            holders.push(format!("{rows} of `{table}`"));
        }
    }
    Ok(holders)
}

/// What stands in a column of all rows.
async fn all<E: EntityTrait>(tx: &DatabaseTransaction, column: E::Column) -> Result<Vec<Json>> {
    Ok(E::find().select_only().column(column).into_tuple().all(tx).await?)
}

#[cfg(test)]
mod tests {
    use sea_orm::ActiveValue::{NotSet, Unchanged};
    use serde_json::json;

    use super::*;

    fn text(text: &str) -> ActiveValue<Option<String>> {
        Set(Some(text.to_owned()))
    }

    fn egg(egg_type: EggType) -> ActiveModel {
        ActiveModel {
            name: Set("docker".to_owned()),
            egg_type: Set(egg_type),
            ..Default::default()
        }
    }

    #[test]
    fn an_egg_has_what_its_type_is_put_on_a_machine_by() {
        use EggType::{CloudInit, LxdContainer, LxdVm, Snap};

        for mut good in [
            ActiveModel { snap_name: text("docker"), ..egg(Snap) },
            ActiveModel { cloud_init_content: text("#cloud-config\n"), ..egg(CloudInit) },
            ActiveModel { lxd_image_alias: text("jammy"), ..egg(LxdContainer) },
            ActiveModel { lxd_image_url: text("https://images.example.org/a"), ..egg(LxdVm) },
        ] {
            Entity::settle(&mut good).unwrap();
        }
        for mut wrong in [
            egg(Snap),
            ActiveModel { snap_name: text(" "), ..egg(Snap) },
            ActiveModel { snap_name: text("docker"), ..egg(CloudInit) },
            ActiveModel { cloud_init_content: Set(None), ..egg(CloudInit) },
            egg(LxdContainer),
            ActiveModel { lxd_image_url: text("images"), ..egg(LxdVm) },
            ActiveModel { egg_type: NotSet, snap_name: text("docker"), ..egg(Snap) },
        ] {
            assert!(matches!(Entity::settle(&mut wrong), Err(Error::Invalid { .. })), "{wrong:?}");
        }
        // What it was stays what it is made of when another column is emptied.
        let mut emptied = ActiveModel {
            id: Unchanged(1),
            name: Unchanged("docker".to_owned()),
            egg_type: Unchanged(Snap),
            snap_name: Set(None),
            ..Default::default()
        };
        assert!(Entity::settle(&mut emptied).is_err());
    }

    #[test]
    fn an_egg_keeps_its_name_and_does_not_need_itself() {
        let snap = || ActiveModel { snap_name: text("docker"), ..egg(EggType::Snap) };
        let needs = |names: Json| ActiveModel { dependencies: Set(names), ..snap() };

        let renamed = Entity::settle(&mut ActiveModel { id: Unchanged(1), ..snap() });

        assert!(matches!(renamed, Err(Error::Invalid { kind: "name", .. })), "{renamed:?}");
        assert!(Entity::settle(&mut needs(json!(["lxd"]))).is_ok());
        for wrong in [json!(["docker"]), json!(["lxd", "lxd"]), json!("lxd"), json!([1])] {
            assert!(Entity::settle(&mut needs(wrong.clone())).is_err(), "{wrong}");
        }
    }
}
