//! Any text as the files of a dialplan: it is answered, every problem has its place, and what parses can be checked and spoken.

use jiff::civil::date;

use crate::dialplan::{
    Dialplan, Location, Part, Severity, SourceFile, check as check_plan, check_pronunciation, parse, render,
};

/// Form feeds part the files.
const PATHS: [&str; 4] = ["mairie.md", "fr/accueil.md", "en/accueil.md", "fr/etat-civil.md"];

pub fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let files: Vec<SourceFile> = text
        .split('\u{c}')
        .zip(PATHS)
        .map(|(text, path)| SourceFile { path: path.to_owned(), text: text.to_owned() })
        .collect();
    let (plan, mut problems) = parse(&files);
    assert_eq!(plan.is_none(), problems.iter().any(|problem| problem.severity == Severity::Error));
    if let Some(plan) = &plan {
        problems.extend(check_plan(plan, date(2026, 11, 23)));
        problems.extend(check_pronunciation(plan, &|_, text| text.to_owned()));
        speak(plan);
    }
    for problem in &problems {
        assert!(!problem.message.is_empty());
        let Location { file, start, end } = problem.location;
        assert!(start <= end);
        if let Some(file) = files.get(file) {
            assert!(end <= file.text.len(), "a place outside of the file");
        }
    }
    assert!(problems.is_empty() || !render(&files, &problems, false).is_empty());
}

/// Whatever the hour, every value is said or left out.
fn speak(plan: &Dialplan) {
    for at in
        [date(2026, 11, 17).at(10, 0, 0, 0), date(2026, 12, 24).at(23, 59, 0, 0), date(9999, 12, 31).at(12, 0, 0, 0)]
    {
        for words in &plan.plans {
            for speech in words.topics.iter().flat_map(|topic| topic.say.iter().chain(&topic.confirm)) {
                let _ = plan.holds(speech.condition, at);
                for part in &speech.parts {
                    if let Part::Value(value) = part {
                        let _ = plan.value(value, at, &words.language);
                    }
                }
            }
        }
        for index in 0..plan.directory.len() {
            let _ = plan.entry_is_open(crate::dialplan::DirectoryId(index), at);
        }
    }
}
