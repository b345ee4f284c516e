//! The shape of a dialplan: which sections there are, in which language and service, and what they are called.
//! Gives every topic and directory entry its number before any line is read, so that names resolve in one pass.

use super::Sink;
use super::block::{Block, BlockKind, blocks};
use super::inline::Inline;
use super::label;
use crate::dialplan::text::{fold, slug, suggest, title_key};
use crate::dialplan::{DirectoryId, Language, Location, Place, Service, SourceFile, TopicId};

/// Topics of one language, and entries of the directory: ten times what a large town has.
const MOST_TOPICS: usize = 1_000;
const MOST_ENTRIES: usize = 500;

/// A title and what stands under it.
#[derive(Debug)]
pub(super) struct Section {
    pub kind: SectionKind,
    pub title: Inline,
    pub blocks: Vec<Block>,
    /// Index into the languages of the dialplan.
    pub language: usize,
    pub service: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SectionKind {
    /// What stands under the `#` title at the root: the town hall.
    Town,
    /// The `#` title of a service's file.
    ServiceTitle,
    Hours,
    /// `## Annuaire` itself.
    Directory,
    /// `## Rues`.
    Streets,
    Entry(DirectoryId),
    Everywhere,
    Trial,
    Topic(TopicId),
}

/// A section before it has its number.
#[derive(Debug)]
pub(super) struct RawSection {
    level: u8,
    id: Option<String>,
    title: Inline,
    blocks: Vec<Block>,
    /// `None`: a file at the root, in the first language.
    language: Option<Language>,
    service: String,
}

#[derive(Debug, Default)]
pub(super) struct Outline {
    pub languages: Vec<Language>,
    pub language_places: Vec<Location>,
    /// One for each language.
    pub topics: Vec<TopicNames>,
    pub directory: Vec<(String, Location)>,
}

/// The topics of one language.
#[derive(Debug, Default)]
pub(super) struct TopicNames {
    pub heads: Vec<TopicHead>,
    pub services: Vec<Service>,
    pub welcome: Option<TopicId>,
    pub keypad_menu: Option<TopicId>,
    pub anything_else: Option<TopicId>,
}

#[derive(Debug, Clone)]
pub(super) struct TopicHead {
    pub title: String,
    pub slug: String,
    pub service: String,
    pub parent: Option<TopicId>,
    pub location: Location,
    key: String,
}

/// Where a name is used: nearer topics win over farther ones of the same title.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scope<'a> {
    pub language: usize,
    pub service: &'a str,
    pub topic: Option<TopicId>,
}

/// Cuts a file at its titles.
pub(super) fn sections(index: usize, file: &SourceFile, sink: &mut Sink) -> Vec<RawSection> {
    let (language, service) = identify(index, file, sink);
    let mut sections: Vec<RawSection> = Vec::new();
    for block in blocks(index, &file.text, sink) {
        match block.kind {
            BlockKind::Title { level, id } => {
                if level > 3 {
                    sink.error(
                        block.text.location(),
                        "ce titre est trop profond",
                        "« ## » ouvre un sujet, « ### » une suite de ce sujet ; il n'y a rien en dessous",
                    );
                }
                sections.push(RawSection {
                    level,
                    id,
                    title: block.text,
                    blocks: Vec::new(),
                    language: language.clone(),
                    service: service.clone(),
                });
            }
            _ => match sections.last_mut() {
                Some(section) => section.blocks.push(block),
                None => sink.error(
                    block.text.location(),
                    "cette ligne n'est sous aucun titre",
                    "commencez le fichier par un titre : « # Nom » ou « ## Sujet »",
                ),
            },
        }
    }
    sections
}

/// Language and service from the path: `fr/cni-passeport.md` is `cni_passeport` in French.
fn identify(index: usize, file: &SourceFile, sink: &mut Sink) -> (Option<Language>, String) {
    let mut folders: Vec<&str> = file.path.split('/').collect();
    let name = folders.pop().unwrap_or_default();
    let stem = name.strip_suffix(".md").unwrap_or(name);
    let service = fold(stem).replace(['-', ' ', '.'], "_");
    let language = match folders.as_slice() {
        [] => None,
        [code] if code.len() == 2 && code.bytes().all(|b| b.is_ascii_lowercase()) => Some(Language((*code).to_owned())),
        _ => {
            sink.error(
                Location { file: index, ..Location::default() },
                format!("le dossier de « {} » n'est pas celui d'une langue", file.path),
                "rangez les fiches dans « fr/ », « en/ » … et mairie.md à la racine",
            );
            None
        }
    };
    (language, service)
}

