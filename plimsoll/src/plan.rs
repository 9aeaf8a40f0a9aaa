//! Steps turned into the statements of one database, in as few as it takes them.
//!
//! A table is created with what comes to it in the same steps. `PostgreSQL` has a statement for each
//! other change and keeps or takes back all of them together. `MySQL` keeps each statement by itself:
//! the changes of one table become one ALTER, which is done whole or not at all. `SQLite` alters
//! little in place: the changes of one table that need more become one rebuild of it.

mod aside;
mod lengths;
mod limits;

use crate::{
    change::Change,
    dialect::{Dialect, mysql, postgres, sqlite},
    guard::{Asking, Guard, guards, key_of_nothing},
    render::{Render, Statement, Unrenderable, renderer, rows},
    schema::{Schema, Table},
    steps::{Step, Steps},
};
use aside::{Part, Placed, placed};

/// The statements of steps, and which of them each step needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    /// The statements in order.
    pub(crate) statements: Vec<Statement>,
    /// For each step, how many statements have run when it has.
    pub(crate) ends: Vec<usize>,
    /// What the rows are asked.
    pub(crate) guards: Vec<Asking>,
}

/// The statements of `steps` for `dialect`, in order.
///
/// `before` is the schema that the steps begin with: a table that it does not hold is altered as far
/// as that can be done without knowing it.
///
/// # Errors
/// What the database has no form for, and what needs a table that `before` does not hold.
pub fn statements(
    dialect: Dialect,
    steps: &Steps,
    before: &Schema,
) -> Result<Vec<Statement>, Unrenderable> {
    Ok(plan(dialect, steps, before)?.statements)
}

/// As [`statements`], with what each step needs of them.
pub(crate) fn plan(dialect: Dialect, steps: &Steps, before: &Schema) -> Result<Plan, Unrenderable> {
    lengths::check(dialect, steps, before)?;
    limits::check(dialect, steps, before)?;
    let mut planner = Planner {
        render: renderer(dialect),
        begun_with: before,
        schema: before.clone(),
        plan: Plan { ends: vec![0; steps.steps().len()], ..Plan::default() },
        steps,
    };
    let mut changes = Vec::new();
    for (at, step) in steps.steps().iter().enumerate() {
        match step {
            Step::Change(change) => changes.push((at, change)),
            Step::Insert(_) | Step::Delete(_) | Step::Sql(_) | Step::Update(_) | Step::Code(_) => {
                planner.make(&std::mem::take(&mut changes))?;
                planner.fill(at, step)?;
            }
        }
    }
    planner.make(&changes)?;
    has_no_nul(dialect, &planner.plan.statements)?;
    Ok(planner.plan)
}

/// The statements of changes in a row for `dialect`; see [`statements`].
///
/// # Errors
/// As there.
pub fn statements_of_changes(
    dialect: Dialect,
    changes: &[Change],
    before: &Schema,
) -> Result<Vec<Statement>, Unrenderable> {
    statements(dialect, &changes.iter().cloned().fold(Steps::new(), Steps::change), before)
}

/// What can become one statement, or one rebuild.
struct Unit<'c> {
    role: Role,
    part: Part,
    changes: Vec<(usize, &'c Change)>,
}

/// What a change can stand with in one statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// With nothing.
    Alone,
    /// A table that is created: it takes what comes to it.
    Creation,
    /// With nothing but what creates its table.
    Single,
    /// With the other changes of its table.
    InTable,
    /// With the other foreign keys that are dropped, before all else.
    DropsKey,
    /// With the other foreign keys that are added, behind all else.
    AddsKey,
}

impl Role {
    fn of(dialect: Dialect, change: &Change) -> Self {
        match (dialect, change) {
            (_, Change::CreateTable(_)) => Self::Creation,
            (
                _,
                Change::DropTable(_)
                | Change::RenameTable { .. }
                | Change::RenameColumn { .. }
                | Change::CreateEnum { .. }
                | Change::DropEnum { .. }
                | Change::AlterEnum { .. },
            )
            | (Dialect::Mysql, Change::AlterForeignKey { .. }) => Self::Alone,
            (Dialect::Postgres, _) => Self::Single,
            (Dialect::Mysql, Change::DropForeignKey { .. }) => Self::DropsKey,
            (Dialect::Mysql, Change::AddForeignKey { .. }) => Self::AddsKey,
            _ => Self::InTable,
        }
    }

    fn takes(self, other: Self) -> bool {
        match self {
            Self::Alone | Self::Single => false,
            Self::Creation => !matches!(other, Self::Alone | Self::Creation),
            _ => self == other,
        }
    }
}

