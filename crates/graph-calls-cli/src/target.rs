//! Where requests go: an emulator or Graph.

use std::{
    env, fs,
    io::{self, BufRead as _, IsTerminal as _, Read as _},
};

use clap::Args;
use graph_calls_core::{Cloud, FixedToken, model::TenantId};
use graph_calls_http::{Config, Connection};

use crate::{
    dry_run::DryRun,
    exit::Failure,
    line::Line,
    output::{Output, note},
};

const EMULATOR_URL: &str = "GRAPH_CALLS_EMULATOR_URL";
const ACCESS_TOKEN: &str = "GRAPH_CALLS_ACCESS_TOKEN";
const TENANT: [&str; 2] = ["AZURE_TENANT_ID", "MicrosoftAppTenantId"];

/// Where a request goes, and how its answer is printed.
#[derive(Debug, Args)]
pub(crate) struct Target {
    #[command(flatten)]
    pub(crate) emulator: EmulatorUrl,
    /// Sends a ready token from a file, or from standard input with `-` [env: `GRAPH_CALLS_ACCESS_TOKEN`].
    #[arg(long, value_name = "FILE")]
    token_file: Option<String>,
    /// The tenant that owns the call, if not the app's own.
    #[arg(long, value_name = "TENANT")]
    pub(crate) tenant: Option<TenantId>,
    /// Prints the HTTP request instead of sending it; needs no credentials and no network.
    #[arg(long)]
    dry_run: bool,
    /// Prints JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Which emulator.
#[derive(Debug, Args)]
pub(crate) struct EmulatorUrl {
    /// Goes to this emulator instead of Graph; `AZURE_*` is not read then [env: `GRAPH_CALLS_EMULATOR_URL`].
    #[arg(long = "emulator", value_name = "URL")]
    url: Option<String>,
}

/// The answer to "does it ring people?"
#[derive(Debug, Args)]
pub(crate) struct Consent {
    /// Rings people on real Graph without asking first.
    #[arg(long)]
    yes: bool,
}

impl EmulatorUrl {
    pub(crate) fn get(&self) -> Option<String> {
        self.url.clone().or_else(|| variable(EMULATOR_URL))
    }

    /// The connection to the emulator, which must be there.
    pub(crate) async fn connect(&self) -> Result<Connection, Failure> {
        if self.get().is_none() {
            return Err(Failure::usage(format!(
                "which emulator? Give its URL with --emulator or {EMULATOR_URL}"
            )));
        }
        Ok(Config::from_lookup(self.lookup())?.connect().await?)
    }

    /// Where to, for what is fetched with a token of its own.
    pub(crate) fn config_without_credentials(&self) -> Result<Config, Failure> {
        Ok(Config::from_lookup_with_token(self.lookup(), DryRun::token()?)?)
    }

    fn lookup(&self) -> impl Fn(&str) -> Option<String> {
        |name| if name == EMULATOR_URL { self.get() } else { env::var(name).ok() }
    }
}

impl Target {
    /// Gets ready to send, and says on standard error where to.
    pub(crate) async fn open(&self, output: Output) -> Result<Line, Failure> {
        let tokens = if self.dry_run { Some(DryRun::token()?) } else { self.token()? };
        let has_token = tokens.is_some() && !self.dry_run;
        let lookup = self.emulator.lookup();
        let config = match tokens {
            Some(tokens) => Config::from_lookup_with_token(lookup, tokens),
            None => Config::from_lookup(lookup),
        }?;
        let cloud = config.cloud().clone();
        announce(&cloud, self.dry_run, has_token);
        let line = if self.dry_run {
            let own = TENANT.into_iter().find_map(variable).filter(|_| !cloud.is_emulator());
            Line::dry(&cloud, own.and_then(|tenant| TenantId::new(tenant).ok()))
        } else {
            let connection = config.connect().await?;
            Line::real(connection.client(), connection.tenant().cloned(), cloud.is_emulator())
        };
        Ok(line.printing(output, self.json).for_tenant(self.tenant.clone()))
    }

    fn token(&self) -> Result<Option<FixedToken>, Failure> {
        let text = match self.token_file.as_deref() {
            Some("-") => {
                let mut text = String::new();
                let read = io::stdin().read_to_string(&mut text);
                read.map_err(|error| Failure::failed(format!("no token on standard input: {error}")))?;
                Some(text)
            }
            Some(file) => Some(
                fs::read_to_string(file)
                    .map_err(|error| Failure::failed(format!("no token in {file}: {error}")))?,
            ),
            // A token for Graph is none for an emulator, and has no business going there in the clear.
            None if self.emulator.get().is_some() => None,
            None => variable(ACCESS_TOKEN),
        };
        let token = text.map(|text| FixedToken::new(text.trim()));
        token.transpose().map_err(|_| Failure::failed("what was given as a token can be none"))
    }
}

impl Consent {
    /// Asks before people are rung: only on a terminal, and never for an emulator.
    pub(crate) fn ask(&self, line: &Line, whom: &str) -> Result<(), Failure> {
        let asks = line.reaches_people() && !self.yes;
        if !asks || !io::stdin().is_terminal() || !io::stderr().is_terminal() {
            return Ok(());
        }
        note(format_args!("This rings {whom} on real Graph. Go on? [y/N]"));
        let mut answer = String::new();
        let _ = io::stdin().lock().read_line(&mut answer);
        if matches!(answer.trim(), "y" | "Y" | "yes") {
            Ok(())
        } else {
            Err(Failure::failed("nothing was sent (--yes goes on without asking)"))
        }
    }
}

fn announce(cloud: &Cloud, dry: bool, token: bool) {
    let root = cloud.graph().as_str().trim_end_matches('/');
    let place = if cloud.is_emulator() {
        format!("emulator at {root} (AZURE_* is not read)")
    } else {
        format!("Graph at {root}")
    };
    let dry = if dry { "; a dry run, nothing is sent" } else { "" };
    let token = if token { "; with the token that was given" } else { "" };
    note(format_args!("{place}{token}{dry}"));
}

/// A variable that is set to something.
pub(crate) fn variable(name: &str) -> Option<String> {
    env::var(name).ok().map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
}
