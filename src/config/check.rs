//! From raw to checked: every value is looked at, every problem is gathered.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use jiff::tz::TimeZone;
use tracing::level_filters::LevelFilter;

use super::error::{ConfigProblem, Origin};
use super::raw::{RawConfig, RawLanguageVoice, RawRecogniser};
use super::{
    BadTransferTarget, CallConfig, CaptureConfig, Config, DialplanConfig, Follow, LogConfig, LogFormat, Preparation,
    RecogniserConfig, RtpConfig, StoreConfig, TransferConfig, TransferMethod, TransferTarget, UnderstandingConfig,
    VoiceConfig, VoiceFiles,
};
use crate::audio::Codec;
use crate::dialplan::Language;
use crate::sip::Transport;
use crate::sip::sdp::SrtpPolicy;

/// Gathers problems; a value that fails is replaced by a harmless one so that checking can go on.
pub struct Checker {
    pub origins: BTreeMap<String, Origin>,
    pub problems: Vec<ConfigProblem>,
}

impl Checker {
    /// The checked configuration; worth something only if `problems` is still empty.
    pub fn check(&mut self, raw: RawConfig) -> Config {
        let config = Config {
            rtp: RtpConfig {
                ports: self.ports(&raw.rtp.ports),
                codecs: self.codecs(&raw.rtp.codecs),
                comfort_noise: raw.rtp.comfort_noise,
                srtp: self.srtp(&raw.rtp.srtp),
                srtp_without_tls: raw.rtp.srtp_without_tls,
            },
            sip: self.sip(raw.sip),
            transfer: TransferConfig {
                target: self.target(&raw.transfer.target),
                method: self.transfer_method(&raw.transfer.method),
                margin: self.seconds("transfer.margin", raw.transfer.margin, 1.0..=60.0, 5.0),
                follow: self.follow(&raw.transfer.follow),
            },
            dialplan: DialplanConfig {
                directory: self.path("dialplan.directory", raw.dialplan.directory),
                prompts: self.path("dialplan.prompts", raw.dialplan.prompts),
                timezone: self.timezone(&raw.dialplan.timezone),
            },
            understanding: UnderstandingConfig {
                model: match raw.understanding.model.is_empty() {
                    true => None,
                    false => Some(self.path("understanding.model", raw.understanding.model)),
                },
                cache: self.path("understanding.cache", raw.understanding.cache),
            },
            recogniser: self.recogniser(raw.recogniser),
            voice: VoiceConfig {
                languages: self.languages(raw.voice.languages),
                onnxruntime: self.path("voice.onnxruntime", raw.voice.onnxruntime),
                cache: self.path("voice.cache", raw.voice.cache),
                queue: self.whole("voice.queue", raw.voice.queue, 1..=1000, 64),
                prepare: self.preparation(&raw.voice.prepare),
            },
            call: CallConfig {
                longest: self.seconds("call.longest", raw.call.longest, 30.0..=7200.0, 600.0),
                idle: self.seconds("call.idle", raw.call.idle, 2.0..=60.0, 6.0),
                key_pause: self.seconds("call.key_pause", raw.call.key_pause, 1.0..=20.0, 3.0),
                network_silence: self.seconds("call.network_silence", raw.call.network_silence, 5.0..=300.0, 30.0),
            },
            store: StoreConfig {
                path: self.path("store.path", raw.store.path.clone()),
                retention_days: self.days(raw.store.retention_days),
            },
            control_socket: self.socket(raw.control.socket, &raw.store.path),
            metrics: self.metrics(&raw.metrics.listen),
            capture: CaptureConfig {
                max_bytes: 1_000_000
                    * self.whole("capture.max_megabytes", raw.capture.max_megabytes, 1..=4_000, 50) as u64,
                longest: self.seconds("capture.longest", raw.capture.longest, 10.0..=86_400.0, 1_800.0),
            },
            log: LogConfig {
                level: self.level(&raw.log.level),
                format: self.format(&raw.log.format),
                personal: raw.log.personal,
            },
        };
        self.check_together(&config);
        config
    }

