//! French number words from zero to ninety-nine, as digits: the bricks of telephone numbers.

use crate::understanding::text::Token;

/// One spoken or written number: its digits ("06", "12", "7") and how many words it took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number {
    pub digits: String,
    pub words: usize,
}

/// The number that starts at the first of these words.
pub fn number_at(tokens: &[Token]) -> Option<Number> {
    let first = tokens.first()?;
    if first.folded.bytes().all(|b| b.is_ascii_digit()) {
        return Some(Number { digits: first.folded.clone(), words: 1 });
    }
    let (value, words) = cardinal(tokens)?;
    Some(Number { digits: value.to_string(), words })
}

fn word(tokens: &[Token], at: usize) -> &str {
    tokens.get(at).map_or("", |t| t.folded.as_str())
}

fn cardinal(tokens: &[Token]) -> Option<(u8, usize)> {
    let first = word(tokens, 0);
    if let Some(value) = unit(first) {
        // "quatre-vingt(s)", with what follows up to nineteen.
        if value == 4 && matches!(word(tokens, 1), "vingt" | "vingts") {
            return Some(match below_twenty(tokens, 2) {
                Some((rest, words)) => (80 + rest, 2 + words),
                None => (80, 2),
            });
        }
        return Some((value, 1));
    }
    if let Some((value, words)) = teen(tokens, 0) {
        return Some((value, words));
    }
    let tens = match first {
        "vingt" => 20,
        "trente" => 30,
        "quarante" => 40,
        "cinquante" => 50,
        "soixante" => 60,
        "septante" => 70,
        "huitante" | "octante" => 80,
        "nonante" => 90,
        _ => return None,
    };
    let (and, from) = if word(tokens, 1) == "et" { (true, 2) } else { (false, 1) };
    if tens == 60
        && let Some((value, words)) = teen(tokens, from)
        && (!and || value == 11)
    {
        return Some((60 + value, from + words));
    }
    match unit(word(tokens, from)) {
        Some(1) if and => Some((tens + 1, from + 1)),
        // "vingt, zéro six" are two numbers; "quatre-vingt" after a ten is the next one.
        Some(value) if !and && value > 0 && !is_eighty(tokens, from) => Some((tens + value, from + 1)),
        _ => Some((tens, 1)),
    }
}

fn is_eighty(tokens: &[Token], at: usize) -> bool {
    word(tokens, at) == "quatre" && matches!(word(tokens, at + 1), "vingt" | "vingts")
}

fn below_twenty(tokens: &[Token], at: usize) -> Option<(u8, usize)> {
    teen(tokens, at).or_else(|| match unit(word(tokens, at))? {
        0 => None,
        value => Some((value, 1)).filter(|_| !is_eighty(tokens, at)),
    })
}

/// Ten to nineteen.
fn teen(tokens: &[Token], at: usize) -> Option<(u8, usize)> {
    let value = match word(tokens, at) {
        "dix" => match word(tokens, at + 1) {
            "sept" => return Some((17, 2)),
            "huit" => return Some((18, 2)),
            "neuf" => return Some((19, 2)),
            _ => 10,
        },
        "onze" => 11,
        "douze" => 12,
        "treize" => 13,
        "quatorze" => 14,
        "quinze" => 15,
        "seize" => 16,
        _ => return None,
    };
    Some((value, 1))
}

fn unit(word: &str) -> Option<u8> {
    Some(match word {
        "zero" | "zeros" => 0,
        "un" | "une" => 1,
        "deux" => 2,
        "trois" => 3,
        "quatre" => 4,
        "cinq" => 5,
        "six" => 6,
        "sept" => 7,
        "huit" => 8,
        "neuf" => 9,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::understanding::text::tokens;

    #[test]
    fn numbers_up_to_ninety_nine() {
        for (text, digits, words) in [
            ("zéro", "0", 1),
            ("06", "06", 1),
            ("un", "1", 1),
            ("dix-sept", "17", 2),
            ("dix douze", "10", 1),
            ("vingt et un", "21", 3),
            ("vingt-deux", "22", 2),
            ("trente", "30", 1),
            ("soixante-dix", "70", 2),
            ("soixante et onze", "71", 3),
            ("soixante-dix-huit", "78", 3),
            ("soixante-quinze", "75", 2),
            ("quatre-vingts", "80", 2),
            ("quatre-vingt-un", "81", 3),
            ("quatre-vingt-dix-neuf", "99", 4),
            ("quatre-vingt-onze", "91", 3),
            ("nonante-trois", "93", 2),
            ("vingt quatre-vingt-dix", "20", 1),
            ("vingt zéro six", "20", 1),
        ] {
            let number = number_at(&tokens(text)).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((number.digits.as_str(), number.words), (digits, words), "{text}");
        }
        assert_eq!(number_at(&tokens("carte")), None);
        assert_eq!(number_at(&[]), None);
    }
}
