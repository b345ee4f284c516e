//! `allo-mairie bench`: the delays of real calls against a service of its own, as a Markdown table with its conditions.

mod machine;
mod service;

use std::path::PathBuf;

use self::machine::Machine;
use self::service::{Parts, Service, Workshop};
use super::Failure;
use super::stage;
use super::telephone::{self, EngineArgs, Studio};
use crate::audio::Codec;
use crate::net;
use crate::simulate::caller::{self, Observation, Outcome};
use crate::simulate::driver::{self, Target};
use crate::simulate::report::{CallReport, percentile};
use crate::simulate::script::Line;
use crate::simulate::transcripts::Transcriber;

/// What is asked, and words of the fixed answer: all from the dialplan of Saint-Germain-en-Laye. Folded spelling.
const QUESTIONS: [(&str, &str); 20] = [
    ("Bonjour, je voudrais refaire ma carte d'identité.", "rendez-vous"),
    ("Je voudrais renouveler mon passeport.", "rendez-vous"),
    ("J'ai perdu ma carte d'identité.", "vol"),
    ("Est-ce que mon passeport est arrivé ?", "trois mois"),
    ("Quel jour passent les éboueurs ?", "agglomeration"),
    ("Je voudrais faire enlever un vieux canapé.", "encombrants"),
    ("Où se trouve la déchetterie ?", "agglomeration"),
    ("Mon bac est cassé.", "composteurs"),
    ("Les éboueurs ne sont pas passés.", "desole"),
    ("Comment trier le verre et le carton ?", "agglomeration"),
    ("J'ai besoin d'un acte de naissance.", "naissance"),
    ("Je voudrais un extrait d'acte de mariage.", "mariage"),
    ("Je dois déclarer une naissance.", "cinq jours"),
    ("Je voudrais reconnaître mon enfant.", "reconnu"),
    ("J'ai perdu le livret de famille.", "agent"),
    ("Je veux faire une pré-demande sur internet.", "internet"),
    ("Combien de temps pour avoir un passeport ?", "vacances"),
    ("C'est pour un passeport pour mon fils.", "parents"),
    ("Je voudrais prendre rendez-vous pour ma carte d'identité.", "rendez-vous"),
    ("C'est pour des papiers d'identité.", "carte"),
];
/// Questions asked in one call.
const TURNS_A_CALL: usize = 4;

#[derive(clap::Args)]
pub struct Args {
    /// Nombre de questions posées (20 différentes, puis les mêmes)
    #[arg(long, value_name = "N", default_value_t = QUESTIONS.len(), value_parser = positive)]
    turns: usize,
    #[command(flatten)]
    engines: EngineArgs,
}

fn positive(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|turns| (1..=1_000).contains(turns)).ok_or_else(|| "un nombre de 1 à 1000".to_owned())
}

pub fn run(args: Args) -> Result<(), Failure> {
    let machine = Machine::here();
    let workshop = Workshop::new()?;
    let config = args.engines.config()?;
    let mut studio = Studio::open(&config, &args.engines.voice)?;
    let asked: Vec<usize> = (0..args.turns).map(|turn| turn % QUESTIONS.len()).collect();
    progress("les questions sont mises en voix");
    let mut lines = Vec::new();
    for (question, _) in QUESTIONS.iter().take(args.turns) {
        lines.push(studio.speak(question)?);
    }
    drop(studio);
    let measured = telephone::runtime()?.block_on(measure(&args, &workshop, &asked, &lines))?;
    progress("les réponses sont transcrites");
    let transcriber = telephone::transcriber(&config)?;
    let right = telephone::runtime()?.block_on(count_right(&transcriber, &asked, &measured.calls))?;
    anstream::println!("{}", table(&machine, &measured, right, args.turns));
    Ok(())
}

struct Measured {
    started_in_ms: i64,
    memory_mib: Option<u64>,
    calls: Vec<Call>,
    /// As the service itself timed them.
    parts: Parts,
}

struct Call {
    outcome: Outcome,
    heard: Vec<(usize, Vec<i16>)>,
}

