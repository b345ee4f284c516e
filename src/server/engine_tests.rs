//! Whole calls, over SIP and RTP, while the engines are slow, crash or hang. Without models: the caller's words are the
//! recogniser's script, and the agent's voice a tone that tells what is being said.

use std::f32::consts::TAU;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::tests::endpoint;
use super::{Problem, Ready, prepare_with, run_with};
use crate::audio::{Codec, LINE_RATE, Sound, WIDE_RATE, signals};
use crate::config::Config;
use crate::net;
use crate::simulate::caller::{self, Observation};
use crate::simulate::driver::{self, Target};
use crate::simulate::script::Line;
use crate::sip::EndpointConfig;
use crate::speech::fake::{Answer, ScriptedRecogniser};
use crate::speech::speaker::MakeVoice;
use crate::speech::worker::{PoolStatus, RecogniserPool};
use crate::speech::{Pace, SpeechError, Utterance, Voice};

const LOOPBACK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

/// What the agent says, as far as a test wants to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    Something,
    /// "J'ai un ennui technique. Utilisons les touches de votre téléphone."
    CannotHear,
    /// "Pour la carte d'identité, tapez 1. …"
    Menu,
    /// "Pour la carte d'identité, il faut un rendez-vous. …"
    Answer,
    /// "Je vous passe un agent."
    Operator,
}

impl Said {
    const ALL: [(Said, &str, f32); 5] = [
        (Said::CannotHear, "touches de votre téléphone", 700.0),
        (Said::Menu, "tapez 1", 1_000.0),
        (Said::Answer, "il faut un rendez-vous", 1_300.0),
        (Said::Operator, "Je vous passe", 1_600.0),
        (Said::Something, "", 400.0),
    ];

    fn frequency(text: &str) -> f32 {
        let found = Self::ALL.iter().find(|(_, words, _)| text.contains(words));
        found.map_or(400.0, |(.., frequency)| *frequency)
    }

    /// The tones in what was received, each once in a row.
    fn heard(samples: &[i16]) -> Vec<Said> {
        let mut heard: Vec<Said> = Vec::new();
        for block in samples.chunks_exact(LINE_RATE as usize / 10) {
            let power = |frequency: f32| {
                let (mut re, mut im) = (0.0, 0.0);
                for (n, sample) in block.iter().enumerate() {
                    let phase = TAU * frequency * n as f32 / LINE_RATE as f32;
                    (re, im) = (re + f32::from(*sample) * phase.cos(), im + f32::from(*sample) * phase.sin());
                }
                (re * re + im * im).sqrt() / block.len() as f32
            };
            let loudest = Self::ALL.iter().map(|(said, _, frequency)| (*said, power(*frequency)));
            let loudest = loudest.max_by(|a, b| a.1.total_cmp(&b.1)).filter(|(_, power)| *power > 500.0);
            if let Some((said, _)) = loudest
                && heard.last() != Some(&said)
            {
                heard.push(said);
            }
        }
        heard
    }
}

/// Speaks a quarter of a second of a tone; what it does instead when a caller's own choice is to be said.
struct ToneVoice {
    choices: Arc<Mutex<Vec<Answer>>>,
    hangs: ScriptedRecogniser,
}

impl Voice for ToneVoice {
    fn speak(&mut self, text: &str, _: Pace) -> Result<Sound, SpeechError> {
        let fault = text.contains("Je note").then(|| self.choices.lock().unwrap().pop()).flatten();
        match fault {
            Some(Answer::Panics) => panic!("scripted panic"),
            Some(Answer::Hangs) => self.hangs.hang(),
            _ => {}
        }
        let step = TAU * Said::frequency(text) / WIDE_RATE as f32;
        let samples: Vec<i16> = (0..WIDE_RATE / 4).map(|n| (6_000.0 * (step * n as f32).sin()) as i16).collect();
        Ok(Sound::new(samples, WIDE_RATE))
    }

    fn fingerprint(&self) -> String {
        "tones that tell what is said".to_owned()
    }
}

/// A service that runs, and what its engines are told to do.
struct Town {
    ready: Ready,
    recogniser: ScriptedRecogniser,
    pool: RecogniserPool,
    /// What the voice does, the last first.
    voice_faults: Arc<Mutex<Vec<Answer>>>,
    made_voices: Arc<AtomicUsize>,
    stop: Option<oneshot::Sender<()>>,
    service: JoinHandle<Result<(), Problem>>,
    _directory: tempfile::TempDir,
}

