//! Walks a JSON text by its punctuation and leaves every value to `serde_json`.
//!
//! Serde's visitors do not say where a value began and ended. Here each one does, so that an item, its data and its
//! typed value come from one pass.

use std::{mem, ops::Range};

use serde::{Deserialize, de::IgnoredAny};

use crate::Text;

/// What is no JSON, and where.
#[derive(Debug)]
pub(super) struct Fault {
    /// The offset of the value that was read, or of the byte that does not belong.
    pub(super) at: usize,
    pub(super) why: Why,
}

#[derive(Debug)]
pub(super) enum Why {
    Json(serde_json::Error),
    Expected(&'static str),
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// Where it stands.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// The next byte that is no white space.
    pub(super) fn peek(&mut self) -> Option<u8> {
        loop {
            let byte = *self.text.as_bytes().get(self.at)?;
            if !matches!(byte, b' ' | b'\n' | b'\t' | b'\r') {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    /// Where the next value begins.
    pub(super) fn at_value(&mut self) -> usize {
        self.peek();
        self.at
    }

    pub(super) fn end(&mut self) -> Result<(), Fault> {
        if self.peek().is_none() { Ok(()) } else { Err(self.expected("trailing characters")) }
    }

    pub(super) fn take(&mut self, byte: u8) -> bool {
        let taken = self.peek() == Some(byte);
        self.at += usize::from(taken);
        taken
    }

    pub(super) fn expected(&self, what: &'static str) -> Fault {
        Fault { at: self.at, why: Why::Expected(what) }
    }

    /// Whether an object or array that ends in `close` goes on. It is `fresh` before its first member or element.
    pub(super) fn goes_on(&mut self, close: u8, fresh: &mut bool) -> Result<bool, Fault> {
        let fresh = mem::replace(fresh, false);
        match self.peek() {
            Some(byte) if byte == close => {
                self.at += 1;
                Ok(false)
            }
            Some(b',') if !fresh => {
                self.at += 1;
                Ok(true)
            }
            _ if fresh => Ok(true),
            _ if close == b'}' => Err(self.expected("expected `,` or `}`")),
            _ => Err(self.expected("expected `,` or `]`")),
        }
    }

    /// A member's name and its colon; no name where it is JSON but no text.
    pub(super) fn key(&mut self) -> Result<Option<Text<'a>>, Fault> {
        let key = match self.plain_string() {
            Some(key) => Some(key.into()),
            None if self.peek() != Some(b'"') => {
                return Err(self.expected("expected a member's name in double quotes"));
            }
            None => match self.read() {
                Ok(key) => Some(key),
                // Half a surrogate pair.
                Err(_) => self.skip().map(|_| None)?,
            },
        };
        if self.take(b':') { Ok(key) } else { Err(self.expected("expected `:`")) }
    }

    /// A string without escapes, which is nearly every one outside of the data.
    pub(super) fn plain_string(&mut self) -> Option<&'a str> {
        if self.peek() != Some(b'"') {
            return None;
        }
        let start = self.at + 1;
        let bytes = self.text.as_bytes();
        let end = start + plain_length(bytes.get(start..)?);
        if bytes.get(end) != Some(&b'"') {
            return None;
        }
        self.at = end + 1;
        self.text.get(start..end)
    }

    /// Reads a value. It stands still where that fails.
    pub(super) fn read<T: Deserialize<'a>>(&mut self) -> Result<T, serde_json::Error> {
        self.peek();
        let mut values = serde_json::Deserializer::from_str(self.rest()).into_iter::<T>();
        // Where nothing is left, reading nothing has the error that says so.
        let value = values.next().unwrap_or_else(|| serde_json::from_str(""))?;
        self.at += values.byte_offset();
        Ok(value)
    }

    /// Skips a value and says where it was.
    pub(super) fn skip(&mut self) -> Result<Range<usize>, Fault> {
        let start = self.at_value();
        if self.plain_string().is_some() {
            return Ok(start..self.at);
        }
        match self.read::<IgnoredAny>() {
            Ok(_) => Ok(start..self.at),
            Err(error) => Err(Fault { at: start, why: Why::Json(error) }),
        }
    }
}

/// How many bytes come before a quote, a backslash or a control character: eight at a time, as `serde_json` looks too.
fn plain_length(bytes: &[u8]) -> usize {
    const EACH: u64 = u64::MAX / 255;
    const HIGH: u64 = EACH << 7;
    // The high bit of a byte below 128 comes to be set where it is less than what is taken off.
    let less = |word: u64, byte: u8| word.wrapping_sub(EACH * u64::from(byte));
    let is = |word: u64, byte: u8| less(word ^ (EACH * u64::from(byte)), 1);
    let mut rest = bytes;
    while let Some((word, behind)) = rest.split_first_chunk::<8>() {
        let word = u64::from_le_bytes(*word);
        let ends = (less(word, b' ') | is(word, b'"') | is(word, b'\\')) & !word & HIGH;
        if ends != 0 {
            // A borrow can only spoil the bytes behind the first that ends the string.
            return bytes.len() - rest.len() + ends.trailing_zeros() as usize / 8;
        }
        rest = behind;
    }
    let ends = |&byte: &u8| byte < b' ' || byte == b'"' || byte == b'\\';
    bytes.len() - rest.len() + rest.iter().position(ends).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_string_ends_at_its_quote_wherever_that_is() {
        for length in 0..40 {
            for end in [b'"', b'\\', 0, 0x1f, b'\n'] {
                let mut text = "aé~\u{7f} ".repeat(8).into_bytes();
                text.truncate(length);
                text.extend([end, b'"', b'\\', 0]);
                assert_eq!(plain_length(&text), length, "{text:?}");
            }
        }
        assert_eq!(plain_length(b"no end"), 6);
        assert_eq!(plain_length(b"no end, and longer than eight"), 29);
    }
}
