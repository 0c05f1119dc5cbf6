//! How much of an instance is resolved. A few lines can ask for more than any memory holds: a range of ports, and some
//! names on each of them.

use super::service::{Destination, Fit, Response};
use crate::endpoint::{Address, Answer, Speaks, Traced, Unknown};
use crate::instance::{Instance, Problem};
use crate::source::SourceMap;
use crate::tls::VersionSet;
use crate::topic::Topic;
use std::path::Path;
use std::sync::Arc;

/// So many addresses of an instance are resolved.
pub const ADDRESSES: usize = 5_000;
/// Once there are so many endpoints, no further address is.
pub const ENDPOINTS: usize = 200_000;
/// With more endpoints than this on those addresses nothing is, since an address without some of its servers would be
/// a lie. The largest hosts, that have one address for all, are below it.
pub const MOST: usize = 1_000_000;
/// With more addresses than this, [`ENDPOINTS`] are the most.
pub const FEW: usize = 256;

/// So many servers that requests are sent to are looked at.
pub const UPSTREAMS: usize = 100_000;
/// So much work is done to find them: about nanoseconds, or bytes.
const STEPS: usize = 200_000_000;

/// So many certificates and keys are loaded for all servers that inherit them together.
const LOADED: usize = 100_000;
/// That many for each, however many servers there are: a TLS context has room for fewer.
const LOADED_FOR_EACH: usize = 10;

/// How many certificates that this many servers inherit are looked at.
pub fn loaded_for_each(servers: usize) -> usize {
    (LOADED / servers.max(1)).max(LOADED_FOR_EACH)
}

/// The room that is left for an instance.
#[derive(Debug, Default)]
pub struct Room {
    addresses: usize,
    endpoints: usize,
}

impl Room {
    /// Takes one more address; `false`: there is no room for it.
    #[must_use]
    pub fn address(&mut self) -> bool {
        let fits = self.addresses < ADDRESSES && self.endpoints < ENDPOINTS;
        self.addresses += usize::from(fits);
        fits
    }

    /// Takes endpoints on an address that has been taken; `false`: they are too many.
    #[must_use]
    pub fn endpoints(&mut self, count: usize) -> bool {
        let most = if self.addresses > FEW { ENDPOINTS } else { MOST };
        let fits = self.endpoints.saturating_add(count) <= most;
        self.endpoints += if fits { count } else { 0 };
        fits
    }
}

/// The room that is left for the servers that requests are sent to.
#[derive(Debug)]
pub struct Upstreams<P> {
    steps: usize,
    endpoints: usize,
    /// Where there was none any more.
    pub full: Option<P>,
}

impl<P> Default for Upstreams<P> {
    fn default() -> Upstreams<P> {
        Upstreams { steps: STEPS, endpoints: UPSTREAMS, full: None }
    }
}

impl<P> Upstreams<P> {
    /// Takes some steps; `false`: there is no room for them.
    pub fn steps(&mut self, count: usize, place: P) -> bool {
        self.steps = self.steps.saturating_sub(count);
        if self.steps == 0 {
            self.full.get_or_insert(place);
        }
        self.full.is_none()
    }

    /// Takes one more endpoint; `false`: there is no room for it.
    pub fn endpoint(&mut self, place: P) -> bool {
        if self.endpoints == 0 {
            self.full.get_or_insert(place);
        }
        self.endpoints = self.endpoints.saturating_sub(1);
        self.full.is_none()
    }
}

/// What all instances of a host may come to together.
#[derive(Clone, Copy, Debug)]
pub struct Most {
    instances: usize,
    endpoints: usize,
    /// The bytes of their files; one that several of them include counts for each.
    bytes: u64,
}

/// Those of the host itself.
pub const OF_HOST: Most = Most { instances: 1_000, endpoints: 2 * ENDPOINTS, bytes: 1 << 30 };
/// Those on the word of other users, whose processes name them.
pub const OF_OTHERS: Most = Most { instances: 500, endpoints: ENDPOINTS, bytes: 256 << 20 };

/// The room that is left for further instances.
#[derive(Debug)]
pub struct Rest(Most);

impl Rest {
    /// Nothing is loaded yet.
    pub fn of(most: Most) -> Rest {
        Rest(most)
    }

    /// Is there room for one more?
    pub fn is_there(&self) -> bool {
        self.0.instances > 0 && self.0.endpoints > 0 && self.0.bytes > 0
    }

    /// Takes the room of an instance that was loaded.
    pub fn take(&mut self, instance: &Instance, sources: &SourceMap) {
        let bytes = instance.files.iter().map(|file| sources.file(*file).bytes().len() as u64).sum();
        let Most { instances, endpoints, bytes: left } = &mut self.0;
        *instances = instances.saturating_sub(1);
        *endpoints = endpoints.saturating_sub(instance.endpoints.len());
        *left = left.saturating_sub(bytes);
    }
}

