//! The programs that building and testing need.

use std::env;
use std::ffi::OsStr;
use std::process::Command;

use crate::run::{self, Failure, Outcome};

struct Program {
    name: &'static str,
    /// Debian's packages.
    packages: &'static [&'static str],
    needed_for: &'static str,
    /// `cargo xtask ci` cannot do without it.
    in_ci: bool,
}

const PROGRAMS: &[Program] = &[
    Program {
        name: "cc",
        // Without the recommended packages gcc comes without the headers of libc.
        packages: &["gcc", "libc6-dev"],
        needed_for: "linking, and the C sources of aws-lc-sys",
        in_ci: true,
    },
    Program {
        name: "valgrind",
        packages: &["valgrind"],
        needed_for: "`cargo xtask ratios`, also in the audit",
        in_ci: false,
    },
    Program {
        name: "c++",
        packages: &["g++"],
        needed_for: "libFuzzer (`cargo xtask fuzz`, also in the audit)",
        in_ci: false,
    },
];

pub(crate) fn run() -> Outcome {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut missing = missing(PROGRAMS, &path);
    if !missing.is_empty()
        && let Some(apt_get) = apt_get(&path)
    {
        install(&missing, &apt_get);
        missing.retain(|program| !is_on(&path, program.name));
    }
    for program in PROGRAMS {
        if missing.iter().any(|other| other.name == program.name) {
            println!("{}", advice(program));
        } else {
            println!("{}: installed", program.name);
        }
    }
    if has_nextest() {
        println!("cargo-nextest: installed");
    } else {
        println!("cargo-nextest: not installed; `cargo test` takes its place, only slower");
    }
    verdict(&missing, env::var_os("CI").is_some_and(|value| value == "true"))
}

pub(crate) fn is_installed(name: &str) -> bool {
    is_on(&env::var_os("PATH").unwrap_or_default(), name)
}

pub(crate) fn has_nextest() -> bool {
    run::answer(&mut run::cargo(["nextest", "--version"])).is_some()
}

fn missing<'a>(programs: &'a [Program], path: &OsStr) -> Vec<&'a Program> {
    programs.iter().filter(|program| !is_on(path, program.name)).collect()
}

fn is_on(path: &OsStr, name: &str) -> bool {
    let file = format!("{name}{}", env::consts::EXE_SUFFIX);
    env::split_paths(path).any(|folder| folder.join(&file).is_file())
}

/// How to call apt-get so that it may install, if there is a way that asks nobody.
fn apt_get(path: &OsStr) -> Option<Vec<&'static str>> {
    if !is_on(path, "apt-get") {
        return None;
    }
    let is_root = run::answer(Command::new("id").arg("-u")).is_some_and(|id| id == "0");
    // sudo does not pass the environment on, hence `env`.
    let command = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"];
    if is_root {
        Some(command.to_vec())
    } else if is_on(path, "sudo") && run::answer(Command::new("sudo").args(["-n", "true"])).is_some() {
        Some([["sudo", "-n"].as_slice(), &command].concat())
    } else {
        None
    }
}

fn install(missing: &[&Program], apt_get: &[&str]) {
    let Some((program, arguments)) = apt_get.split_first() else { return };
    let mut install = vec!["install", "-y", "--no-install-recommends"];
    install.extend(missing.iter().flat_map(|program| program.packages));
    for words in [["update"].as_slice(), &install] {
        // A failure is told and no more: what matters is whether the programs are there afterwards.
        if let Err(failure) = run::step(Command::new(program).args(arguments).args(words)) {
            println!("{failure}");
        }
    }
}

fn advice(program: &Program) -> String {
    format!(
        "{}: MISSING, needed for {}; on Debian and Ubuntu: apt-get install {}",
        program.name,
        program.needed_for,
        program.packages.join(" ")
    )
}

/// A laptop may go on without; in CI it would only fail later and less clearly.
fn verdict(missing: &[&Program], is_ci: bool) -> Outcome {
    let names: Vec<&str> =
        missing.iter().filter(|program| program.in_ci).map(|program| program.name).collect();
    if names.is_empty() || !is_ci {
        return Ok(());
    }
    Err(Failure::new(format!("setup: missing and not to be installed here: {}", names.join(", ")))
        .with_repeat("cargo xtask setup"))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const LAMP: Program =
        Program { name: "lamp", packages: &["lamp", "lamp-bulbs"], needed_for: "the dark", in_ci: true };
    const DESK: Program = Program { name: "desk", packages: &["desk"], needed_for: "the lamp", in_ci: false };

    #[test]
    fn only_what_is_on_no_folder_of_the_path_is_missing() {
        let folder = env::temp_dir().join(format!("xtask-setup-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(format!("desk{}", env::consts::EXE_SUFFIX)), "").unwrap();
        let path = env::join_paths([folder.join("nowhere"), folder.clone()]).unwrap();
        let programs = [LAMP, DESK];
        let names: Vec<&str> = missing(&programs, &path).iter().map(|program| program.name).collect();
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(names, ["lamp"]);
    }

    #[test]
    fn the_advice_says_what_for_and_how() {
        assert_eq!(
            advice(&LAMP),
            "lamp: MISSING, needed for the dark; on Debian and Ubuntu: apt-get install lamp lamp-bulbs"
        );
    }

    #[test]
    fn a_missing_program_fails_only_in_ci_and_only_if_ci_needs_it() {
        assert!(verdict(&[&LAMP], false).is_ok());
        assert!(verdict(&[&DESK], true).is_ok());
        assert!(verdict(&[&LAMP, &DESK], true).unwrap_err().to_string().contains("here: lamp\n"));
    }
}
