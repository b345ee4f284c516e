//! Telephone numbers of which the recogniser nearly heard another.

use super::*;

impl Talk {
    fn says_nearly(&mut self, text: &str, others: &[(&str, f32)]) -> &mut Self {
        self.dialogue.nearly_heard(others.iter().map(|(text, odds)| ((*text).to_owned(), *odds)));
        self.says(text)
    }
}

const HEARD: &str = "06 18 76 29 90";
const OTHERS: &[(&str, f32)] = &[("06 18 66 29 90", 0.5), ("06 18 96 29 90", 0.8)];

fn asked_for_the_number() -> Talk {
    let mut talk = Talk::new(OPEN);
    talk.says("rappelez-moi").says("Martin").hears("À quel numéro");
    talk
}

#[test]
fn each_is_offered_in_its_turn() {
    let mut talk = asked_for_the_number();
    talk.says_nearly(HEARD, OTHERS).hears("06 18 76 29 90").hears("?");
    talk.says("non").hears("06 18 66 29 90").says("non").hears("06 18 96 29 90");
    talk.says("oui").hears("Plutôt le matin").says("le matin").hears("au 06 18 96 29 90");
}

#[test]
fn one_that_was_denied_is_not_believed_again() {
    let mut talk = asked_for_the_number();
    talk.says_nearly(HEARD, &OTHERS[..1]).says("non").says("non");
    talk.says_nearly("c'est le 06 18 76 29 90", OTHERS).says("le matin").hears("au 06 18 96 29 90");
    // Nothing else is left to believe.
    let mut talk = asked_for_the_number();
    talk.says_nearly(HEARD, &OTHERS[..1]).says("non").says("non").says(HEARD).hears("Plutôt le matin");
    talk.says("le matin").hears("au 06 18 76 29 90");
}

#[test]
fn told_again_behind_a_no_it_is_another() {
    let mut talk = asked_for_the_number();
    talk.says_nearly(HEARD, OTHERS).says_nearly("non, 06 18 76 29 90", &[("non, 06 18 66 29 90", 0.2)]);
    talk.hears("Plutôt le matin").says("le matin").hears("au 06 18 66 29 90");
    // Without a no it is the same.
    let mut talk = asked_for_the_number();
    talk.says_nearly(HEARD, OTHERS).says_nearly(HEARD, &[("06 18 66 29 90", 0.7)]);
    talk.says("oui").says("le matin").hears("au 06 18 76 29 90");
}

#[test]
fn and_so_it_is_when_everything_is_read_back() {
    let mut talk = asked_for_the_number();
    talk.says(HEARD).says("le matin").hears("Je note : Martin, au 06 18 76 29 90, le matin.");
    talk.says_nearly("non, c'est le 06 18 76 29 90", &[("non, c'est le 06 18 66 29 90", 0.2)]);
    talk.hears("Je note : Martin, au 06 18 66 29 90, le matin.");
    // After the question what is wrong.
    let mut talk = asked_for_the_number();
    talk.says(HEARD).says("le matin").says("non").says_nearly(HEARD, &[("06 18 66 29 90", 0.2)]);
    talk.hears("Je note : Martin, au 06 18 66 29 90, le matin.");
}

#[test]
fn digits_behind_a_no_tell_what_is_wrong_even_if_some_are_lost() {
    // As Whisper base wrote it: the next reading of what was noted is offered.
    let mut talk = asked_for_the_number();
    talk.says("0639 98 24 14").says("le matin").hears("au 06 39 98 24 14");
    talk.says("Non. 0639-9814.").hears("06 39 98 20 14").says("oui").hears("au 06 39 98 20 14");
    // Without another reading it is asked for.
    let mut talk = asked_for_the_number();
    talk.says(HEARD).says("le matin").says("non").says("0618 7629").hears("chiffre");
    talk.says("06 18 66 29 90").hears("Je note : Martin, au 06 18 66 29 90, le matin.");
}

#[test]
fn what_is_clear_needs_no_question() {
    let mut talk = asked_for_the_number();
    talk.says_nearly(HEARD, &[("06 18 66 29 90", 1.5)]).hears("Plutôt le matin");
    // It comes back when the caller says that the number is wrong.
    talk.says("le matin").says("non, le numéro n'est pas bon").hears("06 18 66 29 90");
}

#[test]
fn what_begins_no_number_is_not_gone_on_from() {
    let mut talk = asked_for_the_number();
    talk.says("vingt-six quatorze").hears("dix chiffres").does_not_hear("26 14");
    let mut talk = asked_for_the_number();
    talk.says("0353 01717").hears("dix chiffres");
    let mut talk = asked_for_the_number();
    talk.says("06 18").hears("06 18").says("76 29 90").hears("Plutôt le matin");
}

#[test]
fn what_was_nearly_heard_is_of_those_words_alone() {
    let mut talk = asked_for_the_number();
    talk.says_nearly("euh attendez", OTHERS).says(HEARD).hears("Plutôt le matin");
}

#[test]
fn what_two_tellings_agree_in_comes_first() {
    let mut talk = asked_for_the_number();
    talk.says_nearly("06 18 66 38 90", &[("06 18 66 38 80", 0.5), ("06 18 76 38 90", 0.8)]).hears("06 18 66 38 90");
    // Both were doubtful; only one of them is in both.
    talk.says_nearly("non, 06 18 96 38 90", &[("non, 06 18 86 38 90", 0.3), ("non, 06 18 76 38 90", 0.9)]);
    talk.hears("06 18 76 38 90").says("oui").says("le matin").hears("au 06 18 76 38 90");
}

#[test]
fn heard_the_same_in_two_tellings_it_is_kept() {
    let mut talk = asked_for_the_number();
    talk.says("07 77 14 98 02").hears("Plutôt le matin").says("le matin").hears("au 07 77 14 98 02");
    talk.says_nearly("non, 07 67 14 98 02", &[("non, 07 67 14 88 02", 0.4)]).hears("07 67 14 98 02").says("oui");
    talk.hears("au 07 67 14 98 02");
    // The caller has misheard what was read back.
    talk.says_nearly("non, 07 67 14 98 02", &[("non, 07 67 14 88 02", 0.4)]).hears("J'ai noté : 07 67 14 98 02");
    talk.says("oui").hears("au 07 67 14 98 02").says("oui");
    assert_eq!(talk.saved().unwrap().fields[1].1, "0767149802");
}
