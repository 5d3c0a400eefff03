//! What the service can play: WAV, mono, 16 bit, 16 kHz.

use std::{fmt, time::Duration};

/// Samples per second.
const RATE: u32 = 16_000;
/// Bytes per sample.
const SAMPLE: u16 = 2;
/// Samples as they are.
const PCM: u16 = 1;
/// The encoding is named by a GUID further on.
const EXTENSIBLE: u16 = 0xFFFE;
/// That GUID, for samples as they are.
const PCM_GUID: [u8; 16] = [1, 0, 0, 0, 0, 0, 16, 0, 128, 0, 0, 170, 0, 56, 155, 113];
/// What a program writes as a length that it does not know yet.
const UNKNOWN: u32 = u32::MAX;

/// Why a file cannot be played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Flaw {
    NotWav,
    BigEndian,
    Endless,
    CutOff,
    Trailing { told: u64, has: u64 },
    Beyond,
    NoFormat,
    TwoFormats,
    ShortFormat,
    NoAudio,
    TwoAudios,
    HalfSample,
    Encoding(u16),
    Other { channels: u16, bits: u16, rate: u32 },
    Inconsistent,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Flaw::NotWav => f.write_str("it is no WAV file"),
            Flaw::BigEndian => f.write_str("it is a big-endian or 64 bit kind of WAV"),
            Flaw::Endless => {
                f.write_str("its lengths were never filled in, as by a program that wrote to a pipe")
            }
            Flaw::CutOff => f.write_str("it ends too early"),
            Flaw::Trailing { told, has } => write!(f, "it says that it has {told} bytes and has {has}"),
            Flaw::Beyond => f.write_str("a part of it is longer than the whole"),
            Flaw::NoFormat => f.write_str("its format does not come before its audio"),
            Flaw::TwoFormats => f.write_str("it has two formats"),
            Flaw::ShortFormat => f.write_str("its format is cut short"),
            Flaw::NoAudio => f.write_str("it has no audio"),
            Flaw::TwoAudios => f.write_str("its audio comes in two parts"),
            Flaw::HalfSample => f.write_str("its audio ends in the middle of a sample"),
            Flaw::Encoding(tag) => write!(f, "its encoding is {tag}, not PCM (1)"),
            Flaw::Other { channels, bits, rate } => write!(
                f,
                "it has {channels} channel(s) of {bits} bit at {rate} Hz, not 1 of 16 bit at 16000 Hz"
            ),
            Flaw::Inconsistent => f.write_str("its format contradicts itself"),
        }
    }
}

/// How long a file plays, or why it cannot.
///
/// Stricter than players are: what one of them passes over another may stumble on, and nobody hears it before a caller
/// does.
pub(super) fn check(file: &[u8]) -> Result<Duration, Flaw> {
    let mut format = None;
    let mut audio = None;
    let mut rest = whole(file)?;
    while !rest.is_empty() {
        let (id, after) = rest.split_first_chunk::<4>().ok_or(Flaw::CutOff)?;
        let (length, after) = after.split_first_chunk().ok_or(Flaw::CutOff)?;
        let length = u32::from_le_bytes(*length);
        if length == UNKNOWN {
            return Err(Flaw::Endless);
        }
        let length = usize::try_from(length).map_err(|_| Flaw::Beyond)?;
        let (chunk, after) = after.split_at_checked(length).ok_or(Flaw::Beyond)?;
        match id {
            b"fmt " if format.is_some() => return Err(Flaw::TwoFormats),
            b"fmt " => format = Some(check_format(chunk)?),
            b"data" if audio.is_some() => return Err(Flaw::TwoAudios),
            b"data" if format.is_none() => return Err(Flaw::NoFormat),
            b"data" => audio = Some(chunk.len()),
            _ => {}
        }
        // Parts begin at even places; the last one may come without its padding.
        rest = after.get(length % 2..).unwrap_or_default();
    }
    let audio = audio.filter(|bytes| *bytes > 0).ok_or(Flaw::NoAudio)?;
    if audio % usize::from(SAMPLE) != 0 {
        return Err(Flaw::HalfSample);
    }
    let samples = u32::try_from(audio / usize::from(SAMPLE)).map_err(|_| Flaw::Beyond)?;
    Ok(Duration::from_secs_f64(f64::from(samples) / f64::from(RATE)))
}

/// What is inside the outermost part.
fn whole(file: &[u8]) -> Result<&[u8], Flaw> {
    if [b"RIFX", b"RF64", b"BW64"].iter().any(|other| file.starts_with(*other)) {
        return Err(Flaw::BigEndian);
    }
    let rest = file.strip_prefix(b"RIFF").ok_or(Flaw::NotWav)?;
    let (length, rest) = rest.split_first_chunk().ok_or(Flaw::CutOff)?;
    let length = u32::from_le_bytes(*length);
    let inside = rest.strip_prefix(b"WAVE").ok_or(Flaw::NotWav)?;
    if length == UNKNOWN {
        return Err(Flaw::Endless);
    }
    let (told, has) = (u64::from(length) + 8, file.len() as u64);
    // A padding byte belongs to the file and not to the length.
    if told > has {
        Err(Flaw::CutOff)
    } else if has > told + told % 2 {
        Err(Flaw::Trailing { told, has })
    } else {
        let length = usize::try_from(length).ok().and_then(|length| length.checked_sub(4));
        length.and_then(|length| inside.get(..length)).ok_or(Flaw::CutOff)
    }
}

