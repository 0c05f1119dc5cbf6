//! Closed lists of words, as schemas have them.

use crate::endpoint::Dialogue;
use crate::finding::{Severity, Verdict};
use crate::services;
use crate::tls::Version;
use schemars::{Schema, SchemaGenerator, json_schema};

pub(in crate::report) const STANDINGS: [&str; 3] = ["open", "waived", "known"];
pub(in crate::report) const SPEAKS: [&str; 4] = ["tls", "plaintext", "refused", "unknown"];
pub(in crate::report) const ROLES: [&str; 2] = ["listener", "upstream"];
pub(in crate::report) const TRANSPORTS: [&str; 3] = ["stream", "quic", "udp"];
/// What a step can be.
pub(in crate::report) const STEPS: [&str; 11] = [
    "listen",
    "engine",
    "server",
    "default-server",
    "include",
    "expansion",
    "condition",
    "versions",
    "command",
    "default",
    "floor",
];
pub(in crate::report) const APPLICABILITIES: [&str; 3] = ["safe", "unsafe", "display-only"];
pub(in crate::report) const STRENGTHS: [&str; 4] = ["insecure", "weak", "ok", "good"];
/// The name of a rule.
pub(in crate::report) const RULE: &str = "^[a-z]+(-[a-z]+)*$";
/// What identifies a finding.
pub(in crate::report) const FINGERPRINT: &str = "^[0-9a-f]{32}$";
/// A hash of a file.
pub(in crate::report) const SHA256: &str = "^[0-9a-f]{64}$";

pub(in crate::report) fn severity(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "enum": Severity::ALL.map(Severity::name) })
}

pub(in crate::report) fn maybe_severity(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({ "anyOf": [severity(generator), { "type": "null" }] })
}

pub(in crate::report) fn verdict(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "enum": Verdict::ALL.map(Verdict::name) })
}

pub(in crate::report) fn maybe_verdict(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({ "anyOf": [verdict(generator), { "type": "null" }] })
}

pub(in crate::report) fn maybe_dialogue(_: &mut SchemaGenerator) -> Schema {
    let names = [Dialogue::Smtp, Dialogue::Imap, Dialogue::Pop3].map(Dialogue::name);
    let dialogue = json_schema!({ "enum": names });
    json_schema!({ "anyOf": [dialogue, { "type": "null" }] })
}

pub(in crate::report) fn service(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "enum": services::names() })
}

pub(in crate::report) fn versions(_: &mut SchemaGenerator) -> Schema {
    let version = json_schema!({ "enum": Version::ALL.map(Version::name) });
    json_schema!({ "type": "array", "uniqueItems": true, "items": version })
}

pub(in crate::report) fn maybe_versions(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({ "anyOf": [versions(generator), { "type": "null" }] })
}
