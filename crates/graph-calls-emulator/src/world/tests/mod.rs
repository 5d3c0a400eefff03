//! Whole calls in a world without sockets, by the clock of the test.

mod audio_routing;
mod dialects;
mod features;
mod gallery;
mod hold;
mod incoming;
mod muting;
mod outgoing;
mod participants;
mod prompts;
mod record_response;
mod recording_status;
mod redirect;
mod refusals;
mod reports;
mod roster_reading;
mod tones;
mod transfer;

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

use super::*;
use crate::summary;

pub(super) const ADELE: &str = "b0000000-0000-4000-8000-000000000001";
pub(super) const HUGO: &str = "b0000000-0000-4000-8000-000000000008";
pub(super) const CALLS: &str = "/v1.0/communications/calls";

/// What [`Stage::group`] is told of when its roster changes.
pub(super) const ROSTER_OF_THREE: &str = "updated participants: Calling Bot, Adele Vance, Hugo Morel";

/// What is told of a call on its way from an answer or a pick-up to audio that flows.
pub(super) const ESTABLISHED: [&str; 4] = [
    "updated call: establishing",
    "updated call: established",
    "updated call: established, audio active",
    "updated call: established, audio active, chat",
];

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

    pub(super) fn patch(&mut self, path: &str, body: &Value) -> Answer {
        self.api(&Method::PATCH, path, body)
    }

    pub(super) fn post_without(&mut self, role: &str, path: &str, body: &Value) -> Answer {
        let roles = self.bot().roles.into_iter().filter(|one| one != role).collect();
        self.api_as(ApiCaller { roles, ..self.bot() }, &Method::POST, path, body)
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

    /// How often the request had its effect whose logical id ends so: there is one at most.
    pub(super) fn applied(&self, end: &str) -> u64 {
        let mut found = self.world.applied().iter().filter(|(id, _)| id.ends_with(end));
        let times = found.next().map_or(0, |(_, times)| *times);
        assert_eq!(found.next(), None, "{end} is not enough to tell it from others");
        times
    }

    /// The id of the participant with this name.
    pub(super) fn participant(&mut self, call: &str, name: &str) -> String {
        let body = self.get(&format!("{CALLS}/{call}/participants")).body.unwrap();
        let named = |one: &Value| {
            let set = one["info"]["identity"].as_object().unwrap();
            set.values().any(|identity| identity["displayName"] == name)
        };
        let found = body["value"].as_array().unwrap().iter().find(|one| named(one)).cloned();
        found.expect("somebody has this name")["id"].as_str().unwrap().to_owned()
    }

    /// A group call of the bot, Adele and Hugo, with all news of that read.
    pub(super) fn group(&mut self) -> String {
        self.group_with(service_hosted())
    }

    pub(super) fn group_with(&mut self, media: Value) -> String {
        let call = self.answered_with(media);
        self.join(&call, HUGO);
        self.news();
        call
    }

    /// Lets somebody join.
    pub(super) fn join(&mut self, call: &str, person: &str) -> String {
        self.control(Control::Join { call: call.to_owned(), person: person.to_owned() }).unwrap().unwrap()
    }

    /// Lets the other side press keys.
    pub(super) fn press(&mut self, call: &str, keys: &str) {
        self.control(Control::Press { call: call.to_owned(), keys: keys.to_owned() }).unwrap();
    }

    /// Tells the outcome of the first fetch of a prompt that is wanted.
    pub(super) fn fetched(&mut self, outcome: Result<Duration, &str>) {
        let (fetch, _) = self.wanted.remove(0);
        self.tell(Input::PromptFetched { fetch, outcome: outcome.map_err(str::to_owned) });
    }

    /// The recording status of everybody in the call.
    pub(super) fn recording_statuses(&mut self, call: &str) -> Vec<Value> {
        let body = self.get(&format!("{CALLS}/{call}/participants")).body.unwrap();
        let list = body["value"].as_array().unwrap();
        list.iter().map(|one| one["recordingInfo"]["recordingStatus"].clone()).collect()
    }

    /// The ids of the participants, the bot's first.
    pub(super) fn ids(&mut self, call: &str) -> Vec<String> {
        let body = self.get(&format!("{CALLS}/{call}/participants")).body.unwrap();
        let list = body["value"].as_array().unwrap();
        list.iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
    }

    /// An incoming call from Adele that is answered, with all news of that read.
    pub(super) fn answered(&mut self) -> String {
        self.answered_with(service_hosted())
    }

    pub(super) fn answered_with(&mut self, media: Value) -> String {
        let call = self.incoming(IncomingCall::from_user(ADELE));
        self.answer(&call, media);
        call
    }

    /// Answers a call that comes in, and reads all news of that.
    pub(super) fn answer(&mut self, call: &str, media: Value) {
        let mut body = answer_body();
        body["mediaConfig"] = media;
        assert_eq!(self.post(&format!("{CALLS}/{call}/answer"), &body).status, 202);
        self.wait(Duration::from_secs(1));
        self.news();
    }
}

pub(super) fn answer_body() -> Value {
    json!({
        "callbackUri": "https://bot.example/calls/1",
        "acceptedModalities": ["audio"],
        "mediaConfig": service_hosted(),
    })
}

pub(super) fn service_hosted() -> Value {
    json!({ "@odata.type": "#microsoft.graph.serviceHostedMediaConfig" })
}

pub(super) fn app_hosted() -> Value {
    json!({ "@odata.type": "#microsoft.graph.appHostedMediaConfig", "blob": "opaque" })
}

pub(super) fn create_body(target: &Value) -> Value {
    json!({
        "@odata.type": "#microsoft.graph.call",
        "callbackUri": "https://bot.example/calls/2",
        "requestedModalities": ["audio"],
        "mediaConfig": service_hosted(),
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
