//! What the commands with a test telephone share: engines, scripts spoken beforehand, files, addresses.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

use super::Failure;
use super::program_voice::ProgramVoice;
use super::script::{ScriptArgs, Step};
use crate::audio::{Codec, LINE_RATE, Sound, loudness, resample, wav};
use crate::config::Config;
use crate::net::{NetError, local_address_towards, split_host_port};
use crate::simulate::address::{SIP_PORT, host_part};
use crate::simulate::dictation::{self, Piece};
use crate::simulate::recordings;
use crate::simulate::script::Line;
use crate::simulate::transcripts::Transcriber;
use crate::sip::{AccessConfig, EndpointConfig, Listeners, Policy};
use crate::speech::cache::{Cache, Key};
use crate::speech::{Pace, Recogniser, SpeechError, Voice};

const PREPARE: &str = "Remède : « allo-mairie models prepare » prépare les modèles et contrôle ceux qui sont là.";

/// Helps the recogniser with the words of a town hall, and with what people expect to be asked there: without the latter, Whisper
/// takes a "Voulez-vous … ?" that begins a turn for a statement.
const TRANSCRIPT_PROMPT: &str = "Mairie de Saint-Germain-en-Laye, état civil, carte d'identité, passeport. \
     Vous appelez à ce sujet ? Puis-je faire autre chose pour vous ? Voulez-vous que je le note ? Voulez-vous parler à un agent ? Tapez 1.";

/// Bound of the sentences on disk; the same as the service's, whose folder it is.
const CACHE_BYTES: u64 = 2 << 30;
/// Silence between what the voice says and what is dictated, samples: 150 ms.
const BEFORE_DICTATION: usize = LINE_RATE as usize * 150 / 1_000;

/// Options of every test telephone.
#[derive(clap::Args, Clone)]
pub struct EngineArgs {
    /// Fichier de configuration, pour les chemins des modèles
    #[arg(long, value_name = "FICHIER")]
    pub config: Option<PathBuf>,
    /// Voix des phrases --say (description .onnx.json d'une voix Piper)
    #[arg(long, value_name = "FICHIER", default_value = "models/fr_FR-appelant.onnx.json")]
    pub voice: PathBuf,
    /// Programme qui dit une phrase à la place de cette voix : le texte en entrée, un WAV en sortie
    #[arg(long, value_name = "COMMANDE")]
    pub voice_program: Option<String>,
    /// Dossier de chiffres et de lettres enregistrés (digits/, letters/) : cette personne dicte les numéros et épelle les noms
    #[arg(long, value_name = "DOSSIER")]
    pub dictation: Option<PathBuf>,
}

impl EngineArgs {
    pub fn config(&self) -> Result<Config, Failure> {
        load_config(self.config.as_deref())
    }

    fn open_voice(&self, config: &Config) -> Result<Box<dyn Voice>, Failure> {
        match &self.voice_program {
            Some(command) => Ok(Box::new(ProgramVoice::new(command))),
            None => open_piper(config, &self.voice),
        }
    }
}

pub fn load_config(path: Option<&Path>) -> Result<Config, Failure> {
    Config::load(path).map_err(|error| Failure::new(error.to_string()))
}

pub fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(format!("Le programme n'a pas pu démarrer : {error}.")))
}

/// Opens the voice of the person at the test telephone. French names are read with the town's lexicon.
#[cfg(feature = "piper")]
fn open_piper(config: &Config, description: &Path) -> Result<Box<dyn Voice>, Failure> {
    use crate::speech::spoken::Lexicon;
    use crate::speech::voice::{PiperVoice, VoiceFiles};

    let path = config.dialplan.prompts.join("fr").join("prononciation.tsv");
    let lexicon = match std::fs::read_to_string(&path) {
        Ok(text) => Lexicon::parse(&text).map_err(|error| Failure::new(format!("{} :\n{error}", path.display())))?,
        Err(_) => Lexicon::default(),
    };
    let files = VoiceFiles::of(description, &config.voice.onnxruntime);
    PiperVoice::open(files, "fr", 0, lexicon.into(), config.recogniser.threads)
        .map(|voice| Box::new(voice) as Box<dyn Voice>)
        .map_err(|error| Failure::new(format!("La voix n'a pas pu démarrer : {error}.\n{PREPARE}")))
}

