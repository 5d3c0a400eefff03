//! A request that failed, told to a person: what happened, how sure it is, what to do.

use std::fmt::Write as _;

use graph_calls_core::{Certainty, Error, ErrorKind};

use crate::exit::{Code, Failure, chain};

/// Whether a request changes anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It only reads.
    None,
    /// It does something.
    Some,
}

/// What standard error is told of a failed request, and the exit code.
pub(crate) fn failure(error: &Error, effect: Effect) -> Failure {
    let certainty = if effect == Effect::None { Certainty::Refused } else { error.certainty() };
    let mut text = what(error);
    text.push_str(".\n");
    text.push_str(&sure(error, effect));
    let ids = ids(error);
    if !ids.is_empty() {
        let _ = write!(text, " ({ids})");
    }
    let advice = if certainty == Certainty::Unknown { look(error) } else { advice(error).to_owned() };
    let _ = write!(text, "\n{advice}");
    let code = if certainty == Certainty::Unknown { Code::Unknown } else { Code::Failed };
    Failure::new(code, text)
}

fn what(error: &Error) -> String {
    let mut text = if error.kind() == ErrorKind::Status { error.to_string() } else { chain(error) };
    if let Some(message) = error.graph_error().and_then(|graph| graph.message.as_deref()) {
        let _ = write!(text, ": {}", crate::output::plain(message.trim().trim_end_matches('.')));
    }
    text
}

fn sure(error: &Error, effect: Effect) -> String {
    let sure = match (effect, error.certainty()) {
        (Effect::None, _) => "It only asked: nothing was changed.",
        (_, Certainty::Unsent) => "Certain: it never reached the service, and nothing happened.",
        (_, Certainty::Refused) => "Certain: the service refused it, and nothing happened.",
        (_, Certainty::Unknown) if error.is_answer_lost() => {
            "It is done, but its answer was lost, and with it what it said."
        }
        (_, Certainty::Unknown) => "Unknown: it may have had its effect.",
    };
    sure.to_owned()
}

fn ids(error: &Error) -> String {
    let mut parts = Vec::new();
    if let Some(id) = error.request_id() {
        parts.push(format!("request-id {id}"));
    }
    if let Some(id) = error.client_request_id() {
        parts.push(format!("client-request-id {id}"));
    }
    if error.attempts() > 1 {
        parts.push(format!("{} attempts", error.attempts()));
    }
    parts.join(", ")
}

/// What identifies the effect, and how to look for it.
fn look(error: &Error) -> String {
    let correlation = error.correlation();
    let mut text = String::from("Do not repeat it before you have looked: ");
    if let Some(call) = &correlation.call_id {
        if error.name().starts_with("participant-") {
            let _ = write!(text, "`graph-calls participant list {call}` shows who is in the call");
        } else {
            let _ = write!(text, "`graph-calls call get {call}` shows where the call stands");
        }
    } else if let Some(uri) = &correlation.callback_uri {
        let _ = write!(
            text,
            "a call that came about sends its notifications to {uri}; its id is in their resourceUrl, and \
             `graph-calls call get ID` shows where it stands"
        );
    } else {
        text.push_str("nothing identifies its effect");
    }
    if let Some(context) = &correlation.client_context {
        let _ = write!(text, "; notifications of its operation carry the clientContext {context}");
    }
    text.push('.');
    text
}

fn advice(error: &Error) -> &'static str {
    match error.kind() {
        ErrorKind::Request => "What to do: mend the arguments; nothing was sent.",
        ErrorKind::Connect => "What to do: look at network, proxy and firewall, then run it again.",
        ErrorKind::Auth => {
            "What to do: look at AZURE_TENANT_ID, AZURE_CLIENT_ID and what proves the app (AZURE_CLIENT_SECRET, for example), or give another ready token."
        }
        ErrorKind::Status => by_status(error),
        _ => "What to do: run it again.",
    }
}

fn by_status(error: &Error) -> &'static str {
    match error.status().map_or(0, |status| status.as_u16()) {
        400 => "What to do: compare the request (--dry-run shows it) with the reference page.",
        401 => "What to do: the token was refused; it must be for this Graph, for this app, and not expired.",
        403 => {
            "What to do: look whether the app has the permission and its consent, and whether the tenant is right."
        }
        404 => "What to do: nothing, if the call is over (its id is gone then); else look at the id.",
        409 => {
            "What to do: look where the call stands with `graph-calls call get`; its state does not allow this."
        }
        429 => "What to do: wait, then run it again; the service has too many requests of this app.",
        501 => "What to do: the emulator does not know this route yet.",
        _ => "What to do: run it again; should it go on, give the request-id to the service's support.",
    }
}
