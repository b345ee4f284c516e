//! Dialplans nobody wrote: small towns put together at random. Whatever they say, whoever is stuck in them gets out.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::properties::{Stuck, any_input, ends, say_is_whole};
use super::*;

/// A topic to be written.
#[derive(Debug, Clone)]
struct Sketch {
    long: bool,
    rules: Vec<(usize, Act)>,
    after_failures: Option<(u8, Act)>,
    slots: Vec<usize>,
    confirm: bool,
    next: Option<Act>,
}

/// What a rule, a way out or `Ensuite` does.
#[derive(Debug, Clone, Copy)]
enum Act {
    GoTo(usize),
    Offer(usize),
    Menu,
    AnythingElse,
    Welcome,
    Transfer(usize),
    Voicemail,
    Repeat,
    HangUp,
}

#[derive(Debug, Clone)]
struct Plan {
    topics: Vec<Sketch>,
    menu: Option<Vec<Act>>,
    menu_way_out: Option<Act>,
    welcome_way_out: Option<Act>,
    anything_else: bool,
    key_zero: bool,
    /// Of "Standard" and "Second": extension, hours of its own that never open, fall-back.
    entries: [(bool, bool, Option<Act>); 2],
}

const TRIGGERS: &[&str] = &["oui, touche 1", "non, touche 2", "touche 3", "touche 4"];
const KINDS: &[&str] = &[
    "nom de personne",
    "téléphone",
    "date",
    "heure",
    "oui/non",
    "choix",
    "nombre",
    "adresse",
    "courriel",
    "message libre",
];

fn act(topics: usize) -> impl Strategy<Value = Act> {
    prop_oneof![
        3 => (0..topics).prop_map(Act::GoTo),
        2 => (0..topics).prop_map(Act::Offer),
        1 => Just(Act::Menu),
        1 => Just(Act::AnythingElse),
        1 => Just(Act::Welcome),
        2 => (0usize..2).prop_map(Act::Transfer),
        1 => Just(Act::Voicemail),
        1 => Just(Act::Repeat),
        1 => Just(Act::HangUp),
    ]
}

fn sketch(topics: usize) -> impl Strategy<Value = Sketch> {
    let rules = prop::collection::vec(act(topics), 0..4).prop_map(|acts| acts.into_iter().enumerate().collect());
    let slots = prop_oneof![2 => Just(Vec::new()), 1 => prop::collection::vec(0..KINDS.len(), 1..6)];
    let next = prop::option::of(act(topics));
    (any::<bool>(), rules, prop::option::weighted(0.3, (1u8..4, act(topics))), slots, any::<bool>(), next).prop_map(
        |(long, rules, after_failures, slots, confirm, next)| Sketch {
            long,
            rules,
            after_failures,
            slots,
            confirm,
            next,
        },
    )
}

fn plan() -> impl Strategy<Value = Plan> {
    (1usize..5).prop_flat_map(|topics| {
        let entry = || (any::<bool>(), any::<bool>(), prop::option::of(act(topics)));
        (
            prop::collection::vec(sketch(topics), topics),
            prop::option::of(prop::collection::vec(act(topics), 1..4)),
            prop::option::of(act(topics)),
            prop::option::of(act(topics)),
            any::<bool>(),
            any::<bool>(),
            [entry(), entry()],
        )
            .prop_map(|(topics, menu, menu_way_out, welcome_way_out, anything_else, key_zero, entries)| Plan {
                topics,
                menu,
                menu_way_out,
                welcome_way_out,
                anything_else,
                key_zero,
                entries,
            })
    })
}

impl Plan {
    fn act(&self, act: Act) -> String {
        match act {
            Act::GoTo(topic) => format!("aller à Sujet {topic}"),
            Act::Offer(topic) => format!("proposer Sujet {topic}"),
            Act::Menu if self.menu.is_some() => "aller à Menu au clavier".to_owned(),
            Act::AnythingElse if self.anything_else => "aller à Autre chose".to_owned(),
            Act::Menu | Act::AnythingElse | Act::Welcome => "aller à Accueil".to_owned(),
            Act::Transfer(0) => "transférer à Standard".to_owned(),
            Act::Transfer(_) => "transférer à Second".to_owned(),
            Act::Voicemail => "messagerie Accueil".to_owned(),
            Act::Repeat => "répéter".to_owned(),
            Act::HangUp => "raccrocher".to_owned(),
        }
    }

