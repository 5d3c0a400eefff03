//! Logs, on standard error.

use std::io::{self, IsTerminal as _};

use tracing_subscriber::EnvFilter;

use crate::output::colours;

/// Logs as `RUST_LOG` and `GRAPH_CALLS_LOG_FORMAT` say: warnings, as text, unless told otherwise.
pub(crate) fn start() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    if std::env::var("GRAPH_CALLS_LOG_FORMAT").is_ok_and(|format| format == "json") {
        logs.json().init();
    } else {
        logs.with_ansi(colours() && io::stderr().is_terminal()).init();
    }
}
