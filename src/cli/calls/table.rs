//! What came of the calls, as a Markdown table with the conditions under it. PURE.

use std::fmt::Write as _;
use std::time::Duration;

use super::conversation::Talked;
use super::typed::Typed;
use crate::cli::bench::machine::Machine;
use crate::simulate::report::{Party, percentile};
use crate::simulate::scenario::Scenario;
use crate::simulate::verdict::Miss;

/// The aim: share of calls that succeed, and how long a call may take.
const AIM: f64 = 0.85;
const AIMED_DURATION: Duration = Duration::from_secs(120);

/// One call.
pub struct Row {
    pub name: String,
    pub title: String,
    pub service: String,
    pub duration: Duration,
    /// Times the caller spoke to the agent.
    pub turns: usize,
    pub asked_back: usize,
    pub replies_ms: Vec<i64>,
    pub misses: Vec<Miss>,
    /// Who said what, for a call that failed.
    pub conversation: Vec<(String, String)>,
}

impl Row {
    pub fn new(name: String, scenario: Scenario, talked: Talked, duration: Duration, misses: Vec<Miss>) -> Self {
        let report = &talked.report;
        let to_agent = || report.turns.iter().filter(|turn| turn.to == Party::Agent);
        let greeting = (String::new(), report.greeting.clone().unwrap_or_default());
        let turns = report.turns.iter().map(|turn| (turn.said.clone(), turn.reply.clone().unwrap_or_default()));
        Self {
            name,
            title: scenario.title,
            service: scenario.service,
            duration,
            turns: to_agent().count(),
            asked_back: talked.asked_back,
            replies_ms: to_agent().filter_map(|turn| turn.reply_started_after_ms).collect(),
            misses,
            conversation: std::iter::once(greeting).chain(turns).collect(),
        }
    }

    /// Of a call without sound, which takes no time.
    pub fn typed(name: String, scenario: Scenario, typed: Typed, misses: Vec<Miss>) -> Self {
        Self {
            name,
            title: scenario.title,
            service: scenario.service,
            duration: Duration::ZERO,
            turns: typed.conversation.len().saturating_sub(1),
            asked_back: typed.happened.asked_back,
            replies_ms: Vec::new(),
            misses,
            conversation: typed.conversation,
        }
    }

    pub fn succeeded(&self) -> bool {
        self.misses.is_empty()
    }

    /// One line for the person who waits.
    pub fn told(&self) -> String {
        let outcome =
            if self.succeeded() { "réussi".to_owned() } else { format!("échoué : {}", misses(&self.misses)) };
        format!("  {outcome} ({} s)", self.duration.as_secs())
    }
}

pub fn render(machine: &Machine, rows: &[Row]) -> String {
    let succeeded = rows.iter().filter(|row| row.succeeded()).count();
    let share = if rows.is_empty() { 0.0 } else { succeeded as f64 / rows.len() as f64 };
    let seconds: Vec<i64> = rows.iter().map(|row| row.duration.as_millis() as i64).collect();
    let late = rows.iter().filter(|row| row.duration > AIMED_DURATION).count();
    let replies: Vec<i64> = rows.iter().flat_map(|row| row.replies_ms.iter().copied()).collect();
    let in_seconds = |value: Option<i64>| {
        value.map_or_else(|| "–".to_owned(), |ms| format!("{:.1} s", ms as f64 / 1_000.0).replace('.', ","))
    };
    let mut text = format!(
        "| appels | réussis | part | but | durée, médiane / la plus longue | au-delà de deux minutes | délai des réponses, p50 / p95 |\n\
         |---|---|---|---|---|---|---|\n| {} | {succeeded} | {:.0} % | {:.0} % | {} / {} | {late} | {} / {} |\n\n",
        rows.len(),
        share * 100.0,
        AIM * 100.0,
        in_seconds(percentile(&seconds, 0.5)),
        in_seconds(percentile(&seconds, 1.0)),
        in_seconds(percentile(&replies, 0.5)),
        in_seconds(percentile(&replies, 0.95)),
    );
    text += "| appel | service | réussi | durée | prises de parole | questions en retour | ce qui manque |\n|---|---|---|---|---|---|---|\n";
    for row in rows {
        let _ = writeln!(
            text,
            "| {} : {} | {} | {} | {} s | {} | {} | {} |",
            row.name,
            cell(&row.title),
            cell(&row.service),
            if row.succeeded() { "oui" } else { "**non**" },
            row.duration.as_secs(),
            row.turns,
            row.asked_back,
            cell(&misses(&row.misses)),
        );
    }
    text + &failed(rows) + &conditions(machine)
}

