//! French number words.
//!
//! Own code, because the `num2words` crate forms wrong French ordinals ("cinqième", "neufième", "quatre-vingtsième"),
//! drops the zero of "0,5" and works on big floats that can panic. Spelling follows the tradition before 1990
//! ("vingt et un"), which speech engines know best.

const UNITS: [&str; 20] = [
    "zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix", "onze", "douze", "treize",
    "quatorze", "quinze", "seize", "dix-sept", "dix-huit", "dix-neuf",
];
const TENS: [&str; 7] = ["", "", "vingt", "trente", "quarante", "cinquante", "soixante"];
const SCALES: [(u64, &str); 3] = [(1_000_000_000_000, "billion"), (1_000_000_000, "milliard"), (1_000_000, "million")];

/// Largest number with a name here; beyond, digits are read one by one.
const LARGEST: u64 = 999_999_999_999_999;

/// `80` → "quatre-vingts", `1200` → "mille deux cents".
pub(super) fn cardinal(number: u64) -> String {
    if number > LARGEST {
        return digit_by_digit(&number.to_string());
    }
    if number == 0 {
        return UNITS[0].to_owned();
    }
    let mut words = Vec::new();
    let mut rest = number;
    for (value, name) in SCALES {
        let count = rest / value;
        rest %= value;
        if count > 0 {
            let plural = if count > 1 { "s" } else { "" };
            words.push(format!("{} {name}{plural}", below_thousand(count, true)));
        }
    }
    match rest / 1000 {
        0 => {}
        1 => words.push("mille".to_owned()),
        count => words.push(format!("{} mille", below_thousand(count, false))),
    }
    if !rest.is_multiple_of(1000) {
        words.push(below_thousand(rest % 1000, true));
    }
    words.join(" ")
}

/// As [`cardinal`] before a feminine noun: `21` → "vingt et une".
pub(super) fn cardinal_feminine(number: u64) -> String {
    let mut words = cardinal(number);
    let ends_in_one = number % 10 == 1 && !matches!(number % 100, 11 | 71 | 91);
    if ends_in_one && number <= LARGEST {
        words.push('e');
    }
    words
}

/// 1–999; `last`: nothing that blocks the plural of "vingts" and "cents" follows ("mille" does).
fn below_thousand(number: u64, last: bool) -> String {
    let hundreds = number / 100;
    let rest = number % 100;
    let mut words = String::new();
    if hundreds > 0 {
        if hundreds > 1 {
            words.push_str(UNITS[hundreds as usize]);
            words.push(' ');
        }
        words.push_str("cent");
        if hundreds > 1 && rest == 0 && last {
            words.push('s');
        }
    }
    if rest > 0 {
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(&below_hundred(rest, last));
    }
    words
}

fn below_hundred(number: u64, last: bool) -> String {
    match number {
        0..=19 => UNITS[number as usize].to_owned(),
        71 => "soixante et onze".to_owned(),
        70..=79 => format!("soixante-{}", UNITS[(number - 60) as usize]),
        80 if last => "quatre-vingts".to_owned(),
        80 => "quatre-vingt".to_owned(),
        81..=99 => format!("quatre-vingt-{}", UNITS[(number - 80) as usize]),
        _ => {
            let tens = TENS[(number / 10) as usize];
            match number % 10 {
                0 => tens.to_owned(),
                1 => format!("{tens} et un"),
                unit => format!("{tens}-{}", UNITS[unit as usize]),
            }
        }
    }
}

/// `2` → "deuxième"; `1` → "premier" (see [`first_feminine`] for "première").
pub(super) fn ordinal(number: u64) -> String {
    if number == 1 {
        return "premier".to_owned();
    }
    let words = cardinal(number);
    let start = words.rfind([' ', '-']).map_or(0, |separator| separator + 1);
    let (head, last) = words.split_at(start);
    let stem = match last {
        "cinq" => "cinqu",
        "neuf" => "neuv",
        "vingts" | "cents" | "millions" | "milliards" | "billions" => &last[..last.len() - 1],
        _ => last.strip_suffix('e').unwrap_or(last),
    };
    format!("{head}{stem}ième")
}

