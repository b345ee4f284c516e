//! The typed dialplan. Built only by the parser; indices in it are valid by construction.

use std::time::Duration;

use jiff::civil;

/// A whole dialplan: everything the agent says and does for one town.
#[derive(Debug, Clone, Default)]
pub struct Dialplan {
    /// Town hall's name: the `#` title of `mairie.md`.
    pub name: String,
    /// Public telephone number.
    pub number: Option<String>,
    pub address: Option<String>,
    pub email: Option<String>,
    pub website: Option<String>,
    /// The two more public holidays of Alsace and Moselle apply.
    pub alsace_moselle: bool,
    /// Languages, the first is the one a call starts in.
    pub languages: Vec<Language>,
    /// Hours of the town hall.
    pub hours: Hours,
    pub directory: Vec<DirectoryEntry>,
    /// `Rues`: the streets of the town, as they are written; addresses are matched with them.
    pub streets: Vec<String>,
    /// One for each language, in the order of `languages`.
    pub plans: Vec<LanguagePlan>,
    pub trials: Vec<Trial>,
}

/// ISO 639-1 code: `fr`, `en`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Language(pub String);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TopicId(pub usize);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DirectoryId(pub usize);

/// Everything in one language. `TopicId`s index `topics`.
#[derive(Debug, Clone)]
pub struct LanguagePlan {
    pub language: Language,
    pub topics: Vec<Topic>,
    /// One for each file of this language, in the order of the files.
    pub services: Vec<Service>,
    /// The topic a call starts with (`Accueil`).
    pub welcome: TopicId,
    /// `Menu au clavier`, if there is one.
    pub keypad_menu: Option<TopicId>,
    /// `Autre chose`, if there is one.
    pub anything_else: Option<TopicId>,
    /// `Partout`: valid in every state.
    pub everywhere: Vec<Rule>,
}

/// One file of topics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// As in [`Topic::service`].
    pub id: String,
    /// The `#` title of the file, if it has one.
    pub title: Option<String>,
}

/// A `##` topic or a `###` follow-up.
#[derive(Debug, Clone)]
pub struct Topic {
    pub title: String,
    /// Title folded: lower case, no accents, words joined by `-`; or the explicit `{#id}` of the heading.
    /// A follow-up's is `parent/own`. Unique together with `service`; pairs the topics of two languages.
    pub slug: String,
    /// File stem the topic stands in, `-` written as `_`: `cni_passeport`.
    pub service: String,
    /// Follow-ups are reachable by their own phrases only while their parent is open.
    pub parent: Option<TopicId>,
    /// `Quand on dit`.
    pub phrases: Vec<Phrase>,
    /// `Mots` : key words of the topic for the understanding module, if the officer lists some.
    pub keywords: Vec<String>,
    /// `Dire`, `Répondre`, in the order written; those whose condition holds are said.
    pub say: Vec<Speech>,
    /// `Si silence`.
    pub on_silence: Option<Speech>,
    /// `Demander`, in order.
    pub slots: Vec<Slot>,
    /// `Confirmer`.
    pub confirm: Option<Speech>,
    /// `Enregistrer`.
    pub record: Option<String>,
    /// What the caller may answer here: `- oui, touche 1 : aller à …`.
    pub rules: Vec<Rule>,
    /// `Après N échecs`.
    pub after_failures: Option<(u8, Action)>,
    /// `Ensuite`.
    pub next: Option<Action>,
    pub source: Option<Source>,
    pub location: Location,
}

/// Text the agent says, with the place it stands at.
#[derive(Debug, Clone, PartialEq)]
pub struct Speech {
    pub condition: Condition,
    pub parts: Vec<Part>,
    pub location: Location,
}

/// When a text is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    Always,
    /// `Dire si ouvert`: the town hall is open.
    IfOpen,
    /// `Dire si fermé`.
    IfClosed,
    /// `Dire si Médiathèque est ouverte`: this entry of the directory is.
    EntryOpen(DirectoryId),
    /// `Dire si Médiathèque est fermée`.
    EntryClosed(DirectoryId),
}

/// A stretch of speech: fixed text, or a value known only during the call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    Text(String),
    Value(Value),
}

/// Whom a value is about: an entry of the directory, or the town hall.
pub type Place = Option<DirectoryId>;

/// `{…}` in a speech.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// `{date}`: the day of the call.
    Today,
    /// `{prochaine ouverture}`, `{prochaine ouverture de Médiathèque}`.
    NextOpening(Place),
    /// `{horaires du jour}`, `{horaires du jour de Médiathèque}`.
    TodaysHours(Place),
    /// `{horaires}`, `{horaires de Médiathèque}`: those of an ordinary week.
    Hours(Place),
    /// `{numéro de la mairie}`, `{numéro de Médiathèque}`.
    Number(Place),
    /// `{adresse de la mairie}`, `{adresse de Médiathèque}`.
    Address(Place),
    /// `{courriel de la mairie}`, `{courriel de Médiathèque}`.
    Email(Place),
    /// `{site de la mairie}`.
    Website,
    /// `{nom}`: what the slot of that name holds.
    Slot(String),
}