impl Town {
    /// Patience of 100 ms beyond an utterance's length, overload above half a second.
    async fn start(script: impl IntoIterator<Item = Answer>) -> Town {
        // An operator who refuses every call: the line is dropped.
        let (operator, mut calls) = net::bind(endpoint("standard"), LOOPBACK, rand::random()).await.unwrap();
        let standard = operator.local_address();
        tokio::spawn(async move {
            while calls.recv().await.is_some() {}
            drop(operator);
        });
        let directory = tempfile::tempdir().unwrap();
        let folder = directory.path().display();
        let root = env!("CARGO_MANIFEST_DIR");
        let text = format!(
            "[sip]\nlisten = ['udp:127.0.0.1:0']\n[rtp]\ncodecs = ['PCMA']\n\
             [dialplan]\ndirectory = '{root}/sip-tests/dialplan'\nprompts = '{root}/prompts'\n\
             [transfer]\ntarget = 'sip:{{poste}}@{standard}'\n\
             [voice]\ncache = '{folder}/voice'\n[store]\npath = '{folder}/store.sqlite'\n"
        );
        let config = Config::from_parts(Some(("test", &text)), []).unwrap();
        let recogniser = ScriptedRecogniser::new(script);
        let engine = recogniser.clone();
        let patience = Duration::from_millis(100);
        let pool = RecogniserPool::start(1, 16, move || Ok(Box::new(engine.clone()))).unwrap();
        let pool = pool.with_patience(patience, patience).with_longest_wait(Duration::from_millis(500));
        let (voice_faults, made_voices) = (Arc::<Mutex<Vec<Answer>>>::default(), Arc::<AtomicUsize>::default());
        let prepare = {
            let (pool, hangs) = (pool.clone(), recogniser.clone());
            let (choices, made) = (voice_faults.clone(), made_voices.clone());
            move |config: &Config| {
                let voice: MakeVoice = Box::new(move || {
                    made.fetch_add(1, Ordering::SeqCst);
                    Ok(Box::new(ToneVoice { choices: choices.clone(), hangs: hangs.clone() }))
                });
                prepare_with(config, || Ok(pool), || Ok(vec![("fr".to_owned(), voice)]))
            }
        };
        let (ready, announced) = oneshot::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let service = tokio::spawn(run_with(config, prepare, ready, async move { drop(stopped.await) }));
        let ready = announced.await.expect("the service starts");
        let stop = Some(stop);
        Town { ready, recogniser, pool, voice_faults, made_voices, stop, service, _directory: directory }
    }

    /// A call of somebody who does this, whenever the agent has finished: what was said to them.
    async fn call(&self, script: Vec<Line>) -> Vec<Said> {
        self.call_and_tell(script, || {}).await
    }

    /// The same; `began` when the agent speaks.
    async fn call_and_tell(&self, script: Vec<Line>, began: impl FnOnce()) -> Vec<Said> {
        let mut began = Some(began);
        let (mut said, destination) = (Vec::new(), self.ready.address);
        let endpoint = EndpointConfig { accept_transfers: true, ..endpoint("appelant") };
        let (sip, _incoming) = net::bind(endpoint, LOOPBACK, rand::random()).await.unwrap();
        let uri = format!("sip:{}@{destination}", self.ready.user);
        let settings = |agent_rtp: SocketAddr, operator_rtp: SocketAddr| caller::Settings {
            codecs: vec![Codec::Pcma],
            longest: Duration::from_secs(60),
            hang_up_after_last: true,
            barge_in: false,
            agent_rtp,
            operator_rtp,
            seed: 7,
        };
        let observe = |observation| match observation {
            Observation::FarEndStarted { .. } => {
                if let Some(began) = began.take() {
                    began();
                }
            }
            Observation::FarEndFinished { samples, .. } => said.extend(Said::heard(&samples)),
            _ => {}
        };
        let target = Target { uri, destination, local_ip: LOOPBACK.ip() };
        driver::call(&sip, target, settings, script, std::future::pending(), observe).await.unwrap();
        said
    }

    async fn stop(mut self) {
        self.recogniser.release();
        drop(self.stop.take());
        (&mut self.service).await.unwrap().unwrap();
    }

    /// Waits until the pool is so.
    async fn until(&self, wanted: impl Fn(PoolStatus) -> bool) {
        let deadline = net::now() + Duration::from_secs(20);
        while !wanted(self.pool.status()) {
            assert!(net::now() < deadline, "{:?}", self.pool.status());
            net::sleep_until(Some(net::now() + Duration::from_millis(10))).await;
        }
    }
}

fn speech() -> Line {
    Line::speak("parole", signals::speech(LINE_RATE, -20.0, 1_800, 3))
}

fn key(key: &str) -> Line {
    Line::keys(key).unwrap()
}

/// Whether these are said in this order, whatever is between them.
fn in_order(said: &[Said], wanted: &[Said]) -> bool {
    let mut said = said.iter();
    wanted.iter().all(|wanted| said.any(|said| said == wanted))
}

