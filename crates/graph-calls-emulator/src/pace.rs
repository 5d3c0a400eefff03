//! How fast the emulated world goes.

use std::time::Duration;

/// How quickly the service and the people in it act. Durations of people vary by half, seeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pace {
    /// Between two notifications of the service.
    pub step: Duration,
    /// How long a phone rings before its owner acts.
    pub ring: Duration,
    /// How long somebody who hangs up on their own stays.
    pub talk: Duration,
    /// Between two keys of somebody who presses keys.
    pub key: Duration,
    /// How long somebody speaks who is recorded.
    pub speech: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            step: Duration::from_millis(10),
            ring: Duration::from_millis(40),
            talk: Duration::from_millis(80),
            key: Duration::from_millis(30),
            // Not shorter than the rest without a reason: a recording waits a second for silence at least.
            speech: Duration::from_secs(1),
        }
    }
}

impl Pace {
    /// Sets the time between two notifications.
    #[must_use]
    pub fn with_step(mut self, step: Duration) -> Self {
        self.step = step;
        self
    }

    /// Sets how long a phone rings before its owner acts.
    #[must_use]
    pub fn with_ring(mut self, ring: Duration) -> Self {
        self.ring = ring;
        self
    }

    /// Sets how long somebody who hangs up on their own stays.
    #[must_use]
    pub fn with_talk(mut self, talk: Duration) -> Self {
        self.talk = talk;
        self
    }

    /// Sets the time between two keys.
    #[must_use]
    pub fn with_key(mut self, key: Duration) -> Self {
        self.key = key;
        self
    }

    /// Sets how long somebody speaks who is recorded.
    #[must_use]
    pub fn with_speech(mut self, speech: Duration) -> Self {
        self.speech = speech;
        self
    }
}

/// The service's deadlines. The defaults are the service's own; tests may shorten them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Deadlines {
    /// For answer and reject, from the incoming notification: 15 seconds.
    pub answer: Duration,
    /// The same for policy-based recording: 5 seconds.
    pub recording_answer: Duration,
    /// Between two successes of keepAlive: 45 minutes.
    pub keep_alive: Duration,
    /// Until an outgoing call that nobody picks up ends: 60 seconds, no page says how long.
    pub ring: Duration,
    /// Until the recordings of a call that has ended are discarded: 10 minutes, the page says shortly.
    pub recordings: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            answer: Duration::from_secs(15),
            recording_answer: Duration::from_secs(5),
            keep_alive: Duration::from_secs(45 * 60),
            ring: Duration::from_secs(60),
            recordings: Duration::from_secs(10 * 60),
        }
    }
}

impl Deadlines {
    /// Sets the time for answer and reject.
    #[must_use]
    pub fn with_answer(mut self, answer: Duration) -> Self {
        self.answer = answer;
        self
    }

    /// Sets the time for answer in policy-based recording.
    #[must_use]
    pub fn with_recording_answer(mut self, answer: Duration) -> Self {
        self.recording_answer = answer;
        self
    }

    /// Sets the time between two successes of keepAlive.
    #[must_use]
    pub fn with_keep_alive(mut self, keep_alive: Duration) -> Self {
        self.keep_alive = keep_alive;
        self
    }

    /// Sets the time until the recordings of a call that has ended are discarded.
    #[must_use]
    pub fn with_recordings(mut self, recordings: Duration) -> Self {
        self.recordings = recordings;
        self
    }

    /// Sets the time until an outgoing call that nobody picks up ends.
    #[must_use]
    pub fn with_ring(mut self, ring: Duration) -> Self {
        self.ring = ring;
        self
    }
}
