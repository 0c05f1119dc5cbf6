//! Asking the programs of this machine what they are, where their files do not tell.
//!
//! The only place that runs anything. A program is run by its absolute path, with an empty environment, no input and a
//! limit of time, and only if nobody but its owner, who is root or the user, could have written it.

use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// So long may a program take.
const PATIENCE: Duration = Duration::from_secs(5);
/// So much of what it says is read, in bytes.
const MOST: u64 = 1 << 20;

/// Programs that can be asked.
pub(crate) trait Programs {
    /// What a program prints, on standard output and then on standard error; `None`: it can't be asked.
    fn says(&self, path: &Path, arguments: &[&str]) -> Option<String>;
}

/// The programs of this machine.
pub(crate) struct ThisMachine;

impl Programs for ThisMachine {
    fn says(&self, path: &Path, arguments: &[&str]) -> Option<String> {
        if !is_trusted(path) {
            return None;
        }
        run(path, arguments, PATIENCE)
    }
}

/// Is it a file that nobody but root or the user can have written, in directories that not everybody can write to?
#[expect(clippy::disallowed_methods, reason = "System does not tell owners, and only real files are run")]
fn is_trusted(path: &Path) -> bool {
    let Ok(path) = std::fs::canonicalize(path) else { return false };
    let Ok(own) = std::fs::metadata("/proc/self") else { return false };
    let is_sound = |path: &Path, writers: u32| {
        std::fs::metadata(path)
            .is_ok_and(|meta| (meta.uid() == 0 || meta.uid() == own.uid()) && meta.mode() & writers == 0)
    };
    path.is_absolute() && is_sound(&path, 0o022) && path.ancestors().skip(1).all(|above| is_sound(above, 0o002))
}

#[expect(clippy::disallowed_methods, reason = "this is the place that may run programs")]
fn run(path: &Path, arguments: &[&str], patience: Duration) -> Option<String> {
    let mut child = Command::new(path)
        .args(arguments)
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .ok()?;
    let until = Instant::now() + patience;
    let pipes: [Option<Box<dyn Read + Send>>; 2] = [
        child.stdout.take().map(|pipe| Box::new(pipe) as Box<dyn Read + Send>),
        child.stderr.take().map(|pipe| Box::new(pipe) as Box<dyn Read + Send>),
    ];
    let texts = pipes.map(|pipe| pipe.map(collect));
    let mut said = Vec::new();
    for text in texts.into_iter().flatten() {
        // A program that keeps its output open is not waited for any longer than one that does not end.
        match text.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(bytes) => said.extend(bytes),
            Err(_) => return end(child),
        }
    }
    while Instant::now() < until {
        match child.try_wait() {
            // Apache exits with 1 where its configuration is not valid, but has said what it is by then.
            Ok(Some(_)) => return Some(String::from_utf8_lossy(&said).into_owned()),
            Ok(None) => std::thread::sleep(Duration::from_millis(5)),
            Err(_) => break,
        }
    }
    end(child)
}

/// Reads a pipe to its end, in a thread of its own.
fn collect(pipe: Box<dyn Read + Send>) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = pipe.take(MOST).read_to_end(&mut bytes);
        // Nobody listens any more where the program took too long.
        let _ = read.map(|_| sender.send(bytes));
    });
    receiver
}

/// Ends a program that takes too long.
fn end(mut child: Child) -> Option<String> {
    // It may have ended by itself in the meantime.
    let _ = child.kill();
    let _ = child.wait();
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_and_gives_up() {
        let sh = Path::new("/bin/sh");
        let said = run(sh, &["-c", "echo a; echo b >&2; env; exit 1"], PATIENCE).expect("it runs");
        assert!(said.starts_with("a\n") && said.ends_with("b\n"), "{said}");
        assert!(!said.contains("CARGO"), "{said}");
        let before = Instant::now();
        assert_eq!(run(sh, &["-c", "sleep 60"], Duration::from_millis(100)), None);
        assert_eq!(run(sh, &["-c", "exec >&- 2>&-; sleep 60"], Duration::from_millis(100)), None);
        assert!(before.elapsed() < Duration::from_secs(30));
        assert_eq!(run(Path::new("/no/such"), &[], PATIENCE), None);
    }

    #[test]
    fn what_others_can_write_is_not_run() {
        use std::os::unix::fs::PermissionsExt;
        assert!(is_trusted(Path::new("/bin/sh")));
        let folder = tempfile::tempdir().expect("a temporary directory");
        assert!(!is_trusted(&folder.path().join("none")));
        // Whatever is below /tmp is below a directory that everybody can write to.
        let program = tempfile::NamedTempFile::new_in(folder.path()).expect("a file");
        std::fs::set_permissions(program.path(), std::fs::Permissions::from_mode(0o777)).expect("set");
        assert!(!is_trusted(program.path()));
    }
}
