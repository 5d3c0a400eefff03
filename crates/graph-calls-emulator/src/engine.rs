//! The task that owns the world: inputs in, effects out, awake when something is due.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use http::Method;
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::sleep_until,
};

use crate::{
    deliver::{Courier, header_list},
    fetch, summary,
    trace::{Draft, ExchangeKind, Lane},
    world::{
        Answer, ApiCall, CallView, Control, ControlError, Download, Effect, FaultPhase, FaultView, Input,
        Person, World,
    },
};

/// What the engine is asked.
#[derive(Debug)]
pub(crate) enum Message {
    /// A Graph request with its headers, for the trace.
    Api(Box<ApiCall>, Vec<(String, String)>, oneshot::Sender<Answer>),
    /// A connection was accepted. Is it to be cut?
    Connect(oneshot::Sender<bool>),
    /// The head of a Graph request was read: method, path and headers. Is it to be cut there?
    Head(Method, String, Vec<(String, String)>, oneshot::Sender<bool>),
    /// The download of a recording.
    Download(Box<http::Request<()>>, oneshot::Sender<Download>),
    Control(Control, oneshot::Sender<Result<Option<String>, ControlError>>),
    Calls(oneshot::Sender<Vec<CallView>>),
    People(oneshot::Sender<Vec<Person>>),
    Faults(oneshot::Sender<Vec<FaultView>>),
    Applied(oneshot::Sender<BTreeMap<String, u64>>),
    /// The outcome of an effect.
    Fed(Input),
}

/// The engine and what it works with.
#[derive(Debug)]
pub(crate) struct Engine {
    world: World,
    courier: Courier,
    asked: u64,
    answers: HashMap<u64, oneshot::Sender<Answer>>,
    outcomes: HashMap<u64, oneshot::Sender<Result<Option<String>, ControlError>>>,
}

impl Engine {
    pub(crate) fn new(world: World, courier: Courier) -> Self {
        Self { world, courier, asked: 0, answers: HashMap::new(), outcomes: HashMap::new() }
    }

