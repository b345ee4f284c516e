//! Three SIP endpoints, a network that can lose, a caller with a telephone, somebody else at the switchboard, a scripted
//! recogniser and a voice of tones: a whole call in virtual time. What a test does with it is in `acts`,
//! what happens by itself as time passes in `world`.

mod acts;
mod world;

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::handset::Handset;
use super::kit::{CodedVoice, Ear, Frame};
use super::plan::PLAN;
use super::third::Third;
use crate::audio::{Codec, HoldMusic, LINE_RATE, Sound, g711, signals};
use crate::call::bridge::Party;
use crate::call::gate::TransferGate;
use crate::call::machine::{Input, JobId, LegId, Machine, Output, SentenceId, Settings};
use crate::call::record::Record;
use crate::config::{Follow, TransferMethod};
use crate::dialogue::{Context, Conversation, Phrases, Request};
use crate::dialplan::{self, Language, SourceFile};
use crate::rtp::srtp::KeySource;
use crate::sip::sdp::{self, LocalMedia, Security, SrtpPolicy};
use crate::sip::{self, CallHandle, Command, ConnectionId, Dial, Endpoint, EndpointConfig, Event, Flow, Transport};
use crate::speech::{SpeechError, Transcript, Utterance};
use crate::turn;

pub const AGENT: &str = "192.0.2.1:5060";
pub const PHONE: &str = "192.0.2.2:5060";
/// At the switchboard's address for transfers.
pub const THIRD: &str = "192.0.2.9:5060";
pub const AGENT_RTP: &str = "192.0.2.1:20000";
/// Of the operator whom the agent calls itself.
pub const AGENT_OPERATOR_RTP: &str = "192.0.2.1:20002";
pub const AGENT_OPERATOR_RTCP: &str = "192.0.2.1:20003";
pub const PHONE_RTP: &str = "192.0.2.2:30000";
pub const PHONE_RTCP: &str = "192.0.2.2:30001";
pub const AGENT_RTCP: &str = "192.0.2.1:20001";
/// One way, unless a test wants it otherwise.
const LATENCY: Duration = Duration::from_millis(10);
/// Each sentence of the voice is a tone of this length.
pub const SENTENCE: Duration = Duration::from_millis(1_000);
const TONE_PEAK: i16 = 4_000;
/// Payload type of PCMA (RFC 3551).
const PCMA: u8 = 8;

/// What travels.
enum Packet {
    Sip(Bytes),
    Rtp(Vec<u8>),
}

/// What the voice has made.
enum Spoken {
    Clause(Sound),
    Last(Sound),
}

/// One of the agent's RTP packets as it was sent.
#[derive(Debug, Clone, Copy)]
pub struct Sent {
    pub at: Instant,
    pub to: SocketAddr,
    pub number: u16,
    pub ssrc: u32,
    /// Payload type.
    pub kind: u8,
}

/// Says what the network does with a SIP datagram: `true` loses it.
type Loss = Box<dyn FnMut(&str, bool) -> bool>;

