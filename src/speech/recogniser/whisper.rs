//! The Whisper engine, through whisper.cpp.
//!
//! Owns: one model and its working memory, the settings of a decoding. Must not know: which thread it lives on.
//!
//! A decoding is greedy, at one temperature, of one segment without timestamps, and hears a window cut to the
//! utterance instead of the 30 s that Whisper was trained on: a quarter of the time for the same text. Its length is
//! bounded by the utterance's. whisper.cpp checks for abandonment only between its graph computations: an overtaken
//! utterance costs at most the rest of its encoding (some 200 ms with Whisper base on two cores).

use std::ffi::{c_int, c_void};
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use whisper_rs::whisper_rs_sys::{whisper_context, whisper_state, whisper_token_data};
use whisper_rs::{
    FullParams, SamplingStrategy, WhisperContext, WhisperContextParameters, WhisperState, get_lang_id, get_lang_str,
    install_logging_hooks,
};

use super::super::{Alternative, Recogniser, SpeechError, Transcript, Utterance};
use super::alternatives::{Digits, Weighed};
use super::gates::{Evidence, Rejection, judge};
use super::language::{Likelihood, choose, likelihoods};
use super::remainder::{followed, remainder};
use super::repeats::{repeats, says_something};
use crate::audio::level::{rms_dbfs, trim_silence};
use crate::audio::resample::to_recogniser;

const ENGINE: &str = "recogniser (whisper)";
/// First bytes of a ggml file.
const MAGIC: [u8; 4] = *b"lmgg";
/// Whisper tiny, quantised to 4 bits, has 24 MB.
const SMALLEST_MODEL: u64 = 10_000_000;
/// Samples a second that Whisper hears.
const RATE: usize = 16_000;
/// Positions of the encoder's output a second of audio.
const POSITIONS_PER_SECOND: usize = 50;
/// Positions beyond the utterance's end.
const MARGIN: usize = 64;
/// Below some 300 positions Whisper base repeats itself on short utterances.
const FEWEST_POSITIONS: usize = 320;
/// The longest window; longer audio is decoded window after window.
const MOST_POSITIONS: usize = 1_500;
/// Shorter audio comes back empty: it is padded with silence to this length.
const SHORTEST: usize = RATE + RATE / 10;
/// When the words were one phrase over and over, the utterance is decoded once more, without any words said over again, in a window of
/// twice its length, and of this length at least: loops come of short windows (docs/recogniser.md).
const SECOND_WINDOW: usize = 12 * RATE;
/// What Whisper takes at once.
const LONGEST_WINDOW: usize = 30 * RATE;
/// Audio below this level holds no speech and is not decoded, dBFS.
const SILENCE_DBFS: f32 = -65.0;
/// Tokens of a transcript: fast speech has about eight a second.
const TOKENS_PER_SECOND: usize = 10;
const FEWEST_TOKENS: usize = 24;
const MOST_TOKENS: usize = 220;
/// Of a shorter utterance the silence at both ends is cut to this: a lone "oui" behind 250 ms of silence is as doubtful as noise
/// (docs/recogniser.md).
const SHORT_ANSWER: Duration = Duration::from_secs(2);
const SHORT_MARGIN_MS: u32 = 20;
/// Of a longer prompt the end counts, as in Whisper itself.
const PROMPT_TOKENS: usize = 200;
const PROMPT_BYTES: usize = 4_000;

/// The weights, shared by all that recognise with them.
#[derive(Clone)]
pub struct WhisperModel(Arc<WhisperContext>);

/// Whisper on one model; decodes one utterance at a time.
pub struct WhisperRecogniser {
    model: WhisperModel,
    state: WhisperState,
    threads: c_int,
    /// Settings of each language heard so far. whisper-rs leaks the name of a language each time it is set, so it is
    /// set once; Whisper knows a hundred.
    settings: Vec<(c_int, FullParams<'static, 'static>)>,
    prompt: Prompt,
    listener: Box<Listener>,
}

