//! How often the right service is found, on sentences kept apart from what the understanding learns from.
//!
//! `../shared/data/utterances` holds ten sentences and some key words for each of twenty services. Ten-fold: each tenth of the
//! sentences is judged by an understanding that has learned from the other nine as an officer's phrases.
//! Run with `cargo test --no-default-features --test understanding -- --nocapture` to see the figures.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use allo_mairie::dialplan::{Dialplan, SourceFile, TopicId, parse, render};
use allo_mairie::understanding::{Decision, Understanding};

const FOLDS: usize = 10;

fn shared(name: &str) -> Option<String> {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    ["../shared", "../../shared"].iter().find_map(|base| std::fs::read_to_string(here.join(base).join(name)).ok())
}

fn rows(tsv: &str) -> Vec<(String, String)> {
    tsv.lines().filter_map(|line| line.split_once('\t')).map(|(a, b)| (a.to_owned(), b.to_owned())).collect()
}

/// A dialplan of one topic a service.
fn dialplan(phrases: &BTreeMap<&str, Vec<&str>>, words: &BTreeMap<String, Vec<String>>) -> Dialplan {
    let mut text = String::from(
        "# Mairie d'essai\n- Numéro : 01 00 00 00 00\n- Langues : français\n\n## Horaires\n- lundi au vendredi : 8h-18h\n\n\
         ## Accueil\nDire :\n> Bonjour.\n\n## Annuaire\n### Standard\n- Poste : 100\n- Si fermé, occupé ou sans réponse : messagerie Accueil\n\n",
    );
    let mut files = Vec::new();
    for (service, sentences) in phrases {
        let mut topic = format!("## Sujet {}\nQuand on dit :\n", service.replace('_', " "));
        for sentence in sentences {
            let _ = writeln!(topic, "- {sentence}");
        }
        if let Some(words) = words.get(*service) {
            let _ = writeln!(topic, "\nMots : {}", words.join(", "));
        }
        topic.push_str("\nRépondre :\n> Voici la réponse.\n");
        files.push(SourceFile { path: format!("fr/{service}.md"), text: topic });
    }
    text.push('\n');
    files.insert(0, SourceFile { path: "mairie.md".into(), text });
    let (plan, problems) = parse(&files);
    plan.unwrap_or_else(|| panic!("{}", render(&files, &problems, false)))
}

#[derive(Default, Debug)]
struct Tally {
    total: usize,
    first: usize,
    among_three: usize,
    answered: usize,
    answered_right: usize,
    asked: usize,
    asked_right: usize,
    unknown: usize,
    reach: usize,
    emergencies: usize,
}

fn measure(with_words: bool, show: bool) -> Option<Tally> {
    let train = rows(&shared("data/utterances/train.tsv")?);
    let lexicon: BTreeMap<String, Vec<String>> = rows(&shared("data/utterances/lexicon.tsv")?)
        .into_iter()
        .map(|(service, words)| (service, words.split_whitespace().map(str::to_owned).collect()))
        .collect();
    // Asking for somebody is no topic: it is told apart by rules, see `understanding::reach`.
    let train: Vec<(String, String)> = train.into_iter().filter(|(s, _)| s != "operateur").collect();
    let mut tally = Tally::default();
    for fold in 0..FOLDS {
        let mut phrases: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (i, (service, sentence)) in train.iter().enumerate() {
            if i % FOLDS != fold {
                phrases.entry(service).or_default().push(sentence);
            }
        }
        let none = BTreeMap::new();
        let plan = dialplan(&phrases, if with_words { &lexicon } else { &none });
        let words = &plan.plans[0];
        let understanding = Understanding::train(words);
        let service = |topic: TopicId| words.topics[topic.0].service.as_str();
        for (i, (wanted, sentence)) in train.iter().enumerate() {
            if i % FOLDS != fold {
                continue;
            }
            let found = understanding.interpret(sentence, None);
            tally.total += 1;
            let rank = found.ranking.iter().position(|c| service(c.topic) == wanted);
            tally.first += usize::from(rank == Some(0));
            tally.among_three += usize::from(rank.is_some_and(|r| r < 3));
            let right = match &found.decision {
                Decision::Answer(topic) => {
                    tally.answered += 1;
                    tally.answered_right += usize::from(service(*topic) == wanted);
                    service(*topic) == wanted
                }
                Decision::Confirm(topic) => {
                    tally.asked += 1;
                    tally.asked_right += usize::from(service(*topic) == wanted);
                    service(*topic) == wanted
                }
                Decision::Offer(topics) => {
                    tally.asked += 1;
                    let right = topics.iter().any(|t| service(*t) == wanted);
                    tally.asked_right += usize::from(right);
                    right
                }
                Decision::Reach { .. } => {
                    tally.reach += 1;
                    false
                }
                Decision::Emergency => {
                    tally.emergencies += 1;
                    false
                }
                Decision::Unknown => {
                    tally.unknown += 1;
                    false
                }
            };
            if show && !right {
                let best: Vec<String> = found
                    .ranking
                    .iter()
                    .take(3)
                    .map(|c| format!("{} {:.2} {:?}", service(c.topic), c.score, c.evidence))
                    .collect();
                println!("  {wanted} « {sentence} » {:?} {}", found.decision, best.join(" ; "));
            }
        }
    }
    Some(tally)
}

