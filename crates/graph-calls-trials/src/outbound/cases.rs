//! Every typed request, with a world in which it has something to do.

use std::{future::Future, pin::Pin, time::Duration};

use graph_calls_core::{
    AddLargeGalleryView, AnswerCall, ApiRequest, CancelMediaProcessing, ChangeScreenSharingRole, Client,
    CreateAudioRoutingGroup, CreateCall, DeleteAudioRoutingGroup, DeleteCall, DeleteParticipant, Error,
    GetAudioRoutingGroup, GetCall, GetParticipant, InviteParticipants, KeepAlive, ListAudioRoutingGroups,
    ListParticipants, LogTeleconferenceDeviceQuality, MuteAllParticipants, MuteCall, MuteParticipant,
    PlayPrompt, RecordResponse, RedirectCall, RejectCall, Repeat, ReportSyntheticMedia, SendDtmfTones,
    StartHoldMusic, StartRecording, StartTranscription, StopHoldMusic, StopRecording, StopTranscription,
    SubscribeToTone, TransferCall, UnmuteCall, UpdateAudioRoutingGroup, UpdateRecordingStatus,
    model::{
        AnswerCallBody, AudioRoutingGroup, AudioRoutingGroupId, CallId, CallbackUri,
        ChangeScreenSharingRoleBody, ClientContext, ClientContextBody, ContentModality, CreateCallBody,
        InvitationParticipantInfo, InviteParticipantsBody, LogTeleconferenceDeviceQualityBody, MediaInfo,
        MediaMetadata, MediaPrompt, MuteAllParticipantsBody, ParticipantId, PlayPromptBody,
        RecordResponseBody, RecordingStatus, RedirectCallBody, RejectReason, ReportSyntheticMediaBody,
        ScreenSharingRole, SendDtmfTonesBody, StartHoldMusicBody, StartTranscriptionBody,
        SyntheticMediaDetectionDetail, TeleconferenceDeviceMediaQuality, TeleconferenceDeviceQuality,
        UpdateRecordingStatusBody,
    },
};
use graph_calls_emulator::{Control, IncomingCall};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::service::Service;

const CALLS: &str = "/v1.0/communications/calls";
/// Who calls, who joins, who is called: people who answer and stay.
const ADELE: &str = "b0000000-0000-4000-8000-000000000001";
const HUGO: &str = "b0000000-0000-4000-8000-000000000008";
const PHONE: &str = "+15550100001";
const GUID: &str = "d0000000-0000-4000-8000-000000000001";
const GROUP: &str = "d0000000-0000-4000-8000-000000000002";

/// A typed request and the world it needs.
#[expect(missing_debug_implementations, reason = "it is made of functions")]
pub struct Case {
    /// The name of its reference page.
    pub name: &'static str,
    /// Its class.
    pub repeat: Repeat,
    /// Whether it changes anything.
    pub changes: bool,
    prepare: Prepare,
    send: Send,
}

type Prepare = for<'a> fn(&'a Stage<'a>) -> Pin<Box<dyn Future<Output = Ids> + 'a>>;
type Sending = Pin<Box<dyn Future<Output = Result<(), Error>>>>;
type Send = Box<dyn Fn(Client, &Ids, Instant) -> Sending>;

/// What the requests act on.
#[derive(Debug, Clone)]
pub(super) struct Ids {
    call: CallId,
    peers: Vec<ParticipantId>,
}

impl Ids {
    fn call(&self) -> CallId {
        self.call.clone()
    }

    fn peer(&self) -> ParticipantId {
        self.peers.first().cloned().expect("somebody is in the call")
    }
}

