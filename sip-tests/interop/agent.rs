//! The whole agent, with a voice of tones and a recogniser that hears nothing: what it is told comes by keys.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use allo_mairie::audio::{Codec, HoldMusic};
use allo_mairie::call::driver::{self, RtpAddress, RtpAddresses, Services};
use allo_mairie::call::gate::TransferGate;
use allo_mairie::call::{Record, Settings};
use allo_mairie::config::{Follow, TransferMethod};
use allo_mairie::dialogue::{Conversation, Phrases};
use allo_mairie::dialplan::{self, SourceFile};
use allo_mairie::net::{self, MediaThreads, SipHandle};
use allo_mairie::sip::sdp::SrtpPolicy;
use allo_mairie::speech::cache::Cache;
use allo_mairie::speech::fake::{ScriptedRecogniser, ToneVoice};
use allo_mairie::speech::speaker::Speaker;
use allo_mairie::speech::worker::RecogniserPool;
use allo_mairie::turn;
use jiff::tz::TimeZone;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use crate::user_agent::config;

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// Longer than any call here.
const PATIENCE: Duration = Duration::from_secs(30);

/// Key 9 ends the call.
const PLAN: &str = "# Mairie d'essai
- Numéro : 01 00 00 00 00
- Langues : français

## Horaires
- tous les jours : 24h/24
- jours fériés : 24h/24

## Accueil
Dire :
> Bonjour.

## Partout
- « un agent », touche 0 : transférer à Standard
- « au revoir », touche 9 : raccrocher

## Annuaire
### Standard
- Poste : 100
- Sonner : 20 secondes
- Si fermé, occupé ou sans réponse : messagerie Accueil
";

pub struct Agent {
    pub address: SocketAddr,
    records: mpsc::Receiver<Record>,
    /// What it is watched by.
    pub sip: SipHandle,
    pub recognisers: RecogniserPool,
    pub speaker: Speaker,
    /// The voice's cache.
    _cache: tempfile::TempDir,
    _running: watch::Sender<bool>,
}

impl Agent {
    /// Follows a REFER to the address its call comes from.
    pub async fn start() -> Agent {
        Agent::start_with(|_| {}).await
    }

    /// With other settings.
    pub async fn start_with(change: impl FnOnce(&mut Settings)) -> Agent {
        let cache = tempfile::tempdir().expect("a folder");
        let services = Arc::new(services(&cache, change));
        let (recognisers, speaker) = (services.recognisers.clone(), services.speaker.clone());
        let (sip, mut lines) =
            net::bind(config("mairie"), (LOOPBACK, 0).into(), rand::random()).await.expect("a socket on loopback");
        let (address, handle) = (sip.local_address(), sip.clone());
        let (done, records) = mpsc::channel(8);
        let (running, stopping) = watch::channel(false);
        let threads = MediaThreads::start().expect("threads for calls");
        tokio::spawn(async move {
            while let Some(line) = lines.recv().await {
                let seat = threads.seat().expect("a thread");
                let thread = seat.runtime().clone();
                let call = driver::run(line, sip.clone(), services.clone(), seat, rand::random(), stopping.clone());
                let done = done.clone();
                thread.spawn(async move {
                    if let Some(record) = call.await {
                        let _ = done.send(record).await;
                    }
                });
            }
        });
        Agent { address, records, sip: handle, recognisers, speaker, _cache: cache, _running: running }
    }

    pub fn uri(&self) -> String {
        format!("sip:mairie@{}", self.address)
    }

    /// The record of the call that ends next.
    pub async fn record(&mut self) -> Record {
        timeout(PATIENCE, self.records.recv()).await.expect("a call that ends").expect("the agent")
    }
}

fn services(cache: &tempfile::TempDir, change: impl FnOnce(&mut Settings)) -> Services {
    let (plan, problems) = dialplan::parse(&[SourceFile { path: "mairie.md".into(), text: PLAN.into() }]);
    let conversation = Conversation::new(plan.unwrap_or_else(|| panic!("{problems:?}")), Phrases::built_in());
    let voice = || Ok(Box::new(ToneVoice) as Box<dyn allo_mairie::speech::Voice>);
    let cache = Cache::open(cache.path(), 1 << 24).expect("a cache");
    let mut settings = Settings {
        idle: Duration::from_secs(60),
        key_pause: Duration::from_secs(3),
        longest: Duration::from_secs(120),
        network_silence: Duration::from_secs(20),
        recognition: Duration::from_secs(5),
        transfer_margin: Duration::from_secs(5),
        transfer_target: "sip:{poste}@127.0.0.1".parse().expect("a target"),
        transfer_method: TransferMethod::Auto,
        hold_music: HoldMusic::built_in(),
        gate: TransferGate::new(Follow::Switchboard, []),
        codecs: vec![Codec::Pcma, Codec::Pcmu],
        comfort_noise: false,
        srtp: SrtpPolicy::Optional,
        srtp_without_tls: false,
        turn: turn::Settings::default(),
    };
    change(&mut settings);
    Services {
        plan: conversation.plan().clone(),
        settings: Arc::new(settings),
        dialogue: Box::new(move || conversation.start()),
        recognisers: RecogniserPool::start(1, 16, || Ok(Box::new(ScriptedRecogniser::default())))
            .expect("a recogniser"),
        speaker: Speaker::start(vec![("fr".to_owned(), Box::new(voice))], cache, 16).expect("a voice"),
        fixed: HashSet::new(),
        rtp: RtpAddresses {
            addresses: vec![RtpAddress { listen: LOOPBACK, advertised: None }],
            ports: 44_000..=44_998,
        },
        zone: TimeZone::UTC,
        save: Box::new(|_| {}),
    }
}
