//! From answers to verdicts: what one version's answer means beside those of the others.

use super::classify::Said;
use super::evidence::Evidence;
use super::outcome::{Row, Trouble};
use super::reason::{BARRED, Reason, TORN, Verdict};
use super::session::Session;
use super::work::Work;
use crate::tls::Version;

/// A row for each version.
pub(super) fn rows(works: &[Work], session: &Session<'_>) -> Vec<Row> {
    let accepted = works.iter().any(Work::is_accepted) || session.evidence().has_any();
    // Neither 1.2 nor 1.3 is barred by any level that leaves the other versions.
    let broken = works.iter().any(|work| work.version == Version::Tls1_2 && says_internal_error(work));
    let controlled = works.iter().any(|work| !work.hits.is_empty());
    let all = All {
        accepted,
        controlled,
        broken,
        only_70: works.iter().filter(|work| work.version > Version::Ssl3).all(|work| work.alert() == Some(70)),
        named: session.target.name.is_some(),
        unsteady: session.is_unsteady(),
        connected: session.has_connected(),
        ended: session.ended(),
    };
    let mut rows: Vec<Row> = works.iter().map(|work| row(work, &all)).collect();
    let evidence = session.evidence();
    for row in &mut rows {
        testify(row, &evidence);
    }
    rows
}

/// A version that was chosen is accepted, whatever the server said to the hellos that asked for it.
fn testify(row: &mut Row, evidence: &Evidence) {
    let Some(hit) = evidence.of(row.version) else { return };
    row.accept(hit.clone(), "chosen when a newer version was offered");
    if evidence.is_torn(row.version) {
        row.complete = false;
        row.gap = Some(Reason::Torn);
        row.notes.push(TORN);
    }
}

/// What is known of all versions together, and of the endpoint.
struct All {
    accepted: bool,
    /// There is a hello that the server accepts, to tell silence about another one from silence about all.
    controlled: bool,
    /// TLS 1.2 gives an internal error.
    broken: bool,
    /// Alert 70 is all that comes back to hellos that have room for a name.
    only_70: bool,
    /// A server name was sent.
    named: bool,
    /// The server hangs up, even on a single connection, on what it answers at other times.
    unsteady: bool,
    /// A connection came about.
    connected: bool,
    /// What ended the questions, or would have ended them.
    ended: Reason,
}

fn row(work: &Work, all: &All) -> Row {
    let mut notes = Vec::new();
    if work.only_small {
        notes.push("only small hellos are understood");
    }
    if work.nameless {
        notes.push("only without a server name");
    }
    if work.is_mixed {
        notes.push("no order explains all choices: suites of equal preference, or several servers behind this address");
    }
    let verdict = verdict(work, all);
    let complete = if work.is_accepted() { work.complete } else { matches!(verdict, Verdict::Rejected(_)) };
    Row {
        version: work.version,
        verdict,
        suites: work.hits.clone(),
        kinds: work.kinds.clone(),
        order: work.order,
        compression: work.compression,
        complete,
        gap: work.gap.clone(),
        notes,
    }
}

