//! What is asked for.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Prompt;

/// The most keys of one answer.
const MOST: u32 = 128;

/// A question that is answered with the keys of a phone.
///
/// A prompt is played, the keys are taken, and one [`Digits`](crate::Digits) event says what came of it. Keys that are pressed before the
/// prompt begins count too. A try fails when nothing was pressed, when a key is not among those accepted, when too few
/// came, and when one of them was lost on its way to the bot and did not come within the time [`between`](Self::between)
/// two keys; then the next try begins, with the [`reprompt`](Self::reprompt).
///
/// While it is asked, keys are its own: none of them is told as [`CallEvent::Tone`](crate::CallEvent::Tone), also those
/// of others in the call and those that count no more.
///
/// A second question ends the first one as interrupted, as the end of the call does. A prompt that cannot be played does
/// not: the keys are waited for as if it had been heard. One of which nothing is heard for 15 minutes counts as ended.
///
/// Graph reference: [`call-subscribetotone`](https://learn.microsoft.com/graph/api/call-subscribetotone).
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use graph_calls_bot::{Collect, Prompt};
///
/// let pin = Collect::exactly(4)
///     .prompt(Prompt::file("your-pin"))
///     .reprompt(Prompt::file("once-more"))
///     .accept("0123456789")
///     .finish_on('#')
///     .first_within(Duration::from_secs(8))
///     .between(Duration::from_secs(4))
///     .tries(3)
///     .named("pin");
/// assert_eq!(pin.name(), "pin");
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Collect {
    pub(super) name: String,
    pub(super) least: u32,
    pub(super) most: u32,
    pub(super) prompt: Option<Prompt>,
    pub(super) reprompt: Option<Prompt>,
    pub(super) barge_in: bool,
    pub(super) finish_on: Option<char>,
    pub(super) first_within: Duration,
    pub(super) between: Duration,
    pub(super) tries: u32,
    pub(super) accepted: Option<String>,
    pub(super) any_participant: bool,
}

impl Collect {
    /// One key, as for a menu.
    pub fn one() -> Self {
        Self::exactly(1)
    }

    /// So many keys, 1 to 128: fewer are no answer.
    pub fn exactly(keys: u32) -> Self {
        let keys = keys.clamp(1, MOST);
        Self { least: keys, ..Self::up_to(keys) }
    }

    /// At least one key and at most so many, 1 to 128: fewer are an answer once nothing follows or the finishing key
    /// comes.
    pub fn up_to(keys: u32) -> Self {
        Self {
            name: "collect".to_owned(),
            least: 1,
            most: keys.clamp(1, MOST),
            prompt: None,
            reprompt: None,
            barge_in: true,
            finish_on: None,
            first_within: Duration::from_secs(10),
            between: Duration::from_secs(5),
            tries: 1,
            accepted: None,
            any_participant: false,
        }
    }

    /// What is played first.
    #[must_use]
    pub fn prompt(mut self, prompt: Prompt) -> Self {
        self.prompt = Some(prompt);
        self
    }

    /// What is played instead after a try that failed; the prompt once more unless told otherwise.
    #[must_use]
    pub fn reprompt(mut self, prompt: Prompt) -> Self {
        self.reprompt = Some(prompt);
        self
    }

    /// Whether the first key ends the prompt, which it does unless told otherwise. It then ends all that is played or
    /// waits to be: the service knows no less. Where it does not, keys pressed meanwhile count once the prompt has ended.
    #[must_use]
    pub fn barge_in(mut self, barge_in: bool) -> Self {
        self.barge_in = barge_in;
        self
    }

    /// The key that ends the answer and is no part of it.
    #[must_use]
    pub fn finish_on(mut self, key: char) -> Self {
        self.finish_on = Some(key.to_ascii_uppercase());
        self
    }

    /// How long the first key may take from the end of the prompt: 10 seconds unless told otherwise.
    #[must_use]
    pub fn first_within(mut self, time: Duration) -> Self {
        self.first_within = time;
        self
    }

    /// How long each further key may take: 5 seconds unless told otherwise.
    #[must_use]
    pub fn between(mut self, time: Duration) -> Self {
        self.between = time;
        self
    }

    /// How often it is asked at the most: once unless told otherwise.
    #[must_use]
    pub fn tries(mut self, tries: u32) -> Self {
        self.tries = tries.max(1);
        self
    }

    /// The keys that may be in the answer, as `"12"`; all unless told otherwise. Any other fails the try at once.
    #[must_use]
    pub fn accept(mut self, keys: impl Into<String>) -> Self {
        self.accepted = Some(keys.into().to_ascii_uppercase());
        self
    }

    /// Takes the keys of whoever presses one. A group call needs it, since the service does not say whose a key is; there
    /// the question fails without it, before anything is sent.
    #[must_use]
    pub fn any_participant(mut self) -> Self {
        self.any_participant = true;
        self
    }

    /// The question's name in its event: `collect` unless told otherwise.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The question's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn accepts(&self, key: char) -> bool {
        self.accepted.as_ref().is_none_or(|keys| keys.contains(key))
    }

    /// What is played in a try, counted from 1.
    pub(super) fn prompt_of(&self, attempt: u32) -> Option<&Prompt> {
        let again = self.reprompt.as_ref().filter(|_| attempt > 1);
        again.or(self.prompt.as_ref())
    }
}
