//! Whom of the directory a caller means: an entry by its name or words, a person by name.
//!
//! Must not know: topics, extensions, what is done then.

use crate::dialplan::{DirectoryEntry, DirectoryId};

use super::Whom;
use super::text::{Token, tokens};

/// How like a name must be to what was said.
const SAME_NAME: f32 = 0.85;
/// Meaningful words beside a bare name: "monsieur Martin, pour mon jardin".
const MOST_BESIDE: usize = 1;
/// Words of an entry's name that tell nothing.
const EMPTY_WORDS: &[&str] = &["service", "services", "mairie", "ville", "bureau"];

/// Names of the directory, ready to be found.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    entries: Vec<Entry>,
}

#[derive(Debug, Clone)]
struct Entry {
    /// Each of these wholly said names the entry.
    names: Vec<Vec<Token>>,
    people: Vec<Person>,
}

#[derive(Debug, Clone)]
struct Person {
    title: Option<Title>,
    /// Given names first, the family name last.
    names: Vec<Token>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Title {
    Mrs,
    Mr,
}

impl Directory {
    pub fn new(entries: &[DirectoryEntry]) -> Self {
        let entries = entries.iter().map(|entry| {
            let mut names: Vec<Vec<Token>> =
                std::iter::once(&entry.name).chain(&entry.keywords).map(|n| telling(n)).collect();
            names.retain(|name| !name.is_empty());
            Entry { names, people: entry.people.iter().filter_map(|name| Person::new(name)).collect() }
        });
        Self { entries: entries.collect() }
    }

    /// Entries meant; several when it can't be told.
    pub fn find(&self, said: &[Token]) -> Whom {
        let named = self.named(said);
        let titles = titles(said);
        let mut of_people: Vec<DirectoryId> = Vec::new();
        for (number, entry) in self.entries.iter().enumerate() {
            if entry.people.iter().any(|person| person.is_named(said, &titles)) {
                of_people.push(DirectoryId(number));
            }
        }
        if of_people.is_empty() {
            return Whom { entries: named, is_person: is_followed_by_a_name(said), is_unasked: false };
        }
        // "Madame Martin, aux espaces verts": the service tells two of one name apart.
        let both: Vec<DirectoryId> = of_people.iter().copied().filter(|entry| named.contains(entry)).collect();
        let entries = if both.is_empty() { of_people } else { both };
        Whom { entries, is_person: true, is_unasked: false }
    }

    /// Somebody of the directory is named with little beside: "monsieur Martin, aux espaces verts".
    pub fn is_called(&self, said: &[Token]) -> bool {
        let titles = titles(said);
        self.entries.iter().any(|entry| {
            entry.people.iter().any(|person| {
                let called = person.is_named(said, &titles) && (!titles.is_empty() || person.is_fully_named(said));
                let explained = |token: &Token| {
                    let mut words = person.names.iter().chain(entry.names.iter().flatten());
                    words.any(|word| word.likeness(token) >= SAME_NAME) || EMPTY_WORDS.contains(&token.folded.as_str())
                };
                called && said.iter().filter(|t| t.is_content() && !explained(t)).count() <= MOST_BESIDE
            })
        })
    }

    /// Entries whose name was said; of several, those of which most words were said.
    fn named(&self, said: &[Token]) -> Vec<DirectoryId> {
        let words_said = |entry: &Entry| {
            let whole = entry.names.iter().filter(|name| name.iter().all(|word| is_said(word, said)));
            whole.map(Vec::len).max().unwrap_or(0)
        };
        let scores: Vec<usize> = self.entries.iter().map(words_said).collect();
        let most = scores.iter().copied().max().unwrap_or(0);
        let best = scores.iter().enumerate().filter(|(_, score)| most > 0 && **score == most);
        best.map(|(number, _)| DirectoryId(number)).collect()
    }
}

impl Person {
    fn new(written: &str) -> Option<Self> {
        let words = tokens(written);
        let title = words.iter().find_map(title);
        let names: Vec<Token> = words.into_iter().filter(|word| title_of(&word.folded).is_none()).collect();
        (!names.is_empty()).then_some(Self { title, names })
    }

    /// The family name was said, and no title that is another's.
    fn is_named(&self, said: &[Token], titles: &[Title]) -> bool {
        let suits = self.title.is_none_or(|title| titles.is_empty() || titles.contains(&title));
        suits && self.names.last().is_some_and(|name| is_said(name, said))
    }

