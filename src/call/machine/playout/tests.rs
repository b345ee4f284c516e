use super::*;
use crate::audio::LINE_RATE;

fn sound(samples: Vec<i16>) -> Option<Sound> {
    Some(Sound::new(samples, LINE_RATE))
}

fn tone(frames: usize) -> Option<Sound> {
    sound(vec![1_000; frames * FRAME_SAMPLES])
}

/// Sends `ticks` frames, each heard as it is sent; how many had sound.
fn speech_frames(playout: &mut Playout, ticks: usize) -> usize {
    speech_frames_late(playout, ticks, 0)
}

/// As above, heard so many frames after they were sent.
fn speech_frames_late(playout: &mut Playout, ticks: usize, late: u64) -> usize {
    let frame = |_: &usize| {
        let slot = playout.next_frame();
        playout.note_unheard(late);
        slot != Slot::Silence
    };
    (0..ticks).filter(frame).count()
}

fn fade(slot: Slot) -> [i16; FRAME_SAMPLES] {
    let Slot::Line(fade) = slot else { panic!("a fading frame") };
    fade
}

#[test]
fn sentences_follow_each_other_with_a_breath() {
    let mut playout = Playout::default();
    let first = playout.push_sentence(true, false);
    let second = playout.push_sentence(true, false);
    playout.push_then(Then::HangUp);
    playout.supply(second, tone(2));
    assert_eq!(speech_frames(&mut playout, 5), 0, "the second sentence waits for the first");
    playout.supply(first, tone(3));
    assert_eq!(speech_frames(&mut playout, 3), 3);
    assert_eq!(speech_frames(&mut playout, GAP_FRAMES as usize), 0);
    assert_eq!(playout.take_then(|_| true), None, "not before all has been heard");
    assert!(!playout.take_ran_dry());
    assert_eq!(speech_frames(&mut playout, 2), 2);
    assert!(playout.take_ran_dry());
    assert!(!playout.take_ran_dry());
    assert_eq!(playout.take_then(|_| true), Some(Then::HangUp));
}

#[test]
fn a_cut_tells_what_was_heard_and_fades() {
    let mut playout = Playout::default();
    let first = playout.push_sentence(true, false);
    let second = playout.push_sentence(true, false);
    playout.push_then(Then::HangUp);
    playout.supply(first, tone(1));
    playout.supply(second, tone(50));
    speech_frames(&mut playout, 1 + GAP_FRAMES as usize + 10);
    assert_eq!(playout.cut(), Some(1));
    let fade = fade(playout.next_frame());
    assert_eq!(fade[0], 1_000);
    assert!(fade[FRAME_SAMPLES - 1] < 10);
    assert_eq!(playout.next_frame(), Slot::Silence);
    assert_eq!(playout.take_then(|_| true), None, "what was to follow is dropped too");
    assert_eq!(playout.cut(), None);
}

#[test]
fn a_paused_prompt_resumes_at_its_clause() {
    let mut samples = vec![1_000; 10 * FRAME_SAMPLES];
    samples[3 * FRAME_SAMPLES..5 * FRAME_SAMPLES].fill(0);
    let mut playout = Playout::default();
    let id = playout.push_sentence(true, false);
    playout.supply(id, sound(samples));
    speech_frames(&mut playout, 8);
    playout.pause();
    assert!(playout.is_paused());
    assert!(fade(playout.next_frame())[FRAME_SAMPLES - 1] < 10);
    assert_eq!(playout.next_frame(), Slot::Silence, "and nothing after the fading frame");
    playout.resume();
    assert_eq!(speech_frames(&mut playout, 20), 5, "frames 5 to 9: the clause after the quiet");
}

/// Levels at the end of each of the next frames, of a tone of 1,000.
fn levels(playout: &mut Playout, ticks: usize) -> Vec<i16> {
    let level = |slot| match slot {
        Slot::Line(frame) => frame[FRAME_SAMPLES - 1] / 10 * 10,
        _ => 0,
    };
    (0..ticks).map(|_| level(playout.next_frame())).collect()
}

#[test]
fn a_prompt_gives_way_in_steps_and_goes_on_where_it_was() {
    let mut playout = Playout::default();
    let id = playout.push_sentence(true, false);
    playout.supply(id, tone(20));
    assert_eq!(levels(&mut playout, 2), [1_000, 1_000]);
    playout.lower();
    assert_eq!(levels(&mut playout, 3), [250, 250, 250]);
    playout.hold_back();
    assert!(playout.is_paused());
    assert_eq!(levels(&mut playout, 3), [0, 0, 0], "one fades out from the level it had");
    playout.let_go();
    assert!(!playout.is_paused());
    assert_eq!(levels(&mut playout, 3), [990, 1_000, 1_000], "rising, without a click");
    playout.note_unheard(0);
    assert_eq!(speech_frames(&mut playout, 99), 12, "of 20 frames 8 have been sent, none twice");
    assert!(playout.take_ran_dry());
}

