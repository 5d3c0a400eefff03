//! Starting other programs.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::{IsTerminal, stdout};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub(crate) type Outcome<T = ()> = Result<T, Failure>;

/// Why a chore stopped, and the command that shows it again.
#[derive(Debug)]
pub(crate) struct Failure {
    reason: String,
    repeat: Option<String>,
}

impl Failure {
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), repeat: None }
    }

    pub(crate) fn with_repeat(self, command: impl Into<String>) -> Self {
        Self { repeat: Some(command.into()), ..self }
    }

    pub(crate) fn in_stage(self, stage: &str) -> Self {
        Self { reason: format!("stage {stage} failed: {}", self.reason), ..self }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)?;
        match &self.repeat {
            Some(command) => write!(f, "\nto repeat it: {command}"),
            None => Ok(()),
        }
    }
}

/// The workspace's root, wherever in it the chore was started.
pub(crate) fn root() -> PathBuf {
    // Cargo sets it for what it runs. Without cargo, the working directory has to be the root.
    env::var_os("CARGO_MANIFEST_DIR")
        .and_then(|xtask| Path::new(&xtask).parent().map(Path::to_owned))
        .unwrap_or_else(|| PathBuf::from("."))
}

/// The same cargo that started the chore, in the workspace's root.
pub(crate) fn cargo<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    command.args(arguments).current_dir(root());
    if stdout().is_terminal() && env::var_os("CARGO_TERM_COLOR").is_none() {
        command.env("CARGO_TERM_COLOR", "always");
    }
    command
}

/// Prints the command, runs it with its output passed on, and fails if it fails.
pub(crate) fn step(command: &mut Command) -> Outcome {
    println!("$ {}", describe(command));
    let status = command.status().map_err(|error| not_started(command, &error))?;
    if status.success() { Ok(()) } else { Err(failed(command, status)) }
}

/// Runs the command and returns what it wrote to its standard output.
pub(crate) fn output(command: &mut Command) -> Outcome<String> {
    let output = command.stderr(Stdio::inherit()).output().map_err(|error| not_started(command, &error))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        // What it said so far is often the reason.
        print!("{}", String::from_utf8_lossy(&output.stdout));
        Err(failed(command, output.status))
    }
}

/// What a question to the machine is answered; nothing is shown, and a failure is no answer.
pub(crate) fn answer(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The command as one would type it.
pub(crate) fn describe(command: &Command) -> String {
    let mut words = Vec::new();
    for (name, value) in command.get_envs() {
        if name != "CARGO_TERM_COLOR" {
            let value = value.unwrap_or_default().to_string_lossy();
            words.push(format!("{}={}", name.to_string_lossy(), quoted(&value)));
        }
    }
    let program = Path::new(command.get_program());
    words.push(program.file_stem().unwrap_or(program.as_os_str()).to_string_lossy().into_owned());
    words.extend(command.get_args().map(|argument| quoted(&argument.to_string_lossy())));
    words.join(" ")
}

/// `1 gap`, `2 gaps`.
pub(crate) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_=./:,@+*".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) { word.to_owned() } else { format!("'{word}'") }
}

fn not_started(command: &Command, error: &std::io::Error) -> Failure {
    let program = command.get_program().to_string_lossy();
    Failure::new(format!("{program} could not be started: {error}")).with_repeat(describe(command))
}

fn failed(command: &Command, status: std::process::ExitStatus) -> Failure {
    Failure::new(format!("{} ({status})", describe(command))).with_repeat(describe(command))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_described_as_one_would_type_it() {
        let mut command = Command::new("/somewhere/bin/cargo");
        command.args(["doc", "--no-deps", "two words"]).env("RUSTDOCFLAGS", "-D warnings");
        command.env("CARGO_TERM_COLOR", "always");
        assert_eq!(describe(&command), "RUSTDOCFLAGS='-D warnings' cargo doc --no-deps 'two words'");
    }

    #[test]
    fn a_failure_says_how_to_repeat_it() {
        let failure = Failure::new("it broke").with_repeat("cargo xtask layers").in_stage("layers");
        assert_eq!(failure.to_string(), "stage layers failed: it broke\nto repeat it: cargo xtask layers");
    }
}
