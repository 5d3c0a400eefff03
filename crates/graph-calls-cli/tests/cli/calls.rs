use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    thread,
};

use crate::support::{Emulator, Ran, Running, run, run_with};

const ADELE: &str = "user:b0000000-0000-4000-8000-000000000001";
const CALLBACK: &str = "http://127.0.0.1:9/api/calls";

fn at(url: &str, arguments: &[&str]) -> Ran {
    run_with(arguments, &[("GRAPH_CALLS_EMULATOR_URL", url)], b"")
}

/// Asks until the call is as wanted: the emulator takes its time, as the service does.
fn until(url: &str, call: &str, state: &str) {
    for _ in 0..200 {
        if at(url, &["call", "get", call, "--json"]).one()["state"] == state {
            return;
        }
    }
    panic!("the call never was {state}");
}

#[test]
fn a_call_is_made_looked_at_and_ended() {
    let emulator = Emulator::start();
    let url = emulator.url();
    let created = at(url, &["call", "create", "--to", ADELE, "--callback", CALLBACK, "--json"]);
    assert_eq!(created.code, 0, "{created:?}");
    assert!(created.err.starts_with(&format!("emulator at {url}")), "{}", created.err);
    let created = created.one();
    let call = created["id"].as_str().unwrap();
    until(url, call, "established");

    assert!(at(url, &["call", "get", call]).out.contains("Adele Vance"));
    assert_eq!(at(url, &["call", "keep-alive", call]).out, "kept alive\n");
    assert_eq!(at(url, &["participant", "list", call]).out.lines().count(), 2);
    let operation = at(url, &["call", "tones", call, "--client-context", "keys-1", "--json"]).one();
    assert_eq!(operation["clientContext"], "keys-1");
    let prompt = format!("{url}/__emulator/v1/prompts/welcome.wav");
    assert!(at(url, &["call", "play", call, &prompt]).out.starts_with("playPromptOperation"));

    let hugo = "user:b0000000-0000-4000-8000-000000000008";
    assert_eq!(at(url, &["participant", "invite", call, "--to", hugo]).code, 0);
    let joined =
        || at(url, &["participant", "list", call, "--json"]).one()["value"].as_array().unwrap().clone();
    let hugo = (0..200).find_map(|_| joined().get(2).cloned()).expect("the invitee joins");
    let participant = hugo["id"].as_str().unwrap();
    assert!(at(url, &["participant", "get", call, participant]).out.contains("Hugo Morel"));
    assert_eq!(at(url, &["participant", "delete", call, participant]).out, "removed\n");

    assert_eq!(at(url, &["call", "delete", call]).out, "hung up\n");
    let gone = at(url, &["call", "delete", call]);
    assert_eq!(gone.code, 1);
    for said in ["404", "8522", "Certain", "request-id"] {
        assert!(gone.err.contains(said), "{said}: {}", gone.err);
    }
}

#[test]
fn a_group_call_does_what_it_is_told() {
    let emulator = Emulator::start();
    let url = emulator.url();
    let created = at(url, &["call", "create", "--to", ADELE, "--callback", CALLBACK, "--json"]).one();
    let call = created["id"].as_str().unwrap();
    until(url, call, "established");
    let hugo = "user:b0000000-0000-4000-8000-000000000008";
    assert_eq!(at(url, &["participant", "invite", call, "--to", hugo]).code, 0);
    let people =
        || at(url, &["participant", "list", call, "--json"]).one()["value"].as_array().unwrap().clone();
    let people =
        (0..200).find_map(|_| Some(people()).filter(|people| people.len() == 3)).expect("the invitee joins");
    let id = |at: usize| people[at]["id"].as_str().unwrap();
    let (adele, hugo) = (id(1), id(2));

    for (line, said) in [
        (format!("call record {call} --max-duration 30s --stop-tones #"), "recordOperation "),
        (format!("call cancel-media {call}"), "cancelMediaProcessingOperation "),
        (format!("call send-tones {call} 12# --delay 300ms"), "sendDtmfTonesOperation "),
        (format!("call mute {call}"), "muteParticipantOperation "),
        (format!("call unmute {call}"), "unmuteParticipantOperation "),
        (format!("call large-gallery {call}"), "addLargeGalleryViewOperation "),
        (format!("call start-recording {call}"), "startRecordingOperation "),
        (format!("call start-transcription {call} --language en-us"), "startTranscriptionOperation "),
        (format!("participant mute {call} {hugo}"), "muteParticipantOperation "),
        (format!("participant mute-all {call} {adele} {hugo}"), "muteParticipantsOperation "),
        (format!("participant hold {call} {hugo}"), "startHoldMusicOperation "),
        (format!("participant unhold {call} {hugo}"), "stopHoldMusicOperation "),
        (format!("call routing list {call}"), "no groups\n"),
        (format!("call routing create {call} --source {adele} --receiver {hugo} --id g"), "g  "),
        (format!("call routing list {call}"), "g  "),
        (format!("call routing get {call} g"), "g  "),
        (format!("call routing update {call} g --receiver {hugo}"), "g  "),
        (format!("call routing delete {call} g"), "dissolved\n"),
    ] {
        let ran = at(url, &line.split(' ').collect::<Vec<_>>());
        assert_eq!(ran.code, 0, "{line}: {ran:?}");
        assert!(ran.out.starts_with(said), "{line}: {ran:?}");
    }
    let refused = at(url, &["call", "recording-status", call, "recording"]);
    assert!(refused.code == 1 && refused.err.contains("8506"), "{refused:?}");
}