impl<'c> Unit<'c> {
    fn table(&self) -> &'c str {
        self.changes[0].1.table()
    }

    fn changes(&self) -> impl Iterator<Item = &'c Change> {
        self.changes.iter().map(|(_, change)| *change)
    }

    /// Whether `change` would alter in the same statement what the statement makes.
    fn already_makes(&self, change: &Change) -> bool {
        self.role != Role::Creation && self.changes().any(|made| is_of_the_same(made, change))
    }
}

/// Whether `change` is about what `made` makes or alters.
fn is_of_the_same(made: &Change, change: &Change) -> bool {
    use Change::{
        AddCheck, AddColumn, AddUnique, AlterCheck, AlterColumn, AlterIndex, AlterPrimaryKey,
        AlterUnique, CreateIndex, DropCheck, DropColumn, DropIndex, DropUnique,
    };
    match (made, change) {
        (
            AddColumn { column: made, .. } | DropColumn { column: made, .. },
            AddColumn { column, .. } | DropColumn { column, .. },
        ) => made.name == column.name,
        (AddColumn { column: made, .. }, AlterColumn { from, .. }) => made.name == from.name,
        (AlterColumn { to: made, .. }, AlterColumn { from, .. }) => made.name == from.name,
        (AlterColumn { to: made, .. }, DropColumn { column, .. }) => made.name == column.name,
        (CreateIndex { index: made, .. }, DropIndex { index, .. }) => made.name == index.name,
        (CreateIndex { index: made, .. }, AlterIndex { from, .. }) => made.name == from.name,
        (AlterIndex { to: made, .. }, DropIndex { index, .. }) => made.name == index.name,
        (AlterIndex { to: made, .. }, AlterIndex { from, .. }) => made.name == from.name,
        (
            AddUnique { unique: made, .. } | AlterUnique { to: made, .. },
            DropUnique { unique, .. } | AlterUnique { from: unique, .. },
        ) => made == unique,
        (
            AddCheck { check: made, .. } | AlterCheck { to: made, .. },
            DropCheck { check, .. } | AlterCheck { from: check, .. },
        ) => made == check,
        (AlterPrimaryKey { .. }, AlterPrimaryKey { .. }) => true,
        _ => false,
    }
}

/// Whether `change` gives a part of a table a name that `on` frees, be it in another table: each
/// database has names of some kind once in all tables.
fn takes_name_of(change: &Change, on: &Change) -> bool {
    use Change::{
        AddCheck, AddForeignKey, AddUnique, AlterCheck, AlterForeignKey, AlterIndex, AlterUnique,
        CreateIndex, DropCheck, DropForeignKey, DropIndex, DropTable, DropUnique,
    };
    let taken = match change {
        CreateIndex { index, .. } => Some(&index.name),
        AlterIndex { to, .. } => Some(&to.name),
        AddUnique { unique, .. } => unique.name.as_ref(),
        AlterUnique { to, .. } => to.name.as_ref(),
        AddCheck { check, .. } => check.name.as_ref(),
        AlterCheck { to, .. } => to.name.as_ref(),
        AddForeignKey { key, .. } => key.name.as_ref(),
        AlterForeignKey { to, .. } => to.name.as_ref(),
        _ => None,
    };
    let Some(taken) = taken else { return false };
    match on {
        DropIndex { index, .. } => index.name == *taken,
        AlterIndex { from, .. } => from.name == *taken,
        DropUnique { unique, .. } => unique.name.as_ref() == Some(taken),
        AlterUnique { from, .. } => from.name.as_ref() == Some(taken),
        DropCheck { check, .. } => check.name.as_ref() == Some(taken),
        AlterCheck { from, .. } => from.name.as_ref() == Some(taken),
        DropForeignKey { key, .. } => key.name.as_ref() == Some(taken),
        AlterForeignKey { from, .. } => from.name.as_ref() == Some(taken),
        DropTable(table) => {
            let indexes = table.indexes.iter().map(|it| &it.name);
            indexes.chain(table.constraint_names()).any(|it| it == taken)
        }
        _ => false,
    }
}

