//! Markdown files as a flat list of titles, lines, list items and quotations, in the order written.
//! Knows Markdown, not what the lines mean.

use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag};

use super::Sink;
use super::inline::Inline;
use crate::dialplan::Location;

#[derive(Debug, Clone)]
pub(super) struct Block {
    pub kind: BlockKind,
    pub text: Inline,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum BlockKind {
    /// `#` to `######`, with its explicit `{#id}`.
    Title { level: u8, id: Option<String> },
    /// One line of a paragraph.
    Line,
    /// `- …`.
    Item,
    /// `> …`, the lines joined.
    Quote,
}

/// Bytes of one line, item or quotation: several minutes of speech.
const LONGEST_TEXT: usize = 8_000;

/// What a text stands in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Container {
    Quote,
    Item,
}

/// Reads one file. What no dialplan has a use for (tables, code, pictures, tags) becomes a problem.
pub(super) fn blocks(file: usize, source: &str, sink: &mut Sink) -> Vec<Block> {
    let mut reader =
        Reader { file, source, blocks: Vec::new(), containers: Vec::new(), title: None, lines: Vec::new() };
    let events = Parser::new_ext(source, Options::ENABLE_HEADING_ATTRIBUTES).into_offset_iter();
    // `[mot]: …` alone on its line names a link's target in Markdown, and would vanish.
    let mut vanishing: Vec<Range<usize>> = events.reference_definitions().iter().map(|(_, d)| d.span.clone()).collect();
    vanishing.sort_by_key(|range| range.start);
    for range in vanishing {
        sink.error(
            reader.location(range),
            "une ligne ne peut pas commencer par des crochets suivis de deux points",
            "mettez un mot ou une espace avant les deux points",
        );
    }
    // Inside these, events are no longer text to read: depth of the skipped tag.
    let mut skipping = 0_usize;
    for (event, range) in events {
        if skipping > 0 {
            match event {
                Event::Start(_) => skipping += 1,
                Event::End(_) => skipping -= 1,
                _ => {}
            }
            continue;
        }
        match event {
            Event::Start(Tag::CodeBlock(_)) => {
                reader.flush();
                sink.error(
                    reader.location(range),
                    "ce passage en retrait n'est pas compris",
                    "enlevez les espaces du début des lignes",
                );
                skipping = 1;
            }
            Event::Start(Tag::HtmlBlock) => {
                reader.flush();
                let comment = source[range.clone()].trim_start().starts_with("<!--");
                if !comment {
                    sink.error(
                        reader.location(range),
                        "les balises ne sont pas comprises",
                        "enlevez-les ; un commentaire s'écrit <!-- ainsi -->",
                    );
                }
                skipping = 1;
            }
            Event::Start(Tag::Image { .. }) => {
                sink.error(reader.location(range), "une image ne se dit pas au téléphone", "enlevez-la");
                skipping = 1;
            }
            // `[a](b)` is a phrase here, not a link: the text as written.
            Event::Start(Tag::Link { .. }) => {
                reader.push(&source[range.clone()], range);
                skipping = 1;
            }
            Event::Start(Tag::Heading { .. }) if !source[range.clone()].starts_with('#') => {
                reader.flush();
                sink.error(
                    reader.location(range),
                    "une ligne soulignée par « --- » ou « === » serait prise pour un titre",
                    "laissez une ligne vide avant « --- » ; un titre s'écrit « ## Titre »",
                );
                skipping = 1;
            }
            Event::Start(Tag::Heading { .. }) if !reader.containers.is_empty() => {
                sink.error(
                    reader.location(range),
                    "un « # » en début de ligne ouvre un titre, et n'a pas sa place ici",
                    "la touche s'écrit « dièse » dans un texte",
                );
                skipping = 1;
            }
            Event::Start(tag) => reader.start(&tag),
            Event::End(tag) => reader.end(tag),
            Event::Text(text) | Event::InlineHtml(text) if !text.trim_start().starts_with("<!--") => {
                reader.push(&text, range);
            }
            Event::Code(text) => {
                let inside = range.start + 1..range.end.saturating_sub(1);
                reader.push(&text, inside);
            }
            Event::SoftBreak | Event::HardBreak => reader.new_line(),
            _ => {}
        }
    }
    reader.flush();
    for block in &mut reader.blocks {
        if block.text.text().len() > LONGEST_TEXT {
            sink.error(
                block.text.location(),
                "ce texte est trop long",
                "coupez-le : une réponse qui s'écoute tient en quelques phrases",
            );
            block.text = block.text.slice(0..0);
        }
    }
    reader.blocks.retain(|block| !block.text.is_empty() || matches!(block.kind, BlockKind::Title { .. }));
    reader.blocks
}

