//! A bot configured by its environment.

use std::{env, error, fmt, net::SocketAddr};

use graph_calls_core::{
    Wall,
    model::{CallbackUri, InvalidCallbackUri},
};
use graph_calls_http::{Config, Connection};

use crate::{
    AllowedTenants, App, Bot, BotBuilder, BuildError, CallHandler, IssuerConfig, TokenCheck,
    TokenCheckConfig, token::InvalidTokenConfig,
};

const CALLBACK_URL: &str = "GRAPH_CALLS_CALLBACK_URL";
const BIND: &str = "GRAPH_CALLS_BIND";
const OPENID_URL: &str = "GRAPH_CALLS_OPENID_URL";
const ISSUERS: &str = "GRAPH_CALLS_ISSUERS";
const STORE: &str = "GRAPH_CALLS_STORE";

impl Bot {
    /// A bot with the credentials and addresses of the environment.
    ///
    /// | variable | meaning |
    /// | --- | --- |
    /// | `AZURE_TENANT_ID`, `AZURE_CLIENT_ID`, `AZURE_CLIENT_SECRET` | the app registration; `graph-calls-http` lists what can stand for the secret |
    /// | `GRAPH_CALLS_CALLBACK_URL` | where the service reaches the webhook; https |
    /// | `GRAPH_CALLS_BIND` | where to listen: `0.0.0.0:3978` unless set |
    /// | `GRAPH_CALLS_STORE` | where calls are kept: `memory:`, or what [`BotBuilder::store_kind`] was given |
    /// | `GRAPH_CALLS_CLOUD` | `global`, `usgov` or `usgovdod` |
    /// | `GRAPH_CALLS_OPENID_URL`, `GRAPH_CALLS_ISSUERS` | who signs callbacks, for other clouds |
    /// | `GRAPH_CALLS_EMULATOR_URL` | an emulator instead of all this |
    ///
    /// # Errors
    ///
    /// When a variable is missing or makes no sense, or the emulator is not there: the error says which and what to do.
    pub async fn from_env(handler: impl CallHandler) -> Result<Bot, FromEnvError> {
        Self::builder_from_env(handler).await?.build().map_err(FromEnvError::Build)
    }

    /// The same, to be changed before it is built.
    ///
    /// # Errors
    ///
    /// As for [`from_env`](Self::from_env).
    pub async fn builder_from_env(handler: impl CallHandler) -> Result<BotBuilder, FromEnvError> {
        let connection =
            Config::from_env().map_err(FromEnvError::Http)?.connect().await.map_err(FromEnvError::Http)?;
        Self::builder_from_connection(handler, &connection)
    }

    /// The same over a connection that is made already, so that the handler can hold it too: to download what it had
    /// recorded, or to ask the rest of Graph. Of the environment only what a bot needs beside it is read.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use async_trait::async_trait;
    /// use graph_calls_bot::{Answer, Bot, CallContext, CallEvent, CallHandler, HandlerError};
    /// use graph_calls_core::{RecordResponse, model::RecordResponseBody};
    /// use graph_calls_http::{Config, Connection, Recording};
    ///
    /// struct Voicemail(Connection);
    ///
    /// #[async_trait]
    /// impl CallHandler for Voicemail {
    ///     type Memory = ();
    ///     async fn on_event(&self, call: &mut CallContext<()>, event: CallEvent) -> Result<(), HandlerError> {
    ///         match event {
    ///             CallEvent::Incoming(_) => call.answer(Answer::service_media()),
    ///             CallEvent::MediaActive => {
    ///                 let Some(id) = call.id().cloned() else { return Ok(()) };
    ///                 let body = RecordResponseBody::new().with_client_context("voicemail".parse()?);
    ///                 call.request(&RecordResponse::new(id, body));
    ///             }
    ///             CallEvent::Done(done) => {
    ///                 let Some(operation) = done.operation else { return Ok(()) };
    ///                 let mut download = self.0.download(&Recording::of(&operation)?).await?;
    ///                 let mut audio = Vec::new();
    ///                 while let Some(chunk) = download.chunk().await? {
    ///                     audio.extend_from_slice(&chunk);
    ///                 }
    ///                 std::fs::write("voicemail.wav", audio)?;
    ///                 call.hang_up();
    ///             }
    ///             _ => {}
    ///         }
    ///         Ok(())
    ///     }
    /// }
    ///
    /// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
    /// let connection = Config::from_env()?.connect().await?;
    /// let bot = Bot::builder_from_connection(Voicemail(connection.clone()), &connection)?.build()?;
    /// bot.serve().await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`from_env`](Self::from_env).
    pub fn builder_from_connection(
        handler: impl CallHandler,
        connection: &Connection,
    ) -> Result<BotBuilder, FromEnvError> {
        builder(handler, connection, |name| env::var(name).ok().filter(|value| !value.is_empty()))
    }
}

