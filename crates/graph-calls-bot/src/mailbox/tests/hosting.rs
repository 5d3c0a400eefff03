//! Calls whose media a host beside the bot moves.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use graph_calls_core::{
    Client, FixedToken, Wall,
    model::{Notification, RawJson},
    test_util::ScriptedTransport,
};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{
    super::*,
    table::{CALL, Scripted, Table, config, engine_of, table},
};
use crate::store::{Arrival, Browse, CallStore as _, Change, InstanceId, MemoryStore, Want};
use crate::{
    Answer, CallContext, CallEvent, CallRef, Collect, HandlerError, LostMediaHost, MediaHost, MediaHostError,
    MediaSession, Prompt, Recording, Unanswered, media_host::Host, model::Modality, routing::Handlers,
};

/// Writes down what it is asked for, and fails as often as told.
#[derive(Default)]
struct FakeHost {
    asked: Mutex<Vec<String>>,
    failing: AtomicU32,
    panicking: bool,
}

#[async_trait]
impl MediaHost for FakeHost {
    async fn open(
        &self,
        call: &CallRef,
        _want: &[Modality<'static>],
    ) -> Result<MediaSession, MediaHostError> {
        Ok(MediaSession::new(call.to_string(), "s3cret"))
    }

    async fn persist(&self, session: &MediaSession, on: bool) -> Result<(), MediaHostError> {
        assert!(!self.panicking, "a panic counts as a failure");
        self.asked.lock().unwrap().push(format!("persist {on} {}", session.expose_blob()));
        let failing = self.failing.load(Ordering::Relaxed);
        if failing == 0 {
            return Ok(());
        }
        self.failing.store(failing - 1, Ordering::Relaxed);
        Err(MediaHostError::new("no disk"))
    }

    async fn close(&self, session: &MediaSession) {
        self.asked.lock().unwrap().push(format!("close {}", session.expose_blob()));
    }
}

impl FakeHost {
    fn failing(times: u32) -> Arc<Self> {
        Arc::new(Self { failing: AtomicU32::new(times), ..Self::default() })
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

/// Answers with a session, records on a key of its own kind, and does what else it is told.
fn recorder(
    host: &Arc<FakeHost>,
) -> impl Fn(&mut CallContext<u32>, &CallEvent) -> Result<(), HandlerError> + use<> {
    let host = Arc::clone(host);
    move |call, event| {
        match event {
            CallEvent::Incoming(_) => {
                let key = call.call_ref();
                let open = host.open(&key, &[]);
                let session = futures_util::FutureExt::now_or_never(open).ok_or("at once")?;
                call.answer(Answer::hosted_media(session?).capacity(20));
            }
            CallEvent::MediaActive => call.start_recording(),
            CallEvent::MediaInactive => call.stop_recording(),
            CallEvent::Hold => {
                call.play(Prompt::url("https://bot.example/a.wav"));
                call.record_response(Recording::new());
                call.subscribe_to_tones();
                call.collect(Collect::one().prompt(Prompt::url("https://bot.example/a.wav")).named("menu"));
            }
            _ => {}
        }
        Ok(())
    }
}

fn hosted(script: &ScriptedTransport, host: &Arc<FakeHost>, lost: LostMediaHost) -> Table {
    let mut table = table(script, Unanswered::Ignore, |_, _| Ok(()));
    let handler = Scripted { told: Arc::clone(&table.told), decide: Box::new(recorder(host)) };
    let config = EngineConfig {
        media_host: Host { host: Some(Arc::new(Arc::clone(host))), lost },
        ..config(Unanswered::Ignore)
    };
    table.engine = engine_of(&table, script, handler, config);
    tokio::spawn(Arc::clone(&table.engine).look_for_work());
    table
}

/// A service that takes an answer and so many statuses, each completed at once.
fn service(statuses: usize) -> ScriptedTransport {
    let script =
        ScriptedTransport::new().answer(Method::POST, &format!("{CALL}/answer"), StatusCode::ACCEPTED, "");
    (0..statuses).fold(script, |script, _| {
        let body = r#"{"id":"8","status":"completed","resultInfo":{"code":200}}"#;
        script.answer(Method::POST, &format!("{CALL}/updateRecordingStatus"), StatusCode::OK, body)
    })
}

fn statuses(script: &ScriptedTransport) -> Vec<String> {
    let bodies = script.requests().into_iter().filter(|request| request.uri().path().ends_with("Status"));
    let status = |body: Value| body["status"].as_str().unwrap_or_default().to_owned();
    bodies.map(|request| status(serde_json::from_slice(request.body()).unwrap())).collect()
}

impl Table {
    async fn audio(&self, state: &str) {
        self.notify("updated", "", &json!({"state": "established", "mediaState": {"audio": state}})).await;
    }

    async fn over(&self) {
        self.notify("deleted", "", &json!({"state": "terminated", "resultInfo": {"code": 200}})).await;
    }
}

#[tokio::test(start_paused = true)]
async fn media_is_kept_only_between_the_two_statuses_and_the_session_ends_with_the_call() {
    let (script, host) = (service(2), FakeHost::failing(0));
    let table = hosted(&script, &host, LostMediaHost::HangUp);
    table.incoming().await;
    let answer: Value = serde_json::from_slice(script.requests()[0].body()).unwrap();
    assert_eq!(answer["mediaConfig"]["blob"], "s3cret");
    assert_eq!(answer["participantCapacity"], 20);
    table.audio("active").await;
    assert_eq!(
        table.told(),
        ["incoming", "done answer", "established", "mediaactive", "done start-recording"]
    );
    assert_eq!(
        (statuses(&script), host.asked()),
        (vec!["recording".to_owned()], vec!["persist true s3cret".to_owned()])
    );
    table.audio("inactive").await;
    assert_eq!(table.told(), ["mediainactive", "done stop-recording"]);
    assert_eq!(statuses(&script)[1..], ["notRecording"]);
    table.over().await;
    assert_eq!(host.asked(), ["persist false s3cret", "close s3cret"]);
    assert_eq!(table.told(), ["terminated answered"]);
    table.after(Duration::from_secs(121)).await;
    assert_eq!(table.calls().await, 0);
    script.assert_done();
}

#[tokio::test(start_paused = true)]
async fn nothing_is_kept_where_nobody_could_be_told() {
    let script = service(0).answer(
        Method::POST,
        &format!("{CALL}/updateRecordingStatus"),
        StatusCode::FORBIDDEN,
        r#"{"error":{"code":"8506"}}"#,
    );
    let host = FakeHost::failing(0);
    let table = hosted(&script, &host, LostMediaHost::HangUp);
    table.incoming().await;
    table.audio("active").await;
    let told = table.told();
    let [.., failed] = told.as_slice() else { panic!("{told:?}") };
    assert!(failed.starts_with("failed start-recording: ") && failed.contains("403"), "{failed}");
    assert!(host.asked().is_empty());
    script.assert_done();
}

#[tokio::test(start_paused = true)]
async fn a_host_that_stumbles_is_asked_again_and_one_that_fails_is_lost() {
    for (failing, lost, told) in [
        (2, LostMediaHost::HangUp, vec!["done start-recording"]),
        (3, LostMediaHost::Keep, vec!["failed start-recording: the media host failed: no disk"]),
        (
            3,
            LostMediaHost::HangUp,
            vec!["failed start-recording: the media host failed: no disk", "done hang-up"],
        ),
    ] {
        let is_lost = failing == 3;
        let mut script = service(if is_lost { 2 } else { 1 });
        if is_lost && lost == LostMediaHost::HangUp {
            script = script.answer(Method::DELETE, CALL, StatusCode::NO_CONTENT, "");
        }
        let host = FakeHost::failing(failing);
        let table = hosted(&script, &host, lost);
        table.incoming().await;
        table.audio("active").await;
        assert_eq!(table.told()[4..], told);
        assert_eq!(statuses(&script)[1..], ["failed"][usize::from(!is_lost)..]);
        table.over().await;
        assert_eq!(host.asked().pop(), Some("close s3cret".to_owned()));
        script.assert_done();
    }
}

#[tokio::test(start_paused = true)]
async fn a_host_that_cannot_stop_is_lost_and_nobody_is_told_that_it_stopped() {
    let (script, host) = (service(2), FakeHost::failing(0));
    let table = hosted(&script, &host, LostMediaHost::Keep);
    table.incoming().await;
    table.audio("active").await;
    table.told();
    host.failing.store(3, Ordering::Relaxed);
    table.audio("inactive").await;
    assert_eq!(table.told(), ["mediainactive", "failed stop-recording: the media host failed: no disk"]);
    assert_eq!(statuses(&script), ["recording", "failed"]);
    table.audio("active").await;
    assert_eq!(table.told(), ["mediaactive", "failed start-recording: the media host was lost"]);
    script.assert_done();
}

#[tokio::test(start_paused = true)]
async fn a_host_that_panics_is_lost_too() {
    let host = Arc::new(FakeHost { panicking: true, ..FakeHost::default() });
    let script = service(2);
    let table = hosted(&script, &host, LostMediaHost::Keep);
    table.incoming().await;
    table.audio("active").await;
    assert_eq!(table.told().pop().as_deref(), Some("failed start-recording: the media host panicked"));
    script.assert_done();
}

#[tokio::test(start_paused = true)]
async fn what_the_service_would_do_with_media_fails_unsent_on_a_hosted_call() {
    let (script, host) = (service(0), FakeHost::failing(0));
    let table = hosted(&script, &host, LostMediaHost::HangUp);
    table.incoming().await;
    table.notify("updated", "", &json!({"state": "established"})).await;
    table.notify("updated", "", &json!({"state": "hold"})).await;
    let told = table.told();
    let (before, after) = told.split_at(4);
    assert_eq!(before[3], "hold");
    assert_eq!(after.len(), 4, "{after:?}");
    for (word, name) in after.iter().zip(["digits", "failed play", "failed record", "failed tones"]) {
        assert!(word.contains("media that the service hosts") && word.starts_with(name), "{word}");
    }
    script.assert_done();
}

#[tokio::test(start_paused = true)]
async fn a_recording_needs_a_session_and_a_host() {
    let script =
        ScriptedTransport::new().answer(Method::POST, &format!("{CALL}/answer"), StatusCode::ACCEPTED, "");
    let table = table(&script, Unanswered::Ignore, |call, event| {
        match event {
            CallEvent::Incoming(_) => {
                call.start_recording();
                call.answer(Answer::hosted_media(MediaSession::new("1", "blob")));
            }
            CallEvent::Established => call.start_recording(),
            _ => {}
        }
        Ok(())
    });
    table.incoming().await;
    table.notify("updated", "", &json!({"state": "established"})).await;
    table.over().await;
    let told = table.told();
    assert!(
        told[1].contains("Answer::hosted_media") && told[4].contains("BotBuilder::media_host"),
        "{told:?}"
    );
    script.assert_done();
}

#[tokio::test(start_paused = true)]
async fn an_instance_that_takes_a_call_over_asks_its_host_for_what_is_not_known_to_be_done() {
    let (script, host) = (service(1), FakeHost::failing(u32::MAX));
    let mut table = hosted(&script, &host, LostMediaHost::HangUp);
    table.incoming().await;
    let first = Arc::clone(&table.engine);
    // The first one dies while the host is still failing.
    let audio = tokio::time::timeout(Duration::from_millis(900), table.audio("active"));
    assert!(audio.await.is_err());
    assert_eq!(host.asked().len(), 2);
    let other = FakeHost::failing(0);
    let handler = Scripted { told: Arc::clone(&table.told), decide: Box::new(recorder(&other)) };
    let handlers = Handlers::new(Vec::new(), Arc::new(handler));
    let client = Client::builder(script.transport()).token(FixedToken::new("t").unwrap()).build();
    let apps = vec![Registered { id: table.app.clone(), client, tenant: None, handlers }];
    let wall = Wall::anchored(first.now());
    let stored = table.engine.store.browse(&Browse::one(table.key)).await.unwrap().remove(0);
    // What it committed is all that another one knows.
    let store = MemoryStore::with_wall(wall);
    let about =
        json!({"changeType": "updated", "resourceUrl": "/communications/calls/1", "resourceData": {}});
    let about = Notification::from_raw(RawJson::from_string(about.to_string()).unwrap());
    let item = content::notification(&table.app, None, &about, first.now(), None);
    let arrival = Arrival { key: table.key, tenant: table.tenant.clone(), dedup: None, item };
    store.accept(vec![arrival], 8).await.unwrap();
    let by = InstanceId::random();
    let claim = store.claim(&by, Want::This(table.key), Duration::from_secs(1)).await.unwrap().remove(0);
    let mut change = Change::new(stored.state.unwrap(), claim.items[0].number, None);
    change.taken.push(claim.items[0].number);
    store.commit(&claim.this, change).await.unwrap();
    store.release(&[claim.this]).await.unwrap();
    let media_host = Host { host: Some(Arc::new(Arc::clone(&other))), lost: LostMediaHost::HangUp };
    let config = EngineConfig { media_host, ..config(Unanswered::Ignore) };
    table.engine = Engine::new(apps, Arc::new(store), wall, config);
    table.told();
    table.engine.wake(table.key);
    table.engine.settled().await;
    assert_eq!(other.asked(), ["persist true s3cret"]);
    assert_eq!(table.told().pop().as_deref(), Some("done start-recording"));
}
