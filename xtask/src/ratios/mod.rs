//! What our code costs, as a multiple of what is unavoidable, in instructions and allocations; and what others' code
//! takes in time, as a multiple of ours.
//!
//! The bin `ratios` of `graph-calls-trials` does the work and says what it measures and what has to hold. Here it is
//! built, timed, run under callgrind, and its lines are joined with callgrind's dumps. `docs/performance.md` tells the rest.

mod dump;
mod report;
mod table;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use serde_json::Value;

use crate::run::{self, Failure, Outcome};
use crate::setup;
use dump::Cost;
use report::Report;

/// What callgrind calls the function that is measured. A `*` at its end would keep the dumps from being written.
const REGION: &str = "*measured_region";

/// What there are ratios of: each is a module of the bin.
const NAMES: &[&str] = &["parse", "stack", "token", "ingest"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Output {
    Worst,
    All,
    Json,
}

/// `cargo xtask ratios [NAME | all] [--all | --json]`.
pub(crate) fn run() -> Outcome {
    let arguments: Vec<String> = env::args().skip(2).collect();
    let (names, output) = read(&arguments.iter().map(String::as_str).collect::<Vec<_>>())?;
    if !is_possible() {
        return Err(Failure::new("ratios: valgrind is missing: cargo xtask setup")
            .with_repeat(format!("cargo xtask ratios {}", arguments.join(" "))));
    }
    let program = build()?;
    let (mut limits, mut broken) = (0, Vec::new());
    for (at, name) in names.iter().enumerate() {
        let report = measure(&program, name)?;
        if at > 0 && output != Output::Json {
            println!();
        }
        match output {
            Output::Worst => println!("{}", table::table(&report, false)),
            Output::All => println!("{}", table::table(&report, true)),
            Output::Json => report.limits.iter().for_each(|limit| println!("{}", limit.to_json())),
        }
        limits += report.limits.len();
        broken.extend(report.limits.iter().filter(|limit| !limit.holds()).map(|_| *name));
    }
    match broken.first() {
        None => Ok(()),
        Some(first) => Err(Failure::new(format!("ratios: {} of {limits} limits are broken", broken.len()))
            .with_repeat(format!("cargo xtask ratios {first} --all"))),
    }
}

/// Which ones, and what is told of them. Without a name it is all of them.
fn read<'a>(arguments: &[&'a str]) -> Outcome<(Vec<&'a str>, Output)> {
    let (name, options) = match arguments.split_first() {
        Some((name, options)) if !name.starts_with("--") => (*name, options),
        _ => ("all", arguments),
    };
    let names = if name == "all" { NAMES.to_vec() } else { vec![name] };
    let output = match options {
        [] => Some(Output::Worst),
        ["--all"] => Some(Output::All),
        ["--json"] => Some(Output::Json),
        _ => None,
    };
    match output {
        Some(output) if names.iter().all(|name| NAMES.contains(name)) => Ok((names, output)),
        _ => {
            let usage = format!("usage: cargo xtask ratios [{} | all] [--all | --json]", NAMES.join(" | "));
            Err(Failure::new(usage))
        }
    }
}

pub(crate) fn is_possible() -> bool {
    setup::is_installed("valgrind")
}

fn measure(program: &Path, name: &str) -> Outcome<Report> {
    let folder = program.with_file_name("ratios-dumps").join(name);
    // What an earlier run left there would be read as well.
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|error| unusable(&folder, &error))?;
    }
    fs::create_dir_all(&folder).map_err(|error| unusable(&folder, &error))?;
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--dump-line=no"]);
    valgrind.arg(format!("--callgrind-out-file={}", folder.join("out").display()));
    valgrind.arg(format!("--log-file={}", folder.join("log").display()));
    // The dump before a region takes along all that was spent until then: the one after it has the region alone.
    valgrind.args([format!("--dump-before={REGION}"), format!("--dump-after={REGION}")]);
    valgrind.arg(program).arg(name);
    let times = report::times(&said(Command::new(program).args([name, "--time"]))?)?;
    let lines = said(&mut valgrind)?;
    Report::join(&lines, costs(&folder)?, times)
        .map_err(|failure| failure.in_stage("ratios").with_repeat(run::describe(&valgrind)))
}

