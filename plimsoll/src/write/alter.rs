//! Changes of a table in the words of [`AlterBuilder`](crate::steps::AlterBuilder).

use super::{
    chain::{Argument, Chain},
    column,
    group::{added, dropped},
    literal, table,
};
use crate::{
    change::Change,
    schema::{Column, Table},
};

/// The changes of the table `name`.
///
/// # Errors
/// What of them has no words.
pub(super) fn changes(name: &str, changes: &[Change]) -> Result<Chain, String> {
    let mut chain = Chain::new("t");
    let mut rest = changes;
    while let Some(first) = rest.first() {
        if let [first, second, ..] = rest
            && let Some((call, column, fill)) = filled(first, second)
        {
            chain.say(call, &[column::expression(column)?, fill]);
            rest = &rest[2..];
            continue;
        }
        let taken = if added(first).is_some() {
            let run = in_order(rest, added);
            chain.call("add", [part(name, &rest[..run], false)?]);
            run
        } else if dropped(first).is_some() {
            let run = in_order(rest, dropped);
            chain.call("drop", [part(name, &rest[..run], true)?]);
            run
        } else {
            alone(name, first, &mut chain)?;
            1
        };
        rest = &rest[taken..];
    }
    Ok(chain)
}

/// A column that is filled when it comes, or when the way back brings it back.
fn filled<'c>(first: &'c Change, second: &'c Change) -> Option<(&'static str, &'c Column, String)> {
    let of = |call, plain: &'c Column, filled: &Column| {
        let same = Column { default: plain.default.clone(), ..filled.clone() } == *plain;
        let fill = column::fill(filled.default.as_ref()?)?;
        let is_said = same && plain.default != filled.default && column::is_said_alone(plain);
        is_said.then_some((call, plain, fill))
    };
    match (first, second) {
        (Change::AddColumn { column, .. }, Change::AlterColumn { from, to, .. })
            if column == &**from =>
        {
            of("add_filled", to, column)
        }
        (Change::AlterColumn { from, to, .. }, Change::DropColumn { column, .. })
            if column == &**to =>
        {
            of("drop_filled", from, column)
        }
        _ => None,
    }
}

/// How many of the changes stand in the order in which a call makes them, before one that begins
/// something else.
fn in_order(changes: &[Change], place: fn(&Change) -> Option<u8>) -> usize {
    let mut last = 0;
    let mut run = 0;
    for (at, change) in changes.iter().enumerate() {
        let Some(here) = place(change).filter(|here| *here >= last) else { break };
        let next = changes.get(at + 1);
        if at > 0 && next.is_some_and(|next| filled(change, next).is_some()) {
            break;
        }
        last = here;
        run = at + 1;
    }
    run
}

/// What comes, or goes, as a part of the table.
fn part(name: &str, changes: &[Change], is_gone: bool) -> Result<Argument, String> {
    let mut part = Table::new(name);
    for change in changes {
        match change.clone() {
            Change::AddColumn { column, .. } | Change::DropColumn { column, .. } => {
                part.columns.push(column);
            }
            Change::AddUnique { unique, .. } | Change::DropUnique { unique, .. } => {
                part.uniques.push(unique);
            }
            Change::AddCheck { check, .. } | Change::DropCheck { check, .. } => {
                part.checks.push(check);
            }
            Change::CreateIndex { index, .. } | Change::DropIndex { index, .. } => {
                part.indexes.push(index);
            }
            Change::AddForeignKey { key, .. } | Change::DropForeignKey { key, .. } => {
                part.foreign_keys.push(key);
            }
            _ => {}
        }
    }
    if is_gone {
        // They go in the reverse of the order in which they would come.
        part.uniques.reverse();
        part.checks.reverse();
        part.indexes.reverse();
        part.foreign_keys.reverse();
    }
    Ok(Argument::Closure("t", table::parts(&part, name)?))
}

/// A change that has a call of its own.
fn alone(name: &str, change: &Change, chain: &mut Chain) -> Result<(), String> {
    let (mut from, mut to) = (Table::new(name), Table::new(name));
    match change.clone() {
        Change::RenameColumn { from, to, .. } => {
            chain.say("rename_column", &[literal::text(&from), literal::text(&to)]);
            return Ok(());
        }
        Change::AlterPrimaryKey { from, to, .. } => {
            // An empty one has no type of its own.
            let array = |columns: &[String]| {
                if columns.is_empty() { "[\"\"; 0]".to_owned() } else { literal::texts(columns) }
            };
            let words = [array(&from), array(&to)];
            chain.say("primary_key", &words);
            return Ok(());
        }
        Change::AlterColumn { from: was, to: is, .. } => {
            from.columns.push(*was);
            to.columns.push(*is);
        }
        Change::AlterUnique { from: was, to: is, .. } => {
            from.uniques.push(was);
            to.uniques.push(is);
        }
        Change::AlterCheck { from: was, to: is, .. } => {
            from.checks.push(was);
            to.checks.push(is);
        }
        Change::AlterIndex { from: was, to: is, .. } => {
            from.indexes.push(*was);
            to.indexes.push(*is);
        }
        Change::AlterForeignKey { from: was, to: is, .. } => {
            from.foreign_keys.push(*was);
            to.foreign_keys.push(*is);
        }
        Change::CommentTable { from: was, to: is, .. } => {
            from.comment = was;
            to.comment = is;
        }
        Change::AlterOptions { from: was, to: is, .. } => {
            from.options = was;
            to.options = is;
        }
        other => return Err(format!("`{}` in an alteration", other.describe())),
    }
    let [from, to] = [table::parts(&from, name)?, table::parts(&to, name)?];
    chain.call("change", [Argument::Closure("t", from), Argument::Closure("t", to)]);
    Ok(())
}
