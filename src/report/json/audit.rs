//! `tlsmend/audit/1`

use super::edits::{FixOut, fix};
use super::exit::Exit;
use super::place::{Place, Step};
use super::why::names;
use super::words;
use crate::endpoint::{Dialogue, Endpoint, Speaks};
use crate::finding::{Aspect, Finding, Standing, Verdict, Waived, WaiverPlace};
use crate::instance::Uncovered;
use crate::instance::{self, Instance, Problem};
use crate::report::{AuditView, ManagedFile, Texts};
use schemars::JsonSchema;
use serde::{Serialize, Serializer};

/// What `tlsmend audit --format json` writes; docs/json.md says what the fields mean. Fields may be added.
#[derive(JsonSchema, Serialize)]
pub(super) struct Audit<'a> {
    #[schemars(extend("const" = "tlsmend/audit/1"))]
    schema: &'static str,
    version: &'static str,
    host: Option<&'a str>,
    policy: &'a str,
    policy_sha256: Option<&'a str>,
    #[schemars(schema_with = "words::severity")]
    fail_on: &'static str,
    exit: Exit,
    instances: Vec<InstanceOut<'a>>,
    #[schemars(with = "Vec<FindingOut<'a>>")]
    findings: Findings<'a>,
    problems: Vec<ProblemOut<'a>>,
    managed: Vec<ManagedOut<'a>>,
    coverage: Coverage<'a>,
    reload: Vec<Reload<'a>>,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Managed")]
struct ManagedOut<'a> {
    path: String,
    #[schemars(extend("enum" = ["generated", "package"]))]
    kind: &'static str,
    by: &'a str,
    advice: &'a str,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Instance")]
struct InstanceOut<'a> {
    #[schemars(schema_with = "words::service")]
    service: &'static str,
    main: String,
    loaded: bool,
    as_included: bool,
    files: usize,
    #[schemars(with = "Vec<EndpointOut<'a>>")]
    endpoints: Endpoints<'a>,
    unknown: Vec<String>,
    problems: Vec<ProblemOut<'a>>,
}

/// The findings. Each is made when it is written, as are endpoints: all together would take many times the memory of
/// what they are made from.
struct Findings<'a> {
    view: &'a AuditView<'a>,
    texts: Texts<'a>,
}

impl Serialize for Findings<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.view.findings.iter().map(|one| finding(self.view, self.texts, one)))
    }
}

/// The endpoints of an instance.
struct Endpoints<'a> {
    view: &'a AuditView<'a>,
    texts: Texts<'a>,
    index: usize,
    all: &'a [Endpoint],
}

impl Serialize for Endpoints<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Endpoints { view, texts, index, all } = *self;
        let doubts = texts.doubts(&view.instances[index]);
        let verdict = |at| view.verdict(index, at);
        serializer.collect_seq(all.iter().enumerate().map(|(at, one)| endpoint(texts, one, verdict(at), &doubts)))
    }
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Endpoint")]
struct EndpointOut<'a> {
    #[schemars(extend("enum" = words::ROLES))]
    role: &'static str,
    address: String,
    #[schemars(extend("enum" = words::TRANSPORTS))]
    transport: &'static str,
    proxy_protocol: bool,
    #[schemars(schema_with = "words::maybe_dialogue")]
    starttls: Option<&'static str>,
    origin: Option<String>,
    name: Option<&'a str>,
    #[schemars(extend("enum" = words::SPEAKS))]
    speaks: &'static str,
    #[schemars(schema_with = "words::versions")]
    configured: Vec<&'static str>,
    #[schemars(schema_with = "words::maybe_versions")]
    effective: Option<Vec<&'static str>>,
    #[schemars(schema_with = "words::maybe_verdict")]
    verdict: Option<&'static str>,
    because: Vec<Step>,
    unknown: Vec<String>,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Finding")]