#[test]
fn a_foreign_token_is_refused_and_not_shown() {
    let emulator = Emulator::start();
    let variables = [("GRAPH_CALLS_EMULATOR_URL", emulator.url())];
    let ran = run_with(&["call", "get", "57dab8b1", "--token-file", "-"], &variables, b"s3cret-token\n");
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("call-get"), "{ran:?}");
    assert!(!ran.err.contains("s3cret"), "{ran:?}");
}

#[test]
fn an_emulator_that_is_not_there_is_named_with_the_way_to_start_it() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let ran = at(&format!("http://127.0.0.1:{free}"), &["call", "get", "57dab8b1"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains(&format!("graph-calls emulator start --port {free}")), "{ran:?}");
}

#[test]
fn all_variables_that_are_missing_are_named_at_once() {
    let ran = run(&["call", "get", "57dab8b1"]);
    assert_eq!(ran.code, 1);
    for name in ["AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"] {
        assert!(ran.err.contains(name), "{ran:?}");
    }
    let ran = run(&["bot"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("AZURE_CLIENT_ID") && ran.err.contains("GRAPH_CALLS_CALLBACK_URL"), "{ran:?}");
}

#[test]
fn an_outcome_that_nobody_knows_says_how_to_look() {
    let service = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", service.local_addr().unwrap());
    let says = url.clone();
    thread::spawn(move || {
        for stream in service.incoming().flatten() {
            let says = says.clone();
            thread::spawn(move || half_a_service(stream, &says));
        }
    });
    let create = ["call", "create", "--to", ADELE, "--callback", CALLBACK, "--token-file", "-"];
    let ran = run_with(&create, &[("GRAPH_CALLS_EMULATOR_URL", &url)], b"token");
    assert_eq!(ran.code, 4, "{ran:?}");
    assert!(ran.err.contains("Unknown") && ran.err.contains(CALLBACK), "{ran:?}");

    let invite =
        ["participant", "invite", "57dab8b1", "--to", ADELE, "--client-context", "k-1", "--token-file", "-"];
    let ran = run_with(&invite, &[("GRAPH_CALLS_EMULATOR_URL", &url)], b"token");
    assert_eq!(ran.code, 4, "{ran:?}");
    assert!(ran.err.contains("graph-calls participant list 57dab8b1") && ran.err.contains("k-1"), "{ran:?}");
}

/// Says who it is, and hangs up on everything else after having read it.
fn half_a_service(mut stream: TcpStream, url: &str) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    loop {
        let (mut head, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            head.push_str(&line);
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        if !head.starts_with("GET /__emulator/v1/env") {
            return;
        }
        let id = "a0000000-0000-4000-8000-000000000001";
        let env = format!(
            r#"{{"url":"{url}","graph":"{url}","login":"{url}","openid":"{url}/o","issuer":"i","tenant_id":"{id}","app_id":"{id}","client_secret":"s"}}"#
        );
        let _ = write!(
            stream,
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{env}",
            env.len()
        );
    }
}

#[cfg(unix)]
#[test]
fn the_sample_bot_registers_itself_and_ends_well() {
    let emulator = Emulator::start();
    let variables = [("GRAPH_CALLS_EMULATOR_URL", emulator.url()), ("GRAPH_CALLS_BIND", "127.0.0.1:0")];
    let mut bot = Running::start(&["bot"], &variables);
    assert!(bot.line().starts_with("the attendant serves at 127.0.0.1:"));
    assert_eq!(bot.interrupt().0, Some(0));
}