struct Reader<'a> {
    file: usize,
    source: &'a str,
    blocks: Vec<Block>,
    containers: Vec<Container>,
    title: Option<(u8, Option<String>)>,
    /// Lines of the text being read.
    lines: Vec<Inline>,
}

impl Reader<'_> {
    fn location(&self, range: Range<usize>) -> Location {
        let kept = self.source[range.clone()].trim_end().len();
        Location { file: self.file, start: range.start, end: range.start + kept }
    }

    fn push(&mut self, text: &str, source: Range<usize>) {
        if self.lines.is_empty() {
            self.lines.push(Inline::new(self.file, source.start));
        }
        if let Some(line) = self.lines.last_mut() {
            line.push(text, source);
        }
    }

    fn new_line(&mut self) {
        let anchor = self.lines.last().map_or(0, |line| line.location().end);
        self.lines.push(Inline::new(self.file, anchor));
    }

    fn start(&mut self, tag: &Tag) {
        match tag {
            Tag::Heading { level, id, .. } => {
                self.flush();
                self.title = Some((*level as u8, id.as_ref().map(|id| id.to_string())));
            }
            Tag::BlockQuote(_) => {
                self.flush();
                self.containers.push(Container::Quote);
            }
            Tag::Item => {
                self.flush();
                self.containers.push(Container::Item);
            }
            Tag::Paragraph | Tag::List(_) => self.flush(),
            _ => {}
        }
    }

    fn end(&mut self, tag: pulldown_cmark::TagEnd) {
        use pulldown_cmark::TagEnd;
        match tag {
            TagEnd::Heading(_) | TagEnd::Paragraph | TagEnd::List(_) => self.flush(),
            TagEnd::BlockQuote(_) | TagEnd::Item => {
                self.flush();
                self.containers.pop();
            }
            _ => {}
        }
    }

    /// Ends the text being read and files it under what it stands in.
    fn flush(&mut self) {
        let lines: Vec<Inline> =
            std::mem::take(&mut self.lines).iter().map(Inline::trim).filter(|line| !line.is_empty()).collect();
        if let Some((level, id)) = self.title.take() {
            let mut text = Inline::new(self.file, 0);
            for line in &lines {
                text.join(line);
            }
            self.blocks.push(Block { kind: BlockKind::Title { level, id }, text });
            return;
        }
        // A list in a quotation is said too.
        let kind = match self.containers.last() {
            _ if self.containers.contains(&Container::Quote) => BlockKind::Quote,
            Some(_) => BlockKind::Item,
            None => BlockKind::Line,
        };
        let mut joinable = false;
        for line in lines {
            let belongs = kind != BlockKind::Line && !self.is_lazy(&line, &kind);
            match self.blocks.last_mut() {
                Some(block) if belongs && joinable => block.text.join(&line),
                _ if belongs => self.blocks.push(Block { kind: kind.clone(), text: line }),
                _ => self.blocks.push(as_meant(line)),
            }
            joinable = belongs;
        }
    }

    /// Markdown lets a paragraph of a quotation or list run on without its mark. To the officer such a line is one
    /// of its own: "Dire si fermé :" right under a quotation must not be read aloud as part of it.
    fn is_lazy(&self, line: &Inline, kind: &BlockKind) -> bool {
        let start = line.location().start.min(self.source.len());
        let line_start = self.source[..start].rfind('\n').map_or(0, |at| at + 1);
        let margin = &self.source[line_start..start];
        match kind {
            BlockKind::Quote => !margin.contains('>'),
            BlockKind::Item => margin.is_empty(),
            _ => false,
        }
    }
}

