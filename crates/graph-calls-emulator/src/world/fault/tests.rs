use serde_json::json;

use super::*;
use crate::world::{
    Answer, Control, Download, Effect, Input, WorldConfig,
    tests::{CALLS, Stage, code, create_body, stage, user},
};

fn add(stage: &mut Stage, fault: Fault) -> Result<String, ControlError> {
    stage.control(Control::AddFault(fault)).map(Option::unwrap)
}

fn create(stage: &mut Stage) -> Answer {
    stage.post(CALLS, &create_body(&user(1)))
}

fn struck(answers: &[Answer]) -> Vec<bool> {
    answers.iter().map(|answer| answer.fault.is_some()).collect()
}

fn header<'a>(answer: &'a Answer, wanted: &str) -> Option<&'a str> {
    answer.headers.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.as_str())
}

#[test]
fn each_phase_has_its_effect_or_none_and_the_next_request_is_well() {
    for phase in FaultPhase::all() {
        let mut stage = stage();
        add(&mut stage, Fault::new(phase.clone()).on_if_it_can("application-post-calls")).unwrap();
        let answer = create(&mut stage);
        assert_eq!(answer.fault.as_ref(), Some(&phase));
        let calls = usize::from(phase.has_effect());
        assert_eq!((stage.world.calls().len(), stage.world.applied().len()), (calls, calls), "{phase:?}");
        let expected = match &phase {
            FaultPhase::AfterEffect | FaultPhase::InHead | FaultPhase::InBody => 201,
            FaultPhase::Status { status, .. } => *status,
            _ => 0,
        };
        assert_eq!(answer.status, expected, "{phase:?}");
        assert_eq!(answer.body.is_some(), expected != 0, "{phase:?}");
        assert_eq!(answer.call.is_some(), phase.has_effect(), "{phase:?}");

        let repeat = create(&mut stage);
        assert_eq!((repeat.status, repeat.fault), (201, None), "{phase:?}");
        assert_eq!(stage.world.calls().len(), calls + 1);
        assert!(stage.world.applied().values().all(|&times| times == 1 + calls as u64), "{phase:?}");
    }
}

impl Fault {
    fn on_if_it_can(self, name: &str) -> Self {
        if self.phase == FaultPhase::BeforeConnect { self } else { self.on(name) }
    }
}

#[test]
fn a_request_that_is_refused_stays_refused_when_its_answer_is_lost() {
    let mut stage = stage();
    add(&mut stage, Fault::new(FaultPhase::AfterEffect)).unwrap();
    let answer = stage.post(CALLS, &json!({}));
    assert_eq!((answer.status, answer.fault), (400, Some(FaultPhase::AfterEffect)));
    assert!(stage.world.applied().is_empty());
}

#[test]
fn an_error_status_has_the_body_of_graph_and_the_header_as_given() {
    for (status, retry_after, error) in [
        (429, Some("2.128"), "TooManyRequests"),
        (503, Some("Sun, 06 Nov 1994 08:49:37 GMT"), "serviceNotAvailable"),
        (503, None, "serviceNotAvailable"),
        (500, None, "UnknownError"),
        (418, Some(""), "generalException"),
    ] {
        let mut stage = stage();
        let retry_after = retry_after.map(str::to_owned);
        add(&mut stage, Fault::new(FaultPhase::Status { status, retry_after: retry_after.clone() })).unwrap();
        let answer = stage.get(CALLS);
        assert_eq!((answer.status, code(&answer)), (status, error));
        assert_eq!(header(&answer, "Retry-After"), retry_after.as_deref());
        let inner = &answer.body.as_ref().unwrap()["error"]["innerError"];
        assert_eq!(inner["request-id"], header(&answer, "request-id").unwrap());
        assert_eq!(inner["code"].as_str(), (status == 429).then_some("429"));
    }
}

