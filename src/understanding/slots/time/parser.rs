//! Reads clock times and parts of the day off the words.

use jiff::civil::Time;

use super::{Moment, Period};
use crate::understanding::slots::Reading;
use crate::understanding::slots::numbers::below_hundred;
use crate::understanding::slots::words::{Gap, Word};

/// A number without "heures".
const BARE: u16 = 20;
/// Five in the afternoon, for "cinq heures"; in the morning.
const AFTERNOON_GUESSED: u16 = 40;
const MORNING_GUESSED: u16 = 70;
/// Hours that are rather in the afternoon when nothing else is said.
const RATHER_AFTERNOON: std::ops::RangeInclusive<i8> = 1..=6;

/// A clock time found: minutes of the day, whether which half of the day is known, where it ends, cost.
#[derive(Debug, Clone, Copy)]
struct Clock {
    hour: i8,
    minute: i8,
    settled: bool,
    end: usize,
    cost: u16,
}

impl Clock {
    fn time(self) -> Option<Time> {
        Time::new(if self.hour == 24 { 0 } else { self.hour }, self.minute, 0, 0).ok()
    }

    fn twelve_later(self) -> Self {
        if self.hour < 12 { Self { hour: self.hour + 12, ..self } } else { self }
    }
}

pub(super) fn read(words: &[Word]) -> Vec<Reading<Moment>> {
    let parser = Parser { words };
    let found = (0..words.len()).find_map(|at| parser.clock(at).map(|clock| (at, clock)));
    match found {
        Some((at, clock)) => parser.moments(at, clock),
        None => parser.period().map(|period| vec![Reading::new(Moment::Period(period), 0)]).unwrap_or_default(),
    }
}

struct Parser<'w, 't> {
    words: &'w [Word<'t>],
}

impl<'w, 't> Parser<'w, 't> {
    fn word(&self, at: usize) -> &str {
        self.words.get(at).map_or("", |w| w.folded.as_str())
    }

