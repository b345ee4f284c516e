//! Any text has an answer: no reader panics, none gives more than it may.

use jiff::civil::date;
use proptest::prelude::*;

use super::*;

/// Text made of the words the readers know, of noise, and of both.
fn any_text() -> impl Strategy<Value = String> {
    const KNOWN: &[&str] = &[
        "zéro",
        "06",
        "quatre",
        "vingt",
        "quatre-vingt",
        "80",
        "17,",
        "cent",
        "cette",
        "de",
        "et",
        "double",
        "33",
        "+33",
        "mardi",
        "15",
        "mars",
        "en",
        "huit",
        "prochain",
        "il y a",
        "dans",
        "semaine",
        "le",
        "31",
        "février",
        "1900",
        "midi",
        "quart",
        "moins",
        "heures",
        "h",
        "entre",
        "vers",
        "demie",
        "D",
        "comme",
        "Denis",
        "I",
        "grec",
        "deux",
        "L",
        "accent aigu",
        "tiret",
        "arobase",
        "@",
        "point",
        ".",
        "com",
        "gmail",
        "rue",
        "bis",
        "Pontoise",
        "99999",
        "du",
        "PONT",
        "non",
        "avec un",
        "sans",
        "à la fin",
        "oui",
        "la deuxième",
        "É",
        "'",
        "d'",
        "\u{301}",
        "🎉",
        "ß",
        "0",
        "au lieu du",
        "trois quarts",
        "noon",
        "half past",
        "12345678901234567890",
        "1-2-3",
        "/",
        "03/05/85",
    ];
    let known = prop::collection::vec(prop::sample::select(KNOWN), 0..40).prop_map(|words| words.join(" "));
    let joined = prop::collection::vec(prop::sample::select(KNOWN), 0..40).prop_map(|words| words.concat());
    prop_oneof![4 => known, 2 => joined, 2 => "\\PC{0,500}", 1 => any::<String>()]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn any_text_has_an_answer(text in any_text(), so_far in "[0-9]{0,12}", year in 1950i16..2100) {
        let today = date(year, 2, 28);
        match telephone::find_after(&so_far, &text) {
            telephone::Found::Whole { readings, .. } => {
                prop_assert!(!readings.is_empty() && readings.len() <= 3);
                for reading in &readings {
                    let digits = reading.value.trim_start_matches('+');
                    prop_assert!(digits.bytes().all(|b| b.is_ascii_digit()));
                    prop_assert!(reading.value.starts_with('+') || (digits.len() == 10 && digits.starts_with('0')));
                }
            }
            telephone::Found::Part { digits } => prop_assert!(digits.len() <= 40),
            telephone::Found::Nothing => {}
        }
        for tense in [date::Tense::Future, date::Tense::Past] {
            for reading in date::read(&text, today, tense) {
                prop_assert!(reading.value.first <= reading.value.last, "{}", reading.value.recorded());
            }
        }
        for reading in time::read(&text) {
            prop_assert!(!reading.value.recorded().is_empty());
        }
        for reading in name::read(&text) {
            prop_assert!(reading.value.chars().count() <= 80);
        }
        let _ = name::amended("Jean-Paul Lefèvre d'Artois", &text);
        let _ = name::amended(&text, "avec deux L");
        for reading in email::read(&text) {
            prop_assert!(reading.value.len() < 400 && reading.value.matches('@').count() == 1, "{}", reading.value);
        }
        let streets = address::Streets::new(["rue de Pontoise", &text, "avenue des Loges"]);
        for reading in address::read(&text, &streets) {
            prop_assert!(reading.value.recorded().chars().count() <= 200);
        }
        let _ = quantity::read(&text);
        let _ = message::read(&text);
        let _ = yes_no::read(&text);
        let _ = choice::read(&text, &[]);
        for typed in [text.as_str(), so_far.as_str()] {
            let _ = date::typed(typed, today, date::Tense::Past);
            let _ = time::typed(typed);
            let _ = quantity::typed(typed);
            let _ = telephone::normalise(typed, true);
        }
    }
}
