//! The Microsoft Graph calls service on a laptop and in CI: no tenant, no tunnel, no login.
//!
//! It answers Graph requests on calls, signs and delivers notifications, issues and checks tokens, and has people
//! who call, pick up, decline and hang up. A bot runs against it with its production checks and finds the service's
//! own deadlines, statuses and end reasons.
//!
//! - [`Emulator`] is the service on a port: start it in a test, place calls, look at the [ladder](Emulator::ladder).
//! - [`World`] is the same without sockets and without a clock, for simulations: inputs in, effects out, seeded.
//! - [`Fault`] lets requests fail at a phase of one's choice, in both.
//!
//! Which operations it answers is in `docs/coverage.md`. What it knows by name alone, from the metadata or from old pages,
//! is refused with 501 and that name; any other path with 404.
//!
//! It moves no media: a prompt is fetched, checked and then lasts as long as its audio, and what somebody says into a
//! recording is a buzz as long as they speak. It is no load generator and must not be exposed: whoever reaches it may
//! place calls. The program around it is `graph-calls dev`.
//!
//! ```
//! use graph_calls_emulator::{Colour, Emulator, IncomingCall};
//!
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! let emulator = Emulator::builder().seed(7).webhook("http://127.0.0.1:3978/api/calls").start().await?;
//! let adele = emulator.people().await.remove(0);
//! let call = emulator.incoming(IncomingCall::from_user(adele.id)).await?;
//! assert!(emulator.ladder(&call, Colour::Never).contains("Adele Vance calls"));
//! emulator.shutdown().await;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Faults, and what had its effect
//!
//! A [`Fault`] cuts a connection, sends an error status or stays silent, at the [phase](FaultPhase) and the turn that
//! it is told. [`World::applied`] and [`Emulator::applied`] count how often each logical request had its effect, so
//! that a test sees whether a client that was left in the dark did something twice:
//!
//! ```
//! use std::time::Duration;
//!
//! use graph_calls_emulator::{
//!     ApiCall, ApiCaller, Control, Fault, FaultPhase, Input, World, WorldConfig,
//! };
//!
//! let config = WorldConfig::seeded(7);
//! let caller = ApiCaller {
//!     app_id: config.app_id.clone(),
//!     tenant_id: config.tenant_id.clone(),
//!     roles: config.roles.clone(),
//! };
//! let mut world = World::new(config);
//! let body = r##"{
//!     "callbackUri": "https://bot.example/calls/1",
//!     "requestedModalities": ["audio"],
//!     "mediaConfig": { "@odata.type": "#microsoft.graph.serviceHostedMediaConfig" },
//!     "targets": [{ "identity": { "user": { "id": "b0000000-0000-4000-8000-000000000001" } } }]
//! }"##;
//! let create = |ask| Input::Api(ApiCall {
//!     ask,
//!     method: http::Method::POST,
//!     path: "/v1.0/communications/calls".to_owned(),
//!     content_type: Some("application/json".to_owned()),
//!     client_request_id: None,
//!     body: body.into(),
//!     caller: caller.clone(),
//! });
//!
//! let lost = Fault::new(FaultPhase::AfterEffect).on("application-post-calls");
//! world.handle(Duration::ZERO, Input::Control { ask: 1, control: Control::AddFault(lost) });
//! world.handle(Duration::ZERO, create(2));
//! world.handle(Duration::from_secs(1), create(3));
//! let key = "POST /v1.0/communications/calls https://bot.example/calls/1";
//! assert_eq!(world.applied()[key], 2, "the answer was lost, and the repeat called a second time");
//! ```
//!
//! # Recordings
//!
//! What a caller says into a `recordResponse` lies below `/recordings/` of the Graph root, at the `recordingLocation`
//! of the operation's last notification. Its `recordingAccessToken` opens it and nothing else does. It is served
//! whole or, for a `Range`, from there on, until [`Deadlines::recordings`] after the end of its call. Faults hit
//! downloads by the name `recordoperation`. A simulation asks [`World::download`].
//!
//! The recording of a call by `startRecording`, and the recording by policy that a bot tells of with
//! `updateRecordingStatus`, are statuses in the roster. Nothing is kept of them.
//!
//! # Controls over HTTP
//!
//! Whoever is not in the same process has what [`Emulator`] offers below `/__emulator/v1/`, without a token. Bodies
//! are `application/json`; errors are `{ "error": { "code", "message" } }` with the code of [`ControlError::code`], or
//! one for the request itself, such as `no_such_path`.
//!
//! | request | body | answer |
//! | --- | --- | --- |
//! | `GET env` | | [`Env`]: what a bot must know |
//! | `GET people` | | each [`Person`] who can call and be called |
//! | `GET calls` | | each [`CallView`] |
//! | `GET trace` | | each [`Exchange`], one a line |
//! | `GET ladder/CALL` | | the ladder of a call, as text |
//! | `GET faults` | | each [`FaultView`] that has not struck for the last time |
//! | `GET applied` | | how often each logical request had its effect |
//! | `GET prompts/welcome.wav` | | a prompt that any bot may play |
//! | `POST incoming` | [`IncomingCall`] | 201 `{ "call" }` |
//! | `POST webhook` | `{ "url" }`, `null` for none | 204 |
//! | `POST faults` | [`Fault`] | 201 `{ "fault" }` |
//! | `DELETE faults` | | 204: nothing goes wrong from now on |
//! | `POST calls/CALL/hangup` | | 204 |
//! | `POST calls/CALL/tone` | `{ "tone" }`: `1`, `12#`, `star` | 204 |
//! | `POST calls/CALL/join` | `{ "person" }`: an id or a number | 201 `{ "participant" }` |
//! | `POST calls/CALL/leave` | `{ "participant" }` | 204 |

mod api;
mod builder;
mod control;
mod deliver;
mod dialect;
mod emulator;
mod engine;
mod env;
mod error;
mod fetch;
mod http_client;
mod json;
mod keys;
mod ladder;
mod login;
mod pace;
mod redact;
mod route;
mod secret;
mod server;
mod summary;
mod trace;
mod wall;
mod wav;
mod wire;
mod world;

pub use builder::EmulatorBuilder;
pub use dialect::{Dialect, UnknownDialect};
pub use emulator::Emulator;
pub use env::Env;
pub use error::StartError;
pub use ladder::Colour;
pub use login::CallbackClaims;
pub use pace::{Deadlines, Pace};
pub use redact::body as redact;
pub use trace::{Exchange, ExchangeKind, Lane};
pub use world::{
    Answer, ApiCall, ApiCaller, Behaviour, CallView, Control, ControlError, Delivery, Download, Effect,
    Fault, FaultPhase, FaultView, IncomingCall, Input, Notification, ParticipantView, Person, PersonKind,
    World, WorldConfig,
};
