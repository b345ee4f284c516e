//! What the recogniser is known to write for words of a town hall, and what was meant.
//!
//! Applied as a second reading beside the first, never instead of it: "l'Amérique" may be meant.

/// (what is written, what was meant), folded words.
const MISHEARD: &[(&str, &str)] = &[
    ("c n i", "cni"),
    ("cet ni", "cni"),
    ("ces ni", "cni"),
    ("kni", "cni"),
    ("cnie", "cni"),
    ("pack", "pacs"),
    ("packs", "pacs"),
    ("paxe", "pacs"),
    ("pax", "pacs"),
    ("du plus", "du plu"),
    ("et a civil", "etat civil"),
    ("et a civile", "etat civil"),
    ("et ta civil", "etat civil"),
    ("eta civil", "etat civil"),
    ("etat si vil", "etat civil"),
    ("etat six villes", "etat civil"),
    ("et tassivil", "etat civil"),
    ("les tassivils", "l etat civil"),
    ("tassivil", "etat civil"),
    ("l amerique", "la mairie"),
    ("la merite", "la mairie"),
    ("le merite", "la mairie"),
    ("merite", "mairie"),
    ("amerie", "mairie"),
    ("l amerie", "la mairie"),
    ("la marie", "la mairie"),
    ("pas sport", "passeport"),
    ("passe port", "passeport"),
    ("passe ports", "passeport"),
    ("carte d entite", "carte d identite"),
    ("carte d indemnite", "carte d identite"),
    ("carte dentite", "carte d identite"),
    ("carte d identiter", "carte d identite"),
    ("livre et de famille", "livret de famille"),
    ("livre de famille", "livret de famille"),
    ("de chetterie", "dechetterie"),
    ("des chetteries", "dechetterie"),
    ("des cheteries", "dechetterie"),
    ("la des chetterie", "la dechetterie"),
    ("en combrants", "encombrants"),
    ("en combrant", "encombrants"),
    ("les encombres", "les encombrants"),
    ("en contrant", "encombrants"),
    ("les zencombrants", "les encombrants"),
    ("acte de naissance s", "acte de naissance"),
    ("acte de n essence", "acte de naissance"),
    ("acte de nez sens", "acte de naissance"),
    ("acte de connaissance", "acte de naissance"),
    ("declarer une essence", "declarer une naissance"),
    ("declare une essence", "declare une naissance"),
    ("declaration d essence", "declaration de naissance"),
    ("eboires", "eboueurs"),
    ("eboire", "eboueur"),
    ("mombac", "mon bac"),
    ("fourque", "fourqueux"),
    ("forque", "fourqueux"),
    ("four que", "fourqueux"),
    ("predement", "predemande"),
    ("pre dement", "predemande"),
    ("poub elle", "poubelle"),
    ("pou belle", "poubelle"),
    ("pou belles", "poubelles"),
];

/// The sentence with known mistakes undone, in folded words; `None` when there is none.
pub fn mended(plain: &str) -> Option<String> {
    let mut text = format!(" {plain} ");
    let before = text.clone();
    for (heard, meant) in MISHEARD {
        let heard = format!(" {heard} ");
        if text.contains(&heard) {
            text = text.replace(&heard, &format!(" {meant} "));
        }
    }
    (text != before).then(|| text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::mended;

    #[test]
    fn undoes_known_mistakes_and_nothing_else() {
        assert_eq!(mended("je veux refaire ma kni").as_deref(), Some("je veux refaire ma cni"));
        assert_eq!(mended("je cherche l amerique").as_deref(), Some("je cherche la mairie"));
        assert_eq!(mended("un acte et a civil").as_deref(), Some("un acte etat civil"));
        assert_eq!(mended("je dois declarer une essence").as_deref(), Some("je dois declarer une naissance"));
        assert_eq!(mended("je voudrais un acte de naissance"), None);
        assert_eq!(mended("le prix de l essence"), None);
    }
}
