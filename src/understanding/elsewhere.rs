//! Matters that no town hall deals with: what tells a caller who has the wrong number from one who words things unusually.
//!
//! A town whose dialplan has these words knows better: they count only where no topic has them. Must not know: topics.

use super::text::{Token, Weight};

/// Folded; `*` any ending.
const WORDS: &[&str] = &[
    // Weather, news, pastimes
    "meteo",
    "pleuvoir",
    "pleut",
    "neiger",
    "horoscope",
    "blague*",
    "chanson*",
    "recette*",
    "cuisiner",
    "film*",
    "cinema*",
    "serie*",
    "netflix",
    "youtube",
    "foot",
    "football",
    "psg",
    "match*",
    "loto",
    "pmu",
    "bourse",
    "bitcoin",
    "poeme*",
    "president",
    "capitale",
    "racine*",
    "multiplie",
    "traduire",
    "traduis",
    "traduction",
    // Eating out, travel
    "pizza*",
    "restaurant*",
    "resto*",
    "mcdo",
    "taxi*",
    "uber",
    "vtc",
    "sncf",
    "tgv",
    "train*",
    "rer",
    "metro",
    "ratp",
    "navigo",
    "avion*",
    "vol",
    "vols",
    "hotel*",
    "airbnb",
    "billet d avion",
    "aeroport",
    // Health
    "medecin*",
    "docteur*",
    "dentiste*",
    "pharmacie*",
    "ordonnance*",
    "hopital",
    "clinique",
    "vaccin*",
    "kine",
    "ophtalmo*",
    "radio",
    "irm",
    "prise de sang",
    "doctolib",
    "veterinaire*",
    // Money and other administrations
    "banque*",
    "bancaire*",
    "credit*",
    "virement*",
    "mutuelle*",
    "assureur",
    "paypal",
    "vitale",
    "cpam",
    "ameli",
    "secu",
    "impot*",
    "fisc",
    "urssaf",
    "caf",
    "chomage",
    "emploi",
    "grise",
    "immatriculation",
    "permis de conduire",
    "notaire*",
    "avocat*",
    "tribunal",
    "prefecture",
    "visa",
    // Shops and firms
    "amazon",
    "colis",
    "livraison*",
    "chronopost",
    "poste",
    "edf",
    "engie",
    "orange",
    "sfr",
    "bouygues",
    "freebox",
    "free",
    "wifi",
    "fibre",
    "coiffeur*",
    "coiffure",
    "garagiste",
    "vidange",
    "pneu*",
    "plombier*",
    "electricien*",
    "serrurier*",
    "chaussure*",
    "vetement*",
    "soldes",
    "carrefour",
    "leclerc",
    "supermarche*",
    "boulangerie*",
    "commande*",
    "rembours*",
    "ordinateur",
    "imprimante",
    "windows",
    "iphone",
    // English
    "weather",
    "pizza",
    "taxi",
    "doctor*",
    "dentist*",
    "bank*",
    "hotel*",
    "flight*",
    "football",
    "joke*",
];

/// Which words of a sentence are of such a matter.
pub fn found(said: &[Token]) -> Vec<bool> {
    let mut found = vec![false; said.len()];
    for (position, token) in said.iter().enumerate() {
        if token.weight == Weight::Filler {
            continue;
        }
        for written in WORDS {
            let mut words = written.split(' ');
            let matches = |word: &str, token: &Token| match word.strip_suffix('*') {
                Some(start) => token.folded.starts_with(start),
                None => token.folded == word,
            };
            let length = written.split(' ').count();
            let here = said.get(position..position + length);
            if here.is_some_and(|run| run.iter().all(|token| words.next().is_some_and(|word| matches(word, token)))) {
                found[position..position + length].fill(true);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::understanding::text::tokens;

    #[test]
    fn marks_the_words_of_other_houses() {
        assert_eq!(found(&tokens("je voudrais une pizza")), [false, false, false, true]);
        assert_eq!(found(&tokens("mon permis de conduire")), [false, true, true, true]);
        assert!(!found(&tokens("mon permis de construire")).contains(&true));
        assert!(found(&[]).is_empty());
    }
}
