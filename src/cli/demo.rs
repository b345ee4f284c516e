//! `allo-mairie demo`: a whole call, to be seen and heard. Agent, operator's phone and caller are real telephones on
//! loopback; what is shown of the agent's words is transcribed from the audio that the caller received.

mod play;
mod progress;
mod screen;

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::Duration;

use serde::Serialize;
use tokio::sync::{mpsc, oneshot};

use self::play::{Camera, Play, Scene, Texts};
use self::progress::Progress;
use self::screen::{BOLD, DIM, Screen, Who};
use super::Failure;
use super::stage;
use super::telephone::{self, EngineArgs, Studio};
use crate::audio::Codec;
use crate::config::Config;
use crate::net::{self, CallLine, sleep_until};
use crate::server::{self, Ready};
use crate::simulate::driver::{self, Target};
use crate::simulate::phone::{self, Manner};
use crate::simulate::report::{CallReport, Party, PhoneReport, percentile};
use crate::simulate::script::Line;
use crate::simulate::{caller, transcripts::Transcriber};

/// What the caller says, each once the other has finished. The dialplan answers all but the last, which is said to
/// the operator.
const CALLER_SAYS: [&str; 6] = [
    "Bonjour, je voudrais refaire ma carte d'identité.",
    "Oui, je veux bien, s'il vous plaît.",
    "Et quel jour passent les éboueurs ?",
    "Non, merci. Je voudrais un acte de naissance.",
    "Je voudrais parler à quelqu'un, s'il vous plaît.",
    "Bonjour, je voudrais prendre rendez-vous pour ma carte d'identité.",
];
const OPERATOR_SAYS: [&str; 2] = ["Mairie, bonjour, je vous écoute.", "Très bien, je m'en occupe. Au revoir."];
/// The operator lifts the receiver after this.
const OPERATOR_ANSWERS_AFTER: Duration = Duration::from_secs(2);
const LOOPBACK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
const LONGEST: Duration = Duration::from_secs(240);

#[derive(clap::Args)]
pub struct Args {
    /// Dossier de l'enregistrement et des mesures
    #[arg(long, value_name = "DOSSIER", default_value = "demo")]
    out: PathBuf,
    #[command(flatten)]
    engines: EngineArgs,
}

pub fn run(args: Args) -> Result<(), Failure> {
    let mut screen = Screen::new();
    introduce(&mut screen);
    telephone::runtime()?.block_on(perform(&args, &mut screen))
}

fn introduce(screen: &mut Screen) {
    screen.print("");
    screen.print(&format!("  {BOLD}ALLÔ MAIRIE{BOLD:#}  ·  démonstration"));
    screen.print(&format!("  {DIM}{}{DIM:#}", "━".repeat(76)));
    screen.paragraph(
        "Quelqu'un téléphone à la mairie. Un agent vocal décroche, écoute, répond à partir des fiches de la mairie, \
         puis passe l'appel à une personne. L'appel est réel : téléphonie SIP et RTP, reconnaissance et voix, tout \
         fonctionne sur cette machine et rien n'en sort.",
    );
    screen.print("");
    for (who, role) in [
        (Who::Caller, "téléphone d'essai ; une voix de synthèse lit son texte"),
        (Who::Agent, "Allô Mairie ; personne ne lui souffle ce qui va être dit"),
        (Who::Operator, "téléphone d'essai d'une personne de la mairie"),
    ] {
        let style = who.style();
        screen.print(&format!("    {style}{:<10}{style:#}{role}", who.name()));
    }
    screen.print("");
    screen.paragraph(
        "Les paroles de l'agent et du standard sont transcrites du son que l'appelant a reçu : une faute d'écoute y \
         est possible, comme à l'oreille.",
    );
}

