//! Content sharing: the sessions in which a participant shows something to the others.

use crate::{Text, wire::wire_struct};

wire_struct! {
    /// A session in which content is shared.
    ///
    /// Graph reference:
    /// [`contentSharingSession`](https://learn.microsoft.com/graph/api/resources/contentsharingsession).
    pub struct ContentSharingSession<'a> as "#microsoft.graph.contentSharingSession" {
        /// The session's id.
        pub id: Option<Text<'a>> = "id",
        /// The participant who presents. Beta.
        pub presenter_participant_id: Option<Text<'a>> = "presenterParticipantId",
    }
}
