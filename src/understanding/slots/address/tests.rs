use super::*;
use crate::understanding::slots::golden::golden;
use crate::understanding::slots::is_sure;

const TOWN: &[&str] = &[
    "rue de Pontoise",
    "rue de Paris",
    "rue de Mareil",
    "rue des Louviers",
    "rue au Pain",
    "rue Henri-IV",
    "rue du Vieil Abreuvoir",
    "rue de la Salle",
    "rue Saint-Éloi",
    "rue Schnapper",
    "rue Armagis",
    "avenue Gambetta",
    "avenue Maréchal Foch",
    "avenue des Loges",
    "avenue du Général de Gaulle",
    "boulevard Victor-Hugo",
    "boulevard de la Paix",
    "place de la Grille",
    "place du Marché-Neuf",
    "place Charles de Gaulle",
    "impasse Saint-Pierre",
    "allée des Tilleuls",
    "chemin de Fourqueux",
    "rue de Fourqueux",
];

fn streets() -> Streets {
    Streets::new(TOWN.iter().copied())
}

fn best(text: &str) -> Option<String> {
    read(text, &streets()).first().map(|r| r.value.recorded())
}

#[test]
fn addresses_of_the_town() {
    golden(
        &[
            ("16 rue de Pontoise", "16 rue de Pontoise"),
            ("7 au 27 rue de Paris", "27 rue de Paris"),
            ("Au 31, rue de Paris. Ah non, trente-trois, le trente et un c'était avant.", "33 rue de Paris"),
            ("Elle habite au vingt-quatre, rue de Paris.", "24 rue de Paris"),
            ("Ma mère, c'est au vingt-quatre, rue de Paris.", "24 rue de Paris"),
            ("Devant le 14, rue de Mareil. Euh non, pardon, devant le 16, rue de Mareil.", "16 rue de Mareil"),
            ("non, c'est 3 rue de Paris", "3 rue de Paris"),
            ("seize rue de Pontoise", "16 rue de Pontoise"),
            ("au 16 rue de Pontoise", "16 rue de Pontoise"),
            ("j'habite au 16, rue de Pontoise", "16 rue de Pontoise"),
            ("c'est 16 bis rue de Pontoise", "16 bis rue de Pontoise"),
            ("16 ter rue de Pontoise", "16 ter rue de Pontoise"),
            ("16 terre rue de Pontoise", "16 ter rue de Pontoise"),
            ("seize bisse rue de Pontoise", "16 bis rue de Pontoise"),
            ("16B rue de Pontoise", "16 B rue de Pontoise"),
            ("quatre-vingt-dix-sept rue de Paris", "97 rue de Paris"),
            ("80 17 rue de Paris", "97 rue de Paris"),
            ("cent vingt-deux avenue Gambetta", "122 avenue Gambetta"),
            ("rue de Pontoise", "rue de Pontoise"),
            ("dans la rue de Pontoise", "rue de Pontoise"),
            ("le 3 place de la Grille", "3 place de la Grille"),
            ("1 place de la grille", "1 place de la Grille"),
            ("5 boulevard Victor Hugo", "5 boulevard Victor-Hugo"),
            ("8 place du marché neuf", "8 place du Marché-Neuf"),
            ("12 avenue du maréchal Foch", "12 avenue Maréchal Foch"),
            ("16 rue de Pontoise, bâtiment B", "16 rue de Pontoise, bâtiment B"),
            ("16 rue de Pontoise appartement 12", "16 rue de Pontoise, appartement 12"),
            ("16 rue de Pontoise, 3e étage", "16 rue de Pontoise, 3e étage"),
            ("16 rue de Pontoise 78100 Saint-Germain", "16 rue de Pontoise, 78100 Saint-Germain"),
            ("16 rue de Pontoise à Saint-Germain-en-Laye", "16 rue de Pontoise, Saint-Germain-en-Laye"),
            ("16 rue de Pontoise s'il vous plaît", "16 rue de Pontoise"),
            ("alors euh c'est au 16 euh rue de Pontoise merci", "16 rue de Pontoise"),
            ("9 rue Henri IV", "9 rue Henri-IV"),
            ("2 impasse Saint Pierre", "2 impasse Saint-Pierre"),
            ("avenue des Loges", "avenue des Loges"),
            ("16 Pontoise", "16 rue de Pontoise"),
        ],
        best,
    );
}

