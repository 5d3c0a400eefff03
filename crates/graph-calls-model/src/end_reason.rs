//! Why a call ended: every documented and observed pair of code and subcode, in words.

use std::fmt;

use AppliesTo::{Call, Operation, Transfer};
use Source::{AzureCommunicationServices, Observed, Page};
use TryAgain::{AfterFix, Later, Never, No, Once};
use Who::{Bot, Callee, Caller, Media, Nobody, Other, Policy, Service, Unknown};

/// What a code and a subcode mean.
///
/// ```
/// use graph_calls_model::{EndReason, Who};
///
/// let reason = EndReason::find(480, Some(10_037)).expect("a documented row");
/// assert_eq!(reason.who, Who::Callee);
/// assert!(!reason.normal);
/// ```
///
/// Graph reference: [`call-delete`](https://learn.microsoft.com/graph/api/call-delete).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct EndReason {
    /// The class: 0 and 2xx good, 4xx the client's, 5xx the service's doing.
    pub code: i64,
    /// What exactly; absent in the oldest form.
    pub subcode: Option<i64>,
    /// In words.
    pub meaning: &'static str,
    /// Where it is written or was seen.
    pub source: Source,
    /// What else is known; often empty.
    pub note: &'static str,
    /// Whose doing it was.
    pub who: Who,
    /// Whether a call may well end like this.
    pub normal: bool,
    /// Whether trying again makes sense.
    pub try_again: TryAgain,
    /// What ends with it.
    pub applies_to: AppliesTo,
}

/// Where an end reason comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// A Graph reference page, by name.
    Page(&'static str),
    /// Seen on the wire, written nowhere.
    Observed,
    /// The table of another product with the same subcodes: a fallback.
    AzureCommunicationServices,
}

/// Whose doing an end was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Who {
    /// The bot's.
    Bot,
    /// The caller's.
    Caller,
    /// The callee's.
    Callee,
    /// That of another participant.
    Other,
    /// Nobody came.
    Nobody,
    /// The service's.
    Service,
    /// The media connection's.
    Media,
    /// A policy's.
    Policy,
    /// Not told.
    Unknown,
}

/// Whether trying again makes sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TryAgain {
    /// There is nothing to repeat.
    No,
    /// Once, at once.
    Once,
    /// After a while.
    Later,
    /// After something was mended.
    AfterFix,
    /// It will not help.
    Never,
}

/// What ends with a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AppliesTo {
    /// A call.
    Call,
    /// A transfer: the call itself goes on.
    Transfer,
    /// A comms operation.
    Operation,
}

impl EndReason {
    /// All rows: documented ones first, the fallback last.
    pub fn all() -> &'static [EndReason] {
        TABLE
    }

    /// What ended a call: a documented or observed row, else one of the fallback table.
    ///
    /// Code 0 is looked up as 200 too, because captures print `0#5002` for what the page lists as 200/5002. Rows of
    /// operations and transfers are never a call's end.
    pub fn find(code: i64, subcode: Option<i64>) -> Option<&'static EndReason> {
        let row = |code: i64, fallback: bool| {
            TABLE.iter().find(|row| {
                row.applies_to == Call
                    && row.is_fallback() == fallback
                    && row.code == code
                    && row.subcode == subcode
            })
        };
        row(code, false)
            .or_else(|| if code == 0 { row(200, false) } else { None })
            .or_else(|| row(code, true))
    }

    /// The rows with a code, whatever they apply to.
    pub fn with_code(code: i64) -> impl Iterator<Item = &'static EndReason> {
        TABLE.iter().filter(move |row| row.code == code)
    }

    /// Whether the row was borrowed from another product.
    pub fn is_fallback(&self) -> bool {
        self.source == AzureCommunicationServices
    }
}

impl fmt::Display for EndReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.subcode {
            Some(subcode) => write!(f, "{}/{subcode}: {}", self.code, self.meaning),
            None => write!(f, "{}: {}", self.code, self.meaning),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Page(name) => name,
            Observed => "seen on the wire, not documented",
            AzureCommunicationServices => "Azure Communication Services (fallback)",
        })
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Bot => "the bot",
            Caller => "the caller",
            Callee => "the callee",
            Other => "another participant",
            Nobody => "nobody",
            Service => "the service",
            Media => "the media connection",
            Policy => "a policy",
            Unknown => "not told",
        })
    }
}

impl fmt::Display for TryAgain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            No => "no",
            Once => "once",
            Later => "later",
            AfterFix => "after something was mended",
            Never => "never",
        })
    }
}

impl fmt::Display for AppliesTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Call => "call",
            Transfer => "transfer",
            Operation => "operation",
        })
    }
}

