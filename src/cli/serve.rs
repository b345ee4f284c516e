//! `allo-mairie serve`: the service.

use std::path::PathBuf;

use tokio::sync::oneshot;

use super::Failure;
use crate::config::Config;
use crate::server;
use crate::telemetry;

#[derive(clap::Args)]
pub struct Args {
    /// Fichier de configuration ; sans lui, les valeurs par défaut de config.example.toml
    #[arg(long, value_name = "FICHIER")]
    config: Option<PathBuf>,
}

pub fn run(args: Args) -> Result<(), Failure> {
    let config = Config::load(args.config.as_deref()).map_err(|error| Failure::new(error.to_string()))?;
    telemetry::init(&config.log).map_err(|error| Failure::new(error.to_string()))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(format!("Le service n'a pas pu démarrer : {error}.")))?;
    let outcome = runtime.block_on(serve(config));
    // A stop during the preparation does not wait for the sentence being synthesised.
    runtime.shutdown_background();
    outcome.map_err(|problem| Failure::new(problem.to_string()))
}

async fn serve(config: Config) -> Result<(), server::Problem> {
    let (ready, announced) = oneshot::channel();
    let announcement = tokio::spawn(async move {
        if let Ok(ready) = announced.await {
            println!("{}", announce(&ready));
        }
    });
    let outcome = server::run(config, ready, shutdown_requested()).await;
    announcement.abort();
    outcome
}

/// One line that people and scripts can wait for.
fn announce(ready: &server::Ready) -> String {
    format!(
        "Allô Mairie est prête : sip:{}@{} ({} phrases, {:.1} s). Ctrl-C pour arrêter.",
        ready.user,
        ready.address,
        ready.sentences,
        ready.took.as_secs_f32()
    )
}

/// SIGTERM from the service manager, or Ctrl-C.
async fn shutdown_requested() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
        }
        Err(_) => drop(tokio::signal::ctrl_c().await),
    }
}
