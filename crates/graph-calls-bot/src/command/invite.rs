//! Who is brought into a call.

use graph_calls_core::model::{IdentitySet, InvitationParticipantInfo, ParticipantId, PhoneNumber};

use super::options::{Options, options};

/// Somebody to bring into the call.
#[derive(Debug, Clone)]
pub struct Invite {
    pub(crate) participant: InvitationParticipantInfo<'static>,
    pub(crate) options: Options,
}

options!(Invite);

impl Invite {
    /// A user of the call's tenant, by object id.
    pub fn user(id: impl Into<String>) -> Self {
        InvitationParticipantInfo::user(id).into()
    }

    /// A phone, by its number.
    pub fn phone(number: PhoneNumber) -> Self {
        InvitationParticipantInfo::phone(number).into()
    }

    /// Anybody, by identity.
    pub fn identity(identity: IdentitySet<'static>) -> Self {
        InvitationParticipantInfo::new(identity).into()
    }

    /// Under this participant id, by which the invitation can be taken back while nobody has joined.
    #[must_use]
    pub fn with_participant_id(mut self, id: &ParticipantId) -> Self {
        self.participant = self.participant.with_participant_id(id.clone());
        self
    }
}

impl From<InvitationParticipantInfo<'static>> for Invite {
    fn from(participant: InvitationParticipantInfo<'static>) -> Self {
        Self { participant, options: Options::default() }
    }
}
