//! The transport and the credentials against the emulated service.

use graph_calls_core::{
    Certainty, DeleteCall, ErrorKind, GetCall,
    model::{CallId, CallState},
};
use graph_calls_emulator::{Emulator, IncomingCall};
use graph_calls_http::{ClientSecret, Config};

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