pub struct Rig {
    pub now: Instant,
    pub start: Instant,
    agent: Endpoint,
    phone: Endpoint,
    /// The agent's calls.
    legs: HashMap<CallHandle, LegId>,
    pub phone_call: CallHandle,
    /// The phone's call to the third party.
    consultation: Option<CallHandle>,
    pub third: Third,
    pub machine: Option<Machine>,
    conversation: Conversation,
    pub settings: Settings,
    /// Arrival, source, destination.
    wire: VecDeque<(Instant, SocketAddr, SocketAddr, Packet)>,
    pub lose: Loss,
    /// One way.
    pub latency: Duration,
    /// Datagrams of the agent's RTCP port.
    pub reports_sent: usize,
    /// Of the operator's side.
    pub operator_reports_sent: usize,
    /// How SIP travels.
    transport: Transport,
    /// The telephone's side of the audio.
    pub media: LocalMedia,
    /// The caller's telephone.
    pub handset: Handset,
    /// The agent's RTP packets.
    pub rtp_sent: Vec<Sent>,
    /// What the recogniser was given.
    pub recognised: Vec<Utterance>,
    /// What the voice says instead of tones.
    pub voice: Option<Sound>,
    /// A voice whose frames can be told apart, instead of tones.
    pub coded: Option<CodedVoice>,
    /// With a voice that can be told from tones, every frame sent.
    pub track: Vec<Frame>,
    /// Sentences being made.
    speeches: Vec<(Instant, SentenceId, Spoken)>,
    /// Hears what is said, instead of [`Self::words`].
    pub ear: Option<Ear>,
    /// Keys told by INFO so far.
    infos: u32,
    /// Sentences the voice was asked for, with the time.
    pub said: Vec<(Instant, String)>,
    /// What the recogniser makes of what it is given now.
    pub words: Result<&'static str, SpeechError>,
    pub recognition: Duration,
    /// The recogniser has no time for the call.
    pub by_keys: bool,
    jobs: Vec<(Instant, JobId, Option<String>, Context)>,
    pub abandoned: usize,
    pub voice_fails: bool,
    pub saved: Vec<Request>,
    pub agent_events: Vec<Event>,
    pub phone_events: Vec<(Instant, Event)>,
    /// Statuses to report, in order, once the phone is asked to call somebody else.
    pub operator: Vec<u16>,
    pub transferred_to: Option<String>,
    pub record: Option<Record>,
    pub sip_sent: Vec<(bool, String)>,
    /// Requests repeated as others.
    copies: u32,
    /// Where the operator's audio is received, when there is a port.
    pub operator_port: Option<&'static str>,
    /// Ports given back.
    pub closed: usize,
    /// The phone refuses a REFER with this.
    pub refuses_refer: Option<u16>,
}

pub fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

pub fn endpoint(address: &str, user: &str, transport: Transport) -> Endpoint {
    let config = EndpointConfig {
        listeners: sip::Listeners::new(sip::Listener { transport, advertised: address.parse().unwrap() }),
        user: user.to_owned(),
        display_name: None,
        product: "essai".to_owned(),
        max_calls: 4,
        accept_transfers: true,
        policy: sip::Policy::default(),
        credentials: Vec::new(),
        access: sip::AccessConfig::open(),
    };
    // Each with branches of its own: an INVITE with one of ours would be our own come back.
    let seed = address.bytes().map(u64::from).sum();
    Endpoint::new(config, seed)
}

/// The way to or from there; connections are named after the far end.
pub fn flow(transport: Transport, remote: SocketAddr) -> Flow {
    let last = remote.ip().to_string().rsplit('.').next().and_then(|last| last.parse().ok());
    let connection = last.filter(|_| transport.is_reliable()).map(ConnectionId);
    Flow { transport, connection, ..Flow::udp(remote) }
}

pub fn local_media(rtp: &str) -> LocalMedia {
    LocalMedia {
        address: address(rtp),
        codecs: vec![Codec::Pcma, Codec::Pcmu],
        session_id: 1,
        session_version: 1,
        security: Security::default(),
    }
}

/// The default offer of a telephone that knows no telephone events.
pub fn offer_without_events() -> String {
    let offer = sdp::offer(&local_media(PHONE_RTP));
    let plain = offer.lines().filter(|line| !line.starts_with("a=rtpmap:101") && !line.starts_with("a=fmtp:101"));
    plain.map(|line| format!("{}\r\n", line.replace(" 101", ""))).collect()
}

pub fn speech(ms: u64) -> Vec<i16> {
    signals::speech(LINE_RATE, -22.0, ms, 3)
}

impl Rig {
    /// A telephone that dials the town hall at ten on a Monday.
    pub fn dial() -> Self {
        Self::dial_with_default_offer(|_, _| false)
    }

    pub fn dial_with_default_offer(lose: impl FnMut(&str, bool) -> bool + 'static) -> Self {
        Self::dial_with(Some(sdp::offer(&local_media(PHONE_RTP))), lose)
    }

