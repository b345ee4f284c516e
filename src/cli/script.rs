//! `--say`, `--play` and `--keys`: what a test telephone says and types, in the order of the command line.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

/// One of the repeated flags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    Say(String),
    Play(PathBuf),
    Keys(String),
}

/// All of them, in the order given. (Derived arguments would lose the order between different flags.)
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScriptArgs {
    pub steps: Vec<Step>,
}

impl clap::Args for ScriptArgs {
    fn augment_args(command: Command) -> Command {
        command
            .arg(flag("say", "TEXTE", "Phrase dite par la seconde voix, quand l'autre a fini de parler (répétable)"))
            .arg(
                flag("play", "WAV", "Enregistrement à faire entendre au lieu d'une phrase (répétable)")
                    .value_parser(value_parser!(PathBuf)),
            )
            .arg(flag("keys", "TOUCHES", "Touches du téléphone, par exemple 12# (répétable)"))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

fn flag(name: &'static str, value: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).value_name(value).help(help).action(ArgAction::Append)
}

impl clap::FromArgMatches for ScriptArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut steps: Vec<(usize, Step)> = Vec::new();
        collect(matches, "say", Step::Say, &mut steps);
        collect(matches, "play", Step::Play, &mut steps);
        collect(matches, "keys", Step::Keys, &mut steps);
        steps.sort_by_key(|(index, _)| *index);
        Ok(Self { steps: steps.into_iter().map(|(_, step)| step).collect() })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

fn collect<T>(matches: &ArgMatches, name: &str, step: fn(T) -> Step, steps: &mut Vec<(usize, Step)>)
where
    T: Clone + Send + Sync + 'static,
{
    let indices = matches.indices_of(name).into_iter().flatten();
    let values = matches.get_many::<T>(name).into_iter().flatten();
    steps.extend(indices.zip(values.cloned().map(step)));
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        script: ScriptArgs,
        #[arg(long)]
        once: bool,
    }

    #[test]
    fn the_order_between_flags_is_kept() {
        let line = ["x", "--say", "un", "--keys", "12#", "--once", "--play", "a.wav", "--say=deux"];
        let line = Line::parse_from(line);
        assert!(line.once);
        let (say, keys) = (|text: &str| Step::Say(text.into()), Step::Keys("12#".into()));
        assert_eq!(line.script.steps, [say("un"), keys, Step::Play("a.wav".into()), say("deux")]);
        assert_eq!(Line::parse_from(["x"]).script, ScriptArgs::default());
    }
}
