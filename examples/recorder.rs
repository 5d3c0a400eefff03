//! A recording controller: calls that a policy records, with media that a host moves. Without the host it hangs up.
//!
//! `MEDIA_HOST=127.0.0.1:8445 NEXT_BOT=URI cargo run -p examples --example recorder`, with the variables of
//! `Bot::from_env`. The media host answers `POST /sessions/CALL` with the session's blob, and takes
//! `POST /sessions/CALL/persist/true`, `/persist/false` and `/close`. `NEXT_BOT` takes on whom there is no room for here.

use std::{env, sync::Arc};

use async_trait::async_trait;
use graph_calls_bot::{
    Answer, Bot, CallContext, CallEvent, CallHandler, CallRef, CallView, HandlerError, JoiningAnswer,
    MediaHost, MediaHostError, MediaSession, ParticipantJoining, core::BoxError, model::Modality,
};
use http_body_util::BodyExt as _;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

type Hosted<T> = Result<T, MediaHostError>;

/// A media host that is spoken to over HTTP.
struct HttpHost(String);

impl HttpHost {
    async fn post(&self, path: &str) -> Hosted<String> {
        self.ask(path).await.map_err(MediaHostError::new)
    }

    async fn ask(&self, path: &str) -> Result<String, BoxError> {
        let stream = TokioIo::new(TcpStream::connect(&self.0).await?);
        let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await?;
        tokio::spawn(connection);
        let request = http::Request::post(path).header("host", &self.0).body(String::new())?;
        let response = sender.send_request(request).await?;
        if !response.status().is_success() {
            return Err(format!("{path}: answered {}", response.status()).into());
        }
        Ok(String::from_utf8(response.into_body().collect().await?.to_bytes().into())?)
    }
}

#[async_trait]
impl MediaHost for HttpHost {
    async fn open(&self, call: &CallRef, _want: &[Modality<'static>]) -> Hosted<MediaSession> {
        Ok(MediaSession::new(call.to_string(), self.post(&format!("/sessions/{call}")).await?))
    }

    async fn persist(&self, session: &MediaSession, on: bool) -> Hosted<()> {
        self.post(&format!("/sessions/{}/persist/{on}", session.id())).await.map(drop)
    }

    async fn close(&self, session: &MediaSession) {
        let _ = self.post(&format!("/sessions/{}/close", session.id())).await;
    }
}

struct Recorder(Arc<dyn MediaHost>, String);

#[async_trait]
impl CallHandler for Recorder {
    /// How many are recorded.
    type Memory = u32;

    async fn on_event(&self, call: &mut CallContext<u32>, event: CallEvent) -> Result<(), HandlerError> {
        match event {
            CallEvent::Incoming(_) => {
                let session = self.0.open(&call.call_ref(), &[Modality::Audio]).await?;
                call.answer(Answer::hosted_media(session).capacity(20));
                call.memory = 1;
            }
            CallEvent::MediaActive => call.start_recording(),
            CallEvent::ParticipantJoined(joined) if joined.is_accepted() => call.memory += 1,
            CallEvent::ParticipantLeft(_) if call.memory <= 1 => call.stop_recording(),
            CallEvent::ParticipantLeft(_) => call.memory -= 1,
            CallEvent::Done(done) if done.name == "stop-recording" => call.hang_up(),
            _ => {}
        }
        Ok(())
    }

    async fn on_participant_joining(&self, call: &CallView<u32>, _: &ParticipantJoining) -> JoiningAnswer {
        if call.has_room() { JoiningAnswer::Accept } else { JoiningAnswer::InviteNewBot(self.1.clone()) }
    }
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let host: Arc<dyn MediaHost> = Arc::new(HttpHost(env::var("MEDIA_HOST")?));
    let recorder = Recorder(Arc::clone(&host), env::var("NEXT_BOT")?);
    Ok(Bot::builder_from_env(recorder).await?.media_host(host).build()?.serve().await?)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use graph_calls_bot::{ParticipantLeft, model::IdentitySet, test_util::BotTest};

    use super::*;

    /// Writes down what it is asked for; one that is lost panics.
    #[derive(Default)]
    struct Notebook(Mutex<Vec<String>>, bool);

    #[async_trait]
    impl MediaHost for Notebook {
        async fn open(&self, _: &CallRef, _: &[Modality<'static>]) -> Hosted<MediaSession> {
            Ok(MediaSession::new("1", "blob"))
        }
        async fn persist(&self, _: &MediaSession, on: bool) -> Hosted<()> {
            self.0.lock().unwrap().push(format!("persist {on}"));
            assert!(!self.1, "the host is lost");
            Ok(())
        }
        async fn close(&self, session: &MediaSession) {
            self.0.lock().unwrap().push(format!("close {}", session.id()));
        }
    }

    async fn recorded_call(host: &Arc<Notebook>) -> BotTest<Recorder> {
        let recorder = Recorder(Arc::<Notebook>::clone(host), "next".to_owned());
        let mut test = BotTest::new(recorder).with_media_host(Arc::clone(host));
        test.incoming(IdentitySet::of_user("adele")).await.done("answer").await;
        test.established().await.media_active().await.assert_commands(&["answer", "start-recording"]);
        test.done("start-recording").await;
        test
    }

    #[tokio::test]
    async fn a_call_is_recorded_until_all_have_left_and_its_session_is_closed() {
        let host = Arc::new(Notebook::default());
        let mut test = recorded_call(&host).await;
        for place in 0..20 {
            assert_eq!(test.participant_joining(&place.to_string()).await, JoiningAnswer::Accept);
        }
        assert_eq!(test.participant_joining("late").await, JoiningAnswer::InviteNewBot("next".to_owned()));
        for _ in 0..21 {
            test.assert_commands(&[]).event(CallEvent::ParticipantLeft(ParticipantLeft::default())).await;
        }
        test.done("stop-recording").await.assert_commands(&["stop-recording", "hang-up"]).hung_up().await;
        assert_eq!(*host.0.lock().unwrap(), ["persist true", "persist false", "close 1"]);
    }

    #[tokio::test]
    async fn a_call_whose_host_is_lost_is_hung_up() {
        let host = Arc::new(Notebook(Mutex::default(), true));
        recorded_call(&host).await.assert_commands(&["hang-up"]).hung_up().await;
        assert_eq!(*host.0.lock().unwrap().last().unwrap(), "close 1");
    }
}