/// What whisper.cpp's filter of logits is given: it takes note, and changes none but where the words have looped before.
struct Listener {
    /// Nothing is to be said over again.
    once: bool,
    /// Logits of one step.
    vocabulary: usize,
    digits: Digits,
    weighed: Weighed,
}

/// The last prompt and its tokens: a call asks for the same one again and again.
#[derive(Default)]
struct Prompt {
    text: String,
    tokens: Vec<c_int>,
}

impl WhisperModel {
    /// Loads a ggml model, whatever its size or quantisation.
    ///
    /// # Errors
    /// `Engine` when the file is missing or no ggml model.
    pub fn load(path: &Path) -> Result<Self, SpeechError> {
        // whisper.cpp writes prompts and tokens in its logs, which are personal data: without a log feature of
        // whisper-rs its hooks drop every line.
        install_logging_hooks();
        let no_model = || failed(format!("{} is not a whisper.cpp ggml model", path.display()));
        // whisper.cpp trusts the lengths in a file: one that does not begin and weigh like a model stays closed.
        let mut magic = Vec::with_capacity(4);
        let file = File::open(path).and_then(|file| {
            let bytes = file.metadata()?.len();
            file.take(4).read_to_end(&mut magic)?;
            Ok(bytes)
        });
        match file {
            Err(error) => return Err(failed(format!("cannot read {}: {error}", path.display()))),
            Ok(bytes) if bytes < SMALLEST_MODEL || magic != MAGIC => return Err(no_model()),
            Ok(_) => {}
        }
        let parameters = WhisperContextParameters::default();
        let context = WhisperContext::new_with_params(path, parameters).map_err(|_| no_model())?;
        Ok(Self(Arc::new(context)))
    }
}

impl WhisperRecogniser {
    /// Makes room for the work of one utterance at a time, and decodes a second of silence so that the first call does not pay
    /// for the first use.
    ///
    /// # Errors
    /// `Engine` when the memory does not suffice.
    pub fn new(model: &WhisperModel, threads: usize) -> Result<Self, SpeechError> {
        let mut recogniser = Self {
            state: model.0.create_state().map_err(engine)?,
            model: model.clone(),
            threads: c_int::try_from(threads.clamp(1, 64)).unwrap_or(1),
            settings: Vec::new(),
            prompt: Prompt::default(),
            listener: Box::new(Listener::new(&model.0)),
        };
        recogniser.decode(&vec![0.0; RATE], "fr", "", &AtomicBool::new(false))?;
        Ok(recogniser)
    }

    /// The same with a model of its own.
    ///
    /// # Errors
    /// As for both.
    pub fn load(path: &Path, threads: usize) -> Result<Self, SpeechError> {
        Self::new(&WhisperModel::load(path)?, threads)
    }

    /// What Whisper says of this utterance in the language expected, whatever its level, before any gate: for measurements.
    ///
    /// # Errors
    /// As [`Recogniser::recognise`].
    pub fn decode_raw(&mut self, utterance: &Utterance) -> Result<Decoded, SpeechError> {
        self.decode(&Self::audio(utterance)?, &utterance.language, &utterance.prompt, &AtomicBool::new(false))
    }

    fn audio(utterance: &Utterance) -> Result<Vec<f32>, SpeechError> {
        let short = (utterance.length() < SHORT_ANSWER)
            .then(|| trim_silence(&utterance.samples, utterance.rate, SHORT_MARGIN_MS));
        let samples = short.as_deref().unwrap_or(&utterance.samples);
        let mut audio = to_recogniser(samples, utterance.rate).map_err(engine)?;
        if audio.len() < SHORTEST {
            audio.resize(SHORTEST, 0.0);
        }
        Ok(audio)
    }

