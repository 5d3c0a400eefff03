//! Notifications on their way to the bot: one after the other for each call, never twice.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use http::{HeaderMap, StatusCode, header};
use tokio::sync::{mpsc, watch};

use crate::{
    engine::Message,
    http_client::describe,
    login::Login,
    summary,
    trace::{Draft, ExchangeKind, Lane, Trace},
    wall::Wall,
    world::{Delivery, Input, Notification},
};

/// Carries notifications.
#[derive(Debug, Clone)]
pub(crate) struct Courier {
    pub(crate) client: reqwest::Client,
    pub(crate) login: Login,
    pub(crate) trace: Trace,
    pub(crate) wall: Wall,
    pub(crate) engine: mpsc::UnboundedSender<Message>,
    pub(crate) stop: watch::Receiver<bool>,
    queues: Arc<Mutex<HashMap<String, VecDeque<Notification>>>>,
}

impl Courier {
    pub(crate) fn new(
        client: reqwest::Client,
        login: Login,
        trace: Trace,
        wall: Wall,
        engine: mpsc::UnboundedSender<Message>,
        stop: watch::Receiver<bool>,
    ) -> Self {
        Self { client, login, trace, wall, engine, stop, queues: Arc::default() }
    }

    fn queues(&self) -> MutexGuard<'_, HashMap<String, VecDeque<Notification>>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a notification; the first of a call starts its carrier, which goes when there is no more.
    pub(crate) fn carry(&self, notification: Notification) {
        let call = notification.call.clone();
        let mut queues = self.queues();
        if let Some(queue) = queues.get_mut(&call) {
            queue.push_back(notification);
            return;
        }
        queues.insert(call.clone(), VecDeque::from([notification]));
        drop(queues);
        let carrier = self.clone();
        tokio::spawn(async move {
            let mut stop = carrier.stop.clone();
            tokio::select! {
                () = carrier.carry_all(&call) => {}
                _ = stop.wait_for(|stop| *stop) => {}
            }
        });
    }

    async fn carry_all(&self, call: &str) {
        while let Some(notification) = self.next(call) {
            let delivery = self.deliver(notification).await;
            let input = Input::CallbackAnswered { call: call.to_owned(), delivery };
            let _ = self.engine.send(Message::Fed(input));
        }
    }

    // Taking the last one and giving up the queue is one step, so that none is left behind.
    fn next(&self, call: &str) -> Option<Notification> {
        let mut queues = self.queues();
        let next = queues.get_mut(call)?.pop_front();
        if next.is_none() {
            queues.remove(call);
        }
        next
    }

    async fn deliver(&self, notification: Notification) -> Delivery {
        let Some(url) = notification.url.clone() else {
            let why = "no webhook is registered".to_owned();
            let seq = self.record(&notification, None, &HeaderMap::new());
            return self.record_no_answer(&notification, seq, why);
        };
        match self.post(&notification, &url).await {
            Posted::Moved(_, location) if notification.may_redirect => {
                match self.post(&notification, &location).await {
                    Posted::Done(delivery) => delivery,
                    Posted::Moved(status, _) => Delivery::Answered(status),
                }
            }
            Posted::Moved(status, _) => Delivery::Answered(status),
            Posted::Done(delivery) => delivery,
        }
    }

    async fn post(&self, notification: &Notification, url: &str) -> Posted {
        let headers = match self.headers(notification) {
            Ok(headers) => headers,
            Err(why) => {
                let seq = self.record(notification, Some(url), &HeaderMap::new());
                return Posted::Done(self.record_no_answer(notification, seq, why));
            }
        };
        let seq = self.record(notification, Some(url), &headers);
        let body = notification.body.to_string();
        match self.client.post(url).headers(headers).body(body).send().await {
            Ok(response) => {
                let status = response.status();
                self.record_ack(notification, seq, status);
                let moved = matches!(status, StatusCode::FOUND | StatusCode::TEMPORARY_REDIRECT);
                let location = response.headers().get(header::LOCATION).filter(|_| moved);
                let location = location.and_then(|to| response.url().join(to.to_str().ok()?).ok());
                match location {
                    Some(location) => Posted::Moved(status.as_u16(), location.into()),
                    None => Posted::Done(Delivery::Answered(status.as_u16())),
                }
            }
            Err(error) => {
                let why =
                    if error.is_timeout() { "timed out".to_owned() } else { describe(&error.without_url()) };
                Posted::Done(self.record_no_answer(notification, seq, why))
            }
        }
    }

    fn headers(&self, notification: &Notification) -> Result<HeaderMap, String> {
        let token = self.login.callback_token(&notification.app_id, &notification.tenant_id);
        let token = token.map_err(|error| error.to_string())?;
        let mut headers = HeaderMap::new();
        let mut add = |name: &'static str, value: &str| {
            let value = value.parse::<http::HeaderValue>().map_err(|error| error.to_string())?;
            let name = http::HeaderName::from_bytes(name.as_bytes()).map_err(|error| error.to_string())?;
            headers.insert(name, value);
            Ok::<_, String>(())
        };
        add("Content-Type", "application/json")?;
        add("Accept", "application/json")?;
        for (name, value) in &notification.headers {
            add(name, value)?;
        }
        let mut bearer: http::HeaderValue =
            format!("Bearer {token}").parse().map_err(|_| "the token is no header value".to_owned())?;
        bearer.set_sensitive(true);
        headers.insert(header::AUTHORIZATION, bearer);
        Ok(headers)
    }

    fn record(&self, notification: &Notification, url: Option<&str>, headers: &HeaderMap) -> u64 {
        let summary = summary::notification(&notification.body);
        let draft =
            Draft::new(self.wall.elapsed(), ExchangeKind::Notification, Lane::Service, Lane::Bot, summary);
        self.trace.record(Draft {
            call: Some(notification.call.clone()),
            method: Some("POST".to_owned()),
            path: url.map(str::to_owned),
            headers: header_list(headers),
            body: Some(notification.body.clone()),
            ..draft
        })
    }

    fn record_ack(&self, notification: &Notification, seq: u64, status: StatusCode) {
        let summary = summary::response(status.as_u16(), None);
        let draft = Draft::new(self.wall.elapsed(), ExchangeKind::Ack, Lane::Bot, Lane::Service, summary);
        self.trace.record(Draft {
            call: Some(notification.call.clone()),
            status: Some(status.as_u16()),
            answers: Some(seq),
            ..draft
        });
    }

    fn record_no_answer(&self, notification: &Notification, seq: u64, why: String) -> Delivery {
        let summary = format!("no answer: {why}");
        let draft = Draft::new(self.wall.elapsed(), ExchangeKind::Ack, Lane::Bot, Lane::Service, summary);
        self.trace.record(Draft { call: Some(notification.call.clone()), answers: Some(seq), ..draft });
        Delivery::NoAnswer(why)
    }
}

/// What came back from one POST.
#[derive(Debug)]
enum Posted {
    Done(Delivery),
    /// To another place, with this status.
    Moved(u16, String),
}

pub(crate) fn header_list(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect()
}
