use super::*;
use crate::understanding::slots::golden::golden;
use crate::understanding::slots::is_sure;

fn best(text: &str) -> Option<String> {
    read(text).into_iter().next().map(|r| r.value)
}

#[test]
fn names_in_everyday_answers() {
    golden(
        &[
            ("Le Goff", "Le Goff"),
            ("Monsieur Girard, géninaire, par RD.", "Girard"),
            ("Madame Bonnelly, Béros Enravel, IS.", "Bonnelly"),
            ("Coalski je voulais pelle, carotw-s-k-i.", "Coalski"),
            ("Chevalier comment chevalier ?", "Chevalier"),
            ("Bertrand s'est mon nom de famille.", "Bertrand"),
            ("Dubois, je vous l'épelle, D, U, B, O, I, S", "Dubois"),
            ("Martin, Jean", "Martin Jean"),
            ("le goff", "Le Goff"),
            ("Martin", "Martin"),
            ("c'est madame Martin", "Martin"),
            ("bonjour, je m'appelle Jeanne Dupont", "Jeanne Dupont"),
            ("mon nom est Nguyen", "Nguyen"),
            ("au nom de Moreau", "Moreau"),
            ("euh Dubois s'il vous plaît", "Dubois"),
            ("monsieur de la Tour", "de la Tour"),
            ("oui alors c'est monsieur Haddad", "Haddad"),
            ("je suis madame Péricard", "Péricard"),
            ("Le Goff au plutôt", "Le Goff"),
            ("notez Benali", "Benali"),
            ("Jean-Pierre Lefèvre", "Jean-Pierre Lefèvre"),
            ("jean-pierre lefèvre", "Jean-Pierre Lefèvre"),
            ("mademoiselle Chloé d'Artois", "Chloé d'Artois"),
            ("Ben Youssef", "Ben Youssef"),
            ("le nom c'est Moreau", "Moreau"),
            ("C'est madame Martin.", "Martin"),
            ("Le Bon", "Le Bon"),
            ("MARTIN", "Martin"),
            ("My name is John Smith", "John Smith"),
            ("it's Mrs Brown", "Brown"),
            ("this is Peter O'Neill speaking", "Peter O'Neill"),
            ("Taylor, please", "Taylor"),
            ("Garcia monsieur Garcia", "Garcia"),
            ("Moreau. Claire Moreau.", "Claire Moreau"),
            ("Le Goff. Yann Le Goff.", "Yann Le Goff"),
        ],
        best,
    );
}

#[test]
fn names_with_their_spelling() {
    golden(
        &[
            ("Durand, D U R A N D", "Durand"),
            ("Madame Perrin. P-E-R-R-R-I-N.", "Perrin"),
            ("Koalski je voulais pelle, K-O-W-A-L-S-K-I.", "Kowalski"),
            ("C'est Monsieur Chauvin. C-H-A-U-R-I-N.", "Chauvin"),
            ("Garnier. R-A-R-N-I-E-R", "Garnier"),
            ("Martin. M-A-R-T-Y-N.", "Martyn"),
            ("Durand. D-U-R-A-N-T.", "Durant"),
            ("Lefèvre. L-E-F-E-B-V-R-E.", "Lefebvre"),
            ("Lefebvre, avec un B au milieu. L, E, F, E, B, V, R, E.", "Lefebvre"),
            ("Monsieur Collin, avec deux L : C, O, L, L, I, N.", "Collin"),
            ("Martel avec deux L à la fin, M, A, R, T, E, L, L", "Martell"),
            ("L E G O F F", "Legoff"),
            ("Le Goff, L E G O F F", "Le Goff"),
            ("Le Gof, L E G O F F", "Le Goff"),
            ("Dupont, D U P O N D", "Dupond"),
            ("Dupont ça s'écrit D-U-P-O-N-D", "Dupond"),
            ("Jeanne Dupont, D U P O N D", "Jeanne Dupond"),
            ("c'est madame Kovalski, K-O-W-A-L-S-K-I", "Kowalski"),
            ("Fayçal, F-A-I-GREC-C-A-L", "Fayçal"),
            ("du PONT", "Dupont"),
            ("P-E-R-I-C-A-R-D", "Pericard"),
            ("Péricard, P E R I C A R D", "Péricard"),
            ("Lefebvre avec la lettre L comme Louis E F E B V R E", "Lefebvre"),
            ("Dupont D comme Denis U P O N T", "Dupont"),
            ("B R O W N", "Brown"),
            ("Browne, B R O W N E", "Browne"),
            ("Smith, S M Y T H", "Smyth"),
            ("J E A N tiret P A U L", "Jean-Paul"),
            ("Noël, N O E tréma L", "Noël"),
            ("Martin, M-R-T-I-N", "Martin"),
            ("C'est Madame Kowalski, KWVLSKI.", "Kowalski"),
            ("Bravo Romeo Oscar Whiskey November", "Brown"),
        ],
        best,
    );
}

