//! Every typed request against the table of operations, which the emulator's routes are held against too.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test's helpers fail the test"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use fastrand::Rng;
use graph_calls_core::{
    AddLargeGalleryView, AnswerCall, ApiRequest, ApiVersion, CancelMediaProcessing, ChangeScreenSharingRole,
    Client, CreateAudioRoutingGroup, CreateCall, DeleteAudioRoutingGroup, DeleteCall, DeleteParticipant,
    FixedToken, GetAudioRoutingGroup, GetCall, GetParticipant, InviteParticipants, KeepAlive,
    ListAudioRoutingGroups, ListParticipants, LogTeleconferenceDeviceQuality, MuteAllParticipants, MuteCall,
    MuteParticipant, PlayPrompt, RecordResponse, RedirectCall, RejectCall, Repeat, ReportSyntheticMedia,
    SendDtmfTones, StartHoldMusic, StartRecording, StartTranscription, StopHoldMusic, StopRecording,
    StopTranscription, SubscribeToTone, TransferCall, UnmuteCall, UpdateAudioRoutingGroup,
    UpdateRecordingStatus,
    model::{
        self, AnswerCallBody, AudioRoutingGroup, AudioRoutingGroupId, CallId, CallbackUri,
        ChangeScreenSharingRoleBody, ClientContextBody, ContentModality, CreateCallBody,
        InvitationParticipantInfo, InviteParticipantsBody, LogTeleconferenceDeviceQualityBody, MediaInfo,
        MediaMetadata, MediaPrompt, MuteAllParticipantsBody, ParticipantId, PlayPromptBody,
        RecordResponseBody, RecordingStatus, RedirectCallBody, RejectReason, ReportSyntheticMediaBody,
        ResourcePath, ScreenSharingRole, SendDtmfTonesBody, StartHoldMusicBody, StartTranscriptionBody,
        SyntheticMediaDetectionDetail, TeleconferenceDeviceMediaQuality, TeleconferenceDeviceQuality, Tone,
        UpdateRecordingStatusBody,
    },
};
use tower::util::BoxCloneSyncService;

const TABLE: &str = include_str!("operations.tsv");

/// Not Graph's own address, and with a token of its own: it is no request of a client, see `graph-calls-http`.
const ELSEWHERE: &str = "{recordingLocation}";

/// What a request says of itself.
struct Sent {
    name: &'static str,
    method: String,
    path: String,
    class: &'static str,
    versions: &'static str,
    reads: Box<dyn Fn(u16) -> bool>,
    /// Where a client that was built for a version sends it.
    goes_to: Box<dyn Fn(ApiVersion) -> String>,
}

fn sent<R: ApiRequest + Clone + 'static>(request: R) -> Sent {
    let http = request.to_http().expect("a good request");
    let again = request.clone();
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
        goes_to: Box::new(move |version| address(again.clone(), version)),
    }
}

fn address<R: ApiRequest>(request: R, version: ApiVersion) -> String {
    let seen = Arc::new(Mutex::new(String::new()));
    let sink = Arc::clone(&seen);
    let transport = BoxCloneSyncService::new(tower::service_fn(move |request: http::Request<Bytes>| {
        *sink.lock().expect("nobody panicked") = request.uri().to_string();
        let gone = http::Response::builder().status(404).body(Bytes::new()).expect("a response");
        std::future::ready(Ok(gone))
    }));
    let client =
        Client::builder(transport).token(FixedToken::new("t").expect("a token")).version(version).build();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let answer = runtime.block_on(client.send(request));
    assert!(answer.is_err_and(|error| error.is_not_found()));
    let seen = seen.lock().expect("nobody panicked");
    seen.clone()
}

fn all() -> Vec<Sent> {
    [of_a_call(), of_its_media(), of_participants(), of_audio_routing_groups()]
        .into_iter()
        .flatten()
        .collect()
}

fn call() -> CallId {
    CallId::new("a b").expect("an id")
}

