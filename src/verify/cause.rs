//! Why a running server may do something else than its configuration says.

use super::promise::Promise;
use crate::host::{Owner, Whose};
use crate::probe::{Reason, Scan};
use crate::tls::VersionSet;
use std::path::Path;
use std::time::SystemTime;

/// What is known of the running server and its files.
#[derive(Clone, Copy)]
pub(super) struct Evidence<'a> {
    /// The processes that listen at the address; `None`: not known.
    pub owners: Option<&'a [Owner]>,
    /// The first of them, if they are of another instance of the service.
    pub other: Option<&'a Owner>,
    /// A process listens there, and can't be seen.
    pub is_hidden: bool,
    /// The processes of the instance that makes the promise, wherever they listen.
    pub server: &'a [Owner],
    /// The file of the configuration that changed last, and when.
    pub changed: Option<(&'a Path, SystemTime)>,
    /// How a path is shown.
    pub show: &'a dyn Fn(&Path) -> String,
}

/// Somebody else than the instance that makes the promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stranger {
    /// What answers: `another program than nginx answers`
    pub what: String,
    /// Who that is: `stunnel4 (process 12) listens there, not nginx`
    pub who: String,
}

/// Why a server may do something else than its configuration says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cause {
    /// For people.
    pub text: String,
    /// Would a reload end it?
    pub ends_by_reload: bool,
}

impl Cause {
    fn not_reloaded(text: String) -> Cause {
        Cause { text, ends_by_reload: true }
    }

    fn other(text: impl Into<String>) -> Cause {
        Cause { text: text.into(), ends_by_reload: false }
    }
}

/// Does another program than the service's own listen there, or another instance of the service?
pub(super) fn stranger(promise: &Promise, evidence: Evidence<'_>) -> Option<Stranger> {
    let (owners, service) = (evidence.owners?, promise.service);
    if let Some(other) = evidence.other {
        let main = other.main.as_deref().map_or_else(String::new, evidence.show);
        let who = format!("another {service} answers: it runs with {main} (process {})", other.process);
        return Some(Stranger { what: format!("another instance of {service} answers"), who });
    }
    // What is the service's own, here or in a container, is nobody else.
    let is_known = |owner: &Owner| owner.is_of(service) || owner.whose == Whose::Elsewhere(service);
    let first = owners.first().filter(|_| !owners.iter().any(is_known))?;
    let named = owners.iter().find_map(|owner| match &owner.whose {
        Whose::Others(of, who) if *of == service => Some((owner, who)),
        _ => None,
    });
    let who = match named {
        Some((Owner { program, process, .. }, who)) => {
            format!("{program} (process {process}) listens there, run or writable by {who}: not {service}")
        }
        None => format!("{} (process {}) listens there, not {service}", first.program, first.process),
    };
    Some(Stranger { what: format!("another program than {service} answers"), who })
}

/// Why it is not known whether the server that listens there reads the files that promise something: it is the
/// service's program and has files of its own, or is nowhere to be seen.
pub(super) fn unknown_files(promise: &Promise, evidence: Evidence<'_>) -> Option<String> {
    if evidence.is_hidden {
        let why = "the process that listens there can't be seen from here, as that of another container can't";
        return Some(format!("{why}: which files it reads is not known"));
    }
    let (owners, service) = (evidence.owners?, promise.service);
    let first = owners.iter().find(|owner| owner.whose == Whose::Elsewhere(service))?;
    (!is_own(promise, evidence)).then(|| {
        let (program, process) = (&first.program, first.process);
        let place = "in a container or below another root directory";
        format!("{program} (process {process}) listens there, {place}: which files it reads is not known")
    })
}

/// Does a program of the service listen there, as far as anybody sees?
pub(super) fn is_own(promise: &Promise, evidence: Evidence<'_>) -> bool {
    evidence.owners.into_iter().flatten().any(|owner| owner.is_of(promise.service))
}

/// Were the files changed after the workers started?
pub(super) fn not_reloaded(promise: &Promise, evidence: Evidence<'_>) -> Option<Cause> {
    let (path, changed) = evidence.changed?;
    none_reloaded(promise, evidence).or_else(|| {
        let service = promise.service;
        (changed > *workers(promise, evidence).iter().min()?).then(|| {
            let path = (evidence.show)(path);
            Cause::not_reloaded(format!(
                "perhaps not reloaded: {path} was changed after some workers of {service} started"
            ))
        })
    })
}

/// Were the files changed after all workers started? Then nothing has read them.
pub(super) fn none_reloaded(promise: &Promise, evidence: Evidence<'_>) -> Option<Cause> {
    let (path, changed) = evidence.changed?;
    (changed > *workers(promise, evidence).iter().max()?).then(|| {
        let path = (evidence.show)(path);
        let service = promise.service;
        Cause::not_reloaded(format!("not reloaded: {path} was changed after the workers of {service} started"))
    })
}

/// When the processes started that serve clients. Where none of the service's listens, those of the instance that listen
/// elsewhere: a new address needs a reload like any other change.
fn workers(promise: &Promise, evidence: Evidence<'_>) -> Vec<SystemTime> {
    let own = || evidence.owners.into_iter().flatten().filter(|owner| owner.is_of(promise.service));
    let all: Vec<&Owner> = if own().next().is_some() { own().collect() } else { evidence.server.iter().collect() };
    let has_workers = all.iter().any(|owner| owner.worker);
    all.into_iter().filter(|owner| owner.worker || !has_workers).filter_map(|owner| owner.started).collect()
}

/// The likely causes of a difference in versions, the likeliest first.
pub(super) fn of_difference(promise: &Promise, scan: &Scan, evidence: Evidence<'_>) -> Vec<Cause> {
    let (observed, expected) = (scan.accepted(), promise.expected.versions());
    let mut causes: Vec<Cause> = not_reloaded(promise, evidence).into_iter().collect();
    causes.extend(unknown_files(promise, evidence).map(Cause::other));
    if promise.target.name.is_some() && promise.nameless == Some(observed) && observed != expected {
        causes.push(Cause::other(
            "the default server of the address decides for this name: the TLS library settles the version before it \
             looks at the name",
        ));
    }
    let barred = barred(scan).and(expected);
    if !barred.is_empty() {
        let level = "the TLS library's security level or the system's policy bars";
        causes.push(Cause::other(format!("{level} {} (alert 80)", barred.listed())));
    }
    if causes.is_empty() {
        causes.push(Cause::other(match evidence.owners {
            None => "no cause was found; root sees which process listens there, and since when",
            Some(_) => "no cause was found: the files are older than the workers",
        }));
    }
    causes
}

/// Versions that were refused as OpenSSL refuses what its security level bars.
fn barred(scan: &Scan) -> VersionSet {
    let rows = scan.rows.iter().filter(|row| row.verdict.reason() == Some(&Reason::Barred));
    rows.map(|row| row.version).collect()
}