/// Digits as written: leading zeros are said, a number too long for a name is read digit by digit.
pub(super) fn written(digits: &str, feminine: bool) -> String {
    let zeros = digits.len() - digits.trim_start_matches('0').len();
    let Ok(number) = digits.parse::<u64>() else {
        return digit_by_digit(digits);
    };
    if number > LARGEST || zeros > 3 {
        return digit_by_digit(digits);
    }
    let mut words = vec![UNITS[0].to_owned(); if number == 0 { digits.len() } else { zeros }];
    if number > 0 {
        words.push(if feminine { cardinal_feminine(number) } else { cardinal(number) });
    }
    words.join(" ")
}

/// `"007"` → "zéro zéro sept".
pub(super) fn digit_by_digit(digits: &str) -> String {
    digits.chars().filter_map(|c| c.to_digit(10)).map(|digit| UNITS[digit as usize]).collect::<Vec<_>>().join(" ")
}

/// A canonical Roman numeral of I, V, X and L (1–89); `None` for anything else.
pub(super) fn roman(numeral: &str) -> Option<u64> {
    const SIGNS: [(&str, u64); 7] = [("L", 50), ("XL", 40), ("X", 10), ("IX", 9), ("V", 5), ("IV", 4), ("I", 1)];
    (1..90).find(|&number| {
        let mut left = number;
        let mut rest = numeral;
        for (sign, value) in SIGNS {
            while left >= value {
                let Some(after) = rest.strip_prefix(sign) else {
                    return false;
                };
                rest = after;
                left -= value;
            }
        }
        rest.is_empty()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cardinals() {
        for (number, words) in [
            (0, "zéro"),
            (16, "seize"),
            (17, "dix-sept"),
            (21, "vingt et un"),
            (70, "soixante-dix"),
            (71, "soixante et onze"),
            (79, "soixante-dix-neuf"),
            (80, "quatre-vingts"),
            (81, "quatre-vingt-un"),
            (91, "quatre-vingt-onze"),
            (99, "quatre-vingt-dix-neuf"),
            (100, "cent"),
            (101, "cent un"),
            (200, "deux cents"),
            (280, "deux cent quatre-vingts"),
            (999, "neuf cent quatre-vingt-dix-neuf"),
            (1_000, "mille"),
            (2_026, "deux mille vingt-six"),
            (80_000, "quatre-vingt mille"),
            (200_000, "deux cent mille"),
            (44_753, "quarante-quatre mille sept cent cinquante-trois"),
            (1_000_000, "un million"),
            (80_000_000, "quatre-vingts millions"),
            (2_000_000_001, "deux milliards un"),
        ] {
            assert_eq!(cardinal(number), words, "{number}");
        }
        assert!(cardinal(u64::MAX).starts_with("un huit quatre quatre"));
    }

    #[test]
    fn feminines_end_in_une_only_where_one_is_said() {
        for (number, words) in [
            (1, "une"),
            (21, "vingt et une"),
            (11, "onze"),
            (71, "soixante et onze"),
            (81, "quatre-vingt-une"),
            (91, "quatre-vingt-onze"),
            (101, "cent une"),
        ] {
            assert_eq!(cardinal_feminine(number), words);
        }
    }

    #[test]
    fn ordinals() {
        for (number, words) in [
            (1, "premier"),
            (2, "deuxième"),
            (4, "quatrième"),
            (5, "cinquième"),
            (9, "neuvième"),
            (21, "vingt et unième"),
            (71, "soixante et onzième"),
            (80, "quatre-vingtième"),
            (100, "centième"),
            (200, "deux centième"),
            (1_000, "millième"),
        ] {
            assert_eq!(ordinal(number), words);
        }
    }

    #[test]
    fn roman_numerals_are_canonical_or_nothing() {
        for (numeral, number) in [("I", 1), ("IV", 4), ("XIV", 14), ("XVI", 16), ("XLII", 42)] {
            assert_eq!(roman(numeral), Some(number));
        }
        for wrong in ["", "IIII", "VX", "XVIA", "CV", "IL"] {
            assert_eq!(roman(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn digits_as_written() {
        assert_eq!(written("00", false), "zéro zéro");
        assert_eq!(written("05", false), "zéro cinq");
        assert_eq!(written("0000012", false), "zéro zéro zéro zéro zéro un deux");
        assert_eq!(written("21", true), "vingt et une");
        assert_eq!(written(&"9".repeat(30), false).matches("neuf").count(), 30);
    }
}
