//! Prompts of the bot's own: read from a folder, checked, and served to the service.

mod answer;
mod error;
mod folder;
mod sounds;
mod wav;

use std::{
    collections::{BTreeMap, btree_map::Entry},
    fmt::{self, Write as _},
    path::Path,
    sync::Arc,
    time::Duration,
};

use aws_lc_rs::digest;
use bytes::Bytes;
use graph_calls_core::model::{CallbackUri, MediaInfo};

use error::Reason;

pub use error::PromptError;
pub(crate) use sounds::Sounds;

/// The largest file: 20 MiB, which play for 10 minutes. It is the emulator's limit too.
const LARGEST_FILE: usize = 20 << 20;
/// The most files of a folder.
const MOST_FILES: usize = 1_000;
/// How many names an error lists.
const LISTED: usize = 8;

/// The WAV files of a folder, ready to be played by name.
///
/// A prompt's name is its file's without the extension: `menu` for `menu.wav`, and `de/menu` for one in the folder `de`
/// inside. Files whose names begin with a dot are passed over, and so is what is not `*.wav`. Each file is mono, 16 bit,
/// 16 kHz PCM and has at most 20 MiB; a folder has at most 1,000, 8 folders deep. All of them are kept in memory, one
/// content once.
///
/// The service fetches them from addresses made of their content's hash, which is its cache's key too: a changed file is
/// fetched again, an unchanged one is not.
///
/// Graph reference: [`call-playprompt`](https://learn.microsoft.com/graph/api/call-playprompt).
///
/// # Examples
///
/// ```
/// use graph_calls_bot::{Prompts, model::CallbackUri};
///
/// # let folder = std::env::temp_dir().join(format!("graph-calls-doc-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// # let wav = *b"RIFF\x28\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x80\x3e\0\0\0\x7d\0\0\x02\0\x10\0data\x04\0\0\0\0\0\0\0";
/// # std::fs::write(folder.join("menu.wav"), wav)?;
/// let prompts = Prompts::load(&folder)?;
/// let callback = CallbackUri::new("https://bot.example/api/calls")?;
/// let menu = prompts.media(&callback, "menu").ok_or("there is a menu.wav")?;
/// assert!(menu.uri.is_some_and(|uri| uri.starts_with("https://bot.example/api/calls/prompts/")));
/// assert_eq!(prompts.media(&callback, "bye"), None);
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Prompts {
    by_name: BTreeMap<String, Prompt>,
    by_hash: BTreeMap<Arc<str>, Bytes>,
}

struct Prompt {
    hash: Arc<str>,
    length: Duration,
}

impl Prompts {
    /// Reads and checks the WAV files of a folder and of the folders in it. It reads them at once, in this thread.
    ///
    /// # Errors
    ///
    /// For the first file that cannot be read or played, and for a folder without any: the error names it and says what
    /// to do.
    pub fn load(folder: impl AsRef<Path>) -> Result<Self, PromptError> {
        let mut prompts = Self { by_name: BTreeMap::new(), by_hash: BTreeMap::new() };
        for (name, path) in folder::files(folder.as_ref())? {
            let content = folder::read(&path)?;
            let length = wav::check(&content).map_err(|flaw| PromptError::new(path, Reason::Flawed(flaw)))?;
            let hash = match prompts.by_hash.entry(hash(&content).into()) {
                Entry::Occupied(known) => Arc::clone(known.key()),
                Entry::Vacant(new) => {
                    let hash = Arc::clone(new.key());
                    new.insert(Bytes::from(content));
                    hash
                }
            };
            prompts.by_name.insert(name, Prompt { hash, length });
        }
        Ok(prompts)
    }

    /// The names of all prompts, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }

    /// How long a prompt plays.
    pub fn length(&self, name: &str) -> Option<Duration> {
        self.by_name.get(name).map(|prompt| prompt.length)
    }

    /// Where the service finds a prompt, below the bot's callback URI, and the key under which it keeps it.
    pub fn media(&self, callback: &CallbackUri, name: &str) -> Option<MediaInfo<'static>> {
        let hash = &*self.by_name.get(name)?.hash;
        let uri = callback.below(&["prompts", &format!("{hash}.wav")]);
        Some(MediaInfo::new(uri.as_str()).with_resource_id(hash))
    }

    /// What to say when there is no prompt of this name.
    fn unknown(&self, name: &str) -> String {
        let mut said = format!("there is no prompt `{name}`");
        let near = self.names().map(|known| (distance(known, name), known)).min();
        if let Some((_, known)) = near.filter(|(distance, known)| *distance <= known.chars().count() / 3) {
            let _ = write!(said, ": did you mean `{known}`?");
            return said;
        }
        let names: Vec<_> = self.names().take(LISTED).map(|known| format!("`{known}`")).collect();
        let _ = write!(said, ": there are {}", names.join(", "));
        if self.by_name.len() > LISTED {
            let _ = write!(said, " and {} more", self.by_name.len() - LISTED);
        }
        said
    }
}

impl fmt::Debug for Prompts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prompts").field("names", &self.by_name.len()).finish_non_exhaustive()
    }
}

fn hash(content: &[u8]) -> String {
    let hash = digest::digest(&digest::SHA256, content);
    hash.as_ref().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// How many letters must be put in, taken out or changed to make one name of the other.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (line, letter) in one.chars().enumerate() {
        let mut left = line + 1;
        let mut above_left = line;
        for (place, wanted) in row.iter_mut().zip(std::iter::once(None).chain(other.chars().map(Some))) {
            let above = *place;
            if let Some(wanted) = wanted {
                let changed = above_left + usize::from(wanted != letter);
                left = changed.min(above + 1).min(left + 1);
            }
            *place = left;
            above_left = above;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests;
