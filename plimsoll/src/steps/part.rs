//! What of a schema matters to steps.

use std::collections::BTreeSet;

use super::{Step, Steps};
use crate::{
    change::Change,
    schema::{Schema, Table},
};

impl Steps {
    /// What the statements of these steps depend on of `schema`: the tables that they touch, those
    /// that refer to them, and the enumerations with the tables that have columns of them.
    pub(crate) fn part_of(&self, schema: &Schema) -> Schema {
        let mut names: BTreeSet<&str> = BTreeSet::new();
        let (mut is_enum_altered, mut is_table_altered) = (false, false);
        for step in &self.steps {
            names.insert(step.table());
            let Step::Change(change) = step else { continue };
            // What refers to a table that comes can come no earlier.
            is_table_altered |= !matches!(change, Change::CreateTable(_));
            match change {
                Change::RenameTable { from, .. } => {
                    names.insert(from);
                }
                Change::AddForeignKey { key, .. } => {
                    names.insert(&key.references);
                }
                Change::AlterForeignKey { to, .. } => {
                    names.insert(&to.references);
                }
                Change::AlterEnum { .. } => is_enum_altered = true,
                _ => {}
            }
        }
        let has_enum =
            |table: &Table| table.columns.iter().any(|column| column.ty.named_enum().is_some());
        let refers = |table: &Table| {
            table.foreign_keys.iter().any(|key| names.contains(key.references.as_str()))
        };
        let others = schema.tables.iter().filter(|(_, table)| {
            (is_table_altered && refers(table)) || (is_enum_altered && has_enum(table))
        });
        let others = others.take(if is_table_altered { usize::MAX } else { 0 });
        let touched = names.iter().filter_map(|name| schema.tables.get_key_value(*name));
        Schema {
            tables: touched
                .chain(others)
                .map(|(name, table)| (name.clone(), table.clone()))
                .collect(),
            enums: schema.enums.clone(),
            ..Schema::default()
        }
    }
}