#[test]
fn a_fault_hits_the_operation_it_names_at_its_turn_and_so_often() {
    let mut stage = stage();
    let call = stage.answered();
    let path = format!("{CALLS}/{call}");
    let throttled = FaultPhase::Status { status: 429, retry_after: None };
    let fault = Fault::new(throttled).on("call-keepalive").nth(2).times(2);
    assert_eq!(add(&mut stage, fault.clone()).unwrap(), "1");
    let left =
        |stage: &Stage| stage.world.faults().iter().map(|one| (one.seen, one.left)).collect::<Vec<_>>();
    assert_eq!(left(&stage), [(0, 2)]);
    let mut answers = Vec::new();
    for expected in [vec![(1, 2)], vec![(2, 1)], vec![], vec![]] {
        answers.push(stage.post(&format!("{path}/keepAlive"), &Value::Null));
        assert_eq!(stage.get(&path).fault, None);
        assert_eq!(left(&stage), expected);
    }
    assert_eq!(struck(&answers), [false, true, true, false]);
}

#[test]
fn without_a_name_every_graph_request_is_hit_also_on_paths_that_there_are_not() {
    let mut stage = stage();
    add(&mut stage, Fault::new(FaultPhase::Silence).times(3)).unwrap();
    let answers = [stage.get("/v1.0/me"), create(&mut stage), stage.get(CALLS), stage.get(CALLS)];
    assert_eq!(struck(&answers), [true, true, true, false]);
}

#[test]
fn an_operation_that_is_only_known_is_hit_too() {
    let mut stage = stage();
    let call = stage.answered();
    add(&mut stage, Fault::new(FaultPhase::Silence).on("call-starttranscription")).unwrap();
    let path = |version: &str| format!("/{version}/communications/calls/{call}/startTranscription");
    let answers = [stage.post(&path("v1.0"), &json!({})), stage.post(&path("beta"), &json!({}))];
    assert_eq!(struck(&answers), [false, true]);
    assert_eq!(answers[1].call.as_deref(), Some(call.as_str()));
}

#[test]
fn of_two_faults_on_one_request_the_older_strikes_and_both_have_had_their_turn() {
    let mut stage = stage();
    add(&mut stage, Fault::new(FaultPhase::BeforeEffect).nth(2)).unwrap();
    add(&mut stage, Fault::new(FaultPhase::AfterEffect).times(2)).unwrap();
    let phases = [(); 3].map(|()| create(&mut stage).fault);
    assert_eq!(phases, [Some(FaultPhase::AfterEffect), Some(FaultPhase::BeforeEffect), None]);
    assert_eq!(stage.world.faults(), []);
}

#[test]
fn faults_are_listed_and_cleared_and_their_ids_stay_theirs() {
    let mut stage = stage();
    let fault = Fault::new(FaultPhase::Silence).on("call-get");
    assert_eq!(add(&mut stage, fault.clone()).unwrap(), "1");
    let view = FaultView { id: "1".to_owned(), fault: fault.clone(), seen: 0, left: 1 };
    assert_eq!(stage.world.faults(), [view]);
    assert_eq!(stage.control(Control::ClearFaults), Ok(None));
    assert_eq!(stage.world.faults(), []);
    assert_eq!(create(&mut stage).fault, None);
    assert_eq!(add(&mut stage, fault).unwrap(), "2");
}

/// The phase that the world answers this input with, if it answers at all.
fn told(stage: &mut Stage, input: Input) -> Option<FaultPhase> {
    stage.tell(input).into_iter().find_map(|effect| match effect {
        Effect::Respond(answer) => answer.fault,
        _ => None,
    })
}

#[test]
fn a_world_that_is_told_of_connections_cuts_those_and_not_their_requests() {
    let mut stage = stage();
    assert_eq!(told(&mut stage, Input::Connect { ask: 1 }), None);
    add(&mut stage, Fault::new(FaultPhase::BeforeConnect)).unwrap();
    assert_eq!(create(&mut stage).fault, None);
    assert_eq!(stage.world.faults()[0].seen, 0);
    assert_eq!(told(&mut stage, Input::Connect { ask: 2 }), Some(FaultPhase::BeforeConnect));
    assert_eq!(told(&mut stage, Input::Connect { ask: 3 }), None);
}

