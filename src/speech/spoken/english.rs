//! The spoken form of English: one file, because English needs few rules and the town's callers use few of them.
//!
//! British usage, for a town hall in Europe: 03/11/2026 is the third of November, telephone numbers are read digit by
//! digit in the groups they are written in, and hours after noon are said with "p m".

use regex::Captures;

use super::{pattern, symbols};
use crate::calendar::ENGLISH_MONTHS as MONTHS;
use number::{cardinal, digit_by_digit, ordinal, written, year};

mod number;

const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// Acronyms said as a word, with the spelling that sounds so; others are spelled.
const SAID_AS_WORDS: &[(&str, &str)] = &[
    ("PACS", "packs"),
    ("NATO", "nayto"),
    ("UNESCO", "unesco"),
    ("COVID", "covid"),
    ("PIN", "pin"),
    ("ASAP", "as soon as possible"),
];

/// Units of measure after a number: sign, words for one, words for more.
const UNITS: &[(&str, &str, &str)] = &[
    ("km/h", "kilometre an hour", "kilometres an hour"),
    ("mph", "mile an hour", "miles an hour"),
    ("km", "kilometre", "kilometres"),
    ("m²", "square metre", "square metres"),
    ("m2", "square metre", "square metres"),
    ("m³", "cubic metre", "cubic metres"),
    ("cm", "centimetre", "centimetres"),
    ("mm", "millimetre", "millimetres"),
    ("kg", "kilo", "kilos"),
    ("min", "minute", "minutes"),
    ("mins", "minute", "minutes"),
    ("hrs", "hour", "hours"),
    ("hr", "hour", "hours"),
    ("yrs", "year", "years"),
    ("°C", "degree", "degrees"),
    ("MB", "megabyte", "megabytes"),
    ("m", "metre", "metres"),
    ("l", "litre", "litres"),
    ("g", "gram", "grams"),
];

pub(super) fn rewrite(text: &str) -> String {
    let mut text = text.to_owned();
    for rule in
        [addresses, abbreviations, telephone, hours, dates, prices, measures, ordinals, acronyms, numbers, signs]
    {
        text = rule(&text);
    }
    symbols::plain(&text)
}

fn addresses(text: &str) -> String {
    let address = |text: &str| {
        let mut words = String::new();
        for c in text.chars() {
            match c {
                '.' => words.push_str(" dot "),
                '-' => words.push_str(" dash "),
                '_' => words.push_str(" underscore "),
                '+' => words.push_str(" plus "),
                '@' => words.push_str(" at "),
                '/' => words.push_str(" slash "),
                c => words.extend(c.to_lowercase()),
            }
        }
        let words = pattern!(r"\bwww\b").replace_all(&words, "double u double u double u");
        // An ending that is no word.
        pattern!(r"\bdot (fr|uk|eu|gov)\b")
            .replace_all(&words, |c: &Captures| {
                let ending = if &c[1] == "gov" { "gov".to_owned() } else { spell(&c[1]) };
                format!("dot {ending}")
            })
            .into_owned()
    };
    let text = pattern!(r"\b[\w.+-]*\w@(?:[\w-]+\.)+\p{L}{2,}\b").replace_all(text, |c: &Captures| address(&c[0]));
    pattern!(r"(?i)\b(?:https?://)?((?:[\w-]+\.)+(?:fr|com|org|net|eu|info|gov|uk|io)\b(?:/[\w.-]+)*)/?")
        .replace_all(&text, |c: &Captures| address(c[1].trim_end_matches('.')))
        .into_owned()
}

