//! A whole bot on real sockets: it answers, greets, listens for a key and hangs up, and the emulator draws the call.
//!
//! `cargo run -p examples --example full_bot`

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use graph_calls_bot::{
    AllowedTenants, Answer, App, Bot, CallContext, CallEvent, CallHandler, HandlerError, IssuerConfig,
    Prompt, TokenCheck, TokenCheckConfig,
    model::{CallbackUri, IdentitySet},
    test_util::BotTest,
};
use graph_calls_core::Wall;
use graph_calls_emulator::{Colour, Emulator, IncomingCall};
use graph_calls_http::Config;
use serde::{Deserialize, Serialize};
use tokio::{net::TcpListener, sync::Notify};

/// What the bot remembers of one call.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Heard {
    keys: String,
}

struct Greeter {
    greeting: String,
    over: Arc<Notify>,
}

#[async_trait]
impl CallHandler for Greeter {
    type Memory = Heard;

    async fn on_event(&self, call: &mut CallContext<Heard>, event: CallEvent) -> Result<(), HandlerError> {
        match event {
            CallEvent::Incoming(_) => call.answer(Answer::service_media()),
            CallEvent::MediaActive => {
                call.subscribe_to_tones();
                call.play(Prompt::url(&self.greeting).named("greeting"));
            }
            CallEvent::Tone(tone) => {
                call.memory.keys.extend(tone.tone.key());
                if tone.is('#') {
                    call.hang_up();
                }
            }
            CallEvent::Terminated(ended) => {
                println!("{ended}; the caller pressed {}", call.memory.keys);
                self.over.notify_one();
            }
            _ => {}
        }
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    without_a_network().await;

    let emulator = Emulator::builder().port(0).start().await?;
    let connection = Config::emulator(emulator.url())?.connect().await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let webhook = format!("http://{}/api/calls", listener.local_addr()?);
    emulator.set_webhook(&webhook).await?;

    let env = connection.emulator().ok_or("connected to an emulator")?;
    let issuer = IssuerConfig::emulator(env.issuer.clone(), &env.openid)?;
    let trusted = TokenCheckConfig::new([env.app_id.clone()], AllowedTenants::Any).with_issuers([issuer]);
    let over = Arc::new(Notify::new());
    let greeter = Greeter { greeting: emulator.welcome_prompt(), over: Arc::clone(&over) };
    let bot = Bot::builder()
        .app(App::new(env.app_id.clone(), connection.client()).handler(greeter))
        .callback(CallbackUri::emulated(&webhook)?)
        .token_check(TokenCheck::new(trusted, &connection.transport(), Wall::system())?)
        .drain_delay(Duration::ZERO)
        .build()?;
    let stop = Arc::new(Notify::new());
    let stopped = Arc::clone(&stop);
    let serving = tokio::spawn(async move { bot.serve_on(listener, stopped.notified()).await });

    let call = emulator.incoming(IncomingCall::from_user("b0000000-0000-4000-8000-000000000001")).await?;
    // Keys are told only to a bot that asked for them.
    let mut exchanges = emulator.subscribe();
    while !exchanges.recv().await?.path.is_some_and(|path| path.ends_with("/subscribeToTone")) {}
    tokio::time::sleep(Duration::from_millis(100)).await;
    emulator.press(&call, "12#").await?;
    over.notified().await;
    stop.notify_one();
    serving.await??;
    println!("{}", emulator.ladder(&call, Colour::Never));
    emulator.shutdown().await;
    Ok(())
}

/// The same handler in memory: what a unit test of it looks like.
async fn without_a_network() {
    let greeter = Greeter { greeting: "https://bot.example/hello.wav".to_owned(), over: Arc::default() };
    let mut test = BotTest::new(greeter);
    test.incoming(IdentitySet::of_user("8d1e6ab6")).await.assert_commands(&["answer"]);
    test.established().await.media_active().await.assert_commands(&["tones", "greeting"]);
    test.tone('1').await.assert_commands(&[]);
    test.tone('#').await.assert_commands(&["hang-up"]);
    assert_eq!(test.memory(), Heard { keys: "1#".to_owned() });
}
