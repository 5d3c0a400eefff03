//! Reading what the service sends: ours at its three depths, beside skipping it all and beside tagged enums.

#![allow(missing_docs, reason = "criterion's macro makes public functions")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a bench that cannot be set up must not run"
)]

mod naive;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use graph_calls_model::{Notification, Resource, TypedNotification, WebhookBody};
use serde::de::IgnoredAny;
use serde_json::{Value, json};

/// The notifications of the five first pages in both generations, one POST of each in the shape of captures, and a
/// large roster of the same.
fn bodies() -> [(&'static str, String); 5] {
    let current = include_str!("bodies/wire-current.json");
    [
        ("seeds, legacy", include_str!("bodies/seeds-legacy.json").to_owned()),
        ("seeds, current", include_str!("bodies/seeds-current.json").to_owned()),
        ("wire, legacy", include_str!("bodies/wire-legacy.json").to_owned()),
        ("wire, current, roster of 8", current.to_owned()),
        ("wire, current, roster of 50", roster_of_50(current)),
    ]
}

fn roster_of_50(wire: &str) -> String {
    let wire: Value = serde_json::from_str(wire).unwrap();
    let items = wire["value"].as_array().unwrap();
    let mut roster = items.iter().find(|item| item["resourceData"].is_array()).unwrap().clone();
    let participants = roster["resourceData"].as_array().unwrap();
    roster["resourceData"] = participants.iter().cycle().take(50).cloned().collect();
    json!({ "value": [roster] }).to_string()
}

fn skip_all(body: &[u8]) -> IgnoredAny {
    serde_json::from_str(std::str::from_utf8(body).unwrap()).unwrap()
}

fn envelope(body: &[u8]) -> Vec<Notification<'_>> {
    match WebhookBody::parse(body).unwrap() {
        WebhookBody::Notifications(items) => items,
        other => panic!("not Graph's form: {other:?}"),
    }
}

fn each_resource(body: &[u8], mut take: impl FnMut(Resource<'_>)) {
    for item in &envelope(body) {
        take(item.resource().unwrap());
    }
}

fn typed(body: &[u8]) -> Vec<TypedNotification<'_>> {
    match WebhookBody::parse_typed(body).unwrap() {
        WebhookBody::Notifications(items) => items,
        other => panic!("not Graph's form: {other:?}"),
    }
}

/// Both must have understood the body before it is said who was faster.
fn check(body: &[u8]) {
    use naive::parse::{Resource as Naive, ResourceData};
    let mut ours = Vec::new();
    each_resource(body, |resource| ours.push(resource.kind()));
    let in_one_pass = typed(body).into_iter().map(|item| item.resource.unwrap().kind());
    assert_eq!(ours, in_one_pass.collect::<Vec<_>>());
    let theirs = naive::parse::parse(body).unwrap();
    let theirs = theirs.value.iter().map(|item| match &item.resource_data {
        Some(ResourceData::One(one)) => match **one {
            Naive::Call(_) => "call",
            Naive::Invite(_) | Naive::PlayPrompt(_) | Naive::Record(_) => "operation",
            _ => "unrecognized",
        },
        Some(ResourceData::Many(many)) => match many.as_slice() {
            [Naive::Participant(_), ..] => "participants",
            _ => "unrecognized",
        },
        None => "call",
    });
    assert_eq!(ours, theirs.collect::<Vec<_>>());
    assert!(!ours.contains(&"unrecognized"));
}

fn parse_notification(criterion: &mut Criterion) {
    for (name, body) in bodies() {
        let body = body.trim_end().as_bytes();
        check(body);
        let mut group = criterion.benchmark_group(format!("parse_notification ({name})"));
        group.throughput(Throughput::Bytes(body.len() as u64));
        group.bench_function("bound: skip all", |b| b.iter(|| skip_all(black_box(body))));
        group.bench_function("ours: envelope", |b| {
            b.iter(|| drop(black_box(envelope(black_box(body)))));
        });
        group.bench_function("ours: by item", |b| {
            b.iter(|| each_resource(black_box(body), |resource| drop(black_box(resource))));
        });
        group.bench_function("ours: typed", |b| b.iter(|| drop(black_box(typed(black_box(body))))));
        group.bench_function("ours: typed and owned", |b| {
            b.iter(|| {
                for item in typed(black_box(body)) {
                    drop(black_box(item.into_owned()));
                }
            });
        });
        group.bench_function("naive: tagged enums", |b| b.iter(|| naive::parse::parse(black_box(body))));
        group.finish();
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(std::time::Duration::from_secs(1))
        .measurement_time(std::time::Duration::from_secs(3));
    targets = parse_notification
}
criterion_main!(benches);
