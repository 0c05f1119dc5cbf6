//! What is known of this machine beside handshakes: who listens where and since when, and when files changed.

use super::cause::Evidence;
use super::promise::Promise;
use crate::engine::Audit;
use crate::host::{Owner, Sockets};
use crate::instance::Instance;
use crate::probe::place::Place;
use crate::services;
use crate::system::System;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// What is known of this machine.
pub(super) struct Machine<'a> {
    system: &'a dyn System,
    /// For each instance the file that changed last.
    changed: BTreeMap<usize, (PathBuf, SystemTime)>,
    /// Who listens where.
    sockets: Sockets,
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
        Machine { system, changed, sockets: Sockets::read(system, &services::products(), SystemTime::now()) }
    }

    /// Reading all processes takes a while; for a difference it has to be as of now.
    pub(super) fn look_again(&mut self) {
        self.sockets = Sockets::read(self.system, &services::products(), SystemTime::now());
    }

    /// Who listens where.
    pub(super) fn sockets(&self) -> &Sockets {
        &self.sockets
    }

    /// What there is to say about a promise.
    pub(super) fn evidence<'e>(&'e self, promise: &Promise, show: &'e dyn Fn(&Path) -> String) -> Evidence<'e> {
        let owners = match &promise.target.place {
            Place::Ip(address) => self.sockets.of(*address),
            Place::Unix(_) => None,
        };
        Evidence {
            owners,
            other: owners.and_then(|owners| self.other(promise, owners)),
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
