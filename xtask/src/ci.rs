//! All that a change has to pass, stage by stage; the first failure ends it.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::metadata::{self, Package};
use crate::run::{self, Failure, Outcome};
use crate::{coverage, drift, layers, setup};

const BUDGET: Duration = Duration::from_secs(25 * 60);

type Stage = (&'static str, fn() -> Outcome);

const STAGES: &[Stage] = &[
    ("setup", setup::run),
    ("fmt", fmt),
    ("clippy", clippy),
    ("tests", tests),
    ("doctests", doctests),
    ("docs", docs),
    ("features", features),
    ("layers", layers::run),
    ("coverage", coverage::run),
    ("drift", drift::run),
    ("benches", benches),
    ("dev", dev),
];

pub(crate) fn run() -> Outcome {
    let mut times = Vec::new();
    for (name, stage) in STAGES {
        println!("\n== {name}");
        let start = now();
        let outcome = stage();
        let took = start.elapsed();
        times.push((*name, took));
        if let Err(failure) = outcome {
            println!("== {name} FAILED after {}\n\n{}", seconds(took), table(&times));
            return Err(failure.in_stage(name));
        }
        println!("== {name}: {}", seconds(took));
    }
    println!("\n{}\nci passed", table(&times));
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a chore measures real time; no test pauses it")]
fn now() -> Instant {
    Instant::now()
}

fn fmt() -> Outcome {
    run::step(&mut run::cargo(["fmt", "--all", "--check"]))
}

fn clippy() -> Outcome {
    run::step(&mut run::cargo([
        "clippy",
        "--workspace",
        "--all-targets",
        "--all-features",
        "--",
        "-D",
        "warnings",
    ]))
}

fn tests() -> Outcome {
    const WHICH: [&str; 3] = ["--workspace", "--all-features", "--no-fail-fast"];
    if setup::has_nextest() {
        run::step(run::cargo(["nextest", "run"]).args(WHICH))
    } else {
        // Named targets leave the doctests to their own stage.
        run::step(run::cargo(["test"]).args(WHICH).args(["--tests", "--examples"]))
    }
}

fn doctests() -> Outcome {
    run::step(&mut run::cargo(["test", "--doc", "--workspace", "--all-features"]))
}

fn docs() -> Outcome {
    let mut command = run::cargo(["doc", "--no-deps", "--workspace", "--all-features"]);
    run::step(command.env("RUSTDOCFLAGS", "-D warnings"))
}

fn features() -> Outcome {
    for arguments in feature_checks(&metadata::packages()?) {
        // Clippy and not check: code that a missing feature leaves dead is an error only there.
        run::step(run::cargo(["clippy"]).args(arguments).args(["--", "-D", "warnings"]))?;
    }
    Ok(())
}

/// The workspace build unites the features of all members, so that only a build of one shows what it forgot.
fn feature_checks(packages: &[Package]) -> Vec<Vec<&str>> {
    let mut checks = Vec::new();
    for package in packages.iter().filter(|package| package.published || !package.features.is_empty()) {
        let alone = ["--package", &package.name, "--no-default-features"];
        checks.push(alone.to_vec());
        for feature in package.features.iter().filter(|feature| *feature != "default") {
            checks.push([alone.as_slice(), &["--features", feature]].concat());
        }
        if package.has_examples && !package.features.is_empty() {
            let mut examples = [alone.as_slice(), &["--examples"]].concat();
            if package.features.iter().any(|feature| feature == "test-util") {
                examples.extend(["--features", "test-util"]);
            }
            checks.push(examples);
        }
    }
    checks
}

fn benches() -> Outcome {
    // Run by `cargo test`, criterion measures nothing and calls each bench once.
    run::step(&mut run::cargo(["test", "--workspace", "--all-features", "--benches"]))
}

fn dev() -> Outcome {
    let mut command = run::cargo(["run", "--package", "graph-calls-cli", "--", "dev", "--once", "--json"]);
    println!("$ {}", run::describe(&command));
    let lines = run::output(&mut command)?;
    let count =
        check_dev(&lines).map_err(|problem| Failure::new(problem).with_repeat(run::describe(&command)))?;
    println!("{} of JSON, the last with \"ok\": true", run::count(count, "line", "lines"));
    Ok(())
}

/// One JSON object per line, and a last one that says that all went as it should.
fn check_dev(lines: &str) -> Result<usize, String> {
    let mut last = Value::Null;
    let mut count = 0;
    for line in lines.lines() {
        count += 1;
        last = serde_json::from_str(line)
            .map_err(|error| format!("line {count} is no JSON: {error}: {line}"))?;
        if !last.is_object() {
            return Err(format!("line {count} is no JSON object: {line}"));
        }
    }
    let is_summary = last.get("kind").is_some_and(|kind| kind == "summary");
    if is_summary && last.get("ok").is_some_and(|ok| ok == true) {
        Ok(count)
    } else {
        Err(format!("the last line is no summary with \"ok\": true: {last}"))
    }
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

fn table(times: &[(&str, Duration)]) -> String {
    let total: Duration = times.iter().map(|(_, took)| *took).sum();
    let mut lines: Vec<String> =
        times.iter().map(|(name, took)| format!("{name:<10} {:>9}", seconds(*took))).collect();
    let verdict = if total > BUDGET { "OVER the budget of" } else { "of" };
    lines.push(format!(
        "{:<10} {:>9} {verdict} {:.0} minutes",
        "total",
        seconds(total),
        BUDGET.as_secs_f64() / 60.0
    ));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, features: &[&str], published: bool, has_examples: bool) -> Package {
        Package {
            name: name.to_owned(),
            features: features.iter().map(|&feature| feature.to_owned()).collect(),
            published,
            has_examples,
            ..Package::default()
        }
    }

    #[test]
    fn each_feature_is_checked_alone_and_the_examples_without_the_default_ones() {
        let packages = [
            package("bot", &["default", "http", "test-util"], true, true),
            package("model", &[], true, true),
            package("xtask", &[], false, false),
        ];
        let checks: Vec<String> =
            feature_checks(&packages).into_iter().map(|arguments| arguments.join(" ")).collect();
        assert_eq!(
            checks,
            [
                "--package bot --no-default-features",
                "--package bot --no-default-features --features http",
                "--package bot --no-default-features --features test-util",
                "--package bot --no-default-features --examples --features test-util",
                "--package model --no-default-features",
            ]
        );
    }

    #[test]
    fn the_demonstration_has_to_end_in_a_good_summary() {
        assert_eq!(check_dev("{\"kind\":\"request\"}\n{\"kind\":\"summary\",\"ok\":true}\n"), Ok(2));
        assert!(check_dev("").unwrap_err().contains("last line"));
        assert!(check_dev("{\"kind\":\"summary\",\"ok\":false}").unwrap_err().contains("last line"));
        assert!(check_dev("{\"kind\":\"request\",\"ok\":true}").unwrap_err().contains("last line"));
        assert!(check_dev("{}\nlistening\n").unwrap_err().starts_with("line 2 is no JSON"));
        assert!(check_dev("7").unwrap_err().contains("no JSON object"));
    }

    #[test]
    fn the_table_ends_in_the_total_and_says_when_it_is_over_the_budget() {
        let short = table(&[("fmt", Duration::from_millis(1500)), ("tests", Duration::from_secs(60))]);
        assert_eq!(short, "fmt            1.5 s\ntests         60.0 s\ntotal         61.5 s of 25 minutes");
        assert!(table(&[("tests", BUDGET * 2)]).contains("OVER the budget of 25 minutes"));
    }
}
