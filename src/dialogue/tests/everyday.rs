//! Everyday repair: not understood, silence, noise, repeat, slower, interruptions, engines down, emergencies.

use super::*;

#[test]
fn two_failures_lead_to_a_human() {
    let mut talk = Talk::new(OPEN);
    talk.says("le chat de la voisine mange des croquettes").hears("par exemple : carte d'identité");
    assert_eq!(talk.transferred(), None);
    talk.says("il fait beau sur la plage").hears("Je vous passe un agent");
    assert_eq!(talk.transferred().as_deref(), Some("Standard"));
    assert!(talk.notes().contains(&&Note::Escalated));
}

#[test]
fn failures_are_forgotten_after_progress() {
    let mut talk = Talk::new(OPEN);
    talk.says("le chat mange des croquettes").says("je dois refaire mon passeport").hears("sur rendez-vous");
    talk.says("le chat mange des croquettes").hears("par exemple");
    assert_eq!(talk.transferred(), None);
}

#[test]
fn silence_is_met_gently_then_with_keys_then_politely() {
    let mut talk = Talk::new(OPEN);
    talk.input(Input::Silence).hears("Dites par exemple « refaire ma carte d'identité »");
    talk.input(Input::Silence).hears("tapez 1");
    talk.input(Input::Silence).hears("Si vous m'entendez");
    // The officer wrote: after two failures in the menu, the operator.
    talk.input(Input::Silence);
    assert_eq!(talk.transferred().as_deref(), Some("Standard"));
}

#[test]
fn nobody_on_the_line_is_not_passed_to_the_operator_unasked() {
    let town = build(&TOWN.replace("- Après 2 échecs : transférer à Standard\n", ""));
    let mut talk = Talk::with(&town, OPEN, None);
    for _ in 0..3 {
        talk.input(Input::Silence);
        assert!(!talk.hung_up() && talk.transferred().is_none());
    }
    talk.input(Input::Silence).hears("Au revoir");
    assert!(talk.hung_up());
}

#[test]
fn speech_without_words_costs_nothing_at_first_and_what_it_cut_off_is_said() {
    let mut talk = Talk::new(OPEN);
    talk.input(Input::SpeechInterrupted { heard: 1, had_begun: true });
    assert!(talk.outputs.is_empty());
    talk.says("").hears("que puis-je faire").does_not_hear("bonjour");
    let mut talk = Talk::new(OPEN);
    talk.input(Input::SpeechFinished).says("").hears("pas bien entendu");
    assert!(talk.listens().is_some());
    talk.says("  ").hears("par exemple");
}

#[test]
fn repeat_and_slower() {
    let mut talk = Talk::new(OPEN);
    talk.says("répétez").hears("que puis-je faire");
    talk.says("pouvez-vous parler plus lentement").hears("plus lentement").hears("que puis-je faire");
    let paces: Vec<Pace> = talk
        .outputs
        .iter()
        .filter_map(|o| match o {
            Output::Say(p) => Some(p.pace),
            _ => None,
        })
        .collect();
    assert!(!paces.is_empty() && paces.iter().all(|p| *p == Pace::Slow));
    talk.says("répétez").hears("que puis-je faire").does_not_hear("plus lentement");
}

#[test]
fn fairly_sure_asks_and_no_is_heard() {
    let mut talk = Talk::new(OPEN);
    talk.says("une naissance chez mon frère").hears("J'ai compris : acte de naissance.");
    talk.says("non c'est pour refaire mon passeport").hears("sur rendez-vous");
    let mut talk = Talk::new(OPEN);
    talk.says("une naissance chez mon frère").types("1").hears("L'acte de naissance est gratuit");
    let mut talk = Talk::new(OPEN);
    talk.says("une naissance chez mon frère").says("non").hears("le dire autrement");
    talk.says("une naissance chez mon frère");
    assert_eq!(talk.transferred().as_deref(), Some("Standard"));
}

