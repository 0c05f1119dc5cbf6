//! All reports of an audit, each held against what its readers take for granted.

use super::printable;
use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use tlsmend::catalog::{self, Command};
use tlsmend::endpoint::{Address, Endpoint, Role, Transport};
use tlsmend::engine::{self, Audit};
use tlsmend::finding::Severity;
use tlsmend::instance::Instance;
use tlsmend::policy::Policy;
use tlsmend::report::facts::{FactsView, Known};
use tlsmend::report::html::Extra;
use tlsmend::report::secrets::Shown;
use tlsmend::report::{AuditView, Coverage, FORMATS, Frame, Outcome, Paths, Report, RuleText, Texts, WhyView};
use tlsmend::report::{json, text, why};
use tlsmend::services::service::{Destination, Question};

/// Paths as they are.
static ABSOLUTE: Paths = Paths::absolute();

/// So many endpoints of an instance are asked about.
const MOST_ASKED: usize = 8;

/// The reports in all formats, one after another.
pub fn all(audit: &Audit, policy: &Policy) -> Vec<u8> {
    let sources = Shown::masked(audit.sources.fork(u32::from(u8::MAX)));
    let findings = Shown::masked(audit.findings.clone());
    let problems = Shown::masked(audit.problems.clone());
    let instances = Shown::masked(audit.instances().cloned().collect::<Vec<Instance>>());
    let rules: Vec<RuleText<'_>> = catalog::of(Command::Audit)
        .map(|rule| {
            let (summary, reason, help) = ("a rule", "a reason", "# a rule\n");
            RuleText { id: rule.id.0, summary, reason, help, severity: Severity::Low }
        })
        .collect();
    let files: BTreeSet<_> = instances.iter().flat_map(|instance| &instance.files).collect();
    let view = AuditView {
        uncovered: &Shown::default(),
        frame: Frame {
            texts: Texts { sources: &sources, paths: &ABSOLUTE },
            policy: &policy.name,
            options: " --root /mnt",
            fail_on: Severity::Medium,
            outcome: Outcome::Findings,
            host: Some("a.example"),
            rules: &rules,
        },
        policy_sha256: None,
        instances: &instances,
        verdicts: &audit.verdicts,
        findings: &findings,
        problems: &problems,
        files: Coverage {
            read: files.len(),
            found: files.len() + problems.len(),
            passed_over: audit.passed_over,
            excluded: audit.excluded.len(),
        },
        managed: &Shown::default(),
        reload: &Shown::default(),
        extra: Extra {
            patch: &Shown::default(),
            facts: Some(&Shown::masked(no_facts())),
            demands: &Shown::default(),
            masked: true,
        },
        include_waived: true,
        width: text::WIDTH,
    };
    written(&view)
}

/// Writes a report into memory.
fn report(write: impl FnOnce(&mut dyn io::Write) -> io::Result<()>) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(&mut bytes).expect("writing to memory");
    bytes
}

fn written(view: &AuditView<'_>) -> Vec<u8> {
    let reports: Vec<(&str, Vec<u8>)> =
        FORMATS.iter().map(|format| (format.name, report(|out| (format.write)(Report::Audit(view), out)))).collect();
    for (format, bytes) in &reports {
        hold(format, bytes);
    }
    reports.into_iter().flat_map(|(_, bytes)| bytes).collect()
}

/// What the readers of a format take for granted.
pub fn hold(format: &str, report: &[u8]) {
    match format {
        "json" | "sarif" | "gitlab" => {
            let _any: serde_json::Value =
                serde_json::from_slice(report).unwrap_or_else(|error| panic!("{format} is not JSON: {error}"));
            // What a string holds is escaped, or it is harmless in a file of JSON.
            let raw = report.iter().find(|byte| **byte < b' ' && **byte != b'\n');
            assert!(raw.is_none(), "{format} has {raw:?} as it is");
        }
        "junit" => well_formed(report),
        "github" => starts(report, &["::error ", "::warning ", "::notice "], format),
        "prometheus" => starts(report, &["# HELP ", "# TYPE ", "tlsmend_"], format),
        _ => {}
    }
    if !matches!(format, "json" | "sarif" | "gitlab") {
        printable::hold(format, report);
    }
}

fn starts(report: &[u8], starts: &[&str], format: &str) {
    let text = String::from_utf8_lossy(report);
    let odd = text.lines().find(|line| !starts.iter().any(|start| line.starts_with(start)));
    assert!(odd.is_none(), "{format} has the line {odd:?}");
}

fn well_formed(report: &[u8]) {
    let text = std::str::from_utf8(report).expect("UTF-8");
    let mut reader = quick_xml::Reader::from_str(text);
    reader.config_mut().check_end_names = true;
    let mut next = || reader.read_event().unwrap_or_else(|error| panic!("junit is no XML: {error}"));
    while next() != quick_xml::events::Event::Eof {}
}

fn no_facts() -> FactsView {
    FactsView {
        distribution: Known::default(),
        init: Known::default(),
        servers: Vec::new(),
        libraries: Vec::new(),
        problems: Vec::new(),
        outcome: Outcome::Known,
    }
}

/// What `why` says to the clients of some endpoints, and to one of a name that no file has.
pub fn answers(audit: &Audit) -> Vec<u8> {
    let mut said = Vec::new();
    for instance in audit.instances() {
        for endpoint in instance.endpoints.iter().take(MOST_ASKED) {
            let Some(target) = target(endpoint) else { continue };
            for sni in [endpoint.name.as_deref(), None, Some("no.such.example")] {
                let question =
                    Question { target: target.clone(), transport: endpoint.transport, sni: sni.map(str::to_owned) };
                said.extend(answer(audit, &question, &endpoint.address.to_string()));
            }
        }
    }
    said
}

fn target(endpoint: &Endpoint) -> Option<Destination> {
    if endpoint.role != Role::Listener || endpoint.transport != Transport::Stream {
        return None;
    }
    match &*endpoint.address {
        Address::Any(port) => Some(Destination::Ip([127, 0, 0, 1].into(), *port)),
        Address::Ip(ip, port) => Some(Destination::Ip(*ip, *port)),
        Address::Unix(path) => Some(Destination::Unix(path.clone())),
        Address::Remote(_) => None,
    }
}

fn answer(audit: &Audit, question: &Question, address: &str) -> Vec<u8> {
    let (found, _) = engine::ask(&audit.resolved, question);
    // Somebody listens there: the endpoint that the question is about.
    let (instance, response) = found.unwrap_or_else(|| panic!("nobody answers at {address}"));
    super::consistent::answer(&response.answer, &audit.sources);
    let (masked, sources) =
        (Shown::masked(Arc::clone(&response.answer)), Shown::of(audit.sources.fork(u32::from(u8::MAX)), true));
    let view = WhyView {
        open: &Shown::default(),
        address,
        sni: question.sni.as_deref(),
        service: Some(instance.service.0),
        answer: Some(&masked),
        texts: Texts { sources: &sources, paths: &ABSOLUTE },
    };
    let text = report(|out| why::text(&view, out));
    printable::hold("why", &text);
    let json = report(|out| json::why(&view, out));
    hold("json", &json);
    [text, json].concat()
}
