//! `tlsmend/probe/1`

use super::audit::{WaiverOut, waiver};
use super::exit::Exit;
use super::why::names;
use super::words;
use crate::finding::Observed;
use crate::probe::client::{Check, Handshake, Trust};
use crate::probe::key::Agreement;
use crate::probe::name::Name;
use crate::probe::starttls::StartTls;
use crate::probe::strength::{self, Level};
use crate::probe::suites::Suite;
use crate::probe::{Depth, Hit, Order, Reason, Row, Scan, Trouble};
use crate::report::probe::{INTERRUPTED, Outcome, ProbeView, Probed};
use crate::report::{Texts, handshake};
use schemars::JsonSchema;
use serde::Serialize;

/// What `tlsmend probe --format json` writes; docs/json.md says what the fields mean. Fields may be added.
#[derive(JsonSchema, Serialize)]
pub(super) struct Probe<'a> {
    #[schemars(extend("const" = "tlsmend/probe/1"))]
    schema: &'static str,
    policy: &'a str,
    exit: Exit,
    targets: Vec<TargetOut<'a>>,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Target")]
struct TargetOut<'a> {
    target: &'a str,
    address: Option<String>,
    name: Option<&'a str>,
    starttls: Option<&'static str>,
    trouble: Option<TroubleOut>,
    versions: Vec<RowOut>,
    least_strength: Option<&'static str>,
    connections: u32,
    client: Option<ClientOut<'a>>,
    findings: Vec<ObservedOut<'a>>,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Trouble")]
