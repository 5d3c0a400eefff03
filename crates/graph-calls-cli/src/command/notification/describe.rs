//! An item in the words of this program.

use graph_calls_core::model::{
    BotFrameworkPayload, Call, CallState, ChangeType, CommsOperation, EndReason, Form, IdentitySet,
    Notification, OperationKind, Participant, ReadError, Resource, ResultCode, ResultInfo, Text, Tone,
    TypedNotification,
};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    command::end_reason::{class_of, try_again, who},
    output::{Ink, Output, plain},
};

/// What is understood of an item. The first members are always there; the others where they apply.
#[derive(Debug, Default, Serialize)]
pub(in crate::command) struct Described {
    form: Option<&'static str>,
    change_type: Option<String>,
    resource: Option<String>,
    kind: &'static str,
    /// As the reference calls it; of a list that of its elements. Of what is not understood, what it says itself.
    #[serde(rename = "type")]
    of_type: Option<String>,
    call_id: Option<String>,
    state: Option<String>,
    direction: Option<String>,
    end: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    caller: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tone: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    audio: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    participants: Option<Value>,
    /// Who joins a recorded call, or has left it.
    #[serde(skip_serializing_if = "Option::is_none")]
    participant: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sessions: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    callback_uri: Option<String>,
    /// Why it was not understood.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

impl Described {
    pub(super) fn notification(item: &TypedNotification<'_>) -> Self {
        Self::of(&item.notification, item.resource.as_ref())
    }

    /// An item and what it is about, where that can be read.
    pub(in crate::command) fn of(
        item: &Notification<'_>,
        resource: Result<&Resource<'_>, &ReadError>,
    ) -> Self {
        let mut described = Self {
            form: item.form().map(Form::as_str),
            change_type: item.change_type().map(ToString::to_string),
            resource: item.path().map(str::to_owned),
            kind: "unrecognized",
            of_type: resource
                .ok()
                .and_then(Resource::type_name)
                .map(str::to_owned)
                .or_else(|| told_type(item)),
            call_id: item.call_id().map(|id| id.to_string()),
            callback_uri: item.callback_uri().map(str::to_owned),
            ..Self::default()
        };
        match resource {
            Ok(resource) => {
                described.kind = resource.kind();
                let deleted = item.change_type() == Some(&ChangeType::Deleted);
                described.take(resource, deleted);
            }
            Err(error) => described.problem = Some(error.to_string()),
        }
        described
    }

    pub(super) fn bot_framework(payload: &BotFrameworkPayload<'_>) -> Self {
        let known = payload.id.is_some() || payload.call_state.is_some();
        Self {
            form: Some("bot-framework"),
            kind: if known { "call" } else { "unrecognized" },
            of_type: known.then(|| "call".to_owned()),
            call_id: payload.id.as_deref().map(str::to_owned),
            state: payload.call_state.as_deref().map(str::to_owned),
            tenant_id: payload.tenant_id.as_deref().map(str::to_owned),
            problem: (!known).then(|| "it has neither `value` nor a call of the older form".to_owned()),
            ..Self::default()
        }
    }

    fn take(&mut self, resource: &Resource<'_>, deleted: bool) {
        match resource {
            Resource::Call(call) => self.call(call, deleted),
            Resource::Participants(participants) => self.participants = Some(roster(participants)),
            Resource::DeltaParticipants(delta) => self.participants = Some(roster(&delta.participants)),
            Resource::Operation(operation) => self.operation = Some(operation_json(operation)),
            Resource::ContentSharing(sessions) => self.sessions = Some(sessions.len()),
            // That somebody has come or gone does not end the call.
            Resource::ParticipantJoining(joining) => {
                self.participant = joining.call.as_deref().and_then(observed);
                if let Some(call) = &joining.call {
                    self.call(call, false);
                }
            }
            Resource::ParticipantLeft(left) => {
                self.participant = left
                    .participant_id
                    .as_ref()
                    .map(|id| json!({ "kind": null, "id": null, "name": null, "participant_id": id }));
                if let Some(call) = &left.call {
                    self.call(call, false);
                }
            }
            _ => {}
        }
    }

    fn call(&mut self, call: &Call<'_>, deleted: bool) {
        let text = |text: Option<&str>| text.map(str::to_owned);
        // The path names the call; the data has an id only now and then.
        self.call_id = self.call_id.take().or_else(|| text(call.id.as_deref()));
        self.state = call.state.as_ref().map(ToString::to_string);
        self.direction = call.direction.as_ref().map(ToString::to_string);
        self.tenant_id = text(call.tenant_id().map(Text::as_str));
        self.caller = call.source.as_ref().and_then(|source| source.identity.as_ref()).map(identity);
        self.audio =
            call.media_state.as_ref().and_then(|media| media.audio.as_ref()).map(ToString::to_string);
        self.tone = call.tone_info.as_ref().map(|info| {
            let tone = info.tone.as_ref();
            json!({
                "tone": tone, "key": tone.and_then(Tone::key),
                "sequence_id": info.sequence_id.map(|number| number.0),
            })
        });
        if deleted || call.state == Some(CallState::Terminated) {
            self.end = Some(end(call));
        } else if let Some(info) = &call.result_info {
            self.result = Some(result(info));
        }
    }

