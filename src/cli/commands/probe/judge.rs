//! What the policy says of each target: its overrides and waivers count where the address and the name fit.

use super::work::Done;
use crate::cli::{options, output};
use crate::endpoint::Address;
use crate::finding::Observed;
use crate::host::Sockets;
use crate::policy::{Date, Policy};
use crate::probe::name::Name;
use crate::probe::place::Place;
use crate::probe::target::Target;
use crate::report::probe as report;
use crate::verify;
use anyhow::Result;
use std::cell::RefCell;
use std::collections::BTreeSet;

/// The policy, and what is known of this machine's own addresses.
pub(super) struct Judge<'p> {
    policy: &'p Policy,
    day: Date,
    /// Where this machine listens.
    sockets: Sockets,
    /// The lines of the policy that fit a target and could not be heeded.
    unheeded: RefCell<BTreeSet<u32>>,
}

impl<'p> Judge<'p> {
    pub(super) fn new(policy: &'p Policy, day: Date) -> Result<Judge<'p>> {
        let sockets = Sockets::without_owners(&options::machine()?);
        Ok(Judge { policy, day, sockets, unheeded: RefCell::default() })
    }

    /// The name of the policy.
    pub(super) fn name(&self) -> &str {
        &self.policy.name
    }

    /// The complaints about a target.
    pub(super) fn target(&self, target: &Target, done: &Done) -> Vec<Observed> {
        let address = match &target.place {
            Place::Ip(address) => Address::Ip(address.ip().to_canonical(), address.port()),
            Place::Unix(path) => Address::Unix(path.display().to_string()),
        };
        let seen = self.policy.seen(&address, target.name.as_ref().map(Name::as_str), self.day);
        self.unheeded.borrow_mut().extend(&seen.unheeded);
        // A server that listens at all addresses answers at 127.0.0.1 as well, and that says nothing of who reaches it.
        let only_here = match &target.place {
            Place::Ip(address) => self.sockets.has(*address),
            Place::Unix(_) => true,
        };
        let title = report::title(target);
        let refused = done.client.as_ref().and_then(|check| verify::refused(&title, &done.scan, check));
        verify::of_target(&title, &done.scan, &seen, &address, only_here).into_iter().chain(refused).collect()
    }

    /// Says which parts of the policy did not count.
    pub(super) fn tell_unheeded(&self) {
        for line in self.unheeded.borrow().iter() {
            output::remark(format!(
                "{}:{line}: does not count here: no handshake shows the service, the file or the spelling that it is about",
                self.policy.name
            ));
        }
    }
}
