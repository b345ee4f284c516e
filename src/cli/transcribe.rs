//! `allo-mairie transcribe`: what the recogniser hears in audio files, and how often it is wrong.

use std::path::PathBuf;

use super::Failure;

#[derive(clap::Args)]
pub struct Args {
    /// Fichiers WAV
    #[arg(value_name = "FICHIER.wav", required_unless_present = "score")]
    files: Vec<PathBuf>,
    /// Résultat en JSON
    #[arg(long)]
    json: bool,
    /// Modèle Whisper (fichier ggml)
    #[arg(long, value_name = "FICHIER", default_value = "models/whisper-base.ggml")]
    model: PathBuf,
    /// Langue parlée (code ISO 639-1)
    #[arg(long, default_value = "fr")]
    language: String,
    /// Autres langues possibles, séparées par des virgules : la langue est alors devinée
    #[arg(long, value_name = "LANGUES", value_delimiter = ',')]
    or: Vec<String>,
    /// Mots attendus, qui aident la reconnaissance
    #[arg(long, default_value = "")]
    prompt: String,
    /// Fils d'exécution
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Transcrire les fichiers d'un tableau (path, tier, transcript…) et compter les erreurs par palier
    #[arg(long, value_name = "TRANSCRIPTS.tsv", conflicts_with = "files")]
    score: Option<PathBuf>,
    /// Paliers à compter, séparés par des virgules ; « all » : tous
    #[arg(long, default_value = "A*,B", value_delimiter = ',', requires = "score")]
    tiers: Vec<String>,
    /// Compter aussi les erreurs d'un autre outil : fichier « path⇥texte » ou « path⇥texte⇥secondes », répétable
    #[arg(long, value_name = "AUTRE.tsv", requires = "score")]
    beside: Vec<PathBuf>,
}

#[cfg(not(feature = "whisper"))]
pub fn run(_args: Args) -> Result<(), Failure> {
    Err(Failure::new(
        "Ce programme a été construit sans reconnaissance vocale ; reconstruisez-le avec « cargo build --release ».",
    ))
}

#[cfg(feature = "whisper")]
pub fn run(args: Args) -> Result<(), Failure> {
    heard::run(args)
}

#[cfg(feature = "whisper")]
mod heard {
    use std::collections::BTreeMap;
    use std::io::Write;
    use std::path::Path;
    use std::sync::atomic::AtomicBool;

    use serde_json::json;

    use super::super::Failure;
    use super::Args;
    use crate::audio::{LINE_RATE, WIDE_RATE, resample, wav};
    use crate::speech::recogniser::WhisperRecogniser;
    use crate::speech::recogniser::score::Score;
    use crate::speech::{Recogniser, Transcript, Utterance};

    pub fn run(args: Args) -> Result<(), Failure> {
        if !args.model.exists() {
            return Err(Failure::new(format!(
                "Le modèle {} manque. Préparez-le par « allo-mairie models prepare », ou donnez un autre fichier ggml \
                 avec --model.",
                args.model.display()
            )));
        }
        let mut recogniser = WhisperRecogniser::load(&args.model, args.threads).map_err(|error| {
            Failure::new(format!(
                "Le modèle {} ne se charge pas ({error}). Préparez-le à nouveau par « allo-mairie models prepare \
                 --verify ».",
                args.model.display()
            ))
        })?;
        match &args.score {
            Some(table) => score(&args, table, &mut recogniser),
            None => transcribe(&args, &mut recogniser),
        }
    }

    struct Heard {
        transcript: Transcript,
        /// Length of the audio, s.
        seconds: f64,
    }

    fn hear(args: &Args, path: &Path, recogniser: &mut WhisperRecogniser) -> Result<Heard, Failure> {
        let failed =
            |what: &str, error: &dyn std::fmt::Display| Failure::new(format!("{} : {what} ({error}).", path.display()));
        let bytes = std::fs::read(path).map_err(|error| failed("fichier illisible", &error))?;
        let clip = wav::read(&bytes).map_err(|error| failed("ce n'est pas un WAV lisible", &error))?;
        // As a call brings it: narrow or wide band.
        let rate = if clip.rate < WIDE_RATE { LINE_RATE } else { WIDE_RATE };
        let samples = resample::resample_i16(&clip.samples, clip.rate, rate)
            .map_err(|error| failed("conversion impossible", &error))?;
        let seconds = samples.len() as f64 / f64::from(rate);
        let utterance = Utterance {
            samples: samples.into(),
            rate,
            language: args.language.clone(),
            prompt: args.prompt.clone(),
            others: args.or.clone(),
        };
        let transcript = recogniser
            .recognise(&utterance, &AtomicBool::new(false))
            .map_err(|error| failed("la reconnaissance a échoué", &error))?;
        Ok(Heard { transcript, seconds })
    }