struct FindingOut<'a> {
    #[schemars(regex(pattern = words::RULE))]
    rule: &'static str,
    #[schemars(schema_with = "words::severity")]
    severity: &'static str,
    #[schemars(schema_with = "words::verdict")]
    verdict: &'static str,
    message: &'a str,
    instance: Option<usize>,
    #[schemars(regex(pattern = words::FINGERPRINT))]
    fingerprint: &'a str,
    #[schemars(extend("enum" = words::STANDINGS))]
    standing: &'static str,
    waiver: Option<WaiverOut<'a>>,
    endpoints: Vec<Touched<'a>>,
    #[schemars(schema_with = "words::versions")]
    versions: Vec<&'static str>,
    also: Vec<AspectOut>,
    primary: Option<Place>,
    related: Vec<Place>,
    notes: &'a [String],
    help: Option<&'a str>,
    fix: Option<FixOut<'a>>,
}

/// What another rule says of the same line.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Aspect")]
struct AspectOut {
    #[schemars(regex(pattern = words::RULE))]
    rule: &'static str,
    #[schemars(schema_with = "words::severity")]
    severity: &'static str,
    #[schemars(schema_with = "words::verdict")]
    verdict: &'static str,
    #[schemars(schema_with = "words::versions")]
    versions: Vec<&'static str>,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Waiver")]
pub(super) struct WaiverOut<'a> {
    reason: &'a str,
    owner: Option<&'a str>,
    #[schemars(extend("format" = "date"))]
    until: Option<&'a str>,
    path: String,
    #[schemars(range(min = 1))]
    line: u32,
}

#[derive(JsonSchema, Serialize)]
struct Touched<'a> {
    index: usize,
    address: String,
    #[schemars(extend("enum" = words::TRANSPORTS))]
    transport: &'static str,
    name: Option<&'a str>,
    #[schemars(extend("enum" = words::ROLES))]
    role: &'static str,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Problem")]
struct ProblemOut<'a> {
    message: &'a str,
    path: Option<String>,
    place: Option<Place>,
    hops: Vec<Place>,
}

#[derive(JsonSchema, Serialize)]
struct Coverage<'a> {
    files_read: usize,
    files_found: usize,
    instances: usize,
    endpoints: usize,
    plaintext: usize,
    not_loaded: usize,
    problems: usize,
    passed_over: usize,
    excluded: usize,
    not_audited: Vec<NotAudited<'a>>,
}

#[derive(JsonSchema, Serialize)]
struct NotAudited<'a> {
    service: &'a str,
    evidence: &'a [String],
    ask: &'a str,
}

#[derive(JsonSchema, Serialize)]
struct Reload<'a> {
    service: &'a str,
    command: &'a str,
}

impl<'a> Audit<'a> {
    pub(super) fn of(view: &'a AuditView<'a>) -> Audit<'a> {
        let texts = view.frame.texts;
        let totals = view.totals();
        Audit {
            schema: "tlsmend/audit/1",
            version: env!("CARGO_PKG_VERSION"),
            host: view.frame.host,
            policy: view.frame.policy,
            policy_sha256: view.policy_sha256,
            fail_on: view.frame.fail_on.name(),
            exit: view.frame.outcome.into(),
            instances: view.instances.iter().enumerate().map(|(i, one)| instance(view, texts, i, one)).collect(),
            findings: Findings { view, texts },
            problems: view.problems.iter().map(|one| problem(texts, one)).collect(),
            managed: view.managed.iter().map(|one| managed(texts, one)).collect(),
            coverage: Coverage {
                files_read: view.files.read,
                files_found: view.files.found,
                instances: totals.instances,
                endpoints: totals.endpoints,
                plaintext: totals.plaintext,
                not_loaded: totals.not_loaded,
                problems: totals.problems,
                passed_over: view.files.passed_over,
                excluded: view.files.excluded,
                not_audited: view.uncovered.iter().map(not_audited).collect(),
            },
            reload: view.reload.iter().map(|(service, command)| Reload { service, command }).collect(),
        }
    }
}

fn not_audited(one: &Uncovered) -> NotAudited<'_> {
    NotAudited { service: one.service, evidence: &one.evidence, ask: &one.ask }
}

fn managed<'a>(texts: Texts<'_>, file: &'a ManagedFile) -> ManagedOut<'a> {
    ManagedOut {
        path: texts.paths.lossy(&file.path),
        kind: if file.generated { "generated" } else { "package" },
        by: &file.by,
        advice: &file.advice,
    }
}

