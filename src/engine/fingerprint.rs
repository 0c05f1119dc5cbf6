//! What identifies a finding from one audit to the next: what it says, and of which file and block, but no line, so
//! that text may move around it.

use super::Audit;
use crate::endpoint::Role;
use crate::finding::{Finding, Standing, Verdict};
use crate::instance::{Instance, Setting};
use crate::source::{SourceMap, Span};
use crate::system::System;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// So many bytes of the hash are kept.
const LENGTH: usize = 16;
/// So much of a text takes part.
const LONGEST: usize = 4096;

/// What files are called wherever a checkout lies.
struct Names<'a> {
    base: Option<&'a Path>,
    /// As [`System::maps`] has them, the longest place first: of two, the inner one counts.
    maps: Vec<(PathBuf, PathBuf)>,
}

impl Names<'_> {
    /// Below `base` a path without it; else what is mapped has the name that it has on the host.
    fn of(&self, path: &Path) -> Vec<u8> {
        let mapped = || {
            let (from, rest) = self.maps.iter().find_map(|(from, to)| Some((from, path.strip_prefix(to).ok()?)))?;
            // Joining nothing would add a slash.
            Some(if rest.as_os_str().is_empty() { from.clone() } else { from.join(rest) })
        };
        let inside = self.base.and_then(|base| path.strip_prefix(base).ok()).map(Path::to_owned);
        let name = inside.or_else(mapped).unwrap_or_else(|| path.to_owned());
        name.into_os_string().into_encoded_bytes()
    }
}

/// Gives every finding its fingerprint. Paths below `base` count without it.
pub(super) fn fill_in(audit: &mut Audit, base: Option<&Path>, system: &dyn System) {
    let mut maps = system.maps();
    maps.sort_by_key(|(_, to)| std::cmp::Reverse(to.as_os_str().len()));
    let names = Names { base, maps };
    let mut identities: Vec<Vec<u8>> = Vec::with_capacity(audit.findings.len());
    {
        let settings: Vec<BTreeMap<Span, &Setting>> =
            audit.instances().map(|i| i.settings.iter().rev().map(|s| (s.value, s)).collect()).collect();
        for finding in &audit.findings {
            let instance = audit.instance_of(finding);
            let span = finding.primary.as_ref().map(|label| label.span);
            let setting = finding.instance.zip(span).and_then(|(at, span)| settings.get(at)?.get(&span)).copied();
            identities.push(identity(finding, instance, setting, &audit.sources, &names));
        }
    }
    // Findings that are equal are told apart by their order in the file.
    let mut order: Vec<usize> = (0..identities.len()).collect();
    order.sort_by_key(|at| (audit.findings[*at].primary.as_ref().map(|l| l.span), *at));
    let mut seen: BTreeMap<&[u8], u32> = BTreeMap::new();
    for at in order {
        let number = seen.entry(&identities[at]).or_default();
        let mut hash = Sha256::new();
        hash.update(&identities[at]);
        hash.update(number.to_be_bytes());
        audit.findings[at].fingerprint = hex(&hash.finalize()[..LENGTH]);
        *number += 1;
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string can't fail.
        let _ = write!(out, "{byte:02x}");
    }
    out
}

/// All that counts, each part with its length before it.
fn identity(
    finding: &Finding,
    instance: Option<&Instance>,
    setting: Option<&Setting>,
    sources: &SourceMap,
    names: &Names<'_>,
) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    let mut add = |part: &[u8]| {
        out.extend_from_slice(&(part.len() as u32).to_be_bytes());
        out.extend_from_slice(part);
    };
    let main = || instance.map(|i| names.of(&i.main)).unwrap_or_default();
    // What is about no instance is about the policy, of which there is one, whatever the user calls it.
    let path = |span: Span| instance.map(|_| names.of(sources.file(span.file).path())).unwrap_or_default();
    add(finding.rule.0.as_bytes());
    add(instance.map_or(&[][..], |i| i.service.0.as_bytes()));
    add(finding.verdict.name().as_bytes());
    add(finding.versions.to_string().as_bytes());
    // A line that decides for a waived endpoint and for another makes two findings. The one that counts has the same
    // fingerprint with and without the other.
    add(if matches!(finding.standing, Standing::Waived(_)) { b"waived" } else { b"" });
    match (&finding.primary, setting) {
        (Some(label), Some(setting)) => {
            add(&path(label.span));
            add(block(setting).as_bytes());
            add(&words(sources.text(label.span)));
        }
        // Where no line decides, the place shown is that of the first endpoint: another one tomorrow.
        _ if !finding.endpoints.is_empty() && finding.verdict != Verdict::Unknown => {
            let first = finding.endpoints.first().and_then(|at| instance?.endpoints.get(*at));
            add(if first.is_some_and(|endpoint| endpoint.role == Role::Upstream) { b"upstream" } else { b"listener" });
            add(&main());
        }
        (Some(label), None) => {
            add(&path(label.span));
            add(&words(sources.text(label.span)));
            add(finding.message.as_bytes());
        }
        (None, _) => {
            add(&main());
            add(finding.message.as_bytes());
        }
    }
    out
}

/// The block that a setting stands in. A line that several blocks share is known by its file: which of them is named
/// first, and how many more there are, changes with every new one.
fn block(setting: &Setting) -> &str {
    let shared = setting.scope.rsplit_once(" and ").is_some_and(|(_, more)| more.ends_with(" more"));
    if shared { "shared" } else { &setting.scope }
}

/// A text with one blank for each run of white space, so that indentation is free.
fn words(text: &[u8]) -> Vec<u8> {
    let text = &text[..text.len().min(LONGEST)];
    let words: Vec<&[u8]> = text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).collect();
    words.join(&b' ')
}