fn participant() -> ParticipantId {
    ParticipantId::new("c?d").expect("an id")
}

fn callback() -> CallbackUri {
    CallbackUri::new("https://bot.example/api/calls").expect("a URI")
}

fn someone() -> InvitationParticipantInfo<'static> {
    InvitationParticipantInfo::user("8d1e6ab6")
}

fn of_a_call() -> Vec<Sent> {
    let guid = "909c6581-5130-43e9-88f3-fcb3582cde37";
    let quality = TeleconferenceDeviceQuality::new(ParticipantId::new(guid).expect("an id"))
        .with_call_chain_id(guid)
        .with_media_leg_id(guid)
        .with_device("Room 4", "a video bar")
        .with_media(TeleconferenceDeviceMediaQuality::audio(0));
    vec![
        sent(CreateCall::new(CreateCallBody::to(someone(), callback()))),
        sent(GetCall::new(call())),
        sent(AnswerCall::new(call(), AnswerCallBody::new(callback()))),
        sent(RejectCall::new(call(), RejectReason::Busy)),
        sent(RedirectCall::new(call(), RedirectCallBody::new(someone()))),
        sent(TransferCall::blind(call(), someone()).expect("a good body")),
        sent(DeleteCall::new(call())),
        sent(KeepAlive::new(call())),
        sent(AddLargeGalleryView::new(call(), ClientContextBody::new())),
        sent(LogTeleconferenceDeviceQuality::new(LogTeleconferenceDeviceQualityBody::new(quality))),
        sent(StartRecording::new(call(), ClientContextBody::new())),
        sent(StopRecording::new(call(), ClientContextBody::new())),
        sent(StartTranscription::new(call(), StartTranscriptionBody::new())),
        sent(StopTranscription::new(call(), ClientContextBody::new())),
    ]
}

fn of_its_media() -> Vec<Sent> {
    let prompt = MediaPrompt::new(MediaInfo::new("https://bot.example/hello.wav"));
    let role = ChangeScreenSharingRoleBody::new(ScreenSharingRole::Viewer);
    let status = UpdateRecordingStatusBody::new(RecordingStatus::Recording);
    vec![
        sent(PlayPrompt::new(call(), PlayPromptBody::new(prompt))),
        sent(RecordResponse::new(call(), RecordResponseBody::new())),
        sent(CancelMediaProcessing::new(call(), ClientContextBody::new())),
        sent(SubscribeToTone::new(call(), ClientContextBody::new())),
        sent(SendDtmfTones::new(call(), SendDtmfTonesBody::new(Tone::Pound))),
        sent(MuteCall::new(call(), ClientContextBody::new())),
        sent(UnmuteCall::new(call(), ClientContextBody::new())),
        sent(ChangeScreenSharingRole::new(call(), role)),
        sent(UpdateRecordingStatus::new(call(), status)),
    ]
}

fn of_participants() -> Vec<Sent> {
    let clip = MediaMetadata::recorded(ContentModality::Audio, "audio/wav", Duration::from_secs(15), 480_000);
    let report =
        ReportSyntheticMediaBody::new("909c6581-5130-43e9-88f3-fcb3582cde37", "2026-03-13T21:00:00Z", clip)
            .with_overall_confidence(0.9)
            .with_detection(SyntheticMediaDetectionDetail::new("detector", ContentModality::Audio, 0.9));
    vec![
        sent(ListParticipants::new(call())),
        sent(GetParticipant::new(call(), participant())),
        sent(InviteParticipants::new(call(), InviteParticipantsBody::new(someone()))),
        sent(MuteParticipant::new(call(), participant(), ClientContextBody::new())),
        sent(MuteAllParticipants::new(call(), MuteAllParticipantsBody::new(participant()))),
        sent(DeleteParticipant::new(call(), participant())),
        sent(StartHoldMusic::new(call(), participant(), StartHoldMusicBody::new())),
        sent(StopHoldMusic::new(call(), participant(), ClientContextBody::new())),
        sent(ReportSyntheticMedia::new(call(), participant(), report)),
    ]
}

