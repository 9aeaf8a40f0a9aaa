//! The migration crate: its list of migrations, and its files.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use crate::{
    error::{MigrationError, Result},
    write::Form,
};

/// A migration crate with the list that it has.
pub(super) struct Crate {
    folder: PathBuf,
    list: PathBuf,
    text: String,
    /// What its list is made of.
    pub(super) form: Form,
}

impl Crate {
    /// The crate that is named, else the one in the working folder or above it.
    ///
    /// # Errors
    /// [`MigrationError::NotAMigrationCrate`] when there is none.
    pub(super) fn find(named: Option<&Path>) -> Result<Self, MigrationError> {
        let refused = |folder: &Path, problem: &str| MigrationError::NotAMigrationCrate {
            folder: folder.to_path_buf(),
            problem: problem.to_owned(),
        };
        if let Some(folder) = named {
            let problem = "its `src/lib.rs` has no list of migrations";
            return Self::read(folder).ok_or_else(|| refused(folder, problem));
        }
        let here = std::env::current_dir().map_err(file_error("read", Path::new(".")))?;
        here.ancestors()
            .flat_map(|folder| [folder.join("migration"), folder.to_path_buf()])
            .find_map(|folder| Self::read(&folder))
            .ok_or_else(|| refused(&here, "neither it nor a folder above it has a migration crate"))
    }

    /// The crate in a folder, if one with a list is there.
    fn read(folder: &Path) -> Option<Self> {
        let list = folder.join("src/lib.rs");
        let text = fs::read_to_string(&list).ok()?;
        let form = form_of(&text)?;
        Some(Self { folder: folder.to_path_buf(), list, text, form })
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where the file of a migration goes.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.files().join(format!("{name}.rs"))
    }

    fn files(&self) -> PathBuf {
        let folder = if self.text.contains("mod versions {") { "src/versions" } else { "src" };
        self.folder.join(folder)
    }

    /// Remarks on files of migrations that the list does not know: what a run leaves that is killed
    /// between the two.
    pub(super) fn unlisted(&self) -> Vec<String> {
        let is_migration = |path: &PathBuf| {
            let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
            path.extension().is_some_and(|it| it == "rs")
                && name
                    .strip_prefix('m')
                    .is_some_and(|it| it.starts_with(|it: char| it.is_ascii_digit()))
                && !self.text.contains(&format!("mod {name};"))
        };
        let entries = fs::read_dir(self.files()).into_iter().flatten().flatten();
        let mut files: Vec<PathBuf> =
            entries.map(|entry| entry.path()).filter(is_migration).collect();
        files.sort();
        let remark = |file: &PathBuf| {
            let file = file.display();
            format!(
                "`{file}` is in no list: a run that wrote it was interrupted, or somebody forgot it"
            )
        };
        files.iter().map(remark).collect()
    }

    /// The text of the list with the migration at its end.
    ///
    /// # Errors
    /// [`MigrationError::NotAMigrationCrate`] when it has a form that nothing can be added to.
    pub(super) fn list_with(&self, name: &str) -> Result<String, MigrationError> {
        let refused =
            |problem| MigrationError::NotAMigrationCrate { folder: self.folder.clone(), problem };
        add_to_list(&self.text, name).map(|(changed, _)| changed).map_err(refused)
    }

    /// Writes the file and adds it to the list: both, or neither.
    pub(super) fn add(mut self, name: &str, source: &str) -> Result<PathBuf> {
        // Whoever answered questions may have taken his time.
        self.text = fs::read_to_string(&self.list).map_err(file_error("read", &self.list))?;
        let changed = self.list_with(name)?;
        let file = self.file(name);
        if file.exists() {
            let source = io::Error::from(io::ErrorKind::AlreadyExists);
            return Err(file_error("write", &file)(source).into());
        }
        let migration = Half::write(&file, source)?;
        let list = Half::write(&self.list, &changed)?;
        // A file that no list knows harms nobody; a list that names what is not there does.
        migration.put()?;
        if let Err(error) = list.put() {
            let _ = fs::remove_file(&file);
            return Err(error);
        }
        Ok(file)
    }
}

fn form_of(text: &str) -> Option<Form> {
    if text.contains("history! {") {
        Some(Form::Declared)
    } else if text.contains("MigratorTrait for") {
        Some(Form::Imperative)
    } else {
        None
    }
}

