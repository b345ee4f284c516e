//! `allo-mairie call`: a spoken test call.

use std::path::PathBuf;
use std::time::Duration;

use super::Failure;
use super::script::ScriptArgs;
use super::telephone::{self, CodecName, EngineArgs};
use crate::audio::Codec;
use crate::net;
use crate::simulate::caller::{Observation, Outcome, Settings};
use crate::simulate::driver::{self, Target};
use crate::simulate::report::{CallReport, EndedBy, Failure as CallFailure, Party};
use crate::simulate::script::Line;

#[derive(clap::Args)]
pub struct Args {
    /// Adresse à appeler, par exemple sip:mairie@127.0.0.1:5060
    uri: String,
    #[command(flatten)]
    script: ScriptArgs,
    /// Enregistrer l'appel : WAV stéréo à 8 kHz, appelant à gauche, mairie à droite
    #[arg(long, value_name = "WAV")]
    record: Option<PathBuf>,
    /// Écrire les mesures et les réponses transcrites
    #[arg(long, value_name = "JSON")]
    json: Option<PathBuf>,
    /// Ne proposer que ce codec
    #[arg(long, value_enum)]
    codec: Option<CodecName>,
    /// Durée la plus longue de l'appel, en secondes
    #[arg(long, value_name = "SECONDES", default_value = "300", value_parser = telephone::seconds)]
    timeout: Duration,
    /// Raccrocher après la réponse à la dernière phrase, sans attendre que la mairie raccroche
    #[arg(long)]
    hang_up_after_last: bool,
    /// Parler pendant que l'agent parle, pour voir s'il s'interrompt
    #[arg(long)]
    barge_in: bool,
    #[command(flatten)]
    engines: EngineArgs,
}

pub fn run(args: Args) -> Result<(), Failure> {
    let config = args.engines.config()?;
    let script = telephone::prepare_script(&args.script, &config, &args.engines)?;
    let transcriber = telephone::transcriber_for(&args.json, &config)?;
    telephone::runtime()?.block_on(async {
        let (outcome, heard) = place(&args, script).await?;
        let mut texts = Vec::new();
        if let Some(transcriber) = &transcriber {
            for (stretch, samples) in heard {
                texts.push((stretch, telephone::transcript(transcriber, samples).await?));
            }
        }
        let report = outcome.report(&texts);
        if let Some(path) = &args.record {
            telephone::write_wav(path, &outcome.sent, &outcome.received)?;
        }
        if let Some(path) = &args.json {
            telephone::write_json(path, &report)?;
        }
        anstream::println!("{}", summary(&report));
        report.failure.map_or(Ok(()), |failure| Err(Failure::new(in_french(failure))))
    })
}

/// What the far end said, by the number of its stretch.
type Heard = Vec<(usize, Vec<i16>)>;

async fn place(args: &Args, script: Vec<Line>) -> Result<(Outcome, Heard), Failure> {
    let destination = telephone::resolve(&args.uri).await?;
    let (endpoint, local_ip) = telephone::endpoint("appelant", destination);
    let any_port = (local_ip, 0).into();
    let (sip, _incoming) =
        net::bind(endpoint, any_port, rand::random()).await.map_err(|error| telephone::net_failure(&error))?;
    let codecs = args.codec.map_or_else(|| vec![Codec::Pcma, Codec::Pcmu], |codec| vec![codec.into()]);
    let settings = |agent_rtp, operator_rtp| Settings {
        codecs,
        longest: args.timeout,
        hang_up_after_last: args.hang_up_after_last,
        barge_in: args.barge_in,
        agent_rtp,
        operator_rtp,
        seed: rand::random(),
    };
    let labels: Vec<String> = script.iter().map(|line| line.label.clone()).collect();
    let mut heard = Heard::new();
    let stop = async { drop(tokio::signal::ctrl_c().await) };
    let target = Target { uri: args.uri.clone(), destination, local_ip };
    let outcome = driver::call(&sip, target, settings, script, stop, |observation| {
        if let Some(line) = narrate(&observation, &labels) {
            anstream::eprintln!("{line}");
        }
        if let Observation::FarEndFinished { stretch, samples, .. } = observation {
            heard.push((stretch, samples));
        }
    });
    let outcome = outcome.await.map_err(|error| telephone::net_failure(&error))?;
    Ok((outcome, heard))
}

