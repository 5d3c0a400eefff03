//! The sub-commands, one file each.

mod bot;
mod call;
mod dev;
mod emulator;
mod end_reason;
mod listen;
mod notification;
mod page;
mod participant;
mod values;

use clap::{Parser, Subcommand};

use crate::{exit::Outcome, output::Output};

/// Place, watch and debug Microsoft Teams calls from a terminal.
///
/// Exit codes: 0 done, 1 failed and certainly without effect, 2 usage, 3 findings or a failed expectation, 4 outcome
/// unknown.
#[derive(Debug, Parser)]
#[command(name = "graph-calls", version, propagate_version = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Dev(dev::Dev),
    #[command(subcommand)]
    Emulator(emulator::EmulatorCommand),
    Bot(bot::BotArgs),
    Listen(listen::Listen),
    #[command(subcommand)]
    Call(Box<call::Call>),
    #[command(subcommand)]
    Participant(participant::ParticipantCommand),
    #[command(subcommand)]
    Notification(notification::NotificationCommand),
    EndReason(end_reason::EndReasonArgs),
}

pub(crate) async fn run(cli: Cli) -> Outcome {
    let output = Output::new();
    match cli.command {
        Command::Dev(dev) => dev::run(&dev, output).await,
        Command::Emulator(command) => emulator::run(command, output).await,
        Command::Bot(bot) => bot::run(&bot, output).await,
        Command::Listen(listen) => listen::run(&listen, output).await,
        Command::Call(call) => call::run(*call, output).await,
        Command::Participant(command) => participant::run(command, output).await,
        Command::Notification(command) => notification::run(&command, output),
        Command::EndReason(reason) => end_reason::run(&reason, output),
    }
}