impl Case {
    fn of<R: ApiRequest + 'static>(prepare: Prepare, make: fn(&Ids) -> R) -> Self {
        let send = move |client: Client, ids: &Ids, deadline| -> Sending {
            let request = make(ids);
            Box::pin(async move { client.send_by(request, deadline).await.map(drop) })
        };
        Self { name: R::NAME, repeat: R::REPEAT, changes: true, prepare, send: Box::new(send) }
    }

    /// A request that leaves the world as it was.
    fn reading<R: ApiRequest + 'static>(prepare: Prepare, make: fn(&Ids) -> R) -> Self {
        Self { changes: false, ..Self::of(prepare, make) }
    }

    pub(super) async fn prepare(&self, stage: &Stage<'_>) -> Ids {
        (self.prepare)(stage).await
    }

    pub(super) async fn send(&self, client: &Client, ids: &Ids, deadline: Instant) -> Result<(), Error> {
        (self.send)(client.clone(), ids, deadline).await
    }

    /// Whether it decides about a call that rings, which does not wait for long.
    pub(super) fn rings(&self) -> bool {
        self.repeat == Repeat::WhileIncoming
    }
}

/// Sets up the world that a request needs.
pub(super) struct Stage<'a> {
    pub(super) service: &'a Service,
}

impl Stage<'_> {
    fn ids(&self, call: &str) -> Ids {
        let peers = self.service.participants(call);
        Ids {
            call: CallId::new(call).expect("the world's own id"),
            peers: peers.into_iter().map(|id| ParticipantId::new(id).expect("the world's own id")).collect(),
        }
    }

    fn ring(&self, call: IncomingCall) -> String {
        self.service.control(Control::Incoming(call)).expect("a call").expect("an id")
    }

    async fn answered(&self, call: IncomingCall, media: Value) -> String {
        let call = self.ring(call);
        let body = json!({
            "callbackUri": "https://bot.example/calls/1", "acceptedModalities": ["audio"], "mediaConfig": media,
        });
        self.service.post(&format!("{CALLS}/{call}/answer"), &body);
        sleep(Duration::from_secs(1)).await;
        call
    }

    async fn joined(&self, call: String) -> String {
        self.joined_by(call, HUGO).await
    }

    async fn joined_by(&self, call: String, person: &str) -> String {
        let join = Control::Join { call: call.clone(), person: person.to_owned() };
        self.service.control(join).expect("somebody joins");
        sleep(Duration::from_secs(1)).await;
        call
    }

    fn post(&self, call: &str, below: &str, body: &Value) {
        self.service.post(&format!("{CALLS}/{call}/{below}"), body);
    }

    fn post_beta(&self, call: &str, below: &str) {
        self.service.post(&format!("/beta/communications/calls/{call}/{below}"), &json!({}));
    }
}

fn service_hosted() -> Value {
    json!({ "@odata.type": "#microsoft.graph.serviceHostedMediaConfig" })
}

fn app_hosted() -> Value {
    json!({ "@odata.type": "#microsoft.graph.appHostedMediaConfig", "blob": "opaque" })
}

fn from_adele() -> IncomingCall {
    IncomingCall::from_user(ADELE)
}