fn abbreviations(text: &str) -> String {
    let text = pattern!(r"\b(Mr|Mrs|Ms|Dr|Prof)\b\.? ?(\p{Lu})").replace_all(text, |c: &Captures| {
        let title = match &c[1] {
            "Mr" => "mister",
            "Mrs" => "missis",
            "Ms" => "miz",
            "Dr" => "doctor",
            _ => "professor",
        };
        format!("{title} {}", &c[2])
    });
    // "St Mary" is a saint, "Mary St" a street.
    let text = pattern!(r"\bSt\.?([ -])(\p{Lu})").replace_all(&text, "Saint$1$2");
    let text = pattern!(r"(\p{L}) (St|Rd|Ave?|Sq|Blvd|Ln)\b(\.?)").replace_all(&text, |c: &Captures| {
        let street = match &c[2] {
            "St" => "Street",
            "Rd" => "Road",
            "Sq" => "Square",
            "Blvd" => "Boulevard",
            "Ln" => "Lane",
            _ => "Avenue",
        };
        let ends = c.get(0).is_some_and(|found| found.end() == text.len());
        format!("{} {street}{}", &c[1], if ends { &c[3] } else { "" })
    });
    let text = pattern!(r"\bNos?\. ?(\d)").replace_all(&text, "number $1");
    let text = pattern!(r"(?i)\be\.g\.,?").replace_all(&text, "for example");
    let text = pattern!(r"(?i)\bi\.e\.,?").replace_all(&text, "that is");
    let text = pattern!(r"(?i)\betc\b\.?").replace_all(&text, |c: &Captures| {
        let ends = c.get(0).is_some_and(|found| found.end() == text.len());
        if ends { "et cetera." } else { "et cetera" }
    });
    let text = pattern!(r"(?i)\b(approx|tel|ext|dept|incl|max|min|apt|info)\. ?").replace_all(&text, |c: &Captures| {
        let word = match c[1].to_lowercase().as_str() {
            "approx" => "approximately",
            "tel" => "telephone",
            "ext" => "extension",
            "dept" => "department",
            "incl" => "including",
            "max" => "maximum",
            "min" => "minimum",
            "apt" => "apartment",
            _ => "information",
        };
        let ends = c.get(0).is_some_and(|found| found.end() == text.len());
        format!("{word}{}", if ends { "." } else { " " })
    });
    let text = pattern!(r"\bvs?\b\.? ").replace_all(&text, "versus ");
    let text = pattern!(r"\b(Mon|Tue|Tues|Wed|Thu|Thur|Thurs|Fri|Sat|Sun)\b\.?( ?[-–—] ?| to )(Mon|Tue|Tues|Wed|Thu|Thur|Thurs|Fri|Sat|Sun)\b\.?")
        .replace_all(&text, |c: &Captures| format!("{} to {}", day(&c[1]), day(&c[3])));
    let text = pattern!(
        r"\b(Mon|Tues?|Wed|Thu(?:rs?)?|Fri|Sat|Sun)\b\.? (and|&) (Mon|Tues?|Wed|Thu(?:rs?)?|Fri|Sat|Sun)\b\.?"
    )
    .replace_all(&text, |c: &Captures| format!("{} and {}", day(&c[1]), day(&c[3])));
    let text = pattern!(r"\b(Mon|Tues?|Wed|Thu(?:rs?)?|Fri)\b\.?( \d|,|:)")
        .replace_all(&text, |c: &Captures| format!("{}{}", day(&c[1]), &c[2]));
    pattern!(r"\b(Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day ?[-–—] ?(Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b")
        .replace_all(&text, "${1}day to ${2}day")
        .into_owned()
}

fn day(short: &str) -> &str {
    DAYS.iter().find(|day| day.starts_with(short.get(..3).unwrap_or(short))).map_or(short, |day| day)
}

/// Digit by digit, with the pauses of the groups; a pair of zeros is two zeros.
fn telephone(text: &str) -> String {
    let groups = |text: &str| {
        let digits = text.split([' ', '.', '-', '(', ')']).filter(|group| !group.is_empty()).map(digit_by_digit);
        digits.collect::<Vec<_>>().join(", ")
    };
    let text = pattern!(r"\+(\d{1,3})((?:[ .-]?\(?\d{1,6}\)?){2,6})\b")
        .replace_all(text, |c: &Captures| format!("plus {}, {}", digit_by_digit(&c[1]), groups(&c[2])));
    let text = pattern!(r"\b0\d(?:[ .-]\d{2}){4}\b|\b0\d{2,4}[ -]\d{3,4}(?:[ -]\d{3,4})?\b")
        .replace_all(&text, |c: &Captures| groups(&c[0]));
    let text = pattern!(r"\b0\d{9,10}\b").replace_all(&text, |c: &Captures| {
        let digits: Vec<char> = c[0].chars().collect();
        digits.chunks(2).map(|pair| digit_by_digit(&pair.iter().collect::<String>())).collect::<Vec<_>>().join(", ")
    });
    pattern!(r"(?i)\b(call|dial|on|number|ring|phone|or) (112|999|911|11[4-9]|3\d{3})\b")
        .replace_all(&text, |c: &Captures| format!("{} {}", &c[1], digit_by_digit(&c[2])))
        .into_owned()
}

