//! `dev`: an emulator and the sample bot live through whole calls.

mod feed;
mod scenario;
mod script;
mod stage;

use clap::Args;
use serde::Serialize;
use tokio::time::Instant;

use crate::{
    exit::{Code, Outcome},
    output::{Ink, Output, note},
    signal,
};
use feed::Feed;
use scenario::{Report, Scenario};
use stage::Stage;

/// Plays whole calls between an emulator and the sample bot, over real sockets.
#[derive(Debug, Args)]
pub(crate) struct Dev {
    /// Ends after the scenarios, instead of staying up for calls placed by hand.
    #[arg(long)]
    once: bool,
    /// Prints one JSON object per exchange, and a summary as the last line.
    #[arg(long)]
    json: bool,
    /// The emulator's port; 0 picks a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
}

pub(crate) async fn run(dev: &Dev, output: Output) -> Outcome {
    let begun = Instant::now();
    // Before the first call, so that an early ^C still ends with a summary.
    let mut stop = signal::Stop::new()?;
    let mut stage = Stage::set(dev.port).await?;
    note(format_args!("emulator and sample bot are up: {}", stage.emulator.url()));
    let mut reports = Vec::new();
    let mut printed = 0;
    let mut count = 0;
    let mut stopped = false;
    for scenario in Scenario::ALL {
        let report = tokio::select! {
            report = scenario.play(&mut stage) => report,
            () = stop.wait() => {
                stopped = true;
                break;
            }
        };
        if dev.json {
            let mut feed = Feed::new(&stage.emulator, printed);
            let exchanges = feed.rest();
            feed.print_json(output, &exchanges)?;
            printed = exchanges.last().map_or(printed, |one| one.seq);
            count += feed.count;
        } else {
            show(&report, &stage, output)?;
        }
        reports.push(report);
    }
    let scenarios_took = begun.elapsed();
    if !dev.once && !stopped {
        if !dev.json {
            summarize(&reports, output)?;
        }
        hint(&stage);
        // The ladders above have shown what came before.
        let shown = if dev.json { printed } else { last_seq(&stage) };
        let mut feed = Feed::new(&stage.emulator, shown);
        let mut exchanges = feed.rest();
        let mut stopped = false;
        while !stopped {
            if dev.json {
                feed.print_json(output, &exchanges)?;
            } else {
                feed.print(output, &exchanges)?;
            }
            exchanges = tokio::select! {
                exchanges = feed.next() => exchanges,
                () = stop.wait() => {
                    stopped = true;
                    Vec::new()
                }
            };
        }
        count += feed.count;
    }
    // ^C ends a `dev` that stays up; with `--once` it leaves scenarios unplayed.
    let played = reports.len() == Scenario::ALL.len() || stopped && !dev.once;
    let ok = played && reports.iter().all(Report::is_ok);
    let calls = stage.emulator.calls().await;
    let over = calls.iter().filter(|call| call.state == "terminated").count();
    if dev.json {
        output.json(&Summary {
            kind: "summary",
            ok,
            scenarios: reports.iter().map(Played::new).collect(),
            calls: calls.len(),
            calls_over: over,
            exchanges: count,
            seconds: round(begun.elapsed().as_secs_f64()),
        })?;
    } else {
        if dev.once || stopped {
            summarize(&reports, output)?;
        }
        let took = if dev.once { scenarios_took } else { begun.elapsed() };
        output.line(format!("{} calls, {over} of them over, in {:.1} s", calls.len(), took.as_secs_f64()))?;
    }
    stage.clear().await;
    Ok(if ok { Code::Done } else { Code::Findings })
}

fn last_seq(stage: &Stage) -> u64 {
    stage.emulator.exchanges(None).last().map_or(0, |one| one.seq)
}

fn round(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}

fn show(report: &Report, stage: &Stage, output: Output) -> std::io::Result<()> {
    output.line(output.paint(Ink::Bold, &format!("({}) {}", report.name, report.title)))?;
    for call in &report.calls {
        output.line(format!("\n{}", stage.emulator.ladder(call, output.colour()).trim_end()))?;
    }
    output.line("")
}

/// One line per scenario: what was expected and what was seen.
fn summarize(reports: &[Report], output: Output) -> std::io::Result<()> {
    output.line(output.paint(Ink::Bold, "summary"))?;
    for report in reports {
        let mark =
            if report.is_ok() { output.paint(Ink::Good, "✓") } else { output.paint(Ink::Bad, "✗") };
        let (name, title) = (report.name, report.title);
        match report.missed() {
            None => {
                let count = report.steps.len();
                let seen = report.steps.iter().filter_map(|step| step.seen.as_deref());
                let ends = seen.filter(|seen| seen.starts_with("terminated") || seen.starts_with("over"));
                let ends = ends.collect::<Vec<_>>().join("; ");
                output.line(format!("{mark} ({name}) {title}: all {count} expectations seen; {ends}"))?;
            }
            Some(step) => {
                let last = report.steps.iter().rev().find_map(|step| step.seen.as_deref());
                let last = last.unwrap_or("nothing");
                let missed = format!("expected and not seen: {}; seen last: {last}", step.expected);
                output.line(format!("{mark} ({name}) {title}: {}", output.paint(Ink::Bad, &missed)))?;
            }
        }
    }
    Ok(())
}

/// The last line of `--json`.
#[derive(Debug, Serialize)]
struct Summary<'r> {
    kind: &'static str,
    ok: bool,
    scenarios: Vec<Played<'r>>,
    calls: usize,
    calls_over: usize,
    exchanges: u64,
    seconds: f64,
}

#[derive(Debug, Serialize)]
struct Played<'r> {
    name: char,
    title: &'r str,
    ok: bool,
    calls: &'r [String],
    steps: &'r [script::Step],
}

impl<'r> Played<'r> {
    fn new(report: &'r Report) -> Self {
        let Report { name, title, steps, calls } = report;
        Self { name: *name, title, ok: report.is_ok(), calls, steps }
    }
}

fn hint(stage: &Stage) {
    let url = stage.emulator.url();
    let caller = stage.people.first().map_or("", |person| person.id.as_str());
    note(format_args!(
        "
staying up; ^C ends. Place a call by hand:
  curl -sS {url}/__emulator/v1/incoming -H 'content-type: application/json' -d '{{\"from\":\"{caller}\"}}'
and with the id it answers, press a key (1 brings in a colleague, 2 sends them away, 9 hangs up) or hang up:
  curl -sS {url}/__emulator/v1/calls/CALL/tone -H 'content-type: application/json' -d '{{\"tone\":\"1\"}}'
  curl -sS -X POST {url}/__emulator/v1/calls/CALL/hangup
who can call: graph-calls emulator people --emulator {url}
"
    ));
}