/// The whole evening: engines, service, call, summary.
async fn perform(args: &Args, screen: &mut Screen) -> Result<(), Failure> {
    screen.heading("Préparation");
    let base = args.engines.config()?;
    let (transcriber, script, greeting) = prepare(args, &base, screen).await?;
    let operator_endpoint = telephone::endpoint_at("standard", LOOPBACK);
    let bound = net::bind(operator_endpoint, LOOPBACK, rand::random()).await;
    let (operator, operator_calls) = bound.map_err(|error| telephone::net_failure(&error))?;
    let config = town_hall(args, operator.local_address())?;
    let progress = Progress::watch();
    let what = "l'agent apprend ses phrases, une fois pour toutes";
    waiting(screen, what, || progress.shown(), rehearsed(&config)).await?;

    let (ready, announced) = oneshot::channel();
    let (stop, stopped) = oneshot::channel::<()>();
    let mut service = pin!(server::run(config, ready, async move { drop(stopped.await) }));
    let starting = async {
        tokio::select! {
            outcome = &mut service => Err(Failure::new(match outcome {
                Err(problem) => problem.to_string(),
                Ok(()) => "L'agent s'est arrêté avant d'être prêt.".to_owned(),
            })),
            Ok(ready) = announced => Ok(ready),
        }
    };
    let ready = waiting(screen, "l'agent démarre", || progress.shown(), starting).await?;
    screen.done(&format!(
        "l'agent est prêt en {} s : {} phrases déjà dites d'avance",
        decimal(ready.took.as_secs_f64()),
        ready.sentences
    ));

    screen.heading("L'appel");
    let mut stop = Some(stop);
    let call = async {
        let result = telephone_call(&ready, script, greeting, operator_calls, &transcriber, screen).await;
        drop(stop.take());
        result
    };
    let (result, service) = tokio::join!(call, service);
    clear_backstage(&args.out);
    service.map_err(|problem| Failure::new(problem.to_string()))?;
    let (outcome, phone, texts) = result?;
    conclude(args, screen, &ready, outcome, phone, &texts)
}

/// Speaks both persons' lines and loads the recogniser of the transcripts.
async fn prepare(
    args: &Args,
    base: &Config,
    screen: &mut Screen,
) -> Result<(Transcriber, Vec<Line>, Vec<Line>), Failure> {
    let (config, engines) = (base.clone(), args.engines.clone());
    let work = tokio::task::spawn_blocking(move || {
        let transcriber = telephone::transcriber(&config)?;
        let mut studio = Studio::open(&config, &engines)?;
        let mut say = |texts: &[&str]| texts.iter().map(|text| studio.speak(text)).collect();
        let script: Result<Vec<Line>, Failure> = say(&CALLER_SAYS);
        let operator: Result<Vec<Line>, Failure> = say(&OPERATOR_SAYS);
        Ok((transcriber, script?, operator?))
    });
    let started = net::now();
    let prepared = waiting(screen, "l'appelant apprend son texte", String::new, async {
        work.await.unwrap_or_else(|_| Err(Failure::new("La préparation s'est interrompue.")))
    });
    let prepared = prepared.await?;
    let took = (net::now() - started).as_secs_f64();
    screen.done(&format!("l'appelant et le standard ont appris leur texte en {} s", decimal(took)));
    Ok(prepared)
}

/// Every sentence of this conversation is synthesised before it begins.
async fn rehearsed(config: &Config) -> Result<(), Failure> {
    stage::rehearse(config.clone(), vec![CALLER_SAYS.map(str::to_owned).to_vec()]).await
}

/// The agent's configuration: that of the town, on loopback, open day and night, its transfers to our test phone.
fn town_hall(args: &Args, operator: SocketAddr) -> Result<Config, Failure> {
    let base = args.engines.config()?;
    let backstage = backstage(&args.out);
    let dialplan = backstage.join("dialplan");
    clear_backstage(&args.out);
    stage::copy_dialplan(&base.dialplan.directory, &dialplan)?;
    stage::config(
        args.engines.config.as_deref(),
        &[
            ("SIP__LISTEN", LOOPBACK.to_string()),
            ("SIP__ADVERTISED", String::new()),
            ("TRANSFER__TARGET", format!("sip:{{poste}}@{operator}")),
            ("DIALPLAN__DIRECTORY", dialplan.display().to_string()),
            // Nothing else computes during the call.
            ("VOICE__PREPARE", "needed".to_owned()),
            ("STORE__PATH", backstage.join("demandes.sqlite").display().to_string()),
        ],
    )
}