impl Outline {
    pub fn build(raw: Vec<RawSection>, sink: &mut Sink) -> (Outline, Vec<Section>) {
        let mut outline = Outline::default();
        outline.find_languages(&raw, sink);
        outline.topics = outline.languages.iter().map(|_| TopicNames::default()).collect();
        let mut sections: Vec<Section> = Vec::new();
        let mut above: Option<SectionKind> = None;
        let mut file = usize::MAX;
        for section in raw {
            if section.title.location().file != file {
                file = section.title.location().file;
                above = None;
            }
            let at_root = section.language.is_none();
            let language = match &section.language {
                None => 0,
                Some(code) => match outline.languages.iter().position(|known| known == code) {
                    Some(index) => index,
                    // Reported by `find_languages`.
                    None => continue,
                },
            };
            if section.level == 1 && !at_root {
                outline.note_service(language, &section.service, Some(section.title.text()));
            }
            let full = outline.topics[language].heads.len() >= MOST_TOPICS || outline.directory.len() >= MOST_ENTRIES;
            if full && section.level > 1 {
                sink.error(
                    section.title.location(),
                    format!("il y a plus de {MOST_TOPICS} sujets, ou de {MOST_ENTRIES} services dans l'annuaire"),
                    "gardez les fiches d'une seule mairie",
                );
                break;
            }
            let kind = match section.level {
                1 if at_root => Some(SectionKind::Town),
                1 => Some(SectionKind::ServiceTitle),
                2 => Some(outline.classify(language, &section, at_root, sink)),
                3 => outline.classify_below(language, above, &section, sink),
                _ => None,
            };
            if section.level <= 2 {
                above = kind;
            }
            if let Some(kind) = kind {
                sections.push(Section {
                    kind,
                    title: section.title,
                    blocks: section.blocks,
                    language,
                    service: section.service,
                });
            }
        }
        (outline, sections)
    }

    /// The languages announced in the header, and that each has a folder, and each folder an announcement.
    fn find_languages(&mut self, raw: &[RawSection], sink: &mut Sink) {
        for section in raw.iter().filter(|s| s.level == 1 && s.language.is_none()) {
            for value in label::values(&section.blocks, "langues") {
                for name in value.split(',') {
                    match label::language(name.text()) {
                        Some(language) if self.languages.contains(&language) => {}
                        Some(language) => {
                            self.languages.push(language);
                            self.language_places.push(name.location());
                        }
                        None => sink.error(
                            name.location(),
                            format!("la langue « {} » n'est pas connue", name.text()),
                            label::known_languages(),
                        ),
                    }
                }
            }
        }
        if self.languages.is_empty() {
            self.languages.push(Language("fr".to_owned()));
            self.language_places.push(Location::default());
        }
        let mut missing: Vec<&Language> = Vec::new();
        for section in raw {
            if let Some(language) = &section.language
                && !self.languages.contains(language)
                && !missing.contains(&language)
            {
                missing.push(language);
                sink.error(
                    section.title.location(),
                    format!("le dossier « {}/ » est celui d'une langue qui n'est pas annoncée", language.0),
                    "ajoutez-la à la ligne « - Langues : » de mairie.md",
                );
            }
        }
        for (language, at) in self.languages.iter().zip(&self.language_places).skip(1) {
            if !raw.iter().any(|s| s.language.as_ref() == Some(language)) {
                sink.error(
                    *at,
                    format!("aucune fiche n'existe dans la langue « {} »", language.0),
                    format!("écrivez le dossier « {}/ », ou enlevez cette langue", language.0),
                );
            }
        }
    }

