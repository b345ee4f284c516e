//! Session descriptions: offer/answer (RFC 3264) over `sdp-types` (RFC 8866). PURE.
//!
//! Owns: reading an offer or answer, writing ours. Must not know: sockets, samples.

mod crypto;
#[cfg(test)]
mod tests;

pub use crypto::{Agreed, CryptoAttribute, CryptoError, KeyParameter, Security, SrtpPolicy};

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use sdp_types::{Attribute, Connection, Media, Origin, RtpMap, Session, Time};

use crate::audio::Codec;

/// Payload type we offer telephone-event under (RFC 4733).
const TELEPHONE_EVENT: u8 = 101;
/// Packet length we ask for, ms.
const PTIME: &str = "20";
/// Media descriptions beyond this make an offer that is refused.
const MAX_MEDIA: usize = 64;

/// Our side of the audio stream.
#[derive(Debug, Clone)]
pub struct LocalMedia {
    /// Where we receive RTP (advertised address).
    pub address: SocketAddr,
    /// Codecs we accept, best first.
    pub codecs: Vec<Codec>,
    /// `o=` session id and version; the version grows with every new description of the same call.
    pub session_id: u64,
    pub session_version: u64,
    /// Whether and with which keys we encrypt.
    pub security: Security,
}

/// What both sides agreed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Negotiated {
    /// Where the far end receives RTP. Unspecified (`0.0.0.0`) while it holds the old way; we may not send then.
    pub remote: SocketAddr,
    pub codec: Codec,
    /// Payload type to send `codec` with, and to expect it under.
    pub payload_type: u8,
    /// Payload type of telephone-event/8000 (RFC 4733), if both sides have it.
    pub telephone_event: Option<u8>,
    /// Ours: whether we may send, whether we will receive (hold).
    pub direction: Direction,
    /// The far end's wish for packet length in ms (a=ptime), if it has one.
    pub ptime_ms: Option<u32>,
    /// The keys of SRTP; `None`: plain RTP.
    pub srtp: Option<Agreed>,
}

/// Media direction from our side (RFC 3264 §6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    SendReceive,
    SendOnly,
    ReceiveOnly,
    Inactive,
}

/// Why a session description leads to no audio. An offer is refused with 488 then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SdpError {
    #[error("not a session description")]
    Malformed,
    #[error("no audio over plain rtp among the media")]
    NoAudio,
    #[error("the audio stream was rejected")]
    Rejected,
    #[error("no codec in common")]
    NoCodec,
    #[error("no usable address for the audio stream")]
    NoAddress,
    #[error("the audio stream's address is of the other ip family")]
    AddressFamily,
    #[error("the audio stream is not encrypted, and must be")]
    NotEncrypted,
    #[error("no usable key for the encrypted audio stream")]
    NoKeys,
    #[error("the answer takes a key that was not offered")]
    ForeignKey,
    #[error("no keys are exchanged where the signalling is not encrypted")]
    KeysInClear,
}

impl Direction {
    fn of(send: bool, receive: bool) -> Direction {
        match (send, receive) {
            (true, true) => Direction::SendReceive,
            (true, false) => Direction::SendOnly,
            (false, true) => Direction::ReceiveOnly,
            (false, false) => Direction::Inactive,
        }
    }

    fn attribute(self) -> &'static str {
        match self {
            Direction::SendReceive => "sendrecv",
            Direction::SendOnly => "sendonly",
            Direction::ReceiveOnly => "recvonly",
            Direction::Inactive => "inactive",
        }
    }
}

/// An offer of one audio stream with our codecs and telephone-event.
pub fn offer(local: &LocalMedia) -> String {
    let formats: Vec<(Codec, u8)> = local.codecs.iter().map(|&codec| (codec, static_payload_type(codec))).collect();
    let media = audio(local, &formats, Some(TELEPHONE_EVENT), Direction::SendReceive, false);
    let mut session = describe(local);
    session.add_time(Time::new(0, 0));
    session.add_media(crypto::offer(media, &local.security, None));
    print(&session)
}

/// The answer to an offer: the first usable audio stream, an encrypted one before one in clear, with one codec, our
/// preference first; every other stream is rejected in its place (RFC 3264 §6).
///
/// # Errors
/// [`SdpError`] when no stream can be used: the INVITE gets 488.
pub fn answer(offer: &str, local: &LocalMedia) -> Result<(String, Negotiated), SdpError> {
    let remote = parse(offer)?;
    if remote.medias.len() > MAX_MEDIA {
        return Err(SdpError::Malformed);
    }
    // The reason told is that of the first stream that looked usable.
    let mut failure = None;
    let mut chosen: Option<(usize, Negotiated)> = None;
    for (index, media) in remote.medias.iter().enumerate() {
        match read_audio(&remote, media, local, Preference::Ours) {
            Ok(negotiated) if negotiated.srtp.is_some() => {
                chosen = Some((index, negotiated));
                break;
            }
            Ok(negotiated) => chosen = chosen.or(Some((index, negotiated))),
            Err(error) => {
                let better = failure.is_none() || failure == Some(SdpError::NoAudio);
                if better {
                    failure = Some(error);
                }
            }
        }
    }
    let Some((chosen, negotiated)) = chosen else {
        return Err(failure.unwrap_or(SdpError::NoAudio));
    };
    let mut session = describe(local);
    // t= of the answer equals that of the offer (§6).
    session.times = remote.times.clone();
    if session.times.is_empty() {
        session.add_time(Time::new(0, 0));
    }
    for (index, media) in remote.medias.iter().enumerate() {
        let answered = if index == chosen {
            let ours = audio(
                local,
                &[(negotiated.codec, negotiated.payload_type)],
                negotiated.telephone_event,
                negotiated.direction,
                media.has_attribute("rtcp-mux"),
            );
            crypto::answer(ours, media, negotiated.srtp.as_ref())
        } else {
            rejected(media)
        };
        session.add_media(answered);
    }
    Ok((print(&session), negotiated))
}

