//! `allo-mairie bench-calls`: whole spoken calls, as data, against the real service: a process of its own, real SIP and RTP on
//! loopback, an operator's telephone, a caller who listens with a recogniser and answers what they have understood.

mod conversation;
mod cues;
mod table;
mod town;
mod typed;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::mpsc;

use self::conversation::{Studied, Talked};
use self::table::Row;
use super::Failure;
use super::bench::machine::Machine;
use super::bench::service::{Service, Workshop};
use super::stage;
use super::telephone::{self, EngineArgs, Studio};
use crate::audio::Codec;
use crate::config::Config;
use crate::dialplan::{Dialplan, parse, render};
use crate::files::{read_dialplan, read_prompts};
use crate::net::{self, CallLine};
use crate::server;
use crate::simulate::driver;
use crate::simulate::person::{Cues, Person};
use crate::simulate::phone::{self, Manner};
use crate::simulate::scenario::{Opening, Operator, Scenario};
use crate::simulate::script::Line;
use crate::simulate::transcripts::Transcriber;
use crate::simulate::verdict::judge;
use crate::store::{Filter, Store};

const LOOPBACK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
const OPERATOR_SAYS: [&str; 2] = ["Mairie, bonjour, je vous écoute.", "Très bien, je m'en occupe. Au revoir."];
const OPERATOR_ANSWERS_AFTER: Duration = Duration::from_secs(2);

#[derive(clap::Args)]
pub struct Args {
    /// Appels écrits (*.toml), ou dossiers qui en contiennent
    #[arg(default_value = "sip-tests/calls", value_name = "FICHIER")]
    paths: Vec<PathBuf>,
    /// Dossier où écrire chaque conversation (JSON) et son enregistrement (WAV)
    #[arg(long, value_name = "DOSSIER")]
    out: Option<PathBuf>,
    /// Sans le son : chacun comprend tout ce que l'autre dit
    #[arg(long, conflicts_with = "out")]
    typed: bool,
    #[command(flatten)]
    engines: EngineArgs,
}

pub fn run(args: Args) -> Result<(), Failure> {
    let scenarios = read(&args.paths)?;
    let machine = Machine::here();
    let workshop = Workshop::new()?;
    let config = args.engines.config()?;
    let plan = dialplan(&config.dialplan.directory)?;
    let prompts = read_prompts(&config.dialplan.prompts, "fr").map_err(|error| Failure::new(error.to_string()))?;
    let cues = cues::of(&plan, prompts)?;
    if args.typed {
        let rows = type_all(&config, &workshop, scenarios, &cues)?;
        anstream::println!("{}", table::render_typed(&rows));
        return Ok(());
    }
    let mut studio = Studio::open(&config, &args.engines)?;
    progress("les appelants apprennent leur texte");
    let mut studied = Vec::new();
    for (name, scenario) in scenarios {
        studied.push(Studied::new(name, scenario, cues.clone(), &mut studio)?);
    }
    let operator = OPERATOR_SAYS.iter().map(|text| studio.speak(text)).collect::<Result<Vec<Line>, _>>()?;
    drop(studio);
    let transcriber = telephone::transcriber(&config)?;
    let rows = telephone::runtime()?.block_on(place_all(&args, &workshop, studied, operator, &plan, &transcriber))?;
    anstream::println!("{}", table::render(&machine, &rows));
    Ok(())
}

/// The files named, and those of the folders named, in the order of their names.
fn read(paths: &[PathBuf]) -> Result<Vec<(String, Scenario)>, Failure> {
    let unreadable = |path: &Path, error: std::io::Error| Failure::new(format!("{} : {error}.", path.display()));
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let mut found = Vec::new();
        for entry in std::fs::read_dir(path).map_err(|error| unreadable(path, error))? {
            let file = entry.map_err(|error| unreadable(path, error))?.path();
            if file.extension().is_some_and(|extension| extension == "toml") {
                found.push(file);
            }
        }
        found.sort();
        files.extend(found);
    }
    if files.is_empty() {
        return Err(Failure::new("Aucun appel : donnez des fichiers *.toml, ou un dossier qui en contient."));
    }
    let parsed = files.iter().map(|file| {
        let text = std::fs::read_to_string(file).map_err(|error| unreadable(file, error))?;
        let scenario = Scenario::parse(&text).map_err(|error| Failure::new(format!("{} : {error}", file.display())))?;
        let name = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        Ok((name, scenario))
    });
    parsed.collect()
}

