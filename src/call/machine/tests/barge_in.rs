//! How soon a prompt gives way, with recorded speech as the interruption.

use std::time::Duration;

use super::kit::{CodedVoice, LOUD};
use super::rig::Rig;
use super::scenarios::CONVERSATION;
use crate::audio::{Codec, FRAME_SAMPLES, LINE_RATE, Sound, g711, level, wav};
use crate::testing::shared_data;

/// Of the recording, from a bit before its first word.
const BEFORE: usize = 2_400;
const LENGTH: usize = 12_000;
/// The town hall is in the middle of its second sentence.
const INTO_THE_PROMPT: Duration = Duration::from_millis(2_500);
/// Longer than a clause's pause.
const SILENT: Duration = Duration::from_millis(300);

/// First sample of the speech by level alone: the first of 20 ms within 20 dB of the clip's active level, so that neither
/// breath nor hiss counts, nor anything our own detector says.
fn onset(samples: &[i16]) -> Option<usize> {
    let threshold = level::active_level_dbfs(samples, LINE_RATE) - 20.0;
    let is_loud = |at: &usize| {
        let part = |from: usize| samples.get(from..from + 80).map_or(-96.0, level::rms_dbfs);
        part(*at) >= threshold && part(at + 80) >= threshold
    };
    (0..samples.len() / 80).map(|n| n * 80).find(is_loud)
}

/// Milliseconds from the onset until the prompt is lowered and until its last sound, the network left out.
fn gives_way(clip: &[i16], offset: usize) -> (Option<i64>, Option<i64>) {
    let onset = onset(clip).expect("speech");
    let start = onset.saturating_sub(BEFORE);
    let sound = &clip[start..clip.len().min(start + LENGTH)];
    let mut rig = Rig::dial_town(CONVERSATION.clone());
    rig.coded = Some(CodedVoice::default());
    rig.run(INTO_THE_PROMPT);
    // At any place within a packet.
    rig.handset.mouth.extend(vec![0; offset]);
    rig.handset.mouth.extend(sound);
    let ear = rig.handset.next_deadline().expect("a call") - Duration::from_millis(20);
    let speech = ear + Duration::from_micros(125) * u32::try_from(offset + onset - start).expect("short");
    let heard = speech + rig.latency;
    let from = rig.track.len();
    rig.run(Duration::from_millis(2_500));
    let ms = |at: std::time::Instant| match at.checked_duration_since(heard) {
        Some(after) => i64::try_from(after.as_millis()).expect("short"),
        None => -i64::try_from((heard - at).as_millis()).expect("short"),
    };
    let end = Duration::from_millis(20);
    let frames = &rig.track[from..];
    let lowered = frames.iter().find(|frame| frame.is_audible() && frame.level < LOUD / 2);
    let silent = frames.iter().enumerate().find(|(n, frame)| {
        let mut after = frames[n + 1..].iter().take_while(|next| next.at <= frame.at + SILENT);
        frame.is_audible() && after.all(|next| !next.is_audible())
    });
    (lowered.map(|frame| ms(frame.at + end)), silent.map(|(_, frame)| ms(frame.at + end)))
}

/// Every so many of the recordings, at the line's rate; `None` where there are none.
fn clips(step: usize) -> Option<Vec<Vec<i16>>> {
    let table = String::from_utf8(shared_data("speech/transcripts.tsv")?).expect("a table");
    let names = table.lines().skip(1).filter_map(|line| line.split('\t').next()).filter(|name| name.ends_with(".wav"));
    let read = |name: &str| {
        let clip = wav::read(&shared_data(&format!("speech/{name}")).expect("the clip")).expect("a clip");
        Sound::new(clip.samples, clip.rate).at(LINE_RATE).expect("a rate").samples.to_vec()
    };
    Some(names.step_by(step).map(read).collect())
}

#[test]
fn a_prompt_gives_way_to_recorded_speech_at_once() {
    let Some(clips) = clips(2) else { return };
    let (mut lowered, mut silent, mut never) = (Vec::new(), Vec::new(), 0);
    for (n, clip) in clips.iter().enumerate() {
        let (lower, silence) = gives_way(clip, n * 37 % 160);
        lowered.extend(lower);
        silent.extend(silence);
        never += usize::from(silence.is_none());
    }
    let print = |what: &str, times: &mut Vec<i64>| {
        times.sort_unstable();
        let at = |share: usize| times[(times.len() - 1) * share / 100];
        println!(
            "{what}: {} clips, ms: least {}, p10 {}, p50 {}, p90 {}, p95 {}, most {}",
            times.len(),
            at(0),
            at(10),
            at(50),
            at(90),
            at(95),
            at(100)
        );
        (at(50), at(90))
    };
    let (lower, _) = print("lowered", &mut lowered);
    let (half, most) = print("silent", &mut silent);
    println!("never: {never}");
    assert_eq!(never, 0, "every one of them is heard");
    assert!(lower <= 90 && half <= 150 && most <= 250, "lowered {lower} ms, silent {half} and {most} ms");
}

/// What comes back of our own voice is no reason to be quieter: frames of recorded speech said to a line with this echo, and
/// how many of them were lowered or left out.
fn disturbed_by_echo(clip: &[i16], echo: f32) -> (usize, usize) {
    let sound = Sound::new(clip, LINE_RATE);
    let mut rig = Rig::dial_town(CONVERSATION.clone());
    rig.handset.echo = echo;
    rig.voice = Some(sound.clone());
    rig.run(sound.duration() * 2 + Duration::from_secs(1));
    let line = g711::decode(Codec::Pcma, &g711::encode(Codec::Pcma, clip));
    let peak = |frame: &[i16]| frame.iter().map(|sample| sample.unsigned_abs()).max().unwrap_or(0);
    let once: Vec<u16> = line.chunks(FRAME_SAMPLES).map(peak).collect();
    // It is said for each sentence of the greeting, with a breath between.
    let said = [&once[..], &[0; 12], &once].concat();
    let sent: Vec<u16> = rig.track.iter().map(|frame| frame.peak).collect();
    let compared = |first: usize| {
        let pairs = said.iter().zip(&sent[first..]).filter(|(said, _)| **said > 500);
        pairs.fold((0, 0), |(all, same), (said, sent)| (all + 1, same + usize::from(said == sent)))
    };
    // The first frames are silence until the voice has answered.
    let (frames, same) = (0..10).map(compared).max_by_key(|(_, same)| *same).expect("ten");
    (frames, frames - same)
}

#[test]
fn our_own_recorded_voice_coming_back_hardly_disturbs_it() {
    let Some(clips) = clips(5) else { return };
    for echo in [0.25, 0.1] {
        let counts: Vec<(usize, usize)> = clips.iter().map(|clip| disturbed_by_echo(clip, echo)).collect();
        let (frames, disturbed) = counts.iter().fold((0, 0), |(all, some), (a, b)| (all + a, some + b));
        let calls = counts.iter().filter(|(_, disturbed)| *disturbed > 0).count();
        let permille = disturbed * 1_000 / frames;
        println!(
            "echo of {echo}: {frames} frames, {permille} ‰ of them lowered or late, in {calls} of {} calls",
            clips.len()
        );
        assert!(calls * 4 <= clips.len(), "echo of {echo}: in {calls} calls");
    }
}
