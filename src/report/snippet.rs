//! Findings and problems in the manner of a compiler: a headline, the line with a caret, other places, notes.

use super::excerpt::{self, Shown};
use super::{AuditView, Paths, Texts, patch, sanitise};
use crate::endpoint::{Endpoint, Role};
use crate::finding::{Finding, Severity, Standing, Waived, WaiverPlace};
use crate::instance::Problem;
use crate::source::{SourceMap, Span};
use annotate_snippets::{Annotation, AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet};
use std::io::{self, Write};

/// The width that text is made for where no terminal shows it, and that its sentences have everywhere.
pub(super) const WIDTH: usize = 100;
/// Places of one file that are this many lines apart share an excerpt.
const NEAR: u32 = 6;
/// So many endpoints are named in a finding.
const NAMED: usize = 5;

/// So many places of one finding are shown.
const MOST_MARKS: usize = 200;

/// A place to show.
struct Mark<'a> {
    span: Span,
    text: &'a str,
    kind: AnnotationKind,
}

/// Writes a finding and its fix, without an empty line after it. Excerpts are cut to the width.
pub(super) fn finding(view: &AuditView<'_>, finding: &Finding, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let primary = finding.primary.iter().map(|l| Mark { span: l.span, text: &l.text, kind: AnnotationKind::Primary });
    let related = finding.related.iter().map(|l| Mark { span: l.span, text: &l.text, kind: AnnotationKind::Context });
    let marks: Vec<Mark<'_>> = primary.chain(related).take(MOST_MARKS).collect();
    let more = (finding.related.len() + usize::from(finding.primary.is_some())).saturating_sub(marks.len());
    let level = match finding.severity {
        Severity::High => Level::ERROR,
        Severity::Medium => Level::WARNING,
        Severity::Low | Severity::Note => Level::NOTE,
    };
    let name = match &finding.standing {
        Standing::Open => finding.severity.name().to_owned(),
        standing => format!("{}, {}", standing.name(), finding.severity),
    };
    let level = if finding.is_open() { level } else { Level::INFO };
    let title = level.with_name(name).primary_title(sanitise::text(&finding.message));
    let mut group = Group::with_title(title.id(finding.rule.0));
    let instance = finding.instance.and_then(|at| view.instances.get(at));
    if marks.is_empty()
        && let Some(instance) = instance
    {
        group = group.element(Origin::path(view.frame.texts.paths.show(&instance.main)));
    }
    group = group.elements(places(view.frame.texts.sources, view.frame.texts.paths, &marks));
    if more > 0 {
        group = group.element(Level::NOTE.message(format!("{more} more places are not shown")));
    }
    let endpoints = instance.map_or(&[][..], |instance| &instance.endpoints[..]);
    if let Some(named) = named(endpoints, &finding.endpoints) {
        group = group.element(Level::NOTE.with_name("endpoints").message(named));
    }
    group = group.elements(finding.notes.iter().map(|note| Level::NOTE.message(sanitise::text(note))));
    if let Standing::Waived(waived) = &finding.standing {
        group =
            group.element(Level::NOTE.with_name("waived").message(sanitise::text(&waiver(view.frame.texts, waived))));
    }
    if let Some(help) = &finding.help {
        group = group.element(Level::HELP.message(sanitise::text(help)));
    }
    writeln!(out, "{}", render(group, width))?;
    let Some(fix) = &finding.fix else { return Ok(()) };
    let help = annotate_snippets::renderer::DEFAULT_HELP_STYLE;
    writeln!(out, "{help}help{help:#}: {}", sanitise::text(&fix.headline()))?;
    let shown = finding.primary.as_ref().map(|label| label.span.file);
    patch::write(view.frame.texts.sources, view.frame.texts.paths, fix, shown, out)
}

/// Who decided to live with a finding, and why: `old tills (web team, until 2027-01-31; policy.yaml:12)`.
pub(super) fn waiver(texts: Texts<'_>, waived: &Waived) -> String {
    let place = match &waived.place {
        WaiverPlace::Policy { file, line } => format!("{file}:{line}"),
        WaiverPlace::Comment(span) => {
            let path = texts.paths.show(texts.sources.file(span.file).path());
            format!("{path}:{}", texts.sources.line_column(*span).line)
        }
    };
    let until = waived.until.as_ref().map(|until| format!("until {until}"));
    let terms: Vec<String> = waived.owner.clone().into_iter().chain(until).collect();
    let terms = if terms.is_empty() { String::new() } else { format!("{}; ", terms.join(", ")) };
    format!("{} ({terms}{place})", waived.reason)
}

/// Writes a problem, without an empty line after it.
pub(super) fn problem(
    sources: &SourceMap,
    paths: &Paths,
    problem: &Problem,
    width: usize,
    out: &mut dyn Write,
) -> io::Result<()> {
    let place = problem.span.map(|span| Mark { span, text: "", kind: AnnotationKind::Primary });
    let hops =
        problem.hops.iter().map(|hop| Mark { span: *hop, text: "reached from here", kind: AnnotationKind::Context });
    let marks: Vec<Mark<'_>> = place.into_iter().chain(hops).take(MOST_MARKS).collect();
    let mut group = Group::with_title(Level::ERROR.primary_title(sanitise::text(&problem.message)));
    if let (None, Some(path)) = (problem.span, &problem.path) {
        group = group.element(Origin::path(paths.show(path)));
    }
    group = group.elements(places(sources, paths, &marks));
    writeln!(out, "{}", render(group, width))
}

