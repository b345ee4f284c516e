//! Abbreviations and acronyms, read as people in a town hall say them.

use regex::Captures;

use super::pattern;

/// Acronyms said as a word, with the spelling that sounds so. All others are spelled, unless they look like a word.
const SAID_AS_WORDS: &[(&str, &str)] = &[
    ("ADIL", "adil"),
    ("AFNOR", "afnor"),
    ("AFPA", "afpa"),
    ("AGIRC", "agirc"),
    ("AMELI", "améli"),
    ("AMAP", "amape"),
    ("ANAH", "ana"),
    ("ATSEM", "atsème"),
    ("BAFA", "bafa"),
    ("CADA", "cada"),
    ("CAF", "caf"),
    ("CARSAT", "carsat"),
    ("CESU", "césu"),
    ("CNAV", "cnave"),
    ("CNIL", "cnil"),
    ("CEDEX", "cédexe"),
    ("CROUS", "crousse"),
    ("DALO", "dalo"),
    ("DGFIP", "dé gé fipe"),
    ("DRAC", "draque"),
    ("EHPAD", "épade"),
    ("ENEDIS", "énédisse"),
    ("GEMAPI", "gémapi"),
    ("INSEE", "insé"),
    ("LICRA", "licra"),
    ("ONU", "onu"),
    ("OTAN", "otan"),
    ("PACS", "paxe"),
    ("RASED", "razède"),
    ("RDC", "rez-de-chaussée"),
    ("RDV", "rendez-vous"),
    ("RIB", "ribe"),
    ("SAMU", "samu"),
    ("SCOT", "scotte"),
    ("SDIS", "sdisse"),
    ("SEGPA", "segpa"),
    ("SICTOM", "sictome"),
    ("SIREN", "sirène"),
    ("SIRET", "sirète"),
    ("SMIC", "smic"),
    ("SVP", "s'il vous plaît"),
    ("TEOM", "téome"),
    ("ULIS", "ulisse"),
    ("URSSAF", "urssaf"),
    ("ZAC", "zac"),
    ("ZAD", "zad"),
];

/// Words that stand in capitals where a whole phrase is set in capitals: never spelled.
const SHORT_WORDS: &[&str] = &[
    "LE", "LA", "LES", "DE", "DES", "DU", "ET", "OU", "UN", "UNE", "EN", "AU", "AUX", "SI", "NE", "PAS", "OUI", "NON",
    "SUR", "PAR", "POUR", "AVEC", "SANS", "MA", "MON", "MES", "VOS", "NOS", "CE", "CES", "IL", "ELLE", "TOUT", "TOUS",
    "PLUS", "RUE", "EST", "SONT", "QUI", "QUE", "SE", "SES", "SA", "SON", "JE", "TU", "NOUS", "VOUS", "ON", "DANS",
    "SAINT", "SAINTE", "MAIRIE", "VILLE", "VOUS", "AVIS", "ICI", "TRÈS", "BIEN", "JOUR", "MAI", "JUIN", "DEUX",
    "TROIS", "OUVERT", "FERMÉ",
];

pub(super) fn rewrite(text: &str) -> String {
    acronyms(&initials(&abbreviations(&streets(text))))
}

/// What stands in addresses: ranks and kinds of streets without their stop.
fn streets(text: &str) -> String {
    // "av. du Gal-Leclerc", "place du Mal Foch".
    let text = pattern!(r"\b(du|des|le|au) (Gal|Mal|Cdt|Col|Cne|Lt|Pdt|Sgt|Dr|Pr)\.?[ -](\p{Lu}|de |d')").replace_all(
        text,
        |c: &Captures| {
            let rank = match &c[2] {
                "Gal" => "Général",
                "Mal" => "Maréchal",
                "Cdt" => "Commandant",
                "Col" => "Colonel",
                "Cne" => "Capitaine",
                "Lt" => "Lieutenant",
                "Pdt" => "Président",
                "Sgt" => "Sergent",
                "Dr" => "Docteur",
                _ => "Professeur",
            };
            format!("{} {rank} {}", &c[1], &c[3])
        },
    );
    let text = pattern!(r"\bN\.?-D\.?[ -](\p{Lu}|de |du |des )").replace_all(&text, "Notre-Dame $1");
    let text = pattern!(r"\bJ\.?-C\.").replace_all(&text, "Jésus-Christ");
    // "12 r. de Pontoise": elsewhere "r." is nothing.
    let text = pattern!(r"(\d|\p{Ll})(,?) r\. ?(de |du |des |d'|\p{Lu})").replace_all(&text, "$1$2 rue $3");
    let text = pattern!(
        r"\b([Cc]h|[Rr]te|[Ss]q|[Ff]b?g|[Ff]bg|[Ll]ot|[Rr]és|[Ee]sc|[Éé]t|[Ii]mm|[Qq]u|[Pp]ce|[Aa]rr|[Dd]ép)\. ?"
    )
    .replace_all(&text, |c: &Captures| {
        let word = match c[1].to_lowercase().as_str() {
            "ch" => "chemin",
            "rte" => "route",
            "sq" => "square",
            "fg" | "fbg" => "faubourg",
            "lot" => "lotissement",
            "rés" => "résidence",
            "esc" => "escalier",
            "ét" => "étage",
            "imm" => "immeuble",
            "qu" => "quai",
            "pce" => "pièce",
            "arr" => "arrondissement",
            _ => "département",
        };
        format!("{word} ")
    });
    pattern!(r"\b(Cie|Sté|Ets|[ÉE]ts|Vve)\.?( |$)")
        .replace_all(&text, |c: &Captures| {
            let word = match &c[1] {
                "Cie" => "compagnie",
                "Sté" => "société",
                "Vve" => "veuve",
                _ => "établissements",
            };
            format!("{word}{}", &c[2])
        })
        .into_owned()
}

