//! R4: a repeat never starts before the `Retry-After` it was told.
//!
//! The forms are seconds, decimal seconds, the three forms of a date, lists of those, several headers, and junk.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use fastrand::Rng;
use graph_calls_core::Wall;
use tokio::time::Instant;

use crate::{
    fake::{Reply, Then, builder, get, transport},
    figure, thousands,
};

const SEEDS: u64 = 10_000;

/// How long a request may take in all: longer than any wait told here.
const TOTAL: Duration = Duration::from_secs(1_000);

/// What one value of the header says, exactly.
#[derive(Debug, Clone)]
enum Told {
    /// So many parts of a second, of so many decimal places.
    Seconds {
        parts: u128,
        places: u32,
    },
    Date(SystemTime),
    Nothing,
}

impl Told {
    /// Whether a repeat that starts then keeps it: by whole numbers, since nothing may be lost by rounding.
    fn is_kept(&self, answered: Instant, repeated: Instant, wall_then: SystemTime) -> bool {
        match self {
            Told::Seconds { parts, places } => {
                (repeated - answered).as_nanos() * 10_u128.pow(*places) >= parts * 1_000_000_000
            }
            Told::Date(date) => wall_then >= *date,
            Told::Nothing => true,
        }
    }
}

const JUNK: [&str; 12] =
    ["", "soon", "-5", "+5", "1e2", ".5", "1.2.3", "0x10", "5s", "Sun, 06 Nov 1994", "5 5", "\t"];

/// One value of the header with what it says.
fn value(rng: &mut Rng, wall: SystemTime) -> (String, Vec<Told>) {
    match rng.u8(..8) {
        0 => seconds(rng),
        1 | 2 => decimal(rng),
        form @ 3..=5 => date(rng, wall, form),
        6 => {
            // A proxy that made one header of several.
            let (first, mut told) = decimal(rng);
            let (second, more) = match rng.u8(2..=5) {
                2 => seconds(rng),
                form => date(rng, wall, form),
            };
            told.extend(more);
            let mut list = [first, second, rng.choice(JUNK).unwrap_or_default().to_owned()];
            list.rotate_left(rng.usize(..2));
            let [one, two, three] = list;
            (format!("{one}, {two},{three}"), told)
        }
        _ => ((*rng.choice(&JUNK).unwrap_or(&"")).to_owned(), vec![Told::Nothing]),
    }
}

fn seconds(rng: &mut Rng) -> (String, Vec<Told>) {
    let parts = rng.u32(..90);
    (parts.to_string(), vec![Told::Seconds { parts: parts.into(), places: 0 }])
}

/// Whole seconds of the clock, some of them past.
fn date(rng: &mut Rng, wall: SystemTime, form: u8) -> (String, Vec<Told>) {
    let ahead = Duration::from_secs(rng.u64(..100));
    let whole = wall.duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let date = (UNIX_EPOCH + Duration::from_secs(whole - 10)) + ahead;
    (date_text(date, form), vec![Told::Date(date)])
}

fn decimal(rng: &mut Rng) -> (String, Vec<Told>) {
    let places = rng.u32(1..=15);
    let whole = rng.u32(..60);
    let fraction = rng.u64(..10_u64.pow(places));
    let text = format!("{whole}.{fraction:0width$}", width = usize::try_from(places).expect("it fits"));
    let parts = u128::from(whole) * 10_u128.pow(places) + u128::from(fraction);
    (text, vec![Told::Seconds { parts, places }])
}

fn date_text(date: SystemTime, form: u8) -> String {
    // Sun, 06 Nov 1994 08:49:37 GMT
    let imf = httpdate::fmt_http_date(date);
    let words: Vec<_> = imf.split_whitespace().collect();
    let [weekday, day, month, year, time, _] = words.as_slice() else { panic!("{imf}") };
    let short = weekday.trim_end_matches(',');
    match form {
        3 => imf.clone(),
        4 => {
            let long = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
            let long = long.iter().find(|long| long.starts_with(short)).expect("a weekday");
            let (_, year) = year.split_at(2);
            format!("{long}, {day}-{month}-{year} {time} GMT")
        }
        _ => {
            let day: u8 = day.parse().expect("a day");
            format!("{short} {month} {day:2} {time} {year}")
        }
    }
}

/// When each attempt started, and what its answer said at which time.
type Log = Vec<(Instant, SystemTime, Instant, Vec<Told>)>;

#[tokio::test(start_paused = true)]
async fn r4_no_repeat_starts_earlier_than_told() {
    let (mut repeats, mut early, mut values) = (0, 0, 0);
    for seed in 0..SEEDS {
        let mut rng = Rng::with_seed(seed);
        // Any time of day from 2026 to 2060, to the nanosecond.
        let date = Duration::new(rng.u64(1_767_225_600..2_840_140_800), rng.u32(..1_000_000_000));
        let wall = Wall::anchored(UNIX_EPOCH + date);
        let log = Arc::new(Mutex::new(Log::new()));
        let kept = Arc::clone(&log);
        let answers = rng.usize(1..=2);
        let service = transport(move |_| {
            let mut log = kept.lock().expect("no panic before");
            let (now, latency) = (Instant::now(), Duration::from_millis(rng.u64(..200)));
            if log.len() == answers {
                log.push((now, wall.now(), now, Vec::new()));
                return Reply::now(Then::status(200));
            }
            let (texts, told): (Vec<_>, Vec<_>) =
                (0..rng.u8(1..=3)).map(|_| value(&mut rng, wall.now() + latency)).unzip();
            log.push((now, wall.now(), now + latency, told.concat()));
            let status = *rng.choice(&[429, 503, 500, 502, 504, 408]).expect("a status");
            Reply::after(latency, Then::told(status, &texts))
        });
        let client = builder(seed, service).wall(wall).total_timeout(TOTAL).build();
        client.send(get()).await.expect("the last answer is a success");
        let log = log.lock().expect("no panic before");
        assert_eq!(log.len(), answers + 1, "seed {seed}");
        for (before, after) in log.iter().zip(log.iter().skip(1)) {
            let ((_, _, answered, told), (repeated, wall_then, ..)) = (before, after);
            repeats += 1;
            values += told.iter().filter(|told| !matches!(told, Told::Nothing)).count();
            if told.iter().any(|told| !told.is_kept(*answered, *repeated, *wall_then)) {
                early += 1;
                eprint_case(seed, told, *repeated - *answered);
            }
        }
    }
    assert_eq!(early, 0);
    figure(&format!(
        "R4: {} repeats after {} values of Retry-After (seconds, decimals, dates, lists, several, junk), {} seeds: {early} early",
        thousands(repeats),
        thousands(values),
        thousands(usize::try_from(SEEDS).expect("it fits"))
    ));
}

#[expect(clippy::print_stderr, reason = "which seed it was")]
fn eprint_case(seed: u64, told: &[Told], waited: Duration) {
    eprintln!("seed {seed}: waited {waited:?} for {told:?}");
}