    /// A file is a service as soon as it has a title of its own or a topic.
    fn note_service(&mut self, language: usize, id: &str, title: Option<&str>) {
        let services = &mut self.topics[language].services;
        if !services.iter().any(|service| service.id == id) {
            services.push(Service { id: id.to_owned(), title: title.map(str::to_owned) });
        }
    }

    /// What a `##` title opens.
    fn classify(&mut self, language: usize, section: &RawSection, at_root: bool, sink: &mut Sink) -> SectionKind {
        const RESERVED: &[&str] =
            &["Horaires", "Annuaire", "Rues", "Partout", "Accueil", "Menu au clavier", "Autre chose"];
        // « ## Welcome {#accueil} »: the sections of another language keep their French id.
        let name = match &section.id {
            Some(id) => fold(id).replace('-', " "),
            None => fold(section.title.text()),
        };
        if name == "essai" || name.starts_with("essai :") || name.starts_with("essai:") {
            return SectionKind::Trial;
        }
        match name.as_str() {
            "horaires" if at_root => return SectionKind::Hours,
            "annuaire" if at_root => return SectionKind::Directory,
            "rues" if at_root => return SectionKind::Streets,
            "partout" => return SectionKind::Everywhere,
            _ => {}
        }
        let id = self.add_topic(language, None, section, sink);
        let names = &mut self.topics[language];
        let special = match name.as_str() {
            "accueil" => Some(&mut names.welcome),
            "menu au clavier" => Some(&mut names.keypad_menu),
            "autre chose" => Some(&mut names.anything_else),
            _ => None,
        };
        match special {
            Some(slot) => {
                slot.get_or_insert(id);
            }
            None => {
                if let Some(meant) = suggest(&name, RESERVED.iter().copied())
                    && strsim::damerau_levenshtein(&name, &fold(meant)) <= 2
                    && fold(meant) != name
                {
                    sink.error(
                        section.title.location(),
                        format!("le titre « {} » ressemble à la section « {meant} »", section.title.text()),
                        format!("écrivez « ## {meant} », ou donnez à ce sujet un autre titre"),
                    );
                }
            }
        }
        SectionKind::Topic(id)
    }

    /// What a `###` title opens depends on the `##` above it.
    fn classify_below(
        &mut self,
        language: usize,
        above: Option<SectionKind>,
        section: &RawSection,
        sink: &mut Sink,
    ) -> Option<SectionKind> {
        match above {
            Some(SectionKind::Topic(parent)) => {
                Some(SectionKind::Topic(self.add_topic(language, Some(parent), section, sink)))
            }
            Some(SectionKind::Directory) => {
                let name = section.title.text().to_owned();
                let twin = self.directory.iter().find(|(known, _)| title_key(known) == title_key(&name));
                if let Some((_, first)) = twin {
                    sink.error(
                        section.title.location(),
                        format!("« {name} » est déjà dans l'annuaire ({})", sink.place(*first)),
                        "réunissez les deux, ou changez un nom",
                    );
                }
                self.directory.push((name, section.title.location()));
                Some(SectionKind::Entry(DirectoryId(self.directory.len() - 1)))
            }
            _ => {
                sink.error(
                    section.title.location(),
                    "un titre « ### » n'a pas de sens ici",
                    "il ouvre la suite d'un sujet « ## », ou un service de l'annuaire",
                );
                None
            }
        }
    }

    fn add_topic(
        &mut self,
        language: usize,
        parent: Option<TopicId>,
        section: &RawSection,
        sink: &mut Sink,
    ) -> TopicId {
        self.note_service(language, &section.service, None);
        let names = &mut self.topics[language];
        let title = section.title.text().to_owned();
        let own = section.id.clone().unwrap_or_else(|| slug(&title));
        let slug = match parent {
            Some(parent) => format!("{}/{own}", names.heads[parent.0].slug),
            None => own,
        };
        let twin = names.heads.iter().find(|head| head.slug == slug && head.service == section.service);
        if let Some(twin) = twin {
            sink.error(
                section.title.location(),
                format!("le sujet « {title} » existe déjà ({})", sink.place(twin.location)),
                "réunissez les deux, ou changez un titre",
            );
        }
        if slug.is_empty() {
            sink.error(section.title.location(), "ce titre est vide", "donnez-lui un nom");
        }
        names.heads.push(TopicHead {
            key: title_key(&title),
            title,
            slug,
            service: section.service.clone(),
            parent,
            location: section.title.location(),
        });
        TopicId(names.heads.len() - 1)
    }

