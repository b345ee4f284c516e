//! The server that `make bench-media` measures: the product's `server` with engines that cost nothing. The recogniser
//! answers at once, words alone are understood, the voice is a tone, and every sentence is in memory.
//! `media_server ADDRESS:PORT CODEC FOLDER [BUSY]`; says `ready` once it takes calls; ends with SIGTERM. BUSY threads compute
//! without end, as those of a recogniser do that has always work.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;

use allo_mairie::config::Config;
use allo_mairie::server::{self, prepare_with};
use allo_mairie::speech::fake::ToneVoice;
use allo_mairie::speech::share::stay_behind_calls;
use allo_mairie::speech::speaker::MakeVoice;
use allo_mairie::speech::worker::RecogniserPool;
use allo_mairie::speech::{Recogniser, SpeechError, Transcript, Utterance};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

/// Hears the same question in whatever is said.
struct Deaf;

impl Recogniser for Deaf {
    fn recognise(&mut self, _: &Utterance, _: &AtomicBool) -> Result<Transcript, SpeechError> {
        Ok(Transcript { text: "carte d'identité".into(), confidence: 0.9, ..Transcript::default() })
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, codec, folder, busy @ ..] = arguments.as_slice() else {
        eprintln!("usage: media_server ADDRESS:PORT CODEC FOLDER [BUSY]");
        return ExitCode::FAILURE;
    };
    for _ in 0..busy.first().and_then(|count| count.parse().ok()).unwrap_or(0) {
        std::thread::spawn(|| {
            stay_behind_calls();
            loop {
                std::hint::spin_loop();
            }
        });
    }
    match serve(address, codec, folder).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(address: &str, codec: &str, folder: &str) -> Result<(), Box<dyn std::error::Error>> {
    let address: SocketAddr = address.parse()?;
    let text = format!(
        "[sip]\nlisten = ['udp:{address}']\nmax_calls = 5000\n\
         [rtp]\nports = '10000-29999'\ncodecs = ['{codec}']\nsrtp_without_tls = true\n\
         [call]\nlongest = 7200\nidle = 60\n\
         [dialplan]\ndirectory = 'sip-tests/dialplan'\nprompts = 'prompts'\n\
         [recogniser]\nqueue = 1000\n[voice]\ncache = '{folder}/voice'\nqueue = 1000\n\
         [understanding]\nmodel = ''\n\
         [store]\npath = '{folder}/store.sqlite'\n"
    );
    let config = Config::from_parts(Some(("media_server", &text)), [])?;
    let prepare = |config: &Config| {
        let recognisers =
            || RecogniserPool::start(1, config.recogniser.queue, || Ok(Box::new(Deaf) as Box<dyn Recogniser>));
        let voice: MakeVoice = Box::new(|| Ok(Box::new(ToneVoice)));
        let voices = || Ok(vec![("fr".to_owned(), voice)]);
        prepare_with(config, recognisers, voices)
    };
    let (ready, announced) = oneshot::channel();
    tokio::spawn(async move {
        if announced.await.is_ok() {
            println!("ready");
        }
    });
    let mut terminate = signal(SignalKind::terminate())?;
    let stopped = async {
        terminate.recv().await;
    };
    server::run_with(config, prepare, ready, stopped).await?;
    Ok(())
}
