//! How much a stranger may ask of a bot.

use std::time::Duration;

/// Limits of the webhook, of its connections and of the keys it fetches.
///
/// ```
/// use graph_calls_bot::Limits;
///
/// let mut limits = Limits::default();
/// limits.body_bytes = 256 * 1024;
/// assert_eq!(limits.items, 1_000);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The longest token: 8 KiB. Beyond it: 401.
    pub token_bytes: usize,
    /// All names and values of a request's headers: 32 KiB. Beyond it: 431.
    pub header_bytes: usize,
    /// The largest body: 1 MiB. Beyond it: 413.
    pub body_bytes: usize,
    /// The most notifications of one body: 1,000. Beyond it: 413.
    pub items: usize,
    /// How long a body may take, and how long an answer may stay unread: 10 seconds. Beyond it: 408, or the end of the
    /// connection.
    pub body_time: Duration,
    /// How long a head may take, counted from the connection's beginning or from the head's first byte: 5 seconds. Beyond
    /// it the connection is closed.
    pub head_time: Duration,
    /// How long a connection may be silent between two requests: 60 seconds.
    pub idle_time: Duration,
    /// The most connections at a time: 1,024.
    pub connections: usize,
    /// The largest OpenID document or key set: 256 KiB.
    pub key_set_bytes: usize,
    /// The most keys of a key set: 64.
    pub keys: usize,
    /// How long a fetch of keys may take, both of its requests together: 5 seconds.
    pub key_time: Duration,
    /// The most notifications that wait for one call: 256. Beyond it: 503.
    pub call_queue: usize,
    /// What a sender is told to wait when a queue is full: 1 second.
    pub full_wait: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            token_bytes: 8 * 1024,
            header_bytes: 32 * 1024,
            body_bytes: 1024 * 1024,
            items: 1_000,
            body_time: Duration::from_secs(10),
            head_time: Duration::from_secs(5),
            idle_time: Duration::from_secs(60),
            connections: 1_024,
            key_set_bytes: 256 * 1024,
            keys: 64,
            key_time: Duration::from_secs(5),
            call_queue: 256,
            full_wait: Duration::from_secs(1),
        }
    }
}
