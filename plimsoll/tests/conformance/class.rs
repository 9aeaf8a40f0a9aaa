//! A class of another tool's tests, and what became of each of them here.

use plimsoll::Dialect;

use crate::{applied::Applied, case::Case, planned::Planned};

/// A class of tests.
pub(crate) struct Class {
    pub(crate) suite: &'static str,
    pub(crate) file: &'static str,
    pub(crate) name: &'static str,
    pub(crate) verdicts: Vec<(&'static str, Verdict)>,
}

/// A test as it is said here.
pub(crate) enum Restated {
    /// Two schemas are compared.
    Compared(Box<Case>),
    /// Steps are made and taken back.
    Applied(Box<Applied>),
    /// Steps are planned and run.
    Planned(Box<Planned>),
}

impl From<Case> for Restated {
    fn from(case: Case) -> Self {
        Self::Compared(Box::new(case))
    }
}

impl From<Applied> for Restated {
    fn from(case: Applied) -> Self {
        Self::Applied(Box::new(case))
    }
}

impl From<Planned> for Restated {
    fn from(case: Planned) -> Self {
        Self::Planned(Box::new(case))
    }
}

impl Restated {
    fn failure(&self, dialect: Dialect) -> Option<String> {
        match self {
            Self::Compared(case) => case.failure(dialect),
            Self::Applied(case) => case.failure(dialect),
            Self::Planned(case) => case.failure(dialect),
        }
    }

    /// Why the databases that have no such notion have none.
    pub(crate) fn no_notions(&self) -> Vec<(Dialect, &'static str)> {
        match self {
            Self::Compared(case) => case.no_notions().collect(),
            Self::Applied(case) => case.no_notions().collect(),
            Self::Planned(_) => Vec::new(),
        }
    }
}

/// What became of a test.
pub(crate) enum Verdict {
    /// It is restated, once or in each of its forms, and ends as it does with the other tool.
    Same(Vec<Restated>),
    /// It is restated, and ends otherwise on purpose.
    Differs(Restated, &'static str),
    /// Another test says it: its file under `tests/` and its name.
    ShownBy(&'static str, &'static str),
    /// There is nothing to restate, and why.
    DoesNotApply(&'static str),
}

impl Verdict {
    /// What is run.
    pub(crate) fn cases(&self) -> &[Restated] {
        match self {
            Self::Same(cases) => cases,
            Self::Differs(case, _) => std::slice::from_ref(case),
            Self::ShownBy(..) | Self::DoesNotApply(_) => &[],
        }
    }
}

impl Class {
    pub(crate) fn alembic(file: &'static str, name: &'static str) -> Self {
        Self { suite: "Alembic", file, name, verdicts: Vec::new() }
    }

    pub(crate) fn django(file: &'static str, name: &'static str) -> Self {
        Self { suite: "Django", file, name, verdicts: Vec::new() }
    }

    /// The test of that name ends the same.
    pub(crate) fn same(self, name: &'static str, case: impl Into<Restated>) -> Self {
        self.same_each(name, [case])
    }

    /// The test of that name ends the same in each of its forms.
    pub(crate) fn same_each<C: Into<Restated>>(
        self,
        name: &'static str,
        cases: impl IntoIterator<Item = C>,
    ) -> Self {
        self.verdict(name, Verdict::Same(cases.into_iter().map(Into::into).collect()))
    }

    /// The test of that name ends otherwise, because of `because`.
    pub(crate) fn differs(
        self,
        name: &'static str,
        because: &'static str,
        case: impl Into<Restated>,
    ) -> Self {
        self.verdict(name, Verdict::Differs(case.into(), because))
    }

    /// The test of that name is said by another: the function `test` of `file` under `tests/`.
    pub(crate) fn shown_by(
        self,
        name: &'static str,
        file: &'static str,
        test: &'static str,
    ) -> Self {
        self.verdict(name, Verdict::ShownBy(file, test))
    }

    /// The tests of these names have nothing here that they could be said of.
    pub(crate) fn does_not_apply(
        self,
        because: &'static str,
        names: impl IntoIterator<Item = &'static str>,
    ) -> Self {
        let names = names.into_iter();
        names.fold(self, |class, name| class.verdict(name, Verdict::DoesNotApply(because)))
    }

    fn verdict(mut self, name: &'static str, verdict: Verdict) -> Self {
        self.verdicts.push((name, verdict));
        self
    }

    /// Runs every case on that database.
    pub(crate) fn holds(&self, dialect: Dialect) {
        let mut failures = Vec::new();
        for (name, verdict) in &self.verdicts {
            for case in verdict.cases() {
                if let Some(failure) = case.failure(dialect) {
                    failures.push(format!("{name}: {failure}"));
                }
            }
        }
        assert!(failures.is_empty(), "{}", failures.join("\n"));
    }
}

/// Writes the tests of each class, a module with one for each database, and a list of them all.
macro_rules! classes {
    ($($class:ident),+ $(,)?) => {
        /// The classes of this file.
        pub(crate) fn all() -> Vec<$crate::class::Class> {
            vec![$($class()),+]
        }

        mod on {
            $(mod $class {
                use plimsoll::Dialect;

                #[test]
                fn sqlite() {
                    super::super::$class().holds(Dialect::Sqlite);
                }

                #[test]
                fn postgres() {
                    super::super::$class().holds(Dialect::Postgres);
                }

                #[test]
                fn mysql() {
                    super::super::$class().holds(Dialect::Mysql);
                }
            })+
        }
    };
}

pub(crate) use classes;
