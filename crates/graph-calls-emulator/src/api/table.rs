//! Which operation a method and a path name.

use graph_calls_model::{Action, CallsResource, Collection};
use http::Method;

use super::{Refusal, Reply, Request, Version};
use crate::{
    route::{
        add_large_gallery_view, answer_call, cancel_media_processing, change_screen_sharing_role,
        create_audio_routing_group, create_call, delete_audio_routing_group, delete_call, delete_participant,
        get_audio_routing_group, get_call, get_participant, invite_participants, keep_alive,
        list_audio_routing_groups, list_participants, log_teleconference_device_quality,
        mute_all_participants, mute_call, mute_participant, play_prompt, record_response, redirect_call,
        reject_call, report_synthetic_media, send_dtmf_tones, start_hold_music, start_recording,
        start_transcription, stop_hold_music, stop_recording, stop_transcription, subscribe_to_tone,
        transfer_call, unmute_call, update_audio_routing_group, update_recording_status,
    },
    world::{Call, World},
};

/// What answers a request.
#[derive(Debug, Clone, Copy)]
pub(super) enum Run {
    /// A request on all calls.
    Calls(fn(&mut World, &Request<'_>) -> Result<Reply, Refusal>),
    /// A request on one call that lives.
    Call(fn(&mut World, &mut Call, &Request<'_>) -> Result<Reply, Refusal>),
}

/// An operation: its method, the name of its reference page, and its route if it is covered.
#[derive(Debug)]
pub(super) struct Operation {
    pub(super) method: &'static str,
    pub(super) name: &'static str,
    pub(super) only_beta: bool,
    run: Option<Run>,
}

const fn covered(method: &'static str, name: &'static str, run: Run) -> Operation {
    Operation { method, name, only_beta: false, run: Some(run) }
}

const fn covered_beta(method: &'static str, name: &'static str, run: Run) -> Operation {
    Operation { method, name, only_beta: true, run: Some(run) }
}

const fn known(method: &'static str, name: &'static str) -> Operation {
    Operation { method, name, only_beta: false, run: None }
}

const fn beta(method: &'static str, name: &'static str) -> Operation {
    Operation { method, name, only_beta: true, run: None }
}

pub(super) fn find(
    method: &Method,
    version: Version,
    resource: &CallsResource<'_>,
    path: &str,
) -> Result<Run, Refusal> {
    let operations: Vec<_> = operations(resource)
        .into_iter()
        .filter(|operation| version == Version::Beta || !operation.only_beta)
        .collect();
    if operations.is_empty() {
        return Err(Refusal::no_such_path(path));
    }
    let Some(operation) = operations.iter().find(|one| method.as_str() == one.method) else {
        let allowed: Vec<_> = operations.iter().map(|one| one.method).collect();
        return Err(Refusal::wrong_method(path, &allowed));
    };
    operation.run.ok_or_else(|| Refusal::not_covered(operation.name))
}

pub(super) fn operations(resource: &CallsResource<'_>) -> Vec<Operation> {
    match resource {
        CallsResource::Calls => {
            vec![covered("POST", "application-post-calls", Run::Calls(create_call::run))]
        }
        CallsResource::CallsAction(Action::LogTeleconferenceDeviceQuality) => {
            let run = Run::Calls(log_teleconference_device_quality::run);
            vec![covered("POST", "call-logteleconferencedevicequality", run)]
        }
        CallsResource::Call(_) => vec![
            covered("GET", "call-get", Run::Call(get_call::run)),
            covered("DELETE", "call-delete", Run::Call(delete_call::run)),
        ],
        CallsResource::CallAction(_, action) => call_action(action).into_iter().collect(),
        CallsResource::Collection(_, collection) => match collection {
            Collection::Participants => {
                vec![covered("GET", "call-list-participants", Run::Call(list_participants::run))]
            }
            Collection::AudioRoutingGroups => vec![
                covered("GET", "call-list-audioroutinggroups", Run::Call(list_audio_routing_groups::run)),
                covered("POST", "call-post-audioroutinggroups", Run::Call(create_audio_routing_group::run)),
            ],
            Collection::Operations | Collection::ContentSharingSessions => Vec::new(),
        },
        CallsResource::CollectionAction(_, Collection::Participants, action) => {
            participants_action(action).into_iter().collect()
        }
        CallsResource::Item(_, collection, _) => match collection {
            Collection::Participants => vec![
                covered("GET", "participant-get", Run::Call(get_participant::run)),
                covered("DELETE", "participant-delete", Run::Call(delete_participant::run)),
            ],
            Collection::AudioRoutingGroups => vec![
                covered("GET", "audioroutinggroup-get", Run::Call(get_audio_routing_group::run)),
                covered("PATCH", "audioroutinggroup-update", Run::Call(update_audio_routing_group::run)),
                covered("DELETE", "audioroutinggroup-delete", Run::Call(delete_audio_routing_group::run)),
            ],
            // Every Location header of a comms operation points here; no page describes it.
            Collection::Operations => vec![known("GET", "commsoperation-get")],
            Collection::ContentSharingSessions => vec![known("GET", "contentsharingsession-get")],
        },
        CallsResource::ItemAction(_, Collection::Participants, _, action) => {
            participant_action(action).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

fn call_action(action: &Action<'_>) -> Option<Operation> {
    Some(match action {
        Action::Answer => covered("POST", "call-answer", Run::Call(answer_call::run)),
        Action::Reject => covered("POST", "call-reject", Run::Call(reject_call::run)),
        Action::KeepAlive => covered("POST", "call-keepalive", Run::Call(keep_alive::run)),
        Action::PlayPrompt => covered("POST", "call-playprompt", Run::Call(play_prompt::run)),
        Action::SubscribeToTone => covered("POST", "call-subscribetotone", Run::Call(subscribe_to_tone::run)),
        Action::Redirect => covered("POST", "call-redirect", Run::Call(redirect_call::run)),
        Action::Transfer => covered("POST", "call-transfer", Run::Call(transfer_call::run)),
        Action::RecordResponse => covered("POST", "call-record", Run::Call(record_response::run)),
        Action::CancelMediaProcessing => {
            covered("POST", "call-cancelmediaprocessing", Run::Call(cancel_media_processing::run))
        }
        Action::SendDtmfTones => covered("POST", "call-senddtmftones", Run::Call(send_dtmf_tones::run)),
        Action::Mute => covered("POST", "call-mute", Run::Call(mute_call::run)),
        Action::Unmute => covered("POST", "call-unmute", Run::Call(unmute_call::run)),
        Action::ChangeScreenSharingRole => {
            covered("POST", "call-changescreensharingrole", Run::Call(change_screen_sharing_role::run))
        }
        Action::UpdateRecordingStatus => {
            covered("POST", "call-updaterecordingstatus", Run::Call(update_recording_status::run))
        }
        Action::AddLargeGalleryView => {
            covered("POST", "call-addlargegalleryview", Run::Call(add_large_gallery_view::run))
        }
        Action::Record => beta("POST", "call-record"),
        Action::UpdateMetadata => beta("POST", "call-updatemetadata"),
        Action::StartRecording => {
            covered_beta("POST", "call-startrecording", Run::Call(start_recording::run))
        }
        Action::StopRecording => covered_beta("POST", "call-stoprecording", Run::Call(stop_recording::run)),
        Action::StartTranscription => {
            covered_beta("POST", "call-starttranscription", Run::Call(start_transcription::run))
        }
        Action::StopTranscription => {
            covered_beta("POST", "call-stoptranscription", Run::Call(stop_transcription::run))
        }
        _ => return None,
    })
}

fn participants_action(action: &Action<'_>) -> Option<Operation> {
    Some(match action {
        Action::Invite => covered("POST", "participant-invite", Run::Call(invite_participants::run)),
        Action::MuteAll => covered_beta("POST", "participant-muteall", Run::Call(mute_all_participants::run)),
        Action::ConfigureMixer => beta("POST", "participant-configuremixer"),
        Action::AdmitAllFromLobby => beta("POST", "participant-admitallfromlobby"),
        _ => return None,
    })
}

fn participant_action(action: &Action<'_>) -> Option<Operation> {
    Some(match action {
        Action::Mute => covered("POST", "participant-mute", Run::Call(mute_participant::run)),
        Action::StartHoldMusic => {
            covered("POST", "participant-startholdmusic", Run::Call(start_hold_music::run))
        }
        Action::StopHoldMusic => {
            covered("POST", "participant-stopholdmusic", Run::Call(stop_hold_music::run))
        }
        Action::AdmitFromLobby => beta("POST", "participant-admitfromlobby"),
        Action::RemoveFromLobby => beta("POST", "participant-removefromlobby"),
        Action::ReportSyntheticMedia => {
            covered_beta("POST", "participant-reportsyntheticmedia", Run::Call(report_synthetic_media::run))
        }
        _ => return None,
    })
}