#[cfg(not(feature = "piper"))]
fn open_piper(_config: &Config, _description: &Path) -> Result<Box<dyn Voice>, Failure> {
    Err(Failure::new("Ce programme a été compilé sans voix : recompilez-le avec ses fonctions par défaut."))
}

/// Opens a recogniser to transcribe what the telephone hears.
#[cfg(feature = "whisper")]
pub fn open_recogniser(config: &Config) -> Result<Box<dyn Recogniser>, Failure> {
    use crate::speech::recogniser::WhisperRecogniser;

    WhisperRecogniser::load(&config.recogniser.model, config.recogniser.threads)
        .map(|recogniser| Box::new(recogniser) as Box<dyn Recogniser>)
        .map_err(|error| Failure::new(format!("La reconnaissance n'a pas pu démarrer : {error}.\n{PREPARE}")))
}

#[cfg(not(feature = "whisper"))]
pub fn open_recogniser(_config: &Config) -> Result<Box<dyn Recogniser>, Failure> {
    Err(Failure::new("Ce programme a été compilé sans reconnaissance : recompilez-le avec ses fonctions par défaut."))
}

/// A recogniser on a thread of its own.
pub fn transcriber(config: &Config) -> Result<Transcriber, Failure> {
    Transcriber::start(open_recogniser(config)?, TRANSCRIPT_PROMPT.to_owned())
        .map_err(|error| Failure::new(format!("Le programme n'a pas pu démarrer : {error}.")))
}

/// A recogniser for the report, if there is to be one: otherwise nobody reads what was heard.
pub fn transcriber_for(report: &Option<PathBuf>, config: &Config) -> Result<Option<Transcriber>, Failure> {
    report.as_ref().map(|_| transcriber(config)).transpose()
}

pub async fn transcript(transcriber: &Transcriber, samples: Vec<i16>) -> Result<String, Failure> {
    let text = transcriber.submit(samples).await;
    let text = text.unwrap_or(Err(SpeechError::Abandoned));
    text.map_err(|error| Failure::new(format!("Ce qui a été entendu n'a pas pu être transcrit : {error}.\n{PREPARE}")))
}

pub fn net_failure(error: &NetError) -> Failure {
    Failure::new(match error {
        NetError::Bind { address, source } => format!(
            "L'adresse {address} n'est pas disponible ({source}) : un autre programme l'occupe, ou elle n'est pas de cette machine."
        ),
        NetError::NoRtpPort { first, last } => {
            format!("Aucun port libre pour la voix entre {first} et {last} : fermez d'autres appels d'essai.")
        }
        other => format!("Le réseau n'est pas disponible : {other}."),
    })
}

/// Speaks the script before the call, so that no engine works for the caller during it.
pub fn prepare_script(script: &ScriptArgs, config: &Config, engines: &EngineArgs) -> Result<Vec<Line>, Failure> {
    let mut studio = None;
    let mut lines = Vec::new();
    for step in &script.steps {
        lines.push(match step {
            Step::Say(text) => {
                let studio = match &mut studio {
                    Some(studio) => studio,
                    None => studio.insert(Studio::open(config, engines)?),
                };
                studio.speak(text)?
            }
            Step::Play(path) => Line::speak(path.display().to_string(), read_wav(path)?),
            Step::Keys(keys) => Line::keys(keys).ok_or_else(|| {
                Failure::new(format!("« {keys} » : ce ne sont pas des touches de téléphone (0 à 9, *, #, A à D)."))
            })?,
        });
    }
    Ok(lines)
}