    fn from(&self, at: usize) -> &'w [Word<'t>] {
        self.words.get(at..).unwrap_or_default()
    }

    fn number(&self, at: usize) -> Option<(i8, usize)> {
        let number = below_hundred(self.from(at))?;
        Some((i8::try_from(number.value).ok()?, at + number.words))
    }

    /// A clock time that starts here.
    fn clock(&self, at: usize) -> Option<Clock> {
        self.english(at).or_else(|| self.noon(at)).or_else(|| self.french(at)).or_else(|| self.bare(at))
    }

    /// "midi et quart", "minuit", "midi moins dix".
    fn noon(&self, at: usize) -> Option<Clock> {
        // "Après-midi" is no noon, nor is "entre midi et deux" the start of one.
        let after = at > 0 && self.word(at - 1) == "apres" && self.words[at].before != Gap::Stop;
        let hour = match self.word(at) {
            "midi" | "noon" if !after => 12,
            "midi" if after && self.word(at + 1) == "et" => 12,
            "minuit" | "midnight" => 24,
            _ => return None,
        };
        let clock = Clock { hour, minute: 0, settled: true, end: at + 1, cost: 0 };
        if after && self.minutes(clock, at + 1).is_none() {
            return None;
        }
        Some(self.minutes(clock, at + 1).unwrap_or(clock))
    }

    /// "18 h 30", "dix-huit heures trente", "huit heures moins le quart".
    fn french(&self, at: usize) -> Option<Clock> {
        let (hour, next) = self.hour_number(at)?;
        let marked = matches!(self.word(next), "h" | "heure" | "heures" | "heur" | "eure" | "eures" | "hours");
        let clock = |minute: i8, end: usize, cost: u16| Clock {
            hour,
            minute,
            settled: hour >= 13 || hour == 0 || self.words[at].written.starts_with('0'),
            end,
            cost,
        };
        if !marked {
            return None;
        }
        let bare = clock(0, next + 1, 0);
        Some(self.minutes(bare, next + 1).unwrap_or(bare))
    }

    /// 0 to 24 before "heures"; "vin heures", "dis heures" are heard too.
    fn hour_number(&self, at: usize) -> Option<(i8, usize)> {
        let hour = |found: (i8, usize)| (0..=24).contains(&found.0).then_some(found);
        if let Some(found) = self.number(at) {
            // "20 2 heures" is 22.
            let unit = self.words.get(found.1).filter(|w| w.is_digits() && w.written.len() == 1);
            if found.0 == 20
                && let Some((unit, next)) = unit.and_then(|_| self.number(found.1))
                && (1..=3).contains(&unit)
                && matches!(self.word(next), "h" | "heures")
            {
                return Some((20 + unit, next));
            }
            return hour(found);
        }
        let heard = match self.word(at) {
            "vin" | "vint" | "vingts" => 20,
            "dis" | "dit" => 10,
            "cette" | "set" | "cet" => 7,
            "neuve" => 9,
            "ouate" | "uit" => 8,
            "si" | "sis" => 6,
            _ => return None,
        };
        matches!(self.word(at + 1), "h" | "heure" | "heures").then_some((heard, at + 1))
    }

    /// What follows an hour: "trente", "et quart", "moins vingt", "pile".
    fn minutes(&self, clock: Clock, at: usize) -> Option<Clock> {
        let with = |minute: i8, end: usize| Clock { minute, end, ..clock };
        let less = |minute: i8, end: usize| {
            let hour = if clock.hour == 0 { 23 } else { clock.hour - 1 };
            Clock { hour, minute: 60 - minute, end, ..clock }
        };
        match self.word(at) {
            "et" | "est" => match self.word(at + 1) {
                "quart" | "car" | "quarts" | "cart" | "quar" => Some(with(15, at + 2)),
                "demi" | "demie" | "demies" | "demis" | "midi" => Some(with(30, at + 2)),
                _ => None,
            },
            "quart" if clock.hour == 12 || clock.hour == 24 => Some(with(15, at + 1)),
            "moins" | "moin" => {
                let le = usize::from(matches!(self.word(at + 1), "le" | "un" | "l"));
                if matches!(self.word(at + 1 + le), "quart" | "car" | "cart" | "cas" | "quar" | "carre") {
                    return Some(less(15, at + 2 + le));
                }
                let (minute, end) = self.number(at + 1).filter(|(m, _)| (1..=30).contains(m))?;
                Some(less(minute, end))
            }
            "trois" | "3" if matches!(self.word(at + 1), "quarts" | "quart") => Some(with(45, at + 2)),
            "demi" | "demie" => Some(with(30, at + 1)),
            _ => {
                let zero = usize::from(matches!(self.word(at), "zero"));
                let (minute, end) = self.number(at + zero).filter(|(m, _)| (0..60).contains(m))?;
                let named = matches!(self.word(end), "minute" | "minutes");
                // "16h5" touches; "16 heures, 5 personnes" does not.
                let touches = self.words.get(at)?.before == Gap::Nothing;
                if minute < 10 && zero == 0 && !named && !touches && self.words.get(at)?.written.len() != 2 {
                    return None;
                }
                let end = end + usize::from(named);
                // "18 h, 2 personnes": something else is counted.
                (self.words.get(at)?.before != Gap::Stop || minute % 5 == 0).then(|| with(minute, end))
            }
        }
    }

    /// "half past two", "quarter to six", "5 pm", "six thirty", "10 o'clock".
    fn english(&self, at: usize) -> Option<Clock> {
        let clock = |hour: i8, minute: i8, end: usize| Clock { hour, minute, settled: false, end, cost: 0 };
        let article = usize::from(self.word(at) == "a");
        let (minute, next) = match self.word(at + article) {
            "half" => (30, at + article + 1),
            "quarter" => (15, at + article + 1),
            _ => match self.number(at) {
                Some((minute, next)) if matches!(self.word(next), "past" | "to") && minute < 60 => (minute, next),
                Some((minute, next))
                    if matches!(self.word(next), "minutes") && matches!(self.word(next + 1), "past" | "to") =>
                {
                    (minute, next + 1)
                }
                Some((hour, next)) => return self.english_hour(hour, next),
                None => return None,
            },
        };
        let (hour, end) = self.number(next + 1).filter(|(h, _)| (1..=12).contains(h)).or_else(|| {
            let noon = matches!(self.word(next + 1), "noon" | "midday");
            noon.then_some((12, next + 2))
        })?;
        let found = match self.word(next) {
            "past" => clock(hour, minute, end),
            "to" => clock(if hour == 1 { 12 } else { hour - 1 }, 60 - minute, end),
            _ => return None,
        };
        Some(self.half(found, end).unwrap_or(found))
    }

    fn english_hour(&self, hour: i8, next: usize) -> Option<Clock> {
        if !(1..=12).contains(&hour) {
            return None;
        }
        let clock = Clock { hour, minute: 0, settled: false, end: next, cost: 0 };
        let marked = self.word(next) == "oclock" || (self.word(next) == "o" && self.word(next + 1) == "clock");
        if marked {
            let end = next + if self.word(next) == "o" { 2 } else { 1 };
            let clock = Clock { end, ..clock };
            return Some(self.half(clock, end).unwrap_or(clock));
        }
        if let Some(found) = self.half(clock, next) {
            return Some(found);
        }
        let (minute, end) = self.number(next).filter(|(m, _)| (10..60).contains(m))?;
        self.half(Clock { minute, ..clock }, end)
    }

    /// "am", "p.m."
    fn half(&self, clock: Clock, at: usize) -> Option<Clock> {
        let (half, end) = match self.word(at) {
            "am" => ("am", at + 1),
            "pm" => ("pm", at + 1),
            half @ ("a" | "p") if self.word(at + 1) == "m" => (if half == "a" { "am" } else { "pm" }, at + 2),
            _ => return None,
        };
        let hour = match (half, clock.hour) {
            ("am", 12) => 0,
            ("pm", hour @ 1..12) => hour + 12,
            (_, hour) => hour,
        };
        Some(Clock { hour, settled: true, end, ..clock })
    }

    /// "18 30", "18:30", "dix-huit trente", "à neuf", or nothing but a number.
    fn bare(&self, at: usize) -> Option<Clock> {
        let (hour, next) = self.number(at).filter(|(hour, _)| (0..=24).contains(hour))?;
        let first = self.words.get(at)?;
        if first.is_digits() && first.written.len() > 2 {
            return None;
        }
        let settled = hour >= 13 || first.written.starts_with('0');
        let minutes = self.words.get(next).filter(|w| !w.is_digits() || w.written.len() == 2);
        if let Some((minute, end)) = minutes.and_then(|_| self.number(next)).filter(|(m, _)| (0..60).contains(m))
            && (minute % 5 == 0)
            && self.number(end).is_none()
        {
            return Some(Clock { hour, minute, settled, end, cost: BARE });
        }
        let before = at.checked_sub(1).map_or("", |k| self.word(k));
        let introduced =
            matches!(before, "a" | "vers" | "ver" | "apres" | "avant" | "at" | "about" | "around" | "after" | "before")
                || matches!(before, "entre" | "between" | "et" | "and" | "from");
        let alone = self.words.len() <= 2;
        let counted = self.words.get(next).is_some_and(|w| {
            w.is_any(&["jours", "jour", "ans", "personnes", "minutes", "enfants", "semaines", "euros", "days", "rue"])
        });
        ((introduced || alone) && self.number(next).is_none() && !counted).then_some(Clock {
            hour,
            minute: 0,
            settled,
            end: next,
            cost: BARE,
        })
    }

    /// The moments a clock time may mean, with what is said around it.
    fn moments(&self, at: usize, clock: Clock) -> Vec<Reading<Moment>> {
        // "entre midi et deux", "de 9 h à 11 h".
        let second = matches!(self.word(clock.end), "et" | "a" | "and" | "to" | "jusqu")
            .then(|| {
                let from = clock.end + if self.word(clock.end) == "jusqu" { 2 } else { 1 };
                self.clock(from)
            })
            .flatten();
        let before = at.checked_sub(1).map_or("", |k| self.word(k));
        let opened = matches!(before, "entre" | "de" | "between" | "from");
        if let Some(second) = second.filter(|_| opened) {
            let (first, second) = self.ordered(self.placed(clock), self.placed(second));
            if let (Some(from), Some(to)) = (first.time(), second.time())
                && from < to
            {
                return vec![Reading::new(Moment::Between(from, to), clock.cost)];
            }
        }
        let placed = self.placed(clock);
        let wrap = |time: Time| self.around(at, time);
        let guessed = !placed.settled && RATHER_AFTERNOON.contains(&placed.hour);
        let mut readings = Vec::new();
        if guessed {
            let later = placed.twelve_later().time().map(wrap);
            readings.extend(later.map(|moment| Reading::new(moment, clock.cost.max(AFTERNOON_GUESSED))));
            let early = placed.time().map(wrap);
            readings.extend(early.map(|moment| Reading::new(moment, clock.cost + MORNING_GUESSED)));
        } else {
            readings.extend(placed.time().map(wrap).map(|moment| Reading::new(moment, clock.cost)));
        }
        readings
    }

    /// With "du matin", "du soir" taken into account.
    fn placed(&self, clock: Clock) -> Clock {
        if clock.settled {
            return clock;
        }
        match self.part_of_day() {
            Some(true) => Clock { settled: true, ..clock.twelve_later() },
            Some(false) => Clock { settled: true, hour: if clock.hour == 12 { 0 } else { clock.hour }, ..clock },
            None => clock,
        }
    }

    /// Two times of a range: "entre 2 et 4", "entre midi et deux", "de 9 h à 5 h".
    fn ordered(&self, first: Clock, second: Clock) -> (Clock, Clock) {
        let first = if !first.settled && RATHER_AFTERNOON.contains(&first.hour) { first.twelve_later() } else { first };
        let minutes = |c: &Clock| i32::from(c.hour) * 60 + i32::from(c.minute);
        let later = !second.settled && minutes(&second) <= minutes(&first);
        (first, if later { second.twelve_later() } else { second })
    }

    /// Morning or evening, where it is said: `true` for the second half of the day.
    fn part_of_day(&self) -> Option<bool> {
        (0..self.words.len()).find_map(|at| match self.word(at) {
            "matin" | "morning" | "matinee" => Some(false),
            "midi" if at > 0 && self.word(at - 1) == "apres" => Some(true),
            "aprem" | "afternoon" | "soir" | "evening" | "soiree" | "tonight" => Some(true),
            _ => None,
        })
    }

    fn around(&self, at: usize, time: Time) -> Moment {
        let one = |back: usize| at.checked_sub(back).map_or("", |k| self.word(k));
        // "à partir de 17 h", "pas avant 10 h", "aux alentours de midi".
        let before = match one(1) {
            "de" | "d" | "des" | "les" | "a" | "than" | "of" | "que" => one(2),
            word => word,
        };
        match before {
            "vers" | "ver" | "verre" | "vert" | "environ" | "alentours" | "autour" | "about" | "around"
            | "approximativement" => Moment::About(time),
            "avant" | "before" if matches!(one(2), "pas" | "not") => Moment::After(time),
            "avant" | "before" | "jusqu" | "until" | "till" | "by" => Moment::Before(time),
            "apres" | "partir" | "after" | "from" | "dessus" | "tard" | "depuis" | "later" | "des" | "since" => {
                Moment::After(time)
            }
            _ if one(1) == "des" => Moment::After(time),
            _ => Moment::At(time),
        }
    }

    /// "en fin de matinée", "plutôt l'après-midi", "n'importe quand".
    fn period(&self) -> Option<Period> {
        let count = self.words.len();
        for at in 0..count {
            let edge = |back: usize| at.checked_sub(back).map_or("", |k| self.word(k));
            // "fin de matinée", "début d'après-midi", "early in the afternoon".
            let near = |words: &[&str]| (1..=3).any(|back| words.contains(&edge(back)));
            let (early, late) = (near(&["debut", "early", "tot"]), near(&["fin", "late", "tard"]));
            let found = match self.word(at) {
                "matin" | "matinee" | "morning" | "matins" => Some(match (early, late) {
                    (true, _) => Period::EarlyMorning,
                    (_, true) => Period::LateMorning,
                    _ => Period::Morning,
                }),
                "apres" if matches!(self.word(at + 1), "midi" | "midis") => Some(match (early, late) {
                    (true, _) => Period::EarlyAfternoon,
                    (_, true) => Period::LateAfternoon,
                    _ => Period::Afternoon,
                }),
                "aprem" | "afternoon" | "apremidi" => Some(match (early, late) {
                    (true, _) => Period::EarlyAfternoon,
                    (_, true) => Period::LateAfternoon,
                    _ => Period::Afternoon,
                }),
                "journee" | "day" if late => Some(Period::LateAfternoon),
                "journee" | "day" if near(&["toute", "all", "whole"]) => Some(Period::WholeDay),
                "soir" | "soiree" | "evening" | "tonight" => Some(Period::Evening),
                "dejeuner" | "lunch" | "lunchtime" => Some(Period::Noon),
                "importe" if matches!(self.word(at + 1), "quand" | "quelle" | "" | "l" | "pour") => {
                    Some(Period::WholeDay)
                }
                "anytime" => Some(Period::WholeDay),
                "ouverture" => Some(Period::EarlyMorning),
                "fermeture" => Some(Period::LateAfternoon),
                _ => None,
            };
            if found.is_some() {
                return found;
            }
        }
        None
    }
}
