//! R2: every request has a class, and the certainty function is fully covered.

use graph_calls_core::{
    AnswerCall, ApiRequest, Certainty, CreateCall, DeleteCall, GetCall, InviteParticipants, KeepAlive,
    PlayPrompt, RejectCall, Repeat,
};
use http::StatusCode;

use crate::{
    fake::{Renewed, Reply, Then, builder, play, transport},
    figure, thousands,
};

/// From `reliability.md`, by hand. What is in no row may have had its effect.
const REFUSED: &[std::ops::RangeInclusive<u16>] =
    &[300..=399, 400..=407, 409..=498, 501..=501, 505..=505, 507..=507, 509..=509];

/// The only status whose meaning depends on a `Retry-After`.
const REFUSED_IF_TOLD_WHEN: u16 = 503;

/// What does not say when is as good as no header.
const JUNK: &str = "soon";

fn expected(status: u16, says_when: bool) -> Certainty {
    let refused = REFUSED.iter().any(|range| range.contains(&status));
    if refused || (status == REFUSED_IF_TOLD_WHEN && says_when) {
        Certainty::Refused
    } else {
        Certainty::Unknown
    }
}

/// A request without a class does not compile: these are constants without a default.
const CLASSES: [Repeat; 8] = [
    GetCall::REPEAT,
    DeleteCall::REPEAT,
    KeepAlive::REPEAT,
    AnswerCall::REPEAT,
    RejectCall::REPEAT,
    CreateCall::REPEAT,
    PlayPrompt::REPEAT,
    InviteParticipants::REPEAT,
];

#[test]
fn r2_the_classes_are_those_that_are_documented() {
    use Repeat::{Always, OnlyIfNoEffect, WhileIncoming};
    let documented = [
        Always,
        Always,
        Always,
        WhileIncoming,
        WhileIncoming,
        OnlyIfNoEffect,
        OnlyIfNoEffect,
        OnlyIfNoEffect,
    ];
    assert_eq!(CLASSES, documented);
}

#[tokio::test(start_paused = true)]
async fn r2_every_status_is_as_sure_as_the_table_says() {
    let mut cases = 0;
    for code in 100..=999 {
        let status = StatusCode::from_u16(code).expect("a status");
        for says_when in [false, true] {
            cases += 1;
            assert_eq!(Certainty::of_status(status, says_when), expected(code, says_when), "{code}");
        }
        // A success is not asked how sure it is.
        if status.is_success() {
            continue;
        }
        // And so it comes out of the whole stack; the wait is longer than the request has, so that nothing is repeated.
        for (header, says_when) in [(None, false), (Some(JUNK), false), (Some("3600"), true)] {
            let told: Vec<_> = header.into_iter().map(str::to_owned).collect();
            let service = transport(move |_| Reply::now(Then::told(code, &told)));
            let client = builder(u64::from(code), service).token(Renewed).build();
            let error = client.send(play()).await.expect_err("no success");
            let case = format!("{code} {header:?}: {error:?}");
            assert_eq!(error.certainty(), expected(code, says_when), "{case}");
            assert_eq!(error.status(), Some(status), "{case}");
        }
    }
    assert_eq!(cases, 1_800);
    figure(&format!("R2: {} statuses with and without Retry-After: 0 misjudged", thousands(cases)));
}
