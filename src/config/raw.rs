//! The configuration as it is written: plain values with their defaults, nothing checked yet.
//!
//! Its default, serialised, is also the schema: which keys exist and of what kind each is.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::sentences::{CACHE, MODEL};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawConfig {
    pub sip: RawSip,
    pub rtp: RawRtp,
    pub transfer: RawTransfer,
    pub dialplan: RawDialplan,
    pub understanding: RawUnderstanding,
    pub recogniser: RawRecogniser,
    pub voice: RawVoice,
    pub call: RawCall,
    pub store: RawStore,
    pub control: RawControl,
    pub metrics: RawMetrics,
    pub capture: RawCapture,
    pub log: RawLog,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawSip {
    pub listen: Vec<String>,
    pub advertised: Vec<String>,
    pub user: String,
    pub max_calls: i64,
    pub max_connections: i64,
    pub register: String,
    pub keep_alive: i64,
    pub session: RawSession,
    pub tls: RawTls,
    pub access: RawAccess,
    #[serde(default)]
    pub registrations: BTreeMap<String, RawRegistration>,
    #[serde(default)]
    pub accounts: BTreeMap<String, RawAccount>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawSession {
    pub session_expires: i64,
    pub min_se: i64,
    pub reliable_provisionals: bool,
    pub max_redirects: i64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawTls {
    pub certificate: String,
    pub key: String,
    pub authorities: String,
    pub client_certificates: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawAccess {
    pub accept: Vec<String>,
    pub challenge: Vec<String>,
    pub refuse: Vec<String>,
    pub drop: Vec<String>,
    pub others: String,
    pub realm: String,
}

/// One switchboard we are an extension of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawRegistration {
    pub registrar: String,
    pub user: String,
    pub login: String,
    pub password: String,
    pub password_file: String,
    pub realm: String,
    pub expires: i64,
    pub rank: i64,
}

impl Default for RawRegistration {
    fn default() -> Self {
        Self {
            registrar: String::new(),
            user: String::new(),
            login: String::new(),
            password: String::new(),
            password_file: String::new(),
            realm: String::new(),
            expires: 300,
            rank: 1,
        }
    }
}

/// Who may answer our challenge.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawAccount {
    pub password: String,
    pub password_file: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawRtp {
    pub ports: String,
    pub codecs: Vec<String>,
    pub comfort_noise: bool,
    pub srtp: String,
    pub srtp_without_tls: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawTransfer {
    pub target: String,
    pub method: String,
    pub margin: f64,
    pub follow: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawDialplan {
    pub directory: String,
    pub prompts: String,
    pub timezone: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawUnderstanding {
    pub model: String,
    pub cache: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawRecogniser {
    pub model: String,
    pub threads: i64,
    pub workers: i64,
    pub queue: i64,
    pub longest_wait: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawVoice {
    pub onnxruntime: String,
    pub cache: String,
    pub queue: i64,
    pub prepare: String,
    pub languages: BTreeMap<String, RawLanguageVoice>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawLanguageVoice {
    pub model: String,
    pub config: String,
    pub speaker: i64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawCall {
    pub longest: f64,
    pub idle: f64,
    pub key_pause: f64,
    pub network_silence: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawStore {
    pub path: String,
    pub retention_days: i64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawControl {
    pub socket: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawMetrics {
    pub listen: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawCapture {
    pub max_megabytes: i64,
    pub longest: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawLog {
    pub level: String,
    pub format: String,
    pub personal: bool,
}

impl Default for RawConfig {
    fn default() -> Self {
        Self {
            sip: RawSip {
                listen: vec!["udp:0.0.0.0:5060".into()],
                advertised: Vec::new(),
                user: "mairie".into(),
                max_calls: 40,
                max_connections: 512,
                register: "all".into(),
                keep_alive: 60,
                session: RawSession {
                    session_expires: 1_800,
                    min_se: 90,
                    reliable_provisionals: false,
                    max_redirects: 5,
                },
                tls: RawTls {
                    certificate: String::new(),
                    key: String::new(),
                    authorities: String::new(),
                    client_certificates: "none".into(),
                },
                access: RawAccess {
                    accept: [
                        "10.0.0.0/8",
                        "172.16.0.0/12",
                        "192.168.0.0/16",
                        "169.254.0.0/16",
                        "fc00::/7",
                        "fe80::/10",
                    ]
                    .map(String::from)
                    .to_vec(),
                    challenge: Vec::new(),
                    refuse: Vec::new(),
                    drop: Vec::new(),
                    others: "drop".into(),
                    realm: "allo-mairie".into(),
                },
                registrations: BTreeMap::new(),
                accounts: BTreeMap::new(),
            },
            rtp: RawRtp {
                ports: "20000-20999".into(),
                codecs: vec!["G722".into(), "PCMA".into(), "PCMU".into()],
                comfort_noise: false,
                srtp: "optional".into(),
                srtp_without_tls: false,
            },
            transfer: RawTransfer {
                target: "sip:{poste}@127.0.0.1:5080".into(),
                method: "auto".into(),
                margin: 5.0,
                follow: "switchboard".into(),
            },
            dialplan: RawDialplan {
                directory: "dialplans/saint-germain-en-laye".into(),
                prompts: "prompts".into(),
                timezone: "Europe/Paris".into(),
            },
            understanding: RawUnderstanding { model: MODEL.into(), cache: CACHE.into() },
            recogniser: RawRecogniser {
                model: "models/whisper-base.ggml".into(),
                threads: 2,
                workers: 0,
                queue: 16,
                longest_wait: 2.0,
            },
            voice: RawVoice {
                onnxruntime: "models/libonnxruntime.so".into(),
                cache: "cache/voice".into(),
                queue: 64,
                prepare: "behind".into(),
                languages: [("fr", "models/fr_FR-siwis.onnx"), ("en", "models/en_GB-emma.onnx")]
                    .map(|(code, model)| {
                        (code.into(), RawLanguageVoice { model: model.into(), ..RawLanguageVoice::default() })
                    })
                    .into(),
            },
            call: RawCall { longest: 600.0, idle: 6.0, key_pause: 3.0, network_silence: 30.0 },
            store: RawStore { path: "data/allo-mairie.sqlite".into(), retention_days: 30 },
            control: RawControl { socket: String::new() },
            metrics: RawMetrics { listen: String::new() },
            capture: RawCapture { max_megabytes: 50, longest: 1_800.0 },
            log: RawLog { level: "info".into(), format: "text".into(), personal: false },
        }
    }
}
