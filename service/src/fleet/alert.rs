//! Alerts: which answers to a query somebody must hear of.

use entity::fleet::fleet_alert::{ActiveModel, Column, Entity};
pub use entity::fleet::fleet_alert::{FleetAlertCondition, FleetAlertSeverity, Model};
use sea_orm::{
    ActiveEnum as _, ActiveValue::Set, ColumnTrait as _, DatabaseTransaction, EntityTrait as _,
    QueryFilter as _, QueryOrder as _, prelude::Json,
};

use super::Fleet;
use crate::{
    Result,
    records::Record,
    text::{self, invalid},
};

/// The parameter of a condition about a number of rows.
const THRESHOLD: &str = "threshold";

impl Record for Entity {
    type Domain = Fleet;

    const KIND: &'static str = "alert";
    const GUARDED: &'static [Column] = &[Column::LastTriggeredAt];

    fn settle(row: &mut ActiveModel) -> Result<()> {
        if let Set(name) = &row.name {
            row.name = Set(text::name("name of an alert", name, 100)?.shown);
        }
        if let Set(channels) = &row.notification_channels
            && !channels.is_array()
        {
            let given = channels.to_string();
            return Err(invalid("notification channels", &given, "they are a list"));
        }
        let none = Json::Object(serde_json::Map::new());
        let parameters = row.condition_parameters.try_as_ref().unwrap_or(&none);
        match row.alert_condition.try_as_ref() {
            Some(condition) => fits(*condition, parameters),
            None => Ok(()),
        }
    }
}

/// Whether that many rows meet the condition. A condition that lacks its threshold is met by none.
pub fn evaluate(condition: FleetAlertCondition, parameters: &Json, rows: u64) -> bool {
    let threshold = parameters.get(THRESHOLD).and_then(Json::as_u64);
    match condition {
        FleetAlertCondition::RowCountAbove => threshold.is_some_and(|most| rows > most),
        FleetAlertCondition::RowCountBelow => threshold.is_some_and(|least| rows < least),
        FleetAlertCondition::AnyRow => rows > 0,
        FleetAlertCondition::NoRow => rows == 0,
    }
}

/// Whether the parameters are those of the condition.
fn fits(condition: FleetAlertCondition, parameters: &Json) -> Result<()> {
    let threshold = parameters.get(THRESHOLD).and_then(Json::as_u64);
    let problem = match condition {
        _ if !parameters.is_object() => "they are an object".to_owned(),
        FleetAlertCondition::RowCountAbove if threshold.is_none() => {
            format!("`{}` needs a whole number as `{THRESHOLD}`", condition.to_value())
        }
        FleetAlertCondition::RowCountBelow if threshold.is_none_or(|least| least == 0) => {
            let name = condition.to_value();
            format!("`{name}` needs a whole number from 1 on as `{THRESHOLD}`")
        }
        _ => return Ok(()),
    };
    Err(invalid("condition parameters", &parameters.to_string(), &problem))
}

/// The alerts of a query that are in use and have one of these conditions.
pub(super) async fn of_query(
    tx: &DatabaseTransaction,
    query_id: i64,
    conditions: [FleetAlertCondition; 2],
) -> Result<Vec<Model>> {
    let alerts = Entity::find()
        .filter(Column::QueryId.eq(query_id))
        .filter(Column::IsActive.eq(true))
        .filter(Column::AlertCondition.is_in(conditions))
        .order_by_asc(Column::Id);
    Ok(alerts.all(tx).await?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{FleetAlertCondition::*, *};
    use crate::Error;

    #[test]
    fn a_condition_is_met_by_a_number_of_rows() {
        let two = json!({"threshold": 2});
        for (condition, met) in [
            (RowCountAbove, [false, false, false, true]),
            (RowCountBelow, [true, true, false, false]),
            (AnyRow, [false, true, true, true]),
            (NoRow, [true, false, false, false]),
        ] {
            let found = [0, 1, 2, 3].map(|rows| evaluate(condition, &two, rows));

            assert_eq!(found, met, "{condition:?}");
        }
    }

    #[test]
    fn a_condition_without_its_threshold_is_met_by_nothing() {
        for wrong in [json!({}), json!([]), json!(null), json!({"threshold": "2"})] {
            assert!(!evaluate(RowCountAbove, &wrong, u64::MAX), "{wrong}");
            assert!(!evaluate(RowCountBelow, &wrong, 0), "{wrong}");
        }
    }

    #[test]
    fn parameters_are_held_against_the_condition() {
        for (condition, parameters, is_good) in [
            (RowCountAbove, json!({"threshold": 0}), true),
            (RowCountAbove, json!({"threshold": 5, "note": "from the portal"}), true),
            (RowCountAbove, json!({"threshold": -1}), false),
            (RowCountAbove, json!({"threshold": 1.5}), false),
            (RowCountAbove, json!({"threshold": "5"}), false),
            (RowCountAbove, json!({}), false),
            (RowCountBelow, json!({"threshold": 1}), true),
            (RowCountBelow, json!({"threshold": 0}), false),
            (AnyRow, json!({}), true),
            (AnyRow, json!({"condition": "host_offline"}), true),
            (AnyRow, json!([]), false),
            (NoRow, json!("none"), false),
        ] {
            let fits = fits(condition, &parameters);

            assert_eq!(fits.is_ok(), is_good, "{condition:?} {parameters}");
        }
    }

    #[test]
    fn an_alert_about_a_number_without_parameters_is_refused() {
        let mut row = ActiveModel {
            name: Set(" too many ".to_owned()),
            alert_condition: Set(RowCountAbove),
            ..Default::default()
        };

        let refused = Entity::settle(&mut row);

        assert!(matches!(refused, Err(Error::Invalid { .. })), "{refused:?}");
        row.condition_parameters = Set(json!({"threshold": 3}));
        Entity::settle(&mut row).unwrap();
        assert_eq!(row.name, Set("too many".to_owned()));
        row.notification_channels = Set(json!({"slack": "#ops"}));
        assert!(matches!(Entity::settle(&mut row), Err(Error::Invalid { .. })));
    }
}
