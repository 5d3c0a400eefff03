//! What `cargo xtask kill` runs: a bot that is killed while it is in calls, and what came of it.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a chore talks to whoever started it")]

use std::{env, error::Error, process::ExitCode};

use graph_calls_trials::kill::{Folder, Part, Plan, run, serve};

const USAGE: &str = "usage: kill --store redb [--kills N] [--seed N] [--json]";
const KILLS: u32 = 200;
const CALLERS: u64 = 60;
/// More than these would only repeat themselves.
const SHOWN: usize = 20;

struct Wanted {
    kills: u32,
    seed: u64,
    json: bool,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error),
    };
    if arguments.first().is_some_and(|first| first == "bot") {
        let Some(part) = part(&arguments) else { return usage() };
        return match runtime.block_on(serve(part)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => failed(&*error),
        };
    }
    let Some(wanted) = wanted(&arguments) else { return usage() };
    match runtime.block_on(kill(&wanted)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => failed(&*error),
    }
}

fn usage() -> ExitCode {
    eprintln!("{USAGE}");
    ExitCode::from(2)
}

fn failed(error: &dyn Error) -> ExitCode {
    eprintln!("{error}");
    ExitCode::FAILURE
}

fn part(arguments: &[String]) -> Option<Part> {
    let [_, emulator, callback, store, number] = arguments else { return None };
    Some(Part {
        emulator: emulator.clone(),
        callback: callback.clone(),
        store: store.into(),
        number: number.parse().ok()?,
    })
}

fn wanted(arguments: &[String]) -> Option<Wanted> {
    let mut wanted = Wanted { kills: KILLS, seed: fastrand::u64(..1_000_000), json: false };
    let (mut rest, mut store) = (arguments.iter(), None);
    while let Some(option) = rest.next() {
        match option.as_str() {
            "--store" => store = rest.next(),
            "--kills" => wanted.kills = rest.next()?.parse().ok()?,
            "--seed" => wanted.seed = rest.next()?.parse().ok()?,
            "--json" => wanted.json = true,
            _ => return None,
        }
    }
    store.is_some_and(|store| store == "redb").then_some(wanted)
}

async fn kill(wanted: &Wanted) -> Result<bool, Box<dyn Error + Send + Sync>> {
    let folder = Folder::new()?;
    let plan = Plan {
        program: env::current_exe()?,
        kills: wanted.kills,
        callers: CALLERS,
        seed: wanted.seed,
        folder: folder.path().to_owned(),
    };
    let report = run(plan).await?;
    if wanted.json {
        println!("{}", report.to_json());
    } else {
        println!("{report}");
    }
    for complaint in report.complaints().take(SHOWN) {
        eprintln!("{complaint}");
    }
    Ok(report.holds())
}