fn hours(text: &str) -> String {
    // "9am-5pm", "9:00–17:00", "8.30am to noon".
    let text = pattern!(
        r"(?i)\b(\d{1,2})(?:[:.h](\d{2}))? ?(a\.?m\b\.?|p\.?m\b\.?)? ?[-–—] ?(\d{1,2})(?:[:.h](\d{2}))? ?(a\.?m\b\.?|p\.?m\b\.?)"
    )
    .replace_all(text, |c: &Captures| {
        let (from, to) = (hour(c, 1, 2, 3), hour(c, 4, 5, 6));
        from.zip(to).map_or_else(|| c[0].to_owned(), |(from, to)| format!("{from} to {to}{}", stop(c, text)))
    });
    let text =
        pattern!(r"\b(\d{1,2})[:h](\d{2})() ?[-–—] ?(\d{1,2})[:h](\d{2})\b()").replace_all(&text, |c: &Captures| {
            let (from, to) = (hour(c, 1, 2, 3), hour(c, 4, 5, 6));
            from.zip(to).map_or_else(|| c[0].to_owned(), |(from, to)| format!("{from} to {to}"))
        });
    let text = pattern!(r"(?i)\b(\d{1,2})(?:[:.h](\d{2}))? ?(a\.?m\b\.?|p\.?m\b\.?)")
        .replace_all(&text, |c: &Captures| {
            hour(c, 1, 2, 3).map_or_else(|| c[0].to_owned(), |hour| format!("{hour}{}", stop(c, &text)))
        });
    pattern!(r"\b(\d{1,2})[:h](\d{2})\b()")
        .replace_all(&text, |c: &Captures| hour(c, 1, 2, 3).unwrap_or_else(|| c[0].to_owned()))
        .into_owned()
}

/// The full stop of "p.m." that is also the sentence's.
fn stop(c: &Captures, text: &str) -> &'static str {
    let ends = c.get(0).is_some_and(|found| found.end() == text.len() && found.as_str().ends_with('.'));
    if ends { "." } else { "" }
}

/// "half past" is left to people: "eight thirty a m", "noon".
fn hour(c: &Captures, hours: usize, minutes: usize, half: usize) -> Option<String> {
    let hours: u64 = c.get(hours)?.as_str().parse().ok()?;
    let minutes: u64 = c.get(minutes).map_or(Some(0), |found| found.as_str().parse().ok())?;
    let half = c.get(half).map(|found| found.as_str().to_lowercase().replace('.', "")).unwrap_or_default();
    if hours > 24 || minutes > 59 {
        return None;
    }
    let (shown, half) = match (hours, half.as_str()) {
        (12, "pm" | "") if minutes == 0 => return Some("noon".to_owned()),
        (0 | 24, _) | (12, "am") if minutes == 0 => return Some("midnight".to_owned()),
        (0, _) => (12, " a m"),
        (13.., _) => (hours - 12, " p m"),
        (_, "am") => (hours, " a m"),
        (_, "pm") => (hours, " p m"),
        _ => (hours, ""),
    };
    let minutes = match minutes {
        0 if half.is_empty() => " o'clock".to_owned(),
        0 => String::new(),
        1..=9 => format!(" oh {}", cardinal(minutes)),
        _ => format!(" {}", cardinal(minutes)),
    };
    Some(format!("{}{minutes}{half}", cardinal(shown)))
}

fn dates(text: &str) -> String {
    const NAMES: &str = "Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?";
    let text = pattern!(r"\b(\d{4})-(\d{2})-(\d{2})\b")
        .replace_all(text, |c: &Captures| date(&c[3], &c[2], Some(&c[1])).unwrap_or_else(|| c[0].to_owned()));
    let text = pattern!(r"\b(?:the )?(\d{1,2})[/.](\d{1,2})[/.](\d{4})\b")
        .replace_all(&text, |c: &Captures| date(&c[1], &c[2], Some(&c[3])).unwrap_or_else(|| c[0].to_owned()));
    let text = pattern!(&format!(r"\b(?:the )?(\d{{1,2}})(?:st|nd|rd|th)? (?:of )?({NAMES})\b\.?,?(?: (\d{{4}})\b)?"))
        .replace_all(&text, |c: &Captures| named(&c[1], &c[2], c.get(3).map(|year| year.as_str()), true, &c[0]));
    let text = pattern!(&format!(r"\b({NAMES})\b\.? (\d{{1,2}})(?:st|nd|rd|th)?\b(?:,? (\d{{4}})\b)?"))
        .replace_all(&text, |c: &Captures| named(&c[2], &c[1], c.get(3).map(|year| year.as_str()), false, &c[0]));
    let text = pattern!(&format!(r"\b({NAMES})\b\.? (\d{{4}})\b"))
        .replace_all(&text, |c: &Captures| format!("{} {}", month(&c[1]), year(c[2].parse().unwrap_or_default())));
    // Two years, "2026-2027"; a year after a word that announces one.
    let text = pattern!(r"\b((?:19|20)\d{2}) ?[-–/] ?((?:19|20)\d{2})\b").replace_all(&text, |c: &Captures| {
        format!("{} to {}", year(c[1].parse().unwrap_or_default()), year(c[2].parse().unwrap_or_default()))
    });
    pattern!(r"(?i)\b(in|since|from|until|by|year|before|after) (1[1-9]\d{2}|20\d{2})\b")
        .replace_all(&text, |c: &Captures| format!("{} {}", &c[1], year(c[2].parse().unwrap_or_default())))
        .into_owned()
}

