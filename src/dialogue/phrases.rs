//! Everyday phrases of the agent: `prompts/<language>/phrases.md`, one `##` heading an id, its texts as quotes.
//!
//! Owns: which phrases there are and how they are read. Must not know: when they are said, files.

use std::collections::HashMap;

use pulldown_cmark::{Event, HeadingLevel, Parser, Tag, TagEnd};

use super::speak::split;
use crate::dialplan::{Language, SourceFile};

pub(super) const FRENCH_PHRASES: &str = include_str!("../../prompts/fr/phrases.md");
/// What this version came with: language, `phrases.md`, `mots.txt`.
const BUILT_IN: [(&str, &str, &str); 2] = [
    ("fr", FRENCH_PHRASES, include_str!("../../prompts/fr/mots.txt")),
    ("en", include_str!("../../prompts/en/phrases.md"), ""),
];

/// Phrases of every language the agent speaks.
#[derive(Debug, Clone)]
pub struct Phrases {
    languages: Vec<PhraseBook>,
}

/// Phrases of one language.
#[derive(Debug, Clone)]
pub struct PhraseBook {
    pub language: Language,
    texts: HashMap<PhraseId, Vec<Vec<String>>>,
    /// Words that bias the recogniser, from `mots.txt`.
    pub words: Vec<String>,
}

/// Something wrong with a file of phrases; the text is French, for whoever edits it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PhrasesError {
    #[error("ligne {line} : la phrase « {id} » n'existe pas{}", suggestion.as_ref().map(|s| format!(" ; vouliez-vous « {s} » ?")).unwrap_or_default())]
    Unknown { line: usize, id: String, suggestion: Option<String> },
    #[error("ligne {line} : la phrase « {id} » est donnée deux fois ; gardez-en une")]
    Twice { line: usize, id: String },
    #[error(
        "ligne {line} : la phrase « {id} » contient « {{{value}}} », qu'elle ne connaît pas ; retirez-le ou employez : {known}"
    )]
    UnknownValue { line: usize, id: String, value: String, known: String },
    #[error("il manque la phrase « {id} » ; ajoutez « ## {id} », puis une ligne qui commence par « > »")]
    Missing { id: String },
}

macro_rules! phrase_ids {
    ($($(#[$doc:meta])* $variant:ident = $key:literal $(, $value:literal)*;)*) => {
        /// The everyday phrases there are.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum PhraseId { $($(#[$doc])* $variant,)* }

        impl PhraseId {
            pub const ALL: &'static [PhraseId] = &[$(PhraseId::$variant,)*];

            /// The heading it stands under.
            pub fn key(self) -> &'static str {
                match self { $(PhraseId::$variant => $key,)* }
            }

            /// Values it may hold, `{…}`.
            pub fn values(self) -> &'static [&'static str] {
                match self { $(PhraseId::$variant => &[$($value),*],)* }
            }
        }
    };
}

