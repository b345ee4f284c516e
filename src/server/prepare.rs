//! Everything that must be there before the first call: dialplan, prompts, engines, store.
//!
//! Blocking: runs on a thread of its own.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tracing::{info, warn};

use super::{listeners, memory};
use crate::at_once::AtOnce;
use crate::audio::HoldMusic;
use crate::call::Settings;
use crate::call::driver::Services;
#[cfg(feature = "whisper")]
use crate::config::RecogniserConfig;
use crate::config::{Config, ConfigError, Preparation, VoiceFiles};
use crate::dialogue::{Conversation, Phrases};
use crate::dialplan::{self, Dialplan, Language, Severity};
use crate::files::{self, FilesError};
use crate::net::{self, NetError};
use crate::sentences::{self, SentencesError};
#[cfg(feature = "whisper")]
use crate::speech::Recogniser;
use crate::speech::SpeechError;
use crate::speech::cache::{Cache, CacheError};
use crate::speech::speaker::{MakeVoice, Speaker};
use crate::speech::spoken::LexiconErrors;
use crate::speech::worker::RecogniserPool;
use crate::store::{Store, StoreError};
use crate::turn;
use crate::understanding::Join;

/// The recogniser must answer a finished turn within this; 2–7 s of speech take 0.3–0.5 s on 2 cores.
const RECOGNITION: Duration = Duration::from_secs(6);
/// Sentences on disk: about 30 hours of speech. The least recently used go first.
const CACHE_BYTES: u64 = 2 << 30;
/// Threads of the voice's network: a sentence said during a call must not wait.
#[cfg(feature = "piper")]
const VOICE_THREADS: usize = 2;
/// Progress of a long preparation is told this often.
const TELL_EVERY: Duration = Duration::from_secs(5);

/// Why the service can't start, in French, with the remedy.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Files(#[from] FilesError),
    #[error(transparent)]
    Sentences(#[from] SentencesError),
    #[error(
        "{report}\nLe dialplan {} contient des erreurs : corrigez-les, puis vérifiez avec « allo-mairie check {} ».",
        directory.display(), directory.display()
    )]
    Dialplan { directory: PathBuf, report: String },
    #[error("{report}\nLes phrases de {} contiennent des erreurs : corrigez-les.", directory.display())]
    Phrases { directory: PathBuf, report: String },
    #[error(
        "La voix ou la reconnaissance n'a pas pu démarrer : {0}.\nRemède : « allo-mairie models prepare --verify » contrôle les modèles et répare ce qui manque."
    )]
    Speech(#[from] SpeechError),
    #[error(
        "Le dossier des phrases déjà dites ne peut pas servir : {0}.\nRemède : vérifiez [voice] cache et les droits du dossier."
    )]
    Cache(#[from] CacheError),
    #[error("Le lexique {} est à corriger.\n{error}", path.display())]
    Lexicon { path: PathBuf, error: LexiconErrors },
    #[error(
        "Le dialplan parle « {language} », mais aucune voix n'est réglée pour cette langue.\nRemède : ajoutez [voice.languages.{language}] à la configuration, avec son « model », ou ôtez la langue de la ligne « Langues » de mairie.md."
    )]
    NoVoice { language: String },
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(
        "Le fichier {} par lequel le service reçoit les commandes de cette machine ne peut pas être ouvert : {source}.\nRemède : vérifiez [control] socket et les droits du dossier ; un autre service l'occupe peut-être.",
        path.display()
    )]
    Control { path: PathBuf, source: std::io::Error },
    #[error(
        "L'adresse {address} des mesures ne peut pas être ouverte : {source}.\nRemède : choisissez un autre port, ou rien : [metrics] listen dans la configuration."
    )]
    Metrics { address: std::net::SocketAddr, source: std::io::Error },
    #[error("{}", net_message(.0))]
    Net(#[source] NetError),
    #[error("La préparation s'est interrompue ; le journal ci-dessus dit pourquoi.")]
    Panicked,
}

fn net_message(error: &NetError) -> String {
    match error {
        NetError::Bind { address, source } if source.kind() == std::io::ErrorKind::AddrInUse => format!(
            "Le port SIP {address} est déjà pris par un autre programme.\nRemède : arrêtez-le (« ss -lunp | grep {} » le montre), ou choisissez un autre port : [sip] listen dans la configuration.",
            address.port()
        ),
        NetError::Bind { address, source } => format!(
            "Le port SIP {address} ne peut pas être ouvert : {source}.\nRemède : vérifiez l'adresse [sip] listen de la configuration ; elle doit être celle de cette machine, ou 0.0.0.0."
        ),
        other => format!("Le réseau n'est pas disponible : {other}."),
    }
}

/// What is ready.
pub struct Prepared {
    pub services: Services,
    pub store: Store,
    /// Number of sentences ready to be spoken.
    pub sentences: usize,
}

/// Voices by language (ISO 639-1).
pub type Voices = Vec<(String, MakeVoice)>;