    /// Settings that only make sense together; looked at only when each is right by itself.
    fn check_together(&mut self, config: &Config) {
        if !self.problems.is_empty() {
            return;
        }
        // Pairs of an even port and the odd one after it.
        let (first, end) = (config.rtp.ports.start().next_multiple_of(2), u32::from(*config.rtp.ports.end()) + 1);
        let free = usize::try_from(end.saturating_sub(first.into()) / 2).unwrap_or_default();
        // A call joined to an operator whom the agent called itself has a pair for each of them.
        let (each, joined) = match config.transfer.method {
            TransferMethod::Bridge => (2, ", qui en prennent deux chacun une fois joints à un agent (transfer.method)"),
            TransferMethod::Refer | TransferMethod::Auto => (1, ""),
        };
        if free / each < config.sip.max_calls {
            self.problem(
                "rtp.ports",
                quoted(&format!("{}-{}", config.rtp.ports.start(), config.rtp.ports.end())),
                format!("{free} paires de ports ne suffisent pas à {} appels simultanés{joined}", config.sip.max_calls),
                format!("élargissez la plage ou abaissez sip.max_calls à {}.", free / each),
            );
        }
        let udp = config.sip.listen.iter().filter(|listen| listen.transport == Transport::Udp);
        for port in udp.map(|listen| listen.address.port()).filter(|port| config.rtp.ports.contains(port)) {
            self.problem(
                "rtp.ports",
                quoted(&format!("{}-{}", config.rtp.ports.start(), config.rtp.ports.end())),
                format!("cette plage contient le port {port} de sip.listen"),
                "choisissez une plage qui ne le contient pas, par exemple « 20000-20999 ».",
            );
        }
        self.check_srtp(config);
    }

    /// What the whole file says of encryption must leave a way for a call to come in.
    fn check_srtp(&mut self, config: &Config) {
        let secure = config.sip.listen.iter().any(|listen| listen.transport == Transport::Tls);
        if config.rtp.srtp == SrtpPolicy::Required && !secure && !config.rtp.srtp_without_tls {
            self.problem(
                "rtp.srtp",
                quoted("required"),
                "les clés de la voix ne s'échangent qu'en TLS, et aucune adresse de sip.listen n'est en TLS",
                "ajoutez par exemple « tls:0.0.0.0:5061 » à sip.listen, avec un certificat dans [sip.tls], ou \
                 choisissez « optional ».",
            );
        }
    }

    pub(super) fn problem(
        &mut self,
        key: &str,
        value: impl Display,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.problems.push(ConfigProblem {
            key: key.into(),
            value: Some(value.to_string()),
            origin: self.origins.get(key).cloned().unwrap_or(Origin::Default),
            message: message.into(),
            remedy: remedy.into(),
        });
    }

    pub(super) fn whole(&mut self, key: &str, value: i64, range: RangeInclusive<i64>, instead: usize) -> usize {
        match usize::try_from(value) {
            Ok(checked) if range.contains(&value) => checked,
            _ => {
                let message = format!("la valeur doit être comprise entre {} et {}", range.start(), range.end());
                self.problem(key, value, message, format!("écrivez par exemple {instead}."));
                instead
            }
        }
    }

    fn days(&mut self, value: i64) -> u16 {
        u16::try_from(self.whole("store.retention_days", value, 1..=1095, 30)).unwrap_or(30)
    }

    /// Threads and workers are as many as the machine has processors for, unless they are given.
    fn recogniser(&mut self, raw: RawRecogniser) -> RecogniserConfig {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let threads = match self.whole("recogniser.threads", raw.threads, 0..=64, 2) {
            0 => processors,
            threads => threads,
        };
        RecogniserConfig {
            model: self.path("recogniser.model", raw.model),
            threads,
            workers: match self.whole("recogniser.workers", raw.workers, 0..=16, 0) {
                0 => (processors / threads).clamp(1, 16),
                workers => workers,
            },
            queue: self.whole("recogniser.queue", raw.queue, 1..=1000, 16),
            longest_wait: self.seconds("recogniser.longest_wait", raw.longest_wait, 0.2..=60.0, 2.0),
        }
    }

