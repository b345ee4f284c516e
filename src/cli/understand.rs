//! `allo-mairie understand`: what sentences would be taken for, one by one with the reasons, or many as a table.

use std::io::{IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

use super::Failure;
use super::sentences::SentenceModel;
use crate::at_once::AtOnce;
use crate::dialplan::{self, Dialplan, Language, LanguagePlan, Severity, TopicId};
use crate::files;
use crate::understanding::{Danger, Decision, Interpretation, Lack, Mood, Understanding, context, topic};

/// Service printed when somebody is asked for and no service is named.
const OPERATOR: &str = "operateur";
/// Headings of the column that holds the sentences.
const HEADINGS: &[&str] = &["sentence", "phrase", "phrases", "texte", "text"];
/// Heading of the column that holds the topic just answered, `service/topic`.
const OPEN: &str = "open";
/// Heading of the column that holds the topic a first question is about.
const EXPECTED: &str = "expected";

#[derive(clap::Args)]
pub struct Args {
    /// Dossier du dialplan : celui qui contient mairie.md
    dir: PathBuf,
    /// La phrase à comprendre
    #[arg(value_name = "PHRASE", conflicts_with = "tsv", required_unless_present_any = ["tsv", "explain"])]
    sentence: Option<String>,
    /// Expliquer la décision prise pour cette phrase
    #[arg(long, value_name = "PHRASE", conflicts_with_all = ["tsv", "sentence"])]
    explain: Option<String>,
    /// Comprendre chaque ligne de ce fichier (« - » : l'entrée standard) : une phrase par ligne, ou un tableau à tabulations.
    /// Écrit : phrase, service, sujet, décision (answer, confirm, offer, refuse, emergency, operator), certitude
    #[arg(long, value_name = "FICHIER")]
    tsv: Option<PathBuf>,
    /// Ajouter les N candidats suivants, « service/sujet:certitude »
    #[arg(long, value_name = "N", default_value_t = 0)]
    top: usize,
    /// Écrire ce que chaque juge a trouvé pour chaque service, au lieu des décisions (pour scripts/fit_understanding.py)
    #[arg(long, requires = "tsv", hide = true)]
    findings: bool,
    /// Langue de l'appel : fr, en …
    #[arg(long, value_name = "LANGUE", default_value = "fr")]
    language: String,
    /// Sujet en cours, « service/sujet » : ses suites peuvent être comprises
    #[arg(long, value_name = "SUJET")]
    open: Option<String>,
    #[command(flatten)]
    sentences: SentenceModel,
}

pub fn run(args: Args) -> Result<(), Failure> {
    let town = load(&args.dir)?;
    let wanted = Language(args.language.to_lowercase());
    let Some(index) = town.plans.iter().position(|plan| plan.language == wanted) else {
        let known: Vec<&str> = town.languages.iter().map(|language| language.0.as_str()).collect();
        return Err(Failure::new(format!(
            "Le dialplan ne parle pas « {} ». Langues possibles : {}.",
            args.language,
            known.join(", ")
        )));
    };
    let mut all = Understanding::train_all(&town, args.sentences.open()?.as_ref(), &AtOnce);
    let reader = Reader { plan: &town.plans[index], understanding: all.swap_remove(index), town: &town };
    let open = args.open.as_deref().map(|name| reader.topic_named(name)).transpose()?;
    match (&args.tsv, args.explain.as_ref().or(args.sentence.as_ref())) {
        (Some(path), _) if args.findings => reader.findings(path),
        (Some(path), _) => reader.table(path, open, args.top),
        (None, Some(sentence)) => reader.explain(sentence, open),
        (None, None) => Err(Failure::new("Donnez une phrase, ou un fichier avec --tsv.")),
    }
}

fn load(dir: &Path) -> Result<Dialplan, Failure> {
    let files = files::read_dialplan(dir).map_err(|error| Failure::new(error.to_string()))?;
    let (plan, problems) = dialplan::parse(&files);
    plan.ok_or_else(|| {
        let errors: Vec<_> = problems.into_iter().filter(|p| p.severity == Severity::Error).collect();
        let rendered = dialplan::render(&files, &errors, std::io::stderr().is_terminal());
        Failure::new(format!("{rendered}\nCorrigez ces lignes, puis relancez la commande."))
    })
}

/// One language of a town, ready to understand.
struct Reader<'a> {
    town: &'a Dialplan,
    plan: &'a LanguagePlan,
    understanding: Understanding,
}