    /// A telephone that has these codecs, as the agent has.
    pub fn dial_codecs(codecs: &[Codec]) -> Self {
        let media = LocalMedia { codecs: codecs.to_vec(), ..local_media(PHONE_RTP) };
        let offer = sdp::offer(&media);
        let mut rig = Self::dial_by(Transport::Udp, media, Some(offer), |_, _| false);
        rig.settings.codecs = codecs.to_vec();
        rig
    }

    /// A telephone that encrypts by this policy, with signalling over TLS or not.
    pub fn dial_encrypted(policy: SrtpPolicy, transport: Transport, late: bool) -> Self {
        let security = Security::new(policy, Some(&mut KeySource::new([3; 32])));
        let media = LocalMedia { security, ..local_media(PHONE_RTP) };
        let offer = (!late).then(|| sdp::offer(&media));
        Self::dial_by(transport, media, offer, |_, _| false)
    }

    pub fn dial_with(offer: Option<String>, lose: impl FnMut(&str, bool) -> bool + 'static) -> Self {
        Self::dial_by(Transport::Udp, local_media(PHONE_RTP), offer, lose)
    }

    /// A telephone that dials this town hall.
    pub fn dial_town(town: Conversation) -> Self {
        let media = local_media(PHONE_RTP);
        let offer = sdp::offer(&media);
        Self { conversation: town, ..Self::dial_by(Transport::Udp, media, Some(offer), |_, _| false) }
    }

    fn dial_by(
        transport: Transport,
        media: LocalMedia,
        offer: Option<String>,
        lose: impl FnMut(&str, bool) -> bool + 'static,
    ) -> Self {
        let files = [SourceFile { path: "mairie.md".into(), text: PLAN.into() }];
        let (plan, problems) = dialplan::parse(&files);
        let plan = plan.unwrap_or_else(|| panic!("{problems:?}"));
        let conversation = Conversation::new(plan, Phrases::built_in());
        let now = crate::testing::epoch();
        let mut phone = endpoint(PHONE, "0612345678", transport);
        let dial = Dial::to(format!("sip:mairie@{AGENT}"), flow(transport, address(AGENT)).into(), offer);
        let phone_call = phone.dial(now, dial);
        let settings = Settings {
            idle: Duration::from_secs(6),
            key_pause: Duration::from_secs(3),
            longest: Duration::from_secs(600),
            network_silence: Duration::from_secs(30),
            recognition: Duration::from_secs(5),
            transfer_margin: Duration::from_secs(5),
            transfer_target: "sip:{poste}@192.0.2.9".parse().unwrap(),
            transfer_method: TransferMethod::Auto,
            hold_music: HoldMusic::built_in(),
            gate: TransferGate::new(Follow::Switchboard, ["192.0.2.9".to_owned()]),
            codecs: vec![Codec::Pcma, Codec::Pcmu],
            comfort_noise: false,
            srtp: SrtpPolicy::Optional,
            srtp_without_tls: false,
            turn: turn::Settings::default(),
        };
        Self {
            now,
            start: now,
            agent: endpoint(AGENT, "mairie", transport),
            phone,
            legs: HashMap::new(),
            phone_call,
            consultation: None,
            third: Third::new(transport),
            machine: None,
            conversation,
            settings,
            wire: VecDeque::new(),
            lose: Box::new(lose),
            latency: LATENCY,
            reports_sent: 0,
            operator_reports_sent: 0,
            transport,
            media,
            handset: Handset::new(5),
            rtp_sent: Vec::new(),
            recognised: Vec::new(),
            voice: None,
            coded: None,
            track: Vec::new(),
            speeches: Vec::new(),
            ear: None,
            infos: 0,
            said: Vec::new(),
            words: Ok(""),
            recognition: Duration::from_millis(300),
            by_keys: false,
            jobs: Vec::new(),
            abandoned: 0,
            voice_fails: false,
            saved: Vec::new(),
            agent_events: Vec::new(),
            phone_events: Vec::new(),
            operator: vec![180, 200],
            transferred_to: None,
            record: None,
            sip_sent: Vec::new(),
            copies: 0,
            operator_port: Some(AGENT_OPERATOR_RTP),
            closed: 0,
            refuses_refer: None,
        }
    }
}