    pub(in crate::command) fn call_id(&self) -> Option<&str> {
        self.call_id.as_deref()
    }

    /// All that matters, in one line: `call updated: established, audio active`.
    pub(in crate::command) fn brief(&self) -> String {
        let mut line = self.kind.replace('_', " ");
        if let Some(change) = &self.change_type {
            line = format!("{line} {change}");
        }
        let told = [
            self.of_type.clone().filter(|_| self.kind == "unrecognized"),
            self.state.clone(),
            self.caller.as_ref().map(|caller| format!("from {}", words(caller))),
            self.audio.as_ref().map(|audio| format!("audio {audio}")),
            self.tone.as_ref().map(words),
            self.operation.as_ref().map(words),
            self.participants.as_ref().map(words),
            self.participant.as_ref().map(participant_words),
            self.sessions.map(|count| format!("{count} sessions")),
            self.result.as_ref().map(end_words),
            self.end.as_ref().map(end_words),
            self.problem.clone(),
        ];
        let told: Vec<String> = told.into_iter().flatten().collect();
        if !told.is_empty() {
            line = format!("{line}: {}", told.join(", "));
        }
        plain(&line)
    }

    pub(super) fn to_text(&self, place: usize, count: usize, output: Output) -> String {
        let what = self.change_type.as_deref().unwrap_or("no change type");
        let form = self.form.map_or(String::new(), |form| format!(", {form} form"));
        let kind = self.kind.replace('_', " ");
        let head = plain(&format!("item {place} of {count}: {kind} {what}{form}"));
        let mut lines = vec![output.paint(Ink::Bold, &head)];
        let mut put = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                let name = output.paint(Ink::Dim, &format!("{name:13}"));
                lines.push(format!("  {name}{}", plain(&value)));
            }
        };
        put("type", self.of_type.clone().filter(|_| self.kind == "unrecognized"));
        put("resource", self.resource.clone());
        put("call", self.call_id.clone());
        put("state", self.state.clone());
        put("direction", self.direction.clone());
        put("caller", self.caller.as_ref().map(words));
        put("audio", self.audio.clone());
        put("tone", self.tone.as_ref().map(words));
        put("operation", self.operation.as_ref().map(words));
        put("participants", self.participants.as_ref().map(words));
        put("participant", self.participant.as_ref().map(participant_words));
        put("sessions", self.sessions.map(|count| count.to_string()));
        put("result", self.result.as_ref().map(end_words));
        put("end", self.end.as_ref().map(end_words));
        put("", self.end.as_ref().and_then(blame));
        put("problem", self.problem.clone());
        lines.join("\n")
    }
}

/// What the data says it is.
fn told_type(item: &Notification<'_>) -> Option<String> {
    let data: Value = item.resource_data()?.read().ok()?;
    let told = data.get(0).unwrap_or(&data).get("@odata.type")?.as_str()?;
    told.rsplit('.').next().map(str::to_owned)
}

/// Whom a policy has recorded.
fn observed(call: &Call<'_>) -> Option<Value> {
    let user = call.application_metadata().and_then(|metadata| metadata.bot_data.as_ref()?.user());
    let by_context = call.incoming_context().and_then(|context| context.observed_participant_id.as_ref());
    let participant = by_context.or_else(|| user?.participant_id.as_ref());
    let id = user.and_then(|user| user.id.as_ref());
    let told = participant.is_some() || id.is_some();
    told.then(|| json!({ "kind": id.map(|_| "user"), "id": id, "name": null, "participant_id": participant }))
}

/// How a call ended, as far as the service says.
fn end(call: &Call<'_>) -> Value {
    let legacy = call.termination_reason.as_deref();
    let Some(info) = &call.result_info else {
        return match legacy {
            Some(reason) => json!({ "reason": reason, "termination_reason": reason }),
            None => json!({ "reason": "not given" }),
        };
    };
    let mut end = result(info);
    if let (Some(end), Some(legacy)) = (end.as_object_mut(), legacy) {
        end.insert("termination_reason".to_owned(), json!(legacy));
    }
    end
}

