//! The search: from atoms to the ten digits that change least of what was heard.
//!
//! States are digits written so far; an atom, or up to four that make one number, leads to the next. Only the cheapest
//! [`WIDTH`] states of each place are kept, so the work grows with the length of the text and no faster.

use std::collections::HashMap;

use super::atoms::{Atom, Value};
use super::{FRENCH_DIGITS, is_french};
use crate::understanding::slots::Reading;

/// States kept at each place.
const WIDTH: usize = 40;
/// Digits a state may hold: an international number, or a start said twice.
const MOST_DIGITS: usize = 18;

// Costs, in hundredths of a word changed.
/// Two numbers in digits that make one: "80, 17".
const JOIN_DIGITS: u16 = 60;
/// One in a word, one in digits: "soixante 12".
const JOIN_MIXED: u16 = 20;
/// A comma stood between two words that make one number.
const JOIN_OVER_COMMA: u16 = 50;
/// Words that make one number taken apart: "soixante douze" as 60 12.
const SPLIT_WORDS: u16 = 100;
const SPLIT_MIXED: u16 = 40;
/// "4 23" for 83, "6 12" for 72: the ten was cut short.
const SHORT_EIGHTY: u16 = 80;
const SHORT_SEVENTY: u16 = 130;
/// "4, 1, 3" for 83: "vingt" heard as "un".
const ONE_FOR_TWENTY: u16 = 200;
/// "0 13" for "zéro un, trente": the ten ran into the unit before it.
const RUN_TOGETHER: u16 = 110;
/// "98 11" for "quatre-vingt-onze": the four twenties heard as nineties.
const NINETIES_FOR_EIGHTY: u16 = 150;
/// "24" for "vingt, quatorze".
const TENS_RUN_TOGETHER: u16 = 200;
/// "24 14" for the same.
const TENS_ECHOED: u16 = 130;
/// "34 27" for "trente, quatre-vingt-sept": the four went to the tens before it.
const FOUR_TO_THE_TENS: u16 = 130;
/// "0 à 26" for "zéro zéro, vingt-six": what ran into the zero was another one.
const ZERO_AGAIN: u16 = 60;
/// A number said twice.
const SAID_TWICE: u16 = 120;
/// A dictation begun anew; the second time after a pause is natural.
const BEGUN_ANEW: u16 = 120;
const BEGUN_ANEW_AFTER_PAUSE: u16 = 30;
/// "33" without "plus".
const COUNTRY_CODE: u16 = 30;
/// The first zero was not heard.
const NO_ZERO: u16 = 100;
/// "0, 30, 87 …" for 01 30 87 …: "un" is lost between the zero and the next pair, other digits are not.
const NO_ONE: u16 = 100;
/// A pair that straddles two pairs of the number.
const OFF_PAIRS: u16 = 8;
/// A block of numbers that nobody has been given.
const UNUSED_BLOCK: u16 = 60;
/// Above this a reading that makes a short dictation longer is no reading: the rest is still to come.
const LENGTHENED: u16 = 80;
/// Above this nothing is left of what was heard.
const HOPELESS: u16 = 700;

/// Digits written so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Digits {
    digits: [u8; MOST_DIGITS],
    len: u8,
    /// A zero is due after "33", unless one is said.
    zero_due: bool,
    /// Pairs that straddle two pairs of the number.
    off_pairs: u8,
}

impl Digits {
    const EMPTY: Digits = Digits { digits: [0; MOST_DIGITS], len: 0, zero_due: false, off_pairs: 0 };

    fn of(text: &str) -> Option<Self> {
        let mut all = Self::EMPTY;
        text.bytes().all(|b| b.is_ascii_digit() && all.push(b - b'0')).then_some(all)
    }

    fn push(&mut self, digit: u8) -> bool {
        if self.zero_due && digit != 0 && !self.push_raw(0) {
            return false;
        }
        self.zero_due = false;
        self.push_raw(digit)
    }

    fn push_raw(&mut self, digit: u8) -> bool {
        let Some(place) = self.digits.get_mut(usize::from(self.len)) else {
            return false;
        };
        *place = digit;
        self.len += 1;
        true
    }

    /// With a number of this width after it; the cost of where it stands.
    fn with(self, value: u8, width: u8, times: u8) -> Option<(Self, u16)> {
        if width == 2 { self.with_digits(&[value / 10, value % 10], times) } else { self.with_digits(&[value], times) }
    }