macro_rules! stages {
    ($($(#[$doc:meta])* $name:ident: |$stage:ident| $body:expr;)*) => {$(
        $(#[$doc])*
        fn $name<'a>($stage: &'a Stage<'a>) -> Pin<Box<dyn Future<Output = Ids> + 'a>> {
            Box::pin(async move {
                let call: String = $body;
                $stage.ids(&call)
            })
        }
    )*};
}

stages! {
    /// It rings.
    ringing: |stage| stage.ring(from_adele());
    /// A call of two, whose media the service has.
    two: |stage| stage.answered(from_adele(), service_hosted()).await;
    /// A group call, whose media the service has.
    group: |stage| stage.joined(stage.answered(from_adele(), service_hosted()).await).await;
    /// A group call, whose media the app has.
    app_group: |stage| stage.joined(stage.answered(from_adele(), app_hosted()).await).await;
    /// Policy-based recording.
    policy: |stage| stage.answered(from_adele().recording(), app_hosted()).await;
    /// A prompt plays.
    playing: |stage| {
        let call = stage.answered(from_adele(), service_hosted()).await;
        let prompt = json!({ "@odata.type": "#microsoft.graph.mediaPrompt",
            "mediaInfo": { "@odata.type": "#microsoft.graph.mediaInfo", "uri": "https://bot.example/a.wav" } });
        stage.post(&call, "playPrompt", &json!({ "prompts": [prompt] }));
        call
    };
    /// The bot is muted.
    muted: |stage| {
        let call = stage.joined(stage.answered(from_adele(), service_hosted()).await).await;
        stage.post(&call, "mute", &json!({}));
        call
    };
    /// Somebody is on hold.
    held: |stage| {
        let call = stage.joined(stage.answered(from_adele(), service_hosted()).await).await;
        let peer = stage.ids(&call).peer();
        stage.post(&call, &format!("participants/{peer}/startHoldMusic"), &json!({}));
        sleep(Duration::from_secs(1)).await;
        call
    };
    /// An audio routing group is there.
    routed: |stage| {
        let call = stage.joined(stage.answered(from_adele(), app_hosted()).await).await;
        let call = stage.joined_by(call, PHONE).await;
        let peers = stage.ids(&call).peers;
        let (source, receiver) = (peers[0].as_str(), peers[1].as_str());
        let body = json!({ "id": GROUP, "routingMode": "multicast", "sources": [source], "receivers": [receiver] });
        stage.post(&call, "audioRoutingGroups", &body);
        call
    };
    /// The call is recorded.
    recorded: |stage| {
        let call = stage.joined(stage.answered(from_adele(), service_hosted()).await).await;
        stage.post_beta(&call, "startRecording");
        sleep(Duration::from_secs(1)).await;
        call
    };
    /// The call is written down.
    transcribed: |stage| {
        let call = stage.joined(stage.answered(from_adele(), service_hosted()).await).await;
        stage.post_beta(&call, "startTranscription");
        sleep(Duration::from_secs(1)).await;
        call
    };
}

fn context() -> ClientContext {
    ClientContext::new(GUID).expect("short enough")
}

fn with_context() -> ClientContextBody {
    ClientContextBody::new().with_client_context(context())
}

fn hugo() -> InvitationParticipantInfo<'static> {
    InvitationParticipantInfo::user(HUGO)
}

fn prompt() -> MediaPrompt<'static> {
    MediaPrompt::new(MediaInfo::new("https://bot.example/hello.wav"))
}

fn callback() -> CallbackUri {
    CallbackUri::new("https://bot.example/calls/attempt-1").expect("https")
}

fn group_id() -> AudioRoutingGroupId {
    AudioRoutingGroupId::new(GROUP).expect("an id")
}

fn quality(ids: &Ids) -> LogTeleconferenceDeviceQualityBody {
    let quality = TeleconferenceDeviceQuality::new(ids.peer())
        .with_call_chain_id(GUID)
        .with_media_leg_id(GUID)
        .with_device("room", "a room device")
        .with_media(TeleconferenceDeviceMediaQuality::audio(0));
    LogTeleconferenceDeviceQualityBody::new(quality)
}

fn report() -> ReportSyntheticMediaBody {
    let heard =
        MediaMetadata::recorded(ContentModality::Audio, "audio/wav", Duration::from_secs(15), 480_000);
    ReportSyntheticMediaBody::new(GUID, "2026-03-13T21:00:00Z", heard)
        .with_overall_confidence(0.9)
        .with_detection(SyntheticMediaDetectionDetail::new("detector", ContentModality::Audio, 0.9))
}

