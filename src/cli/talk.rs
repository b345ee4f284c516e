//! `allo-mairie talk`: the same dialogue as on the telephone, typed.

mod script;
mod when;

use std::io::{BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anstyle::{AnsiColor, Style};
use jiff::civil::DateTime;

use super::Failure;
use super::sentences::SentenceModel;
use crate::at_once::AtOnce;
use crate::dialogue::{Dialogue, FormView, Input, Output, Phrases, Prompt, StepView, Transcript};
use crate::dialplan::{self, Dialplan, Severity};
use crate::files;
use crate::rtp::Key;
use crate::speech::Pace;
use crate::understanding::{Decision, Interpretation, Understanding};

const AGENT: Style = AnsiColor::Cyan.on_default();
const EVENT: Style = AnsiColor::Yellow.on_default();
const DIM: Style = Style::new().dimmed();

const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();

const HELP: &str = "\
  Tapez ce que dirait l'appelant, puis Entrée. Ou bien :
    /1  /0612345678#     des touches
    /silence             l'appelant ne dit rien
    /bruit               un bruit, sans mots
    /coupe N             l'appelant coupe la parole après N phrases
    /decroche  /occupe  /absent    la suite d'un transfert
    /explique TEXTE      ce qui serait compris, sans rien faire
    > … mots …           ce que la mairie a dû dire, dans un fichier --script
    /quitter";

#[derive(clap::Args)]
pub struct Args {
    /// Dossier du dialplan : celui qui contient mairie.md
    dir: PathBuf,
    /// Jour et heure de l'appel : « samedi 20h », « demain 9h30 », « 2026-12-05T20:00 » (par défaut : maintenant)
    #[arg(long, value_name = "QUAND")]
    at: Option<String>,
    /// Jouer un fichier : une ligne par tour de l'appelant, « /1 » pour une touche, « # » pour un commentaire, « > … mots … »
    /// pour ce que la mairie a dû dire ; l'état de sortie est 1 si elle ne l'a pas dit
    #[arg(long, value_name = "FICHIER")]
    script: Option<PathBuf>,
    /// Montrer ce qui a pesé dans chaque décision
    #[arg(long)]
    explain: bool,
    /// Numéro de l'appelant, comme le réseau le donnerait
    #[arg(long, value_name = "NUMÉRO")]
    from: Option<String>,
    /// Dossier des phrases de tous les jours
    #[arg(long, value_name = "DOSSIER", default_value = "prompts")]
    prompts: PathBuf,
    #[command(flatten)]
    sentences: SentenceModel,
}

pub fn run(args: Args) -> Result<(), Failure> {
    let plan = load_plan(&args.dir)?;
    let phrases = load_phrases(&args.prompts, &plan)?;
    let understanding: Vec<Understanding> = Understanding::train_all(&plan, args.sentences.open()?.as_ref(), &AtOnce);
    let now = now();
    let at = match &args.at {
        None => now,
        Some(written) => when::parse(written, now).ok_or_else(|| {
            Failure::new(format!(
                "« {written} » n'est pas un moment : écrivez par exemple « samedi 20h », « demain 9h30 » ou « 2026-12-05T20:00 »."
            ))
        })?,
    };
    let script = match &args.script {
        Some(path) => Some(files::read_text(path).map_err(|error| Failure::new(error.to_string()))?),
        None => None,
    };
    let typed = script.is_none() && std::io::stdin().is_terminal();
    let dialogue = Dialogue::new(Arc::new(plan.clone()), Arc::new(phrases), Arc::new(understanding));
    let mut talk = Talk {
        dialogue,
        plan,
        at,
        explain: args.explain,
        typed,
        waiting_for_transfer: false,
        said: Transcript::default(),
    };
    talk.banner();
    talk.play(Input::Started { caller_number: args.from });
    if let Some(script) = script {
        return talk.script(&script);
    }
    talk.ask();
    for line in std::io::stdin().lock().lines() {
        let line = line.map_err(|error| Failure::new(format!("La saisie n'a pas pu être lue : {error}.")))?;
        if !talk.line(line.trim()) || talk.dialogue.has_ended() {
            break;
        }
        talk.ask();
    }
    Ok(())
}

fn load_plan(dir: &Path) -> Result<Dialplan, Failure> {
    let files = files::read_dialplan(dir).map_err(|error| Failure::new(error.to_string()))?;
    let (plan, problems) = dialplan::parse(&files);
    plan.ok_or_else(|| {
        let errors: Vec<_> = problems.into_iter().filter(|p| p.severity == Severity::Error).collect();
        let rendered = dialplan::render(&files, &errors, std::io::stderr().is_terminal());
        Failure::new(format!("{rendered}\nCorrigez ces lignes, puis relancez la commande."))
    })
}

/// Phrases of the languages of the dialplan: the folder's files, else those this version came with.
fn load_phrases(dir: &Path, plan: &Dialplan) -> Result<Phrases, Failure> {
    if !dir.exists() {
        return Ok(Phrases::built_in());
    }
    let mut languages = Vec::new();
    for language in &plan.languages {
        if dir.join(&language.0).is_dir() {
            let found = files::read_prompts(dir, &language.0).map_err(|error| Failure::new(error.to_string()))?;
            languages.push((language.clone(), found));
        }
    }
    Phrases::from_files(&languages).map_err(|errors| {
        let lines: Vec<String> =
            errors.iter().map(|(language, e)| format!("{}/{}/phrases.md, {e}.", dir.display(), language.0)).collect();
        Failure::new(lines.join("\n"))
    })
}

#[expect(clippy::disallowed_methods, reason = "the command line is where the time of day comes in")]
fn now() -> DateTime {
    jiff::Zoned::now().datetime()
}

struct Talk {
    dialogue: Dialogue,
    plan: Dialplan,
    at: DateTime,
    explain: bool,
    /// Lines come from a keyboard: they need no echo.
    typed: bool,
    waiting_for_transfer: bool,
    /// Said since the caller's last line, events too.
    said: Transcript,
}

impl Talk {
    fn banner(&self) {
        let open = if self.plan.is_open(self.at) { "ouverte" } else { "fermée" };
        anstream::println!("{DIM}{} — {} ({open}){DIM:#}", self.plan.name, when::spoken(self.at));
        if self.typed {
            anstream::println!("{DIM}{HELP}{DIM:#}");
        }
        println!();
    }

    fn ask(&self) {
        if self.typed {
            print!("vous ▸ ");
            // A terminal that can't be flushed shows the prompt late; nothing else depends on it.
            let _ = std::io::stdout().flush();
        }
    }

    /// `false` ends the conversation.
    fn line(&mut self, line: &str) -> bool {
        if line.is_empty() || line.starts_with('#') {
            return true;
        }
        if !self.typed {
            println!("vous ▸ {line}");
        }
        let Some(command) = line.strip_prefix('/') else {
            if self.waiting_for_transfer {
                self.hint_transfer();
                return true;
            }
            self.said.clear();
            self.show_understanding(line, self.explain);
            self.play(Input::Heard { text: line.to_owned(), confidence: 1.0 });
            return true;
        };
        let (name, rest) = command.split_once(' ').unwrap_or((command, ""));
        let name = dialplan::fold(name);
        if !matches!(name.as_str(), "aide" | "?" | "explique") {
            self.said.clear();
        }
        match name.as_str() {
            "quitter" | "q" => return false,
            "aide" | "?" => anstream::println!("{DIM}{HELP}{DIM:#}"),
            "silence" => self.play(Input::Silence),
            "bruit" => self.play(Input::Heard { text: String::new(), confidence: 0.0 }),
            "coupe" => {
                let heard = rest.trim().parse().unwrap_or(0);
                self.play(Input::SpeechInterrupted { heard, had_begun: true });
            }
            "explique" => self.show_understanding(rest, true),
            "decroche" | "occupe" | "absent" if !self.waiting_for_transfer => {
                anstream::println!("{DIM}     Aucun transfert n'est en cours.{DIM:#}");
            }
            "decroche" => {
                self.event("le correspondant a décroché, l'appel lui est passé");
                self.transfer_ends(200);
            }
            "occupe" => self.transfer_ends(486),
            "absent" => self.transfer_ends(480),
            keys if !keys.is_empty() && keys.chars().all(|c| c.is_ascii_digit() || matches!(c, '*' | '#')) => {
                for key in keys.chars() {
                    self.play(Input::Key(Key(key)));
                }
                self.play(Input::KeysPaused);
            }
            _ => anstream::println!("{DIM}     Commande inconnue : /{name}. Tapez /aide.{DIM:#}"),
        }
        true
    }

    fn transfer_ends(&mut self, status: u16) {
        self.waiting_for_transfer = false;
        self.play(Input::TransferFinished { status });
    }

    fn hint_transfer(&self) {
        anstream::println!("{DIM}     L'appel sonne : /decroche, /occupe ou /absent.{DIM:#}");
    }

    fn play(&mut self, input: Input) {
        let form = self.dialogue.form();
        self.dialogue.handle_input(self.at, input);
        let mut rings = false;
        while let Some(output) = self.dialogue.poll_output() {
            match output {
                Output::Say(prompt) => {
                    for sentence in &prompt.sentences {
                        self.said.push(sentence);
                    }
                    say(&prompt);
                }
                Output::Transfer(entry) => {
                    let entry = self.plan.entry(entry);
                    let extension = entry.extension.as_deref().unwrap_or("?");
                    let text = format!("transfert vers {} (poste {extension})", entry.name);
                    self.event(&text);
                    rings = true;
                }
                Output::Save(request) => {
                    let fields: Vec<String> =
                        request.fields.iter().map(|(name, value)| format!("{name} : {value}")).collect();
                    self.event(&format!("enregistré : {} — {}", request.kind, fields.join(" ; ")));
                }
                Output::HangUp => self.event("la mairie raccroche"),
                Output::Listen(expectation) if self.explain => {
                    let digits = if expectation.digits { ", touches attendues" } else { "" };
                    anstream::println!(
                        "{DIM}     écoute : {:?}{digits} ; mots : {}{DIM:#}",
                        expectation.answer,
                        expectation.prompt
                    );
                }
                Output::Note(note) if self.explain => anstream::println!("{DIM}     note : {note:?}{DIM:#}"),
                Output::Listen(_) | Output::Note(_) => {}
            }
        }
        if let Some(now) = self.dialogue.form().filter(|now| form.as_ref() != Some(now)) {
            anstream::println!("{DIM}     {}{DIM:#}", describe_form(&now));
        }
        if rings {
            self.waiting_for_transfer = true;
            self.hint_transfer();
        }
    }

    fn event(&mut self, text: &str) {
        self.said.push(text);
        anstream::println!("{EVENT}     ⇢ {text}{EVENT:#}");
    }

    /// One dim line: decision, topic, how sure; with `all`, every candidate and why.
    fn show_understanding(&self, text: &str, all: bool) {
        let Some(interpretation) = self.dialogue.interpret(text) else {
            return;
        };
        anstream::println!("{DIM}     compris : {}{DIM:#}", self.describe(&interpretation));
        if !all {
            return;
        }
        for candidate in &interpretation.ranking {
            anstream::println!(
                "{DIM}       {:>3.0} %  {} : {}{DIM:#}",
                candidate.score * 100.0,
                self.dialogue.title(candidate.topic),
                candidate.evidence.join(" ; ")
            );
        }
    }

    fn describe(&self, interpretation: &Interpretation) -> String {
        let sure = interpretation.ranking.first().map_or(0.0, |c| c.score * 100.0);
        match &interpretation.decision {
            Decision::Answer(topic) => format!("{} ({sure:.0} %), réponse", self.dialogue.title(*topic)),
            Decision::Confirm(topic) => format!("{} ({sure:.0} %), à confirmer", self.dialogue.title(*topic)),
            Decision::Offer(topics) => {
                let titles: Vec<String> = topics.iter().map(|t| self.dialogue.title(*t)).collect();
                format!("{} ({sure:.0} %), au choix", titles.join(" | "))
            }
            Decision::Reach { service: Some(topic) } => {
                format!("veut parler à quelqu'un, au sujet de : {}", self.dialogue.title(*topic))
            }
            Decision::Reach { service: None } => "veut parler à quelqu'un".to_owned(),
            Decision::Emergency => "urgence".to_owned(),
            Decision::Unknown => "aucun sujet (réponse à la question, ou incompris)".to_owned(),
        }
    }
}

/// "formulaire Demande de rappel : nom = Le Goff · numéro = … ← demandé · moment".
fn describe_form(form: &FormView) -> String {
    let slots: Vec<String> = form
        .slots
        .iter()
        .enumerate()
        .map(|(index, slot)| {
            let value = match &slot.value {
                Some(value) if slot.is_doubtful => format!("{} = {value} ?", slot.name),
                Some(value) => format!("{} = {value}", slot.name),
                None => format!("{} = …", slot.name),
            };
            match form.step {
                StepView::Asked(asked) if asked == index => format!("{value} ← demandé"),
                StepView::Checked(checked) if checked == index => format!("{value} ← à confirmer"),
                _ => value,
            }
        })
        .collect();
    let step = match form.step {
        StepView::Confirmed => " ; tout est relu",
        StepView::Corrected => " ; que corriger ?",
        StepView::Asked(_) | StepView::Checked(_) => "",
    };
    format!("formulaire « {} » : {}{step}", form.title, slots.join(" · "))
}

fn say(prompt: &Prompt) {
    let slow = if prompt.pace == Pace::Slow { " (lentement)" } else { "" };
    anstream::println!("{AGENT}mairie ▸ {}{AGENT:#}{DIM}{slow}{DIM:#}", prompt.sentences.join(" "));
}
