use std::time::{Duration, UNIX_EPOCH};

use graph_calls_core::model::{
    CallId, IdentitySet, InvitationParticipantInfo, MediaConfig, Notification, ParticipantId, RawJson,
    RejectReason,
};
use serde_json::{Value, json};

use super::*;
use crate::{Answer, HoldMusic, Invite, Prompt, Recording, Redirect, Tones, Transfer, command::ELSEWHERE};

const OTHER: &str = "0123456789abcdef0123456789abcdef";

fn user(id: &str) -> InvitationParticipantInfo<'static> {
    InvitationParticipantInfo::user(id)
}

fn guest(id: &str) -> ParticipantId {
    ParticipantId::new(id).unwrap()
}

/// A call from `adele`, or one that nothing is known of.
fn call(known: bool) -> CallContext<()> {
    let mut record = CallRecord::default();
    let tenant = TenantId::new("contoso.example").unwrap();
    if known {
        let text = json!({"changeType": "created", "resourceUrl": "/communications/calls/1", "resourceData": {
            "state": "incoming", "direction": "incoming", "source": {"identity": IdentitySet::of_user("adele")}}});
        let item = Notification::from_raw(RawJson::from_string(text.to_string()).unwrap());
        record.apply(&item, UNIX_EPOCH).unwrap();
    }
    let facts = Facts {
        call_ref: OTHER.parse().unwrap(),
        event_id: format!("{OTHER}-7-1"),
        callback: CallbackUri::new("https://bot.example/api/calls").unwrap(),
        sounds: Sounds { any_name: true, ..Sounds::default() },
        answer_by: None,
        app: None,
        tenant,
        record: Arc::new(record),
    };
    CallContext::new(facts, ())
}

/// What one verb decides: name, method and path below the call, body without what every body has.
fn decided(verb: impl FnOnce(&mut CallContext<()>)) -> (String, String, Value) {
    let mut call = call(true);
    verb(&mut call);
    let [command] = call.commands() else { panic!("{:?}", call.commands()) };
    let (method, path) = command.target().unwrap_or_else(|| panic!("{:?}", command.request));
    let path = path.strip_prefix("/communications/calls/").unwrap();
    let mut body = command.body().unwrap_or_default();
    if let Some(body) = body.as_object_mut() {
        let context = body.remove("clientContext");
        assert_eq!(context.is_some(), command.client_context.is_some());
        if let Some(context) = context {
            assert_eq!(context, format!("gc1.{OTHER}-7-1.0"));
        }
        body.remove("callbackUri");
    }
    (command.name().to_owned(), format!("{method} {path}"), strip(body))
}

/// Without types and nulls, which are the model's own matter.
fn strip(value: Value) -> Value {
    match value {
        Value::Object(map) => map
            .into_iter()
            .filter(|(name, value)| !name.starts_with('@') && !value.is_null())
            .map(|(name, value)| (name, strip(value)))
            .collect(),
        Value::Array(items) => items.into_iter().map(strip).collect(),
        other => other,
    }
}

#[test]
fn each_verb_is_one_request_under_its_name() {
    let hello = "https://bot.example/hello.wav";
    let media = json!({"mediaInfo": {"uri": hello}});
    let heidi = json!({"identity": {"user": {"id": "heidi"}}});
    for (verb, name, target, body) in [
        (
            decided(|call| call.reject(RejectReason::Busy)),
            "reject",
            "POST 1/reject",
            json!({"reason": "busy"}),
        ),
        (
            decided(|call| call.redirect(Redirect::user("heidi").ring_for(Duration::from_secs(20)))),
            "redirect",
            "POST 1/redirect",
            json!({"targets": [heidi], "timeout": 20}),
        ),
        (decided(CallContext::hang_up), "hang-up", "DELETE 1", json!(null)),
        (
            decided(|call| call.play(Prompt::url(hello))),
            "play",
            "POST 1/playPrompt",
            json!({"prompts": [media]}),
        ),
        (
            decided(|call| {
                let recording = Recording::new().prompt(Prompt::url(hello)).stop_on("#");
                call.record_response(
                    recording
                        .longest(Duration::from_secs(30))
                        .silence(Duration::from_secs(3))
                        .named("voicemail"),
                );
            }),
            "voicemail",
            "POST 1/recordResponse",
            json!({"prompts": [media], "stopTones": ["#"], "maxRecordDurationInSeconds": 30,
                "maxSilenceTimeoutInSeconds": 3}),
        ),
        (decided(CallContext::cancel_media), "cancel-media", "POST 1/cancelMediaProcessing", json!({})),
        (decided(CallContext::subscribe_to_tones), "tones", "POST 1/subscribeToTone", json!({})),
        (
            decided(|call| call.send_tones("1#")),
            "send-tones",
            "POST 1/sendDtmfTones",
            json!({"tones": ["tone1", "pound"]}),
        ),
        (decided(CallContext::mute), "mute", "POST 1/mute", json!({})),
        (decided(CallContext::unmute), "unmute", "POST 1/unmute", json!({})),
        (
            decided(|call| call.mute_participant(guest("7"))),
            "mute-participant",
            "POST 1/participants/7/mute",
            json!({}),
        ),
        (
            decided(|call| call.start_hold_music(HoldMusic::of(guest("7")).prompt(Prompt::url(hello)))),
            "hold-music",
            "POST 1/participants/7/startHoldMusic",
            json!({"customPrompt": media}),
        ),
        (
            decided(|call| call.stop_hold_music(guest("7"))),
            "stop-hold-music",
            "POST 1/participants/7/stopHoldMusic",
            json!({}),
        ),
        (decided(|call| call.remove(guest("7"))), "remove", "DELETE 1/participants/7", json!(null)),
        (
            decided(|call| {
                call.transfer(
                    Transfer::blind(user("heidi")).transferee(IdentitySet::of_user("adele"), guest("7")),
                );
            }),
            "transfer",
            "POST 1/transfer",
            json!({"transferTarget": heidi,
                "transferee": {"identity": {"user": {"id": "adele"}}, "participantId": "7"}}),
        ),
    ] {
        assert_eq!(verb, (name.to_owned(), target.to_owned(), body));
    }
}

