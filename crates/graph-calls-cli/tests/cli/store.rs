//! Where the sample bot keeps its calls.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    path::{Path, PathBuf},
};

use graph_calls_bot::store::CallStore as _;
use graph_calls_redb::RedbStore;
use serde_json::Value;

use crate::support::{Emulator, Running, run_with};

/// A folder of a test's own, which goes with it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{:032x}", fastrand::u128(..)));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Asks the emulator's controls.
fn ask(emulator: &Emulator, method: &str, path: &str, body: &str) -> Value {
    let host = emulator.url().strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    let length = body.len();
    write!(
        stream,
        "{method} /__emulator/v1/{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}

#[cfg(unix)]
#[test]
fn the_store_of_the_environment_keeps_the_calls_and_refuses_a_second_bot() {
    let emulator = Emulator::start();
    let folder = Folder::new();
    let path = folder.0.join("calls.redb");
    let store = format!("redb:{}", path.display());
    let variables = [
        ("GRAPH_CALLS_EMULATOR_URL", emulator.url()),
        ("GRAPH_CALLS_BIND", "127.0.0.1:0"),
        ("GRAPH_CALLS_STORE", &store),
    ];
    let mut bot = Running::start(&["bot"], &variables);
    assert!(bot.line().starts_with("the attendant serves at 127.0.0.1:"));

    let second = run_with(&["bot"], &variables, b"");
    assert_eq!(second.code, 1, "{second:?}");
    let says = format!("{} is in use: only one process at a time", path.display());
    assert!(second.err.contains(&says), "{second:?}");

    // Calls still go to the first one, which keeps them.
    let caller = r#"{"from":"b0000000-0000-4000-8000-000000000001"}"#;
    ask(&emulator, "POST", "incoming", caller);
    while ask(&emulator, "GET", "calls", "")[0]["state"] != "established" {}
    assert_eq!(bot.interrupt().0, Some(0));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let kept = runtime.block_on(async { RedbStore::open(&path).unwrap().check().await.unwrap() });
    assert_eq!(kept.calls, 1);
}

#[test]
fn a_store_that_is_not_known_or_names_no_file_is_refused() {
    let emulator = Emulator::start();
    for (store, says) in [("redis://localhost", "graph-calls-redis"), ("redb:", "redb:calls.redb")] {
        let variables = [
            ("GRAPH_CALLS_EMULATOR_URL", emulator.url()),
            ("GRAPH_CALLS_BIND", "127.0.0.1:0"),
            ("GRAPH_CALLS_STORE", store),
        ];
        let ran = run_with(&["bot"], &variables, b"");
        assert_eq!(ran.code, 1, "{ran:?}");
        assert!(ran.err.contains(says), "{store}: {ran:?}");
    }
}
