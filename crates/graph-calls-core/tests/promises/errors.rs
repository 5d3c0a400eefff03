//! R7: every failure names the request, its attempts, the last status, the request ids and how sure it is.

use std::{collections::VecDeque, error::Error as _, time::Duration};

use bytes::Bytes;
use graph_calls_core::{
    ApiRequest, BodyLost, Certainty, Client, Error, ErrorKind, RawRequest, RejectCall, Repeat,
    layer::{DeprecationPolicy, RateLimitLayer},
    model::RejectReason,
};
use http::Method;

use crate::{
    fake::{Renewed, Reply, Then, builder, call, get, play, transport},
    figure,
};

/// What an error must say of itself.
struct Says {
    name: &'static str,
    kind: ErrorKind,
    certainty: Certainty,
    attempts: u32,
    /// Of the last attempt that got a response; then the service's id is known as well.
    status: Option<u16>,
}

fn check(what: &str, error: &Error, says: &Says) {
    let case = format!("{what}: {error:?}");
    assert_eq!(error.name(), says.name, "{case}");
    assert_eq!(error.kind(), says.kind, "{case}");
    assert_eq!(error.certainty(), says.certainty, "{case}");
    assert_eq!(error.attempts(), says.attempts, "{case}");
    assert_eq!(error.status().map(|status| status.as_u16()), says.status, "{case}");
    if says.status.is_some() {
        assert_eq!(error.request_id(), Some("r-1"), "{case}");
    }
    // Ours is there as soon as an attempt got as far as the wire, with or without an answer.
    if says.status.is_some() || says.certainty == Certainty::Unknown {
        assert!(error.client_request_id().is_some_and(|id| id.len() == 36), "{case}");
    }
    // Whoever prints it for a human.
    let mut chain = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        chain = format!("{chain}: {cause}");
        source = cause.source();
    }
    assert!(chain.starts_with(&format!("{}: ", says.name)) && chain.len() > says.name.len() + 2, "{chain}");
    if let (ErrorKind::Status, Some(status)) = (says.kind, says.status) {
        assert!(chain.contains(&status.to_string()), "{chain}");
    }
    // Whoever logs it whole.
    let debug = format!("{error:?}");
    for part in [
        format!("name: \"{}\"", says.name),
        format!("certainty: {:?}", says.certainty),
        format!("attempts: {}", says.attempts),
        format!("status: {:?}", error.status()),
        format!("request_id: {:?}", error.request_id()),
        format!("client_request_id: {:?}", error.client_request_id()),
    ] {
        assert!(debug.contains(&part), "{part} is not in {debug}");
    }
    assert!(!debug.contains("secret") && !chain.contains("secret"), "{case}");
}

/// A response with the service's id of the request.
fn answer(status: u16, headers: &[(&str, &str)], body: &'static str) -> Then {
    let mut response = http::Response::builder().status(status).header("request-id", "r-1");
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    Then::Answer(response.body(Bytes::from_static(body.as_bytes())).expect("a response"))
}

fn service(replies: impl IntoIterator<Item = Then>) -> graph_calls_core::Transport {
    let mut replies: VecDeque<_> = replies.into_iter().collect();
    transport(move |_| Reply::now(replies.pop_front().expect("a reply is left")))
}

async fn failure<R: ApiRequest>(client: &Client, request: R) -> Error
where
    R::Output: std::fmt::Debug,
{
    client.send(request).await.expect_err("a failure")
}

