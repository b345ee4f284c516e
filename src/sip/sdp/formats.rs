//! Payload types: what the numbers of an audio stream stand for (RFC 8866 §6.6, RFC 3551 §6), and which ones are ours.
//!
//! Owns: `a=rtpmap`, `a=fmtp`, static and dynamic numbers. Must not know: directions, addresses, whose choice a codec is.

use sdp_types::{Media, RtpMap};

use crate::audio::Codec;
use crate::audio::codec::OpusParameters;

/// Comfort noise (RFC 3389); its number is static.
const COMFORT_NOISE: u8 = 13;
/// Dynamic numbers we use unless the stream has others for the same.
const OPUS: u8 = 96;
const EVENTS_8000: u8 = 101;
const EVENTS_48000: u8 = 102;
/// Numbers free for any use (RFC 3551 §6).
const DYNAMIC: std::ops::RangeInclusive<u8> = 96..=127;
/// More formats than this are not looked at.
const MAX_FORMATS: usize = 64;
/// What we want of Opus (RFC 7587 §6.1): we play 16 kHz, and more than 32 kbit/s with its error correction adds nothing.
const OPUS_WANTED: &str =
    "maxplaybackrate=16000;sprop-maxcapturerate=16000;maxaveragebitrate=32000;stereo=0;useinbandfec=1";
/// The keys 0–9, *, #, A–D (RFC 4733 §2.4.1).
const EVENTS_WANTED: &str = "0-15";

/// What a payload type stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Audio(Codec),
    /// Keys, counting time by this clock, Hz.
    TelephoneEvent {
        clock: u32,
    },
    ComfortNoise,
}

/// Numbers with their meaning, in the order of the stream.
pub(super) type Formats = Vec<(u8, Format)>;

/// The formats of a stream that we know, in its order. A dynamic number without `a=rtpmap` means what it meant in
/// `offered`, our description that this one answers.
pub(super) fn read(media: &Media, offered: &[(u8, Format)]) -> Formats {
    let numbers = media.fmt.split_ascii_whitespace().take(MAX_FORMATS).filter_map(|number| number.parse().ok());
    numbers.filter_map(|number| Some((number, format_of(media, number, offered)?))).collect()
}

/// What we offer for these codecs, best first, each clock with its keys. Numbers that the stream had before keep their
/// meaning (RFC 3264 §8.3.2).
pub(super) fn offered(codecs: &[Codec], before: Option<&Media>) -> Formats {
    let before = before.map(|media| (read(media, &[]), media));
    let mut formats: Formats = Vec::new();
    let mut wanted: Vec<Format> = codecs.iter().map(|&codec| Format::Audio(codec)).collect();
    for clock in [8_000, 48_000] {
        if codecs.iter().any(|codec| codec.clock_rate() == clock) {
            wanted.push(Format::TelephoneEvent { clock });
        }
    }
    for format in wanted {
        let kept = before.as_ref().and_then(|(known, _)| known.iter().find(|(_, old)| *old == format));
        let taken = |number: u8| {
            let used_before = before.as_ref().is_some_and(|(_, media)| mentions(media, number));
            used_before || formats.iter().any(|(other, _)| *other == number)
        };
        let number = match kept {
            Some((number, _)) => Some(*number),
            None => Some(usual_number(format))
                .filter(|&number| !DYNAMIC.contains(&number) || !taken(number))
                .or_else(|| DYNAMIC.rev().find(|&number| !taken(number))),
        };
        formats.extend(number.map(|number| (number, format)));
    }
    formats
}

/// The number of this codec's keys: those of its clock; else, of an Opus stream, those that count by 8,000 Hz, as devices
/// have it that know no other (RFC 7160 allows several clocks in a stream).
pub(super) fn telephone_event(formats: &[(u8, Format)], codec: Codec) -> Option<(u8, u32)> {
    let of_clock = |wanted: u32| {
        formats.iter().find_map(|(number, format)| match format {
            Format::TelephoneEvent { clock } if *clock == wanted => Some((*number, wanted)),
            _ => None,
        })
    };
    of_clock(codec.clock_rate()).or_else(|| of_clock(8_000).filter(|_| codec == Codec::Opus))
}

/// The number of comfort noise, for a codec of its clock.
pub(super) fn comfort_noise(formats: &[(u8, Format)], codec: Codec) -> Option<u8> {
    let found = formats.iter().find(|(_, format)| *format == Format::ComfortNoise);
    found.map(|(number, _)| *number).filter(|_| codec.clock_rate() == 8_000)
}

