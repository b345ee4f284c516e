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
## Menu au clavier
Dire :
> Pour la carte, tapez 1.
- touche 1 : aller à Carte
- Après 2 échecs : transférer à Standard
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
        ("- non, touche 2", "- non, touche 0", Error, "la touche 0 mène partout à un agent", "non, touche 0"),
        ("- le soir, touche 2", "- le soir, touche 0", Error, "la touche 0 mène partout à un agent", "Demander"),
        ("- « répétez » :", "- « répétez », touche 2 :", Warning, "touche 2 a un autre sens", "non, touche 2"),
        // Ways that lead on by themselves.
        (
            "> Une photo.\n- Ensuite : aller à Autre chose",
            "> Une photo.\n- Ensuite : aller à Liste",
            Error,
            "tournent en rond : Liste → Liste",
            "Liste",
        ),
        (
            "- Enregistrer : rappel\n- Ensuite : aller à Autre chose",
            "- Enregistrer : rappel\n- Ensuite : aller à Rappel",
            Error,
            "tournent en rond : Rappel → Rappel",
            "Rappel",
        ),
        (
            "échecs : transférer à Standard",
            "échecs : aller à Menu au clavier",
            Error,
            "en rond : Menu au clavier → Menu au clavier",
            "Menu",
        ),
        ("échecs : transférer à Standard", "échecs : répéter", Error, "ne mène nulle part", "Menu"),
        (
            "> Une photo.\n- Ensuite : aller à Autre chose",
            "> Une photo.\n- Ensuite : ralentir",
            Error,
            "ne mène nulle part",
            "Liste",
        ),
        (
            "> Une photo.",
            "> Le numéro est le {numéro de la mairie}.",
            Error,
            "on ne connaît pas le numéro de la mairie",
            "Le numéro",
        ),
        (
            "> Une photo.",
            "> Voici {adresse du standard}.",
            Error,
            "on ne connaît pas l'adresse de « Standard »",
            "Voici",
        ),
        (
            "Demander moment",
            "- oui, touche 5 : aller à Carte\n\nDemander moment",
            Warning,
            "cette réponse ne sert pas",
            "oui, touche 5",
        ),
        (
            "Dire :\n> Une photo.",
            "Dire si Standard est ouvert :\n> Une photo.",
            Error,
            "ne dit rien quand « Standard » est fermé",
            "Liste",
        ),
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
        ("en/accueil.md", "## Welcome {#accueil}\nDire :\n> Hello.\n## Card {#cartes}\nDire :\n> Yes.\n"),
        ("fr/accueil.md", "## Accueil\nDire :\n> Bonjour.\n## Carte\nMots : carte\nDire :\n> Oui.\n"),
    ]
    .map(|(path, text)| SourceFile { path: path.into(), text: text.into() });
    let dialplan = parse(&files).0.unwrap();
    let messages: Vec<String> = check(&dialplan, date(2026, 11, 23)).into_iter().map(|p| p.message).collect();
    assert!(messages.iter().any(|m| m.contains("« Carte » n'est pas traduit")), "{messages:?}");
    assert!(!messages.iter().any(|m| m.contains("« Accueil » n'est pas traduit")), "{messages:?}");
    assert!(messages.iter().any(|m| m.contains("« Card » ne traduit aucun sujet")), "{messages:?}");
}

/// Problems of a dialplan of several files.
fn problems(files: &[(&str, &str)]) -> Vec<(Severity, String)> {
    let files: Vec<SourceFile> =
        files.iter().map(|(path, text)| SourceFile { path: (*path).into(), text: (*text).into() }).collect();
    let (dialplan, problems) = parse(&files);
    assert!(problems.is_empty(), "{}", crate::dialplan::render(&files, &problems, false));
    check(&dialplan.unwrap(), date(2026, 11, 23)).into_iter().map(|p| (p.severity, p.message)).collect()
}

/// A town with these lines under its name, and these topics beside the usual ones.
fn town(header: &str, directory: &str, topics: &str) -> Vec<(Severity, String)> {
    let mairie = format!(
        "# M\n{header}## Horaires\n- lundi : 9h-12h\n- jours fériés : fermé\n## Annuaire\n### Standard\n- Poste : 1\n{directory}"
    );
    let accueil = format!(
        "## Accueil\nDire :\n> Bonjour, ici l'assistant.\n## Menu au clavier\nDire :\n> Tapez 0.\n- touche 1 : aller à Autre chose\n\
         ## Partout\n- « un agent », touche 0 : transférer à Standard\n## Autre chose\nDire :\n> Autre chose ?\n{topics}"
    );
    problems(&[("mairie.md", &mairie), ("fr/accueil.md", &accueil)])
}

fn errors(found: Vec<(Severity, String)>) -> Vec<String> {
    found.into_iter().filter(|(severity, _)| *severity == Severity::Error).map(|(_, message)| message).collect()
}