    fn with_digits(mut self, digits: &[u8], times: u8) -> Option<(Self, u16)> {
        let mut cost = 0;
        for _ in 0..times {
            if digits.len().is_multiple_of(2) && !self.len.is_multiple_of(2) && !self.zero_due {
                cost += OFF_PAIRS;
                self.off_pairs += 1;
            }
            if !digits.iter().all(|digit| self.push(*digit)) {
                return None;
            }
        }
        Some((self, cost))
    }

    fn text(&self) -> String {
        self.digits[..usize::from(self.len)].iter().map(|d| char::from(b'0' + d)).collect()
    }
}

/// A way on from a place: digits to add, atoms used, cost.
#[derive(Clone, Copy)]
struct Step {
    digits: [u8; 4],
    len: usize,
    times: u8,
    used: usize,
    cost: u16,
}

impl Step {
    fn number(value: u8, width: u8, times: u8, used: usize, cost: u16) -> Self {
        let digits = if width == 2 { [value / 10, value % 10, 0, 0] } else { [value, 0, 0, 0] };
        Self { digits, len: usize::from(width), times, used, cost }
    }

    /// Two pairs that were heard as something else.
    fn pairs(first: u8, second: u8, used: usize, cost: u16) -> Self {
        Self { digits: [first / 10, first % 10, second / 10, second % 10], len: 4, times: 1, used, cost }
    }
}

/// Whole French numbers, cheapest first. `heard`: digits of the natural reading with those from before.
pub(super) fn search(so_far: &str, atoms: &[Atom], heard: usize) -> Vec<Reading<String>> {
    let mut found: HashMap<String, u16> = HashMap::new();
    for (digits, cost) in walk(so_far, atoms, true) {
        let (number, cost) = match (digits.len, digits.digits[0]) {
            (10, _) => (digits.text(), cost),
            (9, 1..) => (format!("0{}", digits.text()), cost + NO_ZERO),
            // Said digit by digit, the last is still to come.
            (9, 0) if digits.off_pairs == 4 => (format!("01{}", &digits.text()[1..]), cost + NO_ONE),
            _ => continue,
        };
        let cost = cost + if is_unused(&number) { UNUSED_BLOCK } else { 0 };
        let too_short = heard + 1 < FRENCH_DIGITS && cost > LENGTHENED;
        if is_french(&number) && !too_short && cost <= HOPELESS {
            let known = found.entry(number).or_insert(cost);
            *known = (*known).min(cost);
        }
    }
    let mut readings: Vec<Reading<String>> =
        found.into_iter().map(|(number, cost)| Reading::new(number, cost)).collect();
    readings.sort_by(|a, b| a.cost.cmp(&b.cost).then_with(|| a.value.cmp(&b.value)));
    readings
}

/// Digits as they are most naturally read, whatever their number.
pub(super) fn natural(atoms: &[Atom]) -> String {
    let best = walk("", atoms, false).into_iter().min_by_key(|(digits, cost)| (*cost, digits.len));
    match best {
        Some((digits, _)) => digits.text(),
        // Longer than any number: what fits.
        None => {
            let mut all = Digits::EMPTY;
            for atom in atoms {
                if let Value::Number { value, width } = atom.value
                    && let Some((more, _)) = all.with(value, width, 1)
                {
                    all = more;
                }
            }
            all.text()
        }
    }
}

/// All ends of the walk through the atoms. `mend`: mistakes of the ear may be undone, else numbers are joined and split
/// as they are written.
fn walk(so_far: &str, atoms: &[Atom], mend: bool) -> Vec<(Digits, u16)> {
    let mut places: Vec<Vec<(Digits, u16)>> = vec![Vec::new(); atoms.len() + 1];
    places[0].extend(Digits::of(so_far).map(|digits| (digits, 0)));
    for i in 0..atoms.len() {
        let states = prune(std::mem::take(&mut places[i]));
        let steps = steps(atoms, i, mend);
        for (state, cost) in states {
            for step in &steps {
                if let Some((next, more)) = state.with_digits(&step.digits[..step.len], step.times) {
                    places[i + step.used].push((next, cost + step.cost + more));
                }
            }
            let atom = &atoms[i];
            if let Some(pass) = atom.pass {
                places[i + 1].push((state, cost + pass));
            }
            // "cent" is "00", or gives way to what follows: "huit cent six", "huit cent dix".
            if atom.value == Value::Hundred {
                let next = atoms.get(i + 1).and_then(|a| match a.value {
                    Value::Number { width, .. } => Some(width),
                    Value::Hundred => None,
                });
                match next {
                    Some(2) => places[i + 1].push((state, cost + 10)),
                    Some(_) => {
                        places[i + 1].extend(state.with(0, 1, 1).map(|(next, _)| (next, cost + 20)));
                    }
                    None => {}
                }
                let split = if next.is_some() { 20 } else { 0 };
                places[i + 1].extend(state.with(0, 2, 1).map(|(next, _)| (next, cost + split)));
            }
            if mend {
                places[i + 1].extend(mended(atoms, i, state).map(|(next, more)| (next, cost + more)));
            }
        }
        if mend {
            begun_anew(so_far, atoms, i, &mut places);
        }
    }
    prune(places.pop().unwrap_or_default())
}

