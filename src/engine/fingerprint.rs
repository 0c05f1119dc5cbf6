//! What identifies a finding from one audit to the next: what it is about, and of which file and block, but no line, so
//! that text may move around it, and no wording, so that texts may be improved.

use super::Audit;
use crate::catalog::OF_VERSIONS;
use crate::endpoint::Role;
use crate::finding::{Finding, Standing, Verdict};
use crate::instance::{Instance, Setting};
use crate::source::{SourceMap, Span};
use crate::system::System;
use crate::topic::Topic;
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
    let mut identities: Vec<Identity> = Vec::with_capacity(audit.findings.len());
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
    // What is equal is told apart by its order in the file: findings, and for what a baseline knows, lines.
    let place = |audit: &Audit, at: usize| audit.findings[at].primary.as_ref().map(|label| label.span);
    let mut order: Vec<usize> = (0..identities.len()).collect();
    order.sort_by_key(|at| (place(audit, *at), *at));
    let mut seen: BTreeMap<&[u8], u32> = BTreeMap::new();
    let mut lines: BTreeMap<&[u8], (u32, Option<Span>)> = BTreeMap::new();
    for at in order {
        let Identity { whole, line, .. } = &identities[at];
        let number = seen.entry(whole).or_default();
        audit.findings[at].fingerprint = digest(whole, *number);
        *number += 1;
        let span = place(audit, at);
        let (number, last) = lines.entry(line).or_insert((0, span));
        if *last != span {
            (*number, *last) = (*number + 1, span);
        }
        audit.findings[at].known_as = digest(line, *number);
    }
    for (finding, identity) in audit.findings.iter_mut().zip(&identities) {
        finding.places = identity.places.iter().map(|place| digest(place, 0)).collect();
    }
}

fn digest(identity: &[u8], number: u32) -> String {
    let mut hash = Sha256::new();
    hash.update(identity);
    hash.update(number.to_be_bytes());
    hex(&hash.finalize()[..LENGTH])
}

fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string can't fail.
        let _ = write!(out, "{byte:02x}");
    }
    out
}

/// What counts of a finding, each part with its length before it.
struct Identity {
    /// All of it.
    whole: Vec<u8>,
    /// Without what makes it better or worse: versions, verdict, and what the line says.
    line: Vec<u8>,
    /// What lines that may take its place share with it: the first is that of its own place.
    places: Vec<Vec<u8>>,
}

impl Identity {
    /// Adds a part to both.
    fn add(&mut self, part: &[u8]) {
        self.add_to_whole(part);
        add(&mut self.line, part);
    }

    fn add_to_whole(&mut self, part: &[u8]) {
        add(&mut self.whole, part);
    }
}

fn add(out: &mut Vec<u8>, part: &[u8]) {
    out.extend_from_slice(&(part.len() as u32).to_be_bytes());
    out.extend_from_slice(part);
}

fn identity(
    finding: &Finding,
    instance: Option<&Instance>,
    setting: Option<&Setting>,
    sources: &SourceMap,
    names: &Names<'_>,
) -> Identity {
    let mut out = Identity { whole: Vec::with_capacity(256), line: Vec::with_capacity(256), places: Vec::new() };
    let main = || instance.map(|i| names.of(&i.main)).unwrap_or_default();
    // What is about no instance is about the policy, of which there is one, whatever the user calls it.
    let path = |span: Span| instance.map(|_| names.of(sources.file(span.file).path())).unwrap_or_default();
    let topic = finding.topic.as_ref().map(Topic::to_string).unwrap_or_default();
    // A line is known whichever of its versions are told of, and whichever rule says the worst.
    let kind = if OF_VERSIONS.contains(&finding.rule) { "versions" } else { finding.rule.0 };
    add(&mut out.line, kind.as_bytes());
    for aspect in finding.aspects() {
        out.add_to_whole(aspect.rule.0.as_bytes());
        out.add_to_whole(aspect.verdict.name().as_bytes());
        out.add_to_whole(aspect.versions.to_string().as_bytes());
    }
    out.add(instance.map_or(&[][..], |i| i.service.0.as_bytes()));
    let of_rule = out.line.clone();
    let place = |parts: &[&[u8]]| {
        let mut place = of_rule.clone();
        for part in parts {
            add(&mut place, part);
        }
        place
    };
    let role = || {
        let first = finding.endpoints.first().and_then(|at| instance?.endpoints.get(*at));
        if first.is_some_and(|one| one.role == Role::Upstream) { &b"upstream"[..] } else { &b"listener"[..] }
    };
    // A line that decides for a waived endpoint and for another makes two findings. The one that counts has the same
    // fingerprint with and without the other.
    out.add_to_whole(if matches!(finding.standing, Standing::Waived(_)) { b"waived" } else { b"" });
    match (&finding.primary, setting) {
        (Some(label), Some(setting)) => {
            out.add(&path(label.span));
            out.add(setting.block.as_deref().unwrap_or_default().as_bytes());
            out.add(setting.name.as_bytes());
            out.add_to_whole(&words(sources.text(label.span)));
            out.places = vec![place(&[&path(label.span), setting.name.as_bytes()])];
            out.places.extend((!finding.endpoints.is_empty()).then(|| place(&[role(), &main()])));
        }
        // Where no line decides, the place shown is that of the first endpoint: another one tomorrow.
        _ if !finding.endpoints.is_empty() && finding.verdict != Verdict::Unknown => {
            out.add(role());
            out.add(&main());
            out.places = vec![place(&[role(), &main()])];
        }
        (Some(label), None) => {
            out.add(&path(label.span));
            out.add(&words(sources.text(label.span)));
            out.add(topic.as_bytes());
        }
        (None, _) => {
            out.add(&main());
            out.add(topic.as_bytes());
        }
    }
    out
}

/// A text with one blank for each run of white space, so that indentation is free.
fn words(text: &[u8]) -> Vec<u8> {
    let text = &text[..text.len().min(LONGEST)];
    let words: Vec<&[u8]> = text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).collect();
    words.join(&b' ')
}
