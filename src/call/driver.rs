//! Drives one call: a short loop between its lines (one a leg), its RTP socket, the engines and the [`Machine`].
//!
//! The call is woken on its tick of 20 ms: then it takes the packets that have come, and sends one. The machine makes
//! nothing of a packet before its tick, so that a wake-up for each arrival would gain no time; and nothing is sent ahead, so
//! that what the machine takes back (barge-in) is not on the way already.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

use jiff::tz::TimeZone;
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};
use tracing::{info, warn};

use super::bridge::Party;
use super::lines::Lines;
use super::machine::{Input, JobId, LegId, Machine, Output, SentenceId, Settings};
use super::record::Record;
use crate::audio::Sound;
use crate::capture::Tap;
use crate::dialogue::{Context, Dialogue, Request, Understood};
use crate::dialplan::Dialplan;
use crate::net::{CallLine, Received, RtpSocket, Seat, SipHandle, local_address_towards, local_time, now};
use crate::rtp::srtp::KeySource;
use crate::sip::{Command, Event};
use crate::speech::speaker::{Clauses, Speaker};
use crate::speech::worker::{Claim, RecogniserPool};
use crate::speech::{Pace, SpeechError, Transcript, Utterance};

/// Larger than any RTP packet of telephone audio; longer datagrams are cut and fail to parse.
const PACKET_BYTES: usize = 2_048;
/// Packets taken in one tick: four times what the fastest sender of telephone audio sends (5 ms a packet). A flood stays in
/// the socket, whose buffer drops it, and costs other calls nothing.
const PACKETS_A_TICK: usize = 16;
/// RTCP is looked for in every so many ticks (160 ms), and so many datagrams are taken then: a far end sends one in seconds, and
/// the kernel says when it came.
const TICKS_A_REPORT: u32 = 8;
const REPORTS_AT_ONCE: usize = 4;

/// What every call shares.
pub struct Services {
    pub plan: Arc<Dialplan>,
    pub settings: Arc<Settings>,
    /// Makes the conversation of a new call.
    pub dialogue: Box<dyn Fn() -> Dialogue + Send + Sync>,
    pub recognisers: RecogniserPool,
    pub speaker: Speaker,
    /// Language and text of the sentences that hold nothing of a caller: what may be kept once spoken.
    pub fixed: HashSet<(String, String)>,
    pub rtp: RtpAddresses,
    pub zone: TimeZone,
    /// Takes the caller's requests; never blocks.
    pub save: Box<dyn Fn(Request) + Send + Sync>,
}

/// Where calls receive their audio.
#[derive(Debug, Clone)]
pub struct RtpAddresses {
    /// One an address family.
    pub addresses: Vec<RtpAddress>,
    pub ports: RangeInclusive<u16>,
}

/// Where calls of one address family receive their audio.
#[derive(Debug, Clone, Copy)]
pub struct RtpAddress {
    pub listen: IpAddr,
    /// The address told to peers; without one, the local address on the route to the peer.
    pub advertised: Option<IpAddr>,
}

