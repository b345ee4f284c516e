//! Any text to every reader of values: each answers, and never more than it may.

use jiff::civil::date;

use crate::understanding::slots::{
    address, choice, date as day, email, message, name, quantity, telephone, time, yes_no,
};

/// A form feed parts what was dictated before, or an earlier value, from what is said now.
pub fn check(data: &[u8]) {
    let whole = String::from_utf8_lossy(data);
    let (before, text) = whole.split_once('\u{c}').unwrap_or(("", &whole));
    let so_far: String = before.chars().filter(char::is_ascii_digit).take(12).collect();
    let today = date(2027, 2, 28);
    match telephone::find_after(&so_far, text) {
        telephone::Found::Whole { readings, .. } => {
            assert!((1..=3).contains(&readings.len()));
            for reading in &readings {
                let digits = reading.value.trim_start_matches('+');
                assert!(digits.bytes().all(|b| b.is_ascii_digit()));
                assert!(reading.value.starts_with('+') || (digits.len() == 10 && digits.starts_with('0')));
            }
        }
        telephone::Found::Part { digits } => assert!(digits.len() <= 40),
        telephone::Found::Nothing => {}
    }
    for tense in [day::Tense::Future, day::Tense::Past] {
        for reading in day::read(text, today, tense) {
            assert!(reading.value.first <= reading.value.last);
        }
        let _ = day::typed(text, today, tense);
    }
    for reading in time::read(text) {
        assert!(!reading.value.recorded().is_empty());
    }
    for reading in name::read(text) {
        assert!(reading.value.chars().count() <= 80);
    }
    let _ = name::amended(before, text);
    for reading in email::read(text) {
        assert!(reading.value.len() < 400 && reading.value.matches('@').count() == 1);
    }
    let streets = address::Streets::new(["rue de Pontoise", before, "avenue des Loges"]);
    for reading in address::read(text, &streets) {
        assert!(reading.value.recorded().chars().count() <= 200);
    }
    let _ = (quantity::read(text), message::read(text), yes_no::read(text), choice::read(text, &[]));
    let _ = (time::typed(text), quantity::typed(text), telephone::normalise(text, true));
}