fn month(name: &str) -> &str {
    MONTHS.iter().find(|month| month.starts_with(name.get(..3).unwrap_or(name))).map_or(name, |month| month)
}

fn date(day: &str, month: &str, of_year: Option<&str>) -> Option<String> {
    let name = MONTHS.get(month.parse::<usize>().ok()?.checked_sub(1)?)?;
    let day = day.parse().ok().filter(|day| (1..=31).contains(day))?;
    let of_year = of_year.map_or(String::new(), |digits| format!(" {}", year(digits.parse().unwrap_or_default())));
    Some(format!("the {} of {name}{of_year}", ordinal(day)))
}

/// With the day first, "the third of November"; else "November third".
fn named(day: &str, name: &str, of_year: Option<&str>, day_first: bool, whole: &str) -> String {
    let Some(day) = day.parse().ok().filter(|day| (1..=31).contains(day)) else { return whole.to_owned() };
    let of_year = of_year.map_or(String::new(), |digits| format!(" {}", year(digits.parse().unwrap_or_default())));
    match day_first {
        true => format!("the {} of {}{of_year}", ordinal(day), month(name)),
        false => format!("{} {}{of_year}", month(name), ordinal(day)),
    }
}

fn prices(text: &str) -> String {
    let text = pattern!(r"(\d),(\d{3})\b").replace_all(text, "$1$2");
    let text = pattern!(r"([€£$]) ?(\d+)(?:\.(\d{2}))?\b")
        .replace_all(&text, |c: &Captures| price(&c[1], &c[2], c.get(3).map_or("", |found| found.as_str())));
    let text = pattern!(r"\b(\d+)(?:[.,](\d{2}))? ?(€|£|euros?\b|pounds?\b)").replace_all(&text, |c: &Captures| {
        let sign = if c[3].starts_with(['€', 'e']) { "€" } else { "£" };
        price(sign, &c[1], c.get(2).map_or("", |found| found.as_str()))
    });
    pattern!(r"\b(\d+)p\b").replace_all(&text, |c: &Captures| format!("{} pence", written(&c[1]))).into_owned()
}

fn price(sign: &str, whole: &str, part: &str) -> String {
    let part: u64 = part.parse().unwrap_or_default();
    let (one, more, small) = match sign {
        "€" => ("euro", "euros", "cents"),
        "£" => ("pound", "pounds", "pence"),
        _ => ("dollar", "dollars", "cents"),
    };
    let unit = if whole == "1" { one } else { more };
    match (whole.trim_start_matches('0'), part) {
        (_, 0) => format!("{} {unit}", written(whole)),
        ("", part) => format!("{} {small}", cardinal(part)),
        (_, part) => format!("{} {unit} {}", written(whole), cardinal(part)),
    }
}

fn measures(text: &str) -> String {
    let text = pattern!(r"(\d) ?[x×] ?(\d)").replace_all(text, "$1 by $2");
    let text = pattern!(r"(\d) ?%").replace_all(&text, "$1 percent");
    let text = pattern!(r"\b(\d+) ?[-–—] ?(\d+)\b").replace_all(&text, "$1 to $2");
    let text = pattern!(r"\b1/2\b").replace_all(&text, "a half");
    let text = pattern!(r"\b1/4\b").replace_all(&text, "a quarter");
    let text = pattern!(r"\b3/4\b").replace_all(&text, "three quarters");
    let text = pattern!(r"\b24/7\b").replace_all(&text, "twenty-four seven");
    pattern!(r"\b(\d+(?:\.\d+)?) ?(km/h|m²|m³|°C|(?:mph|km|m2|cm|mm|kg|mins?|hrs?|yrs|MB|m|l|g)\b)")
        .replace_all(&text, |c: &Captures| {
            let Some((_, one, more)) = UNITS.iter().find(|(sign, ..)| *sign == &c[2]) else {
                return c[0].to_owned();
            };
            format!("{} {}", &c[1], if &c[1] == "1" { one } else { more })
        })
        .into_owned()
}

