//! Why the file cannot be used.

use std::{any::Any, io, path::PathBuf, time::Duration};

use graph_calls_bot::store::StoreError;
use redb::{CommitError, DatabaseError, StorageError, TableError, TransactionError};

/// Why a store was not opened. Each names the file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Another process has it open, or this one has it open already.
    #[error("{} is in use: only one process at a time can keep its calls there", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// What is in it is not what was written.
    #[error("{} is damaged, or no store: {why}; restore it, or move it away to begin without its calls", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        why: String,
    },
    /// Another version of this crate wrote it.
    #[error("{} has version {found} of the store, this program knows version {known}", path.display())]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// The version in the file.
        found: u64,
        /// The version that can be read.
        known: u64,
    },
    /// The system does not let us.
    #[error("cannot open {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// Why a step failed, whoever waits for it. It is told to all of a batch.
#[derive(Debug, Clone)]
pub(crate) enum Failure {
    /// Another process has the file open.
    InUse,
    /// It was not done.
    Unavailable(String),
    /// It may have been done.
    Unclear(String),
    /// The file cannot be read.
    Damaged(String),
    /// Another version wrote it.
    Unsupported(u64),
}

impl Failure {
    /// After a step that went wrong by itself.
    pub(crate) fn of_panic(panic: &(dyn Any + Send)) -> Self {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        Self::Damaged(text.unwrap_or("it cannot be read").to_owned())
    }

    /// The same, where the transaction may have been committed.
    pub(crate) fn unclear(self) -> Self {
        match self {
            Self::Unavailable(why) => Self::Unclear(why),
            other => other,
        }
    }

    /// For whoever waits. The file is named, because people on call look for it.
    pub(crate) fn to_store_error(&self, path: &std::path::Path) -> StoreError {
        let path = path.display();
        let unavailable = |why: &str| StoreError::Unavailable {
            retry_after: Duration::from_secs(1),
            why: format!("{path}: {why}"),
        };
        match self {
            Self::InUse => unavailable("another process has it open"),
            Self::Unavailable(why) => unavailable(why),
            Self::Unclear(why) => StoreError::Unclear(format!("{path}: {why}").into()),
            Self::Damaged(why) => StoreError::Damaged(format!("{path}: {why}")),
            Self::Unsupported(found) => StoreError::Unsupported(format!("{path} has version {found}")),
        }
    }
}

impl From<StorageError> for Failure {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Corrupted(why) => Self::Damaged(why),
            StorageError::LockPoisoned(_) => Self::Damaged(error.to_string()),
            StorageError::Io(error) if is_of_content(&error) => Self::Damaged(error.to_string()),
            error => Self::Unavailable(error.to_string()),
        }
    }
}

/// Whether an error of the system is about what is in the file.
pub(crate) fn is_of_content(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof)
}

impl From<TableError> for Failure {
    fn from(error: TableError) -> Self {
        match error {
            TableError::Storage(error) => error.into(),
            // Tables of other types: not what we have written.
            error => Self::Damaged(error.to_string()),
        }
    }
}

impl From<TransactionError> for Failure {
    fn from(error: TransactionError) -> Self {
        match error {
            TransactionError::Storage(error) => error.into(),
            error => Self::Unavailable(error.to_string()),
        }
    }
}

impl From<CommitError> for Failure {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Storage(error) => Self::from(error).unclear(),
            error => Self::Unclear(error.to_string()),
        }
    }
}

impl From<DatabaseError> for Failure {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::Storage(error) => error.into(),
            DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => Self::InUse,
            DatabaseError::UpgradeRequired(_) => Self::Damaged(error.to_string()),
            error => Self::Unavailable(error.to_string()),
        }
    }
}