    /// Where the language is announced.
    pub fn language_location(&self, language: usize) -> Location {
        self.language_places[language]
    }

    /// The topic of this title: among the follow-ups around the place it is used in, else in the same file, else
    /// in the whole language. `Carte d'identité > Prix` names a follow-up of a certain topic.
    pub fn resolve_topic(&self, name: &Inline, scope: Scope, sink: &mut Sink) -> Option<TopicId> {
        let heads = &self.topics[scope.language].heads;
        let (parent_key, key) = match name.split_once('>') {
            Some((parent, own)) => (Some(title_key(parent.text())), title_key(own.text())),
            None => (None, title_key(name.text())),
        };
        let named = |id: &usize| {
            let head = &heads[*id];
            let in_parent = match (&parent_key, head.parent) {
                (None, _) => true,
                (Some(key), Some(parent)) => heads[parent.0].key == *key,
                (Some(_), None) => false,
            };
            in_parent && (head.key == key || head.slug == key)
        };
        // The tree the name is used in: its topic, and that topic's parent.
        let own = scope.topic.map(|id| id.0);
        let parent = scope.topic.and_then(|id| heads[id.0].parent).map(|id| id.0);
        let near = |id: &usize| {
            let above = heads[*id].parent.map(|id| id.0);
            Some(*id) == parent || above.is_some() && (above == own || above == parent)
        };
        let all: Vec<usize> = (0..heads.len()).filter(named).collect();
        let same_file = |id: &usize| heads[*id].service == scope.service;
        let top = |id: &usize| heads[*id].parent.is_none();
        let circles: [Vec<usize>; 4] = [
            all.iter().copied().filter(near).collect(),
            all.iter().copied().filter(|id| same_file(id) && top(id)).collect(),
            all.iter().copied().filter(top).collect(),
            all.clone(),
        ];
        match circles.iter().find(|circle| !circle.is_empty()).map(Vec::as_slice) {
            Some([id]) => Some(TopicId(*id)),
            Some([first, second, ..]) => {
                let places =
                    format!("{} et {}", sink.place(heads[*first].location), sink.place(heads[*second].location));
                sink.error(
                    name.location(),
                    format!("« {} » désigne plusieurs sujets : {places}", name.text()),
                    "précisez « Sujet > Suite », ou changez un des titres",
                );
                None
            }
            _ => {
                let titles = heads.iter().map(|head| head.title.as_str());
                let meant = if sink.is_full() { None } else { suggest(name.text(), titles) };
                sink.error(
                    name.location(),
                    format!("le sujet « {} » n'existe pas", name.text()),
                    match meant {
                        Some(meant) => format!("vouliez-vous dire « {meant} » ?"),
                        None => format!("écrivez ce sujet : « ## {} »", name.text()),
                    },
                );
                None
            }
        }
    }

    /// The town hall, or the entry of the directory of this name.
    pub fn resolve_place(&self, name: &Inline, sink: &mut Sink) -> Option<Place> {
        let key = title_key(name.text());
        let is_entry = self.directory.iter().any(|(known, _)| title_key(known) == key);
        if key == "mairie" && !is_entry {
            return Some(None);
        }
        self.resolve_entry(name, sink).map(Some)
    }

    /// The entry of the directory of this name.
    pub fn resolve_entry(&self, name: &Inline, sink: &mut Sink) -> Option<DirectoryId> {
        let key = title_key(name.text());
        if let Some(index) = self.directory.iter().position(|(known, _)| title_key(known) == key) {
            return Some(DirectoryId(index));
        }
        let meant = suggest(name.text(), self.directory.iter().map(|(name, _)| name.as_str()));
        sink.error(
            name.location(),
            format!("« {} » n'est pas dans l'annuaire", name.text()),
            match meant {
                Some(meant) => format!("vouliez-vous dire « {meant} » ?"),
                None => format!("ajoutez « ### {} » sous « ## Annuaire » dans mairie.md", name.text()),
            },
        );
        None
    }
}
