//! What takes longer, or needs programs that not everybody has.

use std::process::Command;

use crate::fuzz;
use crate::metadata::{self, Package};
use crate::ratios;
use crate::run::{self, Failure, Outcome};

struct Check {
    name: &'static str,
    /// The program, where cargo does not bring it: what it is called in `cargo <this>`.
    subcommand: Option<&'static str>,
    command: fn(&[Package]) -> Plan,
    /// News from elsewhere is told, and breaks nothing.
    only_warns: bool,
}

enum Plan {
    Run(Command),
    NotYet(&'static str),
}

const CHECKS: &[Check] = &[
    Check { name: "deny", subcommand: Some("deny"), command: deny, only_warns: false },
    Check { name: "advisories", subcommand: Some("deny"), command: advisories, only_warns: true },
    Check { name: "semver", subcommand: Some("semver-checks"), command: semver, only_warns: false },
    Check { name: "package", subcommand: None, command: package, only_warns: false },
    Check { name: "ratios", subcommand: None, command: ratios, only_warns: false },
    Check { name: "fuzz", subcommand: None, command: fuzz, only_warns: false },
];

pub(crate) fn run() -> Outcome {
    let packages = metadata::packages()?;
    let mut lines = Vec::new();
    let mut failed = Vec::new();
    for check in CHECKS {
        println!("\n== {}", check.name);
        let result = result_of(check, &packages);
        println!("== {}: {result}", check.name);
        if result.starts_with("FAILED") {
            failed.push(check.name);
        }
        lines.push(format!("{:<10} {result}", check.name));
    }
    println!("\n{}", lines.join("\n"));
    if failed.is_empty() {
        Ok(())
    } else {
        Err(Failure::new(format!("audit: failed: {}", failed.join(", "))).with_repeat("cargo xtask audit"))
    }
}

fn result_of(check: &Check, packages: &[Package]) -> String {
    if let Some(subcommand) = check.subcommand
        && run::answer(&mut run::cargo([subcommand, "--version"])).is_none()
    {
        return format!("did not run: cargo install --locked cargo-{subcommand}");
    }
    let mut command = match (check.command)(packages) {
        Plan::Run(command) => command,
        Plan::NotYet(reason) => return format!("did not run: {reason}"),
    };
    match run::step(&mut command) {
        Ok(()) => "passed".to_owned(),
        Err(failure) if check.only_warns => format!("warned: {failure}"),
        Err(failure) => format!("FAILED: {failure}"),
    }
}

fn deny(_: &[Package]) -> Plan {
    Plan::Run(run::cargo(["deny", "check", "bans", "licenses", "sources"]))
}

fn advisories(_: &[Package]) -> Plan {
    Plan::Run(run::cargo(["deny", "check", "advisories"]))
}

fn semver(_: &[Package]) -> Plan {
    let mut newest_tag = Command::new("git");
    newest_tag.args(["describe", "--tags", "--abbrev=0", "--match", "v[0-9]*"]).current_dir(run::root());
    match run::answer(&mut newest_tag) {
        Some(tag) => Plan::Run(run::cargo(["semver-checks", "--workspace", "--baseline-rev", &tag])),
        None => Plan::NotYet("there is no tag v* of a release to compare with"),
    }
}

fn package(packages: &[Package]) -> Plan {
    let mut command = run::cargo(["package", "--no-verify"]);
    for package in packages.iter().filter(|package| package.published) {
        command.args(["--package", &package.name]);
    }
    Plan::Run(command)
}

fn ratios(_: &[Package]) -> Plan {
    if ratios::is_possible() {
        Plan::Run(run::cargo(["xtask", "ratios"]))
    } else {
        Plan::NotYet("valgrind is missing: cargo xtask setup")
    }
}

fn fuzz(_: &[Package]) -> Plan {
    if fuzz::is_possible() {
        Plan::Run(run::cargo(["xtask", "fuzz", "--minutes", "10"]))
    } else {
        Plan::NotYet("a C++ compiler is missing: cargo xtask setup")
    }
}
