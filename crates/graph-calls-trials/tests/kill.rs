//! A bot that is killed while it is in calls; `cargo xtask kill` kills it more often.

#![allow(clippy::expect_used, reason = "a test's helpers fail the test")]

use graph_calls_trials::kill::{Folder, Plan, run};

const KILLS: u32 = 10;
/// Tests run side by side, and this one is not optimized.
const CALLERS: u64 = 12;
const SEED: u64 = 5;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_or_done_twice_by_a_bot_that_is_killed() {
    let folder = Folder::new().expect("a folder");
    let plan = Plan {
        program: env!("CARGO_BIN_EXE_kill").into(),
        kills: KILLS,
        callers: CALLERS,
        seed: SEED,
        folder: folder.path().to_owned(),
    };
    let report = run(plan).await.expect("the trial is carried out");
    println!("{report}");
    assert!(report.holds(), "{report}\n{}", report.complaints().collect::<Vec<_>>().join("\n"));
    // A bot that is asked nothing loses nothing.
    assert!(report.acknowledged() > 50, "{report}");
}
