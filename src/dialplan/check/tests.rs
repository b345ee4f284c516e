//! Each objection is made where it should be, and only there.

use jiff::civil::date;

use super::*;
use crate::dialplan::{SourceFile, parse};

const SOUND: &str = "\
# Mairie
## Horaires
- lundi au vendredi : 8h30-12h
- jours fériés : fermé
- 24 décembre 2027 : fermé
## Accueil
Dire :
> Bonjour, je suis l'assistant vocal.
## Partout
- « un agent », touche 0 : transférer à Standard
- « répétez » : répéter
## Carte
Quand on dit :
- (refaire|perdu) [ma] carte
Répondre :
> Il faut un rendez-vous. Voulez-vous la liste ?
- oui, touche 1 : aller à Liste
- non, touche 2 : aller à Autre chose
- Source : service-public.gouv.fr, vérifié le 3 novembre 2026
### Liste
Dire :
> Une photo.
- Ensuite : aller à Autre chose
## Rappel
Quand on dit :
- être rappelé
Demander moment (choix) :
> Quand ?
- le matin, touche 1
- le soir, touche 2

Confirmer :
> Le {moment}, d'accord ?
- Enregistrer : rappel
- Ensuite : aller à Autre chose
## Autre chose
Dire :
> Autre chose ?
## Annuaire
### Standard
- Poste : 100
- Si fermé, occupé ou sans réponse : aller à Rappel
";

fn found(text: &str) -> Vec<(Severity, String, String)> {
    let files = [SourceFile { path: "mairie.md".into(), text: text.into() }];
    let (dialplan, problems) = parse(&files);
    assert!(problems.is_empty(), "{}", crate::dialplan::render(&files, &problems, false));
    check(&dialplan.unwrap(), date(2026, 11, 23))
        .into_iter()
        .map(|p| (p.severity, p.message, text[p.location.start..p.location.end].to_owned()))
        .collect()
}

#[test]
fn a_sound_dialplan_gives_no_cause() {
    assert_eq!(found(SOUND), []);
}