#[allow(clippy::too_many_arguments, reason = "a row of the table, in the order of its columns")]
const fn row(
    code: i64,
    subcode: Option<i64>,
    meaning: &'static str,
    source: Source,
    note: &'static str,
    who: Who,
    normal: bool,
    try_again: TryAgain,
    applies_to: AppliesTo,
) -> EndReason {
    EndReason { code, subcode, meaning, source, note, who, normal, try_again, applies_to }
}

#[rustfmt::skip]
const TABLE: &[EndReason] = &[
    row(200, Some(4097), "The other participant ended the call", Page("call-delete"), "v1.0 page: \"the other participant\", group or not", Other, true, No, Call),
    row(200, Some(4521), "In a peer-to-peer call, the other party ended it", Page("call-delete"), "", Other, true, No, Call),
    row(200, Some(5000), "Another participant removed this one from the conversation", Page("call-delete"), "same meaning as 5300", Other, true, No, Call),
    row(200, Some(5001), "The conversation is over (generic)", Page("call-delete"), "the code shown in the delete-call examples, i.e. also when the bot itself hung up", Unknown, true, No, Call),
    row(200, Some(5002), "Everyone else left, so the conversation ended", Page("call-delete"), "captured 2023 both for an answered call hung up by the callee and for an outgoing call never established: not an answer", Other, true, No, Call),
    row(200, Some(5003), "The conversation is over (generic)", Page("call-delete"), "text identical to 5001; ACS says every callee endpoint declined", Unknown, true, No, Call),
    row(200, Some(5007), "The initiator of the group call left, which ended it", Page("call-delete"), "", Other, true, No, Call),
    row(200, Some(5010), "Ended because a single participant was left", Page("call-delete"), "", Other, true, No, Call),
    row(200, Some(5012), "Ended because the incoming roster was empty", Page("call-delete"), "", Service, true, No, Call),
    row(200, Some(5013), "Ended because nobody else joined the group call", Page("call-delete"), "", Nobody, true, Later, Call),
    row(200, Some(5014), "Ended because no possible host could be determined for the group call", Page("call-delete"), "", Service, false, Later, Call),
    row(200, Some(5020), "Ended because the incoming roster held hidden participants only", Page("call-delete"), "", Service, true, No, Call),
    row(200, Some(5030), "Ended because the breakout room time ran out", Page("call-delete"), "the German page translates breakout room as Unterbrechungsraum", Service, true, No, Call),
    row(200, Some(5300), "The participant was removed by another participant", Page("call-delete"), "same meaning as 5000", Other, true, No, Call),
    row(200, Some(5855), "Waiting in the lobby for too long, removed by the lobby inactivity timeout", Page("call-delete"), "", Service, false, Later, Call),
    row(200, Some(7000), "The bot ended the conversation", Page("call-delete"), "with code 500 the same subcode means a failed blind transfer", Bot, true, No, Call),
    row(200, Some(7015), "The call ended because its transfer succeeded", Page("call-delete"), "transfer examples send code 0 with it", Bot, true, No, Call),
    row(200, Some(10_550), "The bot ended the conversation", Page("call-delete"), "same text as 7000", Bot, true, No, Call),
    row(200, Some(18_503), "The other party of a peer-to-peer call left", Page("call-delete"), "", Other, true, No, Call),
    row(200, Some(540_000), "The phone (PSTN) user ended the call", Page("call-delete"), "docs print one row \"540000/560000\": two separate subcodes, not a range; ACS lists both as normal PSTN end, with code 0", Other, true, No, Call),
    row(200, Some(560_000), "The phone (PSTN) user ended the call", Page("call-delete"), "second half of the row \"540000/560000\"; ACS: ended by remote PSTN participant or media agent", Other, true, No, Call),
    row(408, Some(8537), "No keepAlive in time, the inactive call was cleaned up", Page("call-delete"), "45 minute rule", Bot, false, AfterFix, Call),
    row(408, Some(1106), "No acknowledgement of the call acceptance arrived in time", Page("call-delete"), "", Service, false, Once, Call),
    row(408, Some(10_057), "Timed out: no signalling from any endpoint of the callee", Page("call-delete"), "", Callee, false, Later, Call),
    row(410, Some(301_005), "Media connectivity failed", Page("call-delete"), "ACS: participant lost its media connection", Media, false, Once, Call),
    row(480, Some(10_037), "The callee has no endpoint that could be found", Page("call-delete"), "", Callee, false, Later, Call),
    row(480, Some(10_076), "The callee could not be reached", Page("call-delete"), "", Callee, false, Later, Call),
    row(480, Some(10_134), "Rejected because the call cannot be routed", Page("call-delete"), "", Service, false, AfterFix, Call),
    row(480, Some(10_199), "Rejected because private calling is switched off for the user", Page("call-delete"), "", Policy, false, Never, Call),
    row(500, Some(1005), "The service could not connect to the media of the bot; check the media path between bot and Microsoft", Page("call-delete"), "", Bot, false, AfterFix, Call),
    row(0, None, "Normal end (older form, no subcode given)", Page("call-delete"), "sent as the string \"0\"", Bot, true, No, Call),
    row(0, Some(7015), "Transfer completed (message GracefulTransferCompleted)", Page("call-transfer"), "numeric in the example", Bot, true, No, Call),
    row(500, Some(7000), "Not an end: blind transfer failed, call back in established", Page("call-transfer"), "member spelled subCode", Service, false, Once, Transfer),
    row(500, Some(7700), "Not an end: consultative transfer failed, call back in established", Page("call-transfer"), "member spelled subCode", Service, false, Once, Transfer),
    row(200, Some(0), "Operation result: finished normally", Page("call-playprompt"), "operation, not call", Unknown, true, No, Operation),
    row(200, Some(8515), "Operation result: recording stopped at its maximum duration, still a success", Page("call-recordresponse"), "operation, not call", Unknown, true, No, Operation),
    row(400, Some(8508), "Operation result: the operation was cancelled", Page("call-cancelmediaprocessing"), "operation, not call", Bot, false, No, Operation),
    row(500, Some(3003), "Undocumented server error (diagnostic text 500#3003)", Observed, "meaning unknown", Service, false, Once, Call),
    row(500, Some(7106), "Undocumented server error (diagnostic text 3003#7106 or 3002#7106)", Observed, "meaning unknown", Service, false, Once, Call),
    row(408, Some(13_025), "Undocumented timeout (diagnostic text 408#13025)", Observed, "meaning unknown", Service, false, Once, Call),
    row(0, Some(0), "Ended by the local participant", AzureCommunicationServices, "code 0 stands where Graph uses 200", Bot, true, No, Call),
    row(487, Some(0), "Caller cancelled", AzureCommunicationServices, "", Caller, true, Later, Call),
    row(603, Some(0), "Callee declined", AzureCommunicationServices, "", Callee, true, Later, Call),
    row(0, Some(4097), "Organizer ended the meeting for everyone", AzureCommunicationServices, "Graph: code 200, wording differs", Other, true, No, Call),
    row(487, Some(10_003), "Accepted on another endpoint of the same user", AzureCommunicationServices, "", Callee, true, No, Call),
    row(487, Some(10_004), "Cancelled by timeout, no callee endpoint accepted", AzureCommunicationServices, "", Callee, true, Later, Call),
    row(487, Some(10_024), "Every callee endpoint declined", AzureCommunicationServices, "", Callee, true, Later, Call),
    row(403, Some(510_403), "Blocked (spam marking or number not allowed)", AzureCommunicationServices, "PSTN", Policy, false, Never, Call),
    row(487, Some(540_487), "Caller cancelled", AzureCommunicationServices, "PSTN", Caller, true, Later, Call),
    row(486, Some(560_486), "Remote phone busy", AzureCommunicationServices, "PSTN", Callee, true, Later, Call),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_page_has_thirty_reasons() {
        let documented =
            TABLE.iter().filter(|row| row.source == Page("call-delete") && row.subcode.is_some());
        assert_eq!(documented.count(), 30);
        assert_eq!(TABLE.len(), 50);
    }

    #[test]
    fn every_row_of_a_call_is_found_and_no_other_is_a_calls_end() {
        for row in TABLE {
            let found = EndReason::find(row.code, row.subcode);
            match row.applies_to {
                Call if !row.is_fallback() => assert_eq!(found, Some(row)),
                Call => assert!(found.is_some()),
                Transfer | Operation => assert_ne!(found, Some(row)),
            }
        }
        assert_eq!(EndReason::find(400, Some(8508)), None);
    }

    #[test]
    fn one_subcode_means_two_things_with_two_codes() {
        assert!(EndReason::find(200, Some(7000)).is_some_and(|row| row.who == Bot));
        assert_eq!(EndReason::find(500, Some(7000)), None);
    }

    #[test]
    fn code_zero_is_looked_up_as_200_before_the_fallback() {
        assert_eq!(EndReason::find(0, Some(5002)), EndReason::find(200, Some(5002)));
        assert!(EndReason::find(0, Some(4097)).is_some_and(|row| !row.is_fallback()));
        assert!(EndReason::find(603, Some(0)).is_some_and(EndReason::is_fallback));
    }
}
