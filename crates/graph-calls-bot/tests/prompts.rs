//! The bot's own prompts: fetched by the emulated service over loopback, and played.

#![cfg(feature = "http")]
#![allow(clippy::expect_used, reason = "a test's helpers fail the test")]

use std::{fs, path::PathBuf, time::Duration};

use async_trait::async_trait;
use graph_calls_bot::{
    AllowedTenants, Answer, App, Bot, BuildError, CallContext, CallEvent, CallHandler, Failed, HandlerError,
    IssuerConfig, Prompt, Prompts, TokenCheck, TokenCheckConfig,
    core::Wall,
    model::{CallbackUri, IdentitySet, RejectReason},
    test_util::BotTest,
};
use graph_calls_emulator::{Colour, Emulator, IncomingCall, Pace};
use graph_calls_http::{Config, Connection};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::{mpsc, oneshot},
    time::timeout,
};

const PATIENCE: Duration = Duration::from_secs(10);
const ADELE: &str = "b0000000-0000-4000-8000-000000000001";

/// A folder with `menu.wav` and `bye.wav` that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let folder =
            std::env::temp_dir().join(format!("graph-calls-{}", uuid::Uuid::from_u128(fastrand::u128(..))));
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join("menu.wav"), wav(320)).expect("written");
        fs::write(folder.join("bye.wav"), wav(160)).expect("written");
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// So many samples, 16 to the millisecond.
fn wav(samples: u32) -> Vec<u8> {
    let bytes = samples * 2;
    let mut wav = b"RIFF".to_vec();
    wav.extend((36 + bytes).to_le_bytes());
    wav.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0\x80\x3e\0\0\0\x7d\0\0\x02\0\x10\0data");
    wav.extend(bytes.to_le_bytes());
    wav.extend((0..bytes).map(|at| u8::try_from(at % 251).unwrap_or_default()));
    wav
}

/// Plays and hangs up, and says what failed.
struct Attendant {
    say: mpsc::UnboundedSender<String>,
}

#[async_trait]
impl CallHandler for Attendant {
    type Memory = ();

    async fn on_event(&self, call: &mut CallContext<()>, event: CallEvent) -> Result<(), HandlerError> {
        match event {
            CallEvent::Incoming(_) => call.answer(Answer::service_media().prefetch(["menu", "bye"])),
            CallEvent::MediaActive => {
                call.play(Prompt::file("menue").named("wrong"));
                call.play(Prompt::url("http://cdn.example/a.wav").named("plain"));
                call.play(Prompt::file("menu").then_file("bye").named("menu"));
            }
            CallEvent::Done(done) if done.name == "menu" => call.hang_up(),
            CallEvent::Failed(Failed { name, error, .. }) => {
                let _ = self.say.send(format!("{name}: {error}"));
                if name == "answer" {
                    call.reject(RejectReason::Busy);
                }
            }
            CallEvent::Terminated(_) => {
                let _ = self.say.send("over".to_owned());
            }
            _ => {}
        }
        Ok(())
    }
}

fn bot(connection: &Connection, webhook: &str, say: mpsc::UnboundedSender<String>, folder: &Folder) -> Bot {
    let env = connection.emulator().expect("an emulator");
    let issuer = IssuerConfig::emulator(env.issuer.clone(), &env.openid).expect("an issuer");
    let trusted = TokenCheckConfig::new([env.app_id.clone()], AllowedTenants::Any).with_issuers([issuer]);
    Bot::builder()
        .app(App::new(env.app_id.clone(), connection.client()).handler(Attendant { say }))
        .callback(CallbackUri::emulated(webhook).expect("a URI"))
        .token_check(TokenCheck::new(trusted, &connection.transport(), Wall::system()).expect("a check"))
        .emulator(&env.url)
        .prompts(&folder.0)
        .drain_delay(Duration::ZERO)
        .build()
        .expect("a bot")
}

#[tokio::test]
async fn the_service_fetches_a_prompt_of_the_folder_and_plays_it_to_its_end() {
    let folder = Folder::new();
    let pace = Pace::default().with_step(Duration::from_millis(5));
    let emulator = Emulator::builder().port(0).pace(pace).start().await.unwrap();
    let connection = Config::emulator(emulator.url()).unwrap().connect().await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let webhook = format!("http://{}/api/calls", listener.local_addr().unwrap());
    emulator.set_webhook(&webhook).await.unwrap();
    let (say, mut said) = mpsc::unbounded_channel();
    let bot = bot(&connection, &webhook, say, &folder);
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(bot.serve_on(listener, async {
        let _ = stopped.await;
    }));

    let call = emulator.incoming(IncomingCall::from_user(ADELE)).await.unwrap();
    let mut heard = Vec::new();
    while heard.last().is_none_or(|last| last != "over") {
        heard.push(timeout(PATIENCE, said.recv()).await.expect("an event").expect("a bot"));
    }
    let ladder = emulator.ladder(&call, Colour::Never);
    assert_eq!(heard.len(), 3, "{heard:?}\n{ladder}");
    assert_eq!(heard[0], "wrong: there is no prompt `menue`: did you mean `menu`?");
    assert!(heard[1].starts_with("plain: a prompt's URL is plain http to cdn.example"), "{heard:?}");
    assert!(ladder.contains("playPrompt") && !ladder.contains("cannot be played"), "{ladder}");
    stop.send(()).unwrap();
    serving.await.unwrap().unwrap();
    emulator.shutdown().await;
}