impl Reader<'_> {
    fn topic_named(&self, name: &str) -> Result<TopicId, Failure> {
        let found = name.split_once('/').and_then(|(service, slug)| self.plan.find(service, slug));
        found.ok_or_else(|| {
            Failure::new(format!(
                "« {name} » n'est pas un sujet de ce dialplan. Écrivez « service/sujet », par exemple « {} ».",
                self.plan.topics.first().map(name_of).unwrap_or_default()
            ))
        })
    }

    /// A line for each sentence, nothing else.
    fn table(&self, path: &Path, open: Option<TopicId>, top: usize) -> Result<(), Failure> {
        let text = read(path)?;
        let mut out = std::io::BufWriter::new(std::io::stdout().lock());
        let opened = column(&text, OPEN)
            .map(|names| names.map(|name| self.topic_named(name).map(Some)).collect::<Result<Vec<_>, _>>())
            .transpose()?;
        for (number, sentence) in sentences(&text).enumerate() {
            let open = opened.as_ref().map_or(open, |opened| opened.get(number).copied().flatten());
            let found = self.understanding.interpret(sentence, open);
            let line = self.line(sentence, &found, top);
            if let Err(error) = writeln!(out, "{line}") {
                return stopped(error);
            }
        }
        out.flush().or_else(stopped)
    }

    /// A line for each sentence and way to go on from its open topic: number of the sentence, topic (`-`: another service), findings.
    fn ways(&self, text: &str) -> Result<(), Failure> {
        let mut out = std::io::BufWriter::new(std::io::stdout().lock());
        let names = column(text, OPEN).into_iter().flatten();
        let mut lines = vec![format!("sentence\ttopic\t{}", context::NAMES.join("\t"))];
        for (number, (sentence, open)) in sentences(text).zip(names).enumerate() {
            for way in self.understanding.ways(sentence, self.topic_named(open)?) {
                let topic = way.topic.map_or_else(|| "-".to_owned(), |topic| name_of(self.plan.topic(topic)));
                let values: Vec<String> = way.findings.iter().map(|value| format!("{value:.6}")).collect();
                lines.push(format!("{number}\t{topic}\t{}", values.join("\t")));
            }
        }
        writeln!(out, "{}", lines.join("\n")).and_then(|()| out.flush()).or_else(stopped)
    }

    /// A line for each sentence and topic of the service it is about: number of the sentence, topic, findings.
    fn topics(&self, text: &str) -> Result<(), Failure> {
        let mut out = std::io::BufWriter::new(std::io::stdout().lock());
        let mut lines = vec![format!("sentence\ttopic\t{}", topic::NAMES.join("\t"))];
        for (number, sentence) in sentences(text).enumerate() {
            for candidate in self.understanding.topics(sentence) {
                let topic = name_of(self.plan.topic(candidate.topic));
                let values: Vec<String> = candidate.findings.iter().map(|value| format!("{value:.6}")).collect();
                lines.push(format!("{number}\t{topic}\t{}", values.join("\t")));
            }
        }
        writeln!(out, "{}", lines.join("\n")).and_then(|()| out.flush()).or_else(stopped)
    }

    /// A line for each sentence and service: number of the sentence, service, likeness to the kinds of calls, findings.
    fn findings(&self, path: &Path) -> Result<(), Failure> {
        let text = read(path)?;
        if column(&text, OPEN).is_some() {
            return self.ways(&text);
        }
        if column(&text, EXPECTED).is_some() {
            return self.topics(&text);
        }
        let mut out = std::io::BufWriter::new(std::io::stdout().lock());
        let mut print = || {
            for (number, sentence) in sentences(&text).enumerate() {
                let found = self.understanding.findings(sentence);
                if number == 0 {
                    writeln!(
                        out,
                        "sentence\tservice\tdanger\tsomebody\telsewhere\tmeant_somebody\tmeant_elsewhere\t{}",
                        found.names.join("\t")
                    )?;
                }
                for (service, values) in &found.services {
                    let values: Vec<String> =
                        found.kinds.iter().chain(values).map(|value| format!("{value:.6}")).collect();
                    writeln!(out, "{number}\t{service}\t{}", values.join("\t"))?;
                }
            }
            out.flush()
        };
        print().or_else(stopped)
    }

    fn line(&self, sentence: &str, found: &Interpretation, top: usize) -> String {
        let service_of = |topic: TopicId| self.plan.topic(topic).service.as_str();
        let slug_of = |topic: TopicId| self.plan.topic(topic).slug.as_str();
        let (service, topic, decision) = match &found.decision {
            Decision::Answer(topic) => (service_of(*topic), slug_of(*topic), "answer"),
            Decision::Confirm(topic) => (service_of(*topic), slug_of(*topic), "confirm"),
            Decision::Offer(topics) => {
                let best = topics.first().map(|t| (service_of(*t), slug_of(*t))).unwrap_or(("-", "-"));
                (best.0, best.1, "offer")
            }
            Decision::Reach { service } => {
                (service.map_or(OPERATOR, service_of), service.map_or("-", slug_of), "operator")
            }
            Decision::Emergency => ("-", "-", "emergency"),
            Decision::Unknown => ("-", "-", "refuse"),
        };
        let mut line = format!("{sentence}\t{service}\t{topic}\t{decision}\t{:.3}", found.confidence);
        let others = found.ranking.iter().filter(|c| (service_of(c.topic), slug_of(c.topic)) != (service, topic));
        for candidate in others.take(top) {
            line.push_str(&format!("\t{}:{:.3}", name_of(self.plan.topic(candidate.topic)), candidate.score));
        }
        line
    }

    fn explain(&self, sentence: &str, open: Option<TopicId>) -> Result<(), Failure> {
        let found = self.understanding.interpret(sentence, open);
        let sure = found.confidence * 100.0;
        let mut lines = vec![format!("« {sentence} »"), format!("Décision : {} ({sure:.0} %).", self.decision(&found))];
        lines.extend(found.reasons.iter().map(|reason| format!("  - {reason}")));
        if !found.also.is_empty() {
            let titles: Vec<String> = found.also.iter().map(|topic| self.title(*topic)).collect();
            lines.push(format!("Puis, dans la même phrase : {}.", titles.join(" ; ")));
        }
        lines.extend(found.mood.map(|mood| format!("Ton : {}.", mood_name(mood))));
        if !found.ranking.is_empty() {
            lines.push("Candidats, du plus au moins vraisemblable :".to_owned());
        }
        for candidate in &found.ranking {
            let topic = self.plan.topic(candidate.topic);
            lines.push(format!("  {:>3.0} %  {} ({})", candidate.score * 100.0, topic.title, name_of(topic)));
            lines.extend(candidate.evidence.iter().map(|piece| format!("         {piece}")));
        }
        writeln!(std::io::stdout().lock(), "{}", lines.join("\n")).or_else(stopped)
    }

    fn title(&self, topic: TopicId) -> String {
        let topic = self.plan.topic(topic);
        format!("{} ({})", topic.title, name_of(topic))
    }

    fn decision(&self, found: &Interpretation) -> String {
        match &found.decision {
            Decision::Answer(topic) => format!("répondre par {}", self.title(*topic)),
            Decision::Confirm(topic) => format!("demander si c'est bien {}", self.title(*topic)),
            Decision::Offer(topics) => {
                let titles: Vec<String> = topics.iter().map(|topic| self.title(*topic)).collect();
                format!("proposer {}", titles.join(", ou "))
            }
            Decision::Reach { service } => self.whom(*service, found),
            Decision::Emergency => format!("urgence, {}", danger_name(found.danger.unwrap_or(Danger::Unclear))),
            Decision::Unknown => match found.lack {
                Lack::Words => "rien de connu : faire répéter".to_owned(),
                Lack::Subject => "demander de quoi il s'agit".to_owned(),
                Lack::Question => "rien n'est demandé".to_owned(),
                Lack::Competence => "hors du ressort de la mairie : le dire".to_owned(),
            },
        }
    }

    fn whom(&self, service: Option<TopicId>, found: &Interpretation) -> String {
        let entries: Vec<&str> = found.whom.entries.iter().map(|entry| self.town.entry(*entry).name.as_str()).collect();
        let about = service.map(|topic| format!(", au sujet de {}", self.title(topic))).unwrap_or_default();
        match entries.as_slice() {
            [] => format!("passer un agent{about}"),
            [entry] => format!("passer {entry}{about}"),
            several => format!("demander qui est voulu : {}{about}", several.join(", ou ")),
        }
    }
}