/// A phrase in hassil's syntax, `(a|b)` one of, `[c]` optional; spotted inside what was said, never matched whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phrase {
    pub written: String,
    pub tokens: Vec<PhraseToken>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PhraseToken {
    Word(String),
    OneOf(Vec<Vec<PhraseToken>>),
    Optional(Vec<PhraseToken>),
}

/// `- trigger, trigger : action`.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    pub triggers: Vec<Trigger>,
    pub action: Action,
    pub location: Location,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trigger {
    /// Guillemets in `Partout`, or the words of a choice.
    Phrase(Phrase),
    Yes,
    No,
    /// `touche 1`, `touche #`.
    Key(char),
}

/// What to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    GoTo(TopicId),
    /// `proposer X`: "Voulez-vous X ?", yes goes there, no goes to `Autre chose`.
    Offer(TopicId),
    Transfer(DirectoryId),
    Repeat,
    SlowDown,
    SwitchLanguage(Language),
    HangUp,
    /// `messagerie X`: record a message for X (later step of the product; until then handled as a call-back request).
    Voicemail(String),
}

/// `Demander nom (type) :` with its question; a choice has its options as rules without action.
#[derive(Debug, Clone, PartialEq)]
pub struct Slot {
    pub name: String,
    pub kind: SlotKind,
    pub question: Speech,
    pub options: Vec<ChoiceOption>,
    pub location: Location,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SlotKind {
    PersonName,
    Telephone,
    Date,
    Time,
    YesNo,
    Choice,
    Number,
    Address,
    Email,
    FreeMessage,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChoiceOption {
    pub phrase: Phrase,
    pub key: Option<char>,
}

/// `### Standard` under `## Annuaire`.
#[derive(Debug, Clone, PartialEq)]
pub struct DirectoryEntry {
    pub name: String,
    /// `Poste`: extension at the switchboard, the user part of the transfer's target.
    pub extension: Option<String>,
    /// `Numéro`: public number, said to callers.
    pub number: Option<String>,
    pub address: Option<String>,
    pub email: Option<String>,
    /// `Personnes`: who answers there, as callers name them.
    pub people: Vec<String>,
    /// `Mots`: other names of it.
    pub keywords: Vec<String>,
    /// `Sonner`: how long the extension may ring.
    pub ring: Duration,
    /// `Horaires` of its own, else the town hall's.
    pub hours: Option<Hours>,
    /// `Si fermé, occupé ou sans réponse`. A topic in it is one of the first language.
    pub fallback: Option<Action>,
    pub location: Location,
}

/// Opening hours: the last line that matches a day wins.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Hours {
    pub lines: Vec<HoursLine>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct HoursLine {
    pub days: Days,
    /// Empty: closed. Sorted, not overlapping.
    pub open: Vec<Span>,
    pub location: Location,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Days {
    /// `lundi au vendredi`: weekdays, in order.
    Weekdays(Vec<civil::Weekday>),
    /// `jours fériés`.
    PublicHolidays,
    /// `24 décembre 2026`, `13 au 17 août 2026`, both ends included.
    Dates { first: civil::Date, last: civil::Date },
}

/// Open from `from` until `to`, same day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub from: civil::Time,
    pub to: civil::Time,
}

/// `Source : service-public.gouv.fr, vérifié le 3 novembre 2026`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    pub name: String,
    /// The first day of the period when only a month or year is given.
    pub checked: Option<civil::Date>,
    pub location: Location,
}

/// `Essai : …`: a test in the officer's words.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    pub title: String,
    pub language: Language,
    /// `Le : samedi 5 décembre 2026 à 20h`; without it a weekday at 10 o'clock.
    pub at: Option<civil::DateTime>,
    pub lines: Vec<TrialLine>,
    pub location: Location,
}

#[derive(Debug, Clone, PartialEq)]
pub struct TrialLine {
    pub step: TrialStep,
    pub location: Location,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrialStep {
    /// `appelant : …`
    Caller(String),
    /// `touche : 1`
    Keys(String),
    /// `mairie : … text …`: these pieces, in order, somewhere in what is said; `…` is anything.
    TownHall(Vec<String>),
    /// `transfert : Standard`
    Transferred(DirectoryId),
}

/// Where something stands: file (index into the sources) and byte range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Location {
    pub file: usize,
    pub start: usize,
    pub end: usize,
}

/// Something wrong with what is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub severity: Severity,
    pub location: Location,
    /// What is wrong, in French.
    pub message: String,
    /// What to do about it, in French.
    pub remedy: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Warning,
    Error,
}
