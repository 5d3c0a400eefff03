//! How long the service told us to wait.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::{HeaderMap, HeaderValue, header::RETRY_AFTER};

use crate::{Wall, layer};

/// What the wall clock shows: Sun, 06 Nov 1994 08:49:37.250 GMT.
const NOW: Duration = Duration::from_millis(784_111_777_250);

/// The parser keeps whole seconds up to here; who is told more is never sent.
const MOST_SECONDS: u64 = u32::MAX as u64;

/// The values of `Retry-After`, a line each.
pub fn retry_after(bytes: &[u8]) {
    let mut headers = HeaderMap::new();
    for line in bytes.split(|&byte| byte == b'\n').take(64) {
        if let Ok(value) = HeaderValue::from_bytes(line) {
            headers.append(RETRY_AFTER, value);
        }
    }
    let wall = Wall::anchored(UNIX_EPOCH + NOW);
    let before = wall.now();
    let wait = layer::retry_after(&headers, wall);
    let after = wall.now();
    let says_when = layer::says_when(&headers);
    assert!(wait.is_none_or(|wait| says_when && !wait.is_zero()), "a wait says when");

    // Each value on its own, and all of them together: the longest.
    let alone = headers.get_all(RETRY_AFTER).iter().map(|value| {
        let mut one = HeaderMap::new();
        one.append(RETRY_AFTER, value.clone());
        (layer::retry_after(&one, wall), layer::says_when(&one))
    });
    let alone: Vec<_> = alone.collect();
    let longest = alone.iter().filter_map(|(wait, _)| *wait).max();
    let apart = wait.unwrap_or_default().abs_diff(longest.unwrap_or_default());
    // Waits for a date get shorter while the machine's clock runs.
    let ran = wall.now().duration_since(before).unwrap_or_default() + Duration::from_millis(1);
    assert!(apart <= ran, "{wait:?} of all, {longest:?} of the longest");
    assert_eq!(says_when, alone.iter().any(|(_, says_when)| *says_when));

    let texts = headers.get_all(RETRY_AFTER).iter().filter_map(|value| value.to_str().ok());
    for told in texts.flat_map(|text| Told::all(text.trim())) {
        assert!(says_when, "{told:?}");
        told.check(wait, before, after);
    }
}

/// What one value says, read exactly.
#[derive(Debug)]
enum Told {
    /// Milliseconds, rounded up.
    Wait(u64),
    TooLong,
    Date(u64),
}

impl Told {
    fn all(text: &str) -> Vec<Self> {
        match date(text) {
            Some(seconds) => vec![Self::Date(seconds)],
            None => text.split(',').filter_map(|part| Self::decimal(part.trim())).collect(),
        }
    }

    /// By the digits: no floating point, and no place that is too small to count.
    fn decimal(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !are_digits(whole) || !are_digits(fraction) {
            return None;
        }
        let whole = whole.trim_start_matches('0');
        let seconds = if whole.len() > 10 { u64::MAX } else { number(whole) };
        if seconds >= MOST_SECONDS {
            return Some(Self::TooLong);
        }
        let (millis, rest) = fraction.split_at_checked(3).unwrap_or((fraction, ""));
        let places = [100, 10, 1].into_iter().zip(millis.bytes());
        let millis: u64 = places.map(|(place, digit)| place * u64::from(digit - b'0')).sum();
        let up = u64::from(rest.bytes().any(|digit| digit != b'0'));
        Some(Self::Wait(seconds * 1_000 + millis + up))
    }

    /// Never earlier than told.
    fn check(&self, wait: Option<Duration>, before: SystemTime, after: SystemTime) {
        let wait = wait.unwrap_or_default();
        match *self {
            Self::Wait(millis) => assert!(wait >= Duration::from_millis(millis), "{wait:?} for {self:?}"),
            Self::TooLong => assert!(wait >= Duration::from_secs(MOST_SECONDS), "{wait:?}"),
            Self::Date(seconds) => {
                let date = UNIX_EPOCH + Duration::from_secs(seconds);
                // A date that passed while it was read needs no wait.
                assert!(date <= before || after + wait >= date, "{wait:?} for {self:?}");
            }
        }
    }
}

/// None of the digits overflows: there are ten at most.
fn number(digits: &str) -> u64 {
    digits.bytes().fold(0, |number, digit| number * 10 + u64::from(digit - b'0'))
}

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const LONG_DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Seconds since 1970 of a date in one of its three forms, with the right day of the week.
fn date(text: &str) -> Option<u64> {
    let words: Vec<&str> = text.split(' ').collect();
    let (weekday, day, month, year, time) = match words.as_slice() {
        // Sun, 06 Nov 1994 08:49:37 GMT
        [weekday, day, month, year, time, "GMT"] => {
            (place(&DAYS, weekday.strip_suffix(',')?)?, two(day)?, month, four(year)?, time)
        }
        // Sunday, 06-Nov-94 08:49:37 GMT
        [weekday, date, time, "GMT"] => {
            let [day, month, year] = date.split('-').collect::<Vec<_>>().try_into().ok()?;
            let year = two(year)?;
            let century = if year < 70 { 2_000 } else { 1_900 };
            let weekday = place(&LONG_DAYS, weekday.strip_suffix(',')?)?;
            return seconds(weekday, two(day)?, month, century + year, time);
        }
        // Sun Nov  6 08:49:37 1994
        [weekday, month, "", day, time, year] if day.len() == 1 => {
            (place(&DAYS, weekday)?, digits(day, 1)?, month, four(year)?, time)
        }
        [weekday, month, day, time, year] => {
            let (weekday, day) = (place(&DAYS, weekday)?, two(day).filter(|day| *day > 9)?);
            return seconds(weekday, day, month, four(year)?, time);
        }
        _ => return None,
    };
    seconds(weekday, day, month, year, time)
}

fn seconds(weekday: u64, day: u64, month: &str, year: u64, time: &str) -> Option<u64> {
    let month = place(&MONTHS, month)?;
    let [hour, minute, second] = time.split(':').collect::<Vec<_>>().try_into().ok()?;
    let (hour, minute, second) = (two(hour)?, two(minute)?, two(second)?);
    let is_leap =
        |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let in_month = |month: u64, year: u64| match month {
        1 => 28 + u64::from(is_leap(year)),
        3 | 5 | 8 | 10 => 30,
        _ => 31,
    };
    let is_date = year >= 1_970 && day >= 1 && day <= in_month(month, year);
    if !is_date || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let years: u64 = (1_970..year).map(|year| 365 + u64::from(is_leap(year))).sum();
    let months: u64 = (0..month).map(|month| in_month(month, year)).sum();
    let days = years + months + day - 1;
    // The first of 1970 was a Thursday.
    ((days + 3) % 7 == weekday).then_some(((days * 24 + hour) * 60 + minute) * 60 + second)
}

fn place(names: &[&str], wanted: &str) -> Option<u64> {
    names.iter().position(|name| *name == wanted)?.try_into().ok()
}

fn two(text: &str) -> Option<u64> {
    digits(text, 2)
}

fn four(text: &str) -> Option<u64> {
    digits(text, 4)
}

fn digits(text: &str, count: usize) -> Option<u64> {
    (text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| number(text))
}
