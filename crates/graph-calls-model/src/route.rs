//! Routes: how a call came to whom it came to, and how it may be routed.

use crate::{IdentitySet, open_enum::open_enum, wire::wire_struct};

wire_struct! {
    /// One step on a call's way to whoever got it.
    ///
    /// Graph reference: [`callRoute`](https://learn.microsoft.com/graph/api/resources/callroute).
    pub struct CallRoute<'a> as "#microsoft.graph.callRoute" {
        /// How it was routed.
        pub routing_type: Option<RoutingType<'a>> = "routingType",
        /// Whom it was meant for.
        pub original_identity: Option<IdentitySet<'a>> = "original",
        /// Whom it went to.
        pub final_identity: Option<IdentitySet<'a>> = "final",
    }
}

open_enum! {
    /// How a call was routed.
    ///
    /// Graph reference: [`callRoute`](https://learn.microsoft.com/graph/api/resources/callroute).
    pub enum RoutingType {
        /// Forwarded.
        Forwarded = "forwarded",
        /// Found by a look-up.
        Lookup = "lookup",
        /// Forked to the same identity.
        SelfFork = "selfFork",
    }
}

open_enum! {
    /// What the routing of a peer-to-peer call has to mind. Beta.
    ///
    /// Graph reference: [`call`](https://learn.microsoft.com/graph/api/resources/call?view=graph-rest-beta).
    pub enum RoutingPolicy {
        /// Nothing.
        None = "none",
        /// The callee gets no missed call.
        NoMissedCall = "noMissedCall",
        /// The callee's forwarding is ignored, but for that to a phone.
        DisableForwardingExceptPhone = "disableForwardingExceptPhone",
        /// The callee's forwarding is ignored.
        DisableForwarding = "disableForwarding",
        /// Skype for Business is preferred.
        PreferSkypeForBusiness = "preferSkypeForBusiness",
    }
}
