//! `allo-mairie say`: a text spoken into a WAV file, as callers will hear it.

use std::path::PathBuf;

use super::Failure;

#[derive(clap::Args)]
pub struct Args {
    /// Le texte à dire, en français écrit (nombres, heures et sigles sont mis en toutes lettres)
    text: String,

    /// Fichier WAV à écrire (8 kHz, mono, comme au téléphone)
    #[arg(short, long, value_name = "FICHIER", required_unless_present = "show")]
    output: Option<PathBuf>,

    /// Voix Piper : son fichier .onnx ou .onnx.json
    #[arg(long, value_name = "FICHIER", default_value = "models/fr_FR-siwis.onnx.json")]
    voice: PathBuf,

    /// Réseau .onnx, s'il n'est pas à côté de sa description
    #[arg(long, value_name = "FICHIER")]
    model: Option<PathBuf>,

    /// Bibliothèque ONNX Runtime
    #[arg(long, value_name = "FICHIER", default_value = "models/libonnxruntime.so")]
    runtime: PathBuf,

    /// Lexique de prononciation [par défaut : prompts/<langue>/prononciation.tsv, s'il existe]
    #[arg(long, value_name = "FICHIER")]
    lexicon: Option<PathBuf>,

    /// Une prononciation à essayer, par exemple "Laye = lè" ; répétable
    #[arg(long, value_name = "MOT = DIT")]
    prononciation: Vec<String>,

    /// Langue du texte [par défaut : celle du nom de la voix, sinon le français]
    #[arg(long, value_name = "CODE")]
    language: Option<String>,

    /// Débit
    #[arg(long, value_enum, default_value = "normal")]
    pace: PaceName,

    /// Montrer seulement le texte tel qu'il est dit
    #[arg(long, conflicts_with = "output")]
    show: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum PaceName {
    Normal,
    Lent,
}

#[cfg(not(feature = "piper"))]
pub fn run(_args: Args) -> Result<(), Failure> {
    Err(Failure::new(
        "Ce programme a été compilé sans la voix. Recompilez-le avec la fonctionnalité « piper » (elle est active par défaut).",
    ))
}

#[cfg(feature = "piper")]
pub fn run(args: Args) -> Result<(), Failure> {
    with_voice::run(args)
}

#[cfg(feature = "piper")]
mod with_voice {
    use std::fs;
    use std::io::ErrorKind;
    use std::path::Path;
    use std::sync::Arc;
    use std::time::Instant;

    use super::{Args, Failure, PaceName};
    use crate::audio::{LINE_RATE, wav};
    use crate::speech::spoken::Lexicon;
    use crate::speech::voice::{PiperVoice, VoiceError, VoiceFiles};
    use crate::speech::{Pace, Voice};

    pub fn run(args: Args) -> Result<(), Failure> {
        let language = args.language.clone().unwrap_or_else(|| language_of(&args.voice));
        let mut lexicon = lexicon(args.lexicon.as_deref(), &language)?;
        for row in &args.prononciation {
            lexicon = lexicon.and(row).map_err(|errors| Failure::new(format!("« {row} » : {errors}")))?;
        }
        let lexicon = Arc::new(lexicon);
        if args.show {
            println!("{}", lexicon.reading(&language, &args.text));
            return Ok(());
        }
        let Some(output) = args.output else {
            return Err(Failure::new("Indiquez le fichier à écrire avec -o."));
        };
        let mut files = VoiceFiles::of(&args.voice, &args.runtime);
        if let Some(model) = args.model {
            files.model = model;
        }
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(4);
        let mut voice = PiperVoice::open(files, &language, 0, lexicon, threads).map_err(|error| explain(&error))?;
        voice.warm_up().map_err(|error| Failure::new(format!("La voix n'a pas pu être chargée : {error}.")))?;

        let pace = if args.pace == PaceName::Lent { Pace::Slow } else { Pace::Normal };
        #[expect(clippy::disallowed_methods, reason = "an edge: the time taken is shown")]
        let started = Instant::now();
        let failed = |error: String| Failure::new(format!("La synthèse a échoué : {error}."));
        let wide = voice.speak(&args.text, pace).map_err(|error| failed(error.to_string()))?;
        // As the caller of a narrow-band call hears it.
        let samples = wide.at(LINE_RATE).map_err(|error| failed(error.to_string()))?.samples;
        let taken = started.elapsed().as_secs_f64();
        if samples.is_empty() {
            return Err(Failure::new("Ce texte ne contient rien à dire."));
        }
        let path = output.display();
        let bytes = wav::write_mono(&samples, LINE_RATE).map_err(|error| Failure::new(format!("{path} : {error}.")))?;
        fs::write(&output, bytes).map_err(|error| {
            Failure::new(format!("{path} ne peut être écrit ({error}). Choisissez un autre fichier avec -o."))
        })?;
        let seconds = samples.len() as f64 / f64::from(LINE_RATE);
        eprintln!(
            "{path} : {} s de parole, synthétisées en {} s (facteur temps réel {}).",
            comma(seconds),
            comma(taken),
            comma(taken / seconds)
        );
        Ok(())
    }