/// Puts together what can stand in one statement, without letting a change run before one that it
/// depends on.
fn units<'c>(dialect: Dialect, changes: &'c [Placed<'c>]) -> Vec<Unit<'c>> {
    // SQLite looks for the table behind a foreign key only when rows come. What stands behind other
    // values of an enumeration may be of them.
    let depends = |change: &Change, on: &Change| {
        let is_key =
            matches!(change, Change::AddForeignKey { .. } | Change::AlterForeignKey { .. });
        let is_of_values = matches!(on, Change::AlterEnum { .. });
        is_of_values
            || takes_name_of(change, on)
            || (!(dialect == Dialect::Sqlite && is_key) && change.depends_on(on))
    };
    let mut units: Vec<Unit<'c>> = Vec::new();
    for Placed { at, change, part } in changes {
        let (change, part) = (&**change, *part);
        let role = match part {
            Part::Schema => Role::Alone,
            Part::Whole | Part::Statement => Role::of(dialect, change),
        };
        // Whatever stood behind the last of the table, such as another name, is not gone past.
        let last = units.iter().rposition(|unit| unit.table() == change.table());
        let place = last.map(|last| (last, &units[last])).filter(|(_, unit)| {
            unit.part == part && unit.role.takes(role) && !unit.already_makes(change)
        });
        if let Some((place, _)) = place {
            let later = || units[place + 1..].iter().flat_map(Unit::changes);
            if !later().any(|it| depends(change, it)) {
                units[place].changes.push((*at, change));
                continue;
            }
            if !later().any(|it| units[place].changes().any(|earlier| depends(it, earlier))) {
                let mut unit = units.remove(place);
                unit.changes.push((*at, change));
                units.push(unit);
                continue;
            }
        }
        units.push(Unit { role, part, changes: vec![(*at, change)] });
    }
    units
}

struct Planner<'p> {
    render: &'static dyn Render,
    steps: &'p Steps,
    /// The schema before the first step.
    begun_with: &'p Schema,
    /// The schema before the next step.
    schema: Schema,
    plan: Plan,
}

impl Planner<'_> {
    /// Adds the statements of rows.
    fn fill(&mut self, at: usize, step: &Step) -> Result<(), Unrenderable> {
        self.plan.statements.extend(match step {
            Step::Insert(filled) => {
                rows::insert(self.render, filled, self.schema.tables.get(&filled.table))
            }
            Step::Delete(filled) => rows::delete(self.render, filled),
            Step::Sql(written) => rows::written(self.render, written),
            Step::Update(update) => {
                rows::update(self.render, update, self.schema.tables.get(&update.table))?
                    .into_iter()
                    .collect()
            }
            Step::Code(code) => rows::code(code).into_iter().collect(),
            Step::Change(_) => Vec::new(),
        });
        self.plan.ends[at] = self.plan.statements.len();
        Ok(())
    }

    /// Adds the statements of changes in a row.
    fn make(&mut self, changes: &[(usize, &Change)]) -> Result<(), Unrenderable> {
        let dialect = self.render.dialect();
        for unit in units(dialect, &placed(dialect, changes, &self.schema)?) {
            if unit.part != Part::Statement {
                self.ask(&unit);
            }
            let statements = match (unit.part, dialect) {
                (Part::Whole, _) if unit.role == Role::Creation => self.created(&unit)?,
                (Part::Schema, _) => {
                    self.around(&unit);
                    Vec::new()
                }
                (Part::Statement, Dialect::Mysql) => {
                    mysql::alter::together(&unit.changes().collect::<Vec<_>>(), None, None)?
                }
                (Part::Statement, _) => self.render.change(unit.changes[0].1)?,
                (Part::Whole, Dialect::Postgres) => self.by_itself(unit.changes[0].1)?,
                (Part::Whole, Dialect::Mysql) => self.together(&unit)?,
                (Part::Whole, Dialect::Sqlite) => self.in_place_or_anew(&unit)?,
            };
            self.plan.statements.extend(statements);
            for (at, _) in unit.changes {
                self.plan.ends[at] = self.plan.statements.len();
            }
        }
        Ok(())
    }

    /// Adds what the rows are asked before the changes are made: before all else where that is the
    /// same question.
    fn ask(&mut self, unit: &Unit<'_>) {
        let place = self.plan.statements.len();
        let mut asked = Vec::new();
        if let [(at, Change::AlterEnum { .. })] = *unit.changes {
            asked = guards(self.render, self.steps, at, &self.schema, self.begun_with);
        } else if let Some(table) = self.schema.tables.get(unit.table()) {
            // What is there, and not what the same statement makes.
            let mut now = Schema::of([table.clone()]);
            for (at, change) in &unit.changes {
                let is_known = |it: &Guard| {
                    it.other.iter().all(|other| self.schema.tables.contains_key(other))
                        && now.tables.values().flat_map(|it| &it.columns).all(|column| {
                            table.column(&column.name).is_some()
                                || !it.mentions(self.render.dialect(), &column.name)
                        })
                };
                let of = guards(self.render, self.steps, *at, &now, self.begun_with);
                asked.extend(of.into_iter().filter(|it| is_known(&it.guard)));
                asked.extend(now.tables.get(unit.table()).and_then(|now| {
                    key_of_nothing(self.render, self.steps, *at, table, now, self.begun_with)
                }));
                // What the fold does not allow, whoever runs it has refused before.
                let _ = change.apply(&mut now);
            }
        }
        let placed = asked.into_iter().map(|it| Asking {
            at: if it.is_first { 0 } else { place },
            before: place,
            guard: it.guard,
        });
        self.plan.guards.extend(placed);
    }

    /// Makes the changes in the schema, and gives the table as it was and as it is.
    fn around(&mut self, unit: &Unit<'_>) -> (Option<Table>, Option<Table>) {
        let table = |schema: &Schema| schema.tables.get(unit.table()).cloned();
        let before = table(&self.schema);
        for change in unit.changes() {
            // What the fold does not allow, whoever runs it has refused before.
            let _ = change.apply(&mut self.schema);
        }
        (before, table(&self.schema))
    }

    /// Creates a table as it is when all has come to it.
    fn created(&mut self, unit: &Unit<'_>) -> Result<Vec<Statement>, Unrenderable> {
        if self.render.dialect() == Dialect::Postgres {
            let mut changes = unit.changes();
            changes.try_for_each(|it| enums_are_there(self.render, it, &self.schema))?;
        }
        match self.around(unit) {
            (_, Some(created)) => self.render.change(&Change::CreateTable(created)),
            (_, None) => self.render.change(unit.changes[0].1),
        }
    }

    fn together(&mut self, unit: &Unit<'_>) -> Result<Vec<Statement>, Unrenderable> {
        let changes: Vec<&Change> = unit.changes().collect();
        if let [change @ Change::AlterEnum { name, .. }] = *changes {
            let before = self.schema.clone();
            let _ = change.apply(&mut self.schema);
            return mysql::alter::enumeration(name, &before, &self.schema);
        }
        let (before, after) = self.around(unit);
        mysql::alter::together(&changes, before.as_ref(), after.as_ref())
    }

    fn by_itself(&mut self, change: &Change) -> Result<Vec<Statement>, Unrenderable> {
        enums_are_there(self.render, change, &self.schema)?;
        let statements = if let Change::AlterEnum { name, from, .. } = change {
            let is_there = self.begun_with.enums.get(name) == Some(from);
            postgres::enums::alter(change, &self.schema, is_there)?
        } else {
            let table = self.schema.tables.get(change.table());
            let released = table.into_iter().flat_map(|it| postgres::alter::released(change, it));
            [self.render.change(change)?, released.collect()].concat()
        };
        // What the fold does not allow, whoever runs it has refused before.
        let _ = change.apply(&mut self.schema);
        Ok(statements)
    }

    fn in_place_or_anew(&mut self, unit: &Unit<'_>) -> Result<Vec<Statement>, Unrenderable> {
        let (from, to) = self.around(unit);
        let is_in_place = unit.role == Role::Alone
            || unit.changes().all(|change| sqlite::alter::is_in_place(change, from.as_ref()));
        if is_in_place {
            let changes = unit.changes().map(|change| self.render.change(change));
            return Ok(changes.collect::<Result<Vec<_>, _>>()?.concat());
        }
        match (from, to) {
            (Some(from), Some(to)) => Ok(vec![sqlite::rebuild::statement(from, to)?]),
            _ => Err(Unrenderable::unknown(unit.table(), Dialect::Sqlite)),
        }
    }
}

