//! Where the file lies.

use std::{env, fs, io, path::Path, path::PathBuf};

/// A folder that goes with its trial.
///
/// It is in memory where the system has such a place: what a killed process has written is the system's there as it is on
/// a disk, and however busy the disk is, the bot gets something done before it is killed.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// A folder of its own.
    ///
    /// # Errors
    ///
    /// When the system does not let us.
    pub fn new() -> io::Result<Self> {
        let memory = Path::new("/dev/shm");
        let parent = if memory.is_dir() { memory.to_owned() } else { env::temp_dir() };
        let folder = parent.join(format!("graph-calls-kill-{:016x}", fastrand::u64(..)));
        fs::create_dir(&folder)?;
        Ok(Self(folder))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