    /// Index in `settings` of the language's.
    fn settings_of(&mut self, language: &str) -> Result<usize, SpeechError> {
        let plain = (2..=3).contains(&language.len()) && language.bytes().all(|byte| byte.is_ascii_lowercase());
        let id = plain
            .then(|| get_lang_id(language))
            .flatten()
            .ok_or_else(|| failed("the language is none of Whisper's"))?;
        if let Some(index) = self.settings.iter().position(|(known, _)| *known == id) {
            return Ok(index);
        }
        let mut params: FullParams<'static, 'static> = FullParams::new(SamplingStrategy::Greedy { best_of: 1 });
        // Not the caller's string: the settings outlive it.
        params.set_language(get_lang_str(id));
        params.set_n_threads(self.threads);
        params.set_no_context(true);
        params.set_no_timestamps(true);
        params.set_single_segment(true);
        params.set_suppress_nst(true);
        // No second try at a higher temperature: it would double the time of just the bad utterances, and what it finds is chance.
        params.set_temperature_inc(0.0);
        params.set_print_progress(false);
        params.set_print_realtime(false);
        params.set_print_special(false);
        params.set_print_timestamps(false);
        self.settings.push((id, params));
        Ok(self.settings.len() - 1)
    }

    fn decode(
        &mut self,
        audio: &[f32],
        language: &str,
        prompt: &str,
        abandoned: &AtomicBool,
    ) -> Result<Decoded, SpeechError> {
        let index = self.settings_of(language)?;
        self.prompt.set(&self.model.0, prompt)?;
        let tokens = self.prompt.tokens.as_slice();
        let mut params = self.settings[index].1.clone();
        if !tokens.is_empty() {
            params.set_tokens(tokens);
        }
        let seconds = audio.len().div_ceil(RATE);
        let positions = (audio.len() * POSITIONS_PER_SECOND).div_ceil(RATE) + MARGIN;
        params.set_audio_ctx(positions.clamp(FEWEST_POSITIONS, MOST_POSITIONS) as c_int);
        let longest = FEWEST_TOKENS + seconds * TOKENS_PER_SECOND;
        params.set_max_tokens(longest.min(MOST_TOKENS) as c_int);
        // SAFETY: the callback reads the flag behind the pointer, which outlives the only use of `params`, below, and
        // is never written through it. (whisper-rs 0.16's own `set_abort_callback_safe` hands its trampoline a boxed
        // trait object as if it were the closure.)
        unsafe {
            params.set_abort_callback(Some(is_set));
            params.set_abort_callback_user_data(std::ptr::from_ref(abandoned).cast_mut().cast());
        }
        self.listener.weighed.clear();
        // SAFETY: the callback is called on this thread while `full` runs below, and nothing else touches the listener meanwhile;
        // being boxed and owned by `self` it outlives that only use of `params`.
        unsafe {
            params.set_filter_logits_callback(Some(listen));
            params.set_filter_logits_callback_user_data(std::ptr::from_mut(&mut *self.listener).cast());
        }
        let outcome = self.state.full(params, audio);
        if abandoned.load(Ordering::Relaxed) {
            return Err(SpeechError::Abandoned);
        }
        outcome.map_err(engine)?;
        Ok(self.read())
    }

    /// Which of these languages is spoken, as Whisper says after what it has just encoded, and how probable each is among
    /// them. The encoder's work is there already: this is one step of the decoder.
    fn most_likely(&mut self, expected: &str, others: &[String]) -> Result<Vec<Likelihood>, SpeechError> {
        let threads = usize::try_from(self.threads).unwrap_or(1);
        self.state.decode(&[self.model.0.token_sot()], 0, threads).map_err(engine)?;
        let logits = self.state.get_logits().map_err(engine)?;
        let mut found = Vec::new();
        for language in std::iter::once(expected).chain(others.iter().map(String::as_str)) {
            let token = get_lang_id(language).map(|id| self.model.0.token_lang(id));
            let logit = token.and_then(|token| logits.get(usize::try_from(token).ok()?));
            // A dialplan may have a language that Whisper does not know.
            found.extend(logit.map(|logit| (language.to_owned(), *logit)));
        }
        Ok(likelihoods(&found))
    }

    fn text_of(&self, tokens: &[c_int]) -> String {
        let bytes: Vec<u8> =
            tokens.iter().filter_map(|token| self.model.0.token_to_bytes(*token).ok()).flatten().copied().collect();
        // A token cap may cut a character in two.
        String::from_utf8_lossy(&bytes).trim_end_matches(char::REPLACEMENT_CHARACTER).trim().to_owned()
    }

