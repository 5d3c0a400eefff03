//! Reading notifications: ours at its three depths, beside skipping it all, beside tagged enums and beside a tree.

mod bodies;
#[path = "../../../../../../benches/naive/parse.rs"]
#[allow(
    dead_code,
    clippy::all,
    clippy::pedantic,
    reason = "the frozen reader of the benches; no lint may move it"
)]
mod naive;

use std::hint::black_box;

use graph_calls_model::{Notification, Resource, TypedNotification, WebhookBody};
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::{
    json::TagPlace,
    report::{
        self,
        Bound::{AtLeast, AtMost},
        Limit,
        Quantity::{Allocations, Instructions, Nanoseconds, Number},
    },
};
use bodies::{Body, Kind};

/// Reads, and drops what it read.
type Reader = fn(&[u8]);

const READERS: &[(&str, Reader)] = &[
    ("floor", floor),
    ("envelope", |body| drop(black_box(envelope(body)))),
    ("by item", |body| each_resource(body, |resource| drop(black_box(resource)))),
    ("borrowed", |body| drop(black_box(typed(body)))),
    ("owned", |body| {
        for item in typed(body) {
            drop(black_box(item.into_owned()));
        }
    }),
    ("naive", |body| drop(black_box(naive::parse(body).expect("a body")))),
    ("value", |body| drop(black_box(serde_json::from_slice::<Value>(body).expect("JSON")))),
];

pub(crate) fn measure() {
    let quotients = [("naive", "borrowed")];
    report::columns("floor", &quotients, &["envelope", "borrowed", "owned", "naive"]);
    for body in bodies::all() {
        check(&body);
        for (column, read) in READERS {
            report::measure(&body.variant, body.payload, column, || read(black_box(&body.text)));
        }
        for limit in limits(&body) {
            report::limit(&body.variant, body.payload, &limit);
        }
    }
}

/// Who is faster, and by how much.
pub(crate) fn time() {
    for body in bodies::all().iter().filter(|body| is_as_sent(body)) {
        let of = |column| READERS.iter().find(|(name, _)| *name == column).expect("a reader").1;
        let (borrowed, naive) = (of("borrowed"), of("naive"));
        let columns: [(&str, &dyn Fn()); 2] =
            [("borrowed", &|| borrowed(black_box(&body.text))), ("naive", &|| naive(black_box(&body.text)))];
        report::time(&body.variant, body.payload, &columns, 1);
    }
}

/// The form in which the service sends: on one line, the type first.
fn is_as_sent(body: &Body) -> bool {
    body.tags == TagPlace::First && !body.is_pretty
}

/// Checks that it is UTF-8 and JSON, and keeps nothing: whoever reads a body has to do that much.
fn floor(body: &[u8]) {
    let text = std::str::from_utf8(body).expect("UTF-8");
    black_box(serde_json::from_str::<IgnoredAny>(text).expect("JSON"));
}

fn envelope(body: &[u8]) -> Vec<Notification<'_>> {
    match WebhookBody::parse(body).expect("a body") {
        WebhookBody::Notifications(items) => items,
        other => panic!("not Graph's form: {other:?}"),
    }
}

fn typed(body: &[u8]) -> Vec<TypedNotification<'_>> {
    match WebhookBody::parse_typed(body).expect("a body") {
        WebhookBody::Notifications(items) => items,
        other => panic!("not Graph's form: {other:?}"),
    }
}

fn each_resource(body: &[u8], mut take: impl FnMut(Resource<'_>)) {
    for item in &envelope(body) {
        take(item.resource().expect("a resource"));
    }
}

/// What has to hold, all of it about this one body.
fn limits(body: &Body) -> Vec<Limit<'static>> {
    let is_roster = body.participants > 1;
    let tag_last = body.tags == TagPlace::Last;
    let to_floor = |rule, column, times| Limit {
        rule,
        of: Instructions(column),
        to: Instructions("floor"),
        bound: AtMost(times),
    };
    let mut limits = vec![to_floor("envelope", "envelope", 1.4)];
    limits.push(match (tag_last, is_roster) {
        (false, false) => to_floor("borrowed, single", "borrowed", 3.4),
        (false, true) => to_floor("borrowed, roster", "borrowed", 2.6),
        (true, _) => to_floor("borrowed, tag last", "borrowed", 4.0),
    });
    // What the tag at the end may cost was set by what was measured.
    limits.push(match (tag_last, is_roster) {
        (false, false) => to_floor("owned, single", "owned", 4.0),
        (false, true) => to_floor("owned, roster", "owned", 3.4),
        (true, false) => to_floor("owned, single, tag last", "owned", 4.6),
        (true, true) => to_floor("owned, roster, tag last", "owned", 4.0),
    });
    if is_as_sent(body) {
        // Of an operation the naive reader reads five members: it is closer.
        let (rule, times) = match (body.kind, is_roster) {
            (Kind::Operation, _) => ("naive to borrowed in time, operation", 1.5),
            (_, true) => ("naive to borrowed in time, roster", 3.0),
            (_, false) => ("naive to borrowed in time, single", 2.0),
        };
        let (of, to) = (Nanoseconds("naive"), Nanoseconds("borrowed"));
        limits.push(Limit { rule, of, to, bound: AtLeast(times) });
    }
    let of = Allocations("borrowed");
    match body.participants {
        0 | 1 => limits.push(Limit {
            rule: "allocations of borrowed, single",
            of,
            to: Number(1),
            bound: AtMost(8.0),
        }),
        50 => limits.push(Limit {
            rule: "allocations of borrowed per participant, roster of 50",
            of,
            to: Number(50),
            bound: AtMost(3.0),
        }),
        _ => {}
    }
    limits
}

