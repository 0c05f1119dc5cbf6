//! The audits of many hosts as one report: a page, a table, or data.
//!
//! What is read is the JSON of `tlsmend audit` (`tlsmend/audit/1`), from whatever has fetched the files. A file that
//! can't be read is named in every format, so that nobody takes the rest for all.

mod csv;
mod html;
mod input;
pub(super) mod json;
mod markdown;
mod text;
mod words;

pub use input::host;

use super::html::VERDICTS;
use super::summary::count;
use super::{Format, Outcome};
use crate::finding::{Severity, Verdict};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::sync::Arc;

/// Writes the report of many hosts.
pub type Writer = fn(&Fleet, &mut dyn Write) -> io::Result<()>;

/// The formats of the report of many hosts.
#[rustfmt::skip]
pub static FORMATS: [Format<Writer>; 5] = [
    Format { name: "text", about: "", write: text::write },
    Format { name: "html", about: "one page", write: html::write },
    Format { name: "csv", about: "a line for each endpoint", write: csv::write },
    Format { name: "json", about: "docs/json.md", write: json::write },
    Format { name: "markdown", about: "", write: markdown::write },
];

/// So many digits of a hash are shown.
const SHOWN_OF_HASH: usize = 8;

/// All hosts.
#[derive(Debug, Default)]
pub struct Fleet {
    /// The hosts, by name.
    pub hosts: Vec<Host>,
    /// Files that could not be used, and why.
    pub unread: Vec<(String, String)>,
}

/// A host, as its audit tells of it.
#[derive(Debug, PartialEq, Eq)]
pub struct Host {
    /// Its name: what the audit says, or the name of the file without its ending.
    pub name: String,
    /// The file that it was read from.
    pub file: String,
    /// The policy that it was held against; where several have that name, with the beginning of its hash.
    pub policy: String,
    /// SHA-256 of the policy's file; none: a built-in profile, or an older audit.
    pub policy_sha256: Option<String>,
    /// How the audit ended, where it says so.
    pub outcome: Option<Outcome>,
    /// Could something not be read or decided?
    pub incomplete: bool,
    /// Its TLS endpoints.
    pub endpoints: Vec<Endpoint>,
    /// Findings that count, by severity.
    pub open: BTreeMap<Severity, usize>,
    /// Findings that are waived or known.
    pub excused: usize,
    /// What could not be read or is not valid.
    pub problems: usize,
}

/// A TLS endpoint of a host.
#[derive(Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// `nginx`
    pub service: String,
    /// The main file of its instance.
    pub main: Arc<str>,
    /// `listener`, `upstream`
    pub role: String,
    /// `192.0.2.1:443`
    pub address: String,
    /// `stream`, `quic`
    pub transport: String,
    /// Where an upstream is connected to: `/etc/nginx/nginx.conf:12:5`.
    pub origin: Option<String>,
    /// The server name.
    pub name: Option<String>,
    /// What is configured, the names of the versions.
    pub configured: Vec<String>,
    /// What a client is given; none: not known.
    pub effective: Option<Vec<String>>,
    /// What is the matter with it.
    pub verdict: Verdict,
    /// The rules of the findings about it that count.
    pub rules: Vec<String>,
    /// The worst severity of those.
    pub severity: Option<Severity>,
}

impl Fleet {
    /// The fleet of these hosts: in the order of their names, none twice.
    pub fn of(mut hosts: Vec<Host>, mut unread: Vec<(String, String)>) -> Fleet {
        hosts.sort_by(|a, b| (&a.name, &a.file).cmp(&(&b.name, &b.file)));
        unread.sort();
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for host in &hosts {
            *seen.entry(host.name.clone()).or_default() += 1;
        }
        for host in &mut hosts {
            if seen.get(&host.name).is_some_and(|count| *count > 1) {
                host.name = format!("{} ({})", host.name, host.file);
            }
        }
        tell_policies_apart(&mut hosts);
        Fleet { hosts, unread }
    }

    /// The policies that the hosts were checked against, each with the number of its hosts, the most used one first. One policy
    /// may have several names, as a pipe has.
    fn policies(&self) -> Vec<(&str, usize)> {
        let mut counts: BTreeMap<&str, (&str, usize)> = BTreeMap::new();
        for host in &self.hosts {
            let (_, count) = counts.entry(host.policy_identity()).or_insert((&host.policy, 0));
            *count += 1;
        }
        let mut policies: Vec<(&str, usize)> = counts.into_values().collect();
        policies.sort_by_key(|(name, number)| (std::cmp::Reverse(*number), *name));
        policies
    }

    /// What to know before two hosts are compared: they were checked against different policies.
    pub fn differing(&self) -> Option<String> {
        const NAMED: usize = 5;
        let policies = self.policies();
        if policies.len() < 2 {
            return None;
        }
        let named =
            policies.iter().take(NAMED).map(|(name, hosts)| format!("{name} ({})", count(*hosts, "host", "hosts")));
        let more = policies.len().checked_sub(NAMED).filter(|more| *more > 0);
        let more = more.map(|more| format!("{more} more"));
        let listed: Vec<String> = named.chain(more).collect();
        Some(format!("the hosts were checked against different policies: {}", listed.join(", ")))
    }

