//! A snapshot of the environment over `.env`.

use std::{
    cell::Cell,
    collections::BTreeMap,
    ffi::OsString,
    fmt, fs,
    io::{self, Read},
    path::{Path, PathBuf},
    rc::Rc,
};

use super::{Setting, Variable};
use crate::{Error, Result};

/// What was set when the program started: the process environment over the `.env` that was found.
///
/// Nothing is written back to the process environment. `Debug` shows names only, because values
/// may be secrets.
#[derive(Clone)]
pub struct Env {
    process: BTreeMap<String, OsString>,
    dotenv: BTreeMap<String, String>,
    file: Option<PathBuf>,
    folder: PathBuf,
}

impl Env {
    /// Reads the process environment and the `.env` of the working folder or of the nearest folder
    /// above it that has one.
    ///
    /// # Errors
    /// [`Error::DotenvUnreadable`] and [`Error::DotenvMalformed`] for a `.env` that was found and
    /// cannot be used, [`Error::WorkingFolder`] when there is no working folder.
    pub fn load() -> Result<Self> {
        let folder = std::env::current_dir().map_err(|source| Error::WorkingFolder { source })?;
        Self::snapshot(std::env::vars_os(), &folder)
    }

    /// An environment with just these variables and no `.env`; relative paths start at `folder`.
    pub fn from_pairs<K: Into<String>, V: Into<OsString>>(
        pairs: impl IntoIterator<Item = (K, V)>,
        folder: impl Into<PathBuf>,
    ) -> Self {
        Self {
            process: pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect(),
            dotenv: BTreeMap::new(),
            file: None,
            folder: folder.into(),
        }
    }

    fn snapshot(
        process: impl Iterator<Item = (OsString, OsString)>,
        folder: &Path,
    ) -> Result<Self> {
        let named = process.filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
        let mut env = Self::from_pairs(named, folder);
        let found =
            folder.ancestors().map(|folder| folder.join(".env")).find(|file| file.is_file());
        if let Some(file) = found {
            env.dotenv = read_dotenv(&file)?;
            file.parent().unwrap_or(folder).clone_into(&mut env.folder);
            env.file = Some(file);
        }
        Ok(env)
    }

    /// Where relative paths start: the folder of the `.env` that was found, else the working folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The `.env` that was found.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// What the variable is set to, under any of its names. An empty value counts as not set, and
    /// an empty one in the process environment hides the one of the same name in `.env`.
    ///
    /// # Errors
    /// [`Error::ConflictingVariables`] when two names have different values in the same place,
    /// [`Error::InvalidVariable`] for a value that is not UTF-8.
    pub fn get(&self, variable: &Variable) -> Result<Option<String>> {
        Ok(self.named(variable)?.map(|(_, value)| value))
    }

    /// What the variable is set to, else its default, as a `T`; `None` when there is neither.
    ///
    /// # Errors
    /// Those of [`get`](Self::get), and [`Error::InvalidVariable`] when the value is not a `T`.
    pub fn parse<T: Setting>(&self, variable: &Variable) -> Result<Option<T>> {
        let set = self.named(variable)?;
        let default = || variable.default.map(|value| (variable.name, value.to_owned()));
        let Some((name, value)) = set.or_else(default) else { return Ok(None) };
        match T::read(value.trim()) {
            Some(parsed) => Ok(Some(parsed)),
            None => Err(Error::InvalidVariable { name, value, allowed: T::ALLOWED.to_owned() }),
        }
    }

    /// Like [`parse`](Self::parse), for a variable that must have a value.
    ///
    /// # Errors
    /// Those of [`parse`](Self::parse), and [`Error::MissingVariable`] when it is not set and has
    /// no default.
    pub fn read<T: Setting>(&self, variable: &Variable) -> Result<T> {
        self.parse(variable)?.ok_or_else(|| Error::MissingVariable {
            name: variable.name,
            because: "it has no default".to_owned(),
        })
    }

    /// The value, and the name under which it was found.
    pub(crate) fn named(&self, variable: &Variable) -> Result<Option<(&'static str, String)>> {
        let mut of_process = Vec::new();
        let mut of_dotenv = Vec::new();
        for name in variable.names() {
            if let Some(value) = self.process.get(name) {
                let value = value.to_str().ok_or_else(|| Error::InvalidVariable {
                    name,
                    value: "…".to_owned(),
                    allowed: "text in UTF-8".to_owned(),
                })?;
                of_process.push((name, value));
            } else if let Some(value) = self.dotenv.get(name) {
                of_dotenv.push((name, value.as_str()));
            }
        }
        match agreed(&of_process)? {
            Some(found) => Ok(Some(found)),
            None => agreed(&of_dotenv),
        }
    }
}

