//! Cutting written text into sentences, the unit of caching and of barge-in.

/// Abbreviations whose full stop does not end a sentence, whatever follows. Lower case, without the stop.
const NEVER_FINAL: &[&str] = &[
    "m", "mm", "mr", "mme", "mmes", "mlle", "dr", "pr", "me", "st", "ste", "av", "bd", "bld", "boul", "pl", "art",
    "tél", "tel", "env", "ex", "p", "pp", "réf", "ref", "cf", "vol", "fig", "no", "n°", "r", "chap", "ch", "mrs", "ms",
    "rens", "insc", "imp", "sq", "rte", "esc", "bât", "rés", "approx", "dest", "exp", "gal", "cdt", "pdt", "fg",
];

/// Abbreviations of months: their stop does not end a sentence when a year follows.
const MONTHS: &[&str] = &["janv", "févr", "avr", "juil", "sept", "oct", "nov", "déc"];

/// Splits `text` into its sentences, each with its closing punctuation, trimmed, none empty.
///
/// A sentence ends at `.`, `!`, `?` or `…` followed by white space, or at a blank line. It does not end at an
/// abbreviation ("M. Dupont"), an initial ("J. Moulin"), inside a number ("8.30"), nor at a stop that a small letter
/// follows ("8h30. ou plus tard", "etc. pour").
pub fn sentences(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for paragraph in paragraphs(text) {
        let mut start = 0;
        let mut chars = paragraph.char_indices().peekable();
        while let Some((at, mark)) = chars.next() {
            if !is_final_mark(mark) {
                continue;
            }
            let mut end = at + mark.len_utf8();
            let mut strong = matches!(mark, '!' | '?');
            // Further marks, closing quotes and brackets belong to the sentence; French sets a space before "»".
            while let Some(&(next_at, next)) = chars.peek() {
                let closing = is_final_mark(next)
                    || matches!(next, '"' | '”' | '’' | ')' | ']' | '»')
                    || (is_space(next) && closes_after_space(&paragraph[next_at..]));
                if !closing {
                    break;
                }
                strong |= matches!(next, '!' | '?');
                end = next_at + next.len_utf8();
                chars.next();
            }
            let rest = &paragraph[end..];
            if !rest.is_empty() && !rest.starts_with(is_space) {
                continue;
            }
            let following = rest.trim_start().trim_start_matches(['«', '“', '"', '(', '–', '—', '-', ' ', '\u{a0}']);
            let next = following.chars().next();
            if !strong && next.is_some() {
                if next.is_some_and(char::is_lowercase) {
                    continue;
                }
                let digit_next = next.is_some_and(|c| c.is_ascii_digit());
                if mark == '.' && is_abbreviation(&paragraph[start..at], digit_next) {
                    continue;
                }
            }
            push(&mut found, &paragraph[start..end]);
            start = end;
        }
        push(&mut found, &paragraph[start..]);
    }
    found
}

/// A sentence up to so many characters (some 2.5 s) is said in one piece.
const ONE_PIECE: usize = 40;
/// Fewest characters of a first clause: a second of speech, in which the next one is made.
const FIRST_CLAUSE: usize = 14;
/// And of what is left behind a cut.
const LAST_CLAUSE: usize = 8;
/// How much longer a clause may be than the one during which it is made. A voice on two cores takes a fifth of the length
/// of what it says; on a busy machine twice that.
const GROWTH: usize = 3;

/// Cuts a long sentence at its commas, semicolons and colons into what can be spoken one after the other, each while the
/// one before is heard. No cut within brackets or quotes. Each part ends in its mark.
pub fn clauses(sentence: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = sentence.trim();
    let mut before: Option<usize> = None;
    loop {
        let limit = before.map_or(ONE_PIECE, |length| length.max(FIRST_CLAUSE) * GROWTH);
        if rest.chars().count() <= limit {
            break;
        }
        let cuts = cuts(rest);
        let cut = match before {
            None => cuts.iter().find(|(_, length)| *length >= FIRST_CLAUSE),
            Some(_) => cuts.iter().rfind(|(_, length)| *length <= limit).or(cuts.first()),
        };
        let Some((at, length)) = cut else { break };
        parts.push(rest[..*at].trim_end());
        rest = rest[*at..].trim_start();
        before = Some(*length);
    }
    if !rest.is_empty() {
        parts.push(rest);
    }
    parts
}

