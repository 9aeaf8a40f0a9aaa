//! Changes of one table brought together, as somebody would write them who thinks of one table after
//! the other.

use crate::{
    change::Change,
    steps::{Step, Steps},
};

/// Steps that are written as one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Group {
    /// Changes of a table that is there.
    Table { name: String, changes: Vec<Change> },
    /// Anything else.
    Step(Box<Step>),
}

/// The steps in groups, none of which runs before one that it depends on.
pub(super) fn groups(steps: &Steps) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for step in steps.steps() {
        let Step::Change(change) = step else {
            groups.push(Group::Step(Box::new(step.clone())));
            continue;
        };
        if !is_of_a_table(change) {
            groups.push(Group::Step(Box::new(step.clone())));
            continue;
        }
        if let Some(place) = place(&groups, change)
            && let Group::Table { changes, .. } = &mut groups[place]
        {
            changes.push(change.clone());
        } else {
            let name = change.table().to_owned();
            groups.push(Group::Table { name, changes: vec![change.clone()] });
        }
    }
    groups.iter_mut().for_each(Group::settle);
    groups
}

/// Whether the change is one of a table that is there, under one name.
fn is_of_a_table(change: &Change) -> bool {
    !matches!(
        change,
        Change::CreateTable(_)
            | Change::DropTable(_)
            | Change::RenameTable { .. }
            | Change::CreateEnum { .. }
            | Change::AlterEnum { .. }
            | Change::DropEnum { .. }
    )
}

/// The group that the change can go to.
fn place(groups: &[Group], change: &Change) -> Option<usize> {
    let place = groups.iter().rposition(|group| group.is_about(change.table()))?;
    matches!(groups[place], Group::Table { .. }).then_some(())?;
    let mut later = groups[place + 1..].iter();
    later
        .all(|group| match group {
            Group::Table { changes, .. } => !changes.iter().any(|it| change.depends_on(it)),
            Group::Step(step) => match &**step {
                Step::Change(it) => !change.depends_on(it),
                // Rows stay where they were put among the changes.
                _ => false,
            },
        })
        .then_some(place)
}

impl Group {
    fn is_about(&self, table: &str) -> bool {
        match self {
            Self::Table { name, .. } => name == table,
            Self::Step(step) => match &**step {
                Step::Change(Change::RenameTable { from, to }) => from == table || to == table,
                step => step.table() == table,
            },
        }
    }

    /// Puts constraints that go in a row in the order in which they are written.
    fn settle(&mut self) {
        let Self::Table { changes, .. } = self else { return };
        let mut start = 0;
        while start < changes.len() {
            let run = changes[start..].iter().take_while(|it| dropped(it).is_some()).count();
            changes[start..start + run].sort_by_key(dropped);
            // What was written last goes first.
            start += run.max(1);
        }
    }

    /// The steps of the group.
    pub(super) fn into_steps(self) -> Vec<Step> {
        match self {
            Self::Table { changes, .. } => changes.into_iter().map(Step::Change).collect(),
            Self::Step(step) => vec![*step],
        }
    }
}

/// Where a change stands among what goes.
pub(super) fn dropped(change: &Change) -> Option<u8> {
    match change {
        Change::DropForeignKey { .. } => Some(0),
        Change::DropIndex { .. } => Some(1),
        Change::DropCheck { .. } => Some(2),
        Change::DropUnique { .. } => Some(3),
        Change::DropColumn { .. } => Some(4),
        _ => None,
    }
}

/// Where a change stands among what comes.
pub(super) fn added(change: &Change) -> Option<u8> {
    match change {
        Change::AddColumn { .. } => Some(0),
        Change::AddUnique { .. } => Some(1),
        Change::AddCheck { .. } => Some(2),
        Change::CreateIndex { .. } => Some(3),
        Change::AddForeignKey { .. } => Some(4),
        _ => None,
    }
}
