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

/// Half a second of a soft tone.
pub(crate) fn welcome() -> Vec<u8> {
    let samples = RATE / 2;
    let data = samples * 2;
    let mut wav = Vec::with_capacity(44 + data as usize);
    wav.extend(b"RIFF");
    wav.extend((36 + data).to_le_bytes());
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