/// Where a clause ends, bytes and characters.
fn cuts(sentence: &str) -> Vec<(usize, usize)> {
    let total = sentence.chars().count();
    let mut depth = 0_usize;
    let mut cuts = Vec::new();
    for (count, (at, c)) in sentence.char_indices().enumerate() {
        let end = at + c.len_utf8();
        match c {
            '(' | '«' | '“' | '[' => depth += 1,
            ')' | '»' | '”' | ']' => depth = depth.saturating_sub(1),
            // What is left must be worth a breath.
            ',' | ';' | ':'
                if depth == 0 && sentence[end..].starts_with(is_space) && count + 1 + LAST_CLAUSE < total =>
            {
                cuts.push((end, count + 1));
            }
            _ => {}
        }
    }
    cuts
}

/// Blocks between blank lines, their own line breaks turned into spaces.
fn paragraphs(text: &str) -> Vec<String> {
    let mut blocks = vec![String::new()];
    for line in text.lines() {
        let line = line.trim();
        if line.is_empty() {
            blocks.push(String::new());
        } else if let Some(block) = blocks.last_mut() {
            if !block.is_empty() {
                block.push(' ');
            }
            block.push_str(line);
        }
    }
    blocks.retain(|block| !block.is_empty());
    blocks
}

fn is_final_mark(c: char) -> bool {
    matches!(c, '.' | '!' | '?' | '…')
}

fn is_space(c: char) -> bool {
    c.is_whitespace()
}

/// After a space: a mark or a closing quote that belongs to the sentence before ("vous ? »").
fn closes_after_space(rest: &str) -> bool {
    rest.trim_start().starts_with(['»', '!', '?', '…'])
}

/// Whether the text before a full stop ends in an abbreviation or an initial.
fn is_abbreviation(before: &str, digit_next: bool) -> bool {
    let word =
        before.rsplit(|c: char| c.is_whitespace() || matches!(c, '\'' | '’' | '(' | '«' | '/')).next().unwrap_or("");
    let lower = word.to_lowercase();
    if NEVER_FINAL.contains(&lower.as_str()) || (digit_next && MONTHS.contains(&lower.as_str())) {
        return true;
    }
    let mut letters = word.chars();
    matches!((letters.next(), letters.next()), (Some(initial), None) if initial.is_uppercase())
}

