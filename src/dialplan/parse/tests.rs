//! The language as a whole: the example of its description, and what is said about mistakes.

use jiff::civil::{date, datetime};

use super::*;
use crate::dialplan::*;

/// A small town in one file, with everything the language has.
pub(crate) const EXAMPLE: &str = include_str!("example.md");

fn one_file(text: &str) -> Vec<SourceFile> {
    vec![SourceFile { path: "mairie.md".into(), text: text.into() }]
}

fn parsed(text: &str) -> Dialplan {
    let files = one_file(text);
    let (dialplan, problems) = parse(&files);
    assert!(problems.is_empty(), "{}", render(&files, &problems, false));
    dialplan.unwrap()
}

fn topic<'a>(plan: &'a LanguagePlan, slug: &str) -> (TopicId, &'a Topic) {
    let id = plan.find("mairie", slug).unwrap_or_else(|| panic!("no topic {slug}"));
    (id, plan.topic(id))
}

fn text_of(speech: &Speech) -> String {
    speech
        .parts
        .iter()
        .map(|part| match part {
            Part::Text(text) => text.clone(),
            Part::Value(value) => format!("<{value:?}>"),
        })
        .collect()
}

#[test]
fn the_example_parses_whole() {
    let dialplan = parsed(EXAMPLE);
    assert_eq!(dialplan.name, "Mairie de Saint-Aubin");
    assert_eq!(dialplan.number.as_deref(), Some("02 99 00 00 00"));
    assert_eq!(dialplan.languages, [Language("fr".into())]);
    assert_eq!(dialplan.hours.lines.len(), 5);
    assert_eq!(dialplan.hours.lines[4].days, Days::Dates { first: date(2026, 8, 13), last: date(2026, 8, 17) });
    let standard = dialplan.entry(DirectoryId(0));
    assert_eq!(standard.name, "Standard");
    assert_eq!(standard.extension.as_deref(), Some("100"));
    assert_eq!(standard.ring, std::time::Duration::from_secs(25));
    assert_eq!(standard.fallback, Some(Action::Voicemail("Accueil".into())));

    let plan = dialplan.first_plan().unwrap();
    let titles: Vec<&str> = plan.topics.iter().map(|topic| topic.title.as_str()).collect();
    assert_eq!(
        titles,
        [
            "Accueil",
            "Menu au clavier",
            "Carte d'identité",
            "Pièces à apporter",
            "Prix",
            "Demande de rappel",
            "Autre chose"
        ]
    );
    assert_eq!(plan.welcome, TopicId(0));
    assert_eq!(plan.keypad_menu, Some(TopicId(1)));
    assert_eq!(plan.anything_else, Some(TopicId(6)));
}

#[test]
fn speeches_conditions_and_values() {
    let dialplan = parsed(EXAMPLE);
    let plan = dialplan.first_plan().unwrap();
    let welcome = plan.topic(plan.welcome);
    assert_eq!(welcome.say.len(), 2);
    assert_eq!(welcome.say[0].condition, Condition::Always);
    assert_eq!(welcome.say[1].condition, Condition::IfClosed);
    assert_eq!(
        text_of(&welcome.say[1]),
        "La mairie est fermée ; elle rouvre <NextOpening(None)>. Je peux vous renseigner ou noter une demande de rappel."
    );
    assert!(text_of(welcome.on_silence.as_ref().unwrap()).starts_with("Dites par exemple « refaire"));
    assert_eq!(welcome.after_failures, Some((2, Action::GoTo(plan.keypad_menu.unwrap()))));
}

