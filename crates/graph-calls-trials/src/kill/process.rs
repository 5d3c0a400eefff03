//! The bot's process, and the one after it.

use std::{
    io::{self, BufRead as _, BufReader, Write as _},
    net::SocketAddr,
    path::PathBuf,
    process::{Child, ChildStdin, Command, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
    time::Duration,
};

use tokio::{
    sync::{broadcast, watch},
    time::{sleep, timeout},
};

/// How long an answer is waited for before the question is put again, maybe to the next process.
const ANSWERS: Duration = Duration::from_millis(500);
/// After a question to nobody.
const BREATHER: Duration = Duration::from_millis(10);
/// More lines than wait for anybody.
const LINES: usize = 4_096;

/// All processes of the bot, one after the other.
#[derive(Debug)]
pub(super) struct Bots {
    program: PathBuf,
    emulator: String,
    callback: String,
    store: PathBuf,
    address: watch::Sender<Option<SocketAddr>>,
    lines: broadcast::Sender<String>,
    input: Mutex<Option<ChildStdin>>,
}

/// One of them.
#[derive(Debug)]
pub(super) struct Running {
    child: Child,
    reader: Option<JoinHandle<()>>,
}

impl Bots {
    pub(super) fn new(
        program: PathBuf,
        emulator: String,
        callback: String,
        store: PathBuf,
        address: watch::Sender<Option<SocketAddr>>,
    ) -> Arc<Self> {
        let lines = broadcast::channel(LINES).0;
        Arc::new(Self { program, emulator, callback, store, address, lines, input: Mutex::default() })
    }

    pub(super) fn start(self: &Arc<Self>, number: u32) -> io::Result<Running> {
        let mut child = Command::new(&self.program)
            .args(["bot", &self.emulator, &self.callback])
            .arg(&self.store)
            .arg(number.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        *self.input() = child.stdin.take();
        let out = child.stdout.take().ok_or_else(|| io::Error::other("it has no output"))?;
        let bots = Arc::clone(self);
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                match line.strip_prefix("ready ").map(str::parse) {
                    Some(Ok(address)) => drop(bots.address.send_replace(Some(address))),
                    // Nobody may be waiting.
                    _ => drop(bots.lines.send(line)),
                }
            }
        });
        Ok(Running { child, reader: Some(reader) })
    }

    fn input(&self) -> MutexGuard<'_, Option<ChildStdin>> {
        self.input.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Until it says that it is ready.
    pub(super) async fn ready(&self) {
        let _ = self.address.subscribe().wait_for(Option::is_some).await;
    }

    /// Asks whoever runs; nothing where that one dies of something else first.
    pub(super) async fn ask_once(&self, question: &str) -> Option<String> {
        let mut lines = self.lines.subscribe();
        let put = self.input().as_mut().map(|input| input.write_all(format!("{question}\n").as_bytes()));
        if !matches!(put, Some(Ok(()))) {
            sleep(BREATHER).await;
            return None;
        }
        let start = format!("{question} -> ");
        let answered = timeout(ANSWERS, async {
            loop {
                match lines.recv().await {
                    Ok(line) => {
                        if let Some(answer) = line.strip_prefix(&start) {
                            return Some(answer.to_owned());
                        }
                    }
                    Err(broadcast::error::RecvError::Lagged(_)) => {}
                    Err(broadcast::error::RecvError::Closed) => return None,
                }
            }
        });
        answered.await.ok().flatten()
    }

    /// Asks until somebody answers.
    pub(super) async fn ask(&self, question: &str) -> String {
        loop {
            if let Some(answer) = self.ask_once(question).await {
                return answer;
            }
        }
    }

    /// `kill -9`.
    pub(super) fn kill(&self, mut running: Running) -> io::Result<()> {
        *self.input() = None;
        running.child.kill()?;
        running.child.wait()?;
        running.read_out();
        // What it said in its last moment was its address, maybe.
        self.address.send_replace(None);
        Ok(())
    }

    /// Ends its input, which ends it.
    pub(super) fn stop(&self, mut running: Running) -> io::Result<bool> {
        *self.input() = None;
        let status = running.child.wait()?;
        running.read_out();
        self.address.send_replace(None);
        Ok(status.success())
    }
}

impl Running {
    /// Whether it ended by itself, which it must not.
    pub(super) fn has_ended(&mut self) -> io::Result<bool> {
        Ok(self.child.try_wait()?.is_some())
    }

    fn read_out(&mut self) {
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that ended is not there to be killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
