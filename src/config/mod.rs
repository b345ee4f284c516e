//! The configuration: `config.toml` and the environment in, a checked [`Config`] out, or every problem at once.
//!
//! Owns: the settings, their defaults and bounds, the French messages about them. `config.example.toml` documents each
//! one and is held equal to the defaults by a test. Must not know: what the settings are used for.
//!
//! The raw configuration (what is written) and the checked one (what is true) are different types.

mod check;
mod error;
mod files;
mod layers;
mod raw;
mod sip;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use jiff::tz::TimeZone;
use tracing::level_filters::LevelFilter;

use crate::audio::Codec;
use crate::dialplan::Language;
use crate::net::{ListenAddress, TlsSettings, split_host_port};
use crate::sip::sdp::SrtpPolicy;
use crate::sip::wire::Uri;
use crate::sip::{AccessConfig, Policy, Transport};

pub use error::{ConfigError, ConfigProblem, FileProblem, Origin};

/// Port of a SIP URI that names none (RFC 3261 §19.1.2).
const SIP_PORT: u16 = 5060;

/// The file read when none is named and it exists.
pub const DEFAULT_FILE: &str = "config.toml";

/// Everything the service can be told, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    pub sip: SipConfig,
    pub rtp: RtpConfig,
    pub transfer: TransferConfig,
    pub dialplan: DialplanConfig,
    pub understanding: UnderstandingConfig,
    pub recogniser: RecogniserConfig,
    pub voice: VoiceConfig,
    pub call: CallConfig,
    pub store: StoreConfig,
    /// The socket that commands of this machine reach the service by.
    pub control_socket: PathBuf,
    /// Where Prometheus finds our figures; `None`: nowhere.
    pub metrics: Option<SocketAddr>,
    pub capture: CaptureConfig,
    pub log: LogConfig,
}

#[derive(Debug, Clone, PartialEq)]
pub struct SipConfig {
    /// Addresses calls come in at: at least one, no two the same.
    pub listen: Vec<ListenAddress>,
    /// Addresses peers must use instead; see [`SipConfig::advertised`].
    pub advertised: Vec<Advertised>,
    /// User part of our URIs.
    pub user: String,
    /// Calls at the same time; at most the number of even ports in [`RtpConfig::ports`].
    pub max_calls: usize,
    /// TCP and TLS connections others may open.
    pub max_connections: usize,
    /// There when a TLS address is listened on.
    pub tls: Option<TlsSettings>,
    /// Whom we serve.
    pub access: AccessConfig,
    /// What we challenge strangers with.
    pub realm: String,
    /// Who may answer a challenge of ours: user and password.
    pub accounts: BTreeMap<String, Secret>,
    /// Switchboards we are an extension of, in the order they are tried.
    pub registrations: Vec<RegistrationConfig>,
    /// Whether we register with the first of them that takes us, instead of with all.
    pub register_first: bool,
    /// How often switchboards are asked whether they are there; zero: never.
    pub keep_alive: Duration,
    /// How the optional parts of SIP are used.
    pub policy: Policy,
}

/// An address peers reach us at, for the listeners of a transport, or for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Advertised {
    pub transport: Option<Transport>,
    /// Never unspecified.
    pub ip: IpAddr,
    /// `None`: the port we listen on.
    pub port: Option<u16>,
}

/// A switchboard we are an extension of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistrationConfig {
    /// What the configuration calls it.
    pub name: String,
    /// `sip:` or `sips:` URI without user.
    pub registrar: String,
    pub user: String,
    /// User name for the password.
    pub login: String,
    pub password: Secret,
    /// The only realm the password is given to; `None`: any.
    pub realm: Option<String>,
    /// What we ask for; the registrar decides.
    pub expires: Duration,
}

/// A password: never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