fn builder(
    handler: impl CallHandler,
    connection: &Connection,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<BotBuilder, FromEnvError> {
    let bind: SocketAddr = match variable(BIND) {
        Some(text) => text.parse().map_err(|_| FromEnvError::Bind(text))?,
        None => SocketAddr::from(([0, 0, 0, 0], 3978)),
    };
    let callback = match (variable(CALLBACK_URL), connection.emulator()) {
        (Some(uri), None) => CallbackUri::new(uri).map_err(FromEnvError::Callback)?,
        (Some(uri), Some(_)) => CallbackUri::emulated(uri).map_err(FromEnvError::Callback)?,
        (None, Some(_)) => {
            let uri = format!("http://127.0.0.1:{}/api/calls", bind.port());
            CallbackUri::emulated(uri).map_err(FromEnvError::Callback)?
        }
        (None, None) => return Err(FromEnvError::NoCallback),
    };
    let app_id = connection.app_id().cloned().ok_or(FromEnvError::NoAppId)?;
    let tenants = AllowedTenants::Any;
    let config =
        TokenCheckConfig::new([app_id.clone()], tenants).with_issuers(issuers(connection, &variable)?);
    let check =
        TokenCheck::new(config, &connection.transport(), Wall::system()).map_err(FromEnvError::Token)?;
    let app = App::new(app_id, connection.client()).handler(handler);
    let app = match connection.tenant() {
        Some(tenant) => app.in_tenant(tenant.clone()),
        None => app,
    };
    let bot = Bot::builder()
        .store_url(variable(STORE).unwrap_or_else(|| "memory:".to_owned()))
        .app(app)
        .callback(callback)
        .token_check(check)
        .bind(bind);
    Ok(match connection.emulator() {
        Some(emulator) => bot.emulator(&emulator.url),
        None => bot,
    })
}

fn issuers(
    connection: &Connection,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Vec<IssuerConfig>, FromEnvError> {
    if let Some(emulator) = connection.emulator() {
        let issuer = IssuerConfig::remote_emulator(emulator.issuer.clone(), &emulator.openid);
        return Ok(vec![issuer.map_err(FromEnvError::Token)?]);
    }
    let Some(openid) = variable(OPENID_URL) else {
        return Ok(vec![IssuerConfig::bot_framework()]);
    };
    let names = variable(ISSUERS).unwrap_or_else(|| "https://api.botframework.com".to_owned());
    let names = names.split(',').map(str::trim).filter(|name| !name.is_empty());
    names.map(|name| IssuerConfig::new(name, &openid).map_err(FromEnvError::Token)).collect()
}

/// Why the environment makes no bot.
#[derive(Debug)]
#[non_exhaustive]
pub enum FromEnvError {
    /// The credentials or the cloud.
    Http(graph_calls_http::Error),
    /// `GRAPH_CALLS_CALLBACK_URL` is missing.
    NoCallback,
    /// `GRAPH_CALLS_CALLBACK_URL` is no callback URI.
    Callback(InvalidCallbackUri),
    /// `GRAPH_CALLS_BIND` is no address.
    Bind(String),
    /// `GRAPH_CALLS_OPENID_URL` or `GRAPH_CALLS_ISSUERS`.
    Token(InvalidTokenConfig),
    /// There is no app id.
    NoAppId,
    /// The rest.
    Build(BuildError),
}

impl fmt::Display for FromEnvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FromEnvError::Http(_) => f.write_str("the connection to Graph cannot be configured"),
            FromEnvError::NoCallback => {
                write!(f, "{CALLBACK_URL} is not set: where does the service reach this bot? An https URL")
            }
            FromEnvError::Callback(_) => write!(f, "{CALLBACK_URL} cannot be used"),
            FromEnvError::Bind(text) => {
                write!(f, "{BIND} is `{text}`: an address and a port, such as 0.0.0.0:3978")
            }
            FromEnvError::Token(_) => write!(f, "{OPENID_URL} or {ISSUERS} cannot be used"),
            FromEnvError::NoAppId => {
                f.write_str("AZURE_CLIENT_ID is not set: the app that callbacks are for")
            }
            FromEnvError::Build(_) => f.write_str("the bot cannot be put together"),
        }
    }
}

