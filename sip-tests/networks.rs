//! Spoken calls from real telephones over a bad network: 5 % of packets lost in runs, up to 60 ms of jitter so that packets
//! overtake each other, some doubled, both ways. Each question has one right answer; the agent's own record says which it
//! gave, and the caller's recording what could be heard of it.

use std::time::Duration;

use allo_mairie::audio::Codec;
use allo_mairie::simulate::likeness;
use serde_json::Value;

use crate::support::agent::Agent;
use crate::support::baresip::Baresip;
use crate::support::caller::{Caller, QUESTIONS, Question, Reply, Terms, YES, ask, spoken};
use crate::support::network::{Done, Network};
use crate::support::pjsua::Pjsua;
use crate::support::relay::{AGENT, Relay};
use crate::support::{can_run, free_port};

/// Of the agent; the odd ones are RTCP's.
const RTP: std::ops::RangeInclusive<u16> = 25_400..=25_415;
const ENDED: Duration = Duration::from_secs(20);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Peer {
    Baresip,
    Pjsua,
}

impl Peer {
    const ALL: [Peer; 2] = [Peer::Baresip, Peer::Pjsua];

    fn can_run(self) -> bool {
        can_run(&[match self {
            Peer::Baresip => "baresip",
            Peer::Pjsua => "python:pjsua2",
        }])
    }
}

/// What came of a call.
struct Outcome {
    asked: &'static [Question],
    /// The closing line of the agent.
    ended: Value,
    replies: Vec<Reply>,
    /// What the agent understood, early tries among it.
    recognised: Vec<String>,
    to_agent: Done,
    to_telephone: Done,
}

impl Outcome {
    /// Answered with the right topic, by the record.
    fn answered(&self) -> usize {
        let topics: Vec<&str> = self.ended["topics"].as_str().unwrap_or_default().split(',').collect();
        self.asked.iter().filter(|question| topics.contains(&question.topic)).count()
    }

    /// Answers of which the caller could hear what it was.
    fn understood(&self) -> usize {
        let told = |(question, reply): &(&Question, &Reply)| likeness::holds(&reply.text, question.pieces);
        self.asked.iter().zip(&self.replies).filter(told).count()
    }

    /// Questions that were answered only after "J'ai compris : … C'est bien cela ?".
    fn asked_back(&self) -> usize {
        self.replies.iter().filter(|reply| reply.asked_back).count()
    }

    fn number(&self, field: &str) -> f64 {
        self.ended[field].as_f64().unwrap_or(f64::NAN)
    }

    fn lost_percent(&self) -> f64 {
        let (lost, received) = (self.number("packets_lost"), self.number("packets_received"));
        100.0 * lost / (lost + received)
    }

    /// Of the packets that the telephone really sent. G.722's RTP clock is 8 kHz, too (RFC 3551 §4.5.2).
    fn packet_ms(&self) -> u32 {
        self.to_agent.packet_ticks / 8
    }

    fn is_right(&self) -> bool {
        self.answered() == self.asked.len() && self.understood() == self.asked.len()
    }

    /// For who looks for the reason.
    fn account(&self) -> String {
        format!(
            "{}\nthe agent: {:#?}\nthe caller: {:#?}\nto the agent: {:?}\nback: {:?}",
            self.ended, self.recognised, self.replies, self.to_agent, self.to_telephone
        )
    }
}

fn agent() -> Agent {
    let rtp = format!(
        "ports = \"{}-{}\"\ncodecs = [\"G722\", \"PCMA\", \"PCMU\"]\nsrtp_without_tls = true",
        RTP.start(),
        RTP.end()
    );
    Agent::start_with(free_port(), &format!("advertised = \"{AGENT}\"\nmax_calls = 4"), &rtp)
}

fn call(
    agent: &mut Agent,
    peer: Peer,
    terms: &Terms,
    asked: &'static [Question],
    network: Network,
    seed: u64,
) -> Outcome {
    let rate = terms.codec.sample_rate();
    for text in asked.iter().map(|question| question.text).chain([YES]) {
        // Spoken beforehand: the agent does not wait.
        spoken(text, rate);
    }
    let relay = Relay::start(RTP, agent.address.port(), network, seed);
    let mut telephone: Box<dyn Caller> = match peer {
        Peer::Baresip => Box::new(Baresip::call_silently(agent, Some(&relay), terms)),
        Peer::Pjsua => Box::new(Pjsua::call(agent, Some(&relay), terms)),
    };
    let replies = ask(telephone.as_mut(), asked, rate, agent.directory());
    let ended = agent.call_ended(ENDED);
    let recognised = agent.recognised();
    // Only now: it may have to send its BYE again.
    drop(telephone);
    let (to_agent, to_telephone) = relay.done();
    drop(relay);
    Outcome { asked, ended, replies, recognised, to_agent, to_telephone }
}

