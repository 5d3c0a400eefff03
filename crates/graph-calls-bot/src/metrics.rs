//! What is measured, one function per name. Without the feature `metrics` they do nothing.
//!
//! Names and labels are API: dashboards and alarms are made of them. No label holds an id, a name of a person or
//! anything else that somebody outside can choose, so that nobody can make a table grow. The numbers go to the
//! process's recorder of the crate `metrics`: ours, which `/metrics` shows, unless the process has set one before.

#![allow(dead_code, reason = "without a caller a name stands at zero on the page, as it should")]

use std::time::Duration;

/// Whether anything is measured: for what only the measuring needs.
pub(crate) const ARE_TAKEN: bool = cfg!(feature = "metrics");

macro_rules! measures {
    ($($(#[$meta:meta])* fn $name:ident($($argument:ident: $of:ty),*) $body:block)*) => {$(
        $(#[$meta])*
        pub(crate) fn $name($($argument: $of),*) {
            #[cfg(feature = "metrics")]
            $body
            #[cfg(not(feature = "metrics"))]
            let _ = ($($argument,)*);
        }
    )*};
}

measures! {
    /// `calls_live`: the calls that are kept and not over.
    fn calls_live(count: usize) {
        metrics::gauge!(name::CALLS_LIVE).set(number(count));
    }

    /// `calls_ended_total`: a call is over. The outcome in one word, and the service's code; one that is no status
    /// counts as `other`.
    fn call_ended(outcome: &'static str, code: Option<i64>) {
        metrics::counter!(name::CALLS_ENDED, "outcome" => outcome, "code" => code_label(code)).increment(1);
    }

    /// `answer_seconds`: from the ring to an answer that the service took.
    fn answer_seconds(took: Duration) {
        metrics::histogram!(name::ANSWER).record(took);
    }

    /// `notifications_total`: a notification, by kind (`call`, `participants`, `operation`, ...) and by what became of
    /// it; a POST that was refused before its items were read is one of the kind `unread`.
    fn notification(kind: &'static str, result: &'static str) {
        metrics::counter!(name::NOTIFICATIONS, "kind" => kind, "result" => result).increment(1);
    }

    /// `notification_seconds`: from a POST's head to its answer.
    fn notification_seconds(took: Duration) {
        metrics::histogram!(name::NOTIFICATION).record(took);
    }

    /// `handler_seconds`: one event in the handler.
    fn handler_seconds(took: Duration) {
        metrics::histogram!(name::HANDLER).record(took);
    }

    /// `events_dead_total`: an event that the handler could not handle went to the dead letters.
    fn event_dead() {
        metrics::counter!(name::EVENTS_DEAD).increment(1);
    }

    /// `commands_total`: a command settled. The reference page of its request, never the name that a handler gave it;
    /// and `done`, `unsent`, `refused` or `unknown`.
    fn command(name: &'static str, certainty: &'static str) {
        metrics::counter!(name::COMMANDS, "name" => name, "certainty" => certainty).increment(1);
    }

    /// `in_doubt_total`: nobody knew whether a command had its effect.
    fn in_doubt() {
        metrics::counter!(name::IN_DOUBT).increment(1);
    }

    /// `request_seconds`: a request to Graph with all its repeats, by reference page and last status; 0 without one.
    fn request_seconds(name: &'static str, status: Option<u16>, took: Duration) {
        let status = status.unwrap_or_default().to_string();
        metrics::histogram!(name::REQUEST, "name" => name, "status" => status).record(took);
    }

    /// `retries_total`: all repeats of the client so far.
    fn retries(total: u64) {
        metrics::counter!(name::RETRIES).absolute(total);
    }

    /// `throttled_seconds`: a wait that the service asked for.
    fn throttled_seconds(wait: Duration) {
        metrics::histogram!(name::THROTTLED).record(wait);
    }

    /// `token_age_seconds`: since the token for Graph was last a new one; not a number while there is none.
    fn token_age(age: Option<Duration>) {
        metrics::gauge!(name::TOKEN_AGE).set(age.map_or(f64::NAN, |age| age.as_secs_f64()));
    }

    /// `keys_age_seconds`: since the oldest of the callback keys were fetched; not a number while there are none.
    fn keys_age(age: Option<Duration>) {
        metrics::gauge!(name::KEYS_AGE).set(age.map_or(f64::NAN, |age| age.as_secs_f64()));
    }

    /// `inbox_depth`: items that wait, of all calls together.
    fn inbox_depth(count: usize) {
        metrics::gauge!(name::INBOX_DEPTH).set(number(count));
    }

    /// `lease_takeovers_total`: a call was taken over from an instance whose lease had run out.
    fn lease_taken_over() {
        metrics::counter!(name::LEASE_TAKEOVERS).increment(1);
    }

    /// `store_seconds`: one operation of the store: `accept`, `claim`, `commit`, `renew`, `release`, `browse`.
    fn store_seconds(op: &'static str, took: Duration) {
        metrics::histogram!(name::STORE, "op" => op).record(took);
    }

    /// `keep_alive_overdue`: live calls whose keep-alive should have succeeded by now.
    fn keep_alive_overdue(count: usize) {
        metrics::gauge!(name::KEEP_ALIVE_OVERDUE).set(number(count));
    }
}

/// The page that shows the numbers.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    #[cfg(feature = "metrics")]
    handle: Option<metrics_exporter_prometheus::PrometheusHandle>,
}

#[cfg(not(feature = "metrics"))]
impl Page {
    pub(crate) fn start() -> Self {
        Self {}
    }

    #[expect(clippy::unused_self, reason = "the same shape as with the feature")]
    pub(crate) fn render(&self) -> Option<String> {
        None
    }

    #[expect(clippy::unused_async, reason = "the same shape as with the feature")]
    pub(crate) async fn keep_up(self) {}
}

#[cfg(feature = "metrics")]
use recorded::{code_label, name, number};

#[cfg(feature = "metrics")]
mod recorded {
    use std::{sync::OnceLock, time::Duration};

    use metrics::Unit;
    use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

    use super::Page;

    /// From a fast handler to a ring that was missed.
    const BUCKETS: &[f64] = &[
        0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0, 30.0,
        60.0,
    ];

    /// What was recorded is sorted into the buckets this often, whether or not somebody looks.
    const UPKEEP: Duration = Duration::from_secs(5);

    macro_rules! names {
        ($($kind:ident $name:ident = $text:literal, $unit:ident, $words:literal;)*) => {
            pub(in super::super) mod name {
                $(pub(crate) const $name: &str = concat!("graph_calls_", $text);)*
            }

            /// All names.
            #[cfg(test)]
            const NAMES: &[&str] = &[$(name::$name,)*];

            fn describe() {
                $(names!(@describe $kind, name::$name, Unit::$unit, $words);)*
            }
        };
        (@describe counter, $name:expr, $unit:expr, $words:literal) => {
            metrics::describe_counter!($name, $unit, $words)
        };
        (@describe gauge, $name:expr, $unit:expr, $words:literal) => {
            metrics::describe_gauge!($name, $unit, $words)
        };
        (@describe histogram, $name:expr, $unit:expr, $words:literal) => {
            metrics::describe_histogram!($name, $unit, $words)
        };
    }

    names! {
        gauge CALLS_LIVE = "calls_live", Count, "Calls that are kept and not over.";
        counter CALLS_ENDED = "calls_ended_total", Count, "Calls that are over, by outcome and the service's code.";
        histogram ANSWER = "answer_seconds", Seconds, "From a ring to its answer.";
        counter NOTIFICATIONS = "notifications_total", Count, "Notifications, by kind and by what became of them.";
        histogram NOTIFICATION = "notification_seconds", Seconds, "From the head of a POST to its answer.";
        histogram HANDLER = "handler_seconds", Seconds, "One event in the handler.";
        counter EVENTS_DEAD = "events_dead_total", Count, "Events that the handler could not handle.";
        counter COMMANDS = "commands_total", Count, "Commands that settled, by request and certainty.";
        counter IN_DOUBT = "in_doubt_total", Count, "Commands of which nobody knew whether they had their effect.";
        histogram REQUEST = "request_seconds", Seconds, "Requests to Graph with their repeats, by last status.";
        counter RETRIES = "retries_total", Count, "Repeats of requests to Graph.";
        histogram THROTTLED = "throttled_seconds", Seconds, "Waits that the service asked for.";
        gauge TOKEN_AGE = "token_age_seconds", Seconds, "Since the token for Graph was last a new one.";
        gauge KEYS_AGE = "keys_age_seconds", Seconds, "Since the oldest of the callback keys were fetched.";
        gauge INBOX_DEPTH = "inbox_depth", Count, "Items that wait, of all calls together.";
        counter LEASE_TAKEOVERS = "lease_takeovers_total", Count, "Calls taken over from another instance.";
        histogram STORE = "store_seconds", Seconds, "Operations of the store.";
        gauge KEEP_ALIVE_OVERDUE = "keep_alive_overdue", Count, "Live calls whose keep-alive is late.";
    }

    impl Page {
        /// Makes ours the process's recorder, once, unless there is another. From then on every name is on the page.
        pub(crate) fn start() -> Self {
            static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
            let handle = HANDLE.get_or_init(|| {
                let builder = PrometheusBuilder::new().set_buckets(BUCKETS).ok()?;
                let Ok(handle) = builder.install_recorder() else {
                    tracing::info!("the process has a recorder of its own: /metrics is not served");
                    return None;
                };
                describe();
                begin_at_zero();
                Some(handle)
            });
            Self { handle: handle.clone() }
        }

        pub(crate) fn render(&self) -> Option<String> {
            self.handle.as_ref().map(PrometheusHandle::render)
        }

        /// Runs until dropped. Without it, what is recorded would pile up where nobody looks at the page.
        pub(crate) async fn keep_up(self) {
            let Some(handle) = self.handle else { return };
            loop {
                tokio::time::sleep(UPKEEP).await;
                handle.run_upkeep();
            }
        }
    }

    /// A rate over what appears with its first event misses that event.
    fn begin_at_zero() {
        for outcome in ["answered", "not answered"] {
            metrics::counter!(name::CALLS_ENDED, "outcome" => outcome, "code" => "none").absolute(0);
        }
        for result in ["accepted", "full", "unavailable", "unauthorized"] {
            metrics::counter!(name::NOTIFICATIONS, "kind" => "unread", "result" => result).absolute(0);
        }
        for certainty in ["done", "unsent", "refused", "unknown"] {
            metrics::counter!(name::COMMANDS, "name" => "call-answer", "certainty" => certainty).absolute(0);
        }
        for name in [name::EVENTS_DEAD, name::IN_DOUBT, name::RETRIES, name::LEASE_TAKEOVERS] {
            metrics::counter!(name).absolute(0);
        }
        for name in
            [name::CALLS_LIVE, name::TOKEN_AGE, name::KEYS_AGE, name::INBOX_DEPTH, name::KEEP_ALIVE_OVERDUE]
        {
            metrics::gauge!(name).set(0.0);
        }
        for name in [name::ANSWER, name::NOTIFICATION, name::HANDLER, name::THROTTLED] {
            drop(metrics::histogram!(name));
        }
        drop(metrics::histogram!(name::REQUEST, "name" => "call-answer", "status" => "202"));
        for op in ["accept", "claim", "commit", "renew", "release", "browse"] {
            drop(metrics::histogram!(name::STORE, "op" => op));
        }
    }

    /// A code comes from outside: only what can be a status becomes a label.
    pub(super) fn code_label(code: Option<i64>) -> String {
        match code {
            None => "none".to_owned(),
            Some(code @ 0..=999) => code.to_string(),
            Some(_) => "other".to_owned(),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "nobody counts to 2^52 here")]
    pub(super) fn number(count: usize) -> f64 {
        count as f64
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_code_from_outside_makes_no_table_grow() {
            let labels = [None, Some(0), Some(487), Some(1_000), Some(-1), Some(i64::MAX)].map(code_label);
            assert_eq!(labels, ["none", "0", "487", "other", "other", "other"]);
        }

        #[test]
        fn every_name_is_on_the_page_from_the_start_and_described() {
            let page = Page::start().render().unwrap();
            for name in NAMES {
                for line in [format!("# HELP {name} "), format!("# TYPE {name} ")] {
                    assert!(page.contains(&line), "{line}: {page}");
                }
                let shown = |line: &str| line.starts_with(name) && !line.starts_with('#');
                assert!(page.lines().any(shown), "{name}: {page}");
            }
        }
    }
}
