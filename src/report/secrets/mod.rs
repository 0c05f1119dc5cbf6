//! Passwords and tokens in what reports quote: each of their bytes becomes an asterisk.
//!
//! A configuration file may hold a password beside the directive that a finding is about, and reports go to pipelines,
//! tickets and mails. So what looks like a secret is masked once, in the texts and messages, before any format sees
//! them: no format can forget it. The length stays, and with it every line, column and offset. What counts as a secret
//! is described in `docs/reports.md`; it errs towards masking too much.

mod between;
mod context;
mod find;
#[cfg(test)]
mod forms;
mod map;
mod name;
mod ordinary;
mod places;
mod sentence;
#[cfg(test)]
mod tests;
mod tokens;
mod value;
mod words;

use crate::endpoint::{Address, Answer, Reason, Unknown};
use crate::finding::{Finding, Label, Observed, Standing};
use crate::instance::{Instance, Problem};
use crate::source::SourceMap;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What stands for each byte of a secret.
const MASK: u8 = b'*';

/// Masks the secrets in a text; the length stays.
pub fn bytes(text: &mut [u8]) {
    for range in find::secrets(text, false) {
        text[range].fill(MASK);
    }
}

/// Does a patch hold what looks like a secret?
pub fn are_in_patch(patch: &[u8]) -> bool {
    // Without the signs of its lines it is text of the files.
    let lines = patch.split_inclusive(|b| *b == b'\n');
    let text: Vec<u8> = lines.flat_map(|line| &line[1..]).copied().collect();
    !find::secrets(&text, false).is_empty()
}

/// Is it the name of something that may be a secret?
pub fn is_name(name: &str) -> bool {
    name::strength(name.as_bytes()).is_some()
}

/// A sentence with its secrets masked.
pub fn text(text: &str) -> Cow<'_, str> {
    let ranges = find::secrets(text.as_bytes(), true);
    if ranges.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut masked = text.as_bytes().to_vec();
    for range in ranges {
        masked[range].fill(MASK);
    }
    // A secret that ends within a character leaves bytes that are none.
    Cow::Owned(String::from_utf8_lossy(&masked).into_owned())
}

/// Masks the secrets in all texts.
pub fn sources(sources: &mut SourceMap) {
    sources.rewrite(bytes);
}

/// Masks the secrets in what a finding says.
pub fn finding(finding: &mut Finding) {
    string(&mut finding.message);
    finding.primary.iter_mut().chain(&mut finding.related).for_each(|Label { text, .. }| string(text));
    finding.notes.iter_mut().chain(&mut finding.help).for_each(string);
    if let Some(fix) = &mut finding.fix {
        string(&mut fix.title);
    }
    standing(&mut finding.standing);
}

/// The same in what handshakes showed.
pub fn observed(observed: &mut Observed) {
    string(&mut observed.message);
    observed.primary.iter_mut().for_each(|Label { text, .. }| string(text));
    observed.notes.iter_mut().chain(&mut observed.help).for_each(string);
    standing(&mut observed.standing);
}

fn standing(standing: &mut Standing) {
    if let Standing::Waived(waived) = standing {
        string(&mut waived.reason);
    }
}

/// Masks the secrets in what a problem says.
pub fn problem(problem: &mut Problem) {
    string(&mut problem.message);
}

/// The instance with its secrets masked: in addresses of other servers, in reasons, in what is not known.
pub fn instance(instance: &Instance) -> Instance {
    let mut masked = instance.clone();
    masked.problems.iter_mut().for_each(problem);
    masked.unknown.iter_mut().for_each(unknown);
    let mut answers: BTreeMap<*const Answer, Arc<Answer>> = BTreeMap::new();
    for endpoint in &mut masked.endpoints {
        let shared = Arc::as_ptr(&endpoint.answer);
        let answer = answers.entry(shared).or_insert_with(|| answer(&endpoint.answer));
        endpoint.answer = Arc::clone(answer);
        if let Address::Remote(remote) = &*endpoint.address
            && let Cow::Owned(masked) = text(remote)
        {
            endpoint.address = Arc::new(Address::Remote(masked));
        }
    }
    masked
}

/// The answer with its secrets masked; the same one where it has none.
pub fn answer(answer: &Arc<Answer>) -> Arc<Answer> {
    // A note that is not owned is a text of this program.
    let notes = answer.configured.because.iter().filter_map(|reason| match &reason.note {
        Cow::Owned(note) => Some(note.as_str()),
        Cow::Borrowed(_) => None,
    });
    let unknowns = answer.unknown.iter().flat_map(|unknown| [unknown.what.as_str(), unknown.help.as_str()]);
    if !notes.chain(unknowns).any(|said| matches!(text(said), Cow::Owned(_))) {
        return Arc::clone(answer);
    }
    let mut masked = Answer::clone(answer);
    for Reason { note, .. } in &mut masked.configured.because {
        if let Cow::Owned(masked) = text(note) {
            *note = Cow::Owned(masked);
        }
    }
    masked.unknown.iter_mut().for_each(unknown);
    Arc::new(masked)
}

/// Masks what is said to be unknown.
pub fn unknown(unknown: &mut Unknown) {
    string(&mut unknown.what);
    string(&mut unknown.help);
}

fn string(said: &mut String) {
    if let Cow::Owned(masked) = text(said) {
        *said = masked;
    }
}