fn dialplan(directory: &Path) -> Result<Dialplan, Failure> {
    let files = read_dialplan(directory).map_err(|error| Failure::new(error.to_string()))?;
    let (plan, problems) = parse(&files);
    plan.ok_or_else(|| Failure::new(render(&files, &problems, false)))
}

/// The calls without sound, at any hour of today that the scenario's opening allows.
fn type_all(
    config: &Config,
    workshop: &Workshop,
    scenarios: Vec<(String, Scenario)>,
    cues: &Cues,
) -> Result<Vec<Row>, Failure> {
    let now = net::local_time(&config.dialplan.timezone).datetime();
    let mut rows: Vec<(usize, Row)> = Vec::new();
    let mut scenarios: Vec<(usize, (String, Scenario))> = scenarios.into_iter().enumerate().collect();
    for opening in [Opening::Open, Opening::Closed] {
        let (these, later): (Vec<_>, Vec<_>) = scenarios.into_iter().partition(|(_, (_, s))| s.hours == opening);
        scenarios = later;
        let mut config = config.clone();
        let dialplan = workshop.directory.join(format!("{opening:?}").to_lowercase());
        town::copy(&config.dialplan.directory, &dialplan, opening, now)?;
        config.dialplan.directory = dialplan;
        let town = server::conversation(&config).map_err(|problem| Failure::new(problem.to_string()))?;
        for (number, (name, scenario)) in these {
            let person = Person::new(scenario.clone(), cues.clone());
            let typed = typed::play(&scenario, person, town.start(), town.plan(), now);
            let misses = judge(&scenario, &typed.happened, extensions(town.plan()));
            rows.push((number, Row::typed(name, scenario, typed, misses)));
        }
    }
    rows.sort_by_key(|(number, _)| *number);
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}

/// The extension of an entry of the directory.
fn extensions(plan: &Dialplan) -> impl Fn(&str) -> Option<String> {
    |entry| {
        let found =
            plan.directory.iter().find(|known| crate::dialplan::fold(&known.name) == crate::dialplan::fold(entry));
        found.and_then(|known| known.extension.clone())
    }
}

/// What the operator's telephone does with the next call.
type Mood = Arc<Mutex<Operator>>;

/// The calls of each opening, one service after the other.
async fn place_all(
    args: &Args,
    workshop: &Workshop,
    studied: Vec<Studied>,
    operator: Vec<Line>,
    plan: &Dialplan,
    transcriber: &Transcriber,
) -> Result<Vec<Row>, Failure> {
    let endpoint = telephone::endpoint_at("standard", LOOPBACK);
    let bound = net::bind(endpoint, LOOPBACK, rand::random()).await;
    let (extension, incoming) = bound.map_err(|error| telephone::net_failure(&error))?;
    let mood = Mood::default();
    let attending = tokio::spawn(attend(incoming, operator, mood.clone()));
    let total = studied.len();
    let mut rows: Vec<(usize, Row)> = Vec::new();
    let mut studied: Vec<(usize, Studied)> = studied.into_iter().enumerate().collect();
    for opening in [Opening::Open, Opening::Closed] {
        let (now, later): (Vec<_>, Vec<_>) = studied.into_iter().partition(|(_, s)| s.scenario().hours == opening);
        studied = later;
        if now.is_empty() {
            continue;
        }
        let directory = workshop.directory.join(format!("{opening:?}").to_lowercase());
        let scenarios: Vec<&Scenario> = now.iter().map(|(_, studied)| studied.scenario()).collect();
        let town = Town::open(args, &directory, opening, extension.local_address(), &scenarios).await?;
        for (number, studied) in now {
            progress(&format!("appel {} sur {total} : {}", rows.len() + 1, studied.scenario().title));
            *mood.lock().unwrap_or_else(PoisonError::into_inner) = studied.scenario().operator;
            rows.push((number, town.place(args, studied, plan, transcriber).await?));
        }
        town.service.stop()?;
    }
    attending.abort();
    rows.sort_by_key(|(number, _)| *number);
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}

/// The operator's telephone: one call after the other.
async fn attend(mut calls: mpsc::Receiver<CallLine>, script: Vec<Line>, mood: Mood) {
    while let Some(line) = calls.recv().await {
        let manner = match *mood.lock().unwrap_or_else(PoisonError::into_inner) {
            Operator::Answers => Manner::Answer { after: OPERATOR_ANSWERS_AFTER },
            Operator::Busy => Manner::Busy,
            Operator::Absent => Manner::NoAnswer,
        };
        let settings = |rtp| phone::Settings { manner, codecs: vec![Codec::Pcma], rtp, seed: rand::random() };
        let taken =
            driver::take_call(line, LOOPBACK.ip(), settings, script.clone(), std::future::pending(), |_| {}).await;
        if let Err(error) = taken {
            progress(&telephone::net_failure(&error).message);
        }
    }
}

