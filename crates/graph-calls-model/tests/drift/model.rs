//! The types of the model. Those that are read tell their members themselves, those that are only sent by a sample.

use std::collections::BTreeSet;
use std::time::Duration;

use graph_calls_model::{
    AnswerCallBody, AppHostedMediaConfig, AudioDuckingConfiguration, AudioMetadata, AudioSourceLevel,
    BotFrameworkPayload, Call, CallDisposition, CallOptions, CallbackUri, ChangeScreenSharingRoleBody,
    ChangeType, ChatInfo, ClientContext, ClientContextBody, CommsOperation, ConfigureMixerBody,
    ContentModality, ContentSharingSession, CreateCallBody, DeltaParticipants, DetectionSeverity, ErrorBody,
    IdentitySet, InvitationParticipantInfo, InviteParticipantsBody, JoinInfo, JoinMeetingIdMeetingInfo,
    LogTeleconferenceDeviceQualityBody, MediaInfo, MediaMetadata, MediaPrompt, MediaSegment,
    MuteAllParticipantsBody, Notification, OrganizerMeetingInfo, Participant, ParticipantId, ParticipantInfo,
    ParticipantJoiningNotification, ParticipantJoiningResponse, ParticipantLeftNotification,
    ParticipantMixerLevel, PlayPromptBody, RecordResponseBody, RecordingStatus, RedirectCallBody,
    RejectCallBody, RejectReason, ReportSyntheticMediaBody, RoutingPolicy, ScreenSharingRole,
    SendDtmfTonesBody, ServiceHostedMediaConfig, StartHoldMusicBody, StartTranscriptionBody,
    StreamingMetadata, SyntheticMediaDetectionDetail, TeleconferenceDeviceQuality, TenantId,
    TokenMeetingInfo, Tone, TransferCallBody, UpdateMetadataBody, UpdateRecordingStatusBody, VideoMetadata,
    WebhookBody,
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::kind::{Kind, Member, Model};
use crate::names::{self, Meant};
use crate::table::Table;
use crate::{reader, writer};

/// The model. Whatever the table calls a member is offered to its type, so that other spellings show too.
pub(crate) fn model(table: &Table, names: &[(&str, Meant)]) -> Model {
    let candidates = |name: &str| {
        let types = names::meant(names, table, name).map(|meant| meant.types(table)).unwrap_or_default();
        // The types of a family have those of their base in common.
        let members: BTreeSet<_> =
            types.into_iter().flat_map(|of| table.members(of)).map(|row| row.member).collect();
        members.into_iter().collect()
    };
    let mut model = Model::default();
    read_types(&mut Reading { model: &mut model, candidates: &candidates });
    written_types(&mut model);
    model.types.insert("WebhookBody".to_owned(), webhook_body());
    model.types.insert("Notification".to_owned(), notification());
    model
}

struct Reading<'m> {
    model: &'m mut Model,
    candidates: &'m dyn Fn(&str) -> Vec<&'static str>,
}

impl Reading<'_> {
    fn add<T: Deserialize<'static>>(&mut self) {
        reader::add::<T>(self.model, self.candidates);
    }
}

/// Each brings along whatever it holds.
fn read_types(reading: &mut Reading<'_>) {
    reading.add::<Call<'_>>();
    reading.add::<Participant<'_>>();
    reading.add::<DeltaParticipants<'_>>();
    reading.add::<CommsOperation<'_>>();
    reading.add::<ContentSharingSession<'_>>();
    reading.add::<ParticipantJoiningNotification<'_>>();
    reading.add::<ParticipantLeftNotification<'_>>();
    reading.add::<ChangeType<'_>>();
    reading.add::<BotFrameworkPayload<'_>>();
    reading.add::<ErrorBody<'_>>();
    // The call reads them as one, of any kind.
    reading.add::<AppHostedMediaConfig<'_>>();
    reading.add::<ServiceHostedMediaConfig<'_>>();
    reading.add::<OrganizerMeetingInfo<'_>>();
    reading.add::<TokenMeetingInfo<'_>>();
    reading.add::<JoinMeetingIdMeetingInfo<'_>>();
    // Only sent, but with a reader.
    reading.add::<MediaPrompt<'_>>();
    reading.add::<ParticipantJoiningResponse<'_>>();
    reading.add::<TeleconferenceDeviceQuality<'_>>();
    reading.add::<CallDisposition<'_>>();
    reading.add::<ContentModality<'_>>();
    reading.add::<DetectionSeverity<'_>>();
    reading.add::<ScreenSharingRole<'_>>();
}