phrase_ids! {
    /// After an answer, when the dialplan has no `Autre chose`.
    AnythingElse = "autre-chose";
    /// "Oui" to "anything else?", or a mere greeting.
    Listening = "je-vous-ecoute";
    /// Before the answer to a wish that was named beside a yes.
    NextWish = "autre-demande";
    Goodbye = "au-revoir";
    NotUnderstood = "pas-compris", "exemples";
    /// A closed question was not answered.
    NotUnderstoodYesNo = "pas-compris-oui-non";
    /// Another question was not answered; it is asked again after this.
    NotUnderstoodHere = "pas-compris-ici";
    /// The caller spoke, and no word of it was heard.
    NotHeard = "pas-entendu";
    /// "No" to "is it about …?"
    SayItOtherwise = "dites-autrement";
    UnknownKey = "touche-inconnue";
    Silence = "silence";
    /// Before a question is asked again.
    SilenceHere = "silence-ici";
    SilenceLong = "silence-long";
    SilenceEnd = "silence-fin";
    ConfirmTopic = "confirmer-sujet", "titre";
    OfferFirst = "proposer-premier", "titre";
    OfferNext = "proposer-suivant", "titre";
    OfferEnd = "proposer-fin";
    /// `proposer X`.
    Propose = "proposer", "titre";
    TransferOperator = "transfert-agent";
    TransferService = "transfert-service", "service";
    /// To the operator alone, before the caller is put through.
    Briefing = "presentation-agent", "numéro", "sujet";
    Closed = "ferme", "prochaine ouverture";
    NoExtension = "sans-poste";
    ServiceNumber = "numero-service", "numéro";
    Busy = "occupe";
    NoAnswer = "sans-reponse";
    TransferFailed = "transfert-echoue";
    OfferCallBack = "proposer-rappel";
    CallAgain = "rappelez", "numéro", "prochaine ouverture";
    Saved = "enregistre";
    /// A request was kept with what is known.
    SavedPartly = "enregistre-en-partie";
    /// Asked for once more.
    AlreadyRecorded = "deja-enregistre";
    /// Instead of asking for a number: the one the caller calls from.
    OwnNumber = "numero-appelant", "valeur";
    NumberContinues = "numero-suite", "chiffres";
    NumberInvalid = "numero-invalide";
    NameInvalid = "nom-incompris";
    /// A value that may have been misheard, before the form goes on.
    ConfirmValue = "confirmer-valeur", "valeur";
    /// "No" to it: what else may have been meant.
    OtherValue = "autre-valeur", "valeur";
    /// None of it was right: the question again in another way.
    NumberByDigits = "numero-par-chiffres";
    SpellName = "nom-epele";
    SayAgain = "redire-valeur";
    DateInvalid = "date-incomprise";
    TimeInvalid = "heure-incomprise";
    EmailInvalid = "courriel-incompris";
    Choose = "choisir", "choix";
    Correct = "corriger", "champs";
    Cancelled = "annule";
    Slower = "plus-lentement";
    TakeYourTime = "prenez-votre-temps";
    /// The caller had asked for time and has been silent for long.
    StillThere = "toujours-la";
    /// A part of a long answer has been read.
    GoOn = "je-continue";
    /// Before the question of a form that was left for another wish.
    ReturnToForm = "revenir-demande", "titre";
    /// A number given earlier in this call.
    KeepNumber = "toujours-numero", "valeur";
    /// Something said before was changed, the form goes on.
    Corrected = "corrige";
    /// The answer takes a while.
    OneMoment = "un-instant";
    NoSuchLanguage = "langue-indisponible";
    CannotHear = "panne-ecoute";
    TimeIsUp = "temps-ecoule";
    Emergency = "urgence";
    EmergencyFire = "urgence-feu";
    EmergencyGas = "urgence-gaz";
    EmergencyHealth = "urgence-sante";
    EmergencyPolice = "urgence-police";
    EmergencySuicide = "urgence-suicide";
    EmergencyOperator = "urgence-agent";
    /// Nothing a town hall deals with.
    OutOfScope = "hors-sujet", "exemples";
    /// Before an answer that was given just before.
    AllIKnow = "deja-repondu";
    /// "C'est combien ?", without a subject.
    WhatAbout = "a-quel-sujet", "exemples";
    /// The same about the topic that is open, which does not say.
    NotInThisTopic = "sans-cette-information", "titre";
    /// After it, and after `Distress`.
    ProposeOperator = "proposer-agent";
    /// Several entries of the directory may be meant.
    ReachFirst = "joindre-premier", "service";
    ReachNext = "joindre-suivant", "service";
    Insult = "injure";
    Distress = "detresse";
    Child = "enfant";
}

impl Phrases {
    /// Reads the files of all languages: language, text of `phrases.md`, text of `mots.txt`.
    pub fn parse(files: &[(Language, &str, &str)]) -> Result<Self, Vec<(Language, PhrasesError)>> {
        let mut languages = Vec::new();
        let mut errors = Vec::new();
        for (language, phrases, words) in files {
            match PhraseBook::parse(language.clone(), phrases, words) {
                Ok(book) => languages.push(book),
                Err(found) => errors.extend(found.into_iter().map(|e| (language.clone(), e))),
            }
        }
        if errors.is_empty() { Ok(Self { languages }) } else { Err(errors) }
    }

