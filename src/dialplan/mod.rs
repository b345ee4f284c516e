//! What the officer writes, PURE: Markdown files in, a checked [`Dialplan`] out, or every problem at once.
//!
//! Owns: the language of dialplans, its checker, opening hours and public holidays.
//! Must not know: the file system (files come in as text), telephony, the state of a conversation.
//!
//! ```text
//! parse(files: &[SourceFile]) -> (Option<Dialplan>, Vec<Problem>)     // a Dialplan only when no problem is an error
//! render(files: &[SourceFile], problems: &[Problem], colour: bool) -> String   // rustc-like, in French
//! ```

pub mod model;

pub use model::*;

/// One Markdown file of a dialplan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Path below the dialplan's directory, `/`-separated: `mairie.md`, `fr/etat-civil.md`.
    pub path: String,
    pub text: String,
}