impl RtpAddresses {
    /// For a call from there: of its address family.
    fn towards(&self, source: SocketAddr) -> RtpAddress {
        let any: IpAddr = match source {
            SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        let found = self.addresses.iter().find(|address| address.listen.is_ipv6() == source.is_ipv6());
        found.copied().unwrap_or(RtpAddress { listen: any, advertised: None })
    }
}

enum Done {
    Recognised(JobId, Result<Heard, SpeechError>),
    Spoken(SentenceId, Result<Sound, SpeechError>),
    /// A clause, and what is left of the sentence.
    Clause(SentenceId, Sound, Clauses),
}

/// The words, and what the dialogue will take them for.
type Heard = (Transcript, Option<Understood>);

/// The next clause of a sentence.
async fn next_clause(sentence: SentenceId, clauses: Clauses) -> Done {
    match clauses.next().await {
        (Ok(sound), Some(left)) => Done::Clause(sentence, sound, left),
        (outcome, _) => Done::Spoken(sentence, outcome),
    }
}

/// Runs one incoming call to its end and returns its record; `None` when it ended before it began. `sip` places the calls
/// it asks for.
pub async fn run(
    mut line: CallLine,
    sip: SipHandle,
    services: Arc<Services>,
    mut seat: Seat,
    seed: u64,
    mut stop: watch::Receiver<bool>,
) -> Option<Record> {
    let first = line.event().await?;
    let Event::Incoming { source, .. } = first else { return None };
    let RtpAddress { listen, advertised } = services.rtp.towards(source);
    let tap = sip.tap().clone();
    let rtp = match RtpSocket::bind(listen, services.rtp.ports.clone()) {
        Ok(rtp) => rtp.tapped(tap.clone()),
        Err(error) => {
            warn!(%error, "call refused: no RTP port");
            line.command(Command::Reject { status: 503 }).await;
            while line.event().await.is_some() {}
            return None;
        }
    };
    let ip = advertised.unwrap_or_else(|| match rtp.local_address().ip() {
        ip if ip.is_unspecified() => local_address_towards(source),
        ip => ip,
    });
    let media = SocketAddr::new(ip, rtp.local_address().port());
    let lines = Lines::new(sip, LegId::FIRST, line);
    let mut call = Call {
        lines,
        rtp,
        operator_rtp: None,
        listen,
        ip,
        tap,
        services,
        work: JoinSet::new(),
        jobs: HashMap::new(),
        latest: now(),
        ticks: 0,
        finished: None,
    };
    let services = &call.services;
    let by_keys = !services.recognisers.can_hear_more();
    let mut machine = Machine::new(
        services.settings.clone(),
        services.plan.clone(),
        (services.dialogue)(),
        media,
        seed,
        now(),
        local_time(&services.zone).datetime(),
    )
    .on_grid(seat.phase())
    .by_keys(by_keys)
    .with_keys(KeySource::new(rand::random()));
    machine.handle_input(call.now(), Input::Sip { leg: LegId::FIRST, event: first });
    let mut stopping = pin!(async move { stop.wait_for(|stop| *stop).await.is_ok() });
    let mut told = false;
    loop {
        call.drain(&mut machine).await;
        if machine.is_over() {
            return call.finished;
        }
        tokio::select! {
            biased;
            () = seat.tick() => call.tick(&mut machine),
            (leg, event) = call.lines.event() => machine.handle_input(call.now(), Input::Sip { leg, event }),
            Some(done) = call.work.join_next() => match done {
                Ok(Done::Recognised(job, outcome)) => call.recognised(&mut machine, job, outcome),
                Ok(Done::Spoken(sentence, outcome)) => {
                    machine.handle_input(call.now(), Input::Spoken { sentence, outcome });
                }
                Ok(Done::Clause(sentence, sound, left)) => {
                    call.work.spawn(next_clause(sentence, left));
                    machine.handle_input(call.now(), Input::Clause { sentence, sound });
                }
                // Abandoned on purpose.
                Err(_) => {}
            },
            stopping = &mut stopping, if !told => {
                told = true;
                if stopping {
                    info!("the service stops: the caller is told");
                    machine.handle_input(call.now(), Input::Stop);
                }
            }
        }
    }
}

/// A recognition the machine has asked for.
struct Recognition {
    utterance: Utterance,
    context: Context,
    /// `None`: there was no room, as long as nobody waits for it.
    queued: Option<(AbortHandle, Claim)>,
    /// The caller waits for it.
    is_live: bool,
    /// It was queued as such.
    was_live: bool,
}

/// The edges of one call.
struct Call {
    lines: Lines,
    rtp: RtpSocket,
    /// Of the operator whom the agent calls itself.
    operator_rtp: Option<RtpSocket>,
    /// Where ports are opened, and the address peers are told.
    listen: IpAddr,
    ip: IpAddr,
    /// Sees the packets of all its sockets.
    tap: Tap,
    services: Arc<Services>,
    /// Recognitions and syntheses under way. Dropping one abandons it.
    work: JoinSet<Done>,
    jobs: HashMap<JobId, Recognition>,
    /// The machine's time, which does not go back.
    latest: Instant,
    ticks: u32,
    finished: Option<Record>,
}

impl Call {
    /// Whatever came since the last tick, at the time it came, then the tick itself.
    fn tick(&mut self, machine: &mut Machine) {
        let mut buffer = [0; PACKET_BYTES];
        self.ticks = self.ticks.wrapping_add(1);
        for party in [Party::Caller, Party::Operator] {
            let Some(socket) = self.socket(party) else { continue };
            for _ in 0..PACKETS_A_TICK {
                let Some(Received { length, source, at }) = socket.take(&mut buffer) else { break };
                machine.handle_input(at.max(self.latest), Input::Rtp { party, source, packet: &buffer[..length] });
            }
            let reports = if self.ticks.is_multiple_of(TICKS_A_REPORT) { REPORTS_AT_ONCE } else { 0 };
            for _ in 0..reports {
                let Some(Received { length, source, at }) = socket.take_rtcp(&mut buffer) else { break };
                let input = Input::Rtcp { party, source, packet: &buffer[..length], arrived: at };
                machine.handle_input(at.max(self.latest), input);
            }
        }
        machine.handle_input(self.now(), Input::Timeout);
    }

    fn socket(&self, party: Party) -> Option<&RtpSocket> {
        match party {
            Party::Caller => Some(&self.rtp),
            Party::Operator => self.operator_rtp.as_ref(),
        }
    }

    fn now(&mut self) -> Instant {
        self.latest = now();
        self.latest
    }