#[test]
fn a_verb_about_another_call_names_it_when_it_is_sent() {
    let other: CallRef = OTHER.parse().unwrap();
    let adele = json!({"user": {"id": "adele"}});
    for (verb, before, after) in [
        (
            Box::new(|call: &mut CallContext<()>| call.move_to(&other)) as Box<dyn Fn(&mut CallContext<()>)>,
            (format!("{ELSEWHERE}/participants/invite"), json!([{"identity": adele, "replacesCallId": "1"}])),
            ("a%2Bb/participants/invite", json!([{"identity": adele, "replacesCallId": "1"}])),
        ),
        (
            // Somebody who is called like our placeholder.
            Box::new(|call| call.consult(&other, user(ELSEWHERE))),
            (
                "1/transfer".to_owned(),
                json!({"identity": {"user": {"id": ELSEWHERE}}, "replacesCallId": ELSEWHERE}),
            ),
            ("1/transfer", json!({"identity": {"user": {"id": ELSEWHERE}}, "replacesCallId": "a+b"})),
        ),
    ] {
        let mut call = call(true);
        verb(&mut call);
        let mut command = call.into_decisions().commands.remove(0);
        let look = |command: &CallCommand| {
            let body = strip(command.body().unwrap());
            let who = body.get("participants").or(body.get("transferTarget")).cloned();
            let path = command.target().unwrap().1.strip_prefix("/communications/calls/").unwrap();
            (path.to_owned(), who.unwrap())
        };
        assert_eq!(command.elsewhere, Some(other));
        assert_eq!(look(&command), before);
        command.address(&CallId::new("a+b").unwrap());
        assert_eq!(look(&command), (after.0.to_owned(), after.1));
    }
}

#[test]
fn what_cannot_be_sent_says_why() {
    let other: CallRef = OTHER.parse().unwrap();
    let two = || Prompt::file("a").then_file("b");
    for (known, verb, why) in [
        (
            false,
            Box::new(|call: &mut CallContext<()>| call.mute()) as Box<dyn Fn(&mut CallContext<()>)>,
            "no id yet",
        ),
        (true, Box::new(|call| call.send_tones("1-2")), "give keys"),
        (
            true,
            Box::new(|call| call.send_tones(Tones::keys("12").delay(Duration::MAX))),
            "delayBetweenTonesMs",
        ),
        (true, Box::new(|call| call.record_response(Recording::new().stop_on("x"))), "ends the recording"),
        (
            true,
            Box::new(|call| call.record_response(Recording::new().longest(Duration::from_secs(121)))),
            "120",
        ),
        (true, Box::new(move |call| call.record_response(Recording::new().prompt(two()))), "only one prompt"),
        (
            true,
            Box::new(move |call| call.start_hold_music(HoldMusic::of(guest("7")).prompt(two()))),
            "only one prompt",
        ),
        (
            true,
            Box::new(|call| call.redirect(Redirect::user("a").ring_for(Duration::from_secs(91)))),
            "timeout",
        ),
        (
            true,
            Box::new(|call| call.redirect((0..26).fold(Redirect::user("a"), |all, _| all.or(user("b"))))),
            "targets",
        ),
        (
            true,
            Box::new(|call| {
                call.transfer(Transfer::blind(user("b").with_replaces_call_id(CallId::new("9").unwrap())));
            }),
            "blind transfer replaces no call",
        ),
        (true, Box::new(|call| call.call_off("nobody")), "no invitation of this name"),
        (
            true,
            Box::new(|call| call.answer(Answer::media(MediaConfig::app_hosted("x")).prefetch(["a"]))),
            "prefetch",
        ),
        (false, Box::new(move |call| call.move_to(&other)), "no id yet"),
    ] {
        let mut call = call(known);
        verb(&mut call);
        let Err(told) = &call.commands()[0].request else { panic!("{:?}", call.commands()) };
        assert!(told.contains(why), "{told}");
    }
}

#[test]
fn options_of_an_argument_say_its_name_what_it_follows_and_how_long_it_may_wait() {
    let mut call = call(true);
    call.send_tones(Tones::keys("1").named("pin").after("hello").within(Duration::from_secs(5)));
    call.invite(Invite::user("heidi").named("second"));
    call.call_off("second");
    let [tones, invite, call_off] = call.commands() else { panic!("{:?}", call.commands()) };
    assert_eq!((tones.name(), tones.after.as_deref()), ("pin", Some("hello")));
    assert_eq!((tones.within, tones.when_media_active), (Some(Duration::from_secs(5)), true));
    let id = invite.body().unwrap()["participants"][0]["participantId"].as_str().unwrap().to_owned();
    assert!(call_off.target().unwrap().1.ends_with(&format!("/participants/{id}")));
    assert!(!format!("{:?}", Tones::keys("4711")).contains("4711"));
}