    pub(crate) async fn run(
        mut self,
        mut messages: mpsc::UnboundedReceiver<Message>,
        mut stop: watch::Receiver<bool>,
    ) {
        loop {
            let due = self.world.next_due().map(|due| self.courier.wall.instant(due));
            let message = tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                message = messages.recv() => match message {
                    Some(message) => message,
                    None => return,
                },
                () = async {
                    match due {
                        Some(due) => sleep_until(due).await,
                        None => std::future::pending().await,
                    }
                } => Message::Fed(Input::Tick),
            };
            self.take(message);
        }
    }

    fn take(&mut self, message: Message) {
        let now = self.courier.wall.elapsed();
        match message {
            Message::Api(mut api, headers, answer) => {
                self.asked += 1;
                api.ask = self.asked;
                self.answers.insert(self.asked, answer);
                let request = Request::of(&api, headers);
                let effects = self.world.handle(now, Input::Api(*api));
                self.record_request(now, request, &effects);
                self.apply(now, effects);
            }
            Message::Connect(cut) => {
                self.asked += 1;
                let effects = self.world.handle(now, Input::Connect { ask: self.asked });
                let answer = answer_in(&effects);
                if let Some(answer) = answer {
                    self.record_answer(now, None, answer);
                }
                let _ = cut.send(answer.is_some());
                self.apply(now, effects);
            }
            Message::Head(method, path, headers, cut) => {
                self.asked += 1;
                let request = Request { method: method.to_string(), path: path.clone(), headers, body: None };
                let effects = self.world.handle(now, Input::Head { ask: self.asked, method, path });
                let is_cut = answer_in(&effects).is_some();
                if is_cut {
                    self.record_request(now, request, &effects);
                }
                let _ = cut.send(is_cut);
                self.apply(now, effects);
            }
            Message::Download(request, answer) => {
                // What is due may discard it.
                let effects = self.world.handle(now, Input::Tick);
                self.apply(now, effects);
                let download = self.world.download(&request);
                self.record_download(now, &request, &download);
                let _ = answer.send(download);
            }
            Message::Control(control, outcome) => {
                self.asked += 1;
                self.outcomes.insert(self.asked, outcome);
                let effects = self.world.handle(now, Input::Control { ask: self.asked, control });
                self.apply(now, effects);
            }
            Message::Calls(calls) => {
                let _ = calls.send(self.world.calls());
            }
            Message::People(people) => {
                let _ = people.send(self.world.people().to_vec());
            }
            Message::Faults(faults) => {
                let _ = faults.send(self.world.faults());
            }
            Message::Applied(applied) => {
                let _ = applied.send(self.world.applied().clone());
            }
            Message::Fed(input) => {
                let effects = self.world.handle(now, input);
                self.apply(now, effects);
            }
        }
    }

    /// Puts everything into the trace before anybody is answered: who was told that a person called finds the call.
    fn apply(&mut self, now: Duration, effects: Vec<Effect>) {
        for effect in &effects {
            if let Effect::Happened { call, to_person, what } = effect {
                let (from, to) =
                    if *to_person { (Lane::Service, Lane::Caller) } else { (Lane::Caller, Lane::Service) };
                let draft = Draft::new(now, ExchangeKind::Happening, from, to, what.clone());
                self.courier.trace.record(Draft { call: Some(call.clone()), ..draft });
            }
        }
        for effect in effects {
            match effect {
                Effect::Respond(answer) => {
                    if let Some(waiting) = self.answers.remove(&answer.ask) {
                        // The client may have gone; the effect stands.
                        let _ = waiting.send(answer);
                    }
                }
                Effect::Controlled { ask, outcome } => {
                    if let Some(waiting) = self.outcomes.remove(&ask) {
                        let _ = waiting.send(outcome);
                    }
                }
                Effect::Notify(notification) => self.courier.carry(notification),
                Effect::FetchPrompt { fetch, url, .. } => self.fetch(fetch, url),
                Effect::Happened { .. } => {}
            }
        }
    }

    fn fetch(&self, fetch: u64, url: String) {
        let (client, engine) = (self.courier.client.clone(), self.courier.engine.clone());
        let mut stop = self.courier.stop.clone();
        tokio::spawn(async move {
            let outcome = tokio::select! {
                outcome = fetch::prompt(&client, &url) => outcome,
                _ = stop.wait_for(|stop| *stop) => return,
            };
            let _ = engine.send(Message::Fed(Input::PromptFetched { fetch, outcome }));
        });
    }

    /// Records a download and its answer; the bytes are left out.
    fn record_download(&self, now: Duration, request: &http::Request<()>, download: &Download) {
        let path = request.uri().path_and_query().map_or_else(|| request.uri().path(), |path| path.as_str());
        let call = self.world.recording(request.uri().path()).map(|recording| recording.call.clone());
        let trace = &self.courier.trace;
        let summary = summary::request(request.method().as_str(), path);
        let seq = trace.record(Draft {
            call: call.clone(),
            method: Some(request.method().to_string()),
            path: Some(path.to_owned()),
            headers: header_list(request.headers()),
            ..Draft::new(now, ExchangeKind::Request, Lane::Bot, Lane::Service, summary)
        });
        let Download { response, fault } = download;
        let is_made = fault.as_ref().is_none_or(FaultPhase::has_answer);
        trace.record(Draft {
            call,
            status: is_told(fault.as_ref()).then_some(response.status().as_u16()),
            answers: Some(seq),
            headers: if is_made { header_list(response.headers()) } else { Vec::new() },
            fault: fault.as_ref().map(FaultPhase::as_str),
            ..Draft::new(now, ExchangeKind::Response, Lane::Service, Lane::Bot, summary::download(download))
        });
    }

    /// Records a request and its answer, which say together which call they are about.
    fn record_request(&self, now: Duration, request: Request, effects: &[Effect]) {
        let answer = answer_in(effects);
        let call = answer.and_then(|answer| answer.call.clone());
        let trace = &self.courier.trace;
        let summary = summary::request(&request.method, &request.path);
        let seq = trace.record(Draft {
            call,
            method: Some(request.method),
            path: Some(request.path),
            headers: request.headers,
            body: request.body,
            ..Draft::new(now, ExchangeKind::Request, Lane::Bot, Lane::Service, summary)
        });
        if let Some(answer) = answer {
            self.record_answer(now, Some(seq), answer);
        }
    }

    fn record_answer(&self, now: Duration, answers: Option<u64>, answer: &Answer) {
        self.courier.trace.record(Draft {
            call: answer.call.clone(),
            status: is_told(answer.fault.as_ref()).then_some(answer.status),
            answers,
            headers: answer.headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
            body: answer.body.clone(),
            fault: answer.fault.as_ref().map(FaultPhase::as_str),
            ..Draft::new(now, ExchangeKind::Response, Lane::Service, Lane::Bot, summary::answer(answer))
        });
    }
}

/// A status that the client does not get is no status of the exchange.
fn is_told(fault: Option<&FaultPhase>) -> bool {
    fault.is_none_or(FaultPhase::has_head)
}

fn answer_in(effects: &[Effect]) -> Option<&Answer> {
    effects.iter().find_map(|effect| match effect {
        Effect::Respond(answer) => Some(answer),
        _ => None,
    })
}

/// What the trace keeps of a request.
#[derive(Debug)]
struct Request {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Option<serde_json::Value>,
}

impl Request {
    fn of(api: &ApiCall, headers: Vec<(String, String)>) -> Self {
        Self {
            method: api.method.to_string(),
            path: api.path.clone(),
            headers,
            body: serde_json::from_slice(&api.body).ok(),
        }
    }
}
