//! The answer for one client, or for the service itself where it is the client.

use crate::endpoint::{Address, Answer, Role, Unknown};
use crate::instance::{Instance, Standing};
use crate::services::service::{Question, Resolved, Response};
use crate::topic::Topic;
use std::sync::Arc;

/// The answer of an instance of which files were left out.
fn doubted(instance: &Instance, answer: Arc<Answer>) -> Arc<Answer> {
    match instance.left_out.first() {
        None => answer,
        Some(file) => {
            let mut answer = (*answer).clone();
            answer.unknown.push(Unknown {
                topic: Topic::of("not-read"),
                span: None,
                what: format!("{} is not read, and may decide something else", file.display()),
                help: "see the errors of an audit; or probe the running server".into(),
            });
            Arc::new(answer)
        }
    }
}

fn response(one: &dyn Resolved, question: &Question) -> Option<Response> {
    let Response { fit, address, answer } = one.ask(question)?;
    Some(Response { fit, address, answer: doubted(one.instance(), answer) })
}

/// The answer for one client, and the instance that gives it. Where several instances claim the address, the one
/// that fits it best answers; the second value counts those that fit as well.
pub fn ask<'a>(resolved: &'a [Box<dyn Resolved>], question: &Question) -> (Option<(&'a Instance, Response)>, usize) {
    let mut best: Option<(&Instance, Response)> = None;
    let mut rivals = 0;
    for one in resolved {
        let Some(response) = response(&**one, question) else { continue };
        match &best {
            Some((_, other)) if other.fit > response.fit => {}
            Some((_, other)) if other.fit == response.fit => rivals += 1,
            _ => {
                rivals = 0;
                best = Some((one.instance(), response));
            }
        }
    }
    (best, rivals)
}

/// The answer of one configuration, told by its place in the list, for a client that connects to an address of its own. The
/// second value counts the other running ones that have the same address.
pub fn ask_of<'a>(
    resolved: &'a [Box<dyn Resolved>],
    (address, at): (&Address, usize),
    question: &Question,
) -> (Option<(&'a Instance, Response)>, usize) {
    let Some(one) = resolved.get(at) else { return (None, 0) };
    let instance = one.instance();
    let response = response(&**one, question).map(|response| (instance, response));
    let has_it = |other: &Instance| {
        let mut listeners = other.endpoints.iter().filter(|endpoint| endpoint.role == Role::Listener);
        listeners.any(|endpoint| endpoint.transport == question.transport && *endpoint.address == *address)
    };
    let others = resolved.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, other)| other.instance());
    let loaded = |one: &Instance| one.standing == Standing::Loaded;
    (response, others.filter(|other| loaded(instance) && loaded(other) && has_it(other)).count())
}

/// What another server is given that configurations connect to by TLS, by its address as audits show it: the instances,
/// each with one answer for all the places from which it connects.
pub fn upstream<'a>(resolved: &'a [Box<dyn Resolved>], address: &str) -> Vec<(&'a Instance, Arc<Answer>)> {
    let mut found = Vec::new();
    for instance in resolved.iter().map(|one| one.instance()) {
        let is_it = |remote: &Address| matches!(remote, Address::Remote(remote) if remote == address);
        let endpoints = instance.endpoints.iter().filter(|one| one.role == Role::Upstream && is_it(&one.address));
        let answers: Vec<&Arc<Answer>> = endpoints.map(|endpoint| &endpoint.answer).collect();
        if let Some((first, others)) = answers.split_first() {
            found.push((instance, doubted(instance, together(first, others))));
        }
    }
    found
}

/// One answer for several, which say how they differ.
fn together(first: &Arc<Answer>, others: &[&Arc<Answer>]) -> Arc<Answer> {
    let differ = others.iter().any(|other| other.configured.value != first.configured.value);
    if !differ {
        return Arc::clone(first);
    }
    let mut all = Answer::clone(first);
    let mut sets = vec![first.configured.value];
    for other in others {
        all.configured.value = all.configured.value.union(other.configured.value);
        all.configured.because.extend(other.configured.because.iter().cloned());
        all.effective = all.effective.zip(other.effective).map(|(a, b)| a.union(b));
        all.deciders.extend(&other.deciders);
        all.unknown.extend(other.unknown.iter().cloned());
        if !sets.contains(&other.configured.value) {
            sets.push(other.configured.value);
        }
    }
    let sets: Vec<String> = sets.iter().map(ToString::to_string).collect();
    all.unknown.push(Unknown {
        topic: Topic::of("several-places"),
        span: None,
        what: format!("which place connects: they offer different versions ({})", sets.join("; ")),
        help: "the steps show each of them".into(),
    });
    Arc::new(all)
}
