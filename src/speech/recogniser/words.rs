//! Text as bare words: what is left when case, accents and punctuation no longer count.
//!
//! Owns: the normalisation under which two transcripts are the same. Must not know: what they are compared for.

/// The words of `text`: lower case, without accents; every other sign separates.
pub fn bare(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for c in text.chars().flat_map(char::to_lowercase) {
        match c {
            'œ' => push(&mut words, "oe"),
            'æ' => push(&mut words, "ae"),
            // A combining accent belongs to the letter before it.
            '\u{300}'..='\u{36f}' => {}
            _ if c.is_alphanumeric() => {
                if let Some(word) = words.last_mut() {
                    word.push(unaccented(c));
                }
            }
            _ => words.push(String::new()),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn push(words: &mut [String], letters: &str) {
    if let Some(word) = words.last_mut() {
        word.push_str(letters);
    }
}

fn unaccented(c: char) -> char {
    match c {
        'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' => 'a',
        'ç' => 'c',
        'è' | 'é' | 'ê' | 'ë' => 'e',
        'ì' | 'í' | 'î' | 'ï' => 'i',
        'ñ' => 'n',
        'ò' | 'ó' | 'ô' | 'õ' | 'ö' => 'o',
        'ù' | 'ú' | 'û' | 'ü' => 'u',
        'ý' | 'ÿ' => 'y',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_accents_and_punctuation_do_not_count() {
        assert_eq!(bare("L'état-civil, À 8h30… Cœur !"), ["l", "etat", "civil", "a", "8h30", "coeur"]);
        assert_eq!(bare("e\u{301}te\u{301}"), ["ete"]);
        assert!(bare(" – … ").is_empty());
    }
}
