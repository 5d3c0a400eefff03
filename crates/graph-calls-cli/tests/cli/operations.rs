//! A command line for every row of the table that requests, routes and commands are held against.

use std::{collections::BTreeMap, fs, path::Path};

use crate::support::{run, run_with};

const CALL: &str = "57dab8b1-894c-409a-b240-bd8beae78896";
const GUID: &str = "909c6581-5130-43e9-88f3-fcb3582cde37";

/// The bodies of operations that take no key.
const WITHOUT_KEY: [&str; 10] = [
    "-",
    "CreateCallBody",
    "AnswerCallBody",
    "RejectCallBody",
    "RedirectCallBody",
    "TransferCallBody",
    "ChangeScreenSharingRoleBody",
    "LogTeleconferenceDeviceQualityBody",
    "AudioRoutingGroup",
    "ReportSyntheticMediaBody",
];

/// What follows the command's name.
fn arguments(request: &str) -> Option<Vec<&'static str>> {
    let callback = ["--callback", "https://bot.example/api"];
    let report = "--detected 2026-03-13T21:00:00Z --model m --modality audio --confidence 0.9 --mime-type audio/pcm \
        --duration 15s --live";
    let arguments = match request {
        "create_call" => [&["--to", "user:8d1e6ab6"][..], &callback].concat(),
        "answer_call" => [&[CALL][..], &callback].concat(),
        "get_call"
        | "delete_call"
        | "keep_alive"
        | "reject_call"
        | "cancel_media_processing"
        | "subscribe_to_tone"
        | "mute_call"
        | "unmute_call"
        | "add_large_gallery_view"
        | "list_participants"
        | "list_audio_routing_groups"
        | "start_recording"
        | "stop_recording"
        | "start_transcription"
        | "stop_transcription" => vec![CALL],
        "redirect_call" => {
            vec!["--to", "user:8d1e6ab6", "--to", "phone:+15550100001", CALL, "--timeout", "30s"]
        }
        "transfer_call" | "invite_participants" => vec![CALL, "--to", "user:8d1e6ab6"],
        "play_prompt" => vec![CALL, "https://bot.example/a.wav"],
        "record_response" => vec![CALL, "--max-duration", "30s", "--stop-tones", "#*"],
        "send_dtmf_tones" => vec![CALL, "12#", "--delay", "300ms"],
        "change_screen_sharing_role" => vec![CALL, "sharer"],
        "update_recording_status" => vec![CALL, "recording"],
        "log_teleconference_device_quality" => vec!["--file", "-"],
        "get_participant"
        | "mute_participant"
        | "delete_participant"
        | "start_hold_music"
        | "stop_hold_music"
        | "mute_all_participants" => vec![CALL, "7e1b"],
        "report_synthetic_media" => [&[CALL, "7e1b"][..], &report.split(' ').collect::<Vec<_>>()].concat(),
        "create_audio_routing_group" => vec![CALL, "--source", "1", "--receiver", "2", "--id", "g"],
        "get_audio_routing_group" | "delete_audio_routing_group" => vec![CALL, "g"],
        "update_audio_routing_group" => vec![CALL, "g", "--receiver", "2", "--receiver", "3"],
        _ => return None,
    };
    Some(arguments)
}

/// What is read from standard input.
fn input(request: &str) -> String {
    if request != "log_teleconference_device_quality" {
        return String::new();
    }
    format!(
        r##"{{"quality": {{"callChainId": "{GUID}", "participantId": "{GUID}", "mediaLegId": "{GUID}",
            "deviceName": "Room 4", "deviceDescription": "a video bar", "mediaQualityList": [
            {{"@odata.type": "#microsoft.graph.teleconferenceDeviceAudioQuality", "channelIndex": 1}}]}}}}"##
    )
}

type Row = BTreeMap<String, String>;

fn rows() -> Vec<Row> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../graph-calls-core/tests/operations.tsv");
    let text = fs::read_to_string(path).unwrap();
    let mut lines = text.lines().map(|line| line.split('\t').map(str::to_owned));
    let columns: Vec<String> = lines.next().unwrap().collect();
    lines.map(|cells| columns.iter().cloned().zip(cells).collect()).collect()
}

fn command_line(row: &Row) -> Vec<String> {
    let request = &row["request"];
    let arguments = arguments(request).unwrap_or_else(|| panic!("{request} has no command line here"));
    let command = row["command"].split(' ').map(str::to_owned);
    let more = arguments.into_iter().chain(["--dry-run", "--json"]);
    command.chain(more.map(str::to_owned)).collect()
}

#[test]
fn every_operations_dry_run_equals_its_row() {
    let rows = rows();
    assert!(rows.len() >= 38, "{}", rows.len());
    // A recording is not at Graph: how it is fetched is tested on its own.
    for row in rows.iter().filter(|row| row["path"] != "{recordingLocation}") {
        let line = command_line(row);
        let line: Vec<&str> = line.iter().map(String::as_str).collect();
        let ran = run_with(&line, &[], input(&row["request"]).as_bytes());
        assert_eq!(ran.code, 0, "{line:?}: {ran:?}");
        let request = ran.one();
        assert_eq!(request["method"], row["method"], "{line:?}");
        // v1.0 where it exists, beta where it does not.
        let version = row["versions"].split(',').next().unwrap();
        let path =
            row["path"].replace("{call}", CALL).replace("{participant}", "7e1b").replace("{group}", "g");
        assert_eq!(request["url"], format!("https://graph.microsoft.com/{version}{path}"), "{line:?}");
        assert_eq!(request["headers"]["authorization"], "Bearer [redacted]");
        assert_eq!(request["body"].is_null(), row["body"] == "-", "{line:?}");
    }
}

