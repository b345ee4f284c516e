//! One call of one person: what the agent says is transcribed while the call goes on, and answered.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use tokio::sync::mpsc;

use crate::audio::Codec;
use crate::cli::Failure;
use crate::cli::bench::service::Service;
use crate::cli::telephone::{self, Studio};
use crate::net;
use crate::simulate::address::user_part;
use crate::simulate::caller::{self, Observation};
use crate::simulate::driver::{self, Target, Told};
use crate::simulate::person::{Act, Cues, Person};
use crate::simulate::report::{CallReport, Party};
use crate::simulate::scenario::Scenario;
use crate::simulate::script::Line;
use crate::simulate::transcripts::Transcriber;
use crate::simulate::verdict::Happened;

/// Events of a call waiting for the person's attention; a call has fewer.
const EVENTS: usize = 256;
/// Over a prompt the caller speaks this long after it began.
const INTERRUPTS_AFTER: Duration = Duration::from_millis(1_500);
/// Beyond the longest call a file allows: the telephone gives up.
const GRACE: Duration = Duration::from_secs(60);
/// Nothing happens for this long: the caller hangs up. Longer than the agent waits for who has asked for time.
const DEAD_LINE: Duration = Duration::from_secs(45);

/// A person who knows the text by heart.
pub struct Studied {
    name: String,
    scenario: Scenario,
    person: Person,
    lines: HashMap<String, Line>,
}

