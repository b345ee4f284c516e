//! What the citizen hears, row by row.

use super::*;

#[track_caller]
fn check(rows: &[(&str, &str)]) {
    let mut wrong = Vec::new();
    for (written, spoken) in rows {
        let said = french(written);
        if &said != spoken {
            wrong.push(format!("{written:?}\n   is {said:?}\n  not {spoken:?}"));
        }
        let again = french(spoken);
        if &again != spoken {
            wrong.push(format!("a second pass turns {spoken:?}\n into {again:?}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn hours() {
    check(&[
        ("13h", "treize heures"),
        ("8h30", "huit heures trente"),
        ("à 9h05.", "à neuf heures cinq."),
        ("12h00", "douze heures"),
        ("8 h 30 et 1h", "huit heures trente et une heure"),
        ("21h21", "vingt et une heures vingt et une"),
        ("0h", "zéro heure"),
        ("17:30", "dix-sept heures trente"),
        ("8h30-12h", "de huit heures trente à douze heures"),
        (
            "8h30 – 12h, 13h30-17h30",
            "de huit heures trente à douze heures, de treize heures trente à dix-sept heures trente",
        ),
        ("de 9-19 h", "de neuf heures à dix-neuf heures"),
        ("entre 9h-11h", "entre neuf heures et onze heures"),
        ("de 8h45 à 12h", "de huit heures quarante-cinq à douze heures"),
        ("24h/24, 7j/7", "vingt-quatre heures sur vingt-quatre, sept jours sur sept"),
        ("sous 48h", "sous quarante-huit heures"),
        ("2 à 3 heures", "deux à trois heures"),
        ("21 heures", "vingt et une heures"),
        ("lundi-vendredi : 9h-12h", "du lundi au vendredi : de neuf heures à douze heures"),
    ]);
}

#[test]
fn dates() {
    check(&[
        ("le 3 novembre 2026", "le trois novembre deux mille vingt-six"),
        ("le 1er mai", "le premier mai"),
        ("le 1 janvier", "le premier janvier"),
        ("03/11/2026", "trois novembre deux mille vingt-six"),
        ("le 01/05", "le premier mai"),
        ("2026-11-03", "trois novembre deux mille vingt-six"),
        ("13 au 17 août", "treize au dix-sept août"),
        ("depuis 1998", "depuis mille neuf cent quatre-vingt-dix-huit"),
        ("le 5 déc. 2026", "le cinq décembre deux mille vingt-six"),
        ("l'année scolaire 2026-2027", "l'année scolaire deux mille vingt-six deux mille vingt-sept"),
        ("31/02/99", "trente et un février mille neuf cent quatre-vingt-dix-neuf"),
    ]);
}

#[test]
fn telephone_numbers() {
    check(&[
        ("01 30 87 20 00", "zéro un, trente, quatre-vingt-sept, vingt, zéro zéro"),
        ("au 01.34.51.23.14.", "au zéro un, trente-quatre, cinquante et un, vingt-trois, quatorze."),
        ("0612345678", "zéro six, douze, trente-quatre, cinquante-six, soixante-dix-huit"),
        ("+33 1 30 87 20 00", "plus trente-trois, un, trente, quatre-vingt-sept, vingt, zéro zéro"),
        ("0 800 47 33 33", "zéro huit cents, quarante-sept, trente-trois, trente-trois"),
        ("le 3919", "le trente-neuf dix-neuf"),
        ("le 15, le 18 ou le 112", "le quinze, le dix-huit ou le cent douze"),
        ("15,17,18", "quinze, dix-sept, dix-huit"),
        ("116 117", "cent seize, cent dix-sept"),
    ]);
}

#[test]
fn money_and_percentages() {
    check(&[
        ("25 €", "vingt-cinq euros"),
        ("25€", "vingt-cinq euros"),
        ("1 euro", "un euro"),
        ("25,50 euros", "vingt-cinq euros cinquante"),
        ("0,50 €", "cinquante centimes"),
        ("86,00 €", "quatre-vingt-six euros"),
        ("3€50", "trois euros cinquante"),
        ("1 250 €", "mille deux cent cinquante euros"),
        ("34 €/an", "trente-quatre euros par an"),
        ("2 000 000 €", "deux millions d'euros"),
        ("50 %", "cinquante pour cent"),
        ("2,5%", "deux virgule cinq pour cent"),
    ]);
}

#[test]
fn numbers_and_measures() {
    check(&[
        ("44 753 habitants", "quarante-quatre mille sept cent cinquante-trois habitants"),
        ("78100", "soixante-dix-huit mille cent"),
        ("16 rue de Pontoise", "seize rue de Pontoise"),
        ("1 place de la Grille", "un place de la Grille"),
        ("1 photo et 21 pièces", "une photo et vingt et une pièces"),
        ("80 agents", "quatre-vingts agents"),
        ("tapez 1", "tapez un"),
        ("20 m²", "vingt mètres carrés"),
        ("30 km/h", "trente kilomètres heure"),
        ("5 min", "cinq minutes"),
        ("16-18 ans", "seize à dix-huit ans"),
        ("3,75", "trois virgule soixante-quinze"),
        ("0,05", "zéro virgule zéro cinq"),
        ("1/2", "un demi"),
        ("-3 degrés", "moins trois degrés"),
        ("l'A86 et la D190", "l'a quatre-vingt-six et la dé cent quatre-vingt-dix"),
        ("12B", "douze bé"),
        ("Covid-19", "Covid dix-neuf"),
    ]);
}

#[test]
fn ordinals_and_roman_numerals() {
    check(&[
        ("la 1re fois", "la première fois"),
        ("le 2e étage", "le deuxième étage"),
        ("5ème", "cinquième"),
        ("les 1ers", "les premiers"),
        ("le XVIe siècle", "le seizième siècle"),
        ("rue Henri-IV", "rue Henri quatre"),
        ("Louis XIV", "Louis quatorze"),
        ("François Ier", "François premier"),
        ("Le maire, Les élus", "Le maire, Les élus"),
        ("Vatican II", "Vatican deux"),
    ]);
}

#[test]
fn acronyms_and_abbreviations() {
    check(&[
        ("la CNI", "la cé enne i"),
        ("le PACS", "le paxe"),
        ("se PACSer", "se paxer"),
        ("le CCAS", "le cé cé a èsse"),
        ("le C.C.A.S. ouvre", "le cé cé a èsse ouvre"),
        ("un HLM", "un ache elle aime"),
        ("le PLU", "le pé elle u"),
        ("l'ANTS", "l'a enne té èsse"),
        ("la CAF", "la caf"),
        ("un EHPAD", "un épade"),
        ("M. Péricard", "monsieur Péricard"),
        ("Mme Durand", "madame Durand"),
        ("12 av. Foch", "douze avenue Foch"),
        ("3 bd Hector-Berlioz", "trois boulevard Hector-Berlioz"),
        ("le n° 5", "le numéro cinq"),
        ("St-Germain et Ste Anne", "Saint-Germain et Sainte Anne"),
        ("photos, justificatifs, etc.", "photos, justificatifs, et cétéra."),
        ("etc. Ensuite", "et cétéra Ensuite"),
        ("par ex. une facture", "par exemple une facture"),
        ("sur RDV", "sur rendez-vous"),
        ("ATTENTION", "attention"),
        ("LE MAIRE ET LES ÉLUS", "le maire et les élus"),
        ("tél. 15", "téléphone quinze"),
    ]);
}

#[test]
fn addresses() {
    check(&[
        ("courrier@saintgermainenlaye.fr", "courrier arobase saintgermainenlaye point èffe erre"),
        ("jean.le-goff78@mail.com.", "jean point le tiret goff soixante-dix-huit arobase mail point com."),
        ("service-public.gouv.fr", "service tiret public point gouv point èffe erre"),
        ("https://www.caf.fr/demarches", "trois double vé point caf point èffe erre barre oblique demarches"),
    ]);
}

#[test]
fn signs() {
    check(&[
        ("et/ou", "et ou"),
        ("oui/non", "oui ou non"),
        ("touche #", "touche dièse"),
        ("tapez *", "tapez étoile"),
        ("photo(s) récente(s)", "photos récentes"),
        ("gratuit (sauf perte) ici", "gratuit, sauf perte, ici"),
        ("« Bonjour », dit-elle.", "Bonjour, dit-elle."),
        ("arts & sports", "arts et sports"),
        ("la mairie – fermée", "la mairie, fermée"),
        ("**gras** _mot_", "gras mot"),
        ("l’état civil\u{a0}?", "l'état civil ?"),
        ("Attendez...", "Attendez…"),
        ("", ""),
        ("😀 ✓", ""),
    ]);
}

#[test]
fn whole_sentences() {
    check(&[
        (
            "La mairie est ouverte du lundi au vendredi, 8h30-12h et 13h-17h30.",
            "La mairie est ouverte du lundi au vendredi, de huit heures trente à douze heures et de treize heures à \
             dix-sept heures trente.",
        ),
        (
            "Après une perte ou un vol : 25 euros de timbre fiscal (service-public.gouv.fr).",
            "Après une perte ou un vol : vingt-cinq euros de timbre fiscal, service tiret public point gouv point èffe \
             erre.",
        ),
        (
            "Je note : Le Goff, au 06 12 34 56 78, le matin.",
            "Je note : Le Goff, au zéro six, douze, trente-quatre, cinquante-six, soixante-dix-huit, le matin.",
        ),
    ]);
}

/// Bits of text that meet several rules.
const BITS: [&str; 26] = [
    "1", "01", "8h30", "-", "/", " ", ",", ".", "€", "%", "XVI", "e", "CNI", "@", "fr", "(", "é", "n°", "000", "+33",
    ":", "#", "M.", "2026", "\u{e000}", "½",
];

/// Whether everything came out as words and pauses.
fn is_clean(spoken: &str) -> bool {
    spoken.chars().all(|c| (c.is_alphabetic() && !is_private(c)) || " ',.;:!?…-".contains(c))
}

fn is_private(c: char) -> bool {
    ('\u{e000}'..='\u{f8ff}').contains(&c)
}

#[test]
fn the_longest_text_is_bounded() {
    let spoken = french(&"9 ".repeat(100_000));
    assert!(spoken.len() < 40 * LONGEST);
}

#[test]
fn other_languages_keep_their_numbers() {
    assert_eq!(form("en", "Open 9-12, call (0)1!"), "Open 9-12, call, 0, 1!");
    assert_eq!(form("fr-FR", "9"), "neuf");
}

proptest::proptest! {
    #[test]
    fn no_digit_and_no_sign_is_left_over(bits in proptest::collection::vec(proptest::sample::select(&BITS[..]), 1..7)) {
        let text = bits.concat();
        let spoken = Lexicon::default().reading("fr", &text);
        proptest::prop_assert!(is_clean(&spoken), "{text:?} → {spoken:?}");
    }

    #[test]
    fn any_text_is_spoken_without_panic(text in "\\PC{0,60}") {
        let spoken = french(&text);
        proptest::prop_assert!(!spoken.chars().any(|c| c.is_ascii_digit()), "{text:?} → {spoken:?}");
        for sentence in sentences(&text) {
            proptest::prop_assert!(!sentence.trim().is_empty());
        }
    }
}