#[test]
fn mistakes_of_the_ear() {
    golden(
        &[
            ("16 rue de Pont-Oise", "16 rue de Pontoise"),
            ("16 rue de pontoises", "16 rue de Pontoise"),
            ("16 ru de Pontoise", "16 rue de Pontoise"),
            ("3 rue Chenappère", "3 rue Schnapper"),
            ("3 rue de Mareille", "3 rue de Mareil"),
            ("10 rue d'Armagie", "10 rue Armagis"),
            ("14 rue au pin", "14 rue au Pain"),
            ("7 rue des Louvier", "7 rue des Louviers"),
            ("4 rue Saint Eloy", "4 rue Saint-Éloi"),
            ("22 rue de Fourqueu", "22 rue de Fourqueux"),
            ("22 chemin de Fourqueux", "22 chemin de Fourqueux"),
            ("6 rue du vieil abreuvoire", "6 rue du Vieil Abreuvoir"),
            ("5 avenue Gambeta", "5 avenue Gambetta"),
            ("5 avenue Gan Betta", "5 avenue Gambetta"),
            ("12 aller des Tilleuls", "12 allée des Tilleuls"),
            ("9 rue Henri quatre", "9 rue Henri-IV"),
            ("9 rue Henri 4", "9 rue Henri-IV"),
            // As Whisper base wrote what our voice said at telephone band.
            ("Jhabite au 24 bis rue de Marais.", "24 bis rue de Mareil"),
            ("3 places du marché 9, bâtiment B.", "3 place du Marché-Neuf, bâtiment B"),
            ("97 à Venue Gambetta", "97 avenue Gambetta"),
            ("9 places de la grille à partement 3.", "9 place de la Grille, appartement 3"),
            ("14 rue du Maréchal Fosch", "14 avenue Maréchal Foch"),
            ("12 rues du vieil à prevoir.", "12 rue du Vieil Abreuvoir"),
        ],
        best,
    );
}

#[test]
fn outside_the_list_kept_as_said_and_asked_about() {
    let readings = read("12 rue des Acacias, bâtiment 3", &streets());
    assert_eq!(readings[0].value.recorded(), "12 rue des Acacias, bâtiment 3");
    assert!(!readings[0].value.is_listed && !is_sure(&readings));
    // Without a list there is nothing to compare with.
    let readings = read("12 rue des Acacias", &Streets::default());
    assert_eq!(readings[0].value.recorded(), "12 rue des Acacias");
    assert!(is_sure(&readings));
    assert_eq!(read("le Clos des Vignes", &Streets::default())[0].value.recorded(), "Clos des Vignes");
}

#[test]
fn candidates_with_their_likeness() {
    // The same name in two kinds of street: what was said decides, the other stays a candidate.
    let readings = read("22 Fourqueux", &streets());
    let names: Vec<&str> = readings.iter().map(|r| r.value.street.as_str()).collect();
    assert!(names.contains(&"rue de Fourqueux") && names.contains(&"chemin de Fourqueux"), "{names:?}");
    assert!(!is_sure(&readings));
    assert!(is_sure(&read("16 rue de Pontoise", &streets())));
}

#[test]
fn no_address() {
    for text in ["", "oui", "je ne sais pas", "euh", "merci"] {
        assert!(read(text, &streets()).is_empty(), "{text}: {:?}", read(text, &streets()));
    }
}

#[test]
fn bounded() {
    let many: Vec<String> = (0..5_000).map(|i| format!("rue numéro {i}")).collect();
    let streets = Streets::new(many.iter().map(String::as_str));
    let long = "rue de Pontoise ".repeat(1_000);
    assert!(read(&long, &streets).len() <= MOST_READINGS);
    assert!(read(&"é".repeat(9_999), &streets).iter().all(|r| r.value.recorded().chars().count() <= LONGEST));
}
