//! Live fuzzing: libFuzzer invents bytes, and the targets of the package `fuzz` say what has to hold for any of them.
//!
//! A target has a folder of seeds in `fuzz/corpus`, which is only read. All that a run writes is in `target/fuzz`.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, thread};

use crate::run::{self, Failure, Outcome};
use crate::setup;

const USAGE: &str = "\
usage: cargo xtask fuzz [--minutes N] [TARGET..]
       cargo xtask fuzz --replay FILE TARGET";

/// For all targets together, unless told otherwise.
const MINUTES: u64 = 5;

/// Makes a stable compiler count what is reached. Comparisons stay calls, so that libFuzzer sees what a text is compared
/// with; it needs no list of member names then.
const FLAGS: &[&str] = &[
    "--cfg fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-max-loads-per-memcmp=0",
    "-Ccodegen-units=1",
    "-Cdebug-assertions",
    "-Cdebuginfo=line-tables-only",
];

/// Bytes, seconds for one input, megabytes for one process.
const LIMITS: &[&str] = &["-max_len=65536", "-timeout=10", "-rss_limit_mb=1024"];

#[derive(Debug, PartialEq, Eq)]
enum Order<'a> {
    /// For so many minutes in all; no target means each of them.
    Search {
        minutes: u64,
        targets: Vec<&'a str>,
    },
    Replay {
        file: &'a str,
        target: &'a str,
    },
}

pub(crate) fn run() -> Outcome {
    let arguments: Vec<String> = env::args().skip(2).collect();
    match read(&arguments.iter().map(String::as_str).collect::<Vec<_>>())? {
        Order::Search { minutes, targets } => search(minutes, &targets),
        Order::Replay { file, target } => replay(file, target),
    }
}

/// Whether libFuzzer, which is C++, can be built.
pub(crate) fn is_possible() -> bool {
    env::var_os("CXX").is_some() || setup::is_installed("c++")
}

fn read<'a>(arguments: &[&'a str]) -> Outcome<Order<'a>> {
    let (minutes, targets) = match arguments {
        ["--replay", file, target] => return Ok(Order::Replay { file, target }),
        ["--minutes", minutes, targets @ ..] => (minutes.parse().unwrap_or_default(), targets),
        targets => (MINUTES, targets),
    };
    if minutes == 0 || targets.iter().any(|target| target.starts_with('-')) {
        return Err(Failure::new(USAGE));
    }
    Ok(Order::Search { minutes, targets: targets.to_vec() })
}

fn search(minutes: u64, wanted: &[&str]) -> Outcome {
    let targets = chosen(&targets()?, wanted)?;
    if !is_possible() {
        return Err(Failure::new(
            "fuzz: libFuzzer needs a C++ compiler, `c++` is missing: cargo xtask setup",
        )
        .with_repeat("cargo xtask fuzz"));
    }
    let program = build()?;
    let seconds = (minutes.saturating_mul(60) / targets.len().max(1) as u64).max(1);
    let mut findings = Vec::new();
    for target in &targets {
        let report = search_in(target, &program, seconds)?;
        println!("{}", report.line(target));
        for finding in &report.findings {
            println!("\n{}", finding.text(target));
        }
        findings.extend(report.findings.into_iter().map(|finding| finding.replay(target)));
    }
    match findings.into_iter().next() {
        None => Ok(()),
        Some(first) => Err(Failure::new("fuzz: what has to hold does not, see above").with_repeat(first)),
    }
}

/// Without libFuzzer: the ordinary build tells more, and does so at once.
fn replay(file: &str, target: &str) -> Outcome {
    // Cargo is started in the root, and the file is named from wherever this was started.
    let path = fs::canonicalize(file).map_err(|error| Failure::new(format!("fuzz: {file}: {error}")))?;
    let mut command = run::cargo(["run", "--package", "fuzz", "--", target]);
    run::step(command.arg(path))?;
    println!("fuzz: {target} holds for {file}");
    Ok(())
}

/// The targets are the folders of the corpus; a test of the package sees that it has them all.
fn targets() -> Outcome<Vec<String>> {
    let folder = seeds();
    let names = || -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&folder)? {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    };
    names().map_err(|error| unusable(&folder, &error))
}

fn chosen(targets: &[String], wanted: &[&str]) -> Outcome<Vec<String>> {
    if let Some(unknown) = wanted.iter().find(|name| !targets.iter().any(|target| target == *name)) {
        let known = targets.join(", ");
        return Err(Failure::new(format!("fuzz: no target is named {unknown}; there are {known}\n{USAGE}")));
    }
    let is_chosen = |target: &&String| wanted.is_empty() || wanted.contains(&target.as_str());
    Ok(targets.iter().filter(is_chosen).cloned().collect())
}

