//! A host made by hand: texts, instances and findings.

use crate::edit::{Edit, Fix};
use crate::endpoint::{Address, Answer, Endpoint, Preface, Reason, Role, Speaks, Traced, Transport, Unknown};
use crate::finding::{self, Finding, Label, RuleId, Severity, Verdict};
use crate::instance::{Ability, Instance, Problem, ServiceId, Standing, Uncovered};
use crate::report::html::{Changed, Extra};
use crate::report::secrets::{Mask, Shown};
use crate::report::{AuditView, Coverage, Frame, ManagedFile, Outcome, Paths, Report, Texts, json, text};
use crate::source::{SourceMap, Span};
use crate::tls::{Version, VersionSet};
use crate::topic::Topic;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// Paths as they are.
pub(super) static ABSOLUTE: Paths = Paths::absolute();

pub(super) const MAIN: &str = "/etc/nginx/nginx.conf";
pub(super) const SNIPPET: &str = "/etc/nginx/snippets/tls.conf";

/// What an audit has found.
#[derive(Default)]
pub(super) struct Host {
    pub(super) sources: Shown<SourceMap>,
    pub(super) instances: Shown<Vec<Instance>>,
    pub(super) verdicts: Vec<Vec<Verdict>>,
    pub(super) findings: Shown<Vec<Finding>>,
    pub(super) problems: Shown<Vec<Problem>>,
    pub(super) files: Coverage,
    pub(super) managed: Shown<Vec<ManagedFile>>,
    pub(super) reload: Shown<Vec<(String, String)>>,
    pub(super) uncovered: Shown<Vec<Uncovered>>,
    /// What is not known, where `why` is asked.
    pub(super) open: Shown<Vec<Unknown>>,
    patch: Shown<Vec<Changed>>,
    demands: Shown<Vec<(String, String)>>,
}

/// As it is.
pub(super) fn shown<T: Mask>(value: T) -> Shown<T> {
    Shown::of(value, true)
}

pub(super) fn versions(names: &str) -> VersionSet {
    names.split_whitespace().map(|name| Version::from_name(name.as_bytes()).unwrap()).collect()
}

pub(super) fn answer(configured: &str, effective: Option<&str>, because: Vec<Reason>) -> Answer {
    Answer {
        speaks: Speaks::Tls,
        configured: Traced { value: versions(configured), because },
        effective: effective.map(versions),
        usable: None,
        refuses: false,
        deciders: Vec::new(),
        unknown: Vec::new(),
    }
}

pub(super) fn plaintext() -> Answer {
    Answer { speaks: Speaks::Plaintext, ..answer("", Some(""), Vec::new()) }
}

pub(super) fn unknown(what: &str, help: &str, span: Option<Span>) -> Unknown {
    Unknown { topic: Topic::of("made-up"), span, what: what.to_owned(), help: help.to_owned() }
}

pub(super) fn endpoint(port: u16, name: Option<&str>, answer: &Arc<Answer>) -> Endpoint {
    Endpoint {
        role: Role::Listener,
        address: Arc::new(Address::Any(port)),
        transport: Transport::Stream,
        preface: Preface::default(),
        name: name.map(Arc::from),
        answer: Arc::clone(answer),
    }
}

pub(super) fn instance(service: &'static str, main: &str, endpoints: Vec<Endpoint>) -> Instance {
    let ability = Ability { versions: VersionSet::TLS, known: true, needs: BTreeMap::new(), unproven: BTreeMap::new() };
    Instance { endpoints, ..Instance::new(ServiceId(service), Standing::Loaded, PathBuf::from(main), ability) }
}

pub(in crate::report) fn finding(rule: &'static str, severity: Severity, verdict: Verdict, message: &str) -> Finding {
    Finding {
        fingerprint: "0123456789abcdef0123456789abcdef".to_owned(),
        standing: finding::Standing::Open,
        instance: Some(0),
        ..Finding::new(RuleId(rule), verdict, severity, message.to_owned())
    }
}

impl Host {
    /// A file and its content.
    pub(super) fn file(&mut self, path: &str, bytes: impl AsRef<[u8]>) {
        self.sources.insert(PathBuf::from(path), bytes.as_ref().to_vec());
        self.files.read += 1;
        self.files.found += 1;
    }

