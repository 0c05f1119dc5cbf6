//! SARIF 2.1.0, which pages for code scanning read.
//!
//! Locations are relative to `%SRCROOT%`: the folder that the paths of a repository are relative to, or the root of the
//! host. Columns count characters (`unicodeCodePoints`). Fixes replace exactly what the patch replaces. What is waived
//! or known is left out unless it is asked for, and then suppressed. Problems are notifications of the run. What
//! handshakes showed has the endpoint as a logical location besides.

mod schema;

use super::issue::{self, Issue};
use super::sanitise::SafeLine;
use super::{Frame, Paths, Report, RuleText, Texts, json, markdown};
use crate::edit;
use crate::finding::{Severity, Verdict};
use crate::source::{FileId, Span};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use schema::{
    Artifact, Base, Change, Configuration, Content, Driver, Fix, Invocation, Location, Log, Logical, Message,
    Notification, Physical, Region, Replacement, ResultOut, ResultProperties, Rule, RuleProperties, Run, Suppression,
    Tool,
};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

const BASE: &str = "%SRCROOT%";
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
/// What a path may hold in a URI as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// Where the project is, from the manifest; empty: it has no public place.
const REPOSITORY: &str = env!("CARGO_PKG_REPOSITORY");
/// A longer piece of text is not quoted.
const LONGEST: usize = 400;

/// Writes the log.
pub(super) fn write(report: Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let (frame, rows) = (report.frame(), report.rows());
    let problems: Vec<&Issue<'_>> = rows.iter().filter(|issue| issue.is_problem()).collect();
    let shown = |issue: &&Issue<'_>| report.has_suppressed() || issue.excuse.is_none();
    let results = rows.iter().filter(shown).filter_map(|issue| Some(result(frame, issue, issue.verdict?)));
    let mut properties = BTreeMap::from([("policy", frame.policy.to_owned())]);
    properties.extend(frame.host.map(|host| ("host", host.to_owned())));
    let run = Run {
        tool: Tool {
            driver: Driver {
                name: "tlsmend",
                semantic_version: env!("CARGO_PKG_VERSION"),
                information_uri: Some(REPOSITORY.to_owned()).filter(|address| !address.is_empty()),
                rules: frame.rules.iter().map(rule).collect(),
            },
        },
        invocations: [Invocation {
            execution_successful: problems.is_empty(),
            exit_code: frame.outcome.status(),
            exit_code_description: frame.outcome.name(),
            tool_execution_notifications: problems.iter().map(|issue| notification(frame.texts, issue)).collect(),
        }],
        original_uri_base_ids: BTreeMap::from([(BASE, base(frame.texts.paths))]),
        column_kind: "unicodeCodePoints",
        results: results.collect(),
        properties,
    };
    json::write(&Log { schema: SCHEMA, version: "2.1.0", runs: [run] }, out)
}

fn base(paths: &Paths) -> Base {
    match paths.base().is_none() {
        true => Base { uri: Some("file:///"), description: Message::text("the root directory of the host") },
        false => Base { uri: None, description: Message::text("the folder in which the audit ran") },
    }
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Note => "note",
    }
}

fn rule<'a>(rule: &RuleText<'a>) -> Rule<'a> {
    Rule {
        id: rule.id,
        name: rule_name(rule.id),
        short_description: Message::text(rule.summary),
        // Code scanning refuses a rule without it.
        full_description: Message::text(format!("{} {}", rule.summary, rule.reason.replace('\n', " "))),
        help_uri: page_address(REPOSITORY, rule.id),
        help: Message { text: rule.help.to_owned(), markdown: Some(rule.help.to_owned()) },
        default_configuration: Configuration { level: level(rule.severity) },
        properties: RuleProperties {
            tags: ["security", "external/cwe/cwe-327"],
            precision: "very-high",
            // Scores between 7 and 9 are shown as high, from 4 on as medium, below as low.
            security_severity: match rule.severity {
                Severity::High => "7.5",
                Severity::Medium => "5.0",
                Severity::Low => "3.0",
                Severity::Note => "1.0",
            },
        },
    }
}

/// The words of a rule's name in humps, as the standard has such names: `ForbiddenVersion`. Of one word it would be the
/// name once more, which the standard does not want.
fn rule_name(id: &str) -> Option<String> {
    let capitalize =
        |word: &str| word.chars().take(1).flat_map(char::to_uppercase).chain(word.chars().skip(1)).collect();
    id.contains('-').then(|| id.split('-').map(capitalize).collect::<Vec<String>>().concat())
}

/// The rule's page in the sources of this version, below the address of the repository.
fn page_address(repository: &str, id: &str) -> Option<String> {
    let version = env!("CARGO_PKG_VERSION");
    (!repository.is_empty()).then(|| format!("{repository}/blob/v{version}/docs/rules/{id}.md"))
}

fn notification(texts: Texts<'_>, issue: &Issue<'_>) -> Notification {
    Notification {
        level: "error",
        message: Message::text(&*issue.message),
        locations: issue.place.iter().map(|place| location(texts, place)).collect(),
    }
}