/// The short form of [`every_telephone_codec_and_packet_length`]: a question by each telephone.
#[test]
fn a_question_is_understood_and_its_answer_heard_over_a_bad_network() {
    let peers: Vec<Peer> = Peer::ALL.into_iter().filter(|peer| peer.can_run()).collect();
    if peers.is_empty() {
        return;
    }
    let mut agent = agent();
    for (peer, terms, asked) in [
        (Peer::Baresip, Terms::default(), &QUESTIONS[..1]),
        (Peer::Pjsua, Terms { codec: Codec::Pcmu, packet_ms: 30, ..Terms::default() }, &QUESTIONS[1..2]),
    ] {
        if !peers.contains(&peer) {
            continue;
        }
        let outcome = call(&mut agent, peer, &terms, asked, Network::BAD, 1);
        println!("{}", row(peer, &terms, &outcome));
        assert!(outcome.is_right(), "{peer:?}: {}", outcome.account());
        assert_eq!(outcome.ended["outcome"], "caller_hung_up", "{}", outcome.account());
        assert_eq!(outcome.ended["not_understood"], 0, "{}", outcome.account());
        assert_eq!(outcome.packet_ms(), terms.packet_ms, "{}", outcome.account());
        // The agent counts what the network did, but for packets lost at the end of the call.
        let injected = outcome.to_agent.lost;
        let told = outcome.number("packets_lost");
        assert!(injected > 0 && (injected as f64 - told).abs() <= 5.0, "{}", outcome.account());
        assert!(outcome.to_telephone.lost > 0 && outcome.to_agent.overtaken > 0, "{}", outcome.account());
    }
    assert!(agent.stop().is_empty());
}

/// `make bench-networks`: the full matrix, as a Markdown table. `CALLS` bounds it.
#[test]
#[ignore = "takes most of an hour: make bench-networks"]
fn every_telephone_codec_and_packet_length() {
    let peers: Vec<Peer> = Peer::ALL.into_iter().filter(|peer| peer.can_run()).collect();
    let calls = std::env::var("CALLS").ok().and_then(|calls| calls.parse().ok()).unwrap_or(usize::MAX);
    let mut agent = agent();
    println!("{HEADER}");
    let mut wrong = Vec::new();
    let mut count = 0;
    for (n, terms) in matrix().into_iter().enumerate() {
        for &peer in &peers {
            if count >= calls {
                continue;
            }
            count += 1;
            let outcome = call(&mut agent, peer, &terms, &QUESTIONS, Network::BAD, n as u64);
            println!("{}", row(peer, &terms, &outcome));
            if !outcome.is_right() {
                // At once: the run may be ended before its end.
                let account = format!("{peer:?}, {terms:?}: {}", outcome.account());
                eprintln!("{account}");
                wrong.push(account);
            }
        }
    }
    println!("\n{count} appels à la suite, {} sans aucune faute.", count - wrong.len());
    assert!(count > 0, "no telephone is installed");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(agent.stop().is_empty());
}

/// In an order that has all codecs, packet lengths and both securities among the first.
fn matrix() -> Vec<Terms> {
    let mut all = Vec::new();
    for pass in 0..2 {
        for (place, packet_ms) in [20, 30, 60, 10].into_iter().enumerate() {
            for (number, codec) in [Codec::Pcma, Codec::Pcmu, Codec::G722].into_iter().enumerate() {
                all.push(Terms { codec, packet_ms, encrypted: (place + number + pass) % 2 == 1, ..Terms::default() });
            }
        }
    }
    all
}

const HEADER: &str = "\
| téléphone | codec | ms par paquet, demandés / vus | chiffré | questions | redemandées | bonnes réponses, d'après le journal | entendues | \
perte injectée / vue par l'agent, % | gigue injectée / vue, ms | doublés | dépassés | en retard, ‰ | dissimulé, ‰ | MOS | \
perte injectée au retour, % |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|";

fn row(peer: Peer, terms: &Terms, outcome: &Outcome) -> String {
    let (there, back) = (outcome.to_agent, outcome.to_telephone);
    let seen_ms = outcome.packet_ms();
    format!(
        "| {peer:?} | {} | {} / {seen_ms} | {} | {} | {} | {} | {} | {:.1} / {:.1} | {:.0} / {:.0} | {} | {} | {} | {} | {:.1} | {:.1} |",
        terms.codec.name(),
        terms.packet_ms,
        if terms.encrypted { "oui" } else { "non" },
        outcome.asked.len(),
        outcome.asked_back(),
        outcome.answered(),
        outcome.understood(),
        there.lost_percent(),
        outcome.lost_percent(),
        there.jitter_ms(),
        outcome.number("jitter_ms"),
        there.duplicated,
        there.overtaken,
        outcome.number("late_permille"),
        outcome.number("concealed_permille"),
        outcome.number("mos_tenths") / 10.0,
        back.lost_percent(),
    )
}