    fn seconds(&mut self, key: &str, value: f64, range: RangeInclusive<f64>, instead: f64) -> Duration {
        if range.contains(&value) {
            return Duration::from_secs_f64(value);
        }
        let message = format!("la durée doit être comprise entre {} et {} secondes", range.start(), range.end());
        self.problem(key, value, message, format!("écrivez par exemple {instead}."));
        Duration::from_secs_f64(instead)
    }

    fn path(&mut self, key: &str, value: String) -> PathBuf {
        if value.trim().is_empty() || value.contains('\0') {
            self.problem(key, quoted(&value), "il faut un chemin", "donnez un chemin ou supprimez la ligne.");
        }
        PathBuf::from(value)
    }

    /// Beside the database, where nothing else is said: two services that share no base share no socket.
    fn socket(&mut self, value: String, store: &str) -> PathBuf {
        let path = match value.is_empty() {
            true => PathBuf::from(store).with_extension("sock"),
            false => self.path("control.socket", value),
        };
        // The kernel's sun_path, with its zero at the end.
        if path.as_os_str().len() > 107 {
            let remedy = "choisissez un dossier moins profond.";
            self.problem("control.socket", quoted(&path.display().to_string()), "ce chemin dépasse 107 octets", remedy);
        }
        path
    }

    fn metrics(&mut self, value: &str) -> Option<SocketAddr> {
        if value.trim().is_empty() {
            return None;
        }
        let address = value.trim().parse().ok();
        if address.is_none() {
            let remedy = "écrivez par exemple « 127.0.0.1:9464 », ou rien pour ne pas publier de mesures.";
            self.problem("metrics.listen", quoted(value), "il faut une adresse IP et un port", remedy);
        }
        address
    }

    fn ports(&mut self, value: &str) -> RangeInclusive<u16> {
        let range = value
            .split_once('-')
            .and_then(|(first, last)| Some((first.trim().parse().ok()?, last.trim().parse().ok()?)))
            .filter(|(first, last)| *first >= 1024 && first < last);
        match range {
            Some((first, last)) => first..=last,
            None => {
                self.problem(
                    "rtp.ports",
                    quoted(value),
                    "il faut une plage de ports croissante, entre 1024 et 65535",
                    "écrivez par exemple « 20000-20999 ».",
                );
                20000..=20999
            }
        }
    }

    fn codecs(&mut self, values: &[String]) -> Vec<Codec> {
        let mut codecs = Vec::new();
        for value in values {
            let Some(codec) = Codec::ALL.into_iter().find(|codec| codec.name().eq_ignore_ascii_case(value)) else {
                let remedy = "codecs connus : « opus », « G722 », « PCMA » et « PCMU ».";
                self.problem("rtp.codecs", quoted(value), "ce codec n'est pas connu", remedy);
                continue;
            };
            if !codec.is_built() {
                let remedy = "retirez-le, ou compilez le programme avec la fonctionnalité « opus ».";
                self.problem("rtp.codecs", quoted(value), "ce programme est compilé sans ce codec", remedy);
                continue;
            }
            if codecs.contains(&codec) {
                self.problem("rtp.codecs", quoted(value), "ce codec est écrit deux fois", "supprimez le second.");
            } else {
                codecs.push(codec);
            }
        }
        if values.is_empty() {
            let remedy = "écrivez par exemple [\"PCMA\", \"PCMU\"].";
            self.problem("rtp.codecs", "[]", "il faut au moins un codec", remedy);
        }
        codecs
    }

    fn srtp(&mut self, value: &str) -> SrtpPolicy {
        match value {
            "off" => SrtpPolicy::Off,
            "optional" => SrtpPolicy::Optional,
            "required" => SrtpPolicy::Required,
            other => {
                let remedy = "choisissez « off » (jamais), « optional » (si le standard le permet) ou « required ».";
                self.problem("rtp.srtp", quoted(other), "ce choix n'existe pas", remedy);
                SrtpPolicy::Off
            }
        }
    }

    fn target(&mut self, value: &str) -> TransferTarget {
        value.parse().unwrap_or_else(|error: BadTransferTarget| {
            self.problem(
                "transfer.target",
                quoted(value),
                error.to_string(),
                "écrivez par exemple « sip:{poste}@192.168.10.1 » avec l'adresse de votre standard.",
            );
            TransferTarget::fallback()
        })
    }