/// A town hall at one opening: its service and what its callers leave.
struct Town {
    service: Service,
    store: Store,
    last_request: std::cell::Cell<i64>,
    journal: PathBuf,
    /// Recognitions in the journal that belong to calls before.
    heard: std::cell::Cell<usize>,
}

impl Town {
    /// `scenarios`: what its callers will say, so that the answers to it are on disk as they would be after a day's service.
    async fn open(
        args: &Args,
        directory: &Path,
        opening: Opening,
        extension: SocketAddr,
        scenarios: &[&Scenario],
    ) -> Result<Self, Failure> {
        let mut config = args.engines.config()?;
        let dialplan = directory.join("dialplan");
        let now = net::local_time(&config.dialplan.timezone).datetime();
        town::copy(&config.dialplan.directory, &dialplan, opening, now)?;
        config.dialplan.directory.clone_from(&dialplan);
        progress("les réponses qui manquent sont synthétisées");
        let lines = scenarios.iter().map(|scenario| scenario.texts().map(str::to_owned).collect()).collect();
        stage::rehearse(config.clone(), lines).await?;
        let path = directory.join("demandes.sqlite");
        // What the agent heard is looked at where conversations are kept: the callers' words were written by us.
        let (level, personal) = if args.out.is_some() { ("debug", "true") } else { ("info", "false") };
        let journal = directory.join("journal.txt");
        let environment: Vec<(String, String)> = [
            ("SIP__LISTEN", LOOPBACK.to_string()),
            ("SIP__ADVERTISED", String::new()),
            ("LOG__FORMAT", "json".to_owned()),
            ("LOG__LEVEL", level.to_owned()),
            ("LOG__PERSONAL", personal.to_owned()),
            ("VOICE__PREPARE", "needed".to_owned()),
            ("TRANSFER__TARGET", format!("sip:{{poste}}@{extension}")),
            ("DIALPLAN__DIRECTORY", dialplan.display().to_string()),
            ("STORE__PATH", path.display().to_string()),
        ]
        .map(|(name, value)| (format!("ALLO_MAIRIE_{name}"), value))
        .to_vec();
        progress("le service démarre");
        let service = Service::start(args.engines.config.as_deref(), &environment, &journal).await?;
        let store = Store::open(&path, config.store.retention_days, net::timestamp())
            .map_err(|error| Failure::new(error.to_string()))?;
        Ok(Self { service, store, last_request: 0.into(), journal, heard: 0.into() })
    }

    async fn place(
        &self,
        args: &Args,
        studied: Studied,
        plan: &Dialplan,
        transcriber: &Transcriber,
    ) -> Result<Row, Failure> {
        let (name, scenario) = (studied.name().to_owned(), studied.scenario().clone());
        let talked = studied.call(&self.service, transcriber).await?;
        let requests = self.new_requests(scenario.leaves_request()).await?;
        let happened = talked.happened(requests);
        let misses = judge(&scenario, &happened, extensions(plan));
        if let Some(directory) = &args.out {
            keep(directory, &name, &talked, self.newly_heard(), &happened.requests, &misses)?;
        }
        let row = Row::new(name, scenario, talked, happened.duration, misses);
        progress(&row.told());
        Ok(row)
    }

    /// What the recogniser made of the caller's words, unfinished ones too, since the call before.
    fn newly_heard(&self) -> Vec<String> {
        let journal = std::fs::read_to_string(&self.journal).unwrap_or_default();
        let all: Vec<String> = journal.lines().filter_map(heard_in).collect();
        let before = self.heard.replace(all.len());
        all.into_iter().skip(before).collect()
    }

    /// Requests left since the call before; `wanted`: one is waited for, its writing may take a moment.
    async fn new_requests(&self, wanted: bool) -> Result<Vec<(String, Vec<(String, String)>)>, Failure> {
        const PATIENCE: Duration = Duration::from_secs(2);
        const A_MOMENT: Duration = Duration::from_millis(100);
        let until = net::now() + PATIENCE;
        loop {
            let failed = |error: crate::store::StoreError| Failure::new(error.to_string());
            let all = self.store.requests(Filter::All).map_err(failed)?.outcome().await.map_err(failed)?;
            let new: Vec<_> = all.into_iter().filter(|request| request.id > self.last_request.get()).collect();
            if new.is_empty() && wanted && net::now() < until {
                net::sleep_until(Some(net::now() + A_MOMENT)).await;
                continue;
            }
            if let Some(last) = new.iter().map(|request| request.id).max() {
                self.last_request.set(last);
            }
            return Ok(new.into_iter().map(|request| (request.kind, request.fields)).collect());
        }
    }
}