    /// Reads the prompt files of each language, of which `phrases.md` and `mots.txt` are used; what is missing is what this
    /// version came with.
    pub fn from_files(languages: &[(Language, Vec<SourceFile>)]) -> Result<Self, Vec<(Language, PhrasesError)>> {
        let find = |files: &'_ [SourceFile], name: &str| files.iter().position(|f| f.path == name);
        let mut found: Vec<(Language, &str, &str)> = Vec::new();
        for (language, files) in languages {
            let built_in = BUILT_IN.iter().find(|(code, ..)| *code == language.0);
            let phrases = match find(files, "phrases.md") {
                Some(i) => files[i].text.as_str(),
                None => built_in.map_or("", |(_, phrases, _)| phrases),
            };
            let words = match find(files, "mots.txt") {
                Some(i) => files[i].text.as_str(),
                None => built_in.map_or("", |(.., words)| words),
            };
            found.push((language.clone(), phrases, words));
        }
        if !found.iter().any(|(language, ..)| language.0 == "fr") {
            let (code, phrases, words) = BUILT_IN[0];
            found.push((Language(code.to_owned()), phrases, words));
        }
        Self::parse(&found)
    }

    /// The phrases this version came with.
    pub fn built_in() -> Self {
        match Self::parse(&BUILT_IN.map(|(code, phrases, words)| (Language(code.to_owned()), phrases, words))) {
            Ok(phrases) => phrases,
            // Unreachable: a unit test reads the same files. An agent without words would still transfer calls.
            Err(_) => Self { languages: Vec::new() },
        }
    }

    pub fn book(&self, language: &Language) -> Option<&PhraseBook> {
        self.languages.iter().find(|book| book.language == *language)
    }
}

