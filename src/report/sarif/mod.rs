//! The audit as SARIF 2.1.0, which pages for code scanning read.
//!
//! Locations are relative to `%SRCROOT%`: the folder that the paths of a repository are relative to, or the root of the
//! host. Columns count characters (`unicodeCodePoints`). Fixes replace exactly what the patch replaces. What is waived
//! or known is left out unless it is asked for, and then suppressed. Problems are notifications of the run.

mod schema;

use super::issue::{self, Issue, issues};
use super::{AuditView, RuleText, json, markdown};
use crate::edit::{self, Applicability};
use crate::finding::{Finding, Severity};
use crate::source::{FileId, Span};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use schema::{
    Artifact, Base, Change, Configuration, Content, Driver, Fix, Invocation, Location, Log, Message, Notification,
    Physical, Region, Replacement, ResultOut, ResultProperties, Rule, RuleProperties, Run, Suppression, Tool,
};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

const BASE: &str = "%SRCROOT%";
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
/// What a path may hold in a URI as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// A longer piece of text is not quoted.
const LONGEST: usize = 400;

/// Writes the log; `suppressed`: with what is waived or known, as suppressed results.
pub fn audit(view: &AuditView<'_>, suppressed: bool, out: &mut dyn Write) -> io::Result<()> {
    let issues = issues(view);
    let problems = issues.iter().filter(|issue| issue.finding.is_none());
    let shown = |issue: &&Issue<'_>| suppressed || issue.excuse.is_none();
    let results = issues.iter().filter(shown).filter_map(|issue| Some(result(view, issue, issue.finding?)));
    let run = Run {
        tool: Tool {
            driver: Driver {
                name: "tlsmend",
                semantic_version: env!("CARGO_PKG_VERSION"),
                rules: view.rules.iter().map(rule).collect(),
            },
        },
        invocations: [Invocation {
            execution_successful: view.totals().problems == 0,
            exit_code: view.exit.map(|exit| exit.status),
            exit_code_description: view.exit.map(|exit| exit.name.to_owned()),
            tool_execution_notifications: problems.map(|issue| notification(view, issue)).collect(),
        }],
        original_uri_base_ids: BTreeMap::from([(BASE, base(view))]),
        column_kind: "unicodeCodePoints",
        results: results.collect(),
        properties: properties(view),
    };
    json::write(&Log { schema: SCHEMA, version: "2.1.0", runs: [run] }, out)
}

fn properties(view: &AuditView<'_>) -> BTreeMap<&'static str, String> {
    let mut properties = BTreeMap::from([("policy", view.policy.to_owned())]);
    properties.extend(view.host.map(|host| ("host", host.to_owned())));
    properties
}

fn base(view: &AuditView<'_>) -> Base {
    match view.paths.base().is_none() {
        true => Base { uri: Some("file:///"), description: Message::text("the root directory of the host") },
        false => Base { uri: None, description: Message::text("the folder in which the audit ran") },
    }
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low => "note",
    }
}

fn rule<'a>(rule: &RuleText<'a>) -> Rule<'a> {
    Rule {
        id: rule.id,
        short_description: Message::text(rule.summary),
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
            },
        },
    }
}

fn notification(view: &AuditView<'_>, issue: &Issue<'_>) -> Notification {
    Notification {
        level: "error",
        message: Message::text(&issue.message),
        locations: issue.place.iter().map(|place| location(view, place)).collect(),
    }
}

fn result<'a>(view: &AuditView<'_>, issue: &Issue<'a>, finding: &'a Finding) -> ResultOut<'a> {
    let mut text = issue.message.clone();
    for more in markdown::endpoints(issue).into_iter().chain(issue.story()) {
        text.push('\n');
        text.push_str(&more);
    }
    let related = issue.related.iter().enumerate().map(|(at, place)| {
        let message = (!place.label.is_empty()).then(|| Message::text(&place.label));
        Location { id: Some(at + 1), message, ..location(view, place) }
    });
    ResultOut {
        rule_id: issue.rule,
        rule_index: view.rules.iter().position(|rule| rule.id == issue.rule),
        level: level(issue.severity),
        message: Message::text(text),
        locations: issue.place.iter().map(|place| location(view, place)).collect(),
        related_locations: related.collect(),
        partial_fingerprints: BTreeMap::from([("tlsmend/v1", issue.fingerprint.clone())]),
        suppressions: issue.excuse.clone().map(|excuse| suppression(finding, excuse)).into_iter().collect(),
        fixes: finding.fix.as_ref().and_then(|one| fix(view, one)).into_iter().collect(),
        properties: ResultProperties {
            severity: issue.severity.name(),
            verdict: finding.verdict.name(),
            endpoints: issue.endpoints.clone(),
        },
    }
}

fn suppression(finding: &Finding, justification: String) -> Suppression {
    let kind = if issue::is_waived_by_a_comment(finding) { "inSource" } else { "external" };
    Suppression { kind, status: "accepted", justification }
}

fn artifact(view: &AuditView<'_>, path: &Path) -> Artifact {
    let shown = view.paths.strip(path);
    let relative = shown.strip_prefix("/").unwrap_or(shown);
    let uri = percent_encode(relative.as_os_str().as_bytes(), PLAIN).to_string();
    // In a repository, a file outside of it has no place below the base.
    if view.paths.base().is_some() && shown.is_absolute() {
        return Artifact { uri: format!("file:///{uri}"), uri_base_id: None };
    }
    Artifact { uri, uri_base_id: Some(BASE) }
}

fn location(view: &AuditView<'_>, place: &issue::Place<'_>) -> Location {
    let region = place.region.map(|region| Region {
        start_line: region.line,
        start_column: region.column,
        end_line: region.end_line,
        end_column: region.end_column,
        snippet: place.span.and_then(|span| snippet(view, span)),
    });
    Location { id: None, physical: Physical { artifact_location: artifact(view, place.file), region }, message: None }
}

/// The text of a span, where it is text and short.
fn snippet(view: &AuditView<'_>, span: Span) -> Option<Content> {
    let text = view.sources.file(span.file).bytes().get(span.range())?;
    let text = std::str::from_utf8(text).ok().filter(|text| text.len() <= LONGEST)?;
    Some(Content { text: text.to_owned() })
}

/// The edits; none where the new text can't be written as JSON, or where a person has to look first.
fn fix(view: &AuditView<'_>, fix: &edit::Fix) -> Option<Fix> {
    if fix.applicability == Applicability::DisplayOnly {
        return None;
    }
    let mut files: BTreeMap<FileId, Vec<Replacement>> = BTreeMap::new();
    for edit in &fix.edits {
        let region = issue::region(view, edit.span);
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
        artifact_location: artifact(view, view.sources.file(file).path()),
        replacements,
    });
    Some(Fix { description: Message::text(&fix.title), artifact_changes: changes.collect() })
}