fn of_audio_routing_groups() -> Vec<Sent> {
    let group = || AudioRoutingGroupId::new("e#f").expect("an id");
    let made = AudioRoutingGroup::one_to_one(participant(), participant());
    vec![
        sent(ListAudioRoutingGroups::new(call())),
        sent(CreateAudioRoutingGroup::new(call(), made)),
        sent(GetAudioRoutingGroup::new(call(), group())),
        sent(UpdateAudioRoutingGroup::receivers(call(), group(), [participant()])),
        sent(DeleteAudioRoutingGroup::new(call(), group())),
    ]
}

type Row = BTreeMap<&'static str, &'static str>;

/// The rows by the name of their page.
fn rows() -> BTreeMap<&'static str, Row> {
    let mut lines = TABLE.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let columns = lines.next().expect("a head");
    let rows = lines.map(|cells| columns.iter().copied().zip(cells).collect::<Row>());
    rows.map(|row| (row["name"], row)).collect()
}

#[test]
fn every_request_is_a_row_of_the_table_and_every_row_a_request() {
    let rows = rows();
    let requests = all();
    let named: BTreeSet<&str> = requests.iter().map(|request| request.name).collect();
    assert_eq!(named.len(), requests.len());
    for (name, row) in &rows {
        assert_ne!(named.contains(name), row["path"] == ELSEWHERE, "{name}");
    }
    for request in requests {
        let row = rows.get(request.name).unwrap_or_else(|| panic!("{} is in no row", request.name));
        assert_eq!(request.method, row["method"], "{}", request.name);
        let path = row["path"].replace("{call}", "a%20b").replace("{participant}", "c%3Fd");
        assert_eq!(request.path, path.replace("{group}", "e%23f"), "{}", request.name);
        assert_eq!(request.class, row["class"], "{}", request.name);
        assert_eq!(request.versions, row["versions"], "{}", request.name);
        for status in row["success"].split(',') {
            assert!((request.reads)(status.parse().expect("a status")), "{} {status}", request.name);
        }
    }
}

