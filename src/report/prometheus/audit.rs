//! The metrics of an audit.

use super::{SEVERITIES, head, info, plain, rules};
use crate::endpoint::Speaks;
use crate::finding::{Severity, Verdict};
use crate::report::AuditView;
use crate::report::json::words::STANDINGS;
use std::collections::BTreeMap;
use std::io::{self, Write};

const VERDICTS: [Verdict; 5] =
    [Verdict::Exposed, Verdict::Missing, Verdict::Latent, Verdict::Unknown, Verdict::Compliant];

pub(super) fn write(view: &AuditView<'_>, out: &mut dyn Write) -> io::Result<()> {
    endpoints(view, out)?;
    findings(view, out)?;
    let totals = view.totals();
    let gauges = [
        ("audit_complete", "Whether all could be read and decided (1) or not (0).", usize::from(view.is_complete())),
        ("problems", "Places that could not be read or are not valid.", totals.problems),
        ("files_read", "Configuration files that were read.", view.files.read),
        ("files_found", "Configuration files that were found, read or not.", view.files.found),
        ("instances", "Configurations that a server loads.", totals.instances),
        ("files_not_loaded", "Files with TLS directives that no server loads.", totals.not_loaded),
        ("services_not_audited", "TLS services whose configuration is not understood.", view.uncovered.len()),
    ];
    plain(&gauges, out)?;
    info("info", view.frame.policy, out)
}

fn endpoints(view: &AuditView<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut counts: BTreeMap<(&str, Verdict), usize> = BTreeMap::new();
    for (index, instance) in view.instances.iter().enumerate() {
        for verdict in VERDICTS {
            counts.entry((instance.service.0, verdict)).or_default();
        }
        for (at, endpoint) in instance.endpoints.iter().enumerate() {
            if endpoint.answer.speaks != Speaks::Plaintext {
                *counts.entry((instance.service.0, view.verdict(index, at))).or_default() += 1;
            }
        }
    }
    head("endpoints", "TLS endpoints (address and server name) by what is the matter with them.", out)?;
    for ((service, verdict), count) in counts {
        writeln!(out, "tlsmend_endpoints{{service=\"{service}\",verdict=\"{verdict}\"}} {count}")?;
    }
    Ok(())
}

fn findings(view: &AuditView<'_>, out: &mut dyn Write) -> io::Result<()> {
    head("findings", "Findings by rule, severity and standing.", out)?;
    let mut counts: BTreeMap<(&str, Severity, &str), usize> = BTreeMap::new();
    for finding in view.findings {
        for aspect in finding.aspects() {
            *counts.entry((aspect.rule.0, aspect.severity, finding.standing.name())).or_default() += 1;
        }
    }
    for rule in rules(view.frame.rules, counts.keys().map(|(rule, ..)| *rule)) {
        for severity in SEVERITIES {
            for standing in STANDINGS {
                let count = counts.get(&(rule, severity, standing)).copied().unwrap_or_default();
                writeln!(
                    out,
                    "tlsmend_findings{{rule=\"{rule}\",severity=\"{severity}\",standing=\"{standing}\"}} {count}"
                )?;
            }
        }
    }
    Ok(())
}
