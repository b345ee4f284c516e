//! The command line: one file a subcommand, each a thin shell around the library.
//!
//! Owns: arguments, exit status, what is printed. Must not know: how things are done.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub mod bench;
pub mod call;
pub mod calls;
pub mod capture;
pub mod check;
pub mod demo;
pub mod health;
pub mod models;
pub mod new;
pub mod phone;
mod program_voice;
pub mod requests;
pub mod say;
mod script;
mod sentences;
pub mod serve;
mod service;
mod stage;
pub mod talk;
mod telephone;
pub mod transcribe;
pub mod understand;
mod waits;

/// A command could not do its work. The text is French, for the person at the terminal, and names the remedy.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    pub message: String,
    /// Exit status, never 0.
    pub status: u8,
}

impl Failure {
    /// A failure with exit status 1.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), status: 1 }
    }
}

#[derive(Parser)]
#[command(
    name = "allo-mairie",
    version,
    about = "Agent vocal qui répond au téléphone de la mairie",
    disable_help_subcommand = true
)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Répondre aux appels (le service)
    Serve(serve::Args),
    /// Vérifier un dialplan et jouer ses essais
    Check(check::Args),
    /// Écrire un dialplan de départ pour une commune
    New(new::Args),
    /// Converser par écrit avec un dialplan
    Talk(talk::Args),
    /// Montrer ce que des phrases seraient comprises vouloir dire, et pourquoi
    Understand(understand::Args),
    /// Préparer les modèles de reconnaissance et de voix
    Models(models::Args),
    /// Dire un texte dans un fichier WAV
    Say(say::Args),
    /// Transcrire des fichiers audio
    Transcribe(transcribe::Args),
    /// Passer un appel d'essai parlé
    Call(call::Args),
    /// Poste d'agent pour les essais : répond aux appels transférés
    Phone(phone::Args),
    /// Mesurer les délais d'un appel (tableau Markdown)
    #[command(hide = true)]
    Bench(bench::Args),
    /// Placer des appels parlés écrits d'avance et juger ce qu'ils apportent (tableau Markdown)
    #[command(hide = true)]
    BenchCalls(calls::Args),
    /// Démonstration : un appel complet, à voir et à écouter
    Demo(demo::Args),
    /// Demander au service s'il est prêt (SIP OPTIONS) et ce qui ne va pas
    Health(health::Args),
    /// Enregistrer les paquets des prochains appels du service, pour Wireshark
    Capture(capture::Args),
    /// Lister les demandes laissées par les appelants
    Requests(requests::Args),
}

impl Command {
    /// Speech is recognised.
    fn hears(&self) -> bool {
        matches!(
            self,
            Self::Serve(_)
                | Self::Transcribe(_)
                | Self::Call(_)
                | Self::Phone(_)
                | Self::Bench(_)
                | Self::BenchCalls(_)
                | Self::Demo(_)
        )
    }
}

/// Runs the command given on the command line.
pub fn main() -> ExitCode {
    let command = CommandLine::parse().command;
    if command.hears() {
        waits::asleep();
    }
    // The service has its journal configured; the tools have one when asked.
    if !matches!(command, Command::Serve(_))
        && let Err(error) = crate::telemetry::init_if_asked()
    {
        eprintln!("{error}");
        return ExitCode::FAILURE;
    }
    let outcome = match command {
        Command::Serve(args) => serve::run(args),
        Command::Check(args) => check::run(args),
        Command::New(args) => new::run(args),
        Command::Talk(args) => talk::run(args),
        Command::Understand(args) => understand::run(args),
        Command::Models(args) => models::run(args),
        Command::Say(args) => say::run(args),
        Command::Transcribe(args) => transcribe::run(args),
        Command::Call(args) => call::run(args),
        Command::Phone(args) => phone::run(args),
        Command::Bench(args) => bench::run(args),
        Command::BenchCalls(args) => calls::run(args),
        Command::Demo(args) => demo::run(args),
        Command::Health(args) => health::run(args),
        Command::Capture(args) => capture::run(args),
        Command::Requests(args) => requests::run(args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !failure.message.is_empty() {
                eprintln!("{failure}");
            }
            ExitCode::from(failure.status.max(1))
        }
    }
}
