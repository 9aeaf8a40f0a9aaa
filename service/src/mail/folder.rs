//! Mail that is written into a folder, for development and for whatever takes it from there.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::SystemTime,
};

use plimsoll::{
    random::{OsRandom, Random as _},
    retry::BoxFuture,
};

use super::{Failure, Message, Sender};

/// Writes each message as a file `….eml`, in the order of their names. A file that is there is whole,
/// and only the owner of the process may read it.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Writes into that folder, which is made with the first message.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }
}

impl Sender for Folder {
    fn send<'s>(&'s self, message: &'s Message) -> BoxFuture<'s, Result<(), Failure>> {
        let (path, text) = (self.path.clone(), message.text().to_vec());
        Box::pin(async move {
            let shown = path.display().to_string();
            let written = blocking::unblock(move || write(&path, &text)).await;
            written.map_err(|error| Failure {
                because: format!("cannot write into `{shown}`: {error}"),
            })
        })
    }
}

/// Writes under a name that nobody looks for, and renames.
fn write(folder: &Path, text: &[u8]) -> io::Result<()> {
    make(folder)?;
    let name = name();
    let part = folder.join(format!(".{name}.part"));
    let written = create(&part)
        .and_then(|mut file| file.write_all(text).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&part, folder.join(format!("{name}.eml"))));
    if written.is_err() {
        // What went wrong before is what is told.
        let _ = fs::remove_file(&part);
    }
    written
}

/// The time, and chance: of several processes none writes over what another wrote.
fn name() -> String {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let mut bits = [0; 8];
    OsRandom.fill(&mut bits);
    format!("{:020}-{:016x}", since.as_micros(), u64::from_be_bytes(bits))
}

fn make(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_message_is_a_whole_file_of_its_own() {
        let scratch = std::env::temp_dir().join(format!("plimsoll-mail-{}", name()));
        let folder = scratch.join("below");

        write(&folder, b"one\r\n").unwrap();
        write(&folder, b"two\r\n").unwrap();

        let names = names(&folder);
        let texts: Vec<Vec<u8>> =
            names.iter().map(|name| fs::read(folder.join(name)).unwrap()).collect();
        fs::remove_dir_all(&scratch).unwrap();
        assert_eq!(texts, [b"one\r\n", b"two\r\n"]);
        assert!(
            names.iter().all(|name| Path::new(name).extension().is_some_and(|it| it == "eml")),
            "{names:?}"
        );
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_may_read_it() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = std::env::temp_dir().join(format!("plimsoll-mail-{}", name()));

        write(&folder, b"one\r\n").unwrap();

        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let modes = (mode(&folder), mode(&folder.join(&names(&folder)[0])));
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(modes, (0o700, 0o600));
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_an_error() {
        let folder = std::env::temp_dir().join(format!("plimsoll-mail-{}", name()));
        fs::write(&folder, b"a file where a folder should be").unwrap();

        let refused = write(&folder, b"one\r\n");

        let kept = fs::read(&folder).unwrap();
        fs::remove_file(&folder).unwrap();
        assert!(refused.is_err());
        assert_eq!(kept, b"a file where a folder should be");
    }
}
