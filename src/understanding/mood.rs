//! How something is said, where that matters more than what: insults, distress, a child on the line.
//!
//! Must not know: topics, what is answered.

use std::sync::LazyLock;

use super::pattern::Patterns;
use super::text::Token;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// The agent, or the town hall, is insulted.
    Insult,
    /// Somebody is at the end of their strength, without being in danger now.
    Distress,
    /// A child speaks.
    Child,
}

static DISTRESS: LazyLock<Patterns> = LazyLock::new(|| {
    Patterns::new(
        &[
            "en peux plus",
            "suis a bout",
            "a bout de forces|nerfs",
            "craque|craquer $",
            "suis|completement desespere|desesperee|perdue $",
            "rien|plus a manger",
            "pas mange depuis",
            "de quoi manger|nourrir",
            "a la rue",
            "dors|dort|dormons|dormir dehors",
            "dors|dort|dormons|dormir dans ma|la|sa|notre|une voiture",
            "sais plus|pas quoi faire $",
            "sais plus a qui m|nous? adresser|demander|parler",
            "sais plus vers qui me|nous? tourner",
            "suis toute|tout seule|seul",
            "personne m|ne aide",
            "j ai plus personne",
            "je pleure",
            "arrete|arrive pas|plus de? pleurer",
            "plus le courage|la force",
            "plus un sou|rond|centime",
            "plus d argent",
            "m en sors|sort plus|pas",
            "can t|not cope|go on",
            "nothing to eat",
            "homeless",
        ],
        1,
    )
});

static INSULT: LazyLock<Patterns> = LazyLock::new(|| {
    Patterns::new(
        &[
            "connard*|connasse*|enfoire*|encule*|salope*|salaud*|batard*|abruti*|cretin*|debile*|imbecile*|bouffon*",
            "con|conne|cons|conasse",
            "ta|vos|votre gueule",
            "^ ferme|fermez la $",
            "merde",
            "putain*",
            "fils de pute",
            "pute|putes",
            "va|allez te|vous|se? faire foutre|voir|enculer|mettre",
            "nique*|niquer",
            "emmerde*",
            "font|fais|fait|faites chier",
            "fous|foutez|foutent moi|nous? la paix",
            "bande|tas|espece de|d incapable*|nul*|nuls|voleur*|faineant*|idiot*|incompetent*|feignasse*|escroc*",
            "machine|robot de|a? pourri|pourrie|stupide|idiot|idiote|nul|nulle|debile|merde",
            "vous|tu etes|es tous? nul|nuls|nulle|nulles|inutile*|incompetent*|stupide*",
            "fuck*|shit|asshole|bastard|stupid|idiot",
        ],
        0,
    )
});

static CHILD: LazyLock<Patterns> = LazyLock::new(|| {
    Patterns::new(
        &[
            "ai quatre|cinq|six|sept|huit|neuf|dix|4|5|6|7|8|9|10 ans $",
            "ai quatre|cinq|six|sept|huit|neuf|dix|4|5|6|7|8|9|10 ans et",
            "ma|mon? maman|papa elle|il? n|est|dort est|dort|pas pas|partie|parti|sortie|sorti|la",
            "ma|mon? maman|papa elle|il? est pas|partie|parti|sortie|sorti",
            "ma|mon? maman|papa elle|il? dort|travaille",
            "^ maman|papa $",
            "^ maman|papa t|tu es|est",
            "t|tu es qui|quoi",
            "c est qui toi",
            "c est quoi ton nom|prenom",
            "tu t appelles comment",
            "comment tu t appelles",
            "tu veux|peux jouer",
            "joue avec moi",
            "raconte|racontez moi? une|un histoire|blague",
            "ma maitresse",
            "mommy|daddy",
        ],
        0,
    )
});

/// How this was said, when that matters.
pub fn mood(said: &[Token]) -> Option<Mood> {
    let moods = [(Mood::Distress, &DISTRESS), (Mood::Insult, &INSULT), (Mood::Child, &CHILD)];
    moods.into_iter().find(|(_, patterns)| patterns.found(said)).map(|(mood, _)| mood)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::understanding::text::tokens;

    #[test]
    fn moods_are_heard() {
        for (text, wanted) in [
            ("espèce de connard", Some(Mood::Insult)),
            ("vous êtes des cons", Some(Mood::Insult)),
            ("tu me fais chier avec ta machine", Some(Mood::Insult)),
            ("va te faire foutre", Some(Mood::Insult)),
            ("bande d'incapables", Some(Mood::Insult)),
            ("machine stupide", Some(Mood::Insult)),
            ("je n'en peux plus", Some(Mood::Distress)),
            ("je suis à bout", Some(Mood::Distress)),
            ("je n'ai plus rien à manger pour mes enfants", Some(Mood::Distress)),
            ("je suis à la rue avec mes deux enfants", Some(Mood::Distress)),
            ("on dort dans la voiture", Some(Mood::Distress)),
            ("je ne sais plus vers qui me tourner", Some(Mood::Distress)),
            ("j'arrête pas de pleurer", Some(Mood::Distress)),
            ("je m'appelle Léo et j'ai six ans", Some(Mood::Child)),
            ("t'es qui toi", Some(Mood::Child)),
            ("ma maman elle est pas là", Some(Mood::Child)),
            ("c'est quoi ton nom", Some(Mood::Child)),
        ] {
            assert_eq!(mood(&tokens(text)), wanted, "{text}");
        }
    }

    #[test]
    fn plain_wishes_have_none() {
        for text in [
            "je voudrais refaire ma carte d'identité",
            "mon fils a six ans il va entrer au CP",
            "à quelle heure ferme la mairie",
            "fermez-vous à midi",
            "comment on fait pour avoir un acte de naissance",
            "ma maman a 90 ans et voudrait un portage de repas",
            "il y a un trou dans la rue",
            "",
        ] {
            assert_eq!(mood(&tokens(text)), None, "{text}");
        }
    }
}
