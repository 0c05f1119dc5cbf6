//! One process as it was at one moment, as far as /proc can show that.
//!
//! Each file of `/proc/N` answers for the moment at which it is read. In between, the process can become another program
//! with other rights (an exec keeps the number), and the number can pass to another process. A title of a user's own,
//! read before, would then be believed with the rights of what came after. So all that tells which program it is and
//! who runs it is read before the command line and once more after it, and has to be the same both times; nothing is
//! parsed in between. The addresses where the kernel put the program (`stat`) change with each exec, so two programs of
//! one process differ even where their users and their files do not.

use super::product::{Product, Products};
use crate::system::System;
use std::io;
use std::path::{Path, PathBuf};

/// The longest command line that is looked at, in bytes. Linux takes 6 MB; no server's own comes near this.
pub(super) const LONGEST_COMMAND: u64 = 128 << 10;
/// A process that changes each time it is looked at has no moment at which it was one thing.
const MOST_LOOKS: usize = 3;
/// Fields of `/proc/N/stat` that stay from one exec to the next, counted from the first one behind the name: the time of
/// the start (22), where the program, its stack and its arguments begin (26 to 28, 48), and where these end (49).
const LASTING: [usize; 6] = [19, 23, 24, 25, 45, 46];

/// A process, all of whose values are of one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Process {
    pub(super) number: u32,
    /// Which program it is, and who runs it where.
    pub(super) identity: ProcessIdentity,
    /// `/proc/N/cmdline`; none: it is longer than [`LONGEST_COMMAND`].
    pub(super) command: Option<Vec<u8>>,
    /// `/proc/N/stat`
    pub(super) stat: String,
}

/// What does not change while a process runs one program as one user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ProcessIdentity {
    /// What `/proc/N/exe` leads to; none: nobody but its user and root may know.
    pub(super) program: Option<PathBuf>,
    /// Its users: the line `Uid:` of `/proc/N/status`, without that word.
    pub(super) users: String,
    /// Its numbers, in this and in inner namespaces: the line `NSpid:`.
    pub(super) numbers: String,
    /// Its root directory, where that can be told.
    pub(super) root: Option<PathBuf>,
    /// Its namespaces of mounts and of processes, where they can be told.
    pub(super) views: [Option<PathBuf>; 2],
    /// What `stat` tells of this exec.
    lasting: Vec<String>,
}

impl Process {
    /// Looks at a process; `None`: it is gone, or it changes each time it is looked at.
    pub(super) fn look(system: &dyn System, number: u32) -> Option<Process> {
        let folder = Path::new("/proc").join(number.to_string());
        for _ in 0..MOST_LOOKS {
            let (before, _) = ProcessIdentity::read(system, &folder)?;
            let command = match system.read_at_most(&folder.join("cmdline"), LONGEST_COMMAND) {
                Ok(bytes) => Some(bytes),
                Err(error) if error.kind() == io::ErrorKind::FileTooLarge => None,
                Err(_) => return None,
            };
            let (after, stat) = ProcessIdentity::read(system, &folder)?;
            if before == after {
                return Some(Process { number, identity: after, command, stat });
            }
        }
        None
    }

    /// The same for a process that may be a server's; `None` also where its program is certainly none of theirs.
    pub(super) fn look_at_server(system: &dyn System, products: Products<'_>, number: u32) -> Option<Process> {
        let program = system.link(&Path::new("/proc").join(number.to_string()).join("exe"));
        // Nothing is concluded from this but that a look is not worth it.
        let is_server = |path: &Path| products.iter().any(|product| runs(path, *product));
        match program {
            Ok(path) if !is_server(&path) => None,
            Err(error) if error.kind() != io::ErrorKind::PermissionDenied => None,
            _ => Process::look(system, number),
        }
    }
}

