//! The bot under test, in a process of its own that expects to be killed.

use std::{
    convert::Infallible,
    io::{self, BufRead as _, Write as _},
    path::PathBuf,
    time::Duration,
};

use async_trait::async_trait;
use graph_calls_bot::{
    AllowedTenants, Answer, App, Bot, CallContext, CallEvent, CallHandler, CallRef, Dial, HandlerError,
    Invite, IssuerConfig, Prompt, TokenCheck, TokenCheckConfig,
    model::{CallbackUri, InvitationParticipantInfo, RejectReason, TenantId},
};
use graph_calls_core::{BoxError, TransferCall, Wall};
use graph_calls_http::Config;
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpListener, sync::mpsc};
use tower::Service as _;

use super::{
    ledger::{Kept, all},
    log::{Decided, Log, Told, words},
};
use crate::ANSWERS;

/// Whose calls the bot does not take.
pub(super) const UNWANTED: &str = "b0000000-0000-4000-8000-000000000003";
/// What a call says to the one that placed it.
pub(super) const OVER: &str = "\"over\"";
/// Longer than anything that settles.
const SETTLES: Duration = Duration::from_secs(20);

/// What the bot is told of its part.
#[derive(Debug)]
pub struct Part {
    /// Where the service is.
    pub emulator: String,
    /// Where the service reaches the relay before the bot.
    pub callback: String,
    /// Where calls are kept.
    pub store: PathBuf,
    /// Which process of the trial it is.
    pub number: u32,
}

/// Plays its part until its input ends. On its output it says `ready ADDRESS`, and then an answer to each line of input.
///
/// # Errors
///
/// When it cannot be built: the service is not there, the store cannot be opened.
pub async fn serve(part: Part) -> Result<(), BoxError> {
    let connection = Config::emulator(&part.emulator)?.connect().await?;
    let emulator = connection.emulator().ok_or("the emulator does not say who it is")?;
    let issuer = IssuerConfig::emulator(emulator.issuer.clone(), &emulator.openid)?;
    let tenants = AllowedTenants::Any;
    let config = TokenCheckConfig::new([emulator.app_id.clone()], tenants).with_issuers([issuer]);
    let check = TokenCheck::new(config, &connection.transport(), Wall::system())?;
    let clerk = Clerk {
        number: part.number,
        prompt: format!("{}/__emulator/v1/prompts/welcome.wav", emulator.url.trim_end_matches('/')),
    };
    let tenant = emulator.tenant_id.clone();
    let app = App::new(emulator.app_id.clone(), connection.client()).handler(clerk);
    let bot = Bot::builder()
        .app(app.in_tenant(tenant.clone()))
        .callback(CallbackUri::emulated(part.callback)?)
        .token_check(check)
        .emulator(&emulator.url)
        .store_kind(graph_calls_redb::kind())
        .store_url(format!("redb:{}", part.store.display()))
        .build()?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    say(&format!("ready {}", listener.local_addr()?))?;
    tokio::spawn(answer(listener, bot.webhook()));
    let mut questions = input();
    while let Some(question) = questions.recv().await {
        say(&told(&bot, &tenant, &question).await)?;
    }
    tokio::time::timeout(SETTLES, bot.settled()).await?;
    Ok(())
}

/// Bots that are asked from outside while they serve have a server of their own: `serve` takes the bot.
async fn answer(listener: TcpListener, webhook: graph_calls_bot::Webhook) {
    while let Ok((stream, _)) = listener.accept().await {
        let webhook = webhook.clone();
        tokio::spawn(async move {
            let answer = service_fn(move |request| {
                let mut webhook = webhook.clone();
                async move { webhook.call(request).await as Result<_, Infallible> }
            });
            // The other side may be cut off at any time; nobody is told.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await;
        });
    }
}

