//! What an emulator tells of itself.

use std::{fmt::Write as _, time::Duration};

use bytes::Bytes;
use graph_calls_core::{
    Cloud, Transport,
    model::{AppId, TenantId},
};
use http::StatusCode;
use secrecy::SecretString;
use serde::Deserialize;
use tokio::time::timeout;
use tower::ServiceExt as _;
use url::Url;

use crate::{Error, ErrorKind, HttpTransport, Result};

const PATH: [&str; 3] = ["__emulator", "v1", "env"];
const PATIENCE: Duration = Duration::from_secs(5);

/// What a client of an emulator needs to know: the answer of `GET /__emulator/v1/env`.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct EmulatorEnv {
    /// The root of everything.
    pub url: String,
    /// The Graph root, without a version.
    pub graph: String,
    /// The login root, without a tenant.
    pub login: String,
    /// The OpenID document whose keys sign callbacks.
    pub openid: String,
    /// The issuer of callbacks.
    pub issuer: String,
    /// The tenant that owns the bot's calls.
    pub tenant_id: TenantId,
    /// The bot's app id: the audience of callbacks.
    pub app_id: AppId,
    /// The bot's secret at the emulator's login.
    #[serde(deserialize_with = "secret")]
    pub client_secret: SecretString,
}

fn secret<'de, D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<SecretString, D::Error> {
    String::deserialize(deserializer).map(SecretString::from)
}

impl EmulatorEnv {
    /// Asks the emulator on this machine.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] when the URL is none or is not this machine's, [`ErrorKind::NoEmulator`] when no
    /// emulator answers there within 5 seconds.
    pub async fn fetch(url: &str) -> Result<Self> {
        let cloud = Cloud::emulator(url).map_err(unusable)?;
        Self::fetch_from(&cloud, HttpTransport::emulator()?.into_transport()).await
    }

    pub(crate) async fn fetch_from(cloud: &Cloud, transport: Transport) -> Result<Self> {
        let root = cloud.graph();
        let shown = root.as_str().trim_end_matches('/');
        let missing = || {
            let mut message =
                format!("no emulator answers at {shown}: start one with `graph-calls emulator start");
            if let Some(port) = root.port() {
                let _ = write!(message, " --port {port}");
            }
            message.push('`');
            Error::new(ErrorKind::NoEmulator, message)
        };
        let stranger = || {
            let message = format!(
                "what answers at {shown} is no emulator: start one with `graph-calls emulator start` on another port"
            );
            Error::new(ErrorKind::NoEmulator, message)
        };
        let request = http::Request::get(address(root).as_str())
            .body(Bytes::new())
            .map_err(|error| unusable(error).with_source("the URL cannot be requested"))?;
        let response = match timeout(PATIENCE, transport.oneshot(request)).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(missing().with_source(error)),
            Err(_) => return Err(missing().with_source("nothing came within 5 seconds")),
        };
        if response.status() != StatusCode::OK {
            return Err(stranger().with_source(format!("it answered {}", response.status())));
        }
        serde_json::from_slice(response.body()).map_err(|error| stranger().with_source(error))
    }

    /// The cloud that the emulator is, reached as it wants to be: it takes tokens for no other name.
    pub(crate) fn cloud(&self, asked: &Cloud, remote: bool) -> Result<Cloud> {
        let own = if remote { Cloud::remote_emulator(&self.graph) } else { Cloud::emulator(&self.graph) };
        let own = own.map_err(unusable)?;
        // Elsewhere than on this machine another name is another machine, and ours would get the secret.
        if remote && own.graph().origin() != asked.graph().origin() {
            return Err(Error::invalid(format!(
                "the emulator at {} calls itself {}: start it with the URL that it is reached at",
                asked.graph(),
                own.graph(),
            )));
        }
        Ok(own)
    }
}

fn address(root: &Url) -> Url {
    let mut url = root.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(PATH);
    }
    url
}

pub(crate) fn unusable(error: impl std::error::Error) -> Error {
    Error::invalid(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loopback::{Loopback, free_port, json};

    #[tokio::test]
    async fn an_emulator_that_is_not_there_is_an_error_that_says_how_to_start_one() {
        let port = free_port().await;
        let error = EmulatorEnv::fetch(&format!("http://127.0.0.1:{port}")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoEmulator);
        assert_eq!(
            error.to_string(),
            format!(
                "no emulator answers at http://127.0.0.1:{port}: start one with `graph-calls emulator start --port {port}`"
            )
        );
    }

    #[tokio::test]
    async fn something_else_is_no_emulator() {
        for answer in
            [json("404 Not Found", "{}"), json("200 OK", "<html>"), json("200 OK", r#"{"url":"x"}"#)]
        {
            let server = Loopback::says(answer).await;
            let error = EmulatorEnv::fetch(&server.url()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NoEmulator);
            assert!(error.to_string().contains("is no emulator"), "{error}");
        }
    }

    #[tokio::test]
    async fn what_is_no_address_of_this_machine_is_not_asked() {
        for url in ["http://emulator.example:1", "emulator", "ftp://localhost"] {
            assert_eq!(EmulatorEnv::fetch(url).await.unwrap_err().kind(), ErrorKind::Invalid);
        }
    }

    #[test]
    fn an_emulator_elsewhere_that_goes_by_another_name_is_refused() {
        let env: EmulatorEnv = serde_json::from_str(
            r#"{"url":"http://127.0.0.1:1","graph":"http://127.0.0.1:1","login":"http://127.0.0.1:1","openid":"o",
                "issuer":"i","tenant_id":"contoso.example","app_id":"2f1a0b00-1c2d-4e3f-8a9b-0c1d2e3f4a5b",
                "client_secret":"s3cret"}"#,
        )
        .unwrap();
        assert!(!format!("{env:?}").contains("s3cret"));
        let asked = Cloud::remote_emulator("http://emulator.example:1").unwrap();
        assert_eq!(env.cloud(&asked, true).unwrap_err().kind(), ErrorKind::Invalid);
        let asked = Cloud::emulator("http://localhost:1").unwrap();
        assert_eq!(env.cloud(&asked, false).unwrap().graph().as_str(), "http://127.0.0.1:1/");
    }
}
