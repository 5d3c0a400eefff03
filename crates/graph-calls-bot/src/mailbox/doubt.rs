//! Commands of which nobody knows whether they had their effect, and the event that tells it.
//!
//! A command that starts a comms operation is settled by its notification, found by the client context. These have none:
//! what became of the call says what became of them.

use graph_calls_core::{AnswerCall, ApiRequest as _, CreateCall, RedirectCall, RejectCall, TransferCall};
use serde::{Deserialize, Serialize};

use crate::{CallCommand, CallEvent, CommandError, Done, Failed, Outcome};

/// The most commands in doubt that are kept; the oldest is forgotten.
const MOST: usize = 64;

/// The commands of one call that are in doubt.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Doubts(Vec<CallCommand>);

#[derive(Debug, Clone, Copy)]
enum About {
    Answer,
    /// A reject or a redirect: the bot's leg ends, without a result.
    Leave,
    Transfer,
    /// A call that was placed, or not.
    Create,
}

impl Doubts {
    pub(crate) fn add(&mut self, command: CallCommand) {
        if self.0.len() >= MOST {
            self.0.remove(0);
        }
        self.0.push(command);
    }

    /// Takes the command of this name, if it is in doubt.
    pub(crate) fn take(&mut self, name: &str) -> Option<CallCommand> {
        let place = self.0.iter().position(|command| command.name == name)?;
        Some(self.0.remove(place))
    }

    /// Takes the command whose request has this name, if one is in doubt.
    pub(crate) fn take_request(&mut self, request: &str) -> Option<CallCommand> {
        let place = self.0.iter().position(|command| command.is(request))?;
        Some(self.0.remove(place))
    }

    pub(crate) fn find(&self, name: &str) -> Option<&CallCommand> {
        self.0.iter().find(|command| command.name == name)
    }

    /// What an event says of those in doubt.
    pub(crate) fn settle(&mut self, event: &CallEvent) -> Vec<CallEvent> {
        if let CallEvent::Done(Done { name, .. }) | CallEvent::Failed(Failed { name, .. }) = event {
            self.take(name);
            return Vec::new();
        }
        let mut settled = Vec::new();
        self.0.retain(|command| {
            let Some(verdict) = About::of(command).and_then(|about| about.verdict(event)) else {
                return true;
            };
            let name = command.name.clone();
            settled.push(match verdict {
                Ok(()) => CallEvent::Done(Done { name, operation: None, body: None }),
                Err(error) => CallEvent::Failed(Failed { name, error }),
            });
            false
        });
        settled
    }
}

impl About {
    fn of(command: &CallCommand) -> Option<Self> {
        match &*command.request.as_ref().ok()?.name {
            AnswerCall::NAME => Some(About::Answer),
            RejectCall::NAME | RedirectCall::NAME => Some(About::Leave),
            TransferCall::NAME => Some(About::Transfer),
            CreateCall::NAME => Some(About::Create),
            _ => None,
        }
    }

    /// Whether the event tells that it had its effect, or that it had none.
    fn verdict(self, event: &CallEvent) -> Option<Result<(), CommandError>> {
        match (self, event) {
            (About::Answer, CallEvent::Established) | (About::Transfer, CallEvent::TransferAccepted) => {
                Some(Ok(()))
            }
            // The service tells of it, so it is there.
            (
                About::Create,
                CallEvent::Establishing
                | CallEvent::Ringing
                | CallEvent::Established
                | CallEvent::MediaActive
                | CallEvent::RosterChanged(_)
                | CallEvent::Terminated(_),
            ) => Some(Ok(())),
            (About::Leave, CallEvent::Established) => {
                Some(Err(CommandError::refused("the call was answered")))
            }
            (About::Leave, CallEvent::Terminated(ended)) if ended.result.is_none() => Some(Ok(())),
            (About::Transfer, CallEvent::TransferFailed(result)) => {
                Some(Err(CommandError::of_operation(result.clone())))
            }
            (About::Transfer, CallEvent::Terminated(ended)) if ended.outcome == Outcome::Transferred => {
                Some(Ok(()))
            }
            (_, CallEvent::Terminated(_)) => {
                Some(Err(CommandError::refused("the call ended for another reason")))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use graph_calls_core::{
        Certainty,
        model::{CallId, RejectReason, ResultInfo},
    };

    use super::*;
    use crate::Ended;

    fn ended(outcome: Outcome, result: Option<ResultInfo<'static>>) -> CallEvent {
        let established_for = Some(Duration::from_secs(1));
        CallEvent::Terminated(Ended {
            outcome,
            result,
            reason: None,
            termination_reason: None,
            established_for,
        })
    }

    #[test]
    fn what_becomes_of_the_call_says_what_became_of_the_command() {
        let cut = Some(ResultInfo::new(487, 5300));
        for (about, event, well) in [
            (About::Answer, CallEvent::Established, Some(true)),
            (About::Answer, ended(Outcome::Failed, cut.clone()), Some(false)),
            (About::Leave, ended(Outcome::Rejected, None), Some(true)),
            (About::Leave, ended(Outcome::Rejected, cut.clone()), Some(false)),
            (About::Leave, CallEvent::Established, Some(false)),
            (About::Transfer, CallEvent::TransferAccepted, Some(true)),
            (About::Transfer, ended(Outcome::Transferred, None), Some(true)),
            (About::Transfer, CallEvent::TransferFailed(cut.clone()), Some(false)),
            (About::Transfer, ended(Outcome::Answered, cut), Some(false)),
            (About::Transfer, CallEvent::MediaInactive, None),
        ] {
            let verdict = about.verdict(&event).map(|verdict| verdict.is_ok());
            assert_eq!(verdict, well, "{about:?} after {event:?}");
        }
    }

    #[test]
    fn a_doubt_is_settled_once() {
        let reject = RejectCall::new(CallId::new("1").unwrap(), RejectReason::Busy);
        let mut doubts = Doubts::default();
        doubts.add(CallCommand::new(&reject).named("no"));
        assert!(doubts.settle(&CallEvent::MediaActive).is_empty());
        let settled = doubts.settle(&CallEvent::Established);
        let [CallEvent::Failed(failed)] = settled.as_slice() else { panic!("{settled:?}") };
        assert_eq!((failed.name.as_str(), failed.error.certainty), ("no", Certainty::Refused));
        assert!(doubts.settle(&CallEvent::Established).is_empty());
    }
}