/// What is asked on the standard input. It ends with the trial.
fn input() -> mpsc::UnboundedReceiver<String> {
    let (questions, receiver) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            if questions.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

/// One line in one write: half of it would be another answer.
fn say(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(format!("{line}\n").as_bytes())?;
    out.flush()
}

/// The answer begins with the question, so that whoever asked again knows it.
async fn told(bot: &Bot, tenant: &TenantId, question: &str) -> String {
    let words: Vec<&str> = question.split(' ').collect();
    let answer = match words.as_slice() {
        ["dial", key] => {
            let memory = Log { placed: true, ..Log::default() };
            let dial = Dial::user(ANSWERS).in_tenant(tenant.clone()).key(*key).memory(&memory);
            bot.calls()
                .dial(dial)
                .await
                .map_or_else(|error| format!("failed: {error}"), |key| key.to_string())
        }
        ["tell", call, text] => match call.parse::<CallRef>() {
            Ok(call) => match bot.calls().tell(&call, text).await {
                Ok(known) => known.to_string(),
                Err(error) => format!("failed: {error}"),
            },
            Err(error) => format!("failed: {error}"),
        },
        ["busy"] => match busy(bot).await {
            Ok(busy) => busy.to_string(),
            Err(error) => format!("failed: {error}"),
        },
        _ => "failed: what?".to_owned(),
    };
    format!("{question} -> {answer}")
}

/// How many mailboxes have something left to do.
async fn busy(bot: &Bot) -> Result<usize, BoxError> {
    let entries = bot.calls().store().browse(&all()).await?;
    Ok(entries.iter().filter(|entry| entry.inbox > 0 || !Kept::of(entry).is_quiet()).count())
}

struct Clerk {
    number: u32,
    prompt: String,
}

#[async_trait]
impl CallHandler for Clerk {
    type Memory = Log;

    async fn on_event(&self, call: &mut CallContext<Log>, event: CallEvent) -> Result<(), HandlerError> {
        let told = Told { id: call.event_id().to_owned(), by: self.number, what: words(&event) };
        call.memory.told.push(told);
        self.decide(call, &event)?;
        let decided: Vec<_> = call.commands().iter().map(Decided::from).collect();
        call.memory.decided.extend(decided);
        Ok(())
    }
}

impl Clerk {
    fn decide(&self, call: &mut CallContext<Log>, event: &CallEvent) -> Result<(), HandlerError> {
        match event {
            CallEvent::Incoming(incoming) => {
                let user = incoming.caller().and_then(|caller| caller.user());
                if user.is_some_and(|user| user.id.as_deref() == Some(UNWANTED)) {
                    call.reject(RejectReason::Busy);
                } else {
                    call.answer(Answer::service_media());
                }
            }
            CallEvent::MediaActive if !call.memory.has_decided("tones") => {
                call.subscribe_to_tones();
                self.play(call, "greeting");
                call.set_timer("reminder", Duration::from_millis(200));
                if call.memory.placed {
                    call.set_timer("enough", Duration::from_millis(1_500));
                }
            }
            CallEvent::Timer(name) if name == "reminder" => self.play(call, "reminder"),
            CallEvent::Timer(_) => leave(call),
            CallEvent::Tone(tone) => match tone.tone.key() {
                Some('1') => {
                    let name = format!("invite-{}", call.memory.decided.len());
                    call.invite(Invite::user(ANSWERS).named(name));
                }
                Some('2') if !call.memory.has_decided("call-transfer") => {
                    let Some(id) = call.id().cloned() else { return Ok(()) };
                    call.request(&TransferCall::blind(id, InvitationParticipantInfo::user(ANSWERS))?);
                }
                Some('3') if call.memory.child.is_none() => {
                    let memory = Log { placed: true, parent: Some(call.call_ref()), ..Log::default() };
                    call.memory.child = Some(call.dial(Dial::user(ANSWERS).memory(&memory))?);
                }
                Some('9') => leave(call),
                Some('5') => {
                    let name = format!("play-{}", call.memory.decided.len());
                    self.play(call, &name);
                }
                _ => {}
            },
            CallEvent::Message(message) if message.body.as_str() == OVER => leave(call),
            // It is told half a minute later: had the call been placed, its notifications would be here.
            CallEvent::InDoubt(doubt) if doubt.name == "dial" => call.redo("dial"),
            CallEvent::Terminated(_) => {
                if let Some(parent) = call.memory.parent {
                    call.tell(&parent, "over")?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn play(&self, call: &mut CallContext<Log>, name: &str) {
        call.play(Prompt::url(self.prompt.as_str()).named(name));
    }
}

fn leave(call: &mut CallContext<Log>) {
    if !call.memory.has_decided("hang-up") {
        call.hang_up();
    }
}
