//! Is a process what its command line says? Anybody can give a process any command line, title and name.
//!
//! What counts is the program that it runs (`/proc/N/exe`), who could have written that, and who runs it: the numbers in
//! `/proc/N/status`, all four of them, since a program with the set-user-ID bit can be started by anybody with any title.

use super::programs::Program;
use crate::system::{System, trusted};
use crate::trust::Writers;
use std::io;
use std::path::{Path, PathBuf};

/// What a process is worth as evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Evidence {
    /// Those on whose word alone it is one of the program's processes; nobody: root or the user of this process.
    pub(super) word_of: Writers,
    /// Are the program and the place where it runs known?
    pub(super) is_proven: bool,
    /// Has it files of its own, in a container or below another root?
    pub(super) is_elsewhere: bool,
}

/// What a process is worth; `None`: it is another program, or is gone.
pub(super) fn of_process(system: &dyn System, number: u32, program: &Program) -> Option<Evidence> {
    let folder = Path::new("/proc").join(number.to_string());
    let status = system.read(&folder.join("status")).ok()?;
    let status = String::from_utf8_lossy(&status);
    let mut word_of = users(&status)?;
    let mut is_proven = true;
    match system.link(&folder.join("exe")) {
        Ok(path) => {
            let path = as_it_was(&path);
            if !path.file_name().and_then(|name| name.to_str()).is_some_and(|name| program.is_named(name)) {
                return None;
            }
            // Where it was replaced and nothing has its name now: those who could put something there.
            word_of = word_of.and(system.writers(&path).unwrap_or_else(|_| Writers::everybody()));
        }
        // Others' processes do not say it to ordinary users.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => is_proven = false,
        Err(_) => return None,
    }
    let is_elsewhere = in_container(&status) || has_own_root(system, &folder);
    is_proven &= word_of.is_empty() && !is_elsewhere && shares_our_view(system, &folder);
    Some(Evidence { word_of, is_proven, is_elsewhere })
}

/// A program that was replaced while it runs: `/usr/sbin/nginx (deleted)`.
fn as_it_was(path: &Path) -> PathBuf {
    match path.to_str().and_then(|path| path.strip_suffix(" (deleted)")) {
        Some(path) => PathBuf::from(path),
        None => path.to_owned(),
    }
}

/// The users of a process, besides root and the user of this process; `None`: the text does not say them.
fn users(status: &str) -> Option<Writers> {
    let numbers = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    let numbers: Option<Vec<u32>> = numbers.split_ascii_whitespace().map(|number| number.parse().ok()).collect();
    let of = |all: Writers, user| all.and(Writers::user(user, trusted()));
    Some(numbers.filter(|numbers| !numbers.is_empty())?.into_iter().fold(Writers::default(), of))
}

/// Has a process a number of its own inside of a container? Its files are not this host's then.
fn in_container(status: &str) -> bool {
    let numbers = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
    numbers.is_some_and(|numbers| numbers.split_ascii_whitespace().count() > 1)
}

fn has_own_root(system: &dyn System, folder: &Path) -> bool {
    system.link(&folder.join("root")).is_ok_and(|root| root != Path::new("/"))
}

/// Sees a process the same file systems as this one?
pub(super) fn shares_our_view(system: &dyn System, folder: &Path) -> bool {
    let views = |folder: &Path| ["ns/mnt", "ns/pid"].map(|name| system.link(&folder.join(name)).ok());
    views(folder) == views(Path::new("/proc/self"))
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::programs::{APACHE, NGINX};
    use super::*;
    use crate::system::MemorySystem;

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

    const ROOT: &str = "Name:\tx\nUid:\t0\t0\t0\t0\nNSpid:\t7\n";

    /// A process with this program and status, on a host where user 1000 has a home.
    fn evidence(program: &str, status: &str) -> Option<(String, bool, bool)> {
        let mut system = MemorySystem::with_files([
            ("/usr/sbin/nginx", ""),
            ("/usr/sbin/nginx-debug", ""),
            ("/usr/bin/cat", ""),
            ("/home/x/nginx", ""),
        ]);
        system.give("/home/x", 1000, 0o755);
        system.add_file("/proc/7/status", status);
        system.add_link("/proc/7/exe", program);
        of_process(&system, 7, &NGINX).map(|e| (e.word_of.to_string(), e.is_proven, e.is_elsewhere))
    }

    #[test]
    fn the_program_counts_and_who_runs_it() {
        let proven = Some((String::new(), true, false));
        assert_eq!(evidence("/usr/sbin/nginx", ROOT), proven);
        assert_eq!(evidence("/usr/sbin/nginx-debug", ROOT), proven);
        assert_eq!(evidence("/usr/sbin/nginx (deleted)", ROOT), proven);
        assert_eq!(evidence("/usr/bin/cat", ROOT), None);
        let by_user = Some(("user 1000".to_owned(), false, false));
        assert_eq!(evidence("/home/x/nginx", ROOT), by_user);
        assert_eq!(evidence("/home/x/nginx (deleted)", ROOT), by_user);
        assert_eq!(evidence("/usr/sbin/nginx", "Uid:\t1000\t1000\t1000\t1000\n"), by_user);
        // Started by a user, with root's rights: the title is the user's.
        assert_eq!(evidence("/usr/sbin/nginx", "Uid:\t1000\t0\t0\t0\n"), by_user);
        assert_eq!(evidence("/usr/sbin/nginx", "Uid:\t0\t0\t0\t0\nNSpid:\t7\t1\n"), Some((String::new(), false, true)));
        assert_eq!(evidence("/usr/sbin/nginx", "Name:\tnginx\n"), None);
        assert_eq!(evidence("/usr/sbin/nginx", "Uid:\tx\n"), None);
    }

    #[test]
    fn what_is_gone_or_sees_other_files_proves_nothing() {
        let mut system = MemorySystem::with_files([("/proc/7/status", ROOT), ("/usr/sbin/apache2", "")]);
        assert_eq!(of_process(&system, 7, &APACHE), None);
        system.add_link("/proc/7/exe", "/usr/sbin/apache2");
        assert!(of_process(&system, 7, &APACHE).is_some_and(|e| e.is_proven));
        assert_eq!(of_process(&system, 7, &NGINX), None);
        system.add_link("/proc/7/ns/mnt", "mnt:[7]");
        assert!(of_process(&system, 7, &APACHE).is_some_and(|e| !e.is_proven && !e.is_elsewhere));
        system.add_link("/proc/7/root", "/srv/jail");
        assert!(of_process(&system, 7, &APACHE).is_some_and(|e| e.is_elsewhere));
    }
}