    async fn drain(&mut self, machine: &mut Machine) {
        while let Some(output) = machine.poll_output() {
            match output {
                Output::Sip { leg, command } => self.lines.command(leg, command).await,
                Output::Dial { leg, dial } => self.lines.dial(leg, dial).await,
                Output::Open => {
                    let opened = RtpSocket::bind(self.listen, self.services.rtp.ports.clone());
                    if let Err(error) = &opened {
                        warn!(%error, "the operator can't be called: no RTP port");
                    }
                    self.operator_rtp = opened.ok().map(|socket| socket.tapped(self.tap.clone()));
                    let port = self.operator_rtp.as_ref().map(|socket| socket.local_address().port());
                    let address = port.map(|port| SocketAddr::new(self.ip, port));
                    machine.handle_input(self.now(), Input::Opened { address });
                }
                Output::Close => self.operator_rtp = None,
                Output::Rtp { party, destination, packet } => {
                    if let Some(socket) = self.socket(party) {
                        socket.send(destination, &packet);
                    }
                }
                Output::Rtcp { party, destination, packet } => {
                    if let Some(socket) = self.socket(party) {
                        socket.send_rtcp(destination, &packet);
                    }
                }
                Output::Recognise { job, utterance, context } => {
                    let recognition = Recognition { utterance, context, queued: None, is_live: false, was_live: false };
                    self.jobs.insert(job, recognition);
                    self.recognise(machine, job);
                }
                Output::Hasten { job } => self.hasten(machine, job),
                Output::Abandon { job } => {
                    if let Some(Recognition { queued: Some((handle, _)), .. }) = self.jobs.remove(&job) {
                        handle.abort();
                    }
                }
                Output::Speak { sentence, language, text, pace, rate } => {
                    if let Some(outcome) = self.speak(sentence, language, text, pace, rate) {
                        machine.handle_input(self.now(), Input::Spoken { sentence, outcome });
                    }
                }
                Output::Save(request) => (self.services.save)(request),
                Output::Finished(record) => self.finished = Some(record),
            }
        }
    }

    /// Queues a recognition. Without room, one that nobody waits for yet is put off until then.
    fn recognise(&mut self, machine: &mut Machine, job: JobId) {
        let Some(recognition) = self.jobs.get_mut(&job) else { return };
        let (utterance, context) = (recognition.utterance.clone(), recognition.context.clone());
        recognition.was_live = recognition.is_live;
        let understand = move |transcript: Transcript| {
            let understood = context.understand(&transcript.text, transcript.language.as_deref());
            (transcript, understood)
        };
        match self.services.recognisers.submit_then(utterance, recognition.is_live, understand) {
            Ok(ticket) => {
                let claim = ticket.claim();
                let handle = self.work.spawn(async move { Done::Recognised(job, ticket.await) });
                recognition.queued = Some((handle, claim));
            }
            Err(error) => self.recognised(machine, job, Err(error)),
        }
    }

    fn recognised(&mut self, machine: &mut Machine, job: JobId, outcome: Result<Heard, SpeechError>) {
        if let (Some(recognition), Err(SpeechError::Busy { .. })) = (self.jobs.get_mut(&job), &outcome)
            && !recognition.was_live
        {
            recognition.queued = None;
            // The turn may have ended while the refusal was on its way.
            if recognition.is_live {
                self.recognise(machine, job);
            }
            return;
        }
        self.jobs.remove(&job);
        let (outcome, understood) = match outcome {
            Ok((transcript, understood)) => (Ok(transcript), understood),
            Err(error) => (Err(error), None),
        };
        machine.handle_input(self.now(), Input::Recognised { job, outcome, understood });
    }

    /// The caller waits for it from now on.
    fn hasten(&mut self, machine: &mut Machine, job: JobId) {
        let Some(recognition) = self.jobs.get_mut(&job) else { return };
        recognition.is_live = true;
        match &recognition.queued {
            Some((_, claim)) => self.services.recognisers.hasten(claim),
            None => self.recognise(machine, job),
        }
    }

    /// The sentence's audio if it is in memory or can't be had; else it comes as [`Done::Spoken`].
    fn speak(
        &mut self,
        sentence: SentenceId,
        language: String,
        text: String,
        pace: Pace,
        rate: u32,
    ) -> Option<Result<Sound, SpeechError>> {
        let Services { speaker, fixed, .. } = &*self.services;
        if let Some(sound) = speaker.cached(&language, &text, pace, rate) {
            return Some(Ok(sound));
        }
        let said = (language, text);
        let kept = fixed.contains(&said);
        let (language, text) = said;
        let begun = match kept {
            true => speaker.speak(&language, &text, pace, rate).map(|ticket| {
                self.work.spawn(async move { Done::Spoken(sentence, ticket.await) });
            }),
            false => speaker.speak_by_clauses(&language, &text, pace, rate).map(|clauses| {
                self.work.spawn(next_clause(sentence, clauses));
            }),
        };
        begun.err().map(Err)
    }
}
