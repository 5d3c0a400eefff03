//! Every typed request against the table of operations, which the emulator's routes are held against too.

#![allow(clippy::expect_used, clippy::panic, reason = "a test's helpers fail the test")]

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use graph_calls_core::{
    AnswerCall, ApiRequest, ApiVersion, CreateCall, DeleteCall, DeleteParticipant, GetCall, GetParticipant,
    InviteParticipants, KeepAlive, ListParticipants, PlayPrompt, RejectCall, Repeat, SubscribeToTone,
    model::{
        AnswerCallBody, CallId, CallbackUri, ClientContextBody, CreateCallBody, InvitationParticipantInfo,
        InviteParticipantsBody, MediaInfo, MediaPrompt, ParticipantId, PlayPromptBody, RejectReason,
    },
};

const TABLE: &str = include_str!("operations.tsv");

/// What a request says of itself.
struct Sent {
    name: &'static str,
    method: String,
    path: String,
    class: &'static str,
    versions: &'static str,
    reads: Box<dyn Fn(u16) -> bool>,
}

fn sent<R: ApiRequest + 'static>(request: R) -> Sent {
    let http = request.to_http().expect("a good request");
    Sent {
        name: R::NAME,
        method: http.method().to_string(),
        path: http.uri().to_string(),
        class: match R::REPEAT {
            Repeat::Always => "A",
            Repeat::WhileIncoming => "B",
            Repeat::OnlyIfNoEffect => "C",
        },
        versions: match R::VERSION {
            ApiVersion::Any => "v1.0,beta",
            ApiVersion::V1 => "v1.0",
            ApiVersion::Beta => "beta",
        },
        reads: Box::new(move |status| {
            let body = Bytes::from_static(br#"{"id": "a/b?c"}"#);
            let response = http::Response::builder()
                .status(status)
                .header("location", "/communications/calls/a%20b")
                .body(body)
                .expect("a response");
            request.read(response).is_ok()
        }),
    }
}

fn all() -> Vec<Sent> {
    let call = || CallId::new("a b").expect("an id");
    let participant = || ParticipantId::new("c?d").expect("an id");
    let callback = || CallbackUri::new("https://bot.example/api/calls").expect("a URI");
    let someone = || InvitationParticipantInfo::user("8d1e6ab6");
    vec![
        sent(CreateCall::new(CreateCallBody::to(someone(), callback()))),
        sent(GetCall::new(call())),
        sent(AnswerCall::new(call(), AnswerCallBody::new(callback()))),
        sent(RejectCall::new(call(), RejectReason::Busy)),
        sent(DeleteCall::new(call())),
        sent(KeepAlive::new(call())),
        sent(PlayPrompt::new(
            call(),
            PlayPromptBody::new(MediaPrompt::new(MediaInfo::new("https://bot.example/hello.wav"))),
        )),
        sent(SubscribeToTone::new(call(), ClientContextBody::new())),
        sent(ListParticipants::new(call())),
        sent(GetParticipant::new(call(), participant())),
        sent(InviteParticipants::new(call(), InviteParticipantsBody::new(someone()))),
        sent(DeleteParticipant::new(call(), participant())),
    ]
}

#[test]
fn every_request_is_a_row_of_the_table_and_every_row_a_request() {
    let mut lines = TABLE.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let columns = lines.next().expect("a head");
    let rows: BTreeMap<&str, BTreeMap<&str, &str>> = lines
        .map(|cells| columns.iter().copied().zip(cells).collect::<BTreeMap<_, _>>())
        .map(|row| (row["name"], row))
        .collect();
    let requests = all();
    assert_eq!(requests.len(), rows.len());
    for request in requests {
        let row = rows.get(request.name).unwrap_or_else(|| panic!("{} is in no row", request.name));
        assert_eq!(request.method, row["method"], "{}", request.name);
        let path = row["path"].replace("{call}", "a%20b").replace("{participant}", "c%3Fd");
        assert_eq!(request.path, path, "{}", request.name);
        assert_eq!(request.class, row["class"], "{}", request.name);
        assert_eq!(request.versions, row["versions"], "{}", request.name);
        for status in row["success"].split(',') {
            assert!((request.reads)(status.parse().expect("a status")), "{} {status}", request.name);
        }
    }
}

#[test]
fn limits_are_held_before_anything_is_sent() {
    let callback = CallbackUri::new("https://bot.example/api/calls").unwrap();
    let someone = InvitationParticipantInfo::user("8d1e6ab6");
    let body = CreateCallBody::to(someone, callback).with_ringing_timeout(Duration::from_secs(116));
    let error = CreateCall::new(body).to_http().unwrap_err();
    assert_eq!(error.kind(), graph_calls_core::ErrorKind::Request);
    assert_eq!(error.certainty(), graph_calls_core::Certainty::Unsent);
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(source, "`ringingTimeoutInSeconds`: 116s is not taken: give whole seconds, 115s at most");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(2_000))]

    #[test]
    fn an_id_is_refused_or_comes_back_as_exactly_one_segment(text in "\\PC{0,40}|[./\\\\%?#a-z ]{0,6}") {
        if let Ok(id) = CallId::new(&text) {
            let request = GetCall::new(id).to_http().unwrap();
            let path = request.uri().path();
            proptest::prop_assert_eq!(path.split('/').count(), 4, "{}", path);
            let parsed = graph_calls_core::model::ResourcePath::parse(path).unwrap();
            proptest::prop_assert_eq!(parsed.resource.call(), Some(text.as_str()));
            proptest::prop_assert!(request.uri().query().is_none());
        }
    }
}
