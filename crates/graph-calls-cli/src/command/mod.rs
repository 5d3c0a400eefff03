//! The sub-commands, one file each.

mod dev;

use clap::{Parser, Subcommand};

use crate::{exit::Outcome, output::Output};

/// Place, watch and debug Microsoft Teams calls from a terminal.
#[derive(Debug, Parser)]
#[command(name = "graph-calls", version, propagate_version = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Dev(dev::Dev),
}

pub(crate) async fn run(cli: Cli) -> Outcome {
    let output = Output::new();
    match cli.command {
        Command::Dev(dev) => dev::run(&dev, output).await,
    }
}
