//! `listen`: looks at what the service sends, and answers as a bot would.

mod date;
mod record;

use std::{net::SocketAddr, path::PathBuf};

use clap::Args;
use graph_calls_bot::{
    AllowedTenants, Answered, IssuerConfig, Limits, Received, TokenCheck, TokenCheckConfig, Webhook, Witness,
    core::Wall,
    model::{AppId, TenantId},
};
use graph_calls_http::HttpTransport;
use serde::Serialize;
use tokio::{net::TcpListener, sync::mpsc};

use super::notification::Described;
use crate::{
    exit::{Code, Failure, Outcome},
    output::{Ink, Output, note, plain},
    signal::Stop,
    target::variable,
};
use date::Date;
use record::Record;

const BIND: &str = "GRAPH_CALLS_BIND";
const REMOTE: &str = "GRAPH_CALLS_EMULATOR_REMOTE";

/// How many notifications may wait to be printed.
const CAPACITY: usize = 10_000;

/// Takes notifications as a bot would, and prints what they say, one a line.
///
/// Tokens are checked and POSTs answered as a bot does it: 202, 204, 401, 403, ... No call is answered, so that a
/// caller hears it ring out. Refused POSTs are told with the reason and without their token.
#[derive(Debug, Args)]
pub(crate) struct Listen {
    /// The app that tokens must be for; several with commas between.
    #[arg(long, required = true, value_name = "ID", value_delimiter = ',')]
    app_id: Vec<AppId>,
    /// The `OpenID` document that names the keys of tokens: https, or http to an emulator on this machine. That of the
    /// public cloud unless told otherwise.
    #[arg(long, value_name = "URL", env = "GRAPH_CALLS_OPENID_URL", hide_env_values = true)]
    openid: Option<String>,
    /// Who issues them; several with commas between.
    #[arg(
        long,
        value_name = "ISS",
        env = "GRAPH_CALLS_ISSUERS",
        hide_env_values = true,
        value_delimiter = ',',
        default_value = "https://api.botframework.com"
    )]
    issuer: Vec<String>,
    /// The tenants whose calls are taken, with commas between; all unless told otherwise.
    #[arg(long, value_name = "TENANTS", value_delimiter = ',')]
    tenant: Vec<TenantId>,
    /// The port, 0 for a free one; that of `GRAPH_CALLS_BIND`, or 3978, unless told otherwise.
    #[arg(long)]
    port: Option<u16>,
    /// The path that the webhook is registered under.
    #[arg(long, default_value = "/api/calls")]
    path: String,
    /// Prints one JSON object per notification and per refused POST.
    #[arg(long)]
    json: bool,
    /// Adds each POST to a file, one JSON object per line, without tokens, cookies, passcodes and media blobs.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
}