    fn comma(number: f64) -> String {
        format!("{number:.2}").replace('.', ",")
    }

    /// `fr_FR-siwis.onnx.json` → `fr`.
    fn language_of(voice: &Path) -> String {
        let name = voice.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        match name.split_once('_') {
            Some((language, _)) if language.len() == 2 && language.bytes().all(|b| b.is_ascii_lowercase()) => {
                language.to_owned()
            }
            _ => "fr".to_owned(),
        }
    }

    /// The file asked for; else the language's own, when it is there.
    fn lexicon(asked: Option<&Path>, language: &str) -> Result<Lexicon, Failure> {
        let usual = Path::new("prompts").join(language).join("prononciation.tsv");
        let path = asked.unwrap_or(&usual);
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if asked.is_none() && error.kind() == ErrorKind::NotFound => return Ok(Lexicon::default()),
            Err(error) => {
                return Err(Failure::new(format!(
                    "Le lexique {} ne peut être lu ({error}). Vérifiez son chemin et qu'il est en UTF-8.",
                    path.display()
                )));
            }
        };
        Lexicon::parse(&text)
            .map_err(|errors| Failure::new(format!("Le lexique {} est à corriger.\n{errors}", path.display())))
    }

    fn explain(error: &VoiceError) -> Failure {
        Failure::new(match error {
            VoiceError::Missing { path, source } => format!(
                "{} ne peut être lu ({source}). Préparez les modèles avec « allo-mairie models prepare », ou indiquez les \
                 vôtres avec --voice et --runtime.",
                path.display()
            ),
            VoiceError::Description { path, detail } => {
                format!("{} ne décrit pas une voix Piper ({detail}). Indiquez son fichier .onnx.json.", path.display())
            }
            VoiceError::PhonemeKind { path, kind } => format!(
                "{} est une voix à phonèmes « {kind} », que ce programme ne sait pas lire. Prenez une voix Piper à phonèmes \
                 « espeak ».",
                path.display()
            ),
            other => format!("La voix n'a pas pu être chargée : {other}."),
        })
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn the_language_is_in_the_name_of_the_voice() {
            assert_eq!(language_of(Path::new("models/en_GB-emma.onnx.json")), "en");
            assert_eq!(language_of(Path::new("voix.onnx")), "fr");
            assert_eq!(language_of(Path::new("ma_voix.onnx.json")), "ma");
            assert_eq!(language_of(Path::new("Ma_voix.onnx.json")), "fr");
        }

        #[test]
        fn a_wrong_lexicon_is_told_with_file_and_line() {
            let folder = tempfile::tempdir().expect("temporary folder");
            let path = folder.path().join("noms.tsv");
            fs::write(&path, "# noms\nLaye lè\n").expect("file");
            let failure = lexicon(Some(&path), "fr").expect_err("no tab");
            assert!(failure.message.contains("noms.tsv est à corriger.\nligne 2"), "{failure}");
            assert!(lexicon(Some(&folder.path().join("autre.tsv")), "fr").is_err());
            assert!(lexicon(None, "xx").expect("none is fine").is_empty());
        }
    }
}