#[test]
fn dialplans_that_leave_callers_alone_are_refused() {
    const RECALL: &str =
        "## Rappel\nQuand on dit :\n- rappel\nDemander numéro (téléphone) :\n> Numéro ?\n- Enregistrer : rappel\n";
    const TRAP: &str = "## A\nQuand on dit :\n- alpha\nDire :\n> A.\n- Ensuite : aller à B\n\
                        ## B\nQuand on dit :\n- beta\nDire :\n> B.\n- Ensuite : aller à A\n";
    const NUMBER: &str = "- Numéro : 01 02 03 04 05\n";
    // Something is left where nobody answers: a request, or a number.
    assert_eq!(errors(town(NUMBER, "", "")), [""; 0]);
    assert_eq!(errors(town("", "", RECALL)), [""; 0]);
    for (header, directory, topics, parts) in [
        ("", "", "", vec!["quand personne ne répond, l'appelant n'a aucune issue"]),
        // A fall-back that leads to another who does not answer, and back.
        (
            "",
            "- Si fermé, occupé ou sans réponse : transférer à Police\n### Police\n- Poste : 2\n\
             - Si fermé, occupé ou sans réponse : transférer à Standard\n",
            "",
            vec!["aucune issue"],
        ),
        // Topics that follow each other for ever, told once.
        (NUMBER, "", TRAP, vec!["tournent en rond : A → B → A"]),
        // A fall-back into a topic that transfers to who did not answer.
        (
            NUMBER,
            "- Si fermé, occupé ou sans réponse : aller à Suite\n",
            "## Suite\nDire :\n> On vous le passe.\n- Ensuite : transférer à Standard\n",
            vec!["tournent en rond : Suite → Suite"],
        ),
        // Two questions that send those who are not understood to each other.
        (
            NUMBER,
            "",
            "## A\nQuand on dit :\n- alpha\nDire :\n> A ?\n- oui, touche 1 : aller à B\n- Après 2 échecs : aller à B\n\
             ## B\nQuand on dit :\n- beta\nDire :\n> B ?\n- oui, touche 1 : aller à A\n- Après 1 échec : aller à A\n",
            vec!["tournent en rond : A → B → A"],
        ),
    ] {
        let found = errors(town(header, directory, topics));
        assert_eq!(found.len(), parts.len(), "{found:?}");
        for part in parts {
            assert!(found.iter().any(|message| message.contains(part)), "{part}: {found:?}");
        }
    }
    // Eight answers in a row, not one question.
    let chain: String =
        (0..8).map(|n| format!("## Sujet {n}\nDire :\n> Voici {n}.\n- Ensuite : aller à Sujet {}\n", n + 1)).collect();
    let found = errors(town(NUMBER, "", &format!("{chain}## Sujet 8\nDire :\n> Fin.\n")));
    assert!(!found.is_empty() && found.iter().all(|m| m.contains("plus de 7 sujets s'enchaînent")), "{found:?}");
    // In another language nothing is left either.
    let english = problems(&[
        ("mairie.md", "# M\n- Langues : français, anglais\n## Annuaire\n### Standard\n- Poste : 1\n"),
        (
            "en/a.md",
            "## Welcome {#accueil}\nDire :\n> Hello, automatic assistant.\n## All {#partout}\n- touche 0 : transférer à Standard\n",
        ),
        (
            "fr/a.md",
            &format!(
                "## Accueil\nDire :\n> Bonjour, assistant.\n## Partout\n- touche 0 : transférer à Standard\n{RECALL}"
            ),
        ),
    ]);
    assert_eq!(errors(english).len(), 1);
}

#[test]
fn without_a_key_for_a_human_questions_have_no_way_out_by_keys() {
    let text = SOUND.replace("« un agent », touche 0", "« un agent »").replace("- touche 1 : aller à Carte\n", "");
    let found: Vec<String> = found(&text).into_iter().map(|(_, message, _)| message).collect();
    assert!(found.iter().any(|m| m.contains("au clavier, on ne sort pas de « Carte »")), "{found:?}");
    assert!(found.iter().any(|m| m.contains("aucune touche ne mène à un agent")), "{found:?}");
}

#[test]
fn each_service_has_a_key() {
    let found = problems(&[
        ("mairie.md", "# M\n- Numéro : 1\n## Annuaire\n### Standard\n- Poste : 1\n"),
        (
            "fr/accueil.md",
            "## Accueil\nDire :\n> Bonjour, assistant.\n## Menu au clavier\nDire :\n> Tapez 1.\n- touche 1 : aller à Carte\n\
             ## Partout\n- touche 0 : transférer à Standard\n",
        ),
        ("fr/carte.md", "## Carte\nMots : carte\nDire :\n> Oui.\n## Passeport\nMots : passeport\nDire :\n> Oui.\n"),
        ("fr/ecole.md", "# École\n## Cantine\nMots : cantine\nDire :\n> Oui.\n"),
    ]);
    let keys: Vec<&str> = found.iter().map(|(_, m)| m.as_str()).filter(|m| m.contains("aucune touche")).collect();
    assert_eq!(keys, ["aucune touche ne mène à la fiche « École »"]);
}
