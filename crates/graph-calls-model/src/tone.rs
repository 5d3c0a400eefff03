//! Tones: the keys of a phone, pressed by people or by the bot.

use std::time::Duration;

use serde::Serialize;

use crate::{
    ClientContext, Integer, InvalidBody,
    client_context::takes_client_context,
    duration::{MAX_MILLISECONDS, Milliseconds},
    open_enum::open_enum,
    wire::wire_struct,
};

open_enum! {
    /// A key of the phone.
    ///
    /// Graph reference: [`toneInfo`](https://learn.microsoft.com/graph/api/resources/toneinfo).
    pub enum Tone {
        /// 0
        Tone0 = "tone0",
        /// 1
        Tone1 = "tone1",
        /// 2
        Tone2 = "tone2",
        /// 3
        Tone3 = "tone3",
        /// 4
        Tone4 = "tone4",
        /// 5
        Tone5 = "tone5",
        /// 6
        Tone6 = "tone6",
        /// 7
        Tone7 = "tone7",
        /// 8
        Tone8 = "tone8",
        /// 9
        Tone9 = "tone9",
        /// `*`
        Star = "star",
        /// `#`
        Pound = "pound",
        /// A
        A = "a",
        /// B
        B = "b",
        /// C
        C = "c",
        /// D
        D = "d",
        /// The hook.
        Flash = "flash",
    }
}

impl Tone<'_> {
    /// The key's character: `0` to `9`, `*`, `#`, `A` to `D`. The hook has none.
    pub fn key(&self) -> Option<char> {
        Some(match self {
            Tone::Tone0 => '0',
            Tone::Tone1 => '1',
            Tone::Tone2 => '2',
            Tone::Tone3 => '3',
            Tone::Tone4 => '4',
            Tone::Tone5 => '5',
            Tone::Tone6 => '6',
            Tone::Tone7 => '7',
            Tone::Tone8 => '8',
            Tone::Tone9 => '9',
            Tone::Star => '*',
            Tone::Pound => '#',
            Tone::A => 'A',
            Tone::B => 'B',
            Tone::C => 'C',
            Tone::D => 'D',
            Tone::Flash | Tone::Other(_) => return None,
        })
    }

    /// The tone of a key's character.
    pub fn from_key(key: char) -> Option<Tone<'static>> {
        Some(match key.to_ascii_uppercase() {
            '0' => Tone::Tone0,
            '1' => Tone::Tone1,
            '2' => Tone::Tone2,
            '3' => Tone::Tone3,
            '4' => Tone::Tone4,
            '5' => Tone::Tone5,
            '6' => Tone::Tone6,
            '7' => Tone::Tone7,
            '8' => Tone::Tone8,
            '9' => Tone::Tone9,
            '*' => Tone::Star,
            '#' => Tone::Pound,
            'A' => Tone::A,
            'B' => Tone::B,
            'C' => Tone::C,
            'D' => Tone::D,
            _ => return None,
        })
    }
}

wire_struct! {
    /// One pressed key.
    ///
    /// Graph reference: [`toneInfo`](https://learn.microsoft.com/graph/api/resources/toneinfo).
    pub struct ToneInfo<'a> as "#microsoft.graph.toneInfo" {
        /// The order of the keys; it starts anywhere.
        pub sequence_id: Option<Integer> = "sequenceId",
        /// The key.
        pub tone: Option<Tone<'a>> = "tone",
    }
}

/// The body that presses keys.
///
/// The operation ends `completed` also where it failed; only its completion reason tells
/// ([`CompletionReason`](crate::CompletionReason)).
///
/// Graph reference: [`call-senddtmftones`](https://learn.microsoft.com/graph/api/call-senddtmftones).
///
/// ```
/// use std::time::Duration;
///
/// use graph_calls_model::SendDtmfTonesBody;
///
/// let body = SendDtmfTonesBody::keys("1#")?.with_delay_between_tones(Duration::from_millis(300));
/// body.validate()?;
/// assert_eq!(serde_json::to_string(&body)?, r#"{"tones":["tone1","pound"],"delayBetweenTonesMs":300}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SendDtmfTonesBody {
    tones: Vec<Tone<'static>>,
    #[serde(rename = "delayBetweenTonesMs", skip_serializing_if = "Option::is_none")]
    delay: Option<Milliseconds>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_context: Option<ClientContext>,
}