/// The words of a journal's line that tells of a recognition.
fn heard_in(line: &str) -> Option<String> {
    let line: serde_json::Value = serde_json::from_str(line).ok()?;
    let fields = line.get("fields").unwrap_or(&line);
    let is_recognition = fields.get("message")?.as_str()? == "utterance recognised";
    is_recognition.then(|| fields.get("text")?.as_str().map(str::to_owned)).flatten()
}

/// What is kept of a call: `NAME.json` and `NAME.wav`.
#[derive(Serialize)]
struct Kept<'a> {
    call: &'a crate::simulate::report::CallReport,
    heard: Vec<String>,
    requests: &'a [(String, Vec<(String, String)>)],
    misses: Vec<String>,
}

fn keep(
    directory: &Path,
    name: &str,
    talked: &Talked,
    heard: Vec<String>,
    requests: &[(String, Vec<(String, String)>)],
    misses: &[crate::simulate::verdict::Miss],
) -> Result<(), Failure> {
    let misses = misses.iter().map(table::in_french).collect();
    let kept = Kept { call: &talked.report, heard, requests, misses };
    telephone::write_json(&directory.join(format!("{name}.json")), &kept)?;
    telephone::write_wav(&directory.join(format!("{name}.wav")), &talked.sent, &talked.received)
}

/// Progress goes to the error stream: the table alone is the output.
fn progress(what: &str) {
    anstream::eprintln!("· {what}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::person::Cues;

    #[test]
    fn what_was_heard_is_read_from_the_journal() {
        let line = r#"{"level":"DEBUG","message":"utterance recognised","samples":8000,"text":"Bonjour."}"#;
        assert_eq!(heard_in(line).as_deref(), Some("Bonjour."));
        assert_eq!(heard_in(&line.replace(",\"text\":\"Bonjour.\"", "")), None);
        assert_eq!(heard_in(r#"{"message":"call ended","text":"x"}"#), None);
        assert_eq!(heard_in("no JSON"), None);
    }

    #[test]
    fn every_call_of_the_repository_can_be_read() {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("sip-tests/calls");
        let scenarios = read(&[directory]).unwrap_or_else(|failure| panic!("{failure}"));
        assert!(scenarios.len() >= 20, "{}", scenarios.len());
    }

    /// By words alone: what fails without the sound fails by understanding or by the conversation. Most of these calls were written by people
    /// who had not seen the dialplan's phrases.
    #[test]
    fn callers_who_hear_every_word_get_what_they_want() {
        const FAILURES: usize = 60;
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut config = Config::default();
        config.dialplan.directory = root.join("dialplans/saint-germain-en-laye");
        config.dialplan.prompts = root.join("prompts");
        config.understanding.model = None;
        let cues = cues::of(
            &dialplan(&config.dialplan.directory).unwrap(),
            read_prompts(&config.dialplan.prompts, "fr").unwrap(),
        );
        let workshop = Workshop::new().unwrap();
        let scenarios = read(&[root.join("sip-tests/calls")]).unwrap_or_else(|failure| panic!("{failure}"));
        let rows =
            type_all(&config, &workshop, scenarios, &cues.unwrap()).unwrap_or_else(|failure| panic!("{failure}"));
        let failed = rows.iter().filter(|row| !row.succeeded()).count();
        assert!(failed <= FAILURES, "{}", table::render_typed(&rows));
    }

    #[test]
    fn the_agents_questions_are_known_by_its_phrases() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let plan = dialplan(&root.join("dialplans/saint-germain-en-laye")).unwrap();
        let prompts = read_prompts(&root.join("prompts"), "fr").unwrap();
        let Cues {
            confirms_topic,
            offers,
            reads_back,
            goes_on,
            has_not_understood,
            offers_call_back,
            asks_to_wait,
            has_part_of_number,
            has_saved,
            has_raised_alarm,
        } = cues::of(&plan, prompts).unwrap();
        let questions = [confirms_topic, offers, reads_back, goes_on, has_not_understood, offers_call_back];
        let all: Vec<_> =
            questions.into_iter().chain([asks_to_wait, has_part_of_number, has_saved, has_raised_alarm]).collect();
        assert!(all.iter().all(|cues| !cues.is_empty()), "{all:?}");
    }
}