#[test]
fn rules_triggers_and_actions() {
    let dialplan = parsed(EXAMPLE);
    let plan = dialplan.first_plan().unwrap();
    let (card, identity) = topic(plan, "carte-d-identite");
    let (papers, _) = topic(plan, "carte-d-identite/pieces-a-apporter");
    let (recall, _) = topic(plan, "demande-de-rappel");
    assert_eq!(identity.phrases.len(), 2);
    assert_eq!(identity.rules[0].triggers, [Trigger::Yes, Trigger::Key('1')]);
    assert_eq!(identity.rules[0].action, Action::GoTo(papers));
    assert_eq!(identity.rules[1].triggers, [Trigger::No, Trigger::Key('2')]);
    assert_eq!(plan.topic(papers).parent, Some(card));
    assert_eq!(plan.topic(papers).next, Some(Action::Offer(recall)));

    let menu = plan.topic(plan.keypad_menu.unwrap());
    assert_eq!(menu.rules[0].action, Action::GoTo(card));
    assert_eq!(menu.after_failures, Some((2, Action::Transfer(DirectoryId(0)))));

    let actions: Vec<&Action> = plan.everywhere.iter().map(|rule| &rule.action).collect();
    assert_eq!(actions, [&Action::Transfer(DirectoryId(0)), &Action::Repeat, &Action::SlowDown, &Action::HangUp]);
    let Trigger::Phrase(first) = &plan.everywhere[0].triggers[0] else {
        panic!("a phrase comes first");
    };
    assert_eq!(first.written, "un agent");
    assert_eq!(plan.everywhere[0].triggers[2], Trigger::Key('0'));
    assert_eq!(plan.everywhere[1].triggers[2], Trigger::Key('#'));

    let (_, price) = topic(plan, "carte-d-identite/prix");
    let source = price.source.as_ref().unwrap();
    assert_eq!(source.name, "service-public.gouv.fr");
    assert_eq!(source.checked, Some(date(2026, 11, 3)));
}

#[test]
fn a_form_asks_confirms_and_records() {
    let dialplan = parsed(EXAMPLE);
    let plan = dialplan.first_plan().unwrap();
    let (_, recall) = topic(plan, "demande-de-rappel");
    let kinds: Vec<(&str, SlotKind)> = recall.slots.iter().map(|slot| (slot.name.as_str(), slot.kind)).collect();
    assert_eq!(kinds, [("nom", SlotKind::PersonName), ("numéro", SlotKind::Telephone), ("moment", SlotKind::Choice)]);
    let options: Vec<(&str, Option<char>)> =
        recall.slots[2].options.iter().map(|option| (option.phrase.written.as_str(), option.key)).collect();
    assert_eq!(options, [("le matin", Some('1')), ("l'après-midi", Some('2'))]);
    let confirm = recall.confirm.as_ref().unwrap();
    assert!(confirm.parts.contains(&Part::Value(Value::Slot("numéro".into()))));
    assert_eq!(recall.record.as_deref(), Some("demande de rappel"));
    assert_eq!(recall.next, Some(Action::GoTo(plan.anything_else.unwrap())));
}

#[test]
fn streets_stand_in_a_list_each_once() {
    let dialplan = parsed(&format!("{EXAMPLE}\n## Rues\n- rue de Pontoise\n- place de l'Église\n"));
    assert_eq!(dialplan.streets, ["rue de Pontoise", "place de l'Église"]);
    // Or in a file of their own.
    let file = |path: &str, text: &str| SourceFile { path: path.into(), text: text.into() };
    let (dialplan, problems) = parse(&[file("mairie.md", EXAMPLE), file("rues.md", "## Rues\n- rue de Paris\n")]);
    assert_eq!(dialplan.map(|d| d.streets), Some(vec!["rue de Paris".to_owned()]), "{problems:?}");
    let files = [SourceFile {
        path: "mairie.md".into(),
        text: format!("{EXAMPLE}\n## Rues\nrue de Paris\n- Rue de Pontoise\n- rue de pontoise\n- rue : Mareil\n"),
    }];
    let (_, problems) = parse(&files);
    let messages: Vec<&str> = problems.iter().map(|p| p.message.as_str()).collect();
    assert_eq!(messages.iter().filter(|m| m.contains("n'est pas le nom d'une rue")).count(), 2, "{messages:?}");
    assert!(messages.contains(&"« rue de pontoise » est déjà dans les rues"), "{messages:?}");
}

#[test]
fn trials_keep_their_lines() {
    let dialplan = parsed(EXAMPLE);
    let trial = &dialplan.trials[0];
    assert_eq!(trial.title, "carte perdue un samedi soir");
    assert_eq!(trial.at, Some(datetime(2026, 12, 5, 20, 0, 0, 0)));
    assert_eq!(trial.lines.len(), 7);
    assert_eq!(trial.lines[1].step, TrialStep::TownHall(vec!["il faut un rendez-vous".into()]));
    assert_eq!(trial.lines[6].step, TrialStep::TownHall(vec!["Je note : Le Goff, au 06 12 34 56 78, le matin".into()]));
}