    fn is_fully_named(&self, said: &[Token]) -> bool {
        self.names.len() > 1 && self.names.iter().all(|name| is_said(name, said))
    }
}

fn telling(name: &str) -> Vec<Token> {
    let words: Vec<Token> = tokens(name).into_iter().filter(Token::is_content).collect();
    let telling: Vec<Token> = words.iter().filter(|w| !EMPTY_WORDS.contains(&w.folded.as_str())).cloned().collect();
    if telling.is_empty() { words } else { telling }
}

/// Names aren't exchanged for words of one family.
fn is_said(word: &Token, said: &[Token]) -> bool {
    said.iter().any(|token| word.likeness(token) >= SAME_NAME)
}

fn title(word: &Token) -> Option<Title> {
    title_of(&word.folded)
}

fn title_of(folded: &str) -> Option<Title> {
    match folded {
        "madame" | "mme" | "mademoiselle" | "mlle" | "mrs" | "ms" => Some(Title::Mrs),
        "monsieur" | "mr" => Some(Title::Mr),
        _ => None,
    }
}

/// Titles that stand before a name; "bonjour madame" holds none.
fn titles(said: &[Token]) -> Vec<Title> {
    said.windows(2).filter(|pair| pair[1].is_content()).filter_map(|pair| title(&pair[0])).collect()
}

fn is_followed_by_a_name(said: &[Token]) -> bool {
    said.windows(2).any(|pair| {
        let is_office = matches!(pair[1].folded.as_str(), "maire" | "mairesse" | "adjoint" | "adjointe" | "directeur");
        title(&pair[0]).is_some() && pair[1].is_content() && !is_office
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialplan::{SourceFile, parse, render};

    fn directory() -> Directory {
        let text = format!(
            "{}\n{}",
            include_str!("../dialogue/tests/town.md").split("### État civil").next().unwrap_or_default(),
            "### État civil\n- Poste : 200\n- Personnes : Madame Claire Martin\n- Si fermé, occupé ou sans réponse : transférer à Standard\n\n\
             ### Espaces verts\n- Poste : 300\n- Personnes : Monsieur Martin, Madame Sophie Le Goff\n- Mots : jardins, parcs et jardins\n\
             - Si fermé, occupé ou sans réponse : transférer à Standard\n"
        );
        let files = [SourceFile { path: "mairie.md".into(), text }];
        let (plan, problems) = parse(&files);
        let plan = plan.unwrap_or_else(|| panic!("{}", render(&files, &problems, false)));
        Directory::new(&plan.directory)
    }

    fn found(text: &str) -> (Vec<usize>, bool) {
        let whom = directory().find(&tokens(text));
        (whom.entries.into_iter().map(|entry| entry.0).collect(), whom.is_person)
    }

    #[test]
    fn entries_by_name_and_by_words() {
        assert_eq!(found("passez-moi l'état civil"), (vec![1], false));
        assert_eq!(found("le service des espaces verts"), (vec![2], false));
        assert_eq!(found("les parcs et jardins s'il vous plaît"), (vec![2], false));
        assert_eq!(found("un agent"), (vec![], false));
    }

    #[test]
    fn people_by_name_title_and_service() {
        assert_eq!(found("je voudrais parler à madame Martin"), (vec![1], true));
        assert_eq!(found("monsieur Martin aux espaces verts"), (vec![2], true));
        assert_eq!(found("monsieur martin"), (vec![2], true));
        assert_eq!(found("je cherche Martin"), (vec![1, 2], true));
        assert_eq!(found("Martin des espaces verts"), (vec![2], true));
        assert_eq!(found("madame Le Gof"), (vec![2], true));
        assert_eq!(found("madame Le Goff"), (vec![2], true));
        assert_eq!(found("passez-moi madame Dubreuil"), (vec![], true));
        assert_eq!(found("bonjour madame"), (vec![], false));
    }

    #[test]
    fn a_bare_name_is_a_call_for_somebody() {
        let is_called = |text: &str| directory().is_called(&tokens(text));
        assert!(is_called("monsieur Martin aux espaces verts s'il vous plaît"));
        assert!(is_called("Sophie Le Goff"));
        assert!(!is_called("la rue Martin est sale et mal éclairée"));
        assert!(!is_called("monsieur Martin doit refaire sa carte d'identité et son passeport"));
    }
}