/// The problem of a main file for which there was no room.
pub fn no_room(main: &Path) -> Problem {
    let Most { instances, endpoints, bytes } = OF_HOST;
    let Most { instances: of_others, .. } = OF_OTHERS;
    let mebibytes = bytes >> 20;
    Problem::with(
        main,
        format!(
            "not looked at: there are too many configurations, or too large ones (the limits are {instances} main files, \
             {endpoints} endpoints and {mebibytes} MiB in all, and {of_others} main files, {ENDPOINTS} endpoints and {} MiB \
             of those that only other users' processes name)",
            OF_OTHERS.bytes >> 20
        ),
    )
}

/// The problem where addresses are left out from this one on.
pub fn beyond(first: &Address) -> String {
    format!(
        "too many addresses: {first} and those after it were not looked at (the limits are {ADDRESSES} addresses and \
         {ENDPOINTS} endpoints); nothing is mended in this instance"
    )
}

/// The problem where servers that requests are sent to are left out.
pub fn too_many_upstreams() -> String {
    format!(
        "too many servers that requests are sent to, or too many rules for them: this one and those after it were not \
         looked at (the limit is {UPSTREAMS}, or fewer with many rules, sections and variables); nothing is mended in \
         this instance"
    )
}

/// The problem where all are left out.
pub fn too_many() -> String {
    format!(
        "more than {ENDPOINTS} endpoints on many addresses, or {MOST} on few: none of them was looked at, and nothing is mended in this instance"
    )
}

/// What a client gets at an address that may be one of those that were left out.
pub fn unknown(target: &Destination) -> Response {
    let address = match target {
        Destination::Ip(ip, port) => Address::Ip(*ip, *port),
        Destination::Unix(path) => Address::Unix(path.clone()),
    };
    let answer = Answer {
        speaks: Speaks::Unknown,
        configured: Traced { value: VersionSet::TLS, because: Vec::new() },
        effective: None,
        usable: None,
        refuses: false,
        deciders: Vec::new(),
        unknown: vec![Unknown {
            topic: Topic::of("too-many-addresses"),
            span: None,
            what: "the instance has more addresses than are looked at".into(),
            help: "probe the running server".into(),
        }],
    };
    Response { fit: Fit::Wildcard, address: address.into(), answer: Arc::new(answer) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    /// Of many configurations that include the same file, some are looked at and the others said; those that only other
    /// users name take nothing from the host's own.
    #[test]
    fn all_instances_together_have_a_limit() {
        use crate::engine::{self, Request};
        use crate::host::Facts;
        use crate::instance::{MainFile, ServiceId};
        use crate::policy::Policy;
        use crate::system::MemorySystem;
        use crate::trust::Writers;
        let server = |n: u32| format!("server {{ listen {}; server_name n{n}; }}\n", 1 + n % 5);
        let servers = (0..5_000).map(server).collect::<Vec<_>>().concat();
        let mut system =
            MemorySystem::with_files([("/srv/big", servers), ("/etc/nginx/nginx.conf", "events{}".to_owned())]);
        let mut facts = Facts::unknown();
        for number in 0..60 {
            let path = PathBuf::from(format!("/a/{number:02}"));
            system.add_file(&path, "events {}\nhttp { include /srv/big; }\n");
            let (service, named_by) = (ServiceId("nginx"), Writers::other_user(1000));
            let source = "process 7".to_owned();
            let file = MainFile { service, path, source, unit: None, named_by, is_in_use: false, command_line: None };
            facts.main_files.push(file);
        }
        let policy = Policy::default_profile();
        let request = Request::new(&system, &facts, &policy);
        let host = engine::load(request);
        let loaded: Vec<&PathBuf> = host.resolved.iter().map(|one| &one.instance().main).collect();
        assert_eq!(loaded.len(), ENDPOINTS / 5_000 + 1, "{loaded:?}");
        assert!(loaded.contains(&&PathBuf::from("/etc/nginx/nginx.conf")));
        let left = host.problems.iter().filter(|problem| problem.message.starts_with("not looked at")).count();
        assert_eq!(left, 60 - ENDPOINTS / 5_000);
    }

    #[test]
    fn room_for_upstreams_ends() {
        let mut room = Upstreams::default();
        assert_eq!((0..=UPSTREAMS).filter(|at| room.endpoint(*at)).count(), UPSTREAMS);
        assert_eq!(room.full, Some(UPSTREAMS));
        let mut room = Upstreams::default();
        assert!(room.steps(STEPS - 1, 0) && !room.steps(usize::MAX, 1) && !room.steps(0, 2) && !room.endpoint(3));
        assert_eq!(room.full, Some(1));
    }

    #[test]
    fn room_ends() {
        let mut room = Room::default();
        assert_eq!((0..=ADDRESSES).filter(|_| room.address()).count(), ADDRESSES);
        let mut room = Room::default();
        assert!(room.address() && room.endpoints(ENDPOINTS) && !room.address());
        // What comes to an address that is there already still has room.
        assert!(room.endpoints(MOST - ENDPOINTS) && !room.endpoints(1) && !room.endpoints(usize::MAX));
        let mut room = Room::default();
        assert_eq!((0..=FEW).filter(|_| room.address()).count(), FEW + 1);
        assert!(room.endpoints(ENDPOINTS) && !room.endpoints(1), "many on each of many addresses");
    }
}