fn render(group: Group<'_>, width: usize) -> String {
    let text = Renderer::styled().term_width(width).render(&[group]);
    // Without an excerpt there is no column of line numbers; what names a file stands where it does beside one.
    let mut is_after = false;
    let line = |line: &str| {
        let plain = without_styles(line);
        is_after |= plain.starts_with("-->") || plain.starts_with(" = ");
        format!("{}{line}", if is_after { " " } else { "" })
    };
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

/// A line from its first visible character on.
fn without_styles(mut line: &str) -> &str {
    while let Some((_, rest)) = line.strip_prefix("\x1b[").and_then(|rest| rest.split_once('m')) {
        line = rest;
    }
    line
}

/// The excerpts that show all marks: that of the first mark first, near ones of a file together.
fn places(sources: &SourceMap, paths: &Paths, marks: &[Mark<'_>]) -> Vec<Element<'static>> {
    let mut elements: Vec<Element<'static>> = Vec::new();
    let mut shown: Vec<(&Mark<'_>, Option<Shown>)> =
        marks.iter().map(|mark| (mark, excerpt::shown(sources.file(mark.span.file), mark.span))).collect();
    while !shown.is_empty() {
        let (first, part) = shown.remove(0);
        let Some(part) = part else {
            elements.extend(told(sources, paths, first));
            continue;
        };
        let mut cluster = vec![(first, part)];
        let (mut low, mut high) = (part.first_line, part.last_line);
        // Each mark that joins may bring others near, so look until none does.
        while let Some(i) = shown.iter().position(|(mark, part)| {
            let near = |p: &Shown| p.first_line <= high + NEAR && p.last_line + NEAR >= low;
            mark.span.file == first.span.file && part.as_ref().is_some_and(near)
        }) {
            let (mark, part) = shown.remove(i);
            if let Some(part) = part {
                (low, high) = (low.min(part.first_line), high.max(part.last_line));
                cluster.push((mark, part));
            }
        }
        elements.push(snippet(sources, paths, &cluster).into());
    }
    elements
}

fn snippet(
    sources: &SourceMap,
    paths: &Paths,
    cluster: &[(&Mark<'_>, Shown)],
) -> Snippet<'static, Annotation<'static>> {
    let file = sources.file(cluster[0].0.span.file);
    let parts: Vec<Shown> = cluster.iter().map(|(_, part)| *part).collect();
    let excerpt = excerpt::cut(file, &parts);
    let annotations = cluster.iter().zip(excerpt.marks).map(|((mark, _), range)| {
        let label = (!mark.text.is_empty()).then(|| sanitise::line(mark.text.as_bytes()));
        mark.kind.span(range).label(label)
    });
    Snippet::source(excerpt.text)
        .line_start(excerpt.first_line as usize)
        .path(paths.show(file.path()))
        .annotations(annotations)
}

/// A mark that is too far in its line to be shown.
fn told(sources: &SourceMap, paths: &Paths, mark: &Mark<'_>) -> [Element<'static>; 2] {
    let file = sources.file(mark.span.file);
    let at = file.line_column(mark.span.start);
    let origin = Origin::path(paths.show(file.path())).line(at.line as usize).char_column(at.column as usize);
    let text = if mark.text.is_empty() { "the place" } else { mark.text };
    let note = format!("{}: {}", sanitise::line(text.as_bytes()), excerpt::line(sources, mark.span, WIDTH / 2));
    [origin.into(), Level::NOTE.message(note).into()]
}

/// An endpoint for a sentence: `0.0.0.0:443 (a.test)`.
pub(super) fn endpoint(endpoint: &Endpoint) -> String {
    let address = match endpoint.role {
        Role::Listener => endpoint.transport.of(&endpoint.address.to_string()),
        Role::Upstream => format!("-> {}", endpoint.address),
    };
    let text = match &endpoint.name {
        Some(name) => format!("{address} ({name})"),
        None => address,
    };
    sanitise::line(text.as_bytes())
}

/// The first endpoints, in lines that are not too long, and how many more there are.
fn named(endpoints: &[Endpoint], indices: &[usize]) -> Option<String> {
    let mut words: Vec<String> = indices.iter().filter_map(|i| endpoints.get(*i)).take(NAMED).map(endpoint).collect();
    let last = words.pop()?;
    let more = indices.len().saturating_sub(NAMED);
    let mut words: Vec<String> = words.into_iter().map(|word| format!("{word}, ")).collect();
    words.push(last);
    if more > 0 {
        words.push(format!(" and {more} more"));
    }
    let mut lines = vec![String::new()];
    for word in words {
        if let Some(line) = lines.last_mut() {
            if line.is_empty() || line.chars().count() + word.chars().count() <= WIDTH - 20 {
                line.push_str(&excerpt::clip(&word, 0, WIDTH - 20));
            } else {
                lines.push(excerpt::clip(word.trim_start(), 0, WIDTH - 20));
            }
        }
    }
    Some(lines.iter().map(|line| line.trim_end()).collect::<Vec<_>>().join("\n"))
}