struct TroubleOut {
    #[schemars(extend("enum" = ["unresolved", "unreachable", "not-tls", "starttls"]))]
    kind: &'static str,
    reason: ReasonOut,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Reason")]
pub(super) struct ReasonOut {
    code: &'static str,
    alert: Option<u8>,
    version: Option<&'static str>,
    text: String,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Row")]
pub(super) struct RowOut {
    version: &'static str,
    #[schemars(extend("enum" = ["accepted", "rejected", "inconclusive"]))]
    verdict: &'static str,
    reason: Option<ReasonOut>,
    notes: Vec<&'static str>,
    ciphers: Option<Vec<CipherOut>>,
    complete: Option<bool>,
    gap: Option<ReasonOut>,
    preference: Option<&'static str>,
    compression: Option<bool>,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Cipher")]
struct CipherOut {
    id: Option<String>,
    name: String,
    openssl: Option<&'static str>,
    key_exchange: Option<String>,
    dh_bits: Option<u16>,
    #[schemars(extend("enum" = words::STRENGTHS))]
    strength: &'static str,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Client")]
struct ClientOut<'a> {
    connects: Option<bool>,
    version: Option<&'static str>,
    cipher: Option<String>,
    group: Option<String>,
    alpn: Option<&'a str>,
    certificate_asked: bool,
    certificate_required: bool,
    error: Option<String>,
    certificate: Option<CertificateOut<'a>>,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Certificate")]
struct CertificateOut<'a> {
    subject: &'a str,
    issuer: &'a str,
    names: &'a [String],
    not_before: &'a str,
    not_after: &'a str,
    key: &'a str,
    signature: &'a str,
    chain: usize,
    trust: &'static str,
    trust_text: String,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Observed")]
pub(super) struct ObservedOut<'a> {
    #[schemars(regex(pattern = words::RULE))]
    pub rule: &'static str,
    #[schemars(schema_with = "words::severity")]
    pub severity: &'static str,
    #[schemars(schema_with = "words::verdict")]
    pub verdict: &'static str,
    #[schemars(extend("enum" = words::STANDINGS))]
    pub standing: &'static str,
    pub waiver: Option<WaiverOut<'a>>,
    #[schemars(schema_with = "words::versions")]
    pub versions: Vec<&'static str>,
    pub message: &'a str,
    pub notes: &'a [String],
    pub help: Option<&'a str>,
}

impl<'a> Probe<'a> {
    pub(super) fn of(view: &ProbeView<'a>) -> Probe<'a> {
        Probe {
            schema: "tlsmend/probe/1",
            policy: view.frame.policy,
            exit: view.frame.outcome.into(),
            targets: view.targets.iter().map(|probed| target(view, probed)).collect(),
        }
    }
}

fn target<'a>(view: &ProbeView<'_>, probed: &Probed<'a>) -> TargetOut<'a> {
    let depth = view.depth;
    let texts = view.frame.texts;
    let empty = TargetOut {
        target: probed.label,
        address: None,
        name: None,
        starttls: None,
        trouble: None,
        versions: Vec::new(),
        least_strength: None,
        connections: 0,
        client: None,
        findings: probed.observed.iter().map(|one| ObservedOut::of(texts, one)).collect(),
    };
    let unresolved = |why: &str| TroubleOut {
        kind: "unresolved",
        reason: ReasonOut { code: "unresolved", alert: None, version: None, text: why.to_owned() },
    };
    match probed.outcome {
        Outcome::Unresolved(why) => TargetOut { trouble: Some(unresolved(why)), ..empty },
        Outcome::Interrupted => TargetOut { trouble: Some(unresolved(INTERRUPTED)), ..empty },
        Outcome::Scanned { target, scan, client } => TargetOut {
            address: Some(target.place.to_string()),
            name: target.name.as_ref().map(Name::as_str),
            starttls: target.starttls.map(StartTls::name),
            trouble: scan.trouble.as_ref().map(trouble),
            versions: rows(scan, depth),
            least_strength: (depth == Depth::Ciphers).then(|| handshake::least(scan)).flatten().map(Level::name),
            connections: scan.connections,
            client: client.map(self::client),
            ..empty
        },
    }
}

fn trouble(trouble: &Trouble) -> TroubleOut {
    let kind = match trouble {
        Trouble::Unreachable(_) => "unreachable",
        Trouble::NotTls(_) => "not-tls",
        Trouble::StartTls(_) => "starttls",
    };
    TroubleOut { kind, reason: ReasonOut::of(trouble.reason()) }
}

/// The rows of a scan.
pub(super) fn rows(scan: &Scan, depth: Depth) -> Vec<RowOut> {
    scan.rows.iter().map(|one| row(one, depth)).collect()
}

fn row(row: &Row, depth: Depth) -> RowOut {
    let deep = depth == Depth::Ciphers;
    let ssl2 = |name: &&'static str| CipherOut {
        id: None,
        name: (*name).to_owned(),
        openssl: None,
        key_exchange: None,
        dh_bits: None,
        strength: strength::most(row.version).name(),
    };
    let suites = row.suites.iter().map(|hit| cipher(row, hit));
    RowOut {
        version: row.version.name(),
        verdict: row.verdict.name(),
        reason: row.verdict.reason().map(ReasonOut::of),
        notes: row.notes.clone(),
        ciphers: deep.then(|| row.kinds.iter().map(ssl2).chain(suites).collect()),
        complete: deep.then_some(row.complete),
        gap: row.gap.as_ref().filter(|_| deep).map(ReasonOut::of),
        preference: row.order.map(Order::name),
        compression: row.compression.map(|method| method != 0),
    }
}

fn cipher(row: &Row, hit: &Hit) -> CipherOut {
    CipherOut {
        id: Some(format!("0x{:04X}", hit.suite)),
        name: Suite::name_of(hit.suite),
        openssl: Suite::of(hit.suite).and_then(|suite| suite.openssl),
        key_exchange: hit.key.as_ref().map(Agreement::to_string),
        dh_bits: hit.key.as_ref().and_then(Agreement::dh_bits),
        strength: handshake::level(row, hit).name(),
    }
}

impl ReasonOut {
    pub(super) fn of(reason: &Reason) -> ReasonOut {
        let version = match reason {
            Reason::LowerVersion(version) => Some(version.name()),
            _ => None,
        };
        ReasonOut { code: reason.code(), alert: reason.alert(), version, text: reason.text() }
    }
}

impl<'a> ObservedOut<'a> {
    pub(super) fn of(texts: Texts<'_>, one: &'a Observed) -> ObservedOut<'a> {
        ObservedOut {
            rule: one.rule.0,
            severity: one.severity.name(),
            verdict: one.verdict.name(),
            standing: one.standing.name(),
            waiver: waiver(texts, &one.standing),
            versions: names(one.versions),
            message: &one.message,
            notes: &one.notes,
            help: one.help.as_deref(),
        }
    }
}

fn client(check: &Check) -> ClientOut<'_> {
    let certificate = check.certificate.as_ref().map(|certificate| CertificateOut {
        subject: &certificate.subject,
        issuer: &certificate.issuer,
        names: &certificate.names,
        not_before: &certificate.not_before,
        not_after: &certificate.not_after,
        key: &certificate.key,
        signature: &certificate.signature,
        chain: certificate.chain,
        trust: check.trust.as_ref().map_or("unknown", Trust::code),
        trust_text: check.trust.as_ref().map(Trust::text).unwrap_or_default(),
    });
    let failed = ClientOut {
        connects: None,
        version: None,
        cipher: None,
        group: None,
        alpn: None,
        certificate_asked: false,
        certificate_required: false,
        error: None,
        certificate,
    };
    match &check.handshake {
        Handshake::Made { version, suite, group, alpn, asked, refused } => ClientOut {
            connects: Some(!refused),
            version: Some(version.name()),
            cipher: Some(Suite::name_of(*suite)),
            group: group.map(|group| Agreement::group(group).to_string()),
            alpn: alpn.as_deref(),
            certificate_asked: *asked,
            certificate_required: *refused,
            ..failed
        },
        Handshake::Failed { why, .. } => ClientOut { connects: Some(false), error: Some(why.clone()), ..failed },
        Handshake::Inconclusive(reason) => ClientOut { error: Some(reason.text()), ..failed },
    }
}