fn push(found: &mut Vec<String>, sentence: &str) {
    let sentence = sentence.trim();
    if sentence.is_empty() {
        return;
    }
    // Marks alone are no sentence: they join the one before, if any.
    if !sentence.chars().any(char::is_alphanumeric) {
        if let Some(last) = found.last_mut() {
            last.push_str(sentence);
        }
        return;
    }
    found.push(sentence.to_owned());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        assert_eq!(sentences(text), expected, "{text:?}");
    }

    #[test]
    fn splits_at_final_marks() {
        check(
            "Mairie de Saint-Aubin, bonjour. Je suis l'assistant vocal : que puis-je faire pour vous ?",
            &["Mairie de Saint-Aubin, bonjour.", "Je suis l'assistant vocal : que puis-je faire pour vous ?"],
        );
        check("Oui ! Non ? Si… Bien.", &["Oui !", "Non ?", "Si…", "Bien."]);
        check("Ah bon ?! Vraiment.", &["Ah bon ?!", "Vraiment."]);
        check("Le 15. 2 agents répondent.", &["Le 15.", "2 agents répondent."]);
    }

    #[test]
    fn abbreviations_do_not_end_a_sentence() {
        check("M. Dupont et Mme. Durand.", &["M. Dupont et Mme. Durand."]);
        check("Voir le n° 5 av. Foch, tél. 01 30 87 20 00.", &["Voir le n° 5 av. Foch, tél. 01 30 87 20 00."]);
        check("Le lycée J. Moulin ouvre.", &["Le lycée J. Moulin ouvre."]);
        check("Par ex. Paris.", &["Par ex. Paris."]);
        check("Depuis le 3 nov. 2026.", &["Depuis le 3 nov. 2026."]);
        check("Photos, justificatif, etc. sont demandés.", &["Photos, justificatif, etc. sont demandés."]);
        check("Photos, justificatif, etc. Venez tôt.", &["Photos, justificatif, etc.", "Venez tôt."]);
        check("Demandez-le à M. Il viendra.", &["Demandez-le à M. Il viendra."]);
    }

    #[test]
    fn numbers_and_hours_do_not_split() {
        check("Le prix est de 25.50 euros.", &["Le prix est de 25.50 euros."]);
        check("Ouvert dès 8h30. et le soir.", &["Ouvert dès 8h30. et le soir."]);
        check("Ouvert dès 8h30. Fermé le soir.", &["Ouvert dès 8h30.", "Fermé le soir."]);
        check("Écrivez à a.b@c.fr. Merci.", &["Écrivez à a.b@c.fr.", "Merci."]);
    }

    #[test]
    fn quotes_and_brackets_stay_with_their_sentence() {
        check("Dites « oui. » Puis attendez.", &["Dites « oui. »", "Puis attendez."]);
        check("(Fermé le lundi.) Ouvert demain.", &["(Fermé le lundi.)", "Ouvert demain."]);
    }

    #[test]
    fn blank_lines_split_and_line_breaks_do_not() {
        check("Bonjour\nmadame.\n\nSuite sans point\n\n", &["Bonjour madame.", "Suite sans point"]);
        check("", &[]);
        check(" … ", &[]);
        check("Oui. …", &["Oui. …"]);
    }

    #[test]
    fn long_sentences_are_cut_into_clauses() {
        for (sentence, parts) in [
            ("Oui, bien sûr, je vous écoute.", &["Oui, bien sûr, je vous écoute."][..]),
            ("Je note : Durand, au 01 34 51 23 14, le matin.", &["Je note : Durand,", "au 01 34 51 23 14, le matin."]),
            (
                "Apportez les originaux : une photo (récente, en couleur), un justificatif, et un timbre fiscal.",
                &["Apportez les originaux :", "une photo (récente, en couleur), un justificatif, et un timbre fiscal."],
            ),
            (
                "Ouvert le matin, du lundi au vendredi de 8h30 à midi ; l'après-midi, de 13h30 à 17h30 du lundi au jeudi, et \
                 le vendredi jusqu'à 16h45 seulement.",
                &[
                    "Ouvert le matin,",
                    "du lundi au vendredi de 8h30 à midi ;",
                    "l'après-midi, de 13h30 à 17h30 du lundi au jeudi, et le vendredi jusqu'à 16h45 seulement.",
                ],
            ),
            (
                "Le timbre coûte 25,50 euros, dans les bureaux de tabac.",
                &["Le timbre coûte 25,50 euros,", "dans les bureaux de tabac."],
            ),
            (
                "Une phrase tout à fait longue et sans aucun signe de ponctuation en son milieu.",
                &["Une phrase tout à fait longue et sans aucun signe de ponctuation en son milieu."],
            ),
        ] {
            assert_eq!(clauses(sentence), parts);
        }
        assert!(clauses(" ").is_empty());
    }

    proptest::proptest! {
        #[test]
        fn clauses_are_the_whole_sentence(words in "[a-zé ,;:()«»0-9]{0,120}") {
            let bare = |t: &str| t.split_whitespace().collect::<String>();
            proptest::prop_assert_eq!(bare(&clauses(&words).concat()), bare(&words));
        }
    }

    #[test]
    fn nothing_is_lost_or_invented() {
        let text = "A. b! C'est 8.30 h… « Fin. » etc. Z ? \u{a0}! É.";
        let joined: String = sentences(text).concat();
        let bare = |t: &str| t.split_whitespace().collect::<String>();
        assert_eq!(bare(&joined), bare(text));
    }
}