fn result<'a>(frame: &Frame<'_>, issue: &Issue<'a>, verdict: Verdict) -> ResultOut<'a> {
    let texts = frame.texts;
    let mut text = issue.message.to_string();
    let story = issue.story().into_iter().map(|line| line.to_string());
    for more in markdown::endpoints(issue).into_iter().chain(story) {
        text.push('\n');
        text.push_str(&more);
    }
    let related = issue.related.iter().enumerate().map(|(at, place)| {
        let message = (!place.label.is_empty()).then(|| Message::text(&*place.label));
        Location { id: Some(at + 1), message, ..location(texts, place) }
    });
    let fixes = issue.finding.and_then(|finding| finding.fix.as_ref());
    ResultOut {
        rule_id: issue.rule,
        rule_index: frame.rules.iter().position(|rule| rule.id == issue.rule),
        level: level(issue.severity),
        message: Message::text(text),
        locations: issue
            .place
            .iter()
            .map(|place| with_region(Location { logical: logical(issue), ..location(texts, place) }))
            .collect(),
        related_locations: related.collect(),
        partial_fingerprints: BTreeMap::from([("tlsmend/v1", issue.fingerprint.clone())]),
        suppressions: suppression(issue).into_iter().collect(),
        fixes: fixes.and_then(|one| fix(texts, one)).into_iter().collect(),
        properties: ResultProperties {
            severity: issue.severity.name(),
            verdict: verdict.name(),
            endpoints: issue.endpoints.iter().map(SafeLine::to_string).collect(),
        },
    }
}

fn suppression(issue: &Issue<'_>) -> Option<Suppression> {
    let justification = issue.excuse.as_ref()?.to_string();
    let in_source = issue.finding.is_some_and(issue::is_waived_by_a_comment);
    Some(Suppression { kind: if in_source { "inSource" } else { "external" }, status: "accepted", justification })
}

/// The endpoints with which hands were shaken: what the result is about is no text.
fn logical(issue: &Issue<'_>) -> Vec<Logical> {
    let endpoints = issue.endpoints.iter().filter(|_| issue.finding.is_none());
    endpoints.map(|one| Logical { fully_qualified_name: one.to_string(), kind: "resource" }).collect()
}

fn artifact(texts: Texts<'_>, path: &Path) -> Artifact {
    let shown = texts.paths.strip(path);
    let relative = shown.strip_prefix("/").unwrap_or(shown);
    let uri = percent_encode(relative.as_os_str().as_bytes(), PLAIN).to_string();
    match (texts.paths.base().is_some(), shown.is_absolute()) {
        // In a repository, a file outside of it has no place below the base.
        (true, true) => Artifact { uri: format!("file:///{uri}"), uri_base_id: None },
        // What is relative where nothing is, is no file of the host: a policy, a target of the command line.
        (false, false) => Artifact { uri, uri_base_id: None },
        _ => Artifact { uri, uri_base_id: Some(BASE) },
    }
}

fn location(texts: Texts<'_>, place: &issue::Place<'_>) -> Location {
    let region = place.region.map(|region| Region {
        start_line: region.line,
        start_column: region.column,
        end_line: region.end_line,
        end_column: region.end_column,
        snippet: place.span.and_then(|span| snippet(texts, span)),
    });
    let physical = Physical { artifact_location: artifact(texts, place.file), region };
    Location { id: None, physical, logical: Vec::new(), message: None }
}

/// A whole file as the place of a result is pointed at by its beginning: code scanning refuses a result without a line.
fn with_region(mut location: Location) -> Location {
    let beginning = || Region { start_line: 1, start_column: 1, end_line: 1, end_column: 1, snippet: None };
    location.physical.region.get_or_insert_with(beginning);
    location
}

/// The text of a span, where it is text and short.
fn snippet(texts: Texts<'_>, span: Span) -> Option<Content> {
    let file = texts.sources.file(span.file);
    let range = Some(span.range()).filter(|range| range.start <= range.end && range.end <= file.bytes().len())?;
    let text = String::from_utf8(file.shown(range).into_owned()).ok().filter(|text| text.len() <= LONGEST)?;
    Some(Content { text })
}

/// The edits; none where the new text can't be written as JSON, or where a person has to look first: whoever applies them
/// sees no more than a title.
fn fix(texts: Texts<'_>, fix: &edit::Fix) -> Option<Fix> {
    if !fix.is_safe() {
        return None;
    }
    let mut files: BTreeMap<FileId, Vec<Replacement>> = BTreeMap::new();
    for edit in &fix.edits {
        let region = issue::region(texts.sources, edit.span);
        files.entry(edit.span.file).or_default().push(Replacement {
            deleted_region: Region {
                start_line: region.line,
                start_column: region.column,
                end_line: region.end_line,
                end_column: region.end_column,
                snippet: None,
            },
            inserted_content: Content { text: String::from_utf8(edit.replacement.clone()).ok()? },
        });
    }
    let changes = files.into_iter().map(|(file, replacements)| Change {
        artifact_location: artifact(texts, texts.sources.file(file).path()),
        replacements,
    });
    Some(Fix { description: Message::text(&fix.title), artifact_changes: changes.collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_have_names_in_humps_and_addresses_below_the_repository() {
        assert_eq!(rule_name("union-or-override").as_deref(), Some("UnionOrOverride"));
        assert_eq!(rule_name("unknown"), None);
        assert_eq!(page_address("", "unknown"), None, "no address is made up");
        let version = env!("CARGO_PKG_VERSION");
        let expected = format!("https://code.example/tlsmend/blob/v{version}/docs/rules/unknown.md");
        assert_eq!(page_address("https://code.example/tlsmend", "unknown"), Some(expected));
    }
}