/// "J. Moulin" → "ji Moulin", "D U P O N T" → letter by letter.
fn initials(text: &str) -> String {
    let text = pattern!(r"\b(\p{Lu})\.[ -](\p{Lu}\p{Ll})")
        .replace_all(text, |c: &Captures| format!("{} {}", spell(&c[1]), &c[2]));
    // A letter that names something: a line, a staircase, a category.
    let text = pattern!(
        r"\b(RER|[Ll]igne|[Bb]us|[Bb]âtiment|[Ee]scalier|[Ll]ettre|[Zz]one|[Hh]all|[Pp]orte|[Pp]arking|[Cc]atégorie|[Pp]ermis|[Gg]roupe|[Aa]nnexe|[Pp]lan|[Tt]arif) ([B-Z])\b"
    )
    .replace_all(&text, |c: &Captures| format!("{} {}", &c[1], spell(&c[2])));
    pattern!(r"\b\p{Lu}(?:(?:, ?|[ -])\p{Lu}){2,}\b")
        .replace_all(&text, |c: &Captures| {
            let letters = c[0].split_inclusive(|c: char| !c.is_alphabetic()).map(|part| {
                let pause = if part.contains(',') { ", " } else { " " };
                spell(&part.chars().take(1).collect::<String>()) + pause
            });
            letters.collect::<String>().trim_end_matches([' ', ',']).to_owned()
        })
        .into_owned()
}

fn abbreviations(text: &str) -> String {
    let text = pattern!(r"\bM\.?(?: ?/ ?| (ou|et) )(Mme|Mlle)\b").replace_all(text, |c: &Captures| {
        format!("monsieur {} {}", c.get(1).map_or("ou", |word| word.as_str()), &c[2])
    });
    let text = pattern!(r"\bM\. ?(\p{Lu})").replace_all(&text, "monsieur $1");
    let text = pattern!(r"\bMM\. ?(\p{Lu})").replace_all(&text, "messieurs $1");
    let text = pattern!(r"\b(Mmes?|Mlles?|Mgr|Dr|Pr|Me) ?(\.?)[ -]?(\p{Lu})").replace_all(&text, |c: &Captures| {
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
    let text = pattern!(r"(?i)\bmlle\b").replace_all(&text, "mademoiselle");
    let text = pattern!(r"(?i)\bn[°º]s ?").replace_all(&text, "numéros ");
    let text = pattern!(r"(?i)\bn ?[°º] ?").replace_all(&text, "numéro ");
    let text = pattern!(r"\b(St|Ste|ST|STE)([ -])(\p{Lu})").replace_all(&text, |c: &Captures| {
        let saint = if c[1].len() == 2 { "Saint" } else { "Sainte" };
        format!("{saint}{}{}", &c[2], &c[3])
    });
    let text = pattern!(r"(?i)\bc\.?-?à-?d\.").replace_all(&text, "c'est-à-dire");
    let text = pattern!(r"(?i)\b(?:p\. ?|par )ex\.").replace_all(&text, "par exemple");
    let text = pattern!(r"(?i)\bex\. ?:").replace_all(&text, "exemple :");
    let text = pattern!(r"(?i)\bcf\. ?").replace_all(&text, "voir ");
    let text = pattern!(r"\bN\.?B\.? ?:").replace_all(&text, "à noter :");
    let text =
        pattern!(r"(?i)(\bd')?\b(av|bd|bld|boul|pl|tél|tel|env|art|réf|chap|all|imp|appt|apt|bât|max|min|hab|resp|rens|insc|approx|dest|exp|asso|assoc)\.( ?)")
            .replace_all(&text, |c: &Captures| {
                let short = c[2].to_lowercase();
                let ends = c.get(0).is_some_and(|found| found.end() == text.len());
                // "un cours d'art." is no article.
                if short == "art" && (ends || c.get(1).is_some()) {
                    return c[0].to_owned();
                }
                let word = match short.as_str() {
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
                    "rens" => "renseignements",
                    "insc" => "inscription",
                    "approx" => "environ",
                    "dest" => "destinataire",
                    "exp" => "expéditeur",
                    "asso" | "assoc" => "association",
                    _ => "appartement",
                };
                // The full stop of the sentence stays.
                format!("{}{word}{}", c.get(1).map_or("", |found| found.as_str()), if ends { "." } else { " " })
            });
    let text = pattern!(r"(?i)\b(bd|bld)\b").replace_all(&text, "boulevard");
    let text = pattern!(r"\b([Aa]v) (\p{Lu}|de |du |des |d')").replace_all(&text, "avenue $2");
    let text = pattern!(r"(?i)\brdv\b").replace_all(&text, "rendez-vous");
    let text = pattern!(r"(?i)\b(?:svp|stp)\b").replace_all(&text, "s'il vous plaît");
    let text = pattern!(r"(?i)\betc\b\.? ?…?").replace_all(&text, "et cétéra ");
    let text = pattern!(r"(?i)\bbis\b").replace_all(&text, "bisse");
    let text = pattern!(r"(?i)\bvs\b\.?").replace_all(&text, "contre");
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
    if SHORT_WORDS.contains(&word) || (letters > 5 && !is_unsayable(word)) || (letters > 3 && is_sayable(word)) {
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

/// No word in capitals: four consonants together, or hardly a vowel ("CASGBS").
fn is_unsayable(word: &str) -> bool {
    let vowels: Vec<bool> = word.to_lowercase().chars().map(|c| "aeiouyéèêëàâîïôûœ".contains(c)).collect();
    let count = vowels.iter().filter(|vowel| **vowel).count();
    count * 4 < vowels.len() || vowels.windows(5).any(|run| run.iter().all(|vowel| !vowel))
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
