//! `emulator`: the calls service on this machine.

use clap::{Args, Subcommand, ValueEnum};
use graph_calls_emulator::{Dialect, Emulator, Env, Person, World, WorldConfig};
use serde::Serialize;

use crate::{
    control::Controls,
    exit::{Code, Failure, Outcome},
    output::{Ink, Output, note, plain},
    signal::Stop,
    target::EmulatorUrl,
};

/// Runs the calls service on this machine, or asks one that runs.
#[derive(Debug, Subcommand)]
pub(crate) enum EmulatorCommand {
    Start(Start),
    People(People),
    Env(EnvArgs),
}

/// Starts an emulator; it runs until it is interrupted.
#[derive(Debug, Args)]
pub(crate) struct Start {
    /// The port on 127.0.0.1; 0 picks a free one.
    #[arg(long, default_value_t = 4010)]
    port: u16,
    /// The webhook that the bot registered with its Teams channel.
    #[arg(long, value_name = "URL")]
    bot: Option<String>,
    /// Ids, delays of people and tone numbers follow from it.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// The app's permissions, with commas between; all unless told otherwise.
    #[arg(long, value_delimiter = ',', value_name = "ROLES")]
    roles: Option<Vec<String>>,
    /// How notifications are written: `wire`, `docs-current`, `docs-legacy` or `2018`.
    #[arg(long, default_value_t = Dialect::Wire)]
    dialect: Dialect,
    /// Prints one line of JSON once it is ready.
    #[arg(long)]
    json_ready: bool,
}

/// Lists who can call and be called.
#[derive(Debug, Args)]
pub(crate) struct People {
    #[command(flatten)]
    emulator: EmulatorUrl,
    /// Prints one JSON object per person.
    #[arg(long)]
    json: bool,
}

/// Prints what a bot must set to talk to an emulator that runs.
#[derive(Debug, Args)]
pub(crate) struct EnvArgs {
    #[command(flatten)]
    emulator: EmulatorUrl,
    /// How it is written.
    #[arg(long, value_enum, default_value_t = Format::Sh)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a shell's `eval`.
    Sh,
    /// As the emulator says it.
    Json,
}

pub(crate) async fn run(command: EmulatorCommand, output: Output) -> Outcome {
    match command {
        EmulatorCommand::Start(start) => start.run(output).await,
        EmulatorCommand::People(people) => people.run(output).await,
        EmulatorCommand::Env(env) => env.run(output).await,
    }
    .map(|()| Code::Done)
}

#[derive(Serialize)]
struct Ready<'e> {
    ready: bool,
    #[serde(flatten)]
    env: &'e Env,
}

impl Start {
    async fn run(self, output: Output) -> Result<(), Failure> {
        let mut stop = Stop::new()?;
        let mut builder = Emulator::builder().port(self.port).seed(self.seed).dialect(self.dialect);
        if let Some(url) = &self.bot {
            builder = builder.webhook(url);
        }
        if let Some(roles) = self.roles {
            builder = builder.roles(roles.into_iter().filter(|role| !role.is_empty()));
        }
        let emulator = builder.start().await.map_err(|error| Failure::from_error(&error))?;
        let env = emulator.env();
        if self.json_ready {
            output.json(&Ready { ready: true, env })?;
        } else {
            output.line(ready(env, self.bot.as_deref(), output))?;
            note("^C ends it");
        }
        stop.wait().await;
        emulator.shutdown().await;
        Ok(())
    }
}

fn ready(env: &Env, bot: Option<&str>, output: Output) -> String {
    let mut lines = vec![output.paint(Ink::Bold, &format!("the emulator is ready at {}", env.url))];
    let mut put = |name: &str, value: &str| {
        lines.push(format!("  {}{value}", output.paint(Ink::Dim, &format!("{name:10}"))));
    };
    put("openid", &env.openid);
    put("issuer", &env.issuer);
    put("tenant", &env.tenant_id);
    put("app", &env.app_id);
    put("bot", bot.unwrap_or("none yet: give --bot, or start one with GRAPH_CALLS_EMULATOR_URL"));
    lines.push(format!("for a bot:  export GRAPH_CALLS_EMULATOR_URL={}", env.url));
    lines.join("\n")
}

impl People {
    async fn run(self, output: Output) -> Result<(), Failure> {
        let people: Vec<Person> = if self.emulator.get().is_some() {
            let controls = Controls::of(&self.emulator.connect().await?);
            let answer = controls.ask("people", None).await?;
            serde_json::from_value(answer)
                .map_err(|error| Failure::failed(format!("the emulator's people cannot be read: {error}")))?
        } else {
            // Those that every emulator has.
            World::new(WorldConfig::default()).people().to_vec()
        };
        if self.json {
            return people.iter().try_for_each(|person| Ok(output.json(person)?));
        }
        let width = people.iter().map(|one| one.name.chars().count()).max().unwrap_or(0);
        let rows: Vec<_> = people
            .iter()
            .map(|one| plain(&format!("{:36}  {:width$}  {}", one.id, one.name, one.behaviour.describe())))
            .collect();
        Ok(output.line(rows.join("\n"))?)
    }
}

impl EnvArgs {
    async fn run(self, output: Output) -> Result<(), Failure> {
        let controls = Controls::of(&self.emulator.connect().await?);
        let answer = controls.ask("env", None).await?;
        if self.format == Format::Json {
            return Ok(output.json(&answer)?);
        }
        let env: Env = serde_json::from_value(answer)
            .map_err(|error| Failure::failed(format!("the emulator's addresses cannot be read: {error}")))?;
        let variables = [
            ("GRAPH_CALLS_EMULATOR_URL", &env.url),
            ("AZURE_TENANT_ID", &env.tenant_id),
            ("AZURE_CLIENT_ID", &env.app_id),
            ("AZURE_CLIENT_SECRET", &env.client_secret),
            ("AZURE_AUTHORITY_HOST", &env.login),
            ("GRAPH_CALLS_OPENID_URL", &env.openid),
            ("GRAPH_CALLS_ISSUERS", &env.issuer),
        ];
        let lines: Vec<_> =
            variables.iter().map(|(name, value)| format!("export {name}={}", quoted(value))).collect();
        Ok(output.line(lines.join("\n"))?)
    }
}

/// A value as a shell takes it for itself.
fn quoted(value: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._/:".contains(&byte);
    if !value.is_empty() && value.bytes().all(is_plain) {
        value.to_owned()
    } else {
        format!("'{}'", value.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_values_back_as_they_are() {
        assert_eq!(quoted("http://127.0.0.1:4010"), "http://127.0.0.1:4010");
        assert_eq!(quoted("it's $HOME"), r"'it'\''s $HOME'");
    }
}