fn name_of(topic: &dialplan::Topic) -> String {
    format!("{}/{}", topic.service, topic.slug)
}

fn danger_name(danger: Danger) -> &'static str {
    match danger {
        Danger::Fire => "le feu : 18 ou 112",
        Danger::Gas => "le gaz : 0 800 47 33 33",
        Danger::Health => "une vie en danger : 15 ou 112",
        Danger::Police => "une violence ou une disparition : 17 ou 112",
        Danger::Suicide => "une envie de mourir : 3114, 15 ou 112",
        Danger::Unclear => "sans dire laquelle : 112",
    }
}

fn mood_name(mood: Mood) -> &'static str {
    match mood {
        Mood::Insult => "injures",
        Mood::Distress => "détresse",
        Mood::Child => "un enfant au téléphone",
    }
}

fn read(path: &Path) -> Result<String, Failure> {
    if path.as_os_str() != "-" {
        return files::read_text(path).map_err(|error| Failure::new(error.to_string()));
    }
    let mut text = String::new();
    let read = std::io::stdin().lock().read_to_string(&mut text);
    read.map_err(|error| {
        Failure::new(format!("L'entrée standard n'a pas pu être lue : {error}. Elle doit être en UTF-8."))
    })?;
    Ok(text)
}

/// A reader that has closed the pipe ends the work, it is no failure.
fn stopped(error: std::io::Error) -> Result<(), Failure> {
    match error.kind() {
        std::io::ErrorKind::BrokenPipe => Ok(()),
        _ => Err(Failure::new(format!("Le tableau n'a pas pu être écrit : {error}."))),
    }
}

