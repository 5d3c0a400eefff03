//! Everything a client needs, ready to be used.

use std::{fmt, sync::Arc};

use graph_calls_core::{
    Client, ClientBuilder, Cloud, TokenProvider, Transport,
    model::{AppId, TenantId},
};

use crate::{Download, EmulatorEnv, Recording};

/// Where to send, by what, and as whom. Cheap to clone; clones share connections and tokens.
///
/// [`Config::connect`](crate::Config::connect) makes one from the environment. Put together by hand it takes any
/// transport and any provider.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
///
/// use graph_calls_core::{Cloud, FixedToken, model::TenantId};
/// use graph_calls_http::{Connection, HttpTransport};
///
/// let cloud = Cloud::emulator("http://127.0.0.1:8080")?;
/// let transport = HttpTransport::emulator()?.into_transport();
/// let connection = Connection::new(cloud, transport, Arc::new(FixedToken::new("anything")?))
///     .with_tenant(TenantId::new("contoso.example")?);
/// let client = connection.client();
/// # let _ = client;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Connection {
    cloud: Cloud,
    transport: Transport,
    tokens: Arc<dyn TokenProvider>,
    app_id: Option<AppId>,
    tenant: Option<TenantId>,
    emulator: Option<Arc<EmulatorEnv>>,
}

impl Connection {
    /// A connection of one's own.
    pub fn new(cloud: Cloud, transport: Transport, tokens: Arc<dyn TokenProvider>) -> Self {
        Self { cloud, transport, tokens, app_id: None, tenant: None, emulator: None }
    }

    /// The app that the tokens are of.
    #[must_use]
    pub fn with_app_id(self, app_id: AppId) -> Self {
        Self { app_id: Some(app_id), ..self }
    }

    /// The tenant whose tokens are used where a request names no other.
    #[must_use]
    pub fn with_tenant(self, tenant: TenantId) -> Self {
        Self { tenant: Some(tenant), ..self }
    }

    /// Other tokens, such as a [`FixedToken`](graph_calls_core::FixedToken).
    #[must_use]
    pub fn with_tokens(self, tokens: Arc<dyn TokenProvider>) -> Self {
        Self { tokens, ..self }
    }

    pub(crate) fn with_emulator(self, env: EmulatorEnv) -> Self {
        Self {
            app_id: Some(env.app_id.clone()),
            tenant: Some(env.tenant_id.clone()),
            emulator: Some(Arc::new(env)),
            ..self
        }
    }

    /// A client over this connection.
    pub fn client(&self) -> Client {
        self.client_builder().build()
    }

    /// A client over this connection, for further settings.
    pub fn client_builder(&self) -> ClientBuilder {
        let builder =
            Client::builder(self.transport.clone()).cloud(self.cloud.clone()).token(Arc::clone(&self.tokens));
        match &self.tenant {
            Some(tenant) => builder.tenant(tenant.clone()),
            None => builder,
        }
    }

