//! Screen sharing: the bot's role in it.

use serde::Serialize;

use crate::open_enum::open_enum;

open_enum! {
    /// What the bot does with the shared screen.
    ///
    /// Graph reference:
    /// [`call-changescreensharingrole`](https://learn.microsoft.com/graph/api/call-changescreensharingrole).
    pub enum ScreenSharingRole {
        /// It looks on.
        Viewer = "viewer",
        /// It shares its own.
        Sharer = "sharer",
    }
}

/// The body that makes the bot look on or share. Only in group calls, with media that the app hosts.
///
/// The roster tells when it is so: the bot's stream `applicationsharing-video` then sends.
///
/// Graph reference:
/// [`call-changescreensharingrole`](https://learn.microsoft.com/graph/api/call-changescreensharingrole).
///
/// ```
/// use graph_calls_model::{ChangeScreenSharingRoleBody, ScreenSharingRole};
///
/// let body = ChangeScreenSharingRoleBody::new(ScreenSharingRole::Sharer);
/// assert_eq!(serde_json::to_string(&body)?, r#"{"role":"sharer"}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChangeScreenSharingRoleBody {
    role: ScreenSharingRole<'static>,
}

impl ChangeScreenSharingRoleBody {
    /// Takes this role.
    pub fn new(role: ScreenSharingRole<'static>) -> Self {
        Self { role }
    }
}
