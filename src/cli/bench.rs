//! `allo-mairie bench`: the delays of real calls, one or many at once, against a service of its own, as a Markdown table with
//! its conditions.

pub(super) mod machine;
pub(super) mod service;
mod table;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::JoinSet;

use self::machine::Machine;
use self::service::{Parts, Service, Workshop};
use self::table::Level;
use super::Failure;
use super::stage;
use super::telephone::{self, EngineArgs, Studio};
use crate::audio::Codec;
use crate::net;
use crate::simulate::caller::{self, Observation, Outcome};
use crate::simulate::driver::{self, Target};
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
    ("Mon bac est cassé.", "agglomeration"),
    ("Les éboueurs ne sont pas passés.", "desole"),
    ("Comment trier le verre et le carton ?", "emballages"),
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
    /// Nombre d'appels en même temps ; plusieurs nombres : une mesure pour chacun
    #[arg(long, value_name = "N,N…", default_value = "1", value_delimiter = ',', value_parser = positive)]
    at_once: Vec<usize>,
    /// Réponses jamais dites auparavant : la voix les synthétise pendant l'appel (20 questions au plus)
    #[arg(long)]
    unheard: bool,
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
    let mut studio = Studio::open(&config, &args.engines)?;
    // A question asked again would get an answer that has been said.
    let turns = if args.unheard { args.turns.min(QUESTIONS.len()) } else { args.turns };
    let asked: Vec<usize> = (0..turns).map(|turn| turn % QUESTIONS.len()).collect();
    progress("les questions sont mises en voix");
    let mut lines = Vec::new();
    for (question, _) in QUESTIONS.iter().take(turns) {
        lines.push(studio.speak(question)?);
    }
    drop(studio);
    let scripts: Vec<Vec<Line>> =
        asked.chunks(TURNS_A_CALL).map(|questions| questions.iter().map(|&q| lines[q].clone()).collect()).collect();
    let measured = telephone::runtime()?.block_on(measure(&args, &workshop, &scripts))?;
    progress("les réponses sont transcrites");
    let transcriber = telephone::transcriber(&config)?;
    let mut levels = Vec::new();
    for measured in measured {
        let right = telephone::runtime()?.block_on(count_right(&transcriber, &asked, &measured.calls))?;
        levels.push(Level::new(&measured, turns, right));
    }
    anstream::println!("{}", table::render(&machine, &levels, TURNS_A_CALL, args.unheard));
    Ok(())
}

/// One number of calls at once.
struct Measured {
    at_once: usize,
    started_in_ms: i64,
    calls: Vec<Call>,
    /// As the service itself timed them.
    parts: Parts,
}

struct Call {
    outcome: Outcome,
    heard: Vec<(usize, Vec<i16>)>,
    /// Of the service, between turns.
    memory_mib: Option<u64>,
}

async fn measure(args: &Args, workshop: &Workshop, scripts: &[Vec<Line>]) -> Result<Vec<Measured>, Failure> {
    let environment = environment(args, workshop)?;
    let config = args.engines.config.as_deref();
    let journal = workshop.directory.join("journal.txt");
    progress("les réponses qui manquent sont synthétisées");
    rehearse(args, workshop).await?;
    let mut all = Vec::new();
    for &at_once in &args.at_once {
        // What a level has had synthesised is not new for the next.
        let mut environment = environment.clone();
        if args.unheard {
            let copy = workshop.directory.join(format!("voix-{at_once}"));
            stage::copy_folder(&args.engines.config()?.voice.cache, &copy)?;
            environment.push(("ALLO_MAIRIE_VOICE__CACHE".to_owned(), copy.display().to_string()));
        }
        progress(&format!("appels en même temps : {at_once}"));
        let service = Arc::new(Service::start(config, &environment, &journal).await?);
        let started_in_ms = service.started_in.as_millis() as i64;
        let calls = place(&service, scripts, at_once).await?;
        let parts = Arc::into_inner(service).ok_or_else(|| Failure::new("Un appel n'a pas fini."))?.stop()?;
        all.push(Measured { at_once, started_in_ms, calls, parts });
    }
    Ok(all)
}

/// Has the answers to all questions on disk.
async fn rehearse(args: &Args, workshop: &Workshop) -> Result<(), Failure> {
    let mut config = args.engines.config()?;
    config.dialplan.directory = workshop.directory.join("dialplan");
    let calls = QUESTIONS.chunks(TURNS_A_CALL);
    let calls = calls.map(|call| call.iter().map(|(question, _)| (*question).to_owned()).collect()).collect();
    stage::rehearse(config, calls).await
}

/// All calls, so many at once: each caller who has hung up is followed by the next.
async fn place(service: &Arc<Service>, scripts: &[Vec<Line>], at_once: usize) -> Result<Vec<Call>, Failure> {
    let waiting: VecDeque<(usize, Vec<Line>)> = scripts.iter().cloned().enumerate().collect();
    let (total, waiting) = (waiting.len(), Arc::new(Mutex::new(waiting)));
    let mut callers = JoinSet::new();
    for _ in 0..at_once {
        let (service, waiting) = (service.clone(), waiting.clone());
        callers.spawn(async move {
            let mut calls = Vec::new();
            loop {
                let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                let Some((number, script)) = next else { return Ok(calls) };
                progress(&format!("appel {} sur {total}", number + 1));
                let call = call(&service, script).await?;
                if let Some(failure) = call.outcome.report(&[]).failure {
                    return Err(Failure::new(super::call::in_french(failure)));
                }
                calls.push((number, call));
            }
        });
    }
    let mut calls = Vec::new();
    while let Some(ended) = callers.join_next().await {
        calls.extend(ended.map_err(|error| Failure::new(format!("Un appelant s'est interrompu : {error}.")))??);
    }
    calls.sort_by_key(|(number, _)| *number);
    Ok(calls.into_iter().map(|(_, call)| call).collect())
}

/// Settings of the measured service: loopback, the town's dialplan open day and night, nothing kept.
fn environment(args: &Args, workshop: &Workshop) -> Result<Vec<(String, String)>, Failure> {
    let dialplan = workshop.directory.join("dialplan");
    stage::copy_dialplan(&args.engines.config()?.dialplan.directory, &dialplan)?;
    if args.unheard {
        stage::make_answers_variable(&dialplan)?;
    }
    let path = |path: PathBuf| path.display().to_string();
    Ok([
        ("SIP__LISTEN", "127.0.0.1:0".to_owned()),
        ("SIP__ADVERTISED", String::new()),
        ("LOG__FORMAT", "json".to_owned()),
        ("VOICE__PREPARE", "needed".to_owned()),
        ("DIALPLAN__DIRECTORY", path(dialplan)),
        ("STORE__PATH", path(workshop.directory.join("demandes.sqlite"))),
    ]
    .map(|(name, value)| (format!("ALLO_MAIRIE_{name}"), value))
    .to_vec())
}

async fn call(service: &Service, script: Vec<Line>) -> Result<Call, Failure> {
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
    let (mut heard, mut memory_mib) = (Vec::new(), None);
    let target = Target { uri: service.uri.clone(), destination: service.address, local_ip };
    let stop = async { drop(tokio::signal::ctrl_c().await) };
    let outcome = driver::call(&sip, target, settings, script, stop, |observation| {
        if let Observation::FarEndFinished { stretch, samples, .. } = observation {
            // Between turns: nothing is being measured at this moment.
            memory_mib = memory_mib.max(service.memory_mib());
            heard.push((stretch, samples));
        }
    });
    let outcome = outcome.await.map_err(failure)?;
    Ok(Call { outcome, heard, memory_mib })
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
