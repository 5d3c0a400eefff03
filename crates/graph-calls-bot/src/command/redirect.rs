//! Where a ringing call is sent on to.

use std::time::Duration;

use graph_calls_core::model::{InvitationParticipantInfo, PhoneNumber, RedirectCallBody};

use super::options::{Options, options};

/// Where a ringing call is sent on to: one target, or up to 25 that ring at once, of which the first to answer has it.
///
/// Graph reference: [`call-redirect`](https://learn.microsoft.com/graph/api/call-redirect).
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use graph_calls_bot::{Redirect, model::InvitationParticipantInfo};
///
/// let night_shift = Redirect::user("8d1e6ab6-26c5-4e22-a1bc-06ea7343958e")
///     .or(InvitationParticipantInfo::user("550fae72-d251-43ec-868c-373732c2704f"))
///     .ring_for(Duration::from_secs(30));
/// # let _ = night_shift;
/// ```
#[derive(Debug, Clone)]
pub struct Redirect {
    targets: Vec<InvitationParticipantInfo<'static>>,
    ring_for: Option<Duration>,
    pub(crate) options: Options,
}

options!(Redirect);

impl Redirect {
    /// To a user, by object id.
    pub fn user(id: impl Into<String>) -> Self {
        InvitationParticipantInfo::user(id).into()
    }

    /// To a phone, by its number.
    pub fn phone(number: PhoneNumber) -> Self {
        InvitationParticipantInfo::phone(number).into()
    }

    /// And to somebody else at the same time.
    #[must_use]
    pub fn or(mut self, target: InvitationParticipantInfo<'static>) -> Self {
        self.targets.push(target);
        self
    }

    /// How long it rings there, 15 to 90 whole seconds: 55 at one target and 60 at several unless told otherwise.
    #[must_use]
    pub fn ring_for(mut self, time: Duration) -> Self {
        self.ring_for = Some(time);
        self
    }

    pub(crate) fn into_body(self) -> Result<RedirectCallBody, String> {
        let body = RedirectCallBody::several(self.targets).map_err(|error| error.to_string())?;
        Ok(match self.ring_for {
            Some(time) => body.with_timeout(time),
            None => body,
        })
    }
}

impl From<InvitationParticipantInfo<'static>> for Redirect {
    fn from(target: InvitationParticipantInfo<'static>) -> Self {
        Self { targets: vec![target], ring_for: None, options: Options::default() }
    }
}
