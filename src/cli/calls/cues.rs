//! By what a caller recognises the agent's questions: the fixed words of its everyday phrases and of the forms' ends.

use crate::cli::Failure;
use crate::dialogue::{PhraseBook, PhraseId, Phrases};
use crate::dialplan::{Dialplan, Language, Part, SourceFile, Speech};
use crate::simulate::person::Cues;

/// From the dialplan and the French everyday phrases.
pub fn of(plan: &Dialplan, prompts: Vec<SourceFile>) -> Result<Cues, Failure> {
    let french = Language("fr".to_owned());
    let phrases = Phrases::from_files(&[(french.clone(), prompts)]).map_err(|errors| {
        Failure::new(errors.iter().map(|(_, error)| error.to_string()).collect::<Vec<_>>().join("\n"))
    })?;
    let Some(book) = phrases.book(&french) else {
        return Err(Failure::new("Il n'y a pas de phrases françaises."));
    };
    let mut reads_back =
        phrases_of(book, &[PhraseId::ConfirmValue, PhraseId::OtherValue, PhraseId::KeepNumber, PhraseId::OwnNumber]);
    let confirmations = plan.plans.iter().flat_map(|words| &words.topics).filter_map(|topic| topic.confirm.as_ref());
    reads_back.extend(confirmations.filter_map(fixed));
    reads_back.sort();
    reads_back.dedup();
    Ok(Cues {
        confirms_topic: phrases_of(book, &[PhraseId::ConfirmTopic]),
        offers: phrases_of(book, &[PhraseId::OfferFirst]),
        reads_back,
        goes_on: phrases_of(book, &[PhraseId::GoOn]),
        has_not_understood: phrases_of(
            book,
            &[
                PhraseId::NotUnderstood,
                PhraseId::NotUnderstoodHere,
                PhraseId::NotHeard,
                PhraseId::NotUnderstoodYesNo,
                PhraseId::SayItOtherwise,
                PhraseId::SilenceHere,
                PhraseId::Silence,
                PhraseId::SayAgain,
                PhraseId::NumberInvalid,
                PhraseId::NumberByDigits,
                PhraseId::NameInvalid,
                PhraseId::SpellName,
                PhraseId::DateInvalid,
                PhraseId::TimeInvalid,
                PhraseId::EmailInvalid,
            ],
        ),
        offers_call_back: phrases_of(book, &[PhraseId::OfferCallBack]).iter().map(|text| question(text)).collect(),
        asks_to_wait: phrases_of(book, &[PhraseId::OneMoment]),
        has_raised_alarm: phrases_of(book, &[PhraseId::EmergencyOperator]),
        has_part_of_number: phrases_of(book, &[PhraseId::NumberContinues]),
        has_saved: phrases_of(book, &[PhraseId::Saved, PhraseId::SavedPartly]),
    })
}

/// The fixed words of phrases, `…` where a value stands.
fn phrases_of(book: &PhraseBook, ids: &[PhraseId]) -> Vec<String> {
    let mut all = Vec::new();
    for id in ids {
        let mut before = None;
        // Texts of one phrase come round with the turns.
        for turn in 0.. {
            let text = book.sentences(*id, turn).join(" ");
            if text.is_empty() || before.as_ref() == Some(&text) || all.contains(&with_gaps(&text)) {
                break;
            }
            all.push(with_gaps(&text));
            before = Some(text);
        }
    }
    all
}

/// Up to the first question mark: how to answer, said behind it, is no part of the question.
fn question(text: &str) -> String {
    text.split_inclusive('?').next().unwrap_or_default().to_owned()
}

fn with_gaps(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        out.push('…');
        rest = after.split_once('}').map_or("", |(_, after)| after);
    }
    out + rest
}

/// The fixed words a form's `Confirmer` begins and ends with; `None` when it has none.
fn fixed(speech: &Speech) -> Option<String> {
    let text = |part: &Part| match part {
        Part::Text(text) => text.trim().to_owned(),
        Part::Value(_) => String::new(),
    };
    let first = speech.parts.first().map(text).unwrap_or_default();
    let last = if speech.parts.len() > 1 { speech.parts.last().map(text).unwrap_or_default() } else { String::new() };
    let cue = format!("{first} … {last}");
    cue.chars().any(char::is_alphabetic).then_some(cue)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_gaps() {
        assert_eq!(with_gaps("J'ai compris : {titre}. C'est bien cela ?"), "J'ai compris : …. C'est bien cela ?");
        assert_eq!(with_gaps("Je continue ?"), "Je continue ?");
    }

    #[test]
    fn how_to_answer_is_no_part_of_a_question() {
        assert_eq!(
            question("Voulez-vous qu'on vous rappelle ? Dites oui ou non."),
            "Voulez-vous qu'on vous rappelle ?"
        );
        assert_eq!(question("Sans question."), "Sans question.");
    }
}