/// Each reader must have understood the body before it is said what it costs.
fn check(body: &Body) {
    let expected = [(body.kind, body.id.clone(), body.participants)];
    let mut gists = Vec::new();
    each_resource(&body.text, |resource| gists.push(gist(&resource)));
    assert_eq!(gists, expected, "{}: by item", body.payload);
    let items = typed(&body.text);
    let borrowed = items.iter().map(|item| gist(item.resource.as_ref().expect("a resource")));
    assert_eq!(borrowed.collect::<Vec<_>>(), expected, "{}: borrowed", body.payload);
    for item in items {
        assert_eq!(item.clone().into_owned(), item, "{}: owned", body.payload);
    }
    let naive = naive::parse(&body.text).expect("a body");
    assert_eq!(naive.value.iter().map(naive_gist).collect::<Vec<_>>(), expected, "{}: naive", body.payload);
    let value: Value = serde_json::from_slice(&body.text).expect("JSON");
    assert_eq!(value.pointer("/value").and_then(Value::as_array).map(Vec::len), Some(1));
}

/// The kind, the id where it has one (of a roster the last one's), and how many participants.
type Gist = (Kind, Option<String>, usize);

fn gist(resource: &Resource<'_>) -> Gist {
    let id = |id: &str| Some(id.to_owned());
    match resource {
        // Calls of the pages have no id, but each has a state.
        Resource::Call(call) if call.state.is_some() => (Kind::Call, None, 0),
        Resource::Operation(operation) => (Kind::Operation, operation.id.as_deref().and_then(id), 0),
        Resource::Participants(roster) => {
            let last = roster.last().and_then(|participant| participant.id.as_deref());
            (Kind::Participants, last.and_then(id), roster.len())
        }
        other => panic!("not understood: {other:?}"),
    }
}

fn naive_gist(item: &naive::Notification) -> Gist {
    use naive::{Resource as Naive, ResourceData};
    match &item.resource_data {
        Some(ResourceData::One(one)) => match &**one {
            Naive::Call(call) if call.state.is_some() => (Kind::Call, None, 0),
            Naive::PlayPrompt(operation) => (Kind::Operation, operation.id.clone(), 0),
            _ => panic!("not understood by the naive reader"),
        },
        Some(ResourceData::Many(many)) => match many.last() {
            Some(Naive::Participant(last)) => (Kind::Participants, last.id.clone(), many.len()),
            _ => panic!("no participant to the naive reader"),
        },
        None => panic!("no data to the naive reader"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reader_understands_every_body() {
        let bodies = bodies::all();
        assert_eq!(bodies.len(), 32);
        for body in bodies {
            check(&body);
            for (_, read) in READERS {
                read(&body.text);
            }
        }
    }

    #[test]
    fn each_body_has_its_limits() {
        let rules = |payload: &str, variant: &str| -> Vec<String> {
            let bodies = bodies::all();
            let body = bodies.iter().find(|body| body.payload == payload && body.variant == variant).unwrap();
            limits(body).iter().map(|limit| limit.rule.to_owned()).collect()
        };
        assert_eq!(
            rules("roster of 1", "minified, tag first"),
            [
                "envelope",
                "borrowed, single",
                "owned, single",
                "naive to borrowed in time, single",
                "allocations of borrowed, single",
            ]
        );
        assert_eq!(
            rules("roster of 50", "minified, tag last"),
            [
                "envelope",
                "borrowed, tag last",
                "owned, roster, tag last",
                "allocations of borrowed per participant, roster of 50",
            ]
        );
        assert_eq!(
            rules("roster of 300", "minified, tag first"),
            ["envelope", "borrowed, roster", "owned, roster", "naive to borrowed in time, roster"]
        );
    }
}