#[test]
fn the_spelling_wins_but_is_asked_about() {
    let readings = read("Martin, D U R A N D");
    assert_eq!(readings.iter().map(|r| r.value.as_str()).collect::<Vec<_>>(), ["Durand", "Martin"]);
    assert!(!is_sure(&readings));
    assert!(is_sure(&read("Dupont, D U P O N D")));
}

#[test]
fn no_name() {
    for text in [
        "",
        "oui",
        "euh",
        "je ne sais pas",
        "pourquoi",
        "bonjour madame",
        "06 12 34 56 78",
        "au",
        "mais enfin je vous ai déjà dit que la rue était barrée ce matin",
        "I don't know",
    ] {
        assert!(read(text).is_empty(), "{text}: {:?}", read(text));
    }
}

#[test]
fn corrections_of_letters() {
    for (name, text, wanted) in [
        ("Balot", "avec deux L", "Ballot"),
        ("Ballot", "avec deux L", "Ballot"),
        ("Ballot", "non, avec un seul L", "Balot"),
        ("Martin", "avec un Y", "Martyn"),
        ("Martin", "avec un I grec", "Martyn"),
        ("Martin", "un Y au lieu du I", "Martyn"),
        ("Martin", "un Y à la place du I", "Martyn"),
        ("Dupont", "avec un D à la fin", "Dupond"),
        ("Dupont", "un D, pas un T", "Dupond"),
        ("Dupont", "avec un T", "Dupont"),
        ("Durand", "avec un T", "Durant"),
        ("Lefevre", "avec un accent grave", "Lefevrè"),
        ("Pericard", "avec un accent aigu sur le premier E", "Péricard"),
        ("Péricard", "sans accent", "Pericard"),
        ("Le Goff", "avec un tiret", "Le-Goff"),
        ("Jean-Paul", "sans tiret", "Jean Paul"),
        ("Hadad", "avec deux D", "Haddad"),
        ("Thomas", "sans H", "Tomas"),
        ("Dumas", "sans S à la fin", "Duma"),
        ("Benar", "avec un D à la fin", "Benard"),
        ("Enri", "avec un H au début", "Henri"),
        ("Francois", "avec une cédille", "François"),
        ("Noel", "avec un tréma", "Noël"),
        ("Colson", "double L", "Collson"),
        ("Brown", "with an E at the end", "Browne"),
    ] {
        assert_eq!(amended(name, text).as_deref(), Some(wanted), "{name} {text}");
    }
    for text in ["", "oui", "c'est Moreau", "non", "06 12 34 56 78", "avec plaisir", "deux enfants", "sans façon"] {
        assert_eq!(amended("Martin", text), None, "{text}");
    }
}

#[test]
fn long_answers_are_bounded() {
    for text in ["Anne".repeat(100), "A B ".repeat(300)] {
        assert!(read(&text).iter().all(|r| r.value.chars().count() <= LONGEST));
    }
}