/// A line of its own that Markdown does not know for what it is: a list made by a word processor ("– oui : …",
/// "• oui : …"), a title without its space ("##Accueil").
fn as_meant(line: Inline) -> Block {
    let text = line.text();
    let level = text.bytes().take_while(|b| *b == b'#').count();
    if let (1..=6, Ok(short)) = (level, u8::try_from(level)) {
        let title = line.slice(level..text.len()).trim();
        return Block { kind: BlockKind::Title { level: short, id: None }, text: title };
    }
    let (mark, rest) = line.split_word();
    if matches!(mark.text(), "–" | "—" | "−" | "‐" | "•" | "·" | "‣" | "◦" | "▪") && !rest.is_empty() {
        return Block { kind: BlockKind::Item, text: rest };
    }
    Block { kind: BlockKind::Line, text: line }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialplan::SourceFile;

    fn read(source: &str) -> (Vec<(BlockKind, String)>, usize) {
        let files = [SourceFile { path: "fr/a.md".into(), text: source.into() }];
        let mut sink = Sink::new(&files);
        let blocks = blocks(0, source, &mut sink);
        for block in &blocks {
            let place = block.text.location();
            assert!(place.start <= place.end && place.end <= source.len());
        }
        let found = blocks.into_iter().map(|block| (block.kind, block.text.text().to_owned())).collect();
        (found, sink.into_problems().len())
    }

    #[test]
    fn a_label_under_a_quotation_without_blank_line_stands_alone() {
        let (blocks, problems) = read(
            "Dire :\n> Bonjour,\n> que puis-je ?\nDire si fermé :\n> Fermé.\n- touche 1 : répéter\nSi silence :\n> Allô ?",
        );
        assert_eq!(problems, 0);
        let expected = [
            (BlockKind::Line, "Dire :"),
            (BlockKind::Quote, "Bonjour, que puis-je ?"),
            (BlockKind::Line, "Dire si fermé :"),
            (BlockKind::Quote, "Fermé."),
            (BlockKind::Item, "touche 1 : répéter"),
            (BlockKind::Line, "Si silence :"),
            (BlockKind::Quote, "Allô ?"),
        ];
        let expected: Vec<_> = expected.map(|(k, t)| (k, t.to_owned())).into();
        assert_eq!(blocks, expected);
    }

    #[test]
    fn phrases_that_look_like_links_or_emphasis_stay_whole() {
        let (blocks, _) = read("- [je](veux) **une** carte [d'identité]\n- touche # : x\n  suite");
        assert_eq!(blocks[0].1, "[je](veux) une carte [d'identité]");
        assert_eq!(blocks[1].1, "touche # : x suite");
    }

    #[test]
    fn comments_are_dropped_and_what_cannot_be_said_is_reported() {
        let (blocks, problems) =
            read("<!-- a\nb -->\nDire : <!-- c --> oui\n\n    code\n\n![x](y.png)\n\n<div>\n</div>\n");
        assert_eq!(blocks, [(BlockKind::Line, "Dire :  oui".to_owned())]);
        assert_eq!(problems, 3);
    }

    #[test]
    fn titles_carry_their_ids() {
        let (blocks, _) = read("## Lost card {#carte-perdue}\n");
        let id = Some("carte-perdue".to_owned());
        assert_eq!(blocks, [(BlockKind::Title { level: 2, id }, "Lost card".to_owned())]);
    }

    #[test]
    fn what_a_word_processor_makes_of_lists_and_titles_is_forgiven() {
        let (blocks, problems) = read(
            "##Accueil\n– lundi : 9h-12h\n• mardi : fermé\n1. un\n2) deux\n\n> Apportez :\n>\n> - une photo\n> - l'ancienne carte\n",
        );
        assert_eq!(problems, 0);
        let expected = [
            (BlockKind::Title { level: 2, id: None }, "Accueil"),
            (BlockKind::Item, "lundi : 9h-12h"),
            (BlockKind::Item, "mardi : fermé"),
            (BlockKind::Item, "un"),
            (BlockKind::Item, "deux"),
            (BlockKind::Quote, "Apportez :"),
            (BlockKind::Quote, "une photo"),
            (BlockKind::Quote, "l'ancienne carte"),
        ];
        assert_eq!(blocks, expected.map(|(kind, text)| (kind, text.to_owned())));
    }

    #[test]
    fn what_markdown_would_swallow_is_reported() {
        for text in ["Bonjour\n---\n", "[ma]: carte\n", "> # valider\n", "- # valider\n"] {
            assert_eq!(read(text).1, 1, "{text}");
        }
        let long = format!("> {}\n", "Bonjour. ".repeat(1_000));
        assert_eq!(read(&long), (Vec::new(), 1));
        // A line between two rules of the page is a line.
        assert_eq!(read("---\n\nDire :\n\n---\n"), (vec![(BlockKind::Line, "Dire :".to_owned())], 0));
    }
}