/// The cells of each row of the page of limits whose cell in this column is a name in back quotes, by that name.
fn limits(column: usize) -> BTreeMap<String, Vec<String>> {
    let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/limits.md");
    let page = std::fs::read_to_string(page).expect("docs/limits.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix('|')?.strip_suffix('|'));
    rows.map(|row| row.split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>())
        .filter_map(|cells| {
            let name = cells.get(column)?.strip_prefix('`')?.strip_suffix('`')?.to_owned();
            Some((name, cells))
        })
        .collect()
}

#[test]
fn the_page_of_limits_has_every_row_of_the_table_with_its_class() {
    let page = limits(0);
    let rows = rows();
    assert_eq!(page.keys().map(String::as_str).collect::<Vec<_>>(), rows.keys().copied().collect::<Vec<_>>());
    for (name, row) in &rows {
        let [_, request, class, success, versions, permission] = page[*name].as_slice() else {
            panic!("{name}: {:?}", page[*name]);
        };
        let capitalized = |word: &str| word[..1].to_uppercase() + &word[1..];
        let named: String = row["request"].split('_').map(capitalized).collect();
        let named = if row["path"] == ELSEWHERE { "Recording".to_owned() } else { named };
        assert_eq!(*request, format!("`{named}`"), "{name}");
        assert_eq!(class, row["class"], "{name}");
        assert_eq!(success.replace(", ", ","), row["success"], "{name}");
        assert_eq!(versions.replace(", ", ","), row["versions"], "{name}");
        assert!(!permission.is_empty(), "{name}");
    }
}

#[test]
fn the_page_of_limits_has_every_constant_with_its_value() {
    let seconds = |duration: Duration| format!("{} seconds", duration.as_secs());
    let page = limits(1);
    for (constant, value) in [
        ("MAX_ID_BYTES", format!("{} bytes", model::MAX_ID_BYTES)),
        ("MAX_CLIENT_CONTEXT", format!("{} characters", model::MAX_CLIENT_CONTEXT)),
        ("MAX_TARGETS", model::MAX_TARGETS.to_string()),
        ("MAX_RINGING_TIMEOUT", seconds(model::MAX_RINGING_TIMEOUT)),
        ("MAX_INVITEES", model::MAX_INVITEES.to_string()),
        ("MAX_REDIRECT_TARGETS", model::MAX_REDIRECT_TARGETS.to_string()),
        ("MIN_REDIRECT_TIMEOUT", seconds(model::MIN_REDIRECT_TIMEOUT)),
        ("MAX_REDIRECT_TIMEOUT", seconds(model::MAX_REDIRECT_TIMEOUT)),
        ("MAX_PROMPTS", model::MAX_PROMPTS.to_string()),
        ("MAX_RECORDING", seconds(model::MAX_RECORDING)),
        ("MAX_JOIN_URL_BYTES", format!("{} bytes", model::MAX_JOIN_URL_BYTES)),
        ("MAX_ITEMS", model::MAX_ITEMS.to_string()),
        ("MAX_ENVELOPE_MEMBERS", model::MAX_ENVELOPE_MEMBERS.to_string()),
    ] {
        let told = &page[constant][2];
        let first = told.split([';', ',']).next().unwrap_or_default();
        assert!(
            first == value || first.strip_suffix(" at most") == Some(value.as_str()),
            "{constant}: {told}"
        );
    }
}

#[test]
fn what_is_beta_alone_goes_to_beta_whatever_the_client_was_built_for() {
    for request in all() {
        for (built_for, both) in
            [(ApiVersion::V1, "v1.0"), (ApiVersion::Beta, "beta"), (ApiVersion::Any, "v1.0")]
        {
            let version = if request.versions == "beta" { "beta" } else { both };
            let address = format!("https://graph.microsoft.com/{version}{}", request.path);
            assert_eq!((request.goes_to)(built_for), address, "{}", request.name);
        }
    }
}

#[test]
fn limits_are_held_before_anything_is_sent() {
    let body = CreateCallBody::to(someone(), callback()).with_ringing_timeout(Duration::from_secs(116));
    let error = CreateCall::new(body).to_http().unwrap_err();
    assert_eq!(error.kind(), graph_calls_core::ErrorKind::Request);
    assert_eq!(error.certainty(), graph_calls_core::Certainty::Unsent);
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(source, "`ringingTimeoutInSeconds`: 116s is not taken: give whole seconds, 115s at most");
}

#[test]
fn every_body_that_has_limits_is_held_to_them() {
    let late = Duration::from_secs(121);
    let clip = MediaMetadata::recorded(ContentModality::Audio, "audio/wav", late, 0);
    let device = TeleconferenceDeviceQuality::new(participant());
    for (request, member) in [
        (
            RedirectCall::new(call(), RedirectCallBody::new(someone()).with_timeout(late)).to_http(),
            "`timeout`",
        ),
        (
            RecordResponse::new(call(), RecordResponseBody::new().with_max_record_duration(late)).to_http(),
            "`maxRecordDurationInSeconds`",
        ),
        (SendDtmfTones::new(call(), SendDtmfTonesBody::new("tone10".into())).to_http(), "`tones[0]`"),
        (
            UpdateRecordingStatus::new(call(), UpdateRecordingStatusBody::new(RecordingStatus::Unknown))
                .to_http(),
            "`status`",
        ),
        (
            LogTeleconferenceDeviceQuality::new(LogTeleconferenceDeviceQualityBody::new(device)).to_http(),
            "`quality.callChainId`",
        ),
        (
            ReportSyntheticMedia::new(call(), participant(), ReportSyntheticMediaBody::new("1", "", clip))
                .to_http(),
            "`id`",
        ),
        (CreateAudioRoutingGroup::new(call(), AudioRoutingGroup::default()).to_http(), "`routingMode`"),
    ] {
        let error = request.expect_err(member);
        assert_eq!(error.kind(), graph_calls_core::ErrorKind::Request, "{member}");
        let source = std::error::Error::source(&error).expect("a reason").to_string();
        assert!(source.starts_with(member), "{source}");
    }
}

/// Refused, or in a path exactly one segment that comes back as it was. Says which.
fn comes_back(
    text: &str,
    segments: usize,
    made: Option<graph_calls_core::Result<http::Request<Bytes>>>,
    found: impl Fn(&ResourcePath<'_>) -> Option<String>,
) -> bool {
    let Some(request) = made else { return false };
    let request = request.expect("what is an id makes a request");
    let path = request.uri().path();
    assert_eq!(path.split('/').count(), segments, "{text:?}: {path}");
    let parsed = ResourcePath::parse(path).expect("a path of the API");
    assert_eq!(found(&parsed).as_deref(), Some(text), "{path}");
    assert_eq!(request.uri().query(), None, "{text:?}");
    true
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Call,
    Participant,
    Group,
}

const KINDS: [Kind; 3] = [Kind::Call, Kind::Participant, Kind::Group];

/// Whether a text is taken as an id of this kind.
fn is_taken(kind: Kind, text: &str) -> bool {
    let one = || CallId::new("1").expect("an id");
    let item = |path: &ResourcePath<'_>| path.resource.item().map(str::to_owned);
    match kind {
        Kind::Call => {
            let made = CallId::new(text).ok().map(|id| GetCall::new(id).to_http());
            comes_back(text, 4, made, |path| path.resource.call().map(str::to_owned))
        }
        Kind::Participant => {
            let made = ParticipantId::new(text).ok().map(|id| GetParticipant::new(one(), id).to_http());
            comes_back(text, 6, made, item)
        }
        Kind::Group => {
            let id = AudioRoutingGroupId::new(text).ok();
            comes_back(text, 6, id.map(|id| GetAudioRoutingGroup::new(one(), id).to_http()), item)
        }
    }
}

/// Mostly what an id may not have, or what a path takes for something else.
fn random_text(rng: &mut Rng) -> String {
    const AWKWARD: [&str; 16] =
        ["/", "\\", "%", "%2f", "%2E", "?", "#", ".", "..", "\0", "\r\n", " ", "+", "&", ":", "\u{2028}"];
    let length = if rng.u8(..) == 0 { rng.usize(200..400) } else { rng.usize(0..12) };
    let mut text = String::new();
    for _ in 0..length {
        match rng.u8(0..16) {
            0 => text.push_str(AWKWARD[rng.usize(0..AWKWARD.len())]),
            1 | 2 => text.push(rng.char(..)),
            3 => text.push(['.', '%', '-'][rng.usize(0..3)]),
            _ => text.push(rng.alphanumeric()),
        }
    }
    text
}

#[test]
fn c2_an_id_is_refused_or_comes_back_as_exactly_one_segment() {
    let mut rng = Rng::with_seed(2);
    let (mut refused, mut segments) = (0, 0);
    for kind in KINDS.into_iter().cycle().take(100_000) {
        if is_taken(kind, &random_text(&mut rng)) {
            segments += 1;
        } else {
            refused += 1;
        }
    }
    println!("C2: 100,000 random ids: {refused} refused, {segments} exactly one segment");
    assert!(refused > 10_000 && segments > 10_000, "{refused} {segments}");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(2_000))]

    #[test]
    fn ids_of_all_kinds_take_the_same_texts(text in "\\PC{0,40}|[./\\\\%?#a-z ]{0,6}") {
        let [call, participant, group] = KINDS.map(|kind| is_taken(kind, &text));
        proptest::prop_assert_eq!([call, participant], [group, group]);
    }
}