    fn transcribe(args: &Args, recogniser: &mut WhisperRecogniser) -> Result<(), Failure> {
        let mut list = Vec::new();
        for path in &args.files {
            let heard = hear(args, path, recogniser)?;
            let transcript = heard.transcript;
            if args.json {
                list.push(json!({
                    "file": path.display().to_string(),
                    "text": transcript.text,
                    "confidence": transcript.confidence,
                    "language": transcript.language,
                    "duration_s": heard.seconds,
                    "elapsed_ms": transcript.elapsed.as_millis() as u64,
                }));
            } else if args.files.len() == 1 {
                print(&format!("{}\n", transcript.text));
            } else {
                print(&format!("{}\t{}\n", path.display(), transcript.text));
            }
        }
        if args.json {
            print(&format!("{:#}\n", json!(list)));
        }
        Ok(())
    }

    /// A line of the table of what was said.
    struct Row {
        path: String,
        tier: String,
        said: String,
    }

    /// Scores of one tool, by tier.
    struct Column {
        name: String,
        heard: BTreeMap<String, String>,
        /// How long each took, s, where it is known.
        took: BTreeMap<String, f64>,
        scores: BTreeMap<String, Score>,
    }

    impl Column {
        fn new(name: String) -> Self {
            Self { name, heard: BTreeMap::new(), took: BTreeMap::new(), scores: BTreeMap::new() }
        }
    }

    /// Longest of the utterances that most callers' are, s.
    const SHORT: f64 = 8.0;

    fn score(args: &Args, table: &Path, recogniser: &mut WhisperRecogniser) -> Result<(), Failure> {
        let mut rows = read_rows(table)?;
        if args.tiers != ["all"] {
            rows.retain(|row| args.tiers.contains(&row.tier));
        }
        if rows.is_empty() {
            return Err(Failure::new(format!(
                "{} n'a aucune ligne des paliers {}.",
                table.display(),
                args.tiers.join(", ")
            )));
        }
        let mut own = Column::new("allo-mairie".into());
        let directory = table.parent().unwrap_or(Path::new("."));
        let mut times = Vec::new();
        let mut lengths = BTreeMap::new();
        for row in &rows {
            let heard = hear(args, &directory.join(&row.path), recogniser)?;
            let took = heard.transcript.elapsed.as_secs_f64();
            if (2.0..=4.0).contains(&heard.seconds) {
                times.push(took);
            }
            lengths.insert(row.path.clone(), heard.seconds);
            own.took.insert(row.path.clone(), took);
            own.heard.insert(row.path.clone(), heard.transcript.text);
        }
        let mut columns = vec![own];
        for path in &args.beside {
            columns.push(read_column(path)?);
        }
        for column in &mut columns {
            for row in &rows {
                let heard = column
                    .heard
                    .get(&row.path)
                    .ok_or_else(|| Failure::new(format!("{} n'a pas transcrit {}.", column.name, row.path)))?;
                let score = column.scores.entry(row.tier.clone()).or_default();
                score.add(&row.said, heard);
            }
        }
        times.sort_by(f64::total_cmp);
        print(&if args.json {
            format!("{:#}\n", as_json(&rows, &columns, &times))
        } else {
            as_table(&rows, &columns, &times) + &speeds(&columns, &lengths)
        });
        Ok(())
    }

    /// Smallest of the sorted `times` that at least `share` of them do not exceed.
    fn quantile(times: &[f64], share: f64) -> Option<f64> {
        let rank = (times.len() as f64 * share).ceil() as usize;
        times.get(rank.saturating_sub(1)).copied()
    }

    fn as_json(rows: &[Row], columns: &[Column], times: &[f64]) -> serde_json::Value {
        let tools: Vec<_> = columns
            .iter()
            .map(|column| {
                let tiers: BTreeMap<_, _> = column
                    .scores
                    .iter()
                    .map(|(tier, score)| {
                        let value = json!({
                            "utterances": score.utterances,
                            "exact": score.exact,
                            "words": score.words,
                            "errors": score.errors,
                            "word_error_rate": score.word_error_rate(),
                        });
                        (tier.clone(), value)
                    })
                    .collect();
                json!({ "tool": column.name, "tiers": tiers })
            })
            .collect();
        let utterances: Vec<_> = rows
            .iter()
            .map(|row| {
                let heard: BTreeMap<_, _> =
                    columns.iter().map(|column| (column.name.clone(), column.heard.get(&row.path))).collect();
                let errors: BTreeMap<_, _> = columns
                    .iter()
                    .map(|column| {
                        let mut score = Score::default();
                        score.add(&row.said, column.heard.get(&row.path).map_or("", String::as_str));
                        (column.name.clone(), score.errors)
                    })
                    .collect();
                json!({ "path": row.path, "tier": row.tier, "said": row.said, "heard": heard, "errors": errors })
            })
            .collect();
        json!({
            "tools": tools,
            "seconds_for_clips_of_2_to_4_s": {
                "clips": times.len(),
                "p50": quantile(times, 0.5),
                "p95": quantile(times, 0.95),
            },
            "utterances": utterances,
        })
    }

