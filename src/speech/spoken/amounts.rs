//! Prices, percentages, measures, ranges, fractions and plain numbers.

use regex::Captures;

use super::abbreviations::spell;
use super::numbers::{cardinal, written};
use super::pattern;

/// Feminine nouns that follow numbers in a town hall's sentences: "21 personnes" is "vingt et une personnes".
const FEMININE: &[&str] = &[
    "heure",
    "minute",
    "seconde",
    "journée",
    "semaine",
    "année",
    "nuit",
    "fois",
    "personne",
    "pièce",
    "photo",
    "photographie",
    "photocopie",
    "copie",
    "page",
    "demande",
    "carte",
    "voiture",
    "famille",
    "tonne",
    "démarche",
    "étape",
    "option",
    "question",
    "réponse",
    "tranche",
    "part",
    "signature",
    "attestation",
    "facture",
    "naissance",
    "salle",
    "école",
    "classe",
    "entrée",
    "boîte",
    "lettre",
    "association",
    "adresse",
    "benne",
    "poubelle",
    "collecte",
    "chance",
    "demi-heure",
    "demi-journée",
    "matinée",
    "soirée",
    "ligne",
];

/// Units of measure after a number: sign, words for one, words for more.
const UNITS: &[(&str, &str, &str)] = &[
    ("km/h", "kilomètre heure", "kilomètres heure"),
    ("km²", "kilomètre carré", "kilomètres carrés"),
    ("km2", "kilomètre carré", "kilomètres carrés"),
    ("km", "kilomètre", "kilomètres"),
    ("m²", "mètre carré", "mètres carrés"),
    ("m2", "mètre carré", "mètres carrés"),
    ("m³", "mètre cube", "mètres cubes"),
    ("m3", "mètre cube", "mètres cubes"),
    ("cm²", "centimètre carré", "centimètres carrés"),
    ("cm", "centimètre", "centimètres"),
    ("mm", "millimètre", "millimètres"),
    ("kg", "kilo", "kilos"),
    ("mg", "milligramme", "milligrammes"),
    ("min", "minute", "minutes"),
    ("mn", "minute", "minutes"),
    ("ha", "hectare", "hectares"),
    ("kWh", "kilowattheure", "kilowattheures"),
    ("kW", "kilowatt", "kilowatts"),
    ("dB", "décibel", "décibels"),
    ("Ko", "kilooctet", "kilooctets"),
    ("ko", "kilooctet", "kilooctets"),
    ("Mo", "mégaoctet", "mégaoctets"),
    ("Go", "gigaoctet", "gigaoctets"),
    ("°C", "degré", "degrés"),
    ("ans", "an", "ans"),
    ("cl", "centilitre", "centilitres"),
    ("ml", "millilitre", "millilitres"),
    ("m", "mètre", "mètres"),
    ("j", "jour", "jours"),
    ("L", "litre", "litres"),
    ("l", "litre", "litres"),
    ("t", "tonne", "tonnes"),
    ("g", "gramme", "grammes"),
    ("h", "heure", "heures"),
];

pub(super) fn rewrite(text: &str) -> String {
    let text = lists(text);
    let text = per(&text);
    let text = references(&text);
    let text = ranges(&text);
    let text = prices(&text);
    let text = measures(&text);
    let text = fractions(&text);
    let text = codes(&text);
    plain(&text)
}

/// "€/m²", "km/an": what follows the slash is said in full, "par mètre carré".
fn per(text: &str) -> String {
    pattern!(r"(€|euros?|\bkg|\bL|\bl|\bkWh|\d ?m3|m³|\bfois) ?/ ?(m²|m2|m³|m3|\p{L}+)")
        .replace_all(text, |c: &Captures| {
            let unit = UNITS.iter().find(|(sign, ..)| *sign == &c[2]);
            format!("{} par {}", &c[1], unit.map_or(&c[2], |(_, one, _)| one))
        })
        .into_owned()
}

/// Articles of law ("L. 2121-1") and numbers of files ("2026-145"): the hyphen is said.
fn references(text: &str) -> String {
    let text = pattern!(r"\b([LRD])\.? ?(\d{1,5})-(\d{1,4})\b")
        .replace_all(text, |c: &Captures| format!("{} {} tiret {}", spell(&c[1]), &c[2], &c[3]));
    // Not a span: what follows is smaller.
    let text = pattern!(r"(^|[^\d,.])(\d{1,6})-(\d{1,6})\b").replace_all(&text, |c: &Captures| {
        match (c[2].parse::<u64>(), c[3].parse::<u64>()) {
            (Ok(from), Ok(to)) if from >= to => format!("{}{} tiret {}", &c[1], &c[2], &c[3]),
            _ => c[0].to_owned(),
        }
    });
    pattern!(r"\b[Pp]p?\. ?(\d)").replace_all(&text, "page $1").into_owned()
}