/// Sentences of no town hall's business.
const OUT_OF_SCOPE: &[&str] = &[
    "quel temps fait-il demain",
    "je voudrais commander une pizza",
    "pouvez-vous me donner la recette des crêpes",
    "quel est le résultat du match de ce soir",
    "je cherche un plombier pour ma salle de bains",
    "combien font douze fois quinze",
    "racontez-moi une blague",
    "mon téléphone ne capte plus le réseau",
    "je voudrais réserver un billet d'avion pour Rome",
    "le chat de la voisine mange des croquettes",
    "où est mon colis",
    "je veux résilier mon abonnement internet",
    "qui a gagné la coupe du monde",
    "ma voiture ne démarre plus",
    "j'ai mal aux dents",
    "quelle est la capitale de l'Australie",
    "je voudrais prendre rendez-vous chez le coiffeur",
    "mettez de la musique",
    "le train de huit heures est-il à l'heure",
    "je vous appelle pour votre contrat d'énergie",
];

#[test]
fn the_right_service_is_found() {
    for with_words in [true, false] {
        let Some(tally) = measure(with_words, with_words) else {
            println!("skipped: ../shared/data/utterances is not there");
            return;
        };
        let share = |n: usize, of: usize| n as f32 / of.max(1) as f32;
        println!(
            "{} sentences, key words {}: first {:.2}, in the first three {:.2}; answered {:.2} of them right {:.3}; asked {:.2} of them right {:.2}; unknown {:.2}; reach {} emergencies {}",
            tally.total,
            if with_words { "yes" } else { "no" },
            share(tally.first, tally.total),
            share(tally.among_three, tally.total),
            share(tally.answered, tally.total),
            share(tally.answered_right, tally.answered),
            share(tally.asked, tally.total),
            share(tally.asked_right, tally.asked),
            share(tally.unknown, tally.total),
            tally.reach,
            tally.emergencies,
        );
        if with_words {
            assert!(share(tally.first, tally.total) >= 0.8);
            assert!(share(tally.among_three, tally.total) >= 0.9);
            assert!(share(tally.answered_right, tally.answered) >= 0.9);
            assert_eq!(tally.emergencies, 0);
        }
    }
}

#[test]
fn what_is_no_business_of_a_town_hall_is_seldom_answered() {
    let (Some(train), Some(lexicon)) = (shared("data/utterances/train.tsv"), shared("data/utterances/lexicon.tsv"))
    else {
        println!("skipped: ../shared/data/utterances is not there");
        return;
    };
    let train = rows(&train);
    let words = rows(&lexicon)
        .into_iter()
        .map(|(service, words)| (service, words.split_whitespace().map(str::to_owned).collect()))
        .collect();
    let mut phrases: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (service, sentence) in train.iter().filter(|(s, _)| s != "operateur") {
        phrases.entry(service).or_default().push(sentence);
    }
    let plan = dialplan(&phrases, &words);
    let understanding = Understanding::train(&plan.plans[0]);
    let mut answered = 0;
    for sentence in OUT_OF_SCOPE {
        let found = understanding.interpret(sentence, None);
        if !matches!(found.decision, Decision::Unknown) {
            println!(
                "  « {sentence} » {:?} {:?}",
                found.decision,
                found.ranking.first().map(|c| (c.score, &c.evidence))
            );
        }
        answered += usize::from(matches!(found.decision, Decision::Answer(_)));
    }
    println!("out of scope answered: {answered} of {}", OUT_OF_SCOPE.len());
    assert!(answered * 10 <= OUT_OF_SCOPE.len());
}
