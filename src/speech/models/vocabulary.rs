//! The tokens of Whisper as bytes, from a Hugging Face `tokenizer.json`.
//!
//! Owns: GPT-2's printable spelling of bytes. Must not know: what else a tokenizer does.

use std::collections::HashMap;

use super::ModelsError;

const FILE: &str = "tokenizer.json";

#[derive(serde::Deserialize)]
struct Tokenizer {
    model: Model,
    added_tokens: Vec<Added>,
}

#[derive(serde::Deserialize)]
struct Model {
    vocab: HashMap<String, usize>,
}

#[derive(serde::Deserialize)]
struct Added {
    id: usize,
    content: String,
}

/// The bytes of every ordinary token, by id; the special ones begin at `<|endoftext|>`, where the list ends.
pub fn read(json: &[u8]) -> Result<Vec<Vec<u8>>, ModelsError> {
    let tokenizer: Tokenizer =
        serde_json::from_slice(json).map_err(|error| ModelsError::malformed(FILE, error.to_string()))?;
    let end = tokenizer
        .added_tokens
        .iter()
        .find(|token| token.content == "<|endoftext|>")
        .ok_or_else(|| ModelsError::malformed(FILE, "<|endoftext|> n'y est pas"))?
        .id;
    let bytes = byte_table();
    let mut tokens: Vec<Option<Vec<u8>>> = Vec::new();
    tokens.resize_with(end.min(tokenizer.model.vocab.len()), || None);
    for (piece, id) in &tokenizer.model.vocab {
        let Some(token) = tokens.get_mut(*id) else {
            continue;
        };
        let spelled: Option<Vec<u8>> = piece.chars().map(|c| bytes.get(&c).copied()).collect();
        *token = Some(
            spelled.ok_or_else(|| ModelsError::malformed(FILE, format!("le jeton {id} n'est pas écrit en octets")))?,
        );
    }
    let tokens: Option<Vec<Vec<u8>>> = tokens.into_iter().collect();
    match tokens {
        Some(tokens) if tokens.len() == end => Ok(tokens),
        _ => Err(ModelsError::malformed(FILE, "des jetons manquent")),
    }
}

/// GPT-2's byte table, inverted: printable Latin-1 characters stand for themselves, the other bytes, in order, for
/// the characters from U+0100 on.
fn byte_table() -> HashMap<char, u8> {
    let mut other = 0x100..;
    (0..=255u8)
        .filter_map(|byte| {
            let code = match byte {
                0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff => u32::from(byte),
                _ => other.next()?,
            };
            Some((char::from_u32(code)?, byte))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_one_character() {
        let table = byte_table();
        assert_eq!(table.len(), 256);
        // Known spellings of GPT-2: space, newline, the first and last characters of the second row.
        assert_eq!(table[&'Ġ'], b' ');
        assert_eq!(table[&'Ċ'], b'\n');
        assert_eq!(table[&'Ā'], 0);
        assert_eq!(table[&'Ń'], 0xad);
        assert_eq!(table[&'Ã'], 0xc3);
    }

    #[test]
    fn pieces_become_bytes_up_to_the_special_tokens() {
        let json = br#"{"added_tokens": [{"id": 3, "content": "<|endoftext|>"}],
            "model": {"vocab": {"a": 0, "\u0120mairie": 1, "\u00c3\u00a9": 2, "<|endoftext|>": 3}}}"#;
        let tokens = read(json).expect("a well-formed tokenizer");
        assert_eq!(tokens, [b"a".to_vec(), b" mairie".to_vec(), "é".into()]);
    }

    #[test]
    fn a_missing_token_is_refused() {
        let json = br#"{"added_tokens": [{"id": 3, "content": "<|endoftext|>"}],
            "model": {"vocab": {"a": 0, "b": 2, "c": 4}}}"#;
        assert!(read(json).is_err());
    }
}
