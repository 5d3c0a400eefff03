//! `graph-calls`: place, watch and debug Microsoft Teams calls from a terminal.
//!
//! Exit codes: 0 done, 1 failed and certainly without effect, 2 usage, 3 findings or a failed expectation, 4 outcome
//! unknown.

mod callee;
mod command;
mod control;
mod dry_run;
mod exit;
mod line;
mod logging;
mod output;
mod report;
mod sample;
mod signal;
mod target;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    let cli = command::Cli::parse();
    logging::start();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            output::note(format_args!("graph-calls: the runtime cannot be started: {error}"));
            return exit::Code::Failed.into();
        }
    };
    let outcome = runtime.block_on(command::run(cli));
    // A task that still reads standard input must not hold up the end.
    runtime.shutdown_background();
    match outcome {
        Ok(code) => code.into(),
        Err(failure) => {
            if !failure.text.is_empty() {
                output::note(format_args!("graph-calls: {}", failure.text));
            }
            failure.code.into()
        }
    }
}
