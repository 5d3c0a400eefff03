//! Notifications on their way to the bots: most of them in order, some lost, repeated, swapped or late.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use graph_calls_emulator::{Delivery, Input, Notification};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http_body_util::Full;
use tokio::time::{Instant, sleep, timeout};
use tower::ServiceExt as _;

use super::{bots::Running, ledger::Delivered, stage::Stage, token};

/// How long the service waits for an answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often it tries at the most, where something answers that it could not be taken.
const ATTEMPTS: u32 = 5;

impl Stage {
    /// Sends a notification on its way.
    pub(super) fn post(&self, notification: Notification) {
        let rates = self.plan().notifications;
        let about = describe(&notification);
        if self.draw(rates.lost) {
            self.count("notifications lost");
            self.note(format_args!("service: {about} is lost"));
            return;
        }
        let delay = self.some_time(1, 25);
        let now = Instant::now();
        let mut delay = {
            let mut state = self.lock();
            let turn = state.turns.entry(notification.call.clone()).or_insert(now);
            *turn = (now + delay).max(*turn + Duration::from_millis(1));
            *turn - now
        };
        if self.draw(rates.late) {
            self.count("notifications late");
            delay += self.some_time(1_000, 40_000);
        } else if self.draw(rates.swapped) {
            self.count("notifications swapped");
            delay += self.some_time(10, 400);
        }
        if self.draw(rates.repeated) {
            self.count("notifications repeated");
            let again = delay + self.some_time(0, 5_000);
            self.carry_later(notification.clone(), again, format!("{about} again"));
        }
        self.carry_later(notification, delay, about);
    }

    fn carry_later(&self, notification: Notification, delay: Duration, about: String) {
        let (stage, busy) = (self.clone(), self.busy());
        tokio::spawn(async move {
            sleep(delay).await;
            stage.deliver(notification, &about).await;
            drop(busy);
        });
    }

    async fn deliver(&self, notification: Notification, about: &str) {
        let mut delivery = Delivery::NoAnswer("nobody is there".to_owned());
        for _ in 0..ATTEMPTS {
            if let Some(bot) = self.somebody() {
                delivery = self.deliver_to(&bot, &notification).await;
                self.note(format_args!("service -> {}: {about}: {}", bot.life.name(), word(&delivery)));
            } else {
                self.note(format_args!("service: {about}: nobody is there"));
            }
            if let Delivery::Answered(200..=299) = delivery {
                self.count("notifications delivered");
                let delivered = Delivered::of(&notification, self.elapsed());
                self.lock().ledger.delivered.push(delivered);
                break;
            }
            if !self.draw(800) {
                self.count("notifications given up");
                break;
            }
            sleep(Duration::from_secs(1)).await;
        }
        let call = notification.call;
        self.tell(|_| Input::CallbackAnswered { call, delivery });
    }

    /// A bot that is alive, as a load balancer chooses.
    pub(super) fn somebody(&self) -> Option<Arc<Running>> {
        let mut state = self.lock();
        let alive: Vec<_> = state.bots.iter().flatten().cloned().collect();
        if alive.is_empty() {
            return None;
        }
        let place = state.rng.usize(..alive.len());
        alive.into_iter().nth(place)
    }

    async fn deliver_to(&self, bot: &Arc<Running>, notification: &Notification) -> Delivery {
        let url = notification.url.as_deref().expect("a webhook is registered");
        let token = token::token(&notification.app_id, &notification.tenant_id, self.now());
        let mut request = http::Request::post(url)
            .header(AUTHORIZATION, format!("Bearer {token}"))
            .header(CONTENT_TYPE, "application/json");
        for (name, value) in &notification.headers {
            request = request.header(*name, value);
        }
        let body = Full::new(Bytes::from(notification.body.to_string()));
        let request = request.body(body).expect("the world's own headers");
        let webhook = bot.bot.webhook();
        // A bot that dies takes the task of its request with it.
        let answering = tokio::spawn(webhook.oneshot(request));
        match timeout(PATIENCE, answering).await {
            Ok(Ok(Ok(response))) => Delivery::Answered(response.status().as_u16()),
            Ok(Ok(Err(never))) => match never {},
            Ok(Err(_)) => Delivery::NoAnswer("it died".to_owned()),
            Err(_) => Delivery::NoAnswer("timed out".to_owned()),
        }
    }
}

fn word(delivery: &Delivery) -> String {
    match delivery {
        Delivery::Answered(status) => status.to_string(),
        Delivery::NoAnswer(why) => why.clone(),
        _ => "?".to_owned(),
    }
}

/// What a notification is about, in few words.
fn describe(notification: &Notification) -> String {
    let item = &notification.body["value"][0];
    let path = item["resourceUrl"].as_str().or(item["resource"].as_str()).unwrap_or_default();
    let below = path.splitn(5, '/').nth(4).map(|below| below.chars().take(18).collect::<String>());
    let data = &item["resourceData"];
    let state = ["state", "status"].iter().find_map(|member| data[*member].as_str()).unwrap_or_default();
    let tone = data["toneInfo"]["sequenceId"].as_i64().map(|id| format!(" tone {id}")).unwrap_or_default();
    let change = item["changeType"].as_str().unwrap_or_default();
    let call: String = notification.call.chars().take(4).collect();
    format!("{call} {change} {}{state}{tone}", below.map(|below| format!("{below} ")).unwrap_or_default())
}
