//! Values out of what callers say: one kind a file, each with a table of spoken forms.
//!
//! Pure functions over text. Must not know: forms, questions.

pub mod choice;
pub mod name;
pub mod numbers;
pub mod telephone;
pub mod yes_no;