/// The samples of a type together have all the members it can write.
fn written_types(model: &mut Model) {
    let uri = || CallbackUri::new("https://bot.example/api/calls").expect("an address");
    let tenant = TenantId::new("9f4c2d0e-3b1a-4c57-8e7d-6a5b4c3d2e1f").expect("a GUID");
    let target = || InvitationParticipantInfo::user("1");
    let somebody = || IdentitySet::of_user("1");
    let second = Duration::from_secs(1);
    let create = CreateCallBody::to(target(), uri())
        .with_source(ParticipantInfo::new(IdentitySet::of_application_instance("1")))
        .with_tenant_id(tenant)
        .with_subject("1")
        .with_call_options(CallOptions::new())
        .with_ringing_timeout(second)
        .with_routing_policies([RoutingPolicy::None]);
    let join = CreateCallBody::join(JoinInfo::by_organizer(somebody(), ChatInfo::new("1")), uri());
    writer::add(model, "CreateCallBody", &[create, join]);
    let answer =
        AnswerCallBody::new(uri()).with_participant_capacity(1).with_call_options(CallOptions::new());
    writer::add(model, "AnswerCallBody", &[answer]);
    let reject = RejectCallBody::new(RejectReason::Busy).with_callback_uri(uri());
    writer::add(model, "RejectCallBody", &[reject]);
    let redirect = RedirectCallBody::new(target())
        .with_timeout(second)
        .with_callback_uri(uri())
        .with_target_disposition(CallDisposition::Default)
        .with_mask_callee(true)
        .with_mask_caller(true);
    writer::add(model, "RedirectCallBody", &[redirect]);
    let transfer = TransferCallBody::blind(target())
        .expect("it replaces no call")
        .with_transferee(somebody(), participant());
    writer::add(model, "TransferCallBody", &[transfer]);
    let invite = InviteParticipantsBody::new(target()).with_client_context(context());
    writer::add(model, "InviteParticipantsBody", &[invite]);
    let prompt = || MediaPrompt::new(MediaInfo::new("https://bot.example/hello.wav"));
    let play = PlayPromptBody::new(prompt()).with_loop(true).with_client_context(context());
    writer::add(model, "PlayPromptBody", &[play]);
    let music = StartHoldMusicBody::new().with_custom_prompt(prompt()).with_client_context(context());
    writer::add(model, "StartHoldMusicBody", &[music]);
    let record = RecordResponseBody::new()
        .with_prompt(prompt())
        .with_barge_in_allowed(true)
        .with_initial_silence_timeout(second)
        .with_max_silence_timeout(second)
        .with_max_record_duration(second)
        .with_play_beep(true)
        .with_stop_tones([Tone::Pound])
        .with_client_context(context());
    writer::add(model, "RecordResponseBody", &[record]);
    let tones =
        SendDtmfTonesBody::new(Tone::A).with_delay_between_tones(second).with_client_context(context());
    writer::add(model, "SendDtmfTonesBody", &[tones]);
    let role = ChangeScreenSharingRoleBody::new(ScreenSharingRole::Viewer);
    writer::add(model, "ChangeScreenSharingRoleBody", &[role]);
    let status = UpdateRecordingStatusBody::new(RecordingStatus::Recording).with_client_context(context());
    writer::add(model, "UpdateRecordingStatusBody", &[status]);
    let nothing_else = ClientContextBody::new().with_client_context(context());
    writer::add(model, "ClientContextBody", &[nothing_else]);
    let quality = LogTeleconferenceDeviceQualityBody::new(TeleconferenceDeviceQuality::default());
    writer::add(model, "LogTeleconferenceDeviceQualityBody", &[quality]);
    let transcript = StartTranscriptionBody::new().with_language("en-us").with_client_context(context());
    writer::add(model, "StartTranscriptionBody", &[transcript]);
    let mute = MuteAllParticipantsBody::new(participant()).with_client_context(context());
    writer::add(model, "MuteAllParticipantsBody", &[mute]);
    let metadata = UpdateMetadataBody::new("1").with_client_context(context());
    writer::add(model, "UpdateMetadataBody", &[metadata]);
    mixer(model);
    synthetic_media(model);
}

