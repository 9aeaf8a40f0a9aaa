//! The file of a copy: made beside its name, and under its name only when it is whole.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};

use crate::{
    error::{MigrationError, Result},
    names::hex,
    random::{OsRandom, Random as _},
};

/// What stands behind the name of the file in the name of the one with its digest.
const DIGEST: &str = ".sha256";
/// How much of a file is read at once.
const CHUNK: usize = 1 << 16;

/// A copy that is not whole yet, which nobody but its user may read. It goes when it is dropped.
#[derive(Debug)]
pub(crate) struct Partial {
    file: PathBuf,
    partial: PathBuf,
}

fn failed(doing: &'static str, file: &Path) -> impl FnOnce(io::Error) -> MigrationError {
    move |source| MigrationError::CopyFile { doing, file: file.to_owned(), source }
}

fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name: OsString = file.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

fn taken(file: &Path) -> MigrationError {
    let source = io::ErrorKind::AlreadyExists.into();
    MigrationError::CopyFile { doing: "write", file: file.to_owned(), source }
}

impl Partial {
    /// Begins a copy that will be `file`; makes its folder.
    ///
    /// # Errors
    /// [`MigrationError::CopyFile`], also when there is such a file already.
    pub(crate) fn begin(file: &Path) -> Result<Self> {
        if file.symlink_metadata().is_ok() || beside(file, DIGEST).symlink_metadata().is_ok() {
            return Err(taken(file).into());
        }
        if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder).map_err(failed("make the folder of", file))?;
        }
        let mut chance = [0; 6];
        OsRandom.fill(&mut chance);
        let partial = beside(file, &format!(".{}.partial", hex(&chance)));
        private(&partial).map_err(failed("write", file))?;
        Ok(Self { file: file.to_owned(), partial })
    }

    /// Where it is written meanwhile: a file that is there, and empty.
    pub(crate) fn path(&self) -> &Path {
        &self.partial
    }

    /// Gives it its name, with its digest beside it, both kept by the disk. Tells how large it is.
    ///
    /// # Errors
    /// [`MigrationError::CopyFile`], also when somebody made such a file meanwhile.
    pub(crate) fn finish(self) -> Result<u64> {
        let file = &self.file;
        let written = fs::metadata(&self.partial).map_err(failed("read", file))?;
        if written.len() == 0 {
            let problem = "nothing was written: the database has nothing in it".to_owned();
            return Err(MigrationError::BadCopy { file: file.clone(), problem }.into());
        }
        let digest = digest(&self.partial).map_err(failed("read", file))?;
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let sum = beside(file, DIGEST);
        let write = || {
            let mut sum = private(&sum)?;
            writeln!(sum, "{digest}  {name}")?;
            sum.sync_all()?;
            let copy = File::open(&self.partial)?;
            copy.sync_all()?;
            let bytes = copy.metadata()?.len();
            // A link is refused where a name is taken; renaming would take it from whoever has it.
            match fs::hard_link(&self.partial, file) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                    if file.symlink_metadata().is_ok() {
                        return Err(io::ErrorKind::AlreadyExists.into());
                    }
                    fs::rename(&self.partial, file)?;
                }
                linked => linked?,
            }
            // What a folder has is kept by its own `fsync`, where a folder can be opened.
            let folder = file.parent().filter(|it| !it.as_os_str().is_empty());
            if let Ok(folder) = File::open(folder.unwrap_or(Path::new("."))) {
                folder.sync_all()?;
            }
            Ok(bytes)
        };
        write().map_err(|source: io::Error| {
            if source.kind() != io::ErrorKind::AlreadyExists {
                let _ = fs::remove_file(&sum);
            }
            failed("write", file)(source).into()
        })
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // Under its own name it stays; this is a second one, or what is not whole. What SQLite keeps
        // beside it goes too.
        for ending in ["", "-journal", "-wal", "-shm"] {
            let _ = fs::remove_file(beside(&self.partial, ending));
        }
    }
}

/// A new file that only its user may read: a copy has everything that the database has.
fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn digest(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut sum = Sha256::new();
    let mut chunk = vec![0; CHUNK];
    loop {
        match file.read(&mut chunk)? {
            0 => return Ok(hex(&sum.finalize())),
            read => sum.update(&chunk[..read]),
        }
    }
}

/// Opens a copy.
///
/// # Errors
/// [`MigrationError::CopyFile`].
pub(crate) fn open(file: &Path) -> Result<File> {
    Ok(File::open(file).map_err(failed("read", file))?)
}

/// The first and the last `length` bytes of a copy.
///
/// # Errors
/// [`MigrationError::CopyFile`].
pub(crate) fn ends(file: &Path, length: u64) -> Result<[Vec<u8>; 2]> {
    let read = || {
        let mut copy = File::open(file)?;
        let (mut head, mut tail) = (Vec::new(), Vec::new());
        io::Read::by_ref(&mut copy).take(length).read_to_end(&mut head)?;
        let bytes = copy.metadata()?.len();
        copy.seek(SeekFrom::Start(bytes.saturating_sub(length)))?;
        copy.read_to_end(&mut tail)?;
        Ok([head, tail])
    };
    Ok(read().map_err(failed("read", file))?)
}

/// Compares a copy with the digest beside it, where there is one.
///
/// # Errors
/// [`MigrationError::BadCopy`] when it is another file than was written, [`MigrationError::CopyFile`].
pub(crate) fn compare_digest(file: &Path) -> Result<()> {
    let Ok(written) = fs::read_to_string(beside(file, DIGEST)) else { return Ok(()) };
    let now = digest(file).map_err(failed("read", file))?;
    if written.split_whitespace().next() == Some(&now) {
        return Ok(());
    }
    let sum = beside(file, DIGEST);
    let problem =
        format!("it is not what was written: its SHA-256 is not the one in `{}`", sum.display());
    Err(MigrationError::BadCopy { file: file.to_owned(), problem }.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_has_its_name_when_it_is_whole_and_takes_nobodys() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("in/here/copy.db");
        let names = || -> Vec<String> {
            let entries = fs::read_dir(file.parent().unwrap()).unwrap();
            let mut names: Vec<_> =
                entries.map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
            names.sort();
            names
        };

        drop(Partial::begin(&file).unwrap());
        assert!(names().is_empty());
        let first = Partial::begin(&file).unwrap();
        let second = Partial::begin(&file).unwrap();
        fs::write(first.path(), "whole").unwrap();
        fs::write(second.path(), "other").unwrap();
        assert!(!file.exists());
        assert_eq!(first.finish().unwrap(), 5);
        let refused = second.finish().unwrap_err();

        assert_eq!(refused.code(), "PLM0078");
        assert_eq!(Partial::begin(&file).unwrap_err().code(), "PLM0078");
        assert_eq!(names(), ["copy.db", "copy.db.sha256"]);
        compare_digest(&file).unwrap();
        fs::write(&file, "whale").unwrap();
        assert_eq!(compare_digest(&file).unwrap_err().code(), "PLM0077");
    }
}
