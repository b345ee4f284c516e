//! Abbreviations and acronyms, read as people in a town hall say them.

use regex::Captures;

use super::pattern;

/// Acronyms said as a word, with the spelling that sounds so. All others are spelled, unless they look like a word.
const SAID_AS_WORDS: &[(&str, &str)] = &[
    ("ADIL", "adil"),
    ("AFNOR", "afnor"),
    ("AGIRC", "agirc"),
    ("AMELI", "améli"),
    ("ANAH", "ana"),
    ("ATSEM", "atsème"),
    ("BAFA", "bafa"),
    ("CADA", "cada"),
    ("CAF", "caf"),
    ("CARSAT", "carsat"),
    ("CESU", "césu"),
    ("CNAV", "cnave"),
    ("CNIL", "cnil"),
    ("CROUS", "crousse"),
    ("DRAC", "draque"),
    ("EHPAD", "épade"),
    ("ENEDIS", "énédisse"),
    ("GEMAPI", "gémapi"),
    ("INSEE", "insé"),
    ("LICRA", "licra"),
    ("ONU", "onu"),
    ("OTAN", "otan"),
    ("PACS", "paxe"),
    ("RDV", "rendez-vous"),
    ("RIB", "ribe"),
    ("SAMU", "samu"),
    ("SICTOM", "sictome"),
    ("SIREN", "sirène"),
    ("SIRET", "sirète"),
    ("SMIC", "smic"),
    ("SVP", "s'il vous plaît"),
    ("TEOM", "téome"),
    ("URSSAF", "urssaf"),
    ("ZAC", "zac"),
    ("ZAD", "zad"),
];

/// Words that stand in capitals where a whole phrase is set in capitals: never spelled.
const SHORT_WORDS: &[&str] = &[
    "LE", "LA", "LES", "DE", "DES", "DU", "ET", "OU", "UN", "UNE", "EN", "AU", "AUX", "SI", "NE", "PAS", "OUI", "NON",
    "SUR", "PAR", "POUR", "AVEC", "SANS", "MA", "MON", "MES", "VOS", "NOS", "CE", "CES", "IL", "ELLE", "TOUT", "TOUS",
    "PLUS", "RUE", "EST", "SONT", "QUI", "QUE", "SE", "SES", "SA", "SON", "JE", "TU", "NOUS", "VOUS", "ON", "DANS",
    "SAINT", "SAINTE", "MAIRIE", "VILLE",
];

pub(super) fn rewrite(text: &str) -> String {
    acronyms(&abbreviations(text))
}

fn abbreviations(text: &str) -> String {
    let text = pattern!(r"\bM\. ?(\p{Lu})").replace_all(text, "monsieur $1");
    let text = pattern!(r"\bMM\. ?(\p{Lu})").replace_all(&text, "messieurs $1");
    let text = pattern!(r"\b(Mmes?|Mlles?|Mgr|Dr|Pr|Me) ?(\.?) ?(\p{Lu})").replace_all(&text, |c: &Captures| {
        let title = match &c[1] {
            "Mme" => "madame",
            "Mmes" => "mesdames",
            "Mlle" => "mademoiselle",
            "Mlles" => "mesdemoiselles",
            "Mgr" => "monseigneur",
            "Dr" => "docteur",
            "Pr" => "professeur",
            _ => "maître",
        };
        format!("{title} {}", &c[3])
    });
    let text = pattern!(r"(?i)\bmme\b").replace_all(&text, "madame");
    let text = pattern!(r"(?i)\bn ?[°º] ?").replace_all(&text, "numéro ");
    let text = pattern!(r"(?i)\bn[°º]s ?").replace_all(&text, "numéros ");
    let text = pattern!(r"\b(St|Ste|ST|STE)([ -])(\p{Lu})").replace_all(&text, |c: &Captures| {
        let saint = if c[1].len() == 2 { "Saint" } else { "Sainte" };
        format!("{saint}{}{}", &c[2], &c[3])
    });
    let text = pattern!(r"(?i)\bc\.?-?à-?d\.").replace_all(&text, "c'est-à-dire");
    let text = pattern!(r"(?i)\b(?:p\. ?|par )ex\.").replace_all(&text, "par exemple");
    let text =
        pattern!(r"(?i)\b(av|bd|bld|boul|pl|tél|tel|env|art|réf|chap|all|imp|appt|apt|bât|max|min|hab|resp)\. ?")
            .replace_all(&text, |c: &Captures| {
                let word = match c[1].to_lowercase().as_str() {
                    "av" => "avenue",
                    "bd" | "bld" | "boul" => "boulevard",
                    "pl" => "place",
                    "tél" | "tel" => "téléphone",
                    "env" => "environ",
                    "art" => "article",
                    "réf" => "référence",
                    "chap" => "chapitre",
                    "all" => "allée",
                    "imp" => "impasse",
                    "bât" => "bâtiment",
                    "max" => "maximum",
                    "min" => "minimum",
                    "hab" => "habitants",
                    "resp" => "responsable",
                    _ => "appartement",
                };
                format!("{word} ")
            });
    let text = pattern!(r"(?i)\b(bd|bld)\b").replace_all(&text, "boulevard");
    let text = pattern!(r"\b([Aa]v) (\p{Lu}|de |du |des |d')").replace_all(&text, "avenue $2");
    let text = pattern!(r"(?i)\brdv\b").replace_all(&text, "rendez-vous");
    let text = pattern!(r"(?i)\b(?:svp|stp)\b").replace_all(&text, "s'il vous plaît");
    let text = pattern!(r"(?i)\betc\b\.? ?…?").replace_all(&text, "et cétéra ");
    let text = pattern!(r"(?i)\bbis\b").replace_all(&text, "bisse");
    // "et cétéra" keeps the full stop of its sentence.
    pattern!(r"et cétéra $").replace_all(&text, "et cétéra.").into_owned()
}

