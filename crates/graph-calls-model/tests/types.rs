//! Every type that is read: all of its members at once, read, written and read again.

#![allow(clippy::expect_used, clippy::panic, reason = "a test's helpers fail the test")]

use std::cell::Cell;

use graph_calls_model::{
    AppHostedMediaConfig, ApplicationMetadata, AudioRoutingGroup, AutoAdmittedUsers, BotData, Call,
    CallDisposition, CallMediaState, CallOptions, CallOptionsKind, CallRoute, CallTranscriptionInfo,
    CallTranscriptionState, CommsOperation, CompletionReason, ContentModality, DeltaParticipants,
    DetectionSeverity, Identity, IncomingContext, InvitationParticipantInfo, MediaInfo, MediaPrompt,
    MediaQualityKind, MediaStream, MeetingCapability, Modality, OnlineMeetingContentSharingDisabledReason,
    OnlineMeetingRestricted, OnlineMeetingVideoDisabledReason, OperationKind, Participant, ParticipantInfo,
    ParticipantJoiningNotification, ParticipantLeftNotification, RecordedParty, RecordingInfo,
    RecordingStatus, RemovedState, RoutingMode, RoutingPolicy, RoutingType, ScreenSharingRole,
    ServiceHostedMediaConfig, SyntheticMediaDetectionInfo, TeleconferenceDeviceMediaQuality,
    TeleconferenceDeviceQuality, ToneInfo,
};
use serde::{Deserialize, Deserializer, de};
use serde_json::{Value, json};

/// Gets no further than the names of a type's members.
struct Members<'c>(&'c Cell<&'static [&'static str]>);

impl<'de> Deserializer<'de> for Members<'_> {
    type Error = de::value::Error;

    fn deserialize_any<V: de::Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
        Err(de::Error::custom("not a structure"))
    }

    fn deserialize_struct<V: de::Visitor<'de>>(
        self,
        _: &'static str,
        members: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Self::Error> {
        self.0.set(members);
        Err(de::Error::custom("its members are known"))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

fn members<'de, T: Deserialize<'de>>() -> &'static [&'static str] {
    let found = Cell::new(&[][..]);
    let _ = T::deserialize(Members(&found));
    found.get()
}

/// The same value with every object and every scalar changed by `change`, which may also leave members out.
fn map(value: &Value, change: &impl Fn(&str, &Value) -> Option<Value>) -> Value {
    match value {
        Value::Object(object) => object
            .iter()
            .filter_map(|(name, value)| Some((name.clone(), map(&change(name, value)?, change))))
            .collect(),
        Value::Array(all) => all.iter().map(|one| map(one, change)).collect(),
        scalar => scalar.clone(),
    }
}

fn untyped(value: &Value) -> Value {
    map(value, &|name, value| (name != "@odata.type").then(|| value.clone()))
}

