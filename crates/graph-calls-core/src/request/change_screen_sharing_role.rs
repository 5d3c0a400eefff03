use bytes::Bytes;
use graph_calls_model::{CallId, ChangeScreenSharingRoleBody, Segment};
use http::Method;

use super::{ApiRequest, with_json};
use crate::{Repeat, Result};

/// Makes the bot look on at a shared screen, or share its own.
///
/// Only in group calls, with media that the app hosts. The roster tells when it is so. Takes the permission
/// `Calls.AccessMedia.All`.
///
/// Graph reference:
/// [`call-changescreensharingrole`](https://learn.microsoft.com/graph/api/call-changescreensharingrole).
///
/// # Examples
///
/// ```
/// use graph_calls_core::{
///     ApiRequest, ChangeScreenSharingRole,
///     model::{CallId, ChangeScreenSharingRoleBody, ScreenSharingRole},
/// };
///
/// let request = ChangeScreenSharingRole::new(
///     CallId::new("57dab8b1")?,
///     ChangeScreenSharingRoleBody::new(ScreenSharingRole::Sharer),
/// );
/// assert_eq!(request.to_http()?.uri(), "/communications/calls/57dab8b1/changeScreenSharingRole");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct ChangeScreenSharingRole {
    call_id: CallId,
    body: ChangeScreenSharingRoleBody,
}

impl ChangeScreenSharingRole {
    /// Takes a role in this call.
    pub fn new(call_id: CallId, body: ChangeScreenSharingRoleBody) -> Self {
        Self { call_id, body }
    }
}

impl ApiRequest for ChangeScreenSharingRole {
    type Output = ();
    const NAME: &'static str = "call-changescreensharingrole";
    // The role is set, not toggled.
    const REPEAT: Repeat = Repeat::Always;

    fn to_http(&self) -> Result<http::Request<Bytes>> {
        with_json(
            Self::NAME,
            Method::POST,
            format_args!("/communications/calls/{}/changeScreenSharingRole", Segment(self.call_id.as_str())),
            &self.body,
        )
    }

    fn read(&self, _response: http::Response<Bytes>) -> Result<()> {
        Ok(())
    }

    fn call_id(&self) -> Option<&CallId> {
        Some(&self.call_id)
    }
}
