//! Prompts that play one after the other.

use std::time::Duration;

use serde_json::Value;

use super::{
    Call, Effect, Finishing, Operation, Record, ResultInfo, Step, World, record_response::failed_members,
};
use crate::json::{at, items};

/// A playPrompt or a recordResponse in the queue of a call.
#[derive(Debug, Clone)]
pub(crate) struct Playing {
    pub(crate) operation: Operation,
    pub(crate) prompts: Vec<Prompt>,
    pub(crate) forever: bool,
    pub(crate) started: bool,
    /// What is recorded behind the prompts.
    pub(crate) record: Option<Record>,
}

impl Playing {
    /// How long it lasts, once all of it was fetched; the first reason why one cannot be played.
    pub(crate) fn length(&self) -> Result<Option<Duration>, &str> {
        let mut length = Duration::ZERO;
        for prompt in &self.prompts {
            match prompt {
                Prompt::Fetching(_) => return Ok(None),
                Prompt::Ready(one) => length = length.saturating_add(*one),
                Prompt::Unplayable(why) => return Err(why),
            }
        }
        Ok(Some(length))
    }
}

/// One prompt of a playPrompt.
#[derive(Debug, Clone)]
pub(crate) enum Prompt {
    Fetching(u64),
    Ready(Duration),
    Unplayable(String),
}

impl World {
    /// Asks for the prompts that a media configuration names in advance.
    pub(crate) fn prefetch(&mut self, call: &Call, config: &Value) {
        for one in items(config, "/preFetchMedia") {
            if let (Some(uri), Some(id)) = (at(one, "/uri").as_str(), at(one, "/resourceId").as_str()) {
                self.fetch_prompt(call, uri, Some(id));
            }
        }
    }

    /// Asks for a prompt, unless one with its `resourceId` is known.
    pub(crate) fn fetch_prompt(&mut self, call: &Call, url: &str, resource_id: Option<&str>) -> Prompt {
        if let Some(length) = resource_id.and_then(|id| self.cached_prompts.get(id)) {
            return Prompt::Ready(*length);
        }
        self.fetches += 1;
        self.fetching.insert(self.fetches, (call.key, resource_id.map(str::to_owned)));
        self.effects.push(Effect::FetchPrompt {
            fetch: self.fetches,
            call: call.id.clone(),
            url: url.to_owned(),
        });
        Prompt::Fetching(self.fetches)
    }

    pub(super) fn prompt_fetched(&mut self, now: Duration, fetch: u64, outcome: &Result<Duration, String>) {
        let Some((key, resource_id)) = self.fetching.remove(&fetch) else { return };
        if let (Some(id), Ok(length)) = (resource_id, outcome) {
            self.cached_prompts.insert(id, *length);
        }
        self.with_call(key, |world, call| {
            for prompt in call.playing.iter_mut().flat_map(|playing| &mut playing.prompts) {
                if matches!(prompt, Prompt::Fetching(number) if *number == fetch) {
                    *prompt = match outcome {
                        Ok(length) => Prompt::Ready(*length),
                        Err(why) => Prompt::Unplayable(why.clone()),
                    };
                }
            }
            world.advance_prompts(now, call);
            world.hold_prompt_fetched(now, call, fetch, outcome);
        });
    }

    pub(crate) fn queue_prompts(&mut self, now: Duration, call: &mut Call, playing: Playing) {
        call.playing.push_back(playing);
        self.advance_prompts(now, call);
    }

    /// Puts it before all that waits, and ends what runs. That those which wait are not cancelled is our reading: the
    /// page says that it barges into them.
    pub(crate) fn barge_in(&mut self, now: Duration, call: &mut Call, playing: Playing) {
        if call.playing.front().is_some_and(|head| head.started)
            && let Some(running) = call.playing.pop_front()
        {
            self.cancel_media(now, call, &running);
        }
        call.playing.push_front(playing);
        self.advance_prompts(now, call);
    }

    /// Lets a playPrompt or recordResponse that was taken out of the queue tell that it was cancelled.
    pub(crate) fn cancel_media(&mut self, now: Duration, call: &mut Call, playing: &Playing) {
        let result = ResultInfo::CANCELLED.to_json(call.dialect);
        let mut data = playing.operation.finished(&result, false);
        data.extend(failed_members(call.dialect, playing, "operationCanceled"));
        let id = playing.operation.id.clone();
        let finishing = Finishing { id, if_cut: data.clone(), data, feature: None };
        self.finish_at(now + self.config.pace.step, call, finishing);
    }

    /// Tells that a playPrompt or recordResponse came to nothing.
    pub(super) fn notify_media_failed(
        &mut self,
        call: &Call,
        playing: &Playing,
        result: ResultInfo,
        reason: &str,
    ) {
        let further = failed_members(call.dialect, playing, reason);
        self.notify_finished_with(call, &playing.operation, result, further);
    }

    pub(super) fn advance_prompts(&mut self, now: Duration, call: &mut Call) {
        if !call.media_active || !call.is_live() {
            return;
        }
        while let Some(head) = call.playing.front_mut() {
            match head.length() {
                _ if head.started => return,
                Ok(None) => return,
                Ok(Some(length)) => {
                    head.started = true;
                    if !head.forever {
                        let ends = Step::PromptEnds(head.operation.id.clone());
                        self.enter(now + length, call, ends);
                    }
                    return;
                }
                Err(why) => {
                    let why = format!("a prompt cannot be played: {why}");
                    if let Some(failed) = call.playing.pop_front() {
                        self.happened(call, true, why);
                        let result = ResultInfo::PROMPT_FAILED;
                        self.notify_media_failed(call, &failed, result, "playPromptFailed");
                    }
                }
            }
        }
    }

    pub(super) fn prompt_ended(&mut self, now: Duration, call: &mut Call, operation: &str) {
        if call.playing.front().is_none_or(|playing| playing.operation.id != operation) {
            return;
        }
        if call.playing.front().is_some_and(|playing| playing.record.is_some()) {
            self.beep(now, call);
        } else if let Some(done) = call.playing.pop_front() {
            self.notify_finished(call, &done.operation, ResultInfo::COMPLETED);
            self.advance_prompts(now, call);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_playing_is_as_long_as_its_prompts_and_unknown_while_one_is_missing() {
        let operation = Operation { id: "o".into(), kind: "playPromptOperation", client_context: None };
        let second = Prompt::Ready(Duration::from_secs(1));
        let prompts = vec![second, Prompt::Fetching(1)];
        let mut playing = Playing { operation, prompts, forever: false, started: false, record: None };
        assert_eq!(playing.length(), Ok(None));
        playing.prompts[1] = Prompt::Ready(Duration::from_secs(2));
        assert_eq!(playing.length(), Ok(Some(Duration::from_secs(3))));
        playing.prompts[0] = Prompt::Unplayable("stereo".into());
        assert_eq!(playing.length(), Err("stereo"));
    }
}
