//! Which revisions run, and which way: decided from the list in the code and the one in the
//! database alone.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    str::FromStr,
};

use chrono::{DateTime, Utc};

/// What the digest of what a migration that is code did begins with: it is another than that of what a
/// declared one means.
pub(crate) const DID: &str = "did:";

/// A revision that the code knows, in the order of its list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its name.
    pub name: String,
    /// The digest of what it means, if it is declared.
    pub checksum: Option<String>,
}

/// A revision that the database has recorded. What another tool applied has its name and time alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Its name.
    pub name: String,
    /// When it was applied, to the second.
    pub at: Option<DateTime<Utc>>,
    /// How long it took in milliseconds.
    pub took_ms: Option<i64>,
    /// The digest of what it meant then; of a migration that is code, of what it did to the schema.
    pub checksum: Option<String>,
    /// The version of the engine that applied it.
    pub engine: Option<String>,
    /// Who applied it: the user, the machine and the process, or the database's user when a script was run.
    /// Engines before this column did not say.
    pub by: Option<String>,
}

/// How a revision stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It has run.
    Applied,
    /// It has not run.
    Pending,
    /// It has run, and the code knows it no more.
    Missing,
    /// It has run, and means something else since.
    Changed,
}

impl State {
    /// The word for it, on the terminal and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Pending => "pending",
            Self::Missing => "missing",
            Self::Changed => "changed",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A revision and how it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its name.
    pub name: String,
    /// How it stands.
    pub state: State,
    /// When it was applied.
    pub at: Option<DateTime<Utc>>,
    /// How long it took in milliseconds.
    pub took_ms: Option<i64>,
    /// What was recorded when it was applied, if it was.
    pub record: Option<Applied>,
}

impl Standing {
    /// Whether the database has it.
    pub fn is_applied(&self) -> bool {
        self.state != State::Pending
    }

    /// The digest of what it did to the schema, when it was code that ran.
    pub fn did(&self) -> Option<&str> {
        let checksum = self.record.as_ref()?.checksum.as_deref();
        checksum.filter(|checksum| checksum.starts_with(DID))
    }
}

/// How every revision stands: those of the code in their order, then those that only the database
/// knows, by name.
pub fn compare(known: &[Known], applied: &[Applied]) -> Vec<Standing> {
    let records: HashMap<&str, &Applied> =
        applied.iter().map(|applied| (applied.name.as_str(), applied)).collect();
    let names: HashSet<&str> = known.iter().map(|known| known.name.as_str()).collect();
    let mut standings: Vec<Standing> = known
        .iter()
        .map(|known| {
            let record = records.get(known.name.as_str()).copied();
            let state = match record {
                None => State::Pending,
                Some(Applied { checksum: Some(then), .. })
                    if known.checksum.as_ref().is_some_and(|now| now != then)
                        && !then.starts_with(DID) =>
                {
                    State::Changed
                }
                Some(_) => State::Applied,
            };
            Standing {
                name: known.name.clone(),
                state,
                at: record.and_then(|record| record.at),
                took_ms: record.and_then(|record| record.took_ms),
                record: record.cloned(),
            }
        })
        .collect();
    let mut missing: Vec<Standing> = applied
        .iter()
        .filter(|applied| !names.contains(applied.name.as_str()))
        .map(|applied| Standing {
            name: applied.name.clone(),
            state: State::Missing,
            at: applied.at,
            took_ms: applied.took_ms,
            record: Some(applied.clone()),
        })
        .collect();
    missing.sort_by(|a, b| a.name.cmp(&b.name));
    standings.append(&mut missing);
    standings
}

/// Marks as changed what did something else when it was run `again` on an empty database.
pub fn did_otherwise(standings: &mut [Standing], again: &[Standing]) {
    let again: HashMap<&str, &str> =
        again.iter().filter_map(|it| Some((&*it.name, it.did()?))).collect();
    for standing in standings.iter_mut().filter(|it| it.state == State::Applied) {
        if let (Some(then), Some(now)) = (standing.did(), again.get(&*standing.name))
            && then != *now
        {
            standing.state = State::Changed;
        }
    }
}

