//! Lines that look decisive and decide nothing, with what handshakes say to it.

use super::outcome::Checked;
use crate::catalog::SHADOWED_DIRECTIVE;
use crate::engine::Audit;
use crate::finding::{Finding, Observed, Verdict};
use crate::instance::{Instance, Setting, Standing};
use crate::probe::name::Name;
use crate::rules::shadowed_directive;
use crate::tls::VersionSet;
use std::collections::BTreeSet;

/// What the audit says of lines that look decisive and decide nothing, with what handshakes say to it.
pub(super) fn dead(audit: &Audit, checked: &[Checked]) -> Vec<Observed> {
    let shadowed = audit.findings.iter().filter(|one| one.verdict == Verdict::Shadowed);
    let observed = |finding: &Finding| {
        let label = finding.primary.clone()?;
        let instance = audit.instance_of(finding).filter(|one| one.standing == Standing::Loaded)?;
        let setting = instance.settings.iter().find(|setting| setting.value == label.span)?;
        let named = |one: &&Checked| {
            let name = one.promise.target.name.as_ref().map(Name::as_str);
            Some(one.promise.instance) == finding.instance
                && name.is_some_and(|name| setting.scope.split_ascii_whitespace().any(|word| word == name))
        };
        let is_own = |one: &&Checked| !one.by_another;
        let contradicts = |one: &&Checked| one.scan.accepted() != setting.versions;
        let asked: Vec<&Checked> = checked.iter().filter(named).filter(is_own).filter(contradicts).collect();
        let got: BTreeSet<VersionSet> = asked.iter().map(|one| one.scan.accepted()).collect();
        let (message, notes) = words(finding, instance, setting, got.is_empty());
        let seen = got.iter().map(|got| format!("handshakes got {got}, and this line says {}", setting.versions));
        let target = match asked.first() {
            Some(one) => one.promise.title(),
            None => setting.scope.clone(),
        };
        Some(Observed {
            rule: finding.rule,
            standing: finding.standing.clone(),
            severity: finding.severity,
            verdict: finding.verdict,
            target,
            versions: finding.versions,
            message,
            primary: Some(label),
            notes: notes.into_iter().chain(seen).collect(),
            help: finding.help.clone(),
        })
    };
    shadowed.filter_map(observed).collect()
}

/// The message, and the notes: the same is said of many lines, so where each of them counts is no part of it; and what
/// clients are given is said only where no handshake tells (`unasked`).
fn words(finding: &Finding, instance: &Instance, setting: &Setting, unasked: bool) -> (String, Vec<String>) {
    match &setting.dead {
        Some(dead) if finding.rule == SHADOWED_DIRECTIVE => {
            let instead = dead.instead.filter(|_| unasked).map(shadowed_directive::instead_of_it);
            let message = shadowed_directive::message(instance, setting, None);
            (message, std::iter::once(dead.why.clone()).chain(instead).collect())
        }
        _ => (finding.message.clone(), finding.notes.clone()),
    }
}
