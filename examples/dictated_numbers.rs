//! How telephone numbers and spelled names arrive, for `make bench-numbers`: dictated by voices, through A-law, Whisper and what reads them.
//!
//! `dictated_numbers COUNT [FOLDER]` dictates COUNT numbers, the same in every run, by each synthetic voice; and with a folder of recorded
//! words (`simulate::recordings`) by that person, number word by number word. Prints a Markdown table: what Whisper wrote alone, beside what it
//! nearly wrote (`speech::Alternative`), of the same decoding. Then names are said by each synthetic voice and spelled by that person.
//! `SHOW=1` prints what is not found.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use allo_mairie::audio::{Codec, LINE_RATE, g711};
use allo_mairie::simulate::{dictation, recordings};
use allo_mairie::speech::recogniser::{WhisperModel, WhisperRecogniser};
use allo_mairie::speech::spoken::Lexicon;
use allo_mairie::speech::voice::{PiperVoice, VoiceFiles};
use allo_mairie::speech::{Pace, Recogniser, Transcript, Utterance, Voice};
use allo_mairie::understanding::slots::telephone::{Found, by_pairs, find, find_among};
use allo_mairie::understanding::slots::{Reading, is_sure, name};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

type Failure = Box<dyn Error>;

const MODEL: &str = "models/whisper-base.ggml";
const RUNTIME: &str = "models/libonnxruntime.so";
const LEXICON: &str = "prompts/fr/prononciation.tsv";
const VOICES: &[(&str, &str)] = &[("siwis", "models/fr_FR-siwis.onnx"), ("appelant", "models/fr_FR-appelant.onnx")];
/// How people say the number they are asked for.
const FRAMES: [&str; 4] = ["{}.", "C'est le {}.", "Oui, alors c'est le {}.", "Mon numéro, c'est le {}."];
const LEADS: [&str; 6] = ["06", "07", "06", "01", "01", "09"];
/// Of several origins.
const NAMES: [&str; 40] = [
    "Barbier",
    "Belkacem",
    "Blanchard",
    "Bouvier",
    "Carpentier",
    "Chauvin",
    "Colin",
    "Delmas",
    "Diallo",
    "Fernandes",
    "Ferrand",
    "Fontaine",
    "Garnier",
    "Gauthier",
    "Guillot",
    "Haddad",
    "Hamon",
    "Hubert",
    "Jacquet",
    "Kaplan",
    "Keller",
    "Lacombe",
    "Leclerc",
    "Lemoine",
    "Marchand",
    "Martinez",
    "Meunier",
    "Moulin",
    "Navarro",
    "Noël",
    "Pasquier",
    "Perrin",
    "Pichon",
    "Roussel",
    "Sanchez",
    "Tessier",
    "Vidal",
    "Wagner",
    "Weber",
    "Ziegler",
];
/// How they are said before they are spelled.
const INTRODUCTIONS: [&str; 3] = ["{}.", "Madame {}.", "C'est monsieur {}."];
/// Before and behind every clip.
const QUIET_MS: usize = 250;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.as_slice() {
        [count] => run(count, None),
        [count, folder] => run(count, Some(Path::new(folder))),
        _ => Err("usage: dictated_numbers COUNT [FOLDER]".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

#[derive(Default)]
struct Tally {
    numbers: usize,
    plain: [usize; 2],
    among: [usize; 3],
    /// The first reading is the number, and it is believed without a question.
    unasked: usize,
    /// It is not, and is believed without a question.
    believed: usize,
    longest: Duration,
}

fn run(count: &str, recorded: Option<&Path>) -> Result<(), Failure> {
    let count: usize = count.parse()?;
    let mut random = StdRng::seed_from_u64(2_026);
    let numbers: Vec<String> = (0..count).map(|_| number(&mut random)).collect();
    let mut engine = WhisperRecogniser::new(&WhisperModel::load(Path::new(MODEL))?, 2)?;
    println!(
        "| voix | numéros | texte seul : premier / deux premiers | avec ce qui fut près d'être écrit : premier / deux / trois | justes sans question | faux sans question | reconnaissance, au plus (ms) |"
    );
    println!("|---|---|---|---|---|---|---|");
    let lexicon = Arc::new(Lexicon::parse(&std::fs::read_to_string(LEXICON)?).map_err(|e| e.to_string())?);
    for (name, path) in VOICES {
        let mut voice =
            PiperVoice::open(VoiceFiles::of(Path::new(path), Path::new(RUNTIME)), "fr", 0, Arc::clone(&lexicon), 2)?;
        let mut tally = Tally::default();
        for (i, number) in numbers.iter().enumerate() {
            let pairs = by_pairs(number);
            let pairs = if i % 2 == 0 { pairs.replace(' ', ", ") } else { pairs };
            let sentence = FRAMES[i % FRAMES.len()].replace("{}", &pairs);
            let spoken = voice.speak(&sentence, Pace::Normal)?.at(LINE_RATE)?.samples;
            tally.add(name, number, &hear(&mut engine, &spoken)?);
        }
        tally.print(name);
    }
    if let Some(folder) = recorded {
        let words = recordings::read(folder)?;
        let mut tally = Tally::default();
        for number in &numbers {
            let spoken = dictation::of_number(number).spoken(&words).ok_or("a word is not recorded")?;
            tally.add("enregistrée", number, &hear(&mut engine, &spoken)?);
        }
        tally.print("enregistrée");
        spell(&mut engine, &lexicon, &words)?;
    }
    Ok(())
}

/// Names said by a synthetic voice and spelled by the recorded person.
fn spell(
    engine: &mut WhisperRecogniser,
    lexicon: &Arc<Lexicon>,
    words: &BTreeMap<String, Vec<i16>>,
) -> Result<(), Failure> {
    println!("\n| noms dits par | noms épelés | premier / deux premiers |");
    println!("|---|---|---|");
    for (voice_name, path) in VOICES {
        let files = VoiceFiles::of(Path::new(path), Path::new(RUNTIME));
        let mut voice = PiperVoice::open(files, "fr", 0, Arc::clone(lexicon), 2)?;
        let mut count = [0; 2];
        for (i, name) in NAMES.iter().enumerate() {
            let said = INTRODUCTIONS[i % INTRODUCTIONS.len()].replace("{}", name);
            let mut spoken = voice.speak(&said, Pace::Normal)?.at(LINE_RATE)?.samples.to_vec();
            spoken.resize(spoken.len() + LINE_RATE as usize * QUIET_MS / 1000, 0);
            spoken.extend(dictation::of_name(name).spoken(words).ok_or("a letter is not recorded")?);
            let heard = hear(engine, &spoken)?;
            let readings = name::read(&heard.text);
            let is_found = |most: usize| readings.iter().take(most).any(|reading| reading.value == *name);
            (0..2).for_each(|most| count[most] += usize::from(is_found(most + 1)));
            if !is_found(1) && std::env::var_os("SHOW").is_some() {
                eprintln!("{voice_name}, {name} : « {} » {readings:?}", heard.text);
            }
        }
        println!("| {voice_name} | {} | {} / {} |", NAMES.len(), count[0], count[1]);
    }
    Ok(())
}

/// Ten digits of the national plan.
fn number(random: &mut StdRng) -> String {
    let lead = LEADS[random.random_range(0..LEADS.len())];
    (0..8).fold(lead.to_owned(), |digits, _| digits + &random.random_range(0..10u8).to_string())
}

/// As it comes off the line.
fn hear(engine: &mut WhisperRecogniser, spoken: &[i16]) -> Result<Transcript, Failure> {
    let quiet = vec![0i16; LINE_RATE as usize * QUIET_MS / 1000];
    let clip = [&quiet, spoken, &quiet].concat();
    let samples = g711::decode(Codec::Pcma, &g711::encode(Codec::Pcma, &clip));
    let utterance =
        Utterance { samples: samples.into(), rate: LINE_RATE, language: "fr".into(), ..Utterance::default() };
    Ok(engine.recognise(&utterance, &AtomicBool::new(false))?)
}

impl Tally {
    fn add(&mut self, voice: &str, number: &str, heard: &Transcript) {
        let nearly: Vec<_> = heard.alternatives.iter().map(|a| Reading::nearly(a.text.clone(), a.odds)).collect();
        let readings = |found: Found| match found {
            Found::Whole { readings, .. } => readings,
            Found::Part { .. } | Found::Nothing => Vec::new(),
        };
        let among = |readings: &[Reading<String>], most: usize| readings.iter().take(most).any(|r| r.value == number);
        let plain = readings(find(&heard.text));
        let all = readings(find_among("", &heard.text, &nearly));
        self.numbers += 1;
        self.longest = self.longest.max(heard.elapsed);
        (0..2).for_each(|i| self.plain[i] += usize::from(among(&plain, i + 1)));
        (0..3).for_each(|i| self.among[i] += usize::from(among(&all, i + 1)));
        self.unasked += usize::from(is_sure(&all) && among(&all, 1));
        self.believed += usize::from(is_sure(&all) && !among(&all, 1));
        if !among(&all, 3) && std::env::var_os("SHOW").is_some() {
            eprintln!("{voice}, {number} : « {} » {all:?}", heard.text);
        }
    }

    fn print(&self, voice: &str) {
        let Self { numbers, plain, among, unasked, believed, longest } = self;
        println!(
            "| {voice} | {numbers} | {} / {} | {} / {} / {} | {unasked} | {believed} | {} |",
            plain[0],
            plain[1],
            among[0],
            among[1],
            among[2],
            longest.as_millis()
        );
    }
}