/// Files the service needs during the demonstration only.
fn backstage(out: &Path) -> PathBuf {
    out.join(".coulisses")
}

/// What stays behind should be what one wants to look at; a file that can't be removed does no harm.
fn clear_backstage(out: &Path) {
    let _ = std::fs::remove_dir_all(backstage(out));
}

/// Waits with a status line that shows the seconds.
async fn waiting<T>(screen: &mut Screen, what: &str, how_far: impl Fn() -> String, work: impl Future<Output = T>) -> T {
    const REDRAW: Duration = Duration::from_millis(200);
    let started = net::now();
    let mut work = pin!(work);
    if !screen.is_interactive() {
        screen.print(&format!("  … {what}"));
    }
    loop {
        let elapsed = (net::now() - started).as_secs();
        screen.status(&format!("{what}… {}{elapsed} s", how_far()));
        tokio::select! {
            done = &mut work => {
                screen.clear_status();
                return done;
            }
            () = sleep_until(Some(net::now() + REDRAW)) => {}
        }
    }
}

async fn telephone_call(
    ready: &Ready,
    script: Vec<Line>,
    operator_script: Vec<Line>,
    operator_calls: mpsc::Receiver<CallLine>,
    transcriber: &Transcriber,
    screen: &mut Screen,
) -> Result<(caller::Outcome, Option<phone::Phone>, Texts), Failure> {
    let destination = ready.address;
    let (endpoint, local_ip) = telephone::endpoint("appelant", destination);
    let bound = net::bind(endpoint, (local_ip, 0).into(), rand::random()).await;
    let (sip, _incoming) = bound.map_err(|error| telephone::net_failure(&error))?;
    let uri = format!("sip:{}@{}", ready.user, ready.address);
    let settings = |agent_rtp, operator_rtp| caller::Settings {
        codecs: vec![Codec::Pcma, Codec::Pcmu],
        longest: LONGEST,
        hang_up_after_last: true,
        barge_in: false,
        agent_rtp,
        operator_rtp,
        seed: rand::random(),
    };
    let started = net::now();
    screen.happening(Duration::ZERO, &format!("L'appelant compose {uri}."));
    let labels = script.iter().map(|line| line.label.clone()).collect();
    let (camera, scenes) = Camera::new();
    let (over, call_over) = oneshot::channel::<()>();
    let call = {
        let camera = camera.clone();
        async move {
            let stop = async { drop(tokio::signal::ctrl_c().await) };
            let target = Target { uri, destination, local_ip };
            let observe = |observation| camera.show(Scene::Caller(observation));
            let outcome = driver::call(&sip, target, settings, script, stop, observe).await;
            drop(over);
            outcome
        }
    };
    let answering = answer(operator_calls, operator_script, camera, call_over);
    let play = Play::new(screen, transcriber, labels, started).run(scenes);
    let (outcome, phone, texts) = tokio::join!(call, answering, play);
    let outcome = outcome.map_err(|error| telephone::net_failure(&error))?;
    Ok((outcome, phone?, texts))
}

/// The operator's phone: takes the first call that comes before `call_over`.
async fn answer(
    mut calls: mpsc::Receiver<CallLine>,
    script: Vec<Line>,
    camera: Camera,
    call_over: oneshot::Receiver<()>,
) -> Result<Option<phone::Phone>, Failure> {
    let line = tokio::select! {
        line = calls.recv() => line,
        _ = call_over => None,
    };
    let Some(line) = line else { return Ok(None) };
    let settings = |rtp| phone::Settings {
        manner: Manner::Answer { after: OPERATOR_ANSWERS_AFTER },
        codecs: vec![Codec::Pcma, Codec::Pcmu],
        rtp,
        seed: rand::random(),
    };
    let stop = async { drop(tokio::signal::ctrl_c().await) };
    let observe = |observation| camera.show(Scene::Operator(observation));
    let phone = driver::take_call(line, LOOPBACK.ip(), settings, script, stop, observe).await;
    phone.map(Some).map_err(|error| telephone::net_failure(&error))
}