/// The revisions that are pending and stand before the last that is applied: added later, mostly by a
/// branch that was merged. They run behind it.
pub fn out_of_order(standings: &[Standing]) -> Vec<&Standing> {
    let last = last_applied(standings).map_or(0, |(at, _)| at);
    standings[..last].iter().filter(|it| it.state == State::Pending).collect()
}

/// The last revision of the list that is applied, and its place.
pub(crate) fn last_applied(standings: &[Standing]) -> Option<(usize, &Standing)> {
    let applied = |it: &Standing| matches!(it.state, State::Applied | State::Changed);
    standings.iter().enumerate().rfind(|(_, it)| applied(it))
}

/// What is wrong with the names of a list, if anything: SeaORM notices none of it.
pub fn problem(names: &[&str]) -> Option<String> {
    let mut seen = HashSet::new();
    names.iter().enumerate().find_map(|(at, name)| {
        if name.is_empty() {
            return Some(format!("migration {} has no name", at + 1));
        }
        if ["mod", "lib", "main"].contains(name) {
            return Some(format!(
                "migration {} is named `{name}`, after its file: give it a file of its own",
                at + 1
            ));
        }
        (!seen.insert(name)).then(|| format!("migration `{name}` is in the list twice"))
    })
}

/// Where a command shall take the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// To the newest revision.
    Head,
    /// To before the first.
    Base,
    /// So many steps forward.
    Forward(usize),
    /// So many steps back.
    Back(usize),
    /// To the revision whose name begins so.
    Revision(String),
}

impl FromStr for Target {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let steps = |text: &str| text.parse::<usize>().ok();
        Ok(match text {
            "head" => Self::Head,
            "base" => Self::Base,
            _ => match (text.strip_prefix('+'), text.strip_prefix('-')) {
                (Some(n), _) if steps(n).is_some() => Self::Forward(steps(n).unwrap_or(0)),
                (_, Some(n)) if steps(n).is_some() => Self::Back(steps(n).unwrap_or(0)),
                _ => Self::Revision(text.to_owned()),
            },
        })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Head => f.write_str("head"),
            Self::Base => f.write_str("base"),
            Self::Forward(n) => write!(f, "+{n}"),
            Self::Back(n) => write!(f, "-{n}"),
            Self::Revision(name) => f.write_str(name),
        }
    }
}

/// Why a target cannot be reached.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// No revision has that name or beginning.
    #[error("no revision is named `{target}` or begins so")]
    Unknown {
        /// What was asked for.
        target: String,
        /// The names that there are.
        candidates: Vec<String>,
    },
    /// Several have that beginning.
    #[error("{} revisions begin with `{target}`", candidates.len())]
    Ambiguous {
        /// What was asked for.
        target: String,
        /// The names that begin so.
        candidates: Vec<String>,
    },
    /// The target lies the other way.
    #[error("`{target}` does not lie {way}")]
    WrongWay {
        /// What was asked for.
        target: String,
        /// `forward` or `back`.
        way: &'static str,
    },
}

/// The positions of the revisions to apply to reach `target`, in order.
///
/// # Errors
/// [`TargetError::Unknown`] and [`TargetError::Ambiguous`] for a name, [`TargetError::WrongWay`]
/// for `base`, steps back, or a revision behind which later ones are applied.
pub fn to_apply(standings: &[Standing], target: &Target) -> Result<Vec<usize>, TargetError> {
    let pending = |end: usize| -> Vec<usize> {
        let ahead = standings.iter().enumerate().take(end);
        ahead.filter(|(_, it)| it.state == State::Pending).map(|(at, _)| at).collect()
    };
    let all = standings.len();
    match target {
        Target::Head => Ok(pending(all)),
        Target::Forward(n) => Ok(pending(all).into_iter().take(*n).collect()),
        Target::Base | Target::Back(_) => {
            Err(TargetError::WrongWay { target: target.to_string(), way: "forward" })
        }
        Target::Revision(name) => {
            let at = position(standings, name)?;
            let later = standings[at + 1..]
                .iter()
                .any(|it| matches!(it.state, State::Applied | State::Changed));
            let run = pending(at + 1);
            if run.is_empty() && later {
                return Err(TargetError::WrongWay { target: name.clone(), way: "forward" });
            }
            Ok(run)
        }
    }
}

