//! How long the service told us to wait: the header `Retry-After` in all its forms.

use std::time::Duration;

use http::{HeaderMap, header::RETRY_AFTER};

use crate::Wall;

/// How long the service told us to wait: the longest that any `Retry-After` asks for, rounded up to the next
/// millisecond; none for what is past, zero or junk.
pub fn retry_after(headers: &HeaderMap, wall: Wall) -> Option<Duration> {
    told(headers).filter_map(|text| wait_of(text, Some(wall))).filter(|wait| !wait.is_zero()).max()
}

/// Whether a `Retry-After` makes sense, be it past or not. Junk is as good as none.
pub(crate) fn says_when(headers: &HeaderMap) -> bool {
    told(headers).any(|text| httpdate::parse_http_date(text).is_ok() || wait_of(text, None).is_some())
}

/// The values of the header; a proxy may have folded several into one.
fn told(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    headers.get_all(RETRY_AFTER).iter().filter_map(|value| value.to_str().ok()).flat_map(unfold)
}

/// The values between commas, where a comma may also be one inside a date.
fn unfold(value: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(value);
    std::iter::from_fn(move || {
        let text = rest?;
        let mut commas = text.match_indices(',').map(|(at, _)| at).chain([text.len()]);
        let first = commas.next().unwrap_or(text.len());
        let second = commas.next().unwrap_or(text.len());
        let is_date =
            |end| text.get(..end).is_some_and(|text| httpdate::parse_http_date(text.trim()).is_ok());
        let end = if is_date(second) { second } else { first };
        rest = text.get(end + 1..);
        text.get(..end).map(str::trim)
    })
}

/// Seconds, decimal seconds (the reference page's own example), or a date; rounded up to the next millisecond.
fn wait_of(text: &str, wall: Option<Wall>) -> Option<Duration> {
    if let Ok(date) = httpdate::parse_http_date(text) {
        return date.duration_since(wall?.now()).ok().map(round_up);
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) {
        return None;
    }
    // More seconds than a u32 holds are more than any deadline: they need not be exact.
    let seconds = whole.parse::<u32>().unwrap_or(u32::MAX);
    let mut nanos = 0_u32;
    for place in 0..9 {
        let digit = fraction.as_bytes().get(place).map_or(0, |byte| u32::from(byte - b'0'));
        nanos = nanos * 10 + digit;
    }
    let cut_off = fraction.as_bytes().iter().skip(9).any(|&byte| byte != b'0');
    Some(round_up(Duration::new(seconds.into(), nanos) + Duration::from_nanos(cut_off.into())))
}

fn round_up(wait: Duration) -> Duration {
    let millis = wait.as_nanos().div_ceil(1_000_000);
    Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use std::time::{SystemTime, UNIX_EPOCH};

    use http::HeaderValue;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn every_form_of_retry_after_is_read_and_rounded_up() {
        let wall = Wall::anchored(UNIX_EPOCH + Duration::from_secs(784_111_777));
        let wait = |text: &str| wait_of(text, Some(wall));
        let millis = |millis| Some(Duration::from_millis(millis));
        assert_eq!(wait("3"), millis(3_000));
        assert_eq!(wait("2.128"), millis(2_128));
        assert_eq!(wait("2.0001"), millis(2_001));
        assert_eq!(wait("0.00000000001"), millis(1));
        assert_eq!(wait("2."), millis(2_000));
        assert_eq!(wait("99999999999999999999"), Some(Duration::from_secs(u32::MAX.into())));
        assert_eq!(wait("Sun, 06 Nov 1994 08:49:47 GMT"), millis(10_000));
        assert_eq!(wait("Sunday, 06-Nov-94 08:49:47 GMT"), millis(10_000));
        assert_eq!(wait("Sun Nov  6 08:49:47 1994"), millis(10_000));
        assert_eq!(wait("Sun, 06 Nov 1994 08:49:17 GMT"), None);
        for junk in ["", "soon", "-1", "1e3", ".", ".5", "1.2.3"] {
            assert_eq!(wait(junk), None, "{junk}");
        }
    }

    #[test]
    fn of_several_headers_the_longest_counts_and_junk_does_not() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let _guard = runtime.enter();
        let mut headers = HeaderMap::new();
        for value in ["1", "3, 7.5", "junk", "0"] {
            headers.append(RETRY_AFTER, HeaderValue::from_static(value));
        }
        let wall = Wall::anchored(SystemTime::UNIX_EPOCH);
        assert_eq!(retry_after(&headers, wall), Some(Duration::from_millis(7_500)));
    }

    #[test]
    fn a_date_is_found_among_values_that_were_folded_into_one() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let _guard = runtime.enter();
        let wall = Wall::anchored(SystemTime::UNIX_EPOCH);
        for (value, seconds) in [
            ("Thu, 01 Jan 1970 00:00:09 GMT, 2", 9),
            ("2,Thu, 01 Jan 1970 00:00:09 GMT", 9),
            ("Thu, 01 Jan 1970 00:00:04 GMT, Thursday, 01-Jan-70 00:00:08 GMT", 8),
            ("Thu Jan  1 00:00:07 1970,3,", 7),
            (",,5", 5),
        ] {
            let mut headers = HeaderMap::new();
            headers.append(RETRY_AFTER, HeaderValue::from_static(value));
            assert_eq!(retry_after(&headers, wall), Some(Duration::from_secs(seconds)), "{value}");
            assert!(says_when(&headers), "{value}");
        }
    }
}
