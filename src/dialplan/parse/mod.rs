//! Markdown files → typed [`Dialplan`], or everything that is wrong with them, at once.
//!
//! In this order: [`block`] reads the Markdown, [`outline`] cuts it into sections and gives every topic and every
//! entry of the directory its number, then each section's own reader turns its lines into the model, resolving
//! names as it goes. One file a concept.

mod action;
mod block;
mod directory;
mod hours;
mod inline;
mod label;
mod outline;
mod phrase;
mod speech;
mod topic;
mod town;
mod trial;
mod when;

#[cfg(test)]
mod tests;

use super::{Dialplan, LanguagePlan, Location, Problem, Rule, Severity, SourceFile};
use outline::{Outline, SectionKind};

pub(crate) use trial::pieces;

/// Reads a whole dialplan. It is returned only when no problem is an error.
pub fn parse(files: &[SourceFile]) -> (Option<Dialplan>, Vec<Problem>) {
    let mut sink = Sink::new(files);
    let sections = files
        .iter()
        .enumerate()
        .flat_map(|(index, file)| outline::sections(index, file, &mut sink))
        .collect::<Vec<_>>();
    let (outline, sections) = Outline::build(sections, &mut sink);
    let mut dialplan = town::read(&sections, &outline, &mut sink);
    dialplan.directory = directory::read(&sections, &outline, &mut sink);

    for (language, code) in outline.languages.iter().enumerate() {
        let mut topics = Vec::new();
        let mut everywhere: Vec<Rule> = Vec::new();
        for section in sections.iter().filter(|s| s.language == language) {
            match section.kind {
                SectionKind::Topic(id) => {
                    topics.push(topic::read(section, id, &outline, &mut sink));
                }
                SectionKind::Everywhere => {
                    everywhere.extend(topic::read_everywhere(section, &outline, &mut sink));
                }
                SectionKind::Trial => {
                    dialplan.trials.extend(trial::read(section, &outline, &mut sink));
                }
                _ => {}
            }
        }
        let names = &outline.topics[language];
        let Some(welcome) = names.welcome else {
            sink.error(
                outline.language_location(language),
                format!("la section « Accueil » manque pour la langue « {} »", code.0),
                format!("écrivez « ## Accueil » dans {}/accueil.md, puis « Dire : » et la phrase d'accueil", code.0),
            );
            continue;
        };
        dialplan.plans.push(LanguagePlan {
            language: code.clone(),
            topics,
            services: names.services.clone(),
            welcome,
            keypad_menu: names.keypad_menu,
            anything_else: names.anything_else,
            everywhere,
        });
    }

    let problems = sink.into_problems();
    let sound = problems.iter().all(|problem| problem.severity < Severity::Error);
    (sound.then_some(dialplan), problems)
}

/// Problems told at once; who mends these sees the others.
const MOST_PROBLEMS: usize = 200;

/// Collects problems; knows the files to name a place in words.
pub(super) struct Sink<'a> {
    files: &'a [SourceFile],
    problems: Vec<Problem>,
    /// Problems beyond the most that are told.
    untold: usize,
}

impl<'a> Sink<'a> {
    fn new(files: &'a [SourceFile]) -> Self {
        Self { files, problems: Vec::new(), untold: 0 }
    }

    fn error(&mut self, at: Location, message: impl Into<String>, remedy: impl Into<String>) {
        if self.is_full() {
            self.untold += 1;
            return;
        }
        self.problems.push(Problem {
            severity: Severity::Error,
            location: at,
            message: message.into(),
            remedy: Some(remedy.into()),
        });
    }

    /// `fr/accueil.md, ligne 12`.
    fn place(&self, at: Location) -> String {
        super::render::place(self.files, at)
    }

    /// No more problems are told: looking for remedies is of no use.
    fn is_full(&self) -> bool {
        self.problems.len() >= MOST_PROBLEMS
    }

    /// In the order of the files.
    fn into_problems(mut self) -> Vec<Problem> {
        self.problems.sort_by_key(|problem| (problem.location.file, problem.location.start));
        if self.untold > 0 {
            self.problems.push(Problem {
                severity: Severity::Error,
                location: self.problems.last().map(|problem| problem.location).unwrap_or_default(),
                message: format!("il y a encore {} erreurs", self.untold),
                remedy: Some("corrigez d'abord celles-ci".to_owned()),
            });
        }
        self.problems
    }
}
