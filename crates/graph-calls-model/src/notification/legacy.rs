//! The payload of the time before Graph: the Bot Framework's calling form.

use crate::{Text, wire::wire_struct};

wire_struct! {
    /// What the service may send for the first incoming call of a bot: not a notification of Graph.
    ///
    /// The right answer is 204; the service then sends the event again in Graph's form.
    pub struct BotFrameworkPayload<'a> {
        /// The call.
        pub id: Option<Text<'a>> = "id",
        /// Where it stands: `incoming`.
        pub call_state: Option<Text<'a>> = "callState",
        /// The tenant.
        pub tenant_id: Option<Text<'a>> = "tenantId",
    }
}
