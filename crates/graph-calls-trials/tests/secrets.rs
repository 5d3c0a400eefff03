//! Planted secrets, through a whole bot and a whole service: none of them may be read anywhere.

#![allow(clippy::expect_used, clippy::panic, reason = "a test's helpers fail the test")]

use std::{
    error::Error,
    fmt::Write as _,
    io,
    sync::{Arc, Mutex, PoisonError},
};

use graph_calls_bot::{Answer, CallEvent};
use graph_calls_core::{
    AnswerCall, ApiRequest, Client, CreateCall, RecordResponse, TokenRequest,
    model::{
        AnswerCallBody, CallId, CallbackUri, CommsOperation, CreateCallBody, JoinInfo, MediaConfig,
        RecordResponseBody,
    },
};
use graph_calls_emulator::{CallbackClaims, Colour, Dialect, Emulator};
use graph_calls_http::Recording;
use graph_calls_trials::Stage;
use serde_json::json;
use tower::ServiceExt as _;
use tracing_subscriber::fmt::MakeWriter;

// Of characters that every encoding leaves alone, so that a form or a JSON text shows them as well.
const CLIENT_SECRET: &str = "planted-client-secret";
const MEETING_TOKEN: &str = "planted-meeting-token";
const PASSCODE: &str = "planted-passcode";
const BLOB: &str = "planted-media-blob";
const REPLACES_CONTEXT: &str = "planted-replaces-context";
const REPLACEMENT_LINK: &str = "planted-replacement-link";

const WRONG_TOKEN: &str = "planted-wrong-recording-token";

/// All that anybody could read: logs, `Debug`, error chains, dumps.
#[derive(Debug, Clone, Default)]
struct Seen(Arc<Mutex<Vec<u8>>>);

