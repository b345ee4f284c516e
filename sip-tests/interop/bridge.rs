//! The agent joins two telephones: PJSUA2 calls, baresip is the operator. Levels are measured in what each has recorded.

use std::f64::consts::{SQRT_2, TAU};
use std::future::pending;
use std::path::Path;
use std::time::Duration;

use allo_mairie::audio::Codec;
use allo_mairie::call::Outcome;
use allo_mairie::config::TransferMethod;
use tokio::time::timeout;

use crate::agent::Agent;
use crate::peers::baresip::Baresip;
use crate::peers::can_run;
use crate::peers::pjsua::Pjsua;

/// What the caller says, and the operator: frequency in Hz and level in dBFS.
const CALLER: (f64, f64) = (1_000.0, -16.0);
const OPERATOR: (f64, f64) = (600.0, -22.0);
/// The agent's voice in these tests.
const VOICE: f64 = 440.0;

fn tone((frequency, dbfs): (f64, f64), seconds: f64) -> i16 {
    let peak = 32_768.0 * 10f64.powf(dbfs / 20.0) * SQRT_2;
    (peak * (TAU * frequency * seconds).sin()).round() as i16
}

/// Level of one frequency, dBFS.
fn level(samples: &[i16], frequency: f64) -> f64 {
    let (mut re, mut im) = (0.0, 0.0);
    for (n, sample) in samples.iter().enumerate() {
        let angle = TAU * frequency * n as f64 / 8_000.0;
        re += f64::from(*sample) * angle.cos();
        im += f64::from(*sample) * angle.sin();
    }
    20.0 * (SQRT_2 * re.hypot(im) / samples.len() as f64 / 32_768.0).max(1e-9).log10()
}

/// The loudest any 400 ms of it are at that frequency.
fn loudest(samples: &[i16], frequency: f64) -> f64 {
    samples.chunks_exact(3_200).map(|part| level(part, frequency)).fold(f64::MIN, f64::max)
}

fn write(path: &Path) {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 8_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut wav = hound::WavWriter::create(path, spec).expect("a WAV file");
    (0..8_000).for_each(|n| wav.write_sample(tone(CALLER, f64::from(n) / 8_000.0)).expect("a sample"));
    wav.finalize().expect("a WAV file");
}

async fn listen(seconds: u64) {
    let _ = timeout(Duration::from_secs(seconds), pending::<()>()).await;
}

/// Caller and operator talk for a while with this codec at the operator's: what each has heard, the last 2.5 s of it.
async fn talk(codec: &str, agents: &[Codec]) {
    let folder = tempfile::tempdir().expect("a folder");
    let (said, heard) = (folder.path().join("said.wav"), folder.path().join("heard.wav"));
    write(&said);
    let mut operator = Baresip::start_saying(true, |seconds| tone(OPERATOR, seconds), codec).await;
    let target = format!("sip:{{poste}}@{}", operator.address).parse().expect("a target");
    let mut agent = Agent::start_with(|settings| {
        settings.transfer_method = TransferMethod::Bridge;
        settings.transfer_target = target;
        settings.codecs = agents.to_vec();
    })
    .await;
    let options = [format!("play={}", said.display()), format!("record={}", heard.display())];
    let mut caller = Pjsua::start(&options.each_ref().map(String::as_str)).await;
    caller.tell(&format!("call {}", agent.uri()));
    caller.line("state 0 CONFIRMED 200").await;
    caller.tell("dtmf 0 0");
    operator.event("CALL_ESTABLISHED").await;
    listen(8).await;
    caller.tell("close");
    caller.line("closed").await;
    caller.tell("hangup 0");
    operator.event("CALL_CLOSED").await;
    let record = agent.record().await;
    assert_eq!(record.outcome, Outcome::Transferred);
    let at_operator = operator.heard();
    // PJSUA2 completes its file a moment after it is told to.
    let recorded = || hound::WavReader::open(&heard).ok().filter(|reader| reader.duration() > 0);
    while recorded().is_none() {
        listen(1).await;
    }
    let mut reader = recorded().expect("a recording");
    let rate = reader.spec().sample_rate as usize;
    let all: Vec<i16> = reader.samples().map(|sample| sample.expect("a sample")).collect();
    let at_caller: Vec<i16> = all.iter().step_by(rate / 8_000).copied().collect();
    for (what, samples, (frequency, said)) in [("operator", &at_operator, CALLER), ("caller", &at_caller, OPERATOR)] {
        let end = samples.len().saturating_sub(4_000);
        let heard = level(&samples[end.saturating_sub(20_000)..end], frequency);
        println!("{codec}: {heard:.2} dBFS of {said} at the {what}'s");
        assert!((heard - said).abs() < 0.5, "{codec}, {what}: {heard:.2} dBFS of {said}");
    }
    // The operator has heard the agent's voice, before they were joined.
    assert!(loudest(&at_operator, VOICE) > -35.0, "no briefing: {:.1} dBFS", loudest(&at_operator, VOICE));
    // The caller only what was said to it, before: not in the last 9 s.
    let last = &at_caller[at_caller.len().saturating_sub(8 * 8_000)..];
    let spoken = last.chunks_exact(3_200).filter(|part| level(part, VOICE) > -25.0).count();
    assert_eq!(spoken, 0, "the caller hears the briefing");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_telephones_hear_each_other_with_the_same_codec() {
    if can_run(&["python:pjsua2", "baresip"]) {
        talk("pcmu/8000/1", &[Codec::Pcmu]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_telephones_hear_each_other_in_another_codec() {
    if can_run(&["python:pjsua2", "baresip"]) {
        talk("g722/16000/1", &[Codec::Pcmu, Codec::G722]).await;
    }
}
