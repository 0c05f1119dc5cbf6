//! Test results in JUnit's XML, which Jenkins, GitLab and most other pipelines read.
//!
//! | what | suite | test case |
//! | --- | --- | --- |
//! | audit | an instance | an endpoint |
//! | probe | a target | a version |
//! | verify | an instance | an endpoint |
//!
//! A case fails with the findings that make the program fail, is an error where it can't be decided, and is skipped
//! where all that there is to say does not count, or where nothing is said because the policy does not want to hear what
//! can't be decided. What is about none of these (a directive that decides nothing, a file
//! that could not be read) is a case of its own.

mod audit;
mod probe;
mod verify;

use super::issue::Issue;
use super::{Report, markdown, sanitise};
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use std::collections::BTreeMap;
use std::io::{self, Write};

/// How a case ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Passed,
    Failed,
    Skipped,
    Error,
}

/// A test case.
struct Case {
    class: String,
    name: String,
    end: End,
    /// The rules, for the type of a failure.
    kind: String,
    /// One sentence.
    message: String,
    /// All that there is to say.
    text: String,
}

struct Suite {
    name: String,
    cases: Vec<Case>,
}

/// Gives each case of a suite a name of its own: readers take two cases of one name for the same.
fn tell_apart(suites: &mut [Suite]) {
    for suite in suites {
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for case in &mut suite.cases {
            let count = seen.entry(case.name.clone()).or_default();
            *count += 1;
            if *count > 1 {
                case.name = format!("{} (#{count})", case.name);
            }
        }
    }
}

/// Writes the document.
pub(super) fn write(report: Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut suites = match report {
        Report::Audit(view) => audit::suites(view),
        Report::Probe(view) => probe::suites(view),
        Report::Verify(view) => verify::suites(view),
    };
    tell_apart(&mut suites);
    let all = || suites.iter().flat_map(|suite| &suite.cases);
    let mut xml = Writer::new_with_indent(&mut *out, b' ', 2);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let mut root = BytesStart::new("testsuites");
    root.push_attribute(("name", "tlsmend"));
    counts(&mut root, all(), false);
    xml.write_event(Event::Start(root))?;
    for (at, suite) in suites.iter().enumerate() {
        let mut start = BytesStart::new("testsuite");
        start.push_attribute(("name", suite.name.as_str()));
        start.push_attribute(("id", at.to_string().as_str()));
        if let Some(host) = report.frame().host {
            start.push_attribute(("hostname", plain(host).as_str()));
        }
        counts(&mut start, suite.cases.iter(), true);
        xml.write_event(Event::Start(start))?;
        suite.cases.iter().try_for_each(|one| case(one, &mut xml))?;
        xml.write_event(Event::End(BytesEnd::new("testsuite")))?;
    }
    xml.write_event(Event::End(BytesEnd::new("testsuites")))?;
    xml.into_inner().write_all(b"\n")
}

fn counts<'a>(start: &mut BytesStart<'_>, cases: impl Iterator<Item = &'a Case>, skipped: bool) {
    let (mut tests, mut ends) = (0usize, [0usize; 3]);
    for case in cases {
        tests += 1;
        match case.end {
            End::Passed => {}
            End::Failed => ends[0] += 1,
            End::Error => ends[1] += 1,
            End::Skipped => ends[2] += 1,
        }
    }
    start.push_attribute(("tests", tests.to_string().as_str()));
    start.push_attribute(("failures", ends[0].to_string().as_str()));
    start.push_attribute(("errors", ends[1].to_string().as_str()));
    if skipped {
        start.push_attribute(("skipped", ends[2].to_string().as_str()));
    }
    // A time is asked for, and a real one would make two reports of the same host differ.
    start.push_attribute(("time", "0"));
}

fn case(case: &Case, xml: &mut Writer<&mut dyn Write>) -> io::Result<()> {
    let mut start = BytesStart::new("testcase");
    start.push_attribute(("classname", case.class.as_str()));
    start.push_attribute(("name", case.name.as_str()));
    start.push_attribute(("time", "0"));
    let tag = match case.end {
        End::Passed if case.text.is_empty() => return xml.write_event(Event::Empty(start)),
        End::Passed => "system-out",
        End::Failed => "failure",
        End::Error => "error",
        End::Skipped => "skipped",
    };
    xml.write_event(Event::Start(start))?;
    let mut inner = BytesStart::new(tag);
    if case.end != End::Passed {
        inner.push_attribute(("message", case.message.as_str()));
    }
    if matches!(case.end, End::Failed | End::Error) {
        inner.push_attribute(("type", case.kind.as_str()));
    }
    xml.write_event(Event::Start(inner))?;
    xml.write_event(Event::Text(BytesText::new(&case.text)))?;
    xml.write_event(Event::End(BytesEnd::new(tag)))?;
    xml.write_event(Event::End(BytesEnd::new("testcase")))
}

/// A case for what is about no endpoint.
fn alone(class: &str, issue: &Issue<'_>) -> Case {
    let place = issue.place.as_ref().map(markdown::location).unwrap_or_default();
    let name = plain(&format!("{} {place}", issue.rule));
    of_issues(class, name.trim_end().to_owned(), &[issue], issue.is_undecided() && issue.excuse.is_none())
}

/// A case by what is said about it.
fn of_issues(class: &str, name: String, issues: &[&Issue<'_>], undecided: bool) -> Case {
    let failing: Vec<&&Issue<'_>> = issues.iter().filter(|issue| issue.fails).collect();
    let excused = issues.iter().any(|issue| issue.excuse.is_some());
    let end = match (failing.is_empty(), undecided, excused) {
        (false, _, _) => End::Failed,
        (true, true, _) => End::Error,
        (true, false, true) => End::Skipped,
        (true, false, false) => End::Passed,
    };
    let chosen: Vec<&Issue<'_>> = match end {
        End::Failed => failing.into_iter().copied().collect(),
        _ => issues.to_vec(),
    };
    let mut kinds: Vec<&str> = chosen.iter().map(|issue| issue.rule).collect();
    kinds.dedup();
    let messages: Vec<&str> = chosen.iter().map(|issue| &*issue.message).collect();
    let message = if messages.is_empty() { "can't be decided".to_owned() } else { messages.join("; ") };
    Case {
        class: class.to_owned(),
        name,
        end,
        kind: if kinds.is_empty() { "unknown".to_owned() } else { kinds.join(" ") },
        message: plain(&message),
        text: lines(issues.iter().flat_map(|issue| told(issue))),
    }
}

/// An issue in a few lines.
fn told(issue: &Issue<'_>) -> Vec<String> {
    let word = if issue.is_problem() { "error" } else { issue.severity.name() };
    let mut lines = vec![format!("{word}[{}]: {}", issue.rule, issue.message)];
    lines.extend(issue.excuse.iter().map(|excuse| format!("  {excuse}")));
    for place in issue.place.iter().chain(&issue.related) {
        let label = if place.label.is_empty() { String::new() } else { format!("  ({})", place.label) };
        lines.push(
            format!("  {}: {}{label}", markdown::location(place), place.line).trim_end_matches([':', ' ']).to_owned(),
        );
    }
    lines.extend(issue.story().into_iter().map(|line| format!("  {line}")));
    lines
}

/// Lines, each without what would end it.
fn lines(lines: impl IntoIterator<Item = String>) -> String {
    lines.into_iter().map(|line| plain(&line)).collect::<Vec<_>>().join("\n")
}

/// Text of one line without the characters that XML can't hold: all of them are hostile to a terminal as well.
fn plain(text: &str) -> String {
    sanitise::text(text)
}
