//! To whom an established call is given away.

use graph_calls_core::model::{IdentitySet, InvitationParticipantInfo, ParticipantId};

use super::options::{Options, options};
use crate::CallRef;

/// To whom an established call is given away: unannounced ([`blind`](Self::blind)), or to somebody whom the bot has
/// spoken to in a second call ([`consultative`](Self::consultative)).
///
/// Both sides have to be Teams users of one tenant, or phones where the bot has a resource account.
///
/// Graph reference: [`call-transfer`](https://learn.microsoft.com/graph/api/call-transfer).
///
/// # Examples
///
/// ```
/// use graph_calls_bot::{Transfer, model::InvitationParticipantInfo};
///
/// let sales = Transfer::blind(InvitationParticipantInfo::user("8d1e6ab6-26c5-4e22-a1bc-06ea7343958e"));
/// # let _ = sales.named("to-sales");
/// ```
#[derive(Debug, Clone)]
pub struct Transfer {
    pub(crate) target: InvitationParticipantInfo<'static>,
    /// The call that this one replaces.
    pub(crate) original: Option<CallRef>,
    pub(crate) transferee: Option<(IdentitySet<'static>, ParticipantId)>,
    pub(crate) options: Options,
}

options!(Transfer);

impl Transfer {
    /// The other side of this call goes to somebody, whoever answers there.
    pub fn blind(target: InvitationParticipantInfo<'static>) -> Self {
        Self { target, original: None, transferee: None, options: Options::default() }
    }

    /// For the **second** call, in which the bot has spoken to somebody: the caller of the original call takes the bot's
    /// place in it, and the original call ends. A phone is named by its number.
    pub fn consultative(original: &CallRef, caller: InvitationParticipantInfo<'static>) -> Self {
        Self { original: Some(*original), ..Self::blind(caller) }
    }

    /// Who is transferred out of a group call. There it has to be said.
    #[must_use]
    pub fn transferee(mut self, who: IdentitySet<'static>, participant: ParticipantId) -> Self {
        self.transferee = Some((who, participant));
        self
    }
}
