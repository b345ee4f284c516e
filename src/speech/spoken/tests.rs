//! What the citizen hears, row by row.

use super::*;

/// Rows of a table: written, spoken.
fn rows(table: &str) -> Vec<(&str, &str)> {
    let rows = table.lines().filter(|line| !line.is_empty() && !line.starts_with("# ") && !line.starts_with("## "));
    rows.map(|row| row.split_once('\t').unwrap_or_else(|| panic!("no tab in {row:?}"))).collect()
}

#[track_caller]
fn check(table: &str, least: usize, form: impl Fn(&str) -> String) {
    let rows = rows(table);
    assert!(rows.len() >= least, "{} rows", rows.len());
    let mut wrong = Vec::new();
    for (written, spoken) in rows {
        let said = form(written);
        if said != spoken {
            wrong.push(format!("{written:?}\n   is {said:?}\n  not {spoken:?}"));
        }
        let again = form(spoken);
        if again != spoken {
            wrong.push(format!("a second pass turns {spoken:?}\n into {again:?}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn french_is_said_as_the_table_tells() {
    check(include_str!("golden/fr.tsv"), 150, french);
}

#[test]
fn english_is_said_as_the_table_tells() {
    check(include_str!("golden/en.tsv"), 40, english);
}

#[test]
fn what_holds_no_word_is_silent() {
    for nothing in ["", "😀 ✓", "« »"] {
        assert_eq!(french(nothing), "");
        assert_eq!(english(nothing), "");
    }
}

/// Bits of text that meet several rules.
const BITS: [&str; 26] = [
    "1", "01", "8h30", "-", "/", " ", ",", ".", "€", "%", "XVI", "e", "CNI", "@", "fr", "(", "é", "n°", "000", "+33",
    ":", "#", "M.", "2026", "\u{e000}", "½",
];

/// Whether everything came out as words and pauses.
fn is_clean(spoken: &str) -> bool {
    spoken.chars().all(|c| (c.is_alphabetic() && !is_private(c)) || " ',.;:!?…-".contains(c))
}

fn is_private(c: char) -> bool {
    ('\u{e000}'..='\u{f8ff}').contains(&c)
}

#[test]
fn the_longest_text_is_bounded() {
    let spoken = french(&"9 ".repeat(100_000));
    assert!(spoken.len() < 40 * LONGEST);
}

#[test]
fn other_languages_keep_their_numbers() {
    assert_eq!(form("de", "Open 9-12, call (0)1!"), "Open 9-12, call, 0, 1!");
    assert_eq!(form("fr-FR", "9"), "neuf");
}

proptest::proptest! {
    #[test]
    fn no_digit_and_no_sign_is_left_over(bits in proptest::collection::vec(proptest::sample::select(&BITS[..]), 1..7)) {
        let text = bits.concat();
        let spoken = Lexicon::default().reading("fr", &text);
        proptest::prop_assert!(is_clean(&spoken), "{text:?} → {spoken:?}");
    }

    #[test]
    fn any_text_is_spoken_without_panic(text in "\\PC{0,60}") {
        let spoken = french(&text);
        proptest::prop_assert!(!spoken.chars().any(|c| c.is_ascii_digit()), "{text:?} → {spoken:?}");
        for sentence in sentences(&text) {
            proptest::prop_assert!(!sentence.trim().is_empty());
        }
    }
}
