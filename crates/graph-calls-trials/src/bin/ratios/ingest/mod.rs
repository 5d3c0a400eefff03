//! Taking notifications: ours, beside a bare hyper that answers 202 and a naive bot, in CPU time of the server.
//!
//! Each server is a process of its own with one thread. The client sends to them in turns, so that what else the
//! machine does falls on all of them.

mod server;

use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::Full;
use serde_json::Value;
use tokio::task::JoinSet;

use crate::{
    loopback::Connection,
    report::{
        self,
        Bound::{AtLeast, AtMost},
        Limit,
        Quantity::Nanoseconds,
    },
};

pub(crate) use server::serve;

const TABLE: &str = "server CPU of a signed notification of 1 KB";
const ROW: &str = "remembered token";
const BARE: &str = "bare hyper";
const COLUMNS: [&str; 3] = [BARE, "ours", "naive"];

/// A notification of a live call in the shape of captures; what changed goes in at `CHANGE`.
const BODY: &str = include_str!("../../../../../../benches/bodies/wire-change.json");
const BODY_BYTES: usize = 1_024;

const RUNS: usize = 5;
const BLOCKS: usize = 10;
/// A multiple of the connections: each sends its share.
const REQUESTS: usize = 512;
const CONNECTIONS: usize = 8;

/// Only what has to hold: nothing of it is counted.
pub(crate) fn measure() {
    let limits = [
        Limit {
            rule: "ours to bare hyper in server CPU (target 1.5)",
            of: Nanoseconds("ours"),
            to: Nanoseconds(BARE),
            bound: AtMost(2.5),
        },
        Limit {
            rule: "naive to ours in server CPU (target 3)",
            of: Nanoseconds("naive"),
            to: Nanoseconds("ours"),
            bound: AtLeast(1.5),
        },
    ];
    for limit in &limits {
        report::limit(TABLE, ROW, limit);
    }
}

/// What each server spends on a request: for bare hyper the median of the runs, for the others as many times that as
/// the median of their quotients, each of one run.
pub(crate) fn time() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut servers: Vec<Server> = COLUMNS.map(|column| runtime.block_on(Server::start(column))).into();
    // The first requests fetch keys, fill pools and have pages of code read.
    for server in &mut servers {
        for _ in 0..4 {
            runtime.block_on(server.take(REQUESTS));
        }
    }
    let mut runs: Vec<Vec<f64>> = Vec::new();
    for _ in 0..RUNS {
        let mut spent = vec![0.0; servers.len()];
        for _ in 0..BLOCKS {
            for (server, spent) in servers.iter_mut().zip(&mut spent) {
                let before = server.cpu();
                runtime.block_on(server.take(REQUESTS));
                *spent += server.cpu() - before;
            }
        }
        runs.push(spent);
    }
    let median = |of: &dyn Fn(&Vec<f64>) -> f64| {
        let mut all: Vec<f64> = runs.iter().map(of).collect();
        all.sort_by(f64::total_cmp);
        all[RUNS / 2]
    };
    #[expect(clippy::cast_precision_loss, reason = "it is a few thousand")]
    let first = median(&|run| run[0]) / (BLOCKS * REQUESTS) as f64;
    for (at, column) in COLUMNS.iter().enumerate() {
        report::timed(TABLE, ROW, column, first * median(&|run| run[at] / run[0]));
    }
}

/// A server in a process of its own, and the connections to it.
struct Server {
    child: Child,
    connections: Vec<Connection>,
    posts: Posts,
}

impl Server {
    async fn start(kind: &str) -> Self {
        let program = std::env::current_exe().expect("the path of this program");
        let mut command = Command::new(program);
        command.args(["ingest", "--serve", kind]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("a process");
        let mut line = String::new();
        let out = child.stdout.as_mut().expect("its output");
        BufReader::new(out).read_line(&mut line).expect("a line");
        let ready: Value = serde_json::from_str(&line).expect("what it says");
        let address = ready["address"].as_str().and_then(|text| text.parse().ok()).expect("an address");
        let token = ready["token"].as_str().expect("a token").to_owned();
        let mut connections = Vec::new();
        for _ in 0..CONNECTIONS {
            connections.push(Connection::open(address).await);
        }
        Self { child, connections, posts: Posts { token, host: format!("{address}"), sent: 0 } }
    }

    /// Has it take this many requests, over all connections at once.
    async fn take(&mut self, requests: usize) {
        let mut sending = JoinSet::new();
        for mut connection in self.connections.drain(..) {
            let posts: Vec<_> = (0..requests / CONNECTIONS).map(|_| self.posts.next()).collect();
            sending.spawn(async move {
                for post in posts {
                    assert_eq!(connection.send(post).await, StatusCode::ACCEPTED);
                }
                connection
            });
        }
        self.connections = sending.join_all().await;
    }

    /// What its threads have spent so far, in nanoseconds.
    fn cpu(&self) -> f64 {
        let threads = fs::read_dir(format!("/proc/{}/task", self.child.id())).expect("a system with /proc");
        let spent = |thread: std::io::Result<fs::DirEntry>| {
            let text = fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
            text.split_whitespace().next()?.parse::<f64>().ok()
        };
        let spent: f64 = threads.filter_map(spent).sum();
        assert!(spent > 0.0, "this system does not say what a thread has spent");
        spent
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// POSTs of which none repeats what is known.
struct Posts {
    token: String,
    host: String,
    sent: u64,
}

impl Posts {
    /// The audio stops flowing or flows again: an event every time, and the call knows no more than before.
    fn next(&mut self) -> Request<Full<Bytes>> {
        self.sent += 1;
        let audio = if self.sent.is_multiple_of(2) { "active" } else { "inactive" };
        let state = format!(
            r##""mediaState":{{"@odata.type":"#microsoft.graph.callMediaState","audio":"{audio}"}}"##
        );
        let change =
            |subject: &str| BODY.trim_end().replace("CHANGE", &format!(r#"{state},"subject":"{subject}""#));
        let missing = BODY_BYTES.saturating_sub(change("").len());
        let body = change(&"x".repeat(missing));
        assert_eq!(body.len(), BODY_BYTES);
        Request::post("/api/calls")
            .header("host", &self.host)
            .header("authorization", format!("Bearer {}", self.token))
            .header("content-type", "application/json")
            .header("accept", "application/json")
            .header("user-agent", "Microsoft-Skype/3.0,(Calling/1.0)")
            .header("x-microsoft-skype-chain-id", "0f6a1d0e-6f0b-4e0a-9a43-5a7f2c7ce1c4")
            .header("x-microsoft-skype-message-id", format!("6a7b6e1c-8a5e-4f8e-9a61-{:012}", self.sent))
            .body(Full::from(body))
            .expect("a request")
    }
}
