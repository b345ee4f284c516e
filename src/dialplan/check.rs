use super::{Dialplan, Problem};
use jiff::civil::Date;
/// To be written.
pub fn check(_dialplan: &Dialplan, _today: Date) -> Vec<Problem> {
    Vec::new()
}