    fn transfer_method(&mut self, value: &str) -> TransferMethod {
        match value {
            "refer" => TransferMethod::Refer,
            "bridge" => TransferMethod::Bridge,
            "auto" => TransferMethod::Auto,
            _ => {
                let remedy = "choisissez parmi « refer », « bridge », « auto ».";
                self.problem("transfer.method", quoted(value), "ce choix n'existe pas", remedy);
                TransferMethod::Auto
            }
        }
    }

    fn preparation(&mut self, value: &str) -> Preparation {
        match value {
            "all" => Preparation::All,
            "behind" => Preparation::Behind,
            "needed" => Preparation::Needed,
            _ => {
                let remedy = "choisissez parmi « all », « behind », « needed ».";
                self.problem("voice.prepare", quoted(value), "ce choix n'existe pas", remedy);
                Preparation::Behind
            }
        }
    }

    fn follow(&mut self, value: &str) -> Follow {
        match value {
            "never" => Follow::Never,
            "switchboard" => Follow::Switchboard,
            "always" => Follow::Always,
            _ => {
                let remedy = "choisissez parmi « never », « switchboard », « always ».";
                self.problem("transfer.follow", quoted(value), "ce choix n'existe pas", remedy);
                Follow::Switchboard
            }
        }
    }

    fn timezone(&mut self, value: &str) -> TimeZone {
        TimeZone::get(value).unwrap_or_else(|_| {
            self.problem(
                "dialplan.timezone",
                quoted(value),
                "ce fuseau horaire n'est pas connu",
                "écrivez par exemple « Europe/Paris », « Indian/Reunion » ou « America/Cayenne ».",
            );
            TimeZone::UTC
        })
    }

    fn languages(&mut self, given: BTreeMap<String, RawLanguageVoice>) -> BTreeMap<Language, VoiceFiles> {
        if given.is_empty() {
            let remedy = "ajoutez une section [voice.languages.fr] avec son « model ».";
            self.problem("voice.languages", "{}", "il faut au moins une voix", remedy);
        }
        let mut languages = BTreeMap::new();
        for (code, raw) in given {
            let key = format!("voice.languages.{code}");
            if code.len() != 2 || !code.bytes().all(|byte| byte.is_ascii_lowercase()) {
                let remedy = "écrivez le code à deux lettres de la langue : fr, en, es…";
                self.problem(&key, quoted(&code), "ce n'est pas un code de langue", remedy);
            }
            let model = self.path(&format!("{key}.model"), raw.model);
            let config = if raw.config.is_empty() {
                let mut name = model.clone().into_os_string();
                name.push(".json");
                PathBuf::from(name)
            } else {
                PathBuf::from(raw.config)
            };
            let speaker = self.whole(&format!("{key}.speaker"), raw.speaker, 0..=10_000, 0);
            let speaker = u32::try_from(speaker).unwrap_or(0);
            languages.insert(Language(code), VoiceFiles { model, config, speaker });
        }
        languages
    }

    fn level(&mut self, value: &str) -> LevelFilter {
        match value {
            "error" => LevelFilter::ERROR,
            "warn" => LevelFilter::WARN,
            "info" => LevelFilter::INFO,
            "debug" => LevelFilter::DEBUG,
            "trace" => LevelFilter::TRACE,
            _ => {
                let remedy = "choisissez parmi « error », « warn », « info », « debug », « trace ».";
                self.problem("log.level", quoted(value), "ce niveau n'existe pas", remedy);
                LevelFilter::INFO
            }
        }
    }

    fn format(&mut self, value: &str) -> LogFormat {
        match value {
            "text" => LogFormat::Text,
            "json" => LogFormat::Json,
            _ => {
                let remedy = "choisissez « text » ou « json ».";
                self.problem("log.format", quoted(value), "cette forme n'existe pas", remedy);
                LogFormat::Text
            }
        }
    }
}

pub(super) fn quoted(value: &str) -> String {
    format!("« {value} »")
}