fn ordinals(text: &str) -> String {
    let text = pattern!(r"\b(\d{1,4})(?:st|nd|rd|th)\b")
        .replace_all(text, |c: &Captures| c[1].parse().map_or_else(|_| c[0].to_owned(), ordinal));
    pattern!(r"\b(Henri|Henry|Louis|Charles|Francis|James|George|Edward|Elizabeth|Philip|Pius|Napoleon|William|War)[ -]([IVX]{1,5})\b")
        .replace_all(&text, |c: &Captures| match super::numbers::roman(&c[2]) {
            Some(number) if &c[1] == "War" => format!("War {}", cardinal(number)),
            Some(number) => format!("{} the {}", &c[1], ordinal(number)),
            None => c[0].to_owned(),
        })
        .into_owned()
}

fn acronyms(text: &str) -> String {
    let text = pattern!(r"\b(\p{Lu}{1,3})(\d{1,4})\b")
        .replace_all(text, |c: &Captures| format!("{} {}", spell(&c[1]), written(&c[2])));
    pattern!(r"\b\p{Lu}{2,5}s?\b")
        .replace_all(&text, |c: &Captures| {
            let word = c[0].trim_end_matches('s');
            let said = SAID_AS_WORDS.iter().find(|(known, _)| *known == word).map(|(_, said)| (*said).to_owned());
            let plural = if word.len() < c[0].len() { "s" } else { "" };
            let vowels = word.chars().filter(|c| "AEIOUY".contains(*c)).count();
            // Four letters or five with two vowels are a word in capitals.
            let is_word = word.chars().count() > 3 && vowels >= 2 || WORDS.contains(&word);
            said.unwrap_or_else(|| if is_word { word.to_lowercase() } else { spell(word) }) + plural
        })
        .into_owned()
}

/// Short words that stand in capitals.
const WORDS: &[&str] =
    &["THE", "AND", "FOR", "NOT", "NO", "YES", "OR", "OF", "TO", "IN", "ON", "AT", "IS", "ALL", "NEW"];

/// "CNI" → "see en eye", in the spelling that espeak-ng's English reads right.
fn spell(letters: &str) -> String {
    const NAMES: [&str; 26] = [
        "ay",
        "bee",
        "see",
        "dee",
        "ee",
        "eff",
        "jee",
        "aitch",
        "eye",
        "jay",
        "kay",
        "el",
        "em",
        "en",
        "oh",
        "pee",
        "cue",
        "are",
        "ess",
        "tee",
        "you",
        "vee",
        "double you",
        "ex",
        "why",
        "zed",
    ];
    let name = |c: char| {
        let c = c.to_ascii_uppercase();
        c.is_ascii_uppercase().then(|| NAMES[usize::from(c as u8 - b'A')])
    };
    letters.chars().filter_map(name).collect::<Vec<_>>().join(" ")
}

fn numbers(text: &str) -> String {
    let text = pattern!(r"\b(\d+)\.(\d+)\b")
        .replace_all(text, |c: &Captures| format!("{} point {}", written(&c[1]), digit_by_digit(&c[2])));
    let text = pattern!(r"(^| )[-−](\d)").replace_all(&text, "${1}minus $2");
    let text = pattern!(r"(\p{L})-?(\d)").replace_all(&text, "$1 $2");
    pattern!(r"\d+").replace_all(&text, |c: &Captures| written(&c[0])).into_owned()
}

fn signs(text: &str) -> String {
    let text = pattern!(r"(?i)\band ?/ ?or\b").replace_all(text, "and or");
    let text = pattern!(r"(\p{L}) ?/ ?(\p{L})").replace_all(&text, "$1 or $2");
    let mut words = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => words.push_str(" and "),
            '@' => words.push_str(" at "),
            '%' => words.push_str(" percent "),
            '€' => words.push_str(" euros "),
            '£' => words.push_str(" pounds "),
            '$' => words.push_str(" dollars "),
            '+' => words.push_str(" plus "),
            '=' => words.push_str(" equals "),
            '°' => words.push_str(" degrees "),
            '#' => words.push_str(" hash "),
            '*' => words.push_str(" star "),
            c => words.push(c),
        }
    }
    words
}
