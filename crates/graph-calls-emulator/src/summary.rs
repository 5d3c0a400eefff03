//! Exchanges in a few words.

use graph_calls_model::{CallsResource, PathRoot, ResourcePath};
use http::StatusCode;
use serde_json::Value;

use crate::{
    json::{at, items},
    route::download_recording::RECORDINGS,
    world::{Answer, Download, FaultPhase},
};

/// `POST …/answer`
pub(crate) fn request(method: &str, path: &str) -> String {
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    if let Some(recording) = path.strip_prefix(RECORDINGS) {
        return format!("{method} …/recordings/{}", short_id(recording));
    }
    let below = path.trim_start_matches('/').split_once('/').map_or(path, |(_, rest)| rest);
    let Ok(parsed) = ResourcePath::parse(below) else { return format!("{method} {path}") };
    // Deprecated roots are worth seeing.
    let root = match &parsed.root {
        PathRoot::Communications => "…",
        PathRoot::App => "/app/…",
        PathRoot::Application(_) => "/applications/…",
    };
    let resource = &parsed.resource;
    let mut short = format!("{method} {root}");
    match resource.call() {
        None => short.push_str("/calls"),
        // Nothing stands behind it that would say what this is about.
        Some(call) if matches!(resource, CallsResource::Call(_)) => {
            short.push('/');
            short.push_str(&short_id(call));
        }
        Some(_) => {}
    }
    if let Some(collection) = resource.collection() {
        short.push('/');
        short.push_str(collection.as_str());
    }
    if let Some(item) = resource.item() {
        short.push('/');
        short.push_str(&short_id(item));
    }
    if let Some(action) = resource.action() {
        short.push('/');
        short.push_str(action.as_str());
    }
    short
}

/// `202 Accepted`, `202 Accepted (lost: connection cut after the effect)`
pub(crate) fn answer(answer: &Answer) -> String {
    let line = match answer.status {
        0 => "no answer".to_owned(),
        status => response(status, answer.body.as_ref()),
    };
    marked(line, answer.fault.as_ref())
}

/// `206 Partial Content: 16044 bytes`
pub(crate) fn download(download: &Download) -> String {
    let Download { response: made, fault } = download;
    let status = response(made.status().as_u16(), None);
    let line = if !fault.as_ref().is_none_or(FaultPhase::has_answer) {
        "no answer".to_owned()
    } else if made.status().is_success() {
        format!("{status}: {} bytes", made.body().len())
    } else {
        status
    };
    marked(line, fault.as_ref())
}

fn marked(line: String, fault: Option<&FaultPhase>) -> String {
    match fault {
        Some(phase) => format!("{line} ({})", phase.mark()),
        None => line,
    }
}

/// `202 Accepted`, `404 Not Found: 8522 Call not found.`
pub(crate) fn response(status: u16, body: Option<&Value>) -> String {
    let code = StatusCode::from_u16(status).ok();
    let reason = code.and_then(|code| code.canonical_reason()).unwrap_or_default();
    let line = format!("{status} {reason}").trim_end().to_owned();
    let Some(body) = body else { return line };
    if let Some(error) = body.get("error").filter(|error| error.is_object()) {
        let (code, message) = (text(error, "code"), text(error, "message"));
        return format!("{line}: {code} {message}");
    }
    if let Some(error) = body.get("error").and_then(Value::as_str) {
        return format!("{line}: {error}");
    }
    if let Some(value) = body.get("value").and_then(Value::as_array) {
        let of = text(body, "@odata.context").rsplit_once('/').map_or("participants", |(_, of)| of);
        return format!("{line}: {} {of}", value.len());
    }
    match (kind(body), body.get("status").and_then(Value::as_str)) {
        (Some("call"), _) => format!("{line}: call {}", text(body, "state")),
        (Some(kind), Some(status)) => format!("{line}: {kind} {}", status.to_ascii_lowercase()),
        _ => line,
    }
}

/// `updated call: established`
pub(crate) fn notification(envelope: &Value) -> String {
    items(envelope, "/value").iter().map(item).collect::<Vec<_>>().join("; ")
}

fn item(item: &Value) -> String {
    let change = text(item, "changeType");
    match item.get("resourceData") {
        Some(Value::Array(participants)) => {
            let names: Vec<_> = participants.iter().map(|one| name(at(one, "/info/identity"))).collect();
            format!("{change} participants: {}", names.join(", "))
        }
        Some(data) => match kind(data) {
            Some("call") => call_item(change, data),
            Some(kind) => {
                // Sent tones end completed in any case, and a recording in several ways.
                let reason = at(data, "/completionReason").as_str().unwrap_or_default();
                let space = if reason.is_empty() { "" } else { " " };
                format!("{change} {kind}: {}{}{space}{reason}", text(data, "status"), result(data))
            }
            None => change.to_owned(),
        },
        None => change.to_owned(),
    }
}

