//! What is read: eight notifications, each minified and pretty-printed, with the types at the beginning and at the end.

use crate::json::{Json, TagPlace};

/// The notifications of the five first pages, in both generations.
const SEEDS_LEGACY: &str = include_str!("../../../../../../benches/bodies/seeds-legacy.json");
const SEEDS_CURRENT: &str = include_str!("../../../../../../benches/bodies/seeds-current.json");
/// A POST in the shape of captures: a call, then a roster.
const WIRE_CURRENT: &str = include_str!("../../../../../../benches/bodies/wire-current.json");

const PROMPT: &str = "0fe0623f-d628-42ed-b4bd-8ac290072cc5";
/// A prompt was played.
const OPERATION: &str = r##"{
    "@odata.type": "#microsoft.graph.commsNotification",
    "changeType": "deleted",
    "resource": "/app/calls/57dab8b1-894c-409a-b240-bd8beae78896/operations/0fe0623f-d628-42ed-b4bd-8ac290072cc5",
    "callbackUri": "https://bot.example/api/calls/c/0f1e2d3c4b5a69788796a5b4c3d2e1f0/0",
    "resourceUrl": "/communications/calls/57dab8b1-894c-409a-b240-bd8beae78896/operations/0fe0623f-d628-42ed-b4bd-8ac290072cc5",
    "resourceData": {
        "@odata.type": "#microsoft.graph.playPromptOperation",
        "id": "0fe0623f-d628-42ed-b4bd-8ac290072cc5",
        "clientContext": "d45324c1-fcb5-430a-902c-f20af696537c",
        "status": "completed",
        "resultInfo": {
            "@odata.type": "#microsoft.graph.resultInfo",
            "code": 200,
            "subcode": 0,
            "message": "Action completed successfully."
        }
    }
}"##;

pub(super) struct Body {
    pub(super) payload: &'static str,
    /// Its form: `minified, tag first`.
    pub(super) variant: String,
    pub(super) tags: TagPlace,
    pub(super) is_pretty: bool,
    pub(super) text: Vec<u8>,
    pub(super) kind: Kind,
    /// The id of what it is about, in a roster the last one's.
    pub(super) id: Option<String>,
    pub(super) participants: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Call,
    Operation,
    Participants,
}

struct Payload {
    name: &'static str,
    json: Json,
    kind: Kind,
    id: Option<String>,
    participants: usize,
}

/// The same bodies at every run.
pub(super) fn all() -> Vec<Body> {
    let payloads = payloads();
    let mut bodies = Vec::new();
    for (place, tags) in [("tag first", TagPlace::First), ("tag last", TagPlace::Last)] {
        for form in ["minified", "pretty"] {
            for payload in &payloads {
                let mut json = payload.json.clone();
                json.place_tags(tags);
                let text = if form == "minified" {
                    serde_json::to_vec(&json)
                } else {
                    serde_json::to_vec_pretty(&json)
                };
                bodies.push(Body {
                    payload: payload.name,
                    variant: format!("{form}, {place}"),
                    tags,
                    is_pretty: form == "pretty",
                    text: text.expect("JSON"),
                    kind: payload.kind,
                    id: payload.id.clone(),
                    participants: payload.participants,
                });
            }
        }
    }
    bodies
}

fn payloads() -> Vec<Payload> {
    // S003 was sent before the call was rejected; what follows the reject is empty but for its type.
    let call = |name, json| Payload { name, json, kind: Kind::Call, id: None, participants: 0 };
    let operation = {
        let mut body = Json::read(SEEDS_CURRENT);
        *body.member("value") = Json::Array(vec![Json::read(OPERATION)]);
        Payload {
            name: "operation",
            json: body,
            kind: Kind::Operation,
            id: Some(PROMPT.to_owned()),
            participants: 0,
        }
    };
    vec![
        call("S000", with_item(SEEDS_LEGACY, 1)),
        call("S001", with_item(SEEDS_CURRENT, 1)),
        call("S002", with_item(SEEDS_CURRENT, 2)),
        call("S003", with_item(SEEDS_LEGACY, 2)),
        operation,
        roster("roster of 1", 1),
        roster("roster of 50", 50),
        roster("roster of 300", 300),
    ]
}

/// The body with this one of its items alone.
fn with_item(body: &str, index: usize) -> Json {
    let mut body = Json::read(body);
    let items = body.member("value").items();
    *items = vec![items.swap_remove(index)];
    body
}

fn roster(name: &'static str, size: usize) -> Payload {
    let mut body = with_item(WIRE_CURRENT, 1);
    let roster = one(&mut body).member("resourceData").items();
    let models = std::mem::take(roster);
    *roster =
        models.iter().cycle().cloned().zip(1..=size).map(|(model, number)| vary(model, number)).collect();
    let id = Some(guid(size, 0));
    Payload { name, json: body, kind: Kind::Participants, id, participants: size }
}

fn one(body: &mut Json) -> &mut Json {
    body.member("value").items().first_mut().expect("an item")
}

/// Another participant of the same shape.
fn vary(mut participant: Json, number: usize) -> Json {
    const FIRST: [&str; 10] =
        ["Adele", "Alex", "Diego", "Grady", "Isaiah", "Johanna", "Lee", "Megan", "Nestor", "Pradeep"];
    const LAST: [&str; 7] = ["Vance", "Wilber", "Siciliani", "Archie", "Langer", "Lorenz", "Wilke"];
    let nth = |names: &[&'static str]| names.iter().copied().cycle().nth(number).unwrap_or_default();

    *participant.member("id") = guid(number, 0).into();
    *participant.member("rosterSequenceNumber") = number.into();
    let info = participant.member("info");
    *info.member("participantId") = guid(number, 1).into();
    let user = info.member("identity").member("user");
    *user.member("id") = guid(number, 2).into();
    *user.member("displayName") = format!("{} {}", nth(&FIRST), nth(&LAST)).into();
    for (stream, source) in participant.member("mediaStreams").items().iter_mut().zip(number * 3 + 97..) {
        *stream.member("sourceId") = source.to_string().into();
    }
    participant
}

/// Digits that look like an id, the same for the same numbers.
fn guid(number: usize, of: u64) -> String {
    // SplitMix64.
    let mix = |seed: u64| {
        let z = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    let seed = 8 * number as u64 + 2 * of;
    let (high, low) = (mix(seed + 1), mix(seed + 2));
    format!(
        "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
        high >> 32,
        high & 0xffff,
        (high >> 16) & 0xfff,
        low >> 52,
        low & 0xffff_ffff_ffff
    )
}
