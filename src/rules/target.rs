//! What a policy's scopes are held against: endpoints, settings and places, as a policy sees them.

use crate::endpoint::{Endpoint, ReasonKind, Role};
use crate::instance::{Instance, Setting};
use crate::policy::Target;
use crate::source::{FileId, SourceMap, Span};
use std::collections::HashSet;
use std::path::Path;

/// An endpoint as a policy sees it.
pub(super) fn of_endpoint<'a>(instance: &'a Instance, endpoint: &'a Endpoint, sources: &'a SourceMap) -> Target<'a> {
    let because = &endpoint.answer.configured.because;
    let servers = because.iter().filter(|r| r.kind == ReasonKind::Server).filter_map(|r| r.span);
    let deciders = endpoint.answer.deciders.iter().map(|id| instance.setting(*id));
    let spans = servers.chain(deciders.flat_map(|setting| [setting.span, setting.value]));
    let mut paths = paths(spans, sources);
    if paths.is_empty() {
        paths.push(&instance.main);
    }
    Target {
        service: instance.service.0,
        paths,
        role: endpoint.role,
        endpoint: Some((&endpoint.address, endpoint.name.as_deref())),
    }
}

/// The file that an endpoint belongs to: that of its virtual server, or of the line that connects to another one.
pub(super) fn file_of(instance: &Instance, endpoint: &Endpoint, sources: &SourceMap) -> Option<FileId> {
    let because = &endpoint.answer.configured.because;
    let server = because.iter().find(|reason| reason.kind == ReasonKind::Server).and_then(|reason| reason.span);
    let own = server.or_else(|| endpoint.origin()).map(|span| span.file);
    own.or_else(|| sources.find(&instance.main))
}

/// A setting as a policy sees it.
pub(super) fn of_setting<'a>(instance: &'a Instance, setting: &Setting, sources: &'a SourceMap) -> Target<'a> {
    let paths = paths([setting.span, setting.value].into_iter(), sources);
    Target { service: instance.service.0, paths, role: setting.role, endpoint: None }
}

/// A place, or an instance as a whole, as a policy sees it.
pub(super) fn of_place<'a>(instance: &'a Instance, span: Option<Span>, sources: &'a SourceMap) -> Target<'a> {
    let paths = span.map_or(vec![&*instance.main], |span| paths(std::iter::once(span), sources));
    Target { service: instance.service.0, paths, role: Role::Listener, endpoint: None }
}

fn paths(spans: impl Iterator<Item = Span>, sources: &SourceMap) -> Vec<&Path> {
    // By file: a line may be one of ten thousand that decide, each in a file of its own.
    let mut known: HashSet<FileId> = HashSet::new();
    spans.filter(|span| known.insert(span.file)).map(|span| sources.file(span.file).path()).collect()
}
