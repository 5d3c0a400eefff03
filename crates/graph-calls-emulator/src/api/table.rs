//! Which operation a method and a path name.

use graph_calls_model::{Action, CallsResource, Collection};
use http::Method;

use super::{Refusal, Reply, Request, Version};
use crate::{
    route::{
        answer_call, create_call, delete_call, delete_participant, get_call, get_participant,
        invite_participants, keep_alive, list_participants, play_prompt, reject_call, subscribe_to_tone,
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
struct Operation {
    method: &'static str,
    name: &'static str,
    only_beta: bool,
    run: Option<Run>,
}

const fn covered(method: &'static str, name: &'static str, run: Run) -> Operation {
    Operation { method, name, only_beta: false, run: Some(run) }
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

fn operations(resource: &CallsResource<'_>) -> Vec<Operation> {
    match resource {
        CallsResource::Calls => {
            vec![covered("POST", "application-post-calls", Run::Calls(create_call::run))]
        }
        CallsResource::CallsAction(Action::LogTeleconferenceDeviceQuality) => {
            vec![known("POST", "call-logteleconferencedevicequality")]
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
                known("GET", "call-list-audioroutinggroups"),
                known("POST", "call-post-audioroutinggroups"),
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
                known("GET", "audioroutinggroup-get"),
                known("PATCH", "audioroutinggroup-update"),
                known("DELETE", "audioroutinggroup-delete"),
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
        Action::Redirect => known("POST", "call-redirect"),
        Action::Transfer => known("POST", "call-transfer"),
        Action::RecordResponse => known("POST", "call-record"),
        Action::CancelMediaProcessing => known("POST", "call-cancelmediaprocessing"),
        Action::SendDtmfTones => known("POST", "call-senddtmftones"),
        Action::Mute => known("POST", "call-mute"),
        Action::Unmute => known("POST", "call-unmute"),
        Action::ChangeScreenSharingRole => known("POST", "call-changescreensharingrole"),
        Action::UpdateRecordingStatus => known("POST", "call-updaterecordingstatus"),
        Action::AddLargeGalleryView => known("POST", "call-addlargegalleryview"),
        Action::Record => beta("POST", "call-record"),
        Action::UpdateMetadata => beta("POST", "call-updatemetadata"),
        Action::StartRecording => beta("POST", "call-startrecording"),
        Action::StopRecording => beta("POST", "call-stoprecording"),
        Action::StartTranscription => beta("POST", "call-starttranscription"),
        Action::StopTranscription => beta("POST", "call-stoptranscription"),
        _ => return None,
    })
}

fn participants_action(action: &Action<'_>) -> Option<Operation> {
    Some(match action {
        Action::Invite => covered("POST", "participant-invite", Run::Call(invite_participants::run)),
        Action::MuteAll => beta("POST", "participant-muteall"),
        Action::ConfigureMixer => beta("POST", "participant-configuremixer"),
        Action::AdmitAllFromLobby => beta("POST", "participant-admitallfromlobby"),
        _ => return None,
    })
}

fn participant_action(action: &Action<'_>) -> Option<Operation> {
    Some(match action {
        Action::Mute => known("POST", "participant-mute"),
        Action::StartHoldMusic => known("POST", "participant-startholdmusic"),
        Action::StopHoldMusic => known("POST", "participant-stopholdmusic"),
        Action::AdmitFromLobby => beta("POST", "participant-admitfromlobby"),
        Action::RemoveFromLobby => beta("POST", "participant-removefromlobby"),
        Action::ReportSyntheticMedia => beta("POST", "participant-reportsyntheticmedia"),
        _ => return None,
    })
}