/// Code, subcode and what they mean.
fn result(info: &ResultInfo<'_>) -> Value {
    let diag = info.diag();
    let known = info.end_reason().or_else(|| {
        // Where code and subcode say little, the message may carry the pair that counts.
        diag.and_then(|diag| EndReason::find(diag.code, Some(diag.subcode)))
    });
    let elsewhere = || {
        let (code, subcode) = (info.number()?, info.subcode_number());
        EndReason::with_code(code).find(|row| row.subcode == subcode)
    };
    let row = known.or_else(elsewhere);
    let mut result = json!({
        "code": info.code.as_ref().map(code),
        "subcode": info.subcode.as_ref().map(code),
        "reason": row.map_or("not documented", |row| row.meaning),
    });
    let mut add = |name: &str, value: Value| {
        if let Some(members) = result.as_object_mut() {
            members.insert(name.to_owned(), value);
        }
    };
    if let Some(row) = row {
        add("who", json!(who(row.who)));
        add("normal", json!(row.normal));
        add("try_again", json!(try_again(row.try_again)));
        add("source", json!(row.source.to_string()));
        add("applies_to", json!(row.applies_to.to_string()));
    } else if let Some(code) = info.number() {
        add("class", json!(class_of(code)));
    }
    if let Some(message) = &info.message {
        add("message", json!(message));
    }
    if let Some(diag) = diag {
        add("diag", json!(format!("{}#{}", diag.code, diag.subcode)));
    }
    result
}

fn code(code: &ResultCode<'_>) -> Value {
    match code.number() {
        Some(number) => json!(number),
        None => json!(code.to_string()),
    }
}

fn identity(set: &IdentitySet<'_>) -> Value {
    match set.principal() {
        Some((kind, one)) => json!({ "kind": kind, "id": one.id, "name": one.display_name }),
        None => json!({ "kind": null, "id": null, "name": null }),
    }
}

fn roster(participants: &[Participant<'_>]) -> Value {
    let who: Vec<_> = participants
        .iter()
        .map(|one| {
            let mut entry = one.identity().map_or_else(|| json!({}), identity);
            if let Some(entry) = entry.as_object_mut() {
                entry.insert("participant_id".to_owned(), json!(one.id));
                if one.removed_state().is_some() {
                    entry.insert("removed".to_owned(), json!(true));
                }
            }
            entry
        })
        .collect();
    json!({ "count": participants.len(), "who": who })
}

fn operation_json(operation: &CommsOperation<'_>) -> Value {
    json!({
        "kind": operation.kind.as_ref().map(OperationKind::name),
        "id": operation.id,
        "client_context": operation.client_context,
        "status": operation.status,
        // For sent tones it alone tells a failure.
        "completion_reason": operation.completion_reason(),
        "result": operation.result_info.as_ref().map(result),
    })
}

/// A value in a line, for people.
fn words(value: &Value) -> String {
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    if let Some(who) = value.get("who").and_then(Value::as_array) {
        let names: Vec<_> = who.iter().map(words).collect();
        return if names.is_empty() { "nobody".to_owned() } else { names.join(", ") };
    }
    if let Some(tone) = text("tone") {
        let number = value.get("sequence_id").and_then(Value::as_i64);
        return number.map_or_else(|| tone.to_owned(), |number| format!("{tone}, number {number}"));
    }
    if let Some(status) = text("status") {
        let mut line = format!("{}, {status}", text("kind").unwrap_or("commsOperation"));
        if let Some(reason) = text("completion_reason") {
            line.push_str(", ");
            line.push_str(reason);
        }
        if let Some(result) = value.get("result").filter(|result| !result.is_null()) {
            line.push_str(", ");
            line.push_str(&end_words(result));
        }
        return line;
    }
    let kind = text("kind").unwrap_or("somebody");
    let id = text("id").unwrap_or("without an id");
    text("name").map_or_else(|| format!("{kind} {id}"), |name| format!("{name} ({kind} {id})"))
}

fn participant_words(value: &Value) -> String {
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    match (text("id"), text("participant_id")) {
        (Some(_), Some(participant)) => format!("{}, in the call {participant}", words(value)),
        (None, Some(participant)) => participant.to_owned(),
        _ => words(value),
    }
}

fn end_words(end: &Value) -> String {
    let number = |name: &str| match end.get(name) {
        Some(Value::Null) | None => None,
        Some(Value::String(word)) => Some(word.clone()),
        Some(other) => Some(other.to_string()),
    };
    let reason = end.get("reason").and_then(Value::as_str).unwrap_or("not given");
    match (number("code"), number("subcode")) {
        (Some(code), Some(subcode)) => format!("{code}/{subcode}: {reason}"),
        (Some(code), None) => format!("{code}: {reason}"),
        _ if reason == "not given" => "the service gives no reason".to_owned(),
        _ => reason.to_owned(),
    }
}

fn blame(end: &Value) -> Option<String> {
    let text = |name: &str| end.get(name).and_then(Value::as_str);
    if let Some(class) = text("class") {
        return Some(class.to_owned());
    }
    let normal = if end.get("normal")?.as_bool()? { "normal" } else { "not normal" };
    let try_again = text("try_again")?.replace('_', " ");
    let who = match text("who")? {
        "other" => "another participant",
        "unknown" => "not told",
        who => who,
    };
    Some(format!("whose doing: {who}; {normal}; try again: {try_again}"))
}
