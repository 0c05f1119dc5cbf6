//! The metrics of a verification.

use super::{head, info, observed, plain};
use crate::report::issue::Issue;
use crate::report::verify::VerifyView;
use crate::verify::Outcome;
use std::collections::BTreeMap;
use std::io::{self, Write};

pub(super) fn write(view: &VerifyView<'_>, rows: &[Issue<'_>], out: &mut dyn Write) -> io::Result<()> {
    endpoints(view, out)?;
    observed("verify_findings", view.frame.rules, rows, out)?;
    let verified = view.verified;
    let open = |outcome| matches!(outcome, Outcome::Mixed | Outcome::Unreachable);
    let open = rows.iter().any(Issue::is_undecided) || verified.checked.iter().any(|one| open(one.outcome));
    let left = verified.left.iter().filter(|left| !left.by_design).count();
    let gauges = [
        ("verify_complete", "Whether all endpoints answered and all is known (1) or not (0).", usize::from(!open)),
        ("verify_not_verified", "Endpoints that could not be verified.", left),
        ("verify_problems", "Places that could not be read or are not valid.", view.problems.len()),
    ];
    plain(&gauges, out)?;
    info("verify_info", view.frame.policy, out)
}

fn endpoints(view: &VerifyView<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for one in &view.verified.checked {
        for outcome in Outcome::ALL {
            counts.entry((one.promise.service.0, outcome.name())).or_default();
        }
        *counts.entry((one.promise.service.0, one.outcome.name())).or_default() += 1;
    }
    head("verify_endpoints", "TLS endpoints (address and server name) by what came of them.", out)?;
    for ((service, result), count) in counts {
        writeln!(out, "tlsmend_verify_endpoints{{service=\"{service}\",result=\"{result}\"}} {count}")?;
    }
    Ok(())
}
