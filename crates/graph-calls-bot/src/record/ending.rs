//! The end of a call, and what became of it by its whole history.

use std::time::SystemTime;

use graph_calls_core::model::{Call, CallDirection, CallState, ResultInfo};

use super::{CallRecord, Decided};
use crate::{CallEvent, Ended, Outcome};

impl CallRecord {
    /// Ends the call; what still waited is told before.
    pub(super) fn end(&mut self, call: &Call<'_>, now: SystemTime, events: &mut Vec<CallEvent>) {
        let result = call.result_info.clone().map(ResultInfo::into_owned);
        let word = call.termination_reason.as_ref().map(ToString::to_string);
        let outcome = self.outcome(result.as_ref(), word.as_deref());
        self.end_as(Ended { termination_reason: word, ..Ended::new(outcome, result) }, now, events);
    }

    pub(super) fn end_as(&mut self, ended: Ended, now: SystemTime, events: &mut Vec<CallEvent>) {
        events.extend(self.tones.flush().into_iter().map(CallEvent::Tone));
        let ended = Ended { established_for: self.established.map(|since| since.age(now)), ..ended };
        self.state = Some(CallState::Terminated);
        self.media_active = Some(false);
        self.ended = Some(ended.clone());
        events.push(CallEvent::Terminated(ended));
    }

    fn outcome(&self, result: Option<&ResultInfo<'_>>, word: Option<&str>) -> Outcome {
        let by_code = result.is_some_and(|info| info.is_success() && info.subcode_number() == Some(7015));
        let by_word = word.is_some_and(|word| word.eq_ignore_ascii_case("AppTransferred"));
        // Its target took it, and nothing says that it ended in another way.
        let by_state = self.state == Some(CallState::TransferAccepted) && result.is_none() && word.is_none();
        if by_code || by_word || by_state {
            return Outcome::Transferred;
        }
        if self.established.is_some() {
            return Outcome::Answered;
        }
        let is_outgoing = self.direction == Some(CallDirection::Outgoing);
        match self.decided {
            Some(Decided::Reject) => Outcome::Rejected,
            Some(Decided::Redirect) => Outcome::Redirected,
            _ if is_outgoing => Outcome::NotAnswered,
            _ if self.state == Some(CallState::Redirecting) => Outcome::Redirected,
            None if self.rang => Outcome::Missed,
            // Its beginning was never told, as after a restart: only the code speaks.
            None if result.is_none_or(ResultInfo::is_success) => Outcome::Answered,
            Some(Decided::Answer) | None => Outcome::Failed,
        }
    }
}