    /// The first place of a text in a file.
    pub(super) fn at(&self, path: &str, needle: impl AsRef<[u8]>) -> Span {
        let needle = needle.as_ref();
        let id = self.sources.find(path.as_ref()).unwrap();
        let bytes = self.sources.file(id).bytes();
        let start = bytes.windows(needle.len()).position(|window| window == needle).unwrap();
        Span::new(id, start as u32, (start + needle.len()) as u32)
    }

    pub(super) fn label(&self, path: &str, needle: &str, text: &str) -> Label {
        Label { span: self.at(path, needle), text: text.to_owned() }
    }

    /// A fix that replaces the first place of a text in a file.
    pub(super) fn fix(&self, title: &str, path: &str, needle: &str, replacement: &str) -> Fix {
        Fix::safe(title, vec![self.edit(path, needle, replacement)])
    }

    pub(super) fn edit(&self, path: &str, needle: &str, replacement: &str) -> Edit {
        Edit { span: self.at(path, needle), replacement: replacement.as_bytes().to_vec() }
    }

    pub(super) fn view(&self) -> AuditView<'_> {
        AuditView {
            frame: Frame {
                texts: Texts { sources: &self.sources, paths: &ABSOLUTE },
                policy: "default",
                options: "",
                fail_on: Severity::Low,
                outcome: if self.findings.is_empty() { Outcome::Compliant } else { Outcome::Findings },
                host: Some("web1.example"),
                rules: &[],
            },
            policy_sha256: None,
            instances: &self.instances,
            verdicts: &self.verdicts,
            findings: &self.findings,
            problems: &self.problems,
            uncovered: &self.uncovered,
            files: self.files,
            managed: &self.managed,
            reload: &self.reload,
            extra: Extra { patch: &self.patch, facts: None, demands: &self.demands, masked: true },
            include_waived: false,
            width: text::WIDTH,
        }
    }

    /// The report as text without styles.
    pub(super) fn text(&self) -> String {
        plain(|out| text::write(Report::Audit(&self.view()), out))
    }

    pub(super) fn json(&self) -> String {
        let mut out = Vec::new();
        json::report(Report::Audit(&self.view()), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }
}

/// What is written, without styles.
pub(super) fn plain(write: impl FnOnce(&mut dyn std::io::Write) -> std::io::Result<()>) -> String {
    let mut out = anstream::StripStream::new(Vec::new());
    write(&mut out).unwrap();
    String::from_utf8(out.into_inner()).unwrap()
}

/// A host with one nginx whose snippet turns TLSv1 on: exposed through a hop, with a fix.
pub(super) fn exposed() -> Host {
    let mut host = Host::default();
    host.file(
        MAIN,
        "http {\n    include snippets/tls.conf;\n    server {\n        listen 443 ssl;\n        server_name a.test;\n    }\n}\n",
    );
    host.file(SNIPPET, "# shared\nssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;\n");
    host.reload.push(("nginx".into(), "systemctl reload nginx".into()));
    let because = vec![
        Reason::at(crate::endpoint::ReasonKind::Listen, host.at(MAIN, "listen 443 ssl"), "opens *:443"),
        Reason::at(crate::endpoint::ReasonKind::Include, host.at(MAIN, "include snippets/tls.conf;"), ""),
        Reason::at(
            crate::endpoint::ReasonKind::Versions,
            host.at(SNIPPET, "ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;"),
            "inherited from the http block",
        ),
    ];
    let all = "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3";
    let tls = Arc::new(answer(all, Some(all), because));
    let endpoints = vec![
        endpoint(443, None, &tls),
        endpoint(443, Some("a.test"), &tls),
        endpoint(80, None, &Arc::new(plaintext())),
    ];
    host.instances.push(instance("nginx", MAIN, endpoints));
    host.verdicts.push(vec![Verdict::Exposed, Verdict::Exposed, Verdict::Compliant]);
    let mut finding = finding("forbidden-version", Severity::High, Verdict::Exposed, "TLSv1 and TLSv1.1 are accepted");
    finding.endpoints = vec![0, 1];
    finding.versions = versions("TLSv1 TLSv1.1");
    finding.primary = Some(host.label(SNIPPET, "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3", "asks for TLSv1 and TLSv1.1"));
    finding.related = vec![host.label(MAIN, "include snippets/tls.conf;", "included here")];
    finding.notes = vec!["the policy forbids TLSv1 and TLSv1.1".into()];
    finding.fix = Some(host.fix("remove TLSv1 and TLSv1.1", SNIPPET, "TLSv1 TLSv1.1 TLSv1.2", "TLSv1.2"));
    host.findings.push(finding);
    host
}
