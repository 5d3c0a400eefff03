use serde_json::json;

use crate::support::{run, run_with};

const CALL: &str = "57dab8b1-894c-409a-b240-bd8beae78896";

#[test]
fn every_request_on_a_call_is_shown_as_it_would_be_sent() {
    let below = format!("https://graph.microsoft.com/v1.0/communications/calls/{CALL}");
    for (arguments, method, path) in [
        (vec!["call", "get", CALL], "GET", ""),
        (vec!["call", "answer", CALL, "--callback", "https://bot.example/api"], "POST", "/answer"),
        (vec!["call", "reject", CALL], "POST", "/reject"),
        (vec!["call", "delete", CALL], "DELETE", ""),
        (vec!["call", "keep-alive", CALL], "POST", "/keepAlive"),
        (vec!["call", "play", CALL, "https://bot.example/a.wav"], "POST", "/playPrompt"),
        (vec!["call", "tones", CALL], "POST", "/subscribeToTone"),
        (vec!["participant", "list", CALL], "GET", "/participants"),
        (vec!["participant", "get", CALL, "7e1b"], "GET", "/participants/7e1b"),
        (vec!["participant", "invite", CALL, "--to", "user:8d1e6ab6"], "POST", "/participants/invite"),
        (vec!["participant", "delete", CALL, "7e1b"], "DELETE", "/participants/7e1b"),
    ] {
        let arguments = [&arguments[..], &["--dry-run", "--json"]].concat();
        let ran = run(&arguments);
        assert_eq!(ran.code, 0, "{ran:?}");
        let request = ran.one();
        assert_eq!(request["method"], method, "{arguments:?}");
        assert_eq!(request["url"], format!("{below}{path}"), "{arguments:?}");
        assert_eq!(request["headers"]["authorization"], "Bearer [redacted]");
        assert!(ran.err.starts_with("Graph at https://graph.microsoft.com"), "{}", ran.err);
    }
}

#[test]
fn a_new_call_carries_all_that_was_said() {
    let ran = run_with(
        &[
            "call",
            "create",
            "--to",
            "phone:+15550100001",
            "--from",
            "instance:c1",
            "--callback",
            "https://bot.example/api",
            "--dry-run",
            "--json",
        ],
        &[("AZURE_TENANT_ID", "2f1a0b00-1c2d-4e3f-8a9b-0c1d2e3f4a5b")],
        b"",
    );
    let request = ran.one();
    assert_eq!(request["url"], "https://graph.microsoft.com/v1.0/communications/calls");
    let body = &request["body"];
    assert_eq!(body["callbackUri"], "https://bot.example/api");
    assert_eq!(body["targets"][0]["identity"]["phone"]["id"], "+15550100001");
    assert_eq!(body["source"]["identity"]["applicationInstance"]["id"], "c1");
    assert_eq!(body["tenantId"], "2f1a0b00-1c2d-4e3f-8a9b-0c1d2e3f4a5b");
    assert_eq!(body["requestedModalities"], json!(["audio"]));

    let ran = run(&[
        "call",
        "create",
        "--join-meeting-id",
        "123",
        "--passcode",
        "x",
        "--callback",
        "https://b.example",
        "--dry-run",
        "--json",
    ]);
    assert_eq!(ran.one()["body"]["meetingInfo"]["joinMeetingId"], "123");
}