async fn measure(args: &Args, workshop: &Workshop, asked: &[usize], lines: &[Line]) -> Result<Measured, Failure> {
    let environment = environment(args, workshop)?;
    let config = args.engines.config.as_deref();
    let journal = workshop.directory.join("journal.txt");
    progress("premier démarrage : les phrases manquantes sont synthétisées");
    Service::start(config, &environment, &journal).await?.stop()?;
    progress("second démarrage, mesuré");
    let service = Service::start(config, &environment, &journal).await?;
    let mut measured = Measured {
        started_in_ms: service.started_in.as_millis() as i64,
        memory_mib: None,
        calls: Vec::new(),
        parts: Parts::default(),
    };
    for (number, questions) in asked.chunks(TURNS_A_CALL).enumerate() {
        progress(&format!("appel {} sur {}", number + 1, asked.len().div_ceil(TURNS_A_CALL)));
        let script = questions.iter().map(|&question| lines[question].clone()).collect();
        let call = call(&service, script, &mut measured.memory_mib).await?;
        if let Some(failure) = call.outcome.report(&[]).failure {
            return Err(Failure::new(super::call::in_french(failure)));
        }
        measured.calls.push(call);
    }
    measured.parts = service.stop()?;
    Ok(measured)
}

/// Settings of the measured service: loopback, the town's dialplan open day and night, nothing kept.
fn environment(args: &Args, workshop: &Workshop) -> Result<Vec<(String, String)>, Failure> {
    let dialplan = workshop.directory.join("dialplan");
    stage::copy_dialplan(&args.engines.config()?.dialplan.directory, &dialplan)?;
    let path = |path: PathBuf| path.display().to_string();
    Ok([
        ("SIP__LISTEN", "127.0.0.1:0".to_owned()),
        ("SIP__ADVERTISED", String::new()),
        ("LOG__FORMAT", "json".to_owned()),
        ("DIALPLAN__DIRECTORY", path(dialplan)),
        ("STORE__PATH", path(workshop.directory.join("demandes.sqlite"))),
    ]
    .map(|(name, value)| (format!("ALLO_MAIRIE_{name}"), value))
    .to_vec())
}

async fn call(service: &Service, script: Vec<Line>, memory_mib: &mut Option<u64>) -> Result<Call, Failure> {
    let (endpoint, local_ip) = telephone::endpoint("appelant", service.address);
    let failure = |error| telephone::net_failure(&error);
    let (sip, _incoming) = net::bind(endpoint, (local_ip, 0).into(), rand::random()).await.map_err(failure)?;
    let settings = |agent_rtp, operator_rtp| caller::Settings {
        codecs: vec![Codec::Pcma],
        longest: std::time::Duration::from_secs(300),
        hang_up_after_last: true,
        barge_in: false,
        agent_rtp,
        operator_rtp,
        seed: rand::random(),
    };
    let mut heard = Vec::new();
    let target = Target { uri: service.uri.clone(), destination: service.address, local_ip };
    let stop = async { drop(tokio::signal::ctrl_c().await) };
    let outcome = driver::call(&sip, target, settings, script, stop, |observation| {
        if let Observation::FarEndFinished { stretch, samples, .. } = observation {
            // Between turns: nothing is being measured at this moment.
            *memory_mib = (*memory_mib).max(service.memory_mib());
            heard.push((stretch, samples));
        }
    });
    let outcome = outcome.await.map_err(failure)?;
    Ok(Call { outcome, heard })
}

/// How many replies hold the words of their answer.
async fn count_right(transcriber: &Transcriber, asked: &[usize], calls: &[Call]) -> Result<usize, Failure> {
    let mut right = 0;
    for (call, questions) in calls.iter().zip(asked.chunks(TURNS_A_CALL)) {
        let mut texts = Vec::new();
        for (stretch, samples) in &call.heard {
            texts.push((*stretch, telephone::transcript(transcriber, samples.clone()).await?));
        }
        let report = call.outcome.report(&texts);
        for (turn, &question) in report.turns.iter().zip(questions) {
            let (asked, expected) = QUESTIONS[question];
            let reply = turn.reply.as_deref().unwrap_or_default();
            if folded(reply).contains(expected) {
                right += 1;
            } else {
                progress(&format!("autre réponse que prévu à « {asked} » : « {reply} »"));
            }
        }
    }
    Ok(right)
}

/// Lower case without the accents of French.
fn folded(text: &str) -> String {
    let fold = |c: char| match c {
        'à' | 'â' => 'a',
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'î' | 'ï' => 'i',
        'ô' => 'o',
        'ù' | 'û' => 'u',
        'ç' => 'c',
        c => c,
    };
    text.to_lowercase().chars().map(fold).collect()
}

