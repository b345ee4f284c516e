//! What callers may say at any moment, even when the officer's `Partout` forgets it.

use std::sync::LazyLock;

use super::pattern::{Patterns, content_outside};
use super::text::{tokens, written};

/// A wish about the conversation itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    Repeat,
    SlowDown,
    Goodbye,
    /// Give up the form under way.
    Cancel,
    /// Another subject.
    SomethingElse,
    /// "J'ai encore une question": it comes next, about whatever.
    MoreToAsk,
    /// The question, or the answer, before this one.
    Back,
    /// "Attendez", "un instant".
    Wait,
    /// "Notez plutôt ma demande": a form instead of an answer or an agent.
    TakeNote,
}

static COMMANDS: LazyLock<Vec<(Command, Patterns)>> = LazyLock::new(|| {
    vec![
        (
            Command::SlowDown,
            Patterns::new(
                &[
                    "plus lentement",
                    "moins vite",
                    "moins rapidement",
                    "trop vite",
                    "doucement",
                    "ralentissez",
                    "ralentir",
                    "plus doucement",
                ],
                0,
            ),
        ),
        (
            Command::Repeat,
            Patterns::new(
                &[
                    "repetez",
                    "repeter",
                    "repete",
                    "redites",
                    "redire",
                    "reecouter",
                    "reentendre",
                    "rien|pas|mal compris",
                    "rien|pas|mal entendu",
                    "entends pas|mal|rien",
                    "comprends pas|rien",
                    "vous avez|aviez dit",
                    "vous dites",
                    "vous disiez",
                    "^ comment $",
                    "^ pardon $",
                    "^ quoi $",
                    "^ hein $",
                    "encore une fois",
                    "plus fort",
                    "monter|montez|augmenter|augmentez le? son|volume",
                ],
                0,
            ),
        ),
        (
            Command::Back,
            Patterns::new(
                &[
                    "en arriere",
                    "reven*|retourn*|aller|repart* en arriere",
                    "question|reponse d avant",
                    "question|reponse|etape precedente",
                    "precedente question|reponse|etape",
                    "reven*|retourn* a? la? question|reponse d avant",
                    "reven*|retourn* a? la? question|reponse|etape precedente",
                    "reven*|retourn* avant",
                    "retour arriere",
                    "^ retour $",
                    "^ precedent $",
                    "go back",
                    "previous question",
                    "previous one",
                ],
                0,
            ),
        ),
        (
            Command::Cancel,
            Patterns::new(
                &[
                    "annulez",
                    "^ annuler $",
                    "annule tout",
                    "on annule",
                    "laissez tomber",
                    "laisse tomber",
                    "tant pis",
                    "oubliez",
                    "change|changer d avis",
                    "arretez",
                    "veux plus",
                ],
                0,
            ),
        ),
        (
            Command::Goodbye,
            Patterns::new(
                &[
                    "non? merci? c est|sera tout merci? au? revoir|aurevoir",
                    "au revoir",
                    "aurevoir",
                    "bonne journee",
                    "bonne soiree",
                    "bonne fin de? journee",
                    "a bientot",
                    "c est tout",
                    "ce sera tout",
                    "ca sera tout",
                    "c est bon merci",
                    "rien d autre",
                    "j ai fini",
                    "je raccroche",
                    "raccrochez",
                ],
                0,
            ),
        ),
        (
            Command::MoreToAsk,
            Patterns::new(
                &[
                    "attendez|attends|juste? j ai|aurais|avais encore|juste|aussi? une|la? petite|derniere? question|chose",
                    "j ai|aurais|avais encore|juste|aussi une|quelques? petite|petites? question|questions",
                    "encore|juste une question",
                    "je peux|pourrais|voudrais|aimerais vous? poser une question",
                    "je peux|pourrais|voudrais|aimerais vous? demander encore|aussi? quelque chose",
                    "one|another more? question",
                ],
                0,
            ),
        ),
        (
            Command::SomethingElse,
            Patterns::new(
                &[
                    "autre chose",
                    "autre question",
                    "autre sujet",
                    "une autre demande",
                    "menu principal",
                    "retour au? menu|debut|depart",
                    "recommencer",
                    "recommencez",
                ],
                0,
            ),
        ),
        (
            Command::Wait,
            Patterns::new(
                &[
                    // Longer ones first.
                    "attendez|attends|instant|minute|seconde|moment? je vais|cherche|prends|prend chercher|prendre? \
                     un|une|mon|ma|mes|le|la|les|de? \
                     stylo|crayon|papier|papiers|quoi|courrier|lettre|dossier|facture|numero|lunettes|agenda ecrire|noter?",
                    "attendez|attends|instant|minute|seconde|moment? je vais le|la|les? chercher|prendre $",
                    "attendez|attends un|une|deux instant|minute|seconde|moment|secondes|minutes",
                    "attendez",
                    "attends",
                    "un instant",
                    "une minute",
                    "une seconde",
                    "un moment",
                    "patientez",
                    "je cherche",
                    "je reviens",
                    "j arrive",
                    "ne quittez pas",
                    "quittez pas",
                    "deux secondes|minutes",
                ],
                0,
            ),
        ),
        (
            Command::TakeNote,
            Patterns::new(
                &[
                    "notez|notiez|noter|enregistrez|enregistriez|prenez|preniez plutot? simplement? ma|mon|la|cette demande|message|signalement",
                    "notez|notiez le|la|les|ca|cela",
                    "vous pouvez|pourriez le|la? noter",
                    "pouvez|pourriez vous le|la? noter",
                    "prenez|preniez|prendre note",
                    "^ notez $",
                    "^ notez plutot|simplement $",
                    "note|take it|that down",
                    "take a note",
                ],
                0,
            ),
        ),
    ]
});