pub(crate) async fn run(listen: &Listen, output: Output) -> Outcome {
    let mut stop = Stop::new()?;
    let check = listen.check()?;
    let record = listen.record.as_deref().map(Record::open).transpose()?;
    let listener = listen.bind().await?;
    let address = listener.local_addr().map_err(|error| Failure::failed(error.to_string()))?;
    let wall = Wall::system();
    let (failed, mut failure) = mpsc::channel(1);
    let onlooker = Onlooker { output, json: listen.json, wall, record, failed };
    let (webhook, mut notifications) = Webhook::stream(&listen.path, check, Limits::default(), CAPACITY);
    let webhook = webhook.with_witness(onlooker);
    if listen.json {
        output.json(&Listening { kind: "listening", address, path: &listen.path })?;
    } else {
        output.line(format!("listening at {address}, path {}", listen.path))?;
        note("^C ends it");
    }
    let (stopping, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = tokio::spawn(webhook.serve_on(listener, async {
        let _ = stopped.await;
    }));
    let mut stopping = Some(stopping);
    loop {
        tokio::select! {
            received = notifications.recv() => match received {
                Some(received) => listen.print(&received, wall, output)?,
                None => break,
            },
            // What was acknowledged by then is still printed: the stream ends with the server.
            () = stop.wait(), if stopping.is_some() => drop(stopping.take()),
            Some(failure) = failure.recv() => return Err(failure),
        }
    }
    match server.await {
        Ok(ended) => ended.map_err(|error| Failure::from_error(&error))?,
        Err(error) => return Err(Failure::failed(format!("the server broke down: {error}"))),
    }
    Ok(Code::Done)
}

impl Listen {
    fn check(&self) -> Result<TokenCheck, Failure> {
        let wrong = |error| Failure::usage(format!("nobody can be trusted: {error}"));
        let emulated = self.openid.as_deref().is_some_and(|url| url.starts_with("http://"));
        let issuer = |name: &String| match self.openid.as_deref() {
            Some(openid) if emulated && variable(REMOTE).is_some_and(|remote| remote == "1") => {
                IssuerConfig::remote_emulator(name, openid)
            }
            Some(openid) if emulated => IssuerConfig::emulator(name, openid),
            Some(openid) => IssuerConfig::new(name, openid),
            None => IssuerConfig::new(name, IssuerConfig::bot_framework().openid().as_str()),
        };
        let issuers = self.issuer.iter().map(issuer).collect::<Result<Vec<_>, _>>().map_err(wrong)?;
        let transport = if emulated { HttpTransport::emulator() } else { HttpTransport::https() }?;
        let tenants = if self.tenant.is_empty() {
            AllowedTenants::Any
        } else {
            AllowedTenants::These(self.tenant.clone())
        };
        let trusted = TokenCheckConfig::new(self.app_id.clone(), tenants).with_issuers(issuers);
        TokenCheck::new(trusted, &transport.into_transport(), Wall::system()).map_err(wrong)
    }

    async fn bind(&self) -> Result<TcpListener, Failure> {
        let text = variable(BIND).unwrap_or_else(|| "0.0.0.0:3978".to_owned());
        let wrong =
            |_| Failure::usage(format!("{BIND} is `{text}`: an address and a port, such as 0.0.0.0:3978"));
        let mut address: SocketAddr = text.parse().map_err(wrong)?;
        if let Some(port) = self.port {
            address.set_port(port);
        }
        TcpListener::bind(address).await.map_err(|error| {
            if error.kind() == std::io::ErrorKind::AddrInUse {
                let port = address.port();
                Failure::failed(format!(
                    "port {port} is in use: stop what listens there, or choose another with --port"
                ))
            } else {
                Failure::failed(format!("cannot listen on {address}: {error}"))
            }
        })
    }

    fn print(&self, received: &Received, wall: Wall, output: Output) -> std::io::Result<()> {
        let item = &received.notification;
        let resource = item.resource();
        let described = Described::of(item, resource.as_ref());
        let time = Date(wall.now() - received.received.elapsed());
        if self.json {
            return output.json(&Event {
                kind: "notification",
                time: time.to_string(),
                app_id: &received.app,
                tenant_id: &received.tenant,
                call_ref: received.call_ref.as_deref(),
                attempt: received.attempt.as_deref(),
                message_id: received.message_id.as_deref(),
                what: described,
            });
        }
        let call = plain(described.call_id().unwrap_or("-"));
        let call = output.paint(Ink::Bold, &format!("{call:36}"));
        output.line(format!("{}  {call}  {}", output.paint(Ink::Dim, &time.clock()), described.brief()))
    }
}

#[derive(Serialize)]
struct Listening<'l> {
    kind: &'static str,
    address: SocketAddr,
    path: &'l str,
}

#[derive(Serialize)]
struct Event<'r> {
    kind: &'static str,
    time: String,
    app_id: &'r AppId,
    tenant_id: &'r TenantId,
    call_ref: Option<&'r str>,
    attempt: Option<&'r str>,
    message_id: Option<&'r str>,
    what: Described,
}

#[derive(Serialize)]
struct Refused<'r> {
    kind: &'static str,
    time: String,
    status: u16,
    reason: Option<&'r str>,
    method: &'r str,
    path: &'r str,
}

/// Tells of what is no notification, and records everything.
struct Onlooker {
    output: Output,
    json: bool,
    wall: Wall,
    record: Option<Record>,
    failed: mpsc::Sender<Failure>,
}

impl Onlooker {
    fn tell(&self, post: &Answered<'_>) -> Result<(), Failure> {
        let time = Date(self.wall.now());
        if let Some(record) = &self.record {
            record.add(&time, post)?;
        }
        let status = post.status().as_u16();
        if status == 202 {
            return Ok(());
        }
        let kind = if status < 300 { "answered" } else { "refused" };
        if self.json {
            self.output.json(&Refused {
                kind,
                time: time.to_string(),
                status,
                reason: post.reason(),
                method: post.method().as_str(),
                path: post.path(),
            })?;
            return Ok(());
        }
        let ink = if status < 300 { Ink::Dim } else { Ink::Bad };
        let reason = post.reason().unwrap_or("no reason");
        let what = format!("{kind} {status}: {reason} ({} {})", post.method(), post.path());
        let clock = self.output.paint(Ink::Dim, &time.clock());
        self.output.line(format!("{clock}  {:36}  {}", "-", self.output.paint(ink, &plain(&what))))?;
        Ok(())
    }
}

impl Witness for Onlooker {
    fn answered(&self, post: &Answered<'_>) {
        if let Err(failure) = self.tell(post) {
            // The first one ends it; what fails after that is the same again.
            let _ = self.failed.try_send(failure);
        }
    }
}