#[test]
fn every_key_is_made_up_and_told_where_none_is_given() {
    let rows = rows();
    let keyed = rows.iter().filter(|row| !WITHOUT_KEY.contains(&row["body"].as_str()));
    let mut count = 0;
    for row in keyed {
        let line = command_line(row);
        let line: Vec<&str> = line.iter().map(String::as_str).collect();
        let ran = run(&line);
        let made = ran.one()["body"]["clientContext"].as_str().expect(&row["request"]).to_owned();
        assert_eq!(made.len(), 36, "{made}");
        assert!(ran.err.contains(&format!("clientContext {made}")), "{line:?}: {}", ran.err);
        let ran = run(&[&line[..], &["--client-context", "incident-42"]].concat());
        assert_eq!(ran.one()["body"]["clientContext"], "incident-42", "{line:?}");
        assert!(!ran.err.contains("clientContext"), "{line:?}: {}", ran.err);
        count += 1;
    }
    assert!(count >= 18, "{count}");
}

#[test]
fn the_two_transfers_cannot_be_taken_for_each_other() {
    let transfer = |more: &str| {
        let line = format!("call transfer {CALL} {more} --dry-run --json");
        run(&line.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>())
    };
    let blind = transfer("--to user:expert --transferee user:caller --transferee-participant 7e1b").one();
    let target = &blind["body"]["transferTarget"];
    assert_eq!(target["identity"]["user"]["id"], "expert");
    assert!(target.get("replacesCallId").is_none());
    assert_eq!(blind["body"]["transferee"]["participantId"], "7e1b");

    let consultative = transfer("--original-call first --original-caller user:caller").one();
    let target = &consultative["body"]["transferTarget"];
    assert_eq!(
        (&target["identity"]["user"]["id"], &target["replacesCallId"]),
        (&"caller".into(), &"first".into())
    );

    for (wrong, said) in [
        ("", "--original-call"),
        ("--to user:expert --original-call first --original-caller user:caller", "cannot be used with"),
        ("--original-call first", "--original-caller"),
        ("--original-caller user:caller", "--original-call"),
        ("--to user:expert --transferee user:caller", "--transferee-participant"),
    ] {
        let ran = transfer(wrong);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{wrong}: {ran:?}");
        assert!(ran.err.contains(said), "{wrong}: {}", ran.err);
    }
}

#[test]
fn a_bad_value_is_a_usage_error_that_names_its_flag() {
    let report =
        "participant report-synthetic-media 1 2 --detected x --model m --modality audio --mime-type t";
    for (line, said) in [
        ("call redirect 1 --to user:1 --timeout 91s", "--timeout: 91s is not taken"),
        ("call redirect 1 --to user:1 --timeout 30", "--timeout"),
        ("call redirect 1", "--to"),
        ("call record 1 --max-duration 121s", "--max-duration: 121s"),
        ("call record 1 --initial-silence 500ms", "--initial-silence: 500ms"),
        ("call record 1 --max-silence 0s", "--max-silence: 0ns"),
        ("call record 1 --stop-tones 1x", "--stop-tones"),
        ("call send-tones 1 12x", "`x` is no key"),
        ("call send-tones 1 1 --delay 3h", "--delay"),
        ("call screen-sharing 1 director", "viewer, sharer"),
        ("call recording-status 1 perhaps", "recording, not-recording, failed"),
        ("call mute a/b", "not one path segment"),
        ("call routing get 1 a/b", "the audio routing group id is not one path segment"),
        ("call routing create 1 --source 1 --receiver 2 --id ..", "--id"),
        ("call routing update 1 g", "--receiver"),
        ("participant mute-all 1", "PARTICIPANT"),
        ("call device-quality --file /nowhere", "/nowhere: "),
        (&format!("{report} --duration 15s --live --confidence 1.5"), "--confidence: 1.5 is not taken"),
        (&format!("{report} --duration 1500ms --live --confidence 1"), "--duration: 1.5s"),
        (&format!("{report} --duration 15s --confidence 1"), "--live"),
        (
            &format!("{report} --duration 15s --confidence 1 --live --report-id 1"),
            "--report-id: it is no GUID",
        ),
    ] {
        let ran = run(&line.split(' ').chain(["--dry-run"]).collect::<Vec<_>>());
        let code = if line.contains("/nowhere") { 1 } else { 2 };
        assert_eq!((ran.code, ran.out.as_str()), (code, ""), "{line}: {ran:?}");
        assert!(ran.err.contains(said), "{line}: {}", ran.err);
    }
    let ran = run(&["call", "mute", "1", "--dry-run", "--client-context", &"x".repeat(257)]);
    assert!(ran.code == 2 && ran.err.contains("--client-context: 257 characters are too many"), "{ran:?}");
    let ran = run_with(&["call", "device-quality", "--file", "-", "--dry-run"], &[], b"{\"quality\": {}}");
    assert!(ran.code == 2 && ran.err.contains("`quality.callChainId`: it is no GUID"), "{ran:?}");
}

#[test]
fn what_is_beta_alone_says_so_in_its_help() {
    for row in rows().iter().filter(|row| row["versions"] == "beta") {
        let line: Vec<&str> = row["command"].split(' ').chain(["--help"]).collect();
        let ran = run(&line);
        assert!(ran.out.contains("Beta"), "{line:?}: {}", ran.out);
    }
}
