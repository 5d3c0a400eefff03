//! Gives bytes to the fuzz targets.
//!
//! `cargo xtask fuzz` builds it with libFuzzer, which invents them. Built like everything else it takes them from files:
//! `fuzz TARGET FILE..`, as do the tests from `corpus/`. A new target is a function in `__fuzzing` of the crate that owns
//! the parser, a line in [`TARGETS`] and a folder in `corpus/`.

#![cfg_attr(fuzzing, no_main)]

use graph_calls_bot::__fuzzing as bot;
use graph_calls_core::__fuzzing as core;
use graph_calls_model::__fuzzing as model;

type Target = fn(&[u8]);

/// By the name of its folder in `corpus/`.
const TARGETS: &[(&str, Target)] = &[
    ("bot_framework", bot::bot_framework),
    ("error_body", model::error_body),
    ("join_url", model::join_url),
    ("key_set", bot::key_set),
    ("notification", model::notification),
    ("openid", bot::openid),
    ("retry_after", core::retry_after),
    ("token", bot::token),
    ("webhook", bot::webhook),
];

fn target(wanted: &str) -> Option<Target> {
    TARGETS.iter().find(|(name, _)| *name == wanted).map(|(_, target)| *target)
}

#[cfg(fuzzing)]
mod live {
    use std::{env, sync::LazyLock};

    use super::Target;

    // The command line is libFuzzer's.
    #[expect(clippy::expect_used, reason = "only `cargo xtask fuzz` sets it")]
    static TARGET: LazyLock<Target> = LazyLock::new(|| {
        let name = env::var("FUZZ_TARGET").expect("FUZZ_TARGET names a target");
        super::target(&name).expect("FUZZ_TARGET is one of the targets")
    });

    libfuzzer_sys::fuzz_target!(|bytes: &[u8]| TARGET(bytes));
}

#[cfg(not(fuzzing))]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(name), files) = (arguments.next(), arguments) else { return Err(USAGE.into()) };
    let target = target(&name).ok_or_else(|| format!("no target is named {name}; {USAGE}"))?;
    for file in files {
        let bytes = std::fs::read(&file).map_err(|error| format!("{file}: {error}"))?;
        target(&bytes);
    }
    Ok(())
}

#[cfg(not(fuzzing))]
const USAGE: &str = "usage: fuzz TARGET FILE..";

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, panic, path::Path};

    use super::*;

    fn corpus() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
    }

    #[test]
    fn the_corpus_holds() {
        let mut broken = Vec::new();
        for (name, target) in TARGETS {
            for file in fs::read_dir(corpus().join(name)).unwrap() {
                let file = file.unwrap().path();
                let bytes = fs::read(&file).unwrap();
                if panic::catch_unwind(|| target(&bytes)).is_err() {
                    broken.push(file);
                }
            }
        }
        assert!(broken.is_empty(), "cargo xtask fuzz --replay FILE TARGET shows each: {broken:#?}");
    }

    #[test]
    fn each_target_has_its_folder_and_each_folder_its_target() {
        let folders = fs::read_dir(corpus()).unwrap().map(|folder| folder.unwrap().file_name());
        let folders: BTreeSet<String> = folders.map(|name| name.into_string().unwrap()).collect();
        let targets = TARGETS.iter().map(|(name, _)| (*name).to_owned());
        assert_eq!(targets.collect::<BTreeSet<_>>(), folders);
    }
}