    /// Joins the text of the segments; the confidence is the mean over the tokens of text.
    fn read(&self) -> Decoded {
        let end_of_text = self.model.0.token_eot();
        let mut no_speech = 0.0_f32;
        let (mut sum, mut logarithms, mut count) = (0.0_f32, 0.0_f32, 0_u32);
        // Of one segment without timestamps, as decoded: what was weighed has the same places.
        let mut written = Vec::new();
        for segment in self.state.as_iter() {
            no_speech = no_speech.max(segment.no_speech_probability());
            for index in 0..segment.n_tokens() {
                if let Some(token) = segment.get_token(index)
                    && token.token_id() < end_of_text
                {
                    written.push(token.token_id());
                    sum += token.token_probability();
                    logarithms += token.token_probability().max(f32::MIN_POSITIVE).ln();
                    count += 1;
                }
            }
        }
        Decoded {
            text: self.text_of(&written),
            alternatives: self.listener.weighed.alternatives(&written, |tokens| self.text_of(tokens)),
            confidence: if count == 0 { 0.0 } else { sum / count as f32 },
            log_probability: if count == 0 { 0.0 } else { logarithms / count as f32 },
            no_speech,
        }
    }
}

impl Recogniser for WhisperRecogniser {
    #[expect(clippy::disallowed_methods, reason = "an engine's edge: measures its own work")]
    fn recognise(&mut self, utterance: &Utterance, abandoned: &AtomicBool) -> Result<Transcript, SpeechError> {
        let start = Instant::now();
        if abandoned.load(Ordering::Relaxed) {
            return Err(SpeechError::Abandoned);
        }
        let silence = Transcript::default();
        if utterance.samples.is_empty() || rms_dbfs(&utterance.samples) < SILENCE_DBFS {
            return Ok(silence);
        }
        let mut audio = Self::audio(utterance)?;
        let Utterance { language, others, prompt, .. } = utterance;
        let mut decoded = self.decode(&audio, language, prompt, abandoned)?;
        if decoded.is_loop(prompt) {
            let window = (2 * audio.len()).clamp(SECOND_WINDOW, LONGEST_WINDOW);
            audio.resize(window.max(audio.len()), 0.0);
            self.listener.once = true;
            let again = self.decode(&audio, language, prompt, abandoned);
            self.listener.once = false;
            let again = again?;
            let is_mended = !again.is_loop(prompt) && says_something(&again.text);
            tracing::debug!(is_mended, "words over and over: decoded again");
            if is_mended {
                decoded = again;
            }
        }
        let mut transcript = decoded.transcript(prompt, silence.clone());
        if !others.is_empty() {
            let spoken = self.most_likely(language, others)?;
            transcript = choose(language, transcript, &spoken, |other| {
                // Words of one language would only mislead about another.
                Ok(self.decode(&audio, other, "", abandoned)?.transcript("", silence))
            })?;
        }
        if let Some(from) = remainder(&transcript.text, &audio) {
            let mut rest = audio.split_off(from);
            rest.resize(rest.len().max(SHORTEST), 0.0);
            let language = transcript.language.as_deref().unwrap_or(language);
            let rest = self.decode(&rest, language, prompt, abandoned)?.transcript(prompt, Transcript::default());
            tracing::debug!(is_found = !rest.text.is_empty(), "words left out: the rest was decoded");
            transcript = followed(transcript, &rest);
        }
        Ok(Transcript { elapsed: start.elapsed(), ..transcript })
    }
}

/// What Whisper says, before any gate.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoded {
    pub text: String,
    /// As in [`Transcript`].
    pub alternatives: Vec<Alternative>,
    /// As in [`Evidence`].
    pub confidence: f32,
    pub log_probability: f32,
    pub no_speech: f32,
}

