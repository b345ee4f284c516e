//! What the officer writes, PURE: Markdown files in, a checked [`Dialplan`] out, or every problem at once.
//!
//! Owns: the language of dialplans, its checker, opening hours and public holidays.
//! Must not know: the file system (files come in as text), telephony, the state of a conversation.
//!
//! ```text
//! parse(files: &[SourceFile]) -> (Option<Dialplan>, Vec<Problem>)     // a Dialplan only when no problem is an error
//! check(dialplan: &Dialplan, today: civil::Date) -> Vec<Problem>      // what a careful reader would object to
//! check_pronunciation(dialplan, left) -> Vec<Problem>             // words the voice may say wrongly
//! render(files: &[SourceFile], problems: &[Problem], colour: bool) -> String   // rustc-like, in French
//! ```

mod check;
mod holidays;
mod hours;
mod lookup;
pub mod model;
mod parse;
mod phrase;
mod render;
mod spoken;
mod text;
mod value;

pub use check::{check, check_pronunciation};
pub use holidays::Holidays;
pub use model::*;
pub use parse::parse;
pub(crate) use parse::pieces;
pub use render::{line_and_column, place, render};
pub use spoken::{speak_date, speak_hours, speak_next_opening, speak_todays_hours};
pub use text::{fold, folded_words, slug, spoken_time};

/// One Markdown file of a dialplan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Path below the dialplan's directory, `/`-separated: `mairie.md`, `fr/etat-civil.md`.
    pub path: String,
    pub text: String,
}
