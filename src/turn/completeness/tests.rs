use super::*;
use Completeness::{Finished, Unfinished, Unknown};

fn check(language: &str, answer: &Answer, table: &[(&str, Completeness)]) {
    let wrong: Vec<String> = table
        .iter()
        .map(|(text, expected)| (text, expected, completeness(text, language, answer)))
        .filter(|(_, expected, found)| *expected != found)
        .map(|(text, expected, found)| format!("{text:?}: {found:?}, not {expected:?}"))
        .collect();
    assert!(wrong.is_empty(), "{answer:?} ({language}):\n{}", wrong.join("\n"));
}

#[test]
fn open_questions() {
    check(
        "fr",
        &Answer::Open,
        &[
            ("Bonjour.", Unfinished),
            ("Bonjour madame.", Unfinished),
            ("Oui bonjour", Unfinished),
            ("Allô ?", Finished),
            ("Je voudrais", Unfinished),
            ("Bonjour, je voudrais...", Unfinished),
            ("Je voudrais un rendez-vous pour.", Unfinished),
            ("Je voudrais prendre rendez-vous pour une", Unfinished),
            ("J'ai besoin de", Unfinished),
            ("C'est pour", Unfinished),
            ("C'est.", Unfinished),
            ("Et", Unfinished),
            ("Euh", Unfinished),
            ("Je vous appelle parce que", Unfinished),
            ("Je voulais savoir si", Unfinished),
            ("Est-ce que", Unfinished),
            ("Je cherche le service, euh", Unfinished),
            ("Alors", Unfinished),
            ("Il faudrait que je", Unfinished),
            ("Mon fils a perdu sa carte, et", Unfinished),
            ("Je suis allée à la mairie,", Unfinished),
            ("Je voudrais refaire ma carte d'identité.", Finished),
            ("Bonjour, j'ai perdu mon passeport.", Finished),
            ("Quels sont vos horaires d'ouverture ?", Finished),
            ("Vous êtes ouverts le samedi ?", Finished),
            ("Il y a un trou dans ma rue.", Finished),
            ("C'est pour un acte de naissance s'il vous plaît", Finished),
            ("Un acte de naissance, merci.", Finished),
            ("Refaire ma carte d'identité.", Finished),
            ("Bonjour, renouveler un passeport.", Finished),
            ("Non merci.", Finished),
            ("Non merci, c'est tout.", Finished),
            ("Oui", Finished),
            ("Répétez", Finished),
            ("Au revoir", Unknown),
            ("Passeport", Unknown),
            ("Carte d'identité", Unknown),
            ("Pour les options avancées.", Unknown),
            ("La personne au poste.", Unknown),
            ("Ce service n'existe.", Unfinished),
            ("Ce service n'existe pas, je crois.", Finished),
            ("Les encombrants", Unknown),
            ("Je suis là", Unknown),
            ("", Unknown),
            ("…", Unknown),
        ],
    );
    check(
        "en",
        &Answer::Open,
        &[
            ("Hello.", Unfinished),
            ("I would like", Unfinished),
            ("I'd like to", Unfinished),
            ("I need a passport for my", Unfinished),
            ("Um", Unfinished),
            ("I was wondering if", Unfinished),
            ("I lost my identity card.", Finished),
            ("What are your opening hours?", Finished),
            ("No, thank you.", Finished),
            ("Passport", Unknown),
        ],
    );
    check("de", &Answer::Open, &[("Guten Tag, ich möchte", Unknown)]);
}

#[test]
fn closed_questions() {
    check(
        "fr",
        &Answer::YesNo,
        &[
            ("Oui.", Finished),
            ("oui", Finished),
            ("Non merci", Finished),
            ("Oui, s'il vous plaît.", Finished),
            ("C'est ça.", Finished),
            ("C'est bon.", Finished),
            ("Bien sûr", Finished),
            ("D'accord.", Finished),
            ("Oui mais", Unfinished),
            ("Oui, euh", Unfinished),
            ("Non, c'est pour", Unfinished),
            ("Non, je voudrais plutôt un passeport.", Finished),
            ("Peut-être", Unknown),
        ],
    );
    check(
        "en",
        &Answer::YesNo,
        &[
            ("Yes.", Finished),
            ("Yes please", Finished),
            ("No, not at all", Finished),
            ("Yes but", Unfinished),
            ("Maybe", Unknown),
        ],
    );
    check(
        "fr",
        &Answer::Confirmation,
        &[
            ("Oui c'est ça", Finished),
            ("Non", Unknown),
            ("Non, 06 12", Unfinished),
            ("Non, 06 12 34 56 79.", Finished),
            ("Non, c'est le", Unfinished),
        ],
    );
    let options = Answer::Choice(vec!["le matin".into(), "l'après-midi".into(), "carte d'identité".into()]);
    check(
        "fr",
        &options,
        &[
            ("Le matin.", Finished),
            ("Plutôt le matin s'il vous plaît", Finished),
            ("l'après-midi", Finished),
            ("La carte d'identité", Finished),
            ("La deuxième.", Finished),
            ("Le un", Finished),
            ("2", Finished),
            ("Le", Unfinished),
            ("Euh, le", Unfinished),
            ("Plutôt en fin de", Unfinished),
            ("Carte", Unknown),
            ("Aucune", Finished),
        ],
    );
}

