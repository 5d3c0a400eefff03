//! Values as the command line writes them.

use std::time::Duration;

use graph_calls_core::model::InvalidBody;

use crate::exit::Failure;

/// Reads `30s`, `300ms` or `2m`: a whole number and its unit.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits).unwrap_or((text, ""));
    let number: u64 =
        number.parse().map_err(|_| "say how long, such as 30s, 300ms or 2m: a whole number and its unit")?;
    let too_long = || "that is too long".to_owned();
    match unit {
        "ms" => Ok(Duration::from_millis(number)),
        "s" => Ok(Duration::from_secs(number)),
        "m" => number.checked_mul(60).map(Duration::from_secs).ok_or_else(too_long),
        _ => Err(format!("`{unit}` is none of the units ms, s and m")),
    }
}

/// What is wrong with a body, by the flag that its member came from. Places in lists are left out of the names.
pub(crate) fn bad(flags: &[(&str, &str)]) -> impl Fn(InvalidBody) -> Failure {
    move |error| {
        let (member, text) = (error.member(), error.to_string());
        let names: String =
            member.split('[').map(|part| part.split_once(']').map_or(part, |(_, rest)| rest)).collect();
        Failure::usage(match flags.iter().find(|(name, _)| *name == names) {
            Some((_, flag)) => text.replacen(&format!("`{member}`"), flag, 1),
            None => text,
        })
    }
}

#[cfg(test)]
mod tests {
    use graph_calls_core::model::{RecordResponseBody, Tone};

    use super::*;

    #[test]
    fn a_duration_has_a_unit() {
        assert_eq!(duration("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(duration("300ms"), Ok(Duration::from_millis(300)));
        assert_eq!(duration("2m"), Ok(Duration::from_mins(2)));
        for bad in ["", "s", "30", "1.5s", "-1s", "30 s", "3h", "\u{661}s", "99999999999999999999s"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
        assert!(duration(&format!("{}m", u64::MAX)).is_err());
    }

    #[test]
    fn what_is_wrong_is_named_by_its_flag() {
        let flags = [("maxRecordDurationInSeconds", "--max-duration"), ("stopTones", "--stop-tones")];
        let wrong = |body: RecordResponseBody| bad(&flags)(body.validate().unwrap_err()).text;
        let late = RecordResponseBody::new().with_max_record_duration(Duration::from_secs(121));
        assert_eq!(wrong(late), "--max-duration: 121s is not taken: give whole seconds, from 1s to 120s");
        let hook = RecordResponseBody::new().with_stop_tones([Tone::Flash]);
        assert!(wrong(hook).starts_with("--stop-tones: `flash` has no character"));
        let other = RecordResponseBody::new().with_max_silence_timeout(Duration::ZERO);
        assert!(wrong(other).starts_with("`maxSilenceTimeoutInSeconds`: "));
    }
}
