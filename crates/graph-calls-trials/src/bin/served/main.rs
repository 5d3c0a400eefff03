//! A bot in a process of its own: it answers, listens to keys, and prints what its handler was told.
//!
//! It is configured as any bot is, by the environment; `SERVED_DRAIN_MS` is its drain delay, `SERVED_LIMIT_MS` how long
//! heads, bodies and idle connections may take.

#![allow(clippy::print_stdout, reason = "a test reads it")]

use std::{error::Error, time::Duration};

use async_trait::async_trait;
use graph_calls_bot::{Answer, Bot, CallContext, CallEvent, CallHandler, HandlerError, Limits};

struct Told;

#[async_trait]
impl CallHandler for Told {
    type Memory = ();

    async fn on_event(&self, call: &mut CallContext<()>, event: CallEvent) -> Result<(), HandlerError> {
        let id = call.id().map(ToString::to_string).unwrap_or_default();
        match event {
            CallEvent::Incoming(_) => call.answer(Answer::service_media()),
            CallEvent::MediaActive => call.subscribe_to_tones(),
            CallEvent::Done(done) if done.name == "tones" => println!("listens {id}"),
            CallEvent::Tone(tone) => println!("tone {id} {}", tone.sequence_id.unwrap_or_default()),
            _ => {}
        }
        Ok(())
    }
}

fn milliseconds(name: &str) -> Option<Duration> {
    std::env::var(name).ok()?.parse().ok().map(Duration::from_millis)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut builder = Bot::builder_from_env(Told).await?;
    if let Some(delay) = milliseconds("SERVED_DRAIN_MS") {
        builder = builder.drain_delay(delay);
    }
    if let Some(limit) = milliseconds("SERVED_LIMIT_MS") {
        let mut limits = Limits::default();
        (limits.head_time, limits.body_time, limits.idle_time) = (limit, limit, limit);
        builder = builder.limits(limits);
    }
    builder.build()?.serve().await?;
    println!("over");
    Ok(())
}
