use jiff::civil::date;

use super::*;
use crate::understanding::slots::golden::golden;
use crate::understanding::slots::is_sure;

/// A Tuesday.
const TODAY: Date = date(2026, 11, 24);

fn recorded(text: &str, tense: Tense) -> Option<String> {
    read(text, TODAY, tense).first().map(|r| r.value.recorded())
}

#[test]
fn appointments() {
    golden(
        &[
            ("aujourd'hui", "2026-11-24"),
            (
                "Le dix-neuf juin, euh non, attendez, je dis une bêtise. Le samedi cinq juin deux mille vingt-sept.",
                "2027-06-05",
            ),
            ("Le seize juin. Oh, je confonds, le seize j'ai mes élèves. C'est le dix-sept juin.", "2027-06-17"),
            ("demain", "2026-11-25"),
            ("demain matin", "2026-11-25 matin"),
            ("après-demain", "2026-11-26"),
            ("après demain dans l'après-midi", "2026-11-26 après-midi"),
            ("ce soir", "2026-11-24 soir"),
            ("cet après-midi", "2026-11-24 après-midi"),
            ("mercredi", "2026-11-25"),
            ("mardi", "2026-12-01"),
            ("lundi prochain", "2026-11-30"),
            ("samedi matin", "2026-11-28 matin"),
            ("samedi matin s'il vous plaît", "2026-11-28 matin"),
            ("mardi en huit", "2026-12-08"),
            ("jeudi en 8", "2026-12-03"),
            ("vendredi en quinze", "2026-12-11"),
            ("demain en huit", "2026-12-02"),
            ("jeudi de la semaine prochaine", "2026-12-03"),
            ("dans trois jours", "2026-11-27"),
            ("dans huit jours", "2026-12-01"),
            ("dans quinze jours", "2026-12-08"),
            ("dans deux semaines", "2026-12-08"),
            ("dans un mois", "2026-12-24"),
            ("d'ici 10 jours", "2026-12-04"),
            ("la semaine prochaine", "2026-11-30/2026-12-06"),
            ("cette semaine", "2026-11-24/2026-11-29"),
            ("en fin de semaine", "2026-11-26/2026-11-27"),
            ("la semaine du 14 décembre", "2026-12-14/2026-12-20"),
            ("ce week-end", "2026-11-28/2026-11-29"),
            ("le mois prochain", "2026-12-01/2026-12-31"),
            ("en mars", "2027-03-01/2027-03-31"),
            ("début janvier", "2027-01-01/2027-01-10"),
            ("fin mai 2027", "2027-05-20/2027-05-31"),
            ("le premier", "2026-12-01"),
            ("le 1er", "2026-12-01"),
            ("le 15", "2026-12-15"),
            ("quinze", "2026-12-15"),
            ("le 30", "2026-11-30"),
            ("le 3 mai 2027", "2027-05-03"),
            ("le trois mai deux mille vingt-sept", "2027-05-03"),
            ("le trois mai deux mille 27", "2027-05-03"),
            ("1er mai", "2027-05-01"),
            ("premier décembre", "2026-12-01"),
            ("vingt-quatre juin", "2027-06-24"),
            ("mardi 15 décembre", "2026-12-15"),
            ("mardi 1er décembre", "2026-12-01"),
            ("03/05", "2027-05-03"),
            ("le 03/05/2027", "2027-05-03"),
            ("3.12.26", "2026-12-03"),
            ("2026-12-03", "2026-12-03"),
            ("le 29 février", "2028-02-29"),
            ("du 3 au 7 mai", "2027-05-03/2027-05-07"),
            ("à Noël", "2026-12-25"),
            ("le premier lundi de janvier", "2027-01-04"),
            ("le 15 à 10 heures", "2026-12-15"),
            ("le 15, non, le 16", "2026-12-16"),
            ("lundi non pardon mercredi", "2026-11-25"),
            ("le 5 du mois prochain", "2026-12-05"),
        ],
        |text| recorded(text, Tense::Future),
    );
}

#[test]
fn births_and_losses() {
    golden(
        &[
            ("le 3 mai 1985", "1985-05-03"),
            ("3 mai 85", "1985-05-03"),
            ("le trois mai mille neuf cent quatre-vingt-cinq", "1985-05-03"),
            ("le trois mai dix-neuf cent quatre-vingt-cinq", "1985-05-03"),
            ("3 mai 1900 85", "1985-05-03"),
            ("3 mai 19 85", "1985-05-03"),
            ("03/05/1985", "1985-05-03"),
            ("03 05 1985", "1985-05-03"),
            ("zéro trois zéro cinq mille neuf cent quatre-vingt-cinq", "1985-05-03"),
            ("je suis née le 12 juillet 1950", "1950-07-12"),
            ("12 03 56", "1956-03-12"),
            ("le premier janvier deux mille", "2000-01-01"),
            ("le 31 décembre 2003", "2003-12-31"),
            ("hier", "2026-11-23"),
            ("hier soir", "2026-11-23 soir"),
            ("avant-hier", "2026-11-22"),
            ("lundi", "2026-11-23"),
            ("mardi dernier", "2026-11-17"),
            ("samedi dernier dans la matinée", "2026-11-21 matin"),
            ("la semaine dernière", "2026-11-16/2026-11-22"),
            ("il y a trois jours", "2026-11-21"),
            ("il y a deux semaines", "2026-11-10"),
            ("le 20", "2026-11-20"),
            ("le 30", "2026-10-30"),
            ("le 15 mars", "2026-03-15"),
            ("le 15 décembre", "2025-12-15"),
            ("le mois dernier", "2026-10-01/2026-10-31"),
        ],
        |text| recorded(text, Tense::Past),
    );
}