/// Reads, writes and reads a sample that has every member of its type.
macro_rules! round_trip {
    ($($ty:ident $sample:tt,)*) => { $( {
        let name = stringify!($ty);
        let sample = json!($sample);
        for member in members::<$ty<'_>>() {
            assert!(sample.get(member).is_some(), "the sample of {name} has no {member}");
        }
        let text = sample.to_string();
        let read: $ty<'_> = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let written = serde_json::to_string(&read).expect("written");
        let json: Value = serde_json::from_str(&written).expect("JSON");
        assert_eq!(untyped(&json), untyped(&sample), "{name}");
        let again: $ty<'_> = serde_json::from_str(&written).expect("read again");
        assert_eq!(again, read, "{name}");
        assert_eq!(read.clone().into_owned(), read, "{name}");

        let strings = map(&sample, &|_, value| Some(value.as_i64().map_or(value.clone(), |n| n.to_string().into())));
        let strings = strings.to_string();
        assert_eq!(serde_json::from_str::<$ty<'_>>(&strings).expect("numeric strings"), read, "{name}");

        let mut more = sample.clone();
        more["somethingNew"] = json!({"deep": [1, null]});
        let more = more.to_string();
        assert_eq!(serde_json::from_str::<$ty<'_>>(&more).expect("an unknown member"), read, "{name}");

        let nulls = map(&sample, &|_, _| Some(Value::Null)).to_string();
        assert_eq!(serde_json::from_str::<$ty<'_>>(&nulls).expect("nulls"), $ty::default(), "{name}");
    } )* };
}

#[test]
fn calls_and_what_belongs_to_them() {
    round_trip! {
        Call {
            "id": "57dab8b1", "state": "established", "direction": "incoming", "subject": "s", "tenantId": "t",
            "source": {"identity": {"user": {"id": "u"}}}, "targets": [{"identity": {"application": {"id": "a"}}}],
            "resultInfo": {"code": 200, "subcode": 0}, "mediaState": {"audio": "active"},
            "toneInfo": {"sequenceId": 1, "tone": "pound"}, "requestedModalities": ["audio"],
            "callbackUri": "https://bot.example", "callChainId": "c", "myParticipantId": "m",
            "chatInfo": {"threadId": "19:x"}, "meetingInfo": {"token": "t"}, "mediaConfig": {"blob": "b"},
            "terminationReason": "AppInitiated", "answeredBy": {"participantId": "p"},
            "incomingContext": {"sourceParticipantId": "p"},
            "applicationMetadata": {"botData": {"policyIdentifier": "x"}}, "replacesContext": "r",
            "callOptions": {"isDeltaRosterEnabled": true}, "callRoutes": [{"routingType": "lookup"}],
            "transcription": {"state": "active"}, "activeModalities": [],
            "meetingCapability": {"autoAdmittedUsers": "everyone"}, "ringingTimeoutInSeconds": 60,
            "routingPolicies": ["noMissedCall"], "participants": [{"id": "p"}],
            "operations": [{"@odata.type": "#microsoft.graph.recordOperation", "id": "o"}],
            "audioRoutingGroups": [{"id": "g"}], "contentSharingSessions": [{"id": "s"}],
        },
        CallOptions {
            "@odata.type": "#microsoft.graph.outgoingCallOptions", "hideBotAfterEscalation": true,
            "isContentSharingNotificationEnabled": false, "isDeltaRosterEnabled": true,
            "isInteractiveRosterEnabled": false,
        },
        CallRoute {
            "routingType": "forwarded", "original": {"user": {"id": "a"}}, "final": {"user": {"id": "b"}},
        },
        CallTranscriptionInfo { "state": "inactive", "lastModifiedDateTime": "2019-11-05T00:34:38.7215693Z" },
        IncomingContext {
            "observedParticipantId": "o", "sourceParticipantId": "s", "onBehalfOf": {"user": {"id": "a"}},
            "transferor": {"user": {"id": "b"}},
        },
        MeetingCapability {
            "allowAnonymousUsersToDialOut": false, "allowAnonymousUsersToStartMeeting": true,
            "autoAdmittedUsers": "everyoneInCompany",
        },
        AudioRoutingGroup { "id": "g", "routingMode": "oneToOne", "sources": ["a"], "receivers": ["b"] },
        ParticipantJoiningNotification { "id": "n", "call": {"state": "established"} },
        ParticipantLeftNotification { "id": "n", "participantId": "p", "call": {"resultInfo": {"code": 200}} },
    }
}

#[test]
fn recording_by_policy() {
    round_trip! {
        RecordingInfo {
            "initiator": {"user": {"id": "a"}}, "recordingStatus": "recording",
            "initiatedBy": {"identity": {"user": {"id": "a"}}},
        },
        ApplicationMetadata { "botData": {"inviteReasons": ["PolicyBasedRecording"]} },
        BotData {
            "mediaHostedRegion": "USEA", "user": {"clientLocation": "US"}, "otherSideUser": {"id": "o"},
            "inviteReasons": ["ComplianceRecording"], "policyIdentifier": "x",
            "pairedRecorders": [{"id": "r", "participantId": "p"}], "otherRecorders": [], "callId": "c",
            "isMultiParty": true, "applicationType": "t",
        },
        RecordedParty {
            "id": "8:orgid:971f0300", "participantId": "p", "tenantId": "t", "onBehalfOf": {"id": "b"},
            "participationMethod": "caller", "clientLocation": "EUNO",
        },
    }
}

#[test]
fn participants_and_who_they_are() {
    round_trip! {
        Participant {
            "id": "p", "info": {"participantId": "p"}, "mediaStreams": [{"sourceId": "1"}], "isMuted": false,
            "isInLobby": true, "rosterSequenceNumber": 12, "metadata": "m",
            "recordingInfo": {"recordingStatus": "failed"}, "removedState": {"reason": "left"},
            "meetingRole": "presenter", "replacementLink": "l",
            "restrictedExperience": {"videoDisabled": "watermarkProtection"}, "isIdentityAnonymized": true,
            "preferredDisplayName": "n", "syntheticMediaDetection": {"detectionId": "d"},
        },
        ParticipantInfo {
            "identity": {"user": {"id": "u"}}, "participantId": "p", "countryCode": "US", "endpointType": "default",
            "languageId": "en-US", "region": "amer", "id": "i", "endpointId": "e", "clientVersion": "v",
            "replacementLink": "l", "platformId": "x", "nonAnonymizedIdentity": {"user": {"id": "n"}},
        },
        InvitationParticipantInfo {
            "identity": {"user": {"id": "u"}}, "participantId": "p", "replacesCallId": "c", "hidden": true,
            "removeFromDefaultAudioRoutingGroup": false, "endpointType": "voicemail", "languageId": "en-US",
            "region": "amer",
        },
        Identity {
            "id": "u", "displayName": "n", "tenantId": "t", "identityProvider": "AAD", "hidden": false,
            "applicationType": "x", "email": "e@x", "azureCommunicationServicesResourceId": "r",
        },
        OnlineMeetingRestricted {
            "contentSharingDisabled": "watermarkProtection", "videoDisabled": "watermarkProtection",
        },
        RemovedState { "reason": "removed" },
        DeltaParticipants {
            "id": "d", "sequenceNumber": 3, "participants": [{"removedState": {"reason": "removed"}}],
        },
        SyntheticMediaDetectionInfo {
            "detectionId": "d", "detectorBot": "b", "isParticipantTrusted": false, "syntheticConfidence": 0.5,
        },
    }
}

#[test]
fn media_and_operations() {
    round_trip! {
        CommsOperation {
            "@odata.type": "#microsoft.graph.playPromptOperation", "id": "o", "clientContext": "c",
            "status": "running", "resultInfo": {"code": 200}, "recordingLocation": "l",
            "recordingAccessToken": "t", "participants": [{"participantId": "p"}, "q"],
            "completionReason": "stopToneDetected", "prompts": [{"mediaInfo": {"uri": "u"}}],
            "createdDateTime": "2018-09-06T15:58:41Z", "lastActionDateTime": "2018-09-06T15:58:42Z",
        },
        CallMediaState { "audio": "inactive" },
        MediaStream {
            "direction": "sendReceive", "mediaType": "audio", "sourceId": "1", "label": "main-audio",
            "serverMuted": false,
        },
        MediaInfo { "uri": "u", "resourceId": "r" },
        MediaPrompt { "mediaInfo": {"uri": "u"}, "loop": 5 },
        ServiceHostedMediaConfig {
            "preFetchMedia": [{"uri": "u"}], "removeFromDefaultAudioGroup": true,
        },
        AppHostedMediaConfig { "blob": "b", "removeFromDefaultAudioGroup": false },
        ToneInfo { "sequenceId": 1, "tone": "flash" },
    }
}

#[test]
fn the_quality_of_a_device() {
    round_trip! {
        TeleconferenceDeviceQuality {
            "callChainId": "c", "participantId": "p", "mediaLegId": "l", "deviceName": "n",
            "deviceDescription": "d", "mediaQualityList": [{"channelIndex": 1}], "cloudServiceName": "s",
            "cloudServiceInstanceName": "i", "cloudServiceDeploymentEnvironment": "e",
            "cloudServiceDeploymentId": "x",
        },
        TeleconferenceDeviceMediaQuality {
            "@odata.type": "#microsoft.graph.teleconferenceDeviceVideoQuality", "channelIndex": 1,
            "mediaDuration": "PT20M", "networkLinkSpeedInBytes": 13_005_000, "localIPAddress": "127.0.0.1",
            "localPort": 6300, "remoteIPAddress": "102.1.1.101", "remotePort": 8080, "inboundPackets": 5400,
            "outboundPackets": 6300, "averageInboundJitter": "PT0.1S", "averageOutboundJitter": "PT0.2S",
            "maximumInboundJitter": "PT0.3S", "maximumOutboundJitter": "PT0.4S",
            "averageInboundPacketLossRateInPercentage": 0.5, "averageOutboundPacketLossRateInPercentage": 0.6,
            "maximumInboundPacketLossRateInPercentage": 0.7, "maximumOutboundPacketLossRateInPercentage": 0.8,
            "averageInboundRoundTripDelay": "PT0.5S", "averageOutboundRoundTripDelay": "PT0.6S",
            "maximumInboundRoundTripDelay": "PT0.7S", "maximumOutboundRoundTripDelay": "PT0.8S",
            "averageInboundBitRate": 1.5, "averageOutboundBitRate": 2.5, "averageInboundFrameRate": 29.97,
            "averageOutboundFrameRate": 30.5,
        },
    }
}

/// Every member comes back in any case, and one that nobody knows comes back as it was.
macro_rules! any_case {
    ($($ty:ident,)*) => { $(
        for member in $ty::MEMBERS {
            for text in [json!(member), json!(member.to_ascii_uppercase()), json!(member.to_ascii_lowercase())] {
                let text = text.to_string();
                let read: $ty<'_> = serde_json::from_str(&text).expect("a member");
                assert_eq!(read.as_str(), *member, "{}", stringify!($ty));
            }
        }
        for unknown in ["unknownFutureValue", "SomethingNew"] {
            let text = json!(unknown).to_string();
            let read: $ty<'_> = serde_json::from_str(&text).expect("an unknown member");
            assert!(matches!(&read, $ty::Other(kept) if kept == unknown), "{}", stringify!($ty));
            assert_eq!(serde_json::to_string(&read).expect("written"), text);
        }
    )* };
}

#[test]
fn members_match_in_any_case_and_unknown_ones_are_kept() {
    any_case! {
        AutoAdmittedUsers, CallDisposition, CallOptionsKind, CallTranscriptionState, CompletionReason,
        ContentModality, DetectionSeverity, MediaQualityKind, Modality, OnlineMeetingContentSharingDisabledReason,
        OnlineMeetingVideoDisabledReason, OperationKind, RecordingStatus, RoutingMode, RoutingPolicy, RoutingType,
        ScreenSharingRole,
    }
}