/// "15,17,18" is a list, not a decimal number; "1 250" and "1.250" are one number.
fn lists(text: &str) -> String {
    let text = pattern!(r"\b\d+(?:,\d+){2,}\b").replace_all(text, |c: &Captures| c[0].replace(',', ", "));
    pattern!(r"\b[1-9]\d{0,2}(?:[ .]\d{3})+\b")
        .replace_all(&text, |c: &Captures| c[0].replace([' ', '.'], ""))
        .into_owned()
}

fn prices(text: &str) -> String {
    let text = pattern!(r"\b(\d+(?:,\d+)?) ?(k€|M€|Md€)").replace_all(text, |c: &Captures| {
        let many = c[1] != *"1";
        let scale = match &c[2] {
            "k€" => "mille euros",
            "M€" if many => "millions d'euros",
            "M€" => "million d'euros",
            _ if many => "milliards d'euros",
            _ => "milliard d'euros",
        };
        format!("{} {scale}", decimal(&c[1]))
    });
    let text = pattern!(r"\b(\d+) ?€ ?(\d{2})\b").replace_all(&text, |c: &Captures| price(&c[1], &c[2]));
    let text = pattern!(r"(?:([€$£]) ?(\d+(?:[,.]\d{1,2})?)|\b(\d+(?:[,.]\d{1,2})?) ?([$£]))").replace_all(
        &text,
        |c: &Captures| {
            let sign = c.get(1).or(c.get(4)).map_or("", |found| found.as_str());
            let number = c.get(2).or(c.get(3)).map_or("", |found| found.as_str());
            match sign {
                "€" => format!("{number} €"),
                "$" => format!("{} dollar{}", decimal(&number.replace('.', ",")), if number == "1" { "" } else { "s" }),
                _ => format!(
                    "{} livre{} sterling",
                    decimal(&number.replace('.', ",")),
                    if number == "1" { "" } else { "s" }
                ),
            }
        },
    );
    pattern!(r"\b(\d+)(?:[,.](\d{1,2}))? ?(?:€|(?:euros?|EUR)\b)")
        .replace_all(&text, |c: &Captures| {
            let cents = c.get(2).map_or("", |found| found.as_str());
            price(&c[1], cents)
        })
        .into_owned()
}

fn price(euros: &str, cents: &str) -> String {
    // "25,5 €" is 25 euros 50.
    let cents: u64 = format!("{cents:0<2}").parse().unwrap_or_default();
    let Ok(whole) = euros.parse::<u64>() else {
        return format!("{} euros", written(euros, false));
    };
    let centimes = match cents {
        1 => "un centime".to_owned(),
        _ => format!("{} centimes", cardinal(cents)),
    };
    let named = match whole {
        0 | 1 => format!("{} euro", cardinal(whole)),
        _ if whole % 1_000_000 == 0 => format!("{} d'euros", cardinal(whole)),
        _ => format!("{} euros", cardinal(whole)),
    };
    match (whole, cents) {
        (_, 0) => named,
        (0, _) => centimes,
        _ => format!("{named} {}", cardinal(cents)),
    }
}

fn measures(text: &str) -> String {
    let text =
        pattern!(r"\b(\d+(?:[,.]\d+)?) ?%").replace_all(text, |c: &Captures| format!("{} pour cent", decimal(&c[1])));
    // "35 x 45 mm".
    let text = pattern!(r"(\d) ?[x×] ?(\d)").replace_all(&text, "$1 par $2");
    let text = pattern!(r"\b(\d+) ?x\b").replace_all(&text, "$1 fois");
    pattern!(r"\b(\d+(?:,\d+)?) ?(km/h|km²|m²|m³|cm²|°C|(?:km2|km|m2|m3|cm|mm|kg|mg|min|mn|ha|kWh|kW|dB|[Kk]o|Mo|Go|ans|cl|ml|m|j|L|l|t|g|h)\b)")
        .replace_all(&text, |c: &Captures| {
            let Some((_, one, more)) = UNITS.iter().find(|(sign, ..)| *sign == &c[2]) else {
                return c[0].to_owned();
            };
            let unit = if &c[1] == "1" { one } else { more };
            let feminine = matches!(*one, "minute" | "tonne");
            let number = match c[1].contains(',') {
                true => decimal(&c[1]),
                false => written(&c[1], feminine),
            };
            format!("{number} {unit}")
        })
        .into_owned()
}