/// The list with the migration at its end, and the form that it has.
///
/// A line for the module and a line in the list: two branches that both add one conflict in a merge
/// rather than lose one.
fn add_to_list(text: &str, name: &str) -> Result<(String, Form), String> {
    let form = form_of(text).ok_or("its `src/lib.rs` has no list of migrations")?;
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let (open, close) = match form {
        Form::Declared => ("history! {", "}"),
        Form::Imperative => ("vec![", "]"),
    };
    spread(&mut lines, open, close);
    let end = closing(&lines, open, close)
        .ok_or("the list of migrations in its `src/lib.rs` does not end on a line of its own")?;
    let indent = indentation(&lines[end]) + 4;
    let entry = match form {
        Form::Declared => format!("{}declared {name},", " ".repeat(indent)),
        Form::Imperative => format!("{}Box::new({name}::Migration),", " ".repeat(indent)),
    };
    lines.insert(end, entry);
    let module = |line: &String| {
        let item = line.trim_start().trim_start_matches("pub(crate) ").trim_start_matches("pub ");
        item.starts_with("mod m") && item.ends_with(';')
    };
    match lines.iter().rposition(module) {
        Some(last) => {
            let line = &lines[last];
            let head = &line[..line.find("mod ").unwrap_or(0)];
            lines.insert(last + 1, format!("{head}mod {name};"));
        }
        None => {
            if let Some(open) = lines.iter().position(|line| line.contains("mod versions {")) {
                // As rustfmt writes a module that is empty.
                let head = lines[open].trim_end().strip_suffix('}').map(|it| it.trim_end().len());
                if let Some(head) = head {
                    lines[open].truncate(head);
                    lines.insert(open + 1, "}".to_owned());
                }
                lines.insert(open + 1, format!("    pub(crate) mod {name};"));
            } else {
                let is_head = |line: &String| line.starts_with("//!") || line.starts_with("#!");
                let first = lines.iter().position(|line| !is_head(line)).unwrap_or(0);
                lines.insert(first, format!("mod {name};"));
            }
        }
    }
    let mut changed = lines.join("\n");
    changed.push('\n');
    Ok((changed, form))
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// Spreads a list on one line, as `sea-orm-cli migrate init` and rustfmt write a short one, over a
/// line for each.
fn spread(lines: &mut Vec<String>, open: &str, close: &str) {
    let one_line = lines.iter().enumerate().find_map(|(at, line)| {
        let open = line.find(open)? + open.len();
        let close = open + line[open..].find(close)?;
        Some((at, open, close))
    });
    let Some((at, open, close)) = one_line else { return };
    let line = lines[at].clone();
    let outer = " ".repeat(indentation(&line));
    let entries = line[open..close].split(',').map(str::trim).filter(|entry| !entry.is_empty());
    let mut spread = vec![line[..open].to_owned()];
    spread.extend(entries.map(|entry| format!("{outer}    {entry},")));
    spread.push(format!("{outer}{}", &line[close..]));
    lines.splice(at..=at, spread);
}

/// The line that closes what a line with `open` opens: the next one that begins with `close`.
fn closing(lines: &[String], open: &str, close: &str) -> Option<usize> {
    let start = lines.iter().position(|line| line.contains(open))?;
    let end = lines[start + 1..].iter().position(|line| line.trim_start().starts_with(close))?;
    Some(start + 1 + end)
}

/// The text of a file beside the file, until it is put in its place by a rename. It goes when that
/// does not happen.
struct Half<'h> {
    beside: PathBuf,
    file: &'h Path,
}

impl<'h> Half<'h> {
    /// Writes it through to the disk.
    fn write(file: &'h Path, text: &str) -> Result<Self, MigrationError> {
        let half = Self { beside: file.with_extension("rs.new"), file };
        let permissions = fs::metadata(file).ok().map(|it| it.permissions());
        // A rename would go over it all the same.
        if permissions.as_ref().is_some_and(fs::Permissions::readonly) {
            let source = io::Error::from(io::ErrorKind::PermissionDenied);
            return Err(file_error("write", file)(source));
        }
        let write = || {
            // Git keeps no empty folder.
            if let Some(folder) = half.beside.parent() {
                fs::create_dir_all(folder)?;
            }
            let mut beside = File::create(&half.beside)?;
            beside.write_all(text.as_bytes())?;
            if let Some(permissions) = permissions {
                beside.set_permissions(permissions)?;
            }
            beside.sync_all()
        };
        write().map_err(file_error("write", &half.beside))?;
        Ok(half)
    }

