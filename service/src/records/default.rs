//! The one row that is meant where none is named.

use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, Condition, IntoActiveModel as _, ModelTrait as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, Value, sea_query::Expr,
};

use super::{Record, did, found, key, locked, named, write};
use crate::{Result, audit::Audited, rights::Grantee, rule::Rule};

/// Whether the default, called that, stays in use: for `settle` of tables that have both.
///
/// # Errors
/// [`Rule::InUse`] if it would not.
pub(crate) fn default_stays_in_use<E: Record>(row: &E::ActiveModel, called: &str) -> Result<()> {
    let is = |name: &str, flag: bool| {
        named::<E>(name).is_some_and(|column| row.get(column).into_value() == Some(flag.into()))
    };
    if is("is_default", true) && is("is_active", false) {
        return Err(Rule::InUse.refuses(format!("the default {called} stays in use")));
    }
    Ok(())
}

/// Makes a row the one default among those that `among` names: the one before is it no more. What is out
/// of use (`is_active`) cannot be it. `is_default` is a column that the table guards.
///
/// All of those rows are held, so that of two who choose at once the second replaces the first.
pub(crate) async fn make_default<E: Record>(
    unit: &Audited<'_>,
    by: &Grantee,
    id: i64,
    among: impl Fn(&E::Model) -> Condition,
) -> Result<E::Model> {
    let among = among(&found::<E>(unit.tx(), id).await?);
    let held = E::find().select_only().column(key::<E>()).filter(among.clone());
    let held = held.order_by_asc(key::<E>()).lock_exclusive();
    held.into_tuple::<i64>().all(unit.tx()).await?;
    let row = locked::<E>(unit.tx(), id).await?;
    if let Some(active) = named::<E>("is_active")
        && row.get(active) == Value::from(false)
    {
        return Err(Rule::Inactive.refuses(format!("{} `{id}` is out of use", E::KIND)));
    }
    let flag = named::<E>("is_default").expect("the table has a default");
    E::update_many()
        .col_expr(flag, Expr::value(false))
        .filter(among)
        .filter(flag.eq(true))
        .filter(key::<E>().ne(id))
        .exec(unit.tx())
        .await?;
    let mut row = row.into_active_model();
    row.set(flag, true.into());
    let model = write::<E>(unit.tx(), unit.now(), row).await?;
    unit.record(did::<E>(by, "make_default", &model));
    Ok(model)
}
