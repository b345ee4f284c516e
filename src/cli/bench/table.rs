//! What was measured, as a Markdown table with the conditions under it. PURE.

use super::Measured;
use super::machine::Machine;
use super::service::Parts;
use crate::simulate::report::{CallReport, percentile};

/// One number of calls at once: a column of the table.
#[derive(Default)]
pub struct Level {
    pub at_once: usize,
    pub calls: usize,
    pub turns: usize,
    /// Answers that held the expected words.
    pub right: usize,
    /// From the last packet of a question to the first of its answer, ms.
    pub replies: Vec<i64>,
    /// From the answer of the call to the first packet of the greeting, ms.
    pub greetings: Vec<i64>,
    pub parts: Parts,
    pub lost: u64,
    pub memory_mib: Option<u64>,
    pub started_in_ms: i64,
}

impl Level {
    pub(super) fn new(measured: &Measured, turns: usize, right: usize) -> Level {
        let reports: Vec<CallReport> = measured.calls.iter().map(|call| call.outcome.report(&[])).collect();
        let turns_of = |report: &CallReport| -> Vec<i64> {
            report.turns.iter().filter_map(|turn| turn.reply_started_after_ms).collect()
        };
        Level {
            at_once: measured.at_once,
            calls: measured.calls.len(),
            turns,
            right,
            replies: reports.iter().flat_map(turns_of).collect(),
            greetings: reports.iter().filter_map(|report| report.first_audio_after_answer_ms).collect(),
            parts: measured.parts.clone(),
            lost: reports.iter().map(|report| report.packets.lost).sum(),
            memory_mib: measured.calls.iter().filter_map(|call| call.memory_mib).max(),
            started_in_ms: measured.started_in_ms,
        }
    }
}

/// What is measured, its value, the aim.
type Row<'a> = (&'a str, &'a dyn Fn(&Level) -> String, &'a str);

/// The table; `unheard`: the answers had to be synthesised.
pub fn render(machine: &Machine, levels: &[Level], turns_a_call: usize, unheard: bool) -> String {
    let (kind, aim) = if unheard { ("à synthétiser", "900 ms / 1,5 s") } else { ("en cache", "500 / 900 ms") };
    let first = format!("fin de la parole de l'appelant → premier paquet d'une réponse {kind}, p50 / p95");
    let rows: [Row<'_>; 9] = [
        (&first, &|level| both(&level.replies, 0.95), aim),
        ("dont : silence jusqu'à la fin du tour, p50 / p95", &|level| both(&level.parts.turn_ends, 0.95), "–"),
        (
            "dont : attente des mots au-delà, p50 / p95",
            &|level| both(&differences(&level.parts.words, &level.parts.turn_ends), 0.95),
            "–",
        ),
        (
            "dont : mots → premier paquet, p50 / p95",
            &|level| both(&differences(&level.parts.packets, &level.parts.words), 0.95),
            "–",
        ),
        ("200 OK → premier paquet de l'accueil, p50 / max", &|level| both(&level.greetings, 1.0), "60 ms"),
        (
            "mémoire du service, modèles chargés",
            &|level| level.memory_mib.map_or_else(|| "–".to_owned(), |memory| format!("{memory} Mio")),
            "700 Mio",
        ),
        ("démarrage → prêt, phrases en cache", &|level| ms(Some(level.started_in_ms)), "3 s"),
        (
            "questions posées / réponses attendues / sans réponse",
            &|level| format!("{} / {} / {}", level.turns, level.right, level.turns - level.replies.len()),
            "–",
        ),
        ("paquets de voix perdus", &|level| level.lost.to_string(), "0"),
    ];
    let mut text = String::from("| appels en même temps |");
    levels.iter().for_each(|level| text += &format!(" {} |", level.at_once));
    text += " but, un appel |\n|---|";
    text += &"---|".repeat(levels.len() + 1);
    text.push('\n');
    for (what, value, aim) in rows {
        text += &format!("| {what} |");
        levels.iter().for_each(|level| text += &format!(" {} |", value(level)));
        text += &format!(" {aim} |\n");
    }
    text + &conditions(machine, levels, turns_a_call)
}

fn conditions(machine: &Machine, levels: &[Level], turns_a_call: usize) -> String {
    let memory = machine.memory_gib.map_or_else(String::new, |memory| format!(", {memory:.1} Gio"));
    let calls: Vec<String> = levels.iter().map(|level| level.calls.to_string()).collect();
    format!(
        "\nConditions : {}, {} cœurs{memory}, charge {} au départ, Linux {}, allo-mairie {} ({}). {} appels sur la boucle \
         locale, appelants et service sur la même machine, {turns_a_call} questions par appel, dites par une voix de synthèse. \
         Les délais sont lus sur les paquets RTP, à l'appelant : dernier paquet de parole envoyé → premier paquet de parole \
         reçu ; p50 et p95 au rang le plus proche.",
        machine.processor,
        machine.cores,
        machine.load.as_deref().unwrap_or("inconnue"),
        machine.kernel.as_deref().unwrap_or("inconnu"),
        env!("CARGO_PKG_VERSION"),
        if cfg!(debug_assertions) { "compilé pour le débogage" } else { "compilé pour l'usage" },
        calls.join(", "),
    )
}

fn ms(value: Option<i64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value} ms"))
}

/// The median and the value of another share.
fn both(values: &[i64], share: f64) -> String {
    format!("{} / {}", ms(percentile(values, 0.5)), ms(percentile(values, share)))
}

fn differences(later: &[i64], earlier: &[i64]) -> Vec<i64> {
    later.iter().zip(earlier).map(|(later, earlier)| later - earlier).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_for_each_number_of_calls() {
        let level = |at_once, replies| Level { at_once, calls: 2, turns: 3, right: 1, replies, ..Level::default() };
        let machine = Machine { processor: "P".into(), cores: 2, memory_gib: None, load: None, kernel: None };
        let text = render(&machine, &[level(1, vec![300, 400]), level(4, vec![500, 600, 900])], 4, false);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "| appels en même temps | 1 | 4 | but, un appel |");
        assert!(lines[2].ends_with("p50 / p95 | 300 ms / 400 ms | 600 ms / 900 ms | 500 / 900 ms |"), "{}", lines[2]);
        assert!(text.contains("| 3 / 1 / 1 | 3 / 1 / 0 | – |"), "{text}");
        let columns = |line: &&str| line.matches('|').count();
        assert!(lines[..11].iter().all(|line| columns(line) == 5), "{text}");
    }
}