/// Head and body of an answer.
async fn get(address: &str, path: &str, method: &str) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let request = format!("{method} {path} HTTP/1.1\r\nhost: bot\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("written");
    let mut answer = Vec::new();
    let read = timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    read.expect("the connection is closed").expect("an answer");
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a head") + 4;
    let body = answer.split_off(end);
    (String::from_utf8(answer).expect("text").to_ascii_lowercase(), body)
}

#[tokio::test]
async fn the_bots_own_server_hands_out_prompts_and_nothing_beside_them() {
    let folder = Folder::new();
    let emulator = Emulator::builder().port(0).start().await.unwrap();
    let connection = Config::emulator(emulator.url()).unwrap().connect().await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let webhook = format!("http://{address}/api/calls");
    let (say, _said) = mpsc::unbounded_channel();
    let bot = bot(&connection, &webhook, say, &folder);
    let callback = CallbackUri::emulated(&webhook).unwrap();
    let menu = bot.prompts().unwrap().media(&callback, "menu").unwrap().uri.unwrap().to_string();
    let path = menu.strip_prefix(&format!("http://{address}")).unwrap().to_owned();
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(bot.serve_on(listener, async {
        let _ = stopped.await;
    }));

    let (head, body) = get(&address, &path, "GET").await;
    assert!(head.starts_with("http/1.1 200") && head.contains("content-type: audio/wav"), "{head}");
    assert_eq!(body, wav(320));
    let (head, body) = get(&address, &path, "HEAD").await;
    assert!(head.contains(&format!("content-length: {}\r", wav(320).len())) && body.is_empty(), "{head}");
    for (method, path, status) in [
        ("GET", "/api/calls/prompts/menu.wav", "404"),
        ("GET", "/api/calls/prompts/../../etc/passwd", "404"),
        ("GET", "/api/calls/prompts/%2e%2e%2f%2e%2e%2fetc%2fpasswd.wav", "404"),
        ("GET", "/api/calls/../prompts/", "405"),
        ("GET", "/prompts/menu.wav", "405"),
        ("POST", &*path, "404"),
        ("DELETE", &*path, "405"),
    ] {
        let (head, body) = get(&address, path, method).await;
        assert!(head.starts_with(&format!("http/1.1 {status}")), "{method} {path}: {head}");
        assert!(body.is_empty() && head.contains("connection: close"), "{method} {path}: {head}");
    }
    stop.send(()).unwrap();
    serving.await.unwrap().unwrap();
    emulator.shutdown().await;
}

#[tokio::test]
async fn a_handlers_test_needs_no_files_and_can_have_them() {
    let folder = Folder::new();
    let (say, mut said) = mpsc::unbounded_channel();
    let mut test = BotTest::new(Attendant { say: say.clone() });
    test.incoming(IdentitySet::of_user(ADELE)).await.assert_commands(&["answer"]);
    test.established().await.media_active().await.assert_commands(&["wrong", "menu"]);
    let body = test.commands()[0].body().unwrap();
    assert_eq!(body["mediaConfig"]["preFetchMedia"][1]["resourceId"], "bye");
    assert!(said.recv().await.unwrap().starts_with("plain: "));

    let mut test = BotTest::new(Attendant { say }).with_prompts(Prompts::load(&folder.0).unwrap());
    test.incoming(IdentitySet::of_user(ADELE)).await.assert_commands(&["answer"]);
    test.established().await.media_active().await.assert_commands(&["menu"]);
    assert!(said.recv().await.unwrap().contains("did you mean `menu`?"));
    let [answer, play] = test.commands() else { panic!("{:?}", test.commands()) };
    let (answer, play) = (answer.body().unwrap(), play.body().unwrap());
    assert_eq!(answer["mediaConfig"]["preFetchMedia"][0], play["prompts"][0]["mediaInfo"]);
    assert_eq!(answer["mediaConfig"]["preFetchMedia"][1], play["prompts"][1]["mediaInfo"]);
}

struct Hasty;

#[async_trait]
impl CallHandler for Hasty {
    type Memory = ();

    async fn on_event(&self, call: &mut CallContext<()>, event: CallEvent) -> Result<(), HandlerError> {
        match event {
            CallEvent::Incoming(_) => call.answer(Answer::service_media().prefetch(["hello"])),
            CallEvent::Failed(failed) if failed.name == "answer" => call.reject(RejectReason::Busy),
            _ => {}
        }
        Ok(())
    }
}

#[tokio::test]
async fn an_answer_that_wants_an_unknown_prompt_fails_while_the_call_can_still_be_decided() {
    let folder = Folder::new();
    let mut test = BotTest::new(Hasty).with_prompts(Prompts::load(&folder.0).unwrap());
    test.incoming(IdentitySet::of_user(ADELE)).await.assert_commands(&["reject"]);
}

#[tokio::test]
async fn a_bot_with_prompts_that_cannot_be_played_is_not_built() {
    let folder = Folder::new();
    fs::write(folder.0.join("song.wav"), b"ID3").unwrap();
    let emulator = Emulator::builder().port(0).start().await.unwrap();
    let connection = Config::emulator(emulator.url()).unwrap().connect().await.unwrap();
    let built = Bot::builder_from_connection(Hasty, &connection).unwrap().prompts(&folder.0).build();
    let Err(BuildError::Prompts(error)) = built else { panic!("{built:?}") };
    assert_eq!(error.path(), folder.0.join("song.wav"));
    emulator.shutdown().await;
}