#[test]
fn each_objection_is_made_at_its_place() {
    use Severity::{Error, Warning};
    let long = format!("> {}.", "Il faut un rendez-vous à la mairie ".repeat(12));
    let cases: &[(&str, &str, Severity, &str, &str)] = &[
        ("- Poste : 100\n", "- Numéro : 01 02 03 04 05\n", Error, "il n'a pas de poste", "« un agent », touche 0"),
        ("- Si fermé, occupé ou sans réponse : aller à Rappel\n", "", Warning, "rien n'est prévu", "Standard"),
        ("sans réponse : aller à Rappel", "sans réponse : transférer à Standard", Error, "à lui-même", "Standard"),
        (
            "« un agent », touche 0 : transférer à Standard",
            "« un agent », touche 0 : aller à Rappel",
            Error,
            "parler à quelqu'un",
            "Accueil",
        ),
        ("« un agent », touche 0", "« un agent »", Error, "aucune touche", "Accueil"),
        ("- oui, touche 1", "- oui", Error, "au clavier", "oui : aller"),
        ("- le soir, touche 2", "- le soir", Error, "« le soir » au clavier", "Demander"),
        ("- non, touche 2", "- non, touche 1", Error, "touche 1 a déjà", "non, touche 1"),
        ("- non, touche 2", "- non, touche 0", Warning, "touche 0 a un autre sens", "non, touche 0"),
        ("- le soir, touche 2", "- le soir, touche 1", Error, "vaut pour deux choix", "Demander"),
        ("- le soir, touche 2\n", "", Error, "n'offre pas de choix", "Demander"),
        ("- être rappelé", "- j'ai perdu\n- refaire ma carte", Error, "« refaire ma carte »", "Rappel"),
        ("- être rappelé", "- un agent", Error, "se disputent les mots « un agent »", "Rappel"),
        ("### Liste\n", "### Liste\nQuand on dit :\n- perdu carte\n", Error, "« perdu carte »", "Liste"),
        (
            "24 décembre 2027",
            "24 décembre 2025",
            Warning,
            "passée depuis le 24 décembre 2025",
            "24 décembre 2025 : fermé",
        ),
        ("- jours fériés : fermé\n", "", Warning, "jours fériés", "lundi au vendredi"),
        ("- jours fériés : fermé\n", "- jours fériés : fermé\n- samedi : 9h-12h\n", Warning, "l'emporte", "samedi"),
        (
            "- lundi au vendredi : 8h30-12h\n- jours fériés : fermé\n- 24 décembre 2027 : fermé\n",
            "",
            Warning,
            "horaires de la mairie manquent",
            "",
        ),
        ("le 3 novembre 2026", "le 3 novembre 2025", Warning, "plus d'un an : « Carte »", "Source"),
        (", vérifié le 3 novembre 2026", "", Warning, "ne disent pas quand", "Source"),
        ("le 3 novembre 2026", "le 3 novembre 2028", Warning, "pas encore venu", "Source"),
        ("> Une photo.", "> Avant le 3 mars 2026, une photo.", Warning, "3 mars 2026, qui est passé", "Avant"),
        ("> Une photo.", &long, Warning, "dure environ", "Il faut"),
        ("l'assistant vocal", "Bernard", Warning, "assistant automatique", "Accueil"),
        ("Quand on dit :\n- être rappelé\n", "", Warning, "", ""),
        (
            "- oui, touche 1 : aller à Liste\n",
            "- oui, touche 1 : répéter\n",
            Warning,
            "rien ne mène au sujet « Liste »",
            "Liste",
        ),
        ("> Une photo.\n- Ensuite : aller à Autre chose", "> Une photo ?", Warning, "aucune réponse", "Liste"),
        ("- Enregistrer : rappel\n", "", Warning, "gardé nulle part", "Rappel"),
        ("Confirmer :\n> Le {moment}, d'accord ?\n", "", Warning, "confirmer", "Rappel"),
        ("Dire :\n> Une photo.", "Dire si ouvert :\n> Une photo.", Error, "quand la mairie est fermée", "Liste"),
        ("Dire :\n> Une photo.", "Dire :\n> Une photo.\nConfirmer :\n> Oui.", Error, "rien à confirmer", "Oui."),
    ];
    for (right, wrong, severity, message, at) in cases {
        let text = SOUND.replacen(right, wrong, 1);
        assert_ne!(text, SOUND, "{right} is not in the sound dialplan");
        let found = found(&text);
        if message.is_empty() {
            // A topic that only an action leads to is reached all the same.
            assert_eq!(found, [], "{wrong}");
            continue;
        }
        let hit = found.iter().any(|(s, m, place)| s == severity && m.contains(message) && place.contains(at));
        assert!(hit, "{wrong}: {message} not in {found:#?}");
    }
}

#[test]
fn topics_without_translation_are_named() {
    let files = [
        ("mairie.md", "# M\n- Langues : français, anglais\n## Annuaire\n### Standard\n- Poste : 1\n"),
        ("en/accueil.md", "## Accueil\nDire :\n> Hello.\n"),
        ("fr/accueil.md", "## Accueil\nDire :\n> Bonjour.\n## Carte\nMots : carte\nDire :\n> Oui.\n"),
    ]
    .map(|(path, text)| SourceFile { path: path.into(), text: text.into() });
    let dialplan = parse(&files).0.unwrap();
    let messages: Vec<String> = check(&dialplan, date(2026, 11, 23)).into_iter().map(|p| p.message).collect();
    assert!(messages.iter().any(|m| m.contains("« Carte » n'est pas traduit")), "{messages:?}");
    assert!(!messages.iter().any(|m| m.contains("« Accueil » n'est pas traduit")), "{messages:?}");
}
