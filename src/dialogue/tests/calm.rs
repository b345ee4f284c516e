//! Danger, distress, insults, children, the wrong house; several wishes; somebody of the directory.

use super::*;

#[test]
fn the_number_to_dial_depends_on_the_danger() {
    for (text, number) in [
        ("il y a le feu dans mon immeuble", "le 18"),
        ("ça sent le gaz dans l'escalier", "0 800 47 33 33"),
        ("mon mari ne respire plus", "le 15"),
        ("mon mari me frappe", "le 17"),
        ("je veux en finir", "3114"),
        ("au secours", "le 112"),
    ] {
        let mut talk = Talk::new(OPEN);
        talk.says(text).hears(number);
        assert!(talk.notes().contains(&&Note::Emergency), "{text}");
        let first = talk.outputs.iter().find(|output| matches!(output, Output::Say(_)));
        assert!(matches!(first, Some(Output::Say(prompt)) if !prompt.interruptible), "{text}");
        talk.says("un agent");
        assert_eq!(talk.transferred().as_deref(), Some("Standard"), "{text}");
    }
}

#[test]
fn distress_gets_a_word_and_somebody() {
    let mut talk = Talk::new(OPEN);
    talk.says("je n'en peux plus je suis à bout").hears("vous n'êtes pas seul").hears("passe un agent");
    talk.says("oui");
    assert_eq!(talk.transferred().as_deref(), Some("Standard"));
    let mut talk = Talk::new(CLOSED);
    talk.says("on dort dehors").hears("115").says("oui").hears("À quel nom");
}

#[test]
fn insults_and_children_are_met_calmly_and_end_with_a_human() {
    let mut talk = Talk::new(OPEN);
    talk.says("espèce de connard").hears("un agent");
    talk.says("je voudrais refaire mon passeport").hears("sur rendez-vous");
    let mut talk = Talk::new(OPEN);
    talk.says("bande d'incapables").says("vous êtes nuls");
    assert_eq!(talk.transferred().as_deref(), Some("Standard"));
    let mut talk = Talk::new(OPEN);
    talk.says("t'es qui toi").hears("un adulte").hears("112");
}

#[test]
fn an_insulted_wish_is_a_wish() {
    let mut talk = Talk::new(OPEN);
    talk.says("putain je voudrais refaire ma carte d'identité").hears("rendez-vous à l'état civil");
}

#[test]
fn another_house_is_said_with_what_can_be_asked() {
    let mut talk = Talk::new(OPEN);
    talk.says("je voudrais commander une pizza").hears("par exemple").hears("carte d'identité");
    talk.says("il va pleuvoir demain");
    assert_eq!(talk.transferred().as_deref(), Some("Standard"));
}

#[test]
fn a_question_without_subject_is_asked_back_and_completed() {
    let mut talk = Talk::new(OPEN);
    talk.says("c'est combien").hears("Pour quelle démarche");
    talk.says("refaire mon passeport").hears("sur rendez-vous");
    // The open topic says nothing about it: somebody may.
    talk.says("et c'est combien").hears("Je n'ai pas cette information").hears("passe un agent").says("oui");
    assert_eq!(talk.transferred().as_deref(), Some("Standard"));
}

#[test]
fn wishes_of_one_sentence_are_taken_one_after_the_other() {
    let mut talk = Talk::new(OPEN);
    talk.says("je voudrais refaire mon passeport et puis un acte de naissance").hears("sur rendez-vous");
    talk.hears("Et pour votre autre demande : L'acte de naissance est gratuit").hears("autre chose");
}

#[test]
fn people_of_the_directory_are_reached_or_asked_back() {
    let people = "- Poste : 200\n- Personnes : Madame Claire Martin";
    let gardens = "### Espaces verts\n- Poste : 300\n- Personnes : Madame Sophie Martin, Monsieur Le Goff\n- Mots : jardins\n\
                   - Si fermé, occupé ou sans réponse : transférer à Standard\n\n## Essai : carte perdue";
    let town = build(&TOWN.replacen("- Poste : 200", people, 1).replacen("## Essai : carte perdue", gardens, 1));
    let reached = |sentences: &[&str]| {
        let mut talk = Talk::with(&town, OPEN, None);
        for sentence in sentences {
            talk.says(sentence);
        }
        let entry = talk.outputs.iter().find_map(|output| match output {
            Output::Transfer(entry) => Some(town.plan.entry(*entry).name.clone()),
            _ => None,
        });
        (entry, talk.said())
    };
    assert_eq!(reached(&["passez-moi monsieur Le Goff"]).0.as_deref(), Some("Espaces verts"));
    assert_eq!(reached(&["madame Martin des espaces verts s'il vous plaît"]).0.as_deref(), Some("Espaces verts"));
    assert_eq!(reached(&["je voudrais parler à madame Dubreuil"]).0.as_deref(), Some("Standard"));
    let (entry, said) = reached(&["je voudrais parler à madame Martin"]);
    assert_eq!(entry, None);
    assert!(said.contains("État civil ? Ou bien : Espaces verts ?"), "{said}");
    assert_eq!(reached(&["je voudrais parler à madame Martin", "la deuxième"]).0.as_deref(), Some("Espaces verts"));
    assert_eq!(reached(&["je voudrais parler à madame Martin", "état civil"]).0.as_deref(), Some("État civil"));
    assert_eq!(reached(&["je voudrais parler à madame Martin", "oui"]).0.as_deref(), Some("État civil"));
    assert_eq!(reached(&["je voudrais parler à madame Martin", "non"]).0.as_deref(), Some("Standard"));
}
