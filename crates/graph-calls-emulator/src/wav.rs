//! Prompts: what the service can play, and one to play.

use std::{f64::consts::TAU, time::Duration};

/// Samples per second of all prompts.
const RATE: u32 = 16_000;

/// The length of a prompt, or why the service cannot play it: it wants WAV, mono, 16 bit, 16 kHz.
pub(crate) fn check(bytes: &[u8]) -> Result<Duration, String> {
    let not_wav = || "it is no WAV file".to_owned();
    let rest = bytes.strip_prefix(b"RIFF").ok_or_else(not_wav)?;
    let mut rest = rest.get(4..).and_then(|rest| rest.strip_prefix(b"WAVE")).ok_or_else(not_wav)?;
    let mut format = None;
    while let Some((id, after)) = rest.split_at_checked(4) {
        let (length, after) = after.split_first_chunk().ok_or_else(not_wav)?;
        let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
        // The last chunk of a stream may claim more than there is.
        let (chunk, after) = after.split_at_checked(length).unwrap_or((after, &[]));
        match id {
            b"fmt " => format = Some(chunk),
            b"data" => {
                check_format(format.ok_or_else(not_wav)?)?;
                let samples = u32::try_from(chunk.len() / 2).unwrap_or(u32::MAX);
                return Ok(Duration::from_secs_f64(f64::from(samples) / f64::from(RATE)));
            }
            _ => {}
        }
        // Chunks are padded to an even length.
        rest = after.get(length % 2..).unwrap_or(&[]);
    }
    Err("it has no audio".to_owned())
}

fn check_format(format: &[u8]) -> Result<(), String> {
    let short = |at: usize| {
        format.get(at..at + 2).and_then(|bytes| bytes.try_into().ok()).map_or(0, u16::from_le_bytes)
    };
    let rate = format.get(4..8).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_le_bytes);
    match (short(0), short(2), rate, short(14)) {
        (1, 1, RATE, 16) => Ok(()),
        (1, channels, rate, bits) => {
            Err(format!("it has {channels} channels of {bits} bit at {rate} Hz, not 1 of 16 bit at 16000 Hz"))
        }
        (kind, ..) => Err(format!("its encoding is {kind}, not PCM")),
    }
}

/// The head of a file with so many samples.
fn head(samples: u32) -> Vec<u8> {
    let data = samples.saturating_mul(2);
    let mut wav = Vec::with_capacity(44 + data as usize);
    wav.extend(b"RIFF");
    wav.extend(data.saturating_add(36).to_le_bytes());
    wav.extend(b"WAVEfmt ");
    wav.extend(16_u32.to_le_bytes());
    wav.extend(1_u16.to_le_bytes());
    wav.extend(1_u16.to_le_bytes());
    wav.extend(RATE.to_le_bytes());
    wav.extend((RATE * 2).to_le_bytes());
    wav.extend(2_u16.to_le_bytes());
    wav.extend(16_u16.to_le_bytes());
    wav.extend(b"data");
    wav.extend(data.to_le_bytes());
    wav
}

/// What somebody says, as a buzz in syllables, and silence up to its length. At most 120 seconds.
pub(crate) fn recording(speech: Duration, length: Duration) -> Vec<u8> {
    // Samples of one swing of the voice, and of one syllable.
    const SWING: u32 = 80;
    const SYLLABLE: u32 = RATE / 4;
    // A triangle that begins and ends at nothing.
    let rise = |at: u32, period: u32| at.min(period - at);
    let (speech, samples) = (count(speech), count(length));
    let mut wav = head(samples);
    for sample in 0..samples {
        let level = if sample < speech {
            let loudness = rise(sample % SYLLABLE, SYLLABLE);
            let swing = i64::from(rise(sample % SWING, SWING)) - i64::from(SWING / 4);
            i16::try_from(swing * i64::from(loudness) / 10).unwrap_or_default()
        } else {
            0
        };
        wav.extend(level.to_le_bytes());
    }
    wav
}

/// How many samples last as long, to the nearest.
fn count(length: Duration) -> u32 {
    let samples = (length.as_nanos() * u128::from(RATE) + 500_000_000) / 1_000_000_000;
    u32::try_from(samples).unwrap_or(u32::MAX).min(120 * RATE)
}

/// Half a second of a soft tone.
pub(crate) fn welcome() -> Vec<u8> {
    let samples = RATE / 2;
    let mut wav = head(samples);
    for sample in 0..samples {
        let time = f64::from(sample) / f64::from(RATE);
        // It swells and fades, so that it does not click.
        let swell = (TAU * time).sin();
        let level = (TAU * 440.0 * time).sin() * swell * 8_000.0;
        #[expect(clippy::cast_possible_truncation, reason = "the level is at most 8000")]
        let level = level as i16;
        wav.extend(level.to_le_bytes());
    }
    wav
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_welcome_prompt_is_half_a_second_that_the_service_can_play() {
        assert_eq!(check(&welcome()), Ok(Duration::from_millis(500)));
    }

    #[test]
    fn a_recording_is_as_long_as_it_ran_and_silent_where_nobody_spoke() {
        let wav = recording(Duration::from_millis(300), Duration::from_millis(1_250));
        assert_eq!(check(&wav), Ok(Duration::from_millis(1_250)));
        let (speech, silence) = wav[44..].split_at(2 * 16 * 300);
        let loudest =
            speech.chunks(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]]).unsigned_abs()).max().unwrap();
        assert!((2_000..8_000).contains(&loudest), "{loudest}");
        assert!(silence.iter().all(|byte| *byte == 0));
        assert_eq!(recording(Duration::ZERO, Duration::ZERO).len(), 44);
        assert_eq!(check(&recording(Duration::ZERO, Duration::MAX)), Ok(Duration::from_secs(120)));
    }

    #[test]
    fn what_cannot_be_played_says_why() {
        assert_eq!(check(b"ID3"), Err("it is no WAV file".to_owned()));
        let mut stereo = welcome();
        stereo[22] = 2;
        let why = check(&stereo).unwrap_err();
        assert_eq!(why, "it has 2 channels of 16 bit at 16000 Hz, not 1 of 16 bit at 16000 Hz");
        assert_eq!(check(&welcome()[..36]), Err("it has no audio".to_owned()));
    }

    #[test]
    fn a_chunk_that_is_not_known_is_passed_over() {
        let wav = welcome();
        let mut with_list = wav[..36].to_vec();
        with_list.extend(b"LIST\x03\0\0\0abc\0");
        with_list.extend(&wav[36..]);
        assert_eq!(check(&with_list), Ok(Duration::from_millis(500)));
    }
}
