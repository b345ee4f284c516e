//! Problems as text for a person: the line, the place, what is wrong and what to do, in French.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::{Location, Problem, Severity, SourceFile};

/// All problems, one under the other, in the manner of rustc.
pub fn render(files: &[SourceFile], problems: &[Problem], colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let mut text = String::new();
    for problem in problems {
        let level = match problem.severity {
            Severity::Error => Level::ERROR.with_name("erreur\u{a0}"),
            Severity::Warning => Level::WARNING.with_name("avertissement\u{a0}"),
        };
        let mut group =
            level.primary_title(&problem.message).elements(None::<Snippet<'_, annotate_snippets::Annotation<'_>>>);
        if let Some(file) = files.get(problem.location.file) {
            let span = span(file, problem.location);
            // Only the line itself: a file may have thousands.
            let line_start = file.text[..span.start].rfind('\n').map_or(0, |at| at + 1);
            let line_end = file.text[span.end..].find('\n').map_or(file.text.len(), |at| span.end + at);
            let (line, _) = line_and_column(file, span.start);
            group = group.element(
                Snippet::source(&file.text[line_start..line_end])
                    .line_start(line)
                    .path(file.path.as_str())
                    .annotation(AnnotationKind::Primary.span(span.start - line_start..span.end - line_start)),
            );
        }
        if let Some(remedy) = &problem.remedy {
            group = group.element(Level::HELP.with_name("aide\u{a0}").message(remedy.as_str()));
        }
        text.push_str(&renderer.render(&[group]));
        text.push_str("\n\n");
    }
    text
}

/// `fr/accueil.md, ligne 12`, for use in a sentence.
pub fn place(files: &[SourceFile], at: Location) -> String {
    let Some(file) = files.get(at.file) else {
        return "lieu inconnu".to_owned();
    };
    let (line, _) = line_and_column(file, at.start);
    format!("{}, ligne {line}", file.path)
}

/// Line and column of a byte, both from 1; columns count characters.
pub fn line_and_column(file: &SourceFile, byte: usize) -> (usize, usize) {
    let before = &file.text[..boundary(&file.text, byte)];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

/// The range to underline: on character boundaries, on one line.
fn span(file: &SourceFile, at: Location) -> std::ops::Range<usize> {
    let start = boundary(&file.text, at.start);
    let end = boundary(&file.text, at.end).max(start);
    let line_end = file.text[start..end].find('\n').map_or(end, |n| start + n);
    start..line_end
}

/// The nearest character boundary at or before `byte`.
fn boundary(text: &str, byte: usize) -> usize {
    (0..=byte.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> SourceFile {
        SourceFile { path: "fr/accueil.md".into(), text: "# Été\n\n- Numéroo : 1\n".into() }
    }

    #[test]
    fn a_problem_shows_its_line_its_place_and_its_remedy() {
        let file = file();
        let start = file.text.find("Numéroo").unwrap();
        let problem = Problem {
            severity: Severity::Error,
            location: Location { file: 0, start, end: start + "Numéroo".len() },
            message: "le libellé « Numéroo » n'est pas connu".into(),
            remedy: Some("vouliez-vous dire « Numéro » ?".into()),
        };
        let text = render(&[file], &[problem], false);
        for expected in [
            "erreur\u{a0}: le libellé « Numéroo » n'est pas connu",
            "fr/accueil.md:3:3",
            "- Numéroo : 1",
            "  ^^^^^^^",
            "aide\u{a0}: vouliez-vous dire « Numéro » ?",
        ] {
            assert!(text.contains(expected), "{expected:?} not in:\n{text}");
        }
        assert!(!text.contains('\u{1b}'));
    }

    #[test]
    fn places_out_of_the_file_or_inside_a_character_do_no_harm() {
        let file = file();
        let odd = |file, start, end| Problem {
            severity: Severity::Warning,
            location: Location { file, start, end },
            message: "x".into(),
            remedy: None,
        };
        let problems = [odd(0, 3, 4), odd(0, 999, 9999), odd(7, 0, 0), odd(0, 9, 2)];
        let text = render(&[file], &problems, true);
        assert_eq!(text.matches("avertissement").count(), 4);
    }
}
