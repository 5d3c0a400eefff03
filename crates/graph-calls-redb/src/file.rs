//! The file: opened, checked, and read once.

use std::{
    fs::{File, OpenOptions},
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

use redb::{Builder, Database, ReadableDatabase, ReadableTable, StorageBackend, backends::FileBackend};

use crate::{
    calls::{CALLS, DEAD, EPOCH, INBOX, META, SEEN, STATES, VERSION},
    error::{Failure, OpenError, is_of_content},
    index::Index,
    record::{Record, Time},
};

/// The version of what is in the file. One that changes what is there gets the next.
const KNOWN: u64 = 1;

/// What the database keeps in memory of the file. The calls that are under way are small.
const CACHE: usize = 64 << 20;

#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) database: Database,
    pub(crate) index: Index,
}

/// Opens the file, or makes it.
pub(crate) fn open(path: &Path, now: Time) -> Result<Opened, OpenError> {
    let path_buf = || path.to_owned();
    let file = open_file(path).map_err(|source| OpenError::Io { path: path_buf(), source })?;
    let opened = FileBackend::new(file).map_err(Failure::from);
    opened
        .and_then(|backend| with_backend(backend, CACHE, now))
        .map_err(|failure| open_error(path_buf(), failure))
}

fn open_error(path: PathBuf, failure: Failure) -> OpenError {
    match failure {
        Failure::InUse => OpenError::InUse { path },
        Failure::Damaged(why) => OpenError::Damaged { path, why },
        Failure::Unsupported(found) => OpenError::Unsupported { path, found, known: KNOWN },
        Failure::Unavailable(why) | Failure::Unclear(why) => {
            OpenError::Io { path, source: io::Error::other(why) }
        }
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Damaged { why, .. } => Self::Damaged(why),
            OpenError::Unsupported { found, .. } => Self::Unsupported(found),
            OpenError::InUse { .. } => Self::InUse,
            OpenError::Io { source, .. } if is_of_content(&source) => Self::Damaged(source.to_string()),
            OpenError::Io { source, .. } => Self::Unavailable(source.to_string()),
        }
    }
}

/// What people say is in it: nobody else may read it.
fn open_file(path: &Path) -> io::Result<File> {
    let is_new = !path.exists();
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    #[cfg(unix)]
    if is_new {
        // Without it a machine that stops may forget that there is a file.
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    #[cfg(not(unix))]
    let _ = is_new;
    Ok(file)
}

/// Checks all of the file and reads what must be known of each call. A damaged one is an error, whatever it does to
/// whoever reads it.
pub(crate) fn with_backend(backend: impl StorageBackend, cache: usize, now: Time) -> Result<Opened, Failure> {
    let open = || {
        let database = Builder::new()
            .set_cache_size(cache)
            .set_check_integrity_on_open(true)
            .create_with_backend(backend)?;
        prepare(&database)?;
        let index = load(&database, now)?;
        Ok(Opened { database, index })
    };
    catch_unwind(AssertUnwindSafe(open)).unwrap_or_else(|panic| Err(Failure::of_panic(&*panic)))
}

/// Makes the tables of a new file, and looks at the version of one that was there.
fn prepare(database: &Database) -> Result<(), Failure> {
    let mut transaction = database.begin_write()?;
    transaction.set_two_phase_commit(true);
    let is_new = transaction.list_tables()?.next().is_none();
    {
        let mut meta = transaction.open_table(META)?;
        let found = meta.get(VERSION)?.map(|version| version.value());
        match found {
            Some(KNOWN) => return Ok(()),
            Some(found) => return Err(Failure::Unsupported(found)),
            None if is_new => {}
            None => return Err(Failure::Damaged("it is the file of another program".to_owned())),
        }
        meta.insert(VERSION, KNOWN)?;
        meta.insert(EPOCH, 0)?;
        transaction.open_table(CALLS)?;
        transaction.open_table(STATES)?;
        transaction.open_table(INBOX)?;
        transaction.open_table(DEAD)?;
        transaction.open_table(SEEN)?;
    }
    Ok(transaction.commit()?)
}

fn load(database: &Database, now: Time) -> Result<Index, Failure> {
    let mut index = Index::default();
    let transaction = database.begin_read()?;
    for entry in transaction.open_table(CALLS)?.iter()? {
        let (key, record) = entry?;
        let record = Record::from_bytes(record.value()).ok_or_else(|| unreadable("a call", key.value()))?;
        index.load(key.value(), record, now);
    }
    Ok(index)
}

pub(crate) fn unreadable(what: &str, key: u128) -> Failure {
    Failure::Damaged(format!("{what} of {key:032x} cannot be read"))
}
