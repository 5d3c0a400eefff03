//! Where a call stands and which way it went.

use crate::open_enum::open_enum;

open_enum! {
    /// Where a call stands.
    ///
    /// Graph reference: [`call`](https://learn.microsoft.com/graph/api/resources/call).
    pub enum CallState {
        /// It rings at the bot.
        Incoming = "incoming",
        /// It is being set up.
        Establishing = "establishing",
        /// It rings at the other side; v1.0 describes it and leaves it out of its metadata. Beta.
        Ringing = "ringing",
        /// People can talk.
        Established = "established",
        /// The other side put it on hold.
        Hold = "hold",
        /// It is being transferred.
        Transferring = "transferring",
        /// The transfer target took it.
        TransferAccepted = "transferAccepted",
        /// It is being redirected.
        Redirecting = "redirecting",
        /// It is ending.
        Terminating = "terminating",
        /// It is over.
        Terminated = "terminated",
    }
}

open_enum! {
    /// Which way a call was placed.
    ///
    /// Graph reference: [`call`](https://learn.microsoft.com/graph/api/resources/call).
    pub enum CallDirection {
        /// To the bot.
        Incoming = "incoming",
        /// By the bot.
        Outgoing = "outgoing",
    }
}