/// The answer that takes no stream of an offer, for where an offer can't be refused otherwise (RFC 3261 §13.2.2.4).
/// `None` when it is no session description.
pub fn refuse(offer: &str) -> Option<String> {
    let remote = parse(offer).ok().filter(|remote| remote.medias.len() <= MAX_MEDIA)?;
    let mut session = Session::new(Origin::with_ip_addr(0, 0, IpAddr::V4(Ipv4Addr::UNSPECIFIED)), "-");
    session.times = remote.times.clone();
    if session.times.is_empty() {
        session.add_time(Time::new(0, 0));
    }
    for media in &remote.medias {
        session.add_media(rejected(media));
    }
    Some(print(&session))
}

/// An offer within a call we have described before (RFC 3264 §8): our stream in its place, with this direction; the
/// others stay as they were. `None` when `last` has no stream of ours.
pub fn reoffer(local: &LocalMedia, last: &str, direction: Direction) -> Option<String> {
    let last = parse(last).ok()?;
    let ours = last.medias.iter().position(|media| media.port != 0)?;
    let formats: Vec<(Codec, u8)> = local.codecs.iter().map(|&codec| (codec, static_payload_type(codec))).collect();
    let mut session = describe(local);
    session.times = last.times.clone();
    for (index, media) in last.medias.iter().enumerate() {
        session.add_media(match index == ours {
            true => {
                let again = audio(local, &formats, Some(TELEPHONE_EVENT), direction, false);
                crypto::offer(again, &local.security, Some(media))
            }
            false => rejected(media),
        });
    }
    Some(print(&session))
}

/// Reads the answer to our offer. The far end's first codec counts.
///
/// # Errors
/// [`SdpError`] when it leads to no audio: the call is ended.
pub fn accept_answer(answer: &str, local: &LocalMedia) -> Result<Negotiated, SdpError> {
    let remote = parse(answer)?;
    // We offered one stream: the first one answers it.
    let media = remote.medias.first().ok_or(SdpError::NoAudio)?;
    read_audio(&remote, media, local, Preference::Theirs)
}

/// Whose order of codecs decides.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Preference {
    Ours,
    Theirs,
}

fn parse(text: &str) -> Result<Session, SdpError> {
    Session::parse(text.as_bytes()).map_err(|_| SdpError::Malformed)
}

fn read_audio(
    session: &Session,
    media: &Media,
    local: &LocalMedia,
    preference: Preference,
) -> Result<Negotiated, SdpError> {
    if !media.media.eq_ignore_ascii_case("audio") {
        return Err(SdpError::NoAudio);
    }
    let srtp = crypto::agree(media, &local.security, preference);
    if media.port == 0 && srtp != Err(SdpError::NoAudio) {
        return Err(SdpError::Rejected);
    }
    let srtp = srtp?;
    // Payload types in the far end's order, each with what it stands for.
    let formats: Vec<(u8, Format)> = media
        .fmt
        .split_ascii_whitespace()
        .filter_map(|number| number.parse().ok())
        .filter_map(|number| Some((number, format_of(media, number, preference)?)))
        .collect();
    let find = |codec: Codec| {
        formats.iter().find(|(_, format)| *format == Format::Audio(codec)).map(|(number, _)| (codec, *number))
    };
    let agreed = match preference {
        Preference::Ours => local.codecs.iter().find_map(|&codec| find(codec)),
        Preference::Theirs => formats.iter().find_map(|(number, format)| match format {
            Format::Audio(codec) if local.codecs.contains(codec) => Some((*codec, *number)),
            _ => None,
        }),
    };
    let (codec, payload_type) = agreed.ok_or(SdpError::NoCodec)?;
    let telephone_event =
        formats.iter().find(|(_, format)| *format == Format::TelephoneEvent).map(|(number, _)| *number);
    let ip = connection_ip(session, media)?;
    if ip.is_ipv4() != local.address.is_ipv4() {
        return Err(SdpError::AddressFamily);
    }
    let (they_send, they_receive) = their_direction(session, media);
    // The old way to hold: nowhere to send to (RFC 3264 §8.4).
    let they_receive = they_receive && !ip.is_unspecified();
    let ptime_ms = media
        .get_first_attribute_value("ptime")
        .flatten()
        .and_then(|value| value.trim().parse().ok())
        .filter(|ms| (1..=200).contains(ms));
    Ok(Negotiated {
        remote: SocketAddr::new(ip, media.port),
        codec,
        payload_type,
        telephone_event,
        direction: Direction::of(they_receive, they_send),
        ptime_ms,
        srtp,
    })
}

