//! The store, as its users hold it.

use std::{
    fmt,
    path::Path,
    sync::{Arc, atomic::Ordering},
    thread::{Builder, JoinHandle},
    time::Duration,
};

use async_trait::async_trait;
use graph_calls_bot::{
    core::Wall,
    store::{
        Accepted, Arrival, Browse, CallStore, Change, Claim, ClaimRef, Counts, Entry, InstanceId, Renewed,
        StoreError, Stored, Want,
    },
};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, timeout},
};

use crate::{
    error::{Failure, OpenError},
    file::{self, Opened},
    record::{Time, from_time, to_time},
    worker::{Answer, Job, Op, Reopen, Shared, Worker},
};

/// How many steps may wait for the thread. Whoever has one more waits to hand it in.
const QUEUE: usize = 1_024;

/// How long a file that could not be used is left alone.
const REST: Duration = Duration::from_secs(1);

/// Longer than anybody waits, and short enough to add to any time.
const A_DAY: Duration = Duration::from_secs(24 * 3_600);

/// Keeps calls in a file of this machine, for one process.
///
/// Each step is on disk before its answer, so that whatever was accepted survives a process that is killed, and a machine
/// that stops as far as its disk keeps what it has synced. Steps that wait together share a transaction, at most 256.
/// A renewal writes nothing.
///
/// On open the whole file is checked, which takes as long as reading it, and nobody holds any call: all that was under way
/// can be claimed at once. A claim without a commit when the process died counts as one that ended by its lease.
///
/// In memory it keeps some 300 bytes for each call, 32 for each call that is over and not forgotten, and a cache of 64
/// MiB at most. Only the user that runs the bot can read the file (mode 0600, where there are modes).
///
/// Dropping it finishes what waits and closes the file.
///
/// # Examples
///
/// ```
/// use graph_calls_redb::{OpenError, RedbStore};
///
/// # let path = std::env::temp_dir().join(format!("store-{}.redb", std::process::id()));
/// let store = RedbStore::open(&path)?;
/// assert!(matches!(RedbStore::open(&path), Err(OpenError::InUse { .. })));
/// drop(store);
/// RedbStore::open(&path)?;
/// # let _ = std::fs::remove_file(path);
/// # Ok::<(), OpenError>(())
/// ```
pub struct RedbStore {
    shared: Arc<Shared>,
    wall: Wall,
    /// Taken when the store is dropped, which ends the thread.
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

/// What a [`RedbStore`] has done since it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Calls of its methods, but for `work`.
    pub steps: u64,
    /// Transactions that were written and synced for them.
    pub commits: u64,
}

impl fmt::Debug for RedbStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedbStore").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

impl RedbStore {
    /// Opens the file, or makes it if it is not there or empty. Reads and checks all of it.
    ///
    /// # Errors
    ///
    /// When another process has it open, when it is damaged or of another version, and when the system refuses.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        let path = path.as_ref().to_owned();
        let opened = file::open(&path, to_time(Wall::system().now()))?;
        let again = path.clone();
        let reopen = Box::new(move |now: Time| file::open(&again, now).map_err(Failure::from));
        Self::start(&path, opened, reopen, REST).map_err(|source| OpenError::Io { path, source })
    }

    pub(crate) fn start(
        path: &Path,
        opened: Opened,
        reopen: Reopen,
        rest: Duration,
    ) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::new(opened.index.next_due()));
        let (jobs, receiver) = mpsc::channel(QUEUE);
        let worker = Worker::new(path.to_owned(), opened, shared.clone(), reopen, rest);
        let thread =
            Builder::new().name("graph-calls-redb".to_owned()).spawn(move || worker.run(receiver))?;
        Ok(Self { shared, wall: Wall::system(), jobs: Some(jobs), thread: Some(thread) })
    }

    /// What it has done.
    pub fn stats(&self) -> Stats {
        Stats {
            steps: self.shared.steps.load(Ordering::Relaxed),
            commits: self.shared.commits.load(Ordering::Relaxed),
        }
    }

    async fn ask(&self, op: Op) -> Result<Answer, StoreError> {
        let (reply, answer) = oneshot::channel();
        let jobs = self.jobs.as_ref().ok_or_else(gone)?;
        jobs.send(Job { op, reply }).await.map_err(|_| gone())?;
        answer.await.map_err(|_| StoreError::Unclear("the store's thread ended".into()))?
    }
}

