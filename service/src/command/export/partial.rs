//! A file that has its name when it is whole, and that nobody else may read.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io,
    path::{Path, PathBuf},
};

use service::World;

/// A file that is not whole yet. It goes when it is dropped.
#[derive(Debug)]
pub(super) struct Partial {
    file: File,
    path: PathBuf,
    name: PathBuf,
}

impl Partial {
    /// Begins a file that will have that name.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`] when there is one and it is not to be written over.
    pub(super) fn begin(name: &Path, force: bool) -> io::Result<Self> {
        if !force && name.symlink_metadata().is_ok() {
            return Err(taken());
        }
        let mut chance = [0; 8];
        World::system().random.fill(&mut chance);
        let mut path: OsString = name.as_os_str().to_owned();
        path.push(format!(".{:016x}.partial", u64::from_le_bytes(chance)));
        let path = PathBuf::from(path);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        Ok(Self { file: options.open(&path)?, path, name: name.to_owned() })
    }

    /// What is written to.
    pub(super) fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// Gives it its name, when the disk has kept it.
    ///
    /// # Errors
    /// Those of [`Partial::begin`]: somebody may have made such a file meanwhile.
    pub(super) fn finish(self, force: bool) -> io::Result<()> {
        self.file.sync_all()?;
        if force {
            fs::rename(&self.path, &self.name)?;
        } else {
            self.link()?;
        }
        // What a folder has is kept by its own `fsync`, where a folder can be opened.
        let folder = self.name.parent().filter(|it| !it.as_os_str().is_empty());
        if let Ok(folder) = File::open(folder.unwrap_or(Path::new("."))) {
            folder.sync_all()?;
        }
        Ok(())
    }

    /// A link is refused where a name is taken; renaming would take it from whoever has it. Not
    /// every file system has links.
    fn link(&self) -> io::Result<()> {
        match fs::hard_link(&self.path, &self.name) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(taken()),
            Err(_) if self.name.symlink_metadata().is_ok() => Err(taken()),
            Err(_) => fs::rename(&self.path, &self.name),
            Ok(()) => Ok(()),
        }
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // Under its own name it stays; this is a second one, or what is not whole.
        let _ = fs::remove_file(&self.path);
    }
}

fn taken() -> io::Error {
    io::Error::new(io::ErrorKind::AlreadyExists, "it is there already; --force writes over it")
}
