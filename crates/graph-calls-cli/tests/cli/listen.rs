//! `listen`, and the logs of what listens.

use std::{collections::BTreeSet, path::PathBuf};

use graph_calls_emulator::{CallbackClaims, Emulator, IncomingCall};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::support::{Running, curl, run, run_with};

/// An emulator in this process, which can sign what a test sends.
struct Stage {
    runtime: Runtime,
    emulator: Emulator,
}

impl Stage {
    fn set() -> Self {
        let runtime = Runtime::new().unwrap();
        let emulator = runtime.block_on(Emulator::builder().port(0).seed(7).start()).unwrap();
        Self { runtime, emulator }
    }

    fn arguments<'a>(&'a self, more: &[&'a str]) -> Vec<&'a str> {
        let env = self.emulator.env();
        let own = [
            "listen",
            "--app-id",
            &env.app_id,
            "--openid",
            &env.openid,
            "--issuer",
            &env.issuer,
            "--port",
            "0",
        ];
        [&own, more].concat()
    }

    fn listen(&self, more: &[&str], variables: &[(&str, &str)]) -> (Running, String) {
        let mut running = Running::start(&self.arguments(more), variables);
        let first = running.line();
        let address = match serde_json::from_str::<Value>(&first) {
            Ok(ready) => ready["address"].as_str().unwrap().to_owned(),
            Err(_) => first.split([' ', ',']).nth(2).unwrap().to_owned(),
        };
        let port = address.rsplit(':').next().unwrap();
        (running, format!("http://127.0.0.1:{port}/api/calls"))
    }

    fn ring(&self, webhook: &str) -> String {
        self.runtime.block_on(async {
            self.emulator.set_webhook(webhook).await.unwrap();
            let adele = self.emulator.people().await.remove(0);
            self.emulator.incoming(IncomingCall::from_user(adele.id)).await.unwrap()
        })
    }

    fn token(&self) -> String {
        self.emulator.sign_callback_token(&CallbackClaims::default()).unwrap()
    }
}

fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn a_call_of_the_emulator_is_told_in_json_with_its_time_tenant_and_call() {
    let stage = Stage::set();
    let (mut listening, webhook) = stage.listen(&["--json"], &[]);
    let call = stage.ring(&webhook);
    let event: Value = serde_json::from_str(&listening.line()).unwrap();
    assert_eq!(event["kind"], "notification");
    assert_eq!(event["tenant_id"], stage.emulator.env().tenant_id.as_str());
    assert_eq!(event["app_id"], stage.emulator.env().app_id.as_str());
    assert_eq!(event["what"]["call_id"], call.as_str());
    assert_eq!((&event["what"]["kind"], &event["what"]["state"]), (&json!("call"), &json!("incoming")));
    assert!(event["time"].as_str().unwrap().ends_with('Z'));
    let (code, _) = listening.interrupt();
    assert_eq!(code, Some(0));
}

#[test]
fn people_read_a_line_for_an_event_and_one_for_a_refused_post() {
    let stage = Stage::set();
    let (mut listening, webhook) = stage.listen(&[], &[]);
    let call = stage.ring(&webhook);
    let line = listening.line();
    assert!(line.contains(&call) && line.contains("call created: incoming, from Adele Vance"), "{line}");
    assert_eq!(curl(&webhook, "planted.callback.token", "{}"), 401);
    let line = listening.line();
    assert!(line.contains("refused 401: a part is not canonical base64url (POST /api/calls)"), "{line}");
    assert!(!line.contains("planted"), "{line}");
    assert_eq!(curl(&webhook, &stage.token(), "[7]"), 400);
    let line = listening.line();
    assert!(line.contains("refused 400: ") && line.contains("not a JSON object"), "{line}");
    let legacy = r#"{"id":"1","callState":"incoming"}"#;
    assert_eq!(curl(&webhook, &stage.token(), legacy), 204);
    assert!(listening.line().contains("answered 204: the form before Graph's"));
    let foreign = CallbackClaims::default().with_audience("00000000-0000-4000-8000-000000000000");
    let foreign = stage.emulator.sign_callback_token(&foreign).unwrap();
    assert_eq!(curl(&webhook, &foreign, "{}"), 401);
    assert!(listening.line().contains("refused 401: not for this app"));
    assert_eq!(curl(&webhook.replace("/api", "/else"), &stage.token(), "{}"), 404);
    assert!(listening.line().contains("refused 404: no callback has this path (POST /else/calls)"));
}

#[test]
fn what_is_recorded_has_no_secret_and_is_for_its_owner_alone() {
    let stage = Stage::set();
    let folder = folder("record");
    let file = folder.join("traffic.jsonl");
    let name = file.to_str().unwrap();
    let secrets = [
        "planted-recording-token",
        "planted-meeting-token",
        "planted-replaces",
        "planted-replacement",
        "planted-blob",
        "planted-passcode",
        "planted-cookie",
        "planted-query",
        "planted.callback.token",
    ];
    let data = json!({
        "@odata.type": "#microsoft.graph.call", "state": "established", "recordingAccessToken": secrets[0],
        "tokenMeetingInfo": { "token": secrets[1] }, "mediaConfig": { "blob": secrets[4] },
        "incomingContext": { "replacesContext": secrets[2] }, "replacementLink": secrets[3],
        "meetingInfo": { "passcode": secrets[5], "joinUrl": format!("https://teams.example/meet/1?p={}", secrets[7]) },
        "subject": "kept",
    });
    let item =
        json!({ "changeType": "updated", "resourceUrl": "/communications/calls/1", "resourceData": data });
    let body = json!({ "value": [item] }).to_string();
    for round in 1..=2 {
        let (mut listening, webhook) = stage.listen(&["--json", "--record", name], &[]);
        let url = format!("{webhook}?code={}", secrets[7]);
        assert_eq!(curl(&url, &stage.token(), &body), 202);
        listening.line();
        assert_eq!(curl(&url, secrets[8], &body), 401);
        listening.line();
        assert_eq!(curl(&url, &stage.token(), &format!("{{\"token\": \"{}\"", secrets[1])), 400);
        listening.line();
        assert_eq!(listening.interrupt().0, Some(0));
        let text = std::fs::read_to_string(&file).unwrap();
        assert_eq!(text.lines().count(), 3 * round, "{text}");
        assert!(!text.contains("planted") && !text.contains(&stage.token()), "{text}");
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let statuses: Vec<_> = lines.iter().map(|line| line["status"].as_u64().unwrap()).collect();
        assert_eq!(statuses[..3], [202, 401, 400]);
        assert_eq!(lines[0]["body"]["value"][0]["resourceData"]["subject"], "kept");
        assert_eq!(lines[0]["body"]["value"][0]["resourceData"]["mediaConfig"]["blob"], "[redacted]");
        let names: BTreeSet<_> =
            lines[0]["headers"].as_object().unwrap().keys().map(String::as_str).collect();
        assert!(
            names.contains("content-type") && !names.contains("authorization") && !names.contains("cookie")
        );
        // What nobody vouched for was not read, and what is no JSON could not be cleaned.
        assert!(lines[1]["body"].is_null() && lines[2]["body"].is_null());
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        let ran = run(&stage.arguments(&["--record", name]));
        assert_eq!(ran.code, 1);
        assert!(ran.err.contains("chmod 600"), "{ran:?}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn keys_over_plain_http_are_taken_from_this_machine_alone() {
    let app = "00000000-0000-4000-8000-000000000000";
    for url in ["http://10.0.0.1/openid", "ftp://127.0.0.1/openid", "openid"] {
        let ran = run(&["listen", "--app-id", app, "--openid", url, "--port", "0"]);
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.err.contains(url), "{ran:?}");
    }
    assert_eq!(run(&["listen"]).code, 2);
    let taken = std::net::TcpListener::bind("0.0.0.0:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let ran = run_with(&["listen", "--app-id", app, "--port", &port], &[], b"");
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains(&format!("port {port} is in use")), "{ran:?}");
}

#[test]
fn logs_in_json_have_a_line_for_each_notification_with_its_call_and_tenant() {
    let stage = Stage::set();
    let variables = [("GRAPH_CALLS_LOG_FORMAT", "json"), ("RUST_LOG", "graph_calls_bot=info")];
    for program in ["listen", "bot"] {
        let (listening, call) = if program == "listen" {
            let arguments = stage.arguments(&["--json"]);
            let mut listening = Running::logging(&arguments, &variables);
            let ready: Value = serde_json::from_str(&listening.line()).unwrap();
            let port = ready["address"].as_str().unwrap().rsplit(':').next().unwrap().to_owned();
            let call = stage.ring(&format!("http://127.0.0.1:{port}/api/calls"));
            listening.line();
            (listening, call)
        } else {
            let emulator =
                [("GRAPH_CALLS_EMULATOR_URL", stage.emulator.url()), ("GRAPH_CALLS_BIND", "127.0.0.1:0")];
            let mut listening = Running::logging(&["bot"], &[&variables[..], &emulator[..]].concat());
            let port = listening.line().rsplit(':').next().unwrap().to_owned();
            let call = stage.ring(&format!("http://127.0.0.1:{port}/api/calls"));
            (listening, call)
        };
        let line = listening.logged(&call);
        let logged: Value = serde_json::from_str(&line).unwrap();
        let fields = &logged["fields"];
        assert_eq!(
            (&logged["level"], &fields["message"]),
            (&json!("INFO"), &json!("notification")),
            "{line}"
        );
        assert_eq!(fields["call"], call.as_str());
        assert_eq!(fields["tenant"], stage.emulator.env().tenant_id.as_str());
        assert_eq!((&fields["kind"], &fields["change"]), (&json!("call"), &json!("created")), "{line}");
        assert!(!line.contains("Adele"), "{line}");
    }
}
