//! What stands after the colon of a rule (what to do) and before it (what the caller did).

use super::Sink;
use super::inline::Inline;
use super::outline::{Outline, Scope};
use super::{label, phrase};
use crate::dialplan::text::{fold, suggest};
use crate::dialplan::{Action, Trigger};

const ACTIONS: &[&str] =
    &["aller à", "proposer", "transférer à", "répéter", "ralentir", "passer en", "raccrocher", "messagerie"];

/// `aller à Prix`, `transférer à Standard`, `répéter` …
pub(super) fn action(written: &Inline, scope: Scope, outline: &Outline, sink: &mut Sink) -> Option<Action> {
    let written = written.trim_matches(|c| c.is_whitespace() || c == '.');
    let (verb, rest) = written.split_word();
    let verb = fold(verb.text());
    let target = without_preposition(&rest);
    match verb.as_str() {
        "aller" | "retourner" | "revenir" => {
            let target = required(&written, target, sink)?;
            outline.resolve_topic(&target, scope, sink).map(Action::GoTo)
        }
        "proposer" => {
            let target = required(&written, target, sink)?;
            outline.resolve_topic(&target, scope, sink).map(Action::Offer)
        }
        "transferer" => {
            let target = required(&written, target, sink)?;
            outline.resolve_entry(&target, sink).map(Action::Transfer)
        }
        "passer" => {
            let target = required(&written, target, sink)?;
            let language = label::language(target.text());
            match language {
                Some(language) if outline.languages.contains(&language) => Some(Action::SwitchLanguage(language)),
                Some(_) => {
                    sink.error(
                        target.location(),
                        format!("la langue « {} » n'est pas annoncée", target.text()),
                        "ajoutez-la à la ligne « - Langues : » de mairie.md",
                    );
                    None
                }
                None => {
                    sink.error(
                        target.location(),
                        format!("la langue « {} » n'est pas connue", target.text()),
                        label::known_languages(),
                    );
                    None
                }
            }
        }
        "messagerie" => {
            let target = required(&written, target, sink)?;
            Some(Action::Voicemail(target.text().to_owned()))
        }
        "repeter" if rest.is_empty() => Some(Action::Repeat),
        "ralentir" if rest.is_empty() => Some(Action::SlowDown),
        "raccrocher" if rest.is_empty() => Some(Action::HangUp),
        "envoyer" => {
            no_sending(&written, sink);
            None
        }
        _ => {
            let remedy = match suggest(written.text(), ACTIONS.iter().copied())
                .or_else(|| suggest(&verb, ACTIONS.iter().copied()))
            {
                Some(meant) => format!("vouliez-vous dire « {meant} » ?"),
                None => format!("on peut écrire ici : {}", ACTIONS.join(", ")),
            };
            sink.error(written.location(), format!("l'action « {} » n'est pas connue", written.text()), remedy);
            None
        }
    }
}

/// `Envoyer`: promised to the caller, but nothing in this version sends.
pub(super) fn no_sending(written: &Inline, sink: &mut Sink) {
    sink.error(
        written.location(),
        "l'envoi de SMS et de courriels n'est pas encore disponible dans cette version",
        "enlevez cette ligne ; dites l'information à l'appelant, ou faites noter son adresse par une demande",
    );
}

/// `« un agent », oui, touche 0`. Reports what is none of these; `None` if nothing is understood.
pub(super) fn triggers(written: &Inline, sink: &mut Sink) -> Option<Vec<Trigger>> {
    let parts = written.split(',');
    let read: Vec<Option<Result<Trigger, ()>>> = parts.iter().map(|part| trigger(part, sink)).collect();
    if read.iter().all(Option::is_none) {
        return None;
    }
    let mut triggers = Vec::new();
    for (part, trigger) in parts.iter().zip(read) {
        match trigger {
            Some(Ok(trigger)) => triggers.push(trigger),
            Some(Err(())) => {}
            None => sink.error(
                part.location(),
                format!("« {} » n'est ni « oui », ni « non », ni une touche", part.text()),
                format!("si l'appelant le dit, mettez-le entre guillemets : « {} »", part.text()),
            ),
        }
    }
    Some(triggers)
}

/// `None`: not a trigger at all. `Err`: one, but wrong, and reported.
fn trigger(part: &Inline, sink: &mut Sink) -> Option<Result<Trigger, ()>> {
    if let Some(quoted) = part.unquoted() {
        return Some(phrase::phrase(&quoted, sink).map(Trigger::Phrase).ok_or(()));
    }
    match fold(part.text()).as_str() {
        "oui" => Some(Ok(Trigger::Yes)),
        "non" => Some(Ok(Trigger::No)),
        _ => Some(key(part, sink)?.map(Trigger::Key)),
    }
}

/// `touche 1`, `touche #`, `touche dièse`. `None`: another word than "touche".
pub(super) fn key(part: &Inline, sink: &mut Sink) -> Option<Result<char, ()>> {
    let (word, rest) = part.split_word();
    if fold(word.text()) != "touche" {
        return None;
    }
    let rest = rest.unquoted().unwrap_or(rest);
    let key = match fold(rest.text()).as_str() {
        "diese" => Some('#'),
        "etoile" => Some('*'),
        "zero" => Some('0'),
        one => {
            let mut chars = one.chars();
            match (chars.next(), chars.next()) {
                (Some(c), None) if c.is_ascii_digit() || c == '*' || c == '#' => Some(c),
                _ => None,
            }
        }
    };
    if key.is_none() {
        sink.error(
            part.location(),
            format!("« {} » n'est pas une touche", rest.text()),
            "écrivez « touche 1 », « touche * » ou « touche # » ; une touche par mention",
        );
    }
    Some(key.ok_or(()))
}

/// Without the "à", "au", "en" … that the verb calls for.
fn without_preposition(rest: &Inline) -> Inline {
    let (word, after) = rest.split_word();
    match fold(word.text()).as_str() {
        "a" | "au" | "aux" | "en" | "vers" if !after.is_empty() => after,
        _ => rest.clone(),
    }
}

fn required(written: &Inline, target: Inline, sink: &mut Sink) -> Option<Inline> {
    let target = target.unquoted().unwrap_or(target);
    if target.is_empty() {
        sink.error(
            written.location(),
            format!("il manque un nom après « {} »", written.text()),
            "écrivez le titre d'un sujet ou le nom d'un service de l'annuaire",
        );
        return None;
    }
    Some(target)
}