impl ProcessIdentity {
    /// As it is now, with the whole of `stat`; `None`: there is no such process, or a kernel's thread, which has no
    /// program.
    fn read(system: &dyn System, folder: &Path) -> Option<(ProcessIdentity, String)> {
        let text = |name: &str| {
            let bytes = system.read_at_most(&folder.join(name), LONGEST_COMMAND).ok()?;
            Some(String::from_utf8_lossy(&bytes).into_owned())
        };
        let program = match system.link(&folder.join("exe")) {
            Ok(path) => Some(path),
            // Others' processes do not say it to ordinary users.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => None,
            Err(_) => return None,
        };
        let status = text("status").unwrap_or_default();
        let line = |name: &str| {
            let found = status.lines().find_map(|line| line.strip_prefix(name));
            found.unwrap_or_default().trim().to_owned()
        };
        let stat = text("stat").unwrap_or_default();
        let lasting = LASTING.iter().filter_map(|at| stat_field(&stat, *at).map(str::to_owned)).collect();
        let identity = ProcessIdentity {
            program,
            users: line("Uid:"),
            numbers: line("NSpid:"),
            root: system.link(&folder.join("root")).ok(),
            views: views(system, folder),
            lasting,
        };
        Some((identity, stat))
    }

    /// Does it see the same file systems and processes as this one?
    pub(super) fn shares_our_view(&self, system: &dyn System) -> bool {
        self.views == views(system, Path::new("/proc/self"))
    }

    /// Is its program one of this software?
    pub(super) fn runs(&self, product: &dyn Product) -> bool {
        self.program.as_ref().is_none_or(|path| runs(path, product))
    }
}

fn runs(path: &Path, product: &dyn Product) -> bool {
    as_it_was(path).file_name().and_then(|name| name.to_str()).is_some_and(|name| product.program().is_named(name))
}

/// The path of a program that was replaced while it runs: `/usr/sbin/nginx (deleted)`.
pub(super) fn as_it_was(path: &Path) -> PathBuf {
    match path.to_str().and_then(|path| path.strip_suffix(" (deleted)")) {
        Some(path) => PathBuf::from(path),
        None => path.to_owned(),
    }
}

fn views(system: &dyn System, folder: &Path) -> [Option<PathBuf>; 2] {
    ["ns/mnt", "ns/pid"].map(|name| system.link(&folder.join(name)).ok())
}

