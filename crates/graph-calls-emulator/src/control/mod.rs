//! The control API below `/__emulator/v1/`: what a test or a person does to the emulated world.

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, header};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::json;

use crate::{
    Colour,
    engine::Message,
    json, ladder,
    server::{Reply, Shared, empty, json_reply, typed, with_header},
    wav,
    world::{Control, ControlError, Fault, IncomingCall},
};

/// Why a control is refused.
#[derive(Debug)]
enum Refused {
    Control(ControlError),
    BadBody(String),
    NotJson,
    NoSuchPath,
    WrongMethod(&'static str),
}

impl From<ControlError> for Refused {
    fn from(error: ControlError) -> Self {
        Self::Control(error)
    }
}

impl Refused {
    fn reply(self) -> Reply {
        let (status, code, message) = match &self {
            Refused::Control(error) => (control_status(error), error.code(), error.to_string()),
            Refused::BadBody(why) => (StatusCode::BAD_REQUEST, "bad_body", why.clone()),
            Refused::NotJson => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "not_json",
                "the content type is not application/json".to_owned(),
            ),
            Refused::NoSuchPath => (
                StatusCode::NOT_FOUND,
                "no_such_path",
                "there is no such control; there are env, people, calls, trace, ladder, incoming, webhook, faults, \
                 applied"
                    .to_owned(),
            ),
            Refused::WrongMethod(allowed) => {
                (StatusCode::METHOD_NOT_ALLOWED, "wrong_method", format!("this control is for {allowed}"))
            }
        };
        let reply = json_reply(status, &json!({ "error": { "code": code, "message": message } }));
        match self {
            Refused::WrongMethod(allowed) => with_header(reply, header::ALLOW, allowed),
            _ => reply,
        }
    }
}

fn control_status(error: &ControlError) -> StatusCode {
    match error {
        ControlError::UnknownCall(_) | ControlError::UnknownParticipant(_) => StatusCode::NOT_FOUND,
        ControlError::CallOver(_) | ControlError::NotEstablished(_) | ControlError::NoWebhook => {
            StatusCode::CONFLICT
        }
        ControlError::UnknownPerson(_)
        | ControlError::UnknownInstance(_)
        | ControlError::UnknownKey(_)
        | ControlError::BadUrl(_)
        | ControlError::BadFault { .. } => StatusCode::BAD_REQUEST,
        ControlError::Stopped => StatusCode::SERVICE_UNAVAILABLE,
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tone {
    tone: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Join {
    person: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Leave {
    participant: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Webhook {
    url: Option<String>,
}

pub(crate) async fn answer(
    shared: &Shared,
    method: &Method,
    path: &str,
    headers: &HeaderMap,
    body: &Bytes,
) -> Reply {
    let segments: Vec<_> = path.split('/').collect();
    let outcome = match *method {
        Method::GET => look(shared, &segments).await,
        Method::POST => act(shared, &segments, headers, body).await,
        Method::DELETE if segments == ["faults"] => clear_faults(shared).await,
        _ if segments == ["faults"] => Err(Refused::WrongMethod("GET, POST or DELETE")),
        _ => Err(Refused::WrongMethod("GET or POST")),
    };
    outcome.unwrap_or_else(Refused::reply)
}

async fn look(shared: &Shared, segments: &[&str]) -> Result<Reply, Refused> {
    match segments {
        ["env"] => json_of(&shared.env),
        ["people"] => json_of(&shared.ask(Message::People).await?),
        ["calls"] => json_of(&shared.ask(Message::Calls).await?),
        ["faults"] => json_of(&shared.ask(Message::Faults).await?),
        // What `World::applied` has: each logical request and how often it had its effect.
        ["applied"] => json_of(&shared.ask(Message::Applied).await?),
        ["trace"] => {
            let mut lines = String::new();
            for exchange in shared.trace.exchanges(None) {
                lines.push_str(&serde_json::to_string(&exchange).unwrap_or_default());
                lines.push('\n');
            }
            Ok(typed(StatusCode::OK, "application/x-ndjson", lines))
        }
        ["ladder", call] => {
            let exchanges = shared.trace.exchanges(Some(call));
            if exchanges.is_empty() {
                return Err(ControlError::UnknownCall((*call).to_owned()).into());
            }
            let text = ladder::text(&ladder::layout(&exchanges), Colour::Never);
            Ok(typed(StatusCode::OK, "text/plain; charset=utf-8", text))
        }
        ["prompts", "welcome.wav"] => Ok(typed(StatusCode::OK, "audio/wav", wav::welcome())),
        ["incoming" | "webhook"] | ["calls", _, "hangup" | "tone" | "join" | "leave"] => {
            Err(Refused::WrongMethod("POST"))
        }
        _ => Err(Refused::NoSuchPath),
    }
}

async fn act(
    shared: &Shared,
    segments: &[&str],
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<Reply, Refused> {
    let control = match segments {
        ["incoming"] => Control::Incoming(read::<IncomingCall>(headers, body)?),
        ["webhook"] => Control::Webhook(read::<Webhook>(headers, body)?.url),
        ["faults"] => Control::AddFault(read::<Fault>(headers, body)?),
        ["calls", call, action] => {
            let call = (*call).to_owned();
            match *action {
                "hangup" => Control::HangUp { call },
                "tone" => Control::Press { call, keys: read::<Tone>(headers, body)?.tone },
                "join" => Control::Join { call, person: read::<Join>(headers, body)?.person },
                "leave" => Control::Leave { call, participant: read::<Leave>(headers, body)?.participant },
                _ => return Err(Refused::NoSuchPath),
            }
        }
        ["env" | "people" | "calls" | "trace" | "applied"] | ["ladder", _] | ["prompts", "welcome.wav"] => {
            return Err(Refused::WrongMethod("GET"));
        }
        _ => return Err(Refused::NoSuchPath),
    };
    let made = match &control {
        Control::Incoming(_) => "call",
        Control::AddFault(_) => "fault",
        _ => "participant",
    };
    let id = shared.ask(|outcome| Message::Control(control, outcome)).await??;
    Ok(match id {
        Some(id) => {
            let mut reply = json!({});
            json::set(&mut reply, made, id);
            json_reply(StatusCode::CREATED, &reply)
        }
        None => empty(StatusCode::NO_CONTENT),
    })
}

async fn clear_faults(shared: &Shared) -> Result<Reply, Refused> {
    shared.ask(|outcome| Message::Control(Control::ClearFaults, outcome)).await??;
    Ok(empty(StatusCode::NO_CONTENT))
}

fn json_of(value: &impl serde::Serialize) -> Result<Reply, Refused> {
    let value = serde_json::to_value(value).map_err(|error| Refused::BadBody(error.to_string()))?;
    Ok(json_reply(StatusCode::OK, &value))
}

// The content type is asked for so that no web page can place calls: a browser asks before it sends this one.
fn read<T: DeserializeOwned>(headers: &HeaderMap, body: &Bytes) -> Result<T, Refused> {
    let media_type =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !media_type.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json") {
        return Err(Refused::NotJson);
    }
    serde_json::from_slice(body).map_err(|error| Refused::BadBody(error.to_string()))
}
