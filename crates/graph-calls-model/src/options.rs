//! Call options: what a bot wants to be told of a call, and how it shows in it.

use crate::{open_enum::open_enum, wire::wire_struct};

wire_struct! {
    /// What a bot wants to be told of a call, and how it shows in it.
    ///
    /// One type for both directions; [`AnswerCallBody`](crate::AnswerCallBody) and
    /// [`CreateCallBody`](crate::CreateCallBody) say which it is.
    ///
    /// Graph reference: [`callOptions`](https://learn.microsoft.com/graph/api/resources/calloptions).
    ///
    /// ```
    /// use graph_calls_model::{AnswerCallBody, CallOptions, CallbackUri};
    ///
    /// let body = AnswerCallBody::new(CallbackUri::new("https://bot.example/api/calls")?)
    ///     .with_call_options(CallOptions::new().with_is_delta_roster_enabled(true));
    /// let options = &serde_json::to_value(body)?["callOptions"];
    /// assert_eq!(options["@odata.type"], "#microsoft.graph.incomingCallOptions");
    /// assert_eq!(options["isDeltaRosterEnabled"], true);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub struct CallOptions<'a> {
        /// Which way the call goes.
        pub kind: Option<CallOptionsKind<'a>> = "@odata.type",
        /// Whether the bot disappears from the roster once a peer-to-peer call has become a group call.
        pub hide_bot_after_escalation: Option<bool> = "hideBotAfterEscalation",
        /// Whether content sharing sessions are notified.
        pub is_content_sharing_notification_enabled: Option<bool> = "isContentSharingNotificationEnabled",
        /// Whether the roster comes as its changes ([`DeltaParticipants`](crate::DeltaParticipants)).
        pub is_delta_roster_enabled: Option<bool> = "isDeltaRosterEnabled",
        /// Whether the roster is interactive.
        pub is_interactive_roster_enabled: Option<bool> = "isInteractiveRosterEnabled",
    }
}

impl CallOptions<'_> {
    /// No option set.
    pub fn new() -> CallOptions<'static> {
        CallOptions::default()
    }

    /// Sets `hideBotAfterEscalation`.
    #[must_use]
    pub fn with_hide_bot_after_escalation(mut self, hide: bool) -> Self {
        self.hide_bot_after_escalation = Some(hide);
        self
    }

    /// Sets `isContentSharingNotificationEnabled`.
    #[must_use]
    pub fn with_is_content_sharing_notification_enabled(mut self, enabled: bool) -> Self {
        self.is_content_sharing_notification_enabled = Some(enabled);
        self
    }

    /// Sets `isDeltaRosterEnabled`.
    #[must_use]
    pub fn with_is_delta_roster_enabled(mut self, enabled: bool) -> Self {
        self.is_delta_roster_enabled = Some(enabled);
        self
    }

    /// Sets `isInteractiveRosterEnabled`.
    #[must_use]
    pub fn with_is_interactive_roster_enabled(mut self, enabled: bool) -> Self {
        self.is_interactive_roster_enabled = Some(enabled);
        self
    }

    /// The same for a call of this direction, whatever was said before.
    pub(crate) fn of_kind(self, kind: CallOptionsKind<'static>) -> Self {
        Self { kind: Some(kind), ..self }
    }
}

open_enum! {
    /// Which way the call of some options goes.
    ///
    /// Graph reference: [`callOptions`](https://learn.microsoft.com/graph/api/resources/calloptions).
    pub enum CallOptionsKind {
        /// To the bot.
        Incoming = "#microsoft.graph.incomingCallOptions",
        /// From the bot.
        Outgoing = "#microsoft.graph.outgoingCallOptions",
    }
}