/// A field of `/proc/N/stat`, by its place behind the name, which may hold anything.
pub(super) fn stat_field(stat: &str, at: usize) -> Option<&str> {
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_ascii_whitespace().nth(at)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::services;
    use crate::system::{Entry, FileIdentity, Kind, MemorySystem, Walk};
    use crate::trust::Writers;
    use std::sync::Mutex;

    /// A host on which something happens after some questions, by their numbers.
    struct Happening<W> {
        host: Mutex<(usize, MemorySystem)>,
        when: W,
        change: fn(&mut MemorySystem),
    }

    impl<W: Fn(usize) -> bool + Sync> Happening<W> {
        fn new(host: MemorySystem, when: W, change: fn(&mut MemorySystem)) -> Happening<W> {
            Happening { host: Mutex::new((0, host)), when, change }
        }

        fn ask<T>(&self, question: impl FnOnce(&MemorySystem) -> T) -> T {
            let mut host = self.host.lock().expect("a lock");
            let answer = question(&host.1);
            host.0 += 1;
            if (self.when)(host.0) {
                (self.change)(&mut host.1);
            }
            answer
        }
    }

    impl<W: Fn(usize) -> bool + Sync> System for Happening<W> {
        fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
            self.ask(|host| host.read(path))
        }
        fn kind(&self, path: &Path) -> io::Result<Kind> {
            self.ask(|host| host.kind(path))
        }
        fn list(&self, path: &Path) -> io::Result<Vec<Entry>> {
            self.ask(|host| host.list(path))
        }
        fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
            self.ask(|host| host.canonical(path))
        }
        fn writers(&self, path: &Path) -> io::Result<Writers> {
            self.ask(|host| host.writers(path))
        }
        fn is_hidden_from(&self, path: &Path, who: &Writers) -> io::Result<bool> {
            self.ask(|host| host.is_hidden_from(path, who))
        }
        fn identity(&self, path: &Path) -> io::Result<FileIdentity> {
            self.ask(|host| host.identity(path))
        }
        fn walk(&self, path: &Path) -> Walk {
            self.ask(|host| host.walk(path))
        }
        fn link(&self, path: &Path) -> io::Result<PathBuf> {
            self.ask(|host| host.link(path))
        }
    }

    /// A process with this command line that runs this program as these users.
    pub(in super::super) fn add_process(
        system: &mut MemorySystem,
        number: u32,
        command: &str,
        program: &str,
        user: u32,
    ) {
        let folder = format!("/proc/{number}");
        system.add_file(format!("{folder}/cmdline"), command);
        system
            .add_file(format!("{folder}/status"), format!("Uid:\t{user}\t{user}\t{user}\t{user}\nNSpid:\t{number}\n"));
        system.add_link(format!("{folder}/exe"), program);
    }

    const NGINX_TITLE: &str = "nginx: master process /usr/sbin/nginx -c /home/x/n.conf";

    /// Whatever a process becomes, and whenever: a title that is read belongs to the users that are read.
    #[test]
    fn a_title_is_never_seen_with_the_rights_of_the_next_program() {
        let steps: [fn(&mut MemorySystem); 2] = [
            // A set-user-ID program of the same number.
            |system| add_process(system, 7, "/usr/sbin/nginx\0-t\0", "/usr/sbin/nginx", 0),
            // A number that was given to another process.
            |system| {
                add_process(system, 7, "/usr/sbin/nginx\0-t\0", "/usr/sbin/nginx", 0);
                system.add_file("/proc/7/stat", "7 (nginx) S 1 0");
            },
        ];
        for (number, change) in steps.into_iter().enumerate() {
            let mut seen = Vec::new();
            for at in 1..40 {
                let mut host = MemorySystem::default();
                add_process(&mut host, 7, NGINX_TITLE, "/home/x/nginx", 1000);
                let process =
                    Process::look(&Happening::new(host, |number| number == at, change), 7).expect("it settles");
                let title = String::from_utf8(process.command.expect("is short")).expect("text");
                let is_users = process.identity.users.starts_with("1000");
                assert_eq!(title == NGINX_TITLE, is_users, "change {number} after question {at}");
                seen.push(is_users);
            }
            assert!(!seen[0] && seen[38], "{seen:?}");
        }
    }

    #[test]
    fn one_that_changes_all_the_time_is_nothing() {
        let mut host = MemorySystem::default();
        add_process(&mut host, 7, NGINX_TITLE, "/usr/sbin/nginx", 0);
        let restless = Happening::new(
            host,
            |_| true,
            |system| {
                let length = system.read(Path::new("/proc/7/status")).map_or(0, |status| status.len());
                system.add_file("/proc/7/status", format!("Uid:\t{}\n", "1".repeat(length)));
            },
        );
        assert_eq!(Process::look(&restless, 7), None);
    }

    #[test]
    fn a_long_command_line_is_not_kept() {
        let mut host = MemorySystem::default();
        add_process(&mut host, 7, &"x".repeat(LONGEST_COMMAND as usize), "/usr/sbin/nginx", 0);
        assert!(Process::look(&host, 7).is_some_and(|process| process.command.is_some()));
        host.add_file("/proc/7/cmdline", "x".repeat(LONGEST_COMMAND as usize + 1));
        assert!(Process::look(&host, 7).is_some_and(|process| process.command.is_none()));
        assert_eq!(Process::look(&host, 8), None);
        host.add_link("/proc/7/exe", "/usr/bin/cat");
        assert_eq!(Process::look_at_server(&host, &services::products(), 7), None);
    }
}