fn mixer(model: &mut Model) {
    let ramp = Duration::from_millis(1);
    let ducking =
        AudioDuckingConfiguration { ramp_active: ramp, ramp_inactive: ramp, lower_level: 1, upper_level: 1 };
    let source = AudioSourceLevel { participant: participant(), level: 1, duck_others: true };
    let level = ParticipantMixerLevel::new(participant())
        .with_exclusive_mode(true)
        .with_ducking(ducking)
        .with_source_levels([source.clone()]);
    let mix = ConfigureMixerBody::new(level.clone()).with_client_context(context());
    writer::add(model, "ConfigureMixerBody", &[mix]);
    writer::add(model, "ParticipantMixerLevel", &[level]);
    writer::add(model, "AudioDuckingConfiguration", &[ducking]);
    writer::add(model, "AudioSourceLevel", &[source]);
}

fn synthetic_media(model: &mut Model) {
    let (audio, video, stream) =
        (AudioMetadata::default(), VideoMetadata::default(), StreamingMetadata::default());
    let media = MediaMetadata::live(ContentModality::Multimodal, "video/mp4", Duration::ZERO, stream)
        .with_audio(audio)
        .with_video(video.clone());
    let segment = MediaSegment { frame_indices: vec![1], ..MediaSegment::default() };
    let detail = SyntheticMediaDetectionDetail::new("1", ContentModality::Audio, 1.0)
        .with_tasks(["voiceClone"])
        .with_segment(segment.clone());
    let report = ReportSyntheticMediaBody::new("1", "2026-03-13T21:00:00Z", media.clone())
        .with_overall_confidence(1.0)
        .with_detection(detail.clone())
        .with_severity(DetectionSeverity::Low);
    writer::add(model, "ReportSyntheticMediaBody", &[report]);
    writer::add(model, "SyntheticMediaDetectionDetail", &[detail]);
    writer::add(model, "MediaSegment", &[segment]);
    writer::add(model, "MediaMetadata", &[media]);
    writer::add(model, "AudioMetadata", &[audio]);
    writer::add(model, "VideoMetadata", &[video]);
    writer::add(model, "StreamingMetadata", &[stream]);
}

fn context() -> ClientContext {
    ClientContext::new("1").expect("a key")
}

fn participant() -> ParticipantId {
    ParticipantId::new("1").expect("an id")
}

/// It is read by hand, and so told by what it makes of a sample.
fn webhook_body() -> Vec<Member> {
    let body = json!({"value": [{}]}).to_string();
    let items = WebhookBody::parse(body.as_bytes());
    let is_read = matches!(items, Ok(WebhookBody::Notifications(items)) if items.len() == 1);
    let value = Kind::Object("Notification".to_owned()).in_lists(1);
    is_read.then(|| Member::listed("value", value)).into_iter().collect()
}

/// Its reader is private, so that it is told by what it makes of samples with one member each.
fn notification() -> Vec<Member> {
    let reads = |name: &str, value: Value, is_told: fn(&Notification<'_>) -> bool| {
        let body = json!({"value": [{name: value}]}).to_string();
        let items = WebhookBody::parse(body.as_bytes());
        matches!(items, Ok(WebhookBody::Notifications(items)) if items.first().is_some_and(is_told))
    };
    let told = [
        ("changeType", Kind::Enum("ChangeType".to_owned()), json!("created"), {
            (|item| item.change_type() == Some(&ChangeType::Created)) as fn(&Notification<'_>) -> bool
        }),
        ("resourceUrl", Kind::Text, json!("/1"), |item| item.path() == Some("/1")),
        ("resource", Kind::Text, json!("/1"), |item| item.path() == Some("/1")),
        ("callbackUri", Kind::Text, json!("/1"), |item| item.callback_uri() == Some("/1")),
        ("resourceData", Kind::Raw, json!({}), |item| item.resource_data().is_some()),
    ];
    let told = told.into_iter().filter(|(name, _, value, is_told)| reads(name, value.clone(), *is_told));
    told.map(|(name, kind, ..)| Member::listed(name, kind)).collect()
}
