//! `bot`: the sample bot alone, configured by the environment.

use std::net::SocketAddr;

use clap::{Args, ValueEnum};
use graph_calls_bot::{Bot, model::CallbackUri};
use graph_calls_http::{Config, Connection, ErrorKind};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{
    control::Controls,
    exit::{Code, Failure, Outcome},
    output::{Output, note},
    sample::attendant::{Attendant, Door},
    signal::Stop,
    target::variable,
};

const CALLBACK_URL: &str = "GRAPH_CALLS_CALLBACK_URL";
const BIND: &str = "GRAPH_CALLS_BIND";
const PROMPT: &str = "GRAPH_CALLS_SAMPLE_PROMPT_URL";
const COLLEAGUE: &str = "GRAPH_CALLS_SAMPLE_COLLEAGUE";

/// Runs a sample bot, configured by the environment, until it is told to stop.
///
/// It reads the variables of the bot (`AZURE_*`, `GRAPH_CALLS_CALLBACK_URL`, `GRAPH_CALLS_BIND`, ...) or
/// `GRAPH_CALLS_EMULATOR_URL`, where it registers itself; for its greeting `GRAPH_CALLS_SAMPLE_PROMPT_URL`, for the
/// colleague behind key 1 `GRAPH_CALLS_SAMPLE_COLLEAGUE` (an object id). With `GRAPH_CALLS_STORE=redb:PATH` it keeps its
/// calls in that file, where they survive it.
#[derive(Debug, Args)]
pub(crate) struct BotArgs {
    /// Which sample.
    #[arg(long, value_enum, default_value_t = Sample::Attendant)]
    sample: Sample,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Sample {
    /// Answers and greets; key 1 brings in a colleague, 2 sends them away, 9 hangs up.
    Attendant,
}

pub(crate) async fn run(bot: &BotArgs, output: Output) -> Outcome {
    let Sample::Attendant = bot.sample;
    let mut stop = Stop::new()?;
    let config = Config::from_env().map_err(all_missing)?;
    let connection = config.connect().await?;
    let attendant = attendant(&connection).await?;
    let builder = Bot::builder_from_env(attendant).await.map_err(|error| Failure::from_error(&error))?;
    let mut builder = builder.store_kind(graph_calls_redb::kind());
    let (listener, address) = listen().await?;
    let url =
        variable(CALLBACK_URL).unwrap_or_else(|| format!("http://127.0.0.1:{}/api/calls", address.port()));
    if connection.emulator().is_some() {
        // The port is known only now where the variable leaves the choice to the system.
        let uri = CallbackUri::emulated(&url).map_err(|error| Failure::from_error(&error))?;
        builder = builder.callback(uri);
    }
    let bot = builder.build().map_err(|error| Failure::from_error(&error))?;
    let root = root(&connection);
    if connection.emulator().is_some() {
        // Not before it is built: one that is not would take the calls away from one that runs.
        Controls::of(&connection).ask("webhook", Some(&json!({ "url": url }))).await?;
        note(format_args!("emulator at {root} (AZURE_* is not read), where {url} is registered now"));
    } else {
        note(format_args!("Graph at {root}; callbacks come to {url}"));
    }
    output.line(format!("the attendant serves at {address}"))?;
    let (stopping, stopped) = tokio::sync::oneshot::channel();
    let told_twice = async move {
        stop.wait().await;
        note("stopping; a second signal ends at once");
        let _ = stopping.send(());
        stop.wait().await;
    };
    let stopped = async {
        let _ = stopped.await;
    };
    tokio::select! {
        served = bot.serve_on(listener, stopped) => served.map_err(|error| Failure::from_error(&error))?,
        () = told_twice => {}
    }
    Ok(Code::Done)
}

fn root(connection: &Connection) -> &str {
    connection.cloud().graph().as_str().trim_end_matches('/')
}

async fn listen() -> Result<(TcpListener, SocketAddr), Failure> {
    let text = variable(BIND).unwrap_or_else(|| "0.0.0.0:3978".to_owned());
    let wrong =
        |_| Failure::failed(format!("{BIND} is `{text}`: an address and a port, such as 0.0.0.0:3978"));
    let address: SocketAddr = text.parse().map_err(wrong)?;
    let listener = TcpListener::bind(address).await.map_err(|error| {
        if error.kind() == std::io::ErrorKind::AddrInUse {
            let port = address.port();
            Failure::failed(format!(
                "port {port} is in use: stop what listens there, or choose another with {BIND}"
            ))
        } else {
            Failure::failed(format!("cannot listen on {address}: {error}"))
        }
    })?;
    let address = listener.local_addr().map_err(|error| Failure::failed(error.to_string()))?;
    Ok((listener, address))
}

/// With the address that is missing beside the credentials, so that nobody runs into one after the other.
fn all_missing(error: graph_calls_http::Error) -> Failure {
    let callback = error.kind() == ErrorKind::Missing && variable(CALLBACK_URL).is_none();
    let mut failure = Failure::from(error);
    if callback {
        failure.text.push_str("; to reach Graph, set ");
        failure.text.push_str(CALLBACK_URL);
        failure.text.push_str(" too: the https URL where the service reaches this bot");
    }
    failure
}

async fn attendant(connection: &Connection) -> Result<Attendant, Failure> {
    let mut greeting = variable(PROMPT);
    let mut colleague = variable(COLLEAGUE);
    if let Some(emulator) = connection.emulator() {
        let root = emulator.url.trim_end_matches('/');
        greeting = greeting.or_else(|| Some(format!("{root}/__emulator/v1/prompts/welcome.wav")));
        if colleague.is_none() {
            let people = Controls::of(connection).ask("people", None).await?;
            colleague = people.pointer("/0/id").and_then(Value::as_str).map(str::to_owned);
        }
    }
    if greeting.is_none() {
        note(format_args!("{PROMPT} is not set: callers hear no greeting"));
    }
    if colleague.is_none() {
        note(format_args!("{COLLEAGUE} is not set: key 1 brings in nobody"));
    }
    Ok(Attendant { door: Door::default(), greeting, colleague })
}