fn build() -> Outcome<PathBuf> {
    let version = run::answer(Command::new("rustc").arg("-vV")).unwrap_or_default();
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.ok_or_else(|| Failure::new("fuzz: rustc does not say what it builds for"))?;
    // With a target of their own, build scripts and macros are built without the flags, which they could not be linked with.
    let mut command = run::cargo(["build", "--release", "--package", "fuzz", "--target", host]);
    command.env("RUSTFLAGS", FLAGS.join(" ")).env("CARGO_TARGET_DIR", folder());
    run::step(&mut command)?;
    Ok(folder().join(host).join("release").join(format!("fuzz{}", env::consts::EXE_SUFFIX)))
}

/// Runs a process per core, all with the same corpus: each reads what the others found.
fn search_in(target: &str, program: &Path, seconds: u64) -> Outcome<Report> {
    let (folder, findings) = (folder().join("runs").join(target), folder().join("findings").join(target));
    let failed = |error: io::Error| unusable(&folder, &error);
    // Findings are kept, and what else an earlier run left is not.
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(failed)?;
    }
    let corpus = folder.join("corpus");
    fs::create_dir_all(&corpus).map_err(failed)?;
    fs::create_dir_all(&findings).map_err(failed)?;

    let workers = thread::available_parallelism().map_or(1, usize::from);
    println!("\n{target}: {seconds} s, {}", run::count(workers, "process", "processes"));
    let mut processes = Vec::new();
    for worker in 1..=workers {
        let log = folder.join(format!("{worker}.log"));
        let out = File::create(&log).map_err(failed)?;
        let mut command = Command::new(program);
        command.env("FUZZ_TARGET", target).env("RUST_BACKTRACE", "0");
        command.args(LIMITS).arg("-print_final_stats=1");
        command.arg(format!("-max_total_time={seconds}"));
        command.arg(format!("-artifact_prefix={}{}", findings.display(), std::path::MAIN_SEPARATOR));
        // It writes into the first folder and only reads the others.
        command.arg(&corpus).arg(seeds().join(target));
        command.stdout(out.try_clone().map_err(failed)?).stderr(out);
        processes.push((command.spawn().map_err(|error| unusable(program, &error))?, log));
    }
    let mut report = Report::default();
    for (mut process, log) in processes {
        let status = process.wait().map_err(failed)?;
        let text = String::from_utf8_lossy(&fs::read(&log).map_err(failed)?).into_owned();
        report.add(&text, status.success(), &log);
    }
    Ok(report)
}

/// What the processes of a target did together.
#[derive(Debug, Default)]
struct Report {
    executions: u64,
    each_second: u64,
    /// Inputs that reach something no other does.
    corpus: u64,
    coverage: u64,
    findings: Vec<Finding>,
}

#[derive(Debug, PartialEq, Eq)]
struct Finding {
    /// libFuzzer writes it unless the process died too suddenly, as it does when the stack is used up.
    input: Option<PathBuf>,
    why: String,
    log: PathBuf,
}

impl Report {
    fn add(&mut self, log: &str, is_success: bool, path: &Path) {
        let number = |text: Option<&str>| text.and_then(|text| text.parse().ok()).unwrap_or_default();
        let after = |line: &str, name: &str| -> u64 {
            let mut words = line.split_whitespace().skip_while(|word| *word != name);
            number(words.nth(1).and_then(|word| word.split('/').next()))
        };
        for line in log.lines() {
            if line.starts_with('#') {
                self.coverage = self.coverage.max(after(line, "cov:"));
                self.corpus = self.corpus.max(after(line, "corp:"));
            }
            self.executions += after(line, "stat::number_of_executed_units:");
            self.each_second += after(line, "stat::average_exec_per_sec:");
        }
        let inputs = log.lines().filter_map(|line| line.split_once("Test unit written to "));
        let mut inputs: Vec<_> = inputs.map(|(_, input)| Some(PathBuf::from(input.trim()))).collect();
        if inputs.is_empty() && !is_success {
            inputs.push(None);
        }
        let finding = |input| Finding { input, why: why(log), log: path.to_owned() };
        self.findings.extend(inputs.into_iter().map(finding));
    }

    fn line(&self, target: &str) -> String {
        let findings = match self.findings.len() {
            0 => "no finding".to_owned(),
            count => run::count(count, "FINDING", "FINDINGS"),
        };
        let Self { executions, each_second, corpus, coverage, .. } = self;
        format!(
            "{target}: {executions} executions, {each_second} a second, corpus {corpus}, coverage {coverage}, {findings}"
        )
    }
}

