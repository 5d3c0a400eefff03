//! The thread that owns the file: it takes all that waits, and answers once that is on disk.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use graph_calls_bot::{
    core::Wall,
    store::{
        Accepted, Arrival, Browse, Change, Claim, ClaimRef, Counts, Entry, InstanceId, Renewed, StoreError,
        Stored, Want,
    },
};
use tokio::{
    sync::{Notify, mpsc, oneshot},
    time::Instant,
};

use crate::{
    calls::Calls,
    error::Failure,
    file::Opened,
    record::{Time, to_time},
};

/// How many steps one transaction takes. The last one waits for all before it.
const BATCH: usize = 256;

#[derive(Debug)]
pub(crate) enum Op {
    Accept(Vec<Arrival>, usize),
    Claim(InstanceId, Want, Duration),
    Commit(ClaimRef, Change),
    Fetch(ClaimRef, u64),
    Renew(Vec<ClaimRef>, Duration),
    Release(Vec<ClaimRef>),
    Check,
    Browse(Browse),
}

#[derive(Debug)]
pub(crate) enum Answer {
    Accepted(Vec<Accepted>),
    Claims(Vec<Claim>),
    /// Nothing if the claim was fenced.
    Arrived(Option<Vec<Stored>>),
    Renewed(Renewed),
    Released,
    Counts(Counts),
    Entries(Vec<Entry>),
}

#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) op: Op,
    pub(crate) reply: oneshot::Sender<Result<Answer, StoreError>>,
}

/// What is known outside of the thread.
#[derive(Debug)]
pub(crate) struct Shared {
    /// When something is to be claimed next.
    pub(crate) due: AtomicU64,
    pub(crate) bell: Notify,
    pub(crate) steps: AtomicU64,
    pub(crate) commits: AtomicU64,
}

impl Shared {
    pub(crate) fn new(due: Option<Time>) -> Self {
        Self {
            due: AtomicU64::new(due.unwrap_or(Time::MAX)),
            bell: Notify::new(),
            steps: AtomicU64::new(0),
            commits: AtomicU64::new(0),
        }
    }

    fn publish(&self, due: Option<Time>) {
        let due = due.unwrap_or(Time::MAX);
        // Only an earlier time is news for those who sleep until the old one.
        if due < self.due.swap(due, Ordering::SeqCst) {
            self.bell.notify_waiters();
        }
    }
}

/// Opens the file once more, after something went wrong.
pub(crate) type Reopen = Box<dyn Fn(Time) -> Result<Opened, Failure> + Send>;

pub(crate) struct Worker {
    path: PathBuf,
    wall: Wall,
    shared: Arc<Shared>,
    reopen: Reopen,
    /// How long a file that could not be used is left alone.
    rest: Duration,
    state: State,
}

enum State {
    Open(Box<Opened>),
    /// What went wrong, and when.
    Closed(Failure, Instant),
}

impl Worker {
    pub(crate) fn new(
        path: PathBuf,
        opened: Opened,
        shared: Arc<Shared>,
        reopen: Reopen,
        rest: Duration,
    ) -> Self {
        Self { path, wall: Wall::system(), shared, reopen, rest, state: State::Open(Box::new(opened)) }
    }

    /// Until nobody can send any more.
    pub(crate) fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        while let Some(job) = jobs.blocking_recv() {
            let (mut ops, mut replies) = (vec![job.op], vec![job.reply]);
            while ops.len() < BATCH
                && let Ok(job) = jobs.try_recv()
            {
                ops.push(job.op);
                replies.push(job.reply);
            }
            self.shared.steps.fetch_add(ops.len() as u64, Ordering::Relaxed);
            match self.step(ops) {
                Ok(answers) => {
                    for (reply, answer) in replies.into_iter().zip(answers) {
                        // Whoever asked may be gone: that is theirs to know.
                        let _ = reply.send(Ok(answer));
                    }
                }
                Err(failure) => {
                    for reply in replies {
                        let _ = reply.send(Err(failure.to_store_error(&self.path)));
                    }
                }
            }
        }
    }

    fn step(&mut self, ops: Vec<Op>) -> Result<Vec<Answer>, Failure> {
        let now = to_time(self.wall.now());
        self.open(now)?;
        let State::Open(opened) = &mut self.state else {
            return Err(Failure::Unavailable("it is closed".to_owned()));
        };
        let shared = &self.shared;
        let done = catch_unwind(AssertUnwindSafe(|| opened.step(ops, now, shared)));
        let done = done.unwrap_or_else(|panic| Err(Failure::of_panic(&*panic)));
        match &done {
            Ok(_) => self.shared.publish(opened.index.next_due()),
            Err(failure) => {
                // What the file says now is not known. Read from the start, it is; nobody holds anything then.
                let closed = State::Closed(failure.clone(), Instant::now());
                let opened = std::mem::replace(&mut self.state, closed);
                let _ = catch_unwind(AssertUnwindSafe(|| drop(opened)));
                self.shared.publish(None);
            }
        }
        done
    }

    fn open(&mut self, now: Time) -> Result<(), Failure> {
        if let State::Closed(failure, since) = &self.state {
            if since.elapsed() < self.rest {
                return Err(match failure {
                    // Nothing of this step was tried.
                    Failure::Unclear(why) => Failure::Unavailable(why.clone()),
                    other => other.clone(),
                });
            }
            self.state = match (self.reopen)(now) {
                Ok(opened) => State::Open(Box::new(opened)),
                Err(failure) => {
                    self.state = State::Closed(failure.clone(), Instant::now());
                    return Err(failure);
                }
            };
        }
        Ok(())
    }
}

impl Opened {
    fn step(&mut self, ops: Vec<Op>, now: Time, shared: &Shared) -> Result<Vec<Answer>, Failure> {
        let mut transaction = self.database.begin_write()?;
        // With one phase, damage to the newest transaction would look like one that was never finished, and take back
        // what was answered for.
        transaction.set_two_phase_commit(true);
        let mut calls = Calls::new(&transaction, &mut self.index, now)?;
        calls.forget()?;
        let answers = ops.into_iter().map(|op| calls.answer(op)).collect::<Result<Vec<_>, _>>()?;
        let has_written = calls.has_written();
        drop(calls);
        if has_written {
            transaction.commit()?;
            shared.commits.fetch_add(1, Ordering::Relaxed);
        } else {
            transaction.abort()?;
        }
        Ok(answers)
    }
}

impl Calls<'_> {
    fn answer(&mut self, op: Op) -> Result<Answer, Failure> {
        Ok(match op {
            Op::Accept(arrivals, queue) => Answer::Accepted(self.accept(arrivals, queue)?),
            Op::Claim(by, want, lease) => Answer::Claims(self.claim(&by, want, lease)?),
            Op::Commit(claim, change) => Answer::Arrived(self.commit(claim, change)?),
            Op::Fetch(claim, seen) => Answer::Arrived(self.fetch(claim, seen)?),
            Op::Renew(claims, lease) => Answer::Renewed(self.renew(&claims, lease)),
            Op::Release(claims) => {
                self.release(&claims)?;
                Answer::Released
            }
            Op::Check => Answer::Counts(self.counts()),
            Op::Browse(query) => Answer::Entries(self.browse(&query)?),
        })
    }
}
