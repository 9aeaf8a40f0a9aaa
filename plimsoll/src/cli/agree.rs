//! Commands that compare: `diff` and `check`.

use serde::Serialize;

use super::{
    Context, DONE, FAILED, NOT_CLEAN,
    args::{Check, Diff},
    output::count,
    plan::{in_comment, print_statements},
};
use crate::{
    app::{Agreement, Compared},
    change::Change,
    compare::Comparison,
    dialect::Dialect,
    error,
    plan::statements_of_changes,
    rebuild,
    render::Unrenderable,
    revisions::State,
    schema::Beyond,
    words::Unread,
};

/// What is off, for programs.
#[derive(Serialize)]
struct Document<'a> {
    database: String,
    /// Whether nothing is off.
    clean: bool,
    /// Whether everything could be compared.
    whole: bool,
    /// The revisions that are not simply applied.
    history: Vec<Revision<'a>>,
    /// What the migrations lack of what the entities want.
    #[serde(skip_serializing_if = "Option::is_none")]
    missing: Option<Side<'a>>,
    /// What the database differs in from what the migrations made.
    drift: Side<'a>,
    unknown: &'a [String],
    beyond: &'a [Beyond],
    problems: &'a [String],
    remarks: &'a [String],
}

#[derive(Serialize)]
struct Revision<'a> {
    name: &'a str,
    state: &'static str,
}

#[derive(Serialize)]
struct Side<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    impossible: Option<&'a str>,
    changes: Vec<Said<'a>>,
    /// Nothing where the database has no form for one of the changes.
    statements: Option<Vec<String>>,
    questions: Vec<Asked<'a>>,
    unread: &'a [Unread],
}

#[derive(Serialize)]
struct Said<'a> {
    sentence: String,
    destructive: bool,
    change: &'a Change,
}

#[derive(Serialize)]
struct Asked<'a> {
    question: String,
    because: &'a [String],
}

fn side(compared: &Compared, dialect: Dialect) -> Side<'_> {
    match compared {
        Compared::Impossible(because) => Side {
            impossible: Some(because),
            changes: Vec::new(),
            statements: None,
            questions: Vec::new(),
            unread: &[],
        },
        Compared::Made(comparison) => Side {
            impossible: None,
            changes: comparison
                .diff
                .changes
                .iter()
                .map(|change| Said {
                    sentence: change.describe(),
                    destructive: change.is_destructive(),
                    change,
                })
                .collect(),
            statements: statements(dialect, comparison).ok(),
            questions: comparison
                .diff
                .questions
                .iter()
                .map(|it| Asked { question: it.ask(), because: &it.because })
                .collect(),
            unread: &comparison.unread,
        },
    }
}

/// What both commands look at.
struct Seen {
    database: String,
    dialect: Dialect,
    agreement: Agreement,
}

impl Seen {
    async fn look(context: &Context<'_>, shallow: bool) -> error::Result<Self> {
        let database = context.database()?;
        let agreement = context
            .on_reading_session(&database, async |db| {
                context.app.on(db).agreement(&database, shallow).await
            })
            .await?;
        let dialect = database.dialect();
        Ok(Self { database: database.to_string(), dialect, agreement })
    }

    fn is_clean(&self, strict: bool) -> bool {
        self.agreement.is_clean() && (!strict || self.agreement.unknown.is_empty())
    }

    fn document(&self, strict: bool) -> Document<'_> {
        let it = &self.agreement;
        let unfinished = it.unfinished.as_ref();
        let history = it.standings.iter().filter(|it| it.state != State::Applied);
        let mut history: Vec<Revision<'_>> =
            history.map(|it| Revision { name: &it.name, state: it.state.name() }).collect();
        if let Some(open) = unfinished {
            history.retain(|it| it.name != open.name);
            let state = if open.running { "running" } else { "interrupted" };
            history.push(Revision { name: &open.name, state });
        }
        Document {
            database: self.database.clone(),
            clean: self.is_clean(strict),
            whole: it.is_whole(),
            history,
            missing: it.entities.as_ref().map(|it| side(it, self.dialect)),
            drift: side(&it.database, self.dialect),
            unknown: &it.unknown,
            beyond: &it.beyond,
            problems: &it.problems,
            remarks: &it.remarks,
        }
    }

    /// The three comparisons for people: what is off first, then what could not be told.
    fn tell(&self, context: &Context<'_>, strict: bool) {
        let (output, it) = (context.output, &self.agreement);
        let document = self.document(strict);
        output.progress(format!("database: {}", self.database));
        if document.history.is_empty() {
            output.line("history: every migration is applied");
        } else {
            output.line(format!("history: {}", states(&document.history)));
            for revision in &document.history {
                output.line(format!("  {} {}", revision.state, revision.name));
            }
        }
        match &it.entities {
            None => output.line("entities: none are registered"),
            Some(compared) => {
                tell_side(context, "entities", "a migration is missing that would", compared);
            }
        }
        tell_side(
            context,
            "database",
            "somebody altered it by hand, and undoing that would",
            &it.database,
        );
        for table in &it.unknown {
            let verdict = if strict { "" } else { ", left alone" };
            output
                .line(format!("unknown: table `{table}`, of no entity and no migration{verdict}"));
        }
        let of =
            |it: &Beyond| it.table.as_ref().map(|of| format!(" of `{of}`")).unwrap_or_default();
        for it in &it.beyond {
            output.line(format!("not compared: {} `{}`{}", it.kind, it.name, of(it)));
        }
        for problem in it.problems.iter().chain(&it.remarks) {
            output.line(format!("not compared: {problem}"));
        }
    }
}