/// As Whisper base wrote what recorded voices said, and the like.
#[test]
fn mistakes_of_the_ear() {
    golden(
        &[
            ("lundi, dix, février", "2027-02-10"),
            ("Je dis deux à octabre.", "2027-10-02"),
            ("Judi 2 à octabre", "2027-10-02"),
            ("Vendredi, vin, quatre, juin.", "2027-06-24"),
            ("1011 juin", "2027-06-11"),
            ("Mercredi 17 décembre", "2026-12-17"),
            ("le 20 4 juin", "2027-06-24"),
            ("le 30 et 1 mars", "2027-03-31"),
            ("le 12 ou", "2027-08-12"),
            ("le 3 mais", "2027-05-03"),
            ("le 14 setembre", "2027-09-14"),
            ("vendre dit", "2026-11-27"),
            ("sam dit matin", "2026-11-28 matin"),
            ("le dis janvier", "2027-01-10"),
            // As Whisper base wrote what our voice said at telephone band.
            ("Après de même matin.", "2026-11-26 matin"),
            ("Vendredi 18 de sambre.", "2026-12-18"),
            ("Don 15 jours.", "2026-12-08"),
            ("Le vent est un janvier.", "2027-01-21"),
            ("le temps est un mars", "2027-03-31"),
            ("Je dis prochain.", "2026-11-26"),
            ("mardi en 8", "2026-12-08"),
            ("le 7 octobre 2029-2028", "2028-10-07"),
        ],
        |text| recorded(text, Tense::Future),
    );
}

#[test]
fn english() {
    golden(
        &[
            ("today", "2026-11-24"),
            ("tomorrow morning", "2026-11-25 matin"),
            ("the day after tomorrow", "2026-11-26"),
            ("on Monday", "2026-11-30"),
            ("next Monday", "2026-11-30"),
            ("Friday afternoon", "2026-11-27 après-midi"),
            ("in two weeks", "2026-12-08"),
            ("in a month", "2026-12-24"),
            ("next week", "2026-11-30/2026-12-06"),
            ("this weekend", "2026-11-28/2026-11-29"),
            ("May 3rd", "2027-05-03"),
            ("May the 3rd", "2027-05-03"),
            ("the 3rd of May", "2027-05-03"),
            ("3 May 2027", "2027-05-03"),
            ("the fifteenth", "2026-12-15"),
            ("December the first", "2026-12-01"),
            ("the twenty-first of December", "2026-12-21"),
            ("in March", "2027-03-01/2027-03-31"),
            ("next month", "2026-12-01/2026-12-31"),
            ("Christmas", "2026-12-25"),
        ],
        |text| recorded(text, Tense::Future),
    );
    assert_eq!(recorded("yesterday", Tense::Past).as_deref(), Some("2026-11-23"));
    assert_eq!(recorded("three days ago", Tense::Past).as_deref(), Some("2026-11-21"));
    assert_eq!(recorded("last Friday", Tense::Past).as_deref(), Some("2026-11-20"));
    assert_eq!(recorded("July 12 1950", Tense::Past).as_deref(), Some("1950-07-12"));
}

#[test]
fn no_day() {
    for text in
        ["", "je ne sais pas", "oui", "18 heures", "deux personnes", "06 12 34 56 78", "le 16 rue de Pontoise", "le 45"]
    {
        assert!(read(text, TODAY, Tense::Future).is_empty(), "{text}: {:?}", read(text, TODAY, Tense::Future));
    }
}

#[test]
fn what_has_two_meanings_says_so() {
    let both =
        |text: &str| read(text, TODAY, Tense::Future).into_iter().map(|r| r.value.recorded()).collect::<Vec<_>>();
    assert_eq!(both("vendredi prochain"), ["2026-11-27", "2026-12-04"]);
    assert_eq!(both("dans quinze jours"), ["2026-12-08", "2026-12-09"]);
    // The fifteenth of March is a Monday in 2027: one of the two words was misheard.
    assert!(!is_sure(&read("mardi 15 mars", TODAY, Tense::Future)));
    assert!(is_sure(&read("lundi 15 mars", TODAY, Tense::Future)));
}

#[test]
fn typed_dates() {
    let typed = |digits: &str, tense| typed(digits, TODAY, tense).map(|d| d.recorded());
    assert_eq!(typed("03051985", Tense::Past).as_deref(), Some("1985-05-03"));
    assert_eq!(typed("030585", Tense::Past).as_deref(), Some("1985-05-03"));
    assert_eq!(typed("1512", Tense::Future).as_deref(), Some("2026-12-15"));
    for wrong in ["", "3", "3113", "32012026", "30022026", "00000000", "éé", "9999"] {
        assert_eq!(typed(wrong, Tense::Future), None, "{wrong}");
    }
}

#[test]
fn a_bare_number_is_no_day_unless_one_was_asked_for() {
    let in_passing =
        |text: &str| read_in_passing(text, TODAY, Tense::Future).first().map(|reading| reading.value.recorded());
    assert_eq!(in_passing("demander un acte"), None);
    assert_eq!(in_passing("deux places"), None);
    assert_eq!(in_passing("un rendez-vous mardi").as_deref(), Some("2026-12-01"));
    assert_eq!(in_passing("c'est pour le 15 décembre").as_deref(), Some("2026-12-15"));
    assert_eq!(recorded("le quinze", Tense::Future).as_deref(), Some("2026-12-15"));
    assert_eq!(recorded("quinze", Tense::Future).as_deref(), Some("2026-12-15"));
}
