//! `allo-mairie requests`: the requests that callers left, in a table.

use std::fmt::Write as _;
use std::path::PathBuf;

use jiff::tz::TimeZone;

use super::Failure;
use crate::config::Config;
use crate::net;
use crate::store::{Filter, MAX_LISTED, Store, StoredRequest};

#[derive(clap::Args)]
pub struct Args {
    /// Fichier de configuration [défaut : config.toml s'il existe]
    #[arg(long, value_name = "FICHIER")]
    config: Option<PathBuf>,
    /// Montrer aussi les demandes déjà traitées
    #[arg(long)]
    all: bool,
    /// Marquer la demande de ce numéro comme traitée (répétable)
    #[arg(long, value_name = "NUMÉRO")]
    done: Vec<i64>,
}

pub fn run(args: Args) -> Result<(), Failure> {
    let config = Config::load(args.config.as_deref()).map_err(|error| Failure::new(error.to_string()))?;
    let path = &config.store.path;
    if !path.exists() {
        if args.done.is_empty() {
            println!("Aucune demande : la base {} n'existe pas encore.", path.display());
            return Ok(());
        }
        return Err(Failure::new(format!(
            "La base {} n'existe pas encore.\n    Remède : vérifiez store.path et le dossier où vous lancez la commande.",
            path.display()
        )));
    }
    let failed = |error: crate::store::StoreError| Failure::new(error.to_string());
    let now = net::timestamp();
    let store = Store::open(path, config.store.retention_days, now).map_err(failed)?;
    if !args.done.is_empty() {
        for id in args.done {
            if !store.mark_handled(id, now).and_then(|pending| pending.wait()).map_err(failed)? {
                return Err(Failure::new(format!(
                    "Il n'y a pas de demande n° {id}.\n    Remède : « allo-mairie requests --all » les énumère."
                )));
            }
            println!("La demande n° {id} est marquée comme traitée.");
        }
        return Ok(());
    }
    let filter = if args.all { Filter::All } else { Filter::Unhandled };
    let requests = store.requests(filter).and_then(|pending| pending.wait()).map_err(failed)?;
    print!("{}", table(&requests, &config.dialplan.timezone, args.all));
    Ok(())
}

/// The table, and a line that says how to go on.
fn table(requests: &[StoredRequest], zone: &TimeZone, all: bool) -> String {
    if requests.is_empty() {
        return if all { "Aucune demande.\n".into() } else { "Aucune demande en attente.\n".into() };
    }
    let rows: Vec<[String; 4]> = requests
        .iter()
        .map(|request| {
            let when = request.at.to_zoned(zone.clone()).strftime("%d/%m/%Y %H:%M").to_string();
            let mut kind = printable(&request.kind);
            if request.handled_at.is_some() {
                kind.push_str(" (traitée)");
            }
            let details: Vec<String> = request
                .fields
                .iter()
                .map(|(name, value)| format!("{} : {}", printable(name), printable(value)))
                .collect();
            [request.id.to_string(), when, kind, details.join(" · ")]
        })
        .collect();
    let titles = ["N°", "Reçue le", "Demande", "Détails"].map(str::to_owned);
    let mut widths = [0; 3];
    for row in std::iter::once(&titles).chain(&rows) {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    for [id, when, kind, details] in std::iter::once(&titles).chain(&rows) {
        let _ = writeln!(text, "{id:>0$}  {when:<1$}  {kind:<2$}  {details}", widths[0], widths[1], widths[2]);
    }
    if requests.len() >= MAX_LISTED {
        let _ = writeln!(text, "\nSeules les {MAX_LISTED} plus récentes sont montrées.");
    }
    text.push_str("\nUne demande est traitée ? « allo-mairie requests --done NUMÉRO »\n");
    text
}

/// Without control characters: what a caller said must not steer the terminal.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(id: i64, value: &str) -> StoredRequest {
        StoredRequest {
            id,
            kind: "demande de rappel".into(),
            fields: vec![("nom".into(), value.into()), ("numéro".into(), "06 12 34 56 78".into())],
            at: "2026-12-05T19:04:00Z".parse().unwrap(),
            handled_at: None,
        }
    }

    #[test]
    fn the_table_is_aligned_and_in_local_time() {
        let zone = TimeZone::get("Europe/Paris").unwrap();
        let handled = StoredRequest { handled_at: Some("2026-12-06T08:00:00Z".parse().unwrap()), ..request(12, "B") };
        let text = table(&[request(7, "Le Goff"), handled], &zone, true);
        assert_eq!(
            text,
            "N°  Reçue le          Demande                      Détails\n\
             \u{20}7  05/12/2026 20:04  demande de rappel            nom : Le Goff · numéro : 06 12 34 56 78\n\
             12  05/12/2026 20:04  demande de rappel (traitée)  nom : B · numéro : 06 12 34 56 78\n\
             \nUne demande est traitée ? « allo-mairie requests --done NUMÉRO »\n"
        );
    }

    #[test]
    fn nothing_stored_steers_the_terminal() {
        let text = table(&[request(1, "\u{1b}[2Jx\n\u{9b}31m")], &TimeZone::UTC, false);
        assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
        assert_eq!(text.lines().count(), 4, "{text}");
    }
}
