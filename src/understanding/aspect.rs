//! Questions without a subject: "et c'est combien ?", "il faut quoi comme papiers ?". What they are about was said before, or is
//! asked back. Must not know: topics.

use super::text::Token;

/// Words about any procedure, folded.
const ASPECTS: &[&str] = &[
    // Price
    "combien",
    "coute",
    "couter",
    "coutera",
    "cher",
    "prix",
    "tarif",
    "tarifs",
    "gratuit",
    "gratuite",
    "payant",
    "payante",
    "payer",
    "paye",
    "paie",
    "argent",
    "frais",
    "euros",
    "montant",
    // Time
    "temps",
    "delai",
    "delais",
    "longtemps",
    "long",
    "duree",
    "dure",
    "attendre",
    "vite",
    "jours",
    "semaines",
    "pret",
    "prete",
    // What to bring
    "apporter",
    "amener",
    "ramener",
    "fournir",
    "documents",
    "document",
    "pieces",
    "piece",
    "papiers",
    "justificatifs",
    "justificatif",
    "liste",
    // How and where
    "endroit",
    "lieu",
    "ligne",
    "internet",
    "site",
    "rendez",
    "deplacer",
    "marche",
    "passe",
    "procedure",
    "demarche",
    "demarches",
    "etapes",
    "inscrire",
    "renseigner",
    "info",
    "infos",
    "information",
    "informations",
    // English
    "price",
    "cost",
    "costs",
    "long",
    "bring",
    "free",
    "pay",
    "online",
    "documents",
    "take",
];
/// Words that refer to what was said.
const REFERENCES: &[&str] =
    &["prend", "prends", "faudra", "celle", "celui", "pareil", "meme", "aussi", "exactement", "chose", "truc", "total"];

/// Nothing in the sentence names a subject, and something asks for an aspect of one.
pub fn is_without_subject(said: &[Token]) -> bool {
    // "Comment ça marche" has none, "le marché" is one.
    let is_market = |token: &Token| token.folded == "marche" && token.written.ends_with('é');
    let asks = |token: &Token| ASPECTS.contains(&token.folded.as_str()) && !is_market(token);
    let refers = |token: &Token| REFERENCES.contains(&token.folded.as_str());
    let mut content = said.iter().filter(|token| token.is_content()).peekable();
    said.iter().any(asks) && content.peek().is_some() && content.all(|token| asks(token) || refers(token))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::understanding::text::tokens;

    #[test]
    fn aspects_alone_have_no_subject() {
        for text in
            ["et c'est combien", "il faut apporter quoi comme papiers", "ça prend combien de temps", "c'est gratuit"]
        {
            assert!(is_without_subject(&tokens(text)), "{text}");
        }
        assert!(is_without_subject(&tokens("comment ça marche")));
        for text in [
            "combien coûte un passeport",
            "bonjour",
            "",
            "les horaires",
            "je voudrais payer la cantine",
            "le marché, c'est quels jours",
        ] {
            assert!(!is_without_subject(&tokens(text)), "{text}");
        }
    }
}