/// Calls without sound.
pub fn render_typed(rows: &[Row]) -> String {
    let succeeded = rows.iter().filter(|row| row.succeeded()).count();
    let share = if rows.is_empty() { 0.0 } else { succeeded as f64 / rows.len() as f64 };
    format!(
        "| appels sans le son | réussis | part |\n|---|---|---|\n| {} | {succeeded} | {:.0} % |\n",
        rows.len(),
        share * 100.0
    ) + &failed(rows)
}

/// The conversations that failed, and why.
fn failed(rows: &[Row]) -> String {
    let mut text = String::new();
    for row in rows.iter().filter(|row| !row.succeeded()) {
        let _ = write!(text, "\n{} ({}) :\n", row.name, misses(&row.misses));
        for (said, reply) in &row.conversation {
            if !said.is_empty() {
                let _ = writeln!(text, "- appelant : {said}");
            }
            let _ = writeln!(text, "- mairie : {reply}");
        }
    }
    text
}

fn conditions(machine: &Machine) -> String {
    let memory = machine.memory_gib.map_or_else(String::new, |memory| format!(", {memory:.1} Gio"));
    format!(
        "\nConditions : {}, {} cœurs{memory}, charge {} au départ, Linux {}, allo-mairie {} ({}). Un appel après l'autre sur la \
         boucle locale (PCMA), appelant, service et poste sur la même machine. L'appelant parle d'une voix de synthèse ; il comprend \
         l'agent par Whisper sur le son reçu, 1,2 s après la fin de chaque réponse. Ce que l'agent a dit est lu dans ces \
         transcriptions, les demandes dans la base du service, la personne jointe au poste qui a décroché.",
        machine.processor,
        machine.cores,
        machine.load.as_deref().unwrap_or("inconnue"),
        machine.kernel.as_deref().unwrap_or("inconnu"),
        env!("CARGO_PKG_VERSION"),
        if cfg!(debug_assertions) { "compilé pour le débogage" } else { "compilé pour l'usage" },
    )
}

fn cell(text: &str) -> String {
    text.replace('|', "/").replace('\n', " ")
}

fn misses(misses: &[Miss]) -> String {
    misses.iter().map(in_french).collect::<Vec<_>>().join(" ; ")
}

pub fn in_french(miss: &Miss) -> String {
    match miss {
        Miss::NotHeard(piece) => format!("« {piece} » n'a pas été dit"),
        Miss::HeardThough(piece) => format!("« {piece} » a été dit"),
        Miss::NotReached(entry) if entry == "*" => "personne n'a été joint".to_owned(),
        Miss::NotReached(entry) => format!("« {entry} » n'a pas été joint"),
        Miss::ReachedThough(extension) => format!("passé au poste {extension} sans l'avoir voulu"),
        Miss::AskedBack(count) => format!("{count} questions en retour"),
        Miss::NoRequest => "aucune demande enregistrée".to_owned(),
        Miss::Requests(count) => format!("demandes enregistrées : {count}"),
        Miss::Kind(kind) => format!("demande enregistrée comme « {kind} »"),
        Miss::Value(Some(name), value) => format!("{name} n'est pas « {value} »"),
        Miss::Value(None, value) => format!("« {value} » n'est pas dans la demande"),
        Miss::TooLong => "trop long".to_owned(),
        Miss::Failed(failure) => crate::cli::call::in_french(*failure),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, seconds: u64, misses: Vec<Miss>) -> Row {
        Row {
            name: name.into(),
            title: "Un | titre".into(),
            service: "dechets".into(),
            duration: Duration::from_secs(seconds),
            turns: 3,
            asked_back: 1,
            replies_ms: vec![600, 800],
            misses,
            conversation: vec![(String::new(), "Bonjour.".into()), ("Les poubelles".into(), "Pardon ?".into())],
        }
    }

    #[test]
    fn successes_are_counted_and_failures_explained() {
        let machine = Machine { processor: "P".into(), cores: 2, memory_gib: None, load: None, kernel: None };
        let rows = [row("01", 40, Vec::new()), row("02", 130, vec![Miss::NoRequest]), row("03", 50, Vec::new())];
        let text = render(&machine, &rows);
        assert!(text.contains("| 3 | 2 | 67 % | 85 % | 50,0 s / 130,0 s | 1 | 0,6 s / 0,8 s |"), "{text}");
        assert!(
            text.contains("| 02 : Un / titre | dechets | **non** | 130 s | 3 | 1 | aucune demande enregistrée |"),
            "{text}"
        );
        assert!(
            text.contains("\n02 (aucune demande enregistrée) :\n- mairie : Bonjour.\n- appelant : Les poubelles"),
            "{text}"
        );
        assert!(!text.contains("01 ("), "{text}");
        assert!(text.contains("Conditions : P, 2 cœurs"), "{text}");
    }
}
