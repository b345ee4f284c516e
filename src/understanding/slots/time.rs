//! Times of day: "midi et quart", "vers 18 h", "dix-huit heures trente", "en fin de matinée", "après 17 h", "half past two".

mod parser;
#[cfg(test)]
mod tests;

use jiff::civil::Time;

use super::Reading;
use super::words::words;

/// When in the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    At(Time),
    About(Time),
    After(Time),
    Before(Time),
    Between(Time, Time),
    Period(Period),
}

/// A part of the day without a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    EarlyMorning,
    Morning,
    LateMorning,
    Noon,
    EarlyAfternoon,
    Afternoon,
    LateAfternoon,
    Evening,
    WholeDay,
}

impl Period {
    pub fn french(self) -> &'static str {
        match self {
            Self::EarlyMorning => "début de matinée",
            Self::Morning => "matin",
            Self::LateMorning => "fin de matinée",
            Self::Noon => "heure du déjeuner",
            Self::EarlyAfternoon => "début d'après-midi",
            Self::Afternoon => "après-midi",
            Self::LateAfternoon => "fin d'après-midi",
            Self::Evening => "soir",
            Self::WholeDay => "toute la journée",
        }
    }

    pub fn english(self) -> &'static str {
        match self {
            Self::EarlyMorning => "early in the morning",
            Self::Morning => "in the morning",
            Self::LateMorning => "late in the morning",
            Self::Noon => "at lunchtime",
            Self::EarlyAfternoon => "early in the afternoon",
            Self::Afternoon => "in the afternoon",
            Self::LateAfternoon => "late in the afternoon",
            Self::Evening => "in the evening",
            Self::WholeDay => "at any time",
        }
    }
}

impl Moment {
    /// As it is recorded: "18:00", "vers 18:00", "après 17:00", "entre 09:00 et 11:00", "fin de matinée".
    pub fn recorded(&self) -> String {
        self.in_french(|time| format!("{:02}:{:02}", time.hour(), time.minute()))
    }

    /// As it is read back in French: "vers 18h", "midi et quart" is "12h15".
    pub fn spoken(&self) -> String {
        self.in_french(|time| match (time.hour(), time.minute()) {
            (12, 0) => "midi".to_owned(),
            (0, 0) => "minuit".to_owned(),
            (hour, 0) => format!("{hour}h"),
            (hour, minute) => format!("{hour}h{minute:02}"),
        })
    }

    fn in_french(&self, clock: impl Fn(&Time) -> String) -> String {
        match self {
            Self::At(time) => clock(time),
            Self::About(time) => format!("vers {}", clock(time)),
            Self::After(time) => format!("après {}", clock(time)),
            Self::Before(time) => format!("avant {}", clock(time)),
            Self::Between(from, to) => format!("entre {} et {}", clock(from), clock(to)),
            Self::Period(period) => period.french().to_owned(),
        }
    }

    /// As it is read back in English: "about 6 pm".
    pub fn spoken_english(&self) -> String {
        let clock = |time: &Time| {
            let (hour, half) = match time.hour() {
                0 => (12, "am"),
                hour @ 1..12 => (hour, "am"),
                12 => (12, "pm"),
                hour => (hour - 12, "pm"),
            };
            match time.minute() {
                0 => format!("{hour} {half}"),
                minute => format!("{hour}:{minute:02} {half}"),
            }
        };
        match self {
            Self::At(time) => clock(time),
            Self::About(time) => format!("about {}", clock(time)),
            Self::After(time) => format!("after {}", clock(time)),
            Self::Before(time) => format!("before {}", clock(time)),
            Self::Between(from, to) => format!("between {} and {}", clock(from), clock(to)),
            Self::Period(period) => period.english().to_owned(),
        }
    }
}

/// The time that is meant, best first. "Cinq heures" is five in the afternoon before it is five in the morning.
pub fn read(text: &str) -> Vec<Reading<Moment>> {
    let all = words(text);
    let corrected = all.iter().rposition(|w| w.is_any(&["non", "pardon", "sorry", "enfin"]));
    if let Some(at) = corrected {
        let after = parser::read(&all[at + 1..]);
        if !after.is_empty() {
            return after;
        }
    }
    parser::read(&all)
}

/// Typed HHMM, or HH.
pub fn typed(digits: &str) -> Option<Moment> {
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number = |range: std::ops::Range<usize>| digits.get(range)?.parse::<i8>().ok();
    let (hour, minute) = match digits.len() {
        1 => (number(0..1)?, 0),
        2 => (number(0..2)?, 0),
        3 => (number(0..1)?, number(1..3)?),
        4 => (number(0..2)?, number(2..4)?),
        _ => return None,
    };
    Time::new(if hour == 24 { 0 } else { hour }, minute, 0, 0).ok().map(Moment::At)
}
