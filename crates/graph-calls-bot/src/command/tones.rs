//! Keys that the bot presses.

use std::time::Duration;

use graph_calls_core::model::SendDtmfTonesBody;

use super::options::{Options, options};

/// Keys that the bot presses: `0` to `9`, `*`, `#`, `A` to `D`. A text becomes them.
///
/// Graph reference: [`call-senddtmftones`](https://learn.microsoft.com/graph/api/call-senddtmftones).
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use graph_calls_bot::Tones;
///
/// let pin = Tones::keys("1234#").delay(Duration::from_millis(300)).named("pin");
/// # let _ = pin;
/// ```
// A pin that is pressed is nobody else's business.
#[derive(Clone)]
pub struct Tones {
    keys: String,
    delay: Option<Duration>,
    pub(crate) options: Options,
}

options!(Tones);

impl Tones {
    /// These keys, one after another. A character that no key has fails the command before it is sent.
    pub fn keys(keys: impl Into<String>) -> Self {
        Self { keys: keys.into(), delay: None, options: Options::default() }
    }

    /// How long it waits between two keys, in whole milliseconds; as the service likes unless told otherwise.
    #[must_use]
    pub fn delay(mut self, time: Duration) -> Self {
        self.delay = Some(time);
        self
    }

    pub(crate) fn body(&self) -> Result<SendDtmfTonesBody, String> {
        let body = SendDtmfTonesBody::keys(&self.keys).map_err(|error| error.to_string())?;
        Ok(match self.delay {
            Some(delay) => body.with_delay_between_tones(delay),
            None => body,
        })
    }
}

impl From<&str> for Tones {
    fn from(keys: &str) -> Self {
        Self::keys(keys)
    }
}

impl From<String> for Tones {
    fn from(keys: String) -> Self {
        Self::keys(keys)
    }
}

impl std::fmt::Debug for Tones {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tones")
            .field("keys", &format_args!("{} keys", self.keys.chars().count()))
            .field("delay", &self.delay)
            .field("options", &self.options)
            .finish()
    }
}