impl Finding {
    fn text(&self, target: &str) -> String {
        let input = match &self.input {
            Some(input) => input.display().to_string(),
            None => "its input is lost; maybe the stack was used up".to_owned(),
        };
        format!("{}\n  input: {input}\n  log: {}\n  {}", self.why, self.log.display(), self.replay(target))
    }

    fn replay(&self, target: &str) -> String {
        match &self.input {
            Some(input) => format!("cargo xtask fuzz --replay {} {target}", input.display()),
            None => format!("cargo xtask fuzz {target}"),
        }
    }
}

/// The message of the panic, or libFuzzer's own summary.
fn why(log: &str) -> String {
    let panicked = log.lines().skip_while(|line| !line.contains(" panicked at "));
    let message: Vec<&str> =
        panicked.take_while(|line| !line.starts_with("note: ") && !line.starts_with("==")).take(6).collect();
    if message.is_empty() {
        let summary = log.lines().find(|line| line.starts_with("SUMMARY: "));
        summary.or(log.lines().last()).unwrap_or_default().to_owned()
    } else {
        message.join("\n")
    }
}

fn seeds() -> PathBuf {
    run::root().join("fuzz").join("corpus")
}

/// Its own, since other flags would have everything built anew.
fn folder() -> PathBuf {
    let target = env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    run::root().join(target).join("fuzz")
}

fn unusable(path: &Path, error: &io::Error) -> Failure {
    Failure::new(format!("fuzz: {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "\
INFO: Running with entropic power schedule (0xFF, 100).
#124\tINITED cov: 4049 ft: 8295 corp: 122/42Kb exec/s: 0 rss: 29Mb
#140\tNEW    cov: 4051 ft: 8299 corp: 123/43Kb lim: 14 exec/s: 0 rss: 29Mb L: 5/3014 MS: 1 CMP-
";

    const PANIC: &str = "
thread '<unnamed>' (24970) panicked at crates/graph-calls-model/src/fuzzing/notification.rs:144:9:
assertion `left == right` failed
  left: \"call\"
 right: \"operation\"
note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace
==24970== ERROR: libFuzzer: deadly signal
SUMMARY: libFuzzer: deadly signal
artifact_prefix='/t/'; Test unit written to /t/crash-4da9
stat::number_of_executed_units: 150
stat::average_exec_per_sec:     7
";

    #[test]
    fn the_command_line_is_read() {
        let search = |minutes, targets: &[&'static str]| Order::Search { minutes, targets: targets.to_vec() };
        assert_eq!(read(&[]).unwrap(), search(MINUTES, &[]));
        assert_eq!(read(&["url", "body"]).unwrap(), search(MINUTES, &["url", "body"]));
        assert_eq!(read(&["--minutes", "2", "url"]).unwrap(), search(2, &["url"]));
        assert_eq!(read(&["--replay", "a/b", "url"]).unwrap(), Order::Replay { file: "a/b", target: "url" });
        for wrong in [["--minutes", "0"].as_slice(), &["--minutes", "x"], &["--replay", "a"], &["--help"]] {
            assert!(read(wrong).unwrap_err().to_string().starts_with("usage:"), "{wrong:?}");
        }
    }

    #[test]
    fn no_name_means_every_target_and_an_unknown_one_is_refused() {
        let all = ["body".to_owned(), "url".to_owned()];
        assert_eq!(chosen(&all, &[]).unwrap(), all);
        assert_eq!(chosen(&all, &["url"]).unwrap(), ["url"]);
        assert!(chosen(&all, &["uri"]).unwrap_err().to_string().contains("there are body, url"));
    }

    #[test]
    fn the_processes_of_a_target_are_counted_together() {
        let mut report = Report::default();
        let stats = "stat::number_of_executed_units: 850\nstat::average_exec_per_sec:     93\n";
        report.add(&format!("{LOG}{stats}"), true, Path::new("1.log"));
        report.add(&format!("{LOG}{PANIC}"), false, Path::new("2.log"));
        assert_eq!(
            report.line("url"),
            "url: 1000 executions, 100 a second, corpus 123, coverage 4051, 1 FINDING"
        );
        let [finding] = report.findings.as_slice() else { panic!("{report:?}") };
        assert!(finding.why.ends_with("right: \"operation\""), "{}", finding.why);
        assert_eq!(finding.replay("url"), "cargo xtask fuzz --replay /t/crash-4da9 url");
    }

    #[test]
    fn a_process_that_dies_without_a_word_is_a_finding_too() {
        let mut report = Report::default();
        report.add(LOG, false, Path::new("1.log"));
        let [finding] = report.findings.as_slice() else { panic!("{report:?}") };
        assert!(finding.text("url").contains("its input is lost"));
    }
}
