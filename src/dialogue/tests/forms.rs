//! Forms in the middle of a conversation: other wishes, corrections on the way, the way back, what is known already, an early end.

use std::sync::LazyLock;

use super::*;

/// The small town with a second form, and a topic that asks something itself.
static TOWN_OF_REQUESTS: LazyLock<Town> = LazyLock::new(|| {
    build(&TOWN.replace(
        "## Autre chose",
        "## Signalement
Quand on dit :
- signaler [un] (lampadaire|trottoir|problème) [cassé]
- [un] lampadaire [est] cassé

Demander problème (message libre) :
> Que se passe-t-il ?

Demander lieu (adresse) :
> À quelle adresse ?

Demander nom (nom de personne) :
> À quel nom ?

Demander téléphone (téléphone) :
> À quel numéro vous joindre ?

Demander danger (oui/non) :
> Est-ce dangereux ?

Confirmer :
> Je note : {problème}, {lieu}, {nom}, {téléphone}, {danger}. C'est bien cela ?
- Enregistrer : signalement
- Ensuite : aller à Autre chose

## Lettre
Quand on dit :
- recevoir [une] lettre [par] courriel

Demander courriel (courriel) :
> Quelle est votre adresse de courriel ?

Demander nom (nom de personne) :
> À quel nom ?

Demander quand (choix) :
> Ce mois-ci, ou le mois prochain ?
- ce mois-ci, touche 1
- le mois prochain, touche 2

Confirmer :
> Je note : {courriel}, {nom}, {quand}. C'est bien cela ?
- Enregistrer : lettre

## Rues
- rue de Pontoise
- rue de Mareil

## Autre chose",
    ))
});

fn talk() -> Talk {
    Talk::with(&TOWN_OF_REQUESTS, OPEN, None)
}

fn field(talk: &Talk, name: &str) -> String {
    let request = talk.saved().unwrap_or_else(|| panic!("nothing saved: {:?}", talk.outputs));
    request.fields.iter().find(|(n, _)| n == name).map(|(_, value)| value.clone()).unwrap_or_default()
}

#[test]
fn one_sentence_fills_everything_in_any_order() {
    let mut talk = talk();
    talk.says("rappelez-moi plutôt le matin au 06 12 34 56 78, je m'appelle Martin")
        .hears("Je note : Martin, au 06 12 34 56 78, le matin.");
    let mut talk = self::talk();
    talk.says("rappelez-moi").hears("À quel nom");
    talk.says("l'après-midi, au 06 12 34 56 78, madame Le Goff")
        .hears("Je note : Le Goff, au 06 12 34 56 78, l'après-midi.");
    // An unasked one first, the asked one remains to be asked.
    let mut talk = self::talk();
    talk.says("rappelez-moi").says("le 06 12 34 56 78").hears("À quel nom");
    talk.says("Martin")
        .hears("Plutôt le matin")
        .says("le matin")
        .hears("Je note : Martin, au 06 12 34 56 78, le matin.");
    // Name and e-mail that say what they are.
    let mut talk = self::talk();
    talk.says("recevoir une lettre par courriel").says("ce mois-ci, mon nom est Martin").hears("courriel");
    talk.says("jean point dupont arobase gmail point com").hears("jean.dupont@gmail.com, Martin, ce mois-ci");
}