/// The command a short sentence is: almost nothing else is said in it.
pub fn command(text: &str) -> Option<Command> {
    let words = tokens(text);
    COMMANDS
        .iter()
        .filter_map(|(command, patterns)| Some((*command, patterns.find(&words)?)))
        .find(|(command, range)| {
            let outside = content_outside(&words, range);
            match command {
                // "je n'ai pas bien compris votre réponse"
                Command::Repeat | Command::SlowDown => outside <= 1,
                // "Je préfère que vous notiez ma demande".
                Command::TakeNote => outside <= 1 && words.len() <= range.len() + 6,
                _ => outside == 0 && words.len() <= range.len() + 5,
            }
        })
        .map(|(command, _)| command)
}

/// A message is to be left, whatever it and the rest of the sentence are about: "je voudrais laisser un message au service pour retirer mon
/// dossier". The words that say so.
pub fn leaves_message(text: &str) -> Option<String> {
    static LEAVES: LazyLock<Patterns> = LazyLock::new(|| {
        Patterns::new(
            &[
                "laisser|transmettre|deposer|passer juste|simplement|plutot? un|mon|le petit? message|mot",
                "je vous? laisse|laisserai juste|simplement|plutot? un|mon|le petit? message|mot",
                "prenez|prendre|notez|noter|transmettez un|mon petit? message",
                "vous le? leur|lui dites|direz|transmettez|transmettrez",
                "dites|direz le? leur|lui",
                "faites|faire passer le? message|mot|info|information",
                "leave a message",
            ],
            0,
        )
    });
    let words = tokens(text);
    LEAVES.find(&words).map(|range| written(&words[range]))
}

