//! Calls and comms operations for people to read.

use graph_calls_core::{
    CreatedCall,
    model::{Call, CommsOperation, IdentitySet, OperationKind, ResultInfo},
};

use crate::output::{Ink, Output, plain};

/// Columns of names.
const NAMES: usize = 12;

/// A call, one member a line.
pub(super) fn call(call: &Call<'_>, output: Output) -> String {
    let mut lines = Vec::new();
    let mut put = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            let name = output.paint(Ink::Dim, &format!("{name:NAMES$}"));
            lines.push(format!("{name}{}", plain(&value)));
        }
    };
    put("call", call.id.as_deref().map(str::to_owned));
    put("state", call.state.as_ref().map(ToString::to_string));
    put("direction", call.direction.as_ref().map(ToString::to_string));
    put("source", call.source.as_ref().and_then(|source| source.identity.as_ref()).map(who));
    let targets: Vec<_> =
        call.targets.iter().filter_map(|target| target.identity.as_ref()).map(who).collect();
    put("targets", (!targets.is_empty()).then(|| targets.join(", ")));
    let audio = call.media_state.as_ref().and_then(|media| media.audio.as_ref());
    put("audio", audio.map(ToString::to_string));
    put("tenant", call.tenant_id().map(|tenant| tenant.as_str().to_owned()));
    put("callback", call.callback_uri().map(|uri| uri.as_str().to_owned()));
    put("chain id", call.call_chain_id().map(|id| id.as_str().to_owned()));
    let reason = call.result_info.as_ref().and_then(ResultInfo::end_reason);
    put("ended", reason.map(ToString::to_string));
    lines.join("\n")
}

/// A call that was just made.
pub(super) fn created(created: &CreatedCall) -> String {
    let state = created.call.state.as_ref().map_or("establishing", |state| state.as_str());
    plain(&format!("call {}, {state}", created.id))
}

/// A comms operation in one line.
pub(super) fn operation(operation: &CommsOperation<'_>) -> String {
    let kind = operation.kind.as_ref().map_or("commsOperation", OperationKind::name);
    let mut text = kind.to_owned();
    if let Some(id) = &operation.id {
        text.push(' ');
        text.push_str(id);
    }
    if let Some(status) = &operation.status {
        text.push_str(", ");
        text.push_str(status.as_str());
        if !status.is_final() {
            text.push_str("; how it ends comes as a notification");
        }
    }
    plain(&text)
}

/// Somebody, by name where there is one.
pub(crate) fn who(identity: &IdentitySet<'_>) -> String {
    let Some((kind, one)) = identity.principal() else { return "somebody".to_owned() };
    let id = one.id.as_deref().unwrap_or("without an id");
    match one.display_name.as_deref() {
        Some(name) if !name.is_empty() => format!("{name} ({kind} {id})"),
        _ => format!("{kind} {id}"),
    }
}