#[test]
fn a_head_is_cut_only_by_the_fault_that_strikes_there() {
    let mut stage = stage();
    let head = || Input::Head { ask: 1, method: Method::POST, path: CALLS.to_owned() };
    add(&mut stage, Fault::new(FaultPhase::Silence)).unwrap();
    add(&mut stage, Fault::new(FaultPhase::DuringRequest).nth(2)).unwrap();
    assert_eq!(told(&mut stage, head()), None, "the older fault is for the whole request");
    assert_eq!(create(&mut stage).fault, Some(FaultPhase::Silence));
    assert_eq!(told(&mut stage, head()), Some(FaultPhase::DuringRequest));
    assert_eq!(stage.world.faults(), []);
    assert_eq!(told(&mut stage, head()), None);
}

#[test]
fn the_same_seed_and_the_same_inputs_give_the_same_faults() {
    let run = |seed| {
        let mut stage = Stage::new(WorldConfig::seeded(seed).with_webhook("https://bot.example/calls"));
        let mut told = Vec::new();
        for (place, phase) in FaultPhase::all().into_iter().enumerate() {
            add(&mut stage, Fault::new(phase).nth(1 + place as u64 * 2)).unwrap();
        }
        for place in 0..20 {
            let call = if place % 2 == 0 { create(&mut stage).call } else { None };
            told.push(format!("{:?}", stage.get(&format!("{CALLS}/{}", call.unwrap_or_default()))));
            stage.wait(std::time::Duration::from_secs(1));
        }
        (told, stage.sent.iter().map(|one| format!("{one:?}")).collect::<Vec<_>>())
    };
    assert_eq!(run(7), run(7));
    assert_ne!(run(7), run(8));
}

#[test]
fn faults_that_make_no_sense_are_refused_by_the_name_of_the_member() {
    let status = |status| Fault::new(FaultPhase::Status { status, retry_after: None });
    let silence = || Fault::new(FaultPhase::Silence);
    let retry_after = Some("1\r\nX: y".to_owned());
    for (fault, member, says) in [
        (status(200), "status", "not 200"),
        (status(600), "status", "not 600"),
        (Fault::new(FaultPhase::Status { status: 503, retry_after }), "retry_after", "control characters"),
        (silence().nth(0), "nth", "1 or more"),
        (silence().times(0), "times", "1 or more"),
        (silence().on("Answer"), "on", "`Answer`; similar: call-answer"),
        (silence().on("call-anwser"), "on", "known: application-post-calls, "),
        (silence().on(""), "on", "known: "),
        (Fault::new(FaultPhase::BeforeConnect).on("call-answer"), "on", "no connection knows"),
    ] {
        let error = add(&mut stage(), fault).unwrap_err();
        assert!(
            matches!(&error, ControlError::BadFault { member: named, .. } if *named == member),
            "{error}"
        );
        let text = error.to_string();
        assert!(text.contains(says) && text.starts_with(&format!("`{member}` of the fault ")), "{text}");
    }
}