/// The positions of the revisions to revert to reach `target`, in the order in which they run:
/// newest first. A revision that is the target stays applied.
///
/// # Errors
/// [`TargetError::Unknown`] and [`TargetError::Ambiguous`] for a name, [`TargetError::WrongWay`]
/// for steps forward and a revision that is not applied.
pub fn to_revert(standings: &[Standing], target: &Target) -> Result<Vec<usize>, TargetError> {
    let applied = |from: usize| -> Vec<usize> {
        let known = standings.iter().enumerate().skip(from).rev();
        known
            .filter(|(_, it)| matches!(it.state, State::Applied | State::Changed))
            .map(|(at, _)| at)
            .collect()
    };
    match target {
        Target::Base => Ok(applied(0)),
        Target::Back(n) => Ok(applied(0).into_iter().take(*n).collect()),
        Target::Head => Ok(Vec::new()),
        Target::Forward(_) => {
            Err(TargetError::WrongWay { target: target.to_string(), way: "back" })
        }
        Target::Revision(name) => {
            let at = position(standings, name)?;
            if !standings[at].is_applied() {
                return Err(TargetError::WrongWay { target: name.clone(), way: "back" });
            }
            Ok(applied(at + 1))
        }
    }
}

/// What has to be recorded and what forgotten, so that exactly the revisions up to `target` are
/// recorded: their positions, each in the order of the list.
///
/// # Errors
/// [`TargetError::Unknown`] and [`TargetError::Ambiguous`] for a name.
pub fn to_stamp(
    standings: &[Standing],
    target: &Target,
) -> Result<(Vec<usize>, Vec<usize>), TargetError> {
    // What the code does not know stands behind all else.
    let known = standings.iter().take_while(|it| it.state != State::Missing).count();
    let here = standings[..known].iter().rposition(Standing::is_applied).map_or(0, |last| last + 1);
    let end = match target {
        Target::Head => known,
        Target::Base => 0,
        Target::Forward(n) => here.saturating_add(*n).min(known),
        Target::Back(n) => here.saturating_sub(*n),
        Target::Revision(name) => position(standings, name)? + 1,
    };
    let record = (0..end).filter(|at| !standings[*at].is_applied()).collect();
    let forget = (end..known).filter(|at| standings[*at].is_applied()).collect();
    Ok((record, forget))
}

