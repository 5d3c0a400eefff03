//! Who may depend on whom. A change here is a decision: `docs/decisions.md` says why the edges are as they are.

use super::declared::{Outside, Row};
use super::resolved::Closure;

const MODEL: &str = "graph-calls-model";
const CORE: &str = "graph-calls-core";
const HTTP: &str = "graph-calls-http";
const BOT: &str = "graph-calls-bot";
const REDB: &str = "graph-calls-redb";
const REDIS: &str = "graph-calls-redis";
const EMULATOR: &str = "graph-calls-emulator";

const EVERYTHING: &[&str] = &[MODEL, CORE, HTTP, BOT, REDB, REDIS, EMULATOR];

/// What a manifest may name. `name?` is allowed as an optional dependency only.
///
/// Dev edges beyond `edges` are by path only: with a version, publishing would need the other crate first.
pub(super) const ROWS: &[Row] = &[
    Row { name: MODEL, edges: &[], dev_edges: &[], outside: Outside::Only(&[SERDE]) },
    Row { name: CORE, edges: &[MODEL], dev_edges: &[], outside: Outside::Only(&[SERDE, PROTOCOL]) },
    Row {
        name: HTTP,
        edges: &[CORE],
        dev_edges: &[EMULATOR],
        outside: Outside::Only(&[
            SERDE,
            PROTOCOL,
            &["reqwest", "h2", "aws-lc-rs", "rustls-pki-types"],
            &["azure_core?", "azure_identity?"],
        ]),
    },
    Row {
        name: BOT,
        edges: &[CORE, "graph-calls-http?"],
        dev_edges: &[EMULATOR],
        outside: Outside::Only(&[
            SERDE,
            PROTOCOL,
            &["hyper", "hyper-util", "aws-lc-rs", "http-body"],
            &["axum?", "metrics?", "metrics-exporter-prometheus?"],
        ]),
    },
    Row { name: REDB, edges: &[BOT], dev_edges: &[], outside: Outside::Any },
    Row { name: REDIS, edges: &[BOT], dev_edges: &[], outside: Outside::Any },
    // The other side of the wire: what it shares with the client beyond the model, it could not contradict.
    Row { name: EMULATOR, edges: &[MODEL], dev_edges: &[], outside: Outside::Any },
    Row { name: "graph-calls-cli", edges: EVERYTHING, dev_edges: &[], outside: Outside::Any },
    Row { name: "graph-calls-trials", edges: EVERYTHING, dev_edges: &[], outside: Outside::Any },
    Row { name: "examples", edges: EVERYTHING, dev_edges: &[], outside: Outside::Any },
    Row { name: "benches", edges: EVERYTHING, dev_edges: &[], outside: Outside::Any },
    Row { name: "fuzz", edges: EVERYTHING, dev_edges: &[], outside: Outside::Only(&[&["libfuzzer-sys"]]) },
    Row {
        name: "xtask",
        edges: &[],
        dev_edges: &[],
        outside: Outside::Only(&[&["roxmltree", "serde_json"]]),
    },
];

const SERDE: &[&str] = &["serde", "serde_json"];

#[rustfmt::skip]
const PROTOCOL: &[&str] = &[
    "async-trait", "base64", "bytes", "fastrand", "futures-util", "http", "http-body-util", "httpdate",
    "pin-project-lite", "secrecy", "thiserror", "tokio", "tower", "tracing", "url", "uuid", "zeroize",
];

/// The features a manifest may ask of a crate; a pair that is not here is free.
pub(super) const FEATURES: &[(&str, &str, &[&str])] =
    &[(CORE, "tokio", &["time", "sync"]), (CORE, "tower", &["util", "retry"])];

/// What may come along below a crate, however it gets there.
pub(super) const CLOSURES: &[Closure] = &[
    Closure { name: MODEL, only: Some(SERDE_FAMILY), never: &[], never_features: &[] },
    Closure {
        name: CORE,
        only: None,
        never: &["reqwest", "hyper", "hyper-util", "h2"],
        never_features: &[("tokio", "rt"), ("tokio", "net")],
    },
];

#[rustfmt::skip]
const SERDE_FAMILY: &[&str] = &[
    MODEL, "serde", "serde_core", "serde_derive", "serde_json", "itoa", "memchr", "ryu", "zmij",
    "proc-macro2", "quote", "syn", "unicode-ident",
];