fn agreed(found: &[(&'static str, &str)]) -> Result<Option<(&'static str, String)>> {
    let mut set = found.iter().filter(|(_, value)| !value.is_empty());
    let Some(&(name, value)) = set.next() else { return Ok(None) };
    match set.find(|(_, other)| *other != value) {
        Some(&(other, _)) => Err(Error::ConflictingVariables { first: name, second: other }),
        None => Ok(Some((name, value.to_owned()))),
    }
}

impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Env")
            .field("process", &self.process.keys())
            .field("dotenv", &self.dotenv.keys())
            .field("file", &self.file)
            .field("folder", &self.folder)
            .finish()
    }
}

fn read_dotenv(file: &Path) -> Result<BTreeMap<String, String>> {
    let text = fs::read_to_string(file)
        .map_err(|source| Error::DotenvUnreadable { file: file.to_owned(), source })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let given = Rc::new(Cell::new(0));
    let lines = Lines { rest: text.as_bytes(), given: Rc::clone(&given) };
    let mut values = BTreeMap::new();
    for pair in dotenvy::from_read_iter(lines) {
        let (name, value) = pair.map_err(|error| Error::DotenvMalformed {
            file: file.to_owned(),
            line: first_line(&error, given.get()),
        })?;
        values.entry(name).or_insert(value);
    }
    Ok(values)
}

/// dotenvy says which text it could not read, and not where it is: when it stops, the last line
/// that it took is the end of that text.
fn first_line(error: &dotenvy::Error, last: usize) -> usize {
    let lines = match error {
        dotenvy::Error::LineParse(text, _) => text.lines().count().max(1),
        _ => 1,
    };
    (last + 1).saturating_sub(lines).max(1)
}

/// Hands out one line at a time, and counts.
struct Lines<'a> {
    rest: &'a [u8],
    given: Rc<Cell<usize>>,
}