    fn written(&self) -> String {
        let mut text = String::from(
            "# Mairie\n- Numéro : 01 02 03 04 05\n- Langues : français\n\n## Horaires\n- lundi au vendredi : 8h30-17h30\n\n\
             ## Accueil\nDire :\n> Bonjour, je suis l'assistant vocal.\n",
        );
        let way_out = |text: &mut String, act: Option<Act>| {
            if let Some(act) = act {
                let _ = writeln!(text, "- Après 2 échecs : {}", self.act(act));
            }
        };
        way_out(&mut text, self.welcome_way_out);
        if let Some(acts) = &self.menu {
            text.push_str("\n## Menu au clavier\nDire :\n> Tapez 1, 2 ou 3.\n");
            for (i, act) in acts.iter().enumerate() {
                let _ = writeln!(text, "- touche {} : {}", i + 1, self.act(*act));
            }
            way_out(&mut text, self.menu_way_out);
        }
        text.push_str("\n## Partout\n- « un agent » : transférer à Standard\n");
        if self.key_zero {
            text.push_str("- touche 0 : transférer à Standard\n");
        }
        for (i, topic) in self.topics.iter().enumerate() {
            let _ = write!(text, "\n## Sujet {i}\nQuand on dit :\n- [le] sujet numéro {i}\n\nRépondre :\n");
            for _ in 0..if topic.long { 12 } else { 1 } {
                let _ = writeln!(text, "> Voici ce que la mairie peut vous dire à propos de ce sujet numéro {i}.");
            }
            if topic.slots.is_empty() {
                for (trigger, act) in &topic.rules {
                    let _ = writeln!(text, "- {} : {}", TRIGGERS[*trigger], self.act(*act));
                }
                if let Some((after, act)) = topic.after_failures {
                    let _ = writeln!(text, "- Après {after} échecs : {}", self.act(act));
                }
            }
            for (number, kind) in topic.slots.iter().enumerate() {
                let _ =
                    write!(text, "\nDemander valeur{number} ({}) :\n> Votre réponse numéro {number} ?\n", KINDS[*kind]);
                if KINDS[*kind] == "choix" {
                    text.push_str("- le premier, touche 1\n- le second, touche 2\n");
                }
            }
            if !topic.slots.is_empty() {
                if topic.confirm {
                    text.push_str("\nConfirmer :\n> Je note : {valeur0}. C'est bien cela ?\n");
                }
                text.push_str("- Enregistrer : demande de rappel\n");
            }
            if let Some(next) = topic.next.filter(|_| topic.rules.is_empty() || !topic.slots.is_empty()) {
                let _ = writeln!(text, "- Ensuite : {}", self.act(next));
            }
        }
        if self.anything_else {
            text.push_str("\n## Autre chose\nDire :\n> Autre chose ?\n");
        }
        text.push_str("\n## Annuaire\n");
        for (name, (extension, never_open, fallback)) in ["Standard", "Second"].iter().zip(&self.entries) {
            let _ = writeln!(text, "### {name}");
            if *extension {
                text.push_str("- Poste : 100\n");
            }
            if *never_open {
                text.push_str("- Horaires :\n  - lundi au dimanche : fermé\n");
            }
            if let Some(act) = fallback {
                let _ = writeln!(text, "- Si fermé, occupé ou sans réponse : {}", self.act(*act));
            }
        }
        text
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, max_global_rejects: 96, ..ProptestConfig::default() })]

    #[test]
    fn nobody_is_stuck_in_a_town_put_together_at_random(
        plan in plan(),
        closed in any::<bool>(),
        known in any::<bool>(),
        inputs in prop::collection::vec(prop_oneof![
            1 => any_input(),
            2 => (0usize..5).prop_map(|i| Input::Heard { text: format!("le sujet numéro {i}"), confidence: 0.9 }),
        ], 0..12),
        stuck in Stuck::any(),
    ) {
        let text = plan.written();
        let files = [SourceFile { path: "mairie.md".into(), text }];
        let (parsed, _) = parse(&files);
        prop_assume!(parsed.is_some());
        let town = build(&files[0].text);
        let at = if closed { CLOSED } else { OPEN };
        let mut talk = Talk::with(&town, at, known.then_some("0612345678"));
        for input in inputs {
            talk.input(input);
            say_is_whole(&talk)?;
        }
        ends(&mut talk, stuck)?;
    }
}
