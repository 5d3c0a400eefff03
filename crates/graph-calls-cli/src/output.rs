//! The one way to print.

use std::{
    fmt,
    io::{self, IsTerminal as _, Write as _},
};

use graph_calls_emulator::Colour;
use serde::Serialize;

/// Standard output and standard error, and whether the former has colours.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    colour: bool,
}

/// The ink of a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ink {
    Bold,
    Dim,
    Good,
    Bad,
}

impl Output {
    /// Decides about colours once: only on a terminal, and not with `NO_COLOR`.
    pub(crate) fn new() -> Self {
        Self { colour: colours() && io::stdout().is_terminal() }
    }

    /// What the emulator's ladders take.
    pub(crate) fn colour(self) -> Colour {
        if self.colour { Colour::Always } else { Colour::Never }
    }

    pub(crate) fn paint(self, ink: Ink, text: &str) -> String {
        if !self.colour {
            return text.to_owned();
        }
        let code = match ink {
            Ink::Bold => "1",
            Ink::Dim => "2",
            Ink::Good => "32",
            Ink::Bad => "31",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }

    /// Prints a line, or several at once.
    #[expect(clippy::unused_self, reason = "whoever prints has decided about colours")]
    pub(crate) fn line(self, text: impl fmt::Display) -> io::Result<()> {
        let mut out = io::stdout().lock();
        writeln!(out, "{text}")?;
        out.flush()
    }

    /// Prints one JSON value on a line of its own.
    pub(crate) fn json(self, value: &impl Serialize) -> io::Result<()> {
        self.line(serde_json::to_string(value)?)
    }
}

/// Tells something beside the matter, on standard error. Nobody listening there is no failure.
pub(crate) fn note(text: impl fmt::Display) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Whether colours are wanted at all.
pub(crate) fn colours() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// The text without control characters: names come from elsewhere, and a terminal would obey them.
pub(crate) fn plain(text: &str) -> String {
    text.chars().map(|one| if one.is_control() { '·' } else { one }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_taken_out() {
        assert_eq!(plain("\u{1b}[2Jhello\n"), "·[2Jhello·");
    }
}