#[test]
fn telephone_numbers() {
    check(
        "fr",
        &Answer::Telephone,
        &[
            ("zéro six douze", Unfinished),
            ("06 12", Unfinished),
            ("06.", Unfinished),
            ("C'est le", Unfinished),
            ("Alors c'est le 01 30 87", Unfinished),
            ("06 12 34 56 7", Unknown),
            ("06 12 34 56 78", Finished),
            ("0612345678.", Finished),
            ("C'est le 01 30 87 20 02.", Finished),
            ("zéro un trente quatre-vingt-sept vingt zéro deux", Finished),
            ("06 12 34 56 78 et", Unfinished),
            // Whisper's way of writing 06 20 97 09 and 01 83 06 20.
            ("06 20 80 17 09", Unknown),
            ("0, 1, 4, 1, 3, 3, 0, 6, 20", Unknown),
            ("+33 6 12 34 56 78", Unknown),
            ("Mon numéro", Unknown),
            ("Je ne sais pas", Finished),
        ],
    );
    check(
        "fr",
        &Answer::Number,
        &[("Un", Unknown), ("trois", Unknown), ("c'est le", Unfinished), ("Je ne sais pas", Finished)],
    );
}

#[test]
fn dates_and_hours() {
    check(
        "fr",
        &Answer::Date,
        &[
            ("Mardi", Unknown),
            ("Mardi 15", Unfinished),
            ("Le 15", Unfinished),
            ("mardi quinze", Unfinished),
            ("Le", Unfinished),
            ("Mardi 15 mars.", Finished),
            ("lundi trois mai", Finished),
            ("Le 15 mars", Unknown),
            ("Le 15 mars 1962.", Finished),
            ("15/03/2026", Finished),
            ("Demain matin", Finished),
            ("lundi prochain", Finished),
            ("après-demain", Finished),
            ("Peut-être", Unknown),
        ],
    );
    check(
        "fr",
        &Answer::Time,
        &[
            ("À", Unfinished),
            ("Vers", Unfinished),
            ("15h30", Finished),
            ("À quinze heures", Finished),
            ("quinze heures et", Unfinished),
            ("midi", Finished),
            ("Neuf", Unknown),
        ],
    );
    check(
        "en",
        &Answer::Date,
        &[("Tuesday, March the", Unfinished), ("Tuesday, March 15", Finished), ("Tomorrow morning", Finished)],
    );
}

#[test]
fn names_and_addresses() {
    check(
        "fr",
        &Answer::Name,
        &[
            ("D, U, P", Unfinished),
            ("D U P O N T", Unknown),
            ("D-U-P", Unfinished),
            ("Dupont, D U P O N T.", Finished),
            ("Dupont, D U P", Unfinished),
            ("Martin, M comme", Unfinished),
            ("M comme Marie", Unfinished),
            ("Legrand avec deux L", Unfinished),
            ("Je m'appelle", Unfinished),
            ("C'est madame", Unknown),
            ("Madame Le Goff", Unknown),
            ("Jean Dupont, voilà.", Finished),
            ("Oui.", Unknown),
        ],
    );
    check(
        "fr",
        &Answer::Email,
        &[
            ("marie.dupont", Unknown),
            ("marie point", Unfinished),
            ("marie arobase", Unfinished),
            ("marie arobase orange", Unfinished),
            ("marie arobase orange point", Unfinished),
            ("marie arobase orange point fr", Finished),
            ("marie@orange.fr", Finished),
        ],
    );
    check(
        "fr",
        &Answer::Address,
        &[
            ("12", Unfinished),
            ("12 bis", Unfinished),
            ("12 rue de", Unfinished),
            ("12 rue de la République", Unknown),
            ("12 rue de la République, 78100", Unknown),
            ("12 rue de la République, 78100 Saint-Germain-en-Laye", Finished),
        ],
    );
    check(
        "fr",
        &Answer::Message,
        &[
            ("Je voudrais signaler un lampadaire cassé.", Unknown),
            ("Il y a un lampadaire cassé dans", Unfinished),
            ("Il y a un lampadaire cassé. Voilà, merci.", Finished),
        ],
    );
}

#[test]
fn any_text_is_judged() {
    let long = "et ".repeat(10_000);
    for text in [long.as_str(), "\u{0}", "🙂", "«»", "a\u{301}", "---", ",,,"] {
        for answer in [Answer::Open, Answer::Telephone, Answer::Date, Answer::Name, Answer::Choice(vec![String::new()])]
        {
            completeness(text, "fr", &answer);
            completeness(text, "en", &answer);
        }
    }
}
