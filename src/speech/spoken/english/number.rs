//! English number words, British: "one hundred and five".

const UNITS: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 10] = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];

/// Largest number with a name here; beyond, digits are read one by one.
const LARGEST: u64 = 999_999_999_999;

pub fn cardinal(number: u64) -> String {
    if number > LARGEST {
        return digit_by_digit(&number.to_string());
    }
    if number < 1000 {
        return below_thousand(number);
    }
    let mut words = Vec::new();
    let mut rest = number;
    for (value, name) in [(1_000_000_000, "billion"), (1_000_000, "million"), (1000, "thousand")] {
        if rest >= value {
            words.push(format!("{} {name}", below_thousand(rest / value)));
            rest %= value;
        }
    }
    match rest {
        0 => {}
        1..=99 => words.push(format!("and {}", below_thousand(rest))),
        _ => words.push(below_thousand(rest)),
    }
    words.join(" ")
}

fn below_thousand(number: u64) -> String {
    let (hundreds, rest) = (number / 100, number % 100);
    let small = match rest {
        0..=19 => UNITS[rest as usize].to_owned(),
        _ if rest % 10 == 0 => TENS[(rest / 10) as usize].to_owned(),
        _ => format!("{}-{}", TENS[(rest / 10) as usize], UNITS[(rest % 10) as usize]),
    };
    match (hundreds, rest) {
        (0, _) => small,
        (_, 0) => format!("{} hundred", UNITS[hundreds as usize]),
        _ => format!("{} hundred and {small}", UNITS[hundreds as usize]),
    }
}

/// `3` → "third", `21` → "twenty-first".
pub fn ordinal(number: u64) -> String {
    let words = cardinal(number);
    let start = words.rfind([' ', '-']).map_or(0, |separator| separator + 1);
    let (head, last) = words.split_at(start);
    let last = match last {
        "one" => "first".to_owned(),
        "two" => "second".to_owned(),
        "three" => "third".to_owned(),
        "five" => "fifth".to_owned(),
        "eight" => "eighth".to_owned(),
        "nine" => "ninth".to_owned(),
        "twelve" => "twelfth".to_owned(),
        _ => match last.strip_suffix('y') {
            Some(stem) => format!("{stem}ieth"),
            None => format!("{last}th"),
        },
    };
    format!("{head}{last}")
}

/// `2026` → "twenty twenty-six", `1905` → "nineteen oh five", `2005` → "two thousand and five".
pub fn year(number: u64) -> String {
    let (century, rest) = (number / 100, number % 100);
    match (century, rest) {
        (11..=19, 0) => format!("{} hundred", cardinal(century)),
        (11..=19 | 21, 1..=9) => format!("{} oh {}", cardinal(century), cardinal(rest)),
        (11..=21, 10..) => format!("{} {}", cardinal(century), cardinal(rest)),
        _ => cardinal(number),
    }
}

/// Digits as written: with a leading zero, or too many for a name, they are read one by one.
pub fn written(digits: &str) -> String {
    match digits.parse() {
        Ok(number) if digits == "0" || !digits.starts_with('0') => cardinal(number),
        _ => digit_by_digit(digits),
    }
}

/// `"007"` → "zero zero seven".
pub fn digit_by_digit(digits: &str) -> String {
    digits.chars().filter_map(|c| c.to_digit(10)).map(|digit| UNITS[digit as usize]).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_british() {
        for (number, words) in [
            (0, "zero"),
            (13, "thirteen"),
            (42, "forty-two"),
            (105, "one hundred and five"),
            (1_001, "one thousand and one"),
            (44_753, "forty-four thousand seven hundred and fifty-three"),
            (2_000_000, "two million"),
        ] {
            assert_eq!(cardinal(number), words);
        }
        assert!(cardinal(u64::MAX).starts_with("one eight four"));
    }

    #[test]
    fn ordinals_and_years() {
        for (number, words) in
            [(1, "first"), (12, "twelfth"), (20, "twentieth"), (21, "twenty-first"), (100, "one hundredth")]
        {
            assert_eq!(ordinal(number), words);
        }
        for (number, words) in [
            (1789, "seventeen eighty-nine"),
            (1900, "nineteen hundred"),
            (1905, "nineteen oh five"),
            (2000, "two thousand"),
            (2005, "two thousand and five"),
            (2026, "twenty twenty-six"),
        ] {
            assert_eq!(year(number), words);
        }
    }
}
