//! Phone numbers.

use std::{error, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A phone number in the form of E.164: `+`, then 3 to 15 digits of which the first is not 0.
///
/// ```
/// use graph_calls_model::{InvalidPhoneNumber, InvalidPhoneNumberKind, PhoneNumber};
///
/// assert_eq!(PhoneNumber::new("+15550100001")?.as_str(), "+15550100001");
/// let error = PhoneNumber::new("+1 555 010 0001").expect_err("spaces");
/// assert_eq!(error.kind(), InvalidPhoneNumberKind::NotADigit);
/// # Ok::<(), InvalidPhoneNumber>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct PhoneNumber(String);

impl PhoneNumber {
    /// Takes a text as a phone number. Nothing is guessed: spaces, dashes or a missing country code are refused.
    ///
    /// # Errors
    ///
    /// When it has another form, with what is wrong and how to write it.
    pub fn new(number: impl Into<String>) -> Result<Self, InvalidPhoneNumber> {
        let number = number.into();
        check(&number).map_err(|kind| InvalidPhoneNumber { kind })?;
        Ok(Self(number))
    }

    /// The number as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn check(number: &str) -> Result<(), InvalidPhoneNumberKind> {
    let digits = number.strip_prefix('+').ok_or(InvalidPhoneNumberKind::NoPlus)?;
    if !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        Err(InvalidPhoneNumberKind::NotADigit)
    } else if digits.starts_with('0') {
        Err(InvalidPhoneNumberKind::LeadingZero)
    } else if digits.len() < 3 {
        Err(InvalidPhoneNumberKind::TooShort)
    } else if digits.len() > 15 {
        Err(InvalidPhoneNumberKind::TooLong)
    } else {
        Ok(())
    }
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl From<PhoneNumber> for String {
    fn from(number: PhoneNumber) -> String {
        number.0
    }
}

impl AsRef<str> for PhoneNumber {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl TryFrom<&str> for PhoneNumber {
    type Error = InvalidPhoneNumber;
    fn try_from(number: &str) -> Result<Self, InvalidPhoneNumber> {
        Self::new(number)
    }
}

impl FromStr for PhoneNumber {
    type Err = InvalidPhoneNumber;
    fn from_str(number: &str) -> Result<Self, InvalidPhoneNumber> {
        Self::new(number)
    }
}

impl TryFrom<String> for PhoneNumber {
    type Error = InvalidPhoneNumber;
    fn try_from(number: String) -> Result<Self, InvalidPhoneNumber> {
        Self::new(number)
    }
}

/// Why a text is no phone number. It does not repeat the number, which is somebody's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidPhoneNumber {
    kind: InvalidPhoneNumberKind,
}

/// What is wrong with a phone number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidPhoneNumberKind {
    /// It does not begin with `+`.
    NoPlus,
    /// It has something other than digits behind the `+`.
    NotADigit,
    /// Its first digit is 0, as no country code's is.
    LeadingZero,
    /// It has fewer than 3 digits.
    TooShort,
    /// It has more than 15 digits.
    TooLong,
}

impl InvalidPhoneNumber {
    /// What is wrong.
    pub fn kind(&self) -> InvalidPhoneNumberKind {
        self.kind
    }
}

impl fmt::Display for InvalidPhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            InvalidPhoneNumberKind::NoPlus => "the phone number does not begin with `+`",
            InvalidPhoneNumberKind::NotADigit => {
                "the phone number has something other than digits behind the `+`"
            }
            InvalidPhoneNumberKind::LeadingZero => "the phone number has a 0 where the country code begins",
            InvalidPhoneNumberKind::TooShort => "the phone number has fewer than 3 digits",
            InvalidPhoneNumberKind::TooLong => "the phone number has more than 15 digits",
        })?;
        f.write_str(": write + and 3 to 15 digits from the country code on, such as +15550100001")
    }
}

impl error::Error for InvalidPhoneNumber {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_to_fifteen_digits_behind_a_plus_are_a_number() {
        for good in ["+112", "+15550100001", "+123456789012345"] {
            assert_eq!(PhoneNumber::try_from(good).unwrap().as_ref(), good);
        }
        for (bad, why) in [
            ("", InvalidPhoneNumberKind::NoPlus),
            ("15550100001", InvalidPhoneNumberKind::NoPlus),
            ("0015550100001", InvalidPhoneNumberKind::NoPlus),
            ("+", InvalidPhoneNumberKind::TooShort),
            ("+12", InvalidPhoneNumberKind::TooShort),
            ("+1234567890123456", InvalidPhoneNumberKind::TooLong),
            ("+0155501000", InvalidPhoneNumberKind::LeadingZero),
            ("+1-555-0100", InvalidPhoneNumberKind::NotADigit),
            ("+1\u{665}\u{665}\u{665}", InvalidPhoneNumberKind::NotADigit),
        ] {
            assert_eq!(PhoneNumber::new(bad).unwrap_err().kind(), why, "{bad}");
        }
    }

    #[test]
    fn an_error_says_what_to_do_and_keeps_the_number_to_itself() {
        let error = PhoneNumber::new("+1 5550199").unwrap_err().to_string();
        assert!(error.contains("such as +15550100001") && !error.contains("5550199"), "{error}");
    }

    #[test]
    fn a_number_is_checked_when_read_too() {
        assert_eq!(serde_json::from_str::<PhoneNumber>(r#""+112""#).unwrap().as_str(), "+112");
        assert!(serde_json::from_str::<PhoneNumber>(r#""112""#).is_err());
    }
}
