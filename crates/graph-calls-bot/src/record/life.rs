//! Where a call stands: which state may follow which, and what is told of it.

use std::time::{Duration, SystemTime};

use graph_calls_core::model::{
    Call, CallState, ChatInfo, IncomingContext, MediaState, MeetingInfo, ResultInfo,
};
use serde::{Deserialize, Serialize};

use super::{CallRecord, stored::Date};
use crate::{CallEvent, Incoming};

/// How long notifications may take to overtake each other.
const LATE: Duration = Duration::from_secs(5);

/// How far a transfer of ours is. The service names none, so there is one at a time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Transfer {
    UnderWay,
    /// What still says that it is under way comes late.
    Failed,
    #[default]
    #[serde(other)]
    None,
}

impl CallRecord {
    /// What a notification says of where the call stands.
    pub(super) fn enter(&mut self, call: &Call<'_>, now: SystemTime, events: &mut Vec<CallEvent>) {
        if self.transfer == Transfer::UnderWay && tells_failed_transfer(call) {
            self.transfer = Transfer::Failed;
            self.be_established(now, events);
            self.state = Some(CallState::Established);
            let result = call.result_info.clone().map(ResultInfo::into_owned);
            events.push(CallEvent::TransferFailed(result));
            return;
        }
        let Some(state) = &call.state else { return };
        if !may_follow(self.state.as_ref(), state) {
            return;
        }
        match state {
            CallState::Incoming => {
                self.rang = true;
                events.push(CallEvent::Incoming(Box::new(self.incoming(call))));
            }
            CallState::Establishing => events.push(CallEvent::Establishing),
            CallState::Ringing => events.push(CallEvent::Ringing),
            CallState::Established if self.state == Some(CallState::Hold) => {
                if self.is_overtaken(now) {
                    return;
                }
                self.hold_came_first = false;
                events.push(CallEvent::Resumed);
            }
            CallState::Established => self.be_established(now, events),
            CallState::Hold => {
                self.hold_came_first = self.established.is_none();
                self.be_established(now, events);
                events.push(CallEvent::Hold);
            }
            CallState::Transferring | CallState::TransferAccepted => {
                if self.transfer == Transfer::Failed {
                    return;
                }
                self.transfer = Transfer::UnderWay;
                self.be_established(now, events);
                if *state == CallState::TransferAccepted {
                    events.push(CallEvent::TransferAccepted);
                }
            }
            _ => {}
        }
        self.state = Some(state.clone().into_owned());
    }

    /// What the service answers when it is asked where the call stands: no notification is older than that.
    pub(super) fn correct(&mut self, call: &Call<'_>, now: SystemTime, events: &mut Vec<CallEvent>) {
        self.hold_came_first = false;
        if self.is_transferring() && call.state == Some(CallState::Established) {
            self.transfer = Transfer::Failed;
            self.state = Some(CallState::Established);
            let failed = call.result_info.clone().filter(|result| !result.is_success());
            events.push(CallEvent::TransferFailed(failed.map(ResultInfo::into_owned)));
        } else {
            self.enter(call, now, events);
        }
    }

    /// Whether its audio flows, whatever state stands beside it.
    pub(super) fn hear(&mut self, call: &Call<'_>, events: &mut Vec<CallEvent>) {
        let Some(audio) = call.media_state.as_ref().and_then(|media| media.audio.as_ref()) else { return };
        let active = *audio == MediaState::Active;
        // A call that is ending does not begin to flow.
        let is_news = if active {
            self.media_active != Some(true) && self.state != Some(CallState::Terminating)
        } else {
            *audio == MediaState::Inactive && self.media_active == Some(true)
        };
        if is_news {
            self.media_active = Some(active);
            events.push(if active { CallEvent::MediaActive } else { CallEvent::MediaInactive });
        }
    }

    /// Tells that it is established, where what told so was lost or overtaken.
    fn be_established(&mut self, now: SystemTime, events: &mut Vec<CallEvent>) {
        if self.established.is_none() {
            self.established = Some(Date(now));
            events.push(CallEvent::Established);
        }
    }

    /// Whether an `established` on hold is not the end of it, but the one from before it.
    fn is_overtaken(&self, now: SystemTime) -> bool {
        self.hold_came_first && self.established.is_some_and(|since| since.age(now) < LATE)
    }

    fn is_transferring(&self) -> bool {
        matches!(self.state, Some(CallState::Transferring | CallState::TransferAccepted))
    }

    fn incoming(&self, call: &Call<'_>) -> Incoming {
        Incoming {
            source: self.source.clone(),
            targets: self.targets.clone(),
            policy_recording: self.policy_recording,
            incoming_context: call.incoming_context().cloned().map(IncomingContext::into_owned),
            chat_info: call.chat_info().cloned().map(ChatInfo::into_owned),
            meeting_info: call.meeting_info().cloned().map(MeetingInfo::into_owned),
        }
    }
}

/// Only a result tells that a transfer failed: a plain `established` beside it is a late or a repeated one.
fn tells_failed_transfer(call: &Call<'_>) -> bool {
    let Some(result) = &call.result_info else { return false };
    match &call.state {
        Some(CallState::Established) => !result.is_success(),
        None => result.number() == Some(500) && matches!(result.subcode_number(), Some(7000 | 7700)),
        _ => false,
    }
}

/// Whether a call in one state may be told to be in another. What comes late or again may not.
fn may_follow(before: Option<&CallState<'_>>, state: &CallState<'_>) -> bool {
    let Some(now) = place(state) else { return false };
    match before.and_then(place) {
        // On hold and back again, as often as they like.
        Some(TALKING) if now == TALKING => before != Some(state),
        Some(before) => now > before,
        None => true,
    }
}

/// Where in a call's life people can talk.
const TALKING: u8 = 4;

/// Where a state is in a call's life. One that we do not know tells nothing.
fn place(state: &CallState<'_>) -> Option<u8> {
    Some(match state {
        CallState::Incoming => 0,
        CallState::Establishing => 1,
        CallState::Ringing => 2,
        CallState::Redirecting => 3,
        CallState::Established | CallState::Hold => TALKING,
        CallState::Transferring => 5,
        CallState::TransferAccepted => 6,
        CallState::Terminating => 7,
        CallState::Terminated => 8,
        _ => return None,
    })
}
