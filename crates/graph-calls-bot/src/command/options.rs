//! What every verb's argument can say beside its own matter.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What every verb's argument can say beside its own matter.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Options {
    pub(crate) name: Option<String>,
    pub(super) after: Option<String>,
    pub(super) within: Option<Duration>,
}

macro_rules! options {
    ($ty:ident) => {
        impl $ty {
            /// The command's name in events and in the ladder.
            #[must_use]
            pub fn named(mut self, name: impl Into<String>) -> Self {
                self.options.name = Some(name.into());
                self
            }

            /// Sent when the command of this name has finished; failed when that one failed.
            #[must_use]
            pub fn after(mut self, name: impl Into<String>) -> Self {
                self.options.after = Some(name.into());
                self
            }

            /// Failed without being sent when this time passes first.
            #[must_use]
            pub fn within(mut self, time: std::time::Duration) -> Self {
                self.options.within = Some(time);
                self
            }
        }
    };
}

pub(super) use options;