impl Seen {
    fn add(&self, text: impl AsRef<[u8]>) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.extend_from_slice(text.as_ref());
        seen.push(b'\n');
    }

    fn add_error(&self, error: &dyn Error) {
        let mut text = format!("{error:?}");
        for cause in std::iter::successors(Some(error), |&error| error.source()) {
            let _ = write!(text, ": {cause}: {cause:?}");
        }
        self.add(text);
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

impl io::Write for Seen {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Seen {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Sends a request that holds a secret, whatever becomes of it.
async fn send<R: ApiRequest + std::fmt::Debug>(client: &Client, request: R, seen: &Seen) {
    seen.add(format!("{request:?}"));
    match client.send(request).await {
        Ok(_) => {}
        Err(error) => seen.add_error(&error),
    }
}

fn finished(event: CallEvent) -> Option<CommsOperation<'static>> {
    match event {
        CallEvent::Done(done) => done.operation.filter(|one| one.recording_access_token().is_some()),
        _ => None,
    }
}

/// Records, fetches the recording, and fetches it with a wrong token.
async fn record(stage: &mut Stage, seen: &Seen) -> CommsOperation<'static> {
    let operation = stage.event(finished).await;
    seen.add(format!("{operation:?}"));
    let recording = Recording::of(&operation).expect("a finished recording");
    let mut download = stage.connection.download(&recording).await.expect("the recording is there");
    seen.add(format!("{recording:?} {download:?}"));
    while let Some(chunk) = download.chunk().await.expect("a whole recording") {
        assert!(!chunk.is_empty());
    }
    let location = operation.recording_location().expect("a location").expose();
    let wrong = Recording::new(location, WRONG_TOKEN).expect("a recording");
    seen.add_error(&stage.connection.download(&wrong).await.expect_err("the token is wrong"));
    operation
}

/// What a bot sends, be it taken or refused.
async fn send_all(stage: &Stage, call: &CallId, seen: &Seen) {
    let client = stage.client();
    let callback = CallbackUri::emulated(&stage.webhook).expect("a URI");
    let join = |meeting: JoinInfo| CreateCall::new(CreateCallBody::join(meeting, callback.clone()));
    send(&client, join(JoinInfo::by_token(MEETING_TOKEN)), seen).await;
    let meeting = JoinInfo::by_meeting_id("1234567890").expect("an id").with_passcode(PASSCODE);
    send(&client, join(meeting), seen).await;
    let body = AnswerCallBody::new(callback.clone()).with_media_config(MediaConfig::app_hosted(BLOB));
    send(&client, AnswerCall::new(call.clone(), body.clone()), seen).await;
    let nobody = CallId::new("e0000000-0000-4000-8000-000000000009").expect("an id");
    send(&client, AnswerCall::new(nobody, body), seen).await;
}

/// What a service sends, also to a bot that cannot make sense of it.
async fn notify_all(stage: &Stage, call: &CallId, callback_token: &str) {
    for state in [json!("established"), json!(7)] {
        let body = json!({ "value": [{
            "changeType": "updated", "resourceUrl": format!("/communications/calls/{call}"),
            "resourceData": { "@odata.type": "#microsoft.graph.call", "state": state,
                "replacesContext": REPLACES_CONTEXT,
                "targets": [{ "replacesCallId": "1", "replacementLink": format!("https://teams.example/{REPLACEMENT_LINK}") }],
                "meetingInfo": { "@odata.type": "#microsoft.graph.tokenMeetingInfo", "token": MEETING_TOKEN } },
        }] });
        stage.post(&body).await;
    }
    stage.post_as(&format!("{callback_token}x"), json!({ "value": [] }).to_string().into()).await;
    stage.post_as(callback_token, "no JSON planted-meeting-token".into()).await;
}

/// What can be asked of a service and of a connection.
async fn dump_all(stage: &Stage, call: &CallId, seen: &Seen) {
    seen.add(format!("{:?} {:?} {:?}", stage.connection, stage.client(), stage.emulator));
    seen.add(serde_json::to_vec(&stage.emulator.exchanges(None)).expect("JSON"));
    seen.add(format!("{:?}", stage.emulator.exchanges(None)));
    seen.add(stage.emulator.ladder(call.as_str(), Colour::Never));
    for dump in ["trace", "calls", "applied", "faults", "people"] {
        let request = http::Request::get(format!("{}/__emulator/v1/{dump}", stage.emulator.url()));
        let request = request.body(bytes::Bytes::new()).expect("a request");
        let answer = stage.connection.transport().oneshot(request).await.expect("an answer");
        assert!(answer.status().is_success(), "{dump}: {}", answer.status());
        seen.add(answer.body());
    }
}

#[tokio::test]
async fn t7_planted_secrets_are_read_nowhere() {
    let seen = Seen::default();
    tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(seen.clone()).init();
    let events = seen.clone();
    let emulator = Emulator::builder().port(0).seed(7).client_secret(CLIENT_SECRET);
    let mut stage = Stage::set_before(emulator, move |call, event| {
        events.add(format!("{event:?} {call:?}"));
        match event {
            CallEvent::Incoming(_) => call.answer(Answer::service_media()),
            CallEvent::MediaActive => {
                let id = call.id().expect("the call has an id").clone();
                let body = RecordResponseBody::new().with_client_context("voicemail".parse().expect("short"));
                call.request(&RecordResponse::new(id, body));
            }
            _ => {}
        }
        events.add(format!("{:?}", call.commands()));
    })
    .await;
    let call = stage.call(Dialect::Wire).await;
    let operation = record(&mut stage, &seen).await;
    send_all(&stage, &call, &seen).await;
    let callback_token = stage.emulator.sign_callback_token(&CallbackClaims::default()).expect("a token");
    notify_all(&stage, &call, &callback_token).await;
    let root = stage.connection.cloud().scope().clone();
    let wanted = TokenRequest::new(stage.connection.tenant().cloned(), root);
    let access_token = stage.connection.tokens().token(&wanted).await.expect("a token");
    seen.add(format!("{access_token:?}"));
    dump_all(&stage, &call, &seen).await;
    stage.strike().await;

    // What is looked for is found where it is: a form as a careless log would have it.
    let form: String = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("client_secret", CLIENT_SECRET)
        .finish();
    assert!(form.contains(CLIENT_SECRET));

    let text = seen.text();
    let access_token = access_token.header().to_str().expect("ASCII");
    let secrets = [
        ("client secret", CLIENT_SECRET),
        ("access token", access_token.strip_prefix("Bearer ").expect("a bearer token")),
        // Also within the forged one.
        ("callback token", callback_token.as_str()),
        ("recordingAccessToken", operation.recording_access_token().expect("a token").expose()),
        ("wrong recordingAccessToken", WRONG_TOKEN),
        ("tokenMeetingInfo.token", MEETING_TOKEN),
        ("meeting passcode", PASSCODE),
        ("media blob", BLOB),
        ("replacesContext", REPLACES_CONTEXT),
        ("replacementLink", REPLACEMENT_LINK),
    ];
    assert!(text.contains("TRACE") && text.contains("graph.request"), "the logs were kept");
    let leaked: Vec<_> = secrets.iter().filter(|(_, secret)| text.contains(secret)).collect();
    for (name, secret) in &leaked {
        let at = text.find(secret).expect("it is there");
        let around =
            text.get(at.saturating_sub(300)..at + secret.len()).unwrap_or("(cut inside a character)");
        println!("{name} is read in: ...{around}");
    }
    println!(
        "T7: {} planted secrets in {} kB of logs, Debug, errors, dumps and ladders: {} read",
        secrets.len(),
        text.len() / 1024,
        leaked.len()
    );
    assert!(leaked.is_empty(), "{leaked:?}");
}