impl error::Error for FromEnvError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            FromEnvError::Http(source) => Some(source),
            FromEnvError::Callback(source) => Some(source),
            FromEnvError::Token(source) => Some(source),
            FromEnvError::Build(source) => Some(source),
            FromEnvError::NoCallback | FromEnvError::Bind(_) | FromEnvError::NoAppId => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use async_trait::async_trait;
    use graph_calls_core::{Cloud, FixedToken, model::AppId, test_util::ScriptedTransport};

    use super::*;
    use crate::{CallContext, CallEvent, HandlerError};

    struct Idle;

    #[async_trait]
    impl CallHandler for Idle {
        type Memory = ();
        async fn on_event(&self, _call: &mut CallContext<()>, _event: CallEvent) -> Result<(), HandlerError> {
            Ok(())
        }
    }

    fn built(variables: &[(&str, &str)]) -> Result<Bot, String> {
        let tokens = Arc::new(FixedToken::new("t").unwrap());
        let app = AppId::new("a0000000-0000-4000-8000-000000000002").unwrap();
        let connection =
            Connection::new(Cloud::global(), ScriptedTransport::new().transport(), tokens).with_app_id(app);
        let variable = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        let describe = |error: FromEnvError| match error::Error::source(&error) {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        };
        builder(Idle, &connection, variable)
            .and_then(|builder| builder.build().map_err(FromEnvError::Build))
            .map_err(describe)
    }

    #[tokio::test]
    async fn the_environment_makes_a_bot_or_says_what_is_missing() {
        let callback = (CALLBACK_URL, "https://bot.example/api/calls");
        assert!(built(&[callback]).is_ok());
        assert!(built(&[callback, (STORE, "memory:"), (BIND, "127.0.0.1:0")]).is_ok());
        let other_cloud =
            [(OPENID_URL, "https://login.example/openid"), (ISSUERS, "https://a.example, https://b.example")];
        assert!(built(&[callback, other_cloud[0], other_cloud[1]]).is_ok());
        for (variables, said) in [
            (vec![], CALLBACK_URL),
            (vec![(CALLBACK_URL, "http://bot.example/api/calls")], "https"),
            (vec![callback, (BIND, "3978")], "0.0.0.0:3978"),
            (vec![callback, (STORE, "redis://localhost")], "graph-calls-redis"),
            (vec![callback, (OPENID_URL, "http://login.example/openid")], OPENID_URL),
        ] {
            let error = built(&variables).unwrap_err();
            assert!(error.contains(said), "{variables:?}: {error}");
        }
    }
}