/// The command that a sentence is and nothing else, where whatever is said may be the answer: "répétez", but not "répétez-leur que la
/// rue est fermée".
pub fn alone(text: &str) -> Option<Command> {
    let words = tokens(text);
    let found: Vec<_> = COMMANDS.iter().filter_map(|(c, patterns)| Some((*c, patterns.find(&words)?))).collect();
    let (command, _) = *found.first()?;
    let is_about_hearing = |command| matches!(command, Command::Repeat | Command::SlowDown);
    // "Répétez plus lentement" is one wish.
    let belongs = |other| other == command || (is_about_hearing(command) && is_about_hearing(other));
    let is_covered = |at: &usize| found.iter().any(|(other, range)| belongs(*other) && range.contains(at));
    let covered = (0..words.len()).filter(is_covered).count();
    let outside = words.iter().enumerate().filter(|(at, word)| word.is_content() && !is_covered(at)).count();
    (outside == 0 && words.len() <= covered + 4).then_some(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_nothing_but_a_command() {
        assert_eq!(alone("Non merci c'est tout au revoir."), Some(Command::Goodbye));
        assert_eq!(alone("répétez-leur que la rue est fermée"), None);
        assert_eq!(alone("Pardon, pouvez-vous répéter plus lentement ?"), Some(Command::SlowDown));
        assert_eq!(alone("Roulez plus lentement devant l'école"), None);
        assert_eq!(alone("il m'a dit au revoir et il a fermé le portail de la cour"), None);
    }

    #[test]
    fn messages_are_left_among_other_words() {
        for (text, wanted) in [
            ("Je voudrais laisser un message au service pour retirer le dossier.", Some("laisser un message")),
            ("vous pouvez prendre un message pour la crèche ?", Some("prendre un message")),
            ("Non, pas d'agent. Je laisse juste un message.", Some("Je laisse juste un message")),
            ("Ma fille ne viendra pas mercredi. Vous le leur dites ?", Some("Vous le leur dites")),
            ("j'ai laissé un message la semaine dernière", None),
            ("j'ai eu un message de la mairie", None),
        ] {
            assert_eq!(leaves_message(text).as_deref(), wanted, "{text}");
        }
    }

    #[test]
    fn commands_in_everyday_words() {
        for (text, wanted) in [
            ("répétez s'il vous plaît", Some(Command::Repeat)),
            ("vous pouvez répéter ?", Some(Command::Repeat)),
            ("je n'ai pas compris", Some(Command::Repeat)),
            ("comment ?", Some(Command::Repeat)),
            ("pardon ?", Some(Command::Repeat)),
            ("parlez plus lentement", Some(Command::SlowDown)),
            ("vous allez trop vite", Some(Command::SlowDown)),
            ("merci, au revoir", Some(Command::Goodbye)),
            ("non c'est tout merci", Some(Command::Goodbye)),
            ("non merci, c'est tout, au revoir", Some(Command::Goodbye)),
            ("laissez tomber", Some(Command::Cancel)),
            ("j'ai une autre question", Some(Command::SomethingElse)),
            ("Attendez, j'ai encore une question.", Some(Command::MoreToAsk)),
            ("j'ai juste une petite question", Some(Command::MoreToAsk)),
            ("je voudrais vous poser une question", Some(Command::MoreToAsk)),
            ("j'ai encore une question sur la cantine de mon fils", None),
            ("attendez un instant", Some(Command::Wait)),
            ("attendez, je cherche un stylo", Some(Command::Wait)),
            ("un instant je vais chercher de quoi noter", Some(Command::Wait)),
            ("je vais prendre mes lunettes", Some(Command::Wait)),
            ("je vais le chercher", Some(Command::Wait)),
            ("je vais chercher ma carte d'identité", None),
            ("je cherche les horaires de la piscine", None),
            ("revenez en arrière s'il vous plaît", Some(Command::Back)),
            ("la question d'avant", Some(Command::Back)),
            ("on peut revenir en arrière ?", Some(Command::Back)),
            ("parlez plus fort", Some(Command::Repeat)),
            ("montez le son", Some(Command::Repeat)),
            ("et quel est son numéro", None),
            ("je voudrais annuler mon rendez-vous passeport", None),
            ("comment refaire mon passeport", None),
            ("je ne comprends pas la lettre de la mairie sur mes poubelles", None),
            ("notez-le simplement", Some(Command::TakeNote)),
            ("notez plutôt ma demande s'il vous plaît", Some(Command::TakeNote)),
            ("je préfère que vous notiez ma demande", Some(Command::TakeNote)),
            ("vous ne pouvez pas noter la demande", Some(Command::TakeNote)),
            ("vous pouvez le noter ?", Some(Command::TakeNote)),
            ("le professeur note ma fille sévèrement à l'école", None),
            ("", None),
        ] {
            assert_eq!(command(text), wanted, "{text}");
        }
    }
}