    fn as_table(rows: &[Row], columns: &[Column], times: &[f64]) -> String {
        let mut tiers: Vec<&str> = Vec::new();
        for row in rows {
            if !tiers.contains(&row.tier.as_str()) {
                tiers.push(&row.tier);
            }
        }
        tiers.sort_unstable();
        let width = tiers.iter().map(|tier| tier.chars().count()).max().unwrap_or(0).max(7) + 1;
        let mut out = format!("{:<width$}{:>9}{:>7}", "Palier", "Énoncés", "Mots");
        for column in columns {
            out.push_str(&format!("{:>18}", column.name));
        }
        out.push('\n');
        for tier in tiers {
            let Some(first) = columns.first().and_then(|column| column.scores.get(tier)) else {
                continue;
            };
            out.push_str(&format!("{tier:<width$}{:>9}{:>7}", first.utterances, first.words));
            for column in columns {
                let rate = column.scores.get(tier).and_then(Score::word_error_rate);
                let rate = rate.map_or("–".into(), |rate| format!("{rate:.3}").replace('.', ","));
                out.push_str(&format!("{rate:>18}"));
            }
            out.push('\n');
        }
        out.push_str(
            "Taux d'erreur sur les mots ; casse, accents, ponctuation et écriture des nombres ne comptent pas.\n",
        );
        if let (Some(p50), Some(p95)) = (quantile(times, 0.5), quantile(times, 0.95)) {
            out.push_str(&format!(
                "Durée de reconnaissance des {} extraits de 2 à 4 s : médiane {}, 95 % sous {}.\n",
                times.len(),
                seconds(p50),
                seconds(p95)
            ));
        }
        out
    }

    fn seconds(time: f64) -> String {
        format!("{time:.2} s").replace('.', ",")
    }

    /// What each tool took for the utterances that are not long, where that is known.
    fn speeds(columns: &[Column], lengths: &BTreeMap<String, f64>) -> String {
        let mut out = String::new();
        for column in columns {
            let short = column.took.iter().filter_map(|(path, took)| Some((*took, *lengths.get(path)?)));
            let short: Vec<(f64, f64)> = short.filter(|(_, length)| *length < SHORT).collect();
            let mut times: Vec<f64> = short.iter().map(|(took, _)| *took).collect();
            times.sort_by(f64::total_cmp);
            let (took, length) = short.iter().fold((0.0, 0.0), |sum, pair| (sum.0 + pair.0, sum.1 + pair.1));
            if let (Some(p50), Some(p95)) = (quantile(&times, 0.5), quantile(&times, 0.95)) {
                out.push_str(&format!(
                    "{} : {} extraits de moins de {SHORT} s, médiane {}, 95 % sous {}, {:.3} du temps réel.\n",
                    column.name,
                    times.len(),
                    seconds(p50),
                    seconds(p95),
                    took / length
                ));
            }
        }
        out
    }

    fn read_lines(path: &Path) -> Result<Vec<Vec<String>>, Failure> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| Failure::new(format!("{} : fichier illisible ({error}).", path.display())))?;
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        Ok(lines.map(|line| line.split('\t').map(str::to_owned).collect()).collect())
    }

    fn read_rows(path: &Path) -> Result<Vec<Row>, Failure> {
        let mut rows = Vec::new();
        for (index, line) in read_lines(path)?.into_iter().enumerate().skip(1) {
            let mut fields = line.into_iter();
            match (fields.next(), fields.next(), fields.next()) {
                (Some(path), Some(tier), Some(said)) => rows.push(Row { path, tier, said }),
                _ => {
                    return Err(Failure::new(format!(
                        "{}, ligne {} : il faut au moins trois colonnes (path, tier, transcript).",
                        path.display(),
                        index + 1
                    )));
                }
            }
        }
        Ok(rows)
    }

    fn read_column(path: &Path) -> Result<Column, Failure> {
        let mut column = Column::new(path.file_stem().unwrap_or_default().to_string_lossy().into_owned());
        for line in read_lines(path)? {
            let mut fields = line.into_iter();
            let path = fields.next().unwrap_or_default();
            let text = fields.next().unwrap_or_default();
            if let Some(took) = fields.next().and_then(|field| field.parse().ok()) {
                column.took.insert(path.clone(), took);
            }
            column.heard.insert(path, text);
        }
        Ok(column)
    }

    /// A closed pipe is the reader's wish, not an error.
    fn print(text: &str) {
        let mut out = std::io::stdout();
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }
}