    /// The hosts, worst first.
    fn by_need(&self) -> Vec<&Host> {
        let mut hosts: Vec<&Host> = self.hosts.iter().collect();
        hosts.sort_by_key(|host| std::cmp::Reverse(VERDICTS.map(|verdict| host.count(verdict))));
        hosts
    }

    /// How many endpoints have a verdict.
    fn count(&self, verdict: Verdict) -> usize {
        self.hosts.iter().map(|host| host.count(verdict)).sum()
    }

    fn findings(&self, severity: Severity) -> usize {
        self.hosts.iter().map(|host| host.open(severity)).sum()
    }

    /// `3 hosts, 60 TLS endpoints, 5 findings: 2 high, 3 low`
    fn headline(&self) -> String {
        let endpoints: usize = self.hosts.iter().map(|host| host.endpoints.len()).sum();
        let severities = [Severity::High, Severity::Medium, Severity::Low];
        let counts: Vec<(usize, Severity)> = severities.map(|one| (self.findings(one), one)).to_vec();
        let all: usize = counts.iter().map(|(number, _)| number).sum();
        let words: Vec<String> = counts.iter().filter(|(n, _)| *n > 0).map(|(n, one)| format!("{n} {one}")).collect();
        let colon = if words.is_empty() { "" } else { ": " };
        format!(
            "{}, {}, {}{colon}{}",
            count(self.hosts.len(), "host", "hosts"),
            count(endpoints, "TLS endpoint", "TLS endpoints"),
            count(all, "finding", "findings"),
            words.join(", ")
        )
    }
}

/// Adds to names of policies that stand for different files what tells those apart.
fn tell_policies_apart(hosts: &mut [Host]) {
    let mut files: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for host in hosts.iter() {
        files.entry(host.policy.clone()).or_default().insert(host.policy_identity().to_owned());
    }
    for host in hosts {
        let is_shared = files.get(&host.policy).is_some_and(|files| files.len() > 1);
        if let Some(hash) = host.policy_sha256.as_deref().filter(|_| is_shared) {
            host.policy.push_str(&format!(" (sha256 {})", hash.chars().take(SHOWN_OF_HASH).collect::<String>()));
        }
    }
}

impl Host {
    /// What is the same for all hosts that were checked against one policy.
    fn policy_identity(&self) -> &str {
        self.policy_sha256.as_deref().unwrap_or(&self.policy)
    }

    /// How the audit ended, in a word; may be empty.
    fn status(&self) -> &'static str {
        self.outcome.map_or("", Outcome::name)
    }

    /// Is something open that the outcome, which names the worst, does not tell?
    fn is_incomplete_besides(&self) -> bool {
        self.incomplete && self.outcome != Some(Outcome::Incomplete)
    }

    /// The status for people, with what it does not tell: `findings, incomplete`, `compliant but 2 waived or known`.
    fn told(&self) -> String {
        let mut told = self.status().to_owned();
        if self.outcome == Some(Outcome::Compliant) && self.excused > 0 {
            told.push_str(&format!(" but {} waived or known", self.excused));
        }
        if self.is_incomplete_besides() {
            told.push_str(", incomplete");
        }
        told
    }

    fn count(&self, verdict: Verdict) -> usize {
        self.endpoints.iter().filter(|endpoint| endpoint.verdict == verdict).count()
    }

    fn open(&self, severity: Severity) -> usize {
        self.open.get(&severity).copied().unwrap_or_default()
    }

    /// The cells of a table of hosts, after the name and the status.
    fn numbers(&self) -> Vec<usize> {
        let mut numbers = vec![self.endpoints.len()];
        numbers.extend(VERDICTS.map(|verdict| self.count(verdict)));
        numbers.extend([Severity::High, Severity::Medium, Severity::Low].map(|severity| self.open(severity)));
        numbers.extend([self.excused, self.problems]);
        numbers
    }
}

/// The heads of [`Host::numbers`].
const HEADS: [&str; 11] = [
    "endpoints",
    "exposed",
    "missing",
    "unknown",
    "latent",
    "compliant",
    "high",
    "medium",
    "low",
    "waived or known",
    "problems",
];

impl Endpoint {
    /// `→ backend.example:443`, `192.0.2.1:443 quic`
    fn place(&self) -> String {
        match (self.role.as_str(), self.transport.as_str()) {
            ("upstream", _) => format!("→ {}", self.address),
            (_, "quic") => format!("{} quic", self.address),
            _ => self.address.clone(),
        }
    }

    /// The versions in ascending order, those in parentheses that are configured and not effective.
    fn versions(&self) -> String {
        let set = |names: &[String]| {
            names.iter().filter_map(|name| crate::tls::Version::from_name(name.as_bytes())).collect()
        };
        let effective = self.effective.as_deref();
        let mark = if effective.is_none() { " ?" } else { "" };
        format!("{}{mark}", super::table::versions(set(&self.configured), effective.map(set)))
    }
}