    fn put(self) -> Result<()> {
        Ok(fs::rename(&self.beside, self.file).map_err(file_error("write", self.file))?)
    }
}

impl Drop for Half<'_> {
    fn drop(&mut self) {
        // After the rename there is none.
        let _ = fs::remove_file(&self.beside);
    }
}

fn file_error(doing: &'static str, file: &Path) -> impl FnOnce(io::Error) -> MigrationError {
    let file = file.to_path_buf();
    move |source| MigrationError::File { doing, file, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "//! The history.\n\nmod versions {\n    pub(crate) mod m1_a;\n}\n\nuse versions::*;\n\n\
                        plimsoll::history! {\n    declared m1_a,\n}\n";
    const SEAORM: &str = "pub use sea_orm_migration::prelude::*;\n\nmod m1_a;\n\npub struct Migrator;\n\n\
                          #[async_trait::async_trait]\nimpl MigratorTrait for Migrator {\n    \
                          fn migrations() -> Vec<Box<dyn MigrationTrait>> {\n        vec![\n            \
                          Box::new(m1_a::Migration),\n        ]\n    }\n}\n";

    #[test]
    fn a_migration_goes_to_the_end_of_our_list() {
        let (text, form) = add_to_list(OURS, "m2_b").unwrap();

        assert_eq!(form, Form::Declared);
        assert!(text.contains("    pub(crate) mod m1_a;\n    pub(crate) mod m2_b;\n}"), "{text}");
        assert!(text.contains("    declared m1_a,\n    declared m2_b,\n}"), "{text}");
    }

    #[test]
    fn a_migration_goes_to_the_end_of_a_seaorm_list() {
        let (text, form) = add_to_list(SEAORM, "m2_b").unwrap();

        assert_eq!(form, Form::Imperative);
        assert!(text.contains("mod m1_a;\nmod m2_b;\n"), "{text}");
        assert!(
            text.contains(
                "Box::new(m1_a::Migration),\n            Box::new(m2_b::Migration),\n        ]"
            ),
            "{text}"
        );
    }

    #[test]
    fn a_list_on_one_line_is_spread() {
        let fresh = SEAORM.replace(
            "vec![\n            Box::new(m1_a::Migration),\n        ]",
            "vec![Box::new(m1_a::Migration)]",
        );
        let none = SEAORM
            .replace("vec![\n            Box::new(m1_a::Migration),\n        ]", "vec![]")
            .replace("mod m1_a;\n\n", "");

        let (text, _) = add_to_list(&fresh, "m2_b").unwrap();
        let (first, _) = add_to_list(&none, "m2_b").unwrap();

        assert_eq!(text, add_to_list(SEAORM, "m2_b").unwrap().0);
        assert!(
            first.contains("vec![\n            Box::new(m2_b::Migration),\n        ]"),
            "{first}"
        );
    }

    #[test]
    fn an_empty_list_takes_its_first_migration() {
        let ours =
            OURS.replace("    pub(crate) mod m1_a;\n", "").replace("    declared m1_a,\n", "");

        let (text, _) = add_to_list(&ours, "m2_b").unwrap();

        assert!(text.contains("mod versions {\n    pub(crate) mod m2_b;\n}"), "{text}");
        assert!(text.contains("plimsoll::history! {\n    declared m2_b,\n}"), "{text}");
    }

    #[test]
    fn a_list_that_is_empty_as_rustfmt_writes_it_takes_its_first_migration() {
        let empty = "mod versions {}\n\nuse versions::*;\n\nplimsoll::history! {}\n";

        let (text, _) = add_to_list(empty, "m2_b").unwrap();

        assert_eq!(
            text,
            "mod versions {\n    pub(crate) mod m2_b;\n}\n\nuse versions::*;\n\n\
             plimsoll::history! {\n    declared m2_b,\n}\n"
        );
    }

    #[test]
    fn a_crate_without_a_list_is_refused() {
        assert!(add_to_list("fn main() {}\n", "m2_b").is_err());
        let odd = "impl MigratorTrait for M { fn migrations() -> X { list() } }";
        assert!(add_to_list(odd, "m2_b").unwrap_err().contains("does not end"));
    }
}
