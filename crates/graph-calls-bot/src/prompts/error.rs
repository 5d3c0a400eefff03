//! Why the prompts of a folder cannot be used.

use std::{
    error, fmt,
    path::{Path, PathBuf},
};

use super::{LARGEST_FILE, MOST_FILES, wav::Flaw};

/// Why the prompts of a folder cannot be used: which file or folder, what is wrong with it, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromptError {
    path: PathBuf,
    reason: Reason,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reason {
    Unreadable(String),
    Empty,
    TooDeep,
    TooMany,
    NotAFile,
    Unnamed,
    Twice(PathBuf),
    TooLarge,
    Flawed(Flaw),
}

impl PromptError {
    pub(super) fn new(path: impl Into<PathBuf>, reason: Reason) -> Self {
        Self { path: path.into(), reason }
    }

    /// The file or folder that cannot be used.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl fmt::Display for PromptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.reason {
            Reason::Unreadable(why) => write!(f, "`{path}` cannot be read: {why}"),
            Reason::Empty => write!(f, "the folder `{path}` has no prompts: put *.wav files into it"),
            Reason::TooDeep => write!(f, "the folder `{path}` lies too deep: is it linked into itself?"),
            Reason::TooMany => {
                write!(f, "the folder `{path}` has more than {MOST_FILES} prompts: is it the right one?")
            }
            Reason::NotAFile => write!(f, "`{path}` is no ordinary file: give it another name or remove it"),
            Reason::Unnamed => write!(f, "the name of `{path}` is not UTF-8: rename it"),
            Reason::Twice(other) => {
                write!(f, "`{path}` and `{}` have the same name: rename one of them", other.display())
            }
            Reason::TooLarge => {
                write!(f, "the prompt `{path}` has more than {} MiB: split it", LARGEST_FILE >> 20)
            }
            Reason::Flawed(flaw) => write!(
                f,
                "the prompt `{path}` cannot be played, {flaw}: convert it, as with \
                 `ffmpeg -i in.wav -ac 1 -ar 16000 -c:a pcm_s16le out.wav`"
            ),
        }
    }
}

impl error::Error for PromptError {}
