//! What a download may be told.

use std::time::Duration;

/// What a download may be told; the defaults are good for recordings of at most 120 seconds, which have 4 MB.
///
/// # Examples
///
/// ```
/// use graph_calls_http::DownloadSettings;
///
/// let settings = DownloadSettings::new().with_max_bytes(8 * 1024 * 1024).with_allowed_hosts(["asm.skype.com"]);
/// # let _ = settings;
/// ```
#[derive(Debug, Clone)]
pub struct DownloadSettings {
    pub(super) max_bytes: u64,
    pub(super) head_timeout: Duration,
    pub(super) idle_timeout: Duration,
    pub(super) total_timeout: Duration,
    pub(super) repeats: u32,
    pub(super) allowed_hosts: Vec<String>,
}

impl DownloadSettings {
    /// The defaults.
    pub fn new() -> Self {
        Self {
            max_bytes: 64 * 1024 * 1024,
            head_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(10),
            total_timeout: Duration::from_secs(5 * 60),
            repeats: 5,
            allowed_hosts: Vec::new(),
        }
    }

    /// The longest recording that is taken, in bytes; 64 MiB unless told otherwise.
    #[must_use]
    pub fn with_max_bytes(self, max_bytes: u64) -> Self {
        Self { max_bytes, ..self }
    }

    /// How long each answer may take to begin; 10 seconds unless told otherwise.
    #[must_use]
    pub fn with_head_timeout(self, head_timeout: Duration) -> Self {
        Self { head_timeout, ..self }
    }

    /// How long nothing may come in the middle of it; 10 seconds unless told otherwise. It is resumed then.
    #[must_use]
    pub fn with_idle_timeout(self, idle_timeout: Duration) -> Self {
        Self { idle_timeout, ..self }
    }

    /// How long all of it may take, waits and the reader's own time included; 5 minutes unless told otherwise.
    #[must_use]
    pub fn with_total_timeout(self, total_timeout: Duration) -> Self {
        Self { total_timeout, ..self }
    }

    /// How often it is asked for again after a failure; 5 times unless told otherwise. Waits that the service asked
    /// for do not count.
    #[must_use]
    pub fn with_repeats(self, repeats: u32) -> Self {
        Self { repeats, ..self }
    }

    /// The hosts that a recording may lie at: these and what is below them. Any public name unless told otherwise,
    /// and a public name may lead into one's own network.
    #[must_use]
    pub fn with_allowed_hosts<I>(self, hosts: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        Self { allowed_hosts: hosts.into_iter().map(Into::into).collect(), ..self }
    }
}

impl Default for DownloadSettings {
    fn default() -> Self {
        Self::new()
    }
}