#[test]
fn what_was_given_is_taken_back_while_the_next_is_asked() {
    let mut talk = talk();
    talk.says("rappelez-moi").says("Martin").says("06 12 34 56 78").hears("Plutôt le matin");
    talk.says("ah non pardon, c'est le 06 13 14 15 16").hears("C'est corrigé").hears("Plutôt le matin");
    talk.says("le matin").hears("Je note : Martin, au 06 13 14 15 16, le matin.");

    // Without a no, a whole other number is meant so.
    let mut talk = self::talk();
    talk.says("rappelez-moi").says("Martin").says("06 12 34 56 78").says("06 13 14 15 16, et plutôt l'après-midi");
    talk.hears("Je note : Martin, au 06 13 14 15 16, l'après-midi.");

    // The name, while the number is asked.
    let mut talk = self::talk();
    talk.says("rappelez-moi").says("Martin").hears("À quel numéro");
    talk.says("non pas Martin, Martel").hears("C'est corrigé").hears("À quel numéro");
    talk.says("06 12 34 56 78").says("le matin").hears("Je note : Martel, au");
    let mut talk = self::talk();
    talk.says("rappelez-moi").says("Martin").says("excusez-moi, le nom c'est Martel").hears("À quel numéro");
    talk.says("06 12 34 56 78").says("le matin").hears("Je note : Martel, au");

    // Spelled: the letter a is no verb.
    let mut talk = self::talk();
    talk.says("rappelez-moi").says("Machtaïe").says("non, le nom c'est Martin, M A R T I N").hears("C'est corrigé");
    talk.says("06 12 34 56 78").says("le matin").hears("Je note : Martin, au");
    // What is refused is no part of the name.
    talk.says("non, pas ce nom : Morin").hears("Je note : Morin, au");
    talk.says("non, pas cela, Morel").hears("Je note : Morel, au");
    talk.says("non, ce n'est pas le bon nom, Moreau").hears("Je note : Moreau, au");
    talk.says("non, pas le matin, l'après-midi").hears("l'après-midi. C'est bien cela");
    talk.says("non, pas ce nom").hears("À quel nom");

    // A mistake named without the right value is asked for again.
    let mut talk = self::talk();
    talk.says("rappelez-moi").says("Martin").says("06 12 34 56 78").says("je me suis trompé de numéro");
    talk.hears("À quel numéro").says("06 13 14 15 16").hears("Plutôt le matin");
}

#[test]
fn an_answer_with_a_no_in_it_is_no_correction() {
    let mut talk = talk();
    talk.says("signaler un lampadaire").says("il est cassé").says("12 rue de Mareil").says("Martin");
    talk.says("06 12 34 56 78").hears("Est-ce dangereux");
    talk.says("non, il n'y a pas de problème").hears("12 rue de Mareil, Martin, 06 12 34 56 78, non.");
    let mut talk = self::talk();
    talk.says("rappelez-moi")
        .says("Martin")
        .says("06 12 34 56 78")
        .says("pardon, le matin")
        .hears("Je note : Martin, au 06 12 34 56 78, le matin");
    let mut talk = self::talk();
    talk.says("rappelez-moi")
        .says("Martin")
        .hears("À quel numéro")
        .says("pardon c'est le 06 12 34 56 78")
        .hears("Plutôt le matin");
}

#[test]
fn a_number_begun_wrongly_is_begun_anew() {
    let mut talk = talk();
    talk.says("rappelez-moi").says("Martin").says("06 12 34").hears("Et la suite");
    talk.says("non, 06 13 14 15 16").hears("Plutôt le matin").says("le matin").hears("au 06 13 14 15 16");
}

#[test]
fn everything_can_be_put_right_at_the_end() {
    let mut talk = talk();
    talk.says("rappelez-moi").says("Martin").says("06 12 34 56 78").says("le matin").hears("C'est bien cela");
    talk.says("non pas Martin, Martel").hears("Je note : Martel, au 06 12 34 56 78, le matin.");
    talk.says("c'est Marteau, pas Martel").hears("Je note : Marteau, au 06 12 34 56 78, le matin.");
    talk.says("non, l'après-midi").hears("Je note : Marteau, au 06 12 34 56 78, l'après-midi.");
    talk.says("je me suis trompé de numéro").hears("À quel numéro");
    talk.says("06 13 14 15 16").hears("Je note : Marteau, au 06 13 14 15 16, l'après-midi.");
    talk.says("oui").hears("C'est noté");
}

