//! `allo-mairie bench`.

use super::Failure;

#[derive(clap::Args)]
pub struct Args {}

pub fn run(_args: Args) -> Result<(), Failure> {
    Err(Failure::new("Cette commande n'est pas encore disponible."))
}