impl Decoded {
    pub fn evidence(&self) -> Evidence<'_> {
        let Self { text, confidence, log_probability, no_speech, .. } = self;
        Evidence { text, confidence: *confidence, log_probability: *log_probability, no_speech: *no_speech }
    }

    /// One phrase over and over: somebody spoke, and none of it was heard.
    fn is_loop(&self, prompt: &str) -> bool {
        judge(self.evidence(), prompt) == Err(Rejection::Repetition)
    }

    /// What is believed of it after this prompt.
    fn transcript(&self, prompt: &str, silence: Transcript) -> Transcript {
        match judge(self.evidence(), prompt) {
            Ok(text) => Transcript {
                text: text.to_owned(),
                confidence: self.confidence,
                alternatives: self.alternatives.clone(),
                ..silence
            },
            Err(rejection) => {
                tracing::debug!(?rejection, "utterance without words");
                silence
            }
        }
    }
}

impl Prompt {
    /// Tokenises `text` unless it is the same as before.
    fn set(&mut self, context: &WhisperContext, text: &str) -> Result<(), SpeechError> {
        if self.text == text {
            return Ok(());
        }
        let start = text.ceil_char_boundary(text.len().saturating_sub(PROMPT_BYTES));
        // Whisper's own text begins with a space; control characters (NUL among them) are no words.
        let mut clean = String::with_capacity(text.len() - start + 1);
        clean.push(' ');
        clean.extend(text[start..].trim().chars().filter(|c| !c.is_control()));
        let mut tokens = match clean.trim() {
            "" => Vec::new(),
            // No text has more tokens than bytes. (whisper-rs 0.16 mistakes "too many" for a length.)
            _ => context.tokenize(&clean, clean.len() + 1).map_err(engine)?,
        };
        tokens.drain(..tokens.len().saturating_sub(PROMPT_TOKENS));
        *self = Self { text: text.to_owned(), tokens };
        Ok(())
    }
}

impl Listener {
    fn new(context: &WhisperContext) -> Self {
        let tokens = (0..context.token_eot()).filter_map(|token| Some((token, context.token_to_bytes(token).ok()?)));
        Self {
            once: false,
            vocabulary: usize::try_from(context.n_vocab()).unwrap_or(0),
            digits: Digits::of(tokens),
            weighed: Weighed::default(),
        }
    }
}

/// whisper.cpp shows the logits of a step, after `written` tokens of this decoding; `listener` is a [`Listener`].
unsafe extern "C" fn listen(
    _: *mut whisper_context,
    _: *mut whisper_state,
    tokens: *const whisper_token_data,
    written: c_int,
    logits: *mut f32,
    listener: *mut c_void,
) {
    let written = usize::try_from(written).unwrap_or(0);
    // SAFETY: set together with this callback, to a listener that outlives the decoding and that nobody else touches meanwhile;
    // whisper.cpp gives as many logits as its vocabulary has tokens, to be changed, and `written` tokens.
    let (listener, logits, tokens) = unsafe {
        let listener = &mut *listener.cast::<Listener>();
        let vocabulary = listener.vocabulary;
        let tokens = if written == 0 { &[] } else { std::slice::from_raw_parts(tokens, written) };
        (listener, std::slice::from_raw_parts_mut(logits, vocabulary), tokens)
    };
    if listener.once {
        let written: Vec<c_int> = tokens.iter().map(|token| token.id).collect();
        for token in repeats(&written) {
            if let Some(logit) = usize::try_from(token).ok().and_then(|token| logits.get_mut(token)) {
                *logit = f32::NEG_INFINITY;
            }
        }
    }
    listener.weighed.note(written, logits, &listener.digits);
}

/// whisper.cpp's question whether to stop; `flag` is an `AtomicBool`.
unsafe extern "C" fn is_set(flag: *mut c_void) -> bool {
    // SAFETY: set together with this callback, to a flag that outlives the decoding.
    unsafe { &*flag.cast::<AtomicBool>() }.load(Ordering::Relaxed)
}

fn failed(detail: impl Into<String>) -> SpeechError {
    SpeechError::Engine { engine: ENGINE, detail: detail.into() }
}

fn engine(error: impl std::fmt::Display) -> SpeechError {
    failed(error.to_string())
}

#[cfg(test)]
mod tests;
