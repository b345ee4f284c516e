//! Reads scenarios. The language is told in `docs/conversation-tests.md`.

use std::fmt;
use std::time::Duration;

/// One call.
#[derive(Debug, Clone)]
pub struct Scenario {
    pub file: String,
    /// Of its title.
    pub line: usize,
    pub title: String,
    pub steps: Vec<Step>,
}

#[derive(Debug, Clone)]
pub struct Step {
    pub line: usize,
    /// As written.
    pub text: String,
    pub when: When,
    pub what: What,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum When {
    /// As soon as what stands before has happened.
    Then,
    /// So long after what stands before.
    After(Duration),
    /// Since the call was answered.
    At(Duration),
}

#[derive(Debug, Clone, PartialEq)]
pub enum What {
    Act(Act),
    Set(Setting),
    Expect(Expectation),
}

/// What the caller, or the line, does.
#[derive(Debug, Clone, PartialEq)]
pub enum Act {
    /// `heard`: what the recogniser makes of it.
    Say {
        words: String,
        heard: String,
        length: Duration,
    },
    /// Noise: dBFS.
    Noise {
        level: f64,
        length: Duration,
    },
    /// Somebody else in the room: dBFS.
    Room {
        level: f64,
        length: Duration,
    },
    Press(String),
    HangUp,
    Hold,
    Return,
    Nothing,
}

/// How things are from then on.
#[derive(Debug, Clone, PartialEq)]
pub enum Setting {
    Recogniser(Duration),
    RecogniserFails(bool),
    Voice {
        delay: Duration,
        cached: Duration,
        by_clause: bool,
    },
    VoiceFails(bool),
    Echo(f32),
    /// Statuses that the switchboard reports.
    Operator(Vec<u16>),
    LongestCall(Duration),
}

/// What must happen.
#[derive(Debug, Clone, PartialEq)]
pub enum Expectation {
    Says { text: String, within: Duration },
    Finishes { text: String, within: Duration },
    Quieter { within: Duration },
    Silent { within: Duration },
    GoesOn { from: Option<String>, within: Duration },
    StaysSilent { length: Duration },
    IsUndisturbed { length: Duration },
    SaysNothingNew { length: Duration },
    Transfers { within: Duration },
    HangsUp { within: Duration },
    NeverSays { text: String },
    Counts { what: Count, number: u32 },
    Gap { least: Duration, most: Duration },
    HasRequest { text: String },
    HasNoRequest,
    CallGoesOn,
    CallIsOver { within: Duration },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    Turns,
    Interruptions,
    Covers,
    Keys,
    Transfers,
}

/// What can't be read; names the file and the line.
#[derive(Debug, PartialEq)]
pub struct ScriptError {
    pub file: String,
    pub line: usize,
    pub problem: String,
}

impl fmt::Display for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.problem)
    }
}

impl Expectation {
    /// Whether it is met by something that happens; else by nothing happening, or by a number.
    pub fn waits(&self) -> bool {
        matches!(self, Self::Says { .. } | Self::Finishes { .. } | Self::GoesOn { .. })
    }