takes_client_context!(SendDtmfTonesBody);

impl SendDtmfTonesBody {
    /// Presses a key.
    pub fn new(tone: Tone<'static>) -> Self {
        Self { tones: vec![tone], delay: None, client_context: None }
    }

    /// Presses one key after another.
    ///
    /// # Errors
    ///
    /// For no key at all.
    pub fn several(tones: impl IntoIterator<Item = Tone<'static>>) -> Result<Self, InvalidBody> {
        let tones: Vec<_> = tones.into_iter().collect();
        if tones.is_empty() {
            return Err(InvalidBody::none_of("tones"));
        }
        Ok(Self { tones, delay: None, client_context: None })
    }

    /// Presses the keys with these characters: `0` to `9`, `*`, `#`, `A` to `D`.
    ///
    /// # Errors
    ///
    /// For no key at all, or a character that no key has.
    pub fn keys(keys: &str) -> Result<Self, InvalidBody> {
        let tones: Option<Vec<_>> = keys.chars().map(Tone::from_key).collect();
        Self::several(tones.ok_or_else(|| InvalidBody::new("tones", "give keys: 0 to 9, *, # and A to D"))?)
    }

    /// How long it waits between two keys, in whole milliseconds.
    #[must_use]
    pub fn with_delay_between_tones(mut self, delay: Duration) -> Self {
        self.delay = Some(Milliseconds(delay));
        self
    }

    /// Checks what the service documents, before anything is sent.
    ///
    /// # Errors
    ///
    /// For a tone that no key has ([`Tone::Other`]), or a delay that is not a number of whole milliseconds up to
    /// 2,147,483,647 (`Edm.Int32`).
    pub fn validate(&self) -> Result<(), InvalidBody> {
        for (at, tone) in self.tones.iter().enumerate() {
            if let Tone::Other(name) = tone {
                let why = format!("`{name}` is no key: give one of {}", Tone::MEMBERS.join(", "));
                return Err(InvalidBody::new(format!("tones[{at}]"), why));
            }
        }
        let taken = Duration::ZERO..=MAX_MILLISECONDS;
        self.delay.map_or(Ok(()), |delay| delay.check("delayBetweenTonesMs", taken))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_key_and_its_tone_name_each_other() {
        for key in "0123456789*#ABCD".chars() {
            assert_eq!(Tone::from_key(key).unwrap().key(), Some(key));
        }
        assert_eq!(Tone::from_key('d'), Some(Tone::D));
        assert_eq!((Tone::from_key('x'), Tone::Flash.key()), (None, None));
    }

    #[test]
    fn keys_go_out_by_their_names() {
        let context = ClientContext::new("9e90d1c1").unwrap();
        let body = SendDtmfTonesBody::several([Tone::Tone1, Tone::Tone2, Tone::Tone3])
            .unwrap()
            .with_client_context(context);
        assert_eq!(
            serde_json::to_value(&body).unwrap(),
            json!({"tones": ["tone1", "tone2", "tone3"], "clientContext": "9e90d1c1"})
        );
        assert_eq!(SendDtmfTonesBody::keys("123").unwrap().tones, body.tones);
        assert_eq!(SendDtmfTonesBody::new(Tone::Flash).tones, [Tone::Flash]);
    }

    #[test]
    fn nothing_is_no_key_and_a_letter_beyond_d_is_none() {
        for bad in ["", "12x", "1 2", "\u{661}"] {
            assert_eq!(SendDtmfTonesBody::keys(bad).unwrap_err().member(), "tones", "{bad}");
        }
    }

    #[test]
    fn a_tone_that_no_key_has_is_not_sent() {
        let body = SendDtmfTonesBody::several(["Tone1".into(), "tone10".into()]).unwrap();
        assert_eq!(body.validate().unwrap_err().member(), "tones[1]");
        assert_eq!(SendDtmfTonesBody::new(Tone::Flash).validate(), Ok(()));
    }

    #[test]
    fn a_delay_is_whole_milliseconds() {
        let after = |delay| SendDtmfTonesBody::new(Tone::Star).with_delay_between_tones(delay).validate();
        assert_eq!(after(Duration::from_millis(300)), Ok(()));
        assert_eq!(after(Duration::ZERO), Ok(()));
        assert!(after(Duration::from_micros(300)).is_err());
        assert!(after(Duration::from_secs(2_147_484)).is_err());
    }
}