impl SipConfig {
    /// The address peers reach this listener at, with its port when another: the most precise entry of the same
    /// address family. `None`: the listener's own, or that of the route.
    pub fn advertised(&self, listen: &ListenAddress) -> Option<(IpAddr, Option<u16>)> {
        let v6 = listen.address.is_ipv6();
        let fits =
            |a: &&Advertised| a.ip.is_ipv6() == v6 && a.transport.is_none_or(|transport| transport == listen.transport);
        let found = self.advertised.iter().filter(fits).max_by_key(|a| a.transport.is_some())?;
        Some((found.ip, found.port))
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct RtpConfig {
    /// Ports of RTP (even) and RTCP (the odd one after it), a pair a call.
    pub ports: RangeInclusive<u16>,
    /// Accepted codecs, best first, at least one.
    pub codecs: Vec<Codec>,
    /// While we are silent, only the level of our silence is sent where the far end takes comfort noise.
    pub comfort_noise: bool,
    /// Whether the audio is encrypted.
    pub srtp: SrtpPolicy,
    /// Keys are exchanged even where the signalling is not encrypted.
    pub srtp_without_tls: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct TransferConfig {
    pub target: TransferTarget,
    /// Who calls the operator.
    pub method: TransferMethod,
    /// Added to the extension's ringing time before the caller is taken back.
    pub margin: Duration,
    /// Whether a call follows when the switchboard asks us to call somebody else (REFER).
    pub follow: Follow,
}

/// How a caller gets to an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransferMethod {
    /// The switchboard takes the caller there (REFER).
    Refer,
    /// The agent calls the operator and joins the two.
    Bridge,
    /// The switchboard, and where it refuses REFER, the agent.
    Auto,
}

/// Whom the far end of a call may have us call instead (REFER).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Follow {
    Never,
    /// Only addresses at the switchboard's hosts.
    Switchboard,
    Always,
}

/// A SIP URI with a place for the extension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferTarget {
    before: String,
    after: String,
}

#[derive(Debug, Clone, PartialEq)]
pub struct DialplanConfig {
    pub directory: PathBuf,
    pub prompts: PathBuf,
    pub timezone: TimeZone,
}

#[derive(Debug, Clone, PartialEq)]
pub struct UnderstandingConfig {
    /// The sentence encoder's file; `None`: words alone decide.
    pub model: Option<PathBuf>,
    /// Directory of what the encoder found for a dialplan.
    pub cache: PathBuf,
}

#[derive(Debug, Clone, PartialEq)]
pub struct RecogniserConfig {
    /// whisper.cpp's ggml file.
    pub model: PathBuf,
    /// Threads of one recognition, at least 1.
    pub threads: usize,
    /// Recognitions at the same time.
    pub workers: usize,
    /// Utterances waiting, beyond which the caller is sent to the keypad.
    pub queue: usize,
    /// Expected wait for a worker, beyond which new calls begin with the keypad.
    pub longest_wait: Duration,
}

#[derive(Debug, Clone, PartialEq)]
pub struct VoiceConfig {
    /// At least one.
    pub languages: BTreeMap<Language, VoiceFiles>,
    /// ONNX Runtime's shared library.
    pub onnxruntime: PathBuf,
    /// Directory of sentences already synthesised.
    pub cache: PathBuf,
    /// Sentences waiting to be synthesised.
    pub queue: usize,
    /// What is synthesised before the first call, of what is not on disk.
    pub prepare: Preparation,
}

/// When the fixed sentences that are not on disk are synthesised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preparation {
    /// All of them before the first call.
    All,
    /// What every call needs before the first call; the others behind the calls.
    Behind,
    /// How a call begins before the first call; the others when they are said.
    Needed,
}

/// A Piper voice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoiceFiles {
    /// `.onnx`
    pub model: PathBuf,
    /// `.onnx.json`
    pub config: PathBuf,
    /// Which voice of a model that has several, from 0.
    pub speaker: u32,
}

#[derive(Debug, Clone, PartialEq)]
pub struct CallConfig {
    /// A call is ended, politely, after this.
    pub longest: Duration,
    /// Caller's silence, once the prompt was heard, before a reminder.
    pub idle: Duration,
    /// Pause after the last key that completes what is being typed.
    pub key_pause: Duration,
    /// Without a single RTP packet for this long the call is lost.
    pub network_silence: Duration,
}

#[derive(Debug, Clone, PartialEq)]
pub struct StoreConfig {
    pub path: PathBuf,
    /// Days that requests and call records are kept.
    pub retention_days: u16,
}

