//! `allo-mairie capture`: the packets of the next calls in a file for Wireshark, from the running service.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::service::{self, Asking, Told};
use super::{Failure, telephone};
use crate::capture::{FILE_HEADER, MAX_CALLS, Wanted};
use crate::control::{Answer, End, Request, Summary};

#[derive(clap::Args)]
pub struct Args {
    /// Fichier à écrire (format pcap) ; « - » : la sortie standard, par exemple vers « wireshark -k -i - »
    #[arg(value_name = "FICHIER")]
    file: PathBuf,
    /// Nombre d'appels : les prochains à arriver, chacun jusqu'à sa fin
    #[arg(long, value_name = "NOMBRE", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=i64::from(MAX_CALLS)))]
    calls: u16,
    /// Garder aussi le son et les touches tapées
    #[arg(long)]
    audio: bool,
    /// Garder aussi les clés du chiffrement SRTP
    #[arg(long)]
    keys: bool,
    /// Garder aussi les noms et numéros
    #[arg(long)]
    personal: bool,
    /// Fichier de configuration du service
    #[arg(long, value_name = "FICHIER")]
    config: Option<PathBuf>,
}

pub fn run(args: Args) -> Result<(), Failure> {
    telephone::runtime()?.block_on(capture(args))
}

async fn capture(args: Args) -> Result<(), Failure> {
    let socket = telephone::load_config(args.config.as_deref())?.control_socket;
    let Args { calls, audio, keys, personal, .. } = args;
    let wanted = Wanted { calls, audio, keys, personal };
    let to_stdout = args.file.as_os_str() == "-";
    if !to_stdout && args.file.exists() {
        return Err(exists(&args.file));
    }
    let asked = service::ask(&socket, Request::Capture(wanted)).await;
    let (answer, told, asking) = asked.map_err(|error| unreachable(&socket, &error))?;
    let (max_bytes, seconds) = match answer {
        Answer::Capturing { max_bytes, longest_seconds } => (max_bytes, longest_seconds),
        Answer::Busy => {
            return Err(Failure::new(
                "Une autre capture est en cours.\n    Remède : attendez sa fin, ou arrêtez-la par Ctrl-C là où elle a été lancée.",
            ));
        }
        _ => {
            return Err(Failure::new(
                "Le service ne sait pas faire de capture.\n    Remède : redémarrez-le dans cette version.",
            ));
        }
    };
    let mut output: Box<dyn Write> = if to_stdout { Box::new(io::stdout()) } else { Box::new(create(&args.file)?) };
    eprintln!(
        "Capture {} : {} Mo et {} min au plus. Ctrl-C pour arrêter.",
        if calls == 1 { "du prochain appel".to_owned() } else { format!("des {calls} prochains appels") },
        max_bytes / 1_000_000,
        seconds.div_ceil(60),
    );
    let summary = write(told, asking, &mut output).await;
    let summary = summary.map_err(|error| {
        Failure::new(format!("La capture s'est interrompue : {error}. Ce qui est déjà écrit reste lisible."))
    })?;
    eprintln!("{}", report(&summary, &wanted));
    Ok(())
}

/// Writes the file until the service ends it; Ctrl-C asks it to.
async fn write(mut told: Told, mut asking: Asking, output: &mut dyn Write) -> io::Result<Summary> {
    output.write_all(&FILE_HEADER)?;
    output.flush()?;
    let enough = tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            asking.close().await;
        }
        // Kept open until the capture has ended.
        std::future::pending::<()>().await;
    });
    while let Some(packet) = told.packet().await? {
        output.write_all(&packet)?;
        // Whoever reads along sees each packet at once.
        output.flush()?;
    }
    let summary = told.summary().await;
    enough.abort();
    summary
}

/// Readable by whoever asked for it alone.
fn create(path: &Path) -> Result<File, Failure> {
    let file = File::options().write(true).create_new(true).mode(0o600).open(path);
    file.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => exists(path),
        _ => Failure::new(format!("Le fichier {} ne peut pas être créé : {error}.", path.display())),
    })
}

fn exists(path: &Path) -> Failure {
    Failure::new(format!(
        "Le fichier {} existe déjà.\n    Remède : donnez un autre nom, ou supprimez-le.",
        path.display()
    ))
}

fn unreachable(socket: &Path, error: &io::Error) -> Failure {
    let remedy = match error.kind() {
        io::ErrorKind::PermissionDenied => "lancez la commande sous l'utilisateur du service, ou avec sudo",
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
            "« allo-mairie serve » le lance ; lancez la commande dans le même dossier, ou donnez --config"
        }
        _ => "le journal du service dit ce qui ne va pas",
    };
    Failure::new(format!("Le service ne répond pas sur {} : {error}.\n    Remède : {remedy}.", socket.display()))
}

/// What is in the file, what is not, and why it ended.
fn report(summary: &Summary, wanted: &Wanted) -> String {
    let Summary { counts, end } = summary;
    let end = match end {
        End::Calls => "",
        End::Asked => " Arrêtée à votre demande.",
        End::Size => " Arrêtée à la taille permise ([capture] max_megabytes).",
        End::Time => " Arrêtée à la durée permise ([capture] longest).",
        End::Stopped => " Arrêtée avec le service.",
    };
    let plural = |count: u64, one: &str| format!("{count} {one}{}", if count > 1 { "s" } else { "" });
    let mut text = format!(
        "Capture terminée : {}, {} SIP, {} RTP et {} RTCP.{end}",
        plural(counts.calls, "appel"),
        plural(counts.messages, "message"),
        plural(counts.rtp, "paquet"),
        counts.rtcp,
    );
    let choices = [
        (wanted.audio, "le son et les touches"),
        (wanted.keys, "les clés SRTP"),
        (wanted.personal, "les noms et numéros"),
    ];
    let named =
        |kept: bool| choices.iter().filter(|(choice, _)| *choice == kept).map(|(_, name)| *name).collect::<Vec<_>>();
    let left_out = [named(false), vec!["les mots de passe"]].concat();
    text.push_str(&format!("\nLaissés de côté : {}.", left_out.join(", ")));
    if !named(true).is_empty() {
        text.push_str(&format!(
            "\nAttention, le fichier contient {} : ne le transmettez qu'à qui y a droit, puis effacez-le.",
            named(true).join(", ")
        ));
    }
    if counts.dropped > 0 {
        text.push_str(&format!("\n{} n'ont pas pu être écrits à temps.", plural(counts.dropped, "paquet")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::Counts;

    #[test]
    fn the_report_says_what_was_left_out() {
        let counts = Counts { calls: 1, messages: 7, rtp: 812, rtcp: 4, dropped: 0 };
        let text = report(&Summary { counts, end: End::Calls }, &Wanted::default());
        assert_eq!(
            text,
            "Capture terminée : 1 appel, 7 messages SIP, 812 paquets RTP et 4 RTCP.\n\
             Laissés de côté : le son et les touches, les clés SRTP, les noms et numéros, les mots de passe."
        );
        let counts = Counts { dropped: 3, ..counts };
        let text = report(&Summary { counts, end: End::Size }, &Wanted { audio: true, ..Wanted::default() });
        assert!(text.contains("max_megabytes") && text.contains("contient le son et les touches :"), "{text}");
        assert!(text.contains("3 paquets n'ont pas pu"), "{text}");
    }

    #[test]
    fn a_file_is_for_its_owner_and_never_written_over() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("appel.pcap");
        assert!(create(&path).is_ok());
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(create(&path).unwrap_err().message.contains("existe déjà"));
    }
}
