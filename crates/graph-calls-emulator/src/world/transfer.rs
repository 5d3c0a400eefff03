//! Calls on their way to somebody else: passed on before an answer, and transferred after it.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    Call, Change, EndCause, Invited, Operation, Participant, Party, PersonKind, ResultInfo, Ringing, State,
    Step, World, participant_info, same_id,
};
use crate::{Dialect, json};

/// A transfer under way.
#[derive(Debug, Clone)]
pub(crate) struct Transfer {
    /// The id of the participant who is given away.
    pub(crate) transferee: String,
    /// The call in which the bot holds the target, if it consulted somebody in this one.
    pub(crate) replaces: Option<u128>,
    /// Who it goes to.
    pub(crate) target: Party,
    /// What told its progress in 2018, when it was a comms operation.
    pub(crate) operation: Operation,
}

impl World {
    /// Lets others ring for an incoming call: the first who picks up has it.
    pub(crate) fn redirect(&mut self, now: Duration, call: &mut Call, targets: Vec<Party>) {
        call.state = State::Redirecting;
        for target in targets {
            let participant = Participant::new(self.id(), call.reachable(target));
            self.call_out(now, call, Ringing { participant, invited: Invited::ByRedirect });
        }
    }

    pub(super) fn end_redirect(&mut self, now: Duration, call: &mut Call, by: Option<Participant>) {
        if by.is_none() {
            self.happened(call, true, "nobody takes the call".to_owned());
        }
        call.state = State::Terminating;
        self.forget_events(call);
        self.enter(now + self.config.pace.step, call, Step::Redirected(by.map(Box::new)));
    }

    /// The end of a call that was passed on: the members of the call that came in, and no result.
    pub(super) fn redirected(&mut self, call: &mut Call, by: Option<&Participant>) {
        let by_phone = call.peers.iter().any(|one| one.party.kind == PersonKind::Phone);
        call.close(EndCause::Redirected);
        let mut members = vec![
            ("state", json!(call.state.as_str())),
            ("direction", json!(call.direction.as_str())),
            ("id", json!(call.id)),
            ("source", call.source.clone()),
            ("targets", json!(call.targets)),
        ];
        if !call.dialect.is_legacy() {
            members.push(("tenantId", json!(call.tenant_id)));
            members.push(("myParticipantId", json!(call.me.id)));
        }
        match by.map(|by| &by.party) {
            // The page hides the number.
            Some(party) if party.kind == PersonKind::Phone => {
                let hidden = participant_info(&Party::encrypted(&self.id()));
                members.push(("answeredBy", hidden));
            }
            Some(party) if by_phone => {
                members.push(("answeredBy", participant_info(&party.identity_set())));
            }
            Some(_) | None => {}
        }
        self.notify_call(call, Change::Deleted, members);
    }

    /// Lets the target ring; the bot is told one notification from now.
    pub(crate) fn transfer(&mut self, now: Duration, call: &mut Call, transfer: Transfer) {
        call.state = State::Transferring;
        let mut party = call.reachable(transfer.target.clone());
        let foreign = |party: &Party| {
            party.kind == PersonKind::User
                && party.tenant_id.as_ref().is_some_and(|tenant| !same_id(tenant, &call.tenant_id))
        };
        // Both of them must be of one tenant.
        let transferee = call.peer(&transfer.transferee);
        if foreign(&party) || transferee.is_some_and(|one| foreign(&one.party)) {
            party.fate = Err(EndCause::NotRoutable);
        }
        call.transfer = Some(transfer);
        self.enter(now + self.config.pace.step, call, Step::Transferring);
        let participant = Participant::new(self.id(), party);
        self.call_out(now, call, Ringing { participant, invited: Invited::ByTransfer });
    }

    /// Tells how far the transfer is: by the call's state, in 2018 by a comms operation that says it in a word.
    pub(super) fn tell_transfer(&mut self, call: &Call) {
        let Some(transfer) = &call.transfer else { return };
        let state = call.state.as_str();
        if call.dialect == Dialect::Y2018 {
            let mut data = transfer.operation.response("running");
            data.insert("resultInfo".to_owned(), json!({ "code": "200", "subCode": state }));
            let suffix = format!("/operations/{}", transfer.operation.id);
            self.notify(call, Change::Updated, &suffix, Value::Object(data));
            return;
        }
        let mut members = vec![("state", json!(state))];
        if call.dialect == Dialect::Wire && !call.media_active {
            let mut media = super::wire::media_state();
            json::set(&mut media, "audio", "inactive");
            members.push(("mediaState", media));
        }
        self.notify_call(call, Change::Updated, members);
    }

    pub(super) fn accept_transfer(&mut self, now: Duration, call: &mut Call, target: &Participant) {
        let Some(transfer) = &call.transfer else { return };
        let is_in = |other: &Call| {
            other.is_connected() && other.peers.iter().any(|one| same_id(&one.party.id, &target.party.id))
        };
        // Who left the call with the bot meanwhile cannot be brought together with anybody.
        if transfer.replaces.is_some_and(|key| !self.calls.get(&key).is_some_and(is_in)) {
            self.transfer_failed(call);
            return;
        }
        let step = self.config.pace.step;
        self.enter(now + step, call, Step::TransferAccepted);
        self.enter(now + step * 2, call, Step::Transferred);
    }

    pub(super) fn transfer_accepted(&mut self, call: &mut Call) {
        if call.transfer.is_some() {
            call.state = State::TransferAccepted;
            call.media_active = false;
            self.tell_transfer(call);
        }
    }

    pub(super) fn transferred(&mut self, now: Duration, call: &mut Call) {
        let Some(transfer) = call.transfer.take() else { return };
        self.forget_events(call);
        let Some(key) = transfer.replaces else {
            self.terminate(now, call, EndCause::Transferred);
            return;
        };
        self.terminate(now, call, EndCause::TransferredByConsultation);
        self.with_call(key, |world, other| world.end(now, other, EndCause::Replaced));
    }

    /// The call is as it was before, and the bot is told so with a result that is no end.
    pub(super) fn transfer_failed(&mut self, call: &mut Call) {
        let Some(transfer) = call.transfer.take() else { return };
        call.state = State::Established;
        let mut members = vec![("state", json!("established"))];
        let result = match transfer.replaces {
            Some(_) => ResultInfo::CONSULTATIVE_TRANSFER_FAILED,
            None => ResultInfo::TRANSFER_FAILED,
        };
        members.push(("resultInfo", result.to_json(call.dialect)));
        if transfer.replaces.is_some() && !call.dialect.is_legacy() {
            members.push(("replacesContext", json!(self.id())));
        }
        self.notify_call(call, Change::Updated, members);
    }

    /// Lets nobody ring any more for somebody who has left.
    pub(super) fn stop_passing_on(&mut self, call: &mut Call, gone: &str) {
        if call.state == State::Redirecting {
            call.ringing.clear();
        }
        // Once it is accepted, leaving is what the transferee does.
        if call.state == State::Transferring
            && call.transfer.as_ref().is_some_and(|transfer| transfer.transferee == gone)
        {
            call.ringing.retain(|one| one.invited != Invited::ByTransfer);
            if call.peers.is_empty() {
                call.transfer = None;
            } else {
                self.transfer_failed(call);
            }
        }
    }
}