    /// Fetches a recording, once awaited: chunk by chunk, with the recording's own token and never the one for Graph.
    ///
    /// The token goes where the location says and nowhere else: over https, to a public name, or to the emulator where
    /// the connection is to one. No redirect is followed. What breaks off is resumed, if the recording is still the
    /// same. The limits of [`DownloadSettings`](crate::DownloadSettings) hold. A transport that is not an
    /// [`HttpTransport`](crate::HttpTransport) gives the recording in one piece.
    ///
    /// Graph reference: [`recordOperation`](https://learn.microsoft.com/graph/api/resources/recordoperation).
    ///
    /// # Errors
    ///
    /// Awaited, with a [`DownloadError`](crate::DownloadError): its kind says what to do, and
    /// [`received`](crate::DownloadError::received) where to go on.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use bytes::Bytes;
    /// use graph_calls_core::{BoxError, Cloud, FixedToken, Transport};
    /// use graph_calls_http::{Connection, Recording};
    /// use tower::{service_fn, util::BoxCloneSyncService};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
    /// // On a real tenant: `Config::from_env()?.connect().await?`.
    /// let transport: Transport = BoxCloneSyncService::new(service_fn(|request: http::Request<Bytes>| async move {
    ///     assert_eq!(request.uri(), "https://file.location/17e3b46c");
    ///     assert_eq!(request.headers()["authorization"], "Bearer its-own-token");
    ///     Ok::<_, BoxError>(http::Response::new(Bytes::from_static(b"RIFF")))
    /// }));
    /// let connection = Connection::new(Cloud::global(), transport, Arc::new(FixedToken::new("for-graph")?));
    ///
    /// // From an operation: `Recording::of(&operation)?`.
    /// let recording = Recording::new("https://file.location/17e3b46c", "its-own-token")?;
    /// let mut download = connection.download(&recording).await?;
    /// let mut wav = Vec::new();
    /// while let Some(chunk) = download.chunk().await? {
    ///     wav.extend_from_slice(&chunk);
    /// }
    /// assert_eq!(wav, b"RIFF");
    /// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn download(&self, recording: &Recording) -> Download {
        Download::new(self.transport(), &self.cloud, recording)
    }

    /// Where Graph and its login are.
    pub fn cloud(&self) -> &Cloud {
        &self.cloud
    }

    /// What carries the requests.
    pub fn transport(&self) -> Transport {
        self.transport.clone()
    }

    /// Where tokens come from.
    pub fn tokens(&self) -> Arc<dyn TokenProvider> {
        Arc::clone(&self.tokens)
    }

    /// The app that the tokens are of: the audience of callbacks. Absent only where a ready token was given and no
    /// variable names the app.
    pub fn app_id(&self) -> Option<&AppId> {
        self.app_id.as_ref()
    }

    /// The tenant whose tokens are used where a request names no other.
    pub fn tenant(&self) -> Option<&TenantId> {
        self.tenant.as_ref()
    }

    /// What the emulator said of itself, where it is one: among it the issuer of callbacks and its OpenID document.
    pub fn emulator(&self) -> Option<&EmulatorEnv> {
        self.emulator.as_deref()
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("cloud", &self.cloud)
            .field("app_id", &self.app_id)
            .field("tenant", &self.tenant)
            .field("emulator", &self.emulator)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        time::Duration,
    };

    use graph_calls_core::{Certainty, ErrorKind, FixedToken, RawRequest, Repeat};
    use http::Method;

    use super::*;
    use crate::{
        Config, HttpTransport,
        loopback::{Loopback, header, json},
    };

    const APP_ID: &str = "3f1a0b00-1c2d-4e3f-8a9b-0c1d2e3f4a5b";

    fn get(path: &str) -> RawRequest {
        RawRequest::new(Method::GET, path, Repeat::OnlyIfNoEffect)
    }

    /// An emulator as far as this crate needs one.
    fn emulate(head: &str, body: &str) -> String {
        let root = format!("http://{}", header(head, "host").unwrap());
        if head.starts_with("GET /__emulator/v1/env ") {
            return json(
                "200 OK",
                &format!(
                    r#"{{"url":"{root}","graph":"{root}","login":"{root}","openid":"{root}/openid","issuer":"iss",
                        "tenant_id":"contoso.example","app_id":"{APP_ID}","client_secret":"s3cret"}}"#
                ),
            );
        }
        if head.starts_with("POST /contoso.example/oauth2/v2.0/token ")
            && body.contains("client_secret=s3cret")
        {
            return json("200 OK", r#"{"token_type":"Bearer","expires_in":3599,"access_token":"t-1"}"#);
        }
        match header(head, "authorization") {
            Some("Bearer t-1") => json("200 OK", r#"{"fine":true}"#),
            _ => json("401 Unauthorized", "{}"),
        }
    }

    #[tokio::test]
    async fn the_url_of_an_emulator_is_all_it_takes() {
        let server = Loopback::replies(emulate).await;
        let url = server.url();
        let config = Config::from_lookup(|name| (name == "GRAPH_CALLS_EMULATOR_URL").then(|| url.clone()));
        let connection = config.unwrap().connect().await.unwrap();
        assert_eq!(connection.app_id(), Some(&AppId::new(APP_ID).unwrap()));
        assert_eq!(connection.emulator().unwrap().openid, format!("{url}/openid"));
        let response = connection.client().send(get("/communications/calls/57dab8b1")).await.unwrap();
        assert_eq!(&response.body()[..], br#"{"fine":true}"#);
        assert!(!format!("{connection:?}").contains("s3cret"));
        assert_eq!(server.connections(), 1);
    }

    #[tokio::test]
    async fn a_token_of_ones_own_goes_before_the_login() {
        let server = Loopback::replies(emulate).await;
        let config = Config::emulator(&server.url()).unwrap().with_token(FixedToken::new("other").unwrap());
        let error = config.connect().await.unwrap().client().send(get("/x")).await.unwrap_err();
        // The emulator refused it, and there is no second one.
        assert_eq!(error.kind(), ErrorKind::Auth);
    }

    fn at(server: &Loopback) -> Connection {
        let cloud = Cloud::emulator(&server.url()).unwrap();
        let transport = HttpTransport::emulator().unwrap().into_transport();
        Connection::new(cloud, transport, Arc::new(FixedToken::new("t").unwrap()))
    }

    #[tokio::test]
    async fn a_repeat_after_an_overloaded_instance_goes_over_a_new_connection() {
        let asked = AtomicUsize::new(0);
        let server = Loopback::replies(move |_, _| match asked.fetch_add(1, Ordering::SeqCst) {
            1 => "HTTP/1.1 503 S\r\nRetry-After: 0.01\r\nContent-Length: 0\r\n\r\n".to_owned(),
            _ => json("200 OK", "{}"),
        })
        .await;
        let client = at(&server).client();
        client.send(get("/first")).await.unwrap();
        assert_eq!(server.connections(), 1);
        client.send(get("/second")).await.unwrap();
        assert_eq!(server.connections(), 2);
        client.send(get("/third")).await.unwrap();
        assert_eq!(server.connections(), 2);
    }

    #[tokio::test]
    async fn a_time_out_after_the_request_was_handed_over_is_unknown_and_not_repeated() {
        let server = Loopback::says_and_stays("").await;
        let client = at(&server).client_builder().attempt_timeout(Duration::from_millis(40)).build();
        let error = client.send(get("/silent")).await.unwrap_err();
        assert_eq!((error.kind(), error.certainty()), (ErrorKind::Deadline, Certainty::Unknown));
        assert_eq!((error.attempts(), server.connections()), (1, 1));
    }

    #[tokio::test]
    async fn a_body_that_is_late_leaves_the_status_standing_at_the_deadline() {
        let server = Loopback::says_and_stays("HTTP/1.1 201 Created\r\nContent-Length: 9\r\n\r\n{").await;
        let client = at(&server).client_builder().total_timeout(Duration::from_millis(90)).build();
        let request = RawRequest::new(Method::POST, "/late", Repeat::OnlyIfNoEffect);
        let error = client.send(request).await.unwrap_err();
        assert!(error.is_answer_lost());
        assert_eq!(error.status().map(|status| status.as_u16()), Some(201));
    }
}