/// An enumeration that no step has created the server would refuse in the middle.
fn enums_are_there(
    render: &dyn Render,
    change: &Change,
    schema: &Schema,
) -> Result<(), Unrenderable> {
    let columns = match change {
        Change::CreateTable(table) => &*table.columns,
        Change::AddColumn { column, .. } => std::slice::from_ref(column),
        Change::AlterColumn { to, .. } => std::slice::from_ref(&**to),
        _ => return Ok(()),
    };
    let named = columns.iter().filter_map(|column| column.ty.named_enum());
    match named.map(|(name, _)| name).find(|name| !schema.enums.contains_key(*name)) {
        Some(name) => Err(Unrenderable::new(
            format!("the native enumeration `{name}`, which no `create_enum` before it creates,"),
            render.dialect(),
        )),
        None => Ok(()),
    }
}

/// A statement of `SQLite` ends with a NUL, and `PostgreSQL` has no text with one: neither would tell where
/// it stands. `MySQL` and `MariaDB` take it.
fn has_no_nul(dialect: Dialect, statements: &[Statement]) -> Result<(), Unrenderable> {
    if dialect == Dialect::Mysql {
        return Ok(());
    }
    let before = |it: &Statement| {
        let before: String = it.sql.split_once('\0')?.0.chars().rev().take(40).collect();
        Some((it.table.clone(), before.chars().rev().collect::<String>()))
    };
    match statements.iter().find_map(before) {
        Some((table, before)) => {
            let what = format!("a NUL character (for `{table}`, behind `{before}`)");
            Err(Unrenderable::new(what, dialect))
        }
        None => Ok(()),
    }
}
