//! What is known of this machine beside handshakes: who listens where and since when, and when files changed.

use super::cause::Evidence;
use super::promise::Promise;
use crate::engine::Audit;
use crate::host::{Owner, Sockets};
use crate::instance::{Instance, ServiceId};
use crate::probe::place::Place;
use crate::services;
use crate::system::System;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

/// So old may be what is known of processes where that is enough.
const FRESH: Duration = Duration::from_secs(5);
/// So many times longer than reading all processes takes: anybody can make it take long, by open files.
const REST: u32 = 10;

/// What is known of this machine.
pub(super) struct Machine<'a> {
    system: &'a dyn System,
    /// The service of each instance, and its main file, the second time with links resolved.
    mains: Vec<(ServiceId, PathBuf, PathBuf)>,
    /// For each instance the file that changed last.
    changed: BTreeMap<usize, (PathBuf, SystemTime)>,
    processes: Processes,
}

/// What is known of its processes.
struct Processes {
    /// Who listens where.
    sockets: Sockets,
    /// For each instance those of its processes that listen somewhere.
    servers: Vec<Vec<Owner>>,
    /// When they were read, and how long that took.
    read: Instant,
    took: Duration,
}

impl<'a> Machine<'a> {
    /// As it is now; the instances are those of the audit.
    pub(super) fn look(system: &'a dyn System, audit: &Audit) -> Machine<'a> {
        let last = |(index, instance): (usize, &Instance)| {
            let files = instance.files.iter().map(|file| audit.sources.file(*file).path());
            let times = files.filter_map(|path| Some((system.changed(path).ok()?, path)));
            times.max().map(|(time, path)| (index, (path.to_owned(), time)))
        };
        let changed = audit.instances().enumerate().filter_map(last).collect();
        let real = |main: &PathBuf| system.canonical(main).unwrap_or_else(|_| main.clone());
        let main = |instance: &Instance| (instance.service, instance.main.clone(), real(&instance.main));
        let mains: Vec<_> = audit.instances().map(main).collect();
        let processes = Processes::read(system, &mains);
        Machine { system, mains, changed, processes }
    }

    /// Looks at all processes once more.
    pub(super) fn look_again(&mut self) {
        self.processes = Processes::read(self.system, &self.mains);
    }

    /// The same, unless that was done a moment ago.
    pub(super) fn refresh(&mut self) {
        if self.processes.read.elapsed() >= FRESH.max(self.processes.took * REST) {
            self.look_again();
        }
    }

    /// Who listens where.
    pub(super) fn sockets(&self) -> &Sockets {
        &self.processes.sockets
    }

    /// What there is to say about a promise.
    pub(super) fn evidence<'e>(&'e self, promise: &Promise, show: &'e dyn Fn(&Path) -> String) -> Evidence<'e> {
        let (owners, is_hidden) = match &promise.target.place {
            Place::Ip(address) => (self.sockets().of(*address), self.sockets().is_hidden(*address)),
            Place::Unix(_) => (None, false),
        };
        Evidence {
            owners,
            other: owners.and_then(|owners| self.other(promise, owners)),
            is_hidden,
            server: self.processes.servers.get(promise.instance).map_or(&[], Vec::as_slice),
            changed: self.changed.get(&promise.instance).map(|(path, time)| (path.as_path(), *time)),
            show,
        }
    }

    /// A process of the same service with another main file than the promise's, where all that listen have such a one.
    fn other<'e>(&self, promise: &Promise, owners: &'e [Owner]) -> Option<&'e Owner> {
        let own = || owners.iter().filter(|owner| owner.is_of(promise.service));
        let real = self.system.canonical(&promise.main).unwrap_or_else(|_| promise.main.clone());
        // A file that is not there any more tells nothing: it may have been moved to where the promise's is.
        let is_other = |main: &PathBuf| {
            let found = self.system.canonical(main);
            *main != promise.main && found.is_ok_and(|found| found != real && found != promise.main)
        };
        let all = own().all(|owner| owner.main.as_ref().is_some_and(is_other));
        // The master, where it is seen.
        own().find(|owner| !owner.worker).or_else(|| own().next()).filter(|_| all)
    }
}

impl Processes {
    fn read(system: &dyn System, mains: &[(ServiceId, PathBuf, PathBuf)]) -> Processes {
        let begin = Instant::now();
        let sockets = Sockets::read(system, &services::products(), SystemTime::now());
        let server = |(service, main, real): &(ServiceId, PathBuf, PathBuf)| {
            let is_alone = mains.iter().filter(|(other, ..)| other == service).count() == 1;
            let is_same = |owner: &&Owner| match &owner.main {
                Some(found) => found == main || system.canonical(found).is_ok_and(|found| found == *real),
                None => is_alone,
            };
            sockets.owners().filter(|owner| owner.is_of(*service)).filter(is_same).cloned().collect()
        };
        let servers = mains.iter().map(server).collect();
        Processes { sockets, servers, read: Instant::now(), took: begin.elapsed() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{self, Request};
    use crate::host::Facts;
    use crate::policy::Policy;
    use crate::system::MemorySystem;

    /// A difference that is found a moment after another one is no reason to read all processes again: anybody can make
    /// that take seconds.
    #[test]
    fn processes_are_read_again_after_a_while_only() {
        let system = MemorySystem::default();
        let (facts, policy) = (Facts::unknown(), Policy::default_profile());
        let audit = engine::audit(Request::new(&system, &facts, &policy));
        let mut machine = Machine::look(&system, &audit);
        let read_again = |machine: &mut Machine<'_>, ago: Duration, took: Duration| {
            let before = Instant::now().checked_sub(ago).expect("the machine runs for some minutes");
            (machine.processes.read, machine.processes.took) = (before, took);
            machine.refresh();
            machine.processes.read != before
        };
        let (short, long) = (Duration::from_millis(10), Duration::from_secs(3));
        assert!(!read_again(&mut machine, Duration::from_secs(4), short));
        assert!(read_again(&mut machine, Duration::from_secs(6), short));
        assert!(!read_again(&mut machine, Duration::from_secs(29), long));
        assert!(read_again(&mut machine, Duration::from_secs(31), long));
    }
}