fn check_format(format: &[u8]) -> Result<(), Flaw> {
    let short = |at: usize| -> Result<u16, Flaw> {
        let bytes = format.get(at..).and_then(|rest| rest.first_chunk()).ok_or(Flaw::ShortFormat)?;
        Ok(u16::from_le_bytes(*bytes))
    };
    let long = |at: usize| -> Result<u32, Flaw> {
        let bytes = format.get(at..).and_then(|rest| rest.first_chunk()).ok_or(Flaw::ShortFormat)?;
        Ok(u32::from_le_bytes(*bytes))
    };
    let (tag, channels, rate, bits) = (short(0)?, short(2)?, long(4)?, short(14)?);
    let tag = if tag == EXTENSIBLE { extended_tag(format)? } else { tag };
    if tag != PCM {
        return Err(Flaw::Encoding(tag));
    }
    if (channels, bits, rate) != (1, 8 * SAMPLE, RATE) {
        return Err(Flaw::Other { channels, bits, rate });
    }
    if (long(8)?, short(12)?) != (RATE * u32::from(SAMPLE), SAMPLE) {
        return Err(Flaw::Inconsistent);
    }
    Ok(())
}

/// The encoding that an extended format names.
fn extended_tag(format: &[u8]) -> Result<u16, Flaw> {
    let guid = format.get(24..).and_then(|rest| rest.first_chunk::<16>()).ok_or(Flaw::ShortFormat)?;
    let [low, high, family @ ..] = guid;
    let tag = u16::from_le_bytes([*low, *high]);
    if !PCM_GUID.ends_with(family) {
        return Err(Flaw::Encoding(EXTENSIBLE));
    }
    // Samples of fewer bits than they take are no 16 bit audio.
    let valid =
        format.get(18..).and_then(|rest| rest.first_chunk()).map_or(0, |bits| u16::from_le_bytes(*bits));
    if tag == PCM && valid != 0 && valid != 8 * SAMPLE {
        return Err(Flaw::Inconsistent);
    }
    Ok(tag)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A part with its length and its padding.
    fn part(id: &str, content: &[u8]) -> Vec<u8> {
        let mut part = id.as_bytes().to_vec();
        part.extend(u32::try_from(content.len()).unwrap().to_le_bytes());
        part.extend(content);
        part.extend(std::iter::repeat_n(0, content.len() % 2));
        part
    }

    fn riff(parts: &[Vec<u8>]) -> Vec<u8> {
        let inside = [b"WAVE".to_vec(), parts.concat()].concat();
        part("RIFF", &inside)
    }

    fn format(tag: u16, channels: u16, rate: u32, bits: u16) -> Vec<u8> {
        let block = channels * bits / 8;
        let mut format = Vec::new();
        format.extend(tag.to_le_bytes());
        format.extend(channels.to_le_bytes());
        format.extend(rate.to_le_bytes());
        format.extend((rate * u32::from(block)).to_le_bytes());
        format.extend(block.to_le_bytes());
        format.extend(bits.to_le_bytes());
        format
    }

    fn extensible(valid: u16, guid: [u8; 16]) -> Vec<u8> {
        let mut extended = format(EXTENSIBLE, 1, RATE, 16);
        extended.extend(22_u16.to_le_bytes());
        extended.extend(valid.to_le_bytes());
        extended.extend(4_u32.to_le_bytes());
        extended.extend(guid);
        extended
    }

    /// Silence, or whatever the samples are.
    pub(crate) fn wav(samples: &[u8]) -> Vec<u8> {
        riff(&[part("fmt ", &format(PCM, 1, RATE, 16)), part("data", samples)])
    }

    #[test]
    fn what_the_service_can_play_is_taken_with_its_length() {
        let fmt = part("fmt ", &format(PCM, 1, RATE, 16));
        let data = part("data", &[0; 3200]);
        for (file, what) in [
            (riff(&[fmt.clone(), data.clone()]), "the plain form"),
            (riff(&[part("LIST", b"odd"), fmt.clone(), data.clone(), part("id3 ", b"x")]), "other parts"),
            (riff(&[part("fmt ", &extensible(16, PCM_GUID)), data.clone()]), "the extended form"),
            (
                riff(&[part("fmt ", &[format(PCM, 1, RATE, 16), vec![0, 0]].concat()), data]),
                "18 bytes of format",
            ),
        ] {
            assert_eq!(check(&file), Ok(Duration::from_millis(100)), "{what}");
        }
        let mut unpadded = riff(&[fmt, part("data", &[0; 3200]), part("LIST", b"odd")]);
        unpadded.pop();
        let told = u32::try_from(unpadded.len() - 8).unwrap();
        unpadded[4..8].copy_from_slice(&told.to_le_bytes());
        assert_eq!(check(&unpadded), Ok(Duration::from_millis(100)), "no padding at the end");
    }

    #[test]
    fn another_format_says_which_it_is() {
        let of = |format: Vec<u8>| check(&riff(&[part("fmt ", &format), part("data", &[0; 4])]));
        for (channels, rate, bits) in
            [(2, RATE, 16), (1, 8_000, 16), (1, 44_100, 16), (1, RATE, 8), (1, RATE, 24)]
        {
            assert_eq!(of(format(PCM, channels, rate, bits)), Err(Flaw::Other { channels, bits, rate }));
        }
        assert_eq!(of(format(3, 1, RATE, 32)), Err(Flaw::Encoding(3)), "floating point");
        assert_eq!(of(format(7, 1, 8_000, 8)), Err(Flaw::Encoding(7)), "mu-law");
        let mut float = PCM_GUID;
        float[0] = 3;
        assert_eq!(of(extensible(16, float)), Err(Flaw::Encoding(3)));
        assert_eq!(of(extensible(16, [1; 16])), Err(Flaw::Encoding(EXTENSIBLE)));
        assert_eq!(of(extensible(12, PCM_GUID)), Err(Flaw::Inconsistent));
        assert_eq!(of(extensible(16, PCM_GUID)[..30].to_vec()), Err(Flaw::ShortFormat));
        assert_eq!(of(format(PCM, 1, RATE, 16)[..14].to_vec()), Err(Flaw::ShortFormat));
        assert_eq!(of(Vec::new()), Err(Flaw::ShortFormat));
        let mut block = format(PCM, 1, RATE, 16);
        block[12] = 4;
        assert_eq!(of(block), Err(Flaw::Inconsistent));
    }

    #[test]
    fn lengths_that_are_not_true_are_found() {
        let good = wav(&[0; 64]);
        let with = |at: usize, bytes: &[u8]| {
            let mut file = good.clone();
            file[at..at + bytes.len()].copy_from_slice(bytes);
            check(&file).unwrap_err()
        };
        assert_eq!(with(4, &[0xFF; 4]), Flaw::Endless);
        assert_eq!(with(40, &[0xFF; 4]), Flaw::Endless);
        assert_eq!(with(40, &65_u32.to_le_bytes()), Flaw::Beyond);
        assert_eq!(with(40, &0x7FFF_FFFF_u32.to_le_bytes()), Flaw::Beyond);
        assert_eq!(with(40, &63_u32.to_le_bytes()), Flaw::HalfSample);
        assert_eq!(with(40, &0_u32.to_le_bytes()), Flaw::NoAudio);
        assert_eq!(with(16, &[0xF0, 0xFF, 0xFF, 0xFF]), Flaw::Beyond);
        assert_eq!(with(4, &101_u32.to_le_bytes()), Flaw::CutOff);
        assert_eq!(with(4, &0_u32.to_le_bytes()), Flaw::Trailing { told: 8, has: 108 });
        assert_eq!(with(0, b"RIFX"), Flaw::BigEndian);
        assert_eq!(with(8, b"AVI "), Flaw::NotWav);
        let twice = [good.clone(), good.clone()].concat();
        assert_eq!(check(&twice), Err(Flaw::Trailing { told: 108, has: 216 }));
        assert_eq!(check(b"ID3\x04"), Err(Flaw::NotWav));
    }

    #[test]
    fn the_parts_are_there_once_and_in_order() {
        let fmt = part("fmt ", &format(PCM, 1, RATE, 16));
        let data = part("data", &[0; 4]);
        for (parts, flaw) in [
            (vec![], Flaw::NoAudio),
            (vec![fmt.clone()], Flaw::NoAudio),
            (vec![fmt.clone(), part("data", b"")], Flaw::NoAudio),
            (vec![data.clone(), fmt.clone()], Flaw::NoFormat),
            (vec![fmt.clone(), fmt.clone(), data.clone()], Flaw::TwoFormats),
            (vec![fmt, data.clone(), data], Flaw::TwoAudios),
        ] {
            assert_eq!(check(&riff(&parts)), Err(flaw));
        }
    }

    #[test]
    fn a_file_cut_anywhere_is_refused() {
        let good = riff(&[part("fmt ", &extensible(16, PCM_GUID)), part("data", &[0; 8])]);
        for length in 0..good.len() {
            assert!(check(&good[..length]).is_err(), "{length} bytes");
        }
        assert!(check(&good).is_ok());
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(2_000))]

        #[test]
        fn no_bytes_make_it_panic(
            at in 0_usize..60,
            bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..16),
            noise in proptest::collection::vec(proptest::num::u8::ANY, 0..64),
        ) {
            let mut file = riff(&[part("fmt ", &extensible(16, PCM_GUID)), part("data", &[0; 8])]);
            for (place, byte) in file.iter_mut().skip(at).zip(bytes) {
                *place = byte;
            }
            let _ = check(&file);
            let _ = check(&noise);
            let _ = check(&[b"RIFF".to_vec(), noise].concat());
        }
    }
}