#[test]
fn spelling_is_forgiven_where_it_carries_no_meaning() {
    let loose = EXAMPLE
        .replace(" :", "\u{a0}:")
        .replace('\'', "’")
        .replace("Quand on dit", "**quand on DIT**")
        .replace("Répondre", "repondre")
        .replace("« un agent »", "“un agent”")
        .replace("« répétez »", "\"répétez\"")
        .replace("aller à Carte d’identité", "Aller à la carte d'identite")
        .replace("## Autre chose", "## AUTRE CHOSE");
    let (strict, forgiven) = (parsed(EXAMPLE), parsed(&loose));
    let shape = |dialplan: &Dialplan| {
        let plan = dialplan.first_plan().unwrap().clone();
        let rules: Vec<Action> =
            plan.topics.iter().flat_map(|topic| topic.rules.iter().map(|rule| rule.action.clone())).collect();
        let phrases: Vec<Phrase> = plan.topics.iter().flat_map(|t| t.phrases.clone()).collect();
        (rules, phrases, dialplan.hours.lines.len(), plan.everywhere.len())
    };
    assert_eq!(shape(&strict), shape(&forgiven));
}

/// Files of a real town: services in their language's folder.
fn town(files: &[(&str, &str)]) -> Vec<SourceFile> {
    files.iter().map(|(path, text)| SourceFile { path: (*path).into(), text: (*text).into() }).collect()
}

#[test]
fn services_take_their_id_from_the_file_and_pair_across_languages() {
    let files = town(&[
        ("mairie.md", "# Mairie\n- Langues : français, anglais\n## Annuaire\n### Standard\n- Poste : 1 00\n"),
        ("en/accueil.md", "## Accueil\nDire :\n> Good morning.\n"),
        (
            "en/état-civil.md",
            "# Civil status\n## Birth {#naissance}\nMots : birth, born\nRépondre :\n> Yes.\n### Price {#prix}\nDire :\n> Free.\n",
        ),
        ("fr/accueil.md", "## Accueil\nDire :\n> Bonjour.\n- touche 9 : passer en anglais\n"),
        (
            "fr/état-civil.md",
            "# État civil\n## Naissance\nMots :\n- naissance, Né, née\n- naissance\n\nRépondre :\n> Oui.\n### Prix\nDire :\n> Gratuit.\n",
        ),
    ]);
    let (dialplan, problems) = parse(&files);
    assert!(problems.is_empty(), "{}", render(&files, &problems, false));
    let dialplan = dialplan.unwrap();
    assert_eq!(dialplan.entry(DirectoryId(0)).extension.as_deref(), Some("100"));
    let french = dialplan.plan(&Language("fr".into())).unwrap();
    let english = dialplan.plan(&Language("en".into())).unwrap();
    let birth = french.topic(french.find("etat_civil", "naissance").unwrap());
    assert_eq!(birth.keywords, ["naissance", "né", "née"]);
    for (_, topic) in french.iter() {
        assert!(english.find(&topic.service, &topic.slug).is_some(), "{}", topic.slug);
    }
    assert_eq!(french.service_title("etat_civil"), Some("État civil"));
    assert_eq!(french.topic(french.welcome).rules[0].action, Action::SwitchLanguage(Language("en".into())));
}

#[test]
fn a_follow_up_of_the_same_topic_is_nearer_than_one_elsewhere() {
    let text = "# M\n## Accueil\nDire :\n> A\n## Carte\nDire :\n> B\n- touche 1 : aller à Prix\n### Prix\nDire :\n> C\n\
                ## Acte\nDire :\n> D\n- touche 1 : aller au prix\n- touche 2 : aller à Carte > Prix\n### Prix\nDire :\n> E\n- touche 3 : aller à Prix\n";
    let dialplan = parsed(text);
    let plan = dialplan.first_plan().unwrap();
    let (card, _) = topic(plan, "carte/prix");
    let (record, own) = topic(plan, "acte/prix");
    assert_eq!(topic(plan, "carte").1.rules[0].action, Action::GoTo(card));
    assert_eq!(topic(plan, "acte").1.rules[0].action, Action::GoTo(record));
    assert_eq!(topic(plan, "acte").1.rules[1].action, Action::GoTo(card));
    assert_eq!(own.rules[0].action, Action::GoTo(record));
}