/// `call.json`.
#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    call: CallReport,
    operator: Option<PhoneReport>,
}

fn conclude(
    args: &Args,
    screen: &mut Screen,
    ready: &Ready,
    outcome: caller::Outcome,
    phone: Option<phone::Phone>,
    texts: &Texts,
) -> Result<(), Failure> {
    let call = outcome.report(&texts.caller);
    let (wav, json) = (args.out.join("call.wav"), args.out.join("call.json"));
    telephone::write_wav(&wav, &outcome.sent, &outcome.received)?;
    let operator = phone.map(|phone| phone.finish(texts.operator.clone()).report);
    summarise(screen, &call, operator.as_ref());
    let report = Report { call, operator };
    telephone::write_json(&json, &report)?;
    row(screen, "Enregistrement", &format!("{} (appelant à gauche, mairie à droite)", wav.display()));
    row(screen, "Mesures", &json.display().to_string());
    if let Some(failure) = report.call.failure {
        return Err(Failure::new(format!(
            "\nLa démonstration n'est pas allée au bout : {}",
            super::call::in_french(failure)
        )));
    }
    if report.call.transfer_status != Some(200) {
        return Err(Failure::new("\nLa démonstration n'est pas allée au bout : l'appel n'est pas arrivé au standard."));
    }
    invite(screen, &ready.user);
    Ok(())
}

fn row(screen: &mut Screen, name: &str, value: &str) {
    screen.print(&format!("  {name:<24}{BOLD}{value}{BOLD:#}"));
}

fn summarise(screen: &mut Screen, call: &CallReport, operator: Option<&PhoneReport>) {
    screen.heading("Bilan");
    let ms = |value: Option<i64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value} ms"));
    row(screen, "Décroché en", &ms(call.answered_after_ms));
    row(screen, "Premier mot de l'agent", &format!("{} après le décroché", ms(call.first_audio_after_answer_ms)));
    let delays: Vec<i64> = call
        .turns
        .iter()
        .filter(|turn| turn.to == Party::Agent)
        .filter_map(|turn| turn.reply_started_after_ms)
        .collect();
    let (median, longest) = (percentile(&delays, 0.5), percentile(&delays, 1.0));
    row(screen, "Délai des réponses", &format!("{} (médiane), {} au plus", ms(median), ms(longest)));
    screen.print(&format!(
        "  {:<24}{DIM}du dernier mot de l'appelant au premier de l'agent, {} réponses{DIM:#}",
        "",
        delays.len()
    ));
    let transfer = match (call.transfer_status, operator) {
        (Some(200), Some(operator)) if !operator.heard.is_empty() => {
            "réussi : la personne du standard a entendu l'appelant"
        }
        (Some(200), _) => "réussi",
        (Some(_), _) => "refusé",
        (None, _) => "pas eu lieu",
    };
    row(screen, "Transfert", transfer);
    let packets = call.packets;
    row(screen, "Paquets de voix", &format!("{} reçus, {} perdus", packets.received, packets.lost));
}

fn invite(screen: &mut Screen, user: &str) {
    let address = telephone::own_address(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 5060));
    let program = std::env::args().next().unwrap_or_else(|| "allo-mairie".to_owned());
    screen.heading("À vous d'appeler");
    screen.print(&format!("  1. Lancez le service :   {BOLD}{program} serve{BOLD:#}"));
    screen.print("  2. Depuis un téléphone logiciel du même réseau (Linphone, MicroSIP, baresip…),");
    screen.print(&format!("     sans compte ni mot de passe, appelez :   {BOLD}sip:{user}@{address}{BOLD:#}"));
    screen.print("");
}

/// One decimal, with a comma.
fn decimal(value: f64) -> String {
    format!("{value:.1}").replace('.', ",")
}