/// All of them, in the order of the table of operations.
pub fn cases() -> Vec<Case> {
    vec![
        Case::of(ringing, |_| CreateCall::new(CreateCallBody::to(hugo(), callback()))),
        Case::reading(two, |ids| GetCall::new(ids.call())),
        Case::of(two, |ids| DeleteCall::new(ids.call())),
        // It only puts off what would come without it.
        Case::reading(two, |ids| KeepAlive::new(ids.call())),
        Case::of(ringing, |ids| AnswerCall::new(ids.call(), AnswerCallBody::new(callback()))),
        Case::of(ringing, |ids| RejectCall::new(ids.call(), RejectReason::Busy)),
        Case::of(ringing, |ids| RedirectCall::new(ids.call(), RedirectCallBody::new(hugo()))),
        Case::of(two, |ids| TransferCall::blind(ids.call(), hugo()).expect("a blind transfer")),
        Case::of(two, |ids| {
            PlayPrompt::new(ids.call(), PlayPromptBody::new(prompt()).with_client_context(context()))
        }),
        Case::of(two, |ids| {
            RecordResponse::new(ids.call(), RecordResponseBody::new().with_client_context(context()))
        }),
        Case::of(playing, |ids| CancelMediaProcessing::new(ids.call(), with_context())),
        Case::of(two, |ids| SubscribeToTone::new(ids.call(), with_context())),
        Case::of(two, |ids| {
            let tones = SendDtmfTonesBody::keys("12#").expect("keys");
            SendDtmfTones::new(ids.call(), tones.with_client_context(context()))
        }),
        Case::of(group, |ids| MuteCall::new(ids.call(), with_context())),
        Case::of(muted, |ids| UnmuteCall::new(ids.call(), with_context())),
        Case::of(app_group, |ids| {
            ChangeScreenSharingRole::new(
                ids.call(),
                ChangeScreenSharingRoleBody::new(ScreenSharingRole::Sharer),
            )
        }),
        Case::of(policy, |ids| {
            let body = UpdateRecordingStatusBody::new(RecordingStatus::Recording);
            UpdateRecordingStatus::new(ids.call(), body.with_client_context(context()))
        }),
        Case::of(app_group, |ids| AddLargeGalleryView::new(ids.call(), with_context())),
        Case::of(two, |ids| LogTeleconferenceDeviceQuality::new(quality(ids))),
        Case::reading(group, |ids| ListParticipants::new(ids.call())),
        Case::reading(group, |ids| GetParticipant::new(ids.call(), ids.peer())),
        Case::of(group, |ids| {
            let whom = InvitationParticipantInfo::user("b0000000-0000-4000-8000-000000000004");
            let body = InviteParticipantsBody::new(whom).with_client_context(context());
            InviteParticipants::new(ids.call(), body)
        }),
        Case::of(group, |ids| MuteParticipant::new(ids.call(), ids.peer(), with_context())),
        Case::of(group, |ids| DeleteParticipant::new(ids.call(), ids.peer())),
        Case::of(group, |ids| {
            let body = StartHoldMusicBody::new().with_client_context(context());
            StartHoldMusic::new(ids.call(), ids.peer(), body)
        }),
        Case::of(held, |ids| StopHoldMusic::new(ids.call(), ids.peer(), with_context())),
        Case::reading(routed, |ids| ListAudioRoutingGroups::new(ids.call())),
        Case::of(app_group, |ids| {
            let group = AudioRoutingGroup::one_to_one(ids.peers[0].clone(), ids.peers[1].clone());
            CreateAudioRoutingGroup::new(ids.call(), group)
        }),
        Case::reading(routed, |ids| GetAudioRoutingGroup::new(ids.call(), group_id())),
        Case::of(routed, |ids| {
            UpdateAudioRoutingGroup::receivers(ids.call(), group_id(), ids.peers[1..].to_vec())
        }),
        Case::of(routed, |ids| DeleteAudioRoutingGroup::new(ids.call(), group_id())),
        Case::of(group, |ids| {
            let body = MuteAllParticipantsBody::new(ids.peer()).with_client_context(context());
            MuteAllParticipants::new(ids.call(), body)
        }),
        Case::of(group, |ids| StartRecording::new(ids.call(), with_context())),
        Case::of(recorded, |ids| StopRecording::new(ids.call(), with_context())),
        Case::of(group, |ids| {
            let body = StartTranscriptionBody::new().with_client_context(context());
            StartTranscription::new(ids.call(), body)
        }),
        Case::of(transcribed, |ids| StopTranscription::new(ids.call(), with_context())),
        Case::of(group, |ids| ReportSyntheticMedia::new(ids.call(), ids.peer(), report())),
    ]
}
