//! Running the programs of this machine: to ask what they are, where their files do not tell, to check a
//! configuration, and to reload.
//!
//! The only place that runs anything. A program is run by its absolute path, with an empty environment, no input and a
//! limit of time, and only if nobody but root or the user could have written it and what it loads. What the user gives
//! on the command line is theirs, and gets their environment; it is not looked for in their PATH either.

use super::command::{CommandLine, Ending, Ran};
use super::loaded;
use crate::system::{Kind, OsSystem, System};
use rustix::process::{Pid, Signal, kill_process_group};
use std::collections::VecDeque;
use std::io::Read;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
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
        doubt_about(path).is_none().then(|| run(path, arguments, PATIENCE))?
    }
}

/// Why a program of this machine is not run: it is none, or others than root and the user could have written it or what
/// it loads.
fn doubt_about(path: &Path) -> Option<String> {
    let shown = path.display();
    let machine = match OsSystem::new(Path::new("/"), Vec::new()) {
        Ok(machine) => machine,
        Err(error) => return Some(format!("{shown}: {}", crate::system::reason(&error))),
    };
    match machine.kind(path) {
        Err(error) => return Some(format!("{shown}: {}", crate::system::reason(&error))),
        Ok(kind) if kind != Kind::File || !path.is_absolute() => return Some(format!("{shown}: it is no program")),
        Ok(_) => {}
    }
    let (file, writers) = loaded::doubt_about(&machine, path)?;
    Some(match file == path {
        true => format!("{shown}: others than root could have written it ({writers})"),
        false => {
            format!("{shown}: it loads {}, which others than root could have written ({writers})", file.display())
        }
    })
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

/// Where programs are looked for, whatever PATH says.
const FOLDERS: [&str; 6] = ["/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/sbin", "/usr/local/bin"];
/// What a command's programs find in PATH.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// So much of the beginning and as much of the end of what a command says is kept, in bytes.
const KEPT: usize = 8 << 10;
/// So long may what a command said take to arrive after it has ended.
const GRACE: Duration = Duration::from_millis(200);

/// Runs a command to its end, or for as long as patience lasts; then it is stopped, with all that it started.
pub fn run_command(command: &CommandLine, patience: Duration) -> Ran {
    let not_started = |why: String| Ran { ending: Ending::NotStarted(why), said: String::new() };
    let path = match program(command) {
        Ok(path) => path,
        Err(why) => return not_started(why),
    };
    let mut child = match start(command, &path) {
        Ok(child) => child,
        Err(error) => return not_started(format!("{}: {}", path.display(), crate::system::reason(&error))),
    };
    let said = Arc::new(Mutex::new(CommandOutput::default()));
    let pipes: [Option<Box<dyn Read + Send>>; 2] = [
        child.stdout.take().map(|pipe| Box::new(pipe) as Box<dyn Read + Send>),
        child.stderr.take().map(|pipe| Box::new(pipe) as Box<dyn Read + Send>),
    ];
    let listeners = pipes.map(|pipe| pipe.map(|pipe| listen(pipe, &said)));
    let ending = wait(&mut child, patience);
    // A server that it started may keep its outputs open.
    let until = Instant::now() + GRACE;
    for listener in listeners.iter().flatten() {
        while !listener.is_finished() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
    let said = said.lock().map(|said| said.text()).unwrap_or_default();
    Ran { ending, said }
}

#[expect(clippy::disallowed_methods, reason = "System is the host that is looked at; what is run is this machine's")]
fn program(command: &CommandLine) -> Result<PathBuf, String> {
    let name = command.words.first().map_or("", String::as_str);
    let path = match name {
        name if name.starts_with('/') => PathBuf::from(name),
        name if name.contains('/') => return Err(format!("{name}: name it by its absolute path")),
        name => {
            let places = FOLDERS.iter().map(|folder| Path::new(folder).join(name));
            let found = places.into_iter().find(|path| std::fs::metadata(path).is_ok_and(|meta| meta.is_file()));
            found.ok_or_else(|| format!("{name}: there is none in {}", FOLDERS.join(", ")))?
        }
    };
    match doubt_about(&path) {
        Some(doubt) if !command.given => Err(doubt),
        _ => Ok(path),
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the place that may run programs")]
fn start(command: &CommandLine, path: &Path) -> std::io::Result<Child> {
    let mut process = Command::new(path);
    process.args(&command.words[1..]);
    if !command.given {
        process.env_clear().env("PATH", PATH).env("LANG", "C");
    }
    process
        .envs(command.environment.iter().map(|(name, value)| (name, value)))
        .current_dir("/")
        // Ctrl-C is for this program, which then decides what becomes of the command.
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
}

fn wait(child: &mut Child, patience: Duration) -> Ending {
    let until = Instant::now() + patience;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => {
                let signal = status.signal().map_or(Ending::Exited(-1), Ending::Killed);
                return status.code().map_or(signal, Ending::Exited);
            }
            Ok(None) if Instant::now() < until => std::thread::sleep(Duration::from_millis(5)),
            _ => break,
        }
    }
    // It leads a group of its own. It may have ended in the meantime, and then there is nothing to stop.
    if let Some(group) = Pid::from_raw(child.id().cast_signed()) {
        let _ = kill_process_group(group, Signal::KILL);
    }
    let _ = child.wait();
    Ending::TimedOut(patience.as_secs())
}

/// What a command said: the beginning, the end, and how much lies between.
#[derive(Default)]
struct CommandOutput {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    left_out: usize,
}

impl CommandOutput {
    fn add(&mut self, bytes: &[u8]) {
        let (head, rest) = bytes.split_at(bytes.len().min(KEPT - self.head.len()));
        self.head.extend_from_slice(head);
        self.tail.extend(rest);
        let over = self.tail.len().saturating_sub(KEPT);
        self.tail.drain(..over);
        self.left_out += over;
    }

    fn text(&self) -> String {
        let tail: Vec<u8> = self.tail.iter().copied().collect();
        let tail = String::from_utf8_lossy(&tail).into_owned();
        let head = String::from_utf8_lossy(&self.head);
        match self.left_out {
            0 => format!("{head}{tail}"),
            bytes => format!("{head}\n[{bytes} bytes left out]\n{tail}"),
        }
    }
}

fn listen(mut pipe: Box<dyn Read + Send>, said: &Arc<Mutex<CommandOutput>>) -> std::thread::JoinHandle<()> {
    let said = Arc::clone(said);
    std::thread::spawn(move || {
        let mut buffer = [0; 1 << 12];
        while let Ok(length) = pipe.read(&mut buffer) {
            let Ok(mut said) = said.lock() else { return };
            if length == 0 {
                return;
            }
            said.add(&buffer[..length]);
        }
    })
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

    fn ran(text: &str, patience: Duration) -> Ran {
        run_command(&CommandLine::given(text).expect("a command"), patience)
    }

    #[test]
    fn commands_end_in_every_way() {
        let fine = ran("X=1 /bin/sh -c 'echo a$X; echo b >&2'", PATIENCE);
        assert!(fine.is_success() && fine.said.contains("a1") && fine.said.contains('b'), "{fine:?}");
        assert_eq!(ran("sh -c 'exit 3'", PATIENCE).ending, Ending::Exited(3));
        assert_eq!(ran("sh -c 'kill -9 $$'", PATIENCE).ending, Ending::Killed(9));
        assert_eq!(
            ran("no-such-program", PATIENCE).ending(),
            format!("can't be run: no-such-program: there is none in {}", FOLDERS.join(", "))
        );
        assert_eq!(ran("./sh", PATIENCE).ending(), "can't be run: ./sh: name it by its absolute path");
        let before = Instant::now();
        let hangs = ran("sh -c 'echo before; sleep 60 & sleep 60'", Duration::from_secs(1));
        assert_eq!((hangs.ending, hangs.said.as_str()), (Ending::TimedOut(1), "before\n"));
        // What goes on behind it is not waited for, and not ended.
        assert_eq!(ran("sh -c 'sleep 20 & echo on'", PATIENCE).said, "on\n");
        assert!(before.elapsed() < Duration::from_secs(15));
    }

    #[test]
    fn of_much_the_beginning_and_the_end_are_kept() {
        let much = ran("sh -c 'echo first; head -c 1000000 /dev/zero | tr \"\\000\" x; echo; echo last'", PATIENCE);
        assert!(much.said.starts_with("first\n") && much.said.ends_with("\nlast\n"), "{}", much.said);
        assert!(much.said.contains("bytes left out]") && much.said.len() < 3 * KEPT, "{}", much.said.len());
    }

    #[test]
    fn own_commands_see_no_environment() {
        let own = run_command(&CommandLine::own("env").expect("a command"), PATIENCE);
        assert!(own.is_success() && !own.said.contains("CARGO"), "{own:?}");
    }

    #[test]
    fn what_others_can_write_is_not_run() {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(doubt_about(Path::new("/bin/sh")), None);
        let folder = tempfile::tempdir().expect("a temporary directory");
        assert!(doubt_about(&folder.path().join("none")).is_some());
        // Whatever is below /tmp is below a directory that everybody can write to.
        let program = tempfile::NamedTempFile::new_in(folder.path()).expect("a file");
        std::fs::set_permissions(program.path(), std::fs::Permissions::from_mode(0o777)).expect("set");
        assert!(doubt_about(program.path()).is_some());
    }
}
