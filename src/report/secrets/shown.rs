//! The door of every report: what may be shown has been through it, and its type says so.

use super::{are_in, is_name, text};
use crate::edit::Fix;
use crate::endpoint::{Address, Answer, Reason, Unknown};
use crate::finding::{Finding, Label, Observed, Standing};
use crate::instance::{Instance, Problem, Uncovered};
use crate::report::facts::{FactsView, Server, Variable};
use crate::report::html::Changed;
use crate::report::{ManagedFile, secrets};
use crate::source::SourceMap;
use crate::verify::{Checked, Left, Verified};
use schemars::JsonSchema;
use serde::Serialize;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;

/// Parts of names of variables whose values may be secrets.
const SECRET: &[&str] = &["PASS", "PWD", "SECRET", "TOKEN", "KEY", "CREDENTIAL", "AUTH", "DSN", "COOKIE"];

/// What may be shown: its secrets are masked, or the user wants to see them. Reports take what comes from files as this
/// type only, so that no format, and no command, can forget to mask.
#[derive(Clone, Debug, Default, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(transparent)]
pub struct Shown<T>(T);

impl<T: Mask> Shown<T> {
    /// With its secrets masked.
    pub fn masked(mut value: T) -> Shown<T> {
        value.mask();
        Shown(value)
    }

    /// With its secrets masked, unless the user wants to see them.
    pub fn of(value: T, show_secrets: bool) -> Shown<T> {
        if show_secrets { Shown(value) } else { Shown::masked(value) }
    }
}

impl<T> Deref for Shown<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<'a, T> IntoIterator for &'a Shown<Vec<T>> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

/// Tests make what they show step by step.
#[cfg(test)]
impl<T> std::ops::DerefMut for Shown<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

/// Something with secrets in it.
pub trait Mask {
    /// Masks them.
    fn mask(&mut self);
}

impl<T: Mask> Mask for Vec<T> {
    fn mask(&mut self) {
        self.iter_mut().for_each(Mask::mask);
    }
}

impl<T: Mask> Mask for Option<T> {
    fn mask(&mut self) {
        self.iter_mut().for_each(Mask::mask);
    }
}

impl<A: Mask, B: Mask> Mask for (A, B) {
    fn mask(&mut self) {
        self.0.mask();
        self.1.mask();
    }
}

impl Mask for String {
    fn mask(&mut self) {
        if let Cow::Owned(masked) = text(self) {
            *self = masked;
        }
    }
}

impl Mask for SourceMap {
    fn mask(&mut self) {
        self.rewrite(super::bytes);
    }
}

impl Mask for Changed {
    fn mask(&mut self) {
        self.old = secrets::masked(&self.old);
        self.new = secrets::masked(&self.new);
    }
}

impl Mask for Label {
    fn mask(&mut self) {
        self.text.mask();
    }
}

impl Mask for Standing {
    fn mask(&mut self) {
        if let Standing::Waived(waived) = self {
            waived.reason.mask();
        }
    }
}

impl Mask for Finding {
    fn mask(&mut self) {
        self.message.mask();
        self.primary.mask();
        self.related.mask();
        self.notes.mask();
        self.help.mask();
        if let Some(fix) = &mut self.fix {
            fix.title.mask();
            fix.leaves.mask();
        }
        // With a mask in it, it would not be the fix.
        let shows = |fix: &Fix| fix.edits.iter().any(|edit| are_in(&edit.replacement));
        if self.fix.as_ref().is_some_and(shows) {
            self.fix = None;
            self.notes.push("its fix holds a password or token: --show-secrets shows it, and so does diff".to_owned());
        }
        self.standing.mask();
    }
}

impl Mask for Observed {
    fn mask(&mut self) {
        self.message.mask();
        self.primary.mask();
        self.notes.mask();
        self.help.mask();
        self.standing.mask();
    }
}

impl Mask for Problem {
    fn mask(&mut self) {
        self.message.mask();
    }
}

impl Mask for Uncovered {
    fn mask(&mut self) {
        self.evidence.mask();
        self.ask.mask();
    }
}

impl Mask for ManagedFile {
    fn mask(&mut self) {
        self.by.mask();
        self.advice.mask();
    }
}

/// In addresses of other servers, in reasons, in what is not known.
impl Mask for Instance {
    fn mask(&mut self) {
        self.problems.mask();
        self.unknown.mask();
        let mut answers: BTreeMap<*const Answer, Arc<Answer>> = BTreeMap::new();
        for endpoint in &mut self.endpoints {
            let shared = Arc::as_ptr(&endpoint.answer);
            let answer = answers.entry(shared).or_insert_with(|| masked_answer(&endpoint.answer));
            endpoint.answer = Arc::clone(answer);
            if let Some(Cow::Owned(masked)) = endpoint.name.as_deref().map(text) {
                endpoint.name = Some(masked.into());
            }
            if let Address::Remote(remote) = &*endpoint.address
                && let Cow::Owned(masked) = text(remote)
            {
                endpoint.address = Arc::new(Address::Remote(masked));
            }
        }
    }
}

impl Mask for Unknown {
    fn mask(&mut self) {
        self.what.mask();
        self.help.mask();
    }
}

impl Mask for Arc<Answer> {
    fn mask(&mut self) {
        *self = masked_answer(self);
    }
}

/// The answer with its secrets masked; the same one where it has none.
fn masked_answer(answer: &Arc<Answer>) -> Arc<Answer> {
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
    masked.unknown.mask();
    Arc::new(masked)
}

impl Mask for Left {
    fn mask(&mut self) {
        self.what.mask();
        self.why.mask();
    }
}

impl Mask for Checked {
    fn mask(&mut self) {
        self.promise.answer.mask();
        self.observed.mask();
    }
}

impl Mask for Verified {
    fn mask(&mut self) {
        self.checked.mask();
        self.left.mask();
        self.dead.mask();
        self.unexplained.mask();
    }
}

impl Mask for Variable {
    fn mask(&mut self) {
        let upper = self.name.to_ascii_uppercase();
        let is_secret = SECRET.iter().any(|part| upper.contains(part)) || is_name(&self.name);
        self.value = self.value.take().filter(|_| !is_secret);
        self.value.mask();
    }
}

impl Mask for Server {
    fn mask(&mut self) {
        self.command_lines.iter_mut().for_each(|line| line.value.mask());
        self.defines.iter_mut().for_each(|defines| defines.value.mask());
        self.environment.mask();
    }
}

impl Mask for FactsView {
    fn mask(&mut self) {
        self.servers.mask();
        self.problems.mask();
    }
}
