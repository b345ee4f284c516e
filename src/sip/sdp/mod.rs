//! Session descriptions: offer/answer (RFC 3264) over `sdp-types` (RFC 8866). PURE.
//!
//! Owns: reading an offer or answer, writing ours. Must not know: sockets, samples.

mod crypto;
mod formats;
#[cfg(test)]
mod tests;

pub use crypto::{Agreed, CryptoAttribute, CryptoError, KeyParameter, Security, SrtpPolicy};

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use sdp_types::{Attribute, Connection, Media, Origin, Session, Time};

use crate::audio::Codec;
use crate::audio::codec::OpusParameters;
use formats::{Format, Formats};

/// Packet length we ask for, ms.
const PTIME: &str = "20";
/// Longest packet we take, ms ([`crate::audio::codec::MAX_DURATION_MS`]).
const MAX_PTIME: &str = "120";
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
    /// What is sent, under the payload type the far end gave it.
    pub codec: Codec,
    pub payload_type: u8,
    /// How the far end wants its Opus.
    pub opus: OpusParameters,
    /// Payload types audio may come under: those of our own description, which may differ from theirs
    /// (RFC 3264 §5.1).
    pub receive: Vec<(u8, Codec)>,
    /// Payload type of telephone-event (RFC 4733) if both sides have it, and its clock, Hz.
    pub telephone_event: Option<u8>,
    pub telephone_event_clock: u32,
    /// The number keys come under, where ours differs.
    pub telephone_event_receive: Option<u8>,
    /// Payload type of comfort noise (RFC 3389), if the far end has it. We never ask for it: silence that is sent is
    /// heard better than silence that is described.
    pub comfort_noise: Option<u8>,
    /// Where it receives RTCP, if not on the port after RTP's (RFC 3605).
    pub remote_rtcp: Option<SocketAddr>,
    /// RTCP goes over RTP's port, both ways (RFC 5761).
    pub rtcp_mux: bool,
    /// RTCP packets may be of reduced size (RFC 5506).
    pub rtcp_reduced_size: bool,
    /// Ours: whether we may send, whether we will receive (hold).
    pub direction: Direction,
    /// The far end's wish for packet length in ms (a=ptime), if it has one.
    pub ptime_ms: Option<u32>,
    /// The longest packet it takes, ms (a=maxptime).
    pub max_ptime_ms: Option<u32>,
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
    let media = audio(local, &formats::offered(&local.codecs, None), Direction::SendReceive);
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
        match read_audio(&remote, media, local, Preference::Ours, &[]) {
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
            let mut ours = audio(local, &answered_formats(&negotiated), negotiated.direction);
            // Only as an answer: an offer of ours leaves RTCP on its own port (RFC 5761 §5.1.1).
            for (agreed, name) in [(negotiated.rtcp_mux, "rtcp-mux"), (negotiated.rtcp_reduced_size, "rtcp-rsize")] {
                if agreed {
                    ours.add_attribute(Attribute::new(name));
                }
            }
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
/// others stay as they were, and so does what payload types mean (§8.3.2). `None` when `last` has no stream of ours.
pub fn reoffer(local: &LocalMedia, last: &str, direction: Direction) -> Option<String> {
    let last = parse(last).ok()?;
    let ours = last.medias.iter().position(|media| media.port != 0)?;
    let mut session = describe(local);
    session.times = last.times.clone();
    for (index, media) in last.medias.iter().enumerate() {
        session.add_media(match index == ours {
            true => {
                let again = audio(local, &formats::offered(&local.codecs, Some(media)), direction);
                crypto::offer(again, &local.security, Some(media))
            }
            false => rejected(media),
        });
    }
    Some(print(&session))
}

/// Reads the answer to the offer that [`offer`] makes. The far end's first codec counts.
///
/// # Errors
/// [`SdpError`] when it leads to no audio: the call is ended.
pub fn accept_answer(answer: &str, local: &LocalMedia) -> Result<Negotiated, SdpError> {
    accept(answer, local, 0, &formats::offered(&local.codecs, None))
}

/// As [`accept_answer`], to an offer of ours that may be a later one ([`reoffer`]) with payload types and a place of its
/// own.
pub fn accept_answer_to(offer: &str, answer: &str, local: &LocalMedia) -> Result<Negotiated, SdpError> {
    let offered = parse(offer)?;
    let ours = offered.medias.iter().position(|media| media.port != 0).ok_or(SdpError::NoAudio)?;
    accept(answer, local, ours, &formats::read(&offered.medias[ours], &[]))
}

fn accept(answer: &str, local: &LocalMedia, ours: usize, offered: &[(u8, Format)]) -> Result<Negotiated, SdpError> {
    let remote = parse(answer)?;
    // Streams are answered in their places (RFC 3264 §6).
    let media = remote.medias.get(ours).ok_or(SdpError::NoAudio)?;
    read_audio(&remote, media, local, Preference::Theirs, offered)
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
    offered: &[(u8, Format)],
) -> Result<Negotiated, SdpError> {
    if !media.media.eq_ignore_ascii_case("audio") {
        return Err(SdpError::NoAudio);
    }
    let srtp = crypto::agree(media, &local.security, preference);
    if media.port == 0 && srtp != Err(SdpError::NoAudio) {
        return Err(SdpError::Rejected);
    }
    let srtp = srtp?;
    let formats = formats::read(media, offered);
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
    let keys = formats::telephone_event(&formats, codec);
    // Who answers an offer takes its numbers as they are; who made it keeps to its own.
    let (receive, keys_receive) = match preference {
        Preference::Ours => (vec![(payload_type, codec)], None),
        Preference::Theirs => {
            let audio = offered.iter().filter_map(|(number, format)| match format {
                Format::Audio(codec) => Some((*number, *codec)),
                _ => None,
            });
            (audio.collect(), formats::telephone_event(offered, codec).map(|(number, _)| number))
        }
    };
    let ip = connection_ip(session, media)?;
    if ip.is_ipv4() != local.address.is_ipv4() {
        return Err(SdpError::AddressFamily);
    }
    let (they_send, they_receive) = their_direction(session, media);
    // The old way to hold: nowhere to send to (RFC 3264 §8.4).
    let they_receive = they_receive && !ip.is_unspecified();
    Ok(Negotiated {
        remote: SocketAddr::new(ip, media.port),
        codec,
        payload_type,
        opus: if codec == Codec::Opus {
            formats::opus_parameters(media, payload_type)
        } else {
            OpusParameters::default()
        },
        receive,
        telephone_event: keys.map(|(number, _)| number),
        telephone_event_clock: keys.map_or(codec.clock_rate(), |(_, clock)| clock),
        telephone_event_receive: keys_receive.filter(|number| keys.is_some_and(|(theirs, _)| theirs != *number)),
        comfort_noise: formats::comfort_noise(&formats, codec),
        remote_rtcp: rtcp_address(media, ip),
        // Nothing of the kind is offered by us, so an answer cannot agree to it.
        rtcp_mux: preference == Preference::Ours && media.has_attribute("rtcp-mux"),
        rtcp_reduced_size: preference == Preference::Ours && media.has_attribute("rtcp-rsize"),
        direction: Direction::of(they_receive, they_send),
        ptime_ms: milliseconds(media, "ptime"),
        max_ptime_ms: milliseconds(media, "maxptime"),
        srtp,
    })
}

/// Lengths of packets that make sense.
fn milliseconds(media: &Media, name: &str) -> Option<u32> {
    let value = media.get_first_attribute_value(name).flatten()?;
    value.trim().parse().ok().filter(|ms| (1..=200).contains(ms))
}

/// `a=rtcp:53020` or `a=rtcp:53020 IN IP4 126.16.64.4` (RFC 3605 §2.1), of the stream's IP family.
fn rtcp_address(media: &Media, ip: IpAddr) -> Option<SocketAddr> {
    let value = media.get_first_attribute_value("rtcp").flatten()?;
    let mut words = value.split_ascii_whitespace();
    let port = words.next()?.parse().ok().filter(|port| *port != 0)?;
    // "IN IP4" before the address.
    let ip = match words.nth(2) {
        Some(address) => address.parse().ok().filter(|other: &IpAddr| other.is_ipv4() == ip.is_ipv4())?,
        None => ip,
    };
    (!ip.is_multicast()).then(|| SocketAddr::new(ip, port))
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

/// What our answer lists: the one codec, so that it is known, and what goes with it, under the far end's numbers.
fn answered_formats(agreed: &Negotiated) -> Formats {
    let clock = agreed.telephone_event_clock;
    let mut formats = vec![(agreed.payload_type, Format::Audio(agreed.codec))];
    formats.extend(agreed.telephone_event.map(|number| (number, Format::TelephoneEvent { clock })));
    formats.extend(agreed.comfort_noise.map(|number| (number, Format::ComfortNoise)));
    formats
}

fn describe(local: &LocalMedia) -> Session {
    let ip = local.address.ip();
    let origin = Origin::with_ip_addr(local.session_id, local.session_version, ip);
    let mut session = Session::new(origin, "-");
    session.set_connection(Connection::from_ip_addr(ip));
    session
}

fn audio(local: &LocalMedia, formats: &[(u8, Format)], direction: Direction) -> Media {
    let numbers: Vec<String> = formats.iter().map(|(number, _)| number.to_string()).collect();
    let mut media = Media::new(
        sdp_types::MediaType::Audio,
        local.address.port(),
        sdp_types::TransportProto::RtpAvp,
        numbers.join(" "),
    );
    formats::write(&mut media, formats);
    media.add_attribute_with_value("ptime", PTIME);
    media.add_attribute_with_value("maxptime", MAX_PTIME);
    media.add_attribute(Attribute::new(direction.attribute()));
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
