//! The transport and the credentials against the emulated service.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "what fails in a test panics")]

use graph_calls_core::{
    AnswerCall, Certainty, DeleteCall, ErrorKind, GetCall, RawRequest, Repeat, TokenRequest,
    model::{AnswerCallBody, CallId, CallState, CallbackUri, CommsOperation},
};
use graph_calls_emulator::{Emulator, IncomingCall};
use graph_calls_http::{ClientSecret, Config, DownloadErrorKind, Recording};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

const ADELE: &str = "b0000000-0000-4000-8000-000000000001";

#[tokio::test]
async fn a_login_a_call_and_its_end() {
    let emulator = Emulator::builder().port(0).webhook("http://127.0.0.1:9/nobody").start().await.unwrap();
    let connection = Config::emulator(emulator.url()).unwrap().connect().await.unwrap();
    let client = connection.client();
    let call = CallId::new(emulator.incoming(IncomingCall::from_user(ADELE)).await.unwrap()).unwrap();
    assert_eq!(client.send(GetCall::new(call.clone())).await.unwrap().state, Some(CallState::Incoming));
    let error = client.send(DeleteCall::new(CallId::new("nobodys").unwrap())).await.unwrap_err();
    assert_eq!((error.kind(), error.certainty()), (ErrorKind::Status, Certainty::Refused));
    assert_eq!(error.to_string(), "call-delete: answered 404 Not Found, code 8522");
    assert!(error.request_id().is_some() && error.client_request_id().is_some());
    let logins = emulator.exchanges(None).into_iter().filter(|one| one.summary == "POST token").count();
    assert_eq!(logins, 1, "one token serves all requests");
    emulator.shutdown().await;
}

#[tokio::test]
async fn a_wrong_secret_is_told_in_words_and_never_repeated() {
    let emulator = Emulator::builder().port(0).start().await.unwrap();
    let right = Config::emulator(emulator.url()).unwrap().connect().await.unwrap();
    let env = right.emulator().unwrap();
    let wrong = ClientSecret::new(env.tenant_id.clone(), env.app_id.clone(), "wr0ng".to_owned());
    let tokens = graph_calls_http::EntraTokens::new(right.cloud(), right.transport(), wrong);
    let client = right.with_tokens(std::sync::Arc::new(tokens)).client();
    let error = client.send(GetCall::new(CallId::new("1").unwrap())).await.unwrap_err();
    assert_eq!((error.kind(), error.certainty(), error.attempts()), (ErrorKind::Auth, Certainty::Unsent, 1));
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("secret") && !source.contains("wr0ng"), "{source}");
    emulator.shutdown().await;
}

/// A webhook that takes everything, and the items of what it is told.
async fn webhook() -> (String, mpsc::UnboundedReceiver<Value>) {
    async fn take(mut stream: TcpStream, items: mpsc::UnboundedSender<Value>) -> Option<()> {
        loop {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.ok()?);
            }
            let head = String::from_utf8(head).ok()?.to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "))?;
            let mut body = vec![0; length.parse().ok()?];
            stream.read_exact(&mut body).await.ok()?;
            stream.write_all(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n").await.ok()?;
            let body: Value = serde_json::from_slice(&body).ok()?;
            for item in body["value"].as_array()? {
                items.send(item["resourceData"].clone()).ok()?;
            }
        }
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let (items, told) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(take(stream, items.clone()));
        }
    });
    (url, told)
}

#[tokio::test]
async fn what_a_caller_said_is_downloaded_whole_and_from_where_a_download_stopped() {
    let (url, mut told) = webhook().await;
    let emulator = Emulator::builder().port(0).webhook(&url).start().await.unwrap();
    let connection = Config::emulator(emulator.url()).unwrap().connect().await.unwrap();
    let client = connection.client();
    let call = CallId::new(emulator.incoming(IncomingCall::from_user(ADELE)).await.unwrap()).unwrap();
    let callback = CallbackUri::emulated(&url).unwrap();
    client.send(AnswerCall::new(call.clone(), AnswerCallBody::new(callback))).await.unwrap();
    while told.recv().await.unwrap()["mediaState"]["audio"] != "active" {}
    let path = format!("/communications/calls/{call}/recordResponse");
    let record = RawRequest::new(http::Method::POST, path, Repeat::OnlyIfNoEffect)
        .json(&json!({"playBeep": false, "stopTones": ["#"]}))
        .returning::<Value>();
    let begun = client.send(record).await.unwrap().to_string();
    let begun: CommsOperation<'_> = serde_json::from_str(&begun).unwrap();
    assert_eq!(Recording::of(&begun).unwrap_err().kind(), DownloadErrorKind::NoRecording);
    emulator.press(call.as_str(), "#").await.unwrap();
    let done = loop {
        let item = told.recv().await.unwrap();
        if item["@odata.type"] == "#microsoft.graph.recordOperation" {
            break item;
        }
    };
    let text = done.to_string();
    let recording = Recording::of(&serde_json::from_str(&text).unwrap()).unwrap();

    let mut download = connection.download(&recording).await.unwrap();
    let (length, validator) = (download.content_length().unwrap(), download.validator().unwrap().clone());
    let mut wav = Vec::new();
    assert_eq!(download.write_to(&mut wav).await.unwrap(), length);
    assert!(wav.starts_with(b"RIFF"));
    let mut rest = connection.download(&recording).resume_from(20).if_unchanged(validator).await.unwrap();
    let mut tail = Vec::new();
    rest.write_to(&mut tail).await.unwrap();
    assert_eq!((tail, rest.content_length()), (wav[20..].to_vec(), Some(length)));

    let scope = connection.cloud().scope().clone();
    let graph = connection.tokens().token(&TokenRequest::new(None, scope)).await.unwrap();
    let graph = graph.header().to_str().unwrap().strip_prefix("Bearer ").unwrap().to_owned();
    let location = done["recordingLocation"].as_str().unwrap();
    let own = done["recordingAccessToken"].as_str().unwrap();
    for (location, token, kind) in [
        (location, &*graph, DownloadErrorKind::Token),
        (&format!("{}/recordings/{ADELE}", emulator.url()), own, DownloadErrorKind::Gone),
        ("https://file.location/17e3b46c", own, DownloadErrorKind::Location),
    ] {
        let error = connection.download(&Recording::new(location, token).unwrap()).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
    }
    emulator.shutdown().await;
}