#[tokio::test(start_paused = true)]
async fn r7_every_failure_of_a_class_c_request_says_what_it_was() {
    use Certainty::{Refused, Unknown, Unsent};
    use ErrorKind::{Connect, Deadline, Decode, Status, Transport};
    let refusals = || std::iter::repeat_with(Then::refused).take(100);
    let name = "call-playprompt";
    let says = |kind, certainty, attempts, status| Says { name, kind, certainty, attempts, status };
    let body = r#"{"error":{"code":"7505","message":"mismatch"}}"#;
    let lost = || {
        let Then::Answer(mut response) = answer(200, &[], "") else { panic!("an answer") };
        response.extensions_mut().insert(BodyLost("cut".to_owned()));
        Then::Answer(response)
    };
    let cases: Vec<(&str, Vec<Then>, Says)> = vec![
        ("a reset", vec![Then::reset()], says(Transport, Unknown, 1, None)),
        ("silence", vec![Then::Silence { handed_over: true }], says(Deadline, Unknown, 1, None)),
        ("a refusal", vec![answer(403, &[], body)], says(Status, Refused, 1, Some(403))),
        ("a page", vec![answer(502, &[], "<html>")], says(Status, Unknown, 1, Some(502))),
        ("a redirect", vec![answer(302, &[], "")], says(Status, Refused, 1, Some(302))),
        ("throttled", vec![answer(429, &[("retry-after", "31")], "")], says(Status, Refused, 1, Some(429))),
        ("no room", vec![answer(503, &[("retry-after", "31")], "")], says(Status, Refused, 1, Some(503))),
        (
            "no room, then a fault",
            vec![answer(503, &[("retry-after", "1")], ""), answer(500, &[], "")],
            says(Status, Unknown, 2, Some(500)),
        ),
        (
            "a refused token",
            vec![answer(401, &[], ""), answer(401, &[], "")],
            says(Status, Refused, 2, Some(401)),
        ),
        ("an unreadable answer", vec![answer(200, &[], "no json")], says(Decode, Unknown, 1, Some(200))),
        ("a lost body", vec![lost()], says(Decode, Unknown, 1, Some(200))),
    ];
    let count = cases.len();
    for (what, replies, says) in cases {
        let client = builder(7, service(replies)).token(Renewed).build();
        let error = failure(&client, play()).await;
        assert_eq!(error.is_answer_lost(), says.kind == Decode, "{what}: {error:?}");
        check(what, &error, &says);
    }

    let client = builder(7, service(refusals())).build();
    let error = failure(&client, play()).await;
    check("no connection", &error, &says(Connect, Unsent, error.attempts(), None));
    assert!(error.attempts() > 1, "{error:?}");
    figure(&format!("R7: {} failing outcomes of class C: each names what it must", count + 1));
}

#[tokio::test(start_paused = true)]
async fn r7_every_failure_before_the_transport_or_over_several_attempts_says_what_it_was() {
    use Certainty::{Unknown, Unsent};
    use ErrorKind::{Auth, Deadline, Request, Status};
    let reject = || RejectCall::new(call(), RejectReason::Busy);
    let says = |name, kind, certainty, attempts, status| Says { name, kind, certainty, attempts, status };
    let mut count = 0;
    let mut check = |what, error: &Error, says: &Says| {
        check(what, error, says);
        count += 1;
    };

    let client = builder(7, service([Then::reset(), answer(404, &[], "")])).build();
    let error = failure(&client, reject()).await;
    check("refused after a reset", &error, &says("call-reject", Status, Unknown, 2, Some(404)));
    assert_eq!(error.correlation().call_id, Some(call()));

    let client = Client::builder(service([])).build();
    check("no token", &failure(&client, get()).await, &says("call-get", Auth, Unsent, 1, None));

    // An attempt of ten seconds, and one that the deadline cuts off; neither is handed over.
    let silent = || std::iter::repeat_with(|| Then::Silence { handed_over: false }).take(9);
    let client = builder(7, service(silent())).total_timeout(Duration::from_secs(9)).build();
    check(
        "not sent in time",
        &failure(&client, play()).await,
        &says("call-playprompt", Deadline, Unsent, 1, None),
    );

    let limit = RateLimitLayer::new(1, Duration::from_secs(3_600));
    let client = builder(7, service([answer(200, &[], "{}")])).rate_limit(limit).build();
    client.send(get()).await.expect("the first has its turn");
    let deadline = tokio::time::Instant::now() + Duration::from_secs(5);
    let error = client.send_by(get(), deadline).await.expect_err("the second has not");
    check("held back for too long", &error, &says("call-get", Deadline, Unsent, 1, None));

    let raw = |path: &str| RawRequest::new(Method::GET, path, Repeat::Always).named("mine");
    let client = builder(7, service([])).deprecated_paths(DeprecationPolicy::Refuse).build();
    let error = failure(&client, raw("https://evil.example/x")).await;
    check("a path with a host", &error, &says("mine", Request, Unsent, 1, None));
    let error = failure(&client, raw("/app/calls/1")).await;
    check("a deprecated path", &error, &says("mine", Request, Unsent, 0, None));
    let error = failure(&client, raw("no path at all")).await;
    check("no path", &error, &says("mine", Request, Unsent, 0, None));
    figure(&format!(
        "R7: {count} failures before the transport or over several attempts: each names what it must"
    ));
}