/// Builds the program as a release has it, and says where it is.
fn build() -> Outcome<PathBuf> {
    let mut build = run::cargo(["build", "--release", "--package", "graph-calls-trials", "--bin", "ratios"]);
    build.args(["--message-format", "json-render-diagnostics"]);
    let messages = said(&mut build)?;
    executable(&messages).ok_or_else(|| {
        Failure::new("cargo did not say where it put the program").with_repeat(run::describe(&build))
    })
}

/// What it wrote to its standard output. If it fails, that is nothing for anybody to read.
fn said(command: &mut Command) -> Outcome<String> {
    let output = command.stderr(Stdio::inherit()).output();
    let failed = |why: String| {
        let command = run::describe(command);
        Failure::new(format!("ratios: {command}: {why}")).with_repeat(command)
    };
    let output = output.map_err(|error| failed(error.to_string()))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(failed(output.status.to_string()))
    }
}

fn executable(messages: &str) -> Option<PathBuf> {
    let message = |line| serde_json::from_str::<Value>(line).ok();
    let executable = |message: Value| message.get("executable")?.as_str().map(PathBuf::from);
    messages.lines().filter_map(message).find_map(executable)
}

/// What was measured, in that order.
fn costs(folder: &Path) -> Outcome<Vec<Cost>> {
    let mut dumps = Vec::new();
    for file in fs::read_dir(folder).map_err(|error| unusable(folder, &error))? {
        let path = file.map_err(|error| unusable(folder, &error))?.path();
        let extension = path.extension().and_then(|extension| extension.to_str());
        if let Some(number) = extension.and_then(|extension| extension.parse::<u32>().ok()) {
            dumps.push((number, path));
        }
    }
    dumps.sort_unstable();
    let mut costs = Vec::new();
    for (_, path) in &dumps {
        let text = fs::read_to_string(path).map_err(|error| unusable(path, &error))?;
        costs.extend(dump::read(&text)?);
    }
    Ok(costs)
}

fn unusable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_where_cargo_says() {
        let messages = "\
{\"reason\":\"compiler-artifact\",\"executable\":null}
{\"reason\":\"compiler-artifact\",\"executable\":\"/target/release/ratios\"}
{\"reason\":\"build-finished\",\"success\":true}";
        assert_eq!(executable(messages), Some(PathBuf::from("/target/release/ratios")));
        assert_eq!(executable("{}\nnothing"), None);
    }

    #[test]
    fn a_name_comes_first_and_at_most_one_option_after_it() {
        assert_eq!(read(&["parse"]).unwrap(), (vec!["parse"], Output::Worst));
        assert_eq!(read(&["stack", "--all"]).unwrap(), (vec!["stack"], Output::All));
        assert_eq!(read(&["parse", "--json"]).unwrap(), (vec!["parse"], Output::Json));
        assert_eq!(read(&[]).unwrap(), (NAMES.to_vec(), Output::Worst));
        assert_eq!(read(&["--json"]).unwrap(), (NAMES.to_vec(), Output::Json));
        assert_eq!(read(&["all"]).unwrap(), (NAMES.to_vec(), Output::Worst));
        for wrong in
            [["lamp"].as_slice(), &["parse", "--json", "--all"], &["parse", "--fast"], &["--all", "parse"]]
        {
            assert!(read(wrong).unwrap_err().to_string().contains("ratios [parse | "), "{wrong:?}");
        }
    }

    #[test]
    fn dumps_are_read_in_the_order_of_their_numbers() {
        let folder = env::temp_dir().join(format!("xtask-ratios-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        for (name, total) in [("out", 1), ("out.2", 2), ("out.10", 10), ("out.1", 1), ("log", 7)] {
            let dump = format!("desc: Trigger: --dump-after=a::measured_region\ntotals: {total}\n");
            fs::write(folder.join(name), dump).unwrap();
        }
        let costs = costs(&folder);
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(costs.unwrap().iter().map(|cost| cost.instructions).collect::<Vec<_>>(), [1, 2, 10]);
    }
}