const CARD: Answer = Answer::Heard("carte d'identité", 0.9);
const BY_KEYS: [Said; 3] = [Said::CannotHear, Said::Menu, Said::Answer];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recogniser_that_crashes_leaves_the_keys_and_is_back_for_the_next_turn() {
    let town = Town::start([Answer::Panics, CARD]).await;
    let said = town.call(vec![speech(), key("1"), speech()]).await;
    assert!(in_order(&said, &[&BY_KEYS[..], &[Said::Something, Said::Answer]].concat()), "{said:?}");
    let PoolStatus { workers, lost, restarts, .. } = town.pool.status();
    assert_eq!((workers, lost, restarts), (1, 0, 1));
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recogniser_that_hangs_leaves_the_keys_and_another_one_hears_the_next_turn() {
    let town = Town::start([Answer::Hangs, CARD]).await;
    let said = town.call(vec![speech(), key("1"), speech()]).await;
    assert!(in_order(&said, &[&BY_KEYS[..], &[Said::Something, Said::Answer]].concat()), "{said:?}");
    let PoolStatus { workers, lost, restarts, .. } = town.pool.status();
    assert_eq!((workers, lost, restarts), (1, 1, 1));
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_every_recogniser_hangs_calls_begin_with_the_keys_and_lead_to_a_human() {
    let town = Town::start([Answer::Hangs, Answer::Hangs, Answer::Hangs]).await;
    for _ in 0..3 {
        assert!(town.pool.submit(Utterance::default()).unwrap().await.is_err());
    }
    town.until(|status| (status.workers, status.lost) == (0, 3)).await;
    let said = town.call(vec![key("1")]).await;
    assert!(in_order(&said, &BY_KEYS), "{said:?}");
    let said = town.call(vec![speech()]).await;
    assert!(in_order(&said, &[Said::CannotHear, Said::Menu, Said::Operator]), "{said:?}");
    town.recogniser.release();
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_voice_that_crashes_or_hangs_leaves_the_prompts_and_the_keys() {
    let call_back = Answer::Heard("je voudrais être rappelé", 0.9);
    let town = Town::start([call_back.clone(), call_back]).await;
    for (fault, voices) in [(Answer::Panics, 2), (Answer::Hangs, 3)] {
        town.voice_faults.lock().unwrap().push(fault);
        let said = town.call(vec![speech(), key("1"), key("1")]).await;
        assert!(said.contains(&Said::CannotHear), "{said:?}");
        assert!(in_order(&said, &[Said::CannotHear, Said::Something]), "{said:?}");
        assert_eq!(town.made_voices.load(Ordering::SeqCst), voices);
    }
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_overload_new_calls_go_by_keys_and_those_under_way_go_on() {
    const LONG: usize = 10 * LINE_RATE as usize;
    let nothing = Answer::Heard("", 0.9);
    let town = Town::start([Answer::Endless, CARD, nothing.clone(), nothing, CARD]).await;
    let pool = town.pool.clone().with_patience(Duration::from_secs(60), Duration::from_secs(60));
    let work = || pool.submit(Utterance { samples: vec![1; LONG].into(), rate: LINE_RATE, ..Utterance::default() });
    let (began, has_begun) = oneshot::channel();
    let under_way = town.call_and_tell(vec![speech()], || began.send(()).unwrap());
    let meanwhile = async {
        has_begun.await.unwrap();
        let (running, others) = (work().unwrap(), [(); 2].map(|()| work().unwrap()));
        assert!(!town.pool.can_hear_more());
        let new = town.call(vec![key("1"), speech()]);
        let relief = async {
            town.until(|status| status.backlog == 4).await;
            // The turn of the call under way ends: now it is more urgent than what has waited for longer.
            net::sleep_until(Some(net::now() + Duration::from_millis(1_500))).await;
            drop(running);
        };
        let (new, ()) = tokio::join!(new, relief);
        drop(others);
        new
    };
    let (old, new) = tokio::join!(under_way, meanwhile);
    let heard = town.recogniser.received();
    let lengths: Vec<_> = heard.iter().map(|utterance| utterance.samples.len()).collect();
    assert!(old.contains(&Said::Answer) && !old.contains(&Said::CannotHear), "{old:?} {lengths:?}");
    assert!(in_order(&new, &[&BY_KEYS[..], &[Said::Operator]].concat()), "{new:?}");
    assert_eq!(lengths.len(), 4, "{lengths:?}");
    assert!(lengths[0] == LONG && lengths[1] < LONG, "the call under way came second, the new one never: {lengths:?}");
    // The backlog is gone.
    let later = town.call(vec![speech()]).await;
    assert!(later.contains(&Said::Answer) && !later.contains(&Said::CannotHear), "{later:?}");
    town.stop().await;
}
