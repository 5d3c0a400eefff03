//! What goes by between emulator and bot, printed as it comes.

use graph_calls_emulator::{Emulator, Exchange, ExchangeKind, Lane};
use serde::Serialize;
use tokio::sync::broadcast::{Receiver, error::RecvError};

use crate::output::{Ink, Output, plain};

/// An exchange as `--json` prints it: every member is there, null where it does not apply.
#[derive(Debug, Serialize)]
struct Line<'a> {
    seq: u64,
    at: f64,
    call: Option<&'a str>,
    from: Lane,
    to: Lane,
    kind: ExchangeKind,
    method: Option<&'a str>,
    path: Option<&'a str>,
    status: Option<u16>,
    summary: &'a str,
}

/// Prints each exchange once.
pub(super) struct Feed<'e> {
    emulator: &'e Emulator,
    live: Receiver<Exchange>,
    last: u64,
    /// Exchanges of HTTP so far.
    pub(super) count: u64,
}

impl<'e> Feed<'e> {
    pub(super) fn new(emulator: &'e Emulator, last: u64) -> Self {
        Self { emulator, live: emulator.subscribe(), last, count: 0 }
    }

    /// What came since the last time, once something has come.
    pub(super) async fn next(&mut self) -> Vec<Exchange> {
        let exchange = match self.live.recv().await {
            Ok(exchange) => exchange,
            Err(RecvError::Lagged(_)) => return self.rest(),
            // The emulator is gone; the caller waits for a signal too.
            Err(RecvError::Closed) => std::future::pending().await,
        };
        if exchange.seq <= self.last {
            return Vec::new();
        }
        // One that was missed before this one is read from what the emulator keeps.
        if exchange.seq > self.last + 1 {
            return self.rest();
        }
        self.last = exchange.seq;
        vec![exchange]
    }

    /// What came since the last time.
    pub(super) fn rest(&mut self) -> Vec<Exchange> {
        let mut exchanges = self.emulator.exchanges(None);
        exchanges.retain(|one| one.seq > self.last);
        self.last = exchanges.last().map_or(self.last, |one| one.seq);
        exchanges
    }

    pub(super) fn print_json(&mut self, output: Output, exchanges: &[Exchange]) -> std::io::Result<()> {
        for one in exchanges.iter().filter(|one| one.kind != ExchangeKind::Happening) {
            self.count += 1;
            output.json(&Line {
                seq: one.seq,
                at: one.at.as_secs_f64(),
                call: one.call.as_deref(),
                from: one.from,
                to: one.to,
                kind: one.kind,
                method: one.method.as_deref(),
                path: one.path.as_deref(),
                status: one.status,
                summary: &one.summary,
            })?;
        }
        Ok(())
    }

    pub(super) fn print(&mut self, output: Output, exchanges: &[Exchange]) -> std::io::Result<()> {
        for one in exchanges {
            self.count += u64::from(one.kind != ExchangeKind::Happening);
            let call: String = one.call.as_deref().unwrap_or("").chars().take(8).collect();
            let arrow = format!("{:>7} → {:<7}", one.from.as_str(), one.to.as_str());
            let summary = plain(&one.summary);
            let summary = if one.is_failure() { output.paint(Ink::Bad, &summary) } else { summary };
            let margin =
                output.paint(Ink::Dim, &format!("{:>4} {:>8.3}s {call:8}", one.seq, one.at.as_secs_f64()));
            output.line(format!("{margin}  {arrow}  {summary}"))?;
        }
        Ok(())
    }
}