#[test]
fn the_question_before_is_asked_again() {
    let mut talk = talk();
    talk.says("rappelez-moi").says("Martin").says("06 12 34 56 78").hears("Plutôt le matin");
    talk.says("revenez en arrière")
        .hears("À quel numéro")
        .says("la question d'avant s'il vous plaît")
        .hears("À quel nom");
    talk.says("revenez en arrière").hears("À quel nom");
    talk.says("Martel")
        .hears("À quel numéro")
        .says("06 13 14 15 16")
        .says("le matin")
        .hears("Je note : Martel, au 06 13 14 15 16");
    talk.says("la question d'avant")
        .hears("Plutôt le matin")
        .says("l'après-midi")
        .hears("l'après-midi. C'est bien cela");
}

#[test]
fn the_answer_before_is_given_again() {
    let mut talk = talk();
    talk.says("mon passeport est périmé").hears("sur rendez-vous").says("un acte de naissance").hears("gratuit");
    talk.says("revenez en arrière").hears("sur rendez-vous");
    talk.says("revenez en arrière").hears("Je vous écoute");
}

#[test]
fn a_topic_that_asks_something_is_talked_through_before_the_form_goes_on() {
    let mut talk = talk();
    talk.says("rappelez-moi").says("Martin").hears("À quel numéro");
    talk.says("j'ai perdu ma carte d'identité").hears("liste des pièces").does_not_hear("À quel numéro");
    talk.says("oui").hears("Une photo récente").hears("demande de rappel");
    talk.says("non merci").hears("Revenons à votre demande : demande de rappel.").hears("À quel numéro");
    talk.says("06 12 34 56 78").says("le matin").hears("Je note : Martin, au 06 12 34 56 78");
}

#[test]
fn a_form_asked_for_again_goes_on_where_it_was() {
    let mut talk = talk();
    talk.says("rappelez-moi").says("Martin").says("j'ai perdu ma carte d'identité").hears("liste des pièces");
    talk.says("rappelez-moi").hears("Revenons à votre demande").hears("À quel numéro").does_not_hear("À quel nom");
}

#[test]
fn a_form_within_a_form_leads_back() {
    let mut talk = talk();
    talk.says("rappelez-moi").says("Martin").says("06 12 34 56 78").hears("Plutôt le matin");
    talk.says("je voudrais signaler un lampadaire cassé").hears("Que se passe-t-il");
    talk.says("il clignote toute la nuit").hears("À quelle adresse").says("12 rue de Mareil");
    // The name is known and read back at the end, the number is asked about.
    talk.hears("Toujours au 06 12 34 56 78 ?").does_not_hear("À quel nom");
    talk.says("oui").hears("Est-ce dangereux").says("non").hears("12 rue de Mareil, Martin, 06 12 34 56 78, non.");
    talk.says("oui").hears("C'est noté").hears("Revenons à votre demande : demande de rappel").hears("Plutôt le matin");
    assert_eq!(field(&talk, "téléphone"), "0612345678");
    talk.says("le matin").hears("Je note : Martin, au 06 12 34 56 78, le matin.").says("oui").hears("autre chose");
}

#[test]
fn what_is_known_is_not_asked_twice() {
    let mut talk = talk();
    talk.says("rappelez-moi").says("Martin").says("06 12 34 56 78").says("le matin").says("oui").hears("C'est noté");
    talk.says("je voudrais aussi être rappelé").hears("Toujours au 06 12 34 56 78 ?").does_not_hear("À quel nom");
    talk.says("non").hears("À quel numéro").says("06 13 14 15 16").hears("Plutôt le matin");
    talk.says("le matin").hears("Je note : Martin, au 06 13 14 15 16, le matin.");
    talk.says("oui").says("rappelez-moi encore").hears("Toujours au 06 13 14 15 16 ?");
    talk.says("non, au 06 20 30 40 50").hears("Plutôt le matin");
}

#[test]
fn leaving_the_digression_leaves_the_form() {
    let mut talk = talk();
    talk.says("rappelez-moi").says("Martin").says("j'ai perdu ma carte d'identité").says("laissez tomber");
    talk.hears("je n'enregistre rien").hears("autre chose").does_not_hear("Revenons");
}