/// The cells of the column of that name, where the lines of a table have a sentence.
fn column<'a>(text: &'a str, name: &str) -> Option<impl Iterator<Item = &'a str>> {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let at = lines.next()?.split('\t').position(|cell| cell.trim() == name)?;
    Some(lines.map(move |line| line.split('\t').nth(at).unwrap_or_default().trim()))
}

/// The sentences of a list, or of a table: the column of that name, else the one with the longest texts.
fn sentences(text: &str) -> impl Iterator<Item = &str> {
    let lines: Vec<&str> =
        text.lines().map(|line| line.trim_end_matches('\r')).filter(|l| !l.trim().is_empty()).collect();
    let cells = |line: &'_ str| line.split('\t').count();
    let heading = lines.first().and_then(|first| {
        first
            .split('\t')
            .position(|cell| HEADINGS.contains(&dialplan::fold(cell.trim().trim_start_matches('\u{feff}')).as_str()))
    });
    let column = heading.unwrap_or_else(|| {
        let columns = lines.iter().map(|line| cells(line)).max().unwrap_or(1);
        let length =
            |column: usize| lines.iter().filter_map(|line| line.split('\t').nth(column)).map(str::len).sum::<usize>();
        (0..columns).rev().max_by_key(|column| length(*column)).unwrap_or(0)
    });
    lines
        .into_iter()
        .skip(usize::from(heading.is_some()))
        .filter_map(move |line| line.split('\t').nth(column).map(str::trim))
        .filter(|sentence| !sentence.is_empty())
}

#[cfg(test)]
mod tests {
    use super::sentences;

    fn read(text: &str) -> Vec<&str> {
        sentences(text).collect()
    }

    #[test]
    fn sentences_of_lists_and_tables() {
        assert_eq!(read("une carte\n\nun acte\r\n"), ["une carte", "un acte"]);
        assert_eq!(read("service\tsentence\ncni\tma carte\n"), ["ma carte"]);
        assert_eq!(read("\u{feff}Phrase\tservice\nma carte\tcni_passeport_et_le_reste\n"), ["ma carte"]);
        assert_eq!(
            read("cni\tje voudrais refaire ma carte\netat_civil\tun acte\n"),
            ["je voudrais refaire ma carte", "un acte"]
        );
        assert_eq!(read("a\tb\n"), ["a"]);
        assert!(read("").is_empty());
        assert_eq!(read("sentence\n"), Vec::<&str>::new());
    }
}