impl Studied {
    pub fn new(name: String, scenario: Scenario, cues: Cues, studio: &mut Studio) -> Result<Self, Failure> {
        let person = Person::new(scenario.clone(), cues);
        let mut lines = HashMap::new();
        for text in person.texts() {
            if let Entry::Vacant(place) = lines.entry(text) {
                let line = studio.speak(place.key())?;
                place.insert(line);
            }
        }
        Ok(Self { name, scenario, person, lines })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// Places the call and talks until it is over.
    pub async fn call(mut self, service: &Service, transcriber: &Transcriber) -> Result<Talked, Failure> {
        let (endpoint, local_ip) = telephone::endpoint("appelant", service.address);
        let failure = |error| telephone::net_failure(&error);
        let (sip, _incoming) = net::bind(endpoint, (local_ip, 0).into(), rand::random()).await.map_err(failure)?;
        let longest = self.scenario.longest() + GRACE;
        let settings = |agent_rtp, operator_rtp| caller::Settings {
            codecs: vec![Codec::Pcma],
            longest,
            hang_up_after_last: false,
            barge_in: false,
            agent_rtp,
            operator_rtp,
            seed: rand::random(),
        };
        let (say, told) = mpsc::channel(EVENTS);
        let (noted, mut events) = mpsc::channel(EVENTS);
        let target = Target { uri: service.uri.clone(), destination: service.address, local_ip };
        let stop = async { drop(tokio::signal::ctrl_c().await) };
        let number = self.scenario.number.clone();
        let call = async move {
            // The far end's words wait here while they are being understood; a full queue would lose some of them.
            let observe = |observation| drop(noted.try_send(observation));
            driver::converse(&sip, target, number, settings, told, stop, observe).await
        };
        let talk = self.talk(&mut events, &say, transcriber);
        let (outcome, texts) = tokio::join!(call, talk);
        let (outcome, texts) = (outcome.map_err(failure)?, texts?);
        let report = outcome.report(&texts);
        Ok(Talked { report, asked_back: self.person.asked_back, sent: outcome.sent, received: outcome.received })
    }

    /// Understands and answers; what each stretch of the far end's speech was understood as.
    async fn talk(
        &mut self,
        events: &mut mpsc::Receiver<Observation>,
        say: &mpsc::Sender<Told>,
        transcriber: &Transcriber,
    ) -> Result<Vec<(usize, String)>, Failure> {
        let mut texts = Vec::new();
        // What was said since the caller spoke last; whether the operator has been greeted.
        let (mut since, mut greeted) = (String::new(), false);
        let mut over = self.person.interrupts();
        let mut waiting: VecDeque<Observation> = VecDeque::new();
        loop {
            let event = match waiting.pop_front() {
                Some(event) => event,
                None => tokio::select! {
                    event = events.recv() => match event {
                        Some(event) => event,
                        None => return Ok(texts),
                    },
                    () = net::sleep_until(Some(net::now() + DEAD_LINE)) => {
                        self.tell(say, Told::HangUp).await;
                        continue;
                    }
                },
            };
            match event {
                Observation::FarEndStarted { party, .. } => {
                    if let Some(text) = over.take().filter(|_| party == Party::Agent) {
                        net::sleep_until(Some(net::now() + INTERRUPTS_AFTER)).await;
                        if let Some(line) = self.lines.get(&text) {
                            self.tell(say, Told::SayOver(line.clone())).await;
                        }
                        since.clear();
                    }
                }
                Observation::FarEndFinished { stretch, party, samples, .. } => {
                    let text = telephone::transcript(transcriber, samples).await?;
                    since.push(' ');
                    since.push_str(text.trim());
                    texts.push((stretch, text));
                    // It goes on already: what it says now belongs to it.
                    waiting.extend(std::iter::from_fn(|| events.try_recv().ok()));
                    let goes_on = waiting.iter().any(|event| matches!(event, Observation::FarEndStarted { .. }));
                    if goes_on || since.trim().is_empty() {
                        continue;
                    }
                    let heard = std::mem::take(&mut since);
                    match party {
                        Party::Agent => {
                            let act = self.person.heard(&heard);
                            self.act(say, act).await;
                            over = self.person.interrupts();
                        }
                        Party::Operator if greeted => self.tell(say, Told::HangUp).await,
                        Party::Operator => {
                            greeted = true;
                            let introduction = self.person.introduction();
                            self.act(say, Act::Say(introduction)).await;
                        }
                    }
                }
                Observation::Ended { .. }
                | Observation::Ringing { .. }
                | Observation::Answered { .. }
                | Observation::LineStarted { .. }
                | Observation::LineFinished { .. }
                | Observation::TransferRequested { .. }
                | Observation::TransferFinished { .. } => {}
            }
        }
    }

    async fn act(&self, say: &mpsc::Sender<Told>, act: Act) {
        let told = match act {
            Act::Say(text) => self.lines.get(&text).cloned().map(Told::Say),
            Act::Keys(keys) => Line::keys(&keys).map(Told::Say),
            Act::HangUp => Some(Told::HangUp),
            Act::Wait => None,
        };
        if let Some(told) = told {
            self.tell(say, told).await;
        }
    }

    /// A call that has ended listens no more.
    async fn tell(&self, say: &mpsc::Sender<Told>, told: Told) {
        drop(say.send(told).await);
    }
}

/// A call that is over.
pub struct Talked {
    pub report: CallReport,
    pub asked_back: usize,
    /// Both sides of the call as the caller's telephone had them, mono at 8 kHz.
    pub sent: Vec<i16>,
    pub received: Vec<i16>,
}

impl Talked {
    pub fn duration(&self) -> Duration {
        Duration::from_millis(self.report.duration_ms.and_then(|ms| u64::try_from(ms).ok()).unwrap_or(0))
    }

    /// What came of it, with the requests it left.
    pub fn happened(&self, requests: Vec<(String, Vec<(String, String)>)>) -> Happened {
        let report = &self.report;
        let by_agent =
            report.turns.iter().filter(|turn| turn.to == Party::Agent).filter_map(|turn| turn.reply.as_deref());
        let heard: Vec<&str> = report.greeting.as_deref().into_iter().chain(by_agent).collect();
        let answered = report.transfer_status == Some(200);
        Happened {
            heard: heard.join(" "),
            reached: report.transferred_to.as_deref().filter(|_| answered).and_then(user_part).map(str::to_owned),
            requests,
            asked_back: self.asked_back,
            duration: self.duration(),
            failure: report.failure,
        }
    }
}
