//! Somebody who hears music instead of the call.

use std::time::Duration;

use super::{Call, Operation, Prompt, ResultInfo, World};

/// Who is on hold.
#[derive(Debug, Clone)]
pub(crate) struct Hold {
    /// The participant's id.
    pub(crate) participant: String,
    /// The startHoldMusic that waits for its own music.
    pub(crate) starting: Option<(Operation, Prompt)>,
}

impl World {
    /// Puts a participant on hold; with music of the bot's own once that was fetched.
    pub(crate) fn put_on_hold(
        &mut self,
        now: Duration,
        call: &mut Call,
        participant: &str,
        operation: Operation,
        music: Option<Prompt>,
    ) {
        let starting = if let Some(prompt @ Prompt::Fetching(_)) = music {
            Some((operation, prompt))
        } else {
            // What is not fetched anew is known to be playable.
            self.finish_soon(now, call, &operation, ResultInfo::COMPLETED);
            None
        };
        call.hold = Some(Hold { participant: participant.to_owned(), starting });
    }

    pub(super) fn hold_prompt_fetched(
        &mut self,
        now: Duration,
        call: &mut Call,
        fetch: u64,
        outcome: &Result<Duration, String>,
    ) {
        let waits = |starting: &mut (Operation, Prompt)| matches!(starting.1, Prompt::Fetching(number) if number == fetch);
        let started = call.hold.as_mut().and_then(|hold| hold.starting.take_if(waits));
        let Some((operation, _)) = started else { return };
        match outcome {
            Ok(_) => self.finish_soon(now, call, &operation, ResultInfo::COMPLETED),
            Err(why) => {
                call.hold = None;
                self.happened(call, true, format!("the music cannot be played: {why}"));
                self.finish_soon(now, call, &operation, ResultInfo::PROMPT_FAILED);
            }
        }
    }

    /// Takes a participant off hold. Returns whether they were on it.
    pub(crate) fn off_hold(&mut self, now: Duration, call: &mut Call, participant: &str) -> bool {
        let Some(hold) = call.hold.take_if(|hold| hold.participant == participant) else { return false };
        if let Some((operation, _)) = hold.starting {
            self.finish_soon(now, call, &operation, ResultInfo::CANCELLED);
        }
        true
    }
}