/// The voice of the person at the test telephone, with what it has said before on disk.
pub struct Studio {
    voice: Box<dyn Voice>,
    /// Words of who dictates in its place, by name.
    recordings: Option<BTreeMap<String, Vec<i16>>>,
    /// None when the folder can't be used: then every line is spoken anew.
    cache: Option<Cache>,
}

impl Studio {
    pub fn open(config: &Config, engines: &EngineArgs) -> Result<Self, Failure> {
        let voice = engines.open_voice(config)?;
        let recordings = engines.dictation.as_deref().map(recordings::read).transpose();
        let recordings = recordings.map_err(|error| Failure::new(format!("Mots enregistrés illisibles : {error}.")))?;
        Ok(Self { voice, recordings, cache: Cache::open(&config.voice.cache, CACHE_BYTES).ok() })
    }

    pub fn speak(&mut self, text: &str) -> Result<Line, Failure> {
        let mut samples = Vec::new();
        let pieces = if self.recordings.is_some() { dictation::pieces(text) } else { vec![Piece::Said(text)] };
        for piece in pieces {
            if !samples.is_empty() {
                samples.resize(samples.len() + BEFORE_DICTATION, 0);
            }
            match piece {
                Piece::Said(words) => samples.extend_from_slice(&self.say(words)?),
                Piece::Dictated(dictation) => {
                    let spoken = self.recordings.as_ref().and_then(|recordings| dictation.spoken(recordings));
                    let spoken = spoken.ok_or_else(|| Failure::new(format!("« {text} » ne peut pas être dicté.")))?;
                    let sound = loudness::of_speech(&Sound::new(spoken, LINE_RATE));
                    samples.extend_from_slice(&sound.map_err(|error| unspoken(text, &error))?.samples);
                }
            }
        }
        Ok(Line::speak(text, samples))
    }

    /// By the synthetic voice, mono at 8 kHz.
    fn say(&mut self, text: &str) -> Result<Arc<[i16]>, Failure> {
        let key = Key::new(&self.voice.fingerprint(), Pace::Normal, "fr", text, LINE_RATE);
        if let Some(sound) = self.cache.as_ref().and_then(|cache| cache.load(&key)) {
            return Ok(sound.samples);
        }
        let wide = self.voice.speak(text, Pace::Normal).map_err(|error| unspoken(text, &error))?;
        let samples = wide.at(LINE_RATE).map_err(|error| unspoken(text, &error))?.samples;
        if let Some(cache) = &self.cache
            && let Err(error) = cache.store(&key, &samples)
        {
            tracing::debug!(%error, "a test line could not be kept");
        }
        Ok(samples)
    }
}

fn unspoken(text: &str, error: &dyn std::fmt::Display) -> Failure {
    Failure::new(format!("« {text} » n'a pas pu être dit : {error}.\n{PREPARE}"))
}

fn read_wav(path: &Path) -> Result<Vec<i16>, Failure> {
    let problem = |detail: String| Failure::new(format!("{} : {detail}.", path.display()));
    let bytes = std::fs::read(path).map_err(|error| problem(format!("fichier illisible ({error})")))?;
    let clip = wav::read(&bytes).map_err(|error| problem(format!("ce n'est pas un WAV lisible ({error})")))?;
    resample::resample_i16(&clip.samples, clip.rate, LINE_RATE)
        .map_err(|error| problem(format!("fréquence non convertible ({error})")))
}

/// A stereo WAV at 8 kHz.
pub fn write_wav(path: &Path, left: &[i16], right: &[i16]) -> Result<(), Failure> {
    let bytes = wav::write_stereo(left, right, LINE_RATE).map_err(|error| unwritable(path, &error))?;
    write(path, &bytes)
}

pub fn write_json(path: &Path, report: &impl Serialize) -> Result<(), Failure> {
    let mut text = serde_json::to_string_pretty(report).map_err(|error| unwritable(path, &error))?;
    text.push('\n');
    write(path, text.as_bytes())
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    if let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) {
        std::fs::create_dir_all(directory).map_err(|error| unwritable(directory, &error))?;
    }
    std::fs::write(path, bytes).map_err(|error| unwritable(path, &error))
}