/// The attributes of these formats, as ours.
pub(super) fn write(media: &mut Media, formats: &[(u8, Format)]) {
    for (number, format) in formats {
        let encoding = match format {
            Format::Audio(Codec::Opus) => "opus/48000/2".to_owned(),
            Format::Audio(codec) => format!("{}/{}", codec.name(), codec.clock_rate()),
            Format::TelephoneEvent { clock } => format!("telephone-event/{clock}"),
            Format::ComfortNoise => "CN/8000".to_owned(),
        };
        media.add_attribute_with_value("rtpmap", format!("{number} {encoding}"));
        match format {
            Format::Audio(Codec::Opus) => media.add_attribute_with_value("fmtp", format!("{number} {OPUS_WANTED}")),
            Format::TelephoneEvent { .. } => {
                media.add_attribute_with_value("fmtp", format!("{number} {EVENTS_WANTED}"))
            }
            Format::Audio(_) | Format::ComfortNoise => {}
        }
    }
}

/// How the far end wants the Opus it receives under its `number`. `stereo` and `sprop-*` are ignored: we send mono. What is
/// malformed counts as absent.
pub(super) fn opus_parameters(media: &Media, number: u8) -> OpusParameters {
    let mut parameters = OpusParameters::default();
    for (key, value) in fmtp(media, number) {
        let figure = value.parse::<u32>().ok();
        match key.to_ascii_lowercase().as_str() {
            "useinbandfec" => parameters.fec = value == "1",
            "cbr" => parameters.constant_bitrate = value == "1",
            "maxaveragebitrate" => {
                parameters.max_average_bitrate = figure.filter(|rate| (6_000..=510_000).contains(rate));
            }
            "maxplaybackrate" => parameters.max_playback_rate = figure.filter(|rate| (8_000..=48_000).contains(rate)),
            _ => {}
        }
    }
    parameters
}

/// Parameters of a format, `key=value` between semicolons.
fn fmtp(media: &Media, number: u8) -> impl Iterator<Item = (&str, &str)> {
    let values = media.attributes.iter().filter(|attribute| attribute.attribute == "fmtp");
    let of_number = values.filter_map(move |attribute| {
        let (format, parameters) = attribute.value.as_deref()?.trim().split_once(' ')?;
        (format.parse() == Ok(number)).then_some(parameters)
    });
    of_number.take(1).flat_map(|parameters| parameters.split(';')).filter_map(|parameter| {
        let (key, value) = parameter.split_once('=')?;
        Some((key.trim(), value.trim()))
    })
}

/// By `a=rtpmap`; without one, by the static table (RFC 3551 §6) or by what we offered.
fn format_of(media: &Media, number: u8, offered: &[(u8, Format)]) -> Option<Format> {
    if number > 127 {
        return None;
    }
    let map = media.attributes_typed::<RtpMap>().flatten().find(|map| map.payload_type == number);
    let Some(map) = map else {
        return match number {
            0 => Some(Format::Audio(Codec::Pcmu)),
            8 => Some(Format::Audio(Codec::Pcma)),
            9 => Some(Format::Audio(Codec::G722)),
            COMFORT_NOISE => Some(Format::ComfortNoise),
            _ => offered.iter().find(|(ours, _)| *ours == number).map(|(_, format)| *format),
        };
    };
    let name = map.encoding_name.as_str();
    let mono = map.encoding_params.as_deref().is_none_or(|channels| channels.trim() == "1");
    if let Some(codec) = Codec::ALL.into_iter().find(|codec| codec.name().eq_ignore_ascii_case(name)) {
        // Opus is always described as stereo, whatever is sent (RFC 7587 §7).
        let fits = map.clock_rate == codec.clock_rate() && (mono || codec == Codec::Opus);
        return fits.then_some(Format::Audio(codec));
    }
    if name.eq_ignore_ascii_case("telephone-event") && mono {
        return matches!(map.clock_rate, 8_000 | 48_000).then_some(Format::TelephoneEvent { clock: map.clock_rate });
    }
    (name.eq_ignore_ascii_case("CN") && map.clock_rate == 8_000).then_some(Format::ComfortNoise)
}

/// Whether a description has given this number a meaning, known to us or not.
fn mentions(media: &Media, number: u8) -> bool {
    media.fmt.split_ascii_whitespace().any(|used| used.parse() == Ok(number))
}

fn usual_number(format: Format) -> u8 {
    match format {
        Format::Audio(Codec::Pcmu) => 0,
        Format::Audio(Codec::Pcma) => 8,
        Format::Audio(Codec::G722) => 9,
        Format::Audio(Codec::Opus) => OPUS,
        Format::TelephoneEvent { clock: 48_000 } => EVENTS_48000,
        Format::TelephoneEvent { .. } => EVENTS_8000,
        Format::ComfortNoise => COMFORT_NOISE,
    }
}