/// What a payload type stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Audio(Codec),
    TelephoneEvent,
}

/// By `a=rtpmap`; without one, by the static table (RFC 3551 §6) or, in an answer, by what we offered.
fn format_of(media: &Media, number: u8, preference: Preference) -> Option<Format> {
    if number > 127 {
        return None;
    }
    let map = media.attributes_typed::<RtpMap>().flatten().find(|map| map.payload_type == number);
    let Some(map) = map else {
        return match number {
            0 => Some(Format::Audio(Codec::Pcmu)),
            8 => Some(Format::Audio(Codec::Pcma)),
            TELEPHONE_EVENT if preference == Preference::Theirs => Some(Format::TelephoneEvent),
            _ => None,
        };
    };
    let mono = map.encoding_params.as_deref().is_none_or(|channels| channels.trim() == "1");
    if map.clock_rate != 8_000 || !mono {
        return None;
    }
    match map.encoding_name.to_ascii_lowercase().as_str() {
        "pcma" => Some(Format::Audio(Codec::Pcma)),
        "pcmu" => Some(Format::Audio(Codec::Pcmu)),
        "telephone-event" => Some(Format::TelephoneEvent),
        _ => None,
    }
}

/// The stream's own `c=`, else the session's.
fn connection_ip(session: &Session, media: &Media) -> Result<IpAddr, SdpError> {
    media
        .connections
        .first()
        .or(session.connection.as_ref())
        .and_then(|connection| connection.try_address().ok())
        .map(|address| address.ip)
        .filter(|ip| !ip.is_multicast())
        .ok_or(SdpError::NoAddress)
}

/// Whether the far end sends, and whether it receives: the stream's own attribute, else the session's.
fn their_direction(session: &Session, media: &Media) -> (bool, bool) {
    let read = |has: &dyn Fn(&str) -> bool| {
        [
            ("sendrecv", (true, true)),
            ("sendonly", (true, false)),
            ("recvonly", (false, true)),
            ("inactive", (false, false)),
        ]
        .into_iter()
        .find_map(|(name, flags)| has(name).then_some(flags))
    };
    read(&|name| media.has_attribute(name))
        .or_else(|| read(&|name| session.has_attribute(name)))
        .unwrap_or((true, true))
}

fn static_payload_type(codec: Codec) -> u8 {
    match codec {
        Codec::Pcma => 8,
        Codec::Pcmu => 0,
    }
}

fn encoding_name(codec: Codec) -> &'static str {
    match codec {
        Codec::Pcma => "PCMA",
        Codec::Pcmu => "PCMU",
    }
}

fn describe(local: &LocalMedia) -> Session {
    let ip = local.address.ip();
    let origin = Origin::with_ip_addr(local.session_id, local.session_version, ip);
    let mut session = Session::new(origin, "-");
    session.set_connection(Connection::from_ip_addr(ip));
    session
}

fn audio(
    local: &LocalMedia,
    formats: &[(Codec, u8)],
    telephone_event: Option<u8>,
    direction: Direction,
    rtcp_mux: bool,
) -> Media {
    let numbers: Vec<String> =
        formats.iter().map(|(_, number)| *number).chain(telephone_event).map(|number| number.to_string()).collect();
    let mut media = Media::new(
        sdp_types::MediaType::Audio,
        local.address.port(),
        sdp_types::TransportProto::RtpAvp,
        numbers.join(" "),
    );
    for (codec, number) in formats {
        let name = encoding_name(*codec);
        media.add_attribute_with_value("rtpmap", format!("{number} {name}/8000"));
    }
    if let Some(number) = telephone_event {
        media.add_attribute_with_value("rtpmap", format!("{number} telephone-event/8000"));
        media.add_attribute_with_value("fmtp", format!("{number} 0-15"));
    }
    media.add_attribute_with_value("ptime", PTIME);
    media.add_attribute(Attribute::new(direction.attribute()));
    if rtcp_mux {
        // Only as an answer: an offer of ours leaves RTCP on its own port (RFC 5761 §5.1.1).
        media.add_attribute(Attribute::new("rtcp-mux"));
    }
    media
}

/// A stream we do not take: port 0, everything else as offered (RFC 3264 §6).
fn rejected(media: &Media) -> Media {
    Media {
        media: media.media.clone(),
        port: 0,
        num_ports: None,
        proto: media.proto.clone(),
        fmt: media.fmt.clone(),
        media_title: None,
        connections: Vec::new(),
        bandwidths: Vec::new(),
        key: None,
        attributes: Vec::new(),
    }
}

fn print(session: &Session) -> String {
    let mut bytes = Vec::with_capacity(256);
    match session.write(&mut bytes) {
        Ok(()) => String::from_utf8_lossy(&bytes).into_owned(),
        // Writing to memory does not fail.
        Err(_) => String::new(),
    }
}
