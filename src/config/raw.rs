//! The configuration as it is written: plain values with their defaults, nothing checked yet.
//!
//! Its default, serialised, is also the schema: which keys exist and of what kind each is.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawConfig {
    pub sip: RawSip,
    pub rtp: RawRtp,
    pub transfer: RawTransfer,
    pub dialplan: RawDialplan,
    pub recogniser: RawRecogniser,
    pub voice: RawVoice,
    pub call: RawCall,
    pub store: RawStore,
    pub log: RawLog,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawSip {
    pub listen: String,
    pub advertised: String,
    pub user: String,
    pub max_calls: i64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawRtp {
    pub ports: String,
    pub codecs: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawTransfer {
    pub target: String,
    pub margin: f64,
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
pub struct RawRecogniser {
    pub model: String,
    pub threads: i64,
    pub workers: i64,
    pub queue: i64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawVoice {
    pub onnxruntime: String,
    pub cache: String,
    pub queue: i64,
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
pub struct RawLog {
    pub level: String,
    pub format: String,
    pub personal: bool,
}

impl Default for RawConfig {
    fn default() -> Self {
        Self {
            sip: RawSip {
                listen: "0.0.0.0:5060".into(),
                advertised: String::new(),
                user: "mairie".into(),
                max_calls: 40,
            },
            rtp: RawRtp { ports: "20000-20999".into(), codecs: vec!["PCMA".into(), "PCMU".into()] },
            transfer: RawTransfer { target: "sip:{poste}@127.0.0.1:5080".into(), margin: 5.0 },
            dialplan: RawDialplan {
                directory: "dialplans/saint-germain-en-laye".into(),
                prompts: "prompts".into(),
                timezone: "Europe/Paris".into(),
            },
            recogniser: RawRecogniser { model: "models/whisper-base.ggml".into(), threads: 2, workers: 1, queue: 16 },
            voice: RawVoice {
                onnxruntime: "models/libonnxruntime.so".into(),
                cache: "cache/voice".into(),
                queue: 64,
                languages: BTreeMap::from([(
                    "fr".into(),
                    RawLanguageVoice { model: "models/fr_FR-siwis.onnx".into(), ..RawLanguageVoice::default() },
                )]),
            },
            call: RawCall { longest: 600.0, idle: 6.0, key_pause: 3.0, network_silence: 30.0 },
            store: RawStore { path: "data/allo-mairie.sqlite".into(), retention_days: 30 },
            log: RawLog { level: "info".into(), format: "text".into(), personal: false },
        }
    }
}