/// "2,5" → "deux virgule cinq", "0,05" → "zéro virgule zéro cinq".
fn decimal(number: &str) -> String {
    let Some((whole, part)) = number.split_once([',', '.']) else {
        return written(number, false);
    };
    let sign = if number.contains(',') { "virgule" } else { "point" };
    let part = if part.len() > 3 { super::numbers::digit_by_digit(part) } else { written(part, false) };
    format!("{} {sign} {part}", written(whole, false))
}

fn ranges(text: &str) -> String {
    // A school year, "2026-2027" or "2026/2027", takes no "à".
    let text = pattern!(r"\b((?:19|20)\d{2}) ?[-–—/] ?((?:19|20)\d{2})\b").replace_all(text, |c: &Captures| {
        let years = (c[1].parse::<u64>(), c[2].parse::<u64>());
        let next = matches!(years, (Ok(from), Ok(to)) if to == from + 1);
        format!("{}{}{}", &c[1], if next { " " } else { " à " }, &c[2])
    });
    let text = pattern!(r"\b(\d+(?:,\d+)?)( ?€| ?%| ?m²| ?km| ?ans)? ?[-–—] ?(\d+(?:,\d+)?)\b")
        .replace_all(&text, "$1$2 à $3");
    pattern!(r"\b(\d+) ?/ ?(\d+) (ans|mois|jours|semaines|personnes)\b").replace_all(&text, "$1 à $2 $3").into_owned()
}

fn fractions(text: &str) -> String {
    pattern!(r"\b(\d+) ?/ ?(\d+)\b")
        .replace_all(text, |c: &Captures| match (&c[1], &c[2]) {
            ("1", "2") => "un demi".to_owned(),
            ("1", "3") => "un tiers".to_owned(),
            ("2", "3") => "deux tiers".to_owned(),
            ("1", "4") => "un quart".to_owned(),
            ("3", "4") => "trois quarts".to_owned(),
            ("1", "5") => "un cinquième".to_owned(),
            (part @ ("2" | "3" | "4"), "5") => format!("{part} cinquièmes"),
            _ => format!("{} sur {}", &c[1], &c[2]),
        })
        .into_owned()
}

/// Letters and digits together: "A86", "16B", "Covid-19", "5G".
fn codes(text: &str) -> String {
    let text = pattern!(r"(\p{L})-(\d)").replace_all(text, "$1 $2");
    let text = pattern!(r"(\d)-(\p{L})").replace_all(&text, "$1 $2");
    let text = pattern!(r"\b(\d{1,5}) ?(bis|ter|quater)\b").replace_all(&text, |c: &Captures| {
        let said = match &c[2] {
            "bis" => "bisse",
            "ter" => "tère",
            _ => "kouatère",
        };
        format!("{} {said}", written(&c[1], false))
    });
    let text = pattern!(r"\b([A-Z]{1,3})(\d{1,5})([A-Z]?)\b").replace_all(&text, |c: &Captures| {
        let mut words = format!("{} {}", spell(&c[1]), written(&c[2], false));
        if !c[3].is_empty() {
            words.push(' ');
            words.push_str(&spell(&c[3]));
        }
        words
    });
    pattern!(r"\b(\d{1,5})([A-Za-z])\b")
        .replace_all(&text, |c: &Captures| format!("{} {}", written(&c[1], false), spell(&c[2])))
        .into_owned()
}

fn plain(text: &str) -> String {
    let text = pattern!(r"\b\d+[,.]\d+\b").replace_all(text, |c: &Captures| decimal(&c[0]));
    let text = pattern!(r"(^| )[-−] ?(\d)").replace_all(&text, "${1}moins $2");
    let text = pattern!(r"(^| )\+ ?(\d)").replace_all(&text, "${1}plus $2");
    let text = pattern!(r"(\d) ?\+ ?(\d)").replace_all(&text, "$1 plus $2");
    pattern!(r"(\d+)( \p{L}+(?:-\p{L}+)?)?")
        .replace_all(&text, |c: &Captures| {
            let noun = c.get(2).map_or("", |found| found.as_str());
            let singular = noun.trim_start().to_lowercase();
            let singular = singular.strip_suffix('s').unwrap_or(&singular);
            let feminine = FEMININE.iter().any(|known| known.strip_suffix('s').unwrap_or(known) == singular);
            format!("{}{noun}", written(&c[1], feminine))
        })
        .into_owned()
}
