//! `allo-mairie phone`: an operator's telephone for tests.

use std::cell::Cell;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::pin;
use std::time::Duration;

use tokio::sync::mpsc;

use super::Failure;
use super::script::ScriptArgs;
use super::telephone::{self, EngineArgs};
use crate::audio::Codec;
use crate::net::{self, CallLine};
use crate::simulate::driver;
use crate::simulate::phone::{Manner, Observation, Outcome, Settings};
use crate::simulate::report::PhoneEnd;
use crate::simulate::script::Line;
use crate::simulate::transcripts::Transcriber;
use crate::sip::Command;

#[derive(clap::Args)]
pub struct Args {
    /// Adresse où le poste attend les appels
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:5080")]
    listen: SocketAddr,
    /// Laisser sonner ce nombre de secondes avant de décrocher
    #[arg(long, value_name = "SECONDES", default_value = "2", value_parser = telephone::seconds)]
    answer_after: Duration,
    /// Être occupé : refuser chaque appel
    #[arg(long, conflicts_with = "no_answer")]
    busy: bool,
    /// Laisser sonner sans décrocher
    #[arg(long)]
    no_answer: bool,
    #[command(flatten)]
    script: ScriptArgs,
    /// Enregistrer le dernier appel : WAV stéréo à 8 kHz, appelant à gauche, poste à droite
    #[arg(long, value_name = "WAV")]
    record: Option<PathBuf>,
    /// Écrire ce qui s'est passé pendant le dernier appel, paroles transcrites comprises
    #[arg(long, value_name = "JSON")]
    json: Option<PathBuf>,
    /// Quitter après le premier appel
    #[arg(long)]
    once: bool,
    #[command(flatten)]
    engines: EngineArgs,
}

pub fn run(args: Args) -> Result<(), Failure> {
    let config = args.engines.config()?;
    let script = telephone::prepare_script(&args.script, &config, &args.engines)?;
    let transcriber = telephone::transcriber_for(&args.json, &config)?;
    telephone::runtime()?.block_on(attend(&args, script, transcriber))
}

async fn attend(args: &Args, script: Vec<Line>, transcriber: Option<Transcriber>) -> Result<(), Failure> {
    let endpoint = telephone::endpoint_at("poste", telephone::own_address(args.listen));
    let bound = net::bind(endpoint, args.listen, rand::random()).await;
    let (sip, mut calls) = bound.map_err(|error| telephone::net_failure(&error))?;
    anstream::println!(
        "Poste d'essai prêt : sip:poste@{}. Ctrl-C pour arrêter.",
        telephone::own_address(sip.local_address())
    );
    loop {
        let line = tokio::select! {
            Some(line) = calls.recv() => line,
            _ = tokio::signal::ctrl_c() => return Ok(()),
        };
        let (outcome, stopped) = take_call(args, line, script.clone(), &mut calls, transcriber.as_ref()).await?;
        if let Some(path) = &args.record {
            telephone::write_wav(path, &outcome.received, &outcome.sent)?;
        }
        if let Some(path) = &args.json {
            telephone::write_json(path, &outcome.report)?;
        }
        if args.once || stopped {
            return Ok(());
        }
    }
}

/// One call; others that come meanwhile hear the busy tone. Whether Ctrl-C ended it.
async fn take_call(
    args: &Args,
    line: CallLine,
    script: Vec<Line>,
    calls: &mut mpsc::Receiver<CallLine>,
    transcriber: Option<&Transcriber>,
) -> Result<(Outcome, bool), Failure> {
    let manner = match (args.busy, args.no_answer) {
        (true, _) => Manner::Busy,
        (_, true) => Manner::NoAnswer,
        _ => Manner::Answer { after: args.answer_after },
    };
    let settings = |rtp| Settings { manner, codecs: vec![Codec::Pcma, Codec::Pcmu], rtp, seed: rand::random() };
    let mut heard = Vec::new();
    let stopped = Cell::new(false);
    let stop = async {
        drop(tokio::signal::ctrl_c().await);
        stopped.set(true);
    };
    let phone = {
        let ip = telephone::own_address(args.listen).ip();
        let mut call = pin!(driver::take_call(line, ip, settings, script, stop, |observation| {
            if let Some(line) = narrate(&observation) {
                anstream::println!("{line}");
            }
            if let (Observation::Heard { samples }, Some(_)) = (observation, transcriber) {
                heard.push(samples);
            }
        }));
        loop {
            tokio::select! {
                phone = &mut call => break phone.map_err(|error| telephone::net_failure(&error))?,
                Some(other) = calls.recv() => other.command(Command::Reject { status: 486 }).await,
            }
        }
    };
    let mut texts = Vec::new();
    for samples in heard {
        if let Some(transcriber) = transcriber {
            let text = telephone::transcript(transcriber, samples).await?;
            anstream::println!("← {text}");
            texts.push(text);
        }
    }
    Ok((phone.finish(texts), stopped.get()))
}

fn narrate(observation: &Observation) -> Option<String> {
    Some(match observation {
        Observation::Ringing => "· le poste sonne".to_owned(),
        Observation::Refused { status } => format!("· appel refusé ({status})"),
        Observation::Answered => "· décroché".to_owned(),
        Observation::Said { label } => format!("→ {label}"),
        Observation::Heard { .. } => "← l'appelant a parlé".to_owned(),
        Observation::Ended { by: PhoneEnd::Caller } => "· l'autre côté a raccroché".to_owned(),
        Observation::Ended { by: PhoneEnd::Phone } => "· nous avons raccroché".to_owned(),
        Observation::Ended { by: PhoneEnd::Nobody } => "· appel terminé".to_owned(),
    })
}