#[test]
fn doubtful_hearing_asks_first() {
    let mut talk = Talk::new(OPEN);
    talk.input(Input::Heard { text: "refaire mon passeport".into(), confidence: 0.2 })
        .hears("J'ai compris : passeport.");
    talk.says("oui").hears("sur rendez-vous");
}

#[test]
fn emergencies_come_before_everything() {
    let mut talk = Talk::new(OPEN);
    talk.says("rappelez-moi").says("au secours il y a le feu").hears("le 18").hears("112");
    assert!(talk.notes().contains(&&Note::Emergency));
    assert!(
        matches!(talk.outputs.iter().find(|o| matches!(o, Output::Say(_))), Some(Output::Say(p)) if !p.interruptible)
    );
    talk.says("il y a le feu je vous dis").hears("le 18");
    assert_eq!(talk.transferred().as_deref(), Some("Standard"));
    let mut talk = Talk::new(OPEN);
    talk.says("ça sent le gaz").types("0");
    assert_eq!(talk.transferred().as_deref(), Some("Standard"));
}

#[test]
fn a_recogniser_that_fails_leaves_the_keys() {
    let mut talk = Talk::new(OPEN);
    talk.input(Input::RecogniserFailed).hears("touches de votre téléphone").hears("tapez 1");
    talk.types("1").hears("Il faut un rendez-vous");
    talk.input(Input::RecogniserFailed);
    assert_eq!(talk.transferred().as_deref(), Some("Standard"));
}

#[test]
fn the_longest_call_ends_politely() {
    let mut talk = Talk::new(OPEN);
    talk.input(Input::TimeIsUp).hears("Au revoir");
    assert!(talk.hung_up());
}

#[test]
fn unknown_keys_are_said_to_be_unknown() {
    let mut talk = Talk::new(OPEN);
    talk.types("7").hears("ne correspond à aucun choix");
    talk.types("8");
    assert_eq!(talk.transferred().as_deref(), Some("Standard"));
}

#[test]
fn a_greeting_is_greeted() {
    let mut talk = Talk::new(OPEN);
    talk.says("allô bonjour").hears("Je vous écoute");
    talk.says("refaire mon passeport").hears("rendez-vous");
}

#[test]
fn prompts_for_the_recogniser_are_short_and_local() {
    let talk = Talk::new(OPEN);
    let prompt = &talk.listens().unwrap().prompt;
    assert!(prompt.contains("Saint-Aubin") && prompt.chars().count() <= 201, "{prompt}");
}

/// The caller was asked something that wants a yes or a no.
fn asked_a_closed_question() -> Talk {
    let mut talk = Talk::new(OPEN);
    talk.says("j'ai perdu ma carte d'identité").hears("Voulez-vous la liste");
    talk
}

#[test]
fn a_person_asked_for_beside_a_yes_or_no_is_reached() {
    for answer in [
        "D'accord, mais c'est trop compliqué pour moi. Je préfère parler à quelqu'un.",
        "Oui mais je voudrais parler à un agent",
        "Non, je préfère parler à quelqu'un",
    ] {
        assert_eq!(asked_a_closed_question().says(answer).transferred().as_deref(), Some("Standard"), "{answer}");
    }
    let mut talk = asked_a_closed_question();
    talk.says("non, je ne veux pas parler à un agent").hears("autre chose");
    assert_eq!(talk.transferred(), None);
}

#[test]
fn a_question_beside_a_sign_of_having_understood_comes_before_the_agent() {
    let town = build(&TOWN.replace(
        "> Le passeport se demande sur rendez-vous.\n",
        "> Le passeport se demande sur rendez-vous. Voulez-vous parler à un agent ?
- oui, touche 1 : transférer à Standard
- non, touche 2 : aller à Autre chose\n",
    ));
    let asked = || {
        let mut talk = Talk::with(&town, OPEN, None);
        talk.says("mon passeport est périmé").hears("Voulez-vous parler à un agent");
        talk
    };
    let mut talk = asked();
    talk.says("D'accord. Et pour un acte de naissance ?").hears("gratuit");
    assert_eq!(talk.transferred(), None);
    for answer in ["D'accord.", "Oui, s'il vous plaît.", "Oui, et pour un acte de naissance aussi"] {
        assert_eq!(asked().says(answer).transferred().as_deref(), Some("Standard"), "{answer}");
    }
}

