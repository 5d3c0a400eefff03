//! Why a call ends, and what the service says about it.

use serde_json::{Value, json};

use crate::Dialect;

/// Why a call or a comms operation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum EndCause {
    BotDeleted,
    PeerHungUp,
    NotPickedUp,
    NoEndpoint,
    Unreachable,
    PrivateCallingOff,
    NotRoutable,
    /// A phone was invited into a call that has no number to call from.
    NoPhoneBridge,
    PhoneHungUp,
    LastOneLeft,
    NobodyJoined,
    KeepAliveMissed,
    /// Another call took over this one's peer. No page says which code; the generic end is what fits.
    Replaced,
    /// Somebody else has the caller now.
    Transferred,
    /// The same, after the bot had asked them in a call of its own.
    TransferredByConsultation,
    /// The bot refused: the end carries nothing.
    Rejected,
    /// The bot passed it on: the end carries no result either.
    Redirected,
    /// Nobody answered in time: the end carries nothing (inferred).
    WindowLapsed,
}

/// A result as the wire carries it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ResultInfo {
    pub(crate) code: u16,
    pub(crate) subcode: u32,
    pub(crate) message: &'static str,
}

impl ResultInfo {
    const fn new(code: u16, subcode: u32, message: &'static str) -> Self {
        Self { code, subcode, message }
    }

    pub(crate) const COMPLETED: Self = Self::new(200, 0, "Action completed successfully.");
    pub(crate) const CANCELLED: Self = Self::new(400, 8508, "The operation was cancelled.");
    pub(crate) const RECORDED_TO_THE_END: Self =
        Self::new(200, 8515, "Action completed, max record duration reached.");
    // The page says that the operation fails then and names no subcode; the sister product's table does.
    pub(crate) const NOBODY_SPOKE: Self = Self::new(400, 8510, "Nobody began to speak in time.");
    pub(crate) const TRANSFER_FAILED: Self =
        Self::new(500, 7000, "The transfer failed. DiagCode: 500#7000.@");
    pub(crate) const CONSULTATIVE_TRANSFER_FAILED: Self =
        Self::new(500, 7700, "The transfer failed. DiagCode: 500#7700.@");
    // No page names a subcode for a prompt that cannot be played; 9999 is what failed operations were seen with.
    pub(crate) const PROMPT_FAILED: Self = Self::new(400, 9999, "The prompt could not be played.");
    // The calls pages name no subcode for an invitee who declines; the sister product's table does.
    pub(crate) const DECLINED: Self = Self::new(603, 0, "The participant declined. DiagCode: 603#0.@");
    pub(crate) const NOT_ANSWERED: Self =
        Self::new(408, 10057, "The participant did not answer. DiagCode: 408#10057.@");

    pub(crate) fn to_json(self, dialect: Dialect) -> Value {
        match dialect {
            Dialect::Wire => json!({
                "@odata.type": "#microsoft.graph.resultInfo",
                "code": self.code, "subcode": self.subcode, "message": self.message,
            }),
            Dialect::DocsCurrent => json!({
                "@odata.type": "#microsoft.graph.resultInfo",
                "code": self.code.to_string(), "subcode": self.subcode.to_string(), "message": self.message,
            }),
            Dialect::DocsLegacy | Dialect::Y2018 => json!({
                "@odata.type": "#microsoft.graph.resultInfo",
                "code": self.code.to_string(), "subCode": self.subcode.to_string(),
            }),
        }
    }
}