/// The position of the known revision of that name, else of the only one that begins so.
fn position(standings: &[Standing], wanted: &str) -> Result<usize, TargetError> {
    // A variable of the shell that is not set: it begins every name, and means none.
    if wanted.is_empty() {
        let candidates = standings.iter().map(|it| it.name.clone()).collect();
        return Err(TargetError::Unknown { target: String::new(), candidates });
    }
    let known = || standings.iter().enumerate().filter(|(_, it)| it.state != State::Missing);
    if let Some((at, _)) = known().find(|(_, it)| it.name == wanted) {
        return Ok(at);
    }
    let matches: Vec<usize> =
        known().filter(|(_, it)| it.name.starts_with(wanted)).map(|(at, _)| at).collect();
    let names = |of: &[usize]| of.iter().map(|at| standings[*at].name.clone()).collect();
    match matches[..] {
        [at] => Ok(at),
        [] => Err(TargetError::Unknown {
            target: wanted.to_owned(),
            candidates: known().map(|(_, it)| it.name.clone()).collect(),
        }),
        _ => Err(TargetError::Ambiguous { target: wanted.to_owned(), candidates: names(&matches) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(names: &[&str]) -> Vec<Known> {
        names
            .iter()
            .map(|name| Known { name: (*name).to_owned(), checksum: Some("now".to_owned()) })
            .collect()
    }

    fn applied(records: &[(&str, &str)]) -> Vec<Applied> {
        records
            .iter()
            .map(|(name, checksum)| Applied {
                name: (*name).to_owned(),
                checksum: Some((*checksum).to_owned()).filter(|it| !it.is_empty()),
                ..Applied::default()
            })
            .collect()
    }

    fn target(text: &str) -> Target {
        let Ok(target) = text.parse();
        target
    }

    fn standings() -> Vec<Standing> {
        compare(&known(&["a1", "a2", "b1", "b2"]), &applied(&[("a1", "now"), ("a2", "now")]))
    }

    #[test]
    fn applied_pending_changed_and_missing_are_told_apart() {
        let standings = compare(
            &known(&["a", "b", "c", "d"]),
            &applied(&[("b", "then"), ("zz", "now"), ("a", "now"), ("c", "")]),
        );

        let states: Vec<_> = standings.iter().map(|it| (it.name.as_str(), it.state)).collect();
        assert_eq!(
            states,
            [
                ("a", State::Applied),
                ("b", State::Changed),
                ("c", State::Applied),
                ("d", State::Pending),
                ("zz", State::Missing)
            ]
        );
    }

    #[test]
    fn every_form_of_a_target_is_understood() {
        assert_eq!(target("head"), Target::Head);
        assert_eq!(target("base"), Target::Base);
        assert_eq!(target("+2"), Target::Forward(2));
        assert_eq!(target("-1"), Target::Back(1));
        assert_eq!(target("-x"), Target::Revision("-x".to_owned()));
        assert_eq!(target("m2026"), Target::Revision("m2026".to_owned()));
    }

    #[test]
    fn up_applies_what_is_pending_as_far_as_the_target() {
        let up = |text| to_apply(&standings(), &target(text));

        assert_eq!(up("head"), Ok(vec![2, 3]));
        assert_eq!(up("+1"), Ok(vec![2]));
        assert_eq!(up("b1"), Ok(vec![2]));
        assert_eq!(up("b2"), Ok(vec![2, 3]));
        assert_eq!(up("a2"), Ok(vec![]));
        assert!(matches!(up("a1"), Err(TargetError::WrongWay { .. })));
        assert!(matches!(up(""), Err(TargetError::Unknown { .. })));
        assert!(matches!(up("base"), Err(TargetError::WrongWay { .. })));
        assert!(matches!(up("-1"), Err(TargetError::WrongWay { .. })));
    }

    #[test]
    fn down_reverts_newest_first_and_leaves_the_target_applied() {
        let down = |text| to_revert(&standings(), &target(text));

        assert_eq!(down("-1"), Ok(vec![1]));
        assert_eq!(down("-9"), Ok(vec![1, 0]));
        assert_eq!(down("base"), Ok(vec![1, 0]));
        assert_eq!(down("a1"), Ok(vec![1]));
        assert_eq!(down("a2"), Ok(vec![]));
        assert!(matches!(down("b1"), Err(TargetError::WrongWay { .. })));
        assert!(matches!(down("+1"), Err(TargetError::WrongWay { .. })));
    }

    #[test]
    fn a_name_that_matches_none_or_several_lists_the_candidates() {
        let Err(TargetError::Ambiguous { candidates, .. }) = to_apply(&standings(), &target("b"))
        else {
            panic!("two begin with b")
        };
        assert_eq!(candidates, ["b1", "b2"]);

        let Err(TargetError::Unknown { candidates, .. }) = to_apply(&standings(), &target("x"))
        else {
            panic!("none begins with x")
        };
        assert_eq!(candidates, ["a1", "a2", "b1", "b2"]);
    }

    #[test]
    fn a_revision_added_before_applied_ones_still_runs() {
        let standings = compare(&known(&["a", "b", "c"]), &applied(&[("a", ""), ("c", "")]));

        assert_eq!(to_apply(&standings, &Target::Head), Ok(vec![1]));
        assert_eq!(to_apply(&standings, &target("b")), Ok(vec![1]));
        assert_eq!(out_of_order(&standings), [&standings[1]]);
    }

    #[test]
    fn names_that_would_collide_are_refused() {
        assert_eq!(problem(&["a", "b"]), None);
        assert_eq!(problem(&["a", "a"]).unwrap(), "migration `a` is in the list twice");
        assert!(problem(&["mod"]).unwrap().contains("after its file"));
        assert_eq!(problem(&["a", ""]).unwrap(), "migration 2 has no name");
    }
}
