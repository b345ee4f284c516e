//! How the threads of a recognition wait for each other: asleep instead of spinning.
//!
//! whisper.cpp's threads (OpenMP) meet hundreds of times a recognition. Whoever spins there spins in vain while another program holds
//! the processor that the other thread needs (docs/architecture.md, "Recognition"). OpenMP reads its environment when the program
//! is loaded, so the program has to begin again with it. Must not know: what is recognised.

use std::ffi::OsStr;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// OpenMP 5.2 §21.2.1.
const POLICY: &str = "OMP_WAIT_POLICY";

/// Begins the program again in this process, with threads that sleep, unless the environment tells how they are to wait. To be called
/// before there is a thread, an open file or a line of output. Returns where the system refuses: the threads then spin, which
/// is slower beside other programs and otherwise as right.
pub fn asleep() {
    let told = std::env::var_os(POLICY);
    if let Ok(program) = std::env::current_exe()
        && let Some(mut again) = again(told.as_deref(), program.as_os_str(), std::env::args_os())
    {
        let _refused = again.exec();
    }
}

/// The same command line with the environment that it lacks.
fn again(
    told: Option<&OsStr>,
    program: &OsStr,
    mut arguments: impl Iterator<Item = std::ffi::OsString>,
) -> Option<Command> {
    if told.is_some() {
        return None;
    }
    let mut command = Command::new(program);
    if let Some(name) = arguments.next() {
        command.arg0(name);
    }
    command.args(arguments).env(POLICY, "passive");
    Some(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments() -> impl Iterator<Item = std::ffi::OsString> {
        ["allo-mairie", "transcribe", "un fichier.wav"].into_iter().map(Into::into)
    }

    #[test]
    fn who_is_not_told_how_to_wait_begins_again_with_the_same_arguments() {
        let command = again(None, OsStr::new("/bin/allo-mairie"), arguments()).unwrap();
        assert_eq!(command.get_program(), "/bin/allo-mairie");
        assert!(command.get_args().eq(["transcribe", "un fichier.wav"]));
        assert!(command.get_envs().eq([(OsStr::new(POLICY), Some(OsStr::new("passive")))]));
    }

    #[test]
    fn who_is_told_goes_on() {
        for told in ["passive", "active", ""] {
            assert!(again(Some(OsStr::new(told)), OsStr::new("/bin/allo-mairie"), arguments()).is_none());
        }
    }
}
