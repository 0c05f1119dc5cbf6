//! Whose a process is that listens at an address, for those who ask a service there.
//!
//! Anybody can run a program with the name of a server's, or the server's own program with files of theirs, at an address
//! that a configuration names while the server does not run. So the name of a program says nothing: what counts is what
//! `evidence` makes of the process.

use super::evidence::{self, Evidence};
use super::process::{Process, stat_field};
use super::product::{Product, Products};
use super::runs_with::RunsWith;
use crate::instance::ServiceId;
use crate::system::System;
use crate::trust::Writers;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// The unit of times in `/proc/PID/stat` on Linux: a hundredth of a second (USER_HZ).
const TICK: Duration = Duration::from_millis(10);
/// Where `/proc/PID/stat` has the parent, field 4, and the time of the start in ticks since the machine did, field 22;
/// counted from the first one behind the name.
const PARENT: usize = 1;
const STARTED: usize = 19;

/// A process that has a listening socket open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Its number.
    pub process: u32,
    /// Its program: `/usr/sbin/nginx`, or only a name where the path can't be read.
    pub program: String,
    /// When it started.
    pub started: Option<SystemTime>,
    /// It serves clients: not the master of others.
    pub worker: bool,
    /// The main file that it runs with, where its command line tells; links are not resolved.
    pub main: Option<PathBuf>,
    /// Whose it is.
    pub whose: Whose,
}

/// Whose a process is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// A service's own program, run by root or the user of this process, or a worker of such a process.
    Own(ServiceId),
    /// The same with files of its own: in a container, or below another root directory.
    Elsewhere(ServiceId),
    /// It has the name of a service's program, and these users run it or could have written it.
    Others(ServiceId, Writers),
    /// Another program.
    Unrelated,
}

impl Owner {
    /// Is it the program of that service on this host?
    pub fn is_of(&self, service: ServiceId) -> bool {
        self.whose == Whose::Own(service)
    }
}

/// Looks at processes that listen; at parents only once.
pub(super) struct Owners<'a> {
    system: &'a dyn System,
    products: Products<'a>,
    mains: RunsWith<'a>,
    parents: BTreeMap<u32, Option<Process>>,
    now: SystemTime,
    /// How long the machine runs.
    running: Option<Duration>,
}

impl<'a> Owners<'a> {
    pub(super) fn new(system: &'a dyn System, products: Products<'a>, now: SystemTime) -> Owners<'a> {
        let mains = RunsWith::new(system, products);
        Owners { system, products, mains, parents: BTreeMap::new(), now, running: uptime(system) }
    }

    /// What a process is, and its parent; `None`: it is gone.
    pub(super) fn of(&mut self, number: u32) -> Option<(Owner, Option<u32>)> {
        let folder = Path::new("/proc").join(number.to_string());
        let comm = || {
            let name = self.system.read(&folder.join("comm")).unwrap_or_default();
            String::from_utf8_lossy(&name).trim().to_owned()
        };
        let Some(process) = Process::look(self.system, number) else {
            // One that becomes another program each time it is looked at is there all the same, and nobody's server.
            self.system.read(&folder.join("status")).ok()?;
            let (started, worker, main, whose) = (None, true, None, Whose::Unrelated);
            return Some((Owner { process: number, program: comm(), started, worker, main, whose }, None));
        };
        let parent = stat_field(&process.stat, PARENT).and_then(|number| number.parse().ok());
        let program = process.identity.program.as_ref().map_or_else(comm, |path| path.to_string_lossy().into_owned());
        let owner = Owner {
            process: number,
            started: self.started(&process),
            // Whoever drains keeps no listening socket.
            worker: !process.command.as_ref().is_some_and(|command| self.products.iter().any(|p| p.is_master(command))),
            main: self.mains.of(&process, parent),
            whose: self.whose(&process, &program, parent),
            program,
        };
        Some((owner, parent))
    }

    fn started(&self, process: &Process) -> Option<SystemTime> {
        let since_boot = TICK.checked_mul(stat_field(&process.stat, STARTED)?.parse().ok()?)?;
        self.now.checked_sub(self.running?.checked_sub(since_boot)?)
    }

    fn whose(&mut self, process: &Process, program: &str, parent: Option<u32>) -> Whose {
        // A program that was replaced by an upgrade, and still runs.
        let name = program.trim_end_matches(" (deleted)").rsplit('/').next().unwrap_or_default();
        let product = self.products.iter().copied().find(|product| product.program().is_named(name));
        let Some(product) = product else { return Whose::Unrelated };
        let evidence = evidence::of_process(self.system, process, product).map(|own| match own.run_by.is_empty() {
            true => own,
            false => self.of_worker((process, &own), parent, product).unwrap_or(own),
        });
        match evidence {
            None => Whose::Unrelated,
            // The path of a program in a container says nothing of this host's files.
            Some(evidence) if evidence.is_elsewhere && evidence.run_by.is_empty() => Whose::Elsewhere(product.id()),
            Some(evidence) if !evidence.word_of.is_empty() => Whose::Others(product.id(), evidence.word_of),
            Some(_) => Whose::Own(product.id()),
        }
    }

    fn of_worker(
        &mut self,
        worker: (&Process, &Evidence),
        parent: Option<u32>,
        product: &dyn Product,
    ) -> Option<Evidence> {
        let (system, products, parent) = (self.system, self.products, parent?);
        let look = || Process::look_at_server(system, products, parent);
        evidence::of_worker(system, worker, self.parents.entry(parent).or_insert_with(look).as_ref()?, product)
    }
}

/// How long the machine runs.
fn uptime(system: &dyn System) -> Option<Duration> {
    let bytes = system.read(Path::new("/proc/uptime")).ok()?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (seconds, hundredths) = text.split_ascii_whitespace().next()?.split_once('.')?;
    Some(Duration::from_secs(seconds.parse().ok()?) + Duration::from_millis(10 * hundredths.parse::<u64>().ok()?))
}
