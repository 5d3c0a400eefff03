//! Reading what the service sends: ours at its three depths, beside skipping it all and beside tagged enums.

#![allow(missing_docs, reason = "criterion's macro makes public functions")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a bench that cannot be set up must not run")]

mod naive;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use graph_calls_model::{Notification, Resource, WebhookBody};
use serde::de::IgnoredAny;

/// The notifications of the five first pages in both generations, and one POST of each in the shape of captures.
const BODIES: [(&str, &str); 4] = [
    ("seeds, legacy", include_str!("bodies/seeds-legacy.json")),
    ("seeds, current", include_str!("bodies/seeds-current.json")),
    ("wire, legacy", include_str!("bodies/wire-legacy.json")),
    ("wire, current, roster of 8", include_str!("bodies/wire-current.json")),
];

fn skip_all(body: &[u8]) -> IgnoredAny {
    serde_json::from_str(std::str::from_utf8(body).unwrap()).unwrap()
}

fn envelope(body: &[u8]) -> Vec<Notification<'_>> {
    match WebhookBody::parse(body).unwrap() {
        WebhookBody::Notifications(items) => items,
        other => panic!("not Graph's form: {other:?}"),
    }
}

fn typed(body: &[u8], mut take: impl FnMut(Resource<'_>)) {
    for item in &envelope(body) {
        take(item.resource().unwrap());
    }
}

/// Both must have understood the body before it is said who was faster.
fn check(body: &[u8]) {
    use naive::parse::{Resource as Naive, ResourceData};
    let mut ours = Vec::new();
    typed(body, |resource| ours.push(resource.kind()));
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

fn parse(criterion: &mut Criterion) {
    for (name, body) in BODIES {
        let body = body.trim_end().as_bytes();
        check(body);
        let mut group = criterion.benchmark_group(format!("parse ({name})"));
        group.throughput(Throughput::Bytes(body.len() as u64));
        group.bench_function("bound: skip all", |b| b.iter(|| skip_all(black_box(body))));
        group.bench_function("ours: envelope", |b| {
            b.iter(|| drop(black_box(envelope(black_box(body)))));
        });
        group.bench_function("ours: typed", |b| {
            b.iter(|| typed(black_box(body), |resource| drop(black_box(resource))));
        });
        group.bench_function("ours: typed and owned", |b| {
            b.iter(|| typed(black_box(body), |resource| drop(black_box(resource.into_owned()))));
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
    targets = parse
}
criterion_main!(benches);