#[test]
fn what_is_held_back_is_paused_when_words_come() {
    let mut samples = vec![1_000; 20 * FRAME_SAMPLES];
    samples[3 * FRAME_SAMPLES..4 * FRAME_SAMPLES].fill(0);
    let mut playout = Playout::default();
    let id = playout.push_sentence(true, false);
    playout.supply(id, sound(samples));
    speech_frames(&mut playout, 10);
    playout.hold_back();
    playout.pause();
    playout.let_go();
    assert!(playout.is_paused(), "no suspicion any more");
    speech_frames(&mut playout, 5);
    playout.resume();
    assert_eq!(speech_frames(&mut playout, 50), 16, "from frame 4, where the clause begins");
}

#[test]
fn what_was_on_its_way_when_held_back_is_not_sent_twice() {
    let mut playout = Playout::default();
    let (first, second) = (playout.push_sentence(true, false), playout.push_sentence(true, false));
    playout.supply(first, tone(4));
    playout.supply(second, tone(9));
    let before = 4 + GAP_FRAMES as usize + 3;
    assert_eq!(speech_frames_late(&mut playout, before, before as u64 - 2), 7);
    playout.hold_back();
    speech_frames_late(&mut playout, 4, 4);
    playout.let_go();
    assert_eq!(speech_frames_late(&mut playout, 40, 2), 6);
    assert!(playout.take_ran_dry() && playout.is_empty());
}

#[test]
fn prompts_that_cannot_be_cut_do_not_give_way() {
    let mut playout = Playout::default();
    let id = playout.push_sentence(false, false);
    playout.supply(id, tone(9));
    assert_eq!(levels(&mut playout, 1), [1_000]);
    playout.lower();
    playout.hold_back();
    assert_eq!(levels(&mut playout, 2), [1_000, 1_000]);
    assert!(!playout.is_paused());
}

#[test]
fn a_wait_is_covered_unless_the_answer_is_there() {
    let mut playout = Playout::default();
    let cover = playout.push_cover();
    let answer = playout.push_sentence(true, false);
    playout.supply(cover, tone(3));
    assert!(playout.is_audible() && !playout.is_empty());
    assert_eq!(speech_frames(&mut playout, 2), 2);
    playout.supply(answer, tone(5));
    assert_eq!(speech_frames(&mut playout, 1), 1, "it is said to its end");
    assert_eq!(speech_frames(&mut playout, GAP_FRAMES as usize), 0);
    assert_eq!(speech_frames(&mut playout, 9), 5);
    assert_eq!((playout.covers(), playout.cut()), (1, None), "no sentence of the answer's");

    let (cover, answer) = (playout.push_cover(), playout.push_sentence(true, false));
    playout.supply(answer, tone(5));
    playout.supply(cover, tone(3));
    assert_eq!(speech_frames(&mut playout, 9), 5);
    assert_eq!(playout.covers(), 1);

    let cover = playout.push_cover();
    playout.supply(cover, tone(30));
    assert_eq!(speech_frames(&mut playout, 2), 2);
    playout.lower();
    playout.hold_back();
    assert_eq!(levels(&mut playout, 1), [1_000], "a suspicion does not end it");
    playout.pause();
    let fade = fade(playout.next_frame());
    assert!(fade[0] == 1_000 && fade[FRAME_SAMPLES - 1] < 10);
    assert!(!playout.is_audible() && playout.is_empty() && !playout.is_paused());
    let answer = playout.push_sentence(true, false);
    playout.supply(answer, tone(2));
    assert_eq!(levels(&mut playout, 2), [1_000, 1_000], "what follows has its own level");
}

#[test]
fn a_gap_within_an_answer_is_counted() {
    let mut playout = Playout::default();
    let (first, second) = (playout.push_sentence(true, false), playout.push_sentence(true, true));
    speech_frames(&mut playout, 70);
    assert_eq!(playout.longest_gap(), 0, "before the first there is the wait for the answer");
    playout.supply(first, tone(4));
    speech_frames(&mut playout, 4 + GAP_FRAMES as usize + 30);
    assert_eq!(playout.longest_gap(), 30);
    assert!(!playout.has_asked());
    playout.supply(second, tone(4));
    speech_frames(&mut playout, 1);
    assert!(playout.has_asked());
    speech_frames(&mut playout, 9);
    assert_eq!(playout.longest_gap(), 30);
    assert!(!playout.has_asked(), "that question is over");
}

#[test]
fn what_is_on_its_way_is_not_heard_yet() {
    let mut playout = Playout::default();
    let only = playout.push_sentence(true, false);
    playout.push_then(Then::HangUp);
    playout.supply(only, tone(10));
    assert_eq!(speech_frames_late(&mut playout, 14, 5), 10);
    assert!(playout.is_audible() && playout.is_speaking() && !playout.take_ran_dry());
    assert_eq!(playout.take_then(|_| true), None);
    assert_eq!(speech_frames_late(&mut playout, 1, 5), 0);
    assert!(!playout.is_audible() && playout.take_ran_dry());
    assert_eq!(playout.take_then(|_| true), Some(Then::HangUp));
}