fn states(revisions: &[Revision<'_>]) -> String {
    let mut said = Vec::new();
    for state in ["pending", "changed", "missing", "interrupted", "running"] {
        let number = revisions.iter().filter(|it| it.state == state).count();
        if number > 0 {
            said.push(format!("{number} {state}"));
        }
    }
    said.join(", ")
}

fn tell_side(context: &Context<'_>, name: &str, off: &str, compared: &Compared) {
    let output = context.output;
    let comparison = match compared {
        Compared::Impossible(because) => {
            output.line(format!("{name}: cannot be compared: {because}"));
            return;
        }
        Compared::Made(comparison) => comparison,
    };
    let changes = &comparison.diff.changes;
    if changes.is_empty() {
        output.line(format!("{name}: nothing differs"));
    } else {
        output.line(format!("{name}: {}; {off}:", count(changes.len(), "difference")));
    }
    for change in changes {
        let color = match change.sign() {
            '+' => 32,
            '-' => 31,
            _ => 33,
        };
        let loses = if change.is_destructive() { " (data can be lost)" } else { "" };
        output.line(format!(
            "  \x1b[{color}m{}\x1b[0m {}{loses}",
            change.sign(),
            change.describe()
        ));
    }
    for question in &comparison.diff.questions {
        output.line(format!("  ? {} {}", question.ask(), question.because.join("; ")));
    }
    for unread in &comparison.unread {
        output
            .line(format!("  not compared: expressions of `{}`: {}", unread.table, unread.because));
    }
}

pub(super) async fn diff(context: &Context<'_>, args: &Diff) -> error::Result<u8> {
    let seen = Seen::look(context, args.shallow).await?;
    if args.sql {
        print_sql(context, &seen);
    } else {
        seen.tell(context, args.strict);
    }
    context.output.document(&seen.document(args.strict));
    Ok(if args.exit_code && !seen.is_clean(args.strict) { NOT_CLEAN } else { DONE })
}

/// Both lists of changes as a script; what the database has no form for is a comment.
fn print_sql(context: &Context<'_>, seen: &Seen) {
    let it = &seen.agreement;
    let sides = [
        ("what a new migration would do", it.entities.as_ref()),
        ("what would make the database what the migrations made", Some(&it.database)),
    ];
    for (title, compared) in sides {
        let Some(compared) = compared else { continue };
        context.output.line(format!("-- {title}"));
        let comparison = match compared {
            Compared::Impossible(because) => {
                context.output.line(format!("-- cannot be told: {}", in_comment(because)));
                continue;
            }
            Compared::Made(comparison) => comparison,
        };
        match statements(seen.dialect, comparison) {
            Ok(statements) => print_statements(context, seen.dialect, &statements),
            Err(why) => context.output.line(format!("-- {}", in_comment(&why.to_string()))),
        }
    }
}

/// What would settle a comparison.
fn statements(dialect: Dialect, comparison: &Comparison) -> Result<Vec<String>, Unrenderable> {
    let them = statements_of_changes(dialect, &comparison.diff.changes, &comparison.from)?;
    let is_rebuilt = rebuild::is_needed(&them);
    let them = them.into_iter().map(|it| it.sql);
    if !is_rebuilt {
        return Ok(them.collect());
    }
    // With foreign keys on, rows would go with the table that they refer to.
    let before = [rebuild::OFF, "BEGIN"].map(str::to_owned);
    let after = ["COMMIT", rebuild::ON].map(str::to_owned);
    Ok(before.into_iter().chain(them).chain(after).collect())
}

pub(super) async fn check(context: &Context<'_>, args: &Check) -> error::Result<u8> {
    let seen = Seen::look(context, args.shallow).await?;
    seen.tell(context, args.strict);
    context.output.document(&seen.document(args.strict));
    let clean = seen.is_clean(args.strict);
    let whole = seen.agreement.is_whole();
    context.output.progress(match (clean, whole) {
        (true, true) => "clean",
        (true, false) => "clean as far as it could be compared",
        (false, _) => "not clean",
    });
    Ok(match (clean, whole || args.shallow) {
        (false, _) => NOT_CLEAN,
        (true, false) => FAILED,
        (true, true) => DONE,
    })
}