#[test]
fn a_teams_link_names_the_meeting_and_its_tenant() {
    let link = "https://teams.microsoft.com/l/meetup-join/19%3ameeting_A%40thread.v2/0?context=%7b%22Tid%22%3a%22\
        72f988bf-86f1-41af-91ab-2d7cd011db47%22%2c%22Oid%22%3a%22550fae72-d251-43ec-868c-373732c2704f%22%7d";
    let own = [("AZURE_TENANT_ID", "2f1a0b00-1c2d-4e3f-8a9b-0c1d2e3f4a5b")];
    let create = |more: &[&str]| {
        let start = ["call", "create", "--callback", "https://b.example", "--dry-run", "--json"];
        run_with(&[&start, more].concat(), &own, b"")
    };
    let body = create(&["--join", link]).one()["body"].clone();
    assert_eq!(body["chatInfo"]["threadId"], "19:meeting_A@thread.v2");
    assert_eq!(body["meetingInfo"]["organizer"]["user"]["id"], "550fae72-d251-43ec-868c-373732c2704f");
    assert_eq!(body["tenantId"], "72f988bf-86f1-41af-91ab-2d7cd011db47");

    let other = "0a1b2c3d-0000-4000-8000-00000000000f";
    assert_eq!(create(&["--join", link, "--tenant", other]).one()["body"]["tenantId"], other);

    let body = create(&["--join", "https://teams.microsoft.com/meet/123?p=x"]).one()["body"].clone();
    assert_eq!(body["meetingInfo"]["joinMeetingId"], "123");
    assert_eq!(body["meetingInfo"]["passcode"], "x");
    assert_eq!(body["tenantId"], own[0].1);

    for (bad, said) in [
        ("https://zoom.example/meet/1?p=s3cret", "`zoom.example` is no host of Teams meetings"),
        ("https://teams.microsoft.com/l/meetup-join/19:x/0", "no `context`"),
    ] {
        let ran = create(&["--join", bad]);
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.err.contains(said) && !ran.err.contains("s3cret"), "{ran:?}");
        assert_eq!(ran.out, "");
    }
    assert_eq!(create(&["--join", link, "--join-meeting-id", "1"]).code, 2);
}

#[test]
fn people_read_a_request_as_http() {
    let ran = run(&["call", "reject", CALL, "--reason", "forbidden", "--dry-run"]);
    assert!(
        ran.out.starts_with("POST https://graph.microsoft.com/v1.0/communications/calls/"),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("\nauthorization: Bearer [redacted]\n"), "{}", ran.out);
    assert!(ran.out.contains("\"reason\": \"forbidden\""), "{}", ran.out);
}

#[test]
fn a_token_at_hand_is_not_shown() {
    let variables = [("GRAPH_CALLS_ACCESS_TOKEN", "s3cret-token")];
    let ran = run_with(&["call", "get", CALL, "--dry-run"], &variables, b"");
    assert!(!format!("{ran:?}").contains("s3cret"), "{ran:?}");
}

#[test]
fn a_made_up_client_context_is_told_and_one_that_was_given_is_used() {
    let ran = run(&["call", "tones", CALL, "--dry-run", "--json"]);
    let made = ran.one()["body"]["clientContext"].as_str().unwrap().to_owned();
    assert!(ran.err.contains(&format!("clientContext {made}")), "{}", ran.err);
    let ran = run(&["call", "tones", CALL, "--client-context", "incident-42", "--dry-run", "--json"]);
    assert_eq!(ran.one()["body"]["clientContext"], "incident-42");
}

#[test]
fn an_emulator_is_shown_and_takes_http_callbacks() {
    let arguments = ["call", "answer", CALL, "--callback", "http://127.0.0.1:9/x", "--dry-run", "--json"];
    let ran = run_with(&arguments, &[("GRAPH_CALLS_EMULATOR_URL", "http://127.0.0.1:4010")], b"");
    assert_eq!(ran.one()["url"], format!("http://127.0.0.1:4010/v1.0/communications/calls/{CALL}/answer"));
    assert!(ran.err.starts_with("emulator at http://127.0.0.1:4010"), "{}", ran.err);
    assert_eq!(run(&arguments).code, 2, "Graph takes https alone");
}

#[test]
fn what_makes_no_sense_is_a_usage_error_that_names_it() {
    for (arguments, said) in [
        (&["call", "get", "a/b"][..], "not one path segment"),
        (&["call", "get", ""], "empty"),
        (&["call", "create", "--to", "adele", "--callback", "https://b.example"], "user:ID"),
        (&["call", "create", "--callback", "https://b.example"], "--to"),
        (&["call", "create", "--to", "user:1"], "GRAPH_CALLS_CALLBACK_URL"),
        (&["call", "create", "--to", "user:1", "--callback", "bot.example"], "no callback URI"),
        (&["participant", "delete", CALL, "../x"], "not one path segment"),
    ] {
        let ran = run(&[arguments, &["--dry-run"]].concat());
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.err.contains(said), "{ran:?}");
        assert_eq!(ran.out, "");
    }
    let six: Vec<String> = (0..6).map(|number| format!("user:{number}")).collect();
    let mut arguments = vec!["call", "create", "--callback", "https://b.example", "--dry-run"];
    arguments.extend(six.iter().flat_map(|callee| ["--to", callee.as_str()]));
    let ran = run(&arguments);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.err.contains("6 are more than the 5"), "{ran:?}");
}