#[test]
fn faults_are_written_as_json_and_read_back() {
    for phase in FaultPhase::all() {
        let fault = Fault::new(phase).on("call-get").nth(3).times(u64::MAX);
        let written = serde_json::to_string(&fault).unwrap();
        assert_eq!(serde_json::from_str::<Fault>(&written).unwrap(), fault, "{written}");
        let view = FaultView { id: "1".to_owned(), fault, seen: 2, left: 1 };
        let written = serde_json::to_string(&view).unwrap();
        assert_eq!(serde_json::from_str::<FaultView>(&written).unwrap(), view, "{written}");
    }
    let least: Fault = serde_json::from_str(r#"{ "phase": "in_body", "on": null }"#).unwrap();
    assert_eq!(least, Fault::new(FaultPhase::InBody));
    assert_eq!(serde_json::to_value(least).unwrap(), json!({ "phase": "in_body", "nth": 1, "times": 1 }),);
}

#[test]
fn bad_json_is_refused_by_the_name_of_the_member() {
    for (json, says) in [
        (json!({}), "`phase` is missing"),
        (json!({ "phase": "later" }), "`phase` must be one of before_connect, "),
        (json!({ "phase": 1 }), "`phase` must be a string, not 1"),
        (json!({ "phase": "status" }), "`status` is missing"),
        (
            json!({ "phase": "status", "status": 70_000 }),
            "`status` must be a number from 400 to 599, not 70000",
        ),
        (json!({ "phase": "silence", "status": 503 }), "`status` is for the phase `status` only"),
        (json!({ "phase": "silence", "retry_after": "1" }), "`retry_after` is for the phase `status` only"),
        (json!({ "phase": "status", "status": 503, "retry_after": 1 }), "`retry_after` must be a string"),
        (json!({ "phase": "silence", "on": 1 }), "`on` must be the name of a reference page"),
        (json!({ "phase": "silence", "nth": -1 }), "`nth` must be a whole number from 1, not -1"),
        (json!({ "phase": "silence", "times": 1.5 }), "`times` must be a whole number from 1, not 1.5"),
        (json!({ "phase": "silence", "route": "x" }), "unknown field `route`, expected one of `phase`"),
    ] {
        let error = serde_json::from_value::<Fault>(json.clone()).unwrap_err().to_string();
        assert!(error.starts_with(says), "{json}: {error}");
    }
}

#[test]
fn a_fault_counts_from_when_it_is_added() {
    let mut stage = stage();
    let before = stage.get(CALLS);
    add(&mut stage, Fault::new(FaultPhase::InHead)).unwrap();
    let answers = [before, stage.get(CALLS), stage.get(CALLS)];
    assert_eq!(struck(&answers), [false, true, false]);
}

/// A recording, and a download of it with this token: its own without one.
fn recorded(stage: &mut Stage) -> impl Fn(&mut Stage, Option<&str>) -> Download + use<> {
    let call = stage.answered();
    stage.post(&format!("{CALLS}/{call}/recordResponse"), &json!({ "playBeep": false, "stopTones": ["#"] }));
    stage.press(&call, "#");
    let data = stage.last_item()["resourceData"].clone();
    let text = |name: &str| data[name].as_str().unwrap().to_owned();
    let (location, own) = (text("recordingLocation"), text("recordingAccessToken"));
    move |stage, token| {
        let request = http::Request::get(location.strip_prefix("http://127.0.0.1").unwrap());
        let request = request.header("Authorization", format!("Bearer {}", token.unwrap_or(&own)));
        stage.world.download(&request.body(()).unwrap())
    }
}

#[test]
fn a_download_is_hit_by_the_faults_that_name_it() {
    for phase in FaultPhase::all().into_iter().filter(|phase| *phase != FaultPhase::BeforeConnect) {
        let mut stage = stage();
        let download = recorded(&mut stage);
        add(&mut stage, Fault::new(phase.clone()).on("recordoperation").nth(2)).unwrap();
        assert_eq!(download(&mut stage, Some("wrong")).response.status(), 401, "and it is not counted");
        assert_eq!(download(&mut stage, None).fault, None);
        let hit = download(&mut stage, None);
        assert_eq!(hit.fault.as_ref(), Some(&phase));
        let (status, retry_after) = match &phase {
            FaultPhase::Status { status, retry_after } => (*status, retry_after.as_deref()),
            _ => (200, None),
        };
        assert_eq!(hit.response.status(), status, "{phase:?}");
        let header = hit.response.headers().get("retry-after");
        assert_eq!(header.map(|value| value.to_str().unwrap()), retry_after);
        let next = download(&mut stage, None);
        assert_eq!((next.response.status().as_u16(), next.fault), (200, None), "{phase:?}");
    }
}

#[test]
fn a_fault_for_every_graph_request_leaves_downloads_alone() {
    let mut stage = stage();
    let download = recorded(&mut stage);
    add(&mut stage, Fault::new(FaultPhase::Silence)).unwrap();
    assert_eq!(download(&mut stage, None).fault, None);
    assert_eq!(stage.get(CALLS).fault, Some(FaultPhase::Silence));
}
