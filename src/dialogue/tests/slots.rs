//! Forms with every kind of slot: candidates offered in turn, corrections, keys.

use std::sync::LazyLock;

use super::*;

/// The small town with more forms, and streets.
static TOWN_OF_FORMS: LazyLock<Town> = LazyLock::new(|| {
    build(&TOWN.replace(
        "## Autre chose",
        "## Rendez-vous
Quand on dit :
- prendre [un] rendez-vous

Demander jour (date) :
> Quel jour vous conviendrait ?

Demander heure (heure) :
> À quelle heure ?

Demander naissance (date) :
> Quelle est votre date de naissance ?

Demander personnes (nombre) :
> Pour combien de personnes ?

Confirmer :
> Je note : {jour}, {heure}, né le {naissance}, {personnes}. C'est bien cela ?
- Enregistrer : rendez-vous

## Lampadaire
Quand on dit :
- lampadaire [cassé]

Demander lieu (adresse) :
> À quelle adresse ?

Demander courriel (courriel) :
> Quelle est votre adresse de courriel ?

Demander danger (oui/non) :
> Y a-t-il un danger ?

Demander message (message libre) :
> Que voulez-vous ajouter ?

Confirmer :
> Je note : {lieu}, {courriel}, {danger}, {message}. C'est bien cela ?
- Enregistrer : lampadaire

## Numéro seul
Quand on dit :
- numéro seul

Demander numéro (téléphone) :
> Quel numéro ?
- Enregistrer : numéro seul

## Rues
- rue de Pontoise
- rue de Mareil
- chemin de Fourqueux
- rue de Fourqueux

## Autre chose",
    ))
});

fn talk() -> Talk {
    Talk::with(&TOWN_OF_FORMS, OPEN, None)
}

fn field(talk: &Talk, name: &str) -> String {
    let request = talk.saved().unwrap_or_else(|| panic!("nothing saved: {:?}", talk.outputs));
    request.fields.iter().find(|(n, _)| n == name).map(|(_, value)| value.clone()).unwrap_or_default()
}

#[test]
fn days_hours_and_counts() {
    let mut talk = talk();
    talk.says("je voudrais prendre rendez-vous").hears("Quel jour");
    talk.says("samedi matin").hears("À quelle heure");
    talk.says("dix heures et demie").hears("date de naissance");
    talk.says("le 3 mai 1985").hears("combien de personnes");
    talk.says("nous serons quatre").hears("samedi 21 novembre, le matin, 10h30, né le 3 mai 1985, 4.");
    talk.says("oui");
    assert_eq!(field(&talk, "jour"), "2026-11-21 matin");
    assert_eq!(field(&talk, "heure"), "10:30");
    assert_eq!(field(&talk, "naissance"), "1985-05-03");
    assert_eq!(field(&talk, "personnes"), "4");
}

#[test]
fn one_sentence_names_day_and_hour() {
    let mut talk = talk();
    talk.says("je voudrais prendre rendez-vous").says("mercredi à dix heures").hears("date de naissance");
    talk.says("12 07 1950").hears("combien de personnes").says("deux");
    talk.hears("mercredi 18 novembre, 10h, né le 12 juillet 1950, 2");
    // Corrections by kind.
    talk.says("non, à 11 heures").hears("mercredi 18 novembre, 11h");
    talk.says("non, jeudi").hears("jeudi 19 novembre, 11h");
}

#[test]
fn a_time_with_two_meanings_is_asked_about() {
    let mut talk = talk();
    talk.says("prendre rendez-vous").says("demain").says("à cinq heures").hears("J'ai noté : 17h. C'est bien cela ?");
    talk.says("non").hears("Alors, est-ce : 5h ?");
    talk.says("oui").hears("date de naissance");

    let mut talk = self::talk();
    talk.says("prendre rendez-vous").says("demain").says("à cinq heures").says("non, à six heures du soir");
    talk.hears("date de naissance");
}

#[test]
fn days_hours_and_counts_are_typed() {
    let mut talk = talk();
    talk.says("prendre rendez-vous").types("0112#").hears("À quelle heure");
    talk.types("1030").input(Input::KeysPaused).hears("date de naissance");
    talk.types("03051985#").hears("combien").types("2#").hears("mardi 1er décembre, 10h30, né le 3 mai 1985, 2");
    // A date that is none.
    let mut talk = self::talk();
    talk.says("prendre rendez-vous").types("3113#").hears("tapez le jour, le mois et l'année");
    talk.types("9").types("*").types("0112#").hears("À quelle heure");
}