/// Reads and loads everything, and synthesises what `voice.prepare` wants before the first call. Blocks for as long as that takes:
/// about a second with a warm cache.
pub fn prepare(config: &Config) -> Result<Prepared, Problem> {
    config.check_files()?;
    prepare_with(config, || recognisers(config), || voices(config))
}

/// The same with other engines than the configuration's.
pub fn prepare_with(
    config: &Config,
    recognisers: impl FnOnce() -> Result<RecogniserPool, SpeechError> + Send,
    voices: impl FnOnce() -> Result<Voices, Problem>,
) -> Result<Prepared, Problem> {
    // Whisper loads while the dialplan is learned, and sentences are read from the cache or synthesised.
    let (ready, recognisers) = std::thread::scope(|scope| {
        let recognisers = scope.spawn(recognisers);
        let ready = spoken(config, voices);
        let recognisers = recognisers.join().unwrap_or_else(|_| {
            Err(SpeechError::Engine { engine: "whisper", detail: "panicked while loading".to_owned() })
        });
        (ready, recognisers)
    });
    let Spoken { conversation, sentences, before_calls, speaker } = ready?;
    let recognisers = recognisers?;
    let store = Store::open(&config.store.path, config.store.retention_days, net::timestamp())?;
    let settings = Settings {
        idle: config.call.idle,
        key_pause: config.call.key_pause,
        longest: config.call.longest,
        network_silence: config.call.network_silence,
        recognition: RECOGNITION,
        transfer_margin: config.transfer.margin,
        transfer_target: config.transfer.target.clone(),
        transfer_method: config.transfer.method,
        hold_music: HoldMusic::built_in(),
        gate: listeners::gate(config),
        codecs: config.rtp.codecs.clone(),
        comfort_noise: config.rtp.comfort_noise,
        srtp: config.rtp.srtp,
        srtp_without_tls: config.rtp.srtp_without_tls,
        turn: turn::Settings::default(),
    };
    let saving = store.clone();
    if config.voice.prepare == Preparation::Behind {
        speaker.prepare_behind(sentences.clone())?;
    }
    let services = Services {
        fixed: sentences.into_iter().collect(),
        plan: conversation.plan().clone(),
        settings: Arc::new(settings),
        dialogue: Box::new(move || conversation.start()),
        recognisers,
        speaker,
        rtp: listeners::rtp(config),
        zone: config.dialplan.timezone.clone(),
        save: Box::new(move |request| saving.save_request(request, net::timestamp())),
    };
    memory::give_back();
    Ok(Prepared { services, store, sentences: before_calls })
}

/// A conversation whose sentences can be heard.
struct Spoken {
    conversation: Conversation,
    /// All that is known beforehand.
    sentences: Vec<(String, String)>,
    /// How many of them had to be ready.
    before_calls: usize,
    speaker: Speaker,
}

fn spoken(config: &Config, voices: impl FnOnce() -> Result<Voices, Problem>) -> Result<Spoken, Problem> {
    let town = town(config)?;
    let languages = town.plan.languages.clone();
    let voices = voices()?;
    // The voice loads while the understanding is trained.
    let (conversation, speaker) = AtOnce.both(|| trained(config, town), || speaker(config, &languages, voices));
    let (conversation, speaker) = (conversation?, speaker?);
    let sentences = named(conversation.fixed_sentences());
    let before_calls = match config.voice.prepare {
        Preparation::All => sentences.clone(),
        Preparation::Behind => named(conversation.everyday_sentences()),
        Preparation::Needed => named(conversation.greeting_sentences()),
    };
    have_ready(&speaker, &before_calls)?;
    Ok(Spoken { conversation, sentences, before_calls: before_calls.len(), speaker })
}

/// Reads and checks the dialplan and the everyday phrases, and trains the understanding.
pub fn conversation(config: &Config) -> Result<Conversation, Problem> {
    trained(config, town(config)?)
}

/// What is read.
struct Town {
    plan: Dialplan,
    phrases: Phrases,
}

fn town(config: &Config) -> Result<Town, Problem> {
    let directory = &config.dialplan.directory;
    let sources = files::read_dialplan(directory)?;
    let (plan, problems) = dialplan::parse(&sources);
    let Some(plan) = plan else {
        let report = dialplan::render(&sources, &problems, false);
        return Err(Problem::Dialplan { directory: directory.clone(), report });
    };
    let warnings = problems.iter().filter(|problem| problem.severity == Severity::Warning).count();
    if warnings > 0 {
        warn!(warnings, "the dialplan has warnings: `allo-mairie check` shows them");
    }
    info!(topics = plan.plans.iter().map(|plan| plan.topics.len()).sum::<usize>(), "dialplan read");
    let phrases = phrases(config, &plan.languages)?;
    Ok(Town { plan, phrases })
}

fn trained(config: &Config, Town { plan, phrases }: Town) -> Result<Conversation, Problem> {
    let encoder = match &config.understanding.model {
        Some(model) => sentences::open(model, &config.understanding.cache)?,
        None => None,
    };
    Ok(Conversation::with_encoder(plan, phrases, encoder.as_ref(), &AtOnce))
}