fn gone() -> StoreError {
    StoreError::Unavailable {
        retry_after: Duration::from_secs(1),
        why: "the store's thread ended: restart the bot".to_owned(),
    }
}

/// The thread answers each question with its own kind of answer.
fn mixed_up() -> StoreError {
    StoreError::Unclear("the store gave the answer to another question".into())
}

impl Drop for RedbStore {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[async_trait]
impl CallStore for RedbStore {
    async fn accept(&self, arrivals: Vec<Arrival>, queue: usize) -> Result<Vec<Accepted>, StoreError> {
        match self.ask(Op::Accept(arrivals, queue)).await? {
            Answer::Accepted(accepted) => Ok(accepted),
            _ => Err(mixed_up()),
        }
    }

    async fn claim(&self, by: &InstanceId, want: Want, lease: Duration) -> Result<Vec<Claim>, StoreError> {
        match self.ask(Op::Claim(by.clone(), want, lease)).await? {
            Answer::Claims(claims) => Ok(claims),
            _ => Err(mixed_up()),
        }
    }

    async fn commit(&self, claim: &ClaimRef, change: Change) -> Result<Vec<Stored>, StoreError> {
        match self.ask(Op::Commit(*claim, change)).await? {
            Answer::Arrived(arrived) => arrived.ok_or(StoreError::Fenced),
            _ => Err(mixed_up()),
        }
    }

    async fn fetch(&self, claim: &ClaimRef, seen: u64) -> Result<Vec<Stored>, StoreError> {
        match self.ask(Op::Fetch(*claim, seen)).await? {
            Answer::Arrived(arrived) => arrived.ok_or(StoreError::Fenced),
            _ => Err(mixed_up()),
        }
    }

    async fn renew(&self, claims: &[ClaimRef], lease: Duration) -> Result<Renewed, StoreError> {
        match self.ask(Op::Renew(claims.to_vec(), lease)).await? {
            Answer::Renewed(renewed) => Ok(renewed),
            _ => Err(mixed_up()),
        }
    }

    async fn release(&self, claims: &[ClaimRef]) -> Result<(), StoreError> {
        match self.ask(Op::Release(claims.to_vec())).await? {
            Answer::Released => Ok(()),
            _ => Err(mixed_up()),
        }
    }

    async fn work(&self, at_most: Duration) {
        let deadline = Instant::now() + at_most.min(A_DAY);
        loop {
            let bell = self.shared.bell.notified();
            tokio::pin!(bell);
            // Before the look at what is due: what arrives between the two is heard.
            bell.as_mut().enable();
            let due = self.shared.due.load(Ordering::SeqCst);
            let left = deadline.saturating_duration_since(Instant::now());
            let wait = from_time(due).duration_since(self.wall.now()).unwrap_or_default().min(left);
            if wait.is_zero() || (timeout(wait, bell).await.is_err() && wait == left) {
                return;
            }
        }
    }

    async fn check(&self) -> Result<Counts, StoreError> {
        match self.ask(Op::Check).await? {
            Answer::Counts(counts) => Ok(counts),
            _ => Err(mixed_up()),
        }
    }

    async fn browse(&self, query: &Browse) -> Result<Vec<Entry>, StoreError> {
        match self.ask(Op::Browse(*query)).await? {
            Answer::Entries(entries) => Ok(entries),
            _ => Err(mixed_up()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs::{self, OpenOptions},
        io,
        ops::Bound,
        path::PathBuf,
        sync::atomic::AtomicBool,
    };

    use bytes::Bytes;
    use graph_calls_bot::{
        CallRef,
        model::TenantId,
        store::{Item, ItemKind, Phase},
    };
    use redb::{BackendError, StorageBackend, backends::FileBackend};

    use super::*;

    /// A disk that can be made to fail.
    #[derive(Debug)]
    struct Disk {
        file: FileBackend,
        faults: Arc<Faults>,
    }

    #[derive(Debug, Default)]
    struct Faults {
        /// Nothing is synced any more.
        full: AtomicBool,
        /// What is read is not what was written.
        rotten: AtomicBool,
    }

    impl StorageBackend for Disk {
        fn len(&self) -> io::Result<u64> {
            self.file.len()
        }

        fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
            self.file.read(offset, out)?;
            if self.faults.rotten.load(Ordering::SeqCst) {
                for byte in out {
                    *byte ^= 0xff;
                }
            }
            Ok(())
        }

        fn set_len(&self, len: u64) -> io::Result<()> {
            self.file.set_len(len)
        }

        fn sync_data(&self) -> io::Result<()> {
            if self.faults.full.load(Ordering::SeqCst) {
                return Err(io::Error::other("the disk is gone"));
            }
            self.file.sync_data()
        }

        fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
            self.file.write(offset, data)
        }

        fn close(&self) -> io::Result<()> {
            self.file.close()
        }

        fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
            self.file.try_lock_range(start, end)
        }

        fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
            self.file.unlock_range(start, end)
        }
    }

    struct File(PathBuf);

    impl Drop for File {
        fn drop(&mut self) {
            let _ = fs::remove_file(&self.0);
        }
    }

    fn store_on(faults: &Arc<Faults>) -> (RedbStore, File) {
        let path = std::env::temp_dir().join(format!("{:032x}.redb", fastrand::u128(..)));
        let open = {
            let (path, faults) = (path.clone(), faults.clone());
            move |now| {
                let mut options = OpenOptions::new();
                let file = options.read(true).write(true).create(true).truncate(false).open(&path).unwrap();
                let disk = Disk { file: FileBackend::new(file)?, faults: faults.clone() };
                file::with_backend(disk, 0, now)
            }
        };
        let opened = open(0).unwrap();
        (RedbStore::start(&path, opened, Box::new(open), Duration::ZERO).unwrap(), File(path))
    }

    fn note(key: CallRef, text: &'static str) -> Vec<Arrival> {
        let tenant = TenantId::new("contoso.example").unwrap();
        vec![Arrival { key, tenant, dedup: None, item: Item::new(ItemKind::Notification, text) }]
    }

    const LEASE: Duration = Duration::from_secs(3_600);

    #[tokio::test]
    async fn a_failed_sync_is_unclear_and_the_truth_is_read_again() {
        let faults = Arc::default();
        let (store, file) = store_on(&faults);
        let key = CallRef::random();
        store.accept(note(key, "first"), 9).await.unwrap();
        let claim = store.claim(&InstanceId::random(), Want::This(key), LEASE).await.unwrap().remove(0);
        faults.full.store(true, Ordering::SeqCst);
        let failed = store.accept(note(key, "second"), 9).await;
        assert!(
            matches!(&failed, Err(StoreError::Unclear(why)) if why.to_string().contains(file.0.to_str().unwrap())),
            "{failed:?}"
        );
        // It is opened again, which needs the disk.
        let failed = store.accept(note(key, "third"), 9).await;
        assert!(matches!(failed, Err(StoreError::Unavailable { .. })), "{failed:?}");
        faults.full.store(false, Ordering::SeqCst);
        assert_eq!(store.accept(note(key, "fourth"), 9).await.unwrap(), [Accepted::New]);
        let change = Change {
            state: Bytes::new(),
            taken: Vec::new(),
            seen: 0,
            wake: None,
            phase: Phase::Live,
            dead: Vec::new(),
            undead: Vec::new(),
            requeue: Vec::new(),
        };
        assert!(matches!(store.commit(&claim.this, change).await, Err(StoreError::Fenced)));
        let claims = store.claim(&InstanceId::random(), Want::Any(9), LEASE).await.unwrap();
        let texts: Vec<_> = claims[0].items.iter().map(|stored| stored.item.data().as_ref()).collect();
        assert!(texts.starts_with(&[b"first"]) && texts.ends_with(&[b"fourth"]), "{texts:?}");
        assert!(!texts.contains(&&b"third"[..]));
        assert!(claims[0].this.epoch > claim.this.epoch);
    }

    #[tokio::test]
    async fn damage_under_way_is_reported_with_the_file_and_not_forgotten() {
        let faults = Arc::default();
        let (store, file) = store_on(&faults);
        let key = CallRef::random();
        store.accept(note(key, "first"), 9).await.unwrap();
        faults.rotten.store(true, Ordering::SeqCst);
        for _ in 0..3 {
            let looked = store.browse(&Browse::one(key)).await;
            let Err(StoreError::Damaged(why)) = looked else { panic!("{looked:?}") };
            assert!(why.contains(file.0.to_str().unwrap()), "{why}");
        }
        faults.rotten.store(false, Ordering::SeqCst);
        assert_eq!(store.browse(&Browse::one(key)).await.unwrap()[0].inbox, 1);
    }
}
