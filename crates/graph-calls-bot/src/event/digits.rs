//! Keys that were asked for together.

/// What came of one question ([`CallContext::collect`](crate::CallContext::collect)), told once when it is over.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Digits {
    /// The question's name.
    pub name: String,
    /// The keys of the last try in the order they were pressed, without the one that finished, a wrong one, and what came
    /// behind a lost one: `0` to `9`, `*`, `#`, `A` to `D`.
    pub keys: String,
    /// Why no more keys are waited for.
    pub end: DigitsEnd,
}

impl Digits {
    /// Keys that came in answer to the question of this name.
    pub fn new(name: impl Into<String>, keys: impl Into<String>, end: DigitsEnd) -> Self {
        Self { name: name.into(), keys: keys.into(), end }
    }

    /// Whether it is the answer to the question of this name, and these keys. Keys that did not come to a good end are
    /// none.
    pub fn is(&self, name: &str, keys: &str) -> bool {
        self.answer(name).is_some_and(|answer| answer.eq_ignore_ascii_case(keys))
    }

    /// The keys, where they are the answer to the question of this name.
    pub fn answer(&self, name: &str) -> Option<&str> {
        (self.name == name && self.end.is_answer()).then_some(self.keys.as_str())
    }
}

/// Why no more keys are waited for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DigitsEnd {
    /// An answer: as many came as there can be.
    Complete,
    /// An answer: the key that finishes came.
    FinishKey,
    /// An answer: no further key came in time, and there were enough.
    Pause,
    /// Nothing was pressed in time, or the finishing key alone.
    Nothing,
    /// Fewer came than were asked for.
    TooFew,
    /// A key came that is not accepted.
    Wrong,
    /// A key was lost on its way to the bot.
    Lost,
    /// The call ended, or another question was asked.
    Interrupted,
    /// It could not be asked, and why.
    Impossible(String),
}

impl DigitsEnd {
    /// Whether the keys are an answer.
    pub fn is_answer(&self) -> bool {
        matches!(self, DigitsEnd::Complete | DigitsEnd::FinishKey | DigitsEnd::Pause)
    }

    /// In words.
    pub fn as_str(&self) -> &str {
        match self {
            DigitsEnd::Complete => "complete",
            DigitsEnd::FinishKey => "finish key",
            DigitsEnd::Pause => "pause",
            DigitsEnd::Nothing => "nothing",
            DigitsEnd::TooFew => "too few",
            DigitsEnd::Wrong => "wrong",
            DigitsEnd::Lost => "lost",
            DigitsEnd::Interrupted => "interrupted",
            DigitsEnd::Impossible(why) => why,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_keys_that_came_to_a_good_end_are_an_answer() {
        for (end, good) in [
            (DigitsEnd::Complete, true),
            (DigitsEnd::FinishKey, true),
            (DigitsEnd::Pause, true),
            (DigitsEnd::Nothing, false),
            (DigitsEnd::TooFew, false),
            (DigitsEnd::Wrong, false),
            (DigitsEnd::Lost, false),
            (DigitsEnd::Interrupted, false),
            (DigitsEnd::Impossible("why".to_owned()), false),
        ] {
            let digits = Digits::new("pin", "12A", end);
            assert_eq!(digits.is("pin", "12a"), good, "{}", digits.end.as_str());
            assert_eq!(digits.answer("pin"), good.then_some("12A"));
            assert!(!digits.is("menu", "12A") && !digits.is("pin", "12"));
        }
    }
}