    /// The same about something that does not happen: whatever meets the one must fail the other.
    pub fn altered(&self) -> Expectation {
        let never = "¶".to_owned();
        let longer = |length: &Duration| *length + Duration::from_secs(40);
        match self {
            Self::Says { within, .. } => Self::Says { text: never, within: *within },
            Self::Finishes { within, .. } => Self::Finishes { text: never, within: *within },
            Self::Quieter { .. } => Self::Quieter { within: Duration::ZERO },
            Self::Silent { .. } => Self::Silent { within: Duration::ZERO },
            Self::GoesOn { within, .. } => Self::GoesOn { from: Some(never), within: *within },
            Self::StaysSilent { length } => Self::StaysSilent { length: longer(length) },
            Self::IsUndisturbed { length } => Self::IsUndisturbed { length: longer(length) },
            Self::SaysNothingNew { length } => Self::SaysNothingNew { length: longer(length) },
            Self::Transfers { .. } => Self::Transfers { within: Duration::ZERO },
            Self::HangsUp { .. } => Self::HangsUp { within: Duration::ZERO },
            Self::NeverSays { .. } => Self::NeverSays { text: String::new() },
            Self::Counts { what, number } => Self::Counts { what: *what, number: number + 1 },
            Self::Gap { most, .. } => Self::Gap { least: *most + Duration::from_millis(20), most: *most * 2 },
            Self::HasRequest { .. } | Self::HasNoRequest => Self::HasRequest { text: never },
            Self::CallGoesOn => Self::HangsUp { within: Duration::ZERO },
            Self::CallIsOver { .. } => Self::CallIsOver { within: Duration::ZERO },
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Number(f64),
}

/// All scenarios of a file.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read(file: &str, text: &str) -> Result<Vec<Scenario>, Vec<ScriptError>> {
    let mut scenarios: Vec<Scenario> = Vec::new();
    let mut errors = Vec::new();
    for (line, written) in (1..).zip(text.lines()) {
        let mut fail = |problem: String| errors.push(ScriptError { file: file.to_owned(), line, problem });
        let written = written.trim();
        if written.is_empty() || written.starts_with("//") {
            continue;
        }
        if let Some(title) = written.strip_prefix('#') {
            let title = title.trim().to_owned();
            scenarios.push(Scenario { file: file.to_owned(), line, title, steps: Vec::new() });
            continue;
        }
        let Some(scenario) = scenarios.last_mut() else {
            fail("a scenario begins with its title: \"# …\"".to_owned());
            continue;
        };
        match tokens(written).and_then(|tokens| step(&tokens)) {
            Ok((when, what)) => scenario.steps.push(Step { line, text: written.to_owned(), when, what }),
            Err(problem) => fail(problem),
        }
    }
    for Scenario { line, title, steps, .. } in &scenarios {
        let problem = match steps.iter().any(|step| matches!(step.what, What::Expect(_))) {
            _ if scenarios.iter().any(|other| other.line < *line && other.title == *title) => {
                "has the title of another one"
            }
            true => continue,
            false => "expects nothing, so that it can't fail",
        };
        errors.push(ScriptError { file: file.to_owned(), line: *line, problem: format!("\"{title}\" {problem}") });
    }
    if errors.is_empty() { Ok(scenarios) } else { Err(errors) }
}

fn tokens(written: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = written.trim_start();
    while !rest.is_empty() {
        if let Some(quoted) = rest.strip_prefix('"') {
            let (text, after) = quoted.split_once('"').ok_or("a quotation mark is missing")?;
            tokens.push(Token::Text(text.to_owned()));
            rest = after.trim_start();
            continue;
        }
        let end = rest.find(|c: char| c.is_whitespace() || c == '"').unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let word = word.trim_end_matches(',');
        if !word.is_empty() {
            tokens.push(word.parse().map_or_else(|_| Token::Word(word.to_owned()), Token::Number));
        }
        rest = after.trim_start();
    }
    // "+0.5" is a number, too: the sign says what is meant.
    if written.starts_with('+')
        && let Some(Token::Number(number)) = tokens.first().cloned()
    {
        tokens.splice(0..1, [Token::Word("+".to_owned()), Token::Number(number)]);
    }
    Ok(tokens)
}

fn step(tokens: &[Token]) -> Result<(When, What), String> {
    let (when, rest) = match tokens {
        [Token::Word(plus), Token::Number(seconds), rest @ ..] if plus == "+" => {
            (When::After(duration(*seconds)?), rest)
        }
        [Token::Number(seconds), rest @ ..] => (When::At(duration(*seconds)?), rest),
        rest => (When::Then, rest),
    };
    let what = what(rest)?;
    match (&what, when) {
        (What::Expect(_), When::After(_) | When::At(_)) => {
            Err("what must happen has no time of its own: \"within … s\"".to_owned())
        }
        _ => Ok((when, what)),
    }
}

/// Without a time of their own, what must happen has half a minute.
const PATIENCE: Duration = Duration::from_secs(30);

fn what(tokens: &[Token]) -> Result<What, String> {
    use Expectation as E;
    // "… within 0.5 s", "… for 1.2 s" stand at the end.
    let (tokens, within) = timed(tokens, "within")?;
    let (tokens, length) = timed(tokens, "for")?;
    let soon = within.unwrap_or(PATIENCE);
    let needs = |length: Option<Duration>| length.ok_or("how long? \"… for 1.2 s\"".to_owned());
    let exactly = |within: Option<Duration>| within.ok_or("by when? \"… within 0.5 s\"".to_owned());
    let words: Vec<&str> = tokens
        .iter()
        .map(|token| match token {
            Token::Word(word) => word.as_str(),
            Token::Text(_) => "\"",
            Token::Number(_) => "1",
        })
        .collect();
    let texts: Vec<&str> = tokens
        .iter()
        .filter_map(|token| match token {
            Token::Text(text) => Some(text.as_str()),
            _ => None,
        })
        .collect();
    let numbers: Vec<f64> = tokens
        .iter()
        .filter_map(|token| match token {
            Token::Number(number) => Some(*number),
            _ => None,
        })
        .collect();
    let text = |place: usize| texts.get(place).map(|text| (*text).to_owned()).unwrap_or_default();
    let say = |words: String, heard: String, length: Duration| What::Act(Act::Say { words, heard, length });
    let ms = Duration::from_millis;
    let what = match words.as_slice() {
        ["caller", "says" | "goes", "\""] | ["caller", "goes", "on", "\""] => say(text(0), text(0), needs(length)?),
        ["caller", "says", "\"", "heard", "as", "\""] => say(text(0), text(1), needs(length)?),
        ["caller", "hums", "\""] => say(text(0), text(0), length.unwrap_or(ms(350))),
        ["caller", "coughs"] => say("(cough)".to_owned(), String::new(), length.unwrap_or(ms(400))),
        ["caller", "begins", "a", "sound"] => say("(a sound)".to_owned(), String::new(), needs(length)?),
        ["caller", "mumbles"] => say("(mumbling)".to_owned(), String::new(), needs(length)?),
        ["caller", "presses", "1"] => return Err("keys are written as a text: caller presses \"1\"".to_owned()),
        ["caller", "presses", "\""] => What::Act(Act::Press(keys(&text(0))?)),
        ["caller", "hangs", "up"] => What::Act(Act::HangUp),
        ["caller", "holds"] => What::Act(Act::Hold),
        ["caller", "returns"] => What::Act(Act::Return),
        ["caller", "waits"] => What::Act(Act::Nothing),
        ["noise", "at", "1", "dB"] => What::Act(Act::Noise { level: numbers[0], length: needs(length)? }),
        ["room", "talks", "at", "1", "dB"] => What::Act(Act::Room { level: numbers[0], length: needs(length)? }),

        ["recogniser", "takes", "1", "s"] => What::Set(Setting::Recogniser(duration(numbers[0])?)),
        ["recogniser", "never", "answers"] => What::Set(Setting::Recogniser(Duration::from_secs(3_600))),
        ["recogniser", "fails"] => What::Set(Setting::RecogniserFails(true)),
        ["recogniser", "works"] => What::Set(Setting::RecogniserFails(false)),
        ["voice", "takes", "1", "s"] => What::Set(voice(numbers[0], false, false)?),
        ["voice", "takes", "1", "s", "a", "clause"] => What::Set(voice(numbers[0], false, true)?),
        ["voice", "takes", "1", "s", "even", "for", "fixed", "sentences"] => What::Set(voice(numbers[0], true, false)?),
        ["voice", "fails"] => What::Set(Setting::VoiceFails(true)),
        ["voice", "works"] => What::Set(Setting::VoiceFails(false)),
        ["line", "returns", "1", "of", "our", "voice"] => What::Set(Setting::Echo(numbers[0] as f32)),
        ["operator", "is", "busy"] => What::Set(Setting::Operator(vec![180, 486])),
        ["operator", "rings"] => What::Set(Setting::Operator(vec![180])),
        ["calls", "last", "1", "s", "at", "most"] => What::Set(Setting::LongestCall(duration(numbers[0])?)),

        ["agent", "says", "\""] => What::Expect(E::Says { text: text(0), within: soon }),
        ["agent", "finishes", "\""] => What::Expect(E::Finishes { text: text(0), within: soon }),
        ["agent", "is", "quieter"] => What::Expect(E::Quieter { within: exactly(within)? }),
        ["agent", "is", "silent"] => What::Expect(E::Silent { within: exactly(within)? }),
        ["agent", "goes", "on", "from", "\""] => What::Expect(E::GoesOn { from: Some(text(0)), within: soon }),
        ["agent", "goes", "on", "where", "it", "was"] => What::Expect(E::GoesOn { from: None, within: soon }),
        ["agent", "stays", "silent"] => What::Expect(E::StaysSilent { length: needs(length)? }),
        ["agent", "is", "undisturbed"] => What::Expect(E::IsUndisturbed { length: needs(length)? }),
        ["agent", "says", "nothing", "new"] => What::Expect(E::SaysNothingNew { length: needs(length)? }),
        ["agent", "transfers"] => What::Expect(E::Transfers { within: soon }),
        ["agent", "hangs", "up"] => What::Expect(E::HangsUp { within: soon }),
        ["agent", "never", "says", "\""] => What::Expect(E::NeverSays { text: text(0) }),
        ["count", what, "1"] => What::Expect(E::Counts { what: count(what)?, number: numbers[0] as u32 }),
        ["longest", "gap", "is", "1", "to", "1", "s"] => {
            What::Expect(E::Gap { least: duration(numbers[0])?, most: duration(numbers[1])? })
        }
        ["request", "has", "\""] => What::Expect(E::HasRequest { text: text(0) }),
        ["there", "is", "no", "request"] => What::Expect(E::HasNoRequest),
        ["call", "goes", "on"] => What::Expect(E::CallGoesOn),
        ["call", "is", "over"] => What::Expect(E::CallIsOver { within: exactly(within)? }),
        _ => return Err(format!("not understood: \"{}\"; see docs/conversation-tests.md", words.join(" "))),
    };
    match &what {
        What::Act(_) | What::Set(_) if within.is_some() => Err("\"within\" belongs to what must happen".to_owned()),
        _ => Ok(what),
    }
}

/// Takes "… within 1.5 s" off the end.
fn timed<'a>(tokens: &'a [Token], word: &str) -> Result<(&'a [Token], Option<Duration>), String> {
    match tokens {
        [before @ .., Token::Word(found), Token::Number(seconds), Token::Word(unit)]
            if found == word && unit == "s" =>
        {
            Ok((before, Some(duration(*seconds)?)))
        }
        [.., Token::Word(found), Token::Number(_)] if found == word => {
            Err(format!("\"{word} … s\": the unit is missing"))
        }
        _ => Ok((tokens, None)),
    }
}