/// Cheapest states, each once.
fn prune(mut states: Vec<(Digits, u16)>) -> Vec<(Digits, u16)> {
    states.sort_by_key(|(_, cost)| *cost);
    let mut kept: Vec<(Digits, u16)> = Vec::with_capacity(WIDTH);
    for (state, cost) in states {
        if kept.len() == WIDTH || cost > HOPELESS {
            break;
        }
        if !kept.iter().any(|(known, _)| *known == state) {
            kept.push((state, cost));
        }
    }
    kept
}

/// Mistakes that need to know the digits before.
fn mended(atoms: &[Atom], i: usize, state: Digits) -> impl Iterator<Item = (Digits, u16)> {
    let mut all: [Option<(Digits, u16)>; 3] = [None, None, None];
    if let Value::Number { value, width } = atoms[i].value {
        // "0 13" for "zéro un, trente".
        if state.len == 1 && state.digits[0] == 0 && width == 2 && (12..=16).contains(&value) && !atoms[i].by_word {
            let next = state.with(1, 1, 1).and_then(|(next, _)| next.with(10 * (value % 10), 2, 1));
            all[0] = next.map(|(next, _)| (next, RUN_TOGETHER));
        }
        // Said twice: "16 16 16".
        if i > 0 && atoms[i - 1].value == atoms[i].value {
            all[1] = Some((state, SAID_TWICE));
        }
        let is_zero = |atom: &Atom| matches!(atom.value, Value::Number { value: 0, .. });
        if value == 1 && atoms[i].pass.is_some() && i > 0 && is_zero(&atoms[i - 1]) {
            let cost = atoms[i].cost + ZERO_AGAIN;
            all[2] = state.with(0, 1, 1).map(|(next, more)| (next, cost + more));
        }
    }
    all.into_iter().flatten()
}

/// Places from which the dictation may begin: at a zero in the middle, or after the country code.
fn begun_anew(so_far: &str, atoms: &[Atom], i: usize, places: &mut [Vec<(Digits, u16)>]) {
    let Value::Number { value, width } = atoms[i].value else {
        return;
    };
    let leads = (value == 0 && width == 1) || (width == 2 && value < 10);
    if leads && (i > 0 || !so_far.is_empty()) {
        let cost = if i == 0 { BEGUN_ANEW_AFTER_PAUSE } else { BEGUN_ANEW };
        let first = Digits::EMPTY.with(value, width, atoms[i].times);
        places[i + 1].extend(first.map(|(first, _)| (first, cost)));
    }
    if value == 33 && i <= 2 && so_far.is_empty() {
        places[i + 1].push((Digits { zero_due: true, ..Digits::EMPTY }, COUNTRY_CODE));
    }
}