fn instance<'a>(view: &'a AuditView<'a>, texts: Texts<'a>, index: usize, instance: &'a Instance) -> InstanceOut<'a> {
    InstanceOut {
        service: instance.service.0,
        main: texts.paths.lossy(&instance.main),
        loaded: instance.standing == instance::Standing::Loaded,
        as_included: instance.standing == instance::Standing::Part,
        files: instance.files.len(),
        endpoints: Endpoints { view, texts, index, all: &instance.endpoints },
        unknown: texts.unknowns(&instance.unknown),
        problems: instance.problems.iter().map(|one| problem(texts, one)).collect(),
    }
}

fn endpoint<'a>(texts: Texts<'_>, endpoint: &'a Endpoint, verdict: Verdict, doubts: &[String]) -> EndpointOut<'a> {
    let answer = &endpoint.answer;
    EndpointOut {
        role: endpoint.role.name(),
        address: endpoint.address.to_string(),
        transport: endpoint.transport.name(),
        proxy_protocol: endpoint.preface.proxy_header,
        starttls: endpoint.preface.starttls.map(Dialogue::name),
        origin: endpoint.origin().map(|span| texts.spot(span)),
        name: endpoint.name.as_deref(),
        speaks: answer.speaks.name(),
        configured: names(answer.configured.value),
        effective: answer.effective.map(names),
        // Where there is no TLS, nothing is judged.
        verdict: (answer.speaks != Speaks::Plaintext).then(|| verdict.name()),
        because: texts.steps(&answer.configured.because),
        unknown: texts.unknowns(&answer.unknown).into_iter().chain(doubts.iter().cloned()).collect(),
    }
}

fn finding<'a>(view: &AuditView<'a>, texts: Texts<'_>, finding: &'a Finding) -> FindingOut<'a> {
    let all =
        finding.instance.and_then(|at| view.instances.get(at)).map_or(&[][..], |instance| &instance.endpoints[..]);
    let touched = |index: &usize| {
        let one = all.get(*index)?;
        let (address, transport) = (one.address.to_string(), one.transport.name());
        Some(Touched { index: *index, address, transport, name: one.name.as_deref(), role: one.role.name() })
    };
    FindingOut {
        rule: finding.rule.0,
        severity: finding.severity.name(),
        verdict: finding.verdict.name(),
        message: &finding.message,
        instance: finding.instance,
        fingerprint: &finding.fingerprint,
        standing: finding.standing.name(),
        waiver: waiver(texts, &finding.standing),
        endpoints: finding.endpoints.iter().filter_map(touched).collect(),
        versions: names(finding.versions),
        also: finding.also.iter().copied().map(aspect).collect(),
        primary: finding.primary.as_ref().map(|label| texts.place(label.span, &label.text)),
        related: finding.related.iter().map(|label| texts.place(label.span, &label.text)).collect(),
        notes: &finding.notes,
        help: finding.help.as_deref(),
        // A text that JSON can't hold would be another fix.
        fix: finding.fix.as_ref().filter(|one| one.is_text()).map(|one| fix(texts, one)),
    }
}

fn aspect(Aspect { rule, verdict, severity, versions }: Aspect) -> AspectOut {
    AspectOut { rule: rule.0, severity: severity.name(), verdict: verdict.name(), versions: names(versions) }
}

/// The waiver that covers a finding.
pub(super) fn waiver<'a>(texts: Texts<'_>, standing: &'a Standing) -> Option<WaiverOut<'a>> {
    let Standing::Waived(waived) = standing else { return None };
    let (path, line) = match &waived.place {
        WaiverPlace::Policy { file, line } => (file.clone(), *line),
        WaiverPlace::Comment(span) => (texts.path(*span), texts.at(*span).line),
    };
    let Waived { reason, owner, until, .. } = waived;
    Some(WaiverOut { reason, owner: owner.as_deref(), until: until.as_deref(), path, line })
}

fn problem<'a>(texts: Texts<'_>, problem: &'a Problem) -> ProblemOut<'a> {
    let path = problem.span.map(|span| texts.path(span));
    ProblemOut {
        message: &problem.message,
        path: path.or_else(|| problem.path.as_deref().map(|path| texts.paths.lossy(path))),
        place: problem.span.map(|span| texts.place(span, "")),
        hops: problem.hops.iter().map(|hop| texts.place(*hop, "")).collect(),
    }
}