fn acronyms(text: &str) -> String {
    // "C.C.A.S." is CCAS.
    let text = pattern!(r"\b(?:\p{Lu}\.){2,}").replace_all(text, |c: &Captures| {
        let letters = c[0].replace('.', "");
        let ends_text = c.get(0).is_some_and(|found| found.end() == text.len());
        if ends_text { letters + "." } else { letters }
    });
    // These are written in any case.
    let text = pattern!(r"(?i)\bpacs(er|ée?s?)\b").replace_all(&text, "pax$1");
    let text = pattern!(r"(?i)\b(?:pacs|ehpad|insee|urssaf|atsem|cesu|crous|siret)\b")
        .replace_all(&text, |c: &Captures| acronym(&c[0].to_uppercase()));
    pattern!(r"\b\p{Lu}{2,}i?\b").replace_all(&text, |c: &Captures| acronym(&c[0])).into_owned()
}

fn acronym(word: &str) -> String {
    if let Some((_, said)) = SAID_AS_WORDS.iter().find(|(known, _)| *known == word) {
        return (*said).to_owned();
    }
    let letters = word.chars().count();
    if SHORT_WORDS.contains(&word) || letters > 5 || (letters > 3 && is_sayable(word)) {
        return word.to_lowercase();
    }
    spell(word)
}

/// Vowels and consonants in turn, as in a word: no two vowels but those written together for one sound, no three
/// consonants, a vowel among the first two letters, and two vowels at least.
fn is_sayable(word: &str) -> bool {
    let word = pattern!("ai|au|ou|eu|ei|oi").replace_all(&word.to_lowercase(), "a").into_owned();
    let vowels: Vec<bool> = word.chars().map(|c| "aeiouyéèêàâôîû".contains(c)).collect();
    !vowels.windows(2).any(|w| w[0] && w[1])
        && !vowels.windows(3).any(|w| !w[0] && !w[1] && !w[2])
        && vowels.iter().take(2).any(|vowel| *vowel)
        && vowels.iter().filter(|vowel| **vowel).count() >= 2
}

/// Letter by letter, in the spelling that espeak-ng's French reads right: "CNI" → "cé enne i".
pub(super) fn spell(letters: &str) -> String {
    letters
        .to_lowercase()
        .chars()
        .map(|c| match c {
            'a' | 'à' | 'â' => "a",
            'b' => "bé",
            'c' | 'ç' => "cé",
            'd' => "dé",
            'e' | 'é' | 'è' | 'ê' => "e",
            'f' => "èffe",
            'g' => "gé",
            'h' => "ache",
            'i' | 'î' => "i",
            'j' => "ji",
            'k' => "ka",
            'l' => "elle",
            'm' => "aime",
            'n' => "enne",
            'o' | 'ô' => "o",
            'p' => "pé",
            'q' => "ku",
            'r' => "erre",
            's' => "èsse",
            't' => "té",
            'u' | 'ù' => "u",
            'v' => "vé",
            'w' => "double vé",
            'x' => "ixe",
            'y' => "i grec",
            'z' => "zède",
            _ => "",
        })
        .filter(|name| !name.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}
