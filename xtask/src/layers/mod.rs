//! Checks which crate depends on which, and on what from outside.

mod declared;
mod resolved;
mod table;

use std::fmt;

use crate::metadata;
use crate::run::{self, Failure, Outcome};

/// One edge that is not in the table.
#[derive(Debug, PartialEq, Eq)]
struct Violation {
    name: String,
    file: String,
    problem: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}\n    look at {}", self.name, self.problem, self.file)
    }
}

pub(crate) fn run() -> Outcome {
    let packages = metadata::packages()?;
    let mut violations = declared::violations(&packages, table::ROWS, table::FEATURES);
    for closure in table::CLOSURES {
        let Some(package) = packages.iter().find(|package| package.name == closure.name) else { continue };
        let tree = run::output(&mut tree_of(closure.name))?;
        violations.extend(resolved::violations(closure, &package.manifest, &tree));
    }
    if violations.is_empty() {
        println!("layers: the edges of {} packages are as they should be", packages.len());
        return Ok(());
    }
    for violation in &violations {
        println!("{violation}");
    }
    let count = run::count(violations.len(), "violation", "violations");
    Err(Failure::new(format!(
        "layers: {count}; the rule is the table in xtask/src/layers/table.rs, its reasons are in docs/decisions.md"
    ))
    .with_repeat("cargo xtask layers"))
}

fn tree_of(package: &str) -> std::process::Command {
    let mut command = run::cargo(["tree", "--edges", "normal", "--all-features", "--prefix", "none"]);
    command.args(["--format", resolved::FORMAT, "--package", package]);
    if run::root().join("Cargo.lock").exists() {
        command.arg("--locked");
    }
    command
}