/// Parses `text` with one mistake and gives back its problems as (message, remedy, text pointed at).
fn mistakes(text: &str) -> Vec<(String, String, String)> {
    let files = one_file(text);
    let (dialplan, problems) = parse(&files);
    assert!(dialplan.is_none(), "no error in:\n{text}");
    problems
        .into_iter()
        .map(|problem| {
            let at = problem.location;
            let remedy = problem.remedy.unwrap_or_default();
            (problem.message, remedy, text[at.start..at.end].to_owned())
        })
        .collect()
}

#[test]
fn each_mistake_is_named_at_its_place_with_its_remedy() {
    for (right, wrong, message, remedy, pointed_at) in [
        (
            "Quand on dit :\n- (ref",
            "Quand on di :\n- (ref",
            "« Quand on di » n'est pas connu",
            "« Quand on dit »",
            "Quand on di",
        ),
        ("- Source :", "- Suorce :", "« Suorce » n'est pas connu", "« Source »", "Suorce"),
        ("- Poste :", "- Postte :", "« Postte » n'est pas connu", "« Poste »", "Postte"),
        ("- Numéro :", "- Numro :", "« Numro » n'est pas connu", "« Numéro »", "Numro"),
        (
            "aller à Pièces à apporter",
            "aller à Pièces à aporter",
            "« Pièces à aporter » n'existe pas",
            "« Pièces à apporter »",
            "Pièces à aporter",
        ),
        (
            "- « un agent », « un conseiller », touche 0 : transférer à Standard",
            "- « un agent », touche 0 : transférer à Standart",
            "« Standart » n'est pas dans l'annuaire",
            "« Standard »",
            "Standart",
        ),
        (" : raccrocher", " : racrocher", "« racrocher » n'est pas connue", "« raccrocher »", "racrocher"),
        ("touche # : répéter", "touche 12 : répéter", "« 12 » n'est pas une touche", "touche #", "touche 12"),
        ("- oui, touche 1", "- ouais, touche 1", "« ouais » n'est ni", "« ouais »", "ouais"),
        ("samedi : 9h-12h", "samedi : 12h-9h", "finit avant de commencer", "ouverture", "12h-9h"),
        ("samedi : 9h-12h", "samdi : 9h-12h", "« samdi » n'est ni un jour", "samedi", "samdi"),
        ("24 décembre 2026", "32 décembre 2026", "n'est pas une date du calendrier", "24 décembre", "32 décembre 2026"),
        ("Le : samedi 5", "Le : dimanche 5", "est un samedi", "corrigez", "dimanche 5 décembre 2026 à 20h"),
        (
            "{prochaine ouverture}",
            "{prochaine fermeture}",
            "« prochaine fermeture » n'est pas connue",
            "prochaine ouverture",
            "prochaine fermeture",
        ),
        ("{moment}", "{momment}", "« momment »", "{moment}", "momment"),
        ("(téléphone)", "(telefone)", "on ne sait pas quoi demander", "(téléphone)", "telefone"),
        ("(payant|gratuit)", "(payant|gratuit", "pas refermée", "l'un|l'autre", "("),
        ("## Horaires", "## Horaire", "ressemble à la section « Horaires »", "## Horaires", "Horaire"),
        (
            "## Autre chose\nDire :\n> Puis-je",
            "## Autre chose\nDire :\nPuis-je",
            "n'est suivi d'aucun texte",
            "« > »",
            "Dire",
        ),
        ("- Sonner : 25 secondes", "- Sonner : 25 minutes", "n'est pas une durée", "25 secondes", "25 minutes"),
        ("vérifié le 3 novembre 2026", "vérifié le 3 novembre", "il manque l'année", "année", "vérifié le 3 novembre"),
        ("- mairie : … 25 euros …", "- mairie : …", "n'attend aucun mot", "au moins un mot", "…"),
        ("### Prix", "### Pièces à apporter", "existe déjà (mairie.md, ligne", "réunissez", "Pièces à apporter"),
        ("Si fermé, occupé ou sans réponse", "Si fermé", "tous les cas", "Si fermé, occupé", "Si fermé"),
        (
            "- Après 2 échecs : aller",
            "- Après cent échecs : aller",
            "« Après cent échecs »",
            "Après 2 échecs",
            "Après cent échecs",
        ),
        (
            "- Ensuite : aller à Autre chose",
            "- Ensuite : envoyer un SMS",
            "pas encore disponible",
            "une demande",
            "envoyer un SMS",
        ),
    ] {
        let text = EXAMPLE.replacen(right, wrong, 1);
        assert_ne!(text, EXAMPLE, "{right} is not in the example");
        let found = mistakes(&text);
        let hit = found.iter().any(|(m, r, at)| m.contains(message) && r.contains(remedy) && at == pointed_at);
        assert!(hit, "{wrong}: {message} not in {found:#?}");
    }
}

