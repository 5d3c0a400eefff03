//! What is sent: the requests of a bot that rejects, plays, looks and invites.

use std::borrow::Cow;

use bytes::Bytes;
use graph_calls_core::{
    ApiRequest, ApiVersion, GetCall, InviteParticipants, PlayPrompt, RejectCall, Repeat, Result,
    model::{
        CallId, ClientContext, InvitationParticipantInfo, InviteParticipantsBody, MediaInfo, MediaPrompt,
        PlayPromptBody, RejectReason,
    },
};

/// Ids of calls are GUIDs: the scenario is read from it.
const CALL: &str = "57dab8b1-894c-409a-b240-bd8beae78896";

/// A request whose answer nobody reads: that would cost the same on both sides, and hide a part of what sending does.
#[derive(Debug, Clone)]
pub(super) struct Unread<R>(R);

impl<R: ApiRequest> ApiRequest for Unread<R> {
    type Output = ();
    const NAME: &'static str = R::NAME;
    const REPEAT: Repeat = R::REPEAT;
    const VERSION: ApiVersion = R::VERSION;

    fn to_http(&self) -> Result<http::Request<Bytes>> {
        self.0.to_http()
    }

    fn read(&self, _response: http::Response<Bytes>) -> Result<()> {
        Ok(())
    }

    fn name(&self) -> Cow<'static, str> {
        self.0.name()
    }

    fn call_id(&self) -> Option<&CallId> {
        self.0.call_id()
    }
}

fn call() -> CallId {
    CallId::new(CALL).expect("an id")
}

fn context() -> ClientContext {
    ClientContext::new("d45324c1-fcb5-430a-902c-f20af696537c").expect("a context")
}

pub(super) fn reject() -> Unread<RejectCall> {
    Unread(RejectCall::new(call(), RejectReason::Busy))
}

pub(super) fn play_prompt() -> Unread<PlayPrompt> {
    let media = MediaInfo::new("https://cdn.contoso.com/beep.wav");
    let prompt = MediaPrompt::new(media.with_resource_id("1D6DE2D4-CD51-4309-8DAA-70768651088E"));
    Unread(PlayPrompt::new(call(), PlayPromptBody::new(prompt).with_client_context(context())))
}

pub(super) fn get_call() -> Unread<GetCall> {
    Unread(GetCall::new(call()))
}

pub(super) fn invite_of_5() -> Unread<InviteParticipants> {
    let users = (1..=5).map(|number| {
        InvitationParticipantInfo::user(format!("8d1e6ab6-26c5-4e22-a1bc-06ea7343958{number}"))
    });
    let body = InviteParticipantsBody::several(users).expect("five may come");
    Unread(InviteParticipants::new(call(), body.with_client_context(context())))
}