fn table(machine: &Machine, measured: &Measured, right: usize, turns: usize) -> String {
    let reports: Vec<CallReport> = measured.calls.iter().map(|call| call.outcome.report(&[])).collect();
    let replies: Vec<i64> =
        reports.iter().flat_map(|report| &report.turns).filter_map(|turn| turn.reply_started_after_ms).collect();
    let greetings: Vec<i64> = reports.iter().filter_map(|report| report.first_audio_after_answer_ms).collect();
    let lost: u64 = reports.iter().map(|report| report.packets.lost).sum();
    let Parts { turn_ends, words, packets } = &measured.parts;
    let differences = |later: &[i64], earlier: &[i64]| -> Vec<i64> {
        later.iter().zip(earlier).map(|(later, earlier)| later - earlier).collect()
    };
    let (waited, voiced) = (differences(words, turn_ends), differences(packets, words));
    let ms = |value: Option<i64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value} ms"));
    let memory = measured.memory_mib.map_or_else(|| "–".to_owned(), |memory| format!("{memory} Mio"));
    let mut text = String::from("| mesure | valeur | but |\n|---|---|---|\n");
    for (what, value, aim) in [
        (
            "fin de la parole de l'appelant → premier paquet d'une réponse en cache, p50 / p95",
            format!("{} / {}", ms(percentile(&replies, 0.5)), ms(percentile(&replies, 0.95))),
            "700 ms / 1,2 s",
        ),
        (
            "dont : silence jusqu'à la fin du tour, p50 / p95",
            format!("{} / {}", ms(percentile(turn_ends, 0.5)), ms(percentile(turn_ends, 0.95))),
            "–",
        ),
        (
            "dont : attente des mots au-delà, p50 / p95",
            format!("{} / {}", ms(percentile(&waited, 0.5)), ms(percentile(&waited, 0.95))),
            "–",
        ),
        (
            "dont : mots → premier paquet, p50 / p95",
            format!("{} / {}", ms(percentile(&voiced, 0.5)), ms(percentile(&voiced, 0.95))),
            "–",
        ),
        (
            "200 OK → premier paquet de l'accueil, p50 / max",
            format!("{} / {}", ms(percentile(&greetings, 0.5)), ms(percentile(&greetings, 1.0))),
            "60 ms",
        ),
        ("mémoire du service, modèles chargés, un appel", memory, "700 Mio"),
        ("démarrage → prêt, phrases en cache", ms(Some(measured.started_in_ms)), "3 s"),
        (
            "questions posées / réponses attendues / sans réponse",
            format!("{turns} / {right} / {}", turns - replies.len()),
            "–",
        ),
        ("paquets de voix perdus", lost.to_string(), "0"),
    ] {
        text += &format!("| {what} | {value} | {aim} |\n");
    }
    let memory = machine.memory_gib.map_or_else(String::new, |memory| format!(", {memory:.1} Gio"));
    text += &format!(
        "\nConditions : {}, {} cœurs{memory}, charge {} au départ, Linux {}, allo-mairie {} ({}). {} appels sur la boucle \
         locale, appelant et service sur la même machine, {} questions par appel, dites par une voix de synthèse. Les délais \
         sont lus sur les paquets RTP, à l'appelant : dernier paquet de parole envoyé → premier paquet de parole reçu ; \
         p50 et p95 au rang le plus proche.",
        machine.processor,
        machine.cores,
        machine.load.as_deref().unwrap_or("inconnue"),
        machine.kernel.as_deref().unwrap_or("inconnu"),
        env!("CARGO_PKG_VERSION"),
        if cfg!(debug_assertions) { "compilé pour le débogage" } else { "compilé pour l'usage" },
        measured.calls.len(),
        TURNS_A_CALL,
    );
    text
}

/// Progress goes to the error stream: the table alone is the output.
fn progress(what: &str) {
    anstream::eprintln!("· {what}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accents_are_folded() {
        assert_eq!(folded("Délai « À côté »"), "delai « a cote »");
        assert!(QUESTIONS.iter().all(|(_, expected)| folded(expected) == *expected), "expected words must be folded");
    }

    #[test]
    fn the_number_of_turns_is_bounded() {
        assert_eq!(positive("20"), Ok(20));
        assert!(positive("0").is_err() && positive("x").is_err() && positive("1001").is_err());
    }
}