impl Read for Lines<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let line =
            self.rest.iter().position(|byte| *byte == b'\n').map_or(self.rest.len(), |at| at + 1);
        let length = line.min(buffer.len());
        let (now, rest) = self.rest.split_at(length);
        buffer[..length].copy_from_slice(now);
        if length == line && length > 0 {
            self.given.set(self.given.get() + 1);
        }
        self.rest = rest;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{APP_ENV, DB_NAME, DB_PASS, DB_PORT, Environment};

    fn env(pairs: &[(&str, &str)]) -> Env {
        Env::from_pairs(pairs.iter().copied(), "/somewhere")
    }

    fn with_dotenv(text: &str, process: &[(&str, &str)]) -> (tempfile::TempDir, Result<Env>) {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(".env"), text).unwrap();
        let below = folder.path().join("a/b");
        fs::create_dir_all(&below).unwrap();
        let process = process.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        let env = Env::snapshot(process, &below);
        (folder, env)
    }

    #[test]
    fn an_alias_is_read_like_the_name() {
        assert_eq!(env(&[("POSTGRES_DB", "shop")]).get(&DB_NAME).unwrap().unwrap(), "shop");
    }

    #[test]
    fn an_empty_value_is_not_set() {
        assert_eq!(env(&[("DB_NAME", ""), ("POSTGRES_DB", "")]).get(&DB_NAME).unwrap(), None);
        assert_eq!(
            env(&[("APP_ENV", "")]).read::<Environment>(&APP_ENV).unwrap(),
            Environment::Development
        );
    }

    #[test]
    fn two_names_that_agree_are_one_value() {
        let env = env(&[("DB_NAME", "shop"), ("POSTGRES_DB", "shop")]);
        assert_eq!(env.get(&DB_NAME).unwrap().unwrap(), "shop");
    }

    #[test]
    fn two_names_that_differ_are_an_error_that_names_both_and_no_value() {
        let error = env(&[("DB_PASSWORD", "geheim1"), ("POSTGRES_PASSWORD", "geheim2")])
            .get(&DB_PASS)
            .unwrap_err();

        assert_eq!(error.code(), "PLM0004");
        assert_eq!(
            error.to_string(),
            "`DB_PASSWORD` and `POSTGRES_PASSWORD` mean the same and are set to different values"
        );
        assert!(!error.hint().unwrap().contains("geheim"));
    }

    #[test]
    fn a_value_that_does_not_fit_is_an_error_that_names_the_alias_in_use() {
        let error = env(&[("APP_ENV", "prod")]).read::<Environment>(&APP_ENV).unwrap_err();
        assert_eq!(error.code(), "PLM0005");
        assert_eq!(
            error.to_string(),
            "`APP_ENV` is `prod`, which is not development or production"
        );
        assert_eq!(
            error.hint().unwrap(),
            "set `APP_ENV` to development or production, in the environment or in `.env`"
        );
    }

    #[test]
    fn a_variable_without_value_and_default_is_missing() {
        let error = env(&[]).read::<String>(&DB_PORT).unwrap_err();
        assert_eq!(
            (error.code(), error.to_string().as_str()),
            ("PLM0006", "`DB_PORT` is not set, and it has no default")
        );
    }

    #[test]
    fn dotenv_is_found_above_the_working_folder_and_its_folder_is_where_paths_start() {
        let (folder, env) = with_dotenv("DB_NAME=shop\n", &[]);
        let env = env.unwrap();

        assert_eq!(env.get(&DB_NAME).unwrap().unwrap(), "shop");
        assert_eq!(env.folder(), folder.path());
        assert_eq!(env.file().unwrap(), folder.path().join(".env"));
    }

    #[test]
    fn the_process_wins_over_dotenv_also_under_another_name() {
        let (_folder, env) = with_dotenv("DB_NAME=shop\n", &[("POSTGRES_DB", "other")]);
        assert_eq!(env.unwrap().get(&DB_NAME).unwrap().unwrap(), "other");
    }

    #[test]
    fn an_empty_value_of_the_process_hides_dotenv() {
        let (_folder, env) = with_dotenv("DB_NAME=shop\n", &[("DB_NAME", "")]);
        assert_eq!(env.unwrap().get(&DB_NAME).unwrap(), None);
    }

    #[test]
    fn a_malformed_dotenv_is_named_with_the_line_and_without_its_text() {
        let texts = [
            ("A=1\n\n# b\nDB_PASS=geheim sache\nC=2\n", 4),
            ("A=1\nB='open\nC=2\nD=geheim\n", 2),
            ("A='two\nlines'\nDB_PASS geheim", 3),
            ("\u{feff}DB_PASS geheim", 1),
        ];
        for (text, expected) in texts {
            let (folder, env) = with_dotenv(text, &[]);
            let error = env.unwrap_err();

            let file = folder.path().join(".env");
            assert_eq!(error.code(), "PLM0003", "{text}");
            assert_eq!(
                error.to_string(),
                format!("line {expected} of `{}` is not `NAME=value`", file.display()),
                "{text}"
            );
            assert!(!format!("{error:?}{}", error.hint().unwrap()).contains("geheim"));
        }
    }

    /// As `.env.example` says. Without quotes dotenvy puts a variable in place of `$geheim`.
    #[test]
    fn a_value_in_single_quotes_is_taken_as_it_is() {
        for value in
            ["ge$heim", "a b #c", r"a\b\n", "p@:/%#?& $x", "\"", "it's", "${HOME}", "🚢", " x "]
        {
            let quoted = value.replace('\'', r"'\''");
            let (_folder, env) = with_dotenv(&format!("DB_PASS='{quoted}'\r\n"), &[]);

            assert_eq!(env.unwrap().get(&DB_PASS).unwrap().as_deref(), Some(value));
        }
    }

    #[test]
    fn a_dotenv_that_is_not_utf_8_is_named_and_said_to_be_so() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(".env"), [0xff, 0xfe, 0x00]).unwrap();

        let error = Env::snapshot(std::iter::empty(), folder.path()).unwrap_err();

        assert_eq!(error.code(), "PLM0002");
        assert_eq!(
            error.to_string(),
            format!("cannot read `{}`", folder.path().join(".env").display())
        );
        let hint = error.hint().unwrap();
        assert!(hint.ends_with(".env` as text in UTF-8"), "{hint}");
    }

    #[test]
    fn long_lines_and_byte_order_marks_are_read() {
        let long = "x".repeat(20_000);
        let (_folder, env) = with_dotenv(&format!("\u{feff}DB_NAME={long}\r\nDB_PORT=1\r\n"), &[]);
        let env = env.unwrap();
        assert_eq!(env.get(&DB_NAME).unwrap().unwrap(), long);
        assert_eq!(env.get(&DB_PORT).unwrap().unwrap(), "1");
    }

    #[test]
    fn debug_shows_no_value() {
        let (_folder, env) = with_dotenv("DB_PASS=geheim\n", &[("DB_PASSWORD", "geheim")]);
        assert!(!format!("{:?}", env.unwrap()).contains("geheim"));
    }

    #[cfg(unix)]
    #[test]
    fn a_value_that_is_not_utf_8_is_an_error_that_does_not_show_it() {
        use std::os::unix::ffi::OsStringExt;
        let env = Env::from_pairs([("DB_PASS", OsString::from_vec(vec![b's', 0xff]))], ".");
        assert_eq!(
            env.get(&DB_PASS).unwrap_err().to_string(),
            "`DB_PASS` is `…`, which is not text in UTF-8"
        );
    }
}
