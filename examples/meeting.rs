//! A meeting that the bot makes and joins: what has no type of its own goes through `RawRequest`.
//!
//! `cargo run -p examples --example meeting` joins a link that is at hand, at an emulator: that knows no meetings.
//! `cargo run -p examples --example meeting -- ORGANIZER CALLBACK` makes one for this user (an object id), on the
//! tenant that the variables of `Config` name. The app needs `OnlineMeetings.ReadWrite.All`, and an application access
//! policy that covers the organizer.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use graph_calls_core::{
    Client, CreateCall, CreatedCall, DeleteCall, RawRequest, Repeat, Result,
    model::{CallbackUri, CreateCallBody, JoinUrl, TenantId},
};
use graph_calls_emulator::Emulator;
use graph_calls_http::Config;
use http::Method;
use serde::Deserialize;
use serde_json::json;

/// As much of an `onlineMeeting` as it takes to join it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OnlineMeeting {
    join_web_url: String,
}

/// Graph reference: [`application-post-onlinemeetings`](https://learn.microsoft.com/graph/api/application-post-onlinemeetings).
async fn make_meeting(client: &Client, organizer: &str, subject: &str) -> Result<OnlineMeeting> {
    // A second one after a lost answer would be a second meeting.
    let request =
        RawRequest::new(Method::POST, format!("/users/{organizer}/onlineMeetings"), Repeat::OnlyIfNoEffect)
            .named("application-post-onlinemeetings")
            .json(&json!({"subject": subject}));
    client.send(request.returning()).await
}

async fn join(
    client: &Client,
    link: &JoinUrl,
    callback: CallbackUri,
    tenant: Option<TenantId>,
) -> Result<CreatedCall> {
    let mut body = CreateCallBody::join(link.clone(), callback);
    // A short link names no tenant; the one of the app is as good a guess as any.
    if let (None, Some(tenant)) = (link.tenant_id(), tenant) {
        body = body.with_tenant_id(tenant);
    }
    client.send(CreateCall::new(body)).await
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [organizer, callback] = arguments.as_slice() {
        let connection = Config::from_env()?.connect().await?;
        let client = connection.client();
        let meeting = make_meeting(&client, organizer, "Made by a bot").await?;
        let link = JoinUrl::parse(&meeting.join_web_url)?;
        let call = join(&client, &link, CallbackUri::new(callback)?, connection.tenant().cloned()).await?;
        println!("joined a new meeting as call {}", call.id);
        return Ok(());
    }
    join_at_an_emulator().await
}

async fn join_at_an_emulator() -> Result<(), Box<dyn std::error::Error>> {
    let emulator = Emulator::builder().port(0).start().await?;
    let connection = Config::emulator(emulator.url())?.connect().await?;
    let client = connection.client();
    let link = format!(
        "https://teams.microsoft.com/l/meetup-join/19%3ameeting_NjQ4%40thread.v2/0?context=\
         {{%22Tid%22:%22{}%22,%22Oid%22:%22b0000000-0000-4000-8000-000000000001%22}}",
        emulator.env().tenant_id
    );
    let callback = CallbackUri::emulated("http://127.0.0.1:9/nobody-listens-here")?;
    let call = join(&client, &JoinUrl::parse(&link)?, callback, connection.tenant().cloned()).await?;
    println!("joined as call {}, {:?}", call.id, call.call.state);
    client.send(DeleteCall::new(call.id)).await?;
    emulator.shutdown().await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use graph_calls_core::{Certainty, FixedToken, test_util::ScriptedTransport};
    use http::StatusCode;

    use super::*;

    const MEETINGS: &str = "/v1.0/users/550fae72-d251-43ec-868c-373732c2704f/onlineMeetings";
    const ORGANIZER: &str = "550fae72-d251-43ec-868c-373732c2704f";
    const MEETING: &str = r#"{"id": "MSo1N2Y5", "subject": "Stand-up", "joinWebUrl":
        "https://teams.microsoft.com/l/meetup-join/19%3ameeting_NjQ4%40thread.v2/0?context=%7b%22Tid%22%3a%22\
72f988bf-86f1-41af-91ab-2d7cd011db47%22%2c%22Oid%22%3a%22550fae72-d251-43ec-868c-373732c2704f%22%7d"}"#;

    fn client(script: &ScriptedTransport) -> Client {
        Client::builder(script.transport()).token(FixedToken::new("t").unwrap()).build()
    }

    #[tokio::test]
    async fn a_meeting_is_made_and_joined() {
        let script = ScriptedTransport::new()
            .answer(Method::POST, MEETINGS, StatusCode::CREATED, MEETING.replace("\\\n", ""))
            .answer(Method::POST, "/v1.0/communications/calls", StatusCode::CREATED, r#"{"id": "57dab8b1"}"#);
        let client = client(&script);
        let meeting = make_meeting(&client, ORGANIZER, "Stand-up").await.unwrap();
        let link = JoinUrl::parse(&meeting.join_web_url).unwrap();
        let callback = CallbackUri::new("https://bot.example/api/calls").unwrap();
        assert_eq!(join(&client, &link, callback, None).await.unwrap().id.as_str(), "57dab8b1");
        script.assert_done();
        let bodies: Vec<serde_json::Value> =
            script.requests().iter().map(|sent| serde_json::from_slice(sent.body()).unwrap()).collect();
        assert_eq!(bodies[0], json!({"subject": "Stand-up"}));
        assert_eq!(bodies[1]["meetingInfo"]["organizer"]["user"]["id"], ORGANIZER);
        assert_eq!(bodies[1]["chatInfo"]["threadId"], "19:meeting_NjQ4@thread.v2");
        assert_eq!(bodies[1]["tenantId"], "72f988bf-86f1-41af-91ab-2d7cd011db47");
    }

    #[tokio::test]
    async fn a_meeting_whose_answer_was_lost_is_not_made_twice() {
        let script = ScriptedTransport::new().fail(Method::POST, MEETINGS, Certainty::Unknown);
        let error = make_meeting(&client(&script), ORGANIZER, "Stand-up").await.err().unwrap();
        assert_eq!((error.certainty(), error.attempts()), (Certainty::Unknown, 1));
        script.assert_done();
    }

    #[tokio::test]
    async fn a_link_is_joined_at_an_emulator() {
        join_at_an_emulator().await.unwrap();
    }
}