fn verdict(work: &Work, all: &All) -> Verdict {
    if work.is_accepted() {
        return Verdict::Accepted;
    }
    if let Some(reason) = missing_name(work, all) {
        return Verdict::Inconclusive(reason);
    }
    // Other questions would have been asked, had the limits allowed them.
    let spent = Verdict::Inconclusive(all.ended.clone());
    match &work.last {
        Some(Said::NoneOfThese(_)) if work.has_more() => spent,
        Some(Said::No(_) | Said::NoneOfThese(_)) if work.may_want_key_share() => spent,
        Some(Said::No(reason)) => Verdict::Rejected(reason.clone()),
        Some(Said::Lower(version, _)) => Verdict::Rejected(Reason::LowerVersion(*version)),
        Some(Said::NoneOfThese(alert)) => Verdict::Rejected(Reason::Alert(*alert)),
        // Where others are accepted, this one alert is clear: the security level bars old versions.
        Some(Said::Odd(Reason::Alert(BARRED))) if all.accepted && !all.broken => match work.version {
            Version::Tls1_3 if !work.tried_plain => spent,
            Version::Tls1_2 | Version::Tls1_3 => Verdict::Rejected(Reason::Alert(BARRED)),
            _ => Verdict::Rejected(Reason::Barred),
        },
        // It may mean what it says, and pass.
        Some(Said::Odd(Reason::Alert(BARRED))) => Verdict::Inconclusive(Reason::Alert(BARRED)),
        // SSLv2 has no such alerts, and no other form of a hello.
        Some(Said::Odd(Reason::Alert(_))) if !work.tried_plain && work.version > Version::Ssl2 => spent,
        // A hello of SSLv2 or SSLv3 has no room for a name: no client of theirs gets another answer.
        Some(Said::Odd(Reason::Name(alert))) => Verdict::Rejected(Reason::Alert(*alert)),
        Some(Said::Odd(reason)) if work.silence_is_no => Verdict::Rejected(reason.clone()),
        Some(Said::Odd(reason)) => odd(reason, all),
        Some(Said::Chosen(_) | Said::Ssl2(_)) => Verdict::Accepted,
        None => Verdict::Inconclusive(Reason::Interrupted),
    }
}

/// The name as the reason for an alert: there was none, or it is not one that is served here.
fn missing_name(work: &Work, all: &All) -> Option<Reason> {
    let alert = work.alert().filter(|_| work.version > Version::Ssl3)?;
    let may_be = match alert {
        112 => true,
        // A name is what an extension is most likely to be missed for (RFC 8446, 9.2).
        109 => !all.named || !all.accepted,
        // TLS 1.3 is chosen before the certificate is, so that a server without one for the name, or for no name, says so
        // in the other versions only (Go's GetCertificate). Nothing but that, or a real error, does it to TLS 1.2.
        BARRED => !all.accepted || all.broken,
        // Where no version is to be had at all.
        40 | 71 => !all.accepted,
        10 | 47 | 50 => !all.accepted && !all.named,
        // Who has another alert for the name means the version with this one.
        70 => !all.accepted && !all.named && all.only_70,
        _ => false,
    };
    may_be.then_some(Reason::of_name(alert, all.named))
}

fn says_internal_error(work: &Work) -> bool {
    !work.is_accepted() && matches!(work.odd(), Some(Reason::Alert(BARRED)))
}

fn odd(reason: &Reason, all: &All) -> Verdict {
    match reason {
        Reason::Alert(_) => Verdict::Rejected(reason.clone()),
        _ if reason.may_pass() && all.unsteady => Verdict::Inconclusive(Reason::RateLimited),
        // It would have been asked until the answer is clear.
        _ if reason.is_silence() && all.controlled => Verdict::Inconclusive(all.ended.clone()),
        Reason::Unreachable(_) if all.connected => Verdict::Inconclusive(Reason::RateLimited),
        _ => Verdict::Inconclusive(reason.clone()),
    }
}

/// Why the endpoint could not be probed, where that is so.
pub(super) fn trouble(rows: &[Row]) -> Option<Trouble> {
    let reasons: Vec<&Reason> = rows.iter().filter_map(|row| row.verdict.reason()).collect();
    if reasons.len() < rows.len() {
        return None;
    }
    let unreachable = reasons.iter().find(|reason| matches!(reason, Reason::Unreachable(_)));
    if let Some(reason) = unreachable {
        return Some(Trouble::Unreachable((*reason).clone()));
    }
    let refused = |reason: &&&Reason| matches!(reason, Reason::StartTls(error) if error.is_final());
    if let Some(reason) = reasons.iter().find(refused) {
        return Some(Trouble::StartTls((*reason).clone()));
    }
    let plain = |reason: &&&Reason| matches!(reason, Reason::NotTls(_));
    let tls = reasons.iter().any(|reason| reason.alert().is_some() || matches!(reason, Reason::LowerVersion(_)));
    if let (Some(reason), false) = (reasons.iter().find(plain), tls) {
        return Some(Trouble::NotTls((*reason).clone()));
    }
    None
}
