//! Is a process what its command line says? Anybody can give a process any command line, title and name.
//!
//! What counts is the program that it runs (`/proc/N/exe`), who could have written that, and who runs it: the numbers in
//! `/proc/N/status`, all four of them, since a program with the set-user-ID bit can be started by anybody with any title.

use super::process::{Process, ProcessIdentity, as_it_was, stat_field};
use super::product::Product;
use crate::system::{System, trusted};
use crate::trust::Writers;
use std::path::Path;

/// Where `/proc/N/stat` has the session, field 6, counted from the first one behind the name.
const SESSION: usize = 3;

/// What a process is worth as evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Evidence {
    /// Those who run it, besides root and the user of this process.
    pub(super) run_by: Writers,
    /// Those on whose word alone it is one of the program's processes; nobody: root or the user of this process.
    pub(super) word_of: Writers,
    /// Are the program and the place where it runs known?
    pub(super) is_proven: bool,
    /// Has it files of its own, in a container or below another root?
    pub(super) is_elsewhere: bool,
}

/// What a process is worth; `None`: it is another program, or nobody knows whose it is.
pub(super) fn of_process(system: &dyn System, process: &Process, product: &dyn Product) -> Option<Evidence> {
    let identity = &process.identity;
    if !identity.runs(product) {
        return None;
    }
    let run_by = users(&identity.users)?;
    let mut word_of = run_by.clone();
    if let Some(path) = &identity.program {
        // Where it was replaced and nothing has its name now: those who could put something there.
        word_of = word_of.and(system.writers(&as_it_was(path)).unwrap_or_else(|_| Writers::everybody()));
    }
    let is_elsewhere = is_in_container(identity) || identity.root.as_ref().is_some_and(|root| root != Path::new("/"));
    let is_known = identity.program.is_some() && identity.shares_our_view(system);
    let is_proven = is_known && word_of.is_empty() && !is_elsewhere;
    Some(Evidence { run_by, word_of, is_proven, is_elsewhere })
}

/// What a process is worth that its parent may have started as another user, as servers start their workers; `None`: it is
/// no worker of such a parent.
///
/// A process of others gets another parent when its own is gone: the first one of a container, which may be a server.
/// It does not get the session of that one.
pub(super) fn of_worker(
    system: &dyn System,
    (process, own): (&Process, &Evidence),
    parent: &Process,
    product: &dyn Product,
) -> Option<Evidence> {
    let is_same = process.identity.program == parent.identity.program
        && stat_field(&process.stat, SESSION) == stat_field(&parent.stat, SESSION);
    if !is_same {
        return None;
    }
    let evidence = of_process(system, parent, product)?;
    let word_of = match evidence.word_of.is_empty() {
        true => Writers::default(),
        false => evidence.word_of.and(own.word_of.clone()),
    };
    Some(Evidence { word_of, is_elsewhere: own.is_elsewhere || evidence.is_elsewhere, ..evidence })
}

/// The users of a process, besides root and the user of this process; `None`: the text does not say them.
fn users(numbers: &str) -> Option<Writers> {
    let numbers: Option<Vec<u32>> = numbers.split_ascii_whitespace().map(|number| number.parse().ok()).collect();
    let of = |all: Writers, user| all.and(Writers::user(user, trusted()));
    Some(numbers.filter(|numbers| !numbers.is_empty())?.into_iter().fold(Writers::default(), of))
}

/// Has a process a number of its own inside of a container? Its files are not this host's then.
fn is_in_container(identity: &ProcessIdentity) -> bool {
    identity.numbers.split_ascii_whitespace().count() > 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::apache::Apache;
    use crate::services::nginx::Nginx;
    use crate::system::MemorySystem;

    const ROOT: &str = "Name:\tx\nUid:\t0\t0\t0\t0\nNSpid:\t7\n";

    fn worth(system: &MemorySystem, product: &dyn Product) -> Option<Evidence> {
        of_process(system, &Process::look(system, 7)?, product)
    }

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
        system.add_file("/proc/7/cmdline", "");
        system.add_link("/proc/7/exe", program);
        worth(&system, &Nginx).map(|e| (e.word_of.to_string(), e.is_proven, e.is_elsewhere))
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
        let mut system =
            MemorySystem::with_files([("/proc/7/status", ROOT), ("/proc/7/cmdline", ""), ("/usr/sbin/apache2", "")]);
        assert_eq!(worth(&system, &Apache), None);
        system.add_link("/proc/7/exe", "/usr/sbin/apache2");
        assert!(worth(&system, &Apache).is_some_and(|e| e.is_proven));
        assert_eq!(worth(&system, &Nginx), None);
        system.add_link("/proc/7/ns/mnt", "mnt:[7]");
        assert!(worth(&system, &Apache).is_some_and(|e| !e.is_proven && !e.is_elsewhere));
        system.add_link("/proc/7/root", "/srv/jail");
        assert!(worth(&system, &Apache).is_some_and(|e| e.is_elsewhere));
    }
}