fn duration(seconds: f64) -> Result<Duration, String> {
    Duration::try_from_secs_f64(seconds).map_err(|_| format!("{seconds} s is no time"))
}

fn voice(seconds: f64, always: bool, by_clause: bool) -> Result<Setting, String> {
    let delay = duration(seconds)?;
    Ok(Setting::Voice { delay, cached: if always { delay } else { Duration::ZERO }, by_clause })
}

fn keys(text: &str) -> Result<String, String> {
    let keys: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    match keys.chars().find(|key| !"0123456789*#".contains(*key)) {
        Some(key) => Err(format!("a telephone has no key \"{key}\"")),
        None => Ok(keys),
    }
}

fn count(word: &str) -> Result<Count, String> {
    Ok(match word {
        "turns" => Count::Turns,
        "interruptions" => Count::Interruptions,
        "covers" => Count::Covers,
        "keys" => Count::Keys,
        "transfers" => Count::Transfers,
        _ => return Err(format!("\"{word}\" is not counted: turns, interruptions, covers, keys, transfers are")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_when_who_and_what() {
        let text = "# Cut\n 1.50 caller says \"oui, merci\" for 0.6 s\n+0.2 caller presses \"1 2#\"\n// why\n\nagent says \"Bien\" within 0.8 s\n";
        let scenarios = read("a.txt", text).expect("a script");
        let [Scenario { title, steps, .. }] = scenarios.as_slice() else { panic!("{scenarios:?}") };
        assert_eq!(title, "Cut");
        let ms = Duration::from_millis;
        let oui = || "oui, merci".to_owned();
        assert_eq!(steps[0].when, When::At(ms(1_500)));
        assert_eq!(steps[0].what, What::Act(Act::Say { words: oui(), heard: oui(), length: ms(600) }));
        assert_eq!((steps[1].when, &steps[1].what), (When::After(ms(200)), &What::Act(Act::Press("12#".to_owned()))));
        assert_eq!(steps[2].line, 6);
        assert_eq!(steps[2].what, What::Expect(Expectation::Says { text: "Bien".to_owned(), within: ms(800) }));
    }

    #[test]
    fn errors_name_file_line_and_remedy() {
        let text = "caller coughs\n# A\nagent sings\ncaller says \"oui\"\nagent is silent\n# B\ncaller coughs\n# B\nagent says \"x\nagent says \"y\" within 1\n1.0 agent hangs up\ncount sheep 3\n";
        let errors: Vec<String> = read("b.txt", text).expect_err("errors").iter().map(ToString::to_string).collect();
        for (error, start) in errors.iter().zip([
            "b.txt:1: a scenario begins with its title",
            "b.txt:3: not understood: \"agent sings\"",
            "b.txt:4: how long?",
            "b.txt:5: by when?",
            "b.txt:9: a quotation mark is missing",
            "b.txt:10: \"within … s\": the unit is missing",
            "b.txt:11: what must happen has no time of its own",
            "b.txt:12: \"sheep\" is not counted",
            "b.txt:2: \"A\" expects nothing",
            "b.txt:6: \"B\" expects nothing",
            "b.txt:8: \"B\" has the title of another one",
        ]) {
            assert!(error.starts_with(start), "{error} / {start}");
        }
        assert_eq!(errors.len(), 11, "{errors:?}");
    }
}