#[test]
fn everything_is_reported_at_once() {
    let text = EXAMPLE
        .replacen("Si silence", "Si silense", 1)
        .replacen("aller à Demande", "allez à Demande", 1)
        .replacen("samedi : 9h-12h", "samedi : toujours", 1)
        .replacen("- Poste", "- Post", 1);
    let found = mistakes(&text);
    for part in ["Si silense", "allez à", "« toujours »", "« Post »"] {
        assert!(found.iter().any(|(m, _, _)| m.contains(part)), "{part} not in {found:#?}");
    }
}

#[test]
fn one_mistake_is_one_problem() {
    for (right, wrong) in
        [("Répondre", "Repondrre"), ("Quand on dit", "Quant on dis"), ("Dire si fermé", "Dire si freme")]
    {
        let found = mistakes(&EXAMPLE.replacen(right, wrong, 1));
        assert_eq!(found.len(), 1, "{found:#?}");
    }
}

#[test]
fn values_of_the_town_and_of_its_services() {
    use Value::*;
    let entry = Some(DirectoryId(0));
    for (written, value) in [
        ("date", Today),
        ("la date du jour", Today),
        ("Prochaine ouverture", NextOpening(None)),
        ("prochaine ouverture de la mairie", NextOpening(None)),
        ("la prochaine ouverture du standard", NextOpening(entry)),
        ("horaires", Hours(None)),
        ("les horaires de Standard", Hours(entry)),
        ("horaires du jour", TodaysHours(None)),
        ("horaires du jour du Standard", TodaysHours(entry)),
        ("numero de la mairie", Number(None)),
        ("téléphone du standard", Number(entry)),
        ("adresse de la mairie", Address(None)),
        ("courriel du standard", Email(entry)),
        ("site de la mairie", Website),
    ] {
        let text = EXAMPLE.replace("{prochaine ouverture}", &format!("{{{written}}}"));
        let dialplan = parsed(&text);
        let plan = dialplan.first_plan().unwrap();
        assert!(plan.topic(plan.welcome).say[1].parts.contains(&Part::Value(value)), "{written}");
    }
    // A slot of the form is nearer than what the town has.
    for (written, pointed_at) in [("numéro de la piscine", "la piscine"), ("numéro", "numéro"), ("adresse d‘x", "x")]
    {
        let text = EXAMPLE.replace("{prochaine ouverture}", &format!("{{{written}}}"));
        assert!(mistakes(&text).iter().any(|(_, _, at)| at == pointed_at), "{written}: {:?}", mistakes(&text));
    }
}

#[test]
fn texts_for_the_hours_of_a_service() {
    let text = EXAMPLE.replace("Dire si fermé :", "Dire si le Standard est fermé :");
    let dialplan = parsed(&text);
    let plan = dialplan.first_plan().unwrap();
    assert_eq!(plan.topic(plan.welcome).say[1].condition, Condition::EntryClosed(DirectoryId(0)));
    let text = EXAMPLE.replace("Dire si fermé :", "Dire si la mairie est ouverte :");
    let dialplan = parsed(&text);
    let plan = dialplan.first_plan().unwrap();
    assert_eq!(plan.topic(plan.welcome).say[1].condition, Condition::IfOpen);
    let found = mistakes(&EXAMPLE.replace("Dire si fermé :", "Dire si Piscine fermée :"));
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].2, "Piscine");
}

