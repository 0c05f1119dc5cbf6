//! What has to hold of trees and audits, whatever they were made from.

use tlsmend::endpoint::Answer;
use tlsmend::engine::Audit;
use tlsmend::instance::{Instance, Problem};
use tlsmend::services::tree::{NO_PARTNER, NodeKind, Tree};
use tlsmend::source::{SourceMap, Span};

/// A tree prints its file back, its nodes follow one another, words lie in their nodes, and partners know each other.
pub fn tree(tree: &Tree, bytes: &[u8]) {
    assert!(tree.print(bytes) == bytes, "the tree does not print its file back");
    let mut end = 0;
    for (at, node) in tree.nodes.iter().enumerate() {
        assert!(end <= node.start && node.start <= node.end, "nodes overlap");
        end = node.end;
        for word in tree.words(at) {
            assert!(node.start <= word.start && word.start <= word.end && word.end <= node.end, "a word outside");
        }
        if node.partner != NO_PARTNER {
            let partner = &tree.nodes[node.partner as usize];
            assert!(partner.partner as usize == at && partner.kind != node.kind, "a block's ends disagree");
        }
        let is_block = matches!(node.kind, NodeKind::Open | NodeKind::Close);
        assert!(is_block || node.partner == NO_PARTNER, "a partner of something that is no block");
    }
    assert!(end as usize <= bytes.len(), "a node behind the end");
    for error in &tree.errors {
        assert!(error.range.start <= error.range.end && error.range.end as usize <= bytes.len(), "an error outside");
    }
    for comment in tree.comments(bytes) {
        assert!(bytes.get(comment).is_some_and(|text| text.first() == Some(&b'#')), "a comment without its mark");
    }
}

/// Every place of an audit lies in its text; every number of an endpoint is that of one.
pub fn audit(audit: &Audit) {
    let sources = &audit.sources;
    assert_eq!(audit.verdicts.len(), audit.resolved.len(), "verdicts of each instance");
    for (one, verdicts) in audit.instances().zip(&audit.verdicts) {
        assert_eq!(one.endpoints.len(), verdicts.len(), "a verdict of each endpoint");
        instance(one, sources);
    }
    for problem in audit.all_problems() {
        located(problem, sources);
    }
    for finding in &audit.findings {
        for label in finding.primary.iter().chain(&finding.related) {
            inside(label.span, sources);
        }
        for edit in finding.fix.iter().flat_map(|fix| &fix.edits) {
            inside(edit.span, sources);
        }
        let of = audit.instance_of(finding).map_or(0, |instance| instance.endpoints.len());
        assert!(finding.endpoints.iter().all(|endpoint| *endpoint < of), "an endpoint that is none");
        assert!(!finding.message.is_empty(), "a finding without a message");
        assert_eq!(finding.fingerprint.len(), 32, "a fingerprint");
    }
}

fn instance(one: &Instance, sources: &SourceMap) {
    for setting in &one.settings {
        inside(setting.span, sources);
        inside(setting.value, sources);
        let trap = setting.trap.iter().flat_map(|trap| trap.related.iter().map(|(span, _)| *span));
        let dead = setting.dead.iter().filter_map(|dead| dead.by);
        trap.chain(dead).for_each(|span| inside(span, sources));
    }
    for unknown in &one.unknown {
        unknown.span.into_iter().for_each(|span| inside(span, sources));
    }
    for endpoint in &one.endpoints {
        answer(&endpoint.answer, sources);
        let settings = one.settings.len();
        assert!(endpoint.answer.deciders.iter().all(|id| (id.0 as usize) < settings), "a decider that is none");
    }
}

/// Every place of an answer lies in its text, and no floor adds versions.
pub fn answer(answer: &Answer, sources: &SourceMap) {
    let reasons = answer.configured.because.iter().filter_map(|reason| reason.span);
    let unknown = answer.unknown.iter().filter_map(|unknown| unknown.span);
    reasons.chain(unknown).for_each(|span| inside(span, sources));
    if let Some(effective) = answer.effective {
        assert!(effective.is_subset(answer.configured.value), "more is effective than is configured");
    }
}

fn located(problem: &Problem, sources: &SourceMap) {
    problem.span.iter().chain(&problem.hops).for_each(|span| inside(*span, sources));
    assert!(!problem.message.is_empty(), "a problem without a message");
}

fn inside(span: Span, sources: &SourceMap) {
    let length = sources.file(span.file).bytes().len();
    assert!(span.start <= span.end && span.end as usize <= length, "{span:?} in a text of {length} bytes");
}
