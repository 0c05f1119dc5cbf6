//! The exit status of a probe.

use super::work::{Missing, Work, depth};
use crate::cli::args::Probe;
use crate::cli::exit::ExitStatus;
use crate::finding::{Observed, Severity};

/// What the exit status is made from.
#[derive(Default)]
pub(super) struct Statuses {
    findings: bool,
    unreachable: bool,
    open: bool,
}

impl Statuses {
    pub(super) fn add(&mut self, work: &Work, all: &[Work], found: &[Observed], arguments: &Probe) {
        let fail_on = Severity::from(arguments.judgement.fail_on);
        self.findings |= found.iter().any(|one| one.is_open() && one.severity >= fail_on);
        let Some(done) = &work.done else {
            let nowhere = matches!(work.target, Err(Missing::NoAddress(_)));
            self.unreachable |= nowhere;
            self.open |= !nowhere;
            return;
        };
        match &done.scan.trouble {
            Some(_) if work.is_spared(all) => {}
            Some(_) => self.unreachable = true,
            None => self.open |= done.scan.is_open(depth(arguments)),
        }
        if let Some(client) = &done.client {
            self.open |= client.is_open();
        }
    }

    pub(super) fn status(&self) -> ExitStatus {
        match self {
            Statuses { findings: true, .. } => ExitStatus::Findings,
            Statuses { unreachable: true, .. } => ExitStatus::CouldNotRun,
            Statuses { open: true, .. } => ExitStatus::Incomplete,
            Statuses { .. } => ExitStatus::Compliant,
        }
    }
}