#[test]
fn what_would_take_for_ever_is_refused() {
    let topics: String = (0..1_100).map(|n| format!("## S{n}\nDire :\n> a\n- Ensuite : aller à X{n}\n")).collect();
    let found = mistakes(&format!("# M\n## Accueil\nDire :\n> A\n{topics}"));
    assert_eq!(found.len(), MOST_PROBLEMS + 1);
    assert!(found[MOST_PROBLEMS].0.starts_with("il y a encore"), "{}", found[MOST_PROBLEMS].0);
    let phrases = "- a\n".repeat(201);
    let found = mistakes(&format!("# M\n## Accueil\nDire :\n> A\n## B\nQuand on dit :\n{phrases}\nDire :\n> A\n"));
    assert!(found.len() == 1 && found[0].0.contains("plus de 200 phrases"), "{found:?}");
}

#[test]
fn ambiguous_names_tell_both_places() {
    let text = "# M\n## Accueil\nDire :\n> A\n- touche 1 : aller à Prix\n## B\nDire :\n> B\n### Prix\nDire :\n> C\n## D\nDire :\n> D\n### Prix\nDire :\n> E\n";
    let found = mistakes(text);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].0.contains("mairie.md, ligne 9 et mairie.md, ligne 15"), "{}", found[0].0);
}

#[test]
fn a_dialplan_without_welcome_or_name_is_none() {
    let found = mistakes("## Carte\nDire :\n> A\n");
    let messages: Vec<&str> = found.iter().map(|(m, _, _)| m.as_str()).collect();
    assert!(messages.iter().any(|m| m.contains("nom de la mairie")), "{messages:?}");
    assert!(messages.iter().any(|m| m.contains("« Accueil » manque")), "{messages:?}");
    let (nothing, problems) = parse(&[]);
    assert!(nothing.is_none() && !problems.is_empty());
}

#[test]
fn lines_that_belong_nowhere_are_errors_not_comments() {
    for (text, part) in [
        ("Bonjour\n# M\n", "sous aucun titre"),
        ("# M\n## Annuaire\nNos services\n### A\n- Poste : 1\n", "sous aucun sujet"),
        ("# M\n## Accueil\n> Bonjour\n", "on ne sait pas quand"),
        ("# M\n## Accueil\nDire :\n> A\n- sans action\n", "ne dit pas quoi faire"),
        ("# M\n## Partout\n### A\n", "n'a pas de sens ici"),
        ("# M\n# N\n", "déjà donné (mairie.md, ligne 1)"),
        ("# M\n## Accueil\n#### Trop\n", "trop profond"),
        ("# M\n- Langues : klingon\n", "« klingon » n'est pas connue"),
        ("# M\n- Langues : français, anglais\n", "aucune fiche n'existe"),
        ("# M\n## Accueil\n", "ne dit rien"),
    ] {
        let found = mistakes(text);
        assert!(found.iter().any(|(m, _, _)| m.contains(part)), "{part} not in {found:#?}");
    }
}

proptest::proptest! {
    /// Whatever is written, the parser answers: cut and spliced examples never panic, and every problem has its place.
    #[test]
    fn any_text_is_answered(cut in 0..3000_usize, length in 0..200_usize, junk in "[-> #:«»{}()\\[\\]|*`a-zéè0-9\n]{0,40}") {
        let start = (0..=cut.min(EXAMPLE.len())).rev().find(|at| EXAMPLE.is_char_boundary(*at)).unwrap_or(0);
        let end = (start..=EXAMPLE.len()).find(|at| *at >= start + length && EXAMPLE.is_char_boundary(*at)).unwrap_or(EXAMPLE.len());
        let text = format!("{}{junk}{}", &EXAMPLE[..start], &EXAMPLE[end..]);
        let files = one_file(&text);
        let (dialplan, problems) = parse(&files);
        proptest::prop_assert_eq!(dialplan.is_none(), problems.iter().any(|p| p.severity == Severity::Error));
        for problem in &problems {
            proptest::prop_assert!(problem.location.end <= text.len() || problem.location == Location::default());
            proptest::prop_assert!(problem.location.start <= problem.location.end);
        }
        proptest::prop_assert!(problems.is_empty() || !render(&files, &problems, false).is_empty());
    }
}