#[test]
fn a_request_that_was_begun_is_kept_when_the_call_ends() {
    let mut talk = talk();
    talk.says("rappelez-moi").says("Martin").says("06 12 34 56 78").input(Input::TimeIsUp);
    talk.hears("J'ai noté votre demande").hears("Nous devons nous arrêter").hears("Au revoir");
    assert_eq!((field(&talk, "nom").as_str(), field(&talk, "numéro").as_str()), ("Martin", "0612345678"));
    assert!(talk.hung_up());

    let mut talk = self::talk();
    talk.says("rappelez-moi")
        .says("Martin")
        .says("06 12 34 56 78")
        .says("au revoir")
        .hears("J'ai noté")
        .hears("Au revoir");
    assert_eq!(field(&talk, "numéro"), "0612345678");

    // During a digression too.
    let mut talk = self::talk();
    talk.says("rappelez-moi").says("Martin").says("06 12 34 56 78").says("j'ai perdu ma carte d'identité");
    talk.says("au revoir").hears("J'ai noté votre demande");
    assert_eq!(field(&talk, "numéro"), "0612345678");

    // Nothing was told, nothing can be done.
    let mut talk = self::talk();
    talk.says("rappelez-moi").says("Martin").says("au revoir").does_not_hear("J'ai noté");
    assert!(talk.saved().is_none() && talk.hung_up());
    let mut talk = Talk::with(&TOWN_OF_REQUESTS, OPEN, Some("0612345678"));
    talk.says("rappelez-moi").says("au revoir");
    assert!(talk.saved().is_none() && talk.hung_up());
}

#[test]
fn a_transfer_that_fails_returns_to_the_request() {
    let mut talk = talk();
    talk.says("signaler un lampadaire").says("il est cassé").hears("À quelle adresse").types("0");
    assert_eq!(talk.transferred().as_deref(), Some("Standard"));
    talk.input(Input::TransferFinished { status: 486 })
        .hears("occupée")
        .hears("Revenons à votre demande : signalement");
    talk.hears("À quelle adresse")
        .says("12 rue de Mareil")
        .says("Martin")
        .says("06 12 34 56 78")
        .says("non")
        .says("oui");
    assert_eq!(field(&talk, "problème"), "Il est cassé");

    let mut talk = Talk::with(&TOWN_OF_REQUESTS, CLOSED, None);
    talk.says("signaler un lampadaire")
        .says("il est cassé")
        .types("0")
        .hears("Il n'y a personne")
        .hears("À quelle adresse");
}

#[test]
fn a_person_is_no_address_and_no_message() {
    let person = "c'est assez grave, je voudrais en parler à une vraie personne";
    let mut talk = talk();
    talk.says("signaler un lampadaire").says("il est cassé").hears("À quelle adresse").says(person);
    assert_eq!(talk.transferred().as_deref(), Some("Standard"));
    let mut talk = self::talk();
    talk.says("signaler un lampadaire").hears("Que se passe-t-il").says(person);
    assert_eq!(talk.transferred().as_deref(), Some("Standard"));
    // A message about somebody, and any message while nobody can be reached, is one.
    let mut talk = self::talk();
    talk.says("signaler un lampadaire").says(
        "il est cassé depuis lundi devant le 12 et la dame qui habite là voudrait parler à un agent parce qu'elle est déjà tombée",
    );
    assert_eq!(talk.transferred(), None);
    talk.hears("À quelle adresse");
    let mut talk = Talk::with(&TOWN_OF_REQUESTS, CLOSED, None);
    talk.says("signaler un lampadaire").says(person).hears("À quelle adresse");
    // Nor is taking leave.
    let mut talk = self::talk();
    talk.says("signaler un lampadaire").says("Non merci c'est tout au revoir.").hears("Au revoir");
    assert!(talk.hung_up());
}

#[test]
fn after_one_question_left_out_others_are_asked_once_but_the_number_twice() {
    let nonsense = "le chat de la voisine mange des croquettes sur la plage";
    let mut talk = Talk::with(&TOWN_OF_REQUESTS, CLOSED, None);
    talk.says("signaler un lampadaire").says("il est cassé").says("12 rue de Mareil").hears("À quel nom");
    talk.says(nonsense).does_not_hear("À quel numéro").says(nonsense).hears("À quel numéro");
    talk.says(nonsense).says("06 12 34 56 78").hears("Est-ce dangereux");
    talk.says(nonsense).hears("J'ai noté");
    assert_eq!((field(&talk, "lieu").as_str(), field(&talk, "téléphone").as_str()), ("12 rue de Mareil", "0612345678"));
    assert_eq!((field(&talk, "nom").as_str(), field(&talk, "danger").as_str()), ("", ""));
}

