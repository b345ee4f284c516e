//! The demonstration on the terminal: lines of a conversation in 80 columns, with a status line where there is one.
//!
//! Colours go through `anstream`, which leaves them out for files, dumb terminals and `NO_COLOR`.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use anstyle::{AnsiColor, Style};

use crate::speech::SpeechError;

const WIDTH: usize = 80;
/// Columns before the words of a conversation: time, who speaks.
const INDENT: usize = 19;

pub const DIM: Style = Style::new().dimmed();
pub const BOLD: Style = Style::new().bold();

/// Who is on the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    Caller,
    Agent,
    Operator,
}

impl Who {
    pub fn name(self) -> &'static str {
        match self {
            Self::Caller => "Appelant",
            Self::Agent => "Agent",
            Self::Operator => "Standard",
        }
    }

    pub fn style(self) -> Style {
        let colour = match self {
            Self::Caller => AnsiColor::Yellow,
            Self::Agent => AnsiColor::Cyan,
            Self::Operator => AnsiColor::Green,
        };
        Style::new().bold().fg_color(Some(colour.into()))
    }
}

/// Standard output of the demonstration.
pub struct Screen {
    /// There is a terminal whose last line can be rewritten.
    interactive: bool,
    status: bool,
    ticks: usize,
}

impl Screen {
    pub fn new() -> Self {
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        Self { interactive: std::io::stdout().is_terminal() && !dumb, status: false, ticks: 0 }
    }

    /// Whether [`Self::status`] shows anything.
    pub fn is_interactive(&self) -> bool {
        self.interactive
    }

    /// Prints lines as they are.
    pub fn print(&mut self, text: &str) {
        self.clear_status();
        anstream::println!("{text}");
    }

    /// A paragraph, wrapped.
    pub fn paragraph(&mut self, text: &str) {
        let lines = wrap(text, WIDTH - 4);
        self.print(&lines.iter().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n"));
    }

    pub fn heading(&mut self, text: &str) {
        self.print(&format!("\n  {BOLD}{text}{BOLD:#}\n  {DIM}{}{DIM:#}", "─".repeat(WIDTH - 4)));
    }

    /// Somebody says something.
    pub fn speech(&mut self, at: Duration, who: Who, text: &str) {
        let style = who.style();
        let name = format!("{:<9}", who.name());
        let lines = wrap(&format!("« {text} »"), WIDTH - INDENT - 2);
        let rest = lines.iter().skip(1).map(|line| format!("\n{}{line}", " ".repeat(INDENT)));
        let first = lines.first().map_or("", String::as_str);
        let rest: String = rest.collect();
        self.print(&format!("  {DIM}{:>5}{DIM:#}  {style}{name}{style:#} {first}{rest}", clock(at)));
    }

    /// What was measured about the line above.
    pub fn remark(&mut self, text: &str) {
        let lines = wrap(text, WIDTH - INDENT - 4);
        for (index, line) in lines.iter().enumerate() {
            let mark = if index == 0 { "↳" } else { " " };
            self.print(&format!("{}{DIM}{mark} {line}{DIM:#}", " ".repeat(INDENT)));
        }
    }

    /// Something happens on the line.
    pub fn happening(&mut self, at: Duration, text: &str) {
        let lines = wrap(text, WIDTH - 13);
        for (index, line) in lines.iter().enumerate() {
            let (time, mark) = if index == 0 { (clock(at), "·") } else { (String::new(), " ") };
            self.print(&format!("  {DIM}{time:>5}  {mark} {line}{DIM:#}"));
        }
    }

    pub fn done(&mut self, text: &str) {
        let style = Style::new().fg_color(Some(AnsiColor::Green.into()));
        self.print(&format!("  {style}✓{style:#} {text}"));
    }

    /// What is going on; replaced by whatever is printed next. Nothing without a terminal.
    pub fn status(&mut self, text: &str) {
        if !self.interactive {
            return;
        }
        const MARKS: [&str; 4] = ["◐", "◓", "◑", "◒"];
        self.ticks += 1;
        let mark = MARKS[self.ticks % MARKS.len()];
        let text: String = text.chars().take(WIDTH - 6).collect();
        anstream::print!("\r\x1b[2K  {DIM}{mark} {text}{DIM:#}");
        let _ = std::io::stdout().flush();
        self.status = true;
    }

    pub fn clear_status(&mut self) {
        if self.status {
            anstream::print!("\r\x1b[2K");
            let _ = std::io::stdout().flush();
            self.status = false;
        }
    }
}

fn clock(at: Duration) -> String {
    format!("{}:{:02}", at.as_secs() / 60, at.as_secs() % 60)
}

/// What was heard, or that it could not be told.
pub fn heard(text: Result<String, SpeechError>) -> String {
    match text {
        Ok(text) if !text.trim().is_empty() => text.trim().to_owned(),
        Ok(_) => "… (des sons sans paroles reconnues)".to_owned(),
        Err(_) => "… (non transcrit)".to_owned(),
    }
}

/// Breaks at spaces; the guillemets' and high punctuation's spaces don't break.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    let mut words = text.split_whitespace().peekable();
    while let Some(word) = words.next() {
        let mut unit = word.to_owned();
        // « stays with the word behind it; », ?, !, ; and : with the word before.
        while let Some(next) = words.peek() {
            if unit.ends_with('«') || matches!(*next, "»" | "?" | "!" | ";" | ":") {
                unit = format!("{unit} {next}");
                words.next();
            } else {
                break;
            }
        }
        let length = line.chars().count() + usize::from(!line.is_empty()) + unit.chars().count();
        if !line.is_empty() && length > width {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&unit);
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_spaces_but_not_before_french_punctuation() {
        assert_eq!(wrap("« Que puis-je faire pour vous ? »", 14), ["« Que puis-je", "faire pour", "vous ? »"]);
        assert_eq!(wrap("un deux trois", 8), ["un deux", "trois"]);
        assert_eq!(wrap("anticonstitutionnellement", 5), ["anticonstitutionnellement"]);
        assert!(wrap("  ", 5).is_empty());
    }

    #[test]
    fn the_clock_counts_minutes() {
        assert_eq!(clock(Duration::from_secs(75)), "1:15");
    }

    #[test]
    fn what_was_not_heard_is_marked() {
        assert_eq!(heard(Ok(" Bonjour. ".into())), "Bonjour.");
        assert!(heard(Ok(String::new())).contains("sans paroles"));
        assert!(heard(Err(SpeechError::Abandoned)).contains("non transcrit"));
    }
}