impl EndCause {
    /// The result of a call that ends so; `None` where the service gives none.
    pub(crate) fn result(self) -> Option<ResultInfo> {
        let (code, subcode, message) = match self {
            EndCause::BotDeleted | EndCause::Replaced => (200, 5001, "The conversation has ended."),
            EndCause::PeerHungUp | EndCause::NotPickedUp => {
                (200, 5002, "The conversation has ended. DiagCode: 0#5002.@")
            }
            EndCause::NoEndpoint => {
                (480, 10037, "No endpoint of the callee was found. DiagCode: 480#10037.@")
            }
            EndCause::Unreachable => (480, 10076, "The callee could not be reached. DiagCode: 480#10076.@"),
            EndCause::PrivateCallingOff => {
                (480, 10199, "Private calling is off for the callee. DiagCode: 480#10199.@")
            }
            EndCause::NotRoutable => (480, 10134, "The call cannot be routed. DiagCode: 480#10134.@"),
            EndCause::NoPhoneBridge => (412, 9999, "addParticipants failed. DiagCode: 412#10073.@"),
            EndCause::PhoneHungUp => (200, 540_000, "The conversation has ended. DiagCode: 0#540000.@"),
            EndCause::LastOneLeft => (
                200,
                5010,
                "This conversation has ended as only one participant was remaining in the conversation.. DiagCode: 0#5010.@",
            ),
            EndCause::NobodyJoined => (200, 5013, "Nobody joined the conversation. DiagCode: 0#5013.@"),
            EndCause::KeepAliveMissed => (408, 8537, "The call was not kept alive. DiagCode: 408#8537.@"),
            EndCause::Transferred | EndCause::TransferredByConsultation => {
                (0, 7015, "GracefulTransferCompleted")
            }
            EndCause::Rejected | EndCause::Redirected | EndCause::WindowLapsed => return None,
        };
        Some(ResultInfo::new(code, subcode, message))
    }

    /// The members that a `deleted` call gets from its end.
    pub(crate) fn members(self, dialect: Dialect) -> Vec<(&'static str, Value)> {
        let Some(result) = self.result() else { return Vec::new() };
        match (dialect, self) {
            (Dialect::Y2018 | Dialect::DocsLegacy, EndCause::BotDeleted) => {
                let mut members = vec![("terminationReason", json!("AppInitiated"))];
                if dialect == Dialect::DocsLegacy {
                    let plain = json!({ "@odata.type": "#microsoft.graph.resultInfo", "code": "0" });
                    members.push(("resultInfo", plain));
                }
                members
            }
            (Dialect::Y2018, EndCause::Transferred) | (_, EndCause::TransferredByConsultation) => {
                let mut members = vec![("terminationReason", json!("AppTransferred"))];
                // The pages have the word alone for what was consulted about.
                if dialect == Dialect::Wire {
                    members.push(("resultInfo", result.to_json(dialect)));
                }
                members
            }
            _ => vec![("resultInfo", result.to_json(dialect))],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hang_up_by_the_bot_reads_as_each_generation_wrote_it() {
        let members = |dialect| EndCause::BotDeleted.members(dialect);
        let result = |dialect: Dialect| members(dialect).into_iter().find(|(name, _)| *name == "resultInfo");
        assert_eq!(result(Dialect::Wire).unwrap().1["subcode"], json!(5001));
        assert_eq!(result(Dialect::DocsCurrent).unwrap().1["code"], json!("200"));
        assert_eq!(result(Dialect::DocsLegacy).unwrap().1["code"], json!("0"));
        assert_eq!(members(Dialect::Y2018), [("terminationReason", json!("AppInitiated"))]);
    }

    #[test]
    fn a_call_that_was_rejected_or_redirected_ends_without_a_result() {
        assert!(EndCause::Rejected.members(Dialect::Wire).is_empty());
        assert!(EndCause::Redirected.members(Dialect::Wire).is_empty());
    }

    #[test]
    fn a_transfer_ends_with_a_result_or_with_a_word() {
        let names = |cause: EndCause, dialect| {
            cause.members(dialect).into_iter().map(|(name, _)| name).collect::<Vec<_>>()
        };
        let (blind, consulted) = (EndCause::Transferred, EndCause::TransferredByConsultation);
        assert_eq!(names(blind, Dialect::DocsCurrent), ["resultInfo"]);
        assert_eq!(names(blind, Dialect::Y2018), ["terminationReason"]);
        assert_eq!(names(consulted, Dialect::DocsCurrent), ["terminationReason"]);
        assert_eq!(names(consulted, Dialect::Wire), ["terminationReason", "resultInfo"]);
        assert_eq!(blind.members(Dialect::Wire)[0].1["subcode"], json!(7015));
    }
}
