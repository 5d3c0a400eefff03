//! Whole calls in a world without sockets, by the clock of the test.

mod dialects;
mod incoming;
mod media;
mod outgoing;
mod participants;
mod refusals;

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

use super::*;
use crate::summary;

pub(super) const ADELE: &str = "b0000000-0000-4000-8000-000000000001";
pub(super) const CALLS: &str = "/v1.0/communications/calls";

/// A world with a clock and a notebook.
pub(super) struct Stage {
    pub(super) world: World,
    pub(super) now: Duration,
    /// All notifications so far.
    pub(super) sent: Vec<Notification>,
    /// What people did and were told.
    pub(super) happened: Vec<String>,
    /// Prompts that are wanted.
    pub(super) wanted: Vec<(u64, String)>,
    told: usize,
}

pub(super) fn stage() -> Stage {
    Stage::new(WorldConfig::seeded(7).with_webhook("https://bot.example/calls"))
}

impl Stage {
    pub(super) fn new(config: WorldConfig) -> Self {
        let (sent, happened, wanted) = (Vec::new(), Vec::new(), Vec::new());
        Self { world: World::new(config), now: Duration::ZERO, sent, happened, wanted, told: 0 }
    }

    pub(super) fn tell(&mut self, input: Input) -> Vec<Effect> {
        let effects = self.world.handle(self.now, input);
        for effect in &effects {
            match effect {
                Effect::Notify(notification) => self.sent.push(notification.clone()),
                Effect::Happened { what, .. } => self.happened.push(what.clone()),
                Effect::FetchPrompt { fetch, url, .. } => self.wanted.push((*fetch, url.clone())),
                Effect::Respond(_) | Effect::Controlled { .. } => {}
            }
        }
        effects
    }

    /// Lets time go by, one due step after the other.
    pub(super) fn wait(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(due) = self.world.next_due().filter(|due| *due <= until) {
            self.now = due.max(self.now);
            self.tell(Input::Tick);
        }
        self.now = until;
    }

    pub(super) fn control(&mut self, control: Control) -> Result<Option<String>, ControlError> {
        let effects = self.tell(Input::Control { ask: 1, control });
        let outcome = effects.into_iter().find_map(|effect| match effect {
            Effect::Controlled { outcome, .. } => Some(outcome),
            _ => None,
        });
        outcome.expect("a control is answered")
    }

    pub(super) fn incoming(&mut self, call: IncomingCall) -> String {
        self.control(Control::Incoming(call)).unwrap().unwrap()
    }

    pub(super) fn api_as(&mut self, caller: ApiCaller, method: &Method, path: &str, body: &Value) -> Answer {
        let api = ApiCall {
            ask: 9,
            method: method.clone(),
            path: path.to_owned(),
            content_type: Some("application/json".to_owned()),
            client_request_id: Some("client-1".to_owned()),
            body: if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) },
            caller,
        };
        let effects = self.tell(Input::Api(api));
        let answer = effects.into_iter().find_map(|effect| match effect {
            Effect::Respond(answer) => Some(answer),
            _ => None,
        });
        answer.expect("a request is answered")
    }

    pub(super) fn api(&mut self, method: &Method, path: &str, body: &Value) -> Answer {
        self.api_as(self.bot(), method, path, body)
    }

    pub(super) fn bot(&self) -> ApiCaller {
        ApiCaller {
            app_id: self.world.config.app_id.clone(),
            tenant_id: self.world.config.tenant_id.clone(),
            roles: self.world.config.roles.clone(),
        }
    }

    pub(super) fn get(&mut self, path: &str) -> Answer {
        self.api(&Method::GET, path, &Value::Null)
    }

    pub(super) fn post(&mut self, path: &str, body: &Value) -> Answer {
        self.api(&Method::POST, path, body)
    }

    pub(super) fn delete(&mut self, path: &str) -> Answer {
        self.api(&Method::DELETE, path, &Value::Null)
    }

    /// The notifications since this was last asked, in words.
    pub(super) fn news(&mut self) -> Vec<String> {
        let news = self.sent[self.told..].iter().map(|one| summary::notification(&one.body)).collect();
        self.told = self.sent.len();
        news
    }

    /// The only item of the last notification.
    pub(super) fn last_item(&self) -> &Value {
        &self.sent.last().expect("something was sent").body["value"][0]
    }

    /// An incoming call from Adele that is answered, with all news of that read.
    pub(super) fn answered(&mut self) -> String {
        let call = self.incoming(IncomingCall::from_user(ADELE));
        assert_eq!(self.post(&format!("{CALLS}/{call}/answer"), &answer_body()).status, 202);
        self.wait(Duration::from_secs(1));
        self.news();
        call
    }
}

pub(super) fn answer_body() -> Value {
    json!({
        "callbackUri": "https://bot.example/calls/1",
        "acceptedModalities": ["audio"],
        "mediaConfig": { "@odata.type": "#microsoft.graph.serviceHostedMediaConfig" },
    })
}

pub(super) fn create_body(target: &Value) -> Value {
    json!({
        "@odata.type": "#microsoft.graph.call",
        "callbackUri": "https://bot.example/calls/2",
        "requestedModalities": ["audio"],
        "mediaConfig": { "@odata.type": "#microsoft.graph.serviceHostedMediaConfig" },
        "targets": [{ "@odata.type": "#microsoft.graph.invitationParticipantInfo", "identity": target }],
    })
}

pub(super) fn user(number: u32) -> Value {
    json!({
        "@odata.type": "#microsoft.graph.identitySet",
        "user": { "@odata.type": "#microsoft.graph.identity", "id": format!("b0000000-0000-4000-8000-{number:012}") },
    })
}

pub(super) fn phone(number: u32) -> Value {
    json!({ "phone": { "id": format!("+1555010000{number}") } })
}

pub(super) fn code(answer: &Answer) -> &str {
    answer.body.as_ref().and_then(|body| body["error"]["code"].as_str()).unwrap_or_default()
}
