//! Every request in every phase of a fault, once each, as a table.

use std::fmt;

use graph_calls_core::Repeat;
use graph_calls_emulator::{Fault, FaultPhase};

use super::{
    cases,
    judge::{Outcome, judge},
    virtual_time,
};

/// What became of one request in one phase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// How it ended for the client.
    pub outcome: Outcome,
    /// How often it was sent.
    pub attempts: u64,
    /// How often it had its effect.
    pub effects: u64,
    /// What should not be.
    pub broken: Option<String>,
}

/// The table of all requests and all phases.
#[derive(Debug, Clone)]
pub struct Matrix {
    columns: Vec<String>,
    rows: Vec<(String, Repeat, Vec<Cell>)>,
}

/// One request in one phase: the fault hits its first attempt alone.
pub fn matrix() -> Matrix {
    let phases = FaultPhase::all();
    let mut columns = vec!["calm".to_owned(), "late".to_owned()];
    columns.extend(phases.iter().map(heading));
    let runtime = virtual_time();
    let mut rows = Vec::new();
    for case in cases() {
        let mut cells = Vec::new();
        for column in 0..columns.len() {
            let verdict = runtime.block_on(judge(&case, 7, |service| match column.checked_sub(2) {
                Some(phase) => service.fault(Fault::new(phases[phase].clone())),
                None if column == 1 => service.late(1),
                None => {}
            }));
            let (outcome, attempts, effects) = (verdict.outcome(), verdict.attempts, verdict.effects);
            let failed = column == 0 && (outcome != Outcome::Done || attempts != 1);
            let why = || format!("fails though nothing goes wrong: {:?}", verdict.error);
            let broken = verdict.broken.clone().or_else(|| failed.then(why));
            cells.push(Cell { outcome, attempts, effects, broken });
        }
        rows.push((case.name.to_owned(), case.repeat, cells));
    }
    Matrix { columns, rows }
}

fn heading(phase: &FaultPhase) -> String {
    match phase {
        FaultPhase::Status { status, retry_after: Some(_) } => format!("{status} RA"),
        FaultPhase::Status { status, .. } => status.to_string(),
        phase => phase
            .as_str()
            .replace("before_", "< ")
            .replace("after_", "> ")
            .replace("during_", "~ ")
            .replace("in_", "in "),
    }
}

impl Matrix {
    /// How many requests were tried, each in how many phases.
    pub fn size(&self) -> (usize, usize) {
        (self.rows.len(), self.columns.len())
    }

    /// What should not be, a line each.
    pub fn broken(&self) -> Vec<String> {
        let mut broken = Vec::new();
        for (name, _, cells) in &self.rows {
            for (cell, column) in cells.iter().zip(&self.columns) {
                broken.extend(cell.broken.as_ref().map(|why| format!("{name}, {column}: {why}")));
            }
        }
        broken
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{} {}:{}", self.outcome.short(), self.attempts, self.effects))
    }
}

impl fmt::Display for Matrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.rows.iter().map(|(name, ..)| name.len()).max().unwrap_or(0);
        let width = self.columns.iter().map(String::len).max().unwrap_or(0).max(9);
        write!(f, "{:name$}  ", "")?;
        for column in &self.columns {
            write!(f, " {column:width$}")?;
        }
        for (request, repeat, cells) in &self.rows {
            let class = match repeat {
                Repeat::Always => 'A',
                Repeat::WhileIncoming => 'B',
                Repeat::OnlyIfNoEffect => 'C',
            };
            write!(f, "\n{request:name$} {class}")?;
            for cell in cells {
                write!(f, " {cell:width$}")?;
            }
        }
        let legend = "each: how the request ended for its caller (lost: done, but the answer was lost), attempts:effects\n\
            < before, > after, ~ during, RA with Retry-After, late: it arrives when nobody waits for it any more";
        write!(f, "\n\n{legend}")
    }
}