/// Numbers that start at this atom.
fn steps(atoms: &[Atom], i: usize, mend: bool) -> Vec<Step> {
    let mut steps = Vec::with_capacity(6);
    let Value::Number { value, width } = atoms[i].value else {
        return steps;
    };
    let first = &atoms[i];
    steps.push(Step::number(value, width, first.times, 1, first.cost + split(atoms, i, value, 1)));
    let whole_ten = width == 2 && value >= 20 && value % 10 == 0;
    if let Some(second) = number(atoms, i + 1) {
        let join = join(first, &atoms[i + 1]) + first.cost + atoms[i + 1].cost;
        let mut make = |value: u8, used: usize, cost: u16| {
            let cost = cost.saturating_add(split(atoms, i, value, used));
            steps.push(Step::number(value, 2, first.times, used, cost));
        };
        if whole_ten && joinable(value, second) {
            make(value + second, 2, join);
            // "soixante dix sept"
            if second == 10 && (value == 60 || value == 80) {
                teens(atoms, i + 2, value + 10, |v, cost| make(v, 3, join + cost));
            }
        }
        if value == 10 && (7..=9).contains(&second) {
            make(10 + second, 2, join);
        }
        if value == 4 && width == 1 && second == 20 {
            make(80, 2, join);
            if let Some(third) = number(atoms, i + 2).filter(|v| (1..20).contains(v)) {
                let more = join + self::join(&atoms[i + 1], &atoms[i + 2]) + atoms[i + 2].cost;
                make(80 + third, 3, more);
                if third == 10 {
                    teens(atoms, i + 3, 90, |v, cost| make(v, 4, more + cost));
                }
            }
        }
        if mend {
            let by_digits = !first.by_word;
            if value == 4 && width == 1 && (21..30).contains(&second) && !atoms[i + 1].by_word {
                make(60 + second, 2, SHORT_EIGHTY);
            }
            if value == 6 && width == 1 && (10..20).contains(&second) {
                make(60 + second, 2, SHORT_SEVENTY);
            }
            if (90..99).contains(&value) && by_digits && (11..20).contains(&second) && !atoms[i + 1].by_word {
                make(80 + second, 2, NINETIES_FOR_EIGHTY);
            }
            if value == 4
                && width == 1
                && second == 1
                && let Some(third) = number(atoms, i + 2).filter(|v| (1..20).contains(v))
                && by_digits
            {
                make(80 + third, 3, ONE_FOR_TWENTY);
            }
        }
    }
    if mend && width == 2 && !first.by_word && value > 20 && first.times == 1 {
        let (tens, unit) = (value - value % 10, value % 10);
        let second = number(atoms, i + 1).filter(|_| !atoms[i + 1].by_word);
        // "24" for "vingt, quatorze".
        if (2..=6).contains(&unit) {
            steps.push(Step::pairs(tens, 10 + unit, 1, TENS_RUN_TOGETHER));
            if second == Some(10 + unit) {
                steps.push(Step::pairs(tens, 10 + unit, 2, TENS_ECHOED));
            }
        }
        // "34 27" for "trente, quatre-vingt-sept".
        if unit == 4 && (20..70).contains(&tens) {
            let eighties = second.filter(|v| (20..40).contains(v)).map(|v| 60 + v);
            steps.extend(eighties.map(|v| Step::pairs(tens, v, 2, FOUR_TO_THE_TENS)));
        }
    }
    steps
}

/// "sept", "huit", "neuf" after a "dix" that ends a number.
fn teens(atoms: &[Atom], at: usize, base: u8, mut make: impl FnMut(u8, u16)) {
    if let Some(unit) = number(atoms, at).filter(|v| (7..=9).contains(v)) {
        make(base + unit, join(&atoms[at - 1], &atoms[at]) + atoms[at].cost);
    }
}

/// The number of an atom that can be joined to one before it.
fn number(atoms: &[Atom], at: usize) -> Option<u8> {
    match atoms.get(at)? {
        Atom { value: Value::Number { value, width }, times: 1, .. } if *width == if *value < 10 { 1 } else { 2 } => {
            Some(*value)
        }
        _ => None,
    }
}

/// These make one number when said one after the other.
fn joinable(first: u8, second: u8) -> bool {
    match first {
        20 | 30 | 40 | 50 | 70 | 90 => (1..10).contains(&second),
        60 | 80 => (1..20).contains(&second),
        10 => (7..10).contains(&second),
        4 => second == 20,
        _ => false,
    }
}

fn join(first: &Atom, second: &Atom) -> u16 {
    if second.and {
        return 0;
    }
    let cost = match (first.by_word, second.by_word) {
        (true, true) => 0,
        (false, false) => return JOIN_DIGITS,
        _ => JOIN_MIXED,
    };
    if second.stop { cost.max(JOIN_OVER_COMMA) } else { cost }
}

/// Cost of ending a number before what would naturally be part of it.
fn split(atoms: &[Atom], i: usize, value: u8, used: usize) -> u16 {
    let (last, next_at) = (&atoms[i + used - 1], i + used);
    let Some(next) = atoms.get(next_at).filter(|next| !next.stop) else {
        return 0;
    };
    let Some(number) = number(atoms, next_at) else {
        return 0;
    };
    let last_value = match last.value {
        Value::Number { value, .. } => value,
        Value::Hundred => return 0,
    };
    if !joinable(value, number) && !joinable(last_value, number) {
        return 0;
    }
    // "vingt quatre-vingt-dix": the next number has the four.
    if number == 4 && self::number(atoms, next_at + 1) == Some(20) {
        return 10;
    }
    match (last.by_word, next.by_word) {
        // "trente et 1" is one number even in digits.
        _ if next.and && number == 1 => SPLIT_MIXED,
        (true, true) => SPLIT_WORDS,
        (false, false) => 0,
        _ => SPLIT_MIXED,
    }
}

/// 083 to 087, 0700 to 0702.
fn is_unused(number: &str) -> bool {
    matches!(&number.as_bytes()[..3], [b'0', b'8', b'3'..=b'7'])
        || matches!(&number.as_bytes()[..4], [b'0', b'7', b'0', b'0'..=b'2'])
}