fn unwritable(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::new(format!("{} n'a pas pu être écrit : {error}.", path.display()))
}

/// Where a SIP URI leads, asking the resolver for host names.
pub async fn resolve(uri: &str) -> Result<SocketAddr, Failure> {
    let host = host_part(uri).ok_or_else(|| {
        Failure::new(format!("« {uri} » n'est pas une adresse SIP (exemple : sip:mairie@127.0.0.1:5060)."))
    })?;
    resolve_host(host).await
}

/// `host` or `host:port`.
pub async fn resolve_host(host: &str) -> Result<SocketAddr, Failure> {
    if let Some(address) = split_host_port(host, SIP_PORT) {
        return Ok(address);
    }
    let with_port = if host.contains(':') { host.to_owned() } else { format!("{host}:{SIP_PORT}") };
    let found = tokio::net::lookup_host(with_port).await.ok().and_then(|mut addresses| addresses.next());
    found.ok_or_else(|| {
        Failure::new(format!("La machine « {host} » est introuvable : vérifiez son nom ou donnez son adresse IP."))
    })
}

/// A test telephone's end of SIP: our address as `peer` sees it.
pub fn endpoint(user: &str, peer: SocketAddr) -> (EndpointConfig, IpAddr) {
    let ip = local_address_towards(peer);
    (endpoint_at(user, SocketAddr::new(ip, 0)), ip)
}

pub fn endpoint_at(user: &str, advertised: SocketAddr) -> EndpointConfig {
    EndpointConfig {
        listeners: Listeners::udp(advertised),
        user: user.into(),
        display_name: None,
        product: concat!("AlloMairie-essai/", env!("CARGO_PKG_VERSION")).into(),
        max_calls: 8,
        accept_transfers: true,
        policy: Policy::default(),
        credentials: Vec::new(),
        access: AccessConfig::open(),
    }
}

/// The address peers reach a test telephone at that listens on `listen`.
pub fn own_address(listen: SocketAddr) -> SocketAddr {
    /// TEST-NET-1 (RFC 5737): asks the routing table for the way out; nothing is sent.
    const ELSEWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), SIP_PORT);
    let ip = if listen.ip().is_unspecified() { local_address_towards(ELSEWHERE) } else { listen.ip() };
    SocketAddr::new(ip, listen.port())
}

/// `PCMA` or `PCMU`.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub enum CodecName {
    #[value(name = "PCMA", alias = "pcma")]
    Pcma,
    #[value(name = "PCMU", alias = "pcmu")]
    Pcmu,
}

impl From<CodecName> for Codec {
    fn from(name: CodecName) -> Self {
        match name {
            CodecName::Pcma => Self::Pcma,
            CodecName::Pcmu => Self::Pcmu,
        }
    }
}

/// Seconds as given on the command line: positive, at most an hour.
pub fn seconds(text: &str) -> Result<std::time::Duration, String> {
    let seconds: f64 = text.replace(',', ".").parse().map_err(|_| "un nombre de secondes est attendu".to_owned())?;
    if (0.0..=3_600.0).contains(&seconds) {
        Ok(std::time::Duration::from_secs_f64(seconds))
    } else {
        Err("de 0 à 3600 secondes".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_have_bounds() {
        assert_eq!(seconds("1,5"), Ok(std::time::Duration::from_millis(1_500)));
        for nonsense in ["-1", "NaN", "1e9", "deux"] {
            assert!(seconds(nonsense).is_err(), "{nonsense}");
        }
    }

    #[tokio::test]
    async fn uris_resolve() {
        let address = resolve("sip:mairie@127.0.0.1:5070").await.unwrap();
        assert_eq!(address.to_string(), "127.0.0.1:5070");
        assert!(resolve("tel:100").await.unwrap_err().message.contains("adresse SIP"));
    }
}
