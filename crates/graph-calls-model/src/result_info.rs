//! How something ended: code, subcode and message.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{
    EndReason, Text,
    wire::{Absent, wire_struct, wire_value},
};

wire_struct! {
    /// How a call or an operation ended. It is data, not an error: a good call ends with one too.
    ///
    /// Graph reference: [`resultInfo`](https://learn.microsoft.com/graph/api/resources/resultinfo).
    pub struct ResultInfo<'a> as "#microsoft.graph.resultInfo" {
        /// The class: 0 and 2xx good, 4xx the client's, 5xx the service's doing.
        pub code: Option<ResultCode<'a>> = "code",
        /// What exactly.
        pub subcode: Option<ResultCode<'a>> = "subcode" | "subCode",
        /// For developers; changes at will.
        pub message: Option<Text<'a>> = "message",
    }
}

impl ResultInfo<'_> {
    /// A result with a code and a subcode.
    pub fn new(code: i64, subcode: i64) -> Self {
        Self {
            code: Some(ResultCode::Number(code)),
            subcode: Some(ResultCode::Number(subcode)),
            message: None,
        }
    }

    /// Whether the code is 0 or 2xx; without a code it is.
    pub fn is_success(&self) -> bool {
        self.number().is_none_or(|code| code == 0 || (200..300).contains(&code))
    }

    /// The code as a number.
    pub fn number(&self) -> Option<i64> {
        self.code.as_ref()?.number()
    }

    /// The subcode as a number.
    pub fn subcode_number(&self) -> Option<i64> {
        self.subcode.as_ref()?.number()
    }

    /// What is known of this end of a call.
    pub fn end_reason(&self) -> Option<&'static EndReason> {
        EndReason::find(self.number()?, self.subcode_number())
    }

    /// The code and subcode that the message carries for the vendor's support: `DiagCode: 0#5002`.
    pub fn diag(&self) -> Option<DiagCode> {
        DiagCode::find(self.message.as_deref()?)
    }
}

/// A code as the wire carries it: a number, a numeric string or (2019) a word.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ResultCode<'a> {
    /// A number, also from a numeric string.
    Number(i64),
    /// A word such as `transferring`.
    Word(Text<'a>),
}

impl ResultCode<'_> {
    /// The number, unless it is a word.
    pub fn number(&self) -> Option<i64> {
        match self {
            ResultCode::Number(number) => Some(*number),
            ResultCode::Word(_) => None,
        }
    }
}

impl fmt::Display for ResultCode<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ResultCode::Number(number) => number.fmt(f),
            ResultCode::Word(word) => word.fmt(f),
        }
    }
}

impl ResultCode<'_> {
    /// Copies what is borrowed.
    pub fn into_owned(self) -> ResultCode<'static> {
        match self {
            ResultCode::Number(number) => ResultCode::Number(number),
            ResultCode::Word(word) => ResultCode::Word(word.into_owned()),
        }
    }
}

wire_value!(ResultCode);

impl Absent for ResultCode<'_> {
    fn is_absent(&self) -> bool {
        false
    }
}

impl Serialize for ResultCode<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            ResultCode::Number(number) => serializer.serialize_i64(*number),
            ResultCode::Word(word) => word.serialize(serializer),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for ResultCode<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = ResultCode<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number or a string")
            }
            fn visit_i64<E: de::Error>(self, v: i64) -> Result<Self::Value, E> {
                Ok(ResultCode::Number(v))
            }
            fn visit_u64<E: de::Error>(self, v: u64) -> Result<Self::Value, E> {
                i64::try_from(v)
                    .map(ResultCode::Number)
                    .map_err(|_| E::invalid_value(de::Unexpected::Unsigned(v), &self))
            }
            fn visit_borrowed_str<E: de::Error>(self, v: &'de str) -> Result<Self::Value, E> {
                Ok(v.trim().parse().map_or_else(|_| ResultCode::Word(v.into()), ResultCode::Number))
            }
            fn visit_str<E: de::Error>(self, v: &str) -> Result<Self::Value, E> {
                Ok(v.trim()
                    .parse()
                    .map_or_else(|_| ResultCode::Word(v.to_owned().into()), ResultCode::Number))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

/// The pair that the service puts into messages: `DiagCode: 480#10037`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DiagCode {
    /// The code.
    pub code: i64,
    /// The subcode.
    pub subcode: i64,
}

impl DiagCode {
    /// Finds the first one in a text.
    ///
    /// ```
    /// let diag = graph_calls_model::DiagCode::find("The conversation has ended. DiagCode: 0#5002.@");
    /// assert_eq!(diag.map(|diag| (diag.code, diag.subcode)), Some((0, 5002)));
    /// ```
    pub fn find(text: &str) -> Option<Self> {
        let (_, behind) = text.split_once("DiagCode:")?;
        let (code, rest) = behind.trim_start().split_once('#')?;
        let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
        Some(Self { code: code.parse().ok()?, subcode: digits.parse().ok()? })
    }
}
