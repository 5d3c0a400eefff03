//! Who is muted by the service.

use std::time::Duration;

use super::{Call, Step, World};

impl World {
    /// Mutes or unmutes these of the call, and tells it one notification from now. Returns whether that changed
    /// anything.
    pub(crate) fn mute(&mut self, now: Duration, call: &mut Call, ids: &[String], muted: bool) -> bool {
        let mut changed = Vec::new();
        for one in std::iter::once(&mut call.me).chain(&mut call.peers) {
            if ids.contains(&one.id) && one.muted != muted {
                one.muted = muted;
                changed.push((one.id.clone(), one.party.name.clone()));
            }
        }
        for (_, name) in &changed {
            self.happened(call, true, format!("{name} is {}", if muted { "muted" } else { "unmuted" }));
        }
        if changed.is_empty() {
            return false;
        }
        let ids = changed.into_iter().map(|(id, _)| id).collect();
        self.enter(now + self.config.pace.step, call, Step::Changed(ids));
        true
    }
}
