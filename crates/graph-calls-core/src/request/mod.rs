//! Typed requests: one file per action of the API, and [`RawRequest`] for all the rest of Graph.

mod add_large_gallery_view;
mod answer_call;
mod cancel_media_processing;
mod change_screen_sharing_role;
mod create_audio_routing_group;
mod create_call;
mod delete_audio_routing_group;
mod delete_call;
mod delete_participant;
mod get_audio_routing_group;
mod get_call;
mod get_participant;
mod invite_participants;
mod keep_alive;
mod list_audio_routing_groups;
mod list_participants;
mod log_teleconference_device_quality;
mod mute_all_participants;
mod mute_call;
mod mute_participant;
mod page;
mod play_prompt;
mod raw;
mod record_response;
mod redirect_call;
mod reject_call;
mod report_synthetic_media;
mod send_dtmf_tones;
mod start_hold_music;
mod start_recording;
mod start_transcription;
mod stop_hold_music;
mod stop_recording;
mod stop_transcription;
mod subscribe_to_tone;
mod transfer_call;
mod unmute_call;
mod update_audio_routing_group;
mod update_recording_status;
mod wire;

use std::borrow::Cow;

use bytes::Bytes;
use graph_calls_model::{CallId, ClientContext};

pub use add_large_gallery_view::AddLargeGalleryView;
pub use answer_call::AnswerCall;
pub use cancel_media_processing::CancelMediaProcessing;
pub use change_screen_sharing_role::ChangeScreenSharingRole;
pub use create_audio_routing_group::CreateAudioRoutingGroup;
pub use create_call::{CreateCall, CreatedCall};
pub use delete_audio_routing_group::DeleteAudioRoutingGroup;
pub use delete_call::DeleteCall;
pub use delete_participant::DeleteParticipant;
pub use get_audio_routing_group::GetAudioRoutingGroup;
pub use get_call::GetCall;
pub use get_participant::GetParticipant;
pub use invite_participants::InviteParticipants;
pub use keep_alive::KeepAlive;
pub use list_audio_routing_groups::{AudioRoutingGroupPage, ListAudioRoutingGroups};
pub use list_participants::{ListParticipants, ParticipantPage};
pub use log_teleconference_device_quality::LogTeleconferenceDeviceQuality;
pub use mute_all_participants::MuteAllParticipants;
pub use mute_call::MuteCall;
pub use mute_participant::MuteParticipant;
pub use play_prompt::PlayPrompt;
pub use raw::RawRequest;
pub use record_response::RecordResponse;
pub use redirect_call::RedirectCall;
pub use reject_call::RejectCall;
pub use report_synthetic_media::ReportSyntheticMedia;
pub use send_dtmf_tones::SendDtmfTones;
pub use start_hold_music::StartHoldMusic;
pub use start_recording::StartRecording;
pub use start_transcription::StartTranscription;
pub use stop_hold_music::StopHoldMusic;
pub use stop_recording::StopRecording;
pub use stop_transcription::StopTranscription;
pub use subscribe_to_tone::SubscribeToTone;
pub use transfer_call::TransferCall;
pub use unmute_call::UnmuteCall;
pub use update_audio_routing_group::UpdateAudioRoutingGroup;
pub use update_recording_status::UpdateRecordingStatus;

use wire::{PREFER, bare, json, located, operation, with_json};

use crate::{Correlation, Repeat, Result};

/// One action of the API, typed.
///
/// An implementation is a value: it has no client, no host and no token.
pub trait ApiRequest {
    /// What a success gives.
    type Output;
    /// The name of the reference page: `call-reject`. Errors and spans begin with it.
    const NAME: &'static str;
    /// When it may be sent again after an unknown outcome. There is no default: a new request must choose.
    const REPEAT: Repeat;
    /// The version it exists in; both unless told otherwise.
    const VERSION: ApiVersion = ApiVersion::Any;

    /// The HTTP request: a relative path with ids percent-encoded; no host, no token.
    ///
    /// # Errors
    ///
    /// With [`ErrorKind::Request`](crate::ErrorKind::Request) when it breaks a documented limit.
    fn to_http(&self) -> Result<http::Request<Bytes>>;

    /// Reads a success.
    ///
    /// # Errors
    ///
    /// With [`ErrorKind::Decode`](crate::ErrorKind::Decode) when the answer cannot be read.
    fn read(&self, response: http::Response<Bytes>) -> Result<Self::Output>;

    /// The name this request goes by. Only a request made of others overrides it.
    fn name(&self) -> Cow<'static, str> {
        Self::NAME.into()
    }

    /// The class of this request. Only a request made of others overrides it.
    fn repeat(&self) -> Repeat {
        Self::REPEAT
    }

    /// The version of this request. Only a request made of others overrides it.
    fn version(&self) -> ApiVersion {
        Self::VERSION
    }

    /// The call that it acts on, if it acts on one.
    fn call_id(&self) -> Option<&CallId> {
        None
    }

    /// The key that it gives the comms operation.
    fn client_context(&self) -> Option<&ClientContext> {
        None
    }

    /// What identifies its effect, should its outcome stay unknown.
    fn correlation(&self) -> Correlation {
        Correlation {
            client_context: self.client_context().map(ToString::to_string),
            call_id: self.call_id().cloned(),
            ..Correlation::default()
        }
    }
}

/// A version of Graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ApiVersion {
    /// Whatever the client was built for: v1.0 unless told otherwise.
    #[default]
    Any,
    /// `/v1.0`
    V1,
    /// `/beta`
    Beta,
}
