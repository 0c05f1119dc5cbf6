//! The truth cases with their plans applied: no server is worse off, and what is said to comply does.

use super::case::Case;
use super::crew;
use super::handshake::{Contact, Seen, knock};
use super::mended::{Mended, Planned};
use super::replay::Cases;
use super::server::{Server, check};
use super::staged::Staged;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use tlsmend::services::service::Destination;

/// What came of it.
#[derive(Default)]
pub struct Outcome {
    /// Cases with findings on which the server starts.
    pub cases: usize,
    /// Those of them that the plan changes.
    pub changed: usize,
    /// The contacts that comply afterwards, by handshake.
    pub comply: usize,
    /// Why contacts do not, and in how many cases.
    pub left: BTreeMap<String, usize>,
    pub complaints: String,
}

/// Applies the plan of each case that has findings.
pub fn patch(cases: &Cases) -> Outcome {
    let mut sum = Outcome::default();
    for (case, mended) in cases.cases.iter().zip(crew::all(&cases.cases, one)) {
        let Some(mended) = mended else { continue };
        sum.cases += 1;
        sum.changed += usize::from(mended.changed > 0);
        sum.comply += mended.comply;
        for reason in mended.left {
            *sum.left.entry(reason).or_default() += 1;
        }
        if !mended.complaints.is_empty() {
            let _ = writeln!(sum.complaints, "{} ({}):\n{}", case.name, case.why, mended.complaints);
        }
    }
    sum
}

fn one(case: &Case) -> Option<Mended> {
    // Directives on the command line belong to no file that could be patched.
    if !case.valid || !case.args.is_empty() {
        return None;
    }
    let staged = Staged::of(case);
    let site = &staged.site;
    if !check(site).accepts {
        return None;
    }
    let planned = Planned::of(site);
    if planned.plan.before.findings.is_empty() {
        return None;
    }
    let mut contacts = planned.contacts();
    // Where the case says which groups its clients have, ours have those.
    let groups = case.endpoints.iter().find_map(|endpoint| endpoint.groups.clone());
    for contact in contacts.iter_mut().filter(|contact| contact.groups.is_none()) {
        contact.groups.clone_from(&groups);
    }
    // Mail servers want more than a name.
    let plain = case.endpoints.iter().filter(|e| e.starttls.is_none() && !e.proxy_protocol);
    contacts.retain(|c| {
        !case
            .endpoints
            .iter()
            .any(|e| (e.starttls.is_some() || e.proxy_protocol) && staged.contact(e).target == c.target)
    });
    for contact in plain.map(|e| staged.contact(e)) {
        if !contacts.contains(&contact) {
            contacts.push(contact);
        }
    }
    let before: Vec<(Contact, Seen)> = {
        let targets: Vec<Destination> = Vec::new();
        let _running = Server::start(site, &targets).ok()?;
        contacts.into_iter().map(|contact| (contact.clone(), knock(&contact))).collect()
    };
    Some(planned.apply(site, &before))
}