/// One line of what happens, for the person who waits.
fn narrate(observation: &Observation, labels: &[String]) -> Option<String> {
    let who = |party: Party| match party {
        Party::Agent => "la mairie",
        Party::Operator => "le poste",
    };
    Some(match observation {
        Observation::Ringing { party } => format!("· ça sonne ({})", who(*party)),
        Observation::Answered { party } => format!("· décroché ({})", who(*party)),
        Observation::LineStarted { turn, .. } => format!("→ {}", labels.get(*turn).map_or("", String::as_str)),
        Observation::FarEndStarted { party, after_ms: Some(after) } => {
            format!("← {} parle, après {after} ms", who(*party))
        }
        Observation::FarEndStarted { party, after_ms: None } => format!("← {} parle", who(*party)),
        Observation::TransferRequested { target } => format!("· transfert demandé vers {target}"),
        Observation::TransferFinished { status } => format!("· transfert terminé : {status}"),
        Observation::LineFinished { .. } | Observation::FarEndFinished { .. } | Observation::Ended { .. } => {
            return None;
        }
    })
}

fn summary(report: &CallReport) -> String {
    let ms = |value: Option<i64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value} ms"));
    let ended = match report.ended_by {
        EndedBy::Agent => "par la mairie",
        EndedBy::Operator => "par le poste",
        EndedBy::Caller => "par l'appelant",
        EndedBy::Nobody => "sans que personne raccroche",
    };
    let mut text = format!(
        "Décroché après {}, premier son {} plus tard.",
        ms(report.answered_after_ms),
        ms(report.first_audio_after_answer_ms)
    );
    if let Some(greeting) = &report.greeting {
        text += &format!("\n  ← {greeting}");
    }
    for turn in &report.turns {
        text += &format!(
            "\n  → {}\n  ← ({}) {}",
            turn.said,
            ms(turn.reply_started_after_ms),
            turn.reply.as_deref().unwrap_or("")
        );
    }
    if let Some(target) = &report.transferred_to {
        let status = report.transfer_status.map_or_else(|| "sans suite".to_owned(), |status| status.to_string());
        text += &format!("\nTransféré vers {target} : {status}.");
        if let Some(greeting) = &report.operator_greeting {
            text += &format!("\n  ← {greeting}");
        }
    }
    let packets = report.packets;
    text + &format!(
        "\nTerminé {ended}. Paquets : {} envoyés, {} reçus, {} perdus, plus long trou {} ms.",
        packets.sent, packets.received, packets.lost, packets.max_gap_ms
    )
}

pub fn in_french(failure: CallFailure) -> String {
    match failure {
        CallFailure::Refused(486) => "Occupé (486) : la ligne ne prend pas d'appel maintenant.".to_owned(),
        CallFailure::Refused(503) => "Le service s'arrête ou est surchargé (503) : réessayez plus tard.".to_owned(),
        CallFailure::Refused(status) => format!("Appel refusé ({status})."),
        CallFailure::NotAnswered => {
            "Pas de réponse : le service tourne-t-il à cette adresse ? (« allo-mairie health » le dit.)".to_owned()
        }
        CallFailure::BadAnswer => {
            "La réponse ne décrit pas une voix utilisable (SDP) : aucun codec en commun ?".to_owned()
        }
        CallFailure::NoAudio => "Décroché, mais aucun son reçu : un pare-feu arrête-t-il les ports RTP ?".to_owned(),
        CallFailure::FarEndLost => "L'autre côté a disparu pendant l'appel.".to_owned(),
        CallFailure::TooLong => "L'appel a dépassé la durée permise (--timeout).".to_owned(),
    }
}
