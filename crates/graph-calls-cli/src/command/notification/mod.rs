//! `notification parse`: what is understood of a webhook body.

mod describe;

use std::{fs, io::Read as _};

use clap::{Args, Subcommand};
use graph_calls_core::model::WebhookBody;

use crate::{
    exit::{Code, Failure, Outcome},
    output::Output,
};
pub(super) use describe::Described;

/// Looks at what the service sends to a bot.
#[derive(Debug, Subcommand)]
pub(crate) enum NotificationCommand {
    Parse(Parse),
}

/// Says what is understood of the body of a webhook request, in the current and in older forms.
#[derive(Debug, Args)]
pub(crate) struct Parse {
    /// The body; standard input with `-` or without.
    #[arg(default_value = "-")]
    file: String,
    /// Prints one JSON object per item.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(command: &NotificationCommand, output: Output) -> Outcome {
    let NotificationCommand::Parse(parse) = command;
    let (name, body) = read(&parse.file)?;
    let body =
        WebhookBody::parse_typed(&body).map_err(|error| Failure::failed(format!("{name}: {error}")))?;
    let items: Vec<Described> = match &body {
        WebhookBody::Notifications(items) => items.iter().map(Described::notification).collect(),
        WebhookBody::BotFramework(payload) => vec![Described::bot_framework(payload)],
        _ => Vec::new(),
    };
    if parse.json {
        for item in &items {
            output.json(item)?;
        }
    } else if items.is_empty() {
        output.line("no items")?;
    } else {
        let count = items.len();
        for (place, item) in items.iter().enumerate() {
            let gap = if place == 0 { "" } else { "\n" };
            output.line(format!("{gap}{}", item.to_text(place + 1, count, output)))?;
        }
    }
    Ok(Code::Done)
}

/// What is in a file, or on standard input for `-`, with its name for messages.
pub(super) fn read(file: &str) -> Result<(String, Vec<u8>), Failure> {
    if file != "-" {
        let body = fs::read(file).map_err(|error| Failure::failed(format!("{file}: {error}")))?;
        return Ok((file.to_owned(), body));
    }
    let mut body = Vec::new();
    let read = std::io::stdin().read_to_end(&mut body);
    read.map_err(|error| Failure::failed(format!("standard input: {error}")))?;
    Ok(("standard input".to_owned(), body))
}
