//! A bot in a process of its own: what it loses when it is told to stop, and what idle connections cost it.

#![cfg(unix)]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test's helpers fail the test"
)]

use std::{
    collections::{BTreeSet, HashMap},
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use graph_calls_emulator::{CallbackClaims, Emulator, ExchangeKind, IncomingCall};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::{Instant, sleep, timeout},
};

/// Longer than anything takes, so that what hangs fails the test.
const PATIENCE: Duration = Duration::from_secs(60);

/// What stopping may take.
const LONGEST_STOP: Duration = Duration::from_secs(25);

/// The program, and all that it has printed.
struct Served {
    child: Child,
    address: SocketAddr,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Served {
    /// Starts it, and waits until it is ready.
    async fn start(emulator: &Emulator, variables: &[(&str, &str)]) -> Self {
        // The port is free now, and nobody else on this machine picks ports by number.
        let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_served"));
        command.env_clear().envs(variables.iter().copied());
        command.env("GRAPH_CALLS_EMULATOR_URL", emulator.url()).env("GRAPH_CALLS_BIND", address.to_string());
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let lines = Arc::new(Mutex::new(Vec::new()));
        let read = Arc::clone(&lines);
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                read.lock().unwrap().push(line);
            }
        });
        let served = Self { child, address, lines };
        served.until("it is ready", async || served.get("/readyz").await.contains("\"ready\":true,")).await;
        served
    }

    async fn until(&self, what: &str, mut is_so: impl AsyncFnMut() -> bool) {
        let waiting = async {
            while !is_so().await {
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(PATIENCE, waiting).await.expect(what);
    }

    /// What it answers; nothing where nobody is there.
    async fn get(&self, path: &str) -> String {
        let mut text = String::new();
        if let Ok(mut stream) = TcpStream::connect(self.address).await {
            let request = format!("GET {path} HTTP/1.1\r\nhost: bot\r\nconnection: close\r\n\r\n");
            let _ = stream.write_all(request.as_bytes()).await;
            let _ = stream.read_to_string(&mut text).await;
        }
        text
    }

    fn printed(&self, first: &str) -> Vec<String> {
        let lines = self.lines.lock().unwrap();
        lines.iter().filter(|line| line.split(' ').next() == Some(first)).cloned().collect()
    }

    fn terminate(&self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    }

    fn has_ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// The memory that it keeps, in KiB.
    fn resident(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.split_whitespace().next().unwrap().parse().unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn emulator() -> Emulator {
    Emulator::builder().port(0).seed(7).start().await.unwrap()
}

/// The keys whose notification was acknowledged: call and number.
fn acknowledged(emulator: &Emulator) -> BTreeSet<String> {
    let exchanges = emulator.exchanges(None);
    let mut told = HashMap::new();
    for exchange in exchanges.iter().filter(|one| one.kind == ExchangeKind::Notification) {
        let body = exchange.body.as_ref().unwrap();
        let number = body.pointer("/value/0/resourceData/toneInfo/sequenceId");
        if let (Some(number), Some(call)) = (number.and_then(serde_json::Value::as_i64), &exchange.call) {
            told.insert(exchange.seq, format!("tone {call} {number}"));
        }
    }
    let acks = exchanges.iter().filter(|one| one.kind == ExchangeKind::Ack && one.status == Some(202));
    acks.filter_map(|ack| told.remove(&ack.answers?)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn told_to_stop_under_load_it_loses_nothing_that_it_acknowledged() {
    const CALLS: usize = 8;
    let emulator = Arc::new(emulator().await);
    let mut served = Served::start(&emulator, &[("SERVED_DRAIN_MS", "400")]).await;
    emulator.set_webhook(format!("http://{}/api/calls", served.address)).await.unwrap();
    let adele = emulator.people().await.remove(0).id;
    let mut calls = Vec::new();
    for _ in 0..CALLS {
        calls.push(emulator.incoming(IncomingCall::from_user(&adele)).await.unwrap());
    }
    served.until("every call listens", async || served.printed("listens").len() == CALLS).await;

    let mut pressing = tokio::task::JoinSet::new();
    for call in calls {
        let emulator = Arc::clone(&emulator);
        pressing.spawn(async move {
            // They go on until the test is over, long after the bot is.
            while emulator.press(&call, "1").await.is_ok() {
                sleep(Duration::from_millis(4)).await;
            }
        });
    }
    served.until("keys are told", async || served.printed("tone").len() >= 200).await;
    let before = acknowledged(&emulator).len();
    served.terminate();
    let began = Instant::now();
    let mut draining = false;
    let status = timeout(LONGEST_STOP, async {
        loop {
            draining |= served.get("/readyz").await.contains("\"draining\":true");
            if let Some(status) = served.has_ended() {
                break status;
            }
            sleep(Duration::from_millis(5)).await;
        }
    });
    let status = status.await.expect("it ends within 25 seconds");
    let took = began.elapsed();
    pressing.shutdown().await;
    served.until("its output is read", async || !served.printed("over").is_empty()).await;

    let acknowledged = acknowledged(&emulator);
    let handled = served.printed("tone");
    let doubled = handled.len() - handled.iter().collect::<BTreeSet<_>>().len();
    let handled: BTreeSet<String> = handled.into_iter().collect();
    let lost: Vec<_> = acknowledged.difference(&handled).collect();
    println!(
        "I9: {} keys acknowledged, {} of them after SIGTERM, {} lost, {doubled} doubled; exit {:?} after {:.1} s",
        acknowledged.len(),
        acknowledged.len() - before,
        lost.len(),
        status.code(),
        took.as_secs_f64(),
    );
    assert!(lost.is_empty(), "{lost:?}");
    assert_eq!((doubled, status.code(), draining), (0, Some(0), true));
    assert!(acknowledged.len() > before, "nothing came any more while it drained");
}

/// Opens a thousand connections that begin like this, and tells by how many KiB the process has grown. A few are
/// opened and closed first: the code that serves them is then in memory.
async fn growth(served: &Served, beginning: &[u8], answered: bool) -> u64 {
    const CONNECTIONS: usize = 1_000;
    async fn open(served: &Served, count: usize, beginning: &[u8], answered: bool) -> Vec<TcpStream> {
        let mut streams = Vec::new();
        for _ in 0..count {
            let mut stream = TcpStream::connect(served.address).await.unwrap();
            stream.write_all(beginning).await.unwrap();
            if answered {
                let mut status = [0; 12];
                timeout(PATIENCE, stream.read_exact(&mut status)).await.unwrap().unwrap();
                assert_eq!(&status, b"HTTP/1.1 202");
            }
            streams.push(stream);
        }
        // Connections are served in the order in which they came: once this one is, all others are.
        assert!(served.get("/livez").await.starts_with("HTTP/1.1 200"));
        assert!(served.get("/livez").await.starts_with("HTTP/1.1 200"));
        streams
    }
    drop(open(served, 20, beginning, answered).await);
    let before = served.resident();
    let streams = open(served, CONNECTIONS, beginning, answered).await;
    let after = served.resident();
    for stream in &streams {
        // Nothing to read, and no end: it is still served.
        let kept = stream.try_read(&mut [0; 1024]);
        assert!(answered || kept.is_err(), "it was cut before it was measured");
    }
    after.saturating_sub(before)
}

#[tokio::test]
async fn a_thousand_clients_that_say_little_cost_at_most_32_mebibytes() {
    let emulator = emulator().await;
    let token = emulator.sign_callback_token(&CallbackClaims::default()).unwrap();
    let post = |length: usize| {
        format!(
            "POST /api/calls HTTP/1.1\r\nhost: bot\r\nauthorization: Bearer {token}\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n{{\"value\":[]}}"
        )
    };
    let head = format!("POST /api/calls HTTP/1.1\r\nhost: bot\r\nx: {}", "x".repeat(1_000));
    let kinds = [
        ("silent", String::new(), false),
        ("slow head", head, false),
        ("slow body", post(1_000_000), false),
        ("idle", post(12), true),
    ];
    for (kind, beginning, answered) in kinds {
        let served = Served::start(&emulator, &[("SERVED_LIMIT_MS", "60000")]).await;
        let grown = growth(&served, beginning.as_bytes(), answered).await;
        println!("I8: 1,000 clients, {kind}: {:.1} MiB", f64::from(u32::try_from(grown).unwrap()) / 1024.0);
        assert!(grown <= 32 * 1024, "{kind}: {grown} KiB");
    }
}
