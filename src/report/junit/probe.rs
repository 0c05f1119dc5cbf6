//! A probe: a suite is a target, a case a version; with `--client`, the handshake is a case too. A target that can't be
//! asked is one case, which is an error.

use super::{Case, End, Suite, of_issues, plain};
use crate::catalog::{INCONCLUSIVE, NO_MODERN_VERSION};
use crate::probe::{Depth, Row, Verdict};
use crate::report::handshake::{self, SuiteText};
use crate::report::issue::{Issue, by_subject, of_probe};
use crate::report::probe::{Outcome, ProbeView, Probed, title};

pub(super) fn suites(view: &ProbeView<'_>) -> Vec<Suite> {
    let rows = of_probe(view);
    let about = by_subject(&rows);
    let own = |at| about.get(&at).map_or(&[][..], Vec::as_slice);
    let suite = |(at, probed): (usize, &Probed<'_>)| suite(view, probed, own(at));
    view.targets.iter().enumerate().map(suite).collect()
}

fn suite(view: &ProbeView<'_>, probed: &Probed<'_>, rows: &[&Issue<'_>]) -> Suite {
    let (name, scan, client) = match &probed.outcome {
        Outcome::Scanned { target, scan, client } => (plain(&title(target)), Some(*scan), *client),
        Outcome::Unresolved(_) | Outcome::Interrupted => (plain(probed.label), None, None),
    };
    let Some(scan) = scan.filter(|scan| scan.trouble.is_none()) else {
        let counts = rows.iter().any(|row| row.excuse.is_none());
        return Suite { cases: vec![of_issues(&name, "connection".to_owned(), rows, counts)], name };
    };
    let mut cases: Vec<Case> = scan.rows.iter().map(|row| of_row(view, &name, row, rows)).collect();
    if let Some(check) = client {
        let own: Vec<&Issue<'_>> = rows.iter().copied().filter(|row| row.rule == NO_MODERN_VERSION.0).collect();
        let case = of_issues(&name, "client".to_owned(), &own, check.is_open());
        let mut lines = handshake::client(check, scan);
        let message = if check.is_open() { lines[0].clone() } else { case.message };
        lines.extend(handshake::certificate(check).iter().map(|(name, value)| format!("{name}: {value}")));
        cases.push(Case { message: plain(&message), text: super::lines(lines), ..case });
    }
    Suite { name, cases }
}

fn of_row(view: &ProbeView<'_>, class: &str, row: &Row, rows: &[&Issue<'_>]) -> Case {
    let open = matches!(row.verdict, Verdict::Inconclusive(_)) || row.lacks_suites(view.depth);
    let about = |one: &&&Issue<'_>| one.versions.has(row.version) && one.rule != INCONCLUSIVE.0;
    let own: Vec<&Issue<'_>> = rows.iter().filter(about).copied().collect();
    let case = of_issues(class, row.version.name().to_owned(), &own, open);
    let remarks = handshake::remarks(row, view.depth, handshake::with_advice);
    let mut lines = vec![if remarks.is_empty() {
        row.verdict.name().to_owned()
    } else {
        format!("{}: {remarks}", row.verdict.name())
    }];
    let (kind, message) = match case.end {
        End::Error => (INCONCLUSIVE.0.to_owned(), lines[0].clone()),
        _ => (case.kind, case.message),
    };
    if view.depth == Depth::Ciphers {
        lines.extend(handshake::suites(row).iter().map(suite_line));
    }
    // What is said of it has lines of its own.
    let more = if case.text.is_empty() { String::new() } else { format!("\n{}", case.text) };
    Case { kind, message: plain(&message), text: super::lines(lines) + &more, ..case }
}

/// `  TLS_AES_256_GCM_SHA384  x25519  good`
fn suite_line(suite: &SuiteText) -> String {
    let words = [&*suite.name, &*suite.key, suite.level.name()];
    format!("  {}", words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join("  "))
}