/// Bounds of one capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CaptureConfig {
    /// Of the file.
    pub max_bytes: u64,
    pub longest: Duration,
}

#[derive(Debug, Clone, PartialEq)]
pub struct LogConfig {
    pub level: LevelFilter,
    pub format: LogFormat,
    /// Whether fields with personal data are written.
    pub personal: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

impl Config {
    /// Reads the file (without `path`: `config.toml` here, if there is one) and the environment.
    pub fn load(path: Option<&Path>) -> Result<Self, ConfigError> {
        let path = path.map(Path::to_path_buf).or_else(|| {
            let default = PathBuf::from(DEFAULT_FILE);
            default.is_file().then_some(default)
        });
        let file = match path {
            None => None,
            Some(path) => match std::fs::read_to_string(&path) {
                Ok(text) => Some((path.display().to_string(), text)),
                Err(source) => return Err(ConfigError::Unreadable { path, source }),
            },
        };
        // Names and values that are not UTF-8 can't be settings of ours.
        let environment =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        Self::from_parts(file.as_ref().map(|(name, text)| (name.as_str(), text.as_str())), environment)
    }

    /// Checks a file given as (name, text) and environment variables.
    pub fn from_parts(
        file: Option<(&str, &str)>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let layers = layers::merge(file, environment)?;
        let mut checker = check::Checker { origins: layers.origins, problems: layers.problems };
        let config = checker.check(layers.raw);
        if checker.problems.is_empty() { Ok(config) } else { Err(ConfigError::Invalid(checker.problems)) }
    }

    /// Checks that the models, the library, the dialplan and the prompts named here can be read. Reports all that is
    /// missing at once.
    pub fn check_files(&self) -> Result<(), ConfigError> {
        let problems = files::problems(self);
        if problems.is_empty() { Ok(()) } else { Err(ConfigError::MissingFiles(problems)) }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::from_parts(None, []).expect("the defaults pass their own checks")
    }
}

impl TransferTarget {
    /// Where the extension goes in the written template.
    const PLACE: &'static str = "{poste}";

    fn read(text: &str) -> Option<Self> {
        let (before, after) = text.split_once(Self::PLACE)?;
        let host = after.split_once('@')?.1;
        let clean = text.chars().all(|c| c.is_ascii_graphic() && !"<>\"".contains(c));
        let fits = before.starts_with("sip:")
            && !before.contains('@')
            && host.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[')
            && !after.contains(['{', '}']);
        (clean && fits).then(|| Self { before: before.into(), after: after.into() })
    }

    fn fallback() -> Self {
        Self { before: "sip:".into(), after: "@127.0.0.1:5080".into() }
    }

    /// Host and port, when the host is written as an IP address.
    pub fn address(&self) -> Option<SocketAddr> {
        let host = self.after.split_once('@')?.1;
        split_host_port(host.split([';', '?']).next()?, SIP_PORT)
    }

    /// The switchboard's host as it is written; `None` when the address is no SIP URI after all.
    pub fn host(&self) -> Option<String> {
        match self.uri("0").parse() {
            Ok(Uri::Sip(uri)) => Some(uri.host),
            _ => None,
        }
    }

    /// The URI of the switchboard itself, without user.
    pub fn switchboard(&self) -> String {
        let place = self.after.split_once('@').map_or(self.after.as_str(), |(_, place)| place);
        format!("sip:{}", place.split('?').next().unwrap_or_default())
    }

    /// The URI of an extension. Characters that a URI's user part can't hold are escaped (RFC 3261 §25.1), `#` too.
    pub fn uri(&self, extension: &str) -> String {
        let mut uri = self.before.clone();
        for byte in extension.bytes() {
            if byte.is_ascii_alphanumeric() || b"-_.!~*'()+".contains(&byte) {
                uri.push(char::from(byte));
            } else {
                uri.push_str(&format!("%{byte:02X}"));
            }
        }
        uri + &self.after
    }
}

/// What stands in place of a transfer's target is no `sip:{poste}@host…`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("il faut une adresse SIP où {{poste}} figure une fois, avant l'arobase")]
pub struct BadTransferTarget;

impl FromStr for TransferTarget {
    type Err = BadTransferTarget;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::read(text).ok_or(BadTransferTarget)
    }
}