#[test]
fn commands_are_heard_while_a_message_is_taken() {
    let mut talk = talk();
    talk.says("signaler un lampadaire").hears("Que se passe-t-il").says("répétez").hears("Que se passe-t-il");
    talk.says("je n'ai pas compris pourquoi le lampadaire reste éteint").hears("À quelle adresse");
    talk.says("revenez en arrière").hears("Que se passe-t-il");
}

/// A topic that offers a form with a message, a name and a number.
static TOWN_OF_OFFERS: LazyLock<Town> = LazyLock::new(|| {
    build(&TOWN.replace(
        "## Autre chose",
        "## Idées
Quand on dit :
- [j'ai] une idée [à proposer]

Répondre :
> Voulez-vous que je la note, et qu'on vous rappelle ?
- oui : aller à Idée
- non : aller à Autre chose

## Idée
Demander idée (message libre) :
> Quelle est votre idée ?

Demander nom (nom de personne) :
> À quel nom ?

Demander numéro (téléphone) :
> À quel numéro ?

Confirmer :
> Je note : {idée}, de {nom}, au {numéro}. C'est bien cela ?
- Enregistrer : idée
- Ensuite : aller à Autre chose

## Autre chose",
    ))
});

#[test]
fn a_number_told_is_a_yes_to_being_called_back() {
    let mut talk = Talk::with(&TOWN_OF_OFFERS, OPEN, None);
    talk.says("j'ai une idée").hears("Voulez-vous que je la note");
    talk.says("zéro quatre, soixante-cinq, 71, 12, 50").hears("Quelle est votre idée");
    talk.says("des bancs à l'ombre").hears("À quel nom").says("Martin");
    talk.hears("Je note : Des bancs à l'ombre, de Martin, au 04 65 71 12 50.");
    // A number that no form wants says nothing.
    let mut talk = Talk::with(&TOWN_OF_OFFERS, OPEN, None);
    talk.says("zéro quatre, soixante-cinq, 71, 12, 50").hears("pas bien compris");
}

#[test]
fn who_tells_the_matter_again_is_asked_again() {
    // The second one as it may be misheard. Without the rule they would be the name, or lead to the identity card.
    for again in ["plus de bancs à l'ombre, près de la carte d'identité", "plu de bans à l'ombre, pré du chateau"]
    {
        let mut talk = Talk::with(&TOWN_OF_OFFERS, OPEN, None);
        talk.says("j'ai une idée").says("oui").hears("Quelle est votre idée");
        talk.says("plus de bancs à l'ombre, près de la carte d'identité perdue").hears("À quel nom");
        talk.says(again).hears("votre nom de famille").says("Martin").hears("À quel numéro");
    }
}

/// The caller speaks again before the answer can be heard.
fn goes_on(talk: &mut Talk) -> &mut Talk {
    talk.input(Input::SpeechInterrupted { heard: 0, had_begun: false })
}

#[test]
fn what_goes_on_before_the_answer_is_heard_belongs_to_what_was_said() {
    let mut talk = Talk::with(&TOWN_OF_OFFERS, OPEN, None);
    talk.says("j'ai une idée").says("oui").says("des bancs à l'ombre").hears("À quel nom");
    goes_on(&mut talk).says("devant la gare").hears("À quel nom");
    goes_on(&mut talk).says("et près du château").hears("À quel nom").says("Martin").hears("À quel numéro");
    talk.says("zéro quatre, soixante-cinq");
    goes_on(&mut talk)
        .says("71, 12, 50")
        .hears("Je note : Des bancs à l'ombre devant la gare et près du château, de Martin");
    talk.hears("au 04 65 71 12 50");
    // Who has heard the question answers it.
    let mut talk = Talk::with(&TOWN_OF_OFFERS, OPEN, None);
    talk.says("j'ai une idée").says("oui").says("des bancs à l'ombre").hears("À quel nom");
    talk.input(Input::SpeechInterrupted { heard: 0, had_begun: true }).says("Fontaine").hears("À quel numéro");
}

#[test]
fn what_stands_alone_or_is_done_is_not_joined() {
    let mut talk = Talk::with(&TOWN_OF_OFFERS, OPEN, None);
    talk.says("j'ai une idée").hears("Voulez-vous");
    goes_on(&mut talk).says("je veux parler à un agent");
    assert_eq!(talk.transferred().as_deref(), Some("Standard"));
    let mut talk = Talk::with(&TOWN_OF_OFFERS, OPEN, None);
    talk.says("j'ai une idée").says("oui").says("des bancs").says("Martin").says("04 65 71 12 50").says("oui");
    assert!(talk.saved().is_some());
    goes_on(&mut talk).says("oui, des bancs");
    assert!(talk.saved().is_none(), "saved once");
    let mut talk = Talk::with(&TOWN_OF_OFFERS, OPEN, None);
    talk.says("il y a le feu chez ma voisine").hears("le 18");
    goes_on(&mut talk).says("j'ai une idée").hears("Voulez-vous");
}

#[test]
fn words_of_the_question_are_no_wish() {
    let town = build(&TOWN.replace(
        "## Autre chose",
        "## Naissance
Quand on dit :
- [déclarer] [une] naissance

Répondre :
> Une naissance se déclare dans les cinq jours.

## Acte
Quand on dit :
- [demander] [un] acte

Demander date (date) :
> Quelle est la date de naissance ?

Demander nom (nom de personne) :
> À quel nom ?

- Enregistrer : acte

## Autre chose",
    ));
    let mut talk = Talk::with(&town, OPEN, None);
    talk.says("demander un acte").hears("date de naissance ?");
    talk.says("naissance").does_not_hear("cinq jours").hears("Dites par exemple « mardi 12 mai »");
    talk.says("le 3 mai 1980").hears("À quel nom");
    // More than them may be one.
    let mut talk = Talk::with(&town, OPEN, None);
    talk.says("demander un acte").hears("date de naissance ?").says("déclarer une naissance").hears("cinq jours");
}

#[test]
fn the_matter_told_again_beside_a_yes_hides_no_yes() {
    let mut talk = Talk::with(&TOWN_OF_REQUESTS, OPEN, None);
    talk.says("signaler un lampadaire")
        .says("le lampadaire est tombé dans la rue devant l'école")
        .hears("À quelle adresse");
    talk.says("12, rue de Pontoise").says("Martin").says("04 65 71 12 50").hears("Est-ce dangereux");
    talk.says("oui, le lampadaire est tombé dans la rue").hears("Je note :").hears("oui");
}

#[test]
fn a_number_alone_is_no_message() {
    let mut talk = Talk::with(&TOWN_OF_OFFERS, OPEN, None);
    talk.says("j'ai une idée").says("oui").hears("Quelle est votre idée");
    talk.says("zéro quatre, 65, 71, 12, 50").hears("Quelle est votre idée");
    talk.says("04 65 71 12 50").hears("Quelle est votre idée");
    talk.says("des bancs à l'ombre, appelez le 04 65 71 12 51").hears("À quel nom").says("Martin");
    talk.hears("Je note : Des bancs à l'ombre, appelez le 04 65 71 12 51, de Martin, au 04 65 71 12 50.");
}

#[test]
fn who_tells_the_matter_has_begun() {
    let town = build(&TOWN.replace(
        "## Autre chose",
        "## Éclairage
Quand on dit :
- [quand] [est-ce que] [le] lampadaire [est] éteint [devant la gare] [qui gêne] [depuis lundi]

Répondre :
> Je peux le noter. Voulez-vous commencer ?
- oui : aller à Signalement
- non : aller à Autre chose

## Signalement
Quand on dit :
- signaler un problème

Demander problème (message libre) :
> Que se passe-t-il ?

Demander nom (nom de personne) :
> À quel nom ?

Confirmer :
> Je note : {problème}, de {nom}. C'est bien cela ?
- Enregistrer : signalement
- Ensuite : aller à Autre chose

## Autre chose",
    ));
    let begin = || {
        let mut talk = Talk::with(&town, OPEN, None);
        talk.says("le lampadaire est éteint").hears("Voulez-vous commencer");
        talk
    };
    let mut talk = begin();
    talk.says("le lampadaire devant la gare est éteint depuis lundi").hears("À quel nom").says("Martin");
    talk.hears("Je note : Le lampadaire devant la gare est éteint depuis lundi, de Martin.");
    // "Qui" within a sentence asks nothing.
    begin().says("le lampadaire qui gêne est éteint depuis lundi").hears("À quel nom");
    // Beside what else it may mean, it is the matter.
    let unsure = "le lampadaire clignote et il fait noir partout";
    Talk::with(&town, OPEN, None).says(unsure).hears("C'est bien cela");
    begin().says(unsure).hears("À quel nom");
    // Two things are enough.
    begin().says("un lampadaire éteint").hears("À quel nom");
    begin().says("le lampadaire").does_not_hear("À quel nom");
    // A yes is asked what it is about; a question is answered; a no ends it.
    begin().says("oui").hears("Que se passe-t-il");
    begin().says("quand est-ce que le lampadaire est éteint").hears("Voulez-vous commencer");
    begin().says("non").hears("autre chose");
}

#[test]
fn a_matter_with_its_place_needs_no_number() {
    let mut talk = Talk::with(&TOWN_OF_REQUESTS, CLOSED, None);
    talk.says("je voudrais signaler un lampadaire cassé")
        .hears("Que se passe-t-il")
        .says("Il est tombé sur le trottoir.");
    talk.says("8 avenue Foch").hears("À quel nom").says("Martin").hears("À quel numéro");
    talk.says("non, pas de numéro").says("non, pas de numéro").hears("Est-ce dangereux").says("oui");
    let saved = talk.saved().unwrap_or_else(|| panic!("nothing saved: {:?}", talk.outputs));
    let fields: Vec<&str> = saved.fields.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(fields, ["problème", "lieu", "nom", "danger"]);
    talk.does_not_hear("va vous rappeler");
}

#[test]
fn a_wish_to_hear_it_again_is_no_message() {
    let mut talk = Talk::with(&TOWN_OF_REQUESTS, OPEN, None);
    talk.says("je voudrais signaler un lampadaire cassé").hears("Que se passe-t-il");
    talk.says("Pardon, pouvez-vous répéter plus lentement ?").hears("Que se passe-t-il");
}

#[test]
fn a_request_that_was_left_is_not_taken_again_unawares() {
    let left = || {
        let mut talk = talk();
        talk.says("rappelez-moi plutôt le matin au 06 12 34 56 78, je m'appelle Martin")
            .says("oui")
            .hears("C'est noté");
        assert!(talk.saved().is_some());
        talk
    };
    let mut talk = left();
    talk.says("vous pouvez me rappeler").hears("déjà notée").does_not_hear("À quel nom");
    talk.says("non merci").hears("autre chose");
    assert!(talk.saved().is_none());
    // Another one is meant, or wanted after all.
    let mut talk = left();
    talk.says("une autre demande de rappel").hears("Toujours au 06").does_not_hear("déjà notée");
    let mut talk = left();
    talk.says("vous pouvez me rappeler").says("oui").hears("Toujours au 06");
}

#[test]
fn when_nobody_can_help_what_was_left_before_is_enough() {
    let mut talk = Talk::with(&TOWN_OF_REQUESTS, CLOSED, None);
    talk.says("rappelez-moi plutôt le matin au 06 12 34 56 78, je m'appelle Martin").says("oui");
    assert!(talk.saved().is_some());
    talk.says("un agent").says("non").says("un agent").hears("C'est noté");
    assert!(talk.saved().is_none() && talk.hung_up());
}
