//! Meeting capabilities: what a meeting lets people do.

use crate::{open_enum::open_enum, wire::wire_struct};

wire_struct! {
    /// What a meeting lets people do. Beta.
    ///
    /// Graph reference:
    /// [`meetingCapability`](https://learn.microsoft.com/graph/api/resources/meetingcapability?view=graph-rest-beta).
    pub struct MeetingCapability<'a> as "#microsoft.graph.meetingCapability" {
        /// Whether anonymous people may call phones out of it.
        pub allow_anonymous_users_to_dial_out: Option<bool> = "allowAnonymousUsersToDialOut",
        /// Whether anonymous people may begin it.
        pub allow_anonymous_users_to_start_meeting: Option<bool> = "allowAnonymousUsersToStartMeeting",
        /// Who need not wait in the lobby.
        pub auto_admitted_users: Option<AutoAdmittedUsers<'a>> = "autoAdmittedUsers",
    }
}

open_enum! {
    /// Who need not wait in the lobby. Beta.
    ///
    /// Graph reference:
    /// [`meetingCapability`](https://learn.microsoft.com/graph/api/resources/meetingcapability?view=graph-rest-beta).
    pub enum AutoAdmittedUsers {
        /// The organizer's company.
        EveryoneInCompany = "everyoneInCompany",
        /// Everybody.
        Everyone = "everyone",
    }
}
