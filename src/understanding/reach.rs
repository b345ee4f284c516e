//! "Je voudrais parler à l'état civil", "passez-moi madame Martin", "un agent": the caller wants somebody, not an answer.

use std::sync::LazyLock;

use super::pattern::{Pattern, Patterns, content_outside};
use super::text::Token;

/// Wanting to speak with somebody, wherever it stands.
static ASKS: LazyLock<Patterns> = LazyLock::new(|| {
    Patterns::new(
        &[
            "parler|discuter|causer|m'entretenir a|au|aux|avec",
            "parler|discuter directement|plutot a|au|aux|avec",
            "parler quelquun",
            "passez|passer|passe|repasser|repassez moi|me|nous",
            "me|nous passer|passez",
            "passez le|la|l|les|un|une|quelquun|madame|monsieur",
            "me? mettre|mettez|mets moi|me? en relation|contact|communication",
            "transferer|transferez|transfere|basculer|orienter moi|me|mon|l|vers|a|au",
            "me transferer|rediriger|basculer",
            "joindre|contacter le|la|l|les|un|une|votre? service|agent|standard|secretariat|bureau|responsable|conseiller|conseillere|accueil|directeur|directrice|elu|elue|maire|cabinet|personne",
            "joindre|contacter quelquun|madame|monsieur|mme|mr",
            "avoir|voudrais|veux quelquun au|en|de? ligne|telephone|bout|humain",
            "avoir madame|monsieur|mme|mr",
            "avoir|voudrais|veux|besoin un|une|d? agent|conseiller|conseillere|operateur|operatrice|humain|humaine",
            "avoir le|un? standard|standardiste",
            "veux|voudrais|prefere|prefererais|aimerais un|une vrai|vraie|etre? humain|personne|agent|conseiller|conseillere",
            "lui|leur parler",
            "pas a? un|une|de|d? robot|machine|repondeur|ordinateur",
        ],
        0,
    )
});

/// Enough by themselves, when little else is said.
static NAMES_SOMEBODY: LazyLock<Patterns> = LazyLock::new(|| {
    Patterns::new(
        &[
            "un|une|l|votre vrai|vraie? agent|conseiller|conseillere|humain|humaine|operateur|operatrice|personne|standardiste|secretaire|interlocuteur|interlocutrice|correspondant",
            "agent|conseiller|conseillere|operateur|operatrice|standardiste|standard|humain",
            "un? etre humain",
            "quelquun",
            "une? vraie personne",
            "le? standard",
            "le? secretariat",
        ],
        0,
    )
});

/// Sentences that only look like asking for somebody.
static NOT_ASKING: LazyLock<Vec<Pattern>> = LazyLock::new(|| {
    [
        "agent|agents|conseiller|quelquun m|qui|nous a|ont|est|etait|avait",
        "qui|agent|quelquun qui vient|passe|passera",
        "entendu|voulais|veux|voudrais parler de|d|du|des",
        "permis|passer le? permis|bac|brevet",
        "agent recenseur|immobilier|assermente",
        "faire passer",
        "pour|a quelquun d",
        "quelquun d autre",
        "a quelquun",
    ]
    .iter()
    .map(|w| Pattern::new(w, 0))
    .collect()
});

/// Somebody is asked for; `target` is what is said about whom, to find the service in.
pub fn asked(tokens: &[Token]) -> Option<Vec<Token>> {
    if let Some(range) = ASKS.find(tokens) {
        let target = tokens.iter().enumerate().filter(|(i, _)| !range.contains(i)).map(|(_, t)| t.clone()).collect();
        return Some(target);
    }
    let range = NAMES_SOMEBODY.find(tokens)?;
    if NOT_ASKING.iter().any(|p| p.find(tokens).is_some()) || content_outside(tokens, &range) > 1 {
        return None;
    }
    Some(tokens.iter().enumerate().filter(|(i, _)| !range.contains(i)).map(|(_, t)| t.clone()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::understanding::text::tokens;

    #[test]
    fn somebody_is_wanted() {
        for text in [
            "je voudrais parler à l'état civil",
            "passez-moi madame Martin",
            "un agent",
            "un agent s'il vous plaît",
            "quelqu'un",
            "je voudrais parler à quelqu'un",
            "je veux parler à un humain",
            "pourriez-vous me passer le service urbanisme",
            "je voudrais joindre le service des passeports",
            "mettez-moi en relation avec le standard",
            "je veux une vraie personne pas un robot",
            "je voudrais avoir quelqu'un au téléphone",
            "un conseiller",
            "transférez-moi à l'accueil",
            "j'en ai marre des robots je veux un être humain",
            "monsieur Dupont à l'urbanisme s'il vous plaît je voudrais lui parler",
        ] {
            assert!(asked(&tokens(text)).is_some(), "{text}");
        }
    }

    #[test]
    fn an_answer_is_wanted() {
        for text in [
            "un agent m'a dit de refaire ma carte d'identité",
            "je dois refaire mon passeport",
            "je voudrais parler de ma carte d'identité",
            "comment avoir un acte de naissance",
            "faut-il joindre un justificatif",
            "à quelle heure passe le camion",
            "quand passez-vous ramasser les poubelles",
            "oui",
            "",
        ] {
            assert!(asked(&tokens(text)).is_none(), "{text}");
        }
    }
}