#[test]
fn what_was_on_its_way_at_a_pause_is_said_again() {
    let mut playout = Playout::default();
    let (first, second) = (playout.push_sentence(true, false), playout.push_sentence(true, false));
    let mut samples = vec![1_000; 10 * FRAME_SAMPLES];
    samples[3 * FRAME_SAMPLES..4 * FRAME_SAMPLES].fill(0);
    samples[8 * FRAME_SAMPLES..9 * FRAME_SAMPLES].fill(0);
    playout.supply(first, sound(samples));
    playout.supply(second, tone(5));
    // The first is sent whole, and three frames of the second after the breath; of all this, seven frames heard.
    let sent = 10 + GAP_FRAMES as usize + 3;
    assert_eq!(speech_frames_late(&mut playout, sent, sent as u64 - 7), 13);
    playout.pause();
    speech_frames_late(&mut playout, 2, 0);
    playout.resume();
    assert_eq!(speech_frames(&mut playout, 6), 6, "frames 4 to 9 of the first: the clause that frame 7 is in");
    assert_eq!(speech_frames(&mut playout, GAP_FRAMES as usize + 5), 5, "the second from its beginning");
    assert!(playout.take_ran_dry());
    // A cut by a key counts what was heard alone.
    let mut playout = Playout::default();
    let (first, second) = (playout.push_sentence(true, false), playout.push_sentence(true, false));
    playout.supply(first, tone(4));
    playout.supply(second, tone(5));
    speech_frames_late(&mut playout, 6, 3);
    assert_eq!(playout.cut(), Some(0));
}

#[test]
fn wide_band_sound_comes_in_wide_frames() {
    let mut playout = Playout::default();
    let id = playout.push_sentence(true, false);
    playout.supply(id, Some(Sound::new(vec![1_000; 2 * WIDE_FRAME_SAMPLES], WIDE_RATE)));
    assert_eq!(playout.next_frame(), Slot::Wide([1_000; _]));
    playout.pause();
    let Slot::Wide(fade) = playout.next_frame() else { panic!("a fading frame") };
    assert!(fade[0] == 1_000 && fade[WIDE_FRAME_SAMPLES - 1] < 10);
    playout.resume();
    assert_eq!(speech_frames(&mut playout, 9), 2);
    assert!(playout.take_ran_dry());
}

#[test]
fn a_sentence_the_voice_could_not_make_is_skipped() {
    let mut playout = Playout::default();
    let first = playout.push_sentence(true, false);
    let second = playout.push_sentence(true, false);
    playout.supply(first, None);
    playout.supply(second, tone(1));
    assert_eq!(speech_frames(&mut playout, 1), 1, "without a pause for what was not said");
    assert!(playout.take_ran_dry());
    let only = playout.push_sentence(true, false);
    playout.supply(only, None);
    assert_eq!(speech_frames(&mut playout, 1), 0);
    assert!(playout.take_ran_dry(), "nothing was on its way");
}

#[test]
fn a_sentence_is_said_while_its_later_clauses_are_made() {
    let mut playout = Playout::default();
    let id = playout.push_sentence(true, false);
    playout.push_then(Then::HangUp);
    let clause = |samples: usize| Sound::new(vec![1_000; samples], LINE_RATE);
    playout.supply_clause(id, clause(2 * FRAME_SAMPLES + 40));
    assert_eq!(speech_frames(&mut playout, 4), 2, "the broken frame waits for what comes");
    assert!(playout.is_audible() && playout.is_speaking() && !playout.take_ran_dry());
    playout.supply_clause(id, clause(FRAME_SAMPLES - 40));
    assert_eq!(speech_frames(&mut playout, 4), 1, "joined without a gap");
    playout.supply(id, Some(clause(FRAME_SAMPLES)));
    assert_eq!(speech_frames(&mut playout, 4), 1);
    assert!(playout.take_ran_dry());
    assert_eq!(playout.take_then(|_| true), Some(Then::HangUp));
    // A voice that fails at the second clause: the first has been said.
    let id = playout.push_sentence(true, false);
    playout.supply_clause(id, clause(2 * FRAME_SAMPLES));
    speech_frames(&mut playout, 1);
    playout.supply(id, None);
    assert_eq!(speech_frames(&mut playout, 3), 1);
    assert!(playout.take_ran_dry());
}

#[test]
fn the_clause_is_found_within_the_limit() {
    let tone = tone(250).expect("a sound");
    assert_eq!(clause_start(&tone, 180), 180 - REWIND_DEFAULT);
    assert_eq!(clause_start(&tone, 6), 0);
    assert_eq!(clause_start(&Sound::new([], LINE_RATE), 3), 0);
}