#[test]
fn a_number_put_together_is_read_back_and_its_rival_offered() {
    let mut talk = talk();
    talk.says("numéro seul").hears("Quel numéro").says("0,7,60,1956,16,16,16");
    talk.hears("J'ai noté : 07 79 56 16 16. C'est bien cela ?");
    talk.says("oui");
    assert_eq!(field(&talk, "numéro"), "0779561616");

    let mut talk = self::talk();
    talk.says("numéro seul").says("0,7,60,1956,16,16,16").says("non").hears("Alors, est-ce : 07 ");
    while talk.said().contains("est-ce") {
        talk.says("non");
    }
    // All refused: digit by digit, or by keys.
    talk.hears("chiffre par chiffre").types("0612345678#");
    assert_eq!(field(&talk, "numéro"), "0612345678");
}

#[test]
fn the_right_number_after_a_no_replaces_the_wrong_one() {
    let mut talk = talk();
    talk.says("numéro seul").says("06 20 80 17 0 9 17").hears("06 20 97 09 17");
    talk.says("non, 06 20 80 17 09");
    assert_eq!(field(&talk, "numéro"), "0620801709");
}

#[test]
fn a_number_without_doubt_needs_no_question() {
    let mut talk = talk();
    talk.says("numéro seul").says("06 12 34 56 78").does_not_hear("bien cela");
    assert_eq!(field(&talk, "numéro"), "0612345678");
}

#[test]
fn nothing_but_no_reaches_a_human() {
    let mut talk = talk();
    talk.says("numéro seul");
    for _ in 0..12 {
        talk.says("0,7,60,1956,16,16,16").says("non");
        while talk.transferred().is_none() && talk.said().contains("est-ce") {
            talk.says("non");
        }
        if talk.transferred().is_some() {
            return;
        }
    }
    panic!("never: {:?}", talk.outputs);
}

#[test]
fn an_answer_to_a_check_that_is_none_keeps_the_value_when_nobody_can_help() {
    let mut talk = Talk::with(&TOWN_OF_FORMS, CLOSED, None);
    talk.says("prendre rendez-vous").says("demain").says("à cinq heures").hears("17h");
    talk.says("le chat mange des croquettes").hears("oui ou non").says("le chat mange des croquettes");
    talk.hears("date de naissance");
}

#[test]
fn streets_addresses_and_messages() {
    let mut talk = talk();
    talk.says("un lampadaire est cassé").hears("À quelle adresse");
    talk.says("au 16 bis rue de Pont Oise").hears("courriel");
    talk.says("jean point dupont arobase gmail point com").hears("danger");
    talk.says("non").hears("ajouter");
    talk.says("alors euh il clignote la nuit, voilà merci");
    talk.hears("Je note : 16 bis rue de Pontoise, jean.dupont@gmail.com, non, Il clignote la nuit.");
    talk.says("oui");
    assert_eq!(field(&talk, "lieu"), "16 bis rue de Pontoise");
    assert_eq!(field(&talk, "courriel"), "jean.dupont@gmail.com");

    // Two streets of that name.
    let mut talk = self::talk();
    talk.says("un lampadaire est cassé").says("22 Fourqueux").hears("C'est bien cela ?");
    talk.says("non").hears("Alors, est-ce : 22 ").says("oui").hears("courriel");
}

#[test]
fn a_name_is_corrected_by_its_letters() {
    let mut talk = talk();
    talk.says("rappelez-moi").says("Balot").says("06 12 34 56 78").says("le matin").hears("Balot");
    talk.says("non, avec deux L").hears("Je note : Ballot, au 06 12 34 56 78");
    talk.says("le nom c'est Balo, B A L O").hears("Je note : Balo,");
}

#[test]
fn a_choice_misheard_at_the_read_back_replaces_no_name() {
    let mut talk = talk();
    talk.says("rappelez-moi").says("Morin").says("06 12 34 56 78").says("le matin").hears("Je note : Morin, au");
    talk.says("non, la premedi").hears("Je note : Morin, au 06 12 34 56 78, l'après-midi");
    talk.says("non, Martin").hears("Je note : Martin, au 06 12 34 56 78, l'après-midi");
    talk.says("non, Le Goff").hears("Je note : Le Goff, au 06 12 34 56 78, l'après-midi");
}

#[test]
fn said_and_spelled_otherwise_is_asked_about() {
    let mut talk = talk();
    talk.says("rappelez-moi").says("Martin, D U R A N D").hears("J'ai noté : Durand. C'est bien cela ?");
    talk.says("non").hears("Alors, est-ce : Martin ?").says("oui").hears("À quel numéro");
}