/// Reads the everyday phrases of these languages.
fn phrases(config: &Config, languages: &[Language]) -> Result<Phrases, Problem> {
    let mut files = Vec::new();
    for language in languages {
        files.push((language.clone(), files::read_prompts(&config.dialplan.prompts, &language.0)?));
    }
    Phrases::from_files(&files).map_err(|problems| {
        let report = problems.iter().map(|(_, problem)| problem.to_string()).collect::<Vec<_>>().join("\n");
        Problem::Phrases { directory: config.dialplan.prompts.clone(), report }
    })
}

/// Starts the recogniser's workers on one model.
#[cfg(feature = "whisper")]
fn recognisers(config: &Config) -> Result<RecogniserPool, SpeechError> {
    use crate::speech::recogniser::{WhisperModel, WhisperRecogniser};

    let RecogniserConfig { model, threads, workers, queue, longest_wait } = config.recogniser.clone();
    let model = WhisperModel::load(&model)?;
    let make = move || Ok(Box::new(WhisperRecogniser::new(&model, threads)?) as Box<dyn Recogniser>);
    Ok(RecogniserPool::start(workers, queue, make)?.with_longest_wait(longest_wait))
}

#[cfg(not(feature = "whisper"))]
fn recognisers(_config: &Config) -> Result<RecogniserPool, SpeechError> {
    Err(SpeechError::NotBuilt { engine: "whisper" })
}

/// Has on disk what is said in these calls, each given by what the caller says in it.
pub fn rehearse(config: &Config, calls: &[Vec<&str>]) -> Result<(), Problem> {
    config.check_files()?;
    let conversation = conversation(config)?;
    let now = net::local_time(&config.dialplan.timezone).datetime();
    let mut said = conversation.greeting_sentences();
    said.extend(calls.iter().flat_map(|lines| conversation.rehearse(now, lines)));
    let said = named(said);
    let speaker = speaker(config, &conversation.plan().languages, voices(config)?)?;
    have_ready(&speaker, &said)
}

fn named(sentences: Vec<(Language, String)>) -> Vec<(String, String)> {
    sentences.into_iter().map(|(language, text)| (language.0, text)).collect()
}

/// Reads these sentences from the cache, or has them spoken.
fn have_ready(speaker: &Speaker, sentences: &[(String, String)]) -> Result<(), Problem> {
    let mut told = net::now();
    speaker.prepare(sentences, &mut |done, total| {
        if done == total || told.elapsed() >= TELL_EVERY {
            told = net::now();
            info!(done, total, "sentences ready");
        }
    })?;
    Ok(())
}

/// Starts the voices of these languages. A voice's model is only loaded when a sentence is missing, but for that of the language
/// in which calls begin.
fn speaker(config: &Config, languages: &[Language], voices: Voices) -> Result<Speaker, Problem> {
    let without = |language: &&Language| !voices.iter().any(|(voice, _)| *voice == language.0);
    if let Some(language) = languages.iter().find(without) {
        return Err(Problem::NoVoice { language: language.0.clone() });
    }
    let cache = Cache::open(&config.voice.cache, CACHE_BYTES)?;
    let speaker = Speaker::start(voices, cache, config.voice.queue)?;
    let first: Vec<&str> = languages.first().map(|language| language.0.as_str()).into_iter().collect();
    speaker.warm_up(&first);
    Ok(speaker)
}

/// The voices of the configuration.
fn voices(config: &Config) -> Result<Voices, Problem> {
    let languages = config.voice.languages.iter();
    languages.map(|(language, files)| Ok((language.0.clone(), voice_maker(config, language, files)?))).collect()
}

/// How the voice of a language is made, again after a crash.
#[cfg(feature = "piper")]
fn voice_maker(config: &Config, language: &Language, files: &VoiceFiles) -> Result<MakeVoice, Problem> {
    use crate::speech::spoken::Lexicon;
    use crate::speech::voice::{self, PiperVoice};

    let path = config.dialplan.prompts.join(&language.0).join("prononciation.tsv");
    let lexicon = match path.is_file() {
        true => Lexicon::parse(&files::read_text(&path)?).map_err(|error| Problem::Lexicon { path, error })?,
        false => Lexicon::default(),
    };
    let lexicon = Arc::new(lexicon);
    let speaker = files.speaker;
    let files = voice::VoiceFiles {
        runtime: config.voice.onnxruntime.clone(),
        model: files.model.clone(),
        description: files.config.clone(),
    };
    let (language, speaker) = (language.0.clone(), speaker as usize);
    Ok(Box::new(move || {
        Ok(Box::new(PiperVoice::open(files.clone(), &language, speaker, lexicon.clone(), VOICE_THREADS)?))
    }))
}

#[cfg(not(feature = "piper"))]
fn voice_maker(_config: &Config, _language: &Language, _files: &VoiceFiles) -> Result<MakeVoice, Problem> {
    Err(SpeechError::NotBuilt { engine: "voice" }.into())
}