fn call_item(change: &str, data: &Value) -> String {
    let mut line = format!("{change} call");
    let state = text(data, "state");
    let separator = if state.is_empty() { "" } else { ": " };
    line.push_str(separator);
    line.push_str(state);
    if change == "created" {
        line.push_str(" from ");
        line.push_str(&name(at(data, "/source/identity")));
    }
    if let Some(tone) = at(data, "/toneInfo/tone").as_str() {
        line.push_str(", ");
        line.push_str(tone);
    } else if let Some(audio) = at(data, "/mediaState/audio").as_str() {
        line.push_str(", audio ");
        line.push_str(audio);
    }
    if let Some(state) = at(data, "/transcription/state").as_str() {
        line.push_str(", transcription ");
        line.push_str(state);
    }
    if at(data, "/chatInfo").is_object() {
        line.push_str(", chat");
    }
    line.push_str(&result(data));
    if let Some(reason) = at(data, "/terminationReason").as_str() {
        line.push(' ');
        line.push_str(reason);
    }
    line
}

/// ` 200/5001`
fn result(data: &Value) -> String {
    let number = |name: &str| match at(data, &format!("/resultInfo/{name}")) {
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text.clone()),
        _ => None,
    };
    match (number("code"), number("subcode").or_else(|| number("subCode"))) {
        (Some(code), Some(subcode)) => format!(" {code}/{subcode}"),
        (Some(code), None) => format!(" {code}"),
        _ => String::new(),
    }
}

pub(crate) fn name(identity: &Value) -> String {
    let Some(set) = identity.as_object() else { return "somebody".to_owned() };
    let known = set.iter().find(|(slot, value)| !slot.starts_with('@') && value.is_object());
    match known {
        Some((slot, _)) if slot == "encrypted" => "somebody hidden".to_owned(),
        Some((_, identity)) => {
            let name = ["/displayName", "/ApplicationType", "/id"]
                .into_iter()
                .find_map(|member| at(identity, member).as_str());
            name.unwrap_or("somebody").to_owned()
        }
        None => "somebody".to_owned(),
    }
}

fn kind(data: &Value) -> Option<&str> {
    let kind = data.get("@odata.type")?.as_str()?;
    Some(kind.rsplit_once('.').map_or(kind, |(_, name)| name))
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The beginning of an id, enough to tell it from the others of a call.
pub(crate) fn short_id(id: &str) -> String {
    if id.chars().count() <= 12 {
        return id.to_owned();
    }
    id.chars().take(8).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::json;

    use super::*;

    #[test]
    fn requests_are_shortened_to_what_they_do() {
        let id = "2f1a0b00-1c2d-4e3f-8a9b-0c1d2e3f4a5b";
        for (path, short) in [
            ("/v1.0/communications/calls".to_owned(), "POST …/calls"),
            (format!("/v1.0/communications/calls/{id}/microsoft.graph.answer"), "POST …/answer"),
            (format!("/beta/app/calls/{id}/reject"), "POST /app/…/reject"),
            (format!("/v1.0/communications/calls/{id}"), "POST …/2f1a0b00…"),
            (format!("/v1.0/communications/calls/{id}/participants/{id}"), "POST …/participants/2f1a0b00…"),
            (format!("/recordings/{id}?x=1"), "POST …/recordings/2f1a0b00…"),
            ("/v1.0/me".to_owned(), "POST /v1.0/me"),
        ] {
            assert_eq!(request("POST", &path), short);
        }
    }

    #[test]
    fn responses_say_their_status_and_what_came() {
        let error = json!({ "error": { "code": "8522", "message": "Call not found." } });
        assert_eq!(response(404, Some(&error)), "404 Not Found: 8522 Call not found.");
        let operation = json!({ "@odata.type": "#microsoft.graph.playPromptOperation", "status": "Running" });
        assert_eq!(response(200, Some(&operation)), "200 OK: playPromptOperation running");
        assert_eq!(response(202, None), "202 Accepted");
    }

    #[test]
    fn downloads_say_how_much_came_and_what_went_wrong() {
        for (status, fault, says) in [
            (206, None, "206 Partial Content: 44 bytes"),
            (401, None, "401 Unauthorized"),
            (
                206,
                Some(FaultPhase::InBody),
                "206 Partial Content: 44 bytes (lost: connection cut inside the body)",
            ),
            (200, Some(FaultPhase::Silence), "no answer (fault: silence)"),
        ] {
            let mut response = http::Response::new(Bytes::from_static(&[0; 44]));
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            assert_eq!(download(&Download { response, fault }), says);
        }
    }

    #[test]
    fn notifications_say_what_changed() {
        let one = |change: &str, data: Value| {
            notification(&json!({ "value": [{ "changeType": change, "resourceData": data }] }))
        };
        let call = "#microsoft.graph.call";
        let ended = json!({ "@odata.type": call, "state": "terminated", "resultInfo": { "code": "200", "subcode": 5001 } });
        assert_eq!(one("deleted", ended), "deleted call: terminated 200/5001");
        assert_eq!(one("deleted", json!({ "@odata.type": call })), "deleted call");
        let tones = json!({
            "@odata.type": "#microsoft.graph.sendDtmfTonesOperation",
            "status": "completed", "completionReason": "mediaOperationCanceled",
        });
        assert_eq!(one("deleted", tones), "deleted sendDtmfTonesOperation: completed mediaOperationCanceled");
        let tone = json!({ "@odata.type": call, "state": "established", "toneInfo": { "tone": "tone1" } });
        assert_eq!(one("updated", tone), "updated call: established, tone1");
        let roster = json!([{ "info": { "identity": { "@odata.type": "x", "user": { "displayName": "Adele Vance" } } } }]);
        assert_eq!(one("updated", roster), "updated participants: Adele Vance");
    }
}