#[test]
fn taking_leave_is_no_answer() {
    for answer in ["Non. Merci. C'est tout au revoir.", "D'accord, merci, au revoir."] {
        assert!(asked_a_closed_question().says(answer).hears("Au revoir").hung_up(), "{answer}");
    }
    asked_a_closed_question().says("Oui, au revoir.").hears("Une photo récente");
    asked_a_closed_question().says("Non merci.").hears("autre chose");
}

#[test]
fn a_question_behind_an_agreement_is_a_question() {
    for answer in ["Ah, d'accord. Et c'est payant ?", "Ah oui. Et combien ça coûte ?", "oui mais combien c'est"] {
        asked_a_closed_question().says(answer).hears("25 euros").does_not_hear("Une photo");
    }
    // What is not understood is no yes either; what asks nothing is.
    asked_a_closed_question().says("D'accord, et comment on dessine un mouton ?").does_not_hear("Une photo");
    for answer in ["Ah oui.", "D'accord, et merci.", "Ah oui, si vous voulez bien.", "Oui, et c'est payant ?"] {
        asked_a_closed_question().says(answer).hears("Une photo récente");
    }
}

#[test]
fn a_wish_to_have_it_noted_begins_a_form() {
    for answer in ["Non, notez-le simplement.", "non, notez plutôt ma demande", "Vous pouvez noter ma demande ?"] {
        asked_a_closed_question().says(answer).hears("À quel nom dois-je noter la demande");
    }
    // In a form it is no command.
    let mut talk = Talk::new(OPEN);
    talk.says("rappelez-moi").says("notez ma demande, je m'appelle Dupont").hears("À quel numéro");
}

#[test]
fn an_answer_that_was_just_given_is_told_again_once() {
    let mut talk = Talk::new(OPEN);
    talk.says("mon passeport est périmé").hears("sur rendez-vous").does_not_hear("tout ce que je sais");
    talk.says("je dois refaire mon passeport").hears("tout ce que je sais").hears("sur rendez-vous");
    talk.says("refaire mon passeport").hears("Je n'ai pas cette information").hears("un agent");
    // The same again, and it is no use going round.
    let mut again = Talk { dialogue: talk.dialogue.clone(), at: OPEN, outputs: Vec::new() };
    assert_eq!(again.says("mon passeport est périmé").transferred().as_deref(), Some("Standard"));
    assert_eq!(talk.says("oui").transferred().as_deref(), Some("Standard"));
    // Another subject between makes it new.
    let mut talk = Talk::new(OPEN);
    talk.says("mon passeport est périmé").says("un acte de naissance").says("mon passeport est périmé");
    talk.hears("sur rendez-vous").does_not_hear("tout ce que je sais");
}

#[test]
fn signs_of_having_understood_do_not_go_on_for_ever() {
    let mut talk = Talk::new(OPEN);
    talk.says("mon passeport est périmé");
    talk.says("Ah, je vois.").hears("autre chose").says("Je ne savais pas.").hears("autre chose");
    let reached = (0..4).any(|_| talk.says("Ah, je vois.").transferred().is_some());
    assert!(reached, "{:?}", talk.said());
}

#[test]
fn a_no_with_its_reason_is_about_nothing_else() {
    for no in ["pas aujourd'hui, non, je suis à la naissance de mon petit-fils", "non merci, j'ai déjà mon passeport"]
    {
        let mut talk = Talk::new(OPEN);
        talk.says("refaire ma carte d'identité").hears("Voulez-vous la liste");
        talk.says(no).hears("autre chose").does_not_hear("passeport").does_not_hear("naissance");
    }
    // A wish or a question beside it counts.
    let mut talk = Talk::new(OPEN);
    talk.says("refaire ma carte d'identité").says("non merci, je voudrais plutôt un passeport").hears("Le passeport");
}