impl PhraseBook {
    fn parse(language: Language, markdown: &str, words: &str) -> Result<Self, Vec<PhrasesError>> {
        let mut texts: HashMap<PhraseId, Vec<Vec<String>>> = HashMap::new();
        let mut errors = Vec::new();
        let mut current: Option<PhraseId> = None;
        let mut heading: Option<String> = None;
        let mut quote: Option<String> = None;
        for (event, range) in Parser::new(markdown).into_offset_iter() {
            let line = 1 + markdown[..range.start].matches('\n').count();
            match event {
                Event::Start(Tag::Heading { level: HeadingLevel::H2, .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(HeadingLevel::H2)) => {
                    let id = heading.take().unwrap_or_default().trim().to_owned();
                    current = PhraseId::ALL.iter().copied().find(|p| p.key() == id);
                    match current {
                        None => errors.push(PhrasesError::Unknown { line, suggestion: nearest(&id), id }),
                        Some(known) if texts.contains_key(&known) => errors.push(PhrasesError::Twice { line, id }),
                        Some(known) => {
                            texts.insert(known, Vec::new());
                        }
                    }
                }
                Event::Start(Tag::BlockQuote(_)) => quote = Some(String::new()),
                Event::End(TagEnd::BlockQuote(_)) => {
                    let text = quote.take().unwrap_or_default();
                    if let Some(id) = current
                        && !text.trim().is_empty()
                    {
                        if let Some(value) = values_in(&text).find(|v| !id.values().contains(v)) {
                            errors.push(PhrasesError::UnknownValue {
                                line,
                                id: id.key().to_owned(),
                                value: value.to_owned(),
                                known: known_values(id),
                            });
                        }
                        texts.entry(id).or_default().push(split(&text));
                    }
                }
                Event::Text(text) | Event::Code(text) => {
                    if let Some(heading) = &mut heading {
                        heading.push_str(&text);
                    } else if let Some(quote) = &mut quote {
                        quote.push_str(&text);
                    }
                }
                Event::SoftBreak | Event::HardBreak => {
                    if let Some(quote) = &mut quote {
                        quote.push(' ');
                    }
                }
                Event::End(TagEnd::Paragraph) => {
                    if let Some(quote) = &mut quote {
                        quote.push('\n');
                    }
                }
                _ => {}
            }
        }
        for id in PhraseId::ALL {
            if texts.get(id).is_none_or(Vec::is_empty) {
                errors.push(PhrasesError::Missing { id: id.key().to_owned() });
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let words = words
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .map(str::to_owned)
            .collect();
        Ok(Self { language, texts, words })
    }

    /// Sentences of a phrase, with its `{…}`; `turn` chooses among several texts.
    pub fn sentences(&self, id: PhraseId, turn: usize) -> &[String] {
        match self.texts.get(&id).map(Vec::as_slice) {
            Some([]) | None => &[],
            Some(texts) => &texts[turn % texts.len()],
        }
    }

    /// Every text of a phrase.
    pub fn all(&self, id: PhraseId) -> impl Iterator<Item = &String> {
        self.texts.get(&id).into_iter().flatten().flatten()
    }
}

fn known_values(id: PhraseId) -> String {
    if id.values().is_empty() {
        return "aucune valeur".to_owned();
    }
    id.values().iter().map(|v| format!("{{{v}}}")).collect::<Vec<_>>().join(", ")
}

/// What stands between braces.
pub(super) fn values_in(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(value, _)| value))
}

fn nearest(id: &str) -> Option<String> {
    PhraseId::ALL
        .iter()
        .map(|p| (strsim::osa_distance(p.key(), id), p.key()))
        .min()
        .filter(|(distance, _)| *distance <= 3)
        .map(|(_, key)| key.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARKDOWN: &str = include_str!("../../prompts/fr/phrases.md");

    fn parse(markdown: &str) -> Result<Phrases, Vec<(Language, PhrasesError)>> {
        Phrases::parse(&[(Language("fr".into()), markdown, "# commentaire\n\nmairie\n")])
    }

    #[test]
    fn the_shipped_phrases_are_whole() {
        let phrases = parse(MARKDOWN).unwrap_or_else(|errors| panic!("{errors:?}"));
        let book = phrases.book(&Language("fr".into())).unwrap();
        assert_eq!(book.words, ["mairie"]);
        for id in PhraseId::ALL {
            assert!(!book.sentences(*id, 0).is_empty(), "{}", id.key());
        }
        assert!(Phrases::built_in().book(&Language("fr".into())).is_some());
    }

    #[test]
    fn the_english_phrases_are_whole_and_hold_what_the_french_hold() {
        let english = Language("en".into());
        let phrases = Phrases::parse(&[(english.clone(), include_str!("../../prompts/en/phrases.md"), "")]);
        let phrases = phrases.unwrap_or_else(|errors| panic!("{errors:?}"));
        let (book, french) = (phrases.book(&english).unwrap(), parse(MARKDOWN).unwrap());
        let french = french.book(&Language("fr".into())).unwrap();
        for id in PhraseId::ALL {
            let values = |book: &PhraseBook| {
                let mut values: Vec<String> = book.all(*id).flat_map(|s| values_in(s)).map(str::to_owned).collect();
                values.sort();
                values
            };
            assert_eq!(values(book), values(french), "{}", id.key());
        }
    }

    #[test]
    fn mistakes_are_named_with_a_remedy() {
        let errors = |markdown: &str| {
            parse(markdown).unwrap_err().into_iter().map(|(_, e)| e.to_string()).collect::<Vec<_>>().join("\n")
        };
        let text = errors(&MARKDOWN.replace("## au-revoir", "## au-revoire"));
        assert!(text.contains("vouliez-vous « au-revoir »"), "{text}");
        assert!(text.contains("il manque la phrase « au-revoir »"), "{text}");
        let text = errors(&format!("{MARKDOWN}\n## silence\n> Encore {{heure}}.\n"));
        assert!(text.contains("deux fois"), "{text}");
        assert!(text.contains("« {heure} »"), "{text}");
        assert!(errors("").lines().count() == PhraseId::ALL.len());
    }
}
