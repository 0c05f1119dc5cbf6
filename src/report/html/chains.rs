//! The reasons of endpoints: each chain once, whoever shares it.

use super::line;
use crate::endpoint::{Answer, Reason, Unknown};
use crate::report::{AuditView, Texts, excerpt};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

/// With more steps than this, the page holds them as data, and a script shows those that are asked for.
const MOST_WRITTEN: usize = 4_000;
/// So many endpoints are named in the headline of a chain.
const NAMED: usize = 4;
/// So wide is the line of a file.
const WIDTH: usize = 100;

/// A step: what it is, what it does, where, and the line of the file.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Step {
    pub(super) kind: &'static str,
    pub(super) note: String,
    pub(super) place: String,
    pub(super) text: String,
}

/// Why some endpoints are what they are.
pub(super) struct Chain {
    pub(super) endpoints: String,
    count: usize,
    pub(super) steps: Vec<Step>,
    pub(super) unknown: Vec<String>,
}

/// All chains, in the order of the endpoints.
#[derive(Default)]
pub(super) struct Chains {
    pub(super) all: Vec<Chain>,
    numbers: BTreeMap<*const Answer, usize>,
}

#[derive(Serialize)]
struct Data<'a> {
    steps: Vec<[&'a str; 4]>,
    chains: Vec<ChainOut<'a>>,
}

#[derive(Serialize)]
struct ChainOut<'a> {
    steps: Vec<usize>,
    unknown: &'a [String],
}

impl Chains {
    /// The number of the chain of an answer, which an endpoint has. `doubts`: what is not known of its instance.
    pub(super) fn of(
        &mut self,
        view: &AuditView<'_>,
        doubts: &[&Unknown],
        answer: &Arc<Answer>,
        (address, name): (&str, &str),
    ) -> usize {
        let number = *self.numbers.entry(Arc::as_ptr(answer)).or_insert(self.all.len());
        if number == self.all.len() {
            let unknown_here = answer.unknown.iter().chain(doubts.iter().copied());
            self.all.push(Chain {
                endpoints: String::new(),
                count: 0,
                steps: answer.configured.because.iter().map(|reason| step(view.frame.texts, reason)).collect(),
                unknown: unknown_here.map(|one| unknown(view.frame.texts, one)).collect(),
            });
        }
        let chain = &mut self.all[number];
        chain.count += 1;
        match chain.count {
            1..=NAMED => {
                let comma = if chain.count > 1 { ", " } else { "" };
                chain.endpoints.push_str(&format!("{comma}{address} {name}"));
            }
            more if more == NAMED + 1 => chain.endpoints.push_str(" and more"),
            _ => {}
        }
        number
    }

    /// All chains as data for the script, with each step once; none where there are few enough to write them down.
    pub(super) fn as_json(&self) -> io::Result<Option<String>> {
        if self.all.iter().map(|chain| chain.steps.len()).sum::<usize>() <= MOST_WRITTEN {
            return Ok(None);
        }
        let mut numbers: BTreeMap<&Step, usize> = BTreeMap::new();
        let mut steps = Vec::new();
        let mut chains = Vec::new();
        for chain in &self.all {
            let mut own = Vec::new();
            for step in &chain.steps {
                own.push(*numbers.entry(step).or_insert_with(|| {
                    steps.push([step.kind, step.note.as_str(), step.place.as_str(), step.text.as_str()]);
                    steps.len() - 1
                }));
            }
            chains.push(ChainOut { steps: own, unknown: &chain.unknown });
        }
        // Nothing in a string may end the element that it stands in.
        let text = serde_json::to_string(&Data { steps, chains })?;
        Ok(Some(text.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")))
    }
}

pub(super) fn step(texts: Texts<'_>, reason: &Reason) -> Step {
    let place = reason.span.map(|span| texts.paths.spot(texts.sources, span));
    Step {
        kind: reason.kind.name(),
        note: line(&reason.note),
        place: place.unwrap_or_default(),
        text: reason.span.map(|span| excerpt::line(texts.sources, span, WIDTH)).unwrap_or_default(),
    }
}

pub(super) fn unknown(texts: Texts<'_>, unknown: &Unknown) -> String {
    let place = unknown.span.map(|span| {
        let at = texts.sources.line_column(span);
        format!("{}:{}: ", texts.paths.show(texts.sources.file(span.file).path()), at.line)
    });
    let help = if unknown.help.is_empty() { String::new() } else { format!(" ({})", unknown.help) };
    format!("{}{}", place.unwrap_or_default(), line(&format!("{}{help}", unknown.what)))
}

/// What could not be decided and is about no single endpoint.
pub(super) fn unknown_of_instances(view: &AuditView<'_>) -> Vec<String> {
    view.instances.iter().flat_map(|instance| &instance.unknown).map(|one| unknown(view.frame.texts, one)).collect()
}
